//! Which column of a table holds what.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fields::Fields;
use super::role::{Role, plain};

/// Where to find what in a table. Each column is given by its name (small and capital letters
/// are the same) or, where it is all digits, by its number from 1.
///
/// ```
/// use decode::table::ColumnMap;
/// let map = ColumnMap::guess(b"mmsi;date_time_utc;lon;lat;sog").unwrap();
/// assert_eq!((map.delimiter, map.time.as_str()), (Some(b';'), "date_time_utc"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    /// What separates fields; `None`: comma, semicolon or tab, whichever the header has most of.
    #[serde(default, with = "one_character")]
    pub delimiter: Option<u8>,
    /// Time of reception.
    pub time: String,
    /// MMSI.
    pub mmsi: String,
    /// Longitude in degrees.
    pub lon: String,
    /// Latitude in degrees.
    pub lat: String,
    /// Speed over ground in knots.
    pub sog: Option<String>,
    /// Course over ground in degrees.
    pub cog: Option<String>,
    /// True heading in degrees.
    pub heading: Option<String>,
    /// Navigational status, as ITU code or in words.
    pub nav_status: Option<String>,
    /// Transceiver class, type of mobile or message type.
    pub class: Option<String>,
    /// Ship's name.
    pub name: Option<String>,
    /// Call sign.
    pub callsign: Option<String>,
    /// IMO number.
    pub imo: Option<String>,
    /// Type of ship, as ITU code.
    pub ship_type: Option<String>,
    /// Draught in metres.
    pub draught: Option<String>,
    /// Destination.
    pub destination: Option<String>,
    /// Length in metres.
    pub length: Option<String>,
    /// Width in metres.
    pub width: Option<String>,
    /// Distance from the reference point to the bow in metres.
    pub to_bow: Option<String>,
    /// Distance from the reference point to the stern in metres.
    pub to_stern: Option<String>,
    /// Distance from the reference point to the port side in metres.
    pub to_port: Option<String>,
    /// Distance from the reference point to the starboard side in metres.
    pub to_starboard: Option<String>,
}

/// Why a table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The first line is empty.
    #[error("the first line of the table is empty; it must name the columns")]
    Empty,
    /// The quotes of the first line are broken.
    #[error("the quotes of the table's first line are not closed; write the column names without quotes")]
    Quotes,
    /// No column that a table must have was recognised.
    #[error(
        "no column for the {what} among {columns}; say in the column map which one it is, by name or number"
    )]
    Missing {
        /// What is missing.
        what: &'static str,
        /// The columns there are.
        columns: String,
    },
    /// The column map names a column that the table does not have.
    #[error(
        "the column map wants the {what} from column `{name}`, but the columns are {columns}; correct the name"
    )]
    UnknownName {
        /// What the column is for.
        what: &'static str,
        /// The name in the map.
        name: String,
        /// The columns there are.
        columns: String,
    },
    /// The column map has a number that no column of the table has.
    #[error(
        "the column map wants the {what} from column {number}, but the columns are 1 to {count}; correct the number"
    )]
    UnknownNumber {
        /// What the column is for.
        what: &'static str,
        /// The number in the map.
        number: String,
        /// How many columns the table has.
        count: usize,
    },
}

/// The columns of one table: their number, and where to find what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) delimiter: u8,
    pub(crate) count: usize,
    /// First and last column of each run of columns that static values are read from.
    pub(crate) static_runs: Vec<(usize, usize)>,
    places: [Option<usize>; Role::COUNT],
}

/// Columns that static values are read from, ascending, those beside each other as one run.
fn static_runs(places: &[Option<usize>; Role::COUNT]) -> Vec<(usize, usize)> {
    let mut columns: Vec<usize> = Role::STATIC.iter().filter_map(|role| places[*role as usize]).collect();
    columns.sort_unstable();
    columns.dedup();
    columns.chunk_by(|one, next| one + 1 == *next).map(|run| (run[0], run[run.len() - 1])).collect()
}

impl Columns {
    /// The place of the column for this, if the table has one.
    pub(crate) fn place(&self, role: Role) -> Option<usize> {
        self.places[role as usize]
    }

    /// Finds the columns of a map in a header.
    pub(crate) fn resolve(header: &[u8], map: &ColumnMap) -> Result<Columns, HeaderError> {
        let (delimiter, names) = column_names(header, map.delimiter)?;
        let mut places = [None; Role::COUNT];
        for role in Role::ALL {
            if let Some(wanted) = map.column(role).map(str::trim) {
                places[role as usize] = Some(find(&names, role, wanted)?);
            }
        }
        Ok(Columns { delimiter, count: names.len(), static_runs: static_runs(&places), places })
    }

    /// Finds the columns of a header by their common names.
    pub(crate) fn recognise(header: &[u8]) -> Result<Columns, HeaderError> {
        let (delimiter, names) = column_names(header, None)?;
        let plain_names: Vec<_> = names.iter().map(|name| plain(name.as_bytes())).collect();
        let find = |role: Role| {
            let position =
                |known: &&str| plain_names.iter().position(|name| name.as_bytes() == known.as_bytes());
            role.names().iter().find_map(position)
        };
        let mut places = Role::ALL.map(find);
        for role in [Role::Time, Role::Mmsi, Role::Lon, Role::Lat] {
            if places[role as usize].is_none() {
                return Err(HeaderError::Missing { what: role.words(), columns: listed(&names) });
            }
        }
        // Single letters mean dimensions only as a set; a lone column "A" can be anything.
        if Role::REFERENCE_POINT.iter().any(|role| places[*role as usize].is_none()) {
            Role::REFERENCE_POINT.iter().for_each(|role| places[*role as usize] = None);
        }
        Ok(Columns { delimiter, count: names.len(), static_runs: static_runs(&places), places })
    }
}

impl ColumnMap {
    /// Recognises the columns of a header by their common names; `None` where one that every
    /// table must have (time, MMSI, longitude, latitude) is not found.
    #[must_use]
    pub fn guess(header: &[u8]) -> Option<ColumnMap> {
        let columns = Columns::recognise(header).ok()?;
        let (_, names) = column_names(header, Some(columns.delimiter)).ok()?;
        let mut map = ColumnMap { delimiter: Some(columns.delimiter), ..ColumnMap::default() };
        for role in Role::ALL {
            if let Some(name) = columns.place(role).and_then(|place| names.get(place)) {
                map.set_column(role, name.clone());
            }
        }
        Some(map)
    }

    /// Whether all columns are given by number, so that a table needs no header.
    pub(crate) fn is_numbered(&self) -> bool {
        Role::ALL.iter().filter_map(|role| self.column(*role)).all(is_number)
    }

    fn column(&self, role: Role) -> Option<&str> {
        match role {
            Role::Time => Some(self.time.as_str()),
            Role::Mmsi => Some(self.mmsi.as_str()),
            Role::Lon => Some(self.lon.as_str()),
            Role::Lat => Some(self.lat.as_str()),
            Role::Sog => self.sog.as_deref(),
            Role::Cog => self.cog.as_deref(),
            Role::Heading => self.heading.as_deref(),
            Role::NavStatus => self.nav_status.as_deref(),
            Role::Class => self.class.as_deref(),
            Role::Name => self.name.as_deref(),
            Role::Callsign => self.callsign.as_deref(),
            Role::Imo => self.imo.as_deref(),
            Role::ShipType => self.ship_type.as_deref(),
            Role::Draught => self.draught.as_deref(),
            Role::Destination => self.destination.as_deref(),
            Role::Length => self.length.as_deref(),
            Role::Width => self.width.as_deref(),
            Role::ToBow => self.to_bow.as_deref(),
            Role::ToStern => self.to_stern.as_deref(),
            Role::ToPort => self.to_port.as_deref(),
            Role::ToStarboard => self.to_starboard.as_deref(),
        }
    }

    fn set_column(&mut self, role: Role, name: String) {
        match role {
            Role::Time => self.time = name,
            Role::Mmsi => self.mmsi = name,
            Role::Lon => self.lon = name,
            Role::Lat => self.lat = name,
            Role::Sog => self.sog = Some(name),
            Role::Cog => self.cog = Some(name),
            Role::Heading => self.heading = Some(name),
            Role::NavStatus => self.nav_status = Some(name),
            Role::Class => self.class = Some(name),
            Role::Name => self.name = Some(name),
            Role::Callsign => self.callsign = Some(name),
            Role::Imo => self.imo = Some(name),
            Role::ShipType => self.ship_type = Some(name),
            Role::Draught => self.draught = Some(name),
            Role::Destination => self.destination = Some(name),
            Role::Length => self.length = Some(name),
            Role::Width => self.width = Some(name),
            Role::ToBow => self.to_bow = Some(name),
            Role::ToStern => self.to_stern = Some(name),
            Role::ToPort => self.to_port = Some(name),
            Role::ToStarboard => self.to_starboard = Some(name),
        }
    }
}

/// A line without byte order mark and line end.
pub(crate) fn bare_line(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn column_names(header: &[u8], delimiter: Option<u8>) -> Result<(u8, Vec<String>), HeaderError> {
    let header = bare_line(header);
    if header.trim_ascii().is_empty() {
        return Err(HeaderError::Empty);
    }
    let delimiter = delimiter.unwrap_or_else(|| most_frequent_delimiter(header));
    let mut fields = Fields::default();
    fields.split(header, delimiter).map_err(|_| HeaderError::Quotes)?;
    let name = |index| String::from_utf8_lossy(fields.get(header, index)).into_owned();
    Ok((delimiter, (0..fields.len()).map(name).collect()))
}

fn most_frequent_delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    // Of equals the last counts, and commas are what most tables have.
    *b"\t;,".iter().max_by_key(|delimiter| count(**delimiter)).unwrap_or(&b',')
}

fn find(names: &[String], role: Role, wanted: &str) -> Result<usize, HeaderError> {
    let what = role.words();
    if wanted.is_empty() {
        return Err(HeaderError::Missing { what, columns: listed(names) });
    }
    if is_number(wanted) {
        let place = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let unknown = || HeaderError::UnknownNumber { what, number: wanted.to_string(), count: names.len() };
        return place.filter(|place| *place < names.len()).ok_or_else(unknown);
    }
    let same = |name: &String| name.eq_ignore_ascii_case(wanted);
    let comment = |name: &String| name.trim_start_matches(['#', ' ']).eq_ignore_ascii_case(wanted);
    let place = names.iter().position(same).or_else(|| names.iter().position(comment));
    place.ok_or_else(|| HeaderError::UnknownName { what, name: wanted.to_string(), columns: listed(names) })
}

fn is_number(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Column names for a message, so many as a person reads.
fn listed(names: &[String]) -> String {
    const MAX_BYTES: usize = 300;
    let mut list = String::new();
    for name in names {
        if list.len() + name.len() > MAX_BYTES {
            list.push_str(", …");
            break;
        }
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(name);
    }
    list
}

/// A delimiter as a text of one character, which is how people write it.
mod one_character {
    use alloc::string::String;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(delimiter: &Option<u8>, serializer: S) -> Result<S::Ok, S::Error> {
        delimiter.map(char::from).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, 0 | b'"' | b'\n' | b'\r') => Ok(Some(*byte)),
            _ => {
                Err(D::Error::custom("the delimiter must be one character, such as \",\", \";\" or \"\\t\""))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_number(columns: [&str; 4]) -> ColumnMap {
        let [time, mmsi, lon, lat] = columns.map(String::from);
        ColumnMap { time, mmsi, lon, lat, ..ColumnMap::default() }
    }

    #[test]
    fn common_names_are_recognised() {
        let map =
            ColumnMap::guess(b"mmsi,longitude,latitude,timestamp,score,navstat,hdg,rot,cog,sog").unwrap();
        assert_eq!((map.lon.as_str(), map.time.as_str()), ("longitude", "timestamp"));
        assert_eq!((map.heading.as_deref(), map.nav_status.as_deref()), (Some("hdg"), Some("navstat")));
        assert_eq!((map.name, map.to_bow), (None, None));
        let map = ColumnMap::guess(b"\xef\xbb\xbf\"SSVID\"\tT\tX\tY\tShip Name\r\n").unwrap();
        assert_eq!(
            (map.delimiter, map.mmsi.as_str(), map.name.as_deref()),
            (Some(b'\t'), "SSVID", Some("Ship Name"))
        );
        for no_header in
            ["", "!AIVDM,1,1,,A,x,0*00", "mmsi,lon,lat", "204211000,-9.36,39.35,1325810870", "{\"mmsi\":1}"]
        {
            assert_eq!(ColumnMap::guess(no_header.as_bytes()), None, "{no_header}");
        }
    }

    #[test]
    fn a_guessed_map_finds_the_columns_it_was_guessed_from() {
        let header =
            b"MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,\
            Width,Draft,Cargo,TransceiverClass";
        let map = ColumnMap::guess(header).unwrap();
        assert_eq!(Columns::resolve(header, &map), Columns::recognise(header));
    }

    #[test]
    fn maps_go_by_name_or_number() {
        let columns =
            Columns::resolve(b"# When,who,east,north", &by_number(["when", "WHO", "3", "4"])).unwrap();
        let places = [Role::Time, Role::Mmsi, Role::Lon, Role::Lat].map(|role| columns.place(role));
        assert_eq!(places, [Some(0), Some(1), Some(2), Some(3)]);
        assert!(by_number(["1", "2", "3", "4"]).is_numbered());
        assert!(!by_number(["1", "2", "3", "lat"]).is_numbered());
    }

    #[test]
    fn messages_say_what_to_do() {
        let header = b"when,who,east,north";
        let message = |result: Result<Columns, HeaderError>| result.unwrap_err().to_string();
        for (result, expected) in [
            (
                Columns::recognise(header),
                "no column for the time among when, who, east, north; say in the column map which one it is, by name \
                 or number",
            ),
            (
                Columns::resolve(header, &by_number(["when", "mmsi", "3", "4"])),
                "the column map wants the MMSI from column `mmsi`, but the columns are when, who, east, north; correct \
                 the name",
            ),
            (
                Columns::resolve(header, &by_number(["1", "2", "3", "0"])),
                "the column map wants the latitude from column 0, but the columns are 1 to 4; correct the number",
            ),
            (Columns::recognise(b"\r\n"), "the first line of the table is empty; it must name the columns"),
            (
                Columns::recognise(b"\"mmsi,lon"),
                "the quotes of the table's first line are not closed; write the column names without quotes",
            ),
        ] {
            assert_eq!(message(result), expected);
        }
    }

    #[test]
    fn a_map_is_written_as_people_write_it() {
        let json = r#"{"delimiter":";","time":"a","mmsi":"2","lon":"3","lat":"4","sog":"v"}"#;
        let map: ColumnMap = serde_json::from_str(json).unwrap();
        assert_eq!((map.delimiter, map.sog.as_deref()), (Some(b';'), Some("v")));
        assert_eq!(serde_json::from_str::<ColumnMap>(&serde_json::to_string(&map).unwrap()).unwrap(), map);
        for wrong in [";;", "", r"\u0000", r#"\""#] {
            let json = alloc::format!(r#"{{"delimiter":"{wrong}","time":"","mmsi":"","lon":"","lat":""}}"#);
            let error = serde_json::from_str::<ColumnMap>(&json).unwrap_err().to_string();
            assert!(error.starts_with("the delimiter must be one character"), "{wrong}: {error}");
        }
    }
}
