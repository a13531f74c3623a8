//! Silences that wait for the static values after them.

use alloc::vec::Vec;

use model::fact::HeardStatic;
use model::position::speed_kn;
use model::time::{HOUR_MS, MINUTE_MS};
use model::{EventTime, Fact, FactKey, FactKind, Fix, Rare, Silence, Statics, TimeSpan, TrackId};
use serde::{Deserialize, Serialize};

use crate::activity::Activity;

/// Static values count as "after" this long after the end.
const AFTER_MS: i64 = HOUR_MS;

/// Another ship with the same identity may prove close to the last fix this long after it.
const ENCOUNTER_MS: i64 = 10 * MINUTE_MS;

/// Silences whose values after the end may still come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Silences {
    waiting: Rare<Silence>,
}

/// What is known at the report that ends a silence.
pub struct Ended<'a> {
    /// Accepted report before.
    pub start: Fix,
    /// Accepted report after.
    pub end: Fix,
    /// The messages around it.
    pub heard: TimeSpan,
    /// Static reports in between.
    pub heard_static: Option<HeardStatic>,
    /// How much was heard up to the start.
    pub activity: &'a Activity,
    /// Last static values up to the start.
    pub before: &'a Statics,
}

impl Silences {
    /// A silence is over.
    pub fn end(&mut self, ended: &Ended<'_>) {
        let distance_m = ended.start.position.distance_m(ended.end.position);
        self.waiting.push(Silence {
            start: ended.start,
            end: ended.end,
            heard: ended.heard,
            distance_m,
            speed_kn: speed_kn(distance_m, ended.end.t.0 - ended.start.t.0),
            reports_12h: ended.activity.total_heard(),
            expected_12h: ended.activity.total_expected(),
            static_before: ended.before.clone(),
            static_after: Statics::default(),
            heard_static: ended.heard_static,
        });
    }

    /// Static values were heard; gives the silences that they complete further.
    pub fn hear(&mut self, t: EventTime, values: &Statics) -> Vec<Silence> {
        let mut changed = Vec::new();
        for silence in &mut self.waiting {
            let after_ms = t.0 - silence.heard.end.0;
            if (0..=AFTER_MS).contains(&after_ms) && silence.static_after.fill(values) {
                changed.push(silence.clone());
            }
        }
        changed
    }

    /// Forgets silences to which nothing can be added at or after `t`: no static values, and no
    /// word of another ship close to their last fix.
    pub fn settle(&mut self, t: EventTime) {
        self.waiting
            .retain(|silence| t.0 - silence.heard.end.0 <= AFTER_MS || t.0 - silence.end.t.0 <= ENCOUNTER_MS);
    }

    /// The silences that wait.
    #[must_use]
    pub fn waiting(&self) -> &[Silence] {
        &self.waiting
    }
}

/// The key of a silence of a track.
#[must_use]
pub fn key(track: TrackId, silence: &Silence) -> FactKey {
    FactKey { track, start: silence.heard.start, kind: FactKind::Silence, port: None }
}

/// First and last fix of a fact.
#[must_use]
pub fn extent(fact: &Fact) -> TimeSpan {
    let (first, last) = match fact {
        Fact::Silence(silence) => (silence.start, silence.end),
        Fact::Visit(visit) => (visit.first_inside, visit.last_inside),
        Fact::Hop(hop) => (hop.departure, hop.arrival),
    };
    TimeSpan { start: first.t, end: last.t }
}
