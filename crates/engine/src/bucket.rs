//! The ships of one bucket.

use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Reverse;

use detect::Chart;
use detect::reception::Claim;
use model::alert::Told;
use model::fate::Counts;
use model::report::NoPositionReport;
use model::roster::{Hint, Roster};
use model::sighting::LastKnown;
use model::{EventTime, Fate, Mmsi, PositionReport, Reason, StaticReport, TrackId, Transmission};
use reorder::{CROWDED_MS, Copy, Turn};
use serde::{Deserialize, Serialize};

use crate::ship::{Placed, Ship};
use crate::{Due, Limits};

/// Ships, and what falls due for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bucket {
    ships: Roster<Ship>,
    /// Ships in the order in which they were first heard, for when room is needed.
    strangers: VecDeque<Mmsi>,
    moments: Moments,
}

impl Bucket {
    /// Ships remembered.
    pub fn len(&self) -> usize {
        self.ships.len()
    }

    /// Tracks that were ever told apart.
    pub fn tracks(&self) -> u64 {
        self.ships.iter().map(|ship| u64::from(ship.tracks())).sum()
    }

    /// Whether a track can take in more.
    pub fn has_track(&self, track: TrackId) -> bool {
        self.ships.get(track.mmsi).is_some_and(|ship| ship.has_track(track.number))
    }

    /// What is known of the tracks of its ships, in no order.
    pub fn last_known(&self) -> impl Iterator<Item = LastKnown> {
        self.ships.iter().flat_map(|ship| ship.last_known())
    }

    /// Fetches where a ship will be looked for.
    pub fn fetch(&self, mmsi: Mmsi) {
        self.ships.fetch(mmsi);
    }

    /// Fetches what is likely a ship, and tells where that is.
    pub fn fetch_ship(&self, mmsi: Mmsi) -> Hint {
        let hint = self.ships.hint(mmsi);
        self.ships.likely(hint).into_iter().for_each(Ship::fetch);
        hint
    }

    /// A ship, if it is where it is thought to be.
    pub fn ship_at(&self, hint: Hint, mmsi: Mmsi) -> Option<&Ship> {
        self.ships.get_at(hint, mmsi)
    }

    /// A ship, if it is known.
    #[cfg(test)]
    pub fn ship(&self, mmsi: Mmsi) -> Option<&Ship> {
        self.ships.get(mmsi)
    }

    /// Hands on one transmission in its order; for a position report that is no copy, where it was put.
    pub fn hand_on(
        &mut self,
        Due { turn, transmission, mmsi, ship, .. }: &mut Due,
        limits: &Limits,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) -> Option<Placed> {
        let mmsi = *mmsi;
        // What falls due at a time comes after all that was in time by then, and before what was late.
        let before = if turn.is_late { turn.at } else { EventTime(turn.at.0 - 1) };
        self.fire(before, chart, out);
        if let Some(ship) = self.ships.get_mut_at(*ship, mmsi) {
            let placed = take_in(ship, &mut self.moments, (*turn, transmission), chart, counts, out);
            if ship.is_newly_crowded() {
                self.moments.note_crowd(turn.at, mmsi);
            }
            return placed;
        }
        if !self.make_room(turn.at, limits, chart, counts, out) {
            counts.count(Fate::Rejected(Reason::Limit), transmission.lines());
            return None;
        }
        self.strangers.push_back(mmsi);
        let ship = self.ships.get_or_insert_with(mmsi, || Ship::new(mmsi));
        take_in(ship, &mut self.moments, (*turn, transmission), chart, counts, out)
    }

    /// Does what falls due up to a time, one moment after the other.
    pub fn fire(&mut self, up_to: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        if up_to < self.moments.earliest {
            return;
        }
        while let Some((t, mmsi)) = self.moments.pop_due(up_to) {
            let Some(ship) = self.ships.get_mut(mmsi) else { continue };
            if ship.take_due(t) {
                ship.advance(t, chart, out);
                schedule(ship, &mut self.moments);
            }
        }
        while let Some(mmsi) = self.moments.pop_crowd(up_to) {
            if self.ships.get_mut(mmsi).is_some_and(|ship| ship.settle_crowd(up_to)) {
                self.moments.note_crowd(up_to, mmsi);
            }
        }
        self.moments.look_ahead();
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
        if let Some(ship) = self.ships.get_mut(mmsi) {
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
        let mut mmsis: Vec<Mmsi> = self.ships.iter().map(Ship::mmsi).collect();
        mmsis.sort_unstable();
        for mmsi in mmsis {
            if let Some(ship) = self.ships.get_mut(mmsi) {
                ship.expire(highest, chart, counts, out);
                ship.finish(highest, chart, out);
            }
        }
    }

    /// Whether there is room for one more ship: strangers make it, ships heard often do not. What a stranger sent is
    /// forgotten with it: a copy that comes later founds it anew, unless ingest knew it for one.
    fn make_room(
        &mut self,
        now: EventTime,
        limits: &Limits,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) -> bool {
        while self.ships.len() >= limits.ships_per_bucket {
            let Some(stranger) = self.strangers.pop_front() else { return false };
            if self.ships.get(stranger).is_some_and(|ship| ship.is_stranger())
                && let Some(mut ship) = self.ships.remove(stranger)
            {
                ship.expire(now, chart, counts, out);
                ship.finish(now, chart, out);
            }
        }
        self.forget_moments();
        true
    }

    /// Forgets moments of ships that made room: who makes up ships fills no memory with what they wait for.
    fn forget_moments(&mut self) {
        const SPARE: usize = 64;
        if self.moments.due.len() > 2 * self.ships.len() + SPARE {
            let ships = &self.ships;
            self.moments
                .due
                .retain(|Reverse((t, mmsi))| ships.get(*mmsi).is_some_and(|ship| ship.is_due_at(*t)));
        }
    }
}

/// What is to be done when.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Moments {
    /// When something falls due for a ship. What is not the ship's own next moment is out of date.
    due: BinaryHeap<Reverse<(EventTime, Mmsi)>>,
    /// Ships of which much is remembered, and when that was noted: a ship that falls silent keeps little.
    crowds: VecDeque<(EventTime, Mmsi)>,
    /// Before this there is nothing to do. At first it is before all times that reports have.
    #[serde(skip)]
    earliest: EventTime,
}

impl Moments {
    fn push(&mut self, t: EventTime, mmsi: Mmsi) {
        self.due.push(Reverse((t, mmsi)));
        self.earliest = self.earliest.min(t);
    }

    fn note_crowd(&mut self, now: EventTime, mmsi: Mmsi) {
        self.crowds.push_back((now, mmsi));
        self.earliest = self.earliest.min(settled_at(now));
    }

    /// A ship for which something falls due up to a time, and when.
    fn pop_due(&mut self, up_to: EventTime) -> Option<(EventTime, Mmsi)> {
        self.due.peek().filter(|Reverse((t, _))| *t <= up_to)?;
        self.due.pop().map(|Reverse(moment)| moment)
    }

    /// A crowd that can be looked at again.
    fn pop_crowd(&mut self, up_to: EventTime) -> Option<Mmsi> {
        self.crowds.front().filter(|(noted, _)| settled_at(*noted) <= up_to)?;
        self.crowds.pop_front().map(|(_, mmsi)| mmsi)
    }

    /// Finds out until when there is nothing to do.
    fn look_ahead(&mut self) {
        let due = self.due.peek().map(|Reverse((t, _))| *t);
        let settled = self.crowds.front().map(|(noted, _)| settled_at(*noted));
        self.earliest = due.into_iter().chain(settled).min().unwrap_or(EventTime::MAX);
    }
}

/// When what is crowded can be looked at again.
fn settled_at(noted: EventTime) -> EventTime {
    EventTime(noted.0 + CROWDED_MS)
}

fn schedule(ship: &mut Ship, due: &mut Moments) {
    if let Some(t) = ship.new_due() {
        due.push(t, ship.mmsi());
    }
}

fn take_in(
    ship: &mut Ship,
    due: &mut Moments,
    (turn, transmission): (Turn, &mut Transmission),
    chart: &impl Chart,
    counts: &mut Counts,
    out: &mut Vec<Told>,
) -> Option<Placed> {
    ship.expire(turn.at, chart, counts, out);
    let mut placed = None;
    match transmission {
        Transmission::NoPosition(report) => no_position(ship, report, turn.at, chart, counts, out),
        Transmission::Static(report) => statics(ship, turn.at, report, chart, counts, out),
        Transmission::Position(report) => {
            if is_first(ship, turn.at, report, counts) {
                placed = Some(ship.position(report, turn, chart, counts, out));
            }
        }
    }
    schedule(ship, due);
    placed
}

fn is_first(ship: &mut Ship, now: EventTime, report: &PositionReport, counts: &mut Counts) -> bool {
    let fingerprint = report.payload.fingerprint(report.mmsi, report.kind);
    match ship.recent_mut().judge(fingerprint, report.t, now, report.is_unrepeatable()) {
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
    now: EventTime,
    report: &StaticReport,
    chart: &impl Chart,
    counts: &mut Counts,
    out: &mut Vec<Told>,
) {
    let fingerprint = report.payload.fingerprint(report.mmsi, report.kind);
    let copy = ship.recent_mut().judge(fingerprint, report.t, now, false);
    let fate = if copy == Copy::First {
        ship.hear((report.t, &report.statics, true), None, now, chart, out);
        Fate::Accepted
    } else {
        Fate::Rejected(Reason::Duplicate)
    };
    counts.count(fate, u64::from(report.lines));
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use detect::Reception;
    use detect::watch::Rules;
    use geofence::Geofence;
    use model::{MessageType, Origin, Payload};

    use super::*;
    use crate::World;
    use crate::chart::{ChartOf, Searches};

    fn said(mmsi: u32, t: i64, number: u64) -> Transmission {
        Transmission::Static(StaticReport {
            t: EventTime(t),
            mmsi: Mmsi(mmsi),
            kind: MessageType(5),
            lines: 2,
            payload: Payload([number, 0, 0]),
            origin: Origin::default(),
            statics: Arc::default(),
        })
    }

    #[test]
    fn a_crowd_that_is_silent_is_forgotten_while_others_are_heard() {
        let world = World::new(Geofence::new(Vec::new()), Rules::default());
        let (reception, searches) = (Reception::default(), Searches::default());
        let chart = ChartOf { world: &world, reception: &reception, searches: &searches, lookout: None };
        let (mut bucket, mut counts, mut out) = (Bucket::default(), Counts::default(), Vec::new());
        let mut hand_on = |bucket: &mut Bucket, transmission: &Transmission| {
            let turn = Turn { at: transmission.t(), is_late: false };
            let mut due = Due::new(turn, transmission.clone());
            bucket.hand_on(&mut due, &Limits::default(), &chart, &mut counts, &mut out);
        };
        for number in 0..1_000 {
            hand_on(&mut bucket, &said(273_000_001, 1_000, number));
        }
        let is_crowded = |bucket: &Bucket| bucket.ship(Mmsi(273_000_001)).is_some_and(Ship::is_crowded);
        hand_on(&mut bucket, &said(273_000_002, 31_000, 0));
        assert!(is_crowded(&bucket), "a copy may still come");
        hand_on(&mut bucket, &said(273_000_002, 31_010, 1));
        assert!(!is_crowded(&bucket));
        assert!(bucket.moments.crowds.is_empty());
        // A crowd is noted where nothing falls due, and is known after a restart, too.
        for number in 0..1_000 {
            hand_on(&mut bucket, &said(273_000_001, 100_000, number));
        }
        let mut bucket: Bucket = postcard::from_bytes(&postcard::to_allocvec(&bucket).unwrap()).unwrap();
        assert!(is_crowded(&bucket));
        hand_on(&mut bucket, &said(273_000_002, 130_010, 2));
        assert!(!is_crowded(&bucket));
    }
}
