//! Positions of many ships that jump at once into one area or out of one: GNSS interference.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use model::alert::{AlertKind, Notice};
use model::{Fix, Mmsi, Position};
use serde::{Deserialize, Serialize};

use super::bin_end;

/// So many ships make it interference.
const MIN_SHIPS: usize = 10;
/// Half the width of the area, metres.
const RADIUS_M: f64 = 10_000.0;
/// Areas are farther apart than this, metres.
const APART_M: f64 = 2.0 * RADIUS_M;
/// Jumps within so many bins count together.
const BINS: i64 = 2;
/// It is over so many bins after its last jump.
const OVER_BINS: i64 = 6;
/// Jumps held against each other in one bin.
const MAX_JUMPS: usize = 4_096;

/// An area into or out of which positions jump, and the ships concerned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jamming {
    /// The middle of the area.
    pub centre: Position,
    /// Its ships, ascending.
    pub ships: Vec<Mmsi>,
}

impl Jamming {
    /// Whether a ship is concerned: it jumped, or it is in the area.
    #[must_use]
    pub fn concerns(&self, mmsi: Mmsi, position: Position) -> bool {
        self.ships.binary_search(&mmsi).is_ok() || position.distance_m(self.centre) <= RADIUS_M
    }
}

/// A ship's way from one bin to a later one that no ship can have made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Jump {
    pub(super) mmsi: Mmsi,
    pub(super) from: Fix,
    pub(super) to: Fix,
}

/// Jumps of the last bins, and the areas told of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Jumps {
    recent: VecDeque<(i64, Vec<Jump>)>,
    told: Vec<Area>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Area {
    centre: Position,
    last: i64,
    /// With the bin of the last jump.
    ships: BTreeMap<Mmsi, i64>,
}

impl Jumps {
    /// Takes in the jumps of a bin that is over, in the order of MMSIs.
    pub(super) fn tick(&mut self, bin: i64, mut jumps: Vec<Jump>) -> (Vec<Jamming>, Vec<Notice>) {
        jumps.truncate(MAX_JUMPS);
        self.recent.push_back((bin, jumps));
        while self.recent.front().is_some_and(|(old, _)| *old <= bin - BINS) {
            self.recent.pop_front();
        }
        self.told.retain(|area| area.last > bin - OVER_BINS);
        self.told.iter_mut().for_each(|area| area.ships.retain(|_, last| *last > bin - OVER_BINS));
        let all: Vec<Jump> = self.recent.iter().flat_map(|(_, jumps)| jumps).copied().collect();
        let mut notices = Vec::new();
        for end in [|jump: &Jump| jump.to.position, |jump: &Jump| jump.from.position] {
            self.note_known(bin, &all, end);
            if all.len() >= MIN_SHIPS {
                notices.extend(self.find(bin, &all, end));
            }
        }
        let jamming = self
            .told
            .iter()
            .map(|area| Jamming { centre: area.centre, ships: area.ships.keys().copied().collect() });
        (jamming.collect(), notices)
    }

    /// Ships that jump into or out of an area that is known are of it too, those included that are too
    /// near to it for an area of their own.
    fn note_known(&mut self, bin: i64, jumps: &[Jump], end: fn(&Jump) -> Position) {
        for area in &mut self.told {
            for jump in jumps.iter().filter(|jump| end(jump).distance_m(area.centre) <= APART_M) {
                area.last = bin;
                area.ships.insert(jump.mmsi, bin);
            }
        }
    }

    /// The area with the most ships, if there are enough and it was not told of.
    fn find(&mut self, bin: i64, jumps: &[Jump], end: fn(&Jump) -> Position) -> Option<Notice> {
        let ships_at = |centre: Position| {
            let near = jumps.iter().filter(|jump| end(jump).distance_m(centre) <= RADIUS_M);
            let mut ships: Vec<Mmsi> = near.map(|jump| jump.mmsi).collect();
            ships.sort_unstable();
            ships.dedup();
            ships
        };
        let is_new = |centre: Position| self.told.iter().all(|area| area.centre.distance_m(centre) > APART_M);
        let mut best: Option<(Vec<Mmsi>, Position)> = None;
        for centre in jumps.iter().map(end).filter(|centre| is_new(*centre)) {
            let ships = ships_at(centre);
            if ships.len() >= MIN_SHIPS && best.as_ref().is_none_or(|(most, _)| ships.len() > most.len()) {
                best = Some((ships, centre));
            }
        }
        let (ships, centre) = best?;
        // The other end of the same jumps is the same matter.
        let of = |area: &Area| ships.iter().filter(|ship| area.ships.contains_key(ship)).count();
        let is_known = self.told.iter().any(|area| of(area) * 2 > ships.len());
        let concerned = ships.iter().map(|ship| (*ship, bin)).collect();
        let start = jumps.iter().filter(|jump| ships.contains(&jump.mmsi)).map(|jump| jump.from.t).min();
        let notice = Notice {
            kind: AlertKind::Interference,
            start: start.unwrap_or(bin_end(bin)),
            at: bin_end(bin),
            centre: Some(centre),
            radius_m: RADIUS_M,
            ships: ships.len() as u32,
            of: jumps.len() as u32,
            examples: ships.iter().copied().take(3).collect(),
            receiver: 0,
            ahead_ms: 0,
        };
        self.told.push(Area { centre, last: bin, ships: concerned });
        (!is_known).then_some(notice)
    }
}
