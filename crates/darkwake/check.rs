//! `darkwake check`: validates everything without connecting to anything.

use crate::cli::{self, Check};
use crate::config::Config;
use crate::{ports, watch};

/// Validates, and says what is in use.
pub fn run(arguments: &Check) -> anyhow::Result<()> {
    let config = Config::load(arguments.config.as_deref())?;
    if let Some(path) = &arguments.config {
        crate::run::check_kafka(&config, path)?;
    }
    let files = if arguments.ports.is_empty() { &config.ports.files } else { &arguments.ports };
    let (geofence, hash) = ports::load(files)?;
    let watched = watch::read(&config)?;
    let from = if files.is_empty() { "built in".to_owned() } else { format!("{} files", files.len()) };
    cli::talk(&format!("configuration {}: good", config.hash()));
    cli::talk(&format!("ports {hash}: {} ({from})", geofence.ports().list.len()));
    let rules = &watched.rules;
    cli::talk(&format!(
        "watch rules: ships {}, ports {}, corridors {}, areas {}",
        rules.ships.len(),
        rules.ports.len(),
        rules.corridors.len(),
        rules.areas.len()
    ));
    watched.summaries.iter().for_each(|summary| cli::talk(summary));
    let unmatched = watch::unmatched(rules, geofence.ports());
    watched.warnings.iter().chain(&unmatched).for_each(|warning| cli::warn(warning));
    Ok(())
}
