//! The decoder of sentences against expected decodes of gpsd and libais, and against three other
//! decoders, value by value. Where they differ, the difference is in a list with its argument.
//!
//! The files are in `../shared/data` beside the checkout, or where `DARKWAKE_DATA` says; tests
//! whose files are not there say so and pass.

#[path = "decode_oracles/generated.rs"]
mod generated;
#[path = "decode_oracles/peers.rs"]
mod peers;
#[path = "decode_oracles/record.rs"]
mod record;

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::path::{Path, PathBuf};

use peers::{Peers, Whole, landmark};
use record::{HOT, Identity, Known, Ledger, Motion, Ours, RARE, Record, cut};
use serde_json::Value;
use sim::random::Random;

/// The folder of test data; `None`, and said so, where `name` is not in it.
#[expect(clippy::print_stderr, reason = "a skipped test says so to the person who runs it")]
fn data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("DARKWAKE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} not there", path.display());
    None
}

fn text(path: &Path) -> String {
    let mut bytes = std::fs::read(path).expect("the file was found");
    if bytes.starts_with(&[0x1F, 0x8B]) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("the file is whole");
        bytes = plain;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// All messages that we read in a text.
fn read_all(text: &str) -> Vec<Record> {
    let mut ours = Ours::new();
    text.lines().flat_map(|line| ours.read(line.as_bytes())).collect()
}

/// Compares what was read of each ship and type in turn.
fn against(ledger: &mut Ledger, ours: Vec<Record>, theirs: Vec<Record>, name: &str) {
    let mut waiting: BTreeMap<(u8, u32), VecDeque<Record>> = BTreeMap::new();
    for record in theirs {
        waiting.entry((record.kind, record.mmsi)).or_default().push_back(record);
    }
    for record in ours {
        let told = waiting.get_mut(&(record.kind, record.mmsi)).and_then(VecDeque::pop_front);
        ledger.compare(&record, told.as_ref(), 0, name);
    }
    for record in waiting.into_values().flatten() {
        ledger.not_read(&record, name);
    }
}

fn integer(object: &Value, key: &str) -> i64 {
    object[key].as_i64().unwrap_or_else(|| panic!("{key} in {object}"))
}

fn words(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}

fn size(object: &Value) -> [i64; 4] {
    ["to_bow", "to_stern", "to_port", "to_starboard"].map(|key| object[key].as_i64().unwrap_or(0))
}

/// What gpsd says of a message, in units of the message (`scaled` false).
fn gpsd(object: &Value) -> Option<Record> {
    let kind = u8::try_from(object["type"].as_u64()?).ok()?;
    if !HOT.contains(&kind) && !RARE.contains(&kind) {
        return None;
    }
    assert_eq!(object["scaled"], false);
    let unless = |key: &str, absent: i64| Some(integer(object, key)).filter(|raw| *raw != absent);
    let place = |scale: i64| {
        let told = |key| object[key].as_i64().map(|raw| model::number::divide_rounded(raw * scale, 3));
        Motion { lon: told("lon"), lat: told("lat"), ..Motion::default() }
    };
    let record = Record::new(kind, u32::try_from(integer(object, "mmsi")).ok()?);
    let record = match kind {
        4 | 9 | 11 | 21 => landmark(record, place(5)),
        27 => record.with_motion(Motion {
            sog: unless("speed", 63).map(|knots| knots * 10),
            cog: unless("course", 511).map(|degrees| degrees * 10),
            status: unless("status", 15),
            ..place(5_000)
        }),
        5 | 24 => record,
        _ => record.with_motion(Motion {
            sog: unless("speed", 1_023),
            cog: unless("course", 3_600),
            heading: unless("heading", 511),
            status: if kind < 4 { unless("status", 15) } else { None },
            ..place(5)
        }),
    };
    let identity = Identity {
        name: words(object, "shipname"),
        callsign: words(object, "callsign"),
        destination: words(object, "destination"),
        imo: object["imo"].as_i64().unwrap_or(0),
        ship_type: object["shiptype"].as_i64().unwrap_or(0),
        draught: object["draught"].as_i64().unwrap_or(0),
        dimensions: size(object),
    };
    let has_statics = matches!(kind, 5 | 19 | 24);
    Some(if has_statics { record.with_identity(&identity) } else { record }.of_sender())
}

/// gpsd tells of message 24 once both halves are there: ours joined as it joins them.
fn join_halves(records: Vec<Record>) -> Vec<Record> {
    let mut first: BTreeMap<u32, Record> = BTreeMap::new();
    let mut joined = Vec::new();
    for mut record in records {
        if record.kind != 24 || record.get("fate").is_some() {
            joined.push(record);
        } else if record.get("name").is_some() || record.values.is_empty() {
            first.insert(record.mmsi, record);
        } else if let Some(half) = first.remove(&record.mmsi) {
            record.values.extend(half.values);
            joined.push(record);
        }
    }
    joined
}

fn gpsd_known() -> Vec<Known> {
    vec![
        Known {
            kinds: &[18],
            fields: &["heading"],
            why: "360-510 are no headings (M.1371-5 table 48)",
            holds: |seen| seen.ours.is_none() && seen.theirs.as_deref() == Some("480"),
        },
        Known {
            kinds: &[5],
            fields: &["name", "callsign"],
            why: "a blank before a name is none of its letters: with it, one ship would have two names",
            holds: |seen| {
                cut(seen.theirs.as_deref().unwrap_or_default()) == seen.ours.as_deref().unwrap_or_default()
            },
        },
        Known {
            kinds: &[24],
            fields: &["message"],
            why: "it remembers eight first halves, and says nothing of a half alone",
            holds: |seen| seen.theirs.is_none(),
        },
        Known {
            kinds: &[1],
            fields: &["message"],
            why: "a message 1 with five fill bits has 163 bits; it needs 168, and is malformed",
            holds: |seen| seen.ours.is_none(),
        },
    ]
}

fn gpsd_pair(ledger: &mut Ledger, sentences: &str, expected: &str) {
    let (Some(log), Some(told)) = (data(sentences), data(expected)) else { return };
    let theirs = text(&told)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|object| object["class"] == "AIS")
        .filter_map(|object| gpsd(&object))
        .collect();
    against(ledger, join_halves(read_all(&text(&log))), theirs, sentences);
}

#[test]
fn messages_are_read_as_gpsd_reads_them() {
    let mut ledger = Ledger::new("gpsd", gpsd_known());
    gpsd_pair(&mut ledger, "gpsd/ais-nmea.log", "gpsd/ais-nmea.log.chk");
    gpsd_pair(&mut ledger, "gpsd/ais-nmea-type6-fid55.log", "gpsd/ais-nmea-type6-fid55.log.chk");
    gpsd_pair(&mut ledger, "gpsd/ais_unpack_sixbit.log", "gpsd/ais_unpack_sixbit.log.chk");
    // sample.aivdm.chk and .js.chk tell the same as this one, in other words and rounded.
    gpsd_pair(&mut ledger, "gpsd/sample.aivdm", "gpsd/sample.aivdm.ju.chk");
    if ledger.compared > 0 {
        ledger.settle_all_seen();
    }
}

/// What libais says of a message: degrees, knots and metres as 32-bit floats.
fn libais(object: &Value) -> Option<Record> {
    let kind = u8::try_from(object["type"].as_u64()?).ok()?;
    if !HOT.contains(&kind) && !RARE.contains(&kind) {
        return None;
    }
    let scaled = |key: &str, scale: f64| object[key].as_f64().map(|value| (value * scale).round() as i64);
    let record = Record::new(kind, u32::try_from(integer(object, "mmsi")).ok()?);
    let whole = |absent: i64| move |value: &i64| *value != absent;
    let motion = Motion {
        lon: scaled("x", 1e6).or(scaled("lon", 1e6)),
        lat: scaled("y", 1e6).or(scaled("lat", 1e6)),
        sog: scaled("speed", 10.0).filter(whole(if kind == 27 { 630 } else { 1_023 })),
        cog: scaled("course", 10.0).filter(whole(if kind == 27 { 5_110 } else { 3_600 })),
        heading: scaled("heading", 1.0).filter(whole(511)),
        status: object["status"].as_i64().filter(whole(15)),
    };
    let identity = Identity {
        name: words(object, "shipname"),
        callsign: words(object, "callsign"),
        destination: words(object, "destination"),
        imo: words(object, "imo").parse().unwrap_or(0),
        ship_type: object["shiptype"].as_i64().unwrap_or(0),
        draught: scaled("draught", 10.0).unwrap_or(0),
        dimensions: size(object),
    };
    let record = match kind {
        4 | 9 | 11 | 21 => landmark(record, motion),
        5 | 24 => record.with_identity(&identity),
        19 => record.with_motion(motion).with_identity(&identity),
        _ => record.with_motion(motion),
    };
    Some(record.of_sender())
}

#[test]
fn messages_are_read_as_libais_reads_them() {
    let mut ledger = Ledger::new("libais", Vec::new());
    // A 32-bit float of more than 128 degrees has steps of 15 units, and it was reckoned in such.
    ledger.tolerance = 16;
    for name in ["libais/typeexamples", "libais/tagblock"] {
        let (Some(log), Some(told)) = (data(&format!("{name}.nmea")), data(&format!("{name}.json"))) else {
            continue;
        };
        let objects = text(&told);
        let theirs = objects.lines().map(|line| serde_json::from_str(line).expect("a JSON object"));
        let theirs = theirs.filter_map(|object: Value| libais(&object)).collect();
        against(&mut ledger, read_all(&text(&log)), theirs, name);
    }
    if ledger.compared > 0 {
        ledger.settle_all_seen();
    }
}

#[test]
fn messages_are_read_as_they_were_sent_and_as_others_read_them() {
    let mut peers = Peers::new();
    let dice = &mut Random::new(1);
    let mut kinds: BTreeMap<u8, u32> = BTreeMap::new();
    for _ in 0..10_000 {
        let sent = generated::valid(dice);
        let ours = ours(&sent.whole).expect("a message of ours");
        assert_eq!(ours, sent.expected, "{}", sent.whole.sentences.join(" "));
        *kinds.entry(ours.kind).or_default() += 1;
        peers.compare(&ours, &sent.whole);
    }
    assert!(HOT.iter().chain(&[4, 21]).all(|kind| kinds[kind] > 300), "{kinds:?}");
    for _ in 0..10_000 {
        let whole = generated::random(dice);
        peers.compare(&ours(&whole).expect("a message of ours"), &whole);
    }
    // Cut short as some are on the air.
    for bits in [168, 271, 272] {
        let whole = generated::aid(dice, bits);
        peers.compare(&ours(&whole).expect("a message of ours"), &whole);
    }
    peers.settle_all_seen();
}

/// What we read in the sentences of one message.
fn ours(whole: &Whole) -> Option<Record> {
    let mut ours = Ours::new();
    whole.sentences.iter().flat_map(|sentence| ours.read(sentence.as_bytes())).last()
}

/// Messages of a feed whose sentences stand on lines that follow each other.
fn wholes(text: &str) -> Vec<Whole> {
    let mut wholes = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        let Some(sentence) = sentence(line) else { continue };
        let fields: Vec<&str> = sentence.split(',').collect();
        let (total, number) = (fields[1], fields[2]);
        if number == "1" {
            parts.clear();
        }
        let is_next = number.parse() == Ok(parts.len() + 1);
        let is_same = parts.first().is_none_or(|first| {
            let first: Vec<&str> = first.split(',').collect();
            (first[0], first[1], first[3], first[4]) == (fields[0], total, fields[3], fields[4])
        });
        if !is_next || !is_same {
            parts.clear();
            continue;
        }
        parts.push(sentence.to_owned());
        if total == number {
            wholes.extend(Whole::new(std::mem::take(&mut parts)));
        }
    }
    wholes
}

/// The one sentence of a line, from `!` to its checksum, if it has all fields.
fn sentence(line: &str) -> Option<&str> {
    let start = line.find('!')?;
    let text = &line[start..];
    let end = text.find('*')? + 3;
    let sentence = text.get(..end)?;
    let is_ais = matches!(sentence.get(3..6), Some("VDM" | "VDO")) && sentence.split(',').count() == 7;
    (is_ais && !text[end..].contains('!')).then_some(sentence)
}

#[test]
fn real_messages_are_read_as_others_read_them() {
    let mut peers = Peers::new();
    let files = [
        "maritimeviz/ais_2016_07_28_aa.gz",
        "gpsd/ais-nmea.log",
        "gpsd/ais-nmea-type6-fid55.log",
        "gpsd/sample.aivdm",
        "libais/test.aivdm",
        "libais/typeexamples.nmea",
        "dma-aisabnormal/212123000_drift_1.ais",
        "dma-aislib/stream_example.txt",
        "dma-aislib/decode_encode_messages.txt",
        "gfw-ais-listener/nmea.txt",
        "gfw-ais-tools/mixed_types.nmea",
        "gfw-ais-tools/type1-bad-bitcount.nmea",
        "go-ais/aistest.nmea",
        "kystverket-aisnet/Ais1000Lines.nm4",
        "noaadata/test.ais",
        "nmea_plus/aivdm_message_samples.txt",
        "pyais/nmea_data_sample.txt",
    ];
    for name in files {
        let Some(path) = data(name) else { continue };
        for whole in wholes(&text(&path)) {
            // What we call malformed is not compared: the others are there for what messages say.
            if let Some(ours) = ours(&whole) {
                peers.compare(&ours, &whole);
            }
        }
    }
    peers.settle();
}
