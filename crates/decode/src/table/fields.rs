//! Cutting a row into fields (RFC 4180).

use alloc::vec::Vec;
use memchr::memchr;

/// The fields of one row, as places in it. Used again for each row, so that no row allocates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    /// Start and end of each field, in the row or, where it has quotes, in `unquoted`.
    spans: Vec<(usize, usize)>,
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
        self.spans.clear();
        self.quoted = false;
        let mut start = 0;
        let mut base = 0;
        // Fields are short: eight bytes at a time are quicker than a search from one end to the next.
        while base < row.len() {
            let mut found: u64 = match row[base..].first_chunk() {
                Some(eight) => ends_in(*eight, delimiter),
                None => {
                    let mut eight = [0; 8];
                    let rest = &row[base..];
                    eight[..rest.len()].copy_from_slice(rest);
                    ends_in(eight, delimiter) & ((1 << (8 * rest.len())) - 1)
                }
            };
            while found != 0 {
                let at = base + found.trailing_zeros() as usize / 8;
                found &= found - 1;
                if row[at] == delimiter {
                    self.spans.push((start, at));
                    start = at + 1;
                } else if at == start {
                    return self.split_quoted(row, delimiter);
                }
            }
            base += 8;
        }
        self.spans.push((start, row.len()));
        Ok(())
    }

    fn split_quoted(&mut self, row: &[u8], delimiter: u8) -> Result<(), BrokenQuotes> {
        self.spans.clear();
        self.unquoted.clear();
        self.quoted = true;
        let mut rest = row;
        loop {
            let start = self.unquoted.len();
            let after = match rest {
                [b'"', inside @ ..] => self.unquote(inside)?,
                _ => {
                    let end = memchr(delimiter, rest).unwrap_or(rest.len());
                    self.unquoted.extend_from_slice(&rest[..end]);
                    &rest[end..]
                }
            };
            self.spans.push((start, self.unquoted.len()));
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
        self.spans.len()
    }

    /// A field of the row that was cut last, without blanks around it; empty if there is none.
    pub(crate) fn get<'a>(&'a self, row: &'a [u8], index: usize) -> &'a [u8] {
        let Some((start, end)) = self.spans.get(index) else { return &[] };
        let bytes = if self.quoted { &self.unquoted } else { row };
        bytes.get(*start..*end).unwrap_or_default().trim_ascii()
    }
}

/// Which of eight bytes, the first in the lowest, are a delimiter or a quote: the high bit of each tells.
fn ends_in(eight: [u8; 8], delimiter: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let word = u64::from_le_bytes(eight);
    let zeros = |word: u64| !(((word & !HIGH) + !HIGH) | word | !HIGH);
    zeros(word ^ (ONES * u64::from(delimiter))) | zeros(word ^ (ONES * u64::from(b'"')))
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
                    assert_eq!(fields.spans, [(0, at), (at + 1, length)]);
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
