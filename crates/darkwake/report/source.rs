//! What a report was made of: inputs with their hashes, and the command that makes it again.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use connect::{files, log};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::Reading;
use crate::read;

/// Bytes read at once.
const BLOCK: usize = 1 << 18;
/// Settings of `replay` that may come from the environment, without `DARKWAKE_`.
const SETTINGS: [&str; 21] = [
    "FORMAT",
    "PORTS",
    "CONFIG",
    "SINCE",
    "UNTIL",
    "SHARDS",
    "START",
    "STEP",
    "OUT",
    "FACTS",
    "TRACKS",
    "STATS",
    "REPORT",
    "SPEED",
    "RECORD",
    "SIGHTINGS",
    "MATCHES",
    "FINAL",
    "RESUME",
    "BY_DAY",
    "LOG_FORMAT",
];

/// Each input, of sightings too, with its size and hash, where it is a file; an archive once, whatever is in it.
pub fn inputs(reading: &Reading, sightings: &[String]) -> anyhow::Result<Vec<Value>> {
    let mut paths: Vec<PathBuf> = if read::is_log(reading) {
        let folder = Path::new(&reading.inputs[0]);
        log::segments(folder).with_context(|| format!("{}: cannot be read", folder.display()))?
    } else {
        found(&reading.inputs)?
    };
    if !sightings.is_empty() {
        paths.extend(found(sightings)?);
    }
    paths.dedup();
    paths.iter().map(|path| input(path)).collect()
}

/// The files of inputs as they are given, and topics.
fn found(inputs: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    // A topic was read once, and goes on.
    let (topics, rest): (Vec<String>, Vec<String>) =
        inputs.iter().cloned().partition(|input| input.starts_with(files::TOPIC));
    let files = if rest.is_empty() { Vec::new() } else { files::find(&rest)? };
    let files = files.into_iter().map(|input| input.path);
    Ok(files.chain(topics.into_iter().map(PathBuf::from)).collect())
}

fn input(path: &Path) -> anyhow::Result<Value> {
    // What is no file can be read once only, and was.
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    if is_stdin || !path.is_file() {
        return Ok(json!({ "name": name, "bytes": null, "sha256": null }));
    }
    let (bytes, hash) = hash(path).with_context(|| format!("{}: cannot be read again", path.display()))?;
    Ok(json!({ "name": name, "bytes": bytes, "sha256": hash }))
}

fn hash(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut length, mut block) = (Sha256::new(), 0, vec![0; BLOCK]);
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            break;
        }
        hash.update(&block[..read]);
        length += read as u64;
    }
    Ok((length, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// The command line that gave this, as a shell takes it, with the settings that came from the environment.
pub fn command() -> String {
    let set = SETTINGS.iter().filter_map(|name| {
        let name = format!("DARKWAKE_{name}");
        let value = std::env::var_os(&name)?;
        Some(format!("{name}={}", quoted(&value.to_string_lossy())))
    });
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    set.chain(std::iter::once("darkwake".to_owned())).chain(words).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        for (word, told) in [
            ("feed.nmea", "feed.nmea"),
            ("--since=2023-10-01T00:00:00Z", "--since=2023-10-01T00:00:00Z"),
            ("my feed", "'my feed'"),
            ("it's", "'it'\\''s'"),
            ("*.gz", "'*.gz'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), told);
        }
    }

    #[test]
    fn a_file_has_the_hash_that_sha256sum_gives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feed.nmea");
        std::fs::write(&path, "abc").unwrap();
        let told = input(&path).unwrap();
        assert_eq!(told["bytes"], 3);
        assert_eq!(told["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(input(Path::new("-")).unwrap()["name"], "standard input");
    }
}
