//! Verdicts in a sea without land.

use alloc::string::ToString;
use alloc::vec;

use model::alert::{Cause, Grade};
use model::sighting::{Named, Near};
use model::time::HOUR_MS;
use model::{Dimensions, Fix, Mmsi, Origin};

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

/// A sighting, measured to so many metres; 0 is not measured.
pub fn sighting(at: Fix, length_m: u32) -> Sighting {
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
            ports: vec![(HARBOUR, 0.9)],
            alerts: vec![1],
        }),
    }
}

fn judged(sightings: Vec<Sighting>, silent: &[Silent], heard: Vec<(u32, Around)>) -> Vec<Judged> {
    let track =
        |around: &Around| around.before.as_ref().or(around.after.as_ref()).map_or(SHIP, |near| near.track);
    let heard: BTreeMap<(u32, TrackId), Around> =
        heard.into_iter().map(|(number, around)| ((number, track(&around)), around)).collect();
    let sightings: Vec<Arc<Sighting>> = sightings.into_iter().map(Arc::new).collect();
    let now = EventTime(100 * HOUR_MS);
    let named_heard = heard.keys().map(|(_, track)| track.mmsi).collect();
    let lost = BTreeSet::new();
    let evidence = Evidence {
        heard: &heard,
        lost: &lost,
        named_heard: &named_heard,
        span: Some((EventTime(0), EventTime(1_000 * HOUR_MS))),
        silent,
        last_known: &[],
        now,
        waters: &OpenSea,
    };
    judge(&sightings, &evidence)
}

#[track_caller]
fn one(sighting: Sighting, silent: &[Silent], heard: Vec<(u32, Around)>) -> Matched {
    match judged(vec![sighting], silent, heard).pop() {
        Some(Judged::Told(matched)) => matched,
        other => panic!("{other:?}"),
    }
}

/// Silent from one fix to another, of which nothing was told.
fn unheard(track: TrackId, start: Fix, end: Fix) -> Silent {
    Silent { start, end: Some(end), heard: start.t, until: Some(end.t), dark: None, ..silent(track, 120) }
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
    let whole = matched.suspects.iter().map(|suspect| suspect.p).sum::<f64>() + matched.others + matched.none;
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
            Judged::Transmitting { .. } | Judged::SameAs(_) | Judged::Outside => None,
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
    let at = |lon| Sighting { sensor: Some("S1A".to_string()), ..sighting(fix(20.0, lon, 42.0), 120) };
    let heard = || vec![(0, around.clone()), (1, around.clone())];
    let judged = judged(vec![at(131.032), at(131.027)], &[], heard());
    assert!(matches!(judged[1], Judged::Transmitting { track: OTHER, .. }), "{judged:?}");
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
    assert!(matches!(alone(9.0), Judged::Transmitting { track: OTHER, .. }));
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

#[test]
fn a_ship_that_is_merely_not_heard_corroborates_nothing() {
    let start = fix(20.0, 131.0, 42.0);
    // 42 min on a straight way at 10 kn: at the middle of it.
    let ship = unheard(SHIP, start, fix(20.7, 131.157, 42.0));
    let seen = || sighting(fix(20.35, 131.0785, 42.0), 120);
    let matched = one(seen(), core::slice::from_ref(&ship), vec![]);
    assert_eq!(matched.verdict, Verdict::Unheard, "{matched:?}");
    assert!(matched.ship().map(|ship| ship.track) == Some(SHIP) && matched.possible.is_empty());
    // A dark one that could have come there is less likely to have been there just then.
    let matched = one(seen(), &[silent(OTHER, 120), ship], vec![]);
    assert_eq!((matched.verdict, matched.ship().map(|ship| ship.track)), (Verdict::Unheard, Some(SHIP)));
    // Of a dark period of which nobody knows how ships are heard there.
    let mut unknown = silent(OTHER, 120);
    unknown.dark.as_mut().unwrap().grade = Grade::UnknownReception;
    assert_eq!(one(sighting(fix(20.0, 131.5, 42.0), 120), &[unknown], vec![]).verdict, Verdict::Unheard);
}

#[test]
fn a_ship_that_lies_in_the_same_place_before_and_after_was_nowhere_else() {
    let ship = unheard(SHIP, fix(10.0, 133.0, 42.0), fix(12.0, 133.000_03, 42.0));
    let matched = one(sighting(fix(11.0, 133.024, 42.0), 0), core::slice::from_ref(&ship), vec![]);
    assert_eq!((matched.verdict, matched.in_reach), (Verdict::Unmatched, 1), "{matched:?}");
    assert_eq!(one(sighting(fix(11.0, 133.001, 42.0), 0), &[ship], vec![]).verdict, Verdict::Unheard);
}

#[test]
fn several_ships_none_of_which_is_likelier_than_not_are_ambiguous() {
    let ships = [silent(SHIP, 120), silent(OTHER, 120)];
    let matched = one(sighting(fix(20.0, 131.0, 42.0), 120), &ships, vec![]);
    assert_eq!((matched.verdict, matched.ship(), matched.in_reach), (Verdict::Ambiguous, None, 2));
    assert!(matched.none < HALF && matched.any_is_dark());
}

#[test]
fn a_doubtful_sighting_is_not_corroborated_by_a_weak_match() {
    let doubtful = Sighting { confidence: 0.05, ..sighting(fix(20.0, 131.0, 42.0), 0) };
    let matched = one(doubtful, &[silent(SHIP, 120)], vec![]);
    assert_eq!((matched.verdict, matched.in_reach), (Verdict::Unmatched, 1));
    assert_eq!(matched.score(), matched.none);
}

#[test]
fn what_is_seen_elsewhere_at_another_time_changes_nothing() {
    let at = |hour, lon| sighting(fix(hour, lon, 42.0), 120);
    let ships = [silent(SHIP, 120)];
    let told = |sightings: Vec<Sighting>, number: usize| {
        let Judged::Told(matched) = judged(sightings, &ships, vec![]).swap_remove(number) else {
            panic!("no ship transmits")
        };
        (matched.verdict, matched.in_reach, matched.suspects, matched.none)
    };
    let (second, minute) = (1.0 / 3_600.0, 1.0 / 60.0);
    let pair = || vec![at(20.0, 131.0), at(20.0 + minute, 131.1)];
    let far = |hour| Sighting { id: "far".to_string(), ..at(hour, -30.0) };
    for number in 0..2 {
        let alone = told(pair(), number);
        for hour in [20.0 - 30.0 * second, 20.0 + 30.0 * second, 20.0] {
            let with = pair().into_iter().chain([far(hour)]).collect();
            assert_eq!(told(with, number), alone, "{number} {hour}");
        }
    }
    // Both within a minute: one is the ship, and the other counts what is left of it.
    let verdicts: Vec<Verdict> = (0..2).map(|number| told(pair(), number).0).collect();
    assert_eq!(
        verdicts.iter().filter(|verdict| **verdict == Verdict::Corroborated).count(),
        1,
        "{verdicts:?}"
    );
    assert!((0..2).all(|number| told(pair(), number).1 == 1));
}

#[test]
fn a_row_that_names_a_ship_is_explained_by_it_though_another_is_nearer() {
    let around = Around {
        before: Some(near(OTHER, fix(19.9, 131.0, 42.0))),
        after: Some(near(OTHER, fix(20.1, 131.054, 42.0))),
    };
    let of_sensor = |lon, mmsi: Option<u32>| Sighting {
        sensor: Some("S1A".to_string()),
        mmsi: mmsi.map(Mmsi),
        ..sighting(fix(20.0, lon, 42.0), 0)
    };
    let rows = vec![of_sensor(131.027, None), of_sensor(131.032, Some(273_000_002))];
    let judged = judged(rows, &[], vec![(0, around.clone()), (1, around)]);
    assert!(matches!(judged[0], Judged::Told(_)), "{judged:?}");
    assert!(matches!(judged[1], Judged::Transmitting { track: OTHER, .. }), "{judged:?}");
}

#[test]
fn rows_of_one_target_have_one_verdict() {
    let at = |lon| sighting(fix(20.0, lon, 42.0), 120);
    let by_radar = Sighting { sensor: Some("radar".into()), ..at(131.005) };
    let judged = judged(vec![at(131.0), by_radar], &[silent(SHIP, 120)], vec![]);
    assert!(matches!(&judged[0], Judged::Told(matched) if matched.also.len() == 1), "{judged:?}");
    assert_eq!(judged[1], Judged::SameAs(0));
}

#[test]
fn what_is_known_of_the_ship_that_was_named_is_told() {
    let named = |length_m, mmsi: u32| {
        let seen = Sighting { mmsi: Some(Mmsi(mmsi)), ..sighting(fix(20.0, 131.0, 42.0), length_m) };
        one(seen, &[silent(SHIP, 120)], vec![])
    };
    assert_eq!(named(0, 351_999_999).named, Some(Named::NeverHeard));
    let other = named(300, 273_000_001);
    assert!(
        matches!(other.named, Some(Named::OtherLength(_))) && other.verdict == Verdict::Unmatched,
        "{other:?}"
    );
    assert!(matches!(named(120, 273_000_001).named, Some(Named::Heard(_))));
}

#[test]
fn where_not_all_could_be_remembered_nothing_is_unmatched() {
    let sightings = [Arc::new(sighting(fix(20.0, 150.0, 30.0), 120))];
    let (heard, named_heard) = (BTreeMap::new(), BTreeSet::new());
    let evidence = Evidence {
        heard: &heard,
        lost: &BTreeSet::from([0]),
        named_heard: &named_heard,
        span: Some((EventTime(0), EventTime(1_000 * HOUR_MS))),
        silent: &[],
        last_known: &[],
        now: EventTime(100 * HOUR_MS),
        waters: &OpenSea,
    };
    let judged = judge(&sightings, &evidence);
    assert!(
        matches!(&judged[0], Judged::Told(matched) if matched.verdict == Verdict::Ambiguous && matched.is_partial)
    );
}

#[test]
fn ships_that_are_not_told_one_by_one_have_a_share_of_their_own() {
    let ships: Vec<Silent> = (1..=600).map(|number| silent(TrackId { number, ..SHIP }, 120)).collect();
    let matched = one(sighting(fix(20.0, 131.0, 42.0), 120), &ships, vec![]);
    assert_eq!((matched.suspects.len(), matched.in_reach, matched.verdict), (10, 600, Verdict::Ambiguous));
    assert!(matched.others > 0.9 && matched.none < 0.01, "{} {}", matched.others, matched.none);
    let whole = matched.suspects.iter().map(|suspect| suspect.p).sum::<f64>() + matched.others + matched.none;
    assert!((whole - 1.0).abs() < 1e-9, "{whole}");
}
