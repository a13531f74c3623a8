//! Exact geometry of rings in the plane of integer longitude and latitude.
//!
//! Coordinates are 10⁻⁶ degree. Even doubled, differences of longitude stay below 2³² and those of
//! latitude below 2²⁹, so that products fit in `i64` and no test depends on rounding.

use alloc::vec::Vec;
use model::port::Vertex;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// Up to so many edges every pair is looked at; above, an R-tree finds the pairs.
const FEW_EDGES: usize = 48;

/// Where a point lies with regard to a ring or a polygon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Inside,
    Boundary,
    Outside,
}

/// The smallest and largest longitude and latitude of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub west: i32,
    pub south: i32,
    pub east: i32,
    pub north: i32,
}

impl Bounds {
    /// The bounds of a ring; of no vertices, a point at zero.
    pub fn of(ring: &[Vertex]) -> Bounds {
        let Some(first) = ring.first() else {
            return Bounds { west: 0, south: 0, east: 0, north: 0 };
        };
        let start = Bounds { west: first.lon, south: first.lat, east: first.lon, north: first.lat };
        ring.iter().fold(start, |bounds, vertex| Bounds {
            west: bounds.west.min(vertex.lon),
            south: bounds.south.min(vertex.lat),
            east: bounds.east.max(vertex.lon),
            north: bounds.north.max(vertex.lat),
        })
    }

    /// Twice the longitude of the centre.
    pub fn centre_lon_doubled(self) -> i64 {
        i64::from(self.west) + i64::from(self.east)
    }

    /// Whether the two have a point in common once `other` is moved east by `shift`.
    pub fn meet(self, other: Bounds, shift: i64) -> bool {
        i64::from(self.west) <= i64::from(other.east) + shift
            && i64::from(other.west) + shift <= i64::from(self.east)
            && self.south <= other.north
            && other.south <= self.north
    }

    /// Whether the box around two points has a point in common with this one.
    pub fn meet_box(self, a: (i64, i64), b: (i64, i64)) -> bool {
        a.0.min(b.0) <= i64::from(self.east)
            && i64::from(self.west) <= a.0.max(b.0)
            && a.1.min(b.1) <= i64::from(self.north)
            && i64::from(self.south) <= a.1.max(b.1)
    }
}

/// Twice the signed area of the triangle a, b, c; positive if it turns left.
fn turn(a: (i64, i64), b: (i64, i64), c: (i64, i64)) -> i64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

pub(crate) fn point(vertex: Vertex) -> (i64, i64) {
    (i64::from(vertex.lon), i64::from(vertex.lat))
}

fn doubled(vertex: Vertex) -> (i64, i64) {
    (2 * i64::from(vertex.lon), 2 * i64::from(vertex.lat))
}

/// Whether two edges cross in a point that is an end of neither.
pub(crate) fn cross((a, b): ((i64, i64), (i64, i64)), (c, d): ((i64, i64), (i64, i64))) -> bool {
    turn(a, b, c).signum() * turn(a, b, d).signum() < 0 && turn(c, d, a).signum() * turn(c, d, b).signum() < 0
}

/// Whether a point, its coordinates doubled, lies on an edge, ends included.
pub(crate) fn is_on(at: (i64, i64), (a, b): ((i64, i64), (i64, i64))) -> bool {
    let (a, b) = ((2 * a.0, 2 * a.1), (2 * b.0, 2 * b.1));
    (a.0.min(b.0)..=a.0.max(b.0)).contains(&at.0)
        && (a.1.min(b.1)..=a.1.max(b.1)).contains(&at.1)
        && turn(a, b, at) == 0
}

/// The edges of a ring, the closing one included.
pub(crate) fn edges(ring: &[Vertex]) -> impl Iterator<Item = (Vertex, Vertex)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Where a point, its coordinates doubled, lies in a ring.
pub(crate) fn side_of_ring(at: (i64, i64), ring: &[Vertex]) -> Side {
    let mut inside = false;
    for (a, b) in edges(ring) {
        let (a, b) = (doubled(a), doubled(b));
        if (a.1 > at.1 && b.1 > at.1) || (a.1 < at.1 && b.1 < at.1) {
            continue;
        }
        let turn = turn(a, b, at);
        if turn == 0 && (a.0.min(b.0)..=a.0.max(b.0)).contains(&at.0) {
            return Side::Boundary;
        }
        if (a.1 > at.1) != (b.1 > at.1) && (turn > 0) == (b.1 > a.1) {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// Where a point, its coordinates doubled, lies in an outer ring with holes.
pub(crate) fn side_of_polygon(at: (i64, i64), polygon: &[Vec<Vertex>]) -> Side {
    let Some((outer, holes)) = polygon.split_first() else {
        return Side::Outside;
    };
    match side_of_ring(at, outer) {
        Side::Outside => return Side::Outside,
        Side::Boundary => return Side::Boundary,
        Side::Inside => {}
    }
    for hole in holes {
        match side_of_ring(at, hole) {
            Side::Inside => return Side::Outside,
            Side::Boundary => return Side::Boundary,
            Side::Outside => {}
        }
    }
    Side::Inside
}

/// Twice the area of a ring, negative if it runs clockwise.
pub(crate) fn doubled_area(ring: &[Vertex]) -> i128 {
    let Some(first) = ring.first() else { return 0 };
    edges(ring).map(|(a, b)| i128::from(turn(point(*first), point(a), point(b)))).sum()
}

/// Whether all vertices lie on one line.
pub(crate) fn is_flat(ring: &[Vertex]) -> bool {
    let Some(first) = ring.first() else { return true };
    let Some(other) = ring.iter().find(|vertex| *vertex != first) else { return true };
    ring.iter().all(|vertex| turn(point(*first), point(*other), point(*vertex)) == 0)
}

/// The ring from its smallest vertex on, in the direction that gives the smaller list.
pub(crate) fn canonical(ring: &[Vertex]) -> Vec<(i64, i64)> {
    let from_smallest = |mut points: Vec<(i64, i64)>| {
        let smallest = points.iter().enumerate().min_by_key(|(_, point)| **point).map_or(0, |(at, _)| at);
        points.rotate_left(smallest);
        points
    };
    let forward: Vec<_> = ring.iter().copied().map(point).collect();
    let backward: Vec<_> = forward.iter().rev().copied().collect();
    from_smallest(forward).min(from_smallest(backward))
}

/// Whether the hole lies in the ring, given that no edges of the two cross.
pub(crate) fn lies_in(hole: &[Vertex], ring: &[Vertex]) -> bool {
    let midpoints = edges(hole).map(|(a, b)| (point(a).0 + point(b).0, point(a).1 + point(b).1));
    let corners = hole.iter().copied().map(doubled);
    // Points on the boundary do not tell; the first that is off it does.
    let side = corners.chain(midpoints).map(|at| side_of_ring(at, ring)).find(|side| *side != Side::Boundary);
    side != Some(Side::Outside)
}

/// An edge of one of several rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EdgeIndex {
    pub ring: usize,
    /// Number of the vertex at which it starts.
    pub edge: usize,
}

/// Two edges that may not meet as they do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Crossing {
    pub first: EdgeIndex,
    pub second: EdgeIndex,
    /// Where, in 10⁻⁶ degree.
    pub lon: f64,
    pub lat: f64,
    /// Whether the edges run along each other, not across.
    pub along: bool,
}

/// The first edge that crosses or runs along another edge of the same or another ring.
///
/// Rings may touch themselves and each other in points: which points are inside stays clear.
pub(crate) fn first_crossing(rings: &[&[Vertex]]) -> Option<Crossing> {
    let all: Vec<EdgeIndex> = rings
        .iter()
        .enumerate()
        .flat_map(|(ring, vertices)| (0..vertices.len()).map(move |edge| EdgeIndex { ring, edge }))
        .collect();
    if all.len() <= FEW_EDGES {
        return all.iter().enumerate().find_map(|(at, first)| {
            all[at + 1..].iter().find_map(|second| crossing_of(rings, *first, *second))
        });
    }
    let corner = |vertex: Vertex| [f64::from(vertex.lon), f64::from(vertex.lat)];
    let envelope = |index: EdgeIndex| {
        let (a, b) = ends(rings[index.ring], index.edge);
        AABB::from_corners(corner(a), corner(b))
    };
    let entries = all.iter().map(|index| GeomWithData::new(Rectangle::from_aabb(envelope(*index)), *index));
    let tree = RTree::bulk_load(entries.collect());
    all.iter().find_map(|first| {
        tree.locate_in_envelope_intersecting(&envelope(*first))
            .filter(|entry| entry.data > *first)
            .filter_map(|entry| crossing_of(rings, *first, entry.data))
            .min_by_key(|crossing| crossing.second)
    })
}

fn ends(ring: &[Vertex], edge: usize) -> (Vertex, Vertex) {
    (ring[edge], ring[(edge + 1) % ring.len()])
}

fn crossing_of(rings: &[&[Vertex]], first: EdgeIndex, second: EdgeIndex) -> Option<Crossing> {
    let (a, b) = ends(rings[first.ring], first.edge);
    let (c, d) = ends(rings[second.ring], second.edge);
    let apart = a.lon.max(b.lon) < c.lon.min(d.lon)
        || c.lon.max(d.lon) < a.lon.min(b.lon)
        || a.lat.max(b.lat) < c.lat.min(d.lat)
        || c.lat.max(d.lat) < a.lat.min(b.lat);
    if apart {
        return None;
    }
    let (a, b, c, d) = (point(a), point(b), point(c), point(d));
    let (side_c, side_d) = (turn(a, b, c), turn(a, b, d));
    let (side_a, side_b) = (turn(c, d, a), turn(c, d, b));
    let found = |(lon, lat): (f64, f64), along: bool| Some(Crossing { first, second, lon, lat, along });
    let at = if side_c == 0 && side_d == 0 {
        let low = a.min(b).max(c.min(d));
        let high = a.max(b).min(c.max(d));
        if low < high {
            return found((low.0 as f64, low.1 as f64), true);
        }
        low
    } else if side_c.signum() * side_d.signum() > 0 || side_a.signum() * side_b.signum() > 0 {
        return None;
    } else if side_c == 0 {
        c
    } else if side_d == 0 {
        d
    } else if side_a == 0 {
        a
    } else if side_b == 0 {
        b
    } else {
        let share = side_a as f64 / (side_a as f64 - side_b as f64);
        return found(
            (a.0 as f64 + share * (b.0 - a.0) as f64, a.1 as f64 + share * (b.1 - a.1) as f64),
            false,
        );
    };
    // They touch at an end of one. Each of the two lines through that point is looked at once, at
    // the edge that does not start there.
    if at == a || at == c {
        return None;
    }
    let beyond = |index: EdgeIndex, end: (i64, i64)| {
        if at == end {
            point(ends(rings[index.ring], (index.edge + 1) % rings[index.ring].len()).1)
        } else {
            end
        }
    };
    let (to_first, to_second) = (beyond(first, b), beyond(second, d));
    let across = is_between(at, a, to_first, c)? != is_between(at, a, to_first, to_second)?;
    if across { found((at.0 as f64, at.1 as f64), false) } else { None }
}

/// Whether the direction from `at` to `test` lies between those to `from` and `to`, turning left;
/// `None` if it is one of them, or those two are one.
fn is_between(at: (i64, i64), from: (i64, i64), to: (i64, i64), test: (i64, i64)) -> Option<bool> {
    let same = |a: (i64, i64), b: (i64, i64)| {
        turn(at, a, b) == 0
            && (a.0 - at.0).signum() == (b.0 - at.0).signum()
            && (a.1 - at.1).signum() == (b.1 - at.1).signum()
    };
    if same(test, from) || same(test, to) || same(from, to) {
        return None;
    }
    let (left_of_from, left_of_to) = (turn(at, from, test) > 0, turn(at, to, test) > 0);
    let sector = turn(at, from, to);
    Some(if sector > 0 || (sector == 0 && left_of_from) {
        left_of_from && !left_of_to
    } else if sector == 0 {
        false
    } else {
        left_of_from || !left_of_to
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(points: &[(i32, i32)]) -> Vec<Vertex> {
        points.iter().map(|(lon, lat)| Vertex { lon: *lon, lat: *lat }).collect()
    }

    #[track_caller]
    fn crosses(points: &[(i32, i32)], expected: Option<(f64, f64, bool)>) {
        let points = ring(points);
        // Neither where a ring starts nor its direction matter for whether it crosses itself.
        for start in 0..points.len() {
            let mut turned = points.clone();
            turned.rotate_left(start);
            for _ in 0..2 {
                turned.reverse();
                assert_eq!(first_crossing(&[&turned]).is_some(), expected.is_some(), "{turned:?}");
            }
        }
        let found = first_crossing(&[&points]);
        assert_eq!(found.map(|crossing| (crossing.lon, crossing.lat, crossing.along)), expected);
    }

    #[test]
    fn rings_that_cross_themselves_are_found() {
        crosses(&[(0, 0), (4, 0), (4, 4), (0, 4)], None);
        crosses(&[(0, 0), (4, 4), (4, 0), (0, 4)], Some((2.0, 2.0, false)));
        // Through a vertex of its own.
        crosses(&[(0, 0), (2, 2), (4, 4), (4, 0), (2, 2), (0, 4)], Some((2.0, 2.0, false)));
        // Through a vertex that lies in the middle of an edge.
        crosses(&[(0, 0), (4, 0), (2, 4), (2, 0), (1, -4)], Some((2.0, 0.0, false)));
        // Through a vertex at which two of its edges lie on one line.
        crosses(&[(3, 1), (4, 0), (3, 0), (1, 3), (1, 0), (3, 0)], Some((3.0, 0.0, false)));
        // Back over itself: a spike.
        crosses(&[(0, 0), (4, 0), (4, 4), (8, 4), (4, 4), (0, 4)], Some((4.0, 4.0, true)));
    }

    #[test]
    fn rings_may_touch_themselves() {
        crosses(&[(0, 0), (2, 2), (4, 0), (4, 4), (2, 2), (0, 4)], None);
        crosses(&[(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], None);
    }

    #[test]
    fn many_edges_give_the_same_answer_as_few() {
        // A comb of 200 teeth, whose last edge runs through one of them or below all.
        for (lat, expected) in [(-1, false), (5, true)] {
            let mut points: Vec<_> = (0..200).map(|at| (at * 10, if at % 2 == 0 { 0 } else { 10 })).collect();
            points.extend([(2_000, lat), (-10, lat)]);
            assert_eq!(first_crossing(&[&ring(&points)]).is_some(), expected);
        }
    }

    #[test]
    fn the_boundary_is_neither_inside_nor_outside() {
        let triangle = ring(&[(0, 0), (6, 0), (0, 3)]);
        for (at, side) in [
            ((0, 0), Side::Boundary),
            ((8, 2), Side::Boundary),
            ((7, 2), Side::Inside),
            ((9, 2), Side::Outside),
            ((-2, 0), Side::Outside),
            ((14, 0), Side::Outside),
            ((1, 6), Side::Outside),
        ] {
            assert_eq!(side_of_ring(at, &triangle), side, "{at:?}");
        }
        let with_hole = [ring(&[(0, 0), (9, 0), (9, 9), (0, 9)]), ring(&[(3, 3), (6, 3), (6, 6), (3, 6)])];
        assert_eq!(side_of_polygon((8, 8), &with_hole), Side::Outside);
        assert_eq!(side_of_polygon((6, 8), &with_hole), Side::Boundary);
        assert_eq!(side_of_polygon((4, 8), &with_hole), Side::Inside);
    }

    #[test]
    fn a_turned_or_reversed_ring_is_the_same_ring() {
        let mut turned = ring(&[(5, 1), (1, 7), (1, 3), (4, 0)]);
        let expected = canonical(&turned);
        turned.rotate_left(3);
        assert_eq!(canonical(&turned), expected);
        turned.reverse();
        assert_eq!(canonical(&turned), expected);
    }
}
