//! All in one program, the log in memory.
//!
//! ```text
//! sources ──► intake ──► shards ──► outbox ──► sinks
//!  threads     this thread  threads    a thread
//! ```
//!
//! It is written down with `--record`. After a restart a topic is read from its beginning, and sockets go on with what is
//! sent then.

use std::sync::mpsc::sync_channel;

use connect::live::{Event, Positions, Sources};
use connect::sinks::{Destination, Sink};
use engine::{BUCKETS, Entry, Limits};
use model::Reason;

use super::intake::{Intake, Log};
use super::outbox::Outbox;
use crate::cli::{self, Run};
use crate::config::Config;
use crate::interrupt::Interrupt;
use crate::read;
use crate::shards::{Keep, KeepAlerts, Shards};

/// Parts of rounds that may wait to be written; then shards wait, and so do sources.
const ROUNDS: usize = 256;

impl Log for Shards {
    fn name(&mut self, number: u32, name: &str) {
        Shards::name(self, number, name);
    }

    fn push(&mut self, entry: Entry) {
        Shards::push(self, entry);
    }

    fn round(&mut self) {
        Shards::round(self);
    }
}

/// Runs until it is interrupted, or all sources have ended.
pub fn run(arguments: &Run, config: &Config, interrupt: &Interrupt) -> anyhow::Result<()> {
    let (world, ports_hash) = read::world(config, true, &[])?;
    let sinks = config.live.sinks.iter().map(|sink| Sink::open(&super::destination(sink, config)));
    let mut sinks = sinks.collect::<Result<Vec<Sink>, _>>()?;
    if sinks.is_empty() {
        sinks.push(Sink::open(&Destination::Stdout)?);
    }
    let endpoints = config.live.sources.iter().map(|source| super::endpoint(source, config, Positions::new()));
    let endpoints = endpoints.collect();

    let limits = Limits { ships_per_bucket: config.limits.ships.div_ceil(BUCKETS) };
    let count = read::shard_count(arguments.shards);
    let (rounds, told) = sync_channel(ROUNDS);
    let keep = Keep { facts: false, alerts: KeepAlerts::Rounds(rounds) };
    let mut shards = Shards::start(count, &world, limits, &keep);
    drop(keep);
    if let Some(folder) = &arguments.record {
        shards.record(read::record(folder)?);
    }
    let mut intake = Intake::new(config, shards);
    let outbox = Outbox { sinks, world, config_hash: config.hash(), ports_hash, names: intake.names() };
    let outbox = std::thread::spawn(move || outbox.run(count, &told));

    let mut sources = Sources::start(endpoints)?;
    let mut dropped = 0;
    while !interrupt.came()
        && !outbox.is_finished()
        && !intake.is_over()
        && !intake.log().has_failed()
        && let Some(event) = sources.next_event()
    {
        let is_beat = matches!(event, Event::Beat(_));
        intake.take(event);
        if is_beat && sources.dropped() > dropped {
            cli::warn(&format!("{} datagrams came faster than they were taken", sources.dropped() - dropped));
            dropped = sources.dropped();
        }
    }
    drop(sources);
    let (mut counts, shards) = intake.finish();
    let mut outcome = shards.finish();
    match outbox.join() {
        Ok(written) => written?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    counts.add(&outcome.counts);
    let rejected: u64 = Reason::ALL.iter().map(|reason| counts.rejected(*reason)).sum();
    cli::talk(&format!("{} lines, {} accepted, {rejected} rejected", counts.total(), counts.accepted));
    outcome.recorded()
}
