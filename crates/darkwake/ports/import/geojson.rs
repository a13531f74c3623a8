//! GeoJSON (RFC 7946) whose properties have names of their own: a FeatureCollection, or features one after the other.

use serde_json::{Deserializer, Map, Value};

use super::collector::{Collector, Doubt, LeftOut};
use super::draft::first_position;
use super::fields::{Defaults, Fields};
use super::text;

/// Separates the texts of a sequence (RFC 8142).
const RECORD_SEPARATOR: u8 = 0x1e;

/// Whether the bytes begin as JSON does.
pub fn is_json(bytes: &[u8]) -> bool {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || *byte == RECORD_SEPARATOR;
    let first = text::without_mark(bytes).iter().find(|byte| !is_between(byte));
    matches!(first, Some(b'{' | b'['))
}

/// Reads all features.
pub fn read(
    bytes: &[u8],
    map: &[(String, String)],
    defaults: &Defaults,
    collector: &mut Collector,
) -> Result<(), String> {
    let (text, is_latin_1) = text::decoded(bytes);
    let text = text.replace(char::from(RECORD_SEPARATOR), " ");
    let mut number = 0;
    for value in Deserializer::from_str(&text).into_iter::<Value>() {
        let mut value = match value {
            Ok(value) => value,
            Err(error) if number == 0 => return Err(format!("is not JSON: {error}")),
            Err(error) => {
                number += 1;
                collector.see();
                let reason = format!("it is not JSON: {error}; what follows it is lost");
                collector.leave_out(number, LeftOut::Malformed, &reason);
                break;
            }
        };
        let kind = value.get("type").and_then(Value::as_str).map(str::to_owned);
        let features = match kind.as_deref() {
            Some("FeatureCollection") => match value.get_mut("features").map(Value::take) {
                Some(Value::Array(features)) => Some(features),
                Some(_) | None => None,
            },
            Some("Feature") => Some(vec![value]),
            _ => None,
        };
        match features {
            Some(features) => {
                for feature in features {
                    number += 1;
                    take(feature, number, map, defaults, collector);
                }
            }
            None if number == 0 => {
                return Err("is neither a FeatureCollection with a list of features nor a Feature".to_owned());
            }
            None => {
                number += 1;
                collector.see();
                collector.leave_out(number, LeftOut::Malformed, "it is no Feature");
            }
        }
    }
    if is_latin_1 {
        collector.doubt(1, Doubt::Latin1);
    }
    Ok(())
}

fn take(
    mut feature: Value,
    number: u64,
    map: &[(String, String)],
    defaults: &Defaults,
    collector: &mut Collector,
) {
    collector.see();
    let geometry = feature.get_mut("geometry").map(Value::take).filter(|geometry| !geometry.is_null());
    let Some(geometry) = geometry else {
        return collector.leave_out(number, LeftOut::NoPlace, "it has no geometry");
    };
    let is_nowhere = geometry.get("type").and_then(Value::as_str) == Some("Point")
        && first_position(&geometry) == Some((0.0, 0.0));
    if is_nowhere {
        return collector.leave_out(number, LeftOut::NoPlace, "0, 0 is where those without a place end up");
    }
    let properties = match feature.get_mut("properties").map(Value::take) {
        Some(Value::Object(properties)) => properties,
        Some(_) | None => Map::new(),
    };
    let (keys, values): (Vec<String>, Vec<Value>) = properties.into_iter().unzip();
    let fields = Fields::new(keys, map);
    let mut draft = fields.draft(number, &values, geometry, defaults, collector);
    if draft.id.is_none() {
        let id = feature.get("id").filter(|id| id.is_string() || id.is_number());
        draft.id = id.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        draft.id = draft.id.filter(|id| !id.trim().is_empty());
    }
    collector.take(draft);
}
