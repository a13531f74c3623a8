//! What alerts are made with, and say so.

use std::io;
use std::sync::Arc;

use connect::alerts::Writer;
use connect::log::{Piece, Reference};
use engine::World;
use geofence::Geofence;
use geofence::sea::Sea;

/// Ports and rules, and the hashes by which alerts name them.
#[derive(Clone, Debug)]
pub struct MadeWith {
    /// Ports, water and rules, made ready.
    pub world: Arc<World>,
    /// Ports and rules as they were given.
    pub reference: Arc<Reference>,
    /// The same as they stand in a log.
    pub pieces: Arc<Vec<Piece>>,
}

impl MadeWith {
    /// Makes ports and rules ready.
    pub fn of(reference: Reference) -> io::Result<MadeWith> {
        let (geofence, rules) = (Geofence::new(reference.ports.clone()), reference.rules.clone());
        MadeWith::on(World::new(geofence, Arc::new(Sea::built_in()), rules), reference)
    }

    /// Makes others ready, on the same water.
    pub fn followed_by(&self, reference: Reference) -> io::Result<MadeWith> {
        if reference == *self.reference {
            return Ok(self.clone());
        }
        let (geofence, rules) = (Geofence::new(reference.ports.clone()), reference.rules.clone());
        MadeWith::on(self.world.with(geofence, rules), reference)
    }

    fn on(world: World, reference: Reference) -> io::Result<MadeWith> {
        let pieces = Arc::new(reference.pieces()?);
        Ok(MadeWith { world: Arc::new(world), reference: Arc::new(reference), pieces })
    }

    /// What writes alerts of these inputs.
    pub fn writer<'a>(&'a self, names: &'a [String]) -> Writer<'a> {
        Writer {
            ports: self.world.ports(),
            watch: self.world.watch(),
            config_hash: &self.reference.config_hash,
            ports_hash: &self.reference.ports_hash,
            inputs: names,
            is_time_assumed: false,
        }
    }
}
