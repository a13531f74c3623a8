//! `darkwake run` on a real Kafka broker.

#[path = "kafka/broker.rs"]
mod broker;
mod program;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use broker::Broker;
use program::darkwake;
use serde_json::Value;
use sim::encode::{BaseStation, Channel, sentences, tag_block};

/// Partitions of the topic of alerts.
const ALERT_PARTITIONS: i32 = 3;

/// Lines of a scenario as a network of receivers delivers them.
fn generate(folder: &Path, scenario: &str) -> Vec<String> {
    let done = darkwake(folder).args(["generate", scenario, "--seed", "1", "--out", "feed.nmea"]).output();
    assert!(done.unwrap().status.success());
    std::fs::read_to_string(folder.join("feed.nmea")).unwrap().lines().map(str::to_owned).collect()
}

fn replay(folder: &Path) -> Vec<String> {
    let done = darkwake(folder).args(["replay", "feed.nmea", "--out", "alerts.jsonl"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read_to_string(folder.join("alerts.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

/// The station that heard each line: `s:` of its TAG block, or of that of the sentence before it.
fn stations(lines: &[String]) -> Vec<&str> {
    let mut station = "";
    let of = |line: &String| {
        let start = line.find("\\s:")? + 3;
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

/// The time of a line in seconds: `c:` of its TAG block.
fn second(line: &str) -> Option<i64> {
    let tags = line.strip_prefix('\\').and_then(|rest| rest.split('\\').next())?;
    tags.split([',', '*']).find_map(|field| field.strip_prefix("c:"))?.parse().ok()
}

/// Revisions by alert and number, without what tells where the reports were read.
fn revisions<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<(String, u64), String> {
    let mut revisions = BTreeMap::new();
    for line in lines {
        let mut alert: Value = serde_json::from_str(line).unwrap();
        let key = (alert["id"].as_str().unwrap().to_owned(), alert["revision"].as_u64().unwrap());
        alert["inputs"] = Value::Null;
        assert_eq!(revisions.insert(key, alert.to_string()), None, "told twice: {line}");
    }
    revisions
}

fn run(folder: &Path, config: &str) -> Child {
    std::fs::write(folder.join("darkwake.toml"), config).unwrap();
    let log = std::fs::File::create(folder.join("run.log")).unwrap();
    darkwake(folder)
        .args(["run", "--config", "darkwake.toml"])
        .stderr(log)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Ends the program as an operator does, and waits for it.
fn interrupt(mut child: Child) -> Option<i32> {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap().code()
}

#[test]
fn lines_in_a_topic_give_the_alerts_of_a_replay_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let lines = generate(path, "outage");
    // What comes after the last report moves the watermark there, in every partition.
    let last = lines.iter().filter_map(|line| second(line)).max().unwrap();
    let tags = tag_block(&[("s", "after"), ("c", &(last + 30).to_string())]);
    let after: Vec<String> = (0..12)
        .map(|n| BaseStation { mmsi: 2_570_001 + n, ..BaseStation::default() })
        .flat_map(|shore| sentences(&shore.encode(), "AIVDM", Channel::A, 0))
        .map(|sentence| format!("{tags}{sentence}"))
        .collect();
    std::fs::write(path.join("feed.nmea"), (lines.join("\n") + "\n" + &after.join("\n") + "\n").as_bytes())
        .unwrap();
    let replayed = replay(path);
    let expected = revisions(replayed.iter().map(String::as_str));
    assert!(expected.len() > 50, "{}", expected.len());

    let heard_by = stations(&lines);
    let broker = Broker::up("alerts");
    for partitions in [1, 4, 12] {
        let [raw, alerts] = ["ais.raw", "darkwake.alerts"].map(|name| format!("{name}.{partitions}"));
        broker.make_topic(&raw, partitions);
        broker.make_topic(&alerts, ALERT_PARTITIONS);
        broker.send(&raw, lines.iter().zip(&heard_by).map(|(line, station)| (Err(*station), line.clone())));
        let all =
            (0..partitions).flat_map(|partition| after.iter().map(move |line| (Ok(partition), line.clone())));
        broker.send(&raw, all);
        let child = run(
            path,
            &format!(
                "[[live.sources]]\nname = \"raw\"\ntype = \"kafka\"\ntopic = \"{raw}\"\n\
                 [[live.sinks]]\ntype = \"kafka\"\ntopic = \"{alerts}\"\n\
                 [kafka]\nbrokers = \"{}\"\n",
                broker.address
            ),
        );
        let told = broker.read(&alerts, ALERT_PARTITIONS, |read| read.len() >= expected.len());
        assert_eq!(interrupt(child), Some(130), "{}", broker::told(&path.join("run.log")));
        let found = revisions(told.iter().map(|(_, value)| value.as_str()));
        let differs = expected.iter().find(|(key, alert)| found.get(*key) != Some(alert));
        assert_eq!(differs.map(|(key, _)| key), None, "{partitions} partitions");
        assert_eq!(found.len(), expected.len());
        for (key, value) in &told {
            let alert: Value = serde_json::from_str(value).unwrap();
            assert_eq!(alert["id"], key.as_str());
        }
    }
}

#[test]
fn a_topic_that_is_not_there_is_told_with_how_to_make_it() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::up("none");
    let config = format!(
        "[[live.sources]]\nname = \"raw\"\ntype = \"stdin\"\n[[live.sinks]]\ntype = \"kafka\"\ntopic = \"nothing\"\n\
         [kafka]\nbrokers = \"{}\"\n",
        broker.address
    );
    let mut child = run(folder.path(), &config);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let told = broker::told(&folder.path().join("run.log"));
    assert!(told.contains("nothing: does not exist; create it"), "{told}");
}
