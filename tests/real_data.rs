//! Real feeds: every line of every file has exactly one fate, and the program gets through them.
//!
//! A line is counted once for each sentence on it, with the TAG blocks before it (TAG blocks before
//! anything else count as one more), and once if it has none: so the fates of a file add up to its lines and to the sentences beyond the first on
//! lines that hold several. A message of several sentences counts for as many lines.
//!
//! The files are in `../shared/data` beside the checkout, or where `DARKWAKE_DATA` says; tests
//! whose files are not there say so and pass.

mod program;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Output;

use connect::files::Input;
use connect::reader::{Format, Opened, ReadSettings, Reader};
use decode::nmea::AssumedTime;
use decode::{Content, Decoded, Settings, TagChecksum};
use model::fate::Counts;
use model::{EventTime, Fate, Reason};
use program::darkwake;
use serde_json::Value;

fn folder() -> PathBuf {
    std::env::var_os("DARKWAKE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from)
}

/// Some of the test data; `None`, and said so, where it is not there.
#[expect(clippy::print_stderr, reason = "a skipped test says so to the person who runs it")]
fn data(name: &str) -> Option<PathBuf> {
    let path = folder().join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} not there", path.display());
    None
}

/// All files below a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder was found") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

const MAX_LINE_BYTES: usize = 16_384;

fn settings(assumed: Option<AssumedTime>) -> ReadSettings {
    let decode = Settings { latest: EventTime(4_102_444_800_000), tag_checksum: TagChecksum::Lenient };
    ReadSettings {
        decode,
        format: None,
        columns: None,
        assumed,
        max_line_bytes: MAX_LINE_BYTES,
        bytes_on_disk: std::sync::Arc::default(),
    }
}

/// What became of the lines of a file, as far as its reader tells: `accepted` are the reports that
/// the next stage judges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    format: Option<Format>,
    counts: Counts,
}

fn read(path: &Path, assumed: Option<AssumedTime>) -> Told {
    let mut told = Told::default();
    let opened = Reader::open(&Input::file(path), 0, &settings(assumed)).expect("the file can be opened");
    let Opened::Reader(mut reader) = opened else { return told };
    told.format = Some(reader.format());
    let counts = &mut told.counts;
    let mut count = |decoded: Decoded| {
        let fate = match decoded.content {
            Content::Transmission(transmission) => {
                assert_eq!(transmission.lines(), u64::from(decoded.lines));
                Fate::Accepted
            }
            Content::Landmark(_) => Fate::OtherType,
            Content::Fate(fate) => fate,
        };
        assert!(decoded.lines > 0);
        counts.count(fate, decoded.lines.into());
    };
    while reader.read(1_000, &mut count).expect("the file is whole") {}
    reader.finish(&mut count);
    told
}

/// The lines of a file, counted without the decoder.
fn lines(path: &Path, format: Format) -> u64 {
    let mut bytes = std::fs::read(path).expect("the file was found");
    if bytes.starts_with(b"PAR1") {
        let file = std::fs::File::open(path).expect("the file was found");
        let rows = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        // With one for the names of columns.
        return rows.metadata().file_metadata().num_rows() as u64 + 1;
    }
    if bytes.starts_with(&[0x1F, 0x8B]) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("the file is whole");
        bytes = plain;
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    text.split(|byte| *byte == b'\n')
        .map(|line| if format == Format::Nmea { sentences(line) } else { 1 })
        .sum()
}

/// Sentences of a line, but at least one. TAG blocks belong to what follows them.
fn sentences(line: &[u8]) -> u64 {
    let line = line.trim_ascii();
    if line.first() == Some(&b'#') || line.len() > MAX_LINE_BYTES {
        return 1;
    }
    let (mut count, mut in_tag, mut behind_tag) = (0, false, false);
    for byte in line {
        match byte {
            b'\\' if in_tag => (in_tag, behind_tag) = (false, true),
            b'\\' => {
                count += u64::from(!behind_tag);
                in_tag = true;
            }
            _ if in_tag => {}
            b'!' | b'$' => {
                count += u64::from(!behind_tag);
                behind_tag = false;
            }
            _ => behind_tag &= *byte == b' ',
        }
    }
    count.max(1)
}

#[test]
fn every_line_of_every_file_has_one_fate() {
    let Some(folder) = data("") else { return };
    let assumed = AssumedTime { start: EventTime(1_600_000_000_000), step_ms: 1 };
    for path in files(&folder) {
        // Words about the data are no data.
        if path.extension().is_some_and(|ending| ending == "md") {
            continue;
        }
        let told = read(&path, None);
        let Some(format) = told.format else { continue };
        let expected = lines(&path, format);
        assert_eq!(told.counts.total(), expected, "{}", path.display());
        let with_times = read(&path, Some(assumed));
        assert_eq!(with_times.counts.total(), expected, "{}", path.display());
        // A time saves sentences from `no_time`, and from nothing that is tried before it.
        let no_time = |told: &Told| told.counts.rejected(Reason::NoTime);
        assert_eq!(no_time(&with_times), if format == Format::Nmea { 0 } else { no_time(&told) });
        for reason in [Reason::Malformed, Reason::Checksum, Reason::BadTag, Reason::Incomplete] {
            assert_eq!(
                told.counts.rejected(reason),
                with_times.counts.rejected(reason),
                "{}",
                path.display()
            );
        }
    }
}

/// A file; its format and lines; reports, other types, others; rejects.
type Row = (&'static str, Format, u64, [u64; 3], &'static [(Reason, u64)]);

/// Fates of the files that show something.
const FATES: [Row; 36] = [
    // A coast guard's feed: a `$SAVSI` line to most sentences; most that are no ships have numbers of too few digits.
    (
        "maritimeviz/ais_2016_07_28_aa.gz",
        Format::Nmea,
        100_000,
        [45_485, 13_777, 40_598],
        &[(Reason::NotVessel, 140)],
    ),
    // `$PGHP` lines and comments between the sentences; message 11 comes from ships.
    ("dma-aisabnormal/212123000_drift_1.ais", Format::Nmea, 10_018, [3_687, 5, 6_326], &[]),
    ("dma-aisabnormal/219165000_ssc_1.ais", Format::Nmea, 249, [77, 12, 160], &[]),
    ("dma-aisabnormal/538004030_drift_1.ais", Format::Nmea, 16_104, [5_475, 0, 10_629], &[]),
    ("dma-aislib/stream_example.txt", Format::Nmea, 8_551, [3_860, 590, 4_051], &[(Reason::NotVessel, 50)]),
    ("dma-aislib/small_cb_example.txt", Format::Nmea, 27, [13, 2, 11], &[(Reason::Incomplete, 1)]),
    // Pairs of sentences that a program has written on one line with the four characters `\r\n` between them.
    ("dma-aislib/ais250.txt", Format::Nmea, 259, [0, 0, 8], &[(Reason::NoTime, 251)]),
    (
        "dma-aislib/retry_example.txt",
        Format::Nmea,
        11,
        [0, 0, 0],
        &[(Reason::Incomplete, 2), (Reason::NoTime, 9)],
    ),
    // No times at all; the last line of one is cut off in the middle.
    ("gfw-ais-listener/nmea.txt", Format::Nmea, 5_414, [0, 0, 0], &[(Reason::NoTime, 5_414)]),
    (
        "gfw-ais-listener/mixed-nmea.txt",
        Format::Nmea,
        23,
        [0, 0, 1],
        &[(Reason::Malformed, 1), (Reason::NoTime, 21)],
    ),
    // A group id that begins with a minus sign is a group id.
    ("gfw-ais-tools/bad-tagblock-group.nmea", Format::Nmea, 2, [0, 2, 0], &[]),
    // Two sentences on a line; the second message 5 has 400 bits. Below them bare payloads.
    ("gfw-ais-tools/bad-type5.nmea", Format::Nmea, 10, [4, 0, 4], &[(Reason::Malformed, 2)]),
    ("gfw-ais-tools/ee-multiline.nmea", Format::Nmea, 10, [10, 0, 0], &[]),
    ("gfw-ais-tools/errors.nmea", Format::Nmea, 5, [3, 0, 0], &[(Reason::Checksum, 2)]),
    // Message 5 in one sentence, which is allowed; its checksum is 62.
    ("gfw-ais-tools/single-message-type-5.nmea", Format::Nmea, 1, [0, 0, 0], &[(Reason::Checksum, 1)]),
    ("gfw-ais-tools/sample.nmea", Format::Nmea, 3, [0, 0, 0], &[(Reason::NotVessel, 3)]),
    // On the second line only the second part is in a TAG group, so they are not known to be one message.
    (
        "gfw-ais-tools/spire-test.nmea",
        Format::Nmea,
        4,
        [0, 0, 0],
        &[(Reason::Incomplete, 2), (Reason::NotVessel, 2)],
    ),
    // More bits than the type needs are no fault.
    ("gfw-ais-tools/type1-bad-bitcount.nmea", Format::Nmea, 13, [12, 0, 1], &[]),
    ("gfw-gpsdio-segment/416000000.json", Format::Json, 1_668, [1_668, 0, 0], &[]),
    ("gfw-pelagos/measured-day.csv", Format::Table, 2_072, [2_071, 0, 1], &[]),
    ("gfw-pelagos/raw_1_3_10k_points.csv.gz", Format::Table, 10_001, [10_000, 0, 1], &[]),
    ("gfw-pipe-gaps/sample_messages_lines.json", Format::Json, 85, [85, 0, 0], &[]),
    // Message 5 of 418 bits.
    (
        "ggencoder/AisHubSample.nmea",
        Format::Nmea,
        61,
        [0, 0, 0],
        &[(Reason::Malformed, 2), (Reason::NoTime, 59)],
    ),
    (
        "go-ais/aistest.nmea",
        Format::Nmea,
        998,
        [748, 243, 0],
        &[(Reason::Incomplete, 6), (Reason::NotVessel, 1)],
    ),
    // The first sentence comes before the first RMC.
    ("gpsd/ais-nmea.log", Format::Nmea, 1_500, [175, 6, 1_317], &[(Reason::NoTime, 2)]),
    // Comments; a message 1 of 163 bits; a pair of which only the second part names its station.
    (
        "gpsd/sample.aivdm",
        Format::Nmea,
        1_123,
        [0, 3, 1_005],
        &[(Reason::Malformed, 1), (Reason::Incomplete, 2), (Reason::NoTime, 112)],
    ),
    // JSON of gpsd with comments before it.
    ("gpsd/synthetic-ais.json", Format::Json, 52, [0, 35, 7], &[(Reason::NoTime, 10)]),
    ("kystverket-aisnet/Ais1000Lines.nm4", Format::Nmea, 1_000, [997, 0, 0], &[(Reason::NotVessel, 3)]),
    ("libais/tagblock.nmea", Format::Nmea, 5, [5, 0, 0], &[]),
    // Noise that passed for message 27: too short, or off the globe.
    (
        "libais/test.aivdm",
        Format::Nmea,
        345,
        [39, 207, 82],
        &[(Reason::Malformed, 8), (Reason::NotVessel, 4), (Reason::OutOfRange, 5)],
    ),
    ("noaa/noaa_2022-01-03_dev.csv.gz", Format::Table, 20_375, [20_288, 0, 1], &[(Reason::NotVessel, 86)]),
    ("noaadata/test.ais", Format::Nmea, 1_001, [915, 50, 16], &[(Reason::NotVessel, 20)]),
    // A sentence without a checksum, and one of no parts; TAG checksums of one digit.
    ("pyais/sample.ais", Format::Nmea, 22, [2, 0, 8], &[(Reason::Malformed, 2), (Reason::NoTime, 10)]),
    // A hundred sentences with empty payloads.
    (
        "pyais/nmea_data_sample.txt",
        Format::Nmea,
        898,
        [0, 0, 0],
        &[(Reason::Malformed, 100), (Reason::Incomplete, 20), (Reason::NoTime, 778)],
    ),
    ("pyais/timestamped.ais", Format::Nmea, 11, [1, 0, 7], &[(Reason::NoTime, 3)]),
    ("simula-damast/test_ais.csv", Format::Table, 14, [13, 0, 1], &[]),
];

#[test]
fn fates_are_what_the_files_say() {
    for (name, format, lines, [reports, other_type, other], rejects) in FATES {
        let Some(path) = data(name) else { continue };
        let told = read(&path, None);
        let counts = &told.counts;
        let expected =
            |reason: &Reason| rejects.iter().find(|(of, _)| of == reason).map_or(0, |(_, count)| *count);
        let wrong: Vec<Reason> =
            Reason::ALL.into_iter().filter(|reason| counts.rejected(*reason) != expected(reason)).collect();
        assert_eq!(told.format, Some(format), "{name}");
        assert_eq!(
            (counts.accepted, counts.other_type, counts.other),
            (reports, other_type, other),
            "{name}"
        );
        assert_eq!(wrong, [], "{name}: {counts:?}");
        assert_eq!(counts.total(), lines, "{name}");
    }
}

/// What a run of the program has given.
struct Run {
    facts: Vec<Value>,
    stats: Value,
}

fn output_of(arguments: &[&str]) -> Output {
    darkwake(Path::new(".")).args(arguments).output().expect("the program starts")
}

/// Replays an input; all goes well, and all lines have one fate.
fn replay(input: &Path, more: &[&str]) -> Run {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let stats = scratch.path().join("stats.json");
    let (input, stats_path) = (input.to_str().expect("UTF-8"), stats.to_str().expect("UTF-8"));
    let output = output_of(&[&["replay", input, "--facts", "-", "--stats", stats_path], more].concat());
    assert_eq!(output.status.code(), Some(0), "{input}: {}", String::from_utf8_lossy(&output.stderr));
    let facts = String::from_utf8(output.stdout).expect("facts are UTF-8");
    let facts: Vec<Value> =
        facts.lines().map(|line| serde_json::from_str(line).expect("a fact is JSON")).collect();
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).expect("statistics")).expect("JSON");
    let rejected: u64 =
        stats["rejected"].as_object().expect("rejects").values().filter_map(Value::as_u64).sum();
    let fates = ["accepted", "other", "other_type", "candidate", "skipped"].map(|fate| number(&stats, fate));
    assert_eq!(rejected + fates.iter().sum::<u64>(), number(&stats, "lines"), "{input}: {stats}");
    for (kind, count) in [("silence", "silences"), ("visit", "visits"), ("hop", "hops")] {
        assert_eq!(of_kind(&facts, kind).count() as u64, number(&stats, count), "{input}");
    }
    for silence in of_kind(&facts, "silence") {
        assert!(number(silence, "duration_ms") >= 1_800_000, "{silence}");
    }
    Run { facts, stats }
}

fn number(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or_else(|| panic!("{key} in {object}"))
}

fn of_kind<'a>(facts: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    facts.iter().filter(move |fact| fact["kind"] == kind)
}

#[test]
fn a_coast_guard_feed_of_half_a_minute_has_duplicates_and_no_silence() {
    let Some(path) = data("maritimeviz/ais_2016_07_28_aa.gz") else { return };
    let run = replay(&path, &[]);
    assert_eq!(number(&run.stats, "lines"), 100_000);
    assert_eq!(number(&run.stats, "base_stations"), 209);
    assert_eq!(number(&run.stats["messages"], "4"), 3_404);
    assert!(number(&run.stats, "vessels") > 6_000);
    // 14,783 lines are copies to the byte; more are so but for the receiver in the TAG block.
    assert!(number(&run.stats["rejected"], "duplicate") > 14_783);
    assert_eq!(number(&run.stats, "silences"), 0);
    assert_eq!(replay(&path, &["--shards", "1"]).facts, replay(&path, &["--shards", "3"]).facts);
}

#[test]
fn three_ships_heard_by_several_networks_are_three_ships() {
    let Some(path) = data("dma-aisabnormal") else { return };
    let run = replay(&path, &[]);
    assert_eq!((number(&run.stats, "lines"), number(&run.stats, "vessels")), (26_371, 3));
    assert_eq!(number(&run.stats["rejected"], "incomplete"), 0);
    assert_eq!(number(&run.stats["rejected"], "late"), 0);
}

#[test]
fn a_table_of_the_american_coast_is_read() {
    let Some(path) = data("noaa/noaa_2022-01-03_dev.csv.gz") else { return };
    let run = replay(&path, &[]);
    assert_eq!(number(&run.stats, "lines"), 20_375);
    assert_eq!(number(&run.stats["rejected"], "not_vessel"), 86);
    assert!(number(&run.stats, "vessels") > 2_000);
    assert!(of_kind(&run.facts, "visit").any(|visit| visit["port"] == "USHOU"));
}

#[test]
fn silences_are_the_gaps_between_the_rows_of_a_ship() {
    let Some(path) = data("gfw-pelagos/raw_1_3_10k_points.csv.gz") else { return };
    let run = replay(&path, &[]);
    assert_eq!(number(&run.stats, "vessels"), 4);
    // These two have a position in every row and no false fix, so each pause of half an hour and
    // of six hours between two rows of theirs is a silence, and nothing else is.
    for (mmsi, half_hours, six_hours) in [(701_000_002, 1_919, 576), (701_000_015, 702, 31)] {
        let pauses: Vec<u64> = of_kind(&run.facts, "silence")
            .filter(|silence| silence["mmsi"] == mmsi)
            .map(|silence| number(silence, "duration_ms"))
            .collect();
        let long = pauses.iter().filter(|pause| **pause >= 21_600_000).count();
        assert_eq!((pauses.len(), long), (half_hours, six_hours), "{mmsi}");
    }
}

#[test]
fn a_table_without_a_header_is_read_once_its_columns_are_told() {
    let Some(path) = data("gfw-pelagos/raw.csv") else { return };
    let bare = output_of(&["replay", path.to_str().expect("UTF-8")]);
    assert_eq!(bare.status.code(), Some(1), "could not be done");
    let told = String::from_utf8_lossy(&bare.stderr).into_owned();
    assert!(told.contains("raw.csv") && told.contains("header"), "{told}");
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let config = scratch.path().join("columns.toml");
    let columns = [
        ("mmsi", 1),
        ("lon", 2),
        ("lat", 3),
        ("time", 4),
        ("nav_status", 6),
        ("heading", 7),
        ("cog", 9),
        ("sog", 10),
    ];
    let columns: String = columns.iter().map(|(role, place)| format!("{role} = \"{place}\"\n")).collect();
    std::fs::write(&config, format!("[input.columns]\n{columns}")).expect("the folder can be written");
    let run = replay(&path, &["--config", config.to_str().expect("UTF-8")]);
    assert_eq!((number(&run.stats, "accepted"), number(&run.stats, "lines")), (2_071, 2_071));
    // The same rows with a header and more columns.
    let Some(path) = data("gfw-pelagos/measured-day.csv") else { return };
    assert_eq!(replay(&path, &[]).facts.len(), run.facts.len());
}

// The peer that published this file cuts it into 29 segments, the program into far fewer tracks, and both are right.
// A segment of the peer ends with a silence, too, so one ship has several in a month; a track lives through 30 days of it.
// The peer asks for the speed of an ordinary ship; the program takes apart only what nothing afloat (60 kn) can do, and
// counts what it takes apart as `jump` until three fixes agree. Off Taiwan the ships that share this number are a few hours
// apart at 60 kn, so several of them are one track there; those near 9°S 60°E are heard so seldom that one
// becomes part of a track only after that has been silent for days.
#[test]
fn one_number_of_many_ships_is_several_tracks() {
    let name = "gfw-gpsdio-segment/416000000.json";
    let (Some(path), Some(segmented)) = (data(name), data("gfw-gpsdio-segment/segmented-416000000.json"))
    else {
        return;
    };
    let run = replay(&path, &[]);
    assert_eq!((number(&run.stats, "lines"), number(&run.stats, "vessels")), (1_668, 1));
    let segments: BTreeMap<(u64, i64, i64), String> = std::fs::read_to_string(segmented)
        .expect("UTF-8")
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).expect("a row");
            let text = |key: &str| row[key].as_str().expect("text").to_owned();
            let t = EventTime::parse_iso(text("timestamp").as_bytes()).expect("a time");
            ((t.0 as u64, micro(&row["lon"]), micro(&row["lat"])), text("segment"))
        })
        .collect();
    assert_eq!(segments.values().collect::<BTreeSet<_>>().len(), 29);
    let mut tracks: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for silence in of_kind(&run.facts, "silence") {
        let knots = silence["speed_kn"].as_f64().unwrap_or(0.0);
        assert!(
            knots <= 60.0 || silence["distance_m"].as_f64().is_some_and(|metres| metres <= 1_000.0),
            "{silence}"
        );
        for fix in [&silence["start"], &silence["end"]] {
            // Every fix of ours is a row of theirs.
            let segment = &segments[&(number(fix, "t"), micro(&fix["lon"]), micro(&fix["lat"]))];
            tracks.entry(silence["track"].as_str().expect("a track")).or_default().insert(segment);
        }
    }
    assert!((2..=29).contains(&number(&run.stats, "tracks")), "{}", run.stats);
    assert!((2..=29).contains(&tracks.len()), "{tracks:?}");
    // Fixes of ships seen too seldom for a track of their own.
    assert!(number(&run.stats["rejected"], "jump") > 0);
}

fn micro(degrees: &Value) -> i64 {
    (degrees.as_f64().expect("degrees") * 1e6).round() as i64
}

#[test]
fn what_is_wrong_on_real_wires_is_counted_and_does_not_stop_the_rest() {
    let Some(path) = data("gfw-ais-tools") else { return };
    let run = replay(&path, &[]);
    assert_eq!(number(&run.stats, "lines"), 252);
    assert_eq!(number(&run.stats["rejected"], "checksum"), 3);
    assert_eq!(number(&run.stats["rejected"], "incomplete"), 2);
    assert_eq!(number(&run.stats["rejected"], "malformed"), 2);
    assert_eq!(number(&run.stats["rejected"], "no_time"), 203);
    // `*00` is the checksum of none of these TAG blocks.
    assert_eq!(number(&run.stats, "tag_warning"), 4);
    // A file without any time is told what would help.
    let timeless = path.join("mixed_types.nmea");
    let output = output_of(&["replay", timeless.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--start"));
    let run = replay(&timeless, &["--start", "2023-10-01T00:00:00Z"]);
    assert_eq!(number(&run.stats["rejected"], "no_time"), 0);
    assert_eq!(number(&run.stats, "base_stations"), 5);
}
