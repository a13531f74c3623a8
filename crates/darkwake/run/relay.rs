//! The role that serves: alerts from their topic to sinks.
//!
//! Each partition of the topic is read by one member of the group. An alert is noted as passed on when all sinks are done
//! with it, so that none is lost; after a crash the last may be given again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use connect::kafka::{self, AlertReader, Cluster};
use connect::sinks::{Line, Sink};

use crate::cli;
use crate::config::Config;
use crate::interrupt::Interrupt;
use crate::metrics::Metrics;

/// The group.
const NAME: &str = "serve";
/// How long it is waited for an alert.
const WAIT: Duration = Duration::from_millis(100);
/// Alerts that are passed on before it is noted.
const MOST: usize = 1_000;
/// What cannot be done is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it is looked whether a webhook is done.
const LOOK: Duration = Duration::from_millis(100);

/// Passes alerts on until it is asked to end.
pub fn run(
    config: &Config,
    cluster: &Cluster,
    interrupt: &Interrupt,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<()> {
    let mut sinks = super::sinks(config)?;
    while !interrupt.came() {
        match relay(cluster, &mut sinks, interrupt, metrics) {
            Err(error) if kafka::is_of_cluster(&*error) => {
                cli::warn(&format!("serve: {error:#}; it is tried again"));
                metrics.ready(NAME, false);
                interrupt.wait(AGAIN);
            }
            ended => ended?,
        }
    }
    // What was not passed on was not noted either.
    sinks.into_iter().try_for_each(|sink| sink.close(true).map(drop))?;
    Ok(())
}

fn relay(
    cluster: &Cluster,
    sinks: &mut [Sink],
    interrupt: &Interrupt,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<()> {
    let mut reader = AlertReader::join(cluster, NAME)?;
    metrics.ready(NAME, true);
    while !interrupt.came() {
        let mut lines = VecDeque::new();
        let mut wait = WAIT;
        while lines.len() < MOST
            && let Some(json) = reader.next_within(wait)?
        {
            wait = Duration::ZERO;
            match Line::read(&json) {
                Some(line) => lines.push_back(line),
                None => cli::warn(&format!("{}: a record is no alert", cluster.topics.alerts)),
            }
        }
        if lines.is_empty() {
            continue;
        }
        let before: Vec<u64> = sinks.iter().map(Sink::done).collect();
        for sink in &mut *sinks {
            lines.iter().try_for_each(|line| sink.write(line))?;
            sink.flush()?;
            metrics.sink(sink);
        }
        let is_done = |sinks: &[Sink]| {
            sinks.iter().zip(&before).all(|(sink, before)| sink.done() >= before + lines.len() as u64)
        };
        while !is_done(sinks) && !interrupt.came() {
            reader.take_part(LOOK)?;
            sinks.iter_mut().try_for_each(Sink::flush)?;
            sinks.iter().for_each(|sink| metrics.sink(sink));
        }
        sinks.iter().for_each(|sink| metrics.sink(sink));
        if is_done(sinks) {
            reader.commit()?;
        }
    }
    Ok(())
}
