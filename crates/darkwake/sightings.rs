//! `replay --sightings`: ships seen by other means, held against what was heard and what was told, when all has been read.
//!
//! Sightings are read first, so that the shards can keep the reports close to them ([`Seen`]). The rest is done at the end: what
//! ships transmitted and where silent ones can have been are held against each sighting ([`detect::sighting`]).

mod around;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context;
use connect::files;
use connect::sightings::{Fault, Sightings};
use detect::reach::Speeds;
use detect::sighting::lookout::{Hearings, Lookout};
use detect::sighting::silent::{Dark, Silent};
use detect::sighting::{Evidence, Judged, judge, known_of};
use detect::watch::{Effect, stronger};
use engine::{Taken, World};
use model::alert::{Alert, AlertKey, AlertKind, DarkHop, DarkPeriod, Finding, Severity, Status, Vessel};
use model::hash::mix;
use model::sighting::{LastKnown, Matched, Near, Sighting, Verdict};
use model::{Cell, EventTime, Fact, Fix, Mmsi, Origin, Position, Statics, TimeSpan, TrackId};
use serde_json::{Map, Value, json};

use crate::cli;
use crate::config::Config;
use crate::made::MadeWith;
use crate::read::Done;
use around::Around;
use places::Places;

/// A track that was not heard for so long at the end is silent.
const SILENT_MS: i64 = detect::quiet::SILENCE_MS;
/// Rows named of those outside the time of the feed.
const MOST_NAMED: usize = 3;
/// Rows of one target that an alert names.
const MOST_INPUTS: usize = 20;
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
    /// The times of the first and the last accepted report.
    span: Option<(EventTime, EventTime)>,
    /// Those of the ships that somebody named of which there was one.
    named: BTreeSet<Mmsi>,
    /// How far the log has come.
    pub end: Option<EventTime>,
}

impl Seen {
    /// Takes in an accepted report.
    pub fn note(&mut self, taken: &Taken, lookout: &Lookout) {
        let t = taken.report.t;
        let (first, last) = self.span.unwrap_or((t, t));
        self.span = Some((first.min(t), last.max(t)));
        if lookout.names(taken.track.mmsi) {
            self.named.insert(taken.track.mmsi);
        }
    }

    /// Forgets what a track said that was a false fix.
    pub fn forget(&mut self, track: TrackId) {
        self.hearings.forget(engine::bucket_of(track.mmsi), track);
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
        self.named.extend(other.named);
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
    let places = Places::of(&made_with.world);
    let port = |name: &str| places.find(name);
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
        read.examples.drain(..).for_each(|told| cli::warn(&told));
    }
    if !read.unused.is_empty() {
        let names: Vec<&str> = read.unused.iter().map(String::as_str).collect();
        cli::talk(&format!("sightings: columns not used: {}", names.join(", ")));
    }
    anyhow::ensure!(
        !read.list.is_empty(),
        "no sighting could be read; each needs at least a time and a position (such as columns time, lat, lon), or a port"
    );
    let list = std::mem::take(&mut read.list).into_iter().map(Arc::new).collect();
    Ok(Given { lookout: Arc::new(Lookout::new(list)), names, read })
}

/// What was told of sightings.
pub struct Told {
    /// Statistics.
    pub stats: Value,
    /// What became of each row, as lines of JSON in the order of the inputs.
    pub rows: Vec<String>,
}

/// Judges what was seen; alerts of it stand after all others.
pub fn tell(done: &mut Done) -> anyhow::Result<Option<Told>> {
    let Some(mut given) = done.sightings.take() else { return Ok(None) };
    let mut seen = std::mem::take(&mut done.outcome.seen);
    let heard = seen.hearings.by_sighting();
    let Seen { hearings, last_known, span, named, end } = seen;
    let now = end.or(span.map(|(_, last)| last)).unwrap_or(EventTime::MIN);
    if hearings.left_out > 0 {
        cli::warn(&format!(
            "{} reports around {} sightings were more than can be remembered; those are not told as unmatched",
            hearings.left_out,
            hearings.lost.len()
        ));
    }
    let silent = silences(done, &last_known, now);
    let made_with = done.made_with.clone();
    let lookout = Arc::clone(&given.lookout);
    let evidence = Evidence {
        heard: &heard,
        lost: &hearings.lost,
        named_heard: &named,
        span,
        silent: &silent,
        last_known: &last_known,
        now,
        waters: &Around::of(&made_with.world),
    };
    let judged = judge(lookout.sightings(), &evidence);
    let sightings = lookout.sightings();
    let first_input = done.names.len() as u32;
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    let (mut outcomes, mut alerts): (Vec<Map<String, Value>>, Vec<Alert>) = (Vec::new(), Vec::new());
    let (mut same, mut outside) = (Vec::new(), Vec::new());
    for (number, judged) in judged.into_iter().enumerate() {
        let (name, outcome) = match judged {
            Judged::Outside => {
                outside.push(number);
                outcomes.push(fields(json!({ "verdict": Fault::Outside.name() })));
                continue;
            }
            Judged::Transmitting { track, off_m } => {
                let value =
                    json!({ "mmsi": track.mmsi.0, "track": track.to_string(), "distance_m": tenths(off_m) });
                ("transmitting", value)
            }
            Judged::SameAs(target) => {
                same.push((number, target));
                ("same_as", json!({ "same_as": sightings[target].id }))
            }
            Judged::Told(mut matched) => {
                let seen = &matched.sighting;
                let (cell, class) = (Cell::at(seen.fix.position), seen.class());
                matched.heard_here = done.outcome.reception.q(cell, class, now).map(|share| share.any);
                let (name, mut value) = (matched.verdict.name(), outcome(&matched));
                if let Some(alert) = alert(matched, &made_with.world, (now, first_input)) {
                    value["alert"] = format!("{:016x}", alert.id).into();
                    alerts.push(alert);
                }
                (name, value)
            }
        };
        *counts.entry(name).or_default() += 1;
        let mut outcome = fields(outcome);
        outcome.insert("verdict".to_owned(), name.into());
        outcomes.push(outcome);
    }
    for (number, target) in same {
        let of_target = outcomes[target].clone();
        outcomes[number].extend(of_target);
    }
    reject_outside(&mut given, sightings, &outside, span)?;
    let rows = rows(&given, sightings, outcomes);
    alerts.sort_by_key(|alert| (alert.at, alert.id));
    done.outcome.alerts.extend(alerts.into_iter().map(Arc::new));
    done.names.append(&mut given.names);
    let stats = stats(&given.read, &counts, hearings.left_out);
    Ok(Some(Told { stats, rows }))
}

fn tenths(metres: f64) -> f64 {
    model::number::round(metres * 10.0) as f64 / 10.0
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// What a sighting came to that no transmitting ship explains: of the ship it is about, or else the likeliest.
fn outcome(matched: &Matched) -> Value {
    let best = matched.suspects.first();
    json!({
        "mmsi": best.map(|best| best.track.mmsi.0),
        "track": best.map(|best| best.track.to_string()),
        "share": best.map(|best| best.p),
        "none_of_these": matched.none,
        "distance_m": best.map(|best| tenths(best.out_m)),
    })
}

/// Leaves out what lies outside the time of the feed; fails if nothing else is there.
fn reject_outside(
    given: &mut Given,
    sightings: &[Arc<Sighting>],
    outside: &[usize],
    span: Option<(EventTime, EventTime)>,
) -> anyhow::Result<()> {
    for number in outside {
        let origin = sightings[*number].origin;
        let place = place(&given.names, origin);
        given.read.reject(Fault::Outside, origin, &place);
    }
    if outside.is_empty() {
        return Ok(());
    }
    let from_to = span.map_or_else(
        || "no report was accepted".to_owned(),
        |(first, last)| format!("reports are from {} to {}", first.to_iso(), last.to_iso()),
    );
    anyhow::ensure!(
        outside.len() < sightings.len(),
        "all {} sightings are before the first report or after the last one: {from_to}",
        sightings.len()
    );
    cli::warn(&format!("{} sightings are left out: {}; {from_to}", outside.len(), Fault::Outside.words()));
    given.read.examples.iter().take(MOST_NAMED).for_each(|told| cli::warn(told));
    Ok(())
}

fn place(names: &[String], origin: Origin) -> String {
    format!("{}:{}", names.get(origin.input as usize).map_or("", String::as_str), { origin.line })
}

/// What became of each row, in the order of the inputs.
fn rows(given: &Given, sightings: &[Arc<Sighting>], outcomes: Vec<Map<String, Value>>) -> Vec<String> {
    let mut rows: Vec<(Origin, Map<String, Value>)> = Vec::new();
    for (sighting, outcome) in sightings.iter().zip(outcomes) {
        let Position { lon, lat } = sighting.fix.position;
        let degrees = |units: i32| f64::from(units) / 1_000_000.0;
        let mut row = fields(json!({
            "id": sighting.id,
            "input": place(&given.names, sighting.origin),
            "t": sighting.fix.t.0,
            "lon": degrees(lon),
            "lat": degrees(lat),
        }));
        row.extend(outcome);
        rows.push((sighting.origin, row));
    }
    for (origin, fault) in given.read.left_out.iter().filter(|(_, fault)| *fault != Fault::Outside) {
        let row = json!({ "input": place(&given.names, *origin), "verdict": fault.name() });
        rows.push((*origin, fields(row)));
    }
    rows.sort_by_key(|(origin, _)| (origin.input, origin.line));
    rows.into_iter().map(|(_, row)| Value::Object(row).to_string()).collect()
}

/// Statistics; they are said, too.
fn stats(read: &Sightings, counts: &BTreeMap<&'static str, u64>, not_remembered: u64) -> Value {
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    let of_verdicts =
        Verdict::ALL.iter().map(|verdict| format!("{} {}", count(verdict.name()), verdict.name()));
    cli::talk(&format!(
        "{} sightings: {} of ships that transmit, {}; {} the same target as another",
        read.read,
        count("transmitting"),
        of_verdicts.collect::<Vec<_>>().join(", "),
        count("same_as")
    ));
    let rejected = Fault::ALL
        .iter()
        .map(|fault| (fault.name().to_owned(), Value::from(read.rejected.get(fault).copied().unwrap_or(0))));
    let mut stats = json!({
        "read": read.read,
        "rejected": rejected.collect::<Map<String, Value>>(),
        "transmitting": count("transmitting"),
        "same_as": count("same_as"),
        "not_remembered": not_remembered,
    });
    for verdict in Verdict::ALL {
        stats[verdict.name()] = count(verdict.name()).into();
    }
    stats
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
        inputs: std::iter::once(*origin)
            .chain(matched.also.iter().map(|also| also.origin))
            .take(MOST_INPUTS)
            .map(|Origin { input, line }| Origin { input: first_input + input, line })
            .collect(),
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
        Verdict::Ambiguous if matched.any_is_dark() => Severity::Notice,
        Verdict::Unheard | Verdict::Ambiguous | Verdict::Unmatched => Severity::Info,
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
