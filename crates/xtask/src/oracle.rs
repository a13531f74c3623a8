//! The facts of `darkwake replay` against those of `tests/oracle`, on small random worlds. The files of a world that
//! differs stay in `target/oracle`.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::project::{Project, output, text};
use crate::say::talk;

/// Compares the worlds of these seeds; gives what there was to compare.
pub fn compare(project: &Project, seeds: RangeInclusive<u32>) -> Result<String> {
    let mids = project.scratch("oracle")?.join("mid.csv");
    fs::write(&mids, allotted(&fs::read_to_string(project.path("crates/model/src/mid.rs"))?)?)?;
    let mut facts = 0;
    let mut bad = Vec::new();
    for seed in seeds.clone() {
        match compare_world(project, seed, text(&mids)?) {
            Ok(count) => facts += count,
            Err(error) => {
                talk(&format!("seed {seed}: {error:#}"));
                bad.push(seed.to_string());
            }
        }
    }
    ensure!(bad.is_empty(), "differs on seed {}", bad.join(", "));
    Ok(format!("{} worlds, {facts} facts", seeds.count()))
}

/// The table of allotted MIDs for the oracle, from our source: it is data, and the oracle brings none.
fn allotted(source: &str) -> Result<String> {
    let rows = source.split('(').filter_map(|entry| {
        let (mid, rest) = entry.split_once(", \"")?;
        let country = rest.split('"').next()?;
        mid.parse::<u32>().ok().map(|mid| format!("{mid},{country},\n"))
    });
    let table: String = rows.collect();
    ensure!(table.lines().count() > 200, "the allotted MIDs cannot be read from crates/model/src/mid.rs");
    Ok(format!("mid,iso2,name\n{table}"))
}

fn compare_world(project: &Project, seed: u32, mids: &str) -> Result<usize> {
    let directory = project.scratch(&format!("oracle/{seed}"))?;
    let seed = seed.to_string();
    output(&mut project.python(&["tests/oracle/worlds.py", "--seed", &seed, "--out", text(&directory)?]))?;
    let mut facts = 0;
    // Odd seeds have a table too.
    for input in
        ["feed.nmea", "table.csv"].map(|name| directory.join(name)).iter().filter(|input| input.exists())
    {
        facts += compare_input(project, input, mids, &directory)?;
    }
    fs::remove_dir_all(&directory)?;
    Ok(facts)
}

fn compare_input(project: &Project, input: &Path, mids: &str, directory: &Path) -> Result<usize> {
    let file = |name: &str| directory.join(name);
    let (ports, ours, theirs) = (file("ports.geojson"), file("darkwake.jsonl"), file("oracle.jsonl"));
    let (input, ports) = (text(input)?, text(&ports)?);
    output(&mut project.darkwake(&["replay", input, "--ports", ports, "--facts", text(&ours)?]))?;
    let expect =
        output(&mut project.python(&["tests/oracle/facts.py", "--ports", ports, "--mid", mids, input]))?;
    fs::write(&theirs, &expect).with_context(|| format!("{}", theirs.display()))?;
    output(&mut project.python(&["tests/oracle/compare.py", text(&theirs)?, text(&ours)?]))?;
    Ok(expect.lines().count())
}
