//! Lines out of a stream of bytes that come in pieces.

use crate::lines::Line;

/// Puts pieces together.
#[derive(Debug)]
pub struct Splitter {
    rest: Vec<u8>,
    limit: usize,
    /// The line under way is too long; its end is looked for.
    is_skipping: bool,
}

impl Splitter {
    /// Lines longer than `limit` bytes are told and skipped.
    #[must_use]
    pub fn new(limit: usize) -> Splitter {
        Splitter { rest: Vec::new(), limit, is_skipping: false }
    }

    /// Gives out the lines that end in this piece.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut impl FnMut(Line<'_>)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, after) = bytes.split_at(end);
            bytes = &after[1..];
            if self.is_skipping || self.rest.len() + line.len() > self.limit {
                each(Line::TooLong);
            } else if self.rest.is_empty() {
                each(Line::Text(line.strip_suffix(b"\r").unwrap_or(line)));
            } else {
                self.rest.extend_from_slice(line);
                each(Line::Text(self.rest.strip_suffix(b"\r").unwrap_or(&self.rest)));
            }
            self.rest.clear();
            self.is_skipping = false;
        }
        if self.is_skipping || self.rest.len() + bytes.len() > self.limit {
            self.is_skipping = true;
            self.rest.clear();
        } else {
            self.rest.extend_from_slice(bytes);
        }
    }

    /// The end of the stream: what has no line end is a line, too.
    pub fn finish(&mut self, each: &mut impl FnMut(Line<'_>)) {
        if self.is_skipping {
            each(Line::TooLong);
        } else if !self.rest.is_empty() {
            each(Line::Text(self.rest.strip_suffix(b"\r").unwrap_or(&self.rest)));
        }
        self.rest.clear();
        self.is_skipping = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines, however the bytes are cut; one that is too long is `None`.
    fn lines(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut splitter = Splitter::new(8);
        let mut lines = Vec::new();
        let mut each = |line: Line<'_>| {
            lines.push(match line {
                Line::Text(text) => Some(text.to_vec()),
                Line::TooLong => None,
            });
        };
        pieces.iter().for_each(|piece| splitter.push(piece, &mut each));
        splitter.finish(&mut each);
        lines
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let text = b"a\r\n\nlonger than eight\nbc\nlonger than eight again";
        let whole = lines(&[text]);
        let expected: [Option<&[u8]>; 5] = [Some(b"a"), Some(b""), None, Some(b"bc"), None];
        assert_eq!(whole, expected.map(|line| line.map(<[u8]>::to_vec)));
        assert_eq!(lines(&[b"a\nb\r"]), lines(&[b"a\r\nb"]));
        for first in 0..text.len() {
            for second in first..text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(lines(&pieces), whole, "{first} {second}");
            }
        }
    }
}
