//! Cases to numbers with names: shares with their counts and 95 % intervals, rates, delays.
//!
//! The names are stable; `--fail-under` and `--json` use them, and the module doc of `evaluate` describes each.

use model::alert::Grade;
use serde_json::{Value, json};

use super::judge::{Cases, SilenceCase, least_ms};
use super::truth::{Kind, MINUTE_MS};

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_964;
/// False alarms are told per this many vessel-days.
const PER_VESSEL_DAYS: f64 = 1_000.0;
/// The names of all scores, in the order of the table.
pub const NAMES: [&str; 34] = [
    "recall_suspected",
    "recall_probable",
    "recall_strong",
    "recall_suspected_everywhere",
    "recall_probable_everywhere",
    "recall_strong_everywhere",
    "recall_any_length",
    "precision_suspected",
    "precision_probable",
    "precision_strong",
    "false_alarms_suspected",
    "false_alarms_probable",
    "false_alarms_strong",
    "delay_median_minutes",
    "delay_p90_minutes",
    "delay_max_minutes",
    "hidden_port_first_1",
    "hidden_port_first_3",
    "hidden_port_first_5",
    "hidden_port_missing",
    "told_hidden_port_first_1",
    "told_hidden_port_first_3",
    "told_hidden_port_first_5",
    "told_hidden_port_missing",
    "in_reach_told",
    "in_reach_delay_median_minutes",
    "in_reach_delay_p90_minutes",
    "in_reach_delay_max_minutes",
    "withheld_told",
    "jammed_not_dark",
    "berth_quiet",
    "outages_told",
    "outages_false",
    "dark_retracted",
];

/// Which way a score is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The more the better.
    More,
    /// The less the better.
    Less,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// So many of so many.
    Share {
        /// So many.
        hits: usize,
        /// Of so many.
        of: usize,
    },
    /// So many in so much time of ships.
    Rate {
        /// So many.
        count: usize,
        /// Days of all ships; `None` if the truth does not tell how long it is.
        vessel_days: Option<f64>,
    },
    /// A time.
    Minutes {
        /// How long; `None` if there is no case.
        minutes: Option<f64>,
        /// Cases.
        of: usize,
    },
    /// A number.
    Count(usize),
}

/// A number with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// One of [`NAMES`].
    pub name: &'static str,
    /// What it is of, in words.
    pub what: &'static str,
    /// Which way it is better.
    pub better: Better,
    /// What was measured.
    pub measure: Measure,
}

impl Score {
    fn share(name: &'static str, what: &'static str, hits: usize, of: usize) -> Score {
        Score { name, what, better: Better::More, measure: Measure::Share { hits, of } }
    }

    /// The number that bounds are held against; `None` if there was no case.
    pub fn value(&self) -> Option<f64> {
        match self.measure {
            Measure::Share { hits, of } => (of > 0).then(|| hits as f64 / of as f64),
            Measure::Rate { count, vessel_days } => {
                vessel_days.filter(|days| *days > 0.0).map(|days| count as f64 / days * PER_VESSEL_DAYS)
            }
            Measure::Minutes { minutes, .. } => minutes,
            Measure::Count(count) => Some(count as f64),
        }
    }

    /// The 95 % interval of a share.
    pub fn interval(&self) -> Option<(f64, f64)> {
        match self.measure {
            Measure::Share { hits, of } => wilson(hits, of),
            Measure::Rate { .. } | Measure::Minutes { .. } | Measure::Count(_) => None,
        }
    }

    /// It for machines.
    pub fn json(&self) -> Value {
        let value = self.value().map(|value| rounded(value, 4));
        match self.measure {
            Measure::Share { hits, of } => {
                let (low, high) = self.interval().unzip();
                let bound = |bound: Option<f64>| bound.map(|bound| rounded(bound, 4));
                json!({"value": value, "hits": hits, "of": of, "low": bound(low), "high": bound(high)})
            }
            Measure::Rate { count, vessel_days } => {
                json!({"value": value, "count": count, "vessel_days": vessel_days.map(|days| rounded(days, 2))})
            }
            Measure::Minutes { of, .. } => json!({"value": value, "of": of}),
            Measure::Count(_) => json!({ "value": value }),
        }
    }
}

/// Rounds to stated digits.
pub fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// The 95 % interval of a share (Wilson, J. Am. Stat. Assoc. 22 (1927), 209).
pub fn wilson(hits: usize, of: usize) -> Option<(f64, f64)> {
    if of == 0 {
        return None;
    }
    let (share, of) = (hits as f64 / of as f64, of as f64);
    let middle = share + Z * Z / (2.0 * of);
    let half = Z * (share * (1.0 - share) / of + Z * Z / (4.0 * of * of)).sqrt();
    let scale = 1.0 + Z * Z / of;
    Some((((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)))
}

/// The scores of a truth: all of [`NAMES`].
pub fn of_truth(cases: &Cases) -> Vec<Score> {
    let mut scores = recall(cases);
    scores.extend(precision(cases));
    scores.extend(delays(cases));
    scores.extend(hidden_ports(cases));
    scores.extend(in_reach(cases));
    scores.extend(others(cases));
    scores
}

/// The scores of blanked-out tracks: what happened elsewhere is not known, so they are recall and delay only.
pub fn of_blank_outs(cases: &Cases) -> Vec<Score> {
    let is_asked = |score: &Score| !score.name.ends_with("_everywhere");
    recall(cases).into_iter().chain(delays(cases)).filter(is_asked).collect()
}

fn deliberate(cases: &Cases) -> impl Iterator<Item = &SilenceCase> {
    cases.silences.iter().filter(|case| case.episode.kind == Kind::Deliberate)
}

fn recall(cases: &Cases) -> Vec<Score> {
    let score = |name, what, grade: Grade, is_asked: &dyn Fn(&SilenceCase) -> bool| {
        let asked: Vec<&SilenceCase> = deliberate(cases).filter(|case| is_asked(case)).collect();
        let found = asked.iter().filter(|case| case.claim() >= Some(grade)).count();
        Score::share(name, what, found, asked.len())
    };
    let long = |grade| move |case: &SilenceCase| case.length_ms() >= least_ms(grade);
    let audible = |grade| move |case: &SilenceCase| case.is_audible() && case.length_ms() >= least_ms(grade);
    use Grade::{Probable, Strong, Suspected};
    vec![
        score("recall_suspected", "found, of audible silences ≥ 2 h", Suspected, &audible(Suspected)),
        score("recall_probable", "found, of audible silences ≥ 4 h", Probable, &audible(Probable)),
        score("recall_strong", "found, of audible silences ≥ 8 h", Strong, &audible(Strong)),
        score("recall_suspected_everywhere", "of all silences ≥ 2 h", Suspected, &long(Suspected)),
        score("recall_probable_everywhere", "of all silences ≥ 4 h", Probable, &long(Probable)),
        score("recall_strong_everywhere", "of all silences ≥ 8 h", Strong, &long(Strong)),
        score("recall_any_length", "suspected or above, of all silences", Suspected, &|_| true),
    ]
}

fn precision(cases: &Cases) -> Vec<Score> {
    const NAMES: [(&str, &str); 3] = [
        ("precision_suspected", "false_alarms_suspected"),
        ("precision_probable", "false_alarms_probable"),
        ("precision_strong", "false_alarms_strong"),
    ];
    let days: Option<f64> = cases.worlds.iter().map(|world| world.vessel_days).sum();
    let count = |grade: Grade| {
        let claims = || cases.claims.iter().filter(move |claim| claim.grade >= grade);
        (claims().filter(|claim| claim.why_false.is_none()).count(), claims().count())
    };
    let graded = || Grade::CLAIMS.into_iter().map(count).zip(NAMES);
    let precision = graded().map(|((hits, of), (name, _))| {
        Score::share(name, "true, of claims at this grade or above", hits, of)
    });
    let alarms = graded().map(|((hits, of), (_, name))| Score {
        name,
        what: "false claims per 1,000 vessel-days",
        better: Better::Less,
        measure: Measure::Rate { count: of - hits, vessel_days: days },
    });
    precision.chain(alarms).collect()
}

fn delays(cases: &Cases) -> Vec<Score> {
    let asked =
        deliberate(cases).filter(|case| case.is_audible() && case.length_ms() >= least_ms(Grade::Suspected));
    let delays = asked.filter_map(|case| case.delays_ms[0]).collect();
    spread(
        ["delay_median_minutes", "delay_p90_minutes", "delay_max_minutes"],
        ["from switch-off to suspected, half of those found", "nine tenths of them", "the longest"],
        delays,
    )
}

/// Median, 90th percentile (nearest rank) and maximum.
fn spread(names: [&'static str; 3], what: [&'static str; 3], mut delays_ms: Vec<i64>) -> Vec<Score> {
    delays_ms.sort_unstable();
    let of = delays_ms.len();
    let at = |percent: usize| {
        let rank = (of * percent).div_ceil(100);
        delays_ms.get(rank.max(1) - 1).map(|delay_ms| *delay_ms as f64 / MINUTE_MS as f64)
    };
    let scores = [50, 90, 100].into_iter().zip(names).zip(what).map(|((percent, name), what)| Score {
        name,
        what,
        better: Better::Less,
        measure: Measure::Minutes { minutes: at(percent), of },
    });
    scores.collect()
}

fn hidden_ports(cases: &Cases) -> Vec<Score> {
    let mut scores = Vec::new();
    let all = cases.hidden.len();
    let told = cases.hidden.iter().filter(|case| case.is_told).count();
    let first = |places: usize| {
        cases.hidden.iter().filter(|case| case.rank.is_some_and(|rank| rank <= places)).count()
    };
    let named = first(usize::MAX);
    let groups = [
        (
            ["hidden_port_first_1", "hidden_port_first_3", "hidden_port_first_5", "hidden_port_missing"],
            "first candidate, of ports called at unseen",
            all,
        ),
        (
            [
                "told_hidden_port_first_1",
                "told_hidden_port_first_3",
                "told_hidden_port_first_5",
                "told_hidden_port_missing",
            ],
            "the same, of those for which an alert was told",
            told,
        ),
    ];
    for (names, what, of) in groups {
        let [one, three, five, missing] = names;
        scores.push(Score::share(one, what, first(1), of));
        scores.push(Score::share(three, "among the first 3", first(3), of));
        scores.push(Score::share(five, "among the first 5", first(5), of));
        let missing = Score::share(missing, "no candidate at all", of - named, of);
        scores.push(Score { better: Better::Less, ..missing });
    }
    scores
}

fn in_reach(cases: &Cases) -> Vec<Score> {
    let told = cases.hidden.iter().filter(|case| case.is_in_reach).count();
    let mut scores = vec![Score::share(
        "in_reach_told",
        "told in reach, of ports called at unseen",
        told,
        cases.hidden.len(),
    )];
    scores.extend(spread(
        ["in_reach_delay_median_minutes", "in_reach_delay_p90_minutes", "in_reach_delay_max_minutes"],
        ["from arrival to in reach, half of those told", "nine tenths of them", "the longest"],
        cases.hidden.iter().filter_map(|case| case.in_reach_delay_ms).collect(),
    ));
    scores
}

fn others(cases: &Cases) -> Vec<Score> {
    let share = |name, what, kind: Kind, is_right: &dyn Fn(&SilenceCase) -> bool| {
        let asked = || cases.silences.iter().filter(|case| case.episode.kind == kind);
        Score::share(name, what, asked().filter(|case| is_right(case)).count(), asked().count())
    };
    let count =
        |name, what, count| Score { name, what, better: Better::Less, measure: Measure::Count(count) };
    let once = cases.outages.iter().filter(|outage| outage.alerts == 1).count();
    vec![
        share("withheld_told", "told as withheld and not as dark", Kind::Withheld, &|case| {
            case.is_told_as_withheld && !case.is_claimed
        }),
        share("jammed_not_dark", "jammed and not told as dark", Kind::Jammed, &|case| !case.is_claimed),
        share("berth_quiet", "off at berth and told as info or not at all", Kind::Berth, &|case| {
            !case.is_loud
        }),
        Score::share(
            "outages_told",
            "told by exactly one alert, of failed receivers",
            once,
            cases.outages.len(),
        ),
        count("outages_false", "alerts of outages that were none", cases.other_outages),
        count("dark_retracted", "dark alerts that were retracted", cases.retracted),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_wilson() {
        // The roots of (p - x)² = z² x (1 - x) / n, solved apart.
        for (hits, of, low, high) in
            [(0, 10, 0.0, 0.2775), (9, 10, 0.5958, 0.9821), (90, 100, 0.8256, 0.9448)]
        {
            let (is_low, is_high) = wilson(hits, of).unwrap();
            assert!(
                (is_low - low).abs() < 1e-4 && (is_high - high).abs() < 1e-4,
                "{hits}/{of}: {is_low} {is_high}"
            );
        }
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn every_score_has_its_name_in_the_list() {
        let names: Vec<&str> = of_truth(&Cases::default()).iter().map(|score| score.name).collect();
        assert_eq!(names, NAMES);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let delays = (1..=10).map(|minutes| minutes * MINUTE_MS).collect();
        let values: Vec<Option<f64>> =
            spread(["a", "b", "c"], [""; 3], delays).iter().map(Score::value).collect();
        assert_eq!(values, [Some(5.0), Some(9.0), Some(10.0)]);
        assert!(spread(["a", "b", "c"], [""; 3], vec![]).iter().all(|score| score.value().is_none()));
    }
}
