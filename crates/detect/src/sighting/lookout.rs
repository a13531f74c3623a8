//! Which reports are close to a sighting: found by a grid over place and time, so that a report that is close to none costs
//! one look into it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use hashbrown::HashMap;
use model::sighting::{Near, Sighting};
use model::time::{HOUR_MS, MINUTE_MS};
use model::{EventTime, Fix, Mmsi, TrackId};

/// Reports this long before or after a sighting tell of it.
pub const AROUND_MS: i64 = 30 * MINUTE_MS;
/// Reports this far from it do: a ship of 20 kn goes so far in 30 min.
const NEAR_M: f64 = 20_000.0;
/// Ships around sightings remembered of one bucket of ships.
const MAX_HEARD: usize = 16_384;
/// Metres in a degree of latitude, rounded down: no area comes out too small.
const M_PER_DEGREE: f64 = 111_000.0;
const CELL_MS: i64 = HOUR_MS;
/// One degree.
const CELL_UNITS: i32 = 1_000_000;
const CELLS_AROUND: i64 = 360;

/// Sightings by place and time.
#[derive(Debug, Default)]
pub struct Lookout {
    sightings: Vec<Arc<Sighting>>,
    /// Where the sightings of a cell stand in the list.
    cells: HashMap<u64, (u32, u32), foldhash::fast::FixedState>,
    list: Vec<u32>,
    by_mmsi: BTreeMap<Mmsi, Vec<u32>>,
    by_imo: BTreeMap<u32, Vec<u32>>,
    span: (i64, i64),
}

impl Lookout {
    /// Of these sightings.
    #[must_use]
    pub fn new(sightings: Vec<Arc<Sighting>>) -> Lookout {
        let mut lookout = Lookout { span: (i64::MAX, i64::MIN), ..Lookout::default() };
        let mut places: Vec<(u64, u32)> = Vec::new();
        for (number, sighting) in (0..).zip(&sightings) {
            let t = sighting.fix.t.0;
            lookout.span = (lookout.span.0.min(t - AROUND_MS), lookout.span.1.max(t + AROUND_MS));
            places.extend(cells_of(sighting).into_iter().map(|cell| (cell, number)));
            if let Some(mmsi) = sighting.mmsi {
                lookout.by_mmsi.entry(mmsi).or_default().push(number);
            }
            if let Some(imo) = sighting.imo {
                lookout.by_imo.entry(imo).or_default().push(number);
            }
        }
        places.sort_unstable();
        places.dedup();
        for (at, (cell, number)) in (0..).zip(places) {
            lookout.list.push(number);
            lookout.cells.entry(cell).or_insert((at, at)).1 = at + 1;
        }
        lookout.sightings = sightings;
        lookout
    }

    /// The sightings.
    #[must_use]
    pub fn sightings(&self) -> &[Arc<Sighting>] {
        &self.sightings
    }

    /// Whether somebody named a ship by this MMSI.
    #[must_use]
    pub fn names(&self, mmsi: Mmsi) -> bool {
        self.by_mmsi.contains_key(&mmsi)
    }

    /// Whether a report is close to a sighting, or of a ship that somebody saw about then.
    #[must_use]
    pub fn is_sought(&self, mmsi: Mmsi, imo: Option<u32>, fix: Fix) -> bool {
        (self.span.0..=self.span.1).contains(&fix.t.0) && self.concerned(mmsi, imo, fix).next().is_some()
    }

    /// The sightings to which a report is close, and those said to be of this ship; some may come twice.
    fn concerned(&self, mmsi: Mmsi, imo: Option<u32>, fix: Fix) -> impl Iterator<Item = u32> {
        let (from, to) = self.cells.get(&cell_of(fix)).copied().unwrap_or_default();
        let is_close = move |number: &u32| {
            let sighting = &self.sightings[*number as usize];
            is_about(sighting, fix.t)
                && sighting.fix.position.distance_m(fix.position) <= NEAR_M + sighting.accuracy_m
        };
        let close = self.list[from as usize..to as usize].iter().copied().filter(is_close);
        let named = self.by_mmsi.get(&mmsi).into_iter().chain(imo.and_then(|imo| self.by_imo.get(&imo)));
        let named = named.flatten().copied();
        close.chain(named.filter(move |number| is_about(&self.sightings[*number as usize], fix.t)))
    }
}

fn is_about(sighting: &Sighting, t: EventTime) -> bool {
    (sighting.fix.t.0 - t.0).abs() <= AROUND_MS
}

fn key(hour: i64, row: i64, column: i64) -> u64 {
    let place = row * CELLS_AROUND + column.rem_euclid(CELLS_AROUND);
    model::hash::mix(hour as u64, place as u64)
}

fn cell_of(fix: Fix) -> u64 {
    let band = |units: i32| i64::from(units.div_euclid(CELL_UNITS));
    key(fix.t.0.div_euclid(CELL_MS), band(fix.position.lat), band(fix.position.lon))
}

/// All cells from which a report can be close to a sighting.
fn cells_of(sighting: &Sighting) -> Vec<u64> {
    let Fix { t, position } = sighting.fix;
    let unit = f64::from(CELL_UNITS);
    let (lon, lat) = (f64::from(position.lon) / unit, f64::from(position.lat) / unit);
    let high = (NEAR_M + sighting.accuracy_m) / M_PER_DEGREE;
    let (south, north) = ((lat - high).max(-90.0), (lat + high).min(90.0));
    // How wide a degree is where it is narrowest.
    let cosine = libm::cos(libm::fabs(south).max(libm::fabs(north)) * core::f64::consts::PI / 180.0);
    let wide = if cosine > high / 180.0 { (high / cosine).min(180.0) } else { 180.0 };
    let band = |degrees: f64| libm::floor(degrees) as i64;
    let mut cells = Vec::new();
    for hour in (t.0 - AROUND_MS).div_euclid(CELL_MS)..=(t.0 + AROUND_MS).div_euclid(CELL_MS) {
        for row in band(south)..=band(north) {
            for column in band(lon - wide)..=band(lon + wide) {
                cells.push(key(hour, row, column));
            }
        }
    }
    cells
}

/// The reports of a ship next to a sighting in time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Around {
    /// The last one before, or at the same moment.
    pub before: Option<Near>,
    /// The first one after.
    pub after: Option<Near>,
}

/// What was heard around sightings.
#[derive(Debug, Default)]
pub struct Hearings {
    buckets: BTreeMap<usize, BTreeMap<(u32, TrackId), Around>>,
    /// Reports around sightings for which there was no room.
    pub left_out: u64,
    /// The sightings around which they were.
    pub lost: BTreeSet<u32>,
}

impl Hearings {
    /// Takes in a report of a ship of this bucket.
    pub fn hear(&mut self, bucket: usize, near: &Near, lookout: &Lookout) {
        let heard = self.buckets.entry(bucket).or_default();
        for number in lookout.concerned(near.track.mmsi, near.statics.imo, near.fix) {
            let key = (number, near.track);
            if heard.len() >= MAX_HEARD && !heard.contains_key(&key) {
                self.left_out += 1;
                self.lost.insert(number);
                continue;
            }
            let around = heard.entry(key).or_default();
            if near.fix.t <= lookout.sightings[number as usize].fix.t {
                if around.before.as_ref().is_none_or(|known| known.fix < near.fix) {
                    around.before = Some(near.clone());
                }
            } else if around.after.as_ref().is_none_or(|known| near.fix < known.fix) {
                around.after = Some(near.clone());
            }
        }
    }

    /// Forgets a track of a ship of this bucket: it was a false fix.
    pub fn forget(&mut self, bucket: usize, track: TrackId) {
        if let Some(heard) = self.buckets.get_mut(&bucket) {
            heard.retain(|(_, of), _| *of != track);
        }
    }

    /// Adds what was heard of the ships of other buckets.
    pub fn merge(&mut self, other: Hearings) {
        self.buckets.extend(other.buckets);
        self.left_out += other.left_out;
        self.lost.extend(other.lost);
    }

    /// What was heard around each sighting, ship by ship.
    #[must_use]
    pub fn by_sighting(&mut self) -> BTreeMap<(u32, TrackId), Around> {
        core::mem::take(&mut self.buckets).into_values().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use model::{Origin, Position, Statics};

    use super::*;

    fn at(lon: f64, lat: f64, minute: i64) -> Fix {
        Fix { t: EventTime(minute * MINUTE_MS), position: Position::from_degrees(lon, lat).unwrap() }
    }

    fn sighting(fix: Fix, mmsi: Option<u32>) -> Arc<Sighting> {
        Arc::new(Sighting {
            id: "a".into(),
            fix,
            length: None,
            confidence: 0.5,
            accuracy_m: 500.0,
            sensor: None,
            mmsi: mmsi.map(Mmsi),
            imo: None,
            origin: Origin::default(),
        })
    }

    #[test]
    fn the_grid_finds_what_a_look_at_all_of_them_finds() {
        let mut seed = 7;
        let mut random = |below: i64| {
            seed = model::hash::mix(seed, 1);
            (seed % below as u64) as i64
        };
        for (lon, lat) in [(179.99, 10.0), (-180.0, -0.001), (0.0, 89.95), (130.3, 42.2), (20.0, -89.99)] {
            let lookout = Lookout::new(alloc::vec![sighting(at(lon, lat, 600), None)]);
            for _ in 0..2_000 {
                let (east, north) = (random(2_001) - 1_000, random(2_001) - 1_000);
                let cosine = libm::cos(lat * core::f64::consts::PI / 180.0).max(0.001);
                let place = Position::from_degrees(
                    libm::remainder(lon + east as f64 * 0.000_3 / cosine, 360.0),
                    (lat + north as f64 * 0.000_3).clamp(-90.0, 90.0),
                );
                let Some(position) = place else { continue };
                let fix = Fix { t: EventTime((540 + random(121)) * MINUTE_MS), position };
                let seen = lookout.sightings[0].fix;
                let expected = position.distance_m(seen.position) <= 20_500.0
                    && (fix.t.0 - seen.t.0).abs() <= 30 * MINUTE_MS;
                assert_eq!(lookout.is_sought(Mmsi(1), None, fix), expected, "{fix:?} {seen:?}");
            }
        }
    }

    #[test]
    fn a_ship_that_somebody_saw_is_sought_wherever_it_says_it_is() {
        let lookout = Lookout::new(alloc::vec![sighting(at(130.0, 42.0, 600), Some(273_000_001))]);
        assert!(lookout.is_sought(Mmsi(273_000_001), None, at(10.0, 54.0, 590)));
        assert!(!lookout.is_sought(Mmsi(273_000_002), None, at(10.0, 54.0, 590)));
        assert!(!lookout.is_sought(Mmsi(273_000_001), None, at(10.0, 54.0, 500)));
    }

    #[test]
    fn the_last_report_before_and_the_first_after_are_kept_whatever_the_order() {
        let lookout = Lookout::new(alloc::vec![sighting(at(130.0, 42.0, 600), None)]);
        let track = TrackId { mmsi: Mmsi(273_000_001), number: 1 };
        for minutes in [[580, 595, 600, 603, 620], [620, 603, 600, 595, 580]] {
            let mut hearings = Hearings::default();
            for minute in minutes {
                let fix = at(130.01, 42.0, minute);
                let near = Near { track, fix, sog: None, cog: None, statics: Arc::new(Statics::default()) };
                hearings.hear(0, &near, &lookout);
            }
            hearings.forget(0, TrackId { number: 2, ..track });
            let heard = hearings.by_sighting();
            let around = &heard[&(0, track)];
            let minute = |near: &Option<Near>| near.as_ref().unwrap().fix.t.0 / MINUTE_MS;
            assert_eq!((minute(&around.before), minute(&around.after)), (600, 603));
        }
    }

    #[test]
    fn what_a_false_fix_said_is_forgotten() {
        let lookout = Lookout::new(alloc::vec![sighting(at(130.0, 42.0, 600), None)]);
        let track = TrackId { mmsi: Mmsi(273_000_001), number: 1 };
        let near = Near { track, fix: at(130.0, 42.0, 599), sog: None, cog: None, statics: Arc::default() };
        let mut hearings = Hearings::default();
        hearings.hear(0, &near, &lookout);
        hearings.forget(0, track);
        assert!(hearings.by_sighting().is_empty());
    }
}
