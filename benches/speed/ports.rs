//! As many port polygons as are asked for, around the ports that are built in.

use geofence::Geofence;
use model::port::Vertex;
use model::{Port, PortKind, Position, Shape};
use sim::random::Random;

/// Corners of a polygon.
const CORNERS: u32 = 24;
/// Sizes: the smallest and the largest distance of a corner from the middle, metres.
const REACH_M: (f64, f64) = (500.0, 4_000.0);
/// How far from a built-in port those lie that are more than one around it, degrees.
const APART_DEG: f64 = 0.4;
const METRES_PER_DEGREE: f64 = 111_195.0;

/// Ports of one polygon each. The first of them are the same, however many are asked for.
pub fn polygons(count: usize) -> Geofence {
    let built_in = connect::ports::built_in().ports;
    let mut random = Random::new(2);
    let ports = (0..count).map(|number| {
        let like = &built_in[number % built_in.len()];
        let middle = middle(&like.shape);
        let mut off = || if number < built_in.len() { 0.0 } else { random.between(-APART_DEG, APART_DEG) };
        let (lon, lat) = (f64::from(middle.lon) / 1e6 + off(), f64::from(middle.lat) / 1e6 + off());
        port(number, &like.country, (lon.clamp(-179.5, 179.5), lat.clamp(-75.0, 75.0)), &mut random)
    });
    Geofence::new(ports.collect())
}

fn middle(shape: &Shape) -> Position {
    match shape {
        Shape::Circle { centre, .. } => *centre,
        Shape::Polygons(polygons) => {
            let corner = polygons[0][0][0];
            Position::from_units(i64::from(corner.lon), i64::from(corner.lat)).unwrap_or_default()
        }
    }
}

fn port(number: usize, country: &str, (lon, lat): (f64, f64), random: &mut Random) -> Port {
    let size_m = random.between(REACH_M.0, REACH_M.1);
    let ring = (0..CORNERS).map(|corner| {
        let angle = std::f64::consts::TAU * f64::from(corner) / f64::from(CORNERS);
        let reach_deg = size_m * random.between(0.6, 1.0) / METRES_PER_DEGREE;
        let east_deg = reach_deg * angle.cos() / lat.to_radians().cos();
        let units = |degrees: f64| (degrees * 1e6).round() as i32;
        Vertex { lon: units(lon + east_deg), lat: units(lat + reach_deg * angle.sin()) }
    });
    Port {
        id: format!("BENCH{number:05}"),
        name: format!("Bench {number}"),
        country: country.to_owned(),
        kind: PortKind::Port,
        shape: Shape::Polygons(vec![vec![ring.collect()]]),
        exit_buffer_m: 500.0,
        valid_from: None,
        valid_to: None,
        wpi: Vec::new(),
        watch: Vec::new(),
        area_m2: std::f64::consts::PI * size_m * size_m,
    }
}
