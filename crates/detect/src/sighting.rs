//! Sightings, held against what ships transmit and where silent ones can have been.
//!
//! Rows of one moment that can be of one target are judged as one. What a transmitting ship explains is settled. Of the rest,
//! each is held against the ships that were silent at that moment and can have been there: from their last fix, by water, at
//! the most that they can keep, and on to the next one. They share the belief by how likely each is, with a share for "no ship
//! that is known". A ship that is one sighting is no other within a minute, as far as it is sure to be the first.
//!
//! What is far off in place or time changes no verdict: sightings are taken one by one, the surest first, and what a ship was
//! taken for counts for a minute before and after.
//!
//! Nothing here knows a file or a clock; the same sightings and silences give the same verdicts.

mod belief;
pub mod lookout;
mod named;
pub mod silent;
mod targets;
pub mod transmitting;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use model::number::rounded;
use model::sighting::{LastKnown, Matched, Sighting, Suspect, Verdict};
use model::time::MINUTE_MS;
use model::{EventTime, Mmsi, PortIndex, Position, Statics, TrackId};

use crate::Inside;
use belief::{Belief, InReach, Takings};
use lookout::Around;
use named::{Names, misfit};
use silent::{Dark, Legs, Silent, can_call};
use transmitting::explains_m;

/// Sightings within this time are of one moment: a ship is one of them.
const MOMENT_MS: i64 = MINUTE_MS;
/// Ships told of.
const BEST: usize = 10;
/// Sightings held at once, where each is less than a moment after the one before.
const MAX_TOGETHER: usize = 4_096;
/// Share of belief from which on a sighting is taken to be of a ship, and ports to be what was asserted.
const HALF: f64 = 0.5;
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
    Transmitting {
        /// Which.
        track: TrackId,
        /// How far off it was, metres.
        off_m: f64,
    },
    /// The same target as another, by its number.
    SameAs(usize),
    /// Before or after all that was heard: nothing can be held against it.
    Outside,
    /// None that transmitted.
    Told(Matched),
}

/// All that sightings are held against.
pub struct Evidence<'a, W> {
    /// What was heard around each sighting.
    pub heard: &'a BTreeMap<(u32, TrackId), Around>,
    /// Sightings around which more was heard than there was room for.
    pub lost: &'a BTreeSet<u32>,
    /// Those of the ships that somebody named of which a position was heard.
    pub named_heard: &'a BTreeSet<Mmsi>,
    /// The first accepted report and the last.
    pub span: Option<(EventTime, EventTime)>,
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

/// Judges sightings, in the order in which they are given.
#[must_use]
pub fn judge<W: Waters>(sightings: &[Arc<Sighting>], evidence: &Evidence<'_, W>) -> Vec<Judged> {
    let is_within = |sighting: &Sighting| {
        evidence.span.is_some_and(|(first, last)| (first..=last).contains(&sighting.fix.t))
    };
    let targets = targets::of(sightings, is_within);
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, target) in targets.iter().enumerate() {
        let of_it = rows.entry(*target).or_default();
        if number != *target {
            of_it.push(number);
        }
    }
    let mut judged: BTreeMap<usize, Judged> = BTreeMap::new();
    for number in (0..sightings.len()).filter(|number| !is_within(&sightings[*number])) {
        judged.insert(number, Judged::Outside);
    }
    let mut order: Vec<usize> = rows.keys().copied().filter(|number| !judged.contains_key(number)).collect();
    order.sort_by_key(|number| (sightings[*number].fix.t, *number));
    let mut takings = Takings::default();
    for (number, (track, off_m)) in transmitting(sightings, &order, evidence, &mut takings) {
        judged.insert(number, Judged::Transmitting { track, off_m });
    }
    order.retain(|number| !judged.contains_key(number));
    let mut silent: Vec<&Silent> = evidence.silent.iter().collect();
    silent.sort_by_key(|silent| (silent.heard, silent.track));
    let mut silent = silent.into_iter().peekable();
    let mut current: Vec<&Silent> = Vec::new();
    let mut judging = Judging { sightings, rows, evidence, names: Names::of(evidence), takings, judged };
    let mut rest = &order[..];
    while let Some(first) = rest.first() {
        let (together, later) = rest.split_at(how_many_together(sightings, rest));
        rest = later;
        let began = sightings[*first].fix.t;
        let ends = together.last().map_or(began, |last| sightings[*last].fix.t);
        while let Some(next) = silent.next_if(|silent| silent.heard < ends) {
            current.push(next);
        }
        current.retain(|silent| silent.until.is_none_or(|until| began < until));
        judging.of_moment(together, &current);
    }
    let mut judged = judging.judged;
    for (number, target) in targets.iter().enumerate().filter(|(number, target)| number != *target) {
        judged.insert(number, Judged::SameAs(*target));
    }
    judged.into_values().collect()
}

/// How many of these can concern each other: each is at most a moment after the one before.
fn how_many_together(sightings: &[Arc<Sighting>], order: &[usize]) -> usize {
    let t = |number: usize| sightings[number].fix.t.0;
    let breaks = order.windows(2).position(|two| t(two[1]) - t(two[0]) > MOMENT_MS);
    breaks.map_or(order.len(), |last| last + 1).min(MAX_TOGETHER)
}

/// Sightings while they are judged.
struct Judging<'a, W> {
    sightings: &'a [Arc<Sighting>],
    /// The other rows of each target.
    rows: BTreeMap<usize, Vec<usize>>,
    evidence: &'a Evidence<'a, W>,
    names: Names<'a>,
    takings: Takings,
    judged: BTreeMap<usize, Judged>,
}

impl<W: Waters> Judging<'_, W> {
    /// Judges sightings that can concern each other: those that name a ship first, then the surest; what a ship was taken for
    /// before counts against it.
    fn of_moment(&mut self, together: &[usize], silent: &[&Silent]) {
        let sightings = self.sightings;
        let in_reach =
            |number: &usize| (*number, InReach::of(&sightings[*number], silent, self.evidence.waters));
        let reach: BTreeMap<usize, InReach<'_>> = together.iter().map(in_reach).collect();
        let rank = |number: usize, belief: &Belief<'_>| {
            let best = belief.ships.first().map_or(0.0, |(_, share)| *share);
            (sightings[number].is_identified(), model::number::round(best * 10_000.0), Reverse(number))
        };
        let ranked = reach
            .iter()
            .map(|(number, reach)| rank(*number, &reach.shares(&sightings[*number], &self.takings)));
        let mut waiting: BTreeSet<(bool, i64, Reverse<usize>)> = ranked.collect();
        while let Some(first) = waiting.pop_last() {
            let (_, _, Reverse(number)) = first;
            let belief = reach[&number].shares(&sightings[number], &self.takings);
            let now = rank(number, &belief);
            // Another sighting has taken its ship meanwhile, so that others may be surer.
            if now < first && waiting.last().is_some_and(|next| now < *next) {
                waiting.insert(now);
                continue;
            }
            let mut matched = self.told(number, &reach[&number], &belief, silent);
            let others = self.rows.get(&number).into_iter().flatten();
            matched.also = others.map(|row| Arc::clone(&sightings[*row])).collect();
            if let Some(ship) = matched.ship() {
                self.takings.take(ship.track, &sightings[number], ship.p);
            }
            self.judged.insert(number, Judged::Told(matched));
        }
    }

    /// What is told of a sighting that no transmitting ship explains.
    fn told(&self, number: usize, reach: &InReach<'_>, belief: &Belief<'_>, silent: &[&Silent]) -> Matched {
        let (sighting, evidence) = (&self.sightings[number], self.evidence);
        let ships = &belief.ships;
        let suspects: Vec<Suspect> =
            ships.iter().take(BEST).map(|(ship, p)| suspect(ship.silent, ship.legs, *p)).collect();
        let known: f64 = suspects.iter().map(|suspect| suspect.p).sum();
        // What is written adds up to 1.
        let are_all_told = reach.count as usize <= suspects.len();
        let none = if are_all_told { 1.0 - known } else { belief.none.min(1.0 - known) };
        let none = rounded(none.max(0.0));
        let others = rounded((1.0 - known - none).max(0.0));
        let holding = evidence.waters.holding(sighting.fix.position, sighting.fix.t);
        let is_partial = evidence.lost.contains(&(number as u32));
        let mut matched = Matched {
            sighting: Arc::clone(sighting),
            also: Vec::new(),
            // What was not heard for want of room cannot be held against it.
            verdict: if none >= HALF && !is_partial { Verdict::Unmatched } else { Verdict::Ambiguous },
            is_told: suspects.first().is_some_and(|best| best.p >= HALF),
            suspects,
            others,
            none,
            in_reach: reach.count,
            named: self.names.known(sighting, evidence),
            is_partial,
            is_misfit: false,
            heard_here: None,
            at: holding.first().copied(),
            possible: Vec::new(),
            impossible: Vec::new(),
        };
        if let Some((ship, p)) = ships.first().filter(|_| matched.is_told) {
            let is_dark = matched.suspects.first().is_some_and(Suspect::is_dark);
            matched.verdict = if is_dark { Verdict::Corroborated } else { Verdict::Unheard };
            if let Some(dark) = &ship.silent.dark {
                weigh_ports(&mut matched, (ship.silent, dark, *p), &holding, evidence);
            }
        } else if reach.count == 0
            && sighting.is_identified()
            && let Some(misfit) = misfit(number, sighting, silent, evidence)
        {
            matched.verdict = Verdict::Contradicted;
            (matched.is_told, matched.is_misfit) = (true, true);
            matched.suspects.push(misfit);
        }
        matched
    }
}

/// Which sightings transmitting ships explain, and how far off they were: those first that name the ship, then the nearest.
/// A ship explains one sighting of a moment, and all that name it.
fn transmitting<W>(
    sightings: &[Arc<Sighting>],
    order: &[usize],
    evidence: &Evidence<'_, W>,
    takings: &mut Takings,
) -> BTreeMap<usize, (TrackId, f64)> {
    let mut pairs: Vec<(bool, f64, usize, TrackId)> = Vec::new();
    for number in order {
        let sighting = &sightings[*number];
        let is_unnamed = !sighting.is_identified();
        let near = heard_around(evidence, *number)
            .filter_map(|(track, around)| Some((is_unnamed, explains_m(sighting, around)?, *number, track)));
        pairs.extend(near);
    }
    pairs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
    let mut explained = BTreeMap::new();
    for (is_unnamed, off_m, number, track) in pairs {
        let sighting = &sightings[number];
        let is_free = !is_unnamed || takings.left(track, sighting) > 0.0;
        if is_free && !explained.contains_key(&number) {
            takings.take(track, sighting, 1.0);
            explained.insert(number, (track, off_m));
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
    let first = TrackId { mmsi: Mmsi(0), number: 0 };
    let last = TrackId { mmsi: Mmsi(u32::MAX), number: u32::MAX };
    evidence.heard.range((number, first)..=(number, last)).map(|((_, track), around)| (*track, around))
}

/// Which ports in question the sighting leaves possible; it contradicts if half of the belief was in others, and it is as sure
/// that it was this ship.
fn weigh_ports<W: Waters>(
    matched: &mut Matched,
    (silent, dark, share): (&Silent, &Dark, f64),
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
    if !is_there && share * lost >= HALF {
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
