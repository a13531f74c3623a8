//! What was counted of one class by one source in one cell: day by day, and tick by tick for as long as somebody may ask how it was
//! before.

use model::EventTime;
use model::time::DAY_MS;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::runs::{Packed, Run, Runs, pack_number, unpack_number};
use super::tick::Counts;
use super::{MEMORY_BINS, PRESENCE_BINS, bin_end, bin_of, bin_start};

/// Days over which hearing is learned.
pub(super) const DAYS: i64 = 35;
/// What was heard so many days ago counts as much: half as much a week ago.
const WEIGHTS: [f64; 7] = [
    1.0,
    0.905_723_664_263_906_7,
    0.820_335_356_007_638,
    0.742_997_144_568_474_2,
    0.672_950_096_316_178_1,
    0.609_506_827_102_237_7,
    0.552_044_756_836_906_2,
];

/// All that was counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Days {
    /// The days before the newest, the oldest first: of each its number, which kinds were counted, a bit each, and how many.
    older: ThinVec<u8>,
    newest: Day,
    recent: Runs<OfTick>,
    /// What the older days come to, as it is asked for all day.
    #[serde(skip)]
    past: Past,
}

/// A share of ships heard, in such units: all of them are so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Portion(u16);

impl Portion {
    pub(super) const ALL: u16 = 4_096;
    pub(super) const NONE: Portion = Portion(0);

    /// The nearest to a share.
    pub(super) fn of(share: f64) -> Portion {
        Portion((share * f64::from(Portion::ALL) + 0.5) as u16)
    }

    /// That of so many, in its units.
    pub(super) fn times(self, count: u32) -> u64 {
        u64::from(self.0) * u64::from(count)
    }
}

/// What one tick counted, and which portion of those present was to be expected.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct OfTick {
    counts: Counts,
    portion: Portion,
}

impl Packed for OfTick {
    /// Which kinds were counted, a bit each; what is not expected, and whether all counts are one; those that are not.
    fn pack(&self, _: &OfTick, bytes: &mut impl Extend<u8>) {
        let counts = self.counts.all();
        bytes.extend([kinds_of(counts)]);
        let counted = || counts.into_iter().filter(|count| *count > 0);
        let is_plain = counted().all(|count| count == 1);
        let unexpected = u64::from(Portion::ALL.saturating_sub(self.portion.0));
        pack_number(unexpected << 1 | u64::from(is_plain), bytes);
        if !is_plain {
            counted().for_each(|count| pack_number(u64::from(count), bytes));
        }
    }

    #[inline]
    fn unpack<'a>(_: &OfTick, bytes: &mut impl Iterator<Item = &'a u8>) -> Option<OfTick> {
        let kinds = *bytes.next()?;
        let portion = unpack_number(bytes)?;
        let is_plain = portion & 1 == 1;
        let portion = Portion(Portion::ALL.saturating_sub((portion >> 1) as u16));
        let mut next = || if is_plain { Some(1) } else { unpack_number(bytes) };
        Some(OfTick { counts: counts_of(kinds, &mut next)?, portion })
    }
}

/// A bit for each kind that is counted.
fn kinds_of(counts: [u32; Counts::KINDS]) -> u8 {
    counts.iter().enumerate().filter(|(_, count)| **count > 0).fold(0, |kinds, (kind, _)| kinds | 1 << kind)
}

/// The counts of these kinds.
fn counts_of(mut kinds: u8, mut next: impl FnMut() -> Option<u64>) -> Option<Counts> {
    let mut counts = [0; Counts::KINDS];
    while kinds != 0 {
        counts[kinds.trailing_zeros() as usize] = next()? as u32;
        kinds &= kinds - 1;
    }
    Some(Counts::of(counts))
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Day {
    day: i32,
    counts: Counts,
}

/// What was counted on all days but the newest, weighted as of a day.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    /// The day as of which it is weighted; none that there is before it was asked for.
    today: i32,
    heard: Weighed,
}

/// How many were heard of those that were there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weighed {
    pub(super) bins: u32,
    pub(super) passages: u32,
    /// Weighted by age.
    heard: f64,
    present: f64,
}

impl Weighed {
    fn add_day(&mut self, weight: f64, counts: &Counts) {
        self.heard += weight * f64::from(counts.heard);
        self.present += weight * f64::from(counts.present);
        self.bins += counts.present;
        self.passages += counts.passages;
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Weighed) {
        self.heard += other.heard;
        self.present += other.present;
        self.bins += other.bins;
        self.passages += other.passages;
    }

    /// (1 + Σ w·heard) / (2 + Σ w·present).
    pub(super) fn share(&self) -> f64 {
        (1.0 + self.heard) / (2.0 + self.present)
    }
}

/// What was counted in one or more cells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub(super) heard: Weighed,
    pub(super) counts: Counts,
    /// Weighted by age.
    pub(super) heard_next: f64,
    pub(super) present_next: f64,
}

impl Known {
    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Known) {
        self.heard.add(&other.heard);
        self.counts.add(&other.counts);
        self.heard_next += other.heard_next;
        self.present_next += other.present_next;
    }
}

/// What ticks counted on one day.
type OnDay = (i32, Counts);

impl Days {
    /// Adds what a tick counted that is later than all others.
    pub(super) fn add(&mut self, tick: i64, counts: &Counts) {
        let of = counted_on(tick);
        if of > self.newest.day {
            self.end_day();
            self.newest = Day { day: of, counts: Counts::default() };
        }
        self.newest.counts.add(counts);
        let today = day(bin_end(tick));
        if self.past.today != today {
            self.past = Past { today, heard: self.older_heard(today) };
        }
    }

    /// Remembers what the tick counted that was added last, and what portion of those present was to be expected.
    pub(super) fn remember(&mut self, tick: i64, counts: &Counts, portion: Portion) {
        if *counts != Counts::default() {
            self.recent.push(tick, OfTick { counts: *counts, portion }, tick - MEMORY_BINS - PRESENCE_BINS);
        }
    }

    /// The newest day is one of the older ones from now on.
    fn end_day(&mut self) {
        /// Most cells have one or two days, or one after the other.
        const FEW: usize = 2;
        self.past = Past::default();
        let counts = self.newest.counts.all();
        let kinds = kinds_of(counts);
        if kinds == 0 {
            return;
        }
        let mut of_day: SmallVec<[u8; 64]> = SmallVec::new();
        of_day.extend((self.newest.day as u16).to_le_bytes());
        of_day.push(kinds);
        counts.iter().filter(|count| **count > 0).for_each(|count| pack_number((*count).into(), &mut of_day));
        if self.older.len() + of_day.len() > self.older.capacity() {
            // All the room there will be need of at once: what grows day by day leaves holes behind.
            let whole = (DAYS as usize + 3) * of_day.len();
            let room = if self.older.is_empty() {
                FEW * of_day.len()
            } else {
                whole.saturating_sub(self.older.len())
            };
            self.older.reserve_exact(room.max(of_day.len()));
        }
        self.older.extend(of_day);
    }

    /// The older days, each with how many bytes are left after it.
    fn older_with_rest(&self) -> impl Iterator<Item = (Day, usize)> {
        let mut rest = self.older.iter();
        core::iter::from_fn(move || {
            let day = u16::from_le_bytes([*rest.next()?, *rest.next()?]);
            let kinds = *rest.next()?;
            let counts = counts_of(kinds, || unpack_number(&mut rest))?;
            // It is less than two centuries before the newest.
            let ago = (self.newest.day as u16).wrapping_sub(day);
            Some((Day { day: self.newest.day.wrapping_sub(ago.into()), counts }, rest.len()))
        })
    }

    /// The older days.
    fn older(&self) -> impl Iterator<Item = Day> {
        self.older_with_rest().map(|(day, _)| day)
    }

    fn older_heard(&self, today: i32) -> Weighed {
        let mut heard = Weighed::default();
        let within = self.older().filter(|day| is_within(day.day, today));
        within.for_each(|day| heard.add_day(weight(today - day.day), &day.counts));
        heard
    }

    /// Forgets days up to this one, and what ticks up to one counted if none did since; whether any day is left.
    pub(super) fn forget(&mut self, oldest: i32, tick: i64) -> bool {
        self.recent.forget(tick);
        let gone = self.older_with_rest().take_while(|(day, _)| day.day <= oldest).last();
        if let Some((_, rest)) = gone {
            self.older.drain(..self.older.len() - rest);
        }
        self.newest.day > oldest
    }

    /// What ticks after a time have counted, by day.
    fn later(&self, as_of: EventTime) -> SmallVec<[OnDay; 2]> {
        let mut later: SmallVec<[OnDay; 2]> = SmallVec::new();
        let newest = self.recent.newest();
        let from = bin_of(as_of).max(newest - MEMORY_BINS + 1);
        // What is asked for is mostly how it is now: then the runs are not looked at.
        if newest < from {
            return later;
        }
        let mut first_of_day = i64::MAX;
        for run in self.recent.back().take_while(|run| run.newest >= from) {
            let (mut until, oldest) = (run.newest, run.oldest().max(from));
            while until >= oldest {
                if until < first_of_day {
                    let day = counted_on(until);
                    first_of_day = first_counted_on(day);
                    later.push((day, Counts::default()));
                }
                let first = oldest.max(first_of_day);
                if let Some((_, counts)) = later.last_mut() {
                    match (until - first + 1) as u32 {
                        1 => counts.add(&run.told.counts),
                        ticks => counts.add(&run.told.counts.times(ticks)),
                    }
                }
                until = first - 1;
            }
        }
        later
    }

    /// How many were heard of those that were there, of what was counted up to a time.
    pub(super) fn heard(&self, as_of: EventTime) -> Weighed {
        self.heard_without(&self.later(as_of), day(as_of))
    }

    /// All that was counted up to a time.
    pub(super) fn known(&self, as_of: EventTime) -> Known {
        let (later, today) = (self.later(as_of), day(as_of));
        let mut known = Known { heard: self.heard_without(&later, today), ..Known::default() };
        for day in self.older().chain([self.newest]).filter(|day| is_within(day.day, today)) {
            let counts = day.counts_without(&later);
            let weight = weight(today - day.day);
            known.heard_next += weight * f64::from(counts.heard_next);
            known.present_next += weight * f64::from(counts.present_next);
            known.counts.add(&counts);
        }
        known
    }

    fn heard_without(&self, later: &[OnDay], today: i32) -> Weighed {
        // Nobody asks how it was on older days, mostly.
        let is_past = self.past.today == today && later.iter().all(|(day, _)| *day == self.newest.day);
        let mut heard = if is_past { self.past.heard } else { Weighed::default() };
        let older = (!is_past).then(|| self.older()).into_iter().flatten();
        for day in older.chain([self.newest]).filter(|day| is_within(day.day, today)) {
            heard.add_day(weight(today - day.day), &day.counts_without(later));
        }
        heard
    }

    /// What ticks up to one and the five before it expected to be heard, in units of a [`Portion`].
    pub(super) fn expected(&self, tick: i64) -> u64 {
        let first = tick - PRESENCE_BINS + 1;
        if self.recent.newest() < first {
            return 0;
        }
        let runs = self.recent.back().take_while(|run| run.newest >= first);
        let within = |run: &Run<OfTick>| (run.newest.min(tick) - run.oldest().max(first) + 1).max(0) as u64;
        runs.map(|run| within(&run) * run.told.portion.times(run.told.counts.present)).sum()
    }

    /// Bytes set aside for what ticks counted.
    #[cfg(test)]
    pub(super) fn recent_room(&self) -> usize {
        self.recent.room()
    }
}

impl Day {
    fn counts_without(&self, later: &[OnDay]) -> Counts {
        let mut counts = self.counts;
        later.iter().filter(|(of, _)| *of == self.day).for_each(|(_, later)| counts.subtract(later));
        counts
    }
}

fn is_within(day: i32, today: i32) -> bool {
    i64::from(day) > i64::from(today) - DAYS && day <= today
}

/// 2^(−age / 7 days).
fn weight(age_days: i32) -> f64 {
    WEIGHTS[(age_days % 7) as usize] / (1_u64 << (age_days / 7)) as f64
}

/// The day of the bin that a tick counts.
fn counted_on(tick: i64) -> i32 {
    day_of(tick - PRESENCE_BINS)
}

/// The first tick that counts a bin of a day.
fn first_counted_on(day: i32) -> i64 {
    bin_of(EventTime(i64::from(day) * DAY_MS)) + PRESENCE_BINS
}

/// The day in which a bin begins.
pub(super) fn day_of(bin: i64) -> i32 {
    day(bin_start(bin))
}

fn day(t: EventTime) -> i32 {
    t.0.div_euclid(DAY_MS) as i32
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn add(days: &mut Days, tick: i64, counts: &Counts) {
        days.add(tick, counts);
        days.remember(tick, counts, Portion::of(0.5));
    }

    fn counts(heard: u32) -> Counts {
        Counts { heard, present: heard + 1, ..Counts::default() }
    }

    #[test]
    fn what_a_tick_counted_is_left_out_of_what_was_known_before_however_much_it_was() {
        let (first, second) = (3 * 144 + 20, 3 * 144 + 21);
        let of = |heard: u32, entries: u32| Counts { entries, ..counts(heard) };
        let mut days = Days::default();
        add(&mut days, first, &of(7, 1));
        add(&mut days, second, &of(200_000, 70_000));
        let known = |as_of: i64| {
            let known = days.known(bin_end(as_of));
            (known.counts, known.heard.bins)
        };
        assert_eq!(known(first - 1), (Counts::default(), 0));
        assert_eq!(known(first), (of(7, 1), 8));
        let whole = Counts { present: 200_009, ..of(200_007, 70_001) };
        assert_eq!(known(second), (whole, 200_009));
    }

    #[test]
    fn each_day_is_known_until_it_is_forgotten() {
        let (mut days, mut plain) = (Days::default(), Vec::new());
        for day in 0..60 {
            let tick = (20_000 + 2 * day) * 144 + PRESENCE_BINS;
            let counts = counts(1 << (day / 2));
            add(&mut days, tick, &counts);
            plain.push(((20_000 + 2 * day) as i32, counts));
            let known = days.older().chain([days.newest]).map(|day| (day.day, day.counts));
            assert!(known.eq(plain.iter().copied()));
            if day % 7 == 6 {
                let oldest = (20_000 + 2 * day - 21) as i32;
                plain.retain(|(day, _)| *day > oldest);
                assert!(days.forget(oldest, 0));
            }
        }
        assert!(!days.forget(i32::MAX, 0));
    }

    /// Ticks of some days, with gaps and with spells that are all the same.
    fn ticks() -> Vec<(i64, Counts)> {
        let mut state = 7;
        let mut random = |below: u64| {
            state = model::hash::mix(state, 0x5EED);
            state % below
        };
        let (mut tick, mut of_tick, mut all) = (20_000 * 144, counts(1), Vec::new());
        while all.len() < 700 {
            tick += 1 + (random(20) == 0) as i64 * random(60) as i64;
            if random(5) == 0 {
                let few = core::array::from_fn(|_| (random(4) >> random(3)) as u32);
                of_tick = Counts::of(few);
            }
            all.push((tick, of_tick));
        }
        all
    }

    #[test]
    fn what_was_known_before_is_what_it_was_then() {
        let mut days = Days::default();
        let mut then: Vec<(i64, Counts, u32, f64)> = Vec::new();
        for (tick, counts) in ticks() {
            add(&mut days, tick, &counts);
            then.retain(|(of, ..)| *of > tick - MEMORY_BINS);
            let now = |days: &Days, as_of: i64| {
                let (known, heard) = (days.known(bin_end(as_of)), days.heard(bin_end(as_of)));
                assert_eq!((known.heard.bins, known.heard.share()), (heard.bins, heard.share()));
                (as_of, known.counts, heard.bins, heard.share())
            };
            then.push(now(&days, tick));
            for known in then.iter().step_by(17).chain(then.last()) {
                assert_eq!(now(&days, known.0), *known);
            }
            // The same where nothing is kept ready.
            let fresh = Days { past: Past::default(), ..days.clone() };
            assert_eq!(now(&fresh, tick), now(&days, tick));
        }
    }

    #[test]
    fn what_is_expected_is_that_of_six_ticks() {
        let (mut days, mut plain) = (Days::default(), Vec::new());
        for (number, (tick, counts)) in ticks().into_iter().enumerate() {
            let portion = Portion::of((number / 30 % 5) as f64 / 4.0);
            days.add(tick, &counts);
            days.remember(tick, &counts, portion);
            plain.push((tick, portion.times(counts.present)));
            for of in [tick, tick - 1, tick - 5, tick - 100, tick - MEMORY_BINS + 1] {
                let within = plain.iter().filter(|(other, _)| of - PRESENCE_BINS < *other && *other <= of);
                assert_eq!(days.expected(of), within.map(|(_, expected)| expected).sum::<u64>());
            }
        }
    }
}
