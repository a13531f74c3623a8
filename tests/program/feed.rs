//! Feeds for `darkwake run`, and the alerts that they must give.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde_json::Value;
use sim::encode::{BaseStation, Channel, sentences, tag_block};

use crate::program::darkwake;

/// What moves the watermark to the last of these lines.
pub fn after(lines: &[String]) -> Vec<String> {
    let last = lines.iter().filter_map(|line| second(line)).max().unwrap();
    let tags = tag_block(&[("s", "after"), ("c", &(last + 30).to_string())]);
    (0..12)
        .map(|n| BaseStation { mmsi: 2_570_001 + n, ..BaseStation::default() })
        .flat_map(|shore| sentences(&shore.encode(), "AIVDM", Channel::A, 0))
        .map(|sentence| format!("{tags}{sentence}"))
        .collect()
}

/// The revisions that a replay of lines tells.
pub fn replay(folder: &Path, lines: &[String]) -> Revisions {
    std::fs::write(folder.join("feed.nmea"), lines.join("\n") + "\n").unwrap();
    let done = darkwake(folder).args(["replay", "feed.nmea", "--out", "alerts.jsonl"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told = std::fs::read_to_string(folder.join("alerts.jsonl")).unwrap();
    revisions(told.lines())
}

/// The time of a line in seconds: `c:` of its TAG block.
fn second(line: &str) -> Option<i64> {
    let tags = line.strip_prefix('\\').and_then(|rest| rest.split('\\').next())?;
    tags.split([',', '*']).find_map(|field| field.strip_prefix("c:"))?.parse().ok()
}

/// By alert and number, without what tells where the reports were read and how configuration and ports are called.
pub type Revisions = BTreeMap<(String, u64), String>;

/// The revisions in these lines, none of them twice.
pub fn revisions<'a>(lines: impl Iterator<Item = &'a str>) -> Revisions {
    let mut revisions = BTreeMap::new();
    for line in lines {
        let mut alert: Value = serde_json::from_str(line).unwrap();
        let key = (alert["id"].as_str().unwrap().to_owned(), alert["revision"].as_u64().unwrap());
        for name in ["inputs", "config", "ports_file"] {
            alert[name] = Value::Null;
        }
        assert_eq!(revisions.insert(key, alert.to_string()), None, "told twice: {line}");
    }
    revisions
}

/// A program that does not outlive the test, nor its patience.
pub struct Watched {
    pub child: Child,
    _done: Sender<()>,
}

impl Watched {
    pub fn new(child: Child) -> Watched {
        const PATIENCE: Duration = Duration::from_secs(240);
        let (done, wait) = channel::<()>();
        let pid = child.id().to_string();
        std::thread::spawn(move || {
            if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &pid]).status();
            }
        });
        Watched { child, _done: done }
    }

    /// Ends it as an operator does, and waits for it.
    pub fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // It has ended already, most of the time.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first that differs.
pub fn difference<'a>(expected: &'a Revisions, found: &Revisions) -> Option<&'a (String, u64)> {
    expected.iter().find(|(key, alert)| found.get(*key) != Some(alert)).map(|(key, _)| key)
}
