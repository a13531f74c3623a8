//! `cargo xtask bench`: where the time of a report goes, beside the budget and beside others, and how many instructions that is.
//!
//! ```text
//! cargo xtask bench                   the budget, then instructions as `cargo xtask counts` counts them
//! cargo xtask bench scaling [FLAGS]   one of the bars of `benches/speed`, with its flags
//! cargo xtask bench decode            one of the other files in `benches/`, as one table
//! cargo xtask bench replay            a whole replay of the demo's feed
//! cargo xtask bench live [SECONDS]    on a real Kafka broker; takes minutes
//! ```

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::demo::read_json;
use crate::divan::Reader;
use crate::project::{self, Project, text};
use crate::say::{grouped, say, table, talk};
use crate::system::{self, Need};
use crate::{Usage, counts};

/// The bench of the budget and the bars, and what it can be asked for.
const SPEED: (&str, [&str; 6]) = ("speed", ["budget", "peers", "cores", "scaling", "ships", "steady"]);
/// How `NAME` calls the timing of the whole command.
const REPLAY: &str = "replay";
/// The bench on a real broker, and what it measures.
const LIVE: (&str, [&str; 2]) = ("live", ["latency", "throughput"]);
/// What is no bench for people: `cargo xtask counts` runs it.
const COUNTS: &str = "counts";
/// Runs of the whole command, of which the median counts.
const RUNS: usize = 3;

/// Runs what is asked for.
pub fn run(arguments: &[&str]) -> Result<()> {
    let project = Project::find()?;
    let mut names = benches(&project);
    names.retain(|name| name != LIVE.0 && name != COUNTS);
    match arguments {
        [] => {
            speed(&project, &SPEED.1[..1])?;
            say("");
            counts::show(&project)
        }
        [name, ..] if SPEED.1.contains(name) => speed(&project, arguments),
        [name, seconds @ ..] if *name == LIVE.0 => live(&project, seconds),
        [REPLAY] => {
            say(&table(&HEAD, &[replay(&project)?]));
            Ok(())
        }
        [name] if names.iter().any(|known| known == name) => {
            say(&table(&HEAD, &bench(&project, name)?));
            Ok(())
        }
        _ => {
            names.push(REPLAY.to_owned());
            let usage = format!(
                "usage: cargo xtask bench [NAME] | live [SECONDS], NAME being one of {}, {}",
                SPEED.1.join(", "),
                names.join(", ")
            );
            Err(Usage(usage).into())
        }
    }
}

/// What is told of a bench of single pieces.
const HEAD: [&str; 3] = ["bench", "median", "throughput"];

/// The budget, or one of the bars.
fn speed(project: &Project, arguments: &[&str]) -> Result<()> {
    system::prepare(&[Need::Make, Need::OpenSsl])?;
    let mut bench = project.cargo(&["bench", "-q", "--bench", SPEED.0, "--"]);
    bench.args(arguments);
    project::follow(&mut bench, say)
}

/// What it takes for so many seconds.
fn live(project: &Project, seconds: &[&str]) -> Result<()> {
    system::prepare(&[Need::Java, Need::Maven])?;
    for what in LIVE.1 {
        say(what);
        let mut bench = project.cargo(&["bench", "-q", "--bench", LIVE.0, "--", what]);
        bench.args(seconds);
        project::follow(&mut bench, say)?;
    }
    Ok(())
}

/// The names of the files in `benches/`.
fn benches(project: &Project) -> Vec<String> {
    let entries = fs::read_dir(project.path("benches")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

fn bench(project: &Project, name: &str) -> Result<Vec<Vec<String>>> {
    let mut reader = Reader::default();
    project::follow(&mut project.cargo(&["bench", "--bench", name]), |line| {
        talk(line);
        reader.read(line);
    })?;
    ensure!(!reader.benches.is_empty(), "the bench {name} printed no figures");
    Ok(reader
        .benches
        .into_iter()
        .map(|bench| vec![bench.path, bench.median, bench.throughput.join(", ")])
        .collect())
}

/// Times `darkwake replay` from its start to its end, on the feed of the demo.
fn replay(project: &Project) -> Result<Vec<String>> {
    project.build()?;
    let directory = project.scratch("bench")?;
    let (feed, facts, stats) =
        (directory.join("feed.nmea"), directory.join("facts.jsonl"), directory.join("stats.json"));
    project::output(&mut project.darkwake(&["generate", "rajin", "--seed", "1", "--out", text(&feed)?]))?;
    let mut seconds = Vec::new();
    for run in 1..=RUNS {
        let arguments = ["replay", text(&feed)?, "--facts", text(&facts)?, "--stats", text(&stats)?];
        let began = Instant::now();
        project::output(&mut project.darkwake(&arguments))?;
        seconds.push(began.elapsed().as_secs_f64());
        talk(&format!("replay, run {run} of {RUNS}: {:.3} s", seconds[run - 1]));
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[RUNS / 2];
    let counts = read_json(&stats)?;
    let lines = counts["lines"].as_u64().context("no lines in the statistics")?;
    fs::remove_dir_all(&directory)?;
    let per_second = grouped((lines as f64 / median) as u64);
    let memory = counts["peak_rss_bytes"].as_u64().map(|bytes| format!(", {} MB at most", bytes / 1_000_000));
    Ok(vec![
        format!("darkwake replay, {} lines to facts", grouped(lines)),
        format!("{:.0} ms", median * 1_000.0),
        format!("{per_second} lines/s{}", memory.unwrap_or_default()),
    ])
}
