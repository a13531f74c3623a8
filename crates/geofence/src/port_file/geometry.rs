//! The geometry of a feature: degrees in the text to rings of integers, and what can be wrong on the way.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use model::number::round;
use model::port::{Ring, Vertex};
use model::position::{EARTH_RADIUS_M, RADIANS_PER_UNIT, UNITS_PER_DEGREE};
use model::{PortKind, Position, Shape};
use serde_json::Value;

use super::cursor::Step;
use super::planar::{self, Bounds, Crossing, EdgeIndex};
use super::source::shown;
use super::{Fault, Label, Reader};

const DEGREE: i64 = UNITS_PER_DEGREE as i64;
const HALF_TURN: i64 = 180 * DEGREE;
const FULL_TURN: i64 = 360 * DEGREE;
/// Ports wider than that are likely a slip of the pen, degrees. Zones may be.
const SUSPICIOUS_DEGREES: i64 = 5;
/// Radius above which metres were likely written for kilometres.
const SUSPICIOUS_RADIUS_KM: f64 = 250.0;
/// Radius above which nothing is an area: it would take up half the globe, and that much memory in the grid.
const MAX_RADIUS_KM: f64 = 3_000.0;
/// Numbers beyond that are no degrees, but likely metres of a projection.
const PROJECTED: f64 = 1_000.0;

/// Where a ring stands in its geometry.
#[derive(Clone, Copy)]
struct At {
    /// Index in a MultiPolygon; `None` in a Polygon.
    polygon: Option<usize>,
    ring: usize,
}

impl At {
    fn path(self, rest: &[usize]) -> Vec<Step<'static>> {
        let indices = self.polygon.into_iter().chain([self.ring]).chain(rest.iter().copied());
        [Step::Key("geometry"), Step::Key("coordinates")]
            .into_iter()
            .chain(indices.map(Step::Index))
            .collect()
    }

    fn name(self, label: &Label) -> String {
        match self.polygon {
            Some(polygon) => format!("ring {} of polygon {} of {label}", self.ring + 1, polygon + 1),
            None => format!("ring {} of {label}", self.ring + 1),
        }
    }
}

/// A ring, and for each vertex the index of its position in the text.
struct Draft {
    at: At,
    ring: Ring,
    origins: Vec<usize>,
}

/// What a list of positions makes.
enum Outcome {
    Ring(Draft),
    /// All on one line or in one point.
    Flat(At),
    /// An error has been told.
    Failed,
}

impl Reader<'_> {
    /// The area of a feature in a shape and square metres; `None` if an error has been told.
    pub(super) fn read_shape(
        &mut self,
        geometry: Option<&Value>,
        radius_km: Option<&Value>,
        kind: Option<PortKind>,
    ) -> Option<(Shape, f64)> {
        let geometry_path = [Step::Key("geometry"), Step::Key("type")];
        let Some(geometry) = geometry.filter(|geometry| !geometry.is_null()) else {
            let message = format!("{} has no geometry", self.feature.label);
            self.error(Fault::Geometry, &geometry_path, message, None);
            return None;
        };
        let coordinates = geometry.get("coordinates");
        let empty = Vec::new();
        let list = coordinates.and_then(Value::as_array).unwrap_or(&empty);
        match geometry.get("type").and_then(Value::as_str) {
            Some("Point") => return self.read_circle(coordinates.unwrap_or(&Value::Null), radius_km, kind),
            Some("Polygon" | "MultiPolygon") if list.is_empty() => {
                let message = format!("the geometry of {} has no coordinates", self.feature.label);
                self.error(
                    Fault::Geometry,
                    &[Step::Key("geometry"), Step::Key("coordinates")],
                    message,
                    None,
                );
                return None;
            }
            Some("Polygon") => self.read_polygons(&[(None, coordinates.unwrap_or(&Value::Null))]),
            Some("MultiPolygon") => {
                let polygons: Vec<_> =
                    list.iter().enumerate().map(|(at, polygon)| (Some(at), polygon)).collect();
                self.read_polygons(&polygons)
            }
            _ => {
                let what = geometry.get("type").map_or("an unknown geometry".to_string(), shown);
                let message = format!("the geometry of {} is {what}, which is no area", self.feature.label);
                let help = "use a Polygon, a MultiPolygon or a Point with \"radius_km\"".to_string();
                self.error(Fault::Geometry, &geometry_path, message, Some(help));
                None
            }
        }
        .map(|polygons| {
            self.check_size(&polygons, kind);
            let area = polygons.iter().map(|polygon| area_m2(polygon)).sum();
            (Shape::Polygons(polygons), area)
        })
    }

    fn read_circle(
        &mut self,
        centre: &Value,
        radius_km: Option<&Value>,
        kind: Option<PortKind>,
    ) -> Option<(Shape, f64)> {
        let radius_path = [Step::Key("properties"), Step::Key("radius_km")];
        let given = radius_km.and_then(Value::as_f64).filter(|radius| radius.is_finite() && *radius > 0.0);
        let radius = given.filter(|radius| *radius <= MAX_RADIUS_KM);
        if radius.is_none() {
            let label = &self.feature.label;
            let message = match radius_km.filter(|value| !value.is_null()) {
                None => format!("{label} is a Point without `radius_km`"),
                Some(other) => format!("`radius_km` of {label} is {}", shown(other)),
            };
            let help = if given.is_some() {
                format!("`radius_km` is kilometres, {MAX_RADIUS_KM} at most; a larger area is a Polygon")
            } else {
                "a Point needs a radius in kilometres above 0, such as \"radius_km\": 3".to_string()
            };
            self.error(Fault::Radius, &radius_path, message, Some(help));
        }
        let path = [Step::Key("geometry"), Step::Key("coordinates")];
        let (lon, lat) = self.read_position(centre, || path.to_vec())?;
        let centre = Position::from_units(lon - shift_to(2 * lon, 0), lat)?;
        let radius_km = radius?;
        if radius_km > SUSPICIOUS_RADIUS_KM && kind != Some(PortKind::Zone) {
            let message = format!("{} has a radius of {radius_km} km", self.feature.label);
            let help = "`radius_km` is kilometres; if it is meant, make its kind \"zone\"".to_string();
            self.warn(Fault::Size, &radius_path, message, Some(help));
        }
        let radius_m = radius_km * 1_000.0;
        Some((Shape::Circle { centre, radius_m }, core::f64::consts::PI * radius_m * radius_m))
    }

    fn read_polygons(&mut self, polygons: &[(Option<usize>, &Value)]) -> Option<Vec<Vec<Ring>>> {
        let mut result = Vec::with_capacity(polygons.len());
        let mut flat = Vec::new();
        let mut all_read = true;
        for (polygon, rings) in polygons {
            match rings.as_array() {
                Some(rings) if !rings.is_empty() => match self.read_polygon(*polygon, rings, &mut flat) {
                    Ok(polygon) => result.extend(polygon),
                    Err(Told) => all_read = false,
                },
                _ => {
                    let at = At { polygon: *polygon, ring: 0 };
                    let message = format!("{} is missing", at.name(&self.feature.label));
                    self.error(Fault::Geometry, &at.path(&[]), message, None);
                    all_read = false;
                }
            }
        }
        let nothing_else = all_read && result.is_empty();
        for at in flat {
            let name = at.name(&self.feature.label);
            if nothing_else {
                let message = format!("{name} has no area: its positions lie in one point or line");
                self.error(Fault::NoArea, &at.path(&[]), message, None);
            } else {
                let message = format!("{name} has no area and is left out");
                self.warn(Fault::NoArea, &at.path(&[]), message, None);
            }
        }
        (all_read && !nothing_else).then_some(result)
    }

    /// One outer ring with its holes; `None` if the outer ring is flat.
    fn read_polygon(
        &mut self,
        polygon: Option<usize>,
        rings: &[Value],
        flat: &mut Vec<At>,
    ) -> Result<Option<Vec<Ring>>, Told> {
        let mut drafts: Vec<Draft> = Vec::with_capacity(rings.len());
        for (ring, positions) in rings.iter().enumerate() {
            match self.read_ring(At { polygon, ring }, positions) {
                Outcome::Ring(draft) => drafts.push(draft),
                Outcome::Flat(at) => {
                    flat.push(at);
                    if ring == 0 {
                        return Ok(None);
                    }
                }
                Outcome::Failed => return Err(Told),
            }
        }
        let Some((outer, holes)) = drafts.split_first_mut() else {
            return Ok(None);
        };
        move_near(&mut outer.ring, 0);
        let centre = Bounds::of(&outer.ring).centre_lon_doubled();
        holes.iter_mut().for_each(|hole| move_near(&mut hole.ring, centre));
        self.check_rings(&drafts)?;
        Ok(Some(drafts.into_iter().map(|draft| draft.ring).collect()))
    }

    fn read_ring(&mut self, at: At, positions: &Value) -> Outcome {
        let empty = Vec::new();
        let list = positions.as_array().unwrap_or(&empty);
        let mut points = Vec::with_capacity(list.len());
        for (index, position) in list.iter().enumerate() {
            match self.read_position(position, || at.path(&[index])) {
                Some(point) => points.push(point),
                None => return Outcome::Failed,
            }
        }
        let is_closed = points.len() > 1
            && points
                .first()
                .zip(points.last())
                .is_some_and(|(first, last)| first.1 == last.1 && (first.0 - last.0) % FULL_TURN == 0);
        if points.len() + usize::from(!is_closed) < 4 {
            let (name, count) = (at.name(&self.feature.label), points.len());
            let plural = if count == 1 { "" } else { "s" };
            let message = format!("{name} has {count} position{plural}");
            let help = "a ring has at least 4, the last one equal to the first".to_string();
            self.error(Fault::Ring, &at.path(&[]), message, Some(help));
            return Outcome::Failed;
        }
        if is_closed {
            points.pop();
        } else {
            let message = format!("{} is not closed; it is closed for you", at.name(&self.feature.label));
            let help = "repeat the first position at the end".to_string();
            self.warn(Fault::Ring, &at.path(&[points.len() - 1]), message, Some(help));
        }
        match unwrap(&points) {
            Some((ring, _)) if planar::is_flat(&ring) => Outcome::Flat(at),
            Some((ring, origins)) => Outcome::Ring(Draft { at, ring, origins }),
            None => {
                let message =
                    format!("{} goes around a pole or the whole globe", at.name(&self.feature.label));
                let help = "steps of more than 180 degrees are taken across the antimeridian; cut the area there into a MultiPolygon";
                self.error(Fault::Ring, &at.path(&[]), message, Some(help.to_string()));
                Outcome::Failed
            }
        }
    }

    /// Longitude and latitude in 10⁻⁶ degree.
    fn read_position(
        &mut self,
        position: &Value,
        path: impl Fn() -> Vec<Step<'static>>,
    ) -> Option<(i64, i64)> {
        let label = &self.feature.label;
        let number = |at: usize| position.get(at).and_then(Value::as_f64).filter(|number| number.is_finite());
        let (Some(lon), Some(lat)) = (number(0), number(1)) else {
            let message = format!("a position of {label} is not [longitude, latitude]");
            self.error(Fault::Coordinates, &path(), message, None);
            return None;
        };
        let lon_is_valid = (-360.0..=360.0).contains(&lon);
        let lat_is_valid = (-90.0..=90.0).contains(&lat);
        if lon_is_valid && lat_is_valid {
            return Some((round(lon * DEGREE as f64), round(lat * DEGREE as f64)));
        }
        let (message, help) = if lon.abs() > PROJECTED || lat.abs() > PROJECTED {
            let help = "coordinates are degrees of WGS 84; these look projected, in metres";
            (format!("{lon},{lat} of {label} is no longitude and latitude"), Some(help))
        } else if lat_is_valid {
            (format!("longitude {lon} of {label} is not within -360..360"), None)
        } else {
            let swapped = lon.abs() <= 90.0 && lat.abs() <= 360.0;
            let help = "this looks like latitude, longitude; GeoJSON has longitude first";
            (format!("latitude {lat} of {label} is not within -90..90"), swapped.then_some(help))
        };
        self.error(Fault::Coordinates, &path(), message, help.map(ToString::to_string));
        None
    }

    /// Tells the first thing that is wrong between the rings of a polygon.
    fn check_rings(&mut self, drafts: &[Draft]) -> Result<(), Told> {
        let rings: Vec<&[Vertex]> = drafts.iter().map(|draft| draft.ring.as_slice()).collect();
        if let Some(crossing) = planar::first_crossing(&rings) {
            self.tell_crossing(drafts, crossing);
            return Err(Told);
        }
        let bounds: Vec<Bounds> = rings.iter().map(|ring| Bounds::of(ring)).collect();
        for (index, hole) in drafts.iter().enumerate().skip(1) {
            let name = hole.at.name(&self.feature.label);
            if !planar::lies_in(&hole.ring, &drafts[0].ring) {
                let message = format!("{name} is a hole, but lies outside ring 1");
                let help = "the first ring is the outer one; areas of their own belong into a MultiPolygon"
                    .to_string();
                self.error(Fault::Hole, &hole.at.path(&[]), message, Some(help));
                return Err(Told);
            }
            let encloses = |other: &usize| {
                *other != index
                    && bounds[*other].meet(bounds[index], 0)
                    && planar::lies_in(&hole.ring, &drafts[*other].ring)
            };
            if let Some(other) = (1..drafts.len()).find(encloses) {
                let message =
                    format!("{name} is a hole inside another hole, ring {}", drafts[other].at.ring + 1);
                let help = "land in a hole is a polygon of its own in a MultiPolygon".to_string();
                self.error(Fault::Hole, &hole.at.path(&[]), message, Some(help));
                return Err(Told);
            }
        }
        Ok(())
    }

    fn tell_crossing(&mut self, drafts: &[Draft], crossing: Crossing) {
        let position = |index: EdgeIndex| drafts[index.ring].origins[index.edge];
        let (first, second) = (&drafts[crossing.first.ring], &drafts[crossing.second.ring]);
        let name = first.at.name(&self.feature.label);
        let full_turn = FULL_TURN as f64;
        let lon = crossing.lon - full_turn * libm::floor((crossing.lon + full_turn / 2.0) / full_turn);
        let near = format!("{:.5},{:.5}", lon / DEGREE as f64, crossing.lat / DEGREE as f64);
        let is_same = crossing.first.ring == crossing.second.ring;
        let message = match (is_same, crossing.along) {
            (true, false) => format!("{name} crosses itself near {near}"),
            (true, true) => format!("{name} runs back over itself near {near}"),
            (false, false) => format!("{name} crosses ring {} near {near}", second.at.ring + 1),
            (false, true) => format!("{name} runs along ring {} near {near}", second.at.ring + 1),
        };
        let path = second.at.path(&[position(crossing.second)]);
        let other = self.source.place(self.feature.index, &path);
        let help = format!(
            "the edge from position {} of ring {} meets the one from position {} of ring {} (line {}, column {})",
            position(crossing.first) + 1,
            first.at.ring + 1,
            position(crossing.second) + 1,
            second.at.ring + 1,
            other.line,
            other.column
        );
        self.error(Fault::Crossing, &first.at.path(&[position(crossing.first)]), message, Some(help));
    }

    fn check_size(&mut self, polygons: &[Vec<Ring>], kind: Option<PortKind>) {
        let size = |ring: &Ring| {
            let bounds = Bounds::of(ring);
            (i64::from(bounds.east) - i64::from(bounds.west))
                .max(i64::from(bounds.north) - i64::from(bounds.south))
        };
        let sizes = polygons.iter().filter_map(|rings| rings.first()).map(size);
        let largest = sizes.max().unwrap_or(0);
        if largest > SUSPICIOUS_DEGREES * DEGREE && kind != Some(PortKind::Zone) {
            let degrees = largest as f64 / DEGREE as f64;
            let message = format!("{} is {degrees:.1} degrees large", self.feature.label);
            let help = "look for a wrong position; if it is meant, make its kind \"zone\"".to_string();
            self.warn(Fault::Size, &[Step::Key("geometry")], message, Some(help));
        }
    }
}

/// An error has been told.
struct Told;

/// A ring without jumps of more than half a turn and without repeated vertices, and where its
/// vertices come from; `None` if it does not come back to its start, or overlaps itself on the globe.
fn unwrap(points: &[(i64, i64)]) -> Option<(Ring, Vec<usize>)> {
    let mut kept: Vec<((i64, i64), usize)> = Vec::with_capacity(points.len());
    let mut last_lon = points.first()?.0;
    for (index, (lon, lat)) in points.iter().enumerate() {
        last_lon = lon - turns_to(lon - last_lon);
        if kept.last().is_none_or(|(last, _)| *last != (last_lon, *lat)) {
            kept.push(((last_lon, *lat), index));
        }
    }
    let first = kept.first()?.0;
    if turns_to(first.0 - last_lon) != 0 {
        return None;
    }
    while kept.len() > 1 && kept.last().is_some_and(|(last, _)| *last == first) {
        kept.pop();
    }
    let lons = || kept.iter().map(|((lon, _), _)| *lon);
    let (west, east) = (lons().min()?, lons().max()?);
    if east - west > FULL_TURN {
        return None;
    }
    let shift = shift_to(west + east, 0);
    let vertex = |((lon, lat), _): &((i64, i64), usize)| {
        Some(Vertex { lon: i32::try_from(lon - shift).ok()?, lat: i32::try_from(*lat).ok()? })
    };
    let ring = kept.iter().map(vertex).collect::<Option<Ring>>()?;
    Some((ring, kept.into_iter().map(|(_, index)| index).collect()))
}

/// The full turns in a difference of longitude: 0 up to half a turn to either side.
fn turns_to(difference: i64) -> i64 {
    if difference.abs() <= HALF_TURN { 0 } else { shift_to(2 * difference, 0) }
}

/// The full turns that, taken from a longitude, bring it within half a turn of another one. Both are
/// given doubled, so that centres are integers. What is half a turn east goes to the west.
pub(crate) fn shift_to(doubled_lon: i64, doubled_goal: i64) -> i64 {
    (doubled_lon - doubled_goal + FULL_TURN).div_euclid(2 * FULL_TURN) * FULL_TURN
}

fn move_near(ring: &mut Ring, doubled_goal: i64) {
    let shift = shift_to(Bounds::of(ring).centre_lon_doubled(), doubled_goal) as i32;
    ring.iter_mut().for_each(|vertex| vertex.lon -= shift);
}

/// The outer ring less the holes, on the plane that has the right scale at its middle latitude.
fn area_m2(polygon: &[Ring]) -> f64 {
    let Some((outer, holes)) = polygon.split_first() else { return 0.0 };
    let area = |ring: &Ring| planar::doubled_area(ring).unsigned_abs() as f64 / 2.0;
    let bounds = Bounds::of(outer);
    let middle = (f64::from(bounds.south) + f64::from(bounds.north)) / 2.0 * RADIANS_PER_UNIT;
    let scale = RADIANS_PER_UNIT * EARTH_RADIUS_M;
    (area(outer) - holes.iter().map(area).sum::<f64>()) * scale * scale * libm::cos(middle)
}
