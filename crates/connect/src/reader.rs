//! Reads one input: tells its format, and gives decoded lines.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use decode::json::JsonDecoder;
use decode::nmea::{AssumedTime, NmeaDecoder};
use decode::table::{ColumnMap, TableDecoder};
use decode::{Decoded, Settings};
use model::{EventTime, Fate, Origin, Reason};

use crate::files::{Input, InputError};
use crate::lines::{Line, Lines};

/// Lines looked at to tell the format.
const SNIFF_LINES: usize = 200;

/// What the lines of an input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NMEA sentences.
    Nmea,
    /// A table with a header.
    Table,
    /// JSON objects.
    Json,
}

/// How to read inputs.
#[derive(Clone, Debug)]
pub struct ReadSettings {
    /// Settings of the decoders.
    pub decode: Settings,
    /// The format, where the user names one.
    pub format: Option<Format>,
    /// Columns of tables without a known header.
    pub columns: Option<ColumnMap>,
    /// Times for lines without one.
    pub assumed: Option<AssumedTime>,
    /// Longest line in bytes.
    pub max_line_bytes: usize,
    /// Counts the bytes read from disk, for those who watch.
    pub bytes_on_disk: Arc<AtomicU64>,
}

/// An open input.
pub struct Reader {
    lines: Lines<Box<dyn BufRead + Send>>,
    decoder: Decoder,
    origin: Origin,
    /// The first lines, read to tell the format.
    ahead: std::vec::IntoIter<Option<Vec<u8>>>,
    /// Lines of those that are no rows: the header, and blanks before it.
    header_lines: usize,
}

enum Decoder {
    Nmea(Box<NmeaDecoder>),
    Table(Box<TableDecoder>),
    Json(JsonDecoder),
}

/// What an input turned out to be.
pub enum Opened {
    /// Something that can be read.
    Reader(Box<Reader>),
    /// Nothing at all.
    Empty,
    /// Nothing that is known.
    Unknown,
    /// A table whose header cannot be used.
    Header(decode::table::HeaderError),
}

impl Reader {
    /// Opens an input; `number` is its place among all inputs.
    ///
    /// # Errors
    /// If it cannot be opened or its beginning cannot be read.
    pub fn open(input: &Input, number: u32, settings: &ReadSettings) -> Result<Opened, InputError> {
        let fail = |source| InputError::Io { path: input.name(), source };
        let mut lines = Lines::new(input.open_counted(&settings.bytes_on_disk)?, settings.max_line_bytes);
        let mut ahead: Vec<Option<Vec<u8>>> = Vec::new();
        let mut format = settings.format;
        while ahead.len() < SNIFF_LINES && (ahead.is_empty() || format.is_none()) {
            match lines.next_line() {
                Ok(None) => break,
                Ok(Some(Line::TooLong)) => ahead.push(None),
                Ok(Some(Line::Text(text))) => {
                    format = format.or_else(|| tell(text));
                    ahead.push(Some(text.to_vec()));
                }
                Err(_) if !ahead.is_empty() => break,
                Err(source) => return Err(fail(source)),
            }
        }
        if ahead.is_empty() {
            return Ok(Opened::Empty);
        }
        let format = match (format, &settings.columns) {
            (Some(format), _) => format,
            (None, Some(_)) => Format::Table,
            (None, None) => return Ok(Opened::Unknown),
        };
        let mut skip = 0;
        let decoder = match format {
            Format::Nmea => Decoder::Nmea(Box::new(NmeaDecoder::new(settings.decode, settings.assumed))),
            Format::Json => Decoder::Json(JsonDecoder::new(settings.decode)),
            Format::Table => {
                let is_text =
                    |line: &Option<Vec<u8>>| line.as_ref().is_some_and(|line| !line.trim_ascii().is_empty());
                skip = ahead.iter().position(is_text).unwrap_or(0);
                let header = ahead[skip].clone().unwrap_or_default();
                match TableDecoder::from_header(&header, settings.columns.as_ref(), settings.decode) {
                    Ok(table) => {
                        skip += usize::from(table.has_header());
                        Decoder::Table(Box::new(table))
                    }
                    Err(error) => return Ok(Opened::Header(error)),
                }
            }
        };
        let origin = Origin { input: number, line: 0 };
        let reader = Reader { lines, decoder, origin, ahead: ahead.into_iter(), header_lines: skip };
        Ok(Opened::Reader(Box::new(reader)))
    }

    /// Lines read so far.
    #[must_use]
    pub fn lines_read(&self) -> u64 {
        self.origin.line
    }

    /// What the decoder of sentences holds.
    #[must_use]
    pub fn nmea(&self) -> Option<&NmeaDecoder> {
        match &self.decoder {
            Decoder::Nmea(nmea) => Some(nmea),
            Decoder::Table(_) | Decoder::Json(_) => None,
        }
    }

    /// Goes to where so many lines were read, with what the decoder of sentences held then.
    ///
    /// # Errors
    /// If the input fails on the way.
    pub fn go_to(&mut self, lines: u64, held: Option<Box<NmeaDecoder>>) -> std::io::Result<()> {
        while self.origin.line < lines {
            if self.ahead.next().is_some() {
                self.header_lines = self.header_lines.saturating_sub(1);
            } else if self.lines.next_line()?.is_none() {
                // The end had been read, too.
                self.origin.line = lines;
                break;
            }
            self.origin.line += 1;
        }
        if let (Decoder::Nmea(nmea), Some(held)) = (&mut self.decoder, held) {
            *nmea = held;
        }
        Ok(())
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        match self.decoder {
            Decoder::Nmea(_) => Format::Nmea,
            Decoder::Table(_) => Format::Table,
            Decoder::Json(_) => Format::Json,
        }
    }

    /// Takes over what a former file of the same feed left in the decoder.
    pub fn continue_from(&mut self, former: Reader) -> u64 {
        let warnings = former.tag_warnings();
        if let (Decoder::Nmea(mine), Decoder::Nmea(mut theirs)) = (&mut self.decoder, former.decoder) {
            theirs.next_file();
            *mine = theirs;
        }
        warnings
    }

    /// Bytes read so far, after decompression.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    /// TAG blocks used in spite of a wrong checksum.
    #[must_use]
    pub fn tag_warnings(&self) -> u64 {
        match &self.decoder {
            Decoder::Nmea(nmea) => nmea.tag_warnings,
            Decoder::Table(_) | Decoder::Json(_) => 0,
        }
    }

    /// Decodes up to `count` lines; `false` at the end.
    ///
    /// # Errors
    /// If the input fails midway; what was read before has been given out.
    pub fn read(&mut self, count: usize, out: &mut impl FnMut(Decoded)) -> std::io::Result<bool> {
        let mut left = count;
        while left > 0
            && let Some(line) = self.ahead.next()
        {
            left -= 1;
            self.origin.line += 1;
            let origin = self.origin;
            if self.header_lines > 0 {
                self.header_lines -= 1;
                out(Decoded::line(Fate::Other, origin));
            } else {
                self.decoder.decode(line.as_deref().map_or(Line::TooLong, Line::Text), origin, out);
            }
        }
        let (decoder, origin) = (&mut self.decoder, &mut self.origin);
        let mut each = |line: Line<'_>| {
            origin.line += 1;
            decoder.decode(line, *origin, out);
        };
        while left > 0 {
            match self.lines.next_lines(left, &mut each)? {
                0 => {
                    // The end counts as one, too: who goes to where it was read goes to the end.
                    self.origin.line += 1;
                    return Ok(false);
                }
                read => left -= read,
            }
        }
        Ok(true)
    }

    /// Ends the source: parts that still wait are `incomplete`.
    pub fn finish(&mut self, out: &mut impl FnMut(Decoded)) {
        if let Decoder::Nmea(nmea) = &mut self.decoder {
            nmea.finish(out);
        }
    }
}

impl Decoder {
    fn decode(&mut self, line: Line<'_>, origin: Origin, out: &mut impl FnMut(Decoded)) {
        let Line::Text(line) = line else {
            return out(Decoded::line(Fate::Rejected(Reason::Malformed), origin));
        };
        match self {
            Decoder::Nmea(nmea) => nmea.decode(line, origin, out),
            Decoder::Table(table) => out(table.decode(line, origin)),
            Decoder::Json(json) => out(json.decode(line, origin)),
        }
    }
}

/// What a line says of the format of its file.
fn tell(line: &[u8]) -> Option<Format> {
    let holds = |what: &[u8]| memchr::memmem::find(line, what).is_some();
    if TableDecoder::detect(line).is_some() {
        Some(Format::Table)
    } else if decode::json::detect(line).is_some() {
        Some(Format::Json)
    } else if holds(b"VDM,") || holds(b"VDO,") || line.starts_with(b"$PGHP") {
        Some(Format::Nmea)
    } else {
        None
    }
}

/// The time of the first message of an input, looked up in its first lines, and its format.
///
/// # Errors
/// If it cannot be opened.
pub fn first_time(input: &Input, settings: &ReadSettings) -> Result<Option<(EventTime, Format)>, InputError> {
    const LOOK_LINES: usize = 5_000;
    let settings = ReadSettings { bytes_on_disk: Arc::default(), ..settings.clone() };
    let Opened::Reader(mut reader) = Reader::open(input, 0, &settings)? else { return Ok(None) };
    let mut first = None;
    for _ in 0..LOOK_LINES {
        let more = reader.read(1, &mut |decoded| first = first.or(decoded.stamp.map(|stamp| stamp.t)));
        if first.is_some() || !matches!(more, Ok(true)) {
            break;
        }
    }
    Ok(first.map(|t| (t, reader.format())))
}
