//! The Kafka cluster: what sources, sinks and the roles of a cluster share of the client.
//!
//! What is consumed and what is produced of it are one transaction; whoever takes over from somebody else fences him
//! by the transactional id. Membership of a group only says who works on what: records are fetched by a client for each
//! partition, so that none waits for another.

mod acks;
mod alerts;
mod follower;
mod group;
mod log;
mod partition;
mod snapshots;
mod topics;
mod transaction;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::client::{Client, ClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, ProducerContext};
use rdkafka::types::RDKafkaRespErr;

pub use acks::{AckError, AckTopic};
pub use alerts::AlertReader;
pub use follower::{Beginning, Followed, Follower};
pub use group::{Group, Losing};
pub use log::{LogError, Segment, frames};
pub use partition::{Fetched, PartitionReader};
pub(crate) use partition::{appended, is_away};
pub use snapshots::Snapshots;
pub use topics::{TopicError, prepare};
pub use transaction::{CommitError, Transactions, Wanted};

/// Settings of librdkafka.
pub type Properties = BTreeMap<String, String>;

/// How long the brokers may take to say what a topic has, or to take what waits.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long they may take for what is asked on the way.
pub const ANSWER: Duration = Duration::from_secs(5);

/// A cluster, and what is ours there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its brokers, and what else librdkafka is to be told.
    pub properties: Properties,
    /// What groups and transactional ids begin with.
    pub application: String,
    /// Our topics.
    pub topics: Topics,
}

/// The names of our topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// What the core is given.
    pub log: String,
    /// What it tells.
    pub alerts: String,
    /// Who has seen to it.
    pub acks: String,
    /// What it knows.
    pub snapshots: String,
}

/// A record to produce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The key.
    pub key: String,
    /// The value; `None` takes away what the key had.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Record {
    fn to_send(&self) -> BaseRecord<'_, str, [u8]> {
        let mut record = BaseRecord::to(&self.topic).partition(self.partition).key(self.key.as_str());
        if let Some(value) = &self.value {
            record = record.payload(value.as_slice());
        }
        if self.headers.is_empty() {
            return record;
        }
        let headers = self.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        record.headers(headers)
    }
}

/// What was said to be wrong with a cluster: the same is not said again and again.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Option<(Instant, KafkaError)>);

impl Trouble {
    /// What is wrong is said again after this.
    const AGAIN: Duration = Duration::from_secs(30);

    /// The error, if it is news.
    pub fn news(&mut self, error: KafkaError) -> Option<KafkaError> {
        let is_same = |told: &KafkaError| *told == error || is_away(told) && is_away(&error);
        let is_known = self.0.as_ref().is_some_and(|(at, told)| is_same(told) && at.elapsed() < Self::AGAIN);
        if is_known {
            return None;
        }
        self.0 = Some((Instant::now(), error.clone()));
        Some(error)
    }
}

/// A client's settings: those that are given, and these where they are not.
pub(crate) fn config(given: &Properties, own: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    // Topics are made as they are needed, or not at all.
    config.set("allow.auto.create.topics", "false");
    for (name, value) in own {
        config.set(*name, *value);
    }
    for (name, value) in given {
        config.set(name, value);
    }
    config
}

/// The settings of a client that reads: it sees what is committed, and nobody notes for it how far it has come.
pub(crate) fn reader(given: &Properties, group: &str, own: &[(&str, &str)]) -> ClientConfig {
    let mut config = config(given, own);
    config.set("group.id", group).set("isolation.level", "read_committed");
    config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
    config
}

/// Counts what a producer could not deliver.
pub(crate) struct Deliveries(pub(crate) Arc<AtomicU64>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How long it is waited for room in a producer's queue.
const ROOM: Duration = Duration::from_millis(50);

/// Gives a record to a producer, as soon as there is room.
pub(crate) fn send<C: ProducerContext<DeliveryOpaque = ()>>(
    producer: &BaseProducer<C>,
    record: &Record,
) -> Result<(), KafkaError> {
    let mut to_send = record.to_send();
    loop {
        match producer.send(to_send) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                to_send = again;
                producer.poll(ROOM);
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// How many partitions a topic has; `None` if there is no such topic.
pub(crate) fn partitions<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
) -> Result<Option<i32>, KafkaError> {
    let metadata = client.fetch_metadata(Some(topic), ANSWER)?;
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else { return Ok(None) };
    match found.error() {
        None => Ok(Some(found.partitions().len() as i32)),
        Some(
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
            | RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        ) => Ok(None),
        // Such as while a leader is chosen.
        Some(error) => Err(KafkaError::MetadataFetch(RDKafkaErrorCode::from(error))),
    }
}

/// How many partitions a topic has.
///
/// # Errors
/// If the brokers do not say, or there is no such topic.
pub fn partitions_of(cluster: &Cluster, topic: &str) -> Result<i32, KafkaError> {
    let consumer: BaseConsumer = config(&cluster.properties, &[]).create()?;
    let unknown = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
    partitions(consumer.client(), topic)?.ok_or(unknown)
}

/// Fails if the client does not take its settings; no broker is asked.
///
/// # Errors
/// What the client says of them.
pub fn check(properties: &Properties) -> Result<(), KafkaError> {
    let _: BaseConsumer = config(properties, &[]).create()?;
    Ok(())
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// Whether the client does not take its settings.
#[must_use]
pub fn is_of_settings(error: &(dyn std::error::Error + 'static)) -> bool {
    chain(error).any(|error| {
        matches!(
            error.downcast_ref::<KafkaError>(),
            Some(KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_))
        )
    })
}

/// Whether something went wrong with the cluster, so that it may go well later.
#[must_use]
pub fn is_of_cluster(error: &(dyn std::error::Error + 'static)) -> bool {
    let is_one = |error: &(dyn std::error::Error + 'static)| {
        error.is::<KafkaError>() || error.is::<CommitError>() || error.is::<crate::live::AgainError>()
    };
    chain(error).any(is_one) && !is_of_settings(error)
}
