//! Ordinary ships: coasters, traders, ferries, fishing boats, tugs, yachts, and those that lie and wait.

use crate::chart::{End, GROUNDS, Lie, Waypoint, port, route};
use crate::fleet::{Class, Identity, Registry, Role, Ship, dimensions};
use crate::random::Random;
use crate::reception::Window;
use crate::sphere::{Knots, Position, destination};
use crate::time::{EventTime, HOUR_MS};
use crate::voyage::{Activity, Voyage};

/// Flags of ordinary traders by maritime identification digits: Panama, Liberia, Marshall Islands, China, Korea, Belize.
const TRADER_FLAGS: &[u32] = &[352, 636, 538, 412, 440, 312];
/// Russia.
const RUSSIA: u32 = 273;
/// Korea.
const KOREA: u32 = 440;
/// Japan.
const JAPAN: u32 = 431;

/// Types of ship and cargo (M.1371-5, table 53).
pub(crate) mod ship_type {
    pub(crate) const FISHING: u8 = 30;
    pub(crate) const SAILING: u8 = 36;
    pub(crate) const PLEASURE: u8 = 37;
    pub(crate) const TUG: u8 = 52;
    pub(crate) const PASSENGER: u8 = 60;
    pub(crate) const CARGO: u8 = 70;
    pub(crate) const TANKER: u8 = 80;
}

/// Flags of runners: Russia, Panama, Belize, Cook Islands.
const RUNNER_FLAGS: &[u32] = &[273, 352, 312, 518];
/// Where a runner goes once it has been at home again.
const OTHER_TRADE: &str = "RUVVO";
/// A runner is dark for no longer than this before its hidden call, hours.
const MOST_HOURS_OUT: f64 = 13.0;
/// And for no longer than this in all, hours.
const MOST_HOURS_DARK: f64 = 40.0;

/// What a runner does.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Where it lies at first.
    pub home: &'static str,
    /// Alongside or in the roads, there and after the run.
    pub lie: Lie,
    /// Where it loads unseen.
    pub hidden: &'static str,
    /// Where it goes then.
    pub after: &'static str,
    /// When it leaves, hours after the start of the scenario: not before, not after.
    pub departs_h: (f64, f64),
    /// A single report gets through shortly before the hidden call.
    pub blip: bool,
}

/// A lane that is on no chart, and who uses it.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// Its places, longitude first.
    pub places: &'static [(f64, f64)],
    /// How far from them ships pass, metres.
    pub spread_m: f64,
    /// Speeds: from, to.
    pub cruise: (f64, f64),
    /// Maritime identification digits of the ships.
    pub country: u32,
    /// Their class.
    pub class: Class,
    /// Their type of ship and cargo.
    pub ship_type: u8,
    /// Their length, metres: at least this, less than twice that.
    pub length_m: u16,
    /// What they write as destination, there and back.
    pub destinations: [&'static str; 2],
    /// They have set out up to so many hours before the scenario.
    pub hours_before: f64,
}

/// Builds ordinary ships into a list.
#[derive(Debug)]
pub struct Traffic {
    /// The ships so far.
    pub ships: Vec<Ship>,
    registry: Registry,
    random: Random,
    window: Window,
}

impl Traffic {
    /// No ships yet.
    pub fn new(seed: u64, window: Window) -> Self {
        Self {
            ships: Vec::new(),
            registry: Registry::new(seed),
            random: Random::for_purpose(seed, 0x7AF1),
            window,
        }
    }

    /// Coasters that go round ports of one coast again and again.
    pub fn coasters(&mut self, count: usize, ports: &[&'static str]) {
        for _ in 0..count {
            let length_m = 70 + self.random.below(60) as u16;
            let kind = if self.random.below(4) == 0 { ship_type::TANKER } else { ship_type::CARGO };
            let country = country_of(ports[0]);
            let identity = self.registry.issue(country, Class::A, kind, dimensions(length_m, 14));
            let cruise = Knots(self.random.between(9.0, 12.0));
            let first = self.random.below(ports.len() as u64) as usize;
            let voyage = self.round(ports, first, cruise, (8.0, 30.0), (3.8, 6.2));
            self.add(identity, voyage);
        }
    }

    /// Traders between a port here and a port across the sea.
    pub fn traders(&mut self, count: usize, here: &[&'static str], across: &[&'static str]) {
        for _ in 0..count {
            let length_m = 110 + self.random.below(120) as u16;
            let beam_m = (length_m / 7) as u8;
            let kind = if self.random.below(4) == 0 { ship_type::TANKER } else { ship_type::CARGO };
            let country = *self.random.pick(TRADER_FLAGS);
            let identity = self.registry.issue(country, Class::A, kind, dimensions(length_m, beam_m));
            let ports = [*self.random.pick(here), *self.random.pick(across)];
            let cruise = Knots(self.random.between(11.0, 16.5));
            let first = self.random.below(2) as usize;
            let voyage = self.round(&ports, first, cruise, (14.0, 40.0), (6.5, 10.5));
            self.add(identity, voyage);
        }
    }

    /// A bulk carrier that calls openly at every port of the list, in that order, from the start of the scenario on.
    pub fn bulker(&mut self, ports: &[&'static str], length_m: u16, first_stay_hours: f64, stay_hours: f64) {
        let country = *self.random.pick(TRADER_FLAGS);
        let identity = self.registry.issue(
            country,
            Class::A,
            ship_type::CARGO,
            dimensions(length_m, (length_m / 6) as u8),
        );
        let mut here = self.place(ports[0], Lie::Roads);
        let mut voyage = Voyage::moored_at(here, self.window.start, 5.1);
        voyage.stay(first_stay_hours, 5.1);
        for (call, &name) in ports.iter().enumerate().skip(1) {
            here = self.sail_to(&mut voyage, here, name, Lie::Berth, Knots(11.5));
            let draught_m = if call % 2 == 1 { 9.2 } else { 5.1 };
            voyage.stay(stay_hours, draught_m);
        }
        voyage.stay_until(self.window.end, 5.1);
        self.add(identity, voyage);
    }

    /// Ships at anchor; a third of them go alongside some day, as a berth falls free.
    pub fn anchored(&mut self, count: usize, name: &'static str) {
        for index in 0..count {
            let length_m = 90 + self.random.below(110) as u16;
            let country = *self.random.pick(TRADER_FLAGS);
            let identity = self.registry.issue(
                country,
                Class::A,
                ship_type::CARGO,
                dimensions(length_m, (length_m / 7) as u8),
            );
            let draught_m = self.random.between(4.5, 9.5);
            let here = self.place(name, Lie::Roads);
            let mut voyage = Voyage::moored_at(here, self.window.start, draught_m);
            if index % 3 == 0 {
                let hours = self.window_hours() * self.random.between(0.15, 0.8);
                voyage.stay(hours, draught_m);
                self.sail_to(&mut voyage, here, name, Lie::Berth, Knots(7.0));
                voyage.stay(30.0, draught_m + 1.5);
            }
            let draught_m = voyage.draught_m();
            voyage.stay_until(self.window.end, draught_m);
            self.add(identity, voyage);
        }
    }

    /// Ships that lie alongside all the time.
    pub fn laid_up(&mut self, count: usize, name: &'static str) {
        let country = country_of(name);
        for _ in 0..count {
            let length_m = 60 + self.random.below(80) as u16;
            let identity = self.registry.issue(country, Class::A, ship_type::CARGO, dimensions(length_m, 14));
            let here = self.place(name, Lie::Berth);
            let mut voyage = Voyage::moored_at(here, self.window.start, 4.0);
            voyage.stay_until(self.window.end, 4.0);
            self.add(identity, voyage);
        }
    }

    /// A ferry between two ports, with some hours alongside in each.
    pub fn ferry(&mut self, from: &'static str, to: &'static str, cruise: Knots, turn_hours: f64) {
        let identity =
            self.registry.issue(country_of(from), Class::A, ship_type::PASSENGER, dimensions(95, 17));
        let voyage = self.round(&[from, to], 0, cruise, (turn_hours, turn_hours + 1.0), (4.4, 4.6));
        self.add(identity, voyage);
    }

    /// Tugs that run between the berths and the roads of a port, in daylight more than at night.
    pub fn tugs(&mut self, count: usize, name: &'static str) {
        for _ in 0..count {
            let identity =
                self.registry.issue(country_of(name), Class::A, ship_type::TUG, dimensions(32, 10));
            let mut here = self.place(name, Lie::Berth);
            let mut voyage = Voyage::moored_at(here, self.early_start(24.0), 3.4);
            while voyage.now() < self.window.end {
                let hours = self.random.between(2.0, 11.0);
                voyage.stay(hours, 3.4);
                let roads = self.sail_to(&mut voyage, here, name, Lie::Roads, Knots(8.0));
                let hours = self.random.between(0.4, 1.5);
                voyage.stay(hours, 3.4);
                here = self.sail_to(&mut voyage, roads, name, Lie::Berth, Knots(8.0));
            }
            self.add(identity, voyage);
        }
    }

    /// A ship that spends its days between two ports' berths: supply runs.
    pub fn tender(&mut self, home: &'static str, other: &'static str, stay_hours: (f64, f64)) {
        let identity = self.registry.issue(country_of(home), Class::A, ship_type::TUG, dimensions(41, 11));
        let voyage = self.round(&[home, other], 1, Knots(9.5), stay_hours, (3.2, 3.6));
        self.add(identity, voyage);
    }

    /// Fishing boats that go to a ground for a day or two and come back. Gives the index of the first one.
    pub fn fishing(&mut self, count: usize, home: &'static str, ground: &str, class: Class) -> usize {
        let found = GROUNDS.iter().find(|&&(name, ..)| name == ground);
        let &(_, entry, area) = found.unwrap_or(&GROUNDS[0]);
        let first = self.ships.len();
        for _ in 0..count {
            let length_m = if class == Class::A { 45 } else { 17 };
            let identity =
                self.registry.issue(country_of(home), class, ship_type::FISHING, dimensions(length_m, 8));
            let mut here = self.place(home, Lie::Berth);
            let mut voyage = Voyage::moored_at(here, self.early_start(40.0), 3.1);
            while voyage.now() < self.window.end {
                let hours = self.random.between(6.0, 20.0);
                voyage.stay(hours, 3.1);
                let out = route(here, End::Node(entry), &mut self.random);
                voyage.sail(&out, Knots(9.0), "FISHING GROUNDS");
                let start = voyage.now();
                let stay_hours = self.random.between(14.0, 36.0);
                while voyage.now() < start.after_hours(stay_hours) {
                    let tow = self.place_in(area);
                    let speed = Knots(self.random.between(2.5, 4.0));
                    voyage.work(&[tow], speed, Activity::Fishing);
                    let hours = self.random.between(0.3, 1.5);
                    voyage.arrive(End::Node(entry));
                    voyage.stay(hours, 3.4);
                }
                let berth = self.place(home, Lie::Berth);
                let back = route(End::Node(entry), berth, &mut self.random);
                let first_leg = back.first().map(|waypoint| waypoint.position);
                voyage.work(first_leg.as_slice(), Knots(9.0), Activity::UnderWay);
                voyage.sail(&back, Knots(9.0), port(home).destination);
                voyage.arrive(berth);
                here = berth;
            }
            self.add(identity, voyage);
        }
        first
    }

    /// Yachts with class B that cross the bay by day.
    pub fn yachts(&mut self, count: usize, home: &'static str, other: &'static str) {
        for index in 0..count {
            let kind = if index % 2 == 0 { ship_type::PLEASURE } else { ship_type::SAILING };
            let identity = self.registry.issue(country_of(home), Class::B, kind, dimensions(12, 4));
            let cruise = Knots(self.random.between(5.0, 9.0));
            let voyage = self.round(&[home, other], 0, cruise, (10.0, 60.0), (1.8, 1.8));
            self.add(identity, voyage);
            if index % 3 == 0
                && let Some(ship) = self.ships.last_mut()
            {
                ship.extended = true;
            }
        }
    }

    /// Ships that go back and forth along a lane that is on no chart.
    pub fn passing(&mut self, count: usize, lane: &Lane) {
        for index in 0..count {
            let length_m = lane.length_m + self.random.below(u64::from(lane.length_m)) as u16;
            let beam_m = (length_m / 7) as u8;
            let identity =
                self.registry.issue(lane.country, lane.class, lane.ship_type, dimensions(length_m, beam_m));
            let cruise = Knots(self.random.between(lane.cruise.0, lane.cruise.1));
            let mut places: Vec<(f64, f64)> = lane.places.to_vec();
            if index % 2 == 1 {
                places.reverse();
            }
            let mut way = self.along(&places, lane.spread_m);
            let start = way.first().map(|waypoint| waypoint.position).unwrap_or_default();
            let mut voyage = Voyage::at_sea(start, self.early_start(lane.hours_before), 8.2);
            while voyage.now() < self.window.end {
                voyage.sail(&way, cruise, lane.destinations[index % 2]);
                places.reverse();
                way = self.along(&places, lane.spread_m);
                // The first waypoint is where the ship is, so it is passed over; it has one of its own.
                if let (Some(first), Some(here)) = (way.first_mut(), voyage.spans().last()) {
                    first.position = here.to;
                }
            }
            self.add(identity, voyage);
        }
    }

    fn along(&mut self, places: &[(f64, f64)], spread_m: f64) -> Vec<Waypoint> {
        places
            .iter()
            .map(|&(lon, lat)| {
                let course_deg = self.random.between(0.0, 360.0);
                let off_m = spread_m * self.random.unit();
                let position = destination(Position::new(lon, lat), course_deg, off_m);
                Waypoint { position, limit: Knots(60.0) }
            })
            .collect()
    }

    /// A ship that calls at a port with its transponder off. Gives its index.
    pub fn runner(&mut self, run: &Run) -> usize {
        let length_m = 95 + self.random.below(70) as u16;
        let country = *self.random.pick(RUNNER_FLAGS);
        let size = dimensions(length_m, (length_m / 7) as u8);
        let identity = self.registry.issue(country, Class::A, ship_type::CARGO, size);
        let cruise = Knots(self.random.between(10.5, 13.0));
        let home = self.place(run.home, run.lie);
        let mut voyage = Voyage::moored_at(home, self.window.start, 4.4);
        let departs_h = self.random.between(run.departs_h.0, run.departs_h.1);
        voyage.stay(departs_h, 4.4);
        let said = port(run.after).destination;
        let hidden = self.place(run.hidden, Lie::Berth);
        let after = self.place(run.after, run.lie);
        let out = self.leg(&mut voyage, (home, hidden), cruise, said);
        let loading_h = self.random.between(8.0, 15.0);
        voyage.stay(loading_h, 6.7);
        let back = self.leg(&mut voyage, (hidden, after), cruise, said);
        let dark = self.dark(run, out, back);
        voyage.silence(dark.start, dark.end, "calls at a port unseen");
        if run.blip {
            voyage.blip(out.end.after_hours(-0.7));
        }
        let (mut here, mut next) = (after, run.home);
        while voyage.now() < self.window.end {
            let hours = self.random.between(12.0, 40.0);
            voyage.stay(hours, 4.6);
            here = self.sail_to(&mut voyage, here, next, Lie::Berth, cruise);
            next = if next == run.home && run.home != run.after { run.after } else { OTHER_TRADE };
        }
        let index = self.ships.len();
        self.ships.push(Ship::new(identity, Role::Watched, voyage));
        index
    }

    /// When a runner's transponder is off: from the roads to the roads, or from some way out to some way back.
    fn dark(&mut self, run: &Run, out: Window, back: Window) -> Window {
        let hours = |window: Window| window.end.since_ms(window.start) as f64 / HOUR_MS as f64;
        let (out_h, back_h) = (hours(out), hours(back));
        let share = self.random.between(0.2, 0.6);
        let (start, end) = match run.lie {
            Lie::Roads => {
                let early_h = self.random.between(0.5, 2.5);
                (out.start.after_hours(-early_h), back.end.after_hours(early_h / 2.0))
            }
            Lie::Berth => {
                (out.start.after_hours(out_h * share), back.start.after_hours(back_h * (1.0 - share)))
            }
        };
        let start = start.max(out.end.after_hours(-MOST_HOURS_OUT));
        Window { start, end: end.min(start.after_hours(MOST_HOURS_DARK)) }
    }

    /// Sails from one place in port to another; gives departure and arrival.
    fn leg(
        &mut self,
        voyage: &mut Voyage,
        (here, there): (End, End),
        cruise: Knots,
        said: &'static str,
    ) -> Window {
        let start = voyage.now();
        voyage.sail(&route(here, there, &mut self.random), cruise, said);
        voyage.arrive(there);
        Window { start, end: voyage.now() }
    }

    /// Goes round a list of ports for the whole scenario; it has begun before, so that ships start anywhere.
    fn round(
        &mut self,
        ports: &[&'static str],
        first: usize,
        cruise: Knots,
        stay: (f64, f64),
        draught: (f64, f64),
    ) -> Voyage {
        let mut at = first;
        let mut here = self.place(ports[at], Lie::Berth);
        let draught_m = self.random.between(draught.0, draught.1);
        let mut voyage = Voyage::moored_at(here, self.early_start(72.0), draught_m);
        while voyage.now() < self.window.end {
            let hours = self.random.between(stay.0, stay.1);
            let draught_m = self.random.between(draught.0, draught.1);
            voyage.stay(hours, draught_m);
            at = (at + 1) % ports.len();
            here = self.sail_to(&mut voyage, here, ports[at], Lie::Berth, cruise);
        }
        voyage
    }

    fn sail_to(
        &mut self,
        voyage: &mut Voyage,
        here: End,
        name: &'static str,
        lie: Lie,
        cruise: Knots,
    ) -> End {
        let there = self.place(name, lie);
        voyage.sail(&route(here, there, &mut self.random), cruise, port(name).destination);
        voyage.arrive(there);
        there
    }

    fn place(&mut self, name: &str, lie: Lie) -> End {
        port(name).place(lie, &mut self.random)
    }

    fn place_in(&mut self, [west, south, east, north]: [f64; 4]) -> Position {
        Position::new(self.random.between(west, east), self.random.between(south, north))
    }

    fn early_start(&mut self, hours: f64) -> EventTime {
        self.window.start.after_hours(-hours * self.random.unit())
    }

    fn window_hours(&self) -> f64 {
        self.window.end.since_ms(self.window.start) as f64 / crate::time::HOUR_MS as f64
    }

    fn add(&mut self, identity: Identity, voyage: Voyage) {
        self.ships.push(Ship::new(identity, Role::Ordinary, voyage));
    }
}

/// The flag of those at home in a port, by the country in its id.
fn country_of(port_id: &str) -> u32 {
    match port_id.get(..2) {
        Some("KR") => KOREA,
        Some("JP") => JAPAN,
        _ => RUSSIA,
    }
}
