//! Seeded fleets and AIS feeds with known truth.
//!
//! A [`scenario`] is a list of ships with plans, receivers that hear some of what they send, and what the feed leaves out.
//! [`generate`] writes its lines, as a network of receivers would deliver them, and says what really happened. The same
//! name and seed give the same bytes, today and on every system: the dice are our own, and float functions are `libm`'s.
//!
//! | name | days | ships | lines | what it is for |
//! |---|---|---|---|---|
//! | `rajin` | 10 | 104 | 570,000 | four ships that load at Rajin unseen, among a hundred that hide nothing |
//! | `harbour` | 1 | 12 | 25,000 | a small feed for quick tests |
//! | `sparse` | 20 | 60 | 28,000 | what satellites alone see |
//! | `mixed` | 7 | 500 | 2,000,000 | good and poor coverage; some seventy deliberate silences, and all ordinary reasons to be unheard |
//! | `outage` | 3 | 471 | 550,000 | a receiver with 400 ships in range fails; one of them was off before |
//! | `exits` | 4 | 122 | 220,000 | leaving coverage, berth shutdowns, withheld positions, a shared MMSI, blips, a satellite's wrong clock |
//! | `jamming` | 2 | 109 | 220,000 | 25 ships believe to be elsewhere for three hours; one of them hides later |
//! | `antimeridian` | 3 | 69 | 170,000 | ships across 180° and at 70° N, a silence of each |
//! | `identity` | 3 | 70 | 160,000 | new numbers and names across silences, wrong MMSIs and IMO numbers |
//!
//! The [`truth`] tells of each silence how likely the ship would have been heard, so that a judge can be scored without
//! knowing how the feed was made. `examples/sizes.rs` prints how much a scenario holds.
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

mod antimeridian;
mod audibility;
pub mod chart;
mod deeds;
pub mod encode;
mod exits;
mod feed;
pub mod fleet;
mod harbour;
mod identity;
mod jamming;
mod ledger;
mod mixed;
mod outage;
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
