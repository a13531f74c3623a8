//! An interrupt ends the input where it is: what is written is what the lines read so far give.
#![cfg(unix)]

mod program;

use program::darkwake;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn lines_of(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn what_was_decided_up_to_an_interrupt_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let made =
        darkwake(folder.path()).args(["generate", "rajin", "--seed", "1", "--out", "feed.nmea"]).output();
    assert!(made.unwrap().status.success());
    let feed = std::fs::read(path("feed.nmea")).unwrap();

    let outputs = |name: &str| {
        ["--facts", "--stats", "--out"].map(|flag| (flag, format!("{name}{}.jsonl", &flag[1..])))
    };
    let replay = |name: &str| {
        let files = outputs(name);
        let mut command = darkwake(folder.path());
        command.args(["replay", "-"]);
        files.iter().for_each(|(flag, file)| {
            command.arg(flag).arg(file);
        });
        command
    };
    let mut cut = replay("cut").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = cut.stdin.take().unwrap();
    // A pipe holds far less than this, so half of it is read by now but for what the pipe holds.
    input.write_all(&feed[..feed.len() / 2]).unwrap();
    let signalled = Command::new("kill").args(["-INT", &cut.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    // It reads no more; the pipe breaks when it has ended.
    let rest = feed[feed.len() / 2..].chunks(1 << 12).try_for_each(|some| input.write_all(some));
    assert!(rest.is_err(), "the program read on to the end");
    let done = cut.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130), "{}", String::from_utf8_lossy(&done.stderr));

    let stats: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path("cut-stats.jsonl")).unwrap()).unwrap();
    let read = stats["lines"].as_u64().unwrap() as usize;
    let all: Vec<&[u8]> = feed.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(all.len() / 4 < read && read < all.len(), "{read} of {} lines", all.len());
    std::fs::write(path("head.nmea"), all[..read].concat()).unwrap();
    let head = std::fs::File::open(path("head.nmea")).unwrap();
    assert!(replay("head").stdin(head).output().unwrap().status.success());
    let same = |name: &str| {
        let cut = lines_of(&path(&format!("cut-{name}.jsonl")));
        let head = lines_of(&path(&format!("head-{name}.jsonl")));
        assert!(!cut.is_empty(), "no {name}");
        let differs = cut.iter().zip(&head).position(|(cut, head)| cut != head);
        assert_eq!((differs, cut.len()), (None, head.len()), "{name}");
    };
    same("facts");
    same("out");
}
