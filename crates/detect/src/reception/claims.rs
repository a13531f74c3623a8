//! IMO numbers under a new MMSI: the hull stays, the radio's number changes.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::prefetch::fetch;
use model::roster::{Hint, Keyed, Roster};
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
    /// What ships said last, of which nothing follows for a while if they say it again. It changes nothing but the time it takes.
    #[serde(skip)]
    said: Roster<Said>,
}

/// Nothing follows if a ship says this number, or none, at a time since then and before the other.
#[derive(Clone, Debug)]
struct Said {
    mmsi: Mmsi,
    imo: Option<u32>,
    since: EventTime,
    before: EventTime,
}

impl Keyed for Said {
    type Key = Mmsi;

    fn key(&self) -> Mmsi {
        self.mmsi
    }
}

impl Claims {
    /// A ship has said who it is, with its IMO number or without.
    pub(super) fn hear(&mut self, t: EventTime, imo: Option<u32>, mmsi: Mmsi, said: Hint) {
        let is_settled = |said: &Said| said.imo == imo && said.since <= t && t < said.before;
        if self.said.get_at(said, mmsi).is_some_and(is_settled) {
            return;
        }
        let (since, before) = match imo {
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
        self.remember(Said { mmsi, imo, since, before });
    }

    fn remember(&mut self, said: Said) {
        if let Some(known) = self.said.get_mut(said.mmsi) {
            *known = said;
            return;
        }
        if self.said.len() >= MAX_NUMBERS {
            // Whoever is still there says so again.
            self.said = Roster::default();
        }
        self.said.insert(said);
    }

    /// Fetches where what a ship said will be looked for, …
    pub(super) fn fetch(&self, mmsi: Mmsi) {
        self.said.fetch(mmsi);
    }

    /// … and that; tells where it is.
    pub(super) fn fetch_said(&self, mmsi: Mmsi) -> Hint {
        let said = self.said.hint(mmsi);
        self.said.likely(said).into_iter().for_each(fetch);
        said
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

#[cfg(test)]
mod tests {
    use super::*;

    impl Claims {
        fn heard(&mut self, t: EventTime, imo: Option<u32>, mmsi: Mmsi) {
            let said = self.fetch_said(mmsi);
            self.hear(t, imo, mmsi, said);
        }
    }

    const SHIP: Mmsi = Mmsi(273_000_001);
    const OTHER: Mmsi = Mmsi(273_000_002);
    const IMO: Option<u32> = Some(9_179_842);

    fn at(bin: i64, ms: i64) -> EventTime {
        EventTime(bin * super::super::BIN_MS + ms)
    }

    /// Who has claimed the number by the end of a bin, and when it said so.
    fn told(claims: &mut Claims, bin: i64) -> Vec<(Mmsi, EventTime)> {
        claims.tick(bin, |_| None).into_iter().map(|claim| (claim.mmsi, claim.t)).collect()
    }

    #[test]
    fn the_first_time_of_a_bin_counts_in_whatever_order_it_is_said() {
        let mut claims = Claims::default();
        claims.heard(at(1, 9), IMO, SHIP);
        assert_eq!(told(&mut claims, 1), []);
        for ms in [500, 700, 300, 400] {
            claims.heard(at(3, ms), IMO, OTHER);
            claims.heard(at(2, ms + 1), IMO, OTHER);
        }
        assert_eq!(told(&mut claims, 2), [(OTHER, at(2, 301))]);
        assert_eq!(told(&mut claims, 3), [], "it is known by then");
    }

    #[test]
    fn what_is_said_again_after_something_else_is_heard() {
        let mut claims = Claims::default();
        claims.heard(at(1, 0), IMO, SHIP);
        claims.heard(at(1, 1), None, OTHER);
        claims.heard(at(1, 2), Some(9_000_003), OTHER);
        assert_eq!(told(&mut claims, 1), []);
        claims.heard(at(2, 3), IMO, OTHER);
        claims.heard(at(2, 4), None, OTHER);
        claims.heard(at(2, 2), IMO, OTHER);
        assert_eq!(told(&mut claims, 2), [(OTHER, at(2, 2))]);
    }

    #[test]
    fn what_ships_said_is_bounded_and_nobody_is_lost_by_that() {
        let mut claims = Claims::default();
        claims.heard(at(1, 0), IMO, SHIP);
        claims.tick(1, |_| None);
        (0..2 * MAX_NUMBERS as u32 + 1).for_each(|number| claims.heard(at(2, 0), None, Mmsi(number)));
        assert!(claims.said.len() <= MAX_NUMBERS);
        claims.heard(at(2, 1), IMO, OTHER);
        assert_eq!(told(&mut claims, 2), [(OTHER, at(2, 1))]);
    }
}
