//! All in one program, the log in memory.
//!
//! ```text
//! sources ──► intake ──► shards ──► outbox ──► journal ──► sinks
//!  threads     this thread  threads    a thread
//! ```
//!
//! It is written down with `--record`. Where a folder for what is known is given, the program goes on after a restart where
//! it was: see [`state`](super::state). Without one, a topic is read from its beginning, and sockets go on with what is
//! sent then.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::time::{Duration, Instant};

use connect::live::Event;
use connect::log::{self, Frame, LogReader, LogWriter, Pieces, Reference, Step, Taken};
use connect::sinks::{Destination, Sink};
use engine::{Engine, Entry};
use model::{EventTime, Reason};

use super::intake::{Intake, Log, Steps};
use super::outbox::{Kept, Outbox};
use super::page::{self, ToPage};
use super::reload::{self, Reloads};
use super::state::{Snapshot, State};
use crate::cli::{self, Run};
use crate::config::Config;
use crate::interrupt::Interrupt;
use crate::made::MadeWith;
use crate::metrics::Metrics;
use crate::order::Known;
use crate::read;
use crate::shards::{Keep, KeepAlerts, Shards};

/// Parts of rounds that may wait to be written; then shards wait, and so do sources.
const ROUNDS: usize = 256;

/// The log on its way to the shards, and what was taken for it.
struct Carrier {
    shards: Shards,
    steps: Steps,
    number: u64,
    reached: EventTime,
    is_muted: bool,
    /// For what is known, if that is kept.
    snapshots: Option<Sender<Snapshot>>,
    page: Option<ToPage>,
}

impl Log for Carrier {
    fn name(&mut self, number: u32, name: &str) {
        if !self.is_muted {
            self.shards.name(number, name);
        }
    }

    fn push(&mut self, entry: Entry) {
        if let Entry::Watermark(reached) = entry {
            self.reached = self.reached.max(reached);
        }
        if !self.is_muted {
            if let Some(page) = &mut self.page {
                page.hear(&entry);
            }
            self.shards.push(entry);
        }
    }

    fn round(&mut self) {
        if self.is_muted {
            return;
        }
        if self.snapshots.is_some() {
            self.number += 1;
            let (number, reached) = (self.number, self.reached);
            self.shards.write(&Frame::Taken(Taken { number, reached, steps: self.steps.take() }));
        }
        self.shards.round();
        if let Some(page) = &mut self.page {
            page.hand_over();
        }
    }

    fn took(&mut self, step: Step) {
        if !self.is_muted && self.snapshots.is_some() {
            self.steps.push(step);
        }
    }

    fn mute(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
    }

    fn refer_to(&mut self, reference: Reference) -> std::io::Result<()> {
        let made_with = self.shards.made_with().followed_by(reference);
        // What was told before was made with what was before.
        self.round();
        self.take_up(made_with);
        Ok(())
    }

    fn reached(&self) -> EventTime {
        self.reached
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.shards.made_with().reference)
    }
}

impl Carrier {
    fn take_up(&mut self, made_with: MadeWith) {
        if let Some(page) = &mut self.page {
            page.refer_to(&made_with);
        }
        self.shards.refer_to(made_with);
    }
}

/// Runs until it is interrupted, or all sources have ended.
pub fn run(
    arguments: &Run,
    config: &Config,
    (interrupt, hangup): (&Interrupt, &Arc<AtomicBool>),
    metrics: &Arc<Metrics>,
) -> anyhow::Result<()> {
    let asked = read::made_with(config, true, &[])?;
    let mut sinks = super::sinks(config)?;
    if sinks.is_empty() {
        sinks.push(Sink::open(&Destination::Stdout)?);
    }
    let state = config.live.state.as_deref().map(State::open).transpose()?;
    let known = state.as_ref().map(State::newest).transpose()?.flatten();
    // What is known of ships is of the ports and rules that held then.
    let made_with = match &known {
        Some(known) => asked.followed_by(Reference::of(&known.reference)?),
        None => asked.clone(),
    };
    let page = page::serve(config, Some(&made_with.world), None, metrics, known.is_none())?;
    sinks.extend(page.as_ref().map(page::sink));

    let limits = config.limits.of_core();
    if let Some(known) = &known
        && arguments.shards.is_some_and(|asked| usize::from(asked) != known.engines.len())
    {
        cli::warn(&format!("goes on with {} shards, as before", known.engines.len()));
    }
    let engines = match &known {
        Some(snapshot) => {
            snapshot.engines.iter().map(|bytes| Engine::restore(bytes)).collect::<Result<_, _>>()?
        }
        None => (0..read::shard_count(arguments.shards)).map(|number| Engine::new(limits, number)).collect(),
    };
    let engines: Vec<Engine> = engines;
    let count = engines.len();
    for (number, engine) in engines.iter().enumerate() {
        metrics.counted_before(&number.to_string(), engine.counts());
    }
    let (rounds, told) = sync_channel(ROUNDS);
    let alerts = KeepAlerts::Rounds(rounds);
    let keep = Keep { facts: false, alerts, report_tracks: false, track_points: None, lookout: None };
    let mut shards = Shards::go_on(engines, &made_with, &keep);
    drop(keep);
    if let Some(folder) = &arguments.record {
        shards.record(read::record(folder)?);
    }
    let (mut snapshots, mut kept) = (None, None);
    if let Some(state) = state {
        let mut places = Vec::new();
        for sink in &mut sinks {
            let mut place = state.place(sink)?;
            state.begin(sink, &mut place)?;
            places.push(place);
        }
        let told = known.as_ref().map_or(state.journal.length(), |snapshot| snapshot.told);
        let muted = state.told_since(told)?;
        let (sender, receiver) = channel();
        snapshots = Some(sender);
        kept = Some(Kept { state, places, muted, snapshots: receiver });
    }
    let keeps = kept.as_ref().map(|kept| (kept.state.log(), kept.muted.len()));
    let (number, reached) = known.as_ref().map_or((0, EventTime::MIN), |known| (known.number, known.reached));
    let carrier = Carrier {
        shards,
        steps: Steps::default(),
        number,
        reached,
        is_muted: false,
        snapshots,
        page: page.as_ref().map(ToPage::new),
    };
    let mut intake = Intake::new(config, carrier, metrics);
    let outbox = Outbox { sinks, names: intake.names(), kept, metrics: Arc::clone(metrics) };
    let known_order = known.as_ref().map_or_else(Known::default, |known| known.known.clone());
    let outbox = std::thread::spawn(move || outbox.run(known_order, count, &told));
    if let Some((log, muted)) = &keeps {
        go_on(&mut intake, config, log, known, *muted)?;
    }
    reload::refer_to(&mut intake, Reference::clone(&asked.reference))?;
    let reloads = Reloads::listen(config, arguments, (true, &asked.reference), (interrupt, hangup), metrics);

    let mut sources = super::start(config, &intake)?;
    metrics.ready("all", true);
    let mut dropped = 0;
    let mut saved = Instant::now();
    let snapshot_interval = Duration::from(config.live.snapshot_interval);
    while !interrupt.came()
        && !outbox.is_finished()
        && !intake.is_over()
        && !intake.log().shards.has_failed()
        && let Some(event) = sources.next_event()
    {
        let is_beat = matches!(event, Event::Beat(_));
        if is_beat && let Some(reference) = reloads.next() {
            reload::refer_to(&mut intake, reference)?;
        }
        intake.take(event);
        if is_beat && sources.dropped() > dropped {
            cli::warn(&format!("{} datagrams came faster than they were taken", sources.dropped() - dropped));
            metrics.dropped(sources.dropped() - dropped);
            dropped = sources.dropped();
        }
        if is_beat {
            metrics.watermark("all", "", intake.log().reached);
        }
        if keeps.is_some() && is_beat && saved.elapsed() >= snapshot_interval {
            save(&mut intake)?;
            saved = Instant::now();
        }
    }
    drop(sources);
    let is_over = intake.is_over();
    if keeps.is_some() && !is_over {
        intake.end_connections();
        intake.log().round();
        save(&mut intake)?;
    }
    let (mut counts, carrier) = if keeps.is_some() && !is_over { intake.leave() } else { intake.finish() };
    let mut outcome = carrier.shards.finish();
    drop(carrier.snapshots);
    let outbox = outbox.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    outbox.close(is_over)?;
    counts.add(&outcome.counts);
    let rejected: u64 = Reason::ALL.iter().map(|reason| counts.rejected(*reason)).sum();
    cli::talk(&format!("{} lines, {} accepted, {rejected} rejected", counts.total(), counts.accepted));
    outcome.recorded()
}

/// All that is known is written down where the next file of the log begins.
fn save(intake: &mut Intake<Carrier>) -> anyhow::Result<()> {
    let saved = intake.save()?;
    let Carrier { shards, number, reached, snapshots, .. } = intake.log();
    let segment = shards.next_segment();
    shards.save();
    let snapshot = Snapshot {
        segment,
        number: *number,
        reached: *reached,
        intake: saved,
        engines: Vec::new(),
        known: Known::default(),
        told: 0,
        reference: shards.made_with().pieces()?.to_vec(),
    };
    // Whoever writes it may have failed, and says why.
    if let Some(snapshots) = snapshots {
        let _ = snapshots.send(snapshot);
    }
    Ok(())
}

/// Knows again what was known when the program ended.
fn go_on(
    intake: &mut Intake<Carrier>,
    config: &Config,
    folder: &std::path::Path,
    known: Option<Snapshot>,
    muted: usize,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let (mut parts, mut entries, mut last) = (Vec::new(), 0_u64, 0);
    let first = known.as_ref().map_or(0, |known| known.segment);
    let bytes: usize = known.as_ref().map_or(0, |known| known.engines.iter().map(Vec::len).sum());
    if let Some(known) = known {
        intake.restore(known.intake)?;
    }
    if log::is_log(folder) {
        let mut reader = LogReader::open_from(folder, first)?;
        // What came after the last round is cut off: what was taken from topics for it is taken again.
        let (mut waiting, mut pieces) = (Vec::new(), Pieces::default());
        while let Some(frame) = reader.next_frame()? {
            let is_round = frame == Frame::Round;
            waiting.push(frame);
            if !is_round {
                continue;
            }
            reader.mark();
            for frame in waiting.drain(..) {
                let carrier = intake.log();
                match frame {
                    Frame::Name(number, name) => intake.call(number, name),
                    Frame::Entry(entry) => {
                        entries += 1;
                        carrier.push(entry);
                    }
                    Frame::Round => carrier.shards.round(),
                    Frame::Reference(piece) => {
                        if let Some(reference) = pieces.take(&piece)? {
                            let made_with = carrier.shards.made_with().followed_by(reference);
                            carrier.take_up(made_with);
                        }
                    }
                    Frame::Taken(taken) => {
                        carrier.number = taken.number;
                        parts.push(taken);
                    }
                }
            }
        }
        last = reader.cut()?;
        let reached = intake.log().reached;
        intake.take_again(parts, &super::properties(config), &|| false)?;
        intake.resume(reached);
    }
    cli::talk(&format!(
        "goes on: {bytes} bytes of shards, {entries} entries of the log again, {muted} alerts told already, {} ms",
        began.elapsed().as_millis()
    ));
    let writer = LogWriter::begin(folder, last + 1)?;
    intake.log().shards.record(writer);
    save(intake)
}
