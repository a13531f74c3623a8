//! Laws of the whole core: what does not matter changes no byte of the facts.
//!
//! Worlds are random and seeded. `DARKWAKE_SOAK=1` checks 20 times as many, `DARKWAKE_SEED=n` one.

#[path = "laws/cases.rs"]
mod cases;
#[path = "laws/harbours.rs"]
mod harbours;
#[path = "laws/late.rs"]
mod late;
#[path = "laws/runs.rs"]
mod runs;
#[path = "laws/voyage.rs"]
mod voyage;
#[path = "laws/worlds.rs"]
mod worlds;

mod program;

use std::path::Path;

use cases::check;
use harbours::Harbours;
use program::darkwake;
use runs::{Feed, How, PLAIN, run};
use sim::encode::{BaseStation, Channel, sentences};
use sim::random::Random;
use worlds::{Profile, Sent, Temper, What, World};

const MIXED_AND_SPARSE: [Profile; 3] = [Profile::Mixed, Profile::Sparse, Profile::Dense];

/// A wild world of mixed or sparse traffic, in order of arrival, every other as read from sentences.
fn wild(seed: u64) -> (World, Feed) {
    let world = World::random(seed, MIXED_AND_SPARSE[seed as usize % 3], Temper::Wild);
    let feed = feed(seed, &world.sent);
    (world, feed)
}

fn feed(seed: u64, sent: &[Sent]) -> Feed {
    let mut sent: Vec<&Sent> = sent.iter().collect();
    sent.sort_by_key(|sent| sent.arrival.unwrap_or(sent.t));
    sent.into_iter()
        .map(|sent| (0, if seed.is_multiple_of(2) { sent.decoded() } else { sent.read_back() }))
        .collect()
}

/// Compares a run with the plain one.
fn same(world: &World, feed: &Feed, other: (usize, &Feed, &How)) -> Result<(), String> {
    let plain = run(&world.harbours.core, 1, feed, &PLAIN);
    let (sources, feed, how) = other;
    run(&world.harbours.core, sources, feed, how).against(&plain).map_or(Ok(()), Err)
}

#[test]
fn worlds_hold_facts_of_all_kinds() {
    let mut facts = Vec::new();
    for seed in 0..6 {
        let (world, feed) = wild(seed);
        facts.extend(run(&world.harbours.core, 1, &feed, &PLAIN).facts);
    }
    for part in
        ["\"silence\"", "\"visit\"", "\"hop\"", "\"call\"", "gap_call", "single", "transit", "XXROAD", "#2"]
    {
        let count = facts.iter().filter(|line| line.contains(part)).count();
        assert!(count >= 2, "{part}: {count} of {}", facts.len());
    }
}

#[test]
fn the_number_of_shards_changes_nothing() {
    check(18, |seed| {
        let (world, feed) = wild(seed);
        [2, 8]
            .iter()
            .try_for_each(|shards| same(&world, &feed, (1, &feed, &How { shards: *shards, ..PLAIN })))
    });
}

#[test]
fn how_often_the_watermark_is_told_changes_nothing() {
    check(18, |seed| {
        let (world, feed) = wild(seed);
        [7, 512, usize::MAX]
            .iter()
            .try_for_each(|batch| same(&world, &feed, (1, &feed, &How { batch: *batch, ..PLAIN })))
    });
}

#[test]
fn a_restored_snapshot_goes_on_as_if_nothing_had_happened() {
    check(18, |seed| {
        let (world, feed) = wild(seed);
        let random = &mut Random::for_purpose(seed, 2);
        let snapshots = (0..12).map(|_| random.below(feed.len() as u64) as usize).collect();
        same(&world, &feed, (1, &feed, &How { shards: 2, batch: 7, snapshots, ..PLAIN }))
    });
}

#[test]
fn order_within_the_delay_bound_changes_nothing() {
    check(18, |seed| {
        let world = World::random(seed, MIXED_AND_SPARSE[seed as usize % 3], Temper::Wild);
        let random = &mut Random::for_purpose(seed, 2);
        let in_order: Vec<Sent> =
            world.sent.iter().map(|sent| Sent { arrival: None, ..sent.clone() }).collect();
        let delayed = |sent: &Sent, random: &mut Random| Some(sent.t + random.below(30_000) as i64);
        let shuffled: Vec<Sent> =
            in_order.iter().map(|sent| Sent { arrival: delayed(sent, random), ..sent.clone() }).collect();
        same(&world, &feed(seed, &in_order), (1, &feed(seed, &shuffled), &PLAIN))
    });
}

/// A wild world heard by two sources. In every other one stamps are whole minutes, so that both often have come
/// exactly as far.
fn of_two_sources(seed: u64) -> (World, Feed) {
    let mut world = World::random(seed, MIXED_AND_SPARSE[seed as usize % 3], Temper::Wild);
    if seed / 3 % 2 == 1 {
        world.sent.iter_mut().for_each(|sent| sent.t -= sent.t % voyage::MINUTE);
    }
    let random = &mut Random::for_purpose(seed, 2);
    let split = feed(seed, &world.sent).into_iter().map(|(_, decoded)| (random.below(2) as usize, decoded));
    let split = split.collect();
    (world, split)
}

#[test]
fn how_often_the_watermark_of_two_sources_is_told_changes_nothing() {
    check(18, |seed| {
        let (world, feed) = of_two_sources(seed);
        let plain = run(&world.harbours.core, 2, &feed, &PLAIN);
        [7, 512, usize::MAX].iter().try_for_each(|batch| {
            let other = run(&world.harbours.core, 2, &feed, &How { batch: *batch, ..PLAIN });
            other.against(&plain).map_or(Ok(()), Err)
        })
    });
}

#[test]
fn sources_may_be_interleaved_in_any_way() {
    check(18, |seed| {
        let (world, split) = of_two_sources(seed);
        let random = &mut Random::for_purpose(seed, 4);
        let by_time = run(&world.harbours.core, 2, &split, &PLAIN);
        let (one, two): (Feed, Feed) = split.iter().cloned().partition(|(source, _)| *source == 0);
        let one_by_one: Feed = one.iter().chain(&two).cloned().collect();
        let mut any = Feed::new();
        let (mut one, mut two) = (one.into_iter().peekable(), two.into_iter().peekable());
        while one.peek().is_some() || two.peek().is_some() {
            let run = 1 + random.below(300) as usize;
            any.extend(one.by_ref().take(run));
            any.extend(two.by_ref().take(1 + random.below(300) as usize));
        }
        [one_by_one, any].iter().try_for_each(|other| {
            run(&world.harbours.core, 2, other, &PLAIN).against(&by_time).map_or(Ok(()), Err)
        })
    });
}

/// A source that stands still at the second hour while 5,000 reports of the first are read.
fn flooded_with_late_reports() -> (Harbours, Feed) {
    const START: i64 = 1_700_002_800_000;
    let harbours = Harbours::random(&mut Random::new(2));
    let mut sent = Vec::new();
    let mut send = |mmsi: u32, t: i64| {
        let (lon, lat) = harbours.plane.degrees((f64::from(mmsi % 100), t as f64 / 3_600_000.0));
        let what = What::Fix { lon, lat, sog: Some(0.5), status: None, row: None };
        sent.push(Sent { t: START + t, mmsi, kind: 1, nonce: sent.len() as u32, what, arrival: None });
    };
    (0..60).for_each(|mmsi| send(273_000_000 + mmsi, 0));
    (0..60).for_each(|mmsi| send(273_000_000 + mmsi, 2 * voyage::HOUR));
    (0..5_000).for_each(|n| send(273_000_000 + n % 60, i64::from(n) * 700 + 1));
    (0..60).for_each(|mmsi| send(273_000_000 + mmsi, 3 * voyage::HOUR));
    let feed = sent.iter().map(|sent| (0, sent.decoded())).collect();
    (harbours, feed)
}

#[test]
fn late_reports_without_end_do_not_wait_without_end() {
    let (harbours, feed) = flooded_with_late_reports();
    let plain = run(&harbours.core, 1, &feed, &PLAIN);
    assert_eq!(plain.counts.late_floods, 2);
    for (shards, batch) in [(1, usize::MAX), (3, 1), (8, 7)] {
        let other = run(&harbours.core, 1, &feed, &How { shards, batch, ..PLAIN });
        assert_eq!(other.against(&plain), None);
    }
}

#[test]
fn copies_from_other_stations_change_nothing() {
    check(18, |seed| {
        let world = World::random(seed, MIXED_AND_SPARSE[seed as usize % 3], Temper::Wild);
        let random = &mut Random::for_purpose(seed, 2);
        let mut sent: Vec<Sent> =
            world.sent.iter().map(|sent| Sent { arrival: None, ..sent.clone() }).collect();
        let plain = run(&world.harbours.core, 1, &feed(seed, &sent), &PLAIN);
        for at in 0..sent.len() {
            // A copy of a type 19 without a position is `no_position` again, and its static part is heard again.
            let is_heard_again = sent[at].kind == 19 && matches!(sent[at].what, What::NoFix { .. });
            if random.below(5) == 0 && !is_heard_again {
                let arrival = Some(sent[at].t + random.below(30_000) as i64);
                sent.push(Sent { arrival, ..sent[at].clone() });
            }
        }
        let copied = run(&world.harbours.core, 1, &feed(seed, &sent), &PLAIN);
        // The copies have fates of their own.
        runs::Outcome { counts: plain.counts.clone(), ..copied }.against(&plain).map_or(Ok(()), Err)
    });
}

#[test]
fn late_reports_give_the_facts_of_the_run_in_order() {
    late::check(60, Profile::Mixed);
}

#[test]
fn late_reports_of_ships_heard_every_ten_seconds_give_the_facts_of_the_run_in_order() {
    late::check(24, Profile::Dense);
}

#[test]
fn late_reports_of_ships_heard_rarely_give_the_facts_of_the_run_in_order() {
    late::check(60, Profile::Sparse);
}

#[test]
fn a_late_report_before_one_that_ended_a_silence_at_sea_is_sailed_by_once() {
    late::check_around_the_end_of_a_silence();
}

#[test]
fn a_log_cut_anywhere_gives_the_same_facts() {
    check(10, |seed| {
        let world = World::random(seed, MIXED_AND_SPARSE[seed as usize % 3], Temper::Wild);
        let random = &mut Random::for_purpose(seed, 2);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ports.geojson"), &world.harbours.text).unwrap();
        let lines = log(&world, random);
        let whole = replay(folder.path(), &[&lines], random);
        for _ in 0..3 {
            let pieces = cut(&lines, random);
            let told = replay(folder.path(), &pieces, random);
            if told != whole {
                let places: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
                let only = |a: &str, b: &str, sign: char| {
                    let lines = a.lines().filter(|line| !b.lines().any(|other| other == *line));
                    lines.take(4).map(|line| format!("{sign} {line}\n")).collect::<String>()
                };
                let last = |piece: &[String]| (piece[0].clone(), piece[piece.len() - 1].clone());
                let ends: Vec<_> = pieces.iter().map(|piece| last(piece)).collect();
                return Err(format!(
                    "cut into {places:?} lines: {ends:#?}\n{}{}",
                    only(&told, &whole, '-'),
                    only(&whole, &told, '+')
                ));
            }
        }
        Ok(())
    });
}

/// The lines of a world as they arrive, less than 30 s late, sentences of one message 150 ms apart. Runs of reports
/// without a time stand for the other lines of a busy feed.
fn log(world: &World, random: &mut Random) -> Vec<String> {
    let other = &sentences(
        &BaseStation { mmsi: 2_731_001, ..BaseStation::default() }.encode(),
        "AIVDM",
        Channel::A,
        0,
    )[0];
    let mut lines: Vec<(i64, u32, String)> = Vec::new();
    for sent in &world.sent {
        let arrival = sent.t + random.below(29_000) as i64;
        let station = *random.pick(&["rEAST", "rWEST"]);
        for (number, line) in sent.lines(station).into_iter().enumerate() {
            lines.push((arrival + number as i64 * 150, sent.nonce, line));
        }
        for _ in 0..520 * (random.below(30) / 29) {
            lines.push((arrival + 500, sent.nonce, other.clone()));
        }
    }
    lines.sort_by_key(|(arrival, nonce, _)| (*arrival, *nonce));
    lines.into_iter().map(|(_, _, line)| line).collect()
}

/// Two to four pieces, each with a time; half of the cuts are inside a message of several sentences.
fn cut<'a>(lines: &'a [String], random: &mut Random) -> Vec<&'a [String]> {
    let mut places: Vec<usize> = (0..1 + random.below(3))
        .map(|_| {
            let place = 1 + random.below(lines.len() as u64 - 1) as usize;
            let is_second = |line: &String| line.starts_with("\\g:2-");
            let inside = lines[place..].iter().position(is_second).filter(|_| random.below(2) == 0);
            place + inside.unwrap_or(0)
        })
        .collect();
    places.sort_unstable();
    let mut from = 0;
    places.retain(|place| {
        let is_timed = has_time(&lines[from..*place]) && has_time(&lines[*place..]);
        from = if is_timed { *place } else { from };
        is_timed
    });
    let ends = places.iter().copied().chain([lines.len()]);
    let mut from = 0;
    ends.map(|end| &lines[std::mem::replace(&mut from, end)..end]).filter(|piece| !piece.is_empty()).collect()
}

/// Whether a whole message tells its time.
fn has_time(piece: &[String]) -> bool {
    piece.iter().any(|line| line.starts_with("\\s:"))
}

/// The facts that the program prints for these files, given in any order.
fn replay(folder: &Path, pieces: &[&[String]], random: &mut Random) -> String {
    let mut command = darkwake(folder);
    command.arg("replay");
    let mut names: Vec<String> = (0..pieces.len()).map(|number| format!("{number}.nmea")).collect();
    for (name, piece) in names.iter().zip(pieces) {
        std::fs::write(folder.join(name), piece.join("\n") + "\n").unwrap();
    }
    if random.below(2) == 0 {
        names.reverse();
    }
    command.args(names).args(["--ports", "ports.geojson", "--facts", "-"]);
    command.arg("--shards").arg(random.pick(&["1", "3"]));
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}
