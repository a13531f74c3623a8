//! Bytes of a file to text, and to the rows of a table.

use std::borrow::Cow;

use connect::lists;
use csv::{ByteRecord, StringRecord};

use super::collector::{Collector, Doubt, LeftOut};

/// A row over more lines than this has a quote that is not closed.
const MAX_ROW_LINES: u64 = 100;

/// Text of UTF-8, with or without a byte order mark; else of Latin-1, and whether it was.
pub fn decoded(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text.trim_start_matches('\u{feff}')), false),
        // The first 256 characters of Unicode are those of Latin-1.
        Err(_) => (Cow::Owned(bytes.iter().copied().map(char::from).collect()), true),
    }
}

/// Why the bytes are no text at all.
pub fn fault(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        Some("is UTF-16; save it as UTF-8")
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.contains(&0) {
        Some("is no text; save it as CSV or GeoJSON")
    } else if bytes.trim_ascii().is_empty() {
        Some("is empty")
    } else {
        None
    }
}

/// The first row, as [`each_row`] gives it.
pub fn first_row(bytes: &[u8]) -> StringRecord {
    let mut record = ByteRecord::new();
    let bytes = without_mark(bytes);
    // Bytes in memory cannot fail to be read.
    let _ = lists::reader(bytes, lists::delimiter(bytes)).read_byte_record(&mut record);
    fields(&record).0
}

/// Gives all rows with the number of their first line; a header is one of them.
pub fn each_row(
    bytes: &[u8],
    collector: &mut Collector,
    mut each: impl FnMut(u64, &StringRecord, &mut Collector),
) {
    let bytes = without_mark(bytes);
    let mut reader = lists::reader(bytes, lists::delimiter(bytes));
    let mut record = ByteRecord::new();
    // Bytes in memory cannot fail to be read.
    while let Ok(true) = reader.read_byte_record(&mut record) {
        let line = record.position().map_or(0, |start| start.line() + blank_lines(bytes, start.byte()));
        let (row, is_latin_1) = fields(&record);
        if row.iter().all(str::is_empty) {
            continue;
        }
        if reader.position().line().saturating_sub(line) > MAX_ROW_LINES {
            collector.see();
            let reason = format!("it runs over more than {MAX_ROW_LINES} lines; is a quote not closed?");
            collector.leave_out(line, LeftOut::Malformed, &reason);
            continue;
        }
        if is_latin_1 {
            collector.doubt(line, Doubt::Latin1);
        }
        each(line, &row, collector);
    }
}

/// Lines without anything that the reader passes over before a row.
fn blank_lines(bytes: &[u8], from: u64) -> u64 {
    let rest = usize::try_from(from).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
    rest.iter().take_while(|byte| **byte == b'\n').count() as u64
}

/// Bytes without the byte order mark of UTF-8.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The fields without the spaces around them, and whether one was Latin-1.
fn fields(record: &ByteRecord) -> (StringRecord, bool) {
    let mut is_latin_1 = false;
    let mut row = StringRecord::new();
    for field in record {
        let (text, was_latin_1) = decoded(field.trim_ascii());
        is_latin_1 |= was_latin_1;
        row.push_field(&text);
    }
    (row, is_latin_1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_their_lines_and_their_text() {
        let mut collector = Collector::new(9);
        collector.begin("a file".to_owned(), "line");
        let table = b"\xef\xbb\xbfname;lat\r\n\n\"A\r\nB\" ; 1\r\n\xc5lesund;2\r\n\xc3\x85lesund;3\r\n;\r\n";
        assert_eq!(first_row(table).iter().collect::<Vec<_>>(), ["name", "lat"]);
        let mut rows = Vec::new();
        each_row(table, &mut collector, |line, row, _| {
            rows.push((line, row.iter().map(str::to_owned).collect::<Vec<_>>()))
        });
        let row = |line, name: &str, lat: &str| (line, vec![name.to_owned(), lat.to_owned()]);
        assert_eq!(
            rows,
            [row(1, "name", "lat"), row(3, "A\r\nB", "1"), row(5, "Ålesund", "2"), row(6, "Ålesund", "3")]
        );
        assert_eq!(collector.summaries(), ["a file: 0 ports of 0 lines; 1 read as Latin-1 (line 5)"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_where_it_begins() {
        let mut collector = Collector::new(9);
        collector.begin("a file".to_owned(), "line");
        let table = format!("name,lat\nA,1\n\"B,2\n{}", "C,3\n".repeat(200));
        let mut rows = 0;
        each_row(table.as_bytes(), &mut collector, |_, _, _| rows += 1);
        assert_eq!(rows, 2);
        assert_eq!(
            collector.summaries(),
            ["a file: 0 ports of 1 line; left out 1 that cannot be read (line 3)"]
        );
    }

    #[test]
    fn what_is_no_text_is_told() {
        for (text, is_text) in [
            ("name,lat", true),
            ("\u{feff}name", true),
            ("PK\u{3}\u{4}", false),
            ("a\0b", false),
            (" \n", false),
        ] {
            assert_eq!(fault(text.as_bytes()).is_none(), is_text, "{text:?}");
        }
        assert!(fault(b"\xff\xfen\0").is_some());
    }
}
