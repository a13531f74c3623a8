//! Stops by cells: which ships lay in a cell, how often, how long, and whether at anchor.

use std::collections::BTreeMap;

use h3o::CellIndex;
use model::time::MINUTE_MS;

use super::stops::Stop;

/// Ships remembered in all cells together, a ship once in each.
const MAX_SHIPS_IN_CELLS: usize = 40_000_000;
/// Durations remembered in all cells together.
const MAX_STAYS: usize = 40_000_000;

/// Those of one cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfCell {
    /// The ships that lay here, ascending.
    pub ships: Vec<u32>,
    /// Stops of which a part was here.
    pub visits: u32,
    /// How long the stops were that were mostly here, minutes.
    pub stays_min: Vec<u32>,
    /// Of these, the ones at anchor.
    pub at_anchor: u32,
    /// Of these, the ones that said to be anything else.
    pub other: u32,
}

/// Those of all cells.
#[derive(Debug)]
pub struct Cells {
    of: BTreeMap<CellIndex, OfCell>,
    max_cells: usize,
    ships: usize,
    stays: usize,
    /// Stops that were taken.
    pub stops: u64,
    /// Stops of which something found no room.
    pub refused: u64,
}

impl Cells {
    /// Nothing yet.
    pub fn new(max_cells: usize) -> Cells {
        Cells { of: BTreeMap::new(), max_cells, ships: 0, stays: 0, stops: 0, refused: 0 }
    }

    /// Takes a stop.
    pub fn take(&mut self, stop: &Stop) {
        self.stops += 1;
        let mut is_whole = true;
        // The first of equals.
        let most = stop.cells.iter().max_by_key(|(cell, count)| (*count, std::cmp::Reverse(*cell)));
        for (cell, _) in &stop.cells {
            if !self.of.contains_key(cell) && self.of.len() >= self.max_cells {
                is_whole = false;
                continue;
            }
            let of = self.of.entry(*cell).or_default();
            of.visits = of.visits.saturating_add(1);
            match of.ships.binary_search(&stop.mmsi.0) {
                Ok(_) => {}
                Err(at) if self.ships < MAX_SHIPS_IN_CELLS => {
                    of.ships.insert(at, stop.mmsi.0);
                    self.ships += 1;
                }
                Err(_) => is_whole = false,
            }
            if most.is_some_and(|(most, _)| most == cell) {
                if self.stays < MAX_STAYS {
                    of.stays_min.push(u32::try_from(stop.duration_ms / MINUTE_MS).unwrap_or(u32::MAX));
                    self.stays += 1;
                } else {
                    is_whole = false;
                }
                of.at_anchor += u32::from(stop.at_anchor == Some(true));
                of.other += u32::from(stop.at_anchor == Some(false));
            }
        }
        self.refused += u64::from(!is_whole);
    }

    /// The cells, ascending.
    pub fn of_all(&self) -> &BTreeMap<CellIndex, OfCell> {
        &self.of
    }
}

#[cfg(test)]
mod tests {
    use h3o::{LatLng, Resolution};
    use model::Mmsi;

    use super::*;

    fn stop(mmsi: u32, cells: &[(CellIndex, u32)], minutes: i64, at_anchor: Option<bool>) -> Stop {
        Stop { mmsi: Mmsi(mmsi), duration_ms: minutes * MINUTE_MS, cells: cells.to_vec(), at_anchor }
    }

    #[test]
    fn a_stop_counts_in_all_its_cells_and_its_length_in_one() {
        let mut disk: Vec<CellIndex> =
            LatLng::new(43.1, 131.9).unwrap().to_cell(Resolution::Nine).grid_disk(1);
        disk.sort();
        let (a, b, c) = (disk[0], disk[1], disk[2]);
        let mut cells = Cells::new(2);
        cells.take(&stop(2, &[(a, 1), (b, 3)], 60, Some(true)));
        cells.take(&stop(1, &[(a, 2)], 20, None));
        cells.take(&stop(2, &[(a, 2)], 30, Some(false)));
        cells.take(&stop(3, &[(c, 2)], 30, None));
        let of = |cell: &CellIndex| cells.of_all().get(cell).cloned();
        assert_eq!(
            of(&a),
            Some(OfCell { ships: vec![1, 2], visits: 3, stays_min: vec![20, 30], at_anchor: 0, other: 1 })
        );
        assert_eq!(
            of(&b),
            Some(OfCell { ships: vec![2], visits: 1, stays_min: vec![60], at_anchor: 1, other: 0 })
        );
        assert_eq!((of(&c), cells.stops, cells.refused), (None, 4, 1));
    }
}
