//! Case folders.

mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use program::darkwake;
use serde_json::Value;

fn input() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rajin/input.nmea.gz")
}

/// All alerts of a replay, as written.
fn replay(folder: &Path, arguments: &[&str]) -> Vec<(String, Value)> {
    let done = darkwake(folder).args(["replay", "--out", "-"]).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    text.lines().map(|line| (line.to_owned(), serde_json::from_str(line).unwrap())).collect()
}

fn explain(folder: &Path, id: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let done = darkwake(folder).args(["explain", id]).args(arguments).output().unwrap();
    (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The last dark alert of the ship of the story.
fn dark(alerts: &[(String, Value)]) -> &Value {
    let is_it = |alert: &&(String, Value)| alert.1["kind"] == "dark" && alert.1["vessel"]["imo"] == 9_179_842;
    &alerts.iter().rev().find(is_it).expect("ANGARA is told to be dark").1
}

#[test]
fn a_case_replays_to_the_same_bytes_and_says_what_was_decided() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::copy(input(), path.join("feed.nmea.gz")).unwrap();
    std::fs::write(
        path.join("darkwake.toml"),
        "[alerts]\nfacts = \"all\"\n[kafka.properties]\n\"sasl.password\" = \"hush\"\n[[watch.lists]]\nfile = \"lists/a.csv\"\n",
    )
    .unwrap();
    std::fs::create_dir(path.join("lists")).unwrap();
    std::fs::write(path.join("lists/a.csv"), "imo,name\n9179842,Angara\n").unwrap();
    let arguments = ["feed.nmea.gz", "--config", "darkwake.toml"];
    let all = replay(path, &arguments);
    let alert = dark(&all);
    let id = alert["id"].as_str().unwrap();
    let openssl =
        |arguments: &[&str]| Command::new("openssl").args(arguments).current_dir(path).output().unwrap();
    assert!(openssl(&["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]).status.success());
    assert!(openssl(&["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]).status.success());
    let (code, told) = explain(path, id, &[&arguments[..], &["--out", "case", "--key", "key.pem"]].concat());
    assert_eq!(code, Some(0), "{told}");
    let case = path.join("case");
    let mmsi = &alert["vessel"]["mmsi"];
    let of_ship: String = all
        .iter()
        .filter(|(_, alert)| alert["vessel"]["mmsi"] == *mmsi)
        .map(|(line, _)| format!("{line}\n"))
        .collect();
    assert!(of_ship.lines().count() > 20);
    assert_eq!(read(case.join("ship.jsonl")), of_ship);
    // Somewhere else, with the feed gone.
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::rename(&case, elsewhere.path().join("evidence")).unwrap();
    std::fs::remove_file(path.join("feed.nmea.gz")).unwrap();
    let case = elsewhere.path().join("evidence");
    let replayed = Command::new("sh")
        .arg(case.join("replay.sh"))
        .env("DARKWAKE", env!("CARGO_BIN_EXE_darkwake"))
        .current_dir("/")
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{replayed:?}");
    let sums =
        Command::new("sha256sum").args(["-c", "--quiet", "MANIFEST.sha256"]).current_dir(&case).output();
    assert!(sums.unwrap().status.success());
    let (key, manifest, signature) =
        (path.join("key.pub"), case.join("MANIFEST.sha256"), case.join("MANIFEST.sig"));
    let verify = |signature: &Path| {
        let paths = [&key, &manifest].map(|path| path.to_str().unwrap());
        let arguments =
            ["pkeyutl", "-verify", "-pubin", "-inkey", paths[0], "-rawin", "-in", paths[1], "-sigfile"];
        openssl(&[&arguments[..], &[signature.to_str().unwrap()]].concat()).status.success()
    };
    assert!(verify(&signature));
    let mut bytes = std::fs::read(&signature).unwrap();
    bytes[0] ^= 1;
    std::fs::write(path.join("other.sig"), bytes).unwrap();
    assert!(!verify(&path.join("other.sig")));
    // Each message that the ship is judged by stands there.
    let lines = read(case.join("lines.txt"));
    for input in alert["inputs"].as_array().unwrap() {
        assert!(lines.contains(&format!("{}: ", input.as_str().unwrap())), "{input}");
    }
    assert!(!read(case.join("darkwake.toml")).contains("hush"), "what is secret is nobody's business");
    let text = read(case.join("README.md"));
    assert!(
        text.contains(alert["explain"].as_str().unwrap()) && text.contains("could have called"),
        "{text}"
    );
    let map: Value = serde_json::from_str(&read(case.join("map.geojson"))).unwrap();
    assert!(
        map["features"].as_array().unwrap().iter().any(|one| one["properties"]["port"] == "KPRJN"),
        "{map:#}"
    );
}

#[test]
fn a_case_can_be_made_of_a_recorded_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let feed = input();
    let all = replay(path, &[feed.to_str().unwrap(), "--record", "whole"]);
    let id = dark(&all)["id"].as_str().unwrap();
    let (code, told) = explain(path, id, &["whole"]);
    assert_eq!(code, Some(0), "{told}");
    let case = path.join(format!("case-{id}"));
    assert_eq!(read(case.join("lines.txt")), "", "a log has no lines");
    assert!(read(case.join("README.md")).contains("no lines can be read again"));
    let accepted = |log: &Path| {
        replay(path, &[log.to_str().unwrap(), "--stats", "stats.json"]);
        let stats: Value = serde_json::from_str(&read(path.join("stats.json"))).unwrap();
        stats["accepted"].as_u64().unwrap()
    };
    let (of_case, of_all) = (accepted(&case.join("log")), accepted(&path.join("whole")));
    assert!((1..of_all / 10).contains(&of_case), "{of_case} reports of {of_all}");
}

#[test]
fn what_cannot_be_explained_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let feed = input();
    let feed = feed.to_str().unwrap();
    for (id, arguments, code, told) in [
        ("xyz", &[feed][..], 2, "no id of an alert"),
        ("0123456789abcdef", &[feed][..], 1, "no alert 0123456789abcdef comes of this"),
        ("0123456789abcdef", &["-"][..], 2, "more than once"),
        ("0123456789abcdef", &[feed, "--key", feed][..], 2, "no Ed25519 key"),
        ("0123456789abcdef", &[feed, "--out", "."][..], 2, "is there already"),
        ("0123456789abcdef", &[feed, "--start", "2023-10-01"][..], 2, "a time of their own"),
    ] {
        let (found, said) = explain(path, id, arguments);
        assert!(found == Some(code) && said.contains(told), "{id}: {found:?} {said}");
    }
    assert_eq!(std::fs::read_dir(path).unwrap().count(), 0);
}
