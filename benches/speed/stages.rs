//! The way of a line through the core on one thread, up to some stage.

use std::hint::black_box;
use std::sync::LazyLock;

use decode::nmea::NmeaDecoder;
use decode::table::TableDecoder;
use decode::{Content, Decoded, Settings, TagChecksum};
use detect::reception::{IntervalGroup, Observation, Presence, bin_of};
use detect::watch::Rules;
use engine::{BUCKETS, Engine, Entry, Ingest, Limits, Order, SourceId, World};
use geofence::Geofence;
use geofence::sea::Sea;
use model::alert::Told;
use model::roster::Hint;
use model::{EventTime, Origin, Position, Transmission};
use reorder::Hold;

use super::lines::each_line;

/// What is measured allocates as the program does.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Lines read before the watermark is looked at, as `darkwake replay` does.
const TURN_LINES: u64 = 512;
/// How far out of order lines may come, the default of the configuration.
const BOUND_MS: i64 = 30_000;
const SETTINGS: Settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };

/// With the built-in ports.
pub static WORLD: LazyLock<World> = LazyLock::new(|| world(Geofence::new(connect::ports::built_in().ports)));

/// A world with other ports.
pub fn world(geofence: Geofence) -> World {
    // Now, so that it is no part of what is measured.
    Sea::built_in();
    World::new(geofence, Rules::default())
}

/// What the lines of a feed are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Sentences.
    Nmea,
    /// Rows under this header.
    Table(&'static str),
}

/// How far lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Bytes to reports.
    Decode,
    /// … their order, receivers and clocks, and what they say of reception.
    Ingest,
    /// … held until their time has come.
    Hold,
    /// … copies, tracks, ports, facts and judgements.
    Whole,
}

impl Stage {
    /// In the order of the way.
    pub const ALL: [Stage; 4] = [Stage::Decode, Stage::Ingest, Stage::Hold, Stage::Whole];

    /// How the work is called that it adds to the one before.
    pub fn work(self) -> &'static str {
        match self {
            Stage::Decode => "lines, decode",
            Stage::Ingest => "order, receivers, reception",
            Stage::Hold => "hold",
            Stage::Whole => "copies, tracks, ports, detect",
        }
    }
}

enum Decoder {
    Nmea(Box<NmeaDecoder>),
    Table(Box<TableDecoder>),
}

impl Decoder {
    fn new(format: Format) -> Decoder {
        match format {
            Format::Nmea => Decoder::Nmea(Box::new(NmeaDecoder::new(SETTINGS, None))),
            Format::Table(header) => {
                let table = TableDecoder::from_header(header.as_bytes(), None, SETTINGS);
                Decoder::Table(Box::new(table.expect("a known header")))
            }
        }
    }

    #[inline]
    fn decode(&mut self, line: &[u8], origin: Origin, out: &mut impl FnMut(Decoded)) {
        match self {
            Decoder::Nmea(nmea) => nmea.decode(line, origin, out),
            Decoder::Table(table) => out(table.decode(line, origin)),
        }
    }
}

/// The core up to a stage, with all that it remembers.
pub struct Way<'a> {
    stage: Stage,
    /// Needed for the whole way only.
    world: Option<&'a World>,
    decoder: Decoder,
    origin: Origin,
    ingest: Ingest,
    source: SourceId,
    hold: Hold<Transmission>,
    engine: Engine,
    fresh: Vec<Told>,
    turn: Vec<Decoded>,
}

impl<'a> Way<'a> {
    /// One that has read nothing.
    pub fn new(format: Format, stage: Stage, world: Option<&'a World>) -> Way<'a> {
        let mut ingest = Ingest::new(&Limits::default());
        let order = match format {
            Format::Nmea => Order::Bounded { bound_ms: BOUND_MS },
            Format::Table(_) => Order::Sorted,
        };
        let source = ingest.add(order, EventTime::MIN);
        Way {
            stage,
            world,
            decoder: Decoder::new(format),
            origin: Origin::default(),
            ingest,
            source,
            hold: Hold::default(),
            engine: Engine::new(Limits::default(), 0),
            fresh: Vec::new(),
            turn: Vec::new(),
        }
    }

    /// Lines accepted so far; only the whole way knows.
    pub fn accepted(&self) -> u64 {
        self.engine.counts().accepted
    }

    /// Ships remembered.
    pub fn ships(&self) -> usize {
        self.engine.ships()
    }

    /// Takes lines in, each with its end.
    pub fn read(&mut self, lines: &[u8]) {
        let Way { stage, world, decoder, origin, ingest, source, hold, engine, fresh, turn } = self;
        let (stage, source, world) = (*stage, *source, *world);
        let mut push = |entry: Entry| match stage {
            Stage::Decode | Stage::Ingest => {
                black_box(entry);
            }
            Stage::Hold => keep(entry, hold),
            Stage::Whole => {
                if let Some(world) = world {
                    engine.push(entry, world, fresh);
                }
                black_box(fresh.len());
                fresh.clear();
            }
        };
        each_line(lines, |line| {
            origin.line += 1;
            decoder.decode(line, *origin, &mut |decoded| {
                if stage == Stage::Decode {
                    black_box(decoded);
                } else {
                    turn.push(decoded);
                }
            });
            if origin.line.is_multiple_of(TURN_LINES) && stage != Stage::Decode {
                ingest.read_all(source, turn, &mut push);
                ingest.advance(&mut push);
            }
        });
        ingest.read_all(source, turn, &mut push);
    }
}

/// What an engine does with an entry before it looks at it.
fn keep(entry: Entry, hold: &mut Hold<Transmission>) {
    match entry {
        Entry::Transmission(key, transmission) => hold.push(key, transmission),
        Entry::Watermark(watermark) => {
            while let Some(due) = hold.pop(watermark) {
                black_box(due);
            }
        }
        Entry::Late(place) => {
            while let Some(due) = hold.pop_with_late(place) {
                black_box(due);
            }
        }
        Entry::Tick(_) | Entry::End(_) => {}
    }
}

/// What stages that are measured by themselves are given: made of the lines beforehand.
#[derive(Default)]
pub struct Seen {
    /// Where ships report from.
    pub positions: Vec<(Position, EventTime)>,
    /// What reception is told of.
    pub observations: Vec<Observation>,
}

/// Decodes lines for them.
pub struct Looker(Decoder);

impl Looker {
    /// One that has read nothing.
    pub fn new(format: Format) -> Looker {
        Looker(Decoder::new(format))
    }

    /// What is in these lines.
    pub fn look(&mut self, lines: &[u8], seen: &mut Seen) {
        seen.positions.clear();
        seen.observations.clear();
        each_line(lines, |line| {
            self.0.decode(line, Origin::default(), &mut |decoded| {
                let station = decoded.station;
                if let Content::Transmission(Transmission::Position(report)) = decoded.content {
                    let class = report.kind.class();
                    seen.positions.push((report.position, report.t));
                    seen.observations.push(Observation {
                        source: 0,
                        station,
                        mmsi: report.mmsi,
                        class,
                        t: report.t,
                        position: report.position,
                        group: IntervalGroup::of(class, report.sog, report.nav_status),
                    });
                }
            });
        });
    }
}

/// Which ships are heard where, by itself.
pub struct Reception {
    presence: Presence,
    bin: Option<i64>,
}

impl Reception {
    /// One that has heard nothing.
    pub fn new() -> Reception {
        Reception { presence: Presence::new(Limits::default().ships_per_bucket * BUCKETS), bin: None }
    }

    /// Takes reports in.
    pub fn hear(&mut self, seen: &Seen) {
        /// So far ahead memory is fetched, in two steps, as ingest does.
        const AHEAD: usize = 8;
        let all = &seen.observations;
        let mut ships = vec![Hint::default(); all.len()];
        for (at, observation) in all.iter().enumerate() {
            if let Some(later) = all.get(at + 2 * AHEAD) {
                self.presence.fetch(later.source, later.mmsi);
            }
            if let Some(later) = all.get(at + AHEAD) {
                ships[at + AHEAD] = self.presence.fetch_ship(later.source, later.mmsi);
            }
            self.presence.observe(observation, ships[at]);
            let bin = bin_of(observation.t);
            if self.bin.is_none_or(|last| last < bin) {
                self.bin = Some(bin);
                while let Some(tick) = self.presence.advance(EventTime(observation.t.0 - BOUND_MS)) {
                    black_box(tick);
                }
            }
        }
    }
}
