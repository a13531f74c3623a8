//! A Kafka topic of alerts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::Mmsi;
use rdkafka::producer::{BaseProducer, Producer};

use super::{Line, SinkError};
use crate::kafka::{Deliveries, PATIENCE, Properties, Record, config, partitions, send};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 4] =
    [("enable.idempotence", "true"), ("acks", "all"), ("linger.ms", "5"), ("compression.type", "zstd")];

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

/// A topic that alerts go to.
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    partitions: i32,
    producer: BaseProducer<Deliveries>,
    lost: Arc<AtomicU64>,
}

impl Topic {
    /// Opens it.
    pub fn open(properties: &Properties, name: &str) -> Result<Topic, SinkError> {
        let fail = |source| SinkError::Kafka { topic: name.to_owned(), source };
        let config = config(properties, &SETTINGS);
        let lost = Arc::<AtomicU64>::default();
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(Deliveries(Arc::clone(&lost))).map_err(fail)?;
        let partitions = partitions(producer.client(), name).map_err(fail)?;
        let partitions = partitions.ok_or_else(|| SinkError::NoTopic { topic: name.to_owned() })?;
        Ok(Topic { name: Arc::from(name), partitions, producer, lost })
    }

    /// Sends an alert.
    pub fn send(&self, line: &Line) -> Result<(), SinkError> {
        let record = record(&self.name, self.partitions, line);
        send(&self.producer, &record)
            .map_err(|source| SinkError::Kafka { topic: self.name.to_string(), source })?;
        self.producer.poll(Duration::ZERO);
        Ok(())
    }

    /// Sees that the brokers have all.
    pub fn flush(&self) -> Result<(), SinkError> {
        let fail = |source| SinkError::Kafka { topic: self.name.to_string(), source };
        self.producer.flush(PATIENCE).map_err(fail)?;
        match self.lost.load(Ordering::Relaxed) {
            0 => Ok(()),
            lost => Err(SinkError::Lost { topic: self.name.to_string(), lost }),
        }
    }
}
