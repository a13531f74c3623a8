//! What comes in blocks of whole lines, read as one stream of bytes.

use std::io::{self, BufRead, Read};

/// Where blocks come from.
pub trait Source {
    /// Puts the next lines into a text that is empty; it stays empty at the end.
    ///
    /// # Errors
    /// If there is more, and it cannot be read.
    fn next_block(&mut self, text: &mut Vec<u8>) -> io::Result<()>;
}

/// The stream.
pub struct Blocks<S> {
    source: S,
    text: Vec<u8>,
    at: usize,
}

impl<S: Source> Blocks<S> {
    /// After some lines, what a source gives.
    pub fn after(text: Vec<u8>, source: S) -> Blocks<S> {
        Blocks { source, text, at: 0 }
    }
}

impl<S: Source> BufRead for Blocks<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            self.source.next_block(&mut self.text)?;
        }
        Ok(&self.text[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.text.len());
    }
}

impl<S: Source> Read for Blocks<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let filled = self.fill_buf()?;
        let length = filled.len().min(buffer.len());
        buffer[..length].copy_from_slice(&filled[..length]);
        self.consume(length);
        Ok(length)
    }
}
