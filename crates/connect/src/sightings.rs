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
mod tests;
