//! A day in Vladivostok's waters: twelve ships with stops and silences, class A and B. Small, for quick tests.

use crate::fleet::{Class, Ship};
use crate::random::Random;
use crate::reception::{Station, Window};
use crate::scenario::{Aid, Plan, Thinning};
use crate::sphere::Knots;
use crate::time::{EventTime, MINUTE_MS, SECOND_MS};
use crate::traffic::Traffic;

/// 2024-05-14T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_715_644_800);

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "harbour",
    start: START,
    days: 1.0,
    ships,
    stations,
    deeds: |_| (),
    aids: AIDS,
    thinning: Thinning {
        under_way_ms: 30 * SECOND_MS,
        at_rest_ms: 180 * SECOND_MS,
        static_ms: 6 * MINUTE_MS,
        base_ms: MINUTE_MS,
    },
};

fn ships(seed: u64, window: Window) -> Vec<Ship> {
    let mut traffic = Traffic::new(seed, window);
    traffic.ferry("RUVVO", "RUSKA", Knots(14.0), 1.0);
    traffic.ferry("RUSKA", "RUVVO", Knots(12.5), 1.5);
    traffic.coasters(2, &["RUVVO", "RUSKA"]);
    traffic.anchored(2, "RUVVO");
    traffic.tugs(2, "RUVVO");
    traffic.fishing(1, "RUVVO", "gulf", Class::A);
    traffic.fishing(1, "RUSKA", "gulf", Class::B);
    traffic.yachts(2, "RUVVO", "RUSKA");
    for (ship, (from_hour, hours)) in traffic.ships.iter_mut().zip([(7.0, 3.0), (13.5, 0.75)]) {
        ship.voyage.silence(
            START.after_hours(from_hour),
            START.after_hours(from_hour + hours),
            "switched off by hand",
        );
    }
    traffic.ships
}

fn stations(_: &mut Random, _: Window) -> Vec<Station> {
    vec![
        Station::shore("rVVO", 131.893, 43.125, 40.0).with_base(2_734_401),
        Station::shore("rSKA", 131.400, 42.862, 30.0).with_formatter("BSVDM"),
    ]
}

const AIDS: &[Aid] =
    &[Aid { mmsi: 992_731_001, name: "SKRYPLEV LIGHT", aid_type: 5, lon: 131.958, lat: 43.033 }];
