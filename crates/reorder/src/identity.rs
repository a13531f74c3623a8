//! Tells apart the ships that use one MMSI, and a ship from a false fix.

use alloc::vec::Vec;

use model::fact::YOUNG_REPORTS;
use model::position::reachable;
use model::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use model::{EventTime, Fix, PositionReport, Rare};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Ships that may use one MMSI at a time.
const MAX_TRACKS: usize = 4;
/// Unconfirmed ones.
const MAX_CANDIDATES: usize = 4;
/// Reports of a candidate that are looked at.
const CANDIDATE_REPORTS: usize = 8;
/// A track of which nothing is heard for this long has ended.
const TRACK_ENDS_MS: i64 = 30 * DAY_MS;
/// A candidate is dropped this long after its first report …
const CANDIDATE_MS: i64 = 60 * MINUTE_MS;
/// … or this long where reports are rare …
const SPARSE_CANDIDATE_MS: i64 = 6 * HOUR_MS;
/// … that is, where the median of the last intervals is over this.
const SPARSE_MS: i64 = 10 * MINUTE_MS;
/// The last intervals between accepted reports, so many.
const GAPS: usize = 8;

/// The ships behind an MMSI.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Identity {
    tracks: SmallVec<[Head; 1]>,
    candidates: Rare<Candidate>,
    /// Numbers given to tracks so far.
    numbers: u32,
    times: Times,
}

/// Times of the last accepted reports: the newest, and how far each is from the one before, in ms, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Times {
    /// Before all time if there is none.
    newest: EventTime,
    /// One of more than 49 days is cut: it is long either way.
    gaps: [u32; GAPS],
}

/// No gap.
const NO_GAP: u32 = u32::MAX;

impl Default for Times {
    fn default() -> Self {
        Times { newest: EventTime::MIN, gaps: [NO_GAP; GAPS] }
    }
}

/// What must be known of a track to place the next report.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Head {
    number: u32,
    last: Fix,
    reports: u32,
}

impl Head {
    fn has_ended(&self, now: EventTime) -> bool {
        self.last.t.0 + TRACK_ENDS_MS < now.0
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Candidate {
    first: EventTime,
    reports: Vec<PositionReport>,
    encounters: Vec<Encounter>,
}

/// A report of a candidate while a track with the same MMSI was close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encounter {
    /// Time of the candidate's report.
    pub own: EventTime,
    /// The track.
    pub other: u32,
    /// Time of the track's report.
    pub theirs: EventTime,
}

/// Ships with one MMSI are told from each other with less certainty this near in time …
const CLOSE_MS: i64 = 10 * MINUTE_MS;
/// … and space, metres.
const CLOSE_M: f64 = 1_000.0;

/// Whether two ships with one MMSI may be taken for each other.
#[must_use]
pub fn is_close(a: Fix, b: Fix) -> bool {
    (a.t.0 - b.t.0).abs() <= CLOSE_MS && a.position.distance_m(b.position) <= CLOSE_M
}

/// Where a report belongs. Tracks are named by their number.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// It founds a track.
    Founds(u32),
    /// It waits for others that confirm it.
    Waits,
    /// It and earlier ones, all given, are a track.
    Confirms {
        /// The track's number.
        number: u32,
        /// Its reports so far, in time order.
        reports: Vec<PositionReport>,
        /// Reports of it, and of tracks that were close then.
        encounters: Vec<Encounter>,
        /// Whether a young track of the same number was a false fix.
        replaces: bool,
    },
}

/// What placing a report did to others.
#[derive(Clone, Debug, Default)]
pub struct Aftermath {
    /// Reports of candidates that were dropped.
    pub jumps: Vec<PositionReport>,
    /// Tracks that have ended.
    pub ended: SmallVec<[u32; 1]>,
}

impl Identity {
    /// How many tracks there ever were.
    #[must_use]
    pub fn numbers(&self) -> u32 {
        self.numbers
    }

    /// Whether some reports wait to be confirmed.
    #[must_use]
    pub fn has_candidates(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// The track heard last.
    #[must_use]
    pub fn heard_last(&self) -> Option<u32> {
        self.tracks
            .iter()
            .max_by_key(|head| (head.last.t, core::cmp::Reverse(head.number)))
            .map(|head| head.number)
    }

    /// Time of the last accepted report of any track.
    #[must_use]
    pub fn newest(&self) -> Option<EventTime> {
        self.tracks.iter().map(|head| head.last.t).max()
    }

    /// Whether nothing can have run out of time at `now`.
    #[must_use]
    pub fn is_lasting(&self, now: EventTime) -> bool {
        self.candidates.is_empty() && !self.tracks.iter().any(|head| head.has_ended(now))
    }

    /// Ends tracks and candidates whose time has run out at `now`.
    pub fn expire(&mut self, now: EventTime, aftermath: &mut Aftermath) {
        self.tracks.retain(|head| {
            let ended = head.has_ended(now);
            if ended {
                aftermath.ended.push(head.number);
            }
            !ended
        });
        if self.candidates.is_empty() {
            return;
        }
        let life_ms = if self.times.is_sparse() { SPARSE_CANDIDATE_MS } else { CANDIDATE_MS };
        let is_over = |candidate: &Candidate| candidate.first.0 + life_ms < now.0;
        for candidate in self.candidates.iter_mut().filter(|candidate| is_over(candidate)) {
            aftermath.jumps.append(&mut candidate.reports);
        }
        self.candidates.retain(|candidate| !is_over(candidate));
    }

    /// The track that a report joins, which is newer than the last of every track. Nearly all do.
    pub fn join(&mut self, fix: Fix) -> Option<u32> {
        let head = nearest(&mut self.tracks, fix, |head| head.last, |head| head.number)?;
        head.last = fix;
        head.reports = head.reports.saturating_add(1);
        let number = head.number;
        self.times.accept(fix.t);
        for candidate in &mut self.candidates {
            if let Some(own) = candidate.reports.last().map(fix_of).filter(|own| is_close(*own, fix)) {
                candidate.encounters.push(Encounter { own: own.t, other: number, theirs: fix.t });
            }
        }
        Some(number)
    }

    /// Places a report that joins no track.
    pub fn place(&mut self, report: &PositionReport, aftermath: &mut Aftermath) -> Placement {
        let fix = fix_of(report);
        if self.tracks.is_empty() {
            return Placement::Founds(self.found(fix, 1, aftermath));
        }
        self.wait(report, fix, aftermath)
    }

    /// A late report was taken into a track.
    pub fn took_late(&mut self, number: u32, fix: Fix) {
        if let Some(head) = self.tracks.iter_mut().find(|head| head.number == number) {
            head.reports = head.reports.saturating_add(1);
            if head.last.t < fix.t {
                head.last = fix;
            }
        }
        self.times.accept(fix.t);
    }

    fn wait(&mut self, report: &PositionReport, fix: Fix, aftermath: &mut Aftermath) -> Placement {
        let close = self.tracks.iter().filter(|head| is_close(head.last, fix));
        let met: SmallVec<[Encounter; 1]> =
            close.map(|head| Encounter { own: fix.t, other: head.number, theirs: head.last.t }).collect();
        let mut order = 0;
        let last = |candidate: &Candidate| candidate.reports.last().map_or(fix, fix_of);
        let number = |_: &Candidate| {
            order += 1;
            order
        };
        let Some(candidate) = nearest(&mut self.candidates, fix, last, number) else {
            if self.candidates.len() == MAX_CANDIDATES {
                let mut oldest = self.candidates.edit(|candidates| candidates.remove(0));
                aftermath.jumps.append(&mut oldest.reports);
            }
            let encounters = met.to_vec();
            self.candidates.push(Candidate {
                first: report.t,
                reports: alloc::vec![report.clone()],
                encounters,
            });
            return Placement::Waits;
        };
        if candidate.reports.len() == CANDIDATE_REPORTS {
            aftermath.jumps.push(candidate.reports.remove(0));
        }
        candidate.reports.push(report.clone());
        candidate.encounters.extend(met);
        if !is_confirmed(&candidate.reports) {
            return Placement::Waits;
        }
        let reports = core::mem::take(&mut candidate.reports);
        let encounters = core::mem::take(&mut candidate.encounters);
        self.candidates.retain(|candidate| !candidate.reports.is_empty());
        self.confirm(fix, reports, encounters, aftermath)
    }

    fn confirm(
        &mut self,
        fix: Fix,
        reports: Vec<PositionReport>,
        encounters: Vec<Encounter>,
        aftermath: &mut Aftermath,
    ) -> Placement {
        let count = reports.len() as u32;
        if let [young] = &mut self.tracks[..]
            && young.reports < YOUNG_REPORTS
        {
            (young.last, young.reports) = (fix, count);
            let number = young.number;
            self.times = Times::default();
            reports.iter().for_each(|report| self.times.accept(report.t));
            return Placement::Confirms { number, reports, encounters, replaces: true };
        }
        let number = self.found(fix, count, aftermath);
        reports.iter().rev().skip(1).for_each(|report| self.times.accept(report.t));
        Placement::Confirms { number, reports, encounters, replaces: false }
    }

    fn found(&mut self, fix: Fix, reports: u32, aftermath: &mut Aftermath) -> u32 {
        if self.tracks.len() == MAX_TRACKS
            && let Some(silent) =
                self.tracks.iter().min_by_key(|head| (head.last.t, head.number)).map(|head| head.number)
        {
            aftermath.ended.push(silent);
            self.tracks.retain(|head| head.number != silent);
        }
        self.numbers += 1;
        self.tracks.push(Head { number: self.numbers, last: fix, reports });
        self.times.accept(fix.t);
        self.numbers
    }
}

impl Times {
    fn accept(&mut self, t: EventTime) {
        let gap = |from: i64, to: i64| (to - from).min(i64::from(NO_GAP) - 1) as u32;
        let newest = self.newest;
        if newest == EventTime::MIN {
            self.newest = t;
            return;
        }
        if t >= newest {
            self.gaps.copy_within(..GAPS - 1, 1);
            self.gaps[0] = gap(newest.0, t.0);
            self.newest = t;
        } else {
            // A late one parts the gap that it falls into, or comes before all.
            let mut after = newest.0;
            let is_parted = |length: &u32| {
                let is_it = *length == NO_GAP || t.0 >= after - i64::from(*length);
                after -= if is_it { 0 } else { i64::from(*length) };
                is_it
            };
            let Some(at) = self.gaps.iter().position(is_parted) else { return };
            let (parted, first_part) = (self.gaps[at], gap(t.0, after));
            self.gaps.copy_within(at..GAPS - 1, at + 1);
            self.gaps[at] = first_part;
            if let (true, Some(rest)) = (parted != NO_GAP, self.gaps.get_mut(at + 1)) {
                *rest = parted.saturating_sub(first_part);
            }
        }
    }

    /// The gaps that are known, the newest first.
    fn known(&self) -> &[u32] {
        let known = self.gaps.iter().position(|gap| *gap == NO_GAP).unwrap_or(GAPS);
        &self.gaps[..known]
    }

    /// Whether the median of the last intervals between accepted reports is over 10 min.
    fn is_sparse(&self) -> bool {
        let mut gaps: SmallVec<[u32; GAPS]> = self.known().into();
        gaps.sort_unstable();
        let (middle, gap) = (gaps.len() / 2, |at: usize| i64::from(gaps[at]));
        match gaps.len() {
            0 => false,
            length if length % 2 == 1 => gap(middle) > SPARSE_MS,
            _ => gap(middle - 1) + gap(middle) > 2 * SPARSE_MS,
        }
    }
}

fn fix_of(report: &PositionReport) -> Fix {
    Fix { t: report.t, position: report.position }
}

fn can_reach(a: Fix, b: Fix) -> bool {
    reachable(a.position, a.t.0, b.position, b.t.0)
}

/// The one that reaches a fix and is nearest to it; if equal the one heard last, then the lower number.
fn nearest<H>(
    heads: &mut [H],
    fix: Fix,
    last: impl Fn(&H) -> Fix,
    mut number: impl FnMut(&H) -> u32,
) -> Option<&mut H> {
    if let [only] = heads {
        return if can_reach(last(only), fix) { Some(only) } else { None };
    }
    let mut best: Option<(f64, core::cmp::Reverse<EventTime>, u32, usize)> = None;
    for (at, head) in heads.iter().enumerate() {
        let (from, number) = (last(head), number(head));
        if can_reach(from, fix) {
            let rank = (from.position.distance_m(fix.position), core::cmp::Reverse(from.t), number, at);
            if best.is_none_or(|best| rank < best) {
                best = Some(rank);
            }
        }
    }
    best.map(|(_, _, _, at)| &mut heads[at])
}

/// Whether three of the reports are pairwise reachable.
fn is_confirmed(reports: &[PositionReport]) -> bool {
    let reach = |a: usize, b: usize| can_reach(fix_of(&reports[a]), fix_of(&reports[b]));
    let count = reports.len();
    (0..count)
        .any(|a| (a + 1..count).any(|b| reach(a, b) && (b + 1..count).any(|c| reach(a, c) && reach(b, c))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_between_the_last_nine_times_in_whatever_order_they_come() {
        let mut random = 7_u64;
        for _ in 0..200 {
            let (mut times, mut kept) = (Times::default(), Vec::new());
            for _ in 0..24 {
                random = model::hash::mix(random, 3);
                let t = EventTime((random % 4_000_000) as i64);
                times.accept(t);
                kept.push(t.0);
                kept.sort_unstable();
                // What is older than all of nine is not remembered.
                kept.drain(..kept.len().saturating_sub(GAPS + 1));
                let gaps: Vec<i64> = kept.windows(2).rev().map(|pair| pair[1] - pair[0]).collect();
                assert_eq!(times.known().iter().map(|gap| i64::from(*gap)).collect::<Vec<_>>(), gaps);
                assert_eq!(Some(times.newest.0), kept.last().copied());
            }
        }
    }
}
