//! What every feed keeps to, and what its truth says about it.

#[path = "feeds/reading.rs"]
mod reading;
#[path = "feeds/scenarios.rs"]
mod scenarios;

use reading::{Fingerprint, feed, lines, messages};
use sim::encode::checksum;
use sim::sphere::{Position, distance_m};
use sim::time::EventTime;
use sim::truth::{Kind, SCHEMA, ShipTruth};
use sim::{NAMES, Truth, generate};
use std::collections::{BTreeMap, BTreeSet};

fn checksum_is_right(text: &str) -> bool {
    text.split_once('*').is_some_and(|(body, sum)| sum == format!("{:02X}", checksum(body)))
}

fn watched(truth: &Truth) -> Vec<&ShipTruth> {
    truth.ships.iter().filter(|ship| ship.watched).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    for &name in NAMES {
        let first = feed(name, 1);
        let (bytes, truth) = Fingerprint::fresh(name, 1);
        assert_eq!(Fingerprint::of(&first.0), bytes, "{name}");
        assert_eq!(first.1, truth, "{name}");
        // One large scenario would take as long as all others.
        if name != "mixed" {
            assert_ne!(bytes, Fingerprint::fresh(name, 2).0, "{name}");
        }
    }
    assert!(generate("atlantis", 7, &mut Vec::new()).expect("nothing is written").is_none());
}

/// Whoever changes a scenario changes its number with it; no system, compiler or library may.
#[test]
fn small_scenarios_are_the_same_on_every_system() {
    let check = |name: &'static str, expected: &str| {
        assert_eq!(format!("{:016x}", Fingerprint::of(&feed(name, 1).0)), expected, "{name}");
    };
    check("rajin", "99560cc1bfda77ad");
    check("harbour", "3da189699a4eb001");
    check("sparse", "90b0139ca4a84b1e");
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
        ("mixed", 1_500_000..2_500_000, 200_000_000, 500..501),
        ("outage", 400_000..700_000, 60_000_000, 450..500),
        ("exits", 150_000..300_000, 30_000_000, 110..130),
        ("jamming", 150_000..300_000, 30_000_000, 100..120),
        ("antimeridian", 100_000..250_000, 25_000_000, 60..75),
        ("identity", 100_000..250_000, 25_000_000, 65..75),
    ];
    assert_eq!(limits.len(), NAMES.len());
    for (name, line_limits, most_bytes, ships) in limits {
        let made = feed(name, 1);
        let (feed, truth) = &*made;
        assert_eq!(truth.counts.lines, feed.lines().count() as u64);
        assert_eq!(truth.counts.bytes, feed.len() as u64);
        assert!(line_limits.contains(&truth.counts.lines), "{name}: {:?}", truth.counts);
        assert!(truth.counts.bytes <= most_bytes, "{name}: {:?}", truth.counts);
        assert!(ships.contains(&truth.ships.len()), "{name}: {}", truth.ships.len());
    }
}

#[test]
fn lines_are_out_of_order_but_by_less_than_half_a_minute() {
    for &name in NAMES {
        let made = feed(name, 1);
        let (feed, truth) = &*made;
        let (mut latest, mut behind) = (0, 0);
        let is_right =
            |station: Option<&str>| truth.clocks.iter().all(|clock| Some(clock.station.as_str()) != station);
        for unix_s in lines(feed).filter(|line| is_right(line.station)).filter_map(|line| line.unix_s) {
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
        let truth = &made.1;
        let mut ships: BTreeMap<u32, Vec<&ShipTruth>> = BTreeMap::new();
        for ship in &truth.ships {
            let aliases = ship.aliases.iter().map(|alias| alias.mmsi);
            for mmsi in std::iter::once(ship.mmsi).chain(aliases).collect::<BTreeSet<u32>>() {
                ships.entry(mmsi).or_default().push(ship);
            }
        }
        let mut blips_heard = 0;
        for message in messages(&made) {
            // Two ships with one number are told apart by who hears them: one is off Singapore, and never in port.
            let Some(ship) = ships.get(&message.mmsi).and_then(|ships| match ships.as_slice() {
                [ship] => Some(ship),
                ships => ships.iter().find(|ship| ship.calls.is_empty() == (message.station == "rSIN")),
            }) else {
                continue;
            };
            let at = message.at;
            for silence in &ship.silences {
                let is_off = matches!(silence.kind, Kind::Deliberate | Kind::Berth);
                let speaks = is_off && silence.start <= at && at < silence.end;
                assert!(!speaks, "{name}: {} speaks at {at:?} in {silence:?}", ship.name);
            }
            blips_heard += usize::from(ship.blips.contains(&at));
        }
        assert_eq!(blips_heard, truth.ships.iter().map(|ship| ship.blips.len()).sum::<usize>(), "{name}");
    }
}

#[test]
fn the_truth_is_in_order_and_inside_the_scenario() {
    for &name in NAMES {
        let made = feed(name, 1);
        let (_, truth) = &*made;
        assert_eq!((truth.schema.as_str(), truth.scenario.as_str(), truth.seed), (SCHEMA, name, 1));
        assert!(truth.ships.windows(2).all(|pair| pair[0].mmsi <= pair[1].mmsi));
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
    let truth = &made.1;
    let mut reports: BTreeMap<u32, Vec<(EventTime, Position)>> = BTreeMap::new();
    for message in messages(&made).filter(|message| (1..=3).contains(&message.message_type)) {
        if let Some(position) = message.position() {
            reports.entry(message.mmsi).or_default().push((message.at, position));
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
    let made = feed("exits", 1);
    let (_, truth) = &*made;
    let mut json = Vec::new();
    truth.write_json(&mut json).expect("a vector takes everything");
    assert_eq!(serde_json::from_slice::<Truth>(&json).expect("its own format"), *truth);
}
