//! Real feeds: every line of every file has exactly one fate, and the program gets through them.
//!
//! A line is counted once for each sentence on it, with the TAG blocks before it (TAG blocks before
//! anything else count as one more), and once if it has none: so the fates of a file add up to its lines and to the sentences beyond the first on
//! lines that hold several. A message of several sentences counts for as many lines.
//!
//! The files are in `../shared/data` beside the checkout, or where `DARKWAKE_DATA` says; tests
//! whose files are not there say so and pass.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use connect::files::Input;
use connect::reader::{Format, Opened, ReadSettings, Reader};
use decode::nmea::AssumedTime;
use decode::{Content, Decoded, Settings, TagChecksum};
use model::fate::Counts;
use model::{EventTime, Fate, Reason};
use serde_json::Value;

fn folder() -> PathBuf {
    std::env::var_os("DARKWAKE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from)
}

/// Some of the test data; `None`, and said so, where it is not there.
#[expect(clippy::print_stderr, reason = "a skipped test says so to the person who runs it")]
fn data(name: &str) -> Option<PathBuf> {
    let path = folder().join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} not there", path.display());
    None
}

/// All files below a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder was found") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

const MAX_LINE_BYTES: usize = 16_384;

fn settings(assumed: Option<AssumedTime>) -> ReadSettings {
    let decode = Settings { latest: EventTime(4_102_444_800_000), tag_checksum: TagChecksum::Lenient };
    ReadSettings { decode, format: None, columns: None, assumed, max_line_bytes: MAX_LINE_BYTES }
}

/// What became of the lines of a file, as far as its reader tells: `accepted` are the reports that
/// the next stage judges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    format: Option<Format>,
    counts: Counts,
}

fn read(path: &Path, assumed: Option<AssumedTime>) -> Told {
    let mut told = Told::default();
    let opened = Reader::open(&Input::file(path), 0, &settings(assumed)).expect("the file can be opened");
    let Opened::Reader(mut reader) = opened else { return told };
    told.format = Some(reader.format());
    let counts = &mut told.counts;
    let mut count = |decoded: Decoded| {
        let fate = match decoded.content {
            Content::Transmission(transmission) => {
                assert_eq!(transmission.lines(), u64::from(decoded.lines));
                Fate::Accepted
            }
            Content::Landmark(_) => Fate::OtherType,
            Content::Fate(fate) => fate,
        };
        assert!(decoded.lines > 0);
        counts.count(fate, decoded.lines.into());
    };
    while reader.read(1_000, &mut count).expect("the file is whole") {}
    reader.finish(&mut count);
    told
}

/// The lines of a file, counted without the decoder.
fn lines(path: &Path, format: Format) -> u64 {
    let mut bytes = std::fs::read(path).expect("the file was found");
    if bytes.starts_with(&[0x1F, 0x8B]) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("the file is whole");
        bytes = plain;
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    text.split(|byte| *byte == b'\n').map(|line| if format == Format::Nmea { sentences(line) } else { 1 }).sum()
}

/// Sentences of a line, but at least one. TAG blocks belong to what follows them.
fn sentences(line: &[u8]) -> u64 {
    let line = line.trim_ascii();
    if line.first() == Some(&b'#') || line.len() > MAX_LINE_BYTES {
        return 1;
    }
    let (mut count, mut in_tag, mut behind_tag) = (0, false, false);
    for byte in line {
        match byte {
            b'\\' if in_tag => (in_tag, behind_tag) = (false, true),
            b'\\' => {
                count += u64::from(!behind_tag);
                in_tag = true;
            }
            _ if in_tag => {}
            b'!' | b'$' => {
                count += u64::from(!behind_tag);
                behind_tag = false;
            }
            _ => behind_tag &= *byte == b' ',
        }
    }
    count.max(1)
}

#[test]
fn every_line_of_every_file_has_one_fate() {
    let Some(folder) = data("") else { return };
    let assumed = AssumedTime { start: EventTime(1_600_000_000_000), step_ms: 1 };
    for path in files(&folder) {
        // Words about the data are no data.
        if path.extension().is_some_and(|ending| ending == "md") {
            continue;
        }
        let told = read(&path, None);
        let Some(format) = told.format else { continue };
        let expected = lines(&path, format);
        assert_eq!(told.counts.total(), expected, "{}", path.display());
        let with_times = read(&path, Some(assumed));
        assert_eq!(with_times.counts.total(), expected, "{}", path.display());
        // A time saves a message from `no_time` and from nothing else.
        let no_time = |told: &Told| told.counts.rejected(Reason::NoTime);
        assert_eq!(no_time(&with_times), if format == Format::Nmea { 0 } else { no_time(&told) });
        assert_eq!(told.counts.rejected(Reason::Malformed), with_times.counts.rejected(Reason::Malformed));
        eprintln!("{}", line(&folder, &path, &told, expected));
    }
}

fn line(folder: &Path, path: &Path, told: &Told, lines: u64) -> String {
    let name = path.strip_prefix(folder).expect("below").display();
    let c = &told.counts;
    let rej: Vec<String> = Reason::ALL.iter().filter(|r| c.rejected(**r) > 0).map(|r| format!("(Reason::{r:?}, {})", c.rejected(*r))).collect();
    format!("    (\"{name}\", Format::{:?}, {lines}, {}, {}, {}, &[{}]),", told.format.unwrap(), c.accepted, c.other_type, c.other, rej.join(", "))
}
#[test]
fn tmp_malformed() {
    for name in ["libais/test.aivdm", "gpsd/sample.aivdm", "ggencoder/AisHubSample.nmea", "pyais/mixed.txt", "pyais/sample.ais", "gpsd/synthetic-ais.json", "gfw-ais-listener/mixed-nmea.txt", "libais/typeexamples.nmea"] {
        let path = data(name).unwrap();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let Opened::Reader(mut reader) = Reader::open(&Input::file(&path), 0, &settings(None)).unwrap() else { continue };
        let mut f = |d: Decoded| if let Content::Fate(Fate::Rejected(r @ (Reason::Malformed | Reason::OutOfRange | Reason::Incomplete))) = d.content { eprintln!("{name}:{} {r:?} {} {}", d.origin.line, d.lines, lines[d.origin.line as usize - 1]) };
        while reader.read(100, &mut f).unwrap() {}
        reader.finish(&mut f);
    }
}
