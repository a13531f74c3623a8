//! Lists of ships: lists of sanctions and tables of one's own, read into entries of the watch rules.
//!
//! Content tells the format. Files are streamed, so that the more than 100 MB of OFAC's
//! `sdn_advanced.xml` need little memory. An entry is taken if it has an IMO number or the MMSI of a
//! ship; every other entry is left out, counted, and told with its reason.
//!
//! ```
//! use connect::lists::{self, LeftOut, Settings};
//!
//! let table = "imo;name\n9000003;NORTH STAR\n;NAMELESS\n";
//! let list = lists::read("mine.csv", table.as_bytes(), &Settings::default()).unwrap();
//! assert_eq!(list.ships[0].imo, Some(9_000_003));
//! assert_eq!((list.seen, list.taken, list.left_out[&LeftOut::NoNumber].count), (2, 1, 1));
//! ```

mod numbers;
mod ofac_csv;
mod ofac_xml;
mod opensanctions;
mod plain;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::io::{BufRead, Cursor, Read};

use detect::watch::{Effect, ListedShip};
use model::alert::Severity;
use model::{EventTime, Mmsi};

pub(crate) use numbers::Numbers;
pub use numbers::has_check_digit;
pub use table::{delimiter, reader};

/// Bytes looked at to tell the format.
const HEAD_BYTES: usize = 65_536;
/// Most ships of one list.
const MAX_SHIPS: usize = 1_000_000;

/// The formats of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table whose header has any of `imo`, `mmsi`, `name`, `from`, `until`, `list`, `length_m`, `severity`.
    Plain,
    /// `sdn.csv` of the US Office of Foreign Assets Control.
    OfacCsv,
    /// `sdn_advanced.xml` of the same.
    OfacXml,
    /// `targets.simple.csv` or `maritime.csv` of OpenSanctions.
    OpenSanctions,
    /// A table of the ships in an annex of an EU regulation.
    Eu,
}

impl Format {
    /// The words for it in messages to people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Format::Plain => "a plain table",
            Format::OfacCsv => "OFAC's sdn.csv",
            Format::OfacXml => "OFAC's sdn_advanced.xml",
            Format::OpenSanctions => "a table of OpenSanctions",
            Format::Eu => "a table of an EU annex",
        }
    }

    /// The name of such a list where neither the file nor the user gives one.
    fn list_name(self) -> Option<&'static str> {
        match self {
            Format::Plain => None,
            Format::OfacCsv | Format::OfacXml => Some("OFAC SDN"),
            Format::OpenSanctions => Some("OpenSanctions"),
            Format::Eu => Some("EU"),
        }
    }
}

/// How to read a list.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The format, where the user names one.
    pub format: Option<Format>,
    /// The list's name; empty: as the file says, or else by its format or the name of the file.
    pub name: String,
    /// What follows for its ships; a plain table may say another severity for a ship.
    pub effect: Effect,
}

/// Why an entry is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// A person, a company, an aircraft.
    NotShip,
    /// Without an IMO number and without the MMSI of a ship.
    NoNumber,
    /// A date that is none, or an end that is not after its beginning.
    BadDate,
    /// A severity that is none.
    BadSeverity,
    /// Not of the form of its list.
    Malformed,
}

impl LeftOut {
    fn words(self) -> &'static str {
        match self {
            LeftOut::NotShip => "no ship",
            LeftOut::NoNumber => "without IMO number and MMSI of a ship",
            LeftOut::BadDate => "with a date that is none or an end not after its beginning",
            LeftOut::BadSeverity => "with a severity other than info, notice, warning or critical",
            LeftOut::Malformed => "not of the form of the list; is a quote not closed?",
        }
    }
}

/// What is doubtful about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// An IMO number with a wrong check digit; taken all the same.
    ImoCheckDigit,
    /// Something in the place of an IMO number that is none; not taken.
    NotImo,
    /// Something in the place of an MMSI that is not one of a ship; not taken.
    NotMmsi,
    /// A length that is no number of metres; not taken.
    NotLength,
}

impl Doubt {
    /// The name in messages and counts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Doubt::ImoCheckDigit => "imo_check_digit",
            Doubt::NotImo => "not_imo",
            Doubt::NotMmsi => "not_mmsi",
            Doubt::NotLength => "not_length",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Doubt::ImoCheckDigit => "the check digit of the IMO number is wrong; it is taken all the same",
            Doubt::NotImo => "what stands for the IMO number is none; it is not taken",
            Doubt::NotMmsi => "what stands for the MMSI is none of a ship; it is not taken",
            Doubt::NotLength => "the length is no number of metres; it is not taken",
        }
    }
}

/// How many there are, and the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Where the first is.
    pub first: String,
}

/// A list that was read. `seen` = `taken` + all of `left_out`.
#[derive(Clone, Debug)]
pub struct List {
    /// What the file is called.
    pub file: String,
    /// What it turned out to be.
    pub format: Format,
    /// Its ships; entries of one IMO number, list and severity are one ship with all their MMSIs.
    pub ships: Vec<ListedShip>,
    /// Entries of any kind.
    pub seen: u64,
    /// Entries that are among `ships`.
    pub taken: u64,
    /// Entries that are not.
    pub left_out: BTreeMap<LeftOut, Tally>,
    /// What is doubtful.
    pub doubts: BTreeMap<Doubt, Tally>,
}

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The system refuses, or a compressed file is damaged.
    #[error("{file}: cannot be read")]
    Io {
        /// The file.
        file: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// Nothing in it.
    #[error("{0}: is empty")]
    Empty(String),
    /// Content that tells no format.
    #[error(
        "{0}: no list of ships; give a table whose header has imo or mmsi, OFAC's sdn.csv or \
         sdn_advanced.xml, or targets.simple.csv or maritime.csv of OpenSanctions"
    )]
    Unknown(String),
    /// OFAC's simpler XML.
    #[error("{0}: OFAC's sdn.xml is not read; give sdn_advanced.xml or sdn.csv")]
    SimpleXml(String),
    /// Not of the format that the user named or the beginning promised.
    #[error("{file}: not {}: {reason}", format.words())]
    Not {
        /// The file.
        file: String,
        /// The format.
        format: Format,
        /// What is wrong.
        reason: String,
    },
    /// XML that is none, or ends early.
    #[error("{file}: not XML that can be read: {reason} at byte {at}")]
    Xml {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
        /// Where.
        at: u64,
    },
    /// More than one list may have.
    #[error("{0}: more than {MAX_SHIPS} ships; split the list")]
    TooMany(String),
}

/// Reads a list; `file` is what messages call it.
///
/// # Errors
/// If it is no list of ships, or not readable to its end. A bad entry is no error.
pub fn read(file: &str, mut input: impl BufRead, settings: &Settings) -> Result<List, ListError> {
    let mut head = Vec::new();
    let fail = |source| ListError::Io { file: file.to_owned(), source };
    input.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(fail)?;
    if head.starts_with(b"\xEF\xBB\xBF") {
        head.drain(..3);
    }
    if head.trim_ascii().is_empty() {
        return Err(ListError::Empty(file.to_owned()));
    }
    let format = match settings.format {
        Some(format) => format,
        None => tell(file, &head)?,
    };
    let mut collector = Collector::new(file, format, settings);
    let delimiter = table::delimiter(&head);
    let input = Cursor::new(head).chain(input);
    match format {
        Format::Plain => plain::read(input, delimiter, &mut collector)?,
        Format::Eu => plain::read_annex(input, delimiter, &mut collector)?,
        Format::OfacCsv => ofac_csv::read(input, &mut collector)?,
        Format::OfacXml => ofac_xml::read(input, &mut collector)?,
        Format::OpenSanctions => opensanctions::read(input, &mut collector)?,
    }
    Ok(collector.list)
}

/// What the beginning of a file says of its format.
fn tell(file: &str, head: &[u8]) -> Result<Format, ListError> {
    let holds = |what: &[u8]| memchr::memmem::find(head, what).is_some();
    if head.trim_ascii_start().starts_with(b"<") {
        return match () {
            () if holds(b"<sdnList") => Err(ListError::SimpleXml(file.to_owned())),
            () if holds(b"<Sanctions") => Ok(Format::OfacXml),
            () => Err(ListError::Unknown(file.to_owned())),
        };
    }
    let first = table::first_record(head);
    if ofac_csv::is_entry(&first) {
        return Ok(Format::OfacCsv);
    }
    let header = table::Header::new(&first);
    let has = |name: &str| header.find(&[name]).is_some();
    let has_imo = header.find(plain::IMO).is_some();
    if has("schema") && has("identifiers") || has_imo && (has("caption") || has("risk") && has("datasets")) {
        Ok(Format::OpenSanctions)
    } else if has_imo && has("annex") {
        Ok(Format::Eu)
    } else if has_imo || header.find(plain::MMSI).is_some() {
        Ok(Format::Plain)
    } else {
        Err(ListError::Unknown(file.to_owned()))
    }
}

/// Where an entry is, for people.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// `line` or `party`.
    noun: &'static str,
    number: &'a dyn Display,
    /// The ship's name, or else what is wrong.
    name: &'a str,
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.noun, self.number)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, ", {}", self.name) }
    }
}

/// An entry of a list, before it is known whether it is taken.
#[derive(Default)]
pub(crate) struct Entry {
    /// The list it is on, where the file says so.
    list: Option<String>,
    name: String,
    numbers: Numbers,
    from: Option<EventTime>,
    until: Option<EventTime>,
    length: Option<u32>,
    severity: Option<Severity>,
}

/// Takes entries, or leaves them out.
pub(crate) struct Collector {
    list: List,
    list_name: String,
    /// Whether the user named it.
    is_named: bool,
    effect: Effect,
    /// Ships by list, IMO number and severity.
    known: BTreeMap<(String, u32, Severity), usize>,
}

impl Collector {
    fn new(file: &str, format: Format, settings: &Settings) -> Collector {
        let stem = std::path::Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
        let name = if settings.name.is_empty() {
            format.list_name().unwrap_or(&stem).to_owned()
        } else {
            settings.name.clone()
        };
        let list = List {
            file: file.to_owned(),
            format,
            ships: Vec::new(),
            seen: 0,
            taken: 0,
            left_out: BTreeMap::new(),
            doubts: BTreeMap::new(),
        };
        let is_named = !settings.name.is_empty();
        Collector { list, list_name: name, is_named, effect: settings.effect, known: BTreeMap::new() }
    }

    fn leave_out(&mut self, reason: LeftOut, place: Place<'_>) {
        self.list.seen += 1;
        count(self.list.left_out.entry(reason).or_default(), place);
    }

    fn doubt(&mut self, doubt: Doubt, place: Place<'_>) {
        count(self.list.doubts.entry(doubt).or_default(), place);
    }

    fn take(&mut self, mut entry: Entry, place: Place<'_>) -> Result<(), ListError> {
        for _ in 0..entry.numbers.not_imo {
            self.doubt(Doubt::NotImo, place);
        }
        for _ in 0..entry.numbers.not_mmsi {
            self.doubt(Doubt::NotMmsi, place);
        }
        if entry.numbers.is_empty() {
            self.leave_out(LeftOut::NoNumber, place);
            return Ok(());
        }
        self.list.seen += 1;
        self.list.taken += 1;
        let imos = std::mem::take(&mut entry.numbers.imos);
        if imos.is_empty() {
            let ship = self.ship(&entry, None);
            return self.push(ship).map(drop);
        }
        for imo in imos {
            if !has_check_digit(imo) {
                self.doubt(Doubt::ImoCheckDigit, Place { name: &format!("IMO {imo}"), ..place });
            }
            self.take_numbered(&entry, imo)?;
        }
        Ok(())
    }

    /// Adds a ship with an IMO number, or its MMSIs to the ship that is there.
    fn take_numbered(&mut self, entry: &Entry, imo: u32) -> Result<(), ListError> {
        let ship = self.ship(entry, Some(imo));
        let key = (ship.list.clone(), imo, ship.effect.severity);
        let Some(known) = self.known.get(&key) else {
            let at = self.push(ship)?;
            self.known.insert(key, at);
            return Ok(());
        };
        let known = &mut self.list.ships[*known];
        for dated in ship.mmsis {
            if !known.mmsis.contains(&dated) {
                known.mmsis.push(dated);
            }
        }
        known.length = known.length.or(ship.length);
        Ok(())
    }

    fn ship(&self, entry: &Entry, imo: Option<u32>) -> ListedShip {
        let dated = |mmsi: &Mmsi| (*mmsi, entry.from, entry.until);
        ListedShip {
            list: entry.list.clone().unwrap_or_else(|| self.list_name.clone()),
            name: entry.name.clone(),
            imo,
            mmsis: entry.numbers.mmsis.iter().map(dated).collect(),
            length: entry.length,
            effect: Effect { severity: entry.severity.unwrap_or(self.effect.severity), ..self.effect },
        }
    }

    fn push(&mut self, ship: ListedShip) -> Result<usize, ListError> {
        if self.list.ships.len() == MAX_SHIPS {
            return Err(ListError::TooMany(self.list.file.clone()));
        }
        self.list.ships.push(ship);
        Ok(self.list.ships.len() - 1)
    }

    /// The error that the file is not of its format.
    fn not(&self, reason: impl Into<String>) -> ListError {
        ListError::Not { file: self.list.file.clone(), format: self.list.format, reason: reason.into() }
    }

    fn io(&self, source: std::io::Error) -> ListError {
        ListError::Io { file: self.list.file.clone(), source }
    }
}

fn count(tally: &mut Tally, place: Place<'_>) {
    if tally.count == 0 {
        tally.first = place.to_string();
    }
    tally.count += 1;
}

impl List {
    /// One line: what it is, and how many entries were taken and left out, and why.
    #[must_use]
    pub fn summary(&self) -> String {
        let entries = if self.seen == 1 { "entry" } else { "entries" };
        let mut text =
            format!("{}: {}, {} {entries}, {} taken", self.file, self.format.words(), self.seen, self.taken);
        for (reason, tally) in &self.left_out {
            text += &format!("; {} left out: {}", tally.count, reason.words());
            // Most entries of a list of sanctions are no ships: none of them is worth a look.
            if *reason != LeftOut::NotShip {
                text += &format!(" (first: {})", tally.first);
            }
        }
        text
    }

    /// One line for each kind of doubt.
    pub fn doubts(&self) -> impl Iterator<Item = String> {
        let line = |(doubt, tally): (&Doubt, &Tally)| {
            let (name, words) = (doubt.name(), doubt.words());
            format!("{}: {name}: {} (first: {}): {words}", self.file, tally.count, tally.first)
        };
        self.doubts.iter().map(line)
    }
}
