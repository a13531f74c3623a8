//! Where a replay was, written down on the way: one that was interrupted or killed goes on there, and gives the same bytes
//! as one that was not.
//!
//! All that a replay knows is in it: what takes in, the shards with what they have told, and how far each input was read.
//! Inputs are read again up to there, which is quick: nothing is made of their lines.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use connect::files::Input;
use decode::nmea::NmeaDecoder;
use engine::SourceId;
use model::EventTime;
use serde::{Deserialize, Serialize};

use crate::Usage;
use crate::cli::{self, Reading};
use crate::driver::ReadTotals;
use crate::made::MadeWith;
use crate::read::Wanted;

/// How the file begins; the number is that of the format.
const HEADER: &[u8; 20] = b"darkwake resume 03\n\n";
/// What the folder beside the first output is called.
const ENDING: &str = ".resume";

/// Where what is known is written.
#[derive(Clone)]
pub struct Resume {
    folder: PathBuf,
    made_for: u64,
}

/// Where a replay was.
#[derive(Serialize, Deserialize)]
pub struct Checkpoint {
    /// What it was asked for; filled in when it is written.
    pub made_for: u64,
    /// What takes in.
    pub ingest: Vec<u8>,
    /// The shards.
    pub shards: Vec<Vec<u8>>,
    /// What reading found beside the reports.
    pub totals: ReadTotals,
    /// Tables that are sorted before anything is made of them.
    pub sorted_first: BTreeSet<u32>,
    /// Inputs that are not open yet, the next one last.
    pub waiting: Vec<WaitingAt>,
    /// Open inputs.
    pub open: Vec<OpenAt>,
    /// One that has ended, and may be followed by the next.
    pub former: Option<OpenAt>,
}

/// An input that is not open yet.
#[derive(Serialize, Deserialize)]
pub struct WaitingAt {
    /// Its number.
    pub number: u32,
    /// It holds the watermark here.
    pub floor: EventTime,
    /// It is opened beside others when all have come so far.
    pub due: EventTime,
    /// Its source.
    pub source: SourceId,
}

/// An open input.
#[derive(Serialize, Deserialize)]
pub struct OpenAt {
    /// Its number.
    pub number: u32,
    /// Its source.
    pub source: SourceId,
    /// How far it was read.
    pub body: BodyAt,
}

/// How far an input was read.
#[derive(Serialize, Deserialize)]
pub enum BodyAt {
    /// So many lines, and what waits in the decoder of sentences.
    Lines(u64, Option<Box<NmeaDecoder>>),
    /// So many lines of a table, and the rows that wait, a window as bytes.
    Window(u64, Vec<u8>),
    /// So many rows of a table that was sorted first.
    Rows(u64),
}

impl Resume {
    /// In a folder beside the first output that is a file.
    pub fn beside(outputs: &[&Path], reading: &Reading) -> anyhow::Result<PathBuf> {
        let file = outputs.iter().find(|path| **path != Path::new("-"));
        let file = file.context(Usage(
            "--resume needs an output that is a file, beside which it keeps its place".to_owned(),
        ))?;
        anyhow::ensure!(
            reading.inputs.iter().all(|input| input != "-" && !input.starts_with(connect::files::TOPIC)) && !crate::read::is_log(reading),
            Usage("--resume is for files; standard input is gone, a topic goes on, and a log is read in no time".to_owned())
        );
        let beside = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let of = |path: &Path| path.canonicalize().ok();
        anyhow::ensure!(
            reading
                .inputs
                .iter()
                .all(|input| of(Path::new(input)).is_none_or(|input| of(beside) != Some(input))),
            Usage(format!("{}: is read as an input; put outputs elsewhere", beside.display()))
        );
        let mut folder = file.as_os_str().to_owned();
        folder.push(ENDING);
        Ok(folder.into())
    }

    /// In a folder, of these inputs, read with these settings; and what is known there.
    pub fn open(
        folder: &Path,
        asked: (&Reading, &Wanted<'_>),
        inputs: &[Input],
        made_with: &MadeWith,
    ) -> anyhow::Result<(Resume, Option<Checkpoint>)> {
        let made_for = print(asked, inputs, made_with);
        let resume = Resume { folder: folder.to_owned(), made_for };
        let path = resume.path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((resume, None)),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let again = || {
            Usage(format!(
                "{}: is of other inputs, options or another version; remove it to begin anew",
                folder.display()
            ))
        };
        let body = bytes.strip_prefix(HEADER).and_then(|rest| rest.split_first_chunk::<8>());
        let (hash, body) = body.with_context(again)?;
        anyhow::ensure!(u64::from_le_bytes(*hash) == model::hash::bytes(0, body), again());
        // What it was asked for comes first, whatever else another version has.
        let (made_for, _) = postcard::take_from_bytes::<u64>(body).ok().with_context(again)?;
        anyhow::ensure!(made_for == resume.made_for, again());
        let checkpoint: Checkpoint = postcard::from_bytes(body).ok().with_context(again)?;
        cli::talk(&format!("goes on where it was, by {}", path.display()));
        Ok((resume, Some(checkpoint)))
    }

    fn path(&self) -> PathBuf {
        self.folder.join("checkpoint")
    }

    /// Writes down where a replay is: beside, then in its place.
    pub fn save(&self, checkpoint: Checkpoint) -> anyhow::Result<()> {
        let checkpoint = Checkpoint { made_for: self.made_for, ..checkpoint };
        let write = || -> anyhow::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let body = postcard::to_allocvec(&checkpoint)?;
            let beside = self.folder.join("checkpoint.part");
            let mut file = fs::File::create(&beside)?;
            file.write_all(HEADER)?;
            file.write_all(&model::hash::bytes(0, &body).to_le_bytes())?;
            file.write_all(&body)?;
            file.sync_all()?;
            Ok(fs::rename(&beside, self.path())?)
        };
        write().with_context(|| format!("{}: cannot be written", self.folder.display()))
    }

    /// It has come to its end, and all is written.
    pub fn forget(folder: &Path) -> anyhow::Result<()> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{}: cannot be removed", folder.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Whatever else is asked for or given gives another number.
fn print((reading, wanted): (&Reading, &Wanted<'_>), inputs: &[Input], made_with: &MadeWith) -> u64 {
    let files: Vec<(String, Option<(u64, SystemTime)>)> = inputs
        .iter()
        .map(|input| {
            let data = fs::metadata(&input.path).ok();
            (input.name(), data.and_then(|data| Some((data.len(), data.modified().ok()?))))
        })
        .collect();
    let Reading { format, since, until, start, step, .. } = reading;
    let reference = &made_with.reference;
    let hashes = (&reference.config_hash, &reference.ports_hash);
    // What is not kept from the beginning cannot be told later.
    let kept = (wanted.facts, wanted.alerts, wanted.report_tracks);
    let asked = format!("{files:?} {format:?} {since:?} {until:?} {start:?} {step:?} {hashes:?} {kept:?}");
    model::hash::bytes(0, (asked + env!("CARGO_PKG_VERSION")).as_bytes())
}
