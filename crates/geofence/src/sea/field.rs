//! The mask of water as a field: for each slot of the lattice how many steps it is to the nearest land or wall.
//!
//! The mask is made by `cargo xtask water`, which tells how it is written. A wall stands between two cells whose waters
//! are of two seas, such as those on both sides of the isthmus of Corinth. Narrow cells are mostly land, but have some
//! water: ways begin, turn and end in them, but do not cross them.

use alloc::vec;
use alloc::vec::Vec;

use super::lattice::{FACES, Lattice, Place, SLOTS, slot_step};

static MASK: &[u8] = include_bytes!("../water.bin");

/// Steps are counted up to this.
const FAR: u8 = 20;

/// Marks slots that are not a cell's own.
const BEYOND: u8 = 0x80;

/// Marks cells where a passage begins.
const GATE: u8 = 0x40;

/// Marks cells with a wall.
const WALLED: u8 = 0x20;

/// The bits of the kind of a cell: 0 for land, a number of steps for water, or [`NARROW`].
const KIND: u8 = 0x1F;

/// Some water.
const NARROW: u8 = 0x1F;

/// Steps to the nearest land or wall, and marks.
#[derive(Debug)]
pub struct Field {
    slots: Vec<u8>,
    /// Pairs of cells with a wall between them, each in both orders, ascending.
    walls: Vec<(u32, u32)>,
}

impl Field {
    /// Decodes the mask and measures how far land is.
    pub fn new(lattice: &Lattice) -> Field {
        let mut field = Field { slots: vec![BEYOND; SLOTS], walls: Vec::new() };
        let mut numbers = numbers(MASK);
        let mut list = || {
            let length = numbers.next().unwrap_or(0) as usize;
            numbers.by_ref().take(length).collect::<Vec<u32>>()
        };
        field.place_water(lattice, &list());
        field.place_narrows(lattice, &list());
        field.place_walls(lattice, &list());
        field.measure(lattice);
        field
    }

    /// Steps to the nearest cell that is not water or has a wall, at most [`FAR`]; 0 in such a cell.
    pub fn steps(&self, slot: u32) -> u8 {
        match self.at(slot) & KIND {
            _ if self.is_walled(slot) => 0,
            NARROW => 0,
            steps => steps,
        }
    }

    /// Whether a cell is water through and through.
    pub fn is_water(&self, slot: u32) -> bool {
        !matches!(self.at(slot) & KIND, 0 | NARROW)
    }

    /// Whether a cell has any water.
    pub fn is_wet(&self, slot: u32) -> bool {
        self.at(slot) & KIND != 0
    }

    /// Whether a cell has walls.
    pub fn is_walled(&self, slot: u32) -> bool {
        self.at(slot) & WALLED != 0
    }

    /// Whether there is a wall between two cells that are neighbours.
    pub fn is_wall(&self, from: u32, to: u32) -> bool {
        self.is_walled(from) && self.walls.binary_search(&(from, to)).is_ok()
    }

    /// Whether a passage begins in a cell.
    pub fn is_gate(&self, slot: u32) -> bool {
        self.at(slot) & GATE != 0
    }

    /// Marks a cell as one where a passage begins.
    pub fn mark_gate(&mut self, slot: u32) {
        self.slots[slot as usize] |= GATE;
    }

    /// The slot that is the cell's own, for one that may lie just beyond an edge of its face.
    pub fn own(&self, lattice: &Lattice, slot: u32) -> u32 {
        if self.at(slot) & BEYOND == 0 { slot } else { lattice.own(Place::of_slot(slot)).slot() }
    }

    /// The cell next to another.
    pub fn neighbour(&self, lattice: &Lattice, slot: u32, direction: usize) -> u32 {
        self.own(lattice, slot.wrapping_add_signed(slot_step(direction)))
    }

    fn at(&self, slot: u32) -> u8 {
        self.slots[slot as usize]
    }

    /// Sets water to [`FAR`] and all else to 0.
    fn place_water(&mut self, lattice: &Lattice, runs: &[u32]) {
        let mut cells = cells(lattice);
        for (run, kind) in runs.iter().zip([0, FAR].into_iter().cycle()) {
            for slot in cells.by_ref().take(*run as usize) {
                self.slots[slot as usize] = kind;
            }
        }
    }

    fn place_narrows(&mut self, lattice: &Lattice, after: &[u32]) {
        for slot in apart(lattice, after.iter().copied()) {
            self.slots[slot as usize] = NARROW;
        }
    }

    fn place_walls(&mut self, lattice: &Lattice, list: &[u32]) {
        let (after, directions) = (list.iter().step_by(2), list.iter().skip(1).step_by(2));
        for (slot, directions) in apart(lattice, after.copied()).zip(directions) {
            for direction in (0..6).filter(|direction| directions >> direction & 1 == 1) {
                let beside = self.neighbour(lattice, slot, direction);
                for (one, other) in [(slot, beside), (beside, slot)] {
                    self.slots[one as usize] |= WALLED;
                    self.walls.push((one, other));
                }
            }
        }
        self.walls.sort_unstable();
    }

    /// Goes out from land, narrow cells and walls ring by ring.
    fn measure(&mut self, lattice: &Lattice) {
        let mut ring: Vec<u32> = cells(lattice).filter(|slot| self.steps(*slot) == 0).collect();
        for steps in 1..FAR {
            let mut next = Vec::new();
            for slot in ring {
                for direction in 0..6 {
                    let beside = self.neighbour(lattice, slot, direction);
                    if self.at(beside) == FAR {
                        self.slots[beside as usize] = steps;
                        next.push(beside);
                    }
                }
            }
            ring = next;
        }
    }
}

/// Cells that come so many after the one before each, the first so many after the first of all.
fn apart<'a>(lattice: &'a Lattice, after: impl Iterator<Item = u32> + 'a) -> impl Iterator<Item = u32> + 'a {
    let mut cells = cells(lattice);
    let mut taken = 0;
    after.map_while(move |after| {
        // `nth` takes the cell itself, too.
        let slot = cells.nth((after - taken) as usize);
        taken = 1;
        slot
    })
}

/// All cells, in the order of the mask.
fn cells(lattice: &Lattice) -> impl Iterator<Item = u32> + '_ {
    (0..FACES).flat_map(move |face| Lattice::rows().flat_map(move |b| lattice.row(face, b)))
}

/// Reads numbers of seven bits a byte, the lowest first, the top bit set in all bytes but the last.
fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut bytes = bytes.iter();
    core::iter::from_fn(move || {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = *bytes.next()?;
            number |= u32::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    })
}
