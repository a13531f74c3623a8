//! A real broker for as long as a test runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::Offset;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::TopicPartitionList;

/// The broker may take this long for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Who asks while a broker goes or comes may get no answer, and asks again.
const ASK: Duration = Duration::from_secs(10);

/// A cluster of its own, which goes down with this or with the test.
pub struct Broker {
    name: String,
    pub address: String,
}

fn xtask(arguments: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["xtask", "kafka"]).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    let done = command.output().expect("cargo runs");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "cargo xtask kafka {arguments:?}: {told}");
    String::from_utf8(done.stdout).expect("UTF-8").trim().to_owned()
}

/// How many records a partition has; none if it is not there. Fails if nobody says so.
fn end(consumer: &BaseConsumer, topic: &str, partition: i32) -> i64 {
    let began = std::time::Instant::now();
    loop {
        match consumer.fetch_watermarks(topic, partition, ASK) {
            Ok((_, end)) => return end,
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::OperationTimedOut) => {
                assert!(began.elapsed() < PATIENCE, "nobody says how long {topic}/{partition} is");
            }
            Err(_) => return 0,
        }
    }
}

impl Broker {
    pub fn up(name: &str) -> Broker {
        Broker::of(name, "1")
    }

    /// A cluster of so many nodes.
    pub fn of(name: &str, nodes: &str) -> Broker {
        let pid = std::process::id().to_string();
        let name = format!("{name}-{pid}");
        let address = xtask(&["up", "--name", &name, "--while", &pid, "--brokers", nodes]);
        Broker { name, address }
    }

    /// Stops a node.
    pub fn stop(&self, node: &str) {
        xtask(&["stop", "--name", &self.name, "--node", node]);
    }

    /// Starts it again.
    pub fn start(&self, node: &str) {
        xtask(&["start", "--name", &self.name, "--node", node]);
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        config
    }

    /// Makes a topic whose records have the time at which they are appended.
    pub fn make_topic(&self, name: &str, partitions: i32) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().unwrap();
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(-1))
            .set("message.timestamp.type", "LogAppendTime");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let made = runtime.block_on(admin.create_topics([&topic], &AdminOptions::new()));
        assert_eq!(made.unwrap(), [Ok(name.to_owned())]);
    }

    /// Sends records: partition or key, and value.
    pub fn send<'a>(&self, topic: &str, records: impl Iterator<Item = (Result<i32, &'a str>, String)>) {
        let producer: BaseProducer =
            self.config().set("enable.idempotence", "true").set("linger.ms", "5").create().unwrap();
        for (place, value) in records {
            let mut record = BaseRecord::<str, str>::to(topic).payload(&value);
            record = match place {
                Ok(partition) => record.partition(partition),
                Err(key) => record.key(key),
            };
            while let Err((error, again)) = producer.send(record) {
                assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
                producer.poll(Duration::from_millis(50));
                record = again;
            }
            producer.poll(Duration::ZERO);
        }
        producer.flush(PATIENCE).unwrap();
    }

    /// How many records the first partition of a topic has; none if it is not there.
    pub fn length(&self, topic: &str) -> i64 {
        let consumer: BaseConsumer = self.config().set("group.id", "test").create().unwrap();
        end(&consumer, topic, 0)
    }

    /// Waits until a topic is so long, or a group has read all of another.
    pub fn wait_for(
        &self,
        topic: &str,
        length: i64,
        (group, read, partitions): (&str, &str, i32),
        why: &dyn Fn() -> String,
    ) {
        let began = std::time::Instant::now();
        while self.length(topic) < length && self.share_read((group, read, partitions)) < 1.0 {
            let state = || (self.length(topic), self.share_read((group, read, partitions)));
            assert!(began.elapsed() < 2 * PATIENCE, "{group} does not go on, {:?}: {}", state(), why());
        }
    }

    /// How much of a topic a group has read; what ends a transaction is no more than a few offsets.
    pub fn share_read(&self, (group, topic, partitions): (&str, &str, i32)) -> f64 {
        let consumer: BaseConsumer = self.config().set("group.id", group).create().unwrap();
        let mut all = TopicPartitionList::new();
        all.add_partition_range(topic, 0, partitions - 1);
        let Ok(committed) = consumer.committed_offsets(all, ASK) else { return 0.0 };
        let elements = committed.elements();
        let shares = elements.iter().map(|one| {
            let end = end(&consumer, topic, one.partition());
            let read = one.offset().to_raw().unwrap_or(0);
            if read + 2 >= end { 1.0 } else { read.max(0) as f64 / end as f64 }
        });
        shares.fold(1.0, f64::min)
    }

    /// Reads a topic from its beginning to its end, and on until there are so many records; gives keys and values.
    pub fn read(&self, topic: &str, partitions: i32, at_least: usize) -> Vec<(String, String)> {
        self.read_or(topic, partitions, at_least, &String::new)
    }

    /// The same; what is told if there never are so many.
    pub fn read_or(
        &self,
        topic: &str,
        partitions: i32,
        at_least: usize,
        why: &dyn Fn() -> String,
    ) -> Vec<(String, String)> {
        let mut config = self.config();
        config.set("group.id", "test").set("enable.auto.commit", "false");
        config.set("isolation.level", "read_committed").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut assigned = TopicPartitionList::new();
        for partition in 0..partitions {
            assigned.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&assigned).unwrap();
        let mut read = Vec::new();
        let mut ended = BTreeSet::new();
        let began = std::time::Instant::now();
        while read.len() < at_least || ended.len() < partitions as usize {
            assert!(began.elapsed() < 3 * PATIENCE, "{} of {at_least} records: {}", read.len(), why());
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(record)) => {
                    ended.remove(&record.partition());
                    let text =
                        |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
                    read.push((text(record.key()), text(record.payload())));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    ended.insert(partition);
                }
                // A node may be away, and the client connects to another.
                Some(Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
                ))) => {}
                Some(Err(error)) => panic!("{error}"),
                None => {}
            }
        }
        read
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        xtask(&["down", "--name", &self.name]);
    }
}

/// What a file says, for messages.
pub fn told(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
