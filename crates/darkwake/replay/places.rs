//! Where a replay writes, looked at before anything is read: an output is never in the place of an input or of another
//! output, and what cannot be written is told at once, not after hours.

use std::path::{Path, PathBuf};

use anyhow::Context;
use connect::files::{self, Input};

use crate::Usage;
use crate::cli::Replay;
use crate::config::Config;
use crate::outputs;

/// An output.
struct Place<'a> {
    option: &'static str,
    path: &'a Path,
    kind: Kind,
    /// Where it is, and where it is until it is complete; links are followed.
    taken: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    /// A folder of days, which is replaced as a whole.
    Days,
    /// A folder that files are added to.
    Record,
}

/// Fails for an output that would be in the place of an input or of another output, or that cannot be written.
pub fn check(arguments: &Replay) -> anyhow::Result<()> {
    let places = places(arguments);
    for (number, place) in places.iter().enumerate() {
        let other =
            places[..number].iter().find(|other| place.takes(&other.taken) || other.takes(&place.taken));
        if let Some(other) = other {
            anyhow::bail!(Usage(format!(
                "{}: {} would be in the place of {} {}; give each a path of its own",
                place.path.display(),
                place.option,
                other.option,
                other.path.display()
            )));
        }
    }
    for (what, input) in inputs(arguments)? {
        let Some(real) = real(&input) else { continue };
        if let Some(place) = places.iter().find(|place| place.takes(std::slice::from_ref(&real))) {
            anyhow::bail!(Usage(format!(
                "{}: {} would be in the place of {what} {}; give another path",
                place.path.display(),
                place.option,
                input.display()
            )));
        }
    }
    places.iter().try_for_each(Place::try_out)
}

/// All outputs but standard output, devices and pipes.
fn places(arguments: &Replay) -> Vec<Place<'_>> {
    let Replay { out, facts, tracks, matches, stats, report, record, by_day, .. } = arguments;
    let kind = if *by_day { Kind::Days } else { Kind::File };
    let tables = [("--out", out), ("--facts", facts), ("--tracks", tracks)];
    let tables = tables.into_iter();
    let tables = tables.flat_map(|(option, paths)| paths.iter().map(move |path| (option, path, kind)));
    let others = [
        ("--stats", stats, Kind::File),
        ("--report", report, Kind::File),
        ("--record", record, Kind::Record),
    ];
    let others = others.into_iter().filter_map(|(option, path, kind)| Some((option, path.as_ref()?, kind)));
    let matches = matches.iter().map(|path| ("--matches", path, Kind::File));
    tables
        .chain(matches)
        .chain(others)
        .filter_map(|(option, path, kind)| Place::of(option, path, kind))
        .collect()
}

/// All files that are read, and what they are. What is not there is told when it is read.
fn inputs(arguments: &Replay) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let reading = &arguments.reading;
    let mut inputs = Vec::new();
    let given = reading.inputs.iter().map(|argument| ("the input", argument));
    let given = given.chain(arguments.sightings.iter().map(|argument| ("--sightings", argument)));
    for (what, argument) in given.filter(|(_, argument)| is_of_files(argument)) {
        let found = files::find(std::slice::from_ref(argument)).unwrap_or_default();
        inputs.extend(found.into_iter().map(|Input { path, .. }| (what, path)));
        // A log that is read is no place for another.
        inputs.push((what, PathBuf::from(argument)));
    }
    inputs.extend(reading.ports.iter().map(|path| ("--ports", path.clone())));
    let config = reading.config.as_deref();
    inputs.extend(config.map(|path| ("--config", path.to_owned())));
    // What a pipe gives can be read once only.
    if config.is_none_or(Path::is_file) {
        let Config { ports, watch, .. } = Config::load(config)?;
        inputs.extend(ports.files.into_iter().map(|path| ("the port file", path)));
        inputs.extend(watch.lists.into_iter().map(|list| ("the watch list", list.file)));
    }
    Ok(inputs)
}

/// Whether it means files that can be looked for without taking anything out of a pipe.
fn is_of_files(argument: &str) -> bool {
    let is_stream = std::fs::metadata(argument).is_ok_and(|data| !data.is_file() && !data.is_dir());
    argument != "-" && !argument.starts_with(files::TOPIC) && !is_stream
}

impl<'a> Place<'a> {
    fn of(option: &'static str, path: &'a Path, kind: Kind) -> Option<Place<'a>> {
        if outputs::is_stream(path) {
            return None;
        }
        let taken = match kind {
            Kind::File | Kind::Days => vec![path.to_owned(), outputs::beside(path)],
            Kind::Record => vec![path.to_owned()],
        };
        let taken = taken.iter().filter_map(|path| real(path)).collect();
        Some(Place { option, path, kind, taken })
    }

    /// Whether something at one of these paths would be written over.
    fn takes(&self, others: &[PathBuf]) -> bool {
        let is_taken = |other: &PathBuf| match self.kind {
            Kind::File | Kind::Record => self.taken.contains(other),
            Kind::Days => self.taken.iter().any(|own| other.starts_with(own)),
        };
        others.iter().any(is_taken)
    }

    /// Fails if it cannot be written.
    fn try_out(&self) -> anyhow::Result<()> {
        let shown = self.path.display();
        let folder = match self.kind {
            // The log is begun before anything is read.
            Kind::Record => return Ok(()),
            Kind::Days => {
                outputs::ensure_days(self.path)?;
                // It is made with the folders that it is in.
                let Some(folder) = self.path.ancestors().skip(1).map(or_here).find(|folder| folder.exists())
                else {
                    return Ok(());
                };
                folder
            }
            Kind::File => {
                anyhow::ensure!(!self.path.is_dir(), Usage(format!("{shown}: is a folder; give a file")));
                let folder = self.path.parent().map_or(Path::new("."), or_here);
                anyhow::ensure!(
                    folder.is_dir(),
                    Usage(format!("{shown}: there is no folder {}; make it first", folder.display()))
                );
                folder
            }
        };
        tempfile::tempfile_in(folder).with_context(|| format!("{shown}: cannot be written"))?;
        Ok(())
    }
}

/// A folder by its name; the one without a name is this one.
fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Where something is, or would be, with links followed.
fn real(path: &Path) -> Option<PathBuf> {
    let would_be = || Some(or_here(path.parent()?).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(would_be).or_else(|| std::path::absolute(path).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_days_takes_all_that_is_in_it_and_a_file_its_own_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        let path = folder.path().join("facts.csv");
        let is_taken = |kind, name: &str| {
            Place::of("--facts", &path, kind).unwrap().takes(std::slice::from_ref(&real.join(name)))
        };
        assert!(is_taken(Kind::Days, "facts.csv/day=2023-10-01/part.csv"));
        assert!(is_taken(Kind::Days, "facts.csv") && !is_taken(Kind::Days, "facts.csv.old"));
        assert!(is_taken(Kind::File, "facts.csv") && is_taken(Kind::File, "facts.csv.part"));
        assert!(!is_taken(Kind::File, "other.csv") && !is_taken(Kind::Record, "facts.csv.part"));
        assert!(Place::of("--stats", Path::new("-"), Kind::File).is_none());
    }
}
