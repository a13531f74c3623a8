//! Broken lines: whatever comes in, nothing panics, every line has one fate, and memory stays bounded.
//!
//! A million lines, mutated from valid ones of every kind; ten million with `DARKWAKE_SOAK=1`.
//! `DARKWAKE_SEED=n` changes the mutations.

use std::sync::LazyLock;

use decode::json::JsonDecoder;
use decode::nmea::NmeaDecoder;
use decode::table::TableDecoder;
use decode::{Content, Decoded, Settings, TagChecksum};
use detect::watch::Rules;
use engine::{Engine, Entry, Ingest, Limits, Order, SourceId, World};
use geofence::Geofence;
use model::alert::Told;
use model::fate::Counts;
use model::{EventTime, Fate, Origin};
use sim::encode::{Channel, PositionA, sentences};
use sim::random::Random;
use sim::sphere::Position;

/// The time of all lines before they are stamped anew, s.
const NOON: i64 = 1_696_161_600;
/// Lines of a second; at this pace 1 million take three days, and 10 million a month, of which the core remembers
/// less than two weeks.
const LINES_PER_SECOND: u64 = 4;
const SETTINGS: Settings =
    Settings { latest: EventTime((NOON + 40 * 86_400) * 1_000), tag_checksum: TagChecksum::Lenient };
/// Ships that each bucket remembers here: mutated identities come to this many soon.
const SHIPS_PER_BUCKET: usize = 1;
/// Reports of one source that may wait for its watermark at a time.
const MOST_HELD: usize = 4_000;
/// What the process may grow in the second half of a run.
const GROWTH_BYTES: u64 = 64 << 20;

const AISDK: &str = "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,\
    Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,Destination,ETA,\
    Data source type,Size A,Size B,Size C,Size D";
const AISDK_ROWS: &[&str] = &[
    "01/10/2023 12:00:00,Class A,219015363,55.470000,10.280000,Under way using engine,0.7,12.4,359.9,358,9179842,OXYZ,\
     MINERVA,Cargo,No additional information,20,199,GPS,8.4,KIEL@@,02/10/2023 04:00:00,AIS,150,49,8,12",
    "01/10/2023 12:00:00,Class B,219000077,55.480000,10.290000,Unknown value,,0.1,,,Unknown,Unknown,\"ANNA, II\",\
     Undefined,,,,Undefined,,,,AIS,,,,",
    "01/10/2023 12:00:00,Base Station,2190064,55.5,10.3,Unknown value,,,,,Unknown,Unknown,,Undefined,,,,,,,,AIS,,,,",
];
const NOAA: &str = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,\
    Draft,Cargo,TransceiverClass";
const NOAA_ROWS: &[&str] = &[
    "366999001,2023-10-01T12:00:00,33.72603,-118.07364,0.0,358.8,511.0,ALEXANDRIA IV,IMO0000000,,37,,17,5.5,,,B",
    "367123456,2023-10-01T12:00:00,33.7,-118.1,12.5,90.0,91.0,TUG,IMO9179842,WDC1234,31,0,30,10,4.2,52,A",
];
const COLUMNS: &str = "mmsi;imo_nr;length;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr";
const COLUMN_ROWS: &[&str] =
    &["209318000;9754446;131;2023-10-01 12:00:00;5.32934;59.3159;12.1;355.7;355;0;1"];

const OBJECTS: &[&str] = &[
    r#"{"t":"2023-10-01T12:00:00Z","mmsi":273000001,"lon":130.3,"lat":42.2333333,"sog":12.45,"cog":359.9,"heading":358,"nav_status":5,"class":"A","name":"MINERVA@@","imo":9179842,"draught":8.4,"destination":" DUNAI "}"#,
    r#"{"ssvid":"412331104","timestamp":1696161600,"lat":null,"lon":null}"#,
    r#"{"Message":{"PositionReport":{"Cog":142.9,"Latitude":53.09,"Longitude":5.85,"MessageID":3,"NavigationalStatus":0,"Sog":4.5,"TrueHeading":511,"UserID":244730610,"Valid":true}},"MessageType":"PositionReport","MetaData":{"MMSI":244730610,"ShipName":"VROUWE","latitude":53.1,"longitude":5.9,"time_utc":"2023-10-01 12:00:00.000318353 +0000 UTC"}}"#,
    r#"{"Message":{"ShipStaticData":{"CallSign":"LFJA","Destination":"OSLO","Dimension":{"A":9,"B":22,"C":2,"D":6},"ImoNumber":6519522,"MaximumStaticDraught":2.1,"MessageID":5,"Name":"NOBEL","Type":69,"UserID":257038990,"Valid":true}},"MessageType":"ShipStaticData","MetaData":{"MMSI":257038990,"time_utc":"2023-10-01 12:00:00 +0000 UTC"}}"#,
    r#"{"Message":{"StaticDataReport":{"MessageID":24,"PartNumber":true,"ReportA":{"Name":"","Valid":false},"ReportB":{"CallSign":"XPI6030","Dimension":{"A":5,"B":5,"C":2,"D":2},"ShipType":37,"Valid":true},"UserID":219034965,"Valid":true}},"MessageType":"StaticDataReport","MetaData":{"MMSI":219034965,"time_utc":"2023-10-01 12:00:00 +0000 UTC"}}"#,
    r#"{"topic":"vessels-v2/230012345/location","payload":{"time":1696161600,"sog":10.7,"cog":326.6,"navStat":0,"rot":0,"heading":325,"lon":20.345818,"lat":60.03802}}"#,
    r#"{"topic":"vessels-v2/538007963/metadata","payload":{"timestamp":1696161600000,"destination":"UST LUGA","name":"ARUNA CIHAN","draught":68,"refA":160,"refB":33,"refC":20,"refD":12,"callSign":"V7WW7","imo":9543756,"type":70}}"#,
    r#"{"mmsi":219598000,"type":"Feature","geometry":{"type":"Point","coordinates":[20.85169,55.770832]},"properties":{"mmsi":219598000,"sog":0.1,"cog":346.5,"navStat":5,"heading":79,"timestampExternal":1696161600000}}"#,
    r#"{"class":"AIS","device":"AIS-catcher","rxtime":"20231001120000","scaled":true,"channel":"B","type":3,"mmsi":230907000,"status":0,"speed":8.8,"lon":24.915239,"lat":60.148106,"course":231.0,"heading":230}"#,
    r#"{"class":"AIS","rxuxtime":1696161600.25,"type":5,"mmsi":230907000,"imo":0,"callsign":"OJAB","shipname":"AURORA","shiptype":60,"to_bow":10,"to_stern":20,"draught":3.2,"destination":"HELSINKI"}"#,
];

/// What every line may be cut, joined or hit with.
const PIECES: &[&[u8]] = &[
    b"\\",
    b"*",
    b"!",
    b"$",
    b",",
    b";",
    b":",
    b"-",
    b".",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"@",
    b" ",
    b"\0",
    b"\xff",
    b"\r",
    b"c:",
    b"g:1-9-1",
    b"s:",
    b"\\g:2-2-1*5A\\",
    b"!AIVDM,2,1,",
    b"!AIVDM,1,1,,A,",
    b"*00",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"1e308",
    b"99999999999999999999999999",
    b"0",
    b"181",
    b"91",
    b"\xef\xbb\xbf",
    b"null",
    b"\\u0000",
    b"\\ud800",
    b"2023-10-01T12:00:00Z",
    b"31/02/2023 25:61:61",
    b"273000001",
];

/// Sentences with TAG blocks and groups, stamps before and behind, companions and clocks.
static SENTENCES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut feed = Vec::new();
    sim::generate("harbour", 1, &mut feed).unwrap().unwrap();
    let every = feed.split(|byte| *byte == b'\n').count() / 4_000 + 1;
    let tagged: Vec<&[u8]> = feed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    // Runs of lines, so that the sentences of one message stay together.
    let mut lines: Vec<Vec<u8>> =
        tagged.chunks(8).step_by(every).flatten().map(|line| line.to_vec()).collect();
    for line in tagged.iter().step_by(every * 7) {
        let bare = line.rsplit(|byte| *byte == b'\\').next().unwrap_or(line);
        let with = |before: &str, after: &str| [before.as_bytes(), bare, after.as_bytes()].concat();
        lines.extend([
            with("", &format!(",{NOON}")),
            with("", &format!(",rEAST,{NOON}000")),
            with(&format!("{NOON} "), ""),
            with("2023-10-01T12:00:00.5Z ", ""),
            with("2023-10-01 12:00:00 ", "\r"),
            b"$PGHP,1,2023,10,1,12,0,0,500,219,,2190001,1,2A*1E".to_vec(),
            with("", ""),
            b"$GPRMC,120000,A,4200.0,N,13100.0,E,0.0,0.0,011023,,*0D".to_vec(),
            b"$GPZDA,120000.00,01,10,2023,00,00*6A".to_vec(),
            with("", ""),
            [b"\\c:1696161600*5C\\".as_slice(), bare, bare].concat(),
            b"\\s:rEAST,c:1696161600*00\\".to_vec(),
            b"# a comment".to_vec(),
        ]);
    }
    let nowhere =
        PositionA { mmsi: 273_000_001, position: Some(Position::new(0.0, 0.0)), ..PositionA::default() };
    let nowhere = sentences(&nowhere.encode(), "AIVDM", Channel::B, 0);
    lines.push(format!("\\c:{NOON}*5E\\{}", nowhere[0]).into_bytes());
    lines.iter().map(|line| at_noon(line)).collect()
});

/// A line with the time of its TAG block set to noon.
fn at_noon(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let Some((before, rest)) = text.split_once("c:") else { return line.to_vec() };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    format!("{before}c:{NOON}{}", &rest[digits..]).into_bytes()
}

/// A line with other times wherever it tells noon.
fn stamped(line: &[u8], t: EventTime) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(line).into_owned();
    let iso = t.to_iso();
    let (date, time) = (&iso[..10], &iso[11..19]);
    let [year, month, day] = [&date[..4], &date[5..7], &date[8..]];
    for (noon, now) in [
        (NOON.to_string(), (t.0 / 1_000).to_string()),
        ("2023-10-01".to_owned(), date.to_owned()),
        ("01/10/2023".to_owned(), format!("{day}/{month}/{year}")),
        ("20231001120000".to_owned(), format!("{year}{month}{day}{}", time.replace(':', ""))),
        ("12:00:00".to_owned(), time.to_owned()),
    ] {
        if text.contains(&noon) {
            text = text.replace(&noon, &now);
        }
    }
    text.into_bytes()
}

/// A line with some bytes, fields or parts changed; often a valid one.
fn mutate(random: &mut Random, line: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = line.to_vec();
    let place = |random: &mut Random, bytes: &[u8]| random.below(bytes.len() as u64 + 1) as usize;
    for _ in 0..random.below(4) {
        let at = place(random, &bytes);
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] = random.next_u64() as u8,
            1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            2 if at < bytes.len() => bytes[at] = b'0' + random.below(75) as u8,
            3 => bytes.truncate(at),
            4 => {
                let end = place(random, &bytes).max(at);
                bytes.drain(at..end);
            }
            5 => {
                let from = place(random, other);
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
            6 => swap_fields(random, &mut bytes),
            _ => {
                let piece = *random.pick(PIECES);
                let end = (at + random.below(piece.len() as u64 + 1) as usize).min(bytes.len());
                bytes.splice(at..end, piece.iter().copied());
            }
        }
    }
    // Often with a checksum that fits, so that what is behind it is reached.
    if random.below(2) == 0 {
        mend(&mut bytes);
    }
    bytes
}

fn swap_fields(random: &mut Random, bytes: &mut Vec<u8>) {
    let mut fields: Vec<&[u8]> = bytes.split(|byte| *byte == b',').collect();
    let (a, b) = (random.below(fields.len() as u64) as usize, random.below(fields.len() as u64) as usize);
    fields.swap(a, b);
    if random.below(3) == 0 {
        fields.remove(a);
    }
    *bytes = fields.join(&b',');
}

fn mend(bytes: &mut [u8]) {
    let Some(start) = bytes.iter().rposition(|byte| *byte == b'!' || *byte == b'$') else { return };
    let Some(star) = bytes[start..].iter().position(|byte| *byte == b'*').map(|at| start + at) else {
        return;
    };
    let sum = bytes[start + 1..star].iter().fold(0, |sum, byte| sum ^ byte);
    if let [high, low, ..] = &mut bytes[star + 1..] {
        let digit = |nibble: u8| b"0123456789ABCDEF"[usize::from(nibble)];
        (*high, *low) = (digit(sum >> 4), digit(sum & 15));
    }
}

/// The whole way of a line of one source: decoder, ingest, engine.
struct Pipeline {
    nmea: NmeaDecoder,
    tables: Vec<TableDecoder>,
    json: JsonDecoder,
    ingest: Ingest,
    source: SourceId,
    engine: Engine,
    world: World,
    told: Vec<Told>,
    lines: u64,
    line: u64,
    most_held: usize,
}

impl Pipeline {
    fn new() -> Pipeline {
        let mut ingest = Ingest::new(&Limits::default());
        let source = ingest.add(Order::Bounded { bound_ms: 30_000 }, EventTime::MIN);
        let table = |header: &str| TableDecoder::from_header(header.as_bytes(), None, SETTINGS).unwrap();
        Pipeline {
            nmea: NmeaDecoder::new(SETTINGS, None),
            tables: [AISDK, NOAA, COLUMNS].map(table).into(),
            json: JsonDecoder::new(SETTINGS),
            ingest,
            source,
            engine: Engine::new(Limits { ships_per_bucket: SHIPS_PER_BUCKET }, 0),
            world: World::new(
                Geofence::new(connect::ports::built_in().ports),
                Rules { tells_all_facts: true, ..Rules::default() },
            ),
            told: Vec::new(),
            lines: 0,
            line: 0,
            most_held: 0,
        }
    }

    fn sentence(&mut self, line: &[u8]) {
        let origin = self.next_line();
        let mut decoded = Vec::new();
        self.nmea.decode(line, origin, &mut |one| decoded.push(one));
        decoded.into_iter().for_each(|one| self.take(one));
    }

    fn row(&mut self, table: usize, line: &[u8]) {
        let origin = self.next_line();
        let decoded = self.tables[table].decode(line, origin);
        assert_eq!(decoded.lines, 1);
        self.take(decoded);
    }

    fn object(&mut self, line: &[u8]) {
        let origin = self.next_line();
        let decoded = self.json.decode(line, origin);
        assert_eq!(decoded.lines, 1);
        self.take(decoded);
    }

    fn next_line(&mut self) -> Origin {
        self.line += 1;
        if self.line.is_multiple_of(512) {
            self.advance();
        }
        Origin { input: 0, line: self.line }
    }

    fn take(&mut self, decoded: Decoded) {
        assert!(decoded.lines >= 1);
        let is_open = matches!(decoded.content, Content::Fate(Fate::Accepted | Fate::Candidate));
        assert!(!is_open, "a decoder accepts nothing by itself");
        self.lines += u64::from(decoded.lines);
        let (engine, world, told) = (&mut self.engine, &self.world, &mut self.told);
        self.ingest.read(self.source, decoded, &mut |entry| engine.push(entry, world, told));
        told.clear();
    }

    fn advance(&mut self) {
        self.most_held = self.most_held.max(self.engine.held());
        // Told whether or not it has moved: what is late waits for the next time it is told.
        let watermark = self.ingest.watermark_of(self.source);
        let (engine, world, told) = (&mut self.engine, &self.world, &mut self.told);
        self.ingest.advance(&mut |entry| engine.push(entry, world, told));
        engine.push(Entry::Watermark(watermark), world, told);
        told.clear();
        assert!(self.engine.ships() <= engine::BUCKETS * SHIPS_PER_BUCKET, "{} ships", self.engine.ships());
    }

    fn finish(mut self) -> Counts {
        let mut rest = Vec::new();
        self.nmea.finish(&mut |one| rest.push(one));
        rest.into_iter().for_each(|one| self.take(one));
        let (engine, world, told) = (&mut self.engine, &self.world, &mut self.told);
        self.ingest.close(self.source, &mut |entry| engine.push(entry, world, told));
        self.ingest.end(&mut |entry| engine.push(entry, world, told));
        assert_eq!(engine.held(), 0, "nothing is held after the end");
        let mut counts = self.ingest.counts().clone();
        counts.add(self.engine.counts());
        assert_eq!(counts.total(), self.lines, "every line has one fate: {counts:?}");
        counts
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Memory of this process, where the system tells it.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

#[test]
fn broken_lines_panic_nowhere_and_every_line_has_one_fate_in_bounded_memory() {
    let lines: u64 = if number("DARKWAKE_SOAK") == Some(1) { 10_000_000 } else { 1_000_000 };
    let mut random = Random::new(number("DARKWAKE_SEED").unwrap_or(1));
    // A source that has run ahead must not hold up the others here.
    let [mut sentences, mut rows, mut objects] = [(); 3].map(|()| Pipeline::new());
    let tables: [(usize, &str, &[&str]); 3] =
        [(0, AISDK, AISDK_ROWS), (1, NOAA, NOAA_ROWS), (2, COLUMNS, COLUMN_ROWS)];
    let mut at_half = None;
    for number in 0..lines {
        if number == lines / 2 {
            at_half = resident_bytes();
        }
        let second = NOON + (number / LINES_PER_SECOND) as i64 - random.below(20) as i64;
        let t = EventTime(second * 1_000);
        let run = (number / 4) as usize;
        match number % 4 {
            0 | 1 => {
                let at = (run * 2 + (number % 4) as usize) % SENTENCES.len();
                let line = mutate(
                    &mut random,
                    &stamped(&SENTENCES[at], t),
                    &SENTENCES[(at * 7 + 1) % SENTENCES.len()],
                );
                sentences.sentence(&line);
            }
            2 => {
                let (table, header, valid) = tables[run % tables.len()];
                let row = if random.below(50) == 0 { header } else { *random.pick(valid) };
                rows.row(table, &mutate(&mut random, &stamped(row.as_bytes(), t), valid[0].as_bytes()));
            }
            _ => {
                let (object, other) = (*random.pick(OBJECTS), *random.pick(OBJECTS));
                objects.object(&mutate(&mut random, &stamped(object.as_bytes(), t), other.as_bytes()));
            }
        }
    }
    let at_the_end = resident_bytes();
    let pipelines = [sentences, rows, objects];
    assert_eq!(pipelines.iter().map(|pipeline| pipeline.line).sum::<u64>(), lines);
    let held = pipelines.iter().map(|pipeline| pipeline.most_held).max().unwrap_or(0);
    let mut counts = Counts::default();
    pipelines.into_iter().for_each(|pipeline| counts.add(&pipeline.finish()));
    // The mutations must not all fail at the first gate, nor all pass it.
    let fates = format!("{counts:?}, at most {held} held");
    assert!(held < MOST_HELD, "{fates}");
    assert!(counts.accepted + counts.rejected(model::Reason::Duplicate) > lines / 50, "{fates}");
    let is_met = |reason: &model::Reason| *reason == model::Reason::BadTag || counts.rejected(*reason) > 0;
    let never: Vec<_> = model::Reason::ALL.iter().filter(|reason| !is_met(reason)).collect();
    assert!(never.is_empty(), "{never:?} never came up: {fates}");
    if let (Some(before), Some(after)) = (at_half, at_the_end) {
        let growth = after.saturating_sub(before);
        assert!(growth < GROWTH_BYTES, "memory grew from {before} by {growth} bytes: {fates}");
    }
}

#[test]
fn mutated_headers_make_a_table_or_an_error() {
    let mut random = Random::new(number("DARKWAKE_SEED").unwrap_or(1));
    for number in 0..20_000 {
        let headers = [AISDK, NOAA, COLUMNS];
        let header =
            mutate(&mut random, headers[number % 3].as_bytes(), headers[(number + 1) % 3].as_bytes());
        if let Ok(mut table) = TableDecoder::from_header(&header, None, SETTINGS) {
            for row in [AISDK_ROWS[0], NOAA_ROWS[0], COLUMN_ROWS[0]] {
                assert_eq!(table.decode(row.as_bytes(), Origin::default()).lines, 1);
            }
        }
    }
}
