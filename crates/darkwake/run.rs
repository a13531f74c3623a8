//! `darkwake run`: live sources in, alerts out while it happens.
//!
//! ```text
//! sources ──► intake ──► shards ──► outbox ──► sinks
//!  threads     this thread  threads    a thread
//! ```
//!
//! The log between intake and shards is in memory, and written down with `--record`. After a restart a topic is read
//! from its beginning, and sockets go on with what is sent then.

mod intake;
mod outbox;

use std::path::Path;
use std::sync::mpsc::sync_channel;

use connect::kafka::Properties;
use connect::live::{Endpoint, Event, Sources};
use connect::sinks::{Destination, Sink};
use engine::{BUCKETS, Limits};

use crate::Usage;
use crate::cli::{self, Run};
use crate::config::{Config, SinkConfig, SinkKind, SourceConfig, SourceKind};
use crate::interrupt::{Interrupt, Interrupted};
use crate::read;
use crate::shards::{Keep, KeepAlerts, Shards};

use intake::Intake;
use outbox::Outbox;

/// Parts of rounds that may wait to be written; then shards wait, and so do sources.
const ROUNDS: usize = 256;

/// Runs until it is interrupted, or all sources have ended.
pub fn run(arguments: &Run) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen()?;
    let config = Config::load(Some(&arguments.config))?;
    if config.live.sources.is_empty() {
        let file = arguments.config.display();
        anyhow::bail!(Usage(format!("{file}: names no sources; give at least one under [[live.sources]]")));
    }
    let (world, ports_hash) = read::world(&config, true, &[])?;
    let sinks = config.live.sinks.iter().map(|sink| Sink::open(&destination(sink, &config)));
    let mut sinks = sinks.collect::<Result<Vec<Sink>, _>>()?;
    if sinks.is_empty() {
        sinks.push(Sink::open(&Destination::Stdout)?);
    }
    let endpoints = config.live.sources.iter().map(|source| endpoint(source, &config)).collect();

    let limits = Limits { ships_per_bucket: config.limits.ships.div_ceil(BUCKETS) };
    let count = read::shard_count(arguments.shards);
    let (rounds, told) = sync_channel(ROUNDS);
    let keep = Keep { facts: false, alerts: KeepAlerts::Rounds(rounds) };
    let mut shards = Shards::start(count, &world, limits, &keep);
    drop(keep);
    if let Some(folder) = &arguments.record {
        shards.record(read::record(folder)?);
    }
    let mut intake = Intake::new(&config, shards);
    let outbox = Outbox { sinks, world, config_hash: config.hash(), ports_hash, names: intake.names() };
    let outbox = std::thread::spawn(move || outbox.run(count, &told));

    let mut sources = Sources::start(endpoints)?;
    let mut dropped = 0;
    while !interrupt.came()
        && !outbox.is_finished()
        && !intake.is_over()
        && !intake.has_failed()
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
    let (summary, recorded) = intake.finish();
    match outbox.join() {
        Ok(written) => written?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    cli::talk(&summary);
    recorded?;
    if interrupt.came() { Err(Interrupted.into()) } else { Ok(()) }
}

/// Fails if a source or sink lacks what its type needs, or has what it does not.
pub fn validate(config: &Config, path: &Path) -> anyhow::Result<()> {
    let mut errors = Vec::new();
    let file = path.display();
    for (at, source) in config.live.sources.iter().enumerate() {
        let place = format!("{file}: [[live.sources]] \"{}\"", source.name);
        let is_socket = matches!(source.kind, SourceKind::Tcp | SourceKind::TcpListen | SourceKind::Udp);
        for (key, is_given, is_needed) in [
            ("address", source.address.is_some(), is_socket),
            ("topic", source.topic.is_some(), source.kind == SourceKind::Kafka),
        ] {
            if is_given != is_needed {
                let what = if is_needed { "needs" } else { "has no" };
                errors.push(format!("{place}: a source of this type {what} {key}"));
            }
        }
        if source.group.is_some() && source.kind != SourceKind::Udp {
            errors.push(format!("{place}: only a source of type \"udp\" has a group"));
        }
        if source.name.is_empty() || config.live.sources[..at].iter().any(|other| other.name == source.name) {
            errors.push(format!("{place}: each source needs a name of its own"));
        }
        if source.delay_bound.is_some_and(|bound| bound.ms > crate::config::MAX_DELAY_MS) {
            errors.push(format!("{place}: delay_bound is more than 5m"));
        }
    }
    for sink in &config.live.sinks {
        for (key, is_given, is_needed) in [
            ("path", sink.path.is_some(), sink.kind == SinkKind::File),
            ("topic", sink.topic.is_some(), sink.kind == SinkKind::Kafka),
        ] {
            if is_given != is_needed {
                let what = if is_needed { "needs" } else { "has no" };
                errors.push(format!("{file}: [[live.sinks]]: a sink of this type {what} {key}"));
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { anyhow::bail!(Usage(errors.join("\n"))) }
}

fn endpoint(source: &SourceConfig, config: &Config) -> Endpoint {
    let address = source.address.clone().unwrap_or_default();
    match source.kind {
        SourceKind::Tcp => Endpoint::Tcp { address },
        SourceKind::TcpListen => Endpoint::TcpListen { address },
        SourceKind::Udp => Endpoint::Udp { address, group: source.group },
        SourceKind::Stdin => Endpoint::Stdin,
        SourceKind::Kafka => Endpoint::Kafka {
            properties: properties(config),
            topic: source.topic.clone().unwrap_or_default(),
        },
    }
}

fn destination(sink: &SinkConfig, config: &Config) -> Destination {
    match sink.kind {
        SinkKind::Stdout => Destination::Stdout,
        SinkKind::File => Destination::File { path: sink.path.clone().unwrap_or_default() },
        SinkKind::Kafka => Destination::Kafka {
            properties: properties(config),
            topic: sink.topic.clone().unwrap_or_default(),
        },
    }
}

fn properties(config: &Config) -> Properties {
    let mut properties = config.kafka.properties.clone();
    properties.insert("bootstrap.servers".to_owned(), config.kafka.brokers.clone());
    properties
}
