//! Small worlds and alerts made by hand, and what they score.

use super::alerts::Alerts;
use super::judge::Cases;
use super::truth::{HOUR_MS, MINUTE_MS, World};
use super::{Report, of_truths};

/// A ship of a ten-day world; its silences and calls as JSON.
fn world(silences: &str, calls: &str) -> World {
    let text = format!(
        r#"{{"schema":"darkwake.truth/1","start":0,"end":{end},
            "ships":[{{"mmsi":1,"name":"ANGARA","silences":[{silences}],"calls":[{calls}],
                       "unheard":[{{"start":{unheard},"end":{end},"reason":"coverage"}}]}},
                     {{"mmsi":2,"silences":[]}}],
            "outages":[{{"station":"r1","start":{outage},"end":{back}}}]}}"#,
        end = 240 * HOUR_MS,
        unheard = 200 * HOUR_MS,
        outage = 100 * HOUR_MS,
        back = 102 * HOUR_MS,
    );
    World::parse("world", text.as_bytes()).unwrap()
}

/// An alert: (id, revision, kind, status), grade, cause, ship, from and until in hours, decided in hours, ports.
struct Line<'a> {
    id: &'a str,
    revision: u32,
    kind: &'a str,
    status: &'a str,
    grade: &'a str,
    cause: &'a str,
    severity: &'a str,
    mmsi: u32,
    start_h: f64,
    end_h: Option<f64>,
    at_h: f64,
    ports: &'a str,
}

const DARK: Line<'static> = Line {
    id: "a",
    revision: 0,
    kind: "dark",
    status: "open",
    grade: "suspected",
    cause: "vessel",
    severity: "notice",
    mmsi: 1,
    start_h: 50.0,
    end_h: None,
    at_h: 50.5,
    ports: "{}",
};

fn ms(hours: f64) -> i64 {
    (hours * HOUR_MS as f64) as i64
}

fn alerts(lines: &[Line<'_>]) -> Alerts {
    let line = |line: &Line<'_>| {
        let end =
            line.end_h.map_or("null".to_owned(), |end_h| format!(r#"{{"t":{},"lon":0,"lat":0}}"#, ms(end_h)));
        format!(
            r#"{{"schema":"darkwake.alert/1","id":"{}","revision":{},"kind":"{}","status":"{}","grade":"{}","cause":"{}","score":3.2,"severity":"{}","vessel":{{"mmsi":{},"track":"1"}},"start":{{"t":{},"lon":0,"lat":0}},"end":{end},"at":{},"ports":{},"evidence":[]}}"#,
            line.id,
            line.revision,
            line.kind,
            line.status,
            line.grade,
            line.cause,
            line.severity,
            line.mmsi,
            ms(line.start_h),
            ms(line.at_h),
            line.ports
        )
    };
    Alerts::parse("alerts", lines.iter().map(line).collect::<Vec<_>>().join("\n").as_bytes()).unwrap()
}

fn score(world: &World, lines: &[Line<'_>]) -> Report {
    let mut cases = Cases::default();
    cases.judge(world, &alerts(lines));
    of_truths(cases)
}

fn check(report: &Report, expected: &[(&str, Option<f64>)]) {
    for (name, value) in expected {
        let score = report.scores.iter().find(|score| score.name == *name).unwrap();
        let is = score.value();
        let is_near = is.zip(*value).is_some_and(|(is, value)| (is - value).abs() < 1e-9);
        assert!(is_near || is.is_none() && value.is_none(), "{name} is {is:?}, not {value:?}");
    }
}

fn silence(start_h: f64, end_h: f64, rest: &str) -> String {
    format!(r#"{{"start":{},"end":{}{rest}}}"#, ms(start_h), ms(end_h))
}

#[test]
fn a_silence_told_in_time_is_found_at_the_grade_it_reached() {
    let world = world(&silence(50.0, 60.0, r#","audible":{"min":0.8,"mean":0.9},"history_h":50"#), "");
    let lines = [
        Line { start_h: 49.9, ..DARK },
        Line {
            start_h: 49.9,
            revision: 1,
            status: "closed",
            grade: "probable",
            at_h: 61.0,
            end_h: Some(60.1),
            ..DARK
        },
    ];
    check(
        &score(&world, &lines),
        &[
            ("recall_suspected", Some(1.0)),
            ("recall_probable", Some(1.0)),
            ("recall_strong", Some(0.0)),
            ("precision_probable", Some(1.0)),
            ("precision_strong", None),
            ("false_alarms_suspected", Some(0.0)),
            ("delay_median_minutes", Some(30.0)),
        ],
    );
}

#[test]
fn an_alert_that_starts_too_early_or_too_late_or_was_retracted_finds_nothing() {
    let world = world(&silence(50.0, 60.0, ""), "");
    for (lines, precision) in [
        (vec![Line { start_h: 48.4, ..DARK }], Some(0.0)),
        // Later in the same silence it is no false alarm, but it did not tell its start.
        (vec![Line { start_h: 50.6, at_h: 51.0, ..DARK }], Some(1.0)),
        (vec![Line { mmsi: 2, ..DARK }], Some(0.0)),
        (vec![DARK, Line { revision: 1, status: "retracted", ..DARK }], None),
        (vec![Line { cause: "reception", ..DARK }], None),
        (vec![Line { grade: "unknown_reception", ..DARK }], None),
    ] {
        let report = score(&world, &lines);
        check(&report, &[("recall_suspected", Some(0.0)), ("precision_suspected", precision)]);
    }
}

#[test]
fn recall_asks_only_for_silences_that_could_be_told() {
    let silences = [
        silence(50.0, 60.0, r#","audible":{"min":0.5,"mean":0.9},"history_h":50"#),
        silence(70.0, 80.0, r#","audible":{"min":0.9,"mean":0.9},"history_h":23"#),
        silence(90.0, 91.5, ""),
    ];
    check(
        &score(&world(&silences.join(","), ""), &[DARK]),
        &[
            ("recall_suspected", None),
            ("recall_suspected_everywhere", Some(0.5)),
            ("recall_probable_everywhere", Some(0.0)),
            ("recall_any_length", Some(1.0 / 3.0)),
            ("delay_median_minutes", None),
        ],
    );
}

#[test]
fn false_alarms_are_counted_in_vessel_days_and_say_why() {
    let world = world(&silence(50.0, 60.0, r#","kind":"berth""#), "");
    let lines = [
        DARK,
        Line { id: "b", start_h: 201.0, end_h: Some(210.0), grade: "strong", ..DARK },
        Line { id: "c", mmsi: 2, ..DARK },
        Line { id: "d", mmsi: 3, ..DARK },
    ];
    let report = score(&world, &lines);
    check(
        &report,
        &[
            // 2 ships, 10 days.
            ("false_alarms_suspected", Some(200.0)),
            ("false_alarms_strong", Some(50.0)),
            ("precision_suspected", Some(0.0)),
            ("berth_quiet", Some(0.0)),
            ("recall_suspected", None),
        ],
    );
    let whys: Vec<String> = report.json()["false"]
        .as_array()
        .unwrap()
        .iter()
        .map(|claim| claim["why"].as_str().unwrap().to_owned())
        .collect();
    let expected =
        ["sent, not heard: coverage", "silence of kind berth", "sent all the while", "no ship of the truth"];
    assert_eq!(whys, expected);
    assert!(report.table().contains("false claims: 4"));
}

#[test]
fn a_second_alert_after_a_blip_is_true_and_the_silence_is_one() {
    let parts = [silence(50.0, 60.0, ""), silence(60.01, 70.0, "")];
    let lines = [
        Line { end_h: Some(60.0), status: "closed", ..DARK },
        Line { id: "b", start_h: 60.0, at_h: 61.0, ..DARK },
    ];
    let report = score(&world(&parts.join(","), ""), &lines);
    check(&report, &[("recall_suspected", Some(1.0)), ("precision_suspected", Some(1.0))]);
    assert_eq!(report.cases.silences.len(), 1);
}

#[test]
fn the_hidden_port_has_the_rank_of_the_last_revision_and_in_reach_is_held_against_the_arrival() {
    let call = format!(r#"{{"port":"KPRJN","start":{},"end":{},"hidden":true}}"#, ms(54.0), ms(70.0));
    let other = format!(r#"{{"port":"KPCHO","start":{},"end":{},"hidden":true}}"#, ms(72.0), ms(75.0));
    let world =
        world(&silence(50.0, 80.0, r#","hidden_ports":["KPRJN","KPCHO"]"#), &format!("{call},{other}"));
    let lines = [
        Line { ports: r#"{"candidates":[{"port":"KPRJN","p":0.5}]}"#, ..DARK },
        Line {
            revision: 1,
            status: "closed",
            at_h: 81.0,
            end_h: Some(80.1),
            ports: r#"{"candidates":[{"port":"RUZAR","p":0.5},{"port":"KPRJN","p":0.3}]}"#,
            ..DARK
        },
        Line { id: "r", kind: "port.in_reach", at_h: 53.5, ports: r#"{"at":"KPRJN"}"#, ..DARK },
    ];
    check(
        &score(&world, &lines),
        &[
            ("hidden_port_first_1", Some(0.0)),
            ("hidden_port_first_3", Some(0.5)),
            ("told_hidden_port_first_5", Some(0.5)),
            ("hidden_port_missing", Some(0.5)),
            ("in_reach_told", Some(0.5)),
            ("in_reach_delay_median_minutes", Some(-30.0)),
        ],
    );
}

#[test]
fn a_dark_hop_names_ports_where_the_dark_alert_does_not() {
    let call = format!(r#"{{"port":"KPRJN","start":{},"end":{},"hidden":true}}"#, ms(54.0), ms(70.0));
    let world = world(&silence(50.0, 80.0, ""), &call);
    let hop = Line {
        id: "h",
        kind: "hop.dark",
        start_h: 40.0,
        end_h: Some(90.0),
        ports: r#"{"from":"RUVVO","to":"RUVYP","candidates":[{"port":"KPRJN","p":0.3}]}"#,
        ..DARK
    };
    check(&score(&world, &[DARK, hop]), &[("hidden_port_first_1", Some(1.0))]);
}

#[test]
fn withheld_positions_and_outages_are_told_as_what_they_are() {
    let world = world(
        &[silence(50.0, 60.0, r#","kind":"withheld""#), silence(70.0, 80.0, r#","kind":"jammed""#)].join(","),
        "",
    );
    let withheld = || Line { kind: "position.withheld", ..DARK };
    let outage = |id, start_h| Line { id, kind: "reception.outage", start_h, at_h: start_h + 0.4, ..DARK };
    let good = [withheld(), outage("o", 99.9)];
    check(
        &score(&world, &good),
        &[
            ("withheld_told", Some(1.0)),
            ("jammed_not_dark", Some(1.0)),
            ("outages_told", Some(1.0)),
            ("outages_false", Some(0.0)),
        ],
    );
    let bad = [
        withheld(),
        Line { id: "b", ..DARK },
        Line { id: "j", start_h: 70.0, ..DARK },
        outage("o", 99.9),
        outage("p", 100.1),
        outage("q", 150.0),
    ];
    check(
        &score(&world, &bad),
        &[
            ("withheld_told", Some(0.0)),
            ("jammed_not_dark", Some(0.0)),
            ("outages_told", Some(0.0)),
            ("outages_false", Some(1.0)),
        ],
    );
}

#[test]
fn several_worlds_are_pooled() {
    let world = world(&silence(50.0, 60.0, ""), "");
    let mut cases = Cases::default();
    cases.judge(&world, &alerts(&[DARK]));
    cases.judge(&world, &alerts(&[Line { mmsi: 2, ..DARK }]));
    let report = of_truths(cases);
    check(
        &report,
        &[
            ("recall_suspected", Some(0.5)),
            ("precision_suspected", Some(0.5)),
            // One of 40 vessel-days.
            ("false_alarms_suspected", Some(25.0)),
        ],
    );
    let json = report.json();
    assert_eq!(json["worlds"].as_array().unwrap().len(), 2);
    assert_eq!((&json["missed"][0]["world"], &json["missed"][0]["told_as"]), (&1.into(), &"nothing".into()));
    assert_eq!(json["told_as"]["deliberate"]["suspected"], 1);
    assert_eq!(json["scores"]["recall_suspected"]["of"], 2);
}

#[test]
fn an_alert_may_start_at_the_last_report_heard_however_early() {
    let heard = format!(r#","heard_before":{}"#, 45 * HOUR_MS + MINUTE_MS);
    let world = world(&silence(50.0, 60.0, &heard), "");
    check(
        &score(&world, &[Line { start_h: 45.02, at_h: 52.0, ..DARK }]),
        &[("recall_suspected", Some(1.0)), ("delay_max_minutes", Some(120.0))],
    );
}
