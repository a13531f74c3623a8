//! The page of all metrics is what the program says of them, and what is deployed names no other.

mod program;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use program::darkwake;

const PAGE: &str = include_str!("../METRICS.md");

#[test]
fn the_page_is_what_the_program_says() {
    let folder = tempfile::tempdir().unwrap();
    let done = darkwake(folder.path()).args(["schema", "metrics"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(said, PAGE, "METRICS.md is stale: darkwake schema metrics > METRICS.md");
}

/// The metrics that the page tells of.
fn known() -> BTreeSet<&'static str> {
    let first_cell = |line: &'static str| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name);
    PAGE.lines().filter_map(first_cell).filter(|name| name.starts_with("darkwake_")).collect()
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| word.starts_with("darkwake_") && !word.ends_with('_')).collect()
}

/// A histogram has three series.
fn family<'a>(name: &'a str, known: &BTreeSet<&str>) -> &'a str {
    let series = ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending));
    series.filter(|family| known.contains(family)).unwrap_or(name)
}

#[test]
fn every_metric_in_rules_dashboards_and_runbook_is_on_the_page() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let known = known();
    let mut files = vec![
        root.join("RUNBOOK.md"),
        root.join("deploy/prometheus/darkwake.rules.yaml"),
        root.join("deploy/prometheus/darkwake.rules.test.yaml"),
        root.join("deploy/helm/darkwake/templates/monitoring.yaml"),
    ];
    files.extend(json_files(&root.join("deploy/grafana/dashboards")));
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for name in named(&text) {
            assert!(known.contains(family(name, &known)), "{}: {name} is not in METRICS.md", file.display());
            count += 1;
        }
    }
    assert!(count > 50, "only {count} names are found");
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    files
}
