//! The journal of alerts: every line that was told, in order, so that whoever was to be given it can be given it later.
//!
//! Files `000000000000.jsonl` … in a folder, each named by the number of its first line; lines are never changed. What a
//! crash has torn at the end is cut off when it is opened.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// What the names of its files end in.
const ENDING: &str = "jsonl";
/// A file that is longer is followed by another.
const FILE_BYTES: u64 = 64 << 20;

/// A journal that is open to be added to.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    out: File,
    /// Bytes of the last file.
    bytes: u64,
    /// Lines in all, those of files that are gone with them.
    length: u64,
}

impl Journal {
    /// Opens the journal in a folder, or begins one.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn open(folder: &Path) -> io::Result<Journal> {
        fs::create_dir_all(folder)?;
        let (first, path) = files(folder)?.pop().unwrap_or_else(|| (0, named(folder, 0)));
        let out = OpenOptions::new().create(true).append(true).open(&path)?;
        let text = fs::read(&path)?;
        let whole = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
        out.set_len(whole as u64)?;
        let lines = memchr::memchr_iter(b'\n', &text[..whole]).count() as u64;
        Ok(Journal { folder: folder.to_owned(), out, bytes: whole as u64, length: first + lines })
    }

    /// How many lines it has; the number of the next.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds lines, and sees that they are on the disk.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn add(&mut self, lines: &[String]) -> io::Result<()> {
        if self.bytes >= FILE_BYTES {
            let path = named(&self.folder, self.length);
            self.out = OpenOptions::new().create(true).append(true).open(path)?;
            self.bytes = 0;
        }
        if lines.is_empty() {
            return Ok(());
        }
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        self.out.write_all(text.as_bytes())?;
        self.out.sync_data()?;
        self.bytes += text.len() as u64;
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Gives out lines from a number on, each with its number.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn read_from<E: From<io::Error>>(
        &self,
        number: u64,
        mut each: impl FnMut(u64, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let files = files(&self.folder)?;
        for (at, (first, path)) in files.iter().enumerate() {
            if files.get(at + 1).is_some_and(|(next, _)| *next <= number) {
                continue;
            }
            for (line_number, line) in (*first..).zip(BufReader::new(File::open(path)?).lines()) {
                let line = line?;
                if line_number >= number {
                    each(line_number, &line)?;
                }
            }
        }
        Ok(())
    }

    /// Takes away files of which nobody needs a line before this number.
    ///
    /// # Errors
    /// If they cannot be taken away.
    pub fn forget(&self, before: u64) -> io::Result<()> {
        let files = files(&self.folder)?;
        let is_old = |at: usize| files.get(at + 1).is_some_and(|(next, _)| *next <= before);
        let mut old = files.iter().enumerate().filter(|(at, _)| is_old(*at));
        old.try_for_each(|(_, (_, path))| fs::remove_file(path))
    }
}

fn named(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:012}.{ENDING}"))
}

/// Its files with the numbers of their first lines, in order.
fn files(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let paths = paths.collect::<io::Result<Vec<PathBuf>>>()?;
    let first = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<u64>().ok();
    let is_one = |path: &PathBuf| path.extension().is_some_and(|ending| ending == ENDING);
    let mut files: Vec<(u64, PathBuf)> =
        paths.into_iter().filter(is_one).filter_map(|path| Some((first(&path)?, path))).collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(journal: &Journal, from: u64) -> Vec<(u64, String)> {
        let mut lines = Vec::new();
        journal
            .read_from(from, |number, line| {
                lines.push((number, line.to_owned()));
                io::Result::Ok(())
            })
            .unwrap();
        lines
    }

    fn numbered(from: u64, to: u64) -> Vec<(u64, String)> {
        (from..to).map(|number| (number, format!("line {number}"))).collect()
    }

    #[test]
    fn what_was_added_is_there_again_and_what_is_torn_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let add = |journal: &mut Journal, from, to| {
            let lines: Vec<String> = numbered(from, to).into_iter().map(|(_, line)| line).collect();
            journal.add(&lines).unwrap();
        };
        add(&mut journal, 0, 3);
        add(&mut journal, 3, 5);
        drop(journal);
        let path = named(folder.path(), 0);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert_eq!((journal.length(), lines(&journal, 1)), (4, numbered(1, 4)));
        // The next file.
        journal.bytes = FILE_BYTES;
        add(&mut journal, 4, 6);
        assert_eq!(lines(&journal, 0), numbered(0, 6));
        assert_eq!(lines(&journal, 5), numbered(5, 6));
        journal.forget(3).unwrap();
        assert_eq!(lines(&journal, 0), numbered(0, 6), "line 3 is in the first file");
        journal.forget(4).unwrap();
        assert_eq!(lines(&journal, 0), numbered(4, 6));
        assert_eq!(Journal::open(folder.path()).unwrap().length(), 6);
    }
}
