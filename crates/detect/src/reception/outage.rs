//! Receivers that fail: of the ships that a source, a station or a place had in hearing, nearly all
//! fall silent within 20 minutes. That is no ship's doing.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hashbrown::{HashMap, HashSet};
use model::alert::{AlertKind, Notice};
use model::{Cell, Mmsi, Position};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::tick::Dead;
use super::{bin_end, bin_start};

/// So many ships must have been in hearing.
const MIN_SHIPS: usize = 5;
/// It is over when this share is heard again.
const BACK: f64 = 0.5;
/// It is over after so many bins in any case: silence is the new state of things.
const MAX_BINS: i64 = 144;
/// Cells in which a station has heard a ship are remembered for so many bins.
const FOOTPRINT_BINS: i64 = 144;
/// Cells remembered of one station.
const MAX_FOOTPRINT: usize = 4_096;
/// Stations whose footprints are remembered.
const MAX_STATIONS: usize = 65_536;
/// Pairs of a station and a ship are watched so many times the limit of ships.
const STATIONS_OF_SHIP: usize = 2;
/// Places that fail at once and lie this near to each other fail together, metres.
const TOGETHER_M: f64 = 60_000.0;

/// The bins of the last 80 minutes in which a ship was heard, the newest in the lowest bit.
pub(super) type Mask = u8;

/// Heard in each of the three spells of 20 minutes before the last.
fn was_in_hearing(mask: Mask) -> bool {
    mask & 0b0000_1100 != 0 && mask & 0b0011_0000 != 0 && mask & 0b1100_0000 != 0
}

/// Not heard in the last 20 minutes.
fn is_lost(mask: Mask) -> bool {
    mask & 0b0000_0011 == 0
}

/// What was heard in the bin that is over.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    /// By their cells.
    pub(super) ships: &'a [HeardIn],
    pub(super) stations: Vec<ByStation>,
    /// Stations that heard something else.
    pub(super) also_alive: &'a BTreeSet<u64>,
}

/// A ship heard by a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HeardIn {
    pub(super) cell: Cell,
    pub(super) mmsi: Mmsi,
    pub(super) source: u16,
    /// Whether no station that has a name heard it.
    pub(super) is_unnamed: bool,
}

/// A ship heard by a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ByStation {
    pub(super) source: u16,
    pub(super) mmsi: Mmsi,
    pub(super) station: u64,
    pub(super) cell: Cell,
}

/// A ship of one source.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfSource {
    pub(super) source: u16,
    pub(super) mmsi: Mmsi,
    pub(super) mask: Mask,
    pub(super) cell: Cell,
}

/// What the end of a bin tells of failures.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) down: SmallVec<[(u16, i64); 1]>,
    pub(super) dead: Vec<Dead>,
    pub(super) notices: Vec<Notice>,
}

/// Watches sources, stations and places.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outages {
    /// Pairs of a station and a ship that are watched.
    limit: usize,
    heard: HashMap<(u64, Mmsi), (Mask, Cell), foldhash::fast::FixedState>,
    footprints: HashMap<u64, Footprint, foldhash::fast::FixedState>,
    /// The same of all receivers together, those without a name included.
    whole: Footprint,
    active: Vec<Failure>,
}

/// Where ships were heard.
type Footprint = HashMap<Cell, Reach, foldhash::fast::FixedState>;

/// How often ships were heard in a cell: in the day that runs and in the one before, by bins.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Reach {
    last: i32,
    day: i32,
    today: u32,
    before: u32,
}

impl Reach {
    fn hear(&mut self, bin: i64, ships: u32) {
        let day = bin.div_euclid(FOOTPRINT_BINS) as i32;
        if day != self.day {
            let before = if day == self.day + 1 { self.today } else { 0 };
            *self = Reach { last: bin as i32, day, today: 0, before };
        }
        self.last = bin as i32;
        self.today += ships;
    }

    /// How often in the day of a bin and in the one before.
    fn heard(&self, bin: i64) -> u32 {
        match bin.div_euclid(FOOTPRINT_BINS) - i64::from(self.day) {
            0 => self.today + self.before,
            1 => self.today,
            _ => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Who {
    Source(u16),
    Station(u64),
    Place(Cell),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Failure {
    who: Who,
    /// The last bin in which it was whole: it failed in it or after it.
    since: i64,
    members: Vec<Mmsi>,
    /// All cells in its hearing.
    cells: Vec<Cell>,
    /// Those in which most ships fell silent with it; others may still be heard by somebody else.
    lost: Vec<Cell>,
}

/// How many ships somebody had in hearing, and how many of them are lost.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    ships: usize,
    lost: usize,
}

impl Tally {
    fn add(&mut self, mask: Mask) {
        self.ships += 1;
        self.lost += usize::from(is_lost(mask));
    }

    fn has_failed(&self) -> bool {
        // At least 80 %, in integers.
        self.ships >= MIN_SHIPS && self.lost * 5 >= self.ships * 4
    }
}

/// A tally of each of several.
type Tallies<K> = HashMap<K, Tally, foldhash::fast::FixedState>;

/// The ships that somebody had in hearing, with whether they are lost.
#[derive(Debug, Default)]
struct Hearing {
    ships: Vec<(Mmsi, Mask, Cell)>,
}

impl Hearing {
    /// Cells most of whose ships are lost.
    fn lost_cells(&self) -> Vec<Cell> {
        let mut cells: BTreeMap<Cell, (usize, usize)> = BTreeMap::new();
        for (_, mask, cell) in &self.ships {
            let (all, lost) = cells.entry(*cell).or_default();
            (*all, *lost) = (*all + 1, *lost + usize::from(is_lost(*mask)));
        }
        cells.into_iter().filter(|(_, (all, lost))| lost * 2 > *all).map(|(cell, _)| cell).collect()
    }

    /// The last bin in which it was whole: at least 80 % were heard.
    fn since(&self, bin: i64) -> i64 {
        let heard_in = |back: u32| self.ships.iter().filter(|(_, mask, _)| mask >> back & 1 != 0).count();
        let whole = (2..8).find(|back| heard_in(*back) * 5 >= self.ships.len() * 4);
        bin - i64::from(whole.unwrap_or(2))
    }
}

impl Outages {
    /// Watches about so many ships.
    pub(super) fn new(ships: usize) -> Outages {
        Outages {
            limit: ships.saturating_mul(STATIONS_OF_SHIP),
            heard: HashMap::default(),
            footprints: HashMap::default(),
            whole: Footprint::default(),
            active: Vec::new(),
        }
    }

    /// Takes in who was heard in a bin that is over; `of_sources` are all ships heard lately.
    pub(super) fn tick(&mut self, bin: i64, mut seen: Seen<'_>, of_sources: &[OfSource]) -> Verdict {
        // Where there is room for some only, it does not hang on the order in which they came.
        seen.stations.sort_unstable();
        self.hear(bin, &seen);
        let mut verdict = Verdict::default();
        self.end(bin, &seen, of_sources);
        let mut begun = self.failed_sources(bin, of_sources);
        if begun.is_empty() {
            begun = self.failed_stations(bin, of_sources);
        }
        let of_cells = seen.ships.chunk_by(|one, other| one.cell == other.cell);
        let heard: Vec<Cell> = of_cells.map(|of_cell| of_cell[0].cell).collect();
        let known = self.active.len();
        self.begin(bin, begun, &mut verdict);
        let places = self.failed_places(bin, of_sources);
        self.begin(bin, places, &mut verdict);
        for (at, failure) in self.active.iter().enumerate() {
            match failure.who {
                Who::Source(source) => verdict.down.push((source, failure.since)),
                Who::Station(_) | Who::Place(_) => {
                    let is_dead = |cell: &&Cell| {
                        heard.binary_search(cell).is_err() || failure.lost.binary_search(cell).is_ok()
                    };
                    // What is noticed only now began some bins ago.
                    let since = if at < known { bin } else { failure.since };
                    let cells = failure.cells.iter().filter(is_dead).copied().collect();
                    verdict.dead.push(Dead { since, cells });
                }
            }
        }
        let deaf = self.deaf(bin, &seen);
        if !deaf.is_empty() {
            verdict.dead.push(Dead { since: bin, cells: deaf });
        }
        verdict
    }

    /// Cells in which most ships are heard by a station that heard nothing at all in this bin, and few by any that
    /// did.
    fn deaf(&self, bin: i64, seen: &Seen<'_>) -> Vec<Cell> {
        if self.footprints.is_empty() {
            return Vec::new();
        }
        let of_ships = seen.stations.iter().map(|by| by.station);
        let alive: HashSet<u64, foldhash::fast::FixedState> =
            seen.also_alive.iter().copied().chain(of_ships).collect();
        let (hearing, mute): (Vec<_>, Vec<_>) =
            self.footprints.iter().partition(|(station, _)| alive.contains(*station));
        let is_most = |reach: &Reach, cell: &Cell| {
            self.whole.get(cell).is_some_and(|whole| reach.heard(bin) * 2 > whole.heard(bin))
        };
        let of_mute = mute.iter().flat_map(|(_, cells)| cells.iter());
        let mut deaf: Vec<Cell> =
            of_mute.filter(|(cell, reach)| is_most(reach, cell)).map(|(cell, _)| *cell).collect();
        deaf.sort_unstable();
        deaf.dedup();
        deaf.retain(|cell| {
            let by_hearing = hearing.iter().filter_map(|(_, cells)| cells.get(cell));
            by_hearing.into_iter().all(|reach| !is_most(reach, cell))
        });
        // A receiver without a name is no station that could be mute.
        deaf.retain(|cell| {
            let from = seen.ships.partition_point(|ship| ship.cell < *cell);
            seen.ships[from..].iter().take_while(|ship| ship.cell == *cell).all(|ship| !ship.is_unnamed)
        });
        deaf
    }

    fn hear(&mut self, bin: i64, seen: &Seen<'_>) {
        self.heard.retain(|_, (mask, _)| {
            *mask <<= 1;
            *mask != 0
        });
        for ByStation { station, mmsi, cell, .. } in &seen.stations {
            if self.heard.len() < self.limit || self.heard.contains_key(&(*station, *mmsi)) {
                let entry = self.heard.entry((*station, *mmsi)).or_insert((0, *cell));
                *entry = (entry.0 | 1, *cell);
            }
            if self.footprints.len() >= MAX_STATIONS && !self.footprints.contains_key(station) {
                continue;
            }
            let footprint = self.footprints.entry(*station).or_default();
            if footprint.len() < MAX_FOOTPRINT || footprint.contains_key(cell) {
                footprint.entry(*cell).or_default().hear(bin, 1);
            }
        }
        for of_cell in seen.ships.chunk_by(|one, other| one.cell == other.cell) {
            self.whole.entry(of_cell[0].cell).or_default().hear(bin, of_cell.len() as u32);
        }
        let is_recent = |reach: &Reach| i64::from(reach.last) > bin - FOOTPRINT_BINS;
        for footprint in self.footprints.values_mut() {
            footprint.retain(|_, reach| is_recent(reach));
        }
        self.whole.retain(|_, reach| is_recent(reach));
        self.footprints.retain(|_, footprint| !footprint.is_empty());
    }

    /// Ends what is over.
    fn end(&mut self, bin: i64, seen: &Seen<'_>, of_sources: &[OfSource]) {
        self.active.retain(|failure| {
            let is_member = |mmsi: &Mmsi| failure.members.binary_search(mmsi).is_ok();
            let back = match failure.who {
                Who::Source(source) => of_sources
                    .iter()
                    .filter(|ship| ship.source == source && ship.mask & 1 != 0 && is_member(&ship.mmsi))
                    .count(),
                Who::Station(station) => {
                    seen.stations.iter().filter(|by| by.station == station && is_member(&by.mmsi)).count()
                }
                Who::Place(_) => seen.ships.iter().filter(|ship| is_member(&ship.mmsi)).count(),
            };
            (back as f64) < BACK * failure.members.len() as f64 && bin - failure.since < MAX_BINS
        });
    }

    /// Ships that were in hearing and belong to no failure that is known.
    fn unexplained<'a>(&'a self, of_sources: &'a [OfSource]) -> impl Iterator<Item = &'a OfSource> {
        let is_known = |ship: &OfSource| {
            self.active.iter().any(|failure| failure.members.binary_search(&ship.mmsi).is_ok())
        };
        of_sources.iter().filter(move |ship| was_in_hearing(ship.mask) && !is_known(ship))
    }

    fn failed_sources(&self, bin: i64, of_sources: &[OfSource]) -> Vec<(Failure, Hearing)> {
        let mut tallies: BTreeMap<u16, Tally> = BTreeMap::new();
        for ship in self.unexplained(of_sources) {
            tallies.entry(ship.source).or_default().add(ship.mask);
        }
        tallies.retain(|_, tally| tally.has_failed());
        let begun = tallies.into_keys().filter_map(|source| {
            let ships = self.unexplained(of_sources).filter(|ship| ship.source == source);
            let ships = ships.map(|ship| (ship.mmsi, ship.mask, ship.cell)).collect();
            self.new_failure(bin, Who::Source(source), Hearing { ships })
        });
        begun.collect()
    }

    /// What the stations that failed have lost may be heard by others: a cell is lost only if its ships are.
    fn failed_stations(&self, bin: i64, of_sources: &[OfSource]) -> Vec<(Failure, Hearing)> {
        let in_hearing = || self.heard.iter().filter(|(_, (mask, _))| was_in_hearing(*mask));
        let mut tallies: Tallies<u64> = HashMap::default();
        for ((station, _), (mask, _)) in in_hearing() {
            tallies.entry(*station).or_default().add(*mask);
        }
        let mut failed: BTreeMap<u64, Hearing> = all_failed(&tallies);
        if failed.is_empty() {
            return Vec::new();
        }
        for ((station, mmsi), (mask, cell)) in in_hearing() {
            if let Some(hearing) = failed.get_mut(station) {
                hearing.ships.push((*mmsi, *mask, *cell));
            }
        }
        let begun = failed.into_iter().filter_map(|(station, hearing)| {
            let (mut failure, hearing) = self.new_failure(bin, Who::Station(station), hearing)?;
            let is_member = |ship: &&OfSource| failure.members.binary_search(&ship.mmsi).is_ok();
            let ships = of_sources.iter().filter(is_member).map(|ship| (ship.mmsi, ship.mask, ship.cell));
            failure.lost = Hearing { ships: ships.collect() }.lost_cells();
            Some((failure, hearing))
        });
        begun.collect()
    }

    /// Goes through the ships that were in hearing and belong to no failure that is known, whichever sources had them.
    fn each_unexplained(&self, of_sources: &[OfSource], mut each: impl FnMut(Mmsi, Mask, Cell)) {
        let is_one = of_sources.iter().all(|ship| ship.source == of_sources[0].source);
        if is_one {
            return self.unexplained(of_sources).for_each(|ship| each(ship.mmsi, ship.mask, ship.cell));
        }
        let mut ships: Vec<OfSource> = self.unexplained(of_sources).copied().collect();
        ships.sort_unstable_by_key(|ship| (ship.mmsi, ship.source));
        for of_ship in ships.chunk_by(|one, other| one.mmsi == other.mmsi) {
            let mask = of_ship.iter().fold(0, |mask, ship| mask | ship.mask);
            let last = of_ship[of_ship.len() - 1];
            each(last.mmsi, mask, last.cell);
        }
    }

    /// Places that fail though no source or station that is known covers them all.
    fn failed_places(&self, bin: i64, of_sources: &[OfSource]) -> Vec<(Failure, Hearing)> {
        let mut tallies: Tallies<Cell> = HashMap::default();
        self.each_unexplained(of_sources, |_, mask, cell| tallies.entry(cell).or_default().add(mask));
        let mut places: BTreeMap<Cell, Hearing> = all_failed(&tallies);
        if places.is_empty() {
            return Vec::new();
        }
        self.each_unexplained(of_sources, |mmsi, mask, cell| {
            if let Some(hearing) = places.get_mut(&cell) {
                hearing.ships.push((mmsi, mask, cell));
            }
        });
        let covered = |cell: Cell| {
            self.active.iter().any(|failure| {
                matches!(failure.who, Who::Source(_)) || failure.cells.iter().any(|other| near(*other, cell))
            })
        };
        let failed = places.into_iter().filter(|(cell, _)| !covered(*cell));
        let mut groups: Vec<(Vec<Cell>, Hearing)> = Vec::new();
        for (cell, hearing) in failed {
            match groups.iter_mut().find(|(cells, _)| cells.iter().any(|other| near(*other, cell))) {
                Some((cells, whole)) => {
                    cells.push(cell);
                    whole.ships.extend(hearing.ships);
                }
                None => groups.push((alloc::vec![cell], hearing)),
            }
        }
        let begun = groups.into_iter().filter_map(|(cells, hearing)| {
            let (mut failure, hearing) = self.new_failure(bin, Who::Place(cells[0]), hearing)?;
            failure.cells = cells.iter().flat_map(|cell| cell.disk(1)).collect();
            failure.cells.sort_unstable();
            failure.cells.dedup();
            Some((failure, hearing))
        });
        begun.collect()
    }

    fn new_failure(&self, bin: i64, who: Who, mut hearing: Hearing) -> Option<(Failure, Hearing)> {
        if self.active.iter().any(|failure| failure.who == who) {
            return None;
        }
        hearing.ships.sort_unstable();
        let members = hearing.ships.iter().map(|(mmsi, ..)| *mmsi).collect();
        let cells = match who {
            Who::Station(station) => {
                let footprint = self.footprints.get(&station).into_iter().flat_map(HashMap::keys);
                let mut cells: Vec<Cell> = footprint.copied().collect();
                cells.sort_unstable();
                cells
            }
            Who::Source(_) | Who::Place(_) => Vec::new(),
        };
        let lost = hearing.lost_cells();
        Some((Failure { who, since: hearing.since(bin), members, cells, lost }, hearing))
    }

    fn begin(&mut self, bin: i64, begun: Vec<(Failure, Hearing)>, verdict: &mut Verdict) {
        for (failure, hearing) in begun {
            let lost: Vec<Mmsi> =
                hearing.ships.iter().filter(|(_, mask, _)| is_lost(*mask)).map(|(mmsi, ..)| *mmsi).collect();
            let places: Vec<Position> = hearing.ships.iter().map(|(.., cell)| cell.centre()).collect();
            let centre = middle(&places);
            let radius_m = centre.map_or(0.0, |centre| {
                places.iter().map(|place| place.distance_m(centre)).fold(0.0, f64::max)
            });
            let receiver = match failure.who {
                Who::Source(source) => u64::from(source),
                Who::Station(station) => station,
                Who::Place(_) => 0,
            };
            verdict.notices.push(Notice {
                kind: AlertKind::Outage,
                start: bin_start(failure.since),
                at: bin_end(bin),
                centre,
                radius_m,
                ships: lost.len() as u32,
                of: hearing.ships.len() as u32,
                examples: lost.into_iter().take(3).collect(),
                receiver,
                ahead_ms: 0,
            });
            self.active.push(failure);
        }
    }
}

/// Those that have failed, of whose ships nothing is known yet.
fn all_failed<K: Copy + Ord>(tallies: &Tallies<K>) -> BTreeMap<K, Hearing> {
    let failed = tallies.iter().filter(|(_, tally)| tally.has_failed());
    failed.map(|(who, _)| (*who, Hearing::default())).collect()
}

fn near(a: Cell, b: Cell) -> bool {
    a == b || a.centre().distance_m(b.centre()) <= TOGETHER_M
}

/// The middle of some places: their mean on the sphere.
fn middle(places: &[Position]) -> Option<Position> {
    let first = places.first()?;
    let sum = places.iter().fold([0.0; 3], |sum, place| {
        let vector = place.unit_vector();
        [sum[0] + vector[0], sum[1] + vector[1], sum[2] + vector[2]]
    });
    let length = libm::sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]);
    if length < 1e-9 {
        return Some(*first);
    }
    Some(model::position::from_vector(sum))
}
