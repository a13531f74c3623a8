//! The part of the world that a report draws: around all that is to be seen, with the coast in it.

use model::Position;
use model::position::UNITS_PER_DEGREE;
use serde_json::{Value, json};

/// The coast, made by `cargo xtask water`, which says how it is written.
static COAST: &[u8] = include_bytes!("coast.bin");
/// Steps of the coast in a degree.
const STEPS: f64 = 500.0;
/// A corner closer to the one before than the width of the window by this is left out.
const FINENESS: f64 = 3_000.0;
/// Land and sea around what is to be seen: a share of its extent, and at least this, degrees.
const MARGIN: f64 = 0.15;
const LEAST_MARGIN: f64 = 0.5;
/// Mercator's maps end here, degrees.
const MOST_LAT: f64 = 84.0;
/// Once round the world.
const TURN: f64 = 360.0;

/// A corner, degrees.
type Corner = [f64; 2];

/// A box of the world, degrees; east is greater than west, and may be beyond 180.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl Window {
    /// Around places; around the world where there are none.
    pub fn around(places: &[Position]) -> Window {
        let Some((west, east)) = arc(places) else {
            return Window { west: -180.0, south: -60.0, east: 180.0, north: 75.0 };
        };
        let lats = || places.iter().map(|place| degrees(i64::from(place.lat)));
        let (south, north) = (lats().fold(f64::INFINITY, f64::min), lats().fold(f64::NEG_INFINITY, f64::max));
        let margin = ((east - west).max(north - south) * MARGIN).max(LEAST_MARGIN);
        let (mut west, mut east) = (west - margin, east + margin);
        if east - west > TURN {
            let middle = (west + east) / 2.0;
            (west, east) = (middle - TURN / 2.0, middle + TURN / 2.0);
        }
        let within = |lat: f64| lat.clamp(-MOST_LAT, MOST_LAT);
        Window { west, south: within(south - margin), east, north: within(north + margin) }
    }

    /// West, south, east, north.
    pub fn value(self) -> Value {
        let rounded = |degrees: f64| (degrees * STEPS).round() / STEPS;
        json!([rounded(self.west), rounded(self.south), rounded(self.east), rounded(self.north)])
    }

    /// The land in it: rings of steps, each corner as what it differs by from the one before.
    pub fn coast(self) -> Value {
        let mut rings = Vec::new();
        for ring in all_rings() {
            for turn in [-TURN, 0.0, TURN] {
                rings.extend(self.cut(&ring, turn).map(Value::from));
            }
        }
        json!({ "scale": STEPS, "rings": rings })
    }

    /// The part of a ring that lies in the window, as differences, if any does.
    fn cut(self, ring: &[Corner], turn: f64) -> Option<Vec<i64>> {
        let mut corners: Vec<Corner> = ring.iter().map(|[lon, lat]| [lon + turn, *lat]).collect();
        let sides = [(0, 1.0, self.west), (0, -1.0, self.east), (1, 1.0, self.south), (1, -1.0, self.north)];
        for (axis, sign, edge) in sides {
            corners = beyond(&corners, axis, sign, edge);
        }
        let least = (self.east - self.west) * STEPS / FINENESS;
        let mut kept: Vec<(i64, i64)> = Vec::new();
        for [lon, lat] in corners {
            let corner = ((lon * STEPS).round() as i64, (lat * STEPS).round() as i64);
            let is_far = |before: &(i64, i64)| {
                let apart = (before.0 - corner.0).abs() + (before.1 - corner.1).abs();
                apart as f64 > least
            };
            if kept.last().is_none_or(is_far) {
                kept.push(corner);
            }
        }
        (kept.len() > 2).then(|| differences(&kept))
    }
}

/// Each as what it differs by from the one before, one after the other.
pub fn differences(corners: &[(i64, i64)]) -> Vec<i64> {
    let mut before = (0, 0);
    let mut steps = Vec::with_capacity(corners.len() * 2);
    for corner in corners {
        steps.extend([corner.0 - before.0, corner.1 - before.1]);
        before = *corner;
    }
    steps
}

/// The part of a ring that is beyond an edge (Sutherland and Hodgman): west of it or east, south or north.
fn beyond(ring: &[Corner], axis: usize, sign: f64, edge: f64) -> Vec<Corner> {
    let is_in = |corner: &Corner| (corner[axis] - edge) * sign >= 0.0;
    let mut kept = Vec::new();
    let Some(mut before) = ring.last() else { return kept };
    for corner in ring {
        if is_in(before) != is_in(corner) {
            let share = (edge - before[axis]) / (corner[axis] - before[axis]);
            let mut crossing = [0, 1].map(|axis| before[axis] + share * (corner[axis] - before[axis]));
            crossing[axis] = edge;
            kept.push(crossing);
        }
        if is_in(corner) {
            kept.push(*corner);
        }
        before = corner;
    }
    kept
}

/// The shortest arc of longitude that holds all places, from west to east, degrees.
fn arc(places: &[Position]) -> Option<(f64, f64)> {
    const ROUND: i64 = 360 * UNITS_PER_DEGREE as i64;
    let mut lons: Vec<i64> = places.iter().map(|place| i64::from(place.lon)).collect();
    lons.sort_unstable();
    lons.dedup();
    let (first, last) = (*lons.first()?, *lons.last()?);
    // What is left out is the widest gap between two that follow each other, round the world.
    let mut widest = (first + ROUND - last, first, last);
    for pair in lons.windows(2) {
        if pair[1] - pair[0] > widest.0 {
            widest = (pair[1] - pair[0], pair[1], pair[0] + ROUND);
        }
    }
    Some((degrees(widest.1), degrees(widest.2)))
}

/// Degrees of a coordinate.
pub fn degrees(units: i64) -> f64 {
    units as f64 / f64::from(UNITS_PER_DEGREE)
}

/// All rings of the coast.
fn all_rings() -> Vec<Vec<Corner>> {
    let mut numbers = numbers(COAST);
    let mut rings = Vec::new();
    while let Some(length) = numbers.next() {
        let (mut lon, mut lat) = (0_i64, 0_i64);
        let mut ring = Vec::new();
        for _ in 0..length {
            let (Some(x), Some(y)) = (numbers.next(), numbers.next()) else { break };
            lon += signed(x);
            lat += signed(y);
            ring.push([lon as f64 / STEPS, lat as f64 / STEPS]);
        }
        rings.push(ring);
    }
    rings
}

/// Numbers of seven bits a byte.
fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let mut bytes = bytes.iter();
    std::iter::from_fn(move || {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = *bytes.next()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Some(number)
    })
}

fn signed(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> Position {
        Position::from_degrees(lon, lat).unwrap()
    }

    /// Whether a point is land, by the rings of a window.
    fn is_land(coast: &Value, lon: f64, lat: f64) -> bool {
        let mut crossings = 0;
        for ring in coast["rings"].as_array().unwrap() {
            let (mut x, mut y) = (0_i64, 0_i64);
            let steps: Vec<i64> =
                ring.as_array().unwrap().iter().map(|step| step.as_i64().unwrap()).collect();
            let corner = |step: &[i64]| {
                x += step[0];
                y += step[1];
                [x as f64 / STEPS, y as f64 / STEPS]
            };
            let corners: Vec<Corner> = steps.chunks(2).map(corner).collect();
            for (number, to) in corners.iter().enumerate() {
                let from = corners[(number + corners.len() - 1) % corners.len()];
                let is_across = (from[0] <= lon) != (to[0] <= lon);
                if is_across && from[1] + (lon - from[0]) / (to[0] - from[0]) * (to[1] - from[1]) > lat {
                    crossings += 1;
                }
            }
        }
        crossings % 2 == 1
    }

    #[test]
    fn the_coast_of_a_window_tells_land_from_sea() {
        let window = Window::around(&[at(129.0, 39.0), at(134.0, 43.5)]);
        let coast = window.coast();
        for (lon, lat, expected) in
            [(131.0, 44.0, true), (129.0, 42.5, true), (131.5, 41.5, false), (133.0, 39.5, false)]
        {
            assert_eq!(is_land(&coast, lon, lat), expected, "{lon} {lat}");
        }
        assert!(coast.to_string().len() < 100_000);
    }

    #[test]
    fn a_window_goes_on_across_the_antimeridian() {
        let window = Window::around(&[at(178.0, 62.0), at(-170.0, 66.0)]);
        let coast = window.coast();
        assert!(
            is_land(&coast, 179.0, 67.5) && is_land(&coast, 187.5, 65.5) && !is_land(&coast, 183.0, 63.0)
        );
        assert_eq!((window.value()[0].as_f64(), window.value()[2].as_f64()), (Some(176.2), Some(191.8)));
    }

    #[test]
    fn ships_all_over_the_world_have_a_window_that_goes_round_it_once() {
        let places: Vec<Position> = (0..36).map(|step| at(f64::from(step) * 10.0 - 180.0, 0.0)).collect();
        let window = Window::around(&places);
        assert!((window.east - window.west - TURN).abs() < 1e-9, "{window:?}");
        assert!(window.coast().to_string().len() < 1_500_000);
        let none = Window::around(&[]);
        assert!(none.west < none.east && !none.coast()["rings"].as_array().unwrap().is_empty());
    }
}
