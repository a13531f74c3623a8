//! What a ship does over the days: a list of spans without a hole, built leg by leg, and where that puts it at any moment.
//!
//! ```
//! use sim::chart::{Lie, port, route};
//! use sim::random::Random;
//! use sim::sphere::Knots;
//! use sim::time::EventTime;
//! use sim::voyage::Voyage;
//!
//! let mut random = Random::new(1);
//! let from = port("RUVVO").place(Lie::Berth, &mut random);
//! let to = port("RUNJK").place(Lie::Roads, &mut random);
//! let start = EventTime::from_unix_s(1_696_118_400);
//! let mut voyage = Voyage::moored_at(from, start, 6.2);
//! voyage.stay_until(start.after_hours(5.0), 7.4);
//! let departure = voyage.now();
//! voyage.sail(&route(from, to, &mut random), Knots(11.0), "NAKHODKA");
//! assert!(voyage.now().since_ms(departure) > 3 * 3_600_000);
//! voyage.arrive(to);
//! ```

use crate::chart::{End, Lie, Waypoint};
use crate::sphere::{Knots, Position, course_deg, distance_m, interpolate};
use crate::time::{EventTime, HOUR_MS};

/// What a ship is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Under way using engine.
    UnderWay,
    /// Engaged in fishing.
    Fishing,
    /// Alongside.
    Moored,
    /// At anchor, swinging.
    Anchored,
    /// Not under command of its engine, moving slowly.
    Drifting,
}

impl Activity {
    /// The navigational status that a class A ship sends (M.1371-5, message 1).
    pub fn status(self) -> u8 {
        match self {
            Self::UnderWay | Self::Drifting => 0,
            Self::Anchored => 1,
            Self::Moored => 5,
            Self::Fishing => 7,
        }
    }

    /// At rest: alongside or at anchor.
    pub fn is_at_rest(self) -> bool {
        matches!(self, Self::Moored | Self::Anchored)
    }
}

/// One thing that a ship does, from one moment to the next.
#[derive(Clone, Debug)]
pub struct Span {
    /// From here on.
    pub start: EventTime,
    /// Up to here.
    pub end: EventTime,
    /// Where it begins.
    pub from: Position,
    /// Where it ends; the same place for a stay.
    pub to: Position,
    /// The course of a leg; 0 for a stay.
    pub course_deg: f64,
    /// The speed of a leg; 0 for a stay.
    pub speed: Knots,
    /// What the ship does.
    pub activity: Activity,
    /// Draught at the start, metres.
    pub draught_from_m: f64,
    /// Draught at the end, metres.
    pub draught_to_m: f64,
    /// What the crew has entered as destination.
    pub destination: &'static str,
}

/// A stay in a port.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    /// The port's id.
    pub port: &'static str,
    /// Alongside or in the roads.
    pub lie: Lie,
    /// Arrival.
    pub start: EventTime,
    /// Departure.
    pub end: EventTime,
}

/// What keeps others from knowing where a ship is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SilenceKind {
    /// The transponder is off on purpose.
    Deliberate,
    /// The transponder is off because the ship lies at its berth, and on again before it leaves.
    Berth,
    /// The transponder goes on, but says "position not available".
    Withheld,
    /// The transponder goes on, but its GNSS receiver is made to believe in circles around another place.
    Jammed {
        /// The middle of the circles.
        centre: Position,
    },
}

impl SilenceKind {
    /// Nothing is sent.
    pub fn is_off(self) -> bool {
        match self {
            Self::Deliberate | Self::Berth => true,
            Self::Withheld | Self::Jammed { .. } => false,
        }
    }
}

/// Time in which the transponder is switched off, or does not tell where the ship is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// What kind.
    pub kind: SilenceKind,
    /// The first moment without transmission (or without a true position).
    pub start: EventTime,
    /// The first moment after it.
    pub end: EventTime,
    /// Why.
    pub reason: &'static str,
}

/// A ship's plan, and the truth about it.
#[derive(Clone, Debug)]
pub struct Voyage {
    spans: Vec<Span>,
    calls: Vec<Call>,
    silences: Vec<Silence>,
    blips: Vec<EventTime>,
    place: Position,
    berth: Option<(&'static str, Lie)>,
    activity: Activity,
    now: EventTime,
    draught_m: f64,
    destination: &'static str,
}

/// A moment of a voyage, before any noise of instruments.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The span that holds it.
    pub span: &'a Span,
    /// Where the ship is.
    pub position: Position,
    /// The draught, metres.
    pub draught_m: f64,
}

/// Time between the reports of a burst, ms: a little more than the nominal interval under way.
pub const BURST_INTERVAL_MS: i64 = 12_000;

impl Voyage {
    /// Begins in a port (or lying at a node of the lanes) with a draught in metres.
    pub fn moored_at(end: End, start: EventTime, draught_m: f64) -> Self {
        let mut voyage = Self::at_sea(Position::default(), start, draught_m);
        voyage.arrive(end);
        if let End::Port(port, _, place) = end {
            voyage.place = place;
            voyage.destination = port.destination;
        }
        voyage
    }

    /// Begins at a place that is no port's, on no chart, with a draught in metres.
    pub fn at_sea(place: Position, start: EventTime, draught_m: f64) -> Self {
        Self {
            spans: Vec::new(),
            calls: Vec::new(),
            silences: Vec::new(),
            blips: Vec::new(),
            place,
            berth: None,
            activity: Activity::Drifting,
            now: start,
            draught_m,
            destination: "",
        }
    }

    /// The moment up to which the plan is made.
    pub fn now(&self) -> EventTime {
        self.now
    }

    /// The draught at that moment, metres.
    pub fn draught_m(&self) -> f64 {
        self.draught_m
    }

    /// Lies where the ship is until `end`, loading or unloading to `draught_m`. In a port this is a call.
    pub fn stay_until(&mut self, end: EventTime, draught_m: f64) {
        if end <= self.now {
            return;
        }
        if let Some((port, lie)) = self.berth {
            match self.calls.last_mut() {
                Some(last) if last.end == self.now && (last.port, last.lie) == (port, lie) => last.end = end,
                _ => self.calls.push(Call { port, lie, start: self.now, end }),
            }
        }
        self.push(self.place, end, Knots(0.0), draught_m);
    }

    /// [`Self::stay_until`] for some hours from now on.
    pub fn stay(&mut self, hours: f64, draught_m: f64) {
        self.stay_until(self.now.after_hours(hours), draught_m);
    }

    /// Sails along the waypoints at a speed, slower where they say so. The first one is where the ship is.
    pub fn sail(&mut self, way: &[Waypoint], cruise: Knots, destination: &'static str) {
        self.destination = destination;
        self.activity = Activity::UnderWay;
        self.follow(way.iter().skip(1).map(|waypoint| (waypoint.position, cruise.at_most(waypoint.limit))));
    }

    /// Goes from place to place at a speed, doing something else than sailing.
    pub fn work(&mut self, places: &[Position], speed: Knots, activity: Activity) {
        self.activity = activity;
        self.follow(places.iter().map(|&place| (place, speed)));
        self.activity = Activity::UnderWay;
    }

    /// Takes the place in port to which the ship has sailed: what follows is a call there.
    pub fn arrive(&mut self, end: End) {
        match end {
            End::Port(port, lie, _) => {
                self.berth = Some((port.id, lie));
                self.activity = match lie {
                    Lie::Berth => Activity::Moored,
                    Lie::Roads => Activity::Anchored,
                };
            }
            End::Node(_) => {
                self.berth = None;
                self.activity = Activity::Drifting;
            }
        }
    }

    /// Switches the transponder off for the time from `start` to `end`, whole seconds.
    pub fn silence(&mut self, start: EventTime, end: EventTime, reason: &'static str) {
        self.silence_of(SilenceKind::Deliberate, start, end, reason);
    }

    /// Keeps the ship's position from others for the time from `start` to `end`, whole seconds.
    pub fn silence_of(&mut self, kind: SilenceKind, start: EventTime, end: EventTime, reason: &'static str) {
        let whole = |moment: EventTime| EventTime::from_unix_s(moment.unix_s());
        self.silences.push(Silence { kind, start: whole(start), end: whole(end), reason });
    }

    /// Lets one single position report through at `at`, in the middle of a silence, which it cuts in two.
    pub fn blip(&mut self, at: EventTime) {
        let at = EventTime::from_unix_s(at.unix_s());
        let Some(index) = self.silences.iter().position(|silence| silence.start < at && at < silence.end)
        else {
            return;
        };
        let whole = self.silences[index];
        self.silences[index].end = at;
        self.silences.insert(index + 1, Silence { start: at.after_ms(crate::time::SECOND_MS), ..whole });
        self.blips.push(at);
    }

    /// Lets `count` position reports through, [`BURST_INTERVAL_MS`] apart, as [`Self::blip`] does.
    pub fn burst(&mut self, at: EventTime, count: u32) {
        (0..count).for_each(|index| self.blip(at.after_ms(i64::from(index) * BURST_INTERVAL_MS)));
    }

    /// When the ship is first within `radius_m` of a place after `from`; steps of a minute.
    pub fn first_near(&self, place: Position, radius_m: f64, from: EventTime) -> Option<EventTime> {
        let mut at = from;
        while at < self.now {
            if distance_m(self.at(at)?.position, place) <= radius_m {
                return Some(at);
            }
            at = at.after_ms(60_000);
        }
        None
    }

    /// The spans in time order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The calls in time order.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The times of silence, or of no true position, in the order in which they were planned.
    pub fn silences(&self) -> &[Silence] {
        &self.silences
    }

    /// The single transmissions between silences.
    pub fn blips(&self) -> &[EventTime] {
        &self.blips
    }

    /// If the transponder is off at `at`: when it is switched on again.
    pub fn silent_until(&self, at: EventTime) -> Option<EventTime> {
        self.silences
            .iter()
            .find(|silence| silence.kind.is_off() && silence.start <= at && at < silence.end)
            .map(|silence| silence.end)
    }

    /// If the transponder sends at `at`, but no true position: in which way.
    pub fn untrue(&self, at: EventTime) -> Option<SilenceKind> {
        self.silences
            .iter()
            .find(|silence| !silence.kind.is_off() && silence.start <= at && at < silence.end)
            .map(|silence| silence.kind)
    }

    /// The ship at a moment; `None` outside the plan.
    pub fn at(&self, at: EventTime) -> Option<Moment<'_>> {
        let index = self.spans.partition_point(|span| span.end <= at);
        let span = self.spans.get(index).filter(|span| span.start <= at)?;
        let fraction = at.since_ms(span.start) as f64 / span.end.since_ms(span.start) as f64;
        let position =
            if span.from == span.to { span.from } else { interpolate(span.from, span.to, fraction) };
        let draught_m = span.draught_from_m + (span.draught_to_m - span.draught_from_m) * fraction;
        Some(Moment { span, position, draught_m })
    }

    fn follow(&mut self, legs: impl Iterator<Item = (Position, Knots)>) {
        self.berth = None;
        for (to, speed) in legs {
            let hours = distance_m(self.place, to) / speed.metres_per_second() / 3_600.0;
            let duration_ms = libm::ceil(hours * HOUR_MS as f64) as i64;
            if duration_ms > 0 {
                self.push(to, self.now.after_ms(duration_ms), speed, self.draught_m);
            }
        }
    }

    fn push(&mut self, to: Position, end: EventTime, speed: Knots, draught_m: f64) {
        self.spans.push(Span {
            start: self.now,
            end,
            from: self.place,
            to,
            course_deg: if self.place == to { 0.0 } else { course_deg(self.place, to) },
            speed,
            activity: self.activity,
            draught_from_m: self.draught_m,
            draught_to_m: draught_m,
            destination: self.destination,
        });
        self.now = end;
        self.place = to;
        self.draught_m = draught_m;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{port, route};
    use crate::random::Random;

    const START: EventTime = EventTime::from_unix_s(1_696_118_400);

    fn crossing() -> Voyage {
        let mut random = Random::new(3);
        let from = port("RUVVO").place(Lie::Berth, &mut random);
        let to = port("KPRJN").place(Lie::Berth, &mut random);
        let mut voyage = Voyage::moored_at(from, START, 4.2);
        voyage.stay(6.0, 4.2);
        voyage.sail(&route(from, to, &mut random), Knots(11.0), "BUSAN");
        voyage.arrive(to);
        voyage.stay(30.0, 6.6);
        voyage
    }

    #[test]
    fn spans_follow_each_other_without_a_hole_or_a_leap() {
        let voyage = crossing();
        for pair in voyage.spans().windows(2) {
            assert_eq!(pair[0].end, pair[1].start);
            assert_eq!(pair[0].to, pair[1].from);
        }
        let calls: Vec<&str> = voyage.calls().iter().map(|call| call.port).collect();
        assert_eq!(calls, ["RUVVO", "KPRJN"]);
    }

    #[test]
    fn draught_changes_while_loading_only() {
        let voyage = crossing();
        let draught = |at: EventTime| voyage.at(at).expect("inside the plan").draught_m;
        let loading = voyage.calls()[1];
        assert!((draught(loading.start) - 4.2).abs() < 1e-9);
        assert!((draught(loading.start.after_hours(15.0)) - 5.4).abs() < 1e-3);
        assert!(voyage.at(voyage.now()).is_none());
    }

    #[test]
    fn a_blip_cuts_a_silence_in_two() {
        let mut voyage = crossing();
        voyage.silence(START.after_hours(10.0), START.after_hours(20.0), "test");
        voyage.blip(START.after_hours(12.0));
        assert_eq!(voyage.silences().len(), 2);
        assert_eq!(voyage.silent_until(START.after_hours(11.0)), Some(START.after_hours(12.0)));
        assert_eq!(voyage.silent_until(START.after_hours(12.0)), None);
        assert_eq!(voyage.silent_until(START.after_hours(13.0)), Some(START.after_hours(20.0)));
    }
}
