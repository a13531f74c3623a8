//! Membership of a consumer group: who works on which partition. It fetches nothing itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::{ANSWER, Cluster, Trouble, reader};

/// What the client is told unless the configuration says otherwise.
const SETTINGS: [(&str, &str); 5] = [
    ("auto.offset.reset", "latest"),
    // Who stays keeps what he has.
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("session.timeout.ms", "10000"),
    ("heartbeat.interval.ms", "1000"),
    // Of what may be fetched before it is paused.
    ("queued.max.messages.kbytes", "1024"),
];

/// A member of a group.
#[derive(Clone)]
pub struct Group {
    consumer: Arc<BaseConsumer<Changes>>,
    topic: String,
}

/// Called with partitions before they are somebody else's: whatever is under way there is to be ended first.
pub type Losing = Box<dyn Fn(&[i32]) + Send + Sync>;

struct Changes {
    owned: Mutex<BTreeSet<i32>>,
    trouble: Mutex<Trouble>,
    losing: Losing,
}

impl ClientContext for Changes {}

impl ConsumerContext for Changes {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            let lost: Vec<i32> =
                partitions.elements().iter().map(|partition| partition.partition()).collect();
            self.owned().retain(|partition| !lost.contains(partition));
            (self.losing)(&lost);
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(partitions) = rebalance {
            // Others fetch. If it cannot be paused, what comes is not taken.
            let _ = consumer.pause(partitions);
            self.owned().extend(partitions.elements().iter().map(|partition| partition.partition()));
        }
    }
}

impl Changes {
    fn owned(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    /// Joins a group for the partitions of a topic.
    ///
    /// # Errors
    /// If a setting is none.
    pub fn join(cluster: &Cluster, name: &str, topic: &str, losing: Losing) -> Result<Group, KafkaError> {
        let config = reader(&cluster.properties, &format!("{}.{name}", cluster.application), &SETTINGS);
        let changes = Changes { owned: Mutex::default(), trouble: Mutex::default(), losing };
        let consumer: BaseConsumer<Changes> = config.create_with_context(changes)?;
        consumer.subscribe(&[topic])?;
        Ok(Group { consumer: Arc::new(consumer), topic: topic.to_owned() })
    }

    /// Takes part for some time; partitions come and go meanwhile. What is wrong with the cluster, if that is news.
    pub fn take_part(&self, time: Duration) -> Option<KafkaError> {
        let error = self.consumer.poll(time)?.err()?;
        self.consumer.context().trouble.lock().unwrap_or_else(PoisonError::into_inner).news(error)
    }

    /// The partitions that are this member's.
    #[must_use]
    pub fn owned(&self) -> BTreeSet<i32> {
        self.consumer.context().owned().clone()
    }

    /// What proves that it is a member.
    #[must_use]
    pub fn member(&self) -> Option<ConsumerGroupMetadata> {
        self.consumer.group_metadata()
    }

    /// How far the group has come in a partition.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn committed(&self, partition: i32) -> Result<Option<i64>, KafkaError> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition(&self.topic, partition);
        let told = self.consumer.committed_offsets(asked, ANSWER)?;
        let Some(found) = told.find_partition(&self.topic, partition) else { return Ok(None) };
        found.error()?;
        Ok(match found.offset() {
            Offset::Offset(offset) => Some(offset),
            Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => {
                None
            }
        })
    }
}
