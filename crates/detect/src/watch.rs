//! Watch rules: which ships, ports, corridors and areas people want to hear of, and how urgently.
//!
//! A ship is matched by its IMO number first and by its MMSI within dates second, never by its
//! name: there is always another ship with that name.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use model::alert::Severity;
use model::{EventTime, Mmsi, Port, PortIndex, Ports, Position};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// What a rule does with what it matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Alerts are at least this urgent.
    pub severity: Severity,
    /// Alerts are not told.
    pub mute: bool,
}

/// One entry of a list of ships.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedShip {
    /// The list it is on.
    pub list: String,
    /// Its name there; for people, never matched.
    pub name: String,
    /// IMO number.
    pub imo: Option<u32>,
    /// MMSIs, each with the time in which it was this ship's.
    pub mmsis: Vec<(Mmsi, Option<EventTime>, Option<EventTime>)>,
    /// Overall length in 0.1 m, where the list tells it.
    pub length: Option<u32>,
    /// What follows.
    pub effect: Effect,
}

/// Ports by id, tag or country: whichever of them matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortSelector {
    /// Ids.
    pub ids: Vec<String>,
    /// Tags (`watch` in the port file).
    pub tags: Vec<String>,
    /// Countries, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
}

/// Ports to watch: they are *listed*.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRule {
    /// For people.
    pub name: String,
    /// Which.
    pub ports: PortSelector,
    /// What follows.
    pub effect: Effect,
}

/// Ways from some ports to others. Ports at both ends are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corridor {
    /// For people.
    pub name: String,
    /// Ports left.
    pub from: PortSelector,
    /// Ports reached.
    pub to: PortSelector,
    /// What follows for hops along it, seen or possible.
    pub effect: Effect,
}

/// An area: a ring of positions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// For people.
    pub name: String,
    /// Corners in order; the first is not repeated.
    pub ring: Vec<Position>,
    /// What follows for what begins in it.
    pub effect: Effect,
}

/// All rules as given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Ships.
    pub ships: Vec<ListedShip>,
    /// Ports.
    pub ports: Vec<PortRule>,
    /// Corridors.
    pub corridors: Vec<Corridor>,
    /// Areas.
    pub areas: Vec<Area>,
    /// Whether visits and hops that no rule names are told as well.
    pub tells_all_facts: bool,
}

/// Rules made ready for a set of ports.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    rules: Rules,
    by_imo: BTreeMap<u32, SmallVec<[u32; 1]>>,
    by_mmsi: BTreeMap<Mmsi, SmallVec<[u32; 1]>>,
    /// For each port, what the rules that name it say; `None` if none does.
    port_effects: Vec<Option<Effect>>,
    listed_ports: Vec<PortIndex>,
    /// For each corridor, whether each port is at its start, and at its end.
    corridor_ends: Vec<(Vec<bool>, Vec<bool>)>,
}

impl PortSelector {
    /// Whether a port is among them.
    #[must_use]
    pub fn holds(&self, port: &Port) -> bool {
        self.ids.contains(&port.id)
            || self.countries.contains(&port.country)
            || self.tags.iter().any(|tag| port.watch.contains(tag))
    }
}

impl Watch {
    /// Makes rules ready.
    #[must_use]
    pub fn new(rules: Rules, ports: &Ports) -> Watch {
        let mut watch = Watch::default();
        for (at, ship) in rules.ships.iter().enumerate() {
            let at = at as u32;
            if let Some(imo) = ship.imo {
                watch.by_imo.entry(imo).or_default().push(at);
            }
            for (mmsi, ..) in &ship.mmsis {
                watch.by_mmsi.entry(*mmsi).or_default().push(at);
            }
        }
        let marks = |selector: &PortSelector| ports.list.iter().map(|port| selector.holds(port)).collect();
        watch.corridor_ends =
            rules.corridors.iter().map(|corridor| (marks(&corridor.from), marks(&corridor.to))).collect();
        watch.port_effects = ports.list.iter().map(|port| effect_of_port(&rules, port)).collect();
        let indices = (0..ports.list.len() as u32).map(PortIndex);
        watch.listed_ports = indices
            .filter(|port| {
                watch.port_effects[port.0 as usize].is_some()
                    || watch
                        .corridor_ends
                        .iter()
                        .any(|(from, to)| from[port.0 as usize] || to[port.0 as usize])
            })
            .collect();
        watch.rules = rules;
        watch
    }

    /// The rules as given.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The entries of the list of ships that a ship matches at a time: those with its IMO number,
    /// or else those with its MMSI within dates that have no other IMO number.
    #[must_use]
    pub fn listed(&self, imo: Option<u32>, mmsi: Mmsi, t: EventTime) -> SmallVec<[u32; 1]> {
        if let Some(entries) = imo.and_then(|imo| self.by_imo.get(&imo)) {
            return entries.clone();
        }
        let Some(entries) = self.by_mmsi.get(&mmsi) else { return SmallVec::new() };
        let matches = |at: &u32| {
            let ship = &self.rules.ships[*at as usize];
            let is_other = imo.is_some() && ship.imo.is_some() && imo != ship.imo;
            let within = ship.mmsis.iter().any(|(listed, from, until)| {
                *listed == mmsi && from.is_none_or(|from| from <= t) && until.is_none_or(|until| t < until)
            });
            within && !is_other
        };
        entries.iter().copied().filter(matches).collect()
    }

    /// One entry of the list of ships.
    #[must_use]
    pub fn ship(&self, entry: u32) -> &ListedShip {
        &self.rules.ships[entry as usize]
    }

    /// Ports that a rule or a corridor names, in the order of the port file.
    #[must_use]
    pub fn listed_ports(&self) -> &[PortIndex] {
        &self.listed_ports
    }

    /// Whether a rule or a corridor names the port.
    #[must_use]
    pub fn is_listed_port(&self, port: PortIndex) -> bool {
        self.listed_ports.binary_search(&port).is_ok()
    }

    /// What the rules that name the port say.
    #[must_use]
    pub fn port_effect(&self, port: PortIndex) -> Option<Effect> {
        self.port_effects.get(port.0 as usize).copied().flatten()
    }

    /// What the rules say of the entries of the list of ships.
    #[must_use]
    pub fn ship_effect(&self, listed: &[u32]) -> Option<Effect> {
        listed.iter().map(|at| self.ship(*at).effect).reduce(stronger)
    }

    /// What the corridors say that lead from one port to another.
    #[must_use]
    pub fn corridor_effect(&self, from: PortIndex, to: PortIndex) -> Option<Effect> {
        let ends = self.rules.corridors.iter().zip(&self.corridor_ends);
        let along = ends.filter(|(_, (start, end))| start[from.0 as usize] && end[to.0 as usize]);
        along.map(|(corridor, _)| corridor.effect).reduce(stronger)
    }

    /// What the areas say that hold a position.
    #[must_use]
    pub fn area_effect(&self, position: Position) -> Option<Effect> {
        let areas = self.rules.areas.iter().filter(|area| holds(&area.ring, position));
        areas.map(|area| area.effect).reduce(stronger)
    }
}

/// Both effects: the more urgent, and mute if either is.
#[must_use]
pub fn stronger(a: Effect, b: Effect) -> Effect {
    Effect { severity: a.severity.max(b.severity), mute: a.mute || b.mute }
}

fn effect_of_port(rules: &Rules, port: &Port) -> Option<Effect> {
    rules.ports.iter().filter(|rule| rule.ports.holds(port)).map(|rule| rule.effect).reduce(stronger)
}

/// Whether a ring holds a position; longitudes are taken the short way round from the first corner.
fn holds(ring: &[Position], position: Position) -> bool {
    let Some(first) = ring.first() else { return false };
    const TURN: i64 = 360_000_000;
    let unwrap = |lon: i32| {
        let east = (i64::from(lon) - i64::from(first.lon)).rem_euclid(TURN);
        if east > TURN / 2 { east - TURN } else { east }
    };
    let (x, y) = (unwrap(position.lon), i64::from(position.lat));
    let mut inside = false;
    for (at, a) in ring.iter().enumerate() {
        let b = ring[(at + 1) % ring.len()];
        let ((ax, ay), (bx, by)) = ((unwrap(a.lon), i64::from(a.lat)), (unwrap(b.lon), i64::from(b.lat)));
        if (ay > y) != (by > y) {
            // Which side of the edge the position is on, without a division.
            let side = i128::from(x - ax) * i128::from(by - ay) - i128::from(y - ay) * i128::from(bx - ax);
            inside ^= (side < 0) == (by > ay);
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ship(imo: Option<u32>, mmsis: &[(u32, Option<i64>, Option<i64>)]) -> ListedShip {
        let dated = |(mmsi, from, until): &(u32, Option<i64>, Option<i64>)| {
            (Mmsi(*mmsi), from.map(EventTime), until.map(EventTime))
        };
        ListedShip { imo, mmsis: mmsis.iter().map(dated).collect(), ..ListedShip::default() }
    }

    #[test]
    fn the_imo_number_counts_first_and_the_mmsi_only_within_its_dates() {
        let rules = Rules {
            ships: alloc::vec![
                ship(Some(9_179_842), &[(273_000_001, Some(10), Some(20))]),
                ship(None, &[(273_000_002, None, None)]),
            ],
            ..Rules::default()
        };
        let watch = Watch::new(rules, &Ports::default());
        let listed = |imo, mmsi, t| watch.listed(imo, Mmsi(mmsi), EventTime(t)).to_vec();
        assert_eq!(listed(Some(9_179_842), 999, 0), [0]);
        assert_eq!(listed(None, 273_000_001, 15), [0]);
        assert_eq!(listed(None, 273_000_001, 20), []);
        assert_eq!(listed(Some(9_000_003), 273_000_001, 15), [], "another ship has that MMSI now");
        assert_eq!(listed(Some(9_000_003), 273_000_002, 15), [1]);
    }

    #[test]
    fn an_area_may_lie_across_the_antimeridian() {
        let at = |lon: f64, lat: f64| Position::from_degrees(lon, lat).unwrap();
        let ring = [at(179.0, 50.0), at(-179.0, 50.0), at(-179.0, 53.0), at(179.0, 53.0)];
        assert!(holds(&ring, at(-179.5, 51.0)) && holds(&ring, at(179.5, 52.0)));
        assert!(!holds(&ring, at(178.0, 51.0)) && !holds(&ring, at(0.0, 51.0)));
    }
}
