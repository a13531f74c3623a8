//! Alerts as the program told them: all revisions of one id become one [`Told`].
//!
//! The highest revision is what was said in the end. When a grade was said first is kept beside it.

use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::Context;
use connect::files::Input;
use model::alert::{AlertKind, Cause, Grade, Severity, Status};
use serde::Deserialize;

/// The kinds that are scored.
const SCORED: [AlertKind; 5] =
    [AlertKind::Dark, AlertKind::DarkHop, AlertKind::InReach, AlertKind::Outage, AlertKind::Withheld];

/// An alert with all its revisions taken together.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub kind: AlertKind,
    /// The ship, if it is about one.
    pub mmsi: Option<u32>,
    /// What it is in the end.
    pub status: Status,
    /// Its grade in the end.
    pub grade: Option<Grade>,
    /// Its cause in the end.
    pub cause: Option<Cause>,
    /// Its score in the end.
    pub score: Option<f64>,
    /// Its severity in the end.
    pub severity: Severity,
    /// The fix that begins it.
    pub start: i64,
    /// When it was over; `i64::MAX` while it is not.
    pub end: i64,
    /// The port that it is about.
    pub port: Option<String>,
    /// Ports where the ship may have been, likeliest first.
    pub candidates: Vec<String>,
    /// The highest revision.
    revision: u32,
    /// The first revision that stood, and when it was decided.
    first: Option<(u32, i64)>,
    /// The first revision that claimed each of [`Grade::CLAIMS`], and when it was decided.
    claimed: [Option<(u32, i64)>; 3],
}

impl Told {
    /// Whether it stands in the end.
    pub fn stands(&self) -> bool {
        self.status != Status::Retracted
    }

    /// The grade at which it claims in the end that a ship does not send.
    pub fn claim(&self) -> Option<Grade> {
        self.grade.filter(|grade| {
            self.kind == AlertKind::Dark
                && self.stands()
                && self.cause == Some(Cause::Vessel)
                && *grade >= Grade::Suspected
        })
    }

    /// When it was told first.
    pub fn first_at(&self) -> Option<i64> {
        self.first.map(|(_, at)| at)
    }

    /// When it first claimed a grade or a higher one.
    pub fn claimed_at(&self, grade: Grade) -> Option<i64> {
        let place = Grade::CLAIMS.iter().position(|claim| *claim == grade)?;
        self.claimed[place].map(|(_, at)| at)
    }

    /// What it says of a silence: a grade if it claims one, else the cause.
    pub fn label(&self) -> &'static str {
        match (self.claim(), self.cause, self.grade) {
            (Some(grade), ..) => grade.name(),
            (None, Some(Cause::Vessel) | None, Some(Grade::UnknownReception)) => {
                Grade::UnknownReception.name()
            }
            (None, Some(cause), _) => cause.name(),
            (None, None, _) => "no_cause",
        }
    }

    fn new(revision: Revision) -> Told {
        let mut told = Told {
            id: revision.id.clone(),
            kind: revision.kind,
            mmsi: None,
            status: revision.status,
            grade: None,
            cause: None,
            score: None,
            severity: revision.severity,
            start: revision.at,
            end: i64::MAX,
            port: None,
            candidates: Vec::new(),
            revision: revision.revision,
            first: None,
            claimed: [None; 3],
        };
        told.add(revision);
        told
    }

    fn add(&mut self, revision: Revision) {
        let number = revision.revision;
        if revision.status != Status::Retracted {
            earlier(&mut self.first, number, revision.at);
            let claims = |grade: Grade| {
                revision.cause == Some(Cause::Vessel) && revision.grade.is_some_and(|told| told >= grade)
            };
            for (place, grade) in Grade::CLAIMS.into_iter().enumerate() {
                if claims(grade) {
                    earlier(&mut self.claimed[place], number, revision.at);
                }
            }
        }
        if number >= self.revision {
            self.take(revision);
        }
    }

    /// Takes over what a revision says.
    fn take(&mut self, revision: Revision) {
        let is_over = matches!(revision.status, Status::Closed | Status::Retracted);
        self.revision = revision.revision;
        self.status = revision.status;
        self.grade = revision.grade;
        self.cause = revision.cause;
        self.score = revision.score;
        self.severity = revision.severity;
        self.mmsi = revision.vessel.map(|vessel| vessel.mmsi);
        self.start = revision.start.map_or(revision.at, |fix| fix.t);
        self.end = match revision.end {
            Some(fix) => fix.t,
            None if is_over => revision.at,
            None => i64::MAX,
        };
        let ports = revision.ports.unwrap_or_default();
        self.port = ports.at;
        self.candidates = ports.candidates.into_iter().flatten().map(|candidate| candidate.port).collect();
    }
}

fn earlier(known: &mut Option<(u32, i64)>, revision: u32, at: i64) {
    if known.is_none_or(|(number, _)| revision < number) {
        *known = Some((revision, at));
    }
}

/// What is read of a line first: alerts of other kinds have other grades.
#[derive(Deserialize)]
struct Head {
    kind: AlertKind,
}

/// What is read of one line.
#[derive(Deserialize)]
struct Revision {
    id: String,
    revision: u32,
    kind: AlertKind,
    status: Status,
    grade: Option<Grade>,
    cause: Option<Cause>,
    score: Option<f64>,
    severity: Severity,
    vessel: Option<Vessel>,
    start: Option<Fix>,
    end: Option<Fix>,
    at: i64,
    ports: Option<Ports>,
}

#[derive(Deserialize)]
struct Vessel {
    mmsi: u32,
}

#[derive(Deserialize)]
struct Fix {
    t: i64,
}

#[derive(Default, Deserialize)]
struct Ports {
    at: Option<String>,
    candidates: Option<Vec<Candidate>>,
}

#[derive(Deserialize)]
struct Candidate {
    port: String,
}

/// All that was told, by start and ship.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// The alerts.
    pub told: Vec<Told>,
    /// Alerts whose first revision is not in the file: delays of them are too long.
    pub without_first: usize,
}

impl Alerts {
    /// Reads a file of alerts, plain or compressed, `-` for standard input.
    pub fn read(path: &str) -> anyhow::Result<Alerts> {
        Alerts::parse(path, Input::file(path).open()?)
    }

    /// Takes alerts from JSON lines.
    pub fn parse(name: &str, lines: impl BufRead) -> anyhow::Result<Alerts> {
        let mut by_id: BTreeMap<String, Told> = BTreeMap::new();
        let mut lowest: BTreeMap<String, u32> = BTreeMap::new();
        for (number, line) in lines.lines().enumerate() {
            let line = line.with_context(|| format!("{name}: cannot be read to its end"))?;
            if line.trim().is_empty() {
                continue;
            }
            let is_none = || format!("{name}:{}: is no alert as darkwake replay --out writes it", number + 1);
            let Head { kind } = serde_json::from_str(&line).with_context(is_none)?;
            if !SCORED.contains(&kind) {
                continue;
            }
            let revision: Revision = serde_json::from_str(&line).with_context(is_none)?;
            let least = lowest.entry(revision.id.clone()).or_insert(revision.revision);
            *least = revision.revision.min(*least);
            match by_id.get_mut(&revision.id) {
                Some(told) => told.add(revision),
                None => {
                    by_id.insert(revision.id.clone(), Told::new(revision));
                }
            }
        }
        let mut told: Vec<Told> = by_id.into_values().collect();
        told.sort_by(|a, b| (a.start, a.mmsi, &a.id).cmp(&(b.start, b.mmsi, &b.id)));
        let without_first = lowest.values().filter(|revision| **revision > 0).count();
        Ok(Alerts { told, without_first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(lines: &[&str]) -> Alerts {
        Alerts::parse("test", lines.join("\n").as_bytes()).unwrap()
    }

    #[test]
    fn the_highest_revision_is_the_truth_and_the_first_claim_is_kept() {
        let alerts = alerts(&[
            r#"{"id":"a","revision":2,"kind":"dark","status":"closed","grade":"strong","cause":"vessel","at":300,"start":{"t":0},"end":{"t":290},"vessel":{"mmsi":1},"severity":"warning","score":6.5}"#,
            r#"{"id":"a","revision":0,"kind":"dark","status":"open","grade":"suspected","cause":"vessel","at":100,"start":{"t":0},"end":null,"vessel":{"mmsi":1},"severity":"info"}"#,
            r#"{"id":"a","revision":1,"kind":"dark","status":"updated","grade":"probable","cause":"vessel","at":200,"start":{"t":0},"end":null,"vessel":{"mmsi":1},"severity":"info"}"#,
        ]);
        let told = &alerts.told[0];
        let last = (told.claim(), told.end, told.severity);
        assert_eq!(last, (Some(Grade::Strong), 290, Severity::Warning));
        let claimed = Grade::CLAIMS.map(|grade| told.claimed_at(grade));
        assert_eq!(claimed, [Some(100), Some(200), Some(300)]);
        assert_eq!(alerts.without_first, 0);
    }

    #[test]
    fn a_retracted_alert_claims_nothing_and_other_causes_are_no_claims() {
        let alerts = alerts(&[
            r#"{"id":"a","revision":1,"kind":"dark","status":"retracted","grade":"strong","cause":"vessel","severity":"info","at":9,"start":{"t":0}}"#,
            r#"{"id":"b","revision":0,"kind":"dark","status":"open","grade":"suspected","cause":"berth","severity":"info","at":9,"start":{"t":1}}"#,
            r#"{"id":"c","revision":0,"kind":"dark","status":"open","grade":"unknown_reception","cause":"vessel","severity":"info","at":9,"start":{"t":2}}"#,
            r#"{"id":"d","revision":0,"kind":"hop","status":"open","grade":null,"severity":"info","at":9,"start":{"t":3}}"#,
        ]);
        assert_eq!(alerts.told.iter().map(Told::claim).collect::<Vec<_>>(), [None; 3]);
        assert_eq!((alerts.told[1].label(), alerts.told[2].label()), ("berth", "unknown_reception"));
        assert_eq!(alerts.without_first, 1);
    }

    #[test]
    fn a_line_that_is_no_alert_is_told_with_its_place() {
        let error = Alerts::parse("alerts.jsonl", &b"\n{\"kind\":\"silence\"}\n"[..]).unwrap_err();
        assert!(error.to_string().starts_with("alerts.jsonl:2: "), "{error}");
    }
}
