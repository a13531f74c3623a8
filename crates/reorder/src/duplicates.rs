//! Copies of a message: from other receivers, or sent again with a new stamp.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::EventTime;
use model::time::MINUTE_MS;
use serde::{Deserialize, Serialize};

/// Any message this close in time to its first is a copy.
const WINDOW_MS: i64 = 30_000;
/// A moving ship does not repeat a payload for this long.
const MOVING_WINDOW_MS: i64 = 30 * MINUTE_MS;
/// Reports of a moving ship remembered for the long window …
const MOVING_REPORTS: usize = 16;
/// … each at least this far from the one before.
const MOVING_APART_MS: i64 = 30_000;

/// Whether a message is a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The first of its group.
    First,
    /// A copy.
    Repeated,
    /// A copy whose stamp is more than 30 s from the first's.
    Restamped,
}

/// The fingerprints of the last 30 s of all ships of a shard.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Duplicates {
    first: HashMap<u64, First, foldhash::fast::FixedState>,
    order: VecDeque<(EventTime, u64)>,
}

/// The first of a group: its time, and when it was handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct First {
    t: EventTime,
    handed_on: EventTime,
}

/// The reports of one moving ship that are remembered for 30 min. Most ships are at rest and keep none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Recent(Option<Box<Kept>>);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// When the last was handed on, and sixteen bits of each fingerprint: what every report asks for lies together.
    last: EventTime,
    marks: [u16; MOVING_REPORTS],
    /// In a ring; once it is full, the oldest is at `next`.
    reports: Vec<(First, u64)>,
    next: u8,
}

impl Duplicates {
    /// Judges a message with event time `t`, handed on at `now`.
    pub fn judge(
        &mut self,
        fingerprint: u64,
        t: EventTime,
        now: EventTime,
        is_moving: bool,
        recent: &mut Recent,
    ) -> Copy {
        self.forget(now);
        // It is looked up once: that is what takes time.
        let known = self.first.entry(fingerprint);
        if let Entry::Occupied(first) = &known
            && (first.get().t.0 - t.0).abs() <= WINDOW_MS
            && now.0 <= first.get().handed_on.0 + WINDOW_MS
        {
            return Copy::Repeated;
        }
        if is_moving && let Some(first) = recent.find(fingerprint, t, now) {
            return if (first.t.0 - t.0).abs() <= WINDOW_MS { Copy::Repeated } else { Copy::Restamped };
        }
        let first = First { t, handed_on: now };
        known.insert(first);
        self.order.push_back((now, fingerprint));
        if is_moving {
            recent.remember(fingerprint, first);
        }
        Copy::First
    }

    /// Whether a fingerprint is among those of the last 30 s.
    #[must_use]
    pub fn knows(&self, fingerprint: u64) -> bool {
        self.first.contains_key(&fingerprint)
    }

    fn forget(&mut self, now: EventTime) {
        while let Some((handed_on, fingerprint)) = self.order.front().copied()
            && handed_on.0 + WINDOW_MS < now.0
        {
            self.order.pop_front();
            if let Entry::Occupied(first) = self.first.entry(fingerprint)
                && first.get().handed_on == handed_on
            {
                first.remove();
            }
        }
    }
}

impl Recent {
    /// When the last was handed on, if any is remembered.
    #[must_use]
    pub fn last(&self) -> Option<EventTime> {
        self.0.as_ref().map(|kept| kept.last)
    }

    fn find(&self, fingerprint: u64, t: EventTime, now: EventTime) -> Option<First> {
        let kept = self.0.as_ref()?;
        let mark = mark(fingerprint);
        if kept.marks.iter().all(|other| *other != mark) {
            return None;
        }
        let is_copy = |first: &First| {
            (first.t.0 - t.0).abs() <= MOVING_WINDOW_MS && now.0 <= first.handed_on.0 + MOVING_WINDOW_MS
        };
        let same = kept.reports.iter().filter(|(first, print)| *print == fingerprint && is_copy(first));
        same.map(|(first, _)| *first).max_by_key(|first| first.handed_on)
    }

    fn remember(&mut self, fingerprint: u64, first: First) {
        let kept = self.0.get_or_insert_default();
        if !kept.reports.is_empty() && first.handed_on.0 - kept.last.0 < MOVING_APART_MS {
            return;
        }
        let at = usize::from(kept.next) % MOVING_REPORTS;
        match kept.reports.get_mut(at) {
            Some(oldest) => *oldest = (first, fingerprint),
            None => kept.reports.push((first, fingerprint)),
        }
        kept.marks[at] = mark(fingerprint);
        kept.next = (at + 1) as u8;
        kept.last = first.handed_on;
    }
}

/// What a fingerprint is looked for by before all of it is compared.
fn mark(fingerprint: u64) -> u16 {
    (fingerprint >> 48) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges (fingerprint, second, handed on at second) of a ship.
    fn judge(is_moving: bool, messages: &[(u64, i64, i64)]) -> Vec<Copy> {
        let (mut duplicates, mut recent) = (Duplicates::default(), Recent::default());
        let second = |s: i64| EventTime(s * 1_000);
        messages
            .iter()
            .map(|(print, t, now)| duplicates.judge(*print, second(*t), second(*now), is_moving, &mut recent))
            .collect()
    }

    #[test]
    fn thirty_seconds_count_from_the_first_of_the_group() {
        let got = judge(false, &[(1, 0, 0), (1, 20, 20), (1, 30, 30), (1, 31, 31), (2, 31, 31)]);
        assert_eq!(got, [Copy::First, Copy::Repeated, Copy::Repeated, Copy::First, Copy::First]);
    }

    #[test]
    fn a_moving_ship_does_not_repeat_itself_for_half_an_hour() {
        let got = judge(true, &[(1, 0, 0), (1, 1_800, 1_800), (1, 1_801, 1_801)]);
        assert_eq!(got, [Copy::First, Copy::Restamped, Copy::First]);
    }

    #[test]
    fn sixteen_reports_of_a_moving_ship_are_remembered_the_oldest_forgotten() {
        let mut sent: Vec<(u64, i64, i64)> =
            (0..17).map(|n| (n << 48 | 7, n as i64 * 31, n as i64 * 31)).collect();
        let again = |print: u64| (print << 48 | 7, 600, 600);
        sent.extend([again(0), again(2), again(16)]);
        let got = judge(true, &sent);
        assert!(got[..17].iter().all(|copy| *copy == Copy::First));
        // The first had made room for the last; as it came again, the second had to go.
        assert_eq!(got[17..], [Copy::First, Copy::Restamped, Copy::Restamped]);
        assert_eq!(judge(true, &[&sent[..18], &[again(1)]].concat())[18], Copy::First);
    }

    #[test]
    fn only_reports_thirty_seconds_apart_are_kept_for_the_long_window() {
        let got = judge(true, &[(1, 0, 0), (2, 29, 29), (2, 100, 100)]);
        assert_eq!(got, [Copy::First, Copy::First, Copy::First]);
    }

    #[test]
    fn a_late_copy_is_known_either_way_while_remembered() {
        let got = judge(false, &[(1, 100, 100), (1, 90, 110), (1, 90, 131)]);
        assert_eq!(got, [Copy::First, Copy::Repeated, Copy::First]);
    }
}
