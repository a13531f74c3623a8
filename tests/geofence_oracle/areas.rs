//! Port areas as `geo` and an R-tree see them: what one would use if there were no grid.

use geo::{Coord, Distance, Haversine, Intersects, LineString, Point, Polygon};
use model::port::Ring;
use model::{Port, PortIndex, Position, Shape};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

const TURN: f64 = 360e6;
/// Metres of one unit of 10⁻⁶ degree along a meridian.
const UNIT_M: f64 = std::f64::consts::PI / 180e6 * 6_371_008.8;

/// One polygon or circle of a port, with what its longitudes are ahead of −180…180°.
struct Piece {
    port: PortIndex,
    area: Area,
    shift: f64,
}

enum Area {
    /// In units of 10⁻⁶ degree: integers of this size are exact in `f64`, and so are `geo`'s tests.
    Polygon(Polygon<f64>),
    Circle {
        centre: Point<f64>,
        radius_m: f64,
    },
}

/// All areas.
pub struct Areas {
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    pieces: Vec<Piece>,
}

impl Areas {
    /// Puts the areas of all ports into a tree.
    pub fn new(ports: &[Port]) -> Areas {
        let mut boxes = Vec::new();
        let mut pieces = Vec::new();
        for (index, port) in ports.iter().enumerate() {
            let port_index = PortIndex(index as u32);
            match &port.shape {
                Shape::Circle { centre, radius_m } => {
                    let (lon, lat) = (f64::from(centre.lon), f64::from(centre.lat));
                    let north = radius_m / UNIT_M + 1.0;
                    let farthest = ((lat.abs() + north) / 1e6).to_radians();
                    let east = if farthest < 1.57 { north / farthest.cos() } else { TURN / 2.0 };
                    for shift in [-TURN, 0.0, TURN] {
                        let (west, east) = (lon + shift - east, lon + shift + east);
                        let centre = Point::new(lon / 1e6, lat / 1e6);
                        let area = Area::Circle { centre, radius_m: *radius_m };
                        let piece = Piece { port: port_index, area, shift };
                        add(&mut boxes, &mut pieces, [west, lat - north], [east, lat + north], piece);
                    }
                }
                Shape::Polygons(polygons) => {
                    for (rings, shift) in
                        polygons.iter().flat_map(|rings| [-TURN, 0.0, TURN].map(|turn| (rings, turn)))
                    {
                        let polygon = polygon(rings);
                        let corners = polygon.exterior().0.iter();
                        let low =
                            corners.clone().fold([f64::MAX; 2], |low, c| [low[0].min(c.x), low[1].min(c.y)]);
                        let high =
                            corners.fold([f64::MIN; 2], |high, c| [high[0].max(c.x), high[1].max(c.y)]);
                        let piece = Piece { port: port_index, area: Area::Polygon(polygon), shift };
                        add(
                            &mut boxes,
                            &mut pieces,
                            [low[0] + shift, low[1]],
                            [high[0] + shift, high[1]],
                            piece,
                        );
                    }
                }
            }
        }
        Areas { tree: RTree::bulk_load(boxes), pieces }
    }

    /// The ports that hold a position, boundary included, and whether that is certain: distances
    /// from a centre are, but for the last digits of the platform's sine.
    pub fn inside(&self, position: Position, found: &mut Vec<PortIndex>) -> bool {
        const DOUBT_M: f64 = 1e-6;
        let (lon, lat) = (f64::from(position.lon), f64::from(position.lat));
        let mut is_certain = true;
        found.clear();
        for entry in self.tree.locate_in_envelope_intersecting(&AABB::from_point([lon, lat])) {
            let piece = &self.pieces[entry.data];
            let holds = match &piece.area {
                Area::Polygon(polygon) => polygon.intersects(&Point::new(lon - piece.shift, lat)),
                Area::Circle { centre, radius_m } => {
                    let distance_m = Haversine.distance(*centre, Point::new(lon / 1e6, lat / 1e6));
                    is_certain &= (distance_m - radius_m).abs() > DOUBT_M;
                    distance_m <= *radius_m
                }
            };
            if holds {
                found.push(piece.port);
            }
        }
        found.sort_unstable();
        found.dedup();
        is_certain
    }
}

fn add(
    boxes: &mut Vec<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    pieces: &mut Vec<Piece>,
    low: [f64; 2],
    high: [f64; 2],
    piece: Piece,
) {
    if low[0] <= TURN / 2.0 && high[0] >= -TURN / 2.0 {
        boxes.push(GeomWithData::new(Rectangle::from_corners(low, high), pieces.len()));
        pieces.push(piece);
    }
}

fn polygon(rings: &[Ring]) -> Polygon<f64> {
    let line = |ring: &Ring| -> LineString<f64> {
        ring.iter().map(|vertex| Coord { x: f64::from(vertex.lon), y: f64::from(vertex.lat) }).collect()
    };
    let mut lines = rings.iter().map(line);
    let outer = lines.next().unwrap_or_else(|| LineString::new(Vec::new()));
    Polygon::new(outer, lines.collect())
}
