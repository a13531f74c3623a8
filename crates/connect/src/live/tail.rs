//! A file that grows. It is looked at again and again: no notification works on all systems and file systems.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use super::{Event, Outlet, now};

/// How often it is looked whether there is more.
const LOOK: Duration = Duration::from_millis(100);
/// Read at once.
const BLOCK: usize = 64 * 1024;

/// Follows a file until nobody listens. What is there is not read, only what is added; a file that takes its place, and one
/// that is cut off and begins anew, is read from its beginning.
pub fn follow(path: &Path, outlet: &Outlet) {
    let mut open = None;
    let mut number = 0;
    let mut is_first = true;
    let mut told_missing = false;
    while !outlet.is_stopped() {
        let event = match &mut open {
            None => match begin(path, is_first) {
                Ok(file) => {
                    open = Some(file);
                    (is_first, told_missing) = (false, false);
                    Some(Event::Up(outlet.peer(number), path.display().to_string()))
                }
                Err(error) => {
                    // Whatever is there later was not there now.
                    is_first = false;
                    let is_news = !std::mem::replace(&mut told_missing, true);
                    is_news.then(|| Event::Trouble(outlet.source, format!("{}: {error}", path.display())))
                }
            },
            Some(file) => match file.more() {
                Ok(Some(bytes)) => Some(Event::Bytes(outlet.peer(number), now(), bytes)),
                Ok(None) if file.is_over(path) => {
                    open = None;
                    number += 1;
                    let why = format!("{}: is another file now", path.display());
                    Some(Event::Down(outlet.peer(number - 1), why))
                }
                Ok(None) => None,
                Err(error) => {
                    open = None;
                    number += 1;
                    Some(Event::Down(outlet.peer(number - 1), format!("{}: {error}", path.display())))
                }
            },
        };
        match event {
            Some(event) => {
                if outlet.events.blocking_send(event).is_err() {
                    return;
                }
            }
            None => std::thread::sleep(LOOK),
        }
    }
}

struct Open {
    file: File,
    read: u64,
    block: Vec<u8>,
}

fn begin(path: &Path, at_end: bool) -> std::io::Result<Open> {
    let mut file = File::open(path)?;
    let read = if at_end { file.seek(SeekFrom::End(0))? } else { 0 };
    Ok(Open { file, read, block: vec![0; BLOCK] })
}

impl Open {
    fn more(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let length = self.file.read(&mut self.block)?;
        self.read += length as u64;
        Ok((length > 0).then(|| self.block[..length].to_vec()))
    }

    /// Whether another file is in its place, or it is shorter than what was read of it.
    fn is_over(&self, path: &Path) -> bool {
        let Ok(here) = self.file.metadata() else { return true };
        // While one is moved away and none is there yet, this may still grow.
        let Ok(there) = path.metadata() else { return false };
        here.len() < self.read || is_other(&here, &there)
    }
}

#[cfg(unix)]
fn is_other(here: &std::fs::Metadata, there: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (here.dev(), here.ino()) != (there.dev(), there.ino())
}

/// Where files have no number, one that was cut off is told by its length alone.
#[cfg(not(unix))]
fn is_other(_: &std::fs::Metadata, _: &std::fs::Metadata) -> bool {
    false
}
