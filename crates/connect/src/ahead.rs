//! Reads inputs ahead of who takes what was read, each on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use decode::Decoded;

use crate::reader::Reader;

/// Turns that may wait to be taken.
const WAITING: usize = 16;

/// An input that is read a turn after the other. What is given out, and after how many lines, is the same whether it is read
/// ahead or not.
pub struct Reading {
    turn_lines: usize,
    at: At,
}

enum At {
    /// Read by who takes it.
    Here(Box<Reader>),
    /// On a thread of its own.
    Ahead(Ahead),
    /// Its thread has been joined.
    Nowhere,
}

/// What was read, and whether there is more.
pub type Turn = (Vec<Decoded>, std::io::Result<bool>);

struct Ahead {
    turns: Receiver<Turn>,
    /// Room of turns that have been taken.
    spare: Sender<Vec<Decoded>>,
    is_enough: Arc<AtomicBool>,
    thread: JoinHandle<Box<Reader>>,
}

impl Reading {
    /// Of this reader, so many lines a turn.
    #[must_use]
    pub fn here(reader: Box<Reader>, turn_lines: usize) -> Reading {
        Reading { turn_lines, at: At::Here(reader) }
    }

    /// The same, read ahead.
    #[must_use]
    pub fn ahead(reader: Box<Reader>, turn_lines: usize) -> Reading {
        Reading { turn_lines, at: At::Ahead(Ahead::start(reader, turn_lines)) }
    }

    /// The reader, where it is not read ahead: it may be farther then.
    #[must_use]
    pub fn reader(&self) -> Option<&Reader> {
        match &self.at {
            At::Here(reader) => Some(reader),
            At::Ahead(_) | At::Nowhere => None,
        }
    }

    /// Puts the next turn into an empty list; `false` at the end.
    ///
    /// # Errors
    /// If the input fails midway; what was read before has been given out.
    pub fn read(&mut self, turn: &mut Vec<Decoded>) -> std::io::Result<bool> {
        let ahead = match &mut self.at {
            At::Here(reader) => return reader.read(self.turn_lines, &mut |decoded| turn.push(decoded)),
            At::Ahead(ahead) => ahead,
            At::Nowhere => return Ok(false),
        };
        let more = match ahead.turns.recv() {
            Ok((read, more)) => {
                // If the thread is over it needs no room.
                let _ = ahead.spare.send(std::mem::replace(turn, read));
                more
            }
            Err(_) => Ok(false),
        };
        if !matches!(more, Ok(true))
            && let At::Ahead(ahead) = std::mem::replace(&mut self.at, At::Nowhere)
        {
            self.at = At::Here(ahead.join());
        }
        more
    }

    /// Reads no further: the reader, and before that the turns that it had read ahead.
    pub fn end(self, rest: &mut impl FnMut(Turn)) -> Option<Box<Reader>> {
        match self.at {
            At::Here(reader) => Some(reader),
            At::Ahead(ahead) => {
                ahead.is_enough.store(true, Ordering::Relaxed);
                ahead.turns.iter().for_each(rest);
                Some(ahead.join())
            }
            At::Nowhere => None,
        }
    }
}

impl Ahead {
    fn start(mut reader: Box<Reader>, turn_lines: usize) -> Ahead {
        let (sender, turns) = sync_channel(WAITING);
        let (spare, spares) = channel();
        let is_enough = Arc::<AtomicBool>::default();
        let is_over = Arc::clone(&is_enough);
        let thread = std::thread::spawn(move || {
            read_all(&mut reader, turn_lines, (&sender, &spares), &is_over);
            reader
        });
        Ahead { turns, spare, is_enough, thread }
    }

    fn join(self) -> Box<Reader> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Until its end, until it is enough, or until nobody takes it any more.
fn read_all(
    reader: &mut Reader,
    turn_lines: usize,
    (turns, spares): (&SyncSender<Turn>, &Receiver<Vec<Decoded>>),
    is_enough: &AtomicBool,
) {
    let mut more = true;
    while more && !is_enough.load(Ordering::Relaxed) {
        let mut turn = spares.try_recv().unwrap_or_else(|_| Vec::with_capacity(turn_lines));
        turn.clear();
        let read = reader.read(turn_lines, &mut |decoded| turn.push(decoded));
        more = matches!(read, Ok(true));
        more &= turns.send((turn, read)).is_ok();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use decode::{Settings, TagChecksum};
    use model::EventTime;

    use super::*;
    use crate::files::Input;
    use crate::reader::{Opened, ReadSettings};

    const TURN_LINES: usize = 7;

    /// A feed of so many lines, of which each tenth is garbage.
    fn open(lines: usize) -> (tempfile::NamedTempFile, Box<Reader>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for line in 0..lines {
            let text = match line % 10 {
                9 => "garbage".to_owned(),
                _ => format!(
                    "\\c:{}*00\\!AIVDM,1,1,,A,16RBNMm0008AE@Idt>EP00000001,0*60",
                    1_600_000_000 + line
                ),
            };
            writeln!(file, "{text}").unwrap();
        }
        let settings = ReadSettings {
            decode: Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient },
            format: None,
            columns: None,
            assumed: None,
            max_line_bytes: 1_024,
            bytes_on_disk: Arc::default(),
        };
        let Opened::Reader(reader) = Reader::open(&Input::file(file.path()), 0, &settings).unwrap() else {
            panic!("nothing in it is known");
        };
        (file, reader)
    }

    fn turns(mut reading: Reading) -> (Vec<Vec<Decoded>>, Option<u64>) {
        let mut turns = Vec::new();
        loop {
            let mut turn = Vec::new();
            let more = reading.read(&mut turn).unwrap();
            turns.push(turn);
            if !more {
                return (turns, reading.reader().map(Reader::lines_read));
            }
        }
    }

    #[test]
    fn turns_are_the_same_read_ahead_or_not() {
        for lines in [1, 6, 7, 8, 700] {
            let ((_one, here), (_other, ahead)) = (open(lines), open(lines));
            let here = turns(Reading::here(here, TURN_LINES));
            assert_eq!(turns(Reading::ahead(ahead, TURN_LINES)), here);
            assert_eq!(here.0.iter().map(Vec::len).sum::<usize>(), lines);
        }
    }

    #[test]
    fn what_was_read_ahead_is_given_out_at_the_end() {
        let (_file, reader) = open(100_000);
        let mut reading = Reading::ahead(reader, TURN_LINES);
        let mut given = Vec::new();
        assert!(reading.read(&mut given).unwrap());
        let reader = reading.end(&mut |(turn, _)| given.extend(turn)).unwrap();
        assert_eq!(given.len() as u64, reader.lines_read());
        assert!(given.len() <= TURN_LINES * (WAITING + 3), "{} were read after it was enough", given.len());
    }
}
