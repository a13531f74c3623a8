//! All partitions of some topics, read by one client that belongs to no group: whoever shows what is there reads all of it.

use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::{ANSWER, Cluster, is_away, partitions, reader};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 4] = [
    ("auto.offset.reset", "earliest"),
    ("fetch.queue.backoff.ms", "20"),
    ("fetch.wait.max.ms", "100"),
    ("queued.max.messages.kbytes", "32768"),
];
/// A client that gives nothing for so long is replaced: one that hangs is not told from one where nothing comes.
const SILENT: Duration = Duration::from_secs(60);

/// How often it is asked how many partitions there are.
const COUNT: Duration = Duration::from_secs(60);

/// Where a topic is read from by who has not read it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// From the first record.
    First,
    /// From what was appended so long ago.
    Ago(Duration),
}

/// A record that was read.
#[derive(Debug)]
pub struct Followed<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: &'a [u8],
    /// Its value; `None` takes away what the key had.
    pub value: Option<&'a [u8]>,
}

/// Topics under way.
pub struct Follower {
    cluster: Cluster,
    consumer: BaseConsumer,
    topics: Vec<String>,
    /// What is read next, by topic and partition.
    places: Vec<(String, i32, Offset)>,
    heard: Instant,
    /// When it was asked last how many partitions there are.
    counted: Instant,
}

impl Follower {
    /// Begins at these places; what has none at the beginning of its topic.
    ///
    /// # Errors
    /// If the brokers do not say what the topics have.
    pub fn open(
        cluster: &Cluster,
        topics: &[(&str, Beginning)],
        known: impl Fn(&str, i32) -> Option<i64>,
    ) -> Result<Follower, KafkaError> {
        let consumer = consumer(cluster)?;
        let mut places = Vec::new();
        for (topic, beginning) in topics {
            let unknown = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
            let count = partitions(consumer.client(), topic)?.ok_or(unknown)?;
            for partition in 0..count {
                let place = match (known(topic, partition), beginning) {
                    (Some(next), _) => Offset::Offset(next),
                    (None, Beginning::First) => Offset::Beginning,
                    (None, Beginning::Ago(time)) => appended_after(&consumer, topic, partition, *time)?,
                };
                places.push(((*topic).to_owned(), partition, place));
            }
        }
        assign(&consumer, &places)?;
        let topics = topics.iter().map(|(topic, _)| (*topic).to_owned()).collect();
        let (cluster, heard, counted) = (cluster.clone(), Instant::now(), Instant::now());
        Ok(Follower { cluster, consumer, topics, places, heard, counted })
    }

    /// Partitions that were added to a topic are read from their beginning.
    fn count(&mut self) -> Result<(), KafkaError> {
        let known = self.places.len();
        for topic in &self.topics {
            let count = partitions(self.consumer.client(), topic)?.unwrap_or(0);
            let of_it = self.places.iter().filter(|(of, ..)| of == topic).count() as i32;
            self.places.extend((of_it..count).map(|partition| (topic.clone(), partition, Offset::Beginning)));
        }
        if self.places.len() > known {
            assign(&self.consumer, &self.places)?;
        }
        self.counted = Instant::now();
        Ok(())
    }

    /// The next record, if one comes in this time, given to `take`. Whether one came.
    ///
    /// # Errors
    /// If the topics cannot be read; it can be tried again.
    pub fn read(&mut self, wait: Duration, take: impl FnOnce(&Followed<'_>)) -> Result<bool, KafkaError> {
        if self.counted.elapsed() > COUNT {
            self.count()?;
        }
        if self.heard.elapsed() > SILENT {
            self.consumer = consumer(&self.cluster)?;
            assign(&self.consumer, &self.places)?;
            self.heard = Instant::now();
        }
        match self.consumer.poll(wait) {
            Some(Ok(record)) => {
                let is_it = |place: &&mut (String, i32, Offset)| {
                    place.1 == record.partition() && place.0 == record.topic()
                };
                if let Some(place) = self.places.iter_mut().find(is_it) {
                    place.2 = Offset::Offset(record.offset() + 1);
                }
                self.heard = Instant::now();
                take(&Followed {
                    topic: record.topic(),
                    partition: record.partition(),
                    offset: record.offset(),
                    key: record.key().unwrap_or_default(),
                    value: record.payload(),
                });
                Ok(true)
            }
            // It connects again by itself.
            Some(Err(error)) if is_away(&error) => Ok(false),
            Some(Err(error)) => Err(error),
            None => Ok(false),
        }
    }
}

fn consumer(cluster: &Cluster) -> Result<BaseConsumer, KafkaError> {
    reader(&cluster.properties, &format!("{}.followers", cluster.application), &SETTINGS).create()
}

fn assign(consumer: &BaseConsumer, places: &[(String, i32, Offset)]) -> Result<(), KafkaError> {
    let mut assigned = TopicPartitionList::new();
    for (topic, partition, place) in places {
        assigned.add_partition_offset(topic, *partition, *place)?;
    }
    consumer.assign(&assigned)
}

fn appended_after(
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
    time: Duration,
) -> Result<Offset, KafkaError> {
    let since_ms =
        crate::live::now().0.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)).max(0);
    let mut asked = TopicPartitionList::new();
    asked.add_partition_offset(topic, partition, Offset::Offset(since_ms))?;
    let found = consumer.offsets_for_times(asked, ANSWER)?;
    let place = found.elements().first().map(rdkafka::topic_partition_list::TopicPartitionListElem::offset);
    // Where nothing is that new, what comes is.
    Ok(place.unwrap_or(Offset::End))
}
