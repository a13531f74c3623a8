//! Facts as a report holds them: hops of all ships, dark ones first, and what ships with alerts did, hour by hour.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use connect::facts::Facts;
use model::{Fact, FactKey, Hop, PortIndex, Ports, Position, Silence, TrackId, Visit};
use serde_json::{Value, json};

use super::alerts::{Ships, Told};
use super::tracks::Tracks;
use super::window::{degrees, differences};

/// Hops in the file.
const MOST_HOPS: usize = 5_000;
/// Ships of the timeline.
const MOST_ROWS: usize = 500;
/// Silences of one ship; the shortest are left out.
const MOST_SILENCES: usize = 400;
/// Ships whose tracks are in the file.
const MOST_TRACKS: usize = 200;
/// Points of all tracks together.
const MOST_POINTS: usize = 60_000;
/// Of a position in one step of a track: 10⁻⁴ degree, 11 m.
const STEP_UNITS: i64 = 100;

/// What is not in the file for want of room.
#[derive(Debug, Default)]
pub struct LeftOut {
    /// Hops.
    pub hops: usize,
    /// Ships of the timeline.
    pub rows: usize,
    /// Silences.
    pub silences: usize,
    /// Ships without a track.
    pub tracks: usize,
    /// Points of tracks.
    pub points: usize,
}

/// What is gathered of facts.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Hops.
    pub hops: Vec<Value>,
    /// A row of the timeline for each ship.
    pub rows: Vec<Value>,
    /// Tracks.
    pub tracks: Vec<Value>,
    /// Ports that are named.
    pub ports: BTreeSet<PortIndex>,
    /// What is drawn.
    pub places: Vec<Position>,
    /// What is not there.
    pub left_out: LeftOut,
}

/// What one ship did.
#[derive(Default)]
struct Story<'a> {
    silences: Vec<&'a Silence>,
    calls: Vec<&'a Visit>,
}

/// Gathers facts and tracks.
pub fn gather(facts: &Facts, tracks: &Tracks, told: &Told, ports: &Ports, ships: &mut Ships) -> Gathered {
    let mut gathered = Gathered::default();
    let shown: BTreeSet<TrackId> = told.concerned.iter().take(MOST_ROWS).copied().collect();
    let mut stories: BTreeMap<TrackId, Story<'_>> = BTreeMap::new();
    let mut hops: Vec<(&FactKey, &Hop)> = Vec::new();
    for (key, fact) in facts.iter() {
        match fact {
            Fact::Hop(hop) => hops.push((key, hop)),
            Fact::Silence(silence) if shown.contains(&key.track) => {
                stories.entry(key.track).or_default().silences.push(silence);
            }
            Fact::Visit(visit) if shown.contains(&key.track) && visit.class.is_call() => {
                stories.entry(key.track).or_default().calls.push(visit);
            }
            Fact::Silence(_) | Fact::Visit(_) => {}
        }
    }
    gathered.take_hops(hops, tracks, told, ports, ships);
    gathered.left_out.rows = told.concerned.len() - shown.len();
    for track in told.concerned.iter().take(MOST_ROWS) {
        let story = stories.remove(track).unwrap_or_default();
        gathered.take_row(*track, story, tracks, ports, ships);
    }
    gathered.take_tracks(told, tracks, ships);
    gathered
}

impl Gathered {
    /// Takes hops: dark ones, those through silence, those of ships with alerts, all others.
    fn take_hops(
        &mut self,
        mut hops: Vec<(&FactKey, &Hop)>,
        tracks: &Tracks,
        told: &Told,
        ports: &Ports,
        ships: &mut Ships,
    ) {
        let concerned: BTreeSet<TrackId> = told.concerned.iter().copied().collect();
        hops.sort_by_key(|&(key, hop)| {
            let is_concerned = concerned.contains(&key.track);
            let rank = (told.dark_hops.contains_key(key), hop.through_silence, is_concerned);
            (Reverse(rank), hop.departure, key.track)
        });
        self.left_out.hops = hops.len().saturating_sub(MOST_HOPS);
        for (key, hop) in hops.into_iter().take(MOST_HOPS) {
            self.ports.extend([hop.from, hop.to]);
            let name = tracks.of(key.track.mmsi).and_then(|track| track.name());
            self.hops.push(json!({
                "ship": ships.number(key.track, name),
                "from": ports.get(hop.from).id,
                "to": ports.get(hop.to).id,
                "departure": hop.departure.t.0,
                "arrival": hop.arrival.t.0,
                "observed_share": model::number::rounded(hop.observed_share),
                "through_silence": hop.through_silence,
                "draught_before": hop.draught_before.map(tenths),
                "draught_after": hop.draught_after.map(tenths),
                "alert": told.dark_hops.get(key),
            }));
        }
    }

    /// Takes what a ship did: when it was heard, silent, in port.
    fn take_row(
        &mut self,
        track: TrackId,
        mut story: Story<'_>,
        tracks: &Tracks,
        ports: &Ports,
        ships: &mut Ships,
    ) {
        if story.silences.len() > MOST_SILENCES {
            self.left_out.silences += story.silences.len() - MOST_SILENCES;
            story.silences.sort_by_key(|silence| Reverse(silence.heard.length_ms()));
            story.silences.truncate(MOST_SILENCES);
            story.silences.sort_by_key(|silence| silence.heard.start);
        }
        let silences: Vec<Value> = story
            .silences
            .iter()
            .map(|silence| {
                let (start, end) = (silence.start.position, silence.end.position);
                self.places.extend([start, end]);
                json!([
                    silence.heard.start.0,
                    silence.heard.end.0,
                    degrees(i64::from(start.lon)),
                    degrees(i64::from(start.lat)),
                    degrees(i64::from(end.lon)),
                    degrees(i64::from(end.lat)),
                ])
            })
            .collect();
        let calls: Vec<Value> = story
            .calls
            .iter()
            .map(|visit| {
                self.ports.insert(visit.port);
                let (start, end) = (visit.first_inside.t.0, visit.last_inside.t.0);
                json!([start, end, ports.get(visit.port).id, visit.class.name()])
            })
            .collect();
        self.rows.push(json!({
            "ship": ships.number(track, None),
            "heard": tracks.of(track.mmsi).map(|track| track.heard()),
            "silences": silences,
            "visits": calls,
        }));
    }

    /// Takes the tracks of the first ships with alerts, thinned so that all have room.
    fn take_tracks(&mut self, told: &Told, tracks: &Tracks, ships: &mut Ships) {
        let count = told.concerned.len().min(MOST_TRACKS);
        self.left_out.tracks = told.concerned.len() - count;
        let room = MOST_POINTS / count.max(1);
        for id in told.concerned.iter().take(count) {
            let Some(track) = tracks.of(id.mmsi) else { continue };
            let points: Vec<_> = track.points().collect();
            let every = points.len().div_ceil(room).max(1);
            let last = points.len().saturating_sub(1);
            let kept = points.iter().enumerate().filter(|(at, _)| at.is_multiple_of(every) || *at == last);
            let mut steps: Vec<i64> = Vec::new();
            let mut before = [0; 3];
            for (_, point) in kept {
                let position = point.position;
                let step = |units: i32| model::number::divide_rounded(i64::from(units), STEP_UNITS);
                let now = [point.t.div_euclid(1_000), step(position.lon), step(position.lat)];
                steps.extend(now.iter().zip(before).map(|(now, before)| now - before));
                before = now;
                self.places.push(position);
            }
            self.left_out.points += points.len() - steps.len() / 3;
            self.tracks.push(json!({ "ship": ships.number(*id, None), "points": steps }));
        }
    }
}

/// Metres of tenths.
fn tenths(value: u16) -> f64 {
    f64::from(value) / 10.0
}

/// Corners of a cell in steps of 10⁻³ degree, each as what it differs by from the one before; they go on across the
/// antimeridian.
pub fn outline(corners: &[Position]) -> Vec<i64> {
    const STEP: i64 = 1_000;
    const TURN: i64 = 360_000;
    let mut lon = 0;
    let steps = corners.iter().enumerate().map(|(number, corner)| {
        let at = model::number::divide_rounded(i64::from(corner.lon), STEP);
        lon = if number == 0 { at } else { lon + (at - lon + TURN / 2).rem_euclid(TURN) - TURN / 2 };
        (lon, model::number::divide_rounded(i64::from(corner.lat), STEP))
    });
    differences(&steps.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_goes_on_across_the_antimeridian() {
        let at = |lon, lat| Position::from_degrees(lon, lat).unwrap();
        let corners = [at(179.9, 70.0), at(-179.95, 70.1), at(-179.9, 70.0)];
        assert_eq!(outline(&corners), [179_900, 70_000, 150, 100, 50, -100]);
    }
}
