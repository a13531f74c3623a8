//! Tables as Parquet, for DuckDB, pandas and the like: typed columns, lists as nested lists, and the place as GeoParquet 1.1
//! (well-known binary).

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use anyhow::Context;
use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder,
    StructBuilder, TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use super::table::{Column, Kind, Table};
use super::wkb;

/// Rows that are handed over at once.
pub const ROWS: usize = 8_192;
/// Where the place stands.
pub const PLACE: &str = "geometry";

/// What a column of times is.
pub fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

/// A builder of such a column.
pub fn moments() -> TimestampMillisecondBuilder {
    TimestampMillisecondBuilder::new().with_timezone("UTC")
}

/// The key under which GeoParquet says where the place stands.
const GEO: &str = "geo";

/// The columns, with places of these kinds.
pub fn with_places(columns: Schema, kinds: &BTreeSet<String>) -> Arc<Schema> {
    let geo = json!({
        "version": "1.1.0",
        "primary_column": PLACE,
        "columns": { PLACE: { "encoding": "WKB", "geometry_types": kinds } },
    });
    Arc::new(columns.with_metadata([(GEO, geo.to_string())]))
}

/// Begins a file of such columns.
///
/// What GeoParquet says stands in the metadata of the file, and in those of the Arrow schema within: from there Arrow, and
/// with it geopandas, takes what holds for a folder of files.
pub fn begin<W: Write + Send>(out: W, schema: &Arc<Schema>) -> anyhow::Result<ArrowWriter<W>> {
    let geo = schema.metadata().get(GEO).cloned();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(vec![KeyValue::new(GEO.to_owned(), geo)]))
        .build();
    Ok(ArrowWriter::try_new(out, Arc::clone(schema), Some(properties))?)
}

/// Writes objects.
pub fn write<I: Iterator<Item: AsRef<str>>>(
    out: &mut (impl Write + Send),
    table: &Table,
    objects: impl Fn() -> I,
) -> anyhow::Result<()> {
    let read = || objects().map(|object| serde_json::from_str::<Value>(object.as_ref()));
    let mut kinds = BTreeSet::new();
    for object in read() {
        if let Some(kind) = (table.place)(&object?)["type"].as_str() {
            kinds.insert(kind.to_owned());
        }
    }
    let schema = with_places(schema(table), &kinds);
    let mut writer = begin(out, &schema)?;
    let mut all = read().peekable();
    while all.peek().is_some() {
        let part = all.by_ref().take(ROWS).collect::<Result<Vec<Value>, _>>()?;
        writer.write(&batch(&schema, table, &part)?)?;
    }
    writer.close()?;
    Ok(())
}

/// The columns in their order: lists come last.
fn columns(table: &Table) -> impl Iterator<Item = &'static Column> {
    let (columns, long) = (table.columns, table.long);
    let plain = columns.iter().filter(|column| !column.kind.is_list());
    plain.chain(columns.iter().filter(|column| column.kind.is_list())).chain(long)
}

fn field(column: &Column) -> Field {
    let kind = match column.kind {
        Kind::Integer => DataType::Int64,
        Kind::Number => DataType::Float64,
        Kind::Text | Kind::Json => DataType::Utf8,
        Kind::Time => moment(),
        Kind::Boolean | Kind::Flag => DataType::Boolean,
        Kind::Texts => list(DataType::Utf8),
        Kind::Rows(columns) => list(DataType::Struct(fields(columns))),
    };
    Field::new(column.name, kind, true)
}

fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(field).collect()
}

fn list(of: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", of, true)))
}

fn schema(table: &Table) -> Schema {
    let place = Field::new(PLACE, DataType::Binary, true);
    Schema::new(columns(table).map(field).chain([place]).collect::<Vec<_>>())
}

fn batch(schema: &Arc<Schema>, table: &Table, objects: &[Value]) -> anyhow::Result<RecordBatch> {
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for column in columns(table) {
        let mut values = builder(column.kind);
        for object in objects {
            append(values.as_mut(), column.kind, &column.value(object))?;
        }
        arrays.push(values.finish());
    }
    let mut places = BinaryBuilder::new();
    for object in objects {
        places.append_option(wkb::of(&(table.place)(object)).map(|place| place.bytes));
    }
    arrays.push(Arc::new(places.finish()));
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}

fn builder(kind: Kind) -> Box<dyn ArrayBuilder> {
    match kind {
        Kind::Integer => Box::new(Int64Builder::new()),
        Kind::Number => Box::new(Float64Builder::new()),
        Kind::Text | Kind::Json => Box::new(StringBuilder::new()),
        Kind::Time => Box::new(moments()),
        Kind::Boolean | Kind::Flag => Box::new(BooleanBuilder::new()),
        Kind::Texts => Box::new(ListBuilder::new(StringBuilder::new())),
        Kind::Rows(columns) => {
            let of = columns.iter().map(|column| builder(column.kind)).collect();
            Box::new(ListBuilder::new(StructBuilder::new(fields(columns), of)))
        }
    }
}

fn append(to: &mut dyn ArrayBuilder, kind: Kind, value: &Value) -> anyhow::Result<()> {
    match kind {
        Kind::Integer => of::<Int64Builder>(to)?.append_option(value.as_i64()),
        Kind::Number => of::<Float64Builder>(to)?.append_option(value.as_f64()),
        Kind::Text => of::<StringBuilder>(to)?.append_option(value.as_str()),
        Kind::Json => of::<StringBuilder>(to)?.append_value(value.to_string()),
        Kind::Time => of::<TimestampMillisecondBuilder>(to)?.append_option(value.as_i64()),
        Kind::Boolean | Kind::Flag => of::<BooleanBuilder>(to)?.append_option(value.as_bool()),
        Kind::Texts => {
            let list = of::<ListBuilder<StringBuilder>>(to)?;
            for text in value.as_array().into_iter().flatten() {
                list.values().append_option(text.as_str());
            }
            list.append(value.is_array());
        }
        Kind::Rows(columns) => {
            let list = of::<ListBuilder<StructBuilder>>(to)?;
            for object in value.as_array().into_iter().flatten() {
                let row = list.values();
                for (column, to) in columns.iter().zip(row.field_builders_mut()) {
                    append(to.as_mut(), column.kind, &column.value(object))?;
                }
                row.append(true);
            }
            list.append(value.is_array());
        }
    }
    Ok(())
}

/// The builder that a kind of column has.
fn of<B: ArrayBuilder>(builder: &mut dyn ArrayBuilder) -> anyhow::Result<&mut B> {
    builder.as_any_mut().downcast_mut().context("a column is of another type")
}
