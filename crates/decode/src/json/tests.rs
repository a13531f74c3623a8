//! Objects and what they say.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use model::{EventTime, Statics, Transmission};

use super::*;
use crate::{Content, TagChecksum};

const SETTINGS: Settings =
    Settings { latest: EventTime(1_900_000_000_000), tag_checksum: TagChecksum::Lenient };

const OWN: &str = r#"{"t":"2023-10-01T12:00:00Z","mmsi":273000001,"lon":130.3,"lat":42.2333333,"sog":12.45,"cog":359.9,
    "heading":358,"nav_status":5,"class":"A","name":"MINERVA@@","callsign":"UBXY","imo":9179842,"ship_type":70,
    "draught":8.4,"destination":" DUNAI ","dimensions":"150/49/8/12"}"#;
const STREAM: &str = r#"{"Message":{"PositionReport":{"Cog":142.9,"Latitude":53.09018833333334,
    "Longitude":5.854496666666666,"MessageID":3,"NavigationalStatus":0,"Sog":4.5,"Timestamp":25,"TrueHeading":511,
    "UserID":244730610,"Valid":true}},"MessageType":"PositionReport","MetaData":{"MMSI":244730610,
    "ShipName":"VROUWE","latitude":53.1,"longitude":5.9,"time_utc":"2023-10-01 12:00:00.000318353 +0000 UTC"}}"#;
const STREAM_STATIC: &str = r#"{"Message":{"ShipStaticData":{"CallSign":"LFJA","Destination":"OSLO","Dimension":{"A":9,
    "B":22,"C":2,"D":6},"ImoNumber":6519522,"MaximumStaticDraught":2.1,"MessageID":5,"Name":"NOBEL","Type":69,
    "UserID":257038990,"Valid":true}},"MessageType":"ShipStaticData","MetaData":{"MMSI":257038990,
    "time_utc":"2023-10-01 12:00:00 +0000 UTC"}}"#;
const STREAM_24: &str = r#"{"Message":{"StaticDataReport":{"MessageID":24,"PartNumber":true,"ReportA":{"Name":"",
    "Valid":false},"ReportB":{"CallSign":"XPI6030","Dimension":{"A":5,"B":5,"C":2,"D":2},"ShipType":37,"Valid":true},
    "UserID":219034965,"Valid":true}},"MessageType":"StaticDataReport","MetaData":{"MMSI":219034965,
    "time_utc":"2023-10-01 12:00:00 +0000 UTC"}}"#;
const LOCATION: &str = r#"{"topic":"vessels-v2/230012345/location","payload":{"time":1696161600,"sog":10.7,"cog":326.6,
    "navStat":0,"rot":0,"posAcc":true,"raim":false,"heading":325,"lon":20.345818,"lat":60.03802}}"#;
const METADATA: &str = r#"{"topic":"vessels-v2/538007963/metadata","payload":{"timestamp":1696161600035,
    "destination":"UST LUGA","name":"ARUNA CIHAN","draught":68,"eta":733376,"posType":15,"refA":160,"refB":33,
    "refC":20,"refD":12,"callSign":"V7WW7","imo":9543756,"type":70}}"#;
const FEATURE: &str = r#"{"mmsi":219598000,"type":"Feature","geometry":{"type":"Point",
    "coordinates":[20.85169,55.770832]},"properties":{"mmsi":219598000,"sog":0.1,"cog":346.5,"navStat":5,"rot":4,
    "heading":79,"timestamp":59,"timestampExternal":1696161600976}}"#;
const CATCHER: &str = r#"{"class":"AIS","device":"AIS-catcher","rxtime":"20231001120000","scaled":true,"channel":"B",
    "nmea":["!AIVDM,1,1,,B,33L=LN051HQj3HhRJd7q1W=`0000,0*03"],"type":3,"mmsi":230907000,"status":0,
    "speed":8.800000,"lon":24.915239,"lat":60.148106,"course":231.000000,"heading":230}"#;
const CATCHER_5: &str = r#"{"class":"AIS","rxuxtime":1696161600.25,"type":5,"mmsi":230907000,"imo":0,
    "callsign":"OJAB","shipname":"AURORA","shiptype":60,"to_bow":10,"to_stern":20,"to_port":3,"to_starboard":4,
    "draught":3.2,"destination":"HELSINKI"}"#;

fn decode(line: &str) -> Decoded {
    JsonDecoder::new(SETTINGS).decode(line.as_bytes(), Origin::default())
}

/// An object in few words: its fate, or what was handed on.
fn told(line: &str) -> String {
    let decoded = decode(line);
    assert_eq!(decoded.lines, 1);
    match decoded.content {
        Content::Fate(Fate::Rejected(reason)) => reason.name().to_string(),
        Content::Fate(Fate::OtherType) => alloc::format!("other_type {:?}", decoded.kind),
        Content::Fate(Fate::Other) => "other".to_string(),
        Content::Fate(Fate::Accepted | Fate::Candidate) | Content::Landmark(_) => unreachable!(),
        Content::Transmission(Transmission::NoPosition(report)) => {
            alloc::format!("no position {}", report.kind.0)
        }
        Content::Transmission(Transmission::Static(report)) => {
            alloc::format!("{} {} {}", report.kind.0, report.mmsi.0, words(&report.statics))
        }
        Content::Transmission(Transmission::Position(report)) => alloc::format!(
            "{} {} {} {},{} {:?} {:?} {:?} {:?} {}",
            report.kind.0,
            report.mmsi.0,
            report.t.0 - 1_696_161_600_000,
            report.position.lon,
            report.position.lat,
            report.sog,
            report.cog,
            report.heading,
            report.nav_status,
            report.statics.as_deref().map(words).unwrap_or_default()
        )
        .replace("Some", ""),
    }
}

fn words(statics: &Statics) -> String {
    let texts =
        [&statics.name, &statics.callsign, &statics.destination].map(|text| text.as_deref().unwrap_or("-"));
    let size = statics.dimensions.map(model::Dimensions::text).unwrap_or_default();
    alloc::format!(
        "{} {:?} {:?} {:?} {size}",
        texts.join(","),
        statics.imo,
        statics.draught,
        statics.ship_type
    )
    .replace("Some", "")
}

#[test]
fn shapes_are_recognised() {
    for (line, shape) in [
        (OWN, Some(Shape::Own)),
        (r#"{"ssvid":"412331104","timestamp":1704412120,"lat":null,"lon":null}"#, Some(Shape::Own)),
        (STREAM, Some(Shape::AisStream)),
        (LOCATION, Some(Shape::Digitraffic)),
        (METADATA, Some(Shape::Digitraffic)),
        (FEATURE, Some(Shape::Digitraffic)),
        (CATCHER, Some(Shape::AisCatcher)),
        ("{}", None),
        (r#"{"kind":"dark"}"#, None),
        ("[]", None),
        ("mmsi,lon,lat,t", None),
        ("", None),
    ] {
        assert_eq!(detect(line.as_bytes()), shape, "{line}");
        assert_eq!(detect(alloc::format!("\u{feff}{line}\r\n").as_bytes()), shape, "{line}");
    }
}

#[test]
fn each_shape_is_read_in_full() {
    for (line, expected) in [
        (
            OWN,
            "1 273000001 0 130300000,42233333 (125) (3599) (358) (5) MINERVA,UBXY,DUNAI (9179842) (84) (70) 150/49/8/12",
        ),
        (STREAM, "3 244730610 0 5854497,53090188 (45) (1429) None (0) "),
        (STREAM_STATIC, "5 257038990 NOBEL,LFJA,OSLO (6519522) (21) (69) 9/22/2/6"),
        (STREAM_24, "24 219034965 -,XPI6030,- None None (37) 5/5/2/2"),
        (LOCATION, "1 230012345 0 20345818,60038020 (107) (3266) (325) (0) "),
        (METADATA, "5 538007963 ARUNA CIHAN,V7WW7,UST LUGA (9543756) (68) (70) 160/33/20/12"),
        (FEATURE, "1 219598000 976 20851690,55770832 (1) (3465) (79) (5) "),
        (CATCHER, "3 230907000 0 24915239,60148106 (88) (2310) (230) (0) "),
        (CATCHER_5, "5 230907000 AURORA,OJAB,HELSINKI None (32) (60) 10/20/3/4"),
    ] {
        assert_eq!(told(line), expected);
    }
}

#[test]
fn own_objects_have_one_fate() {
    for (from, to, expected) in [
        (r#""2023-10-01T12:00:00Z""#, "1696161600.5", "1 273000001 500 130300000,"),
        (r#""2023-10-01T12:00:00Z""#, "1696161600007", "1 273000001 7 130300000,"),
        (r#""2023-10-01T12:00:00Z""#, "null", "no_time"),
        (r#""2023-10-01T12:00:00Z""#, r#""""#, "no_time"),
        (r#""2023-10-01T12:00:00Z""#, r#""noon""#, "malformed"),
        (r#""2023-10-01T12:00:00Z""#, "true", "malformed"),
        (r#""2023-10-01T12:00:00Z""#, "{}", "malformed"),
        (r#""2023-10-01T12:00:00Z""#, "12", "bad_time"),
        ("273000001", r#""273000001""#, "1 273000001 0 130300000,"),
        ("273000001", "2730001", "not_vessel"),
        ("273000001", "-273000001", "not_vessel"),
        ("273000001", "1e300", "malformed"),
        ("273000001", "[]", "malformed"),
        ("130.3", "null", "no position 1"),
        ("130.3", "181", "no position 1"),
        ("42.2333333", "91.0", "no position 1"),
        ("42.2333333", "-91.5", "out_of_range"),
        ("130.3,\"lat\":42.2333333", "0.001,\"lat\":0", "null_island"),
        (r#""class":"A""#, r#""class":"B""#, "18 273000001 0 130300000,42233333 (125) (3599) (358) None "),
        (r#""class":"A""#, r#""class":"Base Station""#, "other_type Some(4)"),
        ("12.45", "102.3", "1 273000001 0 130300000,42233333 None "),
        ("12.45", "\"fast\"", "1 273000001 0 130300000,42233333 None "),
        (r#""t":"#, r#""timestamp":"#, "1 273000001 0 130300000,"),
        (r#""mmsi":"#, r#""SSVID":"#, "1 273000001 0 130300000,"),
        (r#""mmsi":"#, r#""who":"#, "malformed"),
        (r#""t":"#, r#""when":"#, "no_time"),
        (r#""imo":"#, r#""imo":0,"imo_2":"#, "1 273000001 0 130300000,"),
    ] {
        assert!(OWN.contains(from), "{from}");
        let found = told(&OWN.replace(from, to));
        assert!(found.starts_with(expected), "{from} -> {to}: {found}");
    }
    for (line, expected) in [
        ("", "other"),
        (" \r", "other"),
        ("# a comment", "other"),
        ("[1]", "malformed"),
        ("{", "malformed"),
        ("null", "malformed"),
    ] {
        assert_eq!(told(line), expected);
    }
    let size = OWN.replace("150/49/8/12", "199.5x20");
    assert!(told(&size).ends_with(" 199.5x20"));
}

#[test]
fn services_have_their_faults_and_other_types() {
    for (line, from, to, expected) in [
        (STREAM, "\"PositionReport\"", "\"BaseStationReport\"", "other_type Some(3)"),
        (STREAM, "\"PositionReport\"", "\"UnknownMessage\"", "other_type Some(3)"),
        (STREAM, "5.854496666666666", "181", "no position 3"),
        (STREAM, "PositionReport", "StandardClassBPositionReport", "18 244730610 0 5854497,"),
        (STREAM, "PositionReport", "LongRangeAisBroadcastMessage", "27 244730610 0 5854497,"),
        (STREAM, "2023-10-01 12:00:00.000318353 +0000 UTC", "", "no_time"),
        (LOCATION, "vessels-v2/230012345/location", "vessels-v2/status", "other"),
        (LOCATION, "230012345/location", "x/location", "malformed"),
        (LOCATION, "60.03802", "91", "no position 1"),
        (LOCATION, "1696161600", "null", "no_time"),
        (
            METADATA,
            "\"draught\":68",
            "\"draught\":0",
            "5 538007963 ARUNA CIHAN,V7WW7,UST LUGA (9543756) None (70) ",
        ),
        (CATCHER, "\"type\":3", "\"type\":4", "other_type Some(4)"),
        (CATCHER, "\"type\":3", "\"type\":18", "18 230907000 0 24915239,60148106 (88) (2310) (230) None "),
        (CATCHER, "\"status\":0", "\"status\":15", "3 230907000 0 24915239,60148106 (88) (2310) (230) None "),
        (CATCHER, "20231001120000", "20231301120000", "malformed"),
        (CATCHER, "\"rxtime\"", "\"received\"", "no_time"),
        (CATCHER, "230907000", "2309070", "not_vessel"),
    ] {
        assert!(line.contains(from), "{from}");
        let found = told(&line.replace(from, to));
        assert!(found.starts_with(expected), "{from} -> {to}: {found}");
    }
    let undecoded =
        r#"{"class":"AIS","rxtime":"20231001120000","mmsi":230907000,"type":3,"nmea":["!AIVDM"]}"#;
    assert_eq!(told(undecoded), "malformed");
    assert!(decode(undecoded).stamp.is_some());
    assert_eq!(told(r#"{"error":"Api Key Is Not Valid"}"#), "malformed");
    let bare_payload = r#"{"mmsi":230012345,"time":1696161600,"navStat":0,"lon":20.345818,"lat":60.03802}"#;
    assert_eq!(told(bare_payload), "1 230012345 0 20345818,60038020 None None None (0) ");
}

#[test]
fn objects_of_one_ship_share_their_statics() {
    let mut decoder = JsonDecoder::new(SETTINGS);
    let mut statics = |line: &str| {
        let decoded = decoder.decode(line.as_bytes(), Origin::default());
        let Content::Transmission(Transmission::Position(report)) = decoded.content else {
            panic!("{decoded:?}")
        };
        report.statics.unwrap()
    };
    let first = statics(OWN);
    assert!(alloc::sync::Arc::ptr_eq(&first, &statics(&OWN.replace("12.45", "3.0"))));
    assert_eq!(statics(&OWN.replace("8.4", "8.5")).draught, Some(85));
}

#[test]
fn bytes_that_are_no_utf8_are_replaced() {
    let mut line = OWN.as_bytes().to_vec();
    let at = OWN.find("MINERVA").unwrap();
    line[at] = 0xff;
    let decoded = JsonDecoder::new(SETTINGS).decode(&line, Origin::default());
    assert!(matches!(decoded.content, Content::Transmission(Transmission::Position(_))));
}

#[test]
fn no_line_panics() {
    let lines = [OWN, STREAM, STREAM_24, LOCATION, METADATA, FEATURE, CATCHER, CATCHER_5];
    let pieces: [&[u8]; 12] = [
        b"\"",
        b"{",
        b"}",
        b"null",
        b"-1e308",
        b"9223372036854775807",
        b"\\u00e9",
        b"\xff",
        b"[",
        b":",
        b",",
        b"/x/",
    ];
    let mut state = 7_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit.max(1)
    };
    let mut decoder = JsonDecoder::new(SETTINGS);
    for round in 0..40_000 {
        let mut bytes = lines[round % lines.len()].as_bytes().to_vec();
        for _ in 0..=below(3) {
            let at = below(bytes.len());
            let end = (at + below(8)).min(bytes.len());
            let _: Vec<u8> = bytes.splice(at..end, pieces[below(pieces.len())].iter().copied()).collect();
        }
        assert_eq!(decoder.decode(&bytes, Origin::default()).lines, 1);
        let _ = detect(&bytes);
    }
}

#[test]
fn live_an_object_without_a_time_has_that_of_its_arrival() {
    const NOON: EventTime = EventTime(1_696_161_600_000);
    let decoded = |line: &str| {
        let mut decoder = JsonDecoder::new(SETTINGS);
        decoder.arrive(NOON);
        decoder.decode(line.as_bytes(), Origin::default())
    };
    let bare = OWN.replace(r#""t":"2023-10-01T12:00:00Z","#, "");
    assert_eq!(decoded(&bare).stamp.map(|stamp| stamp.t), Some(NOON));
    let ahead = decoded(&OWN.replace("12:00:00", "12:10:01"));
    assert_eq!((ahead.stamp, ahead.content), (None, Content::Fate(Fate::Rejected(model::Reason::BadTime))));
}
