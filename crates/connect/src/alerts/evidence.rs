//! What an alert rests on: enough for a person to check it by hand.

use std::fmt::Write as _;

use model::alert::{
    Alert, AlertKind, BinScore, Candidates, Changed, DarkHop, DarkPeriod, Finding, InReach, Notice,
};
use model::{Dimensions, Fact, Mmsi, StaticKey, Statics};

use super::Writer;
use crate::json;

/// One piece of evidence: the value is JSON.
pub struct Evidence {
    pub what: &'static str,
    pub value: String,
    pub why: String,
}

pub(super) fn piece(what: &'static str, value: impl ToString, why: &str) -> Evidence {
    Evidence { what, value: value.to_string(), why: why.to_owned() }
}

pub(super) fn number(what: &'static str, value: f64, decimals: u32, why: &str) -> Evidence {
    let mut text = String::new();
    json::fixed(&mut text, value, decimals);
    Evidence { what, value: text, why: why.to_owned() }
}

pub(super) fn quoted(text: &str) -> String {
    let mut out = String::new();
    json::text(&mut out, text);
    out
}

pub(super) fn listed<T>(items: impl IntoIterator<Item = T>, write: impl FnMut(&mut String, T)) -> String {
    let mut out = String::new();
    json::list(&mut out, items, write);
    out
}

impl Writer<'_> {
    /// The evidence of an alert.
    pub(super) fn evidence(&self, alert: &Alert) -> Vec<Evidence> {
        let mut all = match &alert.finding {
            Finding::Dark(period) => self.of_dark(period),
            Finding::Fact(told) => of_fact(&told.fact),
            Finding::DarkHop(hop) => self.of_dark_hop(hop),
            Finding::InReach(reach) => of_reach(reach),
            Finding::Withheld(withheld) => vec![
                piece("messages", withheld.messages, "messages without a position, less than 30 min apart"),
                piece(
                    "duration_ms",
                    withheld.span.length_ms(),
                    "from the first message around them to the last",
                ),
            ],
            Finding::Conflict(conflict) => vec![
                number(
                    "distance_m",
                    conflict.distance_m,
                    1,
                    "between the last fix of the track known and the first of the new one",
                ),
                piece("other_track", quoted(&conflict.other.to_string()), "heard at most 60 min before"),
                piece(
                    "apart_ms",
                    conflict.new.t.0 - conflict.known.t.0,
                    "time between the two fixes; no ship is that fast",
                ),
            ],
            Finding::Changed(changed) => of_change(changed),
            Finding::Notice(notice) => of_notice(notice),
            Finding::Sighting(matched) => self.of_sighting(matched),
        };
        if let Some(vessel) = &alert.vessel {
            self.of_identity(vessel.track.mmsi, &vessel.statics, &mut all);
        }
        all
    }

    fn of_dark(&self, period: &DarkPeriod) -> Vec<Evidence> {
        let mut all = vec![
            number(
                "score",
                period.score,
                4,
                "S: the sum of the scores of all bins; 2 suspects, 4 is probable, 6 is strong",
            ),
            piece("silent_ms", period.silent_ms, "from the last message before it on"),
            piece(
                "bins",
                bins(period),
                "for each 10 min of silence: min(1, -log10(1 - q * own * alive)); q: share of bins in which ships there are heard (from the second bin on: of bins after one in which they were not), alive: 1 where about as many others were heard as expected, else the share that was, 0.5 where too few are there to tell; own from the second bin on: own_next",
            ),
            number(
                "own",
                period.parts.first().map_or(1.0, |part| part.own),
                4,
                "share of bins of the last 12 h in which this ship was heard where others were",
            ),
            number(
                "own_next",
                period.parts.first().map_or(1.0, |part| part.own_next),
                4,
                "the same after a bin in which it was not heard; stands for own from the second bin on",
            ),
            piece("witnesses", witnesses(period), "other ships heard close by while it was silent"),
            piece("reports_12h", period.reports_12h, "reports of this ship in the 12 h before"),
            piece("expected_interval_ms", period.interval_ms, "how often it was expected to report"),
            most_kn(period.speed),
        ];
        if period.parts.len() > 1 {
            let parts = listed(&period.parts, |out, part| {
                let _ = write!(out, "{{\"start\":{},\"end\":", part.heard.0);
                json::or_null(out, part.until, |out, t| {
                    let _ = write!(out, "{}", t.0);
                });
                out.push_str(",\"own\":");
                json::fixed(out, part.own, 4);
                out.push_str(",\"own_next\":");
                json::fixed(out, part.own_next, 4);
                out.push('}');
            });
            let why = "single reports between them end nothing; the bins of each have its own and own_next";
            all.push(piece("silences", parts, why));
        }
        if period.heard_static > 0 {
            all.push(piece(
                "heard_static",
                period.heard_static,
                "static reports heard meanwhile: it transmitted, but no position",
            ));
        }
        for (key, before, after) in &period.changed {
            all.push(change(*key, before, after));
        }
        if let Some(mmsi) = period.continued_as {
            all.push(piece("continued_as", mmsi.0, "its IMO number is heard under this MMSI since"));
        }
        if let Some(port) = period.berth {
            all.push(piece("berth", quoted(self.port(port)), "the port in which it lay at rest"));
        }
        if period.ports_in_reach > 0 {
            all.push(piece(
                "ports_in_reach",
                period.ports_in_reach,
                "ports of any kind that it could have reached by water",
            ));
        }
        self.of_candidates(&period.candidates, &mut all);
        if period.ambiguous {
            all.push(piece("ambiguous", "true", "another ship with the same MMSI was close"));
        }
        all
    }

    fn of_dark_hop(&self, hop: &DarkHop) -> Vec<Evidence> {
        let periods = listed(&hop.periods, |out, span| {
            let _ = write!(out, "{{\"start\":{},\"end\":{}}}", span.start.0, span.end.0);
        });
        let mut all = vec![
            number("score", hop.score, 4, "S of the dark period with the highest grade"),
            piece("dark_periods", periods, "dark periods on the way"),
        ];
        if let Some(fact) = hop.hop.as_ref().map(|told| &told.fact) {
            all.extend(of_fact(fact));
            all.push(piece(
                "new_route",
                hop.is_new_route,
                "whether this ship was not seen to make this hop before",
            ));
            all.push(piece(
                "same_before",
                hop.same_before,
                "earlier hops of this ship between the same ports through silence",
            ));
        }
        self.of_candidates(&hop.candidates, &mut all);
        all
    }

    fn of_candidates(&self, candidates: &Candidates, all: &mut Vec<Evidence>) {
        if candidates.feasible > 0 {
            all.push(piece("feasible_ports", candidates.feasible, "ports at which it could have called for 6 h or more, or could be by now; the likeliest stand under ports"));
        }
        if let Some(unexplained_ms) = candidates.unexplained_ms {
            let hours = unexplained_ms as f64 / 3_600_000.0;
            all.push(number(
                "unexplained_hours",
                hours,
                2,
                "duration less the direct way by water at its usual speed",
            ));
        }
        if candidates.is_cut {
            all.push(piece("search_cut", "true", "it could have gone farther than is searched"));
        }
    }

    /// What is odd about who it says it is.
    fn of_identity(&self, mmsi: Mmsi, statics: &Statics, all: &mut Vec<Evidence>) {
        if mmsi.mid_unknown() {
            all.push(piece(
                "mid_unknown",
                mmsi.mid(),
                "these first three digits of an MMSI are allotted to no country",
            ));
        }
        let Some(imo) = statics.imo else { return };
        if !is_imo_number(imo) {
            all.push(piece(
                "imo_check_digit",
                imo,
                "the last digit does not fit the others: no ship has this IMO number",
            ));
        }
        let length = statics.dimensions.map(Dimensions::length);
        let is_near = |listed: u32| listed != imo && differing_digits(listed, imo) == 1;
        for ship in &self.watch.rules().ships {
            let same_length = ship.length.zip(length).is_none_or(|(listed, own)| listed.abs_diff(own) <= 20);
            if let Some(other) = ship.imo.filter(|other| is_near(*other) && same_length) {
                all.push(piece(
                    "imo_near_miss",
                    other,
                    &format!("one digit from the IMO number of {} ({})", ship.name, ship.list),
                ));
            }
        }
    }
}

/// The last digit of an IMO number is that of the sum of the others times 7, 6, 5, 4, 3, 2.
fn is_imo_number(imo: u32) -> bool {
    let digits: Vec<u32> = imo.to_string().bytes().map(|digit| u32::from(digit - b'0')).collect();
    let sum: u32 = digits.iter().take(6).zip((2..=7).rev()).map(|(digit, weight)| digit * weight).sum();
    digits.len() == 7 && sum % 10 == digits[6]
}

fn differing_digits(a: u32, b: u32) -> usize {
    let (a, b) = (format!("{a:07}"), format!("{b:07}"));
    a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count()
}

fn bins(period: &DarkPeriod) -> String {
    listed(period.parts.iter().flat_map(|part| &part.bins), |out, bin: &BinScore| {
        let _ = write!(out, "{{\"t\":{},\"cell\":\"{:x}\",\"q\":", bin.t.0, bin.cell.h3());
        json::or_null(out, bin.q, |out, q| json::fixed(out, q, 4));
        out.push_str(",\"alive\":");
        json::or_null(out, bin.alive, |out, alive| json::fixed(out, alive, 4));
        out.push_str(",\"score\":");
        json::fixed(out, bin.score, 4);
        out.push('}');
    })
}

fn witnesses(period: &DarkPeriod) -> String {
    const MOST: usize = 10;
    let mut all: Vec<u32> = Vec::new();
    for witness in period.parts.iter().flat_map(|part| &part.bins).flat_map(|bin| &bin.witnesses) {
        if !all.contains(&witness.0) && all.len() < MOST {
            all.push(witness.0);
        }
    }
    listed(all, |out, mmsi| {
        let _ = write!(out, "{mmsi}");
    })
}

fn change(key: StaticKey, before: &Statics, after: &Statics) -> Evidence {
    let value = |statics: &Statics| match key {
        StaticKey::Draught => statics.draught.map(|tenths| {
            let mut out = String::new();
            json::scaled(&mut out, i64::from(tenths), 1);
            out
        }),
        StaticKey::Destination => statics.destination.as_deref().map(quoted),
        StaticKey::Name => statics.name.as_deref().map(quoted),
        StaticKey::Callsign => statics.callsign.as_deref().map(quoted),
        StaticKey::Imo => statics.imo.map(|imo| imo.to_string()),
        StaticKey::Dimensions => statics.dimensions.map(|size| quoted(&size.text())),
    };
    let null = || "null".to_owned();
    let text = format!(
        "{{\"before\":{},\"after\":{}}}",
        value(before).unwrap_or_else(null),
        value(after).unwrap_or_else(null)
    );
    Evidence { what: key.name(), value: text, why: "what it said before and within an hour after".to_owned() }
}

fn of_fact(fact: &Fact) -> Vec<Evidence> {
    match fact {
        Fact::Silence(_) => vec![],
        Fact::Visit(visit) => vec![
            piece("stops", visit.stops.len(), "at most 0.5 kn for at least 15 min inside"),
            piece("gaps", visit.gaps.len(), "silent for at least 4 h, last heard inside"),
        ],
        Fact::Hop(hop) => vec![
            piece("silences", hop.silences.len(), "not heard for at least 30 min on the way"),
            number("observed_share", hop.observed_share, 4, "share of the time without silence"),
        ],
    }
}

fn most_kn(speed: u16) -> Evidence {
    number(
        "speed_kn",
        f64::from(speed) / 10.0,
        1,
        "the most it can keep: the limit of its type, or 1.2 times the 95th percentile of its own speeds",
    )
}

fn of_reach(reach: &InReach) -> Vec<Evidence> {
    vec![
        number("distance_m", reach.reach.distance_m, 1, "by water from the last fix"),
        most_kn(reach.speed),
        piece("from", reach.reach.from.0, "last fix plus distance over speed"),
        piece("rank", reach.rank, "among all ports in reach, by time"),
        number("score", reach.score, 4, "S of the dark period"),
    ]
}

fn of_change(changed: &Changed) -> Vec<Evidence> {
    let mut all: Vec<Evidence> =
        changed.keys.iter().map(|key| change(*key, &changed.before, &changed.after)).collect();
    if let Some(mmsi) = changed.continued_as {
        all.push(piece(
            "continued_as",
            mmsi.0,
            "the same IMO number is heard under this MMSI, where the ship can have got",
        ));
    }
    all
}

fn of_notice(notice: &Notice) -> Vec<Evidence> {
    let receiver = || {
        let hash = quoted(&format!("{:016x}", notice.receiver));
        piece("receiver", hash, "hash of the name of the receiver or station")
    };
    if notice.kind == AlertKind::SourceClock {
        return vec![
            piece(
                "ahead_ms",
                notice.ahead_ms,
                "its stamp less the median of those of others that heard the same message",
            ),
            piece("differing", notice.ships, "messages that differ by more than 30 s"),
            piece("of", notice.of, "of its last that others heard too"),
            receiver(),
        ];
    }
    let examples = listed(&notice.examples, |out, mmsi| {
        let _ = write!(out, "{}", mmsi.0);
    });
    let mut all = vec![
        piece("ships", notice.ships, "ships concerned"),
        piece("of", notice.of, "of so many"),
        piece("examples", examples, "some of them"),
        number("radius_m", notice.radius_m, 1, "around the middle"),
    ];
    if notice.receiver != 0 {
        all.push(receiver());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_of_an_imo_number_proves_the_others() {
        for imo in [9_179_842, 8_517_839, 9_161_003, 9_358_010] {
            assert!(is_imo_number(imo), "{imo}");
            assert!(!is_imo_number(imo + 1), "{}", imo + 1);
        }
        assert!(!is_imo_number(123));
        assert_eq!(differing_digits(9_179_842, 9_179_852), 1);
    }
}
