//! The program under test, untouched by settings of the environment.

use std::path::Path;
use std::process::{Command, Stdio};

/// The program, run in a folder with nothing on its standard input.
pub fn darkwake(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_darkwake"));
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name.to_string_lossy().starts_with("DARKWAKE_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}
