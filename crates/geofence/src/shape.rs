//! Exact point-in-area and the distance to an edge.

use alloc::vec::Vec;

use model::port::{Ring, Vertex};
use model::position::{EARTH_RADIUS_M, RADIANS_PER_UNIT};
use model::{Position, Shape};

/// One turn around the globe in units of 10⁻⁶ degree.
pub const TURN: i32 = 360_000_000;

/// Smallest rectangle around a shape; longitudes may go beyond ±180°.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub west: i64,
    pub south: i64,
    pub east: i64,
    pub north: i64,
}

/// Where a point lies to a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Inside,
    Boundary,
    Outside,
}

/// Whether a shape holds a position; the boundary is inside.
pub fn contains(shape: &Shape, position: Position) -> bool {
    match shape {
        Shape::Circle { centre, radius_m } => centre.distance_m(position) <= *radius_m,
        Shape::Polygons(polygons) => [0, TURN, -TURN].into_iter().any(|turn| {
            let point = Vertex { lon: position.lon + turn, lat: position.lat };
            polygons.iter().any(|rings| polygon_contains(rings, point))
        }),
    }
}

/// Whether a polygon holds a point given in the longitudes of its rings.
pub fn polygon_contains(rings: &[Ring], point: Vertex) -> bool {
    let Some((outer, holes)) = rings.split_first() else { return false };
    match side(outer, point) {
        Side::Outside => false,
        Side::Boundary => true,
        // The edge of a hole still belongs to the polygon.
        Side::Inside => holes.iter().all(|hole| side(hole, point) != Side::Inside),
    }
}

// Even-odd rule on integers. Products stay below 2⁶³: differences are at most 7.2·10⁸ each.
fn side(ring: &Ring, point: Vertex) -> Side {
    let mut inside = false;
    let (px, py) = (i64::from(point.lon), i64::from(point.lat));
    for (a, b) in edges(ring) {
        let (ax, ay, bx, by) = (i64::from(a.lon), i64::from(a.lat), i64::from(b.lon), i64::from(b.lat));
        if (ay < py && by < py) || (ay > py && by > py) || (ax < px && bx < px) {
            continue;
        }
        let turn = (bx - ax) * (py - ay) - (by - ay) * (px - ax);
        let in_box = px >= ax.min(bx) && px <= ax.max(bx) && py >= ay.min(by) && py <= ay.max(by);
        if turn == 0 && in_box {
            return Side::Boundary;
        }
        // A ray towards the east crosses edges of which one end is above and the other not.
        if (ay > py) != (by > py) && (turn > 0) == (by > ay) {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// The edges of a ring, the closing one included.
pub fn edges(ring: &Ring) -> impl Iterator<Item = (Vertex, Vertex)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1)).take(ring.len())
}

/// Distance from a position outside to the nearest edge, metres, in the plane at the position.
pub fn distance_m(shape: &Shape, position: Position) -> f64 {
    match shape {
        Shape::Circle { centre, radius_m } => (centre.distance_m(position) - radius_m).max(0.0),
        Shape::Polygons(polygons) => {
            let to_east = libm::cos(f64::from(position.lat) * RADIANS_PER_UNIT);
            let mut nearest = f64::INFINITY;
            for turn in [0, TURN, -TURN] {
                let point = Vertex { lon: position.lon + turn, lat: position.lat };
                for ring in polygons.iter().flatten() {
                    for (a, b) in edges(ring) {
                        nearest = nearest.min(squared_to_edge(point, to_east, a, b));
                    }
                }
            }
            libm::sqrt(nearest)
        }
    }
}

fn squared_to_edge(point: Vertex, to_east: f64, a: Vertex, b: Vertex) -> f64 {
    let flat = |vertex: Vertex| {
        let unit_m = RADIANS_PER_UNIT * EARTH_RADIUS_M;
        (f64::from(vertex.lon - point.lon) * unit_m * to_east, f64::from(vertex.lat - point.lat) * unit_m)
    };
    let ((ax, ay), (bx, by)) = (flat(a), flat(b));
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (ax + along * dx, ay + along * dy);
    x * x + y * y
}

/// The rectangle around a shape.
pub fn bounds(shape: &Shape) -> Bounds {
    match shape {
        Shape::Circle { centre, radius_m } => circle_bounds(*centre, *radius_m),
        Shape::Polygons(polygons) => {
            let all: Vec<Vertex> =
                polygons.iter().filter_map(|rings| rings.first()).flatten().copied().collect();
            let lon =
                |pick: fn(i64, i64) -> i64| all.iter().map(|v| i64::from(v.lon)).reduce(pick).unwrap_or(0);
            let lat =
                |pick: fn(i64, i64) -> i64| all.iter().map(|v| i64::from(v.lat)).reduce(pick).unwrap_or(0);
            Bounds { west: lon(i64::min), south: lat(i64::min), east: lon(i64::max), north: lat(i64::max) }
        }
    }
}

fn circle_bounds(centre: Position, radius_m: f64) -> Bounds {
    let box_of = Bounds {
        west: i64::from(centre.lon),
        south: i64::from(centre.lat),
        east: i64::from(centre.lon),
        north: i64::from(centre.lat),
    };
    box_of.grown(radius_m * 1.001)
}

impl Bounds {
    /// The rectangle grown by a distance on all sides, generously, and never smaller than ±90°.
    pub fn grown(self, distance_m: f64) -> Bounds {
        let north_units = libm::ceil(distance_m / (RADIANS_PER_UNIT * EARTH_RADIUS_M)) as i64 + 1;
        let (south, north) = (self.south - north_units, self.north + north_units);
        let farthest = south.abs().max(north.abs()).min(89_900_000);
        let narrowing = libm::cos(farthest as f64 * RADIANS_PER_UNIT);
        let east_units = libm::ceil(north_units as f64 / narrowing) as i64;
        // Around a pole every longitude is close.
        let east_units =
            if south.abs().max(north.abs()) >= 89_900_000 { i64::from(TURN) / 2 } else { east_units };
        Bounds { west: self.west - east_units, south, east: self.east + east_units, north }
    }
}
