//! The topic of alerts, read by whoever passes them on.

use std::collections::VecDeque;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, OwnedMessage};

use super::{Cluster, is_away, reader};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 5] = [
    ("auto.offset.reset", "earliest"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("session.timeout.ms", "10000"),
    ("fetch.queue.backoff.ms", "20"),
    ("fetch.wait.max.ms", "100"),
];

/// A member of a group that reads alerts.
pub struct AlertReader {
    consumer: BaseConsumer,
    /// What came while nothing was asked for.
    early: VecDeque<OwnedMessage>,
}

impl AlertReader {
    /// Joins the group; a new group is given all that the topic has.
    ///
    /// # Errors
    /// If a setting is none.
    pub fn join(cluster: &Cluster, name: &str) -> Result<AlertReader, KafkaError> {
        let config = reader(&cluster.properties, &format!("{}.{name}", cluster.application), &SETTINGS);
        let consumer: BaseConsumer = config.create()?;
        consumer.subscribe(&[&cluster.topics.alerts])?;
        Ok(AlertReader { consumer, early: VecDeque::new() })
    }

    /// The next alert, if one comes in this time.
    ///
    /// # Errors
    /// If the topic cannot be read.
    pub fn next_within(&mut self, time: Duration) -> Result<Option<String>, KafkaError> {
        if self.early.is_empty() {
            self.poll(time)?;
        }
        let Some(record) = self.early.pop_front() else { return Ok(None) };
        // Somebody else may read the partition by now; then it is his to note it.
        let _ = self.consumer.store_offset(record.topic(), record.partition(), record.offset());
        Ok(record.payload().map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    }

    /// Takes part in the group for some time without reading on: who does not is soon no member any more.
    ///
    /// # Errors
    /// If the topic cannot be read.
    pub fn take_part(&mut self, time: Duration) -> Result<(), KafkaError> {
        let assigned = self.consumer.assignment()?;
        self.consumer.pause(&assigned)?;
        self.poll(time)?;
        self.consumer.resume(&self.consumer.assignment()?)
    }

    fn poll(&mut self, time: Duration) -> Result<(), KafkaError> {
        match self.consumer.poll(time) {
            Some(Ok(record)) => self.early.push_back(record.detach()),
            // It connects again by itself.
            Some(Err(error)) if is_away(&error) => {}
            Some(Err(error)) => return Err(error),
            None => {}
        }
        Ok(())
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
