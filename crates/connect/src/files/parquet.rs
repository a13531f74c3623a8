//! Parquet as a table of text: a header, then a line for each row, so that all that holds for tables holds for it. A
//! GeoParquet point stands in two more columns, `longitude` and `latitude`, where there are none of that name.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::blocks::{Blocks, Source};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema, TimeUnit};
use model::EventTime;
use model::time::DAY_MS;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

/// How every such file begins.
pub const MAGIC: &[u8; 4] = b"PAR1";
/// Rows read at once.
const ROWS: usize = 4_096;
/// Columns of places, whoever named them.
const PLACES: [&str; 8] = ["lon", "longitude", "x", "long", "lat", "latitude", "y", "position_longitude"];

/// The rows of a file as lines.
pub struct Rows {
    batches: ParquetRecordBatchReader,
    columns: Vec<Column>,
    /// What of the file a row takes, and who counts it.
    row_bytes: f64,
    count: Arc<AtomicU64>,
}

/// A column of the text.
enum Column {
    /// A plain one, by its place.
    Plain(usize),
    /// Longitude and latitude of the points at a place.
    Point(usize),
}

impl Rows {
    /// Opens a file: the names of its columns, then its rows.
    ///
    /// # Errors
    /// If it is damaged, or has no columns that can be read.
    pub fn open(file: File, count: &Arc<AtomicU64>) -> io::Result<Blocks<Rows>> {
        let length = file.metadata()?.len();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(io::Error::other)?;
        let rows = builder.metadata().file_metadata().num_rows().max(1);
        let schema = Arc::clone(builder.schema());
        let batches = builder.with_batch_size(ROWS).build().map_err(io::Error::other)?;
        let columns = columns(&schema);
        if columns.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "has no column of numbers or text"));
        }
        let text = header(&schema, &columns);
        let row_bytes = length as f64 / rows as f64;
        Ok(Blocks::after(text, Rows { batches, columns, row_bytes, count: Arc::clone(count) }))
    }
}

impl Source for Rows {
    fn next_block(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        let Some(batch) = self.batches.next() else { return Ok(()) };
        let batch = batch.map_err(io::Error::other)?;
        let cells: Vec<Cell<'_>> =
            self.columns.iter().map(|column| Cell::of(column, &batch)).collect::<io::Result<_>>()?;
        for row in 0..batch.num_rows() {
            for (at, cell) in cells.iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                cell.write(row, text);
            }
            text.push(b'\n');
        }
        self.count.fetch_add((self.row_bytes * batch.num_rows() as f64) as u64, Ordering::Relaxed);
        Ok(())
    }
}

fn columns(schema: &Schema) -> Vec<Column> {
    let fields = schema.fields();
    let plain = (0..fields.len()).filter(|at| is_plain(fields[*at].data_type())).map(Column::Plain);
    let mut columns: Vec<Column> = plain.collect();
    let has_place = fields.iter().any(|field| {
        is_plain(field.data_type()) && PLACES.contains(&field.name().to_ascii_lowercase().as_str())
    });
    let point = primary(schema).and_then(|name| fields.iter().position(|field| *field.name() == name));
    if let Some(at) = point.filter(|at| !has_place && is_binary(fields[*at].data_type())) {
        columns.push(Column::Point(at));
    }
    columns
}

/// The column of the places of a GeoParquet file, or one with the usual name.
fn primary(schema: &Schema) -> Option<String> {
    let geo = schema.metadata().get("geo");
    let told = geo.and_then(|geo| serde_json::from_str::<serde_json::Value>(geo).ok());
    let named = told.and_then(|geo| geo["primary_column"].as_str().map(str::to_owned));
    named.or_else(|| schema.field_with_name("geometry").ok().map(|_| "geometry".to_owned()))
}

fn is_binary(kind: &DataType) -> bool {
    matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever other types there are is left out")]
fn is_plain(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, value) => is_text(value),
        DataType::Boolean
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Date64
        | DataType::Decimal128(..)
        | DataType::Timestamp(..) => true,
        kind => kind.is_integer() || is_text(kind),
    }
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn header(schema: &Schema, columns: &[Column]) -> Vec<u8> {
    let mut text = Vec::new();
    for column in columns {
        if !text.is_empty() {
            text.push(b',');
        }
        match column {
            Column::Plain(at) => write_text(schema.field(*at).name(), &mut text),
            Column::Point(_) => text.extend_from_slice(b"longitude,latitude"),
        }
    }
    text.push(b'\n');
    text
}

/// A value of a row, as text.
type Write1<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;

/// How the values of a column are written.
struct Cell<'a> {
    array: &'a dyn Array,
    write: Write1<'a>,
    /// What stands where there is none.
    none: &'static [u8],
}

impl<'a> Cell<'a> {
    fn of(column: &Column, batch: &'a RecordBatch) -> io::Result<Cell<'a>> {
        match column {
            Column::Plain(at) => {
                let array = batch.column(*at).as_ref();
                Ok(Cell { array, write: writer(array)?, none: b"" })
            }
            Column::Point(at) => {
                let array = batch.column(*at).as_ref();
                Ok(Cell { array, write: points(array)?, none: b"," })
            }
        }
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.array.is_null(row) { out.extend_from_slice(self.none) } else { (self.write)(row, out) }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no other is plain")]
fn writer(array: &dyn Array) -> io::Result<Write1<'_>> {
    macro_rules! number {
        ($kind:ty) => {{
            let values = array.as_primitive::<$kind>();
            Box::new(move |row, out: &mut Vec<u8>| {
                // A vector takes all.
                let _ = write!(out, "{}", values.value(row));
            })
        }};
    }
    macro_rules! moment {
        ($kind:ty, $ms:expr) => {{
            let values = array.as_primitive::<$kind>();
            Box::new(move |row, out: &mut Vec<u8>| {
                let ms: fn(i64) -> i64 = $ms;
                out.extend_from_slice(EventTime(ms(values.value(row))).to_iso().as_bytes());
            })
        }};
    }
    macro_rules! text {
        ($values:expr) => {{
            let values = $values;
            Box::new(move |row, out: &mut Vec<u8>| write_text(values.value(row), out))
        }};
    }
    Ok(match array.data_type() {
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Boolean => {
            let values = array.as_boolean();
            Box::new(move |row, out: &mut Vec<u8>| out.push(if values.value(row) { b'1' } else { b'0' }))
        }
        DataType::Utf8 => text!(array.as_string::<i32>()),
        DataType::LargeUtf8 => text!(array.as_string::<i64>()),
        DataType::Utf8View => text!(array.as_string_view()),
        DataType::Timestamp(TimeUnit::Second, _) => {
            moment!(TimestampSecondType, |t| t.saturating_mul(1_000))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => moment!(TimestampMillisecondType, |t| t),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            moment!(TimestampMicrosecondType, |t| model::number::divide_rounded(t, 1_000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            moment!(TimestampNanosecondType, |t| model::number::divide_rounded(t, 1_000_000))
        }
        DataType::Date32 => {
            let values = array.as_primitive::<Date32Type>();
            Box::new(move |row, out: &mut Vec<u8>| {
                let t = EventTime(i64::from(values.value(row)) * DAY_MS);
                out.extend_from_slice(t.to_iso().as_bytes());
            })
        }
        DataType::Date64 => moment!(Date64Type, |t| t),
        DataType::Decimal128(..) => {
            let values = array.as_primitive::<Decimal128Type>();
            Box::new(move |row, out: &mut Vec<u8>| {
                out.extend_from_slice(values.value_as_string(row).as_bytes());
            })
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            // Then there is no value in the whole batch.
            if dictionary.values().is_empty() {
                return Ok(Box::new(|_, _| {}));
            }
            let keys = dictionary.normalized_keys();
            let write = writer(dictionary.values().as_ref())?;
            Box::new(move |row, out: &mut Vec<u8>| write(keys[row], out))
        }
        other => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a column of type {other}"))),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no other is binary")]
fn points(array: &dyn Array) -> io::Result<Write1<'_>> {
    fn of<'a>(bytes: impl Fn(usize) -> &'a [u8] + 'a) -> Write1<'a> {
        Box::new(move |row, out: &mut Vec<u8>| match point(bytes(row)) {
            Some((lon, lat)) => {
                // A vector takes all.
                let _ = write!(out, "{lon},{lat}");
            }
            None => out.push(b','),
        })
    }
    Ok(match array.data_type() {
        DataType::Binary => {
            let values = array.as_binary::<i32>();
            of(|row| values.value(row))
        }
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>();
            of(|row| values.value(row))
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            of(|row| values.value(row))
        }
        other => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("places of type {other}"))),
    })
}

/// A point in well-known binary, with or without further dimensions and a reference system.
fn point(bytes: &[u8]) -> Option<(f64, f64)> {
    const POINT: u32 = 1;
    const SYSTEM: u32 = 0x2000_0000;
    let (order, rest) = bytes.split_first()?;
    let number = |bytes: &[u8]| -> Option<u32> {
        let bytes = bytes.first_chunk()?;
        Some(if *order == 1 { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) })
    };
    let double = |bytes: &[u8]| -> Option<f64> {
        let bytes = bytes.first_chunk()?;
        Some(if *order == 1 { f64::from_le_bytes(*bytes) } else { f64::from_be_bytes(*bytes) })
    };
    let kind = number(rest)?;
    let rest = rest.get(if kind & SYSTEM == 0 { 4 } else { 8 }..)?;
    let is_point = (kind & 0x0FFF_FFFF) % 1_000 == POINT;
    let (lon, lat) = (double(rest)?, double(rest.get(8..)?)?);
    (is_point && lon.is_finite() && lat.is_finite()).then_some((lon, lat))
}

/// A text is one field of one line, whatever stands in it.
fn write_text(text: &str, out: &mut Vec<u8>) {
    let is_plain = !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r' | b';' | b'\t'));
    if is_plain {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\"\""),
            b'\n' | b'\r' => out.push(b' '),
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}
