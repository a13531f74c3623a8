//! `sdn.csv` of the US Office of Foreign Assets Control (OFAC): no header, twelve columns, `-0-` for null.
//!
//! The columns are ent_num, SDN_Name, SDN_Type, Program, Title, Call_Sign, Vess_type, Tonnage, GRT,
//! Vess_flag, Vess_owner and Remarks; `cons_prim.csv` has the same. The numbers of a ship stand in
//! its remarks, between semicolons: `Vessel Registration Identification IMO 9000003; MMSI 273000001`.
//! Remarks that are too long go on in `sdn_comments.csv`, which is not read: `sdn_advanced.xml` has all.

use std::io::Read;

use csv::ByteRecord;

use super::numbers::{self, Numbers};
use super::table;
use super::{Collector, Entry, LeftOut, ListError, Place};

const COLUMNS: usize = 12;
const NAME: usize = 1;
const TYPE: usize = 2;
const REMARKS: usize = 11;

/// Whether a record looks like an entry.
pub(super) fn is_entry(record: &ByteRecord) -> bool {
    let is_number = |field: &[u8]| !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    let kinds = ["-0-", "individual", "vessel", "aircraft", "entity"];
    let kind = String::from_utf8_lossy(record.get(TYPE).unwrap_or_default().trim_ascii()).to_lowercase();
    record.len() == COLUMNS
        && record.get(0).is_some_and(|field| is_number(field.trim_ascii()))
        && kinds.contains(&kind.as_str())
}

/// Reads the list.
pub(super) fn read(input: impl Read, collector: &mut Collector) -> Result<(), ListError> {
    let mut entries = 0_u64;
    table::each_row(input, b',', collector, |row, collector| {
        let name = row.text(Some(NAME));
        let place = Place { noun: "line", number: &row.line, name: &name };
        if !is_entry(row.record()) {
            collector.leave_out(LeftOut::Malformed, place);
            return Ok(());
        }
        entries += 1;
        if !row.text(Some(TYPE)).eq_ignore_ascii_case("vessel") {
            collector.leave_out(LeftOut::NotShip, place);
            return Ok(());
        }
        let numbers = numbers_in_remarks(&row.text(Some(REMARKS)));
        collector.take(Entry { name: name.to_string(), numbers, ..Entry::default() }, place)
    })?;
    if entries == 0 {
        return Err(collector.not("no line has its twelve columns"));
    }
    Ok(())
}

/// The numbers of the ship itself: those of its owner stand behind other words.
fn numbers_in_remarks(remarks: &str) -> Numbers {
    let mut found = Numbers::default();
    for part in remarks.split(';') {
        let part = part.trim().trim_start_matches("alt. ").trim_end_matches('.');
        let registration = part.strip_prefix("Vessel Registration Identification");
        if let Some(number) = registration.or_else(|| part.strip_prefix("Identification Number")) {
            let bare = numbers::bare_imo(number.trim()).filter(|imo| numbers::has_check_digit(*imo));
            if let Some(imo) = numbers::labelled_imo(number).or(bare) {
                found.add_imo(imo);
            }
        } else if part.starts_with("IMO") {
            found.add_imo_cell(part);
        } else if part.starts_with("MMSI") {
            match numbers::labelled_mmsi(part) {
                Some(mmsi) => found.add_mmsi(mmsi),
                None => found.not_mmsi += 1,
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
    fn remarks_tell_the_numbers_of_the_ship_and_not_those_of_others() {
        for (remarks, imos, mmsis) in [
            (
                "Vessel Registration Identification IMO 9000003; MMSI 273000001; Linked To: NORTH LINE.",
                vec![9_000_003],
                vec![273_000_001],
            ),
            ("Identification Number IMO 9000003; MMSI 273000001.", vec![9_000_003], vec![273_000_001]),
            ("MMSI 273000001; alt. MMSI 273000002.", vec![], vec![273_000_001, 273_000_002]),
            ("Vessel Registration Identification 9000003.", vec![9_000_003], vec![]),
            ("Vessel Registration Identification 9000004.", vec![], vec![]),
            ("Vessel Registration Identification RS 150443 (Russia).", vec![], vec![]),
            ("Linked To: NORTH LINE IMO 9000003.", vec![], vec![]),
            ("-0-", vec![], vec![]),
        ] {
            let found = numbers_in_remarks(remarks);
            assert_eq!(found.imos, imos, "{remarks}");
            assert_eq!(found.mmsis, mmsis.into_iter().map(Mmsi).collect::<Vec<_>>(), "{remarks}");
        }
    }
}
