//! `cargo xtask web` builds the page into `crates/serve/web/dist`, from where it goes into the program.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;

use crate::Usage;
use crate::project::{self, Project};
use crate::say::talk;
use crate::system::{self, Need};

/// Where the page is, seen from the workspace root.
const FOLDER: &str = "crates/serve/web";

/// Builds it.
///
/// # Errors
/// No Node.js or npm, no network for its packages, or a mistake in it.
pub fn run(arguments: &[&str]) -> Result<()> {
    if !arguments.is_empty() {
        return Err(Usage("usage: cargo xtask web".to_owned()).into());
    }
    system::prepare(&[Need::Node])?;
    build(&Project::find()?)?;
    talk("built crates/serve/web/dist; the next build of darkwake has it");
    Ok(())
}

/// Builds the page where Node.js is there.
pub fn build(project: &Project) -> Result<()> {
    talk("building the page (crates/serve/web)");
    let npm =
        |words: &[&str]| project::run(Command::new("npm").args(words).current_dir(project.path(FOLDER)));
    npm(&["ci", "--no-audit", "--no-fund", "--silent"])?;
    npm(&["run", "--silent", "check"])?;
    // What is written anew goes into the program anew, which takes minutes.
    if is_built(&project.path(FOLDER)) { Ok(()) } else { npm(&["run", "--silent", "build"]) }
}

/// Whether the page is there and newer than all that it is made of.
fn is_built(folder: &Path) -> bool {
    let made_of =
        ["src", "build.mjs", "coast.mjs", "package-lock.json"].map(|name| newest(&folder.join(name)));
    let built = folder.join("dist/index.html").metadata().and_then(|page| page.modified()).ok();
    built > made_of.into_iter().max().flatten()
}

/// When a file, or any in a folder, was changed last.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = path.read_dir() else { return path.metadata().and_then(|file| file.modified()).ok() };
    entries.flatten().map(|entry| newest(&entry.path())).max().flatten()
}

/// Runs the tests of its modules.
pub fn test(project: &Project) -> Result<()> {
    project::run(Command::new("npm").args(["test", "--silent"]).current_dir(project.path(FOLDER)))
}
