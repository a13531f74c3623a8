//! Water and ports around sightings, with the searches made last.

use std::cell::RefCell;
use std::collections::VecDeque;

use detect::Inside;
use detect::sighting::Waters;
use engine::World;
use geofence::sea::Ways;
use model::{EventTime, PortIndex, Position};

/// Ways that are remembered: those of a sighting, and of both ends of the silence it fits.
const MAX_WAYS: usize = 4;

/// Water and ports.
pub struct Around<'a> {
    world: &'a World,
    ways: RefCell<VecDeque<(Position, Ways)>>,
}

impl<'a> Around<'a> {
    /// Of this world.
    pub fn of(world: &'a World) -> Around<'a> {
        Around { world, ways: RefCell::default() }
    }
}

impl Waters for Around<'_> {
    fn by_water_m(&self, from: Position, to: Position, bound_m: f64) -> Option<f64> {
        let mut kept = self.ways.borrow_mut();
        let sea = self.world.sea();
        let known = kept.iter().position(|(start, ways)| *start == from && ways.bound_m() >= bound_m);
        let at = known.unwrap_or_else(|| {
            kept.retain(|(start, _)| *start != from);
            if kept.len() == MAX_WAYS {
                kept.pop_front();
            }
            kept.push_back((from, sea.search(from, bound_m)));
            kept.len() - 1
        });
        kept.get(at)?.1.distance_m(sea, to).filter(|distance_m| *distance_m <= bound_m)
    }

    fn middle(&self, port: PortIndex) -> Position {
        self.world.middle(port)
    }

    fn holding(&self, position: Position, t: EventTime) -> Inside {
        self.world.geofence().inside(position, t)
    }
}
