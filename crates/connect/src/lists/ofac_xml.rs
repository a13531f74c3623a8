//! `sdn_advanced.xml` of the US Office of Foreign Assets Control (OFAC), in the form of the Advanced
//! Sanctions Data Model: streamed, with nothing kept but the numbers of documents and the ships.
//!
//! What its elements mean stands in the file itself: `ReferenceValueSets` gives a number to each kind
//! of party, document and feature. Ships are the `DistinctParty`s whose `Profile` has the
//! `PartySubType` *Vessel*. Their numbers are `IDRegDocument`s of their `Identity`, of the kinds
//! *Vessel Registration Identification* (`IMO 9000003`), *Identification Number* (the same) and
//! *MMSI*; features of such kinds are read as well.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::numbers::{self, Numbers};
use super::{Collector, Entry, LeftOut, ListError, MAX_SHIPS, Place};

/// Kinds of documents and features by the numbers that the file gives them.
#[derive(Default)]
struct Kinds {
    /// Party sub-types that are ships.
    ship: BTreeSet<String>,
    imo: BTreeSet<String>,
    mmsi: BTreeSet<String>,
}

/// A `DistinctParty`.
#[derive(Default)]
struct Party {
    reference: String,
    name: String,
    is_ship: bool,
    identities: Vec<String>,
    numbers: Numbers,
}

/// What is being read.
#[derive(Default)]
struct Document {
    document_kinds: Kinds,
    feature_kinds: Kinds,
    /// Numbers of documents by identity.
    numbers: BTreeMap<String, Numbers>,
    ships: Vec<Party>,
    party: Option<Party>,
    /// The number of the reference value, or the kind of the document or feature, that is open.
    kind: String,
    identity: String,
    /// Whether the names that follow are the main ones.
    is_main_alias: bool,
    /// The text of the element that is open, if it is read.
    text: Option<String>,
    depth: usize,
}

/// Reads the list.
pub(super) fn read(input: impl BufRead, collector: &mut Collector) -> Result<(), ListError> {
    let mut reader = Reader::from_reader(input);
    reader.config_mut().expand_empty_elements = true;
    let mut document = Document::default();
    let mut buffer = Vec::new();
    let file = collector.list.file.clone();
    let wrong = |reason: String, at| ListError::Xml { file: file.clone(), reason, at };
    loop {
        let event = reader.read_event_into(&mut buffer);
        let at = reader.buffer_position();
        match event.map_err(|error| wrong(error.to_string(), at))? {
            Event::Start(element) => document.start(&element, collector)?,
            Event::End(element) => document.end(element.local_name().as_ref(), collector)?,
            Event::Text(text) => document.append(&text.xml10_content()),
            Event::CData(text) => document.append(&text.xml10_content()),
            Event::GeneralRef(reference) => document.append(&resolved(&reference)),
            Event::Eof if document.depth > 0 => return Err(wrong("it ends early".to_owned(), at)),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        buffer.clear();
    }
    document.finish(collector)
}

impl Document {
    fn start(&mut self, element: &BytesStart<'_>, collector: &Collector) -> Result<(), ListError> {
        self.depth += 1;
        let attribute = |name| attribute(element, name);
        match element.local_name().as_ref() {
            "PartySubType" | "IDRegDocType" | "FeatureType" => {
                self.kind = attribute("ID");
                self.text = Some(String::new());
            }
            "IDRegDocument" => {
                (self.kind, self.identity) = (attribute("IDRegDocTypeID"), attribute("IdentityID"));
            }
            "Feature" => self.kind = attribute("FeatureTypeID"),
            "IDRegistrationNo" | "VersionDetail" => self.text = Some(String::new()),
            "DistinctParty" => {
                if self.document_kinds.ship.is_empty() {
                    return Err(collector.not("no PartySubType Vessel is declared before the first party"));
                }
                self.party = Some(Party { reference: attribute("FixedRef"), ..Party::default() });
            }
            "Profile" => {
                let is_ship = self.document_kinds.ship.contains(&attribute("PartySubTypeID"));
                if let Some(party) = &mut self.party {
                    party.is_ship |= is_ship;
                }
            }
            "Identity" => {
                if let Some(party) = &mut self.party {
                    party.identities.push(attribute("ID"));
                }
            }
            "Alias" => {
                let is_named = self.party.as_ref().is_some_and(|party| !party.name.is_empty());
                self.is_main_alias = attribute("Primary") == "true" && !is_named;
            }
            "NamePartValue" if self.is_main_alias => self.text = Some(String::new()),
            _ => {}
        }
        Ok(())
    }

    fn append(&mut self, more: &str) {
        if let Some(text) = &mut self.text {
            text.push_str(more);
        }
    }

    fn end(&mut self, element: &str, collector: &mut Collector) -> Result<(), ListError> {
        self.depth = self.depth.saturating_sub(1);
        let text = self.text.take().unwrap_or_default();
        let text = text.trim();
        match element {
            "PartySubType" if text.eq_ignore_ascii_case("vessel") => {
                self.document_kinds.ship.insert(std::mem::take(&mut self.kind));
            }
            "IDRegDocType" => self.document_kinds.declare(&self.kind, text),
            "FeatureType" => self.feature_kinds.declare(&self.kind, text),
            "IDRegistrationNo" => return self.keep_number(text, collector),
            "VersionDetail" => {
                if let Some(party) = &mut self.party {
                    self.feature_kinds.add(&self.kind, text, &mut party.numbers);
                }
            }
            "NamePartValue" => {
                if let Some(party) = &mut self.party
                    && self.is_main_alias
                {
                    party.name = format!("{} {text}", party.name).trim().to_owned();
                }
            }
            // A second name of the same alias is the first in another script.
            "DocumentedName" => self.is_main_alias &= self.party.as_ref().is_none_or(|p| p.name.is_empty()),
            "DistinctParty" => return self.end_party(collector),
            _ => {}
        }
        Ok(())
    }

    /// Keeps the numbers of a document until it is known whose they are.
    fn keep_number(&mut self, text: &str, collector: &Collector) -> Result<(), ListError> {
        let mut found = Numbers::default();
        self.document_kinds.add(&self.kind, text, &mut found);
        if found != Numbers::default() {
            if self.numbers.len() == MAX_SHIPS {
                return Err(ListError::TooMany(collector.list.file.clone()));
            }
            self.numbers.entry(self.identity.clone()).or_default().add_all(&found);
        }
        Ok(())
    }

    fn end_party(&mut self, collector: &mut Collector) -> Result<(), ListError> {
        let Some(party) = self.party.take() else { return Ok(()) };
        if party.is_ship {
            if self.ships.len() == MAX_SHIPS {
                return Err(ListError::TooMany(collector.list.file.clone()));
            }
            self.ships.push(party);
        } else {
            let place = Place { noun: "party", number: &party.reference, name: &party.name };
            collector.leave_out(LeftOut::NotShip, place);
        }
        Ok(())
    }

    /// Gives the ships their numbers. Documents may stand behind parties: the schema has them before.
    fn finish(self, collector: &mut Collector) -> Result<(), ListError> {
        if self.ships.is_empty() && collector.list.seen == 0 {
            return Err(collector.not("no DistinctParty in it"));
        }
        for mut ship in self.ships {
            for identity in &ship.identities {
                if let Some(numbers) = self.numbers.get(identity) {
                    ship.numbers.add_all(numbers);
                }
            }
            let entry = Entry { name: ship.name.clone(), numbers: ship.numbers, ..Entry::default() };
            let place = Place { noun: "party", number: &ship.reference, name: &ship.name };
            collector.take(entry, place)?;
        }
        Ok(())
    }
}

impl Kinds {
    /// Remembers a kind of document or feature if its words are those for numbers of ships.
    fn declare(&mut self, number: &str, words: &str) {
        let words = words.to_ascii_lowercase();
        let is = |what: &str| words.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == what);
        if is("mmsi") {
            self.mmsi.insert(number.to_owned());
        } else if is("imo") || words.starts_with("vessel registration") {
            self.imo.insert(number.to_owned());
        }
    }

    /// Adds a number of some kind. With the label IMO it is one whatever the kind: many stand in
    /// documents of the kind *Identification Number*.
    fn add(&self, kind: &str, text: &str, numbers: &mut Numbers) {
        if self.mmsi.contains(kind) {
            return numbers.add_mmsi_cell(text);
        }
        let bare = || numbers::bare_imo(text).filter(|imo| numbers::has_check_digit(*imo));
        let labelled = if text.starts_with("IMO") { numbers::labelled_imo(text) } else { None };
        let found = labelled.or_else(|| if self.imo.contains(kind) { bare() } else { None });
        if let Some(imo) = found {
            numbers.add_imo(imo);
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let found = element.try_get_attribute(name).ok().flatten();
    found.map(|attribute| attribute.value.into_owned()).unwrap_or_default()
}

/// The character of a reference such as `&amp;`; nothing for those that only a DTD declares.
fn resolved(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default().to_owned()
}
