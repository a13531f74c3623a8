//! Static values of rows, kept so that the rows of one ship share one allocation, and need not be read one by one.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use model::{Mmsi, Statics, hash};

/// Sets of slots at first and at most: a ship has its place in one of them.
const SETS: [usize; 2] = [64, 16_384];
/// Ships of one set that are held at a time. Whoever loses its slot to another is read anew and costs one more allocation,
/// nothing else.
const WAYS: usize = 8;
/// Longest static fields that are held; longer ones are read anew each time.
const MAX_KEY_BYTES: usize = 1_024;

/// The static values of ships, as their last rows had them.
#[derive(Clone, Debug, Default)]
pub(crate) struct StaticsCache {
    /// Of each slot whose it is, a set together; 0 where it is empty.
    owners: Vec<[u32; WAYS]>,
    slots: Vec<Slot>,
    /// How many of them are taken.
    taken: usize,
    key: Vec<u8>,
}

/// What a ship said last.
#[derive(Clone, Debug, Default)]
struct Slot {
    /// The static fields of its row.
    key: Vec<u8>,
    statics: Option<Arc<Statics>>,
}

impl StaticsCache {
    /// The values of a ship's row, of which these are the static fields, each or several together; `read` is called where others
    /// are held of the ship, or none. `None` where no value is present.
    pub(crate) fn get<'a>(
        &mut self,
        mmsi: Mmsi,
        fields: impl Iterator<Item = &'a [u8]>,
        read: impl FnOnce() -> Statics,
    ) -> Option<Arc<Statics>> {
        self.key.clear();
        for field in fields {
            // The length keeps "A" + "B" and "AB" + "" apart.
            self.key.extend_from_slice(&(field.len() as u32).to_le_bytes());
            self.key.extend_from_slice(field);
        }
        if self.key.len() > MAX_KEY_BYTES {
            return present(read());
        }
        if self.taken * 2 >= self.slots.len() && self.slots.len() < SETS[1] * WAYS {
            self.grow();
        }
        let (set, way) = place_of(&self.owners, mmsi);
        let owner = &mut self.owners[set][way];
        let slot = &mut self.slots[set * WAYS + way];
        if *owner != mmsi.0 || slot.key != self.key {
            self.taken += usize::from(*owner == 0 && mmsi.0 != 0);
            *owner = mmsi.0;
            slot.key.clone_from(&self.key);
            slot.statics = present(read());
        }
        slot.statics.clone()
    }

    /// Room for twice as many ships.
    fn grow(&mut self) {
        let sets = (2 * self.owners.len()).max(SETS[0]);
        let owners = core::mem::replace(&mut self.owners, vec![[0; WAYS]; sets]);
        let former = core::mem::take(&mut self.slots);
        self.slots.resize_with(sets * WAYS, Slot::default);
        self.taken = 0;
        let held = owners.into_iter().flatten().zip(former);
        for (mmsi, slot) in held.filter(|(mmsi, _)| *mmsi != 0) {
            let (set, way) = place_of(&self.owners, Mmsi(mmsi));
            self.taken += usize::from(self.owners[set][way] == 0);
            self.owners[set][way] = mmsi;
            self.slots[set * WAYS + way] = slot;
        }
    }
}

/// The slot that a ship has, or one that is empty, or another's: the set, and which of it.
fn place_of(owners: &[[u32; WAYS]], mmsi: Mmsi) -> (usize, usize) {
    let mixed = hash::mix(u64::from(mmsi.0), 0x57A7) as usize;
    let (set, other) = (mixed % owners.len(), mixed / owners.len() % WAYS);
    let is_of = |wanted: u32| owners[set].iter().position(|owner| *owner == wanted);
    (set, is_of(mmsi.0).or_else(|| is_of(0)).unwrap_or(other))
}

fn present(statics: Statics) -> Option<Arc<Statics>> {
    (!statics.is_empty()).then(|| Arc::new(statics))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(cache: &mut StaticsCache, mmsi: u32, name: &str) -> Option<Arc<Statics>> {
        let name = name.as_bytes();
        cache.get(Mmsi(mmsi), [name, b""].into_iter(), || Statics {
            name: super::super::values::text(name),
            ..Statics::default()
        })
    }

    #[test]
    fn rows_of_a_ship_share_one_allocation_while_they_say_the_same() {
        let mut cache = StaticsCache::default();
        let first = named(&mut cache, 1, "MINERVA").unwrap();
        assert!(Arc::ptr_eq(&first, &named(&mut cache, 1, "MINERVA").unwrap()));
        assert_eq!(named(&mut cache, 1, "MINERVA II").unwrap().name.as_deref(), Some("MINERVA II"));
        assert_eq!(named(&mut cache, 1, "MINERVA").unwrap(), first);
        // As many as lose their slots to each other.
        for round in 0..2 {
            for number in 2..3 * (SETS[1] * WAYS) as u32 {
                let name = alloc::format!("SHIP {number} {round}");
                assert_eq!(named(&mut cache, number, &name).unwrap().name.as_deref(), Some(name.as_str()));
            }
        }
        assert_eq!(named(&mut cache, 1, "MINERVA").unwrap(), first);
        assert_eq!(cache.slots.len(), SETS[1] * WAYS);
    }

    #[test]
    fn ships_are_held_while_there_come_to_be_more() {
        let mut cache = StaticsCache::default();
        let ships = || 1..20_000;
        let name = |number: u32| alloc::format!("SHIP {number}");
        let first: Vec<_> = ships().map(|number| named(&mut cache, number, &name(number)).unwrap()).collect();
        assert!(cache.slots.len() < SETS[1] * WAYS);
        let held = ships().zip(&first).filter(|(number, first)| {
            Arc::ptr_eq(&named(&mut cache, *number, &name(*number)).unwrap(), first)
        });
        assert!(held.count() > 19_000);
    }

    #[test]
    fn fields_without_a_value_are_no_statics() {
        let mut cache = StaticsCache::default();
        assert_eq!(named(&mut cache, 0, ""), None);
        assert_eq!(named(&mut cache, 1, ""), None);
        assert_eq!(named(&mut cache, 1, "Unknown"), None);
        let long = "N".repeat(2 * MAX_KEY_BYTES);
        assert_eq!(named(&mut cache, 1, &long).unwrap().name.as_deref(), Some(long.as_str()));
    }
}
