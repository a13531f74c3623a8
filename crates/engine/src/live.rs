//! Live sources: which of them hold the watermark, and how it goes on while none does.
//!
//! A source that says nothing, or whose reports are old, must not hold up all others. The clock of the wall comes in
//! from outside, as the time at which things arrive; the log downstream has watermarks only, so that a replay of it needs
//! no clock.

use model::EventTime;
use model::time::MINUTE_MS;
use serde::{Deserialize, Serialize};

/// A source of which nothing arrived for so long is idle.
const IDLE_MS: i64 = MINUTE_MS;
/// One whose reports are so old when they arrive, and that is so far behind the others, no longer holds them up …
const BEHIND_MS: i64 = 10 * MINUTE_MS;
/// … until it is as near again as this.
const NEAR_MS: i64 = 5 * MINUTE_MS;

/// What is known of a live source beside its watermark.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Live {
    /// When something of it arrived last.
    pub arrival: EventTime,
    /// How far the clock has come for it: a log is read later than its records arrived.
    pub now: EventTime,
    /// Whether it is waited for before it has said anything: that it will is known.
    is_awaited: bool,
    /// Whether it holds the watermark.
    pub holds: bool,
}

/// The source that has come farthest.
#[derive(Clone, Copy, Debug)]
pub struct Newest {
    pub watermark: EventTime,
    pub arrival: EventTime,
}

/// How far all live sources have come together: it never goes back.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Pulse {
    /// The watermark.
    pub reached: EventTime,
    /// Since when no source holds it, and where it was then.
    idle: Option<(EventTime, EventTime)>,
}

impl Live {
    pub fn new(now: EventTime, is_awaited: bool) -> Live {
        Live { arrival: now, now, is_awaited, holds: is_awaited }
    }

    /// Decides whether it holds the watermark. Where even the newest reports are old when they arrive, history is read,
    /// and nobody is left behind.
    pub fn judge(&mut self, watermark: EventTime, newest: Newest) {
        let is_far = |from: EventTime, allowed_ms: i64| watermark.0.saturating_add(allowed_ms) < from.0;
        let allowed_ms = if self.holds { BEHIND_MS } else { NEAR_MS };
        let is_history = newest.watermark.0.saturating_add(BEHIND_MS) < newest.arrival.0;
        let is_behind =
            !is_history && is_far(newest.watermark, allowed_ms) && is_far(self.arrival, allowed_ms);
        let is_idle = self.now.0 - self.arrival.0 > IDLE_MS;
        let has_begun = watermark > EventTime::MIN;
        self.holds = !is_idle && if has_begun { !is_behind } else { self.is_awaited };
    }
}

impl Default for Pulse {
    fn default() -> Self {
        Pulse { reached: EventTime::MIN, idle: None }
    }
}

impl Pulse {
    /// Takes in how far those sources have come that hold it.
    pub fn reach(&mut self, held: Option<EventTime>) {
        if let Some(held) = held {
            self.reached = self.reached.max(held);
            self.idle = None;
        }
    }

    /// While nobody holds it, it goes on as fast as the clock.
    pub fn pass(&mut self, now: EventTime, held: Option<EventTime>) {
        self.reach(held);
        if held.is_none() && self.reached > EventTime::MIN {
            let (since, from) = *self.idle.get_or_insert((now, self.reached));
            self.reached = self.reached.max(EventTime(from.0 + (now.0 - since.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use decode::{Content, Decoded, Stamp};
    use model::{MessageType, Origin, Payload, StaticReport, Transmission};
    use proptest::prelude::*;

    use super::*;
    use crate::Limits;
    use crate::{Entry, Ingest, SourceId};

    const START: i64 = 1_700_000_000_000;
    const L: i64 = 30_000;

    fn at(second: i64) -> EventTime {
        EventTime(START + second * 1_000)
    }

    /// A ship's report at a second.
    fn report(mmsi: u32, second: i64) -> Decoded {
        let t = at(second);
        let origin = Origin::default();
        let report = StaticReport {
            t,
            mmsi: model::Mmsi(mmsi),
            kind: MessageType(5),
            lines: 1,
            payload: Payload([second as u64, 0, 0]),
            origin,
            statics: Arc::default(),
        };
        let content = Content::Transmission(Transmission::Static(report));
        let stamp = Some(Stamp { t, mmsi: model::Mmsi(mmsi) });
        Decoded { stamp, lines: 1, kind: Some(5), station: 0, origin, content }
    }

    struct Feed {
        ingest: Ingest,
        ids: Vec<SourceId>,
        entries: Vec<Entry>,
    }

    impl Feed {
        /// Live sources that have said enough at second 0 to be believed.
        fn of<const N: usize>() -> (Feed, [SourceId; N]) {
            let mut ingest = Ingest::new(&Limits::default());
            let ids = core::array::from_fn(|_| ingest.add_live(L, at(0), false));
            let mut feed = Feed { ingest, ids: ids.to_vec(), entries: Vec::new() };
            for id in ids {
                (0..11).for_each(|n| feed.say(id, n, 0, 0));
            }
            (feed, ids)
        }

        /// A report of second `t` that arrives at second `now`.
        fn say(&mut self, id: SourceId, mmsi: u32, t: i64, now: i64) {
            self.ingest.arrive(id, at(now));
            let entries = &mut self.entries;
            self.ingest.read(id, report(mmsi, t), &mut |entry| entries.push(entry));
            self.ingest.advance(&mut |entry| entries.push(entry));
        }

        fn wait(&mut self, now: i64) {
            for id in &self.ids {
                self.ingest.pass(*id, at(now));
            }
            let entries = &mut self.entries;
            self.ingest.advance(&mut |entry| entries.push(entry));
        }

        /// The second that the watermark has come to.
        fn watermark(&self) -> i64 {
            let told = self.entries.iter().rev().find_map(|entry| match entry {
                Entry::Watermark(watermark) => Some((watermark.0 - START) / 1_000),
                Entry::Transmission(..) | Entry::Tick(_) | Entry::Late(_) | Entry::End(_) => None,
            });
            told.unwrap()
        }

        fn last_is_late(&self) -> bool {
            let last = self.entries.iter().rev().find_map(|entry| match entry {
                Entry::Transmission(key, _) => Some(key.turn().is_late),
                Entry::Watermark(_) | Entry::Tick(_) | Entry::Late(_) | Entry::End(_) => None,
            });
            last.unwrap()
        }
    }

    #[test]
    fn the_slower_of_two_holds_the_watermark_until_it_is_idle() {
        let (mut feed, [a, b]) = Feed::of();
        feed.say(a, 1, 50, 50);
        assert_eq!(feed.watermark(), -30, "the other has come no farther");
        feed.say(a, 1, 70, 70);
        feed.wait(70);
        assert_eq!(feed.watermark(), 40, "the other has been idle for a minute");
        assert!(feed.ingest.holds(a) && !feed.ingest.holds(b));
        feed.say(b, 2, 71, 71);
        assert!(feed.ingest.holds(b) && !feed.last_is_late());
        feed.say(b, 2, 30, 72);
        assert!(feed.last_is_late(), "the watermark has gone on without it");
    }

    #[test]
    fn a_source_with_old_reports_holds_nobody_up_until_it_is_near_again() {
        let (mut feed, [a, b]) = Feed::of();
        for second in 1..1_000 {
            feed.say(a, 1, second, second);
            // A third as fast: behind by more and more.
            feed.say(b, 2, second / 3, second);
        }
        assert!(feed.ingest.holds(a) && !feed.ingest.holds(b));
        assert_eq!(feed.watermark(), 999 - 30);
        assert!(feed.last_is_late());
        // It catches up.
        for second in 1_000..1_100 {
            feed.say(a, 1, second, second);
            feed.say(b, 2, 333 + (second - 1_000) * 6, second);
        }
        assert!(feed.ingest.holds(b));
    }

    #[test]
    fn sources_that_read_history_wait_for_each_other() {
        let (mut feed, [a, b]) = Feed::of();
        // Both say what is a day old, one of them much faster.
        (0..11).for_each(|ship| feed.say(a, ship, 20_000, 86_400));
        assert_eq!(feed.watermark(), -30);
        feed.say(b, 2, 10, 86_401);
        assert!(!feed.last_is_late());
        assert_eq!(feed.watermark(), -20);
    }

    #[test]
    fn a_source_that_is_awaited_is_waited_for_until_it_is_idle() {
        let mut ingest = Ingest::new(&Limits::default());
        let ids = [true, false].map(|is_awaited| ingest.add_live(L, at(0), is_awaited));
        let mut feed = Feed { ingest, ids: ids.to_vec(), entries: Vec::new() };
        (0..11).for_each(|ship| feed.say(ids[1], ship, 50, 50));
        assert!(!feed.entries.iter().any(|entry| matches!(entry, Entry::Watermark(_))));
        (0..11).for_each(|ship| feed.say(ids[0], ship, 40, 51));
        assert!(!feed.last_is_late());
        assert_eq!(feed.watermark(), 10);
        feed.say(ids[1], 1, 120, 120);
        feed.wait(120);
        assert_eq!(feed.watermark(), 90);
    }

    #[test]
    fn a_lone_source_with_old_reports_holds_the_watermark() {
        let (mut feed, [a]) = Feed::of();
        feed.say(a, 1, 10, 100_000);
        assert!(feed.ingest.holds(a));
        assert_eq!(feed.watermark(), -20);
    }

    #[test]
    fn while_all_are_idle_the_watermark_goes_on_with_the_clock() {
        let (mut feed, [a]) = Feed::of();
        feed.say(a, 1, 100, 100);
        assert_eq!(feed.watermark(), 70);
        feed.wait(161);
        assert_eq!(feed.watermark(), 70);
        feed.wait(1_161);
        assert_eq!(feed.watermark(), 1_070);
        // After so long it takes some messages to believe its stamps again.
        (0..11).for_each(|ship| feed.say(a, ship, 1_165, 1_165));
        assert!(!feed.last_is_late());
        assert_eq!(feed.watermark(), 1_135);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_watermark_never_goes_back_and_nothing_in_time_is_behind_it(
            said in proptest::collection::vec((0_u32..3, -700_i64..5, 0_i64..90), 1..300)
        ) {
            let (mut feed, ids) = Feed::of::<3>();
            let mut now = 0;
            for (source, off, passes) in said {
                now += passes;
                feed.wait(now);
                feed.say(ids[source as usize], source, now + off, now);
            }
            let mut told = EventTime::MIN;
            for entry in &feed.entries {
                match entry {
                    Entry::Watermark(watermark) => {
                        prop_assert!(*watermark > told);
                        told = *watermark;
                    }
                    Entry::Transmission(key, _) if key.turn().is_late => prop_assert!(key.at >= told),
                    Entry::Transmission(key, _) => prop_assert!(key.at > told),
                    Entry::Tick(_) | Entry::Late(_) | Entry::End(_) => {}
                }
            }
        }
    }
}
