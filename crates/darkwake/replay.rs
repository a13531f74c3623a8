//! `darkwake replay`: historic streams as fast as the machine goes.

mod places;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use model::alert::Alert;

use crate::Usage;
use crate::cli::{self, Replay};
use crate::interrupt::Interrupt;
use crate::outputs::{self, Format, Table};
use crate::read::{self, Done, Wanted};
use crate::report;
use crate::resume::Resume;
use crate::sightings;
use crate::stats::{self, Totals};
use crate::tracks::PointOrder;

/// Reads the inputs and writes what was asked for.
pub fn run(arguments: &Replay) -> anyhow::Result<()> {
    let began = Instant::now();
    let interrupt = Interrupt::listen()?;
    let reading = &arguments.reading;
    let out = outputs::formats("--out", outputs::OF_ALERTS, &arguments.out)?;
    let facts = outputs::formats("--facts", outputs::OF_FACTS, &arguments.facts)?;
    let tracks = outputs::formats("--tracks", outputs::OF_TRACKS, &arguments.tracks)?;
    let matches = outputs::formats("--matches", outputs::OF_MATCHES, &arguments.matches)?;
    let files = arguments.out.iter().chain(&arguments.facts).chain(&arguments.tracks);
    let files = files.chain(&arguments.matches);
    let files = files.chain(&arguments.stats).chain(&arguments.report);
    let files: Vec<&Path> = files.map(PathBuf::as_path).collect();
    let resume = arguments.resume.then(|| Resume::beside(&files, reading)).transpose()?;
    check_options(arguments)?;
    check_sightings(arguments)?;
    places::check(arguments)?;
    let order = if arguments.by_day { PointOrder::Days } else { PointOrder::Tracks };
    let wanted = Wanted {
        speed: arguments.speed,
        facts: !facts.is_empty()
            || files.is_empty()
            || arguments.report.is_some()
            || !arguments.sightings.is_empty(),
        // Statistics count them, too.
        alerts: !out.is_empty()
            || arguments.stats.is_some()
            || arguments.report.is_some()
            || !arguments.sightings.is_empty(),
        report_tracks: arguments.report.is_some(),
        track_points: (!tracks.is_empty()).then_some(order),
        record: arguments.record.as_deref(),
        resume: resume.as_deref(),
        sightings: &arguments.sightings,
        only: None,
    };
    let reading_span = tracing::debug_span!("replay.read").entered();
    let mut done = read::read(reading, &wanted, &interrupt)?;
    drop(reading_span);
    let _span = tracing::debug_span!("replay.write", alerts = done.outcome.alerts.len()).entered();
    let is_time_assumed = reading.start.is_some();
    done.sort();
    let sightings = sightings::tell(&mut done)?;
    let (alerts, lines) = alerts(&mut done, arguments.only_final, is_time_assumed);
    write(arguments, &out, &outputs::alerts::TABLE, || lines.iter())?;
    let ports = done.made_with.world.ports();
    let told = || done.outcome.facts.lines(ports, is_time_assumed);
    write(arguments, &facts, &outputs::facts::TABLE, told)?;
    if files.is_empty() {
        outputs::write(Path::new("-"), Format::Lines, &outputs::facts::TABLE, told)?;
    }
    if let Some(told) = &sightings {
        for (path, format) in &matches {
            outputs::write(path, *format, &outputs::matches::TABLE, || told.rows.iter())?;
        }
    }
    if !tracks.is_empty() {
        outputs::tracks::write(&tracks, order, std::mem::take(&mut done.outcome.track_points))?;
    }
    let Done { counts, read, outcome, .. } = &done;
    let mut totals = Totals {
        bytes: read.bytes,
        skipped: read.skipped,
        base_stations: read.base_stations.len() as u64,
        vessels: outcome.ships,
        tracks: outcome.tracks,
        facts: outcome.fact_counts.all(),
        elapsed_ms: began.elapsed().as_millis() as u64,
        ..Totals::default()
    };
    for alert in &alerts {
        *totals.alerts.entry(alert.key.kind.name()).or_default() += 1;
    }
    let mut object = stats::object(counts, &totals);
    if let Some(told) = sightings {
        object["sightings"] = told.stats;
    }
    if let Some(path) = &arguments.stats {
        let mut out = outputs::create(path)?;
        writeln!(out, "{object}")?;
        out.finish()?;
    }
    if let Some(path) = &arguments.report {
        report::write(path, (reading, &arguments.sightings), &done, &alerts, &object)?;
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

/// Fails for options that would be of no use.
fn check_options(arguments: &Replay) -> anyhow::Result<()> {
    let Replay { out, facts, tracks, stats, report, by_day, only_final, .. } = arguments;
    let mut tables = out.iter().chain(facts).chain(tracks).peekable();
    let is_any = tables.peek().is_some();
    anyhow::ensure!(
        !by_day || tables.all(|path| !outputs::is_stream(path)),
        Usage("--by-day makes folders, and standard output is none".to_owned())
    );
    anyhow::ensure!(
        !by_day || is_any,
        Usage("--by-day needs --out, --facts or --tracks, of which it makes folders".to_owned())
    );
    anyhow::ensure!(
        !only_final || !out.is_empty() || report.is_some() || stats.is_some(),
        Usage("--final is of alerts; give --out, --report or --stats".to_owned())
    );
    Ok(())
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

/// Writes objects into files, or into folders with a file for each day.
fn write<I: Iterator<Item: AsRef<str>>>(
    arguments: &Replay,
    files: &[(&Path, Format)],
    table: &Table,
    objects: impl Fn() -> I,
) -> anyhow::Result<()> {
    files.iter().try_for_each(|(path, format)| {
        if arguments.by_day {
            outputs::write_by_day(path, *format, table, &objects)
        } else {
            outputs::write(path, *format, table, &objects)
        }
    })
}
