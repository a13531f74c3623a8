//! The arrows between crates and the purity of the core, held over what Cargo itself says.
//!
//! The layout is drawn in `ARCHITECTURE.md`. Dependencies of tests and benches do not count: the
//! arrows are about what is linked into the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Crates that know no clock, no file, no thread.
const PURE: [&str; 6] = ["model", "decode", "reorder", "geofence", "detect", "engine"];

/// Each crate, and the crates of ours it may depend on. A crate that is not here may not be in the
/// workspace: where it belongs is decided here first.
const ARROWS: [(&str, &[&str]); 11] = [
    ("model", &[]),
    ("decode", &["model"]),
    ("reorder", &["model"]),
    ("geofence", &["model"]),
    // A fix arrives with its ports already on it.
    ("detect", &["model"]),
    ("engine", &["model", "decode", "reorder", "geofence", "detect"]),
    // Sources and sinks on one side and HTTP on the other do not know each other.
    ("connect", &["model", "decode", "reorder", "geofence", "detect", "engine"]),
    ("serve", &["model", "decode", "reorder", "geofence", "detect", "engine"]),
    // Its feeds are lines as a receiver gives them, so its encoder owes nothing to our decoder.
    ("sim", &[]),
    ("xtask", &[]),
    ("darkwake", &["model", "decode", "reorder", "geofence", "detect", "engine", "connect", "serve", "sim"]),
];

/// Crates that wait, poll or schedule.
const RUNTIMES: [&str; 5] = ["tokio", "mio", "async-std", "async-io", "smol"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    command.exec().expect("cargo metadata describes the workspace")
}

/// What each of our crates depends on among our crates.
fn arrows(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata.workspace_packages();
    let names: BTreeSet<String> = packages.iter().map(|package| package.name.to_string()).collect();
    let arrows = packages.iter().map(|package| {
        let linked =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        let ours = linked.map(|dependency| dependency.name.clone()).filter(|name| names.contains(name));
        (package.name.to_string(), ours.collect())
    });
    arrows.collect()
}

/// A way from a crate of ours to one of `goals` along what is linked, if there is one.
fn way(metadata: &Metadata, from: &str, goals: &[&str]) -> Option<Vec<String>> {
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let name = |id: &PackageId| metadata[id].name.to_string();
    let start = metadata.workspace_packages().into_iter().find(|package| package.name == from)?;
    let mut seen: BTreeSet<&PackageId> = BTreeSet::from([&start.id]);
    let mut open: Vec<Vec<&PackageId>> = vec![vec![&start.id]];
    while let Some(path) = open.pop() {
        let last = path.last()?;
        if goals.contains(&name(last).as_str()) {
            return Some(path.into_iter().map(name).collect());
        }
        for dependency in &nodes.get(last)?.deps {
            let is_linked = dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development);
            if is_linked && seen.insert(&dependency.pkg) {
                open.push(path.iter().copied().chain([&dependency.pkg]).collect());
            }
        }
    }
    None
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn crates_depend_only_along_the_arrows() {
    for (from, found) in arrows(&metadata()) {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == from) else {
            panic!("{from} has no place among the arrows");
        };
        let wrong: Vec<&String> = found.iter().filter(|to| !allowed.contains(&to.as_str())).collect();
        assert!(wrong.is_empty(), "{from} may depend on {allowed:?}, not on {wrong:?}");
    }
}

#[test]
fn every_pure_crate_is_in_the_workspace() {
    let found = arrows(&metadata());
    for name in PURE {
        assert!(found.contains_key(name), "{name} is gone, and the tests of purity with it");
    }
}

#[test]
fn no_pure_crate_reaches_an_async_runtime() {
    let metadata = metadata();
    for name in PURE {
        let way = way(&metadata, name, &RUNTIMES);
        assert_eq!(way, None, "{name} must know no runtime");
    }
}

#[test]
fn a_way_through_other_crates_is_found() {
    let way = way(&metadata(), "engine", &["compact_str"]).expect("engine reaches compact_str through model");
    assert_eq!(way.first().map(String::as_str), Some("engine"));
    assert!(way.len() > 2, "{way:?}");
}

/// Modules that link `std` and say why.
const WITH_STD: [&str; 1] = ["crates/decode/src/rare.rs"];

#[test]
fn pure_crates_do_without_std() {
    let mut with_std = Vec::new();
    for name in PURE {
        let folder = Path::new("crates").join(name).join("src");
        let text = read(&root().join(&folder).join("lib.rs"));
        assert!(text.lines().any(|line| line == "#![no_std]"), "{name}: lib.rs does not say #![no_std]");
        with_std.extend(sources(&folder).into_iter().filter(|path| read(path).contains("extern crate std")));
    }
    let expected: Vec<PathBuf> = WITH_STD.iter().map(|path| root().join(path)).collect();
    assert_eq!(with_std, expected);
}

/// All files of Rust in a folder of the project.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn pure_crates_ban_clocks_files_threads_and_the_platforms_floats() {
    let list = |name: &str| read(&root().join("crates").join(name).join("clippy.toml"));
    let first = list(PURE[0]);
    for banned in [
        "std::time::Instant",
        "std::time::SystemTime",
        "std::fs::File",
        "std::fs::read",
        "std::thread::spawn",
        "std::collections::HashMap",
        "std::collections::HashSet",
        "f64::sin",
        "f64::powi",
        "f64::round",
    ] {
        assert!(first.contains(&format!("\"{banned}\"")), "{banned} is not banned");
    }
    for name in PURE {
        assert!(list(name) == first, "{name}/clippy.toml differs from {}/clippy.toml", PURE[0]);
    }
}
