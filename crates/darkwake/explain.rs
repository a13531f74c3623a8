//! `darkwake explain`: one alert as a case folder that somebody else can read, check and replay.
//!
//! What the core decides of a ship follows from that ship's transmissions and from what is measured of all (ticks,
//! watermarks). So the log of one ship, which is small, gives the same alerts as the whole feed, byte for byte. The folder
//! has that log and is not handed out before it was replayed and gave them.

mod case;
mod lines;
mod text;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use connect::log::{Frame, LogReader};
use engine::Entry;
use model::alert::Alert;
use model::{Mmsi, Origin};

use crate::Usage;
use crate::cli::{self, Explain, Reading};
use crate::interrupt::Interrupt;
use crate::read::{self, Done, Only, Wanted};
use case::Case;

/// Writes the folder.
pub fn run(arguments: &Explain) -> anyhow::Result<()> {
    let id = u64::from_str_radix(&arguments.id, 16).ok().filter(|_| arguments.id.len() == 16).with_context(
        || Usage(format!("{}: no id of an alert, which has 16 hexadecimal digits", arguments.id)),
    )?;
    anyhow::ensure!(
        arguments.reading.start.is_none(),
        Usage("explain needs inputs whose lines have a time of their own; --start assumes one".to_owned())
    );
    anyhow::ensure!(
        arguments.reading.inputs.iter().all(|input| input != "-"),
        Usage("explain reads its inputs more than once; standard input is gone then".to_owned())
    );
    anyhow::ensure!(
        !arguments.reading.inputs.iter().any(|input| input.starts_with(connect::files::TOPIC)),
        Usage("explain reads its inputs more than once, and a topic goes on; write it to a file, or record a log".to_owned())
    );
    let key = arguments.key.as_deref().map(case::Key::read).transpose()?;
    let folder = arguments.out.clone().unwrap_or_else(|| format!("case-{}", arguments.id).into());
    anyhow::ensure!(
        !folder.exists(),
        Usage(format!("{}: is there already; give another with --out", folder.display()))
    );
    let whole = alerts(&arguments.reading, None)?;
    let found = whole.outcome.alerts.iter().find(|alert| alert.id == id).with_context(|| {
        format!(
            "no alert {} comes of this; are inputs, configuration and ports those of the alert? \
             Alerts of sightings have no case",
            arguments.id
        )
    })?;
    let mmsi = found.vessel.as_ref().map(|vessel| vessel.track.mmsi);
    let expected = told(&whole, mmsi);
    // Beside it, so that a case is there whole or not at all.
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = tempfile::Builder::new()
        .prefix(".case")
        .tempdir_in(parent)
        .with_context(|| format!("{}: cannot be written", parent.display()))?;
    let log = made.path().join("log");
    alerts(&arguments.reading, Some(Only { folder: &log, mmsi }))?;
    let case = Case { folder: made.path(), id, mmsi, whole: &whole, expected: &expected };
    case.write(&arguments.reading)?;
    let places = places(&log)?;
    let left_out = lines::write(&made.path().join("lines.txt"), &arguments.reading, &places)?;
    case.write_text(places.len(), left_out)?;
    case.check()?;
    case.seal(key.as_ref())?;
    let kept = made.keep();
    std::fs::rename(&kept, &folder).with_context(|| format!("{}: cannot be written", folder.display()))?;
    cli::talk(&format!(
        "{}: {} revisions of the alert among {} of the ship, {} messages; begin with README.md",
        folder.display(),
        whole.outcome.alerts.iter().filter(|alert| alert.id == id).count(),
        expected.len(),
        places.len(),
    ));
    Ok(())
}

/// Replays the inputs; the log of one ship is written down where that is wanted.
fn alerts(reading: &Reading, only: Option<Only<'_>>) -> anyhow::Result<Done> {
    let mut done = read::read(
        reading,
        &Wanted { facts: true, alerts: true, only, ..Wanted::default() },
        &Interrupt::listen()?,
    )?;
    done.sort();
    done.whole()?;
    Ok(done)
}

/// What was told of a ship, or of what belongs to none, as it is written.
fn told(done: &Done, mmsi: Option<Mmsi>) -> Vec<String> {
    let is_of_it = |alert: &Alert| alert.vessel.as_ref().map(|vessel| vessel.track.mmsi) == mmsi;
    let alerts = done.outcome.alerts.iter().zip(done.lines(false));
    alerts.filter(|(alert, _)| is_of_it(alert)).map(|(_, line)| line).collect()
}

/// Where the messages in a log were read.
fn places(log: &Path) -> anyhow::Result<BTreeSet<(Place, u64)>> {
    let named = || log.display().to_string();
    let mut reader = LogReader::open(log).with_context(named)?;
    let mut places = BTreeSet::new();
    while let Some(frame) = reader.next_frame().with_context(named)? {
        if let Frame::Entry(Entry::Transmission(_, transmission)) = frame {
            let Origin { input, line } = transmission.origin();
            places.insert((Place { input, line }, transmission.lines()));
        }
    }
    Ok(places)
}

/// A place in the inputs, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    input: u32,
    line: u64,
}
