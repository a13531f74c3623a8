//! What is asked of the page's server, over HTTP as it is on the wire.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;

use serde_json::Value;

/// Waits until a program says where its page is; its port. What it says after that is read and dropped, or it would wait.
pub fn port_of(child: &mut Child) -> u16 {
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    let mut all = String::new();
    let port = loop {
        let mut line = String::new();
        assert!(talk.read_line(&mut line).unwrap() > 0, "it never listened, but: {all}");
        if let Some((_, address)) = line.split_once("the page is at ") {
            break address.trim().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        }
        all += &line;
    };
    std::thread::spawn(move || talk.lines().for_each(drop));
    port
}

/// What the configuration has for a token.
pub fn token(name: &str, role: &str, token: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash: String = Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("[[serve.tokens]]\nname = \"{name}\"\nrole = \"{role}\"\nsha256 = \"{hash}\"\n")
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Lines of the head, in lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Sends these bytes and reads all of what comes back.
pub fn raw(port: u16, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Who is refused early may not take all of it.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer but {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    Answer { status, head: head.to_lowercase().replace("\r\n", "\n"), body: body.to_owned() }
}

/// Asks for a path, with more lines in the head.
pub fn get(port: u16, path: &str, head: &str) -> Answer {
    raw(port, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n").as_bytes())
}

/// Posts JSON, with more lines in the head.
pub fn post(port: u16, path: &str, head: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{head}\r\n{body}"
    );
    raw(port, request.as_bytes())
}

/// An event of the stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: Option<String>,
    pub data: String,
}

/// The stream of events.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// Listens, with more lines in the head.
    pub fn open(port: u16, head: &str) -> Events {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // HTTP/1.0 has no chunks.
        write!(stream, "GET /api/v1/stream HTTP/1.0\r\nHost: localhost\r\n{head}\r\n").unwrap();
        let mut events = Events(BufReader::new(stream));
        let first = events.line();
        assert!(first.contains(" 200 "), "{first}");
        while !events.line().is_empty() {}
        events
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream has ended");
        line.trim_end().to_owned()
    }

    /// The next event.
    pub fn next(&mut self) -> Event {
        let mut event = Event::default();
        loop {
            let line = self.line();
            match line.split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("id", id)) => event.id = Some(id.to_owned()),
                Some(("data", data)) => data.clone_into(&mut event.data),
                Some(_) => {}
                None if event.name.is_empty() => {}
                None => return event,
            }
        }
    }

    /// The next event of these names.
    pub fn next_of(&mut self, names: &[&str]) -> Event {
        loop {
            let event = self.next();
            if names.contains(&event.name.as_str()) {
                return event;
            }
        }
    }
}
