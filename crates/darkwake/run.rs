//! `darkwake run`: live sources in, alerts out while it happens. What takes in and what detects are in one program, with
//! the log in memory between them, or in one or several with the log in a topic.

mod detect;
mod ingest;
mod intake;
mod memory;
mod outbox;
mod page;
mod relay;
mod reload;
mod state;
mod validate;

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use connect::kafka::{self, Cluster, Properties, Topics};
use connect::live::{Endpoint, Limited, Positions, Sources};
use connect::log::Reference;
use connect::sinks::{Destination, Rotation, Sink, SinkError};

use crate::Usage;
use crate::cli::{self, Role, Run};
use crate::config::{Config, Given, LogCarrier, SinkConfig, SinkKind, SourceConfig, SourceKind, effective};
use crate::interrupt::{Interrupt, Interrupted};
use crate::metrics::Metrics;
use crate::read;
use intake::{Intake, Log};
use reload::Reloads;
pub use validate::validate;

/// Brokers that are not there are asked again after this.
const AGAIN: Duration = Duration::from_secs(2);
/// Files that were in the place of one that grows are kept so many.
const KEEP: u32 = 7;

/// Runs until it is interrupted, or all sources have ended.
pub fn run(arguments: &Run) -> anyhow::Result<()> {
    // Before anything that takes time.
    let hangup = reload::signal()?;
    let given = Given::read(Some(&arguments.config))?;
    let config = Config::of(&given)?;
    if arguments.print_config {
        let text = effective::text(&given, &[])?;
        return Ok(std::io::stdout().write_all(text.as_bytes())?);
    }
    with(&config, arguments, &hangup)
}

/// Runs with this configuration; without a file of it there is nothing that could be read again.
pub fn with(config: &Config, arguments: &Run, hangup: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen()?;
    cli::set_level(config.log.level);
    allow_files();
    let file = arguments.config.display();
    if config.live.sources.is_empty() && matches!(arguments.role, Role::All | Role::Ingest) {
        anyhow::bail!(Usage(format!("{file}: names no sources; give at least one under [[live.sources]]")));
    }
    let metrics = Arc::new(Metrics::new()?);
    if config.live.log == LogCarrier::Memory {
        anyhow::ensure!(
            arguments.role == Role::All,
            Usage(format!("{file}: roles need the log in a topic; say log = \"kafka\" under [live]"))
        );
        memory::run(arguments, config, (&interrupt, hangup), &metrics)?;
    } else {
        anyhow::ensure!(
            arguments.record.is_none(),
            Usage(format!(
                "--record writes a log in memory down; with log = \"kafka\" ({file}) it is kept anyway"
            ))
        );
        on_kafka(arguments, config, (&interrupt, hangup), &metrics).map_err(|error| {
            if kafka::is_of_settings(&*error) { Usage(format!("{file}: {error:#}")).into() } else { error }
        })?;
    }
    if interrupt.is_signal() { Err(Interrupted.into()) } else { Ok(()) }
}

/// Each client is an open file: as many as the system allows at most.
#[cfg(unix)]
fn allow_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Where that is not allowed it stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

#[cfg(not(unix))]
fn allow_files() {}

/// Takes part in the work on the log in a topic.
fn on_kafka(
    arguments: &Run,
    config: &Config,
    (interrupt, hangup): (&Interrupt, &Arc<AtomicBool>),
    metrics: &Arc<Metrics>,
) -> anyhow::Result<()> {
    let cluster = cluster(config);
    let role = arguments.role;
    let shows = config.serve.listen.is_some() && config.serve.page;
    anyhow::ensure!(
        role != Role::Serve || shows || !config.live.sinks.is_empty(),
        Usage(format!(
            "{}: names no sinks and no page; give at least one under [[live.sinks]], or serve.listen",
            arguments.config.display()
        ))
    );
    // Who asks how it is gets an answer while brokers are waited for.
    let made_with = read::made_with(config, true, &[])?;
    let world = matches!(role, Role::All | Role::Serve).then_some(&made_with.world);
    let page = page::serve(config, world, Some(&cluster), metrics, false)?;
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
    let relays = !config.live.sinks.is_empty() && matches!(role, Role::All | Role::Serve);
    match role {
        Role::Ingest => metrics.expect(&["ingest"]),
        Role::Detect => metrics.expect(&["detect"]),
        Role::Serve => {}
        Role::All => metrics.expect(&["ingest", "detect"]),
    }
    if relays {
        metrics.expect(&["serve"]);
    }
    if page.is_some() {
        metrics.expect(&[page::NAME]);
    }
    let takes_in = matches!(role, Role::All | Role::Ingest);
    let asked = Arc::clone(&made_with.reference);
    let reloads = Reloads::listen(config, arguments, (takes_in, &asked), (interrupt, hangup), metrics);
    let reloads = Mutex::new(Some(reloads));
    let ingest = || {
        let reloads = reloads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let asked = (&reloads.context("ingest begins once")?, Reference::clone(&asked));
        ingest::run(config, &cluster, partitions, asked, interrupt, metrics)
    };
    let detect = || detect::run(config, &cluster, made_with.clone(), partitions, interrupt, metrics);
    let relay = || relay::run(config, &cluster, interrupt, metrics);
    let show =
        || page.as_ref().map_or(Ok(()), |page| page::follow(page, config, &cluster, interrupt, metrics));
    match role {
        Role::Ingest => ingest(),
        Role::Detect => detect(),
        Role::Serve | Role::All => std::thread::scope(|scope| {
            let is_all = role == Role::All;
            let all: [(bool, &(dyn Fn() -> anyhow::Result<()> + Sync)); 4] =
                [(is_all, &ingest), (is_all, &detect), (relays, &relay), (page.is_some(), &show)];
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
            acks: topics.acks.clone(),
            snapshots: topics.snapshots.clone(),
        },
    }
}

/// Fails if the Kafka client does not take its settings, where it is used.
pub fn check_kafka(config: &Config) -> anyhow::Result<()> {
    let live = &config.live;
    let is_used = live.log == LogCarrier::Kafka
        || live.sources.iter().any(|source| source.kind == SourceKind::Kafka)
        || live.sinks.iter().any(|sink| sink.kind == SinkKind::Kafka);
    if is_used {
        kafka::check(&properties(config)).map_err(|error| Usage(format!("{}: {error}", config.place)))?;
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
        SourceKind::Play => Endpoint::Play {
            path: source.path.clone().unwrap_or_default(),
            speed: source.speed.unwrap_or(1.0),
            from: source.from.map(|from| from.0),
        },
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

/// Starts all sources, each topic where it was.
fn start<L: Log>(config: &Config, intake: &Intake<L>) -> std::io::Result<Sources> {
    let numbered = (0..).zip(&config.live.sources);
    Sources::start(
        numbered.map(|(number, source)| endpoint(source, config, intake.positions(number))).collect(),
    )
}

/// Opens all sinks.
fn sinks(config: &Config) -> Result<Vec<Sink>, SinkError> {
    config.live.sinks.iter().map(|sink| Sink::open(&destination(sink, config))).collect()
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

/// What the Kafka client is told.
pub fn properties(config: &Config) -> Properties {
    let given = config.kafka.properties.iter();
    let mut properties: Properties = given.map(|(name, value)| (name.clone(), value.text.clone())).collect();
    properties.insert("bootstrap.servers".to_owned(), config.kafka.brokers.clone());
    properties
}
