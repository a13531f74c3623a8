//! The lattice against H3, sight and search against slow ways to find the same.

use alloc::vec;
use alloc::vec::Vec;

use h3o::{CellIndex, LatLng, Resolution};

use super::lattice::{FACES, dot, point};
use super::search::length_m;
use super::*;

/// Longitudes may go on beyond 180°.
fn at(lon: f64, lat: f64) -> Position {
    Position::from_degrees(if lon > 180.0 { lon - 360.0 } else { lon }, lat).unwrap()
}

fn h3_cell(lattice: &Lattice, place: Place) -> CellIndex {
    let [x, y, z] = lattice.centre(place);
    LatLng::from_radians(libm::asin(z), libm::atan2(y, x)).unwrap().to_cell(Resolution::Five)
}

fn rows(lattice: &Lattice) -> impl Iterator<Item = core::ops::Range<u32>> + '_ {
    (0..FACES).flat_map(move |face| Lattice::rows().map(move |b| lattice.row(face, b)))
}

#[test]
fn rows_hold_every_cell_of_h3_once() {
    let lattice = Lattice::new();
    let count: usize = rows(&lattice).map(|row| row.len()).sum();
    assert_eq!(count as u64, Resolution::Five.cell_count());
}

/// Every 97th cell, and all at the edges of faces, the twelve pentagons among them.
#[test]
fn places_are_cells_of_h3_with_the_same_neighbours() {
    let lattice = Lattice::new();
    for row in rows(&lattice) {
        let inner = row.start + 2..row.end.saturating_sub(2);
        for slot in row.filter(|slot| slot % 97 == 0 || !inner.contains(slot)) {
            let place = Place::of_slot(slot);
            let cell = h3_cell(&lattice, place);
            let centre = LatLng::from(cell);
            let centre = point(centre.lng_radians(), centre.lat_radians());
            assert!(dot(centre, lattice.centre(place)) > 1.0 - 1e-12, "{cell}");
            assert_eq!(lattice.locate(centre), place, "{cell}");
            let around = (0..6).map(|direction| h3_cell(&lattice, lattice.own(place.step(direction))));
            let mut around: Vec<CellIndex> = around.chain([cell]).collect();
            around.sort_unstable();
            around.dedup();
            let mut expected: Vec<CellIndex> = cell.grid_disk(1);
            expected.sort_unstable();
            assert_eq!(around, expected, "{cell}");
        }
    }
}

#[test]
fn gates_lie_in_water_and_passages_are_longer_than_the_crow_flies() {
    let sea = Sea::built_in();
    for gate in &sea.gates {
        let name = PASSAGES[gate.exit.passage].name;
        assert!(sea.field.is_wet(gate.slot), "{name}");
        let straight_m = length_m(gate.point, gate.other_point);
        assert!(gate.length_m > straight_m && gate.length_m < 1.5 * straight_m, "{name}: {straight_m}");
    }
}

/// Sight along a line by asking H3 for the cell of every few metres of it.
fn is_clear_step_by_step(sea: &Sea, from: Position, to: Position) -> bool {
    const STEP_M: f64 = 200.0;
    let (a, b) = (vector(from), vector(to));
    let steps = libm::ceil(length_m(a, b) / STEP_M);
    (0..=steps as u32).all(|step| {
        let share = f64::from(step) / steps;
        let between = core::array::from_fn(|i| a[i] + (b[i] - a[i]) * share);
        sea.field.is_water(sea.lattice.locate(lattice::normal(between)).slot())
    })
}

#[test]
fn sight_is_as_cells_step_by_step_say() {
    let sea = Sea::built_in();
    let (mut clear, mut blocked) = (0, 0);
    for number in 0..2_000 {
        let share = |prime: f64| libm::modf(f64::from(number) * prime).0;
        // From the Sea of Japan, and from the Aleutians over the antimeridian.
        let lon = if number % 2 == 0 { 130.0 } else { 178.0 } + 8.0 * share(0.618_033_988);
        let lat = 34.0 + 20.0 * share(0.414_213_562);
        let from = at(lon, lat);
        let to = at(lon + 2.0 * share(0.732_050_807) - 1.0, lat + 1.0);
        if !sea.field.is_water(sea.lattice.locate(vector(from)).slot()) {
            continue;
        }
        let (a, b) = (vector(from), vector(to));
        // Walls are no matter of cells; lines that meet them are left out, and so are ends on land.
        let is_clear = sea.sight(&[]).is_clear(a, b);
        let expected = is_clear_step_by_step(sea, from, to);
        if is_clear {
            clear += 1;
            let ends_well = sea.field.is_water(sea.lattice.locate(b).slot());
            assert!(expected || !ends_well, "{from:?} {to:?}");
        } else {
            blocked += 1;
        }
    }
    assert!(clear > 300 && blocked > 50, "{clear} {blocked}");
}

/// The shortest way over all cells near land, found without any cleverness: each turning point is tried from each.
fn exhaustive_m(sea: &Sea, from: Position, to: Position, bound_m: f64) -> f64 {
    let (start, goal) = (vector(from), vector(to));
    let mut opened = sea.opened(start);
    opened.extend(sea.opened(goal));
    let sight = sea.sight(&opened);
    let mut points = vec![(start, 0.0), (goal, 0.0)];
    for slot in rows(&sea.lattice).flatten() {
        let centre = sea.centre(slot);
        let is_near_land = sea.field.is_wet(slot) && sea.field.steps(slot) <= 3;
        let is_candidate = is_near_land || opened.contains(&slot);
        if is_candidate && length_m(start, centre) + length_m(centre, goal) <= bound_m {
            points.push((centre, sea.bend_m(slot)));
        }
    }
    let mut best_m = vec![f64::INFINITY; points.len()];
    let mut left: Vec<usize> = (0..points.len()).collect();
    best_m[0] = 0.0;
    while let Some(next) = left.iter().copied().min_by(|a, b| best_m[*a].total_cmp(&best_m[*b])) {
        if next == 1 {
            return best_m[1];
        }
        left.retain(|number| *number != next);
        let (point, bend_m) = points[next];
        for number in &left {
            let (other, _) = points[*number];
            let length_m = best_m[next] + bend_m + length_m(point, other);
            if length_m < best_m[*number].min(bound_m) && sight.is_clear(point, other) {
                best_m[*number] = length_m;
            }
        }
    }
    f64::INFINITY
}

#[test]
fn ways_are_at_most_three_percent_longer_than_the_shortest() {
    let sea = Sea::built_in();
    let pairs = [
        (at(12.0, 56.5), at(12.7, 55.0)),
        (at(102.9, 1.5), at(104.6, 1.4)),
        (at(134.3, 34.45), at(135.0, 33.5)),
        (at(121.3, 39.2), at(121.9, 38.9)),
        (at(-123.5, 49.2), at(-124.8, 48.5)),
        (at(130.3, 42.233), at(132.33, 42.88)),
        (at(139.8, 41.1), at(141.8, 41.5)),
        (at(23.6, 37.9), at(26.1, 39.9)),
    ];
    for (from, to) in pairs.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
        let found_m = sea.search(from, 1_000_000.0).distance_m(sea, to).unwrap();
        let shortest_m = exhaustive_m(sea, from, to, found_m + 1_000.0);
        let excess = found_m / shortest_m - 1.0;
        assert!((-1e-9..=0.03).contains(&excess), "{from:?} {to:?}: {found_m} {shortest_m}");
    }
}

/// Whatever lies on a way that is short enough is as far as a search all around says, to the bit.
#[test]
fn a_search_towards_a_place_finds_what_a_search_all_around_finds() {
    const PAIRS: [([f64; 2], [f64; 2]); 8] = [
        ([10.6, 57.7], [18.3, 57.6]),
        ([131.9, 43.0], [129.1, 35.0]),
        ([28.9, 41.2], [23.5, 37.9]),
        ([103.8, 1.2], [100.3, 5.4]),
        ([-6.3, 36.5], [3.1, 39.5]),
        ([139.8, 35.3], [135.4, 34.6]),
        ([-1.3, 50.7], [-4.3, 53.4]),
        ([178.0, -37.6], [-176.0, -38.5]),
    ];
    let sea = Sea::built_in();
    let mut compared = 0;
    for (from, to) in PAIRS {
        let (from, to) = (at(from[0], from[1]), at(to[0], to[1]));
        for slack_m in [30_000.0, 300_000.0] {
            let Some(direct_m) = sea.search(from, 3_000_000.0).distance_m(sea, to) else {
                panic!("there is no way from {from:?} to {to:?}");
            };
            let whole_m = direct_m + slack_m;
            let (around, towards) =
                (sea.search(from, whole_m), sea.search_towards(from, whole_m, to, whole_m));
            for step in 0..400_i32 {
                // All over the box around both, and a little beyond.
                let share = |n: i32| f64::from(n) / 19.0 * 1.4 - 0.2;
                let between = |a: i32, b: i32, share: f64| {
                    f64::from(a) / 1e6 + share * (f64::from(b) - f64::from(a)) / 1e6
                };
                let mut to_lon = to.lon;
                if (to.lon - from.lon).abs() > 180_000_000 {
                    to_lon += 360_000_000;
                }
                let goal = at(
                    between(from.lon, to_lon, share(step % 20)),
                    between(from.lat, to.lat, share(step / 20)),
                );
                if let Some(distance_m) = around.distance_m(sea, goal)
                    && distance_m + goal.distance_m(to) <= whole_m
                {
                    assert_eq!(towards.distance_m(sea, goal), Some(distance_m), "{from:?} {goal:?} {to:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 500, "{compared}");
}
