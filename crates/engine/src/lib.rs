//! The pure core: a function of its log.
//!
//! [`Ingest`] turns decoded lines of several sources into entries of the log, and tells how far
//! all of them have come. An [`Engine`] takes the entries of its ships and gives out changes of
//! facts. Neither knows a clock, a thread or a file; the same entries give the same facts, however
//! they were cut, batched or sharded.
#![no_std]

extern crate alloc;

mod bucket;
mod chart;
mod ingest;
mod ship;
mod snapshot;

use alloc::vec::Vec;

use geofence::Geofence;
use model::fate::Counts;
use model::{EventTime, FactChange, Mmsi, Transmission};
use reorder::{Hold, OrderKey};
use serde::{Deserialize, Serialize};

use bucket::Bucket;
use chart::ChartOf;
pub use ingest::{Ingest, Order, SourceId};
pub use snapshot::SnapshotError;

/// Ships are dealt to this many buckets; shards own whole buckets, and every limit is a bucket's,
/// so the number of shards changes nothing.
pub const BUCKETS: usize = 256;

/// The bucket of a ship.
#[must_use]
pub fn bucket_of(mmsi: Mmsi) -> usize {
    (model::hash::mix(u64::from(mmsi.0), 0x5EED) % BUCKETS as u64) as usize
}

/// The shard, of `shards`, that owns a ship.
#[must_use]
pub fn shard_of(mmsi: Mmsi, shards: usize) -> usize {
    bucket_of(mmsi) % shards.max(1)
}

/// Limits of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Ships remembered in one bucket; beyond it ships heard less than three times make room.
    pub ships_per_bucket: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { ships_per_bucket: 8_192 }
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// A ship's transmission, and its place in the order.
    Transmission(OrderKey, Transmission),
    /// All sources have come this far.
    Watermark(EventTime),
    /// Nothing follows; the highest event time was this.
    End(EventTime),
}

/// One shard of the core.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    watermark: EventTime,
    hold: Hold<Transmission>,
    buckets: Vec<Option<Bucket>>,
    counts: Counts,
}

impl Engine {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(limits: Limits) -> Engine {
        let buckets = (0..BUCKETS).map(|_| None).collect();
        Engine {
            limits,
            watermark: EventTime::MIN,
            hold: Hold::default(),
            buckets,
            counts: Counts::default(),
        }
    }

    /// Takes one entry of the log; changes of facts are appended to `out`.
    pub fn push(&mut self, entry: Entry, geofence: &Geofence, out: &mut Vec<FactChange>) {
        match entry {
            Entry::Transmission(key, transmission) => self.hold.push(key, transmission),
            Entry::Watermark(watermark) => self.advance(watermark, geofence, out),
            Entry::End(highest) => {
                self.advance(EventTime::MAX, geofence, out);
                let chart = ChartOf(geofence);
                for bucket in self.buckets.iter_mut().flatten() {
                    bucket.finish(highest, &chart, &mut self.counts, out);
                }
            }
        }
    }

    /// What became of the transmissions taken in so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Ships remembered.
    #[must_use]
    pub fn ships(&self) -> usize {
        self.buckets.iter().flatten().map(Bucket::len).sum()
    }

    /// Tracks that were ever told apart.
    #[must_use]
    pub fn tracks(&self) -> u64 {
        self.buckets.iter().flatten().map(Bucket::tracks).sum()
    }

    /// Transmissions that wait for the watermark.
    #[must_use]
    pub fn held(&self) -> usize {
        self.hold.len()
    }

    fn advance(&mut self, watermark: EventTime, geofence: &Geofence, out: &mut Vec<FactChange>) {
        self.watermark = self.watermark.max(watermark);
        let chart = ChartOf(geofence);
        while let Some((key, transmission)) = self.hold.pop(self.watermark) {
            let bucket = self.buckets[bucket_of(transmission.mmsi())].get_or_insert_default();
            bucket.hand_on(key, transmission, &self.limits, &chart, &mut self.counts, out);
        }
    }
}
