//! A small seeded generator of our own, so that a scenario never changes when a dependency does.
//!
//! Streams are xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64. [`hash`] gives a number that depends on its
//! words alone: it is used where a value must not depend on how many others were drawn before (was *this* message heard by
//! *that* station?).
//!
//! ```
//! use sim::random::Random;
//!
//! let mut dice = Random::new(7);
//! let throw = 1 + dice.below(6);
//! assert!((1..=6).contains(&throw));
//! assert_eq!(Random::new(7).next_u64(), Random::new(7).next_u64());
//! ```

/// 2^-53: the step between the values of a uniform double.
const UNIT_STEP: f64 = 1.0 / 9_007_199_254_740_992.0;

/// A stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// Starts a stream; equal seeds give equal streams.
    pub fn new(seed: u64) -> Self {
        let mut state = [0; 4];
        for (step, word) in (1_u64..).zip(state.iter_mut()) {
            *word = scramble(seed.wrapping_add(step.wrapping_mul(GOLDEN_GAMMA)));
        }
        Self { state }
    }

    /// Starts a stream for one `purpose`, independent of the streams for others.
    pub fn for_purpose(seed: u64, purpose: u64) -> Self {
        Self::new(hash(&[seed, purpose]))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.state;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= shifted;
        *s3 = s3.rotate_left(45);
        result
    }

    /// A double in 0 ≤ x < 1.
    pub fn unit(&mut self) -> f64 {
        to_unit(self.next_u64())
    }

    /// A double in `low` ≤ x < `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An integer in 0 ≤ x < `count` (0 if `count` is 0), by multiplication, whose bias is far below what a feed could show.
    pub fn below(&mut self, count: u64) -> u64 {
        scale(self.next_u64(), count)
    }

    /// One of the items; the first if there is but one.
    ///
    /// # Panics
    /// If `items` is empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        assert!(!items.is_empty(), "nothing to pick from");
        let index = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        &items[index]
    }
}

/// 64 well-mixed bits that depend on the words and on their order.
pub fn hash(words: &[u64]) -> u64 {
    words.iter().fold(GOLDEN_GAMMA, |mixed, word| {
        scramble(mixed.rotate_left(23) ^ scramble(word.wrapping_add(GOLDEN_GAMMA)))
    })
}

/// [`hash`] as a double in 0 ≤ x < 1.
pub fn hash_unit(words: &[u64]) -> f64 {
    to_unit(hash(words))
}

/// [`hash`] as a double in -1 ≤ x < 1, more often near 0: the sum of two uniform ones, halved.
pub fn hash_spread(words: &[u64]) -> f64 {
    let bits = hash(words);
    to_unit(bits) + to_unit(scramble(bits)) - 1.0
}

/// [`hash`] as an integer in 0 ≤ x < `count`.
pub fn hash_below(words: &[u64], count: u64) -> u64 {
    scale(hash(words), count)
}

/// The odd number nearest to 2^64 divided by the golden ratio (Steele, Lea and Flood, 2014).
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of splitmix64.
fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn to_unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * UNIT_STEP
}

fn scale(bits: u64, count: u64) -> u64 {
    ((u128::from(bits) * u128::from(count)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_its_published_sequence() {
        // The first outputs of splitmix64 for seed 1234567, from the reference code.
        let expected = [6_457_827_717_110_365_317_u64, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        for (step, value) in (1_u64..).zip(expected) {
            assert_eq!(scramble(1_234_567_u64.wrapping_add(step.wrapping_mul(GOLDEN_GAMMA))), value);
        }
    }

    #[test]
    fn values_stay_in_their_range_and_spread_over_it() {
        let mut random = Random::new(1);
        let mut counts = [0_u32; 6];
        for _ in 0..6_000 {
            let index = random.below(6) as usize;
            counts[index] += 1;
            assert!((0.0..1.0).contains(&random.unit()));
            assert!((-3.0..4.0).contains(&random.between(-3.0, 4.0)));
        }
        assert!(counts.iter().all(|&count| (850..1_150).contains(&count)), "{counts:?}");
    }

    #[test]
    fn the_hash_depends_on_the_order_of_its_words() {
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
        assert_ne!(hash(&[0]), hash(&[0, 0]));
        assert!((-1.0..1.0).contains(&hash_spread(&[5, 6])));
    }
}
