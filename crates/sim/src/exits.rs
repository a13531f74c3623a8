//! Four days of what is not what it seems: ships that leave the receivers' range and come back, transponders that are off
//! at the berth or say no position, a number that two ships share, signs of life in the dark, a satellite whose clock is
//! wrong. From 2025-04-07.

use crate::chart::{End, Lie, port, route};
use crate::deeds::{Deeds, Found};
use crate::fleet::{Class, Identity, Role, Ship, dimensions, imo_number};
use crate::random::Random;
use crate::reception::{Station, Window};
use crate::scenario::{Plan, Thinning};
use crate::sphere::{Knots, Position};
use crate::time::{EventTime, HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::traffic::{Lane, Traffic, ship_type};
use crate::voyage::{SilenceKind, Voyage};

/// 2025-04-07T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_743_984_000);
const DAYS: f64 = 4.0;
/// The clock of one satellite is so far ahead.
const CLOCK_AHEAD_MS: i64 = 36 * HOUR_MS;
/// A satellite hears what is within so many metres of the point below it: the horizon from 700 km.
const FOOTPRINT_M: f64 = 2_800_000.0;
/// What the satellites are above when they pass.
const SEA_OF_JAPAN: Position = Position::new(134.0, 40.0);
/// Ships north of here are in this sea, the others off Singapore.
const SOUTHERNMOST_LAT_DEG: f64 = 30.0;
/// Off Cape Gamov, where the dark ship switches off.
const OFF_GAMOV: Position = Position::new(131.330, 42.450);
/// The mouth of Strelok Bay, where it is heard again.
const OFF_STRELOK: Position = Position::new(132.420, 42.700);
/// Reports of its second sign of life.
const BURST_REPORTS: u32 = 3;

/// The Strait of Singapore. The first ship of the scenario, whose number another has too, is one of these.
const SINGAPORE: Lane = Lane {
    places: &[(104.300, 1.275), (104.050, 1.235), (103.900, 1.195), (103.780, 1.165)],
    spread_m: 300.0,
    cruise: (5.0, 7.0),
    country: 563,
    class: Class::A,
    ship_type: ship_type::CARGO,
    length_m: 80,
    destinations: ["SINGAPORE", "SINGAPORE OPL"],
    hours_before: 10.0,
};

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "exits",
    start: START,
    days: DAYS,
    ships,
    stations,
    deeds,
    aids: &[],
    thinning: Thinning {
        under_way_ms: 70 * SECOND_MS,
        at_rest_ms: 360 * SECOND_MS,
        static_ms: 36 * MINUTE_MS,
        base_ms: 2 * MINUTE_MS,
    },
};

fn deeds(deeds: &mut Deeds<'_>) {
    share_a_number(deeds);
    withhold(deeds, 2);
    deeds.switch_off_at_berths(14);
}

fn ships(seed: u64, window: Window) -> Vec<Ship> {
    let mut traffic = Traffic::new(seed, window);
    traffic.passing(7, &SINGAPORE);
    traffic.traders(24, &["RUVVO", "RUVYP", "RUNJK"], &["KRPUS", "KRTGH"]);
    traffic.traders(16, &["RUVYP", "RUNJK"], &["JPKIJ", "JPOTR"]);
    traffic.traders(6, &["KRPUS"], &["JPKIJ"]);
    traffic.traders(4, &["RUVNN"], &["KRPUS"]);
    traffic.coasters(12, &["RUVVO", "RUSKA", "RUNJK"]);
    traffic.coasters(6, &["RUZAR", "RUPSE", "RUVVO"]);
    traffic.anchored(10, "RUVVO");
    traffic.anchored(5, "RUNJK");
    traffic.laid_up(3, "KRTGH");
    traffic.laid_up(3, "JPKIJ");
    traffic.tugs(3, "RUVVO");
    traffic.fishing(8, "RUVYP", "yamato", Class::A);
    traffic.fishing(6, "KRTGH", "ulleung", Class::A);
    traffic.fishing(4, "RUSKA", "gamov", Class::B);
    traffic.yachts(4, "RUVVO", "RUSKA");
    let mut ships = traffic.ships;
    ships.push(dark_off_rajin(seed, window));
    ships
}

/// Goes to Rajin unseen; one report of it gets through before it is there, and a few when it has left.
fn dark_off_rajin(seed: u64, window: Window) -> Ship {
    let identity = Identity {
        mmsi: 273_000_101,
        imo: Some(imo_number(689_001)),
        name: "KEDR VENTURE".to_owned(),
        callsign: "XUB1".to_owned(),
        ship_type: 79,
        dimensions: dimensions(126, 18),
        class: Class::A,
    };
    let mut random = Random::for_purpose(seed, 0xDA2C);
    let [home, rajin, dunai] = [("RUVVO", Lie::Roads), ("KPRJN", Lie::Berth), ("RU-DUNAI", Lie::Berth)]
        .map(|(name, lie)| port(name).place(lie, &mut random));
    let mut leg = |voyage: &mut Voyage, from: End, to: End| {
        let departure = voyage.now();
        voyage.sail(&route(from, to, &mut random), Knots(11.4), "ZARUBINO");
        voyage.arrive(to);
        departure
    };
    let mut voyage = Voyage::moored_at(home, window.start, 4.2);
    voyage.stay(34.0, 4.2);
    let departure = leg(&mut voyage, home, rajin);
    let start = voyage.first_near(OFF_GAMOV, 6_000.0, departure).unwrap_or(departure);
    let alongside = voyage.now();
    voyage.stay(14.0, 6.7);
    let loaded = leg(&mut voyage, rajin, dunai);
    let end = voyage.first_near(OFF_STRELOK, 3_000.0, loaded).unwrap_or(loaded);
    voyage.silence(start, end, "loads at Rajin unseen");
    voyage.blip(alongside.after_hours(-1.2));
    voyage.burst(loaded.after_hours(1.6), BURST_REPORTS);
    voyage.stay_until(window.end, 4.4);
    Ship::new(identity, Role::Watched, voyage)
}

/// A ship of this sea has the number of one off Singapore, and goes dark for eight hours.
fn share_a_number(deeds: &mut Deeds<'_>) {
    let found =
        deeds.find((44.0, 72.0), |deeds, found| is_of_this_sea(deeds, found) && deeds.is_well_heard(found));
    if let Some(found) = found {
        deeds.switch_off(found, 8.0, "switched off, while another ship goes on under its number");
        deeds.ships[found.ship].identity.mmsi = deeds.ships[0].identity.mmsi;
        deeds.ships[0].role = Role::Watched;
        for ship in [0, found.ship] {
            deeds.ships[ship].flaws.push("mmsi_shared");
        }
    }
}

/// Ships that go on sending under way, but without a position.
fn withhold(deeds: &mut Deeds<'_>, count: usize) {
    for _ in 0..count {
        let hours = deeds.random.between(2.0, 6.0);
        let found = deeds.find((26.0, 86.0), |deeds, found| {
            let later = Found { at: found.at.after_hours(hours), ..found };
            is_of_this_sea(deeds, found)
                && deeds.is_steady(found)
                && deeds.is_at_sea(later)
                && deeds.stays_heard(found, hours, 0.4)
        });
        let Some(found) = found else { continue };
        let ship = &mut deeds.ships[found.ship];
        ship.role = Role::Watched;
        let end = found.at.after_hours(hours);
        ship.voyage.silence_of(SilenceKind::Withheld, found.at, end, "sends no position");
    }
}

fn is_of_this_sea(deeds: &Deeds<'_>, found: Found) -> bool {
    deeds.position(found.ship, found.at).is_some_and(|here| here.lat > SOUTHERNMOST_LAT_DEG)
}

fn stations(random: &mut Random, window: Window) -> Vec<Station> {
    let mut stations = vec![
        Station::shore("rVVO", 131.893, 43.125, 40.0).with_base(2_734_401),
        Station::shore("rNJK", 132.890, 42.780, 38.0).with_base(2_734_402),
        Station::shore("rGAMOV", 131.217, 42.558, 34.0),
        Station::shore("rPUS", 129.075, 35.075, 38.0).with_base(4_401_001),
        Station::shore("rTGH", 129.110, 37.480, 38.0).with_base(4_401_002).with_formatter("BSVDM"),
        Station::shore("rKIJ", 139.020, 37.910, 36.0),
        Station::shore("rSIN", 103.850, 1.270, 40.0).with_base(5_630_001),
    ];
    // The last one hears much, so that others hear the same.
    for (name, odds) in [("rSAT1", 0.16), ("rSAT2", 0.16), ("rSAT3", 0.8)] {
        let satellite = Station::satellite(name, random, window, 4.6, odds);
        stations.push(satellite.above(SEA_OF_JAPAN, FOOTPRINT_M));
    }
    if let Some(last) = stations.last_mut() {
        last.clock_ahead_ms = CLOCK_AHEAD_MS;
    }
    stations
}
