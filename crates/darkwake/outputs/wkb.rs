//! Places as well-known binary (OGC 06-103r4, clause 8), little-endian.

use serde_json::Value;

/// A place.
pub struct Place {
    /// As well-known binary.
    pub bytes: Vec<u8>,
    /// All its points.
    pub points: Vec<[f64; 2]>,
}

/// The place that a geometry of GeoJSON tells; alerts have points, lines and polygons without holes.
pub fn of(geometry: &Value) -> Option<Place> {
    let coordinates = geometry["coordinates"].as_array()?;
    let point = |value: &Value| Some([value.get(0)?.as_f64()?, value.get(1)?.as_f64()?]);
    let (kind, points): (u32, Vec<[f64; 2]>) = match geometry["type"].as_str()? {
        "Point" => (1, vec![point(&geometry["coordinates"])?]),
        "LineString" => (2, coordinates.iter().map(point).collect::<Option<_>>()?),
        "Polygon" => (3, coordinates.first()?.as_array()?.iter().map(point).collect::<Option<_>>()?),
        _ => return None,
    };
    Some(Place { bytes: write(kind, &points), points })
}

/// A point, by its longitude and latitude in degrees.
pub fn point(at: [f64; 2]) -> Vec<u8> {
    write(1, &[at])
}

fn write(kind: u32, points: &[[f64; 2]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + 16 * points.len());
    bytes.push(1);
    bytes.extend_from_slice(&kind.to_le_bytes());
    if kind == 3 {
        bytes.extend_from_slice(&1_u32.to_le_bytes());
    }
    if kind > 1 {
        bytes.extend_from_slice(&(points.len() as u32).to_le_bytes());
    }
    for degrees in points.as_flattened() {
        bytes.extend_from_slice(&degrees.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_has_its_kind_its_length_and_its_points() {
        let line =
            of(&json!({"type": "LineString", "coordinates": [[131.5, 42.25], [132.0, 42.5]]})).unwrap();
        assert_eq!(&line.bytes[..9], &[1, 2, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(line.bytes.len(), 9 + 2 * 16);
        assert_eq!(line.bytes[9..17], 131.5_f64.to_le_bytes());
        assert!(of(&Value::Null).is_none());
    }
}
