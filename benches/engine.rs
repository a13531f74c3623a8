//! The whole way of a line through the core on one thread: decode, ingest, engine with the built-in
//! ports.
//!
//! An iteration is a whole feed; after the table the same stages are told per line and per
//! accepted report, the best of five runs.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use decode::nmea::NmeaDecoder;
use decode::{Settings, TagChecksum};
use detect::watch::Rules;
use divan::Bencher;
use divan::counter::ItemsCount;
use engine::{Engine, Entry, Ingest, Limits, Order, World};
use geofence::Geofence;
use geofence::sea::Sea;
use model::alert::Told;
use model::{EventTime, Origin};

/// Lines read before the watermark is looked at, as `darkwake replay` does.
const TURN_LINES: usize = 512;
/// How far out of order lines may come, the default of the configuration.
const BOUND_MS: i64 = 30_000;
/// Runs of which the best is told.
const RUNS: usize = 5;

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let geofence = Geofence::new(connect::ports::built_in().ports);
    World::new(geofence, Arc::new(Sea::built_in()), Rules::default())
});
static HARBOUR: LazyLock<Vec<u8>> = LazyLock::new(|| feed("harbour"));
static RAJIN: LazyLock<Vec<u8>> = LazyLock::new(|| feed("rajin"));

/// Which feed.
#[derive(Clone, Copy, Debug)]
enum Feed {
    Harbour,
    Rajin,
}

impl Feed {
    const ALL: [Feed; 2] = [Feed::Harbour, Feed::Rajin];

    fn lines(self) -> Vec<&'static [u8]> {
        let feed: &'static [u8] = match self {
            Feed::Harbour => &HARBOUR,
            Feed::Rajin => &RAJIN,
        };
        feed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect()
    }
}

/// How far the lines go.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Decode,
    Ingest,
    Engine,
}

impl Stage {
    const ALL: [Stage; 3] = [Stage::Decode, Stage::Ingest, Stage::Engine];
}

fn feed(scenario: &str) -> Vec<u8> {
    let mut feed = Vec::new();
    sim::generate(scenario, 1, &mut feed).expect("a vector takes everything").expect("a known scenario");
    feed
}

/// Takes a feed through the stages up to `stage`; gives the reports accepted, and how much was told.
fn run(lines: &[&[u8]], stage: Stage) -> (u64, u64) {
    let settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };
    let mut decoder = NmeaDecoder::new(settings, None);
    let mut ingest = Ingest::new(&Limits::default());
    let source = ingest.add(Order::Bounded { bound_ms: BOUND_MS }, EventTime::MIN);
    let mut engine = Engine::new(Limits::default(), 0);
    let mut fresh: Vec<Told> = Vec::new();
    let mut told = 0;
    let mut push = |entry: Entry| {
        if let Stage::Engine = stage {
            engine.push(entry, &WORLD, &mut fresh);
            told += fresh.len() as u64;
            fresh.clear();
        } else {
            black_box(entry);
        }
    };
    let mut origin = Origin::default();
    for turn in lines.chunks(TURN_LINES) {
        for line in turn {
            origin.line += 1;
            decoder.decode(line, origin, &mut |decoded| match stage {
                Stage::Decode => {
                    black_box(decoded);
                }
                Stage::Ingest | Stage::Engine => ingest.read(source, decoded, &mut push),
            });
        }
        ingest.advance(&mut push);
    }
    ingest.close(source, &mut push);
    ingest.end(&mut push);
    (engine.counts().accepted, told)
}

#[divan::bench(args = Stage::ALL, sample_size = 1, sample_count = 50)]
fn harbour(bencher: Bencher<'_, '_>, stage: Stage) {
    bench(bencher, Feed::Harbour, stage);
}

#[divan::bench(args = Stage::ALL, sample_size = 1, sample_count = 10)]
fn rajin(bencher: Bencher<'_, '_>, stage: Stage) {
    bench(bencher, Feed::Rajin, stage);
}

fn bench(bencher: Bencher<'_, '_>, feed: Feed, stage: Stage) {
    let lines = feed.lines();
    bencher.counter(ItemsCount::new(lines.len())).bench_local(|| black_box(run(&lines, stage)));
}

/// Prints what a line and a report cost.
#[expect(clippy::print_stdout, reason = "what a bench has to say")]
fn tell(feed: Feed) {
    let lines = feed.lines();
    let (accepted, told) = run(&lines, Stage::Engine);
    println!(
        "{feed:?}: {} lines, {accepted} lines accepted, {told} changes of facts and alerts",
        lines.len()
    );
    for stage in Stage::ALL {
        let best = (0..RUNS).map(|_| time(&lines, stage)).min().unwrap_or_default();
        let each = |count: u64| best.as_nanos() as f64 / count.max(1) as f64;
        println!(
            "  up to {:<8} {:>6.1} ns per line {:>6.1} ns per accepted line",
            format!("{stage:?}"),
            each(lines.len() as u64),
            each(accepted)
        );
    }
}

fn time(lines: &[&[u8]], stage: Stage) -> Duration {
    let began = Instant::now();
    black_box(run(lines, stage));
    began.elapsed()
}

fn main() {
    LazyLock::force(&WORLD);
    LazyLock::force(&HARBOUR);
    LazyLock::force(&RAJIN);
    divan::main();
    // Without this flag benches only show that they still run.
    if std::env::args().any(|argument| argument == "--bench") {
        Feed::ALL.into_iter().for_each(tell);
    }
}
