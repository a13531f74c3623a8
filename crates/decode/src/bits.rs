//! Six-bit armour and the bit fields of a message (ITU-R M.1371-5, IEC 61162-1 annex C).

use model::report::Head;
use model::{CompactString, Payload};

/// No AIS message is longer than five slots: 1,064 bits. More is not a message.
pub const MAX_BITS: usize = 1_152;
const WORDS: usize = MAX_BITS / 64;

/// The 48 bits of eight armour characters each, the first in the highest byte; `None` if one is none.
///
/// All eight at once: `0`…`W` are values from 0 on, `` ` ``…`w` those from 40 on. Whether any is none is asked once for all words.
fn unarmour<const EIGHTS: usize>(eights: [u64; EIGHTS]) -> Option<[u64; EIGHTS]> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const SIX: u64 = 0x3F * ONES;
    let is_upper = eights.map(|eight| (eight >> 5) & (eight >> 6) & ONES);
    let mut values = eights;
    let mut wrong = 0;
    for (value, is_upper) in values.iter_mut().zip(is_upper) {
        *value = value.wrapping_sub(ONES * 0x30 + is_upper * 8);
        // What is below `0` or above `w` has another bit; what is between `X` and `_` has one once there are no others from 40 on than
        // those of the second half. Of a byte that takes from the next one that is known itself.
        wrong |= *value | value.wrapping_add((ONES - is_upper) * (0x40 - 40));
    }
    if wrong & !SIX != 0 {
        return None;
    }
    let twelves = values.map(|value| (value & 0x3F00_3F00_3F00_3F00) >> 2 | value & 0x003F_003F_003F_003F);
    let twenty_fours =
        twelves.map(|value| (value & 0x0FFF_0000_0FFF_0000) >> 4 | value & 0x0000_0FFF_0000_0FFF);
    Some(twenty_fours.map(|value| (value >> 32) << 24 | value & 0x00FF_FFFF))
}

/// The 48 bits of eight armour characters.
fn unarmour_eight(eight: &[u8; 8]) -> Option<u64> {
    unarmour([u64::from_be_bytes(*eight)]).map(|[bits]| bits)
}

/// Characters of a position report.
const REPORT: usize = 28;

/// The bits of a position report.
fn unarmour_report(report: &[u8; REPORT]) -> Option<[u64; 3]> {
    let ([a, b, c], rest) = report.as_chunks::<8>() else { return None };
    let [first, second, third, fourth] = *rest else { return None };
    let last = [first, second, third, fourth, b'0', b'0', b'0', b'0'];
    let [a, b, c, d] = unarmour([*a, *b, *c, last].map(u64::from_be_bytes))?;
    Some([a << 16 | b >> 32, b << 32 | c >> 16, c << 48 | d])
}

/// The bits of a message, most significant first.
#[derive(Clone, Debug)]
pub struct Bits {
    words: [u64; WORDS + 1],
    length: usize,
}

impl Default for Bits {
    fn default() -> Self {
        Bits { words: [0; WORDS + 1], length: 0 }
    }
}

impl From<Head> for Bits {
    fn from(head: Head) -> Bits {
        let mut bits = Bits { length: 8 * Head::BYTES, ..Bits::default() };
        let mut bytes = [0; 24];
        bytes[..Head::BYTES].copy_from_slice(&head.0);
        for (word, bytes) in bits.words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        bits
    }
}

impl Bits {
    /// Empties the buffer.
    pub fn clear(&mut self) {
        let used = (self.length / 64 + 2).min(WORDS + 1);
        self.words[..used].fill(0);
        self.length = 0;
    }

    /// Appends an armoured payload without its fill bits.
    ///
    /// `false` if a character is not armour or the message would be too long; the buffer is then
    /// of no use until cleared.
    #[must_use]
    pub fn push(&mut self, payload: &[u8], fill: u8) -> bool {
        if self.length + payload.len() * 6 > MAX_BITS {
            return false;
        }
        // The length is always that of what was written: so much is emptied.
        let (eights, rest) = payload.as_chunks::<8>();
        for eight in eights {
            let Some(bits) = unarmour_eight(eight) else { return false };
            self.or(self.length, bits << 16);
            self.length += 48;
        }
        if !rest.is_empty() {
            let mut eight = [b'0'; 8];
            eight[..rest.len()].copy_from_slice(rest);
            let Some(bits) = unarmour_eight(&eight) else { return false };
            self.or(self.length, bits << 16);
            self.length += rest.len() * 6;
        }
        self.drop_tail(usize::from(fill));
        true
    }

    /// Appends the armour at the beginning of a text; gives how many characters of it are armour. `None` if the message would be
    /// too long.
    #[must_use]
    pub fn push_front(&mut self, text: &[u8]) -> Option<usize> {
        // Most messages are position reports, of as many characters.
        if self.length == 0
            && let Some((report, [b',', ..])) = text.split_first_chunk()
            && let Some(words) = unarmour_report(report)
        {
            self.words[..3].copy_from_slice(&words);
            self.length = 6 * REPORT;
            return Some(REPORT);
        }
        let mut used = 0;
        while let Some(eight) = text[used..].first_chunk()
            && let Some(bits) = unarmour_eight(eight)
        {
            if self.length + 48 > MAX_BITS {
                return None;
            }
            self.or(self.length, bits << 16);
            self.length += 48;
            used += 8;
        }
        let rest = &text[used..];
        let more = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'W' | b'`'..=b'w')).count();
        self.push(&rest[..more], 0).then_some(used + more)
    }

    /// Sets bits from bit `at` on, split over two words where they do not fit into one.
    fn or(&mut self, at: usize, bits: u64) {
        let shift = at & 63;
        self.words[at >> 6] |= bits >> shift;
        self.words[(at >> 6) + 1] |= bits << 1 << (63 - shift);
    }

    /// Takes fill bits away.
    pub fn drop_tail(&mut self, bits: usize) {
        self.length -= bits.min(self.length);
        let (word, used) = (self.length >> 6, self.length & 63);
        self.words[word] &= if used == 0 { 0 } else { !0 << (64 - used) };
        // Behind the longest message there is none.
        if let Some(next) = self.words.get_mut(word + 1) {
            *next = 0;
        }
    }

    /// Number of bits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// An unsigned field of at most 32 bits; bits beyond the end read as 0.
    #[must_use]
    pub fn unsigned(&self, start: usize, width: u32) -> u32 {
        debug_assert!((1..=32).contains(&width));
        let word = (start >> 6).min(WORDS - 1);
        let shift = start & 63;
        let bits = self.words[word] << shift | self.words[word + 1] >> 1 >> (63 - shift);
        (bits >> (64 - width)) as u32
    }

    /// A two's-complement field of at most 32 bits.
    #[must_use]
    pub fn signed(&self, start: usize, width: u32) -> i32 {
        let shift = 32 - width;
        ((self.unsigned(start, width) << shift) as i32) >> shift
    }

    /// A six-bit text: ends at the first `@`, blanks cut at both ends; `None` if nothing is left.
    #[must_use]
    pub fn text(&self, start: usize, characters: usize) -> Option<CompactString> {
        let mut buffer = [0u8; 20];
        let mut length = 0;
        for at in 0..characters.min(buffer.len()) {
            let value = self.unsigned(start + at * 6, 6) as u8;
            if value == 0 {
                break;
            }
            buffer[length] = if value < 32 { value + 64 } else { value };
            length += 1;
        }
        let text = buffer[..length].trim_ascii();
        core::str::from_utf8(text).ok().filter(|text| !text.is_empty()).map(CompactString::new)
    }

    /// Order key and fingerprint of the whole message.
    #[must_use]
    pub fn payload(&self) -> Payload {
        const HEAD_BITS: u64 = !0 << 24;
        if self.length <= 168 {
            return Payload([
                self.words[0],
                self.words[1],
                (self.words[2] & HEAD_BITS) | self.length as u64 & 0xFF,
            ]);
        }
        let mut rest = self.length as u64;
        for word in &self.words[2..=self.length >> 6] {
            rest = model::hash::mix(rest, *word);
        }
        Payload([self.words[0], self.words[1], (self.words[2] & HEAD_BITS) | (rest & !HEAD_BITS) | 1 << 23])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(payload: &[u8], fill: u8) -> Bits {
        let mut bits = Bits::default();
        assert!(bits.push(payload, fill));
        bits
    }

    #[test]
    fn fields_of_a_published_message_are_read() {
        let bits = bits(b"15RTgt0PAso;90TKcjM8h6g208CQ", 0);
        assert_eq!(bits.len(), 168);
        assert_eq!(bits.unsigned(0, 6), 1);
        assert_eq!(bits.unsigned(8, 30), 371_798_000);
        assert_eq!(bits.signed(61, 28), -74_037_230);
        assert_eq!(bits.signed(89, 27), 29_028_980);
    }

    #[test]
    fn fill_bits_are_cut_and_read_as_nothing() {
        let bits = bits(b"w", 2);
        assert_eq!((bits.len(), bits.unsigned(0, 6)), (4, 0b11_1100));
        assert_eq!(bits.unsigned(MAX_BITS + 500, 32), 0);
    }

    #[test]
    fn nothing_of_a_broken_message_is_left_to_the_next() {
        let mut bits = bits(b"402VL:AutjM4@0FvU4QmEo7028Dv", 0);
        bits.clear();
        assert!(!bits.push(b"wwwwwwwwwwwwwwwwwwwwwwwwwwww wwww", 0));
        bits.clear();
        assert!(bits.push(b"15RTgt0PAso;90TKcjM8h6g208CQ", 0));
        assert_eq!((bits.len(), bits.unsigned(128, 9)), (168, 215));
    }

    #[test]
    fn what_is_not_armour_is_seen() {
        for byte in 0..=255u8 {
            let valid = (48..88).contains(&byte) || (96..120).contains(&byte);
            assert_eq!(Bits::default().push(&[b'0', byte], 0), valid, "{byte}");
            for at in 0..8 {
                for others in [b'0', b'W', b'`', b'w'] {
                    let mut eight = [others; 8];
                    eight[at] = byte;
                    let mut alone = Bits::default();
                    let each = eight.chunks(1).all(|one| alone.push(one, 0));
                    let mut together = Bits::default();
                    assert_eq!((together.push(&eight, 0), each), (valid, valid), "{byte} at {at}");
                    assert!(!valid || together.payload() == alone.payload(), "{byte} at {at}");
                }
            }
        }
    }

    #[test]
    fn armour_before_something_else_is_taken_and_counted() {
        for length in 0..40 {
            let mut text = alloc::vec![b'w'; length];
            text.extend_from_slice(b",0*1200000000");
            let mut front = Bits::default();
            assert_eq!(front.push_front(&text), Some(length));
            assert_eq!(front.payload(), bits(&text[..length], 0).payload());
        }
        assert_eq!(Bits::default().push_front(&[b'0'; MAX_BITS / 6]), Some(MAX_BITS / 6));
        assert_eq!(Bits::default().push_front(&[b'0'; MAX_BITS / 6 + 1]), None);
    }

    #[test]
    fn the_longest_message_is_taken_and_a_longer_one_is_not() {
        for fill in 0..=5 {
            let bits = bits(&[b'w'; MAX_BITS / 6], fill);
            assert_eq!(bits.len(), MAX_BITS - usize::from(fill));
            assert_eq!(bits.unsigned(MAX_BITS - 8, 8), 0xFF << fill & 0xFF);
            let _ = bits.payload();
        }
        assert!(!Bits::default().push(&[b'0'; MAX_BITS / 6 + 1], 0));
        let mut joined = bits(&[b'0'; 100], 0);
        assert!(joined.push(&[b'0'; 92], 0));
        assert_eq!(joined.len(), MAX_BITS);
    }

    #[test]
    fn parts_join_across_a_word() {
        let whole = bits(b"15RTgt0PAso;90TKcjM8h6g208CQ", 0);
        for cut in 0..28 {
            let mut joined = Bits::default();
            assert!(joined.push(&b"15RTgt0PAso;90TKcjM8h6g208CQ"[..cut], 0));
            assert!(joined.push(&b"15RTgt0PAso;90TKcjM8h6g208CQ"[cut..], 0));
            assert_eq!(joined.payload(), whole.payload());
        }
    }

    #[test]
    fn texts_end_at_the_first_at_sign_and_lose_blanks() {
        // " AB @C": 32 1 2 32 0 3
        let mut armour = [0u8; 6];
        for (slot, value) in armour.iter_mut().zip([32u8, 1, 2, 32, 0, 3]) {
            *slot = if value < 40 { value + 48 } else { value + 56 };
        }
        assert_eq!(bits(&armour, 0).text(0, 6).as_deref(), Some("AB"));
        assert_eq!(bits(b"00", 0).text(0, 2), None);
    }
}
