//! JSON lines: one object a line, in the project's own shape or in that of a common service.
//!
//! An object counts as a row: it carries its own time, and only one with the same bytes is its
//! duplicate. Where it names its message type, it keeps it.
//!
//! ```
//! use decode::json::{JsonDecoder, Shape, detect};
//! use decode::{Content, Settings, TagChecksum};
//! use model::{EventTime, Origin};
//!
//! let line = br#"{"t":"2023-10-01T00:00:00Z","mmsi":273000001,"lon":130.3,"lat":42.23,"sog":0.1}"#;
//! assert_eq!(detect(line), Some(Shape::Own));
//! let settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };
//! let decoded = JsonDecoder::new(settings).decode(line, Origin { input: 0, line: 1 });
//! assert!(matches!(decoded.content, Content::Transmission(_)));
//! ```

mod shapes;
mod value;

use model::{EventTime, Fate, Origin, hash};

use self::shapes::Own;
use self::value::{Object, Value};
use crate::table::cache::StaticsCache;
use crate::table::reading::Reading;
use crate::{Decoded, Settings};

/// Whose objects they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `{"t":…,"mmsi":…,"lon":…,"lat":…,…}`: times as text or epoch number, units as in tables.
    Own,
    /// aisstream.io: `{"MessageType":…,"Message":{…},"MetaData":{…}}`.
    AisStream,
    /// Digitraffic: `{"topic":"vessels-v2/…","payload":{…}}`, the payload alone, or a feature.
    Digitraffic,
    /// AIS-catcher: `{"class":"AIS","rxtime":…,"type":…,…}`.
    AisCatcher,
}

/// The shape of a first line; `None` where it is no object or of no known shape.
#[must_use]
pub fn detect(first_line: &[u8]) -> Option<Shape> {
    let line = bare(first_line);
    if line.first() != Some(&b'{') {
        return None;
    }
    let object = Object::parse(line)?;
    shape_of(&object).or_else(|| Own::find(&object).map(|_| Shape::Own))
}

/// Reads JSON lines. The shape is recognised line by line.
#[derive(Clone, Debug)]
pub struct JsonDecoder {
    settings: Settings,
    /// Of a live source: when the line has arrived, which is its time if it has no other.
    arrival: Option<EventTime>,
    cache: StaticsCache,
}

impl JsonDecoder {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> JsonDecoder {
        JsonDecoder { settings, arrival: None, cache: StaticsCache::default() }
    }

    /// The next lines arrive at this time on a live source.
    pub fn arrive(&mut self, t: EventTime) {
        self.settings.arrive(t);
        self.arrival = Some(t);
    }

    /// Decodes one line, given without its line end.
    pub fn decode(&mut self, line: &[u8], origin: Origin) -> Decoded {
        let line = bare(line);
        // No JSON text starts with #; some programs write comments so.
        if line.is_empty() || line.starts_with(b"#") {
            return Decoded::line(Fate::Other, origin);
        }
        let reading = match core::str::from_utf8(line) {
            Ok(text) => self.read(text.as_bytes()),
            Err(_) => self.read(alloc::string::String::from_utf8_lossy(line).as_bytes()),
        };
        match reading {
            Some(mut reading) => {
                reading.arrive(self.arrival);
                reading.conclude(hash::bytes(0, line), origin, &self.settings)
            }
            None => Decoded::line(Fate::Other, origin),
        }
    }

    /// What a line says; `None` where it is a message about no ship.
    fn read(&mut self, line: &[u8]) -> Option<Reading> {
        let Some(object) = Object::parse(line) else { return Some(shapes::unknown()) };
        match shape_of(&object) {
            Some(Shape::AisStream) => Some(shapes::aisstream(&object)),
            Some(Shape::AisCatcher) => Some(shapes::ais_catcher(&object)),
            Some(Shape::Digitraffic) if is_status(&object) => None,
            Some(Shape::Digitraffic) => Some(shapes::digitraffic(&object)),
            Some(Shape::Own) | None => Some(self.own(&object)),
        }
    }

    fn own(&mut self, object: &Object<'_>) -> Reading {
        let Some(own) = Own::find(object) else { return shapes::unknown() };
        let mut reading = own.reading();
        let texts = own.static_texts();
        let fields = texts.iter().map(|text| text.as_bytes());
        reading.statics = reading.mmsi.and_then(|mmsi| self.cache.get(mmsi, fields, || own.statics()));
        reading
    }
}

/// The line without byte order mark and blanks around it.
fn bare(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii()
}

/// The shape by the keys that only it has; `None` also for the project's own.
fn shape_of(object: &Object<'_>) -> Option<Shape> {
    if object.has("MessageType") && object.has("Message") {
        return Some(Shape::AisStream);
    }
    if object.get("class").as_text() == Some("AIS") {
        return Some(Shape::AisCatcher);
    }
    let topic = object.get("topic").as_text().unwrap_or_default();
    let is_topic = topic.starts_with("vessels") && object.has("payload");
    let is_message = object.get("type").as_text().is_some_and(|name| name.starts_with("VESSEL_"));
    let is_feature = object.get("type").as_text() == Some("Feature")
        && object.object("properties").has("timestampExternal");
    let is_payload =
        object.has("mmsi") && (object.has("navStat") || object.has("refA") || object.has("referencePointA"));
    (is_topic || is_message || is_feature || is_payload).then_some(Shape::Digitraffic)
}

/// Whether it is one of the messages by which Digitraffic tells that it is alive.
fn is_status(object: &Object<'_>) -> bool {
    object.get("topic").as_text().is_some_and(|topic| topic.ends_with("/status"))
        || *object.get("type") == Value::Text("VESSEL_STATUS".into())
}

#[cfg(test)]
mod tests;
