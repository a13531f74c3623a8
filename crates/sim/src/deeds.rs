//! Finding ships that happen to be where a scenario needs them, and switching them off.

use crate::chart::Lie;
use crate::fleet::{Class, Role, Ship, Weakness};
use crate::random::{Random, hash_unit};
use crate::reception::{Reception, Stations, Transmission, Window};
use crate::sphere::{Position, distance_m};
use crate::time::{EventTime, HOUR_MS, MINUTE_MS};
use crate::traffic::ship_type;
use crate::voyage::{Activity, SilenceKind};

/// How well a ship is heard where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// Most of its messages are heard.
    Good,
    /// Some are.
    Edge,
    /// None, but by satellites.
    Open,
}

/// A ship and the moment at which it is as asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// Its index.
    pub(crate) ship: usize,
    /// When.
    pub(crate) at: EventTime,
}

/// Ships, what hears them, and dice.
pub(crate) struct Deeds<'a> {
    pub(crate) ships: &'a mut Vec<Ship>,
    pub(crate) reception: &'a Reception,
    pub(crate) window: Window,
    pub(crate) seed: u64,
    pub(crate) random: Random,
}

/// How often a ship and a moment are drawn before it is given up.
const TRIES: u32 = 40_000;
/// No planned silence ends later than this before the end of the scenario, ms.
const END_MARGIN_MS: i64 = 3 * HOUR_MS;
/// Share of the ships whose transmitter is weak.
const WEAK_SHARE: f64 = 0.12;
/// Their share of the usual odds: from, to.
const WEAK_ODDS: (f64, f64) = (0.4, 0.7);
/// A call long enough to switch the transponder off, ms.
const LONG_CALL_MS: i64 = 6 * HOUR_MS;

impl<'a> Deeds<'a> {
    /// Of the ships of a scenario.
    pub(crate) fn new(ships: &'a mut Vec<Ship>, reception: &'a Reception, window: Window, seed: u64) -> Self {
        Self { ships, reception, window, seed, random: Random::for_purpose(seed, 0xDEED) }
    }

    /// A ship that nothing has been done to yet, at a moment between two hours of the scenario, as asked for.
    pub(crate) fn find(
        &mut self,
        (from_h, to_h): (f64, f64),
        is_wanted: impl Fn(&Self, Found) -> bool,
    ) -> Option<Found> {
        for _ in 0..TRIES {
            let ship = self.random.below(self.ships.len() as u64) as usize;
            let at = self.window.start.after_hours(self.random.between(from_h, to_h));
            let found = Found { ship, at };
            if self.is_untouched(ship) && is_wanted(self, found) {
                return Some(found);
            }
        }
        None
    }

    /// The ships with nothing done to them, nearest to a place first.
    pub(crate) fn nearest(&self, place: Position, at: EventTime) -> Vec<usize> {
        let mut near: Vec<(f64, usize)> = (0..self.ships.len())
            .filter(|&ship| self.is_untouched(ship))
            .filter_map(|ship| Some((distance_m(place, self.position(ship, at)?), ship)))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.into_iter().map(|(_, ship)| ship).collect()
    }

    fn is_untouched(&self, ship: usize) -> bool {
        let ship = &self.ships[ship];
        ship.voyage.silences().is_empty() && ship.role == Role::Ordinary
    }

    /// What a ship does at a moment.
    pub(crate) fn activity(&self, found: Found) -> Option<Activity> {
        self.ships[found.ship].voyage.at(found.at).map(|moment| moment.span.activity)
    }

    /// Under way or fishing.
    pub(crate) fn is_at_sea(&self, found: Found) -> bool {
        matches!(self.activity(found), Some(Activity::UnderWay | Activity::Fishing))
    }

    /// A class A ship under way that is no tug: one that is heard every few seconds and goes somewhere.
    pub(crate) fn is_steady(&self, found: Found) -> bool {
        let identity = &self.ships[found.ship].identity;
        identity.class == Class::A
            && identity.ship_type != ship_type::TUG
            && self.activity(found) == Some(Activity::UnderWay)
    }

    /// Where a ship is.
    pub(crate) fn position(&self, ship: usize, at: EventTime) -> Option<Position> {
        self.ships[ship].voyage.at(at).map(|moment| moment.position)
    }

    /// The odds of one of its position reports.
    pub(crate) fn odds(&self, found: Found) -> f64 {
        let ship = &self.ships[found.ship];
        let Some(moment) = ship.voyage.at(found.at) else { return 0.0 };
        let sent = Transmission {
            mmsi: ship.identity.mmsi,
            kind: 0,
            at: found.at,
            position: moment.position,
            class: ship.identity.class,
            long_range: false,
            strength: ship.own,
        };
        self.reception.odds(&sent, Stations::AsTheyWere)
    }

    /// How well it is heard.
    pub(crate) fn coverage(&self, found: Found) -> Coverage {
        match self.odds(found) {
            odds if odds > 0.5 => Coverage::Good,
            odds if odds > 0.02 => Coverage::Edge,
            _ => Coverage::Open,
        }
    }

    /// Its odds are at least `odds` at each half hour of some hours from then on.
    pub(crate) fn stays_heard(&self, found: Found, hours: f64, odds: f64) -> bool {
        let end = found.at.after_hours(hours);
        (found.at.0..=end.0)
            .step_by(30 * MINUTE_MS as usize)
            .all(|at| self.odds(Found { at: EventTime(at), ..found }) >= odds)
    }

    /// A steady ship, most of whose messages are heard, now and for two hours on: its silence would show at once.
    pub(crate) fn is_well_heard(&self, found: Found) -> bool {
        self.is_steady(found) && self.coverage(found) == Coverage::Good && self.stays_heard(found, 2.0, 0.5)
    }

    /// Switches a ship off for some hours; it is one that the scenario is about.
    pub(crate) fn switch_off(&mut self, found: Found, hours: f64, reason: &'static str) -> Window {
        let window = Window { start: found.at, end: found.at.after_hours(hours) };
        self.ships[found.ship].voyage.silence(window.start, window.end, reason);
        self.ships[found.ship].role = Role::Watched;
        window
    }

    /// Switches ships off at sea where they are heard so well, each for a while between `hours`, more often a short one.
    pub(crate) fn switch_off_at_sea(&mut self, count: usize, coverage: Coverage, hours: (f64, f64)) {
        for _ in 0..count {
            let hours = self.hours_between(hours);
            let wanted = |deeds: &Self, found: Found| {
                deeds.is_at_sea(found)
                    && deeds.ships[found.ship].identity.ship_type != ship_type::TUG
                    && deeds.coverage(found) == coverage
                    && deeds.ends_in_time(found, hours)
            };
            if let Some(found) = self.find(self.middle_hours(), wanted) {
                self.switch_off(found, hours, "switched off at sea");
            }
        }
    }

    /// Switches ships off at anchor that stay there.
    pub(crate) fn switch_off_at_anchor(&mut self, count: usize, hours: (f64, f64)) {
        for _ in 0..count {
            let hours = self.hours_between(hours);
            let wanted = |deeds: &Self, found: Found| {
                let later = Found { at: found.at.after_hours(hours), ..found };
                deeds.activity(found) == Some(Activity::Anchored)
                    && deeds.activity(later) == Some(Activity::Anchored)
                    && deeds.ends_in_time(found, hours)
            };
            if let Some(found) = self.find(self.middle_hours(), wanted) {
                self.switch_off(found, hours, "switched off at anchor");
            }
        }
    }

    /// Ships that are off while they lie alongside: soon after they came, and on again before they leave.
    pub(crate) fn switch_off_at_berths(&mut self, count: usize) {
        let mut left = count;
        for _ in 0..TRIES {
            if left == 0 {
                break;
            }
            let ship = self.random.below(self.ships.len() as u64) as usize;
            let calls: Vec<Window> = self.ships[ship]
                .voyage
                .calls()
                .iter()
                .filter_map(|call| {
                    let stay = Window { start: call.start, end: call.end };
                    let inside = self.window.start.after_hours(20.0) < stay.start
                        && stay.end.after_ms(END_MARGIN_MS) < self.window.end;
                    (call.lie == Lie::Berth && inside && stay.end.since_ms(stay.start) >= LONG_CALL_MS)
                        .then_some(stay)
                })
                .collect();
            if calls.is_empty() || !self.is_untouched(ship) {
                continue;
            }
            let stay = *self.random.pick(&calls);
            let start = stay.start.after_hours(self.random.between(0.5, 1.5));
            let end = stay.end.after_hours(-self.random.between(0.3, 1.0));
            let voyage = &mut self.ships[ship].voyage;
            voyage.silence_of(SilenceKind::Berth, start, end, "switched off at its berth");
            left -= 1;
        }
    }

    /// Makes a share of the ordinary ships weak.
    pub(crate) fn weaken(&mut self) {
        let seed = self.seed;
        for ship in self.ships.iter_mut().filter(|ship| ship.role == Role::Ordinary) {
            let who = u64::from(ship.identity.mmsi);
            if hash_unit(&[seed, who, 0x3EA4]) < WEAK_SHARE {
                ship.own = WEAK_ODDS.0 + (WEAK_ODDS.1 - WEAK_ODDS.0) * hash_unit(&[seed, who, 0x3EA5]);
                let in_spells = hash_unit(&[seed, who, 0x3EA6]) < 0.5;
                ship.weakness = if in_spells { Weakness::Spells } else { Weakness::Steady };
            }
        }
    }

    /// Larger ships send long-range reports too, a third of them.
    pub(crate) fn add_long_range(&mut self) {
        let large =
            |ship: &&mut Ship| ship.identity.class == Class::A && ship.identity.dimensions.length_m() >= 100;
        for ship in self.ships.iter_mut().filter(large) {
            ship.long_range = ship.identity.mmsi % 3 == 0;
        }
    }

    /// A silence of so many hours from then on ends before the scenario does.
    pub(crate) fn ends_in_time(&self, found: Found, hours: f64) -> bool {
        found.at.after_hours(hours).after_ms(END_MARGIN_MS) < self.window.end
    }

    /// Not the first day and a quarter, in which a listener learns.
    fn middle_hours(&self) -> (f64, f64) {
        let hours = self.window.end.since_ms(self.window.start) as f64 / HOUR_MS as f64;
        (30.0, hours - 4.0)
    }

    /// Each doubling of the time is as likely as the next.
    fn hours_between(&mut self, (low, high): (f64, f64)) -> f64 {
        low * libm::pow(high / low, self.random.unit())
    }
}
