//! Receivers that fail: of the ships that a source, a station or a place had in hearing, nearly all
//! fall silent within 20 minutes. That is no ship's doing.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hashbrown::HashMap;
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

/// A ship heard in the bin that is over.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) mmsi: Mmsi,
    pub(super) stations: &'a [u64],
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
    footprints: BTreeMap<u64, BTreeMap<Cell, Reach>>,
    /// The same of all receivers together, those without a name included.
    whole: BTreeMap<Cell, Reach>,
    active: Vec<Failure>,
}

/// How often ships were heard in a cell: in the day that runs and in the one before, by bins.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Reach {
    last: i64,
    day: i64,
    today: u32,
    before: u32,
}

impl Reach {
    fn hear(&mut self, bin: i64) {
        let day = bin.div_euclid(FOOTPRINT_BINS);
        if day != self.day {
            let before = if day == self.day + 1 { self.today } else { 0 };
            *self = Reach { last: bin, day, today: 0, before };
        }
        self.last = bin;
        self.today += 1;
    }

    /// How often in the day of a bin and in the one before.
    fn heard(&self, bin: i64) -> u32 {
        match bin.div_euclid(FOOTPRINT_BINS) - self.day {
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

/// The ships that somebody had in hearing, with whether they are lost.
#[derive(Debug, Default)]
struct Hearing {
    ships: Vec<(Mmsi, Mask, Cell)>,
}

impl Hearing {
    fn has_failed(&self) -> bool {
        let lost = self.ships.iter().filter(|(_, mask, _)| is_lost(*mask)).count();
        // At least 80 %, in integers.
        self.ships.len() >= MIN_SHIPS && lost * 5 >= self.ships.len() * 4
    }

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
            footprints: BTreeMap::new(),
            whole: BTreeMap::new(),
            active: Vec::new(),
        }
    }

    /// Takes in who was heard in a bin that is over; `of_sources` are all ships heard lately.
    pub(super) fn tick(
        &mut self,
        bin: i64,
        seen: &[Seen<'_>],
        of_sources: &[OfSource],
        also_alive: &BTreeSet<u64>,
    ) -> Verdict {
        self.hear(bin, seen);
        let mut verdict = Verdict::default();
        self.end(bin, seen, of_sources);
        let mut begun = self.failed_sources(bin, of_sources);
        if begun.is_empty() {
            begun = self.failed_stations(bin, of_sources);
        }
        let heard: Vec<Cell> = {
            let mut cells: Vec<Cell> = seen.iter().map(|seen| seen.cell).collect();
            cells.sort_unstable();
            cells.dedup();
            cells
        };
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
        let deaf = self.deaf(bin, seen, also_alive);
        if !deaf.is_empty() {
            verdict.dead.push(Dead { since: bin, cells: deaf });
        }
        verdict
    }

    /// Cells in which most ships are heard by a station that heard nothing at all in this bin, and few by any that
    /// did.
    fn deaf(&self, bin: i64, seen: &[Seen<'_>], also_alive: &BTreeSet<u64>) -> Vec<Cell> {
        let mut alive: BTreeSet<u64> = also_alive.clone();
        alive.extend(seen.iter().flat_map(|seen| seen.stations));
        let (hearing, mute): (Vec<_>, Vec<_>) =
            self.footprints.iter().partition(|(station, _)| alive.contains(station));
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
        let unnamed: BTreeSet<Cell> =
            seen.iter().filter(|seen| seen.stations.is_empty()).map(|seen| seen.cell).collect();
        deaf.retain(|cell| !unnamed.contains(cell));
        deaf
    }

    fn hear(&mut self, bin: i64, seen: &[Seen<'_>]) {
        self.heard.retain(|_, (mask, _)| {
            *mask <<= 1;
            *mask != 0
        });
        for seen in seen {
            for station in seen.stations {
                if self.heard.len() < self.limit || self.heard.contains_key(&(*station, seen.mmsi)) {
                    let entry = self.heard.entry((*station, seen.mmsi)).or_insert((0, seen.cell));
                    *entry = (entry.0 | 1, seen.cell);
                }
                if self.footprints.len() >= MAX_STATIONS && !self.footprints.contains_key(station) {
                    continue;
                }
                let footprint = self.footprints.entry(*station).or_default();
                if footprint.len() < MAX_FOOTPRINT || footprint.contains_key(&seen.cell) {
                    footprint.entry(seen.cell).or_default().hear(bin);
                }
            }
            self.whole.entry(seen.cell).or_default().hear(bin);
        }
        let is_recent = |reach: &Reach| reach.last > bin - FOOTPRINT_BINS;
        for footprint in self.footprints.values_mut() {
            footprint.retain(|_, reach| is_recent(reach));
        }
        self.whole.retain(|_, reach| is_recent(reach));
        self.footprints.retain(|_, footprint| !footprint.is_empty());
    }

    /// Ends what is over.
    fn end(&mut self, bin: i64, seen: &[Seen<'_>], of_sources: &[OfSource]) {
        self.active.retain(|failure| {
            let is_member = |mmsi: &Mmsi| failure.members.binary_search(mmsi).is_ok();
            let back = match failure.who {
                Who::Source(source) => of_sources
                    .iter()
                    .filter(|ship| ship.source == source && ship.mask & 1 != 0 && is_member(&ship.mmsi))
                    .count(),
                Who::Station(station) => seen
                    .iter()
                    .filter(|seen| seen.stations.contains(&station) && is_member(&seen.mmsi))
                    .count(),
                Who::Place(_) => seen.iter().filter(|seen| is_member(&seen.mmsi)).count(),
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
        let mut sources: BTreeMap<u16, Hearing> = BTreeMap::new();
        for ship in self.unexplained(of_sources) {
            sources.entry(ship.source).or_default().ships.push((ship.mmsi, ship.mask, ship.cell));
        }
        let failed = sources.into_iter().filter(|(_, hearing)| hearing.has_failed());
        failed.filter_map(|(source, hearing)| self.new_failure(bin, Who::Source(source), hearing)).collect()
    }

    /// What the stations that failed have lost may be heard by others: a cell is lost only if its ships are.
    fn failed_stations(&self, bin: i64, of_sources: &[OfSource]) -> Vec<(Failure, Hearing)> {
        let mut stations: BTreeMap<u64, Hearing> = BTreeMap::new();
        for ((station, mmsi), (mask, cell)) in &self.heard {
            if was_in_hearing(*mask) {
                stations.entry(*station).or_default().ships.push((*mmsi, *mask, *cell));
            }
        }
        let failed = stations.into_iter().filter(|(_, hearing)| hearing.has_failed());
        let begun = failed.filter_map(|(station, hearing)| {
            let (mut failure, hearing) = self.new_failure(bin, Who::Station(station), hearing)?;
            let is_member = |ship: &&OfSource| failure.members.binary_search(&ship.mmsi).is_ok();
            let ships = of_sources.iter().filter(is_member).map(|ship| (ship.mmsi, ship.mask, ship.cell));
            failure.lost = Hearing { ships: ships.collect() }.lost_cells();
            Some((failure, hearing))
        });
        begun.collect()
    }

    /// Places that fail though no source or station that is known covers them all.
    fn failed_places(&self, bin: i64, of_sources: &[OfSource]) -> Vec<(Failure, Hearing)> {
        let mut ships: BTreeMap<Mmsi, (Mask, Cell)> = BTreeMap::new();
        for ship in self.unexplained(of_sources) {
            let entry = ships.entry(ship.mmsi).or_insert((0, ship.cell));
            *entry = (entry.0 | ship.mask, ship.cell);
        }
        let mut places: BTreeMap<Cell, Hearing> = BTreeMap::new();
        for (mmsi, (mask, cell)) in ships {
            places.entry(cell).or_default().ships.push((mmsi, mask, cell));
        }
        let covered = |cell: Cell| {
            self.active.iter().any(|failure| {
                matches!(failure.who, Who::Source(_)) || failure.cells.iter().any(|other| near(*other, cell))
            })
        };
        let failed = places.into_iter().filter(|(cell, hearing)| hearing.has_failed() && !covered(*cell));
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
                self.footprints.get(&station).map(|cells| cells.keys().copied().collect()).unwrap_or_default()
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
