//! Reads inputs from end to end, for whatever is to be told of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use anyhow::Context;
use connect::alerts::Writer;
use connect::files;
use connect::live;
use connect::log::{self, Frame, LogReader, LogWriter, Pieces, Reference};
use connect::reader::ReadSettings;
use decode::Settings;
use decode::nmea::AssumedTime;
use engine::Ingest;
use model::alert::Alert;
use model::fate::Counts;
use model::{EventTime, Mmsi};

use crate::Usage;
use crate::cli::{self, Format, Reading, Speed};
use crate::config::{self, Config};
use crate::driver::{self, Driver, OutOfOrder, Plan, ReadTotals};
use crate::interrupt::{Interrupt, Interrupted};
use crate::made::MadeWith;
use crate::order::{Known, Round, Rounds};
use crate::progress::Progress;
use crate::resume::Resume;
use crate::shards::{Keep, KeepAlerts, Outcome, Shards, Tap};
use crate::sightings::{self, Given};
use crate::tracks::PointOrder;
use crate::watch;

/// Stamps of files may be this far ahead of the present.
const FUTURE_MS: i64 = 86_400_000;

/// What reading came to.
pub struct Done {
    /// Ports and rules; of a log in which they change, the last.
    pub made_with: MadeWith,
    /// Ports and rules before them, each with the number of alerts told by its end.
    before: Vec<(MadeWith, usize)>,
    /// The inputs.
    pub names: Vec<String>,
    /// What became of the lines.
    pub counts: Counts,
    /// What reading found beside the reports.
    pub read: ReadTotals,
    /// What was found.
    pub outcome: Outcome,
    /// Sightings that are to be judged.
    pub sightings: Option<Given>,
    /// Whether alerts are in their order already.
    is_in_order: bool,
    is_interrupted: bool,
}

/// What is wanted of reading.
pub struct Wanted<'a> {
    /// How fast.
    pub speed: Speed,
    /// Whether facts are.
    pub facts: bool,
    /// Whether alerts are.
    pub alerts: bool,
    /// Whether tracks are.
    pub report_tracks: bool,
    /// How the points of tracks are put in order, if they are.
    pub track_points: Option<PointOrder>,
    /// Where the log is to be written down.
    pub record: Option<&'a Path>,
    /// The folder in which it is written down how far it is.
    pub resume: Option<&'a Path>,
    /// Sightings, as inputs are given.
    pub sightings: &'a [String],
    /// Where the part of it is to be written down that one ship's alerts follow from.
    pub only: Option<Only<'a>>,
}

impl Default for Wanted<'_> {
    /// To be read, and no more.
    fn default() -> Self {
        Wanted {
            speed: Speed::Max,
            facts: false,
            alerts: false,
            report_tracks: false,
            track_points: None,
            record: None,
            resume: None,
            sightings: &[],
            only: None,
        }
    }
}

/// A part of the log.
#[derive(Clone, Copy)]
pub struct Only<'a> {
    /// Where it is to be written down.
    pub folder: &'a Path,
    /// The ship; without one, what belongs to none.
    pub mmsi: Option<Mmsi>,
}

/// Reads all inputs, or what is before an interrupt, which was listened for before the first of them was opened.
pub fn read(reading: &Reading, wanted: &Wanted<'_>, interrupt: &Interrupt) -> anyhow::Result<Done> {
    read_all(reading, wanted, interrupt, None)
}

/// Reads as [`read`] does, and shows the log as it is made, to another tap whenever it begins anew.
pub fn read_tapped(
    reading: &Reading,
    wanted: &Wanted<'_>,
    interrupt: &Interrupt,
    tap: &dyn Fn() -> Tap,
) -> anyhow::Result<Done> {
    read_all(reading, wanted, interrupt, Some(tap))
}

fn read_all(
    reading: &Reading,
    wanted: &Wanted<'_>,
    interrupt: &Interrupt,
    tap: Option<&dyn Fn() -> Tap>,
) -> anyhow::Result<Done> {
    if let (Some(since), Some(until)) = (reading.since, reading.until) {
        anyhow::ensure!(
            since < until,
            Usage("--since is not before --until, and nothing is between them".to_owned())
        );
    }
    let config = Config::load(reading.config.as_deref())?;
    let made_with = made_with(&config, !config.place.is_empty(), &reading.ports)?;
    let limits = config.limits.of_core();
    let count = shard_count(reading.shards);
    let given = (!wanted.sightings.is_empty())
        .then(|| sightings::read(wanted.sightings, &config, &made_with))
        .transpose()?;
    let lookout = given.as_ref().map(|given| Arc::clone(&given.lookout));
    let start = |alerts: KeepAlerts| {
        let (report_tracks, track_points, lookout) =
            (wanted.report_tracks, wanted.track_points, lookout.clone());
        let keep = Keep { facts: wanted.facts, alerts, report_tracks, track_points, lookout };
        let mut shards = Shards::start(count, &made_with, limits, &keep);
        if let Some(tap) = tap {
            shards.tap(tap());
        }
        if let Some(folder) = wanted.record {
            shards.record(record(folder)?);
        }
        if let Some(Only { folder, mmsi }) = wanted.only {
            shards.record_only(record(folder)?, mmsi);
        }
        anyhow::Ok(shards)
    };
    let is_in_order = is_log(reading);
    let (read, names, counts, outcome, mut before) = if is_in_order {
        let (parts, told) = sync_channel(1);
        let shards = start(KeepAlerts::Rounds(parts))?;
        let mut rounds = Rounds::of(count);
        let collector = std::thread::spawn(move || {
            let mut collected = Collected::default();
            told.into_iter().flat_map(|part| rounds.take(part)).for_each(|round| collected.add(round));
            collected
        });
        let is_asked = config.names_rules || !reading.ports.is_empty();
        let (read, names, mut outcome) =
            read_log(Path::new(&reading.inputs[0]), shards, is_asked, interrupt)?;
        let collected = collector.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        outcome.alerts = collected.alerts;
        (read, names, outcome.counts.clone(), outcome, collected.made)
    } else {
        let inputs = files::find_with(&reading.inputs, &crate::run::properties(&config))?;
        let names: Vec<String> = inputs.iter().map(files::Input::name).collect();
        let sizes: Option<u64> = inputs.iter().map(files::Input::size).sum();
        let mut sorted_first = BTreeSet::new();
        let open = |folder| Resume::open(folder, (reading, wanted), &inputs, &made_with);
        let (resume, mut known) = wanted.resume.map(open).transpose()?.unzip();
        let keep = if wanted.alerts { KeepAlerts::All } else { KeepAlerts::No };
        let (ingest, shards, read) = loop {
            let progress = Progress::new(sizes);
            let plan = |sorted_first| Plan {
                sorted_first,
                resume: resume.clone(),
                ..plan(reading, wanted.speed, &config, interrupt)
            };
            let ended = match known.take().flatten() {
                Some(known) => {
                    sorted_first.clone_from(&known.sorted_first);
                    let plan = plan(known.sorted_first);
                    // Neither is written down with the rest: who resumes asks for no points and has no sightings.
                    let (track_points, lookout) = (None, None);
                    let (alerts, report_tracks) = (keep.clone(), wanted.report_tracks);
                    let keep = Keep { facts: wanted.facts, alerts, report_tracks, track_points, lookout };
                    let shards = Shards::resume(&known.shards, &made_with, &keep)?;
                    let takes_in = (Ingest::restore(&known.ingest)?, known.totals);
                    let driver = Driver::resumed(&plan, &config, shards, progress, takes_in);
                    driver.run(inputs.clone(), Some((known.waiting, known.open, known.former)))
                }
                None => {
                    let mut shards = start(keep.clone())?;
                    (0..).zip(&names).for_each(|(number, name)| shards.name(number, name));
                    let plan = plan(sorted_first.clone());
                    Driver::new(&plan, &config, shards, progress).run(inputs.clone(), None)
                }
            };
            match ended {
                Ok(done) => break done,
                Err(error) => {
                    let Some(OutOfOrder(number)) = error.downcast_ref() else { return Err(error) };
                    cli::talk(&format!("{}: is out of order, and is sorted first", names[*number as usize]));
                    sorted_first.insert(*number);
                    let folders = wanted.record.into_iter().chain(wanted.only.map(|only| only.folder));
                    for folder in folders {
                        log::forget(folder, u32::MAX)?;
                    }
                }
            }
        };
        let outcome = shards.finish();
        let mut counts = ingest.counts().clone();
        counts.add(&outcome.counts);
        counts.tag_warning += read.tag_warnings;
        (read, names, counts, outcome, Vec::new())
    };
    let made_with = before.pop().map_or(made_with, |(last, _)| last);
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
    let sightings = given;
    Ok(Done { made_with, before, names, counts, read, outcome, sightings, is_in_order, is_interrupted })
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

/// Alerts of a log, with what they are made with, each with the number of alerts told by its end.
#[derive(Default)]
struct Collected {
    alerts: Vec<Arc<Alert>>,
    made: Vec<(MadeWith, usize)>,
}

impl Collected {
    fn add(&mut self, round: Round) {
        self.alerts.extend(round.alerts);
        match self.made.last_mut() {
            Some((last, end)) if Arc::ptr_eq(&last.reference, &round.made_with.reference) => {
                *end = self.alerts.len();
            }
            _ => self.made.push((round.made_with, self.alerts.len())),
        }
    }
}

/// Gives the shards what a log holds. Ports and rules are those in it, unless others were asked for.
fn read_log(
    folder: &Path,
    mut shards: Shards,
    is_asked: bool,
    interrupt: &Interrupt,
) -> anyhow::Result<(ReadTotals, Vec<String>, Outcome)> {
    let named = || folder.display().to_string();
    let mut log = LogReader::open(folder).with_context(named)?;
    let (mut names, mut read) = (Vec::new(), ReadTotals::default());
    let (mut pieces, mut takes) = (Pieces::default(), None);
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
            Frame::Reference(piece) => {
                let Some(reference) = pieces.take(&piece).with_context(named)? else { continue };
                let own = shards.made_with();
                // The first decides: numbers of ports are those of one or of the other.
                let is_own = || !is_asked || reference.is_named_as(&own.reference);
                if *takes.get_or_insert_with(is_own) {
                    let next = own.followed_by(reference);
                    shards.refer_to(next);
                }
            }
        }
    }
    if takes == Some(false) {
        cli::talk("the log was made with other ports or rules; those that were asked for are used");
    }
    read.bytes = log.bytes;
    Ok((read, names, shards.finish()))
}

/// Ports, water and rules; says what is doubtful.
pub fn made_with(config: &Config, is_own: bool, ports: &[PathBuf]) -> anyhow::Result<MadeWith> {
    let port_files = if ports.is_empty() { &config.ports.files } else { ports };
    let (list, ports_hash) = crate::ports::list(port_files)?;
    let watched = watch::read(config)?;
    watched.summaries.iter().for_each(|summary| cli::talk(summary));
    let made_with =
        MadeWith::of(Reference { ports: list, rules: watched.rules, config_hash: config.hash(), ports_hash });
    let unmatched = watch::unmatched(&made_with.reference.rules, made_with.world.ports());
    // The built-in rules are of the built-in ports, not of somebody's own.
    let told = if port_files.is_empty() || is_own { &unmatched[..] } else { &[] };
    watched.warnings.iter().chain(told).for_each(|warning| cli::warn(warning));
    Ok(made_with)
}

impl Done {
    /// What writes an alert with the ports and rules of the end.
    pub fn writer(&self, is_time_assumed: bool) -> Writer<'_> {
        Writer { is_time_assumed, ..self.made_with.writer(&self.names) }
    }

    /// Its alerts as they are written, in the order in which they were known.
    pub fn lines(&self, is_time_assumed: bool) -> Vec<String> {
        let mut lines = Vec::with_capacity(self.outcome.alerts.len());
        let made = self.before.iter().map(|(made_with, end)| (made_with, *end));
        for (made_with, end) in made.chain([(&self.made_with, self.outcome.alerts.len())]) {
            let writer = Writer { is_time_assumed, ..made_with.writer(&self.names) };
            let told = &self.outcome.alerts[lines.len()..end];
            lines.extend(told.iter().map(|alert| writer.json(alert)));
        }
        lines
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
        sorted_first: BTreeSet::new(),
        resume: None,
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

/// As many as were asked for, or one less than there are cores, but no more than the one thread that reads for all can keep at work:
/// each shard learns all of reception, in memory of its own.
pub fn shard_count(asked: Option<u16>) -> usize {
    const MOST: usize = 6;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(|| cores().saturating_sub(1).clamp(1, MOST), usize::from)
}
