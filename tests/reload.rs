//! Ports and watch rules that are taken up while it runs: nothing is lost, nothing told twice, and a replay of the log gives
//! the same bytes.

#[path = "program/feed.rs"]
mod feed;
mod program;
#[path = "program/said.rs"]
mod said;

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{ChildStderr, Command, Stdio};

use feed::{Revisions, Watched, after, difference, revisions};
use program::darkwake;
use said::{connect, free_port};
use serde_json::Value;

/// The ship that lies at a berth without a word.
const SHIP: u32 = 273_000_201;

fn golden() -> Vec<String> {
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/withheld_and_berth/input.nmea");
    let lines: Vec<String> = std::fs::read_to_string(input).unwrap().lines().map(str::to_owned).collect();
    [lines.clone(), after(&lines)].concat()
}

type Place = (&'static str, f64, f64);
const BERTH: Place = ("BERTH", 133.05, 42.735);
const OTHER: Place = ("OTHER", 10.0, 57.0);
const NEW: Place = ("NEW", 133.0, 42.5);

fn write_ports(folder: &Path, ids: &[Place]) {
    let features: Vec<Value> = ids
        .iter()
        .map(|(id, lon, lat)| {
            serde_json::json!({
                "type": "Feature",
                "geometry": { "type": "Point", "coordinates": [lon, lat] },
                "properties": { "id": id, "name": format!("Port {id}"), "country": "RU", "kind": "port", "radius_km": 2 },
            })
        })
        .collect();
    let file = serde_json::json!({ "type": "FeatureCollection", "features": features });
    std::fs::write(folder.join("ports.geojson"), file.to_string()).unwrap();
}

fn config(port: u16, more: &str) -> String {
    format!(
        "[ports]\nfiles = [\"ports.geojson\"]\n[live]\nstate = \"state\"\nsnapshot_interval = \"1s\"\n{more}\n\
         [[live.sources]]\nname = \"a\"\ntype = \"tcp-listen\"\naddress = \"127.0.0.1:{port}\"\n\
         [[live.sinks]]\ntype = \"file\"\npath = \"live.jsonl\"\n"
    )
}

const LISTED: &str = "[[watch.ships]]\nlist = \"desk\"\nname = \"ONE\"\nmmsi = [{ mmsi = 273000201 }]\nseverity = \"critical\"\n";

/// A program that runs, and what it says.
struct Run {
    watched: Watched,
    talk: BufReader<ChildStderr>,
}

impl Run {
    fn start(folder: &Path, record: &str) -> Run {
        let mut command = darkwake(folder);
        command.args(["run", "--config", "darkwake.toml", "--record", record]).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let talk = BufReader::new(child.stderr.take().unwrap());
        Run { watched: Watched::new(child), talk }
    }

    fn wait_for(&mut self, text: &str) -> String {
        said::wait_for(&mut self.talk, text)
    }

    /// Asks it to take up what has changed.
    fn hang_up(&self) {
        let pid = self.watched.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    }
}

fn send(stream: &mut TcpStream, lines: &[String]) {
    stream.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
}

/// Waits until so many alerts are written.
fn wait_for_alerts(path: &Path, count: usize) {
    let began = std::time::Instant::now();
    let told = || std::fs::read_to_string(path).unwrap_or_default().lines().count();
    while told() < count {
        assert!(began.elapsed().as_secs() < 60, "{} alerts of {count}", told());
        std::thread::yield_now();
    }
}

fn replay(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = darkwake(folder);
    command.args(["replay"]).args(arguments).args(["--out", "again.jsonl"]);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read(folder.join("again.jsonl")).unwrap()
}

/// Without what names configuration and ports.
fn told(text: &str) -> Revisions {
    revisions(text.lines())
}

fn ports_hash(alert: &str) -> String {
    let alert: Value = serde_json::from_str(alert).unwrap();
    alert["ports_file"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_taken_up_holds_from_there_on_and_a_replay_of_the_log_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let lines = golden();
    let port = free_port();
    write_ports(path, &[OTHER, BERTH]);
    std::fs::write(path.join("darkwake.toml"), config(port, "")).unwrap();
    let mut run = Run::start(path, "log");
    let mut stream = connect(port);
    let (before, rest) = lines.split_at(lines.len() * 6 / 10);
    send(&mut stream, before);
    let live = path.join("live.jsonl");
    wait_for_alerts(&live, 2);

    // What is wrong changes nothing.
    std::fs::write(path.join("ports.geojson"), "{\"type\":\"Polygon\"}").unwrap();
    run.hang_up();
    run.wait_for("all stays as it was");
    // What can be taken up only by a restart says so; ports keep their numbers wherever they stand in the file.
    write_ports(path, &[NEW, BERTH]);
    std::fs::write(path.join("darkwake.toml"), config(port, "reload_interval = \"100ms\"") + LISTED).unwrap();
    run.hang_up();
    assert!(run.wait_for("restart only").contains("[live]"));
    run.wait_for("hold from here on");
    send(&mut stream, rest);
    drop(stream);
    wait_for_alerts(&live, 8);
    assert_eq!(run.watched.interrupt(), Some(130));

    let all = std::fs::read_to_string(&live).unwrap();
    assert!(told(&all).len() >= 8);
    // Ships that nothing was taken up for are told of as if nothing had been.
    let undisturbed: Revisions = feed::replay(path, &lines)
        .into_iter()
        .filter(|(_, alert)| alert.contains("position.withheld"))
        .collect();
    assert_eq!(undisturbed.len(), 2);
    assert_eq!(difference(&undisturbed, &told(&all)), None);
    let hashes: Vec<String> = all.lines().map(ports_hash).collect();
    let switch = hashes.iter().position(|hash| *hash != hashes[0]).unwrap();
    assert!(hashes[switch..].iter().all(|hash| *hash == hashes[switch]));
    let is_listed = |text: &str| -> Vec<bool> {
        let of_ship = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of_ship = of_ship.filter(|alert| alert["vessel"]["mmsi"] == SHIP);
        of_ship.map(|alert| alert["vessel"]["listed_as"][0] == "desk: ONE").collect()
    };
    let all_told = is_listed(&all);
    let since = all.lines().skip(switch).collect::<Vec<_>>().join("\n");
    let since = is_listed(&since);
    assert!(!since.is_empty() && since.iter().all(|is_listed| *is_listed), "{since:?}");
    assert!(all_told[..all_told.len() - since.len()].iter().all(|is_listed| !*is_listed), "{all_told:?}");
    for shards in ["1", "3"] {
        let again = replay(path, &["log", "--shards", shards]);
        assert!(again == all.as_bytes(), "with {shards} shards");
    }
    // Whoever asks for the rules of now has them for all of it.
    let now = replay(path, &["log", "--config", "darkwake.toml"]);
    let now = String::from_utf8(now).unwrap();
    assert!(is_listed(&now).iter().all(|is_listed| *is_listed));
}

#[test]
fn files_that_change_are_noticed_and_what_was_changed_while_it_was_down_is_an_entry_of_the_log_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let lines = golden();
    let port = free_port();
    write_ports(path, &[OTHER, BERTH]);
    let interval = "reload_interval = \"100ms\"";
    std::fs::write(path.join("darkwake.toml"), config(port, interval)).unwrap();
    let live = path.join("live.jsonl");
    let mut run = Run::start(path, "log");
    let parts: Vec<&[String]> = lines.chunks(lines.len().div_ceil(3)).collect();
    let mut stream = connect(port);
    send(&mut stream, parts[0]);
    send(&mut stream, parts[1]);
    wait_for_alerts(&live, 1);
    write_ports(path, &[NEW, BERTH, OTHER]);
    run.wait_for("hold from here on");
    drop(stream);
    assert_eq!(run.watched.interrupt(), Some(130));
    // While it is down the port of the first place goes.
    write_ports(path, &[BERTH]);
    let run = Run::start(path, "log-2");
    send(&mut connect(port), parts[2]);
    wait_for_alerts(&live, 8);
    assert_eq!(run.watched.interrupt(), Some(130));
    let all = std::fs::read_to_string(&live).unwrap();
    // The berth is the same port, whatever its number in the file.
    let of_berth: Vec<Value> = all
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|alert| alert["vessel"]["mmsi"] == SHIP && alert["kind"] == "dark")
        .collect();
    assert!(of_berth.len() > 2);
    assert!(of_berth.iter().all(|alert| alert["cause"] == "berth"));
    let hashes: std::collections::BTreeSet<String> = all.lines().map(ports_hash).collect();
    assert!(hashes.len() >= 2, "{hashes:?}");
    assert_eq!(told(&all).len(), all.lines().count());
}
