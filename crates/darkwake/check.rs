//! `darkwake check`: validates everything without connecting to anything.

mod files;

use std::io::Write;

use crate::cli::{self, Check};
use crate::config::{Config, Given, effective};
use crate::{Usage, ports, watch};

/// Validates, and says what is in use.
pub fn run(arguments: &Check) -> anyhow::Result<()> {
    let given = Given::read(arguments.config.as_deref())?;
    // Also where something else is wrong: it may show what.
    if arguments.print {
        std::io::stdout().write_all(effective::text(&given, &arguments.ports)?.as_bytes())?;
    }
    let config = Config::of(&given)?;
    crate::run::check_kafka(&config)?;
    let found = files::look(&config);
    anyhow::ensure!(found.wrong.is_empty(), Usage(found.wrong.join("\n")));
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
    let warnings = [&watched.warnings[..], &unmatched[..], &found.missing[..]].concat();
    warnings.iter().for_each(|warning| cli::warn(warning));
    let count = warnings.len();
    anyhow::ensure!(count == 0 || !arguments.strict, Usage(format!("--strict fails for warnings: {count}")));
    Ok(())
}
