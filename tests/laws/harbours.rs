//! Random ports: a port with a terminal in it, two that overlap, an anchorage, a point with a radius.

use detect::watch::{PortRule, PortSelector, Rules};
use geofence::{Geofence, port_file};
use model::alert::Severity;
use sim::random::Random;

/// Kilometres in one degree of the sphere of 6,371,008.8 m.
const KM_PER_DEGREE: f64 = 111.195_08;

/// A plane in kilometres around an origin; parallels and meridians stay straight in it.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    lon: f64,
    lat: f64,
}

impl Plane {
    /// Degrees; the longitude may be beyond ±180.
    fn unwrapped(self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.lon + x / (KM_PER_DEGREE * self.lat.to_radians().cos()), self.lat + y / KM_PER_DEGREE)
    }

    /// Degrees on the globe.
    pub fn degrees(self, place: (f64, f64)) -> (f64, f64) {
        let (lon, lat) = self.unwrapped(place);
        ((lon + 540.0).rem_euclid(360.0) - 180.0, lat)
    }
}

fn rules() -> Rules {
    let ports = PortSelector { ids: vec!["XXWEST".to_owned()], ..PortSelector::default() };
    let effect = detect::watch::Effect { severity: Severity::Warning, mute: false };
    let rule = PortRule { name: "west".to_owned(), ports, effect };
    Rules { ports: vec![rule], tells_all_facts: true, ..Rules::default() }
}

/// The ports of a world.
#[derive(Debug)]
pub struct Harbours {
    /// The port file.
    pub text: String,
    /// Its ports, ready to be asked, one of them watched; visits and hops of all are told.
    pub core: engine::World,
    /// Where ships go.
    pub berths: Vec<(f64, f64)>,
    /// Where on the globe.
    pub plane: Plane,
}

impl Harbours {
    /// Three to six ports.
    pub fn random(random: &mut Random) -> Harbours {
        let lon = *random.pick(&[10.3, 130.3, 179.95, -60.0]);
        let plane = Plane { lon, lat: random.between(-50.0, 60.0) };
        let mut berths = Vec::new();
        let mut features = Vec::new();
        let mut polygon = |id: &str, kind: &str, (x, y): (f64, f64), (half_x, half_y): (f64, f64)| {
            let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)];
            let ring: Vec<String> = corners
                .iter()
                .map(|(east, north)| plane.unwrapped((x + east * half_x, y + north * half_y)))
                .map(|(lon, lat)| format!("[{lon:.6},{lat:.6}]"))
                .collect();
            let geometry = format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, ring.join(","));
            features.push(feature(id, kind, &geometry, ""));
            berths.push((x, y));
        };
        let home = (random.between(-8.0, 8.0), random.between(-8.0, 8.0));
        polygon("XXHOME", "port", home, (3.0, 2.2));
        let parts = 1 + random.below(7);
        if parts & 1 != 0 {
            polygon("XXQUAY", "terminal", (home.0 + 1.2, home.1 + 0.4), (0.9, 0.7));
        }
        if parts & 2 != 0 {
            let far = (home.0 + random.between(30.0, 60.0), home.1 + random.between(-30.0, 30.0));
            polygon("XXEAST", "port", far, (1.6, 1.6));
            polygon("XXNEXT", "terminal", (far.0 + 2.0, far.1 + 0.5), (1.2, 1.4));
        }
        if parts & 4 != 0 {
            let off = random.between(6.0, 26.0);
            polygon("XXROAD", "anchorage", (home.0 - 2.0, home.1 - off), (1.5, 1.5));
        }
        let point = (home.0 + random.between(-50.0, -25.0), home.1 + random.between(-25.0, 25.0));
        let (lon, lat) = plane.degrees(point);
        let geometry = format!(r#"{{"type":"Point","coordinates":[{lon:.6},{lat:.6}]}}"#);
        features.push(feature("XXWEST", "port", &geometry, r#","radius_km":2"#));
        berths.push(point);
        if parts & 2 == 0 {
            let zone = (home.0 + 12.0, home.1 + 9.0);
            let (lon, lat) = plane.degrees(zone);
            let geometry = format!(r#"{{"type":"Point","coordinates":[{lon:.6},{lat:.6}]}}"#);
            let kind = *random.pick(&["zone", "naval"]);
            features.push(feature("XXAREA", kind, &geometry, r#","radius_km":4,"exit_buffer_m":2000"#));
            berths.push(zone);
        }
        let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",\n"));
        let file = port_file::read("ports.geojson", &text);
        assert!(!file.has_errors(), "{}", file.listing(9));
        let core = engine::World::new(Geofence::new(file.ports), rules());
        Harbours { text, core, berths, plane }
    }
}

fn feature(id: &str, kind: &str, geometry: &str, more: &str) -> String {
    let properties = format!(r#"{{"id":"{id}","name":"{id}","country":"RU","kind":"{kind}"{more}}}"#);
    format!(r#"{{"type":"Feature","properties":{properties},"geometry":{geometry}}}"#)
}
