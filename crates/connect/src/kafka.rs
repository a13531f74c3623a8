//! What sources and sinks share of the Kafka client.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::client::{Client, ClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;

/// Settings of librdkafka.
pub type Properties = BTreeMap<String, String>;

/// How long the brokers may take to say what a topic has, or to take what waits.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A client's settings: those that are given, and these where they are not.
pub(crate) fn config(given: &Properties, own: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (name, value) in own {
        config.set(*name, *value);
    }
    for (name, value) in given {
        config.set(name, value);
    }
    config
}

/// How many partitions a topic has; `None` if there is no such topic.
pub(crate) fn partitions<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
) -> Result<Option<i32>, KafkaError> {
    let metadata = client.fetch_metadata(Some(topic), PATIENCE)?;
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else { return Ok(None) };
    match found.error() {
        None => Ok(Some(found.partitions().len() as i32)),
        Some(
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
            | RDKafkaRespErr::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        ) => Ok(None),
        // Such as while a leader is chosen.
        Some(error) => Err(KafkaError::MetadataFetch(RDKafkaErrorCode::from(error))),
    }
}
