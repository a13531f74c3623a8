//! `cargo xtask evaluate`: how good judgement is, on generated worlds whose truth is known.

use std::fs;

use anyhow::Result;

use crate::Usage;
use crate::project::{self, Project};
use crate::say::talk;

const SCENARIO: &str = "mixed";
const SEEDS: u32 = 5;
/// How good judgement must be; `darkwake evaluate` says what each score is.
const BOUNDS: [&str; 8] = [
    "recall_suspected>=0.90",
    "recall_probable>=0.80",
    "precision_probable>=0.90",
    "false_alarms_probable<=2",
    "delay_median_minutes<=45",
    "told_hidden_port_first_3>=0.70",
    "told_hidden_port_first_5>=0.85",
    "berth_quiet>=0.95",
];

/// Builds the program and prints its scores.
pub fn run(arguments: &[&str]) -> Result<()> {
    if !arguments.is_empty() {
        return Err(Usage("usage: cargo xtask evaluate".to_owned()).into());
    }
    let project = Project::find()?;
    talk("building darkwake (release)");
    project.build()?;
    score(&project).map(|_| ())
}

/// Generates the worlds, replays them, and scores them together; fails if a score is out of bounds.
pub fn score(project: &Project) -> Result<String> {
    let folder = project.made("evaluate");
    fs::create_dir_all(&folder)?;
    let name = |seed: u32, ending: &str| format!("{SCENARIO}-{seed}.{ending}");
    let run = |arguments: &[&str]| project::run(project.darkwake(arguments).current_dir(&folder));
    let mut score: Vec<String> = vec!["evaluate".to_owned()];
    for seed in 1..=SEEDS {
        let [feed, truth, alerts] = ["nmea", "json", "jsonl"].map(|ending| name(seed, ending));
        run(&["generate", SCENARIO, "--seed", &seed.to_string(), "--out", &feed, "--truth", &truth])?;
        run(&["replay", &feed, "--out", &alerts])?;
        score.extend(["--truth".to_owned(), truth]);
    }
    score.extend((1..=SEEDS).map(|seed| name(seed, "jsonl")));
    score.extend(BOUNDS.iter().flat_map(|bound| ["--fail-under".to_owned(), (*bound).to_owned()]));
    let score: Vec<&str> = score.iter().map(String::as_str).collect();
    run(&score)?;
    Ok(format!("{} scores in bounds over {SEEDS} worlds", BOUNDS.len()))
}
