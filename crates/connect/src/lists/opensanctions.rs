//! Tables of OpenSanctions: `targets.simple.csv` and `maritime.csv`.
//!
//! `targets.simple.csv` has `schema` (`Vessel` for ships) and `identifiers`, where IMO numbers, MMSIs
//! and others stand between semicolons. `maritime.csv` has `type` (`VESSEL` or `ORGANIZATION`),
//! `imo`, `mmsi` and `caption`, and a row for each IMO number; the IMO number of an organization is
//! none of a ship. Both hold whoever is of interest, not only who is under sanctions.

use std::io::Read;

use super::numbers::{self, Numbers};
use super::plain;
use super::table::{self, Header, Row};
use super::{Collector, Entry, LeftOut, ListError, Place};

struct Columns {
    /// `schema` or `type`.
    kind: Option<usize>,
    name: Option<usize>,
    identifiers: Option<usize>,
    imo: Option<usize>,
    mmsi: Option<usize>,
}

impl Columns {
    fn new(header: &Header, collector: &Collector) -> Result<Columns, ListError> {
        let columns = Columns {
            kind: header.find(&["schema", "type"]),
            name: header.find(&["caption", "name"]),
            identifiers: header.find(&["identifiers"]),
            imo: header.find(plain::IMO),
            mmsi: header.find(plain::MMSI),
        };
        if columns.identifiers.is_none() && columns.imo.is_none() {
            let names = header.names();
            return Err(collector.not(format!("no column identifiers or imo among {names}")));
        }
        Ok(columns)
    }
}

/// Reads either table.
pub(super) fn read(input: impl Read, collector: &mut Collector) -> Result<(), ListError> {
    table::each_row_below_header(input, b',', collector, Columns::new, take_row)
}

fn take_row(row: &Row<'_>, columns: &Columns, collector: &mut Collector) -> Result<(), ListError> {
    let name = row.text(columns.name);
    let place = Place { noun: "line", number: &row.line, name: &name };
    if columns.kind.is_some() && !row.text(columns.kind).eq_ignore_ascii_case("vessel") {
        collector.leave_out(LeftOut::NotShip, place);
        return Ok(());
    }
    let mut numbers = numbers_among(&row.text(columns.identifiers));
    numbers.add_imo_cell(&row.text(columns.imo));
    numbers.add_mmsi_cell(&row.text(columns.mmsi));
    collector.take(Entry { name: name.to_string(), numbers, ..Entry::default() }, place)
}

/// The numbers among identifiers of all kinds. Bare digits may be of any register: seven are an IMO
/// number only if there is none with its label and the check digit is right, nine an MMSI only if
/// their first three are allotted to a country.
fn numbers_among(identifiers: &str) -> Numbers {
    let mut found = Numbers::default();
    let parts = || identifiers.split(';').map(|part| part.trim().trim_matches('"'));
    parts().filter_map(numbers::labelled_imo).for_each(|imo| found.add_imo(imo));
    for part in parts() {
        if let Some(mmsi) = numbers::labelled_mmsi(part) {
            found.add_mmsi(mmsi);
        } else if let Some(mmsi) = numbers::bare_mmsi(part)
            && mmsi.is_vessel()
            && !mmsi.mid_unknown()
        {
            found.add_mmsi(mmsi);
        }
    }
    if found.imos.is_empty() {
        for imo in parts().filter_map(numbers::bare_imo) {
            if numbers::has_check_digit(imo) {
                found.add_imo(imo);
            } else {
                found.not_imo += 1;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use model::Mmsi;

    use super::*;

    #[test]
    fn labels_go_before_bare_digits_among_identifiers() {
        for (identifiers, imos, mmsis) in [
            ("273000001;IMO9000003;UBXY7", vec![9_000_003], vec![273_000_001]),
            ("9000003;9000015;9000004", vec![9_000_003, 9_000_015], vec![]),
            ("9000003;IMO9000015", vec![9_000_015], vec![]),
            ("\"9000003\";700000151;9876543210", vec![9_000_003], vec![]),
            ("IMO9000004", vec![9_000_004], vec![]),
            ("", vec![], vec![]),
        ] {
            let found = numbers_among(identifiers);
            assert_eq!(found.imos, imos, "{identifiers}");
            assert_eq!(found.mmsis, mmsis.into_iter().map(Mmsi).collect::<Vec<_>>(), "{identifiers}");
        }
        assert_eq!(numbers_among("9000004").not_imo, 1);
    }
}
