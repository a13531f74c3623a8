//! One dark period: a silence, or several with single reports between, from the first bin to the
//! report that ends it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use model::alert::{Candidates, Cause, DarkPart, DarkPeriod, Ending, Grade, PortReach};
use model::position::NAUTICAL_MILE_M;
use model::time::{HOUR_MS, MINUTE_MS};
use model::{EventTime, Fix, Mmsi, TimeSpan};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Seen;
use super::score::Part;
use crate::Chart;
use crate::reach::{self, MAX_REACH_M, OutOfSight, time_ms, way_m};

/// Score and length of silence from which on a grade holds, lowest first.
const GRADES: [(Grade, f64, i64); 3] = [
    (Grade::Suspected, 2.0, 30 * MINUTE_MS),
    (Grade::Probable, 4.0, HOUR_MS),
    (Grade::Strong, 6.0, 6 * HOUR_MS),
];
/// Silent for so many expected intervals.
const INTERVALS: i64 = 10;
/// Silent for so long where nobody can say whether it would be heard …
const UNKNOWN_MS: i64 = 6 * HOUR_MS;
/// … and for so long farther than [`FAR_M`] from any port.
const UNKNOWN_FAR_MS: i64 = 12 * HOUR_MS;
/// Far from any port.
const FAR_M: f64 = 50.0 * NAUTICAL_MILE_M;
/// It is told again at 2, 4, 8, 16 … h.
const FIRST_MILESTONE_MS: i64 = 2 * HOUR_MS;
/// A ship that was switched off at its berth and is heard again this far away has sailed unseen.
const SHIFTED_M: f64 = 2_000.0;
/// The first search by water reaches at least this far, and each further one twice as far.
const FIRST_SEARCH_M: f64 = 200.0 * NAUTICAL_MILE_M;

/// A dark period, or a silence that is none yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Episode {
    /// Its silences.
    pub parts: Vec<Part>,
    /// Messages since the last part.
    returns: SmallVec<[EventTime; 4]>,
    /// When each grade was reached, lowest first.
    grades: SmallVec<[(Grade, EventTime); 4]>,
    over: Option<(EventTime, Ending)>,
    reaches: Vec<Reach>,
    /// A ship with the same IMO number, and when it was heard.
    pub continued_as: Option<(EventTime, Mmsi)>,
}

/// Ports that the ship could reach, as far as searched.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Reach {
    /// Which part it starts from.
    part: usize,
    searched_m: f64,
    /// By time, then port.
    ports: Arc<Vec<PortReach>>,
}

impl Episode {
    /// A silence that may become a dark period.
    #[must_use]
    pub fn new(part: Part) -> Episode {
        Episode {
            parts: alloc::vec![part],
            returns: SmallVec::new(),
            grades: SmallVec::new(),
            over: None,
            reaches: Vec::new(),
            continued_as: None,
        }
    }

    /// The fix that anchors it.
    #[must_use]
    pub fn anchor(&self) -> Fix {
        self.parts[0].start.fix
    }

    /// The silence that lasts.
    #[must_use]
    pub fn current(&self) -> Option<&Part> {
        self.parts.last().filter(|part| part.until.is_none())
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// When it was over.
    #[must_use]
    pub fn over_at(&self) -> Option<EventTime> {
        self.over.map(|(at, _)| at)
    }

    /// Whether people are told of it.
    #[must_use]
    pub fn is_told(&self) -> bool {
        !self.grades.is_empty()
    }

    /// The grade it has, once people are told of it.
    #[must_use]
    pub fn grade(&self) -> Option<Grade> {
        self.grades.last().map(|(grade, _)| *grade)
    }

    /// Σ over all its bins.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.parts.iter().map(Part::score).sum()
    }

    /// From the first to the last message around its silences; up to `now` while it lasts.
    #[must_use]
    pub fn span(&self, now: EventTime) -> TimeSpan {
        let last = &self.parts[self.parts.len() - 1];
        TimeSpan { start: self.parts[0].start.heard, end: last.until.unwrap_or(now.max(last.start.heard)) }
    }

    /// What it is put down to.
    #[must_use]
    pub fn cause(&self) -> Cause {
        let first = &self.parts[0];
        let bins: usize = self.parts.iter().map(|part| part.bins.len()).sum();
        let unknown: usize = self.parts.iter().map(Part::unknown_bins).sum();
        let dead: usize = self.parts.iter().map(Part::dead_bins).sum();
        let has_shifted = |berth: &Part| {
            berth.end.is_some_and(|end| end.position.distance_m(berth.start.fix.position) > SHIFTED_M)
        };
        if first.start.berth.is_some() && !self.parts.iter().any(has_shifted) {
            Cause::Berth
        } else if first.start.is_jammed {
            Cause::Interference
        } else if self.score() < GRADES[0].1 && dead * 2 > bins {
            Cause::Outage
        } else if self.has_left_hearing() {
            Cause::CoverageExit
        } else if unknown * 2 > bins && self.score() < GRADES[0].1 {
            Cause::Reception
        } else {
            Cause::Vessel
        }
    }

    /// Whether dead reckoning left the cells in which ships are heard before anything followed from silence.
    fn has_left_hearing(&self) -> bool {
        let Some(left) = self.parts[0].left else { return false };
        self.grades
            .iter()
            .find(|(grade, _)| *grade == Grade::Suspected)
            .is_none_or(|(_, reached)| left <= *reached)
    }

    /// The next moment after `clock` at which something falls due while it is silent.
    #[must_use]
    pub fn next_deadline(&self, clock: EventTime, expires_ms: i64) -> Option<EventTime> {
        let part = self.current()?;
        let heard = self.parts[0].start.heard.0;
        let silent_ms = clock.0 - heard;
        let mut next = EventTime(part.start.heard.0 + expires_ms);
        let mut consider = |due: i64| {
            if due > clock.0 {
                next = next.min(EventTime(due));
            }
        };
        if let Some(end) = part.next_bin_end() {
            consider(end.0);
        }
        for (_, _, after_ms) in GRADES {
            consider(heard + after_ms);
        }
        consider(heard + INTERVALS * self.parts[0].start.interval_ms);
        consider(heard + UNKNOWN_MS);
        consider(heard + UNKNOWN_FAR_MS);
        if self.is_told() {
            let mut milestone_ms = FIRST_MILESTONE_MS;
            while milestone_ms <= silent_ms {
                milestone_ms *= 2;
            }
            consider(heard + milestone_ms);
            if let Some(first) = self.returns.first() {
                consider(first.0 + super::RETURN_MS);
            }
            if let Some(reach) = self.reaches.last() {
                if let Some(port) = reach.ports.iter().find(|port| port.from > clock) {
                    consider(port.from.0);
                }
                if reach.searched_m < MAX_REACH_M {
                    let start = &self.parts[reach.part].start;
                    consider(start.fix.t.0 + time_ms(start.greatest_kn, reach.searched_m));
                }
            }
        }
        Some(next)
    }

    /// Counts what is over by `due`, and sees whether a grade is reached.
    pub fn step(&mut self, due: EventTime, mmsi: Mmsi, chart: &impl Chart) {
        let is_strong = self.grade() == Some(Grade::Strong);
        if let Some(part) = self.parts.last_mut().filter(|_| !is_strong) {
            part.count(due, mmsi, chart);
        }
        if let Some(grade) = self.grade_at(due, chart)
            && self.grade().is_none_or(|reached| reached < grade)
        {
            self.grades.push((grade, due));
        }
        self.search(due, chart);
    }

    fn grade_at(&self, now: EventTime, chart: &impl Chart) -> Option<Grade> {
        let start = &self.parts[0].start;
        let (score, silent_ms) = (self.score(), now.0 - start.heard.0);
        if silent_ms < INTERVALS * start.interval_ms {
            return None;
        }
        let reached =
            GRADES.iter().rev().find(|(_, least, after_ms)| score >= *least && silent_ms >= *after_ms);
        if let Some((grade, ..)) = reached {
            let is_claim = !start.is_jammed && !self.has_left_hearing() && chart.reception().knows_a_day(now);
            return Some(if is_claim { *grade } else { Grade::Suspected });
        }
        let bins: usize = self.parts.iter().map(|part| part.bins.len()).sum();
        let unknown: usize = self.parts.iter().map(Part::unknown_bins).sum();
        let is_unknown = unknown * 2 > bins;
        let is_long = || {
            silent_ms >= UNKNOWN_FAR_MS
                || silent_ms >= UNKNOWN_MS && chart.is_port_within(start.fix.position, FAR_M)
        };
        (is_unknown && is_long()).then_some(Grade::UnknownReception)
    }

    /// Looks for ports in reach, as far as the ship can be by now and some way ahead.
    fn search(&mut self, now: EventTime, chart: &impl Chart) {
        if !self.is_told() || !self.computes_reach() {
            return;
        }
        let part = self.parts.len() - 1;
        let start = &self.parts[part].start;
        let way_m = way_m(start.greatest_kn, now.0 - start.fix.t.0);
        let searched_m = self.reaches.last().filter(|reach| reach.part == part).map(|reach| reach.searched_m);
        if searched_m.is_some_and(|searched| searched > way_m || searched >= MAX_REACH_M) {
            return;
        }
        let mut bound_m = searched_m.unwrap_or(FIRST_SEARCH_M / 2.0) * 2.0;
        while bound_m <= way_m {
            bound_m *= 2.0;
        }
        let bound_m = bound_m.min(MAX_REACH_M);
        let found = chart.ports_by_water(start.fix.position, bound_m);
        let mut ports: Vec<PortReach> = found
            .iter()
            .map(|(port, distance_m)| PortReach {
                port: *port,
                distance_m: *distance_m,
                from: EventTime(start.fix.t.0 + time_ms(start.greatest_kn, *distance_m)),
            })
            .filter(|reach| chart.ports().get(reach.port).is_valid_at(reach.from))
            .collect();
        ports.sort_by_key(|port| (port.from, port.port));
        self.reaches.retain(|reach| reach.part != part);
        self.reaches.push(Reach { part, searched_m: bound_m, ports: Arc::new(ports) });
    }

    fn computes_reach(&self) -> bool {
        let is_unknown = self.grade() == Some(Grade::UnknownReception);
        self.cause() == Cause::Vessel || is_unknown && self.parts[0].start.berth.is_none()
    }

    /// Listed ports in reach by `now`, from which silence, with how many of all came before each, plus one.
    #[must_use]
    pub fn listed_in_reach(&self, now: EventTime, chart: &impl Chart) -> Vec<(usize, PortReach, u32)> {
        let mut listed = Vec::new();
        for reach in self.reaches.iter().filter(|_| self.is_told()) {
            let until = self.parts[reach.part].until.unwrap_or(now).min(now);
            let within = reach.ports.iter().enumerate().take_while(|(_, port)| port.from <= until);
            let named = within.filter(|(_, port)| chart.watch().is_listed_port(port.port));
            listed.extend(named.map(|(before, port)| (reach.part, *port, before as u32 + 1)));
        }
        listed
    }

    fn ports_in_reach(&self, now: EventTime) -> u32 {
        let reach = self.reaches.last();
        reach.map_or(0, |reach| reach.ports.iter().take_while(|port| port.from <= now).count() as u32)
    }

    /// A message; `false` if there is nothing to remember of it.
    pub fn heard(
        &mut self,
        t: EventTime,
        report: Option<(Fix, Seen)>,
        blip_ms: i64,
        blip_reports: usize,
    ) -> bool {
        let is_told = self.is_told();
        let Some(part) = self.parts.last_mut() else { return false };
        if part.until.is_none() {
            if !is_told {
                return false;
            }
            part.until = Some(t);
            self.returns.clear();
        }
        if part.end.is_none()
            && let Some((fix, seen)) = report
        {
            part.end = Some(fix);
            part.course_after = seen.cog.filter(|_| seen.sog.is_some_and(|sog| sog >= 10));
            part.end_origin = Some(seen.origin);
        }
        let is_long = self.returns.first().is_some_and(|first| t.0 - first.0 > blip_ms);
        self.returns.push(t);
        if is_long || self.returns.len() >= blip_reports {
            self.over = Some((t, Ending::Heard));
        }
        true
    }

    /// Another silence, after single reports.
    pub fn go_on(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// The silence after a blip is explained otherwise: this dark period ended with the blip, and
    /// the silence is one of its own.
    pub fn return_was_real(&mut self, now: EventTime, return_ms: i64) -> Option<Part> {
        let first = self.returns.first()?;
        let part = self.parts.last().filter(|part| part.until.is_none())?;
        let is_explained = part.left.is_some()
            || part.start.berth.is_some()
            || part.start.is_jammed
            || part.dead_bins() * 2 > part.bins.len();
        if now.0 - first.0 < return_ms || !is_explained || part.score() >= GRADES[0].1 {
            return None;
        }
        self.over = Some((now, Ending::Heard));
        let last = self.parts.len() - 1;
        self.reaches.retain(|reach| reach.part != last);
        self.parts.pop()
    }

    /// Whether its silence has lasted so long.
    #[must_use]
    pub fn has_lasted(&self, now: EventTime, length_ms: i64) -> bool {
        self.current().is_some_and(|part| now.0 - part.start.heard.0 >= length_ms)
    }

    /// Ends it unheard.
    pub fn expire(&mut self, now: EventTime) {
        self.over = Some((now, Ending::Expired));
    }

    /// What must change for a new revision.
    #[must_use]
    pub fn print(&self, now: EventTime, chart: &impl Chart) -> u64 {
        let span = self.span(now);
        let mut milestones = 0;
        while span.length_ms() >= FIRST_MILESTONE_MS << milestones {
            milestones += 1;
        }
        let words = [
            self.grade().map_or(0, |grade| grade as u64 + 1),
            self.cause() as u64,
            milestones,
            self.listed_in_reach(now, chart).len() as u64,
            self.parts.len() as u64,
            u64::from(self.current().is_none()),
            self.over.map_or(0, |(at, ending)| at.0 as u64 ^ ending as u64),
            self.continued_as.map_or(0, |(_, mmsi)| u64::from(mmsi.0)),
            self.changed().len() as u64,
            self.parts.last().and_then(|part| part.end).map_or(0, |end| end.t.0 as u64),
            self.anchor().t.0 as u64,
        ];
        words.iter().fold(0, |print, word| model::hash::mix(print, *word))
    }

    fn changed(&self) -> Vec<(model::StaticKey, Arc<model::Statics>, Arc<model::Statics>)> {
        let Some(last) = self.parts.last() else { return Vec::new() };
        let before = &self.parts[0].start.statics;
        let keys = before.changed(&last.after);
        if keys.is_empty() {
            return Vec::new();
        }
        let after = Arc::new(last.after.clone());
        keys.into_iter().map(|key| (key, Arc::clone(before), Arc::clone(&after))).collect()
    }

    /// Where it could have called, or could be by now.
    #[must_use]
    pub fn candidates(
        &self,
        now: EventTime,
        earlier: &[(model::PortIndex, u32)],
        chart: &impl Chart,
    ) -> Candidates {
        let (first, last) = (&self.parts[0], &self.parts[self.parts.len() - 1]);
        // While it is silent only the last silence counts: where it was seen is known.
        let start = if last.until.is_none() { &last.start } else { &first.start };
        // Once it is heard again it does not matter why it was not, if it lay at no berth.
        if !self.computes_reach() && (last.end.is_none() || self.cause() == Cause::Berth) {
            return Candidates::default();
        }
        reach::candidates(
            &OutOfSight {
                start: start.fix,
                end: last.end,
                now,
                course_before: start.cog.filter(|_| start.sog.is_some_and(|sog| sog >= 10)),
                course_after: last.course_after,
                speed_kn: start.greatest_kn,
                usual_kn: start.usual_kn,
                class: start.class,
                before: &first.start.statics,
                after: &last.after,
                earlier,
            },
            chart,
        )
    }

    /// What people are told of it.
    #[must_use]
    pub fn period(
        &self,
        grade: Grade,
        now: EventTime,
        earlier: &[(model::PortIndex, u32)],
        chart: &impl Chart,
    ) -> DarkPeriod {
        let first = &self.parts[0].start;
        let last = &self.parts[self.parts.len() - 1];
        DarkPeriod {
            grade,
            cause: self.cause(),
            score: self.score(),
            parts: self.parts.iter().map(part_told).collect(),
            end: last.end,
            ending: self.over.map(|(_, ending)| ending),
            silent_ms: self.span(now).length_ms(),
            reports_12h: first.reports_12h,
            interval_ms: first.interval_ms,
            speed: self.reach_speed(self.parts.len() - 1),
            changed: self.changed(),
            heard_static: self.parts.iter().map(|part| part.heard_static).sum(),
            continued_as: self.continued_as.map(|(_, mmsi)| mmsi),
            in_reach: self.listed_in_reach(now, chart).into_iter().map(|(_, port, _)| port).collect(),
            ports_in_reach: self.ports_in_reach(now),
            candidates: self.candidates(now, earlier, chart),
            berth: first.berth,
            ambiguous: false,
        }
    }

    /// Speed taken for reach from the start of a part, 0.1 kn.
    #[must_use]
    pub fn reach_speed(&self, part: usize) -> u16 {
        libm::round(self.parts[part].start.greatest_kn * 10.0) as u16
    }
}

fn part_told(part: &Part) -> DarkPart {
    let Part { start, until, bins, .. } = part;
    DarkPart {
        start: start.fix,
        heard: start.heard,
        until: *until,
        own: start.own,
        own_next: start.own_next,
        bins: bins.clone(),
    }
}
