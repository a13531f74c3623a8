//! Transactions: what is produced and how far was consumed, both or neither.

use std::cell::Cell;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer, PurgeConfig};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::{ANSWER, Cluster, PATIENCE, Record, config, send};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 6] = [
    ("acks", "all"),
    ("compression.type", "lz4"),
    // Records of a transaction are sent at once at its end.
    ("linger.ms", "0"),
    ("queue.buffering.max.kbytes", "65536"),
    // As much as the log may have; see what topics are made with.
    ("message.max.bytes", "16000000"),
    // What somebody leaves open who does not come back holds up readers for this long.
    ("transaction.timeout.ms", "20000"),
];
/// How long one step may take before it is looked whether it is still wanted.
const STEP: Duration = Duration::from_secs(2);
/// How often it is looked what holds up a delivery.
const PROBE: Duration = Duration::from_millis(500);
/// How long it is waited before it is looked again whether something was delivered.
const MOMENT: Duration = Duration::from_micros(500);
/// A commit that fails is tried again for this long.
const LONGEST: Duration = Duration::from_secs(60);
/// The wait before it is.
const AGAIN: Duration = Duration::from_millis(100);

/// When a client that was given `ANSWER` to come back has not done so, and is not waited for any longer.
const NEVER: Duration = Duration::from_secs(2 * ANSWER.as_secs());

/// Who commits under one transactional id. There is one at a time: the next one fences the one before.
pub struct Transactions {
    producer: Arc<BaseProducer>,
    /// Whether a call has not come back, and may never do. Nothing else can be asked of the client then.
    hangs: Cell<bool>,
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
    /// The client has not come back from what it was asked.
    #[error("the client does not come back from the brokers")]
    Hangs,
}

/// How long a commit is wanted.
pub struct Wanted<'a> {
    /// Whether it is tried again after it has failed.
    pub again: &'a dyn Fn() -> bool,
    /// Whether there is no time left to wait for it.
    pub is_over: &'a dyn Fn() -> bool,
}

impl Transactions {
    /// Takes over: what whoever was before has left open is aborted, and he can commit no more.
    ///
    /// # Errors
    /// If the brokers cannot be reached, or refuse.
    pub fn take_over(
        cluster: &Cluster,
        id: &str,
        is_stopped: impl Fn() -> bool,
    ) -> Result<Transactions, KafkaError> {
        let mut config = config(&cluster.properties, &SETTINGS);
        config.set("transactional.id", format!("{}.{id}", cluster.application));
        let producer: BaseProducer = config.create()?;
        let began = Instant::now();
        loop {
            match producer.init_transactions(STEP) {
                Ok(()) => return Ok(Transactions { producer: Arc::new(producer), hangs: Cell::new(false) }),
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && began.elapsed() < LONGEST && !is_stopped() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The offset after the last record of a partition, or more, if it is said in this time.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn end_of(&self, topic: &str, partition: i32, wait: Duration) -> Result<i64, KafkaError> {
        self.producer.client().fetch_watermarks(topic, partition, wait).map(|(_, end)| end)
    }

    /// Commits records, and how far a group has come; tries again until it is done, or asked to stop.
    ///
    /// # Errors
    /// If nothing was committed, or nobody knows: then nobody goes on from it but who takes over.
    pub fn commit(
        &self,
        records: &[Record],
        offsets: &TopicPartitionList,
        member: impl Fn() -> Option<ConsumerGroupMetadata>,
        wanted: &Wanted<'_>,
    ) -> Result<(), CommitError> {
        let began = Instant::now();
        loop {
            let error = match self.try_commit(records, offsets, &member, wanted) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if is_fenced(&error) {
                return Err(CommitError::Fenced);
            }
            if self.hangs.get() {
                return Err(CommitError::Hangs);
            }
            let is_fatal = matches!(&error, KafkaError::Transaction(error) if error.is_fatal());
            if is_fatal || self.is_dead() || began.elapsed() > LONGEST {
                return Err(CommitError::Failed(error));
            }
            // While it is not known whether it was committed, nothing else can be done with it.
            if is_retriable(&error) && (wanted.is_over)() {
                return Err(CommitError::Stopped(error));
            }
            self.abort(wanted)?;
            if !(wanted.again)() {
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
        wanted: &Wanted<'_>,
    ) -> Result<(), KafkaError> {
        self.producer.begin_transaction()?;
        records.iter().try_for_each(|record| send(&self.producer, record))?;
        let send_offsets = || match member() {
            Some(member) if offsets.count() > 0 => self.send_offsets(offsets.clone(), member),
            Some(_) | None => Ok(()),
        };
        send_offsets()?;
        self.deliver(&send_offsets, wanted)?;
        let began = Instant::now();
        loop {
            match self.producer.commit_transaction(STEP) {
                // It is not decided yet, and must not be aborted.
                Err(error) if is_retriable(&error) && began.elapsed() < LONGEST && !(wanted.is_over)() => {}
                done => return done,
            }
        }
    }

    /// A part of the transaction is how far the group has come. The client forgets how long it may take where the
    /// coordinator of the group has left the cluster, and waits for something to happen to its connections (librdkafka
    /// 5456, 5511). So somebody else waits, and goes with the client if it never comes back.
    fn send_offsets(
        &self,
        offsets: TopicPartitionList,
        member: ConsumerGroupMetadata,
    ) -> Result<(), KafkaError> {
        let (tell, told) = mpsc::sync_channel(1);
        let producer = Arc::clone(&self.producer);
        std::thread::spawn(move || {
            let _ = tell.send(producer.send_offsets_to_transaction(&offsets, &member, ANSWER));
        });
        told.recv_timeout(NEVER).unwrap_or_else(|_| {
            self.hangs.set(true);
            Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut))
        })
    }

    /// Waits until the brokers have what was sent. The client's own flush looks again after 100 ms at the earliest, and goes
    /// on waiting where nothing can be delivered any more.
    fn deliver(
        &self,
        probe: &impl Fn() -> Result<(), KafkaError>,
        wanted: &Wanted<'_>,
    ) -> Result<(), KafkaError> {
        let began = Instant::now();
        let mut probed = began;
        while self.pending() > 0 {
            if probed.elapsed() < PROBE {
                continue;
            }
            // It says what is wrong with the transaction, if anything is.
            probe()?;
            probed = Instant::now();
            if self.is_dead() || (wanted.is_over)() || began.elapsed() > PATIENCE {
                return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
            }
        }
        Ok(())
    }

    /// How much is on its way, after a moment in which it may have arrived. The client would spend such a moment looking at
    /// the clock.
    fn pending(&self) -> i32 {
        self.producer.poll(Duration::ZERO);
        if self.producer.in_flight_count() > 0 {
            std::thread::sleep(MOMENT);
            self.producer.poll(Duration::ZERO);
        }
        self.producer.in_flight_count()
    }

    fn is_dead(&self) -> bool {
        self.producer.client().fatal_error().is_some()
    }

    fn abort(&self, wanted: &Wanted<'_>) -> Result<(), CommitError> {
        // It waits for what was sent to be accounted for, and nobody else does that. What is on its way must have arrived:
        // after the abort it would be a part of the next transaction.
        self.producer.purge(PurgeConfig::default().queue());
        let began = Instant::now();
        while self.pending() > 0 {
            if began.elapsed() > PATIENCE || (wanted.is_over)() {
                return Err(CommitError::Failed(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)));
            }
        }
        loop {
            match self.producer.abort_transaction(STEP) {
                Ok(()) => return Ok(()),
                Err(error) if is_fenced(&error) => return Err(CommitError::Fenced),
                Err(error) if !is_retriable(&error) || began.elapsed() > LONGEST => {
                    return Err(CommitError::Failed(error));
                }
                // Who takes over aborts it.
                Err(error) if (wanted.is_over)() => return Err(CommitError::Stopped(error)),
                Err(_) => {}
            }
        }
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(error) if error.is_retriable() && !error.txn_requires_abort())
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

#[cfg(test)]
mod tests {
    use rdkafka::Offset;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::mocking::{MockCluster, MockCoordinator};

    use super::*;
    use crate::kafka::Topics;

    #[test]
    fn a_client_that_does_not_come_back_is_left_and_a_new_one_goes_on() {
        let mock = MockCluster::new(3).unwrap();
        mock.create_topic("log", 1, 3).unwrap();
        mock.coordinator(MockCoordinator::Transaction("darkwake.detect.0".to_owned()), 1).unwrap();
        mock.coordinator(MockCoordinator::Group("darkwake.detect".to_owned()), 2).unwrap();
        let name = || "none".to_owned();
        let cluster = Cluster {
            properties: [("bootstrap.servers".to_owned(), mock.bootstrap_servers())].into(),
            application: "darkwake".to_owned(),
            topics: Topics { log: "log".to_owned(), alerts: name(), acks: name(), snapshots: name() },
        };
        let consumer: BaseConsumer =
            crate::kafka::reader(&cluster.properties, "darkwake.detect", &[]).create().unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset("log", 0, Offset::Offset(7)).unwrap();
        let wanted = Wanted { again: &|| true, is_over: &|| false };
        let take_over = || Transactions::take_over(&cluster, "detect.0", || false).unwrap();
        let commit = |by: &Transactions| by.commit(&[], &offsets, || consumer.group_metadata(), &wanted);
        let first = take_over();
        commit(&first).unwrap();
        // The coordinator of the group goes, and the client goes on waiting for it.
        mock.broker_down(2).unwrap();
        assert!(matches!(commit(&first), Err(CommitError::Hangs)));
        mock.coordinator(MockCoordinator::Group("darkwake.detect".to_owned()), 3).unwrap();
        commit(&take_over()).unwrap();
    }
}
