//! Runs feeds through the whole core: ingest, shards, facts.

use connect::facts::Facts;
use decode::Decoded;
use engine::{Engine, Entry, Ingest, Limits, Order};
use geofence::Geofence;
use model::fate::Counts;
use model::{EventTime, FactChange, Reason};

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
    /// Before which messages every engine is written down and read back.
    pub snapshots: Vec<usize>,
}

/// One shard, a watermark after each message.
pub const PLAIN: How = How { shards: 1, batch: 1, snapshots: Vec::new() };

/// What came of it.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// The facts, a line each.
    pub facts: Vec<String>,
    /// The fates.
    pub counts: Counts,
}

impl Outcome {
    /// Whether every position went straight into a story.
    pub fn took_all(&self) -> bool {
        let refused = [Reason::Late, Reason::Jump, Reason::Limit, Reason::Duplicate, Reason::BadTime];
        self.counts.candidate == 0 && refused.iter().all(|reason| self.counts.rejected(*reason) == 0)
    }

    /// What is only in one of two, `-` here, `+` there; `None` if they agree.
    pub fn against(&self, other: &Outcome) -> Option<String> {
        let lines = |sign: char, here: &Outcome, there: &Outcome| {
            let only = here.facts.iter().filter(|line| !there.facts.contains(line));
            only.map(|line| format!("{sign} {line}\n")).collect::<String>()
        };
        let mut told = lines('-', self, other) + &lines('+', other, self);
        if self.counts != other.counts {
            told += &format!("- {:?}\n+ {:?}\n", self.counts, other.counts);
        }
        (self != other).then_some(told)
    }
}

/// Runs a feed of `sources` sources.
pub fn run(geofence: &Geofence, sources: usize, feed: &Feed, how: &How) -> Outcome {
    let mut ingest = Ingest::default();
    let ids: Vec<_> =
        (0..sources).map(|_| ingest.add(Order::Bounded { bound_ms: BOUND_MS }, EventTime::MIN)).collect();
    let mut engines: Vec<Engine> = (0..how.shards).map(|_| Engine::new(Limits::default())).collect();
    let mut changes: Vec<FactChange> = Vec::new();
    let mut facts = Facts::default();
    let mut entries: Vec<Entry> = Vec::new();
    for (at, (source, decoded)) in feed.iter().enumerate() {
        if how.snapshots.contains(&at) {
            engines
                .iter_mut()
                .for_each(|engine| *engine = Engine::restore(&engine.snapshot().unwrap()).unwrap());
        }
        ingest.read(ids[*source], decoded.clone(), &mut |entry| entries.push(entry));
        if (at + 1) % how.batch == 0 {
            entries.extend(ingest.advance().map(Entry::Watermark));
        }
        hand_over(&mut entries, &mut engines, geofence, &mut changes);
        changes.drain(..).for_each(|change| facts.apply(&change));
    }
    ids.iter().for_each(|id| ingest.close(*id, &mut |entry| entries.push(entry)));
    entries.push(Entry::End(ingest.highest().unwrap_or(EventTime::MIN)));
    hand_over(&mut entries, &mut engines, geofence, &mut changes);
    changes.drain(..).for_each(|change| facts.apply(&change));
    let mut counts = ingest.counts().clone();
    engines.iter().for_each(|engine| counts.add(engine.counts()));
    let lines: u64 = feed.iter().map(|(_, decoded)| u64::from(decoded.lines)).sum();
    assert_eq!(counts.total(), lines, "every line has one fate");
    assert!(engines.iter().all(|engine| engine.held() == 0), "nothing is held after the end");
    Outcome { facts: facts.lines(geofence.ports(), false).collect(), counts }
}

fn hand_over(
    entries: &mut Vec<Entry>,
    engines: &mut [Engine],
    geofence: &Geofence,
    changes: &mut Vec<FactChange>,
) {
    for entry in entries.drain(..) {
        if let Entry::Transmission(_, transmission) = &entry {
            let shard = engine::shard_of(transmission.mmsi(), engines.len());
            engines[shard].push(entry, geofence, changes);
        } else {
            engines.iter_mut().for_each(|engine| engine.push(entry.clone(), geofence, changes));
        }
    }
}
