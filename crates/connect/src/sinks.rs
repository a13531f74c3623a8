//! Where alerts go: files, standard output, a Kafka topic, a webhook. A sink is given alerts in their order.

mod file;
mod topic;
mod webhook;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use model::alert::Alert;
use rdkafka::error::KafkaError;

use crate::kafka::Properties;
use file::GrowingFile;
pub use file::Rotation;
use topic::Topic;
pub use topic::record;
use webhook::Webhook;

/// At the end it is waited so long for something else in the program, looking this often.
const LAST: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(10);

/// Where alerts are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output, a line each.
    Stdout,
    /// A file that grows, a line each.
    File {
        /// Its path.
        path: PathBuf,
        /// When another takes its place.
        rotation: Option<Rotation>,
    },
    /// A Kafka topic, keyed by the alert's id.
    Kafka {
        /// The brokers, and what else librdkafka is to be told.
        properties: Properties,
        /// The topic.
        topic: String,
    },
    /// An address that each is posted to.
    Webhook {
        /// The address.
        url: String,
        /// What posts are signed with.
        secret: Option<String>,
        /// File for those that nobody took.
        dead_letters: PathBuf,
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
        "kafka topic {topic}: does not exist; create it, such as with cleanup.policy=compact,delete and as many partitions \
         as its readers need"
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

/// Takes alerts for something else in the program.
pub trait Taker: Send {
    /// What it is called.
    fn name(&self) -> String;

    /// Takes an alert.
    fn take(&mut self, line: &Line);

    /// How many it is done with.
    fn done(&self) -> u64;

    /// Why it takes nothing any more, if that is so.
    fn failed(&self) -> Option<String>;

    /// How many it can be given now without waiting.
    fn room(&self) -> usize;
}

/// An open destination.
pub struct Sink {
    kind: Kind,
    given: u64,
}

enum Kind {
    Stdout(std::io::Stdout),
    File(GrowingFile),
    Kafka(Box<Topic>),
    Webhook(Webhook),
    Taker(Box<dyn Taker>),
}

impl Sink {
    /// Something else in the program.
    #[must_use]
    pub fn of(taker: Box<dyn Taker>) -> Sink {
        Sink { kind: Kind::Taker(taker), given: 0 }
    }

    /// Opens a destination.
    ///
    /// # Errors
    /// If it cannot be opened, or the topic does not exist.
    pub fn open(destination: &Destination) -> Result<Sink, SinkError> {
        let kind = match destination {
            Destination::Stdout => Kind::Stdout(std::io::stdout()),
            Destination::File { path, rotation } => {
                let named = |source| SinkError::Io { name: path.display().to_string(), source };
                Kind::File(GrowingFile::open(path, *rotation).map_err(named)?)
            }
            Destination::Kafka { properties, topic } => {
                Kind::Kafka(Box::new(Topic::open(properties, topic)?))
            }
            Destination::Webhook { url, secret, dead_letters } => {
                let named = |source| SinkError::Io { name: dead_letters.display().to_string(), source };
                Kind::Webhook(Webhook::open(url, secret.clone(), dead_letters).map_err(named)?)
            }
        };
        Ok(Sink { kind, given: 0 })
    }

    /// Takes an alert.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, line: &Line) -> Result<(), SinkError> {
        self.given += 1;
        let written = match &mut self.kind {
            Kind::Stdout(out) => out.write_all(line.json.as_bytes()).and_then(|()| out.write_all(b"\n")),
            Kind::File(file) => file.write(&line.json),
            Kind::Kafka(topic) => return topic.send(line),
            Kind::Webhook(webhook) => webhook.send(line),
            Kind::Taker(taker) => {
                taker.take(line);
                Ok(())
            }
        };
        written.map_err(|source| self.failed(source))
    }

    /// Sees that all that was given has left the program: for the system to write, or taken by the brokers. A webhook
    /// goes on by itself.
    ///
    /// # Errors
    /// If it is not.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        let flushed = match &mut self.kind {
            Kind::Stdout(out) => out.flush(),
            Kind::File(file) => file.flush(),
            Kind::Kafka(topic) => return topic.flush(),
            Kind::Webhook(webhook) => webhook.failed(),
            Kind::Taker(taker) => taker.failed().map_or(Ok(()), |why| Err(std::io::Error::other(why))),
        };
        flushed.map_err(|source| self.failed(source))
    }

    /// How many alerts it was given and is not done with.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.given - self.done()
    }

    /// How many of the alerts it was given nobody took.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        match &self.kind {
            Kind::Stdout(_) | Kind::File(_) | Kind::Kafka(_) | Kind::Taker(_) => 0,
            Kind::Webhook(webhook) => webhook.dead(),
        }
    }

    /// How many alerts it can be given that it need not give up.
    #[must_use]
    pub fn room(&self) -> usize {
        match &self.kind {
            Kind::Stdout(_) | Kind::File(_) | Kind::Kafka(_) => usize::MAX,
            Kind::Taker(taker) => taker.room(),
            Kind::Webhook(webhook) => webhook::WAITING.saturating_sub((self.given - webhook.done()) as usize),
        }
    }

    /// How many of the alerts that were given it is done with, once flushed.
    #[must_use]
    pub fn done(&self) -> u64 {
        match &self.kind {
            Kind::Stdout(_) | Kind::File(_) | Kind::Kafka(_) => self.given,
            Kind::Webhook(webhook) => webhook.done(),
            Kind::Taker(taker) => taker.done(),
        }
    }

    /// Ends it. What a webhook has not delivered goes to its dead letters, unless it is given again later. How many of
    /// the alerts that were given it is done with.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn close(mut self, is_given_again: bool) -> Result<u64, SinkError> {
        self.flush()?;
        let name = self.name();
        match self.kind {
            Kind::Webhook(webhook) => {
                webhook.close(is_given_again).map_err(|source| SinkError::Io { name, source })
            }
            Kind::Stdout(_) | Kind::File(_) | Kind::Kafka(_) => Ok(self.given),
            Kind::Taker(taker) => {
                let began = Instant::now();
                // What is given again later need not be waited for.
                while !is_given_again
                    && taker.done() < self.given
                    && taker.failed().is_none()
                    && began.elapsed() < LAST
                {
                    std::thread::sleep(LOOK);
                }
                Ok(taker.done())
            }
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.kind {
            Kind::Stdout(_) => "standard output".to_owned(),
            Kind::File(file) => file.path.display().to_string(),
            Kind::Kafka(topic) => format!("kafka topic {}", topic.name),
            Kind::Webhook(webhook) => format!("webhook {}", webhook.url),
            Kind::Taker(taker) => taker.name(),
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
        let Kind::File(file) = &self.kind else { return Ok(None) };
        file.last_line().map_err(|source| self.failed(source))
    }
}
