//! Moments of a scenario: milliseconds since the Unix epoch, and their calendar.
//!
//! ```
//! use sim::time::EventTime;
//!
//! let start = EventTime::from_unix_s(1_696_118_400);
//! assert_eq!(start.calendar().day, 1);
//! assert_eq!(start.after_hours(24.0).unix_s(), 1_696_204_800);
//! ```

use serde::{Deserialize, Serialize};

/// Milliseconds in a second.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A moment: ms since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventTime(pub i64);

/// A moment on the calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Year of the Gregorian calendar.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl EventTime {
    /// The moment `unix_s` whole seconds after the epoch.
    pub const fn from_unix_s(unix_s: i64) -> Self {
        Self(unix_s * SECOND_MS)
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn unix_s(self) -> i64 {
        self.0.div_euclid(SECOND_MS)
    }

    /// The UTC second of the minute, 0 to 59.
    pub const fn second(self) -> u8 {
        (self.unix_s().rem_euclid(60)) as u8
    }

    /// The moment `ms` later.
    pub const fn after_ms(self, ms: i64) -> Self {
        Self(self.0 + ms)
    }

    /// The moment `hours` later, rounded to a whole second.
    pub fn after_hours(self, hours: f64) -> Self {
        Self::from_unix_s(self.unix_s() + libm::round(hours * 3_600.0) as i64)
    }

    /// ms from `earlier` to this moment.
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Year, month, day and time of day (Howard Hinnant, "chrono-compatible low-level date algorithms").
    pub fn calendar(self) -> Calendar {
        let seconds = self.unix_s();
        let shifted = seconds.div_euclid(86_400) + 719_468;
        let second_of_day = seconds.rem_euclid(86_400);
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Calendar {
            year: (year_of_era + era * 400 + i64::from(month <= 2)) as u16,
            month: month as u8,
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8,
            hour: (second_of_day / 3_600) as u8,
            minute: (second_of_day / 60 % 60) as u8,
            second: (second_of_day % 60) as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_knows_leap_days_and_year_ends() {
        let check = |unix_s: i64, year: u16, month: u8, day: u8, hour: u8| {
            let calendar = EventTime::from_unix_s(unix_s).calendar();
            assert_eq!(
                (calendar.year, calendar.month, calendar.day, calendar.hour),
                (year, month, day, hour)
            );
        };
        check(0, 1970, 1, 1, 0);
        check(951_782_400, 2000, 2, 29, 0);
        check(1_696_118_400, 2023, 10, 1, 0);
        check(1_704_067_199, 2023, 12, 31, 23);
    }
}
