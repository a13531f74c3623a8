//! Thinned tracks of all ships, of whatever length: points are sorted on disk.
//!
//! They are of the reports that the core has taken into its tracks ([`engine::Taken`]), so that the ends of each silence
//! among the facts are points of them. What memory holds is bounded by the number of tracks, not by their length.

use std::collections::BTreeMap;

use anyhow::Context;
use connect::sorted::{Row, Sorted, Sorter};
use engine::Taken;
use model::TrackId;
use model::time::DAY_MS;
use serde::{Deserialize, Serialize};

use crate::thin::{Point, SILENT_MS, Thinner};

/// Points of a shard that wait in memory to be sorted.
const POINTS: usize = 1 << 19;
/// A track with fewer reports than this may yet be a false fix.
const YOUNG_REPORTS: usize = 3;
/// A track of which nothing was heard for so long has ended a day ago.
const ENDED_MS: i64 = 31 * DAY_MS;
/// With fewer tracks than this none is looked at whether it has ended.
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
    /// With so many tracks those that have ended are looked for.
    room: usize,
    points: Points,
}

/// A track that grows.
#[derive(Debug)]
enum Growing {
    /// So few reports that it may be a false fix.
    Young(Vec<Point>),
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
        let Taken { track, report, replaces } = taken;
        let point = Point { t: report.t.0, position: report.position, sog: report.sog, cog: report.cog };
        if *replaces {
            self.tracks.remove(track);
        }
        let points = &mut self.points;
        let growing = self.tracks.entry(*track).or_insert_with(|| Growing::Young(Vec::new()));
        growing.add(point, &mut |point| points.keep(*track, point));
        if self.tracks.len() >= self.room {
            self.forget_ended(point.t);
        }
    }

    /// No more is heard.
    pub fn finish(&mut self) {
        for (track, growing) in std::mem::take(&mut self.tracks) {
            growing.finish(&mut |point| self.points.keep(track, point));
        }
    }

    fn forget_ended(&mut self, now: i64) {
        let points = &mut self.points;
        self.tracks.retain(|track, growing| {
            let has_ended = growing.last_t() + ENDED_MS < now;
            if has_ended {
                growing.finish(&mut |point| points.keep(*track, point));
            }
            !has_ended
        });
        self.room = TRACKS.max(2 * self.tracks.len());
    }
}

impl Growing {
    fn add(&mut self, point: Point, keep: &mut impl FnMut(Point)) {
        match self {
            Growing::Young(reports) => {
                reports.push(point);
                if reports.len() == YOUNG_REPORTS
                    && let Some(thinner) = grown(reports, keep)
                {
                    *self = Growing::Grown(thinner);
                }
            }
            Growing::Grown(thinner) => thinner.add(point, keep),
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

    fn last_t(&self) -> i64 {
        match self {
            Growing::Young(reports) => reports.iter().map(|point| point.t).max().unwrap_or(i64::MIN),
            Growing::Grown(thinner) => thinner.last_t(),
        }
    }
}

/// The first reports of a track, thinned.
fn grown(reports: &[Point], keep: &mut impl FnMut(Point)) -> Option<Thinner> {
    let mut reports = reports.to_vec();
    // One may have come late.
    reports.sort_by_key(|report| report.t);
    let (first, others) = reports.split_first()?;
    let mut thinner = Thinner::begin(*first, keep);
    others.iter().for_each(|report| thinner.add(*report, keep));
    Some(thinner)
}

/// The points of all shards in their order.
pub struct Ordered {
    sorted: Sorted<TrackPoint>,
    next: Option<TrackPoint>,
    /// When each track had its last point.
    last: BTreeMap<TrackId, i64>,
}

impl Ordered {
    /// Of these.
    pub fn of(shards: Vec<TrackPoints>) -> anyhow::Result<Ordered> {
        let sorters = shards.into_iter().map(|shard| match shard.points.failed {
            Some(error) => Err(error).context("the temporary file for tracks cannot be written"),
            None => Ok(shard.points.sorter),
        });
        let sorters: Vec<Sorter<TrackPoint>> = sorters.collect::<anyhow::Result<_>>()?;
        let sorted = Sorter::merge(sorters).context(UNREADABLE)?;
        let mut ordered = Ordered { sorted, next: None, last: BTreeMap::new() };
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
        self.next = self.sorted.next_row().context(UNREADABLE)?;
        if let Some(TrackPoint { track, point, gap_before_ms, .. }) = &mut self.next {
            let passed_ms = self.last.insert(*track, point.t).map(|last| point.t - last);
            *gap_before_ms = passed_ms.filter(|passed_ms| *passed_ms >= SILENT_MS);
        }
        Ok(())
    }
}

const UNREADABLE: &str = "the temporary files for tracks cannot be read";

#[cfg(test)]
mod tests {
    use model::{Mmsi, Position};

    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn heard(points: &mut TrackPoints, number: u32, minute: i64, replaces: bool) {
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
        points.hear(&Taken { track, report, replaces });
    }

    /// Number of the track, minute, and minutes of silence before it, of all points.
    fn all(points: Vec<TrackPoints>) -> Vec<(u32, i64, Option<i64>)> {
        let mut ordered = Ordered::of(points).unwrap();
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
            [0, 40].into_iter().for_each(|minute| heard(&mut points, 1, minute, false));
            (50..60).for_each(|minute| heard(&mut points, 1, minute, minute == 50));
            (1_445..1_450).for_each(|minute| heard(&mut points, 1, minute, false));
            heard(&mut points, 2, 70, false);
            points.finish();
            let gap = Some(1_445 - 59);
            let mut expected =
                vec![(1, 50, None), (1, 59, None), (1, 1_445, gap), (1, 1_449, None), (2, 70, None)];
            if is_by_day {
                expected.swap(2, 4);
                expected.swap(3, 4);
            }
            assert_eq!(all(vec![TrackPoints::new(order), points]), expected);
        }
    }
}
