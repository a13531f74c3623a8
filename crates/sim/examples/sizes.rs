//! How large the scenarios are, and what is in their truth; and, with a directory, the feeds and truths themselves.
//!
//! ```text
//! cargo run --release -p sim --example sizes -- [NAME [SEED [DIRECTORY]]]
//! ```

use sim::Truth;
use sim::truth::{Kind, UnheardReason};
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let only = arguments.next();
    let seed = arguments.next().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let directory = arguments.next().map(PathBuf::from);
    for name in sim::NAMES.iter().filter(|name| only.as_deref().is_none_or(|only| only == **name)) {
        let started = Instant::now();
        let mut feed = Vec::new();
        let Some(truth) = sim::generate(name, seed, &mut feed)? else { continue };
        describe(&truth, started.elapsed().as_secs_f64(), &mut io::stdout().lock())?;
        if let Some(directory) = &directory {
            std::fs::write(directory.join(format!("{name}.nmea")), &feed)?;
            truth.write_json(&mut File::create(directory.join(format!("{name}.json")))?)?;
        }
    }
    Ok(())
}

fn describe(truth: &Truth, seconds: f64, out: &mut dyn Write) -> io::Result<()> {
    let counts = truth.counts;
    let megabytes = counts.bytes as f64 / 1e6;
    writeln!(
        out,
        "{}: {} ships, {} lines, {megabytes:.1} MB, {seconds:.1} s",
        truth.scenario, counts.ships, counts.lines
    )?;
    for kind in [Kind::Deliberate, Kind::Berth, Kind::Withheld, Kind::Jammed] {
        let silences = truth.ships.iter().flat_map(|ship| &ship.silences);
        let count = silences.filter(|silence| silence.kind == kind).count();
        writeln!(out, "  {kind:?}: {count}")?;
    }
    for reason in [UnheardReason::Coverage, UnheardReason::Outage, UnheardReason::Weak] {
        let spells = truth.ships.iter().flat_map(|ship| &ship.unheard);
        let count = spells.filter(|spell| spell.reason == reason).count();
        writeln!(out, "  unheard, {reason:?}: {count}")?;
    }
    let blips: usize = truth.ships.iter().map(|ship| ship.blips.len()).sum();
    writeln!(
        out,
        "  blips: {blips}; weak ships: {}",
        truth.ships.iter().filter(|ship| ship.own < 1.0).count()
    )
}
