//! What a person reads when the input, the ports, the configuration or the command line are wrong.
//!
//! Each case has a file `tests/bad_input/<case>.txt`: the command, the exit code, what stderr says, and the facts that
//! were printed all the same. `DARKWAKE_BLESS=1` writes the files.

mod program;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use program::darkwake;
use sim::encode::{Channel, PositionA, sentences, tag_block};
use sim::sphere::Position;

/// The files of a case, by name.
type Files<'a> = &'a [(&'a str, Vec<u8>)];

/// Runs `darkwake` where only these files are, and compares what it says.
fn check(case: &str, files: Files<'_>, command: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let done = program(folder.path()).args(command.split_whitespace()).output().unwrap();
    let mut told = format!("$ darkwake {command}\nexit code {}\n", done.status.code().unwrap_or(-1));
    let stderr = String::from_utf8(done.stderr).unwrap();
    told += &without_hashes(&without_times(&stderr.replace("darkwake.exe", "darkwake")));
    if !done.stdout.is_empty() {
        let _ = writeln!(told, "stdout: {} lines", done.stdout.split(|byte| *byte == b'\n').count() - 1);
    }
    let file = expected_file(case);
    if std::env::var("DARKWAKE_BLESS").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &told).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(told, expected, "{}: DARKWAKE_BLESS=1 takes the new text", file.display());
}

fn program(folder: &Path) -> Command {
    let mut command = darkwake(folder);
    command.env("COLUMNS", "100").env("NO_COLOR", "1");
    command
}

fn expected_file(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_input").join(format!("{case}.txt"))
}

/// Wall times differ from run to run.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once(" in ") {
        Some((before, time)) if time.ends_with(" s") && time.len() < 9 => format!("{before} in … s\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Hashes change with the built-in ports and the settings that there are.
fn without_hashes(text: &str) -> String {
    let is_hash = |word: &str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_inclusive([' ', ':'])
        .map(|word| match word.strip_suffix(':') {
            Some(hash) if is_hash(hash) => "…:",
            _ => word,
        })
        .collect()
}

/// A ship that stays away from all ports, with a silence in the middle.
fn feed(has_times: bool) -> String {
    let line = |number: i64| {
        let report = PositionA {
            mmsi: 273_000_001,
            speed_kn: Some(10.0),
            position: Some(Position::new(150.0, 30.0 + number as f64 * 0.01)),
            ..PositionA::default()
        };
        let second = 1_696_161_600 + number * 180 + if number < 100 { 0 } else { 7_200 };
        let sentence = &sentences(&report.encode(), "AIVDM", Channel::A, 0)[0];
        let tag = tag_block(&[("c", &second.to_string())]);
        if has_times { format!("{tag}{sentence}\n") } else { format!("{sentence}\n") }
    };
    (0..200).map(line).collect()
}

fn good() -> (&'static str, Vec<u8>) {
    ("feed.nmea", feed(true).into_bytes())
}

/// Bytes without a pattern, always the same.
fn noise() -> Vec<u8> {
    let mut random = sim::random::Random::new(1);
    (0..40_000).map(|_| random.next_u64() as u8).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// An archive of one deflated member.
fn zip(name: &str, bytes: &[u8], crc: u32) -> Vec<u8> {
    let mut body = DeflateEncoder::new(Vec::new(), Compression::default());
    body.write_all(bytes).unwrap();
    let body = body.finish().unwrap();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    // Version 20, no flags, deflated, 1980-01-01 00:00.
    let common = [20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0].as_slice();
    let sizes = words(&[crc, body.len() as u32, bytes.len() as u32]);
    let name_length = [name.len() as u8, 0, 0, 0];
    let mut out = [b"PK\x03\x04", common, &sizes, &name_length, name.as_bytes(), &body].concat();
    let directory = out.len() as u32;
    let entry = [b"PK\x01\x02\x14\0", common, &sizes, &name_length, &[0; 14], name.as_bytes()].concat();
    out.extend(&entry);
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend(words(&[entry.len() as u32, directory]));
    out.extend([0, 0]);
    out
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A port file of features given as (properties, geometry).
fn ports(features: &[(&str, &str)]) -> Vec<u8> {
    let feature = |(properties, geometry): &(&str, &str)| {
        format!(
            "    {{\"type\": \"Feature\",\n     \"properties\": {properties},\n     \"geometry\": {geometry}}}"
        )
    };
    let features: Vec<String> = features.iter().map(feature).collect();
    format!("{{\"type\": \"FeatureCollection\", \"features\": [\n{}\n]}}\n", features.join(",\n"))
        .into_bytes()
}

const RAJIN: &str = r#"{"id": "KPRJN", "name": "Rajin", "country": "KP", "kind": "port"}"#;
const SQUARE: &str = r#"{"type": "Polygon", "coordinates": [[[130.2, 42.2], [130.4, 42.2], [130.4, 42.3], [130.2, 42.3], [130.2, 42.2]]]}"#;

#[test]
fn a_file_that_is_not_there() {
    check("missing_file", &[], "replay nowhere.nmea");
}

#[test]
fn a_pattern_that_matches_nothing() {
    check("missing_pattern", &[good()], "replay feeds/*.nmea");
}

#[test]
fn an_empty_directory() {
    check("empty_directory", &[], "replay .");
}

#[test]
fn an_empty_file() {
    check("empty_file", &[("empty.nmea", Vec::new())], "replay empty.nmea");
}

#[test]
fn an_empty_file_beside_a_good_one() {
    check(
        "empty_file_beside_a_good_one",
        &[good(), ("empty.nmea", Vec::new())],
        "replay feed.nmea empty.nmea",
    );
}

#[test]
fn nothing_on_standard_input() {
    check("nothing_on_stdin", &[], "replay -");
}

#[test]
fn bytes_that_are_no_text() {
    check("garbage", &[("garbage.bin", noise())], "replay garbage.bin");
}

#[test]
fn text_that_is_no_feed() {
    let text = b"Dear colleague,\nplease find the AIS data attached.\n".to_vec();
    check("letter", &[("letter.txt", text)], "replay letter.txt");
}

#[test]
fn a_table_without_a_time() {
    let table = b"MMSI,LAT,LON,SOG\n273000001,42.2,130.3,0.1\n".to_vec();
    check("table_without_time", &[("table.csv", table)], "replay table.csv --format noaa");
}

#[test]
fn a_gz_that_ends_early_keeps_what_was_read() {
    let whole = gzip(feed(true).as_bytes());
    check("truncated_gz", &[("feed.nmea.gz", whole[..whole.len() * 2 / 3].to_vec())], "replay feed.nmea.gz");
}

#[test]
fn a_gz_of_nothing_but_its_magic() {
    check("stub_gz", &[("feed.nmea.gz", vec![0x1F, 0x8B, 8, 0])], "replay feed.nmea.gz");
}

#[test]
fn a_good_zip_is_read() {
    let feed = feed(true);
    let archive = zip("feed.nmea", feed.as_bytes(), crc(feed.as_bytes()));
    check("good_zip", &[("feed.zip", archive)], "replay feed.zip");
}

#[test]
fn a_zip_whose_member_has_another_checksum() {
    let archive = zip("feed.nmea", feed(true).as_bytes(), 0x1234_5678);
    check("corrupted_zip", &[("feed.zip", archive)], "replay feed.zip");
}

#[test]
fn a_zip_without_its_end() {
    let feed = feed(true);
    let mut archive = zip("feed.nmea", feed.as_bytes(), crc(feed.as_bytes()));
    archive.truncate(archive.len() / 2);
    check("truncated_zip", &[("feed.zip", archive)], "replay feed.zip");
}

#[test]
fn a_ring_that_crosses_itself() {
    let ring = r#"{"type": "Polygon", "coordinates": [[[130.2, 42.2], [130.4, 42.3], [130.4, 42.2], [130.2, 42.3], [130.2, 42.2]]]}"#;
    check("crossing_ring", &[("ports.geojson", ports(&[(RAJIN, ring)]))], "ports validate ports.geojson");
}

#[test]
fn latitude_before_longitude() {
    let ring = SQUARE.replace("[130.2, 42.2]", "[42.2, 130.2]").replace("[130.4, 42.2]", "[42.2, 130.4]");
    let ring = ring.replace("[130.4, 42.3]", "[42.3, 130.4]").replace("[130.2, 42.3]", "[42.3, 130.2]");
    check(
        "swapped_coordinates",
        &[("ports.geojson", ports(&[(RAJIN, &ring)]))],
        "ports validate ports.geojson",
    );
}

#[test]
fn two_ports_with_one_id() {
    let other = SQUARE.replace("42.2", "43.2").replace("42.3", "43.3");
    let file = ports(&[(RAJIN, SQUARE), (RAJIN, &other)]);
    check("duplicate_id", &[("ports.geojson", file)], "ports validate ports.geojson");
}

#[test]
fn a_port_file_with_a_comma_too_many() {
    let file = String::from_utf8(ports(&[(RAJIN, SQUARE)])).unwrap().replace("\n]}", ",\n]}");
    check("ports_not_json", &[("ports.geojson", file.into_bytes())], "ports validate ports.geojson");
}

#[test]
fn a_port_file_that_is_not_there() {
    check("missing_ports", &[good()], "replay feed.nmea --ports harbours.geojson");
}

#[test]
fn a_bad_port_file_stops_a_replay() {
    let file = ports(&[(r#"{"id": "KPRJN", "name": "Rajin", "country": "KP", "kind": "harbour"}"#, SQUARE)]);
    check(
        "bad_ports_in_replay",
        &[good(), ("ports.geojson", file)],
        "replay feed.nmea --ports ports.geojson",
    );
}

#[test]
fn a_setting_that_does_not_exist() {
    let config = b"[input]\ndelay_bond = \"30s\"\n".to_vec();
    check("unknown_setting", &[("darkwake.toml", config)], "check --config darkwake.toml");
}

#[test]
fn a_time_span_that_is_none() {
    let config = b"[input]\ndelay_bound = \"30 seconds\"\n".to_vec();
    check("bad_duration", &[("darkwake.toml", config)], "check --config darkwake.toml");
}

#[test]
fn a_number_where_a_time_span_belongs() {
    let config = b"[input]\ndelay_bound = 30\n".to_vec();
    check("number_for_duration", &[("darkwake.toml", config)], "check --config darkwake.toml");
}

#[test]
fn a_delay_bound_over_five_minutes() {
    let config = b"[input]\ndelay_bound = \"6m\"\n".to_vec();
    check("delay_bound_too_long", &[("darkwake.toml", config)], "check --config darkwake.toml");
}

#[test]
fn a_configuration_that_is_no_toml() {
    let config = b"[input\ndelay_bound = \"30s\"\n".to_vec();
    check("config_not_toml", &[("darkwake.toml", config)], "check --config darkwake.toml");
}

#[test]
fn a_configuration_that_is_not_there() {
    check("missing_config", &[good()], "replay feed.nmea --config darkwake.toml");
}

#[test]
fn a_configuration_that_names_a_port_file_that_is_not_there() {
    let config = b"[ports]\nfiles = [\"harbours.geojson\"]\n".to_vec();
    check("missing_ports_of_config", &[("darkwake.toml", config)], "check --config darkwake.toml");
}

/// Checks a configuration that is the only file but for a list of ships.
fn check_watch(case: &str, config: &str, list: Option<&str>) {
    let mut files = vec![("darkwake.toml", config.as_bytes().to_vec())];
    files.extend(list.map(|list| ("list.csv", list.as_bytes().to_vec())));
    check(case, &files, "check --config darkwake.toml");
}

#[test]
fn a_kind_of_watch_rule_that_does_not_exist() {
    check_watch("unknown_watch_rule", "[[watch.vessels]]\nimo = 9000003\n", None);
}

#[test]
fn a_key_of_a_watched_ship_that_does_not_exist() {
    check_watch("unknown_key_of_ship", "[[watch.ships]]\nimo = 9000003\ncolour = \"red\"\n", None);
}

#[test]
fn a_severity_that_does_not_exist() {
    check_watch("bad_severity", "[[watch.ships]]\nimo = 9000003\nseverity = \"high\"\n", None);
}

#[test]
fn an_imo_number_with_a_digit_too_few() {
    check_watch("short_imo_number", "[[watch.ships]]\nimo = 900000\n", None);
}

#[test]
fn an_mmsi_of_a_base_station() {
    check_watch("mmsi_of_no_ship", "[[watch.ships]]\nmmsi = [{ mmsi = 2730001 }]\n", None);
}

#[test]
fn a_date_that_is_none() {
    let config = "[[watch.ships]]\nmmsi = [{ mmsi = 273000001, from = \"2023-13-01\" }]\n";
    check_watch("bad_date", config, None);
}

#[test]
fn rules_that_can_never_match() {
    let config = "[[watch.ships]]\nname = \"Nameless\"\n\
        [[watch.ships]]\nimo = 9000003\nmmsi = [{ mmsi = 273000001, from = \"2024-01-01\", until = \"2023-01-01\" }]\n\
        [[watch.ports]]\nname = \"Nowhere\"\n\
        [[watch.corridors]]\nname = \"From nowhere\"\nfrom = {}\nto = { tags = [\"dprk\"] }\n";
    check_watch("rules_that_never_match", config, None);
}

#[test]
fn a_ring_of_two_corners() {
    let config = "[[watch.areas]]\nname = \"Off Rajin\"\nring = [[130.2, 41.8], [131.0, 41.8]]\n";
    check_watch("bad_ring", config, None);
}

#[test]
fn an_area_that_crosses_itself() {
    let config = "[[watch.areas]]\nname = \"Off Rajin\"\n\
        ring = [[130.2, 41.8], [131.0, 42.4], [131.0, 41.8], [130.2, 42.4]]\n";
    check_watch("crossing_area", config, None);
}

#[test]
fn lists_of_ships_that_are_not_there_or_none() {
    let config = "[[watch.lists]]\nfile = \"nowhere.csv\"\n[[watch.lists]]\nfile = \"list.csv\"\n";
    check_watch("bad_lists", config, Some("Dear colleague,\nplease find the list attached.\n"));
}

#[test]
fn a_list_of_ships_that_is_not_there() {
    check_watch("missing_list", "[[watch.lists]]\nfile = \"nowhere.csv\"\n", None);
}

#[test]
fn a_list_of_ships_of_another_format() {
    let config = "[[watch.lists]]\nfile = \"list.csv\"\nformat = \"ofac-xml\"\n";
    check_watch("list_of_another_format", config, Some("imo,name\n9000003,NORTH STAR\n"));
}

#[test]
fn a_list_whose_entries_are_not_all_good() {
    let list = "imo;mmsi;name;from;until;severity\n\
        9000003;273000001;NORTH STAR;2023-08-01;;critical\n\
        9000004;;WRONG DIGIT;;;\n\
        ;;NAMELESS;;;\n\
        9000015;;NO DAY;2023-08-32;;\n\
        9000027;2730001;BASE STATION;;;\n";
    check_watch("doubtful_list", "[[watch.lists]]\nfile = \"list.csv\"\n", Some(list));
}

#[test]
fn an_imo_number_with_a_wrong_check_digit_is_a_warning() {
    check_watch("imo_check_digit", "[[watch.ships]]\nname = \"Angara\"\nimo = 9179843\n", None);
}

#[test]
fn rules_of_ports_that_are_not_there_are_warnings() {
    let config = "[[watch.ports]]\nname = \"X\"\nids = [\"KPRJN\", \"NOWHERE\"]\ncountries = [\"North Korea\"]\n\
        [[watch.corridors]]\nname = \"Y\"\nfrom = { tags = [\"dprkk\"] }\nto = { countries = [\"RU\"] }\n";
    check_watch("rules_without_ports", config, None);
}

#[test]
fn a_feed_without_any_time() {
    check("no_time", &[("feed.nmea", feed(false).into_bytes())], "replay feed.nmea");
}

#[test]
fn a_feed_without_any_time_and_a_start() {
    let files = [("feed.nmea", feed(false).into_bytes())];
    check("no_time_but_start", &files, "replay feed.nmea --start 2023-10-01T00:00:00Z --step 180000");
}

#[test]
fn an_output_of_an_unknown_kind() {
    check("unknown_ending", &[good()], "replay feed.nmea --out alerts.xlsx");
}

#[test]
fn an_output_that_cannot_be_written() {
    check("unwritable_output", &[good()], "replay feed.nmea --facts nowhere/facts.jsonl");
}

#[test]
fn a_flag_that_does_not_exist() {
    check("unknown_flag", &[good()], "replay feed.nmea --fact facts.jsonl");
}

#[test]
fn a_command_that_does_not_exist() {
    check("unknown_command", &[], "reply feed.nmea");
}

#[test]
fn a_replay_of_nothing() {
    check("no_input", &[], "replay");
}

#[test]
fn a_time_that_is_none() {
    check("bad_time", &[good()], "replay feed.nmea --since yesterday");
}

#[test]
fn more_shards_than_there_can_be() {
    check("too_many_shards", &[good()], "replay feed.nmea --shards 0");
}

#[test]
fn a_step_without_a_start() {
    check("step_without_start", &[good()], "replay feed.nmea --step 5");
}

#[test]
fn a_scenario_that_does_not_exist() {
    check("unknown_scenario", &[], "generate atlantis");
}

#[test]
fn every_expectation_belongs_to_a_case() {
    let source = include_str!("bad_input.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_input");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(source.contains(&format!("\"{case}\",")), "{} is of no case", path.display());
    }
}
