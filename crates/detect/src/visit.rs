//! Port visits: one machine for each port that a track is in or has just left.

use alloc::boxed::Box;
use alloc::vec::Vec;

use model::position::NAUTICAL_MILE_M;
use model::prefetch::fetch_at;
use model::time::{DAY_MS, HOUR_MS, MINUTE_MS, MaybeTime};
use model::{
    CompactString, Crossing, EventTime, Fix, PortIndex, PortKind, Position, Rare, Statics, TimeSpan, Visit,
    VisitClass,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::stop::{Stopping, Stops};
use crate::{Chart, Outside, Report};

/// A silence in port of at least this long can be a call.
pub const GAP_MS: i64 = 4 * HOUR_MS;
/// One isolated report inside is an entry if its neighbours are at least this far away in time.
const SINGLE_MS: i64 = 10 * MINUTE_MS;
/// A ship that comes back to the port it left has hopped if it was at least this far away.
pub const AWAY_M: f64 = 20.0 * NAUTICAL_MILE_M;
/// Static values count for an arrival this long after it.
const ARRIVAL_MS: i64 = DAY_MS;

/// A fix with the distance sailed up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// When and where.
    pub fix: Fix,
    /// Distance sailed by the track up to here, micrometres: sums of integers are exact in any order.
    pub odometer_um: i64,
}

/// Draught and destination at some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cargo {
    /// Draught in 0.1 m.
    pub draught: Option<u16>,
    /// Destination.
    pub destination: Option<CompactString>,
}

/// What a ship said of its cargo around a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cargos {
    /// Last values up to the first report inside.
    pub at_arrival: Cargo,
    /// First values from the first report inside on.
    pub after_arrival: Cargo,
    /// Last values up to the exit.
    pub at_exit: Cargo,
}

/// That of who has said nothing.
static UNTOLD: Cargos = {
    const NONE: Cargo = Cargo { draught: None, destination: None };
    Cargos { at_arrival: NONE, after_arrival: NONE, at_exit: NONE }
};

impl Cargo {
    fn of(statics: &Statics) -> Cargo {
        Cargo { draught: statics.draught, destination: statics.destination.clone() }
    }

    fn is_told(&self) -> bool {
        self.draught.is_some() || self.destination.is_some()
    }

    /// Takes the values that `newer` has; whether that changes any.
    fn update(&mut self, newer: &Statics) -> bool {
        let is_new = newer.draught.is_some() && newer.draught != self.draught;
        self.draught = newer.draught.or(self.draught);
        let is_elsewhere = newer.destination.is_some() && newer.destination != self.destination;
        if is_elsewhere {
            self.destination.clone_from(&newer.destination);
        }
        is_new || is_elsewhere
    }

    /// Takes the values of `later` that are missing; whether there are any.
    fn fill(&mut self, later: &Statics) -> bool {
        let is_draught = self.draught.is_none() && later.draught.is_some();
        if is_draught {
            self.draught = later.draught;
        }
        let is_destination = self.destination.is_none() && later.destination.is_some();
        if is_destination {
            self.destination.clone_from(&later.destination);
        }
        is_draught || is_destination
    }
}

/// A visit, open or over, with what hops need of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stay {
    /// The port.
    pub port: PortIndex,
    /// First report inside.
    pub first: Logged,
    /// Last report inside so far.
    pub last: Logged,
    /// The report before the first.
    before: MaybeTime,
    /// The first report outside after the last inside, so far.
    first_outside: MaybeTime,
    /// Whether it has left.
    pub is_over: bool,
    /// Whether two consecutive reports were inside.
    pub has_pair: bool,
    /// Whether the port is a zone, which makes no calls.
    pub is_zone: bool,
    /// Silences of 4 h or more that began inside.
    pub gaps: Rare<TimeSpan>,
    /// Stops.
    pub stops: Stops,
    /// The first report at least 20 nm from the last inside.
    away_since: MaybeTime,
    /// Where the track last was inside the ports it was also visiting when this visit began.
    pub overlapped: Rare<(PortIndex, EventTime, Logged)>,
    cargos: Option<Box<Cargos>>,
    /// Highest class of a visit inside a child of this port that is no longer kept.
    pub settled_child: Option<VisitClass>,
    /// Whether a call at a port close by, no longer kept, makes this anchorage no end of a hop.
    pub settled_by_port: bool,
}

impl Stay {
    /// A call that is over, of which nothing is known but a silence.
    #[cfg(test)]
    pub fn of_call(port: PortIndex, fix: Fix) -> Stay {
        let at = Logged { fix, odometer_um: 0 };
        Stay {
            port,
            first: at,
            last: at,
            before: MaybeTime::NONE,
            first_outside: Some(fix.t).into(),
            is_over: true,
            has_pair: true,
            is_zone: false,
            gaps: [TimeSpan { start: fix.t, end: fix.t }].into_iter().collect(),
            stops: Stops::default(),
            away_since: MaybeTime::NONE,
            overlapped: Rare::default(),
            cargos: None,
            settled_child: None,
            settled_by_port: false,
        }
    }

    /// What the visit amounts to so far.
    #[must_use]
    pub fn class(&self) -> VisitClass {
        if !self.has_pair {
            VisitClass::Single
        } else if self.is_zone {
            VisitClass::Transit
        } else if self.stops.any() {
            VisitClass::Call
        } else if self.gaps.is_empty() {
            VisitClass::Transit
        } else {
            VisitClass::GapCall
        }
    }

    /// From the first to the last report inside.
    #[must_use]
    pub fn span(&self) -> TimeSpan {
        TimeSpan { start: self.first.fix.t, end: self.last.fix.t }
    }

    /// When it came in.
    #[must_use]
    pub fn entry(&self) -> Option<Crossing> {
        entry(self.before, self.first.fix)
    }

    /// When it left, if it has.
    #[must_use]
    pub fn exit(&self) -> Option<Crossing> {
        if self.is_over { exit(self.last.fix, self.first_outside) } else { None }
    }

    /// The fact.
    #[must_use]
    pub fn visit(&self) -> Visit {
        Visit {
            port: self.port,
            first_inside: self.first.fix,
            last_inside: self.last.fix,
            entry: self.entry(),
            exit: self.exit(),
            stops: self.stops.list(self.last.fix.t),
            gaps: self.gaps.clone(),
            class: self.class(),
        }
    }

    /// Static values were heard.
    pub fn hear(&mut self, t: EventTime, values: &Statics) -> bool {
        if values.draught.is_none() && values.destination.is_none() {
            return false;
        }
        let mut changes = false;
        let after_ms = t.0 - self.first.fix.t.0;
        let is_before_exit = self.first_outside.get().is_some_and(|exit| t <= exit);
        if after_ms > ARRIVAL_MS && !is_before_exit {
            return false;
        }
        let cargos = self.cargos.get_or_insert_default();
        if (0..=ARRIVAL_MS).contains(&after_ms) {
            changes |= cargos.after_arrival.fill(values);
        }
        if after_ms <= 0 {
            changes |= cargos.at_arrival.update(values);
        }
        if is_before_exit {
            changes |= cargos.at_exit.update(values);
        }
        changes
    }

    /// What the ship said of its cargo.
    #[must_use]
    pub fn cargos(&self) -> &Cargos {
        self.cargos.as_deref().unwrap_or(&UNTOLD)
    }

    /// What it said of it last when it left; nothing as long as it has not.
    fn note_exit(&mut self, at_exit: Cargo) {
        if self.cargos.is_some() || at_exit.is_told() {
            self.cargos.get_or_insert_default().at_exit = at_exit;
        }
    }

    /// Whether it was far from the last one inside by a time.
    #[must_use]
    pub fn was_away_by(&self, t: EventTime) -> bool {
        self.away_since.get().is_some_and(|since| since <= t)
    }

    /// A report outside: notes whether it is far from the last one inside; whether one was by now.
    pub fn watch_distance(&mut self, fix: Fix) -> bool {
        if self.away_since == MaybeTime::NONE && self.is_away(fix.position) {
            self.away_since = Some(fix.t).into();
        }
        self.away_since != MaybeTime::NONE
    }

    fn is_away(&self, position: Position) -> bool {
        // 20 nm are a third of a degree of latitude and a bit; only what is about as near needs trigonometry.
        const SURELY_AWAY: u32 = 334_000;
        const SURELY_NEAR: u32 = 230_000;
        let from = self.last.fix.position;
        let (lon, lat) = (position.lon.abs_diff(from.lon), position.lat.abs_diff(from.lat));
        lat > SURELY_AWAY || lon.max(lat) > SURELY_NEAR && position.distance_m(from) >= AWAY_M
    }
}

/// A visit as it was told, in few bytes: there are millions of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visited {
    first: Fix,
    last: Fix,
    before: MaybeTime,
    first_outside: MaybeTime,
    stops: Rare<TimeSpan>,
    gaps: Rare<TimeSpan>,
    port: PortIndex,
    class: VisitClass,
    /// Another ship with the same MMSI was close.
    pub ambiguous: bool,
}

impl Visited {
    /// That of a visit.
    #[must_use]
    pub fn of(visit: &Visit, ambiguous: bool) -> Visited {
        Visited {
            first: visit.first_inside,
            last: visit.last_inside,
            before: visit.entry.map(|entry| entry.not_before).into(),
            first_outside: visit.exit.map(|exit| exit.t).into(),
            stops: visit.stops.clone(),
            gaps: visit.gaps.clone(),
            port: visit.port,
            class: visit.class,
            ambiguous,
        }
    }

    /// The visit.
    #[must_use]
    pub fn visit(&self) -> Visit {
        Visit {
            port: self.port,
            first_inside: self.first,
            last_inside: self.last,
            entry: entry(self.before, self.first),
            exit: exit(self.last, self.first_outside),
            stops: self.stops.clone(),
            gaps: self.gaps.clone(),
            class: self.class,
        }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> PortIndex {
        self.port
    }

    /// The first fix inside.
    #[must_use]
    pub fn first(&self) -> Fix {
        self.first
    }

    /// Whether it is a call.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.class.is_call()
    }

    /// When it was over, if it is: the last time inside.
    #[must_use]
    pub fn ended(&self) -> Option<EventTime> {
        self.first_outside.get().map(|_| self.last.t)
    }
}

/// How it came in by a report inside after one that was not.
fn entry(before: MaybeTime, first: Fix) -> Option<Crossing> {
    let not_before = before.get()?;
    Some(Crossing { t: first.t, not_before, not_after: first.t })
}

/// How it went out by a report outside after one that was not.
fn exit(last: Fix, first_outside: MaybeTime) -> Option<Crossing> {
    let t = first_outside.get()?;
    Some(Crossing { t, not_before: last.t, not_after: t })
}

/// A port that the track is in, or has just left.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Machine {
    stay: Stay,
    stopping: Stopping,
    /// Whether the visit has begun; before, one report inside waits for the next.
    is_visit: bool,
    /// Whether the last report was more than the exit buffer outside.
    was_beyond: bool,
    /// Unrelated ports that held the last report, if that was outside this one.
    was_in: Rare<PortIndex>,
}

/// All ports that a track is in or has just left.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Visits {
    machines: Rare<Machine>,
}

/// One step of all machines.
pub struct Step<'a> {
    /// The report.
    pub report: &'a Report,
    /// With the distance sailed up to it.
    pub logged: Logged,
    /// Ports that hold it.
    pub inside: &'a [PortIndex],
    /// The report before.
    pub previous: Option<EventTime>,
    /// Silences of 4 h or more between the two.
    pub gaps: &'a [TimeSpan],
    /// Static values up to the report, those that came with it included.
    pub statics: &'a Statics,
}

impl Visits {
    /// Fetches what a report will ask for.
    pub fn fetch(&self) {
        fetch_at(self.machines.as_ptr(), size_of::<Machine>());
    }

    /// Whether the track is in no port and has none to leave.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.machines.is_empty()
    }

    /// Visits under way.
    pub fn open(&self) -> impl Iterator<Item = &Stay> {
        self.machines.iter().filter(|machine| machine.is_visit).map(|machine| &machine.stay)
    }

    /// All stays, those included that are no visits yet.
    pub fn stays_mut(&mut self) -> impl Iterator<Item = &mut Stay> {
        self.machines.iter_mut().map(|machine| &mut machine.stay)
    }

    /// Takes one report; stays that are over go to `over`. Tells whether a visit began, ended or
    /// changed its class.
    pub fn step(&mut self, step: &Step<'_>, chart: &impl Chart, over: &mut Vec<Stay>) -> bool {
        let mut changed = false;
        let mut step_one = |machine: &mut Machine| {
            let class = machine.is_visit.then(|| machine.stay.class());
            let keep = machine.step(step, chart);
            changed |= class != machine.is_visit.then(|| machine.stay.class()) || machine.stay.is_over;
            if machine.stay.is_over {
                over.push(machine.stay.clone());
            }
            keep && !machine.stay.is_over
        };
        if !self.machines.is_empty() {
            self.machines.edit(|machines| machines.retain_mut(&mut step_one));
        }
        let arrived: Vec<PortIndex> = step
            .inside
            .iter()
            .copied()
            .filter(|port| self.machines.iter().all(|m| m.stay.port != *port))
            .collect();
        for port in &arrived {
            let is_zone = chart.ports().get(*port).kind == PortKind::Zone;
            self.machines.push(Machine::arrive(*port, is_zone, step));
        }
        self.note_overlaps(&arrived);
        changed
    }

    fn note_overlaps(&mut self, arrived: &[PortIndex]) {
        for port in arrived {
            let others = self.machines.iter().filter(|m| m.stay.port != *port);
            let overlapped = others.map(|m| (m.stay.port, m.stay.first.fix.t, m.stay.last)).collect();
            if let Some(machine) = self.machines.iter_mut().find(|m| m.stay.port == *port) {
                machine.stay.overlapped = overlapped;
            }
        }
    }
}

impl Machine {
    fn arrive(port: PortIndex, is_zone: bool, step: &Step<'_>) -> Machine {
        let (mut stops, mut stopping) = (Stops::default(), Stopping::default());
        stopping.inside(&mut stops, step.report);
        let (at_arrival, mut after_arrival) = (Cargo::of(step.statics), Cargo::default());
        if let Some(values) = &step.report.statics {
            after_arrival.fill(values);
        }
        let stay = Stay {
            port,
            first: step.logged,
            last: step.logged,
            before: step.previous.into(),
            first_outside: MaybeTime::NONE,
            is_over: false,
            has_pair: false,
            is_zone,
            gaps: Rare::default(),
            stops,
            away_since: MaybeTime::NONE,
            overlapped: Rare::default(),
            cargos: (at_arrival.is_told() || after_arrival.is_told())
                .then(|| Box::new(Cargos { at_arrival, after_arrival, at_exit: Cargo::default() })),
            settled_child: None,
            settled_by_port: false,
        };
        Machine { stay, stopping, is_visit: false, was_beyond: false, was_in: Rare::default() }
    }

    /// Takes one report; `false` if the machine is of no more use.
    fn step(&mut self, step: &Step<'_>, chart: &impl Chart) -> bool {
        let was_inside = self.stay.first_outside == MaybeTime::NONE;
        for gap in step.gaps {
            self.stopping.silence(&mut self.stay.stops, gap.start, step.report);
            if was_inside {
                self.stay.gaps.push(*gap);
            }
        }
        if step.inside.contains(&self.stay.port) {
            self.stopping.inside(&mut self.stay.stops, step.report);
            self.inside(step, was_inside);
            return true;
        }
        if !self.is_visit && !self.is_single(step) {
            return false;
        }
        self.is_visit = true;
        self.stopping.outside(&mut self.stay.stops, step.report);
        self.outside(step, chart);
        true
    }

    fn is_single(&self, step: &Step<'_>) -> bool {
        let t = self.stay.first.fix.t.0;
        self.stay.before.get().is_some_and(|before| t - before.0 >= SINGLE_MS)
            && step.report.fix.t.0 - t >= SINGLE_MS
    }

    fn inside(&mut self, step: &Step<'_>, was_inside: bool) {
        if was_inside {
            self.is_visit = true;
            self.stay.has_pair = true;
        }
        self.stay.last = step.logged;
        self.stay.first_outside = MaybeTime::NONE;
        self.stay.away_since = MaybeTime::NONE;
        self.stay.note_exit(Cargo::default());
        self.was_beyond = false;
        self.was_in.retain(|_| false);
    }

    fn outside(&mut self, step: &Step<'_>, chart: &impl Chart) {
        let fix = step.report.fix;
        if self.stay.first_outside == MaybeTime::NONE {
            self.stay.first_outside = Some(fix.t).into();
            self.stay.note_exit(Cargo::of(step.statics));
        }
        self.stay.watch_distance(fix);
        let ports = chart.ports();
        let elsewhere = |port: &PortIndex| !ports.related(*port, self.stay.port);
        let is_in: SmallVec<[PortIndex; 2]> = step.inside.iter().copied().filter(elsewhere).collect();
        let outside = chart.outside(self.stay.port, fix.position);
        let is_beyond = outside != Outside::Near;
        self.stay.is_over = outside == Outside::Far
            || is_beyond && self.was_beyond
            || is_in.iter().any(|port| self.was_in.contains(port));
        self.was_beyond = is_beyond;
        self.was_in = is_in.into_iter().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_in_few_bytes_is_the_visit_that_it_was_made_of() {
        let fix = |t: i64| Fix { t: EventTime(t), position: Position { lon: t as i32, lat: -5 } };
        let crossing = |t, not_before, not_after| {
            let [t, not_before, not_after] = [t, not_before, not_after].map(EventTime);
            Crossing { t, not_before, not_after }
        };
        let span = |start, end| TimeSpan { start: EventTime(start), end: EventTime(end) };
        let whole = Visit {
            port: PortIndex(7),
            first_inside: fix(10),
            last_inside: fix(90),
            entry: Some(crossing(10, 4, 10)),
            exit: Some(crossing(95, 90, 95)),
            stops: [span(20, 30), span(40, 90)].into_iter().collect(),
            gaps: [span(50, 60)].into_iter().collect(),
            class: VisitClass::Call,
        };
        let open = Visit { entry: None, exit: None, gaps: Rare::default(), ..whole.clone() };
        for visit in [whole, open] {
            let visited = Visited::of(&visit, false);
            assert_eq!(visited.visit(), visit);
            assert_eq!(visited.ended(), visit.exit.map(|_| EventTime(90)));
        }
    }
}
