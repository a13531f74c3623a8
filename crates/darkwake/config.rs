//! The configuration: one tree, every default in `config/darkwake.toml`.

pub mod effective;
mod given;
mod serve;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use connect::reader::Format;
use decode::TagChecksum;
use decode::table::ColumnMap;
use model::alert::Severity;
use model::{EventTime, Mmsi, Position};
use serde::{Deserialize, Serialize};

use crate::Usage;
pub use given::{Given, PREFIX};
pub use serve::{Anonymous, ServeConfig, TokenConfig, TokenRole};

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
    /// What people want to hear of.
    pub watch: WatchConfig,
    /// Limits.
    pub limits: LimitsConfig,
    /// What `darkwake run` reads and writes.
    pub live: LiveConfig,
    /// The Kafka cluster.
    pub kafka: KafkaConfig,
    /// What is served over HTTP.
    pub serve: ServeConfig,
    /// What the program says of itself.
    pub log: LogConfig,
    /// The folder of the file.
    #[serde(skip)]
    pub folder: PathBuf,
    /// Whether it is of a file, or of variables that alerts hang on.
    #[serde(skip)]
    pub names_rules: bool,
    /// What it was read from, as errors name it; empty if nothing was given.
    #[serde(skip)]
    pub place: String,
}

/// What the program says of itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// How much.
    pub level: Level,
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Why it ended.
    Error,
    /// What is doubtful or has failed, too.
    Warn,
    /// What it does, too.
    #[default]
    Info,
}

/// What `darkwake run` reads and writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiveConfig {
    /// Where the log is between what takes in and what detects.
    pub log: LogCarrier,
    /// Folder of what is known, with the log in memory: the program goes on there after a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<PathBuf>,
    /// How often what is known is written down.
    pub snapshot_interval: Duration,
    /// How often it is looked whether the files of ports and watch rules have changed; on SIGHUP only without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reload_interval: Option<Duration>,
    /// Where lines come from.
    pub sources: Vec<SourceConfig>,
    /// Where alerts go.
    pub sinks: Vec<SinkConfig>,
}

/// Where the log is between what takes in and what detects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogCarrier {
    /// In the memory of one program.
    #[default]
    Memory,
    /// In a topic: several programs share the work, and go on where they were.
    Kafka,
}

/// A live source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// For people, and for the alerts that were made of it.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SourceKind,
    /// Host and port to connect to, or address and port to listen on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Multicast group to join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Ipv4Addr>,
    /// Topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// File.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Address of a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What is said to a service first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<Secret>,
    /// User of a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What its lines are.
    #[serde(default)]
    pub format: LineFormat,
    /// So many times as fast as it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// What is before this is given at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// So many bytes a second are taken of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes_per_second: Option<u64>,
    /// How far out of order its lines may come; that of `[input]` if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_bound: Option<Duration>,
}

impl SourceConfig {
    /// One of which nothing more is given.
    pub fn new(name: &str, kind: SourceKind, format: LineFormat) -> SourceConfig {
        SourceConfig {
            name: name.to_owned(),
            kind,
            address: None,
            group: None,
            topic: None,
            path: None,
            url: None,
            subscribe: None,
            user: None,
            password: None,
            format,
            speed: None,
            from: None,
            max_bytes_per_second: None,
            delay_bound: None,
        }
    }
}

impl SinkConfig {
    /// One of which nothing more is given.
    pub fn new(kind: SinkKind) -> SinkConfig {
        SinkConfig {
            kind,
            path: None,
            rotate_bytes: None,
            keep: None,
            topic: None,
            url: None,
            secret: None,
            dead_letters: None,
        }
    }
}

/// What a live source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A server to connect to.
    Tcp,
    /// Whoever connects.
    TcpListen,
    /// Datagrams.
    Udp,
    /// Standard input.
    Stdin,
    /// A file that grows.
    Tail,
    /// A file, played as if it came live.
    Play,
    /// An MQTT broker.
    Mqtt,
    /// A WebSocket server.
    Websocket,
    /// A topic.
    Kafka,
}

/// What live lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineFormat {
    /// Sentences.
    #[default]
    Nmea,
    /// JSON objects.
    Json,
}

/// Where alerts go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkConfig {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SinkKind,
    /// File.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// When another file takes its place: once it has so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_bytes: Option<u64>,
    /// How many files that were in its place are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u32>,
    /// Topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Address of a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What posts are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// File for alerts that no webhook took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<PathBuf>,
}

/// What a sink is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SinkKind {
    /// Standard output.
    Stdout,
    /// A file that grows.
    File,
    /// A topic.
    Kafka,
    /// An address that alerts are posted to.
    Webhook,
}

/// What is shown in place of a secret.
const MASK: &str = "****";

/// A text in which `${NAME}` stands for a variable of the environment, so that what is secret need not be in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Secret {
    written: String,
    /// With what the variables hold.
    pub text: String,
    /// Why it cannot be used: said without the text, which is nobody's business.
    pub problem: Option<String>,
}

impl From<String> for Secret {
    fn from(written: String) -> Secret {
        match Secret::fill_in(&written) {
            Ok(text) => Secret { written, text, problem: None },
            Err(problem) => Secret { written, text: String::new(), problem: Some(problem) },
        }
    }
}

impl Secret {
    /// Takes variables from the environment.
    fn fill_in(written: &str) -> Result<String, String> {
        let mut text = String::new();
        let mut rest = written;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or("a \"${\" has no \"}\"")?;
            let value = std::env::var(name).map_err(|_| format!("the environment has no {name}"))?;
            text += before;
            text += &value;
            rest = after;
        }
        text += rest;
        Ok(text)
    }
}

impl From<Secret> for String {
    /// As it may be shown: the name of a variable is no secret, anything else may be one.
    fn from(secret: Secret) -> String {
        let name = secret.written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if name.is_some_and(|name| !name.contains(['$', '{', '}'])) {
            secret.written
        } else {
            MASK.to_owned()
        }
    }
}

/// The Kafka cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// Addresses of some of its brokers.
    pub brokers: String,
    /// What the names of consumer groups and transactional ids begin with.
    pub application: String,
    /// Our topics.
    pub topics: TopicsConfig,
    /// Partitions of our topics, if they have to be made.
    pub partitions: u16,
    /// How long what was taken in or told waits to be committed with what comes after it; eight times as long at most
    /// while ingest always has more to take in.
    pub commit_interval: Duration,
    /// Settings of librdkafka, passed on as they are.
    pub properties: BTreeMap<String, Secret>,
}

/// Our topics.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicsConfig {
    /// What is detected in.
    pub log: String,
    /// What is told.
    pub alerts: String,
    /// Who has seen to it.
    pub acks: String,
    /// What is known.
    pub snapshots: String,
}

impl Default for LiveConfig {
    fn default() -> Self {
        LiveConfig {
            log: LogCarrier::default(),
            state: None,
            snapshot_interval: Duration { ms: 30_000 },
            reload_interval: None,
            sources: Vec::new(),
            sinks: Vec::new(),
        }
    }
}

impl Default for TopicsConfig {
    fn default() -> Self {
        TopicsConfig {
            log: "darkwake.log".to_owned(),
            alerts: "darkwake.alerts".to_owned(),
            acks: "darkwake.acks".to_owned(),
            snapshots: "darkwake.snapshots".to_owned(),
        }
    }
}

impl Default for KafkaConfig {
    fn default() -> Self {
        KafkaConfig {
            brokers: "127.0.0.1:9092".to_owned(),
            application: "darkwake".to_owned(),
            topics: TopicsConfig::default(),
            partitions: 12,
            commit_interval: Duration { ms: 25 },
            properties: BTreeMap::new(),
        }
    }
}

/// What of the configuration decides which alerts there are, and what they say.
#[derive(Serialize)]
struct Judging<'a> {
    input: &'a InputConfig,
    ports: &'a PortsConfig,
    alerts: &'a AlertsConfig,
    watch: &'a WatchConfig,
    limits: &'a LimitsConfig,
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
    #[default]
    None,
    /// All, as info.
    All,
}

/// What people want to hear of. Each array that a file gives takes the place of the default one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchConfig {
    /// Ships.
    pub ships: Vec<ShipConfig>,
    /// Lists of ships.
    pub lists: Vec<ListConfig>,
    /// Ports.
    pub ports: Vec<PortRuleConfig>,
    /// Ways from some ports to others.
    pub corridors: Vec<CorridorConfig>,
    /// Areas.
    pub areas: Vec<AreaConfig>,
}

/// A ship, by its IMO number first and by its MMSI within dates second.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShipConfig {
    /// The list it is on, as alerts name it.
    #[serde(default = "ship_list")]
    pub list: String,
    /// Its name, for people; never matched.
    #[serde(default)]
    pub name: String,
    /// IMO number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imo: Option<ImoNumber>,
    /// MMSIs.
    #[serde(default)]
    pub mmsi: Vec<MmsiConfig>,
    /// How urgent its alerts are at least.
    #[serde(default = "rule_severity")]
    pub severity: Severity,
    /// Whether its alerts are not told.
    #[serde(default)]
    pub mute: bool,
}

/// An MMSI, and when it was the ship's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MmsiConfig {
    /// The MMSI.
    pub mmsi: MmsiNumber,
    /// First moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// First moment after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

/// A list of ships.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListConfig {
    /// The file, plain or compressed; relative to the configuration file.
    pub file: PathBuf,
    /// What it is.
    #[serde(default)]
    pub format: ListFormat,
    /// The list's name, as alerts tell it; empty: as the file says.
    #[serde(default)]
    pub name: String,
    /// How urgent alerts of its ships are at least.
    #[serde(default = "rule_severity")]
    pub severity: Severity,
    /// Whether alerts of its ships are not told.
    #[serde(default)]
    pub mute: bool,
    /// Hash of what the file held when the configuration was read; `None` if it could not be read.
    #[serde(skip)]
    pub content: Option<u64>,
}

/// What a list of ships is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListFormat {
    /// What its content tells.
    #[default]
    Auto,
    /// A table with a header.
    Plain,
    /// `sdn.csv` of OFAC.
    OfacCsv,
    /// `sdn_advanced.xml` of OFAC.
    OfacXml,
    /// A table of OpenSanctions.
    Opensanctions,
    /// A table of an EU annex.
    Eu,
}

/// Ports to watch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortRuleConfig {
    /// For people.
    pub name: String,
    /// Ids of the port files.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Tags of the port files (`watch`).
    #[serde(default)]
    pub tags: Vec<String>,
    /// Countries, ISO 3166-1 alpha-2.
    #[serde(default)]
    pub countries: Vec<String>,
    /// How urgent alerts of these ports are at least.
    #[serde(default = "rule_severity")]
    pub severity: Severity,
    /// Whether alerts of these ports are not told.
    #[serde(default)]
    pub mute: bool,
}

/// A way from some ports to others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorridorConfig {
    /// For people.
    pub name: String,
    /// Ports left.
    pub from: SelectorConfig,
    /// Ports reached.
    pub to: SelectorConfig,
    /// How urgent alerts of hops along it are at least.
    #[serde(default = "rule_severity")]
    pub severity: Severity,
    /// Whether alerts of hops along it are not told.
    #[serde(default)]
    pub mute: bool,
}

/// Ports by id, tag or country: whichever of them matches.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelectorConfig {
    /// Ids of the port files.
    pub ids: Vec<String>,
    /// Tags of the port files (`watch`).
    pub tags: Vec<String>,
    /// Countries, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
}

/// An area.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaConfig {
    /// For people.
    pub name: String,
    /// Its corners.
    pub ring: RingConfig,
    /// How urgent alerts of what begins in it are at least.
    #[serde(default = "rule_severity")]
    pub severity: Severity,
    /// Whether alerts of what begins in it are not told.
    #[serde(default)]
    pub mute: bool,
}

fn ship_list() -> String {
    "watched".to_owned()
}

fn rule_severity() -> Severity {
    Severity::Warning
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

impl Default for WatchConfig {
    /// Ships that carry arms from Rajin to the Russian Pacific, and all who sail there.
    fn default() -> Self {
        let ship = |name: &str, imo| ShipConfig {
            list: "dprk-russia arms".to_owned(),
            name: name.to_owned(),
            imo: Some(ImoNumber(imo)),
            mmsi: Vec::new(),
            severity: Severity::Critical,
            mute: false,
        };
        let tag = |tag: &str| SelectorConfig { tags: vec![tag.to_owned()], ..SelectorConfig::default() };
        let ports = PortRuleConfig {
            name: "North Korea".to_owned(),
            ids: Vec::new(),
            tags: vec!["dprk".to_owned()],
            countries: Vec::new(),
            severity: Severity::Warning,
            mute: false,
        };
        let corridor = CorridorConfig {
            name: "DPRK - Russia".to_owned(),
            from: tag("dprk"),
            to: tag("russia-far-east"),
            severity: Severity::Critical,
            mute: false,
        };
        WatchConfig {
            ships: vec![
                ship("Angara", 9_179_842),
                ship("Maria", 8_517_839),
                ship("Lady R", 9_161_003),
                ship("Maia-1", 9_358_010),
            ],
            lists: Vec::new(),
            ports: vec![ports],
            corridors: vec![corridor],
            areas: Vec::new(),
        }
    }
}

impl LimitsConfig {
    /// What the core may remember: its limits are those of a bucket.
    pub fn of_core(&self) -> engine::Limits {
        engine::Limits { ships_per_bucket: self.ships.div_ceil(engine::BUCKETS) }
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

impl From<Duration> for std::time::Duration {
    fn from(duration: Duration) -> std::time::Duration {
        std::time::Duration::from_millis(duration.ms.unsigned_abs())
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

/// An IMO number: seven digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct ImoNumber(pub u32);

impl TryFrom<u32> for ImoNumber {
    type Error = String;

    fn try_from(number: u32) -> Result<ImoNumber, String> {
        let is_one = (1_000_000..=9_999_999).contains(&number);
        if is_one {
            Ok(ImoNumber(number))
        } else {
            Err(format!("{number} is no IMO number; write its seven digits, such as 9179842"))
        }
    }
}

impl From<ImoNumber> for u32 {
    fn from(imo: ImoNumber) -> u32 {
        imo.0
    }
}

/// The MMSI of a ship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct MmsiNumber(pub Mmsi);

impl TryFrom<u32> for MmsiNumber {
    type Error = String;

    fn try_from(number: u32) -> Result<MmsiNumber, String> {
        if Mmsi(number).is_vessel() {
            Ok(MmsiNumber(Mmsi(number)))
        } else {
            Err(format!("{number} is no MMSI of a ship; write its nine digits, the first of them 1 to 7"))
        }
    }
}

impl From<MmsiNumber> for u32 {
    fn from(mmsi: MmsiNumber) -> u32 {
        mmsi.0.0
    }
}

/// A date or a time, written as "2023-10-01" or "2023-10-01T06:00:00Z".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(pub EventTime);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Moment, String> {
        let wrong =
            || format!("\"{text}\" is no date; write it like \"2023-10-01\" or \"2023-10-01T06:00:00Z\"");
        // With an offset a time may lie beyond the years that have four digits.
        let is_written = |t: &EventTime| (0..=9_999).contains(&t.date().0);
        EventTime::parse_iso(text.as_bytes()).filter(is_written).map(Moment).ok_or_else(wrong)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.0.to_iso()
    }
}

/// The corners of an area: `[[longitude, latitude], …]` in order, in degrees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<f64>>", into = "Vec<[f64; 2]>")]
pub struct RingConfig(pub Vec<Position>);

impl TryFrom<Vec<Vec<f64>>> for RingConfig {
    type Error = String;

    fn try_from(corners: Vec<Vec<f64>>) -> Result<RingConfig, String> {
        crate::watch::ring(&corners).map(RingConfig)
    }
}

impl From<RingConfig> for Vec<[f64; 2]> {
    fn from(ring: RingConfig) -> Vec<[f64; 2]> {
        let degrees = |units: i32| f64::from(units) / f64::from(model::position::UNITS_PER_DEGREE);
        ring.0.iter().map(|corner| [degrees(corner.lon), degrees(corner.lat)]).collect()
    }
}

/// The longest delay bound that is allowed.
pub const MAX_DELAY_MS: i64 = 300_000;

impl Config {
    /// Reads a configuration file, if there is one, and the variables of the environment.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Config> {
        let given = Given::read(path)?;
        Config::of(&given)
    }

    /// Reads the text of the configuration file with this path; no other file is opened.
    pub fn read(text: &str, path: &Path) -> anyhow::Result<Config> {
        Config::validated(&Given::of(text.to_owned(), Some(path), std::iter::empty())?)
    }

    /// What is given and the defaults, validated; paths start from the folder of the file.
    pub fn of(given: &Given) -> anyhow::Result<Config> {
        let mut config = Config::validated(given)?;
        for list in &mut config.watch.lists {
            list.content = crate::watch::content_hash(&list.file);
        }
        Ok(config)
    }

    fn validated(given: &Given) -> anyhow::Result<Config> {
        let mut config = given.config()?;
        let place = given.place();
        if config.input.delay_bound.ms > MAX_DELAY_MS {
            let told = String::from(config.input.delay_bound);
            anyhow::bail!(Usage(format!("{place}: input.delay_bound = \"{told}\" is more than 5m")));
        }
        config.start_from(given.folder());
        crate::watch::validate(&config.watch, Path::new(&place))?;
        crate::run::validate(&config, Path::new(&place))?;
        config.names_rules = given.names_rules();
        config.place = place;
        Ok(config)
    }

    /// Paths start from this folder.
    fn start_from(&mut self, folder: &Path) {
        self.folder = folder.to_owned();
        self.ports.files.iter_mut().for_each(|file| *file = folder.join(&file));
        self.watch.lists.iter_mut().for_each(|list| list.file = folder.join(&list.file));
        let Config { live, serve, .. } = self;
        let sinks = live.sinks.iter_mut();
        let sinks = sinks.flat_map(|sink| sink.path.iter_mut().chain(&mut sink.dead_letters));
        let sources = live.sources.iter_mut().filter_map(|source| source.path.as_mut());
        sinks.chain(sources).for_each(|file| *file = folder.join(&file));
        let files = [&mut live.state, &mut serve.store, &mut serve.certificate, &mut serve.key];
        let files = files.into_iter().chain([&mut serve.basemap]).flatten();
        files.for_each(|file| *file = folder.join(&file));
    }

    /// Hash by which alerts name the configuration they were made with, and the lists of ships.
    pub fn hash(&self) -> String {
        let Config { input, alerts, limits, .. } = self;
        // Where the folder of the file is does not matter.
        let (mut ports, mut watch) = (self.ports.clone(), self.watch.clone());
        let lists = watch.lists.iter_mut().map(|list| &mut list.file);
        for file in ports.files.iter_mut().chain(lists) {
            if let Ok(inside) = file.strip_prefix(&self.folder) {
                *file = inside.to_owned();
            }
        }
        let (ports, watch) = (&ports, &watch);
        let judging = Judging { input, ports, alerts, watch, limits };
        let text = serde_json::to_string(&judging).unwrap_or_default();
        let own = model::hash::bytes(0, text.as_bytes());
        let contents = self.watch.lists.iter().filter_map(|list| list.content);
        format!("{:016x}", contents.fold(own, model::hash::mix))
    }
}

/// The reader's format for a name on the command line.
pub fn reader_format(format: crate::cli::Format) -> Option<Format> {
    match format {
        crate::cli::Format::Auto | crate::cli::Format::Log | crate::cli::Format::Parquet => None,
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
        let keys = [
            [
                "tag_checksum",
                "delay_bound",
                "table_order",
                "files",
                "facts",
                "line_bytes",
                "ships",
                "sort_rows",
            ],
            ["lists", "areas", "list", "name", "imo", "mmsi", "severity", "mute"],
            ["ids", "tags", "countries", "from", "to", "name", "severity", "mute"],
        ];
        for key in keys.as_flattened() {
            assert!(text.lines().any(|line| line.starts_with(&format!("{key} ="))), "{key} is not shown");
        }
        for table in ["ships", "ports", "corridors"] {
            assert!(text.contains(&format!("\n[[watch.{table}]]\n")), "watch.{table} is not shown");
        }
    }

    /// The examples in comments, each from its header to the last line that is a comment.
    fn examples(text: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut is_inside = false;
        for line in text.lines() {
            let comment = line.strip_prefix("# ");
            let begins = comment.is_some_and(|comment| comment.starts_with("[["));
            is_inside = comment.is_some() && (begins || is_inside);
            if begins {
                found.push(String::new());
            }
            if let (true, Some(comment), Some(last)) = (is_inside, comment, found.last_mut()) {
                *last += &format!("{comment}\n");
            }
        }
        found
    }

    #[test]
    fn the_examples_in_the_annotated_file_show_the_defaults_of_rules() {
        let examples = examples(include_str!("../../config/darkwake.toml"));
        assert_eq!(examples.len(), 6, "{examples:?}");
        for example in examples {
            let shown: Config = toml::from_str(&example).unwrap_or_else(|error| panic!("{error}"));
            let defaults = ["severity =", "mute =", "format =", "list =", "name = \"\""];
            let is_kept = |line: &&str| !defaults.iter().any(|default| line.starts_with(default));
            let short: String = example.lines().filter(is_kept).map(|line| format!("{line}\n")).collect();
            let short: Config = toml::from_str(&short).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(serde_json::to_value(&shown).unwrap(), serde_json::to_value(&short).unwrap());
        }
    }

    fn watch(text: &str) -> WatchConfig {
        toml::from_str::<Config>(text).unwrap_or_else(|error| panic!("{error}")).watch
    }

    #[test]
    fn an_array_of_rules_takes_the_place_of_the_default_one_and_of_no_other() {
        let given = watch("[[watch.ships]]\nimo = 9000003\n");
        assert_eq!((given.ships.len(), given.ports.len(), given.corridors.len()), (1, 1, 1));
        let given = watch("[watch]\nports = []\ncorridors = []\n");
        assert_eq!((given.ships.len(), given.ports.len(), given.corridors.len()), (4, 0, 0));
    }

    #[test]
    fn what_a_rule_leaves_out_has_its_default() {
        let given = watch("[[watch.ships]]\nimo = 9000003\n[[watch.lists]]\nfile = \"a.csv\"\n");
        let (ship, list) = (&given.ships[0], &given.lists[0]);
        assert_eq!((ship.list.as_str(), ship.severity, ship.mute), ("watched", Severity::Warning, false));
        assert_eq!((list.format, list.severity, list.mute), (ListFormat::Auto, Severity::Warning, false));
    }

    #[test]
    fn the_hash_covers_what_lists_hold() {
        let folder = tempfile::tempdir().unwrap();
        let (config, list) = (folder.path().join("darkwake.toml"), folder.path().join("list.csv"));
        std::fs::write(&config, "[[watch.lists]]\nfile = \"list.csv\"\n").unwrap();
        let hash = |text: &str| {
            std::fs::write(&list, text).unwrap();
            Config::load(Some(&config)).unwrap().hash()
        };
        let first = hash("imo\n9000003\n");
        assert_ne!(first, hash("imo\n9000015\n"));
        assert_eq!(first, hash("imo\n9000003\n"));
    }

    #[test]
    fn secrets_are_taken_from_the_environment() {
        let secret = |text: &str| Secret::fill_in(text);
        assert_eq!(secret("plain $ {text}").as_deref(), Ok("plain $ {text}"));
        let package = secret("a ${CARGO_PKG_NAME} b ${CARGO_PKG_NAME}");
        assert_eq!(package.as_deref(), Ok("a darkwake b darkwake"));
        assert!(secret("${NOBODY_HAS_SET_THIS}").unwrap_err().contains("NOBODY_HAS_SET_THIS"));
        assert!(secret("${open").is_err());
    }

    #[test]
    fn moments_are_of_the_years_with_four_digits() {
        let written = |text: &str| {
            Moment::try_from(text.to_owned()).map(String::from).unwrap_or_else(|_| "none".to_owned())
        };
        for (text, expect) in [
            ("2023-10-01", "2023-10-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
            ("9999-12-31T23:59:60Z", "none"),
            ("9999-12-31T23:59:59-01:00", "none"),
            ("0000-01-01T00:00:00+01:00", "none"),
            ("yesterday", "none"),
        ] {
            assert_eq!(written(text), expect, "{text}");
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
