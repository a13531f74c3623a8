//! Thinned tracks of all ships, for whoever draws those that were told of.
//!
//! Positions are taken as they are handed to the shards, before copies and jumps are left out, put in the order of their
//! times, and kept where a track would lack something without them. What does not lie on the way that a ship can have come is
//! left out here. Memory is bounded: each bucket of ships has room for so many points, and when it is full every second one
//! goes, then and from then on.

use std::collections::BTreeMap;

use engine::{Entry, bucket_of};
use model::position::reachable;
use model::{Mmsi, Transmission};
use serde::{Deserialize, Serialize};
use serve::fleet::{Point, SILENT_MS, is_worth};

/// Points of one bucket of ships.
const BUCKET_POINTS: usize = 8_192;
/// Ships of one bucket: each has a point.
const BUCKET_SHIPS: usize = 2_048;

/// The tracks of ships.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Tracks {
    /// Reports that others may come before, by time and arrival.
    waiting: BTreeMap<(i64, u64), (Mmsi, Point)>,
    arrivals: u64,
    buckets: BTreeMap<usize, Bucket>,
    span: Option<(i64, i64)>,
}

/// Ships that share the room for their points.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Bucket {
    ships: BTreeMap<Mmsi, Track>,
    points: usize,
    /// Every 2 to the power of this-th point is kept.
    level: u32,
}

/// The track of a ship.
#[derive(Debug, Serialize, Deserialize)]
pub struct Track {
    name: Option<String>,
    first: i64,
    last: Point,
    /// The last point without which the track would lack something, whether or not there was room for it.
    worth: Point,
    /// How many there were before it.
    number: u64,
    /// A report from where the ship cannot have come to, unless the next one says the same.
    astray: Option<Point>,
    points: Vec<Point>,
}

impl Tracks {
    /// Takes in an entry of the log.
    pub fn hear(&mut self, entry: &Entry) {
        match entry {
            Entry::Transmission(_, Transmission::Position(report)) => {
                let point =
                    Point { t: report.t.0, position: report.position, sog: report.sog, cog: report.cog };
                self.waiting.insert((point.t, self.arrivals), (report.mmsi, point));
                self.arrivals += 1;
                if let Some(name) = report.statics.as_ref().and_then(|statics| statics.name.as_deref()) {
                    self.call(report.mmsi, name);
                }
            }
            Entry::Transmission(_, Transmission::Static(report)) => {
                if let Some(name) = report.statics.name.as_deref() {
                    self.call(report.mmsi, name);
                }
            }
            Entry::Transmission(_, Transmission::NoPosition(_)) | Entry::Tick(_) | Entry::Late(_) => {}
            Entry::Watermark(watermark) => self.come_to(watermark.0),
            Entry::End(_) => self.come_to(i64::MAX),
        }
    }

    /// What a ship says that it is called.
    fn call(&mut self, mmsi: Mmsi, name: &str) {
        let bucket = self.buckets.get_mut(&bucket_of(mmsi));
        if let Some(track) = bucket.and_then(|bucket| bucket.ships.get_mut(&mmsi))
            && track.name.as_deref() != Some(name)
        {
            track.name = Some(name.to_owned());
        }
    }

    /// Nothing comes any more that belongs before this.
    fn come_to(&mut self, t: i64) {
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 <= t
        {
            let (mmsi, point) = first.remove();
            let (start, end) = self.span.unwrap_or((point.t, point.t));
            self.span = Some((start.min(point.t), end.max(point.t)));
            self.buckets.entry(bucket_of(mmsi)).or_default().add(mmsi, point);
        }
    }

    /// Adds the tracks of other ships.
    pub fn merge(&mut self, other: Tracks) {
        self.buckets.extend(other.buckets);
        self.span = match (self.span, other.span) {
            (Some((start, end)), Some((first, last))) => Some((start.min(first), end.max(last))),
            (one, None) | (None, one) => one,
        };
    }

    /// The times of the first and of the last report.
    pub fn span(&self) -> Option<(i64, i64)> {
        self.span
    }

    /// The track of a ship.
    pub fn of(&self, mmsi: Mmsi) -> Option<&Track> {
        self.buckets.get(&bucket_of(mmsi))?.ships.get(&mmsi)
    }
}

impl Bucket {
    fn add(&mut self, mmsi: Mmsi, point: Point) {
        if let Some(track) = self.ships.get_mut(&mmsi) {
            self.points += track.add(point, self.level);
        } else if self.ships.len() < BUCKET_SHIPS {
            self.ships.insert(mmsi, Track::new(point));
            self.points += 1;
        }
        while self.points > BUCKET_POINTS {
            self.level += 1;
            self.ships.values_mut().for_each(Track::halve);
            self.points = self.ships.values().map(|track| track.points.len()).sum();
        }
    }
}

impl Track {
    fn new(point: Point) -> Track {
        Track {
            name: None,
            first: point.t,
            last: point,
            worth: point,
            number: 0,
            astray: None,
            points: vec![point],
        }
    }

    /// Takes in a report; how many points the track has more.
    fn add(&mut self, point: Point, level: u32) -> usize {
        if point.t <= self.last.t {
            return 0;
        }
        let follows = |before: Point| reachable(before.position, before.t, point.position, point.t);
        if !follows(self.last) && !self.astray.is_some_and(follows) {
            self.astray = Some(point);
            return 0;
        }
        self.astray = None;
        let (before, length) = (self.last, self.points.len());
        self.last = point;
        if point.t - before.t >= SILENT_MS {
            // Both ends of a silence.
            self.push(before);
            self.push(point);
            self.worth = point;
        } else if is_worth(&self.worth, &point) {
            self.number += 1;
            self.worth = point;
            if self.number.is_multiple_of(1 << level.min(u64::BITS - 1)) {
                self.push(point);
            }
        }
        self.points.len() - length
    }

    fn push(&mut self, point: Point) {
        if self.points.last().is_none_or(|last| last.t < point.t) {
            self.points.push(point);
        }
    }

    /// Leaves out every second point.
    fn halve(&mut self) {
        let mut is_kept = false;
        self.points.retain(|_| {
            is_kept = !is_kept;
            is_kept
        });
    }

    /// What the ship says that it is called.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// When it was heard first and last.
    pub fn heard(&self) -> (i64, i64) {
        (self.first, self.last.t)
    }

    /// Its points in the order of time, the last one included.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        let is_missing = self.points.last().is_none_or(|point| point.t < self.last.t);
        self.points.iter().chain(is_missing.then_some(&self.last))
    }
}

#[cfg(test)]
mod tests {
    use model::{EventTime, Position};

    use super::*;

    const SHIP: Mmsi = Mmsi(273_000_001);

    /// A ship that steams east at 12 knots.
    fn point(minute: i64) -> Point {
        let lon = 131.0 + minute as f64 * 0.004_48 % 40.0;
        Point {
            t: minute * 60_000,
            position: Position::from_degrees(lon, 42.0).unwrap(),
            sog: Some(120),
            cog: Some(900),
        }
    }

    fn tracks(points: impl IntoIterator<Item = Point>) -> Tracks {
        let mut tracks = Tracks::default();
        for point in points {
            tracks.waiting.insert((point.t, tracks.arrivals), (SHIP, point));
            tracks.arrivals += 1;
        }
        tracks.hear(&Entry::End(EventTime(0)));
        tracks
    }

    fn minutes(tracks: &Tracks) -> Vec<i64> {
        tracks.of(SHIP).unwrap().points().map(|point| point.t / 60_000).collect()
    }

    #[test]
    fn a_straight_way_has_a_point_every_ten_minutes_and_its_end_whatever_the_order_of_arrival() {
        let mut backwards = (0..=33).collect::<Vec<i64>>();
        backwards.reverse();
        assert_eq!(minutes(&tracks(backwards.into_iter().map(point))), [0, 10, 20, 30, 33]);
    }

    #[test]
    fn both_ends_of_a_silence_are_points() {
        let heard = (0..=13).chain(60..=62).map(point);
        let tracks = tracks(heard);
        assert_eq!(minutes(&tracks), [0, 10, 13, 60, 62]);
        assert_eq!(tracks.span(), Some((0, 62 * 60_000)));
        assert_eq!(tracks.of(SHIP).unwrap().heard(), (0, 62 * 60_000));
    }

    #[test]
    fn a_single_report_from_far_off_is_left_out_and_a_ship_that_stays_there_is_followed() {
        let mut far = point(5);
        (far.position, far.sog) = (Position::from_degrees(12.0, 55.0).unwrap(), Some(0));
        let once = (0..=20).filter(|minute| *minute != 5).map(point).chain([far]);
        assert_eq!(minutes(&tracks(once)), [0, 10, 20]);
        let stays = (6..=9).map(|minute| Point { t: minute * 60_000, ..far });
        assert_eq!(minutes(&tracks((0..=4).map(point).chain([far]).chain(stays))), [0, 6, 9]);
    }

    #[test]
    fn what_there_is_no_room_for_is_thinned_evenly() {
        let long = BUCKET_POINTS as i64 * 3;
        let tracks = tracks((0..long).map(|step| {
            let mut point = point(step * 10);
            point.position = Position::from_degrees(131.0, 42.0).unwrap();
            point
        }));
        let minutes = minutes(&tracks);
        assert!(minutes.len() <= BUCKET_POINTS + 1 && minutes.len() > BUCKET_POINTS / 2, "{}", minutes.len());
        assert!(minutes.windows(2).take(minutes.len() - 2).all(|pair| pair[1] - pair[0] == 40));
    }
}
