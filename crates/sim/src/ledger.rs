//! What was heard of whom, when and where, as far as the truth needs it.

use crate::sphere::{Position, distance_m};
use crate::time::{EventTime, HOUR_MS};
use std::collections::{BTreeMap, BTreeSet};

/// What the feed has passed on.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Heard messages of each ship.
    messages: Vec<u64>,
    /// The times of the heard position messages of each ship, in order.
    heard: Vec<Vec<EventTime>>,
    /// The hours (since the epoch) in which any ship was heard in a cell.
    hours: BTreeMap<Cell, BTreeSet<i64>>,
}

/// Column and row of a grid of [`CELL_DEG`]; columns start at 0° and go round.
type Cell = (i64, i64);

/// Side of a cell in degrees: about 5 km of latitude.
const CELL_DEG: f64 = 0.05;
/// Cells around the globe.
const COLUMNS: i64 = 7_200;
/// How far away somebody heard counts as heard around here, metres.
const SURROUNDINGS_M: f64 = 10_000.0;

/// How long a place's surroundings have had ships heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// Hours of the clock in which one was.
    pub(crate) heard_h: u32,
    /// Hours since the first of them began.
    pub(crate) since_h: u32,
}

impl Ledger {
    /// Of a number of ships.
    pub(crate) fn new(ships: usize) -> Self {
        Self { messages: vec![0; ships], heard: vec![Vec::new(); ships], hours: BTreeMap::new() }
    }

    /// A message without position was heard.
    pub(crate) fn message(&mut self, ship: usize) {
        self.messages[ship] += 1;
    }

    /// A position message was heard, sent from a place.
    pub(crate) fn position(&mut self, ship: usize, at: EventTime, from: Position) {
        self.messages[ship] += 1;
        self.heard[ship].push(at);
        self.hours.entry(cell(from)).or_default().insert(at.0.div_euclid(HOUR_MS));
    }

    /// Heard messages of a ship.
    pub(crate) fn messages(&self, ship: usize) -> u64 {
        self.messages[ship]
    }

    /// The times of a ship's heard position messages, in order.
    pub(crate) fn heard(&self, ship: usize) -> &[EventTime] {
        &self.heard[ship]
    }

    /// What was heard around a place before a moment.
    pub(crate) fn history(&self, place: Position, before: EventTime) -> History {
        let limit = before.0.div_euclid(HOUR_MS);
        let hours: BTreeSet<i64> = cells_around(place)
            .filter_map(|cell| self.hours.get(&cell))
            .flat_map(|hours| hours.range(..limit))
            .copied()
            .collect();
        let since_h = hours.first().map_or(0, |first| limit - first);
        History { heard_h: hours.len() as u32, since_h: u32::try_from(since_h).unwrap_or(0) }
    }
}

fn cell(place: Position) -> Cell {
    let column = libm::floor(place.lon / CELL_DEG) as i64;
    (column.rem_euclid(COLUMNS), libm::floor(place.lat / CELL_DEG) as i64)
}

/// The cells whose middle is in the surroundings.
fn cells_around(place: Position) -> impl Iterator<Item = Cell> {
    let (column, row) = cell(place);
    // 12 columns are 10 km up to 81° of latitude.
    let offsets = (-2..=2).flat_map(|north| (-12..=12).map(move |east| (east, north)));
    offsets.map(move |(east, north)| ((column + east).rem_euclid(COLUMNS), row + north)).filter(
        move |&(column, row)| {
            let middle = Position::new((column as f64 + 0.5) * CELL_DEG, (row as f64 + 0.5) * CELL_DEG);
            distance_m(place, middle) <= SURROUNDINGS_M
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_that_of_the_surroundings_even_across_the_antimeridian() {
        let start = EventTime::from_unix_s(1_696_118_400);
        let mut ledger = Ledger::new(1);
        for hour in [0.0, 0.5, 3.0, 9.0] {
            ledger.position(0, start.after_hours(hour), Position::new(179.99, 52.0));
        }
        let history =
            |lon: f64, hours: f64| ledger.history(Position::new(lon, 52.0), start.after_hours(hours));
        assert_eq!(history(-179.98, 5.0), History { heard_h: 2, since_h: 5 });
        assert_eq!(history(179.95, 10.0), History { heard_h: 3, since_h: 10 });
        assert_eq!(history(-179.5, 10.0), History { heard_h: 0, since_h: 0 });
    }
}
