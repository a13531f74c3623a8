//! The statistics of a run as one JSON object.

use std::collections::BTreeMap;

use model::Reason;
use model::fate::Counts;
use serde_json::{Map, Value, json};

/// What is counted beside the fates of lines.
#[derive(Debug, Default)]
pub struct Totals {
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Lines left out by `--since` and `--until`.
    pub skipped: u64,
    /// Senders of message 4.
    pub base_stations: u64,
    /// Ships.
    pub vessels: u64,
    /// Tracks.
    pub tracks: u64,
    /// Silences, visits, hops.
    pub facts: [u64; 3],
    /// Alerts by kind.
    pub alerts: BTreeMap<&'static str, u64>,
    /// Wall time.
    pub elapsed_ms: u64,
}

/// The object.
#[must_use]
pub fn object(counts: &Counts, totals: &Totals) -> Value {
    let messages: Map<String, Value> = counts
        .messages
        .0
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(kind, count)| (kind.to_string(), Value::from(*count)))
        .collect();
    let rejected: Map<String, Value> = Reason::ALL
        .iter()
        .map(|reason| (reason.name().to_owned(), Value::from(counts.rejected(*reason))))
        .collect();
    let [silences, visits, hops] = totals.facts;
    let seconds = totals.elapsed_ms.max(1) as f64 / 1_000.0;
    let lines = counts.total() + totals.skipped;
    json!({
        "lines": lines,
        "bytes": totals.bytes,
        "messages": messages,
        "accepted": counts.accepted,
        "rejected": rejected,
        "other": counts.other,
        "other_type": counts.other_type,
        "candidate": counts.candidate,
        "skipped": totals.skipped,
        "tag_warning": counts.tag_warning,
        "restamped": counts.restamped,
        "late_floods": counts.late_floods,
        "base_stations": totals.base_stations,
        "vessels": totals.vessels,
        "tracks": totals.tracks,
        "silences": silences,
        "visits": visits,
        "hops": hops,
        "alerts": totals.alerts,
        "elapsed_ms": totals.elapsed_ms,
        "reports_per_second": (counts.accepted as f64 / seconds).round() as u64,
        "peak_rss_bytes": peak_rss_bytes(),
    })
}

/// Highest memory use of this process, where the system tells it.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1_024)
}
