//! A range of a Kafka topic as inputs: each partition is a stream of lines of its own, from a time to a time by the stamps of
//! its records, or from its beginning to where it ends now.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::EventTime;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::blocks::{Blocks, Source};
use crate::kafka::{self, Cluster, PATIENCE, PartitionReader, Properties, Topics};

/// What such an input begins with.
pub const SCHEME: &str = "kafka://";
/// How long it is waited for a record.
const WAIT: Duration = Duration::from_millis(100);
/// Bytes that are handed over at once.
const BLOCK: usize = 64 * 1024;

/// A part of a partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub number: i32,
    first: i64,
    end: i64,
    properties: Properties,
}

/// Why a range cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RangeError {
    /// It is not written as it should be.
    #[error(
        "{0}: is no range of a topic; write it like kafka://host:9092/topic?from=2023-10-01&to=2023-10-02"
    )]
    Form(String),
    /// The cluster does not say what the topic holds.
    #[error("{topic}: {source}")]
    Cluster {
        /// The topic.
        topic: String,
        /// What the client says.
        source: KafkaError,
    },
}

/// What was asked for.
struct Range<'a> {
    brokers: &'a str,
    topic: &'a str,
    from: Option<EventTime>,
    to: Option<EventTime>,
}

fn parse(address: &str) -> Option<Range<'_>> {
    let (brokers, rest) = address.strip_prefix(SCHEME)?.split_once('/')?;
    let (topic, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut from, mut to) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let number = value.parse().ok().map(EventTime::from_epoch_number);
        let time = number.or_else(|| EventTime::parse_iso(value.as_bytes()))?;
        match name {
            "from" => from = Some(time),
            "to" => to = Some(time),
            _ => return None,
        }
    }
    let is_whole = !brokers.is_empty() && !topic.is_empty() && !topic.contains('/');
    is_whole.then_some(Range { brokers, topic, from, to })
}

/// The parts of the partitions that an address means, with whatever else the client is to be told.
///
/// # Errors
/// If it is no such address, or the brokers do not say what the topic holds.
pub fn find(address: &str, properties: &Properties) -> Result<Vec<Partition>, RangeError> {
    let Range { brokers, topic, from, to } =
        parse(address).ok_or_else(|| RangeError::Form(address.to_owned()))?;
    let mut properties = properties.clone();
    properties.insert("bootstrap.servers".to_owned(), brokers.to_owned());
    let fail = |source| RangeError::Cluster { topic: topic.to_owned(), source };
    let cluster = cluster(&properties);
    let count = kafka::partitions_of(&cluster, topic).map_err(fail)?;
    let consumer: BaseConsumer =
        kafka::reader(&properties, &cluster.application, &[]).create().map_err(fail)?;
    let mut parts = Vec::new();
    for number in 0..count {
        let (low, high) = consumer.fetch_watermarks(topic, number, PATIENCE).map_err(fail)?;
        let at = |time: Option<EventTime>, otherwise: i64| match time {
            None => Ok(otherwise),
            Some(time) => offset_at(&consumer, topic, number, time).map(|offset| offset.unwrap_or(high)),
        };
        let (first, end) = (at(from, low).map_err(fail)?, at(to, high).map_err(fail)?);
        parts.push(Partition { topic: topic.to_owned(), number, first, end, properties: properties.clone() });
    }
    Ok(parts)
}

/// The first record at or after a time; none if there is none.
fn offset_at(
    consumer: &BaseConsumer,
    topic: &str,
    number: i32,
    time: EventTime,
) -> Result<Option<i64>, KafkaError> {
    let mut asked = TopicPartitionList::new();
    asked.add_partition_offset(topic, number, Offset::Offset(time.0.max(0)))?;
    let told = consumer.offsets_for_times(asked, PATIENCE)?;
    let Some(partition) = told.find_partition(topic, number) else { return Ok(None) };
    partition.error()?;
    Ok(match partition.offset() {
        Offset::Offset(offset) => Some(offset),
        Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => None,
    })
}

fn cluster(properties: &Properties) -> Cluster {
    let none = String::new;
    Cluster {
        properties: properties.clone(),
        application: "darkwake.replay".to_owned(),
        topics: Topics { log: none(), alerts: none(), acks: none(), snapshots: none() },
    }
}

impl Partition {
    /// How people call it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.topic, self.number)
    }

    /// Reads it.
    ///
    /// # Errors
    /// If the client cannot be set up.
    pub fn open(&self, count: &Arc<AtomicU64>) -> io::Result<Blocks<Records>> {
        let cluster = cluster(&self.properties);
        let reader = PartitionReader::open(&cluster, &self.topic, self.number, Some(self.first));
        let reader = reader.map_err(io::Error::other)?;
        Ok(Blocks::after(Vec::new(), Records { reader, end: self.end, count: Arc::clone(count) }))
    }
}

/// The records of a part of a partition, as lines.
pub struct Records {
    reader: PartitionReader,
    end: i64,
    count: Arc<AtomicU64>,
}

impl Source for Records {
    fn next_block(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        let began = Instant::now();
        while text.len() < BLOCK && self.reader.next() < self.end {
            let end = self.end;
            // What is there already is part of it.
            let wait = if text.is_empty() { WAIT } else { Duration::ZERO };
            let has_read = self.reader.read(wait, |record| {
                if let Some(value) = record.value.filter(|_| record.offset < end) {
                    text.extend_from_slice(value);
                    if !value.ends_with(b"\n") {
                        text.push(b'\n');
                    }
                }
            });
            if has_read.map_err(io::Error::other)? {
                continue;
            }
            // The last offsets may be those of marks of transactions, which are no records.
            if !text.is_empty() || self.reader.is_at_end() {
                break;
            }
            if began.elapsed() > PATIENCE {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the brokers have not answered for 30 s",
                ));
            }
        }
        self.count.fetch_add(text.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_what_is_none_is_not() {
        let range = parse("kafka://a:9092,b:9092/ais.raw?from=2023-10-01T00:00:00Z&to=1696204800").unwrap();
        assert_eq!((range.brokers, range.topic), ("a:9092,b:9092", "ais.raw"));
        let day_ms = 86_400_000;
        assert_eq!(range.from, Some(EventTime(1_696_118_400_000)));
        assert_eq!(range.to, range.from.map(|from| EventTime(from.0 + day_ms)));
        assert!(parse("kafka://a/ais.raw").is_some_and(|range| range.from.is_none() && range.to.is_none()));
        for wrong in [
            "kafka://a",
            "kafka:///topic",
            "kafka://a/",
            "kafka://a/b/c",
            "kafka://a/b?from=x",
            "kafka://a/b?at=1",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
