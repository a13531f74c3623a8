//! What is known, kept in a folder: who starts there again goes on where the program was, whatever has ended it.
//!
//! ```text
//! log/        the log since the snapshot before the last, as --record writes it
//! snapshots/  what was known where a file of the log begins, the last two
//! journal/    every alert that was told, in order
//! sinks/      how many of them each sink has taken
//! ```
//!
//! Recovery is the newest snapshot, then the log since, with the alerts that the journal has already told no more.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use connect::journal::Journal;
use connect::log::{self, Piece};
use connect::sinks::{Line, Sink, SinkError};
use model::EventTime;
use serde::{Deserialize, Serialize};

use super::intake::Saved;
use crate::order::Known;

/// How a snapshot begins, with the number of the format.
const HEADER: &[u8; 22] = b"darkwake snapshot 03\n\n";
/// Which of it is the same in all formats.
const COMMON: &[u8; 18] = b"darkwake snapshot ";
/// So many snapshots are kept.
const KEPT: usize = 2;

/// A folder that is kept by this program alone.
pub struct State {
    folder: PathBuf,
    /// The alerts told so far.
    pub journal: Journal,
    _lock: File,
}

/// What is known at the beginning of a file of the log.
#[derive(Serialize, Deserialize)]
pub struct Snapshot {
    /// The number of the file.
    pub segment: u32,
    /// The number of the part of the log before it.
    pub number: u64,
    /// How far the log had come.
    pub reached: EventTime,
    /// What takes in.
    pub intake: Saved,
    /// Shards.
    pub engines: Vec<Vec<u8>>,
    /// When the last alert of each ship was known.
    pub known: Known,
    /// Alerts told by then.
    pub told: u64,
    /// Ports and rules.
    pub reference: Vec<Piece>,
}

impl State {
    /// Opens a folder, which is made if it is not there.
    pub fn open(folder: &Path) -> anyhow::Result<State> {
        let named = || format!("{}: what is known cannot be kept there", folder.display());
        for part in ["log", "snapshots", "journal", "sinks"] {
            fs::create_dir_all(folder.join(part)).with_context(named)?;
        }
        let lock = File::create(folder.join("lock")).with_context(named)?;
        lock.try_lock().with_context(|| format!("{}: another program keeps it", folder.display()))?;
        let journal = Journal::open(&folder.join("journal")).with_context(named)?;
        Ok(State { folder: folder.to_owned(), journal, _lock: lock })
    }

    /// The folder of the log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The newest snapshot that is whole.
    pub fn newest(&self) -> anyhow::Result<Option<Snapshot>> {
        for (path, _) in self.snapshots()?.iter().rev() {
            let bytes = fs::read(path)?;
            let header = bytes.split_first_chunk().filter(|(header, _)| header.starts_with(COMMON));
            let body = header.and_then(|(header, rest)| Some((header, rest.split_first_chunk::<8>()?)));
            let is_whole = |hash: &[u8; 8], body| u64::from_le_bytes(*hash) == model::hash::bytes(0, body);
            if let Some((header, (hash, body))) = body
                && is_whole(hash, body)
            {
                let other = || format!("{}: is of another version of the program", path.display());
                anyhow::ensure!(header == HEADER, other());
                return postcard::from_bytes(body).map(Some).with_context(other);
            }
            crate::cli::warn(&format!("{}: is damaged, and the one before is taken", path.display()));
        }
        Ok(None)
    }

    fn snapshots(&self) -> io::Result<Vec<(PathBuf, u32)>> {
        let paths = fs::read_dir(self.folder.join("snapshots"))?.map(|entry| entry.map(|entry| entry.path()));
        let mut found = Vec::new();
        for path in paths.collect::<io::Result<Vec<PathBuf>>>()? {
            let number = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            found.extend(number.map(|number| (path, number)));
        }
        found.sort_by_key(|(_, number)| *number);
        Ok(found)
    }

    /// Writes a snapshot: beside, then in its place. What is older than the one before is taken away.
    pub fn save(&self, snapshot: &Snapshot, taken_by_all: u64) -> anyhow::Result<()> {
        let _span = tracing::debug_span!("state.snapshot", segment = snapshot.segment).entered();
        let path = self.folder.join("snapshots").join(format!("{:06}", snapshot.segment));
        let write = || -> anyhow::Result<()> {
            let body = postcard::to_allocvec(snapshot)?;
            let beside = path.with_extension("part");
            let mut file = File::create(&beside)?;
            file.write_all(HEADER)?;
            file.write_all(&model::hash::bytes(0, &body).to_le_bytes())?;
            file.write_all(&body)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            let snapshots = self.snapshots()?;
            let old = snapshots.len().saturating_sub(KEPT);
            snapshots[..old].iter().try_for_each(|(path, _)| fs::remove_file(path))?;
            if let Some((_, oldest)) = snapshots.get(old) {
                log::forget(&self.log(), *oldest)?;
            }
            Ok(self.journal.forget(taken_by_all)?)
        };
        write().with_context(|| format!("{}: cannot be written", path.display()))
    }

    /// Nothing follows: who starts here again begins anew, but for the journal.
    pub fn end(&self) -> anyhow::Result<()> {
        self.snapshots()?.iter().try_for_each(|(path, _)| fs::remove_file(path))?;
        Ok(log::forget(&self.log(), u32::MAX)?)
    }

    /// The revisions of alerts that the journal has from a number on.
    pub fn told_since(&self, number: u64) -> anyhow::Result<HashSet<(String, u64)>> {
        let mut told = HashSet::new();
        self.journal.read_from(number, |_, line| {
            told.extend(Line::read(line).map(|line| (line.id, line.revision)));
            anyhow::Ok(())
        })?;
        Ok(told)
    }

    /// How many alerts a sink has taken; one that is new is given what comes.
    pub fn place(&self, sink: &Sink) -> anyhow::Result<Place> {
        let name = format!("{:016x}", model::hash::bytes(0, sink.name().as_bytes()));
        let path = self.folder.join("sinks").join(name);
        let taken = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().with_context(|| format!("{}: is no number", path.display()))?,
            Err(_) => self.journal.length(),
        };
        let mut place = Place { path, taken, before: taken, given: taken };
        place.note(taken)?;
        Ok(place)
    }

    /// Gives a sink what it was not given yet, as far as it has room. What a file ends with it has taken, whatever its place
    /// says.
    pub fn begin(&self, sink: &mut Sink, place: &mut Place) -> anyhow::Result<()> {
        if let Some(last) = sink.last_line()? {
            let mut found = None;
            self.journal.read_from(place.taken, |number, line| {
                if line == last {
                    found = Some(number + 1);
                }
                anyhow::Ok(())
            })?;
            place.note(found.unwrap_or(place.taken))?;
        }
        (place.before, place.given) = (place.taken, place.taken);
        let behind = self.journal.length() - place.given;
        if behind > 0 {
            crate::cli::talk(&format!("{}: {behind} alerts that it was not given before", sink.name()));
        }
        self.feed(sink, place)
    }

    /// Gives a sink what the journal has and it was not given yet, as far as it has room.
    pub fn feed(&self, sink: &mut Sink, place: &mut Place) -> anyhow::Result<()> {
        let mut room = sink.room();
        if room > 0 && place.given < self.journal.length() {
            let given = &mut place.given;
            let fed = self.journal.read_from(*given, |_, line| {
                let line = Line::read(line).ok_or(Fed::Wrong)?;
                room = room.checked_sub(1).ok_or(Fed::Full)?;
                sink.write(&line).map_err(Fed::Sink)?;
                *given += 1;
                Ok(())
            });
            match fed {
                Ok(()) | Err(Fed::Full) => {}
                Err(Fed::Wrong) => anyhow::bail!("the journal holds something else than alerts"),
                Err(Fed::Io(error)) => return Err(error.into()),
                Err(Fed::Sink(error)) => return Err(error.into()),
            }
        }
        sink.flush()?;
        // What a webhook has to deliver yet is not taken.
        place.note_done(sink.done())
    }
}

/// Why a sink was given no more.
enum Fed {
    Full,
    Wrong,
    Io(io::Error),
    Sink(SinkError),
}

impl From<io::Error> for Fed {
    fn from(error: io::Error) -> Fed {
        Fed::Io(error)
    }
}

/// How many alerts a sink has taken.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    /// That many.
    pub taken: u64,
    /// Of these, so many before it was opened.
    before: u64,
    /// How many it was given, those before with them.
    given: u64,
}

impl Place {
    /// Notes that it is done with so many since it was opened.
    pub fn note_done(&mut self, done: u64) -> anyhow::Result<()> {
        if self.before + done == self.taken { Ok(()) } else { self.note(self.before + done) }
    }

    /// Notes how many it has taken.
    fn note(&mut self, taken: u64) -> anyhow::Result<()> {
        self.taken = taken;
        let beside = self.path.with_extension("part");
        fs::write(&beside, taken.to_string())?;
        fs::rename(&beside, &self.path).with_context(|| format!("{}: cannot be written", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_of_another_version_is_refused_and_a_damaged_one_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let path = folder.path().join("snapshots/000001");
        let body = b"of another form";
        let write = |header: &[u8], hash: u64| {
            fs::write(&path, [header, &hash.to_le_bytes(), body].concat()).unwrap();
            state.newest().map(|newest| newest.is_some()).map_err(|error| format!("{error:#}"))
        };
        let hash = model::hash::bytes(0, body);
        for header in [b"darkwake snapshot 02\n\n", HEADER] {
            assert!(write(header, hash).unwrap_err().contains("is of another version"));
            assert_eq!(write(header, hash + 1), Ok(false));
        }
        assert_eq!(write(b"darkwake something 2\n\n", hash), Ok(false));
    }
}
