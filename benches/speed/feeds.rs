//! The feeds that are measured, piece by piece.

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::rc::Rc;

use memchr::memchr_iter;

use super::anchors::{Ais, Checksums, Columns, Contender, Csv, LineScan, Minimal, NmeaKit, NmeaParser};
use super::fleet::{Fleet, INTERVAL_MS, Rows};
use super::real;
use super::stages::{Format, WORLD};

/// Lines, or reports, of a piece: each contender takes one, then the next does, so that all see the same machine.
pub const PIECE: usize = 50_000;
/// Larger fleets report every three minutes, as ships at rest do.
const MANY_SHIPS: usize = 100_000;
pub const SLOW_INTERVAL_MS: i64 = 180_000;
/// Ships are known once each of them was heard so often.
const WARM_REPORTS: usize = 3;
/// Reception is settled once in so long.
const BIN_MS: i64 = 600_000;

/// Appends the next piece.
pub type Source = Box<dyn FnMut(&mut Vec<u8>)>;

/// Lines, as often as they are wanted.
pub struct Feed {
    /// What it is.
    pub name: String,
    /// Sentences or rows.
    pub format: Format,
    /// What a report may take all the way, ns.
    pub budget_ns: f64,
    /// Pieces that are not measured: after them all ships are known.
    pub warm: usize,
    /// Pieces that are.
    pub pieces: usize,
    start: Box<dyn Fn() -> Source>,
}

impl Feed {
    /// From its beginning.
    pub fn start(&self) -> Source {
        (self.start)()
    }

    /// Those who read the same lines.
    pub fn anchors(&self) -> Vec<Box<dyn Contender>> {
        match self.format {
            Format::Nmea => vec![
                Box::new(LineScan),
                Box::new(Checksums),
                Box::new(Minimal),
                Box::new(Ais::default()),
                Box::new(NmeaKit::new()),
                Box::new(NmeaParser::new()),
            ],
            Format::Table(header) => {
                let columns = columns(header);
                vec![Box::new(LineScan), Box::new(Columns(columns)), Box::new(Csv(columns))]
            }
        }
    }

    /// Real sentences, of some 48,000 ships where they are a million; if the file is not there, where it was looked for.
    pub fn mixed(lines: usize, budget_ns: f64) -> Result<Feed, PathBuf> {
        let text = real::lines(&real::find()?, lines);
        let name =
            format!("{} real sentences", super::tell::grouped(memchr_iter(b'\n', &text).count() as f64));
        let ends: Vec<usize> = memchr_iter(b'\n', &text).map(|at| at + 1).collect();
        let ends: Vec<usize> = ends.chunks(PIECE).filter_map(|piece| piece.last().copied()).collect();
        let warm = ends.len() / 4;
        let pieces = ends.len() - warm;
        let (text, ends) = (Rc::new(text), Rc::new(ends));
        let start = move || -> Source {
            let (text, ends, mut from) = (Rc::clone(&text), Rc::clone(&ends), 0);
            Box::new(move |out: &mut Vec<u8>| {
                let to = ends.iter().copied().find(|end| *end > from).unwrap_or(from);
                out.extend_from_slice(&text[from..to]);
                from = to;
            })
        };
        Ok(Feed { name, format: Format::Nmea, budget_ns, warm, pieces, start: Box::new(start) })
    }

    /// Sentences of a steady fleet.
    pub fn fleet(ships: usize, budget_ns: f64) -> Feed {
        let fleet = fleet(ships);
        let (warm, pieces) = extent(ships);
        let start = move || -> Source {
            let mut fleet = fleet.clone();
            Box::new(move |out: &mut Vec<u8>| fleet.sentences(PIECE, out))
        };
        let name = format!("{} ships", super::tell::grouped(ships as f64));
        Feed { name, format: Format::Nmea, budget_ns, warm, pieces, start: Box::new(start) }
    }

    /// Writes sentences of a steady fleet to the standard output, for other tools to work on.
    pub fn write(ships: usize, lines: usize) {
        let (mut fleet, mut piece, mut left) = (fleet(ships), Vec::new(), lines);
        while left > 0 {
            piece.clear();
            fleet.sentences(left.min(PIECE), &mut piece);
            let count = memchr_iter(b'\n', &piece).count();
            let end = memchr_iter(b'\n', &piece).nth(left - 1).map_or(piece.len(), |at| at + 1);
            left -= count.min(left);
            if stdout().write_all(&piece[..end]).is_err() {
                // Nobody reads on.
                return;
            }
        }
    }

    /// Rows of a steady fleet.
    pub fn rows(ships: usize, rows: Rows, budget_ns: f64) -> Feed {
        let fleet = fleet(ships);
        let (warm, pieces) = extent(ships);
        let start = move || -> Source {
            let mut fleet = fleet.clone();
            Box::new(move |out: &mut Vec<u8>| fleet.rows(rows, PIECE, out))
        };
        let name = format!("{} rows, {} ships", rows.name(), super::tell::grouped(ships as f64));
        let format = Format::Table(rows.header());
        Feed { name, format, budget_ns, warm, pieces, start: Box::new(start) }
    }
}

fn fleet(ships: usize) -> Fleet {
    Fleet::new(ships, WORLD.geofence()).every(interval_ms(ships))
}

fn interval_ms(ships: usize) -> i64 {
    if ships > MANY_SHIPS { SLOW_INTERVAL_MS } else { INTERVAL_MS }
}

/// How many pieces are for warming up, and how many then hold one settling of reception.
fn extent(ships: usize) -> (usize, usize) {
    let reports = ships * (BIN_MS / interval_ms(ships)) as usize;
    ((WARM_REPORTS * ships).div_ceil(PIECE), reports.div_ceil(PIECE))
}

/// Where time, MMSI, latitude, longitude and speed are in a row.
fn columns(header: &str) -> [usize; 5] {
    let names: Vec<&str> = header.split(',').collect();
    [
        ["# Timestamp", "BaseDateTime"],
        ["MMSI", "MMSI"],
        ["Latitude", "LAT"],
        ["Longitude", "LON"],
        ["SOG", "SOG"],
    ]
    .map(|known| names.iter().position(|name| known.contains(name)).expect("a column of a known header"))
}
