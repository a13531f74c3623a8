//! The page: what it is fed with, and who may see it.
//!
//! With the log in memory it is fed by what takes in and by the outbox, as a sink of its own. With the log in a topic it
//! reads the topics of the log, of alerts and of acknowledgements, all of each: every server knows all. What it keeps is a
//! cache then, with how far each topic was read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connect::kafka::{self, AckTopic, Beginning, Cluster, Followed, Follower};
use connect::log::{Frame, Pieces};
use connect::sinks::{Line, Sink, Taker};
use engine::{Entry, World};
use serve::board::{Board, Feed, Heard, Keeping};
use serve::{Ack, Acks, Listening, Page, Place, Role, Shown, Token};

use crate::cli;
use crate::config::{Anonymous, Config, ServeConfig, TokenRole};
use crate::interrupt::Interrupt;
use crate::made::MadeWith;
use crate::metrics::Metrics;

/// What is heard is handed on in batches of so many.
const BATCH: usize = 1_024;
/// What is ready once the page is fed.
pub const NAME: &str = "page";
/// How long it is waited for a record.
const WAIT: Duration = Duration::from_millis(100);
/// What cannot be done is tried again after this.
const AGAIN: Duration = Duration::from_secs(2);
/// How often it is noted how far topics were read.
const NOTE: Duration = Duration::from_secs(5);

/// The page, once it is open.
pub struct Opened {
    shows: Shows,
    /// What it is fed through.
    pub feed: Feed,
    /// How far topics were read.
    places: Vec<Place>,
    /// A store that goes with the program.
    _folder: Option<tempfile::TempDir>,
}

/// Starts to serve what is configured: metrics and health, and the page if it is given a world to show.
pub fn serve(
    config: &Config,
    world: Option<&Arc<World>>,
    cluster: Option<&Cluster>,
    metrics: &Arc<Metrics>,
    begins_anew: bool,
) -> anyhow::Result<Option<Opened>> {
    let serve = &config.serve;
    let Some(address) = &serve.listen else { return Ok(None) };
    let tls = serve.certificate.clone().zip(serve.key.clone());
    let listening = Listening { address: address.clone(), tls };
    let told: Arc<dyn serve::Told> = Arc::clone(metrics) as _;
    let Some(world) = world.filter(|_| serve.page) else {
        serve::start(&listening, told, None)?;
        return Ok(None);
    };
    let (path, folder) = match store(config) {
        Some(path) => (path, None),
        None => {
            if cluster.is_none() {
                cli::warn(
                    "acknowledgements and tracks are forgotten at the end; give serve.store to keep them",
                );
            }
            let folder = tempfile::tempdir()?;
            (folder.path().join("page.db"), Some(folder))
        }
    };
    let keeping = Keeping {
        path,
        tracks_ms: serve.tracks.ms,
        alerts_ms: serve.alerts.ms,
        ships: serve.ships,
        ports: names(world),
        begins_anew,
    };
    let shown = Arc::new(Shown::new(Arc::clone(world)));
    let listed = Arc::clone(&shown);
    let is_listed = move |mmsi, statics: &model::Statics, t| {
        !listed.world().watch().listed(statics.imo, mmsi, t).is_empty()
    };
    let (board, feed, places) = Board::open(&keeping, Box::new(is_listed))?;
    metrics.page(Arc::clone(&board));
    let acks: Arc<dyn Acks> = match cluster {
        Some(cluster) => Arc::new(ToTopic { cluster: cluster.clone(), topic: Mutex::default() }),
        None => Arc::new(ToStore(feed.clone())),
    };
    let page = Page {
        board,
        shown: Arc::clone(&shown),
        acks,
        tokens: tokens(serve),
        anonymous: match serve.anonymous {
            Anonymous::Viewer => Role::Viewer,
            Anonymous::None => Role::Nobody,
        },
        requests_per_second: serve.requests_per_second,
        streams: serve.clients,
        basemap: serve.basemap.clone(),
    };
    let scheme = if listening.tls.is_some() { "https" } else { "http" };
    let address = serve::start(&listening, told, Some(page))?;
    let token = serve.told_token.as_ref().map_or(String::new(), |token| format!("#token={token}"));
    cli::talk(&format!("the page is at {scheme}://{address}/{token}"));
    Ok(Some(Opened { shows: Shows { shown, feed: feed.clone() }, feed, places, _folder: folder }))
}

fn names(world: &World) -> BTreeMap<String, String> {
    world.ports().list.iter().map(|port| (port.id.clone(), port.name.clone())).collect()
}

/// Ports and rules that are shown.
#[derive(Clone)]
struct Shows {
    shown: Arc<Shown>,
    feed: Feed,
}

impl Shows {
    /// These from here on.
    fn refer_to(&self, world: &Arc<World>) {
        self.feed.ports(names(world));
        self.shown.show(Arc::clone(world));
    }
}

/// Where what is kept is, if it outlives the program.
fn store(config: &Config) -> Option<PathBuf> {
    let beside = || config.live.state.as_ref().map(|folder| folder.join("page.db"));
    config.serve.store.clone().or_else(beside)
}

fn tokens(serve: &ServeConfig) -> Vec<Token> {
    let role = |role| match role {
        TokenRole::Viewer => Role::Viewer,
        TokenRole::Operator => Role::Operator,
    };
    let token = |token: &crate::config::TokenConfig| {
        token.hash().map(|sha256| Token { name: token.name.clone(), role: role(token.role), sha256 })
    };
    serve.tokens.iter().filter_map(token).collect()
}

/// Acknowledgements go to the store.
struct ToStore(Feed);

impl Acks for ToStore {
    fn add(&self, alert: &str, ack: &Ack) -> Result<(), String> {
        self.0.ack(alert.to_owned(), ack.clone())
    }
}

/// Acknowledgements go to their topic, and come from there to every server.
struct ToTopic {
    cluster: Cluster,
    topic: Mutex<Option<AckTopic>>,
}

impl Acks for ToTopic {
    fn add(&self, alert: &str, ack: &Ack) -> Result<(), String> {
        let json = serde_json::to_string(ack).map_err(|error| error.to_string())?;
        let mut topic = self.topic.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match topic.take() {
            Some(open) => Ok(open),
            None => AckTopic::open(&self.cluster),
        };
        let mut open = open.map_err(|error| error.to_string())?;
        // One that has failed is opened anew.
        open.add(alert, &json).map_err(|error| error.to_string())?;
        *topic = Some(open);
        Ok(())
    }
}

/// What is taken in, on its way to the page.
pub struct ToPage {
    shows: Shows,
    feed: Feed,
    batch: Vec<Heard>,
}

impl ToPage {
    /// To this page.
    pub fn new(opened: &Opened) -> ToPage {
        ToPage { shows: opened.shows.clone(), feed: opened.feed.clone(), batch: Vec::new() }
    }

    /// Ports and rules from here on.
    pub fn refer_to(&mut self, made_with: &MadeWith) {
        self.hand_over();
        self.shows.refer_to(&made_with.world);
    }

    /// An entry of the log.
    pub fn hear(&mut self, entry: &Entry) {
        self.batch.extend(heard(entry));
        if self.batch.len() >= BATCH {
            self.hand_over();
        }
    }

    /// Whatever was heard is handed over.
    pub fn hand_over(&mut self) {
        if !self.batch.is_empty() {
            self.feed.heard(std::mem::take(&mut self.batch));
        }
    }
}

fn heard(entry: &Entry) -> Option<Heard> {
    match entry {
        Entry::Transmission(_, transmission) => Some(Heard::Transmission(transmission.clone())),
        Entry::Tick(tick) => Some(Heard::Tick(Arc::clone(tick))),
        Entry::Watermark(t) => Some(Heard::Reached(*t)),
        Entry::Late(_) | Entry::End(_) => None,
    }
}

/// The page as a sink of alerts.
pub fn sink(opened: &Opened) -> Sink {
    Sink::of(Box::new(PageSink(opened.feed.clone(), opened.feed.stored())))
}

/// With what was stored before.
struct PageSink(Feed, u64);

impl Taker for PageSink {
    fn name(&self) -> String {
        "page".to_owned()
    }

    fn take(&mut self, line: &Line) {
        self.0.alerts(vec![line.json.clone()]);
    }

    fn done(&self) -> u64 {
        self.0.stored() - self.1
    }

    fn failed(&self) -> Option<String> {
        self.0.ended()
    }

    fn room(&self) -> usize {
        // While nothing can be stored the journal keeps them.
        if self.0.is_in_trouble() { 0 } else { usize::MAX }
    }
}

/// Feeds the page from the topics until it is asked to end.
pub fn follow(
    opened: &Opened,
    config: &Config,
    cluster: &Cluster,
    interrupt: &Interrupt,
    metrics: &Metrics,
) -> anyhow::Result<()> {
    let (mut places, mut pieces) = (opened.places.clone(), Pieces::default());
    while !interrupt.came() {
        match follow_once(opened, config, cluster, interrupt, (&mut places, &mut pieces, metrics)) {
            Err(error) if kafka::is_of_cluster(&*error) => {
                metrics.ready(NAME, false);
                cli::warn(&format!("page: {error:#}; it is tried again"));
                interrupt.wait(AGAIN);
            }
            ended => ended?,
        }
    }
    Ok(())
}

fn follow_once(
    opened: &Opened,
    config: &Config,
    cluster: &Cluster,
    interrupt: &Interrupt,
    (places, pieces, metrics): (&mut Vec<Place>, &mut Pieces, &Metrics),
) -> anyhow::Result<()> {
    let topics = &cluster.topics;
    let tracks = Duration::from(config.serve.tracks);
    let wanted = [
        (topics.alerts.as_str(), Beginning::First),
        (topics.acks.as_str(), Beginning::First),
        // Older tracks are not kept anyway, as long as it is live.
        (topics.log.as_str(), Beginning::Ago(tracks)),
    ];
    let known = |topic: &str, partition: i32| {
        places
            .iter()
            .find(|place| place.topic == topic && place.partition == partition)
            .map(|place| place.next)
    };
    let mut follower = Follower::open(cluster, &wanted, known)?;
    metrics.ready(NAME, true);
    let mut noted = Instant::now();
    while !interrupt.came() {
        if let Some(why) = opened.feed.ended() {
            anyhow::bail!("{why}");
        }
        let mut failed = Ok(());
        follower.read(WAIT, |record| {
            failed = take(opened, cluster, pieces, record);
            note(places, record);
        })?;
        failed?;
        if noted.elapsed() >= NOTE {
            places.iter().for_each(|place| opened.feed.place(place.clone()));
            noted = Instant::now();
        }
    }
    places.iter().for_each(|place| opened.feed.place(place.clone()));
    Ok(())
}

fn note(places: &mut Vec<Place>, record: &Followed<'_>) {
    let next = record.offset + 1;
    let known =
        places.iter_mut().find(|place| place.partition == record.partition && place.topic == record.topic);
    match known {
        Some(place) => place.next = next,
        None => {
            places.push(Place { topic: record.topic.to_owned(), partition: record.partition, next });
        }
    }
}

fn take(
    opened: &Opened,
    cluster: &Cluster,
    pieces: &mut Pieces,
    record: &Followed<'_>,
) -> anyhow::Result<()> {
    let topics = &cluster.topics;
    let Some(value) = record.value else { return Ok(()) };
    if record.topic == topics.log {
        let mut batch = Vec::new();
        kafka::frames(value, |frame| match frame {
            Frame::Entry(entry) => {
                // Ticks are the same in every partition.
                let is_again = record.partition != 0 && matches!(entry, Entry::Tick(_));
                batch.extend(heard(&entry).filter(|_| !is_again));
            }
            // So are ports and rules; who begins between two pieces waits for the next.
            Frame::Reference(piece) if record.partition == 0 => {
                if let Ok(Some(reference)) = pieces.take(&piece) {
                    let geofence = geofence::Geofence::new(reference.ports);
                    let world = World::new(geofence, reference.rules);
                    opened.shows.refer_to(&Arc::new(world));
                }
            }
            Frame::Reference(_) | Frame::Name(..) | Frame::Round | Frame::Taken(_) => {}
        })?;
        if !batch.is_empty() {
            opened.feed.heard_in_time(batch);
        }
    } else if record.topic == topics.alerts {
        opened.feed.alerts(vec![String::from_utf8_lossy(value).into_owned()]);
    } else {
        let alert = String::from_utf8_lossy(record.key).into_owned();
        match serde_json::from_slice::<Ack>(value) {
            Ok(ack) => opened.feed.ack(alert, ack).map_err(anyhow::Error::msg)?,
            Err(error) => cli::warn(&format!("{}: a record is no acknowledgement: {error}", topics.acks)),
        }
    }
    Ok(())
}
