//! What the core is told beside the log: ports, water, watch rules. Another may take its place between two entries, if ports
//! keep their numbers.

use alloc::vec::Vec;

use detect::Watch;
use detect::watch::Rules;
use geofence::Geofence;
use geofence::sea::Sea;
use model::position::wrapped;
use model::{PortIndex, Ports, Position, Shape};

/// Ports, water and watch rules. Immutable: shared by reference.
#[derive(Debug)]
pub struct World {
    geofence: Geofence,
    watch: Watch,
    middles: Vec<Position>,
}

impl World {
    /// Ports with the rules that name them.
    #[must_use]
    pub fn new(geofence: Geofence, rules: Rules) -> World {
        let watch = Watch::new(rules, geofence.ports());
        let middles = geofence.ports().list.iter().map(|port| middle(&port.shape)).collect();
        World { geofence, watch, middles }
    }

    /// The ports and their relations.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        self.geofence.ports()
    }

    /// Which port a position is in.
    #[must_use]
    pub fn geofence(&self) -> &Geofence {
        &self.geofence
    }

    /// The water of the world, which is always the same.
    #[must_use]
    pub fn sea(&self) -> &'static Sea {
        Sea::built_in()
    }

    /// What people want to hear of.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The middle of a port.
    #[must_use]
    pub fn middle(&self, port: PortIndex) -> Position {
        self.middles[port.0 as usize]
    }
}

/// The centre of a circle, or the centroid of the largest polygon, in the plane of degrees.
fn middle(shape: &Shape) -> Position {
    let rings = match shape {
        Shape::Circle { centre, .. } => return *centre,
        Shape::Polygons(polygons) => polygons.iter().filter_map(|polygon| polygon.first()),
    };
    let mut best = (0.0, Position::default());
    for ring in rings {
        let Some(origin) = ring.first() else { continue };
        let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
        for (at, a) in ring.iter().enumerate() {
            let b = ring[(at + 1) % ring.len()];
            let (ax, ay) = (f64::from(a.lon - origin.lon), f64::from(a.lat - origin.lat));
            let (bx, by) = (f64::from(b.lon - origin.lon), f64::from(b.lat - origin.lat));
            let cross = ax * by - bx * ay;
            area += cross;
            x += (ax + bx) * cross;
            y += (ay + by) * cross;
        }
        let size = if area < 0.0 { -area } else { area };
        if size > best.0 {
            let lon = f64::from(origin.lon) + x / (3.0 * area);
            let lat = f64::from(origin.lat) + y / (3.0 * area);
            let (lon, lat) = (wrapped(model::number::round(lon)), model::number::round(lat));
            best = (size, Position::from_units(lon, lat).unwrap_or_default());
        }
    }
    best.1
}
