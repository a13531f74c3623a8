//! The order of alerts: in which they were known, then of MMSIs.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use model::EventTime;
use model::alert::Alert;
use serde::{Deserialize, Serialize};

use crate::made::MadeWith;
use crate::shards::Part;

/// Puts together what shards tell round by round.
#[derive(Debug)]
pub struct Rounds {
    known: Known,
    parts: Vec<VecDeque<Part>>,
}

/// What all shards tell in a round.
#[derive(Debug)]
pub struct Round {
    /// Alerts in their order.
    pub alerts: Vec<Arc<Alert>>,
    /// What they are made with: ports and rules change only between rounds.
    pub made_with: MadeWith,
    /// The state of each shard, where that was asked for.
    pub engines: Vec<Vec<u8>>,
}

impl Rounds {
    /// Of so many shards.
    pub fn of(shards: usize) -> Rounds {
        Rounds::after(Known::default(), shards)
    }

    /// Of so many shards, which go on.
    pub fn after(known: Known, shards: usize) -> Rounds {
        Rounds { known, parts: (0..shards).map(|_| VecDeque::new()).collect() }
    }

    /// When the last alert of each ship was known.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Takes what a shard tells in its next round; gives the rounds that are complete with it, in order.
    pub fn take(&mut self, part: Part) -> Vec<Round> {
        self.parts[part.shard].push_back(part);
        let mut complete = Vec::new();
        while self.parts.iter().all(|parts| !parts.is_empty()) {
            let (mut alerts, mut engines, mut made_with) = (Vec::new(), Vec::new(), None);
            for part in self.parts.iter_mut().filter_map(VecDeque::pop_front) {
                alerts.extend(part.alerts);
                engines.extend(part.engine);
                made_with = Some(part.made_with);
            }
            let Some(made_with) = made_with else { break };
            complete.push(Round { alerts: self.known.sort(alerts), made_with, engines });
        }
        complete
    }
}

/// When the last alert of each ship was known. A late report decides in the past what is known only now: what a ship's
/// alerts say next never comes before what they said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
