//! The role that takes in: sources to the log in a topic.
//!
//! One program at a time does, whoever owns the first partition of the log in the group; others stand by. So the log has
//! one order, and all that it says is decided once. With each part of the log it is written down, in the same
//! transaction, what was taken from topics for it. Who takes over begins with the newest snapshot, takes again what was
//! taken since, without writing it, and goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use connect::kafka::{
    self, Cluster, CommitError, Group, PartitionReader, Record, Segment, Snapshots, Transactions, Wanted,
};
use connect::live::Positions;
use connect::log::{Frame, Piece, Reference, Step, Taken};
use engine::Entry;
use model::EventTime;
use rdkafka::Offset;
use rdkafka::topic_partition_list::TopicPartitionList;
use serde::{Deserialize, Serialize};

use super::intake::{Intake, Log, Saved, Steps};
use super::reload::{self, Reloads};
use crate::cli;
use crate::config::{Config, SourceKind};
use crate::interrupt::Interrupt;
use crate::metrics::Metrics;

/// Who owns this partition takes in.
const LEADING: i32 = 0;
/// The owner of the snapshots, the group, and the transactional id.
const NAME: &str = "ingest";
/// How long it is waited for something to happen.
const WAIT: Duration = Duration::from_millis(100);
/// A member that has no partition after this stands by.
const JOINED: Duration = Duration::from_secs(10);
/// What cannot be done is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// What is asked just to be measured is answered in this time, or not measured.
const AT_ONCE: Duration = Duration::from_millis(200);
/// How often it is asked how far topics are ahead.
const MEASURE: Duration = Duration::from_secs(5);
/// When it is to end, the last commit may take so long.
const LAST: Duration = Duration::from_secs(4);
/// What has this many bytes is committed at once.
const COMMIT_BYTES: usize = 8 << 20;
/// While there is always more to take in, it is committed after so many intervals.
const BUSY: u32 = 8;

/// What is known, to go on with.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    /// The number of the last part of the log.
    number: u64,
    /// Where in the first partition of the log later parts are.
    log_from: i64,
    /// How far it has come.
    reached: EventTime,
    intake: Saved,
    /// Ports and rules.
    reference: Vec<Piece>,
}

/// How the lead ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// Somebody else leads.
    Lost,
    /// It was asked to end, or all sources have ended.
    Over,
}

/// What was not committed yet of the log.
struct Pending {
    segments: Vec<Segment>,
    steps: Steps,
    reached: EventTime,
    bytes: usize,
    /// What is pushed was written by somebody before.
    is_muted: bool,
    /// Ports and rules, if any were written yet, and as they are written.
    reference: Option<(Reference, Vec<Piece>)>,
    failed: Option<kafka::LogError>,
}

impl Log for Pending {
    fn name(&mut self, number: u32, name: &str) {
        self.give_all(&Frame::Name(number, name.to_owned()));
    }

    fn push(&mut self, entry: Entry) {
        if let Entry::Watermark(reached) = entry {
            self.reached = self.reached.max(reached);
        }
        let shard = match &entry {
            Entry::Transmission(_, transmission) => {
                Some(engine::shard_of(transmission.mmsi(), self.segments.len()))
            }
            Entry::Tick(_) | Entry::Watermark(_) | Entry::Late(_) | Entry::End(_) => None,
        };
        let frame = Frame::Entry(entry);
        match shard {
            Some(shard) => self.give(shard, &frame),
            None => self.give_all(&frame),
        }
    }

    fn took(&mut self, step: Step) {
        if !self.is_muted {
            self.steps.push(step);
        }
    }

    fn mute(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
    }

    fn refer_to(&mut self, reference: Reference) -> std::io::Result<()> {
        let pieces = reference.pieces()?;
        pieces.iter().for_each(|piece| self.give_all(&Frame::Reference(piece.clone())));
        self.reference = Some((reference, pieces));
        Ok(())
    }

    fn reference(&self) -> Option<&Reference> {
        self.reference.as_ref().map(|(reference, _)| reference)
    }

    fn reached(&self) -> EventTime {
        self.reached
    }
}

impl Pending {
    fn of(partitions: i32) -> Pending {
        Pending {
            segments: vec![Segment::default(); partitions as usize],
            steps: Steps::default(),
            reached: EventTime::MIN,
            bytes: 0,
            is_muted: false,
            reference: None,
            failed: None,
        }
    }

    fn refer_again(&mut self) {
        let pieces = self.reference.as_ref().map_or(Vec::new(), |(_, pieces)| pieces.clone());
        pieces.into_iter().for_each(|piece| self.give_all(&Frame::Reference(piece)));
    }

    fn give(&mut self, shard: usize, frame: &Frame) {
        if self.is_muted {
            return;
        }
        match self.segments[shard].push(frame) {
            Ok(bytes) => self.bytes += bytes,
            Err(error) => self.failed = Some(error),
        }
    }

    fn give_all(&mut self, frame: &Frame) {
        (0..self.segments.len()).for_each(|shard| self.give(shard, frame));
    }

    fn is_empty(&self) -> bool {
        self.bytes == 0 && self.steps.is_empty()
    }

    /// Takes out the records of the next part of the log.
    fn take(&mut self, topic: &Arc<str>, number: u64) -> Result<Vec<Record>, kafka::LogError> {
        let steps = self.steps.take();
        self.give(0, &Frame::Taken(Taken { number, reached: self.reached, steps }));
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        self.bytes = 0;
        let record = |(partition, value): (i32, Vec<u8>)| Record {
            topic: Arc::clone(topic),
            partition,
            key: partition.to_string(),
            value: Some(value),
            headers: Vec::new(),
        };
        let numbered = (0..).zip(&mut self.segments);
        let values =
            numbered.flat_map(|(at, segment)| segment.take().into_iter().map(move |value| (at, value)));
        Ok(values.map(record).collect())
    }
}

/// Ports and rules as whoever takes in knew them last, if anybody did.
pub fn reference(cluster: &Cluster, is_over: &dyn Fn() -> bool) -> anyhow::Result<Option<Reference>> {
    let (_, found) = Snapshots::find(cluster, NAME, LEADING, is_over).context("snapshots cannot be read")?;
    let saved = found.map(|found| postcard::from_bytes::<Snapshot>(&found)).transpose();
    let known = saved.context("the snapshot of ingest")?.map(|saved| saved.reference);
    Ok(known.filter(|known| !known.is_empty()).map(|known| Reference::of(&known)).transpose()?)
}

/// Takes in whenever it leads, until it is asked to end or all sources have ended.
pub fn run(
    config: &Config,
    cluster: &Cluster,
    partitions: i32,
    (reloads, mut asked): (&Reloads, Reference),
    interrupt: &Interrupt,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<()> {
    let group = Group::join(cluster, NAME, &cluster.topics.log, Box::new(|_: &[i32]| {}))?;
    let (mut stands_by, began) = (false, Instant::now());
    while !interrupt.came() {
        take_part(&group, WAIT);
        asked = reloads.next().unwrap_or(asked);
        if group.owned().contains(&LEADING) {
            stands_by = false;
            let lead = Lead::take(config, cluster, &group, partitions, &asked, interrupt, metrics);
            let ended = lead.and_then(|lead| {
                lead.map_or(Ok(Ended::Lost), |lead| lead.go_on(reloads, &mut asked, interrupt))
            });
            metrics.active(NAME, "", false);
            metrics.forget_sources();
            match ended {
                Ok(Ended::Over) => break,
                Ok(Ended::Lost) => cli::talk("ingest: no longer takes in"),
                Err(error) if kafka::is_of_cluster(&*error) => {
                    cli::warn(&format!("ingest: {error:#}; it is tried again"));
                    metrics.ready(NAME, false);
                    interrupt.wait(AGAIN);
                }
                Err(error) => return Err(error),
            }
        } else if !stands_by && (!group.owned().is_empty() || began.elapsed() > JOINED) {
            // With a partition that tells nothing, or without any.
            cli::talk("ingest: stands by");
            metrics.ready(NAME, true);
            stands_by = true;
        }
    }
    Ok(())
}

/// Takes part in a group, and says what is wrong with the cluster.
pub fn take_part(group: &Group, time: Duration) {
    if let Some(error) = group.take_part(time) {
        cli::warn(&format!("kafka: {error}"));
    }
}

/// The one that takes in.
struct Lead<'a> {
    config: &'a Config,
    group: &'a Group,
    transactions: Transactions,
    log: Arc<str>,
    snapshots: Snapshots,
    intake: Intake<Pending>,
    number: u64,
    interrupt: &'a Interrupt,
    metrics: &'a Arc<Metrics>,
}

impl<'a> Lead<'a> {
    /// Takes over from whoever was before, and knows what he knew; `None` if somebody else does meanwhile.
    fn take(
        config: &'a Config,
        cluster: &Cluster,
        group: &'a Group,
        partitions: i32,
        asked: &Reference,
        interrupt: &'a Interrupt,
        metrics: &'a Arc<Metrics>,
    ) -> anyhow::Result<Option<Lead<'a>>> {
        let _span = tracing::debug_span!("ingest.take_over").entered();
        let began = Instant::now();
        // Who does not take part is soon no member any more.
        let is_over = || {
            take_part(group, Duration::ZERO);
            interrupt.came() || !group.owned().contains(&LEADING)
        };
        let transactions =
            Transactions::take_over(cluster, NAME, is_over).context("ingest cannot take over")?;
        let (snapshots, found) =
            Snapshots::find(cluster, NAME, LEADING, &is_over).context("snapshots cannot be read")?;
        let mut intake = Intake::new(config, Pending::of(partitions), metrics);
        let (mut number, mut log_from, mut reached) = (0, None, EventTime::MIN);
        let bytes = found.as_ref().map_or(0, Vec::len);
        let mut known = Vec::new();
        if let Some(found) = found {
            let saved: Snapshot = postcard::from_bytes(&found).context("the snapshot of ingest")?;
            (number, log_from, reached) = (saved.number, Some(saved.log_from), saved.reached);
            intake.restore(saved.intake).context("the snapshot of ingest")?;
            known = saved.reference;
        }
        let log = Arc::from(cluster.topics.log.as_str());
        let parts = taken_since(cluster, log_from, (&mut number, &mut known), &is_over)?;
        let count = parts.len();
        intake.log().reached = parts.last().map_or(reached, |part| part.reached);
        intake.take_again(parts, &super::properties(config), &is_over)?;
        if !known.is_empty() {
            intake.log().reference = Some((Reference::of(&known)?, known));
        }
        if !reload::refer_to(&mut intake, asked.clone())? {
            // Said again, for those who did not read so far back.
            intake.log().refer_again();
        }
        let mut lead =
            Lead { config, group, transactions, log, snapshots, intake, number, interrupt, metrics };
        cli::talk(&format!(
            "ingest: takes in; snapshot of {bytes} bytes, {count} parts of the log taken again, {} ms",
            began.elapsed().as_millis()
        ));
        metrics.restored(NAME, began.elapsed(), count as u64);
        if lead.commit(true)? == Ended::Lost {
            return Ok(None);
        }
        metrics.active(NAME, "", true);
        metrics.ready(NAME, true);
        Ok(Some(lead))
    }

    /// Takes in.
    fn go_on(
        mut self,
        reloads: &Reloads,
        asked: &mut Reference,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Ended> {
        let mut sources = super::start(self.config, &self.intake)?;
        let commit_interval = Duration::from(self.config.kafka.commit_interval);
        let snapshot_interval = Duration::from(self.config.live.snapshot_interval);
        let (mut committed, mut snapshot, mut measured) = (Instant::now(), Instant::now(), Instant::now());
        let (mut has_news, mut dropped) = (false, 0);
        loop {
            let is_over = interrupt.came() || self.intake.is_over();
            let wait = commit_interval.saturating_sub(committed.elapsed());
            let wait = if has_news { wait } else { WAIT };
            let event = if is_over { None } else { sources.next_within(wait) };
            // A commit costs the brokers the same for little as for much.
            let patience = if event.is_some() { BUSY } else { 1 };
            event.into_iter().for_each(|event| self.intake.take(event));
            has_news = !self.intake.log().is_empty();
            let is_due =
                committed.elapsed() >= commit_interval * patience || self.intake.log().bytes >= COMMIT_BYTES;
            if !is_due && !is_over {
                continue;
            }
            take_part(self.group, Duration::ZERO);
            if !self.group.owned().contains(&LEADING) {
                return Ok(Ended::Lost);
            }
            if let Some(reference) = reloads.next() {
                reload::refer_to(&mut self.intake, reference.clone())?;
                (*asked, has_news) = (reference, true);
            }
            if is_over {
                self.intake.end_connections();
            }
            let is_snapshot = is_over || snapshot.elapsed() >= snapshot_interval;
            if (has_news || is_snapshot) && self.commit(is_snapshot)? == Ended::Lost {
                return Ok(Ended::Lost);
            }
            if is_snapshot {
                snapshot = Instant::now();
            }
            if is_over {
                return Ok(Ended::Over);
            }
            if measured.elapsed() >= MEASURE {
                self.measure();
                self.metrics.dropped(sources.dropped() - dropped);
                dropped = sources.dropped();
                measured = Instant::now();
            }
            (committed, has_news) = (Instant::now(), false);
        }
    }

    /// Commits the next part of the log with what was taken for it, and what is known if that is wanted.
    fn commit(&mut self, is_snapshot: bool) -> anyhow::Result<Ended> {
        let _span = tracing::debug_span!("ingest.commit", part = self.number + 1, is_snapshot).entered();
        let log_from =
            if is_snapshot { self.transactions.end_of(&self.log, LEADING, kafka::ANSWER)? } else { 0 };
        self.number += 1;
        let mut records = self.intake.log().take(&self.log, self.number)?;
        if is_snapshot {
            let reached = self.intake.log().reached;
            let intake = self.intake.save()?;
            let reference =
                self.intake.log().reference.as_ref().map_or(Vec::new(), |(_, pieces)| pieces.clone());
            let snapshot = Snapshot { number: self.number, log_from, reached, intake, reference };
            let bytes = postcard::to_allocvec(&snapshot)?;
            self.metrics.saved(NAME, bytes.len());
            records.extend(self.snapshots.next(&bytes));
        }
        let offsets = self.offsets()?;
        // Who is no member any more can only become one again by taking part.
        let began = Instant::now();
        let is_lost = || {
            take_part(self.group, Duration::ZERO);
            !self.group.owned().contains(&LEADING) || self.interrupt.came() && began.elapsed() > LAST
        };
        let wanted = Wanted { again: &|| !is_lost(), is_over: &is_lost };
        match self.transactions.commit(&records, &offsets, || self.group.member(), &wanted) {
            Ok(()) => {
                self.metrics.committed(NAME, began.elapsed());
                self.metrics.watermark(NAME, "", self.intake.log().reached);
                Ok(Ended::Over)
            }
            Err(CommitError::Fenced | CommitError::Stopped(_)) => Ok(Ended::Lost),
            Err(error) => Err(anyhow::Error::new(error).context("the log cannot be written")),
        }
    }

    /// How far topics are ahead.
    fn measure(&self) {
        for (number, source) in (0..).zip(&self.config.live.sources) {
            let (SourceKind::Kafka, Some(topic)) = (source.kind, &source.topic) else { continue };
            for (partition, next) in self.intake.positions(number) {
                // While brokers are away nobody knows.
                let Ok(end) = self.transactions.end_of(topic, partition as i32, AT_ONCE) else { return };
                self.metrics.lag(topic, partition as i32, end - next as i64);
            }
        }
    }

    /// How far topics were taken, for those who watch the group.
    fn offsets(&self) -> anyhow::Result<TopicPartitionList> {
        let mut offsets = TopicPartitionList::new();
        for (number, source) in (0..).zip(&self.config.live.sources) {
            let (SourceKind::Kafka, Some(topic)) = (source.kind, &source.topic) else { continue };
            let positions: Positions = self.intake.positions(number);
            for (partition, next) in positions {
                offsets.add_partition_offset(topic, partition as i32, Offset::Offset(next as i64))?;
            }
        }
        Ok(offsets)
    }
}

/// What was taken for the log since a place, and after a part of it.
fn taken_since(
    cluster: &Cluster,
    from: Option<i64>,
    (number, known): (&mut u64, &mut Vec<Piece>),
    is_over: &dyn Fn() -> bool,
) -> anyhow::Result<Vec<Taken>> {
    let mut pieces = Vec::new();
    let mut reader = PartitionReader::open(cluster, &cluster.topics.log, LEADING, from)?;
    let mut parts = Vec::new();
    let mut failed = None;
    while !reader.is_at_end() {
        anyhow::ensure!(!is_over(), CommitError::Fenced);
        reader.read(WAIT, |record| {
            let taken = kafka::frames(record.value.unwrap_or_default(), |frame| match frame {
                Frame::Taken(taken) if taken.number > *number => {
                    *number = taken.number;
                    parts.push(taken);
                }
                Frame::Reference(piece) => {
                    let is_last = piece.number + 1 == piece.of;
                    pieces.push(piece);
                    if is_last {
                        *known = std::mem::take(&mut pieces);
                    }
                }
                Frame::Name(..) | Frame::Entry(_) | Frame::Round | Frame::Taken(_) => {}
            });
            failed = failed.take().or(taken.err());
        })?;
        if let Some(error) = failed {
            return Err(anyhow::Error::new(error).context(cluster.topics.log.clone()));
        }
    }
    Ok(parts)
}
