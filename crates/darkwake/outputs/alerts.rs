//! An alert as a row.

use anyhow::Context;
use serde_json::Value;

use super::table::{Column, Kind, Table};

/// How alerts become rows.
pub static TABLE: Table =
    Table { columns: &COLUMNS, long: &LONG, place: |alert| alert["where"].clone(), time: decided };

const COLUMNS: [Column; 23] = [
    Column::at("id", Kind::Text, "/id"),
    Column::at("revision", Kind::Integer, "/revision"),
    Column::at("kind", Kind::Text, "/kind"),
    Column::at("status", Kind::Text, "/status"),
    Column::at("grade", Kind::Text, "/grade"),
    Column::at("cause", Kind::Text, "/cause"),
    Column::at("score", Kind::Number, "/score"),
    Column::at("severity", Kind::Text, "/severity"),
    Column::at("at", Kind::Time, "/at"),
    Column::at("mmsi", Kind::Integer, "/vessel/mmsi"),
    Column::at("track", Kind::Text, "/vessel/track"),
    Column::at("imo", Kind::Integer, "/vessel/imo"),
    Column::at("name", Kind::Text, "/vessel/name"),
    Column::at("flag", Kind::Text, "/vessel/flag"),
    Column::at("start_t", Kind::Time, "/start/t"),
    Column::at("start_lon", Kind::Number, "/start/lon"),
    Column::at("start_lat", Kind::Number, "/start/lat"),
    Column::at("end_t", Kind::Time, "/end/t"),
    Column::at("end_lon", Kind::Number, "/end/lon"),
    Column::at("end_lat", Kind::Number, "/end/lat"),
    Column::made("ports", Kind::Text, ports),
    Column::at("candidates", Kind::Rows(&CANDIDATE), "/ports/candidates").told(candidates),
    Column::at("explain", Kind::Text, "/explain"),
];

const CANDIDATE: [Column; 5] = [
    Column::at("port", Kind::Text, "/port"),
    Column::at("p", Kind::Number, "/p"),
    Column::at("earliest_arrival", Kind::Time, "/earliest_arrival"),
    Column::at("latest_departure", Kind::Time, "/latest_departure"),
    Column::at("longest_stay_ms", Kind::Integer, "/longest_stay_ms"),
];

const LONG: [Column; 1] = [Column::at("evidence", Kind::Rows(&EVIDENCE), "/evidence")];

/// Values of evidence are of many types.
const EVIDENCE: [Column; 3] = [
    Column::at("what", Kind::Text, "/what"),
    Column::at("value", Kind::Json, "/value"),
    Column::at("why", Kind::Text, "/why"),
];

/// When an alert was decided.
fn decided(alert: &str) -> anyhow::Result<i64> {
    #[derive(serde::Deserialize)]
    struct Decided {
        at: i64,
    }
    Ok(serde_json::from_str::<Decided>(alert).context("an alert has no time")?.at)
}

/// `from=RUVYP to=RU-DUNAI`.
fn ports(alert: &Value) -> Value {
    let Some(ports) = alert["ports"].as_object() else { return Value::Null };
    let named = ports.iter().filter_map(|(role, port)| Some(format!("{role}={}", port.as_str()?)));
    named.collect::<Vec<_>>().join(" ").into()
}

/// `KPRJN=0.22 KPCHO=0.2`, the likeliest first.
fn candidates(alert: &Value) -> Value {
    let Some(list) = alert.pointer("/ports/candidates").and_then(Value::as_array) else { return Value::Null };
    let ranked = list.iter().filter_map(|one| Some(format!("{}={}", one["port"].as_str()?, one["p"])));
    ranked.collect::<Vec<_>>().join(" ").into()
}
