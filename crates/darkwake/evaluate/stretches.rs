//! Finds the stretches in which real ships were heard without a gap, and chooses what of them to blank out.
//!
//! A ship is heard without a gap while no two of its positions are more than 10 min apart, or three times its own median
//! interval where the feed is sparse. Of each ship only the ends of its spells are kept, in whatever order its reports
//! come: inputs that overlap need not be merged.

use std::collections::BTreeMap;

use sim::random::Random;

use super::truth::{HOUR_MS, MINUTE_MS};

/// Reports this close to each other belong to one spell, whatever the feed.
const JOIN_MS: i64 = 10 * MINUTE_MS;
/// In sparse feeds, this many median intervals.
const JOIN_INTERVALS: f64 = 3.0;
/// Closer reports are copies, or of several stations, and say nothing of the interval.
const COPY_MS: i64 = 5_000;
/// The shortest stretch that can be blanked out.
const LEAST_STRETCH_MS: i64 = 3 * HOUR_MS;
/// What stays heard at both ends of it.
const MARGIN_MS: i64 = HOUR_MS;
/// The shortest and the longest interval that is blanked out.
const LEAST_BLANK_MS: i64 = HOUR_MS;
const MOST_BLANK_MS: i64 = 24 * HOUR_MS;
/// Spells of one ship; beyond it, what would begin another is left out. A month of one report in 10 min has fewer.
const MAX_SPELLS: usize = 8_192;
/// Bins of intervals, four to an octave from 1 s on: up to 18 h.
const INTERVAL_BINS: usize = 64;

/// An interval taken out of a ship's track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blank {
    /// The first moment.
    pub start: i64,
    /// The first moment after it.
    pub end: i64,
}

impl Blank {
    /// Whether a moment is in it.
    pub fn holds(self, t: i64) -> bool {
        (self.start..self.end).contains(&t)
    }
}

/// When all ships of the inputs were heard.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    ships: BTreeMap<u32, Heard>,
    /// The first and the last position.
    pub span: Option<(i64, i64)>,
}

/// When a ship was heard.
#[derive(Clone, Debug)]
struct Heard {
    /// Spells without a gap over [`JOIN_MS`], in order, apart from each other.
    spells: Vec<(i64, i64)>,
    intervals: [u32; INTERVAL_BINS],
    last: Option<i64>,
    is_limited: bool,
}

impl Survey {
    /// Takes in a position.
    pub fn add(&mut self, mmsi: u32, t: i64) {
        self.ships.entry(mmsi).or_default().add(t);
        let (first, last) = self.span.unwrap_or((t, t));
        self.span = Some((first.min(t), last.max(t)));
    }

    /// The ships.
    pub fn mmsis(&self) -> impl Iterator<Item = u32> {
        self.ships.keys().copied()
    }

    /// Ships heard in more spells than are kept.
    pub fn limited(&self) -> usize {
        self.ships.values().filter(|heard| heard.is_limited).count()
    }

    /// How many ships have a stretch, and the intervals to blank out of a share of these.
    pub fn choose(&self, share: f64, seed: u64) -> (usize, BTreeMap<u32, Blank>) {
        let with_stretches = self.ships.iter().map(|(mmsi, heard)| (*mmsi, heard.stretches()));
        let mut able: Vec<(u32, Vec<(i64, i64)>)> =
            with_stretches.filter(|(_, stretches)| !stretches.is_empty()).collect();
        let count = able.len();
        // Which ships are chosen does not hang on which others there are, but for how many.
        able.sort_by_key(|(mmsi, _)| (model::hash::mix(seed, u64::from(*mmsi)), *mmsi));
        able.truncate(((count as f64 * share).round() as usize).max(1));
        let blanks = able.into_iter().map(|(mmsi, stretches)| {
            (mmsi, blank(&stretches, &mut Random::for_purpose(seed, u64::from(mmsi))))
        });
        (count, blanks.collect())
    }
}

impl Default for Heard {
    fn default() -> Heard {
        Heard { spells: Vec::new(), intervals: [0; INTERVAL_BINS], last: None, is_limited: false }
    }
}

impl Heard {
    fn add(&mut self, t: i64) {
        if let Some(last) = self.last.replace(t)
            && t - last >= COPY_MS
        {
            let octaves = ((t - last) as f64 / 1_000.0).log2();
            let bin = ((octaves * 4.0) as usize).min(INTERVAL_BINS - 1);
            self.intervals[bin] = self.intervals[bin].saturating_add(1);
        }
        let after = self.spells.partition_point(|(start, _)| *start <= t);
        let joins_next = self.spells.get(after).is_some_and(|(start, _)| start - t <= JOIN_MS);
        let before = after.checked_sub(1).filter(|before| t - self.spells[*before].1 <= JOIN_MS);
        match (before, joins_next) {
            (Some(before), true) => {
                self.spells[before].1 = self.spells[after].1;
                self.spells.remove(after);
            }
            (Some(before), false) => self.spells[before].1 = self.spells[before].1.max(t),
            (None, true) => self.spells[after].0 = t,
            (None, false) if self.spells.len() < MAX_SPELLS => self.spells.insert(after, (t, t)),
            (None, false) => self.is_limited = true,
        }
    }

    /// The median interval, as far as its bin tells.
    fn median_ms(&self) -> f64 {
        let half = self.intervals.iter().map(|count| u64::from(*count)).sum::<u64>().div_ceil(2);
        let mut below = 0;
        let median = self.intervals.iter().position(|count| {
            below += u64::from(*count);
            below >= half
        });
        1_000.0 * 2_f64.powf((median.unwrap_or(0) as f64 + 0.5) / 4.0)
    }

    /// The spells, joined as the ship's own interval asks, that are long enough.
    fn stretches(&self) -> Vec<(i64, i64)> {
        let join_ms = JOIN_MS.max((JOIN_INTERVALS * self.median_ms()) as i64);
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        for (start, end) in &self.spells {
            match stretches.last_mut() {
                Some(last) if start - last.1 <= join_ms => last.1 = *end,
                Some(_) | None => stretches.push((*start, *end)),
            }
        }
        stretches.retain(|(start, end)| end - start >= LEAST_STRETCH_MS);
        stretches
    }
}

/// An interval within one of the stretches; its length is log-uniform.
fn blank(stretches: &[(i64, i64)], random: &mut Random) -> Blank {
    let (start, end) = *random.pick(stretches);
    let room_ms = end - start - 2 * MARGIN_MS;
    let longest = room_ms.min(MOST_BLANK_MS) as f64 / LEAST_BLANK_MS as f64;
    let length_ms = ((LEAST_BLANK_MS as f64 * longest.powf(random.unit())) as i64).min(room_ms);
    let offset_ms = (random.unit() * (room_ms - length_ms) as f64) as i64;
    let start = start + MARGIN_MS + offset_ms;
    Blank { start, end: start + length_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positions `step` minutes apart, from one minute to another.
    fn add(survey: &mut Survey, mmsi: u32, minutes: std::ops::RangeInclusive<i64>, step: usize) {
        minutes.step_by(step).for_each(|minute| survey.add(mmsi, minute * MINUTE_MS));
    }

    #[test]
    fn stretches_are_the_same_in_any_order() {
        let mut forward = Survey::default();
        add(&mut forward, 1, 0..=400, 5);
        let mut mixed = Survey::default();
        add(&mut mixed, 1, 200..=400, 10);
        add(&mut mixed, 1, 0..=190, 10);
        add(&mut mixed, 1, 5..=395, 10);
        let all = vec![(0, 400 * MINUTE_MS)];
        assert_eq!((forward.ships[&1].stretches(), mixed.ships[&1].stretches()), (all.clone(), all));
    }

    #[test]
    fn a_gap_ends_a_stretch_but_not_in_a_sparse_feed() {
        let mut survey = Survey::default();
        add(&mut survey, 1, 0..=200, 2);
        add(&mut survey, 1, 220..=300, 2);
        add(&mut survey, 2, 0..=600, 20);
        assert_eq!(survey.ships[&1].stretches(), [(0, 200 * MINUTE_MS)]);
        assert_eq!(survey.ships[&2].stretches(), [(0, 600 * MINUTE_MS)]);
    }

    #[test]
    fn what_is_blanked_out_is_an_hour_from_both_ends_and_hangs_on_the_seed_only() {
        let mut survey = Survey::default();
        for mmsi in 1..=50 {
            add(&mut survey, mmsi, 0..=180 + i64::from(mmsi) * 60, 5);
        }
        let (able, blanks) = survey.choose(0.5, 7);
        assert_eq!((able, blanks.len()), (50, 25));
        for (mmsi, blank) in &blanks {
            let end = (180 + i64::from(*mmsi) * 60) * MINUTE_MS;
            assert!(blank.start >= MARGIN_MS && blank.end <= end - MARGIN_MS, "{blank:?}");
            assert!((LEAST_BLANK_MS..=MOST_BLANK_MS).contains(&(blank.end - blank.start)), "{blank:?}");
        }
        assert_eq!(survey.choose(0.5, 7).1, blanks);
        assert_ne!(survey.choose(0.5, 8).1, blanks);
    }
}
