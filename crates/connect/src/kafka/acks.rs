//! The topic of acknowledgements: who has seen to which alert.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer};

use super::{ANSWER, Cluster, Deliveries, Record, config, partitions_of, send};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 4] =
    [("enable.idempotence", "true"), ("acks", "all"), ("linger.ms", "0"), ("message.timeout.ms", "5000")];

/// Why an acknowledgement was not kept.
#[derive(Debug, thiserror::Error)]
pub enum AckError {
    /// The client or the brokers refuse.
    #[error("kafka topic {topic}: {source}")]
    Kafka {
        /// The topic.
        topic: String,
        /// Why.
        source: KafkaError,
    },
    /// The brokers did not take it in time.
    #[error("kafka topic {topic}: the brokers did not take it")]
    Lost {
        /// The topic.
        topic: String,
    },
}

/// Where acknowledgements are kept.
pub struct AckTopic {
    name: Arc<str>,
    partitions: i32,
    producer: BaseProducer<Deliveries>,
    lost: Arc<AtomicU64>,
}

impl AckTopic {
    /// Opens it.
    ///
    /// # Errors
    /// If the client cannot be set up, or the brokers do not know the topic.
    pub fn open(cluster: &Cluster) -> Result<AckTopic, AckError> {
        let topic = &cluster.topics.acks;
        let fail = |source| AckError::Kafka { topic: topic.clone(), source };
        let lost = Arc::<AtomicU64>::default();
        let config = config(&cluster.properties, &SETTINGS);
        let producer = config.create_with_context(Deliveries(Arc::clone(&lost))).map_err(fail)?;
        let partitions = partitions_of(cluster, topic).map_err(fail)?;
        Ok(AckTopic { name: Arc::from(topic.as_str()), partitions, producer, lost })
    }

    /// Keeps one; once this is done the brokers have it.
    ///
    /// # Errors
    /// If they have not.
    pub fn add(&mut self, alert: &str, json: &str) -> Result<(), AckError> {
        let fail = |source| AckError::Kafka { topic: self.name.to_string(), source };
        let before = self.lost.load(Ordering::Relaxed);
        let hash = model::hash::bytes(0, alert.as_bytes());
        let record = Record {
            topic: Arc::clone(&self.name),
            partition: (hash % self.partitions.max(1) as u64) as i32,
            key: alert.to_owned(),
            value: Some(json.as_bytes().to_vec()),
            headers: Vec::new(),
        };
        send(&self.producer, &record).map_err(fail)?;
        self.producer.flush(ANSWER * 2).map_err(fail)?;
        if self.lost.load(Ordering::Relaxed) == before {
            Ok(())
        } else {
            Err(AckError::Lost { topic: self.name.to_string() })
        }
    }
}
