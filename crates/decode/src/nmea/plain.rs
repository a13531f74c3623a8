//! The plain form of a line, which nearly all have: a TAG block with a right checksum, or none; one whole message in one
//! sentence with a right checksum; nothing else. Such lines are read from front to back. Any other is read segment by
//! segment, which would give the same for these.

use super::sentence::{checksum, hex};
use crate::bits::Bits;
use crate::message::is_too_short;

/// Reads the message of a sentence that is all that a line holds behind its TAG block; `false` if it is of another form, or has
/// too few bits.
pub fn read(text: &[u8], bits: &mut Bits) -> bool {
    message(text, bits).is_some()
}

fn message(text: &[u8], bits: &mut Bits) -> Option<()> {
    if !matches!(text, [.., b'*', _, _]) {
        return None;
    }
    let [b'!', b'A'..=b'Z', b'A'..=b'Z', b'V', b'D', b'M' | b'O', b',', b'1', b',', b'1', b',', rest @ ..] =
        text
    else {
        return None;
    };
    let ([b',', rest @ ..] | [b'0'..=b'9', b',', rest @ ..]) = rest else { return None };
    let ([b',', rest @ ..] | [b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', b',', rest @ ..]) = rest else {
        return None;
    };
    bits.clear();
    let length = bits.push_front(rest)?;
    let [b',', fill @ b'0'..=b'5', b'*', high, low] = rest[length..] else { return None };
    bits.drop_tail(usize::from(fill - b'0'));
    let is_right = checksum(&text[1..text.len() - 3]) == hex(high)? << 4 | hex(low)?;
    (is_right && length > 0 && !is_too_short(bits)).then_some(())
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use model::{EventTime, Origin};

    use super::*;
    use crate::nmea::NmeaDecoder;
    use crate::nmea::tag::Tag;
    use crate::{Decoded, Settings, TagChecksum};

    fn line(tag: &str, body: &str) -> String {
        let tag = if tag.is_empty() {
            String::new()
        } else {
            format!("\\{tag}*{:02X}\\", checksum(tag.as_bytes()))
        };
        let first = if body.contains("VD") { '!' } else { '$' };
        format!("{tag}{first}{body}*{:02X}", checksum(body.as_bytes()))
    }

    fn lines() -> Vec<String> {
        let tags = [
            "",
            "c:1700000000",
            "s:r003669930,c:1700000001",
            "n:12,c:1700000002000,s:X",
            "g:1-1-77,c:1700000003",
        ];
        let bodies = [
            "AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0",
            "BSVDM,1,1,4,B,33L=LN051HQj3HhRJd7q1W=`0000,0",
            "AIVDO,1,1,,,B52K>;h00Fc>jpUlNV@ikwpUoP06,0",
            "AIVDM,1,1,,A,402VL:AutjM4@0FvU4QmEo7028Dv,0",
            "AIVDM,1,1,,A,H42O55i18tMET00000000000000,2",
            "ARVSI,r08CSLM1,,235958.16322847,2181,-092,0",
            "GPZDA,160012.71,11,03,2024,-1,00",
            "GPRMC,160013.00,A,3723.2475,N,12158.3416,W,0.13,309.62,110324",
            "PGHP,1,2024,3,11,16,0,14,0,338,2,,1,09",
        ];
        tags.iter().flat_map(|tag| bodies.iter().map(|body| line(tag, body))).collect()
    }

    fn decoder() -> NmeaDecoder {
        let settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };
        NmeaDecoder::new(settings, None)
    }

    #[test]
    fn ordinary_lines_are_of_the_plain_form() {
        assert!(lines().iter().filter(|line| line.contains('!')).all(|line| is_plain(line.as_bytes())));
    }

    fn is_plain(line: &[u8]) -> bool {
        Tag::front(line).is_some_and(|(_, text)| read(text, &mut Bits::default()))
    }

    #[test]
    fn what_is_read_from_front_to_back_is_what_segments_give() {
        let (mut state, mut plain) = (1_u64, 0);
        let mut random = |below: usize| {
            state = model::hash::mix(state, 0x5EED);
            (state % below as u64) as usize
        };
        let lines = lines();
        for round in 0..200_000 {
            let mut text = lines[random(lines.len())].clone().into_bytes();
            for _ in 0..random(4) {
                let (at, other) = (random(text.len()), random(text.len()));
                match random(5) {
                    0 => text[at] = random(256) as u8,
                    1 => text[at] = b"\\!$*,:0w"[random(8)],
                    2 => text.truncate(at.max(1)),
                    3 => text.swap(at, other),
                    _ => text.insert(at, b"\\!$*,:0w "[random(9)]),
                }
            }
            let (mut whole, mut parts): (Vec<Decoded>, Vec<Decoded>) = (Vec::new(), Vec::new());
            let mut one = decoder();
            let some = |t: i64, one_in: usize| (one_in == 0).then_some(EventTime(t));
            (one.clock, one.companion) =
                (some(1_600_000_000_000, random(2)), some(1_600_000_001_000, random(3)));
            if random(4) == 0 {
                one.lone_tag = Some(Tag::parse(b"\\s:lone,c:1600000002*00\\"));
                one.settings.tag_checksum = TagChecksum::Strict;
            }
            let mut other = one.clone();
            one.decode(&text, Origin::default(), &mut |decoded| whole.push(decoded));
            other.lines += 1;
            let companion = other.companion.take();
            other.by_segments(text.trim_ascii(), companion, Origin::default(), &mut |decoded| {
                parts.push(decoded)
            });
            // What the first has told of its group is known to the second.
            let second = line("g:2-2-77", "AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0").into_bytes();
            one.decode(&second, Origin::default(), &mut |decoded| whole.push(decoded));
            other.lines += 1;
            let companion = other.companion.take();
            other.by_segments(&second, companion, Origin::default(), &mut |decoded| parts.push(decoded));
            assert_eq!((one.companion, one.clock), (other.companion, other.clock), "{round}");
            assert_eq!(one.lone_tag, other.lone_tag, "{round}");
            assert_eq!(whole, parts, "{round}: {}", String::from_utf8_lossy(&text));
            plain += usize::from(is_plain(&text));
        }
        assert!(plain > 20_000, "{plain}");
    }
}
