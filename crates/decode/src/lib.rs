//! Bytes to reports.
//!
//! Every line in gives lines of exactly one fate out: a [`Transmission`] that the next stage
//! judges, or a [`Fate`] that is final. Nothing here fails, blocks or knows a clock.
#![no_std]

extern crate alloc;

pub mod bits;
mod eight;
pub mod json;
pub mod message;
pub mod nmea;
pub mod rare;
pub mod table;

use model::{EventTime, Fate, Mmsi, Origin, Position, Reason, Transmission};
use serde::{Deserialize, Serialize};

use rare::Landmark;

/// Settings of all decoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Later stamps are `bad_time`: files, 24 h ahead of the present; live, 10 min ahead of arrival.
    pub latest: EventTime,
    /// What a wrong checksum of a TAG block means.
    pub tag_checksum: TagChecksum,
}

/// What a wrong checksum of a TAG block means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagChecksum {
    /// The block is used and counted as `tag_warning`.
    #[default]
    Lenient,
    /// The line is rejected as `bad_tag`.
    Strict,
}

/// The earliest stamp that is believed: 1990-01-01T00:00:00Z.
pub const EARLIEST: EventTime = EventTime(631_152_000_000);

/// Live, stamps may be this far ahead of their arrival.
const LIVE_AHEAD_MS: i64 = 600_000;

impl Settings {
    /// What arrives at `t` on a live source cannot be much later than that.
    fn arrive(&mut self, t: EventTime) {
        self.latest = EventTime(t.0 + LIVE_AHEAD_MS);
    }

    /// Whether a stamp is believable at all.
    #[must_use]
    pub fn believes(&self, t: EventTime) -> bool {
        EARLIEST <= t && t <= self.latest
    }
}

/// One message with its time, whatever became of it: it counts for its source's highest stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When.
    pub t: EventTime,
    /// Who.
    pub mmsi: Mmsi,
}

/// A line or message, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Its time and sender, where it is a whole message that has both.
    pub stamp: Option<Stamp>,
    /// How many input lines it stands for.
    pub lines: u8,
    /// AIS message type, where it is a whole message.
    pub kind: Option<u8>,
    /// The station that heard it (a hash of its name), 0 where none is named.
    pub station: u64,
    /// Where it was read.
    pub origin: Origin,
    /// What it is.
    pub content: Content,
}

/// What is not larger is handed over without a call.
const _: () = assert!(size_of::<Decoded>() <= 128);

/// What a decoded line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A report for the next stage.
    Transmission(Transmission),
    /// A base station, aircraft or mark: its line is counted as [`Fate::OtherType`].
    Landmark(Landmark),
    /// Nothing for the next stage; counted.
    Fate(Fate),
}

impl Decoded {
    /// One line that is no message.
    #[must_use]
    pub fn line(fate: Fate, origin: Origin) -> Decoded {
        Decoded { stamp: None, lines: 1, kind: None, station: 0, origin, content: Content::Fate(fate) }
    }
}

/// What a position field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A position.
    At(Position),
    /// Not available.
    Absent,
    /// Outside the globe.
    OutOfRange,
}

impl Place {
    /// Judges a position in units of 10⁻⁶ degree; `None` stands for an empty field.
    #[must_use]
    pub fn from_units(lon: Option<i64>, lat: Option<i64>) -> Place {
        let (Some(lon), Some(lat)) = (lon, lat) else { return Place::Absent };
        if lon == 181_000_000 || lat == 91_000_000 {
            return Place::Absent;
        }
        Position::from_units(lon, lat).map_or(Place::OutOfRange, Place::At)
    }

    /// The reason to reject a report at this place, if there is one.
    #[must_use]
    pub fn fault(self) -> Option<Reason> {
        match self {
            Place::At(position) if position.is_null_island() => Some(Reason::NullIsland),
            Place::At(_) => None,
            Place::Absent => Some(Reason::NoPosition),
            Place::OutOfRange => Some(Reason::OutOfRange),
        }
    }
}
