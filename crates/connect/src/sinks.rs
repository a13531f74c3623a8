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
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

use crate::kafka::{PATIENCE, Properties, Record, config, partitions};

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
    name: Arc<str>,
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

/// The record of an alert in a topic of so many partitions.
#[must_use]
pub fn record(topic: &Arc<str>, partitions: i32, alert: &Alert, json: &str) -> Record {
    let mmsi = alert.key.track.map(|track| track.mmsi);
    let mut headers = vec![
        ("kind", alert.key.kind.name().to_owned()),
        ("severity", alert.severity.name().to_owned()),
        ("revision", alert.revision.to_string()),
        ("schema", crate::alerts::SCHEMA.to_owned()),
    ];
    headers.extend(mmsi.map(|mmsi| ("mmsi", mmsi.0.to_string())));
    Record {
        topic: Arc::clone(topic),
        // All revisions of an alert are in one partition, in their order; those of no ship in the first.
        partition: mmsi.map_or(0, |mmsi| engine::bucket_of(mmsi) as i32 % partitions),
        key: format!("{:016x}", alert.id),
        value: Some(json.as_bytes().to_vec()),
        headers,
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
        Ok(Topic { name: Arc::from(name), partitions, producer, lost })
    }

    fn send(&self, alert: &Alert, json: &str) -> Result<(), SinkError> {
        let record = record(&self.name, self.partitions, alert, json);
        let mut to_send = record.to_send();
        loop {
            match self.producer.send(to_send) {
                Ok(()) => {
                    self.producer.poll(Duration::ZERO);
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    to_send = again;
                    self.producer.poll(ROOM);
                }
                Err((source, _)) => return Err(SinkError::Kafka { topic: self.name.to_string(), source }),
            }
        }
    }

    fn flush(&self) -> Result<(), SinkError> {
        let fail = |source| SinkError::Kafka { topic: self.name.to_string(), source };
        self.producer.flush(PATIENCE).map_err(fail)?;
        match self.lost.load(Ordering::Relaxed) {
            0 => Ok(()),
            lost => Err(SinkError::Lost { topic: self.name.to_string(), lost }),
        }
    }
}
