//! Event times and durations as people read them: `2023-10-02 05:42` (UTC), `41.6 h`.

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// A time in ms since 1970 as `2023-10-02 05:42`, seconds cut off.
pub fn minute(t: i64) -> String {
    let minutes = t.rem_euclid(DAY_MS) / MINUTE_MS;
    format!("{} {:02}:{:02}", day(t), minutes / 60, minutes % 60)
}

/// A time in ms since 1970 as `2023-10-02`.
pub fn day(t: i64) -> String {
    let (year, month, day) = civil(t.div_euclid(DAY_MS));
    format!("{year:04}-{month:02}-{day:02}")
}

/// A duration in ms as `41.6 h`.
pub fn hours(duration_ms: i64) -> String {
    format!("{:.1} h", duration_ms as f64 / 3_600_000.0)
}

/// The date of a day since 1970 (Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_to_the_minute() {
        for (t, text) in [
            (0, "1970-01-01 00:00"),
            (-1, "1969-12-31 23:59"),
            (951_782_400_000, "2000-02-29 00:00"),
            (1_696_225_376_000, "2023-10-02 05:42"),
        ] {
            assert_eq!(minute(t), text);
        }
    }

    #[test]
    fn durations_are_hours_to_a_tenth() {
        assert_eq!(hours(149_777_000), "41.6 h");
    }
}
