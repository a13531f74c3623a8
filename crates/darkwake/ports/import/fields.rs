//! Properties of ports under the names that others give them, and in the forms in which they write them.

use model::PortKind;
use serde_json::Value;

use super::collector::{Collector, Doubt};
use super::draft::Draft;
use super::values::{self, is_blank, normal};

/// What a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Texts,
    Number,
    Numbers,
    Truth,
    Country,
    Kind,
    /// It says where the port is; no property of a port file.
    Place,
}

/// A property, its form, and other names of it in small letters with underscores, the best first.
struct Property(&'static str, Form, &'static [&'static str]);

/// All properties, in the order in which they are written.
const PROPERTIES: [Property; 21] = [
    Property("id", Form::Text, &["id", "port_id", "portid", "port_code", "code"]),
    Property(
        "name",
        Form::Text,
        &[
            "name",
            "port_name",
            "portname",
            "main_port_name",
            "name_en",
            "label",
            "title",
            "harbour",
            "harbor",
            "port",
        ],
    ),
    // Codes before names: not every name is known.
    Property(
        "country",
        Form::Country,
        &[
            "country_code",
            "countrycode",
            "country_iso",
            "iso2",
            "iso_a2",
            "iso_2",
            "iso3",
            "iso_a3",
            "iso_3",
            "iso",
            "country",
            "country_name",
            "countryname",
        ],
    ),
    Property("kind", Form::Kind, &["kind"]),
    Property("aliases", Form::Texts, &["aliases", "alternate_port_name", "alternate_names", "alt_names"]),
    Property("locode", Form::Text, &["locode", "un_locode", "unlocode"]),
    Property("wpi", Form::Numbers, &["wpi", "wpi_number", "world_port_index_number"]),
    Property("watch", Form::Texts, &["watch"]),
    Property("radius_km", Form::Number, &["radius_km", "radius"]),
    Property("exit_buffer_m", Form::Number, &["exit_buffer_m"]),
    Property("accuracy_m", Form::Number, &["accuracy_m"]),
    Property("valid_from", Form::Text, &["valid_from"]),
    Property("valid_to", Form::Text, &["valid_to"]),
    Property("priority", Form::Number, &["priority"]),
    Property("no_ais_expected", Form::Truth, &["no_ais_expected"]),
    Property("source", Form::Text, &["source"]),
    Property("radius_m", Form::Place, &["radius_m"]),
    Property("radius_nm", Form::Place, &["radius_nm"]),
    Property("lon", Form::Place, &["lon", "longitude", "long", "lng", "x", "lon_dd", "dd_lon", "port_lon"]),
    Property("lat", Form::Place, &["lat", "latitude", "y", "lat_dd", "dd_lat", "port_lat"]),
    Property("wkt", Form::Place, &["wkt", "wkt_geom", "geometry", "geom", "the_geom", "shape"]),
];

/// Whether there is a property of that name.
pub fn is_property(name: &str) -> bool {
    PROPERTIES.iter().any(|property| property.0 == name)
}

/// The names of all properties, for people.
pub fn properties() -> String {
    PROPERTIES.map(|property| property.0).join(", ")
}

/// What ports have that say nothing else.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Kilometres around a point.
    pub radius_km: f64,
    /// What they are.
    pub kind: PortKind,
    /// Where they are from.
    pub source: String,
}

/// The columns of a table, or the members of an object, and which of them is which property.
#[derive(Clone, Debug)]
pub struct Fields {
    keys: Vec<String>,
    /// For each of [`PROPERTIES`].
    places: Vec<Option<usize>>,
}

impl Fields {
    /// Finds the properties among keys; `map` says how some are called.
    pub fn new(keys: Vec<String>, map: &[(String, String)]) -> Fields {
        let normal: Vec<String> = keys.iter().map(|key| normal(key)).collect();
        let mapped = |name: &str| {
            let (_, called) = map.iter().find(|(property, _)| property == name)?;
            let exact = keys.iter().position(|key| key == called);
            Some(exact.or_else(|| normal.iter().position(|key| *key == values::normal(called))))
        };
        let of_map: Vec<Option<Option<usize>>> =
            PROPERTIES.iter().map(|property| mapped(property.0)).collect();
        let is_free = |at: &usize| !of_map.contains(&Some(Some(*at)));
        let known = |property: &Property| {
            let mut places = property.2.iter().filter_map(|name| normal.iter().position(|key| key == name));
            places.find(is_free)
        };
        let places = PROPERTIES
            .iter()
            .zip(&of_map)
            .map(|(property, mapped)| mapped.unwrap_or_else(|| known(property)));
        Fields { places: places.collect(), keys }
    }

    /// The value of a property, if it says anything.
    pub fn value<'v>(&self, name: &str, values: &'v [Value]) -> Option<&'v Value> {
        let property = PROPERTIES.iter().position(|property| property.0 == name)?;
        self.at(property, values)
    }

    /// Whether a property is there at all.
    pub fn has(&self, name: &str) -> bool {
        PROPERTIES.iter().zip(&self.places).any(|(property, place)| property.0 == name && place.is_some())
    }

    /// The keys, for people.
    pub fn keys(&self) -> String {
        self.keys.join(", ")
    }

    /// The number that a property holds.
    pub fn number(&self, name: &str, values: &[Value]) -> Option<f64> {
        self.value(name, values).and_then(values::number)
    }

    /// A port of these values with that geometry. What is no known property is handed on as it is.
    pub fn draft(
        &self,
        number: u64,
        values: &[Value],
        geometry: Value,
        defaults: &Defaults,
        collector: &mut Collector,
    ) -> Draft {
        let mut draft = Draft { file: collector.file(), number, id: None, properties: Vec::new(), geometry };
        for (at, Property(name, form, _)) in PROPERTIES.iter().enumerate() {
            let given = self.at(at, values);
            let value = given.and_then(|value| converted(*form, value));
            let missing = match form {
                Form::Country => Some(Doubt::Country),
                Form::Kind => Some(Doubt::Kind).filter(|_| given.is_some()),
                Form::Place => None,
                Form::Text | Form::Texts | Form::Number | Form::Numbers | Form::Truth => {
                    Some(Doubt::Value).filter(|_| given.is_some())
                }
            };
            if let (None, Some(doubt)) = (&value, missing) {
                collector.doubt(number, doubt);
            }
            let value = match (*name, value) {
                ("id", value) => {
                    draft.id = value.and_then(|value| value.as_str().map(str::to_owned));
                    None
                }
                ("radius_km", value) => self.radius_km(value, values, &draft.geometry, defaults),
                ("kind", None) => Some(Value::from(defaults.kind.name())),
                ("source", None) => Some(Value::from(defaults.source.as_str())),
                (_, value) => value,
            };
            if let Some(value) = value {
                draft.properties.push(((*name).to_owned(), value));
            }
        }
        let others = self.keys.iter().enumerate().zip(values);
        for ((at, key), value) in others {
            let is_taken = self.places.contains(&Some(at)) || is_property(&normal(key));
            if !is_taken && !is_blank(value) {
                draft.properties.push((key.clone(), value.clone()));
            }
        }
        draft
    }

    fn at<'v>(&self, property: usize, values: &'v [Value]) -> Option<&'v Value> {
        let place = (*self.places.get(property)?)?;
        values.get(place).filter(|value| !is_blank(value))
    }

    /// The radius of a point; areas have none.
    fn radius_km(
        &self,
        given: Option<Value>,
        values: &[Value],
        geometry: &Value,
        defaults: &Defaults,
    ) -> Option<Value> {
        const METRES: f64 = 1_000.0;
        let is_point = geometry.get("type").and_then(Value::as_str) == Some("Point");
        let of = |name: &str, factor: f64| {
            let radius_km = self.number(name, values)? * factor;
            Some(Value::from((radius_km * METRES).round() / METRES))
        };
        let radius = given
            .or_else(|| of("radius_m", 1.0 / METRES))
            .or_else(|| of("radius_nm", model::position::NAUTICAL_MILE_M / METRES))
            .unwrap_or_else(|| Value::from(defaults.radius_km));
        is_point.then_some(radius)
    }
}

/// A value in the form that its property has; `None` if it cannot have it.
fn converted(form: Form, value: &Value) -> Option<Value> {
    match form {
        Form::Text => values::text(value).map(Value::from),
        Form::Texts => values::texts(value).map(Value::from),
        Form::Number if value.is_number() => Some(value.clone()),
        Form::Number => values::number(value).map(Value::from),
        Form::Numbers => values::numbers(value).map(Value::from),
        Form::Truth => values::truth(value).map(Value::from),
        Form::Country => values::text(value).and_then(|text| values::country(&text)).map(Value::from),
        Form::Kind => values::kind(value).map(|kind| Value::from(kind.name())),
        Form::Place => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const POINT: &str = "Point";

    #[track_caller]
    fn check(map: &[(&str, &str)], object: Value, geometry: &str, id: Option<&str>, expected: Value) {
        let map: Vec<(String, String)> =
            map.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let members = object.as_object().unwrap();
        let values: Vec<Value> = members.values().cloned().collect();
        let fields = Fields::new(members.keys().cloned().collect(), &map);
        let defaults = Defaults { radius_km: 4.0, kind: PortKind::Port, source: "a file".to_owned() };
        let mut collector = Collector::new(9);
        collector.begin("a file".to_owned(), "feature");
        let draft = fields.draft(1, &values, json!({"type": geometry}), &defaults, &mut collector);
        assert_eq!(draft.id.as_deref(), id, "{object}");
        assert_eq!(Value::from_iter(draft.properties), expected, "{object}");
    }

    #[test]
    fn properties_are_found_under_other_names_and_in_other_forms() {
        check(
            &[],
            json!({"Port Name": " Busan\n", "ISO3": "kor", "country": "Korea", "UNLOCODE": "KRPUS", "radius_m": "2500",
                   "aliases": "Pusan; Fusan", "wpi": "60350, 60351", "kind": "STS area", "no_ais_expected": "no",
                   "depth": 14, "empty": ""}),
            POINT,
            None,
            json!({"name": "Busan", "country": "KR", "locode": "KRPUS", "radius_km": 2.5, "aliases": ["Pusan", "Fusan"],
                   "wpi": [60350, 60351], "kind": "sts_area", "no_ais_expected": false, "source": "a file", "depth": 14}),
        );
        check(
            &[("name", "label"), ("id", "FID")],
            json!({"fid": 12, "name": "not this", "label": "This", "source": "us"}),
            "Polygon",
            Some("12"),
            json!({"name": "This", "kind": "port", "source": "us"}),
        );
    }

    #[test]
    fn what_cannot_be_is_left_out() {
        check(
            &[],
            json!({"name": "A", "country": "Atlantis", "kind": "harbour master", "priority": "high", "wpi": "x",
                   "radius_km": "1,5"}),
            POINT,
            None,
            json!({"name": "A", "kind": "port", "radius_km": 1.5, "source": "a file"}),
        );
    }
}
