//! Sightings, held against what ships transmit and where silent ones can have been.
//!
//! A sighting that a transmitting ship explains is settled. Of the rest, each is held against the ships that were silent at
//! that moment and can have been there: from their last fix, by water, at the most that they can keep, and on to the next one.
//! They share the belief by how likely each is, with a share for "none of these". A ship explains one sighting of a moment.
//!
//! Nothing here knows a file or a clock; the same sightings and silences give the same verdicts.

pub mod lookout;
pub mod silent;
pub mod transmitting;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use model::number::rounded;
use model::position::NAUTICAL_MILE_M;
use model::sighting::{LastKnown, Matched, Near, Sighting, Suspect, Verdict};
use model::time::MINUTE_MS;
use model::{EventTime, Fix, PortIndex, Position, Statics, TrackId};

use crate::Inside;
use lookout::Around;
use silent::{Dark, Legs, Silent, can_call, first_bound_m};
use transmitting::explains_m;

/// Sightings within this time are of one moment: a ship is one of them.
const MOMENT_MS: i64 = MINUTE_MS;
/// Ships told of.
const BEST: usize = 10;
/// Ships looked at for one sighting, those that would have to go least out of their way.
const MAX_IN_REACH: usize = 512;
/// Share of belief from which on a sighting is taken to be of a ship, and ports to be what was asserted.
const HALF: f64 = 0.5;
/// What speaks for "none of these", as a logarithm, at even odds that there was a ship: it weighs as one that can be anywhere
/// within 90 nautical miles and of which nothing else is known.
const NONE: f64 = -4.5;
/// How much confidence moves it.
const DOUBT: f64 = 0.5;
/// Confidence is never taken to be nearer to 0 or 1.
const LEAST_DOUBT: f64 = 0.05;
/// Measured lengths are off by a fifth, and by 20 m at least (both twice the standard deviation), in 0.1 m.
const LENGTH_SHARE: f64 = 0.2;
const LENGTH_LEAST: f64 = 200.0;
/// A ship of the right length is so much likelier than one of which the length is not known, as a logarithm.
const LIKE: f64 = 1.2;

/// What matching asks of water and ports.
pub trait Waters {
    /// Distance by water in metres, if it is at most `bound_m`.
    fn by_water_m(&self, from: Position, to: Position, bound_m: f64) -> Option<f64>;
    /// The middle of a port.
    fn middle(&self, port: PortIndex) -> Position;
    /// The ports that exist at `t` and hold the position.
    fn holding(&self, position: Position, t: EventTime) -> Inside;
}

/// What a sighting came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// A ship that transmitted.
    Transmitting(TrackId),
    /// None that did.
    Told(Matched),
}

/// All that sightings are held against.
pub struct Evidence<'a, W> {
    /// What was heard around each sighting.
    pub heard: &'a BTreeMap<(u32, TrackId), Around>,
    /// Silences, in any order.
    pub silent: &'a [Silent],
    /// The most that ships can keep, as known at the end.
    pub last_known: &'a [LastKnown],
    /// The end.
    pub now: EventTime,
    /// Water and ports.
    pub waters: &'a W,
}

/// What speaks for a length, as a logarithm; `None` if it is that of another ship.
#[must_use]
pub fn length_weight(seen: Option<u32>, own: Option<u32>) -> Option<f64> {
    let (Some(seen), Some(own)) = (seen, own.filter(|own| *own > 0)) else { return Some(0.0) };
    let (seen, own) = (f64::from(seen), f64::from(own));
    let tolerance = (seen.max(own) * LENGTH_SHARE).max(LENGTH_LEAST);
    let off = (seen - own) / (tolerance / 2.0);
    (off * off <= 16.0).then_some(LIKE - 0.5 * off * off)
}

/// A ship in reach of a sighting, and how much speaks for it.
struct Possible<'a> {
    silent: &'a Silent,
    legs: Legs,
    weight: f64,
}

/// Judges sightings, one after the other as they stand.
#[must_use]
pub fn judge<W: Waters>(sightings: &[Arc<Sighting>], evidence: &Evidence<'_, W>) -> Vec<Judged> {
    let mut order: Vec<usize> = (0..sightings.len()).collect();
    order.sort_by_key(|number| (sightings[*number].fix.t, *number));
    let mut silent: Vec<&Silent> = evidence.silent.iter().collect();
    silent.sort_by_key(|silent| (silent.heard, silent.track));
    let mut silent = silent.into_iter().peekable();
    let mut current: Vec<&Silent> = Vec::new();
    let mut judged: BTreeMap<usize, Judged> = BTreeMap::new();
    let mut rest = &order[..];
    while let Some(first) = rest.first() {
        let until = sightings[*first].fix.t.0 + MOMENT_MS;
        let length = rest.partition_point(|number| sightings[*number].fix.t.0 <= until);
        let (moment, later) = rest.split_at(length);
        rest = later;
        let began = sightings[*first].fix.t;
        while let Some(next) = silent.next_if(|silent| silent.heard.0 < until) {
            current.push(next);
        }
        current.retain(|silent| silent.until.is_none_or(|until| began < until));
        of_moment(sightings, moment, &current, evidence, &mut judged);
    }
    judged.into_values().collect()
}

/// Judges the sightings of one moment.
fn of_moment<W: Waters>(
    sightings: &[Arc<Sighting>],
    moment: &[usize],
    silent: &[&Silent],
    evidence: &Evidence<'_, W>,
    judged: &mut BTreeMap<usize, Judged>,
) {
    let explained = transmitting(sightings, moment, evidence);
    let mut open: Vec<(usize, Vec<Possible<'_>>)> = Vec::new();
    for number in moment {
        match explained.get(number) {
            Some(track) => {
                judged.insert(*number, Judged::Transmitting(*track));
            }
            None => open.push((*number, possible(&sightings[*number], silent, evidence.waters))),
        }
    }
    // The surest first; what is a ship already is no other sighting of the same moment.
    let surest = |ships: &[Possible<'_>], sighting: &Sighting| {
        shares(ships, sighting).first().copied().unwrap_or_default()
    };
    let mut ranked: Vec<(f64, usize, Vec<Possible<'_>>)> =
        open.into_iter().map(|(number, ships)| (surest(&ships, &sightings[number]), number, ships)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut taken: BTreeSet<TrackId> = explained.into_values().collect();
    for (_, number, mut ships) in ranked {
        ships.retain(|ship| !taken.contains(&ship.silent.track));
        let told = told(number, &sightings[number], &ships, silent, evidence);
        taken.extend(told.ship().map(|ship| ship.track));
        judged.insert(number, Judged::Told(told));
    }
}

/// Which sightings transmitting ships explain, the nearest first, each ship one.
fn transmitting<W>(
    sightings: &[Arc<Sighting>],
    moment: &[usize],
    evidence: &Evidence<'_, W>,
) -> BTreeMap<usize, TrackId> {
    let mut pairs: Vec<(f64, usize, TrackId)> = Vec::new();
    for number in moment {
        let near = heard_around(evidence, *number)
            .filter_map(|(track, around)| Some((explains_m(&sightings[*number], around)?, *number, track)));
        pairs.extend(near);
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut explained, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (_, number, track) in pairs {
        if !explained.contains_key(&number) && taken.insert(track) {
            explained.insert(number, track);
        }
    }
    explained
}

/// What was heard around a sighting, ship by ship.
fn heard_around<'a, W>(
    evidence: &Evidence<'a, W>,
    number: usize,
) -> impl Iterator<Item = (TrackId, &'a Around)> {
    let number = number as u32;
    let first = TrackId { mmsi: model::Mmsi(0), number: 0 };
    let last = TrackId { mmsi: model::Mmsi(u32::MAX), number: u32::MAX };
    evidence.heard.range((number, first)..=(number, last)).map(|((_, track), around)| (*track, around))
}

/// The silent ships that can have been there, likeliest first.
fn possible<'a, W: Waters>(sighting: &Sighting, silent: &[&'a Silent], waters: &W) -> Vec<Possible<'a>> {
    let mut direct: Vec<(f64, &'a Silent)> = silent
        .iter()
        .filter(|silent| silent.holds(sighting.fix.t))
        .filter(|silent| !sighting.is_identified() || sighting.can_be(silent.track.mmsi, silent.statics.imo))
        .filter_map(|silent| {
            let legs = silent.direct(sighting)?;
            silent.weight(sighting, &legs)?;
            Some((legs.out_m + legs.on_m.unwrap_or_default(), *silent))
        })
        .collect();
    direct.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.track.cmp(&b.1.track)));
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
    ships
}

/// The share of belief of each ship; what is missing to 1 is that of none of them.
fn shares(ships: &[Possible<'_>], sighting: &Sighting) -> Vec<f64> {
    let confidence = sighting.confidence.clamp(LEAST_DOUBT, 1.0 - LEAST_DOUBT);
    let none = NONE + DOUBT * libm::log((1.0 - confidence) / confidence);
    let top = ships.first().map_or(none, |first| first.weight.max(none));
    let share = |weight: f64| libm::exp(weight - top);
    let whole = share(none) + ships.iter().map(|ship| share(ship.weight)).sum::<f64>();
    ships.iter().map(|ship| rounded(share(ship.weight) / whole)).collect()
}

/// What is told of a sighting that no transmitting ship explains.
fn told<W: Waters>(
    number: usize,
    sighting: &Arc<Sighting>,
    ships: &[Possible<'_>],
    silent: &[&Silent],
    evidence: &Evidence<'_, W>,
) -> Matched {
    let shares = shares(ships, sighting);
    let suspects: Vec<Suspect> =
        ships.iter().zip(&shares).take(BEST).map(|(ship, p)| suspect(ship.silent, ship.legs, *p)).collect();
    let none = rounded(1.0 - suspects.iter().map(|suspect| suspect.p).sum::<f64>());
    let holding = evidence.waters.holding(sighting.fix.position, sighting.fix.t);
    let mut matched = Matched {
        sighting: Arc::clone(sighting),
        verdict: Verdict::Unmatched,
        is_told: suspects.first().is_some_and(|best| best.p >= HALF),
        suspects,
        none,
        in_reach: ships.len() as u32,
        is_misfit: false,
        heard_here: None,
        at: holding.first().copied(),
        possible: Vec::new(),
        impossible: Vec::new(),
    };
    if let Some(ship) = ships.first().filter(|_| matched.is_told) {
        matched.verdict = Verdict::Corroborated;
        if let Some(dark) = &ship.silent.dark {
            weigh_ports(&mut matched, (ship.silent, dark), &holding, evidence);
        }
    } else if ships.is_empty()
        && sighting.is_identified()
        && let Some(misfit) = misfit(number, sighting, silent, evidence)
    {
        matched.verdict = Verdict::Contradicted;
        (matched.is_told, matched.is_misfit) = (true, true);
        matched.suspects.push(misfit);
    }
    matched
}

/// Which ports in question the sighting leaves possible; it contradicts if half of the belief was in others.
fn weigh_ports<W: Waters>(
    matched: &mut Matched,
    (silent, dark): (&Silent, &Dark),
    holding: &[PortIndex],
    evidence: &Evidence<'_, W>,
) {
    let (mut lost, mut is_there) = (0.0, false);
    for (port, p) in &dark.ports {
        let sighting = &matched.sighting;
        let is_in = holding.contains(port)
            || evidence.waters.middle(*port).distance_m(sighting.fix.position) <= sighting.accuracy_m;
        is_there |= is_in;
        if is_in || can_call((dark, silent.speed_kn), sighting, *port, evidence.now, evidence.waters) {
            matched.possible.push(*port);
        } else {
            matched.impossible.push(*port);
            lost += p;
        }
    }
    let is_none_left = matched.possible.is_empty() && !matched.impossible.is_empty();
    if !is_there && (lost >= HALF || is_none_left) {
        matched.verdict = Verdict::Contradicted;
    }
}

fn suspect(silent: &Silent, legs: Legs, p: f64) -> Suspect {
    Suspect {
        track: silent.track,
        statics: Arc::clone(&silent.statics),
        p,
        start: silent.start,
        end: silent.end,
        out_m: legs.out_m,
        on_m: legs.on_m,
        speed: in_tenths(silent.speed_kn),
        grade: silent.dark.as_ref().map(|dark| dark.grade),
        related: silent.dark.as_ref().map(|dark| dark.alerts.clone()).unwrap_or_default(),
    }
}

fn in_tenths(speed_kn: f64) -> u16 {
    model::number::round(speed_kn * 10.0).clamp(0, i64::from(u16::MAX)) as u16
}

/// The ship that was identified, if by its own positions it cannot have been there.
fn misfit<W: Waters>(
    number: usize,
    sighting: &Sighting,
    silent: &[&Silent],
    evidence: &Evidence<'_, W>,
) -> Option<Suspect> {
    // Silent, and out of reach.
    let own = silent.iter().filter(|silent| {
        silent.holds(sighting.fix.t) && sighting.can_be(silent.track.mmsi, silent.statics.imo)
    });
    if let Some(silent) = own.min_by_key(|silent| silent.track) {
        let bound_m = first_bound_m(sighting, core::iter::once(*silent));
        let can_be_there = silent.direct(sighting).is_some()
            && silent.by_water(sighting, bound_m, evidence.waters).is_some();
        if can_be_there {
            return None;
        }
        // Of the right length: what is of another says nothing of its positions.
        let own = silent.statics.dimensions.map(model::Dimensions::length);
        length_weight(sighting.length, own)?;
        let off_m = |fix: Fix| fix.position.distance_m(sighting.fix.position);
        let legs = Legs { out_m: off_m(silent.start), on_m: silent.end.map(off_m) };
        return Some(suspect(silent, legs, 0.0));
    }
    // Heard about then, elsewhere.
    heard_around(evidence, number).find_map(|(track, around)| {
        let near = around.before.as_ref().or(around.after.as_ref())?;
        let can_be = sighting.can_be(track.mmsi, near.statics.imo);
        let known = evidence.last_known.iter().find(|known| known.track == track);
        let speed_kn = known.map_or_else(
            || crate::reach::Speeds::default().greatest_kn(near.statics.ship_type),
            |known| known.speed_kn,
        );
        can_be.then(|| elsewhere(sighting, around, speed_kn)).flatten()
    })
}

/// A ship that transmitted where it cannot have come from, or gone on to.
fn elsewhere(sighting: &Sighting, around: &Around, speed_kn: f64) -> Option<Suspect> {
    // Clocks of ships and of satellites differ.
    const APART_MS: i64 = MINUTE_MS;
    let off_m = |near: &Near| near.fix.position.distance_m(sighting.fix.position);
    let is_too_far = |near: &Near| {
        let apart_ms = (near.fix.t.0 - sighting.fix.t.0).abs() + APART_MS;
        off_m(near) > sighting.accuracy_m + NAUTICAL_MILE_M + crate::reach::way_m(speed_kn, apart_ms)
    };
    let (before, after) = (around.before.as_ref(), around.after.as_ref());
    if !before.is_some_and(is_too_far) && !after.is_some_and(is_too_far) {
        return None;
    }
    let first = before.or(after)?;
    Some(Suspect {
        track: first.track,
        statics: Arc::clone(&first.statics),
        p: 0.0,
        start: first.fix,
        end: before.and(after).map(|near| near.fix),
        out_m: off_m(first),
        on_m: before.and(after).map(off_m),
        speed: in_tenths(speed_kn),
        grade: None,
        related: Vec::new(),
    })
}

/// What is known of a ship from several of its tellings, the first that says something counts.
#[must_use]
pub fn known_of<'a>(tellings: impl IntoIterator<Item = &'a Statics>) -> Statics {
    let mut known = Statics::default();
    for telling in tellings {
        known.fill(telling);
    }
    known
}

#[cfg(test)]
mod tests;
