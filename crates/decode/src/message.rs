//! Messages of types 1-3, 5, 18, 19, 24 and 27, from bits to reports (ITU-R M.1371-5 annex 8).
//! Types 4, 9, 11 and 21 are read in [`rare`].

use alloc::sync::Arc;

use model::report::{Head, NoPositionReport};
use model::{
    Dimensions, EventTime, Fate, MessageType, Mmsi, Origin, PositionReport, Reason, StaticReport, Statics,
    Transmission,
};

use crate::bits::Bits;
use crate::{Content, Place, rare};

/// Bits that a message must have at least; fewer are `malformed`.
#[must_use]
pub fn bits_needed(bits: &Bits) -> usize {
    match bits.unsigned(0, 6) {
        1..=3 | 18 => 168,
        19 => 312,
        27 => 96,
        5 => 422,
        24 if bits.len() >= 40 => match bits.unsigned(38, 2) {
            0 => 160,
            1 => 162,
            _ => 40,
        },
        24 => 40,
        _ => 38,
    }
}

/// Whether a message has fewer bits than it must.
#[must_use]
pub fn is_too_short(bits: &Bits) -> bool {
    bits.len() < bits_needed(bits)
}

/// Where and when a message was read.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    /// Event time.
    pub t: EventTime,
    /// How many input lines it was made of.
    pub lines: u8,
    /// Where it was read.
    pub origin: Origin,
}

/// Sender of a message.
#[must_use]
pub fn mmsi(bits: &Bits) -> Mmsi {
    Mmsi(bits.unsigned(8, 30))
}

/// What a message with enough bits and a believable time says.
#[must_use]
pub fn decode(bits: &Bits, envelope: Envelope) -> Content {
    let kind = bits.unsigned(0, 6) as u8;
    if !matches!(kind, 1..=3 | 5 | 18 | 19 | 24 | 27) {
        return rare::landmark(bits).map_or(Content::Fate(Fate::OtherType), Content::Landmark);
    }
    if !mmsi(bits).is_vessel() {
        return Content::Fate(Fate::Rejected(Reason::NotVessel));
    }
    match kind {
        5 => statics(bits, envelope, class_a_statics(bits)),
        24 => match bits.unsigned(38, 2) {
            0 => statics(bits, envelope, Statics { name: bits.text(40, 20), ..Statics::default() }),
            1 => statics(bits, envelope, class_b_statics(bits)),
            _ => Content::Fate(Fate::OtherType),
        },
        27 => position(bits, envelope, &long_range(bits)),
        18 | 19 => position(bits, envelope, &class_b(bits)),
        _ => position(bits, envelope, &class_a(bits)),
    }
}

/// The report of type 1, 2, 3 or 18 that has these bits.
#[must_use]
pub fn report_of(head: Head, envelope: Envelope) -> Option<PositionReport> {
    let bits = Bits::from(head);
    let fields = match bits.unsigned(0, 6) {
        1..=3 => class_a(&bits),
        18 => class_b(&bits),
        _ => return None,
    };
    match position(&bits, envelope, &fields) {
        Content::Transmission(Transmission::Position(report)) => Some(report),
        Content::Transmission(_) | Content::Landmark(_) | Content::Fate(_) => None,
    }
}

/// The fields of a position message, as sent.
struct Fields {
    place: Place,
    sog: Option<u16>,
    cog: Option<u16>,
    heading: Option<u16>,
    nav_status: Option<u8>,
}

fn class_a(bits: &Bits) -> Fields {
    Fields {
        place: place(bits.signed(61, 28), bits.signed(89, 27)),
        sog: below(bits.unsigned(50, 10), 1_023),
        cog: below(bits.unsigned(116, 12), 3_600),
        heading: below(bits.unsigned(128, 9), 360),
        nav_status: below(bits.unsigned(38, 4), 15).map(|status| status as u8),
    }
}

fn class_b(bits: &Bits) -> Fields {
    Fields {
        place: place(bits.signed(57, 28), bits.signed(85, 27)),
        sog: below(bits.unsigned(46, 10), 1_023),
        cog: below(bits.unsigned(112, 12), 3_600),
        heading: below(bits.unsigned(124, 9), 360),
        nav_status: None,
    }
}

// Type 27 has whole knots and degrees, and positions in 1/10 min.
fn long_range(bits: &Bits) -> Fields {
    let (lon, lat) = (bits.signed(44, 18), bits.signed(62, 17));
    let absent = lon == 181 * 600 || lat == 91 * 600;
    let units = |tenths_of_minute: i32| model::number::divide_rounded(i64::from(tenths_of_minute) * 5_000, 3);
    Fields {
        place: if absent { Place::Absent } else { Place::from_units(Some(units(lon)), Some(units(lat))) },
        sog: below(bits.unsigned(79, 6), 63).map(|knots| knots * 10),
        cog: below(bits.unsigned(85, 9), 360).map(|degrees| degrees * 10),
        heading: None,
        nav_status: below(bits.unsigned(40, 4), 15).map(|status| status as u8),
    }
}

// Positions are sent in 1/10,000 min.
pub(crate) fn place(lon: i32, lat: i32) -> Place {
    if lon == 181 * 600_000 || lat == 91 * 600_000 {
        return Place::Absent;
    }
    let units = |raw: i32| model::number::divide_rounded(i64::from(raw) * 5, 3);
    Place::from_units(Some(units(lon)), Some(units(lat)))
}

fn below(raw: u32, absent_from: u32) -> Option<u16> {
    (raw < absent_from).then_some(raw as u16)
}

fn position(bits: &Bits, envelope: Envelope, fields: &Fields) -> Content {
    let kind = MessageType(bits.unsigned(0, 6) as u8);
    let statics = || (kind.0 == 19).then(|| extended_b_statics(bits)).filter(|s| !s.is_empty()).map(Arc::new);
    let Envelope { t, lines, origin } = envelope;
    match (fields.place.fault(), fields.place) {
        (None, Place::At(position)) => Content::Transmission(Transmission::Position(PositionReport {
            t,
            mmsi: mmsi(bits),
            position,
            sog: fields.sog,
            cog: fields.cog,
            heading: fields.heading,
            nav_status: fields.nav_status,
            kind,
            lines,
            payload: bits.payload(),
            origin,
            statics: statics(),
        })),
        (Some(Reason::NoPosition) | None, _) => {
            Content::Transmission(Transmission::NoPosition(NoPositionReport {
                t,
                mmsi: mmsi(bits),
                kind,
                lines,
                payload: bits.payload(),
                origin,
                statics: statics(),
            }))
        }
        (Some(reason), _) => Content::Fate(Fate::Rejected(reason)),
    }
}

fn statics(bits: &Bits, envelope: Envelope, statics: Statics) -> Content {
    Content::Transmission(Transmission::Static(StaticReport {
        t: envelope.t,
        mmsi: mmsi(bits),
        kind: MessageType(bits.unsigned(0, 6) as u8),
        lines: envelope.lines,
        payload: bits.payload(),
        origin: envelope.origin,
        statics: Arc::new(statics),
    }))
}

fn class_a_statics(bits: &Bits) -> Statics {
    Statics {
        draught: non_zero(bits.unsigned(294, 8)).map(|tenths| tenths as u16),
        imo: non_zero(bits.unsigned(40, 30)),
        ship_type: non_zero(bits.unsigned(232, 8)).map(|kind| kind as u8),
        dimensions: dimensions(bits, 240),
        destination: bits.text(302, 20),
        name: bits.text(112, 20),
        callsign: bits.text(70, 7),
    }
}

fn class_b_statics(bits: &Bits) -> Statics {
    Statics {
        ship_type: non_zero(bits.unsigned(40, 8)).map(|kind| kind as u8),
        dimensions: dimensions(bits, 132),
        callsign: bits.text(90, 7),
        ..Statics::default()
    }
}

fn extended_b_statics(bits: &Bits) -> Statics {
    Statics {
        ship_type: non_zero(bits.unsigned(263, 8)).map(|kind| kind as u8),
        dimensions: dimensions(bits, 271),
        name: bits.text(143, 20),
        ..Statics::default()
    }
}

fn dimensions(bits: &Bits, start: usize) -> Option<Dimensions> {
    let metres = |offset, width| bits.unsigned(start + offset, width) as u16;
    Dimensions::from_reference(metres(0, 9), metres(9, 9), metres(18, 6), metres(24, 6))
}

fn non_zero(raw: u32) -> Option<u32> {
    (raw != 0).then_some(raw)
}
