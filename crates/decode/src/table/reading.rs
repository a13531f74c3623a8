//! From the values of a row or object to its fate: the faults are tried here, in their order.

use alloc::sync::Arc;
use model::report::NoPositionReport;
use model::{
    EventTime, Fate, MessageType, Mmsi, Origin, Payload, Position, PositionReport, Reason, StaticReport,
    Statics, Transmission,
};

use super::values::Told;
use crate::{Content, Decoded, Place, Settings, Stamp};

/// What a row or object stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A position message of this type.
    Position(u8),
    /// A static message of this type.
    Static(u8),
    /// Another message, of this type where it is known.
    Other(Option<u8>),
}

/// All that a row or object says.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) time: Told<EventTime>,
    /// `None`: not a number.
    pub(crate) mmsi: Option<Mmsi>,
    /// 10⁻⁶ degree.
    pub(crate) lon: Told<i64>,
    /// 10⁻⁶ degree.
    pub(crate) lat: Told<i64>,
    pub(crate) sog: Option<u16>,
    pub(crate) cog: Option<u16>,
    pub(crate) heading: Option<u16>,
    pub(crate) nav_status: Option<u8>,
    pub(crate) kind: Kind,
    pub(crate) statics: Option<Arc<Statics>>,
}

impl Reading {
    /// Of this kind, with nothing said.
    pub(crate) fn empty(kind: Kind) -> Reading {
        Reading {
            time: Told::Absent,
            mmsi: None,
            lon: Told::Absent,
            lat: Told::Absent,
            sog: None,
            cog: None,
            heading: None,
            nav_status: None,
            kind,
            statics: None,
        }
    }

    /// What tells no time has that of its arrival on a live source.
    pub(crate) fn arrive(&mut self, arrival: Option<EventTime>) {
        if let (Told::Absent, Some(t)) = (&self.time, arrival) {
            self.time = Told::Value(t);
        }
    }

    /// Judges the reading. `hash` is that of all bytes of the row, so that equal rows are equal.
    pub(crate) fn conclude(self, hash: u64, origin: Origin, settings: &Settings) -> Decoded {
        let malformed = self.mmsi.is_none()
            || self.time.is_malformed()
            || self.lon.is_malformed()
            || self.lat.is_malformed();
        let believed = self.time.value().filter(|t| settings.believes(*t));
        let mut decoded = Decoded::line(Fate::Rejected(Reason::Malformed), origin);
        decoded.stamp = believed.zip(self.mmsi).map(|(t, mmsi)| Stamp { t, mmsi });
        if malformed {
            return decoded;
        }
        let (number, needs_position) = match self.kind {
            Kind::Position(number) => (number, true),
            Kind::Static(number) => (number, false),
            Kind::Other(number) => {
                decoded.kind = number;
                decoded.content = Content::Fate(Fate::OtherType);
                return decoded;
            }
        };
        decoded.kind = Some(number);
        decoded.content = match decoded.stamp {
            None if self.time == Told::Absent => Content::Fate(Fate::Rejected(Reason::NoTime)),
            None => Content::Fate(Fate::Rejected(Reason::BadTime)),
            Some(stamp) if !stamp.mmsi.is_vessel() => Content::Fate(Fate::Rejected(Reason::NotVessel)),
            Some(stamp) if needs_position => self.position(stamp, MessageType(number), hash, origin),
            Some(stamp) => Content::Transmission(Transmission::Static(StaticReport {
                t: stamp.t,
                mmsi: stamp.mmsi,
                kind: MessageType(number),
                lines: 1,
                payload: Payload([hash, 0, 0]),
                origin,
                statics: self.statics.unwrap_or_default(),
            })),
        };
        decoded
    }

    fn position(self, stamp: Stamp, kind: MessageType, hash: u64, origin: Origin) -> Content {
        let Stamp { t, mmsi } = stamp;
        let place = Place::from_units(self.lon.value(), self.lat.value());
        let position = match (place, place.fault()) {
            (Place::At(position), None) => position,
            (Place::At(_) | Place::OutOfRange, Some(reason)) => return Content::Fate(Fate::Rejected(reason)),
            (Place::Absent | Place::OutOfRange, _) => {
                return Content::Transmission(Transmission::NoPosition(NoPositionReport {
                    t,
                    mmsi,
                    kind,
                    lines: 1,
                    payload: Payload([hash, 0, 0]),
                    origin,
                    statics: self.statics,
                }));
            }
        };
        Content::Transmission(Transmission::Position(PositionReport {
            t,
            mmsi,
            position,
            sog: self.sog,
            cog: self.cog,
            heading: self.heading,
            // Types 18 and 19 have no such field (ITU-R M.1371-5 tables 68 and 69).
            nav_status: self.nav_status.filter(|_| !matches!(kind.0, 18 | 19)),
            kind,
            lines: 1,
            payload: Payload([hash, packed(position), 0]),
            origin,
            statics: self.statics,
        }))
    }
}

fn packed(position: Position) -> u64 {
    u64::from(position.lon as u32) << 32 | u64::from(position.lat as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: EventTime = EventTime(1_696_161_600_000);

    fn fate(change: impl FnOnce(&mut Reading)) -> Fate {
        let settings = Settings { latest: EventTime(NOON.0 + 1), tag_checksum: crate::TagChecksum::Lenient };
        let mut reading = Reading::empty(Kind::Position(1));
        reading.time = Told::Value(NOON);
        reading.mmsi = Some(Mmsi(273_000_001));
        (reading.lon, reading.lat) = (Told::Value(130_300_000), Told::Value(42_200_000));
        change(&mut reading);
        match reading.conclude(1, Origin::default(), &settings).content {
            Content::Fate(fate) => fate,
            Content::Landmark(_) => Fate::OtherType,
            Content::Transmission(Transmission::NoPosition(_)) => Fate::Rejected(Reason::NoPosition),
            Content::Transmission(Transmission::Position(_) | Transmission::Static(_)) => Fate::Accepted,
        }
    }

    #[test]
    fn the_first_fault_in_order_counts() {
        assert_eq!(fate(|_| {}), Fate::Accepted);
        assert_eq!(fate(|r| r.lon = Told::Value(0)), Fate::Accepted);
        // From the last fault to the first, each added to the ones before.
        type Fault = (Reason, fn(&mut Reading));
        let faults: [Fault; 6] = [
            (Reason::OutOfRange, |r| r.lat = Told::Value(-90_000_001)),
            (Reason::NoPosition, |r| r.lon = Told::Absent),
            (Reason::NotVessel, |r| r.mmsi = Some(Mmsi(2_190_064))),
            (Reason::BadTime, |r| r.time = Told::Value(EventTime(NOON.0 + 2))),
            (Reason::NoTime, |r| r.time = Told::Absent),
            (Reason::Malformed, |r| r.lat = Told::Malformed),
        ];
        for count in 1..=faults.len() {
            let (reason, _) = faults[count - 1];
            let all = |r: &mut Reading| faults[..count].iter().for_each(|(_, change)| change(r));
            assert_eq!(fate(all), Fate::Rejected(reason));
        }
        let null_island = |r: &mut Reading| (r.lon, r.lat) = (Told::Value(9_999), Told::Value(-9_999));
        assert_eq!(fate(null_island), Fate::Rejected(Reason::NullIsland));
        assert_eq!(fate(|r| r.lat = Told::Value(91_000_000)), Fate::Rejected(Reason::NoPosition));
        assert_eq!(fate(|r| r.kind = Kind::Other(Some(4))), Fate::OtherType);
    }
}
