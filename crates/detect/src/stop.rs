//! Stops inside one port.

use model::time::MINUTE_MS;
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

/// Finds stops in the reports of one visit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stops {
    done: Rare<TimeSpan>,
    state: State,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
enum State {
    #[default]
    Moving,
    /// Slow since `first`, not yet for 15 min.
    Slowing { first: Fix },
    /// At rest since `first`; `fast_since` if the last report was fast.
    AtRest { first: Fix, fast_since: Option<EventTime> },
}

impl Stops {
    /// Whether a stop was found.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.done.is_empty() || matches!(self.state, State::AtRest { .. })
    }

    /// A silence of 4 h or more began at `start`, and `report` is the one that ended it.
    pub fn silence(&mut self, start: EventTime, report: &Report) {
        if let State::AtRest { first, fast_since } = self.state {
            // Two fast reports end a stop at the first of them, which was before the silence.
            let was_leaving = fast_since.filter(|_| is_fast(report));
            self.end(first, was_leaving.map_or(start, |since| since.min(start)));
        }
        self.state = State::Moving;
    }

    /// A report inside the port.
    pub fn inside(&mut self, report: &Report) {
        if let State::AtRest { .. } = self.state {
            self.at_rest(report);
            if let State::AtRest { .. } = self.state {
                return;
            }
        }
        self.state = match self.state {
            State::Slowing { first } if is_slow(report, Some(first)) && !has_drifted(report, first) => {
                if report.fix.t.0 - first.t.0 >= STOP_MS {
                    State::AtRest { first, fast_since: None }
                } else {
                    State::Slowing { first }
                }
            }
            State::Slowing { .. } | State::Moving | State::AtRest { .. } if is_slow(report, None) => {
                State::Slowing { first: report.fix }
            }
            State::Slowing { .. } | State::Moving | State::AtRest { .. } => State::Moving,
        };
    }

    /// A report outside the port, the visit going on.
    pub fn outside(&mut self, report: &Report) {
        match self.state {
            State::AtRest { .. } => self.at_rest(report),
            State::Slowing { .. } | State::Moving => self.state = State::Moving,
        }
    }

    /// The stops so far, none beyond the visit's last report inside.
    #[must_use]
    pub fn list(&self, last_inside: EventTime) -> Rare<TimeSpan> {
        let open = match self.state {
            State::AtRest { first, .. } => Some(TimeSpan { start: first.t, end: last_inside }),
            State::Slowing { .. } | State::Moving => None,
        };
        let cut = |span: &TimeSpan| TimeSpan { start: span.start, end: span.end.min(last_inside) };
        self.done.iter().map(cut).chain(open).collect()
    }

    fn at_rest(&mut self, report: &Report) {
        let State::AtRest { first, fast_since } = self.state else { return };
        // Of several reasons to end, the earliest counts.
        if let (true, Some(since)) = (is_fast(report), fast_since) {
            self.end(first, since);
        } else if has_drifted(report, first) {
            self.end(first, report.fix.t);
        } else {
            self.state = State::AtRest { first, fast_since: is_fast(report).then_some(report.fix.t) };
        }
    }

    fn end(&mut self, first: Fix, t: EventTime) {
        self.done.push(TimeSpan { start: first.t, end: t });
        self.state = State::Moving;
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
