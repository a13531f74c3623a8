//! Holds the alerts of one world against its truth: each silence, claim, hidden port and outage becomes a case.
//!
//! An alert *tells* a silence if it is of that ship, stands in the end, starts at most 90 min before the silence (or at
//! the last report that was heard before it) and at most 30 min after its start, and overlaps it. A *claim* is a dark
//! alert of cause `vessel` and grade suspected or above that stands in the end. It is true if it overlaps a deliberate
//! silence and starts as above, or later within it: after a blip a second alert is as true as the first.

use model::alert::{AlertKind, Cause, Grade, Severity};
use serde::Serialize;

use super::alerts::{Alerts, Told};
use super::truth::{Episode, HOUR_MS, HiddenCall, Kind, MINUTE_MS, Outage, World};

/// An alert may start this long after the silence.
const LATE_MS: i64 = 30 * MINUTE_MS;
/// A silence can be told if the ship would have been heard with a higher probability than this throughout …
const MIN_AUDIBLE: f64 = 0.5;
/// … where ships were heard in at least this many hours before.
const MIN_HISTORY_H: f64 = 24.0;
/// What no alert tells.
pub const NOTHING: &str = "nothing";

/// The cases of one world or of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cases {
    /// The worlds.
    pub worlds: Vec<WorldCase>,
    /// The silences of the truths.
    pub silences: Vec<SilenceCase>,
    /// What was claimed.
    pub claims: Vec<Claim>,
    /// The ports called at unseen.
    pub hidden: Vec<HiddenCase>,
    /// The receivers that failed.
    pub outages: Vec<OutageCase>,
    /// Alerts of outages that were none.
    pub other_outages: usize,
    /// Dark alerts that were retracted.
    pub retracted: usize,
    /// Alerts whose first revision is not in the files.
    pub without_first: usize,
}

/// A world that was scored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorldCase {
    /// Its truth.
    pub truth: String,
    /// Its ships.
    pub ships: usize,
    /// Days of all ships together.
    pub vessel_days: Option<f64>,
}

/// A silence and how it was told.
#[derive(Clone, Debug, PartialEq)]
pub struct SilenceCase {
    /// The world it is of.
    pub world: usize,
    /// The silence.
    pub episode: Episode,
    /// The best alert that tells it.
    pub alert: Option<Told>,
    /// From its start until the first alert claimed each of [`Grade::CLAIMS`].
    pub delays_ms: [Option<i64>; 3],
    /// An alert says that the position is withheld.
    pub is_told_as_withheld: bool,
    /// An alert claims within it that the ship does not send.
    pub is_claimed: bool,
    /// A dark alert within it is more than an info.
    pub is_loud: bool,
}

/// A claim and whether it is true.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The world it is of.
    pub world: usize,
    /// The ship's name, where the truth tells.
    pub name: Option<String>,
    /// The alert.
    pub alert: Told,
    /// Its grade.
    pub grade: Grade,
    /// Why it is false, if it is.
    pub why_false: Option<String>,
}

/// A port called at unseen, and how it was told.
#[derive(Clone, Debug, PartialEq)]
pub struct HiddenCase {
    /// An alert was there that could have named it.
    pub is_told: bool,
    /// Its place among the candidates, from 1.
    pub rank: Option<usize>,
    /// It was told that the port is in reach.
    pub is_in_reach: bool,
    /// How long after the arrival that was; negative if before.
    pub in_reach_delay_ms: Option<i64>,
}

/// A receiver that failed, and how many alerts told it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutageCase {
    /// Alerts that tell it.
    pub alerts: usize,
}

impl SilenceCase {
    /// How long it was.
    pub fn length_ms(&self) -> i64 {
        self.episode.end - self.episode.start
    }

    /// Whether it could be told, as far as the truth says.
    pub fn is_audible(&self) -> bool {
        self.episode.audible_min.is_none_or(|min| min > MIN_AUDIBLE)
            && self.episode.history_h.is_none_or(|hours| hours >= MIN_HISTORY_H)
    }

    /// The grade at which it was claimed in the end.
    pub fn claim(&self) -> Option<Grade> {
        self.alert.as_ref().and_then(Told::claim)
    }

    /// A grade, a cause, or [`NOTHING`].
    pub fn label(&self) -> &'static str {
        self.alert.as_ref().map_or(NOTHING, Told::label)
    }

    /// The grade that a deliberate silence of its length should reach.
    pub fn wanted(&self) -> Option<Grade> {
        let is_wanted = |grade: &Grade| self.length_ms() >= least_ms(*grade);
        Grade::CLAIMS.into_iter().rev().find(is_wanted).filter(|_| self.episode.kind == Kind::Deliberate)
    }
}

/// The shortest deliberate silence that should reach a grade.
pub fn least_ms(grade: Grade) -> i64 {
    match grade {
        Grade::UnknownReception | Grade::Suspected => 2 * HOUR_MS,
        Grade::Probable => 4 * HOUR_MS,
        Grade::Strong => 8 * HOUR_MS,
    }
}

impl Cases {
    /// Adds the cases of a world.
    pub fn judge(&mut self, world: &World, alerts: &Alerts) {
        let number = self.worlds.len();
        self.worlds.push(WorldCase {
            truth: world.name.clone(),
            ships: world.ships,
            vessel_days: world.vessel_days(),
        });
        let told = &alerts.told;
        for episode in &world.episodes {
            self.silences.push(silence(number, episode, told));
            if episode.kind == Kind::Deliberate {
                self.hidden.extend(episode.hidden.iter().map(|call| hidden(episode, call, told)));
            }
        }
        let claims = told.iter().filter_map(|alert| Some((alert, alert.claim()?)));
        self.claims.extend(claims.map(|(alert, grade)| Claim {
            world: number,
            name: alert.mmsi.and_then(|mmsi| world.ship_name(mmsi)).map(str::to_owned),
            alert: alert.clone(),
            grade,
            why_false: why_false(world, alert),
        }));
        self.outages(&world.outages, told);
        self.retracted +=
            told.iter().filter(|alert| alert.kind == AlertKind::Dark && !alert.stands()).count();
        self.without_first += alerts.without_first;
    }

    fn outages(&mut self, outages: &[Outage], told: &[Told]) {
        let alerts: Vec<&Told> =
            told.iter().filter(|alert| alert.kind == AlertKind::Outage && alert.stands()).collect();
        let tells = |outage: &Outage, alert: &Told| {
            alert.start < outage.end && alert.end > outage.start && alert.start >= outage.start - LATE_MS
        };
        for outage in outages {
            let alerts = alerts.iter().filter(|alert| tells(outage, alert)).count();
            self.outages.push(OutageCase { alerts });
        }
        let is_other = |alert: &&&Told| !outages.iter().any(|outage| tells(outage, alert));
        self.other_outages += alerts.iter().filter(is_other).count();
    }
}

fn silence(world: usize, episode: &Episode, told: &[Told]) -> SilenceCase {
    let of_ship = || told.iter().filter(|alert| alert.mmsi == Some(episode.mmsi) && alert.stands());
    let dark = || of_ship().filter(|alert| alert.kind == AlertKind::Dark);
    let telling: Vec<&Told> = dark().filter(|alert| tells(episode, alert)).collect();
    let claiming = || telling.iter().filter(|alert| alert.claim().is_some());
    let delay =
        |grade| claiming().filter_map(|alert| alert.claimed_at(grade)).min().map(|at| at - episode.start);
    let within = |alert: &Told| starts_within(episode, alert) && overlaps(episode, alert);
    SilenceCase {
        world,
        episode: episode.clone(),
        // The earliest of the best.
        alert: telling
            .iter()
            .rev()
            .max_by_key(|alert| (alert.claim(), alert.grade))
            .map(|alert| (*alert).clone()),
        delays_ms: Grade::CLAIMS.map(delay),
        is_told_as_withheld: of_ship()
            .any(|alert| alert.kind == AlertKind::Withheld && overlaps(episode, alert)),
        is_claimed: dark().any(|alert| alert.claim().is_some() && within(alert)),
        is_loud: dark().any(|alert| alert.severity > Severity::Info && within(alert)),
    }
}

fn hidden(episode: &Episode, call: &HiddenCall, told: &[Told]) -> HiddenCase {
    let of_ship = |kind| {
        told.iter()
            .filter(move |alert| alert.kind == kind && alert.mmsi == Some(episode.mmsi) && alert.stands())
    };
    let covers = |alert: &&Told| match call.arrival {
        Some(t) => alert.start <= t && t < alert.end,
        None => overlaps(episode, alert),
    };
    let mut dark: Vec<&Told> = of_ship(AlertKind::Dark)
        .filter(|alert| alert.claim().is_some() || alert.label() == Grade::UnknownReception.name())
        .filter(|alert| starts_within(episode, alert))
        .filter(covers)
        .collect();
    dark.sort_by_key(|alert| std::cmp::Reverse(alert.grade));
    let naming: Vec<&Told> = dark.into_iter().chain(of_ship(AlertKind::DarkHop).filter(covers)).collect();
    let ranked = naming.iter().find(|alert| !alert.candidates.is_empty());
    let rank = ranked.and_then(|alert| alert.candidates.iter().position(|port| *port == call.port));
    let in_reach = of_ship(AlertKind::InReach)
        .filter(|alert| alert.port.as_ref() == Some(&call.port))
        .filter(|alert| starts_within(episode, alert))
        .filter_map(Told::first_at)
        .min();
    HiddenCase {
        is_told: !naming.is_empty(),
        rank: rank.map(|place| place + 1),
        is_in_reach: in_reach.is_some(),
        in_reach_delay_ms: in_reach.zip(call.arrival).map(|(at, arrival)| at - arrival),
    }
}

/// Whether an alert tells a silence.
fn tells(episode: &Episode, alert: &Told) -> bool {
    (episode.earliest..=episode.start + LATE_MS).contains(&alert.start) && overlaps(episode, alert)
}

fn starts_within(episode: &Episode, alert: &Told) -> bool {
    (episode.earliest..episode.end.max(episode.start + LATE_MS)).contains(&alert.start)
}

fn overlaps(episode: &Episode, alert: &Told) -> bool {
    alert.start < episode.end && alert.end > episode.start
}

/// Why a claim is false; `None` if it is true.
fn why_false(world: &World, alert: &Told) -> Option<String> {
    let Some(mmsi) = alert.mmsi else { return Some("names no ship".to_owned()) };
    let meanwhile: Vec<&Episode> =
        world.episodes.iter().filter(|episode| episode.mmsi == mmsi && overlaps(episode, alert)).collect();
    let deliberate = || meanwhile.iter().filter(|episode| episode.kind == Kind::Deliberate);
    if deliberate().any(|episode| starts_within(episode, alert)) {
        return None;
    }
    if let Some(episode) = deliberate().next() {
        let early_min = (episode.start - alert.start) / MINUTE_MS;
        return Some(format!("starts {early_min} min before a silence"));
    }
    if let Some(episode) = meanwhile.first() {
        return Some(format!("silence of kind {}", episode.kind.name()));
    }
    let overlap_ms = |start: i64, end: i64| end.min(alert.end) - start.max(alert.start);
    let excuses = world.excuses.iter().filter(|excuse| excuse.mmsi == mmsi);
    let longest = excuses
        .filter(|excuse| overlap_ms(excuse.start, excuse.end) > 0)
        .max_by_key(|excuse| overlap_ms(excuse.start, excuse.end));
    Some(match longest {
        Some(excuse) => excuse.why.clone(),
        None if world.mmsis.contains(&mmsi) => "sent all the while".to_owned(),
        None => "no ship of the truth".to_owned(),
    })
}

/// Whether a dark alert is about a silence of the truth at all.
pub fn is_of_a_silence(world: &World, alert: &Told) -> bool {
    world.episodes.iter().any(|episode| {
        Some(episode.mmsi) == alert.mmsi && starts_within(episode, alert) && overlaps(episode, alert)
    })
}

/// Causes and grades in the order in which tables show them.
pub fn labels() -> impl Iterator<Item = &'static str> {
    let grades = [Grade::Strong, Grade::Probable, Grade::Suspected, Grade::UnknownReception].map(Grade::name);
    let causes = [
        Cause::Vessel,
        Cause::Reception,
        Cause::Outage,
        Cause::Berth,
        Cause::Withheld,
        Cause::Interference,
        Cause::CoverageExit,
    ]
    .map(Cause::name);
    grades.into_iter().chain(causes).chain(["no_cause", NOTHING])
}
