//! How the log has a transmission with its place: without what follows from the rest.

use decode::message::{Envelope, report_of};
use model::report::Head;
use model::{EventTime, Origin, PositionReport, Transmission};
use reorder::{Beside, OrderKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
enum Written<T> {
    /// A report of which all follows from its bits: one that was read from a sentence, and has as many as a head.
    Bits(Beside, Bits),
    Whole(Beside, T),
}

#[derive(Serialize, Deserialize)]
struct Bits {
    t: EventTime,
    lines: u8,
    origin: Origin,
    head: Head,
}

impl Bits {
    fn of(transmission: &Transmission) -> Option<Bits> {
        let Transmission::Position(report) = transmission else { return None };
        let head = report.payload.head()?;
        let bits = Bits { t: report.t, lines: report.lines, origin: report.origin, head };
        debug_assert_eq!(bits.report().as_ref(), Some(report), "the payload of a row has no length of bits");
        Some(bits)
    }

    fn report(&self) -> Option<PositionReport> {
        report_of(self.head, Envelope { t: self.t, lines: self.lines, origin: self.origin })
    }
}

/// Writes a transmission with its place.
pub fn serialize<S: Serializer>(
    key: &OrderKey,
    transmission: &Transmission,
    out: S,
) -> Result<S::Ok, S::Error> {
    let beside = key.beside();
    match Bits::of(transmission) {
        Some(bits) => Written::Bits(beside, bits),
        None => Written::Whole(beside, transmission),
    }
    .serialize(out)
}

/// Reads it.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<(OrderKey, Transmission), D::Error> {
    let (beside, transmission) = match Written::deserialize(from)? {
        Written::Bits(beside, bits) => {
            let report =
                bits.report().ok_or_else(|| serde::de::Error::custom("bits that are no position"))?;
            (beside, Transmission::Position(report))
        }
        Written::Whole(beside, transmission) => (beside, transmission),
    };
    Ok((beside.key(&transmission), transmission))
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use decode::nmea::NmeaDecoder;
    use decode::{Content, Settings, TagChecksum};
    use model::{Payload, StaticReport, Statics};

    use super::*;
    use crate::Entry;

    /// A published message of type 1.
    const SENTENCE: &[u8] = b"\\c:1700000000*5E\\!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C";

    fn sentence() -> PositionReport {
        let settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };
        let mut found = Vec::new();
        let origin = Origin { input: 3, line: 70_000 };
        NmeaDecoder::new(settings, None).decode(SENTENCE, origin, &mut |decoded| found.push(decoded.content));
        let Some(Content::Transmission(Transmission::Position(report))) = found.pop() else {
            panic!("a report")
        };
        report
    }

    /// Its bytes, which are read as what was written.
    #[track_caller]
    fn written(key: OrderKey, transmission: Transmission) -> usize {
        let entry = Entry::Transmission(key, transmission);
        let bytes = postcard::to_allocvec(&entry).unwrap();
        assert_eq!(postcard::from_bytes::<Entry>(&bytes).unwrap(), entry);
        bytes.len()
    }

    #[test]
    fn of_a_sentence_its_bits_are_written() {
        let sentence = Transmission::Position(sentence());
        assert!(written(OrderKey::in_time(&sentence), sentence.clone()) < 42);
        let late = OrderKey::late(EventTime(1_700_000_300_000), 2, 400);
        assert!(written(late, sentence) < 56);
    }

    #[test]
    fn what_does_not_follow_from_its_bits_is_written_whole() {
        // As of a row, of a message of type 27, and of a longer one.
        for payload in [[u64::MAX, 7, 0], [u64::MAX, u64::MAX << 32, 96], [u64::MAX; 3]] {
            let row = Transmission::Position(PositionReport { payload: Payload(payload), ..sentence() });
            assert!(written(OrderKey::row(&row), row) > 42);
        }
        let PositionReport { t, mmsi, kind, lines, payload, origin, .. } = sentence();
        let statics = Arc::new(Statics { imo: Some(9_179_842), ..Statics::default() });
        let report = Transmission::Static(StaticReport { t, mmsi, kind, lines, payload, origin, statics });
        written(OrderKey::in_time(&report), report);
    }

    #[test]
    fn bits_that_are_no_position_are_refused() {
        let bits = Bits { t: EventTime(0), lines: 1, origin: Origin::default(), head: Head::default() };
        let damaged = Written::<Transmission>::Bits(Beside::InTime, bits);
        let bytes = postcard::to_allocvec(&(0_u8, damaged)).unwrap();
        assert!(postcard::from_bytes::<Entry>(&bytes).is_err());
    }
}
