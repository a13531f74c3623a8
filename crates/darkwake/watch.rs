//! Watch rules from the configuration and from lists of ships.
//!
//! The configuration says what people want to hear of; this makes [`Rules`] of it, which the core
//! matches. In it there is no file any more: lists are read here.
//!
//! ```text
//! let config = Config::load(path)?;
//! let watched = watch::read(&config)?;
//! watched.warnings.iter().for_each(|warning| cli::warn(warning));
//! ```

use std::io::Read;
use std::path::Path;

use connect::Input;
use connect::lists::{self, Format, List, Settings};
use detect::watch::{Area, Corridor, Effect, ListedShip, PortRule, PortSelector, Rules};
use model::position::UNITS_PER_DEGREE;
use model::{Port, Ports, Position};

use crate::config::{Config, FactAlerts, ListConfig, ListFormat, SelectorConfig, ShipConfig, WatchConfig};
use crate::{Usage, cli};

/// Bytes of a list hashed at once.
const BLOCK: usize = 65_536;

/// The rules, and what is to be said of them.
pub struct Watched {
    /// The rules.
    pub rules: Rules,
    /// What was read.
    pub summaries: Vec<String>,
    /// What is doubtful.
    pub warnings: Vec<String>,
}

/// The rules of a configuration; reads the lists.
pub fn read(config: &Config) -> anyhow::Result<Watched> {
    let watch = &config.watch;
    let mut ships: Vec<ListedShip> = watch.ships.iter().map(listed_ship).collect();
    let (mut summaries, mut warnings) = (Vec::new(), Vec::new());
    for ship in &watch.ships {
        if let Some(imo) = ship.imo
            && !lists::has_check_digit(imo.0)
        {
            let (name, imo) = (&ship.name, imo.0);
            warnings.push(format!(
                "watch.ships: imo_check_digit: IMO {imo} of \"{name}\" has a wrong check digit"
            ));
        }
    }
    let mut errors = Vec::new();
    for list in &watch.lists {
        match read_list(list) {
            Ok(read) => {
                summaries.push(read.summary());
                warnings.extend(read.doubts());
                ships.extend(read.ships);
            }
            Err(error) => errors.push(error),
        }
    }
    fail_if_any(errors)?;
    let rules = Rules {
        ships,
        ports: port_rules(watch),
        corridors: corridors(watch),
        areas: areas(watch),
        tells_all_facts: config.alerts.facts == FactAlerts::All,
    };
    Ok(Watched { rules, summaries, warnings })
}

fn listed_ship(ship: &ShipConfig) -> ListedShip {
    let dated = |dated: &crate::config::MmsiConfig| {
        (dated.mmsi.0, dated.from.map(|from| from.0), dated.until.map(|until| until.0))
    };
    ListedShip {
        list: ship.list.clone(),
        name: ship.name.clone(),
        imo: ship.imo.map(|imo| imo.0),
        mmsis: ship.mmsi.iter().map(dated).collect(),
        length: None,
        effect: Effect { severity: ship.severity, mute: ship.mute },
    }
}

fn port_rules(watch: &WatchConfig) -> Vec<PortRule> {
    let rule = |rule: &crate::config::PortRuleConfig| PortRule {
        name: rule.name.clone(),
        ports: PortSelector {
            ids: rule.ids.clone(),
            tags: rule.tags.clone(),
            countries: rule.countries.clone(),
        },
        effect: Effect { severity: rule.severity, mute: rule.mute },
    };
    watch.ports.iter().map(rule).collect()
}

fn corridors(watch: &WatchConfig) -> Vec<Corridor> {
    let corridor = |corridor: &crate::config::CorridorConfig| Corridor {
        name: corridor.name.clone(),
        from: selector(&corridor.from),
        to: selector(&corridor.to),
        effect: Effect { severity: corridor.severity, mute: corridor.mute },
    };
    watch.corridors.iter().map(corridor).collect()
}

fn areas(watch: &WatchConfig) -> Vec<Area> {
    let area = |area: &crate::config::AreaConfig| Area {
        name: area.name.clone(),
        ring: area.ring.0.clone(),
        effect: Effect { severity: area.severity, mute: area.mute },
    };
    watch.areas.iter().map(area).collect()
}

fn selector(config: &SelectorConfig) -> PortSelector {
    PortSelector { ids: config.ids.clone(), tags: config.tags.clone(), countries: config.countries.clone() }
}

/// Reads a list; the error is a message for people.
fn read_list(list: &ListConfig) -> Result<List, String> {
    let settings = Settings {
        format: format(list.format),
        name: list.name.clone(),
        effect: Effect { severity: list.severity, mute: list.mute },
    };
    let input = Input::file(&list.file);
    let told = |error: anyhow::Error| format!("{error:#}");
    let reader = input.open().map_err(|error| told(error.into()))?;
    lists::read(&input.name(), reader, &settings).map_err(|error| told(error.into()))
}

fn format(format: ListFormat) -> Option<Format> {
    match format {
        ListFormat::Auto => None,
        ListFormat::Plain => Some(Format::Plain),
        ListFormat::OfacCsv => Some(Format::OfacCsv),
        ListFormat::OfacXml => Some(Format::OfacXml),
        ListFormat::Opensanctions => Some(Format::OpenSanctions),
        ListFormat::Eu => Some(Format::Eu),
    }
}

/// Hash of what a file holds, decompressed; `None` if it cannot be read, which reading the list tells.
pub fn content_hash(path: &Path) -> Option<u64> {
    let mut reader = Input::file(path).open().ok()?;
    let mut block = Vec::with_capacity(BLOCK);
    let mut hash = 0;
    loop {
        block.clear();
        let length = reader.by_ref().take(BLOCK as u64).read_to_end(&mut block).ok()?;
        if length == 0 {
            return Some(hash);
        }
        hash = model::hash::bytes(hash, &block);
    }
}

/// Fails if a rule could never match, or contradicts itself.
pub fn validate(watch: &WatchConfig, path: &Path) -> anyhow::Result<()> {
    let file = path.display();
    let mut errors = Vec::new();
    for (at, ship) in watch.ships.iter().enumerate() {
        let place = format!("{file}: [[watch.ships]] number {} (\"{}\")", at + 1, ship.name);
        if ship.imo.is_none() && ship.mmsi.is_empty() {
            errors.push(format!("{place} has neither imo nor mmsi; give one of them"));
        }
        for dated in &ship.mmsi {
            let ends = dated.from.zip(dated.until);
            if ends.is_some_and(|(from, until)| until.0 <= from.0) {
                let mmsi = u32::from(dated.mmsi);
                errors.push(format!("{place}: until of MMSI {mmsi} is not after its from"));
            }
        }
    }
    let empty = "names no ports; give ids, tags or countries";
    for rule in port_rules(watch) {
        if rule.ports == PortSelector::default() {
            errors.push(format!("{file}: [[watch.ports]] \"{}\" {empty}", rule.name));
        }
    }
    for corridor in corridors(watch) {
        for (end, ports) in [("from", &corridor.from), ("to", &corridor.to)] {
            if *ports == PortSelector::default() {
                errors.push(format!("{file}: [[watch.corridors]] \"{}\": {end} {empty}", corridor.name));
            }
        }
    }
    fail_if_any(errors)
}

/// What the rules name and no port has: a word misspelt, or of other port files.
pub fn unmatched(rules: &Rules, ports: &Ports) -> Vec<String> {
    let mut told = Vec::new();
    for rule in &rules.ports {
        told.extend(unmatched_of(&rule.ports, ports, &format!("watch.ports \"{}\"", rule.name)));
    }
    for corridor in &rules.corridors {
        for (end, selector) in [("from", &corridor.from), ("to", &corridor.to)] {
            let place = format!("watch.corridors \"{}\": {end}", corridor.name);
            told.extend(unmatched_of(selector, ports, &place));
        }
    }
    told
}

fn unmatched_of(selector: &PortSelector, ports: &Ports, place: &str) -> Vec<String> {
    type Has = fn(&Port, &String) -> bool;
    let words: [(&str, &[String], Has); 3] = [
        ("id", &selector.ids, |port, id| port.id == *id),
        ("tag", &selector.tags, |port, tag| port.watch.contains(tag)),
        ("country", &selector.countries, |port, country| port.country == *country),
    ];
    let mut told = Vec::new();
    for (what, words, has) in words {
        for word in words.iter().filter(|word| !ports.list.iter().any(|port| has(port, word))) {
            told.push(format!("{place}: no port in use has the {what} \"{word}\""));
        }
    }
    told
}

/// The corners of an area, in order; the first may be repeated at the end.
pub fn ring(corners: &[Vec<f64>]) -> Result<Vec<Position>, String> {
    let mut ring = Vec::with_capacity(corners.len());
    for corner in corners {
        let [lon, lat] = corner.as_slice() else {
            return Err(format!("{corner:?} is no corner; write it as [longitude, latitude]"));
        };
        let is_swapped = lat.abs() > 90.0 && lat.abs() <= 180.0 && lon.abs() <= 90.0;
        let hint = if is_swapped { "; longitude comes first" } else { "" };
        let wrong = || format!("the corner [{lon}, {lat}] is not on the globe{hint}");
        let is_number = lon.is_finite() && lat.is_finite();
        let corner = if is_number { Position::from_degrees(*lon, *lat) } else { None };
        ring.push(corner.ok_or_else(wrong)?);
    }
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    if ring.len() < 3 {
        return Err(format!("the ring has {} corners; it needs three at least", ring.len()));
    }
    match crossing(&ring) {
        None => Ok(ring),
        Some((a, b)) => Err(format!(
            "the ring crosses itself: its edge from corner {} meets that from corner {}; give the corners in order",
            a + 1,
            b + 1
        )),
    }
}

/// Two edges of a ring that meet and are not neighbours. Longitudes are taken the short way round
/// from the first corner, as the core does.
fn crossing(ring: &[Position]) -> Option<(usize, usize)> {
    const TURN: i64 = 360 * UNITS_PER_DEGREE as i64;
    let first = i64::from(ring.first()?.lon);
    let unwrapped = |corner: &Position| {
        let east = (i64::from(corner.lon) - first).rem_euclid(TURN);
        (if east > TURN / 2 { east - TURN } else { east }, i64::from(corner.lat))
    };
    let corners: Vec<(i64, i64)> = ring.iter().map(unwrapped).collect();
    let edge = |at: usize| (corners[at], corners[(at + 1) % corners.len()]);
    let pairs = (0..corners.len()).flat_map(|a| (a + 1..corners.len()).map(move |b| (a, b)));
    let is_apart = |(a, b): &(usize, usize)| b - a > 1 && b - a < corners.len() - 1;
    pairs.filter(is_apart).find(|(a, b)| meet(edge(*a), edge(*b)))
}

type Point = (i64, i64);

/// Whether two edges have a point in common.
fn meet((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let turn = |p: Point, q: Point, r: Point| {
        (i128::from(q.0 - p.0) * i128::from(r.1 - p.1) - i128::from(q.1 - p.1) * i128::from(r.0 - p.0))
            .signum()
    };
    let within = |p: Point, q: Point, r: Point| {
        turn(p, q, r) == 0
            && (p.0.min(q.0)..=p.0.max(q.0)).contains(&r.0)
            && (p.1.min(q.1)..=p.1.max(q.1)).contains(&r.1)
    };
    turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0
        || within(a, b, c)
        || within(a, b, d)
        || within(c, d, a)
        || within(c, d, b)
}

/// One message each, and one error for all of them.
fn fail_if_any(mut errors: Vec<String>) -> anyhow::Result<()> {
    let count = errors.len();
    match errors.pop() {
        None => Ok(()),
        Some(error) if count == 1 => anyhow::bail!(Usage(error)),
        Some(last) => {
            errors.iter().chain([&last]).for_each(|error| cli::talk(&format!("error: {error}")));
            anyhow::bail!(Usage(format!("{count} errors in the watch rules")))
        }
    }
}

#[cfg(test)]
mod tests {
    use model::alert::Severity;

    use super::*;

    fn config(folder: &Path, text: &str) -> anyhow::Result<Config> {
        let path = folder.join("darkwake.toml");
        std::fs::write(&path, text)?;
        Config::load(Some(&path))
    }

    #[test]
    fn the_default_rules_watch_four_ships_and_the_way_from_north_korea_to_russia() {
        let Watched { rules, summaries, warnings } = read(&Config::default()).unwrap();
        let imos: Vec<Option<u32>> = rules.ships.iter().map(|ship| ship.imo).collect();
        assert_eq!(imos, [9_179_842, 8_517_839, 9_161_003, 9_358_010].map(Some));
        assert!(rules.ships.iter().all(|ship| ship.effect.severity == Severity::Critical));
        assert_eq!((rules.ports.len(), rules.corridors.len(), rules.areas.len()), (1, 1, 0));
        assert!(!rules.tells_all_facts && summaries.is_empty() && warnings.is_empty());
        let (geofence, _) = crate::ports::load(&[]).unwrap();
        assert_eq!(unmatched(&rules, geofence.ports()), Vec::<String>::new());
    }

    #[test]
    fn ships_of_lists_follow_those_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine.csv"), "imo,mmsi,name\n9000003,,A\n,273000001,B\n,,C\n")
            .unwrap();
        let text = "[alerts]\nfacts = \"all\"\n\
            [[watch.ships]]\nname = \"X\"\nmmsi = [{ mmsi = 273000002, from = \"2023-10-01\" }]\n\
            [[watch.lists]]\nfile = \"mine.csv\"\nname = \"mine\"\nseverity = \"notice\"\nmute = true\n";
        let Watched { rules, summaries, warnings } = read(&config(folder.path(), text).unwrap()).unwrap();
        assert!(rules.tells_all_facts);
        assert_eq!(rules.ships.len(), 3);
        assert_eq!(rules.ships[0].mmsis[0].1.unwrap().to_iso(), "2023-10-01T00:00:00.000Z");
        assert_eq!((rules.ships[1].list.as_str(), rules.ships[1].imo), ("mine", Some(9_000_003)));
        assert_eq!(rules.ships[2].effect, Effect { severity: Severity::Notice, mute: true });
        assert_eq!(summaries.len(), 1);
        assert!(summaries[0].contains("3 entries, 2 taken; 1 left out"), "{summaries:?}");
        assert!(warnings.is_empty());
    }

    #[test]
    fn words_that_no_port_has_are_told() {
        let text = "[[watch.ports]]\nname = \"X\"\nids = [\"KPRJN\", \"NOWHERE\"]\ncountries = [\"kp\"]\n";
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &format!("[watch]\ncorridors = []\n{text}")).unwrap();
        let (geofence, _) = crate::ports::load(&[]).unwrap();
        assert_eq!(
            unmatched(&read(&config).unwrap().rules, geofence.ports()),
            [
                "watch.ports \"X\": no port in use has the id \"NOWHERE\"",
                "watch.ports \"X\": no port in use has the country \"kp\""
            ]
        );
    }

    #[test]
    fn a_ring_is_closed_by_itself_and_may_lie_across_the_antimeridian() {
        let square = [[179.0, 50.0], [-179.0, 50.0], [-179.0, 53.0], [179.0, 53.0]];
        let ring =
            |corners: &[[f64; 2]]| ring(&corners.iter().map(|corner| corner.to_vec()).collect::<Vec<_>>());
        let closed = [square.as_slice(), &square[..1]].concat();
        assert_eq!(ring(&closed).unwrap(), ring(&square).unwrap());
        for (corners, told) in [
            (vec![], "the ring has 0 corners"),
            (vec![[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]], "the ring has 2 corners"),
            (vec![[42.2, 130.2], [42.2, 130.4], [42.3, 130.4]], "longitude comes first"),
            (
                vec![[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]],
                "edge from corner 1 meets that from corner 3",
            ),
            (vec![[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [1.0, 0.0], [0.0, 2.0]], "crosses itself"),
            (vec![[f64::NAN, 0.0], [2.0, 0.0], [2.0, 2.0]], "not on the globe"),
        ] {
            let error = ring(&corners).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
