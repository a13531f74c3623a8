//! Reports wait here until every source has come as far as their time.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use model::prefetch::fetch_all;
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

/// What of a place the report itself does not say.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Beside {
    /// It is that of a report in time.
    InTime,
    /// It is that of a row of a sorted table.
    Row,
    /// It was late: the watermark that its source had, the source, and how many of it had been late by then.
    Late(EventTime, u32, u64),
}

impl Beside {
    /// The place of a report.
    #[must_use]
    pub fn key(self, transmission: &Transmission) -> OrderKey {
        match self {
            Beside::InTime => OrderKey::in_time(transmission),
            Beside::Row => OrderKey::row(transmission),
            Beside::Late(watermark, source, arrival) => OrderKey::late(watermark, source, arrival),
        }
    }
}

impl OrderKey {
    /// Of rows and late reports; no message has this type.
    const NO_KIND: u8 = 0;

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
        OrderKey {
            kind: OrderKey::NO_KIND,
            tie: [u64::from(input), line, 0],
            ..OrderKey::in_time(transmission)
        }
    }

    /// A late report, the `arrival`th of its source.
    #[must_use]
    pub fn late(watermark: EventTime, source: u32, arrival: u64) -> OrderKey {
        OrderKey {
            at: watermark,
            is_late: true,
            mmsi_or_source: source,
            kind: OrderKey::NO_KIND,
            tie: [arrival, 0, 0],
        }
    }

    /// What of it the report itself does not say.
    #[must_use]
    pub fn beside(&self) -> Beside {
        if self.is_late {
            Beside::Late(self.at, self.mmsi_or_source, self.tie[0])
        } else if self.kind == OrderKey::NO_KIND {
            Beside::Row
        } else {
            Beside::InTime
        }
    }

    /// What of a second decides first, in one word.
    fn start(&self) -> u64 {
        let ms = self.at.0.rem_euclid(SECOND_MS) as u64;
        (ms << 1 | u64::from(self.is_late)) << AFTER_TURN
            | u64::from(self.mmsi_or_source) << 8
            | u64::from(self.kind)
    }

    /// When it is the report's turn.
    #[must_use]
    pub fn turn(&self) -> Turn {
        Turn { at: self.at, is_late: self.is_late }
    }
}

/// When it is a report's turn to be handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When all sources have come this far.
    pub at: EventTime,
    /// Whether the report was late: then they are past it.
    pub is_late: bool,
}

/// What is held of one second is put in order at once, when its time comes: a heap of all would be gone through for each.
const SECOND_MS: i64 = 1_000;

/// How a place begins, and the number of its item. Copies have one place and go on in the order in which they came.
type Order = (u64, u32);

/// Bits of that word after the time and whether it was late: the MMSI or source, and the type.
const AFTER_TURN: u32 = 32 + 8;

/// Memory is fetched for so many that follow the next one.
const AHEAD: usize = 16;

/// Items that lie together: of larger pieces of memory, of many sizes, more lies idle.
const CHUNK: usize = 64;

/// Chunks kept for what comes next.
const SPARE: usize = 128;

/// The place of an item, and the item until it goes on.
type Held<T> = (OrderKey, Option<T>);

/// Items that lie together, and how the place of each begins: to put them in order no item is looked at.
#[derive(Clone, Debug)]
struct Chunk<T> {
    held: Vec<Held<T>>,
    starts: Vec<u64>,
}

impl<T> Chunk<T> {
    fn with_room(room: usize) -> Chunk<T> {
        Chunk { held: Vec::with_capacity(room), starts: Vec::with_capacity(room) }
    }

    #[inline]
    fn add(&mut self, key: OrderKey, item: T) {
        self.starts.push(key.start());
        self.held.push((key, Some(item)));
    }
}

/// What is held of one second, by number, in chunks of which all but the last are full.
#[derive(Clone, Debug)]
struct Second<T>(Vec<Chunk<T>>);

impl<T> Default for Second<T> {
    fn default() -> Self {
        Second(Vec::new())
    }
}

impl<T> Second<T> {
    #[inline]
    fn add(&mut self, key: OrderKey, item: T, spare: &mut Vec<Chunk<T>>) {
        match self.0.last_mut() {
            Some(last) if last.held.len() < CHUNK => last.add(key, item),
            // There may be few of a second; where there are more than that, there are many.
            last => {
                let fresh = || Chunk::with_room(if last.is_some() { CHUNK } else { 4 });
                let mut chunk = spare.pop().unwrap_or_else(fresh);
                chunk.add(key, item);
                self.0.push(chunk);
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Held<T>> {
        self.0.iter().flat_map(|chunk| &chunk.held)
    }

    fn at(&self, number: u32) -> &Held<T> {
        &self.0[number as usize / CHUNK].held[number as usize % CHUNK]
    }

    fn take(&mut self, number: u32) -> Option<T> {
        self.0[number as usize / CHUNK].held[number as usize % CHUNK].1.take()
    }

    /// Gives its room back.
    fn clear(&mut self, spare: &mut Vec<Chunk<T>>) {
        let room = SPARE - spare.len();
        let large = self.0.drain(..).filter(|chunk| chunk.held.capacity() >= CHUNK);
        spare.extend(large.take(room).map(|mut chunk| {
            chunk.held.clear();
            chunk.starts.clear();
            chunk
        }));
    }

    fn put_in_order(&self, order: &mut Vec<Order>, room: &mut Vec<Order>) {
        order.clear();
        order.extend(self.0.iter().flat_map(|chunk| &chunk.starts).copied().zip(0..));
        sort_by_start(order, room);
        // Few begin the same.
        for same in order.chunk_by_mut(|one, other| one.0 == other.0).filter(|same| same.len() > 1) {
            same.sort_by_key(|(_, number)| self.at(*number).0.tie);
        }
    }
}

/// Puts them in order byte by byte from the lowest on; those that begin the same stay as they are. Most of what is held of one second
/// differs in the bytes of its MMSIs alone, and what all have in common is passed over.
fn sort_by_start(order: &mut Vec<Order>, room: &mut Vec<Order>) {
    const BYTES: usize = 7;
    const _: () = assert!(10 + 1 + AFTER_TURN <= 8 * BYTES as u32, "milliseconds of a second are ten bits");
    /// Fewer are sorted sooner by comparison.
    const FEW: usize = 256;
    if order.len() < FEW {
        return order.sort_by_key(|(start, _)| *start);
    }
    let byte_of = |(start, _): &Order, byte: usize| (start >> (8 * byte)) as u8 as usize;
    let mut counts = [[0_u32; 256]; BYTES];
    for one in &*order {
        counts.iter_mut().enumerate().for_each(|(byte, counts)| counts[byte_of(one, byte)] += 1);
    }
    room.clear();
    room.resize(order.len(), Order::default());
    for (byte, counts) in counts.iter_mut().enumerate() {
        if counts[byte_of(&order[0], byte)] as usize == order.len() {
            continue;
        }
        let mut before = 0;
        for count in counts.iter_mut() {
            before += core::mem::replace(count, before);
        }
        for one in &*order {
            let place = &mut counts[byte_of(one, byte)];
            room[*place as usize] = *one;
            *place += 1;
        }
        core::mem::swap(order, room);
    }
}

/// Holds items until their time has come.
#[derive(Clone, Debug)]
pub struct Hold<T> {
    /// The second that was put in order last …
    second: i64,
    /// … what was held of it then …
    current: Second<T>,
    /// … in order (and room to put it so) …
    order: Vec<Order>,
    room: Vec<Order>,
    /// … and how many of it have gone on.
    gone: usize,
    /// What was taken in for it, or for one before it, since then, in order.
    behind: VecDeque<(OrderKey, T)>,
    /// What comes after it, by second.
    later: BTreeMap<i64, Second<T>>,
    /// The second of the item that was taken in last, if that comes after it, too: the next is mostly of the same.
    newest: (i64, Second<T>),
    /// Room of seconds that have gone on.
    spare: Vec<Chunk<T>>,
    count: usize,
}

impl<T> Default for Hold<T> {
    fn default() -> Self {
        Hold {
            second: i64::MIN,
            current: Second::default(),
            order: Vec::new(),
            room: Vec::new(),
            gone: 0,
            behind: VecDeque::new(),
            later: BTreeMap::new(),
            newest: (i64::MIN, Second::default()),
            spare: Vec::new(),
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
    #[inline]
    pub fn push(&mut self, key: OrderKey, item: T) {
        self.count += 1;
        let second = key.at.0.div_euclid(SECOND_MS);
        if second > self.second {
            if second != self.newest.0 {
                self.set_aside();
                self.newest = (second, self.later.remove(&second).unwrap_or_default());
            }
            return self.newest.1.add(key, item, &mut self.spare);
        }
        if self.behind.back().is_none_or(|(last, _)| *last <= key) {
            self.behind.push_back((key, item));
        } else {
            let at = self.behind.partition_point(|(other, _)| *other <= key);
            self.behind.insert(at, (key, item));
        }
    }

    /// The next item whose time has come at watermark `w`. A late one waits until `w` is past its
    /// place: while it is just there, a source that is as far may read more that belong before it.
    pub fn pop(&mut self, w: EventTime) -> Option<(Turn, T)> {
        self.take(w, |turn| turn.at < w || turn.at == w && !turn.is_late)
    }

    /// The next item whose place is at or before `w`, late ones included.
    pub fn pop_with_late(&mut self, w: EventTime) -> Option<(Turn, T)> {
        self.take(w, |turn| turn.at <= w)
    }

    fn take(&mut self, w: EventTime, is_due: impl Fn(Turn) -> bool) -> Option<(Turn, T)> {
        if self.gone == self.order.len() && self.behind.is_empty() {
            self.next_second(w);
        }
        let next = self.order.get(self.gone).copied();
        if let Some((key, _)) = self.behind.front()
            && next.is_none_or(|(_, number)| *key < self.current.at(number).0)
        {
            let turn = Some(key.turn()).filter(|turn| is_due(*turn))?;
            self.count -= 1;
            return self.behind.pop_front().map(|(_, item)| (turn, item));
        }
        let (start, number) = next?;
        let turn = Some(self.turn_of(start)).filter(|turn| is_due(*turn))?;
        if let Some((_, later)) = self.order.get(self.gone + AHEAD) {
            fetch_all(&self.current.at(*later).1);
        }
        self.count -= 1;
        self.gone += 1;
        self.current.take(number).map(|item| (turn, item))
    }

    /// What begins so in the order of the second that is handed on.
    fn turn_of(&self, start: u64) -> Turn {
        let ms = start >> (AFTER_TURN + 1);
        Turn { at: EventTime(self.second * SECOND_MS + ms as i64), is_late: start >> AFTER_TURN & 1 != 0 }
    }

    /// Puts the next second in order, if its time has come.
    fn next_second(&mut self, w: EventTime) {
        if self.newest.0.saturating_mul(SECOND_MS) <= w.0 {
            self.set_aside();
        }
        if let Some(next) = self.later.first_entry().filter(|next| next.key() * SECOND_MS <= w.0) {
            let (second, held) = next.remove_entry();
            held.put_in_order(&mut self.order, &mut self.room);
            (self.second, self.gone) = (second, 0);
            core::mem::replace(&mut self.current, held).clear(&mut self.spare);
        }
    }

    /// Puts the newest second to the others.
    fn set_aside(&mut self) {
        let (second, held) = core::mem::replace(&mut self.newest, (i64::MIN, Second::default()));
        if !held.0.is_empty() {
            self.later.insert(second, held);
        }
    }

    /// All that is held, in order, for a snapshot.
    pub fn contents(&self) -> Vec<(OrderKey, &T)> {
        let seconds = [&self.current].into_iter().chain(self.later.values()).chain([&self.newest.1]);
        let held = seconds.flat_map(Second::iter).filter_map(|(key, item)| Some((*key, item.as_ref()?)));
        let behind = self.behind.iter().map(|(key, item)| (*key, item));
        // Those with one place stand in the order in which they came.
        let mut held: Vec<(OrderKey, &T)> = held.chain(behind).collect();
        held.sort_by_key(|(key, _)| *key);
        held
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
    fn many_of_a_second_are_sorted_as_few_are() {
        let mut state = 1_u64;
        for count in [2, 255, 256, 1_000, 5_000] {
            let mut order: Vec<Order> = (0..count)
                .map(|number| {
                    state = model::hash::mix(state, 0x5EED);
                    // Of some bytes all are alike, and some begin the same.
                    (state & 0x0003_0000_00FF_0003, number)
                })
                .collect();
            let mut expected = order.clone();
            expected.sort();
            sort_by_start(&mut order, &mut vec![]);
            assert_eq!(order, expected);
        }
    }

    #[test]
    fn whatever_comes_when_goes_on_by_place_and_copies_by_arrival() {
        // A small generator, for as many orders of pushing and popping.
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = model::hash::mix(state, 0x5EED);
            state % below
        };
        // Few items over many seconds, and so many in three that each has several chunks.
        for (rounds, items, ms, mmsis) in [(200, 100, 200, 3), (3, 3_000, 2, 300)] {
            for _ in 0..rounds {
                let (mut hold, mut sorted) = (Hold::default(), vec![]);
                let (mut got, mut expected) = (vec![], vec![]);
                let mut w = -3_000;
                for arrival in 0..items {
                    let mut key = key(w + random(4_000) as i64 - 500, random(mmsis) as u32, random(5) == 0);
                    key.tie[0] = random(2);
                    hold.push(key, arrival);
                    let at = sorted.partition_point(|other| *other < (key, arrival));
                    sorted.insert(at, (key, arrival));
                    w += random(ms) as i64;
                    let with_late = random(50) == 0;
                    let pop = |hold: &mut Hold<u32>| {
                        if with_late { hold.pop_with_late(EventTime(w)) } else { hold.pop(EventTime(w)) }
                    };
                    let is_due =
                        |key: &OrderKey| key.at.0 < w || key.at.0 == w && (with_late || !key.is_late);
                    while let Some((turn, item)) = pop(&mut hold) {
                        let at = sorted.iter().position(|(key, _)| is_due(key)).expect("one is due");
                        let (key, item_of_it) = sorted.remove(at);
                        assert_eq!(turn, key.turn());
                        got.push(item);
                        expected.push(item_of_it);
                    }
                    assert!(!sorted.iter().any(|(key, _)| key.at.0 < w), "one that is due stays");
                    assert_eq!(hold.len(), sorted.len());
                }
                let contents: Vec<u32> = hold.contents().into_iter().map(|(_, item)| *item).collect();
                assert_eq!(contents, sorted.iter().map(|(_, item)| *item).collect::<Vec<_>>());
                assert_eq!(got, expected);
            }
        }
    }
}
