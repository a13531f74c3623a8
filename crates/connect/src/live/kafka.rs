//! A Kafka topic of lines. Each partition is a stream of its own; the time of arrival is that at which the broker
//! appended the record, so that what is idle is judged by the log and not by when it is read. Partitions are read side
//! by side in the order of those times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::EventTime;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::{Event, Outlet, Peer, Positions, Waits, now};
use crate::kafka::{ANSWER, PATIENCE, Properties, Trouble, appended, is_away, partitions, reader};

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
/// A partition that has more but gives nothing for so long hangs.
const HANGS: Duration = Duration::from_secs(30);
/// So many bytes of records are handed over together, if they are there: each time costs as much as a record does.
const TOGETHER_BYTES: usize = 128 * 1024;
/// How often it is looked whether there are more partitions.
const COUNT: Duration = Duration::from_secs(60);
/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 4] = [
    ("auto.offset.reset", "earliest"),
    ("enable.partition.eof", "true"),
    ("fetch.queue.backoff.ms", "20"),
    ("queued.max.messages.kbytes", "16384"),
];

/// Reads all partitions, on a thread of its own.
pub fn start(properties: &Properties, topic: String, from: Positions, outlet: Outlet) -> std::io::Result<()> {
    let first = consumer(properties, &topic)?;
    let (properties, mut first) = (properties.clone(), Some(first));
    std::thread::spawn(move || {
        let mut reading = Reading {
            topic,
            from,
            told: BTreeSet::new(),
            stuck: BTreeMap::new(),
            together: Vec::new(),
            together_bytes: 0,
        };
        let mut waits = Waits::default();
        loop {
            let began = Instant::now();
            let consumer = first.take().map_or_else(|| consumer(&properties, &reading.topic), Ok);
            let why = match consumer {
                Ok(consumer) => reading.read(&consumer, &outlet),
                Err(error) => Ended::Again(error.to_string()),
            };
            match why {
                Ended::Unwanted => return,
                Ended::Renewed => continue,
                // The broker may not be up yet, or the topic not made.
                Ended::Again(why) => {
                    if outlet.events.blocking_send(Event::Trouble(outlet.source, why)).is_err() {
                        return;
                    }
                }
            }
            std::thread::sleep(waits.after(began.elapsed()));
        }
    });
    Ok(())
}

/// Why reading has ended.
enum Ended {
    /// Nobody listens any more.
    Unwanted,
    /// The topic has more partitions, or one hangs: a new client goes on.
    Renewed,
    /// It cannot be read.
    Again(String),
}

fn consumer(properties: &Properties, topic: &str) -> std::io::Result<Arc<BaseConsumer>> {
    let error = |error: KafkaError| std::io::Error::other(format!("kafka topic {topic}: {error}"));
    // Offsets are nobody's but ours; a consumer group is not joined.
    reader(properties, "darkwake", &SETTINGS).create().map(Arc::new).map_err(error)
}

/// A topic that is read, by one client after the other.
struct Reading {
    topic: String,
    from: Positions,
    /// Partitions that were told of.
    told: BTreeSet<u32>,
    /// How far partitions reached that hung: if nothing more comes there is nothing to read.
    stuck: BTreeMap<u32, i64>,
    /// What is to be handed over.
    together: Vec<(Peer, Record)>,
    together_bytes: usize,
}

impl Reading {
    /// Reads on.
    fn read(&mut self, consumer: &Arc<BaseConsumer>, outlet: &Outlet) -> Ended {
        let ended = self.read_on(consumer, outlet);
        self.hand_over(outlet).and(ended).unwrap_or(Ended::Unwanted)
    }

    /// The same, but for what is still to be handed over; `None` if nobody listens any more.
    fn read_on(&mut self, consumer: &Arc<BaseConsumer>, outlet: &Outlet) -> Option<Ended> {
        let mut partitions = match Partitions::assign(consumer, &self.topic, &self.from) {
            Ok(partitions) => partitions,
            Err(why) => return Some(Ended::Again(why)),
        };
        for partition in 0..partitions.heads.len() as u32 {
            if self.told.insert(partition) {
                let name = format!("{}/{partition}", self.topic);
                outlet.events.blocking_send(Event::Up(outlet.peer(partition), name)).ok()?;
            }
        }
        let mut told = EventTime::MIN;
        let mut waited_for = 0;
        let (mut trouble, mut told_trouble): (Option<KafkaError>, Trouble) = (None, Trouble::default());
        let mut moved: Vec<Instant> = partitions.heads.iter().map(|_| Instant::now()).collect();
        let mut counted = Instant::now();
        while !outlet.is_stopped() {
            // Errors of the whole client come here; it connects again by itself.
            match consumer.poll(Duration::ZERO) {
                Some(Err(error)) => trouble = trouble.or(Some(error)),
                // A record that is not in the queue of its partition would be lost: it is read again.
                Some(Ok(_)) => return Some(Ended::Renewed),
                None => {}
            }
            for at in 0..partitions.heads.len() {
                trouble = trouble.or(partitions.look(at, Duration::ZERO));
            }
            if let Some(error) = trouble.take().and_then(|error| told_trouble.news(error)) {
                let told = format!("kafka topic {}: {error}", self.topic);
                outlet.events.blocking_send(Event::Trouble(outlet.source, told)).ok()?;
            }
            if counted.elapsed() > COUNT {
                counted = Instant::now();
                let count = crate::kafka::partitions(consumer.client(), &self.topic);
                if count.is_ok_and(|count| count.is_some_and(|count| count as usize > partitions.heads.len()))
                {
                    return Some(Ended::Renewed);
                }
            }
            if let Some(unknown) = partitions.heads.iter().position(|head| matches!(head, Head::Unknown)) {
                self.hand_over(outlet)?;
                trouble = partitions.look(unknown, POLL);
            } else if let Some(first) = partitions.first() {
                if let Some(record) = partitions.take(first) {
                    self.from.insert(first as u32, record.offset + 1);
                    // What is empty takes room, too.
                    self.together_bytes += record.bytes.len() + size_of::<(Peer, Record)>();
                    self.together.push((outlet.peer(first as u32), record));
                    moved[first] = Instant::now();
                }
                if self.together_bytes >= TOGETHER_BYTES {
                    self.hand_over(outlet)?;
                }
            } else {
                self.hand_over(outlet)?;
                let now = now();
                if now.0 - told.0 >= PROOF_MS {
                    told = now;
                    // While a broker is away nobody knows what has arrived there.
                    let ends = (0..partitions.heads.len() as i32)
                        .map(|partition| consumer.fetch_watermarks(&self.topic, partition, PROOF));
                    if let Ok(ends) = ends.collect::<Result<Vec<(i64, i64)>, KafkaError>>() {
                        if self.hangs(&ends, &moved) {
                            return Some(Ended::Renewed);
                        }
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

    /// Hands over what there is; `None` if nobody listens any more.
    fn hand_over(&mut self, outlet: &Outlet) -> Option<()> {
        self.together_bytes = 0;
        let records = std::mem::take(&mut self.together);
        if records.is_empty() { Some(()) } else { outlet.events.blocking_send(Event::Records(records)).ok() }
    }

    /// Whether a partition has had more for a while than was read of it. What ends a transaction is no record, and aborted
    /// ones are not read: then it hangs once.
    fn hangs(&mut self, ends: &[(i64, i64)], moved: &[Instant]) -> bool {
        let mut hangs = false;
        for ((partition, (_, end)), moved) in (0..).zip(ends).zip(moved) {
            let next = self.from.get(&partition).map_or(0, |next| *next as i64);
            if *end > next + 1 && moved.elapsed() > HANGS && self.stuck.get(&partition) != Some(end) {
                self.stuck.insert(partition, *end);
                hangs = true;
            }
        }
        hangs
    }
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

/// A record of lines.
#[derive(Debug)]
pub struct Record {
    /// When it arrived.
    pub arrival: EventTime,
    /// Its offset.
    pub offset: u64,
    /// What it holds.
    pub bytes: Vec<u8>,
}

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
        let began = Instant::now();
        while began.elapsed() < PATIENCE && at < self.partitions.heads.len() {
            if let Some(error) = self.partitions.look(at, POLL).filter(|error| !is_away(error)) {
                return Err(failed(&error.to_string()));
            }
            match &self.partitions.heads[at] {
                Head::Record(record) if record.offset >= before => return Ok(None),
                Head::Record(_) => return Ok(self.partitions.take(at)),
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
            Head::Record(record) => Some((record.arrival, at)),
            Head::Unknown | Head::End => None,
        });
        arrivals.min().map(|(_, at)| at)
    }

    fn take(&mut self, at: usize) -> Option<Record> {
        match std::mem::replace(&mut self.heads[at], Head::Unknown) {
            Head::Record(record) => Some(record),
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
    Record(Record),
}

impl Head {
    /// Looks what comes next, if that is not known; what is wrong with the partition, if anything is.
    fn look(&mut self, queue: &Queue, wait: Duration) -> Option<KafkaError> {
        if matches!(self, Head::Record(_)) {
            return None;
        }
        match queue.poll(wait) {
            Some(Ok(record)) => {
                *self = Head::Record(Record {
                    arrival: appended(&record),
                    offset: record.offset() as u64,
                    bytes: record.payload().unwrap_or_default().to_vec(),
                });
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
