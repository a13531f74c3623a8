//! The scenarios by name.

use crate::deeds::Deeds;
use crate::fleet::Ship;
use crate::random::Random;
use crate::reception::{Reception, Station, Window};
use crate::time::EventTime;
use crate::truth::Truth;
use crate::{antimeridian, exits, feed, harbour, identity, jamming, mixed, outage, rajin, sparse};
use std::io::{self, Write};

const PLANS: [&Plan; 9] = [
    &rajin::PLAN,
    &harbour::PLAN,
    &sparse::PLAN,
    &mixed::PLAN,
    &outage::PLAN,
    &exits::PLAN,
    &jamming::PLAN,
    &antimeridian::PLAN,
    &identity::PLAN,
];

/// The names that [`generate`] knows.
pub const NAMES: &[&str] = &{
    let mut names = [""; PLANS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = PLANS[index].name;
        index += 1;
    }
    names
};

/// What a scenario is made of, but for the dice.
pub(crate) struct Plan {
    /// Its name.
    pub(crate) name: &'static str,
    /// The first moment.
    pub(crate) start: EventTime,
    /// How long it is.
    pub(crate) days: f64,
    /// The ships and their voyages.
    pub(crate) ships: fn(u64, Window) -> Vec<Ship>,
    /// The receivers.
    pub(crate) stations: fn(&mut Random, Window) -> Vec<Station>,
    /// What ships do then that depends on how well they are heard.
    pub(crate) deeds: fn(&mut Deeds<'_>),
    /// Buoys and lights that report.
    pub(crate) aids: &'static [Aid],
    /// What the feed leaves out.
    pub(crate) thinning: Thinning,
}

impl Plan {
    fn scenario(&self, seed: u64) -> Scenario {
        let window = Window { start: self.start, end: self.start.after_hours(24.0 * self.days) };
        let mut ships = (self.ships)(seed, window);
        let stations = (self.stations)(&mut Random::for_purpose(seed, 0x5A7), window);
        let reception = Reception { stations, seed };
        (self.deeds)(&mut Deeds::new(&mut ships, &reception, window, seed));
        Scenario {
            name: self.name,
            start: window.start,
            end: window.end,
            ships,
            reception,
            aids: self.aids.to_vec(),
            thinning: self.thinning,
        }
    }
}

/// Everything from which a feed follows.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The first moment.
    pub start: EventTime,
    /// The first moment after it.
    pub end: EventTime,
    /// The ships.
    pub ships: Vec<Ship>,
    /// The receivers.
    pub reception: Reception,
    /// Buoys and lights that report.
    pub aids: Vec<Aid>,
    /// What the feed leaves out.
    pub thinning: Thinning,
}

/// Feeds pass on only some of what they hear: after each heard message, the next of its sender and kind not before this
/// time, in ms.
#[derive(Clone, Copy, Debug)]
pub struct Thinning {
    /// Positions of ships under way.
    pub under_way_ms: i64,
    /// Positions of ships at rest.
    pub at_rest_ms: i64,
    /// Static messages.
    pub static_ms: i64,
    /// Base station reports.
    pub base_ms: i64,
}

/// An aid to navigation.
#[derive(Clone, Copy, Debug)]
pub struct Aid {
    /// 99MIDxxxx.
    pub mmsi: u32,
    /// Its name.
    pub name: &'static str,
    /// Type of aid (M.1371-5, table 74).
    pub aid_type: u8,
    /// Longitude in degrees.
    pub lon: f64,
    /// Latitude in degrees.
    pub lat: f64,
}

impl Scenario {
    /// From its first to its last moment.
    pub fn window(&self) -> Window {
        Window { start: self.start, end: self.end }
    }
}

/// The scenario of that name; `None` if there is none.
pub fn scenario(name: &str, seed: u64) -> Option<Scenario> {
    PLANS.iter().find(|plan| plan.name == name).map(|plan| plan.scenario(seed))
}

/// Writes the feed of a scenario, line by line in order of arrival, and gives its truth; `None` if there is no scenario of
/// that name. Equal names and seeds give equal bytes, on every system.
///
/// # Errors
/// If `feed` cannot be written.
pub fn generate(name: &str, seed: u64, feed: &mut dyn Write) -> io::Result<Option<Truth>> {
    scenario(name, seed).map(|scenario| feed::write(&scenario, seed, feed)).transpose()
}
