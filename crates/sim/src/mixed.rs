//! A week in a sea with good and with poor coverage: five hundred ships, of which some seventy hide for a while, and the
//! others are unheard for all the usual reasons. From 2025-03-03.
//!
//! Peter the Great Gulf and the coast from Busan to Pohang are heard by several stations each; Donghae, Sakata, Akita and
//! Otaru by one; North Korea, Toyama Bay, the Strait of Tartary and the open sea by satellites alone.

use crate::chart::Lie;
use crate::deeds::{Coverage, Deeds};
use crate::fleet::Class;
use crate::random::Random;
use crate::reception::{Station, Window};
use crate::scenario::{Aid, Plan, Thinning};
use crate::sphere::Knots;
use crate::time::{EventTime, MINUTE_MS, SECOND_MS};
use crate::traffic::{Run, Traffic};

/// 2025-03-03T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_740_960_000);
const DAYS: f64 = 7.0;

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "mixed",
    start: START,
    days: DAYS,
    ships,
    stations,
    deeds,
    aids: AIDS,
    thinning: Thinning {
        under_way_ms: 120 * SECOND_MS,
        at_rest_ms: 360 * SECOND_MS,
        static_ms: 60 * MINUTE_MS,
        base_ms: 2 * MINUTE_MS,
    },
};

fn deeds(deeds: &mut Deeds<'_>) {
    deeds.weaken();
    deeds.add_long_range();
    deeds.switch_off_at_sea(18, Coverage::Good, (1.0, 40.0));
    deeds.switch_off_at_sea(7, Coverage::Edge, (1.5, 30.0));
    deeds.switch_off_at_sea(8, Coverage::Open, (2.0, 40.0));
    deeds.switch_off_at_anchor(6, (1.5, 20.0));
    deeds.switch_off_at_berths(30);
}

/// Runners by home, place there, hidden port, port afterwards, number, and how many of them are heard once off the port.
const RUNS: &[(&str, Lie, &str, &str, usize, usize)] = &[
    ("RUVVO", Lie::Berth, "KPRJN", "RUVVO", 3, 1),
    ("RUVYP", Lie::Roads, "KPRJN", "RU-DUNAI", 2, 1),
    ("RUNJK", Lie::Roads, "KPRJN", "RUNJK", 2, 0),
    ("RUVVO", Lie::Roads, "KPCHO", "RUVVO", 3, 1),
    ("RUNJK", Lie::Berth, "KPCHO", "RUVYP", 2, 1),
    ("RUVVO", Lie::Berth, "KP-SONBONG", "RUPSE", 1, 0),
    ("KRPUS", Lie::Berth, "KPHGM", "KRPUS", 2, 1),
    ("KRTGH", Lie::Berth, "KPWON", "KRKPO", 2, 0),
    ("RUVVO", Lie::Berth, "RUPSE", "RUNJK", 2, 0),
    ("RUNJK", Lie::Roads, "RU-DUNAI", "RUVVO", 2, 0),
    ("JPKIJ", Lie::Berth, "JPAXT", "JPSKT", 2, 1),
    ("KRUSN", Lie::Roads, "KRKPO", "KRPUS", 2, 0),
    ("RUVYP", Lie::Berth, "RUBKN", "RUVVO", 2, 0),
    ("JPKIJ", Lie::Berth, "JPFTX", "JPNIH", 1, 0),
];

fn ships(seed: u64, window: Window) -> Vec<crate::fleet::Ship> {
    let mut traffic = Traffic::new(seed, window);
    for &(home, lie, hidden, after, count, blips) in RUNS {
        for index in 0..count {
            let run = Run { home, lie, hidden, after, departs_h: (26.0, 92.0), blip: index < blips };
            traffic.runner(&run);
        }
    }
    gulf(&mut traffic);
    korea(&mut traffic);
    japan(&mut traffic);
    across(&mut traffic);
    traffic.ships
}

/// Peter the Great Gulf.
fn gulf(traffic: &mut Traffic) {
    traffic.coasters(24, &["RUVVO", "RUSKA", "RUVVO", "RUZAR"]);
    traffic.coasters(18, &["RUPSE", "RUVVO", "RUZAR", "RUNJK"]);
    traffic.coasters(16, &["RUNJK", "RUVVO", "RUVYP", "RUSKA"]);
    traffic.coasters(10, &["RUBKN", "RUVVO", "RUNJK"]);
    traffic.anchored(24, "RUVVO");
    traffic.anchored(14, "RUNJK");
    traffic.anchored(6, "RUVYP");
    traffic.anchored(4, "RUBKN");
    traffic.laid_up(3, "RUZAR");
    traffic.laid_up(2, "RUPSE");
    traffic.ferry("RUVVO", "RUSKA", Knots(14.0), 2.5);
    traffic.ferry("RUSKA", "RUVVO", Knots(13.0), 4.0);
    traffic.tugs(5, "RUVVO");
    traffic.tugs(4, "RUNJK");
    traffic.tender("RUVVO", "RU-DUNAI", (20.0, 60.0));
    traffic.tender("RUNJK", "RU-DUNAI", (20.0, 60.0));
    traffic.fishing(8, "RUVVO", "gulf", Class::A);
    traffic.fishing(6, "RUNJK", "strelok", Class::A);
    traffic.fishing(4, "RUZAR", "gamov", Class::A);
    traffic.fishing(6, "RUSKA", "gamov", Class::B);
    traffic.fishing(8, "RUVYP", "yamato", Class::A);
    traffic.yachts(10, "RUVVO", "RUSKA");
    traffic.yachts(4, "RUNJK", "RUVYP");
}

/// Busan to Donghae.
fn korea(traffic: &mut Traffic) {
    traffic.coasters(22, &["KRPUS", "KRUSN", "KRKPO"]);
    traffic.coasters(10, &["KRPUS", "KRTGH", "KRKPO"]);
    traffic.anchored(12, "KRPUS");
    traffic.anchored(12, "KRUSN");
    traffic.anchored(5, "KRKPO");
    traffic.laid_up(6, "KRTGH");
    traffic.laid_up(8, "KRPUS");
    traffic.laid_up(6, "KRUSN");
    traffic.ferry("KRPUS", "KRKPO", Knots(16.0), 5.0);
    traffic.tugs(5, "KRPUS");
    traffic.tugs(4, "KRUSN");
    traffic.fishing(8, "KRPUS", "homi", Class::A);
    traffic.fishing(8, "KRUSN", "ulsan", Class::B);
    traffic.fishing(4, "KRTGH", "donghae", Class::A);
    traffic.fishing(8, "KRKPO", "ulleung", Class::A);
    traffic.yachts(6, "KRPUS", "KRUSN");
}

/// Toyama to Otaru.
fn japan(traffic: &mut Traffic) {
    traffic.coasters(12, &["JPKIJ", "JPSKT", "JPAXT"]);
    traffic.coasters(8, &["JPNIH", "JPFTX"]);
    traffic.anchored(3, "JPAXT");
    traffic.laid_up(6, "JPKIJ");
    traffic.laid_up(3, "JPOTR");
    traffic.tugs(2, "JPKIJ");
    traffic.fishing(5, "JPKIJ", "niigata", Class::A);
    traffic.fishing(5, "JPAXT", "akita", Class::B);
    traffic.yachts(4, "JPKIJ", "JPNIH");
}

/// From coast to coast.
fn across(traffic: &mut Traffic) {
    traffic.traders(34, &["RUVVO", "RUVYP", "RUNJK"], &["KRPUS"]);
    traffic.traders(16, &["RUVVO", "RUZAR", "RUPSE"], &["KRUSN", "KRKPO", "KRTGH"]);
    traffic.traders(24, &["RUVYP", "RUNJK"], &["JPKIJ", "JPSKT", "JPFTX"]);
    traffic.traders(18, &["KRUSN", "KRTGH", "KRPUS"], &["JPKIJ", "JPAXT"]);
    traffic.traders(12, &["RUVVO", "RUNJK"], &["JPOTR"]);
    traffic.traders(6, &["RUVNN"], &["KRPUS", "JPOTR"]);
    traffic.coasters(6, &["RUVVO", "RUVNN"]);
    traffic.bulker(&["RUVVO", "KPRJN", "RUVVO"], 169, 30.0, 40.0);
    traffic.bulker(&["RUPSE", "KPCHO", "KRTGH"], 146, 60.0, 30.0);
    traffic.ferry("RUVVO", "KRTGH", Knots(18.5), 20.0);
}

fn stations(random: &mut Random, window: Window) -> Vec<Station> {
    let mut stations = vec![
        Station::shore("rVVO", 131.893, 43.125, 42.0).with_base(2_734_401),
        Station::shore("rSKR", 132.010, 42.990, 36.0).with_outage(START, 75.0, 81.0),
        Station::shore("rNJK", 132.890, 42.780, 40.0).with_base(2_734_402),
        Station::shore("rASK", 132.340, 42.745, 36.0),
        Station::shore("rGAMOV", 131.217, 42.558, 40.0),
        Station::shore("rPOSYET", 130.805, 42.655, 31.0).with_outage(START, 110.0, 112.5),
        Station::shore("rPUS", 129.075, 35.075, 45.0).with_base(4_401_001),
        Station::shore("rUSN", 129.430, 35.490, 38.0),
        Station::shore("rKPO", 129.560, 36.080, 40.0).with_base(4_401_003).with_outage(START, 60.0, 64.0),
        Station::shore("rTGH", 129.110, 37.480, 34.0).with_base(4_401_002).with_formatter("BSVDM"),
        Station::shore("rKIJ", 139.020, 37.910, 36.0).with_base(4_311_001),
        Station::shore("rSADO", 138.440, 38.070, 38.0),
        Station::shore("rSKT", 139.840, 38.900, 30.0).with_outage(START, 90.0, 94.0),
        akita(),
        Station::shore("rOTR", 141.000, 43.200, 30.0).with_outage(START, 130.0, 133.0),
    ];
    stations.extend(Station::satellites(&["rSAT1", "rSAT2", "rSAT3", "rSAT4"], random, window, 4.4, 0.18));
    stations
}

/// A receiver that somebody switches off every night.
fn akita() -> Station {
    (0..DAYS as i32).fold(Station::shore("rAXT", 140.050, 39.720, 31.0), |station, day| {
        let night = 24.0 * f64::from(day) + 13.0;
        station.with_outage(START, night, night + 9.0)
    })
}

const AIDS: &[Aid] = &[
    Aid { mmsi: 992_731_001, name: "SKRYPLEV LIGHT", aid_type: 5, lon: 131.9580, lat: 43.0330 },
    Aid { mmsi: 992_731_002, name: "ASKOLD LIGHT", aid_type: 5, lon: 132.3400, lat: 42.7400 },
    Aid { mmsi: 994_401_001, name: "HOMI LIGHT", aid_type: 5, lon: 129.5680, lat: 36.0790 },
];
