//! Random worlds: a few ships and what they send, as decoded reports or as sentences.

use std::sync::Arc;

use decode::nmea::NmeaDecoder;
use decode::{Content, Decoded, Settings, Stamp, TagChecksum};
use model::report::NoPositionReport;
use model::{
    CompactString, Dimensions, EventTime, MessageType, Mmsi, Origin, Payload, Position, PositionReport,
    StaticReport, Statics, Transmission,
};
use sim::encode::{
    Channel, ExtendedB, LongRange, PositionA, PositionB, StaticA, StaticB, StaticBPart, sentences, tag_block,
};
use sim::random::{Random, hash};

use crate::harbours::Harbours;
use crate::voyage::{HOUR, MINUTE, Voyage};

/// How often ships are heard, and for how long a world lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Every 10 s for hours.
    Dense,
    /// Every 10 s to 30 min for two days.
    Mixed,
    /// Every 10 min to 3 h for nine days.
    Sparse,
}

/// What else there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// Every report is of one ship and has its own payload.
    Calm,
    /// Shared numbers, false fixes, repeated payloads, wrong stamps, late reports.
    Wild,
}

/// A world.
#[derive(Debug)]
pub struct World {
    /// Its ports.
    pub harbours: Harbours,
    /// What is sent, by time.
    pub sent: Vec<Sent>,
    /// When ships came to or left somewhere.
    pub turns: Vec<(u32, i64)>,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When, in milliseconds.
    pub t: i64,
    /// Who.
    pub mmsi: u32,
    /// AIS message type.
    pub kind: u8,
    /// Tells messages apart that say the same.
    pub nonce: u32,
    /// What.
    pub what: What,
    /// When it arrives, if that is not when it is sent.
    pub arrival: Option<i64>,
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum What {
    /// Where the ship is; with the static values of a row.
    Fix { lon: f64, lat: f64, sog: Option<f64>, status: Option<u8>, row: Option<Arc<Statics>> },
    /// That it transmits.
    NoFix { row: Option<Arc<Statics>> },
    /// Who it is.
    Static(Arc<Statics>),
}

struct ShipPlan {
    mmsi: u32,
    is_class_b: bool,
    is_in_rows: bool,
    span: (i64, i64),
}

impl World {
    /// The world of a seed.
    pub fn random(seed: u64, profile: Profile, temper: Temper) -> World {
        let random = &mut Random::for_purpose(seed, 1);
        let harbours = Harbours::random(random);
        let start = 1_700_000_000_000 + random.below(1_000_000) as i64 * 1_000;
        let hours = match profile {
            Profile::Dense => 9,
            Profile::Mixed => 44,
            Profile::Sparse => 9 * 24,
        };
        let mut world = World { harbours, sent: Vec::new(), turns: Vec::new() };
        let ships = if profile == Profile::Dense { 2 } else { 2 + random.below(5) };
        for number in 0..ships as u32 {
            let is_shared = temper == Temper::Wild && number == 1;
            let plan = ShipPlan {
                mmsi: 273_000_001 + if is_shared { 0 } else { number * 7_919 },
                is_class_b: random.below(4) == 0,
                is_in_rows: random.below(5) == 0,
                span: (start, start + hours * HOUR),
            };
            world.ship(random, &plan, profile, temper);
        }
        if temper == Temper::Wild {
            world.disturb(random);
            if profile == Profile::Mixed {
                world.crowd(random, (start, start + hours * HOUR));
            }
        }
        world.sent.sort_by_key(|sent| (sent.t, sent.mmsi, sent.kind, sent.nonce));
        world
    }

    fn ship(&mut self, random: &mut Random, plan: &ShipPlan, profile: Profile, temper: Temper) {
        const DENSE: &[i64] = &[10, 10, 10, 30, 120];
        const MIXED: &[i64] = &[10, 60, 180, 180, 600, 600, 1_740, 1_800, 1_860];
        const SPARSE: &[i64] = &[600, 1_200, 1_800, 3_600, 7_200, 10_800];
        let (start, end) = plan.span;
        let voyage = Voyage::random(random, &self.harbours.berths, plan.span);
        self.turns.extend(voyage.turns.iter().map(|t| (plan.mmsi, *t)));
        let mut statics = self.statics(random, plan);
        let (mut t, mut next_static) = (start + random.below(600) as i64 * 1_000, start);
        let mut heard = 0;
        while t < end {
            let step_s = *random.pick(match profile {
                Profile::Dense => DENSE,
                Profile::Mixed => MIXED,
                Profile::Sparse => SPARSE,
            });
            // Ten-second spells are short but for those of dense worlds.
            let spell_s = if step_s < 60 { *random.pick(&[600, 1_800, 3_600]) } else { step_s * 8 };
            let spell_s = if profile == Profile::Dense { spell_s * 3 } else { spell_s };
            let until = end.min(t + spell_s * 1_000);
            let (is_silent, is_blind) = (random.below(5) == 0, random.below(9) == 0);
            let hears_static = !is_silent || random.below(2) == 0;
            while t < until {
                if t >= next_static {
                    next_static = t + *random.pick(&[6, 12, 40]) * MINUTE;
                    if random.below(6) == 0 {
                        statics = self.statics(random, plan);
                    }
                    if hears_static && !plan.is_in_rows {
                        self.say_statics(random, plan, t + 1_000, &statics);
                    }
                }
                if !is_silent && heard < 3_000 {
                    heard += 1;
                    let what = self.fix(random, plan, voyage.at(t), &statics, is_blind);
                    let kind = match plan.is_class_b {
                        true if !plan.is_in_rows && random.below(9) == 0 => 19,
                        true => 18,
                        false if temper == Temper::Wild && random.below(30) == 0 => 27,
                        false => 1 + 2 * (random.below(6) / 5) as u8,
                    };
                    self.send(t, plan.mmsi, kind, what);
                }
                let jitter = if step_s > 60 { random.below(20) as i64 * 1_000 } else { 0 };
                t += step_s * 1_000 + jitter;
            }
        }
    }

    /// Ships that go to and fro off the first port all the time: by them it is known who is heard there.
    fn crowd(&mut self, random: &mut Random, (start, end): (i64, i64)) {
        const STEP: i64 = 4 * MINUTE;
        let (x, y) = self.harbours.berths[0];
        for number in 0..5_u32 {
            let (phase, far) = (random.unit() * std::f64::consts::TAU, random.between(4.0, 12.0));
            let mut t = start + random.below(240) as i64 * 1_000;
            while t < end {
                let turn = phase + (t - start) as f64 / HOUR as f64;
                let place = (x + far * turn.cos(), y + 5.0 + far * turn.sin());
                let (lon, lat) = self.harbours.plane.degrees(place);
                let what = What::Fix { lon, lat, sog: Some(far / 1.852), status: Some(0), row: None };
                self.send(t, 440_100_001 + number, 1, what);
                t += STEP + random.below(30) as i64 * 1_000;
            }
        }
    }

    fn send(&mut self, t: i64, mmsi: u32, kind: u8, what: What) {
        let nonce = self.sent.len() as u32;
        self.sent.push(Sent { t, mmsi, kind, nonce, what, arrival: None });
    }

    fn fix(
        &self,
        random: &mut Random,
        plan: &ShipPlan,
        (place, speed_kn): ((f64, f64), f64),
        statics: &Arc<Statics>,
        is_blind: bool,
    ) -> What {
        let row = (plan.is_in_rows || plan.is_class_b && random.below(2) == 0).then(|| Arc::clone(statics));
        if is_blind && random.below(8) > 0 {
            return What::NoFix { row };
        }
        let metres = 0.004;
        let place = (place.0 + random.between(-metres, metres), place.1 + random.between(-metres, metres));
        let (lon, lat) = self.harbours.plane.degrees(place);
        let is_at_rest = speed_kn < 0.6;
        let sog = if is_at_rest { random.between(0.0, 0.5) } else { speed_kn };
        let status = if is_at_rest { *random.pick(&[1, 5, 5, 0]) } else { 0 };
        What::Fix {
            lon,
            lat,
            sog: (random.below(40) > 0).then_some(sog),
            status: (!plan.is_class_b).then_some(status),
            row,
        }
    }

    fn statics(&self, random: &mut Random, plan: &ShipPlan) -> Arc<Statics> {
        let maybe =
            |random: &mut Random, text: &str| (random.below(5) > 0).then(|| CompactString::from(text));
        let destination = *random.pick(&["RAJIN", "DUNAI", "VOSTOCHNY", "SEA"]);
        let side = 10 + random.below(3) as u16;
        let class_a = !plan.is_class_b;
        Arc::new(Statics {
            draught: (class_a && random.below(5) > 0).then(|| 40 + random.below(6) as u16),
            imo: (class_a && random.below(2) == 0).then_some(9_179_842),
            ship_type: Some(70),
            dimensions: Dimensions::from_reference(150, 49, side, 12),
            destination: maybe(random, destination).filter(|_| class_a),
            name: maybe(random, if plan.mmsi.is_multiple_of(2) { "MINERVA" } else { "ANGARA" }),
            callsign: maybe(random, "UBXY"),
        })
    }

    fn say_statics(&mut self, random: &mut Random, plan: &ShipPlan, t: i64, statics: &Arc<Statics>) {
        if !plan.is_class_b {
            return self.send(t, plan.mmsi, 5, What::Static(Arc::clone(statics)));
        }
        let name = Statics { name: statics.name.clone(), ..Statics::default() };
        let ship =
            Statics { name: None, destination: None, draught: None, imo: None, ..Statics::clone(statics) };
        self.send(t, plan.mmsi, 24, What::Static(Arc::new(name)));
        if random.below(3) > 0 {
            self.send(t + 1_000, plan.mmsi, 24, What::Static(Arc::new(ship)));
        }
    }

    /// Copies, false fixes, wrong stamps and late arrivals.
    fn disturb(&mut self, random: &mut Random) {
        for at in 0..self.sent.len() {
            match random.below(120) {
                0 => {
                    let seconds = *random.pick(&[5, 29, 31, 300, 1_700]);
                    let copy = &self.sent[at];
                    let copy = Sent { t: copy.t + seconds * 1_000, ..copy.clone() };
                    self.sent.push(copy);
                }
                1 | 2 => {
                    if let What::Fix { lat, .. } = &mut self.sent[at].what {
                        *lat += *random.pick(&[-2.0, 0.3, 1.5]);
                    }
                }
                3 => self.sent[at].t += *random.pick(&[8, 11, 40, 180]) * MINUTE,
                4..=7 => {
                    let delay = *random.pick(&[31_000, 10 * MINUTE, 3 * HOUR, 30 * HOUR, 80 * HOUR]);
                    self.sent[at].arrival = Some(self.sent[at].t + delay);
                }
                _ => {}
            }
        }
    }
}

impl Sent {
    /// As the decoder would give it.
    pub fn decoded(&self) -> Decoded {
        let (t, mmsi, kind) = (EventTime(self.t), Mmsi(self.mmsi), MessageType(self.kind));
        let word = hash(&[u64::from(self.nonce), u64::from(self.mmsi)]);
        let (payload, lines, origin) = (Payload([word, u64::from(self.nonce), 0]), 1, Origin::default());
        let transmission = match &self.what {
            What::Fix { lon, lat, sog, status, row } => Transmission::Position(PositionReport {
                t,
                mmsi,
                position: Position::from_degrees(*lon, *lat).unwrap(),
                sog: sog.map(|sog| (sog * 10.0).round() as u16),
                cog: None,
                heading: None,
                nav_status: *status,
                kind,
                lines,
                payload,
                origin,
                statics: row.clone(),
            }),
            What::NoFix { row } => Transmission::NoPosition(NoPositionReport {
                t,
                mmsi,
                kind,
                lines,
                payload,
                origin,
                statics: row.clone(),
            }),
            What::Static(statics) => {
                let statics = Arc::clone(statics);
                Transmission::Static(StaticReport { t, mmsi, kind, lines, payload, origin, statics })
            }
        };
        Decoded {
            stamp: Some(Stamp { t, mmsi }),
            lines,
            kind: Some(self.kind),
            station: 0,
            origin,
            content: Content::Transmission(transmission),
        }
    }

    /// As sentences with TAG blocks.
    pub fn lines(&self, station: &str) -> Vec<String> {
        let lines = sentences(&self.payload(), "AIVDM", Channel::A, (self.nonce % 10) as u8);
        let (total, time) = (lines.len(), (self.t / 1_000).to_string());
        let tagged = lines.iter().enumerate().map(|(at, line)| {
            let group = format!("{}-{total}-{}", at + 1, self.nonce % 9_999);
            let block = match (total, at) {
                (1, _) => tag_block(&[("s", station), ("c", &time)]),
                (_, 0) => tag_block(&[("g", &group), ("s", station), ("c", &time)]),
                _ => tag_block(&[("g", &group)]),
            };
            block + line
        });
        tagged.collect()
    }

    /// As read from its sentences.
    pub fn read_back(&self) -> Decoded {
        let mut decoder = NmeaDecoder::new(SETTINGS, None);
        let mut whole = None;
        for line in self.lines("rTEST") {
            decoder.decode(line.as_bytes(), Origin::default(), &mut |decoded| whole = Some(decoded));
        }
        whole.unwrap()
    }

    fn payload(&self) -> sim::encode::Payload {
        let mmsi = self.mmsi;
        let radio = self.nonce & 0x7_FFFF;
        let (position, speed_kn, status, row) = match &self.what {
            What::Fix { lon, lat, sog, status, row } => {
                (Some(sim::sphere::Position::new(*lon, *lat)), *sog, *status, row.clone())
            }
            What::NoFix { row } => (None, None, None, row.clone()),
            What::Static(statics) => return self.static_payload(statics),
        };
        match self.kind {
            18 => PositionB { mmsi, speed_kn, position, radio, ..PositionB::default() }.encode(),
            19 => {
                let name = row.and_then(|row| row.name.as_ref().map(ToString::to_string));
                let second = Some((self.nonce % 60) as u8);
                ExtendedB { mmsi, speed_kn, position, name, second, ..ExtendedB::default() }.encode()
            }
            27 => LongRange { mmsi, speed_kn, position, status, ..LongRange::default() }.encode(),
            _ => PositionA { mmsi, speed_kn, position, status, radio, ..PositionA::default() }.encode(),
        }
    }

    fn static_payload(&self, statics: &Statics) -> sim::encode::Payload {
        let text = |text: &Option<CompactString>| text.as_ref().map(ToString::to_string);
        let dimensions = statics.dimensions.map(|size| match size {
            Dimensions::FromReference { bow, stern, port, starboard } => {
                sim::encode::Dimensions { bow, stern, port: port as u8, starboard: starboard as u8 }
            }
            Dimensions::LengthWidth { .. } => unreachable!("worlds have none of these"),
        });
        if self.kind == 5 {
            return StaticA {
                mmsi: self.mmsi,
                imo: statics.imo,
                callsign: text(&statics.callsign),
                name: text(&statics.name),
                ship_type: statics.ship_type,
                dimensions,
                draught_m: statics.draught.map(|tenths| f64::from(tenths) / 10.0),
                destination: text(&statics.destination),
                ..StaticA::default()
            }
            .encode();
        }
        let part = if statics.dimensions.is_none() {
            StaticBPart::Name(text(&statics.name))
        } else {
            StaticBPart::Ship {
                ship_type: statics.ship_type,
                vendor: ("SRT".to_owned(), 1, self.nonce & 0xF_FFFF),
                callsign: text(&statics.callsign),
                dimensions,
                fixing_device: Some(1),
            }
        };
        StaticB { mmsi: self.mmsi, part }.encode()
    }
}

/// Settings of the decoder of these worlds.
pub const SETTINGS: Settings =
    Settings { latest: EventTime(2_000_000_000_000), tag_checksum: TagChecksum::Lenient };
