//! What a ship transmitted: position reports, static reports, and reports without a position.

use alloc::sync::Arc;
use core::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{EventTime, Mmsi, Position, Statics};

/// AIS message type, 1…27.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageType(pub u8);

impl MessageType {
    /// Class of the transponder that sends this type.
    #[must_use]
    pub fn class(self) -> Class {
        if matches!(self.0, 18 | 19 | 24) { Class::B } else { Class::A }
    }

    /// Whether such a position report is for long range, its place to 1/10 of a minute (type 27).
    #[must_use]
    pub fn is_long_range(self) -> bool {
        self.0 == 27
    }

    /// Whether such a position report tells static values too.
    #[must_use]
    pub fn has_static_part(self) -> bool {
        self.0 == 19
    }
}

/// Transponder class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Class A, as SOLAS ships carry it.
    A,
    /// Class B.
    B,
}

/// The first 168 bits of a payload, most significant first, and a hash of whatever follows.
///
/// Orders as the payload's bytes do, and is equal only if the payloads are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Payload(pub [u64; 3]);

/// The first 168 bits of a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head(pub [u8; Head::BYTES]);

impl Head {
    /// Bytes of them.
    pub const BYTES: usize = 21;
}

impl Serialize for Head {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Head, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Head;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} bytes", Head::BYTES)
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Head, E> {
                bytes.try_into().map(Head).map_err(|_| E::invalid_length(bytes.len(), &self))
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

impl Payload {
    /// What stands in the last three bytes of a payload that has no more than a position report needs: how many bits it has.
    const SHORT: u64 = 8 * Head::BYTES as u64;

    /// All of it, if it has as many bits as a head.
    #[must_use]
    pub fn head(self) -> Option<Head> {
        let mut bytes = [0; 24];
        for (bytes, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        let (head, length) = bytes.split_first_chunk()?;
        (length == &Payload::SHORT.to_be_bytes()[5..]).then_some(Head(*head))
    }

    /// The 64-bit fingerprint by which duplicates of one ship's messages are known.
    #[must_use]
    pub fn fingerprint(self, mmsi: Mmsi, kind: MessageType) -> u64 {
        let head = crate::hash::mix(self.0[0] ^ u64::from(mmsi.0), self.0[1] ^ u64::from(kind.0));
        crate::hash::mix(head, self.0[2])
    }
}

/// Where a report was read. Twelve bytes, not sixteen: each report has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(Rust, packed(4))]
pub struct Origin {
    /// Number of the input, in the order given.
    pub input: u32,
    /// Line or row in it, from 1 (or offset in a partition).
    pub line: u64,
}

/// What told the time of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeSource {
    /// TAG block `c:`.
    Tag,
    /// A stamp before the sentence.
    Prefix,
    /// A stamp behind the checksum.
    Suffix,
    /// A `$PGHP` line.
    Pghp,
    /// An RMC or ZDA sentence.
    Clock,
    /// A column of a table or a key of an object.
    Column,
    /// Given by the user for lines that have none.
    Assumed,
}

/// A message that tells where a ship is: types 1, 2, 3, 18, 19, 27, or a row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionReport {
    /// Event time.
    pub t: EventTime,
    /// The ship.
    pub mmsi: Mmsi,
    /// Where it says it is.
    pub position: Position,
    /// Speed over ground in 0.1 kn.
    pub sog: Option<u16>,
    /// Course over ground in 0.1°.
    pub cog: Option<u16>,
    /// True heading in degrees.
    pub heading: Option<u16>,
    /// Navigational status (ITU-R M.1371-5 table 45).
    pub nav_status: Option<u8>,
    /// Message type; a row counts as 1 or 18.
    pub kind: MessageType,
    /// How many input lines this report was made of.
    pub lines: u8,
    /// Payload bits, for order and duplicates.
    pub payload: Payload,
    /// Where it was read.
    pub origin: Origin,
    /// Static values that came with it (type 19 and rows).
    pub statics: Option<Arc<Statics>>,
}

impl PositionReport {
    /// Whether the ship moves, so that it does not send the same payload again: it holds the UTC
    /// second, the position and the radio state.
    #[must_use]
    pub fn is_unrepeatable(&self) -> bool {
        const MOVING: u16 = 10;
        matches!(self.kind.0, 1..=3 | 18 | 19) && self.sog.is_some_and(|sog| sog > MOVING)
    }
}

/// A message that tells who a ship is: types 5 and 24.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaticReport {
    /// Event time.
    pub t: EventTime,
    /// The ship.
    pub mmsi: Mmsi,
    /// Message type.
    pub kind: MessageType,
    /// How many input lines this report was made of.
    pub lines: u8,
    /// Payload bits, for order and duplicates.
    pub payload: Payload,
    /// Where it was read.
    pub origin: Origin,
    /// The values.
    pub statics: Arc<Statics>,
}

/// A position message whose position is not available: it proves transmission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoPositionReport {
    /// Event time.
    pub t: EventTime,
    /// The ship.
    pub mmsi: Mmsi,
    /// Message type.
    pub kind: MessageType,
    /// How many input lines this report was made of.
    pub lines: u8,
    /// Payload bits, for order.
    pub payload: Payload,
    /// Where it was read.
    pub origin: Origin,
    /// Static values that came with it.
    pub statics: Option<Arc<Statics>>,
}

/// Anything a ship sent that the core takes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transmission {
    /// Where it is.
    Position(PositionReport),
    /// Who it is.
    Static(StaticReport),
    /// That it transmits, but not where it is.
    NoPosition(NoPositionReport),
}

impl Transmission {
    /// Event time.
    #[must_use]
    pub fn t(&self) -> EventTime {
        match self {
            Transmission::Position(report) => report.t,
            Transmission::Static(report) => report.t,
            Transmission::NoPosition(report) => report.t,
        }
    }

    /// Overwrites the event time (for inputs whose time is assumed).
    pub fn set_t(&mut self, t: EventTime) {
        match self {
            Transmission::Position(report) => report.t = t,
            Transmission::Static(report) => report.t = t,
            Transmission::NoPosition(report) => report.t = t,
        }
    }

    /// The ship.
    #[must_use]
    pub fn mmsi(&self) -> Mmsi {
        match self {
            Transmission::Position(report) => report.mmsi,
            Transmission::Static(report) => report.mmsi,
            Transmission::NoPosition(report) => report.mmsi,
        }
    }

    /// Message type.
    #[must_use]
    pub fn kind(&self) -> MessageType {
        match self {
            Transmission::Position(report) => report.kind,
            Transmission::Static(report) => report.kind,
            Transmission::NoPosition(report) => report.kind,
        }
    }

    /// Payload bits.
    #[must_use]
    pub fn payload(&self) -> Payload {
        match self {
            Transmission::Position(report) => report.payload,
            Transmission::Static(report) => report.payload,
            Transmission::NoPosition(report) => report.payload,
        }
    }

    /// What it says of the ship, if it says anything.
    #[must_use]
    pub fn statics(&self) -> Option<&Arc<Statics>> {
        match self {
            Transmission::Position(report) => report.statics.as_ref(),
            Transmission::Static(report) => Some(&report.statics),
            Transmission::NoPosition(report) => report.statics.as_ref(),
        }
    }

    /// How many input lines this was made of.
    #[must_use]
    pub fn lines(&self) -> u64 {
        u64::from(match self {
            Transmission::Position(report) => report.lines,
            Transmission::Static(report) => report.lines,
            Transmission::NoPosition(report) => report.lines,
        })
    }

    /// Where it was read.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Transmission::Position(report) => report.origin,
            Transmission::Static(report) => report.origin,
            Transmission::NoPosition(report) => report.origin,
        }
    }
}
