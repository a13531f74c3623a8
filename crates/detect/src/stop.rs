//! Stops inside one port.

use model::time::{MINUTE_MS, MaybeTime};
use model::{EventTime, Fix, Rare, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::Report;

/// A stop spans at least this long.
pub const STOP_MS: i64 = 15 * MINUTE_MS;
/// At most this speed (0.1 kn) to come to rest.
const SLOW: u16 = 5;
/// At least this speed (0.1 kn), twice in a row, to be moving again.
const MOVING: u16 = 10;
/// A report without speed counts as slow this near to the first, metres.
const NEAR_M: f64 = 300.0;
/// A stop ends at a report farther than this from its first, metres.
const DRIFTED_M: f64 = 500.0;

/// Stops of one visit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stops {
    done: Rare<TimeSpan>,
    /// When the one under way began.
    since: MaybeTime,
}

impl Stops {
    /// Whether a stop was found.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.done.is_empty() || self.since != MaybeTime::NONE
    }

    /// The stops so far, none beyond the visit's last report inside.
    #[must_use]
    pub fn list(&self, last_inside: EventTime) -> Rare<TimeSpan> {
        let open = self.since.get().map(|start| TimeSpan { start, end: last_inside });
        let cut = |span: &TimeSpan| TimeSpan { start: span.start, end: span.end.min(last_inside) };
        self.done.iter().map(cut).chain(open).collect()
    }

    fn end(&mut self, t: EventTime) {
        if let Some(start) = self.since.get() {
            self.done.push(TimeSpan { start, end: t });
            self.since = MaybeTime::NONE;
        }
    }
}

/// Finds stops in the reports of one visit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub enum Stopping {
    /// It moves.
    #[default]
    Moving,
    /// Slow since `first`, not yet for 15 min.
    Slowing {
        /// The first slow report.
        first: Fix,
    },
    /// At rest since `first`.
    AtRest {
        /// The first slow report.
        first: Fix,
        /// When the last report was, if that was fast.
        fast_since: Option<EventTime>,
    },
}

impl Stopping {
    /// A silence of 4 h or more began at `start`, and `report` is the one that ended it.
    pub fn silence(&mut self, stops: &mut Stops, start: EventTime, report: &Report) {
        if let Stopping::AtRest { fast_since, .. } = self {
            // Two fast reports end a stop at the first of them, which was before the silence.
            let was_leaving = fast_since.filter(|_| is_fast(report));
            stops.end(was_leaving.map_or(start, |since| since.min(start)));
        }
        *self = Stopping::Moving;
    }

    /// A report inside the port.
    pub fn inside(&mut self, stops: &mut Stops, report: &Report) {
        if let Stopping::AtRest { .. } = self {
            self.at_rest(stops, report);
            if let Stopping::AtRest { .. } = self {
                return;
            }
        }
        if let Stopping::Slowing { first } = *self
            && is_slow(report, Some(first))
            && !has_drifted(report, first)
        {
            if report.fix.t.0 - first.t.0 >= STOP_MS {
                stops.since = Some(first.t).into();
                *self = Stopping::AtRest { first, fast_since: None };
            }
        } else if is_slow(report, None) {
            *self = Stopping::Slowing { first: report.fix };
        } else {
            *self = Stopping::Moving;
        }
    }

    /// A report outside the port, the visit going on.
    pub fn outside(&mut self, stops: &mut Stops, report: &Report) {
        match self {
            Stopping::AtRest { .. } => self.at_rest(stops, report),
            Stopping::Slowing { .. } | Stopping::Moving => *self = Stopping::Moving,
        }
    }

    fn at_rest(&mut self, stops: &mut Stops, report: &Report) {
        let Stopping::AtRest { first, fast_since } = self else { return };
        // Of several reasons to end, the earliest counts.
        if let (true, Some(since)) = (is_fast(report), *fast_since) {
            stops.end(since);
            *self = Stopping::Moving;
        } else if has_drifted(report, *first) {
            stops.end(report.fix.t);
            *self = Stopping::Moving;
        } else {
            *fast_since = is_fast(report).then_some(report.fix.t);
        }
    }
}

fn is_fast(report: &Report) -> bool {
    report.sog.is_some_and(|sog| sog >= MOVING)
}

fn is_slow(report: &Report, first: Option<Fix>) -> bool {
    match (report.sog, first) {
        (Some(sog), _) => sog <= SLOW,
        (None, Some(first)) => report.fix.position.distance_m(first.position) <= NEAR_M,
        (None, None) => true,
    }
}

fn has_drifted(report: &Report, first: Fix) -> bool {
    report.fix.position.distance_m(first.position) > DRIFTED_M
}
