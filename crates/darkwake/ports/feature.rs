//! Features of a port file as they are written: one a line, so that a diff shows the port that changed.

use geofence::cells::Ring;
use serde_json::{Value, json};

/// Properties in the order in which people read them.
pub type Properties = Vec<(String, Value)>;

/// Decimals of a degree that are kept.
const DECIMALS: f64 = 1_000_000.0;

/// A feature in one line.
pub fn line(properties: &[(String, Value)], geometry: &Value) -> String {
    let member = |(key, value): &(String, Value)| format!("{}:{value}", Value::from(key.as_str()));
    let properties: Vec<String> = properties.iter().map(member).collect();
    format!("{{\"type\":\"Feature\",\"properties\":{{{}}},\"geometry\":{geometry}}}", properties.join(","))
}

/// A port file of such lines.
pub fn collection(lines: &[String]) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n", lines.join(",\n"))
}

/// A geometry of one point.
pub fn point(lon: f64, lat: f64) -> Value {
    json!({ "type": "Point", "coordinates": [rounded(lon), rounded(lat)] })
}

/// A geometry of polygons, an outer ring and its holes each.
pub fn area(polygons: &[Vec<Ring>]) -> Value {
    let position = |at: &[f64; 2]| at.map(rounded);
    let ring = |ring: &Ring| ring.iter().map(position).collect::<Vec<_>>();
    let rings = |rings: &Vec<Ring>| rings.iter().map(ring).collect::<Vec<_>>();
    match polygons {
        [one] => json!({ "type": "Polygon", "coordinates": rings(one) }),
        many => json!({
            "type": "MultiPolygon",
            "coordinates": many.iter().map(rings).collect::<Vec<_>>(),
        }),
    }
}

/// A place in words, such as `35.123N 129.456E`.
pub fn place(lon: f64, lat: f64) -> String {
    let side = |degrees: f64, positive: char, negative: char| if degrees < 0.0 { negative } else { positive };
    format!("{:.3}{} {:.3}{}", lat.abs(), side(lat, 'N', 'S'), lon.abs(), side(lon, 'E', 'W'))
}

fn rounded(degrees: f64) -> f64 {
    // Adding zero takes the sign from a negative one.
    (degrees * DECIMALS).round() / DECIMALS + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_feature_a_line_with_its_properties_in_their_order() {
        let properties = vec![("name".to_owned(), json!("A \"quay\"")), ("country".to_owned(), json!("DK"))];
        let one = line(&properties, &point(-0.000_000_1, 55.123_456_78));
        assert_eq!(
            one,
            "{\"type\":\"Feature\",\"properties\":{\"name\":\"A \\\"quay\\\"\",\"country\":\"DK\"},\
             \"geometry\":{\"coordinates\":[0.0,55.123457],\"type\":\"Point\"}}"
        );
        let file = collection(&[one.clone(), one]);
        assert_eq!(file.lines().count(), 4);
        assert!(serde_json::from_str::<Value>(&file).is_ok());
    }

    #[test]
    fn places_are_named_by_their_hemispheres() {
        assert_eq!(place(129.456_4, 35.123_4), "35.123N 129.456E");
        assert_eq!(place(-70.5, -53.0), "53.000S 70.500W");
    }
}
