//! The log in a topic: a record holds a format number and frames, one after the other.

use crate::log::{self, Frame};

/// The format of a record; another is refused, never guessed at.
const FORMAT: u8 = 4;
/// A record that is longer is followed by another.
const RECORD_BYTES: usize = 256 * 1024;

/// What is to be written to one partition.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
}

/// Why a record of the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Of another version.
    #[error("a record has format {0}, this program reads format {FORMAT}")]
    Format(u8),
    /// Damaged.
    #[error("a record is damaged: {0}")]
    Damaged(postcard::Error),
}

impl Segment {
    /// Adds a frame; how many bytes it takes.
    ///
    /// # Errors
    /// Only if memory for it cannot be had.
    pub fn push(&mut self, frame: &Frame) -> Result<usize, LogError> {
        if self.last.is_empty() {
            self.last.push(FORMAT);
        }
        let (before, last) = (self.last.len(), std::mem::take(&mut self.last));
        self.last = postcard::to_extend(frame, last).map_err(LogError::Damaged)?;
        let bytes = self.last.len() - before;
        if self.last.len() >= RECORD_BYTES {
            self.full.push(std::mem::take(&mut self.last));
        }
        Ok(bytes)
    }

    /// Takes out the records.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        let mut records = std::mem::take(&mut self.full);
        if !self.last.is_empty() {
            records.push(std::mem::take(&mut self.last));
        }
        records
    }
}

/// Gives out the frames of a record.
///
/// # Errors
/// If it is of another version, or damaged.
pub fn frames(record: &[u8], mut each: impl FnMut(Frame)) -> Result<(), LogError> {
    let Some((format, mut rest)) = record.split_first() else { return Ok(()) };
    if *format != FORMAT {
        return Err(LogError::Format(*format));
    }
    while !rest.is_empty() {
        let (frame, after) = log::take_frame(rest).map_err(LogError::Damaged)?;
        each(frame);
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_in_records_of_bounded_length() {
        let mut segment = Segment::default();
        let names: Vec<Frame> = (0..9_000).map(|n| Frame::Name(n, format!("{n:>100}"))).collect();
        for name in &names {
            assert!(segment.push(name).unwrap() >= 100);
        }
        let records = segment.take();
        assert!(records.len() > 2 && records.iter().all(|record| record.len() < RECORD_BYTES + 200));
        let mut read = Vec::new();
        records.iter().for_each(|record| frames(record, |frame| read.push(frame)).unwrap());
        assert_eq!(read, names);
        assert!(segment.take().is_empty());
    }

    #[test]
    fn what_is_no_record_of_the_log_is_refused() {
        assert!(matches!(frames(b"\x07abc", |_| {}), Err(LogError::Format(7))));
        // The second is a name for an input with a number beyond all bounds.
        for damaged in [&b"\xff"[..], b"\x00\xff\xff\xff\xff\x0f\x00"] {
            let record = [&[FORMAT], damaged].concat();
            assert!(matches!(frames(&record, |_| {}), Err(LogError::Damaged(_))));
        }
    }
}
