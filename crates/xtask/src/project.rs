//! Where things lie, and starting programs: cargo, the built `darkwake`, python.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::system::{self, Need};

/// The project on disk.
pub struct Project {
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Finds it.
    pub fn find() -> Result<Project> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let mut metadata = Command::new(cargo_program());
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(&root);
        let metadata: Value = serde_json::from_str(&output(&mut metadata)?)?;
        let target =
            metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
        Ok(Project { target: PathBuf::from(target), root })
    }

    /// A path within the project.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// An empty directory of that name for made files.
    pub fn scratch(&self, name: &str) -> Result<PathBuf> {
        let directory = self.target.join(name);
        if directory.exists() {
            std::fs::remove_dir_all(&directory).with_context(|| format!("{}", directory.display()))?;
        }
        std::fs::create_dir_all(&directory).with_context(|| format!("{}", directory.display()))?;
        Ok(directory)
    }

    /// A file among the made ones.
    pub fn made(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// `cargo` in the root.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        self.command(cargo_program(), arguments)
    }

    /// The system that cargo builds for unless another is named.
    pub fn host(&self) -> Result<String> {
        let told = output(&mut self.cargo(&["-vV"]))?;
        let host = told.lines().find_map(|line| line.strip_prefix("host: "));
        host.map(str::to_owned).context("cargo does not say for what system it builds")
    }

    /// The built `darkwake`, in the root.
    pub fn darkwake(&self, arguments: &[&str]) -> Command {
        let name = format!("darkwake{}", std::env::consts::EXE_SUFFIX);
        self.untouched(self.target.join("release").join(name), arguments)
    }

    /// A `darkwake` built elsewhere, in the root.
    pub fn untouched(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = self.command(program, arguments);
        // What a person has set for their own runs must not change these.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DARKWAKE_"))
        {
            command.env_remove(name);
        }
        command
    }

    /// A Python program of the project, in the root.
    pub fn python(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("python3", arguments);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// Any program, in the root.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Builds `target/release/darkwake`.
    pub fn build(&self) -> Result<()> {
        system::prepare(&[Need::Make, Need::OpenSsl])?;
        run(&mut self.cargo(&["build", "--release", "--bin", "darkwake"]))
    }
}

/// A Python environment of that name among the made files, with these packages.
pub fn venv(project: &Project, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let venv = project.made(name);
    // Whole, or made anew.
    let mark = venv.join("complete");
    if !mark.exists() {
        run(&mut project.python(&["-m", "venv", "--clear", text(&venv)?]))?;
        let mut pip = project.command(venv.join("bin/pip"), &["install", "--quiet"]);
        run(pip.args(packages))?;
        std::fs::write(&mark, "")?;
    }
    Ok(venv)
}

/// A path as an argument.
pub fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{}: not UTF-8", path.display()))
}

/// Runs a program to its end, its output going where ours goes.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    ensure!(status.success(), "`{}` failed ({status})", line(command));
    Ok(())
}

/// Runs a program to its end and hands each line of its stdout to `each`; its stderr goes where ours goes.
pub fn follow(command: &mut Command, mut each: impl FnMut(&str)) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| cannot_start(command))?;
    if let Some(out) = child.stdout.take() {
        let mut out = BufReader::new(out);
        let mut bytes = Vec::new();
        while matches!(out.read_until(b'\n', &mut bytes), Ok(1..)) {
            each(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']));
            bytes.clear();
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "`{}` failed ({status})", line(command));
    Ok(())
}

/// Runs a program quietly and gives its stdout; what it said is in the error.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| cannot_start(command))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("`{}` failed ({})\n{}{}", line(command), output.status, text, talk);
    }
    Ok(text)
}

/// Whether a program is there, whatever it answers.
pub fn starts(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

/// Whether a program starts and ends well, without a word.
pub fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A command as one would type it.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words
        .enumerate()
        .map(|(at, word)| {
            let word = word.to_string_lossy();
            let name = Path::new(word.as_ref()).file_name().filter(|_| at == 0);
            name.map_or_else(|| word.to_string(), |name| name.to_string_lossy().into_owned())
        })
        .collect();
    words.join(" ")
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", command.get_program().to_string_lossy())
}

/// The cargo that started this task.
pub fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The compiler that it uses.
pub fn rustc_program() -> std::ffi::OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}
