//! What the end of each bin tells all shards.

use alloc::sync::Arc;
use alloc::vec::Vec;

use model::alert::Notice;
use model::{Cell, Class, Mmsi};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use smallvec::SmallVec;

use super::runs::{Packed, pack_number, unpack_number};
use super::{Claim, Jamming};
use crate::{AT_ANCHOR, MOORED};

/// What was heard in one bin of ten minutes, and what is known of earlier ones by its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The bin that is over.
    pub bin: i64,
    /// Where ships were heard in it: cells, ascending.
    #[serde(deserialize_with = "ascending")]
    pub heard: Vec<(Cell, CellHeard)>,
    /// Who could hear in it.
    pub hearing: Arc<Hearing>,
    /// The counts of the bin six before, which is complete now, by cell, class and source. What is
    /// known later still (a ship was lost, or has come out of nowhere) stands in the bin six after.
    pub counted: Vec<Counted>,
    /// Median intervals between reports, where they have changed, in milliseconds.
    pub intervals: Vec<(u16, IntervalGroup, i64)>,
    /// IMO numbers that have a new MMSI.
    pub claims: Vec<Claim>,
    /// What belongs to no ship.
    pub notices: Vec<Notice>,
}

/// Reads cells in which ships were heard, and refuses them where they are not in their order or nobody was heard.
fn ascending<'de, D: Deserializer<'de>>(bytes: D) -> Result<Vec<(Cell, CellHeard)>, D::Error> {
    let heard = Vec::<(Cell, CellHeard)>::deserialize(bytes)?;
    let is_ascending = heard.is_sorted_by(|(one, _), (other, _)| one < other);
    if !is_ascending || heard.iter().any(|(cell, heard)| *cell == Cell::NONE || heard.ships == 0) {
        return Err(D::Error::custom("cells are not in their order, or nobody was heard in one"));
    }
    Ok(heard)
}

/// Who could hear in one bin, and what was in the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hearing {
    /// Sources that heard anything at all, ascending.
    pub sources: SmallVec<[u16; 2]>,
    /// Sources that are down, with the bin since which.
    pub down: SmallVec<[(u16, i64); 1]>,
    /// Cells in which nobody can be heard because a receiver has failed.
    pub dead: Vec<Dead>,
    /// Where positions of many ships jump.
    pub jamming: Vec<Jamming>,
}

/// Ships heard in one cell in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CellHeard {
    /// How many.
    pub ships: u32,
    /// Those with the lowest numbers; 0 where there are fewer.
    lowest: [Mmsi; CellHeard::WITNESSES],
}

impl CellHeard {
    const WITNESSES: usize = 3;
    /// Where the number of ships stands in a byte of them, above what is said of the witnesses.
    const FEW_AT: usize = 2 * CellHeard::WITNESSES;

    /// One more ship; they come in the order of their numbers.
    pub fn add(&mut self, mmsi: Mmsi) {
        if let Some(place) = self.lowest.get_mut(self.ships as usize) {
            *place = mmsi;
        }
        self.ships += 1;
    }

    /// Some of the ships: those with the lowest numbers.
    pub fn witnesses(&self) -> impl Iterator<Item = Mmsi> {
        self.lowest.into_iter().take(self.ships as usize)
    }
}

impl Packed for CellHeard {
    /// At least one ship. In one byte how many there are, as far as there is room, and of each witness which one it is later; then the rest.
    fn pack(&self, later: &CellHeard, bytes: &mut impl Extend<u8>) {
        let mut first = 0;
        for (at, mmsi) in self.witnesses().enumerate() {
            let known = later.witnesses().position(|other| other == mmsi);
            first |= known.map_or(0, |known| known as u8 + 1) << (2 * at);
        }
        let few = self.ships.saturating_sub(1).min(CellHeard::WITNESSES as u32);
        bytes.extend([first | (few as u8) << CellHeard::FEW_AT]);
        if few == CellHeard::WITNESSES as u32 {
            pack_number(u64::from(self.ships) - CellHeard::WITNESSES as u64 - 1, bytes);
        }
        for mmsi in self.witnesses().filter(|mmsi| later.witnesses().all(|other| other != *mmsi)) {
            bytes.extend(mmsi.0.to_le_bytes());
        }
    }

    fn unpack<'a>(later: &CellHeard, bytes: &mut impl Iterator<Item = &'a u8>) -> Option<CellHeard> {
        let first = *bytes.next()?;
        let mut ships = u32::from(first >> CellHeard::FEW_AT) + 1;
        if ships > CellHeard::WITNESSES as u32 {
            ships = ships.checked_add(u32::try_from(unpack_number(bytes)?).ok()?)?;
        }
        let mut heard = CellHeard { ships, ..CellHeard::default() };
        for (at, place) in heard.lowest.iter_mut().take(ships as usize).enumerate() {
            *place = match usize::from(first >> (2 * at) & 3).checked_sub(1) {
                Some(known) => later.lowest[known],
                None => {
                    Mmsi(u32::from_le_bytes([*bytes.next()?, *bytes.next()?, *bytes.next()?, *bytes.next()?]))
                }
            };
        }
        Some(heard)
    }
}

/// How ships of one class fared with one source in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The cell.
    pub cell: Cell,
    /// The class.
    pub class: Class,
    /// The source.
    pub source: u16,
    /// What was counted.
    pub counts: Counts,
}

/// What is counted of ships in a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Bins in which a ship that was there was heard.
    pub heard: u32,
    /// Bins in which a ship was there.
    pub present: u32,
    /// Of the bins after one in which a ship was there and not heard: those in which it was heard.
    pub heard_next: u32,
    /// Bins after one in which a ship was there and not heard.
    pub present_next: u32,
    /// Ships that had come from another cell, or were there for the first time that day.
    pub passages: u32,
    /// Ships heard in it after another cell or after more than an hour.
    pub entries: u32,
    /// Ships heard in it and then not for more than an hour.
    pub losses: u32,
    /// Ships heard in it first after more than an hour.
    pub appearances: u32,
}

impl Counts {
    /// How many kinds of things are counted.
    pub const KINDS: usize = 8;

    /// All of them, in their order.
    #[must_use]
    pub fn all(&self) -> [u32; Counts::KINDS] {
        let Counts { heard, present, heard_next, present_next, passages, entries, losses, appearances } =
            *self;
        [heard, present, heard_next, present_next, passages, entries, losses, appearances]
    }

    /// The same from a list.
    #[must_use]
    pub fn of(all: [u32; Counts::KINDS]) -> Counts {
        let [heard, present, heard_next, present_next, passages, entries, losses, appearances] = all;
        Counts { heard, present, heard_next, present_next, passages, entries, losses, appearances }
    }

    /// Adds what was counted elsewhere or at another time.
    pub fn add(&mut self, other: &Counts) {
        self.each_with(other, u32::wrapping_add);
    }

    /// Takes away what was added before.
    pub fn subtract(&mut self, other: &Counts) {
        self.each_with(other, u32::wrapping_sub);
    }

    /// So many times as much.
    #[must_use]
    pub fn times(&self, factor: u32) -> Counts {
        Counts::of(self.all().map(|count| count.wrapping_mul(factor)))
    }

    fn each_with(&mut self, other: &Counts, of: impl Fn(u32, u32) -> u32) {
        let (ours, others) = (self.all(), other.all());
        *self = Counts::of(core::array::from_fn(|kind| of(ours[kind], others[kind])));
    }
}

/// Cells out of hearing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dead {
    /// Since this bin, up to the one that is over.
    pub since: i64,
    /// The cells, ascending.
    pub cells: Vec<Cell>,
}

/// Ships that report at like intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IntervalGroup {
    /// Class A, moored or at anchor.
    RestA,
    /// Class A, under way.
    UnderWayA,
    /// Class B, up to 2 kn.
    RestB,
    /// Class B, faster.
    UnderWayB,
}

impl IntervalGroup {
    /// The group of a ship that sends this.
    #[must_use]
    pub fn of(class: Class, sog: Option<u16>, nav_status: Option<u8>) -> IntervalGroup {
        let at_rest = matches!(nav_status, Some(AT_ANCHOR | MOORED)) && sog.is_none_or(|sog| sog <= 30);
        match class {
            Class::A if at_rest => IntervalGroup::RestA,
            Class::A => IntervalGroup::UnderWayA,
            Class::B if sog.is_some_and(|sog| sog <= 20) => IntervalGroup::RestB,
            Class::B => IntervalGroup::UnderWayB,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_whose_cells_are_not_in_their_order_or_empty_are_refused() {
        let mut one = CellHeard::default();
        one.add(Mmsi(273_000_001));
        let near = Cell::at(model::Position::default()).disk(1);
        let read = |heard: &[(Cell, CellHeard)]| {
            let tick = Tick { bin: 2_800_000, heard: heard.to_vec(), ..Tick::default() };
            let written = postcard::to_allocvec(&tick).unwrap();
            postcard::from_bytes::<Tick>(&written).map(|read| read == tick)
        };
        assert_eq!(read(&[(near[0], one), (near[1], one)]), Ok(true));
        for wrong in [
            [(near[1], one), (near[0], one)],
            [(near[0], one), (near[0], one)],
            [(Cell::NONE, one), (near[0], one)],
            [(near[0], one), (near[1], CellHeard::default())],
        ] {
            assert!(read(&wrong).is_err());
        }
    }
}
