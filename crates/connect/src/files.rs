//! Input files: found, opened and decompressed by what they hold, not by their names.

mod blocks;
mod parquet;
mod topic;

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::CrcReader;

use crate::kafka::Properties;
pub use topic::{Partition, RangeError, SCHEME as TOPIC};

/// Bytes read at once.
const BLOCK: usize = 256 * 1024;
/// Methods of zip archives (APPNOTE.TXT 4.4.5).
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// One stream of lines: a file, a member of an archive, or standard input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// The file; `-` is standard input.
    pub path: PathBuf,
    /// The member of a zip archive.
    pub member: Option<Member>,
    /// A part of a topic, instead of a file.
    pub partition: Option<Partition>,
}

/// A member of a zip archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its name.
    pub name: String,
    start: u64,
    length: u64,
    is_deflated: bool,
    crc: u32,
}

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Nothing matches what was asked for.
    #[error(
        "{0}: no such file; give a file, a directory, a pattern such as 'feed/*.nmea', or - for standard input"
    )]
    Missing(String),
    /// A topic that cannot be read.
    #[error(transparent)]
    Topic(#[from] topic::RangeError),
    /// A pattern that is none.
    #[error("{pattern}: not a pattern")]
    Pattern {
        /// What was given.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// The system refuses.
    #[error("{path}: cannot be read")]
    Io {
        /// The file.
        path: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// An archive that is damaged or of another method.
    #[error("{path}: not a zip archive that can be read: {reason}; unpack it first")]
    Archive {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl Input {
    /// A plain or compressed file.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Input {
        Input { path: path.into(), member: None, partition: None }
    }

    /// How people call it.
    #[must_use]
    pub fn name(&self) -> String {
        if let Some(partition) = &self.partition {
            return partition.name();
        }
        match &self.member {
            Some(member) => format!("{}/{}", self.path.display(), member.name),
            None if self.is_stdin() => "standard input".to_owned(),
            None => self.path.display().to_string(),
        }
    }

    /// Bytes on disk, where known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        if self.partition.is_some() {
            return None;
        }
        match &self.member {
            Some(member) => Some(member.length),
            None if self.is_stdin() => None,
            None => std::fs::metadata(&self.path).ok().map(|data| data.len()),
        }
    }

    /// Whether this is standard input, which can be read once only.
    #[must_use]
    pub fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Opens it and undoes its compression.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn open(&self) -> Result<Box<dyn BufRead + Send>, InputError> {
        self.open_counted(&Arc::default())
    }

    /// Opens it, undoes its compression, and counts the bytes read from disk.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn open_counted(&self, count: &Arc<AtomicU64>) -> Result<Box<dyn BufRead + Send>, InputError> {
        let fail = |source| InputError::Io { path: self.name(), source };
        if let Some(partition) = &self.partition {
            return Ok(Box::new(partition.open(count).map_err(fail)?));
        }
        if self.is_stdin() {
            return decompress(Box::new(BufReader::with_capacity(BLOCK, std::io::stdin()))).map_err(fail);
        }
        let mut file = File::open(&self.path).map_err(fail)?;
        let Some(member) = &self.member else {
            let mut magic = [0; 4];
            let length = read_up_to(&mut file, &mut magic).map_err(fail)?;
            file.seek(SeekFrom::Start(0)).map_err(fail)?;
            if magic[..length] == *parquet::MAGIC {
                return Ok(Box::new(parquet::Rows::open(file, count).map_err(fail)?));
            }
            let file = Counted { reader: file, count: Arc::clone(count) };
            return decompress(Box::new(BufReader::with_capacity(BLOCK, file))).map_err(fail);
        };
        file.seek(SeekFrom::Start(member.start)).map_err(fail)?;
        let file = Counted { reader: file, count: Arc::clone(count) };
        let body = BufReader::with_capacity(BLOCK, file).take(member.length);
        let plain: Box<dyn Read + Send> = if member.is_deflated {
            Box::new(flate2::bufread::DeflateDecoder::new(body))
        } else {
            Box::new(body)
        };
        let checked = Checked { reader: CrcReader::new(plain), crc: member.crc };
        decompress(Box::new(BufReader::with_capacity(BLOCK, checked))).map_err(fail)
    }
}

/// Finds the inputs that a person means: files, directories, patterns, `-`.
///
/// # Errors
/// If nothing is found, or an archive cannot be listed.
pub fn find(arguments: &[String]) -> Result<Vec<Input>, InputError> {
    find_with(arguments, &Properties::new())
}

/// The same, and ranges of topics, for which the Kafka client is told these.
///
/// # Errors
/// If nothing is found, an archive cannot be listed, or the brokers do not say what a topic holds.
pub fn find_with(arguments: &[String], properties: &Properties) -> Result<Vec<Input>, InputError> {
    let mut inputs = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        if argument.starts_with(topic::SCHEME) {
            let of = |partition: Partition| {
                let path = PathBuf::from(argument);
                Input { path, member: None, partition: Some(partition) }
            };
            inputs.extend(topic::find(argument, properties)?.into_iter().map(of));
        } else if argument == "-" {
            inputs.push(Input::file("-"));
        } else if path.is_dir() {
            directory(path, &mut inputs)?;
        } else if path.exists() {
            file(path, &mut inputs)?;
        } else {
            let before = inputs.len();
            let paths = glob::glob(argument)
                .map_err(|source| InputError::Pattern { pattern: argument.clone(), source })?;
            for found in paths.flatten().filter(|found| found.is_file()) {
                file(&found, &mut inputs)?;
            }
            if inputs.len() == before {
                return Err(InputError::Missing(argument.clone()));
            }
        }
    }
    Ok(inputs)
}

fn directory(path: &Path, inputs: &mut Vec<Input>) -> Result<(), InputError> {
    let fail = |source| InputError::Io { path: path.display().to_string(), source };
    let entries = std::fs::read_dir(path).map_err(fail)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(fail)?;
    paths.sort();
    for path in paths {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !is_hidden {
            directory(&path, inputs)?;
        } else if path.is_file() && !is_hidden {
            file(&path, inputs)?;
        }
    }
    Ok(())
}

fn file(path: &Path, inputs: &mut Vec<Input>) -> Result<(), InputError> {
    let name = path.display().to_string();
    let fail = |source| InputError::Io { path: name.clone(), source };
    let mut handle = File::open(path).map_err(fail)?;
    let mut magic = [0; 4];
    let length = read_up_to(&mut handle, &mut magic).map_err(fail)?;
    if magic[..length] != *b"PK\x03\x04" {
        inputs.push(Input::file(path));
        return Ok(());
    }
    let broken = |reason: String| InputError::Archive { path: path.display().to_string(), reason };
    let mut archive = zip::ZipArchive::new(handle).map_err(|error| broken(error.to_string()))?;
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|error| broken(error.to_string()))?;
        if member.is_dir() {
            continue;
        }
        let method = member.compression();
        let is_deflated = match number_of(method) {
            STORED => false,
            DEFLATED => true,
            _ => return Err(broken(format!("{} is compressed by {method}", member.name()))),
        };
        let start = member.data_start().ok_or_else(|| broken(format!("{} has no data", member.name())))?;
        inputs.push(Input {
            path: path.to_owned(),
            member: Some(Member {
                name: member.name().to_owned(),
                start,
                length: member.compressed_size(),
                is_deflated,
                crc: member.crc32(),
            }),
            partition: None,
        });
    }
    Ok(())
}

#[expect(
    deprecated,
    reason = "the only way to the number of a method that this build does not decompress itself"
)]
fn number_of(method: zip::CompressionMethod) -> u16 {
    method.to_u16()
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

/// Undoes compression as the first bytes tell it.
fn decompress(mut reader: Box<dyn BufRead + Send>) -> std::io::Result<Box<dyn BufRead + Send>> {
    let mut magic = [0; 4];
    let length = read_up_to(&mut reader, &mut magic)?;
    let whole = Cursor::new(magic[..length].to_vec()).chain(reader);
    let plain: Box<dyn Read + Send> = match magic {
        [0x1F, 0x8B, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(whole)),
        [0x28, 0xB5, 0x2F, 0xFD] => Box::new(zstd::Decoder::with_buffer(whole)?),
        _ if magic[..length] == *parquet::MAGIC => {
            return Err(std::io::Error::other(
                "Parquet can be read only from a file by itself; unpack it first",
            ));
        }
        [b'B', b'Z', b'h', _] => Box::new(bzip2::bufread::MultiBzDecoder::new(whole)),
        _ => return Ok(Box::new(BufReader::with_capacity(BLOCK, whole))),
    };
    Ok(Box::new(BufReader::with_capacity(BLOCK, plain)))
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.count.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// Compares the checksum of an archive's member at its end.
struct Checked {
    reader: CrcReader<Box<dyn Read + Send>>,
    crc: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.reader.read(buffer)?;
        if length == 0 && !buffer.is_empty() && self.reader.crc().sum() != self.crc {
            return Err(std::io::Error::other("checksum of the archive's member does not fit"));
        }
        Ok(length)
    }
}
