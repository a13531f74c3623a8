//! Which cell a position is in, for many of them: most lie within a disk that is known to be in one cell.

use alloc::vec;
use alloc::vec::Vec;

use super::Cell;
use crate::Position;
use crate::position::{RADIANS_PER_UNIT, wrapped};

/// Slots, a power of two each way.
const ROWS: usize = 1 << 8;
const COLUMNS: usize = 1 << 8;
/// A slot is for a square of 2^15 units, about 3.6 km of latitude.
const SIDE_BITS: u32 = 15;
/// Beyond it a parallel is too bent for a disk to be measured on a flat chart.
const MAX_LAT: i32 = 75_000_000;
/// What is sure of a cell's inner circle: on the chart, distances are wrong by at most a hundredth.
const SURE: f64 = 0.97;

/// Finds cells as [`Cell::at`] does, and remembers circles within the cells that are asked for again and again. It tells
/// nothing else than that, sooner.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// None before it is asked.
    slots: Vec<Slot>,
}

/// The cells found lately in squares that share the slot.
#[derive(Clone, Copy, Debug)]
struct Slot {
    disks: [Disk; 2],
    /// The last that was in none of the disks.
    missed: Cell,
}

/// A circle within a cell.
#[derive(Clone, Copy, Debug)]
struct Disk {
    cell: Cell,
    centre: Position,
    /// The length of a unit of longitude in those of latitude.
    shrink: f32,
    /// Square of the radius, in units of latitude.
    radius_squared: f32,
}

impl Cells {
    /// The cell of resolution 5 that holds a position.
    pub fn at(&mut self, position: Position) -> Cell {
        if position.lat.abs() > MAX_LAT {
            return Cell::at(position);
        }
        if self.slots.is_empty() {
            self.slots = vec![Slot { disks: [Disk::NONE; 2], missed: Cell::NONE }; ROWS * COLUMNS];
        }
        let row = (position.lat >> SIDE_BITS) as usize % ROWS;
        let column = (position.lon >> SIDE_BITS) as usize % COLUMNS;
        let slot = &mut self.slots[row * COLUMNS + column];
        if let Some(disk) = slot.disks.iter().find(|disk| disk.holds(position)) {
            return disk.cell;
        }
        let cell = Cell::at(position);
        // Measuring a cell takes longer than finding it, and pays only where it is asked for again.
        if slot.missed == cell && slot.disks.iter().all(|disk| disk.cell != cell) {
            slot.disks = [Disk::within(cell), slot.disks[0]];
        }
        slot.missed = cell;
        cell
    }
}

impl Disk {
    const NONE: Disk =
        Disk { cell: Cell::NONE, centre: Position { lon: 0, lat: 0 }, shrink: 0.0, radius_squared: -1.0 };

    fn holds(&self, position: Position) -> bool {
        let north = (position.lat - self.centre.lat) as f32;
        let east = (i64::from(position.lon) - i64::from(self.centre.lon)) as f32 * self.shrink;
        north * north + east * east <= self.radius_squared
    }

    /// The largest circle around the centre of a cell that is surely within it.
    fn within(cell: Cell) -> Disk {
        let centre = cell.centre();
        let shrink = libm::cos(f64::from(centre.lat) * RADIANS_PER_UNIT);
        let on_chart = |corner: &Position| {
            let east = wrapped(i64::from(corner.lon) - i64::from(centre.lon));
            (east as f64 * shrink, f64::from(corner.lat - centre.lat))
        };
        let corners: Vec<(f64, f64)> = cell.corners().iter().map(on_chart).collect();
        let ends = corners.iter().cycle().skip(1);
        let squared = corners.iter().zip(ends).map(|(a, b)| squared_to_line(*a, *b));
        let nearest = squared.reduce(f64::min).unwrap_or(0.0);
        Disk { cell, centre, shrink: shrink as f32, radius_squared: (nearest * (SURE * SURE)) as f32 }
    }
}

/// The square of the distance from the origin to the line through two points.
fn squared_to_line((ax, ay): (f64, f64), (bx, by): (f64, f64)) -> f64 {
    let (x, y) = (bx - ax, by - ay);
    let cross = ax * by - ay * bx;
    cross * cross / (x * x + y * y)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Positions around a place, near enough that disks are used.
    fn around(place: (i32, i32)) -> impl Strategy<Value = Vec<Position>> {
        let near = (-200_000..200_000_i32, -200_000..200_000_i32);
        prop::collection::vec(near, 400).prop_map(move |offsets| {
            let at = |(east, north): (i32, i32)| Position {
                lon: (place.0 + east).clamp(-180_000_000, 180_000_000),
                lat: (place.1 + north).clamp(-90_000_000, 90_000_000),
            };
            offsets.into_iter().map(at).collect()
        })
    }

    proptest! {
        #[test]
        fn it_finds_what_is_there(
            places in prop::collection::vec((-180_000_000..=180_000_000, -90_000_000..=90_000_000), 4)
                .prop_flat_map(|places| places.into_iter().map(around).collect::<Vec<_>>()),
        ) {
            let mut cells = Cells::default();
            for position in places.concat() {
                prop_assert_eq!(cells.at(position), Cell::at(position));
            }
        }
    }

    #[test]
    fn most_positions_of_a_cell_lie_in_its_disk() {
        for (lon, lat) in [(130.3, 42.2), (0.0, 0.0), (-179.99, 70.0), (8.0, -54.0)] {
            let disk = Disk::within(Cell::at(Position::from_degrees(lon, lat).unwrap()));
            let positions = (-40..40).flat_map(|row| (-80..80).map(move |column| (row, column)));
            let (mut held, mut all) = (0, 0);
            for (row, column) in positions {
                let lon = wrapped(i64::from(disk.centre.lon) + column * 4_000);
                let position = Position { lon: lon as i32, lat: disk.centre.lat + row * 4_000 };
                if Cell::at(position) == disk.cell {
                    all += 1;
                    held += usize::from(disk.holds(position));
                }
            }
            assert!(all > 100 && held * 10 > all * 6, "{held} of {all} at {lon} {lat}");
        }
    }
}
