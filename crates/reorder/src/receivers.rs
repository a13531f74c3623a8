//! Receivers whose clocks are off, known by what others heard at the same time, and copies that others heard at the very same.
//!
//! A moving ship does not repeat a payload, so the copies of one report were received at one
//! moment, and their stamps should agree. Where at least three receivers heard it, each stamp is
//! held against the median of all: of two receivers that differ nobody can say which is off.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use hashbrown::HashMap;
use model::EventTime;
use model::prefetch::fetch;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

/// Stamps farther than this from the median differ.
const APART_MS: i64 = 30_000;
/// Messages of a receiver that are looked at …
const LAST: u32 = 20;
/// … of which so many must differ for its clock to be off.
const MOST_DIFFERING: u32 = 10;
/// So many in a row must agree for its clock to be right again.
const AGREEING: u32 = 20;
/// Reports remembered to be heard by others too.
const MAX_REPORTS: usize = 16_384;
/// Places for them.
const PLACES: usize = 4 * MAX_REPORTS;
/// Receivers remembered; beyond it further ones are believed.
const MAX_RECEIVERS: usize = 65_536;
/// Receivers of one report that are compared.
const MAX_COPIES: usize = 16;
/// A median of fewer says nothing.
const MIN_COPIES: usize = 3;

const _: () = assert!(size_of::<Report>() <= 64);

/// Who heard a report, and when.
type Copies = SmallVec<[(u64, EventTime); 2]>;

/// All receivers, and the reports that they heard lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Receivers {
    reports: Reports,
    records: HashMap<u64, Record, foldhash::fast::FixedState>,
    found: Vec<WrongClock>,
    /// The only receiver so far. There is nothing to compare it with.
    only: Option<u64>,
    are_several: bool,
}

/// The reports heard lately.
#[derive(Clone, Debug, Default)]
struct Reports {
    /// The oldest first.
    list: VecDeque<Report>,
    /// The number of the oldest.
    first: u32,
    /// The number of the last with a fingerprint that belongs here; empty before there is any. Another may take a report's place
    /// before all have heard it (of a report that is heard again a thousand reports later, one in sixty-six). It counts as another
    /// report then: medians are of fewer, not of wrong ones.
    numbers: Vec<u32>,
}

/// A report that was heard lately. It fills a line of the cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Report {
    fingerprint: u64,
    copies: Copies,
    /// When the first of them was sent that was in time; before all time while there is none.
    sent: EventTime,
}

/// A receiver whose clock has been found to be off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongClock {
    /// Which.
    pub receiver: u64,
    /// When, by the others.
    pub t: EventTime,
    /// How far it is ahead.
    pub ahead_ms: i64,
    /// Messages that differed, of the last [`WrongClock::OF`].
    pub differing: u32,
}

impl WrongClock {
    /// Messages that are looked at.
    pub const OF: u32 = LAST;
}

/// How a receiver's last messages compared.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Record {
    /// One bit a message, the newest lowest: whether it differed.
    differed: u32,
    agreed_in_a_row: u32,
    is_off: bool,
}

impl Receivers {
    /// Notes a moving ship's report by one receiver; `true` while that receiver's clock is off.
    pub fn hear(&mut self, receiver: u64, fingerprint: u64, t: EventTime) -> bool {
        if !self.are_several {
            if *self.only.get_or_insert(receiver) == receiver {
                return false;
            }
            self.are_several = true;
        }
        let copies = &mut self.reports.heard(fingerprint).copies;
        if copies.len() < MAX_COPIES && copies.iter().all(|(other, _)| *other != receiver) {
            copies.push((receiver, t));
        }
        if let Some(copies) = self.reports.oldest() {
            self.compare(&copies);
        }
        self.is_off(receiver)
    }

    /// Notes that a moving ship's report is in time; `true` if a copy with the same stamp was before it: the two have one place in the
    /// order, so that this one is a copy whatever becomes of the other.
    pub fn note_in_time(&mut self, fingerprint: u64, t: EventTime) -> bool {
        let Some(at) = self.reports.known(fingerprint) else { return false };
        let sent = &mut self.reports.list[at].sent;
        if *sent == EventTime::MIN {
            *sent = t;
            return false;
        }
        *sent == t
    }

    /// Fetches where a report is looked for …
    pub fn fetch(&self, fingerprint: u64) {
        self.reports.numbers.get(fingerprint as usize % PLACES).into_iter().for_each(fetch);
    }

    /// … and what is known of it.
    pub fn fetch_report(&self, fingerprint: u64) {
        self.reports.likely(fingerprint).into_iter().for_each(fetch);
    }

    /// Takes out what was found since it was asked last.
    pub fn take_found(&mut self) -> Vec<WrongClock> {
        core::mem::take(&mut self.found)
    }

    /// Whether a receiver's clock is off.
    #[must_use]
    pub fn is_off(&self, receiver: u64) -> bool {
        self.records.get(&receiver).is_some_and(|record| record.is_off)
    }

    /// Holds the stamps of one report against their median, once nobody else will have heard it.
    fn compare(&mut self, copies: &[(u64, EventTime)]) {
        if copies.len() < MIN_COPIES {
            return;
        }
        let mut stamps: SmallVec<[i64; MAX_COPIES]> = copies.iter().map(|(_, t)| t.0).collect();
        stamps.sort_unstable();
        let median = stamps[stamps.len() / 2];
        for (receiver, t) in copies {
            if self.records.len() < MAX_RECEIVERS || self.records.contains_key(receiver) {
                let record = self.records.entry(*receiver).or_default();
                let was_off = record.is_off;
                record.note((t.0 - median).abs() > APART_MS);
                if record.is_off && !was_off {
                    let differing = record.differed.count_ones();
                    let (t, ahead_ms) = (EventTime(median), t.0 - median);
                    self.found.push(WrongClock { receiver: *receiver, t, ahead_ms, differing });
                }
            }
        }
    }
}

impl Reports {
    /// What is remembered of a report.
    fn heard(&mut self, fingerprint: u64) -> &mut Report {
        let at = self.known(fingerprint).unwrap_or_else(|| {
            self.push(Report { fingerprint, copies: Copies::new(), sent: EventTime::MIN });
            self.list.len() - 1
        });
        &mut self.list[at]
    }

    fn known(&self, fingerprint: u64) -> Option<usize> {
        let at = self.place(fingerprint)?;
        self.list.get(at).filter(|report| report.fingerprint == fingerprint).map(|_| at)
    }

    /// It, or another.
    fn likely(&self, fingerprint: u64) -> Option<&Report> {
        self.list.get(self.place(fingerprint)?)
    }

    fn place(&self, fingerprint: u64) -> Option<usize> {
        let number = *self.numbers.get(fingerprint as usize % PLACES)?;
        Some(number.wrapping_sub(self.first) as usize)
    }

    fn push(&mut self, report: Report) {
        if self.numbers.is_empty() {
            self.numbers.resize(PLACES, 0);
        }
        let number = self.first.wrapping_add(self.list.len() as u32);
        self.numbers[report.fingerprint as usize % PLACES] = number;
        self.list.push_back(report);
    }

    /// The oldest, if there are too many: nobody else will have heard it.
    fn oldest(&mut self) -> Option<Copies> {
        if self.list.len() <= MAX_REPORTS {
            return None;
        }
        self.first = self.first.wrapping_add(1);
        self.list.pop_front().map(|report| report.copies)
    }
}

impl Serialize for Reports {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(out)
    }
}

impl<'de> Deserialize<'de> for Reports {
    fn deserialize<D: Deserializer<'de>>(bytes: D) -> Result<Self, D::Error> {
        let mut reports = Reports::default();
        Vec::deserialize(bytes)?.into_iter().for_each(|report| reports.push(report));
        Ok(reports)
    }
}

impl Record {
    fn note(&mut self, differs: bool) {
        self.differed = (self.differed << 1 | u32::from(differs)) & ((1 << LAST) - 1);
        self.agreed_in_a_row = if differs { 0 } else { self.agreed_in_a_row.saturating_add(1) };
        if self.differed.count_ones() >= MOST_DIFFERING {
            self.is_off = true;
        } else if self.agreed_in_a_row >= AGREEING {
            self.is_off = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports heard by receivers 1, 2 and 3, of which 3 is off by `off_ms`; then as many of
    /// nobody else's as it takes for them to be compared.
    fn hear(receivers: &mut Receivers, from: u64, reports: u64, off_ms: i64) {
        // Somebody was heard before: the first alone is compared with nobody.
        receivers.hear(8, u64::MAX, EventTime(0));
        for report in from..from + reports {
            let t = report as i64 * 1_000;
            for (receiver, off_ms) in [(3, off_ms), (1, 0), (2, 1_500)] {
                receivers.hear(receiver, report, EventTime(t + off_ms));
            }
        }
        for filler in 0..MAX_REPORTS as u64 {
            receivers.hear(9, 1 << 40 | from << 20 | filler, EventTime(0));
        }
    }

    #[test]
    fn a_clock_is_off_after_ten_of_twenty_and_right_after_twenty_in_a_row() {
        let mut receivers = Receivers::default();
        hear(&mut receivers, 0, 9, 129_600_000);
        assert!(!receivers.is_off(3));
        hear(&mut receivers, 100, 1, 129_600_000);
        assert!(receivers.is_off(3) && !receivers.is_off(1) && !receivers.is_off(2));
        hear(&mut receivers, 200, 19, 0);
        assert!(receivers.is_off(3));
        hear(&mut receivers, 300, 1, 0);
        assert!(!receivers.is_off(3));
    }

    #[test]
    fn one_that_takes_the_place_of_another_makes_two_of_it_and_no_clock_wrong() {
        let mut reports = Reports::default();
        let other = 7 + PLACES as u64;
        reports.heard(7).copies.push((1, EventTime(0)));
        reports.heard(7).copies.push((2, EventTime(0)));
        assert_eq!(reports.list.len(), 1);
        reports.heard(other).copies.push((1, EventTime(9)));
        reports.heard(other).copies.push((2, EventTime(9)));
        reports.heard(7).copies.push((3, EventTime(0)));
        let of = |report: &Report| (report.fingerprint, report.copies.len());
        let heard: Vec<(u64, usize)> = reports.list.iter().map(of).collect();
        assert_eq!(heard, [(7, 2), (other, 2), (7, 1)]);
    }

    #[test]
    fn a_copy_of_the_same_stamp_is_known_where_the_first_was_in_time() {
        let mut receivers = Receivers::default();
        let second = |s: i64| EventTime(s * 1_000);
        for receiver in [1, 2] {
            receivers.hear(receiver, 7, second(100));
        }
        // Of the first receiver alone nothing is remembered, and the second was late.
        assert!(!receivers.note_in_time(7, second(100)));
        let later = [(100, true), (101, false), (99, false), (100, true)];
        assert!(later.iter().all(|(s, is_copy)| receivers.note_in_time(7, second(*s)) == *is_copy));
        assert!(!receivers.note_in_time(8, second(100)), "nobody has heard it");
    }

    #[test]
    fn of_two_receivers_nobody_can_say_which_is_off() {
        let mut receivers = Receivers::default();
        for report in 0..2 * MAX_REPORTS as u64 {
            receivers.hear(1, report, EventTime(0));
            receivers.hear(2, report, EventTime(3_600_000));
        }
        assert!(!receivers.is_off(1) && !receivers.is_off(2));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut receivers = Receivers::default();
        for report in 0..3 * MAX_REPORTS as u64 {
            receivers.hear(report, report, EventTime(0));
        }
        let mut alone = Receivers::default();
        for report in 0..9 {
            alone.hear(1, report, EventTime(0));
        }
        assert!(alone.reports.list.is_empty(), "one receiver is compared with nobody");
        assert!(receivers.reports.list.len() <= MAX_REPORTS);
        assert!(receivers.records.len() <= MAX_RECEIVERS);
    }
}
