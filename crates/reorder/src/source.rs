//! How far one source has come in time, and which of its reports are late.

use alloc::collections::VecDeque;

use model::time::MINUTE_MS;
use model::{EventTime, Mmsi};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A stamp this far ahead of its source's highest needs confirmation.
const AHEAD_MS: i64 = 10 * MINUTE_MS;
/// So many further messages not far before it confirm a stamp, and as many more for each doubt, up to [`DOUBTED`] of
/// them: messages that are far before it. Each such message outweighs one confirmation beside …
const CONFIRMATIONS: u32 = 10;
/// … of so many ships, if the source has had that many …
const SHIPS: usize = 3;
/// … or so many of fewer ships: nobody else is heard any more …
const ALONE: u32 = 4_000;
/// … unless so many that are far before it come first. So each is decided within `ALONE + DENIALS` messages, and
/// no more than that wait.
const DENIALS: u32 = 1_000;

/// After a stamp that was wrong the next meets as many doubts as so many messages far before it.
const DOUBTED: u32 = 20;

/// What a source says of a report's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Later than the source's watermark when it was read.
    InTime,
    /// At or below the source's watermark when it was read, which is given.
    Late(EventTime),
    /// Its stamp was never confirmed.
    BadTime,
}

/// A source and its watermark: highest stamp − delay bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source<T> {
    bound_ms: i64,
    highest: Option<EventTime>,
    ships: SmallVec<[Mmsi; SHIPS]>,
    pending: VecDeque<Pending<T>>,
    /// Doubts that a stamp far ahead meets at once, after one that proved wrong.
    doubted: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pending<T> {
    t: EventTime,
    confirmations: u32,
    ships: SmallVec<[Mmsi; SHIPS]>,
    denials: u32,
    /// Messages far before it, or before a stamp that waited when it came.
    doubts: u32,
    item: T,
}

impl<T> Source<T> {
    /// A source whose reports come at most `bound_ms` out of order.
    #[must_use]
    pub fn new(bound_ms: i64) -> Source<T> {
        Source { bound_ms, highest: None, ships: SmallVec::new(), pending: VecDeque::new(), doubted: 0 }
    }

    /// All reports with times up to here have been read; later ones with such times are late.
    #[must_use]
    pub fn watermark(&self) -> EventTime {
        self.highest.map_or(EventTime::MIN, |highest| EventTime(highest.0 - self.bound_ms))
    }

    /// Highest confirmed stamp.
    #[must_use]
    pub fn highest(&self) -> Option<EventTime> {
        self.highest
    }

    /// What is said of a message at once, where none waits and it need not itself; else it is to be read.
    pub fn admit(&mut self, t: EventTime, mmsi: Mmsi) -> Option<Admission> {
        let highest =
            self.highest.filter(|highest| self.pending.is_empty() && t.0 <= highest.0 + AHEAD_MS)?;
        note(&mut self.ships, mmsi);
        let watermark = EventTime(highest.0 - self.bound_ms);
        if t <= watermark {
            return Some(Admission::Late(watermark));
        }
        self.highest = Some(highest.max(t));
        Some(Admission::InTime)
    }

    /// Reads a message; gives out it and those that it decides, each once.
    pub fn read(&mut self, t: EventTime, mmsi: Mmsi, item: T, out: &mut impl FnMut(T, Admission)) {
        if let Some(admission) = self.admit(t, mmsi) {
            return out(item, admission);
        }
        let watermark = self.watermark();
        note(&mut self.ships, mmsi);
        if !self.pending.is_empty() {
            self.weigh(t, mmsi, out);
        }
        if t <= watermark {
            out(item, Admission::Late(watermark));
        } else if self.highest.is_some_and(|highest| t.0 <= highest.0 + AHEAD_MS) {
            self.highest = self.highest.max(Some(t));
            out(item, Admission::InTime);
            // What was far ahead may be so no more.
            if !self.pending.is_empty() {
                self.release(out);
            }
        } else {
            let waiting = self.pending.iter().map(|pending| pending.doubts).max();
            let doubts = waiting.unwrap_or(0).max(self.doubted).min(DOUBTED);
            let fresh = Pending { t, confirmations: 0, ships: SmallVec::new(), denials: 0, doubts, item };
            self.pending.push_back(fresh);
        }
    }

    /// The end of the source: stamps that waited are believed unless more messages spoke against them than for
    /// them.
    pub fn finish(&mut self, out: &mut impl FnMut(T, Admission)) {
        // Where a clock has been wrong just now, stamps far ahead are doubted from the start.
        let has_doubts = self.doubted > 0;
        let doubts = |pending: &Pending<T>| if has_doubts { pending.doubts } else { pending.denials };
        let believed = self.pending.iter().filter(|pending| doubts(pending) <= pending.confirmations);
        self.highest = self.highest.max(believed.map(|pending| pending.t).max());
        self.release(out);
        for pending in self.pending.drain(..) {
            out(pending.item, Admission::BadTime);
        }
    }

    /// Counts a message for or against the stamps that wait.
    fn weigh(&mut self, t: EventTime, mmsi: Mmsi, out: &mut impl FnMut(T, Admission)) {
        let has_ships = self.ships.len() >= SHIPS;
        let mut confirmed = self.highest;
        for pending in &mut self.pending {
            if t.0 >= pending.t.0 - AHEAD_MS {
                pending.confirmations += 1;
                note(&mut pending.ships, mmsi);
            } else {
                pending.denials += 1;
                pending.doubts += 1;
            }
            // One receiver whose clock is ahead is no proof while others go on as before.
            let needed = CONFIRMATIONS * (1 + pending.doubts.min(DOUBTED)) + pending.denials;
            let is_of_enough_ships =
                !has_ships || pending.ships.len() >= SHIPS || pending.confirmations >= ALONE;
            if pending.confirmations >= needed && is_of_enough_ships {
                confirmed = confirmed.max(Some(pending.t));
            }
        }
        if confirmed == self.highest && self.pending.iter().all(|pending| pending.denials < DENIALS) {
            return;
        }
        if confirmed > self.highest {
            self.doubted = 0;
        } else {
            self.doubted = DOUBTED;
        }
        self.highest = confirmed;
        self.release(out);
    }

    /// Gives out the stamps that are decided; one that is believed may bring others within reach.
    fn release(&mut self, out: &mut impl FnMut(T, Admission)) {
        let mut kept = VecDeque::with_capacity(self.pending.len());
        let mut reach = self.highest;
        loop {
            let within = |t: EventTime| reach.is_some_and(|highest| t.0 <= highest.0 + AHEAD_MS);
            let next = self.pending.iter().map(|pending| pending.t).filter(|t| within(*t)).max();
            if next <= reach {
                break;
            }
            reach = next;
        }
        self.highest = reach;
        for pending in self.pending.drain(..) {
            if reach.is_some_and(|highest| pending.t.0 <= highest.0 + AHEAD_MS) {
                out(pending.item, Admission::InTime);
            } else if pending.denials >= DENIALS {
                out(pending.item, Admission::BadTime);
            } else {
                kept.push_back(pending);
            }
        }
        self.pending = kept;
    }
}

fn note(ships: &mut SmallVec<[Mmsi; SHIPS]>, mmsi: Mmsi) {
    if ships.len() < SHIPS && !ships.contains(&mmsi) {
        ships.push(mmsi);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const L: i64 = 30_000;

    /// Reads (minute, ship) pairs and gives the admissions in the order given out.
    fn read(
        source: &mut Source<i64>,
        messages: impl IntoIterator<Item = (i64, u32)>,
    ) -> Vec<(i64, Admission)> {
        let mut out = Vec::new();
        for (minute, ship) in messages {
            source.read(EventTime(minute * MINUTE_MS), Mmsi(ship), minute, &mut |m, a| out.push((m, a)));
        }
        out
    }

    fn started() -> Source<i64> {
        let mut source = Source::new(L);
        read(&mut source, (0..11).map(|n| (100, n)));
        source
    }

    #[test]
    fn the_first_stamp_waits_for_ten_more() {
        let mut source = Source::new(L);
        assert_eq!(read(&mut source, (0..10).map(|n| (100, n))), []);
        assert_eq!(source.highest(), None);
        assert_eq!(read(&mut source, [(100, 5)]).len(), 11);
        assert_eq!(source.watermark(), EventTime(100 * MINUTE_MS - L));
    }

    #[test]
    fn a_report_at_the_watermark_is_late() {
        let mut source = started();
        let watermark = source.watermark();
        let mut got = Vec::new();
        source.read(watermark, Mmsi(1), 7, &mut |m, a| got.push((m, a)));
        source.read(EventTime(watermark.0 + 1), Mmsi(1), 8, &mut |m, a| got.push((m, a)));
        assert_eq!(got, [(7, Admission::Late(watermark)), (8, Admission::InTime)]);
    }

    #[test]
    fn a_lone_stamp_of_the_future_moves_nothing_and_is_denied_in_the_end() {
        let mut source = started();
        assert_eq!(read(&mut source, [(100 + 36 * 60, 9)]), []);
        let rest = read(&mut source, (0..1_000).map(|n| (101, n)));
        assert_eq!(rest.iter().filter(|(_, a)| *a == Admission::InTime).count(), 1_000);
        assert!(rest.contains(&(100 + 36 * 60, Admission::BadTime)));
        assert_eq!(source.highest(), Some(EventTime(101 * MINUTE_MS)));
    }

    #[test]
    fn a_gap_of_the_whole_feed_is_believed_after_ten_messages_of_three_ships() {
        let mut source = started();
        assert_eq!(read(&mut source, (0..30).map(|_| (400, 1))), [], "one ship alone convinces nobody");
        assert_eq!(read(&mut source, [(400, 2)]), []);
        assert_eq!(read(&mut source, [(400, 3)]).len(), 32);
        assert_eq!(source.highest(), Some(EventTime(400 * MINUTE_MS)));
    }

    #[test]
    fn a_stamp_that_the_feed_catches_up_with_is_far_ahead_no_more() {
        let mut source = started();
        assert_eq!(read(&mut source, [(112, 9)]), []);
        assert_eq!(read(&mut source, [(102, 1)]), [(102, Admission::InTime), (112, Admission::InTime)]);
        assert_eq!(source.highest(), Some(EventTime(112 * MINUTE_MS)));
    }

    fn finish(source: &mut Source<i64>) -> Vec<(i64, Admission)> {
        let mut out = Vec::new();
        source.finish(&mut |m, a| out.push((m, a)));
        out
    }

    #[test]
    fn at_the_end_what_was_not_denied_is_believed() {
        let mut source = started();
        read(&mut source, [(500, 1)]);
        assert_eq!(finish(&mut source), [(500, Admission::InTime)]);
    }

    #[test]
    fn at_the_end_a_stamp_that_others_deny_moves_nothing() {
        let mut source = started();
        read(&mut source, [(100 + 36 * 60, 9), (101, 1), (102, 2)]);
        assert_eq!(finish(&mut source), [(100 + 36 * 60, Admission::BadTime)]);
        assert_eq!(source.highest(), Some(EventTime(102 * MINUTE_MS)));
    }

    #[test]
    fn at_the_end_of_a_gap_one_message_from_before_it_denies_nothing() {
        let mut source = started();
        read(&mut source, [(500, 1), (501, 2), (100, 3), (502, 4)]);
        let end = finish(&mut source);
        assert_eq!(end, [(500, Admission::InTime), (501, Admission::InTime), (502, Admission::InTime)]);
    }

    #[test]
    fn a_share_of_messages_from_before_a_gap_does_not_hold_it_up_for_ever() {
        let mut source = started();
        let feed = (0..1_000).map(|n| (if n % 3 == 0 { 100 } else { 500 }, n as u32));
        read(&mut source, feed);
        assert_eq!(source.highest(), Some(EventTime(500 * MINUTE_MS)));
        assert!(source.pending.is_empty());
    }

    #[test]
    fn a_clock_ahead_for_less_than_half_of_the_feed_is_never_believed() {
        let mut source = started();
        // In bursts, which is how one receiver's messages come.
        let feed = (0..20_000).map(|n| (if n % 20 < 8 { 500 } else { 100 }, n as u32));
        read(&mut source, feed);
        assert_eq!(source.highest(), Some(EventTime(100 * MINUTE_MS)));
    }

    #[test]
    fn a_clock_ahead_for_a_few_messages_does_not_hold_up_what_follows_a_gap() {
        let mut source = started();
        let wrong = 100 + 3 * 24 * 60;
        // One message in 200 is three days ahead.
        let feed = (0..60_000).map(|n| (if n % 200 == 7 { wrong } else { 100 + n / 600 }, n as u32));
        read(&mut source, feed);
        assert_eq!(source.highest(), Some(EventTime(199 * MINUTE_MS)));
        let mut ended = source.clone();
        read(&mut source, (0..1_000).map(|n| (230 + n / 600, n as u32)));
        assert_eq!(source.highest(), Some(EventTime(231 * MINUTE_MS)));
        // The last message is one of the wrong clock: the end is not there.
        read(&mut ended, [(wrong, 1)]);
        assert!(finish(&mut ended).iter().all(|(_, admission)| *admission == Admission::BadTime));
        assert_eq!(ended.highest(), Some(EventTime(199 * MINUTE_MS)));
    }

    #[test]
    fn one_ship_that_alone_is_heard_any_more_is_believed_and_what_waits_is_bounded() {
        let mut source = started();
        let mut most = 0;
        for n in 0..20_000 {
            read(&mut source, [(500 + n / 100, 1)]);
            most = most.max(source.pending.len());
        }
        assert_eq!(source.highest(), Some(EventTime((500 + 199) * MINUTE_MS)));
        assert!(most <= (ALONE + DENIALS) as usize, "{most}");
    }
}
