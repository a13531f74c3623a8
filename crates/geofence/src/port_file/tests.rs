//! Reading port files: what the ports are, and that no text makes it fail.

mod geometry_messages;
mod property_messages;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use model::port::Vertex;
use model::{EventTime, Port, PortKind, Position, Shape};

use super::{PortFile, Severity, read, read_all};

/// Text and the problems that are told of it, as they are told.
#[track_caller]
fn check(text: &str, expected: &str) {
    let problems: Vec<String> =
        read("ports.geojson", text).problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.join("\n\n"), expected.trim_matches('\n'));
}

/// A FeatureCollection with a feature a line.
fn collection(features: &[&str]) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}", features.join(",\n"))
}

fn feature(id: &str, geometry: &str) -> String {
    format!(
        r#"{{"type":"Feature","properties":{{"id":"{id}","name":"{id}","country":"KP","kind":"port"}},"geometry":{geometry}}}"#
    )
}

fn square(west: f64, south: f64, size: f64) -> String {
    let (east, north) = (west + size, south + size);
    format!(
        r#"{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]}}"#
    )
}

/// The one port of a file without problems.
#[track_caller]
fn only_port(feature: &str) -> Port {
    let PortFile { mut ports, problems } = read("ports.geojson", &collection(&[feature]));
    assert_eq!(problems, []);
    assert_eq!(ports.len(), 1);
    ports.remove(0)
}

#[track_caller]
fn rings(port: &Port) -> Vec<Vec<(i32, i32)>> {
    let Shape::Polygons(polygons) = &port.shape else { panic!("a circle") };
    polygons
        .iter()
        .flatten()
        .map(|ring| ring.iter().map(|Vertex { lon, lat }| (*lon, *lat)).collect())
        .collect()
}

#[test]
fn every_property_of_the_contract_is_read() {
    let port = only_port(
        r#"{"type":"Feature","id":7,"properties":{"id":"KPRJN","name":"Rajin (Najin)","country":"KP","kind":"terminal",
        "aliases":["Rashin"],"locode":null,"wpi":[60510,60520.0],"watch":["dprk"],"exit_buffer_m":500,"no_ais_expected":true,
        "valid_from":"2013-09-22","valid_to":"2030-01-01T12:00:00Z","priority":3,"colour":"red","radius_km":2.5},
        "geometry":{"type":"Point","coordinates":[130.3,42.2333337,17]}}"#,
    );
    let radius_m = 2_500.0;
    let expected = Port {
        id: "KPRJN".to_string(),
        name: "Rajin (Najin)".to_string(),
        country: "KP".to_string(),
        kind: PortKind::Terminal,
        shape: Shape::Circle { centre: Position { lon: 130_300_000, lat: 42_233_334 }, radius_m },
        exit_buffer_m: 500.0,
        valid_from: EventTime::from_civil((2013, 9, 22), (0, 0, 0), 0),
        valid_to: EventTime::from_civil((2030, 1, 1), (12, 0, 0), 0),
        wpi: [60_510, 60_520].to_vec(),
        watch: ["dprk".to_string()].to_vec(),
        area_m2: core::f64::consts::PI * radius_m * radius_m,
    };
    assert_eq!(port, expected);
}

#[test]
fn defaults_are_filled_in() {
    let text = r#"{"type":"Feature","id":"A","properties":{"name":null,"country":"KP","kind":null,"valid_to":null},"geometry":"#;
    let file = read("ports.geojson", &collection(&[&format!("{text}{}}}", square(1.0, 1.0, 1.0))]));
    let port = &file.ports[0];
    assert_eq!((port.id.as_str(), port.name.as_str(), port.kind), ("A", "A", PortKind::Port));
    assert_eq!((port.exit_buffer_m, port.valid_from, port.valid_to), (1_000.0, None, None));
    assert!(file.problems.iter().all(|problem| problem.severity == Severity::Warning) && !file.has_errors());
}

#[test]
fn vertices_are_rounded_and_repeated_ones_are_dropped() {
    let port = only_port(&feature(
        "A",
        r#"{"type":"Polygon","coordinates":[[[1.0000005,-1.0000005],[1.0000009,-1.0000011],[2,-1],[2,-1],[2,0],[1.0000005,-1.0000005]]]}"#,
    ));
    assert_eq!(rings(&port), [[(1_000_001, -1_000_001), (2_000_000, -1_000_000), (2_000_000, 0)]]);
}

#[test]
fn rings_are_unwrapped_across_the_antimeridian_in_either_notation() {
    // The middle, just west of the antimeridian, is kept within -180 up to 180.
    let expected = [[(179_400_000, 1_000_000), (180_400_000, 1_000_000), (180_300_000, 2_000_000)]];
    for ring in [
        "[[179.4,1],[-179.6,1],[-179.7,2],[179.4,1]]",
        "[[179.4,1],[180.4,1],[180.3,2],[179.4,1]]",
        "[[-180.6,1],[-179.6,1],[-179.7,2],[-180.6,1]]",
        "[[179.4,1],[-179.6,1],[180.3,2],[-180.6,1]]",
    ] {
        let port = only_port(&feature("A", &format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#)));
        assert_eq!(rings(&port), expected, "{ring}");
    }
    // Centred east of the antimeridian, a ring begins below -180.
    let port = only_port(&feature(
        "A",
        r#"{"type":"Polygon","coordinates":[[[179.5,1],[-178,1],[-178,2],[179.5,1]]]}"#,
    ));
    assert_eq!(
        rings(&port),
        [[(-180_500_000, 1_000_000), (-178_000_000, 1_000_000), (-178_000_000, 2_000_000)]]
    );
}

#[test]
fn a_hole_is_moved_to_its_outer_ring() {
    let port = only_port(&feature(
        "A",
        r#"{"type":"Polygon","coordinates":[[[179,1],[-179,1],[-179,3],[179,3],[179,1]],[[-179.8,2],[-179.5,2],[-179.5,2.5],[-179.8,2]]]}"#,
    ));
    assert_eq!(rings(&port)[1][0].0 - rings(&port)[0][0].0, 1_200_000);
}

#[test]
fn a_split_area_stays_two_polygons() {
    let port = only_port(&feature(
        "A",
        r#"{"type":"MultiPolygon","coordinates":[[[[179,1],[180,1],[180,2],[179,2],[179,1]]],[[[-180,1],[-179,1],[-179,2],[-180,2],[-180,1]]]]}"#,
    ));
    assert_eq!(rings(&port).iter().map(|ring| ring[0].0).collect::<Vec<_>>(), [179_000_000, -180_000_000]);
}

#[test]
fn a_centre_beyond_180_degrees_is_wrapped() {
    let text = r#"{"type":"Feature","properties":{"id":"A","name":"A","country":"RU","kind":"port","radius_km":1},
        "geometry":{"type":"Point","coordinates":[190.25,65]}}"#;
    let Shape::Circle { centre, .. } = only_port(text).shape else { panic!("polygons") };
    assert_eq!(centre, Position { lon: -169_750_000, lat: 65_000_000 });
}

#[test]
fn the_area_counts_holes_out_whatever_the_direction_of_rings() {
    let outer = "[[0,0],[2,0],[2,2],[0,2],[0,0]]";
    let area = |rings: &str| {
        only_port(&feature("A", &format!(r#"{{"type":"Polygon","coordinates":[{rings}]}}"#))).area_m2
    };
    let whole = area(outer);
    let degree_m = core::f64::consts::PI / 180.0 * model::position::EARTH_RADIUS_M;
    let expected = 4.0 * degree_m * degree_m * libm::cos(core::f64::consts::PI / 180.0);
    assert!((whole / expected - 1.0).abs() < 1e-12);
    for hole in [
        "[[0.5,0.5],[1.5,0.5],[1.5,1.5],[0.5,1.5],[0.5,0.5]]",
        "[[0.5,0.5],[0.5,1.5],[1.5,1.5],[1.5,0.5],[0.5,0.5]]",
    ] {
        assert!((area(&format!("{outer},{hole}")) / whole - 0.75).abs() < 1e-12);
    }
}

#[test]
fn rings_may_touch_but_not_cross() {
    // A bay that is closed by a touch, and a hole that touches its outer ring.
    only_port(&feature("A", r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[2,0],[0,4],[0,0]]]}"#));
    only_port(&feature(
        "A",
        r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[0,0],[1,2],[2,1],[0,0]]]}"#,
    ));
}

#[test]
fn features_with_errors_are_left_out_and_the_others_kept() {
    let good = feature("A", &square(1.0, 1.0, 1.0));
    let bad = feature("B", "null");
    let file = read("ports.geojson", &collection(&[&bad, &good]));
    assert_eq!(file.ports.iter().map(|port| port.id.as_str()).collect::<Vec<_>>(), ["A"]);
    assert!(file.has_errors());
}

#[test]
fn ids_and_areas_are_compared_over_all_files() {
    let (a, b) = (feature("A", &square(1.0, 1.0, 1.0)), feature("B", &square(1.0, 1.0, 1.0)));
    let again = feature("A", &square(3.0, 3.0, 1.0));
    let files = [("one.geojson", collection(&[&a])), ("two.geojson", collection(&[&b, &again]))];
    let file = read_all(files.iter().map(|(name, text)| (*name, text.as_str())));
    assert_eq!(file.ports.len(), 2);
    let messages: Vec<_> = file.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            r#""B" has the same area as "A" (one.geojson:2)"#,
            r#"the id "A" is taken by the feature at one.geojson:2"#
        ]
    );
    assert_eq!((file.problems[1].file.as_str(), file.problems[1].line), ("two.geojson", 3));
}

#[test]
fn a_port_may_follow_another_in_the_same_area() {
    let with = |id: &str, key: &str| {
        feature(id, &square(1.0, 1.0, 1.0)).replace(r#""kind""#, &format!(r#""{key}":"2020-01-01","kind""#))
    };
    let text = collection(&[&with("OLD", "valid_to"), &with("NEW", "valid_from")]);
    assert_eq!(read("ports.geojson", &text).problems, []);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_problem() {
    let text =
        format!("\u{feff}{}", collection(&[&feature("", &square(1.0, 1.0, 1.0))]).replace('\n', "\r\n"));
    let problem = &read("ports.geojson", &text).problems[0];
    assert_eq!(
        (problem.line, problem.column, problem.message.as_str()),
        (2, 38, "the `id` of feature 1 is empty")
    );
    assert!(problem.snippet.is_ascii() && !problem.snippet.contains('\r'));
}

#[test]
fn places_count_characters_and_snippets_are_short() {
    let name = "羅津港".repeat(400);
    let text = collection(&[&feature("A", "null").replace(r#""name":"A""#, &format!(r#""name":"{name}""#))]);
    let problem = &read("ports.geojson", &text.replace('\n', "")).problems[0];
    assert_eq!(problem.column, text.replace('\n', "").chars().count() as u32 - 6);
    assert!(problem.snippet.chars().count() <= 120);
    let marked: String =
        problem.snippet.chars().skip(problem.caret.start).take(problem.caret.len()).collect();
    assert_eq!(marked, "null");
}

#[test]
fn control_characters_of_the_file_do_not_reach_the_terminal() {
    let text =
        collection(&[&feature(r"\u001b[31m", &square(1.0, 1.0, 1.0)).replace(r#""port""#, "\"\\u0007\"")]);
    let shown = read("ports.geojson", &text).problems[0].to_string();
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
}

#[test]
fn a_listing_counts_what_it_does_not_show() {
    let features: Vec<String> = (0..5).map(|_| feature("", &square(1.0, 1.0, 1.0))).collect();
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    let shown = read("ports.geojson", &collection(&features)).listing(2).to_string();
    assert_eq!(shown.matches("is empty").count(), 2);
    assert!(shown.ends_with("\n\nerror: 3 more errors of the sort `id` in ports.geojson\n"), "{shown}");
}

#[test]
fn twenty_thousand_features_with_every_problem_are_read() {
    let features: Vec<String> = (0..20_000)
        .map(|at| {
            let (lon, lat) = (f64::from(at % 200) / 2.0, f64::from(at / 200) / 2.0);
            let square = square(lon, lat, 0.4);
            if at % 2 == 0 {
                feature(&format!("P{at}"), &square)
            } else {
                format!(r#"{{"type":"Feature","geometry":{square}}}"#)
            }
        })
        .collect();
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    // In one line, so that every place is far into it.
    let file = read("ports.geojson", &collection(&features).replace('\n', ""));
    assert_eq!(file.ports.len(), 10_000);
    assert_eq!(file.problems.len(), 30_000);
}

#[test]
fn areas_that_would_take_up_the_globe_are_errors() {
    let circle = |id: &str, more: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"id":"{id}","name":"X","country":"KP","kind":"zone",{more}}},"geometry":{{"type":"Point","coordinates":[130.3,42.2]}}}}"#
        )
    };
    for (more, told) in [
        (r#""radius_km":3000,"exit_buffer_m":100000"#, None),
        (
            r#""radius_km":3000.1"#,
            Some("`radius_km` is kilometres, 3000 at most; a larger area is a Polygon"),
        ),
        (r#""radius_km":1e300"#, Some("`radius_km` is kilometres, 3000 at most; a larger area is a Polygon")),
        (
            r#""radius_km":3,"exit_buffer_m":1e300"#,
            Some("it is metres, 100000 at most; without it 1000 is used"),
        ),
    ] {
        let file = read("ports.geojson", &collection(&[&circle("A", more)]));
        assert_eq!(file.has_errors(), told.is_some(), "{more}");
        let help = file.problems.first().and_then(|problem| problem.help.as_deref());
        assert_eq!(help, told, "{more}");
    }
}

#[test]
fn no_text_makes_the_reader_fail() {
    let seed = collection(&[
        &feature("A", &square(179.5, 1.0, 1.0)),
        r#"{"type":"Feature","properties":{"id":"é","radius_km":1e3,"wpi":[1],"valid_to":"2020-01-01"},"geometry":{"type":"Point","coordinates":[1,2]}}"#,
        &feature(
            "B",
            r#"{"type":"MultiPolygon","coordinates":[[[[1,1],[2,1],[2,2],[1,1]],[[1,1],[2,1],[2,2],[1,1]]],[]]}"#,
        ),
    ]);
    let pieces = [
        "null",
        "-1e300",
        "[",
        "]",
        "{",
        "}",
        "\"",
        ",",
        "1e-9",
        "360",
        "[]",
        "[[1,1],[1,1]]",
        "{}",
        "\\u0000",
        "é",
        "\n",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for _ in 0..20_000 {
        let mut text = seed.clone();
        for _ in 0..=next(3) {
            let from = next(text.len());
            let to = (from + next(12)).min(text.len());
            if text.is_char_boundary(from) && text.is_char_boundary(to) {
                text.replace_range(from..to, pieces[next(pieces.len())]);
            }
        }
        for problem in read("ports.geojson", &text).problems {
            assert!(
                problem.caret.end <= problem.snippet.chars().count().max(1)
                    && !problem.to_string().is_empty(),
                "{text}"
            );
        }
    }
}
