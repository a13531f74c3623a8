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

#[test]
fn an_output_in_the_place_of_an_input_or_of_another_output_is_refused_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir_all(path.join("feed/days.csv/day=2023-10-01")).unwrap();
    let header = "MMSI,BaseDateTime,LAT,LON\n";
    let rows = format!("{header}273000001,2023-10-01T00:00:00,42.2,130.3\n");
    let config = "[ports]\nfiles = [\"harbours.jsonl\"]\n[[watch.lists]]\nfile = \"list.csv\"\n";
    let written = [
        ("feed/a.csv", rows.as_str()),
        ("feed/b.csv.part", rows.as_str()),
        ("feed/days.csv/day=2023-10-01/part.csv", rows.as_str()),
        ("seen.csv", "time,lat,lon\n2023-10-01T00:00:00Z,42.2,130.3\n"),
        ("ports.json", "{}"),
        ("list.csv", "imo\n9000003\n"),
        ("darkwake.toml", config),
    ];
    for (name, text) in written {
        std::fs::write(path.join(name), text).unwrap();
    }
    std::os::unix::fs::symlink("a.csv", path.join("feed/link.csv")).unwrap();
    for (arguments, wanted) in [
        (
            &["feed/a.csv", "--facts", "feed/a.csv"][..],
            "--facts would be in the place of the input feed/a.csv",
        ),
        (&["feed", "--facts", "feed/../feed/a.csv"], "in the place of the input feed/a.csv"),
        (&["feed/*.csv", "--tracks", "feed/a.csv"], "--tracks would be in the place of the input feed/a.csv"),
        (&["feed/a.csv", "--stats", "feed/link.csv"], "--stats would be in the place of the input"),
        (&["feed/b.csv.part", "--out", "feed/b.csv"], "--out would be in the place of the input"),
        (&["feed", "--facts", "feed/days.csv", "--by-day"], "in the place of the input feed/days.csv/day="),
        (
            &["feed/a.csv", "--sightings", "seen.csv", "--out", "seen.csv"],
            "the place of --sightings seen.csv",
        ),
        (&["feed/a.csv", "--ports", "ports.json", "--out", "ports.json"], "the place of --ports ports.json"),
        (&["feed/a.csv", "--config", "darkwake.toml", "--stats", "darkwake.toml"], "the place of --config"),
        (&["feed/a.csv", "--config", "darkwake.toml", "--out", "list.csv"], "the place of the watch list"),
        (
            &["feed/a.csv", "--config", "darkwake.toml", "--out", "harbours.jsonl"],
            "the place of the port file",
        ),
        (&["feed", "--record", "feed"], "--record would be in the place of the input feed"),
        (
            &["feed/a.csv", "--facts", "x.csv", "--out", "./x.csv"],
            "--facts would be in the place of --out ./x.csv",
        ),
        (
            &["feed/a.csv", "--sightings", "feed/b.csv", "--matches", "feed/b.csv"],
            "--matches would be in the place",
        ),
        (&["feed/a.csv", "--facts", "x.csv", "--facts", "x.csv"], "in the place of --facts x.csv"),
        (&["feed/a.csv", "--facts", "x.csv", "--stats", "x.csv.part"], "in the place of --facts x.csv"),
        (
            &["feed/a.csv", "--facts", "x.csv", "--by-day", "--stats", "x.csv/stats.json"],
            "--stats would be in the place of --facts x.csv",
        ),
    ] {
        let done = darkwake(path).arg("replay").args(arguments).output().unwrap();
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(wanted), "{arguments:?}: {told}");
        for (name, text) in written {
            assert_eq!(std::fs::read_to_string(path.join(name)).unwrap(), text, "{arguments:?}: {name}");
        }
    }
    // A folder that is read may hold outputs, and standard output and devices take more than one.
    for arguments in [
        &["feed/a.csv", "--facts", "feed/facts.jsonl"][..],
        &["feed/*a.csv", "--facts", "-", "--stats", "-"],
        &["feed/a.csv", "--stats", "/dev/null", "--report", "/dev/null"],
    ] {
        let done = darkwake(path).arg("replay").args(arguments).output().unwrap();
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {told}");
    }
}

#[test]
fn an_output_that_cannot_be_written_and_options_of_no_use_are_told_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir_all(path.join("there.csv/mine")).unwrap();
    std::fs::write(path.join("file.csv"), "").unwrap();
    for (arguments, wanted) in [
        (&["--facts", "absent/facts.csv"][..], "there is no folder absent; make it first"),
        (&["--facts", "there.csv"], "there.csv: is a folder; give a file"),
        (&["--stats", "there.csv"], "there.csv: is a folder; give a file"),
        (&["--out", "days.csv", "--facts", "there.csv", "--by-day"], "is no folder of days"),
        (&["--out", "file.csv", "--by-day"], "is no folder of days"),
        (&["--by-day"], "--by-day needs --out, --facts or --tracks"),
        (&["--by-day", "--stats", "stats.json"], "--by-day needs --out, --facts or --tracks"),
        (&["--final", "--facts", "facts.csv"], "--final is of alerts"),
        (&["--since", "2023-10-02T00:00:00Z", "--until", "2023-10-02T00:00:00Z"], "is not before --until"),
    ] {
        // The input is absent: that would be told first if it were read first.
        let done = darkwake(path).args(["replay", "absent.nmea"]).args(arguments).output().unwrap();
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(wanted), "{arguments:?}: {told}");
    }
    // Nothing is left behind, and no folder is begun.
    assert_eq!(std::fs::read_dir(path).unwrap().count(), 2);
}
