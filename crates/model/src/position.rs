//! Positions on the sphere, and distances between them.

use serde::{Deserialize, Serialize};

/// Radius of the sphere on which all distances are measured, metres (IUGG mean radius).
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// One international nautical mile in metres.
pub const NAUTICAL_MILE_M: f64 = 1_852.0;
/// Units of a position in one degree.
pub const UNITS_PER_DEGREE: i32 = 1_000_000;
/// One unit of a position in radians.
pub const RADIANS_PER_UNIT: f64 = core::f64::consts::PI / 180.0 / UNITS_PER_DEGREE as f64;

/// A position in integers of 10⁻⁶ degree, WGS 84, longitude −180…180, latitude −90…90.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Longitude, 10⁻⁶ degree, east positive.
    pub lon: i32,
    /// Latitude, 10⁻⁶ degree, north positive.
    pub lat: i32,
}

impl Position {
    /// A position from degrees; `None` where it lies outside the globe.
    #[must_use]
    pub fn from_degrees(lon: f64, lat: f64) -> Option<Position> {
        let scale = f64::from(UNITS_PER_DEGREE);
        Position::from_units(crate::number::round(lon * scale), crate::number::round(lat * scale))
    }

    /// A position from integers of 10⁻⁶ degree; `None` where it lies outside the globe.
    #[must_use]
    pub fn from_units(lon: i64, lat: i64) -> Option<Position> {
        let units = UNITS_PER_DEGREE.unsigned_abs();
        let valid =
            lon.unsigned_abs() <= 180 * u64::from(units) && lat.unsigned_abs() <= 90 * u64::from(units);
        valid.then_some(Position { lon: lon as i32, lat: lat as i32 })
    }

    /// Whether both coordinates are within 0.01° of zero, where receivers without a fix end up.
    #[must_use]
    pub fn is_null_island(self) -> bool {
        self.lon.abs() < 10_000 && self.lat.abs() < 10_000
    }

    /// The point on the unit sphere: x towards 0° E on the equator, z towards the north pole.
    #[must_use]
    pub fn unit_vector(self) -> [f64; 3] {
        let (lon, lat) = (f64::from(self.lon) * RADIANS_PER_UNIT, f64::from(self.lat) * RADIANS_PER_UNIT);
        let cos_lat = libm::cos(lat);
        [cos_lat * libm::cos(lon), cos_lat * libm::sin(lon), libm::sin(lat)]
    }

    /// Great-circle distance in metres (haversine).
    #[must_use]
    pub fn distance_m(self, other: Position) -> f64 {
        if self == other {
            return 0.0;
        }
        if is_short(self, other) { self.short_distance_m(other) } else { self.any_distance_m(other) }
    }

    /// The same for two positions that are close, by the first terms of the series of sine and arc sine: what is left out
    /// is less than the rounding.
    fn short_distance_m(self, other: Position) -> f64 {
        let sine = |x: f64| x * (1.0 - x * x / 6.0 * (1.0 - x * x / 20.0));
        let half_lat = sine(f64::from(other.lat - self.lat) * (RADIANS_PER_UNIT / 2.0));
        let half_lon = sine(f64::from(other.lon - self.lon) * (RADIANS_PER_UNIT / 2.0));
        let middle = cosine(f64::from(self.lat + other.lat) * (RADIANS_PER_UNIT / 2.0));
        // cos a cos b = cos² ((a + b) / 2) − sin² ((a − b) / 2)
        let cosines = middle * middle - half_lat * half_lat;
        let a = half_lat * half_lat + cosines * half_lon * half_lon;
        let root = libm::sqrt(a);
        2.0 * EARTH_RADIUS_M * root * (1.0 + a / 6.0 * (1.0 + a * (9.0 / 20.0) * (1.0 + a * (25.0 / 42.0))))
    }

    fn any_distance_m(self, other: Position) -> f64 {
        let lat_a = f64::from(self.lat) * RADIANS_PER_UNIT;
        let lat_b = f64::from(other.lat) * RADIANS_PER_UNIT;
        let half_lat = libm::sin(f64::from(other.lat - self.lat) * RADIANS_PER_UNIT / 2.0);
        let lon_difference = i64::from(other.lon) - i64::from(self.lon);
        let half_lon = libm::sin(lon_difference as f64 * RADIANS_PER_UNIT / 2.0);
        let a = half_lat * half_lat + libm::cos(lat_a) * libm::cos(lat_b) * half_lon * half_lon;
        2.0 * EARTH_RADIUS_M * libm::asin(libm::sqrt(if a < 1.0 { a } else { 1.0 }))
    }
}

/// The cosine of a latitude, by its series: no more than a few units in the last place of 1 off.
fn cosine(lat: f64) -> f64 {
    // 1, -1/2!, 1/4!, … up to 1/22!, in powers of the square.
    const SERIES: [f64; 12] = series();
    const fn series() -> [f64; 12] {
        let (mut terms, mut at) = ([1.0; 12], 1);
        while at < 12 {
            terms[at] = -terms[at - 1] / ((2 * at - 1) as f64 * (2 * at) as f64);
            at += 1;
        }
        terms
    }
    let square = lat * lat;
    // Two sums side by side: each step waits for the one before.
    let fourth = square * square;
    let (mut even, mut odd) = (SERIES[10], SERIES[11]);
    for pair in SERIES[..10].chunks_exact(2).rev() {
        (even, odd) = (even * fourth + pair[0], odd * fourth + pair[1]);
    }
    even + odd * square
}

/// Whether two positions are within half a degree of each other, and not on both sides of the antimeridian.
fn is_short(a: Position, b: Position) -> bool {
    are_within(a, b, UNITS_PER_DEGREE as u64 / 2)
}

/// Whether neither coordinate of two positions is more than so many units apart.
fn are_within(a: Position, b: Position, units: u64) -> bool {
    let apart = |a: i32, b: i32| (i64::from(a) - i64::from(b)).unsigned_abs();
    apart(a.lat, b.lat) <= units && apart(a.lon, b.lon) <= units
}

/// Speed in knots over a distance and a time; `None` where no time passed.
#[must_use]
pub fn speed_kn(distance_m: f64, duration_ms: i64) -> Option<f64> {
    (duration_ms > 0).then(|| distance_m / NAUTICAL_MILE_M / (duration_ms as f64 / 3_600_000.0))
}

/// Whether a ship can get from one report to the other: at most 1 km apart, or at most 60 kn.
#[must_use]
pub fn reachable(a: Position, a_ms: i64, b: Position, b_ms: i64) -> bool {
    const LENIENCY_M: f64 = 1_000.0;
    const MAX_SPEED_M_PER_MS: f64 = 60.0 * NAUTICAL_MILE_M / 3_600_000.0;
    let elapsed_ms = (a_ms - b_ms).unsigned_abs() as f64;
    // No two points of a sphere are farther apart than this, so most pairs need no trigonometry.
    if elapsed_ms * MAX_SPEED_M_PER_MS >= core::f64::consts::PI * EARTH_RADIUS_M {
        return true;
    }
    // Nor farther than along the parallel and the meridian as if the parallel were the equator; the bit more is for rounding.
    let units = (i64::from(a.lat) - i64::from(b.lat)).abs() + (i64::from(a.lon) - i64::from(b.lon)).abs();
    let at_most = units as f64 * (RADIANS_PER_UNIT * EARTH_RADIUS_M * 1.000_001);
    if at_most <= LENIENCY_M || at_most <= MAX_SPEED_M_PER_MS * elapsed_ms {
        return true;
    }
    let distance = a.distance_m(b);
    distance <= LENIENCY_M || distance <= MAX_SPEED_M_PER_MS * elapsed_ms
}

/// The point at a share of the way along the great circle from `a` to `b`.
///
/// Where they are so close that it makes no more than two metres, it is on the straight line of the chart instead.
#[must_use]
pub fn interpolate(a: Position, b: Position, share: f64) -> Position {
    const CLOSE: u64 = UNITS_PER_DEGREE as u64 / 16;
    const FAR_NORTH_OR_SOUTH: i32 = 80 * UNITS_PER_DEGREE;
    if are_within(a, b, CLOSE) && a.lat.abs() <= FAR_NORTH_OR_SOUTH {
        let between = |a: i32, b: i32| a + crate::number::round(f64::from(b - a) * share) as i32;
        return Position { lon: between(a.lon, b.lon), lat: between(a.lat, b.lat) };
    }
    let distance = a.distance_m(b) / EARTH_RADIUS_M;
    let sine = libm::sin(distance);
    if sine < 1e-12 {
        return a;
    }
    let (weight_a, weight_b) =
        (libm::sin((1.0 - share) * distance) / sine, libm::sin(share * distance) / sine);
    let ([ax, ay, az], [bx, by, bz]) = (a.unit_vector(), b.unit_vector());
    from_vector([weight_a * ax + weight_b * bx, weight_a * ay + weight_b * by, weight_a * az + weight_b * bz])
}

/// The point reached along a great circle from `start` with initial course `course_deg` (true).
#[must_use]
pub fn destination(start: Position, course_deg: f64, distance_m: f64) -> Position {
    let angle = distance_m / EARTH_RADIUS_M;
    let course = course_deg * core::f64::consts::PI / 180.0;
    let lat = f64::from(start.lat) * RADIANS_PER_UNIT;
    let lon = f64::from(start.lon) * RADIANS_PER_UNIT;
    let (sin_lat, cos_lat) = (libm::sin(lat), libm::cos(lat));
    let (sin_angle, cos_angle) = (libm::sin(angle), libm::cos(angle));
    let sine = sin_lat * cos_angle + cos_lat * sin_angle * libm::cos(course);
    let new_lat = libm::asin(sine.clamp(-1.0, 1.0));
    let new_lon =
        lon + libm::atan2(libm::sin(course) * sin_angle * cos_lat, cos_angle - sin_lat * libm::sin(new_lat));
    from_radians(new_lon, new_lat)
}

/// Initial course of the great circle from `a` to `b`, degrees true, 0…360.
#[must_use]
pub fn course_deg(a: Position, b: Position) -> f64 {
    let (lat_a, lat_b) = (f64::from(a.lat) * RADIANS_PER_UNIT, f64::from(b.lat) * RADIANS_PER_UNIT);
    let lon = (i64::from(b.lon) - i64::from(a.lon)) as f64 * RADIANS_PER_UNIT;
    let east = libm::sin(lon) * libm::cos(lat_b);
    let north = libm::cos(lat_a) * libm::sin(lat_b) - libm::sin(lat_a) * libm::cos(lat_b) * libm::cos(lon);
    let course = libm::atan2(east, north) * 180.0 / core::f64::consts::PI;
    if course < 0.0 { course + 360.0 } else { course }
}

/// The position below a vector from the middle of the globe, of any length but 0.
#[must_use]
pub fn from_vector([x, y, z]: [f64; 3]) -> Position {
    from_radians(libm::atan2(y, x), libm::atan2(z, libm::sqrt(x * x + y * y)))
}

fn from_radians(lon: f64, lat: f64) -> Position {
    let lon = wrapped(crate::number::round(lon / RADIANS_PER_UNIT));
    Position::from_units(lon, crate::number::round(lat / RADIANS_PER_UNIT)).unwrap_or_default()
}

/// The same longitude, −180…180.
#[must_use]
pub fn wrapped(lon: i64) -> i64 {
    const TURN: i64 = 360 * UNITS_PER_DEGREE as i64;
    (lon + TURN / 2).rem_euclid(TURN) - TURN / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> Position {
        Position::from_degrees(lon, lat).unwrap()
    }

    #[test]
    fn what_lies_outside_the_globe_is_no_position_however_far() {
        for far in [180.000_001, 1e9, 1e300, f64::INFINITY] {
            assert_eq!(Position::from_degrees(far, 0.0), None);
            assert_eq!(Position::from_degrees(-far, 0.0), None);
            assert_eq!(Position::from_degrees(0.0, -far), None);
        }
        assert!(Position::from_degrees(-180.0, -90.0).is_some());
    }

    #[test]
    fn a_degree_of_latitude_is_sixty_miles_and_a_bit() {
        let metres = at(0.0, 0.0).distance_m(at(0.0, 1.0));
        assert!((metres - core::f64::consts::PI / 180.0 * EARTH_RADIUS_M).abs() < 1e-6);
    }

    #[test]
    fn the_antimeridian_is_no_wall() {
        let metres = at(179.999, 70.0).distance_m(at(-179.999, 70.0));
        assert!((metres - at(0.0, 70.0).distance_m(at(0.002, 70.0))).abs() < 1e-6);
        assert!(at(180.0, 10.0).distance_m(at(-180.0, 10.0)) < 1e-6);
    }

    #[test]
    fn one_kilometre_is_always_reachable_and_sixty_knots_is_the_limit() {
        let a = at(10.0, 0.0);
        assert!(reachable(a, 0, at(10.008, 0.0), 0));
        assert!(!reachable(a, 0, at(10.1, 0.0), 0));
        let hour = 3_600_000;
        assert!(reachable(a, 0, at(10.99, 0.0), hour));
        assert!(!reachable(a, 0, at(11.01, 0.0), hour));
    }

    #[test]
    fn half_way_is_as_far_from_both_ends_and_across_the_antimeridian() {
        let (a, b) = (at(178.0, 51.0), at(-177.0, 53.0));
        let middle = interpolate(a, b, 0.5);
        assert!((middle.distance_m(a) - middle.distance_m(b)).abs() < 1.0);
        assert!((middle.distance_m(a) * 2.0 - a.distance_m(b)).abs() < 1.0);
        assert_eq!(interpolate(a, a, 0.3), a);
    }

    #[test]
    fn a_short_way_is_measured_as_a_long_one() {
        for lat in [-89_900_000, -60_000_000, -3, 0, 42_233_333, 70_000_000, 89_600_000] {
            for lon in [-180_000_000, 0, 130_300_000, 179_500_000] {
                let a = Position { lon, lat };
                for (east, north) in
                    [(1, 0), (0, 1), (17, -4), (900, 1_200), (120_000, -90_000), (500_000, 400_000)]
                {
                    let b = Position { lon: lon + east, lat: (lat + north).min(90_000_000) };
                    let (short, any) = (a.short_distance_m(b), a.any_distance_m(b));
                    // Of a metre, the formula for any distance knows no more than a few nanometres.
                    assert!((short - any).abs() <= 1e-13 * any + 1e-8, "{a:?} {b:?}: {short} {any}");
                    assert_eq!(b.distance_m(a), a.distance_m(b));
                }
            }
        }
    }

    #[test]
    fn a_point_of_a_short_way_is_within_two_metres_of_the_great_circle() {
        for (lat, north) in
            [0.0, 35.0, 60.0, 80.0, -80.0].into_iter().flat_map(|lat| [(lat, 0.0625), (lat, -0.0625)])
        {
            let (a, b) = (at(10.0, lat), at(10.0625, lat + north));
            let beside = interpolate(a, b, 0.5);
            let on = destination(a, course_deg(a, b), 0.5 * a.distance_m(b));
            assert!(beside != on || lat == 0.0, "the chart is no globe");
            assert!(beside.distance_m(on) < 2.0, "{lat} {north}: {}", beside.distance_m(on));
        }
    }

    #[test]
    fn a_course_steered_for_the_distance_arrives() {
        for (a, b) in [(at(131.0, 42.0), at(129.0, 37.5)), (at(179.5, 70.0), at(-178.0, 71.0))] {
            let reached = destination(a, course_deg(a, b), a.distance_m(b));
            assert!(reached.distance_m(b) < 1.0, "{reached:?}");
        }
    }
}
