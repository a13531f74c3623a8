//! Facts and thinned tracks as tables: the same facts in each format, and tracks that stay near what was reported.

mod program;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, RecordBatch};
use model::{EventTime, Position};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use program::darkwake;
use serde_json::{Map, Value};

/// Columns in which nothing said is no.
const FLAGS: [&str; 3] = ["ambiguous", "mid_unknown", "assumed_time"];
/// A report that is left out is at most this far from the line at its time, and half a unit of a position.
const BOUND_M: f64 = 50.2;
const SILENT_MS: i64 = 30 * 60_000;

fn story() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rajin/input.nmea.gz")
}

/// The exit code, and what was told.
fn replay(folder: &Path, input: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let done = darkwake(folder).arg("replay").arg(input).args(arguments).output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

#[track_caller]
fn succeed(folder: &Path, input: &Path, arguments: &[&str]) {
    let (code, told) = replay(folder, input, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {told}");
}

fn json_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A table of comma-separated values: each row by the names of its columns.
fn csv_rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

/// A table of Parquet: each row by the names of its columns, without the place.
fn parquet_rows(path: &Path) -> Vec<Map<String, Value>> {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let of_batch = |batch: RecordBatch| {
        let schema = batch.schema();
        let row = |at: usize| {
            let columns = schema.fields().iter().zip(batch.columns());
            let columns = columns.filter(|(field, _)| field.name() != "geometry");
            columns.map(|(field, column)| (field.name().clone(), value(column, at))).collect()
        };
        (0..batch.num_rows()).map(row).collect::<Vec<_>>()
    };
    reader.flat_map(|batch| of_batch(batch.unwrap())).collect()
}

fn value(column: &dyn Array, at: usize) -> Value {
    if column.is_null(at) {
        Value::Null
    } else if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        numbers.value(at).into()
    } else if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        numbers.value(at).into()
    } else if let Some(times) = column.as_primitive_opt::<TimestampMillisecondType>() {
        assert_eq!(times.timezone(), Some("UTC"));
        times.value(at).into()
    } else if let Some(texts) = column.as_string_opt::<i32>() {
        texts.value(at).into()
    } else if let Some(answers) = column.as_boolean_opt() {
        answers.value(at).into()
    } else if let Some(lists) = column.as_list_opt::<i32>() {
        let list = lists.value(at);
        (0..list.len()).map(|at| value(&list, at)).collect()
    } else {
        let parts = column.as_struct();
        let named = parts.column_names().into_iter().zip(parts.columns());
        named.map(|(name, column)| (name.to_owned(), value(column, at))).collect::<Map<_, _>>().into()
    }
}

/// A fact as a row: what is in braces is a column each.
fn flat(fact: &Value) -> Map<String, Value> {
    let mut row = Map::new();
    for (key, value) in fact.as_object().unwrap() {
        match value {
            Value::Null => {}
            Value::Object(parts) => {
                let parts = parts.iter().filter(|(_, part)| !part.is_null());
                row.extend(parts.map(|(part, value)| (format!("{key}_{part}"), value.clone())));
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                row.insert(key.clone(), value.clone());
            }
        }
    }
    for flag in FLAGS {
        row.entry(flag).or_insert(false.into());
    }
    row
}

#[test]
fn tables_of_facts_have_what_the_lines_have_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let outputs = ["--facts", "facts.jsonl", "--facts", "facts.csv", "--facts", "facts.parquet"];
    succeed(path, &story(), &outputs);
    let facts: Vec<_> = json_lines(&path.join("facts.jsonl")).iter().map(flat).collect();
    for kind in ["silence", "visit", "hop"] {
        assert!(facts.iter().any(|fact| fact["kind"] == kind), "no {kind}");
    }
    let in_columns = parquet_rows(&path.join("facts.parquet"));
    let in_cells = csv_rows(&path.join("facts.csv"));
    assert_eq!((in_columns.len(), in_cells.len()), (facts.len(), facts.len()));
    for (fact, (columns, cells)) in facts.iter().zip(in_columns.iter().zip(&in_cells)) {
        assert!(fact.keys().all(|key| columns.contains_key(key) && cells.contains_key(key)), "{fact:?}");
        for (name, value) in columns {
            assert_eq!(value, fact.get(name).unwrap_or(&Value::Null), "{name} of {fact:?}");
        }
        for (name, cell) in cells {
            let text = match fact.get(name) {
                None => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            assert_eq!(*cell, text, "{name} of {fact:?}");
        }
    }
}

#[test]
fn an_ending_that_is_not_taken_is_wrong_usage_and_the_message_lists_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, wanted) in [
        (
            &["--facts", "facts.xlsx"][..],
            "facts.xlsx: --facts takes .jsonl, .csv or .parquet, or - for stdout",
        ),
        (&["--facts", "facts.gpkg"], "--facts takes .jsonl, .csv or .parquet"),
        (&["--tracks", "tracks.jsonl"], "tracks.jsonl: --tracks takes .csv, .parquet or .geojson"),
        (&["--tracks", "-"], "--tracks takes .csv, .parquet or .geojson"),
        (&["--tracks", "tracks.csv", "--resume"], "cannot be used with"),
        (&["--facts", "-", "--by-day"], "standard output is none"),
    ] {
        let (code, told) = replay(folder.path(), &story(), arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {told}");
        assert!(told.contains(wanted), "{arguments:?}: {told}");
    }
}

/// A point of a track.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    t: i64,
    position: Position,
    gap_before_ms: Option<i64>,
}

/// The points of each track.
fn tracks(path: &Path) -> BTreeMap<String, Vec<Point>> {
    let mut tracks: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for row in csv_rows(path) {
        let number = |name: &str| row[name].parse::<f64>().unwrap();
        tracks.entry(row["track"].clone()).or_default().push(Point {
            t: row["t"].parse().unwrap(),
            position: Position::from_degrees(number("lon"), number("lat")).unwrap(),
            gap_before_ms: row["gap_before_ms"].parse().ok(),
        });
    }
    tracks
}

#[test]
fn tracks_have_the_ends_of_all_silences_and_are_the_same_bytes_whatever_the_shards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let endings = ["csv", "parquet", "geojson"];
    for shards in ["1", "3"] {
        let names = endings.map(|ending| format!("{shards}.{ending}"));
        let mut arguments = vec!["--shards", shards, "--facts", "facts.jsonl"];
        names.iter().for_each(|name| arguments.extend(["--tracks", name.as_str()]));
        succeed(path, &story(), &arguments);
    }
    for ending in endings {
        let [one, three] =
            ["1", "3"].map(|shards| std::fs::read(path.join(format!("{shards}.{ending}"))).unwrap());
        assert!(one == three, "{ending} differs");
    }
    let tracks = tracks(&path.join("1.csv"));
    for points in tracks.values() {
        assert!(points.windows(2).all(|pair| pair[0].t < pair[1].t));
        for pair in points.windows(2) {
            let passed_ms = pair[1].t - pair[0].t;
            assert_eq!(pair[1].gap_before_ms, (passed_ms >= SILENT_MS).then_some(passed_ms));
        }
    }
    let mut silences = 0;
    for fact in json_lines(&path.join("facts.jsonl")).iter().filter(|fact| fact["kind"] == "silence") {
        let points = &tracks[fact["track"].as_str().unwrap()];
        let at = |fix: &Value| {
            let position = Position::from_degrees(fix["lon"].as_f64()?, fix["lat"].as_f64()?)?;
            points.iter().position(|point| fix["t"] == point.t && point.position == position)
        };
        let (start, end) = (at(&fact["start"]), at(&fact["end"]));
        assert!(start.is_some() && end.is_some(), "{fact}");
        silences += 1;
    }
    assert!(silences > 100, "{silences} silences");
    // The same points in the other formats.
    let rows = csv_rows(&path.join("1.csv"));
    let columns = parquet_rows(&path.join("1.parquet"));
    assert_eq!(rows.len(), columns.len());
    for (row, columns) in rows.iter().zip(&columns) {
        for (name, value) in columns {
            let cell = &row[name];
            let is_same = match value {
                Value::Null => cell.is_empty(),
                Value::String(text) => cell == text,
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    cell.parse::<f64>().ok() == value.as_f64()
                }
            };
            assert!(is_same, "{name}: {cell} is not {value}");
        }
    }
    let lines: Value = serde_json::from_slice(&std::fs::read(path.join("1.geojson")).unwrap()).unwrap();
    let mut drawn = 0;
    for feature in lines["features"].as_array().unwrap() {
        let times = feature["properties"]["times"].as_array().unwrap();
        let places = match feature["geometry"]["type"].as_str().unwrap() {
            "Point" => 1,
            _ => feature["geometry"]["coordinates"].as_array().unwrap().len(),
        };
        assert_eq!(times.len(), places, "{feature}");
        let iso = |t: &Value| EventTime::parse_iso(t.as_str().unwrap().as_bytes()).unwrap();
        assert!(times.windows(2).all(|pair| iso(&pair[0]) < iso(&pair[1])), "{feature}");
        let ends = (&feature["properties"]["start_t"], &feature["properties"]["end_t"]);
        assert_eq!((Some(ends.0), Some(ends.1)), (times.first(), times.last()));
        drawn += places;
    }
    assert_eq!(drawn, rows.len());
}

/// Reports of ships that turn and change speed, one of them silent for a while, and the table that has them.
fn wanderers() -> (BTreeMap<String, Vec<Point>>, String) {
    let mut ships: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    let mut rows = Vec::new();
    for ship in 0..4_u64 {
        let mmsi = (273_000_001 + ship).to_string();
        let (mut lon, mut lat) = (131.0 + ship as f64, 42.0);
        let (mut course, mut speed) = (0.0_f64, 1.0);
        for step in 0..2_880_u64 {
            let chance = model::hash::mix(ship, step);
            if chance.is_multiple_of(17) {
                course += (chance >> 8 & 0xFF) as f64 / 64.0 - 2.0;
                speed = [1.0, 0.5, 0.0, 1.0][(chance >> 16 & 3) as usize];
            }
            // 12 knots for 30 s.
            let degrees = speed * 185.0 / 111_195.0;
            lat += degrees * course.cos();
            lon += degrees * course.sin() / lat.to_radians().cos();
            if ship == 1 && (1_000..1_400).contains(&step) {
                continue;
            }
            let t = 1_696_118_400_000 + step as i64 * 30_000;
            rows.push((
                t,
                format!(
                    "{mmsi},{},{lat:.6},{lon:.6},{:.1},{}",
                    &EventTime(t).to_iso()[..19],
                    12.0 * speed,
                    step % 360
                ),
            ));
            let position = Position::from_degrees(lon, lat).unwrap();
            ships.entry(mmsi.clone()).or_default().push(Point { t, position, gap_before_ms: None });
        }
    }
    rows.sort();
    let mut text = "MMSI,BaseDateTime,LAT,LON,SOG,COG\n".to_owned();
    rows.iter().for_each(|(_, row)| writeln!(text, "{row}").unwrap());
    (ships, text)
}

#[test]
fn no_report_is_farther_from_its_track_than_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (ships, text) = wanderers();
    std::fs::write(path.join("rows.csv"), text).unwrap();
    succeed(path, Path::new("rows.csv"), &["--tracks", "tracks.csv"]);
    let tracks = tracks(&path.join("tracks.csv"));
    assert_eq!(tracks.keys().collect::<Vec<_>>(), ships.keys().collect::<Vec<_>>());
    for (mmsi, reports) in &ships {
        let points = &tracks[mmsi];
        assert!(points.len() * 2 < reports.len(), "{} points of {}", points.len(), reports.len());
        let silences = points.iter().filter(|point| point.gap_before_ms.is_some()).count();
        assert_eq!(silences, usize::from(mmsi == "273000002"));
        for report in reports {
            let after = points.partition_point(|point| point.t < report.t);
            let (from, to) = (points[after.saturating_sub(1)], points[after]);
            let share = (report.t - from.t) as f64 / (to.t - from.t).max(1) as f64;
            let between =
                |from: i32, to: i32| i64::from(from) + (f64::from(to - from) * share).round() as i64;
            let lon = between(from.position.lon, to.position.lon);
            let lat = between(from.position.lat, to.position.lat);
            let off_m = Position::from_units(lon, lat).unwrap().distance_m(report.position);
            assert!(off_m <= BOUND_M, "{mmsi} at {}: {off_m} m", report.t);
        }
    }
}

/// The files of the days of a folder.
fn days(folder: &Path) -> Vec<(String, PathBuf)> {
    let ending = folder.extension().unwrap().to_str().unwrap();
    let name =
        |path: &Path| path.file_name().unwrap().to_str().unwrap().strip_prefix("day=").unwrap().to_owned();
    let folders = std::fs::read_dir(folder).unwrap().map(|day| day.unwrap().path());
    let mut days: Vec<_> = folders.map(|path| (name(&path), path.join(format!("part.{ending}")))).collect();
    days.sort();
    days
}

#[test]
fn facts_and_tracks_of_a_day_are_a_file_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    succeed(path, &story(), &["--facts", "whole.jsonl", "--tracks", "whole.csv"]);
    // Again in the place of what was there.
    for _ in 0..2 {
        let outputs = [
            "--facts",
            "facts.jsonl",
            "--facts",
            "facts.parquet",
            "--tracks",
            "tracks.csv",
            "--tracks",
            "tracks.geojson",
        ];
        succeed(path, &story(), &[&["--by-day"], &outputs[..]].concat());
    }
    let day_of = |t: i64| EventTime(t).to_iso()[..10].to_owned();
    let mut facts = Vec::new();
    for (day, file) in days(&path.join("facts.jsonl")) {
        let found = json_lines(&file);
        let fix = |fact: &Value| {
            ["start", "first_inside", "departure"].iter().find_map(|fix| fact[fix]["t"].as_i64())
        };
        assert!(found.iter().all(|fact| day_of(fix(fact).unwrap()) == day), "{day}");
        let in_columns = parquet_rows(&path.join(format!("facts.parquet/day={day}/part.parquet")));
        assert_eq!(in_columns.len(), found.len());
        let file = std::fs::File::open(path.join(format!("facts.parquet/day={day}/part.parquet"))).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let geo: Value = serde_json::from_str(reader.schema().metadata().get("geo").unwrap()).unwrap();
        assert_eq!(geo["primary_column"], "geometry");
        let in_file = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let in_file = in_file.iter().filter(|pair| pair.key == "geo");
        let in_file: Vec<Value> =
            in_file.map(|pair| serde_json::from_str(pair.value.as_deref().unwrap()).unwrap()).collect();
        assert_eq!(in_file, [geo]);
        facts.extend(found.iter().map(Value::to_string));
    }
    let mut whole: Vec<String> = json_lines(&path.join("whole.jsonl")).iter().map(Value::to_string).collect();
    facts.sort();
    whole.sort();
    assert!(facts == whole && !facts.is_empty());
    let mut rows = Vec::new();
    for (day, file) in days(&path.join("tracks.csv")) {
        let found = csv_rows(&file);
        assert!(found.iter().all(|row| day_of(row["t"].parse().unwrap()) == day), "{day}");
        rows.extend(found);
    }
    let mut whole = csv_rows(&path.join("whole.csv"));
    rows.sort();
    whole.sort();
    assert!(rows == whole && !rows.is_empty());
    let names = |folder: &str| days(&path.join(folder)).into_iter().map(|(day, _)| day).collect::<Vec<_>>();
    assert!(names("tracks.csv").len() > 1);
    assert_eq!(names("tracks.csv"), names("tracks.geojson"));
}

#[test]
fn facts_and_tracks_open_in_gdal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    succeed(
        path,
        &story(),
        &["--facts", "facts.csv", "--tracks", "tracks.csv", "--tracks", "tracks.geojson"],
    );
    for name in ["facts.csv", "tracks.csv", "tracks.geojson"] {
        let mut ogr2ogr = Command::new("ogr2ogr");
        let done = ogr2ogr.args(["-f", "GeoJSONSeq", "/vsistdout/", name]).current_dir(path);
        let done = done.output().unwrap_or_else(|error| panic!("ogr2ogr (GDAL): {error}"));
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8(done.stdout).unwrap();
        let found = text.lines().filter(|line| line.len() > 1).count();
        let written = if name.ends_with(".csv") {
            csv_rows(&path.join(name)).len()
        } else {
            let whole = std::fs::read_to_string(path.join(name)).unwrap();
            whole.lines().filter(|line| line.starts_with("{\"type\":\"Feature\",")).count()
        };
        assert!(found == written && found > 0, "{name}: {found} of {written}");
    }
}
