//! What really happened, for scoring: every call, every deliberate silence and every hop of every ship.
//!
//! Times are ms since the Unix epoch. Calls are clipped to the scenario; a call that begins at its start may have begun
//! before.

use crate::fleet::{Class, Role, Ship};
use crate::reception::Window;
use crate::sphere::{NAUTICAL_MILE_M, Position, distance_m};
use crate::time::EventTime;
use crate::voyage::{self, Voyage};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// The tag of this format.
pub const SCHEMA: &str = "darkwake.truth/1";

/// The truth about a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipTruth {
    /// Its MMSI.
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

/// A time in which the transponder was off on purpose: no message has a time in start ≤ t < end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The first moment.
    pub start: EventTime,
    /// The first moment after it.
    pub end: EventTime,
    /// Why.
    pub reason: String,
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

/// A way back to the same port counts as a hop if it led this far away (20 nm, EVENTS.md, 7).
const ROUND_TRIP_M: f64 = 20.0 * NAUTICAL_MILE_M;
/// A call is hidden if what was not silent of it is shorter, ms.
const BARELY_HEARD_MS: i64 = 5_000;

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
    /// The truth about a ship within a time.
    pub(crate) fn of(ship: &Ship, within: Window, messages: u64) -> Self {
        let voyage = &ship.voyage;
        let identity = &ship.identity;
        let calls: Vec<Call> = voyage.calls().iter().filter_map(|call| clip(call, voyage, within)).collect();
        let silences = voyage
            .silences()
            .iter()
            .map(|silence| Silence {
                start: silence.start.max(within.start),
                end: silence.end.min(within.end),
                reason: silence.reason.to_owned(),
            })
            .filter(|silence| silence.start < silence.end)
            .collect();
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
            messages,
            hops: hops(&calls, voyage),
            calls,
            silences,
            blips: voyage.blips().to_vec(),
        }
    }
}

fn clip(call: &voyage::Call, voyage: &Voyage, within: Window) -> Option<Call> {
    let (start, end) = (call.start.max(within.start), call.end.min(within.end));
    if start >= end {
        return None;
    }
    let silent_ms: i64 = voyage
        .silences()
        .iter()
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
