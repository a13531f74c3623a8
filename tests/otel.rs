//! Traces as a collector of OpenTelemetry is sent them: `cargo test --features otel --test otel`.
#![cfg(feature = "otel")]

mod program;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use program::darkwake;

/// What is asked of a collector that takes everything: the line, the kind and the body of each request.
fn collector() -> (String, Receiver<(String, String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
                    break;
                }
                head.push(line.trim().to_ascii_lowercase());
            }
            let value = |name: &str| {
                let found = head.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                found.unwrap_or_default().to_owned()
            };
            let mut body = vec![0; value("content-length").parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            let told = (head[0].clone(), value("content-type"), body);
            stream
                .get_mut()
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .unwrap();
            if sender.send(told).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

fn replay(folder: &Path) -> Command {
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/withheld_and_berth/input.nmea");
    let mut command = darkwake(folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command.arg("replay").arg(input).args(["--out", "alerts.jsonl"]);
    command
}

#[test]
fn spans_are_sent_with_the_name_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let (address, asked) = collector();
    let done = replay(folder.path())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &address)
        .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=desk")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let (line, kind, body) = asked.recv().unwrap();
    assert_eq!((line.as_str(), kind.as_str()), ("post /v1/traces http/1.1", "application/x-protobuf"));
    let holds = |text: &str| body.windows(text.len()).any(|some| some == text.as_bytes());
    for text in ["service.name", "darkwake", "desk", "replay.read", "replay.write", "alerts"] {
        assert!(holds(text), "{text}: {}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn nothing_is_lost_where_nobody_listens_and_nothing_is_sent_where_nobody_asks() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let done = replay(folder.path()).env("OTEL_EXPORTER_OTLP_ENDPOINT", address).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let alone = std::fs::read(folder.path().join("alerts.jsonl")).unwrap();
    assert!(replay(folder.path()).output().unwrap().status.success());
    assert!(!alone.is_empty() && std::fs::read(folder.path().join("alerts.jsonl")).unwrap() == alone);
}
