//! The values of a row by the names of its columns or properties.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::geometry;

/// Values by name, in small letters.
pub type Fields = BTreeMap<String, String>;

pub const TIME: [&str; 8] =
    ["t", "time", "timestamp", "datetime", "acquired", "acquisition_time", "acquired_at", "detect_timestamp"];
pub const LAT: [&str; 4] = ["lat", "latitude", "y", "detect_lat"];
pub const LON: [&str; 6] = ["lon", "lng", "long", "longitude", "x", "detect_lon"];
pub const ID: [&str; 4] = ["id", "detection_id", "sighting_id", "detect_id"];
pub const LENGTH: [&str; 2] = ["length_m", "length"];
pub const PORT: [&str; 3] = ["port", "port_id", "locode"];
pub const CONFIDENCE: [&str; 1] = ["confidence"];
pub const ACCURACY: [&str; 2] = ["accuracy_m", "accuracy"];
pub const SENSOR: [&str; 1] = ["sensor"];
pub const MMSI: [&str; 1] = ["mmsi"];
pub const IMO: [&str; 1] = ["imo"];

/// Whether a name says something.
pub fn is_known(name: &str) -> bool {
    let all: [&[&str]; 11] =
        [&TIME, &LAT, &LON, &ID, &LENGTH, &PORT, &CONFIDENCE, &ACCURACY, &SENSOR, &MMSI, &IMO];
    all.iter().any(|names| names.contains(&name))
}

/// A name as it is looked up.
pub fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// The first of these that there is and that says something, and its name.
pub fn find<'a>(fields: &'a Fields, names: &[&str]) -> Option<(&'a str, &'a str)> {
    let values = names.iter().filter_map(|name| fields.get_key_value(*name));
    values.map(|(name, value)| (name.as_str(), value.trim())).find(|(_, value)| !is_nothing(value))
}

/// What programs write for no value.
fn is_nothing(value: &str) -> bool {
    value.is_empty() || ["nan", "null", "none"].iter().any(|nothing| value.eq_ignore_ascii_case(nothing))
}

/// The values of an object or a feature; `None` if it is neither.
pub fn of_value(value: Value) -> Option<Fields> {
    let Value::Object(mut object) = value else { return None };
    if object.get("type").and_then(Value::as_str) != Some("Feature") {
        return Some(of_object(object));
    }
    let mut fields = match object.remove("properties") {
        Some(Value::Object(properties)) => of_object(properties),
        Some(_) | None => Fields::new(),
    };
    if let Some((lon, lat)) = object.get("geometry").and_then(geometry::middle) {
        // Where both stand, the geometry counts.
        for name in LON.iter().chain(&LAT) {
            fields.remove(*name);
        }
        fields.insert(LON[0].to_owned(), lon.to_string());
        fields.insert(LAT[0].to_owned(), lat.to_string());
    }
    if let Some(id) = object.remove("id").and_then(plain) {
        fields.entry(ID[0].to_owned()).or_insert(id);
    }
    Some(fields)
}

fn of_object(object: Map<String, Value>) -> Fields {
    object.into_iter().filter_map(|(name, value)| Some((normal(&name), plain(value)?))).collect()
}

fn plain(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
