//! Files that are written whole or not at all.

pub mod alerts;
mod days;
pub mod facts;
mod gpkg;
pub mod matches;
mod parquet;
mod table;
pub mod tracks;
mod wkb;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use connect::sorted::{Row, Sorter};
use model::time::DAY_MS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use days::Days;
pub use days::ensure_days;
pub use table::Table;

/// An output: standard output, or a file that gets its name when it is complete.
pub enum Output {
    /// Standard output.
    Stdout(BufWriter<std::io::Stdout>),
    /// A device or a pipe.
    Device(BufWriter<std::fs::File>),
    /// A file under a temporary name.
    File(BufWriter<std::fs::File>, PathBuf, PathBuf),
}

/// What an output is called until it is complete.
pub fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    PathBuf::from(beside)
}

/// Whether it is standard output, a device or a pipe, which are written to and never replaced.
pub fn is_stream(path: &Path) -> bool {
    let is_device = |data: std::fs::Metadata| !data.is_file() && !data.is_dir();
    path == Path::new("-") || std::fs::metadata(path).is_ok_and(is_device)
}

/// Opens an output; `-` is standard output.
pub fn create(path: &Path) -> anyhow::Result<Output> {
    if path == Path::new("-") {
        return Ok(Output::Stdout(BufWriter::new(std::io::stdout())));
    }
    // Devices and pipes are written to, never replaced.
    if std::fs::metadata(path).is_ok_and(|data| !data.is_file()) {
        let file = std::fs::OpenOptions::new().write(true).open(path);
        let file = file.with_context(|| format!("{}: cannot be written", path.display()))?;
        return Ok(Output::Device(BufWriter::new(file)));
    }
    let beside = beside(path);
    let file =
        std::fs::File::create(&beside).with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(Output::File(BufWriter::with_capacity(1 << 18, file), beside, path.to_owned()))
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Output::Stdout(out) => out.write(bytes),
            Output::Device(out) => out.write(bytes),
            Output::File(out, ..) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Output::Stdout(out) => out.flush(),
            Output::Device(out) => out.flush(),
            Output::File(out, ..) => out.flush(),
        }
    }
}

impl Output {
    /// Writes all, and gives a file its name.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.flush()?;
        match self {
            Output::Stdout(_) | Output::Device(_) => Ok(()),
            Output::File(_, beside, path) => std::fs::rename(beside, path),
        }
    }
}

/// Writes a text as a whole.
pub fn write_text(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut out = create(path)?;
    let written = out.write_all(text.as_bytes()).and_then(|()| out.finish());
    written.with_context(|| format!("{}: cannot be written", path.display()))
}

/// JSON that ends no element of a page of HTML and begins none, whatever its texts hold: these characters stand in texts
/// only, where they may be written by their numbers.
pub fn embedded(data: &Value) -> String {
    let text = data.to_string();
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') {
            out += &format!("\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// What a file is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON lines.
    Lines,
    /// A table.
    Csv,
    /// Columns (GeoParquet 1.1).
    Parquet,
    /// Features (RFC 7946).
    GeoJson,
    /// A database of features (OGC GeoPackage 1.3).
    GeoPackage,
}

/// What alerts are written as.
pub const OF_ALERTS: &[Format] =
    &[Format::Lines, Format::Csv, Format::Parquet, Format::GeoJson, Format::GeoPackage];
/// What facts are written as.
pub const OF_FACTS: &[Format] = &[Format::Lines, Format::Csv, Format::Parquet];
/// What becomes of rows of sightings is written as.
pub const OF_MATCHES: &[Format] = &[Format::Lines, Format::Csv, Format::Parquet];
/// What tracks are written as.
pub const OF_TRACKS: &[Format] = &[Format::Csv, Format::Parquet, Format::GeoJson];

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Format::Lines => ".jsonl",
            Format::Csv => ".csv",
            Format::Parquet => ".parquet",
            Format::GeoJson => ".geojson",
            Format::GeoPackage => ".gpkg",
        }
    }
}

/// The formats that the endings of files name, of those that the option takes.
pub fn formats<'a>(
    option: &str,
    taken: &[Format],
    paths: &'a [PathBuf],
) -> anyhow::Result<Vec<(&'a Path, Format)>> {
    let of = |path: &'a PathBuf| format(option, taken, path).map(|format| (path.as_path(), format));
    paths.iter().map(of).collect()
}

fn format(option: &str, taken: &[Format], path: &Path) -> anyhow::Result<Format> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let named = match ending.as_deref() {
        Some("jsonl" | "json" | "ndjson") => Some(Format::Lines),
        Some("csv") => Some(Format::Csv),
        Some("geojson") => Some(Format::GeoJson),
        Some("parquet") => Some(Format::Parquet),
        Some("gpkg") => Some(Format::GeoPackage),
        None if is_stream(path) => Some(Format::Lines),
        Some(_) | None => None,
    };
    named.filter(|format| taken.contains(format)).with_context(|| {
        let endings: Vec<&str> = taken.iter().map(|format| format.ending()).collect();
        let (last, others) =
            endings.split_last().map_or(("", String::new()), |(last, others)| (*last, others.join(", ")));
        let stdout = if taken.contains(&Format::Lines) { ", or - for stdout" } else { "" };
        crate::Usage(format!("{}: {option} takes {others} or {last}{stdout}", path.display()))
    })
}

/// Writes objects of JSON.
pub fn write<I: Iterator<Item: AsRef<str>>>(
    path: &Path,
    format: Format,
    table: &Table,
    objects: impl Fn() -> I,
) -> anyhow::Result<()> {
    // To each what it is written into, and then its name.
    let file = |write: &dyn Fn(&mut Output) -> anyhow::Result<()>| {
        let mut out = create(path)?;
        let written = write(&mut out).and_then(|()| Ok(out.finish()?));
        written.with_context(|| format!("{}: cannot be written", path.display()))
    };
    match format {
        Format::GeoPackage => gpkg::write(path, table, objects()),
        Format::Parquet => file(&|out| parquet::write(out, table, &objects)),
        Format::GeoJson => file(&|out| table.write_geojson(out, objects())),
        Format::Csv => file(&|out| table.write_csv(out, objects())),
        Format::Lines => file(&|out| write_lines(out, objects())),
    }
}

fn write_lines(out: &mut impl Write, lines: impl Iterator<Item: AsRef<str>>) -> anyhow::Result<()> {
    for line in lines {
        out.write_all(line.as_ref().as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes objects of JSON into a folder, with a file for each day.
pub fn write_by_day<I: Iterator<Item: AsRef<str>>>(
    path: &Path,
    format: Format,
    table: &Table,
    objects: impl Fn() -> I,
) -> anyhow::Result<()> {
    let mut sorter = Sorter::new(LINES);
    for object in objects() {
        let line = object.as_ref().to_owned();
        let day = (table.time)(&line)?.div_euclid(DAY_MS);
        sorter.push(OfDay { day, line }).context(UNSORTED)?;
    }
    let mut sorted = sorter.finish().context(UNSORTED)?;
    let days = Days::begin(path)?;
    let mut next = sorted.next_row().context(UNSORTED)?;
    while let Some(OfDay { day, line }) = next.take() {
        let mut lines = vec![line];
        loop {
            next = sorted.next_row().context(UNSORTED)?;
            let Some(same) = next.take_if(|next| next.day == day) else { break };
            lines.push(same.line);
        }
        write(&days.file(&days::name(day * DAY_MS))?, format, table, || lines.iter())?;
    }
    days.finish()
}

/// Lines that wait in memory to be sorted by their days; beside them, it holds those of one day.
const LINES: usize = 1 << 16;
const UNSORTED: &str = "the temporary files for days cannot be written or read";

/// An object, and the day since 1970 that it is of. Those of a day stay in their order.
#[derive(Serialize, Deserialize)]
struct OfDay {
    day: i64,
    line: String,
}

impl Row for OfDay {
    type Key = i64;

    fn key(&self) -> i64 {
        self.day
    }
}
