//! Cells of the H3 grid, resolution 5: about 250 km² each.

mod disks;

use alloc::vec::Vec;

pub use disks::Cells;
use h3o::{CellIndex, LatLng, Resolution};
use serde::{Deserialize, Serialize};

use crate::Position;

/// The resolution at which reception is learned and ways by water are searched.
const RESOLUTION: Resolution = Resolution::Five;

/// An H3 cell as its 64-bit index. Cells under one parent follow each other in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell(pub u64);

impl Cell {
    /// The cell of resolution 5 that holds a position.
    #[must_use]
    pub fn at(position: Position) -> Cell {
        let scale = f64::from(crate::position::UNITS_PER_DEGREE);
        let place = LatLng::new(f64::from(position.lat) / scale, f64::from(position.lon) / scale);
        // A position is finite by its type.
        place.map_or(Cell(0), |place| Cell(place.to_cell(RESOLUTION).into()))
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

    /// The cell of a coarser resolution that holds it.
    #[must_use]
    pub fn parent(self, resolution: u8) -> Option<Cell> {
        let resolution = Resolution::try_from(resolution).ok()?;
        self.index()?.parent(resolution).map(|parent| Cell(parent.into()))
    }

    /// The cells at most `steps` steps away, itself included, in ascending order.
    #[must_use]
    pub fn disk(self, steps: u32) -> Vec<Cell> {
        let Some(index) = self.index() else { return Vec::new() };
        let mut cells: Vec<Cell> =
            index.grid_disk::<Vec<_>>(steps).into_iter().map(|cell| Cell(cell.into())).collect();
        cells.sort_unstable();
        cells
    }

    /// The cells at most `steps` steps away with their number of steps, in ascending order.
    #[must_use]
    pub fn rings(self, steps: u32) -> Vec<(u32, Cell)> {
        let Some(index) = self.index() else { return Vec::new() };
        let around = index.grid_disk_distances::<Vec<_>>(steps).into_iter();
        let mut cells: Vec<(u32, Cell)> = around.map(|(cell, steps)| (steps, Cell(cell.into()))).collect();
        cells.sort_unstable();
        cells
    }

    fn index(self) -> Option<CellIndex> {
        CellIndex::try_from(self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let parent = cell.parent(4).unwrap();
        let all = cell.disk(6);
        let inside: Vec<bool> = all.iter().map(|cell| cell.parent(4) == Some(parent)).collect();
        let changes = inside.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(inside.contains(&true) && changes <= 2, "{changes}");
        assert_eq!(parent.parent(3), cell.parent(3));
    }
}
