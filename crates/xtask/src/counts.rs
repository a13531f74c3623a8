//! `cargo xtask counts [--bless]`: how many instructions each stage takes for a line, against `benches/counts.json`.
//!
//! Instructions, unlike time, are nearly the same in every run and on every machine, so that a stage that has become slower
//! is seen at once. Callgrind counts them in `benches/counts.rs`, only within `counted_work`. The baseline names the
//! compiler it was made with: another one makes other code, and the bound is looser. `--bless` writes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::Usage;
use crate::project::{self, Project, text};
use crate::say::{grouped, say, table, talk};
use crate::system::{self, Need};

/// What was counted when somebody last looked at it.
const BASELINE: &str = "benches/counts.json";
/// The function within which instructions are counted.
const COUNTED: &str = "--toggle-collect=*counted_work*";
/// A stage may take so many per cent more than in the baseline …
const MARGIN: f64 = 5.0;
/// … and so many if it was made with another compiler.
const MARGIN_OF_COMPILERS: f64 = 15.0;

/// Counts, and compares or blesses.
pub fn run(arguments: &[&str]) -> Result<()> {
    let is_blessing = match arguments {
        [] => false,
        ["--bless"] => true,
        _ => return Err(Usage("usage: cargo xtask counts [--bless]".to_owned()).into()),
    };
    let project = Project::find()?;
    system::prepare(&[Need::Valgrind, Need::Make, Need::OpenSsl])?;
    let made = Made::here(&project)?;
    let counted = count(&project)?;
    if is_blessing {
        let path = project.path(BASELINE);
        fs::write(&path, written(&made, &counted)).with_context(|| format!("{}", path.display()))?;
        say(&table(&["stage", "instructions a line"], &rows_of(&counted)));
        say(&format!("{BASELINE} is written, by rustc {}", made.rustc));
        return Ok(());
    }
    compare(&project, &made, &counted).map(|told| say(&told))
}

/// The part of `cargo xtask test`; where there is no valgrind it says so.
pub fn check(project: &Project) -> Result<String> {
    if let Err(error) = system::prepare(&[Need::Valgrind]) {
        talk(&format!("{error:#}"));
        return Ok("not counted: valgrind cannot be had here".to_owned());
    }
    compare(project, &Made::here(project)?, &count(project)?)
}

/// The part of `cargo xtask bench`.
pub fn show(project: &Project) -> Result<()> {
    if !Need::Valgrind.is_met() {
        say("instructions are not counted: valgrind is not there");
        return Ok(());
    }
    say(&table(&["stage", "instructions a line"], &rows_of(&count(project)?)));
    Ok(())
}

/// What makes the code that is counted.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    rustc: String,
    architecture: String,
}

impl Made {
    fn here(project: &Project) -> Result<Made> {
        let told = project::output(&mut project.command(project::rustc_program(), &["--version"]))?;
        // `rustc 1.90.0 (1159e78c4 2025-09-14)`
        let version = told.split_whitespace().nth(1).context("rustc --version tells no version")?;
        Ok(Made { rustc: version.to_owned(), architecture: std::env::consts::ARCH.to_owned() })
    }
}

/// Instructions for a line, by stage.
type Counted = BTreeMap<String, f64>;

fn count(project: &Project) -> Result<Counted> {
    let program = build(project)?;
    let folder = project.scratch("counts")?;
    let program = text(&program)?;
    let place = text(&folder)?;
    project::output(&mut project.command(program, &["make", place]))?;
    let stages = project::output(&mut project.command(program, &["list"]))?;
    let mut counted = Counted::new();
    for stage in stages.lines() {
        talk(&format!("counting {stage}"));
        let out = folder.join(format!("{stage}.callgrind"));
        let file = format!("--callgrind-out-file={}", text(&out)?);
        let arguments = ["--tool=callgrind", COUNTED, file.as_str(), program, stage, place];
        let told = project::output(&mut project.command("valgrind", &arguments))?;
        let lines =
            told.trim().parse::<f64>().with_context(|| format!("{stage}: how many lines is '{told}'?"))?;
        let profile = fs::read_to_string(&out).with_context(|| format!("{}", out.display()))?;
        let all = instructions(&profile).with_context(|| format!("{stage}: callgrind tells no sum"))?;
        if all == 0 {
            bail!("{stage}: callgrind has not seen counted_work");
        }
        counted.insert(stage.to_owned(), all as f64 / lines);
    }
    Ok(counted)
}

/// Builds the bench; gives its path.
fn build(project: &Project) -> Result<PathBuf> {
    let mut cargo = project.cargo(&["bench", "--bench", "counts", "--no-run"]);
    cargo.arg("--message-format=json-render-diagnostics");
    let mut path = None;
    project::follow(&mut cargo, |line| {
        let Ok(message) = serde_json::from_str::<Value>(line) else { return };
        if message["target"]["name"] == "counts" {
            path = message["executable"].as_str().map(PathBuf::from).or(path.take());
        }
    })?;
    path.context("cargo names no program of the bench counts")
}

/// The sum that callgrind has written down.
fn instructions(profile: &str) -> Option<u64> {
    profile.lines().find_map(|line| line.strip_prefix("summary:"))?.split_whitespace().next()?.parse().ok()
}

fn rows_of(counted: &Counted) -> Vec<Vec<String>> {
    counted.iter().map(|(stage, count)| vec![stage.clone(), grouped(count.round() as u64)]).collect()
}

/// The text of a baseline.
fn written(made: &Made, counted: &Counted) -> String {
    let stages: BTreeMap<&String, f64> =
        counted.iter().map(|(stage, count)| (stage, (count * 10.0).round() / 10.0)).collect();
    let baseline = json!({
        "rustc": made.rustc,
        "architecture": made.architecture,
        "instructions_a_line": stages,
    });
    format!("{baseline:#}\n")
}

fn read(path: &Path) -> Result<(Made, Counted)> {
    let told = fs::read_to_string(path).with_context(|| {
        format!(
            "{BASELINE} cannot be read; `cargo xtask counts --bless` makes it, for you to read and commit"
        )
    })?;
    let value: Value = serde_json::from_str(&told).context(BASELINE)?;
    let part =
        |name: &str| value[name].as_str().map(str::to_owned).with_context(|| format!("{BASELINE}: {name}"));
    let stages = value["instructions_a_line"].as_object().context("the baseline has no stages")?;
    let counted = stages.iter().filter_map(|(stage, count)| Some((stage.clone(), count.as_f64()?)));
    Ok((Made { rustc: part("rustc")?, architecture: part("architecture")? }, counted.collect()))
}

/// What is to be said of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    AsBefore,
    Better,
    Worse,
    New,
}

/// What a count is beside the one before, in per cent, and what that means.
fn judge(now: f64, before: Option<f64>, margin: f64) -> (f64, Verdict) {
    let Some(before) = before.filter(|before| *before > 0.0) else { return (0.0, Verdict::New) };
    let change = 100.0 * (now / before - 1.0);
    let verdict = if change > margin {
        Verdict::Worse
    } else if change < -margin {
        Verdict::Better
    } else {
        Verdict::AsBefore
    };
    (change, verdict)
}

/// Prints both side by side; fails if a stage takes more than it may.
fn compare(project: &Project, made: &Made, counted: &Counted) -> Result<String> {
    let (made_then, before) = read(&project.path(BASELINE))?;
    if made_then.architecture != made.architecture {
        say(&table(&["stage", "instructions a line"], &rows_of(counted)));
        let (then, now) = (&made_then.architecture, &made.architecture);
        return Ok(format!("counted, but the baseline is of {then} and this is {now}: nothing is compared"));
    }
    let margin = if made_then.rustc == made.rustc { MARGIN } else { MARGIN_OF_COMPILERS };
    let (mut rows, mut wrong, mut better) = (Vec::new(), Vec::new(), 0);
    for (stage, now) in counted {
        let then = before.get(stage).copied();
        let (change, verdict) = judge(*now, then, margin);
        let word = match verdict {
            Verdict::AsBefore => "",
            Verdict::Better => "better",
            Verdict::Worse => "WORSE",
            Verdict::New => "NEW",
        };
        match verdict {
            Verdict::AsBefore => {}
            Verdict::Better => better += 1,
            Verdict::Worse => wrong.push(format!("{stage} takes {change:.1} % more instructions")),
            Verdict::New => wrong.push(format!("{stage} is not in the baseline")),
        }
        rows.push(vec![
            stage.clone(),
            grouped(now.round() as u64),
            then.map(|then| grouped(then.round() as u64)).unwrap_or_default(),
            format!("{change:+.1} %"),
            word.to_owned(),
        ]);
    }
    let gone = before.keys().filter(|stage| !counted.contains_key(*stage));
    wrong.extend(gone.map(|stage| format!("{stage} is in the baseline and no stage any more")));
    say(&table(&["stage", "instructions a line", "baseline", "change", ""], &rows));
    if margin > MARGIN {
        let (then, now) = (&made_then.rustc, &made.rustc);
        say(&format!(
            "the baseline is of rustc {then}, this is {now}: {margin} % are allowed, not {MARGIN} %"
        ));
    }
    if better > 0 {
        say("what has become better is held only once it is written down: cargo xtask counts --bless");
    }
    if !wrong.is_empty() {
        bail!("{}; if that is meant, cargo xtask counts --bless", wrong.join("; "));
    }
    Ok(format!("{} stages within {margin} % of the baseline", counted.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_worse_beyond_the_margin_and_better_beyond_it_the_other_way() {
        for (now, before, expect) in [
            (100.0, Some(100.0), Verdict::AsBefore),
            (104.9, Some(100.0), Verdict::AsBefore),
            (105.1, Some(100.0), Verdict::Worse),
            (95.1, Some(100.0), Verdict::AsBefore),
            (94.9, Some(100.0), Verdict::Better),
            (100.0, None, Verdict::New),
            (100.0, Some(0.0), Verdict::New),
        ] {
            assert_eq!(judge(now, before, MARGIN).1, expect, "{now} after {before:?}");
        }
    }

    #[test]
    fn the_sum_is_read_from_the_profile() {
        let profile =
            "version: 1\npositions: line\nevents: Ir\nsummary: 15010\n\nfn=(1) main\n16 5\ntotals: 15010\n";
        assert_eq!(instructions(profile), Some(15_010));
        assert_eq!(instructions("events: Ir\n"), None);
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let made = Made { rustc: "1.90.0".to_owned(), architecture: "x86_64".to_owned() };
        let counted = Counted::from([("ports".to_owned(), 71.25), ("whole".to_owned(), 4_321.0)]);
        let file = std::env::temp_dir().join(format!("darkwake-counts-{}.json", std::process::id()));
        fs::write(&file, written(&made, &counted)).unwrap();
        let (made_then, before) = read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(made_then, made);
        assert_eq!(before, Counted::from([("ports".to_owned(), 71.3), ("whole".to_owned(), 4_321.0)]));
    }
}
