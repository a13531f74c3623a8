//! Sightings of which somebody said which ship it was: what is known of that ship, and whether it can have been there.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use model::position::NAUTICAL_MILE_M;
use model::sighting::{LastKnown, Named, Near, Sighting, Suspect};
use model::time::MINUTE_MS;
use model::{Dimensions, Fix, Mmsi, Statics};

use super::lookout::Around;
use super::silent::{Legs, Silent, first_bound_m};
use super::{Evidence, Waters, heard_around, in_tenths, length_weight, suspect};

/// The ships that are known, by what they can be called.
pub struct Names<'a> {
    by_mmsi: BTreeMap<Mmsi, &'a Arc<Statics>>,
    by_imo: BTreeMap<u32, &'a Arc<Statics>>,
}

impl<'a> Names<'a> {
    /// All that there are, as they are known last.
    pub fn of<W>(evidence: &Evidence<'a, W>) -> Names<'a> {
        let mut names = Names { by_mmsi: BTreeMap::new(), by_imo: BTreeMap::new() };
        let silent = evidence.silent.iter().map(|silent| (silent.heard, silent.track, &silent.statics));
        let last = evidence.last_known.iter().map(|known| (known.heard, known.track, &known.statics));
        // Of several under one name the one heard last counts.
        let mut all: Vec<_> = silent.chain(last).collect();
        all.sort_by_key(|(heard, track, _)| (*heard, *track));
        for (_, track, statics) in all {
            names.by_mmsi.insert(track.mmsi, statics);
            names.by_imo.extend(statics.imo.map(|imo| (imo, statics)));
        }
        names
    }

    /// What is known of the ship that somebody said it was; `None` if nobody did.
    pub fn known<W>(&self, sighting: &Sighting, evidence: &Evidence<'_, W>) -> Option<Named> {
        if !sighting.is_identified() {
            return None;
        }
        let by_mmsi = || {
            let mmsi = sighting.mmsi?;
            self.by_mmsi.get(&mmsi).filter(|statics| sighting.can_be(mmsi, statics.imo))
        };
        let found = sighting.imo.and_then(|imo| self.by_imo.get(&imo)).or_else(by_mmsi);
        let Some(statics) = found else {
            let is_heard = sighting.mmsi.is_some_and(|mmsi| {
                evidence.named_heard.contains(&mmsi) && !self.by_mmsi.contains_key(&mmsi)
            });
            return Some(if is_heard { Named::Heard(Arc::default()) } else { Named::NeverHeard });
        };
        let length = statics.dimensions.map(Dimensions::length);
        let is_like = length_weight(sighting.length, length).is_some();
        let statics = Arc::clone(statics);
        Some(if is_like { Named::Heard(statics) } else { Named::OtherLength(statics) })
    }
}

/// The ship that was identified, if by its own positions it cannot have been there.
pub fn misfit<W: Waters>(
    number: usize,
    sighting: &Sighting,
    silent: &[&Silent],
    evidence: &Evidence<'_, W>,
) -> Option<Suspect> {
    // Silent, and out of reach.
    let own = silent.iter().filter(|silent| {
        silent.holds(sighting.fix.t) && sighting.can_be(silent.track.mmsi, silent.statics.imo)
    });
    if let Some(silent) = own.min_by_key(|silent| silent.track) {
        let bound_m = first_bound_m(sighting, core::iter::once(*silent));
        let can_be_there = silent.direct(sighting).is_some()
            && silent.by_water(sighting, bound_m, evidence.waters).is_some();
        if can_be_there {
            return None;
        }
        // Of the right length: what is of another says nothing of its positions.
        let own = silent.statics.dimensions.map(Dimensions::length);
        length_weight(sighting.length, own)?;
        let off_m = |fix: Fix| fix.position.distance_m(sighting.fix.position);
        let legs = Legs { out_m: off_m(silent.start), on_m: silent.end.map(off_m) };
        return Some(suspect(silent, legs, 0.0));
    }
    // Heard about then, elsewhere.
    heard_around(evidence, number).find_map(|(track, around)| {
        let near = around.before.as_ref().or(around.after.as_ref())?;
        let can_be = sighting.can_be(track.mmsi, near.statics.imo);
        let known = evidence.last_known.iter().find(|known: &&LastKnown| known.track == track);
        let speed_kn = known.map_or_else(
            || crate::reach::Speeds::default().greatest_kn(near.statics.ship_type),
            |known| known.speed_kn,
        );
        can_be.then(|| elsewhere(sighting, around, speed_kn)).flatten()
    })
}

/// A ship that transmitted where it cannot have come from, or gone on to.
fn elsewhere(sighting: &Sighting, around: &Around, speed_kn: f64) -> Option<Suspect> {
    // Clocks of ships and of satellites differ.
    const APART_MS: i64 = MINUTE_MS;
    let off_m = |near: &Near| near.fix.position.distance_m(sighting.fix.position);
    let is_too_far = |near: &Near| {
        let apart_ms = (near.fix.t.0 - sighting.fix.t.0).abs() + APART_MS;
        off_m(near) > sighting.accuracy_m + NAUTICAL_MILE_M + crate::reach::way_m(speed_kn, apart_ms)
    };
    let (before, after) = (around.before.as_ref(), around.after.as_ref());
    if !before.is_some_and(is_too_far) && !after.is_some_and(is_too_far) {
        return None;
    }
    let first = before.or(after)?;
    Some(Suspect {
        track: first.track,
        statics: Arc::clone(&first.statics),
        p: 0.0,
        start: first.fix,
        end: before.and(after).map(|near| near.fix),
        out_m: off_m(first),
        on_m: before.and(after).map(off_m),
        speed: in_tenths(speed_kn),
        grade: None,
        related: Vec::new(),
    })
}
