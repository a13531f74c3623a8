//! Thinned tracks of all ships, of whatever length: points are sorted on disk.
//!
//! They are of the reports that the core has taken into its tracks ([`engine::Taken`]), so that the ends of each silence
//! among the facts are points of them. What memory holds is bounded by the ships that the core remembers, not by the length of
//! their tracks: a track that has ended, or whose ship has made room for others, is looked for and let go.

use std::collections::BTreeMap;

use anyhow::Context;
use connect::sorted::{Row, Sorted, Sorter};
use engine::{Part, Taken};
use model::TrackId;
use model::fact::YOUNG_REPORTS;
use model::time::DAY_MS;
use serde::{Deserialize, Serialize};

use crate::thin::{Fineness, Point, SILENT_MS, Thinner};

/// Points of a shard that wait in memory to be sorted.
const POINTS: usize = 1 << 19;
/// With fewer tracks than this, and with less than twice as many as had not ended when it was looked last, none is looked at
/// whether it has ended.
const TRACKS: usize = 1 << 14;

/// How points are put in order: by track and time, always …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointOrder {
    /// … all of a track together.
    Tracks,
    /// … but day by day.
    Days,
}

/// A point of a track.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrackPoint {
    /// The day since 1970, where points are put in order day by day.
    pub day: i64,
    /// Of which track.
    pub track: TrackId,
    /// Where and when.
    pub point: Point,
    /// The silence before it.
    #[serde(skip)]
    pub gap_before_ms: Option<i64>,
}

impl Row for TrackPoint {
    type Key = (i64, TrackId, i64);

    fn key(&self) -> Self::Key {
        (self.day, self.track, self.point.t)
    }
}

/// Tracks of the ships of a shard.
#[derive(Debug)]
pub struct TrackPoints {
    tracks: BTreeMap<TrackId, Growing>,
    /// With so many tracks those that can take in no more are looked for.
    room: usize,
    points: Points,
}

/// A track that grows.
#[derive(Debug)]
enum Growing {
    /// So few reports that it may be a false fix.
    Young(Vec<(Point, Fineness)>),
    Grown(Thinner),
}

#[derive(Debug)]
struct Points {
    order: PointOrder,
    sorter: Sorter<TrackPoint>,
    /// Why some are missing.
    failed: Option<std::io::Error>,
}

impl Points {
    fn keep(&mut self, track: TrackId, point: Point) {
        let day = match self.order {
            PointOrder::Tracks => 0,
            PointOrder::Days => point.t.div_euclid(DAY_MS),
        };
        if self.failed.is_none() {
            self.failed = self.sorter.push(TrackPoint { day, track, point, gap_before_ms: None }).err();
        }
    }
}

impl TrackPoints {
    /// Nothing was heard yet.
    pub fn new(order: PointOrder) -> TrackPoints {
        let points = Points { order, sorter: Sorter::new(POINTS), failed: None };
        TrackPoints { tracks: BTreeMap::new(), room: TRACKS, points }
    }

    /// Takes in a report that a track has taken in.
    pub fn hear(&mut self, taken: &Taken) {
        let Taken { track, report, part } = taken;
        let point = Point { t: report.t.0, position: report.position, sog: report.sog, cog: report.cog };
        let is_coarse = report.kind.is_long_range();
        let fineness = if is_coarse { Fineness::Coarse } else { Fineness::Fine };
        let points = &mut self.points;
        let mut keep = |point| points.keep(*track, point);
        match part {
            Part::Joins => {}
            Part::Founds => {
                if let Some(ended) = self.tracks.remove(track) {
                    ended.finish(&mut keep);
                }
            }
            Part::Replaces => {
                self.tracks.remove(track);
            }
        }
        let growing = self.tracks.entry(*track).or_insert_with(|| Growing::Young(Vec::new()));
        growing.add((point, fineness), &mut keep);
    }

    /// Lets tracks go that can take in no more, once there are many. Whenever that is done, the points are the same.
    pub fn tidy(&mut self, can_grow: impl Fn(TrackId) -> bool) {
        if self.tracks.len() < self.room {
            return;
        }
        let points = &mut self.points;
        self.tracks.retain(|track, growing| {
            let stays = can_grow(*track);
            if !stays {
                growing.finish(&mut |point| points.keep(*track, point));
            }
            stays
        });
        self.room = TRACKS.max(2 * self.tracks.len());
    }

    /// No more is heard.
    pub fn finish(&mut self) {
        for (track, growing) in std::mem::take(&mut self.tracks) {
            growing.finish(&mut |point| self.points.keep(track, point));
        }
    }
}

impl Growing {
    fn add(&mut self, report: (Point, Fineness), keep: &mut impl FnMut(Point)) {
        match self {
            Growing::Young(reports) => {
                reports.push(report);
                if reports.len() >= YOUNG_REPORTS as usize
                    && let Some(thinner) = grown(reports, keep)
                {
                    *self = Growing::Grown(thinner);
                }
            }
            Growing::Grown(thinner) => thinner.add(report, keep),
        }
    }

    fn finish(&self, keep: &mut impl FnMut(Point)) {
        match self {
            Growing::Young(reports) => {
                if let Some(thinner) = grown(reports, keep) {
                    thinner.finish(keep);
                }
            }
            Growing::Grown(thinner) => thinner.finish(keep),
        }
    }
}

/// The first reports of a track, thinned.
fn grown(reports: &[(Point, Fineness)], keep: &mut impl FnMut(Point)) -> Option<Thinner> {
    let mut reports = reports.to_vec();
    // One may have come late.
    reports.sort_by_key(|(point, _)| point.t);
    let (first, others) = reports.split_first()?;
    let mut thinner = Thinner::begin(*first, keep);
    others.iter().for_each(|report| thinner.add(*report, keep));
    Some(thinner)
}

/// The points of all shards in their order.
pub struct Ordered {
    sorted: Sorted<TrackPoint>,
    next: Option<TrackPoint>,
    order: PointOrder,
    /// When each track had its last point; where all of a track is together, of the last one only.
    last: BTreeMap<TrackId, i64>,
}

impl Ordered {
    /// Of these.
    pub fn of(order: PointOrder, shards: Vec<TrackPoints>) -> anyhow::Result<Ordered> {
        let sorters = shards.into_iter().map(|shard| match shard.points.failed {
            Some(error) => Err(error).context("the temporary file for tracks cannot be written"),
            None => Ok(shard.points.sorter),
        });
        let sorters: Vec<Sorter<TrackPoint>> = sorters.collect::<anyhow::Result<_>>()?;
        let sorted = Sorter::merge(sorters).context(UNREADABLE)?;
        let mut ordered = Ordered { sorted, next: None, order, last: BTreeMap::new() };
        ordered.go_on()?;
        Ok(ordered)
    }

    /// The day of the next point.
    pub fn next_day(&self) -> Option<i64> {
        self.next.as_ref().map(|next| next.day)
    }

    /// The next points of a day, so many at most.
    pub fn take(&mut self, day: i64, most: usize) -> anyhow::Result<Vec<TrackPoint>> {
        let mut taken = Vec::with_capacity(most);
        while taken.len() < most
            && let Some(next) = self.next.take_if(|next| next.day == day)
        {
            taken.push(next);
            self.go_on()?;
        }
        Ok(taken)
    }

    fn go_on(&mut self) -> anyhow::Result<()> {
        loop {
            self.next = self.sorted.next_row().context(UNREADABLE)?;
            let Some(TrackPoint { track, point, gap_before_ms, .. }) = &mut self.next else { return Ok(()) };
            let last = self.last.get(track).copied();
            // A late report may have the time of another.
            if last == Some(point.t) {
                continue;
            }
            match self.order {
                PointOrder::Tracks if last.is_none() => self.last.clear(),
                PointOrder::Tracks | PointOrder::Days => {}
            }
            self.last.insert(*track, point.t);
            let passed_ms = last.map(|last| point.t - last);
            *gap_before_ms = passed_ms.filter(|passed_ms| *passed_ms >= SILENT_MS);
            return Ok(());
        }
    }
}

const UNREADABLE: &str = "the temporary files for tracks cannot be read";

#[cfg(test)]
mod tests {
    use model::{Mmsi, Position};

    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn heard(points: &mut TrackPoints, number: u32, minute: i64, part: Part) {
        let text = b"MMSI,BaseDateTime,LAT,LON\n";
        let settings =
            decode::Settings { latest: model::EventTime::MAX, tag_checksum: decode::TagChecksum::default() };
        let mut table = decode::table::TableDecoder::from_header(text, None, settings).unwrap();
        let row = b"273000001,2023-10-01T00:00:00,42.2,130.3";
        let decode::Content::Transmission(model::Transmission::Position(mut report)) =
            table.decode(row, model::Origin::default()).content
        else {
            panic!("no report");
        };
        report.t = model::EventTime(minute * MINUTE_MS);
        report.position = Position::from_degrees(130.0 + minute as f64 * 0.003, 42.0).unwrap();
        let track = TrackId { mmsi: Mmsi(273_000_001), number };
        points.hear(&Taken { track, report, part });
    }

    /// Number of the track, minute, and minutes of silence before it, of all points.
    fn all(order: PointOrder, points: Vec<TrackPoints>) -> Vec<(u32, i64, Option<i64>)> {
        let mut ordered = Ordered::of(order, points).unwrap();
        let mut all = Vec::new();
        while let Some(day) = ordered.next_day() {
            all.extend(ordered.take(day, 2).unwrap());
        }
        let told = all.iter().map(|at| {
            (at.track.number, at.point.t / MINUTE_MS, at.gap_before_ms.map(|gap_ms| gap_ms / MINUTE_MS))
        });
        told.collect()
    }

    #[test]
    fn points_of_a_false_fix_are_of_no_track_and_silences_are_told_across_days() {
        for (order, is_by_day) in [(PointOrder::Tracks, false), (PointOrder::Days, true)] {
            let mut points = TrackPoints::new(order);
            [0, 40].into_iter().for_each(|minute| heard(&mut points, 1, minute, Part::Joins));
            heard(&mut points, 1, 50, Part::Replaces);
            (51..60).for_each(|minute| heard(&mut points, 1, minute, Part::Joins));
            (1_445..1_450).for_each(|minute| heard(&mut points, 1, minute, Part::Joins));
            heard(&mut points, 2, 70, Part::Founds);
            points.finish();
            let gap = Some(1_445 - 59);
            let mut expected =
                vec![(1, 50, None), (1, 59, None), (1, 1_445, gap), (1, 1_449, None), (2, 70, None)];
            if is_by_day {
                expected.swap(2, 4);
                expected.swap(3, 4);
            }
            assert_eq!(all(order, vec![TrackPoints::new(order), points]), expected);
        }
    }

    #[test]
    fn a_ship_that_made_room_and_comes_again_goes_on_with_nothing_whenever_it_is_let_go() {
        let times = |is_tidy: bool| {
            let mut points = TrackPoints::new(PointOrder::Tracks);
            points.room = 0;
            heard(&mut points, 1, 0, Part::Founds);
            heard(&mut points, 1, 1, Part::Joins);
            if is_tidy {
                points.tidy(|_| false);
                assert!(points.tracks.is_empty());
            }
            // Were these reports of the ship before, they would be the third and the fourth of one straight way.
            heard(&mut points, 1, 2, Part::Founds);
            heard(&mut points, 1, 3, Part::Joins);
            points.tidy(|_| true);
            points.finish();
            all(PointOrder::Tracks, vec![points])
        };
        assert_eq!(times(true), [(1, 0, None), (1, 1, None), (1, 2, None), (1, 3, None)]);
        assert_eq!(times(false), times(true));
    }

    #[test]
    fn of_points_of_one_time_one_is_given_out_and_only_the_last_track_is_remembered() {
        let mut points = TrackPoints::new(PointOrder::Tracks);
        for number in 1..4 {
            [0, 1, 40, 41, 20, 20]
                .into_iter()
                .for_each(|minute| heard(&mut points, number, minute, Part::Joins));
        }
        points.finish();
        let mut ordered = Ordered::of(PointOrder::Tracks, vec![points]).unwrap();
        let all = ordered.take(0, 100).unwrap();
        let times: Vec<i64> = all.iter().map(|at| at.point.t / MINUTE_MS).collect();
        assert_eq!(times, [0, 1, 20, 40, 41].repeat(3));
        assert_eq!(ordered.last.len(), 1);
    }
}
