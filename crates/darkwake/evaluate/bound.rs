//! Bounds on scores, for machines that must notice when one gets worse: `--fail-under recall_suspected=0.9`.
//!
//! `NAME=VALUE` is at least VALUE where more is better and at most VALUE where less is; `NAME>=VALUE` and `NAME<=VALUE`
//! say so themselves. A score without a case misses every bound: it proves nothing.

use super::score::{Better, NAMES, Score};

/// Which side of the value is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    AtLeast,
    AtMost,
    AsGood,
}

/// A bound on a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    name: &'static str,
    side: Side,
    value: f64,
}

impl Bound {
    /// Reads `NAME=VALUE`, `NAME>=VALUE` or `NAME<=VALUE`.
    pub fn parse(text: &str) -> Result<Bound, String> {
        let (left, value) = text.split_once('=').ok_or("give NAME=VALUE, NAME>=VALUE or NAME<=VALUE")?;
        let (name, side) = match (left.strip_suffix('>'), left.strip_suffix('<')) {
            (Some(name), _) => (name, Side::AtLeast),
            (None, Some(name)) => (name, Side::AtMost),
            (None, None) => (left, Side::AsGood),
        };
        let name = NAMES.into_iter().find(|known| *known == name.trim());
        let name = name.ok_or_else(|| format!("no such score; there are {}", NAMES.join(", ")))?;
        let value = value.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        Ok(Bound { name, side, value: value.ok_or("give a number after =")? })
    }

    /// The score it is about.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What is missed, in words; `None` if the score is good enough.
    pub fn missed(&self, score: &Score) -> Option<String> {
        let at_least = match self.side {
            Side::AtLeast => true,
            Side::AtMost => false,
            Side::AsGood => score.better == Better::More,
        };
        let wanted = if at_least { "at least" } else { "at most" };
        let Some(value) = score.value() else {
            return Some(format!("{} has no case, {wanted} {} was wanted", self.name, self.value));
        };
        let is_good = if at_least { value >= self.value } else { value <= self.value };
        (!is_good).then(|| format!("{} is {value:.4}, {wanted} {} was wanted", self.name, self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::score::Measure;

    #[test]
    fn a_bound_is_kept_or_missed() {
        let recall = |hits, of| Score {
            name: "recall_suspected",
            what: "",
            better: Better::More,
            measure: Measure::Share { hits, of },
        };
        let alarms = Score {
            name: "false_alarms_probable",
            what: "",
            better: Better::Less,
            measure: Measure::Rate { count: 3, vessel_days: Some(1_000.0) },
        };
        for (text, score, is_missed) in [
            ("recall_suspected=0.9", recall(9, 10), false),
            ("recall_suspected=0.91", recall(9, 10), true),
            ("recall_suspected >= 0.5", recall(9, 10), false),
            ("recall_suspected=0", recall(0, 0), true),
            ("false_alarms_probable=2", alarms.clone(), true),
            ("false_alarms_probable<=3", alarms.clone(), false),
            ("false_alarms_probable>=4", alarms, true),
        ] {
            assert_eq!(Bound::parse(text).unwrap().missed(&score).is_some(), is_missed, "{text}");
        }
    }

    #[test]
    fn what_is_no_bound_is_told() {
        for text in ["recall_suspected", "recall=0.9", "recall_suspected=much", "recall_suspected=NaN"] {
            assert!(Bound::parse(text).is_err(), "{text}");
        }
    }
}
