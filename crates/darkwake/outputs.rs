//! Files that are written whole or not at all.

mod gpkg;
mod parquet;
mod row;
mod wkb;

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use model::EventTime;
use serde_json::Value;

/// An output: standard output, or a file that gets its name when it is complete.
pub enum Output {
    /// Standard output.
    Stdout(BufWriter<std::io::Stdout>),
    /// A device or a pipe.
    Device(BufWriter<std::fs::File>),
    /// A file under a temporary name.
    File(BufWriter<std::fs::File>, PathBuf, PathBuf),
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
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
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

/// What alerts are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertFormat {
    /// JSON lines.
    Lines,
    /// A table.
    Csv,
    /// Features with a place (RFC 7946).
    GeoJson,
    /// Columns (GeoParquet 1.1).
    Parquet,
    /// A database of features (OGC GeoPackage 1.3).
    GeoPackage,
}

/// The format that a file's ending names.
pub fn alert_format(path: &Path) -> anyhow::Result<AlertFormat> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("jsonl" | "json" | "ndjson") => Ok(AlertFormat::Lines),
        Some("csv") => Ok(AlertFormat::Csv),
        Some("geojson") => Ok(AlertFormat::GeoJson),
        Some("parquet") => Ok(AlertFormat::Parquet),
        Some("gpkg") if path != Path::new("-") => Ok(AlertFormat::GeoPackage),
        None if path == Path::new("-") => Ok(AlertFormat::Lines),
        _ => anyhow::bail!(crate::Usage(format!(
            "{}: --out takes .jsonl, .csv, .parquet, .geojson or .gpkg, or - for stdout",
            path.display()
        ))),
    }
}

/// Writes alerts into a folder, with a file for each day (UTC): `day=2023-10-01/part.parquet` and so on, as DuckDB, pandas and
/// Spark read it as one table. The folder has its name when it is complete.
pub fn write_alerts_by_day(path: &Path, format: AlertFormat, alerts: &[String]) -> anyhow::Result<()> {
    let named = || format!("{}: cannot be written", path.display());
    let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for alert in alerts {
        let at = serde_json::from_str::<Decided>(alert).context("an alert has no time")?.at;
        days.entry(EventTime(at).to_iso()[..DAY].to_owned()).or_default().push(alert.clone());
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    for folder in [path, &beside] {
        ensure_days(folder)?;
    }
    if beside.exists() {
        std::fs::remove_dir_all(&beside).with_context(named)?;
    }
    std::fs::create_dir_all(&beside).with_context(named)?;
    for (day, alerts) in &days {
        let folder = beside.join(format!("day={day}"));
        std::fs::create_dir(&folder).with_context(named)?;
        write_alerts(&folder.join(format!("part.{ending}")), format, alerts)?;
    }
    if path.exists() {
        std::fs::remove_dir_all(path).with_context(named)?;
    }
    std::fs::rename(&beside, path).with_context(named)
}

/// Fails if what is there is anything but such a folder, which may be replaced.
fn ensure_days(folder: &Path) -> anyhow::Result<()> {
    let is_ours = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("day=");
    let is_free = !folder.exists()
        || std::fs::read_dir(folder).is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(is_ours)));
    let told = || crate::Usage(format!("{}: is there already, and is no folder of days", folder.display()));
    anyhow::ensure!(is_free, told());
    Ok(())
}

/// Of an alert, when it was decided.
#[derive(serde::Deserialize)]
struct Decided {
    at: i64,
}

/// Characters of a date.
const DAY: usize = 10;

/// Writes alerts.
pub fn write_alerts(path: &Path, format: AlertFormat, alerts: &[String]) -> anyhow::Result<()> {
    if format == AlertFormat::GeoPackage {
        return gpkg::write(path, alerts);
    }
    let mut out = create(path)?;
    match format {
        AlertFormat::GeoPackage => {}
        AlertFormat::Parquet => parquet::write(&mut out, alerts)?,
        AlertFormat::GeoJson => row::write_geojson(&mut out, alerts)?,
        AlertFormat::Lines => {
            for alert in alerts {
                out.write_all(alert.as_bytes())?;
                out.write_all(b"\n")?;
            }
        }
        AlertFormat::Csv => row::write_csv(&mut out, alerts)?,
    }
    out.finish()?;
    Ok(())
}
