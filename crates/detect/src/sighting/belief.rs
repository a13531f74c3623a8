//! How the belief in a sighting is shared: among the silent ships that can have been there, and "no ship that is known".

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use model::number::rounded;
use model::sighting::Sighting;
use model::{EventTime, Position, TrackId};

use super::silent::{Legs, Silent, first_bound_m};
use super::targets::SLACK_M;
use super::{MOMENT_MS, Waters};
use crate::reach::way_m;

/// Ships looked at for one sighting, those that would have to go least out of their way.
const MAX_IN_REACH: usize = 512;
/// Ships kept of them one by one, the likeliest.
const MAX_KEPT: usize = 64;
/// What speaks for a false alarm, as a logarithm, at even odds that there was a ship: it weighs as one that can be anywhere
/// within 90 nautical miles and of which nothing else is known. Confidence gives its odds in full.
const FALSE_ALARM: f64 = -4.5;
/// What speaks for a ship that is not known at all, however sure it is that there was one.
const UNKNOWN_SHIP: f64 = -5.5;
/// No ship goes faster from one sighting to the next of the same moment.
const FASTEST_KN: f64 = 40.0;
/// Confidence is never taken to be nearer to 0 or 1.
const LEAST_DOUBT: f64 = 0.001;

/// What is left of ships for other sightings of the same moment, over all of the time.
#[derive(Debug, Default)]
pub struct Takings(BTreeMap<(TrackId, EventTime), Vec<Taking>>);

/// Where a ship was taken to be seen.
#[derive(Clone, Copy, Debug)]
struct Taking {
    position: Position,
    accuracy_m: f64,
    share: f64,
}

impl Takings {
    /// A sighting is of this ship, with this share of belief.
    pub fn take(&mut self, track: TrackId, sighting: &Sighting, share: f64) {
        let Sighting { fix, accuracy_m, .. } = *sighting;
        let taking = Taking { position: fix.position, accuracy_m, share };
        self.0.entry((track, fix.t)).or_default().push(taking);
    }

    /// The share of a ship that is left for a sighting: it is not in two places at once, and does not fly from one to the
    /// other; but it may be seen again on its way.
    #[must_use]
    pub fn left(&self, track: TrackId, sighting: &Sighting) -> f64 {
        let Sighting { fix, accuracy_m, .. } = sighting;
        let around = (track, EventTime(fix.t.0 - MOMENT_MS))..=(track, EventTime(fix.t.0 + MOMENT_MS));
        let is_elsewhere = |t: EventTime, taking: &Taking| {
            let elapsed_ms = (t.0 - fix.t.0).abs();
            let way_m = accuracy_m + taking.accuracy_m + SLACK_M + way_m(FASTEST_KN, elapsed_ms);
            elapsed_ms == 0 || taking.position.distance_m(fix.position) > way_m
        };
        let takings = self.0.range(around).flat_map(|((_, t), takings)| takings.iter().map(|one| (*t, one)));
        let others = takings.filter(|(t, taking)| is_elsewhere(*t, taking));
        others.map(|(_, taking)| (1.0 - taking.share).clamp(0.0, 1.0)).product()
    }
}

/// A ship in reach of a sighting, and how much speaks for it, as a logarithm.
#[derive(Clone, Copy, Debug)]
pub struct Possible<'a> {
    /// The silence.
    pub silent: &'a Silent,
    /// The ways to the sighting and on.
    pub legs: Legs,
    weight: f64,
}

/// The ships in reach of a sighting.
#[derive(Debug)]
pub struct InReach<'a> {
    ships: Vec<Possible<'a>>,
    /// What speaks for those that are not kept, together.
    rest: f64,
    /// How many there are.
    pub count: u32,
}

/// How belief is shared.
#[derive(Debug)]
pub struct Belief<'a> {
    /// Ships and their shares, likeliest first.
    pub ships: Vec<(Possible<'a>, f64)>,
    /// The share of no ship that is known.
    pub none: f64,
}

impl<'a> InReach<'a> {
    /// The silent ships that can have been there.
    pub fn of<W: Waters>(sighting: &Sighting, silent: &[&'a Silent], waters: &W) -> InReach<'a> {
        let mut direct: Vec<(f64, &'a Silent)> = silent
            .iter()
            .filter(|silent| silent.holds(sighting.fix.t))
            .filter(|silent| {
                !sighting.is_identified() || sighting.can_be(silent.track.mmsi, silent.statics.imo)
            })
            .filter_map(|silent| {
                let legs = silent.direct(sighting)?;
                silent.weight(sighting, &legs)?;
                Some((legs.out_m + legs.on_m.unwrap_or_default(), *silent))
            })
            .collect();
        direct.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.track.cmp(&b.1.track)));
        let more = direct.len().saturating_sub(MAX_IN_REACH);
        direct.truncate(MAX_IN_REACH);
        let bound_m = first_bound_m(sighting, direct.iter().map(|(_, silent)| *silent));
        let mut ships: Vec<Possible<'a>> = direct
            .into_iter()
            .filter_map(|(_, silent)| {
                let legs = silent.by_water(sighting, bound_m, waters)?;
                Some(Possible { silent, legs, weight: silent.weight(sighting, &legs)? })
            })
            .collect();
        ships.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.silent.track.cmp(&b.silent.track)));
        let count = (ships.len() + more) as u32;
        let rest: f64 = ships.iter().skip(MAX_KEPT).map(|ship| libm::exp(ship.weight)).sum();
        ships.truncate(MAX_KEPT);
        InReach { ships, rest, count }
    }

    /// The shares, by what others of the same moment have left.
    #[must_use]
    pub fn shares(&self, sighting: &Sighting, takings: &Takings) -> Belief<'a> {
        let left = |ship: &Possible<'_>| takings.left(ship.silent.track, sighting);
        let none = none_of_them(sighting.confidence);
        let mut ships: Vec<(Possible<'a>, f64)> =
            self.ships.iter().map(|ship| (*ship, libm::exp(ship.weight) * left(ship))).collect();
        ships.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.silent.track.cmp(&b.0.silent.track)));
        let whole = none + self.rest + ships.iter().map(|(_, share)| share).sum::<f64>();
        ships.iter_mut().for_each(|(_, share)| *share = rounded(*share / whole));
        Belief { ships, none: none / whole }
    }
}

/// What speaks for none of them: a false alarm by its odds, or a ship that is not known.
fn none_of_them(confidence: f64) -> f64 {
    let confidence = confidence.clamp(LEAST_DOUBT, 1.0 - LEAST_DOUBT);
    libm::exp(FALSE_ALARM) * (1.0 - confidence) / confidence + libm::exp(UNKNOWN_SHIP)
}

#[cfg(test)]
mod tests {
    use model::{Fix, Mmsi};

    use super::super::tests::sighting;
    use super::*;

    #[test]
    fn a_ship_is_taken_for_a_minute_before_and_after_and_for_its_share() {
        let track = TrackId { mmsi: Mmsi(273_000_001), number: 1 };
        let other = TrackId { mmsi: Mmsi(273_000_002), number: 1 };
        let mut takings = Takings::default();
        takings.take(track, &seen(600_000, 131.0), 0.75);
        let far = [(539_999, 1.0), (540_000, 0.25), (600_000, 0.25), (660_000, 0.25), (660_001, 1.0)];
        for (t, left) in far {
            let there = seen(t, 131.1);
            assert_eq!((takings.left(track, &there), takings.left(other, &there)), (left, 1.0), "{t}");
        }
        takings.take(track, &seen(630_000, 131.2), 1.0);
        assert_eq!(takings.left(track, &seen(600_000, 131.1)), 0.0);
    }

    #[test]
    fn a_ship_may_be_seen_again_on_its_way_but_not_twice_at_once() {
        let track = TrackId { mmsi: Mmsi(273_000_001), number: 1 };
        let mut takings = Takings::default();
        takings.take(track, &seen(600_000, 131.0), 1.0);
        assert_eq!(takings.left(track, &seen(660_000, 131.02)), 1.0);
        assert_eq!(takings.left(track, &seen(600_000, 131.0)), 0.0);
    }

    fn seen(t: i64, lon: f64) -> Sighting {
        sighting(Fix { t: EventTime(t), position: Position::from_degrees(lon, 42.0).unwrap() }, 0)
    }

    #[test]
    fn confidence_is_the_odds_of_a_false_alarm() {
        let even = none_of_them(0.5) - libm::exp(UNKNOWN_SHIP);
        let doubtful = none_of_them(0.05) - libm::exp(UNKNOWN_SHIP);
        assert!((doubtful / even - 19.0).abs() < 1e-9);
        assert!(none_of_them(1.0) > libm::exp(UNKNOWN_SHIP));
    }
}
