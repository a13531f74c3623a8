//! What alerts are made with, and say so.

use std::sync::Arc;

use connect::alerts::Writer;
use engine::World;

use crate::config::Config;
use crate::read;

/// Ports and rules, and the hashes by which alerts name them.
#[derive(Clone)]
pub struct MadeWith {
    /// Ports, water and rules.
    pub world: Arc<World>,
    config_hash: String,
    ports_hash: String,
}

impl MadeWith {
    /// Of a configuration.
    pub fn of(config: &Config) -> anyhow::Result<MadeWith> {
        let (world, ports_hash) = read::world(config, true, &[])?;
        Ok(MadeWith { world, config_hash: config.hash(), ports_hash })
    }

    /// The hashes, to tell whether what is known was made with the same.
    pub fn hashes(&self) -> [String; 2] {
        [self.config_hash.clone(), self.ports_hash.clone()]
    }

    /// What writes alerts of these inputs.
    pub fn writer<'a>(&'a self, names: &'a [String]) -> Writer<'a> {
        Writer {
            ports: self.world.ports(),
            watch: self.world.watch(),
            config_hash: &self.config_hash,
            ports_hash: &self.ports_hash,
            inputs: names,
            is_time_assumed: false,
        }
    }
}
