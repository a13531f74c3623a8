//! The topic of alerts, read by whoever passes them on.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;

use super::{Cluster, config, is_away};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 4] = [
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("session.timeout.ms", "10000"),
    ("fetch.queue.backoff.ms", "20"),
    ("fetch.wait.max.ms", "100"),
];

/// A member of a group that reads alerts.
pub struct AlertReader {
    consumer: BaseConsumer,
}

impl AlertReader {
    /// Joins the group; a new group is given what comes from then on.
    ///
    /// # Errors
    /// If a setting is none.
    pub fn join(cluster: &Cluster, name: &str) -> Result<AlertReader, KafkaError> {
        let mut config = config(&cluster.properties, &SETTINGS);
        config.set("group.id", format!("{}.{name}", cluster.application));
        config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        config.set("isolation.level", "read_committed").set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer = config.create()?;
        consumer.subscribe(&[&cluster.topics.alerts])?;
        Ok(AlertReader { consumer })
    }

    /// The next alert, if one comes in this time.
    ///
    /// # Errors
    /// If the topic cannot be read.
    pub fn next_within(&self, time: Duration) -> Result<Option<String>, KafkaError> {
        match self.consumer.poll(time) {
            Some(Ok(record)) => {
                self.consumer.store_offset_from_message(&record)?;
                Ok(record.payload().map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
            }
            // It connects again by itself.
            Some(Err(error)) if is_away(&error) => Ok(None),
            Some(Err(error)) => Err(error),
            None => Ok(None),
        }
    }

    /// All that was given is passed on.
    ///
    /// # Errors
    /// If that cannot be noted: then it may be given again.
    pub fn commit(&self) -> Result<(), KafkaError> {
        match self.consumer.commit_consumer_state(CommitMode::Sync) {
            Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => Ok(()),
            done => done,
        }
    }
}
