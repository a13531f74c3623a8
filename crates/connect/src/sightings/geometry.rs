//! The middle of a geometry of GeoJSON (RFC 7946).

use serde_json::Value;

/// Longitude and latitude of a point, or of the middle of the corners of an outline.
pub fn middle(geometry: &Value) -> Option<(f64, f64)> {
    let coordinates = &geometry["coordinates"];
    match geometry["type"].as_str()? {
        "Point" => pair(coordinates),
        "Polygon" => ring(&coordinates[0]),
        "MultiPolygon" => ring(&coordinates[0][0]),
        _ => None,
    }
}

fn pair(value: &Value) -> Option<(f64, f64)> {
    Some((value[0].as_f64()?, value[1].as_f64()?))
}

/// Of an outline of a ship the mean of its corners is near enough; the last repeats the first.
fn ring(value: &Value) -> Option<(f64, f64)> {
    let corners: Vec<(f64, f64)> = value.as_array()?.iter().map(pair).collect::<Option<_>>()?;
    let corners = &corners[..corners.len().checked_sub(1)?];
    let first = corners.first()?;
    let count = corners.len() as f64;
    // The short way round from the first corner.
    let east = |lon: f64| (lon - first.0 + 540.0).rem_euclid(360.0) - 180.0;
    let lon = first.0 + corners.iter().map(|(lon, _)| east(*lon)).sum::<f64>() / count;
    let lat = corners.iter().map(|(_, lat)| lat).sum::<f64>() / count;
    Some(((lon + 540.0).rem_euclid(360.0) - 180.0, lat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_across_the_antimeridian_has_its_middle_there() {
        let outline = serde_json::json!({
            "type": "Polygon",
            "coordinates": [[[179.0, 10.0], [-179.0, 10.0], [-179.0, 12.0], [179.0, 12.0], [179.0, 10.0]]],
        });
        let (lon, lat) = middle(&outline).unwrap();
        assert!((lon.abs() - 180.0).abs() < 1e-9 && (lat - 11.0).abs() < 1e-9, "{lon} {lat}");
    }
}
