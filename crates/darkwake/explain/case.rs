//! What stands in a case folder.

use std::fs;
use std::io::Write;
use std::path::{Component, Path};
use std::process::Command;

use anyhow::Context;
use model::Mmsi;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::text;
use crate::Usage;
use crate::cli::Reading;
use crate::config::{Config, Given};
use crate::outputs;
use crate::read::Done;

/// What replays the case.
const SCRIPT: &str = "#!/bin/sh
# Replays the log of this case and compares what comes of it with what was told; needs darkwake, of the version that README.md
# names, in PATH or as $DARKWAKE.
set -eu
cd \"$(dirname \"$0\")\"
\"${DARKWAKE:-darkwake}\" replay log --format log@ARGUMENTS@ --out replayed.jsonl
cmp replayed.jsonl ship.jsonl
rm replayed.jsonl
echo \"the same, byte for byte\"
";

/// A case that is being written.
pub struct Case<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// The alert.
    pub id: u64,
    /// Its ship, if it is of one.
    pub mmsi: Option<Mmsi>,
    /// What came of the inputs.
    pub whole: &'a Done,
    /// What was told of the ship.
    pub expected: &'a [String],
}

impl Case<'_> {
    /// Writes alerts, facts, map, and what the replay needs.
    pub fn write(&self, reading: &Reading) -> anyhow::Result<()> {
        self.lines("ship.jsonl", self.expected.iter().map(String::as_str))?;
        self.lines("alert.jsonl", self.revisions().map(|(line, _)| line))?;
        let ports = self.whole.made_with.world.ports();
        let of_ship = |line: &String| {
            let fact: Value = serde_json::from_str(line).unwrap_or_default();
            self.mmsi.is_some_and(|mmsi| fact["mmsi"] == mmsi.0)
        };
        let facts: Vec<String> = self.whole.outcome.facts.lines(ports, false).filter(of_ship).collect();
        self.lines("facts.jsonl", facts.iter().map(String::as_str))?;
        self.file("map.geojson", &text::map(&self.last(), &facts, &self.whole.made_with.world))?;
        let arguments = self.settings(reading)?;
        self.file("replay.sh", &SCRIPT.replace("@ARGUMENTS@", &arguments))?;
        make_executable(&self.folder.join("replay.sh"))
    }

    /// Says in words what was decided.
    pub fn write_text(&self, messages: usize, left_out: usize) -> anyhow::Result<()> {
        let revisions: Vec<Value> = self.revisions().map(|(_, alert)| alert).collect();
        self.file("README.md", &text::story(&revisions, messages, left_out))
    }

    /// The revisions of the alert, as written and as read.
    fn revisions(&self) -> impl Iterator<Item = (&str, Value)> {
        let id = format!("{:016x}", self.id);
        self.expected.iter().filter_map(move |line| {
            let alert: Value = serde_json::from_str(line).unwrap_or_default();
            (alert["id"] == id.as_str()).then_some((line.as_str(), alert))
        })
    }

    fn last(&self) -> Value {
        self.revisions().last().map_or(Value::Null, |(_, alert)| alert)
    }

    fn lines<'b>(&self, name: &str, lines: impl Iterator<Item = &'b str>) -> anyhow::Result<()> {
        let mut out = outputs::create(&self.folder.join(name))?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        Ok(out.finish()?)
    }

    fn file(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("{}: cannot be written", path.display()))
    }

    /// Copies configuration, lists and ports; the arguments with which a replay takes them.
    fn settings(&self, reading: &Reading) -> anyhow::Result<String> {
        let mut arguments = String::new();
        let given = Given::read(reading.config.as_deref())?;
        if !given.table().is_empty() || reading.config.is_some() {
            self.file("darkwake.toml", &judging(&given)?)?;
            let config = Config::of(&given)?;
            let folder = given.folder();
            let lists = config.watch.lists.iter().map(|list| &list.file);
            for file in lists.chain(&config.ports.files) {
                let inside = file.strip_prefix(folder).unwrap_or(file);
                anyhow::ensure!(
                    is_below(inside),
                    Usage(format!(
                        "{}: lies outside the folder of {}, and a case holds only what is in it",
                        file.display(),
                        config.place
                    ))
                );
                self.copy(file, inside)?;
            }
            arguments += " --config darkwake.toml";
        }
        for (at, file) in reading.ports.iter().enumerate() {
            let name = format!("ports-{}.geojson", at + 1);
            self.copy(file, Path::new(&name))?;
            arguments += &format!(" --ports {name}");
        }
        Ok(arguments)
    }

    fn copy(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let to = self.folder.join(to);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(from, &to).map(drop).with_context(|| format!("{}: cannot be copied", from.display()))
    }

    /// Replays the case as whoever is given it would.
    pub fn check(&self) -> anyhow::Result<()> {
        let mut command = Command::new("sh");
        command.arg("replay.sh").current_dir(self.folder).env("DARKWAKE", std::env::current_exe()?);
        // What a person has set for other runs must not change this one.
        let settings = std::env::vars_os().map(|(name, _)| name);
        for name in settings.filter(|name| name.to_string_lossy().starts_with("DARKWAKE_")) {
            command.env_remove(name);
        }
        let done = command.output().context("sh: cannot be started")?;
        anyhow::ensure!(
            done.status.success(),
            "the case does not replay to the same bytes: {}",
            String::from_utf8_lossy(&done.stderr).trim()
        );
        Ok(())
    }

    /// Writes the hashes of all files, and signs them if there is a key.
    pub fn seal(&self, key: Option<&Key>) -> anyhow::Result<()> {
        let mut manifest = String::new();
        for path in files(self.folder)? {
            let content = fs::read(&path)?;
            let hash: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
            let name = path.strip_prefix(self.folder).unwrap_or(&path).display().to_string();
            manifest += &format!("{hash}  {name}\n");
        }
        self.file("MANIFEST.sha256", &manifest)?;
        let Some(key) = key else { return Ok(()) };
        Ok(fs::write(self.folder.join("MANIFEST.sig"), key.0.sign(manifest.as_bytes()).as_ref())?)
    }
}

/// What hashes are signed with.
pub struct Key(ring::signature::Ed25519KeyPair);

impl Key {
    /// Reads it.
    pub fn read(key: &Path) -> anyhow::Result<Key> {
        let wrong = || Usage(format!("{}: no Ed25519 key in PEM (PKCS #8)", key.display()));
        let pem = fs::read(key).with_context(|| format!("{}: cannot be read", key.display()))?;
        let der = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| wrong())?;
        let pair = ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
        Ok(Key(pair.map_err(|_| wrong())?))
    }
}

/// What of a configuration decides which alerts there are; where things come from and go to, and the secrets for that, are
/// nobody's business.
fn judging(given: &Given) -> anyhow::Result<String> {
    const SECTIONS: [&str; 5] = ["input", "ports", "alerts", "watch", "limits"];
    let mut all = given.table().clone();
    all.retain(|section, _| SECTIONS.contains(&section));
    Ok(toml::to_string(&all)?)
}

/// Whether a path leads nowhere but down.
fn is_below(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// All files in a folder, by name.
fn files(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Features as one collection.
pub fn collection(features: &[Value]) -> String {
    format!("{:#}\n", json!({ "type": "FeatureCollection", "features": features }))
}
