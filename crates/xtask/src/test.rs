//! `cargo xtask test`: everything that must hold, in pieces, with a table of them at the end.
//!
//! ```text
//! cargo xtask test                  builds, tests, lints, oracle on 6 worlds, scenarios, scores of judgement, instructions
//! cargo xtask test --only oracle    this piece, and the builds it needs
//! cargo xtask test --soak           the long tier; started again, it goes on where it was stopped
//! ```

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::project::{self, Project};
use crate::say::{say, table, talk};
use crate::soak::{self, Journal};
use crate::system::{self, Need};
use crate::{Usage, analysts, counts, evaluate, oracle, page, pgo, ports, scenarios, supply, water, web};

const USAGE: &str = "usage: cargo xtask test [--soak [--again]] [--only NAME]";

/// The oracle's worlds in the default tier.
const WORLDS: u32 = 6;
/// The oracle's worlds in the long tier.
const WORLDS_SOAK: u32 = 60;
/// The worlds of one piece of the long tier.
const WORLDS_A_PIECE: u32 = 10;

/// What `--only` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Web,
    Tests,
    Page,
    Analysts,
    Deploy,
    Clippy,
    Format,
    Supply,
    Oracle,
    Scenarios,
    Scores,
    Counts,
    Ports,
    Water,
    Pgo,
    Soak,
}

impl Part {
    const DEFAULT: [Part; 12] = [
        Part::Web,
        Part::Tests,
        Part::Clippy,
        Part::Format,
        Part::Supply,
        Part::Page,
        Part::Analysts,
        Part::Deploy,
        Part::Oracle,
        Part::Scenarios,
        Part::Scores,
        Part::Counts,
    ];
    const SOAK: [Part; 4] = [Part::Ports, Part::Water, Part::Pgo, Part::Soak];

    fn name(self) -> &'static str {
        match self {
            Part::Web => "web",
            Part::Tests => "tests",
            Part::Page => "page",
            Part::Analysts => "analysts",
            Part::Deploy => "deploy",
            Part::Clippy => "clippy",
            Part::Format => "fmt",
            Part::Supply => "supply",
            Part::Oracle => "oracle",
            Part::Scenarios => "scenarios",
            Part::Scores => "scores",
            Part::Counts => "counts",
            Part::Ports => "ports",
            Part::Water => "water",
            Part::Pgo => "pgo",
            Part::Soak => "soak",
        }
    }

    fn explained(self, is_soak: bool) -> String {
        let text = match self {
            Part::Web => "the page: built, types checked, its modules tested",
            Part::Tests => "cargo test --workspace --features otel, doc tests included",
            Part::Analysts => "the questions of ANALYSTS.md, with DuckDB, pandas and geopandas",
            Part::Deploy => {
                "deploy/: rules, dashboards, chart, a real image, and the topology as processes (tests/deploy)"
            }
            Part::Page => "the page in Chromium, and its API against the OpenAPI document (tests/page)",
            Part::Clippy => "cargo clippy --workspace --all-targets --features otel -- -D warnings",
            Part::Format => "cargo fmt --all --check",
            Part::Supply => {
                "what the program is made of: the list is whole, its licences and sources are allowed"
            }
            Part::Oracle => {
                let worlds = if is_soak { WORLDS_SOAK } else { WORLDS };
                return format!("darkwake replay against tests/oracle on {worlds} random worlds");
            }
            Part::Scenarios => "generated scenarios: the same bytes again, whatever the shards",
            Part::Scores => "how good judgement is on generated worlds, against bounds",
            Part::Counts => "instructions of each stage, against benches/counts.json (with valgrind)",
            Part::Ports => "config/ports/wpi.geojson is what its source gives (needs the network)",
            Part::Water => {
                "the mask of water and the coast of reports are what their source gives (needs npm and the network)"
            }
            Part::Pgo => {
                "the program as it is released (cargo xtask pgo) tells what the one tells that made its profile (needs the network)"
            }
            Part::Soak => "the long form of the tests that have one (DARKWAKE_SOAK=1), one piece each",
        };
        text.to_owned()
    }

    fn needs(self) -> &'static [Need] {
        match self {
            Part::Tests => &[Need::Make, Need::OpenSsl, Need::Java, Need::Maven, Need::Mosquitto, Need::Gdal],
            Part::Clippy => &[Need::Clippy, Need::Make, Need::OpenSsl],
            Part::Format => &[Need::Rustfmt],
            Part::Web => &[Need::Node],
            Part::Analysts => &[Need::Python, Need::Venv],
            Part::Deploy => &[Need::Python, Need::Venv, Need::Java, Need::Maven, Need::Deployment],
            Part::Page => &[Need::Node, Need::Chromium, Need::Python, Need::Venv],
            Part::Oracle | Part::Ports => &[Need::Python],
            // It does without valgrind where that cannot be had.
            Part::Counts => &[Need::Make, Need::OpenSsl],
            Part::Supply | Part::Scenarios | Part::Scores | Part::Water | Part::Soak => &[],
            Part::Pgo => &pgo::NEEDS,
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    soak: bool,
    again: bool,
    only: Vec<Part>,
}

impl Options {
    fn read(arguments: &[&str]) -> Result<Options> {
        let mut options = Options::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match *argument {
                "--soak" => options.soak = true,
                "--again" => options.again = true,
                "--only" => {
                    let names = rest.next().copied().unwrap_or_default();
                    for name in names.split(',') {
                        options.only.push(part_of(name)?);
                    }
                }
                other => bail!(Usage(format!("{USAGE}, not '{other}'"))),
            }
        }
        let long = options.only.iter().find(|part| Part::SOAK.contains(part));
        if let Some(part) = long.filter(|_| !options.soak) {
            bail!(Usage(format!(
                "'{}' belongs to the long tier: cargo xtask test --soak --only {0}",
                part.name()
            )));
        }
        if options.again && !options.soak {
            bail!(Usage(format!("{USAGE}: --again goes with --soak")));
        }
        Ok(options)
    }

    fn parts(&self) -> Vec<Part> {
        let long: &[Part] = if self.soak { &Part::SOAK } else { &[] };
        let all = Part::DEFAULT.iter().chain(long).copied();
        all.filter(|part| self.only.is_empty() || self.only.contains(part)).collect()
    }
}

fn part_of(name: &str) -> Result<Part> {
    let mut all = Part::DEFAULT.iter().chain(&Part::SOAK).copied();
    let known: Vec<&str> = all.clone().map(Part::name).collect();
    let found = all.find(|part| part.name() == name);
    found.ok_or_else(|| Usage(format!("{USAGE}, NAME being one of {}", known.join(", "))).into())
}

/// Runs the pieces.
pub fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::read(arguments)?;
    let parts = options.parts();
    let project = Project::find()?;
    let journal = options.soak.then(|| Journal::open(&project, options.again));
    announce(&parts, &options, journal.as_ref());
    let mut needs: Vec<Need> = parts.iter().flat_map(|part| part.needs()).copied().collect();
    needs.sort_unstable();
    needs.dedup();
    system::prepare(&needs)?;

    let mut bill = Bill { pieces: Vec::new(), journal };
    // Before it goes into the program.
    if parts.contains(&Part::Web) || parts.contains(&Part::Page) {
        bill.build("build web", || web::build(&project));
    }
    if parts.iter().any(|part| {
        matches!(
            part,
            Part::Page | Part::Analysts | Part::Deploy | Part::Oracle | Part::Scenarios | Part::Scores
        )
    }) {
        bill.build("build release", || project.build());
    }
    if parts.contains(&Part::Tests) {
        bill.build("build tests", || build_tests(&project));
    }
    for part in parts {
        run_part(part, &options, &project, &mut bill)?;
    }
    bill.close()
}

fn announce(parts: &[Part], options: &Options, journal: Option<&Journal>) {
    say("To do, after building:");
    for part in parts {
        say(&format!("  {:<10} {}", part.name(), part.explained(options.soak)));
    }
    if let Some(journal) = journal.filter(|journal| journal.len() > 0) {
        say(&format!("{} pieces passed earlier are not done again; --again starts over", journal.len()));
    }
}

fn run_part(part: Part, options: &Options, project: &Project, bill: &mut Bill) -> Result<()> {
    match part {
        Part::Web => {
            if bill.build("build web", || web::build(project)) {
                bill.piece("web", || web::test(project).map(|()| String::new()))?;
            }
        }
        Part::Page => {
            if bill.build("build web", || web::build(project))
                && bill.build("build release", || project.build())
            {
                bill.piece("page", || page::test(project))?;
            }
        }
        Part::Analysts => {
            if bill.build("build release", || project.build()) {
                bill.piece("analysts", || analysts::test(project))?;
            }
        }
        Part::Deploy => {
            if bill.build("build release", || project.build()) {
                bill.piece("deploy", || deploy(project))?;
            }
        }
        Part::Tests => {
            if bill.build("build tests", || build_tests(project)) {
                bill.piece("tests", || {
                    cargo_test(
                        project,
                        &["test", "--workspace", "--features", "otel", "--no-fail-fast"],
                        false,
                    )
                })?;
            }
        }
        Part::Clippy => bill.piece("clippy", || {
            let lint =
                &["clippy", "--workspace", "--all-targets", "--features", "otel", "--", "-D", "warnings"];
            project::run(&mut project.cargo(lint)).map(|()| String::new())
        })?,
        Part::Format => {
            bill.piece("fmt", || {
                project::run(&mut project.cargo(&["fmt", "--all", "--check"])).map(|()| String::new())
            })?;
        }
        Part::Supply => bill.piece("supply", || supply::check(project))?,
        Part::Oracle => {
            if !bill.build("build release", || project.build()) {
                return Ok(());
            }
            if !options.soak {
                return bill.piece("oracle", || oracle::compare(project, 1..=WORLDS));
            }
            for first in (1..=WORLDS_SOAK).step_by(WORLDS_A_PIECE as usize) {
                let seeds = first..=first + WORLDS_A_PIECE - 1;
                let name = format!("oracle {}-{}", seeds.start(), seeds.end());
                bill.piece(&name, || oracle::compare(project, seeds))?;
            }
        }
        Part::Scenarios => {
            if bill.build("build release", || project.build()) {
                bill.piece("scenarios", || scenarios::check(project))?;
            }
        }
        Part::Scores => {
            if bill.build("build release", || project.build()) {
                bill.piece("scores", || evaluate::score(project))?;
            }
        }
        Part::Counts => bill.piece("counts", || counts::check(project))?,
        Part::Ports => bill.piece("ports", || ports::run(&["--check".to_owned()]).map(|()| String::new()))?,
        Part::Pgo => {
            bill.piece("pgo profile", || pgo::profile(project).map(|()| String::new()))?;
            bill.piece("pgo program", || pgo::program(project).map(|_| String::new()))?;
        }
        Part::Water => bill.piece("water", || water::run(&["--check"]).map(|()| String::new()))?,
        Part::Soak => soak_tests(project, bill)?,
    }
    Ok(())
}

/// Runs the checks of what is deployed; those that cannot run here say so.
fn deploy(project: &Project) -> Result<String> {
    let mut last = String::new();
    let program = project.made(&format!("release/darkwake{}", std::env::consts::EXE_SUFFIX));
    project::follow(project.python(&["tests/deploy/run.py"]).env("DARKWAKE", program), |line| {
        line.clone_into(&mut last);
        say(line);
    })?;
    Ok(last)
}

fn build_tests(project: &Project) -> Result<()> {
    project::run(&mut project.cargo(&["test", "--workspace", "--features", "otel", "--no-run"]))
}

fn soak_tests(project: &Project, bill: &mut Bill) -> Result<()> {
    let files = soak::files(project)?;
    let mut tests = Vec::new();
    let is_built = bill.build("build soak", || {
        for (package, file) in &files {
            project::run(&mut project.cargo(&[
                "test",
                "--release",
                "-p",
                package,
                "--test",
                file,
                "--no-run",
            ]))?;
        }
        tests = soak::tests(project, &files)?;
        Ok(())
    });
    for test in tests.iter().filter(|_| is_built) {
        bill.piece(&test.piece(), || cargo_test(project, &test.arguments(), true))?;
    }
    Ok(())
}

/// Runs tests, passes their output on, and gives their number.
fn cargo_test(project: &Project, arguments: &[&str], is_long: bool) -> Result<String> {
    let mut command = project.cargo(arguments);
    if is_long {
        command.env(soak::VARIABLE, "1");
    } else {
        command.env_remove(soak::VARIABLE);
    }
    let mut passed = 0;
    project::follow(&mut command, |line| {
        passed += passed_tests(line);
        say(line);
    })?;
    Ok(format!("{passed} tests"))
}

/// The number in `test result: ok. 12 passed; …`.
fn passed_tests(line: &str) -> u64 {
    let Some((_, rest)) = line.split_once("test result:") else { return 0 };
    let before = rest.split(" passed").next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

enum Ending {
    Passed(String),
    Earlier,
    Failed(String),
}

struct Piece {
    name: String,
    is_build: bool,
    seconds: f64,
    result: Ending,
}

/// What was done, how long it took and how it ended.
struct Bill {
    pieces: Vec<Piece>,
    journal: Option<Journal>,
}

impl Bill {
    /// Builds once; says whether what depends on it can go on.
    fn build(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> bool {
        if let Some(before) = self.pieces.iter().find(|piece| piece.name == name) {
            return !matches!(before.result, Ending::Failed(_));
        }
        self.start(name);
        let (seconds, done) = time(work);
        let result = match done {
            Ok(()) => Ending::Passed(String::new()),
            Err(error) => failed(name, &error),
        };
        let is_good = matches!(result, Ending::Passed(_));
        self.pieces.push(Piece { name: name.to_owned(), is_build: true, seconds, result });
        is_good
    }

    /// Does a piece unless the journal has it.
    fn piece(&mut self, name: &str, work: impl FnOnce() -> Result<String>) -> Result<()> {
        if let Some(seconds) = self.journal.as_ref().and_then(|journal| journal.seconds(name)) {
            self.pieces.push(Piece {
                name: name.to_owned(),
                is_build: false,
                seconds,
                result: Ending::Earlier,
            });
            return Ok(());
        }
        self.start(name);
        let (seconds, done) = time(work);
        let result = match done {
            Ok(note) => {
                if let Some(journal) = &mut self.journal {
                    journal.note(name, seconds)?;
                }
                Ending::Passed(note)
            }
            Err(error) => failed(name, &error),
        };
        self.pieces.push(Piece { name: name.to_owned(), is_build: false, seconds, result });
        Ok(())
    }

    fn start(&self, name: &str) {
        say(&format!("\n== {name}"));
    }

    /// Prints the table; an error if a piece failed.
    fn close(self) -> Result<()> {
        let rows: Vec<Vec<String>> = self
            .pieces
            .iter()
            .map(|piece| {
                let result = match &piece.result {
                    Ending::Passed(note) if note.is_empty() => "passed".to_owned(),
                    Ending::Passed(note) => format!("passed: {note}"),
                    Ending::Earlier => "passed earlier".to_owned(),
                    Ending::Failed(why) => format!("FAILED: {why}"),
                };
                vec![piece.name.clone(), format!("{:.1}", piece.seconds), result]
            })
            .collect();
        say(&format!("\n{}", table(&["piece", "seconds", "result"], &rows)));
        let sum = |is_build: bool| {
            let now = self.pieces.iter().filter(|piece| !matches!(piece.result, Ending::Earlier));
            now.filter(|piece| piece.is_build == is_build).fold(0.0, |sum, piece| sum + piece.seconds)
        };
        say(&format!("\nbuild {:.1} s, tests {:.1} s", sum(true), sum(false)));
        let failed = self.pieces.iter().filter(|piece| matches!(piece.result, Ending::Failed(_))).count();
        say(&format!("{} passed, {failed} failed", self.pieces.len() - failed));
        if failed > 0 {
            std::process::exit(1);
        }
        Ok(())
    }
}

fn failed(name: &str, error: &anyhow::Error) -> Ending {
    let why = format!("{error:#}");
    talk(&format!("{name}: {why}"));
    Ending::Failed(why.lines().next().unwrap_or_default().to_owned())
}

fn time<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let done = work();
    let elapsed: Duration = began.elapsed();
    (elapsed.as_secs_f64(), done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_tests_is_read_from_the_runner() {
        for (line, expect) in [
            (
                "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                12,
            ),
            ("test result: FAILED. 3 passed; 1 failed; 0 ignored", 3),
            ("test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 7 passed; 0 failed", 7),
            ("running 12 tests", 0),
        ] {
            assert_eq!(passed_tests(line), expect, "{line}");
        }
    }

    #[test]
    fn only_takes_names_and_the_long_tier_needs_its_flag() {
        assert_eq!(Options::read(&["--only", "oracle,fmt"]).unwrap().parts(), [Part::Format, Part::Oracle]);
        assert_eq!(Options::read(&[]).unwrap().parts(), Part::DEFAULT);
        assert_eq!(Options::read(&["--soak"]).unwrap().parts().len(), 16);
        for wrong in [&["--only", "orakle"][..], &["--only"], &["--only", "soak"], &["--again"], &["tests"]] {
            assert!(Options::read(wrong).unwrap_err().is::<Usage>(), "{wrong:?}");
        }
    }
}
