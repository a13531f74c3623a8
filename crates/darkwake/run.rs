//! `darkwake run`: live sources in, alerts out while it happens. What takes in and what detects are in one program, with
//! the log in memory between them, or in one or several with the log in a topic.

mod detect;
mod ingest;
mod intake;
mod memory;
mod outbox;
mod relay;
mod state;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use connect::kafka::{self, Cluster, Properties, Topics};
use connect::live::{Endpoint, Limited, Positions};
use connect::sinks::{Destination, Rotation};
use engine::BUCKETS;

use crate::Usage;
use crate::cli::{self, Role, Run};
use crate::config::{Config, LogCarrier, SinkConfig, SinkKind, SourceConfig, SourceKind};
use crate::interrupt::{Interrupt, Interrupted};
use crate::metrics::Metrics;
use crate::read;

/// Settings of the client that are not for anybody to give.
const OURS: [&str; 3] = ["bootstrap.servers", "group.id", "transactional.id"];
/// What waits longer to be committed is of no use to anybody.
const MAX_COMMIT_MS: i64 = 10_000;
/// Brokers that are not there are asked again after this.
const AGAIN: Duration = Duration::from_secs(2);
/// Files that were in the place of one that grows are kept so many.
const KEEP: u32 = 7;

/// Runs until it is interrupted, or all sources have ended.
pub fn run(arguments: &Run) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen()?;
    let config = Config::load(Some(&arguments.config))?;
    let file = arguments.config.display();
    if config.live.sources.is_empty() && matches!(arguments.role, Role::All | Role::Ingest) {
        anyhow::bail!(Usage(format!("{file}: names no sources; give at least one under [[live.sources]]")));
    }
    let metrics = Arc::new(Metrics::new()?);
    if let Some(address) = &config.serve.listen {
        let told: Arc<dyn serve::Told> = Arc::clone(&metrics) as _;
        serve::start(address, told)?;
    }
    if config.live.log == LogCarrier::Memory {
        anyhow::ensure!(
            arguments.role == Role::All,
            Usage(format!("{file}: roles need the log in a topic; say log = \"kafka\" under [live]"))
        );
        memory::run(arguments, &config, &interrupt, &metrics)?;
    } else {
        anyhow::ensure!(
            arguments.record.is_none(),
            Usage(format!(
                "--record writes a log in memory down; with log = \"kafka\" ({file}) it is kept anyway"
            ))
        );
        on_kafka(arguments, &config, &interrupt, &metrics).map_err(|error| {
            if kafka::is_of_settings(&*error) { Usage(format!("{file}: {error:#}")).into() } else { error }
        })?;
    }
    if interrupt.is_signal() { Err(Interrupted.into()) } else { Ok(()) }
}

/// Takes part in the work on the log in a topic.
fn on_kafka(
    arguments: &Run,
    config: &Config,
    interrupt: &Interrupt,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<()> {
    let cluster = cluster(config);
    let (partitions, doubts) = loop {
        match kafka::prepare(&cluster, i32::from(config.kafka.partitions)) {
            // Brokers that are started with the program take longer.
            Err(error) if kafka::is_of_cluster(&error) && !interrupt.came() => {
                cli::warn(&format!("{error}; it is tried again"));
                interrupt.wait(AGAIN);
            }
            prepared => break prepared.context("the log cannot be used")?,
        }
    };
    doubts.iter().for_each(|doubt| cli::warn(doubt));
    match arguments.role {
        Role::Ingest => metrics.expect(&["ingest"]),
        Role::Detect => metrics.expect(&["detect"]),
        Role::Serve => metrics.expect(&["serve"]),
        Role::All if config.live.sinks.is_empty() => metrics.expect(&["ingest", "detect"]),
        Role::All => metrics.expect(&["ingest", "detect", "serve"]),
    }
    let ingest = || ingest::run(config, &cluster, partitions, interrupt, metrics);
    let detect = || {
        let world = read::world(config, true, &[])?;
        detect::run(config, &cluster, world, partitions, interrupt, metrics)
    };
    let serve = || relay::run(config, &cluster, interrupt, metrics);
    let serves = !config.live.sinks.is_empty();
    match arguments.role {
        Role::Ingest => ingest(),
        Role::Detect => detect(),
        Role::Serve => {
            let file = arguments.config.display();
            anyhow::ensure!(
                serves,
                Usage(format!("{file}: names no sinks; give at least one under [[live.sinks]]"))
            );
            serve()
        }
        Role::All => std::thread::scope(|scope| {
            let all: [(bool, &(dyn Fn() -> anyhow::Result<()> + Sync)); 3] =
                [(true, &ingest), (true, &detect), (serves, &serve)];
            let threads = all.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, role)| {
                scope.spawn(move || {
                    let ended = role();
                    // One without the others is of no use.
                    interrupt.end();
                    ended
                })
            });
            let threads: Vec<_> = threads.collect();
            let ended = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            // All have ended before the first error is told.
            ended.collect::<Vec<_>>().into_iter().collect()
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

/// Whether a key can be given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Needed,
    Possible,
    Never,
}

/// What is wrong with the keys of a source or sink.
fn wrong_keys(keys: &[(&str, bool, Key)]) -> Vec<String> {
    let wrong = |(name, is_given, key): &(&str, bool, Key)| match (is_given, key) {
        (false, Key::Needed) => Some(format!("this type needs {name}")),
        (true, Key::Never) => Some(format!("this type has no {name}")),
        (true, Key::Needed | Key::Possible) | (false, Key::Possible | Key::Never) => None,
    };
    keys.iter().filter_map(wrong).collect()
}

/// Fails if a source or sink lacks what its type needs, or has what it does not.
pub fn validate(config: &Config, path: &Path) -> anyhow::Result<()> {
    let mut errors = Vec::new();
    let file = path.display();
    for (at, source) in config.live.sources.iter().enumerate() {
        let place = format!("{file}: [[live.sources]] \"{}\"", source.name);
        let of = |needed: &[SourceKind], possible: &[SourceKind]| {
            if needed.contains(&source.kind) {
                Key::Needed
            } else if possible.contains(&source.kind) {
                Key::Possible
            } else {
                Key::Never
            }
        };
        use SourceKind::{Kafka, Mqtt, Tail, Tcp, TcpListen, Udp, Websocket};
        let keys = [
            ("address", source.address.is_some(), of(&[Tcp, TcpListen, Udp], &[])),
            ("group", source.group.is_some(), of(&[], &[Udp])),
            ("topic", source.topic.is_some(), of(&[Kafka, Mqtt], &[])),
            ("path", source.path.is_some(), of(&[Tail], &[])),
            ("url", source.url.is_some(), of(&[Mqtt, Websocket], &[])),
            ("subscribe", source.subscribe.is_some(), of(&[], &[Websocket])),
            ("user", source.user.is_some(), of(&[], &[Mqtt])),
            ("password", source.password.is_some(), of(&[], &[Mqtt])),
            (
                "max_bytes_per_second",
                source.max_bytes_per_second.is_some(),
                of(&[], &[Tcp, TcpListen, Udp, Mqtt, Websocket]),
            ),
        ];
        errors.extend(wrong_keys(&keys).into_iter().map(|wrong| format!("{place}: {wrong}")));
        if source.user.is_some() != source.password.is_some() {
            errors.push(format!("{place}: user and password go together"));
        }
        for (key, secret) in [("subscribe", &source.subscribe), ("password", &source.password)] {
            let problem = secret.as_ref().and_then(|secret| secret.problem.as_ref());
            errors.extend(problem.map(|problem| format!("{place}: {key}: {problem}")));
        }
        if source.address.as_ref().is_some_and(|address| !has_port(address)) {
            errors.push(format!("{place}: address is no \"host:port\""));
        }
        if config.live.log == LogCarrier::Kafka && source.topic.as_ref() == Some(&config.kafka.topics.log) {
            errors.push(format!("{place}: its topic is the log"));
        }
        if source.max_bytes_per_second == Some(0) {
            errors.push(format!("{place}: max_bytes_per_second is 0, and nothing would be taken"));
        }
        if source.name.is_empty() || config.live.sources[..at].iter().any(|other| other.name == source.name) {
            errors.push(format!("{place}: each source needs a name of its own"));
        }
        if source.delay_bound.is_some_and(|bound| bound.ms > crate::config::MAX_DELAY_MS) {
            errors.push(format!("{place}: delay_bound is more than 5m"));
        }
    }
    for sink in &config.live.sinks {
        let of = |kind: SinkKind, key: Key| if sink.kind == kind { key } else { Key::Never };
        let keys = [
            ("path", sink.path.is_some(), of(SinkKind::File, Key::Needed)),
            ("rotate_bytes", sink.rotate_bytes.is_some(), of(SinkKind::File, Key::Possible)),
            ("keep", sink.keep.is_some(), of(SinkKind::File, Key::Possible)),
            ("topic", sink.topic.is_some(), of(SinkKind::Kafka, Key::Needed)),
            ("url", sink.url.is_some(), of(SinkKind::Webhook, Key::Needed)),
            ("secret", sink.secret.is_some(), of(SinkKind::Webhook, Key::Possible)),
            ("dead_letters", sink.dead_letters.is_some(), of(SinkKind::Webhook, Key::Needed)),
        ];
        errors.extend(wrong_keys(&keys).into_iter().map(|wrong| format!("{file}: [[live.sinks]]: {wrong}")));
        let problem = sink.secret.as_ref().and_then(|secret| secret.problem.as_ref());
        errors.extend(problem.map(|problem| format!("{file}: [[live.sinks]]: secret: {problem}")));
        if sink.url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            errors.push(format!("{file}: [[live.sinks]]: url begins with neither http:// nor https://"));
        }
        if config.live.log == LogCarrier::Kafka && sink.kind == SinkKind::Kafka {
            errors.push(format!(
                "{file}: [[live.sinks]]: with log = \"kafka\" alerts are in the topic kafka.topics.alerts; this sink \
                 would tell them twice"
            ));
        }
        if sink.keep.is_some() && sink.rotate_bytes.is_none() {
            errors.push(format!("{file}: [[live.sinks]]: keep needs rotate_bytes"));
        }
    }
    let kafka = &config.kafka;
    for (name, value) in &kafka.properties {
        errors.extend(
            value.problem.as_ref().map(|problem| format!("{file}: kafka.properties \"{name}\": {problem}")),
        );
        if OURS.contains(&name.as_str()) {
            errors.push(format!("{file}: kafka.properties \"{name}\": is set by the program itself"));
        }
    }
    let topics = [&kafka.topics.log, &kafka.topics.alerts, &kafka.topics.snapshots];
    if topics.iter().enumerate().any(|(at, topic)| topics[..at].contains(topic)) {
        errors.push(format!("{file}: kafka.topics: each needs a name of its own"));
    }
    if kafka.partitions == 0 || usize::from(kafka.partitions) > BUCKETS {
        errors.push(format!("{file}: kafka.partitions is {}; it is 1 to {BUCKETS}", kafka.partitions));
    }
    if kafka.application.is_empty() {
        errors.push(format!("{file}: kafka.application is empty"));
    }
    if config.serve.listen.as_ref().is_some_and(|listen| !has_port(listen)) {
        errors.push(format!("{file}: serve.listen is no \"address:port\""));
    }
    if config.kafka.commit_interval.ms > MAX_COMMIT_MS {
        errors.push(format!("{file}: kafka.commit_interval is more than 10s"));
    }
    if config.live.log == LogCarrier::Kafka && config.live.state.is_some() {
        errors.push(format!(
            "{file}: [live]: with log = \"kafka\" what is known is in a topic, and state is of no use"
        ));
    }
    if errors.is_empty() { Ok(()) } else { anyhow::bail!(Usage(errors.join("\n"))) }
}

/// Whether it is an address with a port.
fn has_port(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// Fails if the Kafka client does not take its settings, where it is used.
pub fn check_kafka(config: &Config, path: &Path) -> anyhow::Result<()> {
    let live = &config.live;
    let is_used = live.log == LogCarrier::Kafka
        || live.sources.iter().any(|source| source.kind == SourceKind::Kafka)
        || live.sinks.iter().any(|sink| sink.kind == SinkKind::Kafka);
    if is_used {
        kafka::check(&properties(config)).map_err(|error| Usage(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

fn endpoint(source: &SourceConfig, config: &Config, from: Positions) -> Limited {
    let address = source.address.clone().unwrap_or_default();
    let endpoint = match source.kind {
        SourceKind::Tcp => Endpoint::Tcp { address },
        SourceKind::TcpListen => Endpoint::TcpListen { address },
        SourceKind::Udp => Endpoint::Udp { address, group: source.group },
        SourceKind::Stdin => Endpoint::Stdin,
        SourceKind::Tail => Endpoint::Tail { path: source.path.clone().unwrap_or_default() },
        SourceKind::Mqtt => Endpoint::Mqtt {
            url: source.url.clone().unwrap_or_default(),
            topic: source.topic.clone().unwrap_or_default(),
            login: source.user.clone().zip(source.password.clone().map(|password| password.text)),
        },
        SourceKind::Websocket => Endpoint::WebSocket {
            url: source.url.clone().unwrap_or_default(),
            subscribe: source.subscribe.clone().map(|subscribe| subscribe.text),
        },
        SourceKind::Kafka => Endpoint::Kafka {
            properties: properties(config),
            topic: source.topic.clone().unwrap_or_default(),
            from,
        },
    };
    Limited { endpoint, bytes_per_second: source.max_bytes_per_second }
}

fn destination(sink: &SinkConfig, config: &Config) -> Destination {
    match sink.kind {
        SinkKind::Stdout => Destination::Stdout,
        SinkKind::File => Destination::File {
            path: sink.path.clone().unwrap_or_default(),
            rotation: sink.rotate_bytes.map(|bytes| Rotation { bytes, keep: sink.keep.unwrap_or(KEEP) }),
        },
        SinkKind::Webhook => Destination::Webhook {
            url: sink.url.clone().unwrap_or_default(),
            secret: sink.secret.clone().map(|secret| secret.text),
            dead_letters: sink.dead_letters.clone().unwrap_or_default(),
        },
        SinkKind::Kafka => Destination::Kafka {
            properties: properties(config),
            topic: sink.topic.clone().unwrap_or_default(),
        },
    }
}

fn properties(config: &Config) -> Properties {
    let given = config.kafka.properties.iter();
    let mut properties: Properties = given.map(|(name, value)| (name.clone(), value.text.clone())).collect();
    properties.insert("bootstrap.servers".to_owned(), config.kafka.brokers.clone());
    properties
}
