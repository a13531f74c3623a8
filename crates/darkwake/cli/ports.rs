//! The command line of `darkwake ports`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use model::PortKind;

use super::Reading;

/// Subcommands of `ports`.
#[derive(Debug, Subcommand)]
pub enum Ports {
    /// Say what is wrong with port files.
    Validate {
        /// Port files (GeoJSON).
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Make a port file of other lists of ports.
    Import(Box<Import>),
    /// Make a port file of where ships lie in AIS.
    Derive(Box<Derive>),
    /// Write a page that shows port files on a map.
    Show {
        /// Port files (GeoJSON).
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The page, - for stdout.
        #[arg(long, value_name = "FILE.html", default_value = "ports.html", env = "DARKWAKE_OUT")]
        out: PathBuf,
    },
}

/// Arguments of `ports import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Files, directories, patterns or - ; plain or .gz, .zst, .zip, .bz2.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// The port file to write, - for stdout.
    #[arg(long, value_name = "FILE.geojson", env = "DARKWAKE_OUT")]
    pub out: PathBuf,
    /// What the files are; auto looks at them.
    #[arg(long, value_enum, default_value_t, env = "DARKWAKE_FORMAT")]
    pub format: PortFormat,
    /// Radius of points that say none; without it 4, and by size of harbour in the World Port Index.
    #[arg(long, value_name = "KM", value_parser = parse_radius, env = "DARKWAKE_RADIUS_KM")]
    pub radius_km: Option<f64>,
    /// Kind of ports that say none; without it port, or anchorage for single cells of S2.
    #[arg(long, value_name = "KIND", value_parser = parse_kind, env = "DARKWAKE_KIND")]
    pub kind: Option<PortKind>,
    /// Put before each id.
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true, env = "DARKWAKE_ID_PREFIX")]
    pub id_prefix: String,
    /// What a property of a port, or its lon, lat or wkt, is called in the files: name=PORT_NAME.
    #[arg(
        long,
        value_name = "PROPERTY=NAME",
        num_args = 1,
        value_delimiter = ',',
        value_parser = parse_map,
        env = "DARKWAKE_MAP"
    )]
    pub map: Vec<(String, String)>,
    /// Cells of S2 make one port for each label, or each its own.
    #[arg(long, value_enum, default_value_t, env = "DARKWAKE_CELLS")]
    pub cells: Cells,
    /// Ports beyond this number are left out.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, env = "DARKWAKE_MAX_PORTS")]
    pub max_ports: usize,
}

/// What lists of ports are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PortFormat {
    /// Look at the beginning.
    #[default]
    Auto,
    /// GeoJSON with properties of any names.
    Geojson,
    /// A table with columns of longitude and latitude.
    Csv,
    /// A table with a column of WKT.
    Wkt,
    /// The World Port Index (NGA Publication 150).
    Wpi,
    /// The code list of UN/LOCODE.
    Locode,
    /// Anchorages by cells of S2, as Global Fishing Watch has them.
    S2,
}

/// What cells of S2 make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Cells {
    /// One port of all cells of a country that have the same label.
    #[default]
    Label,
    /// A port of each cell.
    Each,
}

/// Arguments of `ports derive`.
#[derive(Debug, Args)]
pub struct Derive {
    /// What to read.
    #[command(flatten)]
    pub reading: Reading,
    /// The port file to write, - for stdout.
    #[arg(long, value_name = "FILE.geojson", env = "DARKWAKE_OUT")]
    pub out: PathBuf,
    /// Resolution of the H3 cells that ports are made of: at 9 a cell is 0.35 km across.
    #[arg(
        long,
        value_name = "R",
        default_value_t = 9,
        env = "DARKWAKE_RESOLUTION",
        value_parser = clap::value_parser!(u8).range(6..=10)
    )]
    pub resolution: u8,
    /// So many ships must have stopped in a cell.
    #[arg(long, value_name = "N", default_value_t = 20, env = "DARKWAKE_MIN_SHIPS")]
    pub min_ships: usize,
    /// So many stops must have been in a cell.
    #[arg(long, value_name = "N", default_value_t = 1, env = "DARKWAKE_MIN_STOPS")]
    pub min_stops: usize,
    /// A stop lasts at least this long.
    #[arg(long, value_name = "H", default_value_t = 0.25, value_parser = parse_hours, env = "DARKWAKE_MIN_HOURS")]
    pub min_hours: f64,
    /// A ship at rest makes at most this speed over ground.
    #[arg(long, value_name = "KN", default_value_t = 0.5, value_parser = parse_knots, env = "DARKWAKE_MAX_SPEED")]
    pub max_speed: f64,
    /// Ports reach this far beyond the cells in which ships lie, in whole cells.
    #[arg(long, value_name = "M", default_value_t = 200.0, value_parser = parse_buffer, env = "DARKWAKE_BUFFER_M")]
    pub buffer_m: f64,
    /// The port file that gives names, or built-in.
    #[arg(long, value_name = "FILE", default_value = "built-in", env = "DARKWAKE_NAMES")]
    pub names: PathBuf,
    /// Ships beyond this number are left out.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, env = "DARKWAKE_MAX_SHIPS")]
    pub max_ships: usize,
    /// Cells beyond this number are left out.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, env = "DARKWAKE_MAX_CELLS")]
    pub max_cells: usize,
}

fn parse_kind(text: &str) -> Result<PortKind, String> {
    PortKind::from_name(text)
        .ok_or_else(|| format!("kinds are {}", PortKind::ALL.map(PortKind::name).join(", ")))
}

fn parse_map(text: &str) -> Result<(String, String), String> {
    let (property, name) = text.split_once('=').unwrap_or(("", ""));
    let (property, name) = (property.trim(), name.trim());
    if property.is_empty() || name.is_empty() {
        return Err("give a property and what it is called in the files, such as name=PORT_NAME".to_owned());
    }
    if !crate::ports::is_property(property) {
        return Err(format!(
            "'{property}' is no property of a port; there are {}",
            crate::ports::properties()
        ));
    }
    Ok((property.to_owned(), name.to_owned()))
}

fn parse_radius(text: &str) -> Result<f64, String> {
    within(text, 0.001, 1_000.0).ok_or_else(|| "give kilometres above 0, such as 3".to_owned())
}

fn parse_hours(text: &str) -> Result<f64, String> {
    within(text, 0.25, 8_760.0).ok_or_else(|| "give hours, 0.25 or more".to_owned())
}

fn parse_knots(text: &str) -> Result<f64, String> {
    within(text, 0.0, 5.0).ok_or_else(|| "give knots from 0 to 5".to_owned())
}

fn parse_buffer(text: &str) -> Result<f64, String> {
    within(text, 0.0, 10_000.0).ok_or_else(|| "give metres from 0 to 10000".to_owned())
}

fn within(text: &str, least: f64, most: f64) -> Option<f64> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}
