//! A Kafka topic of lines. Each partition is a stream of its own; the time of arrival is that at which the broker
//! appended the record, so that what is idle is judged by the log and not by when it is read. Partitions are read side
//! by side in the order of those times.

use std::sync::Arc;
use std::time::Duration;

use model::EventTime;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::{Event, Outlet, now};
use crate::kafka::{Properties, config, partitions};

/// How long it is waited for a partition to say what comes next …
const POLL: Duration = Duration::from_millis(100);
/// … and for any to go on, once all have said that nothing does.
const IDLE: Duration = Duration::from_millis(5);
/// How often the brokers are asked whether they are there, while nothing comes …
const PROOF_MS: i64 = 1_000;
/// … and how long they may take to say so.
const PROOF: Duration = Duration::from_secs(2);
/// What was appended so long ago has been fetched, if they are there.
const FETCH_MS: i64 = 2_000;
/// The first wait before a topic that cannot be read is tried again; it doubles …
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 7] = [
    // Offsets are nobody's but ours; a consumer group is not joined.
    ("group.id", "darkwake"),
    ("enable.auto.commit", "false"),
    ("auto.offset.reset", "earliest"),
    ("isolation.level", "read_committed"),
    ("enable.partition.eof", "true"),
    ("fetch.queue.backoff.ms", "20"),
    ("queued.max.messages.kbytes", "16384"),
];

/// Reads all partitions from their beginning, on a thread of its own.
pub fn start(properties: &Properties, topic: String, outlet: Outlet) -> std::io::Result<()> {
    let config = config(properties, &SETTINGS);
    let consumer: Arc<BaseConsumer> = Arc::new(config.create().map_err(|error| named(&topic, &error))?);
    std::thread::spawn(move || {
        let mut wait = FIRST_WAIT;
        while let Some(why) = read(&consumer, &topic, &outlet) {
            // The broker may not be up yet, or the topic not made.
            if outlet.events.blocking_send(Event::Trouble(outlet.source, why)).is_err() {
                return;
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    });
    Ok(())
}

fn named(topic: &str, error: &KafkaError) -> std::io::Error {
    std::io::Error::other(format!("kafka topic {topic}: {error}"))
}

/// Reads on; why it cannot, or `None` if nobody listens any more.
fn read(consumer: &Arc<BaseConsumer>, topic: &str, outlet: &Outlet) -> Option<String> {
    let partitions = match partitions(consumer.client(), topic) {
        Ok(None) => return Some(format!("kafka topic {topic}: does not exist")),
        Ok(Some(partitions)) => partitions,
        Err(error) => return Some(format!("kafka topic {topic}: {error}")),
    };
    let mut assigned = TopicPartitionList::new();
    for partition in 0..partitions {
        // A partition that has just been listed can be added.
        let _ = assigned.add_partition_offset(topic, partition, Offset::Beginning);
        let peer = outlet.peer(partition as u32);
        outlet.events.blocking_send(Event::Up(peer, format!("{topic}/{partition}"))).ok()?;
    }
    // Before they are read: else what comes first would be in the queue of all.
    let queues = (0..partitions).map(|partition| consumer.split_partition_queue(topic, partition));
    let Some(queues) = queues.collect::<Option<Vec<Queue>>>() else {
        return Some(format!("kafka topic {topic}: a partition has no queue"));
    };
    if let Err(error) = consumer.assign(&assigned) {
        return Some(format!("kafka topic {topic}: {error}"));
    }
    let mut heads: Vec<Head> = queues.iter().map(|_| Head::Unknown).collect();
    let mut told = EventTime::MIN;
    let mut waited_for = 0;
    let (mut trouble, mut last_trouble): (Option<KafkaError>, Option<KafkaError>) = (None, None);
    while !outlet.is_stopped() {
        // Errors of the whole client come here; it connects again by itself.
        if let Some(Err(error)) = consumer.poll(Duration::ZERO) {
            let told = format!("kafka topic {topic}: {error}");
            outlet.events.blocking_send(Event::Trouble(outlet.source, told)).ok()?;
        }
        for (head, queue) in heads.iter_mut().zip(&queues) {
            trouble = trouble.or(head.look(queue, Duration::ZERO));
        }
        // Told once, until it is another.
        if let Some(error) = trouble.take().filter(|error| last_trouble.as_ref() != Some(error)) {
            let told = format!("kafka topic {topic}: {error}");
            outlet.events.blocking_send(Event::Trouble(outlet.source, told)).ok()?;
            last_trouble = Some(error);
        }
        if let Some(unknown) = heads.iter().position(|head| matches!(head, Head::Unknown)) {
            trouble = heads[unknown].look(&queues[unknown], POLL);
        } else if let Some(first) = first(&heads) {
            if let Head::Record { arrival, offset, bytes } =
                std::mem::replace(&mut heads[first], Head::Unknown)
            {
                let peer = outlet.peer(first as u32);
                outlet.events.blocking_send(Event::Lines(peer, arrival, bytes, offset)).ok()?;
            }
        } else {
            let now = now();
            if now.0 - told.0 >= PROOF_MS {
                told = now;
                // While a broker is away nobody knows what has arrived there.
                if (0..partitions).all(|partition| consumer.fetch_watermarks(topic, partition, PROOF).is_ok())
                {
                    let by_then = EventTime(now.0 - FETCH_MS);
                    outlet.events.blocking_send(Event::CaughtUp(outlet.source, by_then)).ok()?;
                }
            }
            waited_for = (waited_for + 1) % queues.len();
            trouble = heads[waited_for].look(&queues[waited_for], IDLE);
        }
    }
    None
}

type Queue = rdkafka::consumer::base_consumer::PartitionQueue<rdkafka::consumer::DefaultConsumerContext>;

/// What comes next in a partition.
enum Head {
    /// Not known yet: others wait, for it may be older than theirs.
    Unknown,
    /// Nothing, so far.
    End,
    Record {
        arrival: EventTime,
        offset: u64,
        bytes: Vec<u8>,
    },
}

impl Head {
    /// Looks what comes next, if that is not known; what is wrong with the partition, if anything is.
    fn look(&mut self, queue: &Queue, wait: Duration) -> Option<KafkaError> {
        if matches!(self, Head::Record { .. }) {
            return None;
        }
        match queue.poll(wait) {
            Some(Ok(record)) => {
                *self = Head::Record {
                    arrival: arrival(&record),
                    offset: record.offset() as u64,
                    bytes: record.payload().unwrap_or_default().to_vec(),
                };
            }
            Some(Err(KafkaError::PartitionEOF(_))) => *self = Head::End,
            // Nobody knows what comes next there, so that others wait.
            Some(Err(error)) => {
                *self = Head::Unknown;
                return Some(error);
            }
            None => {}
        }
        None
    }
}

/// The partition whose next record arrived first.
fn first(heads: &[Head]) -> Option<usize> {
    let arrivals = heads.iter().enumerate().filter_map(|(at, head)| match head {
        Head::Record { arrival, .. } => Some((*arrival, at)),
        Head::Unknown | Head::End => None,
    });
    arrivals.min().map(|(_, at)| at)
}

/// When the broker appended it, or else when whoever sent it says.
fn arrival(record: &BorrowedMessage<'_>) -> EventTime {
    match record.timestamp() {
        // No record arrives later than now, whatever whoever made it says.
        Timestamp::LogAppendTime(ms) | Timestamp::CreateTime(ms) => EventTime(ms).min(now()),
        Timestamp::NotAvailable => now(),
    }
}
