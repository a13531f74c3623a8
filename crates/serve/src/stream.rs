//! Server-sent events: alerts and acknowledgements as they are told, and ships as they move.
//!
//! What is told has a number, and who comes back says the last he has: he is sent what he missed. Ships have none: he asks
//! for all of them again. Ships are gathered for a second, and clients that look at the same part of the world share what
//! is sent. A client that does not read is dropped; nothing is kept for it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::{Body, Bytes};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, mpsc};

use crate::area::Area;
use crate::board::Board;
use crate::store::{Told, query};

/// How often ships are told.
const BEAT: Duration = Duration::from_secs(1);
/// Ships told at once to one client: some 100 KB.
const SHIPS: usize = 1_000;
/// Parts of the world that are looked at; beyond it one is told of the whole world.
const VIEWS: usize = 128;
/// Messages that may wait for a client in all.
const WAITING: usize = 256;
/// Messages that may wait in its connection.
const IN_HAND: usize = 4;
/// Who takes nothing for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(10);
/// What was missed is sent if it is no more than this.
const MISSED: usize = 1_000;

/// Who listens.
pub struct Hub {
    instance: String,
    told: broadcast::Sender<Arc<Numbered>>,
    has_told: Notify,
    views: Mutex<BTreeMap<String, Weak<View>>>,
    clients: AtomicUsize,
    dropped: AtomicUsize,
}

/// A message with its number, 0 for none.
struct Numbered {
    seq: i64,
    text: Bytes,
}

/// A part of the world that somebody looks at.
struct View {
    area: Option<Area>,
    ships: broadcast::Sender<Bytes>,
    pending: Mutex<Pending>,
}

/// Ships to be told, each once, those that wait longest first.
#[derive(Default)]
struct Pending {
    order: VecDeque<u32>,
    known: HashSet<u32>,
}

impl Pending {
    fn add(&mut self, mmsi: u32) {
        if self.known.insert(mmsi) {
            self.order.push_back(mmsi);
        }
    }

    fn take(&mut self, count: usize) -> Vec<u32> {
        let count = count.min(self.order.len());
        let taken: Vec<u32> = self.order.drain(..count).collect();
        taken.iter().for_each(|mmsi| {
            self.known.remove(mmsi);
        });
        taken
    }
}

/// A client: counted as long as it is there.
struct Client(Arc<Board>);

impl Drop for Client {
    fn drop(&mut self) {
        self.0.hub().clients.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why there is no stream.
#[derive(Debug, PartialEq, Eq)]
pub enum NoStream {
    /// There are as many as there may be.
    Full,
    /// The store cannot be read.
    Store(String),
}

impl Hub {
    /// Nobody yet; numbers are those of this instance.
    #[must_use]
    pub fn new(instance: String) -> Hub {
        Hub {
            instance,
            told: broadcast::channel(WAITING).0,
            has_told: Notify::new(),
            views: Mutex::default(),
            clients: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        }
    }

    /// Something was stored.
    pub fn told(&self) {
        self.has_told.notify_one();
    }

    /// How many listen.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// How many were dropped because they did not read.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }

    fn view(&self, area: Option<Area>) -> Arc<View> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.retain(|_, view| view.strong_count() > 0);
        let mut area = area.map(|area| area.widened());
        let name = |area: &Option<Area>| format!("{area:?}");
        if views.len() >= VIEWS && !views.contains_key(&name(&area)) {
            area = None;
        }
        if let Some(view) = views.get(&name(&area)).and_then(Weak::upgrade) {
            return view;
        }
        let view = Arc::new(View { area, ships: broadcast::channel(IN_HAND).0, pending: Mutex::default() });
        views.insert(name(&area), Arc::downgrade(&view));
        view
    }

    fn text(&self, told: &Told) -> Numbered {
        let (seq, kind, data) = match told {
            Told::Alert(item) => (item.seq, "alert", serde_json::to_string(item)),
            Told::Ack(seq, id, ack) => (*seq, "ack", serde_json::to_string(&json!({"id": id, "ack": ack}))),
        };
        let data = data.unwrap_or_default();
        Numbered { seq, text: format!("event: {kind}\nid: {}-{seq}\ndata: {data}\n\n", self.instance).into() }
    }

    /// Everything is to be asked for again; what is told from now on follows this number.
    fn reset(&self, seq: i64) -> Bytes {
        format!("event: reset\nid: {}-{seq}\ndata: {{}}\n\n", self.instance).into()
    }

    /// The number that a client has seen last; `None` if it is of another instance.
    fn seen(&self, last: &str) -> Option<i64> {
        let (instance, seq) = last.split_once('-')?;
        seq.parse().ok().filter(|_| instance == self.instance)
    }
}

/// Tells everybody, as long as the program runs.
pub async fn tell(board: Arc<Board>) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = board.begun;
    loop {
        tokio::select! {
            () = board.hub().has_told.notified() => {
                // As much as there is at once; the rest follows.
                while let Ok(told) = in_store(&board, move |store| query::told_after(store, last, WAITING / 2)).await
                    && !told.is_empty()
                {
                    for one in &told {
                        let message = board.hub().text(one);
                        last = message.seq;
                        // Nobody may be there.
                        let _ = board.hub().told.send(Arc::new(message));
                    }
                    tokio::task::yield_now().await;
                }
            }
            _ = beat.tick() => move_ships(&board),
        }
    }
}

/// Reads the store away from those who are being told.
async fn in_store<T: Send + 'static>(
    board: &Arc<Board>,
    work: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error> + Send + 'static,
) -> Result<T, String> {
    let board = Arc::clone(board);
    let read = tokio::task::spawn_blocking(move || board.store().read(work));
    read.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// Tells of ships that have moved.
fn move_ships(board: &Board) {
    let hub = board.hub();
    let views: Vec<Arc<View>> = {
        let views = hub.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.values().filter_map(Weak::upgrade).collect()
    };
    let mut fleet = board.fleet();
    let changed = fleet.changed();
    let Some(now) = fleet.now() else { return };
    if views.is_empty() {
        return;
    }
    let mut texts: BTreeMap<u32, Option<String>> = BTreeMap::new();
    let mut messages: Vec<String> = Vec::with_capacity(views.len());
    for view in &views {
        let mut pending = view.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let is_seen = |mmsi: &&u32| {
            let ship = fleet.get(**mmsi);
            ship.is_some_and(|ship| view.area.is_none_or(|area| area.holds(ship.last.position)))
        };
        changed.iter().filter(is_seen).for_each(|mmsi| pending.add(*mmsi));
        let mut data = String::new();
        for mmsi in pending.take(SHIPS) {
            let text = texts.entry(mmsi).or_insert_with(|| {
                fleet.get(mmsi).and_then(|ship| serde_json::to_string(&ship.vessel(mmsi, now)).ok())
            });
            if let Some(text) = text {
                data.push_str(if data.is_empty() { "" } else { "," });
                data.push_str(text);
            }
        }
        let ships = if data.is_empty() {
            String::new()
        } else {
            format!("event: vessels\ndata: {{\"t\":{now},\"vessels\":[{data}]}}\n\n")
        };
        messages.push(format!("event: time\ndata: {{\"t\":{now}}}\n\n{ships}"));
    }
    drop(fleet);
    for (view, message) in views.iter().zip(messages) {
        // Who listens may have gone.
        let _ = view.ships.send(message.into());
    }
}

/// What was told after a number; `None` if that is too much, or the number is not from here.
async fn missed_since(board: &Arc<Board>, from: i64) -> Result<Option<Vec<Told>>, String> {
    in_store(board, move |store| {
        let is_ahead = from > query::last_told(store)?;
        if is_ahead { Ok(None) } else { query::told_since(store, from, MISSED) }
    })
    .await
}

/// Begins to tell a client that looks at an area and has seen `last`.
///
/// # Errors
/// If there are too many, or what it missed cannot be read.
pub async fn open(
    board: &Arc<Board>,
    area: Option<Area>,
    last: Option<String>,
    most: usize,
) -> Result<Body, NoStream> {
    let hub = board.hub();
    if hub.clients.fetch_add(1, Ordering::Relaxed) >= most {
        hub.clients.fetch_sub(1, Ordering::Relaxed);
        return Err(NoStream::Full);
    }
    let client = Client(Arc::clone(board));
    let view = hub.view(area);
    let (mut told, mut ships) = (hub.told.subscribe(), view.ships.subscribe());
    let (mut first, mut seen) = (vec![Bytes::from_static(b"retry: 2000\n\n")], 0);
    if last.is_none() {
        // Who loses the connection before anything is told can come back, too.
        seen = in_store(board, query::last_told).await.map_err(NoStream::Store)?;
        let now = board.fleet().now();
        let begin = format!("event: time\nid: {}-{seen}\ndata: {}\n\n", hub.instance, json!({ "t": now }));
        first.push(begin.into());
    }
    if let Some(last) = last {
        let missed = match hub.seen(&last) {
            None => None,
            Some(from) => {
                seen = from;
                missed_since(board, from).await.map_err(NoStream::Store)?
            }
        };
        match missed {
            None => {
                seen = in_store(board, query::last_told).await.map_err(NoStream::Store)?;
                first.push(hub.reset(seen));
            }
            Some(missed) => {
                for one in &missed {
                    let message = hub.text(one);
                    seen = message.seq;
                    first.push(message.text);
                }
            }
        }
    }
    let (sender, receiver) = mpsc::channel::<Result<Bytes, Infallible>>(IN_HAND);
    tokio::spawn(async move {
        let _view = view;
        for text in first {
            if !hand_over(&sender, text, &client.0).await {
                return;
            }
        }
        loop {
            let text = tokio::select! {
                one = told.recv() => match one {
                    Ok(message) if message.seq <= seen => continue,
                    Ok(message) => {
                        seen = message.seq;
                        message.text.clone()
                    }
                    // It has read too slowly, or too much was told at once: what it missed is in the store.
                    Err(RecvError::Lagged(_)) => {
                        let Ok(missed) = missed_since(&client.0, seen).await else { break };
                        let Some(missed) = missed else {
                            let Ok(last) = in_store(&client.0, query::last_told).await else { break };
                            seen = last;
                            if !hand_over(&sender, client.0.hub().reset(last), &client.0).await {
                                return;
                            }
                            continue;
                        };
                        for one in &missed {
                            let message = client.0.hub().text(one);
                            seen = message.seq;
                            if !hand_over(&sender, message.text, &client.0).await {
                                return;
                            }
                        }
                        continue;
                    }
                    Err(RecvError::Closed) => return,
                },
                some = ships.recv() => match some {
                    Ok(text) => text,
                    // A ship that has fallen silent is told of once: all are asked for again.
                    Err(RecvError::Lagged(_)) => client.0.hub().reset(seen),
                    Err(RecvError::Closed) => return,
                },
                () = sender.closed() => return,
            };
            if !hand_over(&sender, text, &client.0).await {
                return;
            }
        }
        client.0.hub().dropped.fetch_add(1, Ordering::Relaxed);
    });
    Ok(Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver)))
}

/// Whether the client has taken it in time.
async fn hand_over(sender: &mpsc::Sender<Result<Bytes, Infallible>>, text: Bytes, board: &Board) -> bool {
    match tokio::time::timeout(PATIENCE, sender.send(Ok(text))).await {
        Ok(sent) => sent.is_ok(),
        Err(_) => {
            board.hub().dropped.fetch_add(1, Ordering::Relaxed);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ships_that_wait_are_told_once_each_and_in_turn() {
        let mut pending = Pending::default();
        for mmsi in [1, 2, 3, 1, 2] {
            pending.add(mmsi);
        }
        assert_eq!(pending.take(2), [1, 2]);
        pending.add(1);
        assert_eq!(pending.take(9), [3, 1]);
        assert!(pending.take(9).is_empty());
    }

    #[test]
    fn numbers_of_another_instance_mean_nothing() {
        let hub = Hub::new("a1b2".to_owned());
        assert_eq!(hub.seen("a1b2-17"), Some(17));
        for other in ["ffff-17", "17", "a1b2-", "a1b2-x", ""] {
            assert_eq!(hub.seen(other), None, "{other}");
        }
    }

    #[test]
    fn views_are_shared_and_not_more_than_so_many() {
        let hub = Hub::new(String::new());
        let area = |west: f64| Some(Area { west, south: 0.0, east: west + 0.5, north: 0.5 });
        let a = hub.view(area(10.01));
        assert!(Arc::ptr_eq(&a, &hub.view(area(10.02))));
        let many: Vec<_> = (0..VIEWS + 10).map(|at| hub.view(area(at as f64 - 100.0))).collect();
        assert!(many.last().unwrap().area.is_none());
        assert!(hub.views.lock().unwrap().len() <= VIEWS + 1);
        drop(many);
        hub.view(None);
        assert_eq!(hub.views.lock().unwrap().len(), 2);
    }
}
