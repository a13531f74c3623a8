//! Rows and what they say.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use model::{Position, PositionReport, Transmission};

use super::*;
use crate::{Content, TagChecksum};

const SETTINGS: Settings =
    Settings { latest: model::EventTime(1_900_000_000_000), tag_checksum: TagChecksum::Lenient };
const AISDK: &str = "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,\
    Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,Destination,ETA,\
    Data source type,Size A,Size B,Size C,Size D";
const AISDK_ROW: &str = "01/10/2023 12:00:00,Class A,219015363,55.470000,10.280000,Under way using engine,0.7,12.45,\
    359.9,358,9179842,OXYZ,MINERVA,Cargo,No additional information,20,199,GPS,8.4,KIEL@@,02/10/2023 04:00:00,AIS,\
    150,49,8,12";
const NOAA: &str = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,\
    Draft,Cargo,TransceiverClass";
const NOAA_2025: &str = "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,vessel_type,\
    status,length,width,draft,cargo,transceiver";

fn table(header: &str) -> TableDecoder {
    TableDecoder::from_header(header.as_bytes(), None, SETTINGS).unwrap()
}

fn decode(header: &str, row: &str) -> Decoded {
    table(header).decode(row.as_bytes(), Origin { input: 3, line: 7 })
}

/// A row in few words: its fate, or what was handed on.
fn told(decoded: &Decoded) -> String {
    match &decoded.content {
        Content::Fate(Fate::Rejected(reason)) => reason.name().to_string(),
        Content::Fate(Fate::OtherType) => "other_type".to_string(),
        Content::Fate(Fate::Other) => "other".to_string(),
        Content::Fate(Fate::Accepted | Fate::Candidate) | Content::Landmark(_) => unreachable!(),
        Content::Transmission(Transmission::NoPosition(report)) => {
            alloc::format!("no position {}", report.kind.0)
        }
        Content::Transmission(Transmission::Static(report)) => alloc::format!("static {}", report.kind.0),
        Content::Transmission(Transmission::Position(report)) => alloc::format!(
            "{} {},{} {:?} {:?} {:?} {:?}",
            report.kind.0,
            report.position.lon,
            report.position.lat,
            report.sog,
            report.cog,
            report.heading,
            report.nav_status
        ),
    }
}

fn report(decoded: Decoded) -> PositionReport {
    let Content::Transmission(Transmission::Position(report)) = decoded.content else {
        panic!("{decoded:?}")
    };
    report
}

#[test]
fn headers_tell_their_dialect() {
    let older = AISDK.trim_start_matches("# ").split(",Size A").next().unwrap();
    let letters = AISDK.replace("Size ", "");
    for (header, dialect) in [
        (AISDK, Some(Dialect::Aisdk)),
        (older, Some(Dialect::Aisdk)),
        (letters.as_str(), Some(Dialect::Aisdk)),
        ("Longitude,Latitude,MMSI,Type of mobile,Timestamp", Some(Dialect::Aisdk)),
        (NOAA, Some(Dialect::Noaa)),
        (NOAA_2025, Some(Dialect::Noaa)),
        (
            "mmsi;imo_nr;length;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr",
            Some(Dialect::Columns),
        ),
        ("mmsi,longitude,latitude,timestamp", Some(Dialect::Columns)),
        ("204211000,-9.36715,39.3547383333,1325810870", None),
        ("!AIVDM,1,1,,A,15MgK45P3@G?fl0E`JbR0OwT0@MS,0*4E", None),
        ("", None),
    ] {
        assert_eq!(TableDecoder::detect(header.as_bytes()), dialect, "{header}");
        let marked = alloc::format!("\u{feff}{header}\r\n");
        assert_eq!(TableDecoder::detect(marked.as_bytes()), dialect, "{header}");
    }
}

#[test]
fn a_danish_row_is_read_in_full() {
    let decoded = decode(AISDK, AISDK_ROW);
    assert_eq!((decoded.kind, decoded.lines), (Some(1), 1));
    let stamp = decoded.stamp.unwrap();
    assert_eq!((stamp.t.to_iso().as_str(), stamp.mmsi), ("2023-10-01T12:00:00.000Z", Mmsi(219_015_363)));
    let report = report(decoded);
    assert_eq!(report.position, Position { lon: 10_280_000, lat: 55_470_000 });
    assert_eq!(
        (report.sog, report.cog, report.heading, report.nav_status),
        (Some(125), Some(3_599), Some(358), Some(0))
    );
    assert_eq!(report.origin, Origin { input: 3, line: 7 });
    let statics = report.statics.unwrap();
    assert_eq!((statics.draught, statics.imo, statics.ship_type), (Some(84), Some(9_179_842), Some(70)));
    assert_eq!(statics.dimensions.unwrap().text(), "150/49/8/12");
    let texts = [&statics.name, &statics.callsign, &statics.destination].map(|text| text.as_deref().unwrap());
    assert_eq!(texts, ["MINERVA", "OXYZ", "KIEL"]);
}

#[test]
fn a_danish_row_has_one_fate() {
    let cases = [
        (",Class A,", ",Class B,", "18 10280000,55470000 Some(125) Some(3599) Some(358) None"),
        (",Class A,", ",Base Station,", "other_type"),
        (",Class A,", ",Search and Rescue Transponder,", "other_type"),
        (",Class A,", ",Something new,", "other_type"),
        ("12:00:00,Class", "12:00:60,Class", "1 10280000,55470000 Some(125) Some(3599) Some(358) Some(0)"),
        ("12.45", "102.3", "1 10280000,55470000 None Some(3599) Some(358) Some(0)"),
        ("359.9", "360.0", "1 10280000,55470000 Some(125) None Some(358) Some(0)"),
        (",358,", ",511,", "1 10280000,55470000 Some(125) Some(3599) None Some(0)"),
        (",358,", ",,", "1 10280000,55470000 Some(125) Some(3599) None Some(0)"),
        (
            "Under way using engine",
            "Unknown value",
            "1 10280000,55470000 Some(125) Some(3599) Some(358) None",
        ),
        ("55.470000,10.280000", "91.0,0.0", "no position 1"),
        ("55.470000,10.280000", "55.47,181", "no position 1"),
        ("55.470000,10.280000", ",", "no position 1"),
        ("55.470000,10.280000", "90.0000006,10.28", "out_of_range"),
        ("55.470000,10.280000", "0.0,0.009", "null_island"),
        ("219015363", "2190064", "not_vessel"),
        ("219015363", "11119015363", "not_vessel"),
        ("219015363", "", "malformed"),
        ("219015363", "OXYZ2", "malformed"),
        ("55.470000", "north", "malformed"),
        ("01/10/2023", "", "malformed"),
        ("01/10/2023 12:00:00,Class", ",Class", "no_time"),
        ("01/10/2023", "01/10/1989", "bad_time"),
        ("01/10/2023", "01/10/2123", "bad_time"),
        ("01/10/2023", "2023-10-01", "1 10280000,55470000 Some(125) Some(3599) Some(358) Some(0)"),
        (",12", "", "malformed"),
        ("MINERVA", "\"MINERVA, II\"", "1 10280000,55470000 Some(125) Some(3599) Some(358) Some(0)"),
        ("MINERVA", "\"MINERVA", "malformed"),
        ("MINERVA", "MINERVA, II", "malformed"),
    ];
    for (from, to, expected) in cases {
        let row = AISDK_ROW.replace(from, to);
        assert_ne!(row, AISDK_ROW, "{from}");
        assert_eq!(told(&decode(AISDK, &row)), expected, "{from} -> {to}");
    }
}

#[test]
fn rows_with_a_believable_time_have_a_stamp_whatever_their_fate() {
    for (from, to, stamped) in [
        ("Class A", "Base Station", true),
        ("219015363", "2190064", true),
        ("55.470000,10.280000", ",", true),
        ("55.470000,10.280000", "0.0,0.0", true),
        ("55.470000", "north", true),
        ("219015363", "", false),
        ("01/10/2023", "01/10/2123", false),
        (",12", "", false),
    ] {
        let decoded = decode(AISDK, &AISDK_ROW.replace(from, to));
        assert_eq!(decoded.stamp.is_some(), stamped, "{from} -> {to}");
    }
}

#[test]
fn american_rows_of_both_kinds_say_the_same() {
    let old = "366999001,2022-01-03T00:00:10,33.72603,-118.07364,0.0,358.8,511.0,ALEXANDRIA IV,IMO0000000,,37,,17,5.5,,,B";
    let new = "366999001,2022-01-03 00:00:10,-118.07364,33.72603,0.0,358.8,,ALEXANDRIA IV,,,37,,17,5.5,,,B";
    let reports = [report(decode(NOAA, old)), report(decode(NOAA_2025, new))];
    for report in &reports {
        assert_eq!(report.position, Position { lon: -118_073_640, lat: 33_726_030 });
        assert_eq!((report.sog, report.cog, report.heading, report.kind.0), (Some(0), Some(3_588), None, 18));
        let statics = report.statics.as_ref().unwrap();
        assert_eq!((statics.imo, statics.callsign.as_deref(), statics.ship_type), (None, None, Some(37)));
        assert_eq!(statics.dimensions.unwrap().text(), "17x5.5");
    }
    let no_class = NOAA_2025.replace("transceiver", "other");
    assert_eq!(report(decode(&no_class, new)).kind.0, 1);
    assert_eq!(report(decode(NOAA_2025, new.trim_end_matches('B'))).kind.0, 1);
}

#[test]
fn other_tables_go_by_name_or_map() {
    let norway = "mmsi;imo_nr;length;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr";
    let decoded =
        decode(norway, "209318000;9754446;131;2022-09-01 12:55:35;5.32934;59.3159;12.1;355.7;355;0;1");
    assert_eq!(told(&decoded), "1 5329340,59315900 Some(121) Some(3557) Some(355) Some(0)");
    assert_eq!(report(decoded).statics.unwrap().dimensions.unwrap().text(), "131x0");

    let [time, mmsi, lon, lat] = ["4", "1", "2", "3"].map(String::from);
    let map = ColumnMap { time, mmsi, lon, lat, nav_status: Some("6".into()), ..ColumnMap::default() };
    let row = b"204211000,-9.36715,39.3547383333,1325810870,0.5,15,511,128,0.0,0.0";
    let mut table = TableDecoder::from_header(row, Some(&map), SETTINGS).unwrap();
    assert_eq!((table.dialect(), table.has_header()), (Dialect::Columns, false));
    assert_eq!(told(&table.decode(row, Origin::default())), "1 -9367150,39354738 None None None None");
    let table = TableDecoder::from_header(b"a,b,c,d,e,f", Some(&map), SETTINGS).unwrap();
    assert!(table.has_header());
}

#[test]
fn blank_lines_comments_and_repeated_headers_are_other() {
    let mut table = table(NOAA);
    for line in ["", "  ", "\r", "# made by hand", NOAA] {
        assert_eq!(told(&table.decode(line.as_bytes(), Origin::default())), "other", "{line}");
    }
}

#[test]
fn only_equal_rows_have_equal_payloads() {
    let first = report(decode(AISDK, AISDK_ROW)).payload;
    assert_eq!(report(decode(AISDK, AISDK_ROW)).payload, first);
    assert_eq!(report(decode(AISDK, &alloc::format!("{AISDK_ROW}\r"))).payload, first);
    for (from, to) in [("12:00:00", "12:00:01"), ("MINERVA", "MINERVB"), ("No additional", "Some additional")]
    {
        assert_ne!(report(decode(AISDK, &AISDK_ROW.replace(from, to))).payload, first);
    }
}

#[test]
fn rows_of_one_ship_share_their_statics() {
    let mut table = table(AISDK);
    let mut statics = |row: &str| report(table.decode(row.as_bytes(), Origin::default())).statics.unwrap();
    let first = statics(AISDK_ROW);
    assert!(alloc::sync::Arc::ptr_eq(&first, &statics(&AISDK_ROW.replace("12.45", "3.0"))));
    assert_eq!(statics(&AISDK_ROW.replace("8.4", "8.5")).draught, Some(85));
    let bare = "mmsi,lon,lat,t";
    assert_eq!(report(decode(bare, "219015363,10,55,1696161600")).statics, None);
}

/// xorshift64*: enough to break rows.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit.max(1)
    }
}

#[test]
fn no_row_and_no_header_panics() {
    const PIECES: [&[u8]; 16] = [
        b"\"",
        b",",
        b"@",
        b"-",
        b"9223372036854775",
        b"e9",
        b".",
        b"\xff",
        b"/",
        b":",
        b"1e399",
        b"\0",
        b"IMO",
        b"T",
        b" ",
        b";",
    ];
    let mut random = Random(7);
    for round in 0..60_000 {
        let (header, row) = [(AISDK, AISDK_ROW), (NOAA, AISDK_ROW), (AISDK, NOAA)][round % 3];
        let mut bytes = row.as_bytes().to_vec();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len());
            let piece = PIECES[random.below(PIECES.len())];
            let end = (at + random.below(piece.len() + 1)).min(bytes.len());
            let _: Vec<u8> = bytes.splice(at..end, piece.iter().copied()).collect();
        }
        bytes.truncate(random.below(bytes.len() * 4));
        let decoded = table(header).decode(&bytes, Origin::default());
        assert_eq!(decoded.lines, 1);
        if let Ok(mut table) = TableDecoder::from_header(&bytes, None, SETTINGS) {
            table.decode(row.as_bytes(), Origin::default());
        }
    }
}
