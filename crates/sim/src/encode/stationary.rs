//! What does not sail: messages 4 (base station) and 21 (aid to navigation).

use super::bits::Payload;
use super::statics::Dimensions;
use crate::sphere::Position;
use crate::time::Calendar;

/// A base station report: message 4, 168 bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BaseStation {
    /// The sender, 00MIDxxxx.
    pub mmsi: u32,
    /// UTC date and time.
    pub time: Option<Calendar>,
    /// Position accurate to 10 m.
    pub accurate: bool,
    /// Where the station is.
    pub position: Option<Position>,
    /// Type of position fixing device, 1 to 15 (7 surveyed).
    pub fixing_device: Option<u8>,
    /// RAIM in use.
    pub raim: bool,
    /// Communication state, 19 bits.
    pub radio: u32,
}

impl BaseStation {
    /// The message's bits.
    pub fn encode(&self) -> Payload {
        let absent = Calendar { year: 0, month: 0, day: 0, hour: 24, minute: 60, second: 60 };
        let time = self.time.unwrap_or(absent);
        let mut payload = Payload::start(4, self.mmsi);
        payload.unsigned(u64::from(time.year), 14);
        payload.unsigned(u64::from(time.month), 4);
        payload.unsigned(u64::from(time.day), 5);
        payload.unsigned(u64::from(time.hour), 5);
        payload.unsigned(u64::from(time.minute), 6);
        payload.unsigned(u64::from(time.second), 6);
        payload.flag(self.accurate);
        payload.position(self.position, 600_000.0, 28);
        payload.unsigned(u64::from(self.fixing_device.unwrap_or(0)), 4);
        payload.unsigned(0, 10);
        payload.flag(self.raim);
        payload.unsigned(u64::from(self.radio), 19);
        payload
    }
}

/// An aid-to-navigation report: message 21, 272 bits and up to 14 further characters of name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AidToNavigation {
    /// The sender, 99MIDxxxx.
    pub mmsi: u32,
    /// Type of aid, 1 to 31 (M.1371-5, table 74).
    pub aid_type: Option<u8>,
    /// Name, at most 34 characters.
    pub name: String,
    /// Position accurate to 10 m.
    pub accurate: bool,
    /// Where the aid is.
    pub position: Option<Position>,
    /// Size of the aid.
    pub dimensions: Option<Dimensions>,
    /// Type of position fixing device, 1 to 15.
    pub fixing_device: Option<u8>,
    /// UTC second of the position, 0 to 59.
    pub second: Option<u8>,
    /// The aid has left its place.
    pub off_position: bool,
    /// Status of the aid, 8 bits.
    pub status: u8,
    /// There is no aid at that place, only its report.
    pub virtual_aid: bool,
}

/// Characters of the name in the fixed part of message 21.
const NAME_CHARS: usize = 20;

impl AidToNavigation {
    /// The message's bits, with spare bits up to a whole byte.
    pub fn encode(&self) -> Payload {
        let mut payload = Payload::start(21, self.mmsi);
        payload.unsigned(u64::from(self.aid_type.unwrap_or(0)), 5);
        payload.text(&self.name, NAME_CHARS);
        payload.flag(self.accurate);
        payload.position(self.position, 600_000.0, 28);
        self.dimensions.unwrap_or_default().write(&mut payload);
        payload.unsigned(u64::from(self.fixing_device.unwrap_or(0)), 4);
        payload.second(self.second);
        payload.flag(self.off_position);
        payload.unsigned(u64::from(self.status), 8);
        payload.flag(false);
        payload.flag(self.virtual_aid);
        payload.unsigned(0, 2);
        if let Some(rest) = self.name.get(NAME_CHARS..) {
            payload.text(rest, rest.len().min(14));
        }
        while !payload.bits().is_multiple_of(8) {
            payload.unsigned(0, 1);
        }
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{Channel, sentences};

    #[test]
    fn message_4_is_the_published_sample_again() {
        let report = BaseStation {
            mmsi: 3_669_702,
            time: Some(Calendar { year: 2007, month: 5, day: 14, hour: 19, minute: 57, second: 39 }),
            accurate: true,
            position: Some(Position::new(-76.352_362, 36.883_767)),
            fixing_device: Some(7),
            radio: 67_039,
            ..BaseStation::default()
        };
        let lines = sentences(&report.encode(), "AIVDM", Channel::A, 0);
        assert_eq!(lines, ["!AIVDM,1,1,,A,403OviQuMGCqWrRO9>E6fE700@GO,0*4D"]);
    }

    #[test]
    fn message_21_is_the_published_sample_again() {
        let report = AidToNavigation {
            mmsi: 123_456_789,
            aid_type: Some(20),
            name: "CHINA ROSE MURPHY EXPRESS ALERT".to_owned(),
            position: Some(Position::new(-122.698_592, 47.920_618)),
            dimensions: Some(Dimensions { bow: 5, stern: 5, port: 5, starboard: 5 }),
            fixing_device: Some(1),
            second: Some(50),
            status: 165,
            ..AidToNavigation::default()
        };
        // The sample's last two bits go beyond the whole byte; its characters are the same.
        assert_eq!(report.encode().armour().0, "E1mg=5J1T4W0h97aRh6ba84<h2d;W:Te=eLvH50```q:D44QDlp0C1DU00");
    }
}
