//! Tables of position reports: the files of the Danish Maritime Authority (`aisdk-….csv`), of the
//! United States' MarineCadastre (`AIS_….csv`), and any other with a header or a column map.
//!
//! A row counts as message 1 (class A) or 18 (class B). It carries static values but is no static
//! report.
//!
//! ```
//! use decode::table::{Dialect, TableDecoder};
//! use decode::{Content, Settings, TagChecksum};
//! use model::{EventTime, Origin};
//!
//! let settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };
//! let header = b"MMSI,BaseDateTime,LAT,LON,SOG";
//! assert_eq!(TableDecoder::detect(header), Some(Dialect::Noaa));
//! let mut table = TableDecoder::from_header(header, None, settings)?;
//! let row = table.decode(b"338347057,2022-01-03T00:00:10,33.72603,-118.07364,0.0", Origin { input: 0, line: 2 });
//! assert_eq!(row.stamp.map(|stamp| stamp.t), EventTime::parse_iso(b"2022-01-03T00:00:10Z"));
//! assert!(matches!(row.content, Content::Transmission(_)));
//! # Ok::<(), decode::table::HeaderError>(())
//! ```

pub(crate) mod cache;
mod columns;
mod fields;
pub(crate) mod reading;
pub(crate) mod role;
pub(crate) mod values;

use alloc::vec::Vec;
use model::{Dimensions, Fate, Mmsi, Origin, Reason, Statics, hash};

use self::cache::StaticsCache;
use self::columns::{Columns, bare_line};
use self::fields::Fields;
use self::reading::{Kind, Reading};
use self::role::Role;
use self::values::Mobile;
use crate::{Decoded, Settings};

pub use self::columns::{ColumnMap, HeaderError};

/// Whose table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Danish Maritime Authority: `# Timestamp,Type of mobile,MMSI,Latitude,Longitude,…`.
    Aisdk,
    /// MarineCadastre: `MMSI,BaseDateTime,LAT,LON,…`, since 2025 `mmsi,base_date_time,longitude,…`.
    Noaa,
    /// Any other, by common column names or a map.
    Columns,
}

/// Reads the rows of one table.
#[derive(Clone, Debug)]
pub struct TableDecoder {
    dialect: Dialect,
    settings: Settings,
    columns: Columns,
    /// The header as it was given, so that its repetition is known; empty where there is none.
    header: Vec<u8>,
    fields: Fields,
    cache: StaticsCache,
}

impl TableDecoder {
    /// Whether a first line is the header of a table, and of which dialect.
    #[must_use]
    pub fn detect(first_line: &[u8]) -> Option<Dialect> {
        let columns = Columns::recognise(first_line).ok()?;
        Some(dialect_of(first_line, &columns))
    }

    /// Makes a decoder from the first line of a table. Without a map the columns go by their
    /// common names.
    ///
    /// # Errors
    ///
    /// Where a column that every table must have is not found.
    pub fn from_header(
        header: &[u8],
        columns: Option<&ColumnMap>,
        settings: Settings,
    ) -> Result<TableDecoder, HeaderError> {
        let (dialect, resolved) = match columns {
            Some(map) => (Dialect::Columns, Columns::resolve(header, map)?),
            None => {
                let resolved = Columns::recognise(header)?;
                (dialect_of(header, &resolved), resolved)
            }
        };
        let mut decoder = TableDecoder {
            dialect,
            settings,
            columns: resolved,
            header: Vec::new(),
            fields: Fields::default(),
            cache: StaticsCache::default(),
        };
        // A map of numbers may be for a table without header. Then the first line is a row.
        let first_is_row = columns.is_some_and(ColumnMap::is_numbered) && decoder.is_row(header);
        if !first_is_row {
            decoder.header = bare_line(header).to_vec();
        }
        Ok(decoder)
    }

    /// Whose table it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the first line is a header. Where a map gives all columns by number, it can be the
    /// first row and must be decoded as such.
    #[must_use]
    pub fn has_header(&self) -> bool {
        !self.header.is_empty()
    }

    /// Decodes one row, given without its line end.
    pub fn decode(&mut self, row: &[u8], origin: Origin) -> Decoded {
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let is_header = !self.header.is_empty() && bare_line(row) == self.header;
        if is_header || row.starts_with(b"#") || row.trim_ascii().is_empty() {
            return Decoded::line(Fate::Other, origin);
        }
        let split = self.fields.split(row, self.columns.delimiter);
        if split.is_err() || self.fields.len() != self.columns.count {
            return Decoded::line(Fate::Rejected(Reason::Malformed), origin);
        }
        let view = Row { row, fields: &self.fields, columns: &self.columns };
        let mmsi = view.mmsi();
        // It is there when the rest has been read.
        mmsi.into_iter().for_each(|mmsi| self.cache.fetch(mmsi));
        let mut reading = view.reading(mmsi, self.dialect);
        let print = hash::row(row);
        reading.statics = mmsi.and_then(|mmsi| self.cache.get(mmsi, view.static_fields(), || view.statics()));
        reading.conclude(print, origin, &self.settings)
    }

    /// Whether a line has a time and an MMSI where a row has them.
    fn is_row(&mut self, line: &[u8]) -> bool {
        let line = bare_line(line);
        if self.fields.split(line, self.columns.delimiter).is_err() {
            return false;
        }
        let view = Row { row: line, fields: &self.fields, columns: &self.columns };
        let reading = view.reading(view.mmsi(), self.dialect);
        reading.mmsi.is_some() && !reading.time.is_malformed()
    }
}

fn dialect_of(header: &[u8], columns: &Columns) -> Dialect {
    let mut fields = Fields::default();
    let header = bare_line(header);
    if fields.split(header, columns.delimiter).is_err() {
        return Dialect::Columns;
    }
    let is_named = |role: Role, name: &str| {
        columns
            .place(role)
            .is_some_and(|place| role::plain(fields.get(header, place)).as_bytes() == name.as_bytes())
    };
    if is_named(Role::Class, "typeofmobile") && is_named(Role::Time, "timestamp") {
        Dialect::Aisdk
    } else if is_named(Role::Time, "basedatetime") {
        Dialect::Noaa
    } else {
        Dialect::Columns
    }
}

/// A row that has been cut into fields.
#[derive(Clone, Copy)]
struct Row<'a> {
    row: &'a [u8],
    fields: &'a Fields,
    columns: &'a Columns,
}

impl<'a> Row<'a> {
    /// The field of a role; empty where the table has no such column.
    fn field(&self, role: Role) -> &'a [u8] {
        self.columns.place(role).map_or(&[], |place| self.fields.get(self.row, place))
    }

    fn mmsi(&self) -> Option<Mmsi> {
        values::mmsi(self.field(Role::Mmsi)).map(Mmsi)
    }

    /// Everything but the static values of this ship.
    fn reading(&self, mmsi: Option<Mmsi>, dialect: Dialect) -> Reading {
        let mut reading = Reading::empty(self.kind(dialect));
        reading.time = values::time(self.field(Role::Time));
        reading.mmsi = mmsi;
        reading.lon = values::coordinate(self.field(Role::Lon));
        reading.lat = values::coordinate(self.field(Role::Lat));
        reading.sog = values::sog(self.field(Role::Sog));
        reading.cog = values::cog(self.field(Role::Cog));
        reading.heading = values::heading(self.field(Role::Heading));
        reading.nav_status = values::nav_status(self.field(Role::NavStatus));
        reading
    }

    fn kind(&self, dialect: Dialect) -> Kind {
        match (values::mobile(self.field(Role::Class)), dialect) {
            (Mobile::ClassA, _) => Kind::Position(1),
            (Mobile::ClassB, _) => Kind::Position(18),
            (Mobile::Other(number), _) => Kind::Other(number),
            (Mobile::Unknown, Dialect::Aisdk | Dialect::Noaa) => Kind::Other(None),
            // In any other table such a column may tell the class of ship.
            (Mobile::Unknown, Dialect::Columns) => Kind::Position(1),
        }
    }

    /// The fields that static values are read from: whole runs of columns beside each other, as they stand.
    fn static_fields(&self) -> impl Iterator<Item = &'a [u8]> {
        let Row { row, fields, columns } = *self;
        columns.static_runs.iter().flat_map(move |run| fields.run(row, *run))
    }

    fn statics(&self) -> Statics {
        Statics {
            draught: values::draught(self.field(Role::Draught)),
            imo: values::imo(self.field(Role::Imo)),
            ship_type: values::ship_type(self.field(Role::ShipType)),
            dimensions: self.dimensions(),
            destination: values::text(self.field(Role::Destination)),
            name: values::text(self.field(Role::Name)),
            callsign: values::text(self.field(Role::Callsign)),
        }
    }

    fn dimensions(&self) -> Option<Dimensions> {
        if Role::REFERENCE_POINT.iter().any(|role| self.columns.place(*role).is_some()) {
            return values::reference_point(Role::REFERENCE_POINT.map(|role| self.field(role)));
        }
        values::length_width(self.field(Role::Length), self.field(Role::Width))
    }
}

#[cfg(test)]
mod tests;
