//! The ships of one bucket.

use alloc::boxed::Box;
use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Reverse;

use detect::Chart;
use detect::reception::Claim;
use hashbrown::HashMap;
use model::alert::Told;
use model::fate::Counts;
use model::report::NoPositionReport;
use model::sighting::LastKnown;
use model::{EventTime, Fate, Mmsi, PositionReport, Reason, StaticReport, TrackId, Transmission};
use reorder::{Copy, Duplicates, OrderKey};
use serde::{Deserialize, Serialize};

use crate::Limits;
use crate::ship::{Placed, Ship};

/// Ships, and the fingerprints of what they sent lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bucket {
    ships: HashMap<Mmsi, Box<Ship>, foldhash::fast::FixedState>,
    duplicates: Duplicates,
    /// Ships in the order in which they were first heard, for when room is needed.
    strangers: VecDeque<Mmsi>,
    /// When something falls due for a ship; what is not the ship's own next moment is out of date.
    due: BinaryHeap<Reverse<(EventTime, Mmsi)>>,
}

impl Bucket {
    /// Ships remembered.
    pub fn len(&self) -> usize {
        self.ships.len()
    }

    /// Tracks that were ever told apart.
    pub fn tracks(&self) -> u64 {
        self.ships.values().map(|ship| u64::from(ship.tracks())).sum()
    }

    /// Whether a track can take in more.
    pub fn has_track(&self, track: TrackId) -> bool {
        self.ships.get(&track.mmsi).is_some_and(|ship| ship.has_track(track.number))
    }

    /// What is known of the tracks of its ships, in no order.
    pub fn last_known(&self) -> impl Iterator<Item = LastKnown> {
        self.ships.values().flat_map(|ship| ship.last_known())
    }

    /// Looks up what a transmission will need, and gives a word that hangs on all of it. Done for several before the first is
    /// handed on, they wait for memory together.
    pub fn warm(&self, transmission: &Transmission) -> u64 {
        let mmsi = transmission.mmsi();
        let print = transmission.payload().fingerprint(mmsi, transmission.kind());
        let ship = self.ships.get(&mmsi).map_or(0, |ship| ship.warm(transmission));
        ship ^ u64::from(self.duplicates.knows(print))
    }

    /// Hands on one transmission in its order; for a position report that is no copy, where it was put.
    pub fn hand_on(
        &mut self,
        key: OrderKey,
        transmission: &Transmission,
        limits: &Limits,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) -> Option<Placed> {
        let mmsi = transmission.mmsi();
        // What falls due at a time comes after all that was in time by then, and before what was late.
        let before = if key.is_late() { key.at } else { EventTime(key.at.0 - 1) };
        self.fire(before, chart, out);
        if !self.make_room(mmsi, key.at, limits, chart, counts, out) {
            counts.count(Fate::Rejected(Reason::Limit), transmission.lines());
            return None;
        }
        let ship = self.ships.entry(mmsi).or_insert_with(|| Box::new(Ship::new(mmsi)));
        ship.expire(key.at, chart, counts, out);
        let placed = match transmission {
            Transmission::NoPosition(report) => {
                no_position(ship, report, key.at, chart, counts, out);
                None
            }
            Transmission::Static(report) => {
                statics(ship, &mut self.duplicates, key.at, report, chart, counts, out);
                None
            }
            Transmission::Position(report) => {
                let is_first = is_first(ship, &mut self.duplicates, key.at, report, counts);
                is_first.then(|| ship.position(report, key, chart, counts, out))
            }
        };
        schedule(ship, mmsi, &mut self.due);
        placed
    }

    /// Does what falls due up to a time, one moment after the other.
    pub fn fire(&mut self, up_to: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        while let Some(Reverse((t, mmsi))) = self.due.peek().copied().filter(|Reverse((t, _))| *t <= up_to) {
            self.due.pop();
            let Some(ship) = self.ships.get_mut(&mmsi) else { continue };
            if ship.take_due(t) {
                ship.advance(t, chart, out);
                schedule(ship, mmsi, &mut self.due);
            }
        }
    }

    /// An IMO number of a ship here is heard under another MMSI.
    pub fn claimed(
        &mut self,
        mmsi: Mmsi,
        claim: &Claim,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        if let Some(ship) = self.ships.get_mut(&mmsi) {
            ship.claimed(claim, now, chart, out);
        }
    }

    /// The end of input.
    pub fn finish(
        &mut self,
        highest: EventTime,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) {
        let mut mmsis: Vec<Mmsi> = self.ships.keys().copied().collect();
        mmsis.sort_unstable();
        for mmsi in mmsis {
            if let Some(ship) = self.ships.get_mut(&mmsi) {
                ship.expire(highest, chart, counts, out);
                ship.finish(highest, chart, out);
            }
        }
    }

    /// Whether a ship is known or can be: strangers make room, ships heard often do not.
    fn make_room(
        &mut self,
        mmsi: Mmsi,
        now: EventTime,
        limits: &Limits,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) -> bool {
        if self.ships.contains_key(&mmsi) {
            return true;
        }
        while self.ships.len() >= limits.ships_per_bucket {
            let Some(stranger) = self.strangers.pop_front() else { return false };
            if self.ships.get(&stranger).is_some_and(|ship| ship.is_stranger())
                && let Some(mut ship) = self.ships.remove(&stranger)
            {
                ship.expire(now, chart, counts, out);
                ship.finish(now, chart, out);
            }
        }
        self.strangers.push_back(mmsi);
        self.forget_moments();
        true
    }

    /// Forgets moments of ships that made room: who makes up ships fills no memory with what they wait for.
    fn forget_moments(&mut self) {
        const SPARE: usize = 64;
        if self.due.len() > 2 * self.ships.len() + SPARE {
            let ships = &self.ships;
            self.due.retain(|Reverse((t, mmsi))| ships.get(mmsi).is_some_and(|ship| ship.is_due_at(*t)));
        }
    }
}

fn schedule(ship: &mut Ship, mmsi: Mmsi, due: &mut BinaryHeap<Reverse<(EventTime, Mmsi)>>) {
    if let Some(t) = ship.new_due() {
        due.push(Reverse((t, mmsi)));
    }
}

fn is_first(
    ship: &mut Ship,
    duplicates: &mut Duplicates,
    now: EventTime,
    report: &PositionReport,
    counts: &mut Counts,
) -> bool {
    let fingerprint = report.payload.fingerprint(report.mmsi, report.kind);
    let copy = duplicates.judge(fingerprint, report.t, now, report.is_unrepeatable(), ship.recent_mut());
    match copy {
        Copy::First => return true,
        Copy::Repeated => {}
        Copy::Restamped => counts.restamped += 1,
    }
    counts.count(Fate::Rejected(Reason::Duplicate), u64::from(report.lines));
    false
}

fn no_position(
    ship: &mut Ship,
    report: &NoPositionReport,
    now: EventTime,
    chart: &impl Chart,
    counts: &mut Counts,
    out: &mut Vec<Told>,
) {
    counts.count(Fate::Rejected(Reason::NoPosition), u64::from(report.lines));
    ship.mute(report.t, now, chart, out);
    if let Some(values) = &report.statics {
        ship.hear((report.t, values, report.kind.has_static_part()), None, now, chart, out);
    }
}

fn statics(
    ship: &mut Ship,
    duplicates: &mut Duplicates,
    now: EventTime,
    report: &StaticReport,
    chart: &impl Chart,
    counts: &mut Counts,
    out: &mut Vec<Told>,
) {
    let fingerprint = report.payload.fingerprint(report.mmsi, report.kind);
    let copy = duplicates.judge(fingerprint, report.t, now, false, ship.recent_mut());
    let fate = if copy == Copy::First {
        ship.hear((report.t, &report.statics, true), None, now, chart, out);
        Fate::Accepted
    } else {
        Fate::Rejected(Reason::Duplicate)
    };
    counts.count(fate, u64::from(report.lines));
}
