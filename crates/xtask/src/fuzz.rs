//! `cargo xtask fuzz [TARGET…] [--seconds N] [--asan]`: gives the targets of `fuzz/` bytes that libFuzzer makes up, one
//! after the other.
//!
//! The programs are built with the flags that cargo-fuzz gives for coverage. All are options of the stable compiler, so
//! that nothing is to be installed but a C++ compiler, for libFuzzer itself. AddressSanitizer, which also holds what is
//! set aside at once to a limit, is an unstable option; with `--asan` the compiler is told to allow it.
//!
//! What is found interesting is kept in `target/fuzz-corpus`, made as small as it can be, and built upon the next time.
//! The files in `fuzz/corpus` are only read.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::Usage;
use crate::project::{self, Project, text};
use crate::say::{grouped, say, table, talk};
use crate::system::{self, Need};

/// Each target runs so long unless it is said otherwise.
const SECONDS: u64 = 60;
/// What makes the compiler count the edges that are taken and tell what is compared (cargo-fuzz 0.13, project.rs).
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
];
const ADDRESS_SANITIZER: &str = "-Zsanitizer=address";
/// What one input may take: seconds, memory in all, memory set aside at once (with AddressSanitizer), bytes.
const LIMITS: [&str; 6] = [
    "-timeout=25",
    "-rss_limit_mb=2048",
    "-malloc_limit_mb=256",
    "-max_len=16384",
    "-detect_leaks=0",
    "-print_final_stats=1",
];
/// A crash is made smaller for so long.
const SMALLER_SECONDS: u64 = 60;
/// Lines that are shown of a program that fails.
const LAST_LINES: usize = 60;

#[derive(Debug, PartialEq, Eq)]
struct Options {
    targets: Vec<String>,
    seconds: u64,
    asan: bool,
}

fn usage() -> Usage {
    Usage("usage: cargo xtask fuzz [TARGET…] [--seconds N] [--asan]".to_owned())
}

impl Options {
    fn read(arguments: &[&str]) -> Result<Options> {
        let mut options = Options { targets: Vec::new(), seconds: SECONDS, asan: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match *argument {
                "--asan" => options.asan = true,
                "--seconds" => {
                    let seconds: Option<u64> = rest.next().and_then(|number| number.parse().ok());
                    options.seconds = seconds.filter(|seconds| *seconds > 0).ok_or_else(usage)?;
                }
                name if !name.starts_with('-') => options.targets.push(name.to_owned()),
                _ => return Err(usage().into()),
            }
        }
        Ok(options)
    }
}

/// Builds and runs them.
pub fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::read(arguments)?;
    let project = Project::find()?;
    let targets = chosen(&project, &options)?;
    system::prepare(&[Need::Make, Need::OpenSsl])?;
    ensure!(
        project::works("c++", &["--version"]),
        "missing: a C++ compiler, for libFuzzer; install one so that `c++` runs it (on Debian: apt-get install g++)"
    );
    talk("building the targets (release, with coverage)");
    let programs = build(&project, &options, &targets)?;
    let (mut rows, mut crashes) = (Vec::new(), 0);
    for target in &targets {
        talk(&format!("{target}: {} s", options.seconds));
        let outcome = Fuzzing { project: &project, target, program: programs.join(target) }.run(&options)?;
        crashes += usize::from(outcome.crash.is_some());
        rows.push(outcome.row(target));
    }
    say(&table(&["target", "runs", "seconds", "edges", "corpus", "crash"], &rows));
    ensure!(
        crashes == 0,
        "{crashes} targets crash; once that is mended, keep the input in fuzz/corpus/TARGET"
    );
    Ok(())
}

/// The targets that are asked for, or all.
fn chosen(project: &Project, options: &Options) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(project.path("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        all.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    all.sort();
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        bail!(Usage(format!("no target is called {unknown}; there are {}", all.join(", "))));
    }
    Ok(if options.targets.is_empty() { all } else { options.targets.clone() })
}

/// Builds programs; the folder that has them.
fn build(project: &Project, options: &Options, targets: &[String]) -> Result<PathBuf> {
    let host = project.host()?;
    let folder = project.made(if options.asan { "fuzz-asan" } else { "fuzz" });
    let mut flags = COVERAGE.join(" ");
    // With a target named, what runs while it is built is built without these.
    let mut cargo = project.cargo(&["build", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    cargo.args(["--target", &host, "--target-dir", text(&folder)?]);
    cargo.args(targets.iter().flat_map(|target| ["--bin", target.as_str()]));
    if options.asan {
        flags = format!("{flags} {ADDRESS_SANITIZER}");
        cargo.env("RUSTC_BOOTSTRAP", "1");
    }
    project::run(cargo.env("RUSTFLAGS", flags))?;
    Ok(folder.join(host).join("release"))
}

/// A target at work.
struct Fuzzing<'a> {
    project: &'a Project,
    target: &'a str,
    program: PathBuf,
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    runs: u64,
    seconds: u64,
    /// Edges taken at least once.
    edges: u64,
    /// Inputs that are kept, besides the committed ones.
    kept: usize,
    crash: Option<PathBuf>,
}

impl Outcome {
    /// Takes in a line of what libFuzzer says.
    fn hear(&mut self, line: &str) {
        if let Some(runs) = line.strip_prefix('#').or_else(|| line.strip_prefix("Done ")) {
            self.runs = number(runs).unwrap_or(self.runs);
        }
        let edges = line.split_once(" cov: ").filter(|_| line.starts_with('#'));
        self.edges = edges.and_then(|(_, rest)| number(rest)).unwrap_or(self.edges);
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.crash = Some(PathBuf::from(path.trim_end()));
        }
    }

    fn row(&self, target: &str) -> Vec<String> {
        let crash = self.crash.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
        let number = |number: usize| grouped(number as u64);
        vec![
            target.to_owned(),
            grouped(self.runs),
            self.seconds.to_string(),
            grouped(self.edges),
            number(self.kept),
            crash,
        ]
    }
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl Fuzzing<'_> {
    fn run(&self, options: &Options) -> Result<Outcome> {
        let (corpus, crashes) = (self.folder("fuzz-corpus")?, self.folder("fuzz-crashes")?);
        let mut command = self.program(&LIMITS);
        command.arg(format!("-max_total_time={}", options.seconds));
        command.arg(format!("-artifact_prefix={}/", crashes.display()));
        command.arg(&corpus).arg(self.project.path("fuzz/corpus").join(self.target));
        let (mut outcome, mut last) = (Outcome::default(), VecDeque::new());
        let began = Instant::now();
        let status = listen(&mut command, |line| {
            outcome.hear(line);
            last.push_back(line.to_owned());
            if last.len() > LAST_LINES {
                last.pop_front();
            }
        })?;
        outcome.seconds = began.elapsed().as_secs();
        if !status.success() {
            last.iter().for_each(|line| talk(line));
            let Some(crash) = &outcome.crash else { bail!("{} ended with {status}", self.target) };
            outcome.crash = Some(self.make_smaller(crash, &crashes)?);
        }
        self.make_corpus_smaller(&corpus)?;
        outcome.kept = fs::read_dir(&corpus)?.count();
        Ok(outcome)
    }

    fn program(&self, arguments: &[&str]) -> Command {
        self.project.command(&self.program, arguments)
    }

    /// A folder of the target's own among the made ones.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.project.made(name).join(self.target);
        fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
        Ok(folder)
    }

    /// An input that crashes it too, if one is found that is smaller.
    fn make_smaller(&self, crash: &Path, folder: &Path) -> Result<PathBuf> {
        let smaller = folder.join("smaller");
        let _ = fs::remove_file(&smaller);
        let mut command = self.program(&LIMITS);
        command.args(["-minimize_crash=1", &format!("-max_total_time={SMALLER_SECONDS}")]);
        command.arg(format!("-exact_artifact_path={}", smaller.display())).arg(crash);
        // It ends as a crash does.
        listen(&mut command, |_| {})?;
        Ok(if smaller.exists() { smaller } else { crash.to_owned() })
    }

    /// Of the inputs that are kept, those go that reach nothing that smaller ones do not.
    fn make_corpus_smaller(&self, corpus: &Path) -> Result<()> {
        let smaller = corpus.with_extension("smaller");
        let _ = fs::remove_dir_all(&smaller);
        fs::create_dir_all(&smaller)?;
        let mut command = self.program(&LIMITS);
        command.arg("-merge=1").arg(&smaller).arg(corpus);
        if listen(&mut command, |_| {})?.success() {
            fs::remove_dir_all(corpus)?;
            fs::rename(&smaller, corpus)?;
        }
        Ok(())
    }
}

/// Runs a program to its end, and gives out each line that it says on stderr.
fn listen(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let line = project::line(command);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot start `{line}`"))?;
    if let Some(stderr) = child.stderr.take() {
        let (mut stderr, mut bytes) = (BufReader::new(stderr), Vec::new());
        while matches!(stderr.read_until(b'\n', &mut bytes), Ok(1..)) {
            each(String::from_utf8_lossy(&bytes).trim_end());
            bytes.clear();
        }
    }
    Ok(child.wait()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_targets_and_a_time() {
        let options = Options::read(&["nmea_line", "--seconds", "5", "config"]).unwrap();
        let targets = vec!["nmea_line".to_owned(), "config".to_owned()];
        assert_eq!(options, Options { targets, seconds: 5, asan: false });
        assert_eq!(Options::read(&["--asan"]).unwrap().seconds, SECONDS);
        for wrong in [&["--seconds"][..], &["--seconds", "0"], &["--seconds", "x"], &["--other"]] {
            assert!(Options::read(wrong).unwrap_err().is::<Usage>(), "{wrong:?}");
        }
    }

    #[test]
    fn what_libfuzzer_says_is_heard() {
        let mut outcome = Outcome::default();
        for line in [
            "INFO: seed corpus: files: 5 min: 71b max: 14827b total: 34799b rss: 41Mb",
            "#6\tINITED cov: 611 ft: 1402 corp: 5/33Kb exec/s: 0 rss: 47Mb",
            "#131072\tpulse  cov: 1720 ft: 6001 corp: 411/120Kb lim: 2030 exec/s: 43690 rss: 480Mb",
            "#140000\tDONE   cov: 1721 ft: 6002 corp: 412/120Kb lim: 2030 exec/s: 43690 rss: 480Mb",
            "Done 140001 runs in 4 second(s)",
            "stat::number_of_executed_units: 140001",
        ] {
            outcome.hear(line);
        }
        assert_eq!(outcome, Outcome { runs: 140_001, edges: 1_721, ..Outcome::default() });
        outcome.hear("artifact_prefix='/a b/'; Test unit written to /a b/crash-da39\n");
        assert_eq!(outcome.crash, Some(PathBuf::from("/a b/crash-da39")));
    }
}
