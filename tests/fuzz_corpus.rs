//! Every target of `fuzz/` over the files of its corpus, and over mutations of them that are the same each time.
//!
//! So a crash that was found once, and is kept there made small, stays mended. With `DARKWAKE_SOAK=1` twenty times as
//! many mutations; `DARKWAKE_SEED=n` gives others.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use detect::dark::Judge;
use targets::{TARGETS, Target};

/// Mutations of a file, of a target that takes microseconds …
const MUTATIONS: u64 = 2_000;
/// … and of those that take longer: they run a whole feed, or write files.
const FEWER: [(&str, u64); 5] =
    [("archive", 400), ("log_segment", 200), ("port_file", 1_000), ("resume", 20), ("snapshot", 150)];
/// Mutations do not grow beyond this.
const MOST_BYTES: usize = 32 * 1024;

/// What length fields and texts are hit with.
const PIECES: [&[u8]; 18] = [
    b"\0",
    b"\x01",
    b"\x7f",
    b"\xff",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\x7f",
    b"\r\n",
    b"\"",
    b"\\",
    b"*",
    b",",
    b"[[",
    b"}",
    b"-9223372036854775808",
    b"1e-9223372036854775808",
    b"1e300",
    b"\xc3\xa9",
];

/// Numbers that only look like chance (G. Marsaglia, Xorshift RNGs, 2003).
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Bytes with up to four changes; parts of another file are put into them.
fn mutate(random: &mut Xorshift, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let from = random.below(bytes.len() + 1);
        let to = (from + 1 + random.below(16)).min(bytes.len()).max(from);
        match random.below(8) {
            0 if from < bytes.len() => bytes[from] = random.next() as u8,
            1 if from < bytes.len() => bytes[from] ^= 1 << random.below(8),
            2 => drop(bytes.drain(from..to)),
            3 => bytes.truncate(from),
            4 => {
                let part = bytes[from..to].to_vec();
                let at = random.below(bytes.len() + 1);
                bytes.splice(at..at, part);
            }
            5 => {
                let start = random.below(other.len() + 1);
                let end = (start + random.below(64)).min(other.len());
                bytes.splice(from..to, other[start..end].iter().copied());
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                let end = (from + random.below(piece.len() + 1)).min(bytes.len());
                bytes.splice(from..end, piece.iter().copied());
            }
        }
    }
    bytes.truncate(MOST_BYTES);
    bytes
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The files of a target's corpus by name, and what this version of the project writes of them.
fn seeds(target: &str) -> BTreeMap<String, Vec<u8>> {
    let corpus = folder("corpus").join(target);
    let entries = fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{}: {error}", corpus.display()));
    let mut seeds: BTreeMap<String, Vec<u8>> = entries
        .map(|entry| {
            let path = entry.expect("a file of the corpus").path();
            (path.display().to_string(), fs::read(&path).expect("a file of the corpus"))
        })
        .collect();
    if target == "snapshot" {
        for (name, feed) in self::seeds("resume") {
            for (number, state) in targets::snapshots(&feed).into_iter().enumerate() {
                seeds.insert(format!("state {number} of {name}"), state);
            }
        }
    }
    seeds
}

/// Gives bytes to a target; where it panics, says what they were.
fn give(target: Target, bytes: &[u8], what: &str) {
    if std::panic::catch_unwind(|| target(bytes)).is_err() {
        panic!("{what} (keep it, made small, in its corpus): b\"{}\"", bytes.escape_ascii());
    }
}

fn replay(name: &str, target: Target) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name}: no corpus");
    let times = if number("DARKWAKE_SOAK") == Some(1) { 20 } else { 1 };
    let fewer = FEWER.iter().find(|(slow, _)| *slow == name);
    let mutations = fewer.map_or(MUTATIONS, |(_, count)| *count) * times;
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15 ^ number("DARKWAKE_SEED").unwrap_or(1));
    let all: Vec<&Vec<u8>> = seeds.values().collect();
    for (file, seed) in &seeds {
        give(target, seed, file);
        for at in 0..mutations {
            let other = all[random.below(all.len())];
            give(target, &mutate(&mut random, seed, other), &format!("mutation {at} of {file}"));
        }
    }
}

#[test]
fn no_target_panics_on_its_corpus_nor_on_mutations_of_it() {
    std::thread::scope(|scope| {
        for (name, target) in TARGETS {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn_scoped(scope, move || replay(name, target))
                .expect("a thread");
        }
    });
}

#[test]
fn each_target_has_its_program_and_nothing_else_has() {
    let names = |folder: PathBuf| {
        let entries = fs::read_dir(folder).expect("a folder of fuzz/");
        let name = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry").path())).collect();
        names.sort();
        names
    };
    let targets: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(folder("fuzz_targets")), targets);
    assert_eq!(names(folder("corpus")), targets);
    let manifest = fs::read_to_string(folder("Cargo.toml")).expect("fuzz/Cargo.toml");
    for name in targets {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is no program");
    }
}

/// A judge keeps itself as it stood at the last report: bytes in which that one kept another, and so on, would be read
/// until the stack is full.
#[test]
fn a_judge_within_a_judge_keeps_no_other() {
    let one = postcard::to_allocvec(&Judge::new()).expect("a judge can be written");
    let (base, head) = one.split_last().expect("a judge is some bytes");
    assert_eq!(*base, 0, "its base comes last");
    let nested = |depth: usize| {
        let mut bytes = [head, &[1]].concat().repeat(depth);
        bytes.extend(&one);
        postcard::from_bytes::<Judge>(&bytes)
    };
    assert!(nested(0).is_ok() && nested(1).is_ok());
    assert!(nested(2).is_err() && nested(100_000).is_err());
}
