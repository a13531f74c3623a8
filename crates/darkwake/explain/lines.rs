//! The lines of the inputs in which a ship's messages stand.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use connect::files;
use connect::lines::{Line, Lines};

use super::Place;
use crate::cli::Reading;
use crate::outputs;

/// A line that is longer is none.
const MAX_LINE: usize = 1 << 20;

/// Writes them as `input:number: text`; how many messages were read where no line can be shown.
pub fn write(path: &Path, reading: &Reading, places: &BTreeSet<(Place, u64)>) -> anyhow::Result<usize> {
    let mut out = outputs::create(path)?;
    // What was recorded has no lines, and standard input is gone.
    let inputs = if crate::read::is_log(reading) { Vec::new() } else { files::find(&reading.inputs)? };
    let mut left_out = 0;
    let numbers: BTreeSet<u32> = places.iter().map(|(place, _)| place.input).collect();
    for number in numbers {
        let of_input = places.iter().filter(|(place, _)| place.input == number);
        let input = inputs.get(number as usize).filter(|input| !input.is_stdin());
        let Some(input) = input else {
            left_out += of_input.count();
            continue;
        };
        // The parts of a message of several sentences stand before the last, as a rule just before it.
        let wanted: BTreeSet<u64> = of_input
            .flat_map(|(place, lines)| place.line.saturating_sub(lines.saturating_sub(1)).max(1)..=place.line)
            .collect();
        let name = input.name();
        let mut lines = Lines::new(input.open()?, MAX_LINE);
        let mut at = 0;
        while let Some(line) = lines.next_line().with_context(|| name.clone())? {
            at += 1;
            if let Line::Text(text) = line
                && wanted.contains(&at)
            {
                write!(out, "{name}:{at}: ")?;
                out.write_all(text)?;
                out.write_all(b"\n")?;
            }
            if wanted.last().is_some_and(|last| at >= *last) {
                break;
            }
        }
    }
    out.finish()?;
    Ok(left_out)
}
