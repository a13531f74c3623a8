//! `darkwake run` on sockets.

#[path = "program/feed.rs"]
mod feed;
mod program;
#[path = "program/said.rs"]
mod said;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{ChildStderr, ChildStdout, Stdio};

use feed::{Revisions, Watched, after, difference, replay, revisions};
use program::darkwake;
use said::{connect, free_port};

/// A small feed, what comes after it, and what it must give.
fn small(folder: &Path) -> (Vec<String>, Revisions) {
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/withheld_and_berth/input.nmea");
    let lines = std::fs::read_to_string(input).unwrap();
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    let lines = [lines.clone(), after(&lines)].concat();
    let expected = replay(folder, &lines);
    assert!(expected.len() >= 5, "{}", expected.len());
    (lines, expected)
}

struct Run {
    watched: Watched,
    alerts: BufReader<ChildStdout>,
    talk: BufReader<ChildStderr>,
}

impl Run {
    fn start(folder: &Path, config: &str) -> Run {
        std::fs::write(folder.join("darkwake.toml"), config).unwrap();
        let mut command = darkwake(folder);
        command.args(["run", "--config", "darkwake.toml"]);
        Run::of(command)
    }

    fn of(mut command: std::process::Command) -> Run {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let alerts = BufReader::new(child.stdout.take().unwrap());
        let talk = BufReader::new(child.stderr.take().unwrap());
        Run { watched: Watched::new(child), alerts, talk }
    }

    /// Reads what it says until a line holds a text; gives that line.
    fn wait_for(&mut self, text: &str) -> String {
        said::wait_for(&mut self.talk, text)
    }

    /// The next alert.
    fn next_alert(&mut self) -> String {
        let mut line = String::new();
        assert!(self.alerts.read_line(&mut line).unwrap() > 0, "it has ended");
        line
    }

    /// Waits until somebody listens.
    fn wait_for_port(&self, port: u16) {
        drop(connect(port));
    }

    /// Reads so many alerts, then ends it as an operator does; what it told, and what it said last.
    fn end(self, count: usize) -> (Revisions, String) {
        let Run { watched, mut alerts, talk } = self;
        let mut told = Vec::new();
        while told.len() < count {
            let mut line = String::new();
            let length = alerts.read_line(&mut line).unwrap();
            assert!(
                length > 0,
                "it has ended after {} alerts: {:?}",
                told.len(),
                talk.lines().collect::<Vec<_>>()
            );
            told.push(line);
        }
        let code = watched.interrupt();
        told.extend(alerts.lines().map(Result::unwrap));
        let talk: Vec<String> = talk.lines().map(Result::unwrap).collect();
        assert_eq!(code, Some(130), "{talk:?}");
        (revisions(told.iter().map(String::as_str)), talk.join("\n"))
    }
}

fn bytes(lines: &[String]) -> Vec<u8> {
    (lines.join("\r\n") + "\r\n").into_bytes()
}

/// Whether the system holds datagrams for a port that were not taken yet; where it does not tell, it does not.
fn is_waiting(port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let is_local = |line: &&str| {
        line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&format!(":{port:04X}")))
    };
    let of_port = table.lines().find(is_local);
    let queues = of_port.and_then(|line| line.split_whitespace().nth(4));
    queues.and_then(|queues| queues.split(':').nth(1)).is_some_and(|waiting| waiting != "00000000")
}

#[test]
fn a_server_that_goes_away_is_connected_to_again() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let config = format!("[[live.sources]]\nname = \"a\"\ntype = \"tcp\"\naddress = \"{address}\"\n");
    let run = Run::start(folder.path(), &config);
    for part in lines.chunks(lines.len().div_ceil(3)) {
        let (mut stream, _) = server.accept().unwrap();
        stream.write_all(&bytes(part)).unwrap();
    }
    let (found, _) = run.end(expected.len());
    assert_eq!(difference(&expected, &found), None);
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_recorded_run_replays_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (lines, _) = small(path);
    let port = free_port();
    let config = format!(
        "[[live.sources]]\nname = \"a\"\ntype = \"tcp-listen\"\naddress = \"127.0.0.1:{port}\"\n\
         [[live.sinks]]\ntype = \"file\"\npath = \"live.jsonl\"\n[[live.sinks]]\ntype = \"stdout\"\n"
    );
    std::fs::write(path.join("darkwake.toml"), &config).unwrap();
    let mut command = darkwake(path);
    command.args(["run", "--config", "darkwake.toml", "--record", "log"]).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut alerts = BufReader::new(child.stdout.take().unwrap());
    let watched = Watched::new(child);
    connect(port).write_all(&bytes(&lines)).unwrap();
    // One alert is enough to know that it is at work; it is ended in the middle of it.
    alerts.read_line(&mut String::new()).unwrap();
    assert_eq!(watched.interrupt(), Some(130));
    let live = std::fs::read(path.join("live.jsonl")).unwrap();
    assert!(!live.is_empty());
    for shards in ["1", "3"] {
        let arguments =
            ["replay", "log", "--config", "darkwake.toml", "--shards", shards, "--out", "again.jsonl"];
        let done = darkwake(path).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(std::fs::read(path.join("again.jsonl")).unwrap() == live, "with {shards} shards");
    }
}

#[test]
fn who_sends_garbage_half_lines_or_endless_ones_harms_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let [good, bad] = [free_port(), free_port()];
    let source = |name: &str, port: u16| {
        format!(
            "[[live.sources]]\nname = \"{name}\"\ntype = \"tcp-listen\"\naddress = \"127.0.0.1:{port}\"\n"
        )
    };
    let mut run = Run::start(folder.path(), &(source("good", good) + &source("bad", bad)));
    for n in 0..20 {
        let mut stream = connect(bad);
        let sent: &[u8] = match n % 4 {
            0 => &[b'x'; 1 << 20],
            1 => b"!AIVDM,2,1,3,A,55NPKD02<t<LuHs;O;>1@E=B1",
            2 => b"\x00\xff\x80\n\n\r\n!AIVDM,1,1,,A,\xff\xfe,0*00\n",
            _ => b"{\"mmsi\":1}\n$GPRMC,nonsense*00\n",
        };
        stream.write_all(sent).unwrap();
    }
    let mut stream = connect(good);
    stream.write_all(&bytes(&lines)).unwrap();
    run.wait_for("source good");
    let (found, talk) = run.end(expected.len());
    assert_eq!(difference(&expected, &found), None);
    assert_eq!(found.len(), expected.len());
    assert!(talk.contains(" rejected"), "{talk}");
}

/// What is served at an address.
fn get(port: u16, path: &str) -> String {
    let mut stream = connect(port);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of a metric.
fn metric(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).trim().parse().unwrap()
}

#[test]
fn who_floods_stalls_or_connects_again_and_again_harms_nobody_else_and_metrics_show_it() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let [good, flood, stall, http] = [free_port(), free_port(), free_port(), free_port()];
    let source = |name: &str, port: u16, more: &str| {
        format!(
            "[[live.sources]]\nname = \"{name}\"\ntype = \"tcp-listen\"\naddress = \"127.0.0.1:{port}\"\n{more}"
        )
    };
    let config = source("good", good, "")
        + &source("flood", flood, "max_bytes_per_second = 200000\n")
        + &source("stall", stall, "")
        + &format!("[serve]\nlisten = \"127.0.0.1:{http}\"\n");
    let mut run = Run::start(folder.path(), &config);
    run.wait_for_port(http);
    // It says a part of a line, and nothing more.
    let mut stalled = connect(stall);
    stalled.write_all(b"!AIVDM,1,1,,A,1").unwrap();
    let flooding = std::thread::spawn(move || {
        let block = b"!AIVDM,1,1,,A,15@SD2A000aKAfrHaftJ?rH21hi:,0*06\n".repeat(10_000);
        let mut sent = 0;
        let mut stream = connect(flood);
        // Until the program ends.
        while let Ok(some) = stream.write(&block) {
            sent += some;
        }
        sent
    });
    for part in lines.chunks(lines.len().div_ceil(20)) {
        connect(good).write_all(&bytes(part)).unwrap();
        connect(stall).write_all(b"nonsense\n").unwrap();
        // Its connection is over before the next begins.
        run.wait_for("source good: 127.0.0.1");
        while !run.wait_for("source good: 127.0.0.1").contains("has closed") {}
    }
    let mut told = Vec::new();
    while told.len() < expected.len() {
        told.push(run.next_alert());
    }
    let metrics = get(http, "/metrics");
    assert!(get(http, "/healthz").contains("200 OK") && get(http, "/readyz").contains("200 OK"));
    assert_eq!(metric(&metrics, "darkwake_source_connections{source=\"flood\"}"), 1.0);
    assert!(metric(&metrics, "darkwake_source_connections{source=\"stall\"}") >= 1.0);
    assert!(metric(&metrics, "darkwake_source_troubles_total{source=\"good\"}") >= 20.0);
    let flooded = metric(&metrics, "darkwake_source_bytes_total{source=\"flood\"}");
    assert!(flooded > 200_000.0 && flooded < 200_000.0 * 60.0, "{flooded}");
    assert!(metric(&metrics, "darkwake_rejected_lines_total{reason=\"checksum\"}") > 1_000.0);
    assert!(metric(&metrics, "darkwake_lines_total{fate=\"accepted\"}") > 100.0);
    let found = revisions(told.iter().map(String::as_str));
    assert_eq!(difference(&expected, &found), None);
    assert_eq!(run.watched.interrupt(), Some(130));
    assert!(flooding.join().unwrap() > 200_000);
}

#[test]
fn datagrams_carry_lines_plain_or_as_iec_61162_450_says() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let other = free_port();
    let config = format!(
        "[[live.sources]]\nname = \"u\"\ntype = \"udp\"\naddress = \"127.0.0.1:{port}\"\n\
                 [[live.sources]]\nname = \"t\"\ntype = \"tcp-listen\"\naddress = \"127.0.0.1:{other}\"\n"
    );
    let run = Run::start(folder.path(), &config);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(("127.0.0.1", port)).unwrap();
    // All sockets are bound before any is served.
    drop(connect(other));
    for (at, some) in lines.chunks(20).enumerate() {
        let header: &[u8] = if at % 2 == 0 { b"UdPbC\0" } else { b"" };
        socket.send(&[header, &bytes(some)].concat()).unwrap();
        // The system drops what nobody has room for.
        while is_waiting(port) {
            std::thread::yield_now();
        }
    }
    let (found, _) = run.end(expected.len());
    assert_eq!(difference(&expected, &found), None);
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_file_that_grows_is_followed_into_the_one_that_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let path = folder.path().join("ais.nmea");
    std::fs::write(&path, bytes(&lines)).unwrap();
    let config = "[[live.sources]]\nname = \"f\"\ntype = \"tail\"\npath = \"ais.nmea\"\n";
    let mut run = Run::start(folder.path(), config);
    // What was there before is not read.
    run.wait_for("is there");
    let (first, rest) = lines.split_at(lines.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let first = bytes(first);
    let (part, other) = first.split_at(first.len() / 2);
    file.write_all(part).unwrap();
    file.write_all(other).unwrap();
    // Another takes its place.
    std::fs::rename(&path, folder.path().join("ais.nmea.1")).unwrap();
    file.write_all(&bytes(second)).unwrap();
    std::fs::write(&path, bytes(third)).unwrap();
    run.wait_for("is another file now");
    let (found, _) = run.end(expected.len());
    assert_eq!(difference(&expected, &found), None);
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_websocket_server_is_told_what_is_wanted_and_connected_to_again() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let config = format!(
        "[[live.sources]]\nname = \"w\"\ntype = \"websocket\"\nurl = \"ws://{address}/v0/stream\"\n\
         subscribe = '{{\"APIKey\":\"${{A_KEY}}\"}}'\n"
    );
    std::fs::write(folder.path().join("darkwake.toml"), &config).unwrap();
    let mut command = darkwake(folder.path());
    command.args(["run", "--config", "darkwake.toml"]).env("A_KEY", "secret");
    let run = Run::of(command);
    for part in lines.chunks(lines.len().div_ceil(2)) {
        let (stream, _) = server.accept().unwrap();
        let mut socket = tungstenite::accept(stream).unwrap();
        assert_eq!(socket.read().unwrap().into_text().unwrap().as_str(), "{\"APIKey\":\"secret\"}");
        for line in part {
            socket.send(tungstenite::Message::text(line.clone())).unwrap();
        }
        socket.close(None).unwrap();
        while socket.read().is_ok() {}
    }
    let (found, _) = run.end(expected.len());
    assert_eq!(difference(&expected, &found), None);
    assert_eq!(found.len(), expected.len());
}

/// A real MQTT broker for as long as a test runs.
struct Mosquitto(std::process::Child, u16);

impl Mosquitto {
    fn start(folder: &Path) -> Mosquitto {
        let port = free_port();
        std::fs::write(
            folder.join("mosquitto.conf"),
            format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"),
        )
        .unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = std::process::Command::new("mosquitto");
        // Debian has it where only root looks.
        command.env("PATH", format!("{path}:/usr/sbin")).arg("-c").arg(folder.join("mosquitto.conf"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.expect("mosquitto can be started; `cargo xtask test` installs it");
        drop(connect(port));
        Mosquitto(child, port)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It has ended already, most of the time.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn messages_of_an_mqtt_broker_are_lines_or_objects() {
    use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let broker = Mosquitto::start(folder.path());
    let source = |name: &str, topic: &str, format: &str| {
        format!(
            "[[live.sources]]\nname = \"{name}\"\ntype = \"mqtt\"\nurl = \"mqtt://127.0.0.1:{}\"\n\
             topic = \"{topic}\"\nformat = \"{format}\"\n",
            broker.1
        )
    };
    let config = source("lines", "ais/#", "nmea") + &source("objects", "vessels-v2/#", "json");
    let mut run = Run::start(folder.path(), &config);
    for _ in 0..2 {
        run.wait_for("is there");
    }
    let mut options = MqttOptions::new("test", "127.0.0.1", broker.1);
    options.set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut connection) = Client::new(options, 10_000);
    // When it hears itself, others do: subscriptions are served in their order.
    client.subscribe("ais/last", QoS::AtLeastOnce).unwrap();
    // As Digitraffic sends them: the ship is named by the topic only.
    let object = "{\"time\":1696168590,\"sog\":10.7,\"cog\":326.6,\"navStat\":0,\"rot\":0,\"posAcc\":true,\"raim\":false,\
                  \"heading\":325,\"lon\":133.1,\"lat\":42.5}";
    client.publish("vessels-v2/273000999/location", QoS::AtLeastOnce, false, object).unwrap();
    for some in lines.chunks(50) {
        client.publish("ais/a", QoS::AtLeastOnce, false, some.join("\n")).unwrap();
    }
    client.publish("ais/last", QoS::AtLeastOnce, false, "").unwrap();
    let is_last = |event: &Event| matches!(event, Event::Incoming(Packet::Publish(_)));
    assert!(connection.iter().any(|event| is_last(&event.unwrap())));
    let (found, talk) = run.end(expected.len());
    assert_eq!(difference(&expected, &found), None);
    assert_eq!(found.len(), expected.len());
    assert!(!talk.contains("panicked"), "{talk}");
}

#[test]
fn sources_that_can_never_work_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (config, code, told) in [
        (String::new(), 2, "names no sources"),
        ("[[live.sources]]\nname = \"a\"\ntype = \"tcp\"\n".to_owned(), 2, "this type needs address"),
        (
            "[[live.sources]]\nname = \"a\"\ntype = \"stdin\"\ntopic = \"x\"\n".to_owned(),
            2,
            "this type has no topic",
        ),
        (
            format!("[[live.sources]]\nname = \"a\"\ntype = \"tcp-listen\"\naddress = \"{address}\"\n"),
            1,
            "cannot be listened on",
        ),
    ] {
        std::fs::write(folder.path().join("darkwake.toml"), &config).unwrap();
        let done = darkwake(folder.path()).args(["run", "--config", "darkwake.toml"]).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{config}: {stderr}");
        assert!(stderr.contains(told), "{config}: {stderr}");
    }
}
