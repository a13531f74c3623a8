//! Verdicts in a sea without land.

use alloc::string::ToString;
use alloc::vec;

use model::alert::{Cause, Grade};
use model::time::HOUR_MS;
use model::{Dimensions, Mmsi, Origin};

use super::*;

const SHIP: TrackId = TrackId { mmsi: Mmsi(273_000_001), number: 1 };
const OTHER: TrackId = TrackId { mmsi: Mmsi(273_000_002), number: 1 };
const HARBOUR: PortIndex = PortIndex(0);

/// Open sea, with a port at 131° E 42° N that is 5 km wide.
struct OpenSea;

impl Waters for OpenSea {
    fn by_water_m(&self, from: Position, to: Position, bound_m: f64) -> Option<f64> {
        Some(from.distance_m(to)).filter(|distance_m| *distance_m <= bound_m)
    }

    fn middle(&self, _: PortIndex) -> Position {
        Position::from_degrees(131.0, 42.0).unwrap()
    }

    fn holding(&self, position: Position, _: EventTime) -> Inside {
        let is_in = position.distance_m(self.middle(HARBOUR)) <= 5_000.0;
        is_in.then_some(HARBOUR).into_iter().collect()
    }
}

fn fix(hour: f64, lon: f64, lat: f64) -> Fix {
    Fix { t: EventTime((hour * HOUR_MS as f64) as i64), position: Position::from_degrees(lon, lat).unwrap() }
}

fn sighting(at: Fix, length_m: u32) -> Sighting {
    Sighting {
        id: "a".to_string(),
        fix: at,
        length: (length_m > 0).then_some(length_m * 10),
        confidence: 0.8,
        accuracy_m: 500.0,
        sensor: None,
        mmsi: None,
        imo: None,
        origin: Origin::default(),
    }
}

fn statics(length_m: u16) -> Arc<Statics> {
    let dimensions = Dimensions::from_reference(length_m, 0, 5, 5);
    Arc::new(Statics { dimensions, ..Statics::default() })
}

/// Silent for 40 h at 12 kn, 60 nm from the port, with a strong alert that names it.
fn silent(track: TrackId, length_m: u16) -> Silent {
    let (start, end) = (fix(0.0, 132.0, 42.0), fix(40.0, 132.2, 42.5));
    Silent {
        track,
        statics: statics(length_m),
        start,
        end: Some(end),
        heard: start.t,
        until: Some(end.t),
        speed_kn: 12.0,
        dark: Some(Dark {
            grade: Grade::Strong,
            cause: Cause::Vessel,
            start,
            end: Some(end),
            ports: vec![(HARBOUR, 0.6)],
            alerts: vec![1],
        }),
    }
}

fn judged(sightings: Vec<Sighting>, silent: &[Silent], heard: Vec<(u32, Around)>) -> Vec<Judged> {
    let track =
        |around: &Around| around.before.as_ref().or(around.after.as_ref()).map_or(SHIP, |near| near.track);
    let heard = heard.into_iter().map(|(number, around)| ((number, track(&around)), around)).collect();
    let sightings: Vec<Arc<Sighting>> = sightings.into_iter().map(Arc::new).collect();
    let now = EventTime(100 * HOUR_MS);
    judge(&sightings, &Evidence { heard: &heard, silent, last_known: &[], now, waters: &OpenSea })
}

#[track_caller]
fn one(sighting: Sighting, silent: &[Silent], heard: Vec<(u32, Around)>) -> Matched {
    match judged(vec![sighting], silent, heard).pop() {
        Some(Judged::Told(matched)) => matched,
        other => panic!("{other:?}"),
    }
}

fn near(track: TrackId, at: Fix) -> Near {
    Near { track, fix: at, sog: Some(120), cog: Some(900), statics: statics(120) }
}

#[test]
fn a_silent_ship_in_the_port_in_question_is_corroborated() {
    let matched = one(sighting(fix(20.0, 131.01, 42.0), 125), &[silent(SHIP, 120)], vec![]);
    assert_eq!(matched.verdict, Verdict::Corroborated);
    assert_eq!((matched.at, &matched.possible[..]), (Some(HARBOUR), &[HARBOUR][..]));
    let best = matched.ship().unwrap();
    assert!(best.track == SHIP && best.p > 0.8 && best.related == [1], "{best:?}");
    let whole = matched.suspects.iter().map(|suspect| suspect.p).sum::<f64>() + matched.none;
    assert!((whole - 1.0).abs() < 1e-9, "{whole}");
}

#[test]
fn a_ship_seen_so_far_off_that_it_cannot_have_called_contradicts_the_port() {
    // 200 nm east of its start half-way: no time is left for the port before or after.
    let matched = one(sighting(fix(20.0, 136.0, 42.0), 120), &[silent(SHIP, 120)], vec![]);
    assert_eq!((matched.verdict, &matched.impossible[..]), (Verdict::Contradicted, &[HARBOUR][..]));
    assert!(!matched.is_misfit && matched.at.is_none());
    // Early on near its start, it has the time after.
    let matched = one(sighting(fix(1.0, 132.0, 42.1), 120), &[silent(SHIP, 120)], vec![]);
    assert_eq!((matched.verdict, &matched.possible[..]), (Verdict::Corroborated, &[HARBOUR][..]));
}

#[test]
fn where_no_ship_can_have_been_there_was_none_of_those_known() {
    let matched = one(sighting(fix(20.0, 150.0, 30.0), 120), &[silent(SHIP, 120)], vec![]);
    assert_eq!((matched.verdict, matched.none, matched.in_reach), (Verdict::Unmatched, 1.0, 0));
    assert!(matched.ship().is_none());
    // Nor of another length.
    let matched = one(sighting(fix(20.0, 131.0, 42.0), 300), &[silent(SHIP, 120)], vec![]);
    assert_eq!((matched.verdict, matched.in_reach), (Verdict::Unmatched, 0));
}

#[test]
fn the_length_decides_between_two_ships_and_doubt_is_for_none_of_them() {
    let ships = [silent(SHIP, 120), silent(OTHER, 140)];
    let first = |length_m| one(sighting(fix(20.0, 131.0, 42.0), length_m), &ships, vec![]).suspects[0].track;
    assert_eq!((first(118), first(143)), (SHIP, OTHER));
    let none = |confidence| {
        let seen = Sighting { confidence, ..sighting(fix(20.0, 131.0, 42.0), 120) };
        one(seen, &ships, vec![]).none
    };
    assert!(none(0.1) > none(0.5) && none(0.5) > none(0.9));
}

#[test]
fn one_ship_is_one_of_the_sightings_of_a_moment() {
    let at = |lon| sighting(fix(20.0, lon, 42.0), 120);
    let judged = judged(vec![at(131.0), at(131.02)], &[silent(SHIP, 120)], vec![]);
    let told: Vec<TrackId> = judged
        .iter()
        .filter_map(|judged| match judged {
            Judged::Told(matched) => matched.ship().map(|ship| ship.track),
            Judged::Transmitting(_) => None,
        })
        .collect();
    assert_eq!((judged.len(), &told[..]), (2, &[SHIP][..]));
}

#[test]
fn a_ship_that_transmits_beside_it_explains_one_sighting() {
    let around = Around {
        before: Some(near(OTHER, fix(19.9, 131.0, 42.0))),
        after: Some(near(OTHER, fix(20.1, 131.054, 42.0))),
    };
    let at = |lon| sighting(fix(20.0, lon, 42.0), 120);
    let heard = || vec![(0, around.clone()), (1, around.clone())];
    let judged = judged(vec![at(131.032), at(131.027)], &[], heard());
    assert_eq!(judged[1], Judged::Transmitting(OTHER));
    assert!(matches!(&judged[0], Judged::Told(matched) if matched.verdict == Verdict::Unmatched));
}

#[test]
fn a_single_report_tells_of_ten_minutes_and_not_of_more() {
    let alone = |minutes: f64| {
        // 12 kn due east.
        let start = fix(20.0 - minutes / 60.0, 131.0 - 0.0448 * minutes / 10.0, 42.0);
        let around = Around { before: Some(near(OTHER, start)), after: None };
        judged(vec![sighting(fix(20.0, 131.0, 42.0), 120)], &[], vec![(0, around)]).remove(0)
    };
    assert_eq!(alone(9.0), Judged::Transmitting(OTHER));
    assert!(matches!(alone(12.0), Judged::Told(_)));
}

#[test]
fn an_identified_ship_is_that_ship_or_a_contradiction() {
    let seen = |at, mmsi: u32| Sighting { mmsi: Some(Mmsi(mmsi)), ..sighting(at, 0) };
    let ships = [silent(SHIP, 120), silent(OTHER, 120)];
    let matched = one(seen(fix(20.0, 131.0, 42.0), 273_000_002), &ships, vec![]);
    assert_eq!((matched.verdict, matched.in_reach), (Verdict::Corroborated, 1));
    assert_eq!(matched.ship().map(|ship| ship.track), Some(OTHER));
    // Silent, and too far off.
    let matched = one(seen(fix(20.0, 150.0, 30.0), 273_000_002), &ships, vec![]);
    assert_eq!((matched.verdict, matched.is_misfit, matched.none), (Verdict::Contradicted, true, 1.0));
    // Heard ten minutes earlier somewhere else.
    let around = Around { before: Some(near(OTHER, fix(19.8, 139.0, 40.0))), after: None };
    let matched = one(seen(fix(20.0, 131.0, 42.0), 273_000_002), &[], vec![(0, around)]);
    assert_eq!((matched.verdict, matched.is_misfit), (Verdict::Contradicted, true));
    // Never heard of.
    let matched = one(seen(fix(20.0, 131.0, 42.0), 273_000_009), &ships, vec![]);
    assert_eq!((matched.verdict, matched.none), (Verdict::Unmatched, 1.0));
}

#[test]
fn a_length_that_is_not_known_says_nothing() {
    assert_eq!((length_weight(None, Some(1_200)), length_weight(Some(1_200), None)), (Some(0.0), Some(0.0)));
    assert!(length_weight(Some(1_200), Some(1_250)).is_some_and(|weight| weight > 1.0));
    assert_eq!(length_weight(Some(1_200), Some(500)), None);
}
