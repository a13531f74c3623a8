//! The text of a port file, and places in it as people read them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::ops::Range;
use memchr::memchr_iter;
use serde_json::Value;

use super::cursor::{self, Step};

/// Longest snippet, in characters.
const SNIPPET_CHARS: usize = 120;
/// How much of the line is shown before the place.
const BEFORE_CHARS: usize = 32;
/// What stands for the part of a line that is cut away.
const ELLIPSIS: &str = "...";
/// Characters are counted once for each block of that many bytes, so that a place deep in a file
/// of one line is found at once.
const BLOCK_BYTES: usize = 1_024;
/// Longest text of the file that is repeated in a message, in characters.
const QUOTED_CHARS: usize = 60;

/// A place in the text, with what is to be shown of it.
pub(super) struct Place {
    pub line: u32,
    pub column: u32,
    pub snippet: String,
    pub caret: Range<usize>,
}

/// One file. What only problems need is worked out at the first one.
pub(super) struct Source<'a> {
    name: &'a str,
    text: &'a str,
    features: OnceCell<Vec<usize>>,
    line_starts: OnceCell<Vec<usize>>,
    chars_before: OnceCell<Vec<usize>>,
}

impl<'a> Source<'a> {
    pub fn new(name: &'a str, text: &'a str) -> Self {
        Source {
            name,
            // A byte order mark is no part of the JSON text (RFC 8259, 8.1).
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            features: OnceCell::new(),
            line_starts: OnceCell::new(),
            chars_before: OnceCell::new(),
        }
    }

    pub fn name(&self) -> &'a str {
        self.name
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The place of the value at `path` in a feature, or in the file.
    pub fn place(&self, feature: Option<usize>, path: &[Step<'_>]) -> Place {
        self.place_of_bytes(self.find(feature, path))
    }

    /// The line of the value at `path` in a feature, or in the file.
    pub fn line(&self, feature: Option<usize>, path: &[Step<'_>]) -> usize {
        self.line_index(self.find(feature, path).start) + 1
    }

    /// The place of a line and a column in bytes, both from 1, as serde_json counts them.
    pub fn place_of_line(&self, line: usize, column: usize) -> Place {
        let start = self.line_starts().get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let at = (start + column.saturating_sub(1)).min(self.text.len());
        let at = (0..=at).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
        self.place_of_bytes(at..at + length)
    }

    fn find(&self, feature: Option<usize>, path: &[Step<'_>]) -> Range<usize> {
        let start = match feature {
            Some(index) => {
                let list = || cursor::element_starts(self.text, &[Step::Key("features")]);
                self.features.get_or_init(list).get(index).copied().unwrap_or(0)
            }
            None => 0,
        };
        cursor::find(self.text, start, path)
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let ends = memchr_iter(b'\n', self.text.as_bytes());
            core::iter::once(0).chain(ends.map(|at| at + 1)).collect()
        })
    }

    fn line_index(&self, at: usize) -> usize {
        self.line_starts().partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// The number of characters before a byte.
    fn chars_before(&self, at: usize) -> usize {
        let count = |bytes: &[u8]| bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
        let blocks = self.chars_before.get_or_init(|| {
            let mut sum = 0;
            let mut blocks = Vec::with_capacity(self.text.len() / BLOCK_BYTES + 1);
            for block in self.text.as_bytes().chunks(BLOCK_BYTES) {
                blocks.push(sum);
                sum += count(block);
            }
            blocks.push(sum);
            blocks
        });
        let block = at / BLOCK_BYTES;
        let rest = self.text.as_bytes().get(block * BLOCK_BYTES..at).unwrap_or_default();
        blocks.get(block).copied().unwrap_or(0) + count(rest)
    }

    fn place_of_bytes(&self, range: Range<usize>) -> Place {
        let index = self.line_index(range.start);
        let line_start = self.line_starts()[index];
        let column = self.chars_before(range.start) - self.chars_before(line_start) + 1;
        let before = self.text.get(line_start..range.start).unwrap_or_default();
        let after = self.text.get(range.start..).unwrap_or_default();
        let value_chars = range.len().min(SNIPPET_CHARS);
        let value_chars =
            after.char_indices().take_while(|(at, _)| *at < range.len()).take(value_chars).count();

        let mut shown_before: Vec<char> = before.chars().rev().take(BEFORE_CHARS).collect();
        if shown_before.len() == BEFORE_CHARS && before.chars().rev().nth(BEFORE_CHARS).is_some() {
            shown_before.truncate(BEFORE_CHARS - ELLIPSIS.len());
            shown_before.extend(ELLIPSIS.chars());
        }
        let room = SNIPPET_CHARS - shown_before.len();
        let rest = after.chars().take_while(|c| *c != '\n').take(room + 2);
        let mut shown_after: Vec<char> = rest.collect();
        if shown_after.last() == Some(&'\r') {
            shown_after.pop();
        }
        let visible = if shown_after.len() > room {
            shown_after.truncate(room - ELLIPSIS.len());
            shown_after.extend(ELLIPSIS.chars());
            room - ELLIPSIS.len()
        } else {
            shown_after.len()
        };
        // A value that goes on beyond what is shown is marked at its start only.
        let marked = if value_chars > visible { 1 } else { value_chars.max(1) };
        let caret = shown_before.len()..shown_before.len() + marked;
        let snippet =
            shown_before.iter().rev().chain(&shown_after).map(|c| if c.is_control() { ' ' } else { *c });
        Place {
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            snippet: snippet.collect(),
            caret,
        }
    }
}

/// A text of the file as one short line without control characters.
pub(super) fn printable(text: &str) -> String {
    let mut short: String =
        text.chars().take(QUOTED_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(QUOTED_CHARS).is_some() {
        short.push_str(ELLIPSIS);
    }
    short
}

/// A text of the file in quotes.
pub(super) fn quoted(text: &str) -> String {
    alloc::format!("\"{}\"", printable(text))
}

/// A value of the file as a message names it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => printable(&number.to_string()),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_string(),
        Value::Object(_) => "an object".to_string(),
    }
}
