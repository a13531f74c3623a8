//! The programs on a real Kafka broker: how long an alert takes, and how much they take.
//!
//! ```text
//! cargo bench --bench live -- latency [SECONDS]       reports at 20,000/s, and when their alerts are there
//! cargo bench --bench live -- throughput [SECONDS]    a topic filled beforehand, against a bare loop over its records
//! ```

#[path = "../tests/kafka/broker.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod broker;
#[path = "../tests/program/http.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod http;
#[path = "../tests/program/mod.rs"]
mod program;
#[path = "../tests/program/said.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod said;

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use broker::Broker;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;
use sim::encode::{Channel, PositionA, sentences, tag_block};
use sim::sphere::Position;

/// Reports a second, when it is measured how long alerts take.
const RATE: usize = 20_000;
/// They are sent this often.
const BEAT_MS: usize = 20;
/// Ships that report.
const SHIPS: usize = 20_000;
/// Partitions of lines, and of the log.
const PARTITIONS: [i32; 2] = [4, 2];
/// Ships a second that are heard for the first time, in a port: each is an alert at once.
const CALLS: usize = 50;
/// … with their second report, after so long.
const SECOND_REPORT_MS: usize = 2_000;
/// How far out of order reports may come: alerts wait for it.
const BOUND_MS: i64 = 1_000;
/// Lines of a record of a topic that is filled beforehand.
const LINES: usize = 100;
/// It is filled with so many reports for each second that it is to last, about as many as two cores have taken in.
const FILL: usize = 500_000;
/// Ships turn after so long, and say the same again after twice that: not before it can be taken for a copy.
const LEG_MS: i64 = 20 * 60_000;
/// Each reports so often, when the topic is filled.
const INTERVAL_MS: usize = 10_000;
/// Of what the topic is filled with nothing is refused, or less was done than is measured: this share must be accepted.
const ACCEPTED: f64 = 0.99;
/// For so many seconds the bare loop reads, and what it has read then is its rate.
const BARE: Duration = Duration::from_secs(30);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let seconds =
        |default| arguments.get(1).map_or(default, |seconds| seconds.parse().expect("SECONDS is a number"));
    match arguments.first() {
        Some(&"latency") => latency(seconds(60)),
        Some(&"throughput") => throughput(seconds(60)),
        _ => say("latency [SECONDS] or throughput [SECONDS]?"),
    }
}

fn say(text: &str) {
    // Nobody reads it: then it need not be said.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// A report as a receiver sends it on.
fn line(mmsi: u32, position: Position, speed_kn: f64, course_deg: f64, t_ms: i64) -> String {
    // What changes from report to report at sea, so that lines are as hard to compress as real ones.
    let noise = sim::random::hash(&[u64::from(mmsi), t_ms as u64]);
    let some = |shift: u32, below: u64| (noise >> shift & 0xFFFF) % below;
    let report = PositionA {
        mmsi,
        status: Some(0),
        position: Some(position),
        speed_kn: Some(speed_kn + some(0, 10) as f64 / 10.0),
        course_deg: Some((course_deg + some(16, 50) as f64 / 10.0) % 360.0),
        heading_deg: Some(((course_deg as u64 + some(32, 10)) % 360) as u16),
        rate_of_turn: Some(some(48, 7) as i8 - 3),
        radio: some(40, 1 << 16) as u32,
        second: Some((t_ms / 1_000 % 60) as u8),
        ..PositionA::default()
    };
    let sentence = sentences(&report.encode(), "AIVDM", Channel::A, 0).remove(0);
    format!("{}{sentence}", tag_block(&[("s", "bench"), ("c", &t_ms.to_string())]))
}

/// Where a ship under way is: all go north and south in the Sea of Japan, each in its own lane.
fn under_way(ship: usize, t_ms: i64) -> (Position, f64) {
    let (lane, place) = (ship % 400, ship / 400);
    let (is_north, since) = (t_ms / LEG_MS % 2 == 0, t_ms % LEG_MS);
    // 12 kn are 0.2 degrees of latitude an hour.
    let way = 0.2 * (if is_north { since } else { LEG_MS - since }) as f64 / 3_600_000.0;
    let position = Position { lon: 132.0 + lane as f64 * 0.01, lat: 37.5 + place as f64 * 0.05 + way };
    (position, if is_north { 0.0 } else { 180.0 })
}

fn configure(folder: &Path, broker: &Broker) {
    let config = format!(
        "[input]\ndelay_bound = \"{BOUND_MS}ms\"\n[alerts]\nfacts = \"all\"\n[live]\nlog = \"kafka\"\n\
         [[live.sources]]\nname = \"raw\"\ntype = \"kafka\"\ntopic = \"ais.raw\"\n\
         [kafka]\nbrokers = \"{}\"\npartitions = {}\n",
        broker.address, PARTITIONS[1]
    );
    std::fs::write(folder.join("darkwake.toml"), config).expect("a file can be written");
}

/// A program, ended when it goes out of use.
struct Running {
    child: Child,
    /// Where it tells its metrics.
    port: u16,
}

impl Running {
    fn start(folder: &Path, role: &str) -> Running {
        let [log, own] = ["log", "toml"].map(|ending| format!("{role}.{ending}"));
        let log = std::fs::File::create(folder.join(log)).expect("a file can be written");
        let port = said::free_port();
        let config = std::fs::read_to_string(folder.join("darkwake.toml")).expect("it was written");
        let config = format!("{config}[serve]\nlisten = \"127.0.0.1:{port}\"\n");
        std::fs::write(folder.join(&own), config).expect("a file can be written");
        let mut command = program::darkwake(folder);
        command.args(["run", "--config", &own, "--role", role]).stdout(Stdio::null()).stderr(log);
        Running { child: command.spawn().expect("the program starts"), port }
    }

    /// Reports that it has accepted, by its metrics, which are some seconds old.
    fn accepted(&self) -> f64 {
        let request = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        let metrics = http::raw(self.port, request).body;
        let mut lines = metrics.lines();
        let accepted = lines.find_map(|line| line.strip_prefix("darkwake_lines_total{fate=\"accepted\"} "));
        accepted.map_or(0.0, |count| count.parse().expect("a number"))
    }

    /// Memory in use, in bytes; where the system does not tell, none.
    fn rss(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kb| kb * 1_024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn producer(broker: &Broker, linger_ms: &str, compression: &str) -> BaseProducer {
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", &broker.address).set("linger.ms", linger_ms);
    config.set("compression.type", compression).set("queue.buffering.max.kbytes", "65536");
    config.create().expect("a producer")
}

fn send(producer: &BaseProducer, topic: &str, partition: i32, value: &[u8]) {
    let mut record = BaseRecord::<(), [u8]>::to(topic).partition(partition).payload(value);
    while let Err((_, again)) = producer.send(record) {
        producer.poll(Duration::from_millis(20));
        record = again;
    }
    producer.poll(Duration::ZERO);
}

/// When each alert was appended, and when it was known at the earliest.
fn alerts(broker: &Broker, is_over: &AtomicBool) -> Vec<i64> {
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", &broker.address).set("group.id", "bench");
    config.set("isolation.level", "read_committed").set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut assigned = rdkafka::topic_partition_list::TopicPartitionList::new();
    assigned.add_partition_range("darkwake.alerts", 0, PARTITIONS[1] - 1);
    assigned.set_all_offsets(rdkafka::Offset::Beginning).expect("offsets");
    consumer.assign(&assigned).expect("an assignment");
    let mut latencies = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let Some(Ok(record)) = consumer.poll(Duration::from_millis(100)) else { continue };
        let read_ms = now_ms();
        let alert: Value = serde_json::from_slice(record.payload().unwrap_or_default()).expect("JSON");
        if alert["kind"] == "port.visit" && alert["revision"] == 0 {
            let at = alert["at"].as_i64().expect("a time");
            latencies.push(read_ms - at - BOUND_MS);
        }
    }
    latencies
}

/// Sends reports as they are made, and looks when alerts can be read.
fn latency(seconds: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::up("latency");
    broker.make_topic("ais.raw", PARTITIONS[0]);
    configure(folder.path(), &broker);
    let _ingest = Running::start(folder.path(), "ingest");
    let _detect = Running::start(folder.path(), "detect");
    let log = folder.path().join("detect.log");
    while broker::told(&log).matches("taken").count() < PARTITIONS[1] as usize {
        std::thread::sleep(Duration::from_millis(100));
    }
    let is_over = AtomicBool::new(false);
    let mut latencies = std::thread::scope(|scope| {
        let reading = scope.spawn(|| alerts(&broker, &is_over));
        let producer = producer(&broker, "2", "lz4");
        let began = Instant::now();
        let mut sent = 0;
        let per_beat = RATE * BEAT_MS / 1_000;
        for beat in 0..seconds * 1_000 / BEAT_MS {
            std::thread::sleep(
                Duration::from_millis((beat * BEAT_MS) as u64).saturating_sub(began.elapsed()),
            );
            let t_ms = now_ms();
            let mut lines = Vec::with_capacity(per_beat);
            // Dunai. A ship's second report shows that it is there.
            let berth = Position { lon: 132.3400, lat: 42.8830 };
            let calls = |beat: usize| CALLS * beat * BEAT_MS / 1_000;
            for beat in [Some(beat), beat.checked_sub(SECOND_REPORT_MS / BEAT_MS)].into_iter().flatten() {
                let ships = calls(beat)..calls(beat + 1);
                lines.extend(ships.map(|ship| line(257_000_000 + ship as u32, berth, 0.1, 0.0, t_ms)));
            }
            while lines.len() < per_beat {
                let (position, course) = under_way(sent % SHIPS, t_ms);
                lines.push(line(431_000_000 + (sent % SHIPS) as u32, position, 12.0, course, t_ms));
                sent += 1;
            }
            for (partition, lines) in
                (0..PARTITIONS[0]).zip(lines.chunks(per_beat.div_ceil(PARTITIONS[0] as usize)))
            {
                send(&producer, "ais.raw", partition, lines.join("\n").as_bytes());
            }
        }
        producer.flush(Duration::from_secs(30)).expect("all is sent");
        say(&format!("{sent} reports of ships under way in {:.1} s", began.elapsed().as_secs_f64()));
        std::thread::sleep(Duration::from_secs(2));
        is_over.store(true, Ordering::Relaxed);
        reading.join().expect("alerts are read")
    });
    // What was sent while the programs were starting waited for them.
    let warm = latencies.len() / 10;
    latencies.drain(..warm);
    latencies.sort_unstable();
    let at = |share: f64| {
        latencies.get(((latencies.len() as f64 * share) as usize).min(latencies.len().saturating_sub(1)))
    };
    say(&format!(
        "{} alerts, from the stamp of the report that decides to when the alert can be read, ms:",
        latencies.len()
    ));
    for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        say(&format!("  {name:<6}{:>6}", at(share).copied().unwrap_or(-1)));
    }
    let mut from = i64::MIN;
    for to in [25, 50, 75, 100, 150, 200, 300, 500, 1_000, i64::MAX] {
        let count = latencies.iter().filter(|ms| (from..to).contains(*ms)).count();
        let stars = "*".repeat((60 * count).div_ceil(latencies.len().max(1)));
        let name = if to == i64::MAX { "more".to_owned() } else { format!("< {to}") };
        say(&format!("  {name:>6} {count:>6} {stars}"));
        from = to;
    }
    say(&broker::told(&log));
}

/// What all ships say until they say the same again, line by line.
struct Feed {
    lines: Vec<u8>,
    /// The length of each line.
    length: usize,
    start_ms: i64,
}

impl Feed {
    /// Where in a line its time stands, and the checksum of its TAG block.
    const TIME: std::ops::Range<usize> = 11..24;
    const CHECKSUM: std::ops::Range<usize> = 25..27;

    /// Of so many reports, the last of them before now: what says that it comes from the future is not taken.
    fn new(reports: usize) -> Feed {
        // Where legs begin.
        let start_ms = (now_ms() - Feed::t_ms(0, reports)) / (2 * LEG_MS) * 2 * LEG_MS;
        let count = 2 * LEG_MS as usize * SHIPS / INTERVAL_MS;
        let length = Feed::line(start_ms, 0).len() + 1;
        let mut lines = Vec::with_capacity(count * length);
        for at in 0..count {
            lines.extend_from_slice(Feed::line(start_ms, at).as_bytes());
            lines.push(b'\n');
            assert_eq!(lines.len(), (at + 1) * length, "all lines are of one length");
        }
        Feed { lines, length, start_ms }
    }

    fn t_ms(start_ms: i64, at: usize) -> i64 {
        start_ms + (at * INTERVAL_MS / SHIPS) as i64
    }

    fn line(start_ms: i64, at: usize) -> String {
        let (ship, t_ms) = (at % SHIPS, Feed::t_ms(start_ms, at));
        let (position, course) = under_way(ship, t_ms);
        line(431_000_000 + ship as u32, position, 12.0, course, t_ms)
    }

    /// The lines of a record, with their times.
    fn record(&self, number: usize, lines: &mut Vec<u8>) {
        let from = number * LINES;
        let start = from * self.length % self.lines.len();
        lines.clear();
        lines.extend_from_slice(&self.lines[start..start + LINES * self.length]);
        for (at, line) in (from..).zip(lines.chunks_exact_mut(self.length)) {
            line[Feed::TIME].copy_from_slice(Feed::t_ms(self.start_ms, at).to_string().as_bytes());
            let sum = line[1..Feed::TIME.end].iter().fold(0, |sum, byte| sum ^ byte);
            line[Feed::CHECKSUM].copy_from_slice(format!("{sum:02X}").as_bytes());
        }
    }
}

/// Reads what is in a topic and writes it to another, and nothing else: reports a second.
fn bare(broker: &Broker, records: usize) -> f64 {
    broker.make_topic("bare", PARTITIONS[0]);
    let mut config = rdkafka::ClientConfig::new();
    config
        .set("bootstrap.servers", &broker.address)
        .set("group.id", "bare")
        .set("fetch.queue.backoff.ms", "20");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut assigned = rdkafka::topic_partition_list::TopicPartitionList::new();
    assigned.add_partition_range("ais.raw", 0, PARTITIONS[0] - 1);
    assigned.set_all_offsets(rdkafka::Offset::Beginning).expect("offsets");
    consumer.assign(&assigned).expect("an assignment");
    let producer = producer(broker, "5", "zstd");
    let began = Instant::now();
    let mut read = 0;
    while read < records && began.elapsed() < BARE {
        let Some(Ok(record)) = consumer.poll(Duration::from_millis(100)) else { continue };
        send(&producer, "bare", record.partition(), record.payload().unwrap_or_default());
        read += 1;
    }
    producer.flush(Duration::from_secs(60)).expect("all is sent");
    (read * LINES) as f64 / began.elapsed().as_secs_f64()
}

/// Fills a topic, then works through it.
fn throughput(seconds: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::up("throughput");
    broker.make_topic("ais.raw", PARTITIONS[0]);
    configure(folder.path(), &broker);
    let records = seconds * FILL / LINES;
    let feed = Feed::new(records * LINES);
    let producer = producer(&broker, "20", "zstd");
    let mut lines = Vec::new();
    for number in 0..records {
        feed.record(number, &mut lines);
        send(&producer, "ais.raw", number as i32 % PARTITIONS[0], &lines);
    }
    producer.flush(Duration::from_secs(60)).expect("all is sent");
    drop((producer, feed));
    say(&format!("{} reports in {records} records", records * LINES));
    let bare = bare(&broker, records);
    say(&format!("bare loop: {bare:.0} reports/s"));
    let began = Instant::now();
    let programs = ["ingest", "detect"].map(|role| Running::start(folder.path(), role));
    let mut memory: Vec<[u64; 2]> = Vec::new();
    let mut done = 0.0;
    while done < 1.0 {
        std::thread::sleep(Duration::from_secs(1));
        memory.push([programs[0].rss(), programs[1].rss()]);
        done = broker.share_read(("darkwake.ingest", "ais.raw", PARTITIONS[0])).min(if memory.len() > 2 {
            broker.share_read(("darkwake.detect", "darkwake.log", PARTITIONS[1]))
        } else {
            0.0
        });
        assert!(began.elapsed().as_secs() < 3_000, "it does not end");
    }
    let rate = (records * LINES) as f64 / began.elapsed().as_secs_f64();
    let mut accepted = 0.0;
    // The last few wait for those that may still come before them.
    while accepted < ACCEPTED {
        std::thread::sleep(Duration::from_secs(1));
        accepted = programs[1].accepted() / (records * LINES) as f64;
        assert!(began.elapsed().as_secs() < 3_000, "only {accepted} of the reports were accepted");
    }
    say(&format!(
        "ingest and detect: {rate:.0} reports/s, {:.2} of the bare loop; {:.1} % accepted",
        rate / bare,
        100.0 * accepted
    ));
    let half = memory.len() / 2;
    for (at, role) in ["ingest", "detect"].iter().enumerate() {
        let most = |part: &[[u64; 2]]| part.iter().map(|one| one[at]).max().unwrap_or(0) >> 20;
        say(&format!(
            "{role}: at most {} MB in the first half, {} MB in the second",
            most(&memory[..half]),
            most(&memory[half..])
        ));
    }
    for role in ["ingest", "detect"] {
        say(&std::fs::read_to_string(folder.path().join(format!("{role}.log"))).unwrap_or_default());
    }
}
