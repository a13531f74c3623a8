//! Port files made of other lists, of AIS, and shown: what is made is valid, and what is not taken is told.

mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use program::darkwake;
use serde_json::{Value, json};
use sim::encode::{Channel, PositionA, sentences, tag_block};
use sim::sphere::Position;

/// Runs the program; gives its exit code and what it says.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let done = darkwake(folder).args(arguments).output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

#[track_caller]
fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let (code, told) = run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {told}");
    told
}

/// A folder with the lists of these tests in it.
fn lists() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ports");
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn read(path: PathBuf) -> Value {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The features of a port file by id, which `ports validate` finds no error in.
#[track_caller]
fn ports(folder: &Path, name: &str) -> Vec<(String, Value)> {
    succeed(folder, &["ports", "validate", name]);
    let file = read(folder.join(name));
    let features = file["features"].as_array().unwrap().clone();
    features.into_iter().map(|one| (one["properties"]["id"].as_str().unwrap().to_owned(), one)).collect()
}

/// Imports a list; gives the ports that it makes and the line that counts them.
#[track_caller]
fn import(name: &str, arguments: &[&str], ids: &[&str], summary: &str) -> Vec<Value> {
    let folder = lists();
    let command = [&["ports", "import", name, "--out", "made.geojson"], arguments].concat();
    let told = succeed(folder.path(), &command);
    let found = told.lines().find(|line| line.starts_with(&format!("{name}: ")) && line.contains(" of "));
    assert_eq!(found, Some(format!("{name}: {summary}").as_str()), "{told}");
    let first = std::fs::read(folder.path().join("made.geojson")).unwrap();
    succeed(folder.path(), &command);
    assert!(first == std::fs::read(folder.path().join("made.geojson")).unwrap(), "not the same again");
    let made = ports(folder.path(), "made.geojson");
    assert_eq!(made.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ids, "{told}");
    made.into_iter().map(|(_, port)| port).collect()
}

/// Checks some of the properties of a port.
#[track_caller]
fn has(port: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(port["properties"][key], *value, "{key}: {port}");
    }
}

#[test]
fn geojson_with_other_names_is_imported() {
    let made = import(
        "harbours.geojson",
        &["--map", "name=HAFEN"],
        &["7", "TK-FAKAOFO-QUAY", "A-POINT"],
        "3 ports of 6 features; left out 1 without a place (feature 6), 2 that no port file can hold (first \
         feature 4); 3 without a known country (first feature 3)",
    );
    let rajin =
        json!({"name": "Rajin", "country": "KP", "kind": "port", "depth": 9.5, "source": "harbours.geojson"});
    has(&made[0], &rajin);
    has(&made[1], &json!({"name": "Fakaofo \"quay\"", "country": "TK", "kind": "anchorage"}));
    has(&made[2], &json!({"radius_km": 4.0, "country": null}));
    assert_eq!(made[1]["geometry"]["type"], "MultiPolygon");
}

#[test]
fn a_table_of_longitudes_and_latitudes_is_imported() {
    let made = import(
        "berths.csv",
        &[],
        &["A1", "DK-ÅRHUS", "DK-ÅRHUS-2", "A1-2", "A9"],
        "5 ports of 9 lines; left out 1 that cannot be read (line 7), 2 without a place (first line 6), \
         1 that no port file can hold (line 9); 1 read as Latin-1 (line 3); 1 without a known country (line 10); \
         1 with a value that its property cannot have, left out (line 10); 2 whose id was taken, with a number behind \
         it (first line 4)",
    );
    assert_eq!(made[0]["geometry"]["coordinates"], json!([9.75, 55.56]));
    let aliases = ["Fredericia Havn", "Fredericiahavn"];
    has(&made[0], &json!({"aliases": aliases, "radius_km": 2.5, "berths": "12"}));
    has(&made[1], &json!({"name": "Århus", "country": "DK", "radius_km": 4.0}));
    let flags = ["--radius-km", "1.5", "--kind", "terminal", "--id-prefix", "x-", "--max-ports", "1"];
    let made = import(
        "berths.csv",
        &flags,
        &["x-A1"],
        "1 port of 9 lines; left out 1 that cannot be read (line 7), 2 without a place (first line 6), 5 more than \
         --max-ports (first line 3); 1 read as Latin-1 (line 3); 1 without a known country (line 10); 1 with a value \
         that its property cannot have, left out (line 10)",
    );
    has(&made[0], &json!({"kind": "terminal", "radius_km": 2.5}));
}

#[test]
fn a_table_of_wkt_is_imported() {
    let made = import(
        "areas.csv",
        &[],
        &["P1", "P2", "P3"],
        "3 ports of 7 lines; left out 2 that cannot be read (first line 5), 1 without a place (line 7), 1 that no \
         port file can hold (line 8)",
    );
    let kinds: Vec<&Value> = made.iter().map(|port| &port["geometry"]["type"]).collect();
    assert_eq!(kinds, ["Polygon", "MultiPolygon", "Point"]);
}

#[test]
fn the_world_port_index_is_imported() {
    let made = import(
        "pub150.csv",
        &[],
        &["WPI60250", "WPI00400", "WPI00400-2", "WPI00500"],
        "4 ports of 7 lines; left out 3 that cannot be read (first line 6); 1 without a known country (line 5); 1 \
         whose id was taken, with a number behind it (line 4)",
    );
    has(
        &made[0],
        &json!({"country": "CN", "locode": "CNDLC", "radius_km": 10, "aliases": ["Dairen", "Ta Lien"]}),
    );
    has(&made[2], &json!({"name": "Second", "radius_km": 4, "accuracy_m": 200}));
}

#[test]
fn the_code_list_of_un_locode_is_imported() {
    let made = import(
        "unlocode.csv",
        &[],
        &["DKAAR", "CLPUQ"],
        "2 ports of 8 lines; left out 1 that cannot be read (line 7), 1 without a place (line 6), 4 that are no ports \
         (first line 1); 3 read as Latin-1 (first line 2)",
    );
    assert_eq!(made[0]["geometry"]["coordinates"], json!([10.216_667, 56.15]));
    has(&made[0], &json!({"name": "Århus", "aliases": ["Arhus"], "locode": "DKAAR", "country": "DK"}));
    assert_eq!(made[1]["geometry"]["coordinates"], json!([-70.933_333, -53.166_667]));
}

#[test]
fn anchorages_by_cells_of_s2_are_imported() {
    let made = import(
        "anchorages.csv",
        &[],
        &["KR-BUSAN", "FJ-TAVEUNI", "47c5aa5f"],
        "3 ports of 10 lines; left out 4 that cannot be read (first line 8)",
    );
    // Three squares around a corner are one area, as are two across the antimeridian.
    for (port, corners) in [(&made[0], 9), (&made[1], 7), (&made[2], 5)] {
        assert_eq!(port["geometry"]["type"], "Polygon", "{port}");
        assert_eq!(port["geometry"]["coordinates"][0].as_array().unwrap().len(), corners, "{port}");
    }
    assert_eq!(made[0]["properties"]["s2ids"].as_array().unwrap().len(), 3);
    let each = import(
        "anchorages.csv",
        &["--cells", "each"],
        &["3568e95b", "3568e959", "3568e951", "6e1fdf57", "71e020a9", "47c5aa5f"],
        "6 ports of 10 lines; left out 4 that cannot be read (first line 8)",
    );
    has(&each[0], &json!({"name": "BUSAN", "kind": "anchorage", "sublabel": "BUSAN-1", "dock": "true"}));
}

#[test]
fn what_is_left_out_is_named_with_its_reason() {
    let folder = lists();
    let told =
        succeed(folder.path(), &["ports", "import", "berths.csv", "areas.csv", "--out", "made.geojson"]);
    for expected in [
        "berths.csv: line 6: it has no longitude and latitude; left out",
        "berths.csv: line 7: \"east\", \"55\" are no degrees of longitude and latitude; left out",
        "berths.csv: line 8: 0, 0 is where those without a place end up; left out",
        "berths.csv: line 9: latitude 95 of \"A8\" is not within -90..90; left out",
        "areas.csv: line 5: 'LINESTRING(4 52, 5 52)' is no POINT, POLYGON or MULTIPOLYGON; left out",
        "areas.csv: line 6: 'x' is where a number should be; left out",
        "areas.csv: line 7: it has no geometry; left out",
    ] {
        assert!(told.lines().any(|line| line == format!("warning: {expected}")), "{expected}: {told}");
    }
    assert_eq!(ports(folder.path(), "made.geojson").len(), 8);
}

#[test]
fn only_if_nothing_can_be_imported_does_it_fail() {
    let folder = lists();
    std::fs::write(folder.path().join("wide.csv"), "a\0b").unwrap();
    let made = ["--out", "made.geojson"];
    for (arguments, code, expected) in [
        (&["notes.txt"][..], 1, "notes.txt: no columns of places among remember to ask"),
        (&["wide.csv"][..], 1, "is no text"),
        (&["areas.csv", "--format", "wpi"][..], 1, "there is no column 'World Port Index Number'"),
        (&["harbours.geojson", "--format", "csv"][..], 1, "nothing could be imported"),
        (&["notes.txt", "areas.csv"][..], 0, "notes.txt: no columns"),
        (&["areas.csv", "--map", "label=name"][..], 2, "'label' is no property of a port"),
        (&["areas.csv", "--map", "name=nom"][..], 0, "no column nom, which --map name=nom names"),
        (&["areas.csv", "--kind", "harbour"][..], 2, "kinds are port, terminal"),
        (&["areas.csv", "--radius-km", "0"][..], 2, "kilometres above 0"),
        (&["nowhere.csv"][..], 1, "no such file"),
    ] {
        let (found, told) = run(folder.path(), &[&["ports", "import"], arguments, &made].concat());
        assert!(found == Some(code) && told.contains(expected), "{arguments:?}: {found:?} {told}");
        let is_made = folder.path().join("made.geojson").exists();
        assert_eq!(is_made, code == 0, "{arguments:?}");
        let _ = std::fs::remove_file(folder.path().join("made.geojson"));
    }
}

/// The ships that called at each port.
fn callers(folder: &Path, port_file: &str) -> BTreeMap<String, BTreeSet<u64>> {
    succeed(folder, &["replay", "feed.nmea", "--ports", port_file, "--facts", "facts.jsonl"]);
    let text = std::fs::read_to_string(folder.join("facts.jsonl")).unwrap();
    let facts = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut callers: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for fact in facts.filter(|fact| fact["kind"] == "visit" && fact["call"] == "call") {
        let port = fact["port"].as_str().unwrap().to_owned();
        callers.entry(port).or_default().insert(fact["mmsi"].as_u64().unwrap());
    }
    callers
}

#[test]
fn an_imported_file_is_used_by_replay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    succeed(path, &["generate", "harbour", "--seed", "1", "--out", "feed.nmea"]);
    std::fs::write(path.join("mine.csv"), "name,country,lon,lat\nVladivostok,RUS,131.9,43.1\n").unwrap();
    succeed(path, &["ports", "import", "mine.csv", "--radius-km", "8", "--out", "mine.geojson"]);
    let callers = callers(path, "mine.geojson");
    assert!(callers["RU-VLADIVOSTOK"].len() >= 5, "{callers:?}");
}

#[test]
fn the_ports_of_a_feed_are_derived_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    succeed(path, &["generate", "harbour", "--seed", "1", "--out", "feed.nmea"]);
    let derive = |input: &str, shards: &str, out: &str| {
        let options = ["--min-ships", "2", "--shards", shards, "--out", out];
        succeed(path, &[&["ports", "derive", input], &options[..]].concat());
        std::fs::read(path.join(out)).unwrap()
    };
    let one = derive("feed.nmea", "1", "one.geojson");
    assert!(one == derive("feed.nmea", "3", "three.geojson"), "the number of shards shows");
    succeed(path, &["replay", "feed.nmea", "--record", "log", "--facts", "-"]);
    assert!(one == derive("log", "1", "log.geojson"), "the log of it gives others");
    let made = ports(path, "one.geojson");
    let told: Vec<(&str, &str)> = made
        .iter()
        .map(|(_, port)| &port["properties"])
        .map(|of| (of["name"].as_str().unwrap(), of["kind"].as_str().unwrap()))
        .collect();
    for expected in
        [("Vladivostok", "port"), ("Slavyanka", "port"), ("Vladivostok roads, Amur Bay", "anchorage")]
    {
        assert!(told.contains(&expected), "{expected:?}: {told:?}");
    }
    assert_eq!(made[0].1["properties"]["locode"], "RUVVO", "the busiest is first: {made:?}");
    // In what is derived, ships call.
    let callers = callers(path, "one.geojson");
    for (id, port) in &made {
        let of = &port["properties"];
        assert!(id.starts_with("H3-89") && of["ships"].as_u64() >= Some(2), "{port}");
        assert!(of["stops"].as_u64() >= Some(1) && of["median_stay_h"].as_f64() > Some(0.2), "{port}");
        assert!(callers.get(id).is_some_and(|ships| ships.len() >= 2), "{id}: {callers:?}");
    }
}

/// Ships at rest for an hour, each at a place of its own.
fn at_rest(places: &[(f64, f64)]) -> String {
    let line = |minute: i64, (number, (lon, lat)): (u32, &(f64, f64))| {
        let report = PositionA {
            mmsi: 273_000_001 + number,
            status: Some(5),
            speed_kn: Some(0.0),
            position: Some(Position::new(*lon, *lat)),
            ..PositionA::default()
        };
        let second = 1_696_161_600 + minute * 60 + i64::from(number);
        let sentence = &sentences(&report.encode(), "AIVDM", Channel::A, 0)[0];
        format!("{}{sentence}\n", tag_block(&[("c", &second.to_string())]))
    };
    let minutes = (0..60).step_by(3);
    minutes.flat_map(|minute| (0..).zip(places).map(move |ship| line(minute, ship))).collect()
}

#[test]
fn a_place_on_the_antimeridian_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let feed = at_rest(&[(179.999_2, 30.0), (179.999_9, 30.0), (-179.999_4, 30.0)]);
    std::fs::write(path.join("feed.nmea"), feed).unwrap();
    succeed(path, &["ports", "derive", "feed.nmea", "--min-ships", "1", "--out", "made.geojson"]);
    let made = ports(path, "made.geojson");
    assert_eq!(made.len(), 1, "{made:?}");
    let (_, port) = &made[0];
    has(port, &json!({"ships": 3, "stops": 3, "kind": "port"}));
    let name = port["properties"]["name"].as_str().unwrap();
    assert!(name.starts_with("Unnamed 30.00") || name.starts_with("Unnamed 29.99"), "{name}");
    let ring = port["geometry"]["coordinates"][0].as_array().unwrap();
    let lons: Vec<f64> = ring.iter().map(|corner| corner[0].as_f64().unwrap()).collect();
    let (west, east) = lons.iter().fold((f64::MAX, f64::MIN), |(w, e), lon| (w.min(*lon), e.max(*lon)));
    assert!(east - west < 0.1 && (east > 180.0 || west < -180.0), "{lons:?}");
    assert_eq!(callers(path, "made.geojson").values().map(|ships| ships.len()).sum::<usize>(), 3);
}

#[test]
fn where_too_few_ships_lie_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("feed.nmea"), at_rest(&[(150.0, 30.0), (151.0, 30.0)])).unwrap();
    let derive = ["ports", "derive", "feed.nmea", "--out", "made.geojson"];
    let (code, told) = run(path, &derive);
    assert!(code == Some(1) && told.contains("no more than 1 ships' were in one cell"), "{code:?} {told}");
    assert!(!path.join("made.geojson").exists());
    let told = succeed(path, &[&derive[..], &["--min-ships", "1", "--max-ships", "1"]].concat());
    assert!(told.contains("20 reports were passed over, of ships beyond the first 1"), "{told}");
    let told = succeed(path, &[&derive[..], &["--min-ships", "1", "--max-cells", "1"]].concat());
    assert!(told.contains("1 of 2 stops were not taken as a whole"), "{told}");
    let told = succeed(path, &[&derive[..], &["--min-ships", "1"]].concat());
    assert!(told.contains("made.geojson: 2 ports from 2 stops"), "{told}");
    let (code, told) = run(path, &[&derive[..], &["--names", "nowhere.geojson"]].concat());
    assert!(code == Some(2) && told.contains("nowhere.geojson"), "{code:?} {told}");
}

#[test]
fn a_page_shows_ports_and_what_is_wrong_with_them() {
    let folder = lists();
    let path = folder.path();
    let told = succeed(path, &["ports", "show", "harbours.geojson", "--out", "map.html"]);
    let map = std::fs::canonicalize(path).unwrap().join("map.html");
    assert!(
        told.contains(&*map.to_string_lossy()) || told.contains(&*path.join("map.html").to_string_lossy()),
        "{told}"
    );
    let page = std::fs::read_to_string(map).unwrap();
    assert!(page.contains("\"severity\":\"error\"") && page.contains("is no area"), "problems are shown");
    for outside in ["http://", "https://", "src=", "href=", "@import", "url("] {
        let found = page.replace("http://www.w3.org/2000/svg", "").contains(outside);
        assert!(!found, "{outside}: it asks for something outside");
    }
}
