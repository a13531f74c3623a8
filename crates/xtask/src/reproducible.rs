//! `cargo xtask reproducible`: whether the same sources give the same program, whatever the folder and the time.
//!
//! It builds twice from nothing, each in a folder of its own, and compares the bytes. That takes many minutes, so it is no
//! part of `cargo xtask test`. `--once` builds once, as releases are built, for who wants to compare with one; `--profile` names the
//! profile of a release (`cargo xtask pgo`). What it shows, and what it does not: `deploy/REPRODUCIBLE.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::project::{self, Project};
use crate::say::{say, talk};
use crate::system::{self, Need};
use crate::{Usage, pgo};

/// Where it is built, and where it is built again.
const FOLDERS: [&str; 2] = ["reproducible/a", "reproducible/b-longer"];

/// Builds twice and compares, or builds once.
pub fn run(arguments: &[&str]) -> Result<()> {
    let (mut is_once, mut profile) = (false, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match (*argument, rest.as_slice()) {
            ("--once", _) => is_once = true,
            ("--profile", [file, ..]) => {
                profile = Some(Path::new(*file).canonicalize().with_context(|| (*file).to_owned())?);
                rest.next();
            }
            _ => {
                return Err(
                    Usage("usage: cargo xtask reproducible [--once] [--profile FILE]".to_owned()).into()
                );
            }
        }
    }
    let project = Project::find()?;
    system::prepare(&[Need::Make, Need::OpenSsl])?;
    let flags: Vec<String> = profile.as_deref().map(pgo::uses).transpose()?.into_iter().collect();
    let first = made(&project, FOLDERS[0], &flags)?;
    if is_once {
        return Ok(());
    }
    let second = made(&project, FOLDERS[1], &flags)?;
    match first_difference(&first, &second) {
        None => say(&format!("the same, {} bytes", first.len())),
        Some(at) => bail!(
            "they differ from byte {at} on, of {} and {}; `diffoscope` on the two files says in what",
            first.len(),
            second.len()
        ),
    }
    Ok(())
}

/// Builds the program from nothing and says its hash; its bytes.
fn made(project: &Project, name: &str, flags: &[String]) -> Result<Vec<u8>> {
    project.scratch(name)?;
    let file = build(project, name, flags)?;
    let bytes = fs::read(&file).with_context(|| format!("{}", file.display()))?;
    say(&format!("{}  {}", sha256(&bytes), file.display()));
    Ok(bytes)
}

/// Builds the program as it is released, in a folder of this name and with more flags of the compiler; where it is.
pub fn build(project: &Project, name: &str, flags: &[String]) -> Result<PathBuf> {
    let folder = project.made(name);
    talk(&format!("building in {}", folder.display()));
    // The last that fits counts, for both compilers.
    let places = [
        (cargo_home()?, "/cargo"),
        (project.path("").components().collect::<PathBuf>(), "/darkwake"),
        (folder.clone(), "/target"),
    ];
    let (mut rust, mut c) = (flags.to_vec(), Vec::new());
    for (place, told) in &places {
        let place = project::text(place)?;
        rust.push(format!("--remap-path-prefix={place}={told}"));
        c.push(format!("-ffile-prefix-map={place}={told}"));
    }
    // The target is named so that the flags are not for what runs while it is built.
    let host = project.host()?;
    let mut command =
        project.cargo(&["build", "--release", "--locked", "--bin", "darkwake", "--target", &host]);
    command
        .arg("--target-dir")
        .arg(&folder)
        .env_remove("RUSTFLAGS")
        // Parted by U+001F, as paths may have spaces.
        .env("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}"))
        .env("CFLAGS", c.join(" "))
        .env("SOURCE_DATE_EPOCH", source_date(project)?)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "none");
    project::run(&mut command)?;
    Ok(folder.join(host).join("release").join(format!("darkwake{}", std::env::consts::EXE_SUFFIX)))
}

/// Where Cargo keeps the sources of packages.
fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?;
    Ok(Path::new(&home).join(".cargo"))
}

/// SOURCE_DATE_EPOCH as it is given, else the time of the commit.
fn source_date(project: &Project) -> Result<String> {
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(given);
    }
    let time = project::output(&mut project.command("git", &["log", "-1", "--format=%ct"]))
        .context("SOURCE_DATE_EPOCH is not set, and git does not tell the time of the commit")?;
    Ok(time.trim().to_owned())
}

fn sha256(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(bytes).iter() {
        // Writing to a text cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Where two files part, if they do.
fn first_difference(first: &[u8], second: &[u8]) -> Option<usize> {
    let common = first.iter().zip(second).take_while(|(a, b)| a == b).count();
    (common < first.len().max(second.len())).then_some(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found() {
        for (first, second, at) in
            [("abc", "abc", None), ("abc", "abd", Some(2)), ("ab", "abc", Some(2)), ("", "", None)]
        {
            assert_eq!(first_difference(first.as_bytes(), second.as_bytes()), at);
        }
    }

    #[test]
    fn a_hash_has_its_digits() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
