//! Which port a position is in or near.
//!
//! [`Geofence`] answers with exact integer arithmetic from a two-level grid; `geo` serves
//! the relations between areas of several parts, and checks the grid in tests.
#![no_std]

extern crate alloc;

pub mod cells;
mod grid;
pub mod port_file;
pub mod relations;
pub mod sea;
mod shape;

use alloc::vec::Vec;

use model::prefetch::fetch;
use model::{EventTime, Port, PortIndex, Ports, Position};
use smallvec::SmallVec;

pub use grid::{Grid, Place};

/// The ports that a position is in, in the order of the port file.
pub type Inside = SmallVec<[PortIndex; 4]>;

/// How far outside a port a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Not more than the port's exit buffer.
    Near,
    /// More than the exit buffer.
    Beyond,
    /// More than 10 km.
    Far,
}

/// One report this far outside a port is enough for an exit, metres.
pub const FAR_M: f64 = 10_000.0;

/// All ports of a run, ready to be asked.
#[derive(Debug)]
pub struct Geofence {
    ports: Ports,
    grid: Grid,
}

impl Geofence {
    /// Takes in validated ports.
    #[must_use]
    pub fn new(ports: Vec<Port>) -> Geofence {
        let grid = Grid::new(&ports);
        Geofence { ports: relations::relate(ports), grid }
    }

    /// The ports and their relations.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The ports that exist at `t` and hold the position; the boundary is inside.
    #[must_use]
    pub fn inside(&self, position: Position, t: EventTime) -> Inside {
        let mut inside = Inside::new();
        for entry in self.grid.candidates(position) {
            let port = self.ports.get(entry.port());
            if (entry.is_whole() || shape::contains(&port.shape, position)) && port.is_valid_at(t) {
                inside.push(entry.port());
            }
        }
        inside
    }

    /// Fetches what [`Geofence::inside`] will ask for first, …
    pub fn fetch_place(&self, position: Position) -> Place {
        let place = self.grid.place(position);
        self.grid.fetch(place);
        place
    }

    /// … after that, …
    pub fn fetch_entries(&self, place: Place) {
        self.grid.fetch_entries(place);
    }

    /// … and beyond.
    pub fn fetch_port(&self, place: Place) {
        if let Some(entry) = self.grid.listed(place).first() {
            let port = self.ports.get(entry.port());
            fetch(&port.kind);
            fetch(&port.valid_from);
            fetch(&port.shape);
        }
    }

    /// Whether the position is surely more than 10 km and every exit buffer away from all ports.
    #[must_use]
    pub fn is_open_sea(&self, position: Position) -> bool {
        !self.grid.is_near_port(position)
    }

    /// How far outside `port` a position is; the area counts whether or not the port exists now.
    #[must_use]
    pub fn outside(&self, port: PortIndex, position: Position) -> Outside {
        let distance_m = self.distance_m(port, position);
        if distance_m > FAR_M {
            Outside::Far
        } else if distance_m > self.ports.get(port).exit_buffer_m {
            Outside::Beyond
        } else {
            Outside::Near
        }
    }

    /// Distance to the port's area in metres, 0 inside.
    #[must_use]
    pub fn distance_m(&self, port: PortIndex, position: Position) -> f64 {
        let shape = &self.ports.get(port).shape;
        if shape::contains(shape, position) { 0.0 } else { shape::distance_m(shape, position) }
    }
}
