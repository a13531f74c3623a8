//! The command line.

mod ports;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use model::EventTime;
use tracing_subscriber::filter::LevelFilter;
#[cfg(feature = "otel")]
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::Level;
use crate::evaluate::bound::Bound;
pub use ports::{Cells, Derive, Import, PortFormat, Ports};

/// AIS stream processing: silences, port visits and hops, seen or unseen.
#[derive(Debug, Parser)]
#[command(name = "darkwake", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// How to write the log to stderr.
    #[arg(long, global = true, value_enum, default_value_t, env = "DARKWAKE_LOG_FORMAT")]
    pub log_format: LogFormat,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t, env = "DARKWAKE_COLOR")]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read historic streams as fast as the machine goes.
    Replay(Box<Replay>),
    /// Watch live sources, and tell while it happens.
    Run(Run),
    /// Play a story of generated ships, with the map to look at it.
    Demo(Demo),
    /// Write a case folder: one alert with its evidence and lines, and what replays it to the same bytes.
    Explain(Box<Explain>),
    /// Ask a running darkwake how it is; for containers, which have no other program to ask with.
    Health {
        /// What to ask.
        #[arg(
            value_name = "URL",
            default_value = "http://127.0.0.1:9464/healthz",
            env = "DARKWAKE_HEALTH_URL"
        )]
        url: String,
    },
    /// Validate configuration and ports without connecting to anything.
    Check(Check),
    /// Work with port files.
    #[command(subcommand)]
    Ports(Ports),
    /// Print a JSON Schema, or the page of all metrics.
    Schema {
        /// Of what.
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Write a seeded feed with known truth.
    Generate(Generate),
    /// Score alerts against a truth, or itself on real tracks.
    Evaluate(Box<Evaluate>),
    /// Look at where ships are heard.
    #[command(subcommand)]
    Reception(Reception),
}

/// What to read, and how.
#[derive(Debug, Args)]
pub struct Reading {
    /// Files, directories, patterns or - ; plain or .gz, .zst, .zip, .bz2.
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// What the lines are; auto looks at them.
    #[arg(long, value_enum, default_value_t, env = "DARKWAKE_FORMAT")]
    pub format: Format,
    /// Port files (GeoJSON) instead of the built-in ones.
    #[arg(long, value_name = "FILE", num_args = 1, env = "DARKWAKE_PORTS")]
    pub ports: Vec<PathBuf>,
    /// Configuration (TOML).
    #[arg(long, value_name = "FILE", env = "DARKWAKE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Leave out what is before (ISO 8601 or epoch).
    #[arg(long, value_name = "T", value_parser = parse_time, env = "DARKWAKE_SINCE")]
    pub since: Option<EventTime>,
    /// Leave out what is at or after (ISO 8601 or epoch).
    #[arg(long, value_name = "T", value_parser = parse_time, env = "DARKWAKE_UNTIL")]
    pub until: Option<EventTime>,
    /// Threads that detect; the output is the same for any number [default: one less than there are cores, at most 6].
    #[arg(long, value_name = "N", env = "DARKWAKE_SHARDS", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub shards: Option<u16>,
    /// Time of the first line, for lines that have none.
    #[arg(long, value_name = "T", value_parser = parse_time, env = "DARKWAKE_START")]
    pub start: Option<EventTime>,
    /// Milliseconds from line to line with --start.
    #[arg(long, value_name = "MS", default_value_t = 1, requires = "start", env = "DARKWAKE_STEP")]
    pub step: i64,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The alert.
    #[arg(value_name = "ID")]
    pub id: String,
    /// What to read: the inputs, or the recorded log, that the alert came of.
    #[command(flatten)]
    pub reading: Reading,
    /// The folder to write; case-ID without it.
    #[arg(long, value_name = "DIR", env = "DARKWAKE_OUT")]
    pub out: Option<PathBuf>,
    /// Ed25519 key (PEM) to sign the hashes of all files with.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_KEY")]
    pub key: Option<PathBuf>,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// What to read.
    #[command(flatten)]
    pub reading: Reading,
    /// Alerts, all revisions: .jsonl, .csv, .parquet, .geojson or .gpkg by ending, - for stdout.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_OUT")]
    pub out: Vec<PathBuf>,
    /// Facts: .jsonl, .csv or .parquet by ending, - for stdout.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_FACTS")]
    pub facts: Vec<PathBuf>,
    /// Thinned tracks of all ships: .csv, .parquet or .geojson by ending.
    #[arg(long, value_name = "FILE", conflicts_with = "resume", env = "DARKWAKE_TRACKS")]
    pub tracks: Vec<PathBuf>,
    /// Statistics as one JSON object, - for stdout.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_STATS")]
    pub stats: Option<PathBuf>,
    /// What was found as one page to look at and to print (HTML), - for stdout.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_REPORT")]
    pub report: Option<PathBuf>,
    /// max, or how many times faster than the time in the stream.
    #[arg(long, value_name = "max|N", default_value = "max", value_parser = parse_speed, env = "DARKWAKE_SPEED")]
    pub speed: Speed,
    /// Write the log down in this folder, for replay --format log.
    #[arg(long, value_name = "DIR", env = "DARKWAKE_RECORD")]
    pub record: Option<PathBuf>,
    /// Keep the place on the way, beside the first output, and go on there after an interrupt or a crash.
    #[arg(long, conflicts_with = "record", env = "DARKWAKE_RESUME")]
    pub resume: bool,
    /// Ships seen by other means (CSV, GeoJSON or JSON lines; a file as inputs are, or a topic), held against what was heard.
    #[arg(long, value_name = "FILE", num_args = 1, env = "DARKWAKE_SIGHTINGS")]
    pub sightings: Vec<String>,
    /// What became of each row of sightings: .jsonl, .csv or .parquet by ending, - for stdout.
    #[arg(long, value_name = "FILE", requires = "sightings", env = "DARKWAKE_MATCHES")]
    pub matches: Vec<PathBuf>,
    /// Each file of alerts, facts or tracks is a folder, with a file for each day.
    #[arg(long, env = "DARKWAKE_BY_DAY")]
    pub by_day: bool,
    /// Only the last revision of each alert.
    #[arg(long = "final", env = "DARKWAKE_FINAL")]
    pub only_final: bool,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Configuration (TOML): sources under [[live.sources]], sinks under [[live.sinks]].
    #[arg(long, value_name = "FILE", env = "DARKWAKE_CONFIG")]
    pub config: PathBuf,
    /// Its part of the work; roles other than all need log = "kafka" under [live].
    #[arg(long, value_enum, default_value_t, env = "DARKWAKE_ROLE")]
    pub role: Role,
    /// Write the log down in this folder, for replay --format log.
    #[arg(long, value_name = "DIR", env = "DARKWAKE_RECORD")]
    pub record: Option<PathBuf>,
    /// Threads that detect; the output is the same for any number [default: one less than there are cores, at most 6].
    #[arg(long, value_name = "N", env = "DARKWAKE_SHARDS", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub shards: Option<u16>,
    /// Print the configuration in force, as check --print does, and end.
    #[arg(long, env = "DARKWAKE_PRINT_CONFIG")]
    pub print_config: bool,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the map is.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", env = "DARKWAKE_LISTEN")]
    pub listen: String,
    /// How many times faster than it happened.
    #[arg(long, value_name = "N", default_value_t = 600.0, env = "DARKWAKE_SPEED")]
    pub speed: f64,
    /// The same seed gives the same story.
    #[arg(long, default_value_t = 1, env = "DARKWAKE_SEED")]
    pub seed: u64,
    /// A feed that was generated before.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_FEED")]
    pub feed: Option<PathBuf>,
    /// Where alerts go.
    #[arg(long, value_name = "FILE", default_value = "alerts.jsonl", env = "DARKWAKE_OUT")]
    pub out: PathBuf,
    /// Keep alerts, acknowledgements and tracks in this file.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_STORE")]
    pub store: Option<PathBuf>,
    /// The file may be there already: its alerts stand beside those that come again.
    #[arg(long, requires = "store")]
    pub again: bool,
}

/// A part of the work of `run`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// All of it.
    #[default]
    All,
    /// Sources to the log.
    Ingest,
    /// The log to alerts.
    Detect,
    /// Alerts to sinks.
    Serve,
}

/// Subcommands of `reception`.
#[derive(Debug, Subcommand)]
pub enum Reception {
    /// Write what is learned from inputs of where ships are heard, as GeoJSON.
    Export {
        /// What to learn from.
        #[command(flatten)]
        reading: Box<Reading>,
        /// Where the map goes, - for stdout.
        #[arg(long, value_name = "FILE", default_value = "-", env = "DARKWAKE_OUT")]
        out: PathBuf,
    },
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Configuration (TOML).
    #[arg(long, value_name = "FILE", env = "DARKWAKE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Port files (GeoJSON) instead of the configured ones.
    #[arg(long, value_name = "FILE", num_args = 1, env = "DARKWAKE_PORTS")]
    pub ports: Vec<PathBuf>,
    /// Print the configuration in force as TOML, with where each setting comes from that is not the default.
    #[arg(long, env = "DARKWAKE_PRINT")]
    pub print: bool,
    /// Fail for warnings too: on the machine it is to run on, where files and folders are there.
    #[arg(long, env = "DARKWAKE_STRICT")]
    pub strict: bool,
}

/// Arguments of `generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// Which scenario.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(sim::NAMES))]
    pub scenario: String,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1, env = "DARKWAKE_SEED")]
    pub seed: u64,
    /// Where the feed goes, - for stdout.
    #[arg(long, value_name = "FILE", default_value = "-", env = "DARKWAKE_OUT")]
    pub out: PathBuf,
    /// Where the truth goes, as JSON.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_TRUTH")]
    pub truth: Option<PathBuf>,
}

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Alerts (JSON lines), one file for each --truth; with --blank-out, inputs as replay takes them.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// What really happened (JSON, as generate --truth writes it); the k-th belongs to the k-th file.
    #[arg(
        long,
        value_name = "FILE",
        num_args = 1,
        required_unless_present = "blank_out",
        conflicts_with = "blank_out",
        env = "DARKWAKE_TRUTH"
    )]
    pub truth: Vec<PathBuf>,
    /// Take an interval out of the tracks of this share of the ships, and look whether it is told.
    #[arg(long, value_name = "SHARE", value_parser = parse_share, env = "DARKWAKE_BLANK_OUT")]
    pub blank_out: Option<f64>,
    /// The same seed blanks out the same.
    #[arg(long, value_name = "N", default_value_t = 1, env = "DARKWAKE_SEED")]
    pub seed: u64,
    /// What the lines of inputs are; auto looks at them.
    #[arg(long, value_enum, default_value_t, env = "DARKWAKE_FORMAT")]
    pub format: Format,
    /// Port files (GeoJSON) instead of the built-in ones.
    #[arg(long, value_name = "FILE", num_args = 1, env = "DARKWAKE_PORTS")]
    pub ports: Vec<PathBuf>,
    /// Configuration (TOML).
    #[arg(long, value_name = "FILE", env = "DARKWAKE_CONFIG")]
    pub config: Option<PathBuf>,
    /// All scores and cases as one JSON object, - for stdout instead of the table.
    #[arg(long, value_name = "FILE", env = "DARKWAKE_JSON")]
    pub json: Option<PathBuf>,
    /// Fail if a score is worse than this: NAME=VALUE, NAME>=VALUE or NAME<=VALUE.
    #[arg(
        long,
        value_name = "NAME=VALUE",
        num_args = 1,
        value_delimiter = ',',
        value_parser = Bound::parse,
        env = "DARKWAKE_FAIL_UNDER"
    )]
    pub fail_under: Vec<Bound>,
}

/// What the lines of inputs are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Look at the first lines.
    #[default]
    Auto,
    /// NMEA sentences.
    Nmea,
    /// Tables of the Danish Maritime Authority.
    Aisdk,
    /// Tables of MarineCadastre.
    Noaa,
    /// JSON objects.
    Json,
    /// A Parquet file; its columns are found as those of other tables.
    Parquet,
    /// A log that --record wrote, by its folder.
    Log,
}

/// How to write the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Of what to print a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// An alert.
    Alert,
    /// The configuration file.
    Config,
    /// A fact.
    Facts,
    /// All metrics, as Markdown.
    Metrics,
}

/// How fast to replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as the machine goes.
    Max,
    /// This many seconds of the stream a second.
    Times(f64),
}

fn parse_speed(text: &str) -> Result<Speed, String> {
    match text.trim_end_matches(['x', '×']).parse::<f64>() {
        _ if text == "max" => Ok(Speed::Max),
        Ok(times) if times > 0.0 && times.is_finite() => Ok(Speed::Times(times)),
        _ => Err("give max, or a number above 0".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "give a share above 0 and at most 1, such as 0.2".to_owned())
}

fn parse_time(text: &str) -> Result<EventTime, String> {
    let number = text.parse::<i64>().ok().map(EventTime::from_epoch_number);
    number
        .or_else(|| EventTime::parse_iso(text.as_bytes()))
        .ok_or_else(|| "give a time such as 2023-10-01T00:00:00Z, a date, or seconds since 1970".to_owned())
}

/// Starts the log on stderr.
pub fn start_log(cli: &Cli) {
    let ansi = match cli.color {
        Color::Auto => std::io::stderr().is_terminal(),
        Color::Always => true,
        Color::Never => false,
    };
    let log =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(ansi);
    let log = match cli.log_format {
        LogFormat::Human => log.without_time().boxed(),
        LogFormat::Json => {
            IS_JSON.store(true, Ordering::Relaxed);
            log.json().boxed()
        }
    };
    let log = tracing_subscriber::registry().with(log.with_filter(LevelFilter::INFO));
    #[cfg(feature = "otel")]
    let log = {
        let (spans, failed) = match crate::trace::layer() {
            Ok(spans) => (spans, None),
            Err(error) => (None, Some(error)),
        };
        if let Some(error) = failed {
            warn(&format!("traces cannot be sent: {error}"));
        }
        let ours = filter_fn(|data| data.is_span() && data.target().starts_with("darkwake"));
        log.with(spans.map(|spans| spans.with_filter(ours)))
    };
    log.init();
}

/// Says so much from here on.
pub fn set_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

fn is_said(level: Level) -> bool {
    level as u8 <= LEVEL.load(Ordering::Relaxed)
}

/// How much is said.
static LEVEL: AtomicU8 = AtomicU8::new(Level::Info as u8);

/// Whether the log is for machines.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Says something to the person at the terminal, or to the log where machines read it.
pub fn talk(text: &str) {
    if !is_said(Level::Info) {
        return;
    }
    say(text);
}

fn say(text: &str) {
    if IS_JSON.load(Ordering::Relaxed) {
        tracing::info!("{text}");
    } else {
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// Says why the program ends.
pub fn fail(text: &str) {
    if IS_JSON.load(Ordering::Relaxed) {
        tracing::error!("{text}");
    } else {
        say(text);
    }
}

/// Warns of something that the run goes on without.
pub fn warn(text: &str) {
    if !is_said(Level::Warn) {
        return;
    }
    if IS_JSON.load(Ordering::Relaxed) {
        tracing::warn!("{text}");
    } else {
        let _ = writeln!(std::io::stderr(), "warning: {text}");
    }
}

/// `darkwake generate`
pub fn generate(arguments: &Generate) -> anyhow::Result<()> {
    let truth = {
        let mut out = crate::outputs::create(&arguments.out)?;
        let truth = sim::generate(&arguments.scenario, arguments.seed, &mut out)?;
        out.finish()?;
        truth.context("no such scenario")?
    };
    if let Some(path) = &arguments.truth {
        let mut file = crate::outputs::create(path)?;
        truth.write_json(&mut file)?;
        file.finish()?;
    }
    Ok(())
}
