//! Reports wait here until every source has come as far as their time.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use model::{EventTime, Origin, Transmission};
use serde::{Deserialize, Serialize};

/// The place of a report in the order in which reports are handed on.
///
/// In time: (`t`, MMSI, type, payload), rows of sorted tables (`t`, MMSI, row). Late: after those
/// up to the watermark that the source had, in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderKey {
    /// Handed on when all sources have come this far; late ones when they are past it.
    pub at: EventTime,
    is_late: bool,
    mmsi_or_source: u32,
    kind: u8,
    tie: [u64; 3],
}

impl OrderKey {
    /// A report in time.
    #[must_use]
    pub fn in_time(transmission: &Transmission) -> OrderKey {
        OrderKey {
            at: transmission.t(),
            is_late: false,
            mmsi_or_source: transmission.mmsi().0,
            kind: transmission.kind().0,
            tie: transmission.payload().0,
        }
    }

    /// A row of a sorted table.
    #[must_use]
    pub fn row(transmission: &Transmission) -> OrderKey {
        let Origin { input, line } = transmission.origin();
        OrderKey { kind: 0, tie: [u64::from(input), line, 0], ..OrderKey::in_time(transmission) }
    }

    /// A late report, the `arrival`th of its source.
    #[must_use]
    pub fn late(watermark: EventTime, source: u32, arrival: u64) -> OrderKey {
        OrderKey { at: watermark, is_late: true, mmsi_or_source: source, kind: 0, tie: [arrival, 0, 0] }
    }

    /// Whether the report was late.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.is_late
    }
}

/// Holds items until their time has come.
#[derive(Clone, Debug)]
pub struct Hold<T> {
    /// Copies have one key: they go on in the order in which they came.
    heap: BinaryHeap<Reverse<(OrderKey, u64, u32)>>,
    arrivals: u64,
    items: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Hold<T> {
    fn default() -> Self {
        Hold { heap: BinaryHeap::new(), arrivals: 0, items: Vec::new(), free: Vec::new() }
    }
}

impl<T> Hold<T> {
    /// How many are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Takes in an item.
    pub fn push(&mut self, key: OrderKey, item: T) {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.items.push(None);
                (self.items.len() - 1) as u32
            }
        };
        self.items[slot as usize] = Some(item);
        self.arrivals += 1;
        self.heap.push(Reverse((key, self.arrivals, slot)));
    }

    /// The next item whose time has come at watermark `w`. A late one waits until `w` is past its
    /// place: while it is just there, a source that is as far may read more that belong before it.
    pub fn pop(&mut self, w: EventTime) -> Option<(OrderKey, T)> {
        self.take(|key| key.at < w || key.at == w && !key.is_late)
    }

    /// The next item whose place is at or before `w`, late ones included.
    pub fn pop_with_late(&mut self, w: EventTime) -> Option<(OrderKey, T)> {
        self.take(|key| key.at <= w)
    }

    fn take(&mut self, is_due: impl Fn(&OrderKey) -> bool) -> Option<(OrderKey, T)> {
        self.heap.peek().filter(|Reverse((key, ..))| is_due(key))?;
        let Reverse((key, _, slot)) = self.heap.pop()?;
        self.free.push(slot);
        self.items[slot as usize].take().map(|item| (key, item))
    }

    /// All that is held, in order, for a snapshot.
    pub fn contents(&self) -> Vec<(OrderKey, &T)> {
        let mut held: Vec<&Reverse<(OrderKey, u64, u32)>> = self.heap.iter().collect();
        held.sort_by_key(|Reverse((key, arrival, _))| (*key, *arrival));
        let items = held.into_iter().filter_map(|Reverse((key, _, slot))| {
            self.items[*slot as usize].as_ref().map(|item| (*key, item))
        });
        items.collect()
    }
}
