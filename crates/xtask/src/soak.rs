//! The long tier in pieces: which there are, and which are done for this state of the project.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::project::{self, Project};

/// Makes tests that read it take their time.
pub const VARIABLE: &str = "DARKWAKE_SOAK";

/// One test of an integration test file that has a long form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongTest {
    /// Package.
    pub package: String,
    /// Test file, without `.rs`.
    pub file: String,
    /// Path of the test function.
    pub name: String,
}

impl LongTest {
    /// How it is called in the table and in the state.
    pub fn piece(&self) -> String {
        format!("soak {}::{}", self.file, self.name)
    }

    /// The arguments for cargo.
    pub fn arguments(&self) -> [&str; 9] {
        ["test", "--release", "-p", &self.package, "--test", &self.file, "--", "--exact", &self.name]
    }
}

/// The integration test files that read [`VARIABLE`], with their packages.
pub fn files(project: &Project) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    let mut directories = vec![("darkwake".to_owned(), project.path("tests"))];
    for entry in fs::read_dir(project.path("crates"))? {
        let entry = entry?;
        directories.push((entry.file_name().to_string_lossy().into_owned(), entry.path().join("tests")));
    }
    for (package, directory) in directories {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "rs")
                && fs::read_to_string(&path)?.contains(VARIABLE)
            {
                let file =
                    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                files.push((package.clone(), file));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The tests of these files; they must be built.
pub fn tests(project: &Project, files: &[(String, String)]) -> Result<Vec<LongTest>> {
    let mut tests = Vec::new();
    for (package, file) in files {
        let mut list = project.cargo(&["test", "--release", "-p", package, "--test", file, "--", "--list"]);
        let names = project::output(&mut list)?;
        tests.extend(names.lines().filter_map(|line| line.strip_suffix(": test")).map(|name| LongTest {
            package: package.clone(),
            file: file.clone(),
            name: name.to_owned(),
        }));
    }
    Ok(tests)
}

/// The pieces done, for one state of the project.
pub struct Journal {
    path: PathBuf,
    of: Option<String>,
    done: BTreeMap<String, f64>,
}

impl Journal {
    /// Reads it; it is empty if it belongs to another state, or if all is to be done again.
    pub fn open(project: &Project, again: bool) -> Journal {
        let path = project.made("soak.json");
        let of = state(project);
        let done = if again { BTreeMap::new() } else { read(&path, of.as_deref()).unwrap_or_default() };
        Journal { path, of, done }
    }

    /// The seconds that a piece took when it passed.
    pub fn seconds(&self, piece: &str) -> Option<f64> {
        self.done.get(piece).copied()
    }

    /// How many are done.
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Notes a piece that passed. Without git there is nothing to tell states apart, and nothing is kept.
    pub fn note(&mut self, piece: &str, seconds: f64) -> Result<()> {
        self.done.insert(piece.to_owned(), seconds);
        let Some(of) = &self.of else { return Ok(()) };
        let beside = self.path.with_extension("json.part");
        fs::write(&beside, json!({"of": of, "done": self.done}).to_string())
            .and_then(|()| fs::rename(&beside, &self.path))
            .with_context(|| format!("{}: cannot be written", self.path.display()))
    }
}

fn read(path: &Path, of: Option<&str>) -> Option<BTreeMap<String, f64>> {
    let value: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    if of.is_none() || value["of"].as_str() != of {
        return None;
    }
    let done = value["done"].as_object()?.iter();
    Some(done.filter_map(|(piece, seconds)| Some((piece.clone(), seconds.as_f64()?))).collect())
}

/// The commit, and a hash of what differs from it.
fn state(project: &Project) -> Option<String> {
    let git = |arguments: &[&str]| project::output(&mut project.command("git", arguments)).ok();
    let commit = git(&["rev-parse", "HEAD"])?.trim().to_owned();
    let changes = git(&["diff", "HEAD", "--binary"])?;
    let mut new = String::new();
    for path in git(&["ls-files", "--others", "--exclude-standard"])?.lines() {
        new += &git(&["hash-object", "--", path]).unwrap_or_default();
        new += path;
    }
    if changes.is_empty() && new.is_empty() {
        return Some(commit);
    }
    Some(format!("{commit}+{}", hash(project, &(changes + &new))?))
}

fn hash(project: &Project, text: &str) -> Option<String> {
    use std::io::Write;
    let mut git = project.command("git", &["hash-object", "--stdin"]);
    let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let written = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let hash = String::from_utf8(output.stdout).ok()?;
    (matches!(written, Some(Ok(()))) && output.status.success()).then(|| hash.trim().to_owned())
}
