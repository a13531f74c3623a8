//! Where alerts go: files, standard output, a Kafka topic. A sink is given alerts in their order.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::alert::Alert;
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::kafka::{PATIENCE, Properties, config, partitions};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 4] =
    [("enable.idempotence", "true"), ("acks", "all"), ("linger.ms", "5"), ("compression.type", "zstd")];
/// How long it is waited for room in the producer's queue.
const ROOM: Duration = Duration::from_millis(50);

/// Where alerts are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output, a line each.
    Stdout,
    /// A file that grows, a line each.
    File {
        /// Its path.
        path: PathBuf,
    },
    /// A Kafka topic, keyed by the alert's id.
    Kafka {
        /// The brokers, and what else librdkafka is to be told.
        properties: Properties,
        /// The topic.
        topic: String,
    },
}

/// Why alerts cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The system refuses.
    #[error("{name}: cannot be written")]
    Io {
        /// The file.
        name: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// The broker or the client refuses.
    #[error("kafka topic {topic}: {source}")]
    Kafka {
        /// The topic.
        topic: String,
        /// Why.
        source: KafkaError,
    },
    /// There is no such topic.
    #[error(
        "kafka topic {topic}: does not exist; create it, such as with --partitions 12 --config cleanup.policy=compact,delete \
         --config retention.ms=7776000000 --config message.timestamp.type=LogAppendTime"
    )]
    NoTopic {
        /// The topic.
        topic: String,
    },
    /// Records that the broker did not take.
    #[error("kafka topic {topic}: {lost} alerts were not taken")]
    Lost {
        /// The topic.
        topic: String,
        /// How many.
        lost: u64,
    },
}

/// An open destination.
pub struct Sink(Kind);

enum Kind {
    Lines(String, Box<dyn Write + Send>),
    Kafka(Box<Topic>),
}

struct Topic {
    name: String,
    partitions: i32,
    producer: BaseProducer<Deliveries>,
    lost: Arc<AtomicU64>,
}

/// Counts what was not delivered.
struct Deliveries(Arc<AtomicU64>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Sink {
    /// Opens a destination.
    ///
    /// # Errors
    /// If it cannot be opened, or the topic does not exist.
    pub fn open(destination: &Destination) -> Result<Sink, SinkError> {
        let kind = match destination {
            Destination::Stdout => Kind::Lines("standard output".to_owned(), Box::new(std::io::stdout())),
            Destination::File { path } => {
                let name = path.display().to_string();
                let opened: std::io::Result<File> = OpenOptions::new().create(true).append(true).open(path);
                let file = opened.map_err(|source| SinkError::Io { name: name.clone(), source })?;
                Kind::Lines(name, Box::new(BufWriter::new(file)))
            }
            Destination::Kafka { properties, topic } => {
                Kind::Kafka(Box::new(Topic::open(properties, topic)?))
            }
        };
        Ok(Sink(kind))
    }

    /// Takes an alert, and what is written of it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, alert: &Alert, json: &str) -> Result<(), SinkError> {
        match &mut self.0 {
            Kind::Lines(name, out) => {
                let written = out.write_all(json.as_bytes()).and_then(|()| out.write_all(b"\n"));
                written.map_err(|source| SinkError::Io { name: name.clone(), source })
            }
            Kind::Kafka(topic) => topic.send(alert, json),
        }
    }

    /// Sees that all that was given has left the program: for the system to write, or taken by the brokers.
    ///
    /// # Errors
    /// If it is not.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        match &mut self.0 {
            Kind::Lines(name, out) => {
                out.flush().map_err(|source| SinkError::Io { name: name.clone(), source })
            }
            Kind::Kafka(topic) => topic.flush(),
        }
    }
}

impl Topic {
    fn open(properties: &Properties, name: &str) -> Result<Topic, SinkError> {
        let fail = |source| SinkError::Kafka { topic: name.to_owned(), source };
        let config = config(properties, &SETTINGS);
        let lost = Arc::<AtomicU64>::default();
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(Deliveries(Arc::clone(&lost))).map_err(fail)?;
        let partitions = partitions(producer.client(), name).map_err(fail)?;
        let partitions = partitions.ok_or_else(|| SinkError::NoTopic { topic: name.to_owned() })?;
        Ok(Topic { name: name.to_owned(), partitions, producer, lost })
    }

    fn send(&self, alert: &Alert, json: &str) -> Result<(), SinkError> {
        let key = format!("{:016x}", alert.id);
        let (revision, mmsi) = (alert.revision.to_string(), alert.key.track.map(|track| track.mmsi));
        let number = mmsi.map(|mmsi| mmsi.0.to_string());
        let header = |key, value| Header { key, value };
        let mut headers = OwnedHeaders::new()
            .insert(header("kind", Some(alert.key.kind.name())))
            .insert(header("severity", Some(alert.severity.name())))
            .insert(header("revision", Some(&revision)))
            .insert(header("schema", Some(crate::alerts::SCHEMA)));
        if let Some(number) = &number {
            headers = headers.insert(header("mmsi", Some(number)));
        }
        // All revisions of an alert are in one partition, in their order; those of no ship in the first.
        let partition = mmsi.map_or(0, |mmsi| engine::bucket_of(mmsi) as i32 % self.partitions);
        let mut record =
            BaseRecord::to(&self.name).key(&key).payload(json).partition(partition).headers(headers);
        loop {
            match self.producer.send(record) {
                Ok(()) => {
                    self.producer.poll(Duration::ZERO);
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    record = again;
                    self.producer.poll(ROOM);
                }
                Err((source, _)) => return Err(SinkError::Kafka { topic: self.name.clone(), source }),
            }
        }
    }

    fn flush(&self) -> Result<(), SinkError> {
        let fail = |source| SinkError::Kafka { topic: self.name.clone(), source };
        self.producer.flush(PATIENCE).map_err(fail)?;
        match self.lost.load(Ordering::Relaxed) {
            0 => Ok(()),
            lost => Err(SinkError::Lost { topic: self.name.clone(), lost }),
        }
    }
}
