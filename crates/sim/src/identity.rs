//! Three days of ships that are not who they say: new numbers and names across a silence, a number of no country, wrong IMO
//! numbers. From 2025-06-02.

use crate::deeds::{Deeds, Found};
use crate::fleet::{Class, Identity, Role, Ship, dimensions};
use crate::random::Random;
use crate::reception::{Station, Window};
use crate::scenario::{Plan, Thinning};
use crate::sphere::Knots;
use crate::time::{EventTime, MINUTE_MS, SECOND_MS};
use crate::traffic::Traffic;

/// 2025-06-02T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_748_822_400);
const DAYS: f64 = 3.0;
/// Silence across which a ship changes its number, hours.
const NEW_NUMBER_HOURS: f64 = 12.0;
/// Silence across which a ship changes its name, hours.
const NEW_NAME_HOURS: f64 = 9.0;
/// 280 is allotted to no country (ITU, Table of MIDs).
const UNALLOTTED: u32 = 280_912_345;
/// Angara's IMO number, of public reports.
const LISTED: u32 = 9_179_842;
/// It differs in one digit, and its check digit is right: 2 × 5 does not show in the last digit of the sum.
const NEARLY_LISTED: u32 = 9_159_842;

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "identity",
    start: START,
    days: DAYS,
    ships,
    stations,
    deeds,
    aids: &[],
    thinning: Thinning {
        under_way_ms: 70 * SECOND_MS,
        at_rest_ms: 360 * SECOND_MS,
        static_ms: 18 * MINUTE_MS,
        base_ms: 2 * MINUTE_MS,
    },
};

fn deeds(deeds: &mut Deeds<'_>) {
    change_number(deeds);
    change_name(deeds);
    wear_wrong_numbers(deeds);
}

/// Dark for half a day, and back with another number, name and call sign.
fn change_number(deeds: &mut Deeds<'_>) {
    let Some((ship, from)) = hide(deeds, NEW_NUMBER_HOURS, "comes back under another number") else { return };
    let alias = Identity {
        mmsi: 518_912_777,
        name: "BLUE HORIZON".to_owned(),
        callsign: "E5X777".to_owned(),
        ..ship.identity.clone()
    };
    ship.aliases.push((from, alias));
}

/// Dark for some hours, and back with another name and call sign.
fn change_name(deeds: &mut Deeds<'_>) {
    let Some((ship, from)) = hide(deeds, NEW_NAME_HOURS, "comes back under another name") else { return };
    let alias =
        Identity { name: "SEA LANTERN".to_owned(), callsign: "XQ9NEW".to_owned(), ..ship.identity.clone() };
    ship.aliases.push((from, alias));
}

/// Switches a larger ship off that is well heard when it goes and when it comes back; gives it and the end.
fn hide<'a>(deeds: &'a mut Deeds<'_>, hours: f64, reason: &'static str) -> Option<(&'a mut Ship, EventTime)> {
    let found = deeds.find((26.0, 54.0), |deeds, found| {
        let later = Found { at: found.at.after_hours(hours), ..found };
        deeds.is_well_heard(found)
            && deeds.ships[found.ship].identity.imo.is_some()
            && deeds.stays_heard(later, 2.0, 0.5)
    })?;
    let dark = deeds.switch_off(found, hours, reason);
    Some((&mut deeds.ships[found.ship], dark.end))
}

/// Wrong numbers, shown all the time by ships that hide nothing else.
fn wear_wrong_numbers(deeds: &mut Deeds<'_>) {
    let mut wear = |flaw: &'static str, change: fn(&mut Identity)| {
        let found = deeds.find((24.0, 24.0), |deeds, found| {
            deeds.ships[found.ship].identity.imo.is_some() && deeds.odds(found) > 0.5
        });
        let Some(found) = found else { return };
        let ship = &mut deeds.ships[found.ship];
        change(&mut ship.identity);
        ship.flaws.push(flaw);
        ship.role = Role::Watched;
    };
    wear("mid_unallotted", |identity| identity.mmsi = UNALLOTTED);
    wear("imo_check_digit", |identity| {
        identity.imo = identity.imo.map(|imo| imo / 10 * 10 + (imo % 10 + 3) % 10);
    });
    wear("imo_near_miss", |identity| {
        identity.imo = Some(NEARLY_LISTED);
        identity.dimensions = dimensions(122, 19);
        identity.ship_type = 79;
    });
}

fn ships(seed: u64, window: Window) -> Vec<Ship> {
    let mut traffic = Traffic::new(seed, window);
    traffic.coasters(14, &["RUVVO", "RUSKA", "RUNJK"]);
    traffic.coasters(8, &["RUZAR", "RUPSE", "RUVVO"]);
    traffic.coasters(10, &["KRPUS", "KRUSN", "KRKPO"]);
    traffic.traders(10, &["RUVVO", "RUVYP"], &["KRPUS", "KRUSN"]);
    traffic.anchored(8, "RUVVO");
    traffic.anchored(6, "KRUSN");
    traffic.laid_up(3, "KRPUS");
    traffic.ferry("RUVVO", "RUSKA", Knots(14.0), 1.5);
    traffic.tugs(2, "RUVVO");
    traffic.fishing(4, "RUVVO", "gulf", Class::A);
    traffic.yachts(3, "RUVVO", "RUSKA");
    traffic.coasters(1, &["RUVYP", "RUVVO"]);
    if let Some(last) = traffic.ships.last_mut() {
        list(last);
    }
    traffic.ships
}

/// Makes a ship the listed one itself, which hides nothing here.
fn list(ship: &mut Ship) {
    ship.role = Role::Watched;
    ship.identity = Identity {
        mmsi: 273_000_001,
        imo: Some(LISTED),
        name: "ANGARA".to_owned(),
        callsign: "XUA1".to_owned(),
        ship_type: 79,
        dimensions: dimensions(122, 19),
        class: Class::A,
    };
}

fn stations(random: &mut Random, window: Window) -> Vec<Station> {
    let mut stations = vec![
        Station::shore("rVVO", 131.893, 43.125, 42.0).with_base(2_734_401),
        Station::shore("rNJK", 132.890, 42.780, 40.0).with_base(2_734_402),
        Station::shore("rGAMOV", 131.217, 42.558, 38.0),
        Station::shore("rPUS", 129.075, 35.075, 45.0).with_base(4_401_001),
        Station::shore("rUSN", 129.430, 35.490, 38.0),
        Station::shore("rKPO", 129.560, 36.080, 40.0),
    ];
    stations.extend(Station::satellites(&["rSAT1", "rSAT2"], random, window, 4.6, 0.16));
    stations
}
