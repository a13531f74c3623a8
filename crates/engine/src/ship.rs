//! Everything known of one MMSI: the tracks of the ships that use it, and what they say of themselves.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use detect::quiet::SILENCE_MS;
use detect::reception::Claim;
use detect::story::Known;
use detect::{Chart, LateOutcome, Report, Story, Track};
use model::alert::{Conflict, Told};
use model::fate::Counts;
use model::prefetch::fetch_all;
use model::roster::Keyed;
use model::sighting::{LastKnown, Near};
use model::time::{HOUR_MS, MINUTE_MS};
use model::{EventTime, Fate, Fix, Mmsi, PositionReport, Rare, Reason, Statics, TrackId, Transmission};
use reorder::identity::Aftermath;
use reorder::{Identity, Placement, Recent, Turn, is_close};
use serde::{Deserialize, Deserializer, Serialize};
use smallvec::SmallVec;

/// A ship with fewer reports than this may make room for others.
const FAMILIAR_REPORTS: u8 = 3;
/// Late reports are taken in up to this long after their time.
const LATE_MS: i64 = 72 * HOUR_MS;
/// Another track this near in time can be taken for this one.
const CLOSE_MS: i64 = 10 * MINUTE_MS;
/// Times at which a ship told of itself that are remembered one by one.
const MAX_LATELY: usize = 4;
/// Static values remembered while a candidate waits.
const MAX_HEARD: usize = 256;

/// One MMSI.
#[derive(Clone, Debug, Serialize, Deserialize)]
// All of it is fetched from its beginning on.
#[repr(C)]
pub struct Ship {
    mmsi: Mmsi,
    /// How many it has sent, as far as that is of interest.
    reports: u8,
    /// Whether its bucket knows that more is remembered of it than is kept of a silent ship.
    is_crowded: bool,
    identity: Identity,
    #[serde(deserialize_with = "tracks")]
    tracks: SmallVec<[Numbered; 1]>,
    recent: Recent,
    /// None before it has said anything.
    statics: Option<Box<Statement>>,
    /// What was heard since the oldest candidate began, for the case that it becomes a track.
    waiting: Option<Box<Waiting>>,
    /// The next moment at which something falls due; after all time if there is none.
    due: EventTime,
}

/// For what is not due.
const NEVER: EventTime = EventTime::MAX;

/// What is kept of each of a million ships must not grow unnoticed.
const _: () = assert!(size_of::<Ship>() <= 512);

/// Reads tracks through a vector, which sets aside a mebibyte at most for a number of them that is only claimed.
fn tracks<'de, D: Deserializer<'de>>(bytes: D) -> Result<SmallVec<[Numbered; 1]>, D::Error> {
    Vec::<Numbered>::deserialize(bytes).map(SmallVec::from_vec)
}

/// What a ship says of itself, with the last few times that it said so: a track may begin with a
/// late report, before them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Statement {
    earlier: Known,
    lately: Rare<Heard>,
}

/// Static values, when they were heard, and whether by a static report.
type Heard = (EventTime, Arc<Statics>, bool);

impl Statement {
    fn hear(&mut self, t: EventTime, values: &Arc<Statics>, is_report: bool) {
        if self.is_all(t, values, is_report) {
            // Only times change: rows of tables say the same each time.
            self.earlier.update(self.lately[0].0, values);
            for at in 1..MAX_LATELY {
                self.lately[at - 1].0 = self.lately[at].0;
            }
            self.lately[MAX_LATELY - 1].0 = t;
            return;
        }
        let later = self.lately.iter().rev().take_while(|(other, ..)| *other > t).count();
        self.lately.edit(|lately| lately.insert(lately.len() - later, (t, Arc::clone(values), is_report)));
        if self.lately.len() > MAX_LATELY {
            let (t, values, _) = self.lately.edit(|lately| lately.remove(0));
            self.earlier.update(t, &values);
        }
    }

    /// Whether nothing else was said the last times, and this is later.
    fn is_all(&self, t: EventTime, values: &Arc<Statics>, is_report: bool) -> bool {
        let is_it = |(heard, other, is_other_report): &Heard| {
            *heard <= t && Arc::ptr_eq(other, values) && *is_other_report == is_report
        };
        self.lately.len() == MAX_LATELY && self.lately.iter().all(is_it)
    }

    /// The values known at a time.
    fn at(&self, t: EventTime) -> Known {
        let mut known = self.earlier.clone();
        self.lately
            .iter()
            .filter(|(heard, ..)| *heard <= t)
            .for_each(|(heard, values, _)| known.update(*heard, values));
        known
    }

    /// What was said after a time.
    fn after(&self, t: EventTime) -> Vec<Heard> {
        self.lately.iter().filter(|(heard, ..)| *heard > t).cloned().collect()
    }
}

/// Where a position report was put.
#[derive(Debug)]
pub enum Placed {
    /// Into no track, or none yet.
    Nowhere,
    /// Into the track of this number.
    In(u32),
    /// Into a new track of this number, as the first of it.
    Founds(u32),
    /// With others before it, all given in the order of their times, into a new track.
    Begins {
        /// The track's number.
        number: u32,
        /// Its reports.
        reports: Vec<PositionReport>,
        /// Whether a young track of the same number was a false fix.
        replaces: bool,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Numbered {
    number: u32,
    /// Lines of its reports while it is young enough to be taken back.
    young_lines: u32,
    track: Track,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    statics: Known,
    heard: Vec<Heard>,
}

impl Keyed for Ship {
    type Key = Mmsi;

    fn key(&self) -> Mmsi {
        self.mmsi
    }
}

impl Ship {
    /// A ship of which nothing was heard.
    pub fn new(mmsi: Mmsi) -> Ship {
        Ship {
            mmsi,
            reports: 0,
            is_crowded: false,
            identity: Identity::default(),
            tracks: SmallVec::new(),
            recent: Recent::default(),
            statics: None,
            waiting: None,
            due: NEVER,
        }
    }

    /// Its MMSI.
    pub fn mmsi(&self) -> Mmsi {
        self.mmsi
    }

    /// Fetches what a transmission will ask for of the ship's own memory, …
    pub fn fetch(&self) {
        fetch_all(self);
    }

    /// … elsewhere, …
    pub fn fetch_elsewhere(&self, transmission: &Transmission) {
        self.recent.fetch();
        if let Transmission::Position(PositionReport { sog, .. }) = transmission {
            self.tracks.iter().for_each(|numbered| numbered.track.fetch(*sog));
        }
    }

    /// … and beyond that.
    pub fn fetch_beyond(&self) {
        self.tracks.iter().for_each(|numbered| numbered.track.fetch_beyond());
    }

    /// Whether this is the moment that was noted as the next.
    pub fn is_due_at(&self, t: EventTime) -> bool {
        self.due == t
    }

    /// Whether this is the moment that was noted as the next; it is no more.
    pub fn take_due(&mut self, t: EventTime) -> bool {
        let is_due = self.due == t;
        if is_due {
            self.due = NEVER;
        }
        is_due
    }

    /// The next moment, if it is earlier than the one noted; it is noted now.
    pub fn new_due(&mut self) -> Option<EventTime> {
        let next = self.tracks.iter().filter_map(|numbered| numbered.track.next_deadline()).min()?;
        let is_news = next < self.due;
        is_news.then(|| {
            self.due = next;
            next
        })
    }

    /// Does what falls due up to a time.
    pub fn advance(&mut self, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        for numbered in &mut self.tracks {
            numbered.track.advance(now, chart, out);
        }
    }

    /// Its IMO number is heard under another MMSI: the silent track that could have got there goes on there.
    pub fn claimed(&mut self, claim: &Claim, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        for numbered in &mut self.tracks {
            let track = &mut numbered.track;
            let is_it = track.story().statics().imo == Some(claim.imo);
            let reaches = track.story().last_fix().zip(claim.fix).is_some_and(|(last, fix)| {
                last.t < fix.t && model::position::reachable(last.position, last.t.0, fix.position, fix.t.0)
            });
            if is_it && reaches {
                track.continues_as(claim.t, claim.mmsi, now, chart, out);
            }
        }
    }

    /// Whether it was heard so rarely that it may make room for others.
    pub fn is_stranger(&self) -> bool {
        self.reports < FAMILIAR_REPORTS
    }

    /// Tracks that were ever told apart.
    pub fn tracks(&self) -> u32 {
        self.identity.numbers()
    }

    /// Whether it has a track of this number, which has not ended.
    pub fn has_track(&self, number: u32) -> bool {
        self.tracks.iter().any(|numbered| numbered.number == number)
    }

    /// What is known of its tracks.
    pub fn last_known(&self) -> impl Iterator<Item = LastKnown> {
        self.tracks.iter().filter_map(|numbered| {
            let story = numbered.track.story();
            let fix = story.last_fix()?;
            Some(LastKnown {
                track: story.track(),
                fix,
                heard: story.last_heard().unwrap_or(fix.t),
                speed_kn: story.judge().greatest_kn(story.statics().ship_type),
                statics: Arc::clone(story.statics()),
            })
        })
    }

    /// The reports remembered for the long duplicate window.
    pub fn recent_mut(&mut self) -> &mut Recent {
        &mut self.recent
    }

    /// Whether more is remembered of it than is kept of a silent ship, which its bucket does not know yet.
    pub fn is_newly_crowded(&mut self) -> bool {
        let is_new = !self.is_crowded && self.recent.is_crowded();
        self.is_crowded |= is_new;
        is_new
    }

    /// Whether more is remembered of it than is kept of a silent ship.
    #[cfg(test)]
    pub fn is_crowded(&self) -> bool {
        self.recent.is_crowded()
    }

    /// Forgets what is of no use any more; whether it is still more than is kept of a silent ship.
    pub fn settle_crowd(&mut self, now: EventTime) -> bool {
        self.recent.settle(now);
        self.is_crowded = self.recent.is_crowded();
        self.is_crowded
    }

    /// Ends what has run out of time.
    pub fn expire(&mut self, now: EventTime, chart: &impl Chart, counts: &mut Counts, out: &mut Vec<Told>) {
        if !self.identity.is_lasting(now) {
            let mut aftermath = Aftermath::default();
            self.identity.expire(now, &mut aftermath);
            self.clear_up(aftermath, now, chart, counts, out);
        }
        self.forget_waiting();
    }

    /// A message without a position: it is of the track heard last.
    pub fn mute(&mut self, t: EventTime, now: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        if let Some(number) = self.identity.heard_last()
            && let Some(track) = self.track_mut(number)
        {
            track.mute(t, now, chart, out);
        }
    }

    /// Static values belong to the MMSI: all tracks but the one that they came with learn of them here.
    pub fn hear(
        &mut self,
        (t, values, is_report): (EventTime, &Arc<Statics>, bool),
        but: Option<u32>,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        self.statics.get_or_insert_default().hear(t, values, is_report);
        if let Some(waiting) = &mut self.waiting
            && waiting.heard.len() < MAX_HEARD
        {
            waiting.heard.push((t, Arc::clone(values), is_report));
        }
        for numbered in self.tracks.iter_mut().filter(|numbered| Some(numbered.number) != but) {
            numbered.track.hear(t, values, is_report, now, chart, out);
        }
    }

    /// A position report that is no copy; where it was put.
    pub fn position(
        &mut self,
        report: &mut PositionReport,
        turn: Turn,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) -> Placed {
        let now = turn.at;
        let is_newest = self.identity.newest().is_none_or(|newest| report.t > newest);
        if turn.is_late && !is_newest {
            return match self.take_late(report, now, chart, out) {
                Ok(number) => {
                    counts.count(Fate::Accepted, u64::from(report.lines));
                    Placed::In(number)
                }
                Err(refusal) => {
                    counts.count(Fate::Rejected(refusal), u64::from(report.lines));
                    self.hear_of(report, None, now, chart, out);
                    Placed::Nowhere
                }
            };
        }
        let lines = u64::from(report.lines);
        if let Some(number) = self.identity.join(Fix { t: report.t, position: report.position }) {
            counts.count(Fate::Accepted, lines);
            self.take(number, report, now, chart, out);
            return Placed::In(number);
        }
        let mut aftermath = Aftermath::default();
        let placement = self.identity.place(report, &mut aftermath);
        self.clear_up(aftermath, now, chart, counts, out);
        match placement {
            Placement::Waits => {
                counts.count(Fate::Candidate, lines);
                if self.waiting.is_none() {
                    let (statics, heard) = self.said(report.t);
                    self.waiting = Some(Box::new(Waiting { statics, heard }));
                }
                self.hear_of(report, None, now, chart, out);
                Placed::Nowhere
            }
            Placement::Founds(number) => {
                counts.count(Fate::Accepted, lines);
                let (said, said_later) = self.said(report.t);
                self.begin(number, said);
                self.take(number, report, now, chart, out);
                for (t, values, is_report) in said_later {
                    if let Some(track) = self.track_mut(number) {
                        track.hear(t, &values, is_report, now, chart, out);
                    }
                }
                Placed::Founds(number)
            }
            Placement::Confirms { number, mut reports, encounters, replaces } => {
                counts.count(Fate::Candidate, lines);
                let known = self.heard_before(&reports);
                reports.sort_by_key(|report| report.t);
                self.confirm(number, &mut reports, replaces, now, chart, counts, out);
                if let Some((conflict, t)) = known.filter(|_| !replaces) {
                    self.tell_conflict(number, conflict, (t, now), chart, out);
                }
                for met in encounters {
                    for (track, t) in [(met.other, met.theirs), (number, met.own)] {
                        if let Some(track) = self.track_mut(track) {
                            track.mark_ambiguous(t, now, chart, out);
                        }
                    }
                }
                Placed::Begins { number, reports, replaces }
            }
        }
    }

    /// What it had said of itself at a time, and what it said after it.
    fn said(&self, t: EventTime) -> (Known, Vec<Heard>) {
        self.statics.as_ref().map_or_else(Default::default, |said| (said.at(t), said.after(t)))
    }

    /// Static values of a position report, which all tracks learn but the one that took the report in.
    fn hear_of(
        &mut self,
        report: &PositionReport,
        but: Option<u32>,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        if let Some(values) = &report.statics {
            self.hear((report.t, values, report.kind.has_static_part()), but, now, chart, out);
        }
    }

    /// The end of input.
    pub fn finish(&mut self, at: EventTime, chart: &impl Chart, out: &mut Vec<Told>) {
        for numbered in &mut self.tracks {
            numbered.track.finish(at, chart, out);
        }
    }

    fn begin(&mut self, number: u32, statics: Known) {
        let story = Story::new(TrackId { mmsi: self.mmsi, number }, statics);
        self.tracks.push(Numbered { number, track: Track::new(story), young_lines: 0 });
        if self.tracks.len() > 1 {
            self.tracks.iter_mut().for_each(|numbered| numbered.track.share_identity());
        }
    }

    /// A report of a track, newer than its last, of whose static values the others learn.
    fn take(
        &mut self,
        number: u32,
        report: &mut PositionReport,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        self.join(number, report, now, chart, out);
        self.hear_of(report, Some(number), now, chart, out);
        self.note_others(number, Fix { t: report.t, position: report.position }, now, chart, out);
    }

    /// A report of a track, newer than its last.
    fn join(
        &mut self,
        number: u32,
        report: &mut PositionReport,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        self.reports = self.reports.saturating_add(1);
        if let Some(numbered) = self.tracks.iter_mut().find(|numbered| numbered.number == number) {
            if numbered.track.story().is_young() {
                numbered.young_lines += u32::from(report.lines);
            }
            let inside = chart.inside(report.position, report.t);
            // Its static values are lent: to count one more who has them is dear where another thread counts, too.
            let mut seen = Report { statics: report.statics.take(), ..Report::new(report) };
            numbered.track.report(&seen, &inside, now, chart, out);
            report.statics = seen.statics.take();
            out.extend(sought(numbered.track.story(), report, chart));
        }
    }

    /// Marks facts as ambiguous where another ship with this identity was close.
    fn note_others(
        &mut self,
        number: u32,
        fix: Fix,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        if self.tracks.len() < 2 {
            return;
        }
        // Reports of others that had this one as the last before them, until this track's next.
        let later = EventTime(fix.t.0 + CLOSE_MS);
        let own = self.track_mut(number).map_or_else(Vec::new, |track| track.fixes_between(fix.t, later));
        let until = own.first().map_or(later, |next| EventTime(next.t.0 - 1));
        let mut any = false;
        for numbered in self.tracks.iter_mut().filter(|numbered| numbered.number != number) {
            let before = numbered.track.fix_before(fix.t);
            let others = before.into_iter().chain(numbered.track.fixes_between(fix.t, until));
            for other in others.filter(|other| is_close(*other, fix)).collect::<Vec<Fix>>() {
                numbered.track.mark_ambiguous(other.t, now, chart, out);
                any = true;
            }
        }
        if let (true, Some(track)) = (any, self.track_mut(number)) {
            track.mark_ambiguous(fix.t, now, chart, out);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call, where all of a candidate's fate is decided")]
    fn confirm(
        &mut self,
        number: u32,
        reports: &mut [PositionReport],
        replaces: bool,
        now: EventTime,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) {
        if replaces {
            self.take_back(number, now, chart, counts, out);
        }
        let waiting = self.waiting.clone();
        let statics = waiting.as_ref().map_or_else(|| self.said(now).0, |waiting| waiting.statics.clone());
        let mut heard = waiting.map_or_else(Vec::new, |waiting| waiting.heard);
        heard.sort_by_key(|(t, ..)| *t);
        self.begin(number, statics);
        let mut heard = heard.into_iter().peekable();
        for report in &mut *reports {
            while let Some((t, values, is_report)) = heard.next_if(|(t, ..)| *t < report.t) {
                if let Some(track) = self.track_mut(number) {
                    track.hear(t, &values, is_report, now, chart, out);
                }
            }
            counts.recount(Fate::Candidate, Fate::Accepted, u64::from(report.lines));
            self.join(number, report, now, chart, out);
        }
        if let Some(newest) = reports.last() {
            // Of the others' values the MMSI learned while they waited.
            self.hear_of(newest, Some(number), now, chart, out);
            self.note_others(number, Fix { t: newest.t, position: newest.position }, now, chart, out);
        }
        for (t, values, is_report) in heard {
            if let Some(track) = self.track_mut(number) {
                track.hear(t, &values, is_report, now, chart, out);
            }
        }
        self.forget_waiting();
    }

    /// The track that was heard within the hour before a new one was confirmed.
    fn heard_before(&self, reports: &[PositionReport]) -> Option<(Conflict, EventTime)> {
        const RECENT_MS: i64 = HOUR_MS;
        let first = reports.iter().min_by_key(|report| report.t)?;
        let confirmed = reports.iter().map(|report| report.t).max()?;
        let fixes = self.tracks.iter().filter_map(|numbered| {
            let fix = numbered.track.story().last_fix()?;
            Some((fix, numbered.track.story().track()))
        });
        let (known, other) = fixes.max_by_key(|(fix, other)| (fix.t, Reverse(other.number)))?;
        let new = Fix { t: first.t, position: first.position };
        let distance_m = known.position.distance_m(new.position);
        let is_recent = confirmed.0 - known.t.0 <= RECENT_MS;
        is_recent.then_some((Conflict { known, other, new, distance_m }, confirmed))
    }

    /// Two ships under one MMSI, unless jamming explains it.
    fn tell_conflict(
        &mut self,
        number: u32,
        conflict: Conflict,
        times: (EventTime, EventTime),
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        let reception = chart.reception();
        let is_jammed = [conflict.known, conflict.new].iter().any(|fix| {
            reception.is_jammed(self.mmsi, fix.position, fix.t)
                || reception.is_jammed(self.mmsi, fix.position, times.0)
        });
        if let (false, Some(track)) = (is_jammed, self.track_mut(number)) {
            out.extend(detect::tell::conflict(track.story(), conflict, times, chart));
        }
    }

    /// A young track turns out to have been a false fix: its reports were jumps, its facts none.
    fn take_back(
        &mut self,
        number: u32,
        at: EventTime,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) {
        let Some(place) = self.tracks.iter().position(|numbered| numbered.number == number) else { return };
        let mut false_one = self.tracks.remove(place);
        counts.recount(Fate::Accepted, Fate::Rejected(Reason::Jump), u64::from(false_one.young_lines));
        if chart.is_any_sought() {
            out.push(Told::TakenBack(false_one.track.story().track()));
        }
        false_one.track.take_back(at, chart, out);
    }

    /// A report older than the last of some track: taken in where it fills a silence; the number of the track.
    fn take_late(
        &mut self,
        report: &mut PositionReport,
        now: EventTime,
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) -> Result<u32, Reason> {
        let fix = Fix { t: report.t, position: report.position };
        let mut nearest: Option<(f64, Reverse<Option<EventTime>>, u32)> = None;
        let mut refusal = Reason::Late;
        for numbered in &self.tracks {
            let (outcome, before) = admission(&numbered.track, fix, now);
            match outcome {
                LateOutcome::Taken => {
                    let distance_m = before.map_or(0.0, |before| before.position.distance_m(fix.position));
                    let rank = (distance_m, Reverse(numbered.track.story().last_t()), numbered.number);
                    if nearest.is_none_or(|best| rank < best) {
                        nearest = Some(rank);
                    }
                }
                LateOutcome::Unreachable => refusal = Reason::Jump,
                LateOutcome::Limit => refusal = Reason::Limit,
                LateOutcome::TooLate => {}
            }
        }
        let (_, _, number) = nearest.ok_or(refusal)?;
        self.identity.took_late(number, fix);
        let track = self.track_mut(number).ok_or(refusal)?;
        if track.story().last_t().is_some_and(|last| last < report.t) {
            self.take(number, report, now, chart, out);
            return Ok(number);
        }
        track.take_late(&Report::new(report), now);
        out.extend(sought(track.story(), report, chart));
        self.reports = self.reports.saturating_add(1);
        self.hear_of(report, Some(number), now, chart, out);
        self.note_others(number, fix, now, chart, out);
        Ok(number)
    }

    fn clear_up(
        &mut self,
        aftermath: Aftermath,
        at: EventTime,
        chart: &impl Chart,
        counts: &mut Counts,
        out: &mut Vec<Told>,
    ) {
        if aftermath.jumps.is_empty() && aftermath.ended.is_empty() {
            return;
        }
        for jump in &aftermath.jumps {
            counts.recount(Fate::Candidate, Fate::Rejected(Reason::Jump), u64::from(jump.lines));
        }
        for number in aftermath.ended {
            if let Some(place) = self.tracks.iter().position(|numbered| numbered.number == number) {
                self.tracks.remove(place).track.finish(at, chart, out);
            }
        }
    }

    fn forget_waiting(&mut self) {
        if self.waiting.is_some() && !self.identity.has_candidates() {
            self.waiting = None;
        }
    }

    fn track_mut(&mut self, number: u32) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|numbered| numbered.number == number).map(|numbered| &mut numbered.track)
    }
}

/// An accepted report, if somebody wants to know of it.
fn sought(story: &Story, report: &PositionReport, chart: &impl Chart) -> Option<Told> {
    let fix = Fix { t: report.t, position: report.position };
    let (track, statics) = (story.track(), story.statics());
    chart.is_sought(track.mmsi, statics.imo, fix).then(|| {
        let (sog, cog, statics) = (report.sog, report.cog, Arc::clone(statics));
        Told::Near(Near { track, fix, sog, cog, statics })
    })
}

/// Whether a track takes in a late report, and the report before it.
fn admission(track: &Track, fix: Fix, now: EventTime) -> (LateOutcome, Option<Fix>) {
    let Some(last) = track.story().last_fix() else { return (LateOutcome::TooLate, None) };
    if fix.t <= last.t {
        return track.would_take(fix, now);
    }
    let heard = track.story().last_heard().unwrap_or(last.t);
    let is_silent = heard < fix.t && now.0 - heard.0 >= SILENCE_MS;
    let outcome = if !is_silent || now.0 - fix.t.0 > LATE_MS {
        LateOutcome::TooLate
    } else if model::position::reachable(last.position, last.t.0, fix.position, fix.t.0) {
        LateOutcome::Taken
    } else {
        LateOutcome::Unreachable
    };
    (outcome, Some(last))
}
