//! The port files in use: those given, or the ones built in.

use geofence::port_file::{self, PortFile};

const AREAS: &str = include_str!("../../../config/ports/areas.geojson");
const INDEX: &str = include_str!("../../../config/ports/wpi.geojson");

/// The built-in ports: drawn areas, and circles of the World Port Index where no area stands for
/// the point.
#[must_use]
pub fn built_in() -> PortFile {
    let mut file = port_file::read_all([("areas.geojson", AREAS), ("wpi.geojson", INDEX)]);
    let replaced: std::collections::BTreeSet<String> =
        file.ports.iter().flat_map(|port| &port.wpi).map(|number| format!("WPI{number:05}")).collect();
    file.ports.retain(|port| !replaced.contains(&port.id));
    file
}

/// The text of both built-in files, by which they are told apart from others.
#[must_use]
pub fn built_in_texts() -> [(&'static str, &'static str); 2] {
    [("areas.geojson", AREAS), ("wpi.geojson", INDEX)]
}
