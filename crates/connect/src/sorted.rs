//! Rows in their order, in bounded memory; those of a table by (`t`, MMSI, row).
//!
//! Most tables are nearly in order: a [`Window`] of the last rows puts them right as they come. Where a row comes too late
//! for it the table is none of these, and is read again into a [`Sorter`]: runs are sorted, spilled to temporary files,
//! and merged.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};

use decode::{Content, Decoded};
use model::prefetch::fetch_all;
use model::{Mmsi, Transmission};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Rows that wait for others that may belong before them.
const WINDOW_ROWS: usize = 65_536;
/// Memory is fetched for so many that follow the next one.
const AHEAD: usize = 16;

/// Puts rows right that are out of order by less than so many rows.
#[derive(Default, Serialize, Deserialize)]
pub struct Window {
    /// Those that came in the order of their times.
    run: VecDeque<Transmission>,
    /// The first of them, of one time, as they came …
    ready: Vec<Option<Transmission>>,
    /// … and their order, the last first: the MMSI, and the number among these.
    order: Vec<(Mmsi, u32)>,
    /// Those that did not.
    strays: BinaryHeap<Reverse<(Key, usize)>>,
    rows: Vec<Option<Transmission>>,
    free: Vec<usize>,
    /// The last that was given out.
    given: Option<Key>,
}

/// A row came after others that it belongs before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLate;

impl Window {
    /// Takes in a row.
    ///
    /// # Errors
    /// If rows after it were given out.
    pub fn push(&mut self, row: Transmission) -> Result<(), TooLate> {
        let key = key(&row);
        if self.given.is_some_and(|given| key < given) {
            return Err(TooLate);
        }
        let is_next = match self.run.back() {
            Some(last) => last.t() <= row.t(),
            None => self.next_ready().is_none_or(|(t, ..)| t < row.t().0),
        };
        if is_next {
            self.run.push_back(row);
            return Ok(());
        }
        let at = self.free.pop().unwrap_or(self.rows.len());
        if at == self.rows.len() {
            self.rows.push(None);
        }
        self.rows[at] = Some(row);
        self.strays.push(Reverse((key, at)));
        Ok(())
    }

    /// The next row for which no other need be waited.
    pub fn next_row(&mut self) -> Option<Transmission> {
        let waiting = self.run.len() + self.order.len() + self.strays.len();
        if waiting > WINDOW_ROWS { self.first() } else { None }
    }

    /// The next row, if none follows that may belong before it.
    pub fn first(&mut self) -> Option<Transmission> {
        if self.order.is_empty()
            && let Some(first) = self.run.front()
        {
            let t = first.t();
            let count = self.run.iter().take_while(|row| row.t() == t).count();
            self.ready.clear();
            self.ready.extend(self.run.drain(..count).map(Some));
            let mmsis = self.ready.iter().flatten().map(Transmission::mmsi);
            self.order.extend(mmsis.zip(0..));
            self.order
                .sort_unstable_by_key(|(mmsi, number)| Reverse(u64::from(mmsi.0) << 32 | u64::from(*number)));
        }
        let of_run = self.next_ready();
        let of_strays = self.strays.peek().map(|Reverse((key, _))| *key);
        let row = if of_strays.is_some_and(|stray| of_run.is_none_or(|run| stray < run)) {
            let Reverse((_, at)) = self.strays.pop()?;
            self.free.push(at);
            self.rows[at].take()
        } else {
            let (_, number) = self.order.pop()?;
            if let Some((_, later)) = self.order.len().checked_sub(AHEAD).and_then(|at| self.order.get(at)) {
                fetch_all(&self.ready[*later as usize]);
            }
            self.ready[number as usize].take()
        };
        self.given = row.as_ref().map(key);
        row
    }

    fn next_ready(&self) -> Option<Key> {
        let (_, number) = self.order.last()?;
        self.ready[*number as usize].as_ref().map(key)
    }
}

/// What can be sorted.
pub trait Row: Serialize + DeserializeOwned {
    /// What it is sorted by.
    type Key: Copy + Ord;

    /// The key of a row. Rows of one key stay in the order in which they came.
    fn key(&self) -> Self::Key;
}

/// Sorts rows.
#[derive(Debug)]
pub struct Sorter<R> {
    run: Vec<R>,
    max_rows: usize,
    spilled: Vec<File>,
}

/// Sorted rows, one by one.
pub struct Sorted<R: Row> {
    runs: Vec<Run<R>>,
    heap: BinaryHeap<Reverse<(R::Key, usize)>>,
}

type Key = (i64, u32, u64);

enum Run<R> {
    Memory(std::vec::IntoIter<R>, Option<R>),
    Disk(BufReader<File>, Option<R>),
}

impl Row for Transmission {
    type Key = Key;

    fn key(&self) -> Key {
        key(self)
    }
}

impl<R: Row> Sorter<R> {
    /// A sorter that keeps at most `max_rows` rows in memory.
    #[must_use]
    pub fn new(max_rows: usize) -> Sorter<R> {
        Sorter { run: Vec::new(), max_rows: max_rows.max(1), spilled: Vec::new() }
    }

    /// Takes in a row.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub fn push(&mut self, row: R) -> std::io::Result<()> {
        self.run.push(row);
        if self.run.len() >= self.max_rows { self.spill() } else { Ok(()) }
    }

    /// The rows in order.
    ///
    /// # Errors
    /// If the temporary files cannot be read.
    pub fn finish(self) -> std::io::Result<Sorted<R>> {
        Sorter::merge([self])
    }

    /// The rows of several in one order.
    ///
    /// # Errors
    /// If the temporary files cannot be read.
    pub fn merge(sorters: impl IntoIterator<Item = Sorter<R>>) -> std::io::Result<Sorted<R>> {
        let mut runs = Vec::new();
        for mut sorter in sorters {
            sorter.run.sort_by_key(Row::key);
            let on_disk = sorter.spilled.into_iter();
            runs.extend(on_disk.map(|file| Run::Disk(BufReader::with_capacity(1 << 18, file), None)));
            runs.push(Run::Memory(sorter.run.into_iter(), None));
        }
        let mut sorted = Sorted { runs, heap: BinaryHeap::new() };
        for at in 0..sorted.runs.len() {
            sorted.refill(at)?;
        }
        Ok(sorted)
    }

    fn spill(&mut self) -> std::io::Result<()> {
        self.run.sort_by_key(Row::key);
        let mut file = BufWriter::with_capacity(1 << 18, tempfile::tempfile()?);
        for row in self.run.drain(..) {
            let bytes = postcard::to_allocvec(&row).map_err(std::io::Error::other)?;
            file.write_all(&(bytes.len() as u32).to_le_bytes())?;
            file.write_all(&bytes)?;
        }
        let mut file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.spilled.push(file);
        Ok(())
    }
}

impl<R: Row> Sorted<R> {
    /// The next row.
    ///
    /// # Errors
    /// If a temporary file cannot be read.
    pub fn next_row(&mut self) -> std::io::Result<Option<R>> {
        let Some(Reverse((_, at))) = self.heap.pop() else { return Ok(None) };
        let row = match &mut self.runs[at] {
            Run::Memory(_, head) | Run::Disk(_, head) => head.take(),
        };
        self.refill(at)?;
        Ok(row)
    }

    fn refill(&mut self, at: usize) -> std::io::Result<()> {
        let head = match &mut self.runs[at] {
            Run::Memory(rows, head) => {
                *head = rows.next();
                head
            }
            Run::Disk(file, head) => {
                *head = read_row(file)?;
                head
            }
        };
        if let Some(row) = head {
            self.heap.push(Reverse((row.key(), at)));
        }
        Ok(())
    }
}

fn read_row<R: Row>(file: &mut impl Read) -> std::io::Result<Option<R>> {
    let mut length = [0; 4];
    match file.read_exact(&mut length) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    file.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map(Some).map_err(std::io::Error::other)
}

fn key(row: &Transmission) -> Key {
    (row.t().0, row.mmsi().0, row.origin().line)
}

/// A row as it comes out of the sorter, as the decoder would have given it.
#[must_use]
pub fn decoded(row: Transmission) -> Decoded {
    Decoded {
        stamp: Some(decode::Stamp { t: row.t(), mmsi: row.mmsi() }),
        lines: row.lines() as u8,
        // Counted when it was read.
        kind: None,
        station: 0,
        origin: row.origin(),
        content: Content::Transmission(row),
    }
}

#[cfg(test)]
mod tests {
    use model::{EventTime, Mmsi, Origin, PositionReport};

    use super::*;

    fn row(t: i64, line: u64) -> Transmission {
        Transmission::Position(PositionReport {
            t: EventTime(t),
            mmsi: Mmsi(273_000_001),
            origin: Origin { input: 0, line },
            ..report()
        })
    }

    fn report() -> PositionReport {
        let text = b"MMSI,BaseDateTime,LAT,LON\n";
        let settings =
            decode::Settings { latest: EventTime::MAX, tag_checksum: decode::TagChecksum::default() };
        let mut table = decode::table::TableDecoder::from_header(text, None, settings).unwrap();
        let decoded = table.decode(b"273000001,2023-10-01T00:00:00,42.2,130.3", Origin::default());
        match decoded.content {
            Content::Transmission(Transmission::Position(report)) => report,
            other @ (Content::Transmission(_) | Content::Landmark(_) | Content::Fate(_)) => {
                panic!("{other:?}")
            }
        }
    }

    #[test]
    fn rows_of_several_sorters_come_out_in_one_order_and_those_of_one_key_as_they_came() {
        let mut sorters = [Sorter::new(100), Sorter::new(usize::MAX)];
        for n in 0..1_000_u64 {
            let t = (model::hash::mix(n, 3) % 50) as i64;
            // One key in two rows: the input is no part of it.
            for input in 0..2 {
                let row = row(t, n);
                let Transmission::Position(report) = row else { continue };
                let origin = Origin { input, line: n };
                sorters[n as usize % 2]
                    .push(Transmission::Position(PositionReport { origin, ..report }))
                    .unwrap();
            }
        }
        assert_eq!(sorters[0].spilled.len(), 10);
        let mut sorted = Sorter::merge(sorters).unwrap();
        let out: Vec<Transmission> = std::iter::from_fn(|| sorted.next_row().unwrap()).collect();
        assert_eq!(out.len(), 2_000);
        let place = |row: &Transmission| (key(row), row.origin().input);
        assert!(out.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])));
    }

    #[test]
    fn rows_come_out_in_order_and_what_comes_too_late_is_told() {
        let mut window = Window::default();
        let mut out = Vec::new();
        for n in 0..200_000_u64 {
            // Out of order by up to 1,000 rows.
            let t = n as i64 + (model::hash::mix(n, 3) % 1_000) as i64;
            // Ten of one time, of several ships.
            let Transmission::Position(report) = row(t / 10, n) else { continue };
            let mmsi = Mmsi(report.mmsi.0 + (n % 7 % 3) as u32);
            window.push(Transmission::Position(PositionReport { mmsi, ..report })).unwrap();
            out.extend(window.next_row());
        }
        assert_eq!(out.len(), 200_000 - WINDOW_ROWS);
        assert_eq!(window.push(row(out.len() as i64 / 20, 0)), Err(TooLate));
        out.extend(std::iter::from_fn(|| window.first()));
        assert_eq!(out.len(), 200_000);
        assert!(out.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
    }
}
