//! From a scenario to lines: every transmission in time order, every line in order of arrival, no more in memory than is
//! on its way.

use crate::encode::{AidToNavigation, BaseStation, Channel, Payload, TagBlock, sentences, tagged};
use crate::fleet::Class;
use crate::ledger::Ledger;
use crate::random::{hash, hash_below};
use crate::reception::{Hearing, Reception, Site, Transmission, Window};
use crate::scenario::Scenario;
use crate::sphere::Position;
use crate::time::{EventTime, MINUTE_MS, SECOND_MS};
use crate::truth::{Clock, Counts, Outage, Record, SCHEMA, ShipTruth, Truth};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};

/// Which sender's turn it is; the numbers are indices into the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Position(usize),
    Static(usize),
    LongRange(usize),
    Blip(usize),
    Base(usize),
    Aid(usize),
}

/// A line on its way: arrival, running number, text.
type Underway = Reverse<(EventTime, u64, String)>;

/// Nominal interval of static messages, ms (M.1371-5, annex 1, 4.2.1).
const STATIC_INTERVAL_MS: i64 = 6 * MINUTE_MS;
/// Nominal interval of long-range and aid-to-navigation messages, ms.
const SLOW_INTERVAL_MS: i64 = 3 * MINUTE_MS;
/// A transponder that is switched on needs up to this time for its first report, ms.
const WARM_UP_MS: u64 = 10_000;
/// The second sentence of a message comes this much later, ms.
const NEXT_SENTENCE_MS: i64 = 40;

/// Writes the feed of a scenario and gives its truth.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(scenario: &Scenario, seed: u64, out: &mut dyn Write) -> io::Result<Truth> {
    let (ledger, counts) = write_lines(scenario, seed, out)?;
    let record = Record { scenario, seed, ledger: &ledger };
    let mut ships: Vec<ShipTruth> =
        (0..scenario.ships.len()).map(|index| ShipTruth::of(&record, index)).collect();
    ships.sort_by_key(|ship| ship.mmsi);
    let outages = scenario.reception.stations.iter().flat_map(|station| {
        station.down.iter().map(|window| Outage {
            station: station.name.to_owned(),
            start: window.start,
            end: window.end,
        })
    });
    let clocks = scenario.reception.stations.iter().filter(|station| station.clock_ahead_ms != 0);
    Ok(Truth {
        schema: SCHEMA.to_owned(),
        scenario: scenario.name.to_owned(),
        seed,
        start: scenario.start,
        end: scenario.end,
        counts,
        ships,
        outages: outages.collect(),
        clocks: clocks
            .map(|station| Clock { station: station.name.to_owned(), ahead_ms: station.clock_ahead_ms })
            .collect(),
    })
}

/// Writes the feed of a scenario and gives what was heard.
///
/// # Errors
/// If `out` cannot be written.
pub(crate) fn write_lines(
    scenario: &Scenario,
    seed: u64,
    out: &mut dyn Write,
) -> io::Result<(Ledger, Counts)> {
    let mut feed = Feed::new(scenario, seed, out);
    feed.run()?;
    Ok((feed.ledger, feed.counts))
}

struct Feed<'a> {
    scenario: &'a Scenario,
    seed: u64,
    out: &'a mut dyn Write,
    turns: BinaryHeap<Reverse<(EventTime, Turn)>>,
    underway: BinaryHeap<Underway>,
    counts: Counts,
    ledger: Ledger,
    /// Multi-sentence messages that each station has written.
    groups: Vec<u32>,
    line_number: u64,
}

impl<'a> Feed<'a> {
    fn new(scenario: &'a Scenario, seed: u64, out: &'a mut dyn Write) -> Self {
        let mut turns = BinaryHeap::new();
        let mut first = |turn: Turn, salt: u64, interval_ms: i64| {
            let offset_ms = hash_below(&[seed, 0xF1, salt], interval_ms.cast_unsigned()).cast_signed();
            turns.push(Reverse((scenario.start.after_ms(offset_ms), turn)));
        };
        for (index, ship) in scenario.ships.iter().enumerate() {
            let salt = u64::from(ship.identity.mmsi);
            first(Turn::Position(index), salt, 3 * MINUTE_MS);
            first(Turn::Static(index), salt + 1, STATIC_INTERVAL_MS);
            if ship.long_range {
                first(Turn::LongRange(index), salt + 2, SLOW_INTERVAL_MS);
            }
        }
        for index in 0..scenario.reception.stations.len() {
            first(Turn::Base(index), index as u64, scenario.thinning.base_ms);
        }
        for index in 0..scenario.aids.len() {
            first(Turn::Aid(index), index as u64, SLOW_INTERVAL_MS);
        }
        for (index, ship) in scenario.ships.iter().enumerate() {
            turns.extend(ship.voyage.blips().iter().map(|&at| Reverse((at, Turn::Blip(index)))));
        }
        Self {
            scenario,
            seed,
            out,
            turns,
            underway: BinaryHeap::new(),
            counts: Counts { ships: scenario.ships.len() as u64, ..Counts::default() },
            ledger: Ledger::new(scenario.ships.len()),
            groups: vec![0; scenario.reception.stations.len()],
            line_number: 0,
        }
    }

    fn run(&mut self) -> io::Result<()> {
        while let Some(Reverse((at, turn))) = self.turns.pop() {
            if at >= self.scenario.end {
                break;
            }
            self.flush(at)?;
            let next = match turn {
                Turn::Position(index) => self.position(index, at),
                Turn::Static(index) => self.statics(index, at),
                Turn::LongRange(index) => self.long_range(index, at),
                Turn::Blip(index) => self.blip(index, at),
                Turn::Base(index) => self.base(index, at),
                Turn::Aid(index) => self.aid(index, at),
            };
            if let Some(next) = next {
                self.turns.push(Reverse((next, turn)));
            }
        }
        self.flush(EventTime(i64::MAX))
    }

    /// Writes the lines that have arrived.
    fn flush(&mut self, now: EventTime) -> io::Result<()> {
        while self.underway.peek().is_some_and(|Reverse((arrival, ..))| *arrival <= now) {
            let Some(Reverse((_, _, line))) = self.underway.pop() else { break };
            self.out.write_all(line.as_bytes())?;
            self.out.write_all(b"\n")?;
            self.counts.lines += 1;
            self.counts.bytes += line.len() as u64 + 1;
        }
        Ok(())
    }

    fn position(&mut self, index: usize, at: EventTime) -> Option<EventTime> {
        let scenario = self.scenario;
        let ship = &scenario.ships[index];
        let mmsi = ship.identity.mmsi;
        if let Some(on_again) = ship.voyage.silent_until(at) {
            return Some(self.warm_up(mmsi, on_again));
        }
        let state = ship.state(self.seed, at)?;
        let interval_ms = ship.interval_ms(&state);
        let sent = Transmission {
            mmsi,
            kind: 0,
            at,
            position: state.position,
            class: ship.identity.class,
            long_range: false,
            strength: ship.strength(self.seed, at),
        };
        let heard = hear(&scenario.reception, &sent);
        let jitter_ms = hash_below(
            &[self.seed, u64::from(mmsi), 0xF2, at.0.cast_unsigned()],
            interval_ms.cast_unsigned() / 5,
        );
        let step_ms = interval_ms + jitter_ms.cast_signed();
        if heard.is_empty() {
            return Some(next_audible(&scenario.reception, &sent, step_ms));
        }
        self.ledger.position(index, at, state.position);
        self.emit(&ship.position_report(self.seed, at, &state), at, mmsi, &heard);
        let at_rest = interval_ms >= 180 * SECOND_MS;
        let thin_ms = if at_rest { scenario.thinning.at_rest_ms } else { scenario.thinning.under_way_ms };
        Some(at.after_ms(step_ms.max(thin_ms + jitter_ms.cast_signed())))
    }

    fn statics(&mut self, index: usize, at: EventTime) -> Option<EventTime> {
        let scenario = self.scenario;
        let ship = &scenario.ships[index];
        let identity = &ship.identity;
        if let Some(on_again) = ship.voyage.silent_until(at) {
            return Some(self.warm_up(identity.mmsi, on_again).after_ms(20 * SECOND_MS));
        }
        let state = ship.state(self.seed, at)?;
        let mut sent = Transmission {
            mmsi: identity.mmsi,
            kind: 1,
            at,
            position: state.position,
            class: identity.class,
            long_range: false,
            strength: ship.strength(self.seed, at),
        };
        let mut any = false;
        for payload in ship.static_reports(at, &state) {
            let heard = hear(&scenario.reception, &sent);
            if !heard.is_empty() {
                any = true;
                self.ledger.message(index);
                self.emit(&payload, at, identity.mmsi, &heard);
            }
            sent.kind += 1;
        }
        if any {
            return Some(at.after_ms(scenario.thinning.static_ms));
        }
        Some(next_audible(&scenario.reception, &sent, STATIC_INTERVAL_MS))
    }

    fn long_range(&mut self, index: usize, at: EventTime) -> Option<EventTime> {
        let scenario = self.scenario;
        let ship = &scenario.ships[index];
        let mmsi = ship.identity.mmsi;
        if let Some(on_again) = ship.voyage.silent_until(at) {
            return Some(self.warm_up(mmsi, on_again).after_ms(40 * SECOND_MS));
        }
        let state = ship.state(self.seed, at)?;
        let sent = Transmission {
            mmsi,
            kind: 9,
            at,
            position: state.position,
            class: ship.identity.class,
            long_range: true,
            strength: ship.strength(self.seed, at),
        };
        let heard = hear(&scenario.reception, &sent);
        if heard.is_empty() {
            return Some(next_audible(&scenario.reception, &sent, SLOW_INTERVAL_MS));
        }
        self.ledger.position(index, at, state.position);
        self.emit(&ship.long_range_report(self.seed, at, &state), at, mmsi, &heard);
        Some(at.after_ms(scenario.thinning.under_way_ms.max(SLOW_INTERVAL_MS)))
    }

    /// A single report in the middle of a silence: the first satellite hears it, or else the first station.
    fn blip(&mut self, index: usize, at: EventTime) -> Option<EventTime> {
        let ship = &self.scenario.ships[index];
        let state = ship.state(self.seed, at)?;
        let stations = &self.scenario.reception.stations;
        let station =
            stations.iter().position(|station| matches!(station.site, Site::Satellite { .. })).unwrap_or(0);
        self.ledger.position(index, at, state.position);
        let payload = ship.position_report(self.seed, at, &state);
        self.emit(&payload, at, ship.identity.mmsi, &[Hearing { station, delay_ms: 9 * SECOND_MS }]);
        None
    }

    fn base(&mut self, index: usize, at: EventTime) -> Option<EventTime> {
        let station = &self.scenario.reception.stations[index];
        let (Some(mmsi), Site::Shore { position, .. }) = (station.base_mmsi, &station.site) else {
            return None;
        };
        if !station.down.iter().any(|window: &Window| window.holds(at)) {
            let report = BaseStation {
                mmsi,
                time: Some(at.calendar()),
                accurate: true,
                position: Some(*position),
                fixing_device: Some(7),
                raim: false,
                radio: (hash(&[self.seed, u64::from(mmsi), at.0.cast_unsigned()]) & 0x7_FFFF) as u32,
            };
            self.emit(&report.encode(), at, mmsi, &[Hearing { station: index, delay_ms: 200 }]);
        }
        Some(at.after_ms(self.scenario.thinning.base_ms))
    }

    fn aid(&mut self, index: usize, at: EventTime) -> Option<EventTime> {
        let scenario = self.scenario;
        let aid = &scenario.aids[index];
        let position = Position::new(aid.lon, aid.lat);
        let sent = Transmission {
            mmsi: aid.mmsi,
            kind: 0,
            at,
            position,
            class: Class::A,
            long_range: false,
            strength: 1.0,
        };
        let heard = hear(&scenario.reception, &sent);
        let report = AidToNavigation {
            mmsi: aid.mmsi,
            aid_type: Some(aid.aid_type),
            name: aid.name.to_owned(),
            accurate: true,
            position: Some(position),
            fixing_device: Some(7),
            second: Some(at.second()),
            ..AidToNavigation::default()
        };
        self.emit(&report.encode(), at, aid.mmsi, &heard);
        Some(at.after_ms(scenario.thinning.base_ms.max(SLOW_INTERVAL_MS)))
    }

    /// Sends the lines of one message on their way, those of each station that heard it.
    fn emit(&mut self, payload: &Payload, at: EventTime, mmsi: u32, heard: &[Hearing]) {
        self.counts.messages += u64::from(!heard.is_empty());
        let channel =
            if hash(&[u64::from(mmsi), at.0.cast_unsigned()]) & 1 == 0 { Channel::A } else { Channel::B };
        for hearing in heard {
            let station = &self.scenario.reception.stations[hearing.station];
            let group = &mut self.groups[hearing.station];
            let lines = sentences(payload, station.formatter, channel, (*group % 10) as u8);
            if lines.len() > 1 {
                *group = *group % 9_999 + 1;
            }
            let stamped = at.after_ms(station.clock_ahead_ms);
            let tag = TagBlock { station: station.name, unix_s: stamped.unix_s(), group: *group };
            let mut arrival = at.after_ms(hearing.delay_ms);
            for line in tagged(&lines, tag) {
                self.underway.push(Reverse((arrival, self.line_number, line)));
                self.line_number += 1;
                arrival = arrival.after_ms(NEXT_SENTENCE_MS);
            }
        }
    }

    /// When a transponder that is switched on at `on_again` sends first: at least a second later.
    fn warm_up(&self, mmsi: u32, on_again: EventTime) -> EventTime {
        let wait_ms =
            hash_below(&[self.seed, u64::from(mmsi), 0xF3, on_again.0.cast_unsigned()], WARM_UP_MS - 1_000);
        on_again.after_ms(SECOND_MS + wait_ms.cast_signed())
    }
}

fn hear(reception: &Reception, sent: &Transmission) -> Vec<Hearing> {
    let mut heard = Vec::new();
    reception.hear(sent, &mut heard);
    heard
}

/// When a ship that nobody heard sends again, passing over the time in which nobody can hear it.
fn next_audible(reception: &Reception, sent: &Transmission, step_ms: i64) -> EventTime {
    let next = sent.at.after_ms(step_ms);
    reception.deaf_until(sent.position, sent.at).map_or(next, |until| until.max(next))
}
