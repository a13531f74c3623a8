//! Ships: who they are, and what their transponder says at any moment.

use crate::encode::{
    Dimensions, ExtendedB, LongRange, Payload, PositionA, PositionAKind, PositionB, StaticA, StaticB,
    StaticBPart,
};
use crate::random::{Random, hash, hash_below, hash_spread, hash_unit};
use crate::sphere::{Knots, Position, destination, wrap_360};
use crate::time::{EventTime, HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::voyage::{Activity, SilenceKind, Voyage};

/// The two classes of shipborne transponders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Ships under SOLAS: 12.5 W, SOTDMA.
    A,
    /// Others: 2 W, carrier sense.
    B,
}

/// Why a ship is in the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One that the scenario is about.
    Watched,
    /// One that gives the others their background.
    Ordinary,
}

/// Who a ship says it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Maritime mobile service identity, invented.
    pub mmsi: u32,
    /// IMO number, with a right check digit.
    pub imo: Option<u32>,
    /// Name.
    pub name: String,
    /// Call sign, invented.
    pub callsign: String,
    /// Type of ship and cargo.
    pub ship_type: u8,
    /// Size.
    pub dimensions: Dimensions,
    /// Class of the transponder.
    pub class: Class,
}

/// A ship of a scenario.
#[derive(Clone, Debug)]
pub struct Ship {
    /// Who it says it is.
    pub identity: Identity,
    /// Why it is here.
    pub role: Role,
    /// What it does.
    pub voyage: Voyage,
    /// Satellites take long-range reports (message 27) from it as well.
    pub long_range: bool,
    /// Its class B transponder sends extended reports (message 19) instead of static ones (24).
    pub extended: bool,
    /// Its share of the odds at which others are heard: 1, or less if its transmitter is weak.
    pub own: f64,
    /// How that share comes about.
    pub weakness: Weakness,
    /// Other identities that it takes on, each from a moment on, in time order.
    pub aliases: Vec<(EventTime, Identity)>,
    /// What is wrong with what it says of itself; the words are those of [`crate::truth::ShipTruth::flaws`].
    pub flaws: Vec<&'static str>,
}

/// What a weak transmitter is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Each message has the same lower odds: little power, a bad antenna.
    Steady,
    /// It fails for ten minutes at a time, and is as good as others in between: a loose connection.
    Spells,
}

/// What a position report shows, which need not be the truth.
struct Shown {
    position: Option<Position>,
    speed_kn: Option<f64>,
    course_deg: Option<f64>,
    second: Option<u8>,
}

/// What the instruments show at a moment.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// GNSS position.
    pub position: Position,
    /// Speed over ground.
    pub speed: Knots,
    /// Course over ground, degrees true.
    pub course_deg: f64,
    /// True heading, degrees.
    pub heading_deg: f64,
    /// What the ship is doing.
    pub activity: Activity,
    /// Draught, metres.
    pub draught_m: f64,
    /// Entered destination.
    pub destination: &'static str,
}

/// The errors of a GNSS receiver, metres, at most.
const GNSS_ERROR_M: f64 = 8.0;
/// Length of the chain on which an anchored ship swings, metres, with the ship's own half.
const SWING_RADIUS_M: f64 = 110.0;
/// Time of one swing, ms: about half a lunar day, the tide's period.
const SWING_PERIOD_MS: f64 = 12.42 * HOUR_MS as f64;
/// How long a transmitter with [`Weakness::Spells`] keeps working or failing, ms.
const SPELL_MS: i64 = 10 * MINUTE_MS;
/// The UTC second that says: the positioning system is inoperative (M.1371-5, table 47).
const INOPERATIVE_SECOND: u8 = 63;
/// Time of one circle of a spoofed position, ms.
const SPOOF_PERIOD_MS: f64 = 20.0 * MINUTE_MS as f64;
/// Radius of the circles, metres, least and most.
const SPOOF_RADIUS_M: (f64, f64) = (1_000.0, 3_000.0);

/// The seventh digit makes six others an IMO number: the last digit of the sum of the digits times 7 to 2.
///
/// ```
/// assert_eq!(sim::fleet::imo_number(917_984), 9_179_842);
/// ```
pub fn imo_number(six_digits: u32) -> u32 {
    let mut rest = six_digits;
    let mut sum = 0;
    for weight in 2..=7 {
        sum += rest % 10 * weight;
        rest /= 10;
    }
    six_digits * 10 + sum % 10
}

/// The ship's length and beam in metres as [`Dimensions`], its antenna well aft.
pub fn dimensions(length_m: u16, beam_m: u8) -> Dimensions {
    let stern = length_m / 5;
    Dimensions { bow: length_m - stern, stern, port: beam_m / 2, starboard: beam_m - beam_m / 2 }
}

impl Ship {
    /// A ship that is heard like any other.
    pub fn new(identity: Identity, role: Role, voyage: Voyage) -> Self {
        Self {
            identity,
            role,
            voyage,
            long_range: false,
            extended: false,
            own: 1.0,
            weakness: Weakness::Steady,
            aliases: Vec::new(),
            flaws: Vec::new(),
        }
    }

    /// Who it says it is at a moment.
    pub fn identity_at(&self, at: EventTime) -> &Identity {
        self.aliases.iter().rfind(|(from, _)| *from <= at).map_or(&self.identity, |(_, alias)| alias)
    }

    /// Its share of the usual odds at a moment.
    pub fn strength(&self, seed: u64, at: EventTime) -> f64 {
        if self.own >= 1.0 || self.weakness == Weakness::Steady {
            return self.own;
        }
        let spell = at.0.div_euclid(SPELL_MS).cast_unsigned();
        let works = hash_unit(&[seed, u64::from(self.identity.mmsi), 9, spell]) < self.own;
        f64::from(u8::from(works))
    }

    /// What its instruments show; `None` outside its plan. The noise depends on ship and moment alone.
    pub fn state(&self, seed: u64, at: EventTime) -> Option<State> {
        let moment = self.voyage.at(at)?;
        let span = moment.span;
        let who = u64::from(self.identity.mmsi);
        let noise = |purpose: u64| hash_spread(&[seed, who, purpose, at.0.cast_unsigned()]);
        let error = |place: Position| {
            destination(place, 180.0 * (1.0 + noise(1)), GNSS_ERROR_M * libm::fabs(noise(2)))
        };
        let common = State {
            position: moment.position,
            speed: span.speed,
            course_deg: span.course_deg,
            heading_deg: span.course_deg,
            activity: span.activity,
            draught_m: moment.draught_m,
            destination: span.destination,
        };
        let state = match span.activity {
            Activity::UnderWay | Activity::Fishing => State {
                position: error(moment.position),
                speed: Knots(libm::fmax(0.0, span.speed.0 + 0.25 * noise(3))),
                course_deg: wrap_360(span.course_deg + 1.5 * noise(4)),
                heading_deg: wrap_360(span.course_deg + 3.0 * noise(5)),
                ..common
            },
            Activity::Moored => State {
                position: error(moment.position),
                speed: Knots(at_rest_speed(noise(3))),
                course_deg: 180.0 * (1.0 + noise(4)),
                heading_deg: 360.0 * hash_unit(&[seed, who, 6, span.start.0.cast_unsigned()]),
                ..common
            },
            Activity::Anchored | Activity::Drifting => {
                let phase = hash_unit(&[seed, who, 7]);
                let turn = 2.0 * core::f64::consts::PI * (phase + at.0 as f64 / SWING_PERIOD_MS);
                let heading_deg = wrap_360(360.0 * phase + 70.0 * libm::sin(turn));
                State {
                    position: error(destination(moment.position, heading_deg + 180.0, SWING_RADIUS_M)),
                    speed: Knots(at_rest_speed(noise(3))),
                    course_deg: 180.0 * (1.0 + noise(4)),
                    heading_deg: wrap_360(heading_deg + noise(5)),
                    ..common
                }
            }
        };
        Some(state)
    }

    /// The nominal reporting interval, ms (M.1371-5, annex 1, table 1, without the rows for changing course).
    pub fn interval_ms(&self, state: &State) -> i64 {
        let speed = state.speed.0;
        match self.identity.class {
            Class::A if state.activity.is_at_rest() && speed <= 3.0 => 180 * SECOND_MS,
            Class::A if speed <= 14.0 => 10 * SECOND_MS,
            Class::A if speed <= 23.0 => 6 * SECOND_MS,
            Class::A => 2 * SECOND_MS,
            Class::B if speed <= 2.0 => 180 * SECOND_MS,
            Class::B => 30 * SECOND_MS,
        }
    }

    /// What the GNSS receiver makes the transponder believe.
    fn shown(&self, seed: u64, at: EventTime, state: &State) -> Shown {
        let truly = Shown {
            position: Some(state.position),
            speed_kn: Some(state.speed.0),
            course_deg: Some(state.course_deg),
            second: Some(at.second()),
        };
        match self.voyage.untrue(at) {
            None | Some(SilenceKind::Deliberate | SilenceKind::Berth) => truly,
            Some(SilenceKind::Withheld) => {
                Shown { position: None, speed_kn: None, course_deg: None, second: Some(INOPERATIVE_SECOND) }
            }
            Some(SilenceKind::Jammed { centre }) => {
                let share = hash_unit(&[seed, u64::from(self.identity.mmsi), 10]);
                let radius_m = SPOOF_RADIUS_M.0 + (SPOOF_RADIUS_M.1 - SPOOF_RADIUS_M.0) * share;
                let turns = share * 7.0 + at.0 as f64 / SPOOF_PERIOD_MS;
                let bearing_deg = wrap_360(360.0 * (turns - libm::floor(turns)));
                let metres_per_second =
                    2.0 * core::f64::consts::PI * radius_m / (SPOOF_PERIOD_MS / SECOND_MS as f64);
                Shown {
                    position: Some(destination(centre, bearing_deg, radius_m)),
                    speed_kn: Some(metres_per_second / Knots(1.0).metres_per_second()),
                    course_deg: Some(wrap_360(bearing_deg + 90.0)),
                    ..truly
                }
            }
        }
    }

    /// The position report of a moment.
    pub fn position_report(&self, seed: u64, at: EventTime, state: &State) -> Payload {
        let identity = self.identity_at(at);
        let mmsi = identity.mmsi;
        let draw = hash(&[seed, u64::from(mmsi), 8, at.0.cast_unsigned()]);
        let Shown { position, speed_kn, course_deg, second } = self.shown(seed, at, state);
        let heading_deg = Some(state.heading_deg as u16);
        let radio = (draw & 0x7_FFFF) as u32;
        match self.identity.class {
            Class::A => PositionA {
                kind: if draw >> 60 == 0 { PositionAKind::Response } else { PositionAKind::Scheduled },
                mmsi,
                status: Some(state.activity.status()),
                rate_of_turn: Some(0),
                speed_kn,
                accurate: true,
                position,
                course_deg,
                heading_deg,
                second,
                manoeuvre: 0,
                raim: false,
                radio,
            }
            .encode(),
            Class::B if self.extended && draw >> 61 == 0 => ExtendedB {
                mmsi,
                speed_kn,
                position,
                course_deg,
                second,
                name: Some(identity.name.clone()),
                ship_type: Some(identity.ship_type),
                dimensions: Some(identity.dimensions),
                fixing_device: Some(1),
                ..ExtendedB::default()
            }
            .encode(),
            Class::B => PositionB {
                mmsi,
                speed_kn,
                position,
                course_deg,
                second,
                flags: PositionB::CARRIER_SENSE,
                // Carrier-sense units always send the communication state 1 1100000000000000110 (M.1371-5, 3.16).
                radio: 0xE_0006,
                ..PositionB::default()
            }
            .encode(),
        }
    }

    /// The long-range report of a moment.
    pub fn long_range_report(&self, seed: u64, at: EventTime, state: &State) -> Payload {
        let Shown { position, speed_kn, course_deg, second: _ } = self.shown(seed, at, state);
        LongRange {
            mmsi: self.identity_at(at).mmsi,
            accurate: true,
            status: Some(state.activity.status()),
            position,
            speed_kn,
            course_deg,
            ..LongRange::default()
        }
        .encode()
    }

    /// The static messages of a moment: one of class A, two of class B, none of an extended class B unit.
    pub fn static_reports(&self, at: EventTime, state: &State) -> Vec<Payload> {
        let identity = self.identity_at(at);
        let mmsi = identity.mmsi;
        match identity.class {
            Class::A => vec![
                StaticA {
                    mmsi,
                    imo: identity.imo,
                    callsign: Some(identity.callsign.clone()),
                    name: Some(identity.name.clone()),
                    ship_type: Some(identity.ship_type),
                    dimensions: Some(identity.dimensions),
                    fixing_device: Some(1),
                    arrival: None,
                    draught_m: Some(state.draught_m),
                    destination: Some(state.destination.to_owned()),
                    terminal_absent: false,
                }
                .encode(),
            ],
            Class::B if self.extended => Vec::new(),
            Class::B => {
                let ship = StaticBPart::Ship {
                    ship_type: Some(identity.ship_type),
                    vendor: ("DKW".to_owned(), 1, hash_below(&[u64::from(mmsi)], 1 << 20) as u32),
                    callsign: Some(identity.callsign.clone()),
                    dimensions: Some(identity.dimensions),
                    fixing_device: Some(1),
                };
                vec![
                    StaticB { mmsi, part: StaticBPart::Name(Some(identity.name.clone())) }.encode(),
                    StaticB { mmsi, part: ship }.encode(),
                ]
            }
        }
    }
}

/// What a ship at rest shows as speed: mostly nothing, up to 0.2 kn.
fn at_rest_speed(noise: f64) -> f64 {
    libm::fmax(0.0, 0.25 * libm::fabs(noise) - 0.05)
}

/// Words of which ordinary ships' names are made.
const FIRST_NAMES: &[&str] = &[
    "AMBER", "BAIKAL", "CORAL", "DELTA", "EASTERN", "FORTUNE", "GOLDEN", "HANA", "ISKRA", "JADE", "KEDR",
    "LUCKY", "MORSKOY", "NORTHERN", "ORION", "PACIFIC", "POLAR", "RASSVET", "SILVER", "TAIGA", "UNION",
    "VOSTOK", "WESTERN", "YANTAR", "ZARYA",
];
const LAST_NAMES: &[&str] = &[
    "BREEZE", "CARRIER", "DAWN", "EXPRESS", "FALCON", "GLORY", "HARMONY", "ISLAND", "LEADER", "MERCURY",
    "OCEAN", "PIONEER", "QUEEN", "RIVER", "STAR", "TRADER", "VENTURE", "WAVE",
];

/// Hands out invented identities, no two alike.
#[derive(Debug)]
pub struct Registry {
    random: Random,
    issued: u32,
}

/// Ship numbers of invented MMSIs start here, in every country's block.
const FIRST_INVENTED: u32 = 900_001;
/// Invented IMO numbers start here: six digits of a block that no ship in service has.
const FIRST_INVENTED_IMO: u32 = 690_000;

impl Registry {
    /// An empty register.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::for_purpose(seed, 0x001D), issued: 0 }
    }

    /// A new identity under the flag of a maritime identification digit block (273 Russia, 440 Korea, 431 Japan …).
    pub fn issue(&mut self, country: u32, class: Class, ship_type: u8, dimensions: Dimensions) -> Identity {
        let number = self.issued;
        self.issued += 1;
        let large = class == Class::A && dimensions.length_m() >= 40;
        let name = format!("{} {}", self.random.pick(FIRST_NAMES), self.random.pick(LAST_NAMES));
        Identity {
            mmsi: country * 1_000_000 + FIRST_INVENTED + number,
            imo: large.then(|| imo_number(FIRST_INVENTED_IMO + number)),
            name,
            callsign: format!("X{}Z{:03}", char::from(b'A' + (country % 26) as u8), number % 1_000),
            ship_type,
            dimensions,
            class,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imo_check_digits_are_those_of_real_ships() {
        for imo in [9_179_842, 8_517_839, 9_161_003, 9_358_010, 9_134_270] {
            assert_eq!(imo_number(imo / 10), imo);
        }
    }

    #[test]
    fn no_two_identities_are_alike() {
        let mut registry = Registry::new(1);
        let ships: Vec<Identity> =
            (0..150).map(|_| registry.issue(273, Class::A, 70, dimensions(120, 18))).collect();
        for (index, ship) in ships.iter().enumerate() {
            assert!(ship.name.len() <= 20 && ship.callsign.len() <= 7);
            assert!(ships[..index].iter().all(|other| other.mmsi != ship.mmsi && other.imo != ship.imo));
        }
    }
}
