//! The anatomy of a line: stamp, TAG blocks, sentences, and fields behind the checksum.

use model::EventTime;

use crate::eight::folded;

/// Cuts a line into segments of TAG blocks and one sentence each.
pub struct Segments<'a> {
    line: &'a [u8],
    at: usize,
    stamp: &'a [u8],
}

/// One sentence with what stands before and behind it.
pub struct Segment<'a> {
    stamp: &'a [u8],
    tags: &'a [u8],
    suffix: &'a [u8],
    pub body: Body<'a>,
}

/// What a segment's sentence is.
pub enum Body<'a> {
    /// TAG blocks alone.
    None,
    /// A `$` sentence that may tell the time.
    Clock(&'a [u8]),
    /// Any other sentence or text.
    Other,
    /// Meant as VDM or VDO, but not of its form.
    Malformed,
    /// A VDM or VDO sentence.
    Ais(Sentence<'a>),
}

/// A VDM or VDO sentence, its fields in range.
pub struct Sentence<'a> {
    pub total: u8,
    pub number: u8,
    /// Sequential message identifier, `None` where it is empty.
    pub sequence: Option<u8>,
    /// First character of the channel, 0 where it is empty.
    pub channel: u8,
    pub payload: &'a [u8],
    pub fill: u8,
    pub checksum_fits: bool,
}

impl<'a> Segments<'a> {
    pub fn new(line: &'a [u8]) -> Segments<'a> {
        let at = if line.first() == Some(&b'#') { line.len() } else { 0 };
        Segments { line, at, stamp: &[] }
    }

    /// The next sentence (or TAG blocks alone), if the line has another.
    pub fn next_segment(&mut self) -> Option<Segment<'a>> {
        let start = self.find_start(self.at)?;
        if self.at == 0 {
            self.stamp = &self.line[..start];
        }
        let (tags, at) = self.tags(start);
        self.at = at;
        let stamp = core::mem::take(&mut self.stamp);
        let Some(&first) = self.line.get(at) else {
            let body = if tags.is_empty() { Body::Other } else { Body::None };
            return Some(Segment { stamp, tags, suffix: &[], body });
        };
        // Neither armour nor the fields around it hold a byte that starts a segment.
        let end = self.find_start(at + 1).unwrap_or(self.line.len());
        let text = &self.line[at..end];
        self.at = end;
        let (body, suffix): (_, &[u8]) = match first {
            b'!' if is_ais(text) => parse(text),
            b'$' => (Body::Clock(text), &[]),
            _ => (Body::Other, &[]),
        };
        Some(Segment { stamp, tags, suffix, body })
    }

    fn find_start(&self, from: usize) -> Option<usize> {
        if let Some(b'\\' | b'!' | b'$') = self.line.get(from) {
            return Some(from);
        }
        memchr::memchr3(b'\\', b'!', b'$', self.line.get(from..)?).map(|offset| from + offset)
    }

    /// All TAG blocks that stand at `at`, and where they end.
    fn tags(&self, start: usize) -> (&'a [u8], usize) {
        let mut at = start;
        while self.line.get(at) == Some(&b'\\') {
            match memchr::memchr(b'\\', &self.line[at + 1..]) {
                Some(length) => at += length + 2,
                // An open block swallows the rest of the line.
                None => return (&[], self.line.len()),
            }
            while self.line.get(at) == Some(&b' ') {
                at += 1;
            }
        }
        (&self.line[start..at], at)
    }
}

impl<'a> Segment<'a> {
    /// The TAG blocks with their backslashes.
    pub fn tags(&self) -> &'a [u8] {
        self.tags
    }

    /// The stamp before the first sentence of the line.
    pub fn stamp(&self) -> Option<EventTime> {
        let is_frame = |byte: &u8| byte.is_ascii_whitespace() || b",;:|[](){}<>\"'".contains(byte);
        let start = self.stamp.iter().position(|byte| !is_frame(byte))?;
        let end = self.stamp.iter().rposition(|byte| !is_frame(byte))? + 1;
        let text = &self.stamp[start..end];
        epoch(text).or_else(|| EventTime::parse_iso(text)).or_else(|| {
            let mut words = text.split(|byte| is_frame(byte) && *byte != b':');
            words.find_map(|word| {
                epoch(word).or_else(|| EventTime::parse_iso(word).filter(|_| word.len() > 10))
            })
        })
    }

    /// What the fields behind the checksum tell.
    pub fn suffix(&self) -> Suffix {
        let mut suffix = Suffix { time: None, station: 0 };
        if self.suffix.is_empty() {
            return suffix;
        }
        for field in self.suffix.split(|byte| matches!(byte, b',' | b' ' | b'\t' | b';')) {
            if suffix.time.is_none() {
                suffix.time = epoch(field);
            }
            // US Coast Guard: `r` and `b` stand before the name of the receiving station.
            if let ([b'r' | b'b', rest @ ..], 0) = (field, suffix.station)
                && rest.len() >= 3
                && rest.iter().all(u8::is_ascii_alphanumeric)
            {
                suffix.station = model::hash::bytes(0, field);
            }
        }
        suffix
    }
}

/// What the fields behind the checksum tell.
pub struct Suffix {
    pub time: Option<EventTime>,
    /// Hash of the station's name, 0 where none is named.
    pub station: u64,
}

/// A number of 9-19 digits, perhaps with a fraction, whose magnitude tells its unit.
pub fn epoch(text: &[u8]) -> Option<EventTime> {
    // Nearly all are in seconds since 2001.
    if let ([eight], [tens @ b'0'..=b'9', ones @ b'0'..=b'9']) = text.as_chunks::<8>()
        && let Some(number) = model::number::eight_digits(*eight)
    {
        let number = i64::from(number) * 100 + i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
        return Some(EventTime::from_epoch_number(number));
    }
    let (mut number, mut length) = (0_u64, 0);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || length > 19 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    if !(9..=19).contains(&length) {
        return None;
    }
    let fraction = match &text[length..] {
        [] => &text[..0],
        [b'.', fraction @ ..] if fraction.iter().all(u8::is_ascii_digit) => fraction,
        _ => return None,
    };
    let number = i64::try_from(number).ok()?;
    let time = EventTime::from_epoch_number(number);
    // Below milliseconds a fraction says nothing.
    let ms = if number < 100_000_000_000 { model::time::fraction_ms(fraction) } else { 0 };
    Some(EventTime(time.0 + i64::from(ms)))
}

fn is_ais(text: &[u8]) -> bool {
    matches!(text, [b'!', _, _, b'V', b'D', b'M' | b'O', ..])
}

/// `!ccVDM,total,number,sequence,channel,payload,fill*hh` and what follows.
fn parse(text: &[u8]) -> (Body<'_>, &[u8]) {
    match fields(text) {
        Some((sentence, suffix)) => (Body::Ais(sentence), suffix),
        None => (Body::Malformed, &[]),
    }
}

fn fields(text: &[u8]) -> Option<(Sentence<'_>, &[u8])> {
    let [_, _, _, _, _, _, b',', total @ b'1'..=b'9', b',', number @ b'1'..=b'9', b',', rest @ ..] = text
    else {
        return None;
    };
    let (sequence, rest) = match rest {
        [digit @ b'0'..=b'9', b',', rest @ ..] => (Some(digit - b'0'), rest),
        [b',', rest @ ..] => (None, rest),
        _ => return None,
    };
    let (channel, rest) = match rest {
        [b',', rest @ ..] => (0, rest),
        [channel, b',', rest @ ..] => (*channel, rest),
        [channel, _, b',', rest @ ..] => (*channel, rest),
        _ => return None,
    };
    let length = memchr::memchr(b',', rest)?;
    let (payload, rest) = (&rest[..length], &rest[length + 1..]);
    let [fill @ b'0'..=b'5', b'*', high, low, suffix @ ..] = rest else { return None };
    let told = hex(*high)? << 4 | hex(*low)?;
    let star = text.len() - suffix.len() - 3;
    let sentence = Sentence {
        total: total - b'0',
        number: number - b'0',
        sequence,
        channel,
        payload,
        fill: fill - b'0',
        checksum_fits: checksum(&text[1..star]) == told,
    };
    (sentence.number <= sentence.total).then_some((sentence, suffix))
}

/// Exclusive or of all bytes.
pub fn checksum(body: &[u8]) -> u8 {
    let (eights, rest) = body.as_chunks::<8>();
    let sums = eights.iter().fold(0, |sums, eight| sums ^ u64::from_ne_bytes(*eight));
    rest.iter().fold(folded(sums), |sum, byte| sum ^ byte)
}

/// Value of a hexadecimal digit of either case.
pub fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
