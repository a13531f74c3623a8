//! What alerts are made with, and say so.

use std::io;
use std::sync::{Arc, OnceLock};

use connect::alerts::Writer;
use connect::log::{Piece, Reference};
use engine::World;
use geofence::Geofence;

/// Ports and rules, and the hashes by which alerts name them.
#[derive(Clone, Debug)]
pub struct MadeWith {
    /// Ports, water and rules, made ready.
    pub world: Arc<World>,
    /// Ports and rules as they were given.
    pub reference: Arc<Reference>,
    pieces: Arc<OnceLock<Vec<Piece>>>,
}

impl MadeWith {
    /// Makes ports and rules ready.
    pub fn of(reference: Reference) -> MadeWith {
        let (geofence, rules) = (Geofence::new(reference.ports.clone()), reference.rules.clone());
        MadeWith {
            world: Arc::new(World::new(geofence, rules)),
            reference: Arc::new(reference),
            pieces: Arc::default(),
        }
    }

    /// Makes others ready.
    pub fn followed_by(&self, reference: Reference) -> MadeWith {
        if reference == *self.reference { self.clone() } else { MadeWith::of(reference) }
    }

    /// Ports and rules as they stand in a log.
    pub fn pieces(&self) -> io::Result<&[Piece]> {
        if let Some(pieces) = self.pieces.get() {
            return Ok(pieces);
        }
        let pieces = self.reference.pieces()?;
        Ok(self.pieces.get_or_init(|| pieces))
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
