//! Sea distances by another way, for the tests of `geofence::sea` to be held against.
//!
//! Nothing here knows H3. The coast itself is put on a fine grid of longitude and latitude, the shortest chain of grid
//! points is found (A*, 32 directions), then pulled taut along great circles.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use anyhow::{Context, ensure};

use super::coast::Coast;

/// A position in degrees.
type Position = [f64; 2];
/// Column and row.
type At = (i32, i32);

/// Metres of a degree on the sphere of all distances (IUGG mean radius).
const DEGREE_M: f64 = 6_371_008.8 * std::f64::consts::PI / 180.0;

/// Grid steps of a degree, for distances below and above [`SHORT_DEGREES`].
const STEPS: [f64; 2] = [100.0, 40.0];

/// What is a short way, degrees of great circle.
const SHORT_DEGREES: f64 = 30.0;

/// A port lies at most so many grid steps from water.
const MAX_ASHORE: i32 = 8;

/// The search gives up after so many grid points.
const MAX_POINTS: usize = 40_000_000;

/// The shortest way by water in metres.
pub fn distance_m(coast: &Coast, from: Position, to: Position) -> anyhow::Result<f64> {
    let step = STEPS[usize::from(length_m(from, to) > SHORT_DEGREES * DEGREE_M)];
    let grid = Grid { coast, step, water: HashMap::new() };
    grid.shortest_m(from, to)
}

struct Grid<'a> {
    coast: &'a Coast,
    step: f64,
    water: HashMap<At, bool>,
}

impl Grid<'_> {
    fn shortest_m(mut self, from: Position, to: Position) -> anyhow::Result<f64> {
        // Longitudes go on beyond 180° on the side where the start is.
        let to = [from[0] + wrap(to[0] - from[0]), to[1]];
        let start = self.nearest_water(from).context("the start is far from water")?;
        let goal = self.nearest_water(to).context("the goal is far from water")?;
        let chain = self.chain(start, goal)?;
        let mut way: Vec<Position> = chain.iter().map(|at| self.position(*at)).collect();
        self.pull_taut(&mut way);
        let way: Vec<Position> = std::iter::once(from).chain(way).chain([to]).collect();
        Ok(way.windows(2).map(|pair| length_m(pair[0], pair[1])).sum())
    }

    fn position(&self, at: At) -> Position {
        [f64::from(at.0) / self.step, f64::from(at.1) / self.step]
    }

    fn at(&self, position: Position) -> At {
        ((position[0] * self.step).round() as i32, (position[1] * self.step).round() as i32)
    }

    fn is_water(&mut self, at: At) -> bool {
        let [lon, lat] = self.position(at);
        *self.water.entry(at).or_insert_with(|| lat.abs() < 89.0 && !self.coast.is_land(wrap(lon), lat))
    }

    fn nearest_water(&mut self, position: Position) -> Option<At> {
        let at = self.at(position);
        let mut near: Vec<At> = (-MAX_ASHORE..=MAX_ASHORE)
            .flat_map(|x| (-MAX_ASHORE..=MAX_ASHORE).map(move |y| (at.0 + x, at.1 + y)))
            .collect();
        near.sort_by(|a, b| {
            length_m(self.position(*a), position).total_cmp(&length_m(self.position(*b), position))
        });
        near.into_iter().find(|at| self.is_water(*at))
    }

    /// A* over steps of up to three grid points each way.
    fn chain(&mut self, start: At, goal: At) -> anyhow::Result<Vec<At>> {
        let mut best: HashMap<At, (f64, At)> = HashMap::from([(start, (0.0, start))]);
        let mut open = BinaryHeap::from([Reverse((0, start))]);
        let end = self.position(goal);
        let key = |metres: f64| (metres * 10.0) as u64;
        while let Some(Reverse((due, at))) = open.pop() {
            if at == goal {
                let mut chain = vec![goal];
                let mut at = goal;
                while at != start {
                    at = best[&at].1;
                    chain.push(at);
                }
                chain.reverse();
                return Ok(chain);
            }
            let here = self.position(at);
            let done_m = best[&at].0;
            if due > key(done_m + length_m(here, end)) {
                continue;
            }
            ensure!(best.len() < MAX_POINTS, "too many grid points");
            for (x, y) in directions() {
                let next = (at.0 + x, at.1 + y);
                let there = self.position(next);
                let metres = done_m + length_m(here, there);
                let is_shorter = best.get(&next).is_none_or(|known| metres < known.0);
                if is_shorter && self.is_clear(here, there) {
                    best.insert(next, (metres, at));
                    open.push(Reverse((key(metres + length_m(there, end)), next)));
                }
            }
        }
        anyhow::bail!("no way by water")
    }

    /// Leaves out what is not needed and moves the rest by a grid step where that shortens the way.
    fn pull_taut(&mut self, way: &mut Vec<Position>) {
        loop {
            let before_m: f64 = way.windows(2).map(|pair| length_m(pair[0], pair[1])).sum();
            let mut taut = vec![way[0]];
            let mut last = 0;
            while last + 1 < way.len() {
                // The farthest point in sight, by doubling and halving steps.
                let mut reach = 1;
                while last + reach * 2 < way.len() && self.is_clear(way[last], way[last + reach * 2]) {
                    reach *= 2;
                }
                let mut more = reach;
                while more > 0 {
                    if last + reach + more < way.len() && self.is_clear(way[last], way[last + reach + more]) {
                        reach += more;
                    }
                    more /= 2;
                }
                last += reach;
                taut.push(way[last]);
            }
            for number in 1..taut.len().saturating_sub(1) {
                let (before, after) = (taut[number - 1], taut[number + 1]);
                for (x, y) in directions() {
                    let moved = [
                        taut[number][0] + f64::from(x) / self.step,
                        taut[number][1] + f64::from(y) / self.step,
                    ];
                    let now_m = length_m(before, taut[number]) + length_m(taut[number], after);
                    let then_m = length_m(before, moved) + length_m(moved, after);
                    if then_m < now_m - 0.01 && self.is_clear(before, moved) && self.is_clear(moved, after) {
                        taut[number] = moved;
                    }
                }
            }
            *way = taut;
            let after_m: f64 = way.windows(2).map(|pair| length_m(pair[0], pair[1])).sum();
            if after_m > before_m - 1.0 {
                return;
            }
        }
    }

    /// Whether a great circle stays in water, at points half a grid step apart.
    fn is_clear(&mut self, from: Position, to: Position) -> bool {
        let (a, b) = (vector(from), vector(to));
        let parts = (length_m(from, to) / DEGREE_M * self.step * 2.0).ceil().max(1.0);
        let mut last = self.at(from);
        if !self.is_water(last) {
            return false;
        }
        for part in 1..=parts as u32 {
            let share = f64::from(part) / parts;
            let [x, y, z]: [f64; 3] = std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share);
            let lat = z.atan2(x.hypot(y)).to_degrees();
            let lon = y.atan2(x).to_degrees();
            let at = self.at([from[0] + wrap(lon - from[0]), lat]);
            if at != last && !self.is_water(at) {
                return false;
            }
            last = at;
        }
        true
    }
}

/// Steps of up to three that are not a multiple of another.
fn directions() -> impl Iterator<Item = At> {
    let all = (-3..=3).flat_map(|x: i32| (-3..=3).map(move |y: i32| (x, y)));
    all.filter(|(x, y)| greatest_common_divisor(x.unsigned_abs(), y.unsigned_abs()) == 1)
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

fn wrap(degrees: f64) -> f64 {
    degrees - 360.0 * (degrees / 360.0).round()
}

fn vector([lon, lat]: Position) -> [f64; 3] {
    let (lon, lat) = (lon.to_radians(), lat.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

fn length_m(from: Position, to: Position) -> f64 {
    let (a, b) = (vector(from), vector(to));
    let chord = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    2.0 * (chord / 2.0).min(1.0).asin().to_degrees() * DEGREE_M
}
