//! `darkwake demo`: the Rajin story on generated data, played as if it came live, with the map to look at it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use model::EventTime;
use model::time::HOUR_MS;
use sha2::{Digest, Sha256};

use crate::Usage;
use crate::cli::{self, Demo, Role, Run};
use crate::config::{
    Config, LineFormat, Moment, ServeConfig, SinkConfig, SinkKind, SourceConfig, SourceKind, TokenConfig,
    TokenRole,
};
use crate::run;

/// The scenario.
const SCENARIO: &str = "rajin";
/// So much of it is given at once: reception is learned by then, and the first ship goes dark soon after.
const BEFORE_MS: i64 = 28 * HOUR_MS;
/// Its first moment, 2023-10-01.
const START: EventTime = EventTime(1_696_118_400_000);

/// Generates it, unless it is given, and plays it until it is interrupted.
pub fn run(arguments: &Demo) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let feed = match &arguments.feed {
        Some(feed) => feed.clone(),
        None => generated(folder.path(), arguments.seed)?,
    };
    if let Some(store) = &arguments.store {
        anyhow::ensure!(
            !store.exists() || arguments.again,
            Usage(format!(
                "{}: has a story that was played already; --again goes on with its acknowledgements, or give another",
                store.display()
            ))
        );
    }
    let token = token()?;
    let config = config(arguments, feed, &token);
    cli::talk(&format!(
        "playing it {} times as fast as it happened; alerts go to {}, and can be acknowledged with the address below. Ctrl-C \
         ends it.",
        arguments.speed,
        arguments.out.display()
    ));
    let run = Run {
        config: PathBuf::from("demo"),
        role: Role::All,
        record: None,
        shards: None,
        print_config: false,
    };
    run::with(&config, &run, &Arc::default())
}

fn generated(folder: &Path, seed: u64) -> anyhow::Result<PathBuf> {
    cli::talk(&format!("generating scenario {SCENARIO}, seed {seed}"));
    let feed = folder.join("feed.nmea");
    let mut out = crate::outputs::create(&feed)?;
    sim::generate(SCENARIO, seed, &mut out)?.context("no such scenario")?;
    out.finish()?;
    Ok(feed)
}

/// A token that nobody can guess.
fn token() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).context("no random numbers can be had")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn config(arguments: &Demo, feed: PathBuf, token: &str) -> Config {
    let hash = Sha256::digest(token.as_bytes());
    let operator = TokenConfig {
        name: "demo".to_owned(),
        role: TokenRole::Operator,
        sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let mut config = Config {
        serve: ServeConfig {
            listen: Some(arguments.listen.clone()),
            store: arguments.store.clone(),
            tokens: vec![operator],
            told_token: Some(token.to_owned()),
            ..ServeConfig::default()
        },
        ..Config::default()
    };
    config.live.sources = vec![SourceConfig {
        path: Some(feed),
        speed: Some(arguments.speed),
        from: Some(Moment(EventTime(START.0 + BEFORE_MS))),
        ..SourceConfig::new("demo", SourceKind::Play, LineFormat::Nmea)
    }];
    config.live.sinks =
        vec![SinkConfig { path: Some(arguments.out.clone()), ..SinkConfig::new(SinkKind::File) }];
    config
}
