//! Collects ports of several files, and counts what is left out or doubtful, each with the first place of its sort.

use std::collections::BTreeMap;

use super::draft::Draft;
use crate::cli;

/// So many of a sort and file are told one by one.
const TOLD: u64 = 10;

/// Why a row or a feature makes no port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It cannot be read.
    Malformed,
    /// It says no place.
    NoPlace,
    /// A port file cannot hold it.
    Refused,
    /// There are too many.
    Limit,
    /// It is no port, and does not claim to be one.
    NotPort,
}

impl LeftOut {
    fn words(self) -> &'static str {
        match self {
            LeftOut::Malformed => "that cannot be read",
            LeftOut::NoPlace => "without a place",
            LeftOut::Refused => "that no port file can hold",
            LeftOut::Limit => "more than --max-ports",
            LeftOut::NotPort => "that are no ports",
        }
    }
}

/// What is doubtful about a port that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// Text that is not UTF-8.
    Latin1,
    /// No country, or one that is not known.
    Country,
    /// A kind that is none.
    Kind,
    /// A value that its property cannot have.
    Value,
    /// An id that another has.
    Id,
}

impl Doubt {
    fn words(self) -> &'static str {
        match self {
            Doubt::Latin1 => "read as Latin-1",
            Doubt::Country => "without a known country",
            Doubt::Kind => "with a kind that is none, taken for that of the others",
            Doubt::Value => "with a value that its property cannot have, left out",
            Doubt::Id => "whose id was taken, with a number behind it",
        }
    }
}

/// How many, and where the first is.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    count: u64,
    first: u64,
}

impl Count {
    fn add(&mut self, number: u64) {
        if self.count == 0 {
            self.first = number;
        }
        self.count += 1;
    }
}

/// What reading a file came to.
#[derive(Debug)]
struct Tally {
    file: String,
    /// What is counted: lines, features.
    noun: &'static str,
    seen: u64,
    taken: u64,
    left_out: BTreeMap<LeftOut, Count>,
    doubts: BTreeMap<Doubt, Count>,
}

/// Ports so far.
#[derive(Debug)]
pub struct Collector {
    max_ports: usize,
    drafts: Vec<Draft>,
    tallies: Vec<Tally>,
}

impl Collector {
    /// Nothing yet.
    pub fn new(max_ports: usize) -> Collector {
        Collector { max_ports, drafts: Vec::new(), tallies: Vec::new() }
    }

    /// What follows is from this file, counted in this noun.
    pub fn begin(&mut self, file: String, noun: &'static str) {
        let (left_out, doubts) = (BTreeMap::new(), BTreeMap::new());
        self.tallies.push(Tally { file, noun, seen: 0, taken: 0, left_out, doubts });
    }

    /// Number of the file that is read.
    pub fn file(&self) -> usize {
        self.tallies.len().saturating_sub(1)
    }

    /// One more row or feature, whatever comes of it.
    pub fn see(&mut self) {
        if let Some(tally) = self.tallies.last_mut() {
            tally.seen += 1;
        }
    }

    /// A port.
    pub fn take(&mut self, draft: Draft) {
        if self.drafts.len() >= self.max_ports {
            self.leave_out(draft.number, LeftOut::Limit, "there are too many ports; see --max-ports");
            return;
        }
        if let Some(tally) = self.tallies.last_mut() {
            tally.taken += 1;
        }
        self.drafts.push(draft);
    }

    /// What makes no port.
    pub fn leave_out(&mut self, number: u64, why: LeftOut, reason: &str) {
        self.leave_out_of(self.file(), number, why, reason);
    }

    /// What makes no port, of any file.
    pub fn leave_out_of(&mut self, file: usize, number: u64, why: LeftOut, reason: &str) {
        let Some(tally) = self.tallies.get_mut(file) else { return };
        let count = tally.left_out.entry(why).or_default();
        count.add(number);
        if count.count <= TOLD && why != LeftOut::NotPort {
            cli::warn(&format!("{}: {} {number}: {reason}; left out", tally.file, tally.noun));
        }
    }

    /// What is doubtful.
    pub fn doubt(&mut self, number: u64, doubt: Doubt) {
        self.doubt_of(self.file(), number, doubt);
    }

    /// What is doubtful, of any file.
    pub fn doubt_of(&mut self, file: usize, number: u64, doubt: Doubt) {
        if let Some(tally) = self.tallies.get_mut(file) {
            tally.doubts.entry(doubt).or_default().add(number);
        }
    }

    /// The ports, in the order of the files.
    pub fn drafts(&self) -> &[Draft] {
        &self.drafts
    }

    /// A port that was taken makes none after all.
    pub fn refuse(&mut self, file: usize, number: u64, reason: &str) {
        if let Some(tally) = self.tallies.get_mut(file) {
            tally.taken = tally.taken.saturating_sub(1);
        }
        self.leave_out_of(file, number, LeftOut::Refused, reason);
    }

    /// A line for each file: how many ports, and what became of the rest.
    pub fn summaries(&self) -> Vec<String> {
        self.tallies.iter().map(Tally::summary).collect()
    }
}

impl Tally {
    fn summary(&self) -> String {
        let mut parts =
            vec![format!("{}: {} of {}", self.file, many(self.taken, "port"), many(self.seen, self.noun))];
        let told = |count: &Count, words: &str| {
            let first = if count.count == 1 { "" } else { "first " };
            format!("{} {words} ({first}{} {})", count.count, self.noun, count.first)
        };
        let left_out: Vec<String> =
            self.left_out.iter().map(|(why, count)| told(count, why.words())).collect();
        if !left_out.is_empty() {
            parts.push(format!("left out {}", left_out.join(", ")));
        }
        parts.extend(self.doubts.iter().map(|(doubt, count)| told(count, doubt.words())));
        parts.join("; ")
    }
}

fn many(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_summary_says_what_became_of_each_row() {
        let mut collector = Collector::new(1);
        collector.begin("ports.csv".to_owned(), "line");
        for number in 2..8 {
            collector.see();
            match number {
                2 | 3 => collector.take(Draft {
                    file: collector.file(),
                    number,
                    id: None,
                    properties: Vec::new(),
                    geometry: Value::Null,
                }),
                4 | 6 => collector.leave_out(number, LeftOut::NotPort, "no port"),
                _ => collector.leave_out(number, LeftOut::NoPlace, "no place"),
            }
        }
        collector.doubt(2, Doubt::Country);
        assert_eq!(
            collector.summaries(),
            ["ports.csv: 1 port of 6 lines; left out 2 without a place (first line 5), \
              1 more than --max-ports (line 3), 2 that are no ports (first line 4); 1 without a known country (line 2)"]
        );
        collector.refuse(0, 2, "crosses itself");
        assert!(collector.summaries()[0].starts_with("ports.csv: 0 ports of 6 lines; left out 2 without"));
    }
}
