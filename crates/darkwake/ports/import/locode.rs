//! The code list of UN/LOCODE (UNECE Recommendation 16): places with function 1, ports.
//!
//! Its tables have no header, and twelve columns: change, country, location, name, name without diacritics,
//! subdivision, function, status, date, IATA, coordinates, remarks. Others publish it with a header, function and
//! status the other way round. Coordinates are whole minutes: `5138N 00012E`.

use csv::StringRecord;
use serde_json::Value;

use super::collector::{Collector, LeftOut};
use super::draft::Draft;
use super::fields::Defaults;
use super::{text, values};
use crate::ports::feature;

/// Columns of a table without a header.
const COLUMNS: usize = 12;
/// One arc minute of latitude, metres.
const ARC_MINUTE_M: u32 = 1_850;

/// Where the columns are that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    change: usize,
    country: usize,
    location: usize,
    name: usize,
    plain_name: usize,
    function: usize,
    coordinates: usize,
    has_header: bool,
}

/// Those of a table without a header.
const OFFICIAL: Columns = Columns {
    change: 0,
    country: 1,
    location: 2,
    name: 3,
    plain_name: 4,
    function: 6,
    coordinates: 10,
    has_header: false,
};

impl Columns {
    fn find(first: &StringRecord) -> Option<Columns> {
        let named = |name: &str| first.iter().position(|column| values::normal(column) == name);
        if let (Some(country), Some(location), Some(function), Some(coordinates)) =
            (named("country"), named("location"), named("function"), named("coordinates"))
        {
            let name = named("name")?;
            return Some(Columns {
                change: named("change").or_else(|| named("ch"))?,
                country,
                location,
                name,
                plain_name: named("namewodiacritics").unwrap_or(name),
                function,
                coordinates,
                has_header: true,
            });
        }
        let is_country = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_row = first.len() == COLUMNS
            && first.get(OFFICIAL.country).is_some_and(is_country)
            && first.get(OFFICIAL.coordinates).is_some_and(|text| text.is_empty() || degrees(text).is_some());
        is_row.then_some(OFFICIAL)
    }
}

/// Whether a table with this first row is one.
pub fn is_list(first: &StringRecord) -> bool {
    Columns::find(first).is_some()
}

/// Reads a table.
pub fn read(bytes: &[u8], defaults: &Defaults, collector: &mut Collector) -> Result<(), String> {
    let columns = Columns::find(&text::first_row(bytes)).ok_or(
        "has neither the twelve columns of UN/LOCODE nor a header with Change, Country, Location, Name, Function and Coordinates",
    )?;
    let mut is_header = columns.has_header;
    text::each_row(bytes, collector, |line, row, collector| {
        if std::mem::take(&mut is_header) {
            return;
        }
        collector.see();
        match draft(row, &columns, (collector.file(), line), defaults) {
            Ok(draft) => collector.take(draft),
            Err((why, reason)) => collector.leave_out(line, why, &reason),
        }
    });
    Ok(())
}

fn draft(
    row: &StringRecord,
    columns: &Columns,
    (file, number): (usize, u64),
    defaults: &Defaults,
) -> Result<Draft, (LeftOut, String)> {
    let field = |column: usize| row.get(column).unwrap_or_default();
    let no_port = |reason: &str| Err((LeftOut::NotPort, reason.to_owned()));
    let (change, location) = (field(columns.change), field(columns.location));
    if location.is_empty() {
        // The name of a country before its places.
        return no_port("no place");
    }
    if change.starts_with(['X', '=']) {
        return no_port("a code to be removed, or a reference to another");
    }
    if !field(columns.function).starts_with('1') {
        return no_port("not of function 1");
    }
    let malformed = |reason: String| (LeftOut::Malformed, reason);
    let country = field(columns.country);
    let is_code =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_code(country, 2) || !is_code(location, 3) {
        return Err(malformed(format!("'{country} {location}' is no code of a place")));
    }
    let name = values::clean(field(columns.name)).ok_or_else(|| malformed("it has no name".to_owned()))?;
    let coordinates = field(columns.coordinates);
    if coordinates.is_empty() {
        return Err((LeftOut::NoPlace, format!("{country}{location} ({name}) has no coordinates")));
    }
    let (lon, lat) = degrees(coordinates)
        .ok_or_else(|| malformed(format!("'{coordinates}' are no coordinates such as 5138N 00012E")))?;
    let code = format!("{country}{location}").to_ascii_uppercase();
    let aliases = values::clean(field(columns.plain_name)).filter(|plain| *plain != name);
    let mut properties = vec![
        ("name".to_owned(), Value::from(name)),
        ("country".to_owned(), Value::from(country.to_ascii_uppercase())),
        ("kind".to_owned(), Value::from(defaults.kind.name())),
    ];
    if let Some(alias) = aliases {
        properties.push(("aliases".to_owned(), Value::from(vec![alias])));
    }
    properties.extend([
        ("locode".to_owned(), Value::from(code.as_str())),
        ("radius_km".to_owned(), Value::from(defaults.radius_km)),
        ("accuracy_m".to_owned(), Value::from(ARC_MINUTE_M)),
        ("source".to_owned(), Value::from(defaults.source.as_str())),
    ]);
    Ok(Draft { file, number, id: Some(code), properties, geometry: feature::point(lon, lat) })
}

/// Longitude and latitude of `DDMM[N|S] DDDMM[E|W]`.
fn degrees(text: &str) -> Option<(f64, f64)> {
    let mut parts = text.split_whitespace();
    let (lat, lon) = (parts.next()?, parts.next()?);
    let degrees = |text: &str, digits: usize, most: f64, sides: [char; 2]| {
        let side = text.chars().last().filter(|side| sides.contains(side))?;
        let (whole, minutes) = text.strip_suffix(side)?.split_at_checked(digits)?;
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if minutes.len() != 2 || !is_number(whole) || !is_number(minutes) {
            return None;
        }
        let (whole, minutes): (f64, f64) = (whole.parse().ok()?, minutes.parse().ok()?);
        let degrees = whole + minutes / 60.0;
        let is_valid = minutes < 60.0 && degrees <= most;
        is_valid.then_some(if side == sides[1] { -degrees } else { degrees })
    };
    let (lat, lon) = (degrees(lat, 2, 90.0, ['N', 'S'])?, degrees(lon, 3, 180.0, ['E', 'W'])?);
    parts.next().is_none().then_some((lon, lat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_degrees_and_minutes() {
        for (text, expected) in [
            ("5138N 00012E", Some((0.2, 51.0 + 38.0 / 60.0))),
            ("3330S 07055W", Some((-(70.0 + 55.0 / 60.0), -33.5))),
            ("9000N 18000E", Some((180.0, 90.0))),
            ("5160N 00012E", None),
            ("9001N 00012E", None),
            ("00012E 5138N", None),
            ("5138N", None),
            ("5138N 00012E x", None),
            ("513N 00012E", None),
            ("5é8N 00012E", None),
            ("+138N 00012E", None),
            ("", None),
        ] {
            assert_eq!(degrees(text), expected, "{text}");
        }
    }

    #[test]
    fn a_table_is_known_with_and_without_a_header() {
        for (row, expected) in [
            (&["", "AD", "", ".ANDORRA", "", "", "", "", "", "", "", ""][..], true),
            (
                &["", "DK", "AAR", "Århus", "Arhus", "82", "1-345---", "AF", "0401", "", "5609N 01013E", ""]
                    [..],
                true,
            ),
            (
                &["Change", "Country", "Location", "Name", "NameWoDiacritics", "Function", "Coordinates"][..],
                true,
            ),
            (&["name", "country", "lat", "lon"][..], false),
            (&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"][..], false),
        ] {
            assert_eq!(is_list(&StringRecord::from(row)), expected, "{row:?}");
        }
    }
}
