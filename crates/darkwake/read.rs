//! Reads inputs from end to end, for whatever is to be told of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use anyhow::Context;
use connect::alerts::Writer;
use connect::files;
use connect::live;
use connect::log::{self, Frame, LogReader, LogWriter};
use connect::reader::ReadSettings;
use decode::Settings;
use decode::nmea::AssumedTime;
use engine::World;
use geofence::sea::Sea;
use model::fate::Counts;
use model::{EventTime, Mmsi};

use crate::cli::{self, Format, Reading, Speed};
use crate::config::{self, Config};
use crate::driver::{self, Driver, Plan, ReadTotals};
use crate::interrupt::{Interrupt, Interrupted};
use crate::order::{Known, Rounds};
use crate::progress::Progress;
use crate::shards::{Keep, KeepAlerts, Outcome, Shards};
use crate::watch;

/// Stamps of files may be this far ahead of the present.
const FUTURE_MS: i64 = 86_400_000;

/// What reading came to.
pub struct Done {
    /// Ports, water and watch rules.
    pub world: Arc<World>,
    /// Hash of the configuration.
    pub config_hash: String,
    /// Hash of the ports.
    pub ports_hash: String,
    /// The inputs.
    pub names: Vec<String>,
    /// What became of the lines.
    pub counts: Counts,
    /// What reading found beside the reports.
    pub read: ReadTotals,
    /// What was found.
    pub outcome: Outcome,
    /// Whether alerts are in their order already.
    is_in_order: bool,
    is_interrupted: bool,
}

/// What is wanted of reading.
pub struct Wanted<'a> {
    /// How fast.
    pub speed: Speed,
    /// Whether alerts are.
    pub alerts: bool,
    /// Whether tracks are.
    pub tracks: bool,
    /// Where the log is to be written down.
    pub record: Option<&'a Path>,
    /// Where the part of it is to be written down that one ship's alerts follow from.
    pub only: Option<Only<'a>>,
}

/// A part of the log.
#[derive(Clone, Copy)]
pub struct Only<'a> {
    /// Where it is to be written down.
    pub folder: &'a Path,
    /// The ship; without one, what belongs to none.
    pub mmsi: Option<Mmsi>,
}

/// Reads all inputs, or those before an interrupt.
pub fn read(reading: &Reading, wanted: &Wanted<'_>) -> anyhow::Result<Done> {
    let interrupt = Interrupt::listen()?;
    let config = Config::load(reading.config.as_deref())?;
    let (world, ports_hash) = world(&config, reading.config.is_some(), &reading.ports)?;
    let limits = config.limits.of_core();
    let count = shard_count(reading.shards);
    let start = |alerts: KeepAlerts| {
        let mut shards =
            Shards::start(count, &world, limits, &Keep { facts: true, alerts, tracks: wanted.tracks });
        if let Some(folder) = wanted.record {
            shards.record(record(folder)?);
        }
        if let Some(Only { folder, mmsi }) = wanted.only {
            shards.record_only(record(folder)?, mmsi);
        }
        anyhow::Ok(shards)
    };
    let is_in_order = is_log(reading);
    let (read, names, counts, outcome) = if is_in_order {
        let (parts, told) = sync_channel(1);
        let shards = start(KeepAlerts::Rounds(parts))?;
        let mut rounds = Rounds::of(count);
        let collector = std::thread::spawn(move || {
            told.into_iter().flat_map(|part| rounds.take(part)).flat_map(|round| round.alerts).collect()
        });
        let (read, names, mut outcome) = read_log(Path::new(&reading.inputs[0]), shards, &interrupt)?;
        outcome.alerts = collector.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (read, names, outcome.counts.clone(), outcome)
    } else {
        let mut shards = start(if wanted.alerts { KeepAlerts::All } else { KeepAlerts::No })?;
        let inputs = files::find(&reading.inputs)?;
        let names: Vec<String> = inputs.iter().map(files::Input::name).collect();
        (0..).zip(&names).for_each(|(number, name)| shards.name(number, name));
        let plan = plan(reading, wanted.speed, &config, &interrupt);
        let sizes: Option<u64> = inputs.iter().map(files::Input::size).sum();
        let driver = Driver::new(&plan, &config, shards, Progress::new(sizes));
        let (ingest, shards, read) = driver.run(inputs)?;
        let outcome = shards.finish();
        let mut counts = ingest.counts().clone();
        counts.add(&outcome.counts);
        counts.tag_warning += read.tag_warnings;
        (read, names, counts, outcome)
    };
    let is_interrupted = interrupt.came();
    if !is_interrupted {
        anyhow::ensure!(is_in_order || read.unreadable < names.len(), "nothing could be read");
        anyhow::ensure!(
            !driver::all_without_time(&counts),
            "none of the {} messages has a time; give --start T (such as --start 2023-10-01T00:00:00Z), \
             and line n has the time T + n milliseconds (or n times --step)",
            counts.rejected(model::Reason::NoTime)
        );
    }
    let config_hash = config.hash();
    Ok(Done { world, config_hash, ports_hash, names, counts, read, outcome, is_in_order, is_interrupted })
}

/// Begins to write a log down.
pub fn record(folder: &Path) -> anyhow::Result<LogWriter> {
    LogWriter::create(folder).with_context(|| format!("{}: no record can be begun", folder.display()))
}

/// Whether the one input is a log.
pub fn is_log(reading: &Reading) -> bool {
    let [input] = &reading.inputs[..] else { return false };
    reading.format == Format::Log || reading.format == Format::Auto && log::is_log(Path::new(input))
}

/// Gives the shards what a log holds.
fn read_log(
    folder: &Path,
    mut shards: Shards,
    interrupt: &Interrupt,
) -> anyhow::Result<(ReadTotals, Vec<String>, Outcome)> {
    let named = || folder.display().to_string();
    let mut log = LogReader::open(folder).with_context(named)?;
    let (mut names, mut read) = (Vec::new(), ReadTotals::default());
    while !interrupt.came()
        && let Some(frame) = log.next_frame().with_context(named)?
    {
        match frame {
            Frame::Name(number, name) => {
                shards.name(number, &name);
                log::name(&mut names, number, name);
            }
            Frame::Entry(entry) => shards.push(entry),
            Frame::Round => shards.round(),
            Frame::Taken(_) => {}
        }
    }
    read.bytes = log.bytes;
    Ok((read, names, shards.finish()))
}

/// Ports, water and rules, and the hash of the ports; says what is doubtful.
pub fn world(config: &Config, is_own: bool, ports: &[PathBuf]) -> anyhow::Result<(Arc<World>, String)> {
    let port_files = if ports.is_empty() { &config.ports.files } else { ports };
    let (geofence, ports_hash) = crate::ports::load(port_files)?;
    let watched = watch::read(config)?;
    watched.summaries.iter().for_each(|summary| cli::talk(summary));
    let unmatched = watch::unmatched(&watched.rules, geofence.ports());
    // The built-in rules are of the built-in ports, not of somebody's own.
    let told = if port_files.is_empty() || is_own { &unmatched[..] } else { &[] };
    watched.warnings.iter().chain(told).for_each(|warning| cli::warn(warning));
    Ok((Arc::new(World::new(geofence, Arc::new(Sea::built_in()), watched.rules)), ports_hash))
}

impl Done {
    /// What writes its alerts.
    pub fn writer(&self, is_time_assumed: bool) -> Writer<'_> {
        Writer {
            ports: self.world.ports(),
            watch: self.world.watch(),
            config_hash: &self.config_hash,
            ports_hash: &self.ports_hash,
            inputs: &self.names,
            is_time_assumed,
        }
    }

    /// Puts alerts in the order in which they were known.
    pub fn sort(&mut self) {
        if !self.is_in_order {
            let alerts = std::mem::take(&mut self.outcome.alerts);
            self.outcome.alerts = Known::default().sort(alerts);
            self.is_in_order = true;
        }
    }

    /// Whether it ended before its inputs did.
    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted
    }

    /// How it ended, once all that it gave is written.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.whole()
    }

    /// Fails if it ended early, or some of it is missing.
    pub fn whole(&mut self) -> anyhow::Result<()> {
        self.outcome.recorded()?;
        if self.is_interrupted {
            return Err(Interrupted.into());
        }
        anyhow::ensure!(self.read.broken.is_empty(), "{}", self.read.broken.join("; "));
        Ok(())
    }
}

fn plan(reading: &Reading, speed: Speed, config: &Config, interrupt: &Interrupt) -> Plan {
    Plan {
        read: ReadSettings {
            assumed: reading.start.map(|start| AssumedTime { start, step_ms: reading.step }),
            ..settings(config, reading.format)
        },
        since: reading.since,
        until: reading.until,
        speed,
        interrupt: interrupt.clone(),
    }
}

/// How files are read.
pub fn settings(config: &Config, format: Format) -> ReadSettings {
    let latest = EventTime(live::now().0 + FUTURE_MS);
    ReadSettings {
        decode: Settings { latest, tag_checksum: config.input.tag_checksum },
        format: config::reader_format(format),
        columns: config.input.columns.clone(),
        assumed: None,
        max_line_bytes: config.limits.line_bytes,
        bytes_on_disk: Arc::default(),
    }
}

/// As many as were asked for, or one less than there are cores.
pub fn shard_count(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(|| cores().saturating_sub(1).max(1), usize::from)
}
