//! Tables: records of fields, with or without a header.

use std::borrow::Cow;
use std::io::Read;

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use super::{Collector, LeftOut, ListError, Place};

/// A record over more lines than this has a quote that was not closed.
const MAX_RECORD_LINES: u64 = 10;

/// The columns of a table by their names, in small letters.
pub(super) struct Header(Vec<String>);

/// A record and where it begins.
pub(super) struct Row<'a> {
    record: &'a ByteRecord,
    pub line: u64,
}

/// What separates the fields of the first line: whichever it has most of outside of quotes.
#[must_use]
pub fn delimiter(head: &[u8]) -> u8 {
    let line = head.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let unquoted = line.split(|byte| *byte == b'"').step_by(2);
    let count = |delimiter: &u8| unquoted.clone().flatten().filter(|byte| *byte == delimiter).count();
    // The last of equals wins.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// The fields of the first record.
pub(super) fn first_record(head: &[u8]) -> ByteRecord {
    let mut record = ByteRecord::new();
    // Bytes in memory cannot fail to be read.
    let _ = reader(head, delimiter(head)).read_byte_record(&mut record);
    record
}

/// A reader of records, the header among them. With the terminator CRLF it would count the line feed to the next
/// record, and so name wrong lines; so the last field may end with a carriage return.
pub fn reader<R: Read>(input: R, delimiter: u8) -> Reader<R> {
    let terminator = Terminator::Any(b'\n');
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter).terminator(terminator).has_headers(false).flexible(true).from_reader(input)
}

impl Header {
    pub(super) fn new(record: &ByteRecord) -> Header {
        let name = |field| String::from_utf8_lossy(field).trim().to_lowercase().replace([' ', '-'], "_");
        Header(record.iter().map(name).collect())
    }

    /// The first of these columns that there is.
    pub(super) fn find(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.0.iter().position(|column| column == name))
    }

    /// The names, for people.
    pub(super) fn names(&self) -> String {
        self.0.join(", ")
    }
}

impl Row<'_> {
    /// A field without the spaces around it; empty where there is none.
    pub(super) fn text(&self, column: Option<usize>) -> Cow<'_, str> {
        let field = column.and_then(|column| self.record.get(column)).unwrap_or_default();
        String::from_utf8_lossy(field.trim_ascii())
    }

    /// All fields.
    pub(super) fn record(&self) -> &ByteRecord {
        self.record
    }

    fn is_blank(&self) -> bool {
        // Old lists of OFAC end with the end-of-file character of DOS.
        self.record.iter().map(<[u8]>::trim_ascii).all(|field| field.is_empty() || field == b"\x1A")
    }
}

/// Gives all records to `each`, but for blank ones and those that run on over many lines.
pub(super) fn each_row<R: Read>(
    input: R,
    delimiter: u8,
    collector: &mut Collector,
    mut each: impl FnMut(&Row<'_>, &mut Collector) -> Result<(), ListError>,
) -> Result<(), ListError> {
    let mut reader = reader(input, delimiter);
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(collector.io(error.into())),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let row = Row { record: &record, line };
        if reader.position().line().saturating_sub(line) > MAX_RECORD_LINES {
            collector.leave_out(LeftOut::Malformed, Place { noun: "line", number: &line, name: "" });
        } else if !row.is_blank() {
            each(&row, collector)?;
        }
    }
}

/// Gives all records below the header to `each`, with what `columns` makes of the header.
pub(super) fn each_row_below_header<R: Read, C>(
    input: R,
    delimiter: u8,
    collector: &mut Collector,
    columns: impl Fn(&Header, &Collector) -> Result<C, ListError>,
    mut each: impl FnMut(&Row<'_>, &C, &mut Collector) -> Result<(), ListError>,
) -> Result<(), ListError> {
    let mut known: Option<C> = None;
    each_row(input, delimiter, collector, |row, collector| {
        match &known {
            Some(known) => each(row, known, collector)?,
            None => known = Some(columns(&Header::new(row.record), collector)?),
        }
        Ok(())
    })
}
