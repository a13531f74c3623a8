//! Writes an input again without the lines of some ships in some intervals.
//!
//! A line that is taken out leaves an empty one, so that all others keep their numbers. A message of several sentences is
//! taken out whole: its last one tells whose it is, and the others are looked for in the lines before.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;

use connect::files::Input;
use connect::lines::{Line, Lines};
use connect::reader::{Opened, ReadSettings, Reader};
use decode::{Content, Decoded};
use model::Transmission;

use super::stretches::Blank;
use crate::cli;

/// Lines kept until their message is known; a decoder waits for parts no longer (its `MEMORY_LINES`), and one line may
/// hold several.
const HELD_LINES: usize = 1_024;
/// Slower than this is at rest, in 0.1 kn.
const REST_SOG: u16 = 5;

/// What was taken out of a ship's track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Lines.
    pub lines: usize,
    /// Positions.
    pub positions: usize,
    /// Positions at which it was not known to be at rest.
    pub moving: usize,
    /// The last position before.
    pub heard_before: Option<i64>,
}

impl Taken {
    /// Slower than 0.5 kn all through.
    pub fn is_at_rest(&self) -> bool {
        self.positions > 0 && self.moving == 0
    }
}

/// Opens an input; `None` if nothing in it can be read, which is told.
pub fn open(input: &Input, settings: &ReadSettings) -> anyhow::Result<Option<Box<Reader>>> {
    let why = match Reader::open(input, 0, settings)? {
        Opened::Reader(reader) => return Ok(Some(reader)),
        Opened::Empty => "is empty".to_owned(),
        Opened::Unknown => {
            "no AIS sentence, table header or JSON object in its first lines; give --format".to_owned()
        }
        Opened::Header(error) => error.to_string(),
    };
    cli::warn(&format!("{}: {why}", input.name()));
    Ok(None)
}

/// Copies an input but for the blanks, and counts what was taken out of each ship.
pub fn copy(
    input: &Input,
    settings: &ReadSettings,
    blanks: &BTreeMap<u32, Blank>,
    taken: &mut BTreeMap<u32, Taken>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let Some(mut reader) = open(input, settings)? else { return Ok(()) };
    let mut lines = Lines::new(input.open()?, settings.max_line_bytes);
    let mut held = Held::default();
    let mut decoded: Vec<Decoded> = Vec::new();
    while let Some(line) = lines.next_line()? {
        let text = match line {
            Line::Text(text) => text.to_vec(),
            // Nothing reads it.
            Line::TooLong => Vec::new(),
        };
        held.push(text, out)?;
        reader.read(1, &mut |line| decoded.push(line))?;
        for decoded in decoded.drain(..) {
            if is_blank(&decoded, blanks, taken) {
                let taken_lines = held.take(decoded.origin.line, usize::from(decoded.lines));
                let mmsi = decoded.stamp.map_or(0, |stamp| stamp.mmsi.0);
                taken.entry(mmsi).or_default().lines += taken_lines;
            }
        }
    }
    held.flush(out)?;
    Ok(())
}

/// Whether a message falls into a blank of its ship; counts it.
fn is_blank(decoded: &Decoded, blanks: &BTreeMap<u32, Blank>, taken: &mut BTreeMap<u32, Taken>) -> bool {
    let Some(stamp) = decoded.stamp else { return false };
    let Some(blank) = blanks.get(&stamp.mmsi.0) else { return false };
    let t = stamp.t.0;
    if let Content::Transmission(Transmission::Position(report)) = &decoded.content {
        let taken = taken.entry(stamp.mmsi.0).or_default();
        if blank.holds(t) {
            taken.positions += 1;
            taken.moving += usize::from(report.sog.is_none_or(|sog| sog >= REST_SOG));
        } else if t < blank.start {
            taken.heard_before = taken.heard_before.max(Some(t));
        }
    }
    blank.holds(t)
}

/// The last lines, not written yet.
#[derive(Default)]
struct Held {
    /// `None` stands for a line that was taken out.
    lines: VecDeque<Option<Vec<u8>>>,
    /// The number of the last line, from 1.
    last: u64,
}

impl Held {
    fn push(&mut self, line: Vec<u8>, out: &mut impl Write) -> std::io::Result<()> {
        self.lines.push_back(Some(line));
        self.last += 1;
        if self.lines.len() > HELD_LINES {
            self.write_first(out)?;
        }
        Ok(())
    }

    /// Takes out a message of `count` lines whose last is `number`; gives how many were found.
    fn take(&mut self, number: u64, count: usize) -> usize {
        let first = self.last + 1 - self.lines.len() as u64;
        let Some(mut at) = number.checked_sub(first).map(|at| at as usize) else { return 0 };
        let Some(last) = self.lines.get_mut(at).and_then(Option::take) else { return 0 };
        let Some(key) = (count > 1).then(|| part(&last)).flatten() else { return 1 };
        let mut numbers = vec![key.number];
        while at > 0 && numbers.len() < count {
            at -= 1;
            let is_missing = |other: &Part<'_>| other.is_of(&key) && !numbers.contains(&other.number);
            let found = self.lines[at].as_deref().and_then(part).filter(is_missing);
            if let Some(found) = found {
                numbers.push(found.number);
                self.lines[at] = None;
            }
        }
        numbers.len()
    }

    fn write_first(&mut self, out: &mut impl Write) -> std::io::Result<()> {
        if let Some(line) = self.lines.pop_front() {
            out.write_all(&line.unwrap_or_default())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut impl Write) -> std::io::Result<()> {
        while !self.lines.is_empty() {
            self.write_first(out)?;
        }
        Ok(())
    }
}

/// What tells to which message a sentence belongs (NMEA 0183: talker, total, number, sequential identifier, channel; and
/// the group and the station of its TAG block).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part<'a> {
    number: u8,
    total: u8,
    talker: &'a [u8],
    sequence: &'a [u8],
    channel: &'a [u8],
    group: Option<&'a [u8]>,
    /// Only the first of a group need have it.
    station: Option<&'a [u8]>,
}

impl Part<'_> {
    fn is_of(&self, other: &Part<'_>) -> bool {
        let is_same_station = match (self.station, other.station) {
            (Some(a), Some(b)) => a == b,
            (None, _) | (_, None) => true,
        };
        is_same_station
            && (self.total, self.talker, self.sequence, self.channel, self.group)
                == (other.total, other.talker, other.sequence, other.channel, other.group)
    }
}

/// The last sentence of a line, if it is one of several.
fn part(line: &[u8]) -> Option<Part<'_>> {
    let start = line.iter().rposition(|byte| *byte == b'!')?;
    let mut fields = line[start..].split(|byte| *byte == b',');
    let digit = |field: Option<&[u8]>| match field {
        Some([digit @ b'1'..=b'9']) => Some(digit - b'0'),
        Some(_) | None => None,
    };
    let talker = fields.next()?;
    let (total, number) = (digit(fields.next())?, digit(fields.next())?);
    let (sequence, channel) = (fields.next()?, fields.next()?);
    let tags = &line[..start];
    let group = tag(tags, b"g:").and_then(|group| group.rsplit(|byte| *byte == b'-').next());
    Some(Part { number, total, talker, sequence, channel, group, station: tag(tags, b"s:") })
}

/// A field of the TAG block before a sentence, such as `g:1-2-1234` of group 1234.
fn tag<'a>(tags: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut fields = tags.split(|byte| matches!(byte, b'\\' | b',' | b'*'));
    fields.find_map(|field| field.strip_prefix(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(lines: &[&str], number: u64, count: usize) -> Vec<String> {
        let mut held = Held::default();
        let mut out = Vec::new();
        lines.iter().for_each(|line| held.push(line.as_bytes().to_vec(), &mut out).unwrap());
        held.take(number, count);
        held.flush(&mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_message_is_taken_out_whole_though_others_stand_between() {
        let lines = [
            r"\g:1-2-7,s:a,c:1*00\!AIVDM,2,1,3,A,x,0*00",
            r"\g:1-2-8,s:b,c:1*00\!AIVDM,2,1,3,A,y,0*00",
            "!AIVDM,1,1,,A,z,0*00",
            r"\g:2-2-7*00\!AIVDM,2,2,3,A,x,0*00",
            r"\g:2-2-8*00\!AIVDM,2,2,3,A,y,0*00",
        ];
        assert_eq!(left(&lines, 4, 2), ["", lines[1], lines[2], "", lines[4]]);
        assert_eq!(left(&lines, 3, 1), [lines[0], lines[1], "", lines[3], lines[4]]);
    }

    #[test]
    fn a_part_of_another_message_stays() {
        let lines = ["!AIVDM,2,1,3,A,x,0*00", "!AIVDM,2,1,4,A,y,0*00", "!AIVDM,2,2,3,A,x,0*00"];
        assert_eq!(left(&lines, 3, 2), ["", lines[1], ""]);
    }

    #[test]
    fn a_part_that_another_station_heard_stays() {
        let lines = [
            r"\s:a,c:1*00\!AIVDM,2,1,3,A,x,0*00",
            r"\s:b,c:1*00\!AIVDM,2,1,3,A,y,0*00",
            r"\s:a,c:1*00\!AIVDM,2,2,3,A,x,0*00",
        ];
        assert_eq!(left(&lines, 3, 2), ["", lines[1], ""]);
    }

    #[test]
    fn lines_that_are_no_sentences_are_no_parts() {
        assert_eq!(part(b"2024-02-01 00:00:00,219000001,55.1,11.2"), None);
        assert_eq!(part(b"{\"mmsi\":1}"), None);
        assert_eq!(part(b"!AIVDM,2,2,,B,88888888880,2*25").map(|part| part.number), Some(2));
    }
}
