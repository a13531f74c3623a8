//! Position reports of ships: messages 1, 2, 3 (class A), 18 (class B) and 27 (long range).

use super::bits::Payload;
use crate::sphere::Position;

/// Which class A position report (M.1371-5, 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PositionAKind {
    /// Message 1, scheduled.
    #[default]
    Scheduled,
    /// Message 2, assigned by a base station.
    Assigned,
    /// Message 3, an answer to an interrogation or a special report.
    Response,
}

/// A class A position report: message 1, 2 or 3, 168 bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PositionA {
    /// Message 1, 2 or 3.
    pub kind: PositionAKind,
    /// The sender.
    pub mmsi: u32,
    /// Navigational status, 0 to 14.
    pub status: Option<u8>,
    /// ROT_AIS, -127 to 127: 4.733 × √(degrees a minute), signed.
    pub rate_of_turn: Option<i8>,
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
    /// UTC second of the position, 0 to 59 (61 to 63 have meanings of their own).
    pub second: Option<u8>,
    /// Special manoeuvre indicator: 0 not available, 1 no, 2 yes.
    pub manoeuvre: u8,
    /// RAIM in use.
    pub raim: bool,
    /// Communication state, 19 bits.
    pub radio: u32,
}

impl PositionA {
    /// The message's bits.
    pub fn encode(&self) -> Payload {
        let message_type = match self.kind {
            PositionAKind::Scheduled => 1,
            PositionAKind::Assigned => 2,
            PositionAKind::Response => 3,
        };
        let mut payload = Payload::start(message_type, self.mmsi);
        payload.unsigned(u64::from(self.status.unwrap_or(15)), 4);
        payload.signed(self.rate_of_turn.map_or(-128, i64::from), 8);
        payload.scaled(self.speed_kn, 10.0, 1_022, 1_023, 10);
        payload.flag(self.accurate);
        payload.position(self.position, 600_000.0, 28);
        payload.course(self.course_deg, 10.0, 3_600, 12);
        payload.heading(self.heading_deg);
        payload.second(self.second);
        payload.unsigned(u64::from(self.manoeuvre), 2);
        payload.unsigned(0, 3);
        payload.flag(self.raim);
        payload.unsigned(u64::from(self.radio), 19);
        payload
    }
}

/// A class B position report: message 18, 168 bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PositionB {
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
    /// The seven bits from the unit flag to the RAIM flag: carrier-sense unit, display, DSC, whole band, message 22,
    /// assigned mode, RAIM.
    pub flags: u8,
    /// Communication state with its selector, 20 bits.
    pub radio: u32,
}

impl PositionB {
    /// Flags of an ordinary carrier-sense unit.
    pub const CARRIER_SENSE: u8 = 0b101_1100;

    /// The message's bits.
    pub fn encode(&self) -> Payload {
        let mut payload = Payload::start(18, self.mmsi);
        payload.unsigned(0, 8);
        payload.scaled(self.speed_kn, 10.0, 1_022, 1_023, 10);
        payload.flag(self.accurate);
        payload.position(self.position, 600_000.0, 28);
        payload.course(self.course_deg, 10.0, 3_600, 12);
        payload.heading(self.heading_deg);
        payload.second(self.second);
        payload.unsigned(0, 2);
        payload.unsigned(u64::from(self.flags), 7);
        payload.unsigned(u64::from(self.radio), 20);
        payload
    }
}

/// A position report for satellites: message 27, 96 bits, tenths of a minute and whole knots and degrees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LongRange {
    /// The sender.
    pub mmsi: u32,
    /// Position accurate to 10 m.
    pub accurate: bool,
    /// RAIM in use.
    pub raim: bool,
    /// Navigational status, 0 to 14.
    pub status: Option<u8>,
    /// Where the ship is.
    pub position: Option<Position>,
    /// Speed over ground, 0 to 62.
    pub speed_kn: Option<f64>,
    /// Course over ground, degrees true.
    pub course_deg: Option<f64>,
    /// The position is older than 5 s.
    pub position_is_old: bool,
}

impl LongRange {
    /// The message's bits.
    pub fn encode(&self) -> Payload {
        let mut payload = Payload::start(27, self.mmsi);
        payload.flag(self.accurate);
        payload.flag(self.raim);
        payload.unsigned(u64::from(self.status.unwrap_or(15)), 4);
        payload.position(self.position, 600.0, 18);
        payload.scaled(self.speed_kn, 1.0, 62, 63, 6);
        payload.course(self.course_deg, 1.0, 511, 9);
        payload.flag(self.position_is_old);
        payload.unsigned(0, 1);
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{Channel, sentences};

    #[test]
    fn message_1_is_the_published_sample_again() {
        let report = PositionA {
            mmsi: 371_798_000,
            status: Some(0),
            rate_of_turn: Some(-127),
            speed_kn: Some(12.3),
            accurate: true,
            position: Some(Position::new(-123.395_383_333, 48.381_633_333)),
            course_deg: Some(224.0),
            heading_deg: Some(215),
            second: Some(33),
            radio: 34_017,
            ..PositionA::default()
        };
        let lines = sentences(&report.encode(), "AIVDM", Channel::A, 0);
        assert_eq!(lines, ["!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*4A"]);
    }

    #[test]
    fn message_3_is_the_published_sample_again() {
        let report = PositionA {
            kind: PositionAKind::Response,
            mmsi: 563_808_000,
            status: Some(5),
            rate_of_turn: Some(0),
            speed_kn: Some(0.0),
            accurate: true,
            position: Some(Position::new(-76.327_533, 36.91)),
            course_deg: Some(252.0),
            heading_deg: Some(352),
            second: Some(35),
            ..PositionA::default()
        };
        let lines = sentences(&report.encode(), "AIVDM", Channel::A, 0);
        assert_eq!(lines, ["!AIVDM,1,1,,A,38Id705000rRVJhE7cl9n;160000,0*40"]);
    }

    #[test]
    fn message_18_is_the_published_sample_again() {
        let report = PositionB {
            mmsi: 338_087_471,
            speed_kn: Some(0.1),
            position: Some(Position::new(-74.072_132, 40.684_54)),
            course_deg: Some(79.6),
            second: Some(49),
            flags: PositionB::CARRIER_SENSE | 0b1_0001,
            radio: 917_510,
            ..PositionB::default()
        };
        let lines = sentences(&report.encode(), "AIVDM", Channel::A, 0);
        assert_eq!(lines, ["!AIVDM,1,1,,A,B52K>;h00Fc>jpUlNV@ikwpUoP06,0*4C"]);
    }

    #[test]
    fn message_27_is_the_published_sample_again() {
        let report = LongRange {
            mmsi: 236_091_959,
            status: Some(3),
            position: Some(Position::new(-154.201_667, 87.065)),
            speed_kn: Some(0.0),
            course_deg: Some(0.0),
            ..LongRange::default()
        };
        let lines = sentences(&report.encode().repeated(1), "AIVDM", Channel::A, 0);
        assert_eq!(lines, ["!AIVDM,1,1,,A,KCQ9r=hrFUnH7P00,0*41"]);
    }

    #[test]
    fn what_is_absent_is_sent_as_not_available() {
        // The defaults of M.1371-5: status 15, ROT -128, SOG 1023, 181, 91, 3600, 511, 60.
        let nothing = PositionA::default();
        assert_eq!(nothing.encode().armour().0, "100000?P?w<tSF0l4Q@>4?wp0000");
    }
}
