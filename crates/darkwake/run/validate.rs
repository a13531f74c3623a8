//! What can be told to be wrong with the settings of `run` before anything is connected to.

use std::path::Path;

use engine::BUCKETS;

use crate::Usage;
use crate::config::{Config, LogCarrier, ServeConfig, SinkKind, SourceKind};

/// Settings of the client that are not for anybody to give.
const OURS: [&str; 3] = ["bootstrap.servers", "group.id", "transactional.id"];
/// A file is played so many times as fast as it happened, from slow motion to about as fast as it can be read.
const MIN_SPEED: f64 = 0.01;
const MAX_SPEED: f64 = 1_000_000.0;
/// What waits longer to be committed is of no use to anybody.
const MAX_COMMIT_MS: i64 = 10_000;

/// Fails if a source or sink lacks what its type needs, or has what it does not, or a setting is none.
pub fn validate(config: &Config, path: &Path) -> anyhow::Result<()> {
    let file = path.display().to_string();
    let errors = [
        wrong_sources(config, &file),
        wrong_sinks(config, &file),
        wrong_settings(config, &file),
        wrong_serving(&file, &config.serve),
    ]
    .concat();
    if errors.is_empty() { Ok(()) } else { anyhow::bail!(Usage(errors.join("\n"))) }
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

fn wrong_sources(config: &Config, file: &str) -> Vec<String> {
    let mut errors = Vec::new();
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
        use SourceKind::{Kafka, Mqtt, Play, Tail, Tcp, TcpListen, Udp, Websocket};
        let keys = [
            ("address", source.address.is_some(), of(&[Tcp, TcpListen, Udp], &[])),
            ("group", source.group.is_some(), of(&[], &[Udp])),
            ("topic", source.topic.is_some(), of(&[Kafka, Mqtt], &[])),
            ("path", source.path.is_some(), of(&[Tail, Play], &[])),
            ("speed", source.speed.is_some(), of(&[], &[Play])),
            ("from", source.from.is_some(), of(&[], &[Play])),
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
        if source.speed.is_some_and(|speed| !(MIN_SPEED..=MAX_SPEED).contains(&speed)) {
            errors.push(format!("{place}: speed is {MIN_SPEED} to {MAX_SPEED}"));
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
    errors
}

fn wrong_sinks(config: &Config, file: &str) -> Vec<String> {
    let mut errors = Vec::new();
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
    errors
}

fn wrong_settings(config: &Config, file: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let kafka = &config.kafka;
    for (name, value) in &kafka.properties {
        errors.extend(
            value.problem.as_ref().map(|problem| format!("{file}: kafka.properties \"{name}\": {problem}")),
        );
        if OURS.contains(&name.as_str()) {
            errors.push(format!("{file}: kafka.properties \"{name}\": is set by the program itself"));
        }
    }
    let named = &kafka.topics;
    let topics = [&named.log, &named.alerts, &named.acks, &named.snapshots];
    if topics.iter().enumerate().any(|(at, topic)| topics[..at].contains(topic)) {
        errors.push(format!("{file}: kafka.topics: each needs a name of its own"));
    }
    if kafka.partitions == 0 || usize::from(kafka.partitions) > BUCKETS {
        errors.push(format!("{file}: kafka.partitions is {}; it is 1 to {BUCKETS}", kafka.partitions));
    }
    if kafka.application.is_empty() {
        errors.push(format!("{file}: kafka.application is empty"));
    }
    if config.kafka.commit_interval.ms > MAX_COMMIT_MS {
        errors.push(format!("{file}: kafka.commit_interval is more than 10s"));
    }
    if config.live.log == LogCarrier::Kafka && config.live.state.is_some() {
        errors.push(format!(
            "{file}: [live]: with log = \"kafka\" what is known is in a topic, and state is of no use"
        ));
    }
    errors
}

/// What is wrong with what is served.
fn wrong_serving(file: &str, serve: &ServeConfig) -> Vec<String> {
    let mut errors = Vec::new();
    if serve.listen.as_ref().is_some_and(|listen| !has_port(listen)) {
        errors.push(format!("{file}: serve.listen is no \"address:port\""));
    }
    if serve.certificate.is_some() != serve.key.is_some() {
        errors.push(format!("{file}: serve.certificate and serve.key: give both or none"));
    }
    for (name, limit) in [
        ("ships", serve.ships),
        ("clients", serve.clients),
        ("requests_per_second", serve.requests_per_second as usize),
    ] {
        if limit == 0 {
            errors.push(format!("{file}: serve.{name} is 0"));
        }
    }
    for (at, token) in serve.tokens.iter().enumerate() {
        let named = format!("{file}: serve.tokens: \"{}\"", token.name);
        if token.hash().is_none() {
            errors.push(format!("{named}: sha256 is no SHA-256 in 64 hexadecimal digits"));
        }
        if token.name.trim().is_empty() {
            errors.push(format!("{file}: serve.tokens: number {} has no name", at + 1));
        }
        if serve.tokens[..at].iter().any(|other| other.name == token.name) {
            errors.push(format!("{named}: is there twice"));
        }
    }
    errors
}

/// Whether it is an address with a port.
fn has_port(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
