//! A file that is played as if it came live, or so many times faster: a demonstration, an exercise, a load.

use std::io::{BufRead, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use model::EventTime;

use super::{Event, Outlet, now};
use crate::files::Input;

/// Bytes that are handed over at once at most.
const BLOCK: usize = 64 * 1024;
/// What is due within so short a time is handed over together.
const TOGETHER: Duration = Duration::from_millis(20);
/// Nobody waits longer than this without looking whether it is to end.
const LOOK: Duration = Duration::from_millis(100);

/// Plays a file until it ends or nobody listens; lines before `from` are handed over at once. At its end it stays, so that
/// what was played can be looked at.
pub fn play(path: &Path, speed: f64, from: Option<EventTime>, outlet: &Outlet) {
    let peer = outlet.peer(0);
    let name = path.display().to_string();
    let send = |event: Event| outlet.events.blocking_send(event).is_ok();
    let file = match Input::file(path).open() {
        Ok(file) => file,
        Err(error) => {
            send(Event::Trouble(outlet.source, format!("{name}: {error}")));
            send(Event::Ended(outlet.source));
            return;
        }
    };
    if !send(Event::Up(peer, name.clone())) {
        return;
    }
    let mut lines = file;
    let mut pace = Pace { speed, from, began: None };
    let (mut block, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        // A line without an end is cut by whoever reads lines.
        let read = lines.by_ref().take(BLOCK as u64).read_until(b'\n', &mut line);
        let is_over = !matches!(read, Ok(1..));
        let wait = pace.wait(&line);
        if (wait > TOGETHER || is_over || block.len() + line.len() > BLOCK) && !block.is_empty() {
            let bytes = std::mem::take(&mut block);
            if !send(Event::Bytes(peer, now(), bytes)) {
                return;
            }
        }
        if let Err(error) = read {
            send(Event::Trouble(outlet.source, format!("{name}: {error}")));
        }
        if is_over {
            break;
        }
        let due = Instant::now() + wait;
        while wait > TOGETHER && !outlet.is_stopped() && Instant::now() < due {
            std::thread::sleep(LOOK.min(due.saturating_duration_since(Instant::now())));
        }
        if outlet.is_stopped() {
            return;
        }
        block.extend_from_slice(&line);
    }
    while !outlet.is_stopped() {
        std::thread::sleep(LOOK);
    }
}

/// When lines are due.
struct Pace {
    speed: f64,
    from: Option<EventTime>,
    /// The first time, and when it was played.
    began: Option<(EventTime, Instant)>,
}

impl Pace {
    /// How long it is until a line is due.
    fn wait(&mut self, line: &[u8]) -> Duration {
        let Some(t) = time(line) else { return Duration::ZERO };
        if self.from.is_some_and(|from| t < from) {
            return Duration::ZERO;
        }
        let (first, began) = *self.began.get_or_insert_with(|| (t, Instant::now()));
        let due = Duration::from_secs_f64((t.0 - first.0).max(0) as f64 / 1_000.0 / self.speed);
        due.saturating_sub(began.elapsed())
    }
}

/// The time in the TAG block of a line (`c:`, s or ms since 1970).
fn time(line: &[u8]) -> Option<EventTime> {
    let block = line.strip_prefix(b"\\")?;
    let block = &block[..block.iter().position(|byte| matches!(byte, b'*' | b'\\'))?];
    let digits = block.split(|byte| *byte == b',').find_map(|field| field.strip_prefix(b"c:"))?;
    let number: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    // Ten digits are seconds until 2286.
    Some(EventTime(if digits.len() <= 10 { number.checked_mul(1_000)? } else { number }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_due_by_their_own_time() {
        let line = |second: i64| format!("\\s:a,c:{second}*00\\!AIVDM,1,1,,A,x,0*00\n").into_bytes();
        let mut pace = Pace { speed: 60.0, from: Some(EventTime(1_000_000_000_000)), began: None };
        assert_eq!(pace.wait(&line(999_999_999)), Duration::ZERO, "before the beginning");
        assert_eq!(pace.wait(&line(1_000_000_000)), Duration::ZERO);
        let wait = pace.wait(&line(1_000_000_600));
        assert!((Duration::from_secs(9)..=Duration::from_secs(10)).contains(&wait), "{wait:?}");
        assert_eq!(pace.wait(b"!AIVDM,1,1,,A,x,0*00\n"), Duration::ZERO, "without a time at once");
        assert_eq!(pace.wait(&line(999_999_000)), Duration::ZERO, "late");
        assert_eq!(time(b"\\c:1700000000123*00\\!A"), Some(EventTime(1_700_000_000_123)));
        assert_eq!(time(b"\\c:x*00\\!A"), None);
    }
}
