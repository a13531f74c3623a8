//! Sentences and TAG blocks (NMEA 0183, IEC 61162-1 and -450) around a payload.
//!
//! ```
//! use sim::encode::tag_block;
//!
//! assert_eq!(tag_block(&[("c", "1565218798")]), "\\c:1565218798*53\\");
//! ```

use super::bits::Payload;
use core::fmt::Write;

/// Payload characters in one sentence, so that no sentence is longer than the 82 characters of NMEA 0183.
pub const MAX_PAYLOAD_CHARS: usize = 60;

/// The radio channel that a sentence names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// AIS 1, 161.975 MHz.
    A,
    /// AIS 2, 162.025 MHz.
    B,
    /// The field is empty.
    Unknown,
}

impl Channel {
    fn field(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::Unknown => "",
        }
    }
}

/// What the TAG block of a message says.
#[derive(Clone, Copy, Debug)]
pub struct TagBlock<'a> {
    /// The station that heard it (`s:`).
    pub station: &'a str,
    /// When, in seconds since the Unix epoch (`c:`).
    pub unix_s: i64,
    /// The number that ties the sentences of one message (`g:`); used if there are several.
    pub group: u32,
}

/// The exclusive or of all bytes, as NMEA 0183 takes it over what stands between `!` (or `\`) and `*`.
pub fn checksum(text: &str) -> u8 {
    text.bytes().fold(0, |sum, byte| sum ^ byte)
}

/// The sentences of one message, without line ends.
///
/// `formatter` is talker and type (`AIVDM`, `BSVDM`, `AIVDO`). `sequence` (0 to 9) is written if there are several.
pub fn sentences(payload: &Payload, formatter: &str, channel: Channel, sequence: u8) -> Vec<String> {
    let (text, fill) = payload.armour();
    let total = text.len().div_ceil(MAX_PAYLOAD_CHARS).max(1);
    let mut lines = Vec::with_capacity(total);
    for number in 1..=total {
        let from = (number - 1) * MAX_PAYLOAD_CHARS;
        let part = &text[from..text.len().min(from + MAX_PAYLOAD_CHARS)];
        let part_fill = if number == total { fill } else { 0 };
        let id = if total > 1 { char::from(b'0' + sequence % 10).to_string() } else { String::new() };
        let body = format!("{formatter},{total},{number},{id},{},{part},{part_fill}", channel.field());
        lines.push(format!("!{body}*{:02X}", checksum(&body)));
    }
    lines
}

/// A TAG block with its checksum, both backslashes included.
pub fn tag_block(fields: &[(&str, &str)]) -> String {
    let mut body = String::with_capacity(48);
    for (key, value) in fields {
        if !body.is_empty() {
            body.push(',');
        }
        body.push_str(key);
        body.push(':');
        body.push_str(value);
    }
    let sum = checksum(&body);
    let mut block = String::with_capacity(body.len() + 5);
    block.push('\\');
    block.push_str(&body);
    // Writing to a String cannot fail.
    let _ = write!(block, "*{sum:02X}\\");
    block
}

/// Sentences with TAG blocks: station and time on the first, and a group (`g:1-2-1234`) on each if there are several.
pub fn tagged(lines: &[String], tag: TagBlock<'_>) -> Vec<String> {
    let time = tag.unix_s.to_string();
    let total = lines.len();
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let block = if total == 1 {
                tag_block(&[("s", tag.station), ("c", &time)])
            } else {
                let group = format!("{}-{total}-{}", index + 1, tag.group);
                if index == 0 {
                    tag_block(&[("g", &group), ("s", tag.station), ("c", &time)])
                } else {
                    tag_block(&[("g", &group)])
                }
            };
            block + line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload_of(chars: usize) -> Payload {
        let mut payload = Payload::default();
        for _ in 0..chars {
            payload.unsigned(33, 6);
        }
        payload
    }

    #[test]
    fn no_sentence_is_longer_than_nmea_allows() {
        for chars in [1, 59, 60, 61, 71, 120, 121, 180] {
            let lines = sentences(&payload_of(chars), "AIVDM", Channel::Unknown, 12);
            assert_eq!(lines.len(), chars.div_ceil(60));
            for line in &lines {
                assert!(line.len() <= 80, "{line}");
                let (body, sum) = line[1..].split_once('*').expect("a checksum");
                assert_eq!(sum, format!("{:02X}", checksum(body)));
            }
        }
    }

    #[test]
    fn only_parts_of_a_whole_carry_a_sequence_number_and_a_group() {
        let tag = TagBlock { station: "rVVO", unix_s: 1_696_118_400, group: 77 };
        let single = tagged(&sentences(&payload_of(3), "BSVDM", Channel::B, 4), tag);
        assert_eq!(single, ["\\s:rVVO,c:1696118400*05\\!BSVDM,1,1,,B,QQQ,0*6D"]);
        let double = tagged(&sentences(&payload_of(61), "AIVDM", Channel::A, 4), tag);
        assert!(double[0].starts_with("\\g:1-2-77,s:rVVO,c:1696118400*"));
        assert!(double[1].starts_with("\\g:2-2-77*"));
        assert!(double[1].contains("\\!AIVDM,2,2,4,A,Q,0*"));
    }
}
