//! Measures reception at ingest: who was present where, and who of them was heard.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::alert::Notice;
use model::position::{interpolate, reachable};
use model::roster::Hint;
use model::time::DAY_MS;
use model::{Cell, Class, EventTime, Fix, Mmsi, Position};
use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};

use super::claims::Claims;
use super::jamming::{Jump, Jumps};
use super::outage::{ByStation, HeardIn, OfSource, Outages, Seen};
use super::tick::{CellHeard, Counted, Counts, Hearing, IntervalGroup, Tick};
use super::watched::{Glimpse, Key, Ships, Sighted, Watched};
use super::{BIN_MS, PRESENCE_BINS, bin_of, bin_start};

/// Stations told apart in one bin.
const MAX_STATIONS: usize = 65_536;
/// A gap of the whole feed longer than this has no ticks but the last of it, bins: nothing is
/// remembered for longer.
const MAX_GAP_BINS: i64 = 36 * 144;
/// A ship that is heard again within so many bins …
const STAYED_BINS: i64 = 36;
/// … and this near to where it was heard last, was present in all of them, metres.
const STAYED_M: f64 = 15_000.0;
/// Days of which intervals are remembered.
const INTERVAL_DAYS: usize = 7;

/// A position report as one source heard it.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// The source.
    pub source: u16,
    /// The station, 0 where none is named.
    pub station: u64,
    /// The ship.
    pub mmsi: Mmsi,
    /// Its class.
    pub class: Class,
    /// When.
    pub t: EventTime,
    /// Where.
    pub position: Position,
    /// How often it is expected to report.
    pub group: IntervalGroup,
}

/// A bin that is not over yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OpenBin {
    sources: SmallVec<[u16; 2]>,
    /// How many of its ships were not watched before, by source.
    strangers: SmallVec<[(u16, usize); 2]>,
    /// Stations that heard something other than a ship's position.
    stations: BTreeSet<u64>,
}

impl OpenBin {
    /// Whether there is room for one more ship that was not watched before.
    fn note_stranger(&mut self, source: u16, limit: usize) -> bool {
        let at = self.strangers.iter().position(|(of, _)| *of == source).unwrap_or_else(|| {
            self.strangers.push((source, 0));
            self.strangers.len() - 1
        });
        let has_room = self.strangers[at].1 < limit;
        self.strangers[at].1 += usize::from(has_room);
        has_room
    }
}

/// What is counted together: by cell, class and source.
type Counter = (Cell, Class, u16);

/// Counts of one bin. Nearly all are few, so that a byte is enough for each of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct BinCounts {
    few: HashMap<Counter, [u8; Counts::KINDS], FixedState>,
    /// What was too much for a byte, besides.
    many: HashMap<Counter, Counts, FixedState>,
}

impl BinCounts {
    fn add(&mut self, counter: Counter, more: &Counts) {
        let few = self.few.entry(counter).or_default();
        let more_each = more.all();
        if few.iter().zip(more_each).all(|(count, more)| u32::from(*count) + more <= u32::from(u8::MAX)) {
            few.iter_mut().zip(more_each).for_each(|(count, more)| *count += more as u8);
        } else {
            self.many.entry(counter).or_default().add(more);
        }
    }

    fn all(&self) -> impl Iterator<Item = (Counter, Counts)> {
        self.few.iter().map(|(counter, few)| {
            let mut counts = Counts::of(few.map(u32::from));
            self.many.get(counter).into_iter().for_each(|many| counts.add(many));
            (*counter, counts)
        })
    }
}

/// Measures presence and hearing, bin by bin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Presence {
    /// Ships of one source that are watched.
    limit: usize,
    next: Option<i64>,
    /// The first bin of all.
    first: Option<i64>,
    open: BTreeMap<i64, OpenBin>,
    /// The bin and source of the report taken in last: they are known to be open.
    #[serde(skip)]
    last: Option<(i64, u16)>,
    ships: Ships,
    pending: Pending,
    /// Cells that were dead in the last bins.
    dead: VecDeque<(i64, Vec<Cell>)>,
    outages: Outages,
    jumps: Jumps,
    claims: Claims,
    intervals: Intervals,
    /// Ships that found no place, or lost it.
    refused: u64,
}

impl Presence {
    /// Watches so many ships of each source.
    #[must_use]
    pub fn new(limit: usize) -> Presence {
        Presence {
            limit,
            next: None,
            first: None,
            open: BTreeMap::new(),
            last: None,
            ships: Ships::default(),
            pending: Pending::default(),
            dead: VecDeque::new(),
            outages: Outages::new(limit),
            jumps: Jumps::default(),
            claims: Claims::default(),
            intervals: Intervals::default(),
            refused: 0,
        }
    }

    /// Fetches where a ship will be looked for, …
    pub fn fetch(&self, source: u16, mmsi: Mmsi) {
        self.ships.fetch((source, mmsi));
    }

    /// … and the ship; tells where it is.
    pub fn fetch_ship(&self, source: u16, mmsi: Mmsi) -> Hint {
        let ship = self.ships.hint((source, mmsi));
        self.ships.likely(ship).into_iter().for_each(Watched::fetch);
        ship
    }

    /// A report in time, of a ship that is mostly there.
    pub fn observe(&mut self, seen: &Observation, ship: Hint) {
        let bin = bin_of(seen.t);
        if self.next.is_some_and(|next| bin < next) {
            return;
        }
        let key = (seen.source, seen.mmsi);
        if self.last != Some((bin, seen.source)) {
            note_source(&mut self.open.entry(bin).or_default().sources, seen.source);
            self.last = Some((bin, seen.source));
        }
        let minute = 1 << ((seen.t.0 - bin * BIN_MS) / 60_000);
        let fix = Fix { t: seen.t, position: seen.position };
        let ship = self.ships.get_mut_at(ship, key);
        let is_known = ship.as_ref().is_some_and(|ship| ship.known.is_some());
        let fresh = || Glimpse::new(fix, seen.class, seen.group, minute, seen.station);
        let (open, limit) = (&mut self.open, self.limit);
        let mut has_room = || open.entry(bin).or_default().note_stranger(seen.source, limit);
        if let Some(ship) = ship {
            if let Some(glimpse) = ship.glimpse_mut(bin) {
                if (fix.t, fix.position) < (glimpse.first.t, glimpse.first.position) {
                    (glimpse.first, glimpse.class, glimpse.group) = (fix, seen.class, seen.group);
                }
                glimpse.minutes |= minute;
                return glimpse.heard_by(seen.station);
            }
            // A flood fills its own part of a bin; who was watched before always has a place.
            if is_known || has_room() {
                return ship.glimpses.push(fresh());
            }
        } else if has_room() {
            self.ships.insert(Watched { key, known: None, glimpses: smallvec![fresh()] });
            return;
        }
        self.refused += 1;
    }

    /// Anything else that a station of a source heard: it is alive.
    pub fn hear(&mut self, source: u16, station: u64, t: EventTime) {
        let bin = bin_of(t);
        if self.next.is_none_or(|next| bin >= next) {
            let open = self.open.entry(bin).or_default();
            note_source(&mut open.sources, source);
            if station != 0 && open.stations.len() < MAX_STATIONS {
                open.stations.insert(station);
            }
        }
    }

    /// A ship has said who it is, with its IMO number or without.
    pub fn claim(&mut self, t: EventTime, imo: Option<u32>, mmsi: Mmsi, said: Hint) {
        if self.next.is_none_or(|next| bin_of(t) >= next) {
            self.claims.hear(t, imo, mmsi, said);
        }
    }

    /// Fetches where what a ship said of itself will be looked for, …
    pub fn fetch_claim(&self, mmsi: Mmsi) {
        self.claims.fetch(mmsi);
    }

    /// … and that; tells where it is.
    pub fn fetch_said(&self, mmsi: Mmsi) -> Hint {
        self.claims.fetch_said(mmsi)
    }

    /// Ships that found no place among those watched, or lost it to others.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The next bin that is over when all sources have come to `watermark`, if one is.
    pub fn advance(&mut self, watermark: EventTime) -> Option<Tick> {
        let over = bin_of(watermark);
        let first = self.open.keys().next().copied();
        let mut bin = self.next.or(first)?;
        if bin >= over {
            return None;
        }
        if over - bin > MAX_GAP_BINS && first.is_none_or(|first| first > bin + MAX_GAP_BINS) {
            bin = first.unwrap_or(over).min(over) - MAX_GAP_BINS;
        }
        self.next = Some(bin + 1);
        Some(self.tick(bin))
    }

    fn tick(&mut self, bin: i64) -> Tick {
        let mut open = self.open.remove(&bin).unwrap_or_default();
        let first = *self.first.get_or_insert(bin);
        let mut heard = Heard::of(self.ships.len());
        let mut jumps = Vec::new();
        let (pending, intervals) = (&mut self.pending, &mut self.intervals);
        pending.begin(bin);
        self.ships.retain(|ship| {
            let key = ship.key;
            if let Some(known) = &mut ship.known {
                known.mask <<= 1;
                known.heard <<= 1;
                // It has not been heard for an hour, where it was heard last.
                if bin - known.bin() == PRESENCE_BINS + 1 {
                    let loss = Counts { losses: 1, ..Counts::default() };
                    pending.add(bin, (known.cell, known.class, key.0), &loss);
                }
            }
            ship.known.take_if(|known| bin - known.bin() > STAYED_BINS);
            let Some(glimpse) = ship.take_glimpse(bin) else {
                return ship.known.is_some() || !ship.glimpses.is_empty();
            };
            let cell = Cell::at(glimpse.first.position);
            let was_away = ship.known.as_ref().is_none_or(|known| bin - known.bin() > PRESENCE_BINS);
            if was_away || ship.known.as_ref().is_some_and(|known| known.cell != cell) {
                // What is heard first of all has come out of nowhere only for us.
                let appearances = u32::from(was_away && bin - first > PRESENCE_BINS);
                let entry = Counts { entries: 1, appearances, ..Counts::default() };
                pending.add(bin, (cell, glimpse.class, key.0), &entry);
            }
            heard.add(key, cell, &glimpse);
            if let Some(known) = &mut ship.known {
                let (from, to) = (known.fix, glimpse.first);
                if bin - known.bin() <= 2 && !reachable(from.position, from.t.0, to.position, to.t.0) {
                    jumps.push((key, Jump { mmsi: key.1, from, to }));
                }
                intervals.note(key.0, known.group, known.bin(), bin, known.minutes);
                resolve(key.0, known, bin, glimpse.first, pending);
                known.hear(&glimpse, cell);
            } else {
                ship.known = Some(Sighted::new(&glimpse, cell));
            }
            true
        });
        if self.make_room() {
            heard.retain(|key| self.ships.get(key).is_some_and(|ship| ship.known.is_some()));
        }
        open.sources.sort_unstable();
        let mut hearing = Hearing { sources: open.sources.clone(), ..Hearing::default() };
        let (heard, mut notices) = self.judge(bin, heard, &open, &mut hearing);
        jumps.sort_unstable_by_key(|((source, mmsi), _)| (*mmsi, *source));
        jumps.dedup_by_key(|(_, jump)| jump.mmsi);
        let (jamming, told) = self.jumps.tick(bin, jumps.into_iter().map(|(_, jump)| jump).collect());
        hearing.jamming = jamming;
        notices.extend(told);
        let ships = &self.ships;
        let claims = self.claims.tick(bin, |mmsi| {
            (0..=hearing.sources.last().copied().unwrap_or(0))
                .find_map(|source| ships.get((source, mmsi))?.known.as_ref().map(|known| known.fix))
        });
        let (intervals, counted) = (self.intervals.tick(bin), self.release(bin));
        Tick { bin, heard, hearing: Arc::new(hearing), counted, intervals, claims, notices }
    }

    /// Forgets ships of sources with too many: those heard in the fewest bins and minutes first, of them
    /// those heard longest ago. Whether there were any.
    fn make_room(&mut self) -> bool {
        let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
        for ship in self.ships.iter().filter(|ship| ship.known.is_some()) {
            *counts.entry(ship.key.0).or_default() += 1;
        }
        counts.retain(|_, count| *count > self.limit);
        for (source, count) in &counts {
            let excess = count - self.limit;
            let of_source = self.ships.iter().filter(|ship| ship.key.0 == *source);
            let worth = |ship: &Watched| {
                let known = ship.known.as_ref()?;
                Some((known.heard.count_ones(), known.minutes.count_ones(), known.bin(), ship.key.1))
            };
            let mut worths: Vec<_> = of_source.filter_map(worth).collect();
            let (_, most, _) = worths.select_nth_unstable(excess - 1);
            let most = *most;
            self.ships.retain(|ship| {
                let goes = ship.key.0 == *source && worth(ship).is_some_and(|worth| worth <= most);
                if goes {
                    ship.known = None;
                }
                !goes || !ship.glimpses.is_empty()
            });
            self.refused += excess as u64;
        }
        !counts.is_empty()
    }

    /// Who was heard where, and which receivers have failed; what is to be told of those.
    fn judge(
        &mut self,
        bin: i64,
        heard: Heard,
        open: &OpenBin,
        hearing: &mut Hearing,
    ) -> (Vec<(Cell, CellHeard)>, Vec<Notice>) {
        let Heard { mut ships, stations } = heard;
        ships.sort_unstable();
        let of_cells = ships.chunk_by(|one, other| one.cell == other.cell);
        let heard = of_cells.map(|of_cell| {
            let mut heard = CellHeard::default();
            // Of several sources that heard a ship, one counts.
            let of_ships = of_cell.chunk_by(|one, other| one.mmsi == other.mmsi);
            of_ships.for_each(|of_ship| heard.add(of_ship[0].mmsi));
            (of_cell[0].cell, heard)
        });
        let heard: Vec<(Cell, CellHeard)> = heard.collect();
        let known = self.ships.iter().filter_map(|ship| Some((ship.key, ship.known.as_ref()?)));
        let of_sources = known.filter(|(_, known)| known.mask != 0).map(|((source, mmsi), known)| OfSource {
            source,
            mmsi,
            mask: known.mask,
            cell: known.cell,
        });
        let seen = Seen { ships: &ships, stations, also_alive: &open.stations };
        let of_sources: Vec<OfSource> = of_sources.collect();
        let verdict = self.outages.tick(bin, seen, &of_sources);
        (hearing.down, hearing.dead) = (verdict.down, verdict.dead);
        let mut dead: Vec<Cell> = hearing.dead.iter().flat_map(|dead| dead.cells.iter().copied()).collect();
        dead.sort_unstable();
        self.dead.push_back((bin, dead));
        if self.dead.len() as i64 > PRESENCE_BINS + 2 {
            self.dead.pop_front();
        }
        (heard, verdict.notices)
    }

    /// The counts of the bin six before, without cells that were out of hearing then.
    fn release(&mut self, bin: i64) -> Vec<Counted> {
        let mut counted = Vec::new();
        while let Some((of, counts)) = self.pending.take_until(bin - PRESENCE_BINS) {
            let dead = self.dead.iter().find(|(dead_bin, _)| *dead_bin == of).map(|(_, cells)| cells);
            let alive = |cell: Cell| dead.is_none_or(|cells| cells.binary_search(&cell).is_err());
            counted.reserve_exact(counts.few.len());
            for ((cell, class, source), counts) in counts.all().filter(|((cell, ..), _)| alive(*cell)) {
                counted.push(Counted { cell, class, source, counts });
            }
        }
        let counter = |counted: &Counted| (counted.cell, counted.class, counted.source);
        counted.sort_unstable_by_key(counter);
        // After a gap of the feed, several bins are complete at once.
        counted.dedup_by(|next, kept| {
            let is_same = counter(next) == counter(kept);
            if is_same {
                kept.counts.add(&next.counts);
            }
            is_same
        });
        counted
    }
}

/// Counts of the last bins, which are not complete yet, the newest last.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Pending(VecDeque<(i64, BinCounts)>);

impl Pending {
    fn begin(&mut self, bin: i64) {
        self.0.push_back((bin, BinCounts::default()));
    }

    /// Adds to a bin; what is too old for its own counts in the oldest.
    fn add(&mut self, bin: i64, counter: Counter, more: &Counts) {
        let at = self.0.iter().position(|(other, _)| *other == bin).unwrap_or(0);
        if let Some((_, counts)) = self.0.get_mut(at) {
            counts.add(counter, more);
        }
    }

    /// The oldest, if it is not newer than this bin.
    fn take_until(&mut self, bin: i64) -> Option<(i64, BinCounts)> {
        let is_complete = self.0.front().is_some_and(|(of, _)| *of <= bin);
        if is_complete { self.0.pop_front() } else { None }
    }
}

/// Who was heard in a bin.
#[derive(Debug)]
struct Heard {
    ships: Vec<HeardIn>,
    stations: Vec<ByStation>,
}

impl Heard {
    /// With room for so many.
    fn of(ships: usize) -> Heard {
        Heard { ships: Vec::with_capacity(ships), stations: Vec::with_capacity(ships) }
    }

    fn add(&mut self, (source, mmsi): Key, cell: Cell, glimpse: &Glimpse) {
        let before = self.stations.len();
        self.stations.extend(glimpse.stations().map(|station| ByStation { source, mmsi, station, cell }));
        let is_unnamed = self.stations.len() == before;
        self.ships.push(HeardIn { cell, mmsi, source, is_unnamed });
    }

    fn retain(&mut self, keep: impl Fn(Key) -> bool) {
        self.ships.retain(|ship| keep((ship.source, ship.mmsi)));
        self.stations.retain(|by| keep((by.source, by.mmsi)));
    }
}

/// Counts the bins that a ship, heard again in `bin`, was present in.
fn resolve(source: u16, ship: &mut Sighted, bin: i64, first: Fix, pending: &mut Pending) {
    let mut count = |of: i64, from: Fix, is_heard: bool, after_miss: bool, counted: &mut (Cell, i32)| {
        let middle = bin_start(of).0 + BIN_MS / 2;
        let share = (middle - from.t.0) as f64 / (first.t.0 - from.t.0).max(1) as f64;
        let cell = Cell::at(interpolate(from.position, first.position, share.clamp(0.0, 1.0)));
        let day = bin_start(of).0.div_euclid(DAY_MS) as i32;
        let is_passage = *counted != (cell, day);
        *counted = (cell, day);
        let more = Counts {
            heard: u32::from(is_heard),
            present: 1,
            passages: u32::from(is_passage),
            heard_next: u32::from(after_miss && is_heard),
            present_next: u32::from(after_miss),
            ..Counts::default()
        };
        pending.add(of, (cell, ship.class, source), &more);
    };
    let reaches = |from: Fix| reachable(from.position, from.t.0, first.position, first.t.0);
    let is_steady = ship.is_steady(bin);
    let mut counted = ship.counted;
    let (from, last) = (ship.before, ship.bin());
    let before = bin_of(from.t);
    if last - before <= PRESENCE_BINS && bin - last <= PRESENCE_BINS && reaches(from) {
        count(last, from, true, is_steady && last - before > 1, &mut counted);
    }
    if last + 1 < bin && reaches(ship.fix) {
        let gap = last + 1..bin;
        let is_short = |missed: &i64| missed - last <= PRESENCE_BINS && bin - missed <= PRESENCE_BINS;
        // A ship at work that is back where it was has been there all the time, as far as anybody
        // knows; one at rest may have been switched off.
        let is_under_way = matches!(ship.group, IntervalGroup::UnderWayA | IntervalGroup::UnderWayB);
        let is_back = is_under_way
            && bin - last <= STAYED_BINS
            && ship.fix.position.distance_m(first.position) <= STAYED_M;
        for missed in gap.filter(|missed| is_back || is_short(missed)) {
            count(missed, ship.fix, false, is_steady && missed > last + 1, &mut counted);
        }
    }
    ship.counted = counted;
}

fn note_source(sources: &mut SmallVec<[u16; 2]>, source: u16) {
    if !sources.contains(&source) {
        sources.push(source);
    }
}

/// Seconds between reports, one step each: by minutes of a bin in which a ship was heard, then by bins.
const STEPS_S: [i64; 22] = [
    60, 67, 75, 86, 100, 120, 150, 200, 300, 600, 1_200, 1_800, 2_400, 3_600, 4_800, 7_200, 10_800, 14_400,
    21_600, 28_800, 43_200, 86_400,
];

/// A UTC day, and how many intervals of each step it had.
type DaySteps = (i64, [u32; STEPS_S.len()]);

/// How far apart the reports of ships of a source are, over seven days.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Intervals {
    days: BTreeMap<(u16, IntervalGroup), VecDeque<DaySteps>>,
    told: BTreeMap<(u16, IntervalGroup), i64>,
}

impl Intervals {
    /// A ship heard in some minutes of `bin`, and next in `next`.
    fn note(&mut self, source: u16, group: IntervalGroup, bin: i64, next: i64, minutes: u16) {
        let interval_s = match minutes.count_ones() {
            0 | 1 => (next - bin).max(1) * BIN_MS / 1_000,
            minutes => BIN_MS / 1_000 / i64::from(minutes),
        };
        let step = STEPS_S.partition_point(|step| *step < interval_s).min(STEPS_S.len() - 1);
        let day = bin_start(next).0.div_euclid(DAY_MS);
        let days = self.days.entry((source, group)).or_default();
        if days.back().is_none_or(|(last, _)| *last < day) {
            days.push_back((day, [0; STEPS_S.len()]));
            if days.len() > INTERVAL_DAYS {
                days.pop_front();
            }
        }
        if let Some((_, steps)) = days.back_mut() {
            steps[step] += 1;
        }
    }

    /// The medians that have changed.
    fn tick(&mut self, bin: i64) -> Vec<(u16, IntervalGroup, i64)> {
        let oldest = bin_start(bin).0.div_euclid(DAY_MS) - INTERVAL_DAYS as i64;
        let mut changed = Vec::new();
        for ((source, group), days) in &self.days {
            let within = || days.iter().filter(|(day, _)| *day > oldest).map(|(_, steps)| steps);
            let count_of = |step: usize| within().map(|steps| u64::from(steps[step])).sum::<u64>();
            let total: u64 = (0..STEPS_S.len()).map(count_of).sum();
            let mut seen = 0;
            let median = (0..STEPS_S.len()).find(|step| {
                seen += count_of(*step);
                seen * 2 >= total.max(1)
            });
            let median_ms = median.map_or(0, |step| STEPS_S[step] * 1_000);
            if self.told.insert((*source, *group), median_ms) != Some(median_ms) {
                changed.push((*source, *group, median_ms));
            }
        }
        changed
    }
}
