//! One sentence that says what an alert says, fit to be read aloud.

use model::alert::{
    Alert, AlertKind, Cause, Changed, DarkHop, DarkPeriod, Ending, Finding, Grade, InReach, Notice, Status,
};
use model::{EventTime, Fact, PortIndex, Position, StaticKey, VisitClass};

use super::Writer;

impl Writer<'_> {
    /// The sentence.
    pub(super) fn explain(&self, alert: &Alert) -> String {
        let ship = ship(alert);
        let told = match &alert.finding {
            Finding::Dark(period) => self.dark(&ship, period),
            Finding::Fact(told) => self.fact(&ship, &told.fact, told.provisional),
            Finding::DarkHop(hop) => self.dark_hop(&ship, hop),
            Finding::InReach(reach) => self.in_reach(&ship, reach),
            Finding::Withheld(withheld) => {
                let hours = hours(withheld.span.length_ms());
                let since = moment(withheld.span.start);
                match withheld.end {
                    Some(_) => format!("{ship} transmitted without a position for {hours} from {since} on."),
                    None => format!("{ship} has transmitted without a position for {hours}, since {since}."),
                }
            }
            Finding::Conflict(conflict) => format!(
                "{ship} shares its MMSI with another ship {:.0} km away: no ship can be in both places.",
                conflict.distance_m / 1_000.0
            ),
            Finding::Changed(changed) => changed_told(&ship, changed),
            Finding::Notice(notice) => notice_told(notice),
            Finding::Sighting(matched) => self.sighting(&ship, matched),
        };
        if alert.status == Status::Retracted { format!("Not so, later reports show: {told}") } else { told }
    }

    pub(super) fn name(&self, port: PortIndex) -> &str {
        &self.ports.get(port).name
    }

    fn dark(&self, ship: &str, period: &DarkPeriod) -> String {
        let first = &period.parts[0];
        let (since, length) = (moment(first.heard), hours(period.silent_ms));
        let mut text = match (period.end, period.ending) {
            (None, Some(Ending::Expired)) => format!("{ship} has not been heard for 30 days, since {since}"),
            (None, _) => format!("{ship} has been silent for {length}, since {since}"),
            (Some(end), _) => {
                let far_km = end.position.distance_m(first.start.position) / 1_000.0;
                format!(
                    "{ship} was silent for {length} from {since} on and was heard again {far_km:.0} km away"
                )
            }
        };
        text += &self.why_dark(period);
        if period.parts.len() > 1 {
            text += &format!(", with single reports between {} silences", period.parts.len());
        }
        let draught = period.changed.iter().find(|(key, ..)| *key == StaticKey::Draught);
        if let Some((_, before, after)) = draught
            && let (Some(before), Some(after)) = (before.draught, after.draught)
        {
            let (more, deeper) = (f64::from(before.abs_diff(after)) / 10.0, after > before);
            text += &format!(", {more:.1} m {}", if deeper { "deeper" } else { "higher in the water" });
        }
        if let Some(mmsi) = period.continued_as {
            text += &format!("; its IMO number is heard as MMSI {} since", mmsi.0);
        }
        text += ".";
        if let Some(best) = period.candidates.ports.first().filter(|_| period.end.is_some()) {
            text += &format!(" It could have called at {}", self.name(best.port));
            if let Some(stay_ms) = best.longest_stay_ms {
                text += &format!(", for up to {} alongside", hours(stay_ms));
            }
            let others = period.candidates.ports.len() - 1;
            if others > 0 {
                text += &format!(
                    ", or at {}",
                    if others == 1 {
                        "another port".to_owned()
                    } else {
                        format!("one of {others} other ports")
                    }
                );
            }
            text += ".";
        } else if let Some(reach) = period.in_reach.last().filter(|_| period.end.is_none()) {
            text += &format!(" It could have reached {} by now.", self.name(reach.port));
        }
        text
    }

    fn why_dark(&self, period: &DarkPeriod) -> String {
        match (period.cause, period.grade) {
            (Cause::Vessel, Grade::Suspected) => " where it should have been heard".to_owned(),
            (Cause::Vessel, Grade::Probable) => {
                format!("{}, so it has probably switched off", others_heard(period))
            }
            (Cause::Vessel, Grade::Strong) => {
                format!(
                    "{}, and hardly anything but a switched-off transponder explains it",
                    others_heard(period)
                )
            }
            (Cause::Vessel | Cause::Reception, _) => {
                " where too little is known of reception to tell whether it transmits".to_owned()
            }
            (Cause::Outage, _) => " while a receiver there had failed".to_owned(),
            (Cause::Berth, _) => match period.berth {
                Some(port) => format!(" at its berth in {}", self.name(port)),
                None => " at its berth".to_owned(),
            },
            (Cause::Withheld, _) => " but for messages without a position".to_owned(),
            (Cause::Interference, _) => " where positions are jammed".to_owned(),
            (Cause::CoverageExit, _) => ", as it was leaving the area in which ships are heard".to_owned(),
        }
    }

    fn in_reach(&self, ship: &str, reach: &InReach) -> String {
        let by = moment(reach.reach.from);
        format!(
            "{ship}, silent since {}, could have reached {} by {by}: {:.0} nautical miles by water at {:.1} knots.",
            moment(reach.start.t),
            self.name(reach.reach.port),
            reach.reach.distance_m / model::position::NAUTICAL_MILE_M,
            f64::from(reach.speed) / 10.0
        )
    }

    fn dark_hop(&self, ship: &str, hop: &DarkHop) -> String {
        let dark_ms: i64 = hop.periods.iter().map(|period| period.length_ms()).sum();
        let via = hop.candidates.ports.first().map(|best| self.name(best.port));
        match hop.hop.as_ref().map(|told| &told.fact) {
            Some(Fact::Hop(seen)) => {
                let mut text = format!(
                    "{ship} went from {} to {} in {}, dark for {} of it",
                    self.name(hop.from),
                    self.name(seen.to),
                    hours(seen.arrival.t.0 - seen.departure.t.0),
                    hours(dark_ms)
                );
                if let Some(via) = via {
                    text += &format!("; it could have called at {via} on the way");
                }
                text + "."
            }
            Some(Fact::Visit(_) | Fact::Silence(_)) | None => {
                let left = moment(hop.departure.t);
                let mut text =
                    format!("{ship} left {} at {left} and went dark on the way", self.name(hop.from));
                if let Some(via) = via {
                    text += &format!("; it could be bound for {via}");
                }
                text + "."
            }
        }
    }

    fn fact(&self, ship: &str, fact: &Fact, provisional: bool) -> String {
        match fact {
            Fact::Silence(_) => String::new(),
            Fact::Visit(visit) => {
                let since = moment(visit.first_inside.t);
                let port = self.name(visit.port);
                match (visit.exit, visit.class) {
                    (Some(exit), VisitClass::Call) => {
                        format!("{ship} called at {port} and left it at {}.", moment(exit.t))
                    }
                    (Some(exit), VisitClass::GapCall) => format!(
                        "{ship} was silent in {port} for hours, may have called there, and was seen outside at {}.",
                        moment(exit.t)
                    ),
                    (Some(exit), VisitClass::Transit | VisitClass::Single) => {
                        format!("{ship} passed through {port} and left it at {}.", moment(exit.t))
                    }
                    (None, VisitClass::Call) => {
                        format!("{ship} has stopped in {port}, where it came in at {since}.")
                    }
                    (None, VisitClass::GapCall | VisitClass::Transit | VisitClass::Single) => {
                        format!("{ship} entered {port} at {since}.")
                    }
                }
            }
            Fact::Hop(hop) => format!(
                "{ship} went from {} to {} in {}, of which {:.0} % were observed{}.",
                self.name(hop.from),
                self.name(hop.to),
                hours(hop.arrival.t.0 - hop.departure.t.0),
                hop.observed_share * 100.0,
                if provisional { "; whether it calls there is not known yet" } else { "" }
            ),
        }
    }
}

fn changed_told(ship: &str, changed: &Changed) -> String {
    if let Some(mmsi) = changed.continued_as {
        return format!(
            "{ship} fell silent at {}, and its IMO number is now heard under MMSI {}, where it can have got.",
            moment(changed.start.t),
            mmsi.0
        );
    }
    let keys: Vec<&str> = changed.keys.iter().map(|key| key.name()).collect();
    format!(
        "{ship} came back from a silence that began at {} with another {}.",
        moment(changed.start.t),
        keys.join(", ")
    )
}

/// Where it was silent, by what was heard of others there.
fn others_heard(period: &DarkPeriod) -> String {
    let bins = || period.parts.iter().flat_map(|part| &part.bins);
    let all = bins().filter(|bin| bin.q.is_some() && bin.alive.is_some()).count();
    let heard = bins().filter(|bin| bin.q.is_some() && bin.alive == Some(1.0)).count();
    if heard == all {
        " where others were heard all the time".to_owned()
    } else if heard > 0 {
        format!(" where others were heard in {heard} of {all} spells of ten minutes")
    } else {
        " where it should have been heard, though few others were there to tell by".to_owned()
    }
}

fn notice_told(notice: &Notice) -> String {
    let (ships, of, since) = (notice.ships, notice.of, moment(notice.start));
    let place = notice.centre.map_or_else(String::new, |place| format!(" around {}", place_told(place)));
    match notice.kind {
        AlertKind::Outage => format!(
            "A receiver{place} has failed since {since}: of {of} ships in its hearing, {ships} fell silent at once."
        ),
        AlertKind::Interference => {
            format!(
                "The positions of {ships} ships have jumped{place} since {since}: satellite navigation is disturbed."
            )
        }
        AlertKind::SourceClock => {
            let (off, which) = (notice.ahead_ms.abs(), if notice.ahead_ms < 0 { "behind" } else { "ahead" });
            let off = if off < 120_000 { format!("{} s", off / 1_000) } else { hours(off) };
            format!(
                "The clock of a receiver is {off} {which}, since {since}: so say others that heard the same messages. \
                 Its reports are left out until it is right again."
            )
        }
        AlertKind::Dark
        | AlertKind::Hop
        | AlertKind::DarkHop
        | AlertKind::IdentityConflict
        | AlertKind::IdentityChanged
        | AlertKind::InReach
        | AlertKind::Sighting
        | AlertKind::Visit
        | AlertKind::Withheld => String::new(),
    }
}

/// `42.20 N 130.30 E`.
pub(super) fn place_told(place: Position) -> String {
    let (ns, ew) = (if place.lat < 0 { "S" } else { "N" }, if place.lon < 0 { "W" } else { "E" });
    let degrees = |units: i32| f64::from(units.abs()) / 1e6;
    format!("{:.2} {ns} {:.2} {ew}", degrees(place.lat), degrees(place.lon))
}

fn ship(alert: &Alert) -> String {
    let Some(vessel) = &alert.vessel else { return String::new() };
    match &vessel.statics.name {
        Some(called) => format!("{called} (MMSI {})", vessel.track),
        None => format!("The ship with MMSI {}", vessel.track),
    }
}

/// `2023-10-01 12:34 UTC`.
pub(super) fn moment(t: EventTime) -> String {
    let iso = t.to_iso();
    format!("{} {} UTC", &iso[..10], &iso[11..16])
}

pub(super) fn hours(duration_ms: i64) -> String {
    let minutes = duration_ms / 60_000;
    if minutes < 120 {
        format!("{minutes} min")
    } else {
        format!("{:.1} h", duration_ms as f64 / 3_600_000.0)
    }
}
