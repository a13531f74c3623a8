//! `cargo xtask bless`: writes what the built `darkwake` says of the golden cases, to be read and committed.

use std::fs;

use anyhow::{Context, Result};

use crate::Usage;
use crate::project::{self, Project};
use crate::say::{say, talk};

const CASES: &str = "tests/golden";

/// Renews `alerts.jsonl` of every case.
pub fn run(arguments: &[&str]) -> Result<()> {
    if !arguments.is_empty() {
        return Err(Usage("usage: cargo xtask bless".to_owned()).into());
    }
    let project = Project::find()?;
    talk("building darkwake (release)");
    project.build()?;
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(project.path(CASES)).context(CASES)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    for name in names {
        let directory = project.path(CASES).join(&name);
        let Some(input) =
            ["input.nmea.gz", "input.nmea"].into_iter().find(|input| directory.join(input).is_file())
        else {
            continue;
        };
        // In its own directory, so that the positions of reports name the input without a path.
        let arguments = ["replay", input, "--out", "alerts.jsonl"];
        project::run(project.darkwake(&arguments).current_dir(&directory))?;
        let alerts = fs::read_to_string(directory.join("alerts.jsonl"))
            .with_context(|| format!("{CASES}/{name}/alerts.jsonl"))?;
        say(&format!("{CASES}/{name}/alerts.jsonl: {} alerts", alerts.lines().count()));
    }
    Ok(())
}
