//! `darkwake`: AIS in; silences, port visits, hops and alerts out.
//!
//! A library, so that what reads the configuration can be fuzzed; there is nothing in it for other programs.

mod check;
mod cli;
pub mod config;
mod demo;
mod driver;
mod evaluate;
mod explain;
mod health;
mod interrupt;
mod made;
mod metrics;
mod order;
mod outputs;
mod ports;
mod progress;
mod read;
mod reception;
mod replay;
mod report;
mod resume;
mod run;
mod schema;
mod shards;
mod sightings;
mod stats;
mod thin;
#[cfg(feature = "otel")]
mod trace;
mod tracks;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

/// Wrong usage or configuration.
const EXIT_USAGE: u8 = 2;
/// It could not be done.
const EXIT_FAILED: u8 = 1;

/// An error that comes of what the user gave, not of the world.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::start_log(&cli);
    let done = match cli.command {
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Health { url } => health::run(&url),
        Command::Check(arguments) => check::run(&arguments),
        Command::Ports(command) => ports::run(&command),
        Command::Schema { of } => schema::run(of),
        Command::Generate(arguments) => cli::generate(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Reception(command) => reception::run(&command),
    };
    #[cfg(feature = "otel")]
    trace::finish();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            cli::fail(&format!("error: {error:#}"));
            ExitCode::from(if error.is::<Usage>() {
                EXIT_USAGE
            } else if error.is::<interrupt::Interrupted>() {
                interrupt::EXIT
            } else {
                EXIT_FAILED
            })
        }
    }
}

/// `darkwake … | head` ends well.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
