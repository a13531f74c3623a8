//! `darkwake run` on a real Kafka broker.

#[path = "kafka/broker.rs"]
#[expect(dead_code, reason = "recovery needs more of it")]
mod broker;
#[path = "program/feed.rs"]
mod feed;
#[path = "program/http.rs"]
#[expect(dead_code, reason = "the server has tests of its own")]
mod http;
mod program;
#[path = "kafka/raw.rs"]
mod raw;

use std::path::Path;
use std::process::Stdio;

use broker::Broker;
use feed::{Revisions, Watched, after, difference, replay, revisions};
use http::{Events, get, port_of, post, token};
use program::darkwake;
use raw::{generate, stations};
use serde_json::Value;

/// Partitions of the topic of alerts.
const ALERT_PARTITIONS: i32 = 3;

fn run(folder: &Path, config: &str) -> Watched {
    std::fs::write(folder.join("darkwake.toml"), config).unwrap();
    let log = std::fs::File::create(folder.join("run.log")).unwrap();
    let mut command = darkwake(folder);
    command.args(["run", "--config", "darkwake.toml"]).stderr(log).stdout(Stdio::null());
    Watched::new(command.spawn().unwrap())
}

#[test]
fn lines_in_a_topic_give_the_alerts_of_a_replay_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (lines, after) = generate(path, "outage");
    let expected = replay(path, &[lines.clone(), after.clone()].concat());
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
        broker.read(&alerts, ALERT_PARTITIONS, expected.len());
        assert_eq!(child.interrupt(), Some(130), "{}", broker::told(&path.join("run.log")));
        // All that there is, now that it has ended.
        let told = broker.read(&alerts, ALERT_PARTITIONS, 0);
        let found = revisions(told.iter().map(|(_, value)| value.as_str()));
        assert_eq!(difference(&expected, &found), None, "{partitions} partitions");
        assert_eq!(found.len(), expected.len());
        for (key, value) in &told {
            let alert: Value = serde_json::from_str(value).unwrap();
            assert_eq!(alert["id"], key.as_str());
        }
        // Years later the topic is read as files are.
        let replay = |query: &str| {
            let address = format!("kafka://{}/{raw}{query}", broker.address);
            darkwake(path).args(["replay", &address, "--out", "again.jsonl"]).output().unwrap()
        };
        let done = replay("?from=2020-01-01");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let again = std::fs::read_to_string(path.join("again.jsonl")).unwrap();
        assert_eq!(difference(&expected, &revisions(again.lines())), None, "{partitions} partitions again");
        let done = replay("?to=2020-01-01");
        assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(String::from_utf8_lossy(&done.stderr).contains("nothing could be read"));
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
    assert_eq!(child.child.wait().unwrap().code(), Some(1));
    let told = broker::told(&folder.path().join("run.log"));
    assert!(told.contains("nothing: does not exist; create it"), "{told}");
}

/// A server of the page in a folder of its own, and where it listens.
fn server(folder: &Path, name: &str, cluster: &str) -> (Watched, u16) {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let config = format!(
        "[serve]\nlisten = \"127.0.0.1:0\"\nstore = \"page.db\"\nrequests_per_second = 100000\n{}{cluster}",
        token(name, "operator", "desk")
    );
    std::fs::write(folder.join("darkwake.toml"), config).unwrap();
    let mut command = darkwake(&folder);
    command.args(["run", "--role", "serve", "--config", "darkwake.toml"]).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let port = port_of(&mut child);
    (Watched::new(child), port)
}

/// All that a server has to say of alerts.
fn alerts_of(port: u16) -> (Vec<Value>, Revisions) {
    let listed = get(port, "/api/v1/alerts?limit=500", "").json()["alerts"].as_array().unwrap().clone();
    let mut told = Vec::new();
    for item in &listed {
        let story =
            get(port, &format!("/api/v1/alerts/{}", item["alert"]["id"].as_str().unwrap()), "").json();
        told.extend(story["revisions"].as_array().unwrap().iter().map(|one| one["alert"].to_string()));
    }
    // Each server counts for itself.
    let without = |mut item: Value| {
        item["seq"].take();
        item
    };
    (listed.into_iter().map(without).collect(), revisions(told.iter().map(String::as_str)))
}

#[test]
fn all_servers_know_the_same_and_one_that_lost_its_store_finds_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/withheld_and_berth/input.nmea");
    let lines: Vec<String> = std::fs::read_to_string(input).unwrap().lines().map(str::to_owned).collect();
    let lines = [lines.clone(), after(&lines)].concat();
    let expected = replay(path, &lines);
    let broker = Broker::up("servers");
    let cluster =
        format!("[live]\nlog = \"kafka\"\n[kafka]\nbrokers = \"{}\"\npartitions = 3\n", broker.address);
    let ((first, a), (_second, b)) = (server(path, "a", &cluster), server(path, "b", &cluster));
    broker.make_topic("ais.raw", 1);
    broker.send("ais.raw", lines.iter().map(|line| (Ok(0), line.clone())));
    let source = "[[live.sources]]\nname = \"raw\"\ntype = \"kafka\"\ntopic = \"ais.raw\"\n";
    let _detecting = run(path, &cluster.replace("[kafka]", &format!("{source}[kafka]")));
    let keys = |of: &Revisions| of.keys().cloned().collect::<Vec<_>>();
    let wait_for = |port: u16| {
        while keys(&alerts_of(port).1) != keys(&expected) {
            std::thread::yield_now();
        }
    };
    wait_for(a);
    wait_for(b);
    let id = &expected.keys().next().unwrap().0;
    let mut events = Events::open(b, "");
    let answer =
        post(a, &format!("/api/v1/alerts/{id}/ack"), "Authorization: Bearer desk\r\n", "{\"note\":\"seen\"}");
    assert_eq!(answer.status, 200, "{answer:?}");
    let event = events.next_of(&["ack"]);
    assert!(event.data.contains("\"who\":\"a\"") && event.data.contains(id.as_str()), "{event:?}");
    let of_b = alerts_of(b);
    assert!(of_b.0.iter().any(|item| item["ack"]["note"] == "seen"));
    let vessels = |port: u16| {
        let all = get(port, "/api/v1/vessels", "").json();
        all["vessels"].as_array().unwrap().iter().map(|ship| ship["mmsi"].to_string()).collect::<Vec<_>>()
    };
    while vessels(a).is_empty() || vessels(a) != vessels(b) {
        std::thread::yield_now();
    }
    // What it keeps is only a copy.
    assert_eq!(first.interrupt(), Some(130));
    std::fs::remove_dir_all(path.join("a")).unwrap();
    let (_first, a) = server(path, "a", &cluster);
    while alerts_of(a) != of_b {
        std::thread::yield_now();
    }
}
