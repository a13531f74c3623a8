//! The mask of water as a field: for each slot of the lattice how many steps it is to the nearest land or wall.
//!
//! The mask is made by `cargo xtask water`, which tells how it is written. A wall stands between two water cells that
//! are of two seas, such as those on both sides of the isthmus of Corinth.

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

/// Marks water cells with a wall.
const WALLED: u8 = 0x20;

/// The bits of the steps.
const STEPS: u8 = 0x1F;

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
        let runs = numbers.next().unwrap_or(0);
        field.place_water(lattice, numbers.by_ref().take(runs as usize));
        field.place_walls(lattice, numbers);
        field.measure(lattice);
        field
    }

    /// Steps to the nearest land or wall, at most [`FAR`]; 0 on land and beside walls. The slot may lie just beyond an
    /// edge of its face.
    pub fn steps(&self, lattice: &Lattice, slot: u32) -> u8 {
        self.at(self.own(lattice, slot)) & STEPS
    }

    /// Whether a cell is water.
    pub fn is_water(&self, slot: u32) -> bool {
        self.at(slot) & (STEPS | WALLED) != 0
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

    /// Sets land to 0 and water to [`FAR`].
    fn place_water(&mut self, lattice: &Lattice, mut runs: impl Iterator<Item = u32>) {
        let mut left = runs.next().unwrap_or(u32::MAX);
        let mut kind = 0;
        for slot in cells(lattice) {
            while left == 0 {
                kind = FAR - kind;
                left = runs.next().unwrap_or(u32::MAX);
            }
            self.slots[slot as usize] = kind;
            left -= 1;
        }
    }

    fn place_walls(&mut self, lattice: &Lattice, mut numbers: impl Iterator<Item = u32>) {
        let mut cells = cells(lattice);
        let mut skipped = 0;
        while let (Some(after), Some(directions)) = (numbers.next(), numbers.next()) {
            let Some(slot) = cells.nth((after - skipped) as usize) else { break };
            // `nth` has taken the cell itself, too.
            skipped = 1;
            for direction in (0..6).filter(|direction| directions >> direction & 1 == 1) {
                let beside = self.neighbour(lattice, slot, direction);
                for (one, other) in [(slot, beside), (beside, slot)] {
                    self.slots[one as usize] = WALLED;
                    self.walls.push((one, other));
                }
            }
        }
        self.walls.sort_unstable();
    }

    /// Goes out from land and walls ring by ring.
    fn measure(&mut self, lattice: &Lattice) {
        let mut ring: Vec<u32> = cells(lattice).filter(|slot| self.at(*slot) & STEPS == 0).collect();
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
