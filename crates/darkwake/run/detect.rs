//! The role that detects: the log in a topic to alerts.
//!
//! Each partition of the log that this member of the group owns has an engine on a thread of its own. What it tells, and
//! how far it has read for it, are one transaction. Who takes a partition over begins with its newest snapshot, reads on
//! from there, and tells nothing before the place that was committed last.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use connect::kafka::{
    self, Cluster, CommitError, Group, PartitionReader, Record, Snapshots, Transactions, Wanted,
};
use connect::log::{self, Frame, Piece, Pieces, Reference};
use connect::sinks::{self, Line};
use engine::{Engine, Limits};
use model::alert::Told;
use rdkafka::Offset;
use rdkafka::topic_partition_list::TopicPartitionList;
use serde::{Deserialize, Serialize};

use super::ingest::{self, take_part};
use crate::cli;
use crate::config::Config;
use crate::interrupt::Interrupt;
use crate::made::MadeWith;
use crate::metrics::Metrics;

/// The group, and what snapshots and transactional ids begin with.
const NAME: &str = "detect";
/// How long it is waited for something to happen.
const WAIT: Duration = Duration::from_millis(20);
/// While nothing is told, it is committed this often how far the log was read.
const IDLE: Duration = Duration::from_secs(1);
/// A member that has no partition after this stands by.
const JOINED: Duration = Duration::from_secs(10);
/// How often it is asked how far the log is ahead.
const MEASURE: Duration = Duration::from_secs(5);
/// When it is to end, the last commit may take so long.
const LAST: Duration = Duration::from_secs(4);
/// A partition that cannot be worked on is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// Ports and rules that are kept ready beside those of the configuration.
const MADE: usize = 2;
/// Records of a snapshot that are committed at once.
const SNAPSHOT_RECORDS: usize = 8;

/// What is known of a partition, to go on with.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    /// The record of the log that comes next.
    next: i64,
    /// Of how many partitions this is one.
    partitions: i32,
    /// Ports and rules.
    reference: Vec<Piece>,
    /// Those of which not all pieces have come yet.
    pieces: Pieces,
    /// Inputs by number.
    names: Vec<String>,
    engine: Vec<u8>,
}

/// What all partitions have in common.
struct Common {
    cluster: Cluster,
    /// Ports and rules of the configuration, for a log that has none, and those that partitions have.
    made_with: Mutex<Vec<MadeWith>>,
    limits: Limits,
    partitions: i32,
    alert_partitions: i32,
    commit_interval: Duration,
    snapshot_interval: Duration,
    metrics: Arc<Metrics>,
}

/// A partition that is worked on.
struct Worker {
    stop: Arc<AtomicBool>,
    has_taken_over: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Common {
    /// Makes ports and rules ready, once for all partitions.
    fn made_with(&self, reference: Reference) -> MadeWith {
        let mut all = self.made_with.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|known| *known.reference == reference) {
            return known.clone();
        }
        let made_with = all[0].followed_by(reference);
        // Partitions have those of the log, one after the other.
        if all.len() > MADE {
            all.remove(1);
        }
        all.push(made_with.clone());
        made_with
    }

    /// Those of the configuration.
    fn asked(&self) -> MadeWith {
        self.made_with.lock().unwrap_or_else(PoisonError::into_inner)[0].clone()
    }
}

type Workers = Arc<Mutex<BTreeMap<i32, Worker>>>;

fn is_stopped(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed)
}

fn lock(workers: &Workers) -> MutexGuard<'_, BTreeMap<i32, Worker>> {
    workers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Detects in whatever partitions it owns, until it is asked to end.
pub fn run(
    config: &Config,
    cluster: &Cluster,
    made_with: MadeWith,
    partitions: i32,
    interrupt: &Interrupt,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<()> {
    let common = Arc::new(Common {
        cluster: cluster.clone(),
        made_with: Mutex::new(vec![made_with]),
        limits: config.limits.of_core(),
        partitions,
        alert_partitions: kafka::partitions_of(cluster, &cluster.topics.alerts)?,
        commit_interval: Duration::from(config.kafka.commit_interval),
        snapshot_interval: Duration::from(config.live.snapshot_interval),
        metrics: Arc::clone(metrics),
    });
    let workers = Workers::default();
    let losing = {
        let workers = Arc::clone(&workers);
        // Before it is somebody else's, what is under way is committed.
        move |partitions: &[i32]| {
            let lost: Vec<Worker> =
                partitions.iter().filter_map(|partition| lock(&workers).remove(partition)).collect();
            lost.iter().for_each(Worker::stop);
            for error in lost.into_iter().filter_map(|worker| worker.end().err()) {
                cli::warn(&format!("detect: {error:#}"));
            }
        }
    };
    let group = Group::join(cluster, NAME, &cluster.topics.log, Box::new(losing))?;
    let mut not_before = BTreeMap::new();
    let began = Instant::now();
    while !interrupt.came() {
        take_part(&group, WAIT);
        let ended = |(partition, worker): (&i32, &Worker)| worker.thread.is_finished().then_some(*partition);
        let ended: Vec<i32> = lock(&workers).iter().filter_map(ended).collect();
        for partition in ended {
            if let Some(worker) = lock(&workers).remove(&partition) {
                worker.end()?;
                not_before.insert(partition, Instant::now() + AGAIN);
            }
        }
        let owned = group.owned();
        // Where there are more members than partitions, some stand by.
        let is_ready = if owned.is_empty() {
            began.elapsed() > JOINED
        } else {
            let workers = lock(&workers);
            owned.iter().all(|partition| workers.get(partition).is_some_and(Worker::has_taken_over))
        };
        common.metrics.ready(NAME, is_ready);
        for partition in owned {
            let is_due = not_before.get(&partition).is_none_or(|time| *time <= Instant::now());
            if is_due && !lock(&workers).contains_key(&partition) {
                let worker = Worker::start(partition, Arc::clone(&common), group.clone());
                lock(&workers).insert(partition, worker);
            }
        }
    }
    let all = std::mem::take(&mut *lock(&workers));
    all.values().for_each(Worker::stop);
    all.into_values().try_for_each(Worker::end)
}

impl Worker {
    fn start(partition: i32, common: Arc<Common>, group: Group) -> Worker {
        let stop = Arc::<AtomicBool>::default();
        let has_taken_over = Arc::<AtomicBool>::default();
        let (is_stopped, done) = (Arc::clone(&stop), Arc::clone(&has_taken_over));
        let thread = std::thread::spawn(move || {
            let taken = Detector::take(partition, &common, &group, &is_stopped);
            done.store(matches!(taken, Ok(Some(_))), Ordering::Relaxed);
            let ended = taken.and_then(|taken| taken.map_or(Ok(()), Detector::go_on));
            common.metrics.forget_partition(NAME, &common.cluster.topics.log, &partition.to_string());
            ended
        });
        Worker { stop, has_taken_over, thread }
    }

    fn has_taken_over(&self) -> bool {
        self.has_taken_over.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Ends it and waits for it; an error that ends the program, if it cannot be tried again.
    fn end(self) -> anyhow::Result<()> {
        self.stop();
        let ended = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match ended {
            Err(error) if kafka::is_of_cluster(&*error) => {
                cli::warn(&format!("detect: {error:#}; it is tried again"));
                Ok(())
            }
            ended => ended,
        }
    }
}

/// What detects in one partition.
struct Detector<'a> {
    partition: i32,
    common: &'a Common,
    group: &'a Group,
    stop: &'a AtomicBool,
    transactions: Transactions,
    snapshots: Snapshots,
    reader: PartitionReader,
    engine: Engine,
    made_with: MadeWith,
    pieces: Pieces,
    names: Vec<String>,
    alerts_topic: Arc<str>,
    /// What was told and not committed yet.
    pending: Vec<Record>,
    /// What records before this one tell was told by whoever was before.
    muted_before: i64,
    /// What is left of a snapshot to be committed.
    snapshot: VecDeque<Record>,
}

impl<'a> Detector<'a> {
    /// Takes over from whoever was before, and knows what he knew; `None` if it is stopped meanwhile.
    fn take(
        partition: i32,
        common: &'a Common,
        group: &'a Group,
        stop: &'a AtomicBool,
    ) -> anyhow::Result<Option<Detector<'a>>> {
        let _span = tracing::debug_span!("detect.take_over", partition).entered();
        let began = Instant::now();
        let named = || format!("partition {partition}");
        let owner = format!("{NAME}/{partition}");
        let transactions =
            Transactions::take_over(&common.cluster, &format!("{NAME}.{partition}"), || is_stopped(stop))
                .with_context(named)?;
        let (snapshots, found) =
            Snapshots::find(&common.cluster, &owner, partition, &|| is_stopped(stop)).with_context(named)?;
        // The group may have been forgotten, if nobody took part for a week.
        let committed = group.committed(partition).with_context(named)?.max(snapshots.place);
        let bytes = found.as_ref().map_or(0, Vec::len);
        let (mut made_with, mut pieces) = (common.asked(), Pieces::default());
        let (next, names, engine) = match found {
            None => (None, Vec::new(), Engine::new(common.limits, partition as usize)),
            Some(found) => {
                let saved: Snapshot = postcard::from_bytes(&found).with_context(named)?;
                anyhow::ensure!(
                    saved.partitions == common.partitions,
                    "partition {partition}: its snapshot is of a log of {} partitions, which has {} now; ships would \
                     be taken for others",
                    saved.partitions,
                    common.partitions
                );
                if !saved.reference.is_empty() {
                    made_with = common.made_with(Reference::of(&saved.reference)?);
                }
                pieces = saved.pieces;
                (Some(saved.next), saved.names, Engine::restore(&saved.engine).with_context(named)?)
            }
        };
        let log = &common.cluster.topics.log;
        let reader = PartitionReader::open(&common.cluster, log, partition, next).with_context(named)?;
        let first = reader.first;
        // Ports have the numbers that the log gives them, where its beginning is gone.
        if next.is_none()
            && first > 0
            && let Some(reference) = ingest::reference(&common.cluster, &|| is_stopped(stop))?
        {
            made_with = common.made_with(reference);
        }
        if next.is_some_and(|next| next < first) {
            cli::warn(&format!(
                "partition {partition}: what was in the log before {first} is gone, and not known"
            ));
        }
        let alerts_topic = Arc::from(common.cluster.topics.alerts.as_str());
        let (pending, snapshot) = (Vec::new(), VecDeque::new());
        let mut detector = Detector {
            partition,
            common,
            group,
            stop,
            transactions,
            snapshots,
            engine,
            made_with,
            pieces,
            names,
            alerts_topic,
            pending,
            muted_before: committed.unwrap_or(0),
            snapshot,
            reader,
        };
        let restored = began.elapsed();
        let name = partition.to_string();
        let mut records = 0_u64;
        let mut read = 0_u64;
        while detector.reader.next() < detector.muted_before && !detector.reader.is_at_end() {
            if detector.is_stopped() {
                return Ok(None);
            }
            if let Some(length) = detector.read(WAIT)? {
                records += 1;
                read += length as u64;
            }
        }
        cli::talk(&format!(
            "partition {partition}: taken; {} ships from a snapshot of {bytes} bytes in {} ms, {records} records of {read} \
             bytes read again in {} ms",
            detector.engine.ships(),
            restored.as_millis(),
            (began.elapsed() - restored).as_millis()
        ));
        common.metrics.counted_before(&name, detector.engine.counts());
        common.metrics.restored(&name, began.elapsed(), records);
        common.metrics.active(NAME, &name, true);
        Ok(Some(detector))
    }

    fn is_stopped(&self) -> bool {
        is_stopped(self.stop)
    }

    /// Detects until it is stopped.
    fn go_on(mut self) -> anyhow::Result<()> {
        let (mut committed, mut snapshot, mut measured) = (Instant::now(), Instant::now(), Instant::now());
        let mut committed_next = self.reader.next();
        while !self.is_stopped() {
            let began = Instant::now();
            let mut has_read = self.read(WAIT)?.is_some();
            // Whatever is there already is part of it.
            while has_read && began.elapsed() < self.common.commit_interval {
                has_read = self.read(Duration::ZERO)?.is_some();
            }
            let has_moved = self.reader.next() > committed_next;
            if self.snapshot.is_empty() && has_moved && snapshot.elapsed() >= self.common.snapshot_interval {
                self.snapshot = self.save()?;
                snapshot = Instant::now();
            }
            let is_due = has_moved && committed.elapsed() >= IDLE;
            if !self.pending.is_empty() || !self.snapshot.is_empty() || is_due {
                if !self.commit(SNAPSHOT_RECORDS)? {
                    return Ok(());
                }
                (committed, committed_next) = (Instant::now(), self.reader.next());
            }
            if measured.elapsed() >= MEASURE {
                self.measure();
                measured = Instant::now();
            }
        }
        // Who takes over has nothing to read again.
        self.snapshot = self.save()?;
        self.commit(usize::MAX)?;
        Ok(())
    }

    /// Reads a record of the log, if one comes in this time; how long it was.
    fn read(&mut self, wait: Duration) -> anyhow::Result<Option<usize>> {
        let Detector { reader, engine, names, common, pending, alerts_topic, muted_before, .. } = self;
        let (made_with, pieces) = (&mut self.made_with, &mut self.pieces);
        let mut told = Vec::new();
        let mut failed = Ok(());
        let mut length = 0;
        let has_read = reader.read(wait, |record| {
            let value = record.value.unwrap_or_default();
            length = value.len();
            let is_muted = record.offset < *muted_before;
            let mut write = |told: &mut Vec<Told>, names: &[String], made_with: &MadeWith| {
                if is_muted {
                    told.clear();
                }
                let writer = made_with.writer(names);
                pending.extend(told.drain(..).filter_map(|told| match told {
                    Told::Alert(alert) => {
                        let line = Line::of(&alert, writer.json(&alert));
                        Some(sinks::record(alerts_topic, common.alert_partitions, &line))
                    }
                    Told::Fact(_) | Told::Near(_) | Told::TakenBack(_) => None,
                }));
            };
            let mut referred = Ok(());
            let read = kafka::frames(value, |frame| match frame {
                Frame::Name(number, name) => log::name(names, number, name),
                Frame::Entry(entry) => engine.push(entry, &made_with.world, &mut told),
                Frame::Reference(piece) => {
                    match pieces.take(&piece) {
                        Ok(None) => {}
                        Ok(Some(reference)) => {
                            // What was told before was made with what was before.
                            write(&mut told, names, made_with);
                            engine.forget_searches();
                            *made_with = common.made_with(reference);
                        }
                        Err(error) => referred = Err(error),
                    }
                }
                Frame::Round | Frame::Taken(_) => {}
            });
            write(&mut told, names, made_with);
            failed = read.map_err(anyhow::Error::from).and(referred.map_err(anyhow::Error::from));
        });
        let has_read = has_read.with_context(|| format!("partition {}", self.partition))?;
        failed.with_context(|| format!("{}/{}", common.cluster.topics.log, self.partition))?;
        Ok(has_read.then_some(length))
    }

    /// What is known, as records.
    fn save(&mut self) -> anyhow::Result<VecDeque<Record>> {
        let _span = tracing::debug_span!("detect.snapshot", partition = self.partition).entered();
        let snapshot = Snapshot {
            next: self.reader.next(),
            partitions: self.common.partitions,
            reference: self.made_with.pieces()?.to_vec(),
            pieces: self.pieces.clone(),
            names: self.names.clone(),
            engine: self.engine.snapshot()?,
        };
        let bytes = postcard::to_allocvec(&snapshot)?;
        self.common.metrics.saved(&self.partition.to_string(), bytes.len());
        Ok(self.snapshots.next(&bytes).into())
    }

    /// What it holds, and how far the log is ahead.
    fn measure(&self) {
        let (metrics, name) = (&self.common.metrics, self.partition.to_string());
        metrics.counted(&name, self.engine.counts());
        metrics.holds(&name, self.engine.ships(), self.engine.held());
        metrics.watermark(NAME, &name, self.engine.watermark());
        // While brokers are away nobody knows.
        if let Some(end) = self.reader.end_now() {
            metrics.lag(&self.common.cluster.topics.log, self.partition, end - self.reader.next());
        }
    }

    /// Commits what was told, how far the log was read for it, and some of a snapshot. Whether this still is the one who
    /// detects here.
    fn commit(&mut self, snapshot_records: usize) -> anyhow::Result<bool> {
        let (partition, alerts) = (self.partition, self.pending.len());
        let _span = tracing::debug_span!("detect.commit", partition, alerts).entered();
        let mut offsets = TopicPartitionList::new();
        let (log, next) = (&self.common.cluster.topics.log, Offset::Offset(self.reader.next()));
        offsets.add_partition_offset(log, self.partition, next)?;
        let mut records = std::mem::take(&mut self.pending);
        if !records.is_empty() {
            records.push(self.snapshots.come_to(self.reader.next()));
        }
        let count = self.snapshot.len().min(snapshot_records);
        records.extend(self.snapshot.drain(..count));
        let began = Instant::now();
        // Who is being stopped is no member any more if it does not go well at once.
        let wanted = Wanted {
            again: &|| !self.is_stopped(),
            is_over: &|| self.is_stopped() && began.elapsed() > LAST,
        };
        match self.transactions.commit(&records, &offsets, || self.group.member(), &wanted) {
            Ok(()) => {
                self.common.metrics.committed(NAME, began.elapsed());
                for alert in records.iter().filter(|record| record.topic == self.alerts_topic) {
                    let of = |key| {
                        alert.headers.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value)
                    };
                    self.common.metrics.alert(of("kind"), of("severity"));
                }
                Ok(true)
            }
            Err(CommitError::Fenced) => {
                cli::talk(&format!("partition {}: somebody else has taken over", self.partition));
                Ok(false)
            }
            Err(CommitError::Stopped(error)) => {
                // Whoever takes over reads it again.
                cli::warn(&format!(
                    "partition {}: stopped, and the last was not committed: {error}",
                    self.partition
                ));
                Ok(false)
            }
            Err(error) => Err(anyhow::Error::new(error).context(format!("partition {}", self.partition))),
        }
    }
}
