//! Copies of a message: from other receivers, or sent again with a new stamp.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::EventTime;
use model::prefetch::{fetch, fetch_all, fetch_at};
use model::time::MINUTE_MS;
use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

/// Any message this close in time to its first is a copy.
const WINDOW_MS: i64 = 30_000;
/// A moving ship does not repeat a payload for this long.
const MOVING_WINDOW_MS: i64 = 30 * MINUTE_MS;
/// Reports of a moving ship remembered for the long window …
const MOVING_REPORTS: usize = 16;
/// … each at least this far from the one before.
const MOVING_APART_MS: i64 = 30_000;
/// No ship sends so many messages within 30 s; what many senders with one MMSI sent is not gone through one by one.
const CROWD: usize = 64;
/// There is room for so many at most of a ship that is silent.
const FEW: usize = 4;
/// How long it is until what is crowded can be looked at again.
pub const CROWDED_MS: i64 = WINDOW_MS + 1;

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

/// What one ship has sent lately, by which copies of it are known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Recent {
    /// The newest: the only one of the last 30 s for most ships.
    last: First,
    /// What was sent within 30 s before it.
    before: Before,
    /// Most ships are at rest and have none.
    moving: Option<Box<Moving>>,
}

/// The first of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct First {
    fingerprint: u64,
    t: EventTime,
    handed_on: EventTime,
}

/// Messages of the 30 s before the newest, and older ones that have not been forgotten yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Before {
    /// The oldest first.
    Few(ThinVec<First>),
    Many(Box<Crowd>),
}

/// The same, found by their fingerprints.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Crowd {
    first: HashMap<u64, First, foldhash::fast::FixedState>,
    /// The oldest first, also those that another with the same fingerprint has taken the place of.
    order: VecDeque<(EventTime, u64)>,
}

/// The reports of a moving ship that are remembered for 30 min, in a ring: once it is full, the oldest is at `next`. Those
/// that can still be asked for lie within hours of each other, so that 32 bits of a time are enough.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Moving {
    /// The upper 16 bits of each fingerprint: what every report asks for lies together …
    marks: [u16; MOVING_REPORTS],
    /// … and the lower 32: with both no two payloads of a ship are taken for one by chance.
    prints: [u32; MOVING_REPORTS],
    /// When each was handed on, the lower 32 bits …
    handed_on: [u32; MOVING_REPORTS],
    /// … and how long before that it was sent; none where that was at once for all.
    delays: ThinVec<i32>,
    /// When the last was handed on.
    last: EventTime,
    next: u8,
    /// How many there are.
    count: u8,
}

impl Default for Moving {
    fn default() -> Self {
        Moving {
            marks: [0; MOVING_REPORTS],
            prints: [0; MOVING_REPORTS],
            handed_on: [0; MOVING_REPORTS],
            delays: ThinVec::new(),
            last: EventTime::MIN,
            next: 0,
            count: 0,
        }
    }
}

impl Default for First {
    fn default() -> Self {
        First { fingerprint: 0, t: EventTime::MIN, handed_on: EventTime::MIN }
    }
}

impl First {
    fn is_within(&self, t: EventTime, now: EventTime, window_ms: i64) -> bool {
        self.is_kept(now, window_ms) && (self.t.0 - t.0).abs() <= window_ms
    }

    fn is_kept(&self, now: EventTime, window_ms: i64) -> bool {
        self.handed_on.0 + window_ms >= now.0
    }
}

impl Recent {
    /// Judges a message with event time `t`, handed on at `now`.
    pub fn judge(&mut self, fingerprint: u64, t: EventTime, now: EventTime, is_moving: bool) -> Copy {
        let is_last = self.last.fingerprint == fingerprint;
        let known = if is_last { Some(&self.last) } else { self.before.find(fingerprint) };
        if known.is_some_and(|first| first.is_within(t, now, WINDOW_MS)) {
            return Copy::Repeated;
        }
        let is_known = known.is_some();
        if is_moving
            && let Some(first) = self.moving.as_ref().and_then(|moving| moving.find(fingerprint, t, now))
        {
            return if (first.0 - t.0).abs() <= WINDOW_MS { Copy::Repeated } else { Copy::Restamped };
        }
        let first = First { fingerprint, t, handed_on: now };
        let last = core::mem::replace(&mut self.last, first);
        if !last.is_kept(now, WINDOW_MS) {
            self.before = Before::default();
        } else if !is_last {
            if is_known {
                self.before.remove(fingerprint);
            }
            self.before.push(last, now);
        }
        if is_moving {
            self.moving.get_or_insert_default().remember(first);
        }
        Copy::First
    }

    /// Whether it holds more than is kept of a ship that may never be heard again.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        match &self.before {
            Before::Few(few) => few.capacity() > FEW,
            Before::Many(_) => true,
        }
    }

    /// Forgets what no message at or after `now` can be a copy of within 30 s, if that is all.
    pub fn settle(&mut self, now: EventTime) {
        if !self.last.is_kept(now, WINDOW_MS) {
            self.before = Before::default();
        }
    }

    /// Fetches what a message will be looked for in.
    pub fn fetch(&self) {
        if let Before::Few(few) = &self.before {
            fetch_at(few.as_ptr(), 2 * size_of::<First>());
        }
        if let Some(moving) = &self.moving {
            fetch_all(&moving.marks);
            fetch(&moving.last);
        }
    }
}

impl Default for Before {
    fn default() -> Self {
        Before::Few(ThinVec::new())
    }
}

impl Before {
    fn find(&self, fingerprint: u64) -> Option<&First> {
        match self {
            Before::Few(few) => few.iter().find(|first| first.fingerprint == fingerprint),
            Before::Many(crowd) => crowd.first.get(&fingerprint),
        }
    }

    fn remove(&mut self, fingerprint: u64) {
        match self {
            Before::Few(few) => few.retain(|first| first.fingerprint != fingerprint),
            Before::Many(crowd) => {
                crowd.first.remove(&fingerprint);
            }
        }
    }

    /// Adds one that was handed on after all others, and forgets what was sent too long before `now`.
    fn push(&mut self, first: First, now: EventTime) {
        match self {
            Before::Few(few) => {
                let over = few.iter().take_while(|first| !first.is_kept(now, WINDOW_MS)).count();
                if over > 0 {
                    few.drain(..over);
                }
                if few.len() < CROWD {
                    return few.push(first);
                }
                let mut crowd = Box::<Crowd>::default();
                few.drain(..).chain([first]).for_each(|first| crowd.push(first));
                *self = Before::Many(crowd);
            }
            Before::Many(crowd) => {
                crowd.push(first);
                crowd.forget(now);
                if crowd.order.len() < CROWD / 2 {
                    let few = crowd.order.iter().filter_map(|(handed_on, fingerprint)| {
                        crowd.first.get(fingerprint).filter(|first| first.handed_on == *handed_on)
                    });
                    *self = Before::Few(few.copied().collect());
                }
            }
        }
    }
}

impl Crowd {
    fn push(&mut self, first: First) {
        self.first.insert(first.fingerprint, first);
        self.order.push_back((first.handed_on, first.fingerprint));
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

impl Moving {
    /// When the copy of a message was sent that was handed on last, of those that are remembered.
    fn find(&self, fingerprint: u64, t: EventTime, now: EventTime) -> Option<EventTime> {
        let mark = mark(fingerprint);
        // All of them, whichever it is: the processor compares them at once.
        if !self.marks.iter().fold(false, |any, other| any | (*other == mark)) {
            return None;
        }
        let is_same = |at: &usize| self.marks[*at] == mark && self.prints[*at] == print(fingerprint);
        let first = |at: usize| {
            let handed_on = self.last.0 - i64::from((self.last.0 as u32).wrapping_sub(self.handed_on[at]));
            let delay = self.delays.get(at).copied().unwrap_or(0);
            let t = EventTime(handed_on - i64::from(delay));
            First { fingerprint, t, handed_on: EventTime(handed_on) }
        };
        let same = (0..MOVING_REPORTS.min(self.count.into())).filter(is_same).map(first);
        let copies = same.filter(|first| first.is_within(t, now, MOVING_WINDOW_MS));
        copies.max_by_key(|first| first.handed_on).map(|first| first.t)
    }

    fn remember(&mut self, first: First) {
        let since = first.handed_on.0.saturating_sub(self.last.0);
        if since < MOVING_APART_MS {
            return;
        }
        // What was sent weeks before is not remembered.
        let Ok(delay) = i32::try_from(first.handed_on.0 - first.t.0) else { return };
        if since > MOVING_WINDOW_MS {
            // Nothing is asked for any more of what was before.
            *self = Moving::default();
        }
        let at = usize::from(self.next) % MOVING_REPORTS;
        (self.marks[at], self.prints[at]) = (mark(first.fingerprint), print(first.fingerprint));
        self.handed_on[at] = first.handed_on.0 as u32;
        if delay != 0 && self.delays.is_empty() {
            self.delays.reserve_exact(MOVING_REPORTS);
            self.delays.resize(MOVING_REPORTS, 0);
        }
        self.delays.get_mut(at).into_iter().for_each(|known| *known = delay);
        self.next = (at + 1) as u8;
        self.count = self.count.saturating_add(1).min(MOVING_REPORTS as u8);
        self.last = first.handed_on;
    }
}

/// What a fingerprint is looked for by before all of it is compared.
fn mark(fingerprint: u64) -> u16 {
    (fingerprint >> 48) as u16
}

fn print(fingerprint: u64) -> u32 {
    fingerprint as u32
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// Judges (fingerprint, second, handed on at second) of a ship.
    fn judge(is_moving: bool, messages: &[(u64, i64, i64)]) -> Vec<Copy> {
        let mut recent = Recent::default();
        let second = |s: i64| EventTime(s * 1_000);
        messages
            .iter()
            .map(|(print, t, now)| recent.judge(*print, second(*t), second(*now), is_moving))
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

    #[test]
    fn a_crowd_with_one_mmsi_is_known_message_by_message_and_forgotten() {
        let mut recent = Recent::default();
        let mut judge = |print, t| recent.judge(print, EventTime(t), EventTime(t), false);
        let sent = |from: u64| from..from + 4 * CROWD as u64;
        assert!(sent(1).all(|print| judge(print, print as i64) == Copy::First));
        assert!(sent(1).all(|print| judge(print, 20_000) == Copy::Repeated));
        assert!(sent(1).rev().all(|print| judge(print, 40_000) == Copy::First));
        assert!(sent(1).all(|print| judge(print, 70_000) == Copy::Repeated));
        for (print, t) in sent(1_000).zip((0..).map(|n| 200_000 + n * 10_000)) {
            assert_eq!(judge(print, t), Copy::First);
        }
        assert!(matches!(&recent.before, Before::Few(few) if few.len() <= 4));
    }

    #[test]
    fn nothing_is_kept_of_a_crowd_that_is_silent() {
        let sent = || {
            let mut recent = Recent::default();
            for print in 1..1_000 {
                recent.judge(print, EventTime(0), EventTime(0), false);
            }
            assert!(recent.is_crowded());
            recent
        };
        let mut heard_again = sent();
        assert_eq!(heard_again.judge(5_000, EventTime(30_001), EventTime(30_001), false), Copy::First);
        let mut same_again = sent();
        assert_eq!(same_again.judge(999, EventTime(30_001), EventTime(30_001), false), Copy::First);
        let mut settled = sent();
        settled.settle(EventTime(30_000));
        assert!(settled.is_crowded());
        settled.settle(EventTime(30_001));
        for recent in [heard_again, same_again, settled] {
            assert!(matches!(&recent.before, Before::Few(few) if few.is_empty()));
        }
    }
}
