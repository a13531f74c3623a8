//! What is wrong in a port file, and how a person is told.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt::{self, Display, Formatter};
use core::ops::Range;

/// Whether the feature can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It can, but something was assumed.
    Warning,
    /// It is left out.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// The sort of a problem, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The file is not JSON.
    Json,
    /// The file is not a FeatureCollection.
    Collection,
    /// A member of `features` is not a feature.
    Feature,
    /// No geometry, or one of a type that is no area.
    Geometry,
    /// A position that is none, or outside the globe.
    Coordinates,
    /// A ring that is too short, not closed, or around a pole.
    Ring,
    /// A ring that crosses itself or another.
    Crossing,
    /// A hole that is not inside its outer ring.
    Hole,
    /// A ring that has no area.
    NoArea,
    /// A suspiciously large area.
    Size,
    /// Two ports of one area.
    SameArea,
    /// The radius of a point.
    Radius,
    /// The id.
    Id,
    /// An id used twice.
    DuplicateId,
    /// The name.
    Name,
    /// The country.
    Country,
    /// The kind.
    Kind,
    /// The time of validity.
    Validity,
    /// Another property of a wrong type.
    Property,
}

impl Fault {
    /// A short name, for summaries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::Json => "json",
            Fault::Collection => "collection",
            Fault::Feature => "feature",
            Fault::Geometry => "geometry",
            Fault::Coordinates => "coordinates",
            Fault::Ring => "ring",
            Fault::Crossing => "crossing",
            Fault::Hole => "hole",
            Fault::NoArea => "no-area",
            Fault::Size => "size",
            Fault::SameArea => "same-area",
            Fault::Radius => "radius",
            Fault::Id => "id",
            Fault::DuplicateId => "duplicate-id",
            Fault::Name => "name",
            Fault::Country => "country",
            Fault::Kind => "kind",
            Fault::Validity => "validity",
            Fault::Property => "property",
        }
    }
}

/// One thing that is wrong or doubtful in a port file, with its place in the text.
///
/// `Display` writes it for people, in ASCII but for what the file itself says, without colour and
/// without a line end after the last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the feature was left out.
    pub severity: Severity,
    /// What sort of problem it is.
    pub fault: Fault,
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The feature's id, or `feature 12` if it has none; `None` if the problem is the file's.
    pub feature: Option<String>,
    /// Number of the feature in the file, from 1.
    pub feature_number: Option<u32>,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The source line, cut to at most 120 characters around the column.
    pub snippet: String,
    /// What is meant, in characters of the snippet.
    pub caret: Range<usize>,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let gutter = digits(self.line);
        writeln!(f, "{}: {}", self.severity.name(), self.message)?;
        write!(f, "{:gutter$}--> {}:{}:{}", "", self.file, self.line, self.column)?;
        match (self.feature_number, &self.feature) {
            (Some(number), Some(feature)) if *feature != alloc::format!("feature {number}") => {
                writeln!(f, " (feature {number}, {})", super::source::printable(feature))?;
            }
            (Some(number), _) => writeln!(f, " (feature {number})")?,
            (None, _) => writeln!(f)?,
        }
        writeln!(f, "{:gutter$} |", "")?;
        writeln!(f, "{} | {}", self.line, self.snippet)?;
        let width = self.caret.len().max(1);
        write!(f, "{:gutter$} | {:indent$}{:^>width$}", "", "", "", indent = self.caret.start)?;
        if let Some(help) = &self.help {
            write!(f, "\n{:gutter$} = help: {help}", "")?;
        }
        Ok(())
    }
}

fn digits(number: u32) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// Problems as text for people: the first of each sort in full, the others counted.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// The problems.
    pub problems: &'a [Problem],
    /// How many of a sort are written in full, for each file.
    pub each: usize,
}

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut counts = BTreeMap::<(&str, Severity, Fault), usize>::new();
        for problem in self.problems {
            let count = counts.entry((&problem.file, problem.severity, problem.fault)).or_default();
            *count += 1;
            if *count <= self.each {
                writeln!(f, "{problem}\n")?;
            }
        }
        for ((file, severity, fault), count) in counts {
            if count > self.each {
                let (more, name) = (count - self.each, severity.name());
                let plural = if more == 1 { "" } else { "s" };
                writeln!(f, "{name}: {more} more {name}{plural} of the sort `{}` in {file}", fault.name())?;
            }
        }
        Ok(())
    }
}
