//! `darkwake replay`: historic streams as fast as the machine goes.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use connect::alerts::Writer;
use connect::files;
use connect::reader::ReadSettings;
use decode::Settings;
use decode::nmea::AssumedTime;
use engine::{BUCKETS, Limits, World};
use geofence::sea::Sea;
use model::alert::Alert;
use model::{EventTime, Ports};

use crate::cli::{self, Replay};
use crate::config::{self, Config};
use crate::driver::{self, Driver, Plan};
use crate::interrupt::{Interrupt, Interrupted};
use crate::outputs;
use crate::progress::Progress;
use crate::shards::{Outcome, Shards};
use crate::stats::{self, Totals};

/// Stamps of files may be this far ahead of the present.
const FUTURE_MS: i64 = 86_400_000;

/// Reads the inputs and writes what was asked for.
pub fn run(arguments: &Replay) -> anyhow::Result<()> {
    let began = Instant::now();
    let interrupt = Interrupt::listen()?;
    let config = Config::load(arguments.config.as_deref())?;
    let formats = arguments
        .out
        .iter()
        .map(|path| outputs::alert_format(path).map(|format| (path, format)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let port_files = if arguments.ports.is_empty() { &config.ports.files } else { &arguments.ports };
    let (geofence, ports_hash) = crate::ports::load(port_files)?;
    let (rules, notes) = crate::watch::rules(&config)?;
    notes.iter().for_each(|note| cli::warn(note));
    let world = Arc::new(World::new(geofence, Arc::new(Sea::built_in()), rules));
    let inputs = files::find(&arguments.inputs)?;
    let plan = plan(arguments, &config, &interrupt);
    let sizes: Option<u64> = inputs.iter().map(files::Input::size).sum();
    let limits = Limits { ships_per_bucket: config.limits.ships.div_ceil(BUCKETS) };
    let shards = Shards::start(shard_count(arguments), &world, limits, !formats.is_empty());
    let count = inputs.len();
    let names: Vec<String> = inputs.iter().map(files::Input::name).collect();
    let driver = Driver::new(&plan, &config, shards, Progress::new(sizes));
    let (ingest, shards, read) = driver.run(inputs)?;
    let mut outcome = shards.finish();

    let mut counts = ingest.counts().clone();
    counts.add(&outcome.counts);
    counts.tag_warning += read.tag_warnings;
    let is_interrupted = interrupt.came();
    anyhow::ensure!(is_interrupted || read.unreadable < count, "nothing could be read");
    if !is_interrupted && driver::all_without_time(&counts) {
        anyhow::bail!(
            "none of the {} messages has a time; give --start T (such as --start 2023-10-01T00:00:00Z), \
             and line n has the time T + n milliseconds (or n times --step)",
            counts.rejected(model::Reason::NoTime)
        );
    }
    let alerts = alerts(&mut outcome, arguments.only_final);
    let config_hash = config.hash();
    let writer = Writer {
        ports: world.ports(),
        watch: world.watch(),
        config_hash: &config_hash,
        ports_hash: &ports_hash,
        inputs: &names,
        is_time_assumed: arguments.start.is_some(),
    };
    let lines: Vec<String> = alerts.iter().map(|alert| writer.json(alert)).collect();
    for (path, format) in &formats {
        outputs::write_alerts(path, *format, &lines)?;
    }
    let default_stdout = arguments.out.is_empty() && arguments.facts.is_none() && arguments.stats.is_none();
    if let Some(path) = arguments.facts.as_deref().or(default_stdout.then_some(Path::new("-"))) {
        write_facts(path, &outcome, world.ports(), arguments.start.is_some())?;
    }
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
    let object = stats::object(&counts, &totals);
    if let Some(path) = &arguments.stats {
        let mut out = outputs::create(path)?;
        writeln!(out, "{object}")?;
        out.finish()?;
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
    if is_interrupted {
        return Err(Interrupted.into());
    }
    anyhow::ensure!(read.broken.is_empty(), "{}", read.broken.join("; "));
    Ok(())
}

fn plan(arguments: &Replay, config: &Config, interrupt: &Interrupt) -> Plan {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as i64);
    let decode = Settings { latest: EventTime(now_ms + FUTURE_MS), tag_checksum: config.input.tag_checksum };
    Plan {
        read: ReadSettings {
            decode,
            format: config::reader_format(arguments.format),
            columns: config.input.columns.clone(),
            assumed: arguments.start.map(|start| AssumedTime { start, step_ms: arguments.step }),
            max_line_bytes: config.limits.line_bytes,
            bytes_on_disk: Arc::default(),
        },
        since: arguments.since,
        until: arguments.until,
        speed: arguments.speed,
        interrupt: interrupt.clone(),
    }
}

fn shard_count(arguments: &Replay) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    arguments.shards.map_or_else(|| cores().saturating_sub(1).max(1), usize::from)
}

/// The alerts in the order in which they were known, then of MMSIs.
fn alerts(outcome: &mut Outcome, only_final: bool) -> Vec<Arc<Alert>> {
    let mmsi = |alert: &Alert| alert.key.track.map_or(0, |track| track.mmsi.0);
    // A late report decides in the past what is known only now: what a ship's alerts say next never
    // comes before what they said.
    let mut known: HashMap<u32, EventTime> = HashMap::new();
    let mut alerts: Vec<(EventTime, u32, Arc<Alert>)> = std::mem::take(&mut outcome.alerts)
        .into_iter()
        .map(|alert| {
            let known = known.entry(mmsi(&alert)).or_insert(alert.told);
            *known = alert.told.max(*known);
            (*known, mmsi(&alert), alert)
        })
        .collect();
    alerts.sort_by_key(|(known, mmsi, _)| (*known, *mmsi));
    let mut alerts: Vec<Arc<Alert>> = alerts.into_iter().map(|(.., alert)| alert).collect();
    if only_final {
        let last: BTreeMap<u64, u32> = alerts.iter().map(|alert| (alert.id, alert.revision)).collect();
        alerts.retain(|alert| last.get(&alert.id) == Some(&alert.revision));
    }
    alerts
}

fn write_facts(path: &Path, outcome: &Outcome, ports: &Ports, is_time_assumed: bool) -> anyhow::Result<()> {
    let mut out = outputs::create(path)?;
    for line in outcome.facts.lines(ports, is_time_assumed) {
        writeln!(out, "{line}").with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    out.finish()?;
    Ok(())
}
