//! A folder with a file for each day (UTC): `day=2023-10-01/part.parquet` and so on, as DuckDB, pandas and Spark read it as
//! one table.

use std::path::{Path, PathBuf};

use anyhow::Context;
use model::EventTime;

/// Characters of a date.
const DATE: usize = 10;

/// A folder of days, which has its name when it is complete.
pub struct Days {
    path: PathBuf,
    beside: PathBuf,
}

/// What the day of a time is called.
pub fn name(t: i64) -> String {
    EventTime(t).to_iso()[..DATE].to_owned()
}

impl Days {
    /// Begins a folder; what is there already is replaced at the end, if it is one of days.
    pub fn begin(path: &Path) -> anyhow::Result<Days> {
        ensure_days(path)?;
        let days = Days { path: path.to_owned(), beside: super::beside(path) };
        if days.beside.exists() {
            std::fs::remove_dir_all(&days.beside).with_context(|| days.cannot())?;
        }
        std::fs::create_dir_all(&days.beside).with_context(|| days.cannot())?;
        Ok(days)
    }

    /// The file of a day, in a folder that is made for it.
    pub fn file(&self, day: &str) -> anyhow::Result<PathBuf> {
        let folder = self.beside.join(format!("day={day}"));
        std::fs::create_dir(&folder).with_context(|| self.cannot())?;
        let ending = self.path.extension().unwrap_or_default().to_string_lossy();
        Ok(folder.join(format!("part.{ending}")))
    }

    /// Gives the folder its name.
    pub fn finish(self) -> anyhow::Result<()> {
        if self.path.exists() {
            std::fs::remove_dir_all(&self.path).with_context(|| self.cannot())?;
        }
        std::fs::rename(&self.beside, &self.path).with_context(|| self.cannot())
    }

    fn cannot(&self) -> String {
        format!("{}: cannot be written", self.path.display())
    }
}

/// Fails if what is there, or beside, is anything but such a folder, which may be replaced.
pub fn ensure_days(path: &Path) -> anyhow::Result<()> {
    let is_ours = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("day=");
    for folder in [path.to_owned(), super::beside(path)] {
        let is_free = !folder.exists()
            || std::fs::read_dir(&folder)
                .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(is_ours)));
        let told = || format!("{}: is there already, and is no folder of days", folder.display());
        anyhow::ensure!(is_free, crate::Usage(told()));
    }
    Ok(())
}
