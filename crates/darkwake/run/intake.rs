//! From what sources hand over to entries of the log.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use connect::kafka::Properties;
use connect::lines::Line;
use connect::live::splitter::Splitter;
use connect::live::{Again, Event, Peer, Positions, Record};
use connect::log::{Reference, Step, Taken};
use decode::json::JsonDecoder;
use decode::nmea::NmeaDecoder;
use decode::{Decoded, Settings};
use engine::{Ingest, SnapshotError, SourceId};
use model::fate::Counts;
use model::{EventTime, Fate, Origin, Reason};
use serde::{Deserialize, Serialize};

use crate::cli;
use crate::config::{Config, LineFormat, SourceConfig, SourceKind};
use crate::metrics::{Arrivals, Metrics};

/// Names of inputs, by number.
pub type Names = Arc<RwLock<Vec<String>>>;

/// What carries the log.
pub trait Log {
    /// The input with this number is called so.
    fn name(&mut self, number: u32, name: &str);
    /// An entry.
    fn push(&mut self, entry: engine::Entry);
    /// What is told up to here is to be handed on.
    fn round(&mut self) {}
    /// This was taken from a topic for it.
    fn took(&mut self, _: Step) {}
    /// What is given from now on was written by somebody before, or no longer.
    fn mute(&mut self, is_muted: bool);
    /// Ports and rules for the entries that follow.
    fn refer_to(&mut self, reference: Reference) -> std::io::Result<()>;
    /// Those that hold, if any were given yet.
    fn reference(&self) -> Option<&Reference>;
    /// How far it has come.
    fn reached(&self) -> EventTime;
}

/// What was taken from topics for a part of the log.
#[derive(Debug, Default)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// Adds a step; records of a partition that follow each other are one.
    pub fn push(&mut self, step: Step) {
        if let (
            Step::Records { source, partition, next },
            Some(Step::Records { source: of, partition: at, next: last }),
        ) = (&step, self.0.last_mut())
            && (source, partition) == (&*of, &*at)
        {
            *last = *next;
        } else {
            self.0.push(step);
        }
    }

    /// Whether nothing was taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes them out.
    pub fn take(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.0)
    }
}

/// Takes in what sources hand over.
pub struct Intake<L> {
    sources: Vec<SourceConfig>,
    settings: Settings,
    delay_bound_ms: i64,
    line_bytes: usize,
    streams: BTreeMap<Peer, Stream>,
    /// Of a topic one for each partition, else one for each source.
    ids: BTreeMap<Peer, (SourceId, u32)>,
    ended: BTreeSet<u32>,
    /// Partitions of topics of which nothing was read yet.
    awaited: Vec<(Peer, String)>,
    /// What is read next of topics.
    positions: BTreeMap<Peer, u64>,
    ingest: Ingest,
    log: L,
    names: Names,
    /// What the sources of what was known are now.
    places: Vec<Option<u32>>,
    metrics: Arc<Metrics>,
    /// By source.
    arrivals: Vec<Arrivals>,
}

/// What is known of topics that are read, to go on with later.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    /// Sources by number, with their topics: another configuration may have others.
    sources: Vec<(String, Option<String>)>,
    streams: Vec<SavedStream>,
    ids: BTreeMap<Peer, (SourceId, u32)>,
    awaited: Vec<(Peer, String)>,
    positions: BTreeMap<Peer, u64>,
    names: Vec<String>,
    ingest: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedStream {
    peer: Peer,
    source: SourceId,
    origin: Origin,
    nmea: Option<Box<NmeaDecoder>>,
}

/// Lines that belong together.
struct Stream {
    decoder: Decoder,
    splitter: Splitter,
    source: SourceId,
    origin: Origin,
}

enum Decoder {
    Nmea(Box<NmeaDecoder>),
    Json(JsonDecoder),
}

impl<L: Log> Intake<L> {
    /// Takes in for this log.
    pub fn new(config: &Config, log: L, metrics: &Arc<Metrics>) -> Intake<L> {
        config.live.sources.iter().for_each(|source| metrics.knows(&source.name));
        Intake {
            sources: config.live.sources.clone(),
            settings: Settings { latest: EventTime::MAX, tag_checksum: config.input.tag_checksum },
            delay_bound_ms: config.input.delay_bound.ms,
            line_bytes: config.limits.line_bytes,
            streams: BTreeMap::new(),
            ids: BTreeMap::new(),
            ended: BTreeSet::new(),
            awaited: Vec::new(),
            positions: BTreeMap::new(),
            ingest: Ingest::new(&config.limits.of_core()),
            log,
            names: Names::default(),
            places: Vec::new(),
            metrics: Arc::clone(metrics),
            arrivals: config.live.sources.iter().map(|source| metrics.arrivals(&source.name)).collect(),
        }
    }

    /// What is known of topics: connections do not outlive the program.
    ///
    /// # Errors
    /// Only if memory for it cannot be had.
    pub fn save(&self) -> Result<Saved, SnapshotError> {
        let streams = self.streams.iter().filter(|(peer, _)| self.is_topic(peer.source));
        let saved = |(peer, stream): (&Peer, &Stream)| SavedStream {
            peer: *peer,
            source: stream.source,
            origin: stream.origin,
            nmea: match &stream.decoder {
                Decoder::Nmea(nmea) => Some(nmea.clone()),
                Decoder::Json(_) => None,
            },
        };
        Ok(Saved {
            sources: self.sources.iter().map(|source| (source.name.clone(), source.topic.clone())).collect(),
            streams: streams.map(saved).collect(),
            ids: self.ids.clone(),
            awaited: self.awaited.clone(),
            positions: self.positions.clone(),
            names: self.names().read().unwrap_or_else(PoisonError::into_inner).clone(),
            ingest: self.ingest.snapshot()?,
        })
    }

    /// Goes on with what was known. Sources are known again by their names; those that are no more are ended.
    ///
    /// # Errors
    /// If it is of another version, or damaged.
    pub fn restore(&mut self, saved: Saved) -> Result<(), SnapshotError> {
        let places: Vec<Option<u32>> = saved.sources.iter().map(|source| self.place(source)).collect();
        let now = |peer: Peer| {
            let source = places.get(peer.source as usize).copied().flatten()?;
            Some(Peer { source, number: peer.number })
        };
        self.ingest = Ingest::restore(&saved.ingest)?;
        let log = &mut self.log;
        for (peer, (id, input)) in saved.ids {
            match now(peer) {
                Some(peer) => drop(self.ids.insert(peer, (id, input))),
                None => self.ingest.close(id, &mut |entry| log.push(entry)),
            }
        }
        self.positions =
            saved.positions.into_iter().filter_map(|(peer, next)| Some((now(peer)?, next))).collect();
        self.awaited =
            saved.awaited.into_iter().filter_map(|(peer, name)| Some((now(peer)?, name))).collect();
        for SavedStream { peer, source, origin, nmea } in saved.streams {
            let Some(peer) = now(peer) else { continue };
            let decoder = match (nmea, self.sources[peer.source as usize].format) {
                (Some(nmea), LineFormat::Nmea) => Decoder::Nmea(nmea),
                (_, format) => Decoder::new(format, self.settings),
            };
            let splitter = Splitter::new(self.line_bytes);
            self.streams.insert(peer, Stream { decoder, splitter, source, origin });
        }
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = saved.names;
        self.places = places;
        self.metrics.counted_before("ingest", self.ingest.counts());
        Ok(())
    }

    /// The number of a source, if it is there and is of the same topic.
    fn place(&self, (name, topic): &(String, Option<String>)) -> Option<u32> {
        let at = self.sources.iter().position(|source| source.name == *name && source.topic == *topic)?;
        Some(at as u32)
    }

    /// What is read next of a topic.
    pub fn positions(&self, source: u32) -> Positions {
        let of = self.positions.iter().filter(|(peer, _)| peer.source == source);
        of.map(|(peer, next)| (peer.number, *next)).collect()
    }

    /// Knows again what was known after parts of the log: takes from topics what was taken for them, without telling it.
    ///
    /// # Errors
    /// If a topic cannot be read.
    pub fn take_again(
        &mut self,
        parts: Vec<Taken>,
        properties: &Properties,
        is_over: &dyn Fn() -> bool,
    ) -> anyhow::Result<()> {
        self.log.mute(true);
        let places = std::mem::take(&mut self.places);
        // Without anything known before there is no other order of sources.
        let now = |source: u32| places.get(source as usize).copied().unwrap_or(Some(source));
        let reached = parts.last().map(|part| part.reached);
        let mut topics: BTreeMap<u32, Again> = BTreeMap::new();
        for step in parts.into_iter().flat_map(|part| part.steps) {
            match step {
                Step::Found { source, partition, name } => {
                    if let Some(source) = now(source) {
                        self.await_partition(Peer { source, number: partition }, name);
                    }
                }
                Step::CaughtUp { source, by } => {
                    if let Some(source) = now(source) {
                        self.take(Event::CaughtUp(source, by));
                    }
                }
                Step::Records { source, partition, next } => {
                    let Some(source) = now(source) else { continue };
                    let Some(config) = self.sources.get(source as usize) else { continue };
                    let (peer, name) = (Peer { source, number: partition }, config.name.clone());
                    let topic = match topics.entry(source) {
                        Entry::Occupied(topic) => topic.into_mut(),
                        Entry::Vacant(place) => {
                            let topic = config.topic.as_deref().unwrap_or_default();
                            let from = self.positions(source);
                            place.insert(Again::open(properties, topic, &from)?)
                        }
                    };
                    while let Some(record) = topic.next(partition, next, is_over)? {
                        self.record(peer, &record);
                    }
                    if self.positions.get(&peer) != Some(&next) {
                        cli::warn(&format!(
                            "source {name}: records of partition {partition} before {next} are gone, and what was \
                             known of them is lost"
                        ));
                    }
                }
            }
        }
        if let Some(reached) = reached {
            self.ingest.resume(reached);
        }
        self.log.mute(false);
        Ok(())
    }

    /// Tells nothing again that was told up to this time.
    pub fn resume(&mut self, reached: EventTime) {
        self.ingest.resume(reached);
    }

    /// An input that was named since what is known was written down.
    pub fn call(&mut self, number: u32, name: String) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        connect::log::name(&mut names, number, name);
    }

    /// The log.
    pub fn log(&mut self) -> &mut L {
        &mut self.log
    }

    /// The names of inputs, as far as they are known by then.
    pub fn names(&self) -> Names {
        Arc::clone(&self.names)
    }

    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        self.ended.len() == self.sources.len()
    }

    /// Takes what a source hands over.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Up(peer, whom) => {
                let name = &self.sources[peer.source as usize].name;
                cli::talk(&format!("source {name}: {whom} is there"));
                self.metrics.up(name, 1);
                if self.is_topic(peer.source) {
                    self.await_partition(peer, whom);
                }
            }
            Event::Bytes(peer, arrival, bytes) => self.read(peer, arrival, &bytes, None),
            Event::Lines(peer, arrival, bytes, number) => self.read(peer, arrival, &bytes, Some(number)),
            Event::Records(records) => {
                records.iter().for_each(|(peer, record)| self.record(*peer, record));
            }
            Event::Down(peer, why) => {
                let name = &self.sources[peer.source as usize].name;
                cli::warn(&format!("source {name}: {why}"));
                self.metrics.up(name, -1);
                self.end(peer);
            }
            Event::Trouble(source, why) => {
                let name = &self.sources[source as usize].name;
                cli::warn(&format!("source {name}: {why}"));
                self.metrics.trouble(name);
            }
            Event::Ended(source) => {
                self.ended.insert(source);
            }
            Event::CaughtUp(source, now) => {
                self.log.took(Step::CaughtUp { source, by: now });
                self.begin_topic(source, now);
                self.pass(now, |peer| peer.source == source);
            }
            Event::Beat(now) => {
                let topics: Vec<bool> =
                    self.sources.iter().map(|source| source.kind == SourceKind::Kafka).collect();
                // A topic tells its own time: that of its records.
                self.pass(now, |peer| !topics[peer.source as usize]);
                self.log.round();
                self.measure();
            }
        }
    }

    /// Takes a record of a topic.
    fn record(&mut self, peer: Peer, Record { arrival, offset, bytes }: &Record) {
        self.begin_topic(peer.source, *arrival);
        let (source, partition, next) = (peer.source, peer.number, offset + 1);
        self.log.took(Step::Records { source, partition, next });
        self.positions.insert(peer, next);
        self.read(peer, *arrival, bytes, Some(*offset));
        // Records come in the order of their arrival, whatever their partitions.
        self.pass(*arrival, |other| other.source == peer.source);
    }

    /// Leaves all as it is. What became of the lines that went no further, and the log.
    pub fn leave(self) -> (Counts, L) {
        (self.ingest.counts().clone(), self.log)
    }

    /// Ends all; what is left is told as at the end of files if all sources have ended, and not if they were cut off.
    /// What became of the lines that went no further, and the log.
    pub fn finish(mut self) -> (Counts, L) {
        let peers: Vec<Peer> = self.streams.keys().copied().collect();
        peers.into_iter().for_each(|peer| self.end(peer));
        let is_over = self.is_over();
        let (ingest, log) = (&mut self.ingest, &mut self.log);
        if is_over {
            for (id, _) in self.ids.values() {
                ingest.close(*id, &mut |entry| log.push(entry));
            }
            ingest.end(&mut |entry| log.push(entry));
        }
        (self.ingest.counts().clone(), self.log)
    }

    fn measure(&self) {
        // Of a topic the partition that is farthest behind, of those that are waited for if any is.
        let mut reached: BTreeMap<u32, (bool, EventTime)> = BTreeMap::new();
        for (peer, (id, _)) in &self.ids {
            let (holds, watermark) = (self.ingest.holds(*id), self.ingest.watermark_of(*id));
            let of = reached.entry(peer.source).or_insert((holds, watermark));
            let is_nearer = if holds == of.0 { watermark < of.1 } else { holds };
            if is_nearer {
                *of = (holds, watermark);
            }
        }
        for (source, (holds, watermark)) in reached {
            self.metrics.reached(&self.sources[source as usize].name, watermark, holds);
        }
        self.metrics.counted("ingest", self.ingest.counts());
        self.metrics.unwatched(self.ingest.unwatched());
    }

    /// Time passes for some sources.
    fn pass(&mut self, now: EventTime, is_of: impl Fn(&Peer) -> bool) {
        for (_, (id, _)) in self.ids.iter().filter(|(peer, _)| is_of(peer)) {
            self.ingest.pass(*id, now);
        }
        self.advance();
    }

    fn is_topic(&self, source: u32) -> bool {
        self.sources[source as usize].kind == SourceKind::Kafka
    }

    /// Ends all connections; topics go on later.
    pub fn end_connections(&mut self) {
        let peers: Vec<Peer> =
            self.streams.keys().copied().filter(|peer| !self.is_topic(peer.source)).collect();
        peers.into_iter().for_each(|peer| self.end(peer));
    }

    /// A partition is waited for, unless it is known already.
    pub fn await_partition(&mut self, peer: Peer, whom: String) {
        let is_known = self.ids.contains_key(&peer) || self.awaited.iter().any(|(other, _)| *other == peer);
        if !is_known {
            let (source, partition, name) = (peer.source, peer.number, whom.clone());
            self.log.took(Step::Found { source, partition, name });
            self.awaited.push((peer, whom));
        }
    }

    /// All partitions of a topic are awaited from the time on at which the first of its records arrived.
    fn begin_topic(&mut self, source: u32, arrival: EventTime) {
        let (begun, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.awaited).into_iter().partition(|(peer, _)| peer.source == source);
        self.awaited = others;
        for (peer, whom) in begun {
            self.stream(peer, arrival, Some(&whom));
        }
    }

    fn advance(&mut self) {
        let (ingest, log) = (&mut self.ingest, &mut self.log);
        ingest.advance(&mut |entry| log.push(entry));
    }

    /// The stream of a peer, which begins with what it says first.
    fn stream(&mut self, peer: Peer, arrival: EventTime, whom: Option<&str>) -> &mut Stream {
        let config = &self.sources[peer.source as usize];
        let is_topic = config.kind == SourceKind::Kafka;
        let key = Peer { number: if is_topic { peer.number } else { 0 }, ..peer };
        let bound_ms = config.delay_bound.map_or(self.delay_bound_ms, |bound| bound.ms);
        let (ingest, names, log) = (&mut self.ingest, &self.names, &mut self.log);
        let (source, input) = *self.ids.entry(key).or_insert_with(|| {
            let name = if is_topic { whom.unwrap_or(&config.name) } else { &config.name };
            let mut names = names.write().unwrap_or_else(PoisonError::into_inner);
            log.name(names.len() as u32, name);
            names.push(name.to_owned());
            (ingest.add_live(bound_ms, arrival, is_topic), names.len() as u32 - 1)
        });
        let (settings, format, limit) = (self.settings, config.format, self.line_bytes);
        self.streams.entry(peer).or_insert_with(|| Stream {
            decoder: Decoder::new(format, settings),
            splitter: Splitter::new(limit),
            source,
            origin: Origin { input, line: 0 },
        })
    }

    /// Reads bytes; those with a number are whole lines, all with that number.
    fn read(&mut self, peer: Peer, arrival: EventTime, bytes: &[u8], number: Option<u64>) {
        let mut decoded = Vec::new();
        self.arrivals[peer.source as usize].add(bytes.len(), arrival);
        let stream = self.stream(peer, arrival, None);
        stream.decoder.arrive(arrival);
        let Stream { decoder, splitter, origin, source, .. } = stream;
        let source = *source;
        let mut each = |line: Line<'_>| {
            origin.line = number.unwrap_or(origin.line + 1);
            decoder.decode(&line, *origin, &mut |one| decoded.push(one));
        };
        splitter.push(bytes, &mut each);
        if number.is_some() {
            splitter.finish(&mut each);
        }
        self.ingest.arrive(source, arrival);
        self.ingest_all(source, decoded);
        self.advance();
    }

    fn end(&mut self, peer: Peer) {
        let Some(mut stream) = self.streams.remove(&peer) else { return };
        let mut decoded = Vec::new();
        let Stream { decoder, splitter, origin, source } = &mut stream;
        splitter.finish(&mut |line| {
            origin.line += 1;
            decoder.decode(&line, *origin, &mut |one| decoded.push(one));
        });
        if let Decoder::Nmea(nmea) = decoder {
            nmea.finish(&mut |one| decoded.push(one));
        }
        let source = *source;
        self.ingest_all(source, decoded);
        self.advance();
    }

    fn ingest_all(&mut self, source: SourceId, mut decoded: Vec<Decoded>) {
        let (ingest, log) = (&mut self.ingest, &mut self.log);
        ingest.read_all(source, &mut decoded, &mut |entry| log.push(entry));
    }
}

impl Decoder {
    fn new(format: LineFormat, settings: Settings) -> Decoder {
        match format {
            LineFormat::Nmea => Decoder::Nmea(Box::new(NmeaDecoder::new(settings, None))),
            LineFormat::Json => Decoder::Json(JsonDecoder::new(settings)),
        }
    }

    fn arrive(&mut self, t: EventTime) {
        match self {
            Decoder::Nmea(nmea) => nmea.arrive(t),
            Decoder::Json(json) => json.arrive(t),
        }
    }

    fn decode(&mut self, line: &Line<'_>, origin: Origin, out: &mut impl FnMut(Decoded)) {
        match (self, line) {
            (_, Line::TooLong) => out(Decoded::line(Fate::Rejected(Reason::Malformed), origin)),
            (Decoder::Nmea(nmea), Line::Text(text)) => nmea.decode(text, origin, out),
            (Decoder::Json(json), Line::Text(text)) => out(json.decode(text, origin)),
        }
    }
}
