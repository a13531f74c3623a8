//! The coast as it is drawn in reports: `crates/darkwake/report/coast.bin`.
//!
//! Rings one after the other: the number of corners, then the corners in steps of 1/500°, each as what it differs by from the
//! one before, longitude and latitude. Numbers have seven bits a byte, the lowest first, the top bit set in all bytes but the
//! last; those with a sign are twice their size, less one if they are below zero. A ring closes itself. Longitudes go on
//! where it crosses the antimeridian.

use serde_json::Value;

use super::coast::{self, Corner};

/// Steps of a degree: 200 m, finer than the source.
const STEPS: f64 = 500.0;
/// Corners closer than this to the line through their neighbours are left out, degrees.
const TOLERANCE: f64 = 0.008;
/// Rings with a smaller box around them are left out, degrees: islets of two kilometres at most.
const SMALLEST: f64 = 0.025;
/// Rings with fewer corners are kept as they are.
const FEW: usize = 5;
/// A ring whose ends are farther apart goes around a pole, degrees.
const AROUND: f64 = 180.0;

/// The file.
///
/// # Errors
/// If the map is not what it should be.
pub fn encode(map: &Value) -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::new();
    for ring in coast::rings(map)? {
        let ring = unwrapped(&ring);
        if longer_side(&ring) >= SMALLEST {
            write(&mut out, &simplified(&ring));
        }
    }
    Ok(out)
}

/// Makes longitudes go on across the antimeridian; what goes around a pole is closed over it.
fn unwrapped(ring: &[Corner]) -> Vec<Corner> {
    let Some(first) = ring.first() else { return Vec::new() };
    let mut lon = first[0];
    let mut points = vec![*first];
    for pair in ring.windows(2) {
        lon += coast::wrap(pair[1][0] - pair[0][0]);
        points.push([lon, pair[1][1]]);
    }
    if (lon - first[0]).abs() >= AROUND {
        let pole = if first[1] < 0.0 { -90.0 } else { 90.0 };
        points.extend([[lon, pole], [first[0], pole], *first]);
    }
    points
}

/// The longer side of the box around a ring, degrees.
fn longer_side(ring: &[Corner]) -> f64 {
    let side = |axis: usize| {
        let low = ring.iter().map(|corner| corner[axis]).fold(f64::INFINITY, f64::min);
        let high = ring.iter().map(|corner| corner[axis]).fold(f64::NEG_INFINITY, f64::max);
        high - low
    };
    side(0).max(side(1))
}

/// Leaves out corners that hardly bend the line (Douglas and Peucker).
fn simplified(ring: &[Corner]) -> Vec<Corner> {
    if ring.len() < FEW {
        return ring.to_vec();
    }
    // A ring ends where it starts: a corner half-way keeps it from falling together.
    let (middle, last) = (ring.len() / 2, ring.len() - 1);
    let mut is_kept = vec![false; ring.len()];
    for at in [0, middle, last] {
        is_kept[at] = true;
    }
    let mut spans = vec![(0, middle), (middle, last)];
    while let Some((from, to)) = spans.pop() {
        let none: (f64, Option<usize>) = (TOLERANCE * TOLERANCE, None);
        let (_, worst) = (from + 1..to).fold(none, |worst, at| {
            let distance = distance_squared(ring[at], ring[from], ring[to]);
            if distance > worst.0 { (distance, Some(at)) } else { worst }
        });
        if let Some(at) = worst {
            is_kept[at] = true;
            spans.extend([(from, at), (at, to)]);
        }
    }
    ring.iter().zip(is_kept).filter(|(_, is_kept)| *is_kept).map(|(corner, _)| *corner).collect()
}

/// Of a point to a line between two others, in square degrees.
fn distance_squared(point: Corner, from: Corner, to: Corner) -> f64 {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx * dx + dy * dy;
    let along =
        if length == 0.0 { 0.0 } else { ((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / length };
    let share = along.clamp(0.0, 1.0);
    let (x, y) = (point[0] - from[0] - share * dx, point[1] - from[1] - share * dy);
    x * x + y * y
}

/// Writes a ring without the corner that closes it.
fn write(out: &mut Vec<u8>, ring: &[Corner]) {
    let steps = |corner: &Corner| ((corner[0] * STEPS).round() as i64, (corner[1] * STEPS).round() as i64);
    let mut corners: Vec<(i64, i64)> = ring.iter().take(ring.len().saturating_sub(1)).map(steps).collect();
    corners.dedup();
    number(out, corners.len() as u64);
    let mut before = (0, 0);
    for corner in corners {
        signed(out, corner.0 - before.0);
        signed(out, corner.1 - before.1);
        before = corner;
    }
}

fn signed(out: &mut Vec<u8>, value: i64) {
    number(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
