//! Who hears a transmission: shore stations, whose hearing fades with distance and changes with the weather, and satellites,
//! which pass now and then and miss much where many ships talk at once.
//!
//! Whether a message is heard follows from the seed, the station, the ship and the moment, and from nothing else.

use crate::fleet::Class;
use crate::random::{Random, hash_below, hash_spread, hash_unit};
use crate::sphere::{Position, distance_m};
use crate::time::{EventTime, HOUR_MS, MINUTE_MS, SECOND_MS};

/// A time from its first moment up to its last, which is outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub start: EventTime,
    /// The first moment after it.
    pub end: EventTime,
}

impl Window {
    /// The moment is inside.
    pub fn holds(self, at: EventTime) -> bool {
        self.start <= at && at < self.end
    }
}

/// Where a receiver stands or flies.
#[derive(Clone, Debug)]
pub enum Site {
    /// An antenna on a hill.
    Shore {
        /// Where it stands.
        position: Position,
        /// How far it hears class A in ordinary weather, metres.
        range_m: f64,
    },
    /// A satellite, or several of one operator; all of the scenario's area is inside its footprint.
    Satellite {
        /// When it is above the area, in time order.
        passes: Vec<Window>,
        /// The share of messages that it decodes on the open sea.
        odds: f64,
    },
}

/// A receiver.
#[derive(Clone, Debug)]
pub struct Station {
    /// Its name in TAG blocks.
    pub name: &'static str,
    /// Talker and type of its sentences.
    pub formatter: &'static str,
    /// Where it is.
    pub site: Site,
    /// It is a base station as well and sends message 4 under this MMSI.
    pub base_mmsi: Option<u32>,
    /// When it is out of order.
    pub down: Vec<Window>,
    /// How far its clock, and so the time of its lines, is ahead, ms.
    pub clock_ahead_ms: i64,
    /// A satellite hears only what is within so many metres of a place; `None`: all.
    pub footprint: Option<(Position, f64)>,
}

/// Whether stations that are out of order count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stations {
    /// As it was.
    AsTheyWere,
    /// As if none had ever failed.
    AllUp,
}

/// One station that has heard a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hearing {
    /// Index of the station.
    pub station: usize,
    /// Time until its line reaches the feed, ms.
    pub delay_ms: i64,
}

/// One transmission, as far as reception goes.
#[derive(Clone, Copy, Debug)]
pub struct Transmission {
    /// The sender.
    pub mmsi: u32,
    /// Tells the sender's messages of one moment apart.
    pub kind: u64,
    /// When.
    pub at: EventTime,
    /// From where.
    pub position: Position,
    /// How strong.
    pub class: Class,
    /// On the long-range channels, which only satellites hear, and well.
    pub long_range: bool,
    /// The sender's share of the usual odds.
    pub strength: f64,
}

/// All stations of a scenario.
#[derive(Clone, Debug)]
pub struct Reception {
    /// The stations.
    pub stations: Vec<Station>,
    /// The seed of what is heard.
    pub seed: u64,
}

/// A class B set has 2 W and a low antenna: its share of the range.
const CLASS_B_RANGE: f64 = 0.55;
/// Share of messages heard beside the antenna; the rest is lost to collisions.
const BEST_ODDS: f64 = 0.97;
/// The weather makes a range longer or shorter by up to this share.
const WEATHER: f64 = 0.18;
/// How long the weather takes to change, ms.
const WEATHER_MS: i64 = 6 * HOUR_MS;
/// What is left of a satellite's odds within reach of the shore stations, where the traffic is.
const CROWDED: f64 = 0.25;
/// How much better than others a satellite hears long-range messages.
const LONG_RANGE_ODDS: f64 = 4.0;
/// No ship of a scenario is faster, m/s.
const FASTEST_M_PER_S: f64 = 20.0;
/// Metres in a degree of latitude, rounded down.
const METRES_PER_DEGREE: f64 = 111_000.0;

impl Station {
    /// A shore station with its range in nautical miles.
    pub fn shore(name: &'static str, lon: f64, lat: f64, range_nm: f64) -> Self {
        let site = Site::Shore {
            position: Position::new(lon, lat),
            range_m: range_nm * crate::sphere::NAUTICAL_MILE_M,
        };
        Self {
            name,
            formatter: "AIVDM",
            site,
            base_mmsi: None,
            down: Vec::new(),
            clock_ahead_ms: 0,
            footprint: None,
        }
    }

    /// A shore station that sends as well: a base station.
    #[must_use]
    pub fn with_base(mut self, mmsi: u32) -> Self {
        self.base_mmsi = Some(mmsi);
        self
    }

    /// A station with another talker.
    #[must_use]
    pub fn with_formatter(mut self, formatter: &'static str) -> Self {
        self.formatter = formatter;
        self
    }

    /// A station that is out of order from one hour after `start` to another.
    #[must_use]
    pub fn with_outage(mut self, start: EventTime, from_hour: f64, to_hour: f64) -> Self {
        self.down.push(Window { start: start.after_hours(from_hour), end: start.after_hours(to_hour) });
        self
    }

    /// A satellite that hears only what is within `radius_m` metres of a place.
    #[must_use]
    pub fn above(mut self, place: Position, radius_m: f64) -> Self {
        self.footprint = Some((place, radius_m));
        self
    }

    /// Satellites that differ in nothing but the times of their passes.
    pub fn satellites(
        names: &[&'static str],
        random: &mut Random,
        span: Window,
        every_hours: f64,
        odds: f64,
    ) -> Vec<Self> {
        names.iter().map(|name| Self::satellite(name, random, span, every_hours, odds)).collect()
    }

    /// A satellite that passes about every `every_hours` for 8 to 13 minutes.
    pub fn satellite(
        name: &'static str,
        random: &mut Random,
        span: Window,
        every_hours: f64,
        odds: f64,
    ) -> Self {
        let mut passes = Vec::new();
        let mut start = span.start.after_hours(every_hours * random.unit());
        while start < span.end {
            let end = start.after_ms((random.between(8.0, 13.0) * MINUTE_MS as f64) as i64);
            passes.push(Window { start, end });
            start = start.after_hours(every_hours * random.between(0.85, 1.15));
        }
        Self {
            name,
            formatter: "AIVDM",
            site: Site::Satellite { passes, odds },
            base_mmsi: None,
            down: Vec::new(),
            clock_ahead_ms: 0,
            footprint: None,
        }
    }

    fn is_down(&self, at: EventTime) -> bool {
        self.down.iter().any(|window| window.holds(at))
    }
}

impl Reception {
    /// Adds the stations that hear a transmission to `heard`, in the order of the stations.
    pub fn hear(&self, sent: &Transmission, heard: &mut Vec<Hearing>) {
        let mut crowded = false;
        for (index, station) in self.stations.iter().enumerate() {
            let words = [self.seed, index as u64, u64::from(sent.mmsi), sent.at.0.cast_unsigned(), sent.kind];
            let odds = self.station_odds(index, sent, &mut crowded);
            if odds > 0.0 && !station.is_down(sent.at) && hash_unit(&words) < odds {
                let longest_ms = match station.site {
                    Site::Shore { .. } => 2_500,
                    Site::Satellite { .. } => 20_000,
                };
                let delay_ms =
                    150 + hash_below(&[words[1], words[2], words[3], sent.kind, 1], longest_ms).cast_signed();
                heard.push(Hearing { station: index, delay_ms });
            }
        }
    }

    /// The probability that at least one station hears a transmission.
    pub fn odds(&self, sent: &Transmission, which: Stations) -> f64 {
        let mut crowded = false;
        let mut missed = 1.0;
        for (index, station) in self.stations.iter().enumerate() {
            let odds = self.station_odds(index, sent, &mut crowded);
            if which == Stations::AllUp || !station.is_down(sent.at) {
                missed *= 1.0 - libm::fmin(odds, 1.0);
            }
        }
        1.0 - missed
    }

    /// The probability that one station hears a transmission while it is up. `crowded` tells those after it that this is
    /// within reach of a shore station.
    fn station_odds(&self, index: usize, sent: &Transmission, crowded: &mut bool) -> f64 {
        let station = &self.stations[index];
        let odds = match &station.site {
            Site::Shore { position, range_m } => {
                let share = self.share_of_range(index, *position, *range_m, sent);
                *crowded |= share < 1.0;
                if sent.long_range { 0.0 } else { shore_odds(share) }
            }
            Site::Satellite { passes, odds } => {
                let above = pass_at_or_after(passes, sent.at).is_some_and(|pass| pass.holds(sent.at));
                let below = station
                    .footprint
                    .is_none_or(|(centre, radius_m)| distance_m(centre, sent.position) <= radius_m);
                if above && below { odds * satellite_factor(sent, *crowded) } else { 0.0 }
            }
        };
        odds * sent.strength
    }

    /// If nobody could hear a ship at `position` now, a moment up to which that certainly stays so.
    pub fn deaf_until(&self, position: Position, at: EventTime) -> Option<EventTime> {
        let mut until = EventTime(i64::MAX);
        for station in &self.stations {
            let next = match &station.site {
                Site::Shore { position: antenna, range_m } => {
                    let margin_m = distance_m(*antenna, position) - range_m * (1.0 + WEATHER);
                    if margin_m <= 0.0 {
                        return None;
                    }
                    at.after_ms((margin_m / FASTEST_M_PER_S * SECOND_MS as f64) as i64)
                }
                Site::Satellite { passes, .. } => match pass_at_or_after(passes, at) {
                    Some(pass) if pass.holds(at) => return None,
                    Some(pass) => pass.start,
                    None => EventTime(i64::MAX),
                },
            };
            until = until.min(next);
        }
        Some(until)
    }

    /// Distance as a share of the station's range of the hour; 1 and more is out of range.
    fn share_of_range(&self, index: usize, antenna: Position, range_m: f64, sent: &Transmission) -> f64 {
        let farthest_m = range_m * (1.0 + WEATHER);
        if libm::fabs(antenna.lat - sent.position.lat) * METRES_PER_DEGREE > farthest_m {
            return f64::INFINITY;
        }
        let class = match sent.class {
            Class::A => 1.0,
            Class::B => CLASS_B_RANGE,
        };
        let weather = 1.0 + WEATHER * self.weather(index, sent.at);
        distance_m(antenna, sent.position) / (range_m * class * weather)
    }

    /// From -1 to 1, changing smoothly.
    fn weather(&self, index: usize, at: EventTime) -> f64 {
        let spell = at.0.div_euclid(WEATHER_MS);
        let share = at.0.rem_euclid(WEATHER_MS) as f64 / WEATHER_MS as f64;
        let of = |spell: i64| hash_spread(&[self.seed, index as u64, 2, spell.cast_unsigned()]);
        of(spell) * (1.0 - share) + of(spell + 1) * share
    }
}

fn shore_odds(share_of_range: f64) -> f64 {
    let square = share_of_range * share_of_range;
    libm::fmax(0.0, BEST_ODDS * (1.0 - square * square))
}

fn satellite_factor(sent: &Transmission, crowded: bool) -> f64 {
    let class = match sent.class {
        Class::A => 1.0,
        Class::B => 0.3,
    };
    if sent.long_range {
        LONG_RANGE_ODDS
    } else if crowded {
        CROWDED * class
    } else {
        class
    }
}

fn pass_at_or_after(passes: &[Window], at: EventTime) -> Option<Window> {
    passes.get(passes.partition_point(|pass| pass.end <= at)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: EventTime = EventTime::from_unix_s(1_696_118_400);

    fn sent(position: Position, minute: i64, class: Class) -> Transmission {
        let at = START.after_ms(minute * MINUTE_MS);
        Transmission { mmsi: 273_000_001, kind: 0, at, position, class, long_range: false, strength: 1.0 }
    }

    fn share_heard(reception: &Reception, position: Position, class: Class) -> f64 {
        let mut heard = Vec::new();
        (0..2_000).for_each(|minute| reception.hear(&sent(position, minute, class), &mut heard));
        heard.len() as f64 / 2_000.0
    }

    #[test]
    fn a_shore_station_hears_less_the_farther_a_ship_is_and_nothing_beyond_its_range() {
        let reception = Reception { stations: vec![Station::shore("rVVO", 131.9, 43.1, 30.0)], seed: 5 };
        let shares: Vec<f64> = [43.0, 42.75, 42.65, 42.0]
            .map(|lat| share_heard(&reception, Position::new(131.9, lat), Class::A))
            .into();
        assert!(
            shares[0] > 0.93 && shares[0] > shares[1] && shares[1] > shares[2] && shares[2] > 0.1,
            "{shares:?}"
        );
        assert!(shares[3] < 1e-9);
        assert!(share_heard(&reception, Position::new(131.9, 42.75), Class::B) < shares[1]);
        assert_eq!(reception.deaf_until(Position::new(131.9, 42.9), START), None);
        assert!(reception.deaf_until(Position::new(131.9, 42.0), START).is_some_and(|until| until > START));
    }

    #[test]
    fn a_satellite_hears_during_its_passes_only() {
        let span = Window { start: START, end: START.after_hours(48.0) };
        let station = Station::satellite("rSAT", &mut Random::new(1), span, 4.0, 0.5);
        let Site::Satellite { passes, .. } = station.site.clone() else { panic!("a satellite") };
        let reception = Reception { stations: vec![station], seed: 5 };
        let mut heard_in_passes = 0;
        for minute in 0..48 * 60 {
            let mut heard = Vec::new();
            let sent = sent(Position::new(134.0, 41.0), minute, Class::A);
            reception.hear(&sent, &mut heard);
            assert!(heard.is_empty() || passes.iter().any(|pass| pass.holds(sent.at)));
            heard_in_passes += heard.len();
        }
        assert!(heard_in_passes > 20);
    }
}
