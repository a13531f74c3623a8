//! Sightings of ships that transmit: their reports before and after say where they were at that moment.

use model::Position;
use model::position::{destination, interpolate, reachable};
use model::sighting::{Near, Sighting};
use model::time::MINUTE_MS;

use super::length_weight;
use super::lookout::Around;
use crate::reach::way_m;

/// A single report tells of the moment this long before or after it.
const ALONE_MS: i64 = 10 * MINUTE_MS;
/// Antennas are not in the middle of ships, clocks differ, and shadows and wakes are seen for ships.
const SLACK_M: f64 = 500.0;
/// Ships turn: on a way from the nearer report they may be off by this share of it.
const TURN: f64 = 0.2;
/// Ships slower than this (0.1 kn) lie where they are.
const AT_REST: u16 = 5;

/// How far a ship was from a sighting that it explains, metres; `None` if it does not.
#[must_use]
pub fn explains_m(sighting: &Sighting, around: &Around) -> Option<f64> {
    let near = around.after.as_ref().or(around.before.as_ref())?;
    let length = near.statics.dimensions.map(model::Dimensions::length);
    let is_like = length_weight(sighting.length, length).is_some();
    if !is_like || !sighting.can_be(near.track.mmsi, near.statics.imo) {
        return None;
    }
    let (place, way_m) = place_at(sighting, around)?;
    let off_m = place.distance_m(sighting.fix.position);
    (off_m <= sighting.accuracy_m + SLACK_M + TURN * way_m).then_some(off_m)
}

/// Where the ship was then, and how far that is from the nearer report.
fn place_at(sighting: &Sighting, around: &Around) -> Option<(Position, f64)> {
    let t = sighting.fix.t.0;
    let alone = |near: &Near| {
        let ahead_ms = t - near.fix.t.0;
        (ahead_ms.abs() <= ALONE_MS).then(|| reckoned(near, ahead_ms))
    };
    match (&around.before, &around.after) {
        (Some(before), Some(after)) => {
            let (a, b) = (before.fix, after.fix);
            if !reachable(a.position, a.t.0, b.position, b.t.0) {
                return None;
            }
            let share = (t - a.t.0) as f64 / (b.t.0 - a.t.0).max(1) as f64;
            let place = interpolate(a.position, b.position, share);
            let nearer = if share < 0.5 { a } else { b };
            Some((place, place.distance_m(nearer.position)))
        }
        (Some(near), None) | (None, Some(near)) => alone(near),
        (None, None) => None,
    }
}

/// Dead reckoning, ahead or back.
fn reckoned(near: &Near, ahead_ms: i64) -> (Position, f64) {
    let sog = near.sog.unwrap_or(0);
    let way_m = way_m(f64::from(sog) / 10.0, ahead_ms.abs());
    match near.cog.filter(|_| sog > AT_REST) {
        Some(cog) => {
            let course = f64::from(cog) / 10.0 + if ahead_ms < 0 { 180.0 } else { 0.0 };
            (destination(near.fix.position, course, way_m), way_m)
        }
        None => (near.fix.position, way_m),
    }
}
