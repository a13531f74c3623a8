//! Waits between one try and the next.

use std::time::Duration;

/// The first wait; it doubles …
const FIRST: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST: Duration = Duration::from_secs(30);
/// What has lasted so long was good: the next wait is short again.
const GOOD: Duration = Duration::from_secs(60);

/// How long to wait before something is tried again.
pub struct Waits(Duration);

impl Default for Waits {
    fn default() -> Self {
        Waits(FIRST)
    }
}

impl Waits {
    /// The next wait, after a try that has lasted so long.
    pub fn after(&mut self, lasted: Duration) -> Duration {
        let wait = if lasted >= GOOD { FIRST } else { self.0 };
        self.0 = (wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_double_until_something_has_lasted() {
        let mut waits = Waits::default();
        let ms: Vec<u128> = [0, 1, 0, 59, 0, 0, 0, 0, 61, 0]
            .map(|seconds| waits.after(Duration::from_secs(seconds)).as_millis())
            .to_vec();
        assert_eq!(ms, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 500, 1_000]);
    }
}
