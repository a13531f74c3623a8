//! Would a ship that transmits here be heard? Measured where hearing happens, at ingest, and told to
//! all shards in ticks, so that it does not depend on how ships are sharded.
//!
//! [`Presence`] measures: of the ships that must have been somewhere in a bin of ten minutes, as
//! they were heard before and after it, how many were heard in it? Each bin's end gives a [`Tick`].
//! [`Reception`] is what ticks add up to: the share heard in each cell, and who was heard where.

mod claims;
mod days;
mod jamming;
mod learned;
mod neighbours;
mod outage;
mod presence;
mod runs;
mod tick;
mod watched;

pub use claims::Claim;
pub use jamming::Jamming;
pub use learned::{Alive, OfCell, Reception, Share};
pub use presence::{Observation, Presence};
pub use tick::{CellHeard, Counted, Counts, Dead, Hearing, IntervalGroup, Tick};

use model::EventTime;
use model::time::{HOUR_MS, MINUTE_MS};

/// Length of a bin.
pub const BIN_MS: i64 = 10 * MINUTE_MS;
/// A ship is present in a bin if it was heard within so many bins before and so many after.
pub const PRESENCE_BINS: i64 = 6;
/// A failure is noticed at most so many bins after the first that it concerns.
pub const NOTICED_BINS: i64 = 8;

/// Late reports reach back this far, and what was heard then must still be known.
const MEMORY_BINS: i64 = 72 * HOUR_MS / BIN_MS + 2 * PRESENCE_BINS;

/// The bin that holds a time.
#[must_use]
pub fn bin_of(t: EventTime) -> i64 {
    t.0.div_euclid(BIN_MS)
}

/// First moment of a bin.
#[must_use]
pub fn bin_start(bin: i64) -> EventTime {
    EventTime(bin * BIN_MS)
}

/// First moment after a bin.
#[must_use]
pub fn bin_end(bin: i64) -> EventTime {
    EventTime((bin + 1) * BIN_MS)
}
