//! Rows of the World Port Index (NGA Publication 150, a work of the United States government and so in the public domain).
//!
//! This file stands for itself, without the rest of the crate, as `xtask` makes `config/ports/wpi.geojson` with it.

use std::fmt;

use anyhow::{Context, bail, ensure};

/// A column that no other table of ports has.
pub const NUMBER_COLUMN: &str = "World Port Index Number";

/// One arc minute of latitude: the uncertainty of a coordinate given in whole minutes, in metres.
const ARC_MINUTE_M: u32 = 1_850;

/// The uncertainty we assume of a coordinate given more finely than a minute, in metres.
const FINER_THAN_A_MINUTE_M: u32 = 200;

/// How far from a whole minute a coordinate may lie and still count as one, in minutes: the rounding error of
/// four decimals of a degree.
const WHOLE_MINUTE_TOLERANCE: f64 = 0.004;

/// Codes that the index writes differently from UN/LOCODE, blanks taken out.
const MENDED_LOCODES: [(&str, &str); 3] = [("CNDAL", "CNDLC"), ("CNSGH", "CNSHA"), ("SGKEP", "SGSIN")];

/// The size of a harbour as the index gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HarbourSize {
    /// Large.
    Large,
    /// Medium.
    Medium,
    /// Small.
    Small,
    /// Very small.
    VerySmall,
    /// Not stated; mostly places of little trade, so it is treated like the smallest.
    Unstated,
}

impl HarbourSize {
    fn parse(text: &str) -> anyhow::Result<Self> {
        match text {
            "Large" => Ok(Self::Large),
            "Medium" => Ok(Self::Medium),
            "Small" => Ok(Self::Small),
            "Very Small" => Ok(Self::VerySmall),
            "" => Ok(Self::Unstated),
            other => bail!("harbour size '{other}' is none of Large, Medium, Small, Very Small"),
        }
    }

    /// The radius of the circle that stands for the port, in km: wide enough for berths a few minutes of arc
    /// from the point.
    pub fn radius_km(self) -> u32 {
        match self {
            Self::Large => 10,
            Self::Medium => 8,
            Self::Small => 6,
            Self::VerySmall | Self::Unstated => 4,
        }
    }
}

/// A number of the World Port Index, in tenths: a port squeezed in between two others has one decimal (9510.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexNumber {
    tenths: u32,
}

impl IndexNumber {
    /// Reads the form of the table, which writes a decimal for whole numbers too.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
        let is_valid = (1..=5).contains(&whole.len()) && tenth.len() == 1;
        let tenths = format!("{whole}{tenth}").parse().ok().filter(|_| is_valid);
        Ok(Self { tenths: tenths.with_context(|| format!("'{text}' is not a World Port Index number"))? })
    }
}

impl fmt::Display for IndexNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:05}", self.tenths / 10)?;
        match self.tenths % 10 {
            0 => Ok(()),
            tenth => write!(formatter, ".{tenth}"),
        }
    }
}

/// One row of the index, cleaned.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedPort {
    /// Not unique: two numbers stand for two rows each.
    pub number: IndexNumber,
    /// Its main name.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// The name of its country, in the index's own words.
    pub country_name: String,
    /// Its code as the index writes it.
    pub locode: String,
    /// The size of its harbour.
    pub size: HarbourSize,
    /// Decimal degrees, as is the latitude.
    pub longitude: f64,
    /// Decimal degrees.
    pub latitude: f64,
}

impl IndexedPort {
    /// How far the point may lie from the place it means, in metres.
    pub fn accuracy_m(&self) -> u32 {
        if is_whole_minute(self.longitude) && is_whole_minute(self.latitude) {
            return ARC_MINUTE_M;
        }
        FINER_THAN_A_MINUTE_M
    }
}

/// Positions of the columns we use.
pub struct Columns {
    number: usize,
    name: usize,
    alternate_names: usize,
    locode: usize,
    country: usize,
    size: usize,
    latitude: usize,
    longitude: usize,
}

impl Columns {
    /// Finds them in the header.
    pub fn find(header: &csv::StringRecord) -> anyhow::Result<Self> {
        let position = |title: &str| {
            let found = header.iter().position(|column| column == title);
            found.with_context(|| format!("there is no column '{title}'"))
        };
        Ok(Self {
            number: position(NUMBER_COLUMN)?,
            name: position("Main Port Name")?,
            alternate_names: position("Alternate Port Name")?,
            locode: position("UN/LOCODE")?,
            country: position("Country Code")?,
            size: position("Harbor Size")?,
            latitude: position("Latitude")?,
            longitude: position("Longitude")?,
        })
    }

    /// Reads a row.
    pub fn read(&self, record: &csv::StringRecord) -> anyhow::Result<IndexedPort> {
        let text = |column: usize| single_spaced(record.get(column).unwrap_or_default());
        let name = text(self.name);
        ensure!(!name.is_empty(), "the port has no name");
        Ok(IndexedPort {
            number: IndexNumber::parse(&text(self.number))?,
            aliases: split_aliases(&text(self.alternate_names), &name),
            name,
            country_name: text(self.country),
            locode: text(self.locode),
            size: HarbourSize::parse(&text(self.size))?,
            longitude: read_degrees(&text(self.longitude), 180.0)?,
            latitude: read_degrees(&text(self.latitude), 90.0)?,
        })
    }
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Alternate names are separated by semicolons; those that repeat the name or each other are left out.
fn split_aliases(text: &str, name: &str) -> Vec<String> {
    let mut aliases: Vec<String> = Vec::new();
    for alias in text.split(';').map(str::trim) {
        let is_known =
            alias.eq_ignore_ascii_case(name) || aliases.iter().any(|other| other.eq_ignore_ascii_case(alias));
        if !alias.is_empty() && !is_known {
            aliases.push(alias.to_owned());
        }
    }
    aliases
}

/// Five upper-case letters, or nothing: the table also holds bare country codes, stray quotation marks and codes
/// of namesakes (St Petersburg in Florida has that of the Russian one), known by another country's letters.
pub fn mend_locode(text: &str, country: &str) -> Option<String> {
    let letters = text.chars().filter(char::is_ascii_alphabetic);
    let code: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
    if code.len() != 5 || !code.starts_with(country) {
        return None;
    }
    let mended = MENDED_LOCODES.iter().find(|(wrong, _)| *wrong == code);
    Some(mended.map_or(code, |(_, right)| (*right).to_owned()))
}

fn read_degrees(text: &str, limit: f64) -> anyhow::Result<f64> {
    let degrees: f64 = text.parse().with_context(|| format!("'{text}' is not a number of degrees"))?;
    ensure!(degrees.abs() <= limit, "{degrees} degrees is beyond ±{limit}");
    Ok(degrees)
}

fn is_whole_minute(degrees: f64) -> bool {
    let minutes = degrees * 60.0;
    (minutes - minutes.round()).abs() < WHOLE_MINUTE_TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_mended_or_left_out() {
        let check = |given: &str, country: &str, expected: Option<&str>| {
            assert_eq!(mend_locode(given, country).as_deref(), expected, "{given} in {country}");
        };
        check("NL RTM", "NL", Some("NLRTM"));
        check("CNSGH", "CN", Some("CNSHA"));
        check("SG KEP", "SG", Some("SGSIN"));
        check("GB ME\"\"", "GB", None);
        check("RULED", "US", None);
        check("CL", "CL", None);
        check("", "CL", None);
    }

    #[test]
    fn numbers_keep_their_decimal_only_where_it_says_something() {
        let check = |given: &str, expected: Option<&str>| {
            let number = IndexNumber::parse(given).ok().map(|number| number.to_string());
            assert_eq!(number.as_deref(), expected, "{given}");
        };
        check("400.0", Some("00400"));
        check("49454.5", Some("49454.5"));
        check("60510", Some("60510"));
        check("123456.0", None);
        check("12.34", None);
        check("", None);
    }
}
