//! IMO numbers under a new MMSI: the hull stays, the radio's number changes.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::roster::{Keyed, Roster};
use model::{EventTime, Fix, Mmsi, Statics};
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
    /// What ships said last, of which nothing follows for a while if they say it again. It changes nothing but the time it takes.
    #[serde(skip)]
    said: Roster<Said>,
}

/// Nothing follows if a ship says this again at a time since then, and before the other.
#[derive(Clone, Debug)]
struct Said {
    mmsi: Mmsi,
    values: Arc<Statics>,
    since: EventTime,
    before: EventTime,
}

impl Keyed for Said {
    type Key = Mmsi;

    fn key(&self) -> Mmsi {
        self.mmsi
    }
}

impl Said {
    fn is_settled(&self, t: EventTime, values: &Arc<Statics>) -> bool {
        Arc::ptr_eq(&self.values, values) && self.since <= t && t < self.before
    }
}

impl Claims {
    /// A ship has said who it is.
    pub(super) fn hear(&mut self, t: EventTime, values: &Arc<Statics>, mmsi: Mmsi) {
        if self.said.get(mmsi).is_some_and(|said| said.is_settled(t, values)) {
            return;
        }
        let settled = match values.imo {
            Some(imo) if self.known.get(&imo).is_none_or(|known| !known.contains(&mmsi)) => {
                let bin = super::bin_of(t);
                let open = self.open.entry(bin).or_default();
                if open.len() >= MAX_NUMBERS && !open.contains_key(&(imo, mmsi)) {
                    return;
                }
                let first = open.entry((imo, mmsi)).or_insert(t);
                *first = t.min(*first);
                (*first, super::bin_end(bin))
            }
            Some(_) | None => (EventTime::MIN, EventTime::MAX),
        };
        self.remember(Said { mmsi, values: Arc::clone(values), since: settled.0, before: settled.1 });
    }

    fn remember(&mut self, said: Said) {
        if let Some(known) = self.said.get_mut(said.mmsi) {
            *known = said;
        } else if self.said.len() < MAX_NUMBERS {
            self.said.insert(said);
        }
    }

    /// Fetches what is known of a ship.
    pub(super) fn fetch(&self, mmsi: Mmsi) {
        self.said.fetch(mmsi);
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
