//! Cells in which many ships lay, put together to places.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use geofence::cells::{Ring, outline};
use h3o::{CellIndex, LatLng, Resolution, VertexIndex};
use model::{PortKind, Position};

use super::cells::OfCell;

/// What a cell needs to count, and how far places reach.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Different ships.
    pub min_ships: usize,
    /// Stops.
    pub min_stops: usize,
    /// Rings of cells around those that count.
    pub rings: u32,
}

/// A place where ships lie.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The cell with most ships, the lowest of equals.
    pub busiest: CellIndex,
    /// Its cells, with the rings around those that count.
    pub cells: BTreeSet<CellIndex>,
    /// Different ships.
    pub ships: usize,
    /// Stops, each in the cell where it was most of the time.
    pub stops: usize,
    /// The median of their lengths, minutes; the lower one of two.
    pub median_stay_min: Option<u32>,
    /// Whether most of them were at anchor.
    pub kind: PortKind,
}

/// A ship at anchor swings over cells around the one that it has in common with others.
const SWING_RINGS: u32 = 2;

/// So many rings of cells reach at least this far.
pub fn rings(buffer_m: f64, resolution: Resolution) -> u32 {
    // Each ring of hexagons is at least one and a half edges wide.
    let step_m = resolution.edge_length_m() * 1.5;
    (buffer_m / step_m).ceil() as u32
}

/// Places, the one with most ships first. Cells belong to one if they are neighbours.
pub fn clusters(cells: &BTreeMap<CellIndex, OfCell>, wanted: &Wanted) -> Vec<Cluster> {
    let counts = cells
        .iter()
        .filter(|(_, of)| of.ships.len() >= wanted.min_ships && of.visits as usize >= wanted.min_stops);
    let core: BTreeSet<CellIndex> = counts.map(|(cell, _)| *cell).collect();
    let mut open: BTreeSet<CellIndex> =
        core.iter().flat_map(|cell| cell.grid_disk::<Vec<_>>(wanted.rings)).collect();
    let mut clusters = Vec::new();
    let mut counted: BTreeSet<CellIndex> = core.clone();
    while let Some(first) = open.pop_first() {
        let connected = connected(first, &mut open);
        let of_core = connected.iter().filter(|cell| core.contains(*cell));
        let of_core: Vec<(CellIndex, &OfCell)> =
            of_core.filter_map(|cell| Some((*cell, cells.get(cell)?))).collect();
        let around = of_core.iter().flat_map(|(cell, _)| cell.grid_disk::<Vec<_>>(SWING_RINGS));
        let near = around.filter(|cell| counted.insert(*cell)).filter_map(|cell| cells.get(&cell));
        let near: Vec<&OfCell> = near.collect();
        clusters.extend(cluster(connected, &of_core, &near));
    }
    clusters.sort_by_key(|cluster| (Reverse(cluster.ships), cluster.busiest));
    clusters
}

/// Takes all cells that are reached from a cell over neighbours.
fn connected(first: CellIndex, open: &mut BTreeSet<CellIndex>) -> BTreeSet<CellIndex> {
    let mut reached = BTreeSet::from([first]);
    let mut next = vec![first];
    while let Some(cell) = next.pop() {
        for neighbour in cell.grid_disk::<Vec<_>>(1) {
            if open.remove(&neighbour) {
                reached.insert(neighbour);
                next.push(neighbour);
            }
        }
    }
    reached
}

/// `near` are cells just outside, in which stops may have been for the most part that were in the cluster too.
fn cluster(cells: BTreeSet<CellIndex>, core: &[(CellIndex, &OfCell)], near: &[&OfCell]) -> Option<Cluster> {
    let (busiest, _) = core.iter().max_by_key(|(cell, of)| (of.ships.len(), Reverse(*cell)))?;
    let ships: BTreeSet<u32> = core.iter().flat_map(|(_, of)| of.ships.iter().copied()).collect();
    let all = || core.iter().map(|(_, of)| *of).chain(near.iter().copied());
    let mut stays: Vec<u32> = all().flat_map(|of| of.stays_min.iter().copied()).collect();
    stays.sort_unstable();
    let at_anchor: u32 = all().map(|of| of.at_anchor).sum();
    let other: u32 = all().map(|of| of.other).sum();
    Some(Cluster {
        busiest: *busiest,
        cells,
        ships: ships.len(),
        stops: stays.len(),
        median_stay_min: stays.get(stays.len().saturating_sub(1) / 2).copied(),
        kind: if at_anchor > other { PortKind::Anchorage } else { PortKind::Port },
    })
}

impl Cluster {
    /// The middle of its busiest cell.
    pub fn middle(&self) -> Position {
        let middle = LatLng::from(self.busiest);
        Position::from_degrees(middle.lng(), middle.lat()).unwrap_or_default()
    }

    /// Its outline.
    pub fn polygons(&self) -> Vec<Vec<Ring>> {
        let corners = self.cells.iter().map(|cell| cell.vertexes().collect());
        let place = |corner: VertexIndex| {
            let at = LatLng::from(corner);
            [at.lng(), at.lat()]
        };
        outline(corners, place, LatLng::from(self.busiest).lng())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> CellIndex {
        LatLng::new(lat, lon).unwrap().to_cell(Resolution::Nine)
    }

    fn of(ships: &[u32], at_anchor: u32) -> OfCell {
        let visits = ships.len() as u32;
        OfCell {
            ships: ships.to_vec(),
            visits,
            stays_min: ships.iter().map(|ship| ship * 10).collect(),
            at_anchor,
            other: visits - at_anchor,
        }
    }

    const WANTED: Wanted = Wanted { min_ships: 2, min_stops: 2, rings: 0 };

    #[test]
    fn neighbours_with_enough_ships_make_one_place() {
        let middle = at(131.9, 43.1);
        let ring: Vec<CellIndex> = middle.grid_ring(1);
        let far = at(132.5, 42.9);
        let cells = BTreeMap::from([
            (middle, of(&[1, 2, 3], 1)),
            (ring[0], of(&[2, 4], 1)),
            (ring[1], of(&[5], 1)),
            (far, of(&[1, 2], 2)),
        ]);
        let found = clusters(&cells, &WANTED);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].busiest, found[0].ships, found[0].stops, found[0].kind),
            (middle, 4, 6, PortKind::Port)
        );
        assert_eq!(found[0].cells, BTreeSet::from([middle, ring[0]]));
        assert_eq!(found[0].median_stay_min, Some(20));
        assert_eq!((found[1].busiest, found[1].ships, found[1].kind), (far, 2, PortKind::Anchorage));
        assert!(clusters(&cells, &Wanted { min_stops: 4, ..WANTED }).is_empty());
    }

    #[test]
    fn rings_around_cells_join_what_lies_close() {
        let a = at(131.9, 43.1);
        let third: Vec<CellIndex> = a.grid_ring(3);
        let cells = BTreeMap::from([(a, of(&[1, 2], 0)), (third[0], of(&[3, 4], 0))]);
        assert_eq!(clusters(&cells, &WANTED).len(), 2);
        let joined = clusters(&cells, &Wanted { rings: 1, ..WANTED });
        assert_eq!((joined.len(), joined[0].cells.len(), joined[0].ships), (1, 14, 4));
        let polygons = joined[0].polygons();
        assert_eq!((polygons.len(), polygons[0].len()), (1, 1));
    }

    #[test]
    fn a_hole_and_the_antimeridian_are_drawn_as_they_are() {
        let around: Vec<CellIndex> = at(180.0, -17.0).grid_ring(2);
        let cells: BTreeMap<CellIndex, OfCell> = around.iter().map(|cell| (*cell, of(&[1, 2], 0))).collect();
        let found = clusters(&cells, &WANTED);
        let polygons = found[0].polygons();
        assert_eq!((found.len(), polygons.len(), polygons[0].len()), (1, 1, 2));
        let lons: Vec<f64> = polygons[0].iter().flatten().map(|[lon, _]| *lon).collect();
        let (west, east) = lons.iter().fold((f64::MAX, f64::MIN), |(w, e), lon| (w.min(*lon), e.max(*lon)));
        assert!(east - west < 0.1, "{west} {east}");
    }

    #[test]
    fn rings_reach_at_least_as_far_as_asked() {
        let steps = [0.0, 1.0, 200.0, 400.0, 1_000.0].map(|metres| rings(metres, Resolution::Nine));
        assert_eq!(steps, [0, 1, 1, 2, 4]);
    }
}
