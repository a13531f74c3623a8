use super::*;
use super::lattice::*;
use super::search::length_m;
use h3o::{LatLng, CellIndex, Resolution};
use alloc::vec::Vec;

fn h3(lattice: &Lattice, place: Place) -> CellIndex {
    let v = lattice.centre(place);
    LatLng::from_radians(libm::asin(v[2]), libm::atan2(v[1], v[0])).unwrap().to_cell(Resolution::Five)
}

#[test]
fn rows_hold_each_cell_once() {
    let lattice = Lattice::new();
    let mut count = 0;
    for face in 0..FACES { for b in Lattice::rows() { count += lattice.row(face, b).len(); } }
    assert_eq!(count, 2_016_842);
}

#[test]
fn places_are_cells_and_have_their_neighbours() {
    let lattice = Lattice::new();
    let mut seen = 0;
    for face in 0..FACES { for b in Lattice::rows() {
        let row = lattice.row(face, b);
        let (start, end) = (row.start, row.end);
        for slot in row {
            if slot % 97 != 0 && slot > start + 1 && slot + 2 < end { continue; }
            let place = Place::of_slot(slot);
            assert_eq!(place.slot(), slot);
            let cell = h3(&lattice, place);
            let ll = LatLng::from(cell);
            let v = point(ll.lng_radians(), ll.lat_radians());
            assert!(dot(v, lattice.centre(place)) > 1.0 - 1e-12);
            assert_eq!(lattice.locate(v), place);
            let mut ours: Vec<CellIndex> = (0..6).map(|d| h3(&lattice, lattice.neighbour(place, d))).collect();
            ours.sort(); ours.dedup();
            let mut theirs: Vec<CellIndex> = cell.grid_disk::<Vec<_>>(1).into_iter().filter(|c| *c != cell).collect();
            theirs.sort();
            assert_eq!(ours, theirs, "{place:?}");
            seen += 1;
        }
    } }
    assert!(seen > 20_000);
}

/// The shortest way over all cells near land, found without any cleverness.
fn exact_m(sea: &Sea, from: Position, to: Position, bound_m: f64) -> f64 {
    let (start, goal) = (vector(from), vector(to));
    let mut opened = sea.opened(start);
    opened.extend(sea.opened(goal));
    let sight = sea.sight(&opened);
    let mut points = alloc::vec![start, goal];
    for face in 0..FACES { for b in Lattice::rows() { for slot in sea.lattice.row(face, b) {
        let c = sea.centre(slot);
        if (opened.contains(&slot) || sea.field.is_wet(slot) && sea.field.steps(slot) <= 2) && length_m(start, c) + length_m(c, goal) <= bound_m { points.push(c); }
    } } }
    let mut best = alloc::vec![f64::INFINITY; points.len()];
    let mut done = alloc::vec![false; points.len()];
    best[0] = 0.0;
    loop {
        let mut next = None;
        for i in 0..points.len() { if !done[i] && best[i] < f64::INFINITY && next.is_none_or(|n: usize| best[i] < best[n]) { next = Some(i); } }
        let Some(at) = next else { return f64::INFINITY };
        if at == 1 { return best[1]; }
        done[at] = true;
        for i in 0..points.len() {
            let d = best[at] + length_m(points[at], points[i]);
            if !done[i] && d < best[i] && d + length_m(points[i], goal) <= bound_m && sight.is_clear(points[at], points[i]) { best[i] = d; }
        }
    }
}

#[test]
fn nearly_exact() {
    extern crate std;
    let sea = Sea::built_in();
    let places = std::fs::read_to_string("/tmp/near.txt").unwrap();
    for line in places.lines() {
        let f: Vec<&str> = line.split_whitespace().collect();
        let n = |i: usize| f[i].parse::<f64>().unwrap();
        let (a, b) = (Position::from_degrees(n(1), n(2)).unwrap(), Position::from_degrees(n(3), n(4)).unwrap());
        let one = sea.search(a, 5e6).distance_m(&sea, b).unwrap_or(-1.0);
        let other = sea.search(b, 5e6).distance_m(&sea, a).unwrap_or(-1.0);
        let exact = exact_m(&sea, a, b, one.min(other) + 1.0);
        std::println!("{:20} {:8.1} {:8.1} exact {:8.1}  {:+.2}% {:+.2}%", f[0], one/1852.0, other/1852.0, exact/1852.0, (one/exact-1.0)*100.0, (other/exact-1.0)*100.0);
    }
}
