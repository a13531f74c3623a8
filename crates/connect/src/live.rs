//! Live sources: sockets, standard input, Kafka. Each hands lines over as they arrive, with the time of their arrival;
//! what they mean is decided by who takes them.
//!
//! All go into one bounded channel. A source whose lines are not taken waits, and so does who sends to it; a UDP
//! socket cannot, and counts what it drops.

mod kafka;
mod network;
mod play;
pub mod splitter;
mod subscription;
mod tail;
mod waits;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::EventTime;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

pub use kafka::{Again, AgainError, Record};
pub use network::datagram;
pub use subscription::wrapped;
use waits::Waits;

use crate::kafka::Properties;

/// Batches that may wait to be taken.
const WAITING: usize = 256;
/// How often it is told that time passes.
const BEAT: Duration = Duration::from_millis(100);

/// Where lines come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Endpoint {
    /// A server that sends lines; connected to again when it goes away.
    Tcp {
        /// Host and port.
        address: String,
    },
    /// Whoever connects and sends lines.
    TcpListen {
        /// Address and port to listen on.
        address: String,
    },
    /// Datagrams of lines, plain or IEC 61162-450.
    Udp {
        /// Address and port to listen on.
        address: String,
        /// Multicast group to join (IPv4).
        group: Option<std::net::Ipv4Addr>,
    },
    /// Standard input.
    Stdin,
    /// A file that grows, from its end on; one that takes its place from its beginning.
    Tail {
        /// Its path.
        path: PathBuf,
    },
    /// A file, played by the times of its lines as if it came live.
    Play {
        /// Its path, plain or compressed.
        path: PathBuf,
        /// So many times as fast as it happened.
        speed: f64,
        /// What is before this is given at once.
        from: Option<EventTime>,
    },
    /// Messages of an MQTT broker: lines, or objects, each of which becomes a line `{"topic":…,"payload":…}`.
    Mqtt {
        /// Such as `mqtt://host:1883`, `mqtts://host:8883` or `wss://host:443/mqtt`.
        url: String,
        /// What is subscribed to, such as `vessels-v2/#`.
        topic: String,
        /// User and password.
        login: Option<(String, String)>,
    },
    /// Messages of a WebSocket server.
    WebSocket {
        /// Such as `wss://stream.aisstream.io/v0/stream`.
        url: String,
        /// What is said first.
        subscribe: Option<String>,
    },
    /// A topic of lines, up to some hundred a record.
    Kafka {
        /// The brokers, and what else librdkafka is to be told.
        properties: Properties,
        /// The topic.
        topic: String,
        /// Where to begin.
        from: Positions,
    },
}

/// The offset that is read next, by partition; one that is not named is read from its beginning.
pub type Positions = BTreeMap<u32, u64>;

/// Who has sent something: one stream of lines whose parts belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// The source, by its place in the list.
    pub source: u32,
    /// The connection or partition.
    pub number: u32,
}

/// What a source hands over.
#[derive(Debug)]
pub enum Event {
    /// Bytes of a stream: lines may begin and end anywhere.
    Bytes(Peer, EventTime, Vec<u8>),
    /// Whole lines that stand for themselves: those of a datagram, and its number.
    Lines(Peer, EventTime, Vec<u8>, u64),
    /// Records of a topic in the order of their arrival, each with lines that stand for themselves.
    Records(Vec<(Peer, Record)>),
    /// The stream has begun: whom it is of.
    Up(Peer, String),
    /// The stream is over, and why.
    Down(Peer, String),
    /// Something goes wrong with a source, which goes on trying.
    Trouble(u32, String),
    /// Nothing more will come from this source.
    Ended(u32),
    /// All that has arrived at this source by then has been handed over: for a log, which is read later than that.
    CaughtUp(u32, EventTime),
    /// Time passes.
    Beat(EventTime),
}

/// Sources at work.
pub struct Sources {
    events: Receiver<Event>,
    dropped: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    /// For waits that end.
    clock: tokio::runtime::Runtime,
}

/// A source, and how much of it is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Limited {
    /// The source.
    pub endpoint: Endpoint,
    /// So many bytes a second are taken of it, if it is one on a network: who sends more has to wait, and datagrams are
    /// dropped.
    pub bytes_per_second: Option<u64>,
}

/// What a source needs to hand things over.
#[derive(Clone)]
struct Outlet {
    events: Sender<Event>,
    source: u32,
    dropped: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    allowance: Option<Arc<Allowance>>,
}

/// How much of a source is taken: what it did not use for a second it may use later.
struct Allowance {
    bytes_per_second: u64,
    /// When it was looked last, and what was left then.
    left: Mutex<(Instant, f64)>,
}

impl Allowance {
    fn of(bytes_per_second: u64) -> Allowance {
        Allowance { bytes_per_second, left: Mutex::new((Instant::now(), bytes_per_second as f64)) }
    }

    /// Takes so many bytes; how long to wait before more are taken.
    fn take(&self, bytes: usize) -> Duration {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = self.bytes_per_second as f64;
        let now = Instant::now();
        let had = (left.1 + now.duration_since(left.0).as_secs_f64() * rate).min(rate);
        *left = (now, had - bytes as f64);
        Duration::from_secs_f64((-left.1 / rate).max(0.0))
    }
}

/// Now, by the clock of the wall.
#[must_use]
pub fn now() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(since.as_millis() as i64)
}

impl Sources {
    /// Starts all sources.
    ///
    /// # Errors
    /// If one can never work: an address that cannot be listened on, a broker setting that is none.
    pub fn start(sources: Vec<Limited>) -> std::io::Result<Sources> {
        let (sender, events) = channel(WAITING);
        let (dropped, stop) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let mut sockets = Vec::new();
        for (source, Limited { endpoint, bytes_per_second }) in (0..).zip(sources) {
            let outlet = |source: u32| Outlet {
                events: sender.clone(),
                source,
                dropped: Arc::clone(&dropped),
                stop: Arc::clone(&stop),
                allowance: bytes_per_second.map(Allowance::of).map(Arc::new),
            };
            match endpoint {
                Endpoint::Kafka { properties, topic, from } => {
                    kafka::start(&properties, topic, from, outlet(source))?;
                }
                Endpoint::Stdin => {
                    let outlet = outlet(source);
                    std::thread::spawn(move || network::standard_input(&outlet));
                }
                Endpoint::Tail { path } => {
                    let outlet = outlet(source);
                    std::thread::spawn(move || tail::follow(&path, &outlet));
                }
                Endpoint::Play { path, speed, from } => {
                    let outlet = outlet(source);
                    std::thread::spawn(move || play::play(&path, speed, from, &outlet));
                }
                Endpoint::Tcp { .. }
                | Endpoint::TcpListen { .. }
                | Endpoint::Udp { .. }
                | Endpoint::Mqtt { .. }
                | Endpoint::WebSocket { .. } => sockets.push((endpoint, outlet(source))),
            }
        }
        network::start(sockets, sender)?;
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Sources { events, dropped, stop, clock })
    }

    /// The next event; `None` once all sources are gone.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.blocking_recv()
    }

    /// The next event, if one comes in this time.
    pub fn next_within(&mut self, time: Duration) -> Option<Event> {
        if let Ok(event) = self.events.try_recv() {
            return Some(event);
        }
        self.clock.block_on(async { timeout(time, self.events.recv()).await.ok().flatten() })
    }

    /// Datagrams that came faster than they were taken.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Outlet {
    fn peer(&self, number: u32) -> Peer {
        Peer { source: self.source, number }
    }

    /// How long to wait before more is taken, after so many bytes.
    fn wait_after(&self, bytes: usize) -> Duration {
        self.allowance.as_ref().map_or(Duration::ZERO, |allowance| allowance.take(bytes))
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
