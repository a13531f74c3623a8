//! The ships of all sources that are watched for reception: looked up one by one as they are heard, gone through all together
//! when a bin is over.

use model::prefetch::fetch;
use model::roster::{Keyed, Roster};
use model::{Cell, Class, EventTime, Fix, Mmsi, Position};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::outage::Mask;
use super::tick::IntervalGroup;
use super::{BIN_MS, bin_of, bin_start};

/// Stations of one bin that are told apart as hearing one ship.
const MAX_STATIONS_OF_SHIP: usize = 64;

/// A ship of a source.
pub(super) type Key = (u16, Mmsi);

/// Ships by source and MMSI.
pub(super) type Ships = Roster<Watched>;

/// A ship.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Watched {
    pub(super) key: Key,
    /// In bins that are over; none if it has only been heard since.
    pub(super) known: Option<Sighted>,
    /// In bins that are not over yet, one each, the order is that of their first reports.
    pub(super) glimpses: SmallVec<[Glimpse; 1]>,
}

/// A ship as a source heard it last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sighted {
    /// Its first report in the bin heard before the last; before all time if there is none.
    pub(super) before: Fix,
    /// Its first report in the last bin in which it was heard.
    pub(super) fix: Fix,
    pub(super) cell: Cell,
    pub(super) class: Class,
    pub(super) group: IntervalGroup,
    pub(super) minutes: u16,
    pub(super) mask: Mask,
    /// The bins of the last hours in which it was heard, the newest in the lowest bit.
    pub(super) heard: u64,
    /// The bin in which it was heard first.
    pub(super) since: i32,
    /// Where it was counted last, and on which day.
    pub(super) counted: (Cell, i32),
}

/// What a ship showed in one bin: nothing here depends on the order of its reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Glimpse {
    pub(super) first: Fix,
    pub(super) class: Class,
    pub(super) group: IntervalGroup,
    /// The minutes of the bin in which it was heard, a bit each.
    pub(super) minutes: u16,
    /// The station that heard it first, 0 for none that is named …
    station: u64,
    /// … and others.
    others: ThinVec<u64>,
}

impl Keyed for Watched {
    type Key = Key;

    fn key(&self) -> Key {
        self.key
    }
}

impl Watched {
    /// Fetches it.
    pub(super) fn fetch(&self) {
        fetch(&self.key);
        fetch(&self.known);
        fetch(&self.glimpses);
    }

    /// What it showed in a bin that is not over, if it was heard in it.
    pub(super) fn glimpse_mut(&mut self, bin: i64) -> Option<&mut Glimpse> {
        self.glimpses.iter_mut().find(|glimpse| glimpse.is_of(bin))
    }

    /// The same, taken out: the bin is over.
    pub(super) fn take_glimpse(&mut self, bin: i64) -> Option<Glimpse> {
        let at = self.glimpses.iter().position(|glimpse| glimpse.is_of(bin))?;
        let glimpse = self.glimpses.remove(at);
        if self.glimpses.spilled() {
            self.glimpses.shrink_to_fit();
        }
        Some(glimpse)
    }
}

impl Glimpse {
    /// The first of a bin.
    pub(super) fn new(first: Fix, class: Class, group: IntervalGroup, minute: u16, station: u64) -> Glimpse {
        Glimpse { first, class, group, minutes: minute, station, others: ThinVec::new() }
    }

    fn is_of(&self, bin: i64) -> bool {
        // Of two comparisons less than a division.
        (0..BIN_MS).contains(&(self.first.t.0 - bin_start(bin).0))
    }

    /// A station heard it; none that is named is 0.
    pub(super) fn heard_by(&mut self, station: u64) {
        if station == 0 || station == self.station || self.others.contains(&station) {
            return;
        }
        if self.station == 0 {
            self.station = station;
        } else if self.others.len() + 1 < MAX_STATIONS_OF_SHIP {
            self.others.push(station);
        }
    }

    /// The stations that heard it.
    pub(super) fn stations(&self) -> impl Iterator<Item = u64> {
        Some(self.station).filter(|station| *station != 0).into_iter().chain(self.others.iter().copied())
    }
}

impl Sighted {
    /// A ship that is heard for the first time.
    pub(super) fn new(glimpse: &Glimpse, cell: Cell) -> Sighted {
        Sighted {
            before: Fix { t: EventTime::MIN, position: Position::default() },
            fix: glimpse.first,
            cell,
            class: glimpse.class,
            group: glimpse.group,
            minutes: glimpse.minutes,
            mask: 1,
            heard: 1,
            since: bin_of(glimpse.first.t) as i32,
            counted: (Cell::NONE, 0),
        }
    }

    /// It is heard again.
    pub(super) fn hear(&mut self, glimpse: &Glimpse, cell: Cell) {
        (self.before, self.fix, self.cell) = (self.fix, glimpse.first, cell);
        (self.class, self.group, self.minutes) = (glimpse.class, glimpse.group, glimpse.minutes);
        (self.mask, self.heard) = (self.mask | 1, self.heard | 1);
    }

    /// The last bin in which it was heard.
    pub(super) fn bin(&self) -> i64 {
        bin_of(self.fix.t)
    }

    /// Whether it was heard in nearly all bins of the last hours up to the last in which it was heard, as seen
    /// from a later bin: what it misses tells of the place, not of its transmitter.
    pub(super) fn is_steady(&self, bin: i64) -> bool {
        const HOURS_BINS: i64 = 36;
        const LEAST_BINS: i64 = 12;
        let past = self.heard.checked_shr((bin - self.bin()) as u32).unwrap_or(0);
        let bins = (self.bin() - i64::from(self.since) + 1).min(HOURS_BINS);
        let heard = (past & ((1 << HOURS_BINS) - 1)).count_ones();
        bins >= LEAST_BINS && i64::from(heard) * 20 >= bins * 16
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn each_station_counts_once_and_there_is_an_end() {
        let fix = Fix { t: EventTime(0), position: Position::default() };
        let mut glimpse = Glimpse::new(fix, Class::A, IntervalGroup::RestA, 1, 0);
        assert_eq!(glimpse.stations().count(), 0);
        (0..200).chain(0..200).for_each(|station| glimpse.heard_by(station));
        assert_eq!(glimpse.stations().collect::<Vec<_>>(), (1..=64).collect::<Vec<_>>());
    }
}
