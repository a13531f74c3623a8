//! A file that grows, and those that it was before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// When another file takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Once it has so many bytes.
    pub bytes: u64,
    /// So many of those before it are kept: `name.1` is the newest.
    pub keep: u32,
}

/// A file that grows.
pub struct GrowingFile {
    /// Its path.
    pub path: PathBuf,
    rotation: Option<Rotation>,
    out: BufWriter<File>,
    bytes: u64,
}

impl GrowingFile {
    /// Opens it, or begins it.
    pub fn open(path: &Path, rotation: Option<Rotation>) -> io::Result<GrowingFile> {
        let (out, bytes) = append(path)?;
        Ok(GrowingFile { path: path.to_owned(), rotation, out, bytes })
    }

    /// Adds a line.
    pub fn write(&mut self, line: &str) -> io::Result<()> {
        if let Some(rotation) = self.rotation
            && self.bytes >= rotation.bytes
        {
            self.out.flush()?;
            self.rotate(rotation.keep)?;
            (self.out, self.bytes) = append(&self.path)?;
        }
        self.bytes += line.len() as u64 + 1;
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Hands all over to the system.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn before(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    fn rotate(&self, keep: u32) -> io::Result<()> {
        for number in (1..keep).rev() {
            let from = self.before(number);
            if from.exists() {
                fs::rename(from, self.before(number + 1))?;
            }
        }
        if keep == 0 { fs::remove_file(&self.path) } else { fs::rename(&self.path, self.before(1)) }
    }

    /// The last line, once what a crash has torn after it is cut off.
    pub fn last_line(&self) -> io::Result<Option<String>> {
        let last = last_line(&self.path, Some(self.out.get_ref()))?;
        let before = self.before(1);
        if last.is_none() && before.exists() { last_line(&before, None) } else { Ok(last) }
    }
}

fn append(path: &Path) -> io::Result<(BufWriter<File>, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let bytes = file.metadata()?.len();
    Ok((BufWriter::new(file), bytes))
}

/// Looks at the end of a file only: no alert is longer than that.
fn last_line(path: &Path, torn: Option<&File>) -> io::Result<Option<String>> {
    const END: u64 = 4 << 20;
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(END);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let whole = memchr::memrchr(b'\n', &end).map_or(0, |at| at + 1);
    if let Some(torn) = torn {
        torn.set_len(from + whole as u64)?;
    }
    let mut lines = end[..whole].split(|byte| *byte == b'\n');
    Ok(lines.rfind(|line| !line.is_empty()).map(|line| String::from_utf8_lossy(line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_makes_place_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.jsonl");
        let rotation = Some(Rotation { bytes: 20, keep: 2 });
        let mut file = GrowingFile::open(&path, rotation).unwrap();
        (0..10).for_each(|n| file.write(&format!("line {n} ..")).unwrap());
        file.flush().unwrap();
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).ok();
        assert_eq!(text("alerts.jsonl").unwrap(), "line 8 ..\nline 9 ..\n");
        assert_eq!(text("alerts.jsonl.1").unwrap(), "line 6 ..\nline 7 ..\n");
        assert_eq!(text("alerts.jsonl.2").unwrap(), "line 4 ..\nline 5 ..\n");
        assert_eq!(text("alerts.jsonl.3"), None);
        // It goes on where it was.
        let mut file = GrowingFile::open(&path, rotation).unwrap();
        file.write("line 10 .").unwrap();
        file.flush().unwrap();
        assert_eq!(text("alerts.jsonl").unwrap(), "line 10 .\n");
        assert_eq!(text("alerts.jsonl.1").unwrap(), "line 8 ..\nline 9 ..\n");
    }

    #[test]
    fn what_is_torn_is_cut_off_and_the_last_line_is_found_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.jsonl");
        fs::write(&path, "a\nb\nc and no en").unwrap();
        let file = GrowingFile::open(&path, Some(Rotation { bytes: 4, keep: 1 })).unwrap();
        assert_eq!(file.last_line().unwrap().as_deref(), Some("b"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a\nb\n");
        file.rotate(1).unwrap();
        let file = GrowingFile::open(&path, None).unwrap();
        assert_eq!(file.last_line().unwrap().as_deref(), Some("b"));
    }
}
