//! Outputs as the programs that analysts use open them: GDAL, which is also QGIS's eye.

mod program;

use std::path::Path;
use std::process::Command;

use program::darkwake;
use serde_json::Value;

/// A layer as GDAL sees it, as GeoJSON lines.
fn features(file: &Path) -> Vec<Value> {
    let done = Command::new("ogr2ogr").args(["-f", "GeoJSONSeq", "/vsistdout/"]).arg(file).output();
    let done = done.unwrap_or_else(|error| panic!("ogr2ogr (GDAL): {error}"));
    let warnings = String::from_utf8_lossy(&done.stderr);
    // A table says nothing of its coordinates.
    let is_known = |line: &str| line.is_empty() || line.contains("No SRS set on layer");
    assert!(done.status.success() && warnings.lines().all(is_known), "{}: {warnings}", file.display());
    let text = String::from_utf8(done.stdout).unwrap();
    let lines = text.lines().map(|line| line.trim_start_matches('\u{1e}')).filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn alerts_of_a_day_are_a_file_of_a_folder_that_is_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rajin/input.nmea.gz");
    let replay = |arguments: &[&str]| {
        let done = darkwake(path).arg("replay").arg(&input).args(arguments).output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    assert_eq!(replay(&["--out", "whole.jsonl"]).0, Some(0));
    // Again in the place of what was there.
    for _ in 0..2 {
        assert_eq!(replay(&["--out", "days.jsonl", "--out", "days.parquet", "--by-day"]).0, Some(0));
    }
    let mut days: Vec<_> =
        std::fs::read_dir(path.join("days.jsonl")).unwrap().map(|day| day.unwrap().path()).collect();
    days.sort();
    assert!(days.len() >= 2, "{days:?}");
    let mut all: Vec<String> = Vec::new();
    for day in &days {
        let date = day.file_name().unwrap().to_str().unwrap().strip_prefix("day=").unwrap();
        let text = std::fs::read_to_string(day.join("part.jsonl")).unwrap();
        for line in text.lines() {
            let at = serde_json::from_str::<Value>(line).unwrap()["at"].as_i64().unwrap();
            assert_eq!(model::EventTime(at).to_iso()[..10], *date);
            all.push(line.to_owned());
        }
        assert!(path.join("days.parquet").join(day.file_name().unwrap()).join("part.parquet").is_file());
    }
    let whole = std::fs::read_to_string(path.join("whole.jsonl")).unwrap();
    let mut whole: Vec<String> = whole.lines().map(str::to_owned).collect();
    all.sort();
    whole.sort();
    assert!(all == whole);
    std::fs::create_dir(path.join("other.csv")).unwrap();
    std::fs::write(path.join("other.csv/mine"), "").unwrap();
    let (code, told) = replay(&["--out", "other.csv", "--by-day"]);
    assert_eq!(code, Some(2), "{told}");
    assert_eq!(replay(&["--out", "-", "--by-day"]).0, Some(2), "standard output is no folder");
    assert!(told.contains("is no folder of days") && path.join("other.csv/mine").exists(), "{told}");
}

#[test]
fn alerts_open_in_gdal_with_their_places_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rajin/input.nmea.gz");
    let outputs = ["alerts.jsonl", "alerts.geojson", "alerts.gpkg", "alerts.csv"];
    let mut command = darkwake(path);
    command.arg("replay").arg(&input);
    for name in outputs {
        command.args(["--out", name]);
    }
    assert!(command.output().unwrap().status.success());
    let text = std::fs::read_to_string(path.join("alerts.jsonl")).unwrap();
    let alerts: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(alerts.len() > 100);
    for name in &outputs[1..] {
        let found = features(&path.join(name));
        assert_eq!(found.len(), alerts.len(), "{name}");
        for (alert, feature) in alerts.iter().zip(&found) {
            let properties = &feature["properties"];
            for (column, value) in [
                ("id", &alert["id"]),
                ("kind", &alert["kind"]),
                ("explain", &alert["explain"]),
                ("name", &alert["vessel"]["name"]),
            ] {
                // A table has no null.
                let text = value.as_str().or((*name == "alerts.csv").then_some(""));
                assert_eq!(properties[column].as_str(), text, "{name}: {column}");
            }
            if *name != "alerts.csv" {
                assert_eq!(
                    (&properties["at"], &properties["mmsi"]),
                    (&alert["at"], &alert["vessel"]["mmsi"]),
                    "{name}"
                );
                assert_eq!(properties["score"].as_f64(), alert["score"].as_f64(), "{name}");
                assert_eq!(feature["geometry"], alert["where"], "{name}");
            }
        }
    }
    let info = Command::new("ogrinfo").args(["-al", "-so"]).arg(path.join("alerts.gpkg")).output().unwrap();
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    for wanted in ["Layer name: alerts", "WGS 84", "Geometry Column = place", "score: Real", "at: Integer64"]
    {
        assert!(info.contains(wanted), "{wanted}: {info}");
    }
    // Nothing half-written stays behind.
    let left = std::fs::read_dir(path).unwrap().count();
    assert_eq!(left, outputs.len());
}
