//! What ticks add up to: the share heard in each cell, and who was heard where in the last days.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;

use hashbrown::HashMap;
use model::number::rounded;
use model::prefetch::{fetch_all, fetch_at};
use model::roster::{Hint, Keyed, Roster};
use model::time::{DAY_MS, HOUR_MS};
use model::{Cell, Class, EventTime, Mmsi, Position};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::days::{DAYS, Days, Known, Portion, Weighed, day_of};
use super::neighbours::Neighbours;
use super::runs::Runs;
use super::tick::{CellHeard, Counted, Counts, Hearing, IntervalGroup, Tick};
use super::{BIN_MS, MEMORY_BINS, NOTICED_BINS, PRESENCE_BINS, bin_end, bin_of, bin_start};

/// A cell with fewer passages is not known …
const MIN_PASSAGES: u32 = 5;
/// … nor is one with fewer bins.
const MIN_BINS: u32 = 50;
/// Rings around a cell that are taken together with it, one after the other, where it is not known by itself.
const POOLED_RINGS: u32 = 2;
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
/// Others are enough to tell by if so many are expected to be heard.
const ENOUGH: f64 = 3.0;
/// Hearing is as good as ever unless fewer are heard than expected by more than so many standard
/// deviations of a Poisson count.
const BELOW: f64 = 1.3;
/// Nothing is known of hearing until ships have been heard for so long: who comes into hearing first
/// says nothing of those who do not.
const WARM_UP_BINS: i64 = 12 * HOUR_MS / BIN_MS;
/// So many cells are looked up together.
const TOGETHER: usize = 32;

/// What is known of hearing, as of the newest tick, and of the last 72 h as it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reception {
    cells: Roster<Place>,
    ticks: VecDeque<Applied>,
    sources: BTreeMap<u16, Source>,
    /// The first bin in which anything was heard.
    first: Option<i64>,
    #[serde(skip)]
    neighbours: Neighbours,
    #[serde(skip)]
    then: Then,
}

/// What was known of cells by times to which no tick adds any more, as it was asked for last.
#[derive(Debug, Default)]
struct Then {
    kept: RefCell<HashMap<AsOf, Option<Known>, foldhash::fast::FixedState>>,
}

/// When, where, and of whom by which source.
type AsOf = (EventTime, Cell, Class, u16);

impl Then {
    fn known(&self, of: AsOf, find: impl FnOnce() -> Option<Known>) -> Option<Known> {
        /// So much is kept.
        const MAX_KEPT: usize = 16_384;
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= MAX_KEPT && !kept.contains_key(&of) {
            kept.clear();
        }
        *kept.entry(of).or_insert_with(find)
    }
}

impl Clone for Then {
    /// Another asks for other times.
    fn clone(&self) -> Then {
        Then::default()
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Source {
    /// The last bin in which it heard anything.
    heard: i64,
    intervals: BTreeMap<IntervalGroup, i64>,
}

/// A tick, of which places remember what it told of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Applied {
    bin: i64,
    hearing: Arc<Hearing>,
}

/// A cell in which ships were, as far as anybody knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    cell: Cell,
    /// Who was heard in it in the last bins.
    heard: Runs<CellHeard>,
    learned: ThinVec<Learned>,
}

impl Keyed for Place {
    type Key = Cell;

    fn key(&self) -> Cell {
        self.cell
    }
}

impl Place {
    fn new(cell: Cell) -> Place {
        Place { cell, heard: Runs::default(), learned: ThinVec::new() }
    }

    fn learned(&self, class: Class, source: u16) -> Option<&Learned> {
        self.learned.iter().find(|learned| learned.class == class && learned.source == source)
    }

    fn learned_mut(&mut self, class: Class, source: u16) -> &mut Learned {
        let at = self.learned.iter().position(|learned| learned.class == class && learned.source == source);
        let at = at.unwrap_or_else(|| {
            self.learned.reserve_exact(1);
            self.learned.push(Learned { class, source, expected: Expected::NOTHING, days: Days::default() });
            self.learned.len() - 1
        });
        &mut self.learned[at]
    }

    /// What a bin that is over expected to be heard, in units of a [`Portion`] and by bins that are counted.
    fn expected(&self, bin: i64) -> u64 {
        self.learned.iter().map(|learned| learned.days.expected(bin)).sum()
    }

    /// Fetches what it points to.
    fn fetch(&self) {
        /// A class or two of one source.
        const FEW: usize = 2;
        fetch_at(self.learned.as_ptr(), FEW * size_of::<Learned>());
        self.heard.fetch();
    }
}

/// How ships of one class fare with one source in one cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Learned {
    class: Class,
    source: u16,
    expected: Expected,
    days: Days,
}

/// Which portion of the ships that are there is expected to be heard.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Expected {
    /// None where it is not known.
    portion: Portion,
    /// The tick as of which it was found.
    found: i32,
}

impl Expected {
    const NOTHING: Expected = Expected { portion: Portion::NONE, found: 0 };
}

/// There are hundreds of thousands of them.
const _: () = assert!(size_of::<Learned>() <= 112 && size_of::<Place>() <= 32);

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

impl Reception {
    /// Takes in the end of a bin; one that is not after all others is known.
    pub fn apply(&mut self, tick: &Arc<Tick>) {
        if self.ticks.back().is_some_and(|newest| tick.bin <= newest.bin) {
            return;
        }
        if self.first.is_none() && !tick.heard.is_empty() {
            self.first = Some(tick.bin);
        }
        for source in &tick.hearing.sources {
            let entry = self.sources.entry(*source).or_default();
            entry.heard = entry.heard.max(tick.bin);
        }
        for (source, group, interval_ms) in &tick.intervals {
            self.sources.entry(*source).or_default().intervals.insert(*group, *interval_ms);
        }
        self.hear(tick);
        self.learn(tick);
        let hearing = Arc::clone(&tick.hearing);
        self.ticks.push_back(Applied { bin: tick.bin, hearing });
        while self.ticks.front().is_some_and(|oldest| oldest.bin <= tick.bin - MEMORY_BINS) {
            self.ticks.pop_front();
        }
        if day_of(tick.bin) != day_of(tick.bin - 1) {
            let oldest = i64::from(day_of(tick.bin)) - DAYS - 3;
            let unasked = tick.bin - MEMORY_BINS - PRESENCE_BINS;
            self.cells.retain(|place| {
                place.heard.forget(unasked);
                place.learned.retain_mut(|learned| learned.days.forget(oldest as i32, unasked));
                place.heard.newest() > tick.bin - MEMORY_BINS || !place.learned.is_empty()
            });
        }
    }

    /// Takes in who was heard where.
    fn hear(&mut self, tick: &Tick) {
        for some in tick.heard.chunks(TOGETHER) {
            self.fetch(some.iter().map(|(cell, _)| *cell));
            for (cell, heard) in some {
                let place = self.cells.get_or_insert_with(*cell, || Place::new(*cell));
                place.heard.push(tick.bin, *heard, tick.bin - MEMORY_BINS);
            }
        }
    }

    /// Takes in what was counted.
    fn learn(&mut self, tick: &Tick) {
        for some in tick.counted.chunks(TOGETHER) {
            self.fetch(some.iter().map(|counted| counted.cell));
            for Counted { cell, class, source, counts } in some {
                let place = self.cells.get_or_insert_with(*cell, || Place::new(*cell));
                place.learned_mut(*class, *source).days.add(tick.bin, counts);
            }
        }
        for some in tick.counted.chunks(TOGETHER) {
            self.fetch(some.iter().map(|counted| counted.cell));
            for counted in some {
                let expected = (counted.counts.present > 0).then(|| self.expected(counted, tick.bin));
                let place = self.cells.get_or_insert_with(counted.cell, || Place::new(counted.cell));
                let learned = place.learned_mut(counted.class, counted.source);
                learned.expected = expected.unwrap_or(learned.expected);
                learned.days.remember(tick.bin, &counted.counts, learned.expected.portion);
            }
        }
    }

    /// What is expected in a cell as of a tick. Where the cells around have to be asked, too, what is known is found anew once an hour.
    fn expected(&self, counted: &Counted, tick: i64) -> Expected {
        let Counted { cell, class, source, .. } = *counted;
        let learned = self.cells.get(cell).and_then(|place| place.learned(class, source));
        let is_fresh = |expected: &Expected| {
            expected.portion != Portion::NONE && tick - i64::from(expected.found) < PRESENCE_BINS
        };
        if let Some(learned) = learned.filter(|learned| is_fresh(&learned.expected))
            && !is_enough(&learned.days.heard(bin_end(tick)))
        {
            return learned.expected;
        }
        let share = self.any_of(cell, class, source, bin_end(tick));
        Expected { portion: share.map_or(Portion::NONE, Portion::of), found: tick as i32 }
    }

    /// Fetches what is known of some cells.
    fn fetch(&self, cells: impl Iterator<Item = Cell> + Clone) {
        cells.clone().for_each(|cell| self.cells.fetch(cell));
        let hints: SmallVec<[Hint; TOGETHER]> = cells.map(|cell| self.cells.hint(cell)).collect();
        let places = || hints.iter().filter_map(|hint| self.cells.likely(*hint));
        places().for_each(fetch_all);
        places().for_each(Place::fetch);
    }

    /// What is known of all cells as of the newest tick, in ascending order of cells, class A before B.
    #[must_use]
    pub fn of_cells(&self) -> Vec<OfCell> {
        let Some(newest) = self.ticks.back() else { return Vec::new() };
        let now = bin_end(newest.bin);
        let learned =
            self.cells.iter().flat_map(|place| place.learned.iter().map(move |of| (place.cell, of.class)));
        let mut known: Vec<(Cell, Class)> = learned.collect();
        known.sort_unstable();
        known.dedup();
        let of_cell = |(cell, class)| {
            let known = self.sources.keys().filter_map(|source| self.known(cell, class, *source, now));
            let mut whole = Counts::default();
            known.for_each(|known| whole.add(&known.counts));
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
        let heard = |cell: Cell| Some(self.known(cell, class, source, as_of)?.heard);
        let any = self.any_with(cell, heard)?;
        Some(Share { any, next: self.next(cell, class, source, as_of, any) })
    }

    fn any_of(&self, cell: Cell, class: Class, source: u16, as_of: EventTime) -> Option<f64> {
        self.any_with(cell, |cell| Some(self.days(cell, class, source)?.heard(as_of)))
    }

    fn any_with(&self, cell: Cell, in_cell: impl Fn(Cell) -> Option<Weighed>) -> Option<f64> {
        let mut heard = in_cell(cell).unwrap_or_default();
        if !is_enough(&heard) {
            let rings = self.neighbours.rings(cell, POOLED_RINGS);
            let around = rings.split_first().map_or(&[][..], |(_, around)| around);
            self.fetch(around.iter().map(|(_, cell)| *cell));
            for ring in around.chunk_by(|(one, _), (other, _)| one == other) {
                ring.iter().filter_map(|(_, cell)| in_cell(*cell)).for_each(|more| heard.add(&more));
                if is_enough(&heard) {
                    break;
                }
            }
        }
        is_enough(&heard).then(|| heard.share()).filter(|any| *any >= MIN_Q)
    }

    /// The share of bins heard after one that was not: misses come in runs where hearing fades. As
    /// long as few are counted it is taken to be somewhat less than that of all bins.
    fn next(&self, cell: Cell, class: Class, source: u16, as_of: EventTime, any: f64) -> f64 {
        let known = self.around(cell, NEXT_RINGS, class, source, as_of);
        (NEXT_PRIOR * NEXT_LESS * any + known.heard_next) / (NEXT_PRIOR + known.present_next)
    }

    /// Share of the ships heard around a cell that come out of nowhere there, or go into it,
    /// whichever are fewer: at the edge of hearing both are many. `None` where too few were heard.
    #[must_use]
    pub fn edge(&self, cell: Cell, class: Class, as_of: EventTime) -> Option<f64> {
        let mut whole = Counts::default();
        for source in self.sources.keys() {
            whole.add(&self.around(cell, 1, class, *source, as_of).counts);
        }
        let fewer = whole.losses.min(whole.appearances);
        (whole.entries >= MIN_ENTRIES).then(|| f64::from(fewer) / f64::from(whole.entries))
    }

    /// What was counted by a time in a cell and those around it.
    fn around(&self, cell: Cell, rings: u32, class: Class, source: u16, as_of: EventTime) -> Known {
        let mut whole = Known::default();
        for cell in self.neighbours.disk(cell, rings).iter() {
            self.known(*cell, class, source, as_of).into_iter().for_each(|known| whole.add(&known));
        }
        whole
    }

    /// What was counted in a cell by a time, which is kept: who asks how it was when a ship fell silent asks again.
    fn known(&self, cell: Cell, class: Class, source: u16, as_of: EventTime) -> Option<Known> {
        let find = || Some(self.days(cell, class, source)?.known(as_of));
        let newest = self.ticks.back()?.bin;
        // Ticks of the bin of that time and of later ones are taken away again, so none that comes changes it; but those of more than
        // 72 h ago are not remembered, and cannot be.
        let is_settled = (newest - MEMORY_BINS + 1..=newest + 1).contains(&bin_of(as_of));
        if is_settled { self.then.known((as_of, cell, class, source), find) } else { find() }
    }

    /// What was counted in a cell.
    fn days(&self, cell: Cell, class: Class, source: u16) -> Option<&Days> {
        Some(&self.cells.get(cell)?.learned(class, source)?.days)
    }

    /// Whether ships other than `except` were heard around a cell in a bin that is over.
    #[must_use]
    pub fn alive(&self, cell: Cell, bin: i64, except: Mmsi, class: Class) -> Alive {
        let Some(at) = self.index(bin) else { return Alive::default() };
        if self.is_dead(at, cell, bin) {
            return Alive { share: Some(0.0), witnesses: SmallVec::new() };
        }
        let hearing = &self.ticks[at].hearing;
        let (mut expected_units, mut ships) = (0, 0);
        let mut heard: SmallVec<[(Cell, CellHeard); 8]> = SmallVec::new();
        let rings = self.neighbours.rings(cell, MAX_RINGS);
        for ring in rings.chunk_by(|(one, _), (other, _)| one == other) {
            for (_, cell) in ring {
                let Some(place) = self.cells.get(*cell) else { continue };
                expected_units += place.expected(bin);
                if let Some(here) = place.heard.at(bin) {
                    ships += here.ships - u32::from(here.witnesses().any(|mmsi| mmsi == except));
                    heard.push((*cell, here));
                }
            }
            if ring[0].0 == 0 {
                continue;
            }
            let expected = expected_units as f64 / f64::from(Portion::ALL) / PRESENCE_BINS as f64;
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
        let mut known = around.iter().filter_map(|cell| self.cells.get(*cell));
        known.any(|place| place.learned.iter().any(|learned| learned.source == source))
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

/// Whether enough was counted to tell which share is heard.
fn is_enough(heard: &Weighed) -> bool {
    heard.bins >= MIN_BINS && heard.passages >= MIN_PASSAGES
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
    use alloc::vec;

    use super::*;

    /// Bytes that are set aside for a tick of a cell in which so many ships are heard in a bin, the lowest of them being this one.
    fn bytes_a_tick(of_bin: impl Fn(i64) -> Option<(u32, u32)>) -> f64 {
        let (mut place, first) = (Place::new(Cell::at(Position::default())), 2_800_000);
        for tick in first..first + 3 * MEMORY_BINS {
            let Some((ships, lowest)) = of_bin(tick) else { continue };
            let mut heard = CellHeard::default();
            (0..ships).for_each(|ship| heard.add(Mmsi(lowest + ship)));
            place.heard.push(tick, heard, tick - MEMORY_BINS);
            let is_new = of_bin(tick - 1) != of_bin(tick);
            let passages = u32::from(is_new);
            let counts =
                Counts { heard: ships, present: ships, passages, entries: passages, ..Counts::default() };
            let days = &mut place.learned_mut(Class::A, 0).days;
            days.add(tick, &counts);
            days.remember(tick, &counts, Portion::of(0.9 + (tick / 12 % 7) as f64 / 100.0));
        }
        let learned = &place.learned[0];
        (place.heard.room() + learned.days.recent_room()) as f64 / MEMORY_BINS as f64
    }

    /// What is expected in a cell by now.
    fn expected(reception: &Reception, cell: Cell) -> (Portion, i32) {
        let expected = reception.cells.get(cell).unwrap().learned(Class::A, 0).unwrap().expected;
        (expected.portion, expected.found)
    }

    #[test]
    fn what_is_expected_by_cells_around_is_found_once_an_hour_and_otherwise_at_once() {
        let all = Cell::at(Position::from_degrees(131.9, 43.1).unwrap()).disk(1);
        let (cell, beside) = (all[0], all[1]);
        let counted = |cell: Cell, heard: u32, present: u32, passages: u32| Counted {
            cell,
            class: Class::A,
            source: 0,
            counts: Counts { heard, present, passages, ..Counts::default() },
        };
        let first = 2_800_040;
        let mut reception = Reception::default();
        let mut apply = |bin: i64, counted: Vec<Counted>| {
            let ticks = [Tick { bin: first + bin, counted, ..Tick::default() }];
            ticks.into_iter().for_each(|tick| reception.apply(&Arc::new(tick)));
            // It does not hang on what is kept ready.
            let written = postcard::to_allocvec(&reception).unwrap();
            reception = postcard::from_bytes(&written).unwrap();
            let (portion, found) = expected(&reception, cell);
            (portion, i64::from(found) - first)
        };
        let portion = |heard: f64, present: f64| Portion::of((1.0 + heard) / (2.0 + present));
        // Not known; then known by the cell beside it, and kept; then found anew; then known by itself.
        assert_eq!(apply(0, vec![counted(cell, 1, 1, 1)]), (Portion::NONE, 0));
        let both = |heard| vec![counted(cell, 1, 1, 1), counted(beside, heard, 60, 6)];
        assert_eq!(apply(1, both(30)), (portion(32.0, 62.0), 1));
        assert_eq!(apply(2, both(60)), (portion(32.0, 62.0), 1));
        assert_eq!(apply(6, both(60)), (portion(32.0, 62.0), 1));
        assert_eq!(apply(7, both(60)), (portion(215.0, 245.0), 7));
        assert_eq!(apply(8, vec![counted(cell, 20, 60, 6)]), (portion(25.0, 65.0), 8));
    }

    #[test]
    fn how_it_was_is_told_the_same_whether_it_is_kept_ready_or_not() {
        let cells = Cell::at(Position::from_degrees(131.9, 43.1).unwrap()).disk(2);
        let first = 2_800_000;
        let mut reception = Reception::default();
        let mut asked: Vec<EventTime> = Vec::new();
        for bin in first..first + MEMORY_BINS + 200 {
            let of = |at: usize| (bin as usize * 7 + at * 11) % 5;
            let counted = cells.iter().enumerate().filter(|(at, _)| of(*at) != 0).map(|(at, cell)| Counted {
                cell: *cell,
                class: Class::A,
                source: 0,
                counts: Counts {
                    heard: of(at) as u32 - 1,
                    present: of(at) as u32,
                    heard_next: u32::from(of(at) == 2),
                    present_next: 1,
                    passages: 1,
                    entries: 1,
                    ..Counts::default()
                },
            });
            let hearing = Arc::new(Hearing { sources: smallvec::smallvec![0], ..Hearing::default() });
            let mut counted: Vec<Counted> = counted.collect();
            counted.sort_unstable_by_key(|counted| counted.cell);
            reception.apply(&Arc::new(Tick { bin, counted, hearing, ..Tick::default() }));
            if reception.first.is_none() {
                reception.first = Some(first);
            }
            // Within bins, at their ends, in bins that are not over, and before what is remembered.
            asked.extend((bin % 60 == 0).then(|| EventTime(bin_end(bin).0 - (bin % 7) * 60_000)));
            asked.extend((bin % 116 == 0).then_some([bin_end(bin), bin_end(bin + 3)]).into_iter().flatten());
            if bin % 29 == 0 {
                let written = postcard::to_allocvec(&reception).unwrap();
                let fresh: Reception = postcard::from_bytes(&written).unwrap();
                for as_of in &asked {
                    let of = |reception: &Reception| {
                        let (cell, class) = (cells[0], Class::A);
                        let whole = reception.around(cell, NEXT_RINGS, class, 0, *as_of);
                        let share = reception.q_of(cell, class, 0, *as_of);
                        (share, reception.edge(cell, class, *as_of), whole.counts, whole.heard.share())
                    };
                    assert_eq!(of(&reception), of(&fresh));
                    assert_eq!(of(&reception), of(&reception));
                    assert!(of(&reception).0.is_some() || *as_of < bin_end(first + 50));
                }
            }
        }
        assert!(asked.len() > 9 && !reception.then.kept.borrow().is_empty());
    }

    #[test]
    fn what_is_kept_of_each_cell_and_tick_does_not_grow_unnoticed() {
        // Where the same are heard all the time it is hardly anything.
        let at_rest = bytes_a_tick(|_| Some((3, 273_000_001)));
        let passing = bytes_a_tick(|bin| (bin % 6 < 3).then_some((1, 273_000_001 + (bin / 6) as u32)));
        let busy = bytes_a_tick(|bin| Some((20 + (bin % 3) as u32, 273_000_001 + bin as u32)));
        assert!(at_rest <= 2.0 && passing <= 4.0 && busy <= 20.0, "{at_rest} {passing} {busy}");
    }
}
