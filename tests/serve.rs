//! The server of the page: what it tells, whom, and what it refuses.

#[path = "program/feed.rs"]
#[expect(dead_code, reason = "others need more of it")]
mod feed;
#[path = "program/http.rs"]
mod http;
mod program;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Stdio};

use feed::{Revisions, Watched, after, replay, revisions};
use http::{Answer, Event, Events, get, port_of, post, token};
use program::darkwake;
use serde_json::Value;

/// The program, listening, with its standard input as the source.
struct Server {
    watched: Watched,
    feed: Option<ChildStdin>,
    port: u16,
}

fn input() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/withheld_and_berth/input.nmea")
}

/// A small feed with what comes after it, and what it must give.
fn small(folder: &Path) -> (Vec<String>, Revisions) {
    let lines = std::fs::read_to_string(input()).unwrap();
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    let lines = [lines.clone(), after(&lines)].concat();
    let expected = replay(folder, &lines);
    (lines, expected)
}

impl Server {
    fn start(folder: &Path, serve: &str) -> Server {
        let tokens = token("watch desk", "operator", "desk") + &token("wall", "viewer", "look");
        let config = format!(
            "[[live.sources]]\nname = \"in\"\ntype = \"stdin\"\n[[live.sinks]]\ntype = \"file\"\npath = \"out.jsonl\"\n\
             [serve]\nlisten = \"127.0.0.1:0\"\nstore = \"page.db\"\n{serve}\n{tokens}"
        );
        std::fs::write(folder.join("darkwake.toml"), config).unwrap();
        let mut command = darkwake(folder);
        command.args(["run", "--config", "darkwake.toml"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let feed = child.stdin.take();
        let port = port_of(&mut child);
        Server { watched: Watched::new(child), feed, port }
    }

    fn feed(&mut self, lines: &[String]) {
        let feed = self.feed.as_mut().unwrap();
        lines.iter().for_each(|line| writeln!(feed, "{line}").unwrap());
        feed.flush().unwrap();
    }

    fn get(&self, path: &str) -> Answer {
        get(self.port, path, "")
    }

    /// Bytes of memory that it has, where the system says.
    fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.watched.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb << 10)
    }

    fn kill(mut self) {
        self.watched.child.kill().unwrap();
        self.watched.child.wait().unwrap();
    }
}

/// The revisions of so many alerts of a stream, with the events.
fn told(events: &mut Events, count: usize) -> (Revisions, Vec<Event>) {
    let all: Vec<Event> = (0..count).map(|_| events.next_of(&["alert"])).collect();
    let alert = |event: &Event| serde_json::from_str::<Value>(&event.data).unwrap()["alert"].to_string();
    let alerts: Vec<String> = all.iter().map(alert).collect();
    (revisions(alerts.iter().map(String::as_str)), all)
}

fn keys(revisions: &Revisions) -> Vec<&(String, u64)> {
    revisions.keys().collect()
}

const DESK: &str = "Authorization: Bearer desk\r\n";

#[test]
fn the_page_is_told_what_the_sinks_are_and_who_comes_back_is_sent_what_he_missed() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let mut server = Server::start(folder.path(), "");
    let mut events = Events::open(server.port, "");
    server.feed(&lines);
    let (found, all) = told(&mut events, expected.len());
    assert_eq!(keys(&found), keys(&expected));
    for (id, _) in expected.keys() {
        let story = server.get(&format!("/api/v1/alerts/{id}")).json();
        let wanted: Vec<u64> =
            expected.keys().filter(|(of, _)| of == id).map(|(_, revision)| *revision).collect();
        let known = story["revisions"].as_array().unwrap();
        let known: Vec<u64> = known.iter().map(|told| told["alert"]["revision"].as_u64().unwrap()).collect();
        assert_eq!(known, wanted, "{id}");
    }
    // The line ends after the third.
    drop(events);
    let last = all[2].id.clone().unwrap();
    let mut events = Events::open(server.port, &format!("Last-Event-ID: {last}\r\n"));
    let (_, again) = told(&mut events, expected.len() - 3);
    let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&all[3..]));
    for unknown in ["ffffffff-3", "3", "nonsense"] {
        let mut events = Events::open(server.port, &format!("Last-Event-ID: {unknown}\r\n"));
        assert_eq!(events.next_of(&["reset", "alert"]).name, "reset", "{unknown}");
    }
    // What the map shows.
    let stats = server.get("/api/v1/stats").json();
    assert!(stats["vessels"].as_u64().unwrap() > 3 && stats["sources"][0]["state"] == "up", "{stats}");
    let vessels = server.get("/api/v1/vessels").json();
    let one = &vessels["vessels"][0];
    let track = server.get(&format!("/api/v1/vessels/{}/track", one["mmsi"])).json();
    let last =
        track["features"].as_array().unwrap().last().unwrap()["geometry"]["coordinates"].as_array().unwrap();
    assert_eq!(last.last().unwrap()[1], one["lat"]);
    let nobody_there = server.get("/api/v1/vessels?bbox=-60,-60,-59,-59").json();
    assert_eq!(nobody_there["vessels"].as_array().unwrap().len(), 0);
    assert!(server.get("/api/v1/ports").json()["features"].as_array().unwrap().len() > 100);
}

#[test]
fn an_acknowledgement_needs_a_token_that_may_and_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let mut server = Server::start(folder.path(), "");
    let mut events = Events::open(server.port, "");
    server.feed(&lines);
    told(&mut events, expected.len());
    let id = &expected.keys().next().unwrap().0;
    let path = format!("/api/v1/alerts/{id}/ack");
    let ack = |head: &str, body: &str| post(server.port, &path, head, body).status;
    assert_eq!(ack("", "{}"), 401, "nobody");
    assert_eq!(ack("Authorization: Bearer look\r\n", "{}"), 403, "a viewer");
    assert_eq!(ack("Authorization: Bearer wrong\r\n", "{}"), 401);
    assert_eq!(ack(DESK, "{\"note\": 7}"), 400);
    assert_eq!(ack(DESK, "{\"mote\": \"\"}"), 400);
    assert_eq!(ack(DESK, "{\"revision\": 99}"), 404);
    assert_eq!(ack(DESK, &format!("{{\"note\": \"{}\"}}", "x".repeat(2_001))), 400);
    assert_eq!(ack(DESK, &format!("{{\"note\": \"{}\"}}", "x".repeat(100_000))), 413);
    assert_eq!(post(server.port, "/api/v1/alerts/nothing/ack", DESK, "{}").status, 404);
    let answer = post(server.port, &path, DESK, "{\"note\": \"called the agent <b>\"}");
    assert_eq!((answer.status, &answer.json()["who"]), (200, &Value::from("watch desk")));
    let event = events.next_of(&["ack"]);
    assert!(event.data.contains(id.as_str()) && event.data.contains("called the agent"), "{event:?}");
    let listed = |server: &Server| server.get("/api/v1/alerts?acked=true").json()["alerts"].clone();
    let before = listed(&server);
    assert_eq!(before.as_array().unwrap().len(), 1);
    let all = server.get("/api/v1/alerts?limit=500").json();
    server.kill();
    let server = Server::start(folder.path(), "");
    assert_eq!(listed(&server), before);
    assert_eq!(server.get("/api/v1/alerts?limit=500").json(), all);
    let mut events = Events::open(server.port, &format!("Last-Event-ID: {}\r\n", event.id.unwrap()));
    post(server.port, &path, DESK, "{\"note\": \"again\"}");
    assert_eq!(events.next_of(&["ack", "alert", "reset"]).name, "ack", "its numbers go on");
}

#[test]
fn what_is_asked_wrongly_is_refused_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "requests_per_second = 100000");
    for (path, status) in [
        ("/api/v1/alerts?limit=0", 400),
        ("/api/v1/alerts?limit=501", 400),
        ("/api/v1/alerts?limit=x", 400),
        ("/api/v1/alerts?severity=loud", 400),
        ("/api/v1/alerts?kind=dark,nothing", 400),
        ("/api/v1/alerts?acked=maybe", 400),
        ("/api/v1/alerts?bbox=1,2,3", 400),
        ("/api/v1/alerts?since=yesterday", 400),
        ("/api/v1/alerts?cursor=1", 400),
        ("/api/v1/alerts?mmsi=-1", 400),
        ("/api/v1/alerts?mmsi=1000000000", 400),
        ("/api/v1/alerts?since=2023-10-01T00:00:00Z&bbox=170,-10,-170,10&q=%25%5F%27", 200),
        ("/api/v1/alerts/%00", 404),
        ("/api/v1/alerts/..%2f..%2fetc%2fpasswd", 404),
        ("/api/v1/vessels/1234567890", 400),
        ("/api/v1/vessels/123456789", 404),
        ("/api/v1/vessels/123456789/reach", 404),
        ("/api/v1/nothing", 404),
        ("/../../etc/passwd", 404),
        ("/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/..%5c..%5cdarkwake.toml", 404),
        ("/page.db", 404),
        ("/basemap.pmtiles", 404),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        if status >= 400 {
            assert!(answer.json()["error"].as_str().is_some_and(|why| !why.is_empty()), "{path}");
        }
    }
    assert_eq!(post(server.port, "/api/v1/alerts", DESK, "{}").status, 405);
    let form = http::raw(
        server.port,
        b"POST /api/v1/alerts/x/ack HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer desk\r\n\
          Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!(form.status, 400, "a form of another site cannot post");
    let split = server.get("/api/v1/alerts?q=a%0d%0aX-Injected:%20yes");
    assert!(split.status == 200 && split.header("x-injected").is_none(), "{split:?}");
    for path in ["/", "/api/v1/stats", "/api/v1/nothing"] {
        let answer = get(server.port, path, "Origin: https://example.org\r\n");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}: no other site may read it");
    }
}

#[test]
fn nobody_reads_without_a_token_where_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "anonymous = \"none\"");
    for path in ["/api/v1/alerts", "/api/v1/vessels", "/api/v1/stream", "/api/v1/stats", "/api/v1/ports"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("bearer")), "{path}");
    }
    assert_eq!(server.get("/api/v1/me").json()["role"], "none");
    assert_eq!(get(server.port, "/api/v1/alerts", "Authorization: Bearer look\r\n").status, 200);
    // Who starts and stops it needs no token, and the page asks for one.
    for path in ["/", "/healthz", "/metrics"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
}

#[test]
fn an_address_may_ask_so_often() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "requests_per_second = 2\nclients = 1");
    let answers: Vec<Answer> = (0..20).map(|_| server.get("/api/v1/me")).collect();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert!((8..=12).contains(&refused), "{refused}");
    assert!(answers.iter().any(|answer| answer.header("retry-after") == Some("1")));
    // How it is can be asked all the same.
    assert!((0..20).all(|_| server.get("/healthz").status == 200));
}

#[test]
fn there_are_no_more_streams_than_there_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "clients = 2\nrequests_per_second = 1000000");
    let first = Events::open(server.port, "");
    let _second = Events::open(server.port, "");
    assert_eq!(server.get("/api/v1/stream").status, 503);
    drop(first);
    // It is noticed with the next thing that is told, once anything has been.
    let (mut server, lines) = (server, std::fs::read_to_string(input()).unwrap());
    server.feed(&lines.lines().map(str::to_owned).collect::<Vec<_>>());
    while server.get("/api/v1/stats").json()["clients"] != 1 {
        std::thread::yield_now();
    }
    Events::open(server.port, "");
}

/// So many files may be open in this process as the system allows at most.
fn more_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

/// Clients at once.
const CROWD: usize = 1_000;

#[test]
fn a_thousand_clients_and_many_questions_harm_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, expected) = small(folder.path());
    let mut server = Server::start(folder.path(), "clients = 1024\nrequests_per_second = 1000000");
    more_files();
    let mut crowd: Vec<Events> = (0..CROWD).map(|_| Events::open(server.port, "")).collect();
    // One of them never reads again.
    let _asleep = crowd.pop();
    let port = server.port;
    let ask = move || {
        let paths =
            ["/api/v1/alerts", "/api/v1/vessels", "/api/v1/stats", "/api/v1/reception", "/api/v1/ports"];
        (0..200).all(|at| get(port, paths[at % paths.len()], "").status == 200)
    };
    let asking: Vec<_> = (0..4).map(|_| std::thread::spawn(ask)).collect();
    let memory_before = server.memory();
    server.feed(&lines);
    for events in &mut crowd {
        assert_eq!(keys(&told(events, expected.len()).0), keys(&expected));
    }
    for asking in asking {
        assert!(asking.join().unwrap(), "a question was not answered");
    }
    let told = std::fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    assert_eq!(keys(&revisions(told.lines())), keys(&expected));
    if let (Some(before), Some(after)) = (memory_before, server.memory()) {
        assert!(after < before + (64 << 20), "{before} bytes, then {after}");
    }
    assert_eq!(server.get("/api/v1/stats").json()["clients"], CROWD);
}

#[test]
fn with_a_certificate_it_is_asked_over_tls_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(path.join("server.pem"), made.cert.pem()).unwrap();
    std::fs::write(path.join("server.key"), made.signing_key.serialize_pem()).unwrap();
    let server = Server::start(path, "certificate = \"server.pem\"\nkey = \"server.key\"");
    let root = ureq::tls::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let roots = ureq::tls::RootCerts::new_with_certs(&[root]);
    let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
    let agent: ureq::Agent = ureq::Agent::config_builder().tls_config(tls).build().into();
    let url = format!("https://localhost:{}/api/v1/me", server.port);
    let said = agent.get(&url).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(said.contains("\"viewer\""), "{said}");
    let distrusting: ureq::Agent = ureq::Agent::new_with_defaults();
    assert!(distrusting.get(&url).call().is_err(), "nobody knows who signed it");
    let health = |url: &str| darkwake(path).args(["health", url]).output().unwrap().status.code();
    assert_eq!(health(&format!("http://127.0.0.1:{}/healthz", server.port)), Some(1), "not without TLS");
}

#[test]
fn a_basemap_is_given_in_parts_and_health_is_asked_with_the_program_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("map.pmtiles"), (0..=255).cycle().take(9_000).collect::<Vec<u8>>())
        .unwrap();
    let server = Server::start(folder.path(), "basemap = \"map.pmtiles\"");
    let part = get(server.port, "/basemap.pmtiles", "Range: bytes=8990-99999\r\n");
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 8990-8999/9000")));
    assert_eq!(server.get("/basemap.pmtiles").status, 416, "not all at once");
    let health = |path: &str| {
        let url = format!("http://127.0.0.1:{}{path}", server.port);
        darkwake(folder.path()).args(["health", &url]).output().unwrap().status.code()
    };
    assert_eq!((health("/healthz"), health("/nothing")), (Some(0), Some(1)));
}

#[test]
fn a_ship_that_was_dark_when_detection_ended_is_not_dark_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, _) = small(folder.path());
    let mut server = Server::start(folder.path(), "");
    let mut events = Events::open(server.port, "");
    server.feed(&lines);
    // The first that is told of a dark period is that it is open.
    let opened = loop {
        let event = events.next_of(&["alert"]);
        let item: Value = serde_json::from_str(&event.data).unwrap();
        if item["alert"]["kind"] == "dark" {
            break item["alert"].clone();
        }
    };
    assert_eq!(opened["status"], "open");
    server.kill();
    let server = Server::start(folder.path(), "");
    let stats = server.get("/api/v1/stats").json();
    assert_eq!(stats["alerts"]["open"], 0, "nobody will end it: {stats}");
    let path = format!("/api/v1/vessels/{}", opened["vessel"]["mmsi"]);
    let state = server.get(&path).json()["last"]["state"].clone();
    assert!(state == "normal" || state == "silent", "{state}");
}

#[test]
fn another_site_whose_name_leads_here_reads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "");
    let request = "GET /api/v1/alerts HTTP/1.1\r\nHost: evil.example.org\r\nConnection: close\r\n\r\n";
    assert_eq!(http::raw(server.port, request.as_bytes()).status, 421);
}

#[test]
fn who_connects_and_says_nothing_is_sent_away() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "");
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let mut rest = Vec::new();
    // It ends by itself; a test that waits for ever has failed.
    std::io::Read::read_to_end(&mut stream, &mut rest).unwrap();
}
