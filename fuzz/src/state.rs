//! What is kept and read back: snapshots, and the log in files and in a topic.

use std::path::Path;
use std::sync::LazyLock;

use connect::kafka::{Segment, frames};
use connect::log::{Frame, LogReader, LogWriter};
use decode::nmea::NmeaDecoder;
use decode::{Decoded, Settings, TagChecksum};
use detect::watch::Rules;
use engine::{Engine, Ingest, Limits, Order, SourceId, World};
use geofence::{Geofence, port_file};
use model::alert::Told;
use model::fate::Counts;
use model::{EventTime, Origin};

/// Of a feed so many lines are read.
const MOST_LINES: usize = 400;
const SETTINGS: Settings =
    Settings { latest: EventTime(4_102_444_800_000), tag_checksum: TagChecksum::Lenient };
const DELAY_MS: i64 = 30_000;
const PORTS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port","radius_km":3,"watch":["dprk"]},
 "geometry":{"type":"Point","coordinates":[130.3,42.2333]}},
{"type":"Feature","properties":{"id":"RUDUN","name":"Dunai","country":"RU","kind":"naval","radius_km":2},
 "geometry":{"type":"Point","coordinates":[132.36,42.89]}}]}"#;

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let geofence = Geofence::new(port_file::read("ports.geojson", PORTS).ports);
    World::new(geofence, Rules { tells_all_facts: true, ..Rules::default() })
});

/// The whole way of a feed: decoder, ingest, engine.
struct Run {
    decoder: NmeaDecoder,
    ingest: Ingest,
    source: SourceId,
    engine: Engine,
    told: Vec<Told>,
}

impl Run {
    fn new() -> Run {
        let mut ingest = Ingest::new(&Limits::default());
        let source = ingest.add(Order::Bounded { bound_ms: DELAY_MS }, EventTime::MIN);
        let engine = Engine::new(Limits::default(), 0);
        Run { decoder: NmeaDecoder::new(SETTINGS, None), ingest, source, engine, told: Vec::new() }
    }

    /// As it is after it was written and read back.
    fn restored(self) -> Run {
        let [engine, ingest, decoder] = self.written();
        Run {
            decoder: postcard::from_bytes(&decoder).expect("what was written is read"),
            ingest: Ingest::restore(&ingest).expect("what was written is read"),
            engine: Engine::restore(&engine).expect("what was written is read"),
            ..self
        }
    }

    fn written(&self) -> [Vec<u8>; 3] {
        [
            self.engine.snapshot().expect("an engine can be written"),
            self.ingest.snapshot().expect("ingest can be written"),
            postcard::to_allocvec(&self.decoder).expect("a decoder can be written"),
        ]
    }

    fn read(&mut self, line: &[u8], number: usize) {
        let mut decoded = Vec::new();
        let origin = Origin { input: 0, line: number as u64 };
        self.decoder.decode(line, origin, &mut |one| decoded.push(one));
        self.take(decoded);
    }

    fn take(&mut self, decoded: Vec<Decoded>) {
        let (engine, told) = (&mut self.engine, &mut self.told);
        for one in decoded {
            self.ingest.read(self.source, one, &mut |entry| engine.push(entry, &WORLD, told));
        }
        self.ingest.advance(&mut |entry| engine.push(entry, &WORLD, told));
    }

    fn finish(mut self) -> (Vec<Told>, Counts) {
        let mut decoded = Vec::new();
        self.decoder.finish(&mut |one| decoded.push(one));
        self.take(decoded);
        let (engine, told) = (&mut self.engine, &mut self.told);
        self.ingest.close(self.source, &mut |entry| engine.push(entry, &WORLD, told));
        self.ingest.end(&mut |entry| engine.push(entry, &WORLD, told));
        let mut counts = self.ingest.counts().clone();
        counts.add(self.engine.counts());
        (self.told, counts)
    }
}

/// Runs a feed; after the line of this number all is written and read back.
fn run(feed: &[u8], cut: Option<usize>) -> (Vec<Told>, Counts) {
    let mut run = Run::new();
    for (number, line) in feed.split(|byte| *byte == b'\n').take(MOST_LINES).enumerate() {
        run.read(line, number);
        if cut == Some(number) {
            run = run.restored();
        }
    }
    run.finish()
}

/// Lines of a feed: what is told does not hang on whether all was written and read back on the way.
pub fn resume(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').take(MOST_LINES).count();
    let cut = data.first().map_or(0, |byte| usize::from(*byte) % lines);
    assert_eq!(run(data, Some(cut)), run(data, None), "cut after line {cut}");
}

/// What is known half way through a feed and at its end, as bytes.
pub fn snapshots(feed: &[u8]) -> Vec<Vec<u8>> {
    let mut run = Run::new();
    let lines: Vec<&[u8]> = feed.split(|byte| *byte == b'\n').take(MOST_LINES).collect();
    let mut all = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        run.read(line, number);
        if number == lines.len() / 2 || number + 1 == lines.len() {
            all.extend(run.written());
        }
    }
    all
}

/// Bytes of the version of a snapshot.
const VERSION_BYTES: usize = 4;

/// Bytes that may be a snapshot, whatever their version: an error, or a state that is written and read back as the same.
pub fn snapshot(data: &[u8]) {
    if let Ok(decoder) = postcard::from_bytes::<NmeaDecoder>(data) {
        let written = postcard::to_allocvec(&decoder).expect("a decoder can be written");
        let again: NmeaDecoder = postcard::from_bytes(&written).expect("what was written is read");
        assert_eq!(postcard::to_allocvec(&again).map(|bytes| bytes.len()), Ok(written.len()));
    }
    let Some(body) = data.get(VERSION_BYTES..) else { return };
    let now = Ingest::new(&Limits::default()).snapshot().expect("ingest can be written");
    let data = [&now[..VERSION_BYTES], body].concat();
    // Maps are written in any order: the length tells.
    if let Ok(ingest) = Ingest::restore(&data) {
        let written = ingest.snapshot().expect("ingest can be written");
        let again = Ingest::restore(&written).expect("what was written is read");
        assert_eq!(again.snapshot().expect("ingest can be written").len(), written.len());
        assert_eq!((again.counts(), again.highest()), (ingest.counts(), ingest.highest()));
    }
    if let Ok(engine) = Engine::restore(&data) {
        let written = engine.snapshot().expect("an engine can be written");
        let again = Engine::restore(&written).expect("what was written is read");
        assert_eq!(again.snapshot().expect("an engine can be written").len(), written.len());
        assert_eq!((again.counts(), again.watermark()), (engine.counts(), engine.watermark()));
        assert_eq!((again.ships(), again.held()), (engine.ships(), engine.held()));
    }
}

/// Bytes that may be a file of the log, as they are and with hashes that are right: what is read is written and read
/// back as the same.
pub fn log_segment(data: &[u8]) {
    for bytes in [data.to_vec(), with_hashes(data)] {
        let read = read_segment(&bytes);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut log = LogWriter::create(folder.path()).expect("a log can be begun");
        read.iter().for_each(|frame| log.write(frame).expect("a log can be written"));
        log.flush().expect("a log can be written");
        let again = read_log(folder.path());
        assert_eq!(written(&again), written(&read));
    }
}

/// Frames as bytes: what is no number in them is not equal to itself.
fn written(frames: &[Frame]) -> Vec<u8> {
    postcard::to_allocvec(frames).expect("frames can be written")
}

fn read_segment(bytes: &[u8]) -> Vec<Frame> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("000001.dwlog"), bytes).expect("a temporary file");
    read_log(folder.path())
}

/// The frames of a log up to the first that cannot be read.
fn read_log(folder: &Path) -> Vec<Frame> {
    let Ok(mut log) = LogReader::open(folder) else { return Vec::new() };
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = log.next_frame() {
        frames.push(frame);
    }
    frames
}

/// Bytes of the header of a file of the log; then each frame has its length, its hash, and its body.
const HEADER_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;
const HASH_BYTES: usize = 8;

fn with_hashes(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    let mut at = HEADER_BYTES;
    while let Some(length) = data.get(at..).and_then(|rest| rest.first_chunk::<LENGTH_BYTES>()) {
        let body = at + LENGTH_BYTES + HASH_BYTES;
        let end = body.saturating_add(u32::from_le_bytes(*length) as usize);
        let Some(bytes) = data.get(body..end) else { break };
        let hash = model::hash::bytes(0, bytes).to_le_bytes();
        data[at + LENGTH_BYTES..body].copy_from_slice(&hash);
        at = end;
    }
    data
}

/// Bytes that may be a record of the log in a topic: what is read is written and read back as the same.
pub fn log_record(data: &[u8]) {
    let (mut read, mut again) = (Vec::new(), Vec::new());
    let _ = frames(data, |frame| read.push(frame));
    let mut segment = Segment::default();
    for frame in &read {
        segment.push(frame).expect("a frame can be written");
    }
    for record in segment.take() {
        frames(&record, |frame| again.push(frame)).expect("what was written is read");
    }
    assert_eq!(written(&again), written(&read));
}
