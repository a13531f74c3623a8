//! `darkwake replay`: historic streams as fast as the machine goes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use model::Ports;
use model::alert::Alert;

use crate::Usage;
use crate::cli::{self, Replay};
use crate::outputs;
use crate::read::{self, Done, Wanted};
use crate::report;
use crate::resume::Resume;
use crate::shards::Outcome;
use crate::sightings;
use crate::stats::{self, Totals};

/// Reads the inputs and writes what was asked for.
pub fn run(arguments: &Replay) -> anyhow::Result<()> {
    let began = Instant::now();
    let reading = &arguments.reading;
    let formats = arguments
        .out
        .iter()
        .map(|path| outputs::alert_format(path).map(|format| (path, format)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let files = arguments.out.iter().chain(&arguments.facts).chain(&arguments.stats).chain(&arguments.report);
    let files: Vec<&Path> = files.map(PathBuf::as_path).collect();
    let resume = arguments.resume.then(|| Resume::beside(&files, reading)).transpose()?;
    anyhow::ensure!(
        !arguments.by_day || arguments.out.iter().all(|path| path != Path::new("-")),
        Usage("--by-day makes folders, and standard output is none".to_owned())
    );
    check_sightings(arguments)?;
    // Statistics count them, too.
    let wanted = Wanted {
        speed: arguments.speed,
        alerts: !formats.is_empty()
            || arguments.stats.is_some()
            || arguments.report.is_some()
            || !arguments.sightings.is_empty(),
        tracks: arguments.report.is_some(),
        record: arguments.record.as_deref(),
        resume: resume.as_deref(),
        sightings: &arguments.sightings,
        only: None,
    };
    let reading_span = tracing::debug_span!("replay.read").entered();
    let mut done = read::read(reading, &wanted)?;
    drop(reading_span);
    let _span = tracing::debug_span!("replay.write", alerts = done.outcome.alerts.len()).entered();
    let is_time_assumed = reading.start.is_some();
    done.sort();
    let sightings = sightings::tell(&mut done);
    let (alerts, lines) = alerts(&mut done, arguments.only_final, is_time_assumed);
    for (path, format) in &formats {
        if arguments.by_day {
            outputs::write_alerts_by_day(path, *format, &lines)?;
        } else {
            outputs::write_alerts(path, *format, &lines)?;
        }
    }
    let default_stdout = arguments.out.is_empty()
        && arguments.facts.is_none()
        && arguments.stats.is_none()
        && arguments.report.is_none();
    if let Some(path) = arguments.facts.as_deref().or(default_stdout.then_some(Path::new("-"))) {
        write_facts(path, &done.outcome, done.made_with.world.ports(), is_time_assumed)?;
    }
    let Done { counts, read, outcome, .. } = &done;
    let mut totals = Totals {
        bytes: read.bytes,
        skipped: read.skipped,
        base_stations: read.base_stations.len() as u64,
        vessels: outcome.ships,
        tracks: outcome.tracks,
        facts: outcome.facts.totals(),
        elapsed_ms: began.elapsed().as_millis() as u64,
        ..Totals::default()
    };
    for alert in &alerts {
        *totals.alerts.entry(alert.key.kind.name()).or_default() += 1;
    }
    let mut object = stats::object(counts, &totals);
    if let Some(sightings) = sightings {
        object["sightings"] = sightings;
    }
    if let Some(path) = &arguments.stats {
        let mut out = outputs::create(path)?;
        writeln!(out, "{object}")?;
        out.finish()?;
    }
    if let Some(path) = &arguments.report {
        report::write(path, reading, &done, &alerts, &object)?;
    }
    let [silences, visits, hops] = totals.facts;
    let many = |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    cli::talk(&format!(
        "{} lines, {} accepted, {}: {}, {}, {} in {:.1} s",
        object["lines"],
        counts.accepted,
        many(outcome.ships, "vessel", "vessels"),
        many(silences, "silence", "silences"),
        many(visits, "visit", "visits"),
        many(hops, "hop", "hops"),
        began.elapsed().as_secs_f64()
    ));
    if let Some(folder) = resume.filter(|_| !done.is_interrupted()) {
        Resume::forget(&folder)?;
    }
    done.end()
}

/// Fails for what cannot be done with sightings.
fn check_sightings(arguments: &Replay) -> anyhow::Result<()> {
    if arguments.sightings.is_empty() {
        return Ok(());
    }
    anyhow::ensure!(
        !arguments.resume,
        Usage("--sightings are judged in one go; leave out --resume".to_owned())
    );
    let given = arguments.reading.inputs.iter().chain(&arguments.sightings);
    let from_stdin = given.filter(|input| *input == "-").count();
    anyhow::ensure!(from_stdin < 2, Usage("standard input can be one input only".to_owned()));
    Ok(())
}

/// The alerts in their order, and as they are written.
fn alerts(done: &mut Done, only_final: bool, is_time_assumed: bool) -> (Vec<Arc<Alert>>, Vec<String>) {
    let lines = done.lines(is_time_assumed);
    let alerts = std::mem::take(&mut done.outcome.alerts);
    let last: BTreeMap<u64, u32> = alerts.iter().map(|alert| (alert.id, alert.revision)).collect();
    let is_wanted = |alert: &Alert| !only_final || last.get(&alert.id) == Some(&alert.revision);
    alerts.into_iter().zip(lines).filter(|(alert, _)| is_wanted(alert)).unzip()
}

fn write_facts(path: &Path, outcome: &Outcome, ports: &Ports, is_time_assumed: bool) -> anyhow::Result<()> {
    let mut out = outputs::create(path)?;
    for line in outcome.facts.lines(ports, is_time_assumed) {
        writeln!(out, "{line}").with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    out.finish()?;
    Ok(())
}
