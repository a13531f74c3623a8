//! The golden cases: each input of `tests/golden`, replayed, gives the alerts that stand beside it, byte for byte.

mod program;

use std::fs;
use std::path::{Path, PathBuf};

use program::darkwake;
use serde_json::Value;

const ALERT: &str = include_str!("../config/schema/alert.json");
const RENEW: &str = "if the change is meant, `cargo xtask bless` renews the golden cases";

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = fs::read_dir(folder).expect("the golden cases");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

/// Replays a case with outputs in a folder; gives what goes to standard output.
fn replay(case: &Path, folder: &Path, more: &[&str]) -> String {
    let inputs = ["input.nmea.gz", "input.nmea"];
    let input = inputs.into_iter().find(|input| case.join(input).is_file()).expect("an input");
    let mut command = darkwake(case);
    command.args(["replay", input, "--out"]).arg(folder.join("alerts.jsonl"));
    command.arg("--stats").arg(folder.join("stats.json")).args(more);
    let done = command.output().expect("the program runs");
    assert!(done.status.success(), "{}: {}", case.display(), String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

fn alerts(case: &Path) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    replay(case, folder.path(), &[]);
    fs::read_to_string(folder.path().join("alerts.jsonl")).expect("alerts")
}

/// The line with the hashes of configuration and ports replaced: they change with files that change no alert.
fn mask(line: &str) -> String {
    let mut masked = line.to_owned();
    for key in ["\"config\":\"", "\"ports_file\":\""] {
        // Quotes within a text are escaped, so that no text can hold the key.
        let at = masked.rfind(key).expect("a hash") + key.len();
        masked.replace_range(at..at + 16, "................");
    }
    masked
}

#[test]
fn every_golden_case_gives_the_alerts_that_stand_beside_it() {
    let cases = cases();
    assert!(!cases.is_empty(), "no golden cases");
    for case in cases {
        let name = case.display();
        let golden = fs::read_to_string(case.join("alerts.jsonl")).unwrap_or_default();
        let now = alerts(&case);
        for (at, (golden, now)) in golden.lines().zip(now.lines()).enumerate() {
            let (golden, now) = (mask(golden), mask(now));
            assert!(
                golden == now,
                "{name}/alerts.jsonl:{} differs; {RENEW}\ngolden: {golden}\nnow:    {now}",
                at + 1
            );
        }
        let (before, after) = (golden.lines().count(), now.lines().count());
        let first = golden.lines().nth(after).or(now.lines().nth(before)).unwrap_or_default();
        assert_eq!(
            before, after,
            "{name}: golden alerts and those of now differ in number; {RENEW}\n{first}"
        );
    }
}

#[test]
fn facts_are_counted_as_they_are_told_whether_or_not_they_are_asked_for() {
    for case in cases() {
        let folder = tempfile::tempdir().expect("a folder");
        let counted = |more: &[&str]| {
            let told = replay(&case, folder.path(), more);
            let stats = fs::read_to_string(folder.path().join("stats.json")).expect("statistics");
            let stats: Value = serde_json::from_str(&stats).expect("JSON");
            (["silences", "visits", "hops"].map(|kind| stats[kind].as_u64().expect("a count")), told)
        };
        let (counts, told) = counted(&["--facts", "-"]);
        let of_kind = |kind: &str| {
            let head = format!("{{\"kind\":\"{kind}\"");
            told.lines().filter(|line| line.starts_with(&head)).count() as u64
        };
        assert_eq!(counts, ["silence", "visit", "hop"].map(of_kind), "{}", case.display());
        assert_eq!(counted(&[]).0, counts, "{}", case.display());
    }
}

#[test]
fn every_golden_alert_is_as_the_schema_says() {
    let schema: Value = serde_json::from_str(ALERT).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    for case in cases() {
        let golden = fs::read_to_string(case.join("alerts.jsonl")).expect("alerts");
        for (at, line) in golden.lines().enumerate() {
            let alert: Value = serde_json::from_str(line).expect("JSON");
            if let Err(error) = validator.validate(&alert) {
                panic!("{}:{}: {error} at {}\n{line}", case.display(), at + 1, error.instance_path());
            }
        }
    }
}

#[test]
fn every_golden_case_says_what_it_shows() {
    for case in cases() {
        let text = fs::read_to_string(case.join("README.md")).unwrap_or_default();
        assert!(!text.trim().is_empty(), "{} has no README.md", case.display());
    }
}
