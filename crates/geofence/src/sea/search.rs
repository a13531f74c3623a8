//! The search: Dijkstra's algorithm with ways that turn only where they must (Lazy Theta*, Nash, Koenig and Tovey,
//! AAAI 2010).
//!
//! A way to a cell is a chain of turning points and a last great circle. A cell hands its last turning point to its
//! neighbours as a guess; whether a neighbour is in sight of it is asked once, when its turn comes. If it is not, the
//! way turns at a neighbour, or comes from another turning point that a neighbour knows.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use model::Position;
use model::position::{EARTH_RADIUS_M, RADIANS_PER_UNIT};

use super::Sea;
use super::lattice::{Place, Vector, dot, point, sector, slot_step};
use super::nodes::{NONE, Nodes, State};
use super::sight::{Opened, Sight};

/// A search goes on so far beyond its bound that ports at the rim have cells around them.
const RIM_M: f64 = 50_000.0;

/// A turning point.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Where.
    pub point: Vector,
    /// The one before it; itself for the start.
    pub before: u32,
    /// Length of the way to it, metres.
    pub distance_m: f64,
    /// The passage that leads to it from the one before.
    pub passage: Option<Exit>,
}

/// One end of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its number in the list.
    pub passage: usize,
    /// Whether it is passed from the end of its course to the beginning.
    pub is_backwards: bool,
}

/// A cell whose turn comes at a distance. Distances are not negative, so that their bits order as they do.
type Due = Reverse<(u64, u32)>;

/// A search under way.
pub struct Search<'a> {
    sea: &'a Sea,
    opened: Opened,
    bound_m: f64,
    /// Where all ways are to lead on to, and how long the whole may be.
    towards: Option<(Vector, f64)>,
    due: BinaryHeap<Due>,
    /// What is known of cells.
    pub nodes: Nodes,
    /// All turning points, the start first.
    pub turns: Vec<Turn>,
}

impl<'a> Search<'a> {
    /// A search from a position.
    pub fn new(sea: &'a Sea, from: Position, bound_m: f64, towards: Option<(Position, f64)>) -> Search<'a> {
        let start = Turn { point: vector(from), before: 0, distance_m: 0.0, passage: None };
        Search {
            sea,
            opened: sea.opened(start.point),
            bound_m: bound_m + RIM_M,
            towards: towards.map(|(to, whole_m)| (vector(to), whole_m + RIM_M)),
            due: BinaryHeap::new(),
            nodes: Nodes::new(),
            turns: alloc::vec![start],
        }
    }

    /// Goes to the bound.
    pub fn run(&mut self) {
        for slot in self.opened.clone() {
            self.guess(slot, 0);
        }
        while let Some(Reverse((bits, slot))) = self.due.pop() {
            let node = self.nodes.get(slot);
            if node.state == State::Final || node.distance_m.to_bits() != bits {
                continue;
            }
            if node.state == State::Seen || self.is_in_sight(node.turn, slot) {
                self.finish(slot);
            } else {
                self.turn_aside(slot);
            }
        }
    }

    fn sight(&self) -> Sight<'_> {
        self.sea.sight(&self.opened)
    }

    fn is_in_sight(&self, turn: u32, slot: u32) -> bool {
        self.is_flanked(turn, slot)
            || self.sight().is_clear(self.turns[turn as usize].point, self.sea.centre(slot))
    }

    /// Whether the line to a turning point leads between two neighbours that are in sight of it.
    ///
    /// Then the cell is in sight too: land in the line would have to fit between the lines of the two, which are nowhere
    /// farther apart than one cell is wide. (The wall between two cells could, but it is no way round.) In open sea this
    /// spares nearly all tests of sight.
    fn is_flanked(&self, turn: u32, slot: u32) -> bool {
        let place = Place::of_slot(slot);
        let Some(goal) = self.sea.lattice.project_near(place.face, self.turns[turn as usize].point) else {
            return false;
        };
        let centre = place.plane();
        let first = sector([goal[0] - centre[0], goal[1] - centre[1]]);
        [first, (first + 1) % 6].into_iter().all(|direction| {
            let beside = slot.wrapping_add_signed(slot_step(direction));
            let node = self.nodes.get(beside);
            node.state == State::Final && node.turn == turn && self.sea.field.steps(beside) > 0
        })
    }

    /// Takes the way of a cell as final and hands its last turning point on.
    fn finish(&mut self, slot: u32) {
        let node = self.nodes.get_mut(slot);
        node.state = State::Final;
        let turn = node.turn;
        if self.sea.is_gate(slot) {
            self.pass(slot, turn);
        }
        for direction in 0..6 {
            let beside = self.sea.neighbour(slot, direction);
            self.guess(beside, turn);
        }
    }

    /// Supposes that a cell is in sight of a turning point.
    fn guess(&mut self, slot: u32, turn: u32) {
        let node = self.nodes.get(slot);
        if node.state == State::Final || node.turn == turn || node.hidden_from == turn {
            return;
        }
        let known_m = node.distance_m;
        if known_m == f64::INFINITY && !self.sight().is_wet(slot) {
            return;
        }
        let start = &self.turns[turn as usize];
        let distance_m = start.distance_m + length_m(start.point, self.sea.centre(slot));
        if distance_m < known_m && self.is_within(slot, distance_m) {
            let node = self.nodes.get_mut(slot);
            (node.distance_m, node.turn, node.state) = (distance_m, turn, State::Guessed);
            self.due.push(Reverse((distance_m.to_bits(), slot)));
        }
    }

    /// Finds the shortest way to a cell that is not in sight of its last turning point, over its final neighbours.
    fn turn_aside(&mut self, slot: u32) {
        let hidden_from = self.nodes.get(slot).turn;
        let centre = self.sea.centre(slot);
        let mut best = (f64::INFINITY, NONE, NONE);
        for beside in self.sea.two_rings(slot) {
            let node = self.nodes.get(beside);
            if node.state != State::Final {
                continue;
            }
            let point = self.sea.centre(beside);
            let turned_m = node.distance_m + self.sea.bend_m(beside) + length_m(point, centre);
            if turned_m < best.0 && self.sight().is_clear(point, centre) {
                best = (turned_m, NONE, beside);
            }
            let turn = &self.turns[node.turn as usize];
            let straight_m = turn.distance_m + length_m(turn.point, centre);
            if node.turn != hidden_from && straight_m < best.0 && self.is_in_sight(node.turn, slot) {
                best = (straight_m, node.turn, NONE);
            }
        }
        let (distance_m, turn, beside) = best;
        let turn = if turn == NONE && beside != NONE { self.turn_at(beside) } else { turn };
        let node = self.nodes.get_mut(slot);
        (node.distance_m, node.turn, node.hidden_from) = (distance_m, turn, hidden_from);
        node.state = State::Seen;
        if self.is_within(slot, distance_m) {
            self.due.push(Reverse((distance_m.to_bits(), slot)));
        }
    }

    /// Whether a way of this length to a cell is short enough, with what is left of it at least.
    fn is_within(&self, slot: u32, distance_m: f64) -> bool {
        distance_m <= self.bound_m
            && self.towards.is_none_or(|(goal, whole_m)| {
                let (centre, angle) = (self.sea.centre(slot), (whole_m - distance_m) / EARTH_RADIUS_M);
                // The chord of the angle is shorter than its arc: what is left out is out of reach.
                let off: Vector = core::array::from_fn(|i| centre[i] - goal[i]);
                angle >= 0.0 && dot(off, off) <= angle * angle
            })
    }

    /// The turning point at the centre of a final cell.
    fn turn_at(&mut self, slot: u32) -> u32 {
        let number = self.turns.len() as u32;
        let node = self.nodes.get_mut(slot);
        if node.own_turn == NONE {
            node.own_turn = number;
            let turn = Turn {
                point: self.sea.lattice.centre(Place::of_slot(slot)),
                before: node.turn,
                distance_m: node.distance_m + self.sea.bend_m(slot),
                passage: None,
            };
            self.turns.push(turn);
        }
        node.own_turn
    }

    /// Goes through the passages that begin in a cell.
    fn pass(&mut self, slot: u32, turn: u32) {
        for gate in self.sea.gates(slot) {
            let start = self.turns[turn as usize];
            let is_seen = self.sight().is_clear(start.point, gate.point);
            let before = if is_seen { turn } else { self.turn_at(slot) };
            let before_turn = &self.turns[before as usize];
            let entry_m = before_turn.distance_m + length_m(before_turn.point, gate.point);
            let entry = Turn { point: gate.point, before, distance_m: entry_m, passage: None };
            let number = self.turns.len() as u32;
            self.turns.push(entry);
            self.turns.push(Turn {
                point: gate.other_point,
                before: number,
                distance_m: entry_m + gate.length_m,
                passage: Some(gate.exit),
            });
            self.guess(gate.other_slot, number + 1);
            for direction in 0..6 {
                self.guess(self.sea.neighbour(gate.other_slot, direction), number + 1);
            }
        }
    }
}

/// A position as a point of the unit sphere.
pub fn vector(position: Position) -> Vector {
    point(f64::from(position.lon) * RADIANS_PER_UNIT, f64::from(position.lat) * RADIANS_PER_UNIT)
}

/// Great-circle distance between two points of the unit sphere, metres.
pub fn length_m(a: Vector, b: Vector) -> f64 {
    let (x, y, z) = (a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    let half_chord = libm::sqrt(x * x + y * y + z * z) / 2.0;
    2.0 * EARTH_RADIUS_M * libm::asin(if half_chord < 1.0 { half_chord } else { 1.0 })
}
