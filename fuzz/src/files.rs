//! Files: archives, port files, lists of ships, sightings, the configuration.

use std::io::{BufRead, Read};
use std::path::Path;
use std::sync::Arc;

use connect::lists::{self, Format};
use connect::sightings::Sightings;
use connect::{Input, files};
use darkwake::config::Config;
use detect::sighting::lookout::Lookout;
use geofence::{Geofence, port_file};
use model::port::Vertex;
use model::position::UNITS_PER_DEGREE;
use model::sighting::Sighting;
use model::{EventTime, Mmsi, Port, Position, Shape};

/// So much of each input is read: some bytes can stand for gigabytes.
const MOST_BYTES: u64 = 1 << 20;
/// So many inputs of an archive are read.
const MOST_INPUTS: usize = 16;

/// A file of any compression, or an archive: it can be read, or why not is told, and the same again.
pub fn archive(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("input");
    std::fs::write(&path, data).expect("a temporary file");
    let Ok(inputs) = files::find(&[path.display().to_string()]) else { return };
    for input in inputs.iter().take(MOST_INPUTS) {
        assert_eq!(length(input), length(input), "{}", input.name());
    }
}

/// The bytes of an input as far as it can be read; `None` if it cannot be opened.
fn length(input: &Input) -> Option<usize> {
    let mut reader = input.open().ok()?.take(MOST_BYTES);
    let mut length = 0;
    loop {
        let read = reader.fill_buf().map_or(0, <[u8]>::len);
        if read == 0 {
            return Some(length);
        }
        length += read;
        reader.consume(read);
    }
}

/// Larger areas, and those near a pole, take up millions of cells of the grid, and are not laid into it here.
const MOST_SQUARE_DEGREES: i64 = 25;
const MOST_LATITUDE: i32 = 80 * UNITS_PER_DEGREE;
const MOST_RADIUS_M: f64 = 100_000.0;

/// Text that may be a port file: its faults are told, and what is left of it can be asked.
pub fn port_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = port_file::read("ports.geojson", text);
    let _ = file.listing(3).to_string();
    if file.has_errors() || !file.ports.iter().all(is_small) {
        return;
    }
    let geofence = Geofence::new(file.ports);
    for (lon, lat) in [(0, 0), (180_000_000, 0), (-180_000_000, 90_000_000), (131_888_300, 43_108_900)] {
        let position = Position { lon, lat };
        let inside = geofence.inside(position, EventTime(0));
        assert!(inside.is_empty() || !geofence.is_open_sea(position));
    }
}

fn is_small(port: &Port) -> bool {
    let polygons = match &port.shape {
        Shape::Circle { centre, radius_m } => {
            return *radius_m <= MOST_RADIUS_M && centre.lat.abs() <= MOST_LATITUDE;
        }
        Shape::Polygons(polygons) => polygons,
    };
    let size = |of: fn(&Vertex) -> i32| {
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for vertex in polygons.iter().flatten().flatten() {
            (least, most) = (least.min(i64::from(of(vertex))), most.max(i64::from(of(vertex))));
        }
        most.saturating_sub(least) / i64::from(UNITS_PER_DEGREE) + 1
    };
    let mut vertices = polygons.iter().flatten().flatten();
    vertices.all(|vertex| vertex.lat.abs() <= MOST_LATITUDE)
        && size(|vertex| vertex.lon) * size(|vertex| vertex.lat) <= MOST_SQUARE_DEGREES
}

/// Text that may be a list of ships: each of its entries is taken, or counted with the reason why not.
pub fn ship_list(data: &[u8]) {
    let formats = [Format::Plain, Format::OfacCsv, Format::OfacXml, Format::OpenSanctions, Format::Eu];
    for format in formats.into_iter().map(Some).chain([None]) {
        let settings = lists::Settings { format, ..lists::Settings::default() };
        let Ok(list) = lists::read("list", data, &settings) else { continue };
        let left_out: u64 = list.left_out.values().map(|tally| tally.count).sum();
        assert_eq!(list.seen, list.taken + left_out, "{}", list.summary());
        assert!(list.ships.iter().all(|ship| ship.imo.is_some() || !ship.mmsis.is_empty()));
        list.doubts().for_each(drop);
    }
}

/// Text that may be sightings: each row is taken, or counted with the reason why not, and what is taken can be looked for.
pub fn sightings(data: &[u8]) {
    let mut sightings = Sightings::default();
    let rajin = Position { lon: 130_300_000, lat: 42_215_000 };
    let port = |name: &str| (name == "KPRJN").then_some((rajin, 4_000.0));
    sightings.read("seen", 0, data, &port).expect("bytes in memory can be read");
    let rejected: u64 = sightings.rejected.values().sum();
    assert_eq!(sightings.read, sightings.list.len() as u64 + rejected);
    let seen: Vec<Arc<Sighting>> = sightings.list.into_iter().map(Arc::new).collect();
    let lookout = Lookout::new(seen);
    for sighting in lookout.sightings() {
        assert!((0.0..=1.0).contains(&sighting.confidence) && sighting.accuracy_m <= 50_000.0);
        assert!(!sighting.id.is_empty() && lookout.is_sought(Mmsi(0), None, sighting.fix), "{sighting:?}");
    }
}

/// Text that may be a configuration: what is read is written so that it is read as the same again.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = Path::new("darkwake.toml");
    let Ok(config) = Config::read(text, path) else { return };
    let written = toml::to_string(&config).expect("a configuration can be written");
    let again = Config::read(&written, path).unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(toml::to_string(&again).expect("a configuration can be written"), written);
    assert_eq!(config.hash(), again.hash());
}
