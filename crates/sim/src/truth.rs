//! What really happened, for scoring: every call, every deliberate silence and every hop of every ship.
//!
//! Times are ms since the Unix epoch. Calls are clipped to the scenario; a call that begins at its start may have begun
//! before.

use crate::audibility::Listener;
use crate::fleet::{Class, Identity, Role, Weakness};
use crate::ledger::{History, Ledger};
use crate::reception::Window;
use crate::scenario::Scenario;
use crate::sphere::{NAUTICAL_MILE_M, Position, distance_m};
use crate::time::{EventTime, MINUTE_MS};
use crate::voyage::{self, Voyage};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// The tag of this format.
pub const SCHEMA: &str = "darkwake.truth/1";

/// The truth about a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the scenario.
    pub scenario: String,
    /// The seed of the feed.
    pub seed: u64,
    /// The first moment.
    pub start: EventTime,
    /// The first moment after it.
    pub end: EventTime,
    /// How much was written.
    pub counts: Counts,
    /// The ships, by MMSI.
    pub ships: Vec<ShipTruth>,
    /// Receivers that were out of order.
    pub outages: Vec<Outage>,
    /// Receivers whose clock is wrong all the time.
    #[serde(default)]
    pub clocks: Vec<Clock>,
}

/// How much a feed holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines.
    pub lines: u64,
    /// Bytes, line ends included.
    pub bytes: u64,
    /// Messages, each counted once however many stations heard it.
    pub messages: u64,
    /// Ships.
    pub ships: u64,
}

/// The truth about one ship.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipTruth {
    /// Its MMSI; the first one if it has several. Two ships can have the same.
    pub mmsi: u32,
    /// Its IMO number.
    pub imo: Option<u32>,
    /// Its name.
    pub name: String,
    /// `A` or `B`.
    pub class: String,
    /// Type of ship and cargo.
    pub ship_type: u8,
    /// Length in metres.
    pub length_m: u16,
    /// It is one of those that the scenario is about.
    pub watched: bool,
    /// Messages of it that at least one station heard.
    pub messages: u64,
    /// Its calls in time order.
    pub calls: Vec<Call>,
    /// The times in which it was silent on purpose.
    pub silences: Vec<Silence>,
    /// Single reports between two such times.
    pub blips: Vec<EventTime>,
    /// Its hops between calls that could be seen.
    pub hops: Vec<Hop>,
    /// Its share of the odds at which other ships are heard; below 1 if its transmitter is weak.
    #[serde(default = "whole")]
    pub own: f64,
    /// A weak transmitter fails for ten minutes at a time; else each single message has lower odds.
    #[serde(default)]
    pub fails_in_spells: bool,
    /// Half an hour and more between two heard positions while it sent.
    #[serde(default)]
    pub unheard: Vec<Unheard>,
    /// Whom it says it is later on, each from a moment on.
    #[serde(default)]
    pub aliases: Vec<Alias>,
    /// What is wrong with what it says of itself: `mid_unallotted`, `imo_check_digit`, `imo_near_miss`, `mmsi_shared`.
    #[serde(default)]
    pub flaws: Vec<String>,
}

/// Another identity of the same ship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// From here on.
    pub from: EventTime,
    /// Its MMSI.
    pub mmsi: u32,
    /// Its IMO number.
    pub imo: Option<u32>,
    /// Its name.
    pub name: String,
    /// Its call sign.
    pub callsign: String,
}

/// Time between two heard positions of a ship that sent all the while, longer than the feed's own spacing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unheard {
    /// The last heard before.
    pub start: EventTime,
    /// The first heard after.
    pub end: EventTime,
    /// Why.
    pub reason: UnheardReason,
}

/// Why a ship that sends is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnheardReason {
    /// No receiver reaches there, or hardly.
    Coverage,
    /// A receiver was out of order.
    Outage,
    /// Its transmitter is weak.
    Weak,
}

/// What a silence is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The transponder is off on purpose.
    #[default]
    Deliberate,
    /// The transponder is off while the ship lies at its berth.
    Berth,
    /// It sends, but "position not available".
    Withheld,
    /// It sends, but a false position, which it believes in.
    Jammed,
}

/// The probability that a ship that sends is heard, over the ten-minute bins of a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Audible {
    /// The smallest, 0 to 1.
    pub min: f64,
    /// The smallest in the first two hours.
    #[serde(default)]
    pub min_2h: f64,
    /// The mean, 0 to 1.
    pub mean: f64,
}

/// A true position in degrees, six digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Longitude.
    pub lon: f64,
    /// Latitude.
    pub lat: f64,
}

/// A stay in a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Id of the port.
    pub port: String,
    /// Arrival.
    pub start: EventTime,
    /// Departure.
    pub end: EventTime,
    /// The transponder was off all the time.
    pub hidden: bool,
}

/// A time in which the ship kept its position from others, or was kept from telling it.
///
/// Of kind deliberate and berth the transponder was off: no message has a time in start ≤ t < end. Blips cut a silence; its
/// parts follow each other within a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// The first moment.
    pub start: EventTime,
    /// The first moment after it.
    pub end: EventTime,
    /// Why.
    pub reason: String,
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
    /// Where the ship was at the start.
    #[serde(default)]
    pub from: Place,
    /// Where it was at the end.
    #[serde(default)]
    pub to: Place,
    /// The last position message that was heard before.
    #[serde(default)]
    pub heard_before: Option<EventTime>,
    /// The first position message that was heard after.
    #[serde(default)]
    pub heard_after: Option<EventTime>,
    /// How likely the ship would have been heard had it sent, at its true place, with its own weakness.
    #[serde(default)]
    pub audible: Audible,
    /// Hours of the clock before its start in which any ship was heard within about 10 km of where it started.
    #[serde(default)]
    pub history_h: u32,
    /// Hours from the first of them to its start.
    #[serde(default)]
    pub history_since_h: u32,
    /// Ids of the ports of hidden calls in it, in order.
    #[serde(default)]
    pub hidden_ports: Vec<String>,
}

/// From one visible call to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Port of departure.
    pub from: String,
    /// Port of arrival.
    pub to: String,
    /// Ports of the hidden calls between, in order.
    pub via: Vec<String>,
    /// There are such.
    pub hidden: bool,
    /// Departure from the first.
    pub departure: EventTime,
    /// Arrival at the last.
    pub arrival: EventTime,
}

/// A receiver that was out of order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Name of the station.
    pub station: String,
    /// The first moment.
    pub start: EventTime,
    /// The first moment after it.
    pub end: EventTime,
}

/// A receiver with a wrong clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Name of the station.
    pub station: String,
    /// How far the times of its lines are ahead of the truth, ms.
    pub ahead_ms: i64,
}

/// A way back to the same port counts as a hop if it led this far away (20 nm, EVENTS.md, 7).
const ROUND_TRIP_M: f64 = 20.0 * NAUTICAL_MILE_M;
/// A call is hidden if what was not silent of it is shorter, ms.
const BARELY_HEARD_MS: i64 = 5_000;
/// The shortest spell that is told as unheard, ms (EVENTS.md, 4).
const LONG_UNHEARD_MS: i64 = 30 * MINUTE_MS;
/// Parts of a silence between the reports of a burst are shorter than this, ms, and no silences.
const NO_SILENCE_MS: i64 = MINUTE_MS;

/// What the truth is taken from.
pub(crate) struct Record<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) seed: u64,
    pub(crate) ledger: &'a Ledger,
}

impl Record<'_> {
    fn listener(&self) -> Listener<'_> {
        Listener { scenario: self.scenario, seed: self.seed }
    }
}

fn whole() -> f64 {
    1.0
}

impl Truth {
    /// Writes it as indented JSON with a line end.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

impl ShipTruth {
    /// The truth about one of the ships.
    pub(crate) fn of(record: &Record<'_>, index: usize) -> Self {
        let ship = &record.scenario.ships[index];
        let (voyage, identity, within) = (&ship.voyage, &ship.identity, record.scenario.window());
        let calls: Vec<Call> = voyage.calls().iter().filter_map(|call| clip(call, voyage, within)).collect();
        Self {
            mmsi: identity.mmsi,
            imo: identity.imo,
            name: identity.name.clone(),
            class: match identity.class {
                Class::A => "A".to_owned(),
                Class::B => "B".to_owned(),
            },
            ship_type: identity.ship_type,
            length_m: identity.dimensions.length_m(),
            watched: ship.role == Role::Watched,
            messages: record.ledger.messages(index),
            hops: hops(&calls, voyage),
            silences: silences(record, index, &calls),
            calls,
            blips: voyage.blips().to_vec(),
            own: ship.own,
            fails_in_spells: ship.own < 1.0 && ship.weakness == Weakness::Spells,
            unheard: unheard(record, index),
            aliases: ship.aliases.iter().map(|(from, identity)| Alias::of(*from, identity)).collect(),
            flaws: ship.flaws.iter().map(|&flaw| flaw.to_owned()).collect(),
        }
    }
}

impl Alias {
    fn of(from: EventTime, identity: &Identity) -> Self {
        Self {
            from,
            mmsi: identity.mmsi,
            imo: identity.imo,
            name: identity.name.clone(),
            callsign: identity.callsign.clone(),
        }
    }
}

impl Place {
    fn of(position: Position) -> Self {
        let rounded = |angle_deg: f64| libm::round(angle_deg * 1e6) / 1e6;
        Self { lon: rounded(position.lon), lat: rounded(position.lat) }
    }
}

/// The silences of a ship within the scenario, in time order.
fn silences(record: &Record<'_>, index: usize, calls: &[Call]) -> Vec<Silence> {
    let within = record.scenario.window();
    let mut silences: Vec<Silence> = record.scenario.ships[index]
        .voyage
        .silences()
        .iter()
        .map(|silence| voyage::Silence {
            start: silence.start.max(within.start),
            end: silence.end.min(within.end),
            ..*silence
        })
        .filter(|silence| silence.start < silence.end)
        .filter(|silence| !silence.kind.is_off() || silence.end.since_ms(silence.start) >= NO_SILENCE_MS)
        .map(|silence| silence_truth(record, index, calls, &silence))
        .collect();
    silences.sort_by_key(|silence| silence.start);
    silences
}

fn silence_truth(record: &Record<'_>, index: usize, calls: &[Call], silence: &voyage::Silence) -> Silence {
    let ship = &record.scenario.ships[index];
    let voyage::Silence { start, end, .. } = *silence;
    let place = |at: EventTime| ship.voyage.at(at).map(|moment| moment.position).unwrap_or_default();
    let heard = record.ledger.heard(index);
    let History { heard_h, since_h } = record.ledger.history(place(start), start);
    let hidden = calls.iter().filter(|call| call.hidden && call.start < end && start < call.end);
    let hidden_ports =
        if silence.kind.is_off() { hidden.map(|call| call.port.clone()).collect() } else { Vec::new() };
    Silence {
        start,
        end,
        reason: silence.reason.to_owned(),
        kind: match silence.kind {
            voyage::SilenceKind::Deliberate => Kind::Deliberate,
            voyage::SilenceKind::Berth => Kind::Berth,
            voyage::SilenceKind::Withheld => Kind::Withheld,
            voyage::SilenceKind::Jammed { .. } => Kind::Jammed,
        },
        from: Place::of(place(start)),
        to: Place::of(place(end.after_ms(-1))),
        heard_before: heard[..heard.partition_point(|&at| at < start)].last().copied(),
        heard_after: heard.get(heard.partition_point(|&at| at < end)).copied(),
        audible: record.listener().audible(ship, start, end),
        history_h: heard_h,
        history_since_h: since_h,
        hidden_ports,
    }
}

/// Spells between two heard positions in which the transponder was never off.
fn unheard(record: &Record<'_>, index: usize) -> Vec<Unheard> {
    let ship = &record.scenario.ships[index];
    let thinning = &record.scenario.thinning;
    let was_off = |start: EventTime, end: EventTime| {
        ship.voyage
            .silences()
            .iter()
            .any(|silence| silence.kind.is_off() && silence.start < end && start < silence.end)
    };
    record
        .ledger
        .heard(index)
        .windows(2)
        .filter_map(|pair| {
            let &[start, end] = pair else { return None };
            let spacing_ms = thinning.under_way_ms.max(thinning.at_rest_ms) * 3 / 2;
            let long = end.since_ms(start) >= LONG_UNHEARD_MS.max(spacing_ms);
            (long && !was_off(start, end)).then(|| Unheard {
                start,
                end,
                reason: record.listener().why_unheard(ship, start, end),
            })
        })
        .collect()
}

fn clip(call: &voyage::Call, voyage: &Voyage, within: Window) -> Option<Call> {
    let (start, end) = (call.start.max(within.start), call.end.min(within.end));
    if start >= end {
        return None;
    }
    let silent_ms: i64 = voyage
        .silences()
        .iter()
        .filter(|silence| silence.kind.is_off())
        .map(|silence| silence.end.min(end).since_ms(silence.start.max(start)).max(0))
        .sum();
    Some(Call {
        port: call.port.to_owned(),
        start,
        end,
        hidden: end.since_ms(start) - silent_ms < BARELY_HEARD_MS,
    })
}

fn hops(calls: &[Call], voyage: &Voyage) -> Vec<Hop> {
    let mut hops = Vec::new();
    let mut last: Option<&Call> = None;
    let mut via = Vec::new();
    for call in calls {
        if call.hidden {
            via.push(call.port.clone());
            continue;
        }
        if let Some(from) = last.filter(|from| {
            from.port != call.port || !via.is_empty() || went_far(voyage, from.end, call.start)
        }) {
            hops.push(Hop {
                from: from.port.clone(),
                to: call.port.clone(),
                hidden: !via.is_empty(),
                via: via.clone(),
                departure: from.end,
                arrival: call.start,
            });
        }
        via.clear();
        last = Some(call);
    }
    hops
}

fn went_far(voyage: &Voyage, from: EventTime, to: EventTime) -> bool {
    let start: Option<Position> = voyage.at(from).map(|moment| moment.position);
    start.is_some_and(|start| {
        voyage
            .spans()
            .iter()
            .filter(|span| span.start >= from && span.end <= to)
            .any(|span| distance_m(start, span.to) >= ROUND_TRIP_M)
    })
}
