//! The waters of the scenarios: ports with berths and roads, and the lanes between them, drawn by hand so that routes stay
//! on water.
//!
//! Port ids are those of the port file (UN/LOCODE, and `RU-DUNAI`, which has none). Longitude comes first.

mod atlas;

pub use atlas::{GROUNDS, PORTS};
use atlas::{LANES, NODES};

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
