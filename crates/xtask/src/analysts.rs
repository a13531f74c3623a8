//! What analysts ask: every block of ANALYSTS.md, with DuckDB, pandas and geopandas on the output of the Rajin scenario.

use anyhow::Result;

use crate::project::{self, Project};

/// What it needs of PyPI.
const REQUIREMENTS: &str = "tests/analysts/requirements.txt";

/// Generates, replays, and asks.
pub fn test(project: &Project) -> Result<String> {
    let python = project::venv(project, "analysts-venv", &["-r", REQUIREMENTS])?.join("bin/python");
    let folder = project.scratch("analysts")?;
    let feed = folder.join("feed.nmea");
    project::run(&mut project.darkwake(&[
        "generate",
        "rajin",
        "--seed",
        "1",
        "--out",
        project::text(&feed)?,
    ]))?;
    let mut replay = project.darkwake(&["replay", project::text(&feed)?]);
    for (option, name) in [
        ("--out", "alerts.parquet"),
        ("--out", "alerts.jsonl"),
        ("--facts", "facts.parquet"),
        ("--facts", "facts.jsonl"),
        ("--tracks", "tracks.parquet"),
        ("--tracks", "tracks.csv"),
    ] {
        replay.arg(option).arg(folder.join(name));
    }
    project::run(&mut replay)?;
    let mut by_day = project.darkwake(&["replay", project::text(&feed)?, "--by-day"]);
    for (option, name) in [("--out", "alerts"), ("--facts", "facts"), ("--tracks", "tracks")] {
        by_day.arg(option).arg(folder.join("days").join(format!("{name}.parquet")));
    }
    project::run(&mut by_day)?;
    let mut asked = 0;
    let ask = &["tests/analysts/ask.py", "ANALYSTS.md", project::text(&folder)?];
    project::follow(&mut project.command(python, ask), |line| {
        asked += u32::from(line.starts_with("== ") && line.as_bytes().get(3).is_some_and(u8::is_ascii_digit));
    })?;
    Ok(format!("{asked} questions"))
}
