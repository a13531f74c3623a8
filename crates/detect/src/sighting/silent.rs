//! Ships that were silent at a moment: whether they can have been where somebody was seen, and how likely that was.

use alloc::sync::Arc;
use alloc::vec::Vec;

use model::alert::{Cause, Grade};
use model::position::{NAUTICAL_MILE_M, interpolate};
use model::sighting::Sighting;
use model::{EventTime, Fix, PortIndex, Statics, TrackId};

use super::{Waters, length_weight};
use crate::reach::{MAX_REACH_M, MIN_STAY_MS, likely_m, time_ms, way_m};

/// Two places closer than this are in one cell of the water mask, or in two beside each other.
const CELL_M: f64 = 20_000.0;
/// Where a ship can be is taken to be no smaller than this, nautical miles.
const LEAST_NM: f64 = 10.0;
/// Who would have to hurry is the less likely: at full speed by so much.
const HURRY: f64 = 1.5;
/// Fixes as close as this are of a ship that lay there, metres.
const TOGETHER_M: f64 = 200.0;
/// On its way a ship is off the straight line by so much of what it can go from the nearer fix, as a standard deviation.
const ASTRAY: f64 = 0.1;
/// No place is surer than this (antennas, clocks, swinging at anchor), and no way narrower, nautical miles.
const LEAST_SIGMA_NM: f64 = 0.15;
const LEAST_WAY_NM: f64 = 0.5;
/// Somebody has looked at the ship, and said that it is this one.
const IDENTIFIED: f64 = 3.0;

/// A silence of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Silent {
    /// Whose.
    pub track: TrackId,
    /// What the ship said of itself.
    pub statics: Arc<Statics>,
    /// The last fix before.
    pub start: Fix,
    /// The first fix after; `None` while it is silent.
    pub end: Option<Fix>,
    /// The last message before.
    pub heard: EventTime,
    /// The first message after.
    pub until: Option<EventTime>,
    /// The most that the ship can keep, knots.
    pub speed_kn: f64,
    /// The dark alert that covers it.
    pub dark: Option<Dark>,
}

/// What was told of a dark period.
#[derive(Clone, Debug, PartialEq)]
pub struct Dark {
    /// How sure.
    pub grade: Grade,
    /// Put down to what.
    pub cause: Cause,
    /// The last fix before it.
    pub start: Fix,
    /// The first fix after it.
    pub end: Option<Fix>,
    /// Ports at which the ship could have called in it, and their shares of belief.
    pub ports: Vec<(PortIndex, f64)>,
    /// Alerts that tell of it.
    pub alerts: Vec<u64>,
}

/// The ways to a sighting and on, metres by water, less its accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Legs {
    /// From the last fix.
    pub out_m: f64,
    /// To the first fix after.
    pub on_m: Option<f64>,
}

impl Silent {
    /// Whether the ship was silent at a moment.
    #[must_use]
    pub fn holds(&self, t: EventTime) -> bool {
        self.heard < t && self.until.is_none_or(|until| t < until)
    }

    /// The farthest that the ship can have gone by a moment, and that it can go from there to be in time.
    fn ways_m(&self, t: EventTime) -> (f64, Option<f64>) {
        let on_m = self.end.map(|end| way_m(self.speed_kn, end.t.0 - t.0));
        (way_m(self.speed_kn, t.0 - self.start.t.0), on_m)
    }

    /// As the crow flies, if the ship can have been there.
    #[must_use]
    pub fn direct(&self, sighting: &Sighting) -> Option<Legs> {
        let (out_m, on_m) = self.ways_m(sighting.fix.t);
        let off_m =
            |fix: Fix| (fix.position.distance_m(sighting.fix.position) - sighting.accuracy_m).max(0.0);
        let legs = Legs { out_m: off_m(self.start), on_m: self.end.map(off_m) };
        let is_in_time = legs.on_m.zip(on_m).is_none_or(|(on_m, most_m)| on_m <= most_m);
        (legs.out_m <= out_m && is_in_time).then_some(legs)
    }

    /// By water, if the ship can have been there: ways longer than `bound_m` are searched only if they may be in reach.
    #[must_use]
    pub fn by_water(&self, sighting: &Sighting, bound_m: f64, waters: &impl Waters) -> Option<Legs> {
        let (out_m, on_m) = self.ways_m(sighting.fix.t);
        let leg_m = |fix: Fix, most_m: f64| {
            let most_m = (most_m + sighting.accuracy_m).min(MAX_REACH_M);
            let seen = sighting.fix.position;
            let whole_m = between_m(seen, fix.position, (bound_m, most_m), waters)?;
            Some((whole_m - sighting.accuracy_m).max(0.0))
        };
        let on = match self.end.zip(on_m) {
            Some((end, most_m)) => Some(leg_m(end, most_m)?),
            None => None,
        };
        Some(Legs { out_m: leg_m(self.start, out_m)?, on_m: on })
    }

    /// How much speaks for this ship, as a logarithm; `None` if it is another by its length.
    ///
    /// It went straight on, or anywhere in reach. A ship that can be in a small area only is as likely in each place of it as one
    /// that can be anywhere is in few: so the radius counts against it (not the area, as ships keep to their ways).
    #[must_use]
    pub fn weight(&self, sighting: &Sighting, legs: &Legs) -> Option<f64> {
        let own = self.statics.dimensions.map(model::Dimensions::length);
        let length = length_weight(sighting.length, own)?;
        let graded = match self.grade() {
            Some(Grade::Strong) => 2.0,
            Some(Grade::Probable) => 1.5,
            Some(Grade::Suspected) => 0.7,
            Some(Grade::UnknownReception) | None => 0.0,
        };
        let identified = if sighting.is_identified() { IDENTIFIED } else { 0.0 };
        let anywhere = self.anywhere(sighting, legs);
        let place = match self.end {
            Some(end) => {
                let straight = self.straightness(end);
                straight * self.straight_on(end, sighting) + (1.0 - straight) * anywhere
            }
            None => anywhere,
        };
        Some(length + graded + identified + libm::log(place))
    }

    /// The grade of the dark alert, if the silence was put down to the ship.
    fn grade(&self) -> Option<Grade> {
        self.dark.as_ref().filter(|dark| dark.cause == Cause::Vessel).map(|dark| dark.grade)
    }

    /// Whether it lay where it was: after the silence it is in the same place.
    fn is_at_rest(&self, end: Fix) -> bool {
        self.start.position.distance_m(end.position) <= TOGETHER_M
    }

    /// How likely it is that a ship went straight on while it was not heard. Who switches off has a reason.
    fn straightness(&self, end: Fix) -> f64 {
        match self.grade() {
            Some(Grade::Strong | Grade::Probable | Grade::Suspected) => 0.2,
            Some(Grade::UnknownReception) => 0.5,
            None if self.is_at_rest(end) => 0.99,
            None => 0.9,
        }
    }

    /// How dense ships of this silence are at the sighting if they went on from fix to fix, per nautical mile: around the place
    /// on the way, the wider the longer ago the nearer fix is.
    fn straight_on(&self, end: Fix, sighting: &Sighting) -> f64 {
        let (t, whole_ms) = (sighting.fix.t.0, (end.t.0 - self.start.t.0).max(1));
        let share = ((t - self.start.t.0) as f64 / whole_ms as f64).clamp(0.0, 1.0);
        let place = interpolate(self.start.position, end.position, share);
        let off_nm = place.distance_m(sighting.fix.position) / NAUTICAL_MILE_M;
        let nearer_ms = (t - self.start.t.0).min(end.t.0 - t).max(0);
        let astray_nm = if self.is_at_rest(end) { 0.0 } else { ASTRAY * self.speed_kn * hours(nearer_ms) };
        let accuracy_nm = sighting.accuracy_m / 2.0 / NAUTICAL_MILE_M;
        let sigma_nm = LEAST_SIGMA_NM + astray_nm + accuracy_nm;
        let off = off_nm / sigma_nm;
        libm::exp(-0.5 * off * off) / sigma_nm.max(LEAST_WAY_NM)
    }

    /// The same if they went anywhere in reach.
    fn anywhere(&self, sighting: &Sighting, legs: &Legs) -> f64 {
        let t = sighting.fix.t.0;
        let free_ms = (t - self.start.t.0).min(self.end.map_or(i64::MAX, |end| end.t.0 - t));
        let radius_nm = (self.speed_kn * hours(free_ms)).clamp(LEAST_NM, MAX_REACH_M / NAUTICAL_MILE_M);
        let (out_m, on_m) = self.ways_m(sighting.fix.t);
        let share = |way_m: f64, most_m: f64| if most_m > 0.0 { way_m / most_m } else { 0.0 };
        let on = legs.on_m.zip(on_m).map_or(0.0, |(way_m, most_m)| share(way_m, most_m));
        let hurry = share(legs.out_m, out_m).max(on);
        libm::exp(-HURRY * hurry * hurry) / radius_nm
    }
}

fn hours(ms: i64) -> f64 {
    ms as f64 / model::time::HOUR_MS as f64
}

/// Distance by water, if it is at most the second bound. Most ways are found within the first.
fn between_m(
    from: model::Position,
    to: model::Position,
    (first_m, most_m): (f64, f64),
    waters: &impl Waters,
) -> Option<f64> {
    let direct_m = from.distance_m(to);
    if direct_m > most_m {
        return None;
    }
    if direct_m <= CELL_M {
        return Some(direct_m);
    }
    let mut found = waters.by_water_m(from, to, first_m.min(MAX_REACH_M));
    if found.is_none() && first_m < most_m {
        // In few steps, so that one search serves many.
        let mut bound_m = first_m.max(CELL_M);
        while bound_m < most_m {
            bound_m *= 2.0;
        }
        found = waters.by_water_m(from, to, bound_m.min(MAX_REACH_M));
    }
    found.filter(|way_m| *way_m <= most_m)
}

/// How far from a sighting ways are to be searched at first: as far as the ships in question are likely to be.
#[must_use]
pub fn first_bound_m<'a>(sighting: &Sighting, silent: impl Iterator<Item = &'a Silent>) -> f64 {
    let seen = sighting.fix.position;
    let likely = |silent: &Silent| {
        let (out_m, on_m) = silent.ways_m(sighting.fix.t);
        let leg_m = |fix: Fix, most_m: f64| likely_m(fix.position.distance_m(seen)).min(most_m);
        let on_m = silent.end.zip(on_m).map_or(0.0, |(end, most_m)| leg_m(end, most_m));
        leg_m(silent.start, out_m).max(on_m)
    };
    silent.map(likely).fold(CELL_M, f64::max).min(MAX_REACH_M)
}

/// Whether the ship can have called at a port in its dark period, and have come by a sighting before or after.
#[must_use]
pub fn can_call(
    (dark, speed_kn): (&Dark, f64),
    sighting: &Sighting,
    port: PortIndex,
    now: EventTime,
    waters: &impl Waters,
) -> bool {
    let (t, middle) = (sighting.fix.t.0, waters.middle(port));
    let needed_ms = |from: model::Position, less_m: f64, left_ms: i64| {
        let most_m = (way_m(speed_kn, left_ms) + less_m).min(MAX_REACH_M);
        let first_m = likely_m(from.distance_m(middle)).min(most_m);
        let way_m = between_m(from, middle, (first_m, most_m), waters)?;
        Some(time_ms(speed_kn, (way_m - less_m).max(0.0)))
    };
    let until = dark.end.map_or(now, |end| end.t);
    let (before_ms, after_ms) = (t - dark.start.t.0, until.0 - t);
    let here_ms = |left_ms: i64| needed_ms(sighting.fix.position, sighting.accuracy_m, left_ms);
    let is_before = || {
        let ways_ms = needed_ms(dark.start.position, 0.0, before_ms)? + here_ms(before_ms)?;
        (before_ms - ways_ms >= MIN_STAY_MS).then_some(())
    };
    let is_after = || {
        let on_ms = match dark.end {
            Some(end) => needed_ms(end.position, 0.0, after_ms)? + MIN_STAY_MS,
            // It may lie there still.
            None => 0,
        };
        (after_ms - here_ms(after_ms)? >= on_ms).then_some(())
    };
    is_after().or_else(is_before).is_some()
}
