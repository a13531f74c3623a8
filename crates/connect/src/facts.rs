//! Facts as JSON lines: collected in their last revision, sorted, printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::{
    Crossing, Fact, FactChange, FactKey, FactKind, Fix, Hop, Ports, Silence, StaticKey, Statics, TimeSpan,
    Visit,
};
use serde::{Deserialize, Serialize};

use crate::json;

/// How many silences, visits and hops there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactCounts([u64; 3]);

impl FactCounts {
    /// Takes in a change.
    pub fn apply(&mut self, change: &FactChange) {
        let [silences, visits, hops] = &mut self.0;
        let count = match change.key.kind {
            FactKind::Silence => silences,
            FactKind::Visit => visits,
            FactKind::Hop => hops,
        };
        match (change.was_told, change.fact.is_some()) {
            (false, true) => *count += 1,
            (true, false) => *count -= 1,
            (true, true) | (false, false) => {}
        }
    }

    /// Adds those of other ships.
    pub fn add(&mut self, other: FactCounts) {
        self.0.iter_mut().zip(other.0).for_each(|(count, other)| *count += other);
    }

    /// Silences, visits and hops.
    #[must_use]
    pub fn all(self) -> [u64; 3] {
        self.0
    }
}

/// Facts in their last revision.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    facts: BTreeMap<FactKey, (Fact, bool)>,
}

impl Facts {
    /// Takes in a change.
    pub fn apply(&mut self, change: &FactChange) {
        match &change.fact {
            Some(fact) => {
                self.facts.insert(change.key, (fact.clone(), change.ambiguous));
            }
            None => {
                self.facts.remove(&change.key);
            }
        }
    }

    /// Adds the facts of other ships.
    pub fn merge(&mut self, other: Facts) {
        self.facts.extend(other.facts);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// All facts, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&FactKey, &Fact)> {
        self.facts.iter().map(|(key, (fact, _))| (key, fact))
    }

    /// All facts as lines, in the order of the contract: MMSI, start fix, kind, track,
    /// `start_heard`, port or from, to.
    pub fn lines<'a>(&'a self, ports: &'a Ports, is_time_assumed: bool) -> impl Iterator<Item = String> + 'a {
        let mut sorted: Vec<(&FactKey, &(Fact, bool))> = self.facts.iter().collect();
        sorted.sort_by_cached_key(|(key, (fact, _))| sort_key(key, fact, ports));
        sorted.into_iter().map(move |(key, (fact, ambiguous))| {
            let mut line = line(key, fact, *ambiguous, ports);
            if is_time_assumed {
                line.insert_str(line.len() - 1, ",\"assumed_time\":true");
            }
            line
        })
    }
}

type SortKey = (u32, Fix, &'static str, String, i64, String, String);

fn sort_key(key: &FactKey, fact: &Fact, ports: &Ports) -> SortKey {
    let (start, kind, heard, from, to) = match fact {
        Fact::Silence(silence) => (silence.start, "silence", silence.heard.start.0, "", ""),
        Fact::Visit(visit) => (visit.first_inside, "visit", 0, ports.get(visit.port).id.as_str(), ""),
        Fact::Hop(hop) => {
            (hop.departure, "hop", 0, ports.get(hop.from).id.as_str(), ports.get(hop.to).id.as_str())
        }
    };
    (key.track.mmsi.0, start, kind, key.track.to_string(), heard, from.to_owned(), to.to_owned())
}

/// One fact as a JSON object.
#[must_use]
pub fn line(key: &FactKey, fact: &Fact, ambiguous: bool, ports: &Ports) -> String {
    let mut out = String::with_capacity(512);
    let kind = match fact {
        Fact::Silence(_) => "silence",
        Fact::Visit(_) => "visit",
        Fact::Hop(_) => "hop",
    };
    let _ = write!(out, "{{\"kind\":\"{kind}\",\"mmsi\":{},\"track\":\"{}\"", key.track.mmsi.0, key.track);
    match fact {
        Fact::Silence(silence) => write_silence(&mut out, silence),
        Fact::Visit(visit) => write_visit(&mut out, visit, ports),
        Fact::Hop(hop) => write_hop(&mut out, hop, ports),
    }
    if ambiguous {
        out.push_str(",\"ambiguous\":true");
    }
    if key.track.mmsi.mid_unknown() {
        out.push_str(",\"mid_unknown\":true");
    }
    out.push('}');
    out
}

fn write_silence(out: &mut String, silence: &Silence) {
    out.push_str(",\"start\":");
    fix(out, silence.start);
    out.push_str(",\"end\":");
    fix(out, silence.end);
    let TimeSpan { start, end } = silence.heard;
    let _ = write!(
        out,
        ",\"start_heard\":{},\"end_heard\":{},\"duration_ms\":{}",
        start.0,
        end.0,
        end.0 - start.0
    );
    out.push_str(",\"distance_m\":");
    json::fixed(out, silence.distance_m, 1);
    out.push_str(",\"speed_kn\":");
    json::or_null(out, silence.speed_kn, |out, speed| json::fixed(out, speed, 2));
    let _ = write!(out, ",\"reports_12h\":{},\"expected_12h\":{}", silence.reports_12h, silence.expected_12h);
    out.push_str(",\"static_before\":");
    statics(out, &silence.static_before);
    out.push_str(",\"static_after\":");
    statics(out, &silence.static_after);
    out.push_str(",\"changed\":");
    json::list(out, silence.changed(), |out, key| json::text(out, key.name()));
    out.push_str(",\"heard_static\":");
    json::or_null(out, silence.heard_static, |out, heard| {
        let _ = write!(
            out,
            "{{\"count\":{},\"first\":{},\"last\":{}}}",
            heard.count, heard.first.0, heard.last.0
        );
    });
}

fn write_visit(out: &mut String, visit: &Visit, ports: &Ports) {
    let port = ports.get(visit.port);
    out.push_str(",\"port\":");
    json::text(out, &port.id);
    out.push_str(",\"name\":");
    json::text(out, &port.name);
    out.push_str(",\"country\":");
    json::text(out, &port.country);
    let _ = write!(out, ",\"port_kind\":\"{}\",\"parents\":", port.kind.name());
    let parents = ports.parents(visit.port).iter().map(|parent| ports.get(*parent));
    let valid = parents.filter(|parent| parent.is_valid_at(visit.first_inside.t));
    json::list(out, valid, |out, parent| json::text(out, &parent.id));
    out.push_str(",\"first_inside\":");
    fix(out, visit.first_inside);
    out.push_str(",\"last_inside\":");
    fix(out, visit.last_inside);
    out.push_str(",\"entry\":");
    json::or_null(out, visit.entry, crossing);
    out.push_str(",\"exit\":");
    json::or_null(out, visit.exit, crossing);
    out.push_str(",\"stops\":");
    json::list(out, &visit.stops, span);
    out.push_str(",\"gaps\":");
    json::list(out, &visit.gaps, span);
    let _ = write!(out, ",\"call\":\"{}\",\"confidence\":{}", visit.class.name(), visit.confidence());
}

fn write_hop(out: &mut String, hop: &Hop, ports: &Ports) {
    out.push_str(",\"from\":");
    json::text(out, &ports.get(hop.from).id);
    out.push_str(",\"to\":");
    json::text(out, &ports.get(hop.to).id);
    out.push_str(",\"departure\":");
    fix(out, hop.departure);
    out.push_str(",\"arrival\":");
    fix(out, hop.arrival);
    out.push_str(",\"exit\":");
    json::or_null(out, hop.exit, crossing);
    out.push_str(",\"entry\":");
    json::or_null(out, hop.entry, crossing);
    out.push_str(",\"distance_gc_m\":");
    json::fixed(out, hop.distance_gc_m, 1);
    out.push_str(",\"distance_sailed_m\":");
    json::fixed(out, hop.distance_sailed_m, 1);
    let _ = write!(out, ",\"duration_ms\":{},\"mean_speed_kn\":", hop.arrival.t.0 - hop.departure.t.0);
    json::or_null(out, hop.mean_speed_kn, |out, speed| json::fixed(out, speed, 2));
    out.push_str(",\"silences\":");
    json::list(out, &hop.silences, span);
    out.push_str(",\"observed_share\":");
    json::fixed(out, hop.observed_share, 4);
    let _ = write!(out, ",\"through_silence\":{}", hop.through_silence);
    out.push_str(",\"draught_before\":");
    json::or_null(out, hop.draught_before, |out, tenths| json::scaled(out, i64::from(tenths), 1));
    out.push_str(",\"draught_after\":");
    json::or_null(out, hop.draught_after, |out, tenths| json::scaled(out, i64::from(tenths), 1));
    out.push_str(",\"destination_before\":");
    json::or_null(out, hop.destination_before.as_deref(), json::text);
    out.push_str(",\"destination_after\":");
    json::or_null(out, hop.destination_after.as_deref(), json::text);
}

/// A fix as a JSON object.
pub fn fix(out: &mut String, fix: Fix) {
    let _ = write!(out, "{{\"t\":{},\"lon\":", fix.t.0);
    json::scaled(out, i64::from(fix.position.lon), 6);
    out.push_str(",\"lat\":");
    json::scaled(out, i64::from(fix.position.lat), 6);
    out.push('}');
}

fn crossing(out: &mut String, crossing: Crossing) {
    let Crossing { t, not_before, not_after } = crossing;
    let _ = write!(out, "{{\"t\":{},\"not_before\":{},\"not_after\":{}}}", t.0, not_before.0, not_after.0);
}

fn span(out: &mut String, span: &TimeSpan) {
    let _ = write!(out, "{{\"start\":{},\"end\":{}}}", span.start.0, span.end.0);
}

fn statics(out: &mut String, statics: &Statics) {
    for (at, key) in StaticKey::ALL.into_iter().enumerate() {
        out.push(if at == 0 { '{' } else { ',' });
        let _ = write!(out, "\"{}\":", key.name());
        match key {
            StaticKey::Draught => {
                json::or_null(out, statics.draught, |out, tenths| json::scaled(out, i64::from(tenths), 1));
            }
            StaticKey::Destination => json::or_null(out, statics.destination.as_deref(), json::text),
            StaticKey::Name => json::or_null(out, statics.name.as_deref(), json::text),
            StaticKey::Callsign => json::or_null(out, statics.callsign.as_deref(), json::text),
            StaticKey::Imo => json::or_null(out, statics.imo, |out, imo| {
                let _ = write!(out, "{imo}");
            }),
            StaticKey::Dimensions => {
                json::or_null(out, statics.dimensions, |out, size| json::text(out, &size.text()))
            }
        }
    }
    out.push('}');
}
