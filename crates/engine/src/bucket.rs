//! The ships of one bucket.

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
use model::{EventTime, Fate, Mmsi, PositionReport, Reason, StaticReport, Transmission};
use reorder::{Copy, Duplicates, OrderKey};
use serde::{Deserialize, Serialize};

use crate::Limits;
use crate::ship::Ship;

/// Ships, and the fingerprints of what they sent lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bucket {
    ships: HashMap<Mmsi, Ship, foldhash::fast::FixedState>,
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

    /// What is known of the tracks of its ships, in no order.
    pub fn last_known(&self) -> impl Iterator<Item = LastKnown> {
        self.ships.values().flat_map(Ship::last_known)
    }

    /// Hands on one transmission in its order.
    pub fn hand_on(
        &mut self,
        key: OrderKey,
        transmission: Transmission,
        limits: &Limits,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) {
        let mmsi = transmission.mmsi();
        // What falls due at a time comes after all that was in time by then, and before what was late.
        let before = if key.is_late() { key.at } else { EventTime(key.at.0 - 1) };
        self.fire(before, chart, out);
        if !self.make_room(mmsi, key.at, limits, chart, counts, out) {
            counts.count(Fate::Rejected(Reason::Limit), transmission.lines());
            return;
        }
        let ship = self.ships.entry(mmsi).or_insert_with(|| Ship::new(mmsi));
        ship.expire(key.at, chart, counts, out);
        match transmission {
            Transmission::NoPosition(report) => no_position(ship, &report, key.at, chart, counts, out),
            Transmission::Static(report) => {
                statics(ship, &mut self.duplicates, key.at, &report, chart, counts, out)
            }
            Transmission::Position(report) => {
                if is_first(ship, &mut self.duplicates, key.at, &report, counts) {
                    ship.position(&report, key, chart, counts, out);
                }
            }
        }
        schedule(ship, mmsi, &mut self.due);
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
            if self.ships.get(&stranger).is_some_and(Ship::is_stranger)
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
