//! Sightings held against the Rajin story, of which it is known who was where.

mod program;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;

use program::darkwake;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const RAJIN: [f64; 2] = [130.3, 42.215];
const ANGARA: i64 = 273_000_001;
const LADY_R: i64 = 273_000_003;

/// The story, replayed once without sightings.
struct Story {
    feed: Vec<u8>,
    truth: Value,
    facts: Vec<Value>,
    alerts: Vec<Value>,
}

static STORY: LazyLock<Story> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let run = |arguments: &[&str]| {
        let done = darkwake(path).args(arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    run(&["generate", "rajin", "--seed", "1", "--out", "feed.nmea", "--truth", "truth.json"]);
    run(&["replay", "feed.nmea", "--facts", "facts.jsonl", "--out", "alerts.jsonl", "--final"]);
    let truth = serde_json::from_str(&std::fs::read_to_string(path.join("truth.json")).unwrap()).unwrap();
    let (facts, alerts) = (lines(&path.join("facts.jsonl")), lines(&path.join("alerts.jsonl")));
    Story { feed: std::fs::read(path.join("feed.nmea")).unwrap(), truth, facts, alerts }
});

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// One sighting as it is written in all forms.
struct Seen {
    id: &'static str,
    t: i64,
    place: [f64; 2],
    length_m: Option<f64>,
    mmsi: Option<i64>,
}

impl Story {
    /// A folder with the feed in it.
    fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("feed.nmea"), &self.feed).unwrap();
        folder
    }

    fn ship(&self, mmsi: i64) -> &Value {
        self.truth["ships"].as_array().unwrap().iter().find(|ship| ship["mmsi"] == mmsi).unwrap()
    }

    /// In its first hidden stay at Rajin, after a share of it, measured 3 % too long.
    fn at_rajin(&self, id: &'static str, mmsi: i64, share: f64) -> Seen {
        let ship = self.ship(mmsi);
        let calls = ship["calls"].as_array().unwrap();
        let hidden = calls.iter().find(|call| call["port"] == "KPRJN" && call["hidden"] == true).unwrap();
        let (start, end) = (hidden["start"].as_i64().unwrap(), hidden["end"].as_i64().unwrap());
        let t = start + ((end - start) as f64 * share) as i64;
        Seen {
            id,
            t,
            place: RAJIN,
            length_m: ship["length_m"].as_f64().map(|length| length * 1.03),
            mmsi: None,
        }
    }

    /// Where an ordinary ship came into a port in which it called, and which ship that was.
    fn heard(&self, id: &'static str) -> (Seen, i64) {
        let is_it = |fact: &&Value| {
            fact["kind"] == "visit" && fact["call"] == "call" && fact["mmsi"].as_i64().unwrap() > 273_900_000
        };
        let visit = self.facts.iter().find(is_it).unwrap();
        let (mmsi, fix) = (visit["mmsi"].as_i64().unwrap(), &visit["first_inside"]);
        let place = [fix["lon"].as_f64().unwrap(), fix["lat"].as_f64().unwrap()];
        let length_m = self.ship(mmsi)["length_m"].as_f64();
        (Seen { id, t: fix["t"].as_i64().unwrap(), place, length_m, mmsi: None }, mmsi)
    }

    /// Half-way through the first dark period of Angara, too far off for it to have called at Rajin.
    fn far_from_rajin(&self, id: &'static str) -> Seen {
        let dark =
            self.alerts.iter().filter(|alert| alert["kind"] == "dark" && alert["vessel"]["mmsi"] == ANGARA);
        let first = dark.min_by_key(|alert| alert["start"]["t"].as_i64()).unwrap();
        let (start, end) = (first["start"]["t"].as_i64().unwrap(), first["end"]["t"].as_i64().unwrap());
        Seen { id, t: (start + end) / 2, place: [134.6, 40.0], length_m: None, mmsi: Some(ANGARA) }
    }

    /// Two hours after all began, where no ship of the story comes in two days.
    fn nowhere(&self, id: &'static str) -> Seen {
        let t = self.truth["start"].as_i64().unwrap() + 2 * HOUR_MS;
        Seen { id, t, place: [160.0, 20.0], length_m: Some(90.0), mmsi: None }
    }

    fn all(&self) -> Vec<Seen> {
        let (heard, mmsi) = self.heard("heard");
        let elsewhere =
            Seen { id: "elsewhere", place: [160.0, 20.0], mmsi: Some(mmsi), length_m: None, ..heard };
        vec![
            self.at_rajin("angara", ANGARA, 0.3),
            self.at_rajin("lady-r", LADY_R, 0.3),
            heard,
            self.far_from_rajin("far"),
            self.nowhere("nowhere"),
            elsewhere,
        ]
    }
}

fn or_empty(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn csv(seen: &[Seen]) -> String {
    let row = |seen: &Seen| {
        let Seen { id, t, place: [lon, lat], length_m, mmsi } = seen;
        format!("{id},{t},{lon},{lat},{},{}\n", or_empty(*length_m), or_empty(*mmsi))
    };
    let header = "detection_id,Timestamp,Longitude,Latitude,length_m,MMSI\n".to_owned();
    header + &seen.iter().map(row).collect::<String>()
}

fn feature(seen: &Seen) -> Value {
    json!({
        "type": "Feature",
        "geometry": { "type": "Point", "coordinates": seen.place },
        "properties": { "id": seen.id, "time": seen.t, "length": seen.length_m, "mmsi": seen.mmsi },
    })
}

/// Replays the feed in a folder with sightings from a file; the file may also stand on standard input.
fn replay(folder: &Path, arguments: &[&str], stdin: Option<&Path>) -> Output {
    let mut command = darkwake(folder);
    command.args(["replay", "feed.nmea"]).args(arguments);
    if let Some(stdin) = stdin {
        command.stdin(File::open(stdin).unwrap());
    }
    command.output().unwrap()
}

fn succeed(done: &Output) {
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The alerts of sightings by the id of the sighting.
fn told(path: &Path) -> BTreeMap<String, Value> {
    let sightings = lines(path).into_iter().filter(|alert| alert["kind"] == "sighting");
    sightings.map(|alert| (evidence(&alert, "sighting").as_str().unwrap().to_owned(), alert)).collect()
}

fn evidence<'a>(alert: &'a Value, what: &str) -> &'a Value {
    let all = alert["evidence"].as_array().unwrap();
    all.iter().find(|piece| piece["what"] == what).map_or(&Value::Null, |piece| &piece["value"])
}

fn ids(ports: &Value) -> Vec<&str> {
    ports.as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn what_was_seen_is_the_ship_that_was_there_or_contradicts_what_was_told_or_is_of_no_ship_that_is_known() {
    let story = &*STORY;
    let folder = story.folder();
    let path = folder.path();
    let broken = "x1,,130,42,,\nx2,yesterday,130,42,,\nx3,1696276800,130,99,,\nx4,1696276800,,,,\nx5,1696276800,130,42,-3,\n";
    std::fs::write(path.join("seen.csv"), csv(&story.all()) + broken).unwrap();
    let outputs = ["--sightings", "seen.csv", "--out", "alerts.jsonl", "--stats", "stats.json"];
    let done = replay(path, &outputs, None);
    succeed(&done);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("seen.csv:8: no time"), "{said}");
    let told = told(&path.join("alerts.jsonl"));
    assert_eq!(told.keys().collect::<Vec<_>>(), ["angara", "elsewhere", "far", "lady-r", "nowhere"]);

    let others: BTreeMap<&str, &Value> =
        story.alerts.iter().map(|alert| (alert["id"].as_str().unwrap(), alert)).collect();
    for (id, mmsi, line) in [("angara", ANGARA, 2), ("lady-r", LADY_R, 3)] {
        let alert = &told[id];
        assert_eq!(
            (&alert["grade"], &alert["vessel"]["mmsi"]),
            (&json!("corroborated"), &json!(mmsi)),
            "{alert}"
        );
        assert_eq!(evidence(alert, "candidates")[0]["mmsi"], mmsi);
        assert_eq!(alert["ports"]["at"], "KPRJN");
        assert!(ids(&alert["ports"]["possible"]).contains(&"KPRJN"), "{alert}");
        assert_eq!(alert["inputs"], json!([format!("seen.csv:{line}")]));
        assert_eq!(alert["severity"], "critical", "a listed ship");
        let related = ids(&alert["related"]);
        assert!(!related.is_empty());
        for id in related {
            assert_eq!(others[id]["vessel"]["mmsi"], mmsi);
            assert!(matches!(others[id]["kind"].as_str(), Some("dark" | "hop.dark")));
        }
    }
    for alert in told.values() {
        let candidates = evidence(alert, "candidates").as_array().unwrap();
        let shares: f64 = candidates.iter().map(|candidate| candidate["p"].as_f64().unwrap()).sum();
        let [none, others] = ["none_of_these", "others"].map(|what| evidence(alert, what).as_f64().unwrap());
        let whole = shares + none + others;
        assert!((whole - 1.0).abs() < 1e-6, "{whole}: {alert}");
    }
    let far = &told["far"];
    assert_eq!((&far["grade"], &far["vessel"]["mmsi"]), (&json!("contradicted"), &json!(ANGARA)), "{far}");
    assert!(ids(&far["ports"]["impossible"]).contains(&"KPRJN"), "{far}");
    assert!(far["explain"].as_str().unwrap().contains("cannot have called at"), "{far}");
    let elsewhere = &told["elsewhere"];
    assert_eq!(elsewhere["grade"], "contradicted");
    assert_eq!(elsewhere["vessel"]["mmsi"], story.heard("heard").1);
    assert!(elsewhere["explain"].as_str().unwrap().contains(" km from where it was "), "{elsewhere}");
    let nowhere = &told["nowhere"];
    assert_eq!((&nowhere["grade"], &nowhere["vessel"]), (&json!("unmatched"), &Value::Null));
    assert_eq!(evidence(nowhere, "none_of_these"), 1.0);
    assert_eq!(nowhere["score"], 1.0, "of an unmatched one it is the share of none of them");

    let stats: Value =
        serde_json::from_str(&std::fs::read_to_string(path.join("stats.json")).unwrap()).unwrap();
    let counts = &stats["sightings"];
    for (name, count) in [
        ("read", 11),
        ("transmitting", 1),
        ("corroborated", 2),
        ("contradicted", 2),
        ("unmatched", 1),
        ("same_as", 0),
    ] {
        assert_eq!(counts[name], count, "{name}: {counts}");
    }
    for (fault, count) in [
        ("no_time", 1),
        ("bad_time", 1),
        ("out_of_range", 1),
        ("no_position", 1),
        ("bad_value", 1),
        ("limit", 0),
    ] {
        assert_eq!(counts["rejected"][fault], count, "{fault}: {counts}");
    }
    let verdicts = ["corroborated", "contradicted", "unheard", "ambiguous", "unmatched"];
    let told_of: u64 = verdicts.iter().map(|verdict| counts[verdict].as_u64().unwrap()).sum();
    assert_eq!(told_of, 5);
    assert_eq!(stats["alerts"]["sighting"], 5);
}

#[test]
fn tables_collections_and_lines_from_a_pipe_say_the_same() {
    let story = &*STORY;
    let folder = story.folder();
    let path = folder.path();
    let all = story.all();
    let features: Vec<Value> = all.iter().map(feature).collect();
    let collection = json!({ "type": "FeatureCollection", "features": features });
    let of_lines: String = features.iter().map(|feature| format!("{feature}\n")).collect();
    std::fs::write(path.join("seen.csv"), csv(&all)).unwrap();
    std::fs::write(path.join("seen.geojson"), serde_json::to_string_pretty(&collection).unwrap()).unwrap();
    std::fs::write(path.join("seen.jsonl"), of_lines).unwrap();
    let told_of = |sightings: &str, stdin: Option<&str>| {
        let stdin = stdin.map(|name| path.join(name));
        let arguments = ["--sightings", sightings, "--out", "alerts.jsonl"];
        succeed(&replay(path, &arguments, stdin.as_deref()));
        let mut told = told(&path.join("alerts.jsonl"));
        // Where it was read differs.
        told.values_mut().for_each(|alert| alert["inputs"] = Value::Null);
        told
    };
    let table = told_of("seen.csv", None);
    assert_eq!(table.len(), 5);
    assert!(table == told_of("seen.geojson", None));
    assert!(table == told_of("seen.jsonl", None));
    assert!(table == told_of("-", Some("seen.jsonl")));
}

#[test]
fn the_number_of_shards_changes_no_byte_and_all_outputs_have_them() {
    let story = &*STORY;
    let folder = story.folder();
    let path = folder.path();
    std::fs::write(path.join("seen.csv"), csv(&story.all())).unwrap();
    let outputs =
        ["--out", "alerts.csv", "--out", "alerts.geojson", "--out", "alerts.gpkg", "--out", "alerts.parquet"];
    let bytes = |shards: &str| {
        let arguments = ["--sightings", "seen.csv", "--shards", shards, "--final", "--out", "alerts.jsonl"];
        let more = ["--report", "report.html"];
        succeed(&replay(path, &[&arguments[..], &outputs, &more].concat(), None));
        std::fs::read(path.join("alerts.jsonl")).unwrap()
    };
    let one = bytes("1");
    assert!(one == bytes("3"));
    let without = story.alerts.len();
    assert_eq!(lines(&path.join("alerts.jsonl")).len(), without + 5, "all others are as they were");
    for name in ["alerts.csv", "alerts.geojson", "report.html"] {
        let text = std::fs::read_to_string(path.join(name)).unwrap();
        assert!(text.contains("corroborated") && text.contains("unmatched"), "{name}");
    }
    let report = std::fs::read_to_string(path.join("report.html")).unwrap();
    assert!(report.contains("\"name\":\"seen.csv\",\"sha256\":\""), "sightings are among the inputs");
    assert!(path.join("alerts.gpkg").is_file() && path.join("alerts.parquet").is_file());
}

#[test]
fn alerts_of_sightings_are_as_the_schema_says() {
    let story = &*STORY;
    let folder = story.folder();
    let path = folder.path();
    std::fs::write(path.join("seen.csv"), csv(&story.all())).unwrap();
    succeed(&replay(path, &["--sightings", "seen.csv", "--out", "alerts.jsonl"], None));
    let schema: Value = serde_json::from_str(include_str!("../config/schema/alert.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let told = told(&path.join("alerts.jsonl"));
    assert_eq!(told.len(), 5);
    for alert in told.values() {
        if let Err(error) = validator.validate(alert) {
            panic!("{error} at {}\n{alert}", error.instance_path());
        }
        let mut other = alert.clone();
        other.as_object_mut().unwrap().remove("related");
        assert!(!validator.is_valid(&other), "valid without related");
    }
    let dark = story.alerts.iter().find(|alert| alert["kind"] == "dark").unwrap();
    let mut other = dark.clone();
    other["grade"] = "corroborated".into();
    assert!(
        validator.is_valid(dark) && !validator.is_valid(&other),
        "a verdict is no grade of a dark period"
    );
}

#[test]
fn a_port_stands_for_a_position_and_what_is_outside_the_feed_is_not_judged() {
    let story = &*STORY;
    let folder = story.folder();
    let path = folder.path();
    let Seen { t, length_m, .. } = story.at_rajin("", ANGARA, 0.1);
    let late = story.truth["end"].as_i64().unwrap() + 24 * HOUR_MS;
    let rows = format!("t,port,length\n{t},kp rjn,{}\n{t},Rajin,{}\n{late},KPRJN,\n", length_m.unwrap(), 30);
    std::fs::write(path.join("seen.csv"), rows).unwrap();
    let outputs = ["--sightings", "seen.csv", "--out", "alerts.jsonl", "--stats", "stats.json"];
    let done = replay(path, &outputs, None);
    succeed(&done);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("seen.csv:4: before the first report"), "{said}");
    let told = told(&path.join("alerts.jsonl"));
    assert_eq!(told.len(), 2);
    let angara = told.values().find(|alert| alert["vessel"]["mmsi"] == ANGARA).unwrap();
    assert_eq!(angara["grade"], "corroborated");
    assert!(evidence(angara, "accuracy_m").as_f64().unwrap() > 2_000.0, "the radius of the port");
    let stats: Value =
        serde_json::from_str(&std::fs::read_to_string(path.join("stats.json")).unwrap()).unwrap();
    assert_eq!(stats["sightings"]["rejected"]["outside"], 1);
}

#[test]
fn rows_of_one_target_are_judged_once_and_each_row_is_told_of() {
    let story = &*STORY;
    let folder = story.folder();
    let path = folder.path();
    let Seen { t, place: [lon, lat], length_m, .. } = story.at_rajin("", ANGARA, 0.3);
    let length_m = length_m.unwrap();
    let (heard, mmsi) = story.heard("");
    let table = format!(
        "id,t,lon,lat,length,confidence,mmsi,scene\n\
         one,{t},{lon},{lat},{length_m},0.9,,x\n\
         two,{},{lon},{lat},,0.9,,x\n\
         heard,{},{},{},,0.9,,x\n\
         never,{t},150,30,,0.9,351999999,x\n\
         other,{t},150,31,300,0.9,{ANGARA},x\n\
         bad,{t},{lon},{lat},,0,,x\n",
        t + 30_000,
        heard.t,
        heard.place[0],
        heard.place[1],
    );
    std::fs::write(path.join("seen.csv"), table).unwrap();
    let outputs = ["--sightings", "seen.csv", "--out", "alerts.jsonl", "--matches", "matches.jsonl"];
    let more = ["--matches", "matches.csv", "--matches", "matches.parquet", "--stats", "stats.json"];
    let done = replay(path, &[&outputs[..], &more].concat(), None);
    succeed(&done);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("columns not used: scene"), "{said}");
    assert!(said.contains("(confidence is \"0\")"), "{said}");
    let told = told(&path.join("alerts.jsonl"));
    assert_eq!(told.keys().collect::<Vec<_>>(), ["never", "one", "other"]);
    assert_eq!(evidence(&told["one"], "same_target"), &json!(["two"]));
    assert_eq!(told["one"]["inputs"], json!(["seen.csv:2", "seen.csv:3"]));
    let never = told["never"]["explain"].as_str().unwrap();
    assert!(never.contains("named as MMSI 351999999, never heard in this feed"), "{never}");
    let other = told["other"]["explain"].as_str().unwrap();
    assert!(other.contains("named as ANGARA, which is 122 m long, was seen"), "{other}");
    let rows = lines(&path.join("matches.jsonl"));
    let column = |name: &str| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    let verdicts = ["corroborated", "corroborated", "transmitting", "unmatched", "unmatched", "bad_value"];
    assert_eq!(column("verdict"), verdicts.map(Value::from));
    let mmsis = [json!(ANGARA), json!(ANGARA), json!(mmsi), Value::Null, Value::Null, Value::Null];
    assert_eq!(column("mmsi"), mmsis);
    assert_eq!((&rows[1]["same_as"], &rows[5]["input"]), (&json!("one"), &json!("seen.csv:7")));
    assert_eq!(rows[0]["alert"], told["one"]["id"]);
    let table = std::fs::read_to_string(path.join("matches.csv")).unwrap();
    assert!(table.starts_with("id,input,t,lon,lat,verdict,mmsi,") && table.lines().count() == 7, "{table}");
    assert!(path.join("matches.parquet").is_file());
    let stats: Value =
        serde_json::from_str(&std::fs::read_to_string(path.join("stats.json")).unwrap()).unwrap();
    assert_eq!(stats["sightings"]["same_as"], 1);
}

#[test]
fn what_a_false_fix_said_explains_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // Its first report is elsewhere, and all that follow show that it was none.
    let later = (2..120).step_by(2).map(|minute| {
        format!("{ANGARA},2023-10-01T{:02}:{:02}:00,36.0,140.0,0.0,0.0\n", minute / 60, minute % 60)
    });
    let feed =
        format!("MMSI,BaseDateTime,LAT,LON,SOG,COG\n{ANGARA},2023-10-01T00:00:00,42.0,130.0,0.0,0.0\n");
    std::fs::write(path.join("feed.csv"), feed + &later.collect::<String>()).unwrap();
    let seen = "id,t,lat,lon\nfalse,2023-10-01T00:01:00Z,42.0,130.0\ntrue,2023-10-01T00:31:00Z,36.0,140.0\n";
    std::fs::write(path.join("seen.csv"), seen).unwrap();
    let arguments = ["replay", "feed.csv", "--sightings", "seen.csv", "--matches", "matches.jsonl"];
    succeed(&darkwake(path).args(arguments).output().unwrap());
    let rows = lines(&path.join("matches.jsonl"));
    let verdicts: Vec<&Value> = rows.iter().map(|row| &row["verdict"]).collect();
    assert_eq!(verdicts, [&json!("unmatched"), &json!("transmitting")]);
}

#[test]
fn what_cannot_be_done_is_said() {
    let story = &*STORY;
    let folder = story.folder();
    let path = folder.path();
    std::fs::write(path.join("bad.csv"), "time,lat,lon\nnever,42,130\n").unwrap();
    let code_of = |arguments: &[&str]| {
        let done = replay(path, arguments, None);
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let (code, said) = code_of(&["--sightings", "bad.csv", "--out", "alerts.jsonl"]);
    assert!(code == Some(1) && said.contains("no sighting could be read"), "{said}");
    assert!(!path.join("alerts.jsonl").exists());
    assert_eq!(code_of(&["--sightings", "absent.csv", "--out", "alerts.jsonl"]).0, Some(1));
    std::fs::write(path.join("late.csv"), "time,lat,lon\n2030-01-01,42,130\n").unwrap();
    let (code, said) = code_of(&["--sightings", "late.csv", "--out", "alerts.jsonl"]);
    assert!(
        code == Some(1) && said.contains("all 1 sightings are before the first report or after"),
        "{said}"
    );
    std::fs::write(path.join("when.csv"), "when,lat,lon\n2023-10-02,42,130\n").unwrap();
    let (code, said) = code_of(&["--sightings", "when.csv", "--out", "alerts.jsonl"]);
    assert!(code == Some(1) && said.contains("its columns are: when, lat, lon"), "{said}");
    let (code, said) = code_of(&["--sightings", "bad.csv", "--out", "alerts.jsonl", "--resume"]);
    assert!(code == Some(2) && said.contains("--resume"), "{said}");
}
