//! Alerts as a report holds them: the last revision of each, the most severe first, and the ships that they are about.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use connect::alerts::Writer;
use model::alert::{Alert, AlertKind, Finding, Grade, Status};
use model::{FactKey, Mmsi, TrackId};
use serde_json::{Map, Value, json};

/// Alerts in the file; the least severe are left out.
const MOST: usize = 20_000;
/// Evidence that stands beside the sentence; the bins and all else are in the alert itself.
const BASIS: [&str; 3] = ["reports_12h", "expected_interval_ms", "speed_kn"];

/// Ships by their place in the file.
#[derive(Debug, Default)]
pub struct Ships {
    numbers: BTreeMap<TrackId, usize>,
    list: Vec<(i64, Value)>,
}

impl Ships {
    /// The number of a ship as an alert of that time knows it.
    fn known(&mut self, track: TrackId, at: i64, vessel: Value) -> usize {
        let number = *self.numbers.entry(track).or_insert(self.list.len());
        match self.list.get_mut(number) {
            Some(known) if known.0 >= at => {}
            Some(known) => *known = (at, vessel),
            None => self.list.push((at, vessel)),
        }
        number
    }

    /// The number of a ship of which no alert tells.
    pub fn number(&mut self, track: TrackId, name: Option<&str>) -> usize {
        let Mmsi(mmsi) = track.mmsi;
        *self.numbers.entry(track).or_insert_with(|| {
            self.list.push((
                i64::MIN,
                json!({
                    "mmsi": mmsi,
                    "track": track.to_string(),
                    "name": name,
                    "flag": track.mmsi.flag(),
                    "imo": null,
                    "callsign": null,
                    "type": null,
                    "length_m": null,
                    "listed_as": [],
                }),
            ));
            self.list.len() - 1
        })
    }

    /// All of them.
    pub fn list(self) -> Vec<Value> {
        self.list.into_iter().map(|(_, vessel)| vessel).collect()
    }
}

/// What a report holds of alerts.
pub struct Told {
    /// The alerts.
    pub list: Vec<Value>,
    /// How many are left out.
    pub left_out: usize,
    /// How many there are of each kind, of those left out too.
    pub kinds: Vec<Value>,
    /// Ships with alerts that were not taken back, those with the most severe first.
    pub concerned: Vec<TrackId>,
    /// Numbers of dark hops by the hop that they are about.
    pub dark_hops: BTreeMap<FactKey, usize>,
}

/// Takes the last revisions.
pub fn take(alerts: &[Arc<Alert>], writer: &Writer<'_>, ships: &mut Ships) -> Told {
    let last: BTreeMap<u64, &Arc<Alert>> = alerts.iter().map(|alert| (alert.id, alert)).collect();
    let mut last: Vec<&Arc<Alert>> = last.into_values().collect();
    last.sort_by_key(|alert| (Reverse((alert.severity, grade(&alert.finding))), alert.at, alert.id));
    let mut told = Told {
        list: Vec::new(),
        left_out: last.len().saturating_sub(MOST),
        kinds: kinds(&last),
        concerned: Vec::new(),
        dark_hops: BTreeMap::new(),
    };
    let mut seen = BTreeSet::new();
    for (number, alert) in last.into_iter().take(MOST).enumerate() {
        let mut value: Value = serde_json::from_str(&writer.json(alert)).unwrap_or_default();
        let ship =
            alert.vessel.as_ref().map(|vessel| ships.known(vessel.track, alert.at.0, value["vessel"].take()));
        told.list.push(shortened(value, ship));
        if alert.status == Status::Retracted {
            continue;
        }
        if let Some(vessel) = &alert.vessel
            && seen.insert(vessel.track)
        {
            told.concerned.push(vessel.track);
        }
        if let Finding::DarkHop(hop) = &alert.finding
            && let Some(hop) = &hop.hop
        {
            told.dark_hops.insert(hop.key, number);
        }
    }
    told
}

/// How many alerts there are of each kind: all, those taken back, and their revisions.
fn kinds(last: &[&Arc<Alert>]) -> Vec<Value> {
    let of_kind = |kind: AlertKind| {
        let of: Vec<&&Arc<Alert>> = last.iter().filter(|alert| alert.key.kind == kind).collect();
        let retracted = of.iter().filter(|alert| alert.status == Status::Retracted).count();
        let revisions: u64 = of.iter().map(|alert| u64::from(alert.revision) + 1).sum();
        (!of.is_empty()).then(|| {
            json!({ "kind": kind.name(), "alerts": of.len(), "retracted": retracted, "revisions": revisions })
        })
    };
    AlertKind::ALL.into_iter().filter_map(of_kind).collect()
}

/// An alert without what is large or stands elsewhere.
fn shortened(mut alert: Value, ship: Option<usize>) -> Value {
    let evidence = alert["evidence"].take();
    let value_of = |what: &str| {
        let mut pieces = evidence.as_array().into_iter().flatten();
        pieces.find(|piece| piece["what"] == what).map_or(Value::Null, |piece| piece["value"].clone())
    };
    let mut basis: Map<String, Value> = BASIS
        .iter()
        .map(|what| ((*what).to_owned(), value_of(what)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    if let Some(witnesses) = value_of("witnesses").as_array() {
        basis.insert("witnesses".to_owned(), witnesses.len().into());
    }
    let draught = value_of("draught");
    let places = match alert["where"]["type"].as_str() {
        Some("Point") => json!([alert["where"]["coordinates"]]),
        Some(_) => alert["where"]["coordinates"].take(),
        None => json!([]),
    };
    let mut ports = alert["ports"].take();
    let named: Map<String, Value> = ["at", "from", "to"]
        .into_iter()
        .map(|end| (end.to_owned(), ports[end].take()))
        .filter(|(_, port)| !port.is_null())
        .collect();
    let mut short = json!({
        "ship": ship,
        "basis": basis,
        "silent_ms": value_of("silent_ms"),
        "draught": if draught.is_null() { Value::Null } else { json!([draught["before"], draught["after"]]) },
        "places": places,
        "ports": named,
        "candidates": if ports["candidates"].is_array() { ports["candidates"].take() } else { json!([]) },
        "none_of_these": ports["none_of_these"].take(),
    });
    for key in [
        "id", "revision", "kind", "status", "grade", "cause", "score", "severity", "start", "end", "at",
        "explain", "inputs",
    ] {
        short[key] = alert[key].take();
    }
    short
}

fn grade(finding: &Finding) -> Option<Grade> {
    match finding {
        Finding::Dark(period) => Some(period.grade),
        Finding::DarkHop(hop) => Some(hop.grade),
        Finding::InReach(reach) => Some(reach.grade),
        Finding::Fact(_)
        | Finding::Withheld(_)
        | Finding::Conflict(_)
        | Finding::Changed(_)
        | Finding::Notice(_)
        | Finding::Sighting(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_shortened_to_what_is_shown() {
        let alert = json!({
            "schema": "darkwake.alert/1", "id": "e2f782edfb8d5743", "revision": 3, "kind": "dark", "status": "closed",
            "grade": "strong", "cause": "vessel", "score": 10.5286, "severity": "critical", "tags": [], "vessel": null,
            "start": { "t": 1, "lon": 131.4, "lat": 42.5 }, "end": null, "at": 2,
            "where": { "type": "Point", "coordinates": [131.4, 42.5] },
            "ports": { "candidates": [{ "port": "KPRJN", "p": 0.2 }], "none_of_these": 0.8, "in_reach": ["KPRJN"] },
            "evidence": [
                { "what": "silent_ms", "value": 149_777_000 }, { "what": "bins", "value": [{}, {}] },
                { "what": "speed_kn", "value": 14.7 }, { "what": "witnesses", "value": [1, 2, 3] },
                { "what": "draught", "value": { "before": 4.3, "after": 6.6 } },
            ],
            "explain": "ANGARA was silent.", "inputs": ["feed.nmea:70529"], "config": "0", "ports_file": "0",
        });
        let short = shortened(alert, Some(7));
        assert_eq!(
            short,
            json!({
                "id": "e2f782edfb8d5743", "revision": 3, "kind": "dark", "status": "closed", "grade": "strong",
                "cause": "vessel", "score": 10.5286, "severity": "critical", "ship": 7,
                "start": { "t": 1, "lon": 131.4, "lat": 42.5 }, "end": null, "at": 2, "places": [[131.4, 42.5]],
                "ports": {}, "candidates": [{ "port": "KPRJN", "p": 0.2 }], "none_of_these": 0.8,
                "silent_ms": 149_777_000, "draught": [4.3, 6.6], "basis": { "speed_kn": 14.7, "witnesses": 3 },
                "explain": "ANGARA was silent.", "inputs": ["feed.nmea:70529"],
            })
        );
    }

    #[test]
    fn a_ship_is_known_as_its_newest_alert_knows_it() {
        let track = |mmsi| TrackId { mmsi: Mmsi(mmsi), number: 1 };
        let mut ships = Ships::default();
        assert_eq!(ships.known(track(1), 20, json!({ "name": "NEW" })), 0);
        assert_eq!(ships.known(track(1), 10, json!({ "name": "OLD" })), 0);
        assert_eq!(ships.number(track(1), Some("HEARD")), 0);
        assert_eq!(ships.number(track(273_000_002), Some("OTHER")), 1);
        let list = ships.list();
        assert_eq!((&list[0]["name"], &list[1]["name"]), (&json!("NEW"), &json!("OTHER")));
        assert_eq!((&list[1]["track"], &list[1]["flag"]), (&json!("273000002"), &json!("RU")));
    }
}
