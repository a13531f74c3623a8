//! Sea distance: how far it is by water.
//!
//! The shortest way over water cells of H3 (resolution 5): the great circle itself if all cells that it crosses are
//! water, else great circles between turning points that stay in water. The cells of both ends count as water, and so
//! do their first rings where no way leads out to sea, so that a port in an estuary is reached. Canals and straits narrower than a cell are listed with
//! their lengths ([`straits`]).
//!
//! A cell is 17 km wide. So that ways do not cross the isthmus of Corinth, and do get into the Kola Inlet, the mask knows
//! two things more than which cells are mostly water: *walls* between cells beside each other that are of two seas, and
//! *narrow* cells, which are mostly land. A way may begin, turn and end in a narrow cell, but not cross it.
//!
//! Against the coast itself distances are right to −1.8…+1.2 % over 41 of the 44 pairs of ports in
//! `tests/sea_distances.rs`. A peninsula or isthmus within the cell of a port is not seen: Rajin to Dunai comes out 13 km
//! short, of 198, and Auckland is reached from the wrong side.
//!
//! ```
//! use geofence::sea::Sea;
//! use model::Position;
//!
//! let at = |lon, lat| Position::from_degrees(lon, lat).unwrap();
//! let sea = Sea::built_in();
//! // From Genoa round Italy: Venice is 280 km off as the crow flies.
//! let ways = sea.search(at(8.92, 44.40), 2_500_000.0);
//! let distance_m = ways.distance_m(sea, at(12.33, 45.43)).unwrap();
//! assert!((2_000_000.0..2_200_000.0).contains(&distance_m), "{distance_m}");
//! ```

mod field;
mod nodes;
mod search;
mod sight;
pub mod straits;
mod ways;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::vec::Vec;

use model::{Position, lattice};
use once_cell::race::OnceBox;
use smallvec::SmallVec;

use field::Field;
use lattice::{Lattice, Place, Vector};
use search::{Exit, vector};
use sight::{OPENED, Opened, Sight};
use straits::{PASSAGES, Passage};

pub use model::Cell;
pub use ways::Ways;

/// The water of the world. Immutable: shared by reference.
#[derive(Debug)]
pub struct Sea {
    lattice: Lattice,
    field: Field,
    gates: Vec<Gate>,
}

/// A way that turns in a cell that is mostly land follows a shore or a fjord, not the line over the centre, and is longer
/// by this, metres. Without it ways would cut every cape: Niigata to Yokohama would come out 1.8 % short, now 0.6 %.
const BEND_M: f64 = 5_000.0;

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
    /// That of [`Sea::from_mask`], made by who first asks for it.
    pub fn built_in() -> &'static Sea {
        static SEA: OnceBox<Sea> = OnceBox::new();
        SEA.get_or_init(|| Box::new(Sea::from_mask()))
    }

    /// From the mask in the program, made anew.
    #[must_use]
    pub fn from_mask() -> Sea {
        let lattice = Lattice::new();
        let mut field = Field::new(&lattice);
        let gates: Vec<Gate> = (0..PASSAGES.len()).flat_map(|number| gates(&lattice, number)).collect();
        for gate in &gates {
            field.mark_gate(gate.slot);
        }
        Sea { lattice, field, gates }
    }

    /// Whether a cell is water.
    #[must_use]
    pub fn is_water(&self, cell: Cell) -> bool {
        self.field.is_water(self.lattice.locate(vector(cell.centre())).slot())
    }

    /// Whether a cell has any water.
    #[must_use]
    pub fn has_water(&self, cell: Cell) -> bool {
        self.field.is_wet(self.lattice.locate(vector(cell.centre())).slot())
    }

    /// Shortest ways by water from a position to everything at most `bound_m` away.
    #[must_use]
    pub fn search(&self, from: Position, bound_m: f64) -> Ways {
        Ways::search(self, from, bound_m)
    }

    /// Those of them from which it may be at most as much of `whole_m` to another position as is left.
    #[must_use]
    pub fn search_towards(&self, from: Position, bound_m: f64, to: Position, whole_m: f64) -> Ways {
        Ways::search_towards(self, from, bound_m, (to, whole_m))
    }

    /// What counts as water around a point: its cell, and the first ring where that has no way out to sea.
    fn opened(&self, point: Vector) -> Opened {
        let slot = self.lattice.locate(point).slot();
        let ring: SmallVec<[u32; 6]> = (0..6).map(|direction| self.neighbour(slot, direction)).collect();
        let is_way_out = |beside: &u32| self.field.is_water(*beside) && !self.field.is_wall(slot, *beside);
        if self.field.is_wet(slot) && ring.iter().any(is_way_out) {
            return Opened::from_elem(slot, OPENED);
        }
        core::iter::once(slot).chain(ring).collect()
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

    /// By how much a way through the centre of a cell is longer than it looks.
    fn bend_m(&self, slot: u32) -> f64 {
        if self.field.is_water(slot) { 0.0 } else { BEND_M }
    }

    fn is_gate(&self, slot: u32) -> bool {
        self.field.is_gate(slot)
    }

    /// The passages that begin in a cell.
    fn gates(&self, slot: u32) -> impl Iterator<Item = &Gate> {
        self.gates.iter().filter(move |gate| gate.slot == slot)
    }
}

/// Both ends of a passage.
fn gates(lattice: &Lattice, passage: usize) -> impl Iterator<Item = Gate> + use<> {
    let Passage { length_m, .. } = PASSAGES[passage];
    let ends = [PASSAGES[passage].positions().next(), PASSAGES[passage].positions().next_back()];
    let ends: SmallVec<[(u32, Vector); 2]> =
        ends.into_iter().flatten().map(|end| (lattice.locate(vector(end)).slot(), vector(end))).collect();
    [false, true].into_iter().filter_map(move |is_backwards| {
        let ((slot, point), (other_slot, other_point)) = match (ends.first()?, ends.last()?) {
            (first, last) if is_backwards => (*last, *first),
            (first, last) => (*first, *last),
        };
        let exit = Exit { passage, is_backwards };
        Some(Gate { slot, point, other_slot, other_point, length_m, exit })
    })
}
