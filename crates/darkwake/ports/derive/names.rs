//! Names for places, from the nearest port of a port file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use geofence::Geofence;
use geofence::port_file;
use model::{Port, PortIndex, PortKind, Position, Shape};
use serde_json::Value;

use crate::ports::feature;

/// Ports farther away give no name, metres.
const FAR_M: f64 = 10_000.0;
/// What stands for the built-in port files.
const BUILT_IN: &str = "built-in";
/// More than this many degrees of latitude are surely farther than [`FAR_M`].
const FAR_DEGREES: f64 = 0.1;

/// Ports that give names, and their codes.
#[derive(Debug)]
pub struct Names {
    ports: Geofence,
    locodes: BTreeMap<String, String>,
}

/// What a place is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// Its name.
    pub name: String,
    /// Country of the port that gave it.
    pub country: Option<String>,
    /// UN/LOCODE of the port that gave it.
    pub locode: Option<String>,
}

impl Names {
    /// Those of a port file, or the built-in ones.
    pub fn load(path: &Path) -> anyhow::Result<Names> {
        if path == Path::new(BUILT_IN) {
            let texts = connect::ports::built_in_texts().map(|(_, text)| text);
            return Ok(Names::new(connect::ports::built_in().ports, texts.into_iter()));
        }
        let text = crate::ports::text_of(path)?;
        let read = port_file::read(&path.display().to_string(), &text);
        crate::ports::refuse(&read, &[path.to_owned()])?;
        Ok(Names::new(read.ports, std::iter::once(text.as_str())))
    }

    fn new<'t>(mut ports: Vec<Port>, texts: impl Iterator<Item = &'t str>) -> Names {
        // A zone has the name of waters.
        ports.retain(|port| port.kind != PortKind::Zone);
        Names { ports: Geofence::new(ports), locodes: texts.flat_map(locodes).collect() }
    }

    /// A name for a place of some kind: that of the nearest port, with a number if others have it, or its position.
    pub fn of(&self, place: Position, kind: PortKind, taken: &mut BTreeSet<String>) -> Name {
        let Some(port) = self.nearest(place) else {
            let degrees = |units: i32| f64::from(units) / f64::from(model::position::UNITS_PER_DEGREE);
            let position = feature::place(degrees(place.lon), degrees(place.lat));
            return Name { name: format!("Unnamed {position}"), ..Name::default() };
        };
        let is_told = kind == port.kind || kind != PortKind::Anchorage;
        let name = if is_told { port.name.clone() } else { format!("{} anchorage", port.name) };
        let mut unique = name.clone();
        let mut number = 1;
        while !taken.insert(unique.clone()) {
            number += 1;
            unique = format!("{name} {number}");
        }
        Name {
            name: unique,
            country: Some(port.country.clone()),
            locode: self.locodes.get(&port.id).cloned(),
        }
    }

    fn nearest(&self, place: Position) -> Option<&Port> {
        let ports = self.ports.ports();
        let distances = ports.list.iter().zip(0..).filter_map(|(port, at)| {
            let distance_m = match &port.shape {
                // Circles are wide for want of knowledge; what counts is how far their middle is.
                Shape::Circle { centre, .. } if is_far_north_or_south(*centre, place) => return None,
                Shape::Circle { centre, .. } => centre.distance_m(place),
                Shape::Polygons(_) => self.ports.distance_m(PortIndex(at), place),
            };
            (distance_m <= FAR_M).then_some((port, distance_m))
        });
        distances.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(port, _)| port)
    }
}

fn is_far_north_or_south(a: Position, b: Position) -> bool {
    f64::from((a.lat - b.lat).abs()) > FAR_DEGREES * f64::from(model::position::UNITS_PER_DEGREE)
}

/// Ids of the features of a port file with their codes.
fn locodes(text: &str) -> Vec<(String, String)> {
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default();
    let features = value.get("features").and_then(Value::as_array);
    let of = |feature: &Value| {
        let of = |key: &str| feature.pointer(key).and_then(Value::as_str).map(str::to_owned);
        Some((of("/properties/id").or_else(|| of("/id"))?, of("/properties/locode")?))
    };
    features.into_iter().flatten().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: &str = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"id":"a","name":"Alpha","country":"KR","kind":"port","locode":"KRALP","radius_km":9},
         "geometry":{"type":"Point","coordinates":[129.0,35.0]}},
        {"type":"Feature","properties":{"id":"b","name":"Beta roads","country":"KR","kind":"anchorage"},
         "geometry":{"type":"Polygon","coordinates":[[[129.05,35.0],[129.1,35.0],[129.1,35.05],[129.05,35.05],[129.05,35.0]]]}},
        {"type":"Feature","properties":{"id":"z","name":"Waters","country":"KR","kind":"zone","radius_km":99},
         "geometry":{"type":"Point","coordinates":[129.0,36.0]}}]}"#;

    #[test]
    fn a_place_has_the_name_of_the_nearest_port() {
        let names = Names::new(port_file::read("p", PORTS).ports, std::iter::once(PORTS));
        let mut taken = BTreeSet::new();
        let mut check = |lon: f64, lat: f64, kind: PortKind, name: &str, locode: Option<&str>| {
            let found = names.of(Position::from_degrees(lon, lat).unwrap(), kind, &mut taken);
            assert_eq!((found.name.as_str(), found.locode.as_deref()), (name, locode));
            assert_eq!(found.country.is_some(), !name.starts_with("Unnamed"));
        };
        check(129.01, 35.0, PortKind::Port, "Alpha", Some("KRALP"));
        check(129.01, 35.01, PortKind::Port, "Alpha 2", Some("KRALP"));
        check(129.01, 34.99, PortKind::Anchorage, "Alpha anchorage", Some("KRALP"));
        // In the area, though in the circle too.
        check(129.06, 35.01, PortKind::Anchorage, "Beta roads", None);
        check(129.0, 36.0, PortKind::Port, "Unnamed 36.000N 129.000E", None);
        check(129.0, 35.2, PortKind::Port, "Unnamed 35.200N 129.000E", None);
    }
}
