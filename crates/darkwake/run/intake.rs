//! From what sources hand over to entries of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};

use connect::lines::Line;
use connect::live::splitter::Splitter;
use connect::live::{Event, Peer};
use decode::json::JsonDecoder;
use decode::nmea::NmeaDecoder;
use decode::{Decoded, Settings};
use engine::{Ingest, SourceId};
use model::{EventTime, Fate, Origin, Reason};

use crate::cli;
use crate::config::{Config, LineFormat, SourceConfig, SourceKind};
use crate::shards::Shards;

/// Names of inputs, by number.
pub type Names = Arc<RwLock<Vec<String>>>;

/// Takes in what sources hand over.
pub struct Intake {
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
    ingest: Ingest,
    shards: Shards,
    names: Names,
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

impl Intake {
    /// Takes in for these shards.
    pub fn new(config: &Config, shards: Shards) -> Intake {
        Intake {
            sources: config.live.sources.clone(),
            settings: Settings { latest: EventTime::MAX, tag_checksum: config.input.tag_checksum },
            delay_bound_ms: config.input.delay_bound.ms,
            line_bytes: config.limits.line_bytes,
            streams: BTreeMap::new(),
            ids: BTreeMap::new(),
            ended: BTreeSet::new(),
            awaited: Vec::new(),
            ingest: Ingest::default(),
            shards,
            names: Names::default(),
        }
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
                if self.is_topic(peer.source) {
                    self.awaited.push((peer, whom));
                }
            }
            Event::Bytes(peer, arrival, bytes) => self.read(peer, arrival, &bytes, None),
            Event::Lines(peer, arrival, bytes, number) => {
                if self.is_topic(peer.source) {
                    self.begin_topic(peer.source, arrival);
                }
                self.read(peer, arrival, &bytes, Some(number));
                if self.is_topic(peer.source) {
                    // Records come in the order of their arrival, whatever their partitions.
                    self.pass(arrival, |other| other.source == peer.source);
                }
            }
            Event::Down(peer, why) => {
                cli::warn(&format!("source {}: {why}", self.sources[peer.source as usize].name));
                self.end(peer);
            }
            Event::Trouble(source, why) => {
                cli::warn(&format!("source {}: {why}", self.sources[source as usize].name));
            }
            Event::Ended(source) => {
                self.ended.insert(source);
            }
            Event::CaughtUp(source, now) => {
                self.begin_topic(source, now);
                self.pass(now, |peer| peer.source == source);
            }
            Event::Beat(now) => {
                let topics: Vec<bool> =
                    self.sources.iter().map(|source| source.kind == SourceKind::Kafka).collect();
                // A topic tells its own time: that of its records.
                self.pass(now, |peer| !topics[peer.source as usize]);
                self.shards.round();
            }
        }
    }

    /// Ends all; what is left is told as at the end of files if all sources have ended, and not if they were cut off.
    pub fn finish(mut self) -> (String, anyhow::Result<()>) {
        let peers: Vec<Peer> = self.streams.keys().copied().collect();
        peers.into_iter().for_each(|peer| self.end(peer));
        let is_over = self.is_over();
        let (ingest, shards) = (&mut self.ingest, &mut self.shards);
        if is_over {
            for (id, _) in self.ids.values() {
                ingest.close(*id, &mut |entry| shards.push(entry));
            }
            ingest.end(&mut |entry| shards.push(entry));
        }
        let mut counts = self.ingest.counts().clone();
        let mut outcome = self.shards.finish();
        counts.add(&outcome.counts);
        let rejected: u64 = Reason::ALL.iter().map(|reason| counts.rejected(*reason)).sum();
        let summary = format!("{} lines, {} accepted, {rejected} rejected", counts.total(), counts.accepted);
        (summary, outcome.recorded())
    }

    /// Whether what is handed over is no longer taken, or no longer written down.
    pub fn has_failed(&self) -> bool {
        self.shards.has_failed()
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
        let (ingest, shards) = (&mut self.ingest, &mut self.shards);
        ingest.advance(&mut |entry| shards.push(entry));
    }

    /// The stream of a peer, which begins with what it says first.
    fn stream(&mut self, peer: Peer, arrival: EventTime, whom: Option<&str>) -> &mut Stream {
        let config = &self.sources[peer.source as usize];
        let is_topic = config.kind == SourceKind::Kafka;
        let key = Peer { number: if is_topic { peer.number } else { 0 }, ..peer };
        let bound_ms = config.delay_bound.map_or(self.delay_bound_ms, |bound| bound.ms);
        let (ingest, names, shards) = (&mut self.ingest, &self.names, &mut self.shards);
        let (source, input) = *self.ids.entry(key).or_insert_with(|| {
            let name = if is_topic { whom.unwrap_or(&config.name) } else { &config.name };
            let mut names = names.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            shards.name(names.len() as u32, name);
            names.push(name.to_owned());
            (ingest.add_live(bound_ms, arrival, is_topic), names.len() as u32 - 1)
        });
        let (settings, format, limit) = (self.settings, config.format, self.line_bytes);
        self.streams.entry(peer).or_insert_with(|| Stream {
            decoder: match format {
                LineFormat::Nmea => Decoder::Nmea(Box::new(NmeaDecoder::new(settings, None))),
                LineFormat::Json => Decoder::Json(JsonDecoder::new(settings)),
            },
            splitter: Splitter::new(limit),
            source,
            origin: Origin { input, line: 0 },
        })
    }

    /// Reads bytes; those with a number are whole lines, all with that number.
    fn read(&mut self, peer: Peer, arrival: EventTime, bytes: &[u8], number: Option<u64>) {
        let mut decoded = Vec::new();
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

    fn ingest_all(&mut self, source: SourceId, decoded: Vec<Decoded>) {
        let (ingest, shards) = (&mut self.ingest, &mut self.shards);
        for one in decoded {
            ingest.read(source, one, &mut |entry| shards.push(entry));
        }
    }
}

impl Decoder {
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
