//! The bars that the whole program is held to, each with what was measured.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::{Value, json};

use super::Options;
use super::anchors::{Ais, Contender, NmeaKit, NmeaParser};
use super::budget::{decoding, middle};
use super::cost::{cpu_ms_of, cpu_ns, darkwake, median, median_ratio, memory_of, run, stats};
use super::feeds::{PIECE, SLOW_INTERVAL_MS};
use super::fleet::{Fleet, Rows, START_MS};
use super::stages::{Format, Stage, WORLD, Way, world};
use super::tell::{Bar, bar, grouped, holds, say, table, talk};
use super::{ports, real};

const MB: f64 = 1e6;
const HOUR_MS: i64 = 3_600_000;

/// What others take only to decode, beside the whole way.
pub fn peers(options: &Options) {
    let path = match real::find() {
        Ok(path) => path,
        Err(path) => return say(&format!("skipped: there are no real sentences at {}", path.display())),
    };
    let text = real::lines(&path, options.lines);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (feed, few) = (file("feed.nmea"), file("few.nmea"));
    fs::write(&feed, &text).expect("a file can be written");
    let few_lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').take(100).collect();
    fs::write(&few, few_lines.concat()).expect("a file can be written");
    let lines = memchr::memchr_iter(b'\n', &text).count() as f64;
    let (mut rounds, mut whole, mut start, mut wall) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 1..=options.rounds {
        talk(&format!("round {number} of {}", options.rounds));
        let mut others: Vec<Box<dyn Contender>> =
            vec![Box::new(Ais::default()), Box::new(NmeaKit::new()), Box::new(NmeaParser::new())];
        rounds.push(decoding(&text, &mut others));
        let replay = |feed: &str| {
            run(&mut darkwake(&[
                "replay",
                feed,
                "--out",
                &file("alerts.jsonl"),
                "--stats",
                &file("stats.json"),
            ]))
        };
        start.push(replay(&few).cpu_ms * 1e6);
        // A virtual machine hands back memory that it has not used for a while, and taking it again is no work of the program: what
        // counts is the second of two runs.
        replay(&feed);
        let cost = replay(&feed);
        whole.push(cost.cpu_ms * 1e6);
        wall.push(cost.wall_ms);
    }
    let stats = stats(&folder.path().join("stats.json"));
    let accepted = stats["accepted"].as_f64().unwrap_or(1.0).max(1.0);
    let names = ["darkwake, decode", "ais, decode", "nmea-kit, decode", "nmea-parser, decode"];
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |what: &str, ns: f64| {
        rows.push(vec![
            what.to_owned(),
            "CPU".to_owned(),
            grouped(ns / 1e6),
            grouped(ns / lines),
            grouped(ns / accepted),
        ]);
    };
    for (at, name) in names.iter().enumerate() {
        row(name, middle(&rounds, at));
    }
    row("darkwake replay --out, all of it", median(&whole));
    row("the same of 100 lines: its start", median(&start));
    say(&format!(
        "{} lines, {} accepted, {} ships, {} MB at most; wall {:.2} s\n",
        grouped(lines),
        grouped(accepted),
        stats["vessels"],
        grouped(stats["peak_rss_bytes"].as_f64().unwrap_or(0.0) / MB),
        median(&wall) / 1_000.0
    ));
    say(&table(&["what", "time", "ms", "ns a line", "ns a report"], &rows));
    say("");
    let of = |contender: usize| rounds.iter().map(|round| round[contender]).collect::<Vec<f64>>();
    bar("whole replay / decoding with ais", median_ratio(&whole, &of(1)), "", Bar::AtMost(0.6));
    bar("whole replay / decoding with nmea-parser", median_ratio(&whole, &of(3)), "", Bar::AtMost(0.15));
    bar("decoding alone", middle(&rounds, 0) / lines, "ns a line", Bar::AtMost(100.0));
}

/// One core against two, on sentences and rows.
pub fn cores(options: &Options) {
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::new(options.ships, WORLD.geofence());
    let sentences = match real::find() {
        Ok(path) => ("real sentences", real::lines(&path, options.lines)),
        Err(path) => {
            talk(&format!("there are no real sentences at {}: generated ones instead", path.display()));
            let mut text = Vec::new();
            fleet.clone().sentences(options.lines, &mut text);
            ("generated sentences", text)
        }
    };
    let mut rows = format!("{}\n", Rows::Aisdk.header()).into_bytes();
    fleet.clone().rows(Rows::Aisdk, options.lines, &mut rows);
    let mut told = Vec::new();
    let mut bars = Vec::new();
    for (name, text) in [sentences, ("aisdk rows", rows)] {
        let feed = folder.path().join("feed").display().to_string();
        fs::write(&feed, &text).expect("a file can be written");
        // Cores, shards.
        let ways = [(1, 1), (2, 1), (2, 2)];
        let mut walls = vec![Vec::new(); ways.len()];
        let mut written: Vec<[Vec<u8>; 2]> = Vec::new();
        for number in 1..=options.rounds {
            talk(&format!("{name}: round {number} of {}", options.rounds));
            for ((cores, shards), walls) in ways.into_iter().zip(&mut walls) {
                let Some((wall_ms, bytes)) = on_cores(cores, || replay(folder.path(), &feed, shards)) else {
                    return say(&format!("skipped: this process may not use {cores} cores"));
                };
                walls.push(wall_ms);
                written.push(bytes);
            }
        }
        for ((cores, shards), wall) in ways.iter().zip(&walls) {
            let what = format!("{cores} core{}, --shards {shards}", if *cores == 1 { "" } else { "s" });
            let ratio = median_ratio(&walls[0], wall);
            told.push(vec![name.to_owned(), what, grouped(median(wall)), format!("{ratio:.2}")]);
        }
        let best = median_ratio(&walls[0], &walls[1]).max(median_ratio(&walls[0], &walls[2]));
        let is_same = written.iter().all(|bytes| Some(bytes) == written.first());
        bars.push((name, best, is_same));
    }
    say(&table(&["feed", "with", "wall ms", "one core / this"], &told));
    say("");
    for (name, best, is_same) in bars {
        bar(&format!("{name}, wall on one core / on two"), best, "", Bar::AtLeast(1.6));
        holds(&format!("{name}, facts and alerts are the same bytes however they are made"), is_same);
    }
}

/// Wall time of a replay, its alerts and its facts.
fn replay(folder: &Path, feed: &str, shards: u32) -> (f64, [Vec<u8>; 2]) {
    let [alerts, facts] = ["alerts.jsonl", "facts.jsonl"].map(|name| folder.join(name).display().to_string());
    let shards = shards.to_string();
    let arguments =
        ["replay", feed, "--out", alerts.as_str(), "--facts", facts.as_str(), "--shards", shards.as_str()];
    let cost = run(&mut darkwake(&arguments));
    (cost.wall_ms, [alerts, facts].map(|path| fs::read(path).expect("it was written")))
}

/// Does something with so many cores for what it starts; none if there are not so many.
fn on_cores<T>(count: usize, work: impl FnOnce() -> T) -> Option<T> {
    let all = sched_getaffinity(None).expect("the cores of this process");
    let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).take(count).collect();
    if allowed.len() < count {
        return None;
    }
    let mut some = CpuSet::new();
    allowed.into_iter().for_each(|core| some.set(core));
    sched_setaffinity(None, &some).expect("cores of this process");
    let done = work();
    sched_setaffinity(None, &all).expect("cores of this process");
    Some(done)
}

/// Fleets whose cost is held against that of the smallest.
const FLEETS: [usize; 4] = [10_000, 60_000, 500_000, 1_000_000];
/// Port polygons, and the fleet that sails among them.
const PORTS: [usize; 2] = [4_000, 15_000];
const PORTS_FLEET: usize = 60_000;

/// What more ships and more ports cost.
pub fn scaling(options: &Options) {
    let fleets: Vec<(usize, usize)> = FLEETS.into_iter().map(|ships| (ships, 0)).collect();
    let ports: Vec<(usize, usize)> = PORTS.into_iter().map(|ports| (PORTS_FLEET, ports)).collect();
    let asked: Vec<(usize, usize)> = fleets.iter().chain(&ports).copied().collect();
    let mut answers: Vec<Vec<Value>> = vec![Vec::new(); asked.len()];
    for number in 1..=options.rounds {
        for ((ships, ports), answers) in asked.iter().zip(&mut answers) {
            talk(&format!("{ships} ships, {ports} ports: round {number} of {}", options.rounds));
            answers.push(ask(*ships, *ports));
        }
    }
    let figures = |at: usize, name: &str| -> Vec<f64> {
        answers[at].iter().map(|answer| answer[name].as_f64().unwrap_or(0.0)).collect()
    };
    let rows = asked.iter().enumerate().map(|(at, (ships, ports))| {
        let bytes = median(&figures(at, "bytes"));
        vec![
            grouped(*ships as f64),
            if *ports == 0 { "built in".to_owned() } else { grouped(*ports as f64) },
            grouped(median(&figures(at, "ns_a_report"))),
            grouped(bytes / MB),
            grouped(bytes / *ships as f64),
            grouped(median(&figures(at, "world_bytes")) / MB),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    say(
        "Whole way on one thread, once all ships are known, each fleet in its own process. Memory is what it needs more than before.\n",
    );
    say(&table(&["ships", "ports", "ns a report", "MB", "bytes a ship", "MB before"], &rows));
    say("");
    let of = |at: usize| median(&figures(at, "ns_a_report"));
    let most = of(FLEETS.len() - 1) - of(0);
    bar("a report of 1,000,000 ships costs more than one of 10,000", most, "ns", Bar::AtMost(150.0));
    let few_and_many = (figures(FLEETS.len(), "ns_a_report"), figures(FLEETS.len() + 1, "ns_a_report"));
    let growth = 100.0 * (median_ratio(&few_and_many.1, &few_and_many.0) - 1.0);
    bar("a report costs more with 15,000 port polygons than with 4,000", growth, "%", Bar::Below(15.0));
    let bytes = |at: usize| median(&figures(at, "bytes")) / FLEETS[at] as f64;
    let ratio = bytes(FLEETS.len() - 1) / bytes(FLEETS.len() - 2).max(1.0);
    bar("bytes a ship, of 1,000,000 / of 500,000", ratio, "", Bar::AtMost(1.1));
}

/// Measures one fleet in a process of its own.
fn ask(ships: usize, ports: usize) -> Value {
    let this = std::env::current_exe().expect("the path of this program");
    let output = Command::new(this)
        .args(["one", &ships.to_string(), &ports.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("this program starts");
    assert!(output.status.success(), "{ships} ships: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// Bins of reception that are measured at least, and reports.
const BINS: usize = 2;
const REPORTS: usize = 1_000_000;

/// The whole way of one fleet, as JSON. Without ports of its own it sails among the built-in ones.
pub fn one(ships: usize, ports: usize) {
    let world = if ports == 0 { None } else { Some(world(ports::polygons(ports))) };
    let world = world.as_ref().unwrap_or(&WORLD);
    // Ships lie in ports that there are in either case.
    let harbours = (ports > PORTS[0]).then(|| ports::polygons(PORTS[0]));
    let fleet = Fleet::new(ships, harbours.as_ref().unwrap_or(world.geofence()));
    drop(harbours);
    let mut fleet = fleet.every(SLOW_INTERVAL_MS);
    let before = memory_of("self", "VmRSS");
    let mut way = Way::new(Format::Nmea, Stage::Whole, Some(world));
    let a_bin = ships * 600_000 / SLOW_INTERVAL_MS as usize;
    pass((3 * ships).max(a_bin), &mut fleet, &mut way);
    let accepted = way.accepted();
    let spent = pass((BINS * a_bin).max(REPORTS.div_ceil(a_bin) * a_bin), &mut fleet, &mut way);
    let reports = (way.accepted() - accepted).max(1);
    let bytes = memory_of("self", "VmRSS").saturating_sub(before);
    talk(&format!("{} ships known, {reports} reports", way.ships()));
    let ns = spent as f64 / reports as f64;
    say(&json!({"ns_a_report": ns, "bytes": bytes, "world_bytes": before}).to_string());
}

/// The processor time that so many reports take, ns.
fn pass(reports: usize, fleet: &mut Fleet, way: &mut Way<'_>) -> u64 {
    let (mut left, mut spent, mut text) = (reports, 0, Vec::new());
    while left > 0 {
        let piece = left.min(PIECE);
        text.clear();
        fleet.sentences(piece, &mut text);
        left -= piece;
        let began = cpu_ns();
        way.read(&text);
        spent += cpu_ns() - began;
    }
    spent
}

/// A `darkwake replay` that is given a fleet's sentences as fast as it takes them.
struct Fed {
    child: Child,
    input: Option<ChildStdin>,
    fleet: Fleet,
    text: Vec<u8>,
    reports: u64,
}

impl Fed {
    fn start(folder: &Path, fleet: Fleet) -> Fed {
        let [alerts, stats] =
            ["alerts.jsonl", "stats.json"].map(|name| folder.join(name).display().to_string());
        let mut command = darkwake(&["replay", "-", "--out", &alerts, "--stats", &stats]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the program starts");
        let input = child.stdin.take();
        Fed { child, input, fleet, text: Vec::new(), reports: 0 }
    }

    /// Gives it a piece more.
    fn feed(&mut self) {
        self.text.clear();
        self.fleet.sentences(PIECE, &mut self.text);
        self.reports += PIECE as u64;
        if let Some(input) = &mut self.input {
            input.write_all(&self.text).expect("the program reads");
        }
    }

    fn memory(&self, figure: &str) -> f64 {
        memory_of(&self.child.id().to_string(), figure) as f64
    }

    /// Ends its input and waits for it.
    fn end(mut self, folder: &Path) -> Value {
        drop(self.input.take());
        let status = self.child.wait().expect("it was started");
        assert!(status.success(), "darkwake replay failed ({status})");
        stats(&folder.join("stats.json"))
    }
}

/// Peak memory of very many ships.
pub fn ships(options: &Options) {
    const SHIPS: usize = 1_000_000;
    const BAR_HOURS: i64 = 720;
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::new(SHIPS, WORLD.geofence()).every(SLOW_INTERVAL_MS);
    let mut fed = Fed::start(folder.path(), fleet);
    let (began, mut hour) = (Instant::now(), 0);
    loop {
        fed.feed();
        let hours = (fed.fleet.now().0 - START_MS) / HOUR_MS;
        if hours > hour {
            hour = hours;
            let [now, peak] = ["VmRSS", "VmHWM"].map(|figure| grouped(fed.memory(figure) / MB));
            let seconds = began.elapsed().as_secs_f64();
            talk(&format!("{hour} h of event time in {seconds:.0} s: {now} MB in use, {peak} MB at most"));
        }
        if hours >= options.hours {
            break;
        }
    }
    let (reports, count) = (fed.reports, fed.fleet.count());
    let stats = fed.end(folder.path());
    let peak = stats["peak_rss_bytes"].as_f64().unwrap_or(f64::INFINITY) / MB;
    say(&format!(
        "{} ships at a report each three minutes, {} h of event time, {} reports, {} ships remembered",
        grouped(count as f64),
        options.hours,
        grouped(reports as f64),
        stats["vessels"]
    ));
    if options.hours < BAR_HOURS {
        say(&format!("the bar is for {BAR_HOURS} h: --hours {BAR_HOURS}"));
    }
    bar("peak memory of the whole process", peak, "MB", Bar::Below(1_200.0));
}

/// What is looked at each second.
#[derive(Clone, Copy)]
struct Sample {
    memory: f64,
    cpu_ms: f64,
    reports: u64,
}

/// Memory and speed over a long time at full speed.
pub fn steady(options: &Options) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fed = Fed::start(folder.path(), Fleet::new(options.ships, WORLD.geofence()));
    let whole = Duration::from_secs(60 * options.minutes);
    let (began, mut samples) = (Instant::now(), Vec::new());
    while began.elapsed() < whole {
        fed.feed();
        if began.elapsed().as_secs() as usize > samples.len() {
            let (memory, cpu_ms) = (fed.memory("VmRSS"), cpu_ms_of(fed.child.id()));
            samples.push(Sample { memory, cpu_ms, reports: fed.reports });
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let (reports, event_ms) = (fed.reports, fed.fleet.now().0 - START_MS);
    fed.end(folder.path());
    // The first tenth is for getting warm.
    let samples = &samples[samples.len() / 10..];
    let (first, second) = samples.split_at(samples.len() / 2);
    if first.len() < 2 || second.len() < 2 {
        return say("too short to tell");
    }
    let most = |half: &[Sample]| half.iter().map(|sample| sample.memory).fold(0.0, f64::max);
    let ns = |half: &[Sample]| {
        let (from, to) = (half[0], half[half.len() - 1]);
        (to.cpu_ms - from.cpu_ms) * 1e6 / (to.reports - from.reports).max(1) as f64
    };
    let rows = [("first", first), ("second", second)].map(|(name, half)| {
        vec![name.to_owned(), "half".to_owned(), grouped(most(half) / MB), grouped(ns(half))]
    });
    say(&format!(
        "{} reports of {} ships in {seconds:.0} s, {} a second, {:.1} days of event time\n",
        grouped(reports as f64),
        grouped(options.ships as f64),
        grouped(reports as f64 / seconds),
        event_ms as f64 / 24.0 / HOUR_MS as f64
    ));
    say(&table(&["part", "", "MB at most", "CPU ns a report"], &rows));
    say("");
    bar("memory at most, second half / first", most(second) / most(first).max(1.0), "", Bar::AtMost(1.05));
    bar("CPU a report, second half / first", ns(second) / ns(first).max(1.0), "", Bar::AtMost(1.1));
}
