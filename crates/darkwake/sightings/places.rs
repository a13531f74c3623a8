//! Ports by what rows of sightings call them.

use std::collections::BTreeMap;

use engine::World;
use model::{PortIndex, Position, Shape};

/// Ports by their ids, their World Port Index numbers, and names that only one has.
pub struct Places<'a> {
    world: &'a World,
    by_id: BTreeMap<String, usize>,
    /// `None` where several have the name.
    by_name: BTreeMap<String, Option<usize>>,
}

/// A UN/LOCODE is often written with a blank between country and place.
fn id(named: &str) -> String {
    named.chars().filter(|character| !character.is_whitespace()).collect::<String>().to_lowercase()
}

impl<'a> Places<'a> {
    /// Of all ports.
    pub fn of(world: &'a World) -> Places<'a> {
        let mut places = Places { world, by_id: BTreeMap::new(), by_name: BTreeMap::new() };
        for (number, port) in world.ports().list.iter().enumerate() {
            for wpi in &port.wpi {
                places.by_id.entry(wpi.to_string()).or_insert(number);
            }
            let of_name = places.by_name.entry(port.name.to_lowercase());
            of_name.and_modify(|known| *known = None).or_insert(Some(number));
        }
        // An id is never the number of another.
        places
            .by_id
            .extend(world.ports().list.iter().enumerate().map(|(number, port)| (id(&port.id), number)));
        places
    }

    /// Where a port is and how far it reaches, metres.
    pub fn find(&self, named: &str) -> Option<(Position, f64)> {
        let by_name = || self.by_name.get(&named.trim().to_lowercase()).copied().flatten();
        let found = self.by_id.get(&id(named)).copied().or_else(by_name)?;
        let middle = self.world.middle(PortIndex(found as u32));
        let radius_m = match &self.world.ports().list[found].shape {
            Shape::Circle { radius_m, .. } => *radius_m,
            Shape::Polygons(polygons) => {
                let corners = polygons.iter().filter_map(|polygon| polygon.first()).flatten();
                let places =
                    corners.filter_map(|corner| Position::from_units(corner.lon.into(), corner.lat.into()));
                places.map(|place| place.distance_m(middle)).fold(0.0, f64::max)
            }
        };
        Some((middle, radius_m))
    }
}
