//! What shards tell, put in order and written: to the journal first, where there is one, then to all sinks.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use connect::sinks::{Line, Sink};
use model::alert::Alert;

use super::intake::Names;
use super::state::{Place, Snapshot, State};
use crate::cli;
use crate::made::MadeWith;
use crate::metrics::Metrics;
use crate::order::{Known, Rounds};
use crate::shards::Part;

/// Writes alerts to all sinks.
pub struct Outbox {
    /// The sinks.
    pub sinks: Vec<Sink>,
    /// Names of inputs.
    pub names: Names,
    /// What is kept, if it is.
    pub kept: Option<Kept>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// What is kept of what was told.
pub struct Kept {
    /// Where.
    pub state: State,
    /// How many alerts each sink has taken.
    pub places: Vec<Place>,
    /// Revisions that come again and that the journal has.
    pub muted: HashSet<(String, u64)>,
    /// What takes in, for each round in which shards hand on their state.
    pub snapshots: Receiver<Snapshot>,
}

impl Outbox {
    /// Takes rounds until all shards have ended. A round is complete when every shard has told its part of it.
    pub fn run(mut self, known: Known, shards: usize, told: &Receiver<Part>) -> anyhow::Result<Outbox> {
        let mut rounds = Rounds::after(known, shards);
        while let Ok(part) = told.recv() {
            let shard = part.shard.to_string();
            self.metrics.counted(&shard, &part.counts);
            self.metrics.holds(&shard, part.ships, part.held);
            for round in rounds.take(part) {
                self.write(&round.alerts, &round.made_with)?;
                if let Some(kept) = self.kept.as_mut().filter(|_| round.engines.len() == shards)
                    && let Ok(snapshot) = kept.snapshots.recv()
                {
                    // The first is asked for once all that was known is known again.
                    if !kept.muted.is_empty() {
                        let count = kept.muted.len();
                        cli::warn(&format!("the journal has {count} alerts that are not told again"));
                        kept.muted.clear();
                    }
                    let (engines, known) = (round.engines, rounds.known().clone());
                    let told = kept.state.journal.length();
                    let taken_by_all = kept.places.iter().map(|place| place.taken).min().unwrap_or(told);
                    let snapshot = Snapshot { engines, known, told, ..snapshot };
                    let bytes = snapshot.engines.iter().map(Vec::len).sum();
                    kept.state.save(&snapshot, taken_by_all)?;
                    self.metrics.saved("state", bytes);
                }
            }
        }
        Ok(self)
    }

    /// Ends the sinks; if all sources have ended, what was known is of no use any more.
    pub fn close(self, is_over: bool) -> anyhow::Result<()> {
        let (mut places, state) =
            self.kept.map_or((Vec::new(), None), |kept| (kept.places, Some(kept.state)));
        for (at, sink) in self.sinks.into_iter().enumerate() {
            let place = places.get_mut(at);
            let is_given_again = place.is_some();
            let done = sink.close(is_given_again)?;
            place.map_or(Ok(()), |place| place.note_done(done))?;
        }
        state.filter(|_| is_over).map_or(Ok(()), |state| state.end())
    }

    fn write(&mut self, alerts: &[Arc<Alert>], made_with: &MadeWith) -> anyhow::Result<()> {
        if !alerts.is_empty() {
            self.tell(alerts, made_with)?;
        }
        let Some(kept) = &mut self.kept else { return Ok(()) };
        // Also in rounds in which nothing is told, for what had no room before.
        for (sink, place) in self.sinks.iter_mut().zip(&mut kept.places) {
            kept.state.feed(sink, place)?;
            self.metrics.sink(sink);
        }
        Ok(())
    }

    fn tell(&mut self, alerts: &[Arc<Alert>], made_with: &MadeWith) -> anyhow::Result<()> {
        let _span = tracing::debug_span!("sinks.write", alerts = alerts.len()).entered();
        let names = self.names.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let writer = made_with.writer(&names);
        let mut lines: Vec<Line> = alerts.iter().map(|alert| Line::of(alert, writer.json(alert))).collect();
        if let Some(kept) = &mut self.kept {
            // A revision is known by its alert and its number: no two have both.
            lines.retain(|line| !kept.muted.remove(&(line.id.clone(), line.revision)));
        }
        lines.iter().for_each(|line| self.metrics.alert(&line.kind, &line.severity));
        if let Some(kept) = &mut self.kept {
            let json: Vec<String> = lines.into_iter().map(|line| line.json).collect();
            return Ok(kept.state.journal.add(&json)?);
        }
        for sink in &mut self.sinks {
            lines.iter().try_for_each(|line| sink.write(line))?;
            sink.flush()?;
            self.metrics.sink(sink);
        }
        Ok(())
    }
}
