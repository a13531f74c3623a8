//! Ships seen by other means than what they transmit (radar, cameras, radio): what was given, and what was made of it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::alert::Grade;
use crate::{Class, EventTime, Fix, Mmsi, Origin, PortIndex, Statics, TrackId};

/// A ship seen at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// The id that it came with, or one made of its content.
    pub id: String,
    /// When and where.
    pub fix: Fix,
    /// Measured length in 0.1 m.
    pub length: Option<u32>,
    /// How sure it is that there was a ship, 0 to 1.
    pub confidence: f64,
    /// How far from there it may have been, metres.
    pub accuracy_m: f64,
    /// What saw it.
    pub sensor: Option<String>,
    /// The MMSI by which whoever looked at it knew the ship.
    pub mmsi: Option<Mmsi>,
    /// The IMO number by which he knew it.
    pub imo: Option<u32>,
    /// Where it was read.
    pub origin: Origin,
}

impl Sighting {
    /// The class of transponder that ships of its length have: class A, which is to be heard, unless it is shorter than 20 m.
    #[must_use]
    pub fn class(&self) -> Class {
        const SMALL: u32 = 200;
        if self.length.is_some_and(|length| length < SMALL) { Class::B } else { Class::A }
    }

    /// Whether somebody said which ship it is.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        self.mmsi.is_some() || self.imo.is_some()
    }

    /// Whether it can be a ship of this MMSI and IMO number, as far as somebody said which it is.
    #[must_use]
    pub fn can_be(&self, mmsi: Mmsi, imo: Option<u32>) -> bool {
        match (self.imo, imo) {
            // The IMO number is the ship's, the MMSI its owner's.
            (Some(seen), Some(told)) => seen == told,
            (Some(_), None) => self.mmsi == Some(mmsi),
            (None, _) => self.mmsi.is_none_or(|seen| seen == mmsi),
        }
    }
}

/// A report close to a sighting in place and time, or one of the ship that it is said to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Near {
    /// Which ship.
    pub track: TrackId,
    /// When and where.
    pub fix: Fix,
    /// Speed over ground in 0.1 kn.
    pub sog: Option<u16>,
    /// Course over ground in 0.1°.
    pub cog: Option<u16>,
    /// What the ship has said of itself.
    pub statics: Arc<Statics>,
}

/// What is known of a track at the end.
#[derive(Clone, Debug, PartialEq)]
pub struct LastKnown {
    /// Which.
    pub track: TrackId,
    /// Its last accepted report.
    pub fix: Fix,
    /// Its last message of any kind.
    pub heard: EventTime,
    /// The most that it can keep, knots.
    pub speed_kn: f64,
    /// What the ship has said of itself.
    pub statics: Arc<Statics>,
}

/// What a sighting says of what was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A ship of which it was told that it is dark was where it could be.
    Corroborated,
    /// A ship was where what was told of it, or what it told itself, does not let it be.
    Contradicted,
    /// A ship that is merely not heard there was where it could be.
    Unheard,
    /// Several ships may have been it, none of them likelier than not, and it is less likely than not that it was none of them.
    Ambiguous,
    /// No ship that is known explains it: a dark vessel, or a false alarm.
    Unmatched,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 5] = [
        Verdict::Corroborated,
        Verdict::Contradicted,
        Verdict::Unheard,
        Verdict::Ambiguous,
        Verdict::Unmatched,
    ];

    /// The name in alerts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Corroborated => "corroborated",
            Verdict::Contradicted => "contradicted",
            Verdict::Unheard => "unheard",
            Verdict::Ambiguous => "ambiguous",
            Verdict::Unmatched => "unmatched",
        }
    }
}

impl Suspect {
    /// Whether it was told of this silence that the ship is dark, with more than not knowing how it is heard.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        self.grade.is_some_and(|grade| grade >= Grade::Suspected)
    }
}

/// What is known of the ship that somebody said it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Named {
    /// No position of it was heard.
    NeverHeard,
    /// By what it says of itself, it is not as long as what was seen.
    OtherLength(Arc<Statics>),
    /// It was heard.
    Heard(Arc<Statics>),
}

/// A ship that may have been seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// Which.
    pub track: TrackId,
    /// What it said of itself.
    pub statics: Arc<Statics>,
    /// Share of belief.
    pub p: f64,
    /// The last fix before.
    pub start: Fix,
    /// The first fix after.
    pub end: Option<Fix>,
    /// The way from the last fix, metres.
    pub out_m: f64,
    /// The way to the first fix after, metres.
    pub on_m: Option<f64>,
    /// Speed taken, 0.1 kn.
    pub speed: u16,
    /// The grade of the dark alert that covers it.
    pub grade: Option<Grade>,
    /// Alerts of the same silence.
    pub related: Vec<u64>,
}

/// What was made of a sighting that no transmitting ship explains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matched {
    /// The sighting.
    pub sighting: Arc<Sighting>,
    /// Others that are of the same target.
    pub also: Vec<Arc<Sighting>>,
    /// What it says.
    pub verdict: Verdict,
    /// Ships that it may have been, likeliest first.
    pub suspects: Vec<Suspect>,
    /// Share of belief of the ships in reach that are not among them.
    pub others: f64,
    /// Share of "no ship that is known".
    pub none: f64,
    /// How many ships were in reach in all.
    pub in_reach: u32,
    /// What is known of the ship that somebody said it was.
    pub named: Option<Named>,
    /// Whether there was no room for all that was heard around it.
    pub is_partial: bool,
    /// Whether the first of them is the ship that the alert is about.
    pub is_told: bool,
    /// Whether that ship cannot have come there by its own positions.
    pub is_misfit: bool,
    /// The share of bins of ten minutes in which ships of class A are heard there; `None`: unknown.
    pub heard_here: Option<f64>,
    /// The port in which it was seen.
    pub at: Option<PortIndex>,
    /// Ports in question at which the ship can have called though it came by here.
    pub possible: Vec<PortIndex>,
    /// Ports in question at which it cannot have called if it came by here.
    pub impossible: Vec<PortIndex>,
}

impl Matched {
    /// The ship that the alert is about.
    #[must_use]
    pub fn ship(&self) -> Option<&Suspect> {
        self.suspects.first().filter(|_| self.is_told)
    }

    /// The share of belief that the verdict rests on.
    #[must_use]
    pub fn score(&self) -> f64 {
        match self.verdict {
            Verdict::Unmatched => self.none,
            Verdict::Corroborated | Verdict::Contradicted | Verdict::Unheard | Verdict::Ambiguous => {
                self.suspects.first().map_or(0.0, |best| best.p)
            }
        }
    }

    /// Whether it was told of one of the ships that it is dark.
    #[must_use]
    pub fn any_is_dark(&self) -> bool {
        self.suspects.iter().any(Suspect::is_dark)
    }
}
