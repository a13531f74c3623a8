//! Tracks as tables, a row a point, and as lines, a feature a stretch between silences. All files are written in one go
//! through the points.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arrow_array::builder::{BinaryBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use connect::json;
use model::EventTime;
use model::position::UNITS_PER_DEGREE;
use model::time::DAY_MS;
use parquet::arrow::ArrowWriter;

use super::days::{self, Days};
use super::parquet::{PLACE, ROWS, begin, moment, moments, with_places};
use super::table::Features;
use super::{Format, Output, create, wkb};
use crate::thin::east;
use crate::tracks::{Ordered, PointOrder, TrackPoint, TrackPoints};

const COLUMNS: [&str; 8] = ["mmsi", "track", "t", "lon", "lat", "sog", "cog", "gap_before_ms"];
/// Points of a feature; a longer stretch is several, each of which begins where the one before ends.
const FEATURE_POINTS: usize = 1 << 14;
/// What points are called day by day where they are not put in order so.
const NO_DAY: i64 = 0;

/// Writes the points of all shards.
pub fn write(files: &[(&Path, Format)], order: PointOrder, shards: Vec<TrackPoints>) -> anyhow::Result<()> {
    let mut points = Ordered::of(order, shards)?;
    match order {
        PointOrder::Tracks => {
            let files: Vec<(PathBuf, Format)> =
                files.iter().map(|(path, format)| (path.to_path_buf(), *format)).collect();
            fill(&files, &mut points, NO_DAY)
        }
        PointOrder::Days => {
            let folders: Vec<(Days, Format)> = files
                .iter()
                .map(|(path, format)| anyhow::Ok((Days::begin(path)?, *format)))
                .collect::<anyhow::Result<_>>()?;
            while let Some(day) = points.next_day() {
                let name = days::name(day * DAY_MS);
                let files: Vec<(PathBuf, Format)> = folders
                    .iter()
                    .map(|(days, format)| anyhow::Ok((days.file(&name)?, *format)))
                    .collect::<anyhow::Result<_>>()?;
                fill(&files, &mut points, day)?;
            }
            folders.into_iter().try_for_each(|(days, _)| days.finish())
        }
    }
}

/// Writes the points of a day.
fn fill(files: &[(PathBuf, Format)], points: &mut Ordered, day: i64) -> anyhow::Result<()> {
    let cannot = |path: &Path| format!("{}: cannot be written", path.display());
    let mut open = Vec::with_capacity(files.len());
    for (path, format) in files {
        let file = File::begin(create(path)?, *format).with_context(|| cannot(path))?;
        open.push((path, file));
    }
    loop {
        let part = points.take(day, ROWS)?;
        if part.is_empty() {
            break;
        }
        for (path, file) in &mut open {
            file.add(&part).with_context(|| cannot(path))?;
        }
    }
    for (path, file) in open {
        file.finish().with_context(|| cannot(path))?;
    }
    Ok(())
}

/// A file of points that is being written.
enum File {
    Csv(Output),
    Parquet(Box<ArrowWriter<Output>>, Arc<Schema>),
    GeoJson(Lines),
}

impl File {
    fn begin(mut out: Output, format: Format) -> anyhow::Result<File> {
        match format {
            Format::Csv => {
                writeln!(out, "{}", COLUMNS.join(","))?;
                Ok(File::Csv(out))
            }
            Format::Parquet => {
                let schema = with_places(schema(), &BTreeSet::from(["Point".to_owned()]));
                Ok(File::Parquet(Box::new(begin(out, &schema)?), schema))
            }
            Format::GeoJson => {
                Ok(File::GeoJson(Lines { features: Features::begin(out)?, stretch: Vec::new() }))
            }
            Format::Lines | Format::GeoPackage => anyhow::bail!("tracks are not written as {format:?}"),
        }
    }

    fn add(&mut self, points: &[TrackPoint]) -> anyhow::Result<()> {
        match self {
            File::Csv(out) => {
                let mut text = String::new();
                for point in points {
                    row(&mut text, point);
                }
                out.write_all(text.as_bytes())?;
            }
            File::Parquet(writer, schema) => writer.write(&batch(schema, points)?)?,
            File::GeoJson(lines) => points.iter().try_for_each(|point| lines.add(point))?,
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        let out = match self {
            File::Csv(out) => out,
            File::Parquet(writer, _) => writer.into_inner()?,
            File::GeoJson(lines) => lines.finish()?,
        };
        Ok(out.finish()?)
    }
}

/// A row of a table of comma-separated values. No value has a comma or a quote.
fn row(out: &mut String, TrackPoint { track, point, gap_before_ms, .. }: &TrackPoint) {
    let _ = write!(out, "{},{track},{},", track.mmsi.0, point.t);
    json::scaled(out, point.position.lon.into(), 6);
    out.push(',');
    json::scaled(out, point.position.lat.into(), 6);
    for tenths in [point.sog, point.cog] {
        out.push(',');
        if let Some(tenths) = tenths {
            json::scaled(out, tenths.into(), 1);
        }
    }
    out.push(',');
    if let Some(gap_ms) = gap_before_ms {
        let _ = write!(out, "{gap_ms}");
    }
    out.push('\n');
}

fn schema() -> Schema {
    let kinds = COLUMNS.map(|name| match name {
        "track" => DataType::Utf8,
        "t" => moment(),
        "mmsi" | "gap_before_ms" => DataType::Int64,
        _ => DataType::Float64,
    });
    let fields = COLUMNS.into_iter().zip(kinds).chain([(PLACE, DataType::Binary)]);
    Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).collect::<Vec<_>>())
}

fn batch(schema: &Arc<Schema>, points: &[TrackPoint]) -> anyhow::Result<RecordBatch> {
    let (mut mmsi, mut track, mut t) = (Int64Builder::new(), StringBuilder::new(), moments());
    let [mut lon, mut lat, mut sog, mut cog] = [(); 4].map(|()| Float64Builder::new());
    let (mut gap, mut place) = (Int64Builder::new(), BinaryBuilder::new());
    for TrackPoint { track: of, point, gap_before_ms, .. } in points {
        let at = [point.position.lon, point.position.lat]
            .map(|units| f64::from(units) / f64::from(UNITS_PER_DEGREE));
        mmsi.append_value(of.mmsi.0.into());
        track.append_value(of.to_string());
        t.append_value(point.t);
        lon.append_value(at[0]);
        lat.append_value(at[1]);
        sog.append_option(point.sog.map(|tenths| f64::from(tenths) / 10.0));
        cog.append_option(point.cog.map(|tenths| f64::from(tenths) / 10.0));
        gap.append_option(*gap_before_ms);
        place.append_value(wkb::point(at));
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(mmsi.finish()),
        Arc::new(track.finish()),
        Arc::new(t.finish()),
        Arc::new(lon.finish()),
        Arc::new(lat.finish()),
        Arc::new(sog.finish()),
        Arc::new(cog.finish()),
        Arc::new(gap.finish()),
        Arc::new(place.finish()),
    ];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Stretches between silences as features.
struct Lines {
    features: Features<Output>,
    stretch: Vec<TrackPoint>,
}

impl Lines {
    fn add(&mut self, point: &TrackPoint) -> std::io::Result<()> {
        if let Some(last) = self.stretch.last() {
            let [from, to] = [last, point].map(|point| point.point.position.lon);
            // A line that crosses the antimeridian is cut there (RFC 7946, section 3.1.9).
            let is_cut = east(from, to) != i64::from(to) - i64::from(from);
            let is_long = self.stretch.len() == FEATURE_POINTS;
            if is_cut || last.track != point.track || point.gap_before_ms.is_some() {
                self.end()?;
                self.stretch.clear();
            } else if is_long {
                self.end()?;
                self.stretch.drain(..FEATURE_POINTS - 1);
            }
        }
        self.stretch.push(point.clone());
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        if let (Some(first), Some(last)) = (self.stretch.first(), self.stretch.last()) {
            self.features.add(&feature(&self.stretch, first, last))?;
        }
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<Output> {
        self.end()?;
        self.features.finish()
    }
}

/// A line, or a point where there is only one.
fn feature(stretch: &[TrackPoint], first: &TrackPoint, last: &TrackPoint) -> String {
    let mut out = String::from("{\"type\":\"Feature\",\"geometry\":{\"type\":");
    let place = |out: &mut String, point: &TrackPoint| {
        out.push('[');
        json::scaled(out, point.point.position.lon.into(), 6);
        out.push(',');
        json::scaled(out, point.point.position.lat.into(), 6);
        out.push(']');
    };
    if stretch.len() == 1 {
        out.push_str("\"Point\",\"coordinates\":");
        place(&mut out, first);
    } else {
        out.push_str("\"LineString\",\"coordinates\":");
        json::list(&mut out, stretch, place);
    }
    let (track, start, end) = (first.track, first.point.t, last.point.t);
    let _ = write!(out, "}},\"properties\":{{\"mmsi\":{},\"track\":\"{track}\"", track.mmsi.0);
    let [start, end] = [start, end].map(|t| EventTime(t).to_iso());
    let _ = write!(out, ",\"start_t\":\"{start}\",\"end_t\":\"{end}\",\"gap_before_ms\":");
    json::or_null(&mut out, first.gap_before_ms, |out, gap_ms| {
        let _ = write!(out, "{gap_ms}");
    });
    out.push_str(",\"times\":");
    json::list(&mut out, stretch, |out, point| {
        let _ = write!(out, "\"{}\"", EventTime(point.point.t).to_iso());
    });
    out.push_str("}}");
    out
}
