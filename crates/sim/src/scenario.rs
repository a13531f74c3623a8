//! The scenarios by name.

use crate::fleet::Ship;
use crate::reception::{Reception, Window};
use crate::time::EventTime;
use crate::truth::Truth;
use crate::{antimeridian, exits, feed, harbour, identity, jamming, mixed, outage, rajin, sparse};
use std::io::{self, Write};

/// The names that [`generate`] knows.
pub const NAMES: &[&str] =
    &["rajin", "harbour", "sparse", "mixed", "outage", "exits", "jamming", "antimeridian", "identity"];

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
    match name {
        "rajin" => Some(rajin::scenario(seed)),
        "harbour" => Some(harbour::scenario(seed)),
        "sparse" => Some(sparse::scenario(seed)),
        "mixed" => Some(mixed::scenario(seed)),
        "outage" => Some(outage::scenario(seed)),
        "exits" => Some(exits::scenario(seed)),
        "jamming" => Some(jamming::scenario(seed)),
        "antimeridian" => Some(antimeridian::scenario(seed)),
        "identity" => Some(identity::scenario(seed)),
        _ => None,
    }
}

/// Writes the feed of a scenario, line by line in order of arrival, and gives its truth; `None` if there is no scenario of
/// that name. Equal names and seeds give equal bytes, on every system.
///
/// # Errors
/// If `feed` cannot be written.
pub fn generate(name: &str, seed: u64, feed: &mut dyn Write) -> io::Result<Option<Truth>> {
    scenario(name, seed).map(|scenario| feed::write(&scenario, seed, feed)).transpose()
}
