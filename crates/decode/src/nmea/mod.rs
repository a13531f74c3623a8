//! NMEA logs and feeds: lines to messages.
//!
//! A line may hold a stamp, TAG blocks, one or more sentences, and fields behind the checksum.
//! [`NmeaDecoder`] keeps what one source needs between lines: TAG groups, parts of messages that
//! wait for the rest, and the last clock sentence of the file.

mod assembly;
mod clock;
mod plain;
mod sentence;
mod tag;

pub use assembly::Assembly;

use model::{EventTime, Fate, Origin, Reason};
use serde::{Deserialize, Serialize};

use crate::bits::Bits;
use crate::message::{self, Envelope};
use crate::{Content, Decoded, Settings, Stamp, TagChecksum};
use assembly::{Joined, Part, PartKey};
use sentence::{Body, Segment, Segments, Sentence};
use tag::{Groups, Tag};

/// Turns the lines of one source into reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NmeaDecoder {
    settings: Settings,
    assembly: Assembly,
    groups: Groups,
    /// A TAG block alone on its line, for the sentence that follows.
    lone_tag: Option<Tag>,
    /// Time of a `$PGHP` line, for the very next line.
    companion: Option<EventTime>,
    /// Time of the last RMC or ZDA of this file.
    clock: Option<EventTime>,
    lines: u64,
    /// TAG blocks used in spite of a wrong checksum.
    pub tag_warnings: u64,
    /// Lines without a time get the next of these, where the user gave one.
    assumed: Option<AssumedTime>,
    /// Of a live source: when the line has arrived, which is its time if it has no other.
    arrival: Option<EventTime>,
    #[serde(skip)]
    bits: Bits,
}

/// Times for lines that have none: line n has `start` + n · `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssumedTime {
    /// Time of the first line.
    pub start: EventTime,
    /// Milliseconds from line to line.
    pub step_ms: i64,
}

impl NmeaDecoder {
    /// A decoder for one source.
    #[must_use]
    pub fn new(settings: Settings, assumed: Option<AssumedTime>) -> NmeaDecoder {
        NmeaDecoder {
            settings,
            assembly: Assembly::default(),
            groups: Groups::default(),
            lone_tag: None,
            companion: None,
            clock: None,
            lines: 0,
            tag_warnings: 0,
            assumed,
            arrival: None,
            bits: Bits::default(),
        }
    }

    /// Forgets what holds only within one file: its clock sentences.
    pub fn next_file(&mut self) {
        self.companion = None;
        self.clock = None;
        self.lone_tag = None;
    }

    /// The next lines arrive at this time on a live source.
    pub fn arrive(&mut self, t: EventTime) {
        self.settings.arrive(t);
        self.arrival = Some(t);
    }

    /// Decodes one line, without its line end. Each sentence on it is given out as one line.
    pub fn decode(&mut self, line: &[u8], origin: Origin, out: &mut impl FnMut(Decoded)) {
        self.lines += 1;
        self.assembly.expire(self.lines, &mut |part_origin| {
            out(Decoded::line(Fate::Rejected(Reason::Incomplete), part_origin));
        });
        let companion = self.companion.take();
        let line = line.trim_ascii();
        if self.lone_tag.is_none()
            && let Some((mut tag, text)) = Tag::front(line)
        {
            if plain::read(text, &mut self.bits) {
                self.groups.share(&mut tag, self.lines);
                let t = tag.time.or(companion).or(self.clock);
                return out(self.message(t, 1, tag.station, origin));
            }
            if let [b'$', rest @ ..] = text
                && memchr::memchr3(b'\\', b'!', b'$', rest).is_none()
            {
                return self.no_message(text, tag, origin, out);
            }
        }
        self.by_segments(line, companion, origin, out);
    }

    /// A `$` sentence: it may tell the time.
    fn no_message(&mut self, sentence: &[u8], mut tag: Tag, origin: Origin, out: &mut impl FnMut(Decoded)) {
        if let Some(t) = clock::companion(sentence) {
            self.companion = Some(t);
        } else {
            self.clock = clock::clock(sentence).or(self.clock);
            self.lone_tag = None;
        }
        self.groups.share(&mut tag, self.lines);
        out(Decoded::line(Fate::Other, origin));
    }

    /// Decodes a line of any form.
    fn by_segments(
        &mut self,
        line: &[u8],
        companion: Option<EventTime>,
        origin: Origin,
        out: &mut impl FnMut(Decoded),
    ) {
        let mut segments = Segments::new(line);
        let mut any = false;
        while let Some(segment) = segments.next_segment() {
            any = true;
            self.segment(&segment, companion, origin, out);
        }
        if !any {
            out(Decoded::line(Fate::Other, origin));
        }
    }

    /// Ends the source: parts that still wait are `incomplete`.
    pub fn finish(&mut self, out: &mut impl FnMut(Decoded)) {
        self.assembly.flush(&mut |part_origin| {
            out(Decoded::line(Fate::Rejected(Reason::Incomplete), part_origin));
        });
    }

    fn segment(
        &mut self,
        segment: &Segment<'_>,
        companion: Option<EventTime>,
        origin: Origin,
        out: &mut impl FnMut(Decoded),
    ) {
        let mut tag = Tag::parse(segment.tags());
        match segment.body {
            Body::None => {
                self.groups.share(&mut tag, self.lines);
                self.lone_tag = Some(tag.after(self.lone_tag.take()));
                self.companion = companion;
                out(Decoded::line(Fate::Other, origin));
            }
            Body::Clock(sentence) => self.no_message(sentence, tag, origin, out),
            Body::Other => {
                self.groups.share(&mut tag, self.lines);
                self.lone_tag = None;
                out(Decoded::line(Fate::Other, origin));
            }
            Body::Malformed => {
                self.lone_tag = None;
                out(Decoded::line(Fate::Rejected(Reason::Malformed), origin));
            }
            Body::Ais(ref sentence) => {
                tag = tag.after(self.lone_tag.take());
                self.groups.share(&mut tag, self.lines);
                self.sentence(sentence, segment, &tag, companion, origin, out);
            }
        }
    }

    fn sentence(
        &mut self,
        sentence: &Sentence<'_>,
        segment: &Segment<'_>,
        tag: &Tag,
        companion: Option<EventTime>,
        origin: Origin,
        out: &mut impl FnMut(Decoded),
    ) {
        // A single sentence is a whole message: too few bits make it malformed before its
        // checksum is looked at. Parts are measured when they are joined.
        let whole = sentence.total == 1;
        self.bits.clear();
        let armour = self.bits.push(sentence.payload, sentence.fill);
        if !armour || sentence.payload.is_empty() || whole && self.is_too_short() {
            return out(Decoded::line(Fate::Rejected(Reason::Malformed), origin));
        }
        if !sentence.checksum_fits {
            return out(Decoded::line(Fate::Rejected(Reason::Checksum), origin));
        }
        if tag.has_wrong_checksum {
            match self.settings.tag_checksum {
                TagChecksum::Lenient => self.tag_warnings += 1,
                TagChecksum::Strict => return out(Decoded::line(Fate::Rejected(Reason::BadTag), origin)),
            }
        }
        let suffix = segment.suffix();
        let t = tag.time.or_else(|| segment.stamp()).or(suffix.time).or(companion).or(self.clock);
        let station = if tag.station != 0 { tag.station } else { suffix.station };
        if whole {
            out(self.message(t, 1, station, origin));
            return;
        }
        let key = PartKey {
            station,
            group: tag.group.map(|group| group.id),
            sequence: sentence.sequence,
            channel: sentence.channel,
            total: sentence.total,
        };
        let part = Part::new(sentence.number, sentence.payload, sentence.fill, t, origin);
        let bits = &mut self.bits;
        let joined = self.assembly.add(key, part, self.lines, bits, &mut |part_origin| {
            out(Decoded::line(Fate::Rejected(Reason::Incomplete), part_origin));
        });
        if let Some(Joined { t, origin }) = joined {
            let decoded = if self.is_too_short() {
                let fate = Content::Fate(Fate::Rejected(Reason::Malformed));
                Decoded { stamp: None, lines: sentence.total, kind: None, station, origin, content: fate }
            } else {
                self.message(t, sentence.total, station, origin)
            };
            out(decoded);
        }
    }

    fn is_too_short(&self) -> bool {
        message::is_too_short(&self.bits)
    }

    /// Judges the message in `self.bits`.
    fn message(&self, t: Option<EventTime>, lines: u8, station: u64, origin: Origin) -> Decoded {
        let kind = Some(self.bits.unsigned(0, 6) as u8);
        let mut decoded =
            Decoded { stamp: None, lines, kind, station, origin, content: Content::Fate(Fate::OtherType) };
        let t = t.or(self.arrival).or_else(|| {
            let assumed = self.assumed?;
            Some(EventTime(assumed.start.0 + (self.lines as i64 - 1) * assumed.step_ms))
        });
        let reject = |reason| Content::Fate(Fate::Rejected(reason));
        decoded.stamp = t.map(|t| Stamp { t, mmsi: message::mmsi(&self.bits) });
        // Live, a clock that is ahead of its arrival must not move time for others, however often it says so.
        if self.arrival.is_some() && t.is_some_and(|t| !self.settings.believes(t)) {
            decoded.stamp = None;
        }
        match t {
            None => decoded.content = reject(Reason::NoTime),
            Some(t) if !self.settings.believes(t) => decoded.content = reject(Reason::BadTime),
            Some(t) => {
                decoded.content = message::decode(&self.bits, Envelope { t, lines, origin });
            }
        }
        decoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TagChecksum;

    const SENTENCE: &str = "!AIVDM,1,1,,B,33L=LN051HQj3HhRJd7q1W=`0000,0*03";
    const NOON: EventTime = EventTime(1_696_161_600_000);
    const MINUTE_MS: i64 = 60_000;

    /// What comes of a line that arrives at noon on a live source.
    fn live(line: &str) -> Decoded {
        let settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };
        let mut decoder = NmeaDecoder::new(settings, None);
        decoder.arrive(NOON);
        let mut decoded = None;
        decoder.decode(line.as_bytes(), Origin::default(), &mut |one| decoded = Some(one));
        decoded.unwrap()
    }

    #[test]
    fn live_a_line_without_a_time_has_that_of_its_arrival() {
        let decoded = live(SENTENCE);
        assert_eq!(decoded.stamp.map(|stamp| stamp.t), Some(NOON));
        assert!(matches!(decoded.content, Content::Transmission(_)));
    }

    #[test]
    fn live_a_stamp_far_ahead_of_its_arrival_is_none() {
        let stamped =
            |ahead_min: i64| live(&alloc::format!("{} {SENTENCE}", (NOON.0 + ahead_min * MINUTE_MS) / 1_000));
        let near = stamped(10);
        assert_eq!(near.stamp.map(|stamp| stamp.t.0 - NOON.0), Some(10 * MINUTE_MS));
        let far = stamped(11);
        assert_eq!((far.stamp, far.content), (None, Content::Fate(Fate::Rejected(Reason::BadTime))));
    }
}
