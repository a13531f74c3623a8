//! How well this ship is heard where others are: weak transmitters and thinned feeds are no secrets.

use alloc::boxed::Box;

use model::position::{interpolate, reachable};
use model::time::HOUR_MS;
use model::{Class, EventTime, Fix, Position};
use serde::{Deserialize, Serialize};

use crate::Chart;
use crate::reception::{BIN_MS, PRESENCE_BINS, bin_end, bin_of, bin_start};

/// The hour of a time and the 12 before it.
const HOURS: usize = 13;
/// Bins from which on something follows.
const MIN_BINS: u32 = 6;
const BINS_PER_HOUR: i64 = HOUR_MS / BIN_MS;

/// The bins in which a track was present lately, and those of them in which it was heard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Own {
    /// The first report in the last bin in which there was any; before all time where there was none.
    last: Fix,
    past: Option<Box<Past>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Past {
    /// The first report in the bin before it in which there was any.
    before: Fix,
    /// The newest that counts.
    hour: i32,
    hours: [Hour; HOURS],
}

/// The bins of an hour, of which there are six.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Hour {
    /// A nibble each: in which it was present, in which it was heard, and the same of those after one in which it was not heard.
    nibbles: u16,
    /// Σ q over the bins present, in units of 1/10,000.
    expected: u16,
}

impl Hour {
    const PRESENT: u32 = 0;
    const HEARD: u32 = 4;
    const PRESENT_NEXT: u32 = 8;
    const HEARD_NEXT: u32 = 12;
    const UNITS: f64 = 10_000.0;

    fn bins(self, of: u32) -> u32 {
        u32::from(self.nibbles >> of & 0xF)
    }

    /// Counts a bin.
    fn count(&mut self, (is_heard, after_miss): (bool, bool), q: f64) {
        if self.bins(Hour::PRESENT) >= BINS_PER_HOUR as u32 {
            return;
        }
        let (heard, next) = (u16::from(is_heard), u16::from(after_miss));
        let one = 1 << Hour::PRESENT
            | heard << Hour::HEARD
            | next << Hour::PRESENT_NEXT
            | (heard & next) << Hour::HEARD_NEXT;
        self.nibbles = self.nibbles.saturating_add(one);
        self.expected = self.expected.saturating_add((q * Hour::UNITS + 0.5) as u16);
    }
}

const NONE: Fix = Fix { t: EventTime::MIN, position: Position { lon: 0, lat: 0 } };

impl Default for Own {
    fn default() -> Self {
        Own { last: NONE, past: None }
    }
}

impl Default for Past {
    fn default() -> Self {
        Past { before: NONE, hour: 0, hours: Default::default() }
    }
}

impl Own {
    /// A report of the track. Where `dense`, it was heard in every bin since the one before.
    pub fn report(&mut self, fix: Fix, is_dense: bool, class: Class, chart: &impl Chart) {
        let bin = bin_of(fix.t);
        let last = self.last;
        let last_bin = bin_of(last.t);
        if bin <= last_bin {
            return;
        }
        self.last = fix;
        if last.t == EventTime::MIN {
            return;
        }
        let past = self.past.get_or_insert_default();
        let before = core::mem::replace(&mut past.before, last);
        let before_bin = bin_of(before.t);
        let mut count = |of: i64, from: Fix, is_heard: bool, after_miss: bool| {
            let share = (bin_start(of).0 + BIN_MS / 2 - from.t.0) as f64 / (fix.t.0 - from.t.0).max(1) as f64;
            let cell = chart.cell(interpolate(from.position, fix.position, share.clamp(0.0, 1.0)));
            if let Some(q) = chart.reception().q_any(cell, class, bin_end(of)) {
                past.count(of, (is_heard, after_miss), q);
            }
        };
        let reaches = |from: Fix| reachable(from.position, from.t.0, fix.position, fix.t.0);
        if last_bin - before_bin <= PRESENCE_BINS && bin - last_bin <= PRESENCE_BINS && reaches(before) {
            count(last_bin, before, true, last_bin - before_bin > 1);
        }
        if reaches(last) {
            for missed in last_bin + 1..bin.min(last_bin + 2 * PRESENCE_BINS) {
                if missed - last_bin <= PRESENCE_BINS && bin - missed <= PRESENCE_BINS {
                    count(missed, last, is_dense, missed > last_bin + 1);
                }
            }
        }
    }

    /// min(1, bins heard / Σ q) over the last 12 h; and the same after a bin in which it was not
    /// heard, as a transmitter that fails now and then fails for a while.
    #[must_use]
    pub fn shares(&self, now: EventTime) -> (f64, f64) {
        /// So many bins of the ordinary kind stand for what is not counted yet.
        const PRIOR: f64 = 2.0;
        let hour = bin_of(now).div_euclid(BINS_PER_HOUR);
        let newest = self.past.as_ref().map_or(0, |past| i64::from(past.hour));
        let (mut present, mut heard, mut expected) = (0, 0, 0.0);
        let (mut present_next, mut heard_next) = (0.0, 0.0);
        for (slot, kept) in self.past.iter().flat_map(|past| past.hours.iter().enumerate()) {
            let of = newest - (newest - slot as i64).rem_euclid(HOURS as i64);
            if hour - of < HOURS as i64 {
                present += kept.bins(Hour::PRESENT);
                heard += kept.bins(Hour::HEARD);
                expected += f64::from(kept.expected) / Hour::UNITS;
                present_next += f64::from(kept.bins(Hour::PRESENT_NEXT));
                heard_next += f64::from(kept.bins(Hour::HEARD_NEXT));
            }
        }
        if present < MIN_BINS || expected < 1e-6 {
            return (1.0, 1.0);
        }
        let share = (f64::from(heard) / expected).min(1.0);
        let next = (PRIOR * share + heard_next) / (PRIOR + present_next);
        (share, next.min(share))
    }
}

impl Past {
    fn count(&mut self, bin: i64, heard: (bool, bool), q: f64) {
        let hour = bin.div_euclid(BINS_PER_HOUR);
        let slot = |hour: i64| hour.rem_euclid(HOURS as i64) as usize;
        let newest = i64::from(self.hour);
        for passed in newest.max(hour - HOURS as i64) + 1..=hour {
            self.hours[slot(passed)] = Hour::default();
        }
        self.hour = hour.max(newest) as i32;
        if i64::from(self.hour) - hour < HOURS as i64 {
            self.hours[slot(hour)].count(heard, q);
        }
    }
}
