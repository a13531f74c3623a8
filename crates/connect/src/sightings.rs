//! Sightings: ships seen by other means than what they transmit, as tables, GeoJSON or JSON lines.
//!
//! What is wrong with a row is counted and told with its place, and the rest is read on.
//!
//! ```
//! use connect::sightings::{Fault, Sightings};
//!
//! let table = "time,lat,lon,length_m\n2023-10-02T20:00:00Z,42.2,130.3,120\nyesterday,42.2,130.3,\n";
//! let mut sightings = Sightings::default();
//! sightings.read("radar.csv", 0, table.as_bytes(), &|_| None).unwrap();
//! assert_eq!(sightings.list[0].length, Some(1_200));
//! assert_eq!((sightings.read, sightings.rejected[&Fault::BadTime]), (2, 1));
//! ```

mod fields;
mod geometry;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use model::sighting::Sighting;
use model::{EventTime, Fix, Mmsi, Origin, Position};
use serde_json::Value;

use crate::lists::{delimiter, reader};
use fields::Fields;

/// Most sightings of one command.
pub const MAX_SIGHTINGS: usize = 1_000_000;
/// Most bytes of one input, after decompression.
const MAX_BYTES: u64 = 2 << 30;
/// A row over more lines than this has a quote that was not closed.
const MAX_ROW_LINES: u64 = 10;
/// Rows named of each fault.
const EXAMPLES: u64 = 3;
/// Names of columns that say nothing told.
const MAX_UNUSED: usize = 20;
/// Characters of a value told.
const MAX_SHOWN: usize = 40;
/// Radar and cameras are right to so many metres unless they say otherwise; ways of locating a radio are not.
const ACCURACY_M: f64 = 500.0;
const RADIO_ACCURACY_M: f64 = 5_000.0;
/// What is less accurate says little, and concerns too many ships.
const MAX_ACCURACY_M: f64 = 50_000.0;
/// No ship is longer (Seawise Giant had 458 m).
const MAX_LENGTH_M: f64 = 500.0;
/// Without a word on it, that there was a ship is as likely as not.
const CONFIDENCE: f64 = 0.5;
/// 1990-01-01: what is earlier is a mistake.
const EARLIEST: EventTime = EventTime(631_152_000_000);

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// No row of a table, object or feature.
    Malformed,
    /// Without a time.
    NoTime,
    /// A time that is none, or before 1990.
    BadTime,
    /// Without a position, and without a port in its place.
    NoPosition,
    /// A position outside the globe, or that is none.
    OutOfRange,
    /// Where receivers without a fix end up.
    NullIsland,
    /// A port that is not in the port file, or of whose name there are several.
    UnknownPort,
    /// Another value that is none.
    BadValue,
    /// The same again.
    Duplicate,
    /// Before the first report or after the last one.
    Outside,
    /// More than can be taken.
    Limit,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 11] = [
        Fault::Malformed,
        Fault::NoTime,
        Fault::BadTime,
        Fault::NoPosition,
        Fault::OutOfRange,
        Fault::NullIsland,
        Fault::UnknownPort,
        Fault::BadValue,
        Fault::Duplicate,
        Fault::Outside,
        Fault::Limit,
    ];

    /// The name in statistics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::Malformed => "malformed",
            Fault::NoTime => "no_time",
            Fault::BadTime => "bad_time",
            Fault::NoPosition => "no_position",
            Fault::OutOfRange => "out_of_range",
            Fault::NullIsland => "null_island",
            Fault::UnknownPort => "unknown_port",
            Fault::BadValue => "bad_value",
            Fault::Duplicate => "duplicate",
            Fault::Outside => "outside",
            Fault::Limit => "limit",
        }
    }

    /// The words for it in messages to people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Fault::Malformed => "no row, object or feature that can be read",
            Fault::NoTime => "no time",
            Fault::BadTime => "a time that is none (ISO 8601 or epoch), or before 1990",
            Fault::NoPosition => "no position, and no port",
            Fault::OutOfRange => "a position that is none, or outside the globe",
            Fault::NullIsland => "within 0.01° of 0° N 0° E, where receivers without a fix end up",
            Fault::UnknownPort => {
                "a port that is not in the port file by its id, or of whose name there are several"
            }
            Fault::BadValue => {
                "a value that is none: length_m 0 to 500, confidence above 0 to 1, accuracy_m 1 to 50000, mmsi of a ship, imo of seven digits"
            }
            Fault::Duplicate => "the same as one before",
            Fault::Outside => {
                "before the first report or after the last one, so that nothing can be said of it"
            }
            Fault::Limit => "more than the 1,000,000 that are taken",
        }
    }
}

/// Where a port is, and how far it reaches, by what a row calls it.
pub type PortOf<'a> = &'a dyn Fn(&str) -> Option<(Position, f64)>;

/// All that was read.
#[derive(Debug, Default)]
pub struct Sightings {
    /// The sightings, as they stand in the inputs.
    pub list: Vec<Sighting>,
    /// Rows read.
    pub read: u64,
    /// Rows left out, by what is wrong with them.
    pub rejected: BTreeMap<Fault, u64>,
    /// The first rows of each fault, for people.
    pub examples: Vec<String>,
    /// Where rows that were left out stand, and what is wrong with them; the first 1,000,000.
    pub left_out: Vec<(Origin, Fault)>,
    /// Names of columns or properties that say nothing here, the first of them.
    pub unused: BTreeSet<String>,
    seen: BTreeSet<(u64, EventTime, Position)>,
}

impl Sightings {
    /// Takes in all of an input.
    ///
    /// # Errors
    /// If it cannot be read to its end, or is too long.
    pub fn read(&mut self, name: &str, input: u32, from: impl Read, port: PortOf<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::other("sightings are read up to 2 GiB a file; cut it into several"));
        }
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let mut taker = Taker { name, input, port, all: self };
        match text.trim_ascii_start().first() {
            Some(b'{' | b'[' | 0x1E) => taker.json(text),
            Some(_) => taker.table(text),
            None => {}
        }
        Ok(())
    }

    /// Leaves a row out.
    pub fn reject(&mut self, fault: Fault, origin: Origin, place: &str) {
        self.leave_out(&fault.into(), origin, place);
    }

    fn leave_out(&mut self, wrong: &Wrong, origin: Origin, place: &str) {
        self.note_left_out(wrong.fault, origin);
        let count = self.rejected.entry(wrong.fault).or_default();
        *count += 1;
        if *count <= EXAMPLES {
            let words = wrong.fault.words();
            let value = wrong.value.as_ref().map_or_else(String::new, |value| format!(" ({value})"));
            self.examples.push(format!("{place}: {words}{value}"));
        }
    }

    fn note_left_out(&mut self, fault: Fault, origin: Origin) {
        if self.left_out.len() < MAX_SIGHTINGS {
            self.left_out.push((origin, fault));
        }
    }

    fn note_unused<'a>(&mut self, names: impl Iterator<Item = &'a String>) {
        for name in names {
            let is_new = !name.is_empty() && !fields::is_known(name) && !self.unused.contains(name);
            if is_new && self.unused.len() < MAX_UNUSED {
                self.unused.insert(name.clone());
            }
        }
    }
}

/// What is wrong with a row, and which value of it.
struct Wrong {
    fault: Fault,
    value: Option<String>,
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Wrong {
        Wrong { fault, value: None }
    }
}

impl Wrong {
    fn of(fault: Fault, column: &str, value: &str) -> Wrong {
        let short: String = value.chars().take(MAX_SHOWN).collect();
        Wrong { fault, value: Some(format!("{column} is {short:?}")) }
    }
}

/// Takes in one input.
struct Taker<'a> {
    name: &'a str,
    input: u32,
    port: PortOf<'a>,
    all: &'a mut Sightings,
}

impl Taker<'_> {
    fn table(&mut self, text: &[u8]) {
        let mut table = reader(text, delimiter(text));
        let mut record = csv::ByteRecord::new();
        let mut header: Option<Vec<String>> = None;
        let mut lacking: Option<Fault> = None;
        loop {
            match table.read_byte_record(&mut record) {
                Ok(true) => {}
                // Bytes in memory that need not be UTF-8 are always records.
                Ok(false) | Err(_) => return,
            }
            let line = record.position().map_or(0, csv::Position::line);
            let field = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
            let Some(names) = &header else {
                let names: Vec<String> = record.iter().map(|name| fields::normal(&field(name))).collect();
                lacking = self.header(&names);
                header = Some(names);
                continue;
            };
            if record.iter().all(|bytes| bytes.trim_ascii().is_empty()) {
                continue;
            }
            if let Some(fault) = lacking {
                // It was told of the header.
                self.all.read += 1;
                *self.all.rejected.entry(fault).or_default() += 1;
                self.all.note_left_out(fault, Origin { input: self.input, line });
                continue;
            }
            if table.position().line().saturating_sub(line) > MAX_ROW_LINES {
                // A quote that was not closed.
                self.row(line, Err(Fault::Malformed));
                continue;
            }
            let row: Fields = names.iter().cloned().zip(record.iter().map(field)).collect();
            self.row(line, Ok(row));
        }
    }

    /// What no row of a table with these columns can have; that is told once.
    fn header(&mut self, names: &[String]) -> Option<Fault> {
        let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
        let (lacking, wanted) = if !has(&fields::TIME) {
            (Fault::NoTime, "time (such as time, t, timestamp)")
        } else if !(has(&fields::LAT) && has(&fields::LON) || has(&fields::PORT)) {
            (Fault::NoPosition, "position (such as lat and lon, or port)")
        } else {
            self.all.note_unused(names.iter());
            return None;
        };
        let found = names.join(", ");
        self.all.examples.push(format!("{}: no column of a {wanted}; its columns are: {found}", self.name));
        Some(lacking)
    }

    fn json(&mut self, text: &[u8]) {
        let line_of = |line: &[u8]| -> Option<Value> {
            serde_json::from_slice(line.strip_prefix(b"\x1E").unwrap_or(line)).ok()
        };
        let lines = || text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines().find(|line| !line.is_empty()).and_then(line_of);
        // Lines, unless it is a document that runs over several of them.
        if first.is_none()
            && let Ok(whole) = serde_json::from_slice::<Value>(text)
        {
            return self.document(whole, 1);
        }
        for (number, line) in (1..).zip(lines()) {
            match line_of(line) {
                _ if line.is_empty() => {}
                Some(value) => self.document(value, number),
                None => self.row(number, Err(Fault::Malformed)),
            }
        }
    }

    /// An object, a feature, or several of them; those of a collection have numbers of their own.
    fn document(&mut self, value: Value, line: u64) {
        let several = match value {
            Value::Array(several) => several,
            Value::Object(mut object) if object.contains_key("features") => match object.remove("features") {
                Some(Value::Array(several)) => several,
                Some(_) | None => Vec::new(),
            },
            one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                return self.object(line, one);
            }
        };
        for (number, one) in (1..).zip(several) {
            self.object(number, one);
        }
    }

    fn object(&mut self, line: u64, one: Value) {
        let row = fields::of_value(one).ok_or(Fault::Malformed);
        if let Ok(row) = &row {
            self.all.note_unused(row.keys());
        }
        self.row(line, row);
    }

    fn row(&mut self, line: u64, row: Result<Fields, Fault>) {
        self.all.read += 1;
        let origin = Origin { input: self.input, line };
        let taken = row.map_err(Wrong::from).and_then(|row| sighting(&row, origin, self.port));
        let taken = taken.and_then(|sighting| {
            let id = model::hash::bytes(0, sighting.id.as_bytes());
            if self.all.list.len() >= MAX_SIGHTINGS {
                Err(Fault::Limit.into())
            } else if self.all.seen.insert((id, sighting.fix.t, sighting.fix.position)) {
                Ok(sighting)
            } else {
                Err(Fault::Duplicate.into())
            }
        });
        match taken {
            Ok(sighting) => self.all.list.push(sighting),
            Err(wrong) => self.all.leave_out(&wrong, origin, &format!("{}:{line}", self.name)),
        }
    }
}

/// The sighting of a row.
fn sighting(row: &Fields, origin: Origin, port: PortOf<'_>) -> Result<Sighting, Wrong> {
    let text = |names: &[&str]| fields::find(row, names).map(|(_, value)| value);
    let (column, value) = fields::find(row, &fields::TIME).ok_or(Fault::NoTime)?;
    let t = time(value).filter(|t| *t >= EARLIEST);
    let t = t.ok_or_else(|| Wrong::of(Fault::BadTime, column, value))?;
    let (position, reach_m) = place(row, port)?;
    let sensor = text(&fields::SENSOR).map(str::to_owned);
    let length_m = number(row, &fields::LENGTH, 0.0, MAX_LENGTH_M)?.filter(|length_m| *length_m > 0.0);
    let confidence = number(row, &fields::CONFIDENCE, f64::MIN_POSITIVE, 1.0)?.unwrap_or(CONFIDENCE);
    let is_radio = sensor.as_deref().is_some_and(|sensor| fields::normal(sensor).starts_with("rf"));
    let usual_m = if is_radio { RADIO_ACCURACY_M } else { ACCURACY_M };
    let accuracy_m = number(row, &fields::ACCURACY, 1.0, MAX_ACCURACY_M)?;
    let accuracy_m = accuracy_m.unwrap_or(usual_m).max(reach_m).min(MAX_ACCURACY_M);
    let mmsi = whole(row, &fields::MMSI, |mmsi| Mmsi(mmsi).is_vessel())?.map(Mmsi);
    let imo = whole(row, &fields::IMO, |imo| (1_000_000..=9_999_999).contains(&imo))?;
    let mut sighting = Sighting {
        id: text(&fields::ID).map(str::to_owned).unwrap_or_default(),
        fix: Fix { t, position },
        length: length_m.map(|length_m| model::number::round(length_m * 10.0) as u32),
        confidence,
        accuracy_m,
        sensor,
        mmsi,
        imo,
        origin,
    };
    if sighting.id.is_empty() {
        sighting.id = content_id(&sighting);
    }
    Ok(sighting)
}

/// An id for a row that has none: the same content gives the same, wherever it stands.
fn content_id(sighting: &Sighting) -> String {
    let Sighting { fix, length, confidence, accuracy_m, mmsi, imo, .. } = sighting;
    let words = [
        fix.t.0 as u64,
        u64::from(fix.position.lon as u32) << 32 | u64::from(fix.position.lat as u32),
        u64::from(length.unwrap_or(0)),
        confidence.to_bits(),
        accuracy_m.to_bits(),
        u64::from(mmsi.map_or(0, |mmsi| mmsi.0)),
        u64::from(imo.unwrap_or(0)),
    ];
    let seed = model::hash::bytes(0, sighting.sensor.as_deref().unwrap_or_default().as_bytes());
    format!("{:016x}", words.into_iter().fold(seed, model::hash::mix))
}

/// A number between two others; none of what is empty or NaN.
fn number(row: &Fields, names: &[&str], least: f64, most: f64) -> Result<Option<f64>, Wrong> {
    let Some((column, text)) = fields::find(row, names) else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(value) if least <= value && value <= most => Ok(Some(value)),
        Ok(_) | Err(_) => Err(Wrong::of(Fault::BadValue, column, text)),
    }
}

/// A whole number, which programs may have written with a fraction of nothing; 0 stands for none.
fn whole(row: &Fields, names: &[&str], is_right: impl Fn(u32) -> bool) -> Result<Option<u32>, Wrong> {
    let Some((column, text)) = fields::find(row, names) else { return Ok(None) };
    let digits = text.trim_start_matches("IMO").trim();
    let fraction = digits.split_once('.').filter(|(_, fraction)| fraction.bytes().all(|byte| byte == b'0'));
    let digits = fraction.map_or(digits, |(whole, _)| whole);
    match digits.parse::<u32>() {
        Ok(0) => Ok(None),
        Ok(number) if is_right(number) => Ok(Some(number)),
        Ok(_) | Err(_) => Err(Wrong::of(Fault::BadValue, column, text)),
    }
}

fn time(text: &str) -> Option<EventTime> {
    if let Some(extended) = extended(text) {
        return EventTime::parse_iso(extended.as_bytes());
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(EventTime::from_epoch_number(number));
    }
    match text.parse::<f64>() {
        // Seconds with a fraction.
        Ok(seconds) if seconds.abs() < 1e11 => Some(EventTime(model::number::round(seconds * 1_000.0))),
        // Programs write whole numbers with a fraction, too.
        Ok(number) if number.abs() < 1e19 => Some(EventTime::from_epoch_number(model::number::round(number))),
        Ok(_) | Err(_) => EventTime::parse_iso(text.as_bytes()),
    }
}

/// `YYYYMMDD[THHMM[SS]…]`, the basic format of ISO 8601, as the extended one.
fn extended(text: &str) -> Option<String> {
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (date, rest) = text.split_at_checked(8).filter(|(date, _)| are_digits(date))?;
    let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
    if rest.is_empty() {
        return Some(date);
    }
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (minutes, rest) = clock.split_at_checked(4).filter(|(minutes, _)| are_digits(minutes))?;
    let (seconds, rest) = match rest.split_at_checked(2).filter(|(seconds, _)| are_digits(seconds)) {
        Some((seconds, rest)) => (seconds, rest),
        None => ("00", rest),
    };
    Some(format!("{date}T{}:{}:{seconds}{rest}", &minutes[..2], &minutes[2..]))
}

/// Where it was, or the port that it was in with the radius of that.
fn place(row: &Fields, port: PortOf<'_>) -> Result<(Position, f64), Wrong> {
    match (fields::find(row, &fields::LON), fields::find(row, &fields::LAT)) {
        (Some(lon), Some(lat)) => {
            let degrees = |(column, text): (&str, &str)| {
                let degrees = text.parse::<f64>().ok().filter(|degrees| degrees.is_finite());
                degrees.ok_or_else(|| Wrong::of(Fault::OutOfRange, column, text))
            };
            let position = Position::from_degrees(degrees(lon)?, degrees(lat)?);
            let position = position.ok_or_else(|| {
                let (column, text) = if degrees(lat).is_ok_and(|lat| lat.abs() > 90.0) { lat } else { lon };
                Wrong::of(Fault::OutOfRange, column, text)
            })?;
            if position.is_null_island() {
                return Err(Fault::NullIsland.into());
            }
            Ok((position, 0.0))
        }
        (None, None) => {
            let (column, named) = fields::find(row, &fields::PORT).ok_or(Fault::NoPosition)?;
            port(named).ok_or_else(|| Wrong::of(Fault::UnknownPort, column, named))
        }
        (Some(_), None) | (None, Some(_)) => Err(Fault::NoPosition.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Sightings {
        let mut sightings = Sightings::default();
        let rajin = Position::from_degrees(130.3, 42.2).unwrap();
        let port = |name: &str| (name == "KPRJN").then_some((rajin, 4_000.0));
        sightings.read("seen", 0, text.as_bytes(), &port).unwrap();
        sightings
    }

    #[test]
    fn a_table_a_collection_and_lines_give_the_same() {
        let table = read("Acquired;Latitude;Longitude;Length (m);length_m\n1696276800;42.2;130.3;x;121.5\n");
        let collection = read(
            r#"{"type":"FeatureCollection",
                "features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[130.3,42.2]},
                "properties":{"T":"2023-10-02T20:00:00Z","length":121.5}}]}"#,
        );
        let lines = read("{\"time\":1696276800000,\"lat\":42.2,\"lon\":130.3,\"length\":\"121.5\"}\n\n");
        let feature = read(
            r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[130.2,42.1],[130.4,42.1],[130.4,42.3],[130.2,42.3],[130.2,42.1]]]},"properties":{"t":1696276800,"length":121.5}}"#,
        );
        let plain = |sightings: &Sightings| {
            assert_eq!((sightings.list.len(), sightings.read), (1, 1), "{sightings:?}");
            Sighting { origin: Origin::default(), ..sightings.list[0].clone() }
        };
        for other in [&collection, &lines, &feature] {
            assert_eq!(plain(&table), plain(other));
        }
        assert_eq!(table.list[0].origin.line, 2);
    }

    #[test]
    fn a_port_stands_for_a_position_with_its_radius() {
        let seen = read("t,port\n2023-10-02,KPRJN\n2023-10-02,Atlantis\n");
        assert_eq!((seen.list.len(), seen.list[0].accuracy_m), (1, 4_000.0));
        assert_eq!(seen.rejected[&Fault::UnknownPort], 1);
    }

    #[test]
    fn what_is_wrong_is_counted_by_what_it_is_and_the_first_are_named() {
        let table = "time,lat,lon,length,confidence,mmsi,sensor\n\
             2023-10-02T20:00:00Z,42,130,,,,\n\
             2023-10-02T20:00:00Z,42,130,,,,\n\
             ,42,130,,,,\n\
             soon,42,130,,,,\n\
             1980-01-01,42,130,,,,\n\
             2023-10-02T20:00:00Z,,130,,,,\n\
             2023-10-02T20:00:00Z,95,130,,,,\n\
             2023-10-02T20:00:00Z,42,130,-5,,,\n\
             2023-10-02T20:00:00Z,42,130,,85,,\n\
             2023-10-02T20:00:00Z,42,130,,,99,\n\
             2023-10-02T20:00:00Z,42,130,,0,,\n\
             2023-10-02T20:00:00Z,0.001,-0.001,,,,\n\
             2023-10-02T21:00:00Z,42,130,,0.9,273000001,RF-1\n";
        let seen = read(table);
        let rejected: Vec<(Fault, u64)> = seen.rejected.clone().into_iter().collect();
        assert_eq!(
            rejected,
            [
                (Fault::NoTime, 1),
                (Fault::BadTime, 2),
                (Fault::NoPosition, 1),
                (Fault::OutOfRange, 1),
                (Fault::NullIsland, 1),
                (Fault::BadValue, 4),
                (Fault::Duplicate, 1),
            ]
        );
        assert_eq!((seen.read, seen.list.len()), (13, 2));
        assert_eq!(seen.list[1].accuracy_m, 5_000.0);
        assert!(seen.examples.iter().any(|told| told.starts_with("seen:4: no time")), "{:?}", seen.examples);
        for value in ["(time is \"soon\")", "(lat is \"95\")", "(confidence is \"85\")"] {
            assert!(seen.examples.iter().any(|told| told.ends_with(value)), "{value}: {:?}", seen.examples);
        }
    }

    #[test]
    fn a_table_without_a_column_that_is_needed_is_told_once() {
        let seen = read("when,lat,lon\n1696276800,42,130\n1696276900,42,130\n");
        assert_eq!((seen.read, seen.rejected[&Fault::NoTime]), (2, 2));
        assert_eq!(seen.examples.len(), 1);
        assert!(seen.examples[0].ends_with("its columns are: when, lat, lon"), "{:?}", seen.examples);
        let seen = read("time,lat\n1696276800,42\n");
        assert_eq!((seen.rejected[&Fault::NoPosition], seen.examples.len()), (1, 1));
    }

    #[test]
    fn columns_that_say_nothing_are_named() {
        let table = read("detect_timestamp,detect_lat,detect_lon,Ship Type\n1696276800,42,130,cargo\n");
        assert_eq!(table.list.len(), 1);
        assert_eq!(table.unused.iter().collect::<Vec<_>>(), ["ship_type"]);
        let lines = read("{\"t\":1696276800,\"lat\":42,\"lon\":130,\"score\":1}\n");
        assert_eq!(lines.unused.iter().collect::<Vec<_>>(), ["score"]);
    }

    #[test]
    fn numbers_and_times_as_other_programs_write_them_are_read() {
        for t in
            ["1696276800000.0", "1696276800.0", "20231002T200000Z", "20231002T2000Z", "20231002 200000.000"]
        {
            let seen = read(&format!("t,lat,lon,mmsi,imo,length\n{t},42,130,273000001.0,NaN,0\n"));
            assert_eq!(seen.list.len(), 1, "{t}: {:?}", seen.examples);
            let sighting = &seen.list[0];
            assert_eq!(sighting.fix.t, EventTime(1_696_276_800_000), "{t}");
            assert_eq!((sighting.mmsi, sighting.imo, sighting.length), (Some(Mmsi(273_000_001)), None, None));
        }
        assert_eq!(time("20231002"), time("2023-10-02"));
        assert_eq!(read("t,lat,lon,mmsi\n1696276800,42,130,273000001.5\n").rejected[&Fault::BadValue], 1);
    }

    #[test]
    fn a_broken_line_of_json_is_one_row() {
        let good = r#"{"t":1696276800,"lat":42.2,"lon":130.3}"#;
        for text in [format!("{good}\n{{\"t\":\n7\n"), format!("{{\"t\":\n{good}\n7\n")] {
            let seen = read(&text);
            assert_eq!((seen.list.len(), seen.rejected[&Fault::Malformed]), (1, 2), "{text}");
        }
    }
}
