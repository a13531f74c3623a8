//! Our topics: made with the settings that they need, or said how.

use std::collections::BTreeSet;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::{Cluster, PATIENCE, config, partitions};

/// Why there is no topic to work with.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// The cluster cannot be asked.
    #[error("kafka: {0}")]
    Kafka(#[from] KafkaError),
    /// The client cannot be set up.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is not there, and cannot be made.
    #[error(
        "kafka topic {topic}: does not exist, and cannot be made ({why}); make it, such as with\n  \
         kafka-topics.sh --bootstrap-server … --create --topic {topic} --partitions {partitions}{settings}"
    )]
    Make {
        /// The topic.
        topic: String,
        /// Why.
        why: RDKafkaErrorCode,
        /// How many it needs.
        partitions: i32,
        /// As the tool takes them.
        settings: String,
    },
    /// It would grow without end.
    #[error(
        "kafka topic {topic}: cleanup.policy is {is}; it must be compact, or it grows until nobody can read it"
    )]
    Compact {
        /// The topic.
        topic: String,
        /// What it is.
        is: String,
    },
    /// It has another number of partitions than the log.
    #[error(
        "kafka topic {topic}: has {found} partitions and {log} has {expected}; both need as many, or what was told \
         of a ship is in one partition and its state in another"
    )]
    Partitions {
        /// The topic.
        topic: String,
        /// How many it has.
        found: i32,
        /// The log.
        log: String,
        /// How many that has.
        expected: i32,
    },
}

/// What a topic of ours needs.
struct Wanted<'a> {
    name: &'a str,
    settings: &'a [(&'a str, &'a str)],
}

const LOG: [(&str, &str); 4] = [
    ("message.timestamp.type", "LogAppendTime"),
    ("cleanup.policy", "delete"),
    ("retention.ms", "604800000"),
    // What a tick says of the whole world is one record.
    ("max.message.bytes", "16777216"),
];
const ALERTS: [(&str, &str); 3] = [
    ("message.timestamp.type", "LogAppendTime"),
    ("cleanup.policy", "compact,delete"),
    ("retention.ms", "7776000000"),
];
/// All of them, as long as alerts: who has seen to what, and when, is for the record.
const ACKS: [(&str, &str); 3] = [
    ("message.timestamp.type", "LogAppendTime"),
    ("cleanup.policy", "delete"),
    ("retention.ms", "7776000000"),
];
/// What is compacted is small, and compacted soon: who takes over reads all of it.
const SNAPSHOTS: [(&str, &str); 5] = [
    ("cleanup.policy", "compact"),
    ("segment.ms", "300000"),
    ("segment.bytes", "67108864"),
    ("min.cleanable.dirty.ratio", "0.1"),
    ("delete.retention.ms", "60000"),
];

/// Whether a setting does what it needs to.
fn suits(name: &str, is: &str, wanted: &str) -> bool {
    let words = |text: &str| text.split(',').map(|word| word.trim().to_owned()).collect::<BTreeSet<String>>();
    match name {
        "max.message.bytes" => is.parse::<u64>().ok() >= wanted.parse().ok(),
        _ => words(is) == words(wanted),
    }
}

/// Sees that our topics are there; how many partitions the log has, and what is doubtful about them.
///
/// # Errors
/// If one is not there and cannot be made, or does not fit the others.
pub fn prepare(cluster: &Cluster, count: i32) -> Result<(i32, Vec<String>), TopicError> {
    let admin: AdminClient<DefaultClientContext> = config(&cluster.properties, &[]).create()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wanted = [
        Wanted { name: &cluster.topics.log, settings: &LOG },
        Wanted { name: &cluster.topics.alerts, settings: &ALERTS },
        Wanted { name: &cluster.topics.acks, settings: &ACKS },
        Wanted { name: &cluster.topics.snapshots, settings: &SNAPSHOTS },
    ];
    let log = partitions(admin.inner(), wanted[0].name)?.unwrap_or(count);
    let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
    for topic in &wanted {
        match partitions(admin.inner(), topic.name)? {
            // Alerts may have as many as their readers like: those of a ship are in one.
            Some(found) if found != log && topic.name == cluster.topics.snapshots => {
                let (topic, expected) = (topic.name.to_owned(), log);
                return Err(TopicError::Partitions {
                    topic,
                    found,
                    log: cluster.topics.log.clone(),
                    expected,
                });
            }
            Some(_) => continue,
            None => {}
        }
        // As many replicas as the brokers make of any topic.
        let mut new = NewTopic::new(topic.name, log, TopicReplication::Fixed(-1));
        new = topic.settings.iter().fold(new, |new, (name, value)| new.set(name, value));
        for made in runtime.block_on(admin.create_topics([&new], &options))? {
            match made {
                // Another member may have been faster.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, why)) => {
                    let settings =
                        topic.settings.iter().map(|(name, value)| format!(" --config {name}={value}"));
                    let settings = settings.collect();
                    return Err(TopicError::Make {
                        topic: topic.name.to_owned(),
                        why,
                        partitions: log,
                        settings,
                    });
                }
            }
        }
    }
    let mut doubts = Vec::new();
    for topic in &wanted {
        let asked = [ResourceSpecifier::Topic(topic.name)];
        let told = runtime.block_on(admin.describe_configs(&asked, &options))?;
        for found in told.into_iter().flatten() {
            // How long they keep what is theirs to say.
            for (name, value) in topic.settings.iter().filter(|(name, _)| {
                matches!(*name, "cleanup.policy" | "message.timestamp.type" | "max.message.bytes")
            }) {
                // What was made just now may not be known everywhere yet.
                let Some(is) = found.get(name).and_then(|entry| entry.value.clone()) else { continue };
                if is != *value && topic.name == cluster.topics.snapshots && *name == "cleanup.policy" {
                    let topic = topic.name.to_owned();
                    return Err(TopicError::Compact { topic, is });
                }
                if !suits(name, &is, value) {
                    doubts.push(format!(
                        "kafka topic {}: {name} is {is}, {value} is what it needs",
                        topic.name
                    ));
                }
            }
        }
    }
    // Another member may have made it, with another number.
    Ok((partitions(admin.inner(), &cluster.topics.log)?.unwrap_or(log), doubts))
}
