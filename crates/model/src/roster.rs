//! Things in a list that are found by their keys. They lie in chunks, so that room for more is never half of it all, and memory can
//! be fetched before they are asked for: a map of the standard kind tells nobody where it will look.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::prefetch::fetch;

/// Something with a key that stays the same.
pub trait Keyed {
    /// What it is found by.
    type Key: Copy + Eq + Hash;

    /// Its key.
    fn key(&self) -> Self::Key;
}

/// Seeded anew each time: who invents keys cannot know which of them will be in each other's way. Nothing but the time it takes hangs
/// on it, since things lie in the order in which they came.
#[expect(clippy::disallowed_types, reason = "nobody can see the seed")]
type Hasher = foldhash::fast::RandomState;

/// A list of things with different keys.
#[derive(Clone, Debug)]
pub struct Roster<T> {
    hasher: Hasher,
    places: Places,
    /// Full ones, and the last.
    chunks: Vec<Vec<T>>,
    count: usize,
}

/// Where a thing is most likely found. It may have moved since, or be another: who looks there says which one is meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hint(u32);

/// Bytes of a chunk, at most: for what is larger an allocator sets aside a page more.
const CHUNK: usize = 1 << 13;

impl<T> Default for Roster<T> {
    fn default() -> Self {
        Roster { hasher: Hasher::default(), places: Places::default(), chunks: Vec::new(), count: 0 }
    }
}

impl<T> Roster<T> {
    /// How many are in a chunk.
    const IN_CHUNK: usize = {
        let most = CHUNK / if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        if most == 0 { 1 } else { most }
    };

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them; in which order is of no meaning.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    fn at(&self, place: usize) -> Option<&T> {
        self.chunks.get(place / Self::IN_CHUNK)?.get(place % Self::IN_CHUNK)
    }

    fn at_mut(&mut self, place: usize) -> Option<&mut T> {
        self.chunks.get_mut(place / Self::IN_CHUNK)?.get_mut(place % Self::IN_CHUNK)
    }
}

impl<T: Keyed> Roster<T> {
    /// Fetches where a thing will be looked for.
    pub fn fetch(&self, key: T::Key) {
        self.places.fetch(self.tag(key));
    }

    /// Where one of them is; or where another is with a hash that begins the same, since none is looked at.
    #[must_use]
    pub fn hint(&self, key: T::Key) -> Hint {
        Hint(self.places.find(self.tag(key), |_| true).unwrap_or(u32::MAX))
    }

    /// What is there, whichever it is.
    #[must_use]
    pub fn likely(&self, hint: Hint) -> Option<&T> {
        self.at(hint.0 as usize)
    }

    /// One of them, if it is there.
    #[must_use]
    pub fn get_at(&self, hint: Hint, key: T::Key) -> Option<&T> {
        self.likely(hint).filter(|thing| thing.key() == key)
    }

    /// One of them, wherever it is, to be changed.
    pub fn get_mut_at(&mut self, hint: Hint, key: T::Key) -> Option<&mut T> {
        let place = if self.get_at(hint, key).is_some() { hint.0 as usize } else { self.place_of(key)? };
        self.at_mut(place)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, key: T::Key) -> Option<&T> {
        self.place_of(key).and_then(|place| self.at(place))
    }

    /// One of them, to be changed.
    pub fn get_mut(&mut self, key: T::Key) -> Option<&mut T> {
        self.place_of(key).and_then(|place| self.at_mut(place))
    }

    /// Adds one, unless there is one with its key; the one that is there then.
    pub fn insert(&mut self, thing: T) -> &mut T {
        self.get_or_insert_with(thing.key(), || thing)
    }

    /// The one with this key; it is made where there is none.
    pub fn get_or_insert_with(&mut self, key: T::Key, make: impl FnOnce() -> T) -> &mut T {
        let place = self.place_of(key).unwrap_or_else(|| self.push(key, make));
        &mut self.chunks[place / Self::IN_CHUNK][place % Self::IN_CHUNK]
    }

    /// Takes one out.
    pub fn remove(&mut self, key: T::Key) -> Option<T> {
        self.place_of(key).and_then(|place| self.take(place))
    }

    /// Goes through all of them, and keeps those for which that is asked.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        let mut place = 0;
        while let Some(thing) = self.at_mut(place) {
            if keep(thing) {
                place += 1;
            } else {
                self.take(place);
            }
        }
    }

    fn push(&mut self, key: T::Key, make: impl FnOnce() -> T) -> usize {
        let place = self.count;
        self.places.insert(self.tag(key), place as u32);
        self.count += 1;
        if place.is_multiple_of(Self::IN_CHUNK) {
            self.chunks.push(Vec::new());
        }
        let chunk = &mut self.chunks[place / Self::IN_CHUNK];
        if chunk.len() == chunk.capacity() {
            // The first grows as it is needed: there may be few.
            let room = if place < Self::IN_CHUNK { (2 * place).max(4) } else { Self::IN_CHUNK };
            chunk.reserve_exact(room.min(Self::IN_CHUNK) - chunk.len());
        }
        // Made no earlier than here, as it may be large: it is not handed on from call to call.
        chunk.push(make());
        place
    }

    /// Takes out what is in a place; the last takes it.
    fn take(&mut self, place: usize) -> Option<T> {
        let last = self.chunks.last_mut()?.pop()?;
        self.chunks.pop_if(|chunk| chunk.is_empty());
        self.count -= 1;
        let tag = self.tag(last.key());
        let Some(here) = self.at_mut(place) else {
            self.places.remove(tag, self.count as u32);
            return Some(last);
        };
        let gone = core::mem::replace(here, last);
        self.places.remove(self.tag(gone.key()), place as u32);
        self.places.relocate(tag, self.count as u32, place as u32);
        Some(gone)
    }

    fn place_of(&self, key: T::Key) -> Option<usize> {
        let is_it = |place: u32| self.at(place as usize).is_some_and(|thing| thing.key() == key);
        self.places.find(self.tag(key), is_it).map(|place| place as usize)
    }

    fn tag(&self, key: T::Key) -> u32 {
        (self.hasher.hash_one(key) >> 32) as u32
    }
}

impl<T: Serialize> Serialize for Roster<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut list = out.serialize_seq(Some(self.count))?;
        self.iter().try_for_each(|thing| list.serialize_element(thing))?;
        list.end()
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for Roster<T> {
    fn deserialize<D: Deserializer<'de>>(bytes: D) -> Result<Self, D::Error> {
        /// Adds what is read as it comes.
        struct All<T>(Roster<T>);

        impl<'de, T: Keyed + Deserialize<'de>> serde::de::Visitor<'de> for All<T> {
            type Value = Roster<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                mut self,
                mut list: A,
            ) -> Result<Self::Value, A::Error> {
                while let Some(thing) = list.next_element()? {
                    self.0.insert(thing);
                }
                Ok(self.0)
            }
        }

        bytes.deserialize_seq(All(Roster::default()))
    }
}

/// Where things are in a list, by a tag of each: half of a hash. A power of two of slots, of which the next one that is free
/// after that of its tag is for each; never more than three quarters are full.
#[derive(Clone, Debug, Default)]
struct Places {
    /// A tag, and one more than the place; 0 where there is none.
    slots: Vec<u64>,
    count: usize,
}

fn slot_of(tag: u32, place: u32) -> u64 {
    u64::from(tag) << 32 | (u64::from(place) + 1)
}

impl Places {
    fn fetch(&self, tag: u32) {
        self.slots.get(self.home(tag)).into_iter().for_each(fetch);
    }

    /// Where something with this tag is that is the one meant.
    fn find(&self, tag: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(tag);
        loop {
            let slot = *self.slots.get(at)?;
            let place = (slot as u32).checked_sub(1)?;
            if (slot >> 32) as u32 == tag && is_it(place) {
                return Some(place);
            }
            at = self.after(at);
        }
    }

    fn insert(&mut self, tag: u32, place: u32) {
        if (self.count + 1) * 4 > self.slots.len() * 3 {
            let larger = vec![0; (self.slots.len() * 2).max(8)];
            for slot in core::mem::replace(&mut self.slots, larger) {
                if slot != 0 {
                    self.put(slot);
                }
            }
        }
        self.count += 1;
        self.put(slot_of(tag, place));
    }

    fn put(&mut self, slot: u64) {
        let mut at = self.home((slot >> 32) as u32);
        while self.slots[at] != 0 {
            at = self.after(at);
        }
        self.slots[at] = slot;
    }

    fn remove(&mut self, tag: u32, place: u32) {
        let Some(mut hole) = self.slot_with(tag, place) else { return };
        self.count -= 1;
        // Whatever was put farther on because this was not free moves up.
        let mut next = self.after(hole);
        while self.slots[next] != 0 {
            let home = self.home((self.slots[next] >> 32) as u32);
            if self.steps(home, next) >= self.steps(hole, next) {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = self.after(next);
        }
        self.slots[hole] = 0;
    }

    /// Something has another place in the list now.
    fn relocate(&mut self, tag: u32, from: u32, to: u32) {
        if let Some(at) = self.slot_with(tag, from) {
            self.slots[at] = slot_of(tag, to);
        }
    }

    fn slot_with(&self, tag: u32, place: u32) -> Option<usize> {
        let wanted = slot_of(tag, place);
        let mut at = self.home(tag);
        while *self.slots.get(at)? != wanted {
            if self.slots[at] == 0 {
                return None;
            }
            at = self.after(at);
        }
        Some(at)
    }

    fn home(&self, tag: u32) -> usize {
        tag as usize & self.mask()
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & self.mask()
    }

    fn steps(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.mask()
    }

    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Large enough for several chunks.
    type Thing = (u16, u32, [u64; 60]);

    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Few {
        key: u16,
        value: u32,
    }

    impl Keyed for Few {
        type Key = u16;

        fn key(&self) -> u16 {
            self.key
        }
    }

    impl Keyed for Thing {
        type Key = u16;

        fn key(&self) -> u16 {
            self.0
        }
    }

    proptest! {
        #[test]
        fn it_holds_what_a_map_holds(
            steps in prop::collection::vec((0..6_u8, 0..300_u16, any::<u32>()), 0..2_000),
        ) {
            let (mut roster, mut map) = (Roster::<Thing>::default(), BTreeMap::new());
            // Where things were once: they have moved since, or are gone.
            let mut hints = vec![(0, Hint::default())];
            for (kind, key, value) in steps {
                hints.push((key, roster.hint(key)));
                let (of, hint) = hints[value as usize % hints.len()];
                for hint in [hint, hints[0].1] {
                    let there = roster.get_at(hint, of).map(|thing| thing.1);
                    prop_assert!(there.is_none() || there == map.get(&of).copied());
                    prop_assert_eq!(roster.get_mut_at(hint, of).map(|thing| thing.1), map.get(&of).copied());
                }
                match kind {
                    0..=2 => {
                        let there = roster.insert((key, value, [0; 60])).1;
                        prop_assert_eq!(there, *map.entry(key).or_insert(value));
                    }
                    3 => prop_assert_eq!(roster.remove(key).map(|thing| thing.1), map.remove(&key)),
                    4 => {
                        let change = |value: &mut u32| *value = value.wrapping_add(1);
                        roster.get_mut(key).into_iter().for_each(|thing| change(&mut thing.1));
                        map.get_mut(&key).into_iter().for_each(change);
                    }
                    _ if value % 64 == 0 => {
                        roster.retain(|thing| thing.0 % 7 != key % 7);
                        map.retain(|other, _| other % 7 != key % 7);
                    }
                    _ => prop_assert_eq!(roster.get(key).map(|thing| thing.1), map.get(&key).copied()),
                }
                prop_assert_eq!(roster.len(), map.len());
            }
            let all: BTreeMap<u16, u32> = roster.iter().map(|thing| (thing.0, thing.1)).collect();
            prop_assert_eq!(all, map);
        }

        #[test]
        fn what_is_written_is_read_in_its_order_and_a_key_that_comes_twice_once(
            keys in prop::collection::vec(0..50_u16, 0..100),
        ) {
            let few = |key: u16| Few { key, value: u32::from(key) * 7 };
            let list: Vec<Few> = keys.iter().map(|key| few(*key)).collect();
            let written = serde_json::to_vec(&list).unwrap();
            let mut read: Roster<Few> = serde_json::from_slice(&written).unwrap();
            let mut expected: Vec<u16> = Vec::new();
            for key in keys {
                if !expected.contains(&key) {
                    expected.push(key);
                }
            }
            prop_assert!(read.iter().map(|few| few.key).eq(expected.iter().copied()));
            let again: Vec<Few> = serde_json::from_slice(&serde_json::to_vec(&read).unwrap()).unwrap();
            prop_assert!(again.iter().map(|few| few.key).eq(expected));
            // A copy goes on by itself.
            let mut copy = read.clone();
            copy.insert(few(99));
            prop_assert!(read.get(99).is_none() && copy.get(99).is_some());
            read.insert(few(98));
            prop_assert!(copy.get(98).is_none() && read.get(98).is_some());
        }

        #[test]
        fn places_are_found_whatever_the_tags(
            steps in prop::collection::vec((any::<bool>(), 0..40_u32), 0..400),
        ) {
            // Tags of which many begin at the same slot, at the end of the table, too.
            let tag = |place: u32| (place % 5).wrapping_sub(2).wrapping_add((place / 20) << 12);
            let (mut places, mut known) = (Places::default(), BTreeMap::new());
            for (is_added, place) in steps {
                if is_added && known.insert(place, ()).is_none() {
                    places.insert(tag(place), place);
                } else if !is_added && known.remove(&place).is_some() {
                    places.remove(tag(place), place);
                }
                for place in 0..40 {
                    let found = places.find(tag(place), |other| other == place);
                    prop_assert_eq!(found, known.contains_key(&place).then_some(place));
                }
            }
        }
    }
}
