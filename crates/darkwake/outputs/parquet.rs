//! Alerts as Parquet, for DuckDB, pandas and the like: typed columns, evidence and candidates as nested lists, and the place as
//! GeoParquet 1.1 (well-known binary).

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder, StructBuilder,
    TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use super::{row, wkb};

/// Rows that are handed over at once.
const ROWS: usize = 8_192;
/// Where the place stands.
const PLACE: &str = "geometry";
/// Columns that tell a time.
const TIMES: [&str; 3] = ["at", "start_t", "end_t"];

fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

fn evidence() -> Fields {
    ["what", "value", "why"].into_iter().map(|name| Field::new(name, DataType::Utf8, true)).collect()
}

fn candidate() -> Fields {
    Fields::from(vec![
        Field::new("port", DataType::Utf8, true),
        Field::new("p", DataType::Float64, true),
        Field::new("earliest_arrival", moment(), true),
        Field::new("latest_departure", moment(), true),
        Field::new("longest_stay_ms", DataType::Int64, true),
    ])
}

fn list(fields: Fields) -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Struct(fields), true)))
}

fn schema() -> Schema {
    let plain = row::columns().filter(|(name, _)| *name != "candidates").map(|(name, kind)| {
        let kind = match kind {
            _ if TIMES.contains(&name) => moment(),
            "INTEGER" => DataType::Int64,
            "REAL" => DataType::Float64,
            _ => DataType::Utf8,
        };
        Field::new(name, kind, true)
    });
    let nested = [
        Field::new("candidates", list(candidate()), true),
        Field::new("evidence", list(evidence()), true),
        Field::new(PLACE, DataType::Binary, true),
    ];
    Schema::new(plain.chain(nested).collect::<Vec<_>>())
}

/// Writes alerts.
pub fn write(out: &mut (impl Write + Send), alerts: &[String]) -> anyhow::Result<()> {
    let schema = Arc::new(schema());
    let alerts = || alerts.iter().map(|alert| serde_json::from_str::<Value>(alert));
    let mut kinds: Vec<String> = Vec::new();
    for alert in alerts() {
        if let Some(kind) = alert?["where"]["type"].as_str()
            && !kinds.iter().any(|known| known == kind)
        {
            kinds.push(kind.to_owned());
        }
    }
    kinds.sort();
    let geo = json!({
        "version": "1.1.0",
        "primary_column": PLACE,
        "columns": { PLACE: { "encoding": "WKB", "geometry_types": kinds } },
    });
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(vec![KeyValue::new("geo".to_owned(), geo.to_string())]))
        .build();
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?;
    let mut all = alerts().peekable();
    while all.peek().is_some() {
        let part = all.by_ref().take(ROWS).collect::<Result<Vec<Value>, _>>()?;
        writer.write(&batch(&schema, &part)?)?;
    }
    writer.close()?;
    Ok(())
}

fn batch(schema: &Arc<Schema>, alerts: &[Value]) -> anyhow::Result<RecordBatch> {
    let rows: Vec<Vec<Value>> = alerts.iter().map(|alert| row::values(alert).collect()).collect();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (at, (name, kind)) in row::columns().enumerate() {
        let column = || rows.iter().map(|row| &row[at]);
        match kind {
            _ if name == "candidates" => {}
            _ if TIMES.contains(&name) => {
                let mut times = TimestampMillisecondBuilder::new().with_timezone("UTC");
                column().for_each(|value| times.append_option(value.as_i64()));
                arrays.push(Arc::new(times.finish()));
            }
            "INTEGER" => {
                let mut numbers = Int64Builder::new();
                column().for_each(|value| numbers.append_option(value.as_i64()));
                arrays.push(Arc::new(numbers.finish()));
            }
            "REAL" => {
                let mut numbers = Float64Builder::new();
                column().for_each(|value| numbers.append_option(value.as_f64()));
                arrays.push(Arc::new(numbers.finish()));
            }
            _ => {
                let mut texts = StringBuilder::new();
                column().for_each(|value| texts.append_option(value.as_str()));
                arrays.push(Arc::new(texts.finish()));
            }
        }
    }
    arrays.push(candidates(alerts)?);
    arrays.push(pieces(alerts)?);
    let mut places = BinaryBuilder::new();
    alerts.iter().for_each(|alert| places.append_option(wkb::of(&alert["where"]).map(|place| place.bytes)));
    arrays.push(Arc::new(places.finish()));
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}

/// A builder of a column within a struct.
fn column<B: arrow_array::builder::ArrayBuilder>(
    of: &mut StructBuilder,
    at: usize,
) -> anyhow::Result<&mut B> {
    of.field_builder(at).ok_or_else(|| anyhow::anyhow!("column {at} of a list is of another type"))
}

fn candidates(alerts: &[Value]) -> anyhow::Result<ArrayRef> {
    let times = || TimestampMillisecondBuilder::new().with_timezone("UTC");
    let of = StructBuilder::new(
        candidate(),
        vec![
            Box::new(StringBuilder::new()),
            Box::new(Float64Builder::new()),
            Box::new(times()),
            Box::new(times()),
            Box::new(Int64Builder::new()),
        ],
    );
    let mut lists = ListBuilder::new(of);
    for alert in alerts {
        let found = alert["ports"]["candidates"].as_array();
        for one in found.into_iter().flatten() {
            let of = lists.values();
            column::<StringBuilder>(of, 0)?.append_option(one["port"].as_str());
            column::<Float64Builder>(of, 1)?.append_option(one["p"].as_f64());
            column::<TimestampMillisecondBuilder>(of, 2)?.append_option(one["earliest_arrival"].as_i64());
            column::<TimestampMillisecondBuilder>(of, 3)?.append_option(one["latest_departure"].as_i64());
            column::<Int64Builder>(of, 4)?.append_option(one["longest_stay_ms"].as_i64());
            of.append(true);
        }
        lists.append(found.is_some());
    }
    Ok(Arc::new(lists.finish()))
}

/// Values of evidence are of many types: they stand there as JSON.
fn pieces(alerts: &[Value]) -> anyhow::Result<ArrayRef> {
    let text = || Box::new(StringBuilder::new()) as Box<dyn arrow_array::builder::ArrayBuilder>;
    let mut lists = ListBuilder::new(StructBuilder::new(evidence(), vec![text(), text(), text()]));
    for alert in alerts {
        for piece in alert["evidence"].as_array().into_iter().flatten() {
            let of = lists.values();
            column::<StringBuilder>(of, 0)?.append_option(piece["what"].as_str());
            column::<StringBuilder>(of, 1)?.append_value(piece["value"].to_string());
            column::<StringBuilder>(of, 2)?.append_option(piece["why"].as_str());
            of.append(true);
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}
