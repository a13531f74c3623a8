//! Static values of rows, kept so that the rows of one ship share one allocation, and need not be read one by one.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};

use model::prefetch::fetch_all;
use model::{Mmsi, Statics, hash};

/// Sets of slots at first and at most: a ship has its place in one of them.
const SETS: [usize; 2] = [64, 65_536];
/// Ships of one set that are held at a time. Whoever loses its slot to another is read anew and costs one more allocation,
/// nothing else.
const WAYS: usize = 4;
/// There are so many slots for each ship, while there may be more.
const SPACIOUS: usize = 4;
/// Longest static fields that are held; longer ones are read anew each time.
const MAX_BYTES: usize = 1_024;

/// Seeded anew each time: who chooses fields cannot know which would be taken for others, of one ship and with 128 bits alike.
#[expect(clippy::disallowed_types, reason = "nobody can see the seed")]
type Seeded = foldhash::quality::RandomState;

/// The static values of ships, as their last rows had them.
#[derive(Clone, Debug, Default)]
pub(crate) struct StaticsCache {
    sets: Vec<Set>,
    /// How many slots are taken.
    taken: usize,
    seeds: [Seeded; 2],
}

/// What lies together is looked through at once.
#[derive(Clone, Debug, Default)]
#[repr(align(128))]
struct Set([Slot; WAYS]);

/// What a ship said last.
#[derive(Clone, Debug, Default)]
struct Slot {
    /// Of the static fields of its row: with 128 bits none are taken for others by chance.
    print: [u64; 2],
    statics: Option<Arc<Statics>>,
    /// 0 where the slot is empty.
    mmsi: u32,
}

impl StaticsCache {
    /// Fetches where a ship has its place.
    pub(crate) fn fetch(&self, mmsi: Mmsi) {
        if !self.sets.is_empty() {
            let Set(slots) = &self.sets[place_of(self.sets.len(), mmsi).0];
            fetch_all(slots);
        }
    }

    /// The values of a ship's row, of which these are the static fields, each or several together; `read` is called where others
    /// are held of the ship, or none. `None` where no value is present.
    pub(crate) fn get<'a>(
        &mut self,
        mmsi: Mmsi,
        fields: impl Iterator<Item = &'a [u8]>,
        read: impl FnOnce() -> Statics,
    ) -> Option<Arc<Statics>> {
        let mut hashers = self.seeds.each_ref().map(BuildHasher::build_hasher);
        let mut length = 0;
        for field in fields {
            length += field.len();
            for hasher in &mut hashers {
                // The length keeps "A" + "B" and "AB" + "" apart.
                hasher.write_usize(field.len());
                hasher.write(field);
            }
        }
        if length > MAX_BYTES {
            return present(read());
        }
        let print = hashers.map(|hasher| hasher.finish());
        if self.taken * SPACIOUS >= self.sets.len() * WAYS && self.sets.len() < SETS[1] {
            self.grow();
        }
        let slot = slot_of(&mut self.sets, mmsi);
        if slot.mmsi != mmsi.0 || slot.print != print {
            self.taken += usize::from(slot.mmsi == 0 && mmsi.0 != 0);
            *slot = Slot { print, statics: present(read()), mmsi: mmsi.0 };
        }
        slot.statics.clone()
    }

    /// Room for twice as many ships.
    fn grow(&mut self) {
        let former = core::mem::take(&mut self.sets);
        self.sets.resize_with((2 * former.len()).max(SETS[0]), Set::default);
        self.taken = 0;
        for held in former.into_iter().flat_map(|set| set.0).filter(|slot| slot.mmsi != 0) {
            let slot = slot_of(&mut self.sets, Mmsi(held.mmsi));
            self.taken += usize::from(slot.mmsi == 0);
            *slot = held;
        }
    }
}

/// The slot that a ship has, or one that is empty, or another's.
fn slot_of(sets: &mut [Set], mmsi: Mmsi) -> &mut Slot {
    let (set, other) = place_of(sets.len(), mmsi);
    let Set(slots) = &mut sets[set];
    let is_of = |wanted: u32| slots.iter().position(|slot| slot.mmsi == wanted);
    let at = is_of(mmsi.0).or_else(|| is_of(0)).unwrap_or(other);
    &mut slots[at]
}

/// The set that a ship belongs to, of so many, a power of two, and which of its slots it takes from another.
fn place_of(sets: usize, mmsi: Mmsi) -> (usize, usize) {
    let mixed = hash::mix(u64::from(mmsi.0), 0x57A7);
    (mixed as usize & (sets - 1), (mixed >> 32) as usize % WAYS)
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
            for number in 2..2 * (SETS[1] * WAYS) as u32 {
                let name = alloc::format!("SHIP {number} {round}");
                assert_eq!(named(&mut cache, number, &name).unwrap().name.as_deref(), Some(name.as_str()));
            }
        }
        assert_eq!(named(&mut cache, 1, "MINERVA").unwrap(), first);
        assert_eq!(cache.sets.len(), SETS[1]);
    }

    #[test]
    fn what_fields_are_known_by_has_two_halves_of_its_own() {
        let [one, other] = StaticsCache::default().seeds;
        assert_ne!(one.hash_one("MINERVA"), other.hash_one("MINERVA"));
    }

    #[test]
    fn ships_are_held_while_there_come_to_be_more() {
        let mut cache = StaticsCache::default();
        let ships = || 1..20_000;
        let name = |number: u32| alloc::format!("SHIP {number}");
        let first: Vec<_> = ships().map(|number| named(&mut cache, number, &name(number)).unwrap()).collect();
        assert!(cache.sets.len() < SETS[1]);
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
        let long = "N".repeat(2 * MAX_BYTES);
        assert_eq!(named(&mut cache, 1, &long).unwrap().name.as_deref(), Some(long.as_str()));
        let held = cache.sets.iter().flat_map(|set| &set.0);
        assert!(held.filter_map(|slot| slot.statics.as_ref()).count() == 0, "long fields are not held");
    }
}
