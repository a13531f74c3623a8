//! The report of a replay: its data are those of the other outputs, the same in every run, whatever is asked for beside it.

mod program;

use std::collections::BTreeMap;
use std::path::Path;

use program::darkwake;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Replays the golden Rajin feed with a report; the folder has a copy of the feed.
fn replay(folder: &Path, options: &[&str]) -> Value {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rajin/input.nmea.gz");
    std::fs::copy(golden, folder.join("feed.nmea.gz")).unwrap();
    let done = darkwake(folder)
        .args(["replay", "feed.nmea.gz", "--report", "report.html"])
        .args(options)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    data(&std::fs::read_to_string(folder.join("report.html")).unwrap())
}

/// What stands in a report.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn list<'a>(data: &'a Value, name: &str) -> &'a Vec<Value> {
    data[name].as_array().unwrap()
}

#[test]
fn a_report_has_what_the_other_outputs_have() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let data = replay(path, &["--out", "alerts.jsonl", "--facts", "facts.jsonl", "--stats", "stats.json"]);
    let told = lines(&path.join("alerts.jsonl"));
    let last: BTreeMap<&str, &Value> =
        told.iter().map(|alert| (alert["id"].as_str().unwrap(), alert)).collect();
    assert!(last.len() > 20);
    assert_eq!(list(&data, "alerts").len(), last.len());
    for alert in list(&data, "alerts") {
        let expected = last[alert["id"].as_str().unwrap()];
        for key in
            ["revision", "kind", "status", "grade", "cause", "score", "severity", "start", "end", "explain"]
        {
            assert_eq!(alert[key], expected[key], "{key} of {}", alert["id"]);
        }
        let ship = alert["ship"].as_u64().map_or(&Value::Null, |ship| &data["ships"][ship as usize]);
        assert_eq!(ship["track"], expected["vessel"]["track"]);
    }
    let revisions: u64 = list(&data, "kinds").iter().map(|kind| kind["revisions"].as_u64().unwrap()).sum();
    assert_eq!(revisions, told.len() as u64);

    let facts = lines(&path.join("facts.jsonl"));
    let hops: Vec<&Value> = facts.iter().filter(|fact| fact["kind"] == "hop").collect();
    assert_eq!(list(&data, "hops").len(), hops.len());
    let key = |hop: &Value, departure: &Value| {
        (hop["from"].to_string(), hop["to"].to_string(), departure.to_string())
    };
    let mut expected: Vec<_> = hops.iter().map(|hop| key(hop, &hop["departure"]["t"])).collect();
    let mut found: Vec<_> = list(&data, "hops").iter().map(|hop| key(hop, &hop["departure"])).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    // Dark hops come first, each with its alert.
    let dark = last.values().filter(|alert| {
        alert["kind"] == "hop.dark" && alert["status"] != "retracted" && !alert["ports"]["to"].is_null()
    });
    let dark = dark.count();
    assert!(dark > 0 && list(&data, "hops")[..dark].iter().all(|hop| hop["alert"].is_u64()));
    assert_eq!(list(&data, "hops").iter().filter(|hop| hop["alert"].is_u64()).count(), dark);

    let stats = &lines(&path.join("stats.json"))[0];
    for name in ["lines", "accepted", "rejected", "vessels", "silences", "visits", "hops"] {
        assert_eq!(data["stats"][name], stats[name], "{name}");
    }
    assert!(data["stats"]["elapsed_ms"].is_null());
    let feed = std::fs::read(path.join("feed.nmea.gz")).unwrap();
    let hash: String = Sha256::digest(&feed).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(data["inputs"][0]["sha256"], hash);
    assert_eq!(data["inputs"][0]["bytes"], feed.len());
    assert_eq!((&data["config"], &data["ports_file"]), (&told[0]["config"], &told[0]["ports_file"]));
}

#[test]
fn ships_with_alerts_have_a_row_and_a_track_and_all_lies_in_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let data = replay(folder.path(), &[]);
    let concerned = list(&data, "rows").len();
    assert!(concerned > 0);
    assert_eq!(list(&data, "tracks").len(), concerned);
    let side = |at: usize| data["window"][at].as_f64().unwrap();
    let (start, end) = (data["period"][0].as_i64().unwrap(), data["period"][1].as_i64().unwrap());
    for (row, track) in list(&data, "rows").iter().zip(list(&data, "tracks")) {
        assert_eq!(row["ship"], track["ship"]);
        let steps: Vec<i64> =
            track["points"].as_array().unwrap().iter().map(|step| step.as_i64().unwrap()).collect();
        let mut at = [0, 0, 0];
        for step in steps.chunks(3) {
            let before = at[0];
            at = [at[0] + step[0], at[1] + step[1], at[2] + step[2]];
            assert!(at[0] > before, "a track goes on in time");
            let (lon, lat) = (at[1] as f64 / 10_000.0, at[2] as f64 / 10_000.0);
            assert!(side(0) < lon && lon < side(2) && side(1) < lat && lat < side(3), "{lon} {lat}");
        }
        assert!(at[0] * 1_000 <= end && row["heard"][0].as_i64().unwrap() >= start);
    }
    assert!(!data["coast"]["rings"].as_array().unwrap().is_empty());
    for alert in list(&data, "alerts") {
        for candidate in list(alert, "candidates") {
            assert!(data["ports"][candidate["port"].as_str().unwrap()]["name"].is_string());
        }
    }
}

#[test]
fn the_number_of_shards_and_a_record_change_nothing_but_the_command() {
    let reports: Vec<Value> = [&["--shards", "1"][..], &["--shards", "3", "--record", "log"]]
        .iter()
        .map(|options| {
            let folder = tempfile::tempdir().unwrap();
            let mut data = replay(folder.path(), options);
            assert!(data["command"].take().as_str().unwrap().starts_with("darkwake replay feed.nmea.gz"));
            data
        })
        .collect();
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn what_has_nothing_to_tell_has_a_report_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let line = r"\s:rNJK,c:1696118402*07\!AIVDM,1,1,,A,15@SChm000aPHKlHOqU6F2441PoG,0*31";
    std::fs::write(path.join("feed.nmea"), format!("{line}\n")).unwrap();
    let done = darkwake(path).args(["replay", "feed.nmea", "--report", "-"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let page = String::from_utf8(done.stdout).unwrap();
    let data = data(&page);
    assert!(list(&data, "alerts").is_empty() && list(&data, "cells").is_empty());
    assert_eq!(data["stats"]["lines"], 1);
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
}
