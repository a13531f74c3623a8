//! What every feed keeps to, and what its truth says about it.

use sim::encode::checksum;
use sim::sphere::{Position, distance_m};
use sim::time::EventTime;
use sim::truth::{SCHEMA, ShipTruth};
use sim::{NAMES, Truth, generate};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A line taken apart just as far as these tests need it.
struct Line<'a> {
    tag: &'a str,
    sentence: &'a str,
    /// Time, for lines that have one: all but the second sentences.
    unix_s: Option<i64>,
}

type Feed = Arc<(String, Truth)>;

/// A feed, made once for all tests of a run.
fn feed(name: &'static str, seed: u64) -> Feed {
    static MADE: Mutex<BTreeMap<(&str, u64), Feed>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(made.entry((name, seed)).or_insert_with(|| Arc::new(fresh_feed(name, seed))))
}

fn fresh_feed(name: &str, seed: u64) -> (String, Truth) {
    let mut bytes = Vec::new();
    let truth = generate(name, seed, &mut bytes).expect("a vector takes everything").expect("a known name");
    (String::from_utf8(bytes).expect("ASCII"), truth)
}

fn lines(feed: &str) -> impl Iterator<Item = Line<'_>> {
    feed.lines().map(|line| {
        let (tag, sentence) = line[1..].split_once('\\').expect("a TAG block");
        let unix_s = tag
            .split([',', '*'])
            .find_map(|field| field.strip_prefix("c:"))
            .map(|time| time.parse().expect("a number"));
        Line { tag, sentence, unix_s }
    })
}

fn checksum_is_right(text: &str) -> bool {
    text.split_once('*').is_some_and(|(body, sum)| sum == format!("{:02X}", checksum(body)))
}

/// `count` bits of a payload from bit `from` on.
fn bits(payload: &str, from: usize, count: usize) -> u64 {
    let symbols: Vec<u64> =
        payload.bytes().map(|char| u64::from(if char < 96 { char - 48 } else { char - 56 })).collect();
    (from..from + count).fold(0, |value, bit| value << 1 | symbols[bit / 6] >> (5 - bit % 6) & 1)
}

/// Sender and time of every message that begins in a line.
fn messages(feed: &str) -> impl Iterator<Item = (u32, EventTime, u64, &str)> {
    lines(feed).filter_map(|line| {
        let payload = line.sentence.split(',').nth(5)?;
        let mmsi = u32::try_from(bits(payload, 8, 30)).ok()?;
        Some((mmsi, EventTime::from_unix_s(line.unix_s?), bits(payload, 0, 6), payload))
    })
}

/// FNV-1a, 64 bits.
fn fingerprint(feed: &str) -> u64 {
    feed.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

fn watched(truth: &Truth) -> Vec<&ShipTruth> {
    truth.ships.iter().filter(|ship| ship.watched).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    for &name in NAMES {
        let (first, again, other) = (feed(name, 1), fresh_feed(name, 1), feed(name, 2));
        assert!(*first == again, "{name}");
        assert_ne!(fingerprint(&first.0), fingerprint(&other.0), "{name}");
    }
    assert!(generate("atlantis", 7, &mut Vec::new()).expect("nothing is written").is_none());
}

/// Whoever changes a scenario changes this number with it; no system, compiler or library may.
#[test]
fn the_harbour_is_the_same_on_every_system() {
    assert_eq!(format!("{:016x}", fingerprint(&feed("harbour", 1).0)), "3da189699a4eb001");
}

#[test]
fn every_line_has_right_checksums_and_every_part_its_whole() {
    for &name in NAMES {
        let made = feed(name, 1);
        let (feed, _) = &*made;
        let mut open: BTreeMap<(String, String), String> = BTreeMap::new();
        for line in lines(feed) {
            assert!(checksum_is_right(line.tag), "{}", line.tag);
            assert!(checksum_is_right(&line.sentence[1..]), "{}", line.sentence);
            assert!(line.sentence.len() <= 80, "{}", line.sentence);
            let fields: Vec<&str> = line.sentence.split(',').collect();
            if fields[1] == "1" {
                assert!(line.unix_s.is_some() && !line.tag.contains("g:"));
                continue;
            }
            let group =
                line.tag.split([',', '*']).find_map(|field| field.strip_prefix("g:")).expect("a group");
            let number = group.rsplit('-').next().expect("a number").to_owned();
            let key = (number, fields[0].to_owned() + fields[3] + fields[4]);
            if fields[2] == "1" {
                open.insert(key, line.sentence.to_owned());
            } else {
                open.remove(&key);
            }
        }
        assert!(open.len() < 12, "{name}: {} messages without their second sentence", open.len());
    }
}

#[test]
fn feeds_have_the_size_they_promise() {
    let limits = [
        ("rajin", 350_000..600_000, 60_000_000, 100..110),
        ("harbour", 15_000..30_000, 3_000_000, 12..13),
        ("sparse", 15_000..60_000, 6_000_000, 60..61),
    ];
    for (name, line_limits, most_bytes, ships) in limits {
        for seed in [1, 2] {
            let made = feed(name, seed);
            let (feed, truth) = &*made;
            assert_eq!(truth.counts.lines, feed.lines().count() as u64);
            assert_eq!(truth.counts.bytes, feed.len() as u64);
            assert!(line_limits.contains(&truth.counts.lines), "{name}: {:?}", truth.counts);
            assert!(truth.counts.bytes <= most_bytes, "{name}: {:?}", truth.counts);
            assert!(ships.contains(&truth.ships.len()), "{name}: {}", truth.ships.len());
        }
    }
}

#[test]
fn lines_are_out_of_order_but_by_less_than_half_a_minute() {
    for &name in NAMES {
        let made = feed(name, 1);
        let (feed, truth) = &*made;
        let (mut latest, mut behind) = (0, 0);
        for unix_s in lines(feed).filter_map(|line| line.unix_s) {
            assert!(latest - unix_s < 30, "{name}");
            assert!(truth.start.unix_s() <= unix_s && unix_s < truth.end.unix_s(), "{name}");
            behind += u32::from(unix_s < latest);
            latest = latest.max(unix_s);
        }
        assert!(behind > 100, "{name}: {behind}");
    }
}

#[test]
fn a_ship_has_no_line_within_its_silences_and_one_at_each_blip() {
    for &name in NAMES {
        let made = feed(name, 1);
        let (feed, truth) = &*made;
        let ships: BTreeMap<u32, &ShipTruth> = truth.ships.iter().map(|ship| (ship.mmsi, ship)).collect();
        let mut blips_heard = 0;
        for (mmsi, at, ..) in messages(feed) {
            let Some(ship) = ships.get(&mmsi) else { continue };
            for silence in &ship.silences {
                assert!(at < silence.start || silence.end <= at, "{mmsi} speaks at {at:?} in {silence:?}");
            }
            blips_heard += u32::from(ship.blips.contains(&at));
        }
        assert_eq!(
            blips_heard as usize,
            truth.ships.iter().map(|ship| ship.blips.len()).sum::<usize>(),
            "{name}"
        );
    }
}

#[test]
fn the_truth_is_in_order_and_inside_the_scenario() {
    for &name in NAMES {
        let made = feed(name, 1);
        let (_, truth) = &*made;
        assert_eq!((truth.schema.as_str(), truth.scenario.as_str(), truth.seed), (SCHEMA, name, 1));
        assert!(truth.ships.windows(2).all(|pair| pair[0].mmsi < pair[1].mmsi));
        for ship in &truth.ships {
            let inside =
                |start: EventTime, end: EventTime| truth.start <= start && start < end && end <= truth.end;
            assert!(ship.calls.iter().all(|call| inside(call.start, call.end)), "{}", ship.name);
            assert!(ship.calls.windows(2).all(|pair| pair[0].end <= pair[1].start), "{}", ship.name);
            assert!(ship.silences.iter().all(|silence| inside(silence.start, silence.end)), "{}", ship.name);
            assert!(ship.silences.windows(2).all(|pair| pair[0].end <= pair[1].start), "{}", ship.name);
            for hop in &ship.hops {
                assert!(hop.departure < hop.arrival && hop.hidden != hop.via.is_empty(), "{hop:?}");
            }
            for call in ship.calls.iter().filter(|call| call.hidden) {
                let silent = ship
                    .silences
                    .iter()
                    .any(|silence| silence.start <= call.start && call.end <= silence.end);
                assert!(silent, "{}: {call:?}", ship.name);
            }
        }
    }
}

#[test]
fn the_four_load_at_rajin_unseen_and_two_bulkers_openly() {
    for seed in [1, 2] {
        let made = feed("rajin", seed);
        let (_, truth) = &*made;
        let hidden_hops: Vec<(u32, usize)> = watched(truth)
            .iter()
            .map(|ship| (ship.imo.unwrap_or(0), ship.hops.iter().filter(|hop| hop.hidden).count()))
            .collect();
        assert_eq!(hidden_hops, [(9_179_842, 2), (8_517_839, 1), (9_161_003, 1), (9_358_010, 1)]);
        for ship in watched(truth) {
            let rajin = ship.calls.iter().filter(|call| call.port == "KPRJN");
            assert!(rajin.clone().count() > 0 && rajin.clone().all(|call| call.hidden), "{}", ship.name);
        }
        let last = watched(truth)[3].hops.last().expect("a hop");
        assert_eq!(last.via, ["KPRJN", "RU-DUNAI"]);
        let open = truth
            .ships
            .iter()
            .filter(|ship| ship.calls.iter().any(|call| call.port == "KPRJN" && !call.hidden));
        assert_eq!(open.count(), 2);
    }
}

#[test]
fn others_are_heard_near_where_each_of_the_four_goes_dark() {
    let made = feed("rajin", 1);
    let (feed, truth) = &*made;
    let mut reports: BTreeMap<u32, Vec<(EventTime, Position)>> = BTreeMap::new();
    for (mmsi, at, message_type, payload) in messages(feed) {
        if (1..=3).contains(&message_type) {
            let signed = |from: usize, width: usize| {
                (bits(payload, from, width) << (64 - width)).cast_signed() >> (64 - width)
            };
            let degrees = |raw: i64| raw as f64 / 600_000.0;
            reports
                .entry(mmsi)
                .or_default()
                .push((at, Position::new(degrees(signed(61, 28)), degrees(signed(89, 27)))));
        }
    }
    for ship in watched(truth) {
        let silence = ship.silences.first().expect("a silence");
        let (_, here) =
            *reports[&ship.mmsi].iter().rfind(|(at, _)| *at < silence.start).expect("heard before");
        let witnesses = reports.iter().filter(|(mmsi, track)| {
            let meanwhile = silence.start..silence.start.after_hours(2.0);
            **mmsi != ship.mmsi
                && track
                    .iter()
                    .any(|(at, there)| meanwhile.contains(at) && distance_m(here, *there) < 40_000.0)
        });
        assert!(witnesses.count() >= 2, "{}", ship.name);
    }
}

#[test]
fn a_truth_reads_back_from_its_json() {
    let made = feed("harbour", 1);
    let (_, truth) = &*made;
    let mut json = Vec::new();
    truth.write_json(&mut json).expect("a vector takes everything");
    assert_eq!(serde_json::from_slice::<Truth>(&json).expect("its own format"), *truth);
}
