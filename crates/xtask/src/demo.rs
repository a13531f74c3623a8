//! `cargo xtask demo`: generates the Rajin scenario, replays it, says what the facts show beside what was made to happen, and
//! plays it on the map.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::Usage;
use crate::project::{self, Project};
use crate::say::{grouped, say, talk};
use crate::story;
use crate::system::{self, Need};
use crate::web;

const SCENARIO: &str = "rajin";
const SEED: &str = "1";

/// Makes and tells it.
pub fn run(arguments: &[&str]) -> Result<()> {
    let has_map = match arguments {
        [] => true,
        ["--no-map"] => false,
        _ => return Err(Usage("usage: cargo xtask demo [--no-map]".to_owned()).into()),
    };
    let project = Project::find()?;
    if has_map {
        system::prepare(&[Need::Node])?;
        web::build(&project)?;
    }
    talk("building darkwake (release)");
    project.build()?;
    fs::create_dir_all(project.path("demo")).context("demo: cannot be made")?;
    talk("generating scenario rajin, seed 1: demo/feed.nmea, demo/truth.json");
    project::run(&mut project.darkwake(&[
        "generate",
        SCENARIO,
        "--seed",
        SEED,
        "--out",
        "demo/feed.nmea",
        "--truth",
        "demo/truth.json",
    ]))?;
    talk("replaying demo/feed.nmea");
    project::run(&mut project.darkwake(&[
        "replay",
        "demo/feed.nmea",
        "--facts",
        "demo/facts.jsonl",
        "--out",
        "demo/alerts.jsonl",
        "--out",
        "demo/alerts.csv",
        "--stats",
        "demo/stats.json",
    ]))?;

    let truth = read_json(&project.path("demo/truth.json"))?;
    let facts = read_json_lines(&project.path("demo/facts.jsonl"))?;
    let stats = read_json(&project.path("demo/stats.json"))?;
    let areas = read_json(&project.path("config/ports/areas.geojson"))?;
    say(&story::tell(&truth, &facts, &story::port_names(&areas))?);
    say(&counts(&stats, &facts)?);
    say(FILES);
    if !has_map {
        return Ok(());
    }
    talk("playing it on the map");
    let play = ["demo", "--feed", "demo/feed.nmea", "--out", "demo/live.jsonl"];
    project::run(&mut project.darkwake(&play))
}

const FILES: &str = "\
To read on:
  demo/alerts.csv     alerts, one row a revision; opens in a spreadsheet
  demo/alerts.jsonl   the same as JSON lines, with the evidence
  demo/facts.jsonl    every silence, visit and hop
  demo/stats.json     what became of each line
  demo/truth.json     what the generator let happen
  demo/feed.nmea      the feed

One ship: grep 273000001 demo/facts.jsonl";

fn counts(stats: &Value, facts: &[Value]) -> Result<String> {
    let count = |key: &str| stats[key].as_u64().with_context(|| format!("demo/stats.json: no {key}"));
    let lines = count("lines")?;
    let elapsed_ms = count("elapsed_ms")?.max(1);
    let alerts: Vec<String> = stats["alerts"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(kind, count)| format!("{} {kind}", grouped(count.as_u64().unwrap_or(0))))
        .collect();
    let through = facts.iter().filter(|fact| fact["through_silence"] == true).count();
    Ok(format!(
        "In all: {} lines, {} accepted, {} copies of messages heard before, {} of other types; {} vessels.\n\
         Facts: {} silences of 30 min or more, {} visits, {} hops, {through} of them through silence.\n\
         Alerts: {}.\n\
         Replayed in {:.2} s: {} lines/s.\n",
        grouped(lines),
        grouped(count("accepted")?),
        grouped(stats["rejected"]["duplicate"].as_u64().unwrap_or(0)),
        grouped(count("other_type")?),
        grouped(count("vessels")?),
        grouped(count("silences")?),
        grouped(count("visits")?),
        grouped(count("hops")?),
        alerts.join(", "),
        elapsed_ms as f64 / 1_000.0,
        grouped(lines * 1_000 / elapsed_ms),
    ))
}

/// A file of one JSON value.
pub fn read_json(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}", path.display()))
}

fn read_json_lines(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("{}", path.display())))
        .collect()
}
