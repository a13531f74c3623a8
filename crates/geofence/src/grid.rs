//! A two-level grid over port areas: blocks of one degree, each of 32 × 32 cells.
//!
//! A cell lists the ports of which it holds a part, marks those that cover it whole, and says
//! whether any port is near. What most reports ask is answered by two array look-ups.

use alloc::vec;
use alloc::vec::Vec;

use model::port::Vertex;
use model::position::{EARTH_RADIUS_M, RADIANS_PER_UNIT, wrapped};
use model::prefetch::fetch;
use model::{Port, PortIndex, Position, Shape};

use crate::FAR_M;
use crate::shape::{self, Bounds};

/// Cells along one side of a block.
const CELLS: i64 = 32;
/// Side of a cell in units of 10⁻⁶ degree.
const CELL: i64 = 1_000_000 / CELLS;
/// Columns and rows of cells around the globe.
const COLUMNS: i64 = 360 * CELLS;
const ROWS: i64 = 180 * CELLS;
/// Cells of a block.
const BLOCK: usize = (CELLS * CELLS) as usize;

/// A port in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(u32);

impl Entry {
    const WHOLE: u32 = 1 << 31;

    /// Which port.
    #[must_use]
    pub fn port(self) -> PortIndex {
        PortIndex(self.0 & !Entry::WHOLE)
    }

    /// Whether the port holds every position of the cell.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.0 & Entry::WHOLE != 0
    }
}

/// A cell: where its entries are, and whether a port is near. Four bytes, since there are millions of them.
#[derive(Clone, Copy, Debug, Default)]
struct Cell(u32);

impl Cell {
    const NEAR: u32 = 1 << 31;

    fn start(self) -> usize {
        (self.0 & !Cell::NEAR) as usize
    }

    fn is_near(self) -> bool {
        self.0 & Cell::NEAR != 0
    }
}

/// Which of the cells that are kept a position is in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place(u32);

/// The grid.
#[derive(Debug)]
pub struct Grid {
    /// Where the cells of each block are, in blocks. Those where no port is near share the first, of empty cells. There are fewer
    /// than 65,536 of them.
    blocks: Vec<u16>,
    cells: Vec<Cell>,
    /// Of each cell with any: how many, then they. At the beginning those of all that have none.
    entries: Vec<Entry>,
}

impl Grid {
    /// Lays the ports into the grid.
    #[must_use]
    pub fn new(ports: &[Port]) -> Grid {
        let bounds: Vec<Bounds> = ports.iter().map(|port| shape::bounds(&port.shape)).collect();
        let of_ports = bounds.iter().zip(ports);
        let reaches: Vec<Bounds> =
            of_ports.map(|(bounds, port)| bounds.grown(FAR_M.max(port.exit_buffer_m) * 1.01)).collect();
        // All blocks at once: there are megabytes of cells.
        let (mut blocks, mut count) = (vec![0_u16; 360 * 180], 1);
        for block in reaches.iter().flat_map(|reach| blocks_of(*reach)) {
            if blocks[block] == 0 {
                blocks[block] = count;
                count += 1;
            }
        }
        let cells = vec![Cell::default(); count as usize * BLOCK];
        let mut grid = Grid { blocks, cells, entries: vec![Entry(0)] };
        // Each as a number: where, which port, and what comes first of a port that is there twice.
        let mut held: Vec<u64> = Vec::new();
        for (index, ((port, bounds), reach)) in ports.iter().zip(bounds).zip(reaches).enumerate() {
            for at in cells_of(reach) {
                let kept = grid.kept(at);
                debug_assert!(kept >= BLOCK, "the empty cells are shared");
                grid.cells[kept].0 |= Cell::NEAR;
            }
            for (at, whole) in cover(&port.shape, bounds) {
                held.push((grid.kept(at) as u64) << 32 | (index as u64) << 1 | u64::from(!whole));
            }
        }
        // A shape that wraps around the globe may have met a cell twice.
        held.sort_unstable();
        held.dedup_by_key(|held| *held >> 1);
        for of_cell in held.chunk_by(|one, other| one >> 32 == other >> 32) {
            grid.cells[(of_cell[0] >> 32) as usize].0 |= grid.entries.len() as u32;
            grid.entries.push(Entry(of_cell.len() as u32));
            grid.entries.extend(
                of_cell
                    .iter()
                    .map(|held| Entry((*held as u32) >> 1 | if *held & 1 == 0 { Entry::WHOLE } else { 0 })),
            );
        }
        grid
    }

    /// Where a cell is kept.
    fn kept(&self, (column, row): (i64, i64)) -> usize {
        self.place_of(column as u32, row as u32).0 as usize
    }

    fn place_of(&self, column: u32, row: u32) -> Place {
        let cells = CELLS as u32;
        let block = u32::from(self.blocks[(row / cells * 360 + column / cells) as usize]);
        Place(block * BLOCK as u32 + row % cells * cells + column % cells)
    }

    /// The ports that may hold a position.
    #[must_use]
    pub fn candidates(&self, position: Position) -> &[Entry] {
        self.listed(self.place(position))
    }

    /// The ports that a place lists.
    #[must_use]
    pub fn listed(&self, place: Place) -> &[Entry] {
        let start = self.cells[place.0 as usize].start();
        let (length, entries) = self.entries[start..].split_first().unwrap_or((&Entry(0), &[]));
        &entries[..length.0 as usize]
    }

    /// Whether a port may be within 10 km or its exit buffer.
    #[must_use]
    pub fn is_near_port(&self, position: Position) -> bool {
        self.cells[self.place(position).0 as usize].is_near()
    }

    /// The place of a position.
    #[must_use]
    pub fn place(&self, position: Position) -> Place {
        let from_corner = |units: i32, corner: u32, most: i64| {
            (units.wrapping_add_unsigned(corner) as u32 / CELL as u32).min(most as u32 - 1)
        };
        let column = from_corner(position.lon, 180_000_000, COLUMNS);
        let row = from_corner(position.lat, 90_000_000, ROWS);
        self.place_of(column, row)
    }

    /// Fetches what is kept of a place …
    pub fn fetch(&self, place: Place) {
        fetch(&self.cells[place.0 as usize]);
    }

    /// … and the ports that it lists.
    pub fn fetch_entries(&self, place: Place) {
        fetch(&self.entries[self.cells[place.0 as usize].start()]);
    }
}

/// Columns and rows that a rectangle touches, unwrapped; one unit wider than it, so that a
/// position on an edge that two cells share is found from both.
fn span(bounds: Bounds) -> (i64, i64, i64, i64) {
    let column = |lon: i64| (lon + 180_000_000).div_euclid(CELL);
    let row = |lat: i64| (lat + 90_000_000).div_euclid(CELL).clamp(0, ROWS - 1);
    let (west, mut east) = (column(bounds.west - 1), column(bounds.east + 1));
    east = east.min(west + COLUMNS - 1);
    (west, east, row(bounds.south - 1), row(bounds.north + 1))
}

fn cells_of(bounds: Bounds) -> impl Iterator<Item = (i64, i64)> {
    let (west, east, south, north) = span(bounds);
    (south..=north).flat_map(move |row| (west..=east).map(move |column| (column.rem_euclid(COLUMNS), row)))
}

/// The blocks that a rectangle touches.
fn blocks_of(bounds: Bounds) -> impl Iterator<Item = usize> {
    let (west, east, south, north) = span(bounds);
    let columns = west.div_euclid(CELLS)..=east.div_euclid(CELLS);
    let block = |row: i64, column: i64| (row * 360 + column.rem_euclid(360)) as usize;
    (south / CELLS..=north / CELLS).flat_map(move |row| columns.clone().map(move |column| block(row, column)))
}

/// The cells that a shape touches, and whether it covers them whole.
fn cover(shape: &Shape, bounds: Bounds) -> Vec<((i64, i64), bool)> {
    let (west, east, south, north) = span(bounds);
    let wrap = |column: i64, row: i64| (column.rem_euclid(COLUMNS), row);
    let centre = |column: i64, row: i64| Vertex {
        lon: (column * CELL - 180_000_000 + CELL / 2) as i32,
        lat: (row * CELL - 90_000_000 + CELL / 2) as i32,
    };
    let mut covered = Vec::new();
    match shape {
        Shape::Circle { centre: middle, radius_m } => {
            let half_diagonal_m = CELL as f64 * RADIANS_PER_UNIT * EARTH_RADIUS_M * 0.7072;
            for row in south..=north {
                for column in west..=east {
                    let at = centre(column, row);
                    let position = Position { lon: wrapped(i64::from(at.lon)) as i32, lat: at.lat };
                    let distance_m = middle.distance_m(position);
                    if distance_m - half_diagonal_m <= radius_m + 1.0 {
                        covered.push((wrap(column, row), distance_m + half_diagonal_m < radius_m - 1.0));
                    }
                }
            }
        }
        Shape::Polygons(polygons) => {
            let width = (east - west + 1) as usize;
            let at = |column: i64, row: i64| (row - south) as usize * width + (column - west) as usize;
            for rings in polygons {
                let mut crossed = vec![false; width * (north - south + 1) as usize];
                for (a, b) in rings.iter().flat_map(shape::edges) {
                    mark_edge(a, b, &mut |column, row| {
                        if (west..=east).contains(&column) && (south..=north).contains(&row) {
                            crossed[at(column, row)] = true;
                        }
                    });
                }
                for row in south..=north {
                    for column in west..=east {
                        if crossed[at(column, row)] {
                            covered.push((wrap(column, row), false));
                        } else if shape::polygon_contains(rings, centre(column, row)) {
                            covered.push((wrap(column, row), true));
                        }
                    }
                }
            }
        }
    }
    covered
}

/// Marks every cell that an edge touches, row by row.
fn mark_edge(a: Vertex, b: Vertex, mark: &mut impl FnMut(i64, i64)) {
    let (low, high) = if a.lat <= b.lat { (a, b) } else { (b, a) };
    let row_of = |lat: i64| (lat + 90_000_000).div_euclid(CELL);
    let column_of = |lon: i64| (lon + 180_000_000).div_euclid(CELL);
    let (first, last) = (row_of(i64::from(low.lat) - 1), row_of(i64::from(high.lat) + 1));
    for row in first..=last {
        // The part of the edge within the row, widened by a unit for rounding.
        let bottom = (row * CELL - 90_000_000 - 1).max(i64::from(low.lat));
        let top = ((row + 1) * CELL - 90_000_000 + 1).min(i64::from(high.lat));
        let (from, to) = if low.lat == high.lat {
            (i64::from(low.lon), i64::from(high.lon))
        } else {
            (lon_at(low, high, bottom), lon_at(low, high, top))
        };
        for column in column_of(from.min(to) - 2)..=column_of(from.max(to) + 2) {
            mark(column, row);
        }
    }
}

// For edges that are not level.
fn lon_at(low: Vertex, high: Vertex, lat: i64) -> i64 {
    let rise = i64::from(high.lat) - i64::from(low.lat);
    let run = i64::from(high.lon) - i64::from(low.lon);
    let lat = lat.clamp(i64::from(low.lat), i64::from(high.lat));
    i64::from(low.lon) + run * (lat - i64::from(low.lat)) / rise
}
