//! A small stable 64-bit hash for fingerprints and buckets.
//!
//! Stable across systems and versions, because fingerprints are kept in snapshots and buckets
//! decide which shard owns a ship. Not for hash maps that face hostile keys without a seed.

/// Mixes two words into one (a 128-bit product folded in half).
#[must_use]
pub const fn mix(a: u64, b: u64) -> u64 {
    let product = (a ^ 0x9E37_79B9_7F4A_7C15) as u128 * (b ^ 0xD6E8_FEB8_6659_FD93) as u128;
    (product as u64) ^ (product >> 64) as u64
}

/// Hashes bytes.
#[must_use]
pub fn bytes(seed: u64, data: &[u8]) -> u64 {
    let mut state = mix(seed, data.len() as u64);
    let (words, rest) = data.as_chunks::<8>();
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        state = mix(state, last_word(data, rest));
    }
    mix(state, 0x2545_F491_4F6C_DD1D)
}

/// The bytes behind the last whole word, zeros behind them; read where they lie, as copying so few costs a call.
fn last_word(data: &[u8], rest: &[u8]) -> u64 {
    let bits = 8 * rest.len();
    if let Some(eight) = data.last_chunk() {
        return u64::from_le_bytes(*eight) >> (64 - bits);
    }
    match (rest.first_chunk(), rest.last_chunk()) {
        (Some(front), Some(back)) => {
            u64::from(u32::from_le_bytes(*front)) | u64::from(u32::from_le_bytes(*back)) << (bits - 32)
        }
        _ => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Hashes the bytes of a row, which are many: two halves side by side, so that one step does not wait for the one before.
#[must_use]
pub fn row(data: &[u8]) -> u64 {
    let (pairs, rest) = data.as_chunks::<16>();
    let word = |eight: &[u8]| eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
    let (mut one, mut other) = (bytes(0, rest), data.len() as u64);
    for pair in pairs {
        one = mix(one, word(&pair[..8]));
        other = mix(other, word(&pair[8..]));
    }
    mix(one, other)
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_bit_changes_about_half_of_the_hash() {
        let mut flipped = 0;
        for bit in 0..64 {
            let mut data = [7u8; 8];
            data[bit / 8] ^= 1 << (bit % 8);
            flipped += (super::bytes(1, &data) ^ super::bytes(1, &[7; 8])).count_ones();
        }
        assert!((1_700..2_400).contains(&flipped), "{flipped} of 4096 bits");
    }

    #[test]
    fn what_is_hashed_are_words_with_zeros_behind_the_end() {
        let data: [u8; 40] = core::array::from_fn(|at| (at * 37 + 129) as u8);
        for length in 0..=data.len() {
            let words = data[..length].chunks(8).map(|chunk| {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                u64::from_le_bytes(word)
            });
            let start = super::mix(5, length as u64);
            let expected = super::mix(words.fold(start, super::mix), 0x2545_F491_4F6C_DD1D);
            assert_eq!(super::bytes(5, &data[..length]), expected);
        }
    }

    #[test]
    fn rows_that_differ_in_one_byte_or_in_length_have_hashes_far_apart() {
        for length in 0..70 {
            let row = [b','; 71];
            let of = super::row(&row[..length]);
            assert!((of ^ super::row(&row[..length + 1])).count_ones() > 10);
            for at in 0..length {
                let mut other = row;
                other[at] = b'-';
                assert!((of ^ super::row(&other[..length])).count_ones() > 10);
            }
        }
    }
}
