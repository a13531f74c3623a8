//! Where ships are now, as far as they are heard, and which of their reports are kept for their tracks.

use std::collections::{BTreeMap, BTreeSet};

use model::position::{NAUTICAL_MILE_M, UNITS_PER_DEGREE, destination};
use model::{Mmsi, Position, PositionReport, Statics};
use serde::{Deserialize, Serialize};

use crate::area::Area;

/// A ship that was not heard for so long is shown as silent, milliseconds.
pub const SILENT_MS: i64 = 30 * 60_000;
/// A track has a point at least this often while the ship is heard, milliseconds.
const KEEP_MS: i64 = 10 * 60_000;
/// Its alert ends within two hours once a ship is heard again. If nobody has ended it by then nobody will, milliseconds.
const ENDED_MS: i64 = 3 * 3_600_000;
/// How often it is looked who has fallen silent, in event time.
const PASS_MS: i64 = 60_000;
/// And never more often than this.
const LEAST_MS: i64 = 10_000;
/// A point is kept when the ship is so far from where the last one would have it, metres.
const ASTRAY_M: f64 = 150.0;

/// What a ship is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is heard.
    Normal,
    /// It was not heard for half an hour; that may mean nothing.
    Silent,
    /// It is dark, suspected.
    Suspected,
    /// It is dark, probable.
    Probable,
    /// It is dark, strong.
    Strong,
    /// It is silent where nothing is known of reception.
    UnknownReception,
}

impl State {
    /// By the name of a grade.
    #[must_use]
    pub fn of_grade(grade: &str) -> Option<State> {
        match grade {
            "suspected" => Some(State::Suspected),
            "probable" => Some(State::Probable),
            "strong" => Some(State::Strong),
            "unknown_reception" => Some(State::UnknownReception),
            _ => None,
        }
    }
}

/// A point of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Event time, ms.
    pub t: i64,
    /// Where.
    pub position: Position,
    /// Speed over ground, 0.1 kn.
    pub sog: Option<u16>,
    /// Course over ground, 0.1°.
    pub cog: Option<u16>,
}

/// The open dark period of a ship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dark {
    /// The alert.
    pub alert: String,
    /// Its grade.
    pub state: State,
    /// When the ship was heard again first.
    heard: Option<i64>,
}

impl Dark {
    /// A dark period of this alert.
    #[must_use]
    pub fn new(alert: String, state: State) -> Dark {
        Dark { alert, state, heard: None }
    }
}

/// A ship.
#[derive(Clone, Debug)]
pub struct Ship {
    /// Its last report.
    pub last: Point,
    /// True heading, degrees.
    pub heading: Option<u16>,
    /// What it said of itself last.
    pub statics: Statics,
    /// Whether a list names it.
    pub is_listed: bool,
    /// Its open dark period.
    pub dark: Option<Dark>,
    /// The last point kept.
    kept: Point,
    is_silent: bool,
}

/// A ship as it is told.
#[derive(Clone, Debug, Serialize)]
pub struct Vessel {
    /// Its MMSI.
    pub mmsi: u32,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was heard last.
    pub t: i64,
    /// Longitude.
    pub lon: f64,
    /// Latitude.
    pub lat: f64,
    /// Course over ground, degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cog: Option<f64>,
    /// Speed over ground, knots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sog: Option<f64>,
    /// True heading, degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<u16>,
    /// What it is taken for.
    pub state: State,
    /// Whether a list names it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub listed: bool,
    /// Its open dark alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
}

/// Degrees of a coordinate.
#[must_use]
pub fn degrees(units: i32) -> f64 {
    f64::from(units) / f64::from(UNITS_PER_DEGREE)
}

impl Ship {
    /// As it is told, when all has come to `now`.
    #[must_use]
    pub fn vessel(&self, mmsi: u32, now: i64) -> Vessel {
        let tenths = |value: Option<u16>| value.map(|value| f64::from(value) / 10.0);
        let silence = if now - self.last.t >= SILENT_MS { State::Silent } else { State::Normal };
        Vessel {
            mmsi,
            name: self.statics.name.as_ref().map(ToString::to_string),
            t: self.last.t,
            lon: degrees(self.last.position.lon),
            lat: degrees(self.last.position.lat),
            cog: tenths(self.last.cog),
            sog: tenths(self.last.sog),
            heading: self.heading,
            state: self.dark.as_ref().map_or(silence, |dark| dark.state),
            listed: self.is_listed,
            alert: self.dark.as_ref().map(|dark| dark.alert.clone()),
        }
    }
}

/// All ships that were heard lately.
#[derive(Debug)]
pub struct Fleet {
    ships: BTreeMap<u32, Ship>,
    changed: BTreeSet<u32>,
    /// Dark periods of ships not heard yet, since the program began.
    dark: BTreeMap<u32, Dark>,
    now: i64,
    /// When it was looked last who has fallen silent.
    passed: i64,
    limit: usize,
}

impl Fleet {
    /// None yet, and no more than so many.
    #[must_use]
    pub fn new(limit: usize) -> Fleet {
        Fleet {
            ships: BTreeMap::new(),
            changed: BTreeSet::new(),
            dark: BTreeMap::new(),
            now: i64::MIN,
            passed: i64::MIN,
            limit,
        }
    }

    /// How far all has come, if anything has.
    #[must_use]
    pub fn now(&self) -> Option<i64> {
        (self.now > i64::MIN).then_some(self.now)
    }

    /// All has come this far.
    pub fn come_to(&mut self, t: i64) {
        self.now = self.now.max(t);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ships.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ships.is_empty()
    }

    /// A ship.
    #[must_use]
    pub fn get(&self, mmsi: u32) -> Option<&Ship> {
        self.ships.get(&mmsi)
    }

    /// A ship has reported; the point, if it is one to keep.
    pub fn report(&mut self, report: &PositionReport) -> Option<Point> {
        let point = Point { t: report.t.0, position: report.position, sog: report.sog, cog: report.cog };
        self.changed.insert(report.mmsi.0);
        let Some(ship) = self.ships.get_mut(&report.mmsi.0) else {
            self.insert(report.mmsi, point, report.statics.as_deref().cloned().unwrap_or_default());
            return Some(point);
        };
        if let Some(statics) = &report.statics {
            take(&mut ship.statics, statics);
        }
        if point.t < ship.last.t {
            // Late: it belongs to the track, but is not where the ship is.
            return (ship.kept.t - point.t).abs().ge(&LEAST_MS).then_some(point);
        }
        (ship.last, ship.heading, ship.is_silent) = (point, report.heading, false);
        if let Some(dark) = &mut ship.dark {
            let heard = *dark.heard.get_or_insert(point.t);
            if point.t - heard > ENDED_MS {
                ship.dark = None;
            }
        }
        let is_kept = is_worth(&ship.kept, &point);
        if is_kept {
            ship.kept = point;
        }
        is_kept.then_some(point)
    }

    /// A ship known from before.
    pub fn insert(&mut self, mmsi: Mmsi, last: Point, statics: Statics) {
        if self.ships.len() >= self.limit {
            self.make_room();
        }
        let (is_listed, dark) = (false, self.dark.remove(&mmsi.0));
        let ship = Ship { last, heading: None, statics, is_listed, dark, kept: last, is_silent: false };
        self.ships.insert(mmsi.0, ship);
    }

    /// A ship has told of itself; what is known of it now.
    pub fn tell(&mut self, mmsi: Mmsi, statics: &Statics) {
        if let Some(ship) = self.ships.get_mut(&mmsi.0) {
            take(&mut ship.statics, statics);
        }
    }

    /// Whether lists name a ship.
    pub fn list(&mut self, mmsi: Mmsi, is_listed: bool) {
        if let Some(ship) = self.ships.get_mut(&mmsi.0)
            && ship.is_listed != is_listed
        {
            ship.is_listed = is_listed;
            self.changed.insert(mmsi.0);
        }
    }

    /// A dark period of a ship has begun, or has another grade.
    pub fn darken(&mut self, mmsi: u32, dark: Dark) {
        self.changed.insert(mmsi);
        match self.ships.get_mut(&mmsi) {
            Some(ship) => ship.dark = Some(dark),
            None if self.dark.len() < self.limit => {
                self.dark.insert(mmsi, dark);
            }
            None => {}
        }
    }

    /// A dark period is over.
    pub fn lighten(&mut self, mmsi: u32, alert: &str) {
        self.changed.insert(mmsi);
        if self.dark.get(&mmsi).is_some_and(|dark| dark.alert == alert) {
            self.dark.remove(&mmsi);
        }
        if let Some(ship) = self.ships.get_mut(&mmsi)
            && ship.dark.as_ref().is_some_and(|dark| dark.alert == alert)
        {
            ship.dark = None;
        }
    }

    /// Those in an area, by MMSI.
    pub fn within(&self, area: Option<&Area>) -> impl Iterator<Item = (u32, &Ship)> {
        let is_within = move |ship: &Ship| area.is_none_or(|area| area.holds(ship.last.position));
        self.ships.iter().filter(move |(_, ship)| is_within(ship)).map(|(mmsi, ship)| (*mmsi, ship))
    }

    /// Those of which something has changed since it was asked last.
    pub fn changed(&mut self) -> BTreeSet<u32> {
        std::mem::take(&mut self.changed)
    }

    /// Time has passed: some fall silent, and those not heard for so long are forgotten.
    pub fn pass(&mut self, forget_ms: i64) {
        if self.now < self.passed.saturating_add(PASS_MS) {
            return;
        }
        self.passed = self.now;
        let since = self.now.saturating_sub(forget_ms);
        let (now, changed) = (self.now, &mut self.changed);
        self.ships.retain(|mmsi, ship| {
            let is_silent = now - ship.last.t >= SILENT_MS;
            if is_silent && !ship.is_silent {
                ship.is_silent = true;
                changed.insert(*mmsi);
            }
            ship.last.t >= since || ship.dark.is_some()
        });
    }

    /// The sixteenth that was heard longest ago makes room; dark ones stay as long as that is possible.
    fn make_room(&mut self) {
        let mut order: Vec<(bool, i64, u32)> =
            self.ships.iter().map(|(mmsi, ship)| (ship.dark.is_some(), ship.last.t, *mmsi)).collect();
        let count = (order.len() / 16).max(1);
        order.select_nth_unstable(count - 1);
        for (_, _, mmsi) in &order[..count] {
            self.ships.remove(mmsi);
        }
    }
}

/// Whether a track would lack something without a point.
#[must_use]
pub fn is_worth(kept: &Point, point: &Point) -> bool {
    let passed_ms = point.t - kept.t;
    if !(LEAST_MS..KEEP_MS).contains(&passed_ms) {
        return passed_ms >= KEEP_MS;
    }
    let way_m = f64::from(kept.sog.unwrap_or(0)) / 10.0 * NAUTICAL_MILE_M * passed_ms as f64 / 3_600_000.0;
    let course_deg = f64::from(kept.cog.unwrap_or(0)) / 10.0;
    let expected = destination(kept.position, course_deg, way_m);
    expected.distance_m(point.position) > ASTRAY_M
}

/// What is said anew takes the place of what was known.
fn take(known: &mut Statics, said: &Statics) {
    known.draught = said.draught.or(known.draught);
    known.imo = said.imo.or(known.imo);
    known.ship_type = said.ship_type.or(known.ship_type);
    known.dimensions = said.dimensions.or(known.dimensions);
    for (known, said) in [
        (&mut known.destination, &said.destination),
        (&mut known.name, &said.name),
        (&mut known.callsign, &said.callsign),
    ] {
        if said.is_some() {
            known.clone_from(said);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(t: i64, lon: f64, lat: f64, sog: u16, cog: u16) -> Point {
        let position = Position::from_degrees(lon, lat).unwrap();
        Point { t, position, sog: Some(sog), cog: Some(cog) }
    }

    #[test]
    fn a_track_keeps_turns_and_leaves_out_what_lies_on_the_way() {
        let start = point(0, 131.0, 42.0, 120, 900);
        // Twelve knots eastward: 370 m a minute, 0.0045° of longitude.
        assert!(!is_worth(&start, &point(60_000, 131.004_48, 42.0, 120, 900)));
        assert!(is_worth(&start, &point(60_000, 131.0, 42.003, 120, 0)));
        assert!(!is_worth(&start, &point(5_000, 131.5, 42.0, 120, 0)), "more often than that is of no use");
        assert!(is_worth(&start, &point(600_000, 131.044_8, 42.0, 120, 900)));
    }

    #[test]
    fn the_ships_heard_longest_ago_make_room_but_not_dark_ones() {
        let mut fleet = Fleet::new(32);
        for mmsi in 0..32 {
            fleet.insert(Mmsi(mmsi), point(i64::from(mmsi), 0.0, 0.0, 0, 0), Statics::default());
        }
        fleet.darken(0, Dark::new("a".into(), State::Strong));
        fleet.insert(Mmsi(99), point(99, 0.0, 0.0, 0, 0), Statics::default());
        let left: Vec<u32> = fleet.within(None).map(|(mmsi, _)| mmsi).collect();
        assert_eq!((left[0], left[1], left.len()), (0, 3, 31));
    }

    #[test]
    fn a_ship_that_is_not_heard_turns_silent_once() {
        let mut fleet = Fleet::new(8);
        fleet.insert(Mmsi(7), point(0, 0.0, 0.0, 0, 0), Statics::default());
        fleet.come_to(SILENT_MS);
        fleet.changed();
        fleet.pass(2 * SILENT_MS);
        assert_eq!(fleet.changed(), BTreeSet::from([7]));
        fleet.come_to(SILENT_MS + PASS_MS);
        fleet.pass(2 * SILENT_MS);
        assert!(fleet.changed().is_empty());
        assert_eq!(fleet.get(7).unwrap().vessel(7, SILENT_MS).state, State::Silent);
    }

    #[test]
    fn a_ship_whose_dark_period_nobody_ends_is_not_dark_for_ever() {
        let mut fleet = Fleet::new(8);
        let report = |t: i64| {
            let position = Position::from_degrees(131.0, 42.0).unwrap();
            PositionReport {
                t: model::EventTime(t),
                mmsi: Mmsi(7),
                position,
                sog: None,
                cog: None,
                heading: None,
                nav_status: None,
                kind: model::MessageType(1),
                lines: 1,
                payload: model::Payload::default(),
                origin: model::Origin::default(),
                statics: None,
            }
        };
        fleet.report(&report(0));
        fleet.darken(7, Dark::new("a".into(), State::Strong));
        fleet.report(&report(1));
        assert!(fleet.get(7).unwrap().dark.is_some(), "its alert may end yet");
        fleet.report(&report(ENDED_MS + 2));
        assert!(fleet.get(7).unwrap().dark.is_none());
    }
}
