//! From decoded lines of several sources to entries of the log.

use alloc::sync::Arc;
use alloc::vec::Vec;

use decode::{Content, Decoded};
use detect::reception::{IntervalGroup, Observation, Presence, Tick, bin_end, bin_of};
use model::alert::{AlertKind, Notice};
use model::fate::Counts;
use model::prefetch::fetch;
use model::roster::Hint;
use model::{EventTime, Fate, Reason, Transmission};
use reorder::{Admission, OrderKey, Receivers, Source, WrongClock};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::live::{Live, Newest, Pulse};
use crate::{BUCKETS, Entry, Limits};

/// Number of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceId(pub u32);

/// In what order a source gives its reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// At most this many milliseconds out of order.
    Bounded {
        /// The delay bound.
        bound_ms: i64,
    },
    /// By time, MMSI and row.
    Sorted,
}

/// Takes in what sources read, and tells how far all of them have come.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ingest {
    sources: Vec<State>,
    counts: Counts,
    highest: Option<EventTime>,
    told: Option<EventTime>,
    /// How far live sources have come together.
    pulse: Pulse,
    late: Late,
    receivers: Receivers,
    /// Clocks found to be off, with the bin with whose tick they are told.
    wrong_clocks: Vec<(i64, WrongClock)>,
    presence: Presence,
}

/// Late reports that wait while the watermark stands still.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Late {
    watermark: Option<EventTime>,
    waiting: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    clock: Clock,
    late_arrivals: u64,
    is_closed: bool,
    /// Of a live source.
    live: Option<Live>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Clock {
    /// Nothing earlier than this will come.
    Floor(EventTime, Order),
    Bounded(Source<Item>),
    Sorted(EventTime),
}

/// A message that waits for its stamp to be confirmed.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Item {
    Transmission(Transmission, Heard),
    Fate(Fate, u8, Heard),
}

/// What is found out of a message while memory is fetched for it.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The fingerprint of a report by which it is known whoever heard it.
    print: Option<u64>,
    /// Where its ship is watched for reception.
    ship: Hint,
    /// Where that is which it said of itself last.
    said: Hint,
}

/// Who heard a message, and when.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Heard {
    station: u64,
    t: EventTime,
}

/// All sources count as one for reception.
const ONE_SOURCE: u16 = 0;
/// A late report waits until the watermark is past its place, for one from another source may belong before it. A
/// source that has run ahead and stands still could fill the memory so: no more than this many wait.
const MAX_LATE: u32 = 2_048;

impl Ingest {
    /// Takes in nothing yet; so many ships of each source are watched for reception as are remembered in all.
    #[must_use]
    pub fn new(limits: &Limits) -> Ingest {
        Ingest {
            sources: Vec::new(),
            counts: Counts::default(),
            highest: None,
            told: None,
            pulse: Pulse::default(),
            late: Late::default(),
            receivers: Receivers::default(),
            wrong_clocks: Vec::new(),
            presence: Presence::new(limits.ships_per_bucket * BUCKETS),
        }
    }

    /// Ships that found no place, or lost it, among those watched for reception.
    #[must_use]
    pub fn unwatched(&self) -> u64 {
        self.presence.refused()
    }

    /// Adds a source of which nothing is known but that it has nothing earlier than `floor`.
    pub fn add(&mut self, order: Order, floor: EventTime) -> SourceId {
        self.push_source(Clock::Floor(floor, order), None)
    }

    /// Adds a live source, of which something may come at any time. It holds nobody up before it has said anything,
    /// unless it is awaited, as a part of a log is.
    pub fn add_live(&mut self, bound_ms: i64, now: EventTime, is_awaited: bool) -> SourceId {
        self.push_source(Clock::Bounded(Source::new(bound_ms)), Some(Live::new(now, is_awaited)))
    }

    fn push_source(&mut self, clock: Clock, live: Option<Live>) -> SourceId {
        self.sources.push(State { clock, late_arrivals: 0, is_closed: false, live });
        SourceId(self.sources.len() as u32 - 1)
    }

    /// Something of a live source has arrived, before it is read.
    pub fn arrive(&mut self, id: SourceId, now: EventTime) {
        if let Some(live) = &mut self.sources[id.0 as usize].live {
            live.arrival = live.arrival.max(now);
        }
        self.pass(id, now);
    }

    /// Time passes for a live source: it may have fallen idle.
    pub fn pass(&mut self, id: SourceId, now: EventTime) {
        if let Some(live) = &mut self.sources[id.0 as usize].live {
            live.now = live.now.max(now);
        }
        let numbered = self.sources.iter().enumerate();
        let open = numbered.filter(|(_, state)| !state.is_closed);
        let of = |(at, state): (usize, &State)| {
            let watermark = self.watermark_of(SourceId(at as u32));
            state.live.map(|live| (at, Newest { watermark, arrival: live.arrival }))
        };
        let all: SmallVec<[(usize, Newest); 4]> = open.filter_map(of).collect();
        let newest = all.iter().map(|(_, one)| *one).max_by_key(|one| (one.watermark, one.arrival));
        for (at, Newest { watermark, .. }) in all {
            if let (Some(live), Some(newest)) = (&mut self.sources[at].live, newest) {
                live.judge(watermark, newest);
            }
        }
        let clocks = self.sources.iter().filter_map(|state| state.live.map(|live| live.now));
        let (held, clock) = (self.held_watermark(), clocks.max());
        self.pulse.pass(clock.unwrap_or(now), held);
    }

    /// Whether a live source holds the watermark: it is neither idle nor far behind.
    #[must_use]
    pub fn holds(&self, id: SourceId) -> bool {
        let state = &self.sources[id.0 as usize];
        !state.is_closed && state.live.is_none_or(|live| live.holds)
    }

    /// Goes on after what was told of live sources up to this time, wherever the state is from: nothing is told again.
    pub fn resume(&mut self, reached: EventTime) {
        if self.told < Some(reached) {
            self.told = Some(reached);
            self.pulse.reached = self.pulse.reached.max(reached);
            while self.presence.advance(reached).is_some() {}
        }
    }

    /// Tells in what order a source of which nothing was read yet gives its reports.
    pub fn set_order(&mut self, id: SourceId, order: Order) {
        if let Clock::Floor(_, told) = &mut self.sources[id.0 as usize].clock {
            *told = order;
        }
    }

    /// Counts a message by its type.
    pub fn count_message(&mut self, kind: Option<u8>) {
        if let Some(kind) = kind {
            self.counts.messages.0[usize::from(kind).min(27)] += 1;
        }
    }

    /// Counts a line that goes no further.
    pub fn count(&mut self, decoded: &Decoded) {
        match decoded.content {
            Content::Transmission(_) => {}
            Content::Landmark(_) => self.counts.count(Fate::OtherType, u64::from(decoded.lines)),
            Content::Fate(fate) => self.counts.count(fate, u64::from(decoded.lines)),
        }
    }

    /// Takes in one decoded line or message of an open source.
    pub fn read(&mut self, id: SourceId, decoded: Decoded, out: &mut impl FnMut(Entry)) {
        let known = Known { print: heard_by_many(&decoded), ..Known::default() };
        self.read_known(id, decoded, known, out);
    }

    /// The same, where something is known of it.
    fn read_known(&mut self, id: SourceId, decoded: Decoded, known: Known, out: &mut impl FnMut(Entry)) {
        self.count_message(decoded.kind);
        let Some(stamp) = decoded.stamp else {
            let fate = match decoded.content {
                Content::Transmission(_) => Fate::Rejected(Reason::NoTime),
                Content::Landmark(_) => Fate::OtherType,
                Content::Fate(fate) => fate,
            };
            return self.counts.count(fate, u64::from(decoded.lines));
        };
        let heard = Heard { station: decoded.station, t: stamp.t };
        let item = match decoded.content {
            Content::Transmission(_) if self.has_wrong_clock(known.print, heard, id) => {
                Item::Fate(Fate::Rejected(Reason::BadTime), decoded.lines, heard)
            }
            Content::Transmission(transmission) => Item::Transmission(transmission, heard),
            Content::Landmark(_) => Item::Fate(Fate::OtherType, decoded.lines, heard),
            Content::Fate(fate) => Item::Fate(fate, decoded.lines, heard),
        };
        let state = &mut self.sources[id.0 as usize];
        let late_before = state.late_arrivals;
        if let Clock::Floor(floor, order) = state.clock {
            state.clock = match order {
                Order::Bounded { bound_ms } => Clock::Bounded(Source::new(bound_ms)),
                Order::Sorted => Clock::Sorted(floor),
            };
        }
        let (counts, highest, presence) = (&mut self.counts, &mut self.highest, &mut self.presence);
        let receivers = &mut self.receivers;
        let reached = state.live.map(|_| self.pulse.reached);
        match &mut state.clock {
            Clock::Floor(..) => {}
            Clock::Sorted(at) => {
                if let Item::Transmission(transmission, heard) = item {
                    *highest = (*highest).max(Some(transmission.t()));
                    if transmission.t() < *at {
                        // Rows come sorted; one that does not is late like any other.
                        state.late_arrivals += 1;
                        out(Entry::Transmission(
                            OrderKey::late(*at, id.0, state.late_arrivals),
                            transmission,
                        ));
                    } else {
                        *at = transmission.t();
                        observe(presence, &transmission, heard, known);
                        out(Entry::Transmission(OrderKey::row(&transmission), transmission));
                    }
                } else {
                    if let Item::Fate(Fate::OtherType, _, heard) = &item {
                        presence.hear(ONE_SOURCE, heard.station, heard.t);
                    }
                    settle(item, Admission::InTime, counts);
                }
            }
            Clock::Bounded(source) => {
                let mut taker = Taker {
                    id,
                    reached,
                    late_arrivals: &mut state.late_arrivals,
                    counts,
                    highest,
                    presence,
                    receivers,
                };
                // Nearly all are decided at once; what is known of others is known no more when they are.
                match source.admit(stamp.t, stamp.mmsi) {
                    Some(admission) => taker.take(item, admission, known, out),
                    None => source.read(stamp.t, stamp.mmsi, item, &mut |item, admission| {
                        taker.take(item, admission, Known::default(), out);
                    }),
                }
            }
        }
        let late = (state.late_arrivals - late_before) as u32;
        if reached.is_some() {
            let held = self.held_watermark();
            self.pulse.reach(held);
        }
        if late > 0 {
            self.limit_late(late, out);
        }
    }

    /// Takes in a turn of them. Memory is fetched for those that follow.
    pub fn read_all(&mut self, id: SourceId, turn: &mut Vec<Decoded>, out: &mut impl FnMut(Entry)) {
        /// So far ahead, in two steps.
        const AHEAD: usize = 8;
        // What is known of those that are next, each in the place of one that was taken in.
        let mut known = [Known::default(); 2 * AHEAD];
        for (decoded, known) in turn.iter().zip(&mut known) {
            known.print = self.fetch(decoded);
        }
        let mut turn = turn.drain(..);
        let mut at = 0;
        while let Some(decoded) = turn.next() {
            let following = turn.as_slice();
            let of_it = core::mem::take(&mut known[at]);
            if let Some(later) = following.get(2 * AHEAD - 1) {
                known[at].print = self.fetch(later);
            }
            if let Some(later) = following.get(AHEAD - 1) {
                self.fetch_beyond(later, &mut known[(at + AHEAD) % (2 * AHEAD)]);
            }
            at = (at + 1) % (2 * AHEAD);
            self.read_known(id, decoded, of_it, out);
        }
    }

    /// Fetches where what it will ask for is looked for; its fingerprint, where others may have heard it.
    fn fetch(&self, decoded: &Decoded) -> Option<u64> {
        let Content::Transmission(transmission) = &decoded.content else { return None };
        if let Some(values) = transmission.statics() {
            fetch(&values.imo);
            self.presence.fetch_claim(transmission.mmsi());
        }
        let Transmission::Position(report) = transmission else { return None };
        self.presence.fetch(ONE_SOURCE, report.mmsi);
        let print = heard_by_many(decoded);
        print.into_iter().for_each(|print| self.receivers.fetch(print));
        print
    }

    /// Fetches what is found there.
    fn fetch_beyond(&self, decoded: &Decoded, known: &mut Known) {
        let Content::Transmission(transmission) = &decoded.content else { return };
        if transmission.statics().is_some() {
            known.said = self.presence.fetch_said(transmission.mmsi());
        }
        if let Transmission::Position(report) = transmission {
            known.ship = self.presence.fetch_ship(ONE_SOURCE, report.mmsi);
            known.print.into_iter().for_each(|print| self.receivers.fetch_report(print));
        }
    }

    /// Lets late reports go on if too many wait; it hangs on what was read alone.
    fn limit_late(&mut self, more: u32, out: &mut impl FnMut(Entry)) {
        let watermark = self.watermark();
        if self.late.watermark != watermark {
            self.late = Late { watermark, waiting: 0 };
        }
        self.late.waiting += more;
        if let Some(watermark) = watermark.filter(|_| self.late.waiting > MAX_LATE) {
            self.late.waiting = 0;
            self.counts.late_floods += 1;
            self.advance(out);
            out(Entry::Late(watermark));
        }
    }

    /// Whether the receiver of a report has a clock that others show to be off.
    fn has_wrong_clock(&mut self, print: Option<u64>, heard: Heard, id: SourceId) -> bool {
        let receiver = if heard.station == 0 { u64::from(id.0) } else { heard.station };
        let Some(print) = print else { return self.receivers.is_off(receiver) };
        let is_off = self.receivers.hear(receiver, print, heard.t);
        let found = self.receivers.take_found();
        if !found.is_empty() {
            // The bin that is not over yet, however often the watermark is told.
            let bin = self.watermark().map_or(i64::MIN, bin_of);
            self.wrong_clocks.extend(found.into_iter().map(|clock| (bin, clock)));
        }
        is_off
    }

    /// Ends a source: it holds nobody up any more.
    pub fn close(&mut self, id: SourceId, out: &mut impl FnMut(Entry)) {
        let state = &mut self.sources[id.0 as usize];
        let reached = state.live.map(|_| self.pulse.reached);
        if let Clock::Bounded(source) = &mut state.clock {
            let mut taker = Taker {
                id,
                reached,
                late_arrivals: &mut state.late_arrivals,
                counts: &mut self.counts,
                highest: &mut self.highest,
                presence: &mut self.presence,
                receivers: &mut self.receivers,
            };
            source.finish(&mut |item, admission| taker.take(item, admission, Known::default(), out));
        }
        state.is_closed = true;
    }

    /// How far a source has come.
    #[must_use]
    pub fn watermark_of(&self, id: SourceId) -> EventTime {
        match &self.sources[id.0 as usize].clock {
            Clock::Floor(floor, _) => *floor,
            Clock::Bounded(source) => source.watermark(),
            // Another row of the same time may follow.
            Clock::Sorted(at) => EventTime(at.0 - 1),
        }
    }

    /// How far all open sources have come.
    fn watermark(&self) -> Option<EventTime> {
        let is_live = self.sources.iter().any(|state| state.live.is_some());
        if is_live { Some(self.pulse.reached) } else { self.held_watermark() }
    }

    /// How far all sources have come that hold the watermark.
    fn held_watermark(&self) -> Option<EventTime> {
        let ids = (0..self.sources.len()).map(|at| SourceId(at as u32));
        ids.filter(|id| self.holds(*id)).map(|id| self.watermark_of(id)).min()
    }

    /// Tells how far all open sources have come, if that is news, and the bins that are over by then.
    pub fn advance(&mut self, out: &mut impl FnMut(Entry)) -> Option<EventTime> {
        let watermark = self.watermark()?;
        let is_news = self.told.is_none_or(|told| told < watermark) && watermark > EventTime::MIN;
        if !is_news {
            return None;
        }
        self.told = Some(watermark);
        self.tick(watermark, out);
        out(Entry::Watermark(watermark));
        Some(watermark)
    }

    /// Tells the end, once all sources are closed.
    pub fn end(&mut self, out: &mut impl FnMut(Entry)) {
        let highest = self.highest.unwrap_or(EventTime::MIN);
        self.tick(highest, out);
        out(Entry::End(highest));
    }

    fn tick(&mut self, watermark: EventTime, out: &mut impl FnMut(Entry)) {
        while let Some(mut tick) = self.presence.advance(watermark) {
            self.tell_of_clocks(&mut tick);
            out(Entry::Tick(Arc::new(tick)));
        }
    }

    fn tell_of_clocks(&mut self, tick: &mut Tick) {
        let (due, later) =
            core::mem::take(&mut self.wrong_clocks).into_iter().partition(|(bin, _)| *bin <= tick.bin);
        self.wrong_clocks = later;
        let due: Vec<(i64, WrongClock)> = due;
        tick.notices.extend(due.into_iter().map(|(_, clock)| Notice {
            kind: AlertKind::SourceClock,
            start: clock.t,
            at: bin_end(tick.bin),
            centre: None,
            radius_m: 0.0,
            ships: clock.differing,
            of: WrongClock::OF,
            examples: SmallVec::new(),
            receiver: clock.receiver,
            ahead_ms: clock.ahead_ms,
        }));
    }

    /// Highest event time taken in.
    #[must_use]
    pub fn highest(&self) -> Option<EventTime> {
        self.highest
    }

    /// What became of the lines that never became a transmission.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Item {
    /// What comes of it once all sources together have reached a time: what is not after it is late.
    fn admission(&self, admission: Admission, reached: Option<EventTime>) -> Admission {
        match (admission, reached) {
            (Admission::InTime, Some(reached)) if self.own_t().is_some_and(|t| t <= reached) => {
                Admission::Late(reached)
            }
            (Admission::Late(watermark), Some(reached)) => Admission::Late(watermark.max(reached)),
            (Admission::InTime | Admission::Late(_) | Admission::BadTime, _) => admission,
        }
    }

    fn own_t(&self) -> Option<EventTime> {
        match self {
            Item::Transmission(transmission, _) => Some(transmission.t()),
            Item::Fate(..) => None,
        }
    }
}

/// Takes in what a source has decided on.
struct Taker<'a> {
    id: SourceId,
    reached: Option<EventTime>,
    late_arrivals: &'a mut u64,
    counts: &'a mut Counts,
    highest: &'a mut Option<EventTime>,
    presence: &'a mut Presence,
    receivers: &'a mut Receivers,
}

impl Taker<'_> {
    #[inline]
    fn take(&mut self, item: Item, admission: Admission, known: Known, out: &mut impl FnMut(Entry)) {
        if admission != Admission::BadTime {
            *self.highest = (*self.highest).max(item.own_t());
        }
        match (item.admission(admission, self.reached), item) {
            (Admission::InTime, Item::Transmission(transmission, heard)) => {
                let t = transmission.t();
                observe(self.presence, &transmission, heard, known);
                if known.print.is_some_and(|print| self.receivers.note_in_time(print, t)) {
                    self.counts.count(Fate::Rejected(Reason::Duplicate), transmission.lines());
                } else {
                    out(Entry::Transmission(OrderKey::in_time(&transmission), transmission));
                }
            }
            (Admission::Late(watermark), Item::Transmission(transmission, _)) => {
                *self.late_arrivals += 1;
                let key = OrderKey::late(watermark, self.id.0, *self.late_arrivals);
                out(Entry::Transmission(key, transmission));
            }
            (admission, item) => {
                if let (Item::Fate(fate, _, heard), Admission::InTime) = (&item, admission)
                    && *fate != Fate::Rejected(Reason::BadTime)
                {
                    self.presence.hear(ONE_SOURCE, heard.station, heard.t);
                }
                settle(item, admission, self.counts);
            }
        }
    }
}

/// The fingerprint of a report by which it is known whoever heard it.
fn heard_by_many(decoded: &Decoded) -> Option<u64> {
    match &decoded.content {
        Content::Transmission(Transmission::Position(report)) if report.is_unrepeatable() => {
            Some(report.payload.fingerprint(report.mmsi, report.kind))
        }
        Content::Transmission(_) | Content::Landmark(_) | Content::Fate(_) => None,
    }
}

/// Measures reception by a transmission in time, before copies are known.
fn observe(presence: &mut Presence, transmission: &Transmission, heard: Heard, known: Known) {
    match transmission {
        Transmission::Position(report) => {
            let class = report.kind.class();
            let seen = Observation {
                source: ONE_SOURCE,
                station: heard.station,
                mmsi: report.mmsi,
                class,
                t: report.t,
                position: report.position,
                group: IntervalGroup::of(class, report.sog, report.nav_status),
            };
            presence.observe(&seen, known.ship);
        }
        Transmission::Static(_) | Transmission::NoPosition(_) => {
            presence.hear(ONE_SOURCE, heard.station, transmission.t());
        }
    }
    if let Some(values) = transmission.statics() {
        presence.claim(transmission.t(), values.imo, transmission.mmsi(), known.said);
    }
}

/// Counts an item that goes no further.
fn settle(item: Item, admission: Admission, counts: &mut Counts) {
    let is_bad = admission == Admission::BadTime;
    let (fate, lines) = match item {
        Item::Fate(_, lines, _) if is_bad => (Fate::Rejected(Reason::BadTime), u64::from(lines)),
        Item::Fate(fate, lines, _) => (fate, u64::from(lines)),
        // One that was in time or late went on.
        Item::Transmission(transmission, _) => (Fate::Rejected(Reason::BadTime), transmission.lines()),
    };
    counts.count(fate, lines);
}

#[cfg(test)]
mod tests {
    use decode::Stamp;
    use model::{MessageType, Mmsi, Origin, Payload, Position, PositionReport};

    use super::*;

    const SHIPS: u32 = 7;

    /// A moving ship's report at a second, heard by a station.
    fn heard(number: u64, second: i64, station: u64) -> Decoded {
        let (t, mmsi) =
            (EventTime(1_700_000_000_000 + second * 1_000), Mmsi(273_000_001 + number as u32 % SHIPS));
        let report = PositionReport {
            t,
            mmsi,
            kind: MessageType(1),
            position: Position { lon: 131_000_000, lat: 42_000_000 + second as i32 },
            sog: Some(120),
            cog: None,
            heading: None,
            nav_status: None,
            statics: None,
            payload: Payload([number << 40, 0, 0]),
            lines: 1,
            origin: Origin::default(),
        };
        Decoded {
            stamp: Some(Stamp { t, mmsi }),
            lines: 1,
            kind: Some(1),
            station,
            origin: Origin::default(),
            content: Content::Transmission(Transmission::Position(report)),
        }
    }

    /// Of each report what a second and a third station hear: the second at the same time, the third a second later.
    fn feed() -> Vec<Decoded> {
        let of = |number: u64| {
            [(1, 0), (2, 0), (3, 1)].map(|(station, s)| heard(number, number as i64 + s, station))
        };
        (0..200).flat_map(of).collect()
    }

    fn read(turn: Option<usize>, feed: Vec<Decoded>) -> (Vec<Entry>, Counts, Vec<Tick>) {
        let (mut ingest, mut entries) = (Ingest::new(&Limits::default()), Vec::new());
        let source = ingest.add(Order::Bounded { bound_ms: 30_000 }, EventTime::MIN);
        let mut feed = feed.into_iter();
        while feed.len() > 0 {
            match turn {
                Some(turn) => {
                    let mut lines: Vec<Decoded> = feed.by_ref().take(turn).collect();
                    ingest.read_all(source, &mut lines, &mut |entry| entries.push(entry));
                }
                None => feed.next().into_iter().for_each(|decoded| {
                    ingest.read(source, decoded, &mut |entry| entries.push(entry));
                }),
            }
        }
        ingest.close(source, &mut |entry| entries.push(entry));
        let ticks = core::iter::from_fn(|| ingest.presence.advance(EventTime(1_700_010_000_000))).collect();
        (entries, ingest.counts().clone(), ticks)
    }

    #[test]
    fn a_copy_with_the_same_stamp_is_counted_and_goes_no_further_however_it_is_read() {
        let (entries, counts, ticks) = read(None, feed());
        // Before ten messages have said so nobody knows what time it is, and what waits is not looked up.
        let waited = 4;
        assert_eq!(entries.len(), 400 + waited);
        assert_eq!(counts.rejected(Reason::Duplicate), 200 - waited as u64);
        assert!(ticks.iter().any(|tick| !tick.heard.is_empty()));
        for turn in [1, 7, 8, 9, 15, 16, 17, 33, 600] {
            assert_eq!(read(Some(turn), feed()), (entries.clone(), counts.clone(), ticks.clone()), "{turn}");
        }
    }

    #[test]
    fn a_copy_that_is_late_goes_on() {
        let mut feed = feed();
        let same = heard(100, 100, 4);
        feed.push(same);
        let (entries, counts, _) = read(Some(16), feed);
        let is_late = |entry: &&Entry| matches!(entry, Entry::Transmission(key, _) if key.turn().is_late);
        assert_eq!(entries.iter().filter(is_late).count(), 1);
        assert_eq!(counts.rejected(Reason::Duplicate), 196);
    }
}
