//! A webhook: each alert is posted, in order, on a thread of its own, so that a slow or dead address holds nobody up.
//!
//! The body is the alert. `X-Darkwake-Signature` is `sha256=` and the HMAC, in hexadecimal, of the timestamp, a dot and the
//! body; `X-Darkwake-Timestamp` is in seconds since the epoch. Whoever takes it answers with a status of 200 to 299.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, channel, sync_channel,
};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Line;

/// Alerts that may wait; those beyond are dead letters at once.
pub const WAITING: usize = 4_096;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// The first wait before a post is tried again; it doubles …
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// … up to this …
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// … so many times in all.
const ATTEMPTS: u32 = 8;
/// When the program ends, what waits may still take so long.
const LAST: Duration = Duration::from_secs(3);

/// A webhook at work.
pub struct Webhook {
    /// The address.
    pub url: String,
    queue: SyncSender<Line>,
    dead: Dead,
    done: Arc<AtomicU64>,
    /// What waits is given again later.
    is_left: Arc<AtomicBool>,
    /// Dropped when there is no time left.
    stop: std::sync::mpsc::Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

/// The file of those that nobody took, and how many there are.
struct Dead(File, Arc<AtomicU64>);

impl Dead {
    fn add(&mut self, line: &Line) -> io::Result<()> {
        // In one piece: two of us write to it.
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.write_all(format!("{}\n", line.json).as_bytes())
    }
}

impl Webhook {
    /// Opens it.
    pub fn open(url: &str, secret: Option<String>, dead_letters: &Path) -> io::Result<Webhook> {
        let dead = Arc::<AtomicU64>::default();
        let open = || {
            let file = OpenOptions::new().create(true).append(true).open(dead_letters)?;
            io::Result::Ok(Dead(file, Arc::clone(&dead)))
        };
        let (queue, waiting) = sync_channel(WAITING);
        let (stop, stopped) = channel();
        let (done, is_left) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let agent =
            ureq::Agent::config_builder().timeout_global(Some(ANSWER)).http_status_as_error(false).build();
        let poster = Poster {
            url: url.to_owned(),
            secret,
            agent: agent.into(),
            dead: open()?,
            done: Arc::clone(&done),
            is_left: Arc::clone(&is_left),
            stopped,
        };
        let thread = std::thread::spawn(move || poster.run(&waiting));
        Ok(Webhook { url: url.to_owned(), queue, dead: open()?, done, is_left, stop, thread })
    }

    /// Takes an alert.
    pub fn send(&mut self, line: &Line) -> io::Result<()> {
        match self.queue.try_send(line.clone()) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(line) | TrySendError::Disconnected(line)) => {
                tracing::warn!("webhook {}: too many wait; {} is a dead letter", self.url, line.id);
                self.dead.add(&line)?;
                self.done.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// How many it is done with.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How many nobody took.
    pub fn dead(&self) -> u64 {
        self.dead.1.load(Ordering::Relaxed)
    }

    /// Fails if it has ended.
    pub fn failed(&self) -> io::Result<()> {
        if self.thread.is_finished() {
            Err(io::Error::other("its dead letters cannot be written"))
        } else {
            Ok(())
        }
    }

    /// Ends it; how many it is done with.
    pub fn close(self, is_given_again: bool) -> io::Result<u64> {
        let Webhook { queue, thread, stop, is_left, done, .. } = self;
        is_left.store(is_given_again, Ordering::Relaxed);
        drop(queue);
        let began = std::time::Instant::now();
        while !thread.is_finished() && began.elapsed() < LAST {
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(stop);
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(done.load(Ordering::Relaxed))
    }
}

struct Poster {
    url: String,
    secret: Option<String>,
    agent: ureq::Agent,
    dead: Dead,
    done: Arc<AtomicU64>,
    is_left: Arc<AtomicBool>,
    stopped: Receiver<()>,
}

impl Poster {
    fn run(mut self, waiting: &Receiver<Line>) -> io::Result<()> {
        while let Ok(line) = waiting.recv() {
            let is_stopped = self.stopped.try_recv() == Err(TryRecvError::Disconnected);
            let delivered =
                if is_stopped { Err("there was no time".to_owned()) } else { self.deliver(&line) };
            if let Err(why) = delivered {
                if self.is_left.load(Ordering::Relaxed) {
                    return Ok(());
                }
                tracing::warn!("webhook {}: {why}; {} is a dead letter", self.url, line.id);
                self.dead.add(&line)?;
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Posts an alert until it is taken; why it never was.
    fn deliver(&self, line: &Line) -> Result<(), String> {
        let mut wait = FIRST_WAIT;
        let mut why = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                if self.stopped.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
                    return Err(format!("{why}; there was no time to try again"));
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            match self.post(line) {
                Ok(200..=299) => return Ok(()),
                // Later it may be taken.
                Ok(status @ (408 | 425 | 429 | 500..=599)) => why = format!("status {status}"),
                Ok(status) => return Err(format!("status {status}")),
                Err(error) => why = error.to_string(),
            }
        }
        Err(format!("{why}, {ATTEMPTS} times"))
    }

    fn post(&self, line: &Line) -> Result<u16, ureq::Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("X-Darkwake-Id", &line.id)
            .header("X-Darkwake-Revision", line.revision.to_string())
            .header("X-Darkwake-Timestamp", &now);
        if let Some(secret) = &self.secret {
            request = request.header("X-Darkwake-Signature", signature(secret, &now, &line.json));
        }
        Ok(request.send(&line.json)?.status().as_u16())
    }
}

/// What proves that a post is from who knows the secret, and not an old one.
fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    // Any length is a key.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    for part in [timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    let bytes = mac.finalize().into_bytes();
    bytes.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::net::TcpListener;

    use super::*;

    fn line(n: u64) -> Line {
        let json = format!("{{\"n\":{n}}}");
        let (id, text) = (format!("{n:016x}"), || String::new());
        Line { id, revision: 0, kind: text(), severity: text(), mmsi: None, json }
    }

    /// Answers one post after the other with these statuses; what was posted, and its signature.
    fn server(statuses: &'static [u16]) -> (String, JoinHandle<Vec<(String, String)>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/alerts", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let answer = |status: &u16| {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let (mut length, mut head) = (0, Vec::new());
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let line = line.trim().to_ascii_lowercase();
                    if line.is_empty() {
                        break;
                    }
                    if let Some(value) = line.strip_prefix("content-length: ") {
                        length = value.parse().unwrap();
                    }
                    head.push(line);
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let mut stream = reader.into_inner();
                write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .unwrap();
                let of = |name: &str| {
                    head.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
                };
                let body = String::from_utf8(body).unwrap();
                let expected = signature("secret", &of("x-darkwake-timestamp: "), &body);
                assert_eq!(of("x-darkwake-signature: "), expected);
                (of("x-darkwake-id: "), body)
            };
            statuses.iter().map(answer).collect()
        });
        (url, thread)
    }

    #[test]
    fn posts_are_signed_tried_again_and_at_last_dead_letters() {
        let folder = tempfile::tempdir().unwrap();
        let dead = folder.path().join("dead.jsonl");
        let (url, server) = server(&[200, 503, 200, 400, 204]);
        let mut webhook = Webhook::open(&url, Some("secret".to_owned()), &dead).unwrap();
        (0..4).for_each(|n| webhook.send(&line(n)).unwrap());
        let posted: Vec<String> = server.join().unwrap().into_iter().map(|(_, body)| body).collect();
        assert_eq!(posted, [0, 1, 1, 2, 3].map(|n| line(n).json));
        webhook.close(false).unwrap();
        assert_eq!(std::fs::read_to_string(&dead).unwrap(), format!("{}\n", line(2).json));
    }

    #[test]
    fn when_there_is_no_time_left_what_waits_is_a_dead_letter_or_given_again() {
        for is_given_again in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let dead = folder.path().join("dead.jsonl");
            // Nobody listens there any more.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut webhook = Webhook::open(&format!("http://127.0.0.1:{port}/"), None, &dead).unwrap();
            (0..2).for_each(|n| webhook.send(&line(n)).unwrap());
            let done = webhook.close(is_given_again).unwrap();
            assert_eq!(done, if is_given_again { 0 } else { 2 });
            let expected = if is_given_again { String::new() } else { "{\"n\":0}\n{\"n\":1}\n".to_owned() };
            assert_eq!(std::fs::read_to_string(&dead).unwrap(), expected);
        }
    }

    #[test]
    fn the_signature_is_what_others_compute() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
        let expected = "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae";
        assert_eq!(signature("key", "1700000000", "{}"), expected);
    }
}
