//! Whether a great circle stays in water.
//!
//! The line is followed face by face, on each of which it is straight, from cell to cell near land and in leaps where
//! land is far.

use super::field::Field;
use super::lattice::{Lattice, Place, STEPS, Vector, dot, normal, round};

/// Cells that count as water for one search or question: that of a position and its first ring.
pub type Opened = smallvec::SmallVec<[u32; 2 * OPENED]>;

/// So many for each position, its own cell first.
pub const OPENED: usize = 7;

/// Longest part of a line that is projected at once, as the cosine of its angle: 45°. A face reaches 37° from its
/// centre, and what is projected must lie within 90° of it.
const COS_LONGEST: f64 = core::f64::consts::FRAC_1_SQRT_2;

/// Leaps are worth it from so many steps to land on.
const MIN_LEAP_STEPS: u8 = 3;

/// A line crosses fewer faces than this; only one along an edge, for which rounding decides, comes near.
/// Steps in a row that come no farther along a line.
const MAX_STUCK: u32 = 8;
/// Cells that a line may cross on one face.
const MAX_CELLS: u32 = 4_096;
const MAX_FACES: usize = 24;

/// Half the width of a cell across its corners, in lattice steps.
const CIRCUMRADIUS: f64 = 0.577_350_269_189_625_8;

/// The sine of the smallest angle at which a line is said to cross a side of a cell.
const SLANT: f64 = 1e-9;

/// Distance of the rows of a lattice in steps.
const ROW: f64 = 0.866_025_403_784_438_6;

/// What lines are tested against.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The cells.
    pub lattice: &'a Lattice,
    /// Where land is.
    pub field: &'a Field,
    /// What counts as water besides.
    pub opened: &'a [u32],
}

/// How a line went on one face.
enum Course {
    Blocked,
    Arrived,
    Left { edge: usize, at: [f64; 2] },
}

impl Sight<'_> {
    /// Whether all cells that the great circle between two points crosses are water; the ones where it begins and ends
    /// may be narrow.
    pub fn is_clear(&self, from: Vector, to: Vector) -> bool {
        let ends = [from, to].map(|end| self.lattice.locate(end).slot());
        ends.iter().all(|end| self.is_wet(*end)) && self.is_clear_between(from, to, ends)
    }

    fn is_clear_between(&self, from: Vector, to: Vector, ends: [u32; 2]) -> bool {
        if dot(from, to) < COS_LONGEST {
            let sum: Vector = core::array::from_fn(|i| from[i] + to[i]);
            // Between antipodes every way is a great circle; none is drawn.
            if dot(sum, sum) < 1e-6 {
                return false;
            }
            let middle = normal(sum);
            return self.is_clear_between(from, middle, ends) && self.is_clear_between(middle, to, ends);
        }
        let mut face = self.lattice.face_of(from);
        let mut start = self.lattice.project(face, from);
        let mut entered = None;
        for _ in 0..MAX_FACES {
            match self.follow(face, start, self.lattice.project(face, to), entered, ends) {
                Course::Blocked => return false,
                Course::Arrived => return true,
                Course::Left { edge, at } => {
                    let point = self.lattice.lift(face, at);
                    let (next, back) = self.lattice.across(face, edge);
                    (face, entered) = (next, Some(back));
                    start = self.lattice.project(face, point);
                }
            }
        }
        false
    }

    /// Whether a cell is water, or counts as such.
    pub fn is_water(&self, slot: u32) -> bool {
        self.field.is_water(slot) || self.opened.contains(&slot)
    }

    /// Whether a cell has any water, or counts as water.
    pub fn is_wet(&self, slot: u32) -> bool {
        self.field.is_wet(slot) || self.opened.contains(&slot)
    }

    /// Whether there is a wall between two cells that are neighbours. A position is reached from all sides, so that the
    /// walls of its own cell do not count: it may lie in the smaller of the waters there.
    pub fn is_wall(&self, from: u32, to: u32) -> bool {
        self.field.is_wall(from, to)
            && !self.opened.chunks(OPENED).any(|ring| ring[0] == from || ring[0] == to)
    }

    /// Follows a line on one face, cell by cell.
    fn follow(
        &self,
        face: usize,
        from: [f64; 2],
        to: [f64; 2],
        entered: Option<usize>,
        ends: [u32; 2],
    ) -> Course {
        let (end, edge) = self.way_out(from, to, entered);
        let along = [to[0] - from[0], to[1] - from[1]];
        let length = libm::sqrt(along[0] * along[0] + along[1] * along[1]);
        let at = |share: f64| [from[0] + share * along[0], from[1] + share * along[1]];
        let mut share = 0.0;
        let (a, b) = round(from);
        let mut place = Place { face, a, b };
        let mut slot = self.field.own(self.lattice, place.slot());
        let mut stuck = 0;
        // No line crosses more cells on one face; what does has lost its way by rounding.
        for _ in 0..MAX_CELLS {
            let steps = self.field.steps(slot);
            if steps == 0 && !self.is_water(slot) && !ends.contains(&slot) {
                return Course::Blocked;
            }
            if steps >= MIN_LEAP_STEPS {
                share += (ROW * f64::from(steps) - 2.0 * CIRCUMRADIUS) / length;
                let (a, b) = round(at(share.min(end)));
                place = Place { face, a, b };
                slot = self.field.own(self.lattice, place.slot());
            } else {
                let (out, direction) = way_out_of_cell(place, from, along, length);
                stuck = if out > share { 0 } else { stuck + 1 };
                share = share.max(out);
                if stuck > MAX_STUCK {
                    // Rounding has put the cell beside the line, where steps lead to and fro.
                    stuck = 0;
                    share += ROW / 4.0 / length;
                    let (a, b) = round(at(share.min(end)));
                    place = Place { face, a, b };
                    slot = self.field.own(self.lattice, place.slot());
                } else if share < end {
                    place = place.step(direction);
                    let next = self.field.own(self.lattice, place.slot());
                    if self.is_wall(slot, next) {
                        return Course::Blocked;
                    }
                    slot = next;
                }
            }
            if share >= end || share.is_nan() {
                return edge.map_or(Course::Arrived, |edge| Course::Left { edge, at: at(end) });
            }
        }
        Course::Blocked
    }

    /// The share of a line at which it leaves the face, and by which edge; 1 if it ends on the face.
    fn way_out(&self, from: [f64; 2], to: [f64; 2], entered: Option<usize>) -> (f64, Option<usize>) {
        let mut out = (1.0, None);
        for edge in (0..3).filter(|edge| Some(*edge) != entered) {
            let (start, end) = (self.lattice.inside(edge, from), self.lattice.inside(edge, to));
            if end < 0.0 && start > end {
                let share = (start / (start - end)).max(0.0);
                if share < out.0 {
                    out = (share, Some(edge));
                }
            }
        }
        out
    }
}

/// The share of a line at which it leaves the hexagon around a place, and the direction of the cell that it enters.
fn way_out_of_cell(place: Place, from: [f64; 2], along: [f64; 2], length: f64) -> (f64, usize) {
    let centre = place.plane();
    let off = [from[0] - centre[0], from[1] - centre[1]];
    let mut out = (f64::INFINITY, 0);
    for (direction, (a, b)) in STEPS.into_iter().enumerate() {
        let towards = [f64::from(a) + f64::from(b) / 2.0, f64::from(b) * ROW];
        let speed = towards[0] * along[0] + towards[1] * along[1];
        // A line along a side of the hexagon does not leave by that side, whatever rounding says.
        if speed > SLANT * length {
            let share = (0.5 - towards[0] * off[0] - towards[1] * off[1]) / speed;
            if share < out.0 {
                out = (share, direction);
            }
        }
    }
    out
}
