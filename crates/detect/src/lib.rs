//! What a track's reports, in time order, amount to: silences, port visits and hops, and how they are judged.
//!
//! [`Story`] is the whole of it for one track: give it reports in time order and it gives out
//! changes of facts. It can be cloned at any point and run again with a report more, which is how
//! late reports revise what was told.
#![no_std]

extern crate alloc;

pub mod activity;
pub mod dark;
pub mod history;
pub mod hop;
pub mod quiet;
pub mod reach;
pub mod reception;
pub mod sighting;
pub mod silence;
pub mod stop;
pub mod story;
pub mod tell;
pub mod visit;
pub mod watch;
pub mod withheld;

use alloc::sync::Arc;
use alloc::vec::Vec;

use model::{
    Cell, Class, EventTime, Fix, MessageType, Mmsi, Origin, PortIndex, Ports, Position, PositionReport,
    Statics,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

pub use history::{LateOutcome, Track};
pub use reception::Reception;
pub use story::Story;
pub use watch::Watch;

/// Where a track may be: asked by the detectors, answered by whoever knows the ports.
pub trait Chart {
    /// The ports and their relations.
    fn ports(&self) -> &Ports;
    /// The ports that exist at `t` and hold the position.
    fn inside(&self, position: Position, t: EventTime) -> Inside;
    /// Whether the position is surely more than 10 km and every exit buffer away from all ports.
    fn is_open_sea(&self, position: Position) -> bool;
    /// How far outside `port` a position is.
    fn outside(&self, port: PortIndex, position: Position) -> Outside;
    /// The port in which a ship at rest lies, if it is one.
    fn berth(&self, position: Position, t: EventTime) -> Option<PortIndex>;
    /// Whether any port is at most so far away.
    fn is_port_within(&self, position: Position, distance_m: f64) -> bool;
    /// The middle of a port.
    fn port_position(&self, port: PortIndex) -> Position;
    /// The cell that a position is in.
    fn cell(&self, position: Position) -> Cell;
    /// Whether there is water in a cell.
    fn is_water(&self, cell: Cell) -> bool;
    /// Ports at most so far away by water, with their distances in metres, in the order of the port file.
    fn ports_by_water(&self, from: Position, bound_m: f64) -> Arc<Vec<(PortIndex, f64)>>;
    /// Those of them from which it is, as the crow flies, at most as much of `whole_m` to a second position as is left.
    fn ports_on_the_way(
        &self,
        from: Position,
        bound_m: f64,
        to: Position,
        whole_m: f64,
    ) -> Arc<Vec<(PortIndex, f64)>>;
    /// Distance by water in metres, if it is at most `bound_m`.
    fn distance_within_m(&self, from: Position, to: Position, bound_m: f64) -> Option<f64>;
    /// Distance by water in metres, where it is within the limit of searches.
    fn distance_by_water_m(&self, from: Position, to: Position) -> Option<f64>;
    /// What is known of hearing.
    fn reception(&self) -> &Reception;
    /// What people want to hear of.
    fn watch(&self) -> &Watch;
    /// Whether somebody wants to know of a report: it is close to a sighting, or of a ship that was seen about then.
    fn is_sought(&self, mmsi: Mmsi, imo: Option<u32>, fix: Fix) -> bool;
    /// Whether somebody wants to know of any.
    fn is_any_sought(&self) -> bool {
        false
    }
}

/// The ports that hold a position, in the order of the port file.
pub type Inside = SmallVec<[PortIndex; 4]>;

/// How far outside a port a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outside {
    /// Not more than the port's exit buffer.
    Near,
    /// More than the exit buffer.
    Beyond,
    /// More than 10 km.
    Far,
}

/// An accepted report, as far as facts need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// When and where.
    pub fix: Fix,
    /// Speed over ground in 0.1 kn.
    pub sog: Option<u16>,
    /// Course over ground in 0.1°.
    pub cog: Option<u16>,
    /// Class of the transponder.
    pub class: Class,
    /// Navigational status (ITU-R M.1371-5 annex 8, 3.1).
    pub nav_status: Option<u8>,
    /// ITU reporting interval of a ship in this state.
    pub interval: Interval,
    /// Where it was read.
    pub origin: Origin,
    /// How many reports like this one, in the same hour, were left out of the journal after it.
    pub thinned: u32,
    /// Distance from the report before, where reports in between were left out, micrometres.
    pub leg_um: Option<i64>,
    /// Static values that came with it.
    pub statics: Option<Arc<Statics>>,
}

impl Report {
    /// What facts need of a position report.
    #[must_use]
    pub fn new(report: &PositionReport) -> Report {
        Report {
            fix: Fix { t: report.t, position: report.position },
            sog: report.sog,
            cog: report.cog,
            class: report.kind.class(),
            nav_status: report.nav_status,
            origin: report.origin,
            interval: Interval::of(report.kind, report.sog, report.nav_status),
            thinned: 0,
            leg_um: None,
            statics: report.statics.clone(),
        }
    }
}

/// Navigational status "at anchor" (ITU-R M.1371-5 annex 8, 3.1).
pub const AT_ANCHOR: u8 = 1;
/// Navigational status "moored".
pub const MOORED: u8 = 5;

/// Reporting intervals of ITU-R M.1371-5 annex 1 table 1, without the shorter ones of turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interval {
    /// 2 s
    S2,
    /// 6 s
    S6,
    /// 10 s
    S10,
    /// 30 s
    S30,
    /// 180 s
    S180,
}

impl Interval {
    /// The interval of a ship that sends this.
    #[must_use]
    pub fn of(kind: MessageType, sog: Option<u16>, nav_status: Option<u8>) -> Interval {
        let at_rest = nav_status == Some(AT_ANCHOR) || nav_status == Some(MOORED);
        match (kind.0, sog) {
            (27, _) => Interval::S180,
            (18 | 19, Some(0..=20)) => Interval::S180,
            (18 | 19, _) => Interval::S30,
            (_, None | Some(0..=30)) if at_rest => Interval::S180,
            (_, None | Some(0..=140)) => Interval::S10,
            (_, Some(141..=230)) => Interval::S6,
            (_, Some(_)) => Interval::S2,
        }
    }

    /// Milliseconds between reports.
    #[must_use]
    pub const fn ms(self) -> i64 {
        match self {
            Interval::S2 => 2_000,
            Interval::S6 => 6_000,
            Interval::S10 => 10_000,
            Interval::S30 => 30_000,
            Interval::S180 => 180_000,
        }
    }
}
