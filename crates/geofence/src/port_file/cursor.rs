//! Finds the place of a value in JSON text.
//!
//! serde_json does the parsing and keeps no places; when a problem is to be told, this walks the
//! text along a path such as `geometry.coordinates[0][3]`. It trusts that the text is JSON, and on
//! text that is not it finds less, or something else, but does not fail.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use memchr::memchr2;

/// One step down into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// Into the member of an object.
    Key(&'a str),
    /// Into the element of a list.
    Index(usize),
}

/// The bytes of the value at `path` from the value that starts at or after `start`; where the path
/// leaves the text, of the deepest value on it.
pub(super) fn find(text: &str, start: usize, path: &[Step<'_>]) -> Range<usize> {
    let mut start = skip_blank(text.as_bytes(), start);
    for step in path {
        let next = match *step {
            Step::Key(key) => member(text, start, key),
            Step::Index(index) => Elements::new(text, start).nth(index),
        };
        let Some(next) = next else { break };
        start = next.start;
    }
    start..value_end(text.as_bytes(), start)
}

/// The start of each element of the list at `path`; none if there is no list.
pub(super) fn element_starts(text: &str, path: &[Step<'_>]) -> Vec<usize> {
    let list = find(text, 0, path);
    Elements::new(text, list.start).map(|element| element.start).collect()
}

/// The value of the last member of that name, as serde_json takes the last.
fn member(text: &str, start: usize, key: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = inside(bytes, start, b'{')?;
    let mut found = None;
    loop {
        let name = at..value_end(bytes, at);
        if bytes.get(at) != Some(&b'"') {
            return found;
        }
        at = skip_blank(bytes, name.end);
        if bytes.get(at) == Some(&b':') {
            at = skip_blank(bytes, at + 1);
        }
        let value = at..value_end(bytes, at);
        if text.get(name).is_some_and(|name| is_name(name, key)) {
            found = Some(value.clone());
        }
        match next_item(bytes, value.end) {
            Some(next) => at = next,
            None => return found,
        }
    }
}

/// Whether a quoted JSON string says `key`.
fn is_name(quoted: &str, key: &str) -> bool {
    if quoted.contains('\\') {
        return serde_json::from_str::<String>(quoted).is_ok_and(|name| name == key);
    }
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(key)
}

/// The elements of a list.
struct Elements<'a> {
    bytes: &'a [u8],
    next: Option<usize>,
}

impl<'a> Elements<'a> {
    fn new(text: &'a str, start: usize) -> Self {
        let bytes = text.as_bytes();
        let next = inside(bytes, start, b'[').filter(|first| bytes.get(*first) != Some(&b']'));
        Elements { bytes, next }
    }
}

impl Iterator for Elements<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.next?;
        let end = value_end(self.bytes, start);
        self.next = next_item(self.bytes, end);
        Some(start..end)
    }
}

/// The first byte that counts behind an opening bracket at `start`.
fn inside(bytes: &[u8], start: usize, open: u8) -> Option<usize> {
    (bytes.get(start) == Some(&open)).then(|| skip_blank(bytes, start + 1))
}

/// The start of the item behind the comma behind the item that ends at `end`.
fn next_item(bytes: &[u8], end: usize) -> Option<usize> {
    let comma = skip_blank(bytes, end);
    (bytes.get(comma) == Some(&b',')).then(|| skip_blank(bytes, comma + 1))
}

fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// The end of the value that starts at `at`. Without recursion, so that depth costs no stack.
fn value_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            _ => at = scalar_end(bytes, at),
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        // Whatever follows is no end.
        at += 2;
    }
    bytes.len()
}

fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let delimiter = |byte: &u8| {
        matches!(byte, b',' | b':' | b'}' | b']' | b'"' | b'{' | b'[') || byte.is_ascii_whitespace()
    };
    let length = bytes.get(start..).unwrap_or_default().iter().position(delimiter);
    length.map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        r#" {"a" : [1, [2,"x]\"y",{"b":-3.5e1}], true ] ,"\u0063":{"a":{}},"a2":"é", "d":1, "d" :22}"#;

    #[track_caller]
    fn check(path: &[Step<'_>], expected: &str) {
        assert_eq!(&TEXT[find(TEXT, 0, path)], expected, "{path:?}");
    }

    #[test]
    fn values_are_found_by_their_path() {
        use Step::{Index, Key};
        check(&[Key("a"), Index(0)], "1");
        check(&[Key("a"), Index(1), Index(1)], r#""x]\"y""#);
        check(&[Key("a"), Index(1), Index(2), Key("b")], "-3.5e1");
        check(&[Key("a"), Index(2)], "true");
        check(&[Key("c"), Key("a")], "{}");
        check(&[Key("a2")], "\"é\"");
        check(&[Key("d")], "22");
    }

    #[test]
    fn a_path_that_leaves_the_text_ends_at_the_deepest_value() {
        use Step::{Index, Key};
        check(&[Key("c"), Key("a"), Key("nothing"), Index(3)], "{}");
        check(&[Key("a"), Index(9)], r#"[1, [2,"x]\"y",{"b":-3.5e1}], true ]"#);
        check(&[Key("d"), Index(0)], "22");
    }

    #[test]
    fn the_start_of_every_element_is_listed() {
        assert_eq!(element_starts(TEXT, &[Step::Key("a")]), [9, 12, 38]);
        assert!(element_starts("[]", &[]).is_empty());
        assert!(element_starts("{}", &[]).is_empty());
    }

    #[test]
    fn text_that_is_not_json_does_no_harm() {
        for length in 0..TEXT.len() {
            if let Some(cut) = TEXT.get(..length) {
                for path in [[Step::Key("a"), Step::Index(1)], [Step::Key("c"), Step::Key("a")]] {
                    assert!(find(cut, 0, &path).end <= cut.len());
                    assert!(element_starts(cut, &path).len() < 4);
                }
            }
        }
    }
}
