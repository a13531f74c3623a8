//! The engine on threads: each shard owns its ships, nothing is shared, nothing is locked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use connect::facts::Facts;
use detect::Reception;
use engine::{Engine, Entry, Limits, World};
use model::alert::{Alert, Told};
use model::fate::Counts;

/// Entries handed over at once.
const BATCH: usize = 1_024;
/// Batches that may wait for a shard.
const QUEUE: usize = 16;

/// What a shard has found when its input has ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Facts in their last revision.
    pub facts: Facts,
    /// All alerts, each ship's in order, where they were asked for.
    pub alerts: Vec<Arc<Alert>>,
    /// What became of the transmissions.
    pub counts: Counts,
    /// Ships.
    pub ships: u64,
    /// Tracks.
    pub tracks: u64,
    /// What was learned of hearing.
    pub reception: Reception,
}

/// Shards at work.
pub struct Shards {
    shards: Vec<Shard>,
    told: Arc<AtomicU64>,
}

struct Shard {
    batch: Vec<Entry>,
    sender: SyncSender<Vec<Entry>>,
    thread: JoinHandle<Outcome>,
}

impl Shards {
    /// Starts `count` shards.
    pub fn start(count: usize, world: &Arc<World>, limits: Limits, keep_alerts: bool) -> Shards {
        let told = Arc::new(AtomicU64::new(0));
        let shards = (0..count.max(1))
            .map(|number| {
                let (sender, receiver) = sync_channel(QUEUE);
                let (world, told) = (Arc::clone(world), Arc::clone(&told));
                let engine = Engine::new(limits, number);
                let thread = std::thread::spawn(move || work(&receiver, engine, &world, keep_alerts, &told));
                Shard { batch: Vec::with_capacity(BATCH), sender, thread }
            })
            .collect();
        Shards { shards, told }
    }

    /// Hands over one entry: a ship's to its shard, others to all.
    pub fn push(&mut self, entry: Entry) {
        if let Entry::Transmission(_, transmission) = &entry {
            let shard = engine::shard_of(transmission.mmsi(), self.shards.len());
            self.shards[shard].push(entry);
        } else {
            self.shards.iter_mut().for_each(|shard| shard.push(entry.clone()));
        }
    }

    /// What was told so far: changes of facts, and alerts.
    pub fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Ends the input and waits for all.
    pub fn finish(self) -> Outcome {
        let mut whole = Outcome::default();
        let threads: Vec<JoinHandle<Outcome>> = self
            .shards
            .into_iter()
            .map(|mut shard| {
                shard.hand_over();
                shard.thread
            })
            .collect();
        for thread in threads {
            let part = match thread.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            whole.facts.merge(part.facts);
            whole.alerts.extend(part.alerts);
            whole.counts.add(&part.counts);
            whole.ships += part.ships;
            whole.tracks += part.tracks;
            whole.reception = part.reception;
        }
        whole
    }
}

impl Shard {
    fn push(&mut self, entry: Entry) {
        self.batch.push(entry);
        if self.batch.len() == BATCH {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        // A shard that has died tells why when it is joined.
        let _ = self.sender.send(batch);
    }
}

fn work(
    receiver: &Receiver<Vec<Entry>>,
    mut engine: Engine,
    world: &World,
    keep_alerts: bool,
    told: &AtomicU64,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut fresh = Vec::new();
    while let Ok(batch) = receiver.recv() {
        for entry in batch {
            engine.push(entry, world, &mut fresh);
        }
        told.fetch_add(fresh.len() as u64, Ordering::Relaxed);
        for told in fresh.drain(..) {
            match told {
                Told::Fact(change) => outcome.facts.apply(&change),
                Told::Alert(alert) if keep_alerts => outcome.alerts.push(alert),
                Told::Alert(_) => {}
            }
        }
    }
    outcome.counts = engine.counts().clone();
    (outcome.ships, outcome.tracks) = (engine.ships() as u64, engine.tracks());
    outcome.reception = engine.into_reception();
    outcome
}
