//! `cargo xtask evaluate`: how good judgement is, on generated worlds whose truth is known.

use std::fs;
use std::ops::RangeInclusive;

use anyhow::Result;

use crate::Usage;
use crate::project::{self, Project};
use crate::say::talk;

const SCENARIO: &str = "mixed";
/// The worlds that are scored unless others are named.
const SEEDS: RangeInclusive<u32> = 1..=5;
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
    let seeds = match arguments {
        [] => Some(SEEDS),
        [seeds] => range(seeds),
        _ => None,
    };
    let usage = "usage: cargo xtask evaluate [FIRST-LAST], such as 6-10";
    let seeds = seeds.ok_or_else(|| Usage(usage.to_owned()))?;
    let project = Project::find()?;
    talk("building darkwake (release)");
    project.build()?;
    score_of(&project, seeds).map(|_| ())
}

/// Seeds such as `6-10`.
fn range(text: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = text.split_once('-')?;
    let seeds = first.parse().ok()?..=last.parse().ok()?;
    (!seeds.is_empty()).then_some(seeds)
}

/// Scores the worlds of every test run.
pub fn score(project: &Project) -> Result<String> {
    score_of(project, SEEDS)
}

/// Generates worlds, replays them, and scores them together; fails if a score is out of bounds.
fn score_of(project: &Project, seeds: RangeInclusive<u32>) -> Result<String> {
    let folder = project.made("evaluate");
    fs::create_dir_all(&folder)?;
    let name = |seed: u32, ending: &str| format!("{SCENARIO}-{seed}.{ending}");
    let run = |arguments: &[&str]| project::run(project.darkwake(arguments).current_dir(&folder));
    let mut score: Vec<String> = vec!["evaluate".to_owned()];
    for seed in seeds.clone() {
        let [feed, truth, alerts] = ["nmea", "json", "jsonl"].map(|ending| name(seed, ending));
        run(&["generate", SCENARIO, "--seed", &seed.to_string(), "--out", &feed, "--truth", &truth])?;
        run(&["replay", &feed, "--out", &alerts])?;
        score.extend(["--truth".to_owned(), truth]);
    }
    score.extend(seeds.clone().map(|seed| name(seed, "jsonl")));
    score.extend(BOUNDS.iter().flat_map(|bound| ["--fail-under".to_owned(), (*bound).to_owned()]));
    let score: Vec<&str> = score.iter().map(String::as_str).collect();
    run(&score)?;
    Ok(format!("{} scores in bounds over {} worlds", BOUNDS.len(), seeds.count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range() {
        assert_eq!(range("6-10"), Some(6..=10));
        assert_eq!(range("3-3"), Some(3..=3));
        for wrong in ["", "6", "10-6", "a-b", "1-2-3", "-1"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }
}
