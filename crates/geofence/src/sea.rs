//! Sea distance: how far it is by water.
//!
//! The shortest way over water cells of H3 (resolution 5): the great circle itself if all cells that it crosses are
//! water, else great circles between turning points that stay in water. The cells of both ends and their first rings
//! count as water, so that a port in an estuary is reached. Canals and straits narrower than a cell are listed with
//! their lengths ([`straits`]).
//!
//! ```
//! use geofence::sea::Sea;
//! use model::Position;
//!
//! let at = |lon, lat| Position::from_degrees(lon, lat).unwrap();
//! let sea = Sea::built_in();
//! // From Genoa round Italy: Venice is 280 km off as the crow flies.
//! let ways = sea.search(at(8.92, 44.40), 2_500_000.0);
//! let distance_m = ways.distance_m(&sea, at(12.33, 45.43)).unwrap();
//! assert!((2_000_000.0..2_200_000.0).contains(&distance_m), "{distance_m}");
//! ```

mod field;
mod lattice;
mod nodes;
mod search;
mod sight;
pub mod straits;
mod ways;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use model::Position;
use smallvec::SmallVec;

use field::Field;
use lattice::{Lattice, Place, Vector};
use search::{Exit, vector};
use sight::{Opened, Sight};
use straits::PASSAGES;

pub use model::Cell;
pub use ways::Ways;

/// The water of the world. Immutable: shared by reference.
#[derive(Debug)]
pub struct Sea {
    lattice: Lattice,
    field: Field,
    gates: Vec<Gate>,
}

/// One end of a passage, seen by who enters.
#[derive(Clone, Copy, Debug)]
struct Gate {
    slot: u32,
    point: Vector,
    other_slot: u32,
    other_point: Vector,
    length_m: f64,
    exit: Exit,
}

impl Sea {
    /// From the mask in the program.
    #[must_use]
    pub fn built_in() -> Sea {
        let lattice = Lattice::new();
        let mut field = Field::new(&lattice);
        let mut gates: Vec<Gate> = Vec::new();
        for (number, passage) in PASSAGES.iter().enumerate() {
            let ends = [passage.positions().next(), passage.positions().next_back()];
            if let [Some(first), Some(last)] = ends {
                for (from, to, is_backwards) in [(first, last, false), (last, first, true)] {
                    let (point, other_point) = (vector(from), vector(to));
                    let (slot, other_slot) =
                        (lattice.locate(point).slot(), lattice.locate(other_point).slot());
                    let exit = Exit { passage: number, is_backwards };
                    field.mark_gate(slot);
                    gates.push(Gate {
                        slot,
                        point,
                        other_slot,
                        other_point,
                        length_m: passage.length_m,
                        exit,
                    });
                }
            }
        }
        Sea { lattice, field, gates }
    }

    /// Whether a cell is water.
    #[must_use]
    pub fn is_water(&self, cell: Cell) -> bool {
        self.field.is_water(self.lattice.locate(vector(cell.centre())).slot())
    }

    /// Shortest ways by water from a position to everything at most `bound_m` away.
    #[must_use]
    pub fn search(&self, from: Position, bound_m: f64) -> Ways {
        Ways::search(self, from, bound_m)
    }

    /// The cell of a point and its first ring.
    fn opened(&self, point: Vector) -> Opened {
        let slot = self.lattice.locate(point).slot();
        core::iter::once(slot).chain((0..6).map(|direction| self.neighbour(slot, direction))).collect()
    }

    /// A cell and its first and second ring, in ascending order.
    fn two_rings(&self, slot: u32) -> SmallVec<[u32; 49]> {
        let ring: SmallVec<[u32; 7]> =
            core::iter::once(slot).chain((0..6).map(|direction| self.neighbour(slot, direction))).collect();
        let steps = ring.iter().flat_map(|slot| (0..6).map(|direction| self.neighbour(*slot, direction)));
        let mut cells: SmallVec<[u32; 49]> = ring.iter().copied().chain(steps).collect();
        cells.sort_unstable();
        cells.dedup();
        cells
    }

    fn sight<'a>(&'a self, opened: &'a [u32]) -> Sight<'a> {
        Sight { lattice: &self.lattice, field: &self.field, opened }
    }

    fn neighbour(&self, slot: u32, direction: usize) -> u32 {
        self.field.neighbour(&self.lattice, slot, direction)
    }

    fn centre(&self, slot: u32) -> Vector {
        self.lattice.centre(Place::of_slot(slot))
    }

    fn is_gate(&self, slot: u32) -> bool {
        self.field.is_gate(slot)
    }

    /// The passages that begin in a cell.
    fn gates(&self, slot: u32) -> impl Iterator<Item = &Gate> {
        self.gates.iter().filter(move |gate| gate.slot == slot)
    }
}
