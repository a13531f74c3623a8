//! What each scenario is for, found again in its feed and in its truth.

use crate::reading::{Message, feed, messages, silences};
use sim::Truth;
use sim::fleet::imo_number;
use sim::sphere::{Position, distance_m};
use sim::time::{EventTime, HOUR_MS, MINUTE_MS};
use sim::truth::{Kind, ShipTruth, Silence, UnheardReason};
use std::collections::{BTreeMap, BTreeSet};

fn hours(silence: &Silence) -> f64 {
    silence.end.since_ms(silence.start) as f64 / HOUR_MS as f64
}

fn is_within(at: EventTime, silence: &Silence) -> bool {
    silence.start <= at && at < silence.end
}

fn place(place: sim::truth::Place) -> Position {
    Position::new(place.lon, place.lat)
}

fn with_flaw<'a>(truth: &'a Truth, flaw: &str) -> Vec<&'a ShipTruth> {
    truth.ships.iter().filter(|ship| ship.flaws.iter().any(|other| other == flaw)).collect()
}

/// The reports of a ship, or of whoever else has its number.
fn of<'a>(made: &'a (String, Truth), mmsi: u32) -> impl Iterator<Item = Message<'a>> {
    messages(made).filter(move |message| message.mmsi == mmsi)
}

#[test]
fn mixed_hides_some_seventy_times_in_good_and_in_poor_coverage() {
    let made = feed("mixed", 1);
    let truth = &made.1;
    let deliberate = silences(truth, Kind::Deliberate);
    assert!((60..=80).contains(&deliberate.len()), "{}", deliberate.len());
    let hiding: BTreeSet<u32> = deliberate.iter().map(|(ship, _)| ship.mmsi).collect();
    assert!((60..=75).contains(&hiding.len()), "{}", hiding.len());
    assert!(deliberate.iter().all(|(_, silence)| (0.9..=40.0).contains(&hours(silence))));
    let hidden: BTreeSet<&str> =
        deliberate.iter().flat_map(|(_, silence)| &silence.hidden_ports).map(String::as_str).collect();
    assert!(hidden.contains("KPRJN") && hidden.len() >= 8, "{hidden:?}");
    assert_eq!(truth.ships.iter().map(|ship| ship.blips.len()).sum::<usize>(), 6);
    let audible =
        deliberate.iter().filter(|(_, silence)| silence.audible.min > 0.5 && silence.history_h >= 24);
    assert!(audible.count() >= 20);
    assert!(deliberate.iter().filter(|(_, silence)| silence.audible.mean < 0.5).count() >= 12);
    for (_, silence) in &deliberate {
        let audible = silence.audible;
        assert!(0.0 <= audible.min && audible.min <= audible.min_2h && audible.min <= audible.mean);
        assert!(audible.mean <= 1.0 && silence.history_h <= silence.history_since_h + 1);
    }
}

#[test]
fn mixed_has_ordinary_reasons_to_be_unheard() {
    let made = feed("mixed", 1);
    let truth = &made.1;
    assert_eq!(silences(truth, Kind::Berth).len(), 30);
    let weak = truth.ships.iter().filter(|ship| ship.own < 1.0);
    assert!((40..=80).contains(&weak.clone().count()));
    assert!(weak.clone().all(|ship| (0.4..0.7).contains(&ship.own)));
    assert!(weak.clone().any(|ship| ship.fails_in_spells) && weak.clone().any(|ship| !ship.fails_in_spells));
    for reason in [UnheardReason::Coverage, UnheardReason::Outage, UnheardReason::Weak] {
        let spells = truth.ships.iter().flat_map(|ship| &ship.unheard);
        assert!(spells.filter(|spell| spell.reason == reason).count() > 100, "{reason:?}");
    }
    assert!(truth.ships.iter().filter(|ship| ship.class == "B").count() >= 30);
}

#[test]
fn no_unheard_spell_is_short_or_overlaps_a_silence() {
    for name in ["harbour", "mixed", "exits"] {
        let made = feed(name, 1);
        for ship in &made.1.ships {
            for spell in &ship.unheard {
                assert!(spell.end.since_ms(spell.start) >= 30 * MINUTE_MS);
                let overlaps = ship.silences.iter().any(|silence| {
                    matches!(silence.kind, Kind::Deliberate | Kind::Berth)
                        && silence.start < spell.end
                        && spell.start < silence.end
                });
                assert!(!overlaps, "{name}, {}: {spell:?}", ship.name);
            }
        }
    }
}

#[test]
fn a_silence_lies_between_the_reports_around_it() {
    let made = feed("mixed", 1);
    for (ship, silence) in silences(&made.1, Kind::Deliberate) {
        let before = silence.heard_before.expect("heard before");
        assert!(before < silence.start && silence.heard_after.is_none_or(|after| silence.end <= after));
        assert!(ship.messages > 0);
    }
}

#[test]
fn a_berth_shutdown_ends_where_it_began_and_before_the_ship_leaves() {
    for name in ["mixed", "exits"] {
        let made = feed(name, 1);
        let shutdowns = silences(&made.1, Kind::Berth);
        assert!(shutdowns.len() >= 14);
        for (ship, silence) in shutdowns {
            assert!(distance_m(place(silence.from), place(silence.to)) < 1.0);
            let around = ship.calls.iter().any(|call| call.start < silence.start && silence.end < call.end);
            assert!(around && silence.hidden_ports.is_empty(), "{name}, {}", ship.name);
        }
    }
}

#[test]
fn outage_takes_four_hundred_ships_from_one_receiver_and_one_of_them_was_off_before() {
    let made = feed("outage", 1);
    let truth = &made.1;
    let [outage] = truth.outages.as_slice() else { panic!("one outage") };
    assert_eq!(outage.end.since_ms(outage.start), 90 * MINUTE_MS);
    let mut heard: BTreeMap<i64, BTreeSet<u32>> = BTreeMap::new();
    let mut elsewhere = 0;
    for message in messages(&made) {
        let since_ms = message.at.since_ms(outage.start);
        if message.station == outage.station && message.position().is_some() {
            heard.entry(since_ms.div_euclid(20 * MINUTE_MS)).or_default().insert(message.mmsi);
        } else if outage.start <= message.at && message.at < outage.end {
            elsewhere += 1;
        }
    }
    for spell in [-3, -2, -1, 5, 6] {
        assert!((380..=430).contains(&heard[&spell].len()), "{spell}: {}", heard[&spell].len());
    }
    assert!((0..4).all(|spell| !heard.contains_key(&spell)) && elsewhere > 3_000, "{elsewhere}");

    let deliberate = silences(truth, Kind::Deliberate);
    let before = deliberate.iter().filter(|(ship, _)| heard[&-2].contains(&ship.mmsi));
    let [(_, silence)] = before.collect::<Vec<_>>()[..] else { panic!("one ship in range") };
    assert_eq!(outage.start.since_ms(silence.start), 10 * MINUTE_MS);
    assert!((hours(silence) - 10.0).abs() < 1e-9);
    assert_eq!(deliberate.len(), 2);
}

#[test]
fn exits_leave_coverage_and_come_back_without_a_deed() {
    let made = feed("exits", 1);
    let leaves = made.1.ships.iter().filter(|ship| {
        let long = |spell: &&sim::truth::Unheard| spell.end.since_ms(spell.start) >= HOUR_MS;
        ship.silences.is_empty() && ship.unheard.iter().filter(long).count() >= 2
    });
    assert!(leaves.count() >= 40);
}

#[test]
fn exits_says_no_position_while_it_is_withheld_and_at_no_other_time() {
    let made = feed("exits", 1);
    let withheld = silences(&made.1, Kind::Withheld);
    assert_eq!(withheld.len(), 2);
    for (ship, silence) in withheld {
        assert!((2.0..=6.0).contains(&hours(silence)));
        let mut without = 0;
        for message in of(&made, ship.mmsi) {
            let Some(position) = message.position() else { continue };
            let available = position.lon < 181.0 || position.lat < 91.0;
            assert_eq!(available, !is_within(message.at, silence), "{} at {:?}", ship.name, message.at);
            without += u32::from(!available);
        }
        assert!(without > 60, "{without}");
    }
}

#[test]
fn exits_has_a_twin_off_singapore_that_goes_on_while_the_other_is_dark() {
    let made = feed("exits", 1);
    let twins = with_flaw(&made.1, "mmsi_shared");
    let [first, second] = twins.as_slice() else { panic!("two ships") };
    assert_eq!(first.mmsi, second.mmsi);
    let silence = first.silences.first().or(second.silences.first()).expect("one of them is dark");
    assert!((hours(silence) - 8.0).abs() < 1e-9 && silence.from.lat > 30.0);
    let mut stations: BTreeMap<bool, u32> = BTreeMap::new();
    for message in of(&made, first.mmsi) {
        if is_within(message.at, silence) {
            *stations.entry(message.station == "rSIN").or_default() += 1;
        }
        if let Some(position) = message.position() {
            assert_eq!(message.station == "rSIN", position.lat < 10.0);
        }
    }
    assert!(!stations.contains_key(&false) && stations[&true] > 100, "{stations:?}");
}

#[test]
fn exits_has_signs_of_life_off_rajin_one_and_then_three() {
    let made = feed("exits", 1);
    let truth = &made.1;
    let ship = truth.ships.iter().find(|ship| !ship.blips.is_empty()).expect("a ship with blips");
    let [one, burst @ ..] = ship.blips.as_slice() else { panic!("blips") };
    assert_eq!(burst.len(), 3);
    assert!(burst[0].since_ms(*one) > 10 * HOUR_MS && burst[2].since_ms(burst[0]) < MINUTE_MS);
    let rajin = Position::new(130.29, 42.23);
    for message in of(&made, ship.mmsi).filter(|message| ship.blips.contains(&message.at)) {
        let position = message.position().expect("a position");
        assert!(distance_m(position, rajin) < 60_000.0, "{position:?}");
    }
    assert_eq!(ship.silences.len(), 3);
    assert!(ship.silences.iter().any(|silence| silence.hidden_ports == ["KPRJN"]));
}

#[test]
fn exits_has_a_satellite_whose_clock_is_ahead_and_that_hears_what_others_hear() {
    let made = feed("exits", 1);
    let [clock] = made.1.clocks.as_slice() else { panic!("one clock") };
    assert_eq!(clock.ahead_ms, 36 * HOUR_MS);
    // The same message, once it has its true time, has the same time and payload wherever it was heard.
    let others: BTreeSet<(EventTime, &str)> = messages(&made)
        .filter(|message| message.station != clock.station)
        .map(|message| (message.at, message.payload))
        .collect();
    let wrong: Vec<(EventTime, &str)> = messages(&made)
        .filter(|message| message.station == clock.station)
        .map(|message| (message.at, message.payload))
        .collect();
    let shared = wrong.iter().filter(|message| others.contains(message)).count();
    assert!(wrong.len() > 1_000 && shared > 500, "{} lines, {shared} of them heard by others", wrong.len());
}

#[test]
fn jamming_moves_twenty_five_ships_to_one_place_far_away_and_back() {
    let made = feed("jamming", 1);
    let truth = &made.1;
    let jammed = silences(truth, Kind::Jammed);
    assert_eq!(jammed.len(), 25);
    let believed = Position::new(132.3, 44.7);
    let by_mmsi: BTreeMap<u32, &Silence> =
        jammed.iter().map(|(ship, silence)| (ship.mmsi, *silence)).collect();
    let mut reports: BTreeMap<(u32, bool), u32> = BTreeMap::new();
    for message in messages(&made) {
        let (Some(position), Some(silence)) = (message.position(), by_mmsi.get(&message.mmsi)) else {
            continue;
        };
        let spoofed = is_within(message.at, silence);
        let far_m = distance_m(position, believed);
        assert!(if spoofed { far_m < 4_000.0 } else { far_m > 150_000.0 }, "{position:?}");
        *reports.entry((message.mmsi, spoofed)).or_default() += 1;
    }
    assert_eq!(reports.len(), 50);
    assert!(reports.values().all(|&count| count > 20));
}

#[test]
fn jamming_is_followed_by_one_silence_of_a_jammed_ship() {
    let made = feed("jamming", 1);
    let deliberate = silences(&made.1, Kind::Deliberate);
    let [(ship, silence)] = deliberate.as_slice() else { panic!("one silence") };
    let jammed = ship.silences.iter().find(|silence| silence.kind == Kind::Jammed).expect("jammed before");
    let after_ms = silence.start.since_ms(jammed.end);
    assert!((after_ms - 2 * HOUR_MS).abs() < 5 * MINUTE_MS && (hours(silence) - 6.0).abs() < 1e-9);
    assert!(silence.audible.min > 0.9);
}

#[test]
fn antimeridian_has_ships_on_both_sides_and_far_north_and_a_silence_of_each() {
    let made = feed("antimeridian", 1);
    let truth = &made.1;
    let (mut east, mut west, mut north) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for message in messages(&made) {
        let Some(position) = message.position() else { continue };
        assert!(position.lon.abs() <= 180.0);
        if position.lon > 179.0 {
            east.insert(message.mmsi);
        } else if position.lon < -179.0 {
            west.insert(message.mmsi);
        } else if position.lat > 70.0 && position.lon < 40.0 {
            north.insert(message.mmsi);
        }
    }
    assert!(east.intersection(&west).count() >= 20 && north.len() >= 20);
    let deliberate = silences(truth, Kind::Deliberate);
    assert_eq!(deliberate.len(), 2);
    let crosses = deliberate.iter().filter(|(_, silence)| silence.from.lon * silence.to.lon < 0.0);
    assert_eq!(crosses.count(), 1);
    assert_eq!(deliberate.iter().filter(|(_, silence)| silence.from.lat > 69.0).count(), 1);
}

#[test]
fn identity_comes_back_as_another_with_the_same_imo_number() {
    let made = feed("identity", 1);
    let truth = &made.1;
    let changed: Vec<&ShipTruth> = truth.ships.iter().filter(|ship| !ship.aliases.is_empty()).collect();
    assert_eq!(changed.len(), 2);
    let mut new_numbers = 0;
    for ship in changed {
        let [alias] = ship.aliases.as_slice() else { panic!("one alias") };
        let [silence] = ship.silences.as_slice() else { panic!("one silence") };
        assert_eq!((alias.from, alias.imo), (silence.end, ship.imo));
        assert_ne!(alias.name, ship.name);
        let imo = ship.imo.map(u64::from);
        let (before, after): (Vec<Message<'_>>, Vec<Message<'_>>) = messages(&made)
            .filter(|message| message.mmsi == ship.mmsi || message.mmsi == alias.mmsi)
            .partition(|message| message.at < alias.from);
        assert!(before.iter().all(|message| message.mmsi == ship.mmsi));
        assert!(after.iter().all(|message| message.mmsi == alias.mmsi));
        for part in [&before, &after] {
            assert!(part.iter().filter(|message| message.imo().is_some()).count() > 5);
            assert!(part.iter().all(|message| message.imo().is_none() || message.imo() == imo));
        }
        new_numbers += u32::from(alias.mmsi != ship.mmsi);
    }
    assert_eq!(new_numbers, 1);
}

#[test]
fn identity_wears_wrong_numbers() {
    let made = feed("identity", 1);
    let truth = &made.1;
    let is_right = |imo: u32| imo_number(imo / 10) == imo;
    let [unallotted] = with_flaw(truth, "mid_unallotted")[..] else { panic!("one") };
    assert_eq!(unallotted.mmsi / 1_000_000, 280);
    let [wrong] = with_flaw(truth, "imo_check_digit")[..] else { panic!("one") };
    assert!(wrong.imo.is_some_and(|imo| !is_right(imo)));
    let [near] = with_flaw(truth, "imo_near_miss")[..] else { panic!("one") };
    let listed = truth.ships.iter().find(|ship| ship.imo == Some(9_179_842)).expect("the listed ship");
    let digits = |ship: &ShipTruth| ship.imo.unwrap_or(0).to_string();
    let (near_digits, listed_digits) = (digits(near), digits(listed));
    assert_eq!(near_digits.bytes().zip(listed_digits.bytes()).filter(|(a, b)| a != b).count(), 1);
    assert!(near.imo.is_some_and(is_right) && near.length_m == listed.length_m);
    for ship in [unallotted, wrong, near, listed] {
        assert!(of(&made, ship.mmsi).count() > 300, "{}", ship.name);
    }
}
