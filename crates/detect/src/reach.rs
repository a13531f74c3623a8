//! How fast a ship can be, which ports it could have reached, and at which it could have called.

use alloc::sync::Arc;
use alloc::vec::Vec;

use model::alert::{Candidate, Candidates};
use model::number::rounded;
use model::position::{NAUTICAL_MILE_M, course_deg};
use model::prefetch::fetch_at;
use model::time::HOUR_MS;
use model::{Cell, Class, EventTime, Fix, PortIndex, PortKind, Shape, Statics};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use thin_vec::ThinVec;

use crate::Chart;

/// A stay shorter than this is no call.
pub const MIN_STAY_MS: i64 = 6 * HOUR_MS;
/// Searches by water end here.
pub const MAX_REACH_M: f64 = 1_500.0 * NAUTICAL_MILE_M;
/// No ship is taken to be slower.
const MIN_SPEED_KN: f64 = 8.0;
/// Its own speed counts from so many reports on.
const MIN_REPORTS: u32 = 50;
/// A ship can go this much faster than it usually does.
const MARGIN: f64 = 1.2;
/// Candidates told of, among which two calls on one way are looked for.
const BEST: usize = 10;
/// Chains told of.
const MAX_CHAINS: usize = 5;

/// A histogram of speeds over 1 kn, in steps of half a knot, as far as the ship has ever been.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Speeds(#[serde(deserialize_with = "read_steps")] ThinVec<u16>);

/// Steps of half a knot; a ship that is faster is in the last.
const STEPS: usize = 128;
/// It grows by so many.
const ROOM: usize = 8;

fn step_of(sog: u16) -> usize {
    usize::from(sog / 5).min(STEPS - 1)
}

fn read_steps<'de, D: Deserializer<'de>>(bytes: D) -> Result<ThinVec<u16>, D::Error> {
    let steps = Vec::<u16>::deserialize(bytes)?;
    if steps.len() > STEPS {
        return Err(D::Error::custom("a histogram of speeds has 128 steps at most"));
    }
    Ok(steps.into())
}

impl Speeds {
    /// Counts a speed over ground in 0.1 kn, for so many reports.
    pub fn note(&mut self, sog: u16, reports: u32) {
        const OVER: u16 = 10;
        if sog <= OVER {
            return;
        }
        let (steps, step) = (&mut self.0, step_of(sog));
        if step >= steps.len() {
            let length = (step + 1).next_multiple_of(ROOM);
            steps.reserve_exact(length - steps.len());
            steps.resize(length, 0);
        }
        steps[step] = steps[step].saturating_add(reports.min(u32::from(u16::MAX)) as u16);
        if steps[step] == u16::MAX {
            // The shape is kept, the weight halved.
            steps.iter_mut().for_each(|step| *step /= 2);
        }
    }

    /// Fetches where a speed will be counted, 0.1 kn.
    pub fn fetch(&self, sog: u16) {
        fetch_at(self.0.as_ptr(), 1);
        fetch_at(self.0.as_ptr().wrapping_add(step_of(sog)), 1);
    }

    /// The speed below which a share of the reports lies, knots.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let total: u32 = self.0.iter().map(|step| u32::from(*step)).sum();
        if total < MIN_REPORTS {
            return None;
        }
        let wanted = share * f64::from(total);
        let mut before = 0.0;
        for (step, count) in self.0.iter().enumerate() {
            let count = f64::from(*count);
            if count > 0.0 && before + count >= wanted {
                return Some((step as f64 + (wanted - before) / count) * 0.5);
            }
            before += count;
        }
        None
    }

    /// The speed that a ship can keep, knots: the limit of its type, or 1.2 times the 95th percentile of its own.
    #[must_use]
    pub fn greatest_kn(&self, ship_type: Option<u8>) -> f64 {
        let limit = limit_kn(ship_type);
        let own = self.percentile(0.95).map_or(limit, |speed| speed * MARGIN);
        limit.min(own).max(MIN_SPEED_KN)
    }

    /// The speed that it usually keeps, knots.
    #[must_use]
    pub fn usual_kn(&self, ship_type: Option<u8>) -> f64 {
        self.percentile(0.5).unwrap_or(limit_kn(ship_type) / MARGIN).max(1.0)
    }
}

/// Limits by type of ship (ITU-R M.1371-5 table 53), knots.
fn limit_kn(ship_type: Option<u8>) -> f64 {
    match ship_type {
        Some(80..=89) => 17.0,
        Some(70..=79) => 22.0,
        Some(60..=69) => 30.0,
        Some(40..=49) => 45.0,
        Some(30..=32 | 52) => 14.0,
        _ => 20.0,
    }
}

/// Metres that a ship goes in a time.
#[must_use]
pub fn way_m(speed_kn: f64, duration_ms: i64) -> f64 {
    speed_kn * NAUTICAL_MILE_M * duration_ms as f64 / HOUR_MS as f64
}

/// Time that a ship needs for a distance, milliseconds.
#[must_use]
pub fn time_ms(speed_kn: f64, distance_m: f64) -> i64 {
    libm::ceil(distance_m / (speed_kn * NAUTICAL_MILE_M) * HOUR_MS as f64) as i64
}

/// A time out of sight, and what is known of the ship.
#[derive(Debug)]
pub struct OutOfSight<'a> {
    /// The last fix before.
    pub start: Fix,
    /// The first fix after; `None` while it is silent.
    pub end: Option<Fix>,
    /// Now, if it is silent.
    pub now: EventTime,
    /// Course over ground at the start in 0.1°, if it was moving.
    pub course_before: Option<u16>,
    /// Course over ground at the end, if it was moving.
    pub course_after: Option<u16>,
    /// Greatest speed.
    pub speed_kn: f64,
    /// Usual speed.
    pub usual_kn: f64,
    /// Class of the transponder.
    pub class: Class,
    /// Static values before.
    pub before: &'a Statics,
    /// Static values after.
    pub after: &'a Statics,
    /// Earlier calls of this ship.
    pub earlier: &'a [(PortIndex, u32)],
}

struct Ranked {
    candidate: Candidate,
    weight: f64,
}

/// Where a ship could have called (or, while it is silent, could be by now), likeliest first.
#[must_use]
pub fn candidates(sight: &OutOfSight<'_>, chart: &impl Chart) -> Candidates {
    let until = sight.end.map_or(sight.now, |end| end.t);
    let duration_ms = until.0 - sight.start.t.0;
    let whole_m = way_m(sight.speed_kn, duration_ms);
    let bound_m = whole_m.min(MAX_REACH_M);
    let (out, back) = match sight.end {
        None => (chart.ports_by_water(sight.start.position, bound_m), None),
        // Who was not away for long enough has called nowhere.
        Some(_) if duration_ms < MIN_STAY_MS => (Arc::default(), None),
        Some(end) => {
            let (start, end) = (sight.start.position, end.position);
            let there_and_on_m = way_m(sight.speed_kn, duration_ms - MIN_STAY_MS);
            let towards = |from, to| chart.ports_on_the_way(from, bound_m, to, there_and_on_m);
            (towards(start, end), Some(towards(end, start)))
        }
    };
    let mut ranked: Vec<Ranked> = Vec::new();
    for (port, out_m) in out.iter() {
        let back_m = match &back {
            Some(back) => match back.binary_search_by_key(port, |(other, _)| *other) {
                Ok(at) => back[at].1,
                Err(_) => continue,
            },
            None => 0.0,
        };
        let out_ms = time_ms(sight.speed_kn, *out_m);
        let stay_ms = duration_ms - out_ms - time_ms(sight.speed_kn, back_m);
        let is_feasible = if sight.end.is_some() { stay_ms >= MIN_STAY_MS } else { stay_ms >= 0 };
        let there = chart.ports().get(*port);
        let arrival = EventTime(sight.start.t.0 + out_ms);
        let is_there = there.is_valid_at(arrival) || there.is_valid_at(until);
        if !is_feasible || !is_there || matches!(there.kind, PortKind::Zone) {
            continue;
        }
        let candidate = Candidate {
            port: *port,
            p: 0.0,
            earliest_arrival: arrival,
            latest_departure: sight.end.map(|_| EventTime(until.0 - time_ms(sight.speed_kn, back_m))),
            longest_stay_ms: sight.end.map(|_| stay_ms),
        };
        let weight = weight(sight, chart, *port, (*out_m, back_m), duration_ms);
        ranked.push(Ranked { candidate, weight });
    }
    ranked.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.candidate.port.cmp(&b.candidate.port)));
    let mut told = share_out(sight, ranked);
    told.is_cut = whole_m > MAX_REACH_M;
    if let Some(end) = sight.end {
        told.unexplained_ms = unexplained_ms(sight, end, chart);
        told.chains = chains(sight, end, &told.ports, chart);
    }
    told
}

/// How much speaks for a port, as a logarithm.
fn weight(
    sight: &OutOfSight<'_>,
    chart: &impl Chart,
    port: PortIndex,
    (out_m, back_m): (f64, f64),
    duration_ms: i64,
) -> f64 {
    let place = chart.port_position(port);
    let mut weight = 0.0;
    // Ships that load or discharge stay about a day; twice or half of it is as likely as not.
    let stay_h = (duration_ms - time_ms(sight.usual_kn, out_m + back_m)).max(HOUR_MS) as f64 / HOUR_MS as f64;
    if sight.end.is_some() {
        let off = libm::log(stay_h / 24.0) / 0.9;
        weight -= 0.5 * off * off;
    } else {
        weight -= out_m / (50.0 * NAUTICAL_MILE_M);
    }
    if let Some(course) = sight.course_before {
        weight += 1.2 * towards(course, course_deg(sight.start.position, place));
    }
    if let (Some(course), Some(end)) = (sight.course_after, sight.end) {
        weight += 0.8 * towards(course, course_deg(place, end.position));
    }
    if chart.watch().is_listed_port(port) {
        weight += 0.8;
        if chart.watch().port_effect(port).is_some() {
            weight += 0.4;
        }
    }
    weight -= smallness(&chart.ports().get(port).shape);
    let calls = sight.earlier.iter().find(|(other, _)| *other == port).map_or(0, |(_, calls)| *calls);
    weight += 0.7 * libm::log1p(f64::from(calls));
    // One that calls where ships at rest are heard would be heard itself, unless its transponder is off: which is
    // what most silences that are told come of.
    if let Some(q) = chart.reception().q(Cell::at(place), sight.class, sight.start.t) {
        weight -= 0.2 * q.any;
    }
    match chart.ports().get(port).kind {
        PortKind::Anchorage | PortKind::StsArea => weight - 0.7,
        PortKind::Port | PortKind::Terminal | PortKind::Naval | PortKind::Shipyard | PortKind::Zone => weight,
    }
}

/// Ports that are only a circle on the chart are small ones, and the less likely the smaller they are.
fn smallness(shape: &Shape) -> f64 {
    const LARGE_M: f64 = 10_000.0;
    const STEP_M: f64 = 2_000.0;
    match shape {
        Shape::Polygons(_) => 0.0,
        Shape::Circle { radius_m, .. } => 0.4 + 0.6 * ((LARGE_M - radius_m) / STEP_M).clamp(0.0, 4.0),
    }
}

/// 1 for straight ahead, −1 for astern.
fn towards(course: u16, bearing_deg: f64) -> f64 {
    libm::cos((f64::from(course) / 10.0 - bearing_deg) * core::f64::consts::PI / 180.0)
}

/// Shares of belief: they and that of "none of these" add up to 1.
fn share_out(sight: &OutOfSight<'_>, ranked: Vec<Ranked>) -> Candidates {
    let feasible = ranked.len() as u32;
    let has_loaded = matches!((sight.before.draught, sight.after.draught), (Some(before), Some(after)) if before.abs_diff(after) >= 3);
    let none = if has_loaded { -1.0 } else { 0.7 };
    let top = ranked.first().map_or(none, |first| first.weight.max(none));
    let share = |weight: f64| libm::exp(weight - top);
    let whole = share(none) + ranked.iter().map(|ranked| share(ranked.weight)).sum::<f64>();
    let ports: Vec<Candidate> = ranked
        .into_iter()
        .take(BEST)
        .map(|ranked| Candidate { p: rounded(share(ranked.weight) / whole), ..ranked.candidate })
        .collect();
    let none = rounded(1.0 - ports.iter().map(|candidate| candidate.p).sum::<f64>());
    Candidates { ports, none, feasible, ..Candidates::default() }
}

fn unexplained_ms(sight: &OutOfSight<'_>, end: Fix, chart: &impl Chart) -> Option<i64> {
    let direct_m = chart.distance_by_water_m(sight.start.position, end.position)?;
    Some(end.t.0 - sight.start.t.0 - time_ms(sight.usual_kn, direct_m))
}

/// Most ways by water are not longer than this, for the great-circle distance of their ends.
#[must_use]
pub fn likely_m(direct_m: f64) -> f64 {
    const DETOUR: f64 = 1.5;
    const AROUND_M: f64 = 100_000.0;
    direct_m * DETOUR + AROUND_M
}

/// Pairs of the best candidates that fit one after the other.
fn chains(
    sight: &OutOfSight<'_>,
    end: Fix,
    best: &[Candidate],
    chart: &impl Chart,
) -> Vec<(PortIndex, PortIndex)> {
    let duration_ms = end.t.0 - sight.start.t.0;
    let left_ms = duration_ms - 2 * MIN_STAY_MS;
    if left_ms <= 0 || !best.iter().any(|candidate| chart.watch().is_listed_port(candidate.port)) {
        return Vec::new();
    }
    let left_m = way_m(sight.speed_kn, left_ms).min(MAX_REACH_M);
    let mut chains = Vec::new();
    for first in best {
        let from = chart.port_position(first.port);
        let others = || best.iter().filter(|second| second.port != first.port);
        // One search serves all: as far as the farthest of them is likely to be.
        let direct_m = |second: &Candidate| chart.port_position(second.port).distance_m(from);
        let farthest_m = others().map(direct_m).fold(0.0, f64::max);
        let bound_m = likely_m(farthest_m).min(left_m);
        for second in others() {
            let Some(departure) = second.latest_departure.filter(|_| chains.len() < MAX_CHAINS) else {
                continue;
            };
            let between_m = chart.distance_within_m(from, chart.port_position(second.port), bound_m);
            let Some(between_m) = between_m else { continue };
            let arrival_ms = first.earliest_arrival.0 + MIN_STAY_MS + time_ms(sight.speed_kn, between_m);
            if departure.0 - arrival_ms >= MIN_STAY_MS {
                chains.push((first.port, second.port));
            }
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ship_of_twelve_knots_can_do_a_fifth_more_within_the_limit_of_its_type() {
        let mut speeds = Speeds::default();
        speeds.note(120, 49);
        assert_eq!(speeds.greatest_kn(Some(70)), 22.0, "too few reports to tell");
        speeds.note(120, 51);
        let greatest = speeds.greatest_kn(Some(70));
        assert!((greatest - 12.475 * 1.2).abs() < 0.01, "{greatest}");
        assert_eq!(speeds.greatest_kn(Some(30)), 14.0);
        let mut slow = Speeds::default();
        slow.note(30, 100);
        assert_eq!(slow.greatest_kn(None), 8.0);
    }

    #[test]
    fn a_histogram_that_is_full_keeps_its_shape() {
        let mut speeds = Speeds::default();
        for _ in 0..20 {
            speeds.note(100, 9_000);
            speeds.note(200, 1_000);
        }
        let median = speeds.percentile(0.5).unwrap();
        assert!((10.0..10.5).contains(&median), "{median}");
        assert!((20.0..20.5).contains(&speeds.percentile(0.95).unwrap()));
    }
}
