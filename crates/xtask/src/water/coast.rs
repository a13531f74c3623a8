//! The coast as edges, and whether a point is land.

use anyhow::{Context, ensure};
use serde_json::Value;

/// Bins of longitude: an edge is listed in each bin that it touches.
const BINS: usize = 18_000;

/// A corner of the coast, degrees.
pub type Corner = [f64; 2];

/// All edges of the coast.
///
/// A meridian from a point to the north pole, which is water, crosses the coast an odd number of times if the point is
/// land. That needs no ring to be closed over a pole or cut at the antimeridian.
pub struct Coast {
    edges: Vec<[Corner; 2]>,
    bins: Vec<Vec<u32>>,
}

impl Coast {
    /// Takes the land of a topology.
    pub fn read(map: &Value) -> anyhow::Result<Coast> {
        let mut coast = Coast { edges: Vec::new(), bins: vec![Vec::new(); BINS] };
        for ring in rings(map)? {
            coast.add(&ring);
        }
        ensure!(coast.edges.len() > 400_000, "the coast is too short: {} edges", coast.edges.len());
        Ok(coast)
    }

    fn add(&mut self, ring: &[Corner]) {
        for pair in ring.windows(2) {
            let [from, mut to] = [pair[0], pair[1]];
            to[0] = from[0] + wrap(to[0] - from[0]);
            let number = self.edges.len() as u32;
            self.edges.push([from, to]);
            let (west, east) = (from[0].min(to[0]), from[0].max(to[0]));
            for bin in bin(west)..=bin(east) {
                self.bins[bin.rem_euclid(BINS as i64) as usize].push(number);
            }
        }
    }

    /// Whether a point is land.
    pub fn is_land(&self, lon: f64, lat: f64) -> bool {
        let edges = &self.bins[bin(lon).rem_euclid(BINS as i64) as usize];
        let crossings = edges.iter().filter(|number| {
            let [from, to] = self.edges[**number as usize];
            let (west, east) = (wrap(from[0] - lon), wrap(from[0] - lon) + to[0] - from[0]);
            (west <= 0.0) != (east <= 0.0) && from[1] + (to[1] - from[1]) * (-west / (east - west)) > lat
        });
        crossings.count() % 2 == 1
    }

    /// Points along the coast, none farther than `spacing` degrees of longitude or latitude from the next.
    pub fn points(&self, spacing: f64) -> impl Iterator<Item = Corner> + '_ {
        self.edges.iter().flat_map(move |[from, to]| {
            let longest = (to[0] - from[0]).abs().max((to[1] - from[1]).abs());
            let parts = (longest / spacing).ceil().max(1.0) as u32;
            (0..parts).map(move |part| {
                let share = f64::from(part) / f64::from(parts);
                [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
            })
        })
    }
}

/// Decodes the land of a topology, ring by ring: arcs of whole numbers, each the difference to the one before.
pub fn rings(map: &Value) -> anyhow::Result<Vec<Vec<Corner>>> {
    let transform = &map["transform"];
    let (scale, shift) = (corner(&transform["scale"])?, corner(&transform["translate"])?);
    let arcs = list(&map["arcs"])?.iter().map(|arc| decode_arc(arc, scale, shift));
    let arcs: Vec<Vec<Corner>> = arcs.collect::<anyhow::Result<_>>()?;
    let mut rings = Vec::new();
    for geometry in list(&map["objects"]["land"]["geometries"])? {
        ensure!(geometry["type"] == "MultiPolygon", "the land is not of polygons");
        for polygon in list(&geometry["arcs"])? {
            for ring in list(polygon)? {
                rings.push(join(ring, &arcs)?);
            }
        }
    }
    Ok(rings)
}

/// A difference of longitudes between −180 and 180.
pub fn wrap(degrees: f64) -> f64 {
    degrees - 360.0 * (degrees / 360.0).round()
}

fn bin(lon: f64) -> i64 {
    ((lon + 180.0) / 360.0 * BINS as f64).floor() as i64
}

fn list(value: &Value) -> anyhow::Result<&Vec<Value>> {
    value.as_array().context("a list is missing in the map")
}

fn corner(value: &Value) -> anyhow::Result<Corner> {
    let number = |at: usize| value[at].as_f64().context("a number is missing in the map");
    Ok([number(0)?, number(1)?])
}

fn decode_arc(arc: &Value, scale: Corner, shift: Corner) -> anyhow::Result<Vec<Corner>> {
    let mut at = [0.0, 0.0];
    let steps = list(arc)?.iter().map(|step| {
        let step = corner(step)?;
        at = [at[0] + step[0], at[1] + step[1]];
        Ok([at[0] * scale[0] + shift[0], at[1] * scale[1] + shift[1]])
    });
    steps.collect()
}

/// A ring of arcs; a negative number is an arc backwards.
fn join(ring: &Value, arcs: &[Vec<Corner>]) -> anyhow::Result<Vec<Corner>> {
    let mut joined: Vec<Corner> = Vec::new();
    for number in list(ring)? {
        let number = number.as_i64().context("an arc without a number")?;
        let at = if number < 0 { !number } else { number };
        let arc = arcs.get(at as usize).context("an arc is missing in the map")?;
        let mut corners = arc.clone();
        if number < 0 {
            corners.reverse();
        }
        joined.pop();
        joined.extend(corners);
    }
    ensure!(joined.first() == joined.last(), "a ring is not closed");
    Ok(joined)
}
