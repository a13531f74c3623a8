//! What a search knows of the cells that it has come to.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::lattice::{TILES, tile};

/// Cells of a tile.
const TILE: usize = 256;

/// No turning point.
pub const NONE: u32 = u32::MAX;

/// One cell.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// Length of the shortest way to its centre so far, metres.
    pub distance_m: f64,
    /// The last turning point of that way.
    pub turn: u32,
    /// The turning point at its own centre, if a way turns there.
    pub own_turn: u32,
    /// A turning point from which it was found not to be in sight.
    pub hidden_from: u32,
    /// How sure the way is.
    pub state: State,
}

/// How sure the way to a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Whether it is in sight of its last turning point is not known.
    Guessed,
    /// It is in sight.
    Seen,
    /// No shorter way will be found.
    Final,
}

const UNKNOWN: Node =
    Node { distance_m: f64::INFINITY, turn: NONE, own_turn: NONE, hidden_from: NONE, state: State::Guessed };

/// The nodes of a search, in tiles of 16 × 16 cells that are made when first entered.
#[derive(Clone, Debug)]
pub struct Nodes {
    tiles: Vec<u32>,
    entered: Vec<Box<[Node; TILE]>>,
}

impl Nodes {
    /// None yet.
    pub fn new() -> Nodes {
        Nodes { tiles: vec![NONE; TILES], entered: Vec::new() }
    }

    /// What is known of a cell.
    pub fn get(&self, slot: u32) -> &Node {
        let (tile, inside) = tile(slot);
        match self.tiles[tile] {
            NONE => &UNKNOWN,
            number => &self.entered[number as usize][inside],
        }
    }

    /// What is known of a cell, to be changed.
    pub fn get_mut(&mut self, slot: u32) -> &mut Node {
        let (tile, inside) = tile(slot);
        if self.tiles[tile] == NONE {
            self.tiles[tile] = self.entered.len() as u32;
            self.entered.push(Box::new([UNKNOWN; TILE]));
        }
        &mut self.entered[self.tiles[tile] as usize][inside]
    }
}
