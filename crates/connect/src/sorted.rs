//! Rows of a table in the order (`t`, MMSI, row), in bounded memory: runs are sorted, spilled to a
//! temporary file, and merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};

use decode::{Content, Decoded};
use model::Transmission;

/// Sorts decoded rows.
pub struct Sorter {
    run: Vec<Transmission>,
    max_rows: usize,
    spilled: Vec<File>,
}

/// Sorted rows, one by one.
pub struct Sorted {
    runs: Vec<Run>,
    heap: BinaryHeap<Reverse<(Key, usize)>>,
}

type Key = (i64, u32, u64);

enum Run {
    Memory(std::vec::IntoIter<Transmission>, Option<Transmission>),
    Disk(BufReader<File>, Option<Transmission>),
}

impl Sorter {
    /// A sorter that keeps at most `max_rows` rows in memory.
    #[must_use]
    pub fn new(max_rows: usize) -> Sorter {
        Sorter { run: Vec::new(), max_rows: max_rows.max(1), spilled: Vec::new() }
    }

    /// Takes in a row; what is no transmission is given back at once.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub fn push(&mut self, decoded: Decoded) -> std::io::Result<Option<Decoded>> {
        match decoded.content {
            Content::Transmission(transmission) => {
                self.run.push(transmission);
                if self.run.len() >= self.max_rows {
                    self.spill()?;
                }
                Ok(None)
            }
            Content::Landmark(_) | Content::Fate(_) => Ok(Some(decoded)),
        }
    }

    /// The rows in order.
    ///
    /// # Errors
    /// If the temporary files cannot be read.
    pub fn finish(mut self) -> std::io::Result<Sorted> {
        self.run.sort_by_key(key);
        let mut runs = Vec::with_capacity(self.spilled.len() + 1);
        for file in self.spilled {
            runs.push(Run::Disk(BufReader::with_capacity(1 << 18, file), None));
        }
        runs.push(Run::Memory(self.run.into_iter(), None));
        let mut sorted = Sorted { runs, heap: BinaryHeap::new() };
        for at in 0..sorted.runs.len() {
            sorted.refill(at)?;
        }
        Ok(sorted)
    }

    fn spill(&mut self) -> std::io::Result<()> {
        self.run.sort_by_key(key);
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

impl Sorted {
    /// The next row.
    ///
    /// # Errors
    /// If a temporary file cannot be read.
    pub fn next_row(&mut self) -> std::io::Result<Option<Transmission>> {
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
            self.heap.push(Reverse((key(row), at)));
        }
        Ok(())
    }
}

fn read_row(file: &mut impl Read) -> std::io::Result<Option<Transmission>> {
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
