//! The order of alerts: in which they were known, then of MMSIs.

use std::collections::HashMap;
use std::sync::Arc;

use model::EventTime;
use model::alert::Alert;

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
