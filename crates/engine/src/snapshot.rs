//! The state of an engine, and of what takes in for it, as bytes.
//!
//! Bytes that are damaged are an error where they are no longer of their form, and however they are damaged, memory is set
//! aside in proportion to them and not to lengths that are only claimed. Damage that leaves the form is found by a hash
//! over all, which whoever keeps a snapshot has beside it.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detect::Reception;
use detect::reception::Tick;
use model::fate::Counts;
use model::{EventTime, Transmission};
use reorder::{Hold, OrderKey};
use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::{Engine, Ingest, Limits};

/// Version of the format; another is refused, never guessed at.
const VERSION: u32 = 14;

/// Why bytes are no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Written by another version.
    #[error("snapshot has format version {found}, this program reads version {VERSION}")]
    Version {
        /// The version found.
        found: u32,
    },
    /// Cut short or damaged.
    #[error("snapshot is damaged: {0}")]
    Damaged(postcard::Error),
    /// Ships of a bucket that does not exist.
    #[error("snapshot is damaged: there is no bucket {0}")]
    Bucket(u16),
}

fn write(state: &impl Serialize) -> Result<Vec<u8>, SnapshotError> {
    postcard::to_extend(state, VERSION.to_le_bytes().to_vec()).map_err(SnapshotError::Damaged)
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, SnapshotError> {
    let Some((version, body)) = bytes.split_first_chunk::<4>() else {
        return Err(SnapshotError::Damaged(postcard::Error::DeserializeUnexpectedEnd));
    };
    let found = u32::from_le_bytes(*version);
    if found != VERSION {
        return Err(SnapshotError::Version { found });
    }
    match postcard::take_from_bytes(body) {
        Ok((state, [])) => Ok(state),
        Ok(_) => Err(SnapshotError::Damaged(postcard::Error::DeserializeBadEncoding)),
        Err(error) => Err(SnapshotError::Damaged(error)),
    }
}

impl Ingest {
    /// The whole state.
    ///
    /// # Errors
    /// Only if memory for it cannot be had.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        write(self)
    }

    /// Goes on where the snapshot was taken.
    ///
    /// # Errors
    /// If the bytes are of another version, or damaged.
    pub fn restore(bytes: &[u8]) -> Result<Ingest, SnapshotError> {
        read(bytes)
    }
}

#[derive(Serialize)]
struct Written<'a> {
    limits: Limits,
    tells_notices: bool,
    watermark: EventTime,
    counts: &'a Counts,
    ticks: &'a VecDeque<Arc<Tick>>,
    reception: &'a Reception,
    held: Vec<(OrderKey, &'a Transmission)>,
    buckets: Vec<(u16, &'a Bucket)>,
}

#[derive(Deserialize)]
struct Read {
    limits: Limits,
    tells_notices: bool,
    watermark: EventTime,
    counts: Counts,
    ticks: VecDeque<Arc<Tick>>,
    reception: Reception,
    held: Vec<(OrderKey, Transmission)>,
    buckets: Vec<(u16, Bucket)>,
}

impl Engine {
    /// The whole state.
    ///
    /// # Errors
    /// Only if memory for it cannot be had.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        let numbered = self.buckets.iter().enumerate();
        write(&Written {
            limits: self.limits,
            tells_notices: self.tells_notices,
            ticks: &self.ticks,
            reception: &self.reception,
            watermark: self.watermark,
            counts: &self.counts,
            held: self.hold.contents(),
            buckets: numbered
                .filter_map(|(at, bucket)| bucket.as_ref().map(|bucket| (at as u16, bucket)))
                .collect(),
        })
    }

    /// An engine that goes on where the snapshot was taken.
    ///
    /// # Errors
    /// If the bytes are of another version, or damaged.
    pub fn restore(bytes: &[u8]) -> Result<Engine, SnapshotError> {
        let read: Read = read(bytes)?;
        let mut engine = Engine::new(read.limits, usize::from(!read.tells_notices));
        (engine.ticks, engine.reception) = (read.ticks, read.reception);
        (engine.watermark, engine.counts) = (read.watermark, read.counts);
        let mut hold = Hold::default();
        read.held.into_iter().for_each(|(key, transmission)| hold.push(key, transmission));
        engine.hold = hold;
        for (at, bucket) in read.buckets {
            *engine.buckets.get_mut(usize::from(at)).ok_or(SnapshotError::Bucket(at))? = Some(bucket);
        }
        Ok(engine)
    }
}
