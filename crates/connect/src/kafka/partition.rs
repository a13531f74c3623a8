//! One partition, read from an offset on by a client of its own.

use std::time::{Duration, Instant};

use model::EventTime;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message, Timestamp};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::{ANSWER, Cluster, reader};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 6] = [
    ("auto.offset.reset", "earliest"),
    ("enable.partition.eof", "true"),
    ("fetch.queue.backoff.ms", "20"),
    ("fetch.error.backoff.ms", "100"),
    ("queued.max.messages.kbytes", "16384"),
    ("fetch.wait.max.ms", "100"),
];
/// What is asked just to be measured is answered in this time, or not measured.
const AT_ONCE: Duration = Duration::from_millis(200);
/// A partition that says nothing for so long is asked by a new client: one that hangs is not told from one where
/// nothing comes.
const SILENT: Duration = Duration::from_secs(30);

/// A partition under way.
pub struct PartitionReader {
    cluster: Cluster,
    topic: String,
    partition: i32,
    consumer: BaseConsumer,
    /// The first offset that was there when it was opened.
    pub first: i64,
    /// What is read next.
    next: i64,
    /// When something came last.
    heard: Instant,
    is_at_end: bool,
}

/// A record that was read.
#[derive(Debug)]
pub struct Fetched<'a> {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: &'a [u8],
    /// Its value; `None` takes away what the key had.
    pub value: Option<&'a [u8]>,
}

impl PartitionReader {
    /// Begins at an offset, or at the beginning.
    ///
    /// # Errors
    /// If the client cannot be set up.
    pub fn open(
        cluster: &Cluster,
        topic: &str,
        partition: i32,
        from: Option<i64>,
    ) -> Result<PartitionReader, KafkaError> {
        let next = from.unwrap_or(0);
        let consumer = consumer(cluster)?;
        // A broker that has just become the leader may not know yet how far the partition reaches, and would say that it
        // ends too soon. It does not answer this before it knows.
        let (first, _) = consumer.fetch_watermarks(topic, partition, ANSWER)?;
        assign(&consumer, topic, partition, next)?;
        let (topic, heard) = (topic.to_owned(), Instant::now());
        Ok(PartitionReader {
            cluster: cluster.clone(),
            topic,
            partition,
            consumer,
            first,
            next,
            heard,
            is_at_end: false,
        })
    }

    /// The one after the last offset, if it is said at once.
    #[must_use]
    pub fn end_now(&self) -> Option<i64> {
        let asked = self.consumer.fetch_watermarks(&self.topic, self.partition, AT_ONCE);
        asked.ok().map(|(_, end)| end)
    }

    /// The next record, if one comes in this time, given to `take`. Whether one came.
    ///
    /// # Errors
    /// If the partition cannot be read; it can be tried again.
    pub fn read(&mut self, wait: Duration, take: impl FnOnce(&Fetched<'_>)) -> Result<bool, KafkaError> {
        if self.heard.elapsed() > SILENT {
            self.consumer = consumer(&self.cluster)?;
            assign(&self.consumer, &self.topic, self.partition, self.next)?;
            self.heard = Instant::now();
        }
        match self.consumer.poll(wait) {
            Some(Ok(record)) => {
                let fetched = Fetched {
                    offset: record.offset(),
                    key: record.key().unwrap_or_default(),
                    value: record.payload(),
                };
                (self.next, self.heard, self.is_at_end) = (fetched.offset + 1, Instant::now(), false);
                take(&fetched);
                Ok(true)
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {
                self.is_at_end = true;
                Ok(false)
            }
            // It connects again by itself.
            Some(Err(error)) if is_away(&error) => Ok(false),
            Some(Err(error)) => Err(error),
            None => Ok(false),
        }
    }

    /// Whether all has been read that was there when it was last looked.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// The offset that is read next.
    #[must_use]
    pub fn next(&self) -> i64 {
        self.next
    }
}

fn consumer(cluster: &Cluster) -> Result<BaseConsumer, KafkaError> {
    // Who works on it is decided elsewhere; this is no member of anything.
    reader(&cluster.properties, &format!("{}.readers", cluster.application), &SETTINGS).create()
}

fn assign(consumer: &BaseConsumer, topic: &str, partition: i32, next: i64) -> Result<(), KafkaError> {
    let mut assigned = TopicPartitionList::new();
    assigned.add_partition_offset(topic, partition, Offset::Offset(next))?;
    consumer.assign(&assigned)
}

/// Whether it only says that brokers are away.
pub(crate) fn is_away(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::MessageConsumption(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::Resolve
        )
    )
}

/// When the broker appended it, or else when whoever sent it says.
pub(crate) fn appended(record: &BorrowedMessage<'_>) -> EventTime {
    let now = crate::live::now();
    match record.timestamp() {
        // No record arrives later than now, or before 1970, whatever whoever made it says.
        Timestamp::LogAppendTime(ms) | Timestamp::CreateTime(ms) => EventTime(ms.max(0)).min(now),
        Timestamp::NotAvailable => now,
    }
}
