//! An alert as a row: what fits into a table, the same for all tables.

use std::io::Write;

use serde_json::{Map, Value};

/// Columns with whole numbers.
const INTEGERS: [&str; 6] = ["revision", "at", "mmsi", "imo", "start_t", "end_t"];
/// Columns with other numbers.
const NUMBERS: [&str; 5] = ["score", "start_lon", "start_lat", "end_lon", "end_lat"];

/// The columns, and where their values stand in the alert; those without a place are put together.
const COLUMNS: [(&str, &str); 23] = [
    ("id", "/id"),
    ("revision", "/revision"),
    ("kind", "/kind"),
    ("status", "/status"),
    ("grade", "/grade"),
    ("cause", "/cause"),
    ("score", "/score"),
    ("severity", "/severity"),
    ("at", "/at"),
    ("mmsi", "/vessel/mmsi"),
    ("track", "/vessel/track"),
    ("imo", "/vessel/imo"),
    ("name", "/vessel/name"),
    ("flag", "/vessel/flag"),
    ("start_t", "/start/t"),
    ("start_lon", "/start/lon"),
    ("start_lat", "/start/lat"),
    ("end_t", "/end/t"),
    ("end_lon", "/end/lon"),
    ("end_lat", "/end/lat"),
    ("ports", ""),
    ("candidates", ""),
    ("explain", "/explain"),
];

/// What a column holds, in the words of SQL.
pub fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    COLUMNS.iter().map(|(name, _)| {
        let kind = if INTEGERS.contains(name) {
            "INTEGER"
        } else if NUMBERS.contains(name) {
            "REAL"
        } else {
            "TEXT"
        };
        (*name, kind)
    })
}

/// The values of an alert, column by column.
pub fn values(alert: &Value) -> impl Iterator<Item = Value> {
    COLUMNS.iter().map(move |(name, pointer)| match *name {
        "ports" => ports(alert),
        "candidates" => candidates(alert),
        _ => alert.pointer(pointer).cloned().unwrap_or(Value::Null),
    })
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

/// Writes alerts as a table.
pub fn write_csv(out: &mut impl Write, alerts: &[String]) -> anyhow::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS.iter().map(|(name, _)| name))?;
    for alert in alerts {
        let alert: Value = serde_json::from_str(alert)?;
        let cell = |value: Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        table.write_record(values(&alert).map(cell))?;
    }
    table.flush()?;
    Ok(())
}

/// Writes alerts as features.
pub fn write_geojson(out: &mut impl Write, alerts: &[String]) -> anyhow::Result<()> {
    writeln!(out, "{{\"type\":\"FeatureCollection\",\"features\":[")?;
    for (at, alert) in alerts.iter().enumerate() {
        let mut alert: Value = serde_json::from_str(alert)?;
        let names = COLUMNS.iter().map(|(name, _)| (*name).to_owned());
        let properties: Map<String, Value> = names.zip(values(&alert)).collect();
        let geometry = alert["where"].take();
        let feature =
            serde_json::json!({ "type": "Feature", "geometry": geometry, "properties": properties });
        writeln!(out, "{feature}{}", if at + 1 < alerts.len() { "," } else { "" })?;
    }
    writeln!(out, "]}}")?;
    Ok(())
}
