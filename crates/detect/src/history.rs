//! The late path: what a track keeps for 72 h so that a report that fills a silence can be taken
//! in after all, and the facts be as if it had come in time.
//!
//! A track that has not been silent keeps nothing. One that has keeps its story as it was before
//! the oldest remembered silence, and a journal of what came since. What is late goes into the
//! journal at its place, the story is run again, and what differs is told: once for all that came
//! within a minute, for late reports come in bursts.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use model::alert::Told;
use model::position::reachable;
use model::prefetch::fetch;
use model::time::{HOUR_MS, MINUTE_MS};
use model::{EventTime, Fact, FactChange, FactKey, Fix, Mmsi, Statics};
use serde::{Deserialize, Serialize};

use crate::dark::BLIP_MS;
use crate::quiet::SILENCE_MS;
use crate::silence::extent;
use crate::story::leg_um;
use crate::tell::Teller;
use crate::{Chart, Inside, Report, Story};

/// How far back late reports are taken in.
const MEMORY_MS: i64 = 72 * HOUR_MS;
/// The story is run again at the next multiple of this.
const RERUN_MS: i64 = MINUTE_MS;
/// Silences remembered per track.
const MAX_SPANS: usize = 64;
/// Late reports taken into one silence.
const MAX_TAKEN: u16 = 256;
/// Journal entries per track; beyond it the oldest silence is no longer remembered.
const MAX_EVENTS: usize = 4_096;
/// At most this speed (0.1 kn) a report is at rest.
const SLOW: u16 = 5;

/// A track: its story, and what is needed to revise it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Track {
    story: Story,
    /// None before there is anything to tell.
    teller: Option<Box<Teller>>,
    history: Option<Box<History>>,
    aside: Option<Box<Aside>>,
}

/// What is to be judged again, and another ship with the same identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Aside {
    /// How far it had been judged when a report of an earlier time came in, and when that was.
    behind: Option<(EventTime, EventTime)>,
    /// When the story is to be run again at the latest, with what came late.
    rerun_at: Option<EventTime>,
    /// Whether other ships use the same MMSI: then all reports of 72 h are kept, so that late ones
    /// can be held against them.
    is_shared: bool,
}

/// What became of a late report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateOutcome {
    /// Taken into the story.
    Taken,
    /// Not within a silence that is remembered.
    TooLate,
    /// Not reachable from the reports around it.
    Unreachable,
    /// Too many late reports in this silence.
    Limit,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct History {
    /// The story up to the report at which the oldest remembered silence began.
    checkpoint: Story,
    spans: VecDeque<Span>,
    journal: VecDeque<Event>,
    /// What came late since the story was run last, in the order of arrival.
    late: Vec<Event>,
}

/// A time that was a silence.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Span {
    /// The accepted report before it.
    from_fix: EventTime,
    start: EventTime,
    end: EventTime,
    taken: u16,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Event {
    Report(Report),
    Mute(EventTime),
    /// Another ship with this identity was close; only late ones are kept here.
    Encounter(EventTime),
    /// A ship with the IMO number of this one under another MMSI.
    Continued(EventTime, Mmsi),
    Heard {
        t: EventTime,
        values: Arc<Statics>,
        is_report: bool,
    },
}

impl Event {
    fn t(&self) -> EventTime {
        match self {
            Event::Report(report) => report.fix.t,
            Event::Mute(t) | Event::Encounter(t) | Event::Continued(t, _) | Event::Heard { t, .. } => *t,
        }
    }

    fn report(&self) -> Option<&Report> {
        match self {
            Event::Report(report) => Some(report),
            Event::Mute(_) | Event::Encounter(_) | Event::Continued(..) | Event::Heard { .. } => None,
        }
    }

    /// Events at the same time stand in the order of their message types.
    fn order(&self) -> u8 {
        match self {
            Event::Report(_) => 0,
            Event::Mute(_) => 1,
            Event::Heard { .. } => 2,
            Event::Continued(..) => 3,
            Event::Encounter(_) => 4,
        }
    }
}

impl Track {
    /// A new track.
    #[must_use]
    pub fn new(story: Story) -> Track {
        Track { story, teller: None, history: None, aside: None }
    }

    /// Fetches what a report with this speed will ask for elsewhere …
    pub fn fetch(&self, sog: Option<u16>) {
        self.teller.iter().for_each(|teller| fetch(&**teller));
        self.story.fetch(sog);
    }

    /// … and what it will ask for beyond that.
    pub fn fetch_beyond(&self) {
        self.story.fetch_beyond();
    }

    /// The story as it stands.
    #[must_use]
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// Another ship uses the same MMSI.
    pub fn share_identity(&mut self) {
        self.set_aside(|aside| aside.is_shared = true);
    }

    /// The next report in time, with the ports that hold it. `now` is how far hand-on has come.
    pub fn report(
        &mut self,
        report: &Report,
        inside: &Inside,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        let is_shared = self.aside.as_ref().is_some_and(|aside| aside.is_shared);
        let mut silences = self.story.silences_before(report.fix.t);
        if !silences.is_empty() && self.rerun_at().is_some() {
            // What it tells of the silence is told with what filled it.
            self.take_in(now, chart, out);
            silences = self.story.silences_before(report.fix.t);
        }
        let clock = self.story.judge().clock();
        if let (Some(from), true) = (self.story.last_t(), is_shared || !silences.is_empty()) {
            let story = &self.story;
            let fresh = || Box::new(History::new(story.clone()));
            let history = self.history.get_or_insert_with(fresh);
            for silence in silences {
                history.remember(Span { from_fix: from, start: silence.start, end: silence.end, taken: 0 });
            }
        }
        if let Some(history) = &mut self.history {
            history.insert(Event::Report(report.clone()));
            if !is_shared {
                history.thin(&self.story, chart);
            }
            if !history.forget(now, is_shared, chart) {
                self.history = None;
            }
        }
        let mut changes = Vec::new();
        self.story.report(report, inside, chart, &mut changes);
        // A report of an earlier time than what was judged last: what followed is judged anew, once
        // time goes on.
        self.fall_behind(clock, now);
        self.tell(changes, (report.fix.t, now), chart, out);
    }

    /// A message without a position.
    pub fn mute(&mut self, t: EventTime, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        self.quiet_event(Event::Mute(t), now, chart, out);
    }

    /// The next moment at which something falls due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<EventTime> {
        let judged = self.story.judge().next_deadline();
        let Some(Aside { behind, rerun_at, .. }) = self.aside.as_deref() else { return judged };
        // All that falls due up to `behind` comes together.
        let judged = behind.map_or(judged, |(_, since)| Some(EventTime(since.0 + 1)));
        judged.into_iter().chain(*rerun_at).min()
    }

    fn behind(&self) -> Option<(EventTime, EventTime)> {
        self.aside.as_ref()?.behind
    }

    fn rerun_at(&self) -> Option<EventTime> {
        self.aside.as_ref()?.rerun_at
    }

    fn set_aside(&mut self, change: impl FnOnce(&mut Aside)) {
        let mut aside = self.aside.as_deref().copied().unwrap_or_default();
        change(&mut aside);
        let is_any = aside != Aside::default();
        self.aside = is_any.then(|| Box::new(aside));
    }

    /// Does what falls due up to `now`.
    pub fn advance(&mut self, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        while let Some(due) = self.next_deadline().filter(|due| *due <= now) {
            // Nothing is judged without what is known.
            if self.rerun_at().is_some() {
                self.take_in(due, chart, out);
            } else if self.behind().is_some() {
                self.catch_up(due, chart, out);
            } else {
                self.story.advance(due, chart);
                self.tell(Vec::new(), (due, due), chart, out);
            }
        }
    }

    /// Judges anew what had been judged before a report of an earlier time came in.
    fn catch_up(&mut self, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        if let Some((behind, _)) = self.behind() {
            self.set_aside(|aside| aside.behind = None);
            self.story.advance(behind, chart);
            self.tell(Vec::new(), (behind, now), chart, out);
        }
    }

    /// What was judged up to `clock` is to be judged again, once time goes on from `now`.
    fn fall_behind(&mut self, clock: EventTime, now: EventTime) {
        let before = self.behind();
        let clock = before.map_or(clock, |(behind, _)| behind.max(clock));
        let behind = (clock > self.story.judge().clock()).then_some((clock, now));
        if behind != before {
            self.set_aside(|aside| aside.behind = behind);
        }
    }

    /// A ship with the IMO number of this one is heard under another MMSI.
    pub fn continues_as(
        &mut self,
        t: EventTime,
        mmsi: Mmsi,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        self.story.continues_as(t, mmsi);
        if let Some(history) = &mut self.history {
            history.insert(Event::Continued(t, mmsi));
        }
        self.tell(Vec::new(), (t, now), chart, out);
    }

    /// The track was a false fix: takes back all that was told of it.
    pub fn take_back(&mut self, at: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        for told in self.story.told_facts(chart) {
            let none = FactChange { fact: None, was_told: true, ambiguous: false, at, told: at, ..told };
            out.push(Told::Fact(none));
        }
        if let Some(teller) = &mut self.teller {
            teller.take_back(&self.story, (at, at), chart, out);
        }
    }

    fn tell(
        &mut self,
        changes: Vec<FactChange>,
        times: (EventTime, EventTime),
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        self.note(changes, out);
        if self.teller.is_some() || !self.story.is_plain() {
            self.teller.get_or_insert_default().tell(&self.story, times, chart, out);
        }
    }

    fn note(&mut self, changes: Vec<FactChange>, out: &mut Vec<Told>) {
        if changes.is_empty() {
            return;
        }
        for change in &changes {
            self.teller.get_or_insert_default().note(change);
        }
        out.extend(changes.into_iter().map(Told::Fact));
    }

    /// Static values of a message that tells no position.
    pub fn hear(
        &mut self,
        t: EventTime,
        values: &Arc<Statics>,
        is_report: bool,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        self.quiet_event(Event::Heard { t, values: Arc::clone(values), is_report }, now, chart, out);
    }

    /// A report older than the track's last: taken in if it fills a silence.
    pub fn take_late(&mut self, report: &Report, now: EventTime) -> LateOutcome {
        let outcome = match &mut self.history {
            Some(history) => history.admit(report.fix, now),
            None => LateOutcome::TooLate,
        };
        if outcome == LateOutcome::Taken {
            self.come_late(Event::Report(report.clone()), now);
        }
        outcome
    }

    /// What [`Track::take_late`] would say, and the report before the late one.
    #[must_use]
    pub fn would_take(&self, fix: Fix, now: EventTime) -> (LateOutcome, Option<Fix>) {
        self.history.as_ref().map_or((LateOutcome::TooLate, None), |history| {
            (history.admission(fix, now), history.neighbours(fix.t).0)
        })
    }

    /// Another ship with this identity was close at `t`.
    pub fn mark_ambiguous(&mut self, t: EventTime, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        let is_past = self.story.last_t().is_some_and(|last| t < last);
        match &self.history {
            Some(history) if is_past && history.checkpoint.last_t().is_some_and(|from| t >= from) => {
                self.come_late(Event::Encounter(t), now);
            }
            _ => {
                let mut changes = Vec::new();
                self.story.mark_ambiguous(t, chart, &mut changes);
                self.tell(changes, (t, now), chart, out);
            }
        }
    }

    /// The accepted report at or before a time, as far as it is remembered.
    #[must_use]
    pub fn fix_before(&self, t: EventTime) -> Option<Fix> {
        match (&self.history, self.story.last_fix()) {
            (_, Some(last)) if last.t <= t => Some(last),
            (Some(history), _) => history.neighbours(t).0,
            (None, _) => None,
        }
    }

    /// The accepted reports after a time and up to another, as far as they are remembered.
    #[must_use]
    pub fn fixes_between(&self, after: EventTime, until: EventTime) -> Vec<Fix> {
        if self.story.last_t().is_none_or(|last| last <= after) {
            return Vec::new();
        }
        let within = |fix: &Fix| after < fix.t && fix.t <= until;
        let mut fixes: Vec<Fix> = match &self.history {
            Some(history) => history.fixes().filter(within).collect(),
            None => self.story.last_fix().into_iter().filter(within).collect(),
        };
        fixes.sort_by_key(|fix| fix.t);
        fixes
    }

    /// The end of input.
    pub fn finish(&mut self, at: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        self.advance(at, chart, out);
        self.take_in(at, chart, out);
        self.catch_up(at, chart, out);
        let mut changes = Vec::new();
        self.story.finish(at, chart, &mut changes);
        self.tell(changes, (at, at), chart, out);
        // Nothing is told any more that could differ from this.
        self.teller = None;
    }

    fn quiet_event(&mut self, event: Event, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        let is_late = self.story.last_t().is_some_and(|last| event.t() < last);
        if let (true, Some(history)) = (is_late, &mut self.history) {
            if history.checkpoint.last_t().is_some_and(|from| event.t() >= from) {
                return self.come_late(event, now);
            }
            // Before the checkpoint nothing can be revised; the values count from now on.
            apply(&mut history.checkpoint, &event, chart, &mut Vec::new());
        }
        let clock = self.story.judge().clock();
        apply(&mut self.story, &event, chart, &mut Vec::new());
        if let Event::Mute(t) = event {
            self.fall_behind(clock, now);
            self.tell(Vec::new(), (t, now), chart, out);
        }
        if let (false, Some(history)) = (is_late, &mut self.history) {
            history.insert(event);
        }
    }

    /// Something that changes what was: the story is run again with it before long.
    fn come_late(&mut self, event: Event, now: EventTime) {
        if let Some(history) = &mut self.history {
            history.late.push(event);
            let next = EventTime((now.0.div_euclid(RERUN_MS) + 1) * RERUN_MS);
            self.set_aside(|aside| aside.rerun_at = aside.rerun_at.or(Some(next)));
        }
    }

    /// Runs the story from the checkpoint without and with what came late, and tells what differs.
    fn take_in(&mut self, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        if self.rerun_at().is_some() {
            self.set_aside(|aside| aside.rerun_at = None);
        }
        let Some(history) = self.history.as_mut().filter(|history| !history.late.is_empty()) else { return };
        let clock = self.story.judge().clock();
        history.checkpoint.share_encounters(&self.story);
        let (before, _) = history.run(chart);
        let late = history.take_in();
        let latest = late.last().copied().unwrap_or(now);
        // What decided it is the last late report within the fact, if there is one.
        let at = |fact: &Fact| {
            let extent = extent(fact);
            late.iter().rev().copied().find(|t| extent.start <= *t && *t <= extent.end).unwrap_or(latest)
        };
        let (after, story) = history.run(chart);
        let mut changes = Vec::new();
        let vessel = || Arc::clone(story.statics());
        for (key, (fact, _)) in before.iter().filter(|(key, _)| !after.contains_key(key)) {
            let (key, at, vessel) = (*key, at(fact), vessel());
            let change =
                FactChange { key, fact: None, was_told: true, ambiguous: false, at, told: now, vessel };
            changes.push(change);
        }
        for (key, told) in after {
            let earlier = before.get(&key);
            if earlier != Some(&told) {
                let ((fact, ambiguous), vessel) = (told, vessel());
                let (at, was_told) = (at(&fact), earlier.is_some());
                changes.push(FactChange {
                    key,
                    fact: Some(fact),
                    was_told,
                    ambiguous,
                    at,
                    told: now,
                    vessel,
                });
            }
        }
        self.story = story;
        self.fall_behind(clock, now);
        if let Some(teller) = &mut self.teller {
            teller.renew();
        }
        if self.behind().is_some() {
            // The silence that lasts is judged again first: nobody is told that there is none.
            self.note(changes, out);
        } else {
            self.tell(changes, (latest, now), chart, out);
        }
    }
}

impl History {
    fn new(checkpoint: Story) -> History {
        History { checkpoint, spans: VecDeque::new(), journal: VecDeque::new(), late: Vec::new() }
    }

    /// Puts what came late at its place; the times of its reports, the latest last, or else that of all of it.
    fn take_in(&mut self) -> Vec<EventTime> {
        let late = core::mem::take(&mut self.late);
        let reports = late.iter().filter_map(Event::report).map(|report| report.fix.t);
        let mut times: Vec<EventTime> = reports.collect();
        if times.is_empty() {
            times.extend(late.iter().map(Event::t).max());
        }
        times.sort_unstable();
        for event in late {
            match event {
                Event::Encounter(t) => self.checkpoint.note_encounter(t),
                Event::Report(_) | Event::Mute(_) | Event::Continued(..) | Event::Heard { .. } => {
                    self.insert(event);
                }
            }
        }
        times
    }

    /// The accepted reports since the checkpoint, those that came late last.
    fn fixes(&self) -> impl Iterator<Item = Fix> {
        self.journal.iter().chain(&self.late).filter_map(Event::report).map(|report| report.fix)
    }

    /// Puts an event at its place in time, which is nearly always the end.
    fn insert(&mut self, event: Event) {
        let key = (event.t(), event.order());
        let later = self.journal.iter().rev().take_while(|other| (other.t(), other.order()) > key).count();
        self.journal.insert(self.journal.len() - later, event);
    }

    fn remember(&mut self, span: Span) {
        self.spans.push_back(span);
    }

    /// The accepted reports around a time.
    fn neighbours(&self, t: EventTime) -> (Option<Fix>, Option<Fix>) {
        let before = self.fixes().filter(|fix| fix.t <= t).max_by_key(|fix| fix.t);
        let after = self.fixes().filter(|fix| fix.t > t).min_by_key(|fix| fix.t);
        (before.or(self.checkpoint.last_fix()), after)
    }

    fn admission(&self, fix: Fix, now: EventTime) -> LateOutcome {
        let Some(span) = self.spans.iter().find(|span| span.start < fix.t && fix.t < span.end) else {
            return LateOutcome::TooLate;
        };
        let (Some(before), Some(after)) = self.neighbours(fix.t) else { return LateOutcome::TooLate };
        let can_reach = |other: Fix| reachable(other.position, other.t.0, fix.position, fix.t.0);
        if now.0 - after.t.0 > MEMORY_MS {
            LateOutcome::TooLate
        } else if !can_reach(before) || !can_reach(after) {
            LateOutcome::Unreachable
        } else if span.taken >= MAX_TAKEN {
            LateOutcome::Limit
        } else {
            LateOutcome::Taken
        }
    }

    fn admit(&mut self, fix: Fix, now: EventTime) -> LateOutcome {
        let outcome = self.admission(fix, now);
        if outcome == LateOutcome::Taken
            && let Some(span) = self.spans.iter_mut().find(|span| span.start < fix.t && fix.t < span.end)
        {
            span.taken += 1;
        }
        outcome
    }

    /// Runs the story from the checkpoint: its facts, and how it stands at the end.
    fn run(&self, chart: &impl Chart) -> (BTreeMap<FactKey, (Fact, bool)>, Story) {
        let mut story = self.checkpoint.clone();
        let mut changes = story.told_facts(chart);
        for event in &self.journal {
            apply(&mut story, event, chart, &mut changes);
        }
        let mut facts = BTreeMap::new();
        for change in changes {
            match change.fact {
                Some(fact) => facts.insert(change.key, (fact, change.ambiguous)),
                None => facts.remove(&change.key),
            };
        }
        (facts, story)
    }

    /// Forgets silences that are too old or too many; `false` if nothing is left to remember.
    fn forget(&mut self, now: EventTime, is_shared: bool, chart: &impl Chart) -> bool {
        if !self.late.is_empty() {
            return true;
        }
        let is_old = |span: &Span| span.end.0 + MEMORY_MS < now.0;
        let mut changed = false;
        while self.spans.front().is_some_and(is_old) || self.spans.len() > MAX_SPANS {
            self.spans.pop_front();
            changed = true;
        }
        if self.journal.len() > MAX_EVENTS {
            self.spans.pop_front();
            changed = true;
        }
        let oldest = EventTime(now.0 - MEMORY_MS);
        let from = match self.spans.front() {
            Some(next) if is_shared => next.from_fix.min(oldest),
            Some(next) => next.from_fix,
            None if is_shared => oldest,
            None => return false,
        };
        // Where there is no silence to forget, the oldest reports go.
        let from =
            if self.journal.len() > MAX_EVENTS { from.max(self.journal[MAX_EVENTS / 4].t()) } else { from };
        if changed || is_shared {
            for _ in 0..self.journal.len() {
                // The checkpoint stands at the report at which the oldest silence begins.
                let last = self.checkpoint.last_t();
                let more =
                    self.journal.iter().find_map(Event::report).is_some_and(|report| report.fix.t <= from);
                if !more || last.is_none() {
                    break;
                }
                if let Some(event) = self.journal.pop_front() {
                    apply(&mut self.checkpoint, &event, chart, &mut Vec::new());
                }
            }
        }
        true
    }

    /// Leaves out the last report but one where that can make no difference.
    fn thin(&mut self, story: &Story, chart: &impl Chart) {
        let length = self.journal.len();
        if length < 3 {
            return;
        }
        let [Event::Report(a), Event::Report(b), Event::Report(c)] =
            [&self.journal[length - 3], &self.journal[length - 2], &self.journal[length - 1]]
        else {
            return;
        };
        // A late report may still come in between them: up to the end of the last silence. The first reports after it
        // are counted: so many of them end a dark period.
        let is_open = self.spans.back().is_some_and(|span| a.fix.t.0 <= span.end.0 + BLIP_MS);
        if is_open || !tells_the_same(a, b, c, story, chart) {
            return;
        }
        let leg = b.leg_um.unwrap_or_else(|| leg_um(a.fix, b.fix)) + leg_um(b.fix, c.fix);
        let left_out = 1 + b.thinned;
        self.journal.remove(length - 2);
        if let Some(Event::Report(a)) = self.journal.get_mut(length - 3) {
            a.thinned += left_out;
        }
        if let Some(Event::Report(c)) = self.journal.get_mut(length - 2) {
            c.leg_um = Some(leg);
        }
    }
}

/// Whether `b` between `a` and `c` can be left out: the same hour, no silence, the same interval
/// and static values, and either all far from any port or all at rest at one berth.
fn tells_the_same(a: &Report, b: &Report, c: &Report, story: &Story, chart: &impl Chart) -> bool {
    let hour = |report: &Report| report.fix.t.0.div_euclid(HOUR_MS);
    let same_time = hour(a) == hour(b) && hour(b) == hour(c) && c.fix.t.0 - a.fix.t.0 < SILENCE_MS;
    if !same_time || a.interval != b.interval || a.statics != b.statics {
        return false;
    }
    let is_sea = |report: &Report| chart.is_open_sea(report.fix.position);
    if is_sea(a) && is_sea(b) && is_sea(c) {
        return !story.proves_distance(a.fix.position, b.fix.position, c.fix.position);
    }
    let is_slow = |report: &Report| report.sog.is_some_and(|sog| sog <= SLOW);
    // Any metre can be the one by which a report is 500 m from the first of a stop.
    let at_berth = |other: &Report| other.fix.position == a.fix.position;
    let inside = |report: &Report| chart.inside(report.fix.position, report.fix.t);
    is_slow(a) && is_slow(b) && is_slow(c) && at_berth(b) && at_berth(c) && {
        let ports = inside(a);
        !ports.is_empty() && ports == inside(b) && ports == inside(c)
    }
}

fn apply(story: &mut Story, event: &Event, chart: &impl Chart, out: &mut Vec<FactChange>) {
    match event {
        Event::Report(report) => {
            let inside = chart.inside(report.fix.position, report.fix.t);
            story.report(report, &inside, chart, out);
        }
        Event::Mute(t) => story.mute(*t, chart),
        Event::Encounter(t) => story.note_encounter(*t),
        Event::Continued(t, mmsi) => story.continues_as(*t, *mmsi),
        Event::Heard { t, values, is_report } => story.hear(*t, values, *is_report),
    }
}
