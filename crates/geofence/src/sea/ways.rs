//! What a search found, and questions to it.

use alloc::vec::Vec;

use model::Position;
use model::position::RADIANS_PER_UNIT;

use super::Sea;
use super::lattice::Vector;
use super::nodes::{Nodes, State};
use super::search::{Search, Turn, length_m, vector};
use super::sight::{Opened, Sight};
use super::straits::PASSAGES;

/// Shortest ways by water from one position to all that is within a bound.
#[derive(Clone, Debug)]
pub struct Ways {
    from: Position,
    bound_m: f64,
    opened: Opened,
    nodes: Nodes,
    turns: Vec<Turn>,
}

/// The end of a way.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    distance_m: f64,
    /// The last turning point of the search.
    turn: u32,
    /// Turning points after it.
    last: [Option<Vector>; 2],
}

impl Ways {
    pub(super) fn search(sea: &Sea, from: Position, bound_m: f64) -> Ways {
        Ways::run(sea, Search::new(sea, from, bound_m, None), from, bound_m)
    }

    pub(super) fn search_towards(sea: &Sea, from: Position, bound_m: f64, towards: (Position, f64)) -> Ways {
        Ways::run(sea, Search::new(sea, from, bound_m, Some(towards)), from, bound_m)
    }

    fn run(sea: &Sea, mut search: Search<'_>, from: Position, bound_m: f64) -> Ways {
        search.run();
        Ways { from, bound_m, opened: sea.opened(vector(from)), nodes: search.nodes, turns: search.turns }
    }

    /// How far was searched, metres.
    #[must_use]
    pub fn bound_m(&self) -> f64 {
        self.bound_m
    }

    /// Length of the shortest way to a position in metres; `None` if that is farther than the bound or not reached by
    /// water.
    #[must_use]
    pub fn distance_m(&self, sea: &Sea, to: Position) -> Option<f64> {
        self.arrive(sea, to).map(|arrival| arrival.distance_m)
    }

    /// Where the shortest way to a position begins, turns, and ends.
    #[must_use]
    pub fn path(&self, sea: &Sea, to: Position) -> Option<Vec<Position>> {
        let arrival = self.arrive(sea, to)?;
        let mut path = alloc::vec![to];
        path.extend(arrival.last.into_iter().rev().flatten().map(position));
        let mut number = arrival.turn;
        while number != 0 {
            let turn = &self.turns[number as usize];
            match turn.passage {
                None => path.push(position(turn.point)),
                // All but the entry, which is a turning point of its own.
                Some(exit) => {
                    let passage = &PASSAGES[exit.passage];
                    let (course, rest) = (passage.positions(), passage.course.len() - 1);
                    if exit.is_backwards {
                        path.extend(course.take(rest));
                    } else {
                        path.extend(course.rev().take(rest));
                    }
                }
            }
            number = turn.before;
        }
        path.push(self.from);
        path.reverse();
        Some(path)
    }

    /// The best way to a position: straight, or over the cells around it.
    fn arrive(&self, sea: &Sea, to: Position) -> Option<Arrival> {
        let goal = vector(to);
        let around = sea.opened(goal);
        let mut opened = self.opened.clone();
        opened.extend(around.iter().copied());
        let sight = sea.sight(&opened);
        let straight_m = self.from.distance_m(to);
        let arrival = if straight_m <= self.bound_m && sight.is_clear(self.turns[0].point, goal) {
            Some(Arrival { distance_m: straight_m, turn: 0, last: [None; 2] })
        } else {
            self.round_corners(sea, sight, goal, &around)
        };
        arrival.filter(|arrival| arrival.distance_m <= self.bound_m)
    }

    /// The shortest way over one of the cells around the goal.
    fn round_corners(&self, sea: &Sea, sight: Sight<'_>, goal: Vector, around: &[u32]) -> Option<Arrival> {
        let mut best = self.come_to(sea, sight, goal, &sea.two_rings(around[0]), None);
        for slot in around {
            // Land that counts as water for the sake of the goal, so that the search did not come there.
            if self.nodes.get(*slot).state != State::Final {
                let centre = sea.centre(*slot);
                let rings = sea.two_rings(*slot);
                if let Some(way) = self.come_to(sea, sight, centre, &rings, best.map(|best| best.distance_m))
                {
                    let distance_m = way.distance_m + length_m(centre, goal);
                    if best.is_none_or(|best| distance_m < best.distance_m) {
                        best =
                            Some(Arrival { distance_m, turn: way.turn, last: [way.last[0], Some(centre)] });
                    }
                }
            }
        }
        best
    }

    /// The shortest way to a point in sight of the ways of some cells or of the cells themselves.
    fn come_to(
        &self,
        sea: &Sea,
        sight: Sight<'_>,
        goal: Vector,
        cells: &[u32],
        below_m: Option<f64>,
    ) -> Option<Arrival> {
        let mut best: Option<Arrival> = None;
        let mut limit_m = below_m.unwrap_or(f64::INFINITY);
        for slot in cells {
            let node = self.nodes.get(*slot);
            if node.state != State::Final {
                continue;
            }
            let turn = &self.turns[node.turn as usize];
            let straight_m = turn.distance_m + length_m(turn.point, goal);
            let is_known = best.is_some_and(|best| best.turn == node.turn && best.last[0].is_none());
            if straight_m < limit_m && !is_known && sight.is_clear(turn.point, goal) {
                limit_m = straight_m;
                best = Some(Arrival { distance_m: straight_m, turn: node.turn, last: [None; 2] });
            }
            let centre = sea.centre(*slot);
            let turned_m = node.distance_m + sea.bend_m(*slot) + length_m(centre, goal);
            if turned_m < limit_m && sight.is_clear(centre, goal) {
                limit_m = turned_m;
                best = Some(Arrival { distance_m: turned_m, turn: node.turn, last: [Some(centre), None] });
            }
        }
        best
    }
}

fn position(point: Vector) -> Position {
    let units = |radians: f64| model::number::round(radians / RADIANS_PER_UNIT);
    let (lon, lat) = (libm::atan2(point[1], point[0]), libm::asin(point[2].clamp(-1.0, 1.0)));
    Position::from_units(units(lon), units(lat)).unwrap_or_default()
}
