//! IMO numbers under a new MMSI: the hull stays, the radio's number changes.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{EventTime, Fix, Mmsi};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// IMO numbers remembered, and new pairs of one bin; there are fewer ships that have one.
const MAX_NUMBERS: usize = 262_144;
/// MMSIs remembered under one IMO number.
const MAX_MMSIS: usize = 4;

/// An MMSI under which an IMO number is heard for the first time, after others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The IMO number.
    pub imo: u32,
    /// The MMSIs under which it was heard before.
    pub before: SmallVec<[Mmsi; 2]>,
    /// The new one.
    pub mmsi: Mmsi,
    /// When it was said.
    pub t: EventTime,
    /// Where the ship was heard last, if it was.
    pub fix: Option<Fix>,
}

/// Who claims which IMO number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Claims {
    /// Of bins that are not over: when each new pair was heard first.
    open: BTreeMap<i64, BTreeMap<(u32, Mmsi), EventTime>>,
    known: HashMap<u32, SmallVec<[Mmsi; 2]>, FixedState>,
}

impl Claims {
    /// A ship has said its IMO number.
    pub(super) fn hear(&mut self, t: EventTime, imo: u32, mmsi: Mmsi) {
        if self.known.get(&imo).is_none_or(|known| !known.contains(&mmsi)) {
            let open = self.open.entry(super::bin_of(t)).or_default();
            if open.len() < MAX_NUMBERS || open.contains_key(&(imo, mmsi)) {
                let first = open.entry((imo, mmsi)).or_insert(t);
                *first = t.min(*first);
            }
        }
    }

    /// The new pairs of a bin that is over.
    pub(super) fn tick(&mut self, bin: i64, fix: impl Fn(Mmsi) -> Option<Fix>) -> Vec<Claim> {
        let mut claims = Vec::new();
        let open = self.open.remove(&bin).unwrap_or_default();
        let mut open: Vec<(EventTime, u32, Mmsi)> =
            open.into_iter().map(|((imo, mmsi), t)| (t, imo, mmsi)).collect();
        open.sort_unstable();
        for (t, imo, mmsi) in open {
            if self.known.len() >= MAX_NUMBERS && !self.known.contains_key(&imo) {
                continue;
            }
            let known = self.known.entry(imo).or_default();
            if known.contains(&mmsi) || known.len() >= MAX_MMSIS {
                continue;
            }
            if !known.is_empty() {
                claims.push(Claim { imo, before: known.clone(), mmsi, t, fix: fix(mmsi) });
            }
            known.push(mmsi);
        }
        claims
    }
}
