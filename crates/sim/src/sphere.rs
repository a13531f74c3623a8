//! Great circles on the sphere that the whole project measures on.
//!
//! All functions go through `libm`, so that a seed gives the same bytes on every system.
//!
//! ```
//! use sim::sphere::{Position, distance_m};
//!
//! let rajin = Position::new(130.29, 42.23);
//! let dunai = Position::new(132.35, 42.895);
//! assert!((distance_m(rajin, dunai) / 1_000.0 - 184.0).abs() < 2.0);
//! ```

/// Radius of the sphere in metres (the mean radius of WGS 84).
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// Metres in a nautical mile.
pub const NAUTICAL_MILE_M: f64 = 1_852.0;

/// A place in degrees, WGS 84.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// Longitude, -180 to 180, east positive.
    pub lon: f64,
    /// Latitude, -90 to 90, north positive.
    pub lat: f64,
}

impl Position {
    /// A place from its longitude and latitude in degrees.
    pub const fn new(lon: f64, lat: f64) -> Self {
        Self { lon, lat }
    }
}

/// A speed in knots.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Knots(pub f64);

impl Knots {
    /// The speed in metres a second.
    pub fn metres_per_second(self) -> f64 {
        self.0 * NAUTICAL_MILE_M / 3_600.0
    }

    /// The smaller of two speeds.
    #[must_use]
    pub fn at_most(self, limit: Self) -> Self {
        if self.0 < limit.0 { self } else { limit }
    }
}

/// The great-circle distance in metres (haversine).
pub fn distance_m(a: Position, b: Position) -> f64 {
    let half_lat = libm::sin(radians(b.lat - a.lat) / 2.0);
    let half_lon = libm::sin(radians(b.lon - a.lon) / 2.0);
    let h = half_lat * half_lat + libm::cos(radians(a.lat)) * libm::cos(radians(b.lat)) * half_lon * half_lon;
    2.0 * EARTH_RADIUS_M * libm::asin(libm::sqrt(libm::fmin(h, 1.0)))
}

/// The course in degrees true, 0 ≤ course < 360, on which the great circle from `a` to `b` leaves `a`.
pub fn course_deg(a: Position, b: Position) -> f64 {
    let (lat_a, lat_b, dlon) = (radians(a.lat), radians(b.lat), radians(b.lon - a.lon));
    let east = libm::sin(dlon) * libm::cos(lat_b);
    let north = libm::cos(lat_a) * libm::sin(lat_b) - libm::sin(lat_a) * libm::cos(lat_b) * libm::cos(dlon);
    wrap_360(degrees(libm::atan2(east, north)))
}

/// The place `distance_m` metres from `from` along the great circle that leaves it on `course_deg`.
pub fn destination(from: Position, course_deg: f64, distance_m: f64) -> Position {
    let (lat, course, angle) = (radians(from.lat), radians(course_deg), distance_m / EARTH_RADIUS_M);
    let sin_lat = libm::sin(lat) * libm::cos(angle) + libm::cos(lat) * libm::sin(angle) * libm::cos(course);
    let east = libm::sin(course) * libm::sin(angle) * libm::cos(lat);
    let north = libm::cos(angle) - libm::sin(lat) * sin_lat;
    Position {
        lon: wrap_180(from.lon + degrees(libm::atan2(east, north))),
        lat: degrees(libm::asin(sin_lat)),
    }
}

/// The place at `fraction` (0 to 1) of the great circle from `a` to `b`; `a` if the two are the same.
pub fn interpolate(a: Position, b: Position, fraction: f64) -> Position {
    let angle = distance_m(a, b) / EARTH_RADIUS_M;
    if angle < 1e-12 {
        return a;
    }
    let weight_a = libm::sin((1.0 - fraction) * angle) / libm::sin(angle);
    let weight_b = libm::sin(fraction * angle) / libm::sin(angle);
    let [ax, ay, az] = unit_vector(a);
    let [bx, by, bz] = unit_vector(b);
    let (x, y, z) =
        (weight_a * ax + weight_b * bx, weight_a * ay + weight_b * by, weight_a * az + weight_b * bz);
    Position { lon: degrees(libm::atan2(y, x)), lat: degrees(libm::atan2(z, libm::sqrt(x * x + y * y))) }
}

/// The place `distance_m` metres along the great-circle polyline, and the course there; the ends beyond its ends.
///
/// `None` if there are fewer than two places.
pub fn along(polyline: &[Position], distance_along_m: f64) -> Option<(Position, f64)> {
    let mut left_m = libm::fmax(distance_along_m, 0.0);
    let mut last = None;
    for leg in polyline.windows(2) {
        let &[a, b] = leg else { continue };
        let length_m = distance_m(a, b);
        if left_m < length_m {
            let place = interpolate(a, b, left_m / length_m);
            return Some((place, course_deg(place, b)));
        }
        left_m -= length_m;
        last = Some((b, wrap_360(course_deg(b, a) + 180.0)));
    }
    last
}

/// An angle in degrees brought to 0 ≤ x < 360.
pub fn wrap_360(angle_deg: f64) -> f64 {
    let turned = angle_deg - 360.0 * libm::floor(angle_deg / 360.0);
    if turned >= 360.0 { 0.0 } else { turned }
}

fn wrap_180(angle_deg: f64) -> f64 {
    let turned = wrap_360(angle_deg);
    if turned > 180.0 { turned - 360.0 } else { turned }
}

fn radians(angle_deg: f64) -> f64 {
    angle_deg * (core::f64::consts::PI / 180.0)
}

fn degrees(angle_rad: f64) -> f64 {
    angle_rad * (180.0 / core::f64::consts::PI)
}

fn unit_vector(place: Position) -> [f64; 3] {
    let (lon, lat) = (radians(place.lon), radians(place.lat));
    [libm::cos(lat) * libm::cos(lon), libm::cos(lat) * libm::sin(lon), libm::sin(lat)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAJIN: Position = Position::new(130.29, 42.23);
    const NIIGATA: Position = Position::new(139.06, 37.95);

    #[test]
    fn a_degree_of_the_equator_is_sixty_miles() {
        let metres = distance_m(Position::new(0.0, 0.0), Position::new(1.0, 0.0));
        assert!((metres - EARTH_RADIUS_M * core::f64::consts::PI / 180.0).abs() < 1e-6);
        assert!((metres / NAUTICAL_MILE_M - 60.0).abs() < 0.05);
    }

    #[test]
    fn a_destination_lies_at_its_distance_and_course() {
        for course in [0.0, 45.0, 170.0, 271.5] {
            let there = destination(RAJIN, course, 25_000.0);
            assert!((distance_m(RAJIN, there) - 25_000.0).abs() < 1e-3);
            assert!((course_deg(RAJIN, there) - course).abs() < 1e-6);
        }
    }

    #[test]
    fn the_middle_is_equally_far_from_both_ends() {
        let middle = interpolate(RAJIN, NIIGATA, 0.5);
        assert!((distance_m(RAJIN, middle) - distance_m(middle, NIIGATA)).abs() < 1e-3);
    }

    #[test]
    fn a_polyline_is_walked_leg_by_leg_and_ends_at_its_end() {
        let line = [RAJIN, destination(RAJIN, 90.0, 1_000.0), destination(RAJIN, 90.0, 5_000.0)];
        let (place, course) = along(&line, 3_000.0).expect("three places");
        assert!((distance_m(RAJIN, place) - 3_000.0).abs() < 1e-3);
        assert!((course - 90.0).abs() < 0.1);
        let (end, _) = along(&line, 9_000.0).expect("three places");
        assert!((distance_m(RAJIN, end) - 5_000.0).abs() < 1e-3);
        assert_eq!(along(&line[..1], 0.0), None);
    }
}
