//! What really happened, as a truth file tells it.
//!
//! A truth is one JSON object as `darkwake generate --truth` writes it (`darkwake.truth/1`). A truth made by hand
//! needs little: `{"silences":[{"mmsi":273000001,"start":"2023-10-02T05:40:00Z","end":"2023-10-03T23:19:00Z"}]}`.
//! Times are ms since 1970 or ISO 8601. What else is there is used:
//!
//! | key | use |
//! |---|---|
//! | `start`, `end` | vessel-days; without them false alarms have no rate |
//! | `ships[]` `{mmsi, name, silences[], calls[], unheard[], aliases[]}` | all ships: an alert of any other is false |
//! | a silence's `kind` | `deliberate` (if not given), `berth`, `withheld`, `jammed` |
//! | its `audible {min}`, `history_h` | whether it could be told at all |
//! | its `heard_before` | where an alert of it may start |
//! | its `hidden_ports[]`; `calls[] {port, start, end, hidden}` | what the ship did meanwhile |
//! | `unheard[] {start, end, reason}` | why a false alarm is false |
//! | `outages[] {station, start, end}` | receivers that failed |
//!
//! Silences of one ship and kind that are less than 30 min apart are one: what a ship sends between them, a blip, ends
//! no dark period (EVENTS.md, 4).

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use model::EventTime;
use serde::{Deserialize, Deserializer, Serialize};

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Silences closer to each other than this are one.
const BLIP_MS: i64 = 30 * MINUTE_MS;
/// An alert may start this long before the silence: the last report that was heard.
const EARLY_MS: i64 = 90 * MINUTE_MS;
/// A hidden call may stand out of its silence by this much, by rounding.
const ROUNDING_MS: i64 = MINUTE_MS;

/// What a silence is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The transponder is off on purpose.
    #[default]
    Deliberate,
    /// Taken out of a real track by `--blank-out`, while the ship did not move.
    AtRest,
    /// The transponder is off while the ship lies at its berth.
    Berth,
    /// It sends, but not where it is.
    Withheld,
    /// It sends a false position, which it believes in.
    Jammed,
}

impl Kind {
    /// The name in truths and scores.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Deliberate => "deliberate",
            Kind::AtRest => "at_rest",
            Kind::Berth => "berth",
            Kind::Withheld => "withheld",
            Kind::Jammed => "jammed",
        }
    }
}

/// A port that a ship called at unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenCall {
    /// Id of the port.
    pub port: String,
    /// When it arrived, where the truth tells.
    pub arrival: Option<i64>,
}

/// A silence from its first to its last moment, blips included.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// The ship's MMSI when it fell silent.
    pub mmsi: u32,
    /// Its name, where the truth tells.
    pub name: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// The first moment.
    pub start: i64,
    /// The first moment after it.
    pub end: i64,
    /// An alert of it starts here or later.
    pub earliest: i64,
    /// The lowest probability at which it would have been heard.
    pub audible_min: Option<f64>,
    /// Hours of reception that were known where it fell silent.
    pub history_h: Option<f64>,
    /// Calls meanwhile.
    pub hidden: Vec<HiddenCall>,
}

impl Episode {
    /// A deliberate silence of which nothing else is known.
    pub fn new(mmsi: u32, start: i64, end: i64) -> Episode {
        Episode {
            mmsi,
            name: None,
            kind: Kind::Deliberate,
            start,
            end,
            earliest: start - EARLY_MS,
            audible_min: None,
            history_h: None,
            hidden: Vec::new(),
        }
    }

    /// Lets alerts start at the last report that was heard before.
    pub fn heard_before(&mut self, t: i64) {
        self.earliest = self.earliest.min(t - ROUNDING_MS);
    }
}

/// A receiver that was out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Its name.
    pub station: String,
    /// The first moment.
    pub start: i64,
    /// The first moment after it.
    pub end: i64,
}

/// Time in which something keeps a ship that sends from being heard under an MMSI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuse {
    /// The MMSI.
    pub mmsi: u32,
    /// The first moment.
    pub start: i64,
    /// The first moment after it.
    pub end: i64,
    /// In words.
    pub why: String,
}

/// One truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// Where it was read.
    pub name: String,
    /// How long it is.
    pub span_ms: Option<i64>,
    /// How many ships it holds.
    pub ships: usize,
    /// Their MMSIs.
    pub mmsis: BTreeSet<u32>,
    /// The silences.
    pub episodes: Vec<Episode>,
    /// Receivers that failed.
    pub outages: Vec<Outage>,
    /// Times in which ships sent and were not heard.
    pub excuses: Vec<Excuse>,
}

impl World {
    /// Reads a truth file.
    pub fn read(path: &Path) -> anyhow::Result<World> {
        let name = path.display().to_string();
        let text = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
        World::parse(&name, &text)
            .with_context(|| format!("{name}: is no truth as darkwake generate writes it"))
    }

    /// Takes a truth from its JSON.
    pub fn parse(name: &str, text: &[u8]) -> serde_json::Result<World> {
        let mut file: TruthFile = serde_json::from_slice(text)?;
        file.adopt_silences();
        let mut world = World {
            name: name.to_owned(),
            span_ms: file.start.zip(file.end).map(|(start, end)| end.0 - start.0),
            ships: file.ships.len(),
            outages: file.outages.into_iter().map(OutageEntry::into_outage).collect(),
            ..World::default()
        };
        for ship in &file.ships {
            world.mmsis.extend(std::iter::once(ship.mmsi).chain(ship.aliases.iter().map(|alias| alias.mmsi)));
            world.episodes.extend(ship.episodes());
            world.excuses.extend(ship.excuses());
        }
        world.episodes.sort_by_key(|episode| (episode.start, episode.mmsi));
        Ok(world)
    }

    /// Days of all ships together.
    pub fn vessel_days(&self) -> Option<f64> {
        self.span_ms.map(|span_ms| span_ms as f64 / (24 * HOUR_MS) as f64 * self.ships as f64)
    }

    /// The name of a ship that fell silent.
    pub fn ship_name(&self, mmsi: u32) -> Option<&str> {
        self.episodes.iter().find(|episode| episode.mmsi == mmsi).and_then(|episode| episode.name.as_deref())
    }
}

/// A moment as people and programs write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(i64);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Moment;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("ms since 1970, or a time such as 2023-10-01T00:00:00Z")
            }

            fn visit_i64<E: serde::de::Error>(self, ms: i64) -> Result<Moment, E> {
                Ok(Moment(ms))
            }

            fn visit_u64<E: serde::de::Error>(self, ms: u64) -> Result<Moment, E> {
                i64::try_from(ms).map(Moment).map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Moment, E> {
                let t = EventTime::parse_iso(text.as_bytes());
                t.map(|t| Moment(t.0))
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Deserialize)]
struct TruthFile {
    start: Option<Moment>,
    end: Option<Moment>,
    #[serde(default)]
    ships: Vec<ShipEntry>,
    /// Silences of a truth made by hand, which need no ships around them.
    #[serde(default)]
    silences: Vec<LooseSilence>,
    #[serde(default)]
    outages: Vec<OutageEntry>,
}

#[derive(Default, Deserialize)]
struct ShipEntry {
    mmsi: u32,
    name: Option<String>,
    #[serde(default)]
    silences: Vec<SilenceEntry>,
    #[serde(default)]
    calls: Vec<CallEntry>,
    #[serde(default)]
    unheard: Vec<UnheardEntry>,
    #[serde(default)]
    aliases: Vec<AliasEntry>,
}

#[derive(Deserialize)]
struct LooseSilence {
    mmsi: u32,
    start: Moment,
    end: Moment,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    hidden_ports: Vec<String>,
}

#[derive(Deserialize)]
struct SilenceEntry {
    start: Moment,
    end: Moment,
    #[serde(default)]
    kind: Kind,
    audible: Option<AudibleEntry>,
    history_h: Option<f64>,
    heard_before: Option<Moment>,
    #[serde(default)]
    hidden_ports: Vec<String>,
}

#[derive(Deserialize)]
struct AudibleEntry {
    min: f64,
}

#[derive(Deserialize)]
struct CallEntry {
    port: String,
    start: Moment,
    end: Moment,
    #[serde(default)]
    hidden: bool,
}

#[derive(Deserialize)]
struct UnheardEntry {
    start: Moment,
    end: Moment,
    reason: String,
}

#[derive(Deserialize)]
struct AliasEntry {
    from: Moment,
    mmsi: u32,
}

#[derive(Deserialize)]
struct OutageEntry {
    #[serde(default)]
    station: String,
    start: Moment,
    end: Moment,
}

impl OutageEntry {
    fn into_outage(self) -> Outage {
        Outage { station: self.station, start: self.start.0, end: self.end.0 }
    }
}

impl TruthFile {
    /// Gives the silences that stand alone to their ships.
    fn adopt_silences(&mut self) {
        for loose in self.silences.drain(..) {
            let silence = SilenceEntry {
                start: loose.start,
                end: loose.end,
                kind: loose.kind,
                audible: None,
                history_h: None,
                heard_before: None,
                hidden_ports: loose.hidden_ports,
            };
            match self.ships.iter_mut().find(|ship| ship.mmsi == loose.mmsi) {
                Some(ship) => ship.silences.push(silence),
                None => self.ships.push(ShipEntry {
                    mmsi: loose.mmsi,
                    silences: vec![silence],
                    ..ShipEntry::default()
                }),
            }
        }
    }
}

impl ShipEntry {
    /// Its silences, blips included.
    fn episodes(&self) -> Vec<Episode> {
        let mut entries: Vec<&SilenceEntry> = self.silences.iter().collect();
        entries.sort_by_key(|entry| (entry.kind, entry.start));
        let mut episodes: Vec<Episode> = Vec::new();
        for entry in entries {
            match episodes.last_mut() {
                Some(last) if last.kind == entry.kind && entry.start.0 - last.end < BLIP_MS => {
                    last.end = last.end.max(entry.end.0);
                    last.learn(entry);
                }
                Some(_) | None => episodes.push(self.episode(entry)),
            }
        }
        episodes.iter_mut().for_each(|episode| self.add_calls(episode));
        episodes
    }

    fn episode(&self, entry: &SilenceEntry) -> Episode {
        let mut episode = Episode::new(self.mmsi_at(entry.start), entry.start.0, entry.end.0);
        episode.name.clone_from(&self.name);
        episode.kind = entry.kind;
        if let Some(Moment(t)) = entry.heard_before {
            episode.heard_before(t);
        }
        episode.learn(entry);
        episode
    }

    /// Tells when the ship arrived at its hidden ports, and adds those that only its calls name.
    fn add_calls(&self, episode: &mut Episode) {
        let (from, to) = (episode.start - ROUNDING_MS, episode.end + ROUNDING_MS);
        let is_inside = |call: &&CallEntry| call.hidden && call.start.0 >= from && call.end.0 <= to;
        for call in self.calls.iter().filter(is_inside) {
            let arrival = Some(call.start.0);
            let named =
                episode.hidden.iter_mut().find(|known| known.port == call.port && known.arrival.is_none());
            match named {
                Some(known) => known.arrival = arrival,
                None => episode.hidden.push(HiddenCall { port: call.port.clone(), arrival }),
            }
        }
    }

    fn mmsi_at(&self, t: Moment) -> u32 {
        let known = self.aliases.iter().filter(|alias| alias.from <= t).max_by_key(|alias| alias.from);
        known.map_or(self.mmsi, |alias| alias.mmsi)
    }

    fn excuses(&self) -> impl Iterator<Item = Excuse> {
        let unheard = self.unheard.iter().map(|unheard| Excuse {
            mmsi: self.mmsi_at(unheard.start),
            start: unheard.start.0,
            end: unheard.end.0,
            why: format!("sent, not heard: {}", unheard.reason),
        });
        let renamed = self.aliases.iter().map(|alias| Excuse {
            mmsi: self.mmsi_at(Moment(alias.from.0 - 1)),
            start: alias.from.0,
            end: i64::MAX,
            why: format!("sends as {} since", alias.mmsi),
        });
        unheard.chain(renamed)
    }
}

impl Episode {
    fn learn(&mut self, entry: &SilenceEntry) {
        let lower = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
        self.audible_min = lower(self.audible_min, entry.audible.as_ref().map(|audible| audible.min));
        self.history_h = lower(self.history_h, entry.history_h);
        let ports = entry.hidden_ports.iter().cloned();
        self.hidden.extend(ports.map(|port| HiddenCall { port, arrival: None }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(text: &str) -> World {
        World::parse("test", text.as_bytes()).unwrap()
    }

    #[test]
    fn a_truth_made_by_hand_needs_a_ship_and_two_times() {
        let world = world(
            r#"{"silences":[{"mmsi":273000001,"start":"2023-10-01T00:00:00Z","end":"2023-10-01T05:00:00Z"}]}"#,
        );
        let start = 1_696_118_400_000;
        assert_eq!(world.episodes, [Episode::new(273_000_001, start, start + 5 * HOUR_MS)]);
        assert_eq!((world.ships, world.vessel_days()), (1, None));
    }

    #[test]
    fn parts_of_a_silence_with_blips_between_are_one() {
        let world = world(
            r#"{"ships":[{"mmsi":1,"silences":[
                {"start":0,"end":7200000,"audible":{"min":0.9},"history_h":30},
                {"start":7201000,"end":9000000,"audible":{"min":0.4},"history_h":31},
                {"start":36000000,"end":40000000}]}]}"#,
        );
        let spans: Vec<(i64, i64)> =
            world.episodes.iter().map(|episode| (episode.start, episode.end)).collect();
        assert_eq!(spans, [(0, 9_000_000), (36_000_000, 40_000_000)]);
        assert_eq!(world.episodes[0].audible_min, Some(0.4));
        assert_eq!(world.episodes[0].history_h, Some(30.0));
    }

    #[test]
    fn hidden_ports_have_the_arrival_of_the_hidden_call() {
        let world = world(
            r#"{"start":0,"end":86400000,"ships":[{"mmsi":1,"silences":[{"start":0,"end":7200000,"hidden_ports":["A","C"]}],
                "calls":[{"port":"A","start":3600000,"end":5400000,"hidden":true},
                         {"port":"B","start":5500000,"end":5600000,"hidden":true},
                         {"port":"C","start":80000000,"end":86400000,"hidden":true}]}]}"#,
        );
        let hidden = |port: &str, arrival| HiddenCall { port: port.to_owned(), arrival };
        assert_eq!(
            world.episodes[0].hidden,
            [hidden("A", Some(3_600_000)), hidden("C", None), hidden("B", Some(5_500_000))]
        );
        assert_eq!(world.vessel_days(), Some(1.0));
    }

    #[test]
    fn a_ship_that_took_another_mmsi_is_silent_under_that() {
        let world = world(
            r#"{"ships":[{"mmsi":1,"aliases":[{"from":5000,"mmsi":2}],"silences":[{"start":6000,"end":7000}]}]}"#,
        );
        assert_eq!(world.episodes[0].mmsi, 2);
        assert_eq!(world.mmsis, BTreeSet::from([1, 2]));
        assert_eq!((world.excuses[0].mmsi, world.excuses[0].start), (1, 5_000));
    }

    #[test]
    fn a_time_that_is_none_is_told_with_what_would_be_one() {
        let error = World::parse("t", br#"{"silences":[{"mmsi":1,"start":"noon","end":1}]}"#).unwrap_err();
        assert!(error.to_string().contains("2023-10-01T00:00:00Z"), "{error}");
    }
}
