//! Alerts: what people are told, each revision of it. Facts come with it; judgements are made here explicit.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    Cell, EventTime, Fact, FactKey, Fix, Mmsi, Origin, PortIndex, Position, StaticKey, Statics, TimeSpan,
    TrackId,
};

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AlertKind {
    /// A ship is silent where it should be heard.
    #[serde(rename = "dark")]
    Dark,
    /// A hop between ports.
    #[serde(rename = "hop")]
    Hop,
    /// A hop with a dark period on the way.
    #[serde(rename = "hop.dark")]
    DarkHop,
    /// Two ships use one MMSI.
    #[serde(rename = "identity.conflict")]
    IdentityConflict,
    /// A ship says that it is another.
    #[serde(rename = "identity.changed")]
    IdentityChanged,
    /// Positions of many ships jump.
    #[serde(rename = "gnss.interference")]
    Interference,
    /// A silent ship could be at a listed port by now.
    #[serde(rename = "port.in_reach")]
    InReach,
    /// A visit to a port.
    #[serde(rename = "port.visit")]
    Visit,
    /// A ship transmits, but not where it is.
    #[serde(rename = "position.withheld")]
    Withheld,
    /// A receiver has failed.
    #[serde(rename = "reception.outage")]
    Outage,
    /// A receiver's clock is off.
    #[serde(rename = "source.clock")]
    SourceClock,
    /// A ship was seen by other means, and no ship that transmits explains it.
    #[serde(rename = "sighting")]
    Sighting,
}

impl AlertKind {
    /// All kinds, in the order of their names.
    pub const ALL: [AlertKind; 12] = [
        AlertKind::Dark,
        AlertKind::Interference,
        AlertKind::Hop,
        AlertKind::DarkHop,
        AlertKind::IdentityChanged,
        AlertKind::IdentityConflict,
        AlertKind::InReach,
        AlertKind::Visit,
        AlertKind::Withheld,
        AlertKind::Outage,
        AlertKind::Sighting,
        AlertKind::SourceClock,
    ];

    /// The name in alerts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AlertKind::Dark => "dark",
            AlertKind::Hop => "hop",
            AlertKind::DarkHop => "hop.dark",
            AlertKind::IdentityConflict => "identity.conflict",
            AlertKind::IdentityChanged => "identity.changed",
            AlertKind::Interference => "gnss.interference",
            AlertKind::InReach => "port.in_reach",
            AlertKind::Visit => "port.visit",
            AlertKind::Withheld => "position.withheld",
            AlertKind::Outage => "reception.outage",
            AlertKind::Sighting => "sighting",
            AlertKind::SourceClock => "source.clock",
        }
    }
}

/// What an alert is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// New.
    Open,
    /// Changed.
    Updated,
    /// Over.
    Closed,
    /// Was none.
    Retracted,
}

impl Status {
    /// The name in alerts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Updated => "updated",
            Status::Closed => "closed",
            Status::Retracted => "retracted",
        }
    }
}

/// How sure it is that a ship is dark, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Silent for long, where nobody knows whether it would be heard. Never more than a suspicion.
    UnknownReception,
    /// Silent where it should have been heard.
    Suspected,
    /// The same, for longer and with more evidence.
    Probable,
    /// Hardly anything else explains it.
    Strong,
}

impl Grade {
    /// The grades that claim something, lowest first.
    pub const CLAIMS: [Grade; 3] = [Grade::Suspected, Grade::Probable, Grade::Strong];

    /// The name in alerts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Grade::UnknownReception => "unknown_reception",
            Grade::Suspected => "suspected",
            Grade::Probable => "probable",
            Grade::Strong => "strong",
        }
    }
}

/// What a silence is put down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The ship does not transmit.
    Vessel,
    /// It might not be heard where it is.
    Reception,
    /// A receiver has failed.
    Outage,
    /// It lies at a berth.
    Berth,
    /// It transmits, but not where it is.
    Withheld,
    /// Positions around it are jammed.
    Interference,
    /// It was about to leave the area in which ships are heard.
    CoverageExit,
}

impl Cause {
    /// The name in alerts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Cause::Vessel => "vessel",
            Cause::Reception => "reception",
            Cause::Outage => "outage",
            Cause::Berth => "berth",
            Cause::Withheld => "withheld",
            Cause::Interference => "interference",
            Cause::CoverageExit => "coverage_exit",
        }
    }
}

/// How urgent an alert is, lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To be read some time.
    #[default]
    Info,
    /// To be read today.
    Notice,
    /// To be looked at now.
    Warning,
    /// To be acted on now.
    Critical,
}

impl Severity {
    /// The name in alerts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// What stays the same while an alert is revised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// The kind.
    pub kind: AlertKind,
    /// The ship; `None` for alerts that belong to none.
    pub track: Option<TrackId>,
    /// Time of the fix that anchors it.
    pub start: EventTime,
    /// The port of a visit, a hop's arrival or a port in reach.
    pub port: Option<PortIndex>,
}

/// The ship of an alert as known at the time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vessel {
    /// Which ship.
    pub track: TrackId,
    /// What it said of itself.
    pub statics: Arc<Statics>,
    /// Entries of the watch rules' list of ships that it matches.
    pub listed: SmallVec<[u32; 1]>,
}

/// One revision of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// From kind, track and anchor, as they were at the first emission.
    pub id: u64,
    /// 0, 1, 2 …
    pub revision: u32,
    /// What it is about.
    pub key: AlertKey,
    /// What it is now.
    pub status: Status,
    /// How urgent.
    pub severity: Severity,
    /// Event time of the report or deadline that decided this revision.
    pub at: EventTime,
    /// Event time at which this was known: `at`, or later if a late report decided it.
    pub told: EventTime,
    /// The ship, if it is about one.
    pub vessel: Option<Vessel>,
    /// The content.
    pub finding: Finding,
    /// Where the deciding reports were read.
    pub inputs: SmallVec<[Origin; 2]>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Finding {
    /// A dark period.
    Dark(Arc<DarkPeriod>),
    /// A visit or a hop.
    Fact(Arc<FactTold>),
    /// A hop with a dark period, or the open leg of a silent ship.
    DarkHop(Arc<DarkHop>),
    /// A listed port in reach.
    InReach(Arc<InReach>),
    /// A ship that transmits without a position.
    Withheld(Withheld),
    /// Two ships under one MMSI.
    Conflict(Conflict),
    /// A ship that says it is another.
    Changed(Arc<Changed>),
    /// A matter of reception, which belongs to no ship.
    Notice(Arc<Notice>),
    /// A ship seen by other means.
    Sighting(Arc<crate::sighting::Matched>),
}

/// A silence that is judged to be dark, of one part or of several with single reports between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DarkPeriod {
    /// How sure.
    pub grade: Grade,
    /// Put down to what.
    pub cause: Cause,
    /// The silence score S.
    pub score: f64,
    /// The silences.
    pub parts: Vec<DarkPart>,
    /// The report after the last part.
    pub end: Option<Fix>,
    /// Why it is over.
    pub ending: Option<Ending>,
    /// Silent up to now or to its end, milliseconds.
    pub silent_ms: i64,
    /// Reports in the hour of the start up to it and the 12 full hours before.
    pub reports_12h: u32,
    /// Interval at which its reports were expected.
    pub interval_ms: i64,
    /// The most that it can keep, in 0.1 kn.
    pub speed: u16,
    /// Static values that changed across it.
    pub changed: Vec<(StaticKey, Arc<Statics>, Arc<Statics>)>,
    /// Static reports heard in it.
    pub heard_static: u32,
    /// A ship with the same IMO number and another MMSI, heard since.
    pub continued_as: Option<Mmsi>,
    /// Listed ports in reach, nearest in time first.
    pub in_reach: Vec<PortReach>,
    /// Ports in reach of any kind.
    pub ports_in_reach: u32,
    /// Where it could have called, once it was heard again.
    pub candidates: Candidates,
    /// The berth at which it fell silent.
    pub berth: Option<PortIndex>,
    /// Whether another ship with the same MMSI was close.
    pub ambiguous: bool,
}

/// One silence of a dark period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DarkPart {
    /// The last fix before it.
    pub start: Fix,
    /// The last message before it.
    pub heard: EventTime,
    /// The message after it.
    pub until: Option<EventTime>,
    /// Share of bins in which this ship was heard where others were, in the 12 h before.
    pub own: f64,
    /// The same after a bin in which it was not heard.
    pub own_next: f64,
    /// What each bin of ten minutes adds to the score.
    pub bins: Vec<BinScore>,
}

/// What one bin of ten minutes says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BinScore {
    /// Start of the bin.
    pub t: EventTime,
    /// Where the ship would be heard.
    pub cell: Cell,
    /// Share of bins in which a ship there is heard; `None`: unknown.
    pub q: Option<f64>,
    /// Whether others were heard there: 1, 0, or 0.5 where too few are to tell; `None`: nobody can say.
    pub alive: Option<f64>,
    /// Up to three others that were heard close by.
    pub witnesses: SmallVec<[Mmsi; 3]>,
    /// What it adds.
    pub score: f64,
}

/// Why a dark period is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It is heard again.
    Heard,
    /// Nothing was heard for 30 days.
    Expired,
}

/// A port that a silent ship could have reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortReach {
    /// The port.
    pub port: PortIndex,
    /// Distance by water, metres.
    pub distance_m: f64,
    /// From when on.
    pub from: EventTime,
}

/// Ports at which a ship could have called while nobody saw it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Candidates {
    /// Likeliest first; the shares of all and of `none` add up to 1.
    pub ports: Vec<Candidate>,
    /// Share of "none of these".
    pub none: f64,
    /// How many ports were feasible in all.
    pub feasible: u32,
    /// Two calls on one way.
    pub chains: Vec<(PortIndex, PortIndex)>,
    /// Whether the search was cut off at its limit.
    pub is_cut: bool,
    /// Duration less the direct way at the ship's speed, milliseconds.
    pub unexplained_ms: Option<i64>,
}

/// One such port.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The port.
    pub port: PortIndex,
    /// Share of belief.
    pub p: f64,
    /// Could have been there from then on.
    pub earliest_arrival: EventTime,
    /// Must have left by then; `None` while silent.
    pub latest_departure: Option<EventTime>,
    /// Longest stay.
    pub longest_stay_ms: Option<i64>,
}

/// A visit or hop as told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactTold {
    /// Which.
    pub key: FactKey,
    /// Complete or so far.
    pub fact: Fact,
    /// Another ship with the same MMSI was close.
    pub ambiguous: bool,
    /// The visit at its end may still prove a transit.
    pub provisional: bool,
}

/// A hop with a dark period on the way, or the open leg of a silent ship.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DarkHop {
    /// The hop; `None` while the ship is silent.
    pub hop: Option<Arc<FactTold>>,
    /// The port left.
    pub from: PortIndex,
    /// Last fix inside it.
    pub departure: Fix,
    /// The dark periods on the way.
    pub periods: Vec<TimeSpan>,
    /// The highest grade among them.
    pub grade: Grade,
    /// Its score.
    pub score: f64,
    /// Where it could have called between.
    pub candidates: Candidates,
    /// Whether this ship made this hop before, as far as remembered.
    pub is_new_route: bool,
    /// Earlier dark hops of this ship with the same ends, as far as remembered.
    pub same_before: u32,
}

/// A listed port that a silent ship could have reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InReach {
    /// The last fix before the silence.
    pub start: Fix,
    /// The port.
    pub reach: PortReach,
    /// Speed taken, 0.1 kn.
    pub speed: u16,
    /// How many ports were in reach before it, plus one.
    pub rank: u32,
    /// The grade of the dark period.
    pub grade: Grade,
    /// Its score.
    pub score: f64,
    /// Where it could be by now.
    pub candidates: Candidates,
    /// The fix after the silence.
    pub end: Option<Fix>,
}

/// A ship that transmits without a position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Withheld {
    /// The last fix before.
    pub start: Fix,
    /// The first fix after.
    pub end: Option<Fix>,
    /// From the first to the last message without a position.
    pub span: TimeSpan,
    /// How many such messages, those of one moment counted once.
    pub messages: u32,
}

/// Two ships under one MMSI.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// Last fix of the track heard before.
    pub known: Fix,
    /// The track heard before.
    pub other: TrackId,
    /// First fix of the new one.
    pub new: Fix,
    /// Distance between the two.
    pub distance_m: f64,
}

/// A ship that says it is another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// The fix before.
    pub start: Fix,
    /// The fix after.
    pub end: Option<Fix>,
    /// What it said before.
    pub before: Arc<Statics>,
    /// What it says since.
    pub after: Arc<Statics>,
    /// Which values differ.
    pub keys: Vec<StaticKey>,
    /// The MMSI that goes on with the story, if it is another.
    pub continued_as: Option<Mmsi>,
}

/// Something that belongs to no ship.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Outage, clock or interference.
    pub kind: AlertKind,
    /// When it began.
    pub start: EventTime,
    /// When it was noticed.
    pub at: EventTime,
    /// Where: the middle of it.
    pub centre: Option<Position>,
    /// How far around, metres.
    pub radius_m: f64,
    /// Ships concerned.
    pub ships: u32,
    /// Ships concerned of those that were there.
    pub of: u32,
    /// Some of the ships.
    pub examples: SmallVec<[Mmsi; 3]>,
    /// Hash of the receiver's or station's name, 0 where it is a place.
    pub receiver: u64,
    /// How far its clock is ahead, milliseconds; 0 unless that is what it is about.
    pub ahead_ms: i64,
}

/// What the core tells: changes of facts, and alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Told {
    /// A fact is new, has changed, or has turned out not to be.
    Fact(crate::FactChange),
    /// A revision of an alert.
    Alert(Arc<Alert>),
    /// A report that somebody asked for: it is close to a sighting.
    Near(crate::sighting::Near),
    /// Reports of this track that were told as close were a false fix.
    TakenBack(TrackId),
}

impl AlertKey {
    /// The identity of an alert with this key; `port` is the id of its port.
    #[must_use]
    pub fn id(&self, port: &str) -> u64 {
        let ship = self.track.map_or(0, |track| u64::from(track.mmsi.0) << 32 | u64::from(track.number));
        let head = crate::hash::mix(ship, self.start.0 as u64);
        let kind = self.kind.name().as_bytes();
        crate::hash::mix(head, crate::hash::bytes(crate::hash::bytes(0, port.as_bytes()), kind))
    }
}
