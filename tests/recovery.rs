//! Programs that are killed at any moment, and brokers that go away, with the log in a topic of a real Kafka cluster: the
//! alerts are those of an undisturbed run, none lost, none twice. `DARKWAKE_SOAK=1` kills 50 times.

#[path = "kafka/broker.rs"]
mod broker;
#[path = "program/feed.rs"]
mod feed;
mod program;
#[path = "kafka/raw.rs"]
mod raw;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use broker::Broker;
use feed::{Revisions, Watched, difference, replay, revisions};
use program::darkwake;
use raw::{generate, stations};
use sim::random::Random;

/// Partitions of what is taken in, and of the log.
const PARTITIONS: i32 = 3;

/// Lines with the partitions that they go to, and what they must give.
struct Feed {
    lines: Vec<(i32, String)>,
    after: Vec<String>,
    expected: Revisions,
}

/// The same for all tests.
fn feed() -> &'static Feed {
    static FEED: OnceLock<Feed> = OnceLock::new();
    FEED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (lines, after) = generate(folder.path(), "outage");
        let expected = replay(folder.path(), &[lines.clone(), after.clone()].concat());
        // Each partition has stations, so that none is silent.
        let mut known: Vec<&str> = Vec::new();
        let mut partition_of = |station| {
            let at = known.iter().position(|known| *known == station).unwrap_or(known.len());
            if at == known.len() {
                known.push(station);
            }
            at as i32 % PARTITIONS
        };
        let stations = stations(&lines);
        let partitions: Vec<i32> = stations.iter().map(|station| partition_of(*station)).collect();
        Feed { lines: partitions.into_iter().zip(lines).collect(), after, expected }
    })
}

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

    /// Restarts all one after the other, as a rolling update does: the next begins before the one before it ends.
    fn roll(&mut self) {
        for _ in 0..self.at_work.len() {
            self.start_one();
            let told = self.told();
            let oldest = self.at_work.remove(0);
            assert_eq!(oldest.interrupt(), Some(130), "{told}");
        }
    }

    /// Asks all to take up what has changed.
    fn hang_up(&self) {
        for worker in &self.at_work {
            let pid = worker.child.id().to_string();
            assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        }
    }

    /// Ends all as an operator does.
    fn end(self) {
        let told = self.told();
        for worker in self.at_work {
            let began = std::time::Instant::now();
            assert_eq!(worker.interrupt(), Some(130), "{told}");
            assert!(began.elapsed().as_secs() < 10, "it took {:?} to end: {told}", began.elapsed());
        }
    }

    /// What all have said.
    fn told(&self) -> String {
        let logs = (1..=self.started).map(|number| self.folder.join(format!("{}-{number}.log", self.role)));
        logs.map(|log| format!("--- {}\n{}", log.display(), broker::told(&log))).collect()
    }
}

/// The log in a topic.
fn in_topic(broker: &Broker) -> String {
    format!(
        "[live]\nlog = \"kafka\"\nsnapshot_interval = \"1s\"\n[[live.sources]]\nname = \"raw\"\ntype = \"kafka\"\ntopic = \"ais.raw\"\n\
         [kafka]\nbrokers = \"{}\"\npartitions = {PARTITIONS}\n\
         [kafka.properties]\n\"session.timeout.ms\" = \"2000\"\n\"heartbeat.interval.ms\" = \"300\"\n",
        broker.address
    )
}

/// The log in memory, and what is known in a folder.
fn in_memory(broker: &Broker) -> String {
    format!(
        "[live]\nstate = \"state\"\nsnapshot_interval = \"1s\"\n\
         [[live.sources]]\nname = \"raw\"\ntype = \"kafka\"\ntopic = \"ais.raw\"\n\
         [[live.sinks]]\ntype = \"file\"\npath = \"alerts.jsonl\"\n[kafka]\nbrokers = \"{}\"\n",
        broker.address
    )
}

/// Gives so many programs of each role the feed in parts, with something that happens before each part but the first, and
/// compares what they tell.
fn survives(
    broker: &Broker,
    workers: usize,
    parts: usize,
    seed: u64,
    mut disturb: impl FnMut(&Broker, usize, [&mut Workers<'_>; 2], &mut Random),
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let Feed { lines, after, expected } = feed();
    broker.make_topic("ais.raw", PARTITIONS);
    std::fs::write(path.join("darkwake.toml"), in_topic(broker)).unwrap();
    let mut ingest = Workers::start(path, "ingest", workers);
    let mut detect = Workers::start(path, "detect", workers);
    let mut random = Random::new(seed);
    for (at, part) in lines.chunks(lines.len().div_ceil(parts)).enumerate() {
        if at > 0 {
            disturb(broker, at, [&mut ingest, &mut detect], &mut random);
        }
        let length = broker.length("darkwake.log");
        broker.send("ais.raw", part.iter().map(|(partition, line)| (Ok(*partition), line.clone())));
        // It goes on somewhere in the middle of this.
        let some = 1 + random.below(40) as i64;
        let told = || ingest.told();
        broker.wait_for("darkwake.log", length + some, ("darkwake.ingest", "ais.raw", PARTITIONS), &told);
    }
    // It tells while it happens, and not only at the end.
    let began = std::time::Instant::now();
    while broker.length("darkwake.alerts") == 0 {
        assert!(began.elapsed().as_secs() < 60, "nothing was told before the end: {}", detect.told());
    }
    let all =
        (0..PARTITIONS).flat_map(|partition| after.iter().map(move |line| (Ok(partition), line.clone())));
    broker.send("ais.raw", all);
    let told = || {
        let shares =
            [("darkwake.ingest", "ais.raw", PARTITIONS), ("darkwake.detect", "darkwake.log", PARTITIONS)]
                .map(|group| broker.share_read(group));
        format!("taken in and detected: {shares:?}\n{}{}", ingest.told(), detect.told())
    };
    broker.read_or("darkwake.alerts", PARTITIONS, expected.len(), &told);
    detect.end();
    ingest.end();
    let told = broker.read("darkwake.alerts", PARTITIONS, 0);
    let found = revisions(told.iter().map(|(_, value)| value.as_str()));
    if let Some(key) = difference(expected, &found) {
        panic!("{key:?}\n{}\n{:?}", expected[key], found.get(key));
    }
    assert_eq!(found.len(), expected.len());
}

/// Kills programs of one role or the other.
fn survives_kills(workers: usize, kills: usize) {
    let is_long = std::env::var("DARKWAKE_SOAK").is_ok_and(|soak| soak == "1");
    let kills = if is_long { 50 } else { kills };
    let broker = Broker::up(&format!("kills-{workers}"));
    survives(&broker, workers, kills + 1, workers as u64, |_, _, roles, random| {
        roles[random.below(2) as usize].kill_one(random);
    });
}

#[test]
fn one_program_of_each_role_is_killed_again_and_again() {
    survives_kills(1, 5);
}

#[test]
fn two_programs_of_each_role_are_killed_again_and_again() {
    survives_kills(2, 5);
}

#[test]
fn three_programs_of_each_role_are_killed_again_and_again() {
    survives_kills(3, 3);
}

#[test]
fn all_roles_are_restarted_one_program_after_the_other_under_load() {
    let broker = Broker::up("rolling");
    let folder = tempfile::tempdir().unwrap();
    let sink = folder.path().join("alerts.jsonl");
    let config = in_topic(&broker)
        + &format!("[[live.sinks]]\ntype = \"file\"\npath = {:?}\n", sink.display().to_string());
    std::fs::write(folder.path().join("darkwake.toml"), config).unwrap();
    let mut serve = Workers::start(folder.path(), "serve", 1);
    survives(&broker, 2, 4, 5, |_, _, [ingest, detect], _| {
        ingest.roll();
        detect.roll();
        serve.at_work.drain(..).for_each(|worker| assert_eq!(worker.interrupt(), Some(130)));
        serve.start_one();
    });
    // What the sink was given is what was told, each once.
    let Feed { expected, .. } = feed();
    let told = || std::fs::read_to_string(&sink).unwrap_or_default();
    let began = std::time::Instant::now();
    while told().lines().count() < expected.len() {
        assert!(began.elapsed().as_secs() < 60, "{} alerts: {}", told().lines().count(), serve.told());
        std::thread::yield_now();
    }
    serve.end();
    let found = revisions(told().lines());
    assert_eq!(difference(expected, &found), None);
    assert_eq!(found.len(), expected.len());
}

/// A port file with ports where nobody goes.
fn ports(count: usize) -> String {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/ports");
    let mut features = Vec::new();
    for file in ["wpi.geojson", "areas.geojson"] {
        let text = std::fs::read_to_string(built_in.join(file)).unwrap();
        let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
        features.append(file["features"].as_array_mut().unwrap());
    }
    let far = (0..count).map(|n| {
        serde_json::json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [10.0 * n as f64, -74.0] },
            "properties": { "id": format!("ICE{n}"), "name": "Ice", "country": "AQ", "kind": "port", "radius_km": 1 },
        })
    });
    // Areas stand for the points of the index that they name, as in the built-in files.
    let named: Vec<String> = features
        .iter()
        .flat_map(|feature| feature["properties"]["wpi"].as_array().cloned().unwrap_or_default())
        .map(|number| format!("WPI{:05}", number.as_u64().unwrap()))
        .collect();
    features.retain(|feature| !named.iter().any(|id| feature["properties"]["id"] == *id));
    // They come first in the file, and yet the others keep their numbers.
    let features: Vec<serde_json::Value> = far.chain(features).collect();
    serde_json::json!({ "type": "FeatureCollection", "features": features }).to_string()
}

#[test]
fn ports_that_are_taken_up_under_load_and_between_kills_cost_no_alert() {
    let broker = Broker::up("reload");
    survives(&broker, 2, 5, 11, |_, at, [ingest, detect], random| {
        let path = ingest.folder;
        std::fs::write(path.join("ports.geojson"), ports(at)).unwrap();
        let config = path.join("darkwake.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        if at == 1 {
            std::fs::write(&config, text + "[ports]\nfiles = [\"ports.geojson\"]\n").unwrap();
        }
        ingest.hang_up();
        detect.hang_up();
        let began = std::time::Instant::now();
        while ingest.told().matches("hold from here on").count() < at {
            assert!(began.elapsed().as_secs() < 60, "{}", ingest.told());
            std::thread::yield_now();
        }
        [ingest, detect][random.below(2) as usize].kill_one(random);
    });
}

#[test]
fn with_the_log_in_memory_a_program_that_is_killed_goes_on_from_its_folder() {
    let is_long = std::env::var("DARKWAKE_SOAK").is_ok_and(|soak| soak == "1");
    let kills = if is_long { 50 } else { 5 };
    let broker = Broker::up("state");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let Feed { lines, after, expected } = feed();
    broker.make_topic("ais.raw", PARTITIONS);
    std::fs::write(path.join("darkwake.toml"), in_memory(&broker)).unwrap();
    let mut workers = Workers::start(path, "all", 1);
    let mut random = Random::new(7);
    let told = || std::fs::read_to_string(path.join("alerts.jsonl")).unwrap_or_default();
    for (at, part) in lines.chunks(lines.len().div_ceil(kills + 1)).enumerate() {
        let length = |path: &Path| {
            let files = std::fs::read_dir(path.join("state/log")).into_iter().flatten().flatten();
            files.map(|file| file.metadata().map_or(0, |file| file.len())).sum::<u64>()
        };
        let before = length(path);
        broker.send("ais.raw", part.iter().map(|(partition, line)| (Ok(*partition), line.clone())));
        if at < kills {
            // It writes down at least this much of it; snapshots take away what is old.
            let some = random.below(1 + part.len() as u64 * 20);
            let began = std::time::Instant::now();
            while length(path).abs_diff(before) < some {
                assert!(began.elapsed().as_secs() < 100, "it does not go on: {}", workers.told());
                std::thread::yield_now();
            }
            workers.kill_one(&mut random);
        }
    }
    let all =
        (0..PARTITIONS).flat_map(|partition| after.iter().map(move |line| (Ok(partition), line.clone())));
    broker.send("ais.raw", all);
    let began = std::time::Instant::now();
    while told().lines().count() < expected.len() {
        assert!(began.elapsed().as_secs() < 100, "{} alerts: {}", told().lines().count(), workers.told());
        std::thread::yield_now();
    }
    workers.end();
    let found = revisions(told().lines());
    assert_eq!(difference(expected, &found), None);
    assert_eq!(found.len(), expected.len());
    // The journal has the same, in the same order.
    let mut files: Vec<_> =
        std::fs::read_dir(path.join("state/journal")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let journal: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    assert_eq!(journal, told());
}

#[test]
fn a_broker_that_is_restarted_and_one_of_three_that_is_lost() {
    let broker = Broker::up("restarted");
    survives(&broker, 1, 3, 1, |broker, _, _, _| {
        broker.stop("1");
        broker.start("1");
    });
    drop(broker);
    let cluster = Broker::of("lost", "3");
    survives(&cluster, 1, 4, 1, |broker, at, _, _| match at {
        1 => broker.stop("2"),
        2 => broker.start("2"),
        _ => broker.stop("3"),
    });
}
