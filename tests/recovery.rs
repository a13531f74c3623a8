//! Programs that are killed at any moment, with the log in a topic of a real Kafka broker: the alerts are those of an
//! undisturbed run, none lost, none twice.

#[path = "kafka/broker.rs"]
mod broker;
#[path = "program/feed.rs"]
mod feed;
mod program;
#[path = "kafka/raw.rs"]
mod raw;

use std::path::Path;
use std::process::{Command, Stdio};

use broker::Broker;
use feed::{Watched, difference, replay, revisions};
use program::darkwake;
use raw::{generate, stations};
use sim::random::Random;

/// Partitions of what is taken in, and of the log.
const PARTITIONS: i32 = 3;

/// Programs of a role.
struct Workers<'a> {
    folder: &'a Path,
    role: &'a str,
    started: usize,
    at_work: Vec<Watched>,
}

impl<'a> Workers<'a> {
    fn start(folder: &'a Path, role: &'a str, count: usize) -> Workers<'a> {
        let mut workers = Workers { folder, role, started: 0, at_work: Vec::new() };
        (0..count).for_each(|_| workers.start_one());
        workers
    }

    fn start_one(&mut self) {
        self.started += 1;
        let log = format!("{}-{}.log", self.role, self.started);
        let log = std::fs::File::create(self.folder.join(log)).unwrap();
        let mut command = darkwake(self.folder);
        command.args(["run", "--config", "darkwake.toml", "--role", self.role]);
        self.at_work.push(Watched::new(command.stderr(log).stdout(Stdio::null()).spawn().unwrap()));
    }

    /// Kills one as nothing can be caught, and starts another.
    fn kill_one(&mut self, random: &mut Random) {
        let victim = random.below(self.at_work.len() as u64) as usize;
        let pid = self.at_work[victim].child.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        drop(self.at_work.remove(victim));
        self.start_one();
    }

    /// Ends all as an operator does.
    fn end(self) {
        for worker in self.at_work {
            assert_eq!(worker.interrupt(), Some(130));
        }
    }

    /// What all have said.
    fn told(&self) -> String {
        let logs = (1..=self.started).map(|number| self.folder.join(format!("{}-{number}.log", self.role)));
        logs.map(|log| format!("--- {}\n{}", log.display(), broker::told(&log))).collect()
    }
}

fn configure(folder: &Path, broker: &Broker) {
    let config = format!(
        "[live]\nlog = \"kafka\"\n[[live.sources]]\nname = \"raw\"\ntype = \"kafka\"\ntopic = \"ais.raw\"\n\
         [kafka]\nbrokers = \"{}\"\npartitions = {PARTITIONS}\nsnapshot_interval = \"1s\"\n\
         [kafka.properties]\n\"session.timeout.ms\" = \"2000\"\n\"heartbeat.interval.ms\" = \"300\"\n",
        broker.address
    );
    std::fs::write(folder.join("darkwake.toml"), config).unwrap();
}

/// Runs a feed through so many programs of each role, some of which are killed, and compares.
fn survives(name: &str, workers: usize, kills: usize, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (lines, after) = generate(path, "outage");
    let expected = replay(path, &[lines.clone(), after.clone()].concat());
    let heard_by = stations(&lines);
    let broker = Broker::up(name);
    broker.make_topic("ais.raw", PARTITIONS);
    configure(path, &broker);
    let mut ingest = Workers::start(path, "ingest", workers);
    let mut detect = Workers::start(path, "detect", workers);
    let mut random = Random::new(seed);
    let numbered: Vec<(i32, &String)> = lines
        .iter()
        .zip(&heard_by)
        .map(|(line, station)| (station.bytes().map(i32::from).sum::<i32>() % PARTITIONS, line))
        .collect();
    for (at, part) in numbered.chunks(lines.len().div_ceil(kills + 1)).enumerate() {
        if at > 0 {
            let role = if random.below(2) == 0 { &mut ingest } else { &mut detect };
            role.kill_one(&mut random);
        }
        broker.send("ais.raw", part.iter().map(|(partition, line)| (Ok(*partition), (*line).clone())));
        // It goes on somewhere in the middle of this.
        broker.wait_for_growth("darkwake.log", random.below(30) as i64);
    }
    broker.send(
        "ais.raw",
        (0..PARTITIONS).flat_map(|partition| after.iter().map(move |line| (Ok(partition), line.clone()))),
    );
    let told = || format!("{}{}", ingest.told(), detect.told());
    broker.read_or("darkwake.alerts", PARTITIONS, expected.len(), &told);
    detect.end();
    ingest.end();
    let told = broker.read("darkwake.alerts", PARTITIONS, 0);
    let found = revisions(told.iter().map(|(_, value)| value.as_str()));
    assert_eq!(difference(&expected, &found), None);
    assert_eq!(found.len(), expected.len());
}

#[test]
fn what_is_killed_loses_nothing_and_tells_nothing_twice() {
    survives("recovery", 2, 5, 1);
}
