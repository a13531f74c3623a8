//! Visits and hops as alerts: one JSON object a message, every revision of every alert.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::{Fact, FactChange, FactKey, FactKind, Fix, Ports, VisitClass};

use crate::{facts, json};

/// Name and version of the schema.
pub const SCHEMA: &str = "darkwake.alert/1";

/// What an alert is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// New.
    Open,
    /// Changed.
    Updated,
    /// Over.
    Closed,
    /// Was none.
    Retracted,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Updated => "updated",
            Status::Closed => "closed",
            Status::Retracted => "retracted",
        }
    }
}

/// One revision of an alert.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Event time that decided it.
    pub at: i64,
    /// The ship.
    pub mmsi: u32,
    /// `port.visit` or `hop`.
    pub kind: &'static str,
    /// Stable identity.
    pub id: String,
    /// 0, 1, 2 …
    pub revision: u32,
    /// What it is now.
    pub status: Status,
    /// The message.
    pub json: String,
}

/// Makes alerts of changes of facts.
pub struct AlertStage<'a> {
    ports: &'a Ports,
    config_hash: String,
    ports_hash: String,
    told: BTreeMap<FactKey, Told>,
}

struct Told {
    revision: u32,
    print: (Option<i64>, Option<VisitClass>, Option<u16>),
    is_retracted: bool,
    last: Fact,
}

impl<'a> AlertStage<'a> {
    /// A stage that has told nothing.
    #[must_use]
    pub fn new(ports: &'a Ports, config_hash: &str, ports_hash: &str) -> AlertStage<'a> {
        AlertStage {
            ports,
            config_hash: config_hash.to_owned(),
            ports_hash: ports_hash.to_owned(),
            told: BTreeMap::new(),
        }
    }

    /// The alert of a change, if it is one that people are told.
    pub fn apply(&mut self, change: &FactChange) -> Option<Alert> {
        let kind = match change.key.kind {
            FactKind::Silence => return None,
            FactKind::Visit => "port.visit",
            FactKind::Hop => "hop",
        };
        let told = self.told.remove(&change.key);
        let (status, fact) = match (&change.fact, told.as_ref()) {
            (None, None) => return None,
            (None, Some(told)) if told.is_retracted => {
                let unchanged = Told { last: told.last.clone(), ..*told };
                self.told.insert(change.key, unchanged);
                return None;
            }
            (None, Some(told)) => (Status::Retracted, told.last.clone()),
            (Some(fact), told) => {
                let is_over = matches!(fact, Fact::Visit(visit) if visit.exit.is_some());
                let status = match (is_over, told.is_some()) {
                    (true, _) => Status::Closed,
                    (false, true) => Status::Updated,
                    (false, false) => Status::Open,
                };
                (status, fact.clone())
            }
        };
        let print = print(&fact);
        let revision = told.as_ref().map_or(0, |told| told.revision + 1);
        if let Some(told) = told
            && told.print == print
            && !told.is_retracted
            && status != Status::Retracted
        {
            self.told.insert(change.key, Told { last: fact, ..told });
            return None;
        }
        let id = id(&change.key, kind, change.key.port.map_or("", |port| &self.ports.get(port).id));
        let json = self.message(change, &fact, kind, &id, revision, status);
        let alert =
            Alert { at: change.at.0, mmsi: change.key.track.mmsi.0, kind, id, revision, status, json };
        let is_retracted = status == Status::Retracted;
        self.told.insert(change.key, Told { revision, print, is_retracted, last: fact });
        Some(alert)
    }

    fn message(
        &self,
        change: &FactChange,
        fact: &Fact,
        kind: &str,
        id: &str,
        revision: u32,
        status: Status,
    ) -> String {
        let mut out = String::with_capacity(1_500);
        let _ = write!(
            out,
            "{{\"schema\":\"{SCHEMA}\",\"id\":\"{id}\",\"revision\":{revision},\"kind\":\"{kind}\",\"status\":\"{}\",\
             \"grade\":null,\"cause\":null,\"score\":null,\"severity\":\"info\",\"vessel\":",
            status.name()
        );
        vessel(&mut out, change);
        let (start, end) = extent(fact);
        out.push_str(",\"start\":");
        facts::fix(&mut out, start);
        out.push_str(",\"end\":");
        json::or_null(&mut out, end, facts::fix);
        let _ = write!(out, ",\"at\":{},\"where\":", change.at.0);
        geometry(&mut out, start, end);
        out.push_str(",\"ports\":");
        self.ports(&mut out, fact);
        out.push_str(",\"evidence\":");
        json::list(&mut out, evidence(fact), |out, (what, value, why)| {
            let _ = write!(out, "{{\"what\":\"{what}\",\"value\":{value},\"why\":\"{why}\"}}");
        });
        out.push_str(",\"explain\":");
        json::text(&mut out, &self.explain(change, fact, status));
        let _ = write!(
            out,
            ",\"config\":\"{}\",\"ports_file\":\"{}\",\"fact\":",
            self.config_hash, self.ports_hash
        );
        out.push_str(&facts::line(&change.key, fact, change.ambiguous, self.ports));
        out.push('}');
        out
    }

    fn ports(&self, out: &mut String, fact: &Fact) {
        let id = |port| self.ports.get(port).id.as_str();
        let pairs = match fact {
            Fact::Silence(_) => vec![],
            Fact::Visit(visit) => vec![("at", id(visit.port))],
            Fact::Hop(hop) => vec![("from", id(hop.from)), ("to", id(hop.to))],
        };
        out.push('{');
        for (at, (key, port)) in pairs.into_iter().enumerate() {
            let _ = write!(out, "{}\"{key}\":", if at > 0 { "," } else { "" });
            json::text(out, port);
        }
        out.push('}');
    }

    fn explain(&self, change: &FactChange, fact: &Fact, status: Status) -> String {
        let name = |port| self.ports.get(port).name.as_str();
        let ship = match &change.vessel.name {
            Some(called) => format!("{called} (MMSI {})", change.key.track),
            None => format!("The ship with MMSI {}", change.key.track),
        };
        let told = match fact {
            Fact::Silence(_) => return String::new(),
            Fact::Visit(visit) => {
                let since = visit.first_inside.t.to_iso();
                let port = name(visit.port);
                match (visit.exit, visit.class) {
                    (Some(exit), VisitClass::Call) => {
                        format!("{ship} called at {port} and left it at {}.", exit.t.to_iso())
                    }
                    (Some(exit), VisitClass::GapCall) => format!(
                        "{ship} was silent in {port} for hours, may have called there, and was seen outside at {}.",
                        exit.t.to_iso()
                    ),
                    (Some(exit), _) => {
                        format!("{ship} passed through {port} and left it at {}.", exit.t.to_iso())
                    }
                    (None, VisitClass::Call) => {
                        format!("{ship} has stopped in {port}, where it came in at {since}.")
                    }
                    (None, _) => format!("{ship} entered {port} at {since}."),
                }
            }
            Fact::Hop(hop) => format!(
                "{ship} went from {} to {} in {:.1} h, of which {:.0} % were observed.",
                name(hop.from),
                name(hop.to),
                (hop.arrival.t.0 - hop.departure.t.0) as f64 / 3_600_000.0,
                hop.observed_share * 100.0
            ),
        };
        if status == Status::Retracted { format!("Not so, later reports show: {told}") } else { told }
    }
}

/// What must change for a new revision.
fn print(fact: &Fact) -> (Option<i64>, Option<VisitClass>, Option<u16>) {
    match fact {
        Fact::Silence(_) => (None, None, None),
        Fact::Visit(visit) => (visit.exit.map(|exit| exit.t.0), Some(visit.class), None),
        Fact::Hop(hop) => (Some(hop.departure.t.0), None, hop.draught_after),
    }
}

fn id(key: &FactKey, kind: &str, port: &str) -> String {
    let head =
        model::hash::mix(u64::from(key.track.mmsi.0) << 32 | u64::from(key.track.number), key.start.0 as u64);
    let rest = model::hash::bytes(model::hash::bytes(0, port.as_bytes()), kind.as_bytes());
    format!("{:016x}", model::hash::mix(head, rest))
}

fn extent(fact: &Fact) -> (Fix, Option<Fix>) {
    match fact {
        Fact::Silence(silence) => (silence.start, Some(silence.end)),
        Fact::Visit(visit) => (visit.first_inside, visit.exit.map(|_| visit.last_inside)),
        Fact::Hop(hop) => (hop.departure, Some(hop.arrival)),
    }
}

fn vessel(out: &mut String, change: &FactChange) {
    let (track, known) = (change.key.track, &change.vessel);
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
    out.push_str(",\"listed_as\":[]}");
}

fn geometry(out: &mut String, start: Fix, end: Option<Fix>) {
    let point = |out: &mut String, fix: Fix| {
        out.push('[');
        json::scaled(out, i64::from(fix.position.lon), 6);
        out.push(',');
        json::scaled(out, i64::from(fix.position.lat), 6);
        out.push(']');
    };
    match end {
        Some(end) => {
            out.push_str("{\"type\":\"LineString\",\"coordinates\":");
            json::list(out, [start, end], point);
        }
        None => {
            out.push_str("{\"type\":\"Point\",\"coordinates\":");
            point(out, start);
        }
    }
    out.push('}');
}

fn evidence(fact: &Fact) -> Vec<(&'static str, String, &'static str)> {
    match fact {
        Fact::Silence(_) => vec![],
        Fact::Visit(visit) => vec![
            ("stops", visit.stops.len().to_string(), "at most 0.5 kn for at least 15 min inside"),
            ("gaps", visit.gaps.len().to_string(), "silent for at least 4 h, last heard inside"),
        ],
        Fact::Hop(hop) => vec![
            ("silences", hop.silences.len().to_string(), "not heard for at least 30 min on the way"),
            ("observed_share", format!("{:.4}", hop.observed_share), "share of the time without silence"),
        ],
    }
}
