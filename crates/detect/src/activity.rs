//! How much a track was heard lately, in hours of the clock.

use model::EventTime;
use model::time::HOUR_MS;
use serde::{Deserialize, Serialize};

use crate::Interval;

/// The hour of a silence's start and the 12 full hours before it.
const HOURS: usize = 13;

/// All ITU intervals divide this, so that expected reports add up without rounding.
const UNIT_MS: i64 = 180_000;

/// Reports heard and expected in the last 13 hours of the clock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Activity {
    /// The newest hour, counted from the epoch.
    hour: i32,
    /// As many of an hour as there may be: a ship sends 1,800.
    heard: [u16; HOURS],
    /// Milliseconds divided by the interval, in units of 1/180,000.
    expected: [u32; HOURS],
}

impl Activity {
    /// Counts `reports` reports at one time.
    pub fn heard(&mut self, t: EventTime, reports: u32) {
        let hour = self.hour_of(t);
        self.advance(hour);
        if let Some(slot) = self.slot(hour) {
            let reports = reports.min(u32::from(u16::MAX)) as u16;
            self.heard[slot] = self.heard[slot].saturating_add(reports);
        }
    }

    /// Adds what a ship that reports at `interval` would send between two times.
    pub fn expect(&mut self, from: EventTime, to: EventTime, interval: Interval) {
        let last_hour = self.hour_of(to);
        self.advance(last_hour);
        let mut at = from.0.max((last_hour - (HOURS as i64 - 1)) * HOUR_MS);
        while at < to.0 {
            let hour = self.hour_of(EventTime(at));
            let until = to.0.min((hour + 1) * HOUR_MS);
            if let Some(slot) = self.slot(hour) {
                self.expected[slot] += ((until - at) * units_per_ms(interval)) as u32;
            }
            at = until;
        }
    }

    /// Reports heard in these hours.
    #[must_use]
    pub fn total_heard(&self) -> u32 {
        self.heard.iter().map(|reports| u32::from(*reports)).sum()
    }

    /// Reports expected in these hours, rounded half up.
    #[must_use]
    pub fn total_expected(&self) -> i64 {
        let units: i64 = self.expected.iter().map(|units| i64::from(*units)).sum();
        model::number::divide_rounded(units, UNIT_MS)
    }

    /// The hour of a time, mostly the newest.
    fn hour_of(&self, t: EventTime) -> i64 {
        let newest = i64::from(self.hour);
        if (0..HOUR_MS).contains(&(t.0 - newest * HOUR_MS)) { newest } else { t.0.div_euclid(HOUR_MS) }
    }

    fn advance(&mut self, hour: i64) {
        let steps = hour - i64::from(self.hour);
        if steps <= 0 {
            return;
        }
        for step in 1..=steps.min(HOURS as i64) {
            let slot = (hour - steps.min(HOURS as i64) + step).rem_euclid(HOURS as i64) as usize;
            self.heard[slot] = 0;
            self.expected[slot] = 0;
        }
        self.hour = hour as i32;
    }

    fn slot(&self, hour: i64) -> Option<usize> {
        let age = i64::from(self.hour) - hour;
        (0..HOURS as i64).contains(&age).then(|| (hour as i32).rem_euclid(HOURS as i32) as usize)
    }
}

/// A division by each length, which costs nothing, not one by any.
const fn units_per_ms(interval: Interval) -> i64 {
    match interval {
        Interval::S2 => UNIT_MS / Interval::S2.ms(),
        Interval::S6 => UNIT_MS / Interval::S6.ms(),
        Interval::S10 => UNIT_MS / Interval::S10.ms(),
        Interval::S30 => UNIT_MS / Interval::S30.ms(),
        Interval::S180 => UNIT_MS / Interval::S180.ms(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_at_ten_seconds_expects_360_reports() {
        let mut activity = Activity::default();
        activity.expect(EventTime(30 * 60_000), EventTime(90 * 60_000), Interval::S10);
        assert_eq!(activity.total_expected(), 360);
    }

    #[test]
    fn what_is_older_than_twelve_full_hours_is_forgotten() {
        let mut activity = Activity::default();
        activity.heard(EventTime(1), 7);
        activity.heard(EventTime(12 * HOUR_MS), 1);
        assert_eq!(activity.total_heard(), 8);
        activity.heard(EventTime(13 * HOUR_MS), 1);
        assert_eq!(activity.total_heard(), 2);
        activity.heard(EventTime(500 * HOUR_MS), 1);
        assert_eq!(activity.total_heard(), 1);
    }
}
