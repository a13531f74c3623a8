//! The integer grid against `geo`, which knows nothing of grids: the same ports hold the same
//! positions, boundaries included, over the built-in ports and over random polygons.

use geofence::Geofence;
use model::port::{Ring, Vertex};
use model::{EventTime, Port, PortIndex, PortKind, Position, Shape};
use sim::random::Random;

#[path = "geofence_oracle/areas.rs"]
mod areas;

use areas::Areas;

/// Positions asked in each of the two worlds.
const POSITIONS: usize = 100_000;
const NOW: EventTime = EventTime(1_696_118_400_000);
const TURN: i64 = 360_000_000;
/// Side of the grid's cells, at whose corners and edges it could go wrong.
const CELL: i64 = 31_250;

/// What was compared.
#[derive(Debug, Default)]
struct Compared {
    positions: usize,
    inside: usize,
    uncertain: usize,
}

struct Worlds {
    geofence: Geofence,
    areas: Areas,
}

impl Worlds {
    fn new(ports: Vec<Port>) -> Worlds {
        let areas = Areas::new(&ports);
        Worlds { geofence: Geofence::new(ports), areas }
    }

    #[track_caller]
    fn compare(&self, position: Position, compared: &mut Compared) {
        let mut expected = Vec::new();
        let is_certain = self.areas.inside(position, &mut expected);
        compared.positions += 1;
        if !is_certain {
            compared.uncertain += 1;
            return;
        }
        compared.inside += usize::from(!expected.is_empty());
        let found = self.geofence.inside(position, NOW);
        assert_eq!(found[..], expected[..], "{position:?}");
        if !expected.is_empty() {
            assert!(!self.geofence.is_open_sea(position), "{position:?} is in port, not at open sea");
        }
    }

    fn ports(&self) -> &[Port] {
        &self.geofence.ports().list
    }
}

/// A position, its longitude brought within ±180°; `None` beyond the poles.
fn position(lon: i64, lat: i64) -> Option<Position> {
    let wrapped = (lon + TURN / 2).rem_euclid(TURN) - TURN / 2;
    Position::from_units(wrapped, lat)
}

/// A position that matters for a port: on its boundary, just beside it, at a corner of a cell close
/// by, or anywhere around.
fn pointed(port: &Port, random: &mut Random) -> Option<Position> {
    let (lon, lat) = match &port.shape {
        Shape::Circle { centre, radius_m } => {
            let reach = (radius_m * 9.0).min(2e6) * 1.5;
            let mut off = || random.between(-reach, reach) as i64;
            (i64::from(centre.lon) + off(), i64::from(centre.lat) + off())
        }
        Shape::Polygons(polygons) => {
            let rings: Vec<&Ring> = polygons.iter().flatten().collect();
            let ring = *random.pick(&rings);
            let at = random.below(ring.len() as u64) as usize;
            on_edge(ring[at], ring[(at + 1) % ring.len()], random)
        }
    };
    let beside = |random: &mut Random| random.below(3) as i64 - 1;
    let far = |random: &mut Random| random.between(-60_000.0, 60_000.0) as i64;
    let to_cell = |units: i64| (units + CELL / 2).div_euclid(CELL) * CELL;
    match random.below(5) {
        0 | 1 => position(lon, lat),
        2 => position(lon + beside(random), lat + beside(random)),
        3 => position(to_cell(lon) + beside(random), to_cell(lat) + beside(random)),
        _ => position(lon + far(random), lat + far(random)),
    }
}

/// A point with integer coordinates on an edge: one of its ends if there is no other.
fn on_edge(a: Vertex, b: Vertex, random: &mut Random) -> (i64, i64) {
    let (lon, lat) = (i64::from(a.lon), i64::from(a.lat));
    let (run, rise) = (i64::from(b.lon) - lon, i64::from(b.lat) - lat);
    let steps = common_divisor(run.abs(), rise.abs()).max(1);
    let step = random.below(steps as u64 + 1) as i64;
    (lon + run / steps * step, lat + rise / steps * step)
}

fn common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn compare_all(worlds: &Worlds, count: usize, random: &mut Random) -> Compared {
    let mut compared = Compared::default();
    while compared.positions < count {
        let port = &worlds.ports()[random.below(worlds.ports().len() as u64) as usize];
        if let Some(position) = pointed(port, random) {
            worlds.compare(position, &mut compared);
        }
    }
    compared
}

/// A ring around a centre, its corners in order of their bearing, so that it never crosses itself.
fn star(centre: (i64, i64), radii: (f64, f64), corners: u64, random: &mut Random) -> Ring {
    // One corner in each sector, so that no two bearings are half a turn or more apart.
    let corner = |at: u64| {
        let bearing = (at as f64 + random.between(0.1, 0.9)) / corners as f64 * std::f64::consts::TAU;
        let radius = random.between(radii.0, radii.1);
        Vertex {
            lon: (centre.0 + round(radius * bearing.cos())) as i32,
            lat: (centre.1 + round(radius * bearing.sin())) as i32,
        }
    };
    (0..corners).map(corner).collect()
}

fn round(value: f64) -> i64 {
    model::number::round(value)
}

/// A ring whose edges run along the grid's cells and along each other.
fn steps(centre: (i64, i64), random: &mut Random) -> Ring {
    let (west, south) = (centre.0.div_euclid(CELL) * CELL, centre.1.div_euclid(CELL) * CELL);
    let side = |random: &mut Random| (1 + random.below(4) as i64) * CELL;
    let (width, height, notch) = (side(random), side(random) + CELL, CELL / 2);
    let corners =
        [(0, 0), (width, 0), (width, height), (notch, height), (notch, height - notch), (0, height - notch)];
    corners.into_iter().map(|(x, y)| Vertex { lon: (west + x) as i32, lat: (south + y) as i32 }).collect()
}

fn port(number: usize, shape: Shape) -> Port {
    Port {
        id: format!("P{number}"),
        name: String::new(),
        country: "XZ".to_owned(),
        kind: PortKind::Zone,
        shape,
        exit_buffer_m: 1_000.0,
        valid_from: None,
        valid_to: None,
        wpi: Vec::new(),
        watch: Vec::new(),
        // Equal areas have no parents, which are not looked at here.
        area_m2: 1.0,
    }
}

/// Polygons of every sort, a third of them across the antimeridian.
fn random_ports(count: usize, random: &mut Random) -> Vec<Port> {
    let shape = |number: usize, random: &mut Random| {
        let lon = match number % 3 {
            0 => 180_000_000 + random.between(-200_000.0, 200_000.0) as i64,
            1 => -180_000_000 + random.between(-200_000.0, 200_000.0) as i64,
            _ => random.between(-179e6, 179e6) as i64,
        };
        let centre = (lon, random.between(-84e6, 84e6) as i64);
        let size = random.between(500.0, 400_000.0);
        let corners = 3 + random.below(30);
        let outer = star(centre, (0.5 * size, size), corners.max(5), random);
        match random.below(5) {
            0 => vec![vec![steps(centre, random)]],
            // The sector that holds an edge is at most a fifth of a turn, so a hole this small is inside.
            1 => vec![vec![outer, star(centre, (0.05 * size, 0.15 * size), 7, random)]],
            2 => {
                let other = (centre.0 + 3 * size as i64, centre.1);
                vec![vec![outer], vec![star(other, (0.5 * size, size), 9, random)]]
            }
            3 => vec![vec![star(centre, (0.02 * size, size), 24, random)]],
            _ => vec![vec![outer]],
        }
    };
    (0..count).map(|number| port(number, Shape::Polygons(shape(number, random)))).collect()
}

#[test]
fn the_grid_agrees_with_geo_over_the_built_in_ports() {
    let worlds = Worlds::new(connect::ports::built_in().ports);
    assert!(worlds.ports().len() > 3_000, "{} ports", worlds.ports().len());
    let mut random = Random::new(1);
    let compared = compare_all(&worlds, POSITIONS, &mut random);
    assert!(compared.inside > POSITIONS / 10 && compared.uncertain < 100, "{compared:?}");
    // Every port once more at least, drawn areas many times.
    let mut each = Compared::default();
    for port in worlds.ports() {
        let times = if matches!(port.shape, Shape::Polygons(_)) { 200 } else { 4 };
        for position in (0..times).filter_map(|_| pointed(port, &mut random)) {
            worlds.compare(position, &mut each);
        }
    }
    assert!(each.uncertain < 100, "{each:?}");
}

#[test]
fn the_grid_agrees_with_geo_over_random_polygons() {
    let mut random = Random::new(2);
    let worlds = Worlds::new(random_ports(600, &mut random));
    let compared = compare_all(&worlds, POSITIONS, &mut random);
    assert!(compared.inside > POSITIONS / 3, "{compared:?}");
    assert_eq!(compared.uncertain, 0);
}

#[test]
fn ends_of_the_world_belong_to_the_areas_that_reach_them() {
    let corners = |west: i64, south: i64, east: i64, north: i64| -> Shape {
        let ring = [(west, south), (east, south), (east, north), (west, north)];
        let vertex = |(lon, lat)| Vertex { lon: lon as i32, lat: lat as i32 };
        Shape::Polygons(vec![vec![ring.into_iter().map(vertex).collect()]])
    };
    let shapes = [
        corners(179_000_000, -1_000_000, 181_000_000, 1_000_000),
        corners(-181_000_000, 2_000_000, -179_000_000, 3_000_000),
        corners(170_000_000, 5_000_000, 180_000_000, 6_000_000),
        corners(-180_000_000, 5_000_000, -170_000_000, 6_000_000),
        corners(-180_000_000, 89_500_000, 180_000_000, 90_000_000),
        corners(10_000_000, -90_000_000, 20_000_000, -89_500_000),
    ];
    let ports = shapes.into_iter().enumerate().map(|(number, shape)| port(number, shape)).collect();
    let worlds = Worlds::new(ports);
    let mut compared = Compared::default();
    for lon in
        [-180_000_000, -179_999_999, -179_000_000, -178_999_999, 0, 179_000_000, 179_999_999, 180_000_000]
    {
        for lat in (-90..=90).map(|degrees| degrees * 1_000_000).flat_map(|lat| [lat - 1, lat, lat + 1]) {
            if let Some(position) = Position::from_units(lon, lat) {
                worlds.compare(position, &mut compared);
            }
        }
    }
    // Both halves hold the meridian that they share, whichever of its names is used.
    for lon in [-180_000_000, 180_000_000] {
        let at = Position { lon, lat: 5_500_000 };
        assert_eq!(worlds.geofence.inside(at, NOW)[..], [PortIndex(2), PortIndex(3)]);
    }
}
