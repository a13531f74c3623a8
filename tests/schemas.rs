//! The JSON Schemas of what others rely on, against what the program really writes and reads.

mod program;

use std::collections::BTreeMap;
use std::path::Path;

use jsonschema::Validator;
use program::darkwake;
use serde_json::Value;

const ALERT: &str = include_str!("../config/schema/alert.json");
const FACTS: &str = include_str!("../config/schema/facts.json");
const CONFIG: &str = include_str!("../config/schema/config.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn schema(text: &str) -> Validator {
    let schema = json(text);
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("a schema that refers to nothing outside itself")
}

#[track_caller]
fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let done = darkwake(folder).args(arguments).output().expect("the program runs");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

/// So many lines of a kind are checked in one output.
const ENOUGH: usize = 300;

/// Checks the first lines of each kind; gives how many there are of each.
#[track_caller]
fn check(validator: &Validator, path: &Path) -> BTreeMap<String, usize> {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (at, line) in std::fs::read_to_string(path).expect("an output").lines().enumerate() {
        let value = json(line);
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        let count = kinds.entry(kind).or_default();
        *count += 1;
        if *count > ENOUGH {
            continue;
        }
        if let Err(error) = validator.validate(&value) {
            panic!("{}:{}: {} at {}\n{line}", path.display(), at + 1, error, error.instance_path());
        }
    }
    kinds
}

/// Replays `feed.nmea` with an alert for every visit and hop.
#[track_caller]
fn replay_with_alerts(path: &Path) {
    std::fs::write(path.join("all.toml"), "[alerts]\nfacts = \"all\"\n").expect("a file");
    let outputs = ["--facts", "facts.jsonl", "--out", "alerts.jsonl", "--config", "all.toml"];
    succeed(path, &[&["replay", "feed.nmea"], &outputs[..]].concat());
}

#[track_caller]
fn replay(scenario: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    succeed(path, &["generate", scenario, "--seed", "7", "--out", "feed.nmea"]);
    replay_with_alerts(path);
    let facts = check(&schema(FACTS), &path.join("facts.jsonl"));
    assert_eq!(facts.keys().collect::<Vec<_>>(), ["hop", "silence", "visit"]);
    let alerts = check(&schema(ALERT), &path.join("alerts.jsonl"));
    for kind in ["dark", "hop", "port.visit"] {
        assert!(alerts.contains_key(kind), "{scenario} gives no {kind}, but {alerts:?}");
    }
}

#[test]
fn every_fact_and_alert_of_a_harbour_is_as_the_schemas_say() {
    replay("harbour");
}

#[test]
fn every_fact_and_alert_that_satellites_see_is_as_the_schemas_say() {
    replay("sparse");
}

/// Scenarios in which every kind of alert occurs that the generator knows to bring about.
const SCENARIOS: [&str; 6] = ["rajin", "outage", "exits", "jamming", "identity", "antimeridian"];

#[test]
fn every_alert_of_the_other_scenarios_is_as_the_schema_says() {
    let validator = schema(ALERT);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for scenario in SCENARIOS {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        succeed(path, &["generate", scenario, "--seed", "1", "--out", "feed.nmea"]);
        succeed(path, &["replay", "feed.nmea", "--out", "alerts.jsonl"]);
        let kinds = check(&validator, &path.join("alerts.jsonl"));
        kinds.into_iter().for_each(|(kind, count)| *seen.entry(kind).or_default() += count);
    }
    for kind in [
        "dark",
        "gnss.interference",
        "hop",
        "hop.dark",
        "identity.changed",
        "identity.conflict",
        "port.in_reach",
        "port.visit",
        "position.withheld",
        "reception.outage",
        "source.clock",
    ] {
        assert!(seen.contains_key(kind), "no {kind} among {seen:?}");
    }
}

#[test]
fn facts_of_lines_without_a_time_are_as_the_schema_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let feed = succeed(path, &["generate", "harbour"]);
    let bare = |line: &str| line.rsplit('\\').next().unwrap_or_default().to_owned() + "\n";
    std::fs::write(path.join("bare.nmea"), feed.lines().map(bare).collect::<String>()).expect("a feed");
    let start = ["--start", "2024-05-14", "--step", "3400"];
    succeed(path, &[&["replay", "bare.nmea", "--facts", "facts.jsonl"], &start[..]].concat());
    let facts = std::fs::read_to_string(path.join("facts.jsonl")).expect("facts");
    assert!(!facts.is_empty() && facts.lines().all(|line| json(line)["assumed_time"] == true));
    check(&schema(FACTS), &path.join("facts.jsonl"));
}

#[test]
fn the_schemas_are_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    succeed(path, &["generate", "harbour", "--out", "feed.nmea"]);
    replay_with_alerts(path);
    for (text, file) in [(FACTS, "facts.jsonl"), (ALERT, "alerts.jsonl")] {
        let validator = schema(text);
        let lines = std::fs::read_to_string(path.join(file)).expect("an output");
        let first_of_kind: BTreeMap<String, Value> =
            lines.lines().rev().map(json).map(|value| (value["kind"].to_string(), value)).collect();
        for (kind, value) in first_of_kind {
            let keys: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
            for key in keys {
                let mut less = value.clone();
                less.as_object_mut().expect("an object").remove(&key);
                assert!(!validator.is_valid(&less), "{kind} is valid without {key}");
                let mut other = value.clone();
                other[&key] = Value::Array(vec![Value::Bool(false)]);
                assert!(!validator.is_valid(&other), "{kind} is valid with any {key}");
            }
            let mut more = value.clone();
            more["surprise"] = Value::Null;
            assert!(!validator.is_valid(&more), "{kind} is valid with a key that is not told of");
        }
    }
}

#[test]
fn the_facts_within_alerts_have_the_schema_of_facts() {
    assert_eq!(json(ALERT)["$defs"]["facts"], json(FACTS));
}

#[test]
fn the_program_prints_the_schemas() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("alert", ALERT), ("facts", FACTS), ("config", CONFIG)] {
        assert_eq!(succeed(folder.path(), &["schema", name]), text);
    }
}

#[test]
fn the_annotated_configuration_is_as_the_schema_says_and_shows_every_default() {
    let shown: Value = toml::from_str(include_str!("../config/darkwake.toml")).expect("TOML");
    let validator = schema(CONFIG);
    assert!(validator.is_valid(&shown), "{:?}", validator.iter_errors(&shown).collect::<Vec<_>>());
    let schema = json(CONFIG);
    for (table, described) in schema["properties"].as_object().expect("tables") {
        for (key, setting) in described["properties"].as_object().expect("settings") {
            let default = setting.get("default");
            assert_eq!(shown[table].get(key), default, "{table}.{key}");
        }
    }
}

#[test]
fn the_schema_and_the_program_agree_on_what_a_configuration_is() {
    let columns = "[input.columns]\ntime = \"t\"\nmmsi = \"1\"\nlon = \"x\"\nlat = \"y\"\n";
    let folder = tempfile::tempdir().expect("a folder");
    let validator = schema(CONFIG);
    let hash = "ab".repeat(32);
    let token = format!("[[serve.tokens]]\nname = \"wall\"\nrole = \"viewer\"\nsha256 = \"{hash}\"\n");
    for (text, is_good) in [
        ("", true),
        ("[input]\ndelay_bound = \"4m 30s\"\n", true),
        ("[input]\ntag_checksum = \"strict\"\ntable_order = \"bounded\"\n", true),
        ("[alerts]\nfacts = \"none\"\n", true),
        ("[limits]\nships = 1\n", true),
        ("[watch]\nships = []\nports = []\ncorridors = []\n", true),
        ("[[watch.ships]]\nimo = 9000003\nseverity = \"info\"\nmute = true\n", true),
        (
            "[[watch.ships]]\nmmsi = [{ mmsi = 273000001, from = \"2023-08-01\", until = \"2023-08-01T12:00:00Z\" }]\n",
            true,
        ),
        ("[[watch.ports]]\nname = \"X\"\ncountries = [\"KP\"]\n", true),
        (
            "[[watch.corridors]]\nname = \"X\"\nfrom = { ids = [\"KPRJN\"] }\nto = { tags = [\"sts\"] }\n",
            true,
        ),
        ("[[watch.areas]]\nname = \"X\"\nring = [[0, 0], [1, 0], [1.5, 1.5]]\n", true),
        (&format!("{columns}delimiter = \";\"\nsog = \"v\"\n"), true),
        ("[live]\nsources = []\nsinks = []\n", true),
        ("[[live.sources]]\nname = \"a\"\ntype = \"tcp\"\naddress = \"h:1\"\ndelay_bound = \"1m\"\n", true),
        (
            "[[live.sources]]\nname = \"a\"\ntype = \"udp\"\naddress = \"h:1\"\ngroup = \"239.192.0.4\"\n",
            true,
        ),
        ("[[live.sources]]\nname = \"a\"\ntype = \"stdin\"\nformat = \"json\"\n", true),
        ("[[live.sources]]\nname = \"a\"\ntype = \"kafka\"\ntopic = \"t\"\n", true),
        ("[[live.sinks]]\ntype = \"stdout\"\n", true),
        ("[live]\nlog = \"kafka\"\nsnapshot_interval = \"1m\"\n", true),
        ("[live]\nstate = \"state\"\n", true),
        ("[[live.sources]]\nname = \"a\"\ntype = \"tail\"\npath = \"f\"\n", true),
        (
            "[[live.sources]]\nname = \"a\"\ntype = \"mqtt\"\nurl = \"mqtt://h\"\ntopic = \"t/#\"\nuser = \"u\"\npassword = \"p\"\n",
            true,
        ),
        (
            "[[live.sources]]\nname = \"a\"\ntype = \"websocket\"\nurl = \"ws://h\"\nsubscribe = \"x\"\nmax_bytes_per_second = 1\n",
            true,
        ),
        ("[[live.sinks]]\ntype = \"file\"\npath = \"a\"\nrotate_bytes = 1000\nkeep = 0\n", true),
        (
            "[[live.sinks]]\ntype = \"webhook\"\nurl = \"http://h\"\nsecret = \"s\"\ndead_letters = \"d\"\n",
            true,
        ),
        ("[kafka]\napplication = \"a\"\npartitions = 3\ntopics = { log = \"l\" }\n", true),
        ("[serve]\nlisten = \"127.0.0.1:0\"\n", true),
        ("[serve]\npage = false\nstore = \"s\"\ntracks = \"1d\"\ncertificate = \"c\"\nkey = \"k\"\n", true),
        (&token, true),
        (
            "[[live.sources]]\nname = \"a\"\ntype = \"play\"\npath = \"f\"\nspeed = 2.5\nfrom = \"2023-10-01\"\n",
            true,
        ),
        ("[kafka]\ntopics = { acks = \"a\" }\n", true),
        ("[[live.sinks]]\ntype = \"file\"\npath = \"a.jsonl\"\n", true),
        ("[[live.sinks]]\ntype = \"kafka\"\ntopic = \"t\"\n", true),
        ("[kafka]\nbrokers = \"a:1,b:2\"\nproperties = { \"linger.ms\" = \"5\" }\n", true),
        ("[inputs]\n", false),
        ("[[live.sources]]\ntype = \"stdin\"\n", false),
        ("[[live.sources]]\nname = \"\"\ntype = \"stdin\"\n", false),
        ("[[live.sources]]\nname = \"a\"\ntype = \"serial\"\n", false),
        ("[[live.sources]]\nname = \"a\"\ntype = \"tcp\"\n", false),
        ("[[live.sources]]\nname = \"a\"\ntype = \"tcp\"\naddress = \"h:1\"\ntopic = \"t\"\n", false),
        (
            "[[live.sources]]\nname = \"a\"\ntype = \"tcp\"\naddress = \"h:1\"\ngroup = \"239.192.0.4\"\n",
            false,
        ),
        ("[[live.sources]]\nname = \"a\"\ntype = \"kafka\"\n", false),
        ("[[live.sources]]\nname = \"a\"\ntype = \"stdin\"\nformat = \"xml\"\n", false),
        ("[[live.sinks]]\ntype = \"file\"\n", false),
        ("[live]\nlog = \"disk\"\n", false),
        ("[[live.sources]]\nname = \"a\"\ntype = \"tail\"\n", false),
        ("[[live.sources]]\nname = \"a\"\ntype = \"tail\"\npath = \"f\"\nmax_bytes_per_second = 1\n", false),
        (
            "[[live.sources]]\nname = \"a\"\ntype = \"mqtt\"\nurl = \"mqtt://h\"\ntopic = \"t\"\nuser = \"u\"\n",
            false,
        ),
        (
            "[[live.sources]]\nname = \"a\"\ntype = \"tcp\"\naddress = \"h:1\"\nmax_bytes_per_second = 0\n",
            false,
        ),
        ("[[live.sinks]]\ntype = \"file\"\npath = \"a\"\nkeep = 2\n", false),
        ("[[live.sinks]]\ntype = \"webhook\"\nurl = \"http://h\"\n", false),
        ("[[live.sinks]]\ntype = \"stdout\"\nsecret = \"s\"\n", false),
        ("[kafka]\ntopics = { facts = \"a\" }\n", false),
        ("[serve]\nclients = 0\n", false),
        ("[serve]\nanonymous = \"operator\"\n", false),
        ("[serve]\ncertificate = \"a\"\n", false),
        ("[[serve.tokens]]\nname = \"a\"\nrole = \"viewer\"\nsha256 = \"ab\"\n", false),
        (&token.replace("viewer", "admin"), false),
        (&token.replace("wall", " "), false),
        ("[[live.sources]]\nname = \"a\"\ntype = \"tail\"\npath = \"f\"\nspeed = 2\n", false),
        ("[[live.sources]]\nname = \"a\"\ntype = \"play\"\npath = \"f\"\nspeed = 0\n", false),
        ("[serve]\nport = 1\n", false),
        ("[[live.sinks]]\ntype = \"stdout\"\npath = \"a\"\n", false),
        ("[[live.sinks]]\ntype = \"kafka\"\n", false),
        ("[kafka]\nbroker = \"a:1\"\n", false),
        ("[kafka]\nproperties = { \"linger.ms\" = 5 }\n", false),
        ("[input]\ndelay = \"30s\"\n", false),
        ("[input]\ndelay_bound = 30\n", false),
        ("[input]\ndelay_bound = \"30\"\n", false),
        ("[input]\ndelay_bound = \"s\"\n", false),
        ("[input]\ntag_checksum = \"Strict\"\n", false),
        ("[alerts]\nfacts = true\n", false),
        ("[ports]\nfiles = \"ports.geojson\"\n", false),
        ("[limits]\nships = -1\n", false),
        ("[[watch.vessels]]\nimo = 9000003\n", false),
        ("[[watch.ships]]\nname = \"X\"\n", false),
        ("[[watch.ships]]\nmmsi = []\n", false),
        ("[[watch.ships]]\nimo = 900000\n", false),
        ("[[watch.ships]]\nimo = \"9000003\"\n", false),
        ("[[watch.ships]]\nimo = 9000003\nseverity = \"high\"\n", false),
        ("[[watch.ships]]\nmmsi = [273000001]\n", false),
        ("[[watch.ships]]\nmmsi = [{ mmsi = 111000001 }]\n", false),
        ("[[watch.ships]]\nmmsi = [{ mmsi = 273000001, from = \"1.8.2023\" }]\n", false),
        ("[[watch.lists]]\nname = \"X\"\n", false),
        ("[[watch.lists]]\nfile = \"x.csv\"\nformat = \"csv\"\n", false),
        ("[[watch.ports]]\nname = \"X\"\n", false),
        ("[[watch.ports]]\ntags = [\"dprk\"]\n", false),
        ("[[watch.corridors]]\nname = \"X\"\nfrom = { tags = [\"dprk\"] }\n", false),
        ("[[watch.corridors]]\nname = \"X\"\nfrom = {}\nto = { tags = [\"sts\"] }\n", false),
        ("[[watch.areas]]\nname = \"X\"\nring = [[0, 0], [1, 0]]\n", false),
        ("[[watch.areas]]\nname = \"X\"\nring = [[0, 0], [1, 0], [1, 91]]\n", false),
        ("[[watch.areas]]\nname = \"X\"\nring = [[0, 0], [1, 0], [1, 1, 1]]\n", false),
        ("[limits]\nships = 1.5\n", false),
        ("[input.columns]\ntime = \"t\"\n", false),
        (&format!("{columns}delimiter = \"\\\"\"\n"), false),
        (&format!("{columns}delimiter = \";;\"\n"), false),
        (&format!("{columns}speed = \"v\"\n"), false),
    ] {
        let value: Value = toml::from_str(text).expect("TOML");
        assert_eq!(validator.is_valid(&value), is_good, "the schema on {text:?}");
        std::fs::write(folder.path().join("darkwake.toml"), text).expect("a file");
        let done = darkwake(folder.path()).args(["check", "--config", "darkwake.toml"]).output().unwrap();
        let expected = if is_good { 0 } else { 2 };
        assert_eq!(done.status.code(), Some(expected), "{text:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
