//! Port files: GeoJSON text in, [`Port`]s and problems out.
//!
//! A port file is a GeoJSON FeatureCollection of Polygons, MultiPolygons and Points with a
//! `radius_km`. Reading never fails. A feature that cannot be used is left out and told as an error
//! that points at the very place in the text; what can be read but is doubtful is a warning.
//!
//! ```
//! let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature",
//!   "properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port","radius_km":3},
//!   "geometry":{"type":"Point","coordinates":[130.3,42.2333]}}]}"#;
//! let file = geofence::port_file::read("ports.geojson", text);
//! assert!(file.problems.is_empty());
//! assert_eq!(file.ports[0].name, "Rajin");
//! ```

mod cursor;
mod feature;
mod geometry;
pub(crate) mod planar;
mod problem;
mod source;
#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use model::{Port, Shape};
use serde_json::Value;

pub use problem::{Fault, Listing, Problem, Severity};

use cursor::Step;
use source::{Source, quoted, shown};

pub(crate) use geometry::shift_to;

/// What one or several port files say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PortFile {
    /// The usable features, in the order of the files.
    pub ports: Vec<Port>,
    /// What is wrong or doubtful, in the order of the files.
    pub problems: Vec<Problem>,
}

impl PortFile {
    /// Whether a feature, or a whole file, could not be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// The problems as text for people: at most `each` of a sort in full, the rest counted.
    #[must_use]
    pub fn listing(&self, each: usize) -> Listing<'_> {
        Listing { problems: &self.problems, each }
    }
}

/// Reads one port file. `file_name` only appears in problems.
#[must_use]
pub fn read(file_name: &str, text: &str) -> PortFile {
    read_all([(file_name, text)])
}

/// Reads several port files, given as name and text, as one: ids are unique over all of them.
#[must_use]
pub fn read_all<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> PortFile {
    let sources: Vec<Source<'_>> =
        files.into_iter().map(|(file_name, text)| Source::new(file_name, text)).collect();
    let mut seen = Seen::default();
    let mut result = PortFile::default();
    for source in &sources {
        let mut reader = Reader::new(source);
        reader.read_file(&mut seen, &mut result.ports);
        result.problems.append(&mut reader.problems);
    }
    result
}

/// What features before this one have taken, and who they are.
#[derive(Default)]
struct Seen<'a> {
    ids: BTreeMap<String, Taker<'a>>,
    areas: BTreeMap<AreaKey, Vec<Holder<'a>>>,
}

/// A feature of some file; shown as `file:line`.
#[derive(Clone, Copy)]
struct Taker<'a> {
    source: &'a Source<'a>,
    index: Option<usize>,
}

impl fmt::Display for Taker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source.name(), self.source.line(self.index, &[]))
    }
}

struct Holder<'a> {
    id: String,
    taker: Taker<'a>,
    /// Valid from and to, milliseconds.
    valid: (i64, i64),
}

/// Equal for equal areas, however their rings are turned, ordered or directed.
type AreaKey = Vec<Vec<Vec<(i64, i64)>>>;

/// Reads the features of one file one after the other and collects their problems.
struct Reader<'a> {
    source: &'a Source<'a>,
    problems: Vec<Problem>,
    feature: Current,
}

/// The feature that is being read.
#[derive(Default)]
struct Current {
    /// Its index in `features`; `None` before the first.
    index: Option<usize>,
    label: Label,
    failed: bool,
}

/// How messages call a feature: its quoted id, else `feature 12`, with the name if there is one.
#[derive(Default)]
struct Label {
    /// Counted from 1.
    number: usize,
    name: Option<String>,
    id: Option<String>,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.id, &self.name) {
            (Some(id), _) => f.write_str(&quoted(id)),
            (None, Some(name)) => write!(f, "feature {} ({})", self.number, quoted(name)),
            (None, None) => write!(f, "feature {}", self.number),
        }
    }
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source<'a>) -> Self {
        Reader { source, problems: Vec::new(), feature: Current::default() }
    }

    fn read_file(&mut self, seen: &mut Seen<'a>, ports: &mut Vec<Port>) {
        let value = match serde_json::from_str::<Value>(self.source.text()) {
            Ok(value) => value,
            Err(error) => return self.not_json(&error),
        };
        let kind = value.get("type").and_then(Value::as_str);
        if kind != Some("FeatureCollection") {
            let what = match (&value, value.get("type")) {
                (Value::Object(_), Some(kind)) => format!("its \"type\" is {}", shown(kind)),
                (Value::Object(_), None) => "it has no \"type\"".to_string(),
                _ => format!("it is {}", shown(&value)),
            };
            let help = "a port file is {\"type\": \"FeatureCollection\", \"features\": [...]}".to_string();
            return self.error(
                Fault::Collection,
                &[Step::Key("type")],
                format!("not a GeoJSON FeatureCollection: {what}"),
                Some(help),
            );
        }
        let Some(Value::Array(features)) = value.get("features") else {
            let message = "the FeatureCollection has no list of \"features\"".to_string();
            return self.error(Fault::Collection, &[Step::Key("features")], message, None);
        };
        for (index, feature) in features.iter().enumerate() {
            let label = Label { number: index + 1, ..Label::default() };
            self.feature = Current { index: Some(index), label, ..Current::default() };
            if let Some(port) = self.read_feature(feature, seen) {
                self.check_same_area(&port, seen);
                ports.push(port);
            }
        }
    }

    fn not_json(&mut self, error: &serde_json::Error) {
        let text = error.to_string();
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
        let start = self.source.text().trim_start();
        let help = if start.is_empty() {
            Some("the file is empty")
        } else if start.starts_with('<') {
            Some("this looks like XML or HTML; convert it to GeoJSON first, for example with ogr2ogr")
        } else if reason.starts_with("trailing characters") && start.starts_with('{') {
            Some("features one a line belong into {\"type\": \"FeatureCollection\", \"features\": [...]}")
        } else {
            None
        };
        let place = self.source.place_of_line(error.line(), error.column());
        let problem = Problem {
            severity: Severity::Error,
            fault: Fault::Json,
            file: self.source.name().to_string(),
            line: place.line,
            column: place.column,
            feature: None,
            feature_number: None,
            message: format!("not JSON: {reason}"),
            help: help.map(ToString::to_string),
            snippet: place.snippet,
            caret: place.caret,
        };
        self.problems.push(problem);
    }

    /// Tells an error at that path in the feature, or as near to it as the text goes.
    fn error(&mut self, fault: Fault, path: &[Step<'_>], message: String, help: Option<String>) {
        self.feature.failed = true;
        self.report(Severity::Error, fault, path, message, help);
    }

    /// Tells a warning, as [`Reader::error`] does.
    fn warn(&mut self, fault: Fault, path: &[Step<'_>], message: String, help: Option<String>) {
        self.report(Severity::Warning, fault, path, message, help);
    }

    fn report(
        &mut self,
        severity: Severity,
        fault: Fault,
        path: &[Step<'_>],
        message: String,
        help: Option<String>,
    ) {
        let place = self.source.place(self.feature.index, path);
        let number = self.feature.index.map(|index| u32::try_from(index + 1).unwrap_or(u32::MAX));
        let feature =
            self.feature.label.id.clone().or_else(|| number.map(|number| format!("feature {number}")));
        self.problems.push(Problem {
            severity,
            fault,
            file: self.source.name().to_string(),
            line: place.line,
            column: place.column,
            feature,
            feature_number: number,
            message,
            help,
            snippet: place.snippet,
            caret: place.caret,
        });
    }

    fn taker(&self) -> Taker<'a> {
        Taker { source: self.source, index: self.feature.index }
    }

    fn check_same_area(&mut self, port: &Port, seen: &mut Seen<'a>) {
        let valid =
            (port.valid_from.map_or(i64::MIN, |time| time.0), port.valid_to.map_or(i64::MAX, |time| time.0));
        // A port that takes the place of another at some date has its area by intention.
        let holders = seen.areas.entry(area_key(&port.shape)).or_default();
        let twin = holders.iter().find(|other| other.valid.0 < valid.1 && valid.0 < other.valid.1);
        let message = twin.map(|twin| {
            format!("{} has the same area as {} ({})", self.feature.label, quoted(&twin.id), twin.taker)
        });
        if let Some(message) = message {
            let help =
                "a ship in it visits both; remove one, or give them valid_from and valid_to".to_string();
            self.warn(Fault::SameArea, &[Step::Key("geometry")], message, Some(help));
        } else {
            // One holder a period is enough, so a file of many equal areas stays quick to read.
            holders.push(Holder { id: port.id.clone(), taker: self.taker(), valid });
        }
    }
}

fn area_key(shape: &Shape) -> AreaKey {
    match shape {
        Shape::Circle { centre, radius_m } => {
            let centre = (i64::from(centre.lon), i64::from(centre.lat));
            alloc::vec![alloc::vec![alloc::vec![centre, (radius_m.to_bits() as i64, 0)]]]
        }
        Shape::Polygons(polygons) => {
            let mut key: AreaKey = polygons
                .iter()
                .map(|rings| {
                    let mut rings: Vec<_> = rings.iter().map(|ring| planar::canonical(ring)).collect();
                    if let Some(holes) = rings.get_mut(1..) {
                        holes.sort_unstable();
                    }
                    rings
                })
                .collect();
            key.sort_unstable();
            key
        }
    }
}
