//! Three days where maps end: ships that cross 180° along the Aleutians and off Chukotka, and ships at 70° N from
//! Hammerfest to Vardø. One of the former and one of the latter hide for a while. From 2025-07-07.

use crate::deeds::{Deeds, Found};
use crate::fleet::{Class, Ship};
use crate::random::Random;
use crate::reception::{Station, Window};
use crate::scenario::{Plan, Thinning};
use crate::sphere::Position;
use crate::time::{EventTime, MINUTE_MS, SECOND_MS};
use crate::traffic::{Lane, Traffic, ship_type};

/// 2025-07-07T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_751_846_400);
const DAYS: f64 = 3.0;
/// When the two switch off, hours: not before, not after.
const WHEN: (f64, f64) = (30.0, 56.0);
/// How long one hides while it crosses 180°, hours.
const CROSSING_HOURS: f64 = 6.0;
/// How long the other hides at 70° N, hours.
const NORTHERN_HOURS: f64 = 9.0;

/// North of the Aleutians: the way from Unimak Pass to Japan.
const ALEUTIANS: Lane = Lane {
    places: &[(174.00, 53.30), (178.00, 52.50), (-179.60, 52.35), (-177.00, 52.55), (-172.00, 53.05)],
    spread_m: 4_000.0,
    cruise: (11.0, 16.0),
    country: 538,
    class: Class::A,
    ship_type: ship_type::CARGO,
    length_m: 140,
    destinations: ["YOKOHAMA", "SEATTLE"],
    hours_before: 40.0,
};

/// Fishing back and forth across 180°.
const AMCHITKA_PASS: Lane = Lane {
    places: &[(179.70, 52.20), (-179.85, 52.20), (179.90, 52.40), (-179.70, 52.30)],
    spread_m: 9_000.0,
    cruise: (3.0, 5.0),
    country: 367,
    class: Class::A,
    ship_type: ship_type::FISHING,
    length_m: 40,
    destinations: ["FISHING GROUNDS", "ADAK"],
    hours_before: 30.0,
};

/// The Northern Sea Route through Long Strait, between Chukotka and Wrangel Island.
const LONG_STRAIT: Lane = Lane {
    places: &[(176.00, 70.05), (178.60, 69.75), (-179.70, 69.45), (-177.50, 68.95), (-175.00, 68.00)],
    spread_m: 3_000.0,
    cruise: (8.0, 13.0),
    country: 273,
    class: Class::A,
    ship_type: ship_type::CARGO,
    length_m: 110,
    destinations: ["PROVIDENIYA", "PEVEK"],
    hours_before: 40.0,
};

/// Round the North Cape.
const NORTH_CAPE: Lane = Lane {
    places: &[(21.50, 70.75), (23.60, 71.00), (25.80, 71.30), (28.60, 71.25), (31.40, 70.60), (32.50, 70.00)],
    spread_m: 4_000.0,
    cruise: (9.0, 15.0),
    country: 257,
    class: Class::A,
    ship_type: ship_type::CARGO,
    length_m: 90,
    destinations: ["MURMANSK", "TROMSO"],
    hours_before: 30.0,
};

/// Fishing off Vardø.
const VARDO: Lane = Lane {
    places: &[(31.30, 70.60), (31.60, 70.70), (31.90, 70.50), (31.60, 70.35)],
    spread_m: 6_000.0,
    cruise: (2.5, 4.5),
    country: 257,
    class: Class::A,
    ship_type: ship_type::FISHING,
    length_m: 30,
    destinations: ["FISHING GROUNDS", "VARDO"],
    hours_before: 30.0,
};

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "antimeridian",
    start: START,
    days: DAYS,
    ships,
    stations,
    deeds,
    aids: &[],
    thinning: Thinning {
        under_way_ms: 90 * SECOND_MS,
        at_rest_ms: 360 * SECOND_MS,
        static_ms: 60 * MINUTE_MS,
        base_ms: 2 * MINUTE_MS,
    },
};

fn deeds(deeds: &mut Deeds<'_>) {
    switch_off_across_180(deeds);
    switch_off_at_70(deeds);
}

fn switch_off_across_180(deeds: &mut Deeds<'_>) {
    let found = deeds.find(WHEN, |deeds, found| {
        let later = Found { at: found.at.after_hours(CROSSING_HOURS), ..found };
        let (here, there) = (place(deeds, found), place(deeds, later));
        here.lon * there.lon < 0.0
            && here.lat < 60.0
            && deeds.is_well_heard(found)
            && deeds.ships[found.ship].identity.ship_type == ship_type::CARGO
    });
    if let Some(found) = found {
        deeds.switch_off(found, CROSSING_HOURS, "switched off while it crosses 180°");
    }
}

fn switch_off_at_70(deeds: &mut Deeds<'_>) {
    let found = deeds.find(WHEN, |deeds, found| {
        (20.0..35.0).contains(&place(deeds, found).lon)
            && deeds.is_well_heard(found)
            && deeds.ships[found.ship].identity.ship_type == ship_type::CARGO
    });
    if let Some(found) = found {
        deeds.switch_off(found, NORTHERN_HOURS, "switched off at 70° N");
    }
}

fn place(deeds: &Deeds<'_>, found: Found) -> Position {
    deeds.position(found.ship, found.at).unwrap_or_default()
}

fn ships(seed: u64, window: Window) -> Vec<Ship> {
    let mut traffic = Traffic::new(seed, window);
    traffic.passing(22, &ALEUTIANS);
    traffic.passing(8, &AMCHITKA_PASS);
    traffic.passing(9, &LONG_STRAIT);
    traffic.passing(22, &NORTH_CAPE);
    traffic.passing(8, &VARDO);
    traffic.ships
}

fn stations(random: &mut Random, window: Window) -> Vec<Station> {
    let mut stations = vec![
        Station::shore("rSEMI", 179.620, 51.950, 55.0),
        Station::shore("rTANAGA", -178.000, 51.880, 55.0),
        Station::shore("rADAK", -176.640, 51.880, 50.0).with_base(3_669_001),
        Station::shore("rSHMIDT", -179.480, 68.900, 60.0).with_base(2_734_501),
        Station::shore("rHFT", 23.680, 70.660, 45.0).with_base(2_570_001),
        Station::shore("rNORDKAPP", 25.780, 71.165, 45.0),
        Station::shore("rGAMVIK", 28.250, 71.070, 40.0),
        Station::shore("rVARDO", 31.110, 70.370, 45.0).with_base(2_570_002),
    ];
    stations.extend(Station::satellites(&["rSAT1", "rSAT2", "rSAT3"], random, window, 3.4, 0.2));
    stations
}
