//! The values of single fields, from their text. Shared by tables and JSON lines.
//!
//! An empty field is absent. A field that must be a number and is none makes its row malformed;
//! one that may be missing (speed, course, draught, …) is absent then.

use model::number::parse_scaled;
use model::time::digits;
use model::{CompactString, Dimensions, EventTime};

/// What a needed field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told<T> {
    /// A value.
    Value(T),
    /// Nothing.
    Absent,
    /// Something that cannot be read.
    Malformed,
}

impl<T> Told<T> {
    fn from_parsed(parsed: Option<T>) -> Told<T> {
        parsed.map_or(Told::Malformed, Told::Value)
    }

    /// The value, where there is one.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Told::Value(value) => Some(value),
            Told::Absent | Told::Malformed => None,
        }
    }

    /// Whether something was there that cannot be read.
    pub(crate) fn is_malformed(&self) -> bool {
        match self {
            Told::Malformed => true,
            Told::Value(_) | Told::Absent => false,
        }
    }
}

/// Stands for a number too large to be held: outside every range.
const BEYOND: i64 = 1_000_000_000_000_000;
/// Decimal places with which a limit is judged. More than a double can tell at these magnitudes.
const FINE_SCALE: u32 = 12;

/// A coordinate in 10⁻⁶ degree.
pub(crate) fn coordinate(text: &[u8]) -> Told<i64> {
    if text.is_empty() {
        return Told::Absent;
    }
    let beyond = || parse_scaled(text, 0).map(|_| BEYOND);
    Told::from_parsed(parse_scaled(text, 6).or_else(beyond))
}

/// A number in `0…most` units of 10^-`scale`; the limits hold for the value before rounding.
pub(crate) fn bounded(text: &[u8], scale: u32, most: u16) -> Option<u16> {
    let value = parse_scaled(text, scale)?;
    let limit = i64::from(most);
    if !(0..=limit).contains(&value) {
        return None;
    }
    if value == 0 || value == limit {
        let fine_limit = limit * 10_i64.pow(FINE_SCALE - scale);
        let fine = parse_scaled(text, FINE_SCALE)?;
        if !(0..=fine_limit).contains(&fine) {
            return None;
        }
    }
    u16::try_from(value).ok()
}

/// Speed over ground in 0.1 kn; absent outside 0…102.2.
pub(crate) fn sog(text: &[u8]) -> Option<u16> {
    bounded(text, 1, 1_022)
}

/// Course over ground in 0.1°; absent outside 0…359.9.
pub(crate) fn cog(text: &[u8]) -> Option<u16> {
    bounded(text, 1, 3_599)
}

/// True heading in degrees; absent outside 0…359.
pub(crate) fn heading(text: &[u8]) -> Option<u16> {
    bounded(text, 0, 359)
}

/// Draught in 0.1 m; absent where 0 or over 25.5 m, the most a type 5 message can tell.
pub(crate) fn draught(text: &[u8]) -> Option<u16> {
    bounded(text, 1, 255).filter(|tenths| *tenths != 0)
}

/// An MMSI. A number that no MMSI can be becomes one that is no vessel.
pub(crate) fn mmsi(text: &[u8]) -> Option<u32> {
    let number = parse_scaled(text, 0)?;
    Some(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

/// An IMO number, with or without `IMO` before it; absent where 0.
pub(crate) fn imo(text: &[u8]) -> Option<u32> {
    let number = match text {
        [b'I' | b'i', b'M' | b'm', b'O' | b'o', rest @ ..] => rest.trim_ascii(),
        _ => text,
    };
    let number = u32::try_from(parse_scaled(number, 0)?).ok()?;
    // The field of message 5 has 30 bits (ITU-R M.1371-5 table 50).
    (1..1 << 30).contains(&number).then_some(number)
}

/// Type of ship (ITU-R M.1371-5 table 53), from its number or from the words of the Danish files.
pub(crate) fn ship_type(text: &[u8]) -> Option<u8> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        return u8::try_from(parse_scaled(text, 0)?).ok().filter(|code| *code != 0);
    }
    Some(match text {
        b"WIG" => 20,
        b"Fishing" => 30,
        b"Towing" => 31,
        b"Towing long/wide" => 32,
        b"Dredging" => 33,
        b"Diving" => 34,
        b"Military" => 35,
        b"Sailing" => 36,
        b"Pleasure" => 37,
        b"HSC" => 40,
        b"Pilot" => 50,
        b"SAR" => 51,
        b"Tug" => 52,
        b"Port tender" => 53,
        b"Anti-pollution" => 54,
        b"Law enforcement" => 55,
        b"Medical" => 58,
        b"Not party to conflict" => 59,
        b"Passenger" => 60,
        b"Cargo" => 70,
        b"Tanker" => 80,
        b"Other" => 90,
        _ => return None,
    })
}

/// Navigational status, from its ITU code or from words; 15 (not defined) is absent.
pub(crate) fn nav_status(text: &[u8]) -> Option<u8> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        return u8::try_from(parse_scaled(text, 0)?).ok().filter(|code| *code < 15);
    }
    Some(match text {
        b"Under way using engine" => 0,
        b"At anchor" => 1,
        b"Not under command" => 2,
        b"Restricted maneuverability" | b"Restricted manoeuvrability" => 3,
        b"Constrained by her draught" => 4,
        b"Moored" => 5,
        b"Aground" => 6,
        b"Engaged in fishing" => 7,
        b"Under way sailing" => 8,
        b"Reserved for future amendment [HSC]" => 9,
        b"Reserved for future amendment [WIG]" => 10,
        _ if text.starts_with(b"Power-driven vessel towing astern") => 11,
        _ if text.starts_with(b"Power-driven vessel pushing ahead") => 12,
        b"Reserved for future use [11]" => 11,
        b"Reserved for future use [12]" => 12,
        _ if text.starts_with(b"Reserved for future use") => 13,
        _ if text.starts_with(b"AIS-SART") => 14,
        _ => return None,
    })
}

/// A text: ends at the first `@`, blanks cut at both ends; absent where that leaves nothing,
/// `Unknown` or `Undefined`. Bytes that are no UTF-8 are replaced.
pub(crate) fn text(bytes: &[u8]) -> Option<CompactString> {
    let end = memchr::memchr(b'@', bytes).unwrap_or(bytes.len());
    let bytes = bytes[..end].trim_ascii();
    if matches!(bytes, b"" | b"Unknown" | b"Undefined") {
        return None;
    }
    Some(CompactString::from_utf8_lossy(bytes))
}

/// Distances from the reference point in metres: bow, stern, port, starboard.
pub(crate) fn reference_point(fields: [&[u8]; 4]) -> Option<Dimensions> {
    let [bow, stern, port, starboard] = fields.map(|text| bounded(text, 0, u16::MAX).unwrap_or(0));
    Dimensions::from_reference(bow, stern, port, starboard)
}

/// Length and width in metres.
pub(crate) fn length_width(length: &[u8], width: &[u8]) -> Option<Dimensions> {
    let [length, width] = [length, width].map(|text| bounded(text, 1, u16::MAX).unwrap_or(0));
    (length | width != 0).then_some(Dimensions::LengthWidth { length, width })
}

/// Transponder class or kind of station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mobile {
    /// Class A; also where nothing is said.
    ClassA,
    /// Class B.
    ClassB,
    /// No ship; with the message type such a station sends its position by.
    Other(Option<u8>),
    /// Words that name no kind of station.
    Unknown,
}

/// Reads a transceiver class or type of mobile.
pub(crate) fn mobile(text: &[u8]) -> Mobile {
    match text {
        b"" | b"A" | b"a" | b"Class A" | b"class A" | b"1" | b"2" | b"3" | b"27" => Mobile::ClassA,
        b"B" | b"b" | b"Class B" | b"class B" | b"18" | b"19" => Mobile::ClassB,
        b"Base Station" => Mobile::Other(Some(4)),
        b"AtoN" => Mobile::Other(Some(21)),
        b"SAR Airborne" => Mobile::Other(Some(9)),
        b"Search and Rescue Transponder" | b"Man Overboard Device" | b"Emergency PIRB" => Mobile::Other(None),
        _ => Mobile::Unknown,
    }
}

/// A time: `YYYY-MM-DD[T ]HH:MM:SS[.fff][zone]`, `dd/mm/yyyy HH:MM[:SS[.fff]]`, or an epoch
/// number whose magnitude tells its unit. Without a zone it is UTC.
pub(crate) fn time(text: &[u8]) -> Told<EventTime> {
    if text.is_empty() {
        return Told::Absent;
    }
    let time = match (text.get(2), text.get(4)) {
        (Some(b'/'), _) => day_first(text),
        (_, Some(b'-')) => EventTime::parse_iso(text),
        _ => epoch(text),
    };
    Told::from_parsed(time)
}

/// A time as [`time`] reads it, or `YYYYMMDDHHMMSS`, as AIS-catcher writes when it heard a message.
pub(crate) fn reception_time(text: &[u8]) -> Told<EventTime> {
    if text.len() == 14 && text.iter().all(u8::is_ascii_digit) {
        Told::from_parsed(compact(text))
    } else {
        time(text)
    }
}

fn compact(text: &[u8]) -> Option<EventTime> {
    let date = (i32::try_from(digits(text, 0, 4)?).ok()?, digits(text, 4, 2)?, digits(text, 6, 2)?);
    EventTime::from_civil(date, (digits(text, 8, 2)?, digits(text, 10, 2)?, digits(text, 12, 2)?), 0)
}

fn day_first(text: &[u8]) -> Option<EventTime> {
    if text.get(5) != Some(&b'/') {
        return None;
    }
    let date = (i32::try_from(digits(text, 6, 4)?).ok()?, digits(text, 3, 2)?, digits(text, 0, 2)?);
    if !matches!(text.get(10), Some(b' ' | b'T')) || text.get(13) != Some(&b':') {
        return None;
    }
    let (hour, minute) = (digits(text, 11, 2)?, digits(text, 14, 2)?);
    let (second, rest) = match text.get(16) {
        Some(b':') => (digits(text, 17, 2)?, &text[19..]),
        _ => (0, &text[16..]),
    };
    let fraction_ms = match rest {
        [] => 0,
        [b'.', fraction @ ..] if fraction.iter().all(u8::is_ascii_digit) => {
            model::time::fraction_ms(fraction)
        }
        _ => return None,
    };
    let whole = EventTime::from_civil(date, (hour, minute, second), 0)?;
    Some(EventTime(whole.0 + i64::from(fraction_ms)))
}

fn epoch(text: &[u8]) -> Option<EventTime> {
    let number = parse_scaled(text, 0)?;
    if number.abs() < 100_000_000_000 {
        return parse_scaled(text, 3).map(EventTime);
    }
    // Nanoseconds up to the year 2255, so that rounding cannot overflow.
    const MOST: i64 = 9_000_000_000_000_000_000;
    Some(EventTime::from_epoch_number(number.clamp(-MOST, MOST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_for_the_value_before_rounding() {
        let cases: [(&[u8], Option<u16>); 12] = [
            (b"102.2", Some(1_022)),
            (b"102.20", Some(1_022)),
            (b"102.24", None),
            (b"102.3", None),
            (b"12.25", Some(123)),
            (b"0", Some(0)),
            (b"-0.0", Some(0)),
            (b"-0.04", None),
            (b"0.04", Some(0)),
            (b"1.22e1", Some(122)),
            (b"", None),
            (b"fast", None),
        ];
        for (text, expected) in cases {
            assert_eq!(sog(text), expected, "{}", text.escape_ascii());
        }
        assert_eq!([cog(b"359.9"), cog(b"359.94"), cog(b"360")], [Some(3_599), None, None]);
        assert_eq!([heading(b"511.0"), heading(b"359.0"), heading(b"45.5")], [None, Some(359), Some(46)]);
        assert_eq!(
            [draught(b"0"), draught(b"0.04"), draught(b"25.5"), draught(b"25.51")],
            [None, None, Some(255), None]
        );
    }

    #[test]
    fn all_forms_of_time_are_read() {
        let noon = Told::Value(EventTime(1_696_161_600_000));
        for text in [
            "01/10/2023 12:00:00",
            "01/10/2023 12:00",
            "01/10/2023 12:00:00.000",
            "2023-10-01T12:00:00",
            "2023-10-01 12:00:00",
            "2023-10-01 12:00:00 UTC",
            "1696161600",
            "1696161600.0",
            "1.6961616e9",
            "1696161600000",
            "1696161600000000",
            "1696161600000000000",
        ] {
            assert_eq!(time(text.as_bytes()), noon, "{text}");
        }
        assert_eq!(time(b"1325810870.25"), Told::Value(EventTime(1_325_810_870_250)));
        assert_eq!(time(b""), Told::Absent);
        for text in
            ["31/02/2023 00:00:00", "01/10/2023", "01/10/2023 12:00:00x", "yesterday", "2023-10-01T25:00:00"]
        {
            assert_eq!(time(text.as_bytes()), Told::Malformed, "{text}");
        }
        assert_eq!(reception_time(b"20231001120000"), noon);
        assert_eq!(reception_time(b"20231301120000"), Told::Malformed);
        assert_eq!(reception_time(b"1696161600.0"), noon);
    }

    #[test]
    fn texts_end_at_the_first_at_sign() {
        assert_eq!(text(b"  MINERVA @@@").as_deref(), Some("MINERVA"));
        assert_eq!(text(b"a\xffb").as_deref(), Some("a\u{fffd}b"));
        for absent in [&b""[..], b"  ", b"@", b"@NAME", b"Unknown", b"Undefined"] {
            assert_eq!(text(absent), None);
        }
    }

    #[test]
    fn imo_numbers_may_have_their_letters() {
        assert_eq!(imo(b"IMO9179842"), Some(9_179_842));
        assert_eq!(imo(b"9179842"), Some(9_179_842));
        for absent in [&b"IMO0000000"[..], b"0", b"", b"Unknown", b"-5", b"IMO"] {
            assert_eq!(imo(absent), None);
        }
    }

    #[test]
    fn coordinates_are_exact_and_overflow_is_out_of_range() {
        assert_eq!(coordinate(b"-118.0736449"), Told::Value(-118_073_645));
        assert_eq!(coordinate(b"99999999999999"), Told::Value(BEYOND));
        assert_eq!(coordinate(b"12,5"), Told::Malformed);
        assert_eq!(coordinate(b""), Told::Absent);
    }

    #[test]
    fn words_of_the_danish_files_are_codes() {
        for (words, code) in [
            ("Under way using engine", Some(0)),
            ("Restricted maneuverability", Some(3)),
            ("Constrained by her draught", Some(4)),
            ("Moored", Some(5)),
            ("Reserved for future amendment [HSC]", Some(9)),
            ("Reserved for future use [12]", Some(12)),
            ("Reserved for future use", Some(13)),
            ("AIS-SART (active)", Some(14)),
            ("Unknown value", None),
            ("15", None),
            ("15.0", None),
            ("7.0", Some(7)),
            ("99", None),
            ("", None),
        ] {
            assert_eq!(nav_status(words.as_bytes()), code, "{words}");
        }
        assert_eq!(
            [ship_type(b"Tanker"), ship_type(b"Undefined"), ship_type(b"31"), ship_type(b"1012")],
            [Some(80), None, Some(31), None]
        );
    }

    #[test]
    fn dimensions_of_zero_are_absent() {
        let lengths = Dimensions::LengthWidth { length: 1_990, width: 325 };
        assert_eq!(length_width(b"199", b"32.5"), Some(lengths));
        assert_eq!(length_width(b"", b"0"), None);
        assert_eq!(reference_point([b"0", b"0", b"", b"0"]), None);
        assert_eq!(
            reference_point([b"160", b"33", b"20", b"12"]),
            Some(Dimensions::FromReference { bow: 160, stern: 33, port: 20, starboard: 12 })
        );
    }
}
