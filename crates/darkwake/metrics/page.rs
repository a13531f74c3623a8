//! The page of all metrics, METRICS.md: made of what the program registers, so that it cannot say anything else.

use prometheus::proto::MetricType;

use super::{Described, Metrics};

/// What stands above and below the table.
const HEAD: &str = "\
# Metrics

What `/metrics` tells, in the text format of Prometheus. This page is made: `darkwake schema metrics > METRICS.md`; a test fails
while the two differ.

A metric with labels is there once something was counted, and some only with the log in Kafka. A histogram has three series:
`_bucket` (with the label `le`), `_sum` and `_count`. Labels are from closed sets, or names of the configuration; none is a ship.
";
const LABELS: &str = "
| label | values |
|---|---|
| `source` | names of `[[live.sources]]` |
| `sink` | sinks: standard output, files, topics and addresses by name, `page` |
| `role` | `ingest`, `detect`, `serve`, `page`; `all` with the log in memory |
| `topic` | topics of Kafka |
| `partition` | numbers of partitions, or of shards with the log in memory; empty for what there is only one of |
| `owner` | whose snapshot: `ingest`, or a partition of `detect`; `state` with the log in memory |
| `fate` | `accepted`, `other`, `other_type`, `candidate` |
| `reason` | the reasons for which lines are rejected (README) |
| `kind`, `severity` | those of alerts |
";

/// The page.
pub fn page() -> Result<String, prometheus::Error> {
    let metrics = Metrics::new()?;
    let mut described: Vec<&Described> = metrics.described.iter().collect();
    described.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = format!("{HEAD}\n| metric | type | unit | labels | what it is |\n|---|---|---|---|---|\n");
    for metric in described {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        text += &format!(
            "| `{}` | {} | {} | {} | {} |\n",
            metric.name,
            kind(metric.kind),
            unit(metric),
            labels.join(", "),
            metric.help
        );
    }
    Ok(text + LABELS)
}

fn kind(kind: MetricType) -> &'static str {
    match kind {
        MetricType::COUNTER => "counter",
        MetricType::GAUGE => "gauge",
        MetricType::HISTOGRAM => "histogram",
        MetricType::SUMMARY => "summary",
        MetricType::UNTYPED => "untyped",
    }
}

/// The unit, which names end with where there is one.
fn unit(metric: &Described) -> &'static str {
    let name = metric.name.trim_end_matches("_total");
    if name.ends_with("_timestamp_seconds") {
        "seconds since 1970"
    } else if name.ends_with("_seconds") {
        "seconds"
    } else if name.ends_with("_bytes") {
        "bytes"
    } else if metric.help.starts_with("Whether ") {
        "0 or 1"
    } else {
        "count"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_the_convention() {
        let metrics = Metrics::new().unwrap();
        assert!(metrics.described.len() > 25, "{}", metrics.described.len());
        for metric in &metrics.described {
            let is_counter = metric.kind == MetricType::COUNTER;
            assert_eq!(metric.name.ends_with("_total"), is_counter, "{}", metric.name);
            assert!(metric.name.starts_with("darkwake_") && !metric.help.contains('|'), "{}", metric.name);
        }
    }
}
