//! One million real sentences, from a minute of the feed of the US Coast Guard.
//!
//! The file is repeated as if there were more ships: each copy has other MMSIs and IMO numbers, written into the payloads,
//! and all copies are heard in the same time, blocks of one beside those of the next. Then all of it is heard again ten
//! minutes later. Nothing is a duplicate that was none in the file. What belongs to no ship stays as it is.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use memchr::{memchr, memchr_iter, memmem};

use super::symbols::{armour, checksum, get, hex, of_armour, of_hex, put};

/// The file, in `../shared/data` beside the checkout or where `DARKWAKE_DATA` says.
const FILE: &str = "maritimeviz/ais_2016_07_28_aa.gz";
/// Copies beside each other: with some 6,000 ships in what is used of the file they are 48,000.
const COPIES: u32 = 8;
/// How often all of it is heard, and how much later each time.
const PASSES: i64 = 2;
const PASS_S: i64 = 600;
/// Lines of a block, at least.
const BLOCK: usize = 200;
/// MMSIs of ships, which are shifted round in their range by this much with each copy.
const SHIPS: std::ops::Range<u64> = 200_000_000..776_000_000;
const MMSI_SHIFT: u64 = 71_234_567;
/// The same for the first six digits of IMO numbers.
const IMOS: std::ops::Range<u64> = 100_000..1_000_000;
const IMO_SHIFT: u64 = 61_803;

/// Where the file is; if it is not there, where it was looked for.
pub fn find() -> Result<PathBuf, PathBuf> {
    let folder = std::env::var_os("DARKWAKE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = folder.join(FILE);
    if path.exists() { Ok(path) } else { Err(path) }
}

/// So many lines of it, each with its end.
pub fn lines(path: &Path, count: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let file = File::open(path).expect("it was found");
    MultiGzDecoder::new(file).read_to_end(&mut text).expect("a whole gzip file");
    let each = count.div_ceil(COPIES as usize * PASSES as usize);
    // What the logger says of itself is no sentence.
    let source: Vec<&[u8]> = split(&text).filter(|line| !line.starts_with(b"#")).take(each).collect();
    let mut out = Vec::with_capacity(count * 100);
    for pass in 0..PASSES {
        for block in blocks(&source) {
            for copy in 0..COPIES {
                for line in block {
                    let start = out.len();
                    out.extend_from_slice(line);
                    shift(&mut out[start..], copy, pass * PASS_S);
                    out.push(b'\n');
                }
            }
        }
    }
    let end = memchr_iter(b'\n', &out).nth(count - 1).map_or(out.len(), |at| at + 1);
    out.truncate(end);
    out
}

/// Lines without their ends.
fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty())
}

/// Cuts where neither a group nor a message of several sentences goes on.
fn blocks<'a>(lines: &'a [&'a [u8]]) -> Vec<&'a [&'a [u8]]> {
    let (mut blocks, mut from) = (Vec::new(), 0);
    for at in 1..lines.len() {
        if at - from >= BLOCK && begins(lines[at]) {
            blocks.push(&lines[from..at]);
            from = at;
        }
    }
    blocks.push(&lines[from..]);
    blocks
}

/// Whether a line is the first of its group and its message.
fn begins(line: &[u8]) -> bool {
    let (tag, sentence) = line.split_at(tag_end(line));
    let goes_on = memmem::find(tag, b"\\g:").is_some_and(|at| !tag[at + 3..].starts_with(b"1-"));
    let part = sentence.split(|byte| *byte == b',').nth(2);
    !goes_on && (!sentence.starts_with(b"!") || part == Some(b"1"))
}

/// Where the TAG block before a sentence ends; 0 where there is none.
fn tag_end(line: &[u8]) -> usize {
    let Some((b'\\', rest)) = line.split_first() else { return 0 };
    memchr(b'\\', rest).map_or(0, |at| at + 2)
}

/// Makes a line one of another ship, heard later; it stays as long as it is.
fn shift(line: &mut [u8], copy: u32, later_s: i64) {
    let (tag, sentence) = line.split_at_mut(tag_end(line));
    if later_s != 0 {
        shift_time(tag, later_s);
    }
    if copy != 0 {
        shift_ship(sentence, u64::from(copy));
    }
}

/// Changes `c:` of a TAG block, in seconds or milliseconds.
fn shift_time(tag: &mut [u8], later_s: i64) {
    let starts = memmem::find_iter(&*tag, b"c:").find(|at| *at > 0 && matches!(tag[at - 1], b'\\' | b','));
    let Some(from) = starts.map(|at| at + 2) else { return };
    let digits = tag[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number =
        std::str::from_utf8(&tag[from..from + digits]).ok().and_then(|text| text.parse::<i64>().ok());
    let Some(number) = number else { return };
    let later = number + if digits > 11 { later_s * 1_000 } else { later_s };
    write(tag, from, later.to_string().as_bytes());
}

/// Changes MMSI and IMO number in the first sentence of a message.
fn shift_ship(sentence: &mut [u8], copy: u64) {
    let is_ais = sentence.get(3..6).is_some_and(|name| matches!(name, b"VDM" | b"VDO"));
    let mut commas = memchr_iter(b',', sentence);
    let part = commas.nth(1).and_then(|at| sentence.get(at + 1).copied());
    // Behind the fifth comma.
    let Some(from) = commas.nth(2).map(|at| at + 1).filter(|_| is_ais && part == Some(b'1')) else { return };
    let payload = sentence[from..].iter().map_while(|byte| of_armour(*byte));
    let mut symbols: Vec<u8> = payload.collect();
    if symbols.len() < 12 {
        return;
    }
    let mmsi = get(&symbols, 8, 30);
    if !SHIPS.contains(&mmsi) {
        return;
    }
    put(&mut symbols, 8, 30, turned(mmsi, &SHIPS, copy * MMSI_SHIFT));
    let (kind, imo) = (get(&symbols, 0, 6), get(&symbols, 40, 30));
    if kind == 5 && IMOS.contains(&(imo / 10)) {
        let number = turned(imo / 10, &IMOS, copy * IMO_SHIFT);
        put(&mut symbols, 40, 30, number * 10 + check_digit(number));
    }
    let changed: Vec<u8> = symbols.into_iter().map(armour).collect();
    write(sentence, from, &changed);
}

/// A number further on in a range, from its end on to its start.
fn turned(number: u64, range: &std::ops::Range<u64>, by: u64) -> u64 {
    range.start + (number - range.start + by) % (range.end - range.start)
}

fn check_digit(number: u64) -> u64 {
    let places = (2..=7).zip([1, 10, 100, 1_000, 10_000, 100_000]);
    places.map(|(weight, place)| weight * (number / place % 10)).sum::<u64>() % 10
}

/// Writes over bytes, and the checksum behind them: what was right stays right, and what was wrong stays wrong.
fn write(text: &mut [u8], from: usize, bytes: &[u8]) {
    let Some(old) = text.get_mut(from..from + bytes.len()) else { return };
    let difference = checksum(old) ^ checksum(bytes);
    old.copy_from_slice(bytes);
    let behind = from + bytes.len();
    let Some(star) = memchr(b'*', &text[behind..]).map(|at| behind + at) else { return };
    if let Some(sum) = text.get(star + 1..star + 3).and_then(of_hex) {
        text[star + 1..star + 3].copy_from_slice(&hex(sum ^ difference));
    }
}
