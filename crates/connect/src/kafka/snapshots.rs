//! Snapshots in a compacted topic. A set of chunks and, last, a manifest; two sets take turns, so that the newest
//! complete one is never written over. What is torn has no manifest that fits, and is not used.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use serde::{Deserialize, Serialize};

use super::{Cluster, PartitionReader, Record};

/// Bytes of a chunk.
const CHUNK: usize = 512 * 1024;
/// How long it is waited for the next record.
const WAIT: Duration = Duration::from_millis(100);
/// The topic can be read to its end within this time, or it cannot be read.
const LONGEST: Duration = Duration::from_secs(120);
/// The key of the place that an owner has come to.
const PLACE: &str = "place";
/// Sets take turns in so many places.
const PLACES: u64 = 2;
/// No set has more chunks: what the topic says beyond that is nothing that was written here.
const MAX_CHUNKS: usize = 1 << 16;

/// The snapshots of one owner.
#[derive(Debug)]
pub struct Snapshots {
    topic: Arc<str>,
    partition: i32,
    owner: String,
    /// The number of the newest set.
    set: u64,
    /// Chunks that a place has.
    chunks: [usize; PLACES as usize],
    /// The place that its owner has come to.
    pub place: Option<i64>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    set: u64,
    chunks: usize,
    bytes: usize,
    hash: u64,
}

impl Manifest {
    /// Whether it can be one that was written here.
    fn can_be(&self) -> bool {
        self.set < u64::MAX && self.chunks <= MAX_CHUNKS && self.bytes <= self.chunks * CHUNK
    }
}

/// What was found so far, by key.
#[derive(Debug, Default)]
struct Seen {
    chunks: BTreeMap<(u64, usize), Vec<u8>>,
    manifests: BTreeMap<u64, Manifest>,
    place: Option<i64>,
}

impl Snapshots {
    /// Looks for the newest complete set of an owner, and for the place that he has come to.
    ///
    /// # Errors
    /// If the topic cannot be read, or it is not wanted any more.
    pub fn find(
        cluster: &Cluster,
        owner: &str,
        partition: i32,
        is_over: &dyn Fn() -> bool,
    ) -> Result<(Snapshots, Option<Vec<u8>>), KafkaError> {
        let mut reader = PartitionReader::open(cluster, &cluster.topics.snapshots, partition, None)?;
        let mut seen = Seen::default();
        let began = std::time::Instant::now();
        while !reader.is_at_end() {
            reader.read(WAIT, |record| seen.take(owner, record.key, record.value))?;
            if began.elapsed() > LONGEST || is_over() {
                return Err(KafkaError::OffsetFetch(RDKafkaErrorCode::OperationTimedOut));
            }
        }
        let (topic, owner) = (Arc::from(cluster.topics.snapshots.as_str()), owner.to_owned());
        let (set, chunks, found) = seen.newest();
        Ok((Snapshots { topic, partition, owner, set, chunks, place: seen.place }, found))
    }

    /// The record of the place that its owner has come to.
    pub fn come_to(&mut self, place: i64) -> Record {
        self.place = Some(place);
        Record {
            topic: Arc::clone(&self.topic),
            partition: self.partition,
            key: format!("{}/0/{PLACE}", self.owner),
            value: Some(place.to_le_bytes().to_vec()),
            headers: Vec::new(),
        }
    }

    /// The records of the next set, the manifest last.
    pub fn next(&mut self, bytes: &[u8]) -> Vec<Record> {
        self.set += 1;
        let place = self.set % PLACES;
        let record = |name: String, value: Option<Vec<u8>>| Record {
            topic: Arc::clone(&self.topic),
            partition: self.partition,
            key: format!("{}/{place}/{name}", self.owner),
            value,
            headers: Vec::new(),
        };
        let chunk = |(number, chunk): (usize, &[u8])| {
            record(number.to_string(), Some([&self.set.to_le_bytes()[..], chunk].concat()))
        };
        let mut records: Vec<Record> = bytes.chunks(CHUNK).enumerate().map(chunk).collect();
        let (count, before) = (records.len(), self.chunks[place as usize]);
        records.extend((count..before).map(|number| record(number.to_string(), None)));
        let manifest =
            Manifest { set: self.set, chunks: count, bytes: bytes.len(), hash: model::hash::bytes(0, bytes) };
        records.push(record("manifest".to_owned(), serde_json::to_vec(&manifest).ok()));
        self.chunks[place as usize] = count;
        records
    }
}

impl Seen {
    fn take(&mut self, owner: &str, key: &[u8], value: Option<&[u8]>) {
        let key = String::from_utf8_lossy(key);
        let rest = key.strip_prefix(owner).and_then(|rest| rest.strip_prefix('/'));
        let Some((place, name)) = rest.and_then(|rest| rest.split_once('/')) else { return };
        let Ok(place) = place.parse::<u64>() else { return };
        if name == PLACE {
            let bytes = value.and_then(|value| value.first_chunk::<8>());
            self.place = bytes.map(|bytes| i64::from_le_bytes(*bytes));
        } else if name == "manifest" {
            let manifest: Option<Manifest> = value.and_then(|value| serde_json::from_slice(value).ok());
            if let Some(manifest) = manifest.filter(Manifest::can_be) {
                self.manifests.insert(place, manifest);
            }
        } else if let Some(number) = name.parse::<usize>().ok().filter(|number| *number < MAX_CHUNKS) {
            match value {
                Some(value) => drop(self.chunks.insert((place, number), value.to_vec())),
                None => drop(self.chunks.remove(&(place, number))),
            }
        }
    }

    /// The number of the newest set, chunks of each place, and what the newest complete set holds.
    fn newest(&self) -> (u64, [usize; PLACES as usize], Option<Vec<u8>>) {
        let set = self.manifests.values().map(|manifest| manifest.set).max().unwrap_or(0);
        let chunks = std::array::from_fn(|place| {
            let numbers = self.chunks.keys().filter(|(of, _)| *of == place as u64);
            numbers.map(|(_, number)| number + 1).max().unwrap_or(0)
        });
        let mut manifests: Vec<(&u64, &Manifest)> = self.manifests.iter().collect();
        manifests.sort_by_key(|(_, manifest)| std::cmp::Reverse(manifest.set));
        let found = manifests.into_iter().find_map(|(place, manifest)| self.whole(*place, manifest));
        (set, chunks, found)
    }

    fn whole(&self, place: u64, manifest: &Manifest) -> Option<Vec<u8>> {
        // Its length is only claimed until the chunks are there.
        let mut bytes = Vec::new();
        for number in 0..manifest.chunks {
            let (set, chunk) = self.chunks.get(&(place, number))?.split_first_chunk::<8>()?;
            if u64::from_le_bytes(*set) != manifest.set {
                return None;
            }
            bytes.extend_from_slice(chunk);
        }
        (bytes.len() == manifest.bytes && model::hash::bytes(0, &bytes) == manifest.hash).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshots() -> Snapshots {
        Snapshots {
            topic: Arc::from("t"),
            partition: 0,
            owner: "detect/3".to_owned(),
            set: 0,
            chunks: [0; 2],
            place: None,
        }
    }

    fn seen(records: &[Record]) -> Seen {
        let mut seen = Seen::default();
        for record in records {
            seen.take("detect/3", record.key.as_bytes(), record.value.as_deref());
        }
        seen
    }

    fn found(records: &[Record]) -> Option<Vec<u8>> {
        seen(records).newest().2
    }

    #[test]
    fn wherever_it_is_torn_the_set_before_is_found() {
        let contents: Vec<Vec<u8>> = [3 * CHUNK, 1, CHUNK + 1, 0, 2 * CHUNK]
            .iter()
            .zip(1..)
            .map(|(length, byte): (&usize, u8)| vec![byte; *length])
            .collect();
        let mut snapshots = snapshots();
        let mut all = Vec::new();
        let mut before = None;
        for content in contents {
            let set = snapshots.next(&content);
            for length in 0..set.len() {
                let torn = [&all[..], &set[..length]].concat();
                assert_eq!(found(&torn), before);
            }
            all.extend(set);
            assert_eq!(found(&all), Some(content.clone()));
            before = Some(content);
        }
        // Whoever takes over goes on where they were.
        let (set, chunks, _) = seen(&all).newest();
        assert_eq!((set, chunks), (snapshots.set, snapshots.chunks));
    }

    #[test]
    fn the_place_that_an_owner_has_come_to_is_the_last_one() {
        let mut snapshots = snapshots();
        let records = [snapshots.come_to(7), snapshots.come_to(1 << 40)];
        assert_eq!(seen(&records).place, Some(1 << 40));
        assert_eq!(found(&records), None);
    }

    #[test]
    fn what_cannot_have_been_written_here_is_not_used() {
        let mut snapshots = snapshots();
        let whole = snapshots.next(&[1; 7]);
        let before = seen(&whole).newest();
        for (name, value) in [
            ("manifest", format!(r#"{{"set":9,"chunks":1,"bytes":{},"hash":0}}"#, u64::MAX)),
            ("manifest", format!(r#"{{"set":9,"chunks":{},"bytes":7,"hash":0}}"#, u64::MAX)),
            ("manifest", format!(r#"{{"set":{},"chunks":1,"bytes":7,"hash":0}}"#, u64::MAX)),
            ("manifest", "{}".to_owned()),
            ("18446744073709551615", String::new()),
            ("65536", String::new()),
        ] {
            let key = format!("detect/3/0/{name}");
            let mut seen = seen(&whole);
            seen.take("detect/3", key.as_bytes(), Some(value.as_bytes()));
            assert_eq!(seen.newest(), before, "{name} {value}");
        }
    }

    #[test]
    fn compaction_changes_nothing_and_others_are_left_alone() {
        let mut snapshots = snapshots();
        let all: Vec<Record> = [vec![1; CHUNK + 5], vec![2; 7], vec![3; 9]]
            .iter()
            .flat_map(|content| snapshots.next(content))
            .collect();
        let last = |record: &&Record| all.iter().rfind(|other| other.key == record.key) == Some(*record);
        let mut compacted: Vec<Record> = all.iter().filter(last).cloned().collect();
        assert!(compacted.len() < all.len());
        for record in compacted.clone() {
            compacted.push(Record { key: record.key.replace("/3/", "/33/"), ..record });
        }
        assert_eq!(found(&compacted), Some(vec![3; 9]));
    }
}
