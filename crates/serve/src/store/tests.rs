use serde_json::{Value, json};

use super::*;
use crate::store::query;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Store::open(&folder.path().join("page.db"), [("KPRJN".to_owned(), "Rajin".to_owned())].into())
            .unwrap();
    (folder, store)
}

/// A revision of an alert about a ship off Rajin.
fn revision(id: &str, revision: u64, at: i64, more: Value) -> String {
    let mut alert = json!({
        "schema": "darkwake.alert/1", "id": id, "revision": revision, "kind": "dark", "status": "open",
        "grade": "suspected", "severity": "notice", "at": at, "explain": "ANGARA is silent.",
        "vessel": {"mmsi": 273000001, "imo": 9179842, "name": "ANGARA", "callsign": null, "listed_as": ["arms: Angara"]},
        "ports": {"candidates": [{"port": "KPRJN", "p": 0.2}], "in_reach": ["RUZAR"]},
        "where": {"type": "LineString", "coordinates": [[131.4, 42.5], [132.4, 42.7]]},
    });
    for (key, value) in more.as_object().unwrap() {
        alert[key] = value.clone();
    }
    alert.to_string()
}

fn add(store: &mut Store, json: &str) -> Option<Revision> {
    store.write(|writing| writing.alert(json)).unwrap()
}

fn ack(revision: u64, severity: &str) -> Ack {
    Ack { who: "desk".into(), t: 5, note: "seen".into(), revision, severity: severity.into() }
}

fn ids(store: &Store, filter: &AlertFilter) -> Vec<String> {
    let page = store.readers().read(|reader| query::alerts(reader, filter)).unwrap();
    let id = |item: &Item| {
        serde_json::from_str::<Value>(item.alert.get()).unwrap()["id"].as_str().unwrap().to_owned()
    };
    page.alerts.iter().map(id).collect()
}

fn any() -> AlertFilter {
    AlertFilter { limit: 100, ..AlertFilter::default() }
}

#[test]
fn a_revision_is_kept_once_and_the_highest_is_the_truth() {
    let (_folder, mut store) = store();
    assert!(add(&mut store, &revision("a", 1, 20, json!({"grade": "probable"}))).unwrap().seq.is_some());
    assert_eq!(add(&mut store, &revision("a", 1, 20, json!({}))).unwrap().seq, None);
    assert!(add(&mut store, &revision("a", 0, 10, json!({}))).unwrap().seq.is_some());
    assert_eq!(add(&mut store, "{\"no\": \"alert\"}"), None);
    let page = store.readers().read(|reader| query::alerts(reader, &any())).unwrap();
    let alert: Value = serde_json::from_str(page.alerts[0].alert.get()).unwrap();
    assert_eq!(
        (page.alerts.len(), alert["grade"].as_str(), page.alerts[0].first_at),
        (1, Some("probable"), 10)
    );
    let story = store.readers().read(|reader| query::story(reader, "a")).unwrap().unwrap();
    assert_eq!(story.revisions.len(), 2);
    assert!(store.readers().read(|reader| query::story(reader, "b")).unwrap().is_none());
}

#[test]
fn alerts_are_found_by_what_they_say() {
    let (_folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    add(
        &mut store,
        &revision("b", 0, 20, json!({"severity": "critical", "grade": "strong", "status": "closed"})),
    );
    let elsewhere = json!({"vessel": null, "kind": "reception.outage", "grade": null, "ports": {}, "explain": "100 % lost",
        "where": {"type": "Point", "coordinates": [-175.0, -20.0]}});
    add(&mut store, &revision("c", 0, 30, elsewhere));
    let found = |change: &dyn Fn(&mut AlertFilter)| {
        let mut filter = any();
        change(&mut filter);
        ids(&store, &filter).join("")
    };
    let list = |text: &str| vec![text.to_owned()];
    assert_eq!(found(&|_| {}), "cba");
    assert_eq!(found(&|filter| filter.since = Some(20)), "cb");
    assert_eq!(found(&|filter| filter.until = Some(20)), "a");
    assert_eq!(found(&|filter| filter.kind = list("dark")), "ba");
    assert_eq!(found(&|filter| filter.status = list("closed")), "b");
    assert_eq!(found(&|filter| filter.severity = list("critical")), "b");
    assert_eq!(found(&|filter| filter.grade = vec!["strong".into(), "suspected".into()]), "ba");
    assert_eq!(found(&|filter| filter.mmsi = Some(273_000_001)), "ba");
    assert_eq!(found(&|filter| filter.port = Some("RUZAR".into())), "ba");
    assert_eq!(found(&|filter| filter.port = Some("RUZ".into())), "", "a port is named whole");
    assert_eq!(found(&|filter| filter.q = Some("angara 9179842".into())), "ba");
    assert_eq!(found(&|filter| filter.q = Some("RAJIN".into())), "ba", "by the name of a port");
    assert_eq!(found(&|filter| filter.q = Some("100 %".into())), "c");
    assert_eq!(found(&|filter| filter.q = Some("_".into())), "", "a wildcard is none");
    assert_eq!(found(&|filter| filter.bbox = "131,42,132,43".parse().ok()), "ba");
    assert_eq!(found(&|filter| filter.bbox = "170,-30,-170,0".parse().ok()), "c");
    let first =
        store.readers().read(|reader| query::alerts(reader, &AlertFilter { limit: 2, ..any() })).unwrap();
    let (at, seq) = first.next.as_deref().unwrap().split_once('.').unwrap();
    assert_eq!(found(&|filter| filter.cursor = Some((at.parse().unwrap(), seq.parse().unwrap()))), "a");
}

#[test]
fn an_alert_that_becomes_more_severe_is_not_acknowledged_any_more() {
    let (_folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    let kept = store.write(|writing| writing.ack("a", &ack(0, "notice"))).unwrap();
    assert!(kept.is_some());
    assert_eq!(store.write(|writing| writing.ack("a", &ack(0, "notice"))).unwrap(), None, "it is known");
    let is_acked = |store: &Store| ids(store, &AlertFilter { acked: Some(true), ..any() }).len() == 1;
    assert!(is_acked(&store));
    add(&mut store, &revision("a", 1, 20, json!({"grade": "probable"})));
    assert!(is_acked(&store), "as severe as before");
    add(&mut store, &revision("a", 2, 30, json!({"severity": "critical"})));
    assert!(!is_acked(&store));
    let counts = store.readers().read(query::counts).unwrap();
    assert_eq!((counts.total, counts.open, counts.unacknowledged), (1, 1, 1));
    let story = store.readers().read(|reader| query::story(reader, "a")).unwrap().unwrap();
    assert_eq!((story.revisions.len(), story.acks), (3, vec![ack(0, "notice")]));
}

#[test]
fn an_acknowledgement_of_an_older_revision_does_not_undo_a_newer_one() {
    let (_folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    add(&mut store, &revision("a", 1, 20, json!({"severity": "critical"})));
    store.write(|writing| writing.ack("a", &ack(1, "critical"))).unwrap();
    store.write(|writing| writing.ack("a", &ack(0, "notice"))).unwrap();
    assert_eq!(ids(&store, &AlertFilter { acked: Some(true), ..any() }), ["a"]);
    let story = store.readers().read(|reader| query::story(reader, "a")).unwrap().unwrap();
    assert_eq!(story.acks.len(), 2, "both are for the record");
}

#[test]
fn what_is_open_when_detection_begins_anew_is_left_and_forgotten_in_time() {
    let (_folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    store.begin_anew().unwrap();
    assert!(store.dark().unwrap().is_empty());
    assert_eq!(store.readers().read(query::counts).unwrap().open, 0);
    assert!(store.readers().read(|reader| query::dark_at(reader, 50)).unwrap().is_empty());
    assert_eq!(ids(&store, &any()), ["a"], "it is listed");
    add(&mut store, &revision("a", 1, 20, json!({})));
    assert_eq!(store.dark().unwrap().len(), 1, "somebody knows it after all");
    store.begin_anew().unwrap();
    store.write(|writing| writing.forget(0, 21)).unwrap();
    assert!(ids(&store, &any()).is_empty());
}

#[test]
fn the_track_of_a_ship_that_is_dark_is_kept() {
    let (_folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    let point = Point { t: 10, position: Position { lon: 1, lat: 2 }, sog: None, cog: None };
    store
        .write(|writing| {
            writing.point(Mmsi(273_000_001), &point)?;
            writing.point(Mmsi(7), &point)?;
            writing.forget(15, 0)
        })
        .unwrap();
    let known: Vec<Mmsi> = store.last_known().unwrap().into_iter().map(|(mmsi, ..)| mmsi).collect();
    assert_eq!(known, [Mmsi(273_000_001)]);
}

#[test]
fn what_was_missed_comes_in_the_order_in_which_it_was_told() {
    let (_folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    store.write(|writing| writing.ack("a", &ack(0, "notice"))).unwrap();
    add(&mut store, &revision("a", 1, 20, json!({})));
    let since = |seq, limit| store.readers().read(|reader| query::told_since(reader, seq, limit)).unwrap();
    let missed = since(1, 10).unwrap();
    assert!(
        matches!(&missed[..], [Told::Ack(2, id, _), Told::Alert(Item { seq: 3, .. })] if id == "a"),
        "{missed:?}"
    );
    assert!(since(0, 2).is_none(), "too much");
    assert_eq!(since(3, 2).unwrap().len(), 0);
}

#[test]
fn what_was_dark_at_a_time_is_told_as_it_was_then() {
    let (_folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    add(&mut store, &revision("a", 1, 20, json!({"status": "updated", "grade": "strong"})));
    add(&mut store, &revision("a", 2, 30, json!({"status": "closed", "grade": "strong"})));
    let at = |t| store.readers().read(|reader| query::dark_at(reader, t)).unwrap();
    let dark = |grade: &str| vec![(273_000_001, "a".to_owned(), grade.to_owned())];
    assert_eq!((at(9), at(10), at(25), at(30)), (vec![], dark("suspected"), dark("strong"), vec![]));
    let of = |t| store.readers().read(|reader| query::dark_of(reader, 273_000_001, t)).unwrap();
    assert!(of(9).is_none() && of(25).unwrap().contains("strong") && of(30).is_none());
}

#[test]
fn tracks_and_closed_alerts_are_forgotten_and_open_ones_are_not() {
    let (_folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    add(&mut store, &revision("b", 0, 10, json!({"status": "closed"})));
    let point = |t| Point { t, position: Position { lon: 1, lat: 2 }, sog: Some(7), cog: None };
    let mmsi = Mmsi(8);
    store
        .write(|writing| {
            writing.statics(mmsi, &Statics { imo: Some(9_179_842), ..Statics::default() })?;
            writing.statics(Mmsi(7), &Statics::default())?;
            [10, 20].into_iter().try_for_each(|t| writing.point(mmsi, &point(t)))?;
            writing.point(Mmsi(7), &point(10))
        })
        .unwrap();
    let last = store.last_known().unwrap();
    assert_eq!((last[1].0, last[1].1, last[1].2.imo), (mmsi, point(20), Some(9_179_842)));
    store.write(|writing| writing.forget(15, 15)).unwrap();
    assert_eq!(ids(&store, &any()), ["a"]);
    let track = |mmsi| store.readers().read(|reader| query::track(reader, mmsi, 0, 99)).unwrap();
    assert_eq!((track(mmsi.0), track(7)), (vec![point(20)], vec![]));
    assert_eq!(store.last_known().unwrap().len(), 1);
}

#[test]
fn a_file_of_another_version_is_refused_and_what_was_kept_is_there_again() {
    let (folder, mut store) = store();
    add(&mut store, &revision("a", 0, 10, json!({})));
    let place = Place { topic: "darkwake.alerts".into(), partition: 3, next: 17 };
    store.write(|writing| writing.place(&place)).unwrap();
    let instance = store.instance().unwrap();
    drop(store);
    let path = folder.path().join("page.db");
    let store = Store::open(&path, PortNames::new()).unwrap();
    assert!(
        matches!(Store::open(&path, PortNames::new()), Err(StoreError::Kept { .. })),
        "two would miss what the other writes"
    );
    assert_eq!((store.instance().unwrap(), store.places().unwrap()), (instance, vec![place]));
    assert_eq!(store.dark().unwrap(), [("a".to_owned(), 273_000_001, "suspected".to_owned())]);
    store.connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(store);
    assert!(matches!(Store::open(&path, PortNames::new()), Err(StoreError::Version { found: 99, .. })));
    std::fs::write(&path, "this is no database, and it is longer than a header").unwrap();
    assert!(matches!(Store::open(&path, PortNames::new()), Err(StoreError::Sqlite { .. })));
}
