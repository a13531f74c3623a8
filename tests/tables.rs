//! The same rows give the same facts, however they are stored, and in whatever order.

mod program;

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int32Array,
    Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, types::Int32Type,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use program::darkwake;

/// 2023-10-01, microseconds.
const START: i64 = 1_696_118_400_000_000;

struct Row {
    mmsi: i64,
    t: i64,
    lon: f64,
    lat: f64,
    sog: f32,
    name: &'static str,
}

/// Two ships at Rajin, one of which is silent for hours.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for minute in 0..2_000_i64 {
        let t = START + minute * 60_000_000 + 123_456;
        let away = (minute - 500).max(0) as f64 * 0.0005;
        if !(800..1_400).contains(&minute) {
            let (lon, lat) = (130.29 + away, 42.21 - away / 2.0);
            let sog = if minute < 500 { 0.1 } else { 9.7 };
            rows.push(Row { mmsi: 273_000_001, t, lon, lat, sog, name: "ONE, \"FIRST\"" });
        }
        rows.push(Row { mmsi: 273_000_002, t, lon: 130.3, lat: 42.2, sog: 0.0, name: "TWO" });
    }
    rows
}

/// As MarineCadastre has them.
fn csv(rows: &[Row]) -> String {
    let mut text = "MMSI,BaseDateTime,LAT,LON,SOG,VesselName,Draft,TransceiverClass\n".to_owned();
    for row in rows {
        let t = row.t / 1_000;
        let day = if t >= START / 1_000 + 86_400_000 { 2 } else { 1 };
        let (s, ms) = (t / 1_000 % 86_400, t % 1_000);
        let name = row.name.replace('"', "\"\"");
        writeln!(
            text,
            "{},2023-10-{day:02}T{:02}:{:02}:{:02}.{ms:03},{},{},{},\"{name}\",8,A",
            row.mmsi,
            s / 3_600,
            s / 60 % 60,
            s % 60,
            row.lat,
            row.lon,
            row.sog
        )
        .unwrap();
    }
    text
}

fn point(row: &Row) -> Vec<u8> {
    let mut bytes = vec![1, 1, 0, 0, 0];
    bytes.extend(row.lon.to_le_bytes());
    bytes.extend(row.lat.to_le_bytes());
    bytes
}

fn write(path: &Path, compression: Compression, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(700))
        .build();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn facts(folder: &Path, arguments: &[&str]) -> String {
    let done = darkwake(folder).arg("replay").args(arguments).args(["--facts", "-"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn the_same_rows_give_the_same_facts_as_text_as_columns_and_with_places_as_points() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let rows = rows();
    std::fs::write(path.join("rows.csv"), csv(&rows)).unwrap();
    let of_all = |of: fn(&Row) -> f64| Float64Array::from_iter_values(rows.iter().map(of));
    let mmsi: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.mmsi)));
    let t = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.t));
    let sog: ArrayRef = Arc::new(Float32Array::from_iter_values(rows.iter().map(|row| row.sog)));
    let names = || rows.iter().map(|row| row.name);
    let name: ArrayRef = Arc::new(StringArray::from_iter_values(names()));
    let draft: ArrayRef = Arc::new(Int32Array::from_iter_values(rows.iter().map(|_| 8)));
    let class: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|_| "A")));
    write(
        &path.join("plain.parquet"),
        Compression::SNAPPY,
        vec![
            ("mmsi", Arc::clone(&mmsi)),
            ("base_date_time", Arc::new(t.clone())),
            ("latitude", Arc::new(of_all(|row| row.lat))),
            ("longitude", Arc::new(of_all(|row| row.lon))),
            ("sog", Arc::clone(&sog)),
            ("vessel_name", name),
            ("draft", draft),
            ("transceiver", Arc::clone(&class)),
        ],
    );
    let places: Vec<Vec<u8>> = rows.iter().map(point).collect();
    let places = BinaryArray::from_iter_values(&places);
    let deep = Decimal128Array::from_iter_values(rows.iter().map(|_| 80));
    let deep = deep.with_precision_and_scale(4, 1).unwrap();
    let dictionary: DictionaryArray<Int32Type> = names().collect();
    write(
        &path.join("points.parquet"),
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
        vec![
            ("ship", mmsi),
            ("heard", Arc::new(t.with_timezone("UTC"))),
            ("geometry", Arc::new(places)),
            ("speed", sog),
            ("called", Arc::new(dictionary)),
            ("deep", Arc::new(deep)),
            ("kind", class),
            ("nothing", Arc::new(rows.iter().map(|_| None::<&str>).collect::<DictionaryArray<Int32Type>>())),
        ],
    );
    std::fs::write(
        path.join("columns.toml"),
        "[input.columns]\ntime = \"heard\"\nmmsi = \"ship\"\nlon = \"longitude\"\nlat = \"latitude\"\nsog = \"speed\"\n\
         name = \"called\"\ndraught = \"deep\"\nclass = \"kind\"\n",
    )
    .unwrap();
    let text = facts(path, &["rows.csv"]);
    assert_eq!(text.lines().filter(|line| line.contains("\"kind\":\"silence\"")).count(), 1, "{text}");
    assert!(text.contains("ONE, \\\"FIRST\\\"") && text.contains("\"kind\":\"visit\""), "{text}");
    assert_eq!(facts(path, &["plain.parquet"]), text);
    assert_eq!(facts(path, &["points.parquet", "--config", "columns.toml"]), text);
}

#[test]
fn a_table_is_read_as_if_it_were_in_order_however_far_it_is_out_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // More rows than wait for others to come before them.
    let rows = |ship: i64| {
        let row = move |minute: i64| Row {
            mmsi: 273_000_001 + ship,
            t: START + minute * 3_000_000 + ship,
            lon: 130.0 + minute as f64 * 0.000_02,
            lat: 42.0 + ship as f64 * 0.1,
            sog: 10.0,
            name: "",
        };
        (0..25_000_i64).filter(move |minute| !(3_000..9_000 + ship * 1_000).contains(minute)).map(row)
    };
    let by_ship: Vec<Row> = (0..5).flat_map(rows).collect();
    assert!(by_ship.len() > 70_000);
    std::fs::write(path.join("by_ship.csv"), csv(&by_ship)).unwrap();
    let mut by_time = by_ship;
    by_time.sort_by_key(|row| row.t);
    std::fs::write(path.join("by_time.csv"), csv(&by_time)).unwrap();
    // Rows that are late by less than what waits.
    by_time.chunks_mut(900).for_each(|some| some.reverse());
    std::fs::write(path.join("nearly.csv"), csv(&by_time)).unwrap();
    let replay = |input: &str| {
        let arguments = ["replay", input, "--facts", "-", "--record", "log"];
        let done = darkwake(path).args(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{told}");
        let recorded = facts(path, &["log"]);
        std::fs::remove_dir_all(path.join("log")).unwrap();
        let found = String::from_utf8(done.stdout).unwrap();
        assert!(found == recorded, "the log of {input} gives other facts");
        (found, told.contains("is sorted first"))
    };
    let (expected, is_sorted) = replay("by_time.csv");
    assert!(!is_sorted && expected.lines().filter(|line| line.contains("\"silence\"")).count() == 5);
    assert_eq!(replay("nearly.csv"), (expected.clone(), false));
    assert_eq!(replay("by_ship.csv"), (expected, true));
}

#[test]
fn what_is_no_whole_file_is_named_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("rows.csv"), csv(&rows())).unwrap();
    let whole = facts(path, &["rows.csv"]);
    std::fs::write(path.join("cut.parquet"), b"PAR1 and no more").unwrap();
    let done = darkwake(path).args(["replay", "cut.parquet", "rows.csv", "--facts", "-"]).output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(told.contains("cut.parquet"), "{told}");
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(done.stdout.is_empty() || String::from_utf8(done.stdout).unwrap() == whole);
}
