//! Static and voyage data: messages 5 (class A), 19 and 24 (class B).

use super::bits::Payload;
use crate::sphere::Position;

/// Distances in metres from the reference point of the reported position to the ship's ends and sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dimensions {
    /// To the bow, 0 to 511.
    pub bow: u16,
    /// To the stern, 0 to 511.
    pub stern: u16,
    /// To port, 0 to 63.
    pub port: u8,
    /// To starboard, 0 to 63.
    pub starboard: u8,
}

impl Dimensions {
    /// The length over all in metres.
    pub fn length_m(self) -> u16 {
        self.bow + self.stern
    }

    pub(super) fn write(self, payload: &mut Payload) {
        payload.unsigned(u64::from(self.bow), 9);
        payload.unsigned(u64::from(self.stern), 9);
        payload.unsigned(u64::from(self.port), 6);
        payload.unsigned(u64::from(self.starboard), 6);
    }
}

/// Estimated time of arrival, UTC; it has no year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstimatedArrival {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// Class A static and voyage data: message 5, 424 bits, two sentences.
///
/// Texts are filled with `@`; blanks at their end are sent as blanks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StaticA {
    /// The sender.
    pub mmsi: u32,
    /// IMO ship identification number.
    pub imo: Option<u32>,
    /// Call sign, at most 7 characters.
    pub callsign: Option<String>,
    /// Name, at most 20 characters.
    pub name: Option<String>,
    /// Type of ship and cargo, 1 to 99.
    pub ship_type: Option<u8>,
    /// Size of the ship.
    pub dimensions: Option<Dimensions>,
    /// Type of position fixing device, 1 to 15 (1 GPS).
    pub fixing_device: Option<u8>,
    /// Estimated time of arrival.
    pub arrival: Option<EstimatedArrival>,
    /// Present static draught, 0.1 to 25.5 m.
    pub draught_m: Option<f64>,
    /// Destination, at most 20 characters.
    pub destination: Option<String>,
    /// The data terminal is not available.
    pub terminal_absent: bool,
}

impl StaticA {
    /// The message's bits.
    pub fn encode(&self) -> Payload {
        let arrival = self.arrival.unwrap_or(EstimatedArrival { month: 0, day: 0, hour: 24, minute: 60 });
        let mut payload = Payload::start(5, self.mmsi);
        payload.unsigned(0, 2);
        payload.unsigned(u64::from(self.imo.unwrap_or(0)), 30);
        payload.text(self.callsign.as_deref().unwrap_or(""), 7);
        payload.text(self.name.as_deref().unwrap_or(""), 20);
        payload.unsigned(u64::from(self.ship_type.unwrap_or(0)), 8);
        self.dimensions.unwrap_or_default().write(&mut payload);
        payload.unsigned(u64::from(self.fixing_device.unwrap_or(0)), 4);
        payload.unsigned(u64::from(arrival.month), 4);
        payload.unsigned(u64::from(arrival.day), 5);
        payload.unsigned(u64::from(arrival.hour), 5);
        payload.unsigned(u64::from(arrival.minute), 6);
        payload.scaled(self.draught_m, 10.0, 255, 0, 8);
        payload.text(self.destination.as_deref().unwrap_or(""), 20);
        payload.flag(self.terminal_absent);
        payload.unsigned(0, 1);
        payload
    }
}

/// An extended class B report: message 19, 312 bits, one or two sentences.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExtendedB {
    /// The sender.
    pub mmsi: u32,
    /// Speed over ground, 0 to 102.2.
    pub speed_kn: Option<f64>,
    /// Position accurate to 10 m.
    pub accurate: bool,
    /// Where the ship is.
    pub position: Option<Position>,
    /// Course over ground, degrees true.
    pub course_deg: Option<f64>,
    /// True heading, 0 to 359.
    pub heading_deg: Option<u16>,
    /// UTC second of the position, 0 to 59.
    pub second: Option<u8>,
    /// Name, at most 20 characters.
    pub name: Option<String>,
    /// Type of ship and cargo, 1 to 99.
    pub ship_type: Option<u8>,
    /// Size of the ship.
    pub dimensions: Option<Dimensions>,
    /// Type of position fixing device, 1 to 15.
    pub fixing_device: Option<u8>,
    /// RAIM in use.
    pub raim: bool,
    /// The data terminal is not available.
    pub terminal_absent: bool,
    /// The two reserved fields, before the speed (8 bits) and after the second (4 bits); 0 since M.1371-5.
    pub reserved: (u8, u8),
}

impl ExtendedB {
    /// The message's bits.
    pub fn encode(&self) -> Payload {
        let mut payload = Payload::start(19, self.mmsi);
        payload.unsigned(u64::from(self.reserved.0), 8);
        payload.scaled(self.speed_kn, 10.0, 1_022, 1_023, 10);
        payload.flag(self.accurate);
        payload.position(self.position, 600_000.0, 28);
        payload.course(self.course_deg, 10.0, 3_600, 12);
        payload.heading(self.heading_deg);
        payload.second(self.second);
        payload.unsigned(u64::from(self.reserved.1), 4);
        payload.text(self.name.as_deref().unwrap_or(""), 20);
        payload.unsigned(u64::from(self.ship_type.unwrap_or(0)), 8);
        self.dimensions.unwrap_or_default().write(&mut payload);
        payload.unsigned(u64::from(self.fixing_device.unwrap_or(0)), 4);
        payload.flag(self.raim);
        payload.flag(self.terminal_absent);
        payload.unsigned(0, 5);
        payload
    }
}

/// Class B static data: message 24, part A (160 bits) or B (168 bits).
#[derive(Clone, Debug, PartialEq)]
pub struct StaticB {
    /// The sender.
    pub mmsi: u32,
    /// Which part.
    pub part: StaticBPart,
}

/// The two parts of message 24.
#[derive(Clone, Debug, PartialEq)]
pub enum StaticBPart {
    /// Part A: the name.
    Name(Option<String>),
    /// Part B: what the ship is.
    Ship {
        /// Type of ship and cargo, 1 to 99.
        ship_type: Option<u8>,
        /// Vendor: three characters, model (4 bits), serial number (20 bits).
        vendor: (String, u8, u32),
        /// Call sign, at most 7 characters.
        callsign: Option<String>,
        /// Size of the ship.
        dimensions: Option<Dimensions>,
        /// Type of position fixing device, 1 to 15.
        fixing_device: Option<u8>,
    },
}

impl StaticB {
    /// The message's bits.
    pub fn encode(&self) -> Payload {
        let mut payload = Payload::start(24, self.mmsi);
        match &self.part {
            StaticBPart::Name(name) => {
                payload.unsigned(0, 2);
                payload.text(name.as_deref().unwrap_or(""), 20);
            }
            StaticBPart::Ship {
                ship_type,
                vendor: (vendor, model, serial),
                callsign,
                dimensions,
                fixing_device,
            } => {
                payload.unsigned(1, 2);
                payload.unsigned(u64::from(ship_type.unwrap_or(0)), 8);
                payload.text(vendor, 3);
                payload.unsigned(u64::from(*model), 4);
                payload.unsigned(u64::from(*serial), 20);
                payload.text(callsign.as_deref().unwrap_or(""), 7);
                dimensions.unwrap_or_default().write(&mut payload);
                payload.unsigned(u64::from(fixing_device.unwrap_or(0)), 4);
                payload.unsigned(0, 2);
            }
        }
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{Channel, sentences};

    #[test]
    fn message_5_is_the_published_sample_again() {
        let report = StaticA {
            mmsi: 351_759_000,
            imo: Some(9_134_270),
            callsign: Some("3FOF8  ".to_owned()),
            name: Some(format!("{:20}", "EVER DIADEM")),
            ship_type: Some(70),
            dimensions: Some(Dimensions { bow: 225, stern: 70, port: 1, starboard: 31 }),
            fixing_device: Some(1),
            arrival: Some(EstimatedArrival { month: 5, day: 15, hour: 14, minute: 0 }),
            draught_m: Some(12.2),
            destination: Some(format!("{:20}", "NEW YORK")),
            ..StaticA::default()
        };
        let lines = sentences(&report.encode(), "AIVDM", Channel::A, 1);
        assert_eq!(
            lines,
            [
                "!AIVDM,2,1,1,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1C",
                "!AIVDM,2,2,1,A,88888888880,2*25"
            ]
        );
    }

    #[test]
    fn message_19_is_the_published_sample_again() {
        let report = ExtendedB {
            mmsi: 367_059_850,
            speed_kn: Some(8.7),
            position: Some(Position::new(-88.810_392, 29.543_695)),
            course_deg: Some(335.9),
            second: Some(46),
            name: Some("CAPT.J.RIMES".to_owned()),
            ship_type: Some(70),
            dimensions: Some(Dimensions { bow: 5, stern: 21, port: 4, starboard: 4 }),
            fixing_device: Some(1),
            reserved: (248, 4),
            ..ExtendedB::default()
        };
        let lines = sentences(&report.encode(), "AIVDM", Channel::B, 0);
        assert_eq!(lines, ["!AIVDM,1,1,,B,C5N3SRgPEnJGEBT>NhWAwwo862PaLELTBJ:V00000000S0D:R220,0*0B"]);
    }

    #[test]
    fn message_24_is_the_published_sample_again() {
        let name = StaticB { mmsi: 271_041_815, part: StaticBPart::Name(Some("PROGUY".to_owned())) };
        let lines = sentences(&name.encode(), "AIVDM", Channel::A, 0);
        assert_eq!(lines, ["!AIVDM,1,1,,A,H42O55i18tMET00000000000000,2*6D"]);
        let ship = StaticB {
            mmsi: 271_041_815,
            part: StaticBPart::Ship {
                ship_type: Some(60),
                vendor: ("1D0".to_owned(), 12, 199_796),
                callsign: Some("TC6163".to_owned()),
                dimensions: Some(Dimensions { bow: 0, stern: 15, port: 0, starboard: 5 }),
                fixing_device: None,
            },
        };
        let lines = sentences(&ship.encode(), "AIVDM", Channel::A, 0);
        assert_eq!(lines, ["!AIVDM,1,1,,A,H42O55lti4hhhilD3nink000?050,0*40"]);
    }
}
