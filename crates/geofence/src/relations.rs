//! Which ports cover which.
//!
//! Q is a parent of P if it covers P, its boundary included, and is larger. Polygons are compared
//! exactly, on the integers of their vertices; circles by distances.
//!
//! The topology of `geo` (`Relate`) is not used: it wants valid geometries in the sense of the OGC,
//! and says no to rings that touch themselves and to parts that share a border.

use alloc::vec::Vec;
use geo::{Area as _, BooleanOps, Coord, LineString, MultiPolygon, Polygon};
use model::port::{Ring, Vertex};
use model::position::{EARTH_RADIUS_M, RADIANS_PER_UNIT, UNITS_PER_DEGREE};
use model::{Port, PortIndex, Ports, Position, Shape};
use rstar::RTree;
use rstar::primitives::{GeomWithData, Rectangle};

use crate::port_file::planar::{self, Bounds, Side};
use crate::port_file::shift_to;

const FULL_TURN: f64 = 360.0 * UNITS_PER_DEGREE as f64;
const POLE: f64 = 90.0 * UNITS_PER_DEGREE as f64;

type Entry = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Finds for each port the larger ones that cover it, by area ascending, then id.
///
/// ```
/// use geofence::{port_file, relations};
/// let text = r#"{"type":"FeatureCollection","features":[
///   {"type":"Feature","properties":{"id":"BAY","name":"Bay","country":"KP","kind":"zone","radius_km":30},
///    "geometry":{"type":"Point","coordinates":[130.3,42.2]}},
///   {"type":"Feature","properties":{"id":"PORT","name":"Port","country":"KP","kind":"port","radius_km":3},
///    "geometry":{"type":"Point","coordinates":[130.3,42.2333]}}]}"#;
/// let ports = relations::relate(port_file::read("ports.geojson", text).ports);
/// assert_eq!(ports.parents(model::PortIndex(1)), [model::PortIndex(0)]);
/// ```
#[must_use]
pub fn relate(ports: Vec<Port>) -> Ports {
    let tree =
        RTree::bulk_load(ports.iter().enumerate().flat_map(|(index, port)| entries(index, port)).collect());
    let areas: Vec<Area<'_>> = ports.iter().map(Area::of).collect();
    let parents = (0..ports.len()).map(|child| parents_of(child, &ports, &areas, &tree)).collect();
    Ports { list: ports, parents }
}

fn parents_of(child: usize, ports: &[Port], areas: &[Area<'_>], tree: &RTree<Entry>) -> Vec<PortIndex> {
    // Whatever covers the child covers any one point of it.
    let Some(point) = some_point(&ports[child].shape) else {
        return Vec::new();
    };
    let mut found: Vec<usize> = [-FULL_TURN, 0.0, FULL_TURN]
        .into_iter()
        .flat_map(|shift| tree.locate_all_at_point(&[f64::from(point.lon) + shift, f64::from(point.lat)]))
        .map(|entry| entry.data)
        .filter(|parent| ports[*parent].area_m2 > ports[child].area_m2)
        .collect();
    found.sort_unstable();
    found.dedup();
    found.retain(|parent| covers(&areas[*parent], &areas[child]));
    found.sort_by(|a, b| {
        let (a, b) = (&ports[*a], &ports[*b]);
        a.area_m2.total_cmp(&b.area_m2).then_with(|| a.id.cmp(&b.id))
    });
    found.into_iter().filter_map(|parent| u32::try_from(parent).ok()).map(PortIndex).collect()
}

fn some_point(shape: &Shape) -> Option<Vertex> {
    match shape {
        Shape::Circle { centre, .. } => Some(Vertex { lon: centre.lon, lat: centre.lat }),
        Shape::Polygons(polygons) => polygons.first()?.first()?.first().copied(),
    }
}

/// The boxes of a port's pieces.
fn entries(index: usize, port: &Port) -> Vec<Entry> {
    let entry = |west: f64, south: f64, east: f64, north: f64| {
        GeomWithData::new(Rectangle::from_corners([west, south], [east, north]), index)
    };
    match &port.shape {
        Shape::Polygons(polygons) => polygons
            .iter()
            .filter_map(|rings| rings.first())
            .map(|outer| {
                let bounds = Bounds::of(outer);
                entry(bounds.west.into(), bounds.south.into(), bounds.east.into(), bounds.north.into())
            })
            .collect(),
        Shape::Circle { centre, radius_m } => {
            let (half_width, half_height) = half_extent(*centre, *radius_m);
            let (lon, lat) = (f64::from(centre.lon), f64::from(centre.lat));
            alloc::vec![entry(lon - half_width, lat - half_height, lon + half_width, lat + half_height)]
        }
    }
}

/// Half the width and height of a box around a circle, 10⁻⁶ degree, not too small.
fn half_extent(centre: Position, radius_m: f64) -> (f64, f64) {
    let angle = radius_m / EARTH_RADIUS_M;
    let half_height = angle / RADIANS_PER_UNIT + 1.0;
    if f64::from(centre.lat).abs() + half_height >= POLE {
        return (FULL_TURN / 2.0 + 1.0, half_height);
    }
    let sine = libm::sin(angle) / libm::cos(f64::from(centre.lat) * RADIANS_PER_UNIT);
    (libm::asin(sine.min(1.0)) / RADIANS_PER_UNIT + 1.0, half_height)
}

/// A port's shape with the bounds of its polygons.
enum Area<'a> {
    Circle { centre: Position, radius_m: f64 },
    Polygons(Vec<Piece<'a>>),
}

/// A polygon of a port.
struct Piece<'a> {
    rings: &'a [Ring],
    outer: &'a [Vertex],
    bounds: Bounds,
}

impl<'a> Area<'a> {
    fn of(port: &'a Port) -> Self {
        match &port.shape {
            Shape::Circle { centre, radius_m } => Area::Circle { centre: *centre, radius_m: *radius_m },
            Shape::Polygons(polygons) => Area::Polygons(
                polygons
                    .iter()
                    .filter_map(|rings| {
                        rings.first().map(|outer| Piece { rings, outer, bounds: Bounds::of(outer) })
                    })
                    .collect(),
            ),
        }
    }
}

/// Whether every point of the child is a point of the parent.
fn covers(parent: &Area<'_>, child: &Area<'_>) -> bool {
    match (parent, child) {
        (
            Area::Circle { centre, radius_m },
            Area::Circle { centre: child_centre, radius_m: child_radius_m },
        ) => centre.distance_m(*child_centre) + child_radius_m <= *radius_m,
        (Area::Circle { centre, radius_m }, Area::Polygons(pieces)) => {
            let mut vertices = pieces.iter().flat_map(|piece| piece.outer);
            vertices
                .all(|vertex| centre.distance_m(Position { lon: vertex.lon, lat: vertex.lat }) <= *radius_m)
        }
        (Area::Polygons(pieces), Area::Circle { centre, radius_m }) => {
            covers_circle(pieces, *centre, *radius_m)
        }
        (Area::Polygons(parents), Area::Polygons(pieces)) => {
            !pieces.is_empty() && pieces.iter().all(|piece| covers_piece(parents, piece))
        }
    }
}

fn covers_circle(pieces: &[Piece<'_>], centre: Position, radius_m: f64) -> bool {
    let (lon, lat) = (i64::from(centre.lon), i64::from(centre.lat));
    let shift = |piece: &Piece<'_>| shift_to(piece.bounds.centre_lon_doubled(), 2 * lon);
    let is_inside = pieces.iter().any(|piece| {
        planar::side_of_polygon((2 * (lon + shift(piece)), 2 * lat), piece.rings) == Side::Inside
    });
    if !is_inside {
        return false;
    }
    // The plane of the contract for distances to polygons, laid at the centre.
    let y_scale = RADIANS_PER_UNIT * EARTH_RADIUS_M;
    let x_scale = y_scale * libm::cos(f64::from(centre.lat) * RADIANS_PER_UNIT);
    pieces.iter().all(|piece| {
        let lon = lon + shift(piece);
        let place = |vertex: Vertex| {
            let (x, y) = (i64::from(vertex.lon) - lon, i64::from(vertex.lat) - lat);
            (x as f64 * x_scale, y as f64 * y_scale)
        };
        piece
            .rings
            .iter()
            .flat_map(|ring| planar::edges(ring))
            .all(|(a, b)| distance_to_edge(place(a), place(b)) >= radius_m)
    })
}

/// The distance of the origin from the edge.
fn distance_to_edge(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length_squared = dx * dx + dy * dy;
    let share =
        if length_squared > 0.0 { (-(a.0 * dx + a.1 * dy) / length_squared).clamp(0.0, 1.0) } else { 0.0 };
    libm::hypot(a.0 + share * dx, a.1 + share * dy)
}

fn covers_piece(parents: &[Piece<'_>], child: &Piece<'_>) -> bool {
    let goal = child.bounds.centre_lon_doubled();
    let near: Vec<(&Piece<'_>, i64)> = parents
        .iter()
        .map(|piece| (piece, shift_to(piece.bounds.centre_lon_doubled(), goal)))
        .filter(|(piece, shift)| child.bounds.meet(piece.bounds, -shift))
        .collect();
    near.iter().any(|(piece, shift)| covers_alone(piece, *shift, child))
        || (near.len() > 1 && cover_together(&near, child))
}

type Point = (i64, i64);

/// Whether one polygon, moved west by `shift`, covers another: exactly, for rings that may touch
/// but do not cross themselves or each other.
///
/// If no edges cross, both boundaries can be cut at the vertices that lie on them into parts that
/// are inside, outside or on the boundary of the other polygon as a whole, and their midpoints tell.
fn covers_alone(parent: &Piece<'_>, shift: i64, child: &Piece<'_>) -> bool {
    let side_in_parent = |at: Point| planar::side_of_polygon((at.0 + 2 * shift, at.1), parent.rings);
    let Some(first) = child.outer.first().map(|vertex| planar::point(*vertex)) else {
        return false;
    };
    if side_in_parent((2 * first.0, 2 * first.1)) == Side::Outside {
        return false;
    }
    let parent_edges: Vec<(Point, Point)> = directed_edges(parent.rings)
        .map(|(a, b)| ((a.0 - shift, a.1), (b.0 - shift, b.1)))
        .filter(|(a, b)| child.bounds.meet_box(*a, *b))
        .collect();
    if parent_edges.is_empty() {
        return true;
    }
    let child_edges: Vec<(Point, Point)> = directed_edges(child.rings).collect();
    let cross = |child: &(Point, Point)| parent_edges.iter().any(|parent| planar::cross(*parent, *child));
    if child_edges.iter().any(cross) {
        return false;
    }
    let leaves = |edge: &(Point, Point)| {
        midpoints(*edge, &parent_edges).into_iter().any(|at| side_in_parent(at) == Side::Outside)
    };
    if child_edges.iter().any(leaves) {
        return false;
    }
    // What is left is a hole of the parent, or a bay closed by a touch, within the child, and areas
    // that lie on the two sides of a common boundary.
    !parent_edges.iter().any(|edge| {
        midpoints(*edge, &child_edges).into_iter().any(|at| match planar::side_of_polygon(at, child.rings) {
            Side::Outside => false,
            Side::Inside => true,
            Side::Boundary => {
                child_edges.iter().any(|other| planar::is_on(at, *other) && !runs_with(*edge, *other))
            }
        })
    })
}

/// The edges of a polygon in the direction that has the inside to the left.
fn directed_edges(rings: &[Ring]) -> impl Iterator<Item = (Point, Point)> + '_ {
    rings.iter().enumerate().flat_map(|(index, ring)| {
        let is_turned = (planar::doubled_area(ring) < 0) == (index == 0);
        planar::edges(ring).map(move |(a, b)| {
            let (a, b) = (planar::point(a), planar::point(b));
            if is_turned { (b, a) } else { (a, b) }
        })
    })
}

/// The midpoints, doubled, of the parts into which the ends of other edges cut an edge.
fn midpoints(edge: (Point, Point), others: &[(Point, Point)]) -> Vec<Point> {
    let mut cuts = alloc::vec![edge.0, edge.1];
    let ends = others.iter().flat_map(|(a, b)| [*a, *b]);
    cuts.extend(ends.filter(|end| planar::is_on((2 * end.0, 2 * end.1), edge)));
    // On one edge the order by longitude and latitude is the order along it, or its reverse.
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2).map(|pair| (pair[0].0 + pair[1].0, pair[0].1 + pair[1].1)).collect()
}

fn runs_with(a: (Point, Point), b: (Point, Point)) -> bool {
    let along = |edge: (Point, Point)| (edge.1.0 - edge.0.0, edge.1.1 - edge.0.1);
    let (a, b) = (along(a), along(b));
    a.0 * b.0 + a.1 * b.1 > 0
}

/// Whether several polygons cover another one between them, such as the two halves of an area that
/// is split at the antimeridian. Here new corners arise that are no integers, so what sticks out by
/// less than a twentieth of a unit (6 mm) along the boundary does not count.
fn cover_together(parents: &[(&Piece<'_>, i64)], child: &Piece<'_>) -> bool {
    let is_held = |vertex: &Vertex| {
        let (lon, lat) = planar::point(*vertex);
        let side = |piece: &Piece<'_>, shift: i64| {
            planar::side_of_polygon((2 * (lon + shift), 2 * lat), piece.rings)
        };
        parents.iter().any(|(piece, shift)| side(piece, *shift) != Side::Outside)
    };
    if !child.outer.iter().all(is_held) {
        return false;
    }
    let whole = MultiPolygon::new(alloc::vec![polygon(child.rings, 0)]);
    let rest =
        parents.iter().fold(whole, |rest, (piece, shift)| rest.difference(&polygon(piece.rings, *shift)));
    let lengths =
        directed_edges(child.rings).map(|(a, b)| libm::hypot((b.0 - a.0) as f64, (b.1 - a.1) as f64));
    rest.unsigned_area() <= lengths.sum::<f64>() / 20.0
}

/// The rings as `geo` wants them, moved west by `shift`. Integers of this size are exact in `f64`.
fn polygon(rings: &[Ring], shift: i64) -> Polygon<f64> {
    let coord =
        |vertex: &Vertex| Coord { x: (i64::from(vertex.lon) - shift) as f64, y: f64::from(vertex.lat) };
    let mut lines =
        rings.iter().map(|ring| LineString::new(ring.iter().chain(ring.first()).map(coord).collect()));
    let outer = lines.next().unwrap_or_else(|| LineString::new(Vec::new()));
    Polygon::new(outer, lines.collect())
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;
    use crate::port_file;

    fn feature(id: &str, radius_km: f64, geometry: &str) -> String {
        format!(
            r#"{{"type":"Feature","properties":{{"id":"{id}","name":"{id}","country":"KP","kind":"zone","radius_km":{radius_km}}},"geometry":{geometry}}}"#
        )
    }

    fn polygon(id: &str, rings: &str) -> String {
        feature(id, 1.0, &format!(r#"{{"type":"Polygon","coordinates":[{rings}]}}"#))
    }

    fn parts(id: &str, polygons: &str) -> String {
        feature(id, 1.0, &format!(r#"{{"type":"MultiPolygon","coordinates":[{polygons}]}}"#))
    }

    fn circle(id: &str, lon: f64, lat: f64, radius_km: f64) -> String {
        feature(id, radius_km, &format!(r#"{{"type":"Point","coordinates":[{lon},{lat}]}}"#))
    }

    fn box_of(west: f64, south: f64, east: f64, north: f64) -> String {
        format!("[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]")
    }

    /// Checks `child<parent` for each pair, parents in order.
    #[track_caller]
    fn check(features: &[String], expected: &[&str]) {
        let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
        let file = port_file::read("ports.geojson", &text);
        assert!(!file.has_errors(), "{}", file.listing(3));
        let ports = relate(file.ports);
        let id = |index: &PortIndex| ports.get(*index).id.as_str();
        let pairs = ports.list.iter().zip(&ports.parents);
        let found: Vec<String> = pairs
            .flat_map(|(port, parents)| parents.iter().map(|parent| format!("{}<{}", port.id, id(parent))))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn parents_cover_and_are_larger_the_smallest_first() {
        check(
            &[
                polygon("TERMINAL", &box_of(1.4, 1.4, 1.5, 1.5)),
                polygon("SEA", &box_of(0.0, 0.0, 4.0, 4.0)),
                polygon("PORT", &box_of(1.0, 1.0, 2.0, 2.0)),
                polygon("ACROSS", &box_of(1.9, 1.0, 2.5, 1.5)),
            ],
            &["TERMINAL<PORT", "TERMINAL<SEA", "PORT<SEA", "ACROSS<SEA"],
        );
    }

    #[test]
    fn the_boundary_is_inside_and_equals_have_no_parents() {
        check(
            &[
                polygon("A", &box_of(0.0, 0.0, 2.0, 2.0)),
                polygon("B", &box_of(0.0, 0.0, 2.0, 1.0)),
                polygon("C", "[[0,0],[2,0],[2,1],[2,2],[0,2],[0,0]]"),
                // Its corners are on the boundary of A, its edges inside.
                polygon("D", "[[1,0],[2,1],[1,2],[0,1],[1,0]]"),
                polygon("E", &box_of(0.0, 0.0, 2.0, 2.000_001)),
            ],
            &["A<E", "B<A", "B<C", "B<E", "C<E", "D<A", "D<C", "D<E"],
        );
    }

    #[test]
    fn holes_and_bays_do_not_belong_to_the_parent() {
        let outer = box_of(0.0, 0.0, 4.0, 4.0);
        check(
            &[
                polygon("RING", &format!("{outer},{}", box_of(1.0, 1.0, 3.0, 3.0))),
                polygon("IN HOLE", &box_of(1.5, 1.5, 2.0, 2.0)),
                polygon("AS HOLE", &box_of(1.0, 1.0, 3.0, 3.0)),
                polygon("AROUND HOLE", &box_of(0.5, 0.5, 3.5, 3.5)),
                polygon(
                    "WITH SAME HOLE",
                    &format!("{},{}", box_of(0.5, 0.5, 3.5, 3.5), box_of(1.0, 1.0, 3.0, 3.0)),
                ),
                polygon("BESIDE HOLE", &box_of(0.0, 0.0, 1.0, 4.0)),
            ],
            &[
                "IN HOLE<AS HOLE",
                "IN HOLE<AROUND HOLE",
                "AS HOLE<AROUND HOLE",
                "WITH SAME HOLE<AROUND HOLE",
                "WITH SAME HOLE<RING",
                "BESIDE HOLE<RING",
            ],
        );
        let bay = "[[0,0],[4,0],[4,4],[2,0],[0,4],[0,0]]";
        check(
            &[
                polygon("BAY", bay),
                polygon("ACROSS", "[[1.6,0],[2.4,0],[2.4,0.8],[2,0.4],[1.6,0.8],[1.6,0]]"),
            ],
            &[],
        );
    }

    #[test]
    fn a_child_may_lie_in_several_parts_of_its_parent() {
        let halves = format!("[{}],[{}]", box_of(0.0, 0.0, 2.0, 2.0), box_of(2.0, 0.0, 4.0, 2.0));
        check(
            &[
                parts("HALVES", &halves),
                polygon("ACROSS", &box_of(1.0, 0.5, 3.0, 1.5)),
                polygon("OUT", &box_of(1.0, 0.5, 3.0, 2.000_01)),
                parts("TWO", &format!("[{}],[{}]", box_of(0.5, 0.5, 1.0, 1.0), box_of(2.5, 0.5, 3.0, 1.0))),
                parts(
                    "HALF OUT",
                    &format!("[{}],[{}]", box_of(0.5, 0.5, 1.0, 1.0), box_of(3.5, 0.5, 5.0, 0.6)),
                ),
            ],
            &["ACROSS<OUT", "ACROSS<HALVES", "TWO<HALVES"],
        );
    }

    #[test]
    fn the_antimeridian_is_no_border() {
        let split = format!("[{}],[{}]", box_of(178.0, 0.0, 180.0, 2.0), box_of(-180.0, 0.0, -178.0, 2.0));
        check(
            &[
                parts("SPLIT", &split),
                polygon("WEST", "[[179,1],[-179.9,1],[-179.9,1.2],[179,1.2],[179,1]]"),
                polygon("EAST", "[[179.9,1],[-179,1],[-179,1.5],[179.9,1.5],[179.9,1]]"),
                polygon("BEYOND", "[[177,0.5],[183,0.5],[183,1.8],[177,1.8],[177,0.5]]"),
                circle("CIRCLE", 179.99, 1.1, 2.0),
                circle("LARGE", -179.99, 1.1, 400.0),
            ],
            &[
                "SPLIT<LARGE",
                "WEST<BEYOND",
                "WEST<SPLIT",
                "WEST<LARGE",
                "EAST<BEYOND",
                "EAST<SPLIT",
                "EAST<LARGE",
                "BEYOND<LARGE",
                "CIRCLE<WEST",
                "CIRCLE<EAST",
                "CIRCLE<BEYOND",
                "CIRCLE<LARGE",
            ],
        );
    }

    #[test]
    fn circles_cover_and_are_covered() {
        check(
            &[
                circle("LARGE", 130.0, 42.0, 10.0),
                circle("INSIDE", 130.0, 42.05, 4.0),
                circle("ACROSS", 130.0, 42.07, 4.0),
                polygon("CORNERS IN", &box_of(129.95, 41.95, 130.05, 42.05)),
                polygon("CORNER OUT", &box_of(129.9, 41.9, 130.0, 42.0)),
                polygon("AROUND", &box_of(129.8, 41.9, 130.2, 42.1)),
                polygon("TOO LOW", &box_of(129.8, 41.95, 130.2, 42.1)),
            ],
            &[
                "LARGE<AROUND",
                "INSIDE<LARGE",
                "INSIDE<TOO LOW",
                "INSIDE<AROUND",
                "CORNERS IN<LARGE",
                "CORNERS IN<TOO LOW",
                "CORNERS IN<AROUND",
                "CORNER OUT<AROUND",
                "TOO LOW<AROUND",
            ],
        );
    }

    #[test]
    fn a_circle_over_the_pole_covers_all_longitudes() {
        check(
            &[
                circle("POLE", 0.0, 89.0, 500.0),
                circle("FAR SIDE", 180.0, 88.0, 10.0),
                circle("SOUTH", 0.0, 84.0, 10.0),
            ],
            &["FAR SIDE<POLE"],
        );
    }
}
