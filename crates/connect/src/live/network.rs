//! Sockets and standard input.

use std::collections::HashMap;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rumqttc::MqttOptions;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{BEAT, Endpoint, Event, Outlet, Waits, now, subscription};

/// Read at once.
const BLOCK: usize = 64 * 1024;
/// What the system refuses now it may do a little later.
const LATER: Duration = Duration::from_millis(500);
/// Connections of one listener at a time; further ones wait to be taken.
const MAX_CONNECTIONS: usize = 1_024;
/// A connection that has been silent for so long is asked whether it is there …
const SILENT: Duration = Duration::from_secs(60);
/// … and again this often.
const ASKED: Duration = Duration::from_secs(15);
/// Datagrams that may wait in the system.
const DATAGRAM_BYTES: usize = 4 << 20;
/// What begins a datagram of IEC 61162-450 that carries sentences.
const IEC_61162_450: &[u8] = b"UdPbC\0";

/// A socket that is bound.
enum Bound {
    Client(String),
    Listener(std::net::TcpListener),
    Datagrams(std::net::UdpSocket),
    Mqtt(Box<MqttOptions>, String),
    WebSocket(String, Option<String>),
}

/// Binds all sockets, and serves them on a thread of their own.
pub fn start(endpoints: Vec<(Endpoint, Outlet)>, beats: Sender<Event>) -> std::io::Result<()> {
    let mut bound = Vec::new();
    for (endpoint, outlet) in endpoints {
        let named = |error: std::io::Error, address: &str| {
            std::io::Error::new(error.kind(), format!("{address}: cannot be listened on: {error}"))
        };
        let socket = match endpoint {
            Endpoint::Tcp { address } => Bound::Client(address),
            Endpoint::TcpListen { address } => {
                let listener =
                    std::net::TcpListener::bind(&address).map_err(|error| named(error, &address))?;
                listener.set_nonblocking(true)?;
                Bound::Listener(listener)
            }
            Endpoint::Udp { address, group } => {
                let socket = std::net::UdpSocket::bind(&address).map_err(|error| named(error, &address))?;
                if let Some(group) = group {
                    socket
                        .join_multicast_v4(&group, &std::net::Ipv4Addr::UNSPECIFIED)
                        .map_err(|error| named(error, &group.to_string()))?;
                }
                socket.set_nonblocking(true)?;
                // The system gives as much of it as it allows.
                let _ = SockRef::from(&socket).set_recv_buffer_size(DATAGRAM_BYTES);
                Bound::Datagrams(socket)
            }
            Endpoint::Mqtt { url, topic, login } => {
                Bound::Mqtt(Box::new(subscription::options(&url, login)?), topic)
            }
            Endpoint::WebSocket { url, subscribe } => Bound::WebSocket(url, subscribe),
            Endpoint::Stdin | Endpoint::Play { .. } | Endpoint::Tail { .. } | Endpoint::Kafka { .. } => {
                continue;
            }
        };
        bound.push((socket, outlet));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            for (socket, outlet) in bound {
                match socket {
                    Bound::Client(address) => drop(tokio::spawn(client(address, outlet))),
                    Bound::Listener(listener) => drop(tokio::spawn(listen(listener, outlet))),
                    Bound::Datagrams(socket) => drop(tokio::spawn(datagrams(socket, outlet))),
                    Bound::Mqtt(options, topic) => {
                        drop(tokio::spawn(subscription::mqtt(*options, topic, outlet)))
                    }
                    Bound::WebSocket(url, subscribe) => {
                        drop(tokio::spawn(subscription::websocket(url, subscribe, outlet)));
                    }
                }
            }
            beat(beats).await;
        });
    });
    Ok(())
}

/// Tells that time passes, until nobody listens.
async fn beat(events: Sender<Event>) {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if events.send(Event::Beat(now())).await.is_err() {
            return;
        }
    }
}

/// Connects, reads, and connects again.
async fn client(address: String, outlet: Outlet) {
    let mut waits = Waits::default();
    for number in 0.. {
        let began = tokio::time::Instant::now();
        let told = match TcpStream::connect(&address).await {
            Ok(stream) => {
                let why = read(stream, address.clone(), number, &outlet).await;
                why.map(|why| Event::Down(outlet.peer(number), why))
            }
            Err(error) => Some(Event::Trouble(outlet.source, format!("{address}: {error}"))),
        };
        let Some(told) = told else { return };
        if outlet.events.send(told).await.is_err() {
            return;
        }
        sleep(waits.after(began.elapsed())).await;
    }
}

/// Takes whoever connects.
async fn listen(listener: std::net::TcpListener, outlet: Outlet) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(MAX_CONNECTIONS));
    let mut number = 0;
    loop {
        let Ok(place) = std::sync::Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of descriptors, most likely: others will close some.
            sleep(LATER).await;
            continue;
        };
        let outlet = outlet.clone();
        tokio::spawn(async move {
            if let Some(why) = read(stream, peer.to_string(), number, &outlet).await {
                // Nobody listens any more: then all ends.
                let _ = outlet.events.send(Event::Down(outlet.peer(number), why)).await;
            }
            drop(place);
        });
        number = number.wrapping_add(1);
    }
}

/// Reads a stream to its end; `None` if nobody listens any more.
async fn read(mut stream: TcpStream, whom: String, number: u32, outlet: &Outlet) -> Option<String> {
    let peer = outlet.peer(number);
    // Who vanishes without a word is missed in a few minutes; where the system cannot do that, it is not.
    let asked = TcpKeepalive::new().with_time(SILENT).with_interval(ASKED);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&asked);
    outlet.events.send(Event::Up(peer, whom.clone())).await.ok()?;
    let mut block = vec![0; BLOCK];
    loop {
        match stream.read(&mut block).await {
            Ok(0) => return Some(format!("{whom}: has closed the connection")),
            Ok(length) => {
                let bytes = block[..length].to_vec();
                outlet.events.send(Event::Bytes(peer, now(), bytes)).await.ok()?;
                sleep(outlet.wait_after(length)).await;
            }
            Err(error) => return Some(format!("{whom}: {error}")),
        }
    }
}

/// Reads datagrams; those that nobody takes in time are dropped and counted.
async fn datagrams(socket: std::net::UdpSocket, outlet: Outlet) {
    let Ok(socket) = UdpSocket::from_std(socket) else { return };
    let mut block = vec![0; BLOCK];
    let mut senders: HashMap<SocketAddr, u32> = HashMap::new();
    let mut count = 0;
    loop {
        let Ok((length, from)) = socket.recv_from(&mut block).await else {
            // Whatever is wrong with it is not over at once.
            sleep(LATER).await;
            continue;
        };
        // Parts of one message come from one sender. Who forges addresses fills one place.
        let next = senders.len() as u32 + 1;
        let number = match senders.get(&from) {
            Some(number) => *number,
            None if senders.len() < MAX_CONNECTIONS => *senders.entry(from).or_insert(next),
            None => 0,
        };
        let bytes = datagram(&block[..length]);
        count += 1;
        // What is over the limit is dropped: whoever sends datagrams does not wait.
        if !outlet.wait_after(length).is_zero() {
            outlet.dropped.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        match outlet.events.try_send(Event::Lines(outlet.peer(number), now(), bytes.to_vec(), count)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                outlet.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Closed(_)) => return,
        }
    }
}

/// The lines of a datagram, plain or IEC 61162-450.
#[must_use]
pub fn datagram(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(IEC_61162_450).unwrap_or(bytes)
}

/// Reads standard input to its end.
pub fn standard_input(outlet: &Outlet) {
    let peer = outlet.peer(0);
    let mut input = std::io::stdin().lock();
    let mut block = vec![0; BLOCK];
    if outlet.events.blocking_send(Event::Up(peer, "standard input".to_owned())).is_err() {
        return;
    }
    let why = loop {
        match input.read(&mut block) {
            Ok(0) => break "standard input: has ended".to_owned(),
            Ok(length) => {
                if outlet.events.blocking_send(Event::Bytes(peer, now(), block[..length].to_vec())).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => break format!("standard input: {error}"),
        }
    };
    for event in [Event::Down(peer, why), Event::Ended(outlet.source)] {
        if outlet.events.blocking_send(event).is_err() {
            return;
        }
    }
}
