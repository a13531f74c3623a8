//! Ports, watch rules and the level of the log, taken up anew while it runs: on SIGHUP, and where `live.reload_interval` is
//! given whenever their files have changed.
//!
//! ```text
//! signal, changed files ──► read and validated ──► Reloads ──► log: Reference ──► whoever reads the log
//!                           (a thread of its own)              between two entries
//! ```
//!
//! They are an input of the core, so they stand in the log, and a replay of it takes them up at the same place. What is
//! wrong with them is told, and all stays as it was.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use connect::log::Reference;

use super::intake::{Intake, Log};
use crate::cli::{self, Run};
use crate::config::Config;
use crate::interrupt::Interrupt;
use crate::metrics::Metrics;
use crate::read;

/// How often it is looked for a signal.
const LOOK: Duration = Duration::from_millis(200);
/// The sections that are taken up while it runs.
const SECTIONS: [&str; 4] = ["ports", "watch", "alerts", "log"];

/// Ports and rules that were asked for anew.
pub struct Reloads(Receiver<Reference>);

/// Listens for SIGHUP, which ends a program that does not.
pub fn signal() -> anyhow::Result<Arc<AtomicBool>> {
    let signal = Arc::<AtomicBool>::default();
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&signal))
        .context("SIGHUP cannot be listened for")?;
    Ok(signal)
}

/// Hands ports and rules to the log, if they are others than hold; whether they are.
pub fn refer_to<L: Log>(intake: &mut Intake<L>, asked: Reference) -> anyhow::Result<bool> {
    let log = intake.log();
    let reached = log.reached();
    let next = match log.reference() {
        Some(holds) if holds.is_named_as(&asked) => return Ok(false),
        Some(holds) => asked.in_place_of(holds, reached),
        None => asked,
    };
    if let Err(error) = next.pieces() {
        cli::warn(&format!("reload: {error}; all stays as it was"));
        return Ok(false);
    }
    let count = next.ports.len();
    let is_first = log.reference().is_none();
    log.refer_to(next).context("ports and rules cannot be written to the log")?;
    if !is_first {
        cli::talk(&format!("{count} ports and the watch rules hold from here on, at {}", reached.to_iso()));
    }
    Ok(true)
}

impl Reloads {
    /// Listens from now on. Where the log is read only, ports and rules come from it, and just its level is taken up.
    pub fn listen(
        config: &Config,
        arguments: &Run,
        (takes_in, holds): (bool, &Arc<Reference>),
        (interrupt, signal): (&Interrupt, &Arc<AtomicBool>),
        metrics: &Arc<Metrics>,
    ) -> Reloads {
        let (sender, receiver) = sync_channel(1);
        // Without a file there is nothing to read again.
        if arguments.config.is_file() {
            let reloader = Reloader {
                file: arguments.config.clone(),
                running: config.clone(),
                holds: Arc::clone(holds),
                takes_in,
                seen: Vec::new(),
                metrics: Arc::clone(metrics),
            };
            let (interrupt, signal) = (interrupt.clone(), Arc::clone(signal));
            std::thread::spawn(move || reloader.run(&signal, &sender, &interrupt));
        }
        Reloads(receiver)
    }

    /// What was asked for since, if anything was.
    pub fn next(&self) -> Option<Reference> {
        self.0.try_iter().last()
    }
}

/// Reads the files again.
struct Reloader {
    file: PathBuf,
    running: Config,
    /// The ports and rules asked for last.
    holds: Arc<Reference>,
    takes_in: bool,
    /// The files as they were when they were read last.
    seen: Vec<(PathBuf, Option<(SystemTime, u64)>)>,
    metrics: Arc<Metrics>,
}

impl Reloader {
    fn run(mut self, signal: &AtomicBool, sender: &SyncSender<Reference>, interrupt: &Interrupt) {
        // What was changed since they were read at the start is found at the first look.
        let mut looked = Instant::now();
        while !interrupt.came() {
            interrupt.wait(LOOK);
            let is_asked = signal.swap(false, Ordering::Relaxed);
            let interval = self.running.live.reload_interval.map(Duration::from);
            let is_due = interval.is_some_and(|interval| looked.elapsed() >= interval);
            if is_due {
                looked = Instant::now();
            }
            if !(is_asked || is_due && self.files() != self.seen) {
                continue;
            }
            self.seen = self.files();
            let result = match self.read_again() {
                Ok(Some(reference)) => {
                    cli::talk("reload: ports and watch rules are read, and are taken up in their turn");
                    // Whoever takes them may have ended.
                    let _ = sender.send(reference);
                    "taken"
                }
                Ok(None) => {
                    if is_asked {
                        cli::talk("reload: ports and watch rules are as they were");
                    }
                    "unchanged"
                }
                Err(error) => {
                    cli::warn(&format!("reload: {error:#}; all stays as it was"));
                    "refused"
                }
            };
            self.metrics.reloaded(result);
        }
    }

    /// Ports and rules, if they are others than before.
    fn read_again(&mut self) -> anyhow::Result<Option<Reference>> {
        let _span = tracing::debug_span!("reload").entered();
        let new = Config::load(Some(&self.file))?;
        let kept = changed(&self.running, &new)?;
        if !kept.is_empty() {
            cli::warn(&format!("reload: [{}] is taken up at a restart only", kept.join("], [")));
        }
        let next = Config {
            ports: new.ports,
            watch: new.watch,
            alerts: new.alerts,
            log: new.log,
            ..self.running.clone()
        };
        let made_with = self.takes_in.then(|| read::made_with(&next, true, &[])).transpose()?;
        cli::set_level(next.log.level);
        self.running = next;
        let Some(made_with) = made_with else { return Ok(None) };
        let is_new = !made_with.reference.is_named_as(&self.holds);
        self.holds = made_with.reference;
        Ok(is_new.then(|| Reference::clone(&self.holds)))
    }

    fn files(&self) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
        let lists = self.running.watch.lists.iter().map(|list| &list.file);
        let all = std::iter::once(&self.file).chain(&self.running.ports.files).chain(lists);
        all.map(|file| (file.clone(), state_of(file))).collect()
    }
}

/// When it was changed and how long it is; a link is followed.
fn state_of(file: &Path) -> Option<(SystemTime, u64)> {
    let data = std::fs::metadata(file).ok()?;
    Some((data.modified().ok()?, data.len()))
}

/// Sections that differ and are not taken up.
fn changed(running: &Config, new: &Config) -> anyhow::Result<Vec<String>> {
    let (running, new) = (serde_json::to_value(running)?, serde_json::to_value(new)?);
    let sections = running.as_object().into_iter().flatten();
    let differ = sections.filter(|(name, value)| new.get(name) != Some(value));
    Ok(differ.map(|(name, _)| name.clone()).filter(|name| !SECTIONS.contains(&name.as_str())).collect())
}
