//! `darkwake schema`: JSON Schemas of what others rely on.

use std::io::Write;

use crate::cli::SchemaOf;

/// Prints a schema.
pub fn run(of: SchemaOf) -> anyhow::Result<()> {
    let text = match of {
        SchemaOf::Alert => include_str!("../../config/schema/alert.json"),
        SchemaOf::Config => include_str!("../../config/schema/config.json"),
        SchemaOf::Facts => include_str!("../../config/schema/facts.json"),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
