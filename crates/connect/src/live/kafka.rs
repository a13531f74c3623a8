//! A Kafka topic of lines. Each partition is a stream of its own; the time of arrival is that at which the broker
//! appended the record, so that what is idle is judged by the log and not by when it is read. Partitions are read side
//! by side in the order of those times.

use std::sync::Arc;
use std::time::Duration;

use model::EventTime;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::{Event, Outlet, Positions, now};
use crate::kafka::{ANSWER, PATIENCE, Properties, Trouble, appended, config, is_away, partitions};

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

/// Reads all partitions, on a thread of its own.
pub fn start(properties: &Properties, topic: String, from: Positions, outlet: Outlet) -> std::io::Result<()> {
    let consumer = consumer(properties, &topic)?;
    std::thread::spawn(move || {
        let mut wait = FIRST_WAIT;
        while let Some(why) = read(&consumer, &topic, &from, &outlet) {
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

fn consumer(properties: &Properties, topic: &str) -> std::io::Result<Arc<BaseConsumer>> {
    let error = |error: KafkaError| std::io::Error::other(format!("kafka topic {topic}: {error}"));
    config(properties, &SETTINGS).create().map(Arc::new).map_err(error)
}

/// Reads on; why it cannot, or `None` if nobody listens any more.
fn read(consumer: &Arc<BaseConsumer>, topic: &str, from: &Positions, outlet: &Outlet) -> Option<String> {
    let mut partitions = match Partitions::assign(consumer, topic, from) {
        Ok(partitions) => partitions,
        Err(why) => return Some(why),
    };
    for partition in 0..partitions.heads.len() {
        let peer = outlet.peer(partition as u32);
        outlet.events.blocking_send(Event::Up(peer, format!("{topic}/{partition}"))).ok()?;
    }
    let mut told = EventTime::MIN;
    let mut waited_for = 0;
    let (mut trouble, mut told_trouble): (Option<KafkaError>, Trouble) = (None, Trouble::default());
    while !outlet.is_stopped() {
        // Errors of the whole client come here; it connects again by itself.
        if let Some(Err(error)) = consumer.poll(Duration::ZERO) {
            trouble = trouble.or(Some(error));
        }
        for at in 0..partitions.heads.len() {
            trouble = trouble.or(partitions.look(at, Duration::ZERO));
        }
        if let Some(error) = trouble.take().and_then(|error| told_trouble.news(error)) {
            let told = format!("kafka topic {topic}: {error}");
            outlet.events.blocking_send(Event::Trouble(outlet.source, told)).ok()?;
        }
        if let Some(unknown) = partitions.heads.iter().position(|head| matches!(head, Head::Unknown)) {
            trouble = partitions.look(unknown, POLL);
        } else if let Some(first) = partitions.first() {
            if let Some((arrival, offset, bytes)) = partitions.take(first) {
                let peer = outlet.peer(first as u32);
                outlet.events.blocking_send(Event::Lines(peer, arrival, bytes, offset)).ok()?;
            }
        } else {
            let now = now();
            if now.0 - told.0 >= PROOF_MS {
                told = now;
                // While a broker is away nobody knows what has arrived there.
                let is_there = |at| consumer.fetch_watermarks(topic, at as i32, PROOF).is_ok();
                if (0..partitions.heads.len()).all(is_there) {
                    let by_then = EventTime(now.0 - FETCH_MS);
                    outlet.events.blocking_send(Event::CaughtUp(outlet.source, by_then)).ok()?;
                }
            }
            waited_for = (waited_for + 1) % partitions.heads.len();
            trouble = partitions.look(waited_for, IDLE);
        }
    }
    None
}

/// A topic of which records are taken again, in an order that is known.
pub struct Again {
    consumer: Arc<BaseConsumer>,
    partitions: Partitions,
    topic: String,
}

/// Why records cannot be taken again now.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AgainError(String);

/// A record that is taken again: when it arrived, its offset, and what it holds.
pub type Record = (EventTime, u64, Vec<u8>);

impl Again {
    /// Begins where each partition was.
    ///
    /// # Errors
    /// If the topic cannot be read.
    pub fn open(properties: &Properties, topic: &str, from: &Positions) -> Result<Again, AgainError> {
        let consumer = consumer(properties, topic).map_err(|error| AgainError(error.to_string()))?;
        let partitions = Partitions::assign(&consumer, topic, from).map_err(AgainError)?;
        Ok(Again { consumer, partitions, topic: topic.to_owned() })
    }

    /// The next record of a partition before an offset; `None` if there is none any more.
    ///
    /// # Errors
    /// If the partition cannot be read.
    pub fn next(
        &mut self,
        partition: u32,
        before: u64,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Option<Record>, AgainError> {
        let at = partition as usize;
        let failed = |why: &str| AgainError(format!("kafka topic {}/{partition}: {why}", self.topic));
        let began = std::time::Instant::now();
        while began.elapsed() < PATIENCE && at < self.partitions.heads.len() {
            if let Some(error) = self.partitions.look(at, POLL).filter(|error| !is_away(error)) {
                return Err(failed(&error.to_string()));
            }
            match &self.partitions.heads[at] {
                Head::Record { offset, .. } if *offset >= before => return Ok(None),
                Head::Record { .. } => return Ok(self.partitions.take(at)),
                // A new leader may not know yet how far it reaches. Only if what is wanted is no longer there it is gone.
                Head::Unknown | Head::End => {
                    let bounds = self.consumer.fetch_watermarks(&self.topic, partition as i32, ANSWER);
                    if bounds.is_ok_and(|(first, _)| first >= before as i64) {
                        return Ok(None);
                    }
                }
            }
            if is_over() {
                return Err(failed("it is not wanted any more"));
            }
        }
        Err(failed("what was taken is not there"))
    }
}

/// The partitions of a topic, side by side.
struct Partitions {
    queues: Vec<Queue>,
    heads: Vec<Head>,
}

impl Partitions {
    fn assign(consumer: &Arc<BaseConsumer>, topic: &str, from: &Positions) -> Result<Partitions, String> {
        let count = match partitions(consumer.client(), topic) {
            Ok(None) => return Err(format!("kafka topic {topic}: does not exist")),
            Ok(Some(count)) => count,
            Err(error) => return Err(format!("kafka topic {topic}: {error}")),
        };
        let mut assigned = TopicPartitionList::new();
        for partition in 0..count {
            let from =
                from.get(&(partition as u32)).map_or(Offset::Beginning, |next| Offset::Offset(*next as i64));
            // A partition that has just been listed can be added.
            let _ = assigned.add_partition_offset(topic, partition, from);
        }
        // Before they are read: else what comes first would be in the queue of all.
        let queues = (0..count).map(|partition| consumer.split_partition_queue(topic, partition));
        let Some(queues) = queues.collect::<Option<Vec<Queue>>>() else {
            return Err(format!("kafka topic {topic}: a partition has no queue"));
        };
        consumer.assign(&assigned).map_err(|error| format!("kafka topic {topic}: {error}"))?;
        Ok(Partitions { heads: queues.iter().map(|_| Head::Unknown).collect(), queues })
    }

    fn look(&mut self, at: usize, wait: Duration) -> Option<KafkaError> {
        self.heads[at].look(&self.queues[at], wait)
    }

    /// The partition whose next record arrived first.
    fn first(&self) -> Option<usize> {
        let arrivals = self.heads.iter().enumerate().filter_map(|(at, head)| match head {
            Head::Record { arrival, .. } => Some((*arrival, at)),
            Head::Unknown | Head::End => None,
        });
        arrivals.min().map(|(_, at)| at)
    }

    fn take(&mut self, at: usize) -> Option<Record> {
        match std::mem::replace(&mut self.heads[at], Head::Unknown) {
            Head::Record { arrival, offset, bytes } => Some((arrival, offset, bytes)),
            Head::Unknown | Head::End => None,
        }
    }
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
                    arrival: appended(&record),
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
