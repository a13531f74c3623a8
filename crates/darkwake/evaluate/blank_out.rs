//! `darkwake evaluate --blank-out`: takes intervals out of real tracks and looks whether they are told.
//!
//! The inputs are read twice: once to find out when each ship was heard (only the ends of its spells are kept), once to
//! write them again, without the blanks, into a temporary directory (`TMPDIR` tells where; they are written plain). The
//! program's own `replay` reads these, and its alerts are held against the blanks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use clap::ValueEnum;
use connect::files::{self, Input};
use connect::reader::ReadSettings;
use decode::{Content, Decoded};
use model::Transmission;
use model::alert::AlertKind;

use super::alerts::{Alerts, Told};
use super::judge::{self, Cases};
use super::rewrite::{self, Taken};
use super::score;
use super::stretches::{Blank, Survey};
use super::table::Report;
use super::truth::{Episode, HOUR_MS, Kind, World};
use crate::cli::Evaluate;
use crate::config::{Config, PREFIX};
use crate::read;
use crate::{Usage, cli};

/// Lines read at once.
const TURN_LINES: usize = 512;
/// Reception is not learned before (the bars of EVENTS.md, 4, ask for as much history).
const LEARNED_MS: i64 = 24 * HOUR_MS;
/// The alerts of the replay, beside the inputs.
const ALERTS: &str = "alerts.jsonl";

/// Inputs with blanks.
struct Blanked {
    /// The inputs written again.
    files: Vec<PathBuf>,
    /// The blanks as a truth.
    world: World,
    /// Ships that were heard without a gap for long enough.
    able: usize,
    /// Blanks in which nothing was to be taken out.
    empty: usize,
    /// Blanks before reception is learned.
    early: usize,
    /// Ships heard in more spells than are kept.
    limited: usize,
}

/// Blanks out, replays, and scores.
pub fn run(arguments: &Evaluate, share: f64) -> anyhow::Result<Report> {
    let inputs = files::find(&arguments.files)?;
    if inputs.iter().any(Input::is_stdin) {
        anyhow::bail!(Usage("--blank-out reads its inputs twice; give files, not -".to_owned()));
    }
    let config = Config::load(arguments.config.as_deref())?;
    let settings = read::settings(&config, arguments.format);
    let folder = tempfile::Builder::new().prefix("darkwake-").tempdir().context("no temporary directory")?;
    let blanked = blank(&inputs, &settings, share, arguments.seed, folder.path())?;
    cli::talk(&format!(
        "{} of {} ships with a stretch of 3 h or more are blanked out for a while; replaying",
        blanked.world.episodes.len(),
        blanked.able
    ));
    let alerts = replay(arguments, &blanked.files, folder.path())?;
    Ok(report(blanked, &alerts))
}

/// Writes the inputs again without some intervals of some ships.
fn blank(
    inputs: &[Input],
    settings: &ReadSettings,
    share: f64,
    seed: u64,
    folder: &Path,
) -> anyhow::Result<Blanked> {
    let survey = survey(inputs, settings)?;
    let (able, blanks) = survey.choose(share, seed);
    anyhow::ensure!(able > 0, "no ship was heard for 3 h without a gap, so there is nothing to blank out");
    let mut taken = BTreeMap::new();
    let mut files = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        let path = folder.join(format!("{number:05}"));
        let file = File::create(&path).with_context(|| format!("{}: cannot be written", path.display()))?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        rewrite::copy(input, settings, &blanks, &mut taken, &mut out)
            .with_context(|| format!("{}: cannot be copied to {}", input.name(), folder.display()))?;
        out.flush()?;
        files.push(path);
    }
    let world = world(&survey, &blanks, &taken);
    let first = survey.span.map_or(0, |(first, _)| first);
    let early = world.episodes.iter().filter(|episode| episode.start - first < LEARNED_MS).count();
    let empty = blanks.len() - world.episodes.len();
    Ok(Blanked { files, world, able, empty, early, limited: survey.limited() })
}

/// When each ship was heard.
fn survey(inputs: &[Input], settings: &ReadSettings) -> anyhow::Result<Survey> {
    let mut survey = Survey::default();
    for input in inputs {
        let Some(mut reader) = rewrite::open(input, settings)? else { continue };
        let mut add = |decoded: Decoded| {
            if let Content::Transmission(Transmission::Position(report)) = decoded.content {
                survey.add(report.mmsi.0, report.t.0);
            }
        };
        let fail = || format!("{}: cannot be read to its end", input.name());
        while reader.read(TURN_LINES, &mut add).with_context(fail)? {}
    }
    Ok(survey)
}

/// The blanks as a truth; those in which nothing was heard anyway are none.
fn world(survey: &Survey, blanks: &BTreeMap<u32, Blank>, taken: &BTreeMap<u32, Taken>) -> World {
    let mmsis: std::collections::BTreeSet<u32> = survey.mmsis().collect();
    let episodes = blanks.iter().filter_map(|(mmsi, blank)| {
        let taken = taken.get(mmsi).filter(|taken| taken.positions > 0)?;
        let mut episode = Episode::new(*mmsi, blank.start, blank.end);
        episode.kind = if taken.is_at_rest() { Kind::AtRest } else { Kind::Deliberate };
        if let Some(t) = taken.heard_before {
            episode.heard_before(t);
        }
        Some(episode)
    });
    World {
        name: "blank-out".to_owned(),
        span_ms: survey.span.map(|(first, last)| last - first),
        ships: mmsis.len(),
        episodes: episodes.collect(),
        mmsis,
        ..World::default()
    }
}

/// The program's own alerts of the inputs.
fn replay(arguments: &Evaluate, files: &[PathBuf], folder: &Path) -> anyhow::Result<Alerts> {
    let program = std::env::current_exe().context("the program does not find itself")?;
    let path = folder.join(ALERTS);
    let mut command = Command::new(program);
    // Those of flags are not for it; those of the configuration are, as here.
    let is_of_flag = |name: &str| name.starts_with("DARKWAKE_") && !name.starts_with(PREFIX);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_flag(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command.arg("replay").args(files).arg("--out").arg(&path);
    if let Some(format) = arguments.format.to_possible_value() {
        command.arg("--format").arg(format.get_name());
    }
    for ports in &arguments.ports {
        command.arg("--ports").arg(ports);
    }
    if let Some(config) = &arguments.config {
        command.arg("--config").arg(config);
    }
    let status = command.stdout(Stdio::null()).status().context("replay cannot be started")?;
    anyhow::ensure!(status.success(), "replay of the blanked inputs failed ({status})");
    Alerts::read(&path.to_string_lossy())
}

fn report(blanked: Blanked, alerts: &Alerts) -> Report {
    let mut cases = Cases::default();
    cases.judge(&blanked.world, alerts);
    let at_rest = cases.silences.iter().filter(|case| case.episode.kind == Kind::AtRest).count();
    let is_other = |alert: &&Told| {
        alert.kind == AlertKind::Dark
            && alert.claim().is_some()
            && !judge::is_of_a_silence(&blanked.world, alert)
    };
    let other = alerts.told.iter().filter(is_other).count();
    Report {
        mode: "blank-out",
        scores: score::of_blank_outs(&cases),
        cases,
        counts: vec![
            ("ships_with_stretches", blanked.able as u64),
            ("blanked_at_rest", at_rest as u64),
            ("blanked_unheard", blanked.empty as u64),
            ("blanked_in_first_24_h", blanked.early as u64),
            ("ships_limited", blanked.limited as u64),
            ("other_alerts", other as u64),
        ],
        notes: notes(),
    }
}

fn notes() -> Vec<String> {
    let notes = [
        "in real data ships fall silent by themselves, and nobody knows which: false are only alerts that no blank-out \
         and no such silence caused, which cannot be told apart. So there is no precision and no rate of false alarms \
         here, only recall and delay; claims elsewhere are counted as other_alerts",
        "ships that lay still (below 0.5 kn all through the blank) are told as at_rest and take no part in recall",
        "blanks in the first 24 h are before reception is learned and lower recall",
    ];
    notes.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::encode::{Channel, PositionA, StaticA, TagBlock, sentences, tagged};
    use sim::sphere::Position;

    const START_S: i64 = 1_696_118_400;
    const SHIPS: [u32; 2] = [273_000_001, 273_000_002];
    const HOURS: i64 = 6;

    /// Both ships each minute, the second at rest, and who they are every six, for six hours.
    fn feed() -> String {
        let mut lines = Vec::new();
        for minute in 0..HOURS * 60 {
            for (index, mmsi) in SHIPS.into_iter().enumerate() {
                let unix_s = START_S + minute * 60 + index as i64;
                let speed_kn = if index == 0 { 10.0 } else { 0.1 };
                let way = speed_kn * minute as f64 / 3_600.0;
                let position = Some(Position::new(131.9 + way, 42.5 + index as f64));
                let report = PositionA { mmsi, speed_kn: Some(speed_kn), position, ..PositionA::default() };
                let tag = TagBlock { station: "r1", unix_s, group: (minute * 2) as u32 + index as u32 };
                lines.extend(tagged(&sentences(&report.encode(), "AIVDM", Channel::A, 0), tag));
                if minute % 6 == 0 {
                    let name = StaticA { mmsi, name: Some("TEST".to_owned()), ..StaticA::default() };
                    lines.extend(tagged(&sentences(&name.encode(), "AIVDM", Channel::A, 3), tag));
                }
            }
        }
        lines.join("\n") + "\n"
    }

    /// The feed with everything blanked out that can be, and both texts line by line.
    fn blanked(share: f64) -> (Blanked, Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feed.nmea");
        std::fs::write(&path, feed()).unwrap();
        let arguments =
            <cli::Cli as clap::Parser>::parse_from(["darkwake", "evaluate", "--blank-out", "1", "x"]);
        let cli::Command::Evaluate(arguments) = arguments.command else { panic!("evaluate") };
        let settings = read::settings(&Config::default(), arguments.format);
        let out = folder.path().join("out");
        std::fs::create_dir(&out).unwrap();
        let blanked = blank(&[Input::file(&path)], &settings, share, 3, &out).unwrap();
        let lines = |path: &Path| std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
        let after = lines(&blanked.files[0]);
        (blanked, lines(&path), after)
    }

    #[test]
    fn a_blank_takes_all_messages_of_the_ship_whole_and_nothing_else() {
        let (blanked, before, after) = blanked(1.0);
        assert_eq!(before.len(), after.len());
        assert_eq!((blanked.able, blanked.empty, blanked.world.episodes.len()), (2, 0, 2));
        let episode = |mmsi| blanked.world.episodes.iter().find(|episode| episode.mmsi == mmsi).unwrap();
        let mut lines = before.iter().zip(&after);
        for minute in 0..HOURS * 60 {
            for (index, mmsi) in SHIPS.into_iter().enumerate() {
                let t = (START_S + minute * 60 + index as i64) * 1_000;
                let is_out = (episode(mmsi).start..episode(mmsi).end).contains(&t);
                // A position, and the two sentences of a message 5.
                for _ in 0..if minute % 6 == 0 { 3 } else { 1 } {
                    let (before, after) = lines.next().unwrap();
                    assert_eq!(after, if is_out { "" } else { before }, "minute {minute} of {mmsi}");
                }
            }
        }
        assert!(lines.next().is_none());
    }

    #[test]
    fn a_ship_that_lies_still_is_at_rest() {
        let (blanked, ..) = blanked(1.0);
        let kinds: Vec<(u32, Kind)> =
            blanked.world.episodes.iter().map(|episode| (episode.mmsi, episode.kind)).collect();
        assert_eq!(kinds, [(SHIPS[0], Kind::Deliberate), (SHIPS[1], Kind::AtRest)]);
        assert!(blanked.world.episodes.iter().all(|episode| episode.end - episode.start >= HOUR_MS));
    }

    #[test]
    fn half_of_the_ships_are_one_of_two() {
        assert_eq!(blanked(0.5).0.world.episodes.len(), 1);
    }

    #[test]
    fn claims_elsewhere_are_other_alerts() {
        let (blanked, ..) = blanked(1.0);
        let start = blanked.world.episodes[0].start;
        let line = |id: &str, mmsi: u32, start: i64, at: i64| {
            format!(
                r#"{{"id":"{id}","revision":0,"kind":"dark","status":"open","grade":"suspected","cause":"vessel","severity":"notice","vessel":{{"mmsi":{mmsi}}},"start":{{"t":{start}}},"end":null,"at":{at}}}"#
            )
        };
        let half_hour_ms = HOUR_MS / 2;
        let lines = [
            line("a", SHIPS[0], start - 60_000, start + half_hour_ms),
            line("b", 273_000_009, start - 60_000, start + half_hour_ms),
        ];
        let report = report(blanked, &Alerts::parse("alerts", lines.join("\n").as_bytes()).unwrap());
        let value = |name: &str| report.scores.iter().find(|score| score.name == name).unwrap().value();
        assert_eq!(
            (value("recall_any_length"), report.counts.last()),
            (Some(1.0), Some(&("other_alerts", 1)))
        );
        let told = report.json();
        assert!(told["scores"].get("precision_suspected").is_none());
        assert_eq!(told["false"], serde_json::json!([]));
    }
}
