//! Which visits are printed, and the hops between calls.
//!
//! Both are derived anew from the stays of the last days whenever one of them changes, so a stay
//! that turns out otherwise revises or retracts what was told.

use alloc::boxed::Box;
use alloc::vec::Vec;

use model::position::speed_kn;
use model::time::{DAY_MS, HOUR_MS};
use model::{
    EventTime, Fact, FactKey, FactKind, Fix, Hop, PortIndex, PortKind, Ports, Position, Rare, Statics,
    TimeSpan, TrackId, VisitClass,
};
use serde::{Deserialize, Serialize};

use crate::visit::{GAP_MS, Logged, Stay, Visits};

/// Stays are kept this long after they are over: late reports reach back 72 h, and an anchorage
/// is judged by calls up to 24 h away.
const KEEP_MS: i64 = 4 * DAY_MS;
/// An anchorage call is part of a call this close by.
const ANCHORAGE_M: f64 = 30_000.0;
const ANCHORAGE_MS: i64 = DAY_MS;
/// Silences kept for the hop under way.
const MAX_SILENCES: usize = 4_096;

/// The stays of a track that facts may still depend on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Itinerary {
    /// Stays that are over, in the order in which they ended.
    over: Rare<Stay>,
    /// The last end of a hop that is no longer among them.
    former: Option<Box<Stay>>,
    silences: Rare<TimeSpan>,
    /// Whether the track has been far from all calls that still count.
    was_away: bool,
}

impl Itinerary {
    /// Whether there is nothing to derive facts from.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.over.is_empty()
    }

    /// A stay is over.
    pub fn add(&mut self, stay: Stay) {
        self.over.push(stay);
        self.was_away = false;
    }

    /// A silence is over.
    pub fn silence(&mut self, span: TimeSpan) {
        self.trim_silences(span.end);
        self.silences.edit(|silences| {
            if silences.len() == MAX_SILENCES {
                silences.remove(0);
            }
            silences.push(span);
        });
    }

    /// All facts of the stays kept and of those under way.
    #[must_use]
    pub fn facts<'a>(
        &'a self,
        open: impl Iterator<Item = &'a Stay>,
        track: TrackId,
        ports: &Ports,
    ) -> Vec<(FactKey, Fact)> {
        let all: Vec<&Stay> = self.over.iter().chain(open).collect();
        let stays: Vec<&Stay> = all.iter().copied().filter(|stay| is_printed(stay, &all, ports)).collect();
        let mut facts: Vec<(FactKey, Fact)> =
            stays.iter().map(|stay| (visit_key(track, stay), Fact::Visit(stay.visit()))).collect();
        for (from, to) in self.legs(&stays, ports) {
            if let Some(departure) = departure(from, to)
                && self.is_hop(from, to, departure, ports)
            {
                let key = FactKey { track, start: departure.fix.t, kind: FactKind::Hop, port: Some(to.port) };
                facts.push((key, Fact::Hop(Box::new(self.hop(from, to, departure)))));
            }
        }
        facts
    }

    /// Whether a stay is so old that nothing can happen to it any more.
    #[must_use]
    pub fn has_settled(&self, now: EventTime) -> bool {
        self.over.first().is_some_and(|oldest| oldest.last.fix.t.0 + KEEP_MS < now.0)
    }

    /// Forgets stays to which nothing can happen any more.
    pub fn settle(&mut self, now: EventTime, visits: &mut Visits, ports: &Ports) {
        while self.has_settled(now) {
            let settled = self.over.edit(|over| over.remove(0));
            self.was_away = false;
            for stay in self.over.iter_mut().chain(visits.stays_mut()) {
                let is_parent = ports.parents(settled.port).contains(&stay.port)
                    && ports.get(stay.port).is_valid_at(settled.first.fix.t);
                if is_parent && overlap(settled.span(), stay.span()) {
                    stay.settled_child = stay.settled_child.max(Some(settled.class()));
                }
                stay.settled_by_port |= is_anchored_at(stay, &settled, ports);
            }
            let ends_hop = settled.class().is_call()
                && !settled.settled_by_port
                && !self.over.iter().any(|other| is_anchored_at(&settled, other, ports))
                && self.former.as_ref().is_none_or(|former| settled.last.fix.t > former.last.fix.t);
            if ends_hop {
                self.former = Some(Box::new(settled));
            }
        }
        self.trim_silences(now);
    }

    /// Notes for the last calls whether the track is far from them.
    pub fn watch_distance(&mut self, fix: Fix) {
        const LAST_CALLS: usize = 4;
        if self.was_away {
            return;
        }
        let calls = self.over.iter_mut().rev().filter(|stay| stay.class().is_call());
        let watched = calls.take(LAST_CALLS).chain(self.former.as_deref_mut());
        self.was_away = watched.fold(true, |was_away, stay| stay.watch_distance(fix) & was_away);
    }

    /// Whether `b` is farther from a call's last fix than both `a` and `c`, so that only it may
    /// prove that the ship was away.
    #[must_use]
    pub fn proves_distance(&self, a: Position, b: Position, c: Position) -> bool {
        self.over.iter().filter(|stay| stay.class().is_call()).chain(self.former.as_deref()).any(|stay| {
            let away = |position: Position| position.distance_m(stay.last.fix.position);
            away(b) > away(a).max(away(c))
        })
    }

    /// Static values were heard; tells whether a fact may change by them.
    pub fn hear(&mut self, t: EventTime, values: &Statics) -> bool {
        self.over
            .iter_mut()
            .chain(self.former.as_deref_mut())
            .fold(false, |changed, stay| stay.hear(t, values) | changed)
    }

    /// The last call that was over before a time: the port, and the last fix inside.
    #[must_use]
    pub fn last_call(&self, before: EventTime) -> Option<(PortIndex, Fix)> {
        let stays = self.over.iter().chain(self.former.as_deref());
        let calls = stays.filter(|stay| stay.class().is_call() && stay.last.fix.t <= before);
        calls.map(|stay| (stay.port, stay.last.fix)).max_by_key(|(port, fix)| (fix.t, *port))
    }

    /// Hops that end in a visit under way which is no call yet, at ports that count.
    #[must_use]
    pub fn provisional<'a>(
        &'a self,
        open: impl Iterator<Item = &'a Stay>,
        track: TrackId,
        ports: &Ports,
        counts: impl Fn(PortIndex) -> bool,
    ) -> Vec<(FactKey, Fact)> {
        let open: Vec<&Stay> = open.collect();
        let mut hops = Vec::new();
        for to in open.iter().filter(|to| !to.class().is_call() && !to.is_zone && counts(to.port)) {
            let calls = self.over.iter().chain(self.former.as_deref()).chain(open.iter().copied());
            let before = calls.filter(|stay| stay.class().is_call() && stay.last.fix.t <= to.first.fix.t);
            let Some(from) = before.max_by_key(|stay| (stay.last.fix.t, stay.port)) else { continue };
            if self.is_hop(from, to, from.last, ports) {
                let key = FactKey { track, start: from.last.fix.t, kind: FactKind::Hop, port: Some(to.port) };
                hops.push((key, Fact::Hop(Box::new(self.hop(from, to, from.last)))));
            }
        }
        hops
    }

    fn trim_silences(&mut self, now: EventTime) {
        let needed_from = match (&self.former, self.over.first()) {
            (Some(former), _) => former.last.fix.t.0,
            (None, Some(oldest)) => oldest.first.fix.t.0,
            (None, None) => now.0 - KEEP_MS,
        };
        // They come in order of time.
        if self.silences.first().is_some_and(|span| span.end.0 < needed_from) {
            let gone = self.silences.iter().take_while(|span| span.end.0 < needed_from).count();
            self.silences.edit(|silences| silences.drain(..gone).count());
        }
    }

    /// Pairs of consecutive ends of hops.
    fn legs<'a>(&'a self, stays: &[&'a Stay], ports: &Ports) -> Vec<(&'a Stay, &'a Stay)> {
        let mut calls: Vec<&Stay> =
            stays.iter().copied().filter(|stay| can_end_hop(stay, stays, ports)).collect();
        calls.sort_by(|a, b| {
            let area = |stay: &Stay| ports.get(stay.port).area_m2;
            a.first.fix.t.cmp(&b.first.fix.t).then(area(a).total_cmp(&area(b))).then(a.port.cmp(&b.port))
        });
        let mut legs = Vec::new();
        let mut former = self.former.as_deref();
        for call in calls {
            if let Some(before) = former {
                if call.last.fix.t <= before.last.fix.t {
                    continue;
                }
                legs.push((before, call));
            }
            former = Some(call);
        }
        legs
    }

    fn is_hop(&self, from: &Stay, to: &Stay, departure: Logged, ports: &Ports) -> bool {
        if !ports.count_as_one(from.port, to.port) {
            return true;
        }
        let way = TimeSpan { start: departure.fix.t, end: to.first.fix.t };
        let was_away = from.was_away_by(to.first.fix.t);
        was_away || self.silences.iter().any(|span| span.length_ms() >= GAP_MS && span.overlap_ms(way) > 0)
    }

    fn hop(&self, from: &Stay, to: &Stay, departure: Logged) -> Hop {
        let way = TimeSpan { start: departure.fix.t, end: to.first.fix.t };
        let silences: Vec<TimeSpan> =
            self.silences.iter().copied().filter(|span| span.overlap_ms(way) > 0).collect();
        let silent_ms: i64 = silences.iter().map(|span| span.overlap_ms(way)).sum();
        let length_ms = way.length_ms();
        let observed_share = if length_ms == 0 { 1.0 } else { 1.0 - silent_ms as f64 / length_ms as f64 };
        let exit = from.exit();
        let through_exit = exit.is_some_and(|exit| {
            let crossing = TimeSpan { start: exit.not_before, end: exit.not_after };
            self.silences.iter().any(|span| span.overlap_ms(crossing) > 0)
        });
        let distance_sailed_m = (to.first.odometer_um - departure.odometer_um) as f64 / 1e6;
        let before = if exit.is_some() { &from.cargos().at_exit } else { &to.cargos().at_arrival };
        let after = &to.cargos().after_arrival;
        Hop {
            from: from.port,
            to: to.port,
            departure: departure.fix,
            arrival: to.first.fix,
            exit,
            entry: to.entry(),
            distance_gc_m: departure.fix.position.distance_m(to.first.fix.position),
            distance_sailed_m,
            mean_speed_kn: speed_kn(distance_sailed_m, length_ms),
            silences,
            observed_share,
            through_silence: through_exit || observed_share < 0.5,
            draught_before: before.draught,
            draught_after: after.draught,
            destination_before: before.destination.clone(),
            destination_after: after.destination.clone(),
        }
    }
}

/// The key of a visit of a track.
#[must_use]
pub fn visit_key(track: TrackId, stay: &Stay) -> FactKey {
    FactKey { track, start: stay.first.fix.t, kind: FactKind::Visit, port: Some(stay.port) }
}

/// Higher ranks outweigh lower ones between a port and those inside it.
fn rank(class: VisitClass) -> u8 {
    match class {
        VisitClass::Call => 2,
        VisitClass::GapCall => 1,
        VisitClass::Transit | VisitClass::Single => 0,
    }
}

/// A visit is printed unless one inside a child of its port tells as much.
fn is_printed(stay: &Stay, all: &[&Stay], ports: &Ports) -> bool {
    let is_child = |other: &&&Stay| {
        let is_parent = ports.parents(other.port).contains(&stay.port);
        is_parent && ports.get(stay.port).is_valid_at(other.first.fix.t) && overlap(other.span(), stay.span())
    };
    let children = all.iter().filter(is_child).map(|child| rank(child.class()));
    let best_child = children.chain(stay.settled_child.map(rank)).max();
    best_child.is_none_or(|child| rank(stay.class()) > child)
}

fn can_end_hop(stay: &Stay, all: &[&Stay], ports: &Ports) -> bool {
    stay.class().is_call()
        && !stay.settled_by_port
        && !all.iter().any(|other| is_anchored_at(stay, other, ports))
}

/// Whether a call at an anchorage belongs to a call at a port or terminal close by.
fn is_anchored_at(stay: &Stay, other: &Stay, ports: &Ports) -> bool {
    let kind = |stay: &Stay| ports.get(stay.port).kind;
    if kind(stay) != PortKind::Anchorage || !matches!(kind(other), PortKind::Port | PortKind::Terminal) {
        return false;
    }
    let (earlier, later) = if stay.first.fix.t <= other.first.fix.t { (stay, other) } else { (other, stay) };
    let apart_ms = later.first.fix.t.0 - earlier.last.fix.t.0;
    other.class().is_call()
        && apart_ms <= ANCHORAGE_MS
        && earlier.last.fix.position.distance_m(later.first.fix.position) <= ANCHORAGE_M
}

/// Last fix inside `from` that is not after the first inside `to`.
fn departure(from: &Stay, to: &Stay) -> Option<Logged> {
    if from.last.fix.t <= to.first.fix.t {
        return Some(from.last);
    }
    let at_arrival =
        to.overlapped.iter().find(|(port, first, _)| *port == from.port && *first == from.first.fix.t);
    at_arrival.map(|(_, _, last)| *last)
}

fn overlap(a: TimeSpan, b: TimeSpan) -> bool {
    a.start <= b.end && b.start <= a.end
}

const _: () = assert!(KEEP_MS > ANCHORAGE_MS + 72 * HOUR_MS - 1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_watched_until_the_track_was_far_from_each_of_them() {
        let fix = |hour: i64, lat: f64| Fix {
            t: EventTime(hour * HOUR_MS),
            position: Position::from_degrees(131.9, lat).unwrap(),
        };
        let away = |itinerary: &Itinerary| -> Vec<Option<i64>> {
            let since = |stay: &Stay| (0..24).find(|hour| stay.was_away_by(EventTime(hour * HOUR_MS)));
            itinerary.over.iter().map(since).collect()
        };
        let mut itinerary = Itinerary::default();
        itinerary.add(Stay::of_call(PortIndex(1), fix(0, 43.0)));
        itinerary.watch_distance(fix(1, 43.3));
        assert_eq!(away(&itinerary), [None]);
        itinerary.watch_distance(fix(2, 43.4));
        assert!(itinerary.was_away);
        itinerary.watch_distance(fix(3, 43.5));
        assert_eq!(away(&itinerary), [Some(2)]);
        // A further call is watched again.
        itinerary.add(Stay::of_call(PortIndex(2), fix(4, 43.5)));
        itinerary.watch_distance(fix(5, 43.6));
        itinerary.watch_distance(fix(6, 43.0));
        assert_eq!(away(&itinerary), [Some(2), Some(6)]);
    }
}
