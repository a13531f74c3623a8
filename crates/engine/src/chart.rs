//! What detectors ask of the ports.

use detect::{Inside, Outside};
use geofence::Geofence;
use model::{EventTime, PortIndex, Ports, Position};

/// A geofence as the detectors see it.
pub struct ChartOf<'a>(pub &'a Geofence);

impl detect::Chart for ChartOf<'_> {
    fn ports(&self) -> &Ports {
        self.0.ports()
    }

    fn inside(&self, position: Position, t: EventTime) -> Inside {
        self.0.inside(position, t)
    }

    fn is_open_sea(&self, position: Position) -> bool {
        self.0.is_open_sea(position)
    }

    fn outside(&self, port: PortIndex, position: Position) -> Outside {
        match self.0.outside(port, position) {
            geofence::Outside::Near => Outside::Near,
            geofence::Outside::Beyond => Outside::Beyond,
            geofence::Outside::Far => Outside::Far,
        }
    }
}
