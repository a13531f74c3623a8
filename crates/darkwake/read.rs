//! Reads inputs from end to end, for whatever is to be told of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use connect::files;
use connect::reader::ReadSettings;
use decode::Settings;
use decode::nmea::AssumedTime;
use engine::{BUCKETS, Limits, World};
use geofence::sea::Sea;
use model::EventTime;
use model::fate::Counts;

use crate::cli::{self, Reading, Speed};
use crate::config::{self, Config};
use crate::driver::{self, Driver, Plan, ReadTotals};
use crate::interrupt::{Interrupt, Interrupted};
use crate::progress::Progress;
use crate::shards::{Keep, Outcome, Shards};
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
    is_interrupted: bool,
}

/// Reads all inputs, or those before an interrupt.
pub fn read(reading: &Reading, speed: Speed, keep: &Keep) -> anyhow::Result<Done> {
    let interrupt = Interrupt::listen()?;
    let config = Config::load(reading.config.as_deref())?;
    let (world, ports_hash) = world(&config, reading.config.is_some(), &reading.ports)?;
    let inputs = files::find(&reading.inputs)?;
    let plan = plan(reading, speed, &config, &interrupt);
    let sizes: Option<u64> = inputs.iter().map(files::Input::size).sum();
    let limits = Limits { ships_per_bucket: config.limits.ships.div_ceil(BUCKETS) };
    let shards = Shards::start(shard_count(reading.shards), &world, limits, keep);
    let names: Vec<String> = inputs.iter().map(files::Input::name).collect();
    let driver = Driver::new(&plan, &config, shards, Progress::new(sizes));
    let (ingest, shards, read) = driver.run(inputs)?;
    let outcome = shards.finish();
    let mut counts = ingest.counts().clone();
    counts.add(&outcome.counts);
    counts.tag_warning += read.tag_warnings;
    let is_interrupted = interrupt.came();
    if !is_interrupted {
        anyhow::ensure!(read.unreadable < names.len(), "nothing could be read");
        anyhow::ensure!(
            !driver::all_without_time(&counts),
            "none of the {} messages has a time; give --start T (such as --start 2023-10-01T00:00:00Z), \
             and line n has the time T + n milliseconds (or n times --step)",
            counts.rejected(model::Reason::NoTime)
        );
    }
    let config_hash = config.hash();
    Ok(Done { world, config_hash, ports_hash, names, counts, read, outcome, is_interrupted })
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
    /// How it ended, once all that it gave is written.
    pub fn end(self) -> anyhow::Result<()> {
        if self.is_interrupted {
            return Err(Interrupted.into());
        }
        anyhow::ensure!(self.read.broken.is_empty(), "{}", self.read.broken.join("; "));
        Ok(())
    }
}

fn plan(reading: &Reading, speed: Speed, config: &Config, interrupt: &Interrupt) -> Plan {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as i64);
    let decode = Settings { latest: EventTime(now_ms + FUTURE_MS), tag_checksum: config.input.tag_checksum };
    Plan {
        read: ReadSettings {
            decode,
            format: config::reader_format(reading.format),
            columns: config.input.columns.clone(),
            assumed: reading.start.map(|start| AssumedTime { start, step_ms: reading.step }),
            max_line_bytes: config.limits.line_bytes,
            bytes_on_disk: Arc::default(),
        },
        since: reading.since,
        until: reading.until,
        speed,
        interrupt: interrupt.clone(),
    }
}

/// As many as were asked for, or one less than there are cores.
pub fn shard_count(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(|| cores().saturating_sub(1).max(1), usize::from)
}
