//! Where ships lie: stops as in port visits, but anywhere.
//!
//! A ship stops with consecutive reports that are slow (without a speed: near the first), none of them far from the
//! first, without a long silence between, for 15 min at least. The stop lasts until two fast reports in a row, a report
//! far from its first, or a long silence. The bounds are those of port visits.

use std::collections::BTreeMap;

use detect::stop::STOP_MS;
use h3o::{CellIndex, LatLng, Resolution};
use model::position::UNITS_PER_DEGREE;
use model::time::HOUR_MS;
use model::{EventTime, Mmsi, Position, PositionReport};

/// From this speed (0.1 kn) on, twice in a row, a ship is moving again.
const MOVING: u16 = 10;
/// A report without speed counts as slow this near to the first, metres.
const NEAR_M: f64 = 300.0;
/// A stop ends at a report farther than this from its first, metres.
const DRIFTED_M: f64 = 500.0;
/// A stop ends with a silence of this length.
const SILENCE_MS: i64 = 4 * HOUR_MS;
/// Navigational status: at anchor (ITU-R M.1371-5 table 45).
const AT_ANCHOR: u8 = 1;
/// Navigational status: not defined.
const NOT_DEFINED: u8 = 15;

/// What is read of a position report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The ship.
    pub mmsi: Mmsi,
    /// When.
    pub t: EventTime,
    /// Where.
    pub position: Position,
    /// Speed over ground in 0.1 kn.
    pub sog: Option<u16>,
    /// Navigational status, where it is defined.
    pub nav_status: Option<u8>,
}

impl From<&PositionReport> for Seen {
    fn from(report: &PositionReport) -> Seen {
        Seen {
            mmsi: report.mmsi,
            t: report.t,
            position: report.position,
            sog: report.sog,
            nav_status: report.nav_status.filter(|status| *status != NOT_DEFINED),
        }
    }
}

/// What counts as a stop.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Slow up to this speed, 0.1 kn.
    pub max_sog: u16,
    /// Shorter ones are not told.
    pub least_ms: i64,
    /// Resolution of the cells in which they are told.
    pub resolution: Resolution,
}

/// A stop that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The ship.
    pub mmsi: Mmsi,
    /// From its first to its last report.
    pub duration_ms: i64,
    /// The cells in which it was reported, ascending, and how often. All lie around one point, so they are few.
    pub cells: Vec<(CellIndex, u32)>,
    /// Whether it said mostly that it was at anchor; `None` if it never said what it was.
    pub at_anchor: Option<bool>,
}

/// Finds stops in the reports of all ships, each ship's in the order of time.
#[derive(Debug)]
pub struct Stops {
    rule: Rule,
    max_ships: usize,
    ships: BTreeMap<Mmsi, Ship>,
    /// Reports of ships for which there was no room.
    pub refused: u64,
}

#[derive(Debug)]
struct Ship {
    last: EventTime,
    resting: Option<Resting>,
}

/// Slow since its first report; at rest once that is long enough ago.
#[derive(Debug)]
struct Resting {
    first: Seen,
    last: Seen,
    is_stop: bool,
    was_fast: bool,
    cell: Option<CellIndex>,
    cells: Vec<(CellIndex, u32)>,
    at_anchor: u32,
    other: u32,
}

impl Stops {
    /// No ship yet.
    pub fn new(rule: Rule, max_ships: usize) -> Stops {
        Stops { rule, max_ships, ships: BTreeMap::new(), refused: 0 }
    }

    /// Takes a report; gives the stop that it ends. One that is older than the ship's last is passed over.
    pub fn take(&mut self, seen: Seen) -> Option<Stop> {
        if !self.ships.contains_key(&seen.mmsi) && self.ships.len() >= self.max_ships {
            self.refused += 1;
            return None;
        }
        let rule = self.rule;
        let ship = self.ships.entry(seen.mmsi).or_insert(Ship { last: seen.t, resting: None });
        if seen.t < ship.last {
            return None;
        }
        let was_silent = seen.t.0 - ship.last.0 >= SILENCE_MS;
        ship.last = seen.t;
        let Some(mut resting) = ship.resting.take() else {
            ship.resting = Resting::begin(seen, rule);
            return None;
        };
        if !was_silent && resting.goes_on(&seen, rule) {
            resting.add(seen, rule.resolution);
            ship.resting = Some(resting);
            return None;
        }
        ship.resting = Resting::begin(seen, rule);
        resting.end(rule)
    }

    /// The stops that are not over at the end.
    pub fn finish(&mut self) -> Vec<Stop> {
        let ships = std::mem::take(&mut self.ships);
        ships.into_values().filter_map(|ship| ship.resting?.end(self.rule)).collect()
    }
}

impl Resting {
    fn begin(seen: Seen, rule: Rule) -> Option<Resting> {
        let is_slow = seen.sog.is_none_or(|sog| sog <= rule.max_sog);
        is_slow.then(|| {
            let mut resting = Resting {
                first: seen,
                last: seen,
                is_stop: false,
                was_fast: false,
                cell: None,
                cells: Vec::new(),
                at_anchor: 0,
                other: 0,
            };
            resting.add(seen, rule.resolution);
            resting
        })
    }

    /// Whether it is still at rest with a report; one fast report does not end a stop, and is no part of it.
    fn goes_on(&self, seen: &Seen, rule: Rule) -> bool {
        let distance_m = seen.position.distance_m(self.first.position);
        let is_slow = match seen.sog {
            Some(sog) => sog <= rule.max_sog,
            None => distance_m <= NEAR_M,
        };
        distance_m <= DRIFTED_M && (is_slow || self.is_stop && !(self.was_fast && is_fast(seen)))
    }

    fn add(&mut self, seen: Seen, resolution: Resolution) {
        self.was_fast = is_fast(&seen);
        if self.was_fast {
            return;
        }
        self.is_stop |= seen.t.0 - self.first.t.0 >= STOP_MS;
        // A ship at its berth reports the same place again and again.
        if self.cell.is_none() || seen.position != self.last.position {
            self.cell = cell_of(seen.position, resolution);
        }
        self.last = seen;
        if let Some(cell) = self.cell {
            match self.cells.binary_search_by_key(&cell, |(cell, _)| *cell) {
                Ok(at) => self.cells[at].1 += 1,
                Err(at) => self.cells.insert(at, (cell, 1)),
            }
        }
        match seen.nav_status {
            Some(AT_ANCHOR) => self.at_anchor += 1,
            Some(_) => self.other += 1,
            None => {}
        }
    }

    fn end(self, rule: Rule) -> Option<Stop> {
        let duration_ms = self.last.t.0 - self.first.t.0;
        let says = self.at_anchor + self.other > 0;
        (self.is_stop && duration_ms >= rule.least_ms).then(|| Stop {
            mmsi: self.first.mmsi,
            duration_ms,
            cells: self.cells,
            at_anchor: says.then_some(self.at_anchor > self.other),
        })
    }
}

fn is_fast(seen: &Seen) -> bool {
    seen.sog.is_some_and(|sog| sog >= MOVING)
}

fn cell_of(position: Position, resolution: Resolution) -> Option<CellIndex> {
    let scale = f64::from(UNITS_PER_DEGREE);
    let place = LatLng::new(f64::from(position.lat) / scale, f64::from(position.lon) / scale);
    // A position is finite by its type.
    place.ok().map(|place| place.to_cell(resolution))
}

#[cfg(test)]
mod tests {
    use model::time::MINUTE_MS;

    use super::*;

    const RULE: Rule = Rule { max_sog: 5, least_ms: STOP_MS, resolution: Resolution::Nine };

    /// A report of one ship: minute, metres east of a point, speed in 0.1 kn, status.
    fn seen((minute, east_m, sog, nav_status): (i64, f64, Option<u16>, Option<u8>)) -> Seen {
        let start = Position::from_degrees(131.9, 43.1).unwrap();
        let position = model::position::destination(start, 90.0, east_m);
        Seen { mmsi: Mmsi(273_000_001), t: EventTime(minute * MINUTE_MS), position, sog, nav_status }
    }

    /// Minutes of the stops in some reports.
    #[track_caller]
    fn check(reports: &[(i64, f64, Option<u16>, Option<u8>)], expected: &[i64]) -> Vec<Stop> {
        let mut stops = Stops::new(RULE, 10);
        let mut found: Vec<Stop> = reports.iter().filter_map(|report| stops.take(seen(*report))).collect();
        found.extend(stops.finish());
        let minutes: Vec<i64> = found.iter().map(|stop| stop.duration_ms / MINUTE_MS).collect();
        assert_eq!(minutes, expected, "{reports:?}");
        found
    }

    #[test]
    fn a_stop_is_slow_near_its_first_report_and_15_minutes_long() {
        let slow = |minute| (minute, 0.0, Some(3), None);
        check(&[slow(0), slow(10), slow(15)], &[15]);
        check(&[slow(0), slow(10), slow(14)], &[]);
        check(&[slow(0), (5, 0.0, Some(6), None), slow(10), slow(20)], &[]);
        check(&[slow(0), (10, 490.0, Some(0), None), slow(20)], &[20]);
        check(&[slow(0), (10, 510.0, Some(0), None), slow(20)], &[]);
        // Without a speed, within 300 m.
        check(&[(0, 0.0, None, None), (20, 290.0, None, None)], &[20]);
        check(&[(0, 0.0, None, None), (20, 310.0, None, None)], &[]);
    }

    #[test]
    fn a_stop_ends_with_two_fast_reports_a_way_or_a_silence() {
        let slow = |minute| (minute, 0.0, Some(0), None);
        let fast = |minute| (minute, 100.0, Some(12), None);
        check(&[slow(0), slow(20), fast(30), slow(40)], &[40]);
        check(&[slow(0), slow(20), fast(30), fast(31), slow(40), slow(50)], &[20]);
        check(&[slow(0), slow(20), (30, 900.0, Some(0), None), (50, 900.0, Some(0), None)], &[20, 20]);
        check(&[slow(0), slow(200), slow(439)], &[439]);
        check(&[slow(0), slow(200), slow(440), slow(460)], &[200, 20]);
        // Older than the last: passed over.
        check(&[slow(0), slow(20), (10, 9_000.0, Some(99), None), slow(30)], &[30]);
    }

    #[test]
    fn a_stop_knows_its_cells_and_whether_it_was_at_anchor() {
        let at = |minute, east_m, status| (minute, east_m, Some(0), status);
        let found = check(&[at(0, 0.0, Some(1)), at(10, 0.0, Some(1)), at(20, 450.0, Some(5))], &[20]);
        assert_eq!(found[0].at_anchor, Some(true));
        assert_eq!(found[0].cells.iter().map(|(_, count)| count).sum::<u32>(), 3);
        assert_eq!(found[0].cells.len(), 2, "{found:?}");
        let found = check(&[at(0, 0.0, None), at(20, 0.0, None)], &[20]);
        assert_eq!(found[0].at_anchor, None);
    }

    #[test]
    fn ships_beyond_the_limit_are_counted() {
        let mut stops = Stops::new(RULE, 1);
        stops.take(seen((0, 0.0, None, None)));
        stops.take(Seen { mmsi: Mmsi(273_000_002), ..seen((0, 0.0, None, None)) });
        assert_eq!((stops.refused, stops.ships.len()), (1, 1));
    }
}
