//! Sentences that tell the time: `$PGHP` (Gatehouse), `$..RMC` and `$..ZDA`.

use model::EventTime;

use super::sentence::{checksum, hex};

/// Time of a `$PGHP` line: year, month, day, hour, minute, second, millisecond.
pub fn companion(sentence: &[u8]) -> Option<EventTime> {
    if !sentence.starts_with(b"$PGHP,1,") {
        return None;
    }
    let body = verified(sentence)?;
    let mut fields = body.strip_prefix(b"PGHP,1,")?.split(|byte| *byte == b',').map(number);
    let mut next = || fields.next().flatten();
    let date = (next()? as i32, next()?, next()?);
    let time = (next()?, next()?, next()?);
    EventTime::from_civil(date, time, next()?)
}

/// Time of an RMC with status A, or of a ZDA.
pub fn clock(sentence: &[u8]) -> Option<EventTime> {
    if !matches!(sentence, [_, _, _, b'R', b'M', b'C', ..] | [_, _, _, b'Z', b'D', b'A', ..]) {
        return None;
    }
    let body = verified(sentence)?;
    let [_, _, formatter @ ..] = body else { return None };
    let mut fields = formatter.split(|byte| *byte == b',');
    match fields.next()? {
        b"RMC" => {
            let (time, status) = (fields.next()?, fields.next()?);
            let date = fields.nth(6)?;
            if status != b"A" || date.len() != 6 {
                return None;
            }
            let part = |at| model::time::digits(date, at, 2);
            let year = part(4)? as i32;
            // Two digits: GPS receivers did not exist before 1980.
            let year = if year < 80 { 2_000 + year } else { 1_900 + year };
            of_day((year, part(2)?, part(0)?), time)
        }
        b"ZDA" => {
            let time = fields.next()?;
            let (day, month, year) =
                (number(fields.next()?)?, number(fields.next()?)?, number(fields.next()?)?);
            of_day((year as i32, month, day), time)
        }
        _ => None,
    }
}

/// `hhmmss[.fff]` on a date.
fn of_day(date: (i32, u32, u32), time: &[u8]) -> Option<EventTime> {
    let part = |at| model::time::digits(time, at, 2);
    let base = EventTime::from_civil(date, (part(0)?, part(2)?, part(4)?), 0)?;
    let fraction = match &time[6..] {
        [] => 0,
        [b'.', fraction @ ..] if fraction.iter().all(u8::is_ascii_digit) => {
            model::time::fraction_ms(fraction)
        }
        _ => return None,
    };
    Some(EventTime(base.0 + i64::from(fraction)))
}

/// The text between `$` and `*` of a sentence whose checksum fits.
fn verified(sentence: &[u8]) -> Option<&[u8]> {
    let star = memchr::memrchr(b'*', sentence)?;
    let told = hex(*sentence.get(star + 1)?)? << 4 | hex(*sentence.get(star + 2)?)?;
    let body = sentence.get(1..star)?;
    (checksum(body) == told).then_some(body)
}

fn number(field: &[u8]) -> Option<u32> {
    if field.is_empty() || field.len() > 5 { None } else { model::time::digits(field, 0, field.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_sentences_tell_the_time() {
        let pghp = companion(b"$PGHP,1,2014,10,5,15,57,6,426,219,,2190077,1,2E*67");
        assert_eq!(pghp.map(EventTime::to_iso).as_deref(), Some("2014-10-05T15:57:06.426Z"));
        let rmc = clock(b"$GPRMC,123519.25,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*43");
        assert_eq!(rmc.map(EventTime::to_iso).as_deref(), Some("1994-03-23T12:35:19.250Z"));
        let zda = clock(b"$GPZDA,201530.00,04,07,2002,00,00*60");
        assert_eq!(zda.map(EventTime::to_iso).as_deref(), Some("2002-07-04T20:15:30.000Z"));
    }

    #[test]
    fn a_wrong_checksum_or_a_warning_status_tells_nothing() {
        assert_eq!(clock(b"$GPZDA,201530.00,04,07,2002,00,00*61"), None);
        assert_eq!(clock(b"$GPRMC,123519.25,V,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*54"), None);
    }
}
