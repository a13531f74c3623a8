//! AIS messages from physical values to sentences: what a transponder and a shore station do (ITU-R M.1371-5, NMEA 0183).
//!
//! Three steps, each usable alone: a *message* struct becomes a [`Payload`] of bits, a payload becomes sentences
//! ([`sentences`]), and sentences get a TAG block ([`tag_block`], [`tagged`]). A value that is `None` is sent as "not
//! available".
//!
//! ```
//! use sim::encode::{Channel, PositionA, sentences};
//! use sim::sphere::Position;
//!
//! let report = PositionA {
//!     mmsi: 273_000_001,
//!     position: Some(Position::new(131.8883, 43.1089)),
//!     speed_kn: Some(0.1),
//!     second: Some(12),
//!     ..PositionA::default()
//! };
//! let lines = sentences(&report.encode(), "AIVDM", Channel::A, 0);
//! assert_eq!(lines.len(), 1);
//! assert!(lines[0].starts_with("!AIVDM,1,1,,A,1"));
//! ```

mod bits;
mod dynamic;
mod sentence;
mod statics;
mod stationary;

pub use bits::Payload;
pub use dynamic::{LongRange, PositionA, PositionAKind, PositionB};
pub use sentence::{Channel, MAX_PAYLOAD_CHARS, TagBlock, checksum, sentences, tag_block, tagged};
pub use statics::{Dimensions, EstimatedArrival, ExtendedB, StaticA, StaticB, StaticBPart};
pub use stationary::{AidToNavigation, BaseStation};
