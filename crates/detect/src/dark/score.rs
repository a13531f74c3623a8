//! The silence score: what each bin of ten minutes without a word adds to the belief that a ship is
//! dark.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use model::alert::BinScore;
use model::number::rounded;
use model::position::{NAUTICAL_MILE_M, destination};
use model::time::{DAY_MS, HOUR_MS};
use model::{Cell, Class, EventTime, Fix, Mmsi, Origin, PortIndex, Position, Statics};
use serde::{Deserialize, Serialize};

use crate::Chart;
use crate::reach::way_m;
use crate::reception::{Alive, BIN_MS, NOTICED_BINS, Share, bin_end, bin_of, bin_start};

/// A ship is taken to go on as it went for this long …
const DRIFT_MS: i64 = 3 * HOUR_MS;
/// … and to be where that puts it for this long; then it may be elsewhere.
const SURE_MS: i64 = HOUR_MS;
/// It may be as far from there as it goes in an hour at this speed, if it was not faster.
const ASTRAY_KN: f64 = 8.0;
/// Neighbouring cells are at least this far apart (centre to centre), metres.
const CELL_STEP_M: f64 = 12_000.0;
/// At least this speed (0.1 kn) a ship goes somewhere.
const MOVING: u16 = 5;
/// No bin adds more.
const MAX_BIN: f64 = 1.0;
/// Bins are counted for this long.
const COUNTED_MS: i64 = DAY_MS;
/// Where fewer are heard, ships leave hearing.
const EXIT_Q: f64 = 0.5;
/// Where more of the ships come and go out of hearing, a silence is nothing odd.
const EDGE: f64 = 0.12;
/// How a ship was when it was heard last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// The last fix.
    pub fix: Fix,
    /// The last message, which may have told no position.
    pub heard: EventTime,
    /// Speed over ground, 0.1 kn.
    pub sog: Option<u16>,
    /// Course over ground, 0.1°.
    pub cog: Option<u16>,
    /// Class.
    pub class: Class,
    /// Interval at which it was expected to report, milliseconds.
    pub interval_ms: i64,
    /// Share of bins in which it is heard where others are.
    pub own: f64,
    /// The same after a bin in which it was not heard.
    pub own_next: f64,
    /// The speed it can keep, knots.
    pub greatest_kn: f64,
    /// The speed it usually keeps, knots.
    pub usual_kn: f64,
    /// The port in which it lay.
    pub berth: Option<PortIndex>,
    /// Whether positions around it were jammed.
    pub is_jammed: bool,
    /// Reports in the hour of the fix up to it and the 12 full hours before.
    pub reports_12h: u32,
    /// What it said of itself.
    pub statics: Arc<Statics>,
    /// Where its last report was read.
    pub origin: Origin,
}

/// One silence, as far as it has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// How it began.
    pub start: Start,
    /// The message after it.
    pub until: Option<EventTime>,
    /// The fix after it.
    pub end: Option<Fix>,
    /// Course over ground after it, 0.1°.
    pub course_after: Option<u16>,
    /// Where the report after it was read.
    pub end_origin: Option<Origin>,
    /// What it said of itself within an hour after.
    pub after: Statics,
    /// Static reports heard in it.
    pub heard_static: u32,
    /// Bins counted.
    pub bins: Vec<BinScore>,
    /// How long it goes on as it went: up to the last water.
    drift_ms: i64,
    /// When dead reckoning left the cells in which ships are heard.
    pub left: Option<EventTime>,
    /// What was known of cells when it began, as far as it was asked for.
    known: BTreeMap<Cell, Option<Share>>,
}

impl Part {
    /// A silence that has begun.
    #[must_use]
    pub fn new(start: Start) -> Part {
        Part {
            start,
            until: None,
            end: None,
            course_after: None,
            end_origin: None,
            after: Statics::default(),
            heard_static: 0,
            bins: Vec::new(),
            drift_ms: DRIFT_MS,
            left: None,
            known: BTreeMap::new(),
        }
    }

    /// Σ over its bins.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.bins.iter().map(|bin| bin.score).sum()
    }

    /// Its bins in which nobody can say whether it would be heard.
    #[must_use]
    pub fn unknown_bins(&self) -> usize {
        self.bins.iter().filter(|bin| bin.q.is_none() || bin.alive.is_none()).count()
    }

    /// Its bins in which a receiver had failed or nobody else was heard.
    #[must_use]
    pub fn dead_bins(&self) -> usize {
        self.bins.iter().filter(|bin| bin.alive == Some(0.0)).count()
    }

    /// The end of the next bin to count, if one is.
    #[must_use]
    pub fn next_bin_end(&self) -> Option<EventTime> {
        let next = self.next_bin();
        let is_counted = self.until.is_none() && bin_end(next).0 <= self.start.heard.0 + COUNTED_MS;
        is_counted.then(|| bin_end(next))
    }

    /// Counts the bins that are over by `now`.
    pub fn count(&mut self, now: EventTime, mmsi: Mmsi, chart: &impl Chart) {
        self.revise(chart);
        while let Some(end) = self.next_bin_end()
            && end <= now
        {
            let bin = self.next_bin();
            let scored = self.score_bin(bin, mmsi, chart);
            self.bins.push(scored);
        }
    }

    fn next_bin(&self) -> i64 {
        match self.bins.last() {
            Some(last) => bin_of(last.t) + 1,
            // The first bin that begins in silence.
            None => bin_of(EventTime(self.start.heard.0 - 1)) + 1,
        }
    }

    /// Receivers may since have proved to have failed.
    fn revise(&mut self, chart: &impl Chart) {
        let Some(newest) = chart.reception().newest_failure() else { return };
        let from = self.bins.partition_point(|bin| newest - bin_of(bin.t) >= NOTICED_BINS);
        for at in from..self.bins.len() {
            let bin = &self.bins[at];
            // All else that was asked of a bin stays as it was. What is silenced has no witnesses.
            if bin.alive != Some(0.0)
                && (self.is_silenced(at, bin.alive, &bin.witnesses)
                    || chart.reception().had_failed(bin.cell, bin_of(bin.t)))
            {
                let score = self.add(at == 0, bin.q, Some(0.0));
                let bin = &mut self.bins[at];
                (bin.alive, bin.score) = (Some(0.0), score);
                bin.witnesses.clear();
            }
        }
    }

    fn score_bin(&mut self, bin: i64, mmsi: Mmsi, chart: &impl Chart) -> BinScore {
        let middle = EventTime(bin_start(bin).0 + BIN_MS / 2);
        let position = self.drift(middle, chart);
        let here = Cell::at(position);
        let q_here = self.q(here, chart);
        let is_sure = middle.0 - self.start.fix.t.0 <= SURE_MS;
        if self.left.is_none()
            && (q_here.is_none_or(|q| q.any < EXIT_Q) || is_sure && self.is_edge(here, chart))
        {
            self.left = Some(bin_end(bin));
        }
        // The first bin follows one in which it was heard, all others one in which it was not.
        let is_first = self.bins.is_empty();
        let of = |q: Share| rounded(if is_first { q.any } else { q.next });
        let scored = self.score_at(here, q_here.map(of), bin, mmsi, chart);
        match q_here {
            // It may be anywhere around by now: where it would be heard least counts.
            Some(q) if !is_sure => {
                let (cell, q) = self.worst_around(here, position, of(q), chart);
                let elsewhere = self.score_at(cell, q, bin, mmsi, chart);
                if elsewhere.score < scored.score { elsewhere } else { scored }
            }
            _ => scored,
        }
    }

    fn score_at(&self, cell: Cell, q: Option<f64>, bin: i64, mmsi: Mmsi, chart: &impl Chart) -> BinScore {
        let alive = self.alive(self.bins.len(), cell, bin, mmsi, chart);
        let score = self.add(self.bins.is_empty(), q, alive.share);
        BinScore { t: bin_start(bin), cell, q, alive: alive.share, witnesses: alive.witnesses, score }
    }

    /// Whether others were heard in the bin that follows `before` bins of this silence.
    fn alive(&self, before: usize, cell: Cell, bin: i64, mmsi: Mmsi, chart: &impl Chart) -> Alive {
        let mut alive = chart.reception().alive(cell, bin, mmsi, self.start.class);
        // Where others fell silent too, silence says nothing until one of them is heard again.
        if self.is_silenced(before, alive.share, &alive.witnesses) {
            alive.share = Some(0.0);
        }
        alive
    }

    fn is_silenced(&self, before: usize, alive: Option<f64>, witnesses: &[Mmsi]) -> bool {
        alive == Some(0.5) && witnesses.is_empty() && self.is_muted(before)
    }

    /// Whether nobody had been heard around it since some should have been.
    fn is_muted(&self, before: usize) -> bool {
        let mut earlier = self.bins[..before].iter().rev();
        let told = earlier.find(|bin| bin.alive != Some(0.5) || !bin.witnesses.is_empty());
        told.and_then(|bin| bin.alive).is_some_and(|alive| alive < 0.5)
    }

    fn is_edge(&self, cell: Cell, chart: &impl Chart) -> bool {
        chart.reception().edge(cell, self.start.class, self.start.heard).is_some_and(|edge| edge > EDGE)
    }

    fn add(&self, is_first: bool, q: Option<f64>, alive: Option<f64>) -> f64 {
        let (Some(q), Some(alive)) = (q, alive) else { return 0.0 };
        let own = if is_first { self.start.own } else { self.start.own_next };
        let missed = 1.0 - q * own * alive;
        if missed <= 0.1 { MAX_BIN } else { rounded(MAX_BIN.min(-libm::log10(missed))) }
    }

    /// Read once: what is learned later does not count.
    fn q(&mut self, cell: Cell, chart: &impl Chart) -> Option<Share> {
        let (class, heard) = (self.start.class, self.start.heard);
        *self.known.entry(cell).or_insert_with(|| chart.reception().q(cell, class, heard))
    }

    /// The cell with the lowest known share among those where the ship may be by now.
    fn worst_around(
        &mut self,
        here: Cell,
        position: Position,
        q_here: f64,
        chart: &impl Chart,
    ) -> (Cell, Option<f64>) {
        let speed_kn = ASTRAY_KN.max(f64::from(self.start.sog.unwrap_or(0)) / 10.0);
        let radius_m = speed_kn * NAUTICAL_MILE_M;
        let rings = libm::ceil(radius_m / CELL_STEP_M) as u32;
        let mut worst = (here, q_here);
        for cell in here.disk(rings) {
            if cell.centre().distance_m(position) <= radius_m
                && let Some(q) = self.q(cell, chart).map(|q| rounded(q.next))
                && q < worst.1
            {
                worst = (cell, q);
            }
        }
        (worst.0, Some(worst.1))
    }

    /// Where dead reckoning puts the ship; it stops at the last water cell.
    fn drift(&mut self, t: EventTime, chart: &impl Chart) -> Position {
        let elapsed_ms = (t.0 - self.start.fix.t.0).clamp(0, self.drift_ms);
        let position = self.after(elapsed_ms);
        let cell = Cell::at(position);
        if chart.is_water(cell) || cell == Cell::at(self.start.fix.position) {
            return position;
        }
        self.drift_ms = (elapsed_ms - BIN_MS).max(0);
        self.after(self.drift_ms)
    }

    /// Where the ship would be after going on for a while as it went.
    fn after(&self, elapsed_ms: i64) -> Position {
        match (self.start.sog, self.start.cog) {
            (Some(sog), Some(cog)) if sog >= MOVING => {
                let way_m = way_m(f64::from(sog) / 10.0, elapsed_ms);
                destination(self.start.fix.position, f64::from(cog) / 10.0, way_m)
            }
            _ => self.start.fix.position,
        }
    }
}
