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

/// What is held of one second.
#[derive(Clone, Debug)]
struct Second<T> {
    /// The place of each, and its number: copies have one place and go on in the order in which they came.
    places: Vec<(OrderKey, u32)>,
    /// By number; those that have gone on leave their room.
    items: Vec<Option<T>>,
}

impl<T> Default for Second<T> {
    fn default() -> Self {
        Second { places: Vec::new(), items: Vec::new() }
    }
}

impl<T> Second<T> {
    fn add(&mut self, key: OrderKey, item: T) {
        self.places.push((key, self.items.len() as u32));
        self.items.push(Some(item));
    }
}

/// Holds items until their time has come.
#[derive(Clone, Debug)]
pub struct Hold<T> {
    /// In order: all that is held up to the end of `second`.
    front: VecDeque<(OrderKey, u32)>,
    /// The items of those.
    items: Vec<Option<T>>,
    /// The second that was put in order last.
    second: i64,
    /// What comes after it, by second.
    later: BTreeMap<i64, Second<T>>,
    /// The second of the item that was taken in last, if that comes after it, too: the next is mostly of the same.
    newest: (i64, Second<T>),
    /// Room of a second that has gone on.
    spare: Second<T>,
    count: usize,
}

impl<T> Default for Hold<T> {
    fn default() -> Self {
        Hold {
            front: VecDeque::new(),
            items: Vec::new(),
            second: i64::MIN,
            later: BTreeMap::new(),
            newest: (i64::MIN, Second::default()),
            spare: Second::default(),
            count: 0,
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
        self.count += 1;
        let second = key.at.0.div_euclid(SECOND_MS);
        if second > self.second {
            if second != self.newest.0 {
                self.set_aside();
                let fresh = || core::mem::take(&mut self.spare);
                self.newest = (second, self.later.remove(&second).unwrap_or_else(fresh));
            }
            return self.newest.1.add(key, item);
        }
        let held = (key, self.items.len() as u32);
        self.items.push(Some(item));
        if self.front.back().is_none_or(|last| *last < held) {
            self.front.push_back(held);
        } else {
            let at = self.front.partition_point(|other| *other < held);
            self.front.insert(at, held);
        }
    }

    /// The next item whose time has come at watermark `w`. A late one waits until `w` is past its
    /// place: while it is just there, a source that is as far may read more that belong before it.
    pub fn pop(&mut self, w: EventTime) -> Option<(OrderKey, T)> {
        self.take(w, |key| key.at < w || key.at == w && !key.is_late)
    }

    /// The next item whose place is at or before `w`, late ones included.
    pub fn pop_with_late(&mut self, w: EventTime) -> Option<(OrderKey, T)> {
        self.take(w, |key| key.at <= w)
    }

    fn take(&mut self, w: EventTime, is_due: impl Fn(&OrderKey) -> bool) -> Option<(OrderKey, T)> {
        if self.front.is_empty() {
            self.next_second(w);
        }
        self.front.front().filter(|(key, _)| is_due(key))?;
        let (key, number) = self.front.pop_front()?;
        self.count -= 1;
        self.items[number as usize].take().map(|item| (key, item))
    }

    /// Puts the next second in order, if its time has come.
    fn next_second(&mut self, w: EventTime) {
        if self.newest.0.saturating_mul(SECOND_MS) <= w.0 {
            self.set_aside();
        }
        if let Some(next) = self.later.first_entry().filter(|next| next.key() * SECOND_MS <= w.0) {
            let (second, Second { mut places, items }) = next.remove_entry();
            places.sort_unstable();
            self.second = second;
            let places = core::mem::replace(&mut self.front, places.into()).into();
            let items = core::mem::replace(&mut self.items, items);
            self.spare = Second { places, items };
            self.spare.places.clear();
            self.spare.items.clear();
        } else {
            // Of a second that has gone on, what comes late is all that is held.
            self.items.clear();
        }
    }

    /// Puts the newest second to the others.
    fn set_aside(&mut self) {
        let (second, held) = core::mem::replace(&mut self.newest, (i64::MIN, Second::default()));
        if !held.places.is_empty() {
            self.later.insert(second, held);
        }
    }

    /// All that is held, in order, for a snapshot.
    pub fn contents(&self) -> Vec<(OrderKey, &T)> {
        let later = self.later.values().chain([&self.newest.1]);
        let later = later.flat_map(|second| second.places.iter().map(|place| (place, &second.items)));
        let mut held: Vec<(&(OrderKey, u32), &Vec<Option<T>>)> =
            self.front.iter().map(|place| (place, &self.items)).chain(later).collect();
        // Those of one place are of one second.
        held.sort_unstable_by_key(|(place, _)| **place);
        let items = held
            .into_iter()
            .filter_map(|((key, number), items)| items[*number as usize].as_ref().map(|item| (*key, item)));
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
                while let Some((_, item)) = hold.pop(EventTime(w)) {
                    got.push(item);
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
