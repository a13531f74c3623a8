//! Static values of rows, kept so that the rows of one ship share one allocation.

use alloc::sync::Arc;
use alloc::vec::Vec;
use model::{Statics, hash};

/// Slots of the cache: ships whose static fields are held at a time. A ship that loses its slot
/// to another costs one more allocation, nothing else.
const SLOTS: usize = 16_384;
/// Longest static fields that are held; longer ones are read anew each time.
const MAX_KEY_BYTES: usize = 1_024;

/// A direct-mapped cache from the bytes of a row's static fields to their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct StaticsCache {
    slots: Vec<Slot>,
    key: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    key: Vec<u8>,
    statics: Option<Arc<Statics>>,
}

impl StaticsCache {
    /// The values of the row whose static fields these are; `read` is called where they are not
    /// held. `None` where no value is present.
    pub(crate) fn get<'a>(
        &mut self,
        fields: impl Iterator<Item = &'a [u8]>,
        read: impl FnOnce() -> Statics,
    ) -> Option<Arc<Statics>> {
        self.key.clear();
        let mut filled = false;
        for field in fields {
            filled |= !field.is_empty();
            // The length keeps "A" + "B" and "AB" + "" apart.
            self.key.extend_from_slice(&(field.len() as u32).to_le_bytes());
            self.key.extend_from_slice(field);
        }
        if !filled {
            return None;
        }
        if self.key.len() > MAX_KEY_BYTES {
            return present(read());
        }
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, Slot::default);
        }
        let slot = &mut self.slots[hash::bytes(0, &self.key) as usize % SLOTS];
        if slot.key != self.key {
            slot.key.clone_from(&self.key);
            slot.statics = present(read());
        }
        slot.statics.clone()
    }
}

fn present(statics: Statics) -> Option<Arc<Statics>> {
    (!statics.is_empty()).then(|| Arc::new(statics))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(cache: &mut StaticsCache, name: &str) -> Option<Arc<Statics>> {
        cache.get([name.as_bytes(), b""].into_iter(), || Statics {
            name: super::super::values::text(name.as_bytes()),
            ..Statics::default()
        })
    }

    #[test]
    fn equal_fields_share_one_allocation_and_others_never_do() {
        let mut cache = StaticsCache::default();
        let first = named(&mut cache, "MINERVA").unwrap();
        assert!(Arc::ptr_eq(&first, &named(&mut cache, "MINERVA").unwrap()));
        for number in 0..20_000 {
            let name = alloc::format!("SHIP {number}");
            assert_eq!(named(&mut cache, &name).unwrap().name.as_deref(), Some(name.as_str()));
        }
        assert_eq!(named(&mut cache, "MINERVA").unwrap(), first);
    }

    #[test]
    fn fields_without_a_value_are_no_statics() {
        let mut cache = StaticsCache::default();
        assert_eq!(named(&mut cache, ""), None);
        assert_eq!(named(&mut cache, "Unknown"), None);
        let long = "N".repeat(2 * MAX_KEY_BYTES);
        assert_eq!(named(&mut cache, &long).unwrap().name.as_deref(), Some(long.as_str()));
    }
}
