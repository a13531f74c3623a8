//! The story of one track: its reports in time order become silences, visits and hops.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use model::alert::{FactTold, Withheld};
use model::fact::YOUNG_REPORTS;
use model::hash::mix;
use model::prefetch::fetch;
use model::time::MINUTE_MS;
use model::{
    EventTime, Fact, FactChange, FactKey, Fix, Mmsi, PortIndex, Position, Rare, Silence, StaticKey, Statics,
    TimeSpan, TrackId,
};
use once_cell::race::OnceBox;
use serde::{Deserialize, Serialize};

use crate::activity::Activity;
use crate::dark::{Context, Judge};
use crate::hop::Itinerary;
use crate::quiet::{Quiet, SILENCE_MS};
use crate::silence::{self, Ended, Silences};
use crate::visit::{GAP_MS, Logged, Step, Visits};
use crate::withheld::Withholding;
use crate::{Chart, Interval, Report};

/// Moments at which another ship with the same identity was close, remembered one by one; older
/// ones are remembered as spans.
const MAX_ENCOUNTERS: usize = 256;
/// Encounters this close in time make one span.
const SAME_ENCOUNTER_MS: i64 = 30 * MINUTE_MS;

/// Everything that the facts of a track depend on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Story {
    track: TrackId,
    reports: u32,
    last: Option<Last>,
    quiet: Quiet,
    statics: Known,
    activity: Activity,
    judge: Judge,
    /// Nothing of it for most ships.
    events: Option<Box<Events>>,
}

/// What happened to a track but for dark periods.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Events {
    silences: Silences,
    visits: Visits,
    itinerary: Itinerary,
    encounters: Encounters,
    withholding: Withholding,
    /// Silences across which the ship changed what it says of who it is.
    changes: Rare<Silence>,
    changes_noted: u64,
    /// Visits and hops as last told.
    told: Rare<(FactKey, u64)>,
}

/// The last accepted report.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Last {
    logged: Logged,
    interval: Interval,
}

/// When another ship with the same identity was close.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Encounters {
    recent: Rare<EventTime>,
    older: Rare<TimeSpan>,
}

impl Encounters {
    /// Notes a moment; `false` if it was known.
    fn note(&mut self, t: EventTime) -> bool {
        if self.recent.contains(&t) {
            return false;
        }
        if self.recent.len() == MAX_ENCOUNTERS {
            let oldest = self.recent.edit(|recent| recent.remove(0));
            match self.older.last_mut() {
                Some(span) if oldest.0 - span.end.0 <= SAME_ENCOUNTER_MS => span.end = span.end.max(oldest),
                _ => self.older.push(TimeSpan { start: oldest, end: oldest }),
            }
        }
        let later = self.recent.iter().rev().take_while(|other| **other > t).count();
        self.recent.edit(|recent| recent.insert(recent.len() - later, t));
        true
    }

    fn any_within(&self, extent: TimeSpan) -> bool {
        self.recent.iter().any(|t| extent.start <= *t && *t <= extent.end)
            || self.older.iter().any(|span| span.start <= extent.end && extent.start <= span.end)
    }
}

/// The static values known, and when each was last heard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Known {
    values: Arc<Statics>,
    /// When they were last heard as they are now, all of them together.
    whole: EventTime,
    /// When each was last heard, where that was not together with all others.
    single: Option<Box<[EventTime; StaticKey::ALL.len()]>>,
}

impl Default for Known {
    fn default() -> Self {
        static NOTHING: OnceBox<Arc<Statics>> = OnceBox::new();
        Known { values: Arc::clone(NOTHING.get_or_init(Box::default)), whole: EventTime::MIN, single: None }
    }
}

impl Known {
    /// Takes in values heard at `t`; what is older than what is known is left.
    pub fn update(&mut self, t: EventTime, newer: &Arc<Statics>) {
        // Most ships say the same of themselves for days.
        if Arc::ptr_eq(&self.values, newer) {
            self.whole = self.whole.max(t);
            return;
        }
        let mut heard = self.single.take().unwrap_or_default();
        for (key, heard) in StaticKey::ALL.into_iter().zip(heard.iter_mut()) {
            if self.values.has(key) {
                *heard = self.whole.max(*heard);
            }
            if newer.has(key) && *heard <= t {
                *heard = t;
                if !self.values.same(newer, key) {
                    Arc::make_mut(&mut self.values).take(newer, key);
                }
            }
        }
        if newer.ship_type.is_some() && newer.ship_type != self.values.ship_type {
            Arc::make_mut(&mut self.values).ship_type = newer.ship_type;
        }
        // It is kept once.
        if self.values == *newer {
            self.values = Arc::clone(newer);
        }
        let is_newest = |(key, heard): (StaticKey, &EventTime)| *heard == t || !self.values.has(key);
        let is_whole = StaticKey::ALL.into_iter().zip(heard.iter()).all(is_newest);
        (self.whole, self.single) = if is_whole { (t, None) } else { (EventTime::MIN, Some(heard)) };
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &Arc<Statics> {
        &self.values
    }
}

impl Story {
    /// The story of a new track, of whose identity something may be known.
    #[must_use]
    pub fn new(track: TrackId, statics: Known) -> Story {
        Story {
            track,
            reports: 0,
            last: None,
            quiet: Quiet::default(),
            statics,
            activity: Activity::default(),
            judge: Judge::new(),
            events: None,
        }
    }

    /// Fetches what a report with this speed will ask for elsewhere …
    pub fn fetch(&self, sog: Option<u16>) {
        if let Some(events) = &self.events {
            fetch(&events.silences);
            fetch(&events.visits);
            fetch(&events.itinerary);
            fetch(&events.changes_noted);
        }
        sog.into_iter().for_each(|sog| self.judge.fetch(sog));
    }

    /// … and what it will ask for beyond that.
    pub fn fetch_beyond(&self) {
        self.events.iter().for_each(|events| events.visits.fetch());
    }

    /// Which track this is.
    #[must_use]
    pub fn track(&self) -> TrackId {
        self.track
    }

    /// Time of the last accepted report.
    #[must_use]
    pub fn last_t(&self) -> Option<EventTime> {
        self.last.map(|last| last.logged.fix.t)
    }

    /// Time of the last accepted report or message without a position.
    #[must_use]
    pub fn last_heard(&self) -> Option<EventTime> {
        self.last_t().max(self.quiet.last_mute())
    }

    /// The fix of the last accepted report.
    #[must_use]
    pub fn last_fix(&self) -> Option<model::Fix> {
        self.last.map(|last| last.logged.fix)
    }

    /// What the ship has said of itself.
    #[must_use]
    pub fn statics(&self) -> &Arc<Statics> {
        self.statics.values()
    }

    /// Whether all facts told so far can be taken back by [`Story::told_facts`].
    #[must_use]
    pub fn is_young(&self) -> bool {
        self.reports < YOUNG_REPORTS
    }

    /// Judges silences.
    #[must_use]
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// Times in which it transmitted, but not where it was, and whether each is over.
    pub fn withheld(&self) -> impl Iterator<Item = (&Withheld, bool)> {
        self.events.iter().flat_map(|events| events.withholding.told())
    }

    /// Silences across which it changed its name, call sign or IMO number, of the last days.
    #[must_use]
    pub fn changes(&self) -> &[Silence] {
        self.events.as_ref().map_or(&[], |events| &events.changes)
    }

    /// The last call that was over before a time: the port, and the last fix inside.
    #[must_use]
    pub fn last_call(&self, before: EventTime) -> Option<(PortIndex, Fix)> {
        self.events.as_ref()?.itinerary.last_call(before)
    }

    /// Changes whenever something changes that alerts may come of, visits and hops aside; never 0.
    #[must_use]
    pub fn version(&self) -> u64 {
        let noted = |events: &Events| events.withholding.version() + events.changes_noted;
        1 + self.judge.version() + self.events.as_deref().map_or(0, noted)
    }

    /// Whether there is nothing that alerts may come of, facts aside.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_plain = |events: &Events| {
            events.withholding.is_empty() && events.changes.is_empty() && events.visits.is_empty()
        };
        self.judge.is_idle() && self.events.as_deref().is_none_or(is_plain)
    }

    /// Whether it is in a port, or has just left one.
    #[must_use]
    pub fn is_in_port(&self) -> bool {
        self.events.as_ref().is_some_and(|events| !events.visits.is_empty())
    }

    /// Hops to ports that a rule names, which the ship has entered but where it has not called yet.
    #[must_use]
    pub fn provisional_hops(&self, chart: &impl Chart) -> Vec<FactTold> {
        let Some(Events { visits, itinerary, .. }) = self.events.as_deref().filter(|_| self.is_in_port())
        else {
            return Vec::new();
        };
        let is_named = |port: PortIndex| chart.watch().is_listed_port(port);
        let hops = itinerary.provisional(visits.open(), self.track, chart.ports(), is_named);
        let told = |(key, fact): (FactKey, Fact)| FactTold {
            key,
            ambiguous: self.is_ambiguous(&fact),
            fact,
            provisional: true,
        };
        hops.into_iter().map(told).collect()
    }

    /// Whether another ship with this identity was close at some moment of a span.
    #[must_use]
    pub fn is_ambiguous_within(&self, span: TimeSpan) -> bool {
        self.events.as_ref().is_some_and(|events| events.encounters.any_within(span))
    }

    /// Does what falls due up to `now`.
    pub fn advance(&mut self, now: EventTime, chart: &impl Chart) {
        if !self.judge.has_due(now) {
            return self.judge.pass(now);
        }
        let reports_12h = self.activity.total_heard();
        let context = Context { mmsi: self.track.mmsi, reports_12h, statics: &self.statics.values };
        self.judge.advance(now, &context, chart);
    }

    /// A ship with the IMO number of this one is heard under another MMSI.
    pub fn continues_as(&mut self, t: EventTime, mmsi: Mmsi) {
        self.judge.continues_as(t, mmsi);
    }

    /// A message without a position.
    pub fn mute(&mut self, t: EventTime, chart: &impl Chart) {
        self.quiet.mute(t);
        if let Some(last) = self.last.filter(|last| last.logged.fix.t < t) {
            self.judge.mute(t);
            self.advance(t, chart);
            self.events.get_or_insert_default().withholding.mute(t, last.logged.fix);
        }
    }

    /// Static values of a message that tells no position.
    pub fn hear(&mut self, t: EventTime, values: &Arc<Statics>, is_report: bool) {
        self.quiet.hear(t, values, is_report);
    }

    /// The silences that a report at `t` would end.
    #[must_use]
    pub fn silences_before(&self, t: EventTime) -> Vec<TimeSpan> {
        let mut parts = Vec::new();
        if let Some(last) = self.last
            && t.0 - last.logged.fix.t.0 >= SILENCE_MS
        {
            self.quiet.parts(last.logged.fix.t, t, &mut parts);
        }
        parts
    }

    /// The next accepted report, with the ports that hold it.
    pub fn report(
        &mut self,
        report: &Report,
        inside: &[model::PortIndex],
        chart: &impl Chart,
        out: &mut Vec<FactChange>,
    ) {
        let t = report.fix.t;
        self.judge.rewind(t);
        self.advance(EventTime(t.0 - 1), chart);
        let parts = self.silences_before(t);
        let mut changed = false;
        let before = out.len();
        for part in &parts {
            changed |= self.apply_hearings(part.start, out);
            self.end_silence(report, *part);
        }
        if !parts.is_empty() {
            self.told_silences(&parts, t, before, out);
        }
        let odometer_um = self.sail(report);
        self.activity.heard(t, 1 + report.thinned);
        if !self.quiet.is_empty() {
            changed |= self.apply_hearings(t, out);
            self.quiet.settle(t);
        }
        if let Some(values) = &report.statics {
            changed |= self.apply(t, values, t, out);
        }
        let logged = Logged { fix: report.fix, odometer_um };
        if !inside.is_empty() || self.is_in_port() {
            changed |= self.visit(report, logged, inside, &parts, chart);
        }
        self.judge.report(report, chart);
        if let Some(events) = &mut self.events {
            if !events.itinerary.is_empty() {
                events.itinerary.watch_distance(report.fix);
            }
            events.withholding.report(report.fix);
            events.changes.retain(|silence| silence.end.t.0 + crate::dark::KEEP_MS >= t.0);
        }
        self.last = Some(Last { logged, interval: report.interval });
        self.reports = self.reports.saturating_add(1);
        if changed {
            self.tell(t, chart, out);
        }
        let is_young = self.is_young();
        let Some(events) = &mut self.events else { return };
        if !is_young {
            events.silences.settle(t);
        }
        if events.itinerary.has_settled(t) {
            self.tell(t, chart, out);
            if let Some(events) = &mut self.events {
                events.itinerary.settle(t, &mut events.visits, chart.ports());
            }
            let facts = self.visits_and_hops(chart);
            self.note_told(facts.iter().map(|(key, fact)| (*key, self.print(fact))).collect());
        }
    }

    /// Another ship with this identity was close at `t`, the time of a report of this track.
    pub fn mark_ambiguous(&mut self, t: EventTime, chart: &impl Chart, out: &mut Vec<FactChange>) {
        let events = self.events.get_or_insert_default();
        if !events.encounters.note(t) {
            return;
        }
        for silence in self.waiting_silences() {
            if silence.start.t <= t && t <= silence.end.t {
                let fact = Fact::Silence(Box::new(silence.clone()));
                out.push(self.change((silence::key(self.track, silence), true), fact, t));
            }
        }
        self.tell(t, chart, out);
    }

    /// Whether only `b`, of three reports in a row, may prove that the ship was far from a call.
    #[must_use]
    pub fn proves_distance(&self, a: Position, b: Position, c: Position) -> bool {
        let is_between = |a: i32, b: i32, c: i32| a.min(c) <= b && b <= a.max(c);
        // A turning point is far from something, whatever calls late reports may yet show.
        !is_between(a.lon, b.lon, c.lon)
            || !is_between(a.lat, b.lat, c.lat)
            || self.events.as_ref().is_some_and(|events| events.itinerary.proves_distance(a, b, c))
    }

    /// Notes that another ship with this identity was close, and tells nothing.
    pub fn note_encounter(&mut self, t: EventTime) {
        self.events.get_or_insert_default().encounters.note(t);
    }

    /// Takes over what another run of the same track knows of ships close by.
    pub fn share_encounters(&mut self, other: &Story) {
        let shared = other.events.as_ref().map(|events| &events.encounters);
        if shared.is_some() || self.events.is_some() {
            self.events.get_or_insert_default().encounters = shared.cloned().unwrap_or_default();
        }
    }

    /// The end of input: tells visits that are still under way as they are.
    pub fn finish(&mut self, at: EventTime, chart: &impl Chart, out: &mut Vec<FactChange>) {
        self.apply_hearings(EventTime::MAX, out);
        self.tell(at, chart, out);
    }

    /// The facts told that may still change.
    #[must_use]
    pub fn told_facts(&self, chart: &impl Chart) -> Vec<FactChange> {
        let at = self.last_t().unwrap_or(EventTime::MIN);
        let mut facts: Vec<FactChange> = self
            .waiting_silences()
            .iter()
            .map(|silence| (silence::key(self.track, silence), Fact::Silence(Box::new(silence.clone()))))
            .map(|(key, fact)| self.change((key, true), fact, at))
            .collect();
        let told = |key: &FactKey| self.told().iter().any(|(other, _)| other == key);
        for (key, fact) in self.visits_and_hops(chart).into_iter().filter(|(key, _)| told(key)) {
            facts.push(self.change((key, true), fact, at));
        }
        facts
    }

    fn end_silence(&mut self, report: &Report, part: TimeSpan) {
        let Some(last) = self.last else { return };
        let events = self.events.get_or_insert_default();
        events.silences.end(&Ended {
            start: last.logged.fix,
            end: report.fix,
            heard: part,
            heard_static: self.quiet.heard_between(part),
            activity: &self.activity,
            before: self.statics.values(),
        });
        events.itinerary.silence(part);
    }

    fn waiting_silences(&self) -> &[Silence] {
        self.events.as_ref().map_or(&[], |events| events.silences.waiting())
    }

    /// Visits and hops as last told.
    fn told(&self) -> &[(FactKey, u64)] {
        self.events.as_ref().map_or(&[], |events| &events.told)
    }

    fn note_told(&mut self, told: Vec<(FactKey, u64)>) {
        if self.events.is_some() || !told.is_empty() {
            self.events.get_or_insert_default().told = told.into();
        }
    }

    /// Tells the silences that a report has ended; what was to be told of them while it did, after the first `before`
    /// changes, is part of it.
    fn told_silences(&mut self, parts: &[TimeSpan], at: EventTime, before: usize, out: &mut Vec<FactChange>) {
        let waiting = self.events.as_ref().map_or(&[][..], |events| events.silences.waiting());
        for silence in waiting.iter().filter(|silence| parts.contains(&silence.heard)) {
            self.judge.note_silence(silence);
            let key = silence::key(self.track, silence);
            while let Some(revised) = out[before..].iter().position(|change| change.key == key) {
                out.remove(before + revised);
            }
            out.push(self.change((key, false), Fact::Silence(Box::new(silence.clone())), at));
        }
    }

    /// Counts the way to a report, in distance and expected reports.
    fn sail(&mut self, report: &Report) -> i64 {
        let Some(last) = self.last else { return 0 };
        self.activity.expect(last.logged.fix.t, report.fix.t, last.interval);
        let leg_um = report.leg_um.unwrap_or_else(|| leg_um(last.logged.fix, report.fix));
        last.logged.odometer_um + leg_um
    }

    fn visit(
        &mut self,
        report: &Report,
        logged: Logged,
        inside: &[model::PortIndex],
        parts: &[TimeSpan],
        chart: &impl Chart,
    ) -> bool {
        let gaps: Vec<TimeSpan> = parts.iter().copied().filter(|part| part.length_ms() >= GAP_MS).collect();
        let mut over = Vec::new();
        let statics = &self.statics.values;
        let step = Step { report, logged, inside, previous: self.last_t(), gaps: &gaps, statics };
        let events = self.events.get_or_insert_default();
        let changed = events.visits.step(&step, chart, &mut over);
        over.into_iter().for_each(|stay| events.itinerary.add(stay));
        changed
    }

    fn apply_hearings(&mut self, up_to: EventTime, out: &mut Vec<FactChange>) -> bool {
        let mut changed = false;
        for hearing in self.quiet.take_hearings(up_to) {
            changed |= self.apply(hearing.t, &hearing.values, hearing.t, out);
        }
        changed
    }

    /// Takes in static values; tells whether visits or hops may change by them.
    fn apply(
        &mut self,
        t: EventTime,
        values: &Arc<Statics>,
        at: EventTime,
        out: &mut Vec<FactChange>,
    ) -> bool {
        self.statics.update(t, values);
        let Some(events) = &mut self.events else { return false };
        let mut changed = events.itinerary.hear(t, values);
        for stay in events.visits.stays_mut() {
            changed |= stay.hear(t, values);
        }
        for silence in events.silences.hear(t, values) {
            self.judge.note_silence(&silence);
            self.note_change(&silence);
            let key = silence::key(self.track, &silence);
            out.push(self.change((key, true), Fact::Silence(Box::new(silence)), at));
        }
        changed
    }

    /// A ship that says it is another after a silence.
    fn note_change(&mut self, silence: &Silence) {
        let tells_who =
            |key: &StaticKey| matches!(key, StaticKey::Name | StaticKey::Callsign | StaticKey::Imo);
        if silence.changed().iter().any(tells_who) {
            let events = self.events.get_or_insert_default();
            events.changes.retain(|other| other.heard.start != silence.heard.start);
            events.changes.push(silence.clone());
            events.changes_noted += 1;
        }
    }

    fn visits_and_hops(&self, chart: &impl Chart) -> Vec<(FactKey, Fact)> {
        let facts = |events: &Events| events.itinerary.facts(events.visits.open(), self.track, chart.ports());
        self.events.as_deref().map_or_else(Vec::new, facts)
    }

    /// Tells visits and hops that differ from what was told.
    fn tell(&mut self, at: EventTime, chart: &impl Chart, out: &mut Vec<FactChange>) {
        let facts = self.visits_and_hops(chart);
        for (key, _) in self.told().iter().filter(|(key, _)| facts.iter().all(|(other, _)| other != key)) {
            let (key, vessel) = (*key, Arc::clone(&self.statics.values));
            out.push(FactChange { key, fact: None, was_told: true, ambiguous: false, at, told: at, vessel });
        }
        let prints: Vec<(FactKey, u64)> = facts.iter().map(|(key, fact)| (*key, self.print(fact))).collect();
        for ((key, fact), print) in facts.into_iter().zip(&prints) {
            let told = self.told();
            if !told.contains(print) {
                let was_told = told.iter().any(|(other, _)| *other == key);
                out.push(self.change((key, was_told), fact, at));
            }
        }
        self.note_told(prints);
    }

    fn change(&self, (key, was_told): (FactKey, bool), fact: Fact, at: EventTime) -> FactChange {
        let (vessel, ambiguous) = (Arc::clone(&self.statics.values), self.is_ambiguous(&fact));
        FactChange { key, fact: Some(fact), was_told, ambiguous, at, told: at, vessel }
    }

    fn is_ambiguous(&self, fact: &Fact) -> bool {
        self.is_ambiguous_within(silence::extent(fact))
    }

    /// A hash by which a fact that was told is known to be unchanged.
    fn print(&self, fact: &Fact) -> u64 {
        let time = |t: Option<EventTime>| t.map_or(1, |t| t.0 as u64);
        let text = |text: &Option<model::CompactString>| {
            text.as_ref().map_or(1, |text| model::hash::bytes(0, text.as_bytes()))
        };
        let words: &[u64] = match fact {
            Fact::Silence(_) => &[],
            Fact::Visit(visit) => &[
                visit.last_inside.t.0 as u64,
                time(visit.entry.map(|entry| entry.not_before)),
                time(visit.exit.map(|exit| exit.t)),
                visit.class as u64,
                visit.stops.len() as u64,
                time(visit.stops.last().map(|stop| stop.end)),
                visit.gaps.len() as u64,
            ],
            Fact::Hop(hop) => &[
                u64::from(hop.from.0),
                hop.arrival.t.0 as u64,
                time(hop.exit.map(|exit| exit.t)),
                time(hop.entry.map(|entry| entry.not_before)),
                hop.distance_sailed_m.to_bits(),
                hop.silences.len() as u64,
                hop.observed_share.to_bits(),
                u64::from(hop.through_silence),
                u64::from(hop.draught_before.unwrap_or(0)),
                u64::from(hop.draught_after.unwrap_or(0)),
                text(&hop.destination_before),
                text(&hop.destination_after),
            ],
        };
        words.iter().fold(u64::from(self.is_ambiguous(fact)), |state, word| mix(state, *word))
    }
}

/// Great-circle distance between two fixes in micrometres.
#[must_use]
pub fn leg_um(from: model::Fix, to: model::Fix) -> i64 {
    model::number::round(from.position.distance_m(to.position) * 1e6)
}
