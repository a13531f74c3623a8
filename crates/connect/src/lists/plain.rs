//! Tables with a header of one's own, and tables of the ships in annexes of EU regulations.
//!
//! Only the columns named here are read. In a plain table a row says more than the configuration:
//! its `list` and `severity` go before those of `[[watch.lists]]`.
//!
//! ```text
//! imo;mmsi;name;from;until;list;length_m;severity
//! 9000003;273000001;NORTH STAR;2023-08-01;2024-02-01;mine;123.5;critical
//! ```

use std::io::Read;

use model::EventTime;
use model::alert::Severity;

use super::table::{self, Header, Row};
use super::{Collector, Doubt, Entry, LeftOut, ListError, Place};

/// Names of the column of IMO numbers.
pub(super) const IMO: &[&str] = &["imo", "imo_number", "imo_no", "imo_no.", "imonumber"];
/// Names of the column of MMSIs.
pub(super) const MMSI: &[&str] = &["mmsi", "mmsi_number", "mmsi_no", "mmsi_no."];
/// Names of the column of names.
pub(super) const NAME: &[&str] = &["name", "ship_name", "vessel_name", "ship", "vessel", "caption"];

struct Columns {
    imo: Option<usize>,
    mmsi: Option<usize>,
    name: Option<usize>,
    from: Option<usize>,
    until: Option<usize>,
    list: Option<usize>,
    length: Option<usize>,
    severity: Option<usize>,
    annex: Option<usize>,
}

impl Columns {
    fn new(header: &Header, collector: &Collector) -> Result<Columns, ListError> {
        let columns = Columns {
            imo: header.find(IMO),
            mmsi: header.find(MMSI),
            name: header.find(NAME),
            from: header.find(&["from"]),
            until: header.find(&["until"]),
            list: header.find(&["list"]),
            length: header.find(&["length_m"]),
            severity: header.find(&["severity"]),
            annex: header.find(&["annex"]),
        };
        if columns.imo.is_none() && columns.mmsi.is_none() {
            let names = header.names();
            return Err(collector.not(format!("no column imo or mmsi among {names}; name one of them so")));
        }
        Ok(columns)
    }
}

/// Reads a plain table.
pub(super) fn read(input: impl Read, delimiter: u8, collector: &mut Collector) -> Result<(), ListError> {
    table::each_row_below_header(input, delimiter, collector, Columns::new, take_row)
}

/// Reads a table of an annex. Its dates tell since when a ship is listed, not since when it has its MMSI.
pub(super) fn read_annex(
    input: impl Read,
    delimiter: u8,
    collector: &mut Collector,
) -> Result<(), ListError> {
    table::each_row_below_header(input, delimiter, collector, Columns::new, take_annex_row)
}

fn take_row(row: &Row<'_>, columns: &Columns, collector: &mut Collector) -> Result<(), ListError> {
    let mut entry = entry(row, columns);
    let name = entry.name.clone();
    let place = Place { noun: "line", number: &row.line, name: &name };
    let (Some(from), Some(until)) = (date(&row.text(columns.from)), date(&row.text(columns.until))) else {
        collector.leave_out(LeftOut::BadDate, place);
        return Ok(());
    };
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        collector.leave_out(LeftOut::BadDate, place);
        return Ok(());
    }
    (entry.from, entry.until) = (from, until);
    let Some(severity) = severity(&row.text(columns.severity)) else {
        collector.leave_out(LeftOut::BadSeverity, place);
        return Ok(());
    };
    entry.severity = severity;
    entry.list = Some(row.text(columns.list).into_owned()).filter(|list| !list.is_empty());
    let length_m = row.text(columns.length);
    entry.length = length(&length_m);
    if entry.length.is_none() && !length_m.is_empty() {
        collector.doubt(Doubt::NotLength, place);
    }
    collector.take(entry, place)
}

fn take_annex_row(row: &Row<'_>, columns: &Columns, collector: &mut Collector) -> Result<(), ListError> {
    let mut entry = entry(row, columns);
    let (list, annex) = (row.text(columns.list), row.text(columns.annex));
    if !collector.is_named && !list.is_empty() {
        let annex = if annex.is_empty() { String::new() } else { format!(" annex {annex}") };
        entry.list = Some(format!("{list}{annex}"));
    }
    let name = entry.name.clone();
    collector.take(entry, Place { noun: "line", number: &row.line, name: &name })
}

fn entry(row: &Row<'_>, columns: &Columns) -> Entry {
    let mut entry = Entry { name: row.text(columns.name).into_owned(), ..Entry::default() };
    entry.numbers.add_imo_cell(&row.text(columns.imo));
    entry.numbers.add_mmsi_cell(&row.text(columns.mmsi));
    entry
}

/// A date as `2023-10-01`, with a time of day, or as `1.10.2023`; `Some(None)` if there is none.
fn date(text: &str) -> Option<Option<EventTime>> {
    if text.is_empty() {
        return Some(None);
    }
    EventTime::parse_iso(text.as_bytes()).or_else(|| day_month_year(text)).map(Some)
}

fn day_month_year(text: &str) -> Option<EventTime> {
    let mut parts = text.split('.');
    let mut next = || parts.next()?.parse().ok();
    let (day, month, year): (u32, u32, u32) = (next()?, next()?, next()?);
    if parts.next().is_some() || !(1970..=9999).contains(&year) {
        return None;
    }
    EventTime::from_civil((year as i32, month, day), (0, 0, 0), 0)
}

fn severity(text: &str) -> Option<Option<Severity>> {
    const ALL: [Severity; 4] = [Severity::Info, Severity::Notice, Severity::Warning, Severity::Critical];
    if text.is_empty() {
        return Some(None);
    }
    ALL.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(text)).map(Some)
}

/// Metres in units of 0.1 m; ships of 1 m to 600 m are believed.
fn length(text: &str) -> Option<u32> {
    let metres: f64 = text.replace(',', ".").parse().ok()?;
    (1.0..=600.0).contains(&metres).then(|| model::number::round(metres * 10.0) as u32)
}
