//! The waters of the scenarios: ports with berths and roads, and the lanes between them, drawn by hand so that routes stay
//! on water.
//!
//! Port ids are those of the port file (UN/LOCODE, and `RU-DUNAI`, which has none). Longitude comes first.

use crate::random::Random;
use crate::sphere::{Knots, Position, destination, distance_m};

/// A place where ships call.
#[derive(Debug)]
pub struct Port {
    /// Stable id.
    pub id: &'static str,
    /// What ships write as their destination.
    pub destination: &'static str,
    /// The node of the lanes at which its approach begins.
    gate: &'static str,
    /// From the gate to the berths.
    approach: &'static [(f64, f64)],
    /// Where ships lie alongside.
    berths: &'static [(f64, f64)],
    /// Where they anchor; empty if nowhere. The roads are reached straight from `roads_gate`.
    roads: &'static [(f64, f64)],
    roads_gate: &'static str,
}

/// Alongside or at anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// At a berth.
    Berth,
    /// In the roads.
    Roads,
}

/// A place to steer for, and how fast a ship may go on the way to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waypoint {
    /// Where it is.
    pub position: Position,
    /// Speed limit of the leg that ends here.
    pub limit: Knots,
}

/// One end of a passage.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// A ship's place in a port.
    Port(&'static Port, Lie, Position),
    /// A node of the lanes.
    Node(&'static str),
}

/// Nobody is slowed down at sea.
const OPEN_SEA: Knots = Knots(60.0);
const FAIRWAY: Knots = Knots(9.0);
const HARBOUR: Knots = Knots(5.0);

/// The lanes' nodes: name, longitude, latitude, and how far from it, in metres, ships may pass.
const NODES: &[(&str, f64, f64, f64)] = &[
    ("bosporus", 131.872, 43.074, 60.0),
    ("bosporus-west", 131.805, 43.078, 150.0),
    ("bosporus-east", 131.946, 43.058, 80.0),
    ("amur-bay", 131.740, 43.030, 400.0),
    ("amur-south", 131.620, 42.960, 600.0),
    ("antipenko", 131.540, 42.845, 500.0),
    ("pelis-west", 131.305, 42.680, 700.0),
    ("pelis-east", 131.600, 42.660, 1_200.0),
    ("ussuri-bay", 132.030, 43.020, 500.0),
    ("ussuri-south", 132.060, 42.850, 1_500.0),
    ("gulf", 132.050, 42.600, 2_500.0),
    ("askold-south", 132.450, 42.550, 1_500.0),
    ("strelok", 132.420, 42.700, 400.0),
    ("nakhodka-bay", 132.950, 42.640, 600.0),
    ("povorotny", 133.050, 42.480, 2_000.0),
    ("gamov", 131.330, 42.450, 1_500.0),
    ("zarubino-bay", 131.100, 42.520, 500.0),
    ("posyet-bay", 131.030, 42.500, 400.0),
    ("tumen-off", 131.000, 42.250, 1_500.0),
    ("rajin-off", 130.450, 42.090, 700.0),
    ("east-sea-north", 131.700, 41.600, 4_000.0),
    ("east-sea-middle", 131.000, 39.700, 5_000.0),
    ("ulleung-west", 130.300, 38.000, 4_000.0),
    ("donghae-off", 129.330, 37.520, 800.0),
    ("homi", 129.850, 36.100, 1_500.0),
    ("ulsan-off", 129.700, 35.500, 1_500.0),
    ("busan-off", 129.300, 35.000, 800.0),
    ("basin", 134.300, 41.200, 6_000.0),
    ("basin-east", 137.200, 39.600, 5_000.0),
    ("sado-north", 138.700, 38.500, 2_000.0),
    ("niigata-off", 138.950, 38.080, 600.0),
    ("sakata-off", 139.650, 38.950, 500.0),
];

/// Straight lanes over water.
const LANES: &[(&str, &str)] = &[
    ("bosporus", "bosporus-west"),
    ("bosporus", "bosporus-east"),
    ("bosporus-west", "amur-bay"),
    ("amur-bay", "amur-south"),
    ("amur-south", "antipenko"),
    ("antipenko", "pelis-west"),
    ("antipenko", "pelis-east"),
    ("pelis-west", "gamov"),
    ("pelis-east", "gamov"),
    ("pelis-east", "east-sea-north"),
    ("bosporus-east", "ussuri-bay"),
    ("ussuri-bay", "ussuri-south"),
    ("ussuri-south", "gulf"),
    ("gulf", "gamov"),
    ("gulf", "askold-south"),
    ("gulf", "strelok"),
    ("gulf", "east-sea-north"),
    ("askold-south", "strelok"),
    ("askold-south", "nakhodka-bay"),
    ("askold-south", "gamov"),
    ("strelok", "nakhodka-bay"),
    ("nakhodka-bay", "povorotny"),
    ("povorotny", "basin"),
    ("povorotny", "east-sea-north"),
    ("gamov", "zarubino-bay"),
    ("gamov", "posyet-bay"),
    ("gamov", "tumen-off"),
    ("gamov", "east-sea-north"),
    ("zarubino-bay", "posyet-bay"),
    ("posyet-bay", "tumen-off"),
    ("tumen-off", "rajin-off"),
    ("tumen-off", "east-sea-north"),
    ("rajin-off", "east-sea-north"),
    ("east-sea-north", "east-sea-middle"),
    ("east-sea-north", "basin"),
    ("east-sea-middle", "ulleung-west"),
    ("east-sea-middle", "basin-east"),
    ("ulleung-west", "donghae-off"),
    ("ulleung-west", "homi"),
    ("donghae-off", "homi"),
    ("homi", "ulsan-off"),
    ("ulsan-off", "busan-off"),
    ("basin", "basin-east"),
    ("basin-east", "sado-north"),
    ("basin-east", "sakata-off"),
    ("sado-north", "niigata-off"),
    ("sado-north", "sakata-off"),
];

/// The ports of the scenarios.
pub const PORTS: &[Port] = &[
    Port {
        id: "RUVVO",
        destination: "VLADIVOSTOK",
        gate: "bosporus",
        approach: &[
            (131.875, 43.086),
            (131.8755, 43.092),
            (131.877, 43.098),
            (131.880, 43.104),
            (131.885, 43.1075),
        ],
        berths: &[
            (131.8830, 43.1055),
            (131.8920, 43.1085),
            (131.9050, 43.1080),
            (131.9150, 43.1080),
            (131.9200, 43.1075),
        ],
        roads: &[
            (131.790, 43.082),
            (131.802, 43.093),
            (131.815, 43.080),
            (131.785, 43.098),
            (131.806, 43.068),
            (131.822, 43.100),
        ],
        roads_gate: "bosporus-west",
    },
    Port {
        id: "RUVYP",
        destination: "VOSTOCHNY",
        gate: "nakhodka-bay",
        approach: &[(132.965, 42.700), (132.995, 42.745), (133.050, 42.757)],
        berths: &[(133.0640, 42.7480), (133.0710, 42.7440), (133.0780, 42.7435), (133.0580, 42.7530)],
        roads: &[(132.985, 42.752), (133.005, 42.763), (132.992, 42.742)],
        roads_gate: "nakhodka-bay",
    },
    Port {
        id: "RUNJK",
        destination: "NAKHODKA",
        gate: "nakhodka-bay",
        approach: &[(132.935, 42.745), (132.935, 42.795), (132.918, 42.814)],
        berths: &[(132.9000, 42.8105), (132.9030, 42.8140), (132.9080, 42.8175), (132.8970, 42.8080)],
        roads: &[(132.940, 42.775), (132.950, 42.785), (132.955, 42.770)],
        roads_gate: "nakhodka-bay",
    },
    Port {
        id: "RUSKA",
        destination: "SLAVYANKA",
        gate: "antipenko",
        approach: &[(131.480, 42.886), (131.425, 42.892)],
        berths: &[(131.3960, 42.8740), (131.3990, 42.8790), (131.4060, 42.8860)],
        roads: &[],
        roads_gate: "antipenko",
    },
    Port {
        id: "RUZAR",
        destination: "ZARUBINO",
        gate: "zarubino-bay",
        approach: &[(131.085, 42.590), (131.110, 42.612), (131.109, 42.630)],
        berths: &[(131.0920, 42.6415), (131.0960, 42.6445)],
        roads: &[],
        roads_gate: "zarubino-bay",
    },
    Port {
        id: "RUPSE",
        destination: "POSYET",
        gate: "posyet-bay",
        approach: &[(130.890, 42.555), (130.838, 42.605), (130.806, 42.632)],
        berths: &[(130.8050, 42.6420), (130.8090, 42.6405), (130.8120, 42.6405)],
        roads: &[],
        roads_gate: "posyet-bay",
    },
    Port {
        id: "KPRJN",
        destination: "RAJIN",
        gate: "rajin-off",
        approach: &[(130.325, 42.148), (130.302, 42.180), (130.2965, 42.205), (130.2945, 42.222)],
        berths: &[(130.2895, 42.2285), (130.2890, 42.2305), (130.2875, 42.2315)],
        roads: &[],
        roads_gate: "rajin-off",
    },
    Port {
        id: "RU-DUNAI",
        destination: "DUNAI",
        gate: "strelok",
        approach: &[
            (132.410, 42.790),
            (132.388, 42.825),
            (132.384, 42.860),
            (132.386, 42.888),
            (132.371, 42.8985),
            (132.360, 42.9010),
        ],
        berths: &[(132.3530, 42.9045), (132.3515, 42.9070), (132.3560, 42.9025)],
        roads: &[],
        roads_gate: "strelok",
    },
    Port {
        id: "KRPUS",
        destination: "BUSAN",
        gate: "busan-off",
        approach: &[(129.140, 35.045), (129.115, 35.090), (129.080, 35.0975), (129.062, 35.1015)],
        berths: &[(129.0555, 35.1030), (129.0600, 35.1045), (129.0500, 35.1035), (129.0640, 35.1035)],
        roads: &[(129.020, 35.045), (129.035, 35.038)],
        roads_gate: "busan-off",
    },
    Port {
        id: "KRTGH",
        destination: "DONGHAE",
        gate: "donghae-off",
        approach: &[(129.180, 37.502)],
        berths: &[(129.1460, 37.4950), (129.1440, 37.4930), (129.1430, 37.4970)],
        roads: &[],
        roads_gate: "donghae-off",
    },
    Port {
        id: "JPKIJ",
        destination: "NIIGATA",
        gate: "niigata-off",
        approach: &[(139.030, 37.985), (139.052, 37.955)],
        berths: &[(139.0550, 37.9440), (139.0500, 37.9430), (139.0600, 37.9460)],
        roads: &[],
        roads_gate: "niigata-off",
    },
    Port {
        id: "JPSKT",
        destination: "SAKATA",
        gate: "sakata-off",
        approach: &[(139.780, 38.938)],
        berths: &[(139.8100, 38.9270), (139.8130, 38.9250)],
        roads: &[],
        roads_gate: "sakata-off",
    },
];

/// Where fishing boats work: name, entry node, and the box west, south, east, north.
pub const GROUNDS: &[(&str, &str, [f64; 4])] = &[
    ("gulf", "gulf", [131.85, 42.35, 132.30, 42.58]),
    ("gamov", "gamov", [131.25, 42.28, 131.55, 42.43]),
    ("strelok", "strelok", [132.42, 42.58, 132.60, 42.69]),
    ("homi", "homi", [129.80, 36.15, 130.20, 36.70]),
    ("donghae", "donghae-off", [129.40, 37.35, 129.75, 37.65]),
    ("niigata", "niigata-off", [138.80, 38.10, 139.05, 38.30]),
];

/// How far from its berth's or anchorage's point a ship may lie, in metres.
const BERTH_SPREAD_M: f64 = 45.0;
const ROADS_SPREAD_M: f64 = 450.0;

/// The port with that id.
///
/// # Panics
/// If there is none; scenarios name their ports in constants.
pub fn port(id: &str) -> &'static Port {
    let found = PORTS.iter().find(|port| port.id == id);
    assert!(found.is_some(), "no port {id} on the chart");
    found.unwrap_or(&PORTS[0])
}

impl Port {
    /// A place for one ship. Ports without roads give a berth.
    pub fn place(&'static self, lie: Lie, random: &mut Random) -> End {
        let (lie, spots, spread_m) = match lie {
            Lie::Roads if !self.roads.is_empty() => (Lie::Roads, self.roads, ROADS_SPREAD_M),
            Lie::Roads | Lie::Berth => (Lie::Berth, self.berths, BERTH_SPREAD_M),
        };
        let &(lon, lat) = random.pick(spots);
        End::Port(self, lie, scatter(Position::new(lon, lat), spread_m, random))
    }
}

/// The waypoints from one end to the other, both included, by the shortest lanes.
pub fn route(from: End, to: End, random: &mut Random) -> Vec<Waypoint> {
    let (mut way, gate) = leave(from);
    let (mut arrival, last_gate) = leave(to);
    for index in lanes_between(node_index(gate), node_index(last_gate)) {
        let (_, lon, lat, spread_m) = NODES[index];
        way.push(Waypoint { position: scatter(Position::new(lon, lat), spread_m, random), limit: OPEN_SEA });
    }
    // A limit belongs to the leg that ends at its waypoint, so it moves by one when the way is turned round.
    let mut limit = arrival.last().map_or(OPEN_SEA, |_| FAIRWAY);
    while let Some(waypoint) = arrival.pop() {
        way.push(Waypoint { position: waypoint.position, limit });
        limit = waypoint.limit.at_most(FAIRWAY);
    }
    if let [first, .., last] = way.as_mut_slice() {
        last.limit = if matches!(to, End::Port(..)) { HARBOUR } else { last.limit };
        first.limit = OPEN_SEA;
    }
    way
}

/// The waypoints from an end to its gate, without the gate's own, and the gate.
fn leave(end: End) -> (Vec<Waypoint>, &'static str) {
    match end {
        End::Node(name) => (Vec::new(), name),
        End::Port(port, Lie::Roads, position) => {
            (vec![Waypoint { position, limit: FAIRWAY }], port.roads_gate)
        }
        End::Port(port, Lie::Berth, position) => {
            let mut way = vec![Waypoint { position, limit: HARBOUR }];
            way.extend(
                port.approach
                    .iter()
                    .rev()
                    .map(|&(lon, lat)| Waypoint { position: Position::new(lon, lat), limit: FAIRWAY }),
            );
            (way, port.gate)
        }
    }
}

fn node_index(name: &str) -> usize {
    let found = NODES.iter().position(|&(node, ..)| node == name);
    assert!(found.is_some(), "no node {name} on the chart");
    found.unwrap_or(0)
}

fn node_position(index: usize) -> Position {
    let (_, lon, lat, _) = NODES[index];
    Position::new(lon, lat)
}

/// The nodes of the shortest way, both ends included (Bellman and Ford; the chart is small).
fn lanes_between(from: usize, to: usize) -> Vec<usize> {
    let lanes: Vec<(usize, usize, f64)> = LANES
        .iter()
        .map(|&(a, b)| (node_index(a), node_index(b)))
        .flat_map(|(a, b)| {
            let length_m = distance_m(node_position(a), node_position(b));
            [(a, b, length_m), (b, a, length_m)]
        })
        .collect();
    let mut length_m = vec![f64::INFINITY; NODES.len()];
    let mut next = vec![to; NODES.len()];
    length_m[to] = 0.0;
    for _ in 0..NODES.len() {
        for &(a, b, lane_m) in &lanes {
            if length_m[b] + lane_m < length_m[a] {
                length_m[a] = length_m[b] + lane_m;
                next[a] = b;
            }
        }
    }
    let mut way = vec![from];
    let mut here = from;
    while here != to && length_m[here].is_finite() {
        here = next[here];
        way.push(here);
    }
    way
}

fn scatter(place: Position, spread_m: f64, random: &mut Random) -> Position {
    let course_deg = random.between(0.0, 360.0);
    destination(place, course_deg, spread_m * random.unit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_can_be_reached_from_every_other() {
        let mut random = Random::new(1);
        for from in PORTS {
            for to in PORTS {
                let (a, b) = (from.place(Lie::Berth, &mut random), to.place(Lie::Roads, &mut random));
                let way = route(a, b, &mut random);
                let (End::Port(_, _, start), End::Port(_, _, end)) = (a, b) else {
                    panic!("places in ports")
                };
                assert_eq!(way.first().map(|waypoint| waypoint.position), Some(start));
                assert_eq!(way.last().map(|waypoint| waypoint.position), Some(end));
                assert_eq!(way.last().map(|waypoint| waypoint.limit), Some(HARBOUR));
            }
        }
    }

    #[test]
    fn rajin_to_dunai_is_a_night_at_sea() {
        let mut random = Random::new(2);
        let (rajin, dunai) =
            (port("KPRJN").place(Lie::Berth, &mut random), port("RU-DUNAI").place(Lie::Berth, &mut random));
        let way = route(rajin, dunai, &mut random);
        let length_m: f64 = way.windows(2).map(|leg| distance_m(leg[0].position, leg[1].position)).sum();
        assert!((190_000.0..250_000.0).contains(&length_m), "{length_m}");
    }
}
