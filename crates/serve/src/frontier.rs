//! How far a silent ship can have come by now: all water within its speed, as an outline to draw.
//!
//! The outline goes along the edges of H3 cells: of resolution 5 (17 km across) as the core searches ways, or coarser where that
//! would be too many. What is drawn says no more than that: it is not the line to the metre.

use std::collections::BTreeSet;

use geofence::cells::Ring;
use geofence::sea::Sea;
use h3o::{CellIndex, LatLng, Resolution, VertexIndex};
use model::position::UNITS_PER_DEGREE;
use model::{Cell, Position};

/// No ring of cells is drawn farther out, metres: about 1,600 nautical miles, ten days at 7 knots.
pub const MAX_REACH_M: f64 = 3_000_000.0;
/// From here on coarser cells are drawn, metres.
const COARSE_M: f64 = 600_000.0;

/// The water at most `distance_m` from a position by water, as polygons: an outer ring and its holes each.
#[must_use]
pub fn outline(sea: &Sea, from: Position, distance_m: f64) -> Vec<Vec<Ring>> {
    let bound_m = distance_m.min(MAX_REACH_M);
    let resolution = if bound_m < COARSE_M { Resolution::Five } else { Resolution::Four };
    let Some(origin) = place(from).map(|place| place.to_cell(resolution)) else { return Vec::new() };
    // Each step to the next ring of cells is at least this far; cells beyond are not asked for.
    let step_m = origin.resolution().edge_length_m() * 1.5;
    let steps = (bound_m / step_m).ceil() as u32 + 1;
    let ways = sea.search(from, bound_m);
    let is_reached = |cell: &CellIndex| {
        let centre = LatLng::from(*cell);
        // Ways end on land, too, next to water.
        let water =
            Position::from_degrees(centre.lng(), centre.lat()).filter(|at| sea.has_water(Cell::at(*at)));
        water.and_then(|to| ways.distance_m(sea, to)).is_some_and(|way_m| way_m <= bound_m)
    };
    let disk = origin.grid_disk::<Vec<_>>(steps);
    let mut cells: BTreeSet<CellIndex> = disk.into_iter().filter(is_reached).collect();
    cells.insert(origin);
    let corners = cells.into_iter().map(|cell| cell.vertexes().collect());
    let corner = |vertex: VertexIndex| {
        let at = LatLng::from(vertex);
        [at.lng(), at.lat()]
    };
    let middle = f64::from(from.lon) / f64::from(UNITS_PER_DEGREE);
    let mut polygons = geofence::cells::outline(corners, corner, middle);
    for point in polygons.iter_mut().flatten().flatten() {
        *point = point.map(round);
    }
    polygons
}

fn place(position: Position) -> Option<LatLng> {
    let scale = f64::from(UNITS_PER_DEGREE);
    LatLng::new(f64::from(position.lat) / scale, f64::from(position.lon) / scale).ok()
}

fn round(degrees: f64) -> f64 {
    (degrees * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> Position {
        Position::from_degrees(lon, lat).unwrap()
    }

    /// Twice the area.
    fn area(ring: &[[f64; 2]]) -> f64 {
        ring.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum()
    }

    fn is_inside([x, y]: [f64; 2], ring: &[[f64; 2]]) -> bool {
        let crosses = |pair: &&[[f64; 2]]| {
            let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
            (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax)
        };
        ring.windows(2).filter(crosses).count() % 2 == 1
    }

    fn holds(polygons: &[Vec<Ring>], point: [f64; 2]) -> bool {
        polygons.iter().any(|polygon| {
            is_inside(point, &polygon[0]) && !polygon[1..].iter().any(|hole| is_inside(point, hole))
        })
    }

    #[test]
    fn the_frontier_grows_along_the_coast_and_not_over_land() {
        let sea = Sea::built_in();
        // Off Posyet Bay; Rajin is 90 km away, and Harbin lies inland.
        let from = at(131.4, 42.46);
        let near = outline(sea, from, 40_000.0);
        assert!(holds(&near, [131.4, 42.46]));
        assert!(!holds(&near, [130.45, 42.1]));
        let far = outline(sea, from, 160_000.0);
        assert!(holds(&far, [130.45, 42.1]));
        let farther = outline(sea, from, 900_000.0);
        assert!(!holds(&farther, [126.6, 45.8]));
        assert!(farther.iter().map(|polygon| area(&polygon[0])).sum::<f64>() > 10.0);
    }

    #[test]
    fn islands_are_holes_and_the_antimeridian_is_no_border() {
        let sea = Sea::built_in();
        // Around Shikoku.
        let japan = outline(sea, at(134.6, 33.2), 500_000.0);
        assert!(!holds(&japan, [133.5, 33.75]));
        let fiji = outline(sea, at(179.9, -17.0), 300_000.0);
        let west = fiji.iter().flat_map(|polygon| &polygon[0]).any(|[lon, _]| *lon > 181.0);
        assert!(west && fiji.iter().flatten().flatten().all(|[lon, _]| (170.0..190.0).contains(lon)));
    }
}
