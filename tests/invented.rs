//! Invented ships: however many MMSIs somebody makes up, memory stays within the limit and real ships stay known. A million
//! of them; ten million with `DARKWAKE_SOAK=1`.

mod program;

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;

use program::darkwake;
use serde_json::Value;
use sim::encode::{Channel, PositionA, sentences, tag_block};
use sim::random::hash;
use sim::sphere::Position;

/// Ships remembered in all.
const LIMIT: u64 = 50_000;
/// Ships that sail on while others are made up.
const REAL: u32 = 200;
/// They report this often.
const EVERY_S: i64 = 60;
/// The time of the first report.
const START_S: i64 = 1_700_000_000;

fn line(mmsi: u32, (lon, lat): (f64, f64), second: i64) -> String {
    let position = Position { lon, lat };
    let report = PositionA {
        mmsi,
        status: Some(0),
        position: Some(position),
        speed_kn: Some(0.1),
        ..PositionA::default()
    };
    let sentence = sentences(&report.encode(), "AIVDM", Channel::A, 0).remove(0);
    format!("{}{sentence}\n", tag_block(&[("s", "a"), ("c", &second.to_string())]))
}

/// Replays the real ships with so many made-up ones between their reports; their facts, and the statistics.
fn replay(folder: &Path, invented: u64) -> (Vec<String>, Value) {
    std::fs::write(folder.join("darkwake.toml"), format!("[limits]\nships = {LIMIT}\n")).unwrap();
    let mut command = darkwake(folder);
    command.args(["replay", "-", "--config", "darkwake.toml", "--facts", "facts.jsonl"]);
    command.args(["--stats", "stats.json", "--shards", "1"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = BufWriter::new(child.stdin.take().unwrap());
    // Ten hours, in which each real ship lies in Rajin, leaves hearing for six, and lies there again.
    let rounds = 10 * 3_600 / EVERY_S;
    for round in 0..rounds {
        let second = START_S + round * EVERY_S;
        for ship in 0..REAL {
            let is_silent = (rounds / 5..rounds * 4 / 5).contains(&round) && ship % 2 == 0;
            if !is_silent {
                let place = (130.28 + f64::from(ship) * 0.000_1, 42.23);
                input.write_all(line(273_000_000 + ship, place, second).as_bytes()).unwrap();
            }
        }
        for n in invented * round as u64 / rounds as u64..invented * (round as u64 + 1) / rounds as u64 {
            // Far from any port: what they do is no fact.
            let random = hash(&[n]);
            let mmsi = 200_000_000 + (random % 70_000_000) as u32;
            let place =
                (170.0 + (random >> 32 & 0xFF) as f64 / 50.0, 20.0 + (random >> 40 & 0xFF) as f64 / 50.0);
            input.write_all(line(mmsi, place, second).as_bytes()).unwrap();
        }
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    let facts = std::fs::read_to_string(folder.join("facts.jsonl")).unwrap();
    let is_real = |fact: &&str| fact.contains("\"mmsi\":2730");
    let facts = facts.lines().filter(is_real).map(str::to_owned).collect();
    let stats = std::fs::read_to_string(folder.join("stats.json")).unwrap();
    (facts, serde_json::from_str(&stats).unwrap())
}

#[test]
fn invented_ships_fill_no_memory_and_push_out_no_real_one() {
    let is_long = std::env::var("DARKWAKE_SOAK").is_ok_and(|soak| soak == "1");
    let invented = if is_long { 10_000_000 } else { 1_000_000 };
    let folder = tempfile::tempdir().unwrap();
    let (alone, _) = replay(folder.path(), 0);
    // A silence and visits of each that was silent, a visit of each other one.
    assert!(alone.len() >= (REAL as usize) * 3 / 2, "{}", alone.len());
    let (few_facts, few) = replay(folder.path(), invented / 10);
    let (many_facts, many) = replay(folder.path(), invented);
    assert_eq!(few_facts, alone);
    assert_eq!(many_facts, alone);
    // The limit is a bucket's, and buckets are filled unevenly at first.
    assert!(many["vessels"].as_u64().unwrap() <= LIMIT + 256, "{}", many["vessels"]);
    let peak = |stats: &Value| stats["peak_rss_bytes"].as_u64();
    if let (Some(few), Some(many)) = (peak(&few), peak(&many)) {
        assert!(many < few + (64 << 20), "{few} bytes with {}, {many} with {invented}", invented / 10);
    }
}
