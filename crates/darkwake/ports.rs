//! Port files: loading, validating, making and showing them.

mod derive;
mod feature;
mod import;
mod show;

use std::path::{Path, PathBuf};

use geofence::Geofence;
use geofence::port_file::{self, PortFile, Severity};
use model::Port;

use crate::Usage;
use crate::cli::{self, Ports};

pub use import::{is_property, properties};

/// `darkwake ports …`
pub fn run(command: &Ports) -> anyhow::Result<()> {
    match command {
        Ports::Validate { files } => {
            let (read, _) = read(files)?;
            refuse(&read, files)?;
            cli::talk(&format!("{}: {} ports, no errors", names(files), read.ports.len()));
            Ok(())
        }
        Ports::Import(arguments) => import::run(arguments),
        Ports::Derive(arguments) => derive::run(arguments),
        Ports::Show { files, out } => show::run(files, out),
    }
}

/// The ports to use, made ready, and the hash of the files they came from.
pub fn load(files: &[PathBuf]) -> anyhow::Result<(Geofence, String)> {
    list(files).map(|(ports, hash)| (Geofence::new(ports), hash))
}

/// The ports to use, and the hash of the files they came from.
pub fn list(files: &[PathBuf]) -> anyhow::Result<(Vec<Port>, String)> {
    if files.is_empty() {
        let hash = connect::ports::built_in_texts().iter().fold(0, |hash, (_, text)| hash_of(hash, text));
        return Ok((connect::ports::built_in().ports, format!("{hash:016x}")));
    }
    let (read, hash) = read(files)?;
    refuse(&read, files)?;
    Ok((read.ports, format!("{hash:016x}")))
}

fn read(files: &[PathBuf]) -> anyhow::Result<(PortFile, u64)> {
    let mut texts = Vec::new();
    for path in files {
        texts.push((path.display().to_string(), text_of(path)?));
    }
    let hash = texts.iter().fold(0, |hash, (_, text)| hash_of(hash, text));
    Ok((port_file::read_all(texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))), hash))
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut reader = connect::Input::file(path)
        .open()
        .map_err(|error| Usage(format!("{:#}", anyhow::Error::from(error))))?;
    std::io::Read::read_to_string(&mut reader, &mut text)
        .map_err(|error| Usage(format!("{}: cannot be read: {error}", path.display())))?;
    Ok(text)
}

/// Tells what is wrong; fails if some of it is an error.
fn refuse(read: &PortFile, files: &[PathBuf]) -> anyhow::Result<()> {
    let errors = tell(read);
    anyhow::ensure!(errors == 0, Usage(format!("{} in {}", count(errors, "error"), names(files))));
    Ok(())
}

/// Prints what is wrong; gives the number of errors.
fn tell(read: &PortFile) -> usize {
    const OF_A_SORT: usize = 3;
    if !read.problems.is_empty() {
        cli::talk(read.listing(OF_A_SORT).to_string().trim_end());
    }
    read.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
}

fn hash_of(before: u64, text: &str) -> u64 {
    model::hash::bytes(before, text.as_bytes())
}

fn names(files: &[PathBuf]) -> String {
    files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
