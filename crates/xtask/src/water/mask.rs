//! Which cells are water, and between which of them stands a wall.
//!
//! A cell of resolution 5 is 17 km wide, wider than many a neck of land, so that two cells beside each other can both
//! be mostly water and yet of two seas. What happens inside is looked at on their children of resolution 8, 0.9 km
//! wide: if the main waters of two cells are not joined within the two and the cells next to both, there is a wall.
//! Cells that are mostly land but have some water are narrow: fjords, estuaries, the shore.

use std::collections::{BTreeMap, BTreeSet};

use h3o::{CellIndex, LatLng, Resolution};

use super::coast::Coast;
use crate::lattice::{FACES, Lattice, Place, point};

/// A cell is water if at least this share of its children is, in percent, and narrow if less.
const MIN_WATER_PERCENT: u32 = 50;

/// Points along the coast are closer than this, degrees: a cell that the coast crosses is missed only if the coast
/// cuts off less than 0.5 km of a corner.
const COAST_SPACING: f64 = 0.01;

/// The resolution of the cells.
const CELLS: Resolution = Resolution::Five;

/// The resolution at which the coast is looked at.
const FINE: Resolution = Resolution::Eight;

/// Which cells are water, and the walls.
pub struct Water {
    lattice: Lattice,
    /// Cells that the coast crosses.
    coastal: BTreeMap<CellIndex, Coastal>,
    /// The same by slot.
    by_slot: BTreeMap<u32, CellIndex>,
    /// Whether the other cells are water, in the order of slots.
    is_sea: BTreeSet<u32>,
    /// Cells and the directions in which they have a wall.
    walls: BTreeMap<u32, u8>,
}

impl Water {
    /// Decides for each cell.
    pub fn new(coast: &Coast) -> Water {
        let lattice = Lattice::new();
        let mut water = Water {
            coastal: BTreeMap::new(),
            by_slot: BTreeMap::new(),
            is_sea: BTreeSet::new(),
            walls: BTreeMap::new(),
            lattice,
        };
        for slot in coastal_slots(coast, &water.lattice) {
            let cell = cell_of(&water.lattice, slot);
            water.by_slot.insert(slot, cell);
            water.coastal.insert(cell, Coastal::new(coast, cell));
        }
        for slot in slots(&water.lattice).filter(|slot| !water.by_slot.contains_key(slot)) {
            let [lon, lat] = degrees(water.lattice.centre(Place::of_slot(slot)));
            if !coast.is_land(lon, lat) {
                water.is_sea.insert(slot);
            }
        }
        water.walls = water.find_walls();
        water
    }

    /// Whether a cell has any water.
    fn is_wet(&self, slot: u32) -> bool {
        match self.by_slot.get(&slot) {
            Some(cell) => !self.coastal[cell].main.is_empty(),
            None => self.is_sea.contains(&slot),
        }
    }

    fn is_water(&self, slot: u32) -> bool {
        match self.by_slot.get(&slot) {
            Some(cell) => self.coastal[cell].is_water,
            None => self.is_sea.contains(&slot),
        }
    }

    /// Each wall once, with the cell that comes first.
    fn find_walls(&self) -> BTreeMap<u32, u8> {
        let mut walls = BTreeMap::new();
        for (slot, cell) in self.by_slot.iter().filter(|(slot, _)| self.is_wet(**slot)) {
            for direction in 0..6 {
                let beside = self.lattice.own(Place::of_slot(*slot).step(direction)).slot();
                let is_asked = *slot < beside || !self.by_slot.contains_key(&beside);
                if is_asked && self.is_wet(beside) {
                    let other = cell_of(&self.lattice, beside);
                    if self.is_parted(*cell, other) {
                        *walls.entry(*slot).or_default() |= 1_u8 << direction;
                    }
                }
            }
        }
        walls
    }

    /// Whether the main waters of two neighbours are not joined nearby.
    fn is_parted(&self, cell: CellIndex, other: CellIndex) -> bool {
        let goal = |child: CellIndex| self.is_main_water(child, other);
        let around: Vec<CellIndex> = other.grid_disk(1);
        let mut region: Vec<CellIndex> = cell.grid_disk(1);
        region.retain(|cell| around.contains(cell));
        let start = match self.coastal.get(&cell) {
            Some(coastal) => coastal.main.clone(),
            None => cell.children(FINE).collect(),
        };
        let mut seen: BTreeSet<CellIndex> = start.iter().copied().collect();
        let mut open = start;
        while let Some(child) = open.pop() {
            for next in child.grid_disk::<Vec<_>>(1) {
                if goal(next) {
                    return false;
                }
                let parent = parent(next);
                if region.contains(&parent) && self.is_fine_water(next, parent) && seen.insert(next) {
                    open.push(next);
                }
            }
        }
        true
    }

    fn is_main_water(&self, child: CellIndex, of: CellIndex) -> bool {
        parent(child) == of
            && self.coastal.get(&of).is_none_or(|coastal| coastal.main.binary_search(&child).is_ok())
    }

    fn is_fine_water(&self, child: CellIndex, parent: CellIndex) -> bool {
        self.coastal.get(&parent).is_none_or(|coastal| coastal.water.binary_search(&child).is_ok())
    }

    /// Three lists: water, narrow cells, walls. Each begins with how many numbers it has.
    ///
    /// Water: lengths of runs of other cells and water cells in turn, over the rows of the faces. Narrow: how many cells
    /// one comes after the one before. Walls: the same, and a bit for each direction. Numbers are of seven bits a byte,
    /// the lowest first, the top bit set in all bytes but the last.
    pub fn encode(&self) -> Vec<u8> {
        let (mut water, mut narrow, mut walls) = (vec![0_u32], Vec::new(), Vec::new());
        let (mut kind, mut last_narrow, mut last_wall) = (false, 0, 0);
        for (slot, number) in slots(&self.lattice).zip(0_u32..) {
            if self.is_water(slot) != kind {
                kind = !kind;
                water.push(0);
            }
            if let Some(run) = water.last_mut() {
                *run += 1;
            }
            if self.is_wet(slot) && !kind {
                narrow.push(number - last_narrow);
                last_narrow = number;
            }
            if let Some(directions) = self.walls.get(&slot) {
                walls.extend([number - last_wall, u32::from(*directions)]);
                last_wall = number;
            }
        }
        let mut bytes = Vec::new();
        for list in [water, narrow, walls] {
            write_number(&mut bytes, list.len() as u32);
            list.into_iter().for_each(|number| write_number(&mut bytes, number));
        }
        bytes
    }

    /// In a sentence.
    pub fn summary(&self) -> String {
        let all = slots(&self.lattice).count();
        let water = slots(&self.lattice).filter(|slot| self.is_water(*slot)).count();
        let wet = slots(&self.lattice).filter(|slot| self.is_wet(*slot)).count();
        let walls: u32 = self.walls.values().map(|directions| directions.count_ones()).sum();
        format!(
            "{water} of {all} cells are water, {} narrow; the coast crosses {}; there are {walls} walls",
            wet - water,
            self.coastal.len()
        )
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// All cells, in the order of the mask.
fn slots(lattice: &Lattice) -> impl Iterator<Item = u32> + '_ {
    (0..FACES).flat_map(move |face| Lattice::rows().flat_map(move |b| lattice.row(face, b)))
}

fn degrees(vector: [f64; 3]) -> [f64; 2] {
    [libm::atan2(vector[1], vector[0]).to_degrees(), libm::asin(vector[2]).to_degrees()]
}

fn cell_of(lattice: &Lattice, slot: u32) -> CellIndex {
    let [lon, lat] = degrees(lattice.centre(Place::of_slot(slot)));
    LatLng::new(lat, lon).expect("a centre is a position").to_cell(CELLS)
}

fn parent(child: CellIndex) -> CellIndex {
    child.parent(CELLS).expect("children are finer than cells")
}

/// The cells that the coast crosses.
fn coastal_slots(coast: &Coast, lattice: &Lattice) -> BTreeSet<u32> {
    let points = coast.points(COAST_SPACING);
    points.map(|[lon, lat]| lattice.locate(point(lon.to_radians(), lat.to_radians())).slot()).collect()
}

/// What a cell that the coast crosses is inside.
struct Coastal {
    is_water: bool,
    /// Children that are water, in ascending order.
    water: Vec<CellIndex>,
    /// The largest body of them, in ascending order.
    main: Vec<CellIndex>,
}

impl Coastal {
    fn new(coast: &Coast, cell: CellIndex) -> Coastal {
        let is_wet = |child: &CellIndex| {
            let centre = LatLng::from(*child);
            !coast.is_land(centre.lng(), centre.lat())
        };
        let water: Vec<CellIndex> = cell.children(FINE).filter(is_wet).collect();
        let share = water.len() as u64 * 100 / cell.children_count(FINE);
        Coastal { is_water: share >= u64::from(MIN_WATER_PERCENT), main: largest_body(&water), water }
    }
}

/// The largest set of children that hang together; the first of several.
fn largest_body(water: &[CellIndex]) -> Vec<CellIndex> {
    let mut largest = Vec::new();
    let mut left: BTreeSet<CellIndex> = water.iter().copied().collect();
    while let Some(first) = left.pop_first() {
        let mut body = vec![first];
        let mut done = 0;
        while done < body.len() {
            for next in body[done].grid_disk::<Vec<_>>(1) {
                if left.remove(&next) {
                    body.push(next);
                }
            }
            done += 1;
        }
        if body.len() > largest.len() {
            largest = body;
        }
    }
    largest.sort_unstable();
    largest
}
