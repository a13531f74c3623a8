//! The configuration file: one tree, every default in `config/darkwake.toml`.

use std::path::{Path, PathBuf};

use connect::reader::Format;
use decode::TagChecksum;
use decode::table::ColumnMap;
use serde::{Deserialize, Serialize};

use crate::Usage;

/// All settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How inputs are read.
    pub input: InputConfig,
    /// Ports.
    pub ports: PortsConfig,
    /// Alerts.
    pub alerts: AlertsConfig,
    /// Limits.
    pub limits: LimitsConfig,
}

/// How inputs are read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputConfig {
    /// What a wrong checksum of a TAG block means.
    pub tag_checksum: TagChecksum,
    /// How far out of order sentences may come.
    pub delay_bound: Duration,
    /// In what order the rows of tables are read.
    pub table_order: TableOrder,
    /// Columns of tables without a known header.
    pub columns: Option<ColumnMap>,
}

/// In what order the rows of tables are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableOrder {
    /// As if sorted by time, MMSI and row.
    #[default]
    Sort,
    /// As they come, at most `delay_bound` out of order.
    Bounded,
}

/// Ports.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortsConfig {
    /// Port files instead of the built-in ones; relative to the configuration file.
    pub files: Vec<PathBuf>,
}

/// Alerts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// Whether visits and hops that no watch rule names are alerts too.
    pub facts: FactAlerts,
}

/// Whether visits and hops that no watch rule names are alerts too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FactAlerts {
    /// Facts only.
    None,
    /// All, as info.
    #[default]
    All,
}

/// Limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Longest line in bytes; longer ones are `malformed`.
    pub line_bytes: usize,
    /// Ships remembered in all; beyond it ships heard less than three times make room.
    pub ships: usize,
    /// Rows of a table sorted in memory; beyond it they are spilled to a temporary file.
    pub sort_rows: usize,
}

impl Default for InputConfig {
    fn default() -> Self {
        InputConfig {
            tag_checksum: TagChecksum::default(),
            delay_bound: Duration { ms: 30_000 },
            table_order: TableOrder::default(),
            columns: None,
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        LimitsConfig { line_bytes: 16_384, ships: 2_097_152, sort_rows: 1_000_000 }
    }
}

/// A time span written as "6h 30m", "30s", "250ms".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration {
    /// Milliseconds.
    pub ms: i64,
}

impl TryFrom<String> for Duration {
    type Error = String;

    fn try_from(text: String) -> Result<Duration, String> {
        let wrong = || format!("\"{text}\" is no time span; write it like \"30s\", \"5m\" or \"6h 30m\"");
        let mut ms = 0_i64;
        for part in text.split_whitespace() {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, unit) = part.split_at(digits);
            let unit_ms = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return Err(wrong()),
            };
            let number: i64 = number.parse().map_err(|_| wrong())?;
            ms = number.checked_mul(unit_ms).and_then(|part| ms.checked_add(part)).ok_or_else(wrong)?;
        }
        if ms == 0 { Err(wrong()) } else { Ok(Duration { ms }) }
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> String {
        let mut rest = duration.ms;
        let mut parts = Vec::new();
        for (unit, unit_ms) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
            if rest >= unit_ms {
                parts.push(format!("{}{unit}", rest / unit_ms));
                rest %= unit_ms;
            }
        }
        parts.join(" ")
    }
}

/// The longest delay bound that is allowed.
const MAX_DELAY_MS: i64 = 300_000;

impl Config {
    /// Reads a configuration file, or takes the defaults.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Config> {
        let Some(path) = path else { return Ok(Config::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Usage(format!("{}: cannot be read: {error}", path.display())))?;
        let mut config: Config =
            toml::from_str(&text).map_err(|error| Usage(format!("{}: {error}", path.display())))?;
        if config.input.delay_bound.ms > MAX_DELAY_MS {
            let told = String::from(config.input.delay_bound);
            anyhow::bail!(Usage(format!(
                "{}: input.delay_bound = \"{told}\" is more than 5m",
                path.display()
            )));
        }
        if let Some(folder) = path.parent() {
            config.ports.files.iter_mut().for_each(|file| *file = folder.join(&file));
        }
        Ok(config)
    }

    /// Hash by which alerts name the configuration they were made with.
    pub fn hash(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("{:016x}", model::hash::bytes(0, text.as_bytes()))
    }
}

/// The reader's format for a name on the command line.
pub fn reader_format(format: crate::cli::Format) -> Option<Format> {
    match format {
        crate::cli::Format::Auto => None,
        crate::cli::Format::Nmea => Some(Format::Nmea),
        crate::cli::Format::Aisdk | crate::cli::Format::Noaa => Some(Format::Table),
        crate::cli::Format::Json => Some(Format::Json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotated_file_holds_every_default() {
        let text = include_str!("../../config/darkwake.toml");
        let read: Config = toml::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value(Config::default()).unwrap());
        for key in [
            "tag_checksum",
            "delay_bound",
            "table_order",
            "files",
            "facts",
            "line_bytes",
            "ships",
            "sort_rows",
        ] {
            assert!(text.lines().any(|line| line.starts_with(&format!("{key} ="))), "{key} is not shown");
        }
    }

    #[test]
    fn durations_are_written_as_people_do() {
        for (text, ms) in [("30s", 30_000), ("6h 30m", 23_400_000), ("250ms", 250)] {
            let duration = Duration::try_from(text.to_owned()).unwrap();
            assert_eq!((duration.ms, String::from(duration).as_str()), (ms, text));
        }
        assert!(Duration::try_from("30".to_owned()).is_err());
        assert!(Duration::try_from("0s".to_owned()).is_err());
    }
}
