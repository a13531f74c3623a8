//! What detectors ask of ports, water, hearing and watch rules.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;

use detect::reach::{MAX_REACH_M, likely_m};
use detect::sighting::lookout::Lookout;
use detect::{Inside, Outside, Reception, Watch};
use geofence::sea::Ways;
use model::{Cell, EventTime, Fix, Mmsi, PortIndex, PortKind, Ports, Position};

use crate::World;

/// Searches by water that are remembered.
const MAX_SEARCHES: usize = 64;
/// Ways of such searches that are remembered: each may hold 100,000 cells.
const MAX_WAYS: usize = 4;
/// Metres in a unit of latitude, rounded down: what is farther by latitude alone is out of reach.
const M_PER_UNIT: f64 = 0.111;

type Reached = Arc<Vec<(PortIndex, f64)>>;

/// Searches made lately, which the next alert of the same ship asks for again. They change nothing but the time it takes.
#[derive(Debug, Default)]
pub struct Searches {
    reached: RefCell<VecDeque<(Asked, Reached)>>,
    ways: RefCell<VecDeque<(Position, Towards, Arc<Ways>)>>,
}

/// Where ways lead on to, and how long they may be with that.
type Towards = Option<(Position, f64)>;

/// From where, how far, and on the way to where.
type Asked = (Position, f64, Towards);

/// All that detectors ask of.
pub struct ChartOf<'a> {
    pub world: &'a World,
    pub reception: &'a Reception,
    pub searches: &'a Searches,
    pub lookout: Option<&'a Lookout>,
}

impl ChartOf<'_> {
    /// Ways from a position as far as they are asked for, or farther; those that lead on to another position, or all.
    fn ways(&self, from: Position, bound_m: f64, towards: Towards) -> Arc<Ways> {
        let mut kept = self.searches.ways.borrow_mut();
        let holds = |known: &Towards| match (known, towards) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((to, whole_m)), Some((goal, wanted_m))) => *to == goal && *whole_m >= wanted_m,
        };
        let found = kept
            .iter()
            .find(|(start, known, ways)| *start == from && holds(known) && ways.bound_m() >= bound_m);
        if let Some((.., ways)) = found {
            return Arc::clone(ways);
        }
        let sea = self.world.sea();
        let ways = Arc::new(match towards {
            Some((to, whole_m)) => sea.search_towards(from, bound_m, to, whole_m),
            None => sea.search(from, bound_m),
        });
        if kept.len() == MAX_WAYS {
            kept.pop_front();
        }
        kept.push_back((from, towards, Arc::clone(&ways)));
        ways
    }

    fn reached(&self, from: Position, bound_m: f64, towards: Towards) -> Reached {
        let asked: Asked = (from, bound_m, towards);
        let found = self
            .searches
            .reached
            .borrow()
            .iter()
            .find_map(|(known, reached)| (*known == asked).then(|| Arc::clone(reached)));
        if let Some(reached) = found {
            return reached;
        }
        let mut reached = Vec::new();
        let ways = self.ways(from, bound_m, towards);
        for port in (0..detect::Chart::ports(self).list.len() as u32).map(PortIndex) {
            let middle = self.world.middle(port);
            if !may_be_within(middle, from, bound_m) {
                continue;
            }
            let (direct_m, is_on_the_way) = (middle.distance_m(from), |distance_m: f64| {
                towards.is_none_or(|(to, whole_m)| distance_m + middle.distance_m(to) <= whole_m)
            });
            if direct_m <= bound_m
                && is_on_the_way(direct_m)
                && let Some(distance_m) = ways.distance_m(self.world.sea(), middle)
                && distance_m <= bound_m
                && is_on_the_way(distance_m)
            {
                reached.push((port, distance_m));
            }
        }
        let reached = Arc::new(reached);
        let mut kept = self.searches.reached.borrow_mut();
        if kept.len() == MAX_SEARCHES {
            kept.pop_front();
        }
        kept.push_back((asked, Arc::clone(&reached)));
        reached
    }
}

impl detect::Chart for ChartOf<'_> {
    fn ports(&self) -> &Ports {
        self.world.ports()
    }

    fn inside(&self, position: Position, t: EventTime) -> Inside {
        self.world.geofence().inside(position, t)
    }

    fn is_open_sea(&self, position: Position) -> bool {
        self.world.geofence().is_open_sea(position)
    }

    fn outside(&self, port: PortIndex, position: Position) -> Outside {
        match self.world.geofence().outside(port, position) {
            geofence::Outside::Near => Outside::Near,
            geofence::Outside::Beyond => Outside::Beyond,
            geofence::Outside::Far => Outside::Far,
        }
    }

    fn berth(&self, position: Position, t: EventTime) -> Option<PortIndex> {
        let is_berth = |port: &PortIndex| match self.ports().get(*port).kind {
            PortKind::Port | PortKind::Terminal | PortKind::Naval | PortKind::Shipyard => true,
            PortKind::Anchorage | PortKind::StsArea | PortKind::Zone => false,
        };
        self.inside(position, t).into_iter().find(is_berth)
    }

    fn is_port_within(&self, position: Position, distance_m: f64) -> bool {
        let near = |port: &usize| {
            let middle = self.world.middle(PortIndex(*port as u32));
            may_be_within(middle, position, distance_m) && middle.distance_m(position) <= distance_m
        };
        (0..self.ports().list.len()).any(|port| near(&port))
    }

    fn port_position(&self, port: PortIndex) -> Position {
        self.world.middle(port)
    }

    fn cell(&self, position: Position) -> Cell {
        Cell::at(position)
    }

    fn is_water(&self, cell: Cell) -> bool {
        self.world.sea().is_water(cell)
    }

    fn ports_by_water(&self, from: Position, bound_m: f64) -> Reached {
        self.reached(from, bound_m, None)
    }

    fn ports_on_the_way(&self, from: Position, bound_m: f64, to: Position, whole_m: f64) -> Reached {
        self.reached(from, bound_m, Some((to, whole_m)))
    }

    fn distance_within_m(&self, from: Position, to: Position, bound_m: f64) -> Option<f64> {
        self.ways(from, bound_m, None)
            .distance_m(self.world.sea(), to)
            .filter(|distance_m| *distance_m <= bound_m)
    }

    fn distance_by_water_m(&self, from: Position, to: Position) -> Option<f64> {
        let direct_m = from.distance_m(to);
        let first_m = likely_m(direct_m).min(MAX_REACH_M);
        let within = |bound_m: f64| {
            let ways = self.ways(from, bound_m, Some((to, bound_m)));
            ways.distance_m(self.world.sea(), to).filter(|distance_m| *distance_m <= bound_m)
        };
        within(first_m).or_else(|| {
            let is_farther = first_m < MAX_REACH_M && direct_m <= MAX_REACH_M;
            is_farther.then(|| within(MAX_REACH_M)).flatten()
        })
    }

    fn reception(&self) -> &Reception {
        self.reception
    }

    fn watch(&self) -> &Watch {
        self.world.watch()
    }

    fn is_sought(&self, mmsi: Mmsi, imo: Option<u32>, fix: Fix) -> bool {
        self.lookout.is_some_and(|lookout| lookout.is_sought(mmsi, imo, fix))
    }

    fn is_any_sought(&self) -> bool {
        self.lookout.is_some()
    }
}

fn may_be_within(a: Position, b: Position, distance_m: f64) -> bool {
    f64::from((a.lat - b.lat).abs()) * M_PER_UNIT <= distance_m
}
