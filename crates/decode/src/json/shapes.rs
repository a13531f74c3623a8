//! What each shape of object says.

use alloc::sync::Arc;
use model::{CompactString, Dimensions, Mmsi, Statics};

use super::value::{Object, Value};
use crate::table::reading::{Kind, Reading};
use crate::table::role::{Role, plain};
use crate::table::values::{self, Mobile, Told};

fn text(value: &Value<'_>) -> Option<CompactString> {
    value.read(values::text)
}

fn mmsi(value: &Value<'_>) -> Option<Mmsi> {
    value.read(values::mmsi).map(Mmsi)
}

fn number(value: &Value<'_>) -> Option<u8> {
    value.read(|text| values::bounded(text, 0, 255)).and_then(|number| u8::try_from(number).ok())
}

fn reference_point(object: &Object<'_>, keys: [&str; 4]) -> Option<Dimensions> {
    let [bow, stern, port, starboard] =
        keys.map(|key| object.get(key).read(|text| values::bounded(text, 0, u16::MAX)).unwrap_or(0));
    Dimensions::from_reference(bow, stern, port, starboard)
}

/// The movement of a position message, by the keys of its shape.
fn movement(reading: &mut Reading, object: &Object<'_>, keys: [&str; 6]) {
    let [lon, lat, sog, cog, heading, nav_status] = keys.map(|key| object.get(key));
    reading.lon = lon.read(values::coordinate);
    reading.lat = lat.read(values::coordinate);
    reading.sog = sog.read(values::sog);
    reading.cog = cog.read(values::cog);
    reading.heading = heading.read(values::heading);
    reading.nav_status = nav_status.read(values::nav_status);
    // In type 27 the raw 63 stands for "not available" (ITU-R M.1371-5 table 84).
    if reading.kind == Kind::Position(27) {
        reading.sog = reading.sog.filter(|tenths| *tenths < 630);
    }
}

fn shared(statics: Statics) -> Option<Arc<Statics>> {
    (!statics.is_empty()).then(|| Arc::new(statics))
}

/// The project's own shape, and any flat object with common names: one value for each role.
pub(super) struct Own<'v, 'a> {
    values: [&'v Value<'a>; Role::COUNT],
    dimensions: &'v Value<'a>,
}

impl<'v, 'a> Own<'v, 'a> {
    /// Finds the values by their keys; `None` where no key can be an MMSI or none a time.
    pub(super) fn find(object: &'v Object<'a>) -> Option<Own<'v, 'a>> {
        const NONE: &Value<'static> = &Value::Null;
        let mut own = Own { values: [NONE; Role::COUNT], dimensions: NONE };
        let mut ranks = [usize::MAX; Role::COUNT];
        for (key, value) in &object.0 {
            let name = plain(key.as_bytes());
            if name.as_bytes() == b"dimensions" {
                own.dimensions = value;
            } else if let Some((role, rank)) = role_of(name.as_bytes())
                && rank < ranks[role as usize]
            {
                ranks[role as usize] = rank;
                own.values[role as usize] = value;
            }
        }
        let found = |role: Role| ranks[role as usize] != usize::MAX;
        (found(Role::Mmsi) && (found(Role::Time) || found(Role::Lon) && found(Role::Lat))).then_some(own)
    }

    fn value(&self, role: Role) -> &'v Value<'a> {
        self.values[role as usize]
    }

    /// Everything but the static values.
    pub(super) fn reading(&self) -> Reading {
        let kind = match self.value(Role::Class).read(values::mobile) {
            Mobile::ClassA | Mobile::Unknown => Kind::Position(1),
            Mobile::ClassB => Kind::Position(18),
            Mobile::Other(number) => Kind::Other(number),
        };
        let mut reading = Reading::empty(kind);
        reading.time = self.value(Role::Time).read(values::time);
        reading.mmsi = mmsi(self.value(Role::Mmsi));
        reading.lon = self.value(Role::Lon).read(values::coordinate);
        reading.lat = self.value(Role::Lat).read(values::coordinate);
        reading.sog = self.value(Role::Sog).read(values::sog);
        reading.cog = self.value(Role::Cog).read(values::cog);
        reading.heading = self.value(Role::Heading).read(values::heading);
        reading.nav_status = self.value(Role::NavStatus).read(values::nav_status);
        reading
    }

    /// The texts of the static values.
    pub(super) fn static_texts(&self) -> [CompactString; Role::STATIC.len() + 1] {
        let text = |value: &Value<'_>| value.read(CompactString::from_utf8_lossy);
        let mut texts = [const { CompactString::const_new("") }; Role::STATIC.len() + 1];
        for (slot, role) in texts.iter_mut().zip(Role::STATIC) {
            *slot = text(self.value(role));
        }
        if let Some(last) = texts.last_mut() {
            *last = text(self.dimensions);
        }
        texts
    }

    /// The static values.
    pub(super) fn statics(&self) -> Statics {
        Statics {
            draught: self.value(Role::Draught).read(values::draught),
            imo: self.value(Role::Imo).read(values::imo),
            ship_type: self.value(Role::ShipType).read(values::ship_type),
            dimensions: self.dimensions(),
            destination: text(self.value(Role::Destination)),
            name: text(self.value(Role::Name)),
            callsign: text(self.value(Role::Callsign)),
        }
    }

    fn dimensions(&self) -> Option<Dimensions> {
        if *self.dimensions != Value::Null {
            return self.dimensions.read(dimensions);
        }
        let metres =
            |role: Role| self.value(role).read(|text| values::bounded(text, 0, u16::MAX)).unwrap_or(0);
        let [bow, stern, port, starboard] = Role::REFERENCE_POINT.map(metres);
        Dimensions::from_reference(bow, stern, port, starboard).or_else(|| {
            self.value(Role::Length)
                .read(|length| self.value(Role::Width).read(|width| values::length_width(length, width)))
        })
    }
}

fn role_of(name: &[u8]) -> Option<(Role, usize)> {
    Role::ALL.into_iter().find_map(|role| {
        let rank = role.names().iter().position(|known| known.as_bytes() == name)?;
        Some((role, rank))
    })
}

/// `A/B/C/D` or `LxW`, in metres.
fn dimensions(text: &[u8]) -> Option<Dimensions> {
    let mut parts = text.split(|byte| *byte == b'/').map(<[u8]>::trim_ascii);
    if let (Some(bow), Some(stern), Some(port), Some(starboard), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    {
        return values::reference_point([bow, stern, port, starboard]);
    }
    let cross = text.iter().position(|byte| matches!(byte, b'x' | b'X'))?;
    values::length_width(text[..cross].trim_ascii(), text[cross + 1..].trim_ascii())
}

/// aisstream.io: `MessageType`, `Message`, `MetaData`.
pub(super) fn aisstream(object: &Object<'_>) -> Reading {
    let meta = object.first(&["MetaData", "Metadata", "metadata"]);
    let name = object.get("MessageType").as_text().unwrap_or_default();
    let message = object.object("Message").object(name);
    let told_number = number(message.get("MessageID"));
    let kind = match name {
        "PositionReport" => Kind::Position(told_number.filter(|number| matches!(number, 1..=3)).unwrap_or(1)),
        "StandardClassBPositionReport" => Kind::Position(18),
        "ExtendedClassBPositionReport" => Kind::Position(19),
        "LongRangeAisBroadcastMessage" => Kind::Position(27),
        "ShipStaticData" => Kind::Static(5),
        "StaticDataReport" => Kind::Static(24),
        _ => Kind::Other(told_number),
    };
    let mut reading = Reading::empty(kind);
    if let Some(meta) = meta.as_object() {
        reading.time = meta.first(&["time_utc", "time"]).read(values::time);
        reading.mmsi = mmsi(meta.first(&["MMSI", "MMSI_String"]));
    }
    reading.mmsi = mmsi(message.get("UserID")).or(reading.mmsi);
    match kind {
        Kind::Position(number) => {
            let keys = ["Longitude", "Latitude", "Sog", "Cog", "TrueHeading", "NavigationalStatus"];
            movement(&mut reading, message, keys);
            if number == 19 {
                reading.statics = shared(aisstream_statics(message));
            }
        }
        Kind::Static(24) => reading.statics = shared(aisstream_report(message)),
        Kind::Static(_) => reading.statics = shared(aisstream_statics(message)),
        Kind::Other(_) => {}
    }
    reading
}

fn aisstream_statics(message: &Object<'_>) -> Statics {
    Statics {
        draught: message.get("MaximumStaticDraught").read(values::draught),
        imo: message.get("ImoNumber").read(values::imo),
        ship_type: message.first(&["Type", "ShipType"]).read(values::ship_type),
        dimensions: reference_point(message.object("Dimension"), ["A", "B", "C", "D"]),
        destination: text(message.get("Destination")),
        name: text(message.get("Name")),
        callsign: text(message.get("CallSign")),
    }
}

/// The part of message 24 that was sent; the other one is there too, marked as not valid.
fn aisstream_report(message: &Object<'_>) -> Statics {
    let mut statics = Statics::default();
    for part in ["ReportA", "ReportB"].map(|key| message.object(key)) {
        if part.get("Valid").is_true() {
            statics.update(&aisstream_statics(part));
        }
    }
    statics
}

/// Digitraffic: a message of its MQTT service with its topic, the payload alone with an `mmsi`,
/// or a feature of its REST service.
pub(super) fn digitraffic(object: &Object<'_>) -> Reading {
    let topic = object.get("topic").as_text().unwrap_or_default();
    let body = match object.first(&["payload", "data"]).as_object() {
        Some(inner) => inner,
        None => object,
    };
    let mut levels = topic.split('/').skip(1);
    let topic_mmsi = levels.next().and_then(|level| values::mmsi(level.as_bytes())).map(Mmsi);
    let feature = body.get("properties").as_object();
    let is_location = feature.is_some() || body.has("lon") || body.has("navStat");
    let mut reading = if is_location { location(body, feature) } else { metadata(body) };
    let own_mmsi = mmsi(body.get("mmsi")).or_else(|| mmsi(feature?.get("mmsi")));
    reading.mmsi = topic_mmsi.or(own_mmsi);
    reading
}

fn location(body: &Object<'_>, feature: Option<&Object<'_>>) -> Reading {
    let mut reading = Reading::empty(Kind::Position(1));
    let Some(properties) = feature else {
        movement(&mut reading, body, ["lon", "lat", "sog", "cog", "heading", "navStat"]);
        reading.time = body.get("time").read(values::time);
        return reading;
    };
    movement(&mut reading, properties, ["lon", "lat", "sog", "cog", "heading", "navStat"]);
    // `timestamp` is the UTC second of the message, not a time.
    reading.time = properties.get("timestampExternal").read(values::time);
    if let Value::List(coordinates) = body.object("geometry").get("coordinates") {
        let coordinate =
            |index: usize| coordinates.get(index).map_or(Told::Absent, |at| at.read(values::coordinate));
        (reading.lon, reading.lat) = (coordinate(0), coordinate(1));
    }
    reading
}

fn metadata(body: &Object<'_>) -> Reading {
    let mut reading = Reading::empty(Kind::Static(5));
    reading.time = body.get("timestamp").read(values::time);
    let named = ["refA", "refB", "refC", "refD"];
    let spelled = ["referencePointA", "referencePointB", "referencePointC", "referencePointD"];
    reading.statics = shared(Statics {
        // In 0.1 m, as the message has it.
        draught: body.get("draught").read(|text| values::bounded(text, 0, 255)).filter(|tenths| *tenths != 0),
        imo: body.get("imo").read(values::imo),
        ship_type: body.first(&["type", "shipType"]).read(values::ship_type),
        dimensions: reference_point(body, named).or_else(|| reference_point(body, spelled)),
        destination: text(body.get("destination")),
        name: text(body.get("name")),
        callsign: text(body.get("callSign")),
    });
    reading
}

/// AIS-catcher, and gpsd where something has added the time.
pub(super) fn ais_catcher(object: &Object<'_>) -> Reading {
    let kind = match number(object.get("type")) {
        Some(number @ (1..=3 | 18 | 19 | 27)) => Kind::Position(number),
        Some(number @ (5 | 24)) => Kind::Static(number),
        number => Kind::Other(number),
    };
    let mut reading = Reading::empty(kind);
    reading.time = object.first(&["rxuxtime", "rxtime"]).read(values::reception_time);
    reading.mmsi = mmsi(object.get("mmsi"));
    match kind {
        Kind::Position(number) => {
            movement(&mut reading, object, ["lon", "lat", "speed", "course", "heading", "status"]);
            // An object that holds only the sentence says nothing of the position, not even
            // that there is none.
            if !["lon", "lat", "speed", "course"].iter().any(|key| object.has(key)) {
                reading.lon = Told::Malformed;
            }
            if number == 19 {
                reading.statics = shared(ais_catcher_statics(object));
            }
        }
        Kind::Static(_) => reading.statics = shared(ais_catcher_statics(object)),
        Kind::Other(_) => {}
    }
    reading
}

fn ais_catcher_statics(object: &Object<'_>) -> Statics {
    Statics {
        draught: object.get("draught").read(values::draught),
        imo: object.get("imo").read(values::imo),
        ship_type: object.get("shiptype").read(values::ship_type),
        dimensions: reference_point(object, ["to_bow", "to_stern", "to_port", "to_starboard"]),
        destination: text(object.get("destination")),
        name: text(object.get("shipname")),
        callsign: text(object.get("callsign")),
    }
}

/// An object of no known shape: malformed, but its time may still be told.
pub(super) fn unknown() -> Reading {
    let mut reading = Reading::empty(Kind::Other(None));
    reading.time = Told::Malformed;
    reading
}
