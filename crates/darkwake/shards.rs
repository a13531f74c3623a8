//! The engine on threads: each shard owns its ships, nothing is shared, nothing is locked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use anyhow::Context;
use connect::facts::{FactCounts, Facts};
use connect::log::{Frame, LogWriter};
use detect::Reception;
use detect::sighting::lookout::Lookout;
use engine::{Engine, Entry, Limits, SnapshotError};
use model::Mmsi;
use model::alert::{Alert, Told};
use model::fate::Counts;
use serde::Deserialize;

use crate::made::MadeWith;
use crate::report::tracks::Tracks;
use crate::sightings::Seen;
use crate::tracks::{PointOrder, TrackPoints};

/// Entries handed over at once.
const BATCH: usize = 1_024;
/// Batches that may wait for a shard.
const QUEUE: usize = 16;

/// What a shard has found when its input has ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Facts in their last revision, where they were asked for.
    pub facts: Facts,
    /// How many there are.
    pub fact_counts: FactCounts,
    /// All alerts, each ship's in order, where they were asked for.
    pub alerts: Vec<Arc<Alert>>,
    /// What became of the transmissions.
    pub counts: Counts,
    /// Ships.
    pub ships: u64,
    /// Tracks.
    pub tracks: u64,
    /// What was learned of hearing.
    pub reception: Reception,
    /// Tracks of all ships as the report draws them, where they were asked for.
    pub report_tracks: Tracks,
    /// The points of tracks of each shard, where they were asked for.
    pub track_points: Vec<TrackPoints>,
    /// What was heard around sightings, where there are any.
    pub seen: Seen,
    /// Why what was handed over is not all written down.
    pub record_error: Option<std::io::Error>,
}

impl Outcome {
    /// Takes in what was told, of which that is kept that is asked for.
    fn hear(&mut self, fresh: &mut Vec<Told>, keep: &Keep, told: &AtomicU64) {
        let news = fresh.iter().filter(|fresh| !matches!(fresh, Told::Near(_) | Told::TakenBack(_))).count();
        told.fetch_add(news as u64, Ordering::Relaxed);
        for told in fresh.drain(..) {
            if let Told::Fact(change) = &told {
                self.fact_counts.apply(change);
            }
            match (told, &keep.alerts) {
                (Told::Fact(change), _) if keep.facts => self.facts.apply(&change),
                (Told::Near(near), _) => self.seen.hear(&near, keep.lookout.as_deref()),
                (Told::TakenBack(track), _) => self.seen.forget(track),
                (Told::Fact(_), _) | (Told::Alert(_), KeepAlerts::No) => {}
                (Told::Alert(alert), KeepAlerts::All | KeepAlerts::Rounds(_)) => self.alerts.push(alert),
            }
        }
    }

    /// Fails if what was handed over is not all written down.
    pub fn recorded(&mut self) -> anyhow::Result<()> {
        match self.record_error.take() {
            Some(error) => Err(anyhow::Error::new(error).context("the record cannot be written")),
            None => Ok(()),
        }
    }
}

/// What becomes of what is told.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Whether facts are kept to the end.
    pub facts: bool,
    /// What becomes of alerts.
    pub alerts: KeepAlerts,
    /// Whether tracks are kept to the end, as the report draws them.
    pub report_tracks: bool,
    /// How the points of tracks are put in order, if they are kept.
    pub track_points: Option<PointOrder>,
    /// Sightings around which reports are kept to the end.
    pub lookout: Option<Arc<Lookout>>,
}

/// What becomes of alerts.
#[derive(Clone, Debug)]
pub enum KeepAlerts {
    /// They are only counted.
    No,
    /// They are kept to the end.
    All,
    /// They are handed on round by round, with the number of the shard.
    Rounds(SyncSender<Part>),
}

/// What a shard tells in one round.
#[derive(Debug)]
pub struct Part {
    /// Its number.
    pub shard: usize,
    /// Alerts.
    pub alerts: Vec<Arc<Alert>>,
    /// What they are made with.
    pub made_with: MadeWith,
    /// Its state, if that was asked for.
    pub engine: Option<Vec<u8>>,
    /// What became of transmissions so far.
    pub counts: Counts,
    /// Ships remembered.
    pub ships: usize,
    /// Transmissions that wait for the watermark.
    pub held: usize,
}

/// Somebody who looks at each entry that is handed over.
pub type Tap = Box<dyn FnMut(&Entry) + Send>;

/// Shards at work.
pub struct Shards {
    shards: Vec<Shard>,
    made_with: MadeWith,
    told: Arc<AtomicU64>,
    records: Vec<Record>,
    tap: Option<Tap>,
    /// Why a record ends before the log.
    failed: Option<std::io::Error>,
}

/// Where what is handed over is written down.
struct Record {
    log: LogWriter,
    /// Only what one ship's alerts follow from, or what belongs to no ship.
    only: Option<Option<Mmsi>>,
}

impl Record {
    fn holds(&self, frame: &Frame) -> bool {
        match (self.only, frame) {
            (Some(mmsi), Frame::Entry(Entry::Transmission(_, transmission))) => {
                mmsi == Some(transmission.mmsi())
            }
            (Some(_) | None, _) => true,
        }
    }
}

/// All that a shard knows and has told.
#[derive(Deserialize)]
struct ShardState {
    engine: Vec<u8>,
    facts: Facts,
    fact_counts: FactCounts,
    alerts: Vec<Arc<Alert>>,
    report_tracks: Tracks,
}

enum Work {
    Entries(Vec<Entry>),
    /// What is known and was told is to be handed over, as bytes.
    Checkpoint(SyncSender<Result<Vec<u8>, SnapshotError>>),
    Reference(MadeWith),
    Round,
    Save,
}

struct Shard {
    batch: Vec<Entry>,
    sender: SyncSender<Work>,
    thread: JoinHandle<Outcome>,
}

impl Shards {
    /// Starts `count` shards.
    pub fn start(count: usize, made_with: &MadeWith, limits: Limits, keep: &Keep) -> Shards {
        Shards::go_on((0..count.max(1)).map(|number| Engine::new(limits, number)).collect(), made_with, keep)
    }

    /// Starts a shard for each engine.
    pub fn go_on(engines: Vec<Engine>, made_with: &MadeWith, keep: &Keep) -> Shards {
        Shards::go_on_with(
            engines.into_iter().map(|engine| (engine, Outcome::default())).collect(),
            made_with,
            keep,
        )
    }

    /// Starts shards that know what these knew, and have told what they had.
    pub fn resume(states: &[Vec<u8>], made_with: &MadeWith, keep: &Keep) -> anyhow::Result<Shards> {
        let restored = states.iter().map(|state| {
            let ShardState { engine, facts, fact_counts, alerts, report_tracks } =
                postcard::from_bytes(state)?;
            let outcome = Outcome { facts, fact_counts, alerts, report_tracks, ..Outcome::default() };
            anyhow::Ok((Engine::restore(&engine)?, outcome))
        });
        Ok(Shards::go_on_with(restored.collect::<anyhow::Result<_>>()?, made_with, keep))
    }

    /// What all shards know and have told by now, as bytes.
    pub fn checkpoint(&mut self) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut waiting = Vec::new();
        for shard in &mut self.shards {
            shard.hand_over();
            let (sender, receiver) = sync_channel(1);
            // A shard that has died tells why when it is joined.
            let _ = shard.sender.send(Work::Checkpoint(sender));
            waiting.push(receiver);
        }
        waiting.into_iter().map(|state| Ok(state.recv().context("a shard has died")??)).collect()
    }

    fn go_on_with(engines: Vec<(Engine, Outcome)>, made_with: &MadeWith, keep: &Keep) -> Shards {
        let told = Arc::new(AtomicU64::new(0));
        let shards = engines
            .into_iter()
            .enumerate()
            .map(|(number, known)| {
                let (sender, receiver) = sync_channel(QUEUE);
                let (made_with, told) = (made_with.clone(), Arc::clone(&told));
                let keep = keep.clone();
                let thread =
                    std::thread::spawn(move || work(&receiver, known, made_with, (number, &keep), &told));
                Shard { batch: Vec::with_capacity(BATCH), sender, thread }
            })
            .collect();
        let made_with = made_with.clone();
        Shards { shards, made_with, told, records: Vec::new(), tap: None, failed: None }
    }

    /// Writes down what is handed over from now on.
    pub fn record(&mut self, log: LogWriter) {
        self.begin(Record { log, only: None });
    }

    /// Writes down what the alerts of one ship follow from, or those of no ship.
    pub fn record_only(&mut self, log: LogWriter, mmsi: Option<Mmsi>) {
        self.begin(Record { log, only: Some(mmsi) });
    }

    /// A record begins with the ports and rules that hold.
    fn begin(&mut self, mut record: Record) {
        let begun = write_reference(&mut record.log, &self.made_with);
        self.records.push(record);
        self.note(begun.err());
    }

    /// What alerts are made with from here on.
    pub fn made_with(&self) -> &MadeWith {
        &self.made_with
    }

    /// Ports and rules from here on. What was told before is to be handed on first.
    pub fn refer_to(&mut self, made_with: MadeWith) {
        let failed =
            self.records.iter_mut().find_map(|record| write_reference(&mut record.log, &made_with).err());
        self.note(failed);
        for shard in &mut self.shards {
            shard.hand_over();
            // A shard that has died tells why when it is joined.
            let _ = shard.sender.send(Work::Reference(made_with.clone()));
        }
        self.made_with = made_with;
    }

    /// Shows what is handed over from now on.
    pub fn tap(&mut self, tap: Tap) {
        self.tap = Some(tap);
    }

    /// Writes down what an input is called.
    pub fn name(&mut self, number: u32, name: &str) {
        if !self.records.is_empty() {
            self.write(&Frame::Name(number, name.to_owned()));
        }
    }

    /// Whether it cannot go on: a shard has died, or what is handed over can no longer be written down.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some() || self.shards.iter().any(|shard| shard.thread.is_finished())
    }

    /// Writes a frame down.
    pub fn write(&mut self, frame: &Frame) {
        let failed = self
            .records
            .iter_mut()
            .filter(|record| record.holds(frame))
            .find_map(|record| record.log.write(frame).err());
        self.note(failed);
    }

    fn note(&mut self, failed: Option<std::io::Error>) {
        if failed.is_some() {
            self.records.clear();
            self.failed = failed;
        }
    }

    /// Whatever is written down next is in a new file of that number in each record.
    pub fn next_segment(&mut self) -> u32 {
        let mut number = 0;
        let failed = self.records.iter_mut().find_map(|record| match record.log.next_segment() {
            Ok(next) => {
                number = next;
                None
            }
            Err(error) => Some(error),
        });
        self.note(failed);
        number
    }

    /// All shards hand on their state.
    pub fn save(&mut self) {
        for shard in &mut self.shards {
            shard.hand_over();
            // A shard that has died tells why when it is joined.
            let _ = shard.sender.send(Work::Save);
        }
    }

    /// Hands over one entry: a ship's to its shard, others to all.
    pub fn push(&mut self, mut entry: Entry) {
        if let Some(tap) = &mut self.tap {
            tap(&entry);
        }
        if !self.records.is_empty() {
            let frame = Frame::Entry(entry);
            self.write(&frame);
            let Frame::Entry(back) = frame else { return };
            entry = back;
        }
        if let Entry::Transmission(_, transmission) = &entry {
            let shard = engine::shard_of(transmission.mmsi(), self.shards.len());
            self.shards[shard].push(entry);
        } else {
            let is_tick = matches!(entry, Entry::Tick(_));
            for shard in &mut self.shards {
                shard.push(entry.clone());
                // The next one may take a while, after a gap there are many, and there is something to do for each.
                if is_tick {
                    shard.hand_over();
                }
            }
        }
    }

    /// All shards hand on what they have told since the last round.
    pub fn round(&mut self) {
        self.write(&Frame::Round);
        let failed = self.records.iter_mut().find_map(|record| record.log.flush().err());
        self.note(failed);
        for shard in &mut self.shards {
            shard.hand_over();
            // A shard that has died tells why when it is joined.
            let _ = shard.sender.send(Work::Round);
        }
    }

    /// What was told so far: changes of facts, and alerts.
    pub fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Ends the input and waits for all.
    pub fn finish(self) -> Outcome {
        let recorded = self.failed.map_or(Ok(()), Err);
        let recorded =
            recorded.and_then(|()| self.records.into_iter().try_for_each(|record| record.log.finish()));
        let mut whole = Outcome { record_error: recorded.err(), ..Outcome::default() };
        let threads: Vec<JoinHandle<Outcome>> = self
            .shards
            .into_iter()
            .map(|mut shard| {
                shard.hand_over();
                shard.thread
            })
            .collect();
        for thread in threads {
            let part = match thread.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            whole.facts.merge(part.facts);
            whole.fact_counts.add(part.fact_counts);
            whole.alerts.extend(part.alerts);
            whole.counts.add(&part.counts);
            whole.ships += part.ships;
            whole.tracks += part.tracks;
            whole.reception = part.reception;
            whole.report_tracks.merge(part.report_tracks);
            whole.track_points.extend(part.track_points);
            whole.seen.merge(part.seen);
        }
        whole
    }
}

impl Shard {
    fn push(&mut self, entry: Entry) {
        self.batch.push(entry);
        if self.batch.len() == BATCH {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        // A shard that has died tells why when it is joined.
        let _ = self.sender.send(Work::Entries(batch));
    }
}

fn write_reference(log: &mut LogWriter, made_with: &MadeWith) -> std::io::Result<()> {
    made_with.pieces()?.iter().try_for_each(|piece| log.write(&Frame::Reference(piece.clone())))
}

fn work(
    receiver: &Receiver<Work>,
    (mut engine, mut outcome): (Engine, Outcome),
    mut made_with: MadeWith,
    (number, keep): (usize, &Keep),
    told: &AtomicU64,
) -> Outcome {
    let mut fresh = Vec::new();
    let mut points = keep.track_points.map(TrackPoints::new);
    if points.is_some() || keep.lookout.is_some() {
        engine.keep_taken();
    }
    if let Some(lookout) = &keep.lookout {
        engine.look_out(Arc::clone(lookout));
    }
    let hand_on = |alerts: &mut Vec<Arc<Alert>>, (engine, made_with): (&Engine, &MadeWith), saved| {
        if let KeepAlerts::Rounds(rounds) = &keep.alerts {
            // Who takes them may have failed, and says why.
            let _ = rounds.send(Part {
                shard: number,
                alerts: std::mem::take(alerts),
                made_with: made_with.clone(),
                engine: saved,
                counts: engine.counts().clone(),
                ships: engine.ships(),
                held: engine.held(),
            });
        }
    };
    // Whether nothing is kept of single entries.
    let is_plain = !keep.report_tracks && points.is_none() && keep.lookout.is_none();
    while let Ok(work) = receiver.recv() {
        match work {
            Work::Entries(batch) => {
                for entry in batch {
                    // Nearly all are; what comes of them is said with a later entry.
                    if is_plain && let Entry::Transmission(key, transmission) = entry {
                        engine.hold(key, transmission);
                        continue;
                    }
                    if keep.report_tracks {
                        outcome.report_tracks.hear(&entry);
                    }
                    // What sightings are told goes with what tracks have taken in, below.
                    if let Entry::End(highest) = entry
                        && keep.lookout.is_none()
                    {
                        let mut part = |fresh: &mut Vec<Told>| outcome.hear(fresh, keep, told);
                        engine.end(highest, &made_with.world, &mut fresh, &mut part);
                    } else {
                        engine.push(entry, &made_with.world, &mut fresh);
                    }
                    for taken in engine.taken() {
                        if let Some(points) = &mut points {
                            points.hear(&taken);
                        }
                        if let Some(lookout) = &keep.lookout {
                            outcome.seen.note(&taken, lookout);
                        }
                    }
                    if let Some(points) = &mut points {
                        points.tidy(|track| engine.has_track(track));
                    }
                }
            }
            Work::Reference(next) => {
                engine.forget_searches();
                made_with = next;
            }
            Work::Checkpoint(sender) => {
                let bytes = engine.snapshot().and_then(|engine| {
                    // As a `ShardState`, but for nothing of it being copied.
                    let Outcome { facts, fact_counts, alerts, report_tracks, .. } = &outcome;
                    let state = (engine, facts, fact_counts, alerts, report_tracks);
                    postcard::to_allocvec(&state).map_err(SnapshotError::Damaged)
                });
                // Who asked may have gone.
                let _ = sender.send(bytes);
            }
            Work::Round => hand_on(&mut outcome.alerts, (&engine, &made_with), None),
            // Only if memory for it cannot be had is there none, and then nothing is saved.
            Work::Save => {
                hand_on(&mut outcome.alerts, (&engine, &made_with), engine.snapshot().ok());
            }
        }
        outcome.hear(&mut fresh, keep, told);
    }
    hand_on(&mut outcome.alerts, (&engine, &made_with), None);
    points.iter_mut().for_each(TrackPoints::finish);
    outcome.track_points.extend(points);
    outcome.counts = engine.counts().clone();
    (outcome.ships, outcome.tracks) = (engine.ships() as u64, engine.tracks());
    if keep.lookout.is_some() {
        outcome.seen.last_known = engine.last_known();
        outcome.seen.end = Some(engine.watermark());
    }
    outcome.reception = engine.into_reception();
    outcome
}
