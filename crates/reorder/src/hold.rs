//! Reports wait here until every source has come as far as their time.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

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

/// What is held of one second is put in order at once, when its time comes: a heap of all would be gone through for each.
const SECOND_MS: i64 = 1_000;

/// Where an item is held: its place, its arrival (copies have one key and go on in the order in which they came), its slot.
type Held = (OrderKey, u64, u32);

/// Where an item lies until it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u32);

/// Holds items until their time has come.
#[derive(Clone, Debug)]
pub struct Hold<T> {
    /// In order: all that is held up to the end of `second`.
    front: VecDeque<Held>,
    /// The second that was put in order last.
    second: i64,
    /// What comes after it, by second.
    later: BTreeMap<i64, Vec<Held>>,
    /// The second of the item that was taken in last, if that comes after it, too: the next is mostly of the same.
    newest: (i64, Vec<Held>),
    /// Room of a second that has gone on.
    spare: Vec<Held>,
    count: usize,
    arrivals: u64,
    items: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Hold<T> {
    fn default() -> Self {
        Hold {
            front: VecDeque::new(),
            second: i64::MIN,
            later: BTreeMap::new(),
            newest: (i64::MIN, Vec::new()),
            spare: Vec::new(),
            count: 0,
            arrivals: 0,
            items: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Hold<T> {
    /// How many are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
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
        self.count += 1;
        let held = (key, self.arrivals, slot);
        let second = key.at.0.div_euclid(SECOND_MS);
        if second > self.second {
            if second != self.newest.0 {
                self.set_aside();
                let fresh = || core::mem::take(&mut self.spare);
                self.newest = (second, self.later.remove(&second).unwrap_or_else(fresh));
            }
            self.newest.1.push(held);
        } else if self.front.back().is_none_or(|last| *last < held) {
            self.front.push_back(held);
        } else {
            let at = self.front.partition_point(|other| *other < held);
            self.front.insert(at, held);
        }
    }

    /// The next item whose time has come at watermark `w`, which is taken with [`Hold::take`]. A late one waits until `w`
    /// is past its place: while it is just there, a source that is as far may read more that belong before it.
    pub fn next_due(&mut self, w: EventTime) -> Option<(OrderKey, Slot)> {
        self.next(w, |key| key.at < w || key.at == w && !key.is_late)
    }

    /// The next item whose place is at or before `w`, late ones included.
    pub fn next_with_late(&mut self, w: EventTime) -> Option<(OrderKey, Slot)> {
        self.next(w, |key| key.at <= w)
    }

    /// An item that is due.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&T> {
        self.items.get(slot.0 as usize)?.as_ref()
    }

    /// Takes out an item that is due.
    pub fn take(&mut self, slot: Slot) -> Option<T> {
        let item = self.items.get_mut(slot.0 as usize)?.take()?;
        self.free.push(slot.0);
        Some(item)
    }

    fn next(&mut self, w: EventTime, is_due: impl Fn(&OrderKey) -> bool) -> Option<(OrderKey, Slot)> {
        if self.front.is_empty() {
            self.next_second(w);
        }
        self.front.front().filter(|(key, ..)| is_due(key))?;
        let (key, _, slot) = self.front.pop_front()?;
        self.count -= 1;
        Some((key, Slot(slot)))
    }

    /// Puts the next second in order, if its time has come.
    fn next_second(&mut self, w: EventTime) {
        if self.newest.0.saturating_mul(SECOND_MS) <= w.0 {
            self.set_aside();
        }
        if let Some(next) = self.later.first_entry().filter(|next| next.key() * SECOND_MS <= w.0) {
            let (second, mut held) = next.remove_entry();
            held.sort_unstable();
            self.second = second;
            self.spare = core::mem::replace(&mut self.front, held.into()).into();
            self.spare.clear();
        }
    }

    /// Puts the newest second to the others.
    fn set_aside(&mut self) {
        let (second, held) = core::mem::replace(&mut self.newest, (i64::MIN, Vec::new()));
        if !held.is_empty() {
            self.later.insert(second, held);
        }
    }

    /// All that is held, in order, for a snapshot.
    pub fn contents(&self) -> Vec<(OrderKey, &T)> {
        let mut held: Vec<&Held> = {
            let later = self.later.values().flatten().chain(&self.newest.1);
            self.front.iter().chain(later).collect()
        };
        held.sort_unstable();
        let items = held
            .into_iter()
            .filter_map(|(key, _, slot)| self.items[*slot as usize].as_ref().map(|item| (*key, item)));
        items.collect()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn key(at_ms: i64, mmsi: u32, is_late: bool) -> OrderKey {
        OrderKey { at: EventTime(at_ms), is_late, mmsi_or_source: mmsi, kind: 1, tie: [0; 3] }
    }

    #[test]
    fn whatever_comes_when_goes_on_by_place_and_copies_by_arrival() {
        // A small generator, for as many orders of pushing and popping.
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = model::hash::mix(state, 0x5EED);
            state % below
        };
        for _ in 0..200 {
            let (mut hold, mut sorted) = (Hold::default(), vec![]);
            let (mut got, mut expected) = (vec![], vec![]);
            let mut w = 0;
            for arrival in 0..100_u32 {
                let key = key(w + random(4_000) as i64 - 500, random(3) as u32, random(5) == 0);
                hold.push(key, arrival);
                sorted.push((key, arrival));
                w += random(200) as i64;
                while let Some((_, slot)) = hold.next_due(EventTime(w)) {
                    assert!(hold.get(slot).is_some());
                    got.extend(hold.take(slot));
                    let is_due = |(key, _): &(OrderKey, u32)| key.at.0 < w || key.at.0 == w && !key.is_late;
                    sorted.sort();
                    let at = sorted.iter().position(is_due).expect("one is due");
                    expected.push(sorted.remove(at).1);
                }
                assert!(!sorted.iter().any(|(key, _)| key.at.0 < w), "one that is due stays");
                assert_eq!(hold.len(), sorted.len());
            }
            sorted.sort();
            let contents: Vec<u32> = hold.contents().into_iter().map(|(_, item)| *item).collect();
            assert_eq!(contents, sorted.iter().map(|(_, item)| *item).collect::<Vec<_>>());
            assert_eq!(got, expected);
        }
    }
}
