//! `darkwake schema`: JSON Schemas of what others rely on, and the page of all metrics.

use std::io::Write;

use crate::cli::SchemaOf;

/// Prints it.
pub fn run(of: SchemaOf) -> anyhow::Result<()> {
    let metrics;
    let text = match of {
        SchemaOf::Alert => include_str!("../../config/schema/alert.json"),
        SchemaOf::Config => include_str!("../../config/schema/config.json"),
        SchemaOf::Facts => include_str!("../../config/schema/facts.json"),
        SchemaOf::Metrics => {
            metrics = crate::metrics::page()?;
            metrics.as_str()
        }
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
