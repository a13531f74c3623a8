//! Cutting a row into fields (RFC 4180).

use alloc::vec::Vec;
use core::ops::Range;

use memchr::memchr;

use crate::eight::{which_are, word_at};

/// The fields of one row, as places in it. Used again for each row, so that no row allocates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    /// The end of each field, in the row or, where it has quotes, in `unquoted`; the room of former rows is kept.
    ends: Vec<usize>,
    /// How many of them are of this row.
    count: usize,
    /// The fields of a row with quotes, without them.
    unquoted: Vec<u8>,
    quoted: bool,
}

/// Quotes that are not closed, or closed in the midst of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BrokenQuotes;

impl Fields {
    /// Cuts a row. A quote counts as one only where it opens a field, because names of ships may
    /// contain it.
    pub(crate) fn split(&mut self, row: &[u8], delimiter: u8) -> Result<(), BrokenQuotes> {
        debug_assert!(
            delimiter != 0 && delimiter != b'"',
            "zeros are behind the end, and quotes are something else"
        );
        self.count = 0;
        self.quoted = false;
        // Fields are short: eight bytes at a time are quicker than a search from one end to the next.
        let (eights, rest) = row.as_chunks::<8>();
        let mut base = 0;
        for word in eights.iter().map(|eight| u64::from_le_bytes(*eight)).chain(word_at(rest, 0)) {
            let quotes = which_are(b'"', word);
            if quotes != 0 && opens_field(quotes, base, row, delimiter) {
                return self.split_quoted(row, delimiter);
            }
            let mut found = which_are(delimiter, word);
            while found != 0 {
                self.end(base + found.trailing_zeros() as usize / 8);
                found &= found - 1;
            }
            base += 8;
        }
        self.end(row.len());
        Ok(())
    }

    /// A field ends here.
    fn end(&mut self, at: usize) {
        match self.ends.get_mut(self.count) {
            Some(end) => *end = at,
            None => self.ends.push(at),
        }
        self.count += 1;
    }

    fn split_quoted(&mut self, row: &[u8], delimiter: u8) -> Result<(), BrokenQuotes> {
        self.count = 0;
        self.unquoted.clear();
        self.quoted = true;
        let mut rest = row;
        loop {
            let after = match rest {
                [b'"', inside @ ..] => self.unquote(inside)?,
                _ => {
                    let end = memchr(delimiter, rest).unwrap_or(rest.len());
                    self.unquoted.extend_from_slice(&rest[..end]);
                    &rest[end..]
                }
            };
            self.end(self.unquoted.len());
            match after {
                [] => return Ok(()),
                [first, next @ ..] if *first == delimiter => rest = next,
                _ => return Err(BrokenQuotes),
            }
        }
    }

    /// Copies up to the closing quote; returns what follows it.
    fn unquote<'a>(&mut self, mut inside: &'a [u8]) -> Result<&'a [u8], BrokenQuotes> {
        loop {
            let quote = memchr(b'"', inside).ok_or(BrokenQuotes)?;
            self.unquoted.extend_from_slice(&inside[..quote]);
            match &inside[quote + 1..] {
                [b'"', next @ ..] => {
                    self.unquoted.push(b'"');
                    inside = next;
                }
                after => return Ok(after),
            }
        }
    }

    /// How many fields the row has.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Several fields of the row that was cut last, beside each other, and what is between them: as one, or one by one where
    /// the row has quotes.
    pub(crate) fn run<'a>(
        &'a self,
        row: &'a [u8],
        (first, last): (usize, usize),
    ) -> impl Iterator<Item = &'a [u8]> {
        let span = self.span(first).zip(self.span(last));
        let whole = span.and_then(|(first, last)| row.get(first.start..last.end)).unwrap_or_default();
        let pieces = if self.quoted { first..=last } else { first..=first };
        pieces.map(move |index| if self.quoted { self.get(row, index) } else { whole })
    }

    /// A field of the row that was cut last, without blanks around it; empty if there is none.
    pub(crate) fn get<'a>(&'a self, row: &'a [u8], index: usize) -> &'a [u8] {
        let Some(span) = self.span(index) else { return &[] };
        let bytes = if self.quoted { &self.unquoted } else { row };
        bytes.get(span).unwrap_or_default().trim_ascii()
    }

    fn span(&self, index: usize) -> Option<Range<usize>> {
        let ends = self.ends.get(..self.count)?;
        // Fields with quotes were copied one behind the other; else there is a delimiter between them.
        let start = index
            .checked_sub(1)
            .map_or(Some(0), |before| Some(ends.get(before)? + usize::from(!self.quoted)));
        Some(start?..*ends.get(index)?)
    }
}

/// Whether one of the quotes of a word stands where a field begins.
fn opens_field(mut quotes: u64, base: usize, row: &[u8], delimiter: u8) -> bool {
    while quotes != 0 {
        let at = base + quotes.trailing_zeros() as usize / 8;
        if at.checked_sub(1).is_none_or(|before| row.get(before) == Some(&delimiter)) {
            return true;
        }
        quotes &= quotes - 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(row: &str) -> Option<Vec<Vec<u8>>> {
        let mut fields = Fields::default();
        fields.split(row.as_bytes(), b',').ok()?;
        Some((0..fields.len()).map(|index| fields.get(row.as_bytes(), index).to_vec()).collect())
    }

    #[test]
    fn delimiters_are_found_wherever_they_stand() {
        for length in 0..40 {
            for at in 0..length {
                for other in [b'x', b'-', b'+', 0, 0xAC, 0xFF] {
                    let mut row = alloc::vec![other; length];
                    row[at] = b',';
                    let mut fields = Fields::default();
                    assert_eq!(fields.split(&row, b','), Ok(()));
                    assert_eq!(
                        (fields.span(0), fields.span(1), fields.span(2)),
                        (Some(0..at), Some(at + 1..length), None)
                    );
                }
            }
        }
    }

    #[test]
    fn rows_are_cut_as_rfc_4180_says() {
        let cases: [(&str, Option<&[&str]>); 12] = [
            ("", Some(&[""])),
            ("a", Some(&["a"])),
            ("a,b,", Some(&["a", "b", ""])),
            (",", Some(&["", ""])),
            (" a , b ", Some(&["a", "b"])),
            ("\"a,b\",c", Some(&["a,b", "c"])),
            ("a,\"b \"\"B\"\"\",\"\"", Some(&["a", "b \"B\"", ""])),
            ("a,M/S \"B\",c", Some(&["a", "M/S \"B\"", "c"])),
            ("\"a\",", Some(&["a", ""])),
            ("a,\"b", None),
            ("\"a\"b,c", None),
            ("a,\"b\"\"", None),
        ];
        for (row, expected) in cases {
            let expected = expected.map(|fields| fields.iter().map(|f| f.as_bytes().to_vec()).collect());
            assert_eq!(split(row), expected, "{row}");
        }
    }
}
