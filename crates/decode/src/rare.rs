//! Messages 4, 9, 11 and 21: base stations, search-and-rescue aircraft, answers with UTC, and aids
//! to navigation. They are no ships; they tell where a receiver hears.
//!
//! Base stations report every ten seconds and aids every three minutes: a tenth of a feed from the coast, so they are
//! read here. Aircraft are rare: they are left to `nmea-parser`, behind a guard, as that crate takes in what it should
//! not and can panic:
//!
//! - It gets only bits that were checked before (armour, checksum, joined parts), cut to the fixed
//!   part of the message and armoured anew as one single sentence: it reads invalid armour as
//!   numbers, and what is missing at the end as zeros.
//! - Only this type, only with all bits it needs: it panics on short messages 25 and 26.
//! - A new parser for each message: it remembers parts and halves of messages without a limit.
//! - What it says is checked against the bits (type, sender) and the globe.
//! - Should it panic all the same, the message is only one more of no use. `catch_unwind` needs
//!   `std`, which is why this module, alone in this crate, links it. It does nothing in programs
//!   built with `panic = "abort"`, and the panic hook still tells of the panic.
//!
//! ```
//! use decode::{bits::Bits, rare::landmark};
//!
//! let mut bits = Bits::default();
//! assert!(bits.push(b"403OviQuMGCqWrRO9>E6fE700@GO", 0));
//! let station = landmark(&bits).unwrap();
//! assert_eq!((station.kind, station.mmsi.0), (4, 3_669_702));
//! assert_eq!(station.position.unwrap().lon, -76_352_362);
//! ```

extern crate std;

use alloc::string::String;

use model::{Mmsi, Position};
use nmea_parser::{NmeaParser, ParsedMessage};

use crate::bits::Bits;
use crate::{Place, message};

/// A station, aircraft or mark that is no ship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landmark {
    /// The sender, at most nine digits.
    pub mmsi: Mmsi,
    /// Message type: 4, 9, 11 or 21.
    pub kind: u8,
    /// Where it is; `None` where it says nothing, or what cannot be.
    pub position: Option<Position>,
}

/// What a message 4, 9, 11 or 21 says; `None` for other types, and where it says nothing certain.
#[must_use]
pub fn landmark(bits: &Bits) -> Option<Landmark> {
    let kind = bits.unsigned(0, 6) as u8;
    if bits.len() < bits_needed(kind)? {
        return None;
    }
    let mmsi = message::mmsi(bits);
    if !(1..=999_999_999).contains(&mmsi.0) {
        return None;
    }
    let at = |lon, lat| match message::place(bits.signed(lon, 28), bits.signed(lat, 27)) {
        Place::At(position) => Some(position),
        Place::Absent | Place::OutOfRange => None,
    };
    let position = match kind {
        21 => at(164, 192),
        9 => aircraft(bits, mmsi)?,
        _ => at(79, 107),
    };
    Some(Landmark { mmsi, kind, position: position.filter(|position| !position.is_null_island()) })
}

/// Where `nmea-parser` reads that an aircraft is; `None` where it refuses the message or has read another.
fn aircraft(bits: &Bits, mmsi: Mmsi) -> Option<Option<Position>> {
    let sentence = sentence(bits);
    let message = std::panic::catch_unwind(|| NmeaParser::new().parse_sentence(&sentence)).ok()?.ok()?;
    let ParsedMessage::StandardSarAircraftPositionReport(report) = message else { return None };
    let degrees = report.longitude.zip(report.latitude);
    (report.mmsi == mmsi.0).then(|| degrees.and_then(|(lon, lat)| Position::from_degrees(lon, lat)))
}

/// Length of the fixed part of a message (ITU-R M.1371-5 annex 8, 3.2, 3.7, 3.9 and 3.19).
fn bits_needed(kind: u8) -> Option<usize> {
    match kind {
        4 | 9 | 11 => Some(168),
        21 => Some(272),
        _ => None,
    }
}

/// Bits of a message 9.
const AIRCRAFT_BITS: usize = 168;

/// The message as one sentence.
fn sentence(bits: &Bits) -> String {
    let mut sentence = String::from("!AIVDM,1,1,,A,");
    for at in 0..AIRCRAFT_BITS / 6 {
        let value = bits.unsigned(at * 6, 6) as u8;
        sentence.push(char::from(if value < 40 { value + 48 } else { value + 56 }));
    }
    sentence.push_str(",0");
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str, fill: u8) -> Option<Landmark> {
        let mut bits = Bits::default();
        assert!(bits.push(payload.as_bytes(), fill));
        landmark(&bits)
    }

    fn at(mmsi: u32, kind: u8, place: Option<(i32, i32)>) -> Option<Landmark> {
        Some(Landmark { mmsi: Mmsi(mmsi), kind, position: place.map(|(lon, lat)| Position { lon, lat }) })
    }

    #[test]
    fn published_samples_of_all_four_types_are_read() {
        assert_eq!(
            read("403OviQuMGCqWrRO9>E6fE700@GO", 0),
            at(3_669_702, 4, Some((-76_352_362, 36_883_767)))
        );
        assert_eq!(
            read("91b55wi;hbOS@OdQAC062Ch2089h", 0),
            at(111_232_511, 9, Some((-6_278_843, 58_144_000)))
        );
        assert_eq!(
            read(";4R33:1uUK2F`q?mOt@@GoQ00000", 0),
            at(304_137_000, 11, Some((-94_407_683, 28_409_117)))
        );
        let aid = "E1mg=5J1T4W0h97aRh6ba84<h2d;W:Te=eLvH50```q:D44QDlp0C1DU00";
        assert_eq!(read(aid, 2), at(123_456_789, 21, Some((-122_698_592, 47_920_618))));
    }

    #[test]
    fn a_base_station_without_time_or_place_is_one_all_the_same() {
        assert_eq!(read("403Ovl@000Htt<tSF0l4Q@100`Pq", 0), at(3_669_713, 4, None));
    }

    #[test]
    fn other_types_and_short_messages_are_none() {
        assert_eq!(read("15RTgt0PAso;90TKcjM8h6g208CQ", 0), None);
        assert_eq!(read("403OviQuMGCqWrRO9>E6fE700@GO", 1), None);
        assert_eq!(read("E1mg=5J1T4W0h97aRh6ba84<h2d;W:Te=eLvH50```q", 0), None);
        for kind in (0..64u8).filter(|kind| !matches!(kind, 4 | 9 | 11 | 21)) {
            let first = char::from(if kind < 40 { kind + 48 } else { kind + 56 });
            for length in 0..60 {
                let payload: String =
                    core::iter::once(first).chain(core::iter::repeat_n('w', length)).collect();
                assert_eq!(read(&payload, 0), None, "{payload}");
            }
        }
    }

    #[test]
    fn what_is_no_identity_or_no_place_is_not_told() {
        // All bits set: sender 1,073,741,823.
        assert_eq!(read("4wwwwwwwwwwwwwwwwwwwwwwwwwww", 0), None);
        // All bits of the place clear: null island.
        assert_eq!(read("403OviP000000000000000000000", 0), at(3_669_702, 4, None));
    }
}
