//! The shell's sources and sinks: files of every kind in, facts and alerts out.
//!
//! Nothing here decides anything about ships. A source gives decoded lines with their origin; a
//! sink writes what the core says.

pub mod ahead;
pub mod alerts;
pub mod facts;
pub mod files;
pub mod journal;
pub mod json;
pub mod kafka;
pub mod lines;
pub mod lists;
pub mod live;
pub mod log;
pub mod ports;
pub mod reader;
pub mod sightings;
pub mod sinks;
pub mod sorted;

pub use files::{Input, InputError};
pub use reader::{Format, Reader};
