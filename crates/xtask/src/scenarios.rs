//! Generated scenarios, made and replayed: the same seed gives the same bytes, the number of shards changes nothing,
//! and every line has a fate.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::demo::read_json;
use crate::project::{Project, output, text};

/// The small ones; the demo has its own.
const SCENARIOS: [&str; 2] = ["harbour", "sparse"];

/// Checks them; gives what there was to check.
pub fn check(project: &Project) -> Result<String> {
    let directory = project.scratch("scenarios")?;
    let mut lines = 0;
    for scenario in SCENARIOS {
        lines += check_one(project, scenario, &directory).with_context(|| format!("scenario {scenario}"))?;
    }
    fs::remove_dir_all(&directory)?;
    Ok(format!("{} scenarios, {lines} lines", SCENARIOS.len()))
}

fn check_one(project: &Project, scenario: &str, directory: &Path) -> Result<u64> {
    let file = |name: &str| directory.join(format!("{scenario}-{name}"));
    for copy in ["a", "b"] {
        let (feed, truth) = (file(&format!("{copy}.nmea")), file(&format!("{copy}.json")));
        output(&mut project.darkwake(&[
            "generate",
            scenario,
            "--out",
            text(&feed)?,
            "--truth",
            text(&truth)?,
        ]))?;
    }
    same(&file("a.nmea"), &file("b.nmea"))?;
    same(&file("a.json"), &file("b.json"))?;

    for shards in ["1", "3"] {
        let out = |name: &str| file(&format!("{shards}-{name}"));
        let feed = file("a.nmea");
        let (facts, lines, table, stats) = (out("f.jsonl"), out("a.jsonl"), out("a.csv"), out("s.json"));
        let mut replay = project.darkwake(&["replay", text(&feed)?, "--shards", shards]);
        replay.arg("--facts").arg(&facts).arg("--out").arg(&lines).arg("--out").arg(&table);
        output(replay.arg("--stats").arg(&stats))?;
    }
    for name in ["f.jsonl", "a.jsonl", "a.csv"] {
        same(&file(&format!("1-{name}")), &file(&format!("3-{name}")))?;
    }
    let stats = read_json(&file("1-s.json"))?;
    let made =
        read_json(&file("a.json"))?["counts"]["lines"].as_u64().context("the truth counts no lines")?;
    let fates = fates(&stats);
    ensure!(
        stats["lines"] == made && fates == made,
        "{made} lines made, {} read, {fates} with a fate",
        stats["lines"]
    );
    ensure!(stats["hops"].as_u64() > Some(0), "no hops");
    Ok(made)
}

/// The lines that have a fate.
pub fn fates(stats: &Value) -> u64 {
    let rejected = stats["rejected"].as_object().into_iter().flat_map(|reasons| reasons.values());
    let others = ["accepted", "other", "other_type", "candidate"].map(|key| &stats[key]);
    rejected.chain(others).filter_map(Value::as_u64).sum()
}

/// Fails where two files differ.
pub fn same(a: &Path, b: &Path) -> Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("{}", path.display()));
    ensure!(read(a)? == read(b)?, "{} and {} differ", a.display(), b.display());
    Ok(())
}
