//! Scores for people (an aligned table) and for machines (one JSON object).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::EventTime;
use serde_json::{Value, json};

use super::alerts::Told;
use super::judge::{self, Cases, Claim, SilenceCase};
use super::score::{Measure, Score, rounded};
use super::truth::{Episode, HOUR_MS, Kind};

/// Name and version of the object.
pub const SCHEMA: &str = "darkwake.scores/1";
/// Lines of a list that people read; machines get all.
const LIST_LINES: usize = 20;

/// What is told beside the scores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// `truth` or `blank-out`.
    pub mode: &'static str,
    /// The scores.
    pub scores: Vec<Score>,
    /// The cases behind them.
    pub cases: Cases,
    /// Other numbers, by name.
    pub counts: Vec<(&'static str, u64)>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

impl Report {
    /// Silences that were not told as they should be, those that should be easiest first.
    fn missed(&self) -> Vec<&SilenceCase> {
        let is_missed = |case: &&SilenceCase| case.wanted().is_some_and(|wanted| case.claim() < Some(wanted));
        let mut missed: Vec<&SilenceCase> = self.cases.silences.iter().filter(is_missed).collect();
        missed.sort_by_key(|case| (!case.is_audible(), case.claim(), case.world, case.episode.start));
        missed
    }

    /// False claims, the surest first; none where the truth knows only some silences.
    fn false_claims(&self) -> Vec<&Claim> {
        if self.mode != "truth" {
            return Vec::new();
        }
        let mut claims: Vec<&Claim> =
            self.cases.claims.iter().filter(|claim| claim.why_false.is_some()).collect();
        claims.sort_by_key(|claim| (std::cmp::Reverse(claim.grade), claim.world, claim.alert.start));
        claims
    }

    /// How many silences of each kind were told as what.
    fn told_as(&self) -> BTreeMap<Kind, BTreeMap<&'static str, usize>> {
        let mut told_as: BTreeMap<Kind, BTreeMap<&'static str, usize>> = BTreeMap::new();
        for case in &self.cases.silences {
            *told_as.entry(case.episode.kind).or_default().entry(case.label()).or_default() += 1;
        }
        told_as
    }

    /// It for machines.
    pub fn json(&self) -> Value {
        let scores: serde_json::Map<String, Value> =
            self.scores.iter().map(|score| (score.name.to_owned(), score.json())).collect();
        let told_as: serde_json::Map<String, Value> =
            self.told_as().into_iter().map(|(kind, told)| (kind.name().to_owned(), json!(told))).collect();
        let counts: serde_json::Map<String, Value> =
            self.counts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
        json!({
            "schema": SCHEMA,
            "mode": self.mode,
            "worlds": self.cases.worlds,
            "scores": scores,
            "told_as": told_as,
            "counts": counts,
            "false": self.false_claims().into_iter().map(claim_json).collect::<Vec<_>>(),
            "missed": self.missed().into_iter().map(missed_json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }

    /// It for people.
    pub fn table(&self) -> String {
        let mut out = String::new();
        self.head(&mut out);
        self.score_rows(&mut out);
        self.told_as_rows(&mut out);
        self.lists(&mut out);
        for note in &self.notes {
            let _ = writeln!(out, "\nnote: {note}");
        }
        out
    }

    fn head(&self, out: &mut String) {
        let ships: usize = self.cases.worlds.iter().map(|world| world.ships).sum();
        let days: Option<f64> = self.cases.worlds.iter().map(|world| world.vessel_days).sum();
        let days = days.map_or("an unknown number of".to_owned(), |days| format!("{days:.1}"));
        let many =
            |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
        let _ = writeln!(
            out,
            "{}, {}, {days} vessel-days, {}",
            many(self.cases.worlds.len(), "world", "worlds"),
            many(ships, "ship", "ships"),
            many(self.cases.silences.len(), "silence", "silences"),
        );
    }

    fn score_rows(&self, out: &mut String) {
        let mut rows = vec![["score", "value", "95 %", "counts", ""].map(str::to_owned).to_vec()];
        for score in &self.scores {
            rows.push(vec![
                score.name.to_owned(),
                value_cell(score),
                score.interval().map_or(String::new(), |(low, high)| format!("{low:.3}–{high:.3}")),
                counts_cell(score),
                score.what.to_owned(),
            ]);
        }
        let counts = self.counts.iter().map(|(name, count)| {
            vec![(*name).to_owned(), count.to_string(), String::new(), String::new(), String::new()]
        });
        rows.extend(counts);
        out.push('\n');
        aligned(out, &rows, &[1, 2, 3]);
    }

    fn told_as_rows(&self, out: &mut String) {
        let told_as = self.told_as();
        let is_used = |label: &&str| told_as.values().any(|told| told.contains_key(label));
        let labels: Vec<&str> = judge::labels().filter(is_used).collect();
        if labels.is_empty() {
            return;
        }
        let head = std::iter::once("silences told as").chain(labels.iter().copied());
        let mut rows = vec![head.map(str::to_owned).collect::<Vec<_>>()];
        for (kind, told) in &told_as {
            let cells = labels.iter().map(|label| told.get(label).copied().unwrap_or(0).to_string());
            rows.push(std::iter::once(kind.name().to_owned()).chain(cells).collect());
        }
        out.push('\n');
        aligned(out, &rows, &(1..=labels.len()).collect::<Vec<_>>());
    }

    fn lists(&self, out: &mut String) {
        let claims = self.false_claims().into_iter().map(|claim| {
            let alert = &claim.alert;
            vec![
                ship(alert.mmsi, claim.name.as_deref()),
                time(alert.start),
                claim.grade.name().to_owned(),
                alert.score.map_or(String::new(), |score| format!("{score:.1}")),
                cause(alert).to_owned(),
                claim.why_false.clone().unwrap_or_default(),
            ]
        });
        list(out, "false claims", ["ship", "since", "grade", "score", "cause", "truth"], claims.collect());
        let missed = self.missed().into_iter().map(|case| {
            vec![
                ship(Some(case.episode.mmsi), case.episode.name.as_deref()),
                time(case.episode.start),
                format!("{:.1}", hours(&case.episode)),
                case.wanted().map_or("", |wanted| wanted.name()).to_owned(),
                case.label().to_owned(),
                audibility(&case.episode),
            ]
        });
        list(
            out,
            "missed silences",
            ["ship", "since", "hours", "wanted", "told as", "audible"],
            missed.collect(),
        );
    }
}

fn list(out: &mut String, title: &str, head: [&str; 6], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let more = rows.len().saturating_sub(LIST_LINES);
    let _ = writeln!(out, "\n{title}: {}", rows.len());
    let shown: Vec<Vec<String>> =
        std::iter::once(head.map(str::to_owned).to_vec()).chain(rows.into_iter().take(LIST_LINES)).collect();
    aligned(out, &shown, &[]);
    if more > 0 {
        let _ = writeln!(out, "and {more} more, all of them in --json");
    }
}

/// Writes rows as columns as wide as their widest cell; `right` are those that are aligned to the right.
fn aligned(out: &mut String, rows: &[Vec<String>], right: &[usize]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let blanks = " ".repeat(widths[column] - cell.chars().count());
            let gap = if column > 0 { "  " } else { "" };
            let (before, after) =
                if right.contains(&column) { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            let _ = write!(line, "{gap}{before}{cell}{after}");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn value_cell(score: &Score) -> String {
    let Some(value) = score.value() else { return "–".to_owned() };
    match score.measure {
        Measure::Share { .. } => format!("{value:.3}"),
        Measure::Rate { .. } => format!("{value:.2}"),
        Measure::Minutes { .. } => format!("{value:.1}"),
        Measure::Count(count) => count.to_string(),
    }
}

fn counts_cell(score: &Score) -> String {
    match score.measure {
        Measure::Share { hits, of } => format!("{hits}/{of}"),
        Measure::Rate { count, vessel_days } => {
            format!("{count}/{}", vessel_days.map_or("?".to_owned(), |days| format!("{days:.1}")))
        }
        Measure::Minutes { of, .. } => of.to_string(),
        Measure::Count(_) => String::new(),
    }
}

fn ship(mmsi: Option<u32>, name: Option<&str>) -> String {
    let mmsi = mmsi.map_or("–".to_owned(), |mmsi| mmsi.to_string());
    name.map_or(mmsi.clone(), |name| format!("{mmsi} {name}"))
}

fn time(ms: i64) -> String {
    EventTime(ms).to_iso().to_string()
}

fn hours(episode: &Episode) -> f64 {
    (episode.end - episode.start) as f64 / HOUR_MS as f64
}

fn cause(alert: &Told) -> &'static str {
    alert.cause.map_or("", |cause| cause.name())
}

fn audibility(episode: &Episode) -> String {
    let min = episode.audible_min.map_or("?".to_owned(), |min| format!("{min:.2}"));
    let history = episode.history_h.map_or(String::new(), |hours| format!(" after {hours:.0} h of history"));
    format!("{min}{history}")
}

fn claim_json(claim: &Claim) -> Value {
    let alert = &claim.alert;
    json!({
        "world": claim.world,
        "id": alert.id,
        "mmsi": alert.mmsi,
        "name": claim.name,
        "start": alert.start,
        "end": (alert.end != i64::MAX).then_some(alert.end),
        "claimed": alert.claimed_at(claim.grade),
        "grade": claim.grade,
        "score": alert.score,
        "cause": alert.cause,
        "why": claim.why_false,
    })
}

fn missed_json(case: &SilenceCase) -> Value {
    json!({
        "world": case.world,
        "mmsi": case.episode.mmsi,
        "name": case.episode.name,
        "start": case.episode.start,
        "end": case.episode.end,
        "hours": rounded(hours(&case.episode), 2),
        "wanted": case.wanted(),
        "told_as": case.label(),
        "id": case.alert.as_ref().map(|alert| alert.id.as_str()),
        "score": case.alert.as_ref().and_then(|alert| alert.score),
        "audible_min": case.episode.audible_min,
        "history_h": case.episode.history_h,
        "is_audible": case.is_audible(),
    })
}
