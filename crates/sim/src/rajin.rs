//! The case of Rajin: four ships that load there with the transponder off and turn up at Dunai or Vostochny, among a
//! hundred that have nothing to hide. Ten days from 2023-10-01.
//!
//! Names and IMO numbers of the four are those of public reports; their MMSIs, sizes other than Maia-1's length, times and
//! movements are invented.

use crate::chart::{End, Lie, port, route};
use crate::encode::Dimensions;
use crate::fleet::{Class, Identity, Role, Ship, dimensions};
use crate::random::Random;
use crate::reception::{Station, Window};
use crate::scenario::{Aid, Plan, Thinning};
use crate::sphere::{Knots, Position};
use crate::time::{EventTime, MINUTE_MS, SECOND_MS};
use crate::traffic::Traffic;
use crate::voyage::Voyage;

/// 2023-10-01T00:00:00Z.
const START: EventTime = EventTime::from_unix_s(1_696_118_400);
const DAYS: f64 = 10.0;
const REASON: &str = "loads at Rajin unseen";

/// Off Slavyanka, in the approach to Peter the Great Gulf's west coast, where coasters pass.
const OFF_SLAVYANKA: Position = Position::new(131.540, 42.845);
/// Off Cape Gamov, where all pass who go to Zarubino and Posyet.
const OFF_GAMOV: Position = Position::new(131.330, 42.450);
/// Off the mouth of the Tumen.
const OFF_TUMEN: Position = Position::new(131.000, 42.250);
/// Before the pier of Rajin.
const OFF_RAJIN: Position = Position::new(130.302, 42.180);
/// The mouth of Strelok Bay.
const OFF_STRELOK: Position = Position::new(132.420, 42.700);

/// The scenario.
pub(crate) const PLAN: Plan = Plan {
    name: "rajin",
    start: START,
    days: DAYS,
    ships,
    stations,
    deeds: |_| (),
    aids: AIDS,
    thinning: Thinning {
        under_way_ms: 70 * SECOND_MS,
        at_rest_ms: 360 * SECOND_MS,
        static_ms: 36 * MINUTE_MS,
        base_ms: MINUTE_MS,
    },
};

/// One of the four while its plan is made.
struct Runner {
    identity: Identity,
    voyage: Voyage,
    here: End,
    cruise: Knots,
    random: Random,
}

impl Runner {
    fn new(seed: u64, identity: Identity, (home, lie): (&str, Lie), draught_m: f64, cruise: Knots) -> Self {
        let mut random = Random::for_purpose(seed, u64::from(identity.mmsi));
        let here = port(home).place(lie, &mut random);
        let voyage = Voyage::moored_at(here, START, draught_m);
        Self { identity, voyage, here, cruise, random }
    }

    fn sail(&mut self, name: &str, lie: Lie, destination: &'static str) {
        let there = port(name).place(lie, &mut self.random);
        self.voyage.sail(&route(self.here, there, &mut self.random), self.cruise, destination);
        self.voyage.arrive(there);
        self.here = there;
    }

    /// Sails to Rajin, loads, and goes on to Dunai; gives when it passed `near` on the way out, and when it was alongside.
    fn run(&mut self, near: Position, loading_hours: f64, loaded_m: f64) -> Passage {
        let departure = self.voyage.now();
        self.sail("KPRJN", Lie::Berth, "ZARUBINO");
        let passed = self.voyage.first_near(near, 6_000.0, departure).unwrap_or(departure);
        let loading = self.voyage.now();
        self.voyage.stay(loading_hours, loaded_m);
        let departure = self.voyage.now();
        self.sail("RU-DUNAI", Lie::Berth, "VOSTOCHNY");
        let off_dunai = self.voyage.first_near(OFF_STRELOK, 3_000.0, departure).unwrap_or(departure);
        Passage { passed, loading, off_dunai, at_dunai: self.voyage.now() }
    }

    fn end(mut self, window: Window) -> Ship {
        let draught_m = self.voyage.draught_m();
        self.voyage.stay_until(window.end, draught_m);
        Ship::new(self.identity, Role::Watched, self.voyage)
    }
}

/// Moments of a run from Russia to Rajin and back to Dunai.
struct Passage {
    passed: EventTime,
    loading: EventTime,
    off_dunai: EventTime,
    at_dunai: EventTime,
}

fn ships(seed: u64, window: Window) -> Vec<Ship> {
    let mut ships: Vec<Ship> = [angara, maria, lady_r, maia].map(|watched| watched(seed).end(window)).into();
    ships.append(&mut ordinary(seed, window));
    ships
}

/// Makes the trip twice; goes dark off Gamov, and is heard again at the mouth of Strelok Bay.
fn angara(seed: u64) -> Runner {
    let identity = named(273_000_001, 9_179_842, "ANGARA", dimensions(122, 19));
    let mut ship = Runner::new(seed, identity, ("RUVYP", Lie::Roads), 4.3, Knots(11.8));
    ship.voyage.stay(9.0, 4.3);
    ship.sail("RUVYP", Lie::Berth, "VOSTOCHNY");
    ship.voyage.stay(12.0, 4.3);
    for loaded_m in [6.6, 6.8] {
        let passage = ship.run(OFF_GAMOV, 27.0, loaded_m);
        ship.voyage.silence(passage.passed, passage.off_dunai, REASON);
        ship.voyage.stay(31.0, 4.3);
    }
    ship.sail("RUVYP", Lie::Roads, "VOSTOCHNY");
    ship
}

/// Goes dark off the Tumen and is heard again three hours after it came alongside at Dunai, 2.5 m deeper.
fn maria(seed: u64) -> Runner {
    let identity = named(273_000_002, 8_517_839, "MARIA", dimensions(131, 18));
    let mut ship = Runner::new(seed, identity, ("RUVVO", Lie::Berth), 4.4, Knots(10.6));
    ship.voyage.stay(42.0, 4.4);
    let passage = ship.run(OFF_TUMEN, 42.0, 6.9);
    ship.voyage.silence(passage.passed, passage.at_dunai.after_hours(3.0), REASON);
    ship.voyage.stay(6.0, 6.9);
    ship.voyage.stay(46.0, 4.5);
    ship.sail("RUVYP", Lie::Roads, "VOSTOCHNY");
    ship
}

/// Goes dark off Slavyanka, is heard once off Rajin, and goes home to Vladivostok in the end.
fn lady_r(seed: u64) -> Runner {
    let identity = named(273_000_003, 9_161_003, "LADY R", dimensions(123, 16));
    let mut ship = Runner::new(seed, identity, ("RUVVO", Lie::Roads), 4.1, Knots(11.2));
    ship.voyage.stay(70.0, 4.1);
    let departure = ship.voyage.now();
    let passage = ship.run(OFF_SLAVYANKA, 31.0, 6.3);
    ship.voyage.silence(passage.passed, passage.at_dunai.after_ms(-25 * MINUTE_MS), REASON);
    if let Some(off_rajin) =
        ship.voyage.first_near(OFF_RAJIN, 4_000.0, departure).filter(|&at| at < passage.loading)
    {
        ship.voyage.blip(off_rajin);
    }
    ship.voyage.stay(48.0, 4.2);
    ship.sail("RUVVO", Lie::Berth, "VLADIVOSTOK");
    ship
}

/// Goes dark off Gamov, stays dark at Dunai, and is heard again only as it drops anchor off Vostochny.
fn maia(seed: u64) -> Runner {
    let identity = named(273_000_004, 9_358_010, "MAIA-1", dimensions(138, 21));
    let mut ship = Runner::new(seed, identity, ("RUVYP", Lie::Berth), 4.2, Knots(12.3));
    ship.voyage.stay(88.0, 4.2);
    let passage = ship.run(OFF_GAMOV, 44.0, 7.0);
    ship.voyage.stay(26.0, 6.1);
    ship.sail("RUVYP", Lie::Roads, "VOSTOCHNY");
    ship.voyage.silence(passage.passed, ship.voyage.now(), REASON);
    ship
}

fn named(mmsi: u32, imo: u32, name: &str, dimensions: Dimensions) -> Identity {
    let callsign = format!("XUA{}", mmsi % 10);
    Identity {
        mmsi,
        imo: Some(imo),
        name: name.to_owned(),
        callsign,
        ship_type: 79,
        dimensions,
        class: Class::A,
    }
}

fn ordinary(seed: u64, window: Window) -> Vec<Ship> {
    let mut traffic = Traffic::new(seed, window);
    traffic.coasters(8, &["RUVVO", "RUSKA", "RUVVO", "RUZAR"]);
    traffic.coasters(7, &["RUPSE", "RUVVO", "RUZAR", "RUNJK"]);
    traffic.coasters(4, &["RUNJK", "RUVVO", "RUVYP", "RUSKA"]);
    traffic.traders(9, &["RUVVO", "RUVYP", "RUNJK"], &["KRPUS"]);
    traffic.traders(5, &["RUVVO", "RUZAR", "RUPSE"], &["KRTGH", "KRPUS"]);
    traffic.traders(7, &["RUVYP", "RUNJK"], &["JPKIJ", "JPSKT"]);
    traffic.bulker(&["RUVVO", "KPRJN", "RUVVO"], 169, 30.0, 50.0);
    traffic.bulker(&["RUPSE", "KPRJN", "KRTGH"], 146, 96.0, 40.0);
    traffic.anchored(14, "RUVVO");
    traffic.anchored(4, "RUNJK");
    traffic.anchored(2, "KRPUS");
    traffic.laid_up(3, "KRTGH");
    traffic.laid_up(3, "JPKIJ");
    traffic.laid_up(1, "RUZAR");
    traffic.ferry("RUVVO", "RUSKA", Knots(14.0), 2.5);
    traffic.ferry("RUSKA", "RUVVO", Knots(13.0), 4.0);
    traffic.ferry("RUVVO", "KRTGH", Knots(18.5), 20.0);
    traffic.tugs(3, "RUVVO");
    traffic.tugs(2, "RUNJK");
    traffic.tugs(1, "KRPUS");
    traffic.tender("RUVVO", "RU-DUNAI", (20.0, 60.0));
    let secretive = traffic.fishing(3, "RUVVO", "gulf", Class::A);
    traffic.fishing(3, "RUNJK", "strelok", Class::A);
    traffic.fishing(2, "RUZAR", "gamov", Class::A);
    traffic.fishing(3, "RUSKA", "gamov", Class::B);
    traffic.fishing(1, "KRPUS", "homi", Class::A);
    traffic.fishing(1, "KRTGH", "donghae", Class::A);
    traffic.fishing(1, "JPKIJ", "niigata", Class::A);
    traffic.yachts(5, "RUVVO", "RUSKA");
    traffic.yachts(2, "RUNJK", "RUVYP");
    if let Some(ship) = traffic.ships.get_mut(secretive) {
        // A good ground is not shown to others: a silence with nothing behind it.
        ship.voyage.silence(
            START.after_hours(60.0),
            START.after_hours(67.0),
            "keeps a fishing ground to itself",
        );
    }
    traffic.ships
}

fn stations(random: &mut Random, window: Window) -> Vec<Station> {
    let mut stations = vec![
        Station::shore("rVVO", 131.893, 43.125, 36.0).with_base(2_734_401),
        Station::shore("rNJK", 132.890, 42.780, 34.0).with_base(2_734_402),
        Station::shore("rGAMOV", 131.217, 42.558, 30.0),
        Station::shore("rPOSYET", 130.805, 42.655, 29.0),
        Station::shore("rPUS", 129.075, 35.075, 38.0).with_base(4_401_001),
        Station::shore("rTGH", 129.110, 37.480, 38.0).with_base(4_401_002).with_formatter("BSVDM"),
        Station::shore("rKIJ", 139.020, 37.910, 36.0),
        Station::shore("rSKT", 139.840, 38.900, 30.0),
    ];
    if let Some(niigata) = stations.iter_mut().find(|station| station.name == "rKIJ") {
        niigata.down.push(Window { start: START.after_hours(130.0), end: START.after_hours(134.0) });
    }
    stations.extend(Station::satellites(&["rSAT1", "rSAT2", "rSAT3", "rSAT4"], random, window, 4.6, 0.16));
    stations
}

const AIDS: &[Aid] = &[
    Aid { mmsi: 992_731_001, name: "SKRYPLEV LIGHT", aid_type: 5, lon: 131.9580, lat: 43.0330 },
    Aid { mmsi: 992_731_002, name: "ASKOLD LIGHT", aid_type: 5, lon: 132.3400, lat: 42.7400 },
    Aid { mmsi: 992_731_003, name: "POVOROTNY RACON", aid_type: 2, lon: 133.0430, lat: 42.6770 },
];
