//! Cells of the S2 grid, as far as their corners.
//!
//! S2 puts the sphere into a cube, divides each of the six faces in four again and again, up to thirty times, and
//! numbers the quarters along a Hilbert curve. A cell's id has the face in its first three bits, two bits for each
//! division, and then a one; it is written in hexadecimal without the zeros at the end, which is its token. Tables
//! and projection are those of S2's `s2coords.cc`: quadratic, from the centre.

use model::Position;
use model::position::from_vector;

/// Divisions of a face at the finest level.
const MAX_LEVEL: u32 = 30;
/// Bits of an id behind those of the face.
const BITS_OF_FACE: u32 = 61;
/// Faces of the cube.
const FACES: u64 = 6;
/// Digits of an id.
const DIGITS: usize = 16;

/// The quarter (i in the second bit, j in the first) at each place on the curve, for each way in which it can lie.
const QUARTERS: [[usize; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];
/// How the curve in the quarter at each place lies with regard to that around it.
const TURNS: [usize; 4] = [1, 0, 0, 3];

/// A cell of the S2 grid by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct S2Cell(u64);

impl S2Cell {
    /// The cell of a token.
    pub fn parse(token: &str) -> Option<S2Cell> {
        let is_token =
            (1..=DIGITS).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_token {
            return None;
        }
        let id = u64::from_str_radix(token, 16).ok()? << (4 * (DIGITS - token.len()));
        let zeros = id.trailing_zeros();
        let is_valid = id >> BITS_OF_FACE < FACES && zeros <= 2 * MAX_LEVEL && zeros.is_multiple_of(2);
        is_valid.then_some(S2Cell(id))
    }

    /// Its corners, counter-clockwise.
    pub fn corners(self) -> [Position; 4] {
        [[0, 0], [1, 0], [1, 1], [0, 1]].map(|corner| self.corner(corner))
    }

    /// The cells that it is a part of, the smallest first.
    pub fn parents(self) -> impl Iterator<Item = S2Cell> {
        (0..self.level()).rev().map(move |level| {
            let last = 1 << (2 * (MAX_LEVEL - level));
            S2Cell((self.0 & !(last - 1)) | last)
        })
    }

    fn level(self) -> u32 {
        MAX_LEVEL - self.0.trailing_zeros() / 2
    }

    fn corner(self, [right, up]: [u32; 2]) -> Position {
        let (mut i, mut j) = (0_u32, 0_u32);
        let mut way = self.face() & 1;
        for division in 1..=self.level() {
            let at = ((self.0 >> (BITS_OF_FACE - 2 * division)) & 3) as usize;
            let quarter = QUARTERS[way][at];
            i = (i << 1) | u32::from(quarter >= 2);
            j = (j << 1) | u32::from(quarter % 2 == 1);
            way ^= TURNS[at];
        }
        let size = f64::from(1_u32 << self.level());
        let (u, v) = (projected(f64::from(i + right) / size), projected(f64::from(j + up) / size));
        from_vector(match self.face() {
            0 => [1.0, u, v],
            1 => [-u, 1.0, v],
            2 => [-u, -v, 1.0],
            3 => [-1.0, -v, -u],
            4 => [v, -1.0, -u],
            _ => [v, u, -1.0],
        })
    }

    fn face(self) -> usize {
        (self.0 >> BITS_OF_FACE) as usize
    }
}

/// A share of the way across a face, -1 to 1 on the cube.
fn projected(share: f64) -> f64 {
    if share >= 0.5 {
        (4.0 * share * share - 1.0) / 3.0
    } else {
        (1.0 - 4.0 * (1.0 - share) * (1.0 - share)) / 3.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(token: &str, expected: [(f64, f64); 4]) {
        let corners = S2Cell::parse(token).map(S2Cell::corners);
        assert_eq!(
            corners,
            Some(expected.map(|(lon, lat)| Position::from_degrees(lon, lat).unwrap())),
            "{token}"
        );
    }

    /// Against the Python package `s2sphere` 0.2.5, a cell of each face.
    #[test]
    fn corners_are_where_others_have_them() {
        let at = (0.0, 0.0);
        check("10000001", [at, (0.004_663, 0.0), (0.004_663, 0.004_663), (0.0, 0.004_663)]);
        check(
            "3568e95b",
            [
                (129.055_446, 35.100_4),
                (129.060_656, 35.098_411),
                (129.060_656, 35.103_082),
                (129.055_446, 35.105_071),
            ],
        );
        check(
            "47c5aa5f",
            [(4.003_611, 51.996_025), (4.004_373, 52.001_302), (3.997_95, 52.001_52), (3.997_19, 51.996_243)],
        );
        check(
            "6e1fdf57",
            [
                (179.995_337, -16.994_894),
                (179.995_337, -17.000_799),
                (-180.0, -17.000_799),
                (-180.0, -16.994_894),
            ],
        );
        let point = (-90.0, 10.0);
        check("8f8078a829fd601d", [point; 4]);
        check(
            "affe11",
            [
                (102.873_501, -88.992_617),
                (101.970_301, -88.917_861),
                (98.037_348, -88.930_887),
                (98.654_799, -89.006_624),
            ],
        );
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "0", "x", "3.57E+954", "d0000001", "3568e95a", "10000000000000001"] {
            assert_eq!(S2Cell::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_cell_is_part_of_larger_ones() {
        let cell = S2Cell::parse("3568e95b").unwrap();
        let parents: Vec<S2Cell> = cell.parents().collect();
        assert_eq!(parents.len(), 14);
        assert_eq!(parents.first().copied(), S2Cell::parse("3568e95c"));
        assert_eq!(parents.last().copied(), S2Cell::parse("3"));
    }
}
