//! `darkwake evaluate`: how right the alerts are.
//!
//! `--truth TRUTH ALERTS` holds alerts against what really happened (see [`truth`] for the file), `--blank-out SHARE
//! INPUT…` takes intervals out of real tracks and looks whether they are told. Several pairs of truths and alerts, the
//! k-th with the k-th, are pooled: their counts are added.
//!
//! What a claim is and when it tells a silence stands in [`judge`]. The scores (`--json`, `--fail-under`):
//!
//! | name | what |
//! |---|---|
//! | `recall_suspected`, `_probable`, `_strong` | deliberate silences of ≥ 2, 4, 8 h told at this grade or above, of those with `audible.min` > 0.5 and `history_h` ≥ 24 where the truth gives them |
//! | `recall_suspected_everywhere`, `_probable_`, `_strong_` | the same, wherever they were |
//! | `recall_any_length` | of all deliberate silences, told at *suspected* or above |
//! | `precision_suspected`, … | true claims of all claims at this grade or above |
//! | `false_alarms_suspected`, … | false claims at this grade or above per 1,000 vessel-days |
//! | `delay_median_minutes`, `_p90_`, `_max_` | from switch-off to the first claim, of the silences of `recall_suspected` that were found |
//! | `hidden_port_first_1`, `_3`, `_5`, `hidden_port_missing` | place of a port called at unseen among the candidates |
//! | `told_hidden_port_…` | the same, of those whose silence has an alert that could name ports |
//! | `in_reach_told` | ports called at unseen that were told as in reach |
//! | `in_reach_delay_median_minutes`, … | from the arrival there until it was told; negative is before |
//! | `withheld_told`, `jammed_not_dark`, `berth_quiet` | silences of these kinds told as withheld and not as dark; not as dark; as info or not at all |
//! | `outages_told`, `outages_false` | failed receivers told by exactly one alert; alerts of other outages |
//! | `dark_retracted` | dark alerts that were retracted |
//!
//! The object of `--json`: `schema`, `mode` (`truth` or `blank-out`), `worlds[] {truth, ships, vessel_days}`, `scores
//! {NAME: {value, …}}` with `hits`, `of`, `low`, `high` for shares (95 %, Wilson), `count`, `vessel_days` for rates, `of`
//! for times; `told_as {KIND: {GRADE or CAUSE or nothing: count}}`, `counts`, `false[]`, `missed[]`, `notes[]`. A value is
//! null if there was no case. With `--blank-out` the scores are recall and delay, and `counts` has `other_alerts`.

pub mod alerts;
mod blank_out;
pub mod bound;
pub mod judge;
mod rewrite;
pub mod score;
mod stretches;
mod table;
#[cfg(test)]
mod tests;
pub mod truth;

use std::io::Write;
use std::path::Path;

use alerts::Alerts;
use bound::Bound;
use judge::Cases;
use table::Report;
use truth::World;

use crate::cli::Evaluate;
use crate::{Usage, outputs};

/// Scores, prints, and holds the scores against the bounds.
pub fn run(arguments: &Evaluate) -> anyhow::Result<()> {
    let report = match arguments.blank_out {
        Some(share) => blank_out::run(arguments, share)?,
        None => against_truths(arguments)?,
    };
    write(&report, arguments.json.as_deref())?;
    hold(&report, &arguments.fail_under)
}

fn against_truths(arguments: &Evaluate) -> anyhow::Result<Report> {
    let (truths, files) = (&arguments.truth, &arguments.files);
    if truths.len() != files.len() {
        anyhow::bail!(Usage(format!(
            "{} of --truth and {} of alerts; give one file of alerts for each --truth, in the same order",
            truths.len(),
            files.len()
        )));
    }
    let mut cases = Cases::default();
    for (truth, file) in truths.iter().zip(files) {
        cases.judge(&World::read(truth)?, &Alerts::read(file)?);
    }
    Ok(of_truths(cases))
}

fn of_truths(cases: Cases) -> Report {
    let mut notes = Vec::new();
    if cases.without_first > 0 {
        notes.push(format!(
            "of {} alerts the first revision is missing, delays may be too long; write alerts without --final",
            cases.without_first
        ));
    }
    Report { mode: "truth", scores: score::of_truth(&cases), cases, counts: Vec::new(), notes }
}

fn write(report: &Report, json: Option<&Path>) -> anyhow::Result<()> {
    if let Some(path) = json {
        let mut out = outputs::create(path)?;
        serde_json::to_writer_pretty(&mut out, &report.json())?;
        writeln!(out)?;
        out.finish()?;
    }
    if json != Some(Path::new("-")) {
        let mut out = outputs::create(Path::new("-"))?;
        out.write_all(report.table().as_bytes())?;
        out.finish()?;
    }
    Ok(())
}

fn hold(report: &Report, bounds: &[Bound]) -> anyhow::Result<()> {
    let mut missed = Vec::new();
    for bound in bounds {
        let score = report.scores.iter().find(|score| score.name == bound.name());
        let Some(score) = score else {
            anyhow::bail!(Usage(format!("--fail-under {}: is not told with --blank-out", bound.name())));
        };
        missed.extend(bound.missed(score));
    }
    anyhow::ensure!(missed.is_empty(), "{}", missed.join("; "));
    Ok(())
}
