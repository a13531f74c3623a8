//! Dark periods: silences of a track where it should have been heard, judged while they last.
//!
//! [`Judge`] is given the reports of a track and the moments at which something falls due, in time
//! order. It is a plain value: a clone run again gives the same, which is how late reports revise
//! what was told. While a ship is silent it keeps itself as it stood at the last report, and
//! [`Judge::rewind`] goes back there.

pub mod episode;
pub mod own;
pub mod score;

use alloc::boxed::Box;

use model::number::rounded;
use model::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use model::{EventTime, Fix, Mmsi, Origin, Rare, Silence, Statics};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use thin_vec::ThinVec;

use crate::quiet::SILENCE_MS;
use crate::reach::Speeds;
use crate::reception::IntervalGroup;
use crate::{AT_ANCHOR, Chart, MOORED, Report};

pub use episode::Episode;
use own::Own;
pub use score::{Part, Start};

/// Dark periods that are over are kept this long: late reports reach back 72 h.
pub const KEEP_MS: i64 = 4 * DAY_MS;
/// Dark periods kept of one track.
const MAX_EPISODES: usize = 64;
/// A silence of this length is over, whatever comes.
const EXPIRES_MS: i64 = 30 * DAY_MS;
/// Single reports within this time of the first, and fewer than four, end nothing.
pub const BLIP_MS: i64 = 30 * MINUTE_MS;
const BLIP_REPORTS: usize = 4;
/// A silence after a blip that is explained otherwise ends the dark period this long after it.
const RETURN_MS: i64 = 2 * HOUR_MS;

/// Messages without a position closer to each other than this need not be remembered one by one.
const CLOSE_MS: i64 = MINUTE_MS;

/// What is known of a track's last report.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Last {
    fix: Fix,
    /// When the track was heard since.
    heard: EventTime,
    seen: Seen,
}

/// A report as far as judgement needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Speed over ground, 0.1 kn.
    pub sog: Option<u16>,
    /// Course over ground, 0.1°.
    pub cog: Option<u16>,
    /// ITU interval.
    pub interval: crate::Interval,
    /// Class.
    pub class: model::Class,
    /// Navigational status.
    pub nav_status: Option<u8>,
    /// Where it was read.
    pub origin: Origin,
}

/// What only the story knows when a silence begins.
pub struct Context<'a> {
    /// The MMSI.
    pub mmsi: Mmsi,
    /// Reports in the hour of the last fix up to it and the 12 full hours before.
    pub reports_12h: u32,
    /// What the ship has said of itself.
    pub statics: &'a alloc::sync::Arc<Statics>,
}

/// When a ship was heard under another MMSI, and which.
type Claimed = (EventTime, Mmsi);

/// Judges the silences of one track.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Judge {
    clock: EventTime,
    last: Option<Last>,
    own: Own,
    speeds: Speeds,
    episodes: Rare<Episode>,
    /// Silences that began up to here are forgotten.
    forgotten: EventTime,
    version: u32,
    /// Messages without a position since the last report, and how many of them have been judged.
    mutes: Rare<EventTime>,
    judged: u32,
    /// A ship with the IMO number of this one heard since the last report under another MMSI.
    claim: Option<Box<Claimed>>,
    /// As it stood at the last report, once anything has been judged since.
    #[serde(deserialize_with = "base")]
    base: Option<Box<Judge>>,
}

/// A [`Judge`] as it stood at the last report, field by field. It keeps no other: bytes in which it did would lead as
/// deep as they like.
#[derive(Deserialize)]
struct Base {
    clock: EventTime,
    last: Option<Last>,
    own: Own,
    speeds: Speeds,
    episodes: Rare<Episode>,
    forgotten: EventTime,
    version: u32,
    mutes: Rare<EventTime>,
    judged: u32,
    claim: Option<Box<Claimed>>,
    base: Option<()>,
}

fn base<'de, D: Deserializer<'de>>(bytes: D) -> Result<Option<Box<Judge>>, D::Error> {
    let Some(read) = Option::<Base>::deserialize(bytes)? else { return Ok(None) };
    if read.base.is_some() {
        return Err(D::Error::custom("a judge at its last report keeps no other"));
    }
    let Base { clock, last, own, speeds, episodes, forgotten, version, mutes, judged, claim, base: _ } = read;
    Ok(Some(Box::new(Judge {
        clock,
        last,
        own,
        speeds,
        episodes,
        forgotten,
        version,
        mutes,
        judged,
        claim,
        base: None,
    })))
}

impl Seen {
    fn of(report: &Report) -> Seen {
        let Report { sog, cog, interval, class, nav_status, origin, .. } = *report;
        Seen { sog, cog, interval, class, nav_status, origin }
    }

    fn group(&self) -> IntervalGroup {
        IntervalGroup::of(self.class, self.sog, self.nav_status)
    }
}

impl Judge {
    /// A judge that has heard nothing.
    #[must_use]
    pub fn new() -> Judge {
        Judge { clock: EventTime::MIN, forgotten: EventTime::MIN, ..Judge::default() }
    }

    /// Fetches what a report with this speed will ask for elsewhere.
    pub fn fetch(&self, sog: u16) {
        self.speeds.fetch(sog);
    }

    /// Changes with whatever is told.
    #[must_use]
    pub fn version(&self) -> u64 {
        u64::from(self.version)
    }

    /// How far it has come.
    #[must_use]
    pub fn clock(&self) -> EventTime {
        self.clock
    }

    /// Dark periods, those included that are none yet, oldest first.
    #[must_use]
    pub fn episodes(&self) -> &[Episode] {
        &self.episodes
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.episodes.is_empty()
    }

    /// The most that the ship can keep, knots, by its own speeds and the limit of its type.
    #[must_use]
    pub fn greatest_kn(&self, ship_type: Option<u8>) -> f64 {
        self.speeds.greatest_kn(ship_type)
    }

    /// Silences that began up to here are forgotten.
    #[must_use]
    pub fn forgotten(&self) -> EventTime {
        self.forgotten
    }

    /// The next moment at which something falls due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<EventTime> {
        let last = self.last.as_ref()?;
        match self.open_episode() {
            Some(episode) if episode.current().is_some() => episode.next_deadline(self.clock, EXPIRES_MS),
            _ => Some(EventTime(last.heard.0 + SILENCE_MS)).filter(|t| *t > self.clock),
        }
    }

    /// Whether anything falls due up to `now`.
    #[must_use]
    pub fn has_due(&self, now: EventTime) -> bool {
        self.judged() < self.mutes.len() || self.next_deadline().is_some_and(|due| due <= now)
    }

    /// Time passes, up to which nothing falls due.
    pub fn pass(&mut self, now: EventTime) {
        self.clock = self.clock.max(now);
    }

    /// Does what falls due up to `now`, one moment after the other, each after the messages up to it.
    pub fn advance(&mut self, now: EventTime, context: &Context<'_>, chart: &impl Chart) {
        loop {
            let mute = self.mutes.get(self.judged()).copied().filter(|t| *t <= now);
            match (mute, self.next_deadline().filter(|due| *due <= now)) {
                (Some(t), due) if due.is_none_or(|due| t <= due) => self.judge_mute(t),
                (_, Some(due)) => self.step(due, context, chart),
                (_, None) => break,
            }
        }
        self.pass(now);
    }

    fn step(&mut self, due: EventTime, context: &Context<'_>, chart: &impl Chart) {
        self.keep_base();
        self.clock = due;
        self.version += 1;
        if self.open_episode().is_none_or(|episode| episode.current().is_none()) {
            self.begin(context, chart);
        }
        let Some(episode) = self.episodes.last_mut().filter(|episode| !episode.is_over()) else { return };
        episode.step(due, context.mmsi, chart);
        take_claim(episode, self.claim.as_deref().copied().filter(|(t, _)| *t <= due));
        if let Some(part) = episode.return_was_real(due, RETURN_MS) {
            self.episodes.push(Episode::new(part));
        } else if episode.has_lasted(due, EXPIRES_MS) {
            episode.expire(due);
        }
    }

    /// Goes back to the last report, if anything was judged since that is later than `t`. What was
    /// heard since without a position is judged again.
    pub fn rewind(&mut self, t: EventTime) {
        if t >= self.clock {
            return;
        }
        if let Some(base) = self.base.take() {
            let (mutes, claim, version) =
                (core::mem::take(&mut self.mutes), self.claim.take(), self.version + 1);
            *self = Judge { mutes, claim, version, judged: 0, ..*base };
        }
    }

    fn keep_base(&mut self) {
        if self.base.is_none() {
            self.base = Some(Box::new(Judge { mutes: Rare::default(), ..self.clone() }));
        }
    }

    /// The next accepted report. What was due before it is done.
    pub fn report(&mut self, report: &Report, chart: &impl Chart) {
        let (fix, seen) = (report.fix, Seen::of(report));
        self.heard(fix.t, Some((fix, seen)));
        self.own.report(fix, self.is_dense(report), seen.class, chart);
        if let Some(sog) = report.sog {
            self.speeds.note(sog, 1 + report.thinned);
        }
        self.last = Some(Last { fix, heard: fix.t, seen });
        self.base = None;
        self.claim.take_if(|claim| claim.0 <= fix.t);
        if !self.mutes.is_empty() {
            let judged = self.judged().min(self.mutes.len());
            self.mutes.edit(|mutes| mutes.drain(..judged).count());
        }
        self.judged = 0;
        self.clock = self.clock.max(fix.t);
        if !self.episodes.is_empty() {
            self.forget(fix.t);
        }
    }

    /// A message without a position.
    pub fn mute(&mut self, t: EventTime) {
        self.rewind(t);
        let at = self.mutes.partition_point(|other| *other <= t);
        // Of many in a row the first and the last tell all.
        let is_next = at == self.mutes.len() && self.mutes.len() >= 2;
        if is_next && t.0 - self.mutes[at - 2].0 < CLOSE_MS && self.judged() < at {
            self.mutes[at - 1] = t;
        } else {
            self.mutes.edit(|mutes| mutes.insert(at, t));
        }
    }

    fn judge_mute(&mut self, t: EventTime) {
        self.keep_base();
        self.judged += 1;
        self.clock = self.clock.max(t);
        if self.last.as_ref().is_some_and(|last| last.heard < t) {
            self.heard(t, None);
            if let Some(last) = &mut self.last {
                last.heard = t;
            }
        }
    }

    /// Static values within an hour after a silence.
    pub fn note_silence(&mut self, silence: &Silence) {
        self.version += u32::from(!self.episodes.is_empty());
        let parts = self.episodes.iter_mut().flat_map(|episode| &mut episode.parts);
        for part in parts.filter(|part| part.start.heard == silence.heard.start) {
            part.after.clone_from(&silence.static_after);
            part.heard_static = silence.heard_static.map_or(0, |heard| heard.count);
        }
    }

    /// A ship with the IMO number of this one is heard under another MMSI: so it goes on if it is dark, or is found
    /// to have been.
    pub fn continues_as(&mut self, t: EventTime, mmsi: Mmsi) {
        if self.last.as_ref().is_none_or(|last| t <= last.fix.t) {
            return;
        }
        self.claim = Some(Box::new((t, mmsi)));
        if let Some(episode) = self.episodes.last_mut().filter(|episode| !episode.is_over()) {
            self.version += u32::from(take_claim(episode, Some((t, mmsi))));
        }
    }

    fn judged(&self) -> usize {
        self.judged as usize
    }

    fn open_episode(&self) -> Option<&Episode> {
        self.episodes.last().filter(|episode| !episode.is_over())
    }

    /// Whether reports were left out between the last one and this one: it was heard all the time.
    fn is_dense(&self, report: &Report) -> bool {
        report.leg_um.is_some()
    }

    fn heard(&mut self, t: EventTime, report: Option<(Fix, Seen)>) {
        let Some(episode) = self.episodes.last_mut().filter(|episode| !episode.is_over()) else { return };
        self.version += 1;
        if !episode.heard(t, report, BLIP_MS, BLIP_REPORTS) {
            self.episodes.edit(ThinVec::pop);
        }
    }

    fn begin(&mut self, context: &Context<'_>, chart: &impl Chart) {
        let Some(last) = &self.last else { return };
        let seen = last.seen;
        let position = last.fix.position;
        // At anchor a ship keeps its watch, and its transponder on.
        let is_moored = seen.nav_status == Some(MOORED);
        let is_stopped = seen.sog.map_or(is_moored, |sog| sog <= 5) && seen.nav_status != Some(AT_ANCHOR);
        let expected_ms = seen.interval.ms().max(chart.reception().interval_ms(seen.group()));
        let (own, own_next) = self.own.shares(last.heard);
        let start = Start {
            fix: last.fix,
            heard: last.heard,
            sog: seen.sog,
            cog: seen.cog,
            class: seen.class,
            interval_ms: expected_ms,
            own: rounded(own),
            own_next: rounded(own_next),
            greatest_kn: self.speeds.greatest_kn(context.statics.ship_type),
            usual_kn: self.speeds.usual_kn(context.statics.ship_type),
            berth: is_stopped.then(|| chart.berth(position, last.fix.t)).flatten(),
            is_jammed: chart.reception().is_jammed(context.mmsi, position, last.heard),
            reports_12h: context.reports_12h,
            statics: alloc::sync::Arc::clone(context.statics),
            origin: seen.origin,
        };
        let part = Part::new(start);
        match self.episodes.last_mut().filter(|episode| !episode.is_over()) {
            Some(episode) => episode.go_on(part),
            None => self.episodes.push(Episode::new(part)),
        }
    }

    fn forget(&mut self, now: EventTime) {
        let too_many = self.episodes.len().saturating_sub(MAX_EPISODES);
        let mut at = 0;
        let forgotten = &mut self.forgotten;
        self.episodes.retain(|episode| {
            at += 1;
            let is_old = episode.over_at().is_some_and(|over| over.0 + KEEP_MS < now.0);
            let keep = !is_old && at > too_many;
            if !keep {
                let last = &episode.parts[episode.parts.len() - 1];
                *forgotten = (*forgotten).max(last.start.heard);
            }
            keep
        });
    }
}

/// Lets a silence that people are told of go on under another MMSI; whether that is news.
fn take_claim(episode: &mut Episode, claim: Option<Claimed>) -> bool {
    let is_dark = episode.is_told() && episode.current().is_some();
    let is_news = is_dark && claim.is_some() && episode.continued_as != claim;
    if is_news {
        episode.continued_as = claim;
    }
    is_news
}
