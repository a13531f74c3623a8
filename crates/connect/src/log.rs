//! The log: what the core is given, entry by entry, so that it can be given again. Here in segment files; in a topic it has
//! the same frames.
//!
//! A folder of files `000001.dwlog`, `000002.dwlog` …, each a header and frames: length (4 bytes, little-endian), hash
//! (8 bytes) and a [`Frame`]. What a crash has torn at the end of the last file is left out when it is read.

mod reference;

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use engine::Entry;
use model::EventTime;
use serde::{Deserialize, Serialize};

pub use reference::{Piece, Pieces, Reference};

/// How every file begins; the number is that of the format.
const HEADER: &[u8; 16] = b"darkwake log 04\n";
/// What the names of its files end in.
const ENDING: &str = "dwlog";
/// A file that is longer is followed by another.
const SEGMENT_BYTES: u64 = 64 << 20;
/// No frame is longer.
const MAX_FRAME: u32 = 64 << 20;
/// No input has a higher number; names are kept in a list by number.
const MAX_INPUT: u32 = 1 << 20;

/// What stands in a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The name of the input with this number, before the first entry that was read there.
    Name(u32, String),
    /// An entry.
    Entry(Entry),
    /// All that was told up to here was written, in order.
    Round,
    /// What was taken from topics for it, up to here.
    Taken(Taken),
    /// A piece of the ports and rules that hold for the entries after the last of them.
    Reference(Piece),
}

/// Reads the frame that bytes begin with; what follows it.
pub(crate) fn take_frame(bytes: &[u8]) -> Result<(Frame, &[u8]), postcard::Error> {
    let (frame, rest): (Frame, &[u8]) = postcard::take_from_bytes(bytes)?;
    match frame {
        Frame::Name(number, _) if number > MAX_INPUT => Err(postcard::Error::DeserializeBadEncoding),
        Frame::Name(..) | Frame::Entry(_) | Frame::Round | Frame::Taken(_) | Frame::Reference(_) => {
            Ok((frame, rest))
        }
    }
}

/// Gives the input with this number a name.
pub fn name(names: &mut Vec<String>, number: u32, name: String) {
    names.resize(names.len().max(number as usize + 1), String::new());
    names[number as usize] = name;
}

/// What was taken from topics for a part of the log: enough to take it again in the same order, and to know again what
/// was known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// The number of this part; each is one more than the one before.
    pub number: u64,
    /// How far the log had come.
    pub reached: EventTime,
    /// What was taken, in its order.
    pub steps: Vec<Step>,
}

/// Something that was taken from a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// A partition was found, and is called so.
    Found {
        /// The source.
        source: u32,
        /// The partition.
        partition: u32,
        /// What it is called.
        name: String,
    },
    /// Records of a partition were taken, up to this offset.
    Records {
        /// The source.
        source: u32,
        /// The partition.
        partition: u32,
        /// The offset after the last.
        next: u64,
    },
    /// All was taken that had arrived at a source by then.
    CaughtUp {
        /// The source.
        source: u32,
        /// When.
        by: EventTime,
    },
}

/// Writes a log.
pub struct LogWriter {
    folder: PathBuf,
    number: u32,
    out: BufWriter<File>,
    bytes: u64,
    frame: Vec<u8>,
}

/// Whether a folder holds a log.
#[must_use]
pub fn is_log(folder: &Path) -> bool {
    folder.is_dir() && segments(folder).is_ok_and(|segments| !segments.is_empty())
}

/// The files of a log, in their order.
///
/// # Errors
/// If the folder cannot be read.
pub fn segments(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut segments = paths.collect::<io::Result<Vec<PathBuf>>>()?;
    segments.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
    segments.sort();
    Ok(segments)
}

impl LogWriter {
    /// Begins a log in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be written, or holds a log already.
    pub fn create(folder: &Path) -> io::Result<LogWriter> {
        fs::create_dir_all(folder)?;
        if is_log(folder) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "holds a log already"));
        }
        LogWriter::begin(folder, 1)
    }

    /// Goes on in a folder that may hold a log, with a new file of this number.
    ///
    /// # Errors
    /// If it cannot be written, or the file is there.
    pub fn begin(folder: &Path, number: u32) -> io::Result<LogWriter> {
        fs::create_dir_all(folder)?;
        let (out, folder) = (segment(folder, number)?, folder.to_owned());
        Ok(LogWriter { folder, number, out, bytes: HEADER.len() as u64, frame: Vec::new() })
    }

    /// Begins a new file; its number.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn next_segment(&mut self) -> io::Result<u32> {
        self.number += 1;
        let next = segment(&self.folder, self.number)?;
        let full = std::mem::replace(&mut self.out, next);
        full.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        self.bytes = HEADER.len() as u64;
        Ok(self.number)
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, frame: &Frame) -> io::Result<()> {
        self.frame.clear();
        let bytes = postcard::to_extend(frame, std::mem::take(&mut self.frame)).map_err(io::Error::other)?;
        self.out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        self.out.write_all(&model::hash::bytes(0, &bytes).to_le_bytes())?;
        self.out.write_all(&bytes)?;
        self.bytes += bytes.len() as u64 + 12;
        self.frame = bytes;
        if self.bytes >= SEGMENT_BYTES {
            self.next_segment()?;
        }
        Ok(())
    }

    /// Hands what was written over to the system.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Sees that all is on the disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()
    }
}

/// Takes away the files of a log before the one of this number.
///
/// # Errors
/// If they cannot be taken away.
pub fn forget(folder: &Path, before: u32) -> io::Result<()> {
    let mut old = segments(folder)?.into_iter().filter(|path| number_of(path) < before);
    old.try_for_each(fs::remove_file)
}

/// Whether a crash came before a file had begun.
fn is_stub(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.len() < HEADER.len() as u64)
}

fn number_of(path: &Path) -> u32 {
    let name = path.file_stem().map(|stem| stem.to_string_lossy());
    name.and_then(|name| name.parse().ok()).unwrap_or(0)
}

fn segment(folder: &Path, number: u32) -> io::Result<BufWriter<File>> {
    let path = folder.join(format!("{number:06}.{ENDING}"));
    let mut file = if is_stub(&path) { File::create(path)? } else { File::create_new(path)? };
    file.write_all(HEADER)?;
    Ok(BufWriter::with_capacity(1 << 18, file))
}

/// Reads a log.
pub struct LogReader {
    rest: std::vec::IntoIter<PathBuf>,
    path: PathBuf,
    input: BufReader<File>,
    /// Bytes read so far.
    pub bytes: u64,
    frame: Vec<u8>,
    /// Bytes of this file that are whole frames.
    whole: u64,
    /// The first file.
    first: PathBuf,
    marked: Option<(PathBuf, u64)>,
}

impl LogReader {
    /// Opens the log in a folder.
    ///
    /// # Errors
    /// If it cannot be read, or is of another version.
    pub fn open(folder: &Path) -> io::Result<LogReader> {
        LogReader::open_from(folder, 0)
    }

    /// Opens the log in a folder, from the file of this number on.
    ///
    /// # Errors
    /// If it cannot be read, or is of another version.
    pub fn open_from(folder: &Path, number: u32) -> io::Result<LogReader> {
        let mut rest = segments(folder)?;
        rest.retain(|path| number_of(path) >= number && !is_stub(path));
        let mut rest = rest.into_iter();
        let path = rest.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "holds no log"))?;
        let (input, first) = (begin(&path)?, path.clone());
        let whole = HEADER.len() as u64;
        Ok(LogReader { rest, path, input, bytes: 0, frame: Vec::new(), whole, first, marked: None })
    }

    /// Marks the place after what was read last.
    pub fn mark(&mut self) {
        self.marked = Some((self.path.clone(), self.whole));
    }

    /// Cuts off what is after the mark, or all that was opened; the number of the last file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn cut(self) -> io::Result<u32> {
        let (path, length) = self.marked.unwrap_or((self.first, HEADER.len() as u64));
        let file = File::options().write(true).open(&path)?;
        file.set_len(length)?;
        file.sync_all()?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut later = segments(folder)?.into_iter().filter(|other| number_of(other) > number_of(&path));
        later.try_for_each(fs::remove_file)?;
        Ok(number_of(&path))
    }

    /// The next frame; `None` at the end, or where a crash has torn it.
    ///
    /// # Errors
    /// If it is damaged anywhere else.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        loop {
            let mut head = [0; 12];
            let got = read_full(&mut self.input, &mut head)?;
            if got < head.len() {
                match self.rest.next() {
                    None => return Ok(None),
                    Some(_) if got > 0 => return Err(self.damaged("ends within a frame")),
                    Some(next) => {
                        (self.input, self.path, self.whole) = (begin(&next)?, next, HEADER.len() as u64);
                    }
                }
                continue;
            }
            let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
            let mut hash = [0; 8];
            hash.copy_from_slice(&head[4..]);
            // A length that is only claimed sets no memory aside.
            self.frame.clear();
            let limit = if length > MAX_FRAME { 0 } else { u64::from(length) };
            let got = self.input.by_ref().take(limit).read_to_end(&mut self.frame)?;
            let is_whole =
                got == length as usize && model::hash::bytes(0, &self.frame) == u64::from_le_bytes(hash);
            self.bytes += got as u64 + 12;
            if !is_whole {
                let is_last = self.rest.as_slice().is_empty() && self.input.fill_buf()?.is_empty();
                return if is_last { Ok(None) } else { Err(self.damaged("has a damaged frame")) };
            }
            self.whole += got as u64 + 12;
            return match take_frame(&self.frame) {
                Ok((frame, [])) => Ok(Some(frame)),
                Ok(_) | Err(_) => Err(self.damaged("has a frame of another version")),
            };
        }
    }

    fn damaged(&self, what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} {what}", self.path.display()))
    }
}

fn begin(path: &Path) -> io::Result<BufReader<File>> {
    let mut input = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut header = [0; HEADER.len()];
    read_full(&mut input, &mut header)?;
    if &header != HEADER {
        let told = format!("{} is no log, or one of another version", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, told));
    }
    Ok(input)
}

/// Reads as much as there is, up to the length of the buffer.
fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match input.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::EventTime;

    fn written(frames: &[Frame]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut log = LogWriter::create(folder.path()).unwrap();
        frames.iter().for_each(|frame| log.write(frame).unwrap());
        log.finish().unwrap();
        folder
    }

    fn read(folder: &Path) -> io::Result<Vec<Frame>> {
        let mut log = LogReader::open(folder)?;
        let mut frames = Vec::new();
        while let Some(frame) = log.next_frame()? {
            frames.push(frame);
        }
        Ok(frames)
    }

    fn frames() -> Vec<Frame> {
        let entry = |t| Frame::Entry(Entry::Watermark(EventTime(t)));
        vec![
            Frame::Name(0, "a".to_owned()),
            entry(1),
            Frame::Round,
            entry(2),
            Frame::Entry(Entry::End(EventTime(3))),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = written(&frames());
        assert!(is_log(folder.path()));
        assert_eq!(read(folder.path()).unwrap(), frames());
        assert!(LogWriter::create(folder.path()).is_err(), "a log is not written over");
    }

    #[test]
    fn a_torn_end_is_left_out_wherever_it_is_torn() {
        let folder = written(&frames());
        let path = folder.path().join("000001.dwlog");
        let whole = fs::read(&path).unwrap();
        let mut lengths = Vec::new();
        for length in HEADER.len()..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let got = read(folder.path()).unwrap();
            assert_eq!(got, frames()[..got.len()]);
            lengths.push(got.len());
        }
        assert!(lengths.is_sorted() && lengths.ends_with(&[4]));
    }

    #[test]
    fn what_is_after_the_mark_is_cut_off() {
        let folder = written(&frames());
        LogWriter::begin(folder.path(), 2).unwrap().write(&frames()[0]).unwrap();
        let mut log = LogReader::open(folder.path()).unwrap();
        while let Some(frame) = log.next_frame().unwrap() {
            if frame == Frame::Round {
                log.mark();
            }
        }
        assert_eq!(log.cut().unwrap(), 1);
        assert_eq!(read(folder.path()).unwrap(), frames()[..3]);
    }

    #[test]
    fn damage_before_the_end_is_an_error() {
        let folder = written(&frames());
        let path = folder.path().join("000001.dwlog");
        let mut bytes = fs::read(&path).unwrap();
        bytes[HEADER.len() + 13] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("damaged"));
        bytes[3] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("another version"));
    }

    #[test]
    fn an_input_with_a_number_beyond_all_bounds_is_refused() {
        for (number, is_one) in [(MAX_INPUT, true), (MAX_INPUT + 1, false), (u32::MAX, false)] {
            let folder = written(&[Frame::Name(number, String::new()), Frame::Round]);
            assert_eq!(read(folder.path()).is_ok(), is_one, "{number}");
        }
    }
}
