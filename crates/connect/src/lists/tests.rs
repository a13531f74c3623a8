//! Lists of each format, with invented entries.

use std::path::Path;

use super::*;

const NORTH_STAR: u32 = 9_000_003;
const SOUTH_STAR: u32 = 9_000_015;

fn settings(format: Option<Format>) -> Settings {
    let effect = Effect { severity: Severity::Warning, mute: false };
    Settings { format, effect, ..Settings::default() }
}

#[track_caller]
fn list(text: &str) -> List {
    read("list.csv", text.as_bytes(), &settings(None)).unwrap_or_else(|error| panic!("{error}"))
}

fn error(text: &str, format: Option<Format>) -> String {
    match read("list.csv", text.as_bytes(), &settings(format)) {
        Ok(list) => list.summary(),
        Err(error) => error.to_string(),
    }
}

/// Seen, taken, and how many were left out for each reason.
fn counts(list: &List) -> (u64, u64, Vec<(LeftOut, u64)>) {
    let left_out = list.left_out.iter().map(|(reason, tally)| (*reason, tally.count)).collect();
    (list.seen, list.taken, left_out)
}

fn doubts(list: &List) -> Vec<(Doubt, u64, &str)> {
    list.doubts.iter().map(|(doubt, tally)| (*doubt, tally.count, tally.first.as_str())).collect()
}

/// IMO number, MMSIs and name of each ship.
fn ships(list: &List) -> Vec<(Option<u32>, Vec<u32>, &str)> {
    let ship = |ship: &'_ ListedShip| ship.mmsis.iter().map(|(mmsi, ..)| mmsi.0).collect();
    list.ships.iter().map(|listed| (listed.imo, ship(listed), listed.name.as_str())).collect()
}

const SDN: &str = "101,\"NORTH LINE LLC\",-0- ,\"EAST\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"Identification Number IMO 5000005.\"\r\n\
    102,\"DOE, Jane\",\"individual\",\"EAST\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\
    103,\"NORTH STAR\",\"vessel\",\"EAST\",-0- ,\"UBXY7\",\"General Cargo\",\"5,000\",-0- ,\"Panama\",-0- ,\"Former Vessel Flag Togo; Vessel Registration Identification IMO 9000003; MMSI 273000001; Linked To: NORTH LINE LLC.\"\r\n\
    104,\"SOUTH STAR\",\"vessel\",\"EAST\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"Identification Number IMO  9000015.\"\r\n\
    105,\"NAMELESS\",\"vessel\",\"EAST\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\
    106,\"TORN\",\"vessel\"\r\n\
    \x1a";

#[test]
fn ofac_csv_gives_ships_by_the_numbers_in_their_remarks() {
    let list = list(SDN);
    assert_eq!(list.format, Format::OfacCsv);
    assert_eq!(
        ships(&list),
        [(Some(NORTH_STAR), vec![273_000_001], "NORTH STAR"), (Some(SOUTH_STAR), vec![], "SOUTH STAR")]
    );
    assert_eq!(
        counts(&list),
        (6, 2, vec![(LeftOut::NotShip, 2), (LeftOut::NoNumber, 1), (LeftOut::Malformed, 1)])
    );
    assert_eq!(list.left_out[&LeftOut::NoNumber].first, "line 5, NAMELESS");
    assert_eq!(list.ships[0].list, "OFAC SDN");
    assert_eq!(list.ships[0].effect.severity, Severity::Warning);
}

/// The numbers of kinds differ from those that OFAC uses, and are told in the file.
const REFERENCES: &str = r#"<ReferenceValueSets>
    <PartySubTypeValues><PartySubType ID="71" PartyTypeID="4">Vessel</PartySubType><PartySubType ID="72" PartyTypeID="4">Aircraft</PartySubType></PartySubTypeValues>
    <IDRegDocTypeValues><IDRegDocType ID="81">Passport</IDRegDocType><IDRegDocType ID="82">Vessel Registration Identification</IDRegDocType><IDRegDocType ID="83">MMSI</IDRegDocType><IDRegDocType ID="84">Identification Number</IDRegDocType></IDRegDocTypeValues>
    <FeatureTypeValues><FeatureType ID="91" FeatureTypeGroupID="1">Vessel Flag</FeatureType><FeatureType ID="92" FeatureTypeGroupID="1">Other MMSI</FeatureType></FeatureTypeValues>
  </ReferenceValueSets>"#;

const DOCUMENTS: &str = r#"<IDRegDocuments>
    <IDRegDocument ID="1" IDRegDocTypeID="81" IdentityID="11"><Comment /><IDRegistrationNo>9000003</IDRegistrationNo><IssuingAuthority /></IDRegDocument>
    <IDRegDocument ID="2" IDRegDocTypeID="82" IdentityID="12"><Comment>x</Comment><IDRegistrationNo>IMO 9000003</IDRegistrationNo></IDRegDocument>
    <IDRegDocument ID="3" IDRegDocTypeID="83" IdentityID="12"><IDRegistrationNo>273000001</IDRegistrationNo></IDRegDocument>
    <IDRegDocument ID="4" IDRegDocTypeID="84" IdentityID="13"><IDRegistrationNo>IMO 9000015</IDRegistrationNo></IDRegDocument>
    <IDRegDocument ID="5" IDRegDocTypeID="84" IdentityID="15"><IDRegistrationNo>IMO 5000005</IDRegistrationNo></IDRegDocument>
  </IDRegDocuments>"#;

fn party(id: u32, kind: u32, names: &[&str], feature: &str) -> String {
    let alias = |(at, name): (usize, &&str)| {
        let part = format!(
            "<DocumentedNamePart><NamePartValue NamePartGroupID=\"1\">{name}</NamePartValue></DocumentedNamePart>"
        );
        let other = "<DocumentedName><DocumentedNamePart><NamePartValue>ДРУГОЕ</NamePartValue></DocumentedNamePart></DocumentedName>";
        format!(
            "<Alias Primary=\"{}\"><DocumentedName ID=\"9\">{part}</DocumentedName>{other}</Alias>",
            at == 0
        )
    };
    let names: String = names.iter().enumerate().map(alias).collect();
    format!(
        "<DistinctParty FixedRef=\"{id}\"><Comment /><Profile ID=\"{id}\" PartySubTypeID=\"{kind}\">\
         <Identity ID=\"{id}\" Primary=\"true\">{names}</Identity>{feature}</Profile></DistinctParty>"
    )
}

fn parties() -> String {
    let feature = "<Feature ID=\"6\" FeatureTypeID=\"92\"><FeatureVersion><VersionDetail DetailTypeID=\"1\">273000002</VersionDetail></FeatureVersion><IdentityReference IdentityID=\"13\" /></Feature>";
    let flag = "<Feature ID=\"7\" FeatureTypeID=\"91\"><FeatureVersion><VersionDetail>273000009</VersionDetail></FeatureVersion></Feature>";
    [
        party(11, 99, &["DOE"], ""),
        party(12, 71, &["NORTH &amp; STAR", "OTHER"], flag),
        party(13, 71, &["SOUTH STAR"], feature),
        party(14, 71, &["NAMELESS"], ""),
        party(15, 72, &["EP-XYZ"], ""),
    ]
    .concat()
}

fn xml(parts: &[&str]) -> String {
    let parts = parts.concat();
    format!(
        "\u{feff}<?xml version=\"1.0\" standalone=\"yes\"?>\n<Sanctions xmlns=\"https://example.org/ADVANCED_XML\">{parts}</Sanctions>"
    )
}

#[test]
fn ofac_xml_gives_ships_by_the_kinds_that_the_file_declares() {
    let parties = format!("<DistinctParties>{}</DistinctParties>", parties());
    for order in [[REFERENCES, DOCUMENTS, &parties], [REFERENCES, &parties, DOCUMENTS]] {
        let list = list(&xml(&order));
        assert_eq!(list.format, Format::OfacXml);
        assert_eq!(
            ships(&list),
            [
                (Some(NORTH_STAR), vec![273_000_001], "NORTH & STAR"),
                (Some(SOUTH_STAR), vec![273_000_002], "SOUTH STAR")
            ]
        );
        assert_eq!(counts(&list), (5, 2, vec![(LeftOut::NotShip, 2), (LeftOut::NoNumber, 1)]));
        assert_eq!(list.left_out[&LeftOut::NoNumber].first, "party 14, NAMELESS");
    }
}

#[test]
fn xml_that_ends_early_or_declares_no_vessels_is_no_list() {
    let whole = xml(&[REFERENCES, DOCUMENTS, "<DistinctParties>", &parties(), "</DistinctParties>"]);
    let early = &whole[..whole.len() - 40];
    assert!(error(early, None).contains("not XML that can be read"), "{}", error(early, None));
    let none = REFERENCES.replace(">Vessel<", ">Ship<");
    let told = error(&xml(&[&none, &parties()]), None);
    assert_eq!(
        told,
        "list.csv: not OFAC's sdn_advanced.xml: no PartySubType Vessel is declared before the first party"
    );
    let told = error("imo\n9000003\n", Some(Format::OfacXml));
    assert_eq!(told, "list.csv: not OFAC's sdn_advanced.xml: no DistinctParty in it");
}

#[test]
fn open_sanctions_targets_are_taken_if_their_schema_is_vessel() {
    let list = list(
        "\"id\",\"schema\",\"name\",\"aliases\",\"birth_date\",\"countries\",\"addresses\",\"identifiers\",\"sanctions\",\
         \"phones\",\"emails\",\"dataset\",\"first_seen\",\"last_seen\",\"last_change\"\n\
         \"x-1\",\"Vessel\",\"NORTH STAR\",\"N STAR;\"\"A;B\"\"\",\"\",\"pa\",\"\",\"273000001;IMO9000003\",\"\",\"\",\"\",\"Some List\",\"2024-01-01\",\"\",\"\"\n\
         \"x-2\",\"Organization\",\"NORTH LINE\",\"\",\"\",\"pa\",\"\",\"IMO5000005\",\"\",\"\",\"\",\"Some List\",\"\",\"\",\"\"\n\
         \"x-3\",\"Vessel\",\"NAMELESS\",\"\",\"\",\"\",\"\",\"UBXY7\",\"\",\"\",\"\",\"Some List\",\"\",\"\",\"\"\n",
    );
    assert_eq!(list.format, Format::OpenSanctions);
    assert_eq!(ships(&list), [(Some(NORTH_STAR), vec![273_000_001], "NORTH STAR")]);
    assert_eq!(counts(&list), (3, 1, vec![(LeftOut::NotShip, 1), (LeftOut::NoNumber, 1)]));
}

#[test]
fn open_sanctions_maritime_rows_of_organizations_are_no_ships() {
    let list = list(
        "\"type\",\"caption\",\"imo\",\"risk\",\"countries\",\"flag\",\"mmsi\",\"id\",\"url\",\"datasets\",\"aliases\"\n\
         \"VESSEL\",\"NORTH STAR\",\"IMO9000003\",\"sanction\",\"pa\",\"pa\",\"273000001;273000002\",\"x-1\",\"\",\"some\",\"\"\n\
         \"VESSEL\",\"NORTH STAR\",\"IMO9000015\",\"sanction\",\"pa\",\"pa\",\"273000001;273000002\",\"x-1\",\"\",\"some\",\"\"\n\
         \"ORGANIZATION\",\"NORTH LINE\",\"5000005\",\"sanction\",\"pa\",\"\",\"\",\"x-2\",\"\",\"some\",\"\"\n\
         \"VESSEL\",\"NAMELESS\",\"\",\"\",\"\",\"\",\"\",\"x-3\",\"\",\"some\",\"\"\n",
    );
    assert_eq!(list.format, Format::OpenSanctions);
    let mmsis = || vec![273_000_001, 273_000_002];
    assert_eq!(
        ships(&list),
        [(Some(NORTH_STAR), mmsis(), "NORTH STAR"), (Some(SOUTH_STAR), mmsis(), "NORTH STAR")]
    );
    assert_eq!(counts(&list), (4, 2, vec![(LeftOut::NotShip, 1), (LeftOut::NoNumber, 1)]));
}

#[test]
fn an_annex_names_its_list_unless_the_user_does() {
    let text = "imo,name,list,annex,start_date,reason\n\
                9000003,North Star,EU 1/2000,XC,25.6.2024,\"Article 1, point (a)\"\n";
    let list = list(text);
    assert_eq!(list.format, Format::Eu);
    assert_eq!(ships(&list), [(Some(NORTH_STAR), vec![], "North Star")]);
    assert_eq!(list.ships[0].list, "EU 1/2000 annex XC");
    let named = Settings { name: "mine".to_owned(), ..settings(None) };
    assert_eq!(read("eu.csv", text.as_bytes(), &named).unwrap().ships[0].list, "mine");
}

#[test]
fn the_ships_of_annex_xlii_are_all_taken() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/reference/eu_833_2014_annex_xlii_vessels.csv");
    let Ok(bytes) = std::fs::read(&path) else {
        #[expect(clippy::print_stderr, reason = "who runs the tests should know what was not tested")]
        {
            eprintln!("skipped: {} is not there", path.display());
        }
        return;
    };
    let list = read("annex.csv", bytes.as_slice(), &settings(None)).unwrap();
    assert_eq!((list.format, list.seen, list.taken), (Format::Eu, 633, 633), "{}", list.summary());
    assert!(list.ships.iter().all(|ship| ship.imo.is_some() && !ship.name.is_empty()));
}

#[test]
fn a_row_of_a_plain_table_says_more_than_the_settings() {
    let list = list(
        "IMO;MMSI;Ship name;From;Until;List;Length_m;Severity\n\
         IMO 9000003;273000001;NORTH STAR;2023-08-01;1.2.2024;mine;123,5;critical\n\
         9000003;273000002;NORTH STAR;2024-02-01;;mine;;critical\n\
         ;273000003;NUMBERLESS;;;;;\n",
    );
    assert_eq!(list.format, Format::Plain);
    let time = |text: &str| EventTime::parse_iso(text.as_bytes());
    let (august, february) = (time("2023-08-01"), time("2024-02-01"));
    let star = &list.ships[0];
    assert_eq!(star.mmsis, [(Mmsi(273_000_001), august, february), (Mmsi(273_000_002), february, None)]);
    assert_eq!(
        (star.list.as_str(), star.length, star.effect.severity),
        ("mine", Some(1_235), Severity::Critical)
    );
    assert_eq!((list.ships[1].list.as_str(), list.ships[1].effect.severity), ("list", Severity::Warning));
    assert_eq!(counts(&list), (3, 3, vec![]));
}

#[test]
fn bad_entries_are_counted_and_their_first_is_told() {
    let list = list(
        "imo,mmsi,name,from,until,length_m,severity\n\
         9000004,,WRONG DIGIT,,,,\n\
         unknown,970000001,NO SHIP,,,,\n\
         9000003,,BAD DATE,2024-13-01,,,\n\
         9000003,,BACKWARDS,2024-02-01,2024-02-01,,\n\
         9000003,,BAD SEVERITY,,,,high\n\
         9000003,,LONG,,,9000,\n\
         \n\
         9000003,,\"TORN\n\n\n\n\n\n\n\n\n\n\n,,,,\n",
    );
    assert_eq!(
        counts(&list),
        (
            7,
            2,
            vec![
                (LeftOut::NoNumber, 1),
                (LeftOut::BadDate, 2),
                (LeftOut::BadSeverity, 1),
                (LeftOut::Malformed, 1)
            ]
        )
    );
    assert_eq!(
        doubts(&list),
        [
            (Doubt::ImoCheckDigit, 1, "line 2, IMO 9000004"),
            (Doubt::NotImo, 1, "line 3, NO SHIP"),
            (Doubt::NotMmsi, 1, "line 3, NO SHIP"),
            (Doubt::NotLength, 1, "line 7, LONG"),
        ]
    );
    assert_eq!(list.seen, list.taken + list.left_out.values().map(|tally| tally.count).sum::<u64>());
    assert!(list.summary().starts_with("list.csv: a plain table, 7 entries, 2 taken; 1 left out: without"));
    assert_eq!(
        list.doubts().next().unwrap(),
        "list.csv: imo_check_digit: 1 (first: line 2, IMO 9000004): the check digit of the IMO number is wrong; it is taken all the same"
    );
}

#[test]
fn what_is_no_list_is_told_in_one_sentence() {
    assert_eq!(error("", None), "list.csv: is empty");
    assert_eq!(error(" \n", None), "list.csv: is empty");
    assert!(
        error("Dear colleague,\nplease find the list attached.\n", None).contains("no list of ships; give")
    );
    assert!(error("<html></html>", None).contains("no list of ships; give"));
    assert!(error("<?xml version=\"1.0\"?><sdnList/>", None).contains("give sdn_advanced.xml or sdn.csv"));
    assert_eq!(
        error("ship;flag\nX;PA\n", Some(Format::Plain)),
        "list.csv: not a plain table: no column imo or mmsi among ship, flag; name one of them so"
    );
    assert_eq!(
        error("imo\n9000003\n", Some(Format::OfacCsv)),
        "list.csv: not OFAC's sdn.csv: no line has its twelve columns"
    );
}

#[test]
fn bytes_without_a_pattern_never_panic() {
    let mut state = 1_u64;
    let mut noise = || {
        state = model::hash::mix(state, 7);
        b"<>/&;,\"\n 9IMOMSi-0\xFF"[(state % 19) as usize]
    };
    for _ in 0..300 {
        let bytes: Vec<u8> = (0..200).map(|_| noise()).collect();
        for format in [
            None,
            Some(Format::Plain),
            Some(Format::Eu),
            Some(Format::OfacCsv),
            Some(Format::OfacXml),
            Some(Format::OpenSanctions),
        ] {
            let _ = read("noise", bytes.as_slice(), &settings(format));
        }
    }
}
