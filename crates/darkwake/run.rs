//! `darkwake run`: live sources in, alerts out while it happens. What takes in and what detects are in one program, with
//! the log in memory between them, or in one or several with the log in a topic.

mod detect;
mod ingest;
mod intake;
mod memory;
mod outbox;
mod state;

use std::path::Path;

use anyhow::Context;
use connect::kafka::{self, Cluster, Properties, Topics};
use connect::live::{Endpoint, Positions};
use connect::sinks::Destination;

use crate::Usage;
use crate::cli::{self, Role, Run};
use crate::config::{Config, LogCarrier, SinkConfig, SinkKind, SourceConfig, SourceKind};
use crate::interrupt::{Interrupt, Interrupted};
use crate::read;

/// Runs until it is interrupted, or all sources have ended.
pub fn run(arguments: &Run) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen()?;
    let config = Config::load(Some(&arguments.config))?;
    let file = arguments.config.display();
    if config.live.sources.is_empty() && arguments.role != Role::Detect {
        anyhow::bail!(Usage(format!("{file}: names no sources; give at least one under [[live.sources]]")));
    }
    if config.live.log == LogCarrier::Memory {
        anyhow::ensure!(
            arguments.role == Role::All,
            Usage(format!("{file}: roles need the log in a topic; say log = \"kafka\" under [live]"))
        );
        memory::run(arguments, &config, &interrupt)?;
    } else {
        anyhow::ensure!(
            arguments.record.is_none(),
            Usage(format!("--record writes a log in memory down; with log = \"kafka\" ({file}) it is kept anyway"))
        );
        on_kafka(arguments, &config, &interrupt)?;
    }
    if interrupt.came() { Err(Interrupted.into()) } else { Ok(()) }
}

/// Takes part in the work on the log in a topic.
fn on_kafka(arguments: &Run, config: &Config, interrupt: &Interrupt) -> anyhow::Result<()> {
    let cluster = cluster(config);
    let world = read::world(config, true, &[])?;
    let (partitions, doubts) =
        kafka::prepare(&cluster, i32::from(config.kafka.partitions)).context("the log cannot be used")?;
    doubts.iter().for_each(|doubt| cli::warn(doubt));
    let ingest = || ingest::run(config, &cluster, partitions, interrupt);
    match arguments.role {
        Role::Ingest => ingest(),
        Role::Detect => detect::run(config, &cluster, world, partitions, interrupt),
        Role::All => std::thread::scope(|scope| {
            let detecting = scope.spawn(|| {
                let ended = detect::run(config, &cluster, world, partitions, interrupt);
                // One without the other is of no use.
                interrupt.end();
                ended
            });
            let taken_in = ingest();
            if taken_in.is_err() {
                interrupt.end();
            }
            let detected = detecting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            taken_in.and(detected)
        }),
    }
}

fn cluster(config: &Config) -> Cluster {
    let topics = &config.kafka.topics;
    Cluster {
        properties: properties(config),
        application: config.kafka.application.clone(),
        topics: Topics {
            log: topics.log.clone(),
            alerts: topics.alerts.clone(),
            snapshots: topics.snapshots.clone(),
        },
    }
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

fn endpoint(source: &SourceConfig, config: &Config, from: Positions) -> Endpoint {
    let address = source.address.clone().unwrap_or_default();
    match source.kind {
        SourceKind::Tcp => Endpoint::Tcp { address },
        SourceKind::TcpListen => Endpoint::TcpListen { address },
        SourceKind::Udp => Endpoint::Udp { address, group: source.group },
        SourceKind::Stdin => Endpoint::Stdin,
        SourceKind::Kafka => Endpoint::Kafka {
            properties: properties(config),
            topic: source.topic.clone().unwrap_or_default(),
            from,
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
