//! Values of many cells in few bytes: what is remembered of each tick for 72 h.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::slice::Iter;

use model::Cell;
use serde::de::Error;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Cells that are looked through one after the other.
const RUN: usize = 8;

/// Something that is kept as bytes.
pub trait Packed: Sized {
    /// Appends it.
    fn pack(&self, bytes: &mut Vec<u8>);
    /// Takes it off the front of what was packed.
    fn unpack(bytes: &mut Iter<'_, u8>) -> Option<Self>;
    /// Passes it.
    fn skip(bytes: &mut Iter<'_, u8>) -> Option<()>;
}

/// Cells, ascending, each with a value. Of every so many of them it is known where they begin, so that one is found by a search
/// for its run and a few steps in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ByCell<T> {
    /// The first cell of each run, and where in the bytes it is.
    runs: Vec<(Cell, u32)>,
    /// Of each cell how far it is from the one before in its run, and its value.
    bytes: Vec<u8>,
    values: PhantomData<T>,
}

impl<T> Default for ByCell<T> {
    fn default() -> Self {
        ByCell { runs: Vec::new(), bytes: Vec::new(), values: PhantomData }
    }
}

impl<T: Packed> ByCell<T> {
    /// Packs values; cells ascend, and none comes twice: those that do not are left out.
    pub(super) fn new(values: impl Iterator<Item = (Cell, T)>) -> ByCell<T> {
        let mut packed = ByCell::default();
        let mut before = Cell::NONE;
        let mut newest = Cell::NONE;
        let ascending = values.filter(|(cell, _)| {
            let is_next = *cell > newest;
            newest = newest.max(*cell);
            is_next
        });
        for (at, (cell, value)) in ascending.enumerate() {
            if at % RUN == 0 {
                packed.runs.push((cell, packed.bytes.len() as u32));
                before = cell;
            }
            pack_number(u64::from(cell.steps_from(before)), &mut packed.bytes);
            value.pack(&mut packed.bytes);
            before = cell;
        }
        packed.runs.shrink_to_fit();
        packed.bytes.shrink_to_fit();
        packed
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The value of a cell.
    pub(super) fn get(&self, cell: Cell) -> Option<T> {
        let run = self.runs.partition_point(|(first, _)| *first <= cell).checked_sub(1)?;
        let (mut other, mut bytes) = self.run(run);
        loop {
            other = other.after(unpack_number(&mut bytes)? as u32);
            if other >= cell {
                return if other == cell { T::unpack(&mut bytes) } else { None };
            }
            T::skip(&mut bytes)?;
        }
    }

    /// Bytes set aside for it.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.runs.capacity() * size_of::<(Cell, u32)>() + self.bytes.capacity()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Cell, T)> {
        (0..self.runs.len()).flat_map(|run| {
            let (mut cell, mut bytes) = self.run(run);
            core::iter::from_fn(move || {
                cell = cell.after(unpack_number(&mut bytes)? as u32);
                Some((cell, T::unpack(&mut bytes)?))
            })
        })
    }

    /// The first cell of a run, and its bytes.
    fn run(&self, run: usize) -> (Cell, Iter<'_, u8>) {
        let (first, start) = self.runs[run];
        let end = self.runs.get(run + 1).map_or(self.bytes.len(), |(_, end)| *end as usize);
        (first, self.bytes[start as usize..end].iter())
    }
}

impl<T: Packed + Serialize> Serialize for ByCell<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut values = out.serialize_seq(Some(self.iter().count()))?;
        self.iter().try_for_each(|value| values.serialize_element(&value))?;
        values.end()
    }
}

impl<'de, T: Packed + Deserialize<'de>> Deserialize<'de> for ByCell<T> {
    fn deserialize<D: Deserializer<'de>>(bytes: D) -> Result<Self, D::Error> {
        let values = Vec::<(Cell, T)>::deserialize(bytes)?;
        let mut before = Cell::NONE;
        for (cell, _) in &values {
            if *cell <= before {
                return Err(D::Error::custom("cells are not in their order"));
            }
            before = *cell;
        }
        Ok(ByCell::new(values.into_iter()))
    }
}

/// Appends a number, seven bits to a byte, the lowest first.
pub(super) fn pack_number(mut number: u64, bytes: &mut impl Extend<u8>) {
    while number >= 0x80 {
        bytes.extend([number as u8 | 0x80]);
        number >>= 7;
    }
    bytes.extend([number as u8]);
}

/// Takes a number off the front of what was packed.
#[inline]
pub(super) fn unpack_number<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> Option<u64> {
    let first = *bytes.next()?;
    if first < 0x80 {
        return Some(u64::from(first));
    }
    let (mut number, mut shift) = (u64::from(first & 0x7F), 7);
    while shift < 64 {
        let byte = *bytes.next()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
    None
}

impl Packed for u64 {
    fn pack(&self, bytes: &mut Vec<u8>) {
        pack_number(*self, bytes);
    }

    fn unpack(bytes: &mut Iter<'_, u8>) -> Option<u64> {
        unpack_number(bytes)
    }

    fn skip(bytes: &mut Iter<'_, u8>) -> Option<()> {
        bytes.find(|byte| **byte < 0x80).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use model::Position;

    use super::*;

    #[test]
    fn every_cell_is_found_with_its_value_and_no_other_is() {
        let all = Cell::at(Position::from_degrees(131.9, 43.1).unwrap()).disk(40);
        for count in [0, 1, 2, 15, 16, 17, 1_000] {
            let mut state = count as u64;
            let mut random = || {
                state = model::hash::mix(state, 0x5EED);
                state
            };
            let known: BTreeMap<Cell, u64> = (0..count)
                .map(|_| (all[random() as usize % all.len()], random() >> (random() % 64)))
                .collect();
            let packed = ByCell::new(known.iter().map(|(cell, value)| (*cell, *value)));
            assert!(packed.iter().eq(known.iter().map(|(cell, value)| (*cell, *value))));
            for cell in &all {
                assert_eq!(packed.get(*cell), known.get(cell).copied());
            }
            let written = postcard::to_allocvec(&packed).unwrap();
            assert_eq!(postcard::from_bytes::<ByCell<u64>>(&written).unwrap(), packed);
        }
    }

    #[test]
    fn cells_that_are_not_in_their_order_are_left_out_and_refused_where_they_are_read() {
        let cells = Cell::at(Position::default()).disk(1);
        let given = [cells[2], cells[1], cells[2], Cell::NONE, cells[3]];
        let packed = ByCell::new(given.iter().zip(1..).map(|(cell, value)| (*cell, value)));
        assert!(packed.iter().eq([(cells[2], 1_u64), (cells[3], 5)]));
        let written = |cells: &[Cell]| {
            let values: Vec<(Cell, u64)> = cells.iter().map(|cell| (*cell, 1)).collect();
            postcard::to_allocvec(&values).unwrap()
        };
        assert!(postcard::from_bytes::<ByCell<u64>>(&written(&cells)).is_ok());
        for wrong in [&[cells[1], cells[0]][..], &[cells[0], cells[0]], &[Cell::NONE, cells[0]]] {
            assert!(postcard::from_bytes::<ByCell<u64>>(&written(wrong)).is_err());
        }
    }
}
