//! Sea distances: straits and isthmuses, ports all over the world, laws.
//!
//! `sea_distances/pairs.csv` holds pairs of ports with a reference, which `cargo xtask water --pairs` measures on the
//! coasts of Natural Earth without cells, and here and there a published distance. What differs is the size of a cell:
//! coasts are known to some 8 km.

use std::sync::LazyLock;

use geofence::sea::{Cell, Sea, Ways};
use model::Position;
use model::position::NAUTICAL_MILE_M;
use proptest::prelude::*;

static SEA: LazyLock<&Sea> = LazyLock::new(Sea::built_in);

/// How far a distance may be from the reference, as a share: up to 3 % more and nothing less is wanted. What is less
/// comes from cells that count as water and are half land.
const LESS: f64 = 0.018;
const MORE: f64 = 0.012;

/// Pairs that are shorter than that, and why.
const SHORT_CUTS: [(&str, &str, f64, &str); 3] = [
    ("Rajin", "Dunai", 0.072, "the peninsulas at both ports lie in their own cells"),
    ("Rajin", "Vostochny", 0.027, "the peninsula east of Rajin lies in its own cell"),
    ("Sydney", "Auckland", 0.081, "the isthmus of Auckland, 2 km wide, lies in the port's own cell"),
];

fn at(lon: f64, lat: f64) -> Position {
    Position::from_degrees(lon, lat).expect("a position on the globe")
}

fn search_nm(from: Position, bound_nm: f64) -> Ways {
    SEA.search(from, bound_nm * NAUTICAL_MILE_M)
}

fn distance_nm(from: Position, to: Position, bound_nm: f64) -> Option<f64> {
    search_nm(from, bound_nm).distance_m(&SEA, to).map(|metres| metres / NAUTICAL_MILE_M)
}

struct Pair {
    from: (String, Position),
    to: (String, Position),
    reference_nm: f64,
    published_nm: Option<f64>,
}

fn pairs() -> Vec<Pair> {
    let mut reader = csv::Reader::from_reader(include_str!("sea_distances/pairs.csv").as_bytes());
    let rows = reader.records().map(|row| {
        let row = row.expect("a row");
        let number = |column: usize| row[column].parse::<f64>().expect("a number");
        Pair {
            from: (row[0].to_owned(), at(number(1), number(2))),
            to: (row[3].to_owned(), at(number(4), number(5))),
            reference_nm: number(6),
            published_nm: row[7].parse().ok(),
        }
    });
    rows.collect()
}

#[test]
fn ports_are_as_far_as_the_coast_says() {
    let mut table = String::from("from, to, ours in nm, along the coast, error in percent\n");
    let mut wrong = 0;
    for Pair { from, to, reference_nm, .. } in pairs() {
        let ours_nm = distance_nm(from.1, to.1, 1.2 * reference_nm).unwrap_or(f64::NAN);
        let error = ours_nm / reference_nm - 1.0;
        let known = SHORT_CUTS.iter().find(|(a, b, ..)| *a == from.0 && *b == to.0);
        let less = known.map_or(LESS, |(_, _, less, _)| *less);
        let is_right = (-less..=MORE).contains(&error);
        wrong += u32::from(!is_right);
        let mark = if is_right { "" } else { " WRONG" };
        table +=
            &format!("{}, {}, {ours_nm:.1}, {reference_nm:.1}, {:+.2}{mark}\n", from.0, to.0, error * 100.0);
    }
    assert_eq!(wrong, 0, "{table}");
}

/// Most of these were noted from memory, as the column `publication` says; they check the reference more than us.
#[test]
fn ports_are_as_far_as_was_published() {
    for Pair { from, to, reference_nm, published_nm } in pairs() {
        let Some(published_nm) = published_nm else { continue };
        // Where our way is known to be wrong the reference is held against what was published.
        let is_short_cut = SHORT_CUTS.iter().any(|(a, b, ..)| *a == from.0 && *b == to.0);
        let ours_nm = if is_short_cut {
            reference_nm
        } else {
            distance_nm(from.1, to.1, 1.2 * published_nm).unwrap_or(f64::NAN)
        };
        let error = ours_nm / published_nm - 1.0;
        assert!((-LESS..=MORE).contains(&error), "{}, {}: {ours_nm} {published_nm}", from.0, to.0);
    }
}

#[test]
fn there_are_pairs_enough() {
    let pairs = pairs();
    assert!(pairs.len() >= 40);
    assert!(pairs.iter().all(|pair| (30.0..5_000.0).contains(&pair.reference_nm)));
}

#[test]
fn straits_are_passable() {
    let check = |name: &str, from: (f64, f64), to: (f64, f64), nm: std::ops::Range<f64>| {
        for (from, to) in [(from, to), (to, from)] {
            let found_nm = distance_nm(at(from.0, from.1), at(to.0, to.1), 1_000.0);
            assert!(found_nm.is_some_and(|found_nm| nm.contains(&found_nm)), "{name}: {found_nm:?}");
        }
    };
    check("Suez", (32.35, 31.9), (32.9, 28.9), 175.0..230.0);
    check("Panama", (-79.92, 9.85), (-79.52, 8.3), 96.0..130.0);
    check("Kiel", (8.0, 54.0), (10.9, 54.5), 106.0..140.0);
    check("Bosporus", (28.5, 40.7), (29.3, 41.7), 70.0..85.0);
    check("Dardanelles", (25.5, 40.0), (27.3, 40.6), 90.0..105.0);
    check("Singapore", (102.9, 1.5), (104.6, 1.4), 102.0..112.0);
    check("Malacca", (100.0, 3.5), (104.6, 1.4), 303.0..330.0);
    check("Korea", (128.3, 34.2), (130.2, 35.5), 121.0..127.0);
    check("Tsugaru", (139.8, 41.1), (141.8, 41.5), 93.0..102.0);
    check("La Pérouse", (141.5, 45.8), (143.0, 46.0), 63.0..68.0);
    check("Tatar", (140.8, 50.5), (141.8, 53.9), 207.0..220.0);
    check("Kerch", (36.5, 44.6), (36.6, 45.9), 78.0..90.0);
    check("Øresund", (12.0, 56.5), (12.7, 55.0), 93.0..104.0);
    check("Great Belt", (11.2, 56.2), (10.9, 54.5), 102.0..115.0);
    check("Messina", (15.6, 37.5), (15.5, 38.7), 72.0..80.0);
    check("Gibraltar", (-6.2, 35.9), (-4.8, 36.1), 69.0..73.0);
    check("Bab el Mandeb", (43.0, 13.0), (43.8, 12.2), 67.0..72.0);
    check("Hormuz", (55.5, 26.2), (57.0, 25.5), 95.0..125.0);
    check("Kanmon", (130.2, 34.2), (131.6, 33.85), 72.0..82.0);
    check("Inland Sea", (131.2, 33.9), (135.2, 34.5), 202.0..225.0);
    check("Magellan", (-67.5, -52.8), (-76.0, -52.5), 340.0..430.0);
    check("Torres", (141.0, -10.5), (144.0, -10.0), 179.0..190.0);
}

#[test]
fn isthmuses_are_closed() {
    let check = |name: &str, from: (f64, f64), to: (f64, f64), at_least_nm: f64| {
        let found_nm = distance_nm(at(from.0, from.1), at(to.0, to.1), 2_500.0);
        assert!(found_nm.is_none_or(|found_nm| found_nm >= at_least_nm), "{name}: {found_nm:?}");
    };
    check("Kra", (98.0, 9.5), (99.9, 9.5), 1_100.0);
    check("Malay peninsula", (98.5, 7.5), (100.9, 7.5), 900.0);
    check("Corinth", (22.3, 38.2), (23.5, 37.6), 270.0);
    check("Kamchatka", (161.0, 58.5), (164.0, 58.5), 900.0);
    check("Florida", (-82.5, 27.0), (-79.9, 27.0), 270.0);
    check("Italy", (12.0, 42.0), (14.8, 42.8), 700.0);
    check("Korea", (124.8, 38.6), (128.2, 39.3), 650.0);
    check("Shandong", (119.5, 37.4), (120.3, 35.6), 250.0);
    // By the strait of Canso, whose causeway has a lock.
    check("Chignecto", (-64.5, 45.6), (-64.2, 46.3), 500.0);
    check("Tehuantepec", (-94.5, 18.5), (-95.0, 15.9), 1_500.0);
    check("Perekop", (33.0, 46.0), (34.8, 46.0), 250.0);
    // Round Skagen it is 310 nm; through the Kiel Canal it is less.
    check("Jutland", (8.0, 55.5), (10.5, 55.5), 200.0);
}

#[test]
fn the_caspian_and_lakes_are_apart() {
    assert_eq!(distance_nm(at(51.0, 40.5), at(38.0, 43.5), 5_000.0), None);
    assert!(distance_nm(at(51.0, 40.5), at(51.5, 43.0), 500.0).is_some());
    assert_eq!(distance_nm(at(-5.0, 48.0), at(-87.0, 43.0), 5_000.0), None);
}

#[test]
fn what_is_in_sight_is_as_far_as_the_great_circle() {
    let check = |from: Position, to: Position| {
        let found_m = search_nm(from, 2_500.0).distance_m(&SEA, to);
        assert_eq!(found_m, Some(from.distance_m(to)), "{from:?} {to:?}");
    };
    check(at(132.0, 40.0), at(136.0, 41.0));
    check(at(179.0, 30.0), at(-179.0, 31.0));
    check(at(-10.0, 72.0), at(10.0, 74.0));
    check(at(-150.0, 20.0), at(-155.0, -10.0));
    check(at(0.0, 88.0), at(170.0, 88.5));
}

#[test]
fn nothing_is_found_beyond_the_bound() {
    let ways = search_nm(at(129.033, 35.1), 400.0);
    assert_eq!(ways.distance_m(&SEA, at(131.888, 43.109)), None);
    assert!(ways.distance_m(&SEA, at(129.85, 32.717)).is_some());
    assert!((ways.bound_m() - 400.0 * NAUTICAL_MILE_M).abs() < 1e-6);
}

#[test]
fn a_path_leads_from_start_to_goal_and_is_as_long_as_its_distance() {
    // Through the Kiel Canal, round Italy, to Dutch Harbor over the antimeridian.
    for (from, to, slack) in [
        (at(8.0, 54.0), at(10.9, 54.5), 0.10),
        (at(8.917, 44.4), at(12.5, 45.4), 0.02),
        (at(158.65, 53.05), at(-166.533, 53.9), 0.02),
    ] {
        let ways = search_nm(from, 2_000.0);
        let path = ways.path(&SEA, to).expect("a way");
        assert_eq!((path.first(), path.last()), (Some(&from), Some(&to)));
        let length_m: f64 = path.windows(2).map(|pair| pair[0].distance_m(pair[1])).sum();
        let distance_m = ways.distance_m(&SEA, to).expect("a way");
        // Passages wind more than their turns show, and bends in narrow cells are not drawn.
        assert!(length_m <= distance_m + 1.0 && length_m >= distance_m * (1.0 - slack), "{path:?}");
    }
}

#[test]
fn a_cell_is_water_at_sea_and_not_inland() {
    assert!(SEA.is_water(Cell::at(at(135.0, 40.0))));
    assert!(SEA.is_water(Cell::at(at(0.0, 90.0))));
    assert!(!SEA.is_water(Cell::at(at(0.0, -90.0))));
    assert!(!SEA.is_water(Cell::at(at(100.0, 60.0))));
}

/// Positions within 300 km of a point in the Sea of Japan.
fn nearby() -> impl Strategy<Value = Position> {
    (129.0..141.0, 34.0..44.0).prop_map(|(lon, lat)| at(lon, lat))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn distances_are_a_metric_but_for_three_percent(a in nearby(), b in nearby(), c in nearby()) {
        let (from_a, from_b) = (search_nm(a, 3_000.0), search_nm(b, 3_000.0));
        let [ab, ba, bc, ac] = [(&from_a, b), (&from_b, a), (&from_b, c), (&from_a, c)]
            .map(|(ways, to)| ways.distance_m(&SEA, to));
        prop_assert_eq!(ab.is_some(), ba.is_some());
        if let (Some(ab), Some(ba)) = (ab, ba) {
            prop_assert!(ab >= a.distance_m(b) - 1e-6);
            // Ways turn at centres of cells, and which is chosen depends on where one comes from.
            prop_assert!((ab - ba).abs() <= 0.03 * ab + 1.0, "{} {}", ab, ba);
        }
        if let (Some(ab), Some(bc), Some(ac)) = (ab, bc, ac) {
            // A position on land is reached from all sides, but not crossed: the way over it is no way.
            let over_land = !SEA.is_water(Cell::at(b));
            prop_assert!(over_land || ac <= 1.03 * (ab + bc) + 1.0, "{} {} {}", ab, bc, ac);
        }
    }
}
