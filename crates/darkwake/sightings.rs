//! `replay --sightings`: ships seen by other means, held against what was heard and what was told, when all has been read.
//!
//! Sightings are read first, so that the shards can keep the reports close to them ([`Seen`]). The rest is done at the end: what
//! ships transmitted and where silent ones can have been are held against each sighting ([`detect::sighting`]).

mod around;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use connect::files;
use connect::sightings::{Fault, Sightings};
use detect::reach::Speeds;
use detect::sighting::lookout::{Hearings, Lookout};
use detect::sighting::silent::{Dark, Silent};
use detect::sighting::{Evidence, Judged, judge, known_of};
use detect::watch::{Effect, stronger};
use engine::{Entry, World};
use model::alert::{Alert, AlertKey, AlertKind, DarkHop, DarkPeriod, Finding, Severity, Status, Vessel};
use model::hash::mix;
use model::sighting::{LastKnown, Matched, Near, Sighting, Verdict};
use model::{
    Cell, Class, EventTime, Fact, Fix, Origin, PortIndex, Position, Shape, Statics, TimeSpan, TrackId,
};
use serde_json::{Map, Value, json};

use crate::cli;
use crate::config::Config;
use crate::made::MadeWith;
use crate::read::Done;
use around::Around;

/// A track that was not heard for so long at the end is silent.
const SILENT_MS: i64 = detect::quiet::SILENCE_MS;
/// Sightings that ships explain are named up to so many.
const MOST_NAMED: usize = 1_000;
/// What is this near to a listed port is near it.
const NEAR_PORT_M: f64 = 20_000.0;

/// Sightings as they were given.
#[derive(Debug)]
pub struct Given {
    /// The sightings.
    pub lookout: Arc<Lookout>,
    /// The inputs.
    names: Vec<String>,
    read: Sightings,
}

/// What a shard has kept for sightings.
#[derive(Debug, Default)]
pub struct Seen {
    hearings: Hearings,
    /// What is known of tracks at the end.
    pub last_known: Vec<LastKnown>,
    /// The times of the first and the last transmission.
    span: Option<(EventTime, EventTime)>,
    /// How far the log has come.
    pub end: Option<EventTime>,
}

impl Seen {
    /// Takes in an entry of the log.
    pub fn note(&mut self, entry: &Entry) {
        if let Entry::Transmission(_, transmission) = entry {
            let t = transmission.t();
            let (first, last) = self.span.unwrap_or((t, t));
            self.span = Some((first.min(t), last.max(t)));
        }
    }

    /// Takes in a report that is close to a sighting.
    pub fn hear(&mut self, near: &Near, lookout: Option<&Lookout>) {
        if let Some(lookout) = lookout {
            self.hearings.hear(engine::bucket_of(near.track.mmsi), near, lookout);
        }
    }

    /// Adds what another shard has kept.
    pub fn merge(&mut self, other: Seen) {
        self.hearings.merge(other.hearings);
        self.last_known.extend(other.last_known);
        self.end = self.end.max(other.end);
        self.span = match (self.span, other.span) {
            (Some((start, end)), Some((first, last))) => Some((start.min(first), end.max(last))),
            (one, None) | (None, one) => one,
        };
    }
}

/// Reads sightings.
pub fn read(arguments: &[String], config: &Config, made_with: &MadeWith) -> anyhow::Result<Given> {
    let inputs = files::find_with(arguments, &crate::run::properties(config))?;
    let world = &made_with.world;
    let port = |name: &str| port_of(world, name);
    let (mut read, mut names) = (Sightings::default(), Vec::new());
    for (number, input) in (0..).zip(&inputs) {
        let name = input.name();
        let told = || format!("{name}: sightings cannot be read");
        read.read(&name, number, input.open().with_context(told)?, &port).with_context(told)?;
        names.push(name);
    }
    let rejected: u64 = read.rejected.values().sum();
    if rejected > 0 {
        let counts = read.rejected.iter().map(|(fault, count)| format!("{count} {}", fault.name()));
        let counts: Vec<String> = counts.collect();
        cli::warn(&format!("{rejected} of {} sightings are left out: {}", read.read, counts.join(", ")));
        read.examples.iter().for_each(|told| cli::warn(told));
    }
    anyhow::ensure!(
        !read.list.is_empty(),
        "no sighting could be read; each needs at least a time and a position (such as columns time, lat, lon), or a port"
    );
    let list = std::mem::take(&mut read.list).into_iter().map(Arc::new).collect();
    Ok(Given { lookout: Arc::new(Lookout::new(list)), names, read })
}

/// Where a port is and how far it reaches, by its id, or by a name that only one has.
fn port_of(world: &World, named: &str) -> Option<(Position, f64)> {
    let ports = &world.ports().list;
    let is_id = |id: &str| id.eq_ignore_ascii_case(named);
    let by_id = ports.iter().position(|port| is_id(&port.id));
    let found = by_id.or_else(|| {
        let mut of_name =
            (0..ports.len()).filter(|at| ports[*at].name.to_lowercase() == named.to_lowercase());
        of_name.next().filter(|_| of_name.next().is_none())
    })?;
    let middle = world.middle(PortIndex(found as u32));
    let radius_m = match &ports[found].shape {
        Shape::Circle { radius_m, .. } => *radius_m,
        Shape::Polygons(polygons) => {
            let corners = polygons.iter().filter_map(|polygon| polygon.first()).flatten();
            let places =
                corners.filter_map(|corner| Position::from_units(corner.lon.into(), corner.lat.into()));
            places.map(|place| place.distance_m(middle)).fold(0.0, f64::max)
        }
    };
    Some((middle, radius_m))
}

/// Judges what was seen; alerts of it stand after all others. Gives the statistics.
pub fn tell(done: &mut Done) -> Option<Value> {
    let mut given = done.sightings.take()?;
    let Seen { hearings, last_known, span, end } = std::mem::take(&mut done.outcome.seen);
    let now = end.or(span.map(|(_, last)| last)).unwrap_or(EventTime::MIN);
    let left_out = hearings.left_out;
    let heard = hearings.by_sighting();
    let silent = silences(done, &last_known, now);
    let made_with = done.made_with.clone();
    let waters = Around::of(&made_with.world);
    let sightings = given.lookout.sightings();
    let (heard, silent) = (&heard, &silent[..]);
    let evidence = Evidence { heard, silent, last_known: &last_known, now, waters: &waters };
    let judged = judge(sightings, &evidence);
    let first_input = done.names.len() as u32;
    let mut counts: BTreeMap<Verdict, u64> = BTreeMap::new();
    let mut explained: Vec<Value> = Vec::new();
    let (mut transmitting, mut outside, mut alerts) = (0_u64, Vec::new(), Vec::new());
    for (sighting, judged) in sightings.iter().zip(judged) {
        let is_within = span.is_some_and(|(first, last)| (first..=last).contains(&sighting.fix.t));
        match judged {
            _ if !is_within => outside.push(sighting.origin),
            Judged::Transmitting(track) => {
                transmitting += 1;
                if explained.len() < MOST_NAMED {
                    let t = sighting.fix.t.0;
                    explained.push(json!({ "id": sighting.id, "t": t, "mmsi": track.mmsi.0 }));
                }
            }
            Judged::Told(mut matched) => {
                *counts.entry(matched.verdict).or_default() += 1;
                let cell = Cell::at(sighting.fix.position);
                matched.heard_here = done.outcome.reception.q(cell, Class::A, now).map(|share| share.any);
                alerts.extend(alert(matched, &made_with.world, (now, first_input)));
            }
        }
    }
    for Origin { input, line } in outside {
        let name = given.names.get(input as usize).map_or("", String::as_str);
        given.read.reject(Fault::Outside, &format!("{name}:{line}"));
    }
    if let Some(count) = given.read.rejected.get(&Fault::Outside) {
        cli::warn(&format!("{count} sightings are left out: {}", Fault::Outside.words()));
    }
    alerts.sort_by_key(|alert| (alert.at, alert.id));
    done.outcome.alerts.extend(alerts.into_iter().map(Arc::new));
    done.names.append(&mut given.names);
    let rejected: Map<String, Value> = Fault::ALL
        .iter()
        .map(|fault| (fault.name().to_owned(), given.read.rejected.get(fault).copied().unwrap_or(0).into()))
        .collect();
    let count = |verdict: Verdict| counts.get(&verdict).copied().unwrap_or(0);
    let [corroborated, contradicted, unmatched] =
        [Verdict::Corroborated, Verdict::Contradicted, Verdict::Unmatched].map(count);
    cli::talk(&format!(
        "{} sightings: {transmitting} of ships that transmit, {corroborated} corroborated, {contradicted} contradicted, \
         {unmatched} unmatched",
        given.read.read
    ));
    Some(json!({
        "read": given.read.read,
        "rejected": rejected,
        "transmitting": transmitting,
        "corroborated": corroborated,
        "contradicted": contradicted,
        "unmatched": unmatched,
        "not_remembered": left_out,
        "explained": explained,
    }))
}

/// The dark alerts and dark hops that stand in the end, by track.
#[derive(Default)]
struct ToldDark<'a> {
    periods: BTreeMap<(TrackId, EventTime), (u64, &'a Arc<DarkPeriod>)>,
    hops: BTreeMap<TrackId, Vec<(u64, &'a Arc<DarkHop>)>>,
}

impl<'a> ToldDark<'a> {
    fn of(alerts: &'a [Arc<Alert>]) -> ToldDark<'a> {
        let last: BTreeMap<u64, &Arc<Alert>> = alerts.iter().map(|alert| (alert.id, alert)).collect();
        let mut told = ToldDark::default();
        for alert in last.into_values().filter(|alert| alert.status != Status::Retracted) {
            let Some(track) = alert.key.track else { continue };
            match &alert.finding {
                Finding::Dark(period) => {
                    let parts = period.parts.iter().map(|part| ((track, part.heard), (alert.id, period)));
                    told.periods.extend(parts);
                }
                Finding::DarkHop(hop) => told.hops.entry(track).or_default().push((alert.id, hop)),
                Finding::Fact(_)
                | Finding::InReach(_)
                | Finding::Withheld(_)
                | Finding::Conflict(_)
                | Finding::Changed(_)
                | Finding::Notice(_)
                | Finding::Sighting(_) => {}
            }
        }
        told
    }

    /// What was told of a silence that began then, and the most that the ship could keep, knots.
    fn dark(&self, track: TrackId, heard: EventTime, now: EventTime) -> Option<(Dark, f64)> {
        let (id, period) = self.periods.get(&(track, heard))?;
        let first = period.parts.first()?;
        let until = period.end.map_or(now, |end| end.t);
        let span = TimeSpan { start: first.heard, end: until };
        let hops = self.hops.get(&track).into_iter().flatten();
        let hops: Vec<&(u64, &Arc<DarkHop>)> =
            hops.filter(|(_, hop)| hop.periods.iter().any(|period| period.overlap_ms(span) > 0)).collect();
        // Of a hop with several dark periods it is not known in which of them a port would be.
        let of_hop = hops.iter().find(|(_, hop)| hop.periods.len() == 1 && !hop.candidates.ports.is_empty());
        let candidates = of_hop.map_or(&period.candidates, |(_, hop)| &hop.candidates);
        let dark = Dark {
            grade: period.grade,
            cause: period.cause,
            start: first.start,
            end: period.end,
            ports: candidates.ports.iter().map(|candidate| (candidate.port, candidate.p)).collect(),
            alerts: std::iter::once(*id).chain(hops.iter().map(|(id, _)| *id)).collect(),
        };
        Some((dark, f64::from(period.speed) / 10.0))
    }
}

/// All silences: those that are over, and those that last.
fn silences(done: &Done, last_known: &[LastKnown], now: EventTime) -> Vec<Silent> {
    let told = ToldDark::of(&done.outcome.alerts);
    let known: BTreeMap<TrackId, &LastKnown> = last_known.iter().map(|known| (known.track, known)).collect();
    let silent = |track: TrackId, statics: Statics, (start, end): (Fix, Option<Fix>), heard, until| {
        let (dark, speed_kn) = told.dark(track, heard, now).unzip();
        let usual = || match known.get(&track) {
            Some(known) => known.speed_kn,
            None => Speeds::default().greatest_kn(statics.ship_type),
        };
        let speed_kn = speed_kn.unwrap_or_else(usual);
        Silent { track, statics: Arc::new(statics), start, end, heard, until, speed_kn, dark }
    };
    let mut all = Vec::new();
    for (key, fact) in done.outcome.facts.iter() {
        let Fact::Silence(silence) = fact else { continue };
        let own = known.get(&key.track).map(|known| &*known.statics);
        let statics = known_of([&silence.static_before, &silence.static_after].into_iter().chain(own));
        let fixes = (silence.start, Some(silence.end));
        all.push(silent(key.track, statics, fixes, silence.heard.start, Some(silence.heard.end)));
    }
    for known in last_known.iter().filter(|known| now.0 - known.heard.0 >= SILENT_MS) {
        all.push(silent(known.track, (*known.statics).clone(), (known.fix, None), known.heard, None));
    }
    // Tracks that ended, silent for 30 days, or had to make room.
    for ((track, heard), (_, period)) in &told.periods {
        let last = period.parts.last().filter(|part| part.heard == *heard && part.until.is_none());
        if let Some(part) = last.filter(|_| !known.contains_key(track)) {
            let alert = done.outcome.alerts.iter().rev().find(|alert| alert.key.track == Some(*track));
            let statics = alert.and_then(|alert| alert.vessel.as_ref()).map(|vessel| &*vessel.statics);
            all.push(silent(*track, statics.cloned().unwrap_or_default(), (part.start, None), *heard, None));
        }
    }
    all
}

/// The alert of a sighting; `None` if a rule mutes it.
fn alert(matched: Matched, world: &World, (now, first_input): (EventTime, u32)) -> Option<Alert> {
    let sighting = Arc::clone(&matched.sighting);
    let Sighting { fix, origin, .. } = &*sighting;
    let watch = world.watch();
    let vessel = matched.ship().map(|ship| Vessel {
        track: ship.track,
        statics: Arc::clone(&ship.statics),
        listed: watch.listed(ship.statics.imo, ship.track.mmsi, fix.t),
    });
    let severity = severity(&matched, vessel.as_ref(), world)?;
    let place = u64::from(fix.position.lon as u32) << 32 | u64::from(fix.position.lat as u32);
    let id = mix(model::hash::bytes(place, sighting.id.as_bytes()), fix.t.0 as u64);
    let track = vessel.as_ref().map(|vessel| vessel.track);
    Some(Alert {
        id,
        revision: 0,
        key: AlertKey { kind: AlertKind::Sighting, track, start: fix.t, port: None },
        status: Status::Closed,
        severity,
        at: fix.t,
        told: now.max(fix.t),
        vessel,
        inputs: std::iter::once(Origin { input: first_input + origin.input, line: origin.line }).collect(),
        finding: Finding::Sighting(Arc::new(matched)),
    })
}

/// How urgent it is, by the verdict and the rules that match; `None` if one mutes it.
fn severity(matched: &Matched, vessel: Option<&Vessel>, world: &World) -> Option<Severity> {
    let (watch, position) = (world.watch(), matched.sighting.fix.position);
    let is_near_listed = || {
        let mut listed = watch.listed_ports().iter().map(|port| world.middle(*port));
        listed.any(|middle| middle.distance_m(position) <= NEAR_PORT_M)
    };
    let base = match matched.verdict {
        Verdict::Corroborated => Severity::Notice,
        Verdict::Contradicted => Severity::Warning,
        Verdict::Unmatched if is_near_listed() => Severity::Warning,
        Verdict::Unmatched => Severity::Info,
    };
    let effects = [
        vessel.and_then(|vessel| watch.ship_effect(&vessel.listed)),
        matched.at.and_then(|port| watch.port_effect(port)),
        watch.area_effect(position),
    ];
    let own = Effect { severity: base, mute: false };
    let whole = effects.into_iter().flatten().fold(own, stronger);
    (!whole.mute).then_some(whole.severity)
}
