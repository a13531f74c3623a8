//! A replay that is interrupted again and again, and killed, and goes on each time, gives the bytes of one that was not.
#![cfg(target_os = "linux")]

mod program;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use program::darkwake;
use serde_json::Value;

/// What is compared.
const OUTPUTS: [&str; 4] = ["--out", "--facts", "--stats", "--report"];

fn file(name: &str, output: &str) -> String {
    format!("{name}{output}.{}", if output == "--report" { "html" } else { "jsonl" })
}

fn replay(folder: &Path, inputs: &[&str], name: &str) -> Command {
    let mut command = darkwake(folder);
    command.arg("replay").args(inputs).args(["--shards", "2"]);
    for output in OUTPUTS {
        command.arg(output).arg(file(name, output));
    }
    command
}

/// Waits until the program has one of the inputs open; `false` if it has ended.
fn reads(child: &mut Child, folder: &Path, inputs: &[&str]) -> bool {
    let folder = folder.canonicalize().unwrap();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let open = std::fs::read_dir(format!("/proc/{}/fd", child.id())).into_iter().flatten().flatten();
        let mut files = open.filter_map(|file| std::fs::read_link(file.path()).ok());
        if files.any(|file| inputs.iter().any(|input| file == folder.join(input))) {
            return true;
        }
        std::thread::yield_now();
    }
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Without what no two runs have in common.
fn content(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let Ok(Value::Object(mut stats)) = serde_json::from_str::<Value>(&text) else {
        // The report names the command that made it.
        let differs = |line: &&str| !line.contains("--out");
        return text.lines().filter(differs).collect::<Vec<_>>().join("\n");
    };
    stats.retain(|name, _| !["elapsed_ms", "reports_per_second", "peak_rss_bytes"].contains(&name.as_str()));
    Value::Object(stats).to_string()
}

fn survives(folder: &Path, inputs: &[&str]) {
    let done = replay(folder, inputs, "whole").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut resumed = 0;
    for turn in 0..24 {
        let mut command = replay(folder, inputs, "cut");
        command.arg("--resume").stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let is_at_work = reads(&mut child, folder, inputs);
        // Every fourth is killed; what the one before wrote down stands.
        let is_killed = turn % 4 == 3;
        if is_at_work && turn < 23 {
            signal(&child, if is_killed { "-KILL" } else { "-INT" });
        }
        let done = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        resumed += usize::from(told.contains("goes on where it was"));
        match done.status.code() {
            Some(0) => break,
            Some(130) => assert!(folder.join("cut--out.jsonl.resume/checkpoint").exists()),
            code => assert!(is_killed && code.is_none(), "{code:?}: {told}"),
        }
    }
    assert!(resumed > 2, "it went on {resumed} times only");
    assert!(!folder.join("cut--out.jsonl.resume").exists());
    for output in OUTPUTS {
        let [whole, cut] = ["whole", "cut"].map(|name| content(&folder.join(file(name, output))));
        assert!(whole == cut, "{output} differs");
    }
}

/// Rows of ships that steam east, some of them silent for a while.
fn table(by_ship: bool) -> String {
    let mut rows: Vec<(i64, i64)> =
        (0..60).flat_map(|ship| (0..1_500).map(move |minute| (ship, minute))).collect();
    rows.retain(|(ship, minute)| !(400..500 + ship * 5).contains(minute));
    if !by_ship {
        rows.sort_by_key(|(ship, minute)| (*minute, *ship));
    }
    let mut text = "MMSI,BaseDateTime,LAT,LON,SOG,COG\n".to_owned();
    for (ship, minute) in rows {
        let (day, hour) = (1 + minute / 1_440, minute / 60 % 24);
        let lon = 130.0 + minute as f64 * 0.002;
        let lat = 36.0 + ship as f64 * 0.05;
        // Some rows are none.
        let lon = if (ship + minute) % 997 == 0 { "east".to_owned() } else { format!("{lon:.5}") };
        writeln!(
            text,
            "{},2023-10-{day:02}T{hour:02}:{:02}:00,{lat:.5},{lon},6.2,90",
            273_000_001 + ship,
            minute % 60
        )
        .unwrap();
    }
    text
}

#[test]
fn sentences_in_several_files_one_after_the_other_and_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let made = darkwake(path).args(["generate", "rajin", "--seed", "1", "--out", "feed.nmea"]).output();
    assert!(made.unwrap().status.success());
    let feed = std::fs::read_to_string(path.join("feed.nmea")).unwrap();
    let lines: Vec<&str> = feed.split_inclusive('\n').collect();
    let parts: Vec<&[&str]> = lines.chunks(lines.len().div_ceil(3)).collect();
    std::fs::write(path.join("a.nmea"), parts[0].concat()).unwrap();
    std::fs::write(path.join("b.nmea"), parts[1].concat()).unwrap();
    let (even, odd): (Vec<_>, Vec<_>) = parts[2].iter().enumerate().partition(|(at, _)| at % 2 == 0);
    std::fs::write(path.join("c.nmea"), even.iter().map(|(_, line)| **line).collect::<String>()).unwrap();
    std::fs::write(path.join("d.nmea"), odd.iter().map(|(_, line)| **line).collect::<String>()).unwrap();
    survives(path, &["a.nmea", "b.nmea", "c.nmea", "d.nmea"]);
}

#[test]
fn tables_in_order_and_out_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("rows.csv"), table(false)).unwrap();
    survives(path, &["rows.csv"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.csv"), table(true)).unwrap();
    survives(folder.path(), &["rows.csv"]);
}

#[test]
fn what_is_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("rows.csv"), table(false)).unwrap();
    let mut child = replay(path, &["rows.csv"], "cut").arg("--resume").stderr(Stdio::null()).spawn().unwrap();
    assert!(reads(&mut child, path, &["rows.csv"]));
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let told = |command: &mut Command| {
        let done = command.output().unwrap();
        assert_eq!(done.status.code(), Some(2));
        String::from_utf8(done.stderr).unwrap()
    };
    let other =
        told(replay(path, &["rows.csv"], "cut").args(["--resume", "--since", "2023-10-01T01:00:00Z"]));
    assert!(other.contains("is of other inputs, options or another version"), "{other}");
    let nowhere = told(darkwake(path).args(["replay", "rows.csv", "--facts", "-", "--resume"]));
    assert!(nowhere.contains("--resume needs an output that is a file"), "{nowhere}");
    let pipe = told(darkwake(path).args(["replay", "-", "--facts", "facts.jsonl", "--resume"]));
    assert!(pipe.contains("--resume is for files"), "{pipe}");
}
