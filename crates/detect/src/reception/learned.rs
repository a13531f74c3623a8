//! What ticks add up to: the share heard in each cell, and who was heard where in the last days.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter::Rev;
use core::slice::Iter;

use hashbrown::HashMap;
use model::number::rounded;
use model::time::{DAY_MS, HOUR_MS};
use model::{Cell, Class, EventTime, Mmsi, Position};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::neighbours::Neighbours;
use super::packed::{ByCell, pack_number, unpack_number};
use super::tick::{CellHeard, Counts, Hearing, IntervalGroup, Tick};
use super::{BIN_MS, NOTICED_BINS, PRESENCE_BINS, bin_end, bin_of, bin_start};

/// Days over which hearing is learned.
const DAYS: i64 = 35;
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
/// A cell with fewer passages is not known …
const MIN_PASSAGES: u32 = 5;
/// … nor is one with fewer bins.
const MIN_BINS: u32 = 50;
/// Rings around a cell that are taken together with it, one after the other, where it is not known by itself.
const POOLED_RINGS: [u32; 3] = [0, 1, 2];
/// Rings around a cell in which misses that follow each other are counted.
const NEXT_RINGS: u32 = 1;
/// So many bins of the ordinary kind stand for what is not counted yet.
const NEXT_PRIOR: f64 = 8.0;
/// How much less.
const NEXT_LESS: f64 = 0.8;
/// Ships heard around a cell from which on it is known how many come and go out of hearing there.
const MIN_ENTRIES: u32 = 6;
/// Below this share nothing follows from silence.
const MIN_Q: f64 = 0.05;
/// Rings around a cell in which others are looked for.
const MAX_RINGS: u32 = 5;
/// Units in which what is expected is added up.
const UNITS: f64 = 1_048_576.0;
/// Others are enough to tell by if so many are expected to be heard.
const ENOUGH: f64 = 3.0;
/// Hearing is as good as ever unless fewer are heard than expected by more than so many standard
/// deviations of a Poisson count.
const BELOW: f64 = 1.3;
/// Nothing is known of hearing until ships have been heard for so long: who comes into hearing first
/// says nothing of those who do not.
const WARM_UP_BINS: i64 = 12 * HOUR_MS / BIN_MS;
/// Late reports reach back this far, and what was heard then must still be known.
const MEMORY_BINS: i64 = 72 * HOUR_MS / BIN_MS + 2 * PRESENCE_BINS;

/// What is known of hearing, as of the newest tick, and of the last 72 h as it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reception {
    learned: HashMap<(Cell, Class, u16), Days, foldhash::fast::FixedState>,
    ticks: VecDeque<Applied>,
    /// What each of the last six ticks adds to what is expected, with its bin.
    window: VecDeque<(i64, ByCell<u64>)>,
    sources: BTreeMap<u16, Source>,
    /// The first bin in which anything was heard.
    first: Option<i64>,
    #[serde(skip)]
    neighbours: Neighbours,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Source {
    /// The last bin in which it heard anything.
    heard: i64,
    intervals: BTreeMap<IntervalGroup, i64>,
}

/// A tick, with what was expected to be heard by cell, ascending: Σ q · present of the bins that this and the five
/// ticks before counted, in units of 2⁻²⁰, so that it does not matter in what order they are added up.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Applied {
    bin: i64,
    hearing: Arc<Hearing>,
    expected: ByCell<u64>,
}

/// What was counted in one cell: by UTC day, and by the tick that told it for as long as somebody may
/// ask how it was before.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Days {
    /// The days before the newest, packed, the oldest first: of each its number, how many bytes a count takes, and the counts.
    older: ThinVec<u8>,
    newest: Day,
    recent: Recent,
}

/// What each of the last ticks counted, packed: there are hundreds of each cell. They are read from the newest on, so that
/// each is written from its end to its beginning.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Recent {
    newest: i32,
    bytes: ThinVec<u8>,
}

impl Recent {
    /// Adds what a tick counted, later than all others, and forgets what nobody asks for when there is no room.
    fn push(&mut self, tick: i64, counts: [u32; Counts::KINDS]) {
        /// Room for some more.
        const SPARE: usize = 16;
        if counts.iter().all(|count| *count == 0) {
            return;
        }
        let mut entry: SmallVec<[u8; 64]> = SmallVec::new();
        let kinds = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        entry.push(kinds.fold(0, |kinds, (kind, _)| kinds | 1 << kind));
        pack_number((tick - i64::from(self.newest)) as u64, &mut entry);
        counts
            .iter()
            .filter(|count| **count > 0)
            .for_each(|count| pack_number(u64::from(*count), &mut entry));
        if self.bytes.len() + entry.len() > self.bytes.capacity() {
            let mut kept = self.bytes.len();
            let mut ticks = self.ticks();
            while ticks.next().is_some_and(|of| of > tick - MEMORY_BINS) {
                ticks.counts(|_, _| ());
                kept = ticks.bytes.len();
            }
            self.bytes.drain(..kept);
            let spare = (self.bytes.len() / 4).max(SPARE);
            self.bytes.reserve_exact(entry.len() + spare);
        }
        self.bytes.extend(entry.iter().rev().copied());
        self.newest = tick as i32;
    }

    /// The newest first, from some on those that nobody asks for any more.
    fn ticks(&self) -> Ticks<'_> {
        Ticks { bytes: self.bytes.iter().rev(), tick: i64::from(self.newest), kinds: 0 }
    }
}

/// Goes through what ticks counted, from the newest on.
struct Ticks<'a> {
    bytes: Rev<Iter<'a, u8>>,
    /// The tick that is next.
    tick: i64,
    /// What the one before it has counted: a bit each.
    kinds: u8,
}

impl Ticks<'_> {
    /// The next tick; what it has counted is to be asked for before the one after it.
    fn next(&mut self) -> Option<i64> {
        self.kinds = *self.bytes.next()?;
        let tick = self.tick;
        self.tick = tick.wrapping_sub(unpack_number(&mut self.bytes)? as i64);
        Some(tick)
    }

    /// What it has counted, each kind by its number.
    fn counts(&mut self, mut each: impl FnMut(usize, u32)) {
        while self.kinds != 0
            && let Some(count) = unpack_number(&mut self.bytes)
        {
            each(self.kinds.trailing_zeros() as usize, count as u32);
            self.kinds &= self.kinds - 1;
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Day {
    day: i64,
    counts: Counts,
}

/// What is known of hearing in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfCell {
    /// The cell.
    pub cell: Cell,
    /// The class of transponder.
    pub class: Class,
    /// Share of bins in which ships are heard; `None` where too little is known.
    pub share: Option<Share>,
    /// Share of ships that come and go out of hearing there.
    pub edge: Option<f64>,
    /// Bins in which ships were heard there, of those in which they were there, in 35 days.
    pub heard: u32,
    /// Bins in which ships were there.
    pub present: u32,
    /// How often ships came into the cell.
    pub passages: u32,
}

/// The share of bins in which ships are heard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Of all bins.
    pub any: f64,
    /// Of the bins after one in which the ship was not heard.
    pub next: f64,
}

/// Whether others were heard around a cell in a bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alive {
    /// 1: yes; less: that share of those who should have been; 0.5 also where too few are there to
    /// tell; `None`: nobody can say.
    pub share: Option<f64>,
    /// Some of those heard.
    pub witnesses: SmallVec<[Mmsi; 3]>,
}

/// What was counted in one or more cells.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    counts: Counts,
    bins: u32,
    passages: u32,
    /// Weighted by age.
    heard: f64,
    present: f64,
    heard_next: f64,
    present_next: f64,
}

impl Sums {
    /// (1 + Σ w·heard) / (2 + Σ w·present).
    fn any(&self) -> f64 {
        (1.0 + self.heard) / (2.0 + self.present)
    }
}

impl Reception {
    /// Takes in the end of a bin; one that is not after all others is known.
    pub fn apply(&mut self, tick: &Arc<Tick>) {
        if self.ticks.back().is_some_and(|newest| tick.bin <= newest.bin) {
            return;
        }
        if self.first.is_none() && !tick.hearing.heard.is_empty() {
            self.first = Some(tick.bin);
        }
        for source in &tick.hearing.sources {
            let entry = self.sources.entry(*source).or_default();
            entry.heard = entry.heard.max(tick.bin);
        }
        for (source, group, interval_ms) in &tick.intervals {
            self.sources.entry(*source).or_default().intervals.insert(*group, *interval_ms);
        }
        for counted in &tick.counted {
            let days = self.learned.entry((counted.cell, counted.class, counted.source)).or_default();
            days.add(tick.bin, &counted.counts);
        }
        let now = bin_end(tick.bin);
        let of_cells = tick.counted.chunk_by(|one, other| one.cell == other.cell);
        let added = ByCell::new(of_cells.map(|of_cell| {
            let heard = of_cell.iter().map(|counted| {
                let q = self.any_of(counted.cell, counted.class, counted.source, now).unwrap_or(0.0);
                (q * f64::from(counted.counts.present) * UNITS) as u64
            });
            (of_cell[0].cell, heard.sum())
        }));
        self.window.push_back((tick.bin, added));
        while self.window.front().is_some_and(|(bin, _)| *bin <= tick.bin - PRESENCE_BINS) {
            self.window.pop_front();
        }
        let expected = sum_of(self.window.iter().map(|(_, added)| added.iter()));
        self.ticks.push_back(Applied { bin: tick.bin, hearing: Arc::clone(&tick.hearing), expected });
        while self.ticks.front().is_some_and(|oldest| oldest.bin <= tick.bin - MEMORY_BINS) {
            self.ticks.pop_front();
        }
        if day_of(tick.bin) != day_of(tick.bin - 1) {
            let oldest = day_of(tick.bin) - DAYS - 3;
            self.learned.retain(|_, kept| kept.forget(oldest));
        }
    }

    /// What is known of all cells as of the newest tick, in ascending order of cells, class A before B.
    #[must_use]
    pub fn of_cells(&self) -> Vec<OfCell> {
        let Some(newest) = self.ticks.back() else { return Vec::new() };
        let now = bin_end(newest.bin);
        let mut known: Vec<(Cell, Class)> =
            self.learned.keys().map(|(cell, class, _)| (*cell, *class)).collect();
        known.sort_unstable();
        known.dedup();
        let of_cell = |(cell, class)| {
            let mut whole = Counts::default();
            for source in self.sources.keys() {
                whole.add(&self.sums(cell, 0, class, *source, now).counts);
            }
            let (share, edge) = (self.q(cell, class, now), self.edge(cell, class, now));
            let Counts { heard, present, passages, .. } = whole;
            OfCell { cell, class, share, edge, heard, present, passages }
        };
        known.into_iter().map(of_cell).collect()
    }

    /// Whether hearing has been learned for a whole day: nights and tides are not what days are.
    #[must_use]
    pub fn knows_a_day(&self, now: EventTime) -> bool {
        self.first.is_some_and(|first| now.0 - bin_start(first).0 >= DAY_MS)
    }

    /// The share of bins in which ships of a class are heard in a cell, as it was known at a time.
    #[must_use]
    pub fn q(&self, cell: Cell, class: Class, as_of: EventTime) -> Option<Share> {
        let mut missed: Option<Share> = None;
        for source in self.up(as_of) {
            if let Some(q) = self.q_of(cell, class, source, as_of) {
                let before = missed.unwrap_or(Share { any: 1.0, next: 1.0 });
                missed = Some(Share { any: before.any * (1.0 - q.any), next: before.next * (1.0 - q.next) });
            }
        }
        missed.map(|missed| Share { any: 1.0 - missed.any, next: 1.0 - missed.next })
    }

    /// [`Share::any`] of [`Reception::q`].
    #[must_use]
    pub fn q_any(&self, cell: Cell, class: Class, as_of: EventTime) -> Option<f64> {
        let shares = self.up(as_of).filter_map(|source| self.any_of(cell, class, source, as_of));
        let missed = shares.fold(None, |missed, any| Some(missed.unwrap_or(1.0) * (1.0 - any)));
        missed.map(|missed| 1.0 - missed)
    }

    /// Sources that heard something lately, once hearing has been learned for long enough.
    fn up(&self, as_of: EventTime) -> impl Iterator<Item = u16> {
        let now = bin_of(as_of);
        let is_known = self.first.is_some_and(|first| now - first >= WARM_UP_BINS);
        let up = self.sources.iter().filter(move |(_, state)| is_known && now - state.heard <= PRESENCE_BINS);
        up.map(|(source, _)| *source)
    }

    /// The share of one source. Where the cell is not known by itself it is taken together with its
    /// neighbours: a coarser cell would lie to one side of it, and one busy port in it tell for all.
    fn q_of(&self, cell: Cell, class: Class, source: u16, as_of: EventTime) -> Option<Share> {
        let any = self.any_of(cell, class, source, as_of)?;
        Some(Share { any, next: self.next(cell, class, source, as_of, any) })
    }

    fn any_of(&self, cell: Cell, class: Class, source: u16, as_of: EventTime) -> Option<f64> {
        for rings in POOLED_RINGS {
            let sums = self.sums(cell, rings, class, source, as_of);
            if sums.bins >= MIN_BINS && sums.passages >= MIN_PASSAGES {
                return Some(sums.any()).filter(|any| *any >= MIN_Q);
            }
        }
        None
    }

    /// The share of bins heard after one that was not: misses come in runs where hearing fades. As
    /// long as few are counted it is taken to be somewhat less than that of all bins.
    fn next(&self, cell: Cell, class: Class, source: u16, as_of: EventTime, any: f64) -> f64 {
        let sums = self.sums(cell, NEXT_RINGS, class, source, as_of);
        (NEXT_PRIOR * NEXT_LESS * any + sums.heard_next) / (NEXT_PRIOR + sums.present_next)
    }

    /// Share of the ships heard around a cell that come out of nowhere there, or go into it,
    /// whichever are fewer: at the edge of hearing both are many. `None` where too few were heard.
    #[must_use]
    pub fn edge(&self, cell: Cell, class: Class, as_of: EventTime) -> Option<f64> {
        let mut whole = Counts::default();
        for source in self.sources.keys() {
            whole.add(&self.sums(cell, 1, class, *source, as_of).counts);
        }
        let fewer = whole.losses.min(whole.appearances);
        (whole.entries >= MIN_ENTRIES).then(|| f64::from(fewer) / f64::from(whole.entries))
    }

    fn sums(&self, cell: Cell, rings: u32, class: Class, source: u16, as_of: EventTime) -> Sums {
        let mut sums = Sums::default();
        let mut add = |cell: Cell| {
            if let Some(days) = self.learned.get(&(cell, class, source)) {
                days.sum(as_of, &mut sums);
            }
        };
        if rings == 0 {
            add(cell);
        } else {
            self.neighbours.disk(cell, rings).iter().copied().for_each(add);
        }
        sums
    }

    /// Whether ships other than `except` were heard around a cell in a bin that is over.
    #[must_use]
    pub fn alive(&self, cell: Cell, bin: i64, except: Mmsi, class: Class) -> Alive {
        let Some(at) = self.index(bin) else { return Alive::default() };
        if self.is_dead(at, cell, bin) {
            return Alive { share: Some(0.0), witnesses: SmallVec::new() };
        }
        let Applied { hearing, expected, .. } = &self.ticks[at];
        let (mut expected_units, mut ships) = (0, 0);
        let mut heard: SmallVec<[(Cell, CellHeard); 8]> = SmallVec::new();
        let rings = self.neighbours.rings(cell, MAX_RINGS);
        for ring in rings.chunk_by(|(one, _), (other, _)| one == other) {
            for (_, cell) in ring {
                expected_units += expected.get(*cell).unwrap_or(0);
                if let Some(here) = hearing.heard.get(*cell) {
                    ships += here.ships - u32::from(here.witnesses().any(|mmsi| mmsi == except));
                    heard.push((*cell, here));
                }
            }
            if ring[0].0 == 0 {
                continue;
            }
            let expected = expected_units as f64 / UNITS / PRESENCE_BINS as f64;
            // Nobody is expected where nobody could be heard for an hour, but many may be heard again.
            if expected >= ENOUGH || f64::from(ships) >= ENOUGH {
                let ships_heard = f64::from(ships);
                let is_well = ships_heard >= expected - BELOW * libm::sqrt(expected);
                let share = if is_well && ships > 0 { 1.0 } else { rounded(ships_heard / expected) };
                return Alive { share: Some(share), witnesses: witnesses(heard, except) };
            }
        }
        let hears = |source: &u16| {
            hearing.sources.binary_search(source).is_ok()
                && self.any_of(cell, class, *source, bin_end(bin)).is_some()
        };
        let share = self.sources.keys().any(hears).then_some(0.5);
        Alive { share, witnesses: witnesses(heard, except) }
    }

    /// Whether it is known by now that a receiver that covers the cell had failed in a bin.
    #[must_use]
    pub fn had_failed(&self, cell: Cell, bin: i64) -> bool {
        self.index(bin).is_some_and(|at| self.is_dead(at, cell, bin))
    }

    /// Whether a receiver that covers the cell had failed in a bin.
    fn is_dead(&self, at: usize, cell: Cell, bin: i64) -> bool {
        let noticed = || self.ticks.iter().skip(at).take(NOTICED_BINS as usize);
        let covers = |since: i64, applied: &Applied| since <= bin && bin <= applied.bin;
        let is_lost = |applied: &Applied| {
            let mut dead = applied.hearing.dead.iter().filter(|dead| covers(dead.since, applied));
            dead.any(|dead| dead.cells.binary_search(&cell).is_ok())
        };
        if noticed().any(is_lost) {
            return true;
        }
        if noticed().all(|applied| applied.hearing.down.is_empty()) {
            return false;
        }
        let knows: SmallVec<[u16; 2]> =
            self.sources.keys().copied().filter(|source| self.knows(cell, *source)).collect();
        let is_down = |applied: &Applied| {
            let down = &applied.hearing.down;
            knows
                .iter()
                .all(|source| down.iter().any(|(down, since)| down == source && covers(*since, applied)))
        };
        !knows.is_empty() && noticed().any(is_down)
    }

    fn knows(&self, cell: Cell, source: u16) -> bool {
        let around = self.neighbours.disk(cell, 2);
        [Class::A, Class::B]
            .into_iter()
            .any(|class| around.iter().any(|cell| self.learned.contains_key(&(*cell, class, source))))
    }

    /// Whether GNSS interference concerns a ship around a time.
    #[must_use]
    pub fn is_jammed(&self, mmsi: Mmsi, position: Position, t: EventTime) -> bool {
        const AROUND_BINS: i64 = 2;
        (bin_of(t) - AROUND_BINS..=bin_of(t) + AROUND_BINS)
            .filter_map(|bin| self.index(bin))
            .any(|at| self.ticks[at].hearing.jamming.iter().any(|area| area.concerns(mmsi, position)))
    }

    /// The shortest median interval at which a source gives reports of such ships, in milliseconds.
    #[must_use]
    pub fn interval_ms(&self, group: IntervalGroup) -> i64 {
        let known = self.sources.values().filter_map(|source| source.intervals.get(&group));
        known.copied().min().unwrap_or(0)
    }

    /// The newest bin, if receivers had failed by its end.
    #[must_use]
    pub fn newest_failure(&self) -> Option<i64> {
        let newest = self.ticks.back()?;
        (!newest.hearing.dead.is_empty() || !newest.hearing.down.is_empty()).then_some(newest.bin)
    }

    fn index(&self, bin: i64) -> Option<usize> {
        let at = self.ticks.partition_point(|applied| applied.bin < bin);
        self.ticks.get(at).filter(|applied| applied.bin == bin).map(|_| at)
    }
}

impl Days {
    /// Adds what a tick counted that is later than all others.
    fn add(&mut self, tick: i64, counts: &Counts) {
        let of = counted_on(tick);
        if of > self.newest.day {
            self.end_day();
            self.newest = Day { day: of, counts: Counts::default() };
        }
        self.newest.counts.add(counts);
        self.recent.push(tick, counts.all());
    }

    /// The newest day is one of the older ones from now on.
    fn end_day(&mut self) {
        /// Most cells have one or two days, or one after the other.
        const FEW: usize = 2;
        let counts = self.newest.counts.all();
        let most = counts.into_iter().max().unwrap_or(0);
        let width: usize = match most {
            0 => return,
            1..=0xFF => 1,
            0x100..=0xFFFF => 2,
            _ => 4,
        };
        let of_day = Days::HEAD + width * Counts::KINDS;
        if self.older.len() + of_day > self.older.capacity() {
            // All the room there will be need of at once: what grows day by day leaves holes behind.
            let whole = (DAYS as usize + 3) * of_day;
            let room =
                if self.older.is_empty() { FEW * of_day } else { whole.saturating_sub(self.older.len()) };
            self.older.reserve_exact(room.max(of_day));
        }
        self.older.extend((self.newest.day as u16).to_le_bytes());
        self.older.push(width as u8);
        counts.iter().for_each(|count| self.older.extend_from_slice(&count.to_le_bytes()[..width]));
    }

    /// Bytes before the counts of an older day.
    const HEAD: usize = 3;

    /// The older days.
    fn older(&self) -> impl Iterator<Item = Day> {
        let mut rest = &self.older[..];
        core::iter::from_fn(move || {
            let ([low, high, width], counts) = rest.split_first_chunk()?;
            let (counts, next) = counts.split_at_checked(usize::from(*width) * Counts::KINDS)?;
            let counts: [u32; Counts::KINDS] = match width {
                1 => counts.first_chunk().map(|counts| counts.map(u32::from)),
                2 => counts
                    .as_chunks()
                    .0
                    .first_chunk()
                    .map(|counts| counts.map(|two| u16::from_le_bytes(two).into())),
                _ => counts.as_chunks().0.first_chunk().map(|counts| counts.map(u32::from_le_bytes)),
            }?;
            rest = next;
            // It is less than two centuries before the newest.
            let ago = (self.newest.day as u16).wrapping_sub(u16::from_le_bytes([*low, *high]));
            Some(Day { day: self.newest.day - i64::from(ago), counts: Counts::of(counts) })
        })
    }

    /// Forgets days up to this one; whether any is left.
    fn forget(&mut self, oldest: i64) -> bool {
        let gone = self.older().take_while(|day| day.day <= oldest).count();
        for _ in 0..gone {
            let width = usize::from(self.older[Days::HEAD - 1]);
            self.older.drain(..Days::HEAD + width * Counts::KINDS);
        }
        self.newest.day > oldest
    }

    /// What ticks after a time have counted, by day.
    fn later(&self, as_of: EventTime) -> SmallVec<[(i64, [u32; Counts::KINDS]); 4]> {
        let mut later: SmallVec<[(i64, [u32; Counts::KINDS]); 4]> = SmallVec::new();
        let newest = i64::from(self.recent.newest);
        let from = bin_of(as_of).max(newest - MEMORY_BINS + 1);
        let mut ticks = self.recent.ticks();
        while newest >= from
            && let Some(tick) = ticks.next().filter(|tick| *tick >= from)
        {
            let of = counted_on(tick);
            if later.last().is_none_or(|(day, _)| *day != of) {
                later.push((of, [0; Counts::KINDS]));
            }
            if let Some((_, counts)) = later.last_mut() {
                ticks.counts(|kind, count| counts[kind] += count);
            }
        }
        later
    }

    /// Adds what was counted up to a time; what ticks after it counted is left out.
    fn sum(&self, as_of: EventTime, sums: &mut Sums) {
        let today = as_of.0.div_euclid(DAY_MS);
        let later = self.later(as_of);
        let all = self.older().chain([self.newest]);
        for Day { day, mut counts } in all.filter(|day| day.day > today - DAYS && day.day <= today) {
            let of_day = later.iter().filter(|(of, _)| *of == day);
            of_day.for_each(|(_, later)| counts.subtract(&Counts::of(*later)));
            let weight = weight(today - day);
            sums.heard += weight * f64::from(counts.heard);
            sums.present += weight * f64::from(counts.present);
            sums.heard_next += weight * f64::from(counts.heard_next);
            sums.present_next += weight * f64::from(counts.present_next);
            sums.bins += counts.present;
            sums.passages += counts.passages;
            sums.counts.add(&counts);
        }
    }
}

/// 2^(−age / 7 days).
fn weight(age_days: i64) -> f64 {
    WEIGHTS[(age_days % 7) as usize] / (1_u64 << (age_days / 7)) as f64
}

/// The day of the bin that a tick counts.
fn counted_on(tick: i64) -> i64 {
    day_of(tick - PRESENCE_BINS)
}

fn day_of(bin: i64) -> i64 {
    bin_start(bin).0.div_euclid(DAY_MS)
}

/// Several lists as one; what is of one cell is added up.
fn sum_of(lists: impl Iterator<Item = impl Iterator<Item = (Cell, u64)>>) -> ByCell<u64> {
    let mut lists: SmallVec<[_; PRESENCE_BINS as usize]> = lists.map(Iterator::peekable).collect();
    ByCell::new(core::iter::from_fn(move || {
        let next = lists.iter_mut().filter_map(|list| list.peek().map(|(cell, _)| *cell)).min()?;
        let of_next = lists.iter_mut().filter_map(|list| list.next_if(|(cell, _)| *cell == next));
        Some((next, of_next.map(|(_, units)| units).sum()))
    }))
}

/// A few of the ships heard, in ascending order of cells. A ship that is itself heard in a cell is known
/// there by its being one of the three told: else it counts as another.
fn witnesses(mut heard: SmallVec<[(Cell, CellHeard); 8]>, except: Mmsi) -> SmallVec<[Mmsi; 3]> {
    const MOST: usize = 3;
    heard.sort_unstable_by_key(|(cell, _)| *cell);
    let all = heard.iter().flat_map(|(_, heard)| heard.witnesses());
    all.filter(|mmsi| *mmsi != except).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tick_counted_is_left_out_of_what_was_known_before_however_much_it_was() {
        let (first, second) = (3 * 144 + 20, 3 * 144 + 21);
        let of =
            |heard: u32, entries: u32| Counts { heard, present: heard + 1, entries, ..Counts::default() };
        let mut days = Days::default();
        days.add(first, &of(7, 1));
        days.add(second, &of(200_000, 70_000));
        let known = |as_of: i64| {
            let mut sums = Sums::default();
            days.sum(bin_end(as_of), &mut sums);
            (sums.counts, sums.bins)
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
            let counts = Counts { heard: 1 << (day / 2), present: 1 << (day / 2), ..Counts::default() };
            days.add(tick, &counts);
            plain.push((20_000 + 2 * day, counts));
            let known = days.older().chain([days.newest]).map(|day| (day.day, day.counts));
            assert!(known.eq(plain.iter().copied()));
            if day % 7 == 6 {
                let oldest = 20_000 + 2 * day - 21;
                plain.retain(|(day, _)| *day > oldest);
                assert!(days.forget(oldest));
            }
        }
        assert!(!days.forget(i64::MAX));
    }

    #[test]
    fn what_is_kept_of_each_cell_and_tick_does_not_grow_unnoticed() {
        const CELLS: u64 = 1_000;
        let all = Cell::at(Position::from_degrees(131.9, 43.1).unwrap()).disk(20);
        let cells = || all.iter().copied().take(CELLS as usize);
        let mut heard = CellHeard::default();
        (0..2).for_each(|ship| heard.add(Mmsi(273_000_001 + ship)));
        let of_hearing = ByCell::new(cells().map(|cell| (cell, heard))).room();
        let of_expected = ByCell::new(cells().map(|cell| (cell, 12 * UNITS as u64))).room();
        let mut recent = Recent::default();
        (0..MEMORY_BINS).for_each(|tick| {
            let counts = Counts { heard: 2, present: 2, passages: 1, ..Counts::default() };
            recent.push(2_800_000 + tick, counts.all());
        });
        let of_recent = (recent.bytes.capacity() as u64).div_ceil(MEMORY_BINS as u64);
        let bytes = (of_hearing + of_expected) as u64 / CELLS + of_recent;
        assert!(bytes <= 26, "{of_hearing} {of_expected} {of_recent}");
    }

    #[test]
    fn of_each_tick_what_it_counted_is_known_as_long_as_somebody_may_ask() {
        let mut state = 1;
        let mut random = |below: u64| {
            state = model::hash::mix(state, 0x5EED);
            state % below
        };
        let (mut recent, mut plain) = (Recent::default(), VecDeque::new());
        let mut tick = 2_800_000;
        for _ in 0..2_000 {
            tick += 1 + random(3) as i64 * random(40) as i64;
            let counts = core::array::from_fn(|_| (random(1 << 32) >> random(64)) as u32 * random(2) as u32);
            recent.push(tick, counts);
            if counts != [0; Counts::KINDS] {
                plain.push_front((tick, Counts::of(counts)));
                plain.retain(|(of, _)| *of > tick - MEMORY_BINS);
            }
            let mut ticks = recent.ticks();
            for (of, of_tick) in &plain {
                let mut counts = [0; Counts::KINDS];
                assert_eq!(ticks.next(), Some(*of));
                ticks.counts(|kind, count| counts[kind] = count);
                assert_eq!(Counts::of(counts), *of_tick);
            }
            assert!(recent.bytes.len() <= plain.len() * 50 + 200, "what nobody asks for is forgotten");
        }
    }
}
