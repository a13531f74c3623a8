//! The page in a real browser, and its API against its OpenAPI document: `tests/page`.

use anyhow::{Context, Result};

use crate::project::{self, Project};
use crate::system::CHROMIUM;

/// Where the tests are, seen from the workspace root.
const FOLDER: &str = "tests/page";
/// What asks the API everything that its document allows, and some that it does not.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Runs them with the built program; pictures of all views go to `target/page`.
pub fn test(project: &Project) -> Result<String> {
    let pictures = project.made("page");
    std::fs::create_dir_all(&pictures).with_context(|| format!("{}", pictures.display()))?;
    let venv = project::venv(project, "page-venv", &[SCHEMATHESIS])?;
    let chromium = CHROMIUM.iter().find(|program| project::works(program, &["--version"]));
    let npm = |words: &[&str]| {
        let mut command = project.command("npm", words);
        command.current_dir(project.path(FOLDER));
        command
    };
    project::run(&mut npm(&["ci", "--no-audit", "--no-fund", "--silent"]))?;
    let program = format!("release/darkwake{}", std::env::consts::EXE_SUFFIX);
    project::run(
        npm(&["test", "--silent"])
            .env("DARKWAKE", project.made(&program))
            .env("CHROMIUM", chromium.copied().unwrap_or_default())
            .env("SCHEMATHESIS", venv.join("bin/schemathesis"))
            .env("PICTURES", &pictures),
    )?;
    Ok(String::new())
}
