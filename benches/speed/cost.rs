//! What something takes: processor time of a thread and of programs, wall time, memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

/// Linux counts the processor time of programs in hundredths of a second, whatever its own clock.
const TICK_MS: f64 = 10.0;

/// Processor time of this thread so far, in nanoseconds. On a machine that others use it is what can be compared.
pub fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// What a program took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// From its start to its end.
    pub wall_ms: f64,
    /// User and system time, of all threads.
    pub cpu_ms: f64,
}

/// Runs a program to its end, quietly.
pub fn run(command: &mut Command) -> Cost {
    let (began, before) = (Instant::now(), children_cpu_ms());
    let output =
        command.stdin(Stdio::null()).stdout(Stdio::null()).output().expect("the program can be started");
    let cost = Cost { wall_ms: began.elapsed().as_secs_f64() * 1_000.0, cpu_ms: children_cpu_ms() - before };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed ({}): {told}", output.status);
    cost
}

/// Processor time of programs that this one started and that have ended, in milliseconds.
fn children_cpu_ms() -> f64 {
    // Fields 16 and 17 (proc(5)).
    fields_of_stat("self").get(13..15).map_or(0.0, |ticks| ticks.iter().sum::<f64>() * TICK_MS)
}

/// Processor time of a running program so far, in milliseconds.
pub fn cpu_ms_of(process: u32) -> f64 {
    // Fields 14 and 15.
    let fields = fields_of_stat(&process.to_string());
    fields.get(11..13).map_or(0.0, |ticks| ticks.iter().sum::<f64>() * TICK_MS)
}

/// The fields of `/proc/PID/stat` from the third on, which follows the name in brackets; what is no number is 0.
fn fields_of_stat(process: &str) -> Vec<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect()
}

/// A figure of memory in bytes: `VmRSS` is what is in use, `VmHWM` the most that ever was. 0 where it is not told.
pub fn memory_of(process: &str, figure: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib * 1_024)
}

/// The program that is run, where it is not the one built with this.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Runs this program from now on.
pub fn use_program(path: &str) {
    let program = Path::new(path).canonicalize().unwrap_or_else(|error| panic!("{path}: {error}"));
    PROGRAM.get_or_init(|| program);
}

/// `darkwake`, untouched by settings of the environment.
pub fn darkwake(arguments: &[&str]) -> Command {
    let mut command =
        Command::new(PROGRAM.get().map_or(Path::new(env!("CARGO_BIN_EXE_darkwake")), PathBuf::as_path));
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name.to_string_lossy().starts_with("DARKWAKE_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// What `--stats` has written.
pub fn stats(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("statistics are written");
    serde_json::from_str(&text).expect("statistics are JSON")
}

/// The value in the middle; the mean of both where there are two.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

/// The ratio in the middle of those of each round.
pub fn median_ratio(of: &[f64], to: &[f64]) -> f64 {
    let ratios: Vec<f64> = of.iter().zip(to).map(|(of, to)| of / to.max(f64::MIN_POSITIVE)).collect();
    median(&ratios)
}
