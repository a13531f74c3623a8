//! Three days around a receiver that fails: Vladivostok's hears some four hundred ships, and is out of order for an hour and
//! a half on the third day. One ship switched off ten minutes earlier. From 2025-03-10.

use crate::deeds::{Deeds, Found};
use crate::fleet::{Class, Ship};
use crate::random::Random;
use crate::reception::{Station, Window};
use crate::scenario::{Plan, Thinning};
use crate::sphere::{Knots, Position, distance_m};
use crate::time::{EventTime, MINUTE_MS, SECOND_MS};
use crate::traffic::Traffic;

/// 2025-03-10T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_741_564_800);
const DAYS: f64 = 3.0;
const VLADIVOSTOK: Position = Position::new(131.893, 43.125);
/// When the receiver fails and works again, hours.
const OUTAGE: (f64, f64) = (53.0, 54.5);
/// When the ship in its range switches off, and for how long, hours.
const SWITCHED_OFF: (f64, f64) = (OUTAGE.0 - 1.0 / 6.0, 10.0);
/// Where it is then: within this many metres of the receiver.
const NEAR_M: f64 = 45_000.0;
/// When another ship switches off, not before and not after, and for how long, hours.
const CONTROL: ((f64, f64), f64) = ((50.0, 60.0), 8.0);
/// Where that is: at least this many metres from the receiver.
const ELSEWHERE_M: f64 = 400_000.0;

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "outage",
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
    switch_off_before_the_outage(deeds);
    switch_off_elsewhere(deeds);
}

/// The one ship that is silent for a reason of its own.
fn switch_off_before_the_outage(deeds: &mut Deeds<'_>) {
    let (hour, hours) = SWITCHED_OFF;
    let found = deeds.find((hour, hour), |deeds, found| {
        let after = Found { at: START.after_hours(OUTAGE.1), ..found };
        distance_from_vladivostok(deeds, found) < NEAR_M
            && deeds.is_steady(found)
            && deeds.odds(found) > 0.7
            && deeds.stays_heard(after, hours - 2.0, 0.6)
    });
    if let Some(found) = found {
        deeds.switch_off(found, hours, "switched off before the receiver failed");
    }
}

/// One that is silent where every receiver works.
fn switch_off_elsewhere(deeds: &mut Deeds<'_>) {
    let (when, hours) = CONTROL;
    let found = deeds.find(when, |deeds, found| {
        distance_from_vladivostok(deeds, found) > ELSEWHERE_M && deeds.is_well_heard(found)
    });
    if let Some(found) = found {
        deeds.switch_off(found, hours, "switched off at sea");
    }
}

fn distance_from_vladivostok(deeds: &Deeds<'_>, found: Found) -> f64 {
    deeds.position(found.ship, found.at).map_or(0.0, |here| distance_m(here, VLADIVOSTOK))
}

fn ships(seed: u64, window: Window) -> Vec<Ship> {
    let mut traffic = Traffic::new(seed, window);
    traffic.coasters(60, &["RUVVO", "RUSKA", "RUBKN"]);
    traffic.coasters(24, &["RUBKN", "RUVVO", "RU-DUNAI"]);
    traffic.anchored(90, "RUVVO");
    traffic.anchored(24, "RUBKN");
    traffic.laid_up(62, "RUVVO");
    traffic.laid_up(34, "RUSKA");
    traffic.laid_up(24, "RUBKN");
    traffic.tugs(20, "RUVVO");
    traffic.tugs(8, "RUBKN");
    traffic.ferry("RUVVO", "RUSKA", Knots(14.0), 1.0);
    traffic.ferry("RUSKA", "RUVVO", Knots(12.5), 1.5);
    traffic.ferry("RUVVO", "RUBKN", Knots(13.0), 1.0);
    traffic.fishing(36, "RUVVO", "gulf", Class::A);
    traffic.yachts(14, "RUVVO", "RUBKN");
    traffic.traders(20, &["RUVVO"], &["KRPUS", "KRUSN"]);
    traffic.traders(12, &["KRPUS", "KRUSN"], &["JPKIJ", "JPSKT"]);
    traffic.coasters(16, &["KRPUS", "KRUSN", "KRKPO"]);
    traffic.anchored(8, "KRUSN");
    traffic.laid_up(6, "KRPUS");
    traffic.laid_up(4, "JPKIJ");
    traffic.fishing(6, "KRPUS", "homi", Class::A);
    traffic.ships
}

fn stations(random: &mut Random, window: Window) -> Vec<Station> {
    let vladivostok = Station::shore("rVVO", VLADIVOSTOK.lon, VLADIVOSTOK.lat, 50.0);
    let mut stations = vec![
        vladivostok.with_base(2_734_401).with_outage(START, OUTAGE.0, OUTAGE.1),
        Station::shore("rPUS", 129.075, 35.075, 45.0).with_base(4_401_001),
        Station::shore("rUSN", 129.430, 35.490, 38.0),
        Station::shore("rKPO", 129.560, 36.080, 40.0).with_base(4_401_003),
        Station::shore("rKIJ", 139.020, 37.910, 36.0),
    ];
    stations.extend(Station::satellites(&["rSAT1", "rSAT2"], random, window, 4.6, 0.16));
    stations
}
