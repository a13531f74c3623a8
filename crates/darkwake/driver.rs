//! Reads the inputs of a replay in the order of their times.
//!
//! Files that follow each other are chained: the later goes on where the former ended. Files that
//! overlap are merged: whichever is farthest behind is read next. A file that is not open yet holds
//! the watermark at its first stamp.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Context;
use connect::ahead::Reading;
use connect::files::Input;
use connect::reader::{self, Format, Opened, ReadSettings, Reader};
use connect::sorted::{self, Sorted, Sorter, TooLate, Window};
use decode::rare::Landmark;
use decode::{Content, Decoded};
use engine::{Ingest, Order, SourceId};
use model::{EventTime, Mmsi, Reason, Transmission};
use serde::{Deserialize, Serialize};

use crate::cli::{self, Speed};
use crate::config::{Config, TableOrder};
use crate::interrupt::{Interrupt, Interrupted};
use crate::progress::Progress;
use crate::resume::{BodyAt, Checkpoint, OpenAt, Resume, WaitingAt};
use crate::shards::Shards;

/// Lines read from one input before another has its turn.
const TURN_LINES: usize = 512;
/// The first row of an unsorted table may be this much later than its earliest.
const TABLE_DISORDER_MS: i64 = 86_400_000;
/// It is written down this often how far it is.
const SAVE: std::time::Duration = std::time::Duration::from_secs(60);
/// Inputs that are read ahead; of more that are open at once, the others are read by turns.
const MAX_AHEAD: usize = 16;
/// Base stations told apart; there are a few thousand in the world.
const MAX_BASE_STATIONS: usize = 65_536;

/// How to read.
pub struct Plan {
    /// Settings of the readers.
    pub read: ReadSettings,
    /// Leave out what is before.
    pub since: Option<EventTime>,
    /// Leave out what is at or after.
    pub until: Option<EventTime>,
    /// How fast.
    pub speed: Speed,
    /// Tables that are sorted before anything is made of them, by number.
    pub sorted_first: BTreeSet<u32>,
    /// Ends all inputs where they are.
    pub interrupt: Interrupt,
    /// Where it is written down how far it is.
    pub resume: Option<Resume>,
}

/// What reading found beside the reports.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ReadTotals {
    /// Bytes, after decompression.
    pub bytes: u64,
    /// Lines left out by `--since` and `--until`.
    pub skipped: u64,
    /// TAG blocks used in spite of a wrong checksum.
    pub tag_warnings: u64,
    /// Senders of message 4, up to a limit far above what there are.
    pub base_stations: BTreeSet<Mmsi>,
    /// Inputs that ended in an error, and which.
    pub broken: Vec<String>,
    /// Inputs in which nothing could be read.
    pub unreadable: usize,
}

/// An input that is not open yet.
struct Unopened {
    number: u32,
    input: Input,
    floor: EventTime,
    /// Opened beside others when all of them have come this far. A log that was cut overlaps its
    /// next piece by less than the delay bound, and is followed by it, not read beside it.
    due: EventTime,
    source: SourceId,
}

/// An open input.
struct Open {
    name: String,
    number: u32,
    source: SourceId,
    body: Body,
}

enum Body {
    Lines(Reading),
    /// A table that is nearly in order, and whether it was read to its end: some of its rows wait then.
    Window(Reading, Box<Window>, bool),
    /// One that is not.
    Rows(Box<Sorted<Transmission>>, u64),
}

impl Open {
    /// How far it was read.
    fn at(&self) -> anyhow::Result<OpenAt> {
        const AHEAD: &str = "an input that is read ahead is not where it was";
        let body = match &self.body {
            Body::Lines(reading) => {
                let reader = reading.reader().context(AHEAD)?;
                BodyAt::Lines(reader.lines_read(), reader.nmea().cloned().map(Box::new))
            }
            Body::Window(reading, window, _) => {
                let lines = reading.reader().context(AHEAD)?.lines_read();
                BodyAt::Window(lines, postcard::to_allocvec(window)?)
            }
            Body::Rows(_, given) => BodyAt::Rows(*given),
        };
        Ok(OpenAt { number: self.number, source: self.source, body })
    }
}

/// A table turned out to be far out of order: all is to be read anew, with this one sorted first.
#[derive(Clone, Copy, Debug)]
pub struct OutOfOrder(pub u32);

impl std::fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "input {} is out of order", self.0)
    }
}

impl std::error::Error for OutOfOrder {}

/// Reads inputs into shards.
pub struct Driver<'a> {
    plan: &'a Plan,
    config: &'a Config,
    ingest: Ingest,
    shards: Shards,
    totals: ReadTotals,
    progress: Progress,
    pace: Option<(Instant, EventTime)>,
    /// Whether inputs are read ahead.
    is_ahead: bool,
    /// Room of a turn.
    batch: Vec<Decoded>,
    /// Whether an interrupt came while a table was sorted, so that it cannot be said where it is.
    is_cut: bool,
}

impl<'a> Driver<'a> {
    /// A driver for the shards.
    pub fn new(plan: &'a Plan, config: &'a Config, shards: Shards, progress: Progress) -> Driver<'a> {
        Driver {
            plan,
            config,
            ingest: Ingest::new(&config.limits.of_core()),
            shards,
            totals: ReadTotals::default(),
            progress,
            pace: None,
            // Of what is written down to go on from, nothing may be farther than that.
            is_ahead: plan.resume.is_none()
                && std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1),
            batch: Vec::new(),
            is_cut: false,
        }
    }

    /// A driver that goes on where another was.
    pub fn resumed(
        plan: &'a Plan,
        config: &'a Config,
        shards: Shards,
        progress: Progress,
        (ingest, totals): (Ingest, ReadTotals),
    ) -> Driver<'a> {
        Driver { ingest, totals, ..Driver::new(plan, config, shards, progress) }
    }

    /// Reads all inputs to their ends, or until it is interrupted: then what was read is all there is.
    pub fn run(
        mut self,
        inputs: Vec<Input>,
        from: Option<(Vec<WaitingAt>, Vec<OpenAt>, Option<OpenAt>)>,
    ) -> anyhow::Result<(Ingest, Shards, ReadTotals)> {
        let (mut waiting, mut open, mut former) = match from {
            None => (self.survey(inputs)?, Vec::new(), None),
            Some((waiting, open, former)) => {
                let unopened = |at: WaitingAt| {
                    let WaitingAt { number, floor, due, source } = at;
                    Unopened { number, input: inputs[number as usize].clone(), floor, due, source }
                };
                let mut reopen = |at: OpenAt| self.reopen(&inputs[at.number as usize], at);
                let open = open.into_iter().map(&mut reopen).collect::<anyhow::Result<Vec<_>>>()?;
                let former = former.map(&mut reopen).transpose()?;
                (waiting.into_iter().map(unopened).collect(), open, former)
            }
        };
        let mut saved = Instant::now();
        loop {
            let is_over = self.plan.interrupt.came();
            if let Some(resume) = &self.plan.resume
                && !self.is_cut
                && (is_over || saved.elapsed() >= SAVE)
            {
                self.save(resume, (&waiting, &open, &former))?;
                saved = Instant::now();
            }
            if is_over {
                break;
            }
            let behind = (0..open.len()).min_by_key(|at| (self.ingest.watermark_of(open[*at].source), *at));
            let reached = behind.map(|at| self.ingest.watermark_of(open[at].source));
            if let Some(next) = waiting.last()
                && reached.is_none_or(|reached| next.due <= reached)
                && let Some(next) = waiting.pop()
            {
                self.open(next, former.take(), &mut open)?;
                continue;
            }
            let Some(at) = behind else { break };
            let broken = self.totals.broken.len();
            if !self.turn(&mut open[at])? {
                let ended = open.remove(at);
                let is_whole = self.totals.broken.len() == broken;
                if is_whole && open.is_empty() && !waiting.is_empty() {
                    former = Some(ended);
                } else {
                    self.close(ended);
                }
            }
            self.advance();
        }
        // All are over but after an interrupt.
        former.into_iter().chain(open).for_each(|ended| self.close(ended));
        waiting.iter().for_each(|unopened| self.ingest.close(unopened.source, &mut |_| {}));
        let (ingest, shards) = (&mut self.ingest, &mut self.shards);
        ingest.end(&mut |entry| shards.push(entry));
        self.progress.finish();
        Ok((self.ingest, self.shards, self.totals))
    }

    /// Writes down where it is.
    fn save(
        &mut self,
        resume: &Resume,
        (waiting, open, former): (&[Unopened], &[Open], &Option<Open>),
    ) -> anyhow::Result<()> {
        let waiting = waiting.iter().map(|unopened| {
            let Unopened { number, floor, due, source, .. } = *unopened;
            WaitingAt { number, floor, due, source }
        });
        resume.save(Checkpoint {
            made_for: 0,
            ingest: self.ingest.snapshot()?,
            shards: self.shards.checkpoint()?,
            totals: self.totals.clone(),
            sorted_first: self.plan.sorted_first.clone(),
            waiting: waiting.collect(),
            open: open.iter().map(Open::at).collect::<anyhow::Result<_>>()?,
            former: former.as_ref().map(Open::at).transpose()?,
        })
    }

    /// Opens an input, and goes to where it was.
    fn reopen(&mut self, input: &Input, at: OpenAt) -> anyhow::Result<Open> {
        let OpenAt { number, source, body } = at;
        let name = input.name();
        let changed = || anyhow::anyhow!("{name}: is no longer what it was");
        let Opened::Reader(mut reader) = Reader::open(input, number, &self.plan.read)? else {
            return Err(changed());
        };
        let body = match body {
            BodyAt::Lines(lines, held) => {
                reader.go_to(lines, held).with_context(changed)?;
                Body::Lines(Reading::here(reader, TURN_LINES))
            }
            BodyAt::Window(lines, window) => {
                reader.go_to(lines, None).with_context(changed)?;
                Body::Window(
                    Reading::here(reader, TURN_LINES),
                    Box::new(postcard::from_bytes(&window)?),
                    false,
                )
            }
            BodyAt::Rows(given) => {
                // What is wrong with rows was counted the first time.
                let counted = (self.ingest.snapshot()?, self.totals.clone());
                let mut rows = self.sort(input, reader)?;
                if self.plan.interrupt.came() {
                    return Err(Interrupted.into());
                }
                (self.ingest, self.totals) = (Ingest::restore(&counted.0)?, counted.1);
                for _ in 0..given {
                    rows.next_row()?.with_context(changed)?;
                }
                Body::Rows(Box::new(rows), given)
            }
        };
        Ok(Open { name, number, source, body })
    }

    /// Looks up the first stamp of each input; the earliest is last.
    fn survey(&mut self, inputs: Vec<Input>) -> anyhow::Result<Vec<Unopened>> {
        let many = inputs.len() > 1;
        let mut waiting = Vec::new();
        for (number, input) in inputs.into_iter().enumerate() {
            let first =
                if many && !input.is_stdin() { reader::first_time(&input, &self.plan.read)? } else { None };
            let (floor, due) = first.map_or((EventTime::MIN, EventTime::MIN), |(t, format)| match format {
                // Its own watermark when its first stamp has been read.
                Format::Nmea | Format::Json => (EventTime(t.0 - self.config.input.delay_bound.ms), t),
                Format::Table => (EventTime(t.0 - TABLE_DISORDER_MS), EventTime(t.0 - TABLE_DISORDER_MS)),
            });
            waiting.push((floor, number as u32, due, input));
        }
        waiting.sort_by_key(|(floor, number, ..)| std::cmp::Reverse((*floor, *number)));
        let bound_ms = self.config.input.delay_bound.ms;
        let unopened = waiting.into_iter().map(|(floor, number, due, input)| {
            let source = self.ingest.add(Order::Bounded { bound_ms }, floor);
            Unopened { number, input, floor, due, source }
        });
        Ok(unopened.collect())
    }

    fn open(&mut self, next: Unopened, former: Option<Open>, open: &mut Vec<Open>) -> anyhow::Result<()> {
        let name = next.input.name();
        let opened = Reader::open(&next.input, next.number, &self.plan.read)?;
        let mut reader = match opened {
            Opened::Reader(reader) => reader,
            Opened::Empty => {
                self.give_up(&next, former, &format!("{name}: is empty"), open);
                return Ok(());
            }
            Opened::Unknown => {
                let told = format!(
                    "{name}: no AIS sentence, table header or JSON object in its first lines; \
                     give --format, or name the columns of a table without a header under [input.columns]"
                );
                self.give_up(&next, former, &told, open);
                return Ok(());
            }
            Opened::Header(error) => {
                self.give_up(&next, former, &format!("{name}: {error}"), open);
                return Ok(());
            }
        };
        if reader.format() == Format::Table && self.config.input.table_order == TableOrder::Sort {
            if let Some(former) = former {
                self.close(former);
            }
            // What can be read only once cannot be begun anew.
            let body = if next.input.is_stdin() || self.plan.sorted_first.contains(&next.number) {
                let rows = self.sort(&next.input, reader)?;
                self.is_cut = self.plan.interrupt.came();
                Body::Rows(Box::new(rows), 0)
            } else {
                Body::Window(self.reading(&next.input, reader, open.len()), Box::default(), false)
            };
            self.ingest.set_order(next.source, Order::Sorted);
            open.push(Open { name, number: next.number, source: next.source, body });
            return Ok(());
        }
        let mut source = next.source;
        match former {
            Some(Open { source: earlier, body: Body::Lines(ended), .. })
                if ended.reader().is_some_and(|ended| ended.format() == reader.format())
                    && self.ingest.watermark_of(earlier) < first_stamp(&next, self) =>
            {
                // The same feed goes on: what was pending in it still is.
                if let Some(ended) = ended.end(&mut drop) {
                    self.totals.bytes += ended.bytes();
                    reader.continue_from(*ended);
                }
                self.ingest.close(source, &mut |_| {});
                source = earlier;
            }
            Some(former) => self.close(former),
            None => {}
        }
        let body = Body::Lines(self.reading(&next.input, reader, open.len()));
        open.push(Open { name, number: next.number, source, body });
        Ok(())
    }

    /// Begins to read an input beside so many others. An interrupt would wait for what comes through a pipe, or of a topic.
    fn reading(&self, input: &Input, reader: Box<Reader>, others: usize) -> Reading {
        let is_there = input.size().is_some_and(|bytes| bytes > 0);
        if self.is_ahead && is_there && others < MAX_AHEAD {
            Reading::ahead(reader, TURN_LINES)
        } else {
            Reading::here(reader, TURN_LINES)
        }
    }

    /// An input in which nothing can be read is told and left out.
    fn give_up(&mut self, next: &Unopened, former: Option<Open>, told: &str, open: &mut Vec<Open>) {
        cli::warn(told);
        self.totals.unreadable += 1;
        self.ingest.close(next.source, &mut |_| {});
        // The file before may still be followed by another.
        open.extend(former);
    }

    /// Sorts a table; what is wrong with its rows is counted on the way.
    fn sort(&mut self, input: &Input, reader: Box<Reader>) -> anyhow::Result<Sorted<Transmission>> {
        let mut reading = self.reading(input, reader, 0);
        let mut sorter = Sorter::new(self.config.limits.sort_rows);
        let mut failed: Option<std::io::Error> = None;
        let mut more = true;
        while more && !self.plan.interrupt.came() {
            let mut batch = std::mem::take(&mut self.batch);
            more = self.read_lines(&input.name(), &mut reading, &mut batch);
            for mut decoded in batch.drain(..) {
                let kind = decoded.kind.take();
                self.ingest.count_message(kind);
                match decoded.content {
                    Content::Transmission(row) => failed = failed.or(sorter.push(row).err()),
                    Content::Landmark(_) | Content::Fate(_) => self.ingest.count(&decoded),
                }
            }
            self.batch = batch;
            self.progress.tell(&self.plan.read.bytes_on_disk, None, 0);
        }
        self.totals.bytes += reading.end(&mut drop).map_or(0, |reader| reader.bytes());
        match failed {
            Some(error) => Err(error).context("the temporary file for sorting cannot be written"),
            None => sorter.finish().context("the temporary files for sorting cannot be read"),
        }
    }

    /// Reads some lines of an input; `false` at its end.
    fn turn(&mut self, open: &mut Open) -> Result<bool, OutOfOrder> {
        let mut batch = std::mem::take(&mut self.batch);
        let more = match &mut open.body {
            Body::Lines(reading) => self.read_lines(&open.name, reading, &mut batch),
            Body::Window(_, window, true) => {
                batch.extend(std::iter::from_fn(|| window.first()).take(TURN_LINES).map(sorted::decoded));
                batch.len() == TURN_LINES
            }
            Body::Window(reading, window, is_read) => {
                *is_read = !self.read_lines(&open.name, reading, &mut batch);
                let read = std::mem::replace(&mut batch, Vec::with_capacity(TURN_LINES));
                for mut decoded in read {
                    let kind = decoded.kind.take();
                    self.ingest.count_message(kind);
                    match decoded.content {
                        Content::Transmission(row) => {
                            window.push(row).map_err(|TooLate| OutOfOrder(open.number))?;
                            batch.extend(window.next_row().map(sorted::decoded));
                        }
                        Content::Landmark(_) | Content::Fate(_) => self.ingest.count(&decoded),
                    }
                }
                true
            }
            Body::Rows(rows, given) => {
                let mut more = true;
                while more && batch.len() < TURN_LINES {
                    match rows.next_row() {
                        Ok(Some(row)) => {
                            *given += 1;
                            batch.push(sorted::decoded(row));
                        }
                        Ok(None) => more = false,
                        Err(error) => {
                            self.broken(&open.name, &error);
                            more = false;
                        }
                    }
                }
                more
            }
        };
        let (ingest, shards) = (&mut self.ingest, &mut self.shards);
        ingest.read_all(open.source, &mut batch, &mut |entry| shards.push(entry));
        self.batch = batch;
        Ok(more)
    }

    /// Reads and filters some lines; `false` at the end.
    fn read_lines(&mut self, name: &str, reading: &mut Reading, batch: &mut Vec<Decoded>) -> bool {
        let more = reading.read(batch).unwrap_or_else(|error| {
            self.broken(name, &error);
            false
        });
        self.filter(batch);
        more
    }

    fn filter(&mut self, batch: &mut Vec<Decoded>) {
        let (since, until) = (self.plan.since, self.plan.until);
        let ReadTotals { skipped, base_stations, .. } = &mut self.totals;
        batch.retain(|decoded| {
            let is_out =
                |t: EventTime| since.is_some_and(|since| t < since) || until.is_some_and(|until| t >= until);
            if decoded.stamp.is_some_and(|stamp| is_out(stamp.t)) {
                *skipped += u64::from(decoded.lines);
                return false;
            }
            if let Content::Landmark(Landmark { mmsi, kind: 4, .. }) = decoded.content
                && base_stations.len() < MAX_BASE_STATIONS
            {
                base_stations.insert(mmsi);
            }
            true
        });
    }

    fn broken(&mut self, name: &str, error: &std::io::Error) {
        let told = format!("{name}: cannot be read to its end: {error}; what was read before is kept");
        cli::warn(&told);
        self.totals.broken.push(told);
    }

    fn close(&mut self, ended: Open) {
        let source = ended.source;
        match ended.body {
            Body::Lines(reading) => {
                // After an interrupt, lines that were read still wait.
                let mut rest = Vec::new();
                let reader = reading.end(&mut |(turn, more)| {
                    rest.extend(turn);
                    if let Err(error) = more {
                        self.broken(&ended.name, &error);
                    }
                });
                self.filter(&mut rest);
                let (ingest, shards) = (&mut self.ingest, &mut self.shards);
                let mut read =
                    |decoded: Decoded| ingest.read(source, decoded, &mut |entry| shards.push(entry));
                rest.into_iter().for_each(&mut read);
                if let Some(mut reader) = reader {
                    reader.finish(&mut read);
                    self.totals.bytes += reader.bytes();
                    self.totals.tag_warnings += reader.tag_warnings();
                }
            }
            Body::Window(reading, mut window, _) => {
                let (ingest, shards) = (&mut self.ingest, &mut self.shards);
                // The same of rows that wait for those around them; nothing was said yet of any that come after.
                while let Some(row) = window.first() {
                    ingest.read(source, sorted::decoded(row), &mut |entry| shards.push(entry));
                }
                self.totals.bytes += reading.end(&mut drop).map_or(0, |reader| reader.bytes());
            }
            Body::Rows(..) => {}
        }
        let (ingest, shards) = (&mut self.ingest, &mut self.shards);
        ingest.close(source, &mut |entry| shards.push(entry));
    }

    fn advance(&mut self) {
        let (ingest, shards) = (&mut self.ingest, &mut self.shards);
        if let Some(watermark) = ingest.advance(&mut |entry| shards.push(entry)) {
            self.keep_pace(watermark);
        }
        self.progress.tell(&self.plan.read.bytes_on_disk, self.ingest.highest(), self.shards.told());
    }

    /// Waits until as much time has passed as the speed asks for.
    fn keep_pace(&mut self, watermark: EventTime) {
        let Speed::Times(times) = self.plan.speed else { return };
        let (began, first) = *self.pace.get_or_insert((Instant::now(), watermark));
        let due = std::time::Duration::from_secs_f64((watermark.0 - first.0).max(0) as f64 / 1_000.0 / times);
        if let Some(wait) = due.checked_sub(began.elapsed()) {
            self.plan.interrupt.wait(wait);
        }
    }
}

/// The first stamp of an input, as far as its floor tells.
fn first_stamp(next: &Unopened, driver: &Driver<'_>) -> EventTime {
    EventTime(next.floor.0 + driver.config.input.delay_bound.ms)
}

/// Whether lines were all without a time, though some were messages.
pub fn all_without_time(counts: &model::fate::Counts) -> bool {
    counts.rejected(Reason::NoTime) > 0
        && counts.accepted == 0
        && Reason::ALL
            .iter()
            .filter(|reason| **reason >= Reason::BadTime)
            .all(|reason| counts.rejected(*reason) == 0)
}
