//! The order of alerts: in which they were known, then of MMSIs.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use model::EventTime;
use model::alert::Alert;

use crate::shards::Part;

/// Puts together what shards tell round by round.
#[derive(Debug)]
pub struct Rounds {
    known: Known,
    parts: Vec<VecDeque<Vec<Arc<Alert>>>>,
}

impl Rounds {
    /// Of so many shards.
    pub fn of(shards: usize) -> Rounds {
        Rounds { known: Known::default(), parts: vec![VecDeque::new(); shards] }
    }

    /// Takes what a shard tells in its next round; gives the rounds that are complete with it, in order.
    pub fn take(&mut self, (shard, alerts): Part) -> Vec<Arc<Alert>> {
        self.parts[shard].push_back(alerts);
        let mut complete = Vec::new();
        while self.parts.iter().all(|parts| !parts.is_empty()) {
            let round = self.parts.iter_mut().filter_map(VecDeque::pop_front).flatten().collect();
            complete.extend(self.known.sort(round));
        }
        complete
    }
}

/// When the last alert of each ship was known. A late report decides in the past what is known only now: what a ship's
/// alerts say next never comes before what they said.
#[derive(Debug, Default)]
pub struct Known(HashMap<u32, EventTime>);

impl Known {
    /// Sorts alerts, of which those of one ship are in their order.
    pub fn sort(&mut self, alerts: Vec<Arc<Alert>>) -> Vec<Arc<Alert>> {
        let mmsi = |alert: &Alert| alert.key.track.map_or(0, |track| track.mmsi.0);
        let mut known: Vec<(EventTime, u32, Arc<Alert>)> = alerts
            .into_iter()
            .map(|alert| {
                let known = self.0.entry(mmsi(&alert)).or_insert(alert.told);
                *known = alert.told.max(*known);
                (*known, mmsi(&alert), alert)
            })
            .collect();
        known.sort_by_key(|(known, mmsi, _)| (*known, *mmsi));
        known.into_iter().map(|(.., alert)| alert).collect()
    }
}
