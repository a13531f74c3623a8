//! Cells of the H3 grid, resolution 5: about 250 km² each.

mod finder;

use alloc::vec::Vec;

use finder::Finder;
use h3o::{CellIndex, LatLng, Resolution};
use serde::{Deserialize, Serialize};

use crate::Position;

/// The resolution at which reception is learned and ways by water are searched.
const RESOLUTION: Resolution = Resolution::Five;

/// An H3 cell of resolution 5: what such cells differ in, four bytes, since each ship and each receiver has some.
/// Cells under one parent follow each other in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell(u32);

/// What the 64-bit indexes of all cells of resolution 5 have in common: a cell, its resolution, and no finer digits.
const COMMON: u64 = 1 << 59 | 5 << 52 | DIGITS;
/// The digits of finer resolutions.
const DIGITS: u64 = (1 << DIGIT_BITS) - 1;
/// How many bits they have. Above them stand base cell and digits.
const DIGIT_BITS: u32 = 30;

impl Cell {
    /// No cell.
    pub const NONE: Cell = Cell(0);

    /// Its 64-bit index; 0 for none.
    #[must_use]
    pub fn h3(self) -> u64 {
        // One more than base cell and digits, so that 0 is none.
        self.0.checked_sub(1).map_or(0, |digits| COMMON | u64::from(digits) << DIGIT_BITS)
    }

    fn of(index: CellIndex) -> Cell {
        Cell(((u64::from(index) ^ COMMON) >> DIGIT_BITS) as u32 + 1)
    }

    /// The cell of resolution 5 that holds a position.
    #[must_use]
    pub fn at(position: Position) -> Cell {
        let finder = Finder::get();
        let spot = finder.spot(position);
        spot.and_then(|spot| finder.cell(spot)).unwrap_or_else(|| {
            let cell = Cell::by_h3(position);
            spot.into_iter().for_each(|spot| finder.learn(spot, cell));
            cell
        })
    }

    /// The same, asked of H3.
    fn by_h3(position: Position) -> Cell {
        let scale = f64::from(crate::position::UNITS_PER_DEGREE);
        let place = LatLng::new(f64::from(position.lat) / scale, f64::from(position.lon) / scale);
        // A position is finite by its type.
        place.map_or(Cell::NONE, |place| Cell::of(place.to_cell(RESOLUTION)))
    }

    /// Its centre, rounded to 10⁻⁶ degree.
    #[must_use]
    pub fn centre(self) -> Position {
        let centre = self.index().map(LatLng::from);
        centre.and_then(|centre| Position::from_degrees(centre.lng(), centre.lat())).unwrap_or_default()
    }

    /// Its corners, counter-clockwise.
    #[must_use]
    pub fn corners(self) -> Vec<Position> {
        let Some(index) = self.index() else { return Vec::new() };
        let corner = |at: &LatLng| Position::from_degrees(at.lng(), at.lat());
        index.boundary().iter().filter_map(corner).collect()
    }

    /// The cells at most `steps` steps away, itself included, in ascending order.
    #[must_use]
    pub fn disk(self, steps: u32) -> Vec<Cell> {
        let Some(index) = self.index() else { return Vec::new() };
        let mut cells: Vec<Cell> = index.grid_disk::<Vec<_>>(steps).into_iter().map(Cell::of).collect();
        cells.sort_unstable();
        cells
    }

    /// The cells at most `steps` steps away with their number of steps, in ascending order.
    #[must_use]
    pub fn rings(self, steps: u32) -> Vec<(u32, Cell)> {
        let Some(index) = self.index() else { return Vec::new() };
        let around = index.grid_disk_distances::<Vec<_>>(steps).into_iter();
        let mut cells: Vec<(u32, Cell)> = around.map(|(cell, steps)| (steps, Cell::of(cell))).collect();
        cells.sort_unstable();
        cells
    }

    fn index(self) -> Option<CellIndex> {
        CellIndex::try_from(self.h3()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::{RADIANS_PER_UNIT, wrapped};

    #[test]
    fn a_cell_holds_its_centre_and_has_six_neighbours() {
        let cell = Cell::at(Position::from_degrees(130.3, 42.2333).unwrap());
        assert_eq!(Cell::at(cell.centre()), cell);
        assert_eq!(cell.disk(1).len(), 7);
        assert!(cell.disk(2).windows(2).all(|pair| pair[0] < pair[1]));
        let mut rings: Vec<Cell> = cell.rings(3).into_iter().map(|(_, cell)| cell).collect();
        assert_eq!(rings[0], cell);
        rings.sort_unstable();
        assert_eq!(rings, cell.disk(3));
    }

    #[test]
    fn cells_under_one_parent_follow_each_other() {
        let cell = Cell::at(Position::from_degrees(131.9, 43.0).unwrap());
        let parent = |cell: Cell| cell.index().unwrap().parent(Resolution::Four);
        let all = cell.disk(6);
        let inside: Vec<bool> = all.iter().map(|other| parent(*other) == parent(cell)).collect();
        let changes = inside.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(inside.contains(&true) && changes <= 2, "{changes}");
    }

    #[test]
    fn every_cell_is_the_index_that_it_has_in_h3() {
        let mut before = Cell::NONE;
        let mut count = 0_u64;
        for base in CellIndex::base_cells() {
            for index in base.children(RESOLUTION) {
                let cell = Cell::of(index);
                assert_eq!(cell.h3(), u64::from(index));
                assert!(cell > before, "{index}");
                (before, count) = (cell, count + 1);
            }
        }
        assert_eq!(count, RESOLUTION.cell_count());
        assert_eq!(Cell::NONE.h3(), 0);
    }

    #[test]
    fn it_is_found_as_h3_finds_it_in_every_cell() {
        // A place within each cell, another each time, near its border at times.
        let mut state = 1;
        let mut random = move |below: u64| {
            state = crate::hash::mix(state, 0x5EED);
            (state % below) as i64
        };
        for base in CellIndex::base_cells() {
            for index in base.children(RESOLUTION) {
                let centre = Cell::of(index).centre();
                let squeezed = (libm::cos(f64::from(centre.lat) * RADIANS_PER_UNIT) * 1e3) as i64;
                for _ in 0..2 {
                    let (east, north) = (random(200_001) - 100_000, random(200_001) - 100_000);
                    let lon = wrapped(i64::from(centre.lon) + east * 1_000 / squeezed.max(1));
                    let lat = (i64::from(centre.lat) + north).clamp(-90_000_000, 90_000_000);
                    let place = Position { lon: lon as i32, lat: lat as i32 };
                    assert_eq!(Cell::at(place), Cell::by_h3(place), "{place:?}");
                }
            }
        }
    }

    #[test]
    fn it_is_found_as_h3_finds_it_at_the_ends_of_the_chart() {
        let lons = [-180_000_000, -179_999_999, -1, 0, 1, 179_999_999, 180_000_000];
        let lats = [-90_000_000, -89_999_999, -1, 0, 1, 89_999_999, 90_000_000];
        for place in lons.into_iter().flat_map(|lon| lats.map(|lat| Position { lon, lat })) {
            for _ in 0..2 {
                assert_eq!(Cell::at(place), Cell::by_h3(place), "{place:?}");
            }
        }
    }

    #[test]
    fn nearly_nothing_is_left_to_h3_once_parents_are_known() {
        let mut asked = 0;
        for number in 0..100_000_i64 {
            // Evenly over the sphere.
            let lat = libm::asin(1.0 - 2.0 * (number as f64 + 0.5) / 1e5).to_degrees();
            let lon = (number as f64 * 137.507_764) % 360.0 - 180.0;
            let place = Position::from_degrees(lon, lat).unwrap();
            let (cell, finder) = (Cell::at(place), Finder::get());
            let found = finder.spot(place).and_then(|spot| finder.cell(spot));
            asked += u32::from(found != Some(cell));
        }
        assert!(asked < 500, "{asked}");
    }
}
