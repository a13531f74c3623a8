//! One feature: its properties, and the port that it makes.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use model::{EventTime, Port, PortKind};
use serde_json::{Map, Value};

use super::cursor::Step;
use super::source::{quoted, shown};
use super::{Fault, Reader, Seen};

/// How far outside a ship must be to have left, unless the feature says otherwise, metres.
const DEFAULT_EXIT_BUFFER_M: f64 = 1_000.0;
/// More is a slip of the pen: beyond 10 km one report is an exit. All within it is held in the grid.
const MAX_EXIT_BUFFER_M: f64 = 100_000.0;
/// The country of ports that name none (ISO 3166-1 keeps it for users; UN/LOCODE uses it so).
const NO_COUNTRY: &str = "ZZ";

/// What a property that is only handed on has to be.
#[derive(Clone, Copy)]
enum Expected {
    Text,
    Texts,
    Truth,
    Number,
}

/// Known properties that this reader does not use.
const ONLY_CHECKED: [(&str, Expected); 6] = [
    ("aliases", Expected::Texts),
    ("locode", Expected::Text),
    ("no_ais_expected", Expected::Truth),
    ("accuracy_m", Expected::Number),
    ("source", Expected::Text),
    ("priority", Expected::Number),
];

fn property(key: &str) -> [Step<'_>; 2] {
    [Step::Key("properties"), Step::Key(key)]
}

/// The property's value; null counts as missing.
fn given<'v>(properties: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    properties.get(key).filter(|value| !value.is_null())
}

impl<'a> Reader<'a> {
    /// The port that a feature makes; `None` if it has an error.
    pub(super) fn read_feature(&mut self, feature: &Value, seen: &mut Seen<'a>) -> Option<Port> {
        let Value::Object(members) = feature else {
            let message = format!("{} is {}, not a Feature", self.feature.label, shown(feature));
            self.error(Fault::Feature, &[], message, None);
            return None;
        };
        let empty = Map::new();
        let properties = match members.get("properties") {
            Some(Value::Object(properties)) => properties,
            Some(Value::Null) | None => &empty,
            Some(other) => {
                let message =
                    format!("the properties of {} are {}, not an object", self.feature.label, shown(other));
                self.error(Fault::Feature, &[Step::Key("properties")], message, None);
                return None;
            }
        };
        let id = self.read_id(members, properties, seen);
        let kind = members.get("type");
        if kind.and_then(Value::as_str) != Some("Feature") {
            let what = kind.map_or("missing".to_string(), shown);
            let message = format!("the \"type\" of {} is {what}, not \"Feature\"", self.feature.label);
            self.error(Fault::Feature, &[Step::Key("type")], message, None);
            return None;
        }
        let name = self.read_name(properties);
        let country = self.read_country(properties);
        let kind = self.read_kind(properties);
        let exit_buffer_m = self.read_exit_buffer(properties);
        let valid_from = self.read_time(properties, "valid_from");
        let valid_to = self.read_time(properties, "valid_to");
        if let (Some(from), Some(to)) = (valid_from, valid_to)
            && from >= to
        {
            let message = format!("`valid_to` of {} is not after its `valid_from`", self.feature.label);
            let help = "it is valid from valid_from on and ends before valid_to".to_string();
            self.error(Fault::Validity, &property("valid_to"), message, Some(help));
        }
        let wpi = self.read_wpi(properties);
        let watch = self.read_watch(properties);
        self.check_others(properties);
        let shape = self.read_shape(members.get("geometry"), properties.get("radius_km"), kind);
        let (Some(id), Some(kind), Some((shape, area_m2)), false) = (id, kind, shape, self.feature.failed)
        else {
            return None;
        };
        Some(Port {
            name: name.unwrap_or_else(|| id.clone()),
            id,
            country,
            kind,
            shape,
            exit_buffer_m,
            valid_from,
            valid_to,
            wpi,
            watch,
            area_m2,
        })
    }

    fn read_id(
        &mut self,
        members: &Map<String, Value>,
        properties: &Map<String, Value>,
        seen: &mut Seen<'a>,
    ) -> Option<String> {
        let name = properties.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
        self.feature.label.name = name.map(str::to_string);
        let top_level = || members.get("id").filter(|id| !id.is_null());
        let (id, at_top) = match given(properties, "id") {
            Some(id) => (Some(id), false),
            None => (top_level(), true),
        };
        let place = if at_top && id.is_some() { &[Step::Key("id")][..] } else { &property("id")[..] };
        let help = || match id {
            Some(Value::Number(number)) => format!("write it as text: \"id\": \"{number}\""),
            Some(_) | None => {
                let example = name.map(slug).filter(|slug| !slug.is_empty()).unwrap_or("KPRJN".to_string());
                format!("add a text that no other feature has and that stays, such as \"id\": \"{example}\"")
            }
        };
        let message = match id {
            None => format!("{} has no `id`", self.feature.label),
            Some(Value::String(id)) if id.trim().is_empty() => {
                format!("the `id` of {} is empty", self.feature.label)
            }
            Some(Value::String(id)) => {
                self.feature.label.id = Some(id.clone());
                if let Some(first) = seen.ids.get(id) {
                    let message = format!("the id {} is taken by the feature at {first}", self.feature.label);
                    let help = "give each feature an id of its own".to_string();
                    self.error(Fault::DuplicateId, place, message, Some(help));
                } else {
                    seen.ids.insert(id.clone(), self.taker());
                }
                return Some(id.clone());
            }
            Some(other) => format!("the `id` of {} is {}, not text", self.feature.label, shown(other)),
        };
        self.error(Fault::Id, place, message, Some(help()));
        None
    }

    fn read_name(&mut self, properties: &Map<String, Value>) -> Option<String> {
        let what = match given(properties, "name") {
            Some(Value::String(name)) if !name.trim().is_empty() => return Some(name.clone()),
            None | Some(Value::String(_)) => "has no `name`".to_string(),
            Some(other) => format!("has {} for a `name`", shown(other)),
        };
        if self.feature.label.id.is_some() {
            let message = format!("{} {what}; its id is used", self.feature.label);
            self.warn(Fault::Name, &property("name"), message, None);
        }
        None
    }

    fn read_country(&mut self, properties: &Map<String, Value>) -> String {
        let label = &self.feature.label;
        let (message, help, country) = match given(properties, "country") {
            Some(Value::String(code)) if is_country(code) => return code.clone(),
            Some(Value::String(code)) if is_country(&code.to_ascii_uppercase()) => {
                let country = code.to_ascii_uppercase();
                (format!("the `country` of {label} is {}; {country} is used", quoted(code)), None, country)
            }
            None => {
                let message =
                    format!("{label} has no `country`; {NO_COUNTRY} is used, so rules by country miss it");
                let help = "add two letters of ISO 3166-1, such as \"country\": \"KP\"";
                (message, Some(help.to_string()), NO_COUNTRY.to_string())
            }
            Some(other) => {
                let message = format!(
                    "the `country` of {label} is {}; {NO_COUNTRY} is used, so rules by country miss it",
                    shown(other)
                );
                let help = "countries are two capital letters of ISO 3166-1, such as \"KP\"";
                (message, Some(help.to_string()), NO_COUNTRY.to_string())
            }
        };
        self.warn(Fault::Country, &property("country"), message, help);
        country
    }

    fn read_kind(&mut self, properties: &Map<String, Value>) -> Option<PortKind> {
        let label = &self.feature.label;
        let (name, what) = match given(properties, "kind") {
            Some(Value::String(name)) => match PortKind::from_name(name) {
                Some(kind) => return Some(kind),
                None => (name.as_str(), quoted(name)),
            },
            Some(other) => ("", shown(other)),
            None => {
                let message = format!("{label} has no `kind`; it is taken for a port");
                let help = format!("add one of {}", kind_names());
                self.warn(Fault::Kind, &property("kind"), message, Some(help));
                return Some(PortKind::Port);
            }
        };
        let message = format!("the `kind` of {label} is {what}, which is no kind of port");
        let written = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        let help = match PortKind::from_name(&written) {
            Some(kind) => format!("write it \"{}\"", kind.name()),
            None => format!("kinds are {}", kind_names()),
        };
        self.error(Fault::Kind, &property("kind"), message, Some(help));
        None
    }

    fn read_exit_buffer(&mut self, properties: &Map<String, Value>) -> f64 {
        let Some(value) = given(properties, "exit_buffer_m") else {
            return DEFAULT_EXIT_BUFFER_M;
        };
        let metres = value.as_f64().filter(|metres| metres.is_finite() && *metres >= 0.0);
        match metres.filter(|metres| *metres <= MAX_EXIT_BUFFER_M) {
            Some(metres) => metres,
            None => {
                let message = format!("`exit_buffer_m` of {} is {}", self.feature.label, shown(value));
                let limit = if metres.is_some() {
                    format!("{MAX_EXIT_BUFFER_M} at most")
                } else {
                    "0 or more".to_string()
                };
                let help = format!("it is metres, {limit}; without it {DEFAULT_EXIT_BUFFER_M} is used");
                self.error(Fault::Property, &property("exit_buffer_m"), message, Some(help));
                DEFAULT_EXIT_BUFFER_M
            }
        }
    }

    fn read_time(&mut self, properties: &Map<String, Value>, key: &str) -> Option<EventTime> {
        let value = given(properties, key)?;
        let time = value.as_str().and_then(|text| EventTime::parse_iso(text.trim().as_bytes()));
        if time.is_none() {
            let message = format!("`{key}` of {} is {}, which is no date", self.feature.label, shown(value));
            let help = "write \"2023-10-01\" (00:00 UTC) or \"2023-10-01T12:00:00Z\"".to_string();
            self.error(Fault::Validity, &property(key), message, Some(help));
        }
        time
    }

    fn read_wpi(&mut self, properties: &Map<String, Value>) -> Vec<u32> {
        let Some(value) = given(properties, "wpi") else {
            return Vec::new();
        };
        let list = value.as_array().map_or(core::slice::from_ref(value), Vec::as_slice);
        let numbers: Option<Vec<u32>> = list.iter().map(whole_number).collect();
        if numbers.is_none() {
            let message =
                format!("`wpi` of {} is not a World Port Index number or a list of them", self.feature.label);
            let help = "write \"wpi\": 60510 or \"wpi\": [60510, 60520]".to_string();
            self.error(Fault::Property, &property("wpi"), message, Some(help));
        }
        numbers.unwrap_or_default()
    }

    fn read_watch(&mut self, properties: &Map<String, Value>) -> Vec<String> {
        let Some(value) = given(properties, "watch") else {
            return Vec::new();
        };
        if !is_expected(value, Expected::Texts) {
            let message = format!("`watch` of {} is not a list of texts", self.feature.label);
            let help = "write \"watch\": [\"dprk\"]".to_string();
            self.error(Fault::Property, &property("watch"), message, Some(help));
        }
        let tags = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        tags.map(ToString::to_string).collect()
    }

    fn check_others(&mut self, properties: &Map<String, Value>) {
        for (key, expected) in ONLY_CHECKED {
            let Some(value) = given(properties, key) else { continue };
            if is_expected(value, expected) {
                continue;
            }
            let wanted = match expected {
                Expected::Text => "text",
                Expected::Texts => "a list of texts",
                Expected::Truth => "true or false",
                Expected::Number => "a number",
            };
            let message = format!("`{key}` of {} is not {wanted}; it is ignored", self.feature.label);
            self.warn(Fault::Property, &property(key), message, None);
        }
    }
}

fn is_expected(value: &Value, expected: Expected) -> bool {
    match expected {
        Expected::Text => value.is_string(),
        Expected::Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
        Expected::Truth => value.is_boolean(),
        Expected::Number => value.is_number(),
    }
}

/// A number without a fraction: table tools write 60510.0 where a column has gaps.
fn whole_number(value: &Value) -> Option<u32> {
    let number = value.as_f64()?;
    let whole = number as u32;
    (f64::from(whole) == number).then_some(whole)
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn kind_names() -> String {
    PortKind::ALL.map(PortKind::name).join(", ")
}

/// An id made from a name, to propose.
fn slug(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_uppercase().chars().take(32).collect()
}
