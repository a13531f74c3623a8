//! Outlines of sets of cells of a grid: polygons along the edges that have a cell on one side only.
//!
//! A cell is given by its corners, counter-clockwise. What a corner is does not matter, as long as cells that
//! share one name it alike.
//!
//! ```
//! use geofence::cells::outline;
//! let square = |x: i32, y: i32| vec![(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)];
//! let place = |(x, y): (i32, i32)| [f64::from(x), f64::from(y)];
//! let polygons = outline([square(0, 0), square(1, 0)], place, 0.0);
//! assert_eq!(polygons.len(), 1);
//! assert_eq!(polygons[0][0].len(), 7, "six corners, the first one twice");
//! ```

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

/// All of the way round, degrees.
const FULL_TURN: f64 = 360.0;

/// A closed ring of longitudes and latitudes in degrees; longitudes may go on beyond 180°.
pub type Ring = Vec<[f64; 2]>;

/// An edge: where it ends, and the number of the cell on its left.
type Edge<C> = (C, usize);

/// The area of some cells as polygons, each an outer ring counter-clockwise and its holes clockwise. `place` tells
/// longitude and latitude of a corner; longitudes come out within half a turn of `middle`. No ring meets itself.
#[must_use]
pub fn outline<C: Copy + Ord>(
    cells: impl IntoIterator<Item = Vec<C>>,
    place: impl Fn(C) -> [f64; 2],
    middle: f64,
) -> Vec<Vec<Ring>> {
    let unwrapped = |corner: &C| {
        let [lon, lat] = place(*corner);
        [lon - FULL_TURN * libm::round((lon - middle) / FULL_TURN), lat]
    };
    let closed = rings(cells).into_iter();
    let closed = closed.map(|ring| ring.iter().chain(ring.first()).map(unwrapped).collect::<Ring>());
    let (outer, holes): (Vec<Ring>, Vec<Ring>) = closed.partition(|ring| doubled_area(ring) > 0.0);
    let mut polygons: Vec<Vec<Ring>> = outer.into_iter().map(|ring| vec![ring]).collect();
    for hole in holes {
        let Some(inside) = middle_of_first_edge(&hole) else { continue };
        let around = polygons.iter_mut().filter(|polygon| holds(&polygon[0], inside));
        let smallest = around.min_by(|a, b| doubled_area(&a[0]).total_cmp(&doubled_area(&b[0])));
        if let Some(polygon) = smallest {
            polygon.push(hole);
        }
    }
    polygons
}

/// Rings around cells, put together of edges at their ends. Where two cells meet in a corner only, each goes its way.
fn rings<C: Copy + Ord>(cells: impl IntoIterator<Item = Vec<C>>) -> Vec<Vec<C>> {
    let mut edges: BTreeMap<(C, C), usize> = BTreeMap::new();
    for (cell, corners) in cells.into_iter().enumerate() {
        for (at, corner) in corners.iter().enumerate() {
            let next = corners[(at + 1) % corners.len()];
            if edges.remove(&(next, *corner)).is_none() {
                edges.insert((*corner, next), cell);
            }
        }
    }
    let mut onward: BTreeMap<C, Vec<Edge<C>>> = BTreeMap::new();
    for ((start, end), cell) in edges {
        onward.entry(start).or_default().push((end, cell));
    }
    let meeting: BTreeSet<C> =
        onward.iter().filter(|(_, edges)| edges.len() > 1).map(|(corner, _)| *corner).collect();
    let mut rings = Vec::new();
    while let Some(first) = onward.keys().next().copied() {
        let mut edge = take(&mut onward, first, None);
        let mut ring = vec![first];
        while let Some((end, cell)) = edge
            && end != first
        {
            if meeting.contains(&end)
                && let Some(at) = ring.iter().position(|corner| *corner == end)
            {
                rings.push(ring.split_off(at));
            }
            ring.push(end);
            edge = take(&mut onward, end, Some(cell));
        }
        rings.push(ring);
    }
    rings
}

/// Takes an edge that begins at a corner, that of the same cell if there is one.
fn take<C: Copy + Ord>(
    onward: &mut BTreeMap<C, Vec<Edge<C>>>,
    from: C,
    cell: Option<usize>,
) -> Option<Edge<C>> {
    let edges = onward.get_mut(&from)?;
    let at = edges.iter().position(|(_, of)| Some(*of) == cell).unwrap_or(0);
    let taken = edges.swap_remove(at);
    if edges.is_empty() {
        onward.remove(&from);
    }
    Some(taken)
}

/// Twice the area of a closed ring, positive if it goes round counter-clockwise.
fn doubled_area(ring: &[[f64; 2]]) -> f64 {
    ring.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum()
}

/// A point of a ring in which it meets no other.
fn middle_of_first_edge(ring: &[[f64; 2]]) -> Option<[f64; 2]> {
    let [a, b] = ring.get(..2)? else { return None };
    Some([(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0])
}

/// Whether a point lies in a closed ring.
fn holds(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let crosses = |pair: &&[[f64; 2]]| {
        let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
        (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax)
    };
    ring.windows(2).filter(crosses).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outline of squares given as a map: `#` is a cell, the last line is the southernmost.
    fn outline_of(map: &[&str], west: i32) -> Vec<Vec<Ring>> {
        let mut cells = Vec::new();
        for (y, line) in (0..).zip(map.iter().rev()) {
            for (x, mark) in (west..).zip(line.chars()) {
                if mark == '#' {
                    cells.push(vec![(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]);
                }
            }
        }
        outline(cells, |(x, y): (i32, i32)| [f64::from(x), f64::from(y)], f64::from(west))
    }

    #[track_caller]
    fn check(map: &[&str], expected: &[&[f64]]) {
        let polygons = outline_of(map, 0);
        let areas: Vec<Vec<f64>> = polygons
            .iter()
            .map(|rings| rings.iter().map(|ring| doubled_area(ring) / 2.0).collect())
            .collect();
        assert_eq!(areas, expected, "{map:?}");
        for ring in polygons.iter().flatten() {
            let mut corners: Vec<[i64; 2]> = ring[1..].iter().map(|[x, y]| [*x as i64, *y as i64]).collect();
            let many = corners.len();
            corners.sort_unstable();
            corners.dedup();
            assert_eq!((ring[0], corners.len()), (ring[many], many), "{map:?}: {ring:?}");
        }
    }

    #[test]
    fn outer_rings_are_positive_and_holes_negative() {
        check(&["#"], &[&[1.0]]);
        check(&["##", "#."], &[&[3.0]]);
        check(&["###", "#.#", "###"], &[&[9.0, -1.0]]);
        check(&["#.#"], &[&[1.0], &[1.0]]);
        // An island in a hole is an area of its own.
        check(&["#####", "#...#", "#.#.#", "#...#", "#####"], &[&[25.0, -9.0], &[1.0]]);
    }

    #[test]
    fn cells_that_meet_in_a_corner_make_no_ring_that_meets_itself() {
        check(&["#.", ".#"], &[&[1.0], &[1.0]]);
        check(&[".#", "#."], &[&[1.0], &[1.0]]);
        // Around a hole that touches the outside in a corner.
        check(&["###", "#.#", "##."], &[&[8.0, -1.0]]);
        check(&["##.", "#.#", "###"], &[&[8.0, -1.0]]);
        // Two holes that touch each other.
        check(&["####", "#.##", "##.#", "####"], &[&[16.0, -1.0, -1.0]]);
    }

    #[test]
    fn longitudes_go_on_beyond_half_a_turn() {
        let polygons = outline_of(&["##"], 179);
        let lons: Vec<f64> = polygons[0][0].iter().map(|[lon, _]| *lon).collect();
        assert!(lons.contains(&179.0) && lons.contains(&181.0), "{lons:?}");
        let wrapped = outline(
            [vec![(-180, 0), (-179, 0), (-179, 1), (-180, 1)]],
            |(x, y): (i32, i32)| [f64::from(x), f64::from(y)],
            179.0,
        );
        assert_eq!(wrapped[0][0][0], [180.0, 0.0]);
    }
}
