//! `darkwake check`: validates everything without connecting to anything.

use crate::cli::{self, Check};
use crate::config::Config;
use crate::ports;

/// Validates, and says what is in use.
pub fn run(arguments: &Check) -> anyhow::Result<()> {
    let config = Config::load(arguments.config.as_deref())?;
    let files = if arguments.ports.is_empty() { &config.ports.files } else { &arguments.ports };
    let (geofence, hash) = ports::load(files)?;
    let from = if files.is_empty() { "built in".to_owned() } else { format!("{} files", files.len()) };
    cli::talk(&format!("configuration {}: good", config.hash()));
    cli::talk(&format!("ports {hash}: {} ({from})", geofence.ports().list.len()));
    Ok(())
}
