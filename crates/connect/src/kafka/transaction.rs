//! Transactions: what is produced and how far was consumed, both or neither.

use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer, PurgeConfig};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::{Cluster, PATIENCE, Record, config};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 6] = [
    ("acks", "all"),
    ("compression.type", "lz4"),
    // Records of a transaction are sent at once at its end.
    ("linger.ms", "0"),
    ("queue.buffering.max.kbytes", "65536"),
    ("message.max.bytes", "1000000"),
    // What somebody leaves open who does not come back holds up readers for this long.
    ("transaction.timeout.ms", "20000"),
];
/// How long it is waited for room in the producer's queue.
const ROOM: Duration = Duration::from_millis(50);
/// How long it is waited before it is looked again whether something was delivered.
const MOMENT: Duration = Duration::from_millis(1);
/// A commit that fails is tried again for this long.
const LONGEST: Duration = Duration::from_secs(60);
/// The wait before it is.
const AGAIN: Duration = Duration::from_millis(100);

/// Who commits under one transactional id. There is one at a time: the next one fences the one before.
pub struct Transactions {
    producer: BaseProducer,
}

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else has taken over.
    #[error("somebody else has taken over")]
    Fenced,
    /// It was asked to stop while the brokers did not take it.
    #[error("stopped while the brokers did not take it: {0}")]
    Stopped(KafkaError),
    /// It cannot go on.
    #[error("{0}")]
    Failed(KafkaError),
}

impl Transactions {
    /// Takes over: what whoever was before has left open is aborted, and he can commit no more.
    ///
    /// # Errors
    /// If the brokers cannot be reached, or refuse.
    pub fn take_over(cluster: &Cluster, id: &str) -> Result<Transactions, KafkaError> {
        let mut config = config(&cluster.properties, &SETTINGS);
        config.set("transactional.id", format!("{}.{id}", cluster.application));
        let producer: BaseProducer = config.create()?;
        let began = Instant::now();
        loop {
            match producer.init_transactions(PATIENCE) {
                Ok(()) => return Ok(Transactions { producer }),
                Err(KafkaError::Transaction(error)) if error.is_retriable() && began.elapsed() < LONGEST => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The offset after the last record of a partition, or more.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn end_of(&self, topic: &str, partition: i32) -> Result<i64, KafkaError> {
        self.producer.client().fetch_watermarks(topic, partition, PATIENCE).map(|(_, end)| end)
    }

    /// Commits records, and how far a group has come; tries again until it is done, or asked to stop.
    ///
    /// # Errors
    /// If nothing was committed.
    pub fn commit(
        &self,
        records: &[Record],
        offsets: &TopicPartitionList,
        member: impl Fn() -> Option<ConsumerGroupMetadata>,
        is_stopped: impl Fn() -> bool,
    ) -> Result<(), CommitError> {
        let began = Instant::now();
        loop {
            let error = match self.try_commit(records, offsets, &member) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if is_fenced(&error) {
                return Err(CommitError::Fenced);
            }
            let is_fatal = matches!(&error, KafkaError::Transaction(error) if error.is_fatal())
                || self.producer.client().fatal_error().is_some();
            if is_fatal || began.elapsed() > LONGEST {
                return Err(CommitError::Failed(error));
            }
            self.abort()?;
            if is_stopped() {
                return Err(CommitError::Stopped(error));
            }
            self.producer.poll(AGAIN);
        }
    }

    fn try_commit(
        &self,
        records: &[Record],
        offsets: &TopicPartitionList,
        member: impl Fn() -> Option<ConsumerGroupMetadata>,
    ) -> Result<(), KafkaError> {
        self.producer.begin_transaction()?;
        for record in records {
            let mut to_send = record.to_send();
            loop {
                match self.producer.send(to_send) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                        to_send = again;
                        self.producer.poll(ROOM);
                    }
                    Err((error, _)) => return Err(error),
                }
            }
        }
        if offsets.count() > 0
            && let Some(member) = member()
        {
            self.producer.send_offsets_to_transaction(offsets, &member, PATIENCE)?;
        }
        self.deliver()?;
        loop {
            match self.producer.commit_transaction(PATIENCE) {
                // What a retriable error leaves open is not decided yet, and must not be aborted.
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && !error.txn_requires_abort() => {}
                done => return done,
            }
        }
    }

    /// Waits until the brokers have what was sent. The client's own flush looks again after 100 ms at the earliest.
    fn deliver(&self) -> Result<(), KafkaError> {
        let began = Instant::now();
        while self.producer.in_flight_count() > 0 {
            if began.elapsed() > PATIENCE {
                return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
            }
            self.producer.poll(MOMENT);
        }
        Ok(())
    }

    fn abort(&self) -> Result<(), CommitError> {
        // It waits for what was sent to be accounted for, and nobody else does that.
        self.producer.purge(PurgeConfig::default().queue().inflight());
        while self.producer.in_flight_count() > 0 {
            self.producer.poll(ROOM);
        }
        loop {
            match self.producer.abort_transaction(PATIENCE) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error)) if error.is_retriable() => {}
                Err(error) if is_fenced(&error) => return Err(CommitError::Fenced),
                Err(error) => return Err(CommitError::Failed(error)),
            }
        }
    }
}

fn is_fenced(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::Fenced
                | RDKafkaErrorCode::ProducerFenced
                | RDKafkaErrorCode::InvalidProducerEpoch
        )
    )
}
