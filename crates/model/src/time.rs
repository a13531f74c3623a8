//! Event time: milliseconds since the Unix epoch, UTC.

use core::num::NonZeroI64;

use serde::{Deserialize, Serialize};

/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// When something happened, in milliseconds since 1970-01-01T00:00:00Z. Never a wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventTime(pub i64);

/// An event time or none, in eight bytes: there are several in whatever is kept of each of millions of visits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<EventTime>", into = "Option<EventTime>")]
pub struct MaybeTime(Option<NonZeroI64>);

impl MaybeTime {
    /// None.
    pub const NONE: MaybeTime = MaybeTime(None);

    /// The time.
    #[must_use]
    pub fn get(self) -> Option<EventTime> {
        self.0.map(|t| EventTime(!t.get()))
    }
}

impl From<Option<EventTime>> for MaybeTime {
    /// One millisecond before 1970 is none.
    fn from(t: Option<EventTime>) -> MaybeTime {
        MaybeTime(t.and_then(|t| NonZeroI64::new(!t.0)))
    }
}

impl From<MaybeTime> for Option<EventTime> {
    fn from(t: MaybeTime) -> Option<EventTime> {
        t.get()
    }
}

impl EventTime {
    /// Before every report: the state of a watermark that has not moved.
    pub const MIN: EventTime = EventTime(i64::MIN / 4);
    /// After every report: the watermark at the end of input.
    pub const MAX: EventTime = EventTime(i64::MAX / 4);

    /// Reads an epoch number whose magnitude tells its unit (s, ms, µs, ns).
    ///
    /// ```
    /// use model::EventTime;
    /// assert_eq!(EventTime::from_epoch_number(1_550_303_566_167_726_840), EventTime(1_550_303_566_168));
    /// ```
    #[must_use]
    pub fn from_epoch_number(number: i64) -> EventTime {
        let magnitude = number.unsigned_abs();
        EventTime(if magnitude < 100_000_000_000 {
            number * 1_000
        } else if magnitude < 100_000_000_000_000 {
            number
        } else if magnitude < 100_000_000_000_000_000 {
            crate::number::divide_rounded(number, 1_000)
        } else {
            crate::number::divide_rounded(number, 1_000_000)
        })
    }

    /// The time of a UTC calendar date and time of day; `None` where a field is out of range.
    #[must_use]
    pub fn from_civil(date: (i32, u32, u32), time: (u32, u32, u32), ms: u32) -> Option<EventTime> {
        let (year, month, day) = date;
        let (hour, minute, second) = time;
        let valid = (1..=12).contains(&month)
            && day >= 1
            && day <= days_in_month(year, month)
            && hour < 24
            && minute < 60
            && second < 61
            && ms < 1_000;
        if !valid {
            return None;
        }
        let days = days_from_civil(year, month, day);
        let seconds = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
        Some(EventTime(days * DAY_MS + seconds * 1_000 + i64::from(ms)))
    }

    /// Year, month and day in UTC.
    #[must_use]
    pub fn date(self) -> (i32, u32, u32) {
        civil_from_days(self.0.div_euclid(DAY_MS))
    }

    /// Hour, minute, second and millisecond of the UTC day.
    #[must_use]
    pub fn time_of_day(self) -> (u32, u32, u32, u32) {
        let ms = self.0.rem_euclid(DAY_MS) as u32;
        (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000)
    }

    /// `2023-10-01T00:00:00.000Z`.
    #[must_use]
    pub fn to_iso(self) -> alloc::string::String {
        let (year, month, day) = self.date();
        let (hour, minute, second, ms) = self.time_of_day();
        alloc::format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }

    /// Reads `YYYY-MM-DD[T ]HH:MM:SS[.fff…][Z|+00:00| UTC| +0000 UTC]` or a bare date.
    #[must_use]
    pub fn parse_iso(text: &[u8]) -> Option<EventTime> {
        let date = (digits(text, 0, 4)? as i32, digits(text, 5, 2)?, digits(text, 8, 2)?);
        if text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
            return None;
        }
        if text.len() == 10 {
            return EventTime::from_civil(date, (0, 0, 0), 0);
        }
        if !matches!(text.get(10), Some(b'T' | b' ' | b't')) || text.get(13) != Some(&b':') {
            return None;
        }
        let (hour, minute) = (digits(text, 11, 2)?, digits(text, 14, 2)?);
        let (second, mut rest) = match text.get(16) {
            Some(b':') => (digits(text, 17, 2)?, text.get(19..)?),
            _ => (0, text.get(16..)?),
        };
        let mut ms = 0;
        if let [b'.' | b',', fraction @ ..] = rest {
            let length = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            ms = fraction_ms(&fraction[..length]);
            rest = &fraction[length..];
        }
        let offset_ms = zone_offset_ms(rest)?;
        let base = EventTime::from_civil(date, (hour, minute, second), 0)?;
        Some(EventTime(base.0 + i64::from(ms) - offset_ms))
    }
}

/// Milliseconds of the digits behind a decimal point, rounded half up (1,000 carries).
#[must_use]
pub fn fraction_ms(digits: &[u8]) -> u32 {
    let digit = |at: usize| digits.get(at).map_or(0, |b| u32::from(b - b'0'));
    digit(0) * 100 + digit(1) * 10 + digit(2) + u32::from(digit(3) >= 5)
}

fn zone_offset_ms(zone: &[u8]) -> Option<i64> {
    let zone = zone.trim_ascii();
    match zone {
        b"" | b"Z" | b"z" | b"UTC" | b"+0000 UTC" | b"+00:00 UTC" => Some(0),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let hours = i64::from(digits(rest, 0, 2)?);
            let minutes = match rest.len() {
                2 => 0,
                4 => i64::from(digits(rest, 2, 2)?),
                5 if rest[2] == b':' => i64::from(digits(rest, 3, 2)?),
                _ => return None,
            };
            let offset = (hours * 60 + minutes) * MINUTE_MS;
            Some(if *sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

/// A fixed-width unsigned decimal number inside `text`.
#[must_use]
pub fn digits(text: &[u8], from: usize, length: usize) -> Option<u32> {
    let part = text.get(from..from + length)?;
    part.iter().try_fold(0u32, |value, b| b.is_ascii_digit().then(|| value * 10 + u32::from(b - b'0')))
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// Days are counted in years that begin in March, so that the leap day is the last of its year.
fn days_from_civil(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i32, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = ((month_from_march + 2) % 12 + 1) as u32;
    ((year_of_era + era * 400 + i64::from(month <= 2)) as i32, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_and_epoch_agree_over_four_centuries() {
        for day in (-20_000..130_000).step_by(17) {
            let time = EventTime(day * DAY_MS + 12_345);
            let (hour, minute, second, ms) = time.time_of_day();
            assert_eq!(EventTime::from_civil(time.date(), (hour, minute, second), ms), Some(time));
        }
    }

    #[test]
    fn a_time_or_none_is_what_it_was_made_of() {
        let times = [i64::MIN / 4, -DAY_MS, -2, 0, 1, DAY_MS, i64::MAX / 4].map(|t| Some(EventTime(t)));
        for t in times.into_iter().chain([None]) {
            let maybe = MaybeTime::from(t);
            assert_eq!((maybe.get(), maybe == MaybeTime::NONE), (t, t.is_none()));
            let written = serde_json::to_string(&maybe).unwrap();
            assert_eq!(serde_json::from_str::<MaybeTime>(&written).unwrap(), maybe);
        }
        assert_eq!(size_of::<MaybeTime>(), 8);
    }

    #[test]
    fn iso_forms_are_read() {
        let noon = EventTime(1_696_161_600_000);
        for text in [
            "2023-10-01T12:00:00Z",
            "2023-10-01 12:00:00 UTC",
            "2023-10-01T14:00:00+02:00",
            "2023-10-01 12:00:00.0004",
        ] {
            assert_eq!(EventTime::parse_iso(text.as_bytes()), Some(noon), "{text}");
        }
        assert_eq!(EventTime::parse_iso(b"2023-02-30T12:00:00Z"), None);
        assert_eq!(EventTime::parse_iso(b"2023-10-01T12:00:00.9996Z"), Some(EventTime(noon.0 + 1_000)));
    }

    #[test]
    fn the_magnitude_tells_the_unit() {
        assert_eq!(EventTime::from_epoch_number(1_485_907_262), EventTime(1_485_907_262_000));
        assert_eq!(EventTime::from_epoch_number(1_599_239_526_500), EventTime(1_599_239_526_500));
        assert_eq!(EventTime::from_epoch_number(1_599_239_526_500_500), EventTime(1_599_239_526_501));
    }
}
