//! Seeded fleets and AIS feeds with known truth.
//!
//! A [`scenario`] is a list of ships with plans, receivers that hear some of what they send, and what the feed leaves out.
//! [`generate`] writes its lines, as a network of receivers would deliver them, and says what really happened. The same
//! name and seed give the same bytes, today and on every system: the dice are our own, and float functions are `libm`'s.
//!
//! [`encode`] makes single AIS messages and sentences, for anybody's tests.
//!
//! ```
//! let mut feed = Vec::new();
//! let truth = sim::generate("harbour", 1, &mut feed)?.expect("one of sim::NAMES");
//! assert_eq!(truth.ships.len(), 12);
//! assert_eq!(truth.counts.bytes, feed.len() as u64);
//! let mut json = Vec::new();
//! truth.write_json(&mut json)?;
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod chart;
pub mod encode;
mod feed;
pub mod fleet;
mod harbour;
mod rajin;
pub mod random;
pub mod reception;
pub mod scenario;
mod sparse;
pub mod sphere;
pub mod time;
pub mod traffic;
pub mod truth;
pub mod voyage;

pub use scenario::{NAMES, generate};
pub use truth::Truth;
