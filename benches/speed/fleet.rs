//! Fleets of any size in which all ships are heard all the time: sentences as a network of shore stations delivers them,
//! and rows of tables.
//!
//! Three in ten ships lie in ports, more than half sail within sight of one, the rest is at sea. Those under way go north
//! and south again, at their speed. Three quarters are class A. Each tenth report is heard by a second station, too.

use std::io::Write;

use geofence::Geofence;
use geofence::sea::Sea;
use model::{Cell, EventTime, Position, Shape};
use sim::random::Random;

use super::symbols::{armour, checksum, hex, put};

/// The first report: 2023-10-01T00:00:00Z.
pub const START_MS: i64 = 1_696_118_400_000;
/// How often a ship reports, unless it is asked for something else.
pub const INTERVAL_MS: i64 = 60_000;
/// Each of so many reports is heard twice.
const TWICE: u64 = 10;
/// In so many tenths ships lie in ports, sail near one, or anywhere.
const IN_PORT: u64 = 3;
const NEAR_PORT: u64 = 9;
/// How far from a port, degrees.
const NEAR_DEG: f64 = 1.5;
/// North and south of these hardly anybody sails, degrees.
const LATITUDES: (f64, f64) = (-55.0, 70.0);
/// A place is looked for so often; then it is taken as it is.
const TRIES: u32 = 64;
/// Numbers of ships are dealt over this range, from `FIRST_MMSI` on, by a factor that has no divisor in common with it.
const MMSI_RANGE: u64 = 575_000_000;
const FIRST_MMSI: u64 = 200_000_000;
const MMSI_FACTOR: u64 = 238_607_479;
/// Ships turn after this.
const LEG_MS: i64 = 7_200_000;
const UNITS: f64 = 1e6;
/// AIS counts in 1/10,000 minute.
const AIS_PER_DEGREE: f64 = 600_000.0;

/// Whose rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Danish Maritime Authority.
    Aisdk,
    /// MarineCadastre.
    Noaa,
}

impl Rows {
    /// The first line of a table.
    pub fn header(self) -> &'static str {
        match self {
            Rows::Aisdk => {
                "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,\
                 Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,Destination,\
                 ETA,Data source type,Size A,Size B,Size C,Size D"
            }
            Rows::Noaa => {
                "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,\
                 Draft,Cargo,TransceiverClass"
            }
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Rows::Aisdk => "aisdk",
            Rows::Noaa => "noaa",
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Ship {
    mmsi: u32,
    /// In the middle of its way, 10⁻⁶ degree.
    lon: i32,
    lat: i32,
    /// 0.1 kn; 0 where it lies.
    speed: u16,
    is_class_b: bool,
}

/// One report.
#[derive(Clone, Copy, Debug)]
struct Report {
    ship: Ship,
    t_ms: i64,
    lat: i32,
    /// 0.1°.
    course: u16,
}

/// A fleet, and how far its feed is.
#[derive(Clone, Debug)]
pub struct Fleet {
    ships: Vec<Ship>,
    interval_ms: i64,
    next: u64,
}

impl Fleet {
    /// Puts so many ships into the waters of the world; the same for the same ports.
    pub fn new(count: usize, geofence: &Geofence) -> Fleet {
        let mut random = Random::new(1);
        let ships = (0..count as u64).map(|number| ship(number, geofence, &mut random)).collect();
        Fleet { ships, interval_ms: INTERVAL_MS, next: 0 }
    }

    /// The same fleet, each ship of which reports this often.
    pub fn every(mut self, interval_ms: i64) -> Fleet {
        self.interval_ms = interval_ms;
        self
    }

    /// Ships.
    pub fn count(&self) -> usize {
        self.ships.len()
    }

    /// When the next report is sent.
    pub fn now(&self) -> EventTime {
        EventTime(self.t_ms(self.next))
    }

    /// Appends the lines of the next `reports` reports.
    pub fn sentences(&mut self, reports: usize, out: &mut Vec<u8>) {
        for _ in 0..reports {
            let number = self.next;
            let report = self.report();
            let sentence = report.sentence(number);
            let station = report.station();
            tagged(station, report.t_ms, &sentence, out);
            if number.is_multiple_of(TWICE) {
                tagged(station + 1, report.t_ms, &sentence, out);
            }
        }
    }

    /// Appends the next `reports` rows.
    pub fn rows(&mut self, rows: Rows, reports: usize, out: &mut Vec<u8>) {
        for _ in 0..reports {
            self.report().row(rows, out);
        }
    }

    fn t_ms(&self, number: u64) -> i64 {
        let count = self.ships.len() as u64;
        let (round, place) = ((number / count) as i64, (number % count) as i64);
        START_MS + round * self.interval_ms + place * self.interval_ms / count as i64
    }

    fn report(&mut self) -> Report {
        let (number, count) = (self.next, self.ships.len() as u64);
        self.next += 1;
        let ship = self.ships[(number % count) as usize];
        let t_ms = self.t_ms(number);
        // Each starts somewhere on its way.
        let on_way = (t_ms - START_MS + i64::from(ship.mmsi % 7_200) * 1_000).rem_euclid(2 * LEG_MS);
        let is_north = on_way < LEG_MS;
        let from_south_ms = if is_north { on_way } else { 2 * LEG_MS - on_way };
        // A knot is a minute of latitude an hour: a tenth of it 1/2,160 of 10⁻⁶ degree a millisecond.
        let off = i64::from(ship.speed) * (from_south_ms - LEG_MS / 2) / 2_160;
        let course = if is_north { 0 } else { 1_800 };
        Report { ship, t_ms, lat: ship.lat + off as i32, course }
    }
}

fn ship(number: u64, geofence: &Geofence, random: &mut Random) -> Ship {
    let kind = random.below(10);
    let is_class_b = random.below(4) == 0;
    let (place, speed) = if kind < IN_PORT {
        (in_port(geofence, random), 0)
    } else {
        (at_sea(kind < NEAR_PORT, geofence, random), 40 + random.below(160) as u16)
    };
    let mmsi = (FIRST_MMSI + number * MMSI_FACTOR % MMSI_RANGE) as u32;
    Ship { mmsi, lon: place.lon, lat: place.lat, speed, is_class_b }
}

/// A place in some port.
fn in_port(geofence: &Geofence, random: &mut Random) -> Position {
    let mut place = Position::default();
    for _ in 0..TRIES {
        place = beside(some_port(geofence, random), 0.01, random);
        if !geofence.inside(place, EventTime(START_MS)).is_empty() {
            break;
        }
    }
    place
}

/// A place on the water, near a port or anywhere.
fn at_sea(is_near: bool, geofence: &Geofence, random: &mut Random) -> Position {
    let mut place = Position::default();
    for _ in 0..TRIES {
        place = if is_near {
            beside(some_port(geofence, random), NEAR_DEG, random)
        } else {
            // As likely on each square mile.
            let sines = (LATITUDES.0.to_radians().sin(), LATITUDES.1.to_radians().sin());
            let lat = random.between(sines.0, sines.1).asin().to_degrees();
            position(random.between(-179.9, 179.9), lat)
        };
        if Sea::built_in().is_water(Cell::at(place)) {
            break;
        }
    }
    place
}

/// The middle of a circle or a corner of a polygon of some port.
fn some_port(geofence: &Geofence, random: &mut Random) -> Position {
    let list = &geofence.ports().list;
    match &list[random.below(list.len() as u64) as usize].shape {
        Shape::Circle { centre, .. } => *centre,
        Shape::Polygons(polygons) => {
            let corner = polygons[0][0][0];
            position(f64::from(corner.lon) / UNITS, f64::from(corner.lat) / UNITS)
        }
    }
}

fn beside(place: Position, reach_deg: f64, random: &mut Random) -> Position {
    let mut off = || random.between(-reach_deg, reach_deg);
    let (lon, lat) = (f64::from(place.lon) / UNITS + off(), f64::from(place.lat) / UNITS + off());
    position(lon, lat.clamp(-80.0, 80.0))
}

/// A position; what is beyond 180° is on the other side.
fn position(lon: f64, lat: f64) -> Position {
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    Position::from_degrees(lon, lat).unwrap_or_default()
}

/// A sentence with the TAG block of who heard it and when.
fn tagged(station: u32, t_ms: i64, sentence: &[u8], out: &mut Vec<u8>) {
    out.push(b'\\');
    let start = out.len();
    // Writing to a vector cannot fail.
    let _ = write!(out, "s:rBENCH{station},c:{}", t_ms / 1_000);
    let sum = checksum(&out[start..]);
    out.push(b'*');
    out.extend(hex(sum));
    out.push(b'\\');
    out.extend_from_slice(sentence);
    out.push(b'\n');
}

impl Report {
    /// There is a station for each square of five degrees, and a second one beside it.
    fn station(&self) -> u32 {
        let (column, row) = ((self.ship.lon + 180_000_000) / 5_000_000, (self.lat + 90_000_000) / 5_000_000);
        2 * (column * 36 + row) as u32
    }

    fn sentence(&self, number: u64) -> Vec<u8> {
        let mut symbols = [0; 28];
        let kind = match (self.ship.is_class_b, number % 5) {
            (true, _) => 18,
            (false, 0) => 3,
            (false, _) => 1,
        };
        put(&mut symbols, 0, 6, kind);
        put(&mut symbols, 8, 30, u64::from(self.ship.mmsi));
        let ais = |units: i32| (f64::from(units) / UNITS * AIS_PER_DEGREE).round() as i64;
        let (lon, lat) = (ais(self.ship.lon), ais(self.lat));
        let is_moored = self.ship.speed == 0;
        // The rest of class B is where it is in class A, four bits earlier.
        let at = if self.ship.is_class_b {
            46
        } else {
            put(&mut symbols, 38, 4, if is_moored { 5 } else { 0 });
            50
        };
        put(&mut symbols, at, 10, u64::from(self.ship.speed));
        put(&mut symbols, at + 11, 28, lon.cast_unsigned());
        put(&mut symbols, at + 39, 27, lat.cast_unsigned());
        put(&mut symbols, at + 66, 12, u64::from(self.course));
        put(&mut symbols, at + 78, 9, u64::from(self.course / 10));
        put(&mut symbols, at + 87, 6, (self.t_ms / 1_000 % 60) as u64);
        // The communication state, which differs from report to report.
        put(&mut symbols, 150, 18, number);
        let mut sentence = Vec::with_capacity(48);
        sentence.extend_from_slice(b"!AIVDM,1,1,,A,");
        sentence.extend(symbols.map(armour));
        sentence.extend_from_slice(b",0*");
        let sum = checksum(&sentence[1..sentence.len() - 1]);
        sentence.extend(hex(sum));
        sentence
    }

    fn row(&self, rows: Rows, out: &mut Vec<u8>) {
        let Ship { mmsi, speed, is_class_b, .. } = self.ship;
        let seconds = (self.t_ms - START_MS) / 1_000;
        let (day, second) = (1 + seconds / 86_400, seconds % 86_400);
        assert!(day <= 31, "rows are of October 2023");
        let time = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
        let (lon, lat) = (f64::from(self.ship.lon) / UNITS, f64::from(self.lat) / UNITS);
        let (speed, course, heading) =
            (f64::from(speed) / 10.0, f64::from(self.course) / 10.0, self.course / 10);
        let class = if is_class_b { 'B' } else { 'A' };
        let imo = imo(mmsi);
        // Writing to a vector cannot fail.
        let _ = match rows {
            Rows::Aisdk => {
                let status = if speed > 0.0 { "Under way using engine" } else { "Moored" };
                writeln!(
                    out,
                    "{day:02}/10/2023 {time},Class {class},{mmsi},{lat:.6},{lon:.6},{status},0.0,{speed:.1},\
                     {course:.1},{heading},{imo},C{mmsi},SHIP {mmsi},Cargo,No additional information,20,199,GPS,8.4,\
                     KIEL,02/11/2023 04:00:00,AIS,150,49,8,12"
                )
            }
            Rows::Noaa => {
                let status = if speed > 0.0 { 0 } else { 5 };
                writeln!(
                    out,
                    "{mmsi},2023-10-{day:02}T{time},{lat:.5},{lon:.5},{speed:.1},{course:.1},{heading},SHIP {mmsi},\
                     IMO{imo},C{mmsi},70,{status},199,20,8.4,70,{class}"
                )
            }
        };
    }
}

/// A number of IMO with its check digit, another for nearly every ship.
fn imo(mmsi: u32) -> u32 {
    let number = 100_000 + mmsi % 899_981;
    let weighted = (2..=7).zip([1, 10, 100, 1_000, 10_000, 100_000]);
    let sum: u32 = weighted.map(|(weight, place)| weight * (number / place % 10)).sum();
    number * 10 + sum % 10
}
