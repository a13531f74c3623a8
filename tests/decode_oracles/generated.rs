//! Messages of all types that we read, with the values that a transponder may send, boundaries and
//! "not available" among them; and messages of random bits.

use model::Mmsi;
use sim::encode::{
    AidToNavigation, BaseStation, Channel, Dimensions, ExtendedB, LongRange, Payload, PositionA,
    PositionAKind, PositionB, StaticA, StaticB, StaticBPart, sentences,
};
use sim::random::Random;
use sim::sphere::Position;

use crate::peers::{Whole, landmark};
use crate::record::{HOT, Identity, Motion, RARE, Record, cut};

/// A message as it was sent, and what it says by the rules of the project.
pub struct Sent {
    pub whole: Whole,
    pub expected: Record,
}

/// The next valid message.
pub fn valid(dice: &mut Random) -> Sent {
    let mmsi = *dice.pick(&[
        100_000_000,
        799_999_999,
        111_232_511,
        99_999_999,
        970_123_456,
        2_442_000,
        1_073_741_823,
    ]);
    let ship = 201_000_000 + dice.below(574_999_999) as u32;
    let mmsi = if dice.below(16) == 0 { mmsi } else { ship };
    let at = Place::throw(dice);
    let motion = Moving::throw(dice);
    let (payload, expected) = match dice.below(11) {
        kind @ 0..=2 => {
            let kinds = [PositionAKind::Scheduled, PositionAKind::Assigned, PositionAKind::Response];
            let status = optional(dice, |dice| dice.below(15) as u8);
            let report = PositionA {
                kind: kinds[kind as usize],
                mmsi,
                status,
                rate_of_turn: optional(dice, |dice| dice.below(255) as u8 as i8),
                speed_kn: motion.speed_kn,
                accurate: dice.below(2) == 1,
                position: at.0,
                course_deg: motion.course_deg,
                heading_deg: motion.heading_deg,
                second: optional(dice, |dice| dice.below(60) as u8),
                manoeuvre: dice.below(3) as u8,
                raim: dice.below(2) == 1,
                radio: dice.below(1 << 19) as u32,
            };
            let told = Motion { status: status.map(i64::from), ..motion.told(&at) };
            (report.encode(), Record::new(kind as u8 + 1, mmsi).with_motion(told))
        }
        3 => {
            let report = PositionB {
                mmsi,
                speed_kn: motion.speed_kn,
                accurate: dice.below(2) == 1,
                position: at.0,
                course_deg: motion.course_deg,
                heading_deg: motion.heading_deg,
                second: optional(dice, |dice| dice.below(60) as u8),
                flags: dice.below(128) as u8,
                radio: dice.below(1 << 20) as u32,
            };
            (report.encode(), Record::new(18, mmsi).with_motion(motion.told(&at)))
        }
        4 => {
            let named = Named::throw(dice);
            let report = ExtendedB {
                mmsi,
                speed_kn: motion.speed_kn,
                position: at.0,
                course_deg: motion.course_deg,
                heading_deg: motion.heading_deg,
                name: named.name.clone(),
                ship_type: named.ship_type,
                dimensions: named.dimensions,
                reserved: (dice.below(256) as u8, dice.below(16) as u8),
                ..ExtendedB::default()
            };
            let identity = Identity { callsign: String::new(), ..named.told() };
            let expected = Record::new(19, mmsi).with_motion(motion.told(&at)).with_identity(&identity);
            (report.encode(), expected)
        }
        5 | 6 => {
            let named = Named::throw(dice);
            let imo = optional(dice, |dice| 1 + dice.below((1 << 30) - 1) as u32);
            let destination = optional(dice, |dice| text(dice, 20));
            let draught = optional(dice, |dice| 1 + dice.below(255) as i64);
            let report = StaticA {
                mmsi,
                imo,
                callsign: named.callsign.clone(),
                name: named.name.clone(),
                ship_type: named.ship_type,
                dimensions: named.dimensions,
                draught_m: draught.map(|tenths| tenths as f64 / 10.0),
                destination: destination.clone(),
                terminal_absent: dice.below(2) == 1,
                ..StaticA::default()
            };
            let identity = Identity {
                destination: destination.as_deref().map(cut).unwrap_or_default().to_owned(),
                imo: imo.map_or(0, i64::from),
                draught: draught.unwrap_or(0),
                ..named.told()
            };
            (report.encode(), Record::new(5, mmsi).with_identity(&identity))
        }
        7 => {
            let name = optional(dice, |dice| text(dice, 20));
            let told = name.as_deref().map(cut).unwrap_or_default().to_owned();
            let identity = Identity { name: told, ..Identity::default() };
            let payload = StaticB { mmsi, part: StaticBPart::Name(name) }.encode();
            (payload, Record::new(24, mmsi).with_identity(&identity))
        }
        8 => {
            let named = Named::throw(dice);
            let part = StaticBPart::Ship {
                ship_type: named.ship_type,
                vendor: (text(dice, 3), dice.below(16) as u8, dice.below(1 << 20) as u32),
                callsign: named.callsign.clone(),
                dimensions: named.dimensions,
                fixing_device: optional(dice, |dice| dice.below(16) as u8),
            };
            let identity = Identity { name: String::new(), ..named.told() };
            (StaticB { mmsi, part }.encode(), Record::new(24, mmsi).with_identity(&identity))
        }
        9 => {
            let status = optional(dice, |dice| dice.below(15) as u8);
            let report = LongRange {
                mmsi,
                status,
                position: at.0,
                speed_kn: motion.speed_kn,
                course_deg: motion.course_deg,
                position_is_old: dice.below(2) == 1,
                ..LongRange::default()
            };
            let (lon, lat) = at.told(600.0, 5_000);
            let told = Motion {
                lon,
                lat,
                sog: motion.speed_kn.map(|knots| (knots.round() as i64).min(62) * 10),
                cog: motion.course_deg.map(|degrees| degrees.round() as i64 % 360 * 10),
                heading: None,
                status: status.map(i64::from),
            };
            (report.encode(), Record::new(27, mmsi).with_motion(told))
        }
        _ => {
            let (lon, lat) = at.told(600_000.0, 5);
            let told = Motion { lon, lat, ..Motion::default() };
            let is_base = dice.below(2) == 1;
            let (kind, mmsi) = if is_base {
                (4, 2_000_000 + mmsi % 1_000_000)
            } else {
                (21, 990_000_000 + mmsi % 1_000_000)
            };
            let payload = if is_base {
                BaseStation {
                    mmsi,
                    position: at.0,
                    radio: dice.below(1 << 19) as u32,
                    ..BaseStation::default()
                }
                .encode()
            } else {
                AidToNavigation { mmsi, position: at.0, name: text(dice, 34), ..AidToNavigation::default() }
                    .encode()
            };
            (payload, landmark(Record::new(kind, mmsi), told))
        }
    };
    Sent { whole: whole(&payload, dice), expected: expected.of_sender() }
}

/// A message of a ship with random bits in all its fields.
pub fn random(dice: &mut Random) -> Whole {
    let kind = *dice.pick(&[HOT.as_slice(), &RARE].concat());
    let part = dice.below(4);
    // Also the lengths at which messages 5 and 24 may end early.
    let length = match (kind, part) {
        (5, _) => *dice.pick(&[422, 424]),
        (19, _) => 312,
        (21, _) => *dice.pick(&[272, 280, 360]),
        (27, _) => 96,
        (24, 0) => *dice.pick(&[160, 168]),
        (24, 1) => *dice.pick(&[162, 166, 168]),
        _ => 168,
    };
    let mut payload = Payload::default();
    payload.unsigned(kind.into(), 6);
    payload.unsigned(dice.below(4), 2);
    let mut mmsi = Mmsi(100_000_000 + dice.below(700_000_000) as u32);
    while !mmsi.is_vessel() {
        mmsi.0 += 1;
    }
    payload.unsigned(mmsi.0.into(), 30);
    if kind == 24 {
        payload.unsigned(part, 2);
    }
    while payload.bits() < length {
        payload.unsigned(dice.next_u64(), (length - payload.bits()).min(32) as u32);
    }
    whole(&payload, dice)
}

/// A message 21 of so many bits.
pub fn aid(dice: &mut Random, length: usize) -> Whole {
    let mut payload = Payload::default();
    payload.unsigned(21, 6);
    payload.unsigned(0, 2);
    payload.unsigned(992_351_000, 30);
    while payload.bits() < length {
        payload.unsigned(dice.next_u64(), (length - payload.bits()).min(32) as u32);
    }
    whole(&payload, dice)
}

fn whole(payload: &Payload, dice: &mut Random) -> Whole {
    let channel = *dice.pick(&[Channel::A, Channel::B, Channel::Unknown]);
    let lines = sentences(payload, "AIVDM", channel, dice.below(10) as u8);
    Whole::new(lines).expect("our own sentences have all fields")
}

fn optional<T>(dice: &mut Random, throw: impl FnOnce(&mut Random) -> T) -> Option<T> {
    (dice.below(5) > 0).then(|| throw(dice))
}

/// A text of six-bit characters, at times with `@` and blanks where they hurt.
fn text(dice: &mut Random, characters: u64) -> String {
    let length = *dice.pick(&[0, 1, characters - 1, characters]);
    let wild = dice.below(4) == 0;
    let letters = (0..length).map(|_| match (wild, dice.below(8)) {
        (true, 0) => '@',
        (_, 1) => ' ',
        _ => char::from(33 + (dice.below(63) as u8).min(62)),
    });
    letters.map(|letter| if letter == '@' && !wild { 'A' } else { letter }).collect()
}

/// Where a ship is, if it knows.
struct Place(Option<Position>);

impl Place {
    fn throw(dice: &mut Random) -> Place {
        let edges = [-180.0, 180.0, -90.0, 90.0, 0.0, 0.009_9, -0.01, 0.000_001, -0.000_001];
        let lon = if dice.below(8) == 0 { *dice.pick(&edges) } else { dice.between(-180.0, 180.0) };
        let lat = if dice.below(8) == 0 { dice.pick(&edges) % 90.001 } else { dice.between(-90.0, 90.0) };
        Place((dice.below(10) > 0).then_some(Position::new(lon, lat)))
    }

    /// The place in 10⁻⁶ degree, after its way through units of a message; a unit is `scale` / 3 of those.
    fn told(&self, units_per_degree: f64, scale: i64) -> (Option<i64>, Option<i64>) {
        let told = |degrees: f64| {
            model::number::divide_rounded((degrees * units_per_degree).round() as i64 * scale, 3)
        };
        (self.0.map(|place| told(place.lon)), self.0.map(|place| told(place.lat)))
    }
}

/// How a ship moves, as far as it knows.
struct Moving {
    speed_kn: Option<f64>,
    course_deg: Option<f64>,
    heading_deg: Option<u16>,
}

impl Moving {
    fn throw(dice: &mut Random) -> Moving {
        let speed = *dice.pick(&[0.0, 0.1, 62.0, 63.0, 102.1, 102.2]);
        let course = *dice.pick(&[0.0, 0.1, 180.0, 359.9]);
        let heading = *dice.pick(&[0, 1, 359]);
        let speed = if dice.below(4) == 0 { speed } else { dice.below(1_023) as f64 / 10.0 };
        let course = if dice.below(4) == 0 { course } else { dice.below(3_600) as f64 / 10.0 };
        let heading = if dice.below(4) == 0 { heading } else { dice.below(360) as u16 };
        Moving {
            speed_kn: optional(dice, |_| speed),
            course_deg: optional(dice, |_| course),
            heading_deg: optional(dice, |_| heading),
        }
    }

    fn told(&self, at: &Place) -> Motion {
        let (lon, lat) = at.told(600_000.0, 5);
        let tenths = |value: f64| (value * 10.0).round() as i64;
        Motion {
            lon,
            lat,
            sog: self.speed_kn.map(tenths),
            cog: self.course_deg.map(tenths),
            heading: self.heading_deg.map(i64::from),
            status: None,
        }
    }
}

/// Who a ship is.
struct Named {
    name: Option<String>,
    callsign: Option<String>,
    ship_type: Option<u8>,
    dimensions: Option<Dimensions>,
}

impl Named {
    fn throw(dice: &mut Random) -> Named {
        let size = Dimensions {
            bow: *dice.pick(&[0, 1, 200, 510, 511]),
            stern: *dice.pick(&[0, 1, 30, 511]),
            port: *dice.pick(&[0, 1, 31, 62, 63]),
            starboard: *dice.pick(&[0, 1, 31, 63]),
        };
        Named {
            name: optional(dice, |dice| text(dice, 20)),
            callsign: optional(dice, |dice| text(dice, 7)),
            ship_type: optional(dice, |dice| 1 + dice.below(255) as u8),
            dimensions: optional(dice, |_| size),
        }
    }

    fn told(&self) -> Identity {
        let text = |text: &Option<String>| text.as_deref().map(cut).unwrap_or_default().to_owned();
        let size = self.dimensions.unwrap_or_default();
        Identity {
            name: text(&self.name),
            callsign: text(&self.callsign),
            ship_type: self.ship_type.map_or(0, i64::from),
            dimensions: [size.bow.into(), size.stern.into(), size.port.into(), size.starboard.into()],
            ..Identity::default()
        }
    }
}
