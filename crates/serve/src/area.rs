//! Rectangles of longitude and latitude, as maps ask for them.

use std::str::FromStr;

use model::Position;
use model::position::UNITS_PER_DEGREE;

/// West, south, east, north, degrees; it crosses the antimeridian if west is greater than east.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Western edge.
    pub west: f64,
    /// Southern edge.
    pub south: f64,
    /// Eastern edge.
    pub east: f64,
    /// Northern edge.
    pub north: f64,
}

impl FromStr for Area {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Area, &'static str> {
        const WRONG: &str = "a bbox is west,south,east,north in degrees";
        let numbers: Vec<f64> =
            text.split(',').map(|part| part.trim().parse().map_err(|_| WRONG)).collect::<Result<_, _>>()?;
        let [west, south, east, north] = numbers[..] else { return Err(WRONG) };
        let is_round = east - west >= 360.0;
        let is_lon = |lon: f64| lon.is_finite() && lon.abs() <= 540.0;
        let is_lat = |lat: f64| (-90.0..=90.0).contains(&lat);
        if !is_lon(west) || !is_lon(east) || !is_lat(south) || !is_lat(north) || south > north {
            return Err(WRONG);
        }
        let wrapped = |lon: f64| (lon + 180.0).rem_euclid(360.0) - 180.0;
        Ok(if is_round {
            Area { west: -180.0, south, east: 180.0, north }
        } else {
            let (west, edge) = (wrapped(west), wrapped(east));
            // The antimeridian as an eastern edge stays one.
            Area { west, south, east: if edge == -180.0 && east > 0.0 { 180.0 } else { edge }, north }
        })
    }
}

impl Area {
    /// Whether a position is inside.
    #[must_use]
    pub fn holds(&self, position: Position) -> bool {
        let scale = f64::from(UNITS_PER_DEGREE);
        let (lon, lat) = (f64::from(position.lon) / scale, f64::from(position.lat) / scale);
        let is_between = if self.west <= self.east {
            (self.west..=self.east).contains(&lon)
        } else {
            lon >= self.west || lon <= self.east
        };
        is_between && (self.south..=self.north).contains(&lat)
    }

    /// One that holds it, with edges that others have too, so that several can share what is in it.
    #[must_use]
    pub fn widened(&self) -> Area {
        let width =
            if self.west <= self.east { self.east - self.west } else { self.east - self.west + 360.0 };
        let span = width.max(self.north - self.south).max(0.01);
        // Powers of two of a degree: about a quarter of what is seen.
        let step = (span / 4.0).log2().ceil().exp2();
        let down = |value: f64| (value / step).floor() * step;
        let up = |value: f64| (value / step).ceil() * step;
        if width + 2.0 * step >= 360.0 {
            return Area { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };
        }
        let edges = format!(
            "{},{},{},{}",
            down(self.west),
            down(self.south).max(-90.0),
            up(self.east),
            up(self.north).min(90.0)
        );
        edges.parse().unwrap_or(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> Position {
        Position::from_degrees(lon, lat).unwrap()
    }

    #[test]
    fn areas_are_read_and_hold_what_is_in_them() {
        let pacific: Area = "170,-20,-170,0".parse().unwrap();
        assert!(pacific.holds(at(179.0, -10.0)) && pacific.holds(at(-175.0, -10.0)));
        assert!(!pacific.holds(at(0.0, -10.0)));
        let same: Area = "170,-20,190,0".parse().unwrap();
        assert_eq!(same, pacific);
        let world: Area = "-300,-90,300,90".parse().unwrap();
        assert!(world.holds(at(-180.0, 90.0)) && world.holds(at(180.0, -90.0)));
        for wrong in
            ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,50,10,40", "0,-91,1,0", "NaN,0,1,1", "0,0,inf,1"]
        {
            assert!(wrong.parse::<Area>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_widened_area_holds_the_area_and_neighbours_share_it() {
        let area: Area = "129.1,41.2,133.3,43.4".parse().unwrap();
        let wide = area.widened();
        assert!(wide.west <= area.west && wide.east >= area.east);
        assert!(wide.south <= area.south && wide.north >= area.north);
        let moved: Area = "129.3,41.3,133.5,43.5".parse().unwrap();
        assert_eq!(moved.widened(), wide);
        let pacific: Area = "170,-20,-170,0".parse().unwrap();
        assert!(pacific.widened().holds(at(-170.0, 0.0)) && pacific.widened().holds(at(170.0, -20.0)));
    }
}
