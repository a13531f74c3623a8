//! The cell of a position, as H3 tells it, in a tenth of the time.
//!
//! H3 projects a position onto a face of an icosahedron, rounds it to a point of the lattice there, and goes up from it, level
//! by level, to the base cell; each step down again is a digit of the index. That the lattice is turned against that of the base
//! cell turns all digits alike. Here the way up ends at resolution 2: what the digits above are, and how those below are turned,
//! is the same for all cells of such a *parent*, and is learned from the first of them that H3 is asked for. Whatever is too near
//! to a border to be sure of is left to H3, too.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::array;
use core::sync::atomic::{AtomicU32, Ordering};

use h3o::{CellIndex, Resolution};
use once_cell::race::OnceBox;

use super::Cell;
use crate::Position;
use crate::lattice::{FACES, Lattice, Vector, dot, nearest, point};
use crate::position::{RADIANS_PER_UNIT, UNITS_PER_DEGREE};

/// The resolution of parents.
const PARENT: Resolution = Resolution::Two;
/// Bits of the three digits below it.
const CHILD_BITS: u32 = 9;
const CHILDREN: u32 = (1 << CHILD_BITS) - 1;
/// Parents of a face have coordinates within ± this: those of its vertices are 14, and some lie beyond.
const REACH: i32 = 17;
const WIDTH: i32 = 2 * REACH + 1;
/// A position nearer than this to the border of two faces, as the sine of an angle, …
const FACE_MARGIN: f64 = 1e-9;
/// … or of two cells, in their distance, is left to H3: rounding decides there.
const CELL_MARGIN: f64 = 1e-6;
/// What is told of faces is looked up by squares of so many degrees.
const SQUARE: i32 = 5;
const ROWS: usize = (180 / SQUARE) as usize;
const COLUMNS: usize = (360 / SQUARE) as usize;

/// Digits turned by 60° counter-clockwise as often as the number says.
const TURNED: [[u8; 8]; 6] = {
    const ONCE: [u8; 8] = [0, 5, 3, 1, 6, 4, 2, 7];
    let mut turned = [[0, 1, 2, 3, 4, 5, 6, 7]; 6];
    let mut times = 1;
    while times < 6 {
        let mut digit = 0;
        while digit < 8 {
            turned[times][digit] = ONCE[turned[times - 1][digit] as usize];
            digit += 1;
        }
        times += 1;
    }
    turned
};

/// The digits of the steps (−1, −1), (−1, 0), … (1, 1) along the axes i and j; no cell is two of them away from its centre.
const DIGITS: [u8; 9] = [1, 3, 7, 5, 0, 2, 7, 4, 6];

/// All that is needed to find cells.
pub struct Finder {
    faces: [Face; FACES],
    /// The face at the middle of each square of the chart.
    by_square: [[u8; COLUMNS]; ROWS],
    /// Sine and cosine of the middle of each degree from −180 on.
    degrees: Vec<(f64, f64)>,
    /// What is known of parents by number: 0 for nothing, or one more than the digits above and how those below are turned.
    parents: Vec<AtomicU32>,
}

struct Face {
    centre: Vector,
    /// Towards the centre, from those of the faces around.
    from_others: [Vector; 3],
    /// The coordinates of a point of the plane are what it has of these.
    a: Vector,
    b: Vector,
}

/// Where on the lattice a position is: the number of its parent, and the digits from there on.
#[derive(Clone, Copy)]
pub struct Spot {
    parent: usize,
    digits: [u8; 3],
}

impl Finder {
    /// The one and only.
    pub fn get() -> &'static Finder {
        static FINDER: OnceBox<Finder> = OnceBox::new();
        FINDER.get_or_init(|| Box::new(Finder::new()))
    }

    fn new() -> Finder {
        let lattice = Lattice::new();
        let middle =
            |square: usize, from: i32| f64::from(square as i32 * SQUARE + from) + 0.5 * f64::from(SQUARE);
        let by_square = array::from_fn(|row| {
            array::from_fn(|column| {
                let (lon, lat) = (middle(column, -180), middle(row, -90));
                lattice.face_of(point(lon.to_radians(), lat.to_radians())) as u8
            })
        });
        Finder {
            faces: array::from_fn(|face| Face::new(&lattice, face)),
            by_square,
            degrees: (-180..=180)
                .map(|degree| libm::sincos((f64::from(degree) + 0.5).to_radians()))
                .collect(),
            parents: (0..FACES as i32 * WIDTH * WIDTH).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Where a position is; none where that is not sure.
    pub fn spot(&self, position: Position) -> Option<Spot> {
        let ((sin_lon, cos_lon), (sin_lat, cos_lat)) = (self.sine(position.lon)?, self.sine(position.lat)?);
        let at = [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat];
        let square = |units: i32, from: i32| ((units / UNITS_PER_DEGREE + from) / SQUARE) as usize;
        let (row, column) =
            (square(position.lat, 90).min(ROWS - 1), square(position.lon, 180).min(COLUMNS - 1));
        let guess = usize::from(self.by_square[row][column]);
        let number = if self.faces[guess].surely_holds(at) {
            guess
        } else {
            self.faces.iter().position(|face| face.surely_holds(at))?
        };
        let (a, b) = self.faces[number].round(at)?;
        // Along the axes of H3, which are 120° apart.
        let (mut i, mut j) = (a + b, b);
        let mut digits = [0; 3];
        for (level, digit) in digits.iter_mut().rev().enumerate() {
            let below = (i, j);
            let centre;
            // The lattices of two resolutions are turned against each other, now this way, now the other.
            if level % 2 == 0 {
                (i, j) = (seventh(3 * i - j), seventh(i + 2 * j));
                centre = (2 * i + j, 3 * j - i);
            } else {
                (i, j) = (seventh(2 * i + j), seventh(3 * j - i));
                centre = (3 * i - j, i + 2 * j);
            }
            let step = (below.0 - centre.0 + 1) * 3 + below.1 - centre.1 + 1;
            *digit = *DIGITS.get(step as usize)?;
        }
        let within = -REACH..=REACH;
        let parent = (number as i32 * WIDTH + i + REACH) * WIDTH + j + REACH;
        (within.contains(&i) && within.contains(&j)).then_some(Spot { parent: parent as usize, digits })
    }

    /// The cell there; none if nothing is known yet of its parent.
    pub fn cell(&self, spot: Spot) -> Option<Cell> {
        let known = self.parents[spot.parent].load(Ordering::Relaxed).checked_sub(1)?;
        let (above, times) = (known >> 3, (known & 7) as usize);
        Some(Cell((above << CHILD_BITS | spot.turned(times)) + 1))
    }

    /// Notes what H3 has told of a spot. All that hold the same parent learn the same, so that it does not matter who is first.
    pub fn learn(&self, spot: Spot, cell: Cell) {
        // A middle looks the same however it is turned …
        let Some(digits) = cell.0.checked_sub(1).filter(|_| spot.digits != [0; 3]) else { return };
        let parent = CellIndex::try_from(cell.h3()).ok().and_then(|index| index.parent(PARENT));
        // … and the digits of a pentagon are not all turned alike.
        if parent.is_none_or(CellIndex::is_pentagon) {
            return;
        }
        if let Some(times) = (0..6).find(|times| spot.turned(*times) == digits & CHILDREN) {
            let known = (digits >> CHILD_BITS) << 3 | times as u32;
            self.parents[spot.parent].store(known + 1, Ordering::Relaxed);
        }
    }

    /// Sine and cosine of an angle in units of a position, by their series around the middle of its degree: what is left out is
    /// less than the rounding. None of what is no longitude.
    fn sine(&self, units: i32) -> Option<(f64, f64)> {
        let degree = units.div_euclid(UNITS_PER_DEGREE);
        let (sin, cos) = *self.degrees.get((degree + 180) as usize)?;
        let x = f64::from(units - degree * UNITS_PER_DEGREE - UNITS_PER_DEGREE / 2) * RADIANS_PER_UNIT;
        let square = x * x;
        let small_sin = x * (1.0 - square / 6.0 * (1.0 - square / 20.0));
        let small_cos = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0));
        Some((sin * small_cos + cos * small_sin, cos * small_cos - sin * small_sin))
    }
}

impl Spot {
    /// Its digits, turned.
    fn turned(self, times: usize) -> u32 {
        self.digits
            .iter()
            .fold(0, |digits, digit| digits << 3 | u32::from(TURNED[times][usize::from(*digit)]))
    }
}

impl Face {
    fn new(lattice: &Lattice, number: usize) -> Face {
        let (centre, a, b) = lattice.axes(number);
        let from_others = array::from_fn(|edge| {
            let (other, _, _) = lattice.axes(lattice.across(number, edge).0);
            array::from_fn(|axis| centre[axis] - other[axis])
        });
        Face { centre, from_others, a, b }
    }

    /// Whether the centre of this face is surely nearer than those of the others.
    fn surely_holds(&self, at: Vector) -> bool {
        self.from_others.iter().all(|from_other| dot(*from_other, at) > FACE_MARGIN)
    }

    /// The lattice point whose hexagon surely holds a point of the sphere.
    fn round(&self, at: Vector) -> Option<(i32, i32)> {
        let depth = 1.0 / dot(self.centre, at);
        let (a, b) = (dot(self.a, at) * depth, dot(self.b, at) * depth);
        let whole = nearest(a, b);
        // Nearer to it than to each of the six around it.
        let (off_a, off_b) = (a - f64::from(whole.0), b - f64::from(whole.1));
        let off_c = -off_a - off_b;
        let is_within = |one: f64, other: f64| (one - other) * (one - other) < 1.0 - CELL_MARGIN;
        (is_within(off_a, off_b) && is_within(off_b, off_c) && is_within(off_c, off_a)).then_some(whole)
    }
}

/// A seventh, rounded to the nearest.
fn seventh(number: i32) -> i32 {
    (2 * number + 7).div_euclid(14)
}
