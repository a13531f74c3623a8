//! Joins the sentences of one message. Slots are keyed, bounded and timed: what waits too long,
//! repeats a number or is from another time is `incomplete` and never joins another ship's part.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use hashbrown::HashMap;
use model::{EventTime, Origin};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::bits::Bits;

/// A part waits for the others for this many further lines of its source …
const MEMORY_LINES: u64 = 1_000;
/// … and no more than so many first parts wait: a line may hold hundreds of sentences.
const MAX_WAITING: usize = 4_096;
/// Parts of one message are sent in consecutive slots; stamps farther apart are of two messages.
const MEMORY_MS: i64 = 30_000;

/// What the sentences of one message have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartKey {
    pub station: u64,
    pub group: Option<u64>,
    pub sequence: Option<u8>,
    pub channel: u8,
    pub total: u8,
}

/// One sentence of several.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    number: u8,
    fill: u8,
    payload: SmallVec<[u8; 64]>,
    t: Option<EventTime>,
    origin: Origin,
}

impl Part {
    pub fn new(number: u8, payload: &[u8], fill: u8, t: Option<EventTime>, origin: Origin) -> Part {
        Part { number, fill, payload: SmallVec::from_slice(payload), t, origin }
    }
}

/// A message whose parts have all come; its bits are in the buffer given.
pub struct Joined {
    /// The time of its first sentence that has one.
    pub t: Option<EventTime>,
    /// Where its last sentence was read.
    pub origin: Origin,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Slot {
    line: u64,
    parts: Vec<Part>,
}

/// The messages of a source of which parts are still to come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Assembly {
    slots: HashMap<PartKey, Slot, foldhash::fast::FixedState>,
    order: VecDeque<(u64, PartKey)>,
}

impl Assembly {
    /// Adds a part; gives the message if it was the last one missing.
    pub fn add(
        &mut self,
        key: PartKey,
        part: Part,
        line: u64,
        bits: &mut Bits,
        incomplete: &mut impl FnMut(Origin),
    ) -> Option<Joined> {
        while self.order.len() >= MAX_WAITING {
            self.give_up_oldest(incomplete);
        }
        let slot = self.slots.entry(key).or_insert_with(|| Slot { line, parts: Vec::new() });
        let is_other_message = slot.parts.iter().any(|held| {
            let apart_ms = held.t.zip(part.t).map_or(0, |(a, b)| (a.0 - b.0).abs());
            held.number == part.number || apart_ms > MEMORY_MS
        });
        if is_other_message {
            slot.parts.drain(..).for_each(|held| incomplete(held.origin));
        }
        let origin = part.origin;
        if slot.parts.is_empty() {
            slot.line = line;
            self.order.push_back((line, key));
        }
        slot.parts.push(part);
        if slot.parts.len() < usize::from(key.total) {
            return None;
        }
        let mut slot = self.slots.remove(&key)?;
        slot.parts.sort_by_key(|part| part.number);
        bits.clear();
        if !slot.parts.iter().all(|part| bits.push(&part.payload, part.fill)) {
            bits.clear();
        }
        Some(Joined { t: slot.parts.iter().find_map(|part| part.t), origin })
    }

    /// Gives up the parts that have waited for too many lines.
    pub fn expire(&mut self, line: u64, incomplete: &mut impl FnMut(Origin)) {
        while self.order.front().is_some_and(|(added, _)| added + MEMORY_LINES < line) {
            self.give_up_oldest(incomplete);
        }
    }

    fn give_up_oldest(&mut self, incomplete: &mut impl FnMut(Origin)) {
        let Some((added, key)) = self.order.pop_front() else { return };
        if self.slots.get(&key).is_some_and(|slot| slot.line == added)
            && let Some(slot) = self.slots.remove(&key)
        {
            slot.parts.iter().for_each(|part| incomplete(part.origin));
        }
    }

    /// Gives up all parts, in the order in which they came.
    pub fn flush(&mut self, incomplete: &mut impl FnMut(Origin)) {
        self.expire(u64::MAX, incomplete);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_parts_on_few_lines_those_that_came_last_wait() {
        const PARTS: u64 = 10_000;
        let (mut assembly, mut bits) = (Assembly::default(), Bits::default());
        let mut given_up = Vec::new();
        let key = |station| PartKey { station, group: None, sequence: Some(1), channel: b'A', total: 2 };
        let mut add = |station: u64, number: u8, given_up: &mut Vec<Origin>| {
            let part = Part::new(number, b"0", 0, None, Origin { input: 0, line: station });
            assembly.add(key(station), part, 1, &mut bits, &mut |origin| given_up.push(origin)).is_some()
        };
        for station in 0..PARTS {
            assert!(!add(station, 1, &mut given_up));
        }
        assert_eq!(given_up.len() as u64, PARTS - MAX_WAITING as u64);
        assert!(given_up.iter().zip(0..).all(|(origin, station)| origin.line == station));
        assert!(add(PARTS - 1, 2, &mut given_up), "the last one is joined");
        assembly.flush(&mut |origin| given_up.push(origin));
        assert_eq!(given_up.len() as u64, PARTS - 1);
        assert!(assembly.slots.is_empty() && assembly.order.is_empty());
    }
}
