//! Two days with a jammer: for three hours of the second day, twenty-five ships off Vladivostok are told by their GNSS
//! receivers that they circle around a place on land, 180 km away. From 2025-05-05.

use crate::deeds::{Deeds, Found};
use crate::fleet::{Class, Ship};
use crate::random::{Random, hash_below};
use crate::reception::{Station, Window};
use crate::scenario::{Plan, Thinning};
use crate::sphere::{Knots, Position};
use crate::time::{EventTime, MINUTE_MS, SECOND_MS};
use crate::traffic::Traffic;
use crate::voyage::SilenceKind;

/// 2025-05-05T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_746_403_200);
const DAYS: f64 = 2.0;
/// When the jammer works, hours.
const JAMMED: (f64, f64) = (28.0, 31.0);
/// The ships jammed are those nearest to here.
const JAMMER: Position = Position::new(131.820, 43.060);
const JAMMED_SHIPS: usize = 25;
/// Where they believe to be: near Lake Khanka.
const BELIEVED: Position = Position::new(132.300, 44.700);
/// Each ship loses and finds its place within so much time of the others, ms.
const STAGGER_MS: u64 = 3 * MINUTE_MS.cast_unsigned();
/// One of them switches off so many hours after the end, and for so long.
const SWITCHED_OFF: (f64, f64) = (2.0, 6.0);

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "jamming",
    start: START,
    days: DAYS,
    ships,
    stations,
    deeds,
    aids: &[],
    thinning: Thinning {
        under_way_ms: 60 * SECOND_MS,
        at_rest_ms: 240 * SECOND_MS,
        static_ms: 30 * MINUTE_MS,
        base_ms: 2 * MINUTE_MS,
    },
};

fn deeds(deeds: &mut Deeds<'_>) {
    let (from, to) = (START.after_hours(JAMMED.0), START.after_hours(JAMMED.1));
    let mut jammed = deeds.nearest(JAMMER, from);
    jammed.truncate(JAMMED_SHIPS);
    switch_one_off(deeds, &jammed, to.after_hours(SWITCHED_OFF.0));
    for ship in jammed {
        let stagger_ms =
            |purpose: u64| hash_below(&[deeds.seed, ship as u64, purpose], STAGGER_MS).cast_signed();
        let (start, end) = (from.after_ms(stagger_ms(1)), to.after_ms(stagger_ms(2)));
        let kind = SilenceKind::Jammed { centre: BELIEVED };
        deeds.ships[ship].voyage.silence_of(kind, start, end, "jammed");
    }
}

/// One that is well heard all the time, under way if there is such a one.
fn switch_one_off(deeds: &mut Deeds<'_>, jammed: &[usize], at: EventTime) {
    let heard: Vec<Found> = jammed
        .iter()
        .map(|&ship| Found { ship, at })
        .filter(|found| deeds.ships[found.ship].identity.class == Class::A)
        .filter(|&found| deeds.stays_heard(found, SWITCHED_OFF.1, 0.6))
        .collect();
    let under_way = heard.iter().find(|&&found| deeds.is_steady(found));
    if let Some(&found) = under_way.or(heard.first()) {
        deeds.switch_off(found, SWITCHED_OFF.1, "switched off after the jamming");
    }
}

fn ships(seed: u64, window: Window) -> Vec<Ship> {
    let mut traffic = Traffic::new(seed, window);
    traffic.coasters(22, &["RUVVO", "RUSKA", "RUNJK"]);
    traffic.coasters(8, &["RUZAR", "RUPSE", "RUVVO"]);
    traffic.anchored(10, "RUVVO");
    traffic.anchored(10, "RUNJK");
    traffic.laid_up(2, "RUVVO");
    traffic.laid_up(3, "RUZAR");
    traffic.traders(14, &["RUVVO", "RUNJK"], &["KRPUS"]);
    traffic.coasters(12, &["KRPUS", "KRUSN"]);
    traffic.anchored(6, "KRUSN");
    traffic.ferry("RUVVO", "RUSKA", Knots(14.0), 0.8);
    traffic.ferry("RUSKA", "RUVVO", Knots(12.5), 1.2);
    traffic.ferry("RUVVO", "RUBKN", Knots(12.0), 0.7);
    traffic.tugs(3, "RUVVO");
    traffic.tugs(2, "RUNJK");
    traffic.fishing(6, "RUVVO", "gulf", Class::A);
    traffic.fishing(4, "RUSKA", "gamov", Class::B);
    traffic.yachts(4, "RUVVO", "RUSKA");
    traffic.ships
}

fn stations(random: &mut Random, window: Window) -> Vec<Station> {
    let mut stations = vec![
        Station::shore("rVVO", 131.893, 43.125, 42.0).with_base(2_734_401),
        Station::shore("rNJK", 132.890, 42.780, 40.0).with_base(2_734_402),
        Station::shore("rASK", 132.340, 42.745, 36.0),
        Station::shore("rGAMOV", 131.217, 42.558, 38.0),
        Station::shore("rPUS", 129.075, 35.075, 40.0).with_base(4_401_001),
        Station::shore("rUSN", 129.430, 35.490, 36.0),
    ];
    stations.extend(Station::satellites(&["rSAT1", "rSAT2"], random, window, 4.6, 0.16));
    stations
}
