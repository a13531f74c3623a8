//! Rows that are of one target: the same ship seen by several sensors, or told twice.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use model::sighting::Sighting;

use super::{MOMENT_MS, length_weight};

/// Beyond their accuracies, rows of one target may lie apart by what a ship goes in a part of a moment.
pub const SLACK_M: f64 = 250.0;
/// Metres in 10⁻⁶ degree of latitude, rounded down: no row is missed.
const M_PER_UNIT: f64 = 0.11;

/// Rows held against a further one of a target; one with more takes no more.
const MAX_ROWS: usize = 64;

/// The order in which sightings are taken: what names a ship first, then by time, then as they stand.
fn order(sightings: &[Arc<Sighting>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sightings.len()).collect();
    order.sort_by_key(|number| (!sightings[*number].is_identified(), sightings[*number].fix.t, *number));
    order
}

/// For each sighting the one that stands for its target; that is itself, or one that names a ship or is earlier.
pub fn of(sightings: &[Arc<Sighting>], is_within: impl Fn(&Sighting) -> bool) -> Vec<usize> {
    let widest_m = sightings.iter().map(|sighting| sighting.accuracy_m).fold(0.0, f64::max);
    let mut heads: BTreeSet<(i64, i32, usize)> = BTreeSet::new();
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut targets: Vec<usize> = (0..sightings.len()).collect();
    for number in order(sightings).into_iter().filter(|number| is_within(&sightings[*number])) {
        let sighting = &sightings[number];
        let (lat, minute) = (sighting.fix.position.lat, sighting.fix.t.0.div_euclid(MOMENT_MS));
        let around = ((sighting.accuracy_m + widest_m + SLACK_M) / M_PER_UNIT) as i32;
        let near = (minute - 1..=minute + 1).flat_map(|minute| {
            heads.range(
                (minute, lat.saturating_sub(around), 0)..=(minute, lat.saturating_add(around), usize::MAX),
            )
        });
        let can_join = |head: &usize| {
            let others = &rows[head];
            others.len() < MAX_ROWS && others.iter().all(|other| !is_told_apart(&sightings[*other], sighting))
        };
        let of_it = near
            .filter(|(.., head)| can_join(head))
            .filter_map(|(.., head)| Some((apart_m(&sightings[*head], sighting)?, *head)));
        match of_it.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))) {
            Some((_, head)) => {
                targets[number] = head;
                rows.entry(head).or_default().push(number);
            }
            None => {
                heads.insert((minute, lat, number));
                rows.insert(number, alloc::vec![number]);
            }
        }
    }
    targets
}

/// How far two rows lie apart, metres, if they can be of one target.
fn apart_m(one: &Sighting, other: &Sighting) -> Option<f64> {
    if (one.fix.t.0 - other.fix.t.0).abs() > MOMENT_MS {
        return None;
    }
    let apart_m = one.fix.position.distance_m(other.fix.position);
    (apart_m <= one.accuracy_m + other.accuracy_m + SLACK_M).then_some(apart_m)
}

/// Whether they are of two ships: by what they are called, by their lengths, or as one sensor (or one file that names none)
/// saw both at once.
fn is_told_apart(one: &Sighting, other: &Sighting) -> bool {
    let differ = |a: Option<u32>, b: Option<u32>| a.zip(b).is_some_and(|(a, b)| a != b);
    // The IMO number is the ship's, the MMSI its owner's.
    let is_other_ship = if one.imo.is_some() && other.imo.is_some() {
        one.imo != other.imo
    } else {
        differ(one.mmsi.map(|mmsi| mmsi.0), other.mmsi.map(|mmsi| mmsi.0))
    };
    let is_one_sensor =
        one.sensor == other.sensor && (one.sensor.is_some() || one.origin.input == other.origin.input);
    let is_of_one_look = is_one_sensor && one.fix.t == other.fix.t;
    is_other_ship || is_of_one_look || length_weight(one.length, other.length).is_none()
}

#[cfg(test)]
mod tests {
    use model::time::MINUTE_MS;
    use model::{EventTime, Fix, Mmsi, Position};

    use super::super::tests::sighting;
    use super::*;

    fn row(seconds: i64, lon: f64) -> Sighting {
        let position = Position::from_degrees(lon, 42.0).unwrap();
        sighting(Fix { t: EventTime(10 * MINUTE_MS + seconds * 1_000), position }, 0)
    }

    fn targets(rows: Vec<Sighting>) -> Vec<usize> {
        of(&rows.into_iter().map(Arc::new).collect::<Vec<_>>(), |_| true)
    }

    #[test]
    fn rows_of_one_moment_within_their_accuracies_are_one_target() {
        assert_eq!(targets(alloc::vec![row(0, 131.0), row(59, 131.01), row(0, 131.02)]), [0, 0, 2]);
        assert_eq!(targets(alloc::vec![row(0, 131.0), row(61, 131.0)]), [0, 1]);
    }

    #[test]
    fn a_row_that_names_a_ship_stands_for_those_that_do_not() {
        let named = |mmsi| Sighting { mmsi: Some(Mmsi(mmsi)), ..row(30, 131.0) };
        assert_eq!(targets(alloc::vec![row(0, 131.0), named(273_000_001)]), [1, 1]);
        assert_eq!(targets(alloc::vec![named(273_000_001), named(273_000_002)]), [0, 1]);
    }

    #[test]
    fn what_one_sensor_saw_at_once_and_what_is_of_other_lengths_are_two() {
        let of_sensor = || Sighting { sensor: Some("S1A".into()), ..row(0, 131.0) };
        assert_eq!(targets(alloc::vec![of_sensor(), of_sensor()]), [0, 1]);
        assert_eq!(targets(alloc::vec![row(0, 131.0), row(0, 131.001)]), [0, 1]);
        let long = |seconds, length| Sighting { length: Some(length), ..row(seconds, 131.0) };
        assert_eq!(targets(alloc::vec![long(0, 1_200), long(1, 3_000), long(2, 1_250)]), [0, 1, 0]);
    }

    #[test]
    fn two_ships_that_one_sensor_saw_at_once_stay_two_beside_what_another_saw() {
        let of = |sensor: &str, lon| Sighting { sensor: Some(sensor.into()), ..row(0, lon) };
        let (x, y, z) = (of("radar", 131.0), of("S1A", 131.001), of("S1A", 131.008));
        assert_eq!(targets(alloc::vec![x.clone(), y.clone(), z.clone()]), [0, 0, 2]);
        assert_eq!(targets(alloc::vec![y, z, x]), [0, 1, 0]);
    }
}
