//! What `darkwake run` counts and measures, for Prometheus.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::fate::Counts;
use model::{EventTime, Reason};
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// All of it.
pub struct Metrics {
    registry: Registry,
    up: IntGaugeVec,
    bytes: IntCounterVec,
    troubles: IntCounterVec,
    arrival: GaugeVec,
    reached: GaugeVec,
    holds: IntGaugeVec,
    dropped: IntCounter,
    watermark: GaugeVec,
    lines: IntGaugeVec,
    rejected: IntGaugeVec,
    alerts: IntCounterVec,
    ships: IntGaugeVec,
    held: IntGaugeVec,
    lag: IntGaugeVec,
    commit: HistogramVec,
    snapshot_bytes: IntGaugeVec,
    restored_seconds: GaugeVec,
    restored_records: IntGaugeVec,
    /// What became of lines, by who counts them.
    counts: Mutex<BTreeMap<String, Counts>>,
    is_ready: AtomicBool,
}

/// Ours begin with our name.
fn named(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("darkwake")
}

fn seconds(t: EventTime) -> f64 {
    t.0 as f64 / 1_000.0
}

impl Metrics {
    /// None counted yet.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let registry = Registry::new();
        let ints = |name, help, labels: &[&str]| -> Result<IntGaugeVec, prometheus::Error> {
            let metric = IntGaugeVec::new(named(name, help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let gauges = |name, help, labels: &[&str]| -> Result<GaugeVec, prometheus::Error> {
            let metric = GaugeVec::new(named(name, help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let counters = |name, help, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
            let metric = IntCounterVec::new(named(name, help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let source = &["source"][..];
        let partition = &["partition"][..];
        let commit = HistogramVec::new(
            HistogramOpts::new(
                "commit_seconds",
                "How long a transaction took, from the first record to the commit",
            )
            .namespace("darkwake")
            .buckets(vec![0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 20.0]),
            &["role"],
        )?;
        registry.register(Box::new(commit.clone()))?;
        let dropped =
            IntCounter::with_opts(named("datagrams_dropped_total", "Datagrams that came faster than taken"))?;
        registry.register(Box::new(dropped.clone()))?;
        Ok(Metrics {
            up: ints("source_up", "Connections, files or partitions of a source that are there", source)?,
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
                "How far all have come in event time",
                &["role"],
            )?,
            lines: ints("lines", "Lines, by what became of them", &["fate"])?,
            rejected: ints("rejected_lines", "Lines rejected, by reason", &["reason"])?,
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
            dropped,
            commit,
            registry,
            counts: Mutex::default(),
            is_ready: AtomicBool::new(false),
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

    /// Bytes of a source have arrived.
    pub fn arrived(&self, source: &str, bytes: usize, at: EventTime) {
        self.bytes.with_label_values(&[source]).inc_by(bytes as u64);
        self.arrival.with_label_values(&[source]).set(seconds(at));
    }

    /// How far a source has come, and whether the watermark waits for it.
    pub fn reached(&self, source: &str, watermark: EventTime, holds: bool) {
        if watermark > EventTime::MIN {
            self.reached.with_label_values(&[source]).set(seconds(watermark));
        }
        self.holds.with_label_values(&[source]).set(i64::from(holds));
    }

    /// Datagrams came faster than they were taken.
    pub fn dropped(&self, count: u64) {
        self.dropped.inc_by(count);
    }

    /// How far all have come.
    pub fn watermark(&self, role: &str, reached: EventTime) {
        if reached > EventTime::MIN {
            self.watermark.with_label_values(&[role]).set(seconds(reached));
        }
    }

    /// What became of lines, by one of those who count.
    pub fn counted(&self, by: &str, counts: &Counts) {
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
    }

    /// A snapshot has so many bytes.
    pub fn saved(&self, owner: &str, bytes: usize) {
        self.snapshot_bytes.with_label_values(&[owner]).set(bytes as i64);
    }

    /// Somebody has taken over.
    pub fn restored(&self, owner: &str, took: Duration, records: u64) {
        self.restored_seconds.with_label_values(&[owner]).set(took.as_secs_f64());
        self.restored_records.with_label_values(&[owner]).set(records as i64);
    }

    /// It does its work now, or stands by to.
    pub fn ready(&self) {
        self.is_ready.store(true, Ordering::Relaxed);
    }
}

impl serve::Told for Metrics {
    fn metrics(&self) -> String {
        let mut whole = Counts::default();
        let all = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().for_each(|counts| whole.add(counts));
        drop(all);
        for (fate, count) in [
            ("accepted", whole.accepted),
            ("other", whole.other),
            ("other_type", whole.other_type),
            ("candidate", whole.candidate),
        ] {
            self.lines.with_label_values(&[fate]).set(count as i64);
        }
        for reason in Reason::ALL {
            self.rejected.with_label_values(&[reason.name()]).set(whole.rejected(reason) as i64);
        }
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }

    fn unready(&self) -> Option<String> {
        (!self.is_ready.load(Ordering::Relaxed)).then(|| "is starting".to_owned())
    }
}
