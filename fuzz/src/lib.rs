//! What is fuzzed: a function for each place where bytes come in from outside. It panics where they do what they must
//! not.
//!
//! The programs in `fuzz_targets` give each to libFuzzer; `tests/fuzz_corpus.rs` of the project gives it the files in
//! `corpus`, and mutations of them.

mod files;
mod lines;
mod state;

pub use files::{archive, config, port_file, ship_list, sightings};
pub use lines::{datagram, json_line, message, nmea_line, table_row, tag_block};
pub use state::{log_record, log_segment, resume, snapshot, snapshots};

/// A target.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Target); 15] = [
    ("archive", archive),
    ("config", config),
    ("datagram", datagram),
    ("json_line", json_line),
    ("log_record", log_record),
    ("log_segment", log_segment),
    ("message", message),
    ("nmea_line", nmea_line),
    ("port_file", port_file),
    ("resume", resume),
    ("ship_list", ship_list),
    ("sightings", sightings),
    ("snapshot", snapshot),
    ("table_row", table_row),
    ("tag_block", tag_block),
];
