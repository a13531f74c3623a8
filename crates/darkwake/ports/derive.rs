//! `darkwake ports derive`: a port file of where ships lie in AIS.
//!
//! The inputs are read as for a replay, and the log that the core gets is looked at on its way: stops of each ship, the
//! cells they lie in, and of the cells in which many different ships lay those that are neighbours.

mod cells;
mod clusters;
mod names;
mod stops;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::Entry;
use h3o::Resolution;
use model::{EventTime, Transmission};
use reorder::{Hold, Turn};
use serde_json::Value;

use super::feature::{self, Properties};
use crate::Usage;
use crate::cli::{self, Derive};
use crate::interrupt::Interrupt;
use crate::outputs;
use crate::read::{self, Wanted};
use crate::shards::Tap;
use cells::Cells;
use clusters::{Cluster, clusters};
use names::{Name, Names};
use stops::{Rule, Seen, Stops};

/// Where ports of a derived file are from.
const SOURCE: &str = "AIS, darkwake ports derive";

/// What is known of stops so far.
struct Survey {
    hold: Hold<Seen>,
    stops: Stops,
    cells: Cells,
}

/// Reads the inputs and writes the places in which ships lie.
pub fn run(arguments: &Derive) -> anyhow::Result<()> {
    let resolution = Resolution::try_from(arguments.resolution)
        .map_err(|_| Usage(format!("{} is no resolution of H3", arguments.resolution)))?;
    let names = Names::load(&arguments.names)?;
    let survey = Arc::new(Mutex::new(Survey::new(arguments, resolution)));
    let wanted = Wanted::default();
    // Asked for again, it begins anew.
    let tap = || -> Tap {
        *lock(&survey) = Survey::new(arguments, resolution);
        let seen = Arc::clone(&survey);
        Box::new(move |entry: &Entry| lock(&seen).take(entry))
    };
    let done = read::read_tapped(&arguments.reading, &wanted, &Interrupt::listen()?, &tap)?;
    let mut survey = lock(&survey);
    survey.finish();
    survey.tell_limits(arguments);
    let wanted = clusters::Wanted {
        min_ships: arguments.min_ships,
        min_stops: arguments.min_stops,
        rings: clusters::rings(arguments.buffer_m, resolution),
    };
    let found = clusters(survey.cells.of_all(), &wanted);
    if found.is_empty() {
        done.end()?;
        let most = survey.cells.of_all().values().map(|of| of.ships.len()).max().unwrap_or(0);
        anyhow::bail!(
            "no place in which {} ships stopped: of {} stops, no more than {most} ships' were in one cell; \
             lower --min-ships or --resolution, or give more of the feed",
            arguments.min_ships,
            survey.cells.stops
        );
    }
    let mut taken = BTreeSet::new();
    let lines: Vec<String> = found
        .iter()
        .map(|cluster| line(cluster, names.of(cluster.middle(), cluster.kind, &mut taken)))
        .collect();
    let path = arguments.out.display();
    outputs::write_text(&arguments.out, &feature::collection(&lines))?;
    cli::talk(&format!("{path}: {} from {} stops", super::count(lines.len(), "port"), survey.cells.stops));
    done.end()
}

fn lock(survey: &Mutex<Survey>) -> MutexGuard<'_, Survey> {
    survey.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Survey {
    fn new(arguments: &Derive, resolution: Resolution) -> Survey {
        const SOG_PER_KNOT: f64 = 10.0;
        const HOUR_MS: f64 = 3_600_000.0;
        let rule = Rule {
            max_sog: (arguments.max_speed * SOG_PER_KNOT).round() as u16,
            least_ms: model::number::round(arguments.min_hours * HOUR_MS),
            resolution,
        };
        Survey {
            hold: Hold::default(),
            stops: Stops::new(rule, arguments.max_ships),
            cells: Cells::new(arguments.max_cells),
        }
    }

    /// Takes an entry of the log; reports wait for the watermark as they do in the core.
    fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::Transmission(key, Transmission::Position(report)) => {
                self.hold.push(*key, Seen::from(report));
            }
            Entry::Transmission(_, Transmission::Static(_) | Transmission::NoPosition(_))
            | Entry::Tick(_) => {}
            Entry::Watermark(watermark) => self.hand_on(|hold| hold.pop(*watermark)),
            Entry::Late(place) => self.hand_on(|hold| hold.pop_with_late(*place)),
            Entry::End(_) => self.hand_on(|hold| hold.pop(EventTime::MAX)),
        }
    }

    fn hand_on(&mut self, next: impl Fn(&mut Hold<Seen>) -> Option<(Turn, Seen)>) {
        while let Some((_, seen)) = next(&mut self.hold) {
            if let Some(stop) = self.stops.take(seen) {
                self.cells.take(&stop);
            }
        }
    }

    /// What is not over yet ends.
    fn finish(&mut self) {
        self.hand_on(|hold| hold.pop(EventTime::MAX));
        for stop in self.stops.finish() {
            self.cells.take(&stop);
        }
    }

    fn tell_limits(&self, arguments: &Derive) {
        if self.stops.refused > 0 {
            cli::warn(&format!(
                "{} reports were passed over, of ships beyond the first {}; see --max-ships",
                self.stops.refused, arguments.max_ships
            ));
        }
        if self.cells.refused > 0 {
            cli::warn(&format!(
                "{} of {} stops were not taken as a whole: there are more than {} cells, or too many ships in them; \
                 see --max-cells, or take a coarser --resolution",
                self.cells.refused, self.cells.stops, arguments.max_cells
            ));
        }
    }
}

/// A place as a feature.
fn line(cluster: &Cluster, Name { name, country, locode }: Name) -> String {
    const MINUTES: f64 = 60.0;
    let stay_h = |minutes: u32| (f64::from(minutes) / MINUTES * 10.0).round() / 10.0;
    let properties = [
        ("id", Some(Value::from(format!("H3-{}", cluster.busiest)))),
        ("name", Some(Value::from(name))),
        ("country", country.map(Value::from)),
        ("kind", Some(Value::from(cluster.kind.name()))),
        ("locode", locode.map(Value::from)),
        ("source", Some(Value::from(SOURCE))),
        ("ships", Some(Value::from(cluster.ships))),
        ("stops", Some(Value::from(cluster.stops))),
        ("median_stay_h", cluster.median_stay_min.map(|minutes| Value::from(stay_h(minutes)))),
    ];
    let given = properties.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    feature::line(&given.collect::<Properties>(), &feature::area(&cluster.polygons()))
}
