//! What a decoder says of one message, in a form in which all of them can be compared.
//!
//! A value that is not available is not in the record. A message that the rules of the project
//! reject has the reason as its only value.

use std::collections::{BTreeMap, BTreeSet};

use decode::nmea::{AssumedTime, NmeaDecoder};
use decode::rare::Landmark;
use decode::{Content, Decoded, Settings, TagChecksum};
use model::{Dimensions, EventTime, Fate, Mmsi, Origin, Position, Statics, Transmission};

/// Types whose reports are ours.
pub const HOT: [u8; 8] = [1, 2, 3, 5, 18, 19, 24, 27];
/// Types that are landmarks.
pub const RARE: [u8; 4] = [4, 9, 11, 21];

/// One message as a decoder has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Message type.
    pub kind: u8,
    /// Sender.
    pub mmsi: u32,
    /// Values by name.
    pub values: BTreeMap<&'static str, String>,
}

/// The moving part of a message, integers of 10⁻⁶ degree and 0.1 knot or degree.
#[derive(Clone, Copy, Debug, Default)]
pub struct Motion {
    pub lon: Option<i64>,
    pub lat: Option<i64>,
    pub sog: Option<i64>,
    pub cog: Option<i64>,
    pub heading: Option<i64>,
    pub status: Option<i64>,
}

/// The static part of a message; texts as the decoder gives them, 0 for what is not available.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    pub name: String,
    pub callsign: String,
    pub destination: String,
    pub imo: i64,
    pub ship_type: i64,
    /// 0.1 m.
    pub draught: i64,
    /// Bow, stern, port, starboard in metres.
    pub dimensions: [i64; 4],
}

impl Record {
    /// A message of which nothing but type and sender is known.
    pub fn new(kind: u8, mmsi: u32) -> Record {
        Record { kind, mmsi, values: BTreeMap::new() }
    }

    /// Adds a value, if there is one.
    pub fn set(&mut self, field: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.values.insert(field, value.to_string());
        }
    }

    /// Turns the record into that of a rejected message.
    pub fn reject(mut self, fate: &str) -> Record {
        self.values.clear();
        self.set("fate", Some(fate));
        self
    }

    /// A value.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.values.get(field).map(String::as_str)
    }

    /// Adds the moving part, by the rules of the project: no position, no motion.
    pub fn with_motion(mut self, motion: Motion) -> Record {
        let (Some(lon), Some(lat)) = (motion.lon, motion.lat) else { return self };
        if lon == 181_000_000 || lat == 91_000_000 {
            return self;
        }
        if lon.abs() > 180_000_000 || lat.abs() > 90_000_000 {
            return self.reject("out_of_range");
        }
        if lon.abs() < 10_000 && lat.abs() < 10_000 {
            return self.reject("null_island");
        }
        self.set("lon", Some(lon));
        self.set("lat", Some(lat));
        self.set("sog", motion.sog);
        self.set("cog", motion.cog);
        self.set("heading", motion.heading);
        self.set("status", motion.status);
        self
    }

    /// Adds the static part.
    pub fn with_identity(mut self, identity: &Identity) -> Record {
        if self.get("fate").is_some() {
            return self;
        }
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        let number = |number: i64| (number != 0).then_some(number);
        self.set("name", text(&identity.name));
        self.set("callsign", text(&identity.callsign));
        self.set("destination", text(&identity.destination));
        self.set("imo", number(identity.imo));
        self.set("ship_type", number(identity.ship_type));
        self.set("draught", number(identity.draught));
        let [bow, stern, port, starboard] = identity.dimensions;
        let has_size = identity.dimensions != [0; 4];
        self.set("dimensions", has_size.then(|| format!("{bow}/{stern}/{port}/{starboard}")));
        self
    }

    /// The record of a sender who is no ship, by the rules of the project.
    pub fn of_sender(self) -> Record {
        if HOT.contains(&self.kind) && !Mmsi(self.mmsi).is_vessel() {
            self.reject("not_vessel")
        } else {
            self
        }
    }
}

/// What the project's decoder says of a message; `None` for lines and messages of no interest.
pub fn ours(decoded: &Decoded) -> Option<Record> {
    let kind = decoded.kind.filter(|kind| HOT.contains(kind) || RARE.contains(kind))?;
    let record = Record::new(kind, decoded.stamp?.mmsi.0);
    Some(match &decoded.content {
        Content::Transmission(Transmission::Position(report)) => {
            let Position { lon, lat } = report.position;
            let motion = Motion {
                lon: Some(lon.into()),
                lat: Some(lat.into()),
                sog: report.sog.map(i64::from),
                cog: report.cog.map(i64::from),
                heading: report.heading.map(i64::from),
                status: report.nav_status.map(i64::from),
            };
            let identity = report.statics.as_deref().map(identity).unwrap_or_default();
            record.with_motion(motion).with_identity(&identity)
        }
        Content::Transmission(Transmission::NoPosition(report)) => {
            record.with_identity(&report.statics.as_deref().map(identity).unwrap_or_default())
        }
        Content::Transmission(Transmission::Static(report)) => {
            record.with_identity(&identity(&report.statics))
        }
        Content::Landmark(Landmark { mmsi, kind: told, position }) => {
            assert_eq!((*told, mmsi.0), (kind, record.mmsi));
            let lon = position.map(|position| position.lon.into());
            let lat = position.map(|position| position.lat.into());
            record.with_motion(Motion { lon, lat, ..Motion::default() })
        }
        Content::Fate(Fate::Rejected(reason)) => record.reject(reason.name()),
        Content::Fate(Fate::OtherType) => record.reject("other_type"),
        Content::Fate(Fate::Accepted | Fate::Other | Fate::Candidate) => unreachable!("no fate of a message"),
    })
}

fn identity(statics: &Statics) -> Identity {
    let text = |text: &Option<model::CompactString>| text.as_deref().unwrap_or_default().to_owned();
    let dimensions = match statics.dimensions {
        Some(Dimensions::FromReference { bow, stern, port, starboard }) => {
            [bow, stern, port, starboard].map(i64::from)
        }
        Some(Dimensions::LengthWidth { .. }) => unreachable!("sentences tell distances from the antenna"),
        None => [0; 4],
    };
    Identity {
        name: text(&statics.name),
        callsign: text(&statics.callsign),
        destination: text(&statics.destination),
        imo: statics.imo.map_or(0, i64::from),
        ship_type: statics.ship_type.map_or(0, i64::from),
        draught: statics.draught.map_or(0, i64::from),
        dimensions,
    }
}

/// Reads lines with the project's decoder; a line without a time gets one.
pub struct Ours {
    decoder: NmeaDecoder,
}

impl Ours {
    /// A decoder that has read nothing.
    pub fn new() -> Ours {
        let settings = Settings { latest: EventTime(4_102_444_800_000), tag_checksum: TagChecksum::Lenient };
        let assumed = AssumedTime { start: EventTime(1_600_000_000_000), step_ms: 1 };
        Ours { decoder: NmeaDecoder::new(settings, Some(assumed)) }
    }

    /// The messages that a line completes.
    pub fn read(&mut self, line: &[u8]) -> Vec<Record> {
        let mut records = Vec::new();
        self.decoder.decode(line, Origin::default(), &mut |decoded| records.extend(ours(&decoded)));
        records
    }
}

/// What is seen where two decoders differ.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What the message is.
    pub kind: u8,
    /// Bits of the message, where known.
    pub bits: usize,
    /// What the project says.
    pub ours: Option<String>,
    /// What the other says.
    pub theirs: Option<String>,
}

/// A difference that is known, with the argument for the project's side.
pub struct Known {
    /// Types of message in which it is seen.
    pub kinds: &'static [u8],
    /// Values in which it is seen.
    pub fields: &'static [&'static str],
    /// Why the project is right, or may differ.
    pub why: &'static str,
    /// Whether a difference is this one.
    pub holds: fn(&Seen) -> bool,
}

/// Compares records, and keeps the account of known differences.
pub struct Ledger {
    name: &'static str,
    known: Vec<(Known, u64)>,
    unknown: Vec<String>,
    /// Messages compared.
    pub compared: u64,
    /// Units of 10⁻⁶ degree by which the other's positions may be off.
    pub tolerance: i64,
}

impl Ledger {
    /// A ledger of one peer.
    pub fn new(name: &'static str, known: Vec<Known>) -> Ledger {
        let known = known.into_iter().map(|known| (known, 0)).collect();
        Ledger { name, known, unknown: Vec::new(), compared: 0, tolerance: 0 }
    }

    /// Compares one message; `None` where the other says nothing of it. `what` is told if it differs.
    pub fn compare(&mut self, ours: &Record, theirs: Option<&Record>, bits: usize, what: &str) {
        self.compared += 1;
        let Some(theirs) = theirs else {
            return self.judge(ours, bits, "message", ours.get("fate").or(Some("read")), None, what);
        };
        if (ours.kind, ours.mmsi) != (theirs.kind, theirs.mmsi) {
            let (mine, told) = (ours.mmsi.to_string(), theirs.mmsi.to_string());
            return self.judge(ours, bits, "mmsi", Some(&mine), Some(&told), what);
        }
        // What was rejected has no values to compare.
        if ours.get("fate").is_some() || theirs.get("fate").is_some() {
            return self.judge(ours, bits, "fate", ours.get("fate"), theirs.get("fate"), what);
        }
        let fields: BTreeSet<&'static str> =
            ours.values.keys().chain(theirs.values.keys()).copied().collect();
        for field in fields {
            self.judge(ours, bits, field, ours.get(field), theirs.get(field), what);
        }
    }

    /// Takes down a message that only the other has read.
    pub fn not_read(&mut self, theirs: &Record, what: &str) {
        self.compared += 1;
        self.judge(theirs, 0, "message", None, Some("read"), what);
    }

    fn judge(
        &mut self,
        record: &Record,
        bits: usize,
        field: &'static str,
        ours: Option<&str>,
        theirs: Option<&str>,
        what: &str,
    ) {
        if ours == theirs || matches!(field, "lon" | "lat") && is_near(ours, theirs, self.tolerance) {
            return;
        }
        let text = |value: Option<&str>| value.map(str::to_owned);
        let seen = Seen { kind: record.kind, bits, ours: text(ours), theirs: text(theirs) };
        let fits = |(known, _): &&mut (Known, u64)| {
            known.kinds.contains(&seen.kind) && known.fields.contains(&field) && (known.holds)(&seen)
        };
        match self.known.iter_mut().find(fits) {
            Some((_, count)) => *count += 1,
            None => self.unknown.push(format!("{} {field}: {seen:?} in {what}", record.mmsi)),
        }
    }

    /// Fails if a difference is not known.
    ///
    /// # Panics
    /// With the first of them.
    pub fn settle(&self) {
        let count = self.unknown.len();
        let first = self.unknown.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(count == 0, "{}: {count} differences in {} messages:\n{first}", self.name, self.compared);
    }

    /// Fails if a known difference was never seen: the list is to stay true.
    ///
    /// # Panics
    /// With those.
    pub fn settle_all_seen(&self) {
        self.settle();
        let unseen: Vec<&str> =
            self.known.iter().filter(|(_, count)| *count == 0).map(|(known, _)| known.why).collect();
        assert!(unseen.is_empty(), "{}: never seen in {} messages: {unseen:#?}", self.name, self.compared);
    }
}

fn is_near(ours: Option<&str>, theirs: Option<&str>, tolerance: i64) -> bool {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    number(ours).zip(number(theirs)).is_some_and(|(ours, theirs)| (ours - theirs).abs() <= tolerance)
}

/// A text by the rules of the project: up to the first `@`, without blanks at either end.
pub fn cut(text: &str) -> &str {
    text.split('@').next().unwrap_or_default().trim_matches(' ')
}
