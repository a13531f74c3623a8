//! `darkwake reception export`: where ships are heard, as a map to look at.

use std::io::Write;
use std::path::Path;

use detect::reception::OfCell;
use model::number::rounded;
use model::position::UNITS_PER_DEGREE;
use model::{Class, Position};
use serde_json::{Value, json};

use crate::cli::{Reading, Reception, Speed};
use crate::outputs;
use crate::read::{self, Wanted};

/// Half the way round.
const HALF_TURN: f64 = 180.0;

/// Reads the inputs and writes what is known of hearing at their end.
pub fn run(command: &Reception) -> anyhow::Result<()> {
    let Reception::Export { reading, out } = command;
    export(reading, out)
}

fn export(reading: &Reading, path: &Path) -> anyhow::Result<()> {
    let done = read::read(reading, &Wanted { speed: Speed::Max, alerts: false, record: None })?;
    let mut out = outputs::create(path)?;
    writeln!(out, "{{\"type\":\"FeatureCollection\",\"features\":[")?;
    let cells = done.outcome.reception.of_cells();
    for (at, cell) in cells.iter().enumerate() {
        let comma = if at + 1 < cells.len() { "," } else { "" };
        writeln!(out, "{}{comma}", feature(cell))?;
    }
    writeln!(out, "]}}")?;
    out.finish()?;
    done.end()
}

/// A cell as a polygon. One that crosses the antimeridian goes on beyond 180°.
fn feature(of: &OfCell) -> Value {
    let corners = of.cell.corners();
    let degrees = |units: i32| f64::from(units) / f64::from(UNITS_PER_DEGREE);
    let west = corners.iter().map(|corner| degrees(corner.lon)).fold(HALF_TURN, f64::min);
    let crosses = corners.iter().any(|corner| degrees(corner.lon) - west > HALF_TURN);
    let place = |corner: &Position| {
        let lon = degrees(corner.lon);
        [if crosses && lon < 0.0 { lon + 2.0 * HALF_TURN } else { lon }, degrees(corner.lat)]
    };
    let ring: Vec<[f64; 2]> = corners.iter().chain(corners.first()).map(place).collect();
    json!({
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "cell": format!("{:x}", of.cell.0),
            "class": match of.class { Class::A => "A", Class::B => "B" },
            "q": of.share.map(|share| rounded(share.any)),
            "q_next": of.share.map(|share| rounded(share.next)),
            "edge": of.edge.map(rounded),
            "heard": of.heard,
            "present": of.present,
            "passages": of.passages,
        },
    })
}
