//! What was heard of a ship between two accepted reports: messages without a position, which cut
//! the time, and static reports, which do not.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use model::fact::HeardStatic;
use model::time::MINUTE_MS;
use model::{EventTime, Statics, TimeSpan};
use serde::{Deserialize, Serialize};

/// Two consecutive messages at least this far apart are a silence.
pub const SILENCE_MS: i64 = 30 * MINUTE_MS;

/// Static reports remembered one by one between two fixes; beyond it the last entry stands for
/// all that follow.
const MAX_HEARINGS: usize = 4_096;

/// Messages heard since the last accepted report.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Quiet(Option<Box<Heard>>);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Heard {
    /// Messages without a position, those less than 30 min apart taken together.
    mutes: Vec<TimeSpan>,
    /// Static reports in time order.
    hearings: Vec<Hearing>,
}

/// One static report, or several that followed it beyond the limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hearing {
    /// When it was heard.
    pub t: EventTime,
    /// When the last one that this stands for was heard.
    pub last: EventTime,
    /// How many this stands for.
    pub count: u32,
    /// Whether it was a static report (type 5, 24 or 19), not values of a row.
    pub is_report: bool,
    /// Its values.
    pub values: Arc<Statics>,
}

impl Quiet {
    /// Whether nothing was heard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mutes().is_empty() && self.hearings().is_empty()
    }

    /// The last message without a position.
    #[must_use]
    pub fn last_mute(&self) -> Option<EventTime> {
        self.mutes().last().map(|span| span.end)
    }

    fn mutes(&self) -> &[TimeSpan] {
        self.0.as_ref().map_or(&[], |heard| &heard.mutes)
    }

    fn hearings(&self) -> &[Hearing] {
        self.0.as_ref().map_or(&[], |heard| &heard.hearings)
    }

    /// A message without a position.
    pub fn mute(&mut self, t: EventTime) {
        let mutes = &mut self.0.get_or_insert_default().mutes;
        let at = mutes.partition_point(|span| span.start <= t);
        mutes.insert(at, TimeSpan { start: t, end: t });
        mutes.dedup_by(|span, before| {
            let is_one = span.start.0 - before.end.0 < SILENCE_MS;
            if is_one {
                before.end = before.end.max(span.end);
            }
            is_one
        });
    }

    /// Static values.
    pub fn hear(&mut self, t: EventTime, values: &Arc<Statics>, is_report: bool) {
        let hearings = &mut self.0.get_or_insert_default().hearings;
        let at = hearings.partition_point(|hearing| hearing.t <= t);
        if hearings.len() >= MAX_HEARINGS && at == hearings.len() {
            if let Some(last) = hearings.last_mut() {
                last.last = t;
                last.count += u32::from(is_report);
                last.values = Arc::clone(values);
            }
            return;
        }
        // Ships repeat themselves: the same values are kept once.
        let values = match hearings.get(at.wrapping_sub(1)) {
            Some(before) if *before.values == **values => Arc::clone(&before.values),
            _ => Arc::clone(values),
        };
        hearings.insert(at, Hearing { t, last: t, count: u32::from(is_report), is_report, values });
    }

    /// Takes out the static values heard up to `t`, in time order.
    pub fn take_hearings(&mut self, t: EventTime) -> Vec<Hearing> {
        let Some(heard) = &mut self.0 else { return Vec::new() };
        let end = heard.hearings.partition_point(|hearing| hearing.t <= t);
        let taken = heard.hearings.drain(..end).collect();
        self.tidy();
        taken
    }

    /// Gives back the room of nothing.
    fn tidy(&mut self) {
        if self.is_empty() {
            self.0 = None;
        }
    }

    /// The static values heard up to `t`, in time order.
    pub fn hearings_up_to(&self, t: EventTime) -> &[Hearing] {
        let hearings = self.hearings();
        &hearings[..hearings.partition_point(|hearing| hearing.t <= t)]
    }

    /// Static reports strictly between two times.
    #[must_use]
    pub fn heard_between(&self, span: TimeSpan) -> Option<HeardStatic> {
        let mut heard: Option<HeardStatic> = None;
        let within = |hearing: &&Hearing| hearing.is_report && span.start < hearing.t && hearing.t < span.end;
        for hearing in self.hearings().iter().filter(within) {
            let entry = heard.get_or_insert(HeardStatic { count: 0, first: hearing.t, last: hearing.last });
            entry.count += hearing.count;
            entry.last = hearing.last;
        }
        heard
    }

    /// The parts of at least 30 min into which messages without a position cut the time between
    /// two accepted reports.
    pub fn parts(&self, from: EventTime, to: EventTime, parts: &mut Vec<TimeSpan>) {
        let mut heard = from;
        for mute in self.mutes().iter().filter(|mute| mute.start < to && mute.end > from) {
            push_if_silent(heard, mute.start, parts);
            heard = heard.max(mute.end);
        }
        push_if_silent(heard, to, parts);
    }

    /// Forgets the messages without a position up to `t`, at which a report was accepted.
    pub fn settle(&mut self, t: EventTime) {
        let Some(heard) = &mut self.0 else { return };
        heard.mutes.retain(|mute| mute.end > t);
        heard.mutes.iter_mut().for_each(|mute| mute.start = mute.start.max(t));
        self.tidy();
    }
}

fn push_if_silent(from: EventTime, to: EventTime, parts: &mut Vec<TimeSpan>) {
    if to.0 - from.0 >= SILENCE_MS {
        parts.push(TimeSpan { start: from, end: to });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(quiet: &Quiet, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut parts = Vec::new();
        quiet.parts(EventTime(from * MINUTE_MS), EventTime(to * MINUTE_MS), &mut parts);
        parts.iter().map(|part| (part.start.0 / MINUTE_MS, part.end.0 / MINUTE_MS)).collect()
    }

    #[test]
    fn messages_without_a_position_cut_the_time() {
        let mut quiet = Quiet::default();
        assert_eq!(minutes(&quiet, 0, 30), [(0, 30)]);
        assert_eq!(minutes(&quiet, 0, 29), []);
        for t in [300, 310, 360] {
            quiet.mute(EventTime(t * MINUTE_MS));
        }
        assert_eq!(minutes(&quiet, 0, 720), [(0, 300), (310, 360), (360, 720)]);
    }

    #[test]
    fn the_order_in_which_they_come_does_not_matter() {
        let mut quiet = Quiet::default();
        for t in [50, 10, 30] {
            quiet.mute(EventTime(t * MINUTE_MS));
        }
        assert_eq!(minutes(&quiet, 0, 100), [(50, 100)]);
    }
}
