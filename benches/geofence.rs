//! Which ports hold a position: time per look-up over the built-in ports, against an R-tree with
//! `geo` in the same run.
//!
//! Each iteration is one look-up, so the table shows nanoseconds per look-up. `Sea` is more than
//! 10 km from every port, `Mixed` is where the ships of the scenario `rajin` report from, `Port` is
//! within a port.

use std::hint::black_box;
use std::sync::LazyLock;

use decode::nmea::NmeaDecoder;
use decode::{Content, Settings, TagChecksum};
use divan::Bencher;
use divan::counter::ItemsCount;
use geofence::Geofence;
use model::{EventTime, Origin, Position, Transmission};
use sim::random::Random;

#[path = "../tests/geofence_oracle/areas.rs"]
mod areas;

use areas::Areas;

/// Positions of each kind.
const POSITIONS: usize = 20_000;
/// Look-ups of one sample.
const SAMPLE: u32 = 10_000;
/// All built-in ports are valid at any time.
const NOW: EventTime = EventTime(1_696_118_400_000);

static GEOFENCE: LazyLock<Geofence> = LazyLock::new(|| Geofence::new(connect::ports::built_in().ports));
static AREAS: LazyLock<Areas> = LazyLock::new(|| Areas::new(&GEOFENCE.ports().list));

/// Where.
#[derive(Clone, Copy, Debug)]
enum Place {
    Sea,
    Mixed,
    Port,
}

impl Place {
    const ALL: [Place; 3] = [Place::Sea, Place::Mixed, Place::Port];

    fn positions(self) -> Vec<Position> {
        match self {
            Place::Sea => scattered(|at| GEOFENCE.is_open_sea(at)),
            Place::Port => scattered(|at| !GEOFENCE.inside(at, NOW).is_empty()),
            Place::Mixed => reported(),
        }
    }
}

/// Positions around random ports, up to a degree away, as far as `wanted`.
fn scattered(wanted: impl Fn(Position) -> bool) -> Vec<Position> {
    let mut random = Random::new(1);
    let mut positions = Vec::new();
    while positions.len() < POSITIONS {
        let near = some_point(random.below(GEOFENCE.ports().list.len() as u64) as usize);
        // Most near the port, so that both kinds are found soon.
        let reach = 1e6 * random.unit() * random.unit();
        let mut off = || random.between(-reach, reach) as i64;
        let (lon, lat) = (i64::from(near.lon) + off(), i64::from(near.lat) + off());
        positions.extend(Position::from_units(lon, lat).filter(|at| wanted(*at)));
    }
    positions
}

fn some_point(port: usize) -> Position {
    match &GEOFENCE.ports().list[port].shape {
        model::Shape::Circle { centre, .. } => *centre,
        model::Shape::Polygons(polygons) => {
            Position { lon: polygons[0][0][0].lon, lat: polygons[0][0][0].lat }
        }
    }
}

/// Every 25th position reported in the scenario `rajin`, over all its days.
fn reported() -> Vec<Position> {
    let mut feed = Vec::new();
    sim::generate("rajin", 1, &mut feed).expect("a vector takes everything").expect("a known scenario");
    let settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };
    let mut decoder = NmeaDecoder::new(settings, None);
    let mut all = Vec::new();
    for line in feed.split(|byte| *byte == b'\n') {
        decoder.decode(line, Origin::default(), &mut |decoded| {
            if let Content::Transmission(Transmission::Position(report)) = decoded.content {
                all.push(report.position);
            }
        });
    }
    all.into_iter().step_by(25).take(POSITIONS).collect()
}

/// Runs `look_up` once a position, round and round.
fn each(bencher: Bencher<'_, '_>, place: Place, mut look_up: impl FnMut(Position)) {
    let positions = place.positions();
    let mut at = 0;
    bencher.counter(ItemsCount::new(1_u32)).bench_local(move || {
        look_up(positions[at]);
        at = if at + 1 == positions.len() { 0 } else { at + 1 };
    });
}

#[divan::bench(args = Place::ALL, sample_size = SAMPLE)]
fn grid(bencher: Bencher<'_, '_>, place: Place) {
    each(bencher, place, |position| {
        black_box(GEOFENCE.inside(black_box(position), NOW));
    });
}

#[divan::bench(args = Place::ALL, sample_size = SAMPLE)]
fn rtree_and_geo(bencher: Bencher<'_, '_>, place: Place) {
    let mut found = Vec::new();
    each(bencher, place, move |position| {
        black_box(AREAS.inside(black_box(position), &mut found));
        black_box(&found);
    });
}

fn main() {
    LazyLock::force(&GEOFENCE);
    LazyLock::force(&AREAS);
    divan::main();
}
