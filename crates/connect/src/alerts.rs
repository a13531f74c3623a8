//! Alerts as JSON: one object a message, every revision of every alert, with the evidence that lets
//! a person check it and one sentence that says it.

mod evidence;
mod explain;
mod sighting;

use std::fmt::Write as _;

use detect::Watch;
use model::alert::{Alert, Candidates, DarkPeriod, Finding};
use model::{Fact, Fix, Origin, PortIndex, Ports, Position};

use crate::{facts, json};

/// Name and version of the schema.
pub const SCHEMA: &str = "darkwake.alert/1";

/// Writes alerts of one run.
#[derive(Clone, Debug)]
pub struct Writer<'a> {
    /// The ports.
    pub ports: &'a Ports,
    /// The watch rules.
    pub watch: &'a Watch,
    /// Hash of the configuration.
    pub config_hash: &'a str,
    /// Hash of the port files.
    pub ports_hash: &'a str,
    /// Names of the inputs, by number.
    pub inputs: &'a [String],
    /// Whether times were given by the user for lines that had none.
    pub is_time_assumed: bool,
}

impl Writer<'_> {
    /// One revision of an alert as a JSON object.
    #[must_use]
    pub fn json(&self, alert: &Alert) -> String {
        let mut out = String::with_capacity(2_000);
        let (grade, cause, score) = judgement(&alert.finding);
        let _ = write!(
            out,
            "{{\"schema\":\"{SCHEMA}\",\"id\":\"{:016x}\",\"revision\":{},\"kind\":\"{}\",\"status\":\"{}\",\"grade\":",
            alert.id,
            alert.revision,
            alert.key.kind.name(),
            alert.status.name()
        );
        json::or_null(&mut out, grade, json::text);
        out.push_str(",\"cause\":");
        json::or_null(&mut out, cause, json::text);
        out.push_str(",\"score\":");
        json::or_null(&mut out, score, |out, score| json::fixed(out, score, 4));
        let _ = write!(out, ",\"severity\":\"{}\",\"tags\":", alert.severity.name());
        json::list(&mut out, tags(&alert.finding), json::text);
        out.push_str(",\"vessel\":");
        self.vessel(&mut out, alert);
        let points = points(&alert.finding);
        out.push_str(",\"start\":");
        json::or_null(&mut out, start(&alert.finding), facts::fix);
        out.push_str(",\"end\":");
        json::or_null(&mut out, end(&alert.finding), facts::fix);
        let _ = write!(out, ",\"at\":{},\"where\":", alert.at.0);
        geometry(&mut out, &points);
        out.push_str(",\"ports\":");
        self.write_ports(&mut out, &alert.finding);
        out.push_str(",\"evidence\":");
        json::list(&mut out, self.evidence(alert), |out, evidence| {
            out.push_str("{\"what\":");
            json::text(out, evidence.what);
            out.push_str(",\"value\":");
            out.push_str(&evidence.value);
            out.push_str(",\"why\":");
            json::text(out, &evidence.why);
            out.push('}');
        });
        out.push_str(",\"explain\":");
        json::text(&mut out, &self.explain(alert));
        out.push_str(",\"inputs\":");
        json::list(&mut out, &alert.inputs, |out, origin| json::text(out, &self.input(*origin)));
        if let Finding::Sighting(matched) = &alert.finding {
            sighting::related(&mut out, matched);
        }
        let _ = write!(out, ",\"config\":\"{}\",\"ports_file\":\"{}\"", self.config_hash, self.ports_hash);
        self.write_fact(&mut out, &alert.finding);
        out.push('}');
        out
    }

    fn input(&self, origin: Origin) -> String {
        let name = self.inputs.get(origin.input as usize).map_or("", String::as_str);
        format!("{name}:{}", { origin.line })
    }

    fn port(&self, port: PortIndex) -> &str {
        &self.ports.get(port).id
    }

    fn vessel(&self, out: &mut String, alert: &Alert) {
        let Some(vessel) = &alert.vessel else {
            out.push_str("null");
            return;
        };
        let (track, known) = (vessel.track, &vessel.statics);
        let _ = write!(out, "{{\"mmsi\":{},\"track\":\"{track}\",\"imo\":", track.mmsi.0);
        json::or_null(out, known.imo, |out, imo| {
            let _ = write!(out, "{imo}");
        });
        for (key, value) in [("name", &known.name), ("callsign", &known.callsign)] {
            let _ = write!(out, ",\"{key}\":");
            json::or_null(out, value.as_deref(), json::text);
        }
        out.push_str(",\"flag\":");
        json::or_null(out, track.mmsi.flag(), json::text);
        out.push_str(",\"type\":");
        json::or_null(out, known.ship_type, |out, kind| {
            let _ = write!(out, "{kind}");
        });
        out.push_str(",\"length_m\":");
        json::or_null(out, known.dimensions, |out, size| json::scaled(out, i64::from(size.length()), 1));
        out.push_str(",\"listed_as\":");
        json::list(out, &vessel.listed, |out, entry| {
            let ship = self.watch.ship(*entry);
            let name = if ship.name.is_empty() {
                ship.list.clone()
            } else {
                format!("{}: {}", ship.list, ship.name)
            };
            json::text(out, &name);
        });
        out.push('}');
    }

    fn write_ports(&self, out: &mut String, finding: &Finding) {
        out.push('{');
        match finding {
            Finding::Fact(told) => match &told.fact {
                Fact::Visit(visit) => self.named(out, &[("at", visit.port)]),
                Fact::Hop(hop) => self.named(out, &[("from", hop.from), ("to", hop.to)]),
                Fact::Silence(_) => {}
            },
            Finding::Dark(period) => {
                self.candidates(out, &period.candidates);
                out.push_str(",\"in_reach\":");
                json::list(out, &period.in_reach, |out, reach| json::text(out, self.port(reach.port)));
            }
            Finding::InReach(reach) => {
                self.named(out, &[("at", reach.reach.port)]);
                out.push(',');
                self.candidates(out, &reach.candidates);
            }
            Finding::DarkHop(hop) => {
                self.named(out, &[("from", hop.from)]);
                out.push_str(",\"to\":");
                let to = hop.hop.as_ref().and_then(|told| match &told.fact {
                    Fact::Hop(hop) => Some(hop.to),
                    Fact::Visit(_) | Fact::Silence(_) => None,
                });
                json::or_null(out, to, |out, to| json::text(out, self.port(to)));
                out.push(',');
                self.candidates(out, &hop.candidates);
            }
            Finding::Sighting(matched) => self.ports_of_sighting(out, matched),
            Finding::Withheld(_) | Finding::Conflict(_) | Finding::Changed(_) | Finding::Notice(_) => {}
        }
        out.push('}');
    }

    fn named(&self, out: &mut String, ports: &[(&str, PortIndex)]) {
        for (at, (key, port)) in ports.iter().enumerate() {
            let _ = write!(out, "{}\"{key}\":", if at > 0 { "," } else { "" });
            json::text(out, self.port(*port));
        }
    }

    fn candidates(&self, out: &mut String, candidates: &Candidates) {
        out.push_str("\"candidates\":");
        json::list(out, &candidates.ports, |out, candidate| {
            out.push_str("{\"port\":");
            json::text(out, self.port(candidate.port));
            out.push_str(",\"p\":");
            json::fixed(out, candidate.p, 4);
            let _ = write!(out, ",\"earliest_arrival\":{}", candidate.earliest_arrival.0);
            out.push_str(",\"latest_departure\":");
            json::or_null(out, candidate.latest_departure, |out, t| {
                let _ = write!(out, "{}", t.0);
            });
            out.push_str(",\"longest_stay_ms\":");
            json::or_null(out, candidate.longest_stay_ms, |out, stay_ms| {
                let _ = write!(out, "{stay_ms}");
            });
            out.push('}');
        });
        out.push_str(",\"none_of_these\":");
        json::fixed(out, candidates.none, 4);
        out.push_str(",\"chains\":");
        json::list(out, &candidates.chains, |out, (first, second)| {
            json::list(out, [*first, *second], |out, port| json::text(out, self.port(port)));
        });
    }

    fn write_fact(&self, out: &mut String, finding: &Finding) {
        let told = match finding {
            Finding::Fact(told) => told,
            Finding::DarkHop(hop) => match &hop.hop {
                Some(told) => told,
                None => return,
            },
            Finding::Dark(_)
            | Finding::InReach(_)
            | Finding::Withheld(_)
            | Finding::Conflict(_)
            | Finding::Changed(_)
            | Finding::Notice(_)
            | Finding::Sighting(_) => return,
        };
        if told.provisional {
            out.push_str(",\"provisional\":true");
        }
        out.push_str(",\"fact\":");
        let mut line = facts::line(&told.key, &told.fact, told.ambiguous, self.ports);
        if self.is_time_assumed {
            line.insert_str(line.len() - 1, ",\"assumed_time\":true");
        }
        out.push_str(&line);
    }
}

/// Grade, cause and score.
fn judgement(finding: &Finding) -> (Option<&'static str>, Option<&'static str>, Option<f64>) {
    match finding {
        Finding::Dark(period) => (Some(period.grade.name()), Some(period.cause.name()), Some(period.score)),
        Finding::InReach(reach) => (Some(reach.grade.name()), None, Some(reach.score)),
        Finding::DarkHop(hop) => {
            (Some(hop.grade.name()), Some(model::alert::Cause::Vessel.name()), Some(hop.score))
        }
        Finding::Withheld(_) => (None, Some(model::alert::Cause::Withheld.name()), None),
        Finding::Sighting(matched) => (Some(matched.verdict.name()), None, Some(matched.score())),
        Finding::Fact(_) | Finding::Conflict(_) | Finding::Changed(_) | Finding::Notice(_) => {
            (None, None, None)
        }
    }
}

fn tags(finding: &Finding) -> Vec<&'static str> {
    let mut tags = Vec::new();
    match finding {
        Finding::Fact(told) => {
            if matches!(&told.fact, Fact::Hop(hop) if hop.through_silence) {
                tags.push("dark");
            }
            if told.provisional {
                tags.push("provisional");
            }
        }
        Finding::DarkHop(hop) => {
            tags.push("dark");
            if hop.hop.is_none() {
                tags.push("open_leg");
            }
        }
        Finding::Dark(period) => tags.extend(dark_tags(period)),
        Finding::InReach(_)
        | Finding::Withheld(_)
        | Finding::Conflict(_)
        | Finding::Changed(_)
        | Finding::Notice(_)
        | Finding::Sighting(_) => {}
    }
    tags
}

fn dark_tags(period: &DarkPeriod) -> Vec<&'static str> {
    let mut tags = Vec::new();
    if period.end.is_some() {
        tags.push("heard_again");
    }
    if period.parts.len() > 1 {
        tags.push("blips");
    }
    if period.ending == Some(model::alert::Ending::Expired) {
        tags.push("expired");
    }
    if period.continued_as.is_some() {
        tags.push("other_mmsi");
    }
    tags
}

fn start(finding: &Finding) -> Option<Fix> {
    Some(match finding {
        Finding::Dark(period) => period.parts[0].start,
        Finding::Fact(told) => match &told.fact {
            Fact::Silence(silence) => silence.start,
            Fact::Visit(visit) => visit.first_inside,
            Fact::Hop(hop) => hop.departure,
        },
        Finding::DarkHop(hop) => hop.departure,
        Finding::InReach(reach) => reach.start,
        Finding::Withheld(withheld) => withheld.start,
        Finding::Conflict(conflict) => conflict.new,
        Finding::Changed(changed) => changed.start,
        Finding::Notice(notice) => Fix { t: notice.start, position: notice.centre? },
        Finding::Sighting(matched) => matched.sighting.fix,
    })
}

fn end(finding: &Finding) -> Option<Fix> {
    match finding {
        Finding::Dark(period) => period.end,
        Finding::Fact(told) => match &told.fact {
            Fact::Silence(silence) => Some(silence.end),
            Fact::Visit(visit) => visit.exit.map(|_| visit.last_inside),
            Fact::Hop(hop) => Some(hop.arrival),
        },
        Finding::DarkHop(hop) => hop.hop.as_ref().and_then(|told| match &told.fact {
            Fact::Hop(hop) => Some(hop.arrival),
            Fact::Visit(_) | Fact::Silence(_) => None,
        }),
        Finding::InReach(reach) => reach.end,
        Finding::Withheld(withheld) => withheld.end,
        Finding::Changed(changed) => changed.end,
        Finding::Conflict(_) | Finding::Notice(_) | Finding::Sighting(_) => None,
    }
}

/// The places of an alert in the order of time.
fn points(finding: &Finding) -> Vec<Position> {
    let mut points: Vec<Position> = match finding {
        Finding::Dark(period) => period.parts.iter().map(|part| part.start.position).collect(),
        Finding::Conflict(conflict) => vec![conflict.known.position, conflict.new.position],
        Finding::Fact(_)
        | Finding::DarkHop(_)
        | Finding::InReach(_)
        | Finding::Withheld(_)
        | Finding::Changed(_)
        | Finding::Notice(_)
        | Finding::Sighting(_) => start(finding).map(|fix| fix.position).into_iter().collect(),
    };
    points.extend(end(finding).map(|fix| fix.position));
    points
}

fn geometry(out: &mut String, points: &[Position]) {
    let point = |out: &mut String, position: &Position| {
        out.push('[');
        json::scaled(out, i64::from(position.lon), 6);
        out.push(',');
        json::scaled(out, i64::from(position.lat), 6);
        out.push(']');
    };
    match points {
        [] => out.push_str("null"),
        [only] => {
            out.push_str("{\"type\":\"Point\",\"coordinates\":");
            point(out, only);
            out.push('}');
        }
        many => {
            out.push_str("{\"type\":\"LineString\",\"coordinates\":");
            json::list(out, many, point);
            out.push('}');
        }
    }
}
