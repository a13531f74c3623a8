//! `darkwake reception export`: where ships are heard, as a map to look at.

use std::io::Write;
use std::path::Path;

use serve::places::cell_feature;

use crate::cli::{Reading, Reception};
use crate::interrupt::Interrupt;
use crate::outputs;
use crate::read::{self, Wanted};

/// Reads the inputs and writes what is known of hearing at their end.
pub fn run(command: &Reception) -> anyhow::Result<()> {
    let Reception::Export { reading, out } = command;
    export(reading, out)
}

fn export(reading: &Reading, path: &Path) -> anyhow::Result<()> {
    let done = read::read(reading, &Wanted::default(), &Interrupt::listen()?)?;
    let mut out = outputs::create(path)?;
    writeln!(out, "{{\"type\":\"FeatureCollection\",\"features\":[")?;
    let cells = done.outcome.reception.of_cells();
    for (at, cell) in cells.iter().enumerate() {
        let comma = if at + 1 < cells.len() { "," } else { "" };
        writeln!(out, "{}{comma}", cell_feature(cell))?;
    }
    writeln!(out, "]}}")?;
    out.finish()?;
    done.end()
}
