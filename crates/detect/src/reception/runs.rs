//! What each of the last ticks told of a cell, in few bytes: there are hundreds of them, and most tell what the one before told.

use core::iter::Rev;
use core::marker::PhantomData;
use core::slice::Iter;

use model::prefetch::fetch_at;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use thin_vec::ThinVec;

/// Something that a tick tells.
pub(super) trait Packed: Copy + Default + PartialEq {
    /// Appends it, as far as it differs from what is told later.
    fn pack(&self, later: &Self, bytes: &mut impl Extend<u8>);
    /// Takes it off the front of what was packed.
    fn unpack<'a>(later: &Self, bytes: &mut impl Iterator<Item = &'a u8>) -> Option<Self>;
}

/// What ticks have told, as runs of ticks that tell the same; ticks that tell nothing are in none. They are read from the newest on,
/// so that each is written from its end to its beginning, and only the last one whole: the others as far as they differ from the next.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Runs<T> {
    newest: i32,
    bytes: ThinVec<u8>,
    #[serde(skip)]
    told: PhantomData<T>,
}

/// Ticks one after the other that tell the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run<T> {
    /// The last of them.
    pub(super) newest: i64,
    /// How many they are.
    pub(super) ticks: i64,
    pub(super) told: T,
    /// Ticks from the first of them back to the last of the run before.
    gap: i64,
}

impl<T> Run<T> {
    /// The first of its ticks.
    pub(super) fn oldest(&self) -> i64 {
        self.newest - self.ticks + 1
    }
}

impl<T: Packed> Runs<T> {
    /// Adds what a tick tells that is later than all others; runs that end at `forgotten` or before may go.
    pub(super) fn push(&mut self, tick: i64, told: T, forgotten: i64) {
        /// Room for so many bytes more is set aside at least.
        const SPARE: usize = 16;
        let mut back = self.back();
        let last = back.next();
        let before = if last.is_some() { back.bytes.len() } else { 0 };
        let mut new: SmallVec<[u8; 96]> = SmallVec::new();
        match last {
            Some(last) if tick <= last.newest => return,
            Some(last) if tick == last.newest + 1 && told == last.told => {
                pack(&Run { newest: tick, ticks: last.ticks + 1, ..last }, &T::default(), &mut new);
            }
            _ => {
                let gap = last.map_or(1, |last| tick - last.newest);
                pack(&Run { newest: tick, ticks: 1, told, gap }, &T::default(), &mut new);
                last.into_iter().for_each(|last| pack(&last, &told, &mut new));
            }
        }
        if before + new.len() > self.bytes.capacity() {
            let gone = self.end_of(forgotten).min(before);
            self.bytes.truncate(before);
            self.bytes.drain(..gone);
            let spare = (self.bytes.len() / 4).max(SPARE);
            self.bytes.reserve_exact(new.len() + spare);
        } else {
            self.bytes.truncate(before);
        }
        self.bytes.extend(new.into_iter().rev());
        self.newest = tick as i32;
    }

    /// The runs, the newest first; from some on those that nobody asks for any more.
    pub(super) fn back(&self) -> Back<'_, T> {
        Back { bytes: self.bytes.iter().rev(), newest: i64::from(self.newest), later: T::default() }
    }

    /// The last tick that told anything; one of long ago if none has.
    pub(super) fn newest(&self) -> i64 {
        i64::from(self.newest)
    }

    /// What a tick told.
    pub(super) fn at(&self, tick: i64) -> Option<T> {
        if self.newest() < tick {
            return None;
        }
        let run = self.back().find(|run| run.oldest() <= tick)?;
        (tick <= run.newest).then_some(run.told)
    }

    /// Forgets all of them if they end at a tick or before.
    pub(super) fn forget(&mut self, tick: i64) {
        if self.newest() <= tick && !self.bytes.is_empty() {
            self.bytes = ThinVec::new();
        }
    }

    /// How many bytes are of runs that end at a tick or before.
    fn end_of(&self, tick: i64) -> usize {
        let mut back = self.back();
        let mut bytes = self.bytes.len();
        while back.next().is_some_and(|run| run.newest > tick) {
            bytes = back.bytes.len();
        }
        bytes
    }

    /// Fetches them, as long as they are few.
    pub(super) fn fetch(&self) {
        const FEW: usize = 128;
        fetch_at(self.bytes.as_ptr(), FEW);
    }

    /// Bytes set aside.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Goes through runs, from the newest on.
pub(super) struct Back<'a, T> {
    bytes: Rev<Iter<'a, u8>>,
    newest: i64,
    later: T,
}

impl<T: Packed> Iterator for Back<'_, T> {
    type Item = Run<T>;

    #[inline]
    fn next(&mut self) -> Option<Run<T>> {
        let lengths = *self.bytes.next()?;
        let mut length = |few: u8| match few {
            MANY => {
                Some(i64::from(MANY) + 1 + i64::from(u32::try_from(unpack_number(&mut self.bytes)?).ok()?))
            }
            few => Some(i64::from(few) + 1),
        };
        let (ticks, gap) = (length(lengths & MANY)?, length(lengths >> HALF)?);
        let told = T::unpack(&self.later, &mut self.bytes)?;
        let run = Run { newest: self.newest, ticks, told, gap };
        self.newest = run.oldest().wrapping_sub(gap);
        self.later = told;
        Some(run)
    }
}

/// Bits in which a number of ticks less one stands, …
const HALF: u32 = 4;
/// … and what stands there where it is as many or more; what is more follows.
const MANY: u8 = (1 << HALF) - 1;

/// Appends a run in the order in which it is read.
fn pack<T: Packed>(run: &Run<T>, later: &T, bytes: &mut impl Extend<u8>) {
    let few = |number: i64| (number - 1).min(i64::from(MANY)) as u8;
    let (ticks, gap) = (few(run.ticks), few(run.gap));
    bytes.extend([ticks | gap << HALF]);
    for (few, number) in [(ticks, run.ticks), (gap, run.gap)] {
        if few == MANY {
            pack_number((number - 1 - i64::from(MANY)) as u64, bytes);
        }
    }
    run.told.pack(later, bytes);
}

/// Appends a number, seven bits to a byte, the lowest first.
pub(super) fn pack_number(mut number: u64, bytes: &mut impl Extend<u8>) {
    while number >= 0x80 {
        bytes.extend([number as u8 | 0x80]);
        number >>= 7;
    }
    bytes.extend([number as u8]);
}

/// Takes a number off the front of what was packed.
#[inline]
pub(super) fn unpack_number<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> Option<u64> {
    let first = *bytes.next()?;
    if first < 0x80 {
        return Some(u64::from(first));
    }
    let (mut number, mut shift) = (u64::from(first & 0x7F), 7);
    while shift < 64 {
        let byte = *bytes.next()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
    None
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use model::Mmsi;

    use super::super::days::OfTick;
    use super::super::tick::CellHeard;
    use super::*;

    impl Packed for u32 {
        fn pack(&self, later: &u32, bytes: &mut impl Extend<u8>) {
            pack_number(u64::from(self.wrapping_sub(*later)), bytes);
        }

        fn unpack<'a>(later: &u32, bytes: &mut impl Iterator<Item = &'a u8>) -> Option<u32> {
            Some(later.wrapping_add(u32::try_from(unpack_number(bytes)?).ok()?))
        }
    }

    /// Numbers below others.
    fn random(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed;
        move |below| {
            state = model::hash::mix(state, 0x5EED);
            state % below
        }
    }

    #[test]
    fn what_nobody_asks_for_any_more_gives_its_room_back() {
        let mut runs = Runs::<u32>::default();
        runs.push(2_800_000, 7, 0);
        runs.forget(2_799_999);
        assert_eq!(runs.at(2_800_000), Some(7));
        runs.forget(2_800_000);
        assert_eq!((runs.at(2_800_000), runs.room()), (None, 0));
        runs.push(2_800_009, 9, 0);
        assert_eq!((runs.at(2_800_000), runs.at(2_800_009)), (None, Some(9)));
    }

    #[test]
    fn what_each_tick_told_is_known_as_long_as_somebody_may_ask() {
        const KEPT: i64 = 300;
        let mut random = random(1);
        for steadiness in [1, 3, 40] {
            let (mut runs, mut plain) = (Runs::<u32>::default(), BTreeMap::new());
            let (mut tick, mut told, mut most) = (2_800_000, 7, 0);
            for _ in 0..2_000 {
                tick += 1 + (random(steadiness) == 0) as i64 * random(40) as i64 * random(2) as i64;
                if random(steadiness) == 0 {
                    told = (random(1 << 32) >> random(64)) as u32;
                }
                runs.push(tick, told, tick - KEPT);
                // What is not later than all others is known, or comes too late.
                runs.push(tick - random(3) as i64, told ^ 1, tick - KEPT);
                plain.insert(tick, told);
                plain.retain(|of, _| *of > tick - KEPT);
                assert_eq!(runs.newest(), tick);
                for of in tick - KEPT + 1..=tick + 1 {
                    assert_eq!(runs.at(of), plain.get(&of).copied());
                }
                most = plain.len().max(most);
                assert!(runs.room() <= most * 9 + 64, "what nobody asks for is forgotten");
            }
            let written = postcard::to_allocvec(&runs).unwrap();
            let read: Runs<u32> = postcard::from_bytes(&written).unwrap();
            assert!(read.back().eq(runs.back()));
        }
    }

    #[test]
    fn who_was_heard_is_packed_with_who_was_heard_later() {
        let mut random = random(3);
        let (mut runs, mut plain) = (Runs::<CellHeard>::default(), BTreeMap::new());
        for tick in (2_800_000..2_800_400).filter(|tick| tick % 11 != 0) {
            let mut heard = CellHeard::default();
            let (ships, mut mmsi) = ((1 + random(300)) >> random(9), 273_000_000);
            for _ in 0..ships.max(1) {
                mmsi += 1 + random(2) as u32;
                heard.add(Mmsi(mmsi));
            }
            runs.push(tick, heard, 0);
            plain.insert(tick, heard);
            for of in 2_799_999..=tick + 1 {
                assert_eq!(runs.at(of), plain.get(&of).copied());
            }
        }
    }

    fn read_damaged<T: Packed>(bytes: &[u8]) {
        let mut runs = Runs::<T> { newest: 2_800_000, bytes: bytes.into(), told: PhantomData };
        assert!(runs.back().count() <= bytes.len());
        assert!(runs.at(i64::MIN).is_none());
        runs.push(2_800_001, T::default(), 0);
        assert_eq!(runs.newest(), 2_800_001);
        assert!(runs.back().count() <= bytes.len() + 2);
    }

    #[test]
    fn damaged_bytes_end_what_is_read() {
        let mut random = random(5);
        for round in 0..2_000 {
            let bytes: [u8; 40] =
                core::array::from_fn(|_| if round < 256 { round as u8 } else { random(256) as u8 });
            read_damaged::<u32>(&bytes);
            read_damaged::<CellHeard>(&bytes);
            read_damaged::<OfTick>(&bytes);
        }
    }
}
