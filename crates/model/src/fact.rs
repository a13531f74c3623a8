//! Facts: what follows from the accepted reports of a track in time order, and from nothing else.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{EventTime, Mmsi, PortIndex, Position, Rare, StaticKey, Statics};

/// Where and when a report put a ship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fix {
    /// When.
    pub t: EventTime,
    /// Where.
    pub position: Position,
}

/// A track with fewer reports than this, alone, may have been a false fix: all that was told of it can be taken back.
pub const YOUNG_REPORTS: u32 = 3;

/// One of the ships that use an MMSI. Number 1 is printed as the bare MMSI, others as `MMSI#n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrackId {
    /// The identity it transmits.
    pub mmsi: Mmsi,
    /// Which of the ships with that identity, from 1.
    pub number: u32,
}

impl core::fmt::Display for TrackId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.number {
            1 => write!(f, "{}", self.mmsi.0),
            number => write!(f, "{}#{number}", self.mmsi.0),
        }
    }
}

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimeSpan {
    /// Its start.
    pub start: EventTime,
    /// Its end.
    pub end: EventTime,
}

impl TimeSpan {
    /// Length in milliseconds.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        self.end.0 - self.start.0
    }

    /// How much of both is common, in milliseconds.
    #[must_use]
    pub fn overlap_ms(self, other: TimeSpan) -> i64 {
        (self.end.0.min(other.end.0) - self.start.0.max(other.start.0)).max(0)
    }
}

/// A time known only within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// The time printed.
    pub t: EventTime,
    /// Not before this.
    pub not_before: EventTime,
    /// Not after this.
    pub not_after: EventTime,
}

/// Static reports heard during a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardStatic {
    /// How many.
    pub count: u32,
    /// The first.
    pub first: EventTime,
    /// The last.
    pub last: EventTime,
}

/// Two consecutive reports of a track at least 30 min apart, or a part of that time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Accepted report before.
    pub start: Fix,
    /// Accepted report after.
    pub end: Fix,
    /// The messages around it; its duration runs between them.
    pub heard: TimeSpan,
    /// Great-circle distance between the fixes, metres.
    pub distance_m: f64,
    /// Implied speed between the fixes, knots.
    pub speed_kn: Option<f64>,
    /// Accepted reports in the hour of the start fix up to it and the 12 full hours before.
    pub reports_12h: u32,
    /// How many the ITU reporting intervals would have given.
    pub expected_12h: i64,
    /// Last values up to the start.
    pub static_before: Statics,
    /// First values within 60 min of the end.
    pub static_after: Statics,
    /// Static reports in between.
    pub heard_static: Option<HeardStatic>,
}

impl Silence {
    /// What changed across the silence.
    #[must_use]
    pub fn changed(&self) -> Vec<StaticKey> {
        self.static_before.changed(&self.static_after)
    }
}

/// What a visit amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum VisitClass {
    /// One isolated report inside.
    Single,
    /// Passed through.
    Transit,
    /// Fell silent for 4 h or more inside, no stop seen.
    GapCall,
    /// Stopped inside.
    Call,
}

impl VisitClass {
    /// The name in facts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            VisitClass::Single => "single",
            VisitClass::Transit => "transit",
            VisitClass::GapCall => "gap_call",
            VisitClass::Call => "call",
        }
    }

    /// Whether the visit can be an end of a hop.
    #[must_use]
    pub fn is_call(self) -> bool {
        self >= VisitClass::GapCall
    }
}

/// A stay inside a port's area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// The port.
    pub port: PortIndex,
    /// First report inside.
    pub first_inside: Fix,
    /// Last report inside.
    pub last_inside: Fix,
    /// When it came in; `None` if no report before is known.
    pub entry: Option<Crossing>,
    /// When it left; `None` while it has not.
    pub exit: Option<Crossing>,
    /// Times at rest.
    pub stops: Rare<TimeSpan>,
    /// Silences of 4 h or more whose first fix is inside.
    pub gaps: Rare<TimeSpan>,
    /// What it amounts to.
    pub class: VisitClass,
}

impl Visit {
    /// Confidence 1…4.
    #[must_use]
    pub fn confidence(&self) -> u8 {
        match self.class {
            VisitClass::Call => 2 + u8::from(self.entry.is_some()) + u8::from(self.exit.is_some()),
            VisitClass::GapCall => 2,
            VisitClass::Transit | VisitClass::Single => 1,
        }
    }
}

/// Two consecutive calls of a track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// Port left.
    pub from: PortIndex,
    /// Port reached.
    pub to: PortIndex,
    /// Last fix inside the port left.
    pub departure: Fix,
    /// First fix inside the port reached.
    pub arrival: Fix,
    /// Exit of the visit left.
    pub exit: Option<Crossing>,
    /// Entry of the visit reached.
    pub entry: Option<Crossing>,
    /// Great-circle distance, metres.
    pub distance_gc_m: f64,
    /// Sum of the legs between reports, metres.
    pub distance_sailed_m: f64,
    /// Sailed distance over duration, knots.
    pub mean_speed_kn: Option<f64>,
    /// Silences that overlap it.
    pub silences: Vec<TimeSpan>,
    /// 1 − silent time / length.
    pub observed_share: f64,
    /// Whether a silence overlaps the exit, or less than half was observed.
    pub through_silence: bool,
    /// Last draught up to the exit, 0.1 m.
    pub draught_before: Option<u16>,
    /// First draught from the entry on, within 24 h, 0.1 m.
    pub draught_after: Option<u16>,
    /// Last destination up to the exit.
    pub destination_before: Option<CompactString>,
    /// First destination from the entry on, within 24 h.
    pub destination_after: Option<CompactString>,
}

/// A fact about one track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// The ship was not heard.
    Silence(Box<Silence>),
    /// The ship was in a port's area.
    Visit(Visit),
    /// The ship went from one port to another.
    Hop(Box<Hop>),
}

/// Nearly all are visits: a hundred thousand ships in ports have one each.
const _: () = assert!(size_of::<Fact>() <= 120);

/// Kinds of facts, in sort order of their printed names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FactKind {
    /// `hop`
    Hop,
    /// `silence`
    Silence,
    /// `visit`
    Visit,
}

/// What stays the same while a fact is revised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FactKey {
    /// The track.
    pub track: TrackId,
    /// Time of the fact's first fix (silence: of the message at its start).
    pub start: EventTime,
    /// The kind.
    pub kind: FactKind,
    /// Visit: the port. Hop: the port reached.
    pub port: Option<PortIndex>,
}

/// A fact that is new, has changed, or has turned out not to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactChange {
    /// Which fact.
    pub key: FactKey,
    /// As it is now; `None`: it is none.
    pub fact: Option<Fact>,
    /// Whether it was told before.
    pub was_told: bool,
    /// Whether another ship with the same identity was close.
    pub ambiguous: bool,
    /// Event time of the report or deadline that decided this.
    pub at: EventTime,
    /// Event time at which this was known: `at`, or later if a late report decided it.
    pub told: EventTime,
    /// What the ship said of itself up to then.
    pub vessel: Arc<Statics>,
}
