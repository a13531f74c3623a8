//! From reports as they come to the reports of each ship in time order.
//!
//! [`Source`] tells what is late and how far its source has come, [`Receivers`] whose clocks are
//! off; [`Hold`] keeps reports until all sources have come that far; [`Recent`] knows copies;
//! [`Identity`] tells the ships apart that use one MMSI.
#![no_std]

extern crate alloc;

pub mod duplicates;
pub mod hold;
pub mod identity;
pub mod receivers;
pub mod source;

pub use duplicates::{CROWDED_MS, Copy, Recent};
pub use hold::{Beside, Hold, OrderKey, Turn};
pub use identity::{Identity, Placement, is_close};
pub use receivers::{Receivers, WrongClock};
pub use source::{Admission, Source};
