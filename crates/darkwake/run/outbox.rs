//! What shards tell, put in order and written.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use connect::alerts::Writer;
use connect::sinks::Sink;
use engine::World;
use model::alert::Alert;

use super::intake::Names;
use crate::order::Rounds;
use crate::shards::Part;

/// Writes alerts to all sinks.
pub struct Outbox {
    /// The sinks.
    pub sinks: Vec<Sink>,
    /// Ports and rules.
    pub world: Arc<World>,
    /// Hash of the configuration.
    pub config_hash: String,
    /// Hash of the ports.
    pub ports_hash: String,
    /// Names of inputs.
    pub names: Names,
}

impl Outbox {
    /// Takes rounds until all shards have ended. A round is complete when every shard has told its part of it.
    pub fn run(mut self, shards: usize, told: &Receiver<Part>) -> anyhow::Result<()> {
        let mut rounds = Rounds::of(shards);
        while let Ok(part) = told.recv() {
            let complete = rounds.take(part);
            self.write(&complete)?;
        }
        Ok(())
    }

    fn write(&mut self, alerts: &[Arc<Alert>]) -> anyhow::Result<()> {
        if alerts.is_empty() {
            return Ok(());
        }
        let names = self.names.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let writer = Writer {
            ports: self.world.ports(),
            watch: self.world.watch(),
            config_hash: &self.config_hash,
            ports_hash: &self.ports_hash,
            inputs: &names,
            is_time_assumed: false,
        };
        for alert in alerts {
            let json = writer.json(alert);
            for sink in &mut self.sinks {
                sink.write(alert, &json)?;
            }
        }
        for sink in &mut self.sinks {
            sink.flush()?;
        }
        Ok(())
    }
}
