//! The late path: reports left out of a run in order and brought in hours later, in any order, give
//! the facts of that run, and leave the alerts of that run standing, if all of them are taken.

use std::cell::Cell;
use std::collections::BTreeSet;

use sim::random::Random;

use crate::cases;
use crate::harbours::Harbours;
use crate::runs::{Feed, How, Outcome, PLAIN, run};
use crate::voyage::{HOUR, MINUTE};
use crate::worlds::{Profile, Sent, Temper, What, World};

/// A silence is at least this long.
const SILENCE_MS: i64 = 30 * MINUTE;
/// At most this many are left out at once; the core takes 256 into one silence.
const MAX_LEFT_OUT: usize = 220;

/// Checks the law, and that it says something about most of the cases.
pub fn check(count: u64, profile: Profile) {
    let (told, all) = (Cell::new(0_u64), Cell::new(0_u64));
    cases::check(count, |seed| {
        let mut world = World::random(seed, profile, Temper::Calm);
        delay(&mut world, &mut Random::for_purpose(seed, 3));
        all.set(all.get() + 1);
        match judge(&world.harbours, &world.sent) {
            Verdict::Silent => Ok(()),
            Verdict::Holds => {
                told.set(told.get() + 1);
                Ok(())
            }
            Verdict::Broken(_) => {
                let is_broken = |sent: &[Sent]| matches!(judge(&world.harbours, sent), Verdict::Broken(_));
                let fewest = cases::shrink(&world.sent, 600, is_broken);
                let Verdict::Broken(told) = judge(&world.harbours, &fewest) else { return Ok(()) };
                Err(format!("{}{told}", story(&fewest)))
            }
        }
    });
    let (told, all) = (told.get(), all.get());
    assert!(all < 10 || told * 2 >= all, "all late reports were taken in only {told} of {all} cases");
}

/// From a call to a turn far out at sea and on to a call. There is a silence before minute 205, and the reports of
/// the minutes 201 and 203 come late: one before, one after the next report, with which 205 can be left out of a
/// journal.
///
/// # Panics
/// If the facts are not those of the run in order.
pub fn check_around_the_end_of_a_silence() {
    // A whole hour.
    const START: i64 = 1_700_002_800_000;
    let harbours = Harbours::random(&mut Random::new(2));
    let [home, west] = [harbours.berths[0], harbours.berths[harbours.berths.len() - 1]];
    let way = [(0, home), (30, home), (150, (0.0, 80.0)), (220, (20.0, 90.0)), (400, west), (440, west)];
    let at = |minute: i64| {
        let leg = way.windows(2).find(|leg| minute <= leg[1].0).unwrap();
        let ((from_t, from), (to_t, to)) = (leg[0], leg[1]);
        let share = (minute - from_t) as f64 / (to_t - from_t) as f64;
        (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
    };
    let mut sent = Vec::new();
    let mut send = |mmsi: u32, minute: i64, place: (f64, f64), arrival: Option<i64>| {
        let (lon, lat) = harbours.plane.degrees(place);
        let sog = if place == home || place == west { 0.0 } else { 15.0 };
        let what = What::Fix { lon, lat, sog: Some(sog), status: None, row: None };
        let (t, nonce) = (START + minute * MINUTE, sent.len() as u32);
        sent.push(Sent { t, mmsi, kind: 1, nonce, what, arrival });
    };
    for minute in 0..460 {
        send(440_000_001, minute, (-80.0, 80.0), None);
    }
    for minute in [0, 10, 20, 30, 60, 90, 120, 150, 205, 210, 220, 250, 280, 310, 340, 370, 400, 420, 440] {
        send(273_000_001, minute, at(minute), None);
    }
    send(273_000_001, 201, at(201), Some(START + 206 * MINUTE + 30_000));
    send(273_000_001, 203, at(203), Some(START + 230 * MINUTE + 30_000));
    sent.sort_by_key(|sent| sent.t);
    match judge(&harbours, &sent) {
        Verdict::Holds => {}
        Verdict::Silent => panic!("not all reports were taken in"),
        Verdict::Broken(told) => panic!("{told}"),
    }
}

enum Verdict {
    /// Some report was refused; the law says nothing.
    Silent,
    Holds,
    Broken(String),
}

fn judge(harbours: &Harbours, sent: &[Sent]) -> Verdict {
    let run_of = |sent: &[&Sent]| -> Outcome {
        let feed: Feed = sent.iter().map(|sent| (0, sent.decoded())).collect();
        run(&harbours.core, 1, &feed, &How { hears: false, ..PLAIN })
    };
    let mut by_time: Vec<&Sent> = sent.iter().collect();
    let in_order = run_of(&by_time);
    by_time.sort_by_key(|sent| sent.arrival.unwrap_or(sent.t));
    let late = run_of(&by_time);
    if !in_order.took_all() || !late.took_all() || begins_late(sent) {
        return Verdict::Silent;
    }
    let (late_alerts, in_order_alerts) = (late.standing(), in_order.standing());
    let only = |sign: char, here: &[String], there: &[String]| {
        let only = here.iter().filter(|line| !there.contains(line));
        only.map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    let alerts = only('-', &late_alerts, &in_order_alerts) + &only('+', &in_order_alerts, &late_alerts);
    if !alerts.is_empty() {
        return Verdict::Broken(alerts);
    }
    let late = Outcome { alerts: in_order.alerts.clone(), ..late };
    late.against(&in_order).map_or(Verdict::Holds, Verdict::Broken)
}

/// Whether the first report of a ship is late: it founds the track, and fills no silence.
fn begins_late(sent: &[Sent]) -> bool {
    let mut known = BTreeSet::new();
    let fixes = sent.iter().filter(|sent| matches!(sent.what, What::Fix { .. }));
    fixes.filter(|sent| known.insert(sent.mmsi)).any(|sent| sent.arrival.is_some())
}

/// Delays what stands in some spans of some ships.
fn delay(world: &mut World, random: &mut Random) {
    let mut mmsis: Vec<u32> = world.sent.iter().map(|sent| sent.mmsi).collect();
    mmsis.sort_unstable();
    mmsis.dedup();
    for mmsi in mmsis {
        for _ in 0..random.below(5) {
            let turns: Vec<i64> =
                world.turns.iter().filter(|(ship, _)| *ship == mmsi).map(|(_, t)| *t).collect();
            let fixes: Vec<usize> = (0..world.sent.len())
                .filter(|at| world.sent[*at].mmsi == mmsi && matches!(world.sent[*at].what, What::Fix { .. }))
                .collect();
            leave_out(world, &fixes, &turns, random);
        }
    }
}

fn leave_out(world: &mut World, fixes: &[usize], turns: &[i64], random: &mut Random) {
    if fixes.len() < 3 {
        return;
    }
    let t = |at: usize| world.sent[fixes[at]].t;
    // Around an arrival or departure, or anywhere.
    let middle = if random.below(2) == 0 && !turns.is_empty() {
        *random.pick(turns)
    } else {
        t(random.below(fixes.len() as u64) as usize)
    };
    let half_ms = *random.pick(&[16, 25, 60, 180, 600]) * MINUTE;
    let from = (0..fixes.len()).find(|at| t(*at) > middle - half_ms).unwrap_or(0).max(1);
    let to = (from..fixes.len()).take_while(|at| t(*at) < middle + half_ms).count() + from;
    let is_silence = to < fixes.len() && t(to) - t(from - 1) >= SILENCE_MS;
    let is_used = |at: &usize| world.sent[*at].arrival.is_some();
    if !is_silence || to - from > MAX_LEFT_OUT || fixes[from - 1..=to].iter().any(is_used) {
        return;
    }
    let (start, end) = (t(from - 1), t(to));
    let share = *random.pick(&[2, 10, 10]);
    let mut left_out: Vec<usize> =
        fixes[from..to].iter().copied().filter(|_| random.below(10) < share).collect();
    keep_what_is_in_no_silence(world, &mut left_out, (start, end));
    let latest = *random.pick(&[2 * MINUTE, HOUR, 10 * HOUR, 60 * HOUR]);
    let count = left_out.len() as i64;
    let (how, handed_on) = (random.below(8), handed_on(world, end));
    let is_open = left_out.last().is_some_and(|at| world.sent[*at].t + 20 * MINUTE < end);
    for (rank, at) in (0..).zip(left_out) {
        let sent = &mut world.sent[at];
        sent.arrival = Some(match how {
            // In order at once, in order while the silence goes on, backwards, one at once and the
            // others later, and in any order.
            0 => handed_on + rank * 10,
            1 if is_open => sent.t + 20 * MINUTE,
            3 if rank == count / 2 => end + 31_000,
            2 => handed_on + (count - rank) * latest / count,
            _ => handed_on + random.below(latest as u64) as i64,
        });
    }
}

/// When a report is surely handed on: a gap of the feed needs ten messages to be believed.
fn handed_on(world: &World, t: i64) -> i64 {
    let later = world.sent.iter().filter(|sent| sent.arrival.is_none() && sent.t > t + 30_000);
    later.take(40).last().map_or(t, |sent| sent.t) + 1
}

/// The law is about reports in silences of the run without them.
fn keep_what_is_in_no_silence(world: &World, left_out: &mut Vec<usize>, (start, end): (i64, i64)) {
    let Some(mmsi) = left_out.first().map(|at| world.sent[*at].mmsi) else { return };
    let within = |sent: &Sent| sent.mmsi == mmsi && start <= sent.t && sent.t <= end;
    let is_heard = |sent: &Sent| within(sent) && !matches!(sent.what, What::Static(_));
    let heard: Vec<usize> = (0..world.sent.len()).filter(|at| is_heard(&world.sent[*at])).collect();
    loop {
        let kept: Vec<i64> =
            heard.iter().filter(|at| !left_out.contains(at)).map(|at| world.sent[*at].t).collect();
        let before = left_out.len();
        left_out.retain(|at| {
            let after = kept.partition_point(|t| *t <= world.sent[*at].t);
            kept[after] - kept[after - 1] >= SILENCE_MS && kept[after - 1] < world.sent[*at].t
        });
        if left_out.len() == before {
            return;
        }
    }
}

/// The messages of a small case, one a line.
fn story(sent: &[Sent]) -> String {
    let start = sent.first().map_or(0, |sent| sent.t);
    let line = |sent: &Sent| {
        let late = sent.arrival.map_or(String::new(), |t| format!(" arrives {} s", (t - start) / 1_000));
        let second = (sent.t - start) / 1_000;
        format!("{} s (ms {}) {} type {}{late}: {:?}\n", second, sent.t, sent.mmsi, sent.kind, sent.what)
    };
    sent.iter().take(60).map(line).collect()
}
