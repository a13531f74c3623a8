//! A track with fewer points.
//!
//! A report is left out where it adds little: had the ship gone straight (in longitude and latitude), at an even speed, from
//! the point before to the point after, it would have been within [`BOUND_M`] of the report at the time of the report. So
//! a point stands wherever course or speed change. One stands at both ends of a silence, too, and at least one in any
//! [`SILENT_MS`] in which the ship is heard: points that far apart or farther have a silence between them, and no others have.
//!
//! Two sorts of reports are left out whatever they say. Of several at one time one is kept, so that the times of points
//! ascend. And a long-range report (type 27) tells the place to 185 m only and the time to no second: beside a fine one, at
//! most [`COARSE_MS`] before or after, it would make a zigzag of a straight way. It stays where a silence begins or ends.
//!
//! It is done on line, in the time and the room of a few numbers for each report: from the last point on, the velocities
//! are kept with which the ship comes by all reports since. When the next report asks for another velocity, the report
//! before it is a point, and all begins anew there.

use model::position::{EARTH_RADIUS_M, RADIANS_PER_UNIT, UNITS_PER_DEGREE};
pub use serve::fleet::{Point, SILENT_MS};

/// A report that is left out is at most this far from where the points say the ship was then.
pub const BOUND_M: f64 = 50.0;
/// How often type 27 is sent (ITU-R M.1371-5, annex 4): with a fine report so near, it adds nothing.
pub const COARSE_MS: i64 = 3 * 60_000;
/// Half a side of a square in a circle of that radius, and a bit less: the earth is no plane.
const HALF_M: f64 = 0.7 * BOUND_M;
/// Metres in a unit of latitude.
const UNIT_M: f64 = EARTH_RADIUS_M * RADIANS_PER_UNIT;
/// Cosine of the latitude, at the least: at a pole every longitude is the same place.
const LEAST_COSINE: f64 = 1e-6;

/// How finely a report tells where the ship is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fineness {
    /// To 1/10,000 of a minute, or as a table has it.
    Fine,
    /// To 1/10 of a minute, 185 m (type 27, ITU-R M.1371-5, annex 8, message 27).
    Coarse,
}

/// Thins one track.
#[derive(Clone, Debug)]
pub struct Thinner {
    line: Line,
    /// The time of the last fine report.
    fine_t: Option<i64>,
    /// A coarse report, the last of all, which may be left out for a fine one that follows.
    held: Option<Point>,
}

impl Thinner {
    /// Begins with the first report, which is a point.
    pub fn begin(first: (Point, Fineness), keep: &mut impl FnMut(Point)) -> Thinner {
        let (point, fineness) = first;
        let fine_t = (fineness == Fineness::Fine).then_some(point.t);
        Thinner { line: Line::begin(point, keep), fine_t, held: None }
    }

    /// Takes in the next report. One that comes late, into a silence, is a point.
    pub fn add(&mut self, (report, fineness): (Point, Fineness), keep: &mut impl FnMut(Point)) {
        let last_t = self.held.map_or(self.line.last.t, |held| held.t);
        if report.t < last_t {
            keep(report);
            return;
        }
        if let Some(held) = self.held.take() {
            let of_report = (fineness == Fineness::Fine).then_some(report.t);
            let mut fine = self.fine_t.into_iter().chain(of_report);
            let is_doubled = fine.any(|t| (t - held.t).abs() <= COARSE_MS);
            // Without it there would be a silence, or one that begins too early.
            let is_needed = report.t - self.line.last.t >= SILENT_MS;
            if is_needed || !is_doubled {
                self.line.add(held, keep);
            }
        }
        let ends_silence = report.t - self.line.last.t >= SILENT_MS;
        match fineness {
            Fineness::Coarse if !ends_silence => self.held = Some(report),
            Fineness::Coarse => self.line.add(report, keep),
            Fineness::Fine => {
                self.fine_t = Some(report.t);
                self.line.add(report, keep);
            }
        }
    }

    /// The last report is a point.
    pub fn finish(&self, keep: &mut impl FnMut(Point)) {
        let mut line = self.line.clone();
        if let Some(held) = self.held {
            line.add(held, keep);
        }
        line.finish(keep);
    }
}

/// The points so far, and the reports since the last of them.
#[derive(Clone, Debug)]
struct Line {
    /// The last point.
    point: Point,
    /// The last report.
    last: Point,
    /// The least and the greatest velocity, east and north, in units of a position a millisecond, with which the ship comes
    /// by all reports since the last point.
    ways: [(f64, f64); 2],
}

impl Line {
    fn begin(first: Point, keep: &mut impl FnMut(Point)) -> Line {
        keep(first);
        Line::at(first)
    }

    fn at(point: Point) -> Line {
        Line { point, last: point, ways: [(f64::NEG_INFINITY, f64::INFINITY); 2] }
    }

    fn add(&mut self, report: Point, keep: &mut impl FnMut(Point)) {
        if report.t == self.last.t {
            // Of reports of one time one is enough; it may be this one, if none of them is a point.
            if self.point.t < report.t {
                self.takes(report);
            }
        } else if report.t - self.last.t >= SILENT_MS {
            self.finish(keep);
            *self = Line::begin(report, keep);
        } else if !self.takes(report) {
            self.finish(keep);
            *self = Line::at(self.last);
            if !self.takes(report) {
                *self = Line::begin(report, keep);
            }
        }
    }

    fn finish(&self, keep: &mut impl FnMut(Point)) {
        if self.last != self.point {
            keep(self.last);
        }
    }

    /// Takes in a report later than the last point, unless it asks for a point before it.
    fn takes(&mut self, report: Point) -> bool {
        let passed_ms = report.t - self.point.t;
        if passed_ms >= SILENT_MS {
            return false;
        }
        let passed = passed_ms as f64;
        let [from, to] = [self.point, report].map(|point| point.position);
        let way = [east(from.lon, to.lon) as f64 / passed, f64::from(to.lat - from.lat) / passed];
        if !self.ways.iter().zip(way).all(|((least, most), way)| (*least..=*most).contains(&way)) {
            return false;
        }
        let cosine = (f64::from(to.lat) * RADIANS_PER_UNIT).cos().max(LEAST_COSINE);
        for (((least, most), way), unit_m) in self.ways.iter_mut().zip(way).zip([UNIT_M * cosine, UNIT_M]) {
            let half = HALF_M / unit_m / passed;
            (*least, *most) = (least.max(way - half), most.min(way + half));
        }
        self.last = report;
        true
    }
}

/// From one longitude to another the shorter way round, east positive.
pub fn east(from: i32, to: i32) -> i64 {
    const HALF: i64 = 180 * UNITS_PER_DEGREE as i64;
    (i64::from(to) - i64::from(from) + HALF).rem_euclid(2 * HALF) - HALF
}

#[cfg(test)]
mod tests {
    use model::Position;

    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn thin(reports: &[Point]) -> Vec<Point> {
        thin_all(&reports.iter().map(|report| (*report, Fineness::Fine)).collect::<Vec<_>>())
    }

    fn thin_all(reports: &[(Point, Fineness)]) -> Vec<Point> {
        let mut points = Vec::new();
        let mut keep = |point| points.push(point);
        let mut thinner = Thinner::begin(reports[0], &mut keep);
        reports[1..].iter().for_each(|report| thinner.add(*report, &mut keep));
        thinner.finish(&mut keep);
        points
    }

    fn at(t: i64, lon: f64, lat: f64) -> Point {
        Point { t, position: Position::from_degrees(lon, lat).unwrap(), sog: None, cog: None }
    }

    /// Reports every 10 s of a ship at 12 knots that turns and slows down at random.
    fn wanders(seed: u64, lon: f64, lat: f64) -> Vec<Point> {
        let (mut lon, mut lat, mut course, mut speed) = (lon, lat, 0.0_f64, 1.0_f64);
        (0..6_000_u64)
            .map(|step| {
                let chance = model::hash::mix(seed, step);
                if chance.is_multiple_of(23) {
                    course += (chance >> 8 & 0xFF) as f64 / 64.0 - 2.0;
                }
                if chance.is_multiple_of(31) {
                    speed = (chance >> 16 & 3) as f64 / 3.0;
                }
                let degrees = speed * 62.0 / 111_195.0;
                lat += degrees * course.cos();
                lon += degrees * course.sin() / lat.to_radians().cos();
                lon = (lon + 540.0).rem_euclid(360.0) - 180.0;
                // Fixes scatter by some metres.
                let noise = |bits: u32| (chance >> bits & 0xF) as f64 * 1e-6;
                at(step as i64 * 10_000, (lon + noise(24)).min(180.0), lat + noise(28))
            })
            .collect()
    }

    /// How far a report is from where two points say that the ship was then.
    fn astray_m(before: Point, after: Point, report: Point) -> f64 {
        let share = (report.t - before.t) as f64 / (after.t - before.t).max(1) as f64;
        let lon = i64::from(before.position.lon)
            + (east(before.position.lon, after.position.lon) as f64 * share).round() as i64;
        let lat = f64::from(after.position.lat - before.position.lat) * share;
        let lat = i64::from(before.position.lat) + lat.round() as i64;
        Position::from_units(i64::from(lon_of(lon)), lat).unwrap().distance_m(report.position)
    }

    fn lon_of(units: i64) -> i32 {
        east(0, units.rem_euclid(360 * i64::from(UNITS_PER_DEGREE)) as i32) as i32
    }

    #[test]
    fn no_report_is_farther_from_the_points_than_the_bound_wherever_it_is() {
        for (seed, (lon, lat)) in (0..).zip([(131.0, 42.0), (179.95, 0.0), (-179.99, -55.0), (20.0, 78.0)]) {
            let reports = wanders(seed, lon, lat);
            let points = thin(&reports);
            assert!(points.len() * 4 < reports.len(), "{} points of {}", points.len(), reports.len());
            let mut greatest = 0.0_f64;
            for report in &reports {
                let after = points.partition_point(|point| point.t < report.t);
                let before = points[after.saturating_sub(1)];
                greatest = greatest.max(astray_m(before, points[after], *report));
            }
            assert!(greatest <= BOUND_M + 0.2, "{greatest} m");
            assert!(greatest > HALF_M / 2.0, "{greatest} m");
        }
    }

    #[test]
    fn a_ship_that_lies_still_has_a_point_in_any_half_hour_and_its_last_report() {
        let reports: Vec<Point> = (0..=100).map(|minute| at(minute * MINUTE_MS, 131.0, 42.0)).collect();
        let minutes: Vec<i64> = thin(&reports).iter().map(|point| point.t / MINUTE_MS).collect();
        assert_eq!(minutes, [0, 29, 58, 87, 100]);
    }

    #[test]
    fn points_half_an_hour_apart_are_the_ends_of_a_silence_and_late_reports_in_it_are_points() {
        let heard = (0..=13).chain([42]).chain(72..=75);
        let mut reports: Vec<Point> =
            heard.map(|minute| at(minute * MINUTE_MS, 131.0 + minute as f64 * 1e-3, 42.0)).collect();
        reports.push(at(50 * MINUTE_MS, 131.05, 42.0));
        let mut minutes: Vec<i64> = thin(&reports).iter().map(|point| point.t / MINUTE_MS).collect();
        minutes.sort_unstable();
        assert_eq!(minutes, [0, 13, 42, 50, 72, 75]);
    }

    #[test]
    fn of_reports_at_one_time_one_is_a_point() {
        for lon in [131.01, 131.000_1] {
            let reports =
                [at(0, 131.0, 42.0), at(0, lon, 42.0), at(10_000, 131.0, 42.0), at(10_000, lon, 42.0)];
            assert_eq!(thin(&reports).iter().map(|point| point.t).collect::<Vec<_>>(), [0, 10_000]);
        }
    }

    /// Minutes of the points of reports at these minutes on a straight way, of which coarse ones are 100 m beside it.
    fn minutes_of(reports: &[(i64, Fineness)]) -> Vec<i64> {
        let told = reports.iter().map(|(minute, fineness)| {
            let beside = if *fineness == Fineness::Coarse { 0.000_9 } else { 0.0 };
            (at(minute * MINUTE_MS, 131.0 + *minute as f64 * 0.003, 42.0 + beside), *fineness)
        });
        let points = thin_all(&told.collect::<Vec<_>>());
        points.iter().map(|point| point.t / MINUTE_MS).collect()
    }

    #[test]
    fn a_coarse_report_beside_a_fine_one_is_left_out_unless_a_silence_begins_or_ends_with_it() {
        use Fineness::{Coarse, Fine};
        // Beside fine ones, at the same time, before and after.
        let beside = [(0, Fine), (2, Coarse), (5, Fine), (5, Coarse), (8, Coarse), (10, Fine), (12, Fine)];
        assert_eq!(minutes_of(&beside), [0, 12]);
        // Far from any fine one.
        assert_eq!(minutes_of(&[(0, Fine), (10, Coarse), (20, Fine)]), [0, 10, 20]);
        // At the ends of a silence, and the last of all.
        let ends = [(0, Fine), (5, Fine), (6, Coarse), (40, Coarse), (41, Fine), (45, Fine), (46, Coarse)];
        assert_eq!(minutes_of(&ends)[..3], [0, 5, 6]);
        assert!(minutes_of(&ends).contains(&40) && minutes_of(&ends).ends_with(&[46]));
        // Without it there would be a silence.
        assert!(minutes_of(&[(0, Fine), (2, Coarse), (31, Fine)]).contains(&2));
        // Nothing but coarse ones.
        assert_eq!(minutes_of(&[(0, Coarse), (3, Coarse), (6, Coarse)]), [0, 6]);
    }
}
