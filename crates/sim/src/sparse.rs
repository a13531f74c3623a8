//! What satellites alone see: sixty ships for twenty days, half an hour to three hours between reports.

use crate::fleet::{Class, Ship};
use crate::random::Random;
use crate::reception::{Station, Window};
use crate::scenario::{Plan, Thinning};
use crate::time::{EventTime, HOUR_MS, MINUTE_MS};
use crate::traffic::Traffic;

/// 2024-01-10T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_704_844_800);
const DAYS: f64 = 20.0;

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "sparse",
    start: START,
    days: DAYS,
    ships,
    stations,
    deeds: |_| (),
    aids: &[],
    thinning: Thinning {
        under_way_ms: 30 * MINUTE_MS,
        at_rest_ms: HOUR_MS,
        static_ms: 3 * HOUR_MS,
        base_ms: HOUR_MS,
    },
};

fn ships(seed: u64, window: Window) -> Vec<Ship> {
    let mut traffic = Traffic::new(seed, window);
    traffic.traders(26, &["RUVVO", "RUVYP", "RUNJK"], &["KRPUS", "KRTGH"]);
    traffic.traders(16, &["RUVYP", "RUNJK", "RUVVO"], &["JPKIJ", "JPSKT"]);
    traffic.traders(6, &["KRPUS", "KRTGH"], &["JPKIJ", "JPSKT"]);
    traffic.fishing(4, "KRPUS", "homi", Class::A);
    traffic.fishing(4, "RUNJK", "gulf", Class::A);
    traffic.anchored(4, "RUVVO");
    for (index, ship) in traffic.ships.iter_mut().enumerate() {
        ship.long_range = index % 3 == 0;
        if index % 20 == 7 {
            let start = START.after_hours(100.0 + index as f64);
            ship.voyage.silence(start, start.after_hours(30.0), "switched off at sea");
        }
    }
    traffic.ships
}

fn stations(random: &mut Random, window: Window) -> Vec<Station> {
    Station::satellites(&["rSAT1", "rSAT2", "rSAT3"], random, window, 3.2, 0.09)
}
