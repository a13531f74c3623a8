//! Where the time of a report goes: each stage of the way and all of it, against the budget and against what others take for
//! the same lines in the same run.

use std::hint::black_box;

use engine::World;
use memchr::memchr_iter;

use super::anchors::Contender;
use super::areas::Areas;
use super::cost::{cpu_ns, median, median_ratio};
use super::feeds::{Feed, PIECE};
use super::stages::{Format, Looker, Reception, Seen, Stage, Way};
use super::tell::{Bar, bar, grouped, say, table, talk};

/// What decoding alone may take, ns a line.
const DECODE_NS: f64 = 100.0;

/// What one contender took in each round, ns.
struct Series {
    name: String,
    remark: String,
    ns: Vec<f64>,
}

/// What was measured on one feed.
struct Measured {
    lines: Vec<f64>,
    reports: Vec<f64>,
    /// Up to each stage.
    ways: Vec<Vec<f64>>,
    /// What is measured by itself: parts of the way, and what another would take for one of them.
    parts: Vec<Series>,
    anchors: Vec<Series>,
}

/// One round: everything from the beginning.
#[derive(Default)]
struct Round {
    lines: f64,
    reports: f64,
    ways: Vec<f64>,
    parts: [f64; 3],
    anchors: Vec<(&'static str, String, f64)>,
}

/// The names of `Round::parts`.
const PARTS: [&str; 3] = ["of these: reception", "of these: which ports", "ports by rstar and geo"];

/// Measures feeds and prints the table.
pub fn run(feeds: impl IntoIterator<Item = Feed>, rounds: usize, world: &World) {
    let areas = Areas::new(&world.ports().list);
    let (mut rows, mut bars) = (Vec::new(), Vec::new());
    for feed in feeds {
        let mut measured = Measured::new();
        for number in 1..=rounds {
            talk(&format!("{}: round {number} of {rounds}", feed.name));
            measured.add(round(&feed, world, &areas));
        }
        rows.extend(measured.rows(&feed));
        bars.push(measured.bars(&feed));
    }
    say(
        "CPU time of the thread; a line of \"of these\" is measured by itself and is part of the stages above it.\n",
    );
    say(&table(&["feed", "what", "ns a line", "ns a report", "of the budget", "whole way / this"], &rows));
    say("");
    for (name, whole_ns, budget_ns, decode_ns) in bars {
        bar(&format!("{name}, whole way"), whole_ns, "ns a report", Bar::AtMost(budget_ns));
        if let Some(decode_ns) = decode_ns {
            bar(&format!("{name}, decoding alone"), decode_ns, "ns a line", Bar::AtMost(DECODE_NS));
        }
    }
}

/// Contenders take turns, piece by piece; who begins moves on.
fn round(feed: &Feed, world: &World, areas: &Areas) -> Round {
    let mut source = feed.start();
    let mut ways = Stage::ALL.map(|stage| Way::new(feed.format, stage, Some(world)));
    let mut anchors = feed.anchors();
    let (mut looker, mut reception, mut seen) = (Looker::new(feed.format), Reception::new(), Seen::default());
    let mut text = Vec::new();
    for _ in 0..feed.warm {
        text.clear();
        source(&mut text);
        ways.iter_mut().for_each(|way| way.read(&text));
        looker.look(&text, &mut seen);
        reception.hear(&seen);
    }
    let accepted_before = accepted(&ways);
    let mut round = Round::default();
    let mut spent = vec![0_u64; ways.len() + anchors.len()];
    let mut found = Vec::new();
    for piece in 0..feed.pieces {
        text.clear();
        source(&mut text);
        round.lines += memchr_iter(b'\n', &text).count() as f64;
        for turn in 0..spent.len() {
            let at = (turn + piece) % spent.len();
            let began = cpu_ns();
            match at.checked_sub(ways.len()) {
                None => ways[at].read(&text),
                Some(at) => anchors[at].read(&text),
            }
            spent[at] += cpu_ns() - began;
        }
        looker.look(&text, &mut seen);
        let began = cpu_ns();
        reception.hear(&seen);
        let heard = cpu_ns();
        for (position, t) in &seen.positions {
            black_box(world.geofence().inside(*position, *t));
        }
        let located = cpu_ns();
        for (position, _) in &seen.positions {
            black_box(areas.inside(*position, &mut found));
        }
        let spent = [heard - began, located - heard, cpu_ns() - located];
        round.parts.iter_mut().zip(spent).for_each(|(sum, ns)| *sum += ns as f64);
    }
    round.reports = accepted(&ways) - accepted_before;
    let of_anchors = spent.split_off(ways.len());
    round.ways = spent.into_iter().map(|ns| ns as f64).collect();
    let told = anchors.iter().zip(of_anchors);
    round.anchors = told.map(|(anchor, ns)| (anchor.name(), anchor.remark(), ns as f64)).collect();
    round
}

fn accepted(ways: &[Way<'_>]) -> f64 {
    ways.last().map_or(0, Way::accepted) as f64
}

impl Measured {
    fn new() -> Measured {
        let parts = PARTS.map(|name| Series { name: name.to_owned(), remark: String::new(), ns: Vec::new() });
        Measured {
            lines: Vec::new(),
            reports: Vec::new(),
            ways: vec![Vec::new(); Stage::ALL.len()],
            parts: parts.into(),
            anchors: Vec::new(),
        }
    }

    fn add(&mut self, round: Round) {
        self.lines.push(round.lines);
        self.reports.push(round.reports.max(1.0));
        self.ways.iter_mut().zip(round.ways).for_each(|(way, ns)| way.push(ns));
        self.parts.iter_mut().zip(round.parts).for_each(|(part, ns)| part.ns.push(ns));
        if self.anchors.is_empty() {
            let named = round.anchors.iter().map(|(name, ..)| (*name).to_owned());
            self.anchors = named.map(|name| Series { name, remark: String::new(), ns: Vec::new() }).collect();
        }
        for (series, (_, remark, ns)) in self.anchors.iter_mut().zip(round.anchors) {
            series.remark = remark;
            series.ns.push(ns);
        }
    }

    fn whole(&self) -> &[f64] {
        self.ways.last().map_or(&[], Vec::as_slice)
    }

    fn rows(&self, feed: &Feed) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for (at, stage) in Stage::ALL.into_iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &self.ways[before]);
            let ns: Vec<f64> = match before {
                None => self.ways[at].clone(),
                Some(before) => {
                    self.ways[at].iter().zip(before).map(|(up_to, before)| up_to - before).collect()
                }
            };
            rows.push(self.row(feed, stage.work(), &ns, true));
        }
        rows.push(self.row(feed, "WHOLE WAY", self.whole(), true));
        for (at, part) in self.parts.iter().enumerate() {
            // The last is nothing of ours.
            rows.push(self.row(feed, &part.name, &part.ns, at + 1 < self.parts.len()));
        }
        for anchor in &self.anchors {
            let remark =
                if anchor.remark.is_empty() { String::new() } else { format!(" ({})", anchor.remark) };
            rows.push(self.row(feed, &format!("{}{remark}", anchor.name), &anchor.ns, false));
        }
        rows
    }

    fn row(&self, feed: &Feed, what: &str, ns: &[f64], is_ours: bool) -> Vec<String> {
        let per_report = median_ratio(ns, &self.reports);
        let share = 100.0 * per_report / feed.budget_ns;
        vec![
            feed.name.clone(),
            what.to_owned(),
            grouped(median_ratio(ns, &self.lines)),
            grouped(per_report),
            if is_ours { format!("{share:.0} %") } else { String::new() },
            format!("{:.2}", median_ratio(self.whole(), ns)),
        ]
    }

    /// The name, what a report takes all the way, what it may take, and what a sentence takes to decode.
    fn bars(&self, feed: &Feed) -> (String, f64, f64, Option<f64>) {
        let is_sentences = feed.format == Format::Nmea;
        let decode = is_sentences.then(|| median_ratio(&self.ways[0], &self.lines));
        (feed.name.clone(), median_ratio(self.whole(), &self.reports), feed.budget_ns, decode)
    }
}

/// What decoding takes, ns a line, in one round over a feed beside others: ours, then theirs in their order.
pub fn decoding(text: &[u8], others: &mut [Box<dyn Contender>]) -> Vec<f64> {
    let mut ours = Way::new(Format::Nmea, Stage::Decode, None);
    let mut spent = vec![0.0; 1 + others.len()];
    // In pieces, so that all see the same machine.
    let ends: Vec<usize> = memchr_iter(b'\n', text).map(|at| at + 1).collect();
    let mut from = 0;
    for ends in ends.chunks(PIECE) {
        let to = ends.last().copied().unwrap_or(from);
        let lines = &text[from..to];
        let began = cpu_ns();
        ours.read(lines);
        spent[0] += (cpu_ns() - began) as f64;
        for (other, spent) in others.iter_mut().zip(&mut spent[1..]) {
            let began = cpu_ns();
            other.read(lines);
            *spent += (cpu_ns() - began) as f64;
        }
        from = to;
    }
    spent
}

/// The median of what several rounds gave for one contender.
pub fn middle(rounds: &[Vec<f64>], contender: usize) -> f64 {
    let of: Vec<f64> = rounds.iter().map(|round| round[contender]).collect();
    median(&of)
}
