//! How likely it is that somebody hears a ship, from the model of reception alone: what a judge of silences would like to know.
//!
//! Probabilities are of position messages (not long-range ones) in ten minutes, and take into account that the feed leaves
//! messages out after each that was heard.

use crate::fleet::{Ship, Weakness};
use crate::reception::{Stations, Transmission};
use crate::scenario::Scenario;
use crate::time::{EventTime, HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::truth::{Audible, UnheardReason};
use std::collections::VecDeque;

/// The bins of reception, ms.
const BIN_MS: i64 = 10 * MINUTE_MS;
/// Bins in the first two hours of a silence.
const BINS_IN_2H: usize = 12;
/// How long before the first bin the reckoning begins, so that it does not matter how it began, ms.
const RUN_UP_MS: i64 = 3 * HOUR_MS;
/// The mean of the jitter that the feed adds to a nominal interval, as a share of it.
const MEAN_JITTER: f64 = 0.1;
/// A cause explains an unheard spell if it took this much from the mean probability of its bins.
const EXPLAINS: f64 = 0.25;

/// What hears the ships of a scenario.
#[derive(Clone, Copy)]
pub(crate) struct Listener<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) seed: u64,
}

/// One transmission that could be heard.
struct Chance {
    odds: f64,
    /// Time to the next if it is not heard, ms.
    step_ms: i64,
    /// Time for which the feed leaves the ship's messages out if it is, ms.
    gate_ms: i64,
}

/// Whether the feed would pass the ship's next message on, as a probability.
#[derive(Default)]
struct Gate {
    /// It would.
    open: f64,
    /// It would, and nothing was heard in this bin.
    open_and_unheard: f64,
    /// It will from a moment on, with a probability, since the ship was heard at a moment: (from, heard, probability).
    shut: VecDeque<(EventTime, EventTime, f64)>,
}

impl Gate {
    fn reopen(&mut self, at: EventTime, bin: EventTime) {
        while let Some(&(from, heard, share)) = self.shut.front().filter(|(from, ..)| *from <= at) {
            self.shut.pop_front();
            self.open += share;
            self.open_and_unheard += if heard < bin { share } else { 0.0 };
            debug_assert!(from <= at, "in order");
        }
    }

    fn send(&mut self, at: EventTime, chance: &Chance) {
        let heard = self.open * chance.odds;
        self.open -= heard;
        self.open_and_unheard *= 1.0 - chance.odds;
        self.shut.push_back((at.after_ms(chance.gate_ms), at, heard));
    }

    /// The probability that nothing was heard in a bin that ends now.
    fn unheard(&self, bin: EventTime) -> f64 {
        let shut: f64 = self.shut.iter().filter(|(_, heard, _)| *heard < bin).map(|(.., share)| share).sum();
        self.open_and_unheard + shut
    }
}

impl Listener<'_> {
    /// How likely the ship would have been heard in the whole bins between two moments, had it sent.
    pub(crate) fn audible(self, ship: &Ship, start: EventTime, end: EventTime) -> Audible {
        let strength = if ship.weakness == Weakness::Spells { 1.0 } else { ship.own };
        let share = if ship.weakness == Weakness::Spells { ship.own } else { 1.0 };
        let (first, last) = whole_bins(start, end);
        let mut gate = Gate { open: 1.0, ..Gate::default() };
        let mut at = first.after_ms(-RUN_UP_MS).max(self.scenario.start.min(start));
        at = self.run(ship, strength, &mut gate, at, (at, first));
        let mut bins = Vec::new();
        let mut bin = first;
        while bin < last {
            let bin_end = bin.after_ms(BIN_MS);
            gate.open_and_unheard = gate.open;
            at = self.run(ship, strength, &mut gate, at, (bin, bin_end));
            bins.push(share * (1.0 - gate.unheard(bin)));
            bin = bin_end;
        }
        let smallest = |bins: &[f64]| bins.iter().fold(1.0, |least: f64, &bin| libm::fmin(least, bin));
        Audible {
            min: rounded(smallest(&bins)),
            min_2h: rounded(smallest(&bins[..bins.len().min(BINS_IN_2H)])),
            mean: rounded(mean(&bins)),
        }
    }

    /// Lets the ship send from `at` to the end of a bin; gives when it sends next.
    fn run(
        self,
        ship: &Ship,
        strength: f64,
        gate: &mut Gate,
        mut at: EventTime,
        (bin, end): (EventTime, EventTime),
    ) -> EventTime {
        while at < end {
            gate.reopen(at, bin);
            let Some(chance) = self.chance(ship, at, strength, Stations::AsTheyWere) else {
                at = at.after_ms(MINUTE_MS);
                continue;
            };
            gate.send(at, &chance);
            at = at.after_ms(chance.step_ms);
        }
        at
    }

    /// The ship's transmission at a moment; `None` outside its plan.
    fn chance(self, ship: &Ship, at: EventTime, strength: f64, which: Stations) -> Option<Chance> {
        let state = ship.state(self.seed, at)?;
        let sent = Transmission {
            mmsi: ship.identity.mmsi,
            kind: 0,
            at,
            position: state.position,
            class: ship.identity.class,
            long_range: false,
            strength,
        };
        let interval_ms = ship.interval_ms(&state);
        let jitter_ms = (interval_ms as f64 * MEAN_JITTER) as i64;
        let thinning = &self.scenario.thinning;
        let thin_ms =
            if interval_ms >= 180 * SECOND_MS { thinning.at_rest_ms } else { thinning.under_way_ms };
        let step_ms = interval_ms + jitter_ms;
        Some(Chance {
            odds: self.scenario.reception.odds(&sent, which),
            step_ms,
            gate_ms: step_ms.max(thin_ms + jitter_ms),
        })
    }

    /// Why nobody heard the ship between two moments in which it sent.
    pub(crate) fn why_unheard(self, ship: &Ship, start: EventTime, end: EventTime) -> UnheardReason {
        let average = |own: f64, which: Stations| {
            let bins: Vec<f64> = (start.0 + BIN_MS / 2..end.0)
                .step_by(BIN_MS as usize)
                .filter_map(|middle| self.chance(ship, EventTime(middle), own, which))
                .map(|chance| 1.0 - libm::pow(1.0 - chance.odds, BIN_MS as f64 / chance.step_ms as f64))
                .collect();
            mean(&bins)
        };
        let (strong, weak) = match ship.weakness {
            Weakness::Steady => (average(1.0, Stations::AllUp), average(ship.own, Stations::AllUp)),
            Weakness::Spells => {
                let strong = average(1.0, Stations::AllUp);
                (strong, strong * ship.own)
            }
        };
        let as_it_was = average(ship.own, Stations::AsTheyWere);
        let without_outage = average(ship.own, Stations::AllUp);
        if without_outage - as_it_was > EXPLAINS {
            UnheardReason::Outage
        } else if strong - weak > EXPLAINS {
            UnheardReason::Weak
        } else {
            UnheardReason::Coverage
        }
    }
}

/// The bins that lie wholly between two moments, or all that they touch if there is none.
fn whole_bins(start: EventTime, end: EventTime) -> (EventTime, EventTime) {
    let down = |at: EventTime| EventTime(at.0.div_euclid(BIN_MS) * BIN_MS);
    let up = |at: EventTime| down(at.after_ms(BIN_MS - 1));
    let (first, last) = (up(start), down(end));
    if first < last { (first, last) } else { (down(start), up(end)) }
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// To four digits, as shares are printed (EVENTS.md, numbers).
fn rounded(share: f64) -> f64 {
    libm::round(libm::fmax(share, 0.0) * 10_000.0) / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed;
    use crate::scenario::scenario;

    /// The share of the whole bins between two moments in which a ship was heard.
    fn share_heard(heard: &[EventTime], start: EventTime, end: EventTime) -> f64 {
        let (first, last) = whole_bins(start, end);
        let bins: std::collections::BTreeSet<i64> =
            heard.iter().filter(|&&at| first <= at && at < last).map(|at| at.0.div_euclid(BIN_MS)).collect();
        bins.len() as f64 / (last.since_ms(first) / BIN_MS) as f64
    }

    #[test]
    fn ships_that_never_hide_are_heard_as_often_as_the_model_says() {
        for name in ["harbour", "outage", "sparse"] {
            let scenario = scenario(name, 1).expect("a known name");
            let (ledger, _) = feed::write_lines(&scenario, 1, &mut std::io::sink()).expect("a sink");
            let listener = Listener { scenario: &scenario, seed: 1 };
            let (start, end) = (scenario.start.after_hours(2.0), scenario.end);
            let mut differences = Vec::new();
            // Long-range messages are heard as well, but not reckoned with.
            let open = |ship: &Ship| ship.voyage.silences().is_empty() && !ship.long_range;
            for (index, ship) in scenario.ships.iter().enumerate().filter(|(_, ship)| open(ship)).step_by(5) {
                let expected = listener.audible(ship, start, end).mean;
                let difference = expected - share_heard(ledger.heard(index), start, end);
                assert!(difference.abs() < 0.06, "{name}, {}: {difference}", ship.identity.name);
                differences.push(difference);
            }
            assert!(mean(&differences).abs() < 0.01, "{name}: {}", mean(&differences));
        }
    }

    #[test]
    fn a_transmitter_that_fails_in_spells_is_heard_in_its_share_of_the_bins() {
        let scenario = scenario("harbour", 1).expect("a known name");
        let listener = Listener { scenario: &scenario, seed: 1 };
        let (start, end) = (scenario.start.after_hours(2.0), scenario.end);
        let mut ship = scenario.ships[4].clone();
        let strong = listener.audible(&ship, start, end);
        ship.own = 0.5;
        ship.weakness = Weakness::Spells;
        let in_spells = listener.audible(&ship, start, end);
        ship.weakness = Weakness::Steady;
        let steady = listener.audible(&ship, start, end);
        assert!((in_spells.mean - strong.mean / 2.0).abs() < 1e-3);
        assert!(in_spells.mean < steady.mean && steady.mean <= strong.mean);
    }
}
