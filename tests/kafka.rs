//! `darkwake run` on a real Kafka broker.

#[path = "kafka/broker.rs"]
#[expect(dead_code, reason = "recovery needs more of it")]
mod broker;
#[path = "program/feed.rs"]
mod feed;
mod program;
#[path = "kafka/raw.rs"]
mod raw;

use std::path::Path;
use std::process::Stdio;

use broker::Broker;
use feed::{Watched, difference, replay, revisions};
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
