//! Lines for a topic.

use std::path::Path;

use crate::feed::after;
use crate::program::darkwake;

/// The lines of a scenario as a network of receivers delivers them, and what comes after them: reports of base stations
/// that move the watermark to the last of them.
pub fn generate(folder: &Path, scenario: &str) -> (Vec<String>, Vec<String>) {
    let done = darkwake(folder).args(["generate", scenario, "--seed", "1", "--out", "feed.nmea"]).output();
    assert!(done.unwrap().status.success());
    let lines = std::fs::read_to_string(folder.join("feed.nmea")).unwrap();
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    let after = after(&lines);
    (lines, after)
}

/// The station that heard each line: `s:` of its TAG block, or of that of the sentence before it.
pub fn stations(lines: &[String]) -> Vec<&str> {
    let mut station = "";
    let of = |line: &String| {
        let start =
            line.find("\\s:").or_else(|| line.starts_with('\\').then(|| line.find(",s:")).flatten())? + 3;
        Some((start, start + line[start..].find([',', '*'])?))
    };
    let stations = lines.iter().map(|line| {
        if let Some((from, to)) = of(line) {
            station = &line[from..to];
        }
        station
    });
    stations.collect()
}
