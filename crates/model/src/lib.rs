//! The words of the event contract as types.
//!
//! Everything here is plain data: no I/O, no clock, no threads. Positions are integers of
//! 10⁻⁶ degree, speeds and courses integers of 0.1, times integers of one millisecond.
//!
//! ```
//! use model::{Mmsi, Position};
//! let rajin = Position::from_degrees(130.3, 42.2333).unwrap();
//! let dunai = Position::from_degrees(132.36, 42.89).unwrap();
//! assert_eq!((rajin.distance_m(dunai) / 1000.0) as i64, 183);
//! assert!(Mmsi(273_000_001).is_vessel());
//! ```
#![no_std]

extern crate alloc;

pub mod alert;
pub mod cell;
pub mod fact;
pub mod fate;
pub mod hash;
pub mod lattice;
pub mod mid;
pub mod mmsi;
pub mod number;
pub mod port;
pub mod position;
pub mod prefetch;
pub mod rare;
pub mod report;
pub mod roster;
pub mod sighting;
pub mod statics;
pub mod time;

pub use cell::Cell;
pub use compact_str::CompactString;
pub use fact::{
    Crossing, Fact, FactChange, FactKey, FactKind, Fix, Hop, Silence, TimeSpan, TrackId, Visit, VisitClass,
};
pub use fate::{Fate, Reason};
pub use mmsi::Mmsi;
pub use port::{Port, PortIndex, PortKind, Ports, Shape};
pub use position::Position;
pub use rare::Rare;
pub use report::{
    Class, MessageType, Origin, Payload, PositionReport, StaticReport, TimeSource, Transmission,
};
pub use statics::{Dimensions, StaticKey, Statics};
pub use time::EventTime;
