//! What is written of a sighting: the ships in question, the ports, what it rests on, and one sentence.

use std::fmt::Write as _;

use model::alert::Grade;
use model::position::NAUTICAL_MILE_M;
use model::sighting::{Matched, Named, Sighting, Suspect, Verdict};
use model::time::HOUR_MS;
use model::{Class, Dimensions, PortIndex};

use super::Writer;
use super::evidence::{Evidence, listed, number, piece, quoted};
use super::explain::{hours, moment, place_told};
use crate::{facts, json};

/// Rows of one target that are named.
const MOST_ALSO: usize = 20;

/// Appends the alerts of the silence in which the ship was seen.
pub(super) fn related(out: &mut String, matched: &Matched) {
    out.push_str(",\"related\":");
    let alerts = matched.ship().map(|ship| &ship.related[..]).unwrap_or_default();
    json::list(out, alerts, |out, id| {
        let _ = write!(out, "\"{id:016x}\"");
    });
}

/// Hours that a way takes at the speed taken.
fn needed_hours(suspect: &Suspect, way_m: f64) -> f64 {
    way_m / NAUTICAL_MILE_M / (f64::from(suspect.speed.max(1)) / 10.0)
}

fn length_m(tenths: u32) -> f64 {
    f64::from(tenths) / 10.0
}

fn suspect_json(out: &mut String, suspect: &Suspect, t: i64) {
    let _ = write!(out, "{{\"mmsi\":{},\"track\":\"{}\",\"name\":", suspect.track.mmsi.0, suspect.track);
    json::or_null(out, suspect.statics.name.as_deref(), json::text);
    out.push_str(",\"imo\":");
    json::or_null(out, suspect.statics.imo, |out, imo| {
        let _ = write!(out, "{imo}");
    });
    out.push_str(",\"p\":");
    json::fixed(out, suspect.p, 4);
    out.push_str(",\"length_m\":");
    let length = suspect.statics.dimensions.map(Dimensions::length);
    json::or_null(out, length, |out, length| json::scaled(out, i64::from(length), 1));
    out.push_str(",\"grade\":");
    json::or_null(out, suspect.grade.map(Grade::name), json::text);
    out.push_str(",\"start\":");
    facts::fix(out, suspect.start);
    out.push_str(",\"end\":");
    json::or_null(out, suspect.end, facts::fix);
    out.push_str(",\"distance_m\":");
    json::fixed(out, suspect.out_m, 1);
    out.push_str(",\"hours_needed\":");
    json::fixed(out, needed_hours(suspect, suspect.out_m), 2);
    out.push_str(",\"hours_had\":");
    json::fixed(out, (t - suspect.start.t.0).abs() as f64 / HOUR_MS as f64, 2);
    let on = suspect.on_m.zip(suspect.end);
    out.push_str(",\"distance_on_m\":");
    json::or_null(out, on, |out, (on_m, _)| json::fixed(out, on_m, 1));
    out.push_str(",\"hours_on_needed\":");
    json::or_null(out, on, |out, (on_m, _)| json::fixed(out, needed_hours(suspect, on_m), 2));
    out.push_str(",\"hours_on_had\":");
    json::or_null(out, on, |out, (_, end)| json::fixed(out, (end.t.0 - t) as f64 / HOUR_MS as f64, 2));
    out.push_str(",\"speed_kn\":");
    json::scaled(out, i64::from(suspect.speed), 1);
    out.push('}');
}

impl Writer<'_> {
    pub(super) fn ports_of_sighting(&self, out: &mut String, matched: &Matched) {
        out.push_str("\"at\":");
        json::or_null(out, matched.at, |out, port| json::text(out, self.port(port)));
        for (key, ports) in [("possible", &matched.possible), ("impossible", &matched.impossible)] {
            let _ = write!(out, ",\"{key}\":");
            json::list(out, ports, |out, port| json::text(out, self.port(*port)));
        }
    }

    /// What the verdict rests on.
    pub(super) fn of_sighting(&self, matched: &Matched) -> Vec<Evidence> {
        let seen = &matched.sighting;
        let mut all = vec![
            piece("sighting", quoted(&seen.id), "the id of the sighting, or a hash of its content"),
            number("confidence", seen.confidence, 4, "how sure it is that there was a ship, 0 to 1"),
            number("accuracy_m", seen.accuracy_m, 1, "how far from there it may have been"),
        ];
        if let Some(sensor) = &seen.sensor {
            all.push(piece("sensor", quoted(sensor), "what saw it"));
        }
        if let Some(length) = seen.length {
            all.push(number("length_m", length_m(length), 1, "as measured"));
        }
        if let Some(mmsi) = seen.mmsi {
            all.push(piece("seen_as_mmsi", mmsi.0, "whoever looked at it knew the ship by this MMSI"));
        }
        if let Some(imo) = seen.imo {
            all.push(piece("seen_as_imo", imo, "whoever looked at it knew the ship by this IMO number"));
        }
        let suspects = listed(&matched.suspects, |out, suspect| suspect_json(out, suspect, seen.fix.t.0));
        let why = if matched.is_misfit {
            "where the ship was by its own positions: distances in a straight line, and hours at the most that it can keep"
        } else {
            "ships that were silent then and can have been there, likeliest first, and how likely each is (p): distances by water less the accuracy, from the last fix to it and on to the next, with the hours that they take at the most that the ship can keep (limit of its type, or 1.2 times the 95th percentile of its own speeds), and the hours it had"
        };
        all.push(piece("candidates", suspects, why));
        let why = "share of belief that it was no ship that is known: another one, or a false alarm by the odds of its confidence";
        all.push(number("none_of_these", matched.none, 4, why));
        let why = "share of belief of all other ships that can have been there";
        all.push(number("others", matched.others, 4, why));
        all.push(piece("in_reach", matched.in_reach, "silent ships that can have been there, in all"));
        if !matched.also.is_empty() {
            let ids = listed(matched.also.iter().take(MOST_ALSO), |out, also| json::text(out, &also.id));
            all.push(piece(
                "same_target",
                ids,
                "sightings of the same moment that can be of the same target",
            ));
        }
        if matched.is_partial {
            let why = "more was heard around it than could be remembered, so it is not told as unmatched";
            all.push(piece("is_partial", true, why));
        }
        let why = match seen.class() {
            Class::A => {
                "share of bins of ten minutes in which ships of class A are heard there, as known at the end; unknown where too few were"
            }
            Class::B => {
                "share of bins of ten minutes in which ships of class B (it is shorter than 20 m) are heard there, as known at the end; unknown where too few were"
            }
        };
        all.push(match matched.heard_here {
            Some(share) => number("heard_here", share, 4, why),
            None => piece("heard_here", quoted("unknown"), why),
        });
        let named = |ports: &[PortIndex]| listed(ports, |out, port| json::text(out, self.port(*port)));
        if !matched.possible.is_empty() {
            let why =
                "ports in question at which it can have called, for 6 h or more, though it came by here";
            all.push(piece("possible_ports", named(&matched.possible), why));
        }
        if !matched.impossible.is_empty() {
            let why = "ports in question at which it cannot have called for 6 h if it came by here";
            all.push(piece("impossible_ports", named(&matched.impossible), why));
        }
        all
    }

    /// The sentence.
    pub(super) fn sighting(&self, ship: &str, matched: &Matched) -> String {
        let seen = &matched.sighting;
        let length =
            seen.length.map_or_else(String::new, |length| format!(" of about {:.0} m", length_m(length)));
        let place = match matched.at {
            Some(port) => format!("in {}", self.name(port)),
            None => format!("at {}", place_told(seen.fix.position)),
        };
        let when = moment(seen.fix.t);
        let Some(best) = matched.ship() else {
            let named = named(matched);
            let mut text =
                format!("A ship{length}{named} was seen {place} at {when} that no ship heard there explains");
            text += &match matched.suspects.first() {
                None if matched.in_reach == 0 && matched.named.is_some() => String::new(),
                None => ", and no silent ship that is known can have been there".to_owned(),
                Some(first) => format!(
                    "; of {} silent {} that can have been there, {} is the likeliest ({:.0} %), and it was none of them with {:.0} %",
                    matched.in_reach,
                    if matched.in_reach == 1 { "ship" } else { "ships" },
                    called(first),
                    first.p * 100.0,
                    matched.none * 100.0
                ),
            };
            if matched.is_partial {
                text += "; not all that was heard around it could be remembered";
            }
            if matched.heard_here.is_none() {
                text += "; whether ships are heard there is not known";
            }
            return text + ".";
        };
        if matched.is_misfit {
            let Leg { off_m, apart_ms, is_before } = violated(best, seen);
            let knots = f64::from(best.speed) / 10.0;
            return format!(
                "{ship} was seen {place} at {when}, where by its own positions it cannot have been: {:.0} km from where it was \
                 {} {}, at {knots:.1} knots at most.",
                off_m / 1_000.0,
                hours(apart_ms),
                if is_before { "before" } else { "later" }
            );
        }
        let since = moment(best.start.t);
        let mut text = format!(
            "{ship}, not heard since {since}, is the likeliest ({:.0} %) to be the ship{length} that was seen {place} at {when}",
            best.p * 100.0
        );
        let names = |ports: &[PortIndex]| {
            const MOST: usize = 3;
            let mut names: Vec<&str> = ports.iter().take(MOST).map(|port| self.name(*port)).collect();
            if ports.len() > MOST {
                names.push("others");
            }
            names.join(", ")
        };
        match matched.verdict {
            Verdict::Contradicted => {
                text += &format!("; then it cannot have called at {}", names(&matched.impossible));
            }
            Verdict::Unheard => {
                text += ", where it can have been; it is merely not heard there";
            }
            Verdict::Corroborated | Verdict::Ambiguous | Verdict::Unmatched => {
                text += ", where it can have been";
                if !matched.impossible.is_empty() {
                    text += &format!("; it cannot have called at {} then", names(&matched.impossible));
                }
            }
        }
        text + "."
    }
}

/// A leg between a position that a ship told and a sighting.
struct Leg {
    off_m: f64,
    apart_ms: i64,
    /// Whether the position was told before the sighting.
    is_before: bool,
}

/// The leg that is too long by most: by the speed that it would need.
fn violated(suspect: &Suspect, seen: &Sighting) -> Leg {
    let leg = |fix: model::Fix, off_m: f64| Leg {
        off_m,
        apart_ms: (seen.fix.t.0 - fix.t.0).abs(),
        is_before: fix.t <= seen.fix.t,
    };
    let pace = |leg: &Leg| (leg.off_m - seen.accuracy_m).max(0.0) / leg.apart_ms.max(1) as f64;
    let out = leg(suspect.start, suspect.out_m);
    match suspect.end.zip(suspect.on_m).map(|(end, on_m)| leg(end, on_m)) {
        Some(on) if pace(&on) > pace(&out) => on,
        Some(_) | None => out,
    }
}

/// What whoever looked at it called the ship, and what is known of that one.
fn named(matched: &Matched) -> String {
    let seen = &matched.sighting;
    let number = match (seen.mmsi, seen.imo) {
        (Some(mmsi), _) => format!("MMSI {}", mmsi.0),
        (None, Some(imo)) => format!("IMO {imo}"),
        (None, None) => return String::new(),
    };
    match &matched.named {
        Some(Named::NeverHeard) => format!(", named as {number}, never heard in this feed,"),
        Some(Named::OtherLength(statics)) => {
            let name = statics.name.as_deref().unwrap_or(&number);
            let length = statics.dimensions.map_or(0, Dimensions::length);
            format!(", named as {name}, which is {:.0} m long,", length_m(length))
        }
        Some(Named::Heard(statics)) => format!(", named as {},", statics.name.as_deref().unwrap_or(&number)),
        None => String::new(),
    }
}

fn called(suspect: &Suspect) -> String {
    match &suspect.statics.name {
        Some(name) => format!("{name} (MMSI {})", suspect.track),
        None => format!("MMSI {}", suspect.track),
    }
}
