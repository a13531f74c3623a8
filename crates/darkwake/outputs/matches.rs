//! What became of a row of sightings as a row of a table.

use anyhow::Context;
use serde_json::{Value, json};

use super::table::{Column, Kind, Table};

/// How rows of sightings become rows.
pub static TABLE: Table = Table { columns: &COLUMNS, long: &[], place, time };

const COLUMNS: [Column; 13] = [
    Column::at("id", Kind::Text, "/id"),
    Column::at("input", Kind::Text, "/input"),
    Column::at("t", Kind::Time, "/t"),
    Column::at("lon", Kind::Number, "/lon"),
    Column::at("lat", Kind::Number, "/lat"),
    Column::at("verdict", Kind::Text, "/verdict"),
    Column::at("mmsi", Kind::Integer, "/mmsi"),
    Column::at("track", Kind::Text, "/track"),
    Column::at("share", Kind::Number, "/share"),
    Column::at("none_of_these", Kind::Number, "/none_of_these"),
    Column::at("distance_m", Kind::Number, "/distance_m"),
    Column::at("same_as", Kind::Text, "/same_as"),
    Column::at("alert", Kind::Text, "/alert"),
];

/// Where it was seen.
fn place(row: &Value) -> Value {
    if row["lon"].is_null() {
        return Value::Null;
    }
    json!({ "type": "Point", "coordinates": [row["lon"], row["lat"]] })
}

/// When it was seen.
fn time(row: &str) -> anyhow::Result<i64> {
    let row: Value = serde_json::from_str(row)?;
    row["t"].as_i64().context("a row of sightings has no time")
}
