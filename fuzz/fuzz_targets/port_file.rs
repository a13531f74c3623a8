//! Text that may be a port file: its faults are told, and what is left of it can be asked.
#![no_main]

use geofence::{Geofence, port_file};
use libfuzzer_sys::fuzz_target;
use model::{EventTime, Position};

fuzz_target!(|text: &str| {
    let file = port_file::read("ports.geojson", text);
    let _ = file.listing(3).to_string();
    if file.has_errors() {
        return;
    }
    let geofence = Geofence::new(file.ports);
    for (lon, lat) in [(0, 0), (180_000_000, 0), (-180_000_000, 90_000_000), (131_888_300, 43_108_900)] {
        let _ = geofence.inside(Position { lon, lat }, EventTime(0));
    }
});
