//! Many seeded cases of one law; a failing one tells its seed.

/// Checks `law` for `count` seeds, 20 times as many with `DARKWAKE_SOAK=1`, or only for the seed
/// in `DARKWAKE_SEED`. The law gives what is wrong.
///
/// # Panics
/// If it does not hold, with all failing seeds and what is wrong with the first.
pub fn check(count: u64, law: impl Fn(u64) -> Result<(), String>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("DARKWAKE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..count * if number("DARKWAKE_SOAK") == Some(1) { 20 } else { 1 },
    };
    let failures: Vec<(u64, String)> =
        seeds.clone().filter_map(|seed| law(seed).err().map(|told| (seed, told))).collect();
    if let Some((first, told)) = failures.first() {
        let failing: Vec<u64> = failures.iter().map(|(seed, _)| *seed).collect();
        panic!(
            "fails for {} of {} seeds: {failing:?}\nDARKWAKE_SEED={first}\n{told}",
            failing.len(),
            seeds.count()
        );
    }
}

/// As few of the items as still fail, by leaving out ever smaller parts.
pub fn shrink<T: Clone>(items: &[T], tries: usize, fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let mut kept = items.to_vec();
    let (mut part, mut left) = (kept.len().div_ceil(2), tries);
    while part > 0 && left > 0 {
        let (mut at, before) = (0, kept.len());
        while at < kept.len() && left > 0 {
            let mut fewer = kept.clone();
            fewer.drain(at..(at + part).min(kept.len()));
            left -= 1;
            if fails(&fewer) {
                kept = fewer;
            } else {
                at += part;
            }
        }
        if part == 1 && kept.len() == before {
            break;
        }
        part = if part == 1 { 1 } else { part / 2 };
    }
    kept
}
