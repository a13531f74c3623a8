//! Lines of bounded length.

use std::io::BufRead;

/// A line, or what stands for it.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Its bytes, without the line end.
    Text(&'a [u8]),
    /// Longer than the limit: its bytes are skipped.
    TooLong,
}

/// Reads lines; what is longer than `limit` bytes is told and skipped.
pub struct Lines<R> {
    reader: R,
    /// A line that does not lie in the reader's buffer as a whole.
    line: Vec<u8>,
    /// Bytes of the reader's buffer that were given out.
    given: usize,
    limit: usize,
    /// Bytes read so far.
    pub bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// Lines of a reader.
    pub fn new(reader: R, limit: usize) -> Lines<R> {
        Lines { reader, line: Vec::new(), given: 0, limit, bytes: 0 }
    }

    /// Gives out lines, one at least and `most` at most, as long as they lie in the reader's buffer; how many, 0 at the end.
    ///
    /// # Errors
    /// If the reader fails; nothing was given out then.
    pub fn next_lines(&mut self, most: usize, each: &mut impl FnMut(Line<'_>)) -> std::io::Result<usize> {
        self.reader.consume(core::mem::take(&mut self.given));
        let block = self.reader.fill_buf()?;
        let (mut used, mut count) = (0, 0);
        while count < most
            && let Some(length) = memchr::memchr(b'\n', &block[used..])
            && length <= self.limit
        {
            each(text(&block[used..used + length]));
            used += length + 1;
            count += 1;
        }
        self.reader.consume(used);
        self.bytes += used as u64;
        if count == 0
            && let Some(line) = self.next_line()?
        {
            each(line);
            count = 1;
        }
        Ok(count)
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// If the reader fails, for example because compressed data ends early.
    pub fn next_line(&mut self) -> std::io::Result<Option<Line<'_>>> {
        self.reader.consume(core::mem::take(&mut self.given));
        let block = self.reader.fill_buf()?;
        if let Some(end) = memchr::memchr(b'\n', block)
            && end <= self.limit
        {
            self.given = end + 1;
            self.bytes += self.given as u64;
            // The same block again: it is not empty.
            return Ok(Some(text(&self.reader.fill_buf()?[..end])));
        }
        self.line.clear();
        let mut is_too_long = false;
        let mut any = false;
        loop {
            let block = self.reader.fill_buf()?;
            if block.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', block);
            let part = &block[..end.unwrap_or(block.len())];
            if self.line.len() + part.len() > self.limit {
                is_too_long = true;
            } else {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(block.len(), |at| at + 1);
            self.bytes += used as u64;
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(match (any, is_too_long) {
            (false, _) => None,
            (true, true) => Some(Line::TooLong),
            (true, false) => Some(text(&self.line)),
        })
    }
}

/// A line may end with two characters.
fn text(line: &[u8]) -> Line<'_> {
    Line::Text(line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_they_come() {
        let text = b"a\r\n\nlonger than eight\r\n12345678\n1234567\r\n12345678\r\nb\r";
        let open = |room: usize| Lines::new(std::io::BufReader::with_capacity(room, &text[..]), 8);
        let read = |room: usize| {
            let (mut lines, mut told) = (open(room), Vec::new());
            while let Some(line) = lines.next_line().unwrap() {
                told.push(format!("{line:?}"));
            }
            (told, lines.bytes)
        };
        let read_together = |room: usize, most: usize| {
            let (mut lines, mut told) = (open(room), Vec::new());
            while lines.next_lines(most, &mut |line| told.push(format!("{line:?}"))).unwrap() > 0 {}
            (told, lines.bytes)
        };
        let whole = read(text.len());
        assert_eq!((whole.0.len(), whole.1), (7, text.len() as u64));
        for room in 1..=text.len() {
            assert_eq!(read(room), whole);
            (1..9).for_each(|most| assert_eq!(read_together(room, most), whole));
        }
    }

    #[test]
    fn lines_end_as_they_like_and_long_ones_are_skipped() {
        let mut lines = Lines::new(&b"a\r\n\nlonger than eight\nb"[..], 8);
        assert_eq!(lines.next_line().unwrap(), Some(Line::Text(b"a")));
        assert_eq!(lines.next_line().unwrap(), Some(Line::Text(b"")));
        assert_eq!(lines.next_line().unwrap(), Some(Line::TooLong));
        assert_eq!(lines.next_line().unwrap(), Some(Line::Text(b"b")));
        assert_eq!(lines.next_line().unwrap(), None);
        assert_eq!(lines.bytes, 23);
    }
}
