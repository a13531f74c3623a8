//! Where alerts go: files, standard output, a Kafka topic. A sink is given alerts in their order.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::Mmsi;
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

/// An alert as it is written, and what sinks need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// Its revision.
    pub revision: u64,
    /// Its kind.
    pub kind: String,
    /// How urgent it is.
    pub severity: String,
    /// The ship.
    pub mmsi: Option<u32>,
    /// What is written.
    pub json: String,
}

impl Line {
    /// Of an alert.
    #[must_use]
    pub fn of(alert: &Alert, json: String) -> Line {
        Line {
            id: format!("{:016x}", alert.id),
            revision: u64::from(alert.revision),
            kind: alert.key.kind.name().to_owned(),
            severity: alert.severity.name().to_owned(),
            mmsi: alert.key.track.map(|track| track.mmsi.0),
            json,
        }
    }

    /// Of what was written; `None` if it is no alert.
    #[must_use]
    pub fn read(json: &str) -> Option<Line> {
        let alert: serde_json::Value = serde_json::from_str(json).ok()?;
        let text = |key: &str| Some(alert[key].as_str()?.to_owned());
        Some(Line {
            id: text("id")?,
            revision: alert["revision"].as_u64()?,
            kind: text("kind")?,
            severity: text("severity")?,
            mmsi: alert["vessel"]["mmsi"].as_u64().map(|mmsi| mmsi as u32),
            json: json.to_owned(),
        })
    }
}

/// An open destination.
pub struct Sink(Kind);

enum Kind {
    Stdout(std::io::Stdout),
    File(PathBuf, BufWriter<File>),
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
            Destination::Stdout => Kind::Stdout(std::io::stdout()),
            Destination::File { path } => {
                let opened = OpenOptions::new().create(true).append(true).open(path);
                let named = |source| SinkError::Io { name: path.display().to_string(), source };
                Kind::File(path.clone(), BufWriter::new(opened.map_err(named)?))
            }
            Destination::Kafka { properties, topic } => {
                Kind::Kafka(Box::new(Topic::open(properties, topic)?))
            }
        };
        Ok(Sink(kind))
    }

    /// Takes an alert.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, line: &Line) -> Result<(), SinkError> {
        match &mut self.0 {
            Kind::Stdout(out) => write_line(out, line).map_err(|source| self.failed(source)),
            Kind::File(_, out) => write_line(out, line).map_err(|source| self.failed(source)),
            Kind::Kafka(topic) => topic.send(line),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.0 {
            Kind::Stdout(_) => "standard output".to_owned(),
            Kind::File(path, _) => path.display().to_string(),
            Kind::Kafka(topic) => format!("kafka topic {}", topic.name),
        }
    }

    fn failed(&self, source: std::io::Error) -> SinkError {
        SinkError::Io { name: self.name(), source }
    }

    /// The last line of a file, once what a crash has torn after it is cut off.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn last_line(&mut self) -> Result<Option<String>, SinkError> {
        let Kind::File(path, out) = &self.0 else { return Ok(None) };
        last_line(path, out.get_ref()).map_err(|source| self.failed(source))
    }

    /// Sees that all that was given has left the program: for the system to write, or taken by the brokers.
    ///
    /// # Errors
    /// If it is not.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        match &mut self.0 {
            Kind::Stdout(out) => out.flush().map_err(|source| self.failed(source)),
            Kind::File(_, out) => out.flush().map_err(|source| self.failed(source)),
            Kind::Kafka(topic) => topic.flush(),
        }
    }
}

fn write_line(out: &mut impl Write, line: &Line) -> std::io::Result<()> {
    out.write_all(line.json.as_bytes())?;
    out.write_all(b"\n")
}

/// Looks at the end of a file only: no alert is longer than that.
fn last_line(path: &Path, out: &File) -> std::io::Result<Option<String>> {
    const END: u64 = 4 << 20;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(END);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let whole = memchr::memrchr(b'\n', &end).map_or(0, |at| at + 1);
    out.set_len(from + whole as u64)?;
    let lines = end[..whole].split(|byte| *byte == b'\n');
    Ok(lines.rev().find(|line| !line.is_empty()).map(|line| String::from_utf8_lossy(line).into_owned()))
}

/// The record of an alert in a topic of so many partitions.
#[must_use]
pub fn record(topic: &Arc<str>, partitions: i32, line: &Line) -> Record {
    let mut headers = vec![
        ("kind", line.kind.clone()),
        ("severity", line.severity.clone()),
        ("revision", line.revision.to_string()),
        ("schema", crate::alerts::SCHEMA.to_owned()),
    ];
    headers.extend(line.mmsi.map(|mmsi| ("mmsi", mmsi.to_string())));
    Record {
        topic: Arc::clone(topic),
        // All revisions of an alert are in one partition, in their order; those of no ship in the first.
        partition: line.mmsi.map_or(0, |mmsi| engine::bucket_of(Mmsi(mmsi)) as i32 % partitions),
        key: line.id.clone(),
        value: Some(line.json.as_bytes().to_vec()),
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

    fn send(&self, line: &Line) -> Result<(), SinkError> {
        let record = record(&self.name, self.partitions, line);
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
