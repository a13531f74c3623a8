//! What `darkwake run` counts and measures, for Prometheus.

mod page;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use connect::sinks::Sink;
use model::fate::Counts;
use model::{EventTime, Reason};
pub use page::page;
use prometheus::core::Collector;
use prometheus::proto::MetricType;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};
use serve::SourceState;
use serve::board::Board;

/// A source that is connected and says nothing for so long is idle, seconds.
const IDLE_S: f64 = 60.0;

/// All of it.
pub struct Metrics {
    registry: Registry,
    described: Vec<Described>,
    up: IntGaugeVec,
    bytes: IntCounterVec,
    troubles: IntCounterVec,
    arrival: GaugeVec,
    reached: GaugeVec,
    holds: IntGaugeVec,
    dropped: IntCounter,
    unwatched: IntCounter,
    watermark: GaugeVec,
    lines: IntCounterVec,
    rejected: IntCounterVec,
    alerts: IntCounterVec,
    ships: IntGaugeVec,
    held: IntGaugeVec,
    lag: IntGaugeVec,
    commit: HistogramVec,
    page_clients: IntGauge,
    page_dropped: IntCounter,
    page_left_out: IntCounter,
    page_refused: IntCounter,
    snapshot_bytes: IntGaugeVec,
    restored_seconds: GaugeVec,
    restored_records: IntGaugeVec,
    committed: GaugeVec,
    saved: GaugeVec,
    active: IntGaugeVec,
    sink_done: IntGaugeVec,
    sink_waiting: IntGaugeVec,
    sink_dead: IntCounterVec,
    ready: IntGaugeVec,
    reloads: IntCounterVec,
    /// What became of lines, by who counts them.
    counts: Mutex<BTreeMap<String, Counts>>,
    /// Sources by name.
    sources: Mutex<Vec<String>>,
    /// What is shown, if anything is.
    page: OnceLock<Arc<Board>>,
    /// Roles, and whether they do their work.
    roles: Mutex<BTreeMap<&'static str, bool>>,
}

/// Ours begin with our name.
fn named(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("darkwake")
}

/// What is counted of everything that a source sends: found once, as there is much of it.
pub struct Arrivals {
    bytes: IntCounter,
    last: Gauge,
}

impl Arrivals {
    /// Bytes have arrived.
    pub fn add(&self, bytes: usize, at: EventTime) {
        self.bytes.inc_by(bytes as u64);
        self.last.set(seconds(at));
    }
}

/// What is said of a metric, whether anything was counted or not.
struct Described {
    name: String,
    kind: MetricType,
    labels: Vec<String>,
    help: String,
}

/// The metrics that there are.
#[derive(Default)]
struct Known {
    registry: Registry,
    described: RefCell<Vec<Described>>,
}

impl Known {
    /// A metric that is told from now on.
    fn keep<M: Collector + Clone + 'static>(
        &self,
        metric: Result<M, prometheus::Error>,
    ) -> Result<M, prometheus::Error> {
        let metric = metric?;
        self.registry.register(Box::new(metric.clone()))?;
        let labels: Vec<String> =
            metric.desc().into_iter().flat_map(|desc| desc.variable_labels.clone()).collect();
        // One that nothing was counted of is not gathered, but tells what it is.
        self.described.borrow_mut().extend(metric.collect().into_iter().map(|family| Described {
            name: family.name().to_owned(),
            kind: family.get_field_type(),
            labels: labels.clone(),
            help: family.help().to_owned(),
        }));
        Ok(metric)
    }
}

fn seconds(t: EventTime) -> f64 {
    t.0 as f64 / 1_000.0
}

impl Metrics {
    /// None counted yet.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let known = Known::default();
        let ints = |name, help, labels: &[&str]| known.keep(IntGaugeVec::new(named(name, help), labels));
        let gauges = |name, help, labels: &[&str]| known.keep(GaugeVec::new(named(name, help), labels));
        let counters =
            |name, help, labels: &[&str]| known.keep(IntCounterVec::new(named(name, help), labels));
        let source = &["source"][..];
        let partition = &["partition"][..];
        let commit = known.keep(HistogramVec::new(
            HistogramOpts::new(
                "commit_duration_seconds",
                "How long a transaction took, from the first record to the commit",
            )
            .namespace("darkwake")
            .buckets(vec![0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 20.0]),
            &["role"],
        ))?;
        let dropped = known.keep(IntCounter::with_opts(named(
            "datagrams_dropped_total",
            "Datagrams that came faster than taken",
        )))?;
        let of_page = |name, help| known.keep(IntCounter::with_opts(named(name, help)));
        let page_clients =
            known.keep(IntGauge::with_opts(named("page_clients", "Clients that are told as it happens")))?;
        let started = known
            .keep(Gauge::with_opts(named("start_timestamp_seconds", "When this program was started")))?;
        started.set(seconds(connect::live::now()));
        let unwatched = known.keep(IntCounter::with_opts(named(
            "ships_unwatched_total",
            "Ships that found no place among those watched for reception, or lost it",
        )))?;
        Ok(Metrics {
            up: ints(
                "source_connections",
                "Connections, files or partitions of a source that are there",
                source,
            )?,
            bytes: counters("source_bytes_total", "Bytes taken from a source", source)?,
            troubles: counters(
                "source_troubles_total",
                "Connections lost and refused, topics not there",
                source,
            )?,
            arrival: gauges("source_arrival_timestamp_seconds", "When something of it arrived last", source)?,
            reached: gauges(
                "source_watermark_timestamp_seconds",
                "How far it has come in event time",
                source,
            )?,
            holds: ints("source_holds_watermark", "Whether the watermark waits for it", source)?,
            watermark: gauges(
                "watermark_timestamp_seconds",
                "How far the log has come in event time",
                &["role", "partition"],
            )?,
            lines: counters("lines_total", "Lines, by what became of them", &["fate"])?,
            rejected: counters("rejected_lines_total", "Lines rejected, by reason", &["reason"])?,
            alerts: counters("alerts_total", "Revisions of alerts told", &["kind", "severity"])?,
            ships: ints("ships", "Ships remembered", partition)?,
            held: ints("held_transmissions", "Transmissions that wait for the watermark", partition)?,
            lag: ints(
                "kafka_lag_records",
                "Records that are there and not taken yet",
                &["topic", "partition"],
            )?,
            snapshot_bytes: ints("snapshot_bytes", "Bytes of the last snapshot", &["owner"])?,
            restored_seconds: gauges("restored_seconds", "How long it took to take over", &["owner"])?,
            restored_records: ints("restored_records", "Records read again to take over", &["owner"])?,
            committed: gauges("last_commit_timestamp_seconds", "When a role has committed last", &["role"])?,
            saved: gauges("snapshot_timestamp_seconds", "When the last snapshot was made", &["owner"])?,
            active: ints(
                "active",
                "Whether this program works on it: a role, or a partition of it",
                &["role", "partition"],
            )?,
            sink_done: ints(
                "sink_done_alerts",
                "Alerts that a sink is done with since the start",
                &["sink"],
            )?,
            sink_dead: counters(
                "sink_dead_letters_total",
                "Alerts that a sink was given and nobody took",
                &["sink"],
            )?,
            reloads: counters(
                "reloads_total",
                "How often ports and watch rules were read again, and what became of it",
                &["result"],
            )?,
            ready: ints("ready", "Whether a role of this program does its work, or stands by to", &["role"])?,
            sink_waiting: ints(
                "sink_waiting_alerts",
                "Alerts that a sink was given and is not done with",
                &["sink"],
            )?,
            page_clients,
            page_dropped: of_page("page_dropped_clients_total", "Clients that did not read")?,
            page_left_out: of_page(
                "page_left_out_batches_total",
                "Batches of positions that came too fast to be shown",
            )?,
            page_refused: of_page("page_refused_alerts_total", "Records that were no alerts")?,
            dropped,
            unwatched,
            commit,
            described: known.described.into_inner(),
            registry: known.registry,
            counts: Mutex::default(),
            sources: Mutex::default(),
            page: OnceLock::new(),
            roles: Mutex::default(),
        })
    }

    /// A connection, file or partition of a source has come or gone.
    pub fn up(&self, source: &str, more: i64) {
        self.up.with_label_values(&[source]).add(more);
        if more < 0 {
            self.trouble(source);
        }
    }

    /// Something goes wrong with a source.
    pub fn trouble(&self, source: &str) {
        self.troubles.with_label_values(&[source]).inc();
    }

    /// What is counted of everything that a source sends.
    pub fn arrivals(&self, source: &str) -> Arrivals {
        let (bytes, last) =
            (self.bytes.with_label_values(&[source]), self.arrival.with_label_values(&[source]));
        Arrivals { bytes, last }
    }

    /// How far a source has come, and whether the watermark waits for it.
    pub fn reached(&self, source: &str, watermark: EventTime, holds: bool) {
        if watermark > EventTime::MIN {
            self.reached.with_label_values(&[source]).set(seconds(watermark));
        }
        self.holds.with_label_values(&[source]).set(i64::from(holds));
    }

    /// Ships that found no place among those watched for reception.
    pub fn unwatched(&self, ships: u64) {
        self.unwatched.inc_by(ships.saturating_sub(self.unwatched.get()));
    }

    /// What is shown.
    pub fn page(&self, board: Arc<Board>) {
        // There is one page.
        let _ = self.page.set(board);
    }

    /// Datagrams came faster than they were taken.
    pub fn dropped(&self, count: u64) {
        self.dropped.inc_by(count);
    }

    /// A source is known, whether it ever says something or not.
    pub fn knows(&self, source: &str) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(source.to_owned());
        self.up.with_label_values(&[source]).set(0);
        self.troubles.with_label_values(&[source]).inc_by(0);
    }

    /// No source is taken from any more.
    pub fn forget_sources(&self) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.up.reset();
        self.holds.reset();
    }

    /// How far the log has come for a role, or for a partition of it.
    pub fn watermark(&self, role: &str, partition: &str, reached: EventTime) {
        if reached > EventTime::MIN {
            self.watermark.with_label_values(&[role, partition]).set(seconds(reached));
        }
    }

    /// Whether it works on a role, or on a partition of it.
    pub fn active(&self, role: &str, partition: &str, is_active: bool) {
        self.active.with_label_values(&[role, partition]).set(i64::from(is_active));
    }

    /// A partition is somebody else's: what is said of it, he says.
    pub fn forget_partition(&self, role: &str, topic: &str, partition: &str) {
        // What was never said need not be taken back.
        let _ = self.ships.remove_label_values(&[partition]);
        let _ = self.held.remove_label_values(&[partition]);
        let _ = self.lag.remove_label_values(&[topic, partition]);
        let _ = self.watermark.remove_label_values(&[role, partition]);
        let _ = self.active.remove_label_values(&[role, partition]);
    }

    /// What a sink has done.
    pub fn sink(&self, sink: &Sink) {
        let name = sink.name();
        let name = &[name.as_str()][..];
        self.sink_done.with_label_values(name).set(sink.done() as i64);
        self.sink_waiting.with_label_values(name).set(sink.waiting() as i64);
        let dead = self.sink_dead.with_label_values(name);
        dead.inc_by(sink.dead_letters().saturating_sub(dead.get()));
    }

    /// What became of lines, by one of those who count.
    pub fn counted(&self, by: &str, counts: &Counts) {
        let mut all = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.insert(by.to_owned(), counts.clone()).unwrap_or_default();
        for (fate, now, before) in [
            ("accepted", counts.accepted, before.accepted),
            ("other", counts.other, before.other),
            ("other_type", counts.other_type, before.other_type),
            ("candidate", counts.candidate, before.candidate),
        ] {
            self.lines.with_label_values(&[fate]).inc_by(now.saturating_sub(before));
        }
        for reason in Reason::ALL {
            let more = counts.rejected(reason).saturating_sub(before.rejected(reason));
            self.rejected.with_label_values(&[reason.name()]).inc_by(more);
        }
    }

    /// What was counted before somebody took over is not counted here.
    pub fn counted_before(&self, by: &str, counts: &Counts) {
        let mut all = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(by.to_owned(), counts.clone());
    }

    /// An alert was told.
    pub fn alert(&self, kind: &str, severity: &str) {
        self.alerts.with_label_values(&[kind, severity]).inc();
    }

    /// What a partition holds in memory.
    pub fn holds(&self, partition: &str, ships: usize, held: usize) {
        self.ships.with_label_values(&[partition]).set(ships as i64);
        self.held.with_label_values(&[partition]).set(held as i64);
    }

    /// Records of a partition that are not taken yet.
    pub fn lag(&self, topic: &str, partition: i32, records: i64) {
        self.lag.with_label_values(&[topic, &partition.to_string()]).set(records.max(0));
    }

    /// A transaction took so long.
    pub fn committed(&self, role: &str, took: Duration) {
        self.commit.with_label_values(&[role]).observe(took.as_secs_f64());
        self.committed.with_label_values(&[role]).set(seconds(connect::live::now()));
    }

    /// A snapshot has so many bytes.
    pub fn saved(&self, owner: &str, bytes: usize) {
        self.snapshot_bytes.with_label_values(&[owner]).set(bytes as i64);
        self.saved.with_label_values(&[owner]).set(seconds(connect::live::now()));
    }

    /// Ports and rules were read again.
    pub fn reloaded(&self, result: &str) {
        self.reloads.with_label_values(&[result]).inc();
    }

    /// Somebody has taken over.
    pub fn restored(&self, owner: &str, took: Duration, records: u64) {
        self.restored_seconds.with_label_values(&[owner]).set(took.as_secs_f64());
        self.restored_records.with_label_values(&[owner]).set(records as i64);
    }

    /// These roles are to be ready before the program is.
    pub fn expect(&self, roles: &[&'static str]) {
        let mut known = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(roles.iter().map(|role| (*role, false)));
        roles.iter().for_each(|role| self.ready.with_label_values(&[role]).set(0));
    }

    /// Whether a role does its work now, or stands by to.
    pub fn ready(&self, role: &'static str, is_ready: bool) {
        self.ready.with_label_values(&[role]).set(i64::from(is_ready));
        self.roles.lock().unwrap_or_else(PoisonError::into_inner).insert(role, is_ready);
    }
}

impl serve::Told for Metrics {
    fn sources(&self) -> Vec<SourceState> {
        let now = seconds(connect::live::now());
        let names = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let state = |name: String| {
            let of = |gauge: &GaugeVec| gauge.with_label_values(&[&name]).get();
            let (arrival, reached) = (of(&self.arrival), of(&self.reached));
            let state = match self.up.with_label_values(&[&name]).get() {
                ..=0 => "down",
                _ if now - arrival > IDLE_S => "idle",
                _ => "up",
            };
            let lag_ms = (reached > 0.0).then_some(((now - reached) * 1_000.0) as i64);
            SourceState { name, state, lag_ms }
        };
        names.into_iter().map(state).collect()
    }

    fn metrics(&self) -> String {
        if let Some(page) = self.page.get() {
            self.page_clients.set(page.hub().clients() as i64);
            let counted =
                |counter: &IntCounter, count: u64| counter.inc_by(count.saturating_sub(counter.get()));
            counted(&self.page_dropped, page.hub().dropped() as u64);
            counted(&self.page_left_out, page.left_out());
            counted(&self.page_refused, page.refused());
        }
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }

    fn unready(&self) -> Option<String> {
        let roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting: Vec<&str> =
            roles.iter().filter(|(_, is_ready)| !**is_ready).map(|(role, _)| *role).collect();
        if roles.is_empty() {
            return Some("is starting".to_owned());
        }
        if let Some(why) = self.page.get().and_then(|page| page.failed()) {
            return Some(format!("the page cannot keep what it shows: {why}"));
        }
        (!waiting.is_empty()).then(|| format!("not ready: {}", waiting.join(", ")))
    }
}
