//! Runs feeds through the whole core: ingest, shards, facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect::alerts::Writer;
use connect::facts::{FactCounts, Facts};
use decode::Decoded;
use engine::{Engine, Entry, Ingest, Limits, Order, World};
use model::alert::{Alert, Told};
use model::fate::Counts;
use model::{EventTime, FactKind, Reason};
use serde_json::Value;

/// The delay bound of every source.
pub const BOUND_MS: i64 = 30_000;

/// Messages in order of arrival, each with the number of its source.
pub type Feed = Vec<(usize, Decoded)>;

/// How a feed is run; none of it may matter.
#[derive(Clone, Debug)]
pub struct How {
    /// Shards.
    pub shards: usize,
    /// Messages after which the watermark is told.
    pub batch: usize,
    /// Before which messages everything is written down and read back.
    pub snapshots: Vec<usize>,
    /// Whether the engines are told who was heard where. Late reports do not count for that, so what they
    /// bring about can only be held against a run in order where nothing is known of it.
    pub hears: bool,
}

/// One shard, a watermark after each message.
pub const PLAIN: How = How { shards: 1, batch: 1, snapshots: Vec::new(), hears: true };

/// What came of it.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// The facts, a line each.
    pub facts: Vec<String>,
    /// The alerts, all revisions.
    pub alerts: Vec<String>,
    /// The fates.
    pub counts: Counts,
}

impl Outcome {
    /// Whether every position went straight into a story.
    pub fn took_all(&self) -> bool {
        let refused = [Reason::Late, Reason::Jump, Reason::Limit, Reason::Duplicate, Reason::BadTime];
        self.counts.candidate == 0 && refused.iter().all(|reason| self.counts.rejected(*reason) == 0)
    }

    /// The alerts that stand at the end, without what tells how they came to be: id, revision, when
    /// each was decided, and what was known of the ship at that time.
    pub fn standing(&self) -> Vec<String> {
        let mut last: BTreeMap<String, Value> = BTreeMap::new();
        for line in &self.alerts {
            let alert: Value = serde_json::from_str(line).unwrap();
            last.insert(alert["id"].as_str().unwrap().to_owned(), alert);
        }
        // Who goes on under whose IMO number is told between ships, and spells without a position are not
        // cut by late reports.
        let left_out = ["identity.changed", "position.withheld"];
        let counts = |alert: &Value| {
            let kind = alert["kind"].as_str().unwrap_or_default();
            alert["status"] != "retracted" && !left_out.contains(&kind)
        };
        let standing = last.into_values().filter(counts).map(|alert| {
            let is_over = alert["status"] == "closed";
            let of = |key: &str| alert[key].to_string();
            let ports: Vec<String> =
                ["at", "from", "to"].iter().map(|role| alert["ports"][role].to_string()).collect();
            let parts = ["kind", "grade", "cause", "start", "end"].map(of).join(" ");
            format!("{} {is_over} {parts} {}", alert["vessel"]["track"], ports.join(" "))
        });
        let mut standing: Vec<String> = standing.collect();
        standing.sort();
        standing
    }

    /// What is only in one of two, `-` here, `+` there; `None` if they agree.
    pub fn against(&self, other: &Outcome) -> Option<String> {
        let lines = |sign: char, here: &[String], there: &[String]| {
            let only = here.iter().filter(|line| !there.contains(line));
            only.map(|line| format!("{sign} {line}\n")).collect::<String>()
        };
        let mut told = lines('-', &self.facts, &other.facts) + &lines('+', &other.facts, &self.facts);
        told += &(lines('-', &self.alerts, &other.alerts) + &lines('+', &other.alerts, &self.alerts));
        if self.counts != other.counts {
            told += &format!("- {:?}\n+ {:?}\n", self.counts, other.counts);
        }
        (self != other).then_some(told)
    }
}

/// Runs a feed of `sources` sources.
pub fn run(world: &World, sources: usize, feed: &Feed, how: &How) -> Outcome {
    let mut ingest = Ingest::new(&Limits::default());
    let ids: Vec<_> =
        (0..sources).map(|_| ingest.add(Order::Bounded { bound_ms: BOUND_MS }, EventTime::MIN)).collect();
    let mut engines: Vec<Engine> =
        (0..how.shards).map(|shard| Engine::new(Limits::default(), shard)).collect();
    let mut heard = Heard::default();
    let mut entries: Vec<Entry> = Vec::new();
    for (at, (source, decoded)) in feed.iter().enumerate() {
        if how.snapshots.contains(&at) {
            engines
                .iter_mut()
                .for_each(|engine| *engine = Engine::restore(&engine.snapshot().unwrap()).unwrap());
            ingest = Ingest::restore(&ingest.snapshot().unwrap()).unwrap();
        }
        ingest.read(ids[*source], decoded.clone(), &mut |entry| entries.push(entry));
        if (at + 1) % how.batch == 0 {
            ingest.advance(&mut |entry| entries.push(entry));
        }
        entries.retain(|entry| how.hears || !matches!(entry, Entry::Tick(_)));
        hand_over(&mut entries, &mut engines, world, &mut heard);
    }
    ids.iter().for_each(|id| ingest.close(*id, &mut |entry| entries.push(entry)));
    ingest.end(&mut |entry| entries.push(entry));
    entries.retain(|entry| how.hears || !matches!(entry, Entry::Tick(_)));
    hand_over(&mut entries, &mut engines, world, &mut heard);
    let mut counts = ingest.counts().clone();
    engines.iter().for_each(|engine| counts.add(engine.counts()));
    let lines: u64 = feed.iter().map(|(_, decoded)| u64::from(decoded.lines)).sum();
    assert_eq!(counts.total(), lines, "every line has one fate");
    assert!(engines.iter().all(|engine| engine.held() == 0), "nothing is held after the end");
    let of_kind = |kind: FactKind| heard.facts.iter().filter(|(key, _)| key.kind == kind).count() as u64;
    let counts_of_facts = [FactKind::Silence, FactKind::Visit, FactKind::Hop].map(of_kind);
    assert_eq!(heard.fact_counts.all(), counts_of_facts, "facts are counted as they are told");
    Outcome { facts: heard.facts.lines(world.ports(), false).collect(), alerts: heard.lines(world), counts }
}

/// What was told.
#[derive(Default)]
struct Heard {
    facts: Facts,
    fact_counts: FactCounts,
    alerts: Vec<Arc<Alert>>,
}

impl Heard {
    fn take(&mut self, told: Told) {
        match told {
            Told::Fact(change) => {
                self.fact_counts.apply(&change);
                self.facts.apply(&change);
            }
            Told::Alert(alert) => self.alerts.push(alert),
            // Nothing is sought here.
            Told::Near(_) | Told::TakenBack(_) => {}
        }
    }

    /// The alerts of each ship in the order in which they were told, whatever came between.
    fn lines(&mut self, world: &World) -> Vec<String> {
        self.alerts.sort_by_key(|alert| alert.key.track.map_or(0, |track| track.mmsi.0));
        let (config_hash, ports_hash) = ("0000000000000000", "0000000000000000");
        let writer = Writer {
            ports: world.ports(),
            watch: world.watch(),
            config_hash,
            ports_hash,
            inputs: &[],
            is_time_assumed: false,
        };
        self.alerts.iter().map(|alert| writer.json(alert)).collect()
    }
}

fn hand_over(entries: &mut Vec<Entry>, engines: &mut [Engine], world: &World, heard: &mut Heard) {
    let mut told = Vec::new();
    for entry in entries.drain(..) {
        if let Entry::Transmission(_, transmission) = &entry {
            let shard = engine::shard_of(transmission.mmsi(), engines.len());
            engines[shard].push(entry, world, &mut told);
        } else {
            engines.iter_mut().for_each(|engine| engine.push(entry.clone(), world, &mut told));
        }
        told.drain(..).for_each(|told| heard.take(told));
    }
}
