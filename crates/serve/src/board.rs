//! What is known of ships and alerts, for all who ask: fed by one thread, read by many.
//!
//! ```text
//! log, alerts, acknowledgements ──► Feed ──► one thread ──► fleet and store ──► streams
//! ```
//!
//! Alerts and acknowledgements are stored before anybody is told; who feeds them waits if there is no room. Positions are
//! for the map: where they come faster than they are taken, some are left out and counted.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use detect::Reception;
use detect::reception::{OfCell, Tick};
use model::{EventTime, Mmsi, PositionReport, Statics, Transmission};

use crate::fleet::{Dark, Fleet, Point, State};
use crate::store::{Ack, Place, PortNames, Readers, Revision, Store, StoreError, Writing, query};
use crate::stream::Hub;
use tokio::sync::Semaphore;

/// Batches that may wait.
const QUEUE: usize = 256;
/// How long something may wait to be stored.
const STORE: Duration = Duration::from_millis(500);
/// Batches that are stored at once.
const BATCH: usize = 64;
/// How often old things are forgotten.
const FORGET: Duration = Duration::from_secs(60);
/// What cannot be stored is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// Whoever acknowledges waits so long for it.
const ACK: Duration = Duration::from_secs(20);
/// What is said when nothing is taken in any more.
const ENDED: &str = "what feeds the page has ended";
/// Requests that are worked on at once; others wait.
const ASKING: usize = 4;
/// Rates are over so long.
const RATE: Duration = Duration::from_secs(10);

/// What is kept, and for how long.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// The file.
    pub path: PathBuf,
    /// Tracks, milliseconds of event time.
    pub tracks_ms: i64,
    /// Closed alerts, milliseconds of event time.
    pub alerts_ms: i64,
    /// Ships shown.
    pub ships: usize,
    /// Names of ports by their ids.
    pub ports: PortNames,
    /// Whether detection begins anew, and knows nothing of what is open.
    pub begins_anew: bool,
}

/// Something that the map shows.
#[derive(Clone, Debug)]
pub enum Heard {
    /// What a ship transmitted.
    Transmission(Transmission),
    /// Who was heard where.
    Tick(Arc<Tick>),
    /// All has come this far.
    Reached(EventTime),
}

enum Fed {
    Heard(Vec<Heard>),
    Alerts(Vec<String>),
    Ack(String, Ack, SyncSender<()>),
    Place(Place),
    Ports(PortNames),
}

/// Whether a list names a ship.
pub type IsListed = Box<dyn Fn(Mmsi, &Statics, EventTime) -> bool + Send>;

/// What is known.
pub struct Board {
    fleet: Mutex<Fleet>,
    reception: Mutex<Reception>,
    store: Readers,
    hub: Hub,
    left_out: AtomicU64,
    refused: AtomicU64,
    stored: AtomicU64,
    rate: Mutex<VecDeque<(Instant, u64)>>,
    /// Why nothing can be stored at the moment.
    failed: Mutex<Option<String>>,
    has_ended: AtomicBool,
    /// Where ships are heard, as of the last tick.
    cells: Mutex<Option<Arc<Vec<OfCell>>>>,
    /// How many ticks were taken in.
    ticks: AtomicU64,
    /// The number of what was told last before the program began.
    pub(crate) begun: i64,
    /// Those who ask for what takes long.
    pub(crate) asking: Semaphore,
}

/// Where things are handed in.
#[derive(Clone)]
pub struct Feed {
    board: Arc<Board>,
    sender: SyncSender<Fed>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    /// Opens what is kept, and begins to take in.
    ///
    /// # Errors
    /// If the file cannot be used.
    pub fn open(
        keeping: &Keeping,
        is_listed: IsListed,
    ) -> Result<(Arc<Board>, Feed, Vec<Place>), StoreError> {
        let store = Store::open(&keeping.path, keeping.ports.clone())?;
        if keeping.begins_anew {
            store.begin_anew()?;
        }
        let mut fleet = Fleet::new(keeping.ships);
        for (alert, mmsi, grade) in store.dark()? {
            if let Some(state) = State::of_grade(&grade) {
                fleet.darken(mmsi, Dark::new(alert, state));
            }
        }
        for (mmsi, point, statics) in store.last_known()? {
            fleet.come_to(point.t);
            let listed = is_listed(mmsi, &statics, EventTime(point.t));
            fleet.insert(mmsi, point, statics);
            fleet.list(mmsi, listed);
        }
        let places = store.places()?;
        let board = Arc::new(Board {
            fleet: Mutex::new(fleet),
            reception: Mutex::default(),
            store: store.readers(),
            hub: Hub::new(store.instance()?),
            left_out: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            rate: Mutex::default(),
            failed: Mutex::default(),
            has_ended: AtomicBool::new(false),
            cells: Mutex::default(),
            ticks: AtomicU64::new(0),
            begun: store.readers().read(query::last_told)?,
            asking: Semaphore::new(ASKING),
        });
        let (sender, receiver) = sync_channel(QUEUE);
        let taking = Taking {
            board: Arc::clone(&board),
            store,
            is_listed,
            keeping: keeping.clone(),
            unsaid: BTreeMap::new(),
            forgot: Instant::now(),
        };
        std::thread::spawn(move || taking.run(&receiver));
        Ok((Arc::clone(&board), Feed { board, sender }, places))
    }

    /// Where ships are.
    pub fn fleet(&self) -> MutexGuard<'_, Fleet> {
        lock(&self.fleet)
    }

    /// Where ships are heard.
    pub fn reception(&self) -> MutexGuard<'_, Reception> {
        lock(&self.reception)
    }

    /// What is kept.
    #[must_use]
    pub fn store(&self) -> &Readers {
        &self.store
    }

    /// Who is told.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Batches of positions that were left out, as they came faster than they were taken.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// Records that were no alerts.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Why nothing can be stored, if that is so; it is tried again.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        let ended = self.has_ended.load(Ordering::Acquire).then(|| ENDED.to_owned());
        ended.or_else(|| lock(&self.failed).clone())
    }

    /// Where ships are heard, worked out once for each tick.
    #[must_use]
    pub fn cells(&self) -> Arc<Vec<OfCell>> {
        if let Some(cells) = &*lock(&self.cells) {
            return Arc::clone(cells);
        }
        // Not while others wait to take in.
        let ticks = self.ticks.load(Ordering::Acquire);
        let reception = self.reception().clone();
        let cells = Arc::new(reception.of_cells());
        let mut known = lock(&self.cells);
        // Where a tick has come meanwhile it is worked out again when it is asked for next.
        if self.ticks.load(Ordering::Acquire) == ticks {
            *known = Some(Arc::clone(&cells));
        }
        cells
    }

    /// Position reports a second, of late.
    #[must_use]
    pub fn reports_per_second(&self) -> f64 {
        let rate = lock(&self.rate);
        let recent = rate.iter().filter(|(at, _)| at.elapsed() < RATE);
        recent.map(|(_, count)| *count as f64).sum::<f64>() / RATE.as_secs_f64()
    }

    fn count(&self, reports: u64) {
        let mut rate = lock(&self.rate);
        rate.push_back((Instant::now(), reports));
        while rate.front().is_some_and(|(at, _)| at.elapsed() >= RATE) {
            rate.pop_front();
        }
    }
}

impl Feed {
    /// What was heard; positions are left out where nobody has time for them, and all of it while nothing can be stored.
    pub fn heard(&self, batch: Vec<Heard>) {
        if self.board.failed().is_some() {
            self.board.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Err(TrySendError::Full(Fed::Heard(mut batch))) = self.sender.try_send(Fed::Heard(batch)) {
            self.board.left_out.fetch_add(1, Ordering::Relaxed);
            // What all that follows rests on is waited for.
            batch.retain(|heard| !matches!(heard, Heard::Transmission(Transmission::Position(_))));
            self.heard_in_time(batch);
        }
    }

    /// What was heard, waiting until there is room for it.
    pub fn heard_in_time(&self, batch: Vec<Heard>) {
        // The thread ends with the program.
        let _ = self.sender.send(Fed::Heard(batch));
    }

    /// Revisions of alerts, as JSON.
    pub fn alerts(&self, alerts: Vec<String>) {
        let _ = self.sender.send(Fed::Alerts(alerts));
    }

    /// Somebody has seen to an alert; when this is done it is stored.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn ack(&self, alert: String, ack: Ack) -> Result<(), String> {
        let (done, stored) = sync_channel(1);
        let failed = || self.board.failed().unwrap_or_else(|| "the program ends".to_owned());
        self.sender.send(Fed::Ack(alert, ack, done)).map_err(|_| failed())?;
        stored.recv_timeout(ACK).map_err(|_| failed())
    }

    /// A topic was read this far, and all before it handed in.
    pub fn place(&self, place: Place) {
        let _ = self.sender.send(Fed::Place(place));
    }

    /// Ports are called so from here on.
    pub fn ports(&self, names: PortNames) {
        let _ = self.sender.send(Fed::Ports(names));
    }

    /// How many of the alerts handed in are stored.
    #[must_use]
    pub fn stored(&self) -> u64 {
        self.board.stored.load(Ordering::Acquire)
    }

    /// Whether nothing can be stored at the moment.
    #[must_use]
    pub fn is_in_trouble(&self) -> bool {
        self.board.failed().is_some()
    }

    /// Why nothing will be stored any more, if that is so.
    #[must_use]
    pub fn ended(&self) -> Option<String> {
        self.board.has_ended.load(Ordering::Acquire).then(|| ENDED.to_owned())
    }
}

/// The thread that takes in.
struct Taking {
    board: Arc<Board>,
    store: Store,
    is_listed: IsListed,
    keeping: Keeping,
    /// What ships say of themselves, to be stored.
    unsaid: BTreeMap<Mmsi, Statics>,
    forgot: Instant,
}

/// Says so when the thread that takes in has ended, whatever ended it.
struct Ended(Arc<Board>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.has_ended.store(true, Ordering::Release);
    }
}

/// What is stored in one transaction.
#[derive(Default)]
struct Batch {
    points: Vec<(Mmsi, Point)>,
    told: Vec<Fed>,
}

impl Taking {
    fn run(mut self, receiver: &Receiver<Fed>) {
        let _ended = Ended(Arc::clone(&self.board));
        let mut batch = Batch::default();
        let mut since = Instant::now();
        loop {
            let mut is_open = true;
            let mut is_urgent = false;
            match receiver.recv_timeout(STORE.saturating_sub(since.elapsed())) {
                Ok(first) => {
                    for fed in std::iter::once(first).chain(receiver.try_iter().take(BATCH)) {
                        is_urgent |= matches!(fed, Fed::Alerts(_) | Fed::Ack(..));
                        self.take(fed, &mut batch);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => is_open = false,
            }
            if is_urgent || !is_open || since.elapsed() >= STORE {
                // A disk that is full may have room again: nothing is told, and nothing taken in, until then.
                while let Err(error) = self.store(&batch) {
                    *lock(&self.board.failed) = Some(error.to_string());
                    std::thread::sleep(AGAIN);
                }
                *lock(&self.board.failed) = None;
                batch = Batch::default();
                since = Instant::now();
            }
            if !is_open {
                return;
            }
        }
    }

    fn take(&mut self, fed: Fed, batch: &mut Batch) {
        match fed {
            Fed::Heard(heard) => self.hear(heard, batch),
            Fed::Ports(names) => self.store.name_ports(names),
            told @ (Fed::Alerts(_) | Fed::Ack(..) | Fed::Place(_)) => batch.told.push(told),
        }
    }

    fn hear(&mut self, heard: Vec<Heard>, batch: &mut Batch) {
        let mut reports = 0;
        for heard in heard {
            match heard {
                Heard::Transmission(Transmission::Position(report)) => {
                    reports += 1;
                    self.report(&report, batch);
                }
                Heard::Transmission(Transmission::Static(report)) => {
                    self.board.fleet().tell(report.mmsi, &report.statics);
                    self.know(report.mmsi, report.t);
                }
                Heard::Transmission(Transmission::NoPosition(_)) => {}
                Heard::Tick(tick) => {
                    self.board.reception().apply(&tick);
                    self.board.ticks.fetch_add(1, Ordering::Release);
                    *lock(&self.board.cells) = None;
                }
                Heard::Reached(t) => {
                    let mut fleet = self.board.fleet();
                    fleet.come_to(t.0);
                    fleet.pass(self.keeping.tracks_ms);
                }
            }
        }
        self.board.count(reports);
    }

    fn report(&mut self, report: &PositionReport, batch: &mut Batch) {
        let (kept, is_new) = {
            let mut fleet = self.board.fleet();
            let is_new = fleet.get(report.mmsi.0).is_none();
            (fleet.report(report), is_new)
        };
        batch.points.extend(kept.map(|point| (report.mmsi, point)));
        if is_new || report.statics.is_some() {
            self.know(report.mmsi, report.t);
        }
    }

    /// What is known of a ship may have changed.
    fn know(&mut self, mmsi: Mmsi, t: EventTime) {
        let mut fleet = self.board.fleet();
        let Some(statics) = fleet.get(mmsi.0).map(|ship| ship.statics.clone()) else { return };
        fleet.list(mmsi, (self.is_listed)(mmsi, &statics, t));
        if !statics.is_empty() {
            self.unsaid.insert(mmsi, statics);
        }
    }

    /// Stores a batch, then tells of it.
    fn store(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let Batch { points, told } = batch;
        let unsaid = &self.unsaid;
        let alerts: u64 =
            told.iter().map(|fed| if let Fed::Alerts(alerts) = fed { alerts.len() as u64 } else { 0 }).sum();
        let now = self.board.fleet().now();
        let forgets = now.filter(|_| self.forgot.elapsed() >= FORGET);
        if points.is_empty() && told.is_empty() && unsaid.is_empty() && forgets.is_none() {
            return Ok(());
        }
        let (tracks_ms, alerts_ms) = (self.keeping.tracks_ms, self.keeping.alerts_ms);
        let board = Arc::clone(&self.board);
        let mut waiting = Vec::new();
        let revisions = self.store.write(|writing| {
            points.iter().try_for_each(|(mmsi, point)| writing.point(*mmsi, point))?;
            unsaid.iter().try_for_each(|(mmsi, statics)| writing.statics(*mmsi, statics))?;
            let mut revisions = Vec::new();
            for fed in told {
                write(writing, fed, (&mut revisions, &mut waiting), &board)?;
            }
            if let Some(now) = forgets {
                writing.forget(now.saturating_sub(tracks_ms), now.saturating_sub(alerts_ms))?;
            }
            Ok(revisions)
        })?;
        let mut fleet = self.board.fleet();
        revisions.iter().for_each(|revision| show(&mut fleet, revision));
        drop(fleet);
        if forgets.is_some() {
            self.forgot = Instant::now();
        }
        self.board.stored.fetch_add(alerts, Ordering::Release);
        // Who waited may have gone.
        for done in waiting {
            let _ = done.try_send(());
        }
        self.unsaid.clear();
        self.board.hub.told();
        Ok(())
    }
}

fn write(
    writing: &Writing<'_>,
    fed: &Fed,
    (revisions, waiting): (&mut Vec<Revision>, &mut Vec<SyncSender<()>>),
    board: &Board,
) -> Result<(), rusqlite::Error> {
    match fed {
        Fed::Alerts(alerts) => {
            for json in alerts {
                match writing.alert(json)? {
                    Some(revision) => revisions.push(revision),
                    None => {
                        board.refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
        Fed::Ack(alert, ack, done) => {
            writing.ack(alert, ack)?;
            waiting.push(done.clone());
        }
        Fed::Place(place) => writing.place(place)?,
        Fed::Heard(_) | Fed::Ports(_) => {}
    }
    Ok(())
}

/// A ship is shown as its dark period is graded.
fn show(fleet: &mut Fleet, revision: &Revision) {
    let Revision { seq: Some(_), mmsi: Some(mmsi), id, kind, status, grade } = revision else { return };
    if kind != "dark" {
        return;
    }
    let state = grade.as_deref().and_then(State::of_grade);
    match state.filter(|_| matches!(status.as_str(), "open" | "updated")) {
        Some(state) => fleet.darken(*mmsi, Dark::new(id.clone(), state)),
        None => fleet.lighten(*mmsi, id),
    }
}
