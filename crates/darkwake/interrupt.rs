//! Ctrl-C and SIGTERM: the first ends the input where it is, the second ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit code of an interrupted program.
pub const EXIT: u8 = 130;

/// How long a wait goes on before it looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the program has been asked to end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    signal: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

/// What was decided up to an interrupt was written.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted; what was decided up to there is written")
    }
}

impl std::error::Error for Interrupted {}

impl Interrupt {
    /// Listens for signals from now on.
    pub fn listen() -> anyhow::Result<Interrupt> {
        let interrupt = Interrupt::default();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down, and puts it up.
            flag::register_conditional_shutdown(signal, i32::from(EXIT), Arc::clone(&interrupt.signal))
                .and_then(|_| flag::register(signal, Arc::clone(&interrupt.signal)))
                .context("signals cannot be listened for")?;
        }
        Ok(interrupt)
    }

    /// Asks the program to end, as a signal does, from within.
    pub fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the program is to end.
    pub fn came(&self) -> bool {
        self.is_signal() || self.stop.load(Ordering::Relaxed)
    }

    /// Whether it is because of a signal.
    pub fn is_signal(&self) -> bool {
        self.signal.load(Ordering::Relaxed)
    }

    /// Waits, but not longer than until it comes.
    pub fn wait(&self, mut time: Duration) {
        while !time.is_zero() && !self.came() {
            let some = time.min(LOOK);
            std::thread::sleep(some);
            time -= some;
        }
    }
}
