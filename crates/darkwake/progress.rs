//! A progress bar on a terminal: share, rate, event time reached, facts so far, time left.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use model::EventTime;

/// The bar, or nothing where nobody watches.
pub struct Progress {
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Progress {
    /// A bar over `bytes` bytes of input on disk.
    pub fn new(bytes: Option<u64>) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let form = if bytes.is_some() {
                "{percent:>3} % {wide_bar} {bytes_per_sec} {msg} {eta} left"
            } else {
                "{spinner} {bytes} {bytes_per_sec} {msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style);
            }
            bar
        });
        Progress { bar, told: Instant::now() }
    }

    /// Tells how far it has come, at most some times a second.
    pub fn tell(&mut self, bytes: &AtomicU64, reached: Option<EventTime>, facts: u64) {
        let Some(bar) = &self.bar else { return };
        if self.told.elapsed() < Duration::from_millis(100) {
            return;
        }
        self.told = Instant::now();
        bar.set_position(bytes.load(Ordering::Relaxed));
        let reached = reached.map(|t| t.to_iso()[..16].to_owned()).unwrap_or_default();
        bar.set_message(format!("{reached} {facts} facts"));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
