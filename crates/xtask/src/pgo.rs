//! `cargo xtask pgo`: the program as it is released, optimised for the ways that its code really takes (profile-guided optimisation).
//!
//! The program is built so that it counts where it goes, reads generated feeds, and is built again with what it has
//! counted. Nothing of the real data that benches use is in the feeds. Both programs have to tell the same of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::project::{self, Project, text};
use crate::say::say;
use crate::system::{self, Need};
use crate::{Usage, reproducible, scenarios};

/// Formats of a day of a national feed, as `benches/month/make.py` makes them, …
const FORMATS: [&str; 3] = ["nmea", "aisdk", "noaa"];
/// … and so many rows of it.
const ROWS: &str = "2_000_000";
/// Scenarios in which there is more to judge.
const SCENARIOS: [&str; 3] = ["mixed", "rajin", "identity"];

/// Where feeds are, and the profile.
const FEEDS: &str = "pgo/feeds";
const PROFILE: &str = "pgo/darkwake.profdata";

/// What it takes.
pub const NEEDS: [Need; 5] = [Need::Make, Need::OpenSsl, Need::LlvmTools, Need::Python, Need::Venv];

/// Makes the profile, then the program, and says where it is.
pub fn run(arguments: &[&str]) -> Result<()> {
    if !arguments.is_empty() {
        return Err(Usage("usage: cargo xtask pgo".to_owned()).into());
    }
    system::prepare(&NEEDS)?;
    let project = Project::find()?;
    profile(&project)?;
    say(&program(&project)?);
    Ok(())
}

/// Builds the program that counts, lets it read the feeds, and puts together what it has counted.
pub fn profile(project: &Project) -> Result<()> {
    let (counted, feeds) = (project.scratch("pgo/counted")?, project.scratch(FEEDS)?);
    let counts = format!("-Cprofile-generate={}", text(&counted)?);
    let program = reproducible::build(project, "pgo/counting", &[counts])?;
    let python = project::venv(project, "month-venv", &["-r", "benches/month/requirements.txt"])?;
    for format in FORMATS {
        let feed = feeds.join(format);
        let make = ["benches/month/make.py", "--rows", ROWS, "--format", format, "--out", text(&feed)?];
        project::run(&mut project.command(python.join("bin/python"), &make))?;
    }
    for scenario in SCENARIOS {
        let feed = feeds.join(scenario);
        let mut generate = project.untouched(&program, &["generate", scenario, "--out", text(&feed)?]);
        // That is no example.
        project::run(generate.env(COUNTS_TO, "/dev/null"))?;
    }
    for (feed, told) in all(project) {
        replay(project, &program, &feed, &told)?;
    }
    let profile = project.made(PROFILE);
    project::run(&mut project.command(llvm_profdata()?, &["merge", "-o", text(&profile)?, text(&counted)?]))
}

/// Builds the program with the profile, and compares what it tells with what the one that counts has told; says where it is.
pub fn program(project: &Project) -> Result<String> {
    // From nothing, as what is there may be of another profile. All else is as before: the profile goes by names, which hang on how
    // it is built.
    project.scratch("pgo/optimised")?;
    let program = reproducible::build(project, "pgo/optimised", &[uses(&project.made(PROFILE))?])?;
    for (feed, told) in all(project) {
        let again = told.with_extension("again");
        replay(project, &program, &feed, &again)?;
        for name in TOLD {
            scenarios::same(&told.join(name), &again.join(name))?;
        }
    }
    Ok(program.display().to_string())
}

/// Each feed, and where what is told of it is kept.
fn all(project: &Project) -> Vec<(PathBuf, PathBuf)> {
    let feeds = project.made(FEEDS);
    let names = FORMATS.iter().chain(&SCENARIOS);
    names.map(|name| (feeds.join(name), feeds.join("told").join(name))).collect()
}

/// The flag with which the compiler uses a profile.
pub fn uses(profile: &Path) -> Result<String> {
    Ok(format!("-Cprofile-use={}", text(profile)?))
}

/// Says where the counts of a program go, other than where it was built for.
const COUNTS_TO: &str = "LLVM_PROFILE_FILE";
/// What a replay writes.
const TOLD: [&str; 2] = ["alerts.jsonl", "facts.jsonl"];

/// Replays a feed on one thread that detects, so that none counts in the way of another.
fn replay(project: &Project, program: &Path, feed: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let [alerts, facts] = TOLD.map(|name| folder.join(name));
    let mut replay = project.untouched(program, &["replay", text(feed)?, "--shards", "1"]);
    replay.env_remove(COUNTS_TO);
    project::output(replay.arg("--out").arg(alerts).arg("--facts").arg(facts)).map(drop)
}

/// What puts counts together, as it comes with the compiler.
pub fn llvm_profdata() -> Result<PathBuf> {
    let libraries =
        project::output(Command::new(project::rustc_program()).args(["--print", "target-libdir"]))?;
    let beside = Path::new(libraries.trim()).parent().context("rustc has no folder of libraries")?;
    Ok(beside.join("bin").join(format!("llvm-profdata{}", std::env::consts::EXE_SUFFIX)))
}
