//! The cells around cells, kept as they are asked for: finding them takes longer than all that is asked of them.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;

use hashbrown::HashMap;
use model::Cell;

/// So many are kept.
const MAX_KEPT: usize = 16_384;

type Kept<T> = RefCell<HashMap<(Cell, u32), Arc<[T]>, foldhash::fast::FixedState>>;

/// Disks and rings around cells.
#[derive(Debug, Default)]
pub struct Neighbours {
    disks: Kept<Cell>,
    rings: Kept<(u32, Cell)>,
}

impl Neighbours {
    /// [`Cell::disk`].
    pub fn disk(&self, cell: Cell, steps: u32) -> Arc<[Cell]> {
        known(&self.disks, (cell, steps), || cell.disk(steps))
    }

    /// [`Cell::rings`].
    pub fn rings(&self, cell: Cell, steps: u32) -> Arc<[(u32, Cell)]> {
        known(&self.rings, (cell, steps), || cell.rings(steps))
    }
}

impl Clone for Neighbours {
    /// Another asks for others.
    fn clone(&self) -> Neighbours {
        Neighbours::default()
    }
}

fn known<T>(kept: &Kept<T>, key: (Cell, u32), find: impl FnOnce() -> Vec<T>) -> Arc<[T]> {
    let mut kept = kept.borrow_mut();
    if kept.len() >= MAX_KEPT && !kept.contains_key(&key) {
        kept.clear();
    }
    Arc::clone(kept.entry(key).or_insert_with(|| find().into()))
}
