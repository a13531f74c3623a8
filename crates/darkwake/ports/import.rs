//! `darkwake ports import`: other lists of ports as a port file.
//!
//! A file is told by its beginning. Each row or feature makes a `Draft` or is left out and told; what drafts
//! make is read as any port file is, and what cannot be used in it is left out too. So the file that is
//! written has no errors.

mod anchorages;
mod collector;
mod countries;
mod draft;
mod fields;
mod geojson;
mod index;
mod iso3;
mod locode;
mod plain;
mod s2;
mod text;
mod values;
mod wkt;
mod wpi;

use std::collections::BTreeMap;
use std::io::Read;

use connect::files::{self, Input};
use geofence::port_file::{self, Severity};
use model::PortKind;
use serde_json::Value;

use super::feature;
use crate::cli::{self, Cells, Import, PortFormat};
use crate::outputs;
use collector::{Collector, Doubt};
use fields::Defaults;

pub use fields::{is_property, properties};

/// Kilometres around a point of which nothing is known, as around a harbour of unstated size of the World Port Index.
const RADIUS_KM: f64 = 4.0;
/// Bytes of a file that are read.
const MAX_BYTES: u64 = 1 << 30;

/// Reads the files and writes the ports that they make.
pub fn run(arguments: &Import) -> anyhow::Result<()> {
    let inputs = files::find(&arguments.files)?;
    let mut collector = Collector::new(arguments.max_ports);
    for input in &inputs {
        if let Err(reason) = read(input, arguments, &mut collector) {
            cli::warn(&format!("{}: {reason}; nothing of it is taken", input.name()));
        }
    }
    let (ids, changed) = draft::ids(collector.drafts(), &arguments.id_prefix);
    for at in changed {
        let (file, number) = (collector.drafts()[at].file, collector.drafts()[at].number);
        collector.doubt_of(file, number, Doubt::Id);
    }
    let lines = collector.drafts().iter().zip(&ids).map(|(draft, id)| {
        let id = ("id".to_owned(), Value::from(id.as_str()));
        let properties: Vec<_> = std::iter::once(id).chain(draft.properties.iter().cloned()).collect();
        feature::line(&properties, &draft.geometry)
    });
    let mut lines: Vec<String> = lines.collect();
    let warnings = leave_out_errors(&mut lines, &mut collector);
    collector.summaries().iter().for_each(|summary| cli::talk(summary));
    anyhow::ensure!(!lines.is_empty(), "nothing could be imported");
    let path = arguments.out.display();
    outputs::write_text(&arguments.out, &feature::collection(&lines))?;
    let doubtful = match warnings {
        0 => String::new(),
        many => format!("; ports validate has {} of them", super::count(many, "warning")),
    };
    cli::talk(&format!("{path}: {}{doubtful}", super::count(lines.len(), "port")));
    Ok(())
}

/// Reads a file; the error is for people, after its name.
fn read(input: &Input, arguments: &Import, collector: &mut Collector) -> Result<(), String> {
    let mut bytes = Vec::new();
    let body = input.open().map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    body.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read to its end: {error}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("has more than {} MB", MAX_BYTES >> 20));
    }
    if let Some(fault) = text::fault(&bytes) {
        return Err(fault.to_owned());
    }
    let is_auto = arguments.format == PortFormat::Auto;
    let format = if is_auto { format_of(&bytes, arguments)? } else { arguments.format };
    collector.begin(input.name(), if format == PortFormat::Geojson { "feature" } else { "line" });
    let defaults = defaults(format, arguments, input);
    let table = || {
        let fields = plain::columns(&text::first_row(&bytes), &arguments.map);
        for (property, name) in arguments.map.iter().filter(|(property, _)| !fields.has(property)) {
            cli::warn(&format!("{}: no column {name}, which --map {property}={name} names", input.name()));
        }
        fields
    };
    match format {
        PortFormat::Geojson => geojson::read(&bytes, &arguments.map, &defaults, collector),
        PortFormat::Wkt => plain::read(&bytes, &table(), plain::Places::Wkt, &defaults, collector),
        PortFormat::Csv => plain::read(&bytes, &table(), plain::Places::LonLat, &defaults, collector),
        PortFormat::Wpi => wpi::read(&bytes, arguments.radius_km, &defaults, collector),
        PortFormat::Locode => locode::read(&bytes, &defaults, collector),
        PortFormat::S2 => anchorages::read(&bytes, arguments.cells, &defaults, collector),
        PortFormat::Auto => Err("is of no known format".to_owned()),
    }
}

/// What a file is by its beginning.
fn format_of(bytes: &[u8], arguments: &Import) -> Result<PortFormat, String> {
    if geojson::is_json(bytes) {
        return Ok(PortFormat::Geojson);
    }
    let first = text::first_row(bytes);
    let has = |wanted: &str| first.iter().any(|column| column.eq_ignore_ascii_case(wanted));
    if has(index::NUMBER_COLUMN) {
        return Ok(PortFormat::Wpi);
    }
    if has("INDEX_NO") && has("PORT_NAME") {
        let reason =
            "is an old form of the World Port Index, with countries by FIPS 10-4; take its CSV of today";
        return Err(reason.to_owned());
    }
    if has(anchorages::CELL_COLUMN) {
        return Ok(PortFormat::S2);
    }
    if locode::is_list(&first) {
        return Ok(PortFormat::Locode);
    }
    plain::places(&plain::columns(&first, &arguments.map)).map(|places| match places {
        plain::Places::Wkt => PortFormat::Wkt,
        plain::Places::LonLat => PortFormat::Csv,
    })
}

/// What ports of a file have that say nothing else.
fn defaults(format: PortFormat, arguments: &Import, input: &Input) -> Defaults {
    let is_anchorage = format == PortFormat::S2 && arguments.cells == Cells::Each;
    let kind = if is_anchorage { PortKind::Anchorage } else { PortKind::Port };
    let source = match format {
        PortFormat::Wpi => "World Port Index".to_owned(),
        PortFormat::Locode => "UN/LOCODE".to_owned(),
        PortFormat::S2 => "Global Fishing Watch anchorages".to_owned(),
        PortFormat::Auto | PortFormat::Geojson | PortFormat::Csv | PortFormat::Wkt => {
            // Where the file lies is nobody's business.
            let name = input.path.file_name().map(|name| name.to_string_lossy().into_owned());
            name.unwrap_or_else(|| input.name())
        }
    };
    Defaults {
        radius_km: arguments.radius_km.unwrap_or(RADIUS_KM),
        kind: arguments.kind.unwrap_or(kind),
        source,
    }
}

/// Takes out the features that are errors in a port file; gives the number of warnings of those that stay.
fn leave_out_errors(lines: &mut Vec<String>, collector: &mut Collector) -> usize {
    let read = port_file::read("import", &feature::collection(lines));
    let mut errors: BTreeMap<usize, &str> = BTreeMap::new();
    let at = |number: Option<u32>| number.map_or(0, |number| number as usize).wrapping_sub(1);
    for problem in read.problems.iter().filter(|problem| problem.severity == Severity::Error) {
        errors.entry(at(problem.feature_number)).or_insert(&problem.message);
    }
    for (at, message) in &errors {
        if let Some(draft) = collector.drafts().get(*at) {
            let (file, number) = (draft.file, draft.number);
            collector.refuse(file, number, message);
        }
    }
    let mut number = 0..;
    lines.retain(|_| number.next().is_none_or(|at| !errors.contains_key(&at)));
    let warnings = read.problems.iter().filter(|problem| problem.severity == Severity::Warning);
    warnings.filter(|problem| !errors.contains_key(&at(problem.feature_number))).count()
}
