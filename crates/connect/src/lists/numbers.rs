//! IMO numbers and MMSIs in the texts of lists.

use model::Mmsi;

/// The numbers of an entry, each once, and how many texts in their place were none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub imos: Vec<u32>,
    pub mmsis: Vec<Mmsi>,
    pub not_imo: u32,
    pub not_mmsi: u32,
}

/// Whether the last digit of an IMO number is the last one of the sum of the others, weighted 7 to 2
/// (IMO resolution A.1117(30)).
#[must_use]
pub fn has_check_digit(imo: u32) -> bool {
    let digit = |at: u32| imo / 10_u32.pow(at) % 10;
    is_imo(imo) && (1..=6).map(|at| digit(at) * (at + 1)).sum::<u32>() % 10 == digit(0)
}

fn is_imo(number: u32) -> bool {
    (1_000_000..=9_999_999).contains(&number)
}

impl Numbers {
    pub(super) fn is_empty(&self) -> bool {
        self.imos.is_empty() && self.mmsis.is_empty()
    }

    pub(super) fn add_imo(&mut self, imo: u32) {
        if !self.imos.contains(&imo) {
            self.imos.push(imo);
        }
    }

    /// Adds an MMSI if it is one of a ship.
    pub(super) fn add_mmsi(&mut self, mmsi: Mmsi) {
        if !mmsi.is_vessel() {
            self.not_mmsi += 1;
        } else if !self.mmsis.contains(&mmsi) {
            self.mmsis.push(mmsi);
        }
    }

    pub(super) fn add_all(&mut self, other: &Numbers) {
        other.imos.iter().for_each(|imo| self.add_imo(*imo));
        other.mmsis.iter().for_each(|mmsi| self.add_mmsi(*mmsi));
        self.not_imo += other.not_imo;
        self.not_mmsi += other.not_mmsi;
    }

    /// Adds what a cell for IMO numbers holds: `9187629`, `IMO 9187629`, several of them.
    pub(super) fn add_imo_cell(&mut self, text: &str) {
        let mut found = digit_runs(text).filter_map(imo_of_run).peekable();
        if found.peek().is_none() && !text.is_empty() {
            self.not_imo += 1;
        }
        found.for_each(|imo| self.add_imo(imo));
    }

    /// Adds what a cell for MMSIs holds.
    pub(super) fn add_mmsi_cell(&mut self, text: &str) {
        let mut found = digit_runs(text).filter_map(mmsi_of_run).peekable();
        if found.peek().is_none() && !text.is_empty() {
            self.not_mmsi += 1;
        }
        found.for_each(|mmsi| self.add_mmsi(mmsi));
    }
}

/// The IMO number behind the letters IMO: `IMO 9187629`, `IMO9187629`.
pub(super) fn labelled_imo(text: &str) -> Option<u32> {
    let upper = text.to_ascii_uppercase();
    let mut parts = upper.split("IMO");
    parts.next();
    let behind = |part: &str| {
        let part =
            part.trim_start_matches([' ', '\u{a0}', ':', '.', '#']).trim_start_matches("NO").trim_start();
        let number = part.trim_start_matches([' ', ':', '.']);
        if number.starts_with(|c: char| c.is_ascii_digit()) {
            digit_runs(number).next().and_then(imo_of_run)
        } else {
            None
        }
    };
    parts.find_map(behind)
}

/// A text that is an IMO number and nothing else.
pub(super) fn bare_imo(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { imo_of_run(text) } else { None }
}

/// The MMSI behind the letters MMSI.
pub(super) fn labelled_mmsi(text: &str) -> Option<Mmsi> {
    let upper = text.to_ascii_uppercase();
    let (_, behind) = upper.split_once("MMSI")?;
    digit_runs(behind).find_map(mmsi_of_run)
}

/// A text that is nine digits and nothing else.
pub(super) fn bare_mmsi(text: &str) -> Option<Mmsi> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { mmsi_of_run(text) } else { None }
}

fn digit_runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
}

fn imo_of_run(run: &str) -> Option<u32> {
    let number = if run.len() == 7 { run.parse().ok() } else { None };
    number.filter(|number| is_imo(*number))
}

fn mmsi_of_run(run: &str) -> Option<Mmsi> {
    if run.len() == 9 { run.parse().ok().map(Mmsi) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_tells_wrong_imo_numbers() {
        for (imo, is_right) in
            [(9_074_729, true), (9_000_003, true), (9_074_728, false), (9_704_729, false), (23_569, false)]
        {
            assert_eq!(has_check_digit(imo), is_right, "{imo}");
        }
    }

    #[test]
    fn an_imo_number_is_found_behind_its_label_only() {
        for (text, imo) in [
            ("Vessel Registration Identification IMO 9000003", Some(9_000_003)),
            ("IMO  9000003", Some(9_000_003)),
            ("IMO9000003", Some(9_000_003)),
            ("imo no. 9000003", Some(9_000_003)),
            ("Vessel Registration Identification RS 150443 (Russia)", None),
            ("IMO unknown, hull 9000003", None),
            ("9000003", None),
            ("IMO 90000031", None),
        ] {
            assert_eq!(labelled_imo(text), imo, "{text}");
        }
    }

    #[test]
    fn cells_give_their_numbers_and_count_what_is_none() {
        let mut numbers = Numbers::default();
        numbers.add_imo_cell("IMO 9000003 / 9000015");
        numbers.add_imo_cell("9000003.0");
        numbers.add_imo_cell("n/a");
        numbers.add_imo_cell("");
        numbers.add_mmsi_cell("273000001; 970000001");
        numbers.add_mmsi_cell("-");
        assert_eq!(numbers.imos, [9_000_003, 9_000_015]);
        assert_eq!(numbers.mmsis, [Mmsi(273_000_001)]);
        assert_eq!((numbers.not_imo, numbers.not_mmsi), (1, 2));
    }
}
