//! Eight bytes at a time, as a word with the first in the lowest.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// Eight bytes from a place on, zeros behind the end; `None` at the end.
pub(crate) fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
    let eight = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut eight = [0; 8];
        eight[..rest.len()].copy_from_slice(rest);
        eight
    });
    Some(u64::from_le_bytes(eight))
}

/// Which bytes of a word are this one: the high bit of each tells.
pub(crate) fn which_are(byte: u8, word: u64) -> u64 {
    let differ = word ^ (ONES * u64::from(byte));
    !(((differ & !HIGH) + !HIGH) | differ | !HIGH)
}

/// Which bytes of a word may be this one: all that are, and above such a one those that differ from it in
/// the lowest bit alone. In fewer steps.
pub(crate) fn which_may_be(byte: u8, word: u64) -> u64 {
    let differ = word ^ (ONES * u64::from(byte));
    differ.wrapping_sub(ONES) & !differ & HIGH
}

/// A bit for each byte whose high bit is set, of a word without any other bits.
pub(crate) fn packed(high: u64) -> u64 {
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// All bytes of a word, added up without carry.
pub(crate) fn folded(word: u64) -> u8 {
    let word = word ^ word >> 32;
    let word = word ^ word >> 16;
    (word ^ word >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_bytes_that_they_were_made_of() {
        let bytes = b"c:1700000000,s:X";
        assert_eq!(word_at(bytes, 0).map(u64::to_le_bytes), Some(*b"c:170000"));
        assert_eq!(word_at(bytes, 11).map(u64::to_le_bytes), Some(*b"0,s:X\0\0\0"));
        assert_eq!(word_at(bytes, bytes.len()), None);
        assert_eq!(word_at(bytes, bytes.len() + 1), None);
    }

    #[test]
    fn high_bits_are_packed_in_the_order_of_their_bytes() {
        for bits in 0..=u8::MAX {
            let bytes: [u8; 8] = core::array::from_fn(|byte| (bits >> byte & 1) << 7);
            assert_eq!(packed(u64::from_le_bytes(bytes)), u64::from(bits));
        }
    }

    #[test]
    fn each_byte_is_told_from_all_others() {
        for byte in 0..=u8::MAX {
            for other in 0..=u8::MAX {
                let mut eight = [other; 8];
                eight[3] = byte;
                let expected = if other == byte { HIGH } else { 0x80 << 24 };
                assert_eq!(which_are(byte, u64::from_le_bytes(eight)), expected);
                let may_be = which_may_be(byte, u64::from_le_bytes(eight));
                assert_eq!(may_be & expected, expected);
                assert_eq!(may_be.trailing_zeros(), expected.trailing_zeros());
                assert!(may_be == expected || other == byte ^ 1);
            }
            assert_eq!(folded(u64::from_le_bytes([byte, 1, 2, 4, 8, 16, 32, 64])), byte ^ 0x7F);
        }
    }
}
