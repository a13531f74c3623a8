//! The pure core: a function of its log.
//!
//! [`Ingest`] turns decoded lines of several sources into entries of the log, and tells how far
//! all of them have come, and what was heard where. An [`Engine`] takes the entries of its ships and
//! gives out changes of facts and alerts. Neither knows a clock, a thread or a file; the same entries give the same facts, however
//! they were cut, batched or sharded.
#![no_std]

extern crate alloc;

mod bucket;
mod chart;
mod ingest;
mod live;
mod ship;
mod snapshot;
mod world;
mod written;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;

use detect::Reception;
use detect::reception::{Tick, bin_end};
use detect::sighting::lookout::Lookout;
use geofence::Place;
use model::alert::Told;
use model::fate::Counts;
use model::prefetch::fetch_all;
use model::roster::Hint;
use model::sighting::LastKnown;
use model::{EventTime, Mmsi, PositionReport, TrackId, Transmission};
use reorder::{Hold, OrderKey, Turn};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use bucket::Bucket;
use chart::{ChartOf, Searches};
pub use ingest::{Ingest, Order, SourceId};
use ship::{Placed, Ship};
pub use snapshot::SnapshotError;
pub use world::World;

/// Ships are dealt to this many buckets; shards own whole buckets, and every limit is a bucket's,
/// so the number of shards changes nothing.
pub const BUCKETS: usize = 256;

/// So many transmissions are looked up together …
const TOGETHER: usize = 16;
/// … in so many steps, so that memory is there when it is needed: while some are handed on, others wait for theirs.
const STEPS: usize = 5;

/// Transmissions that are looked up together.
type Batch = SmallVec<[Due; TOGETHER]>;

/// A transmission whose turn has come, and where what it asks for is found.
#[derive(Debug)]
struct Due {
    turn: Turn,
    transmission: Transmission,
    mmsi: Mmsi,
    bucket: usize,
    ship: Hint,
    place: Place,
}

impl Due {
    fn new(turn: Turn, transmission: Transmission) -> Due {
        let mmsi = transmission.mmsi();
        let bucket = bucket_of(mmsi);
        Due { turn, transmission, mmsi, bucket, ship: Hint::default(), place: Place::default() }
    }
}

/// The bucket of a ship.
#[must_use]
pub fn bucket_of(mmsi: Mmsi) -> usize {
    (model::hash::mix(u64::from(mmsi.0), 0x5EED) % BUCKETS as u64) as usize
}

/// The shard, of `shards`, that owns a ship.
#[must_use]
pub fn shard_of(mmsi: Mmsi, shards: usize) -> usize {
    // There are few of both, and such a division takes less.
    (bucket_of(mmsi) as u32 % shards.clamp(1, BUCKETS) as u32) as usize
}

/// Limits of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Ships remembered in one bucket; beyond it ships heard less than three times make room.
    pub ships_per_bucket: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { ships_per_bucket: 8_192 }
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// A ship's transmission, and its place in the order.
    #[serde(with = "written")]
    Transmission(OrderKey, Transmission),
    /// A bin of ten minutes is over: who was heard where. Before the watermark that reaches its end.
    Tick(Arc<Tick>),
    /// All sources have come this far.
    Watermark(EventTime),
    /// Late reports with their place here wait no longer for more that may belong before them: there are too
    /// many. Follows the watermark of that time.
    Late(EventTime),
    /// Nothing follows; the highest event time was this.
    End(EventTime),
}

/// What is not larger is handed over without a call.
const _: () = assert!(size_of::<Entry>() <= 128);

/// A report that a track has taken in: newer than those before, or in a silence of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The track.
    pub track: TrackId,
    /// The report.
    pub report: PositionReport,
    /// What it is to the track.
    pub part: Part,
}

/// What a report is to the track that takes it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One more.
    Joins,
    /// The first of it. A track of that name before it was of a ship that has made room for others, and has ended.
    Founds,
    /// The first of it: what it had taken in before was a false fix, and is of no track.
    Replaces,
}

/// One shard of the core.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    tells_notices: bool,
    watermark: EventTime,
    hold: Hold<Transmission>,
    ticks: VecDeque<Arc<Tick>>,
    reception: Reception,
    buckets: Vec<Option<Bucket>>,
    counts: Counts,
    searches: Searches,
    /// What tracks have taken in, where it is kept.
    taken: Option<Vec<Taken>>,
    lookout: Option<Arc<Lookout>>,
}

impl Engine {
    /// An engine that has seen nothing. One of the shards tells what belongs to no ship.
    #[must_use]
    pub fn new(limits: Limits, shard: usize) -> Engine {
        let buckets = (0..BUCKETS).map(|_| None).collect();
        Engine {
            limits,
            tells_notices: shard == 0,
            watermark: EventTime::MIN,
            hold: Hold::default(),
            ticks: VecDeque::new(),
            reception: Reception::default(),
            buckets,
            counts: Counts::default(),
            searches: Searches::default(),
            taken: None,
            lookout: None,
        }
    }

    /// Keeps what tracks take in from now on, for [`Engine::taken`].
    pub fn keep_taken(&mut self) {
        self.taken.get_or_insert_default();
    }

    /// What tracks have taken in since this was asked last, each ship's in the order in which it was.
    pub fn taken(&mut self) -> impl Iterator<Item = Taken> {
        self.taken.iter_mut().flat_map(|taken| taken.drain(..))
    }

    /// Whether a track can take in more: it has not ended, and its ship has not made room for others.
    #[must_use]
    pub fn has_track(&self, track: TrackId) -> bool {
        let bucket = self.buckets[bucket_of(track.mmsi)].as_ref();
        bucket.is_some_and(|bucket| bucket.has_track(track))
    }

    /// From here on, accepted reports that are close to these sightings are told.
    pub fn look_out(&mut self, lookout: Arc<Lookout>) {
        self.lookout = Some(lookout);
    }

    /// Takes a transmission with its place in the order, as [`Engine::push`] does.
    #[inline]
    pub fn hold(&mut self, key: OrderKey, transmission: Transmission) {
        self.hold.push(key, transmission);
    }

    /// Takes one entry of the log; what is told is appended to `out`.
    pub fn push(&mut self, entry: Entry, world: &World, out: &mut Vec<Told>) {
        match entry {
            Entry::Transmission(key, transmission) => self.hold(key, transmission),
            Entry::Tick(tick) => self.ticks.push_back(tick),
            Entry::Watermark(watermark) => self.advance(watermark, world, out),
            Entry::Late(place) => {
                self.hand_on(|hold| hold.pop_with_late(place), world, out);
                self.fire(place, world, out);
            }
            Entry::End(highest) => self.end(highest, world, out, &mut |_| {}),
        }
    }

    /// The end of input. All ships tell what is left: `part` may take it away after some of them, before the next do.
    pub fn end(
        &mut self,
        highest: EventTime,
        world: &World,
        out: &mut Vec<Told>,
        part: &mut dyn FnMut(&mut Vec<Told>),
    ) {
        self.advance(highest, world, out);
        self.hand_on(|hold| hold.pop(EventTime::MAX), world, out);
        let chart = chart(world, (&self.reception, &self.searches), self.lookout.as_deref());
        for bucket in self.buckets.iter_mut().flatten() {
            bucket.finish(highest, &chart, &mut self.counts, out);
            part(out);
        }
    }

    /// The world is another for the entries that follow: what was searched in the one before does not hold in it.
    pub fn forget_searches(&mut self) {
        self.searches = Searches::default();
    }

    /// What became of the transmissions taken in so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Ships remembered.
    #[must_use]
    pub fn ships(&self) -> usize {
        self.buckets.iter().flatten().map(Bucket::len).sum()
    }

    /// Tracks that were ever told apart.
    #[must_use]
    pub fn tracks(&self) -> u64 {
        self.buckets.iter().flatten().map(Bucket::tracks).sum()
    }

    /// How far the log has come.
    #[must_use]
    pub fn watermark(&self) -> EventTime {
        self.watermark
    }

    /// Transmissions that wait for the watermark.
    #[must_use]
    pub fn held(&self) -> usize {
        self.hold.len()
    }

    /// The tracks of its ships and what is known of them, in their order.
    #[must_use]
    pub fn last_known(&self) -> Vec<LastKnown> {
        let mut known: Vec<LastKnown> = self.buckets.iter().flatten().flat_map(Bucket::last_known).collect();
        known.sort_unstable_by_key(|known| known.track);
        known
    }

    /// What is known of hearing at the end: the same in every shard.
    #[must_use]
    pub fn into_reception(self) -> Reception {
        self.reception
    }

    fn advance(&mut self, watermark: EventTime, world: &World, out: &mut Vec<Told>) {
        self.watermark = self.watermark.max(watermark);
        while let Some(tick) = self.ticks.front().filter(|tick| bin_end(tick.bin) <= self.watermark) {
            let tick = Arc::clone(tick);
            self.ticks.pop_front();
            let end = bin_end(tick.bin);
            self.hand_on(|hold| hold.pop(end), world, out);
            self.fire(EventTime(end.0 - 1), world, out);
            self.reception.apply(&tick);
            self.take_notice(&tick, world, out);
            self.fire(end, world, out);
        }
        let watermark = self.watermark;
        self.hand_on(|hold| hold.pop(watermark), world, out);
        self.fire(watermark, world, out);
    }

    /// Hands on what is taken from the hold, each after what falls due in its bucket before it.
    fn hand_on(
        &mut self,
        take: impl Fn(&mut Hold<Transmission>) -> Option<(Turn, Transmission)>,
        world: &World,
        out: &mut Vec<Told>,
    ) {
        let chart = chart(world, (&self.reception, &self.searches), self.lookout.as_deref());
        let mut batches: [Batch; STEPS] = Default::default();
        for fresh in 0.. {
            // Each batch is one step further each time; the last has taken all of them.
            let step = |step: usize| (fresh + STEPS - step) % STEPS;
            while batches[step(0)].len() < TOGETHER
                && let Some((turn, transmission)) = take(&mut self.hold)
            {
                batches[step(0)].push(Due::new(turn, transmission));
            }
            if batches.iter().all(SmallVec::is_empty) {
                return;
            }
            self.fetch(&mut batches[step(0)], world);
            self.fetch_ships(&mut batches[step(1)], world);
            self.fetch_elsewhere(&batches[step(2)], world);
            self.fetch_beyond(&batches[step(3)]);
            let batch = &mut batches[step(4)];
            for due in batch.iter_mut() {
                let bucket = self.buckets[due.bucket].get_or_insert_default();
                let placed = bucket.hand_on(due, &self.limits, &chart, &mut self.counts, out);
                if let (Some(taken), Some(placed), Transmission::Position(report)) =
                    (&mut self.taken, placed, &due.transmission)
                {
                    note(taken, report.clone(), placed);
                }
            }
            batch.clear();
        }
    }

    /// Fetches where the ships of transmissions will be looked for, and cells of the grid over ports, …
    fn fetch(&self, batch: &mut Batch, world: &World) {
        for Due { transmission, mmsi, bucket, place, .. } in batch {
            self.buckets[*bucket].iter().for_each(|bucket| bucket.fetch(*mmsi));
            transmission.statics().into_iter().for_each(|values| fetch_all(&**values));
            if let Transmission::Position(report) = transmission {
                *place = world.geofence().fetch_place(report.position);
            }
        }
    }

    /// … the ships, and which ports those cells list, …
    fn fetch_ships(&self, batch: &mut Batch, world: &World) {
        for Due { mmsi, bucket, ship, place, .. } in batch {
            self.buckets[*bucket].iter().for_each(|bucket| *ship = bucket.fetch_ship(*mmsi));
            world.geofence().fetch_entries(*place);
        }
    }

    /// … what those point to, …
    fn fetch_elsewhere(&self, batch: &Batch, world: &World) {
        for due in batch {
            self.ship_of(due).into_iter().for_each(|ship| ship.fetch_elsewhere(&due.transmission));
            world.geofence().fetch_port(due.place);
        }
    }

    /// … and what that points to.
    fn fetch_beyond(&self, batch: &Batch) {
        batch.iter().filter_map(|due| self.ship_of(due)).for_each(Ship::fetch_beyond);
    }

    /// The ship, if it was known when it was fetched.
    fn ship_of(&self, due: &Due) -> Option<&Ship> {
        self.buckets[due.bucket].as_ref()?.ship_at(due.ship, due.mmsi)
    }

    fn fire(&mut self, up_to: EventTime, world: &World, out: &mut Vec<Told>) {
        let chart = chart(world, (&self.reception, &self.searches), self.lookout.as_deref());
        for bucket in self.buckets.iter_mut().flatten() {
            bucket.fire(up_to, &chart, out);
        }
    }

    /// What a tick says of ships, and what it says of none.
    fn take_notice(&mut self, tick: &Tick, world: &World, out: &mut Vec<Told>) {
        let chart = chart(world, (&self.reception, &self.searches), self.lookout.as_deref());
        for claim in &tick.claims {
            for before in &claim.before {
                if let Some(bucket) = &mut self.buckets[bucket_of(*before)] {
                    bucket.claimed(*before, claim, bin_end(tick.bin), &chart, out);
                }
            }
        }
        if self.tells_notices {
            out.extend(tick.notices.iter().map(|notice| detect::tell::notice(notice, bin_end(tick.bin))));
        }
    }
}

/// Keeps what a track has taken in.
fn note(taken: &mut Vec<Taken>, report: PositionReport, placed: Placed) {
    let mmsi = report.mmsi;
    match placed {
        Placed::Nowhere => {}
        Placed::In(number) => {
            taken.push(Taken { track: TrackId { mmsi, number }, report, part: Part::Joins });
        }
        Placed::Founds(number) => {
            taken.push(Taken { track: TrackId { mmsi, number }, report, part: Part::Founds });
        }
        Placed::Begins { number, reports, replaces } => {
            let track = TrackId { mmsi, number };
            let first = if replaces { Part::Replaces } else { Part::Founds };
            let parts = iter::once(first).chain(iter::repeat(Part::Joins));
            taken.extend(reports.into_iter().zip(parts).map(|(report, part)| Taken { track, report, part }));
        }
    }
}

fn chart<'a>(
    world: &'a World,
    (reception, searches): (&'a Reception, &'a Searches),
    lookout: Option<&'a Lookout>,
) -> ChartOf<'a> {
    ChartOf { world, reception, searches, lookout }
}

#[cfg(test)]
mod tests {
    use detect::watch::Rules;
    use geofence::Geofence;
    use model::report::StaticReport;
    use model::{MessageType, Origin, Payload};

    use super::*;

    fn said(ship: u32, t: i64) -> Entry {
        let transmission = Transmission::Static(StaticReport {
            t: EventTime(t),
            mmsi: Mmsi(273_000_000 + ship),
            kind: MessageType(5),
            lines: 2,
            payload: Payload([u64::from(ship), t as u64, 0]),
            origin: Origin::default(),
            statics: Arc::default(),
        });
        Entry::Transmission(OrderKey::in_time(&transmission), transmission)
    }

    #[test]
    fn all_that_is_due_is_handed_on_however_much_it_is() {
        let world = World::new(Geofence::new(Vec::new()), Rules::default());
        let whole = TOGETHER * STEPS;
        for count in [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, whole - 1, whole, whole + 1, 3 * whole] {
            let (mut engine, mut out) = (Engine::new(Limits::default(), 0), Vec::new());
            // Half of it is of ships that are known already.
            for number in 0..count {
                engine.push(said(number as u32 / 2, number as i64 * 1_000), &world, &mut out);
            }
            engine.push(said(1_000_000, count as i64 * 1_000), &world, &mut out);
            engine.push(Entry::Watermark(EventTime(count as i64 * 1_000 - 1)), &world, &mut out);
            // Of a static report two lines are accepted; the last is not due.
            assert_eq!(engine.counts().accepted, 2 * count as u64);
            assert_eq!((engine.ships(), engine.held()), (count.div_ceil(2), 1));
        }
    }
}
