//! What is kept to look back on, in SQLite: alerts with all revisions, acknowledgements, thinned tracks.
//!
//! One connection writes, on the thread that takes in; others read, each request with one of its own. In write-ahead mode
//! neither waits for the other.

pub mod query;
mod schema;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use model::{Mmsi, Position, Statics};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::fleet::Point;
pub use query::AlertFilter;

/// Readers that are kept open.
const READERS: usize = 4;

/// Why something cannot be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refuses.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refuses.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// Somebody else has it.
    #[error("{path}: another program keeps it; each server needs a store of its own")]
    Kept {
        /// The file.
        path: String,
    },
    /// The file is of another version of the program.
    #[error(
        "{path}: has format {found}, this program has {expected}; move it away, and it is made anew (without Kafka the alerts \
         and acknowledgements of before are lost with it)"
    )]
    Version {
        /// The file.
        path: String,
        /// Its format.
        found: i64,
        /// Ours.
        expected: i64,
    },
}

/// Who has seen to an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Who, by the name of the token.
    pub who: String,
    /// When, by the clock, ms.
    pub t: i64,
    /// What was noted.
    pub note: String,
    /// The revision that was seen.
    pub revision: u64,
    /// How severe that was.
    pub severity: String,
}

/// An alert as it is listed: its last revision, and who has seen to it.
#[derive(Debug, Serialize)]
pub struct Item {
    /// The number of the revision among all that was told.
    pub seq: i64,
    /// When the first revision was decided, event time in ms.
    pub first_at: i64,
    /// The revision.
    pub alert: Box<RawValue>,
    /// Who has seen to it, unless it has become more severe since.
    pub ack: Option<Ack>,
}

/// Something that was told, in the order in which it was.
#[derive(Debug)]
pub enum Told {
    /// A revision of an alert.
    Alert(Item),
    /// An acknowledgement of an alert.
    Ack(i64, String, Ack),
}

/// How far a topic was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// What is read next.
    pub next: i64,
}

/// What an alert says that is asked for.
#[derive(Debug, Deserialize)]
struct Head {
    id: String,
    revision: u64,
    kind: String,
    status: String,
    grade: Option<String>,
    severity: String,
    at: i64,
    explain: String,
    vessel: Option<HeadVessel>,
    #[serde(default)]
    ports: Value,
    #[serde(default, rename = "where")]
    place: Value,
}

#[derive(Debug, Deserialize)]
struct HeadVessel {
    mmsi: u32,
    imo: Option<u32>,
    name: Option<String>,
    callsign: Option<String>,
    #[serde(default)]
    listed_as: Vec<String>,
}

/// What the fleet needs to know of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its number among all that was told; `None` if it was known already.
    pub seq: Option<i64>,
    /// The alert.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its status.
    pub status: String,
    /// Its grade.
    pub grade: Option<String>,
    /// The ship.
    pub mmsi: Option<u32>,
}

/// Severities by rank, the least first.
pub const SEVERITIES: [&str; 4] = ["info", "notice", "warning", "critical"];

fn rank(severity: &str) -> i64 {
    SEVERITIES.iter().position(|name| *name == severity).unwrap_or(0) as i64
}

/// The connection that writes.
pub struct Store {
    path: PathBuf,
    connection: Connection,
    /// Names of ports by their ids.
    ports: PortNames,
    /// Two programs would each miss what the other writes.
    _lock: File,
}

/// Names of ports by their ids: people search for names.
pub type PortNames = BTreeMap<String, String>;

/// Connections that read.
pub struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

fn named(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
    let path = path.display().to_string();
    move |source| StoreError::Sqlite { path: path.clone(), source }
}

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// If it cannot be, or is of another version.
    pub fn open(path: &Path, ports: PortNames) -> Result<Store, StoreError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let kept = |_| StoreError::Kept { path: path.display().to_string() };
        let lock = File::create(PathBuf::from(beside))
            .map_err(|error| StoreError::Io { path: path.display().to_string(), source: error })?;
        lock.try_lock().map_err(kept)?;
        let connection = Connection::open(path).map_err(named(path))?;
        let found = schema::prepare(&connection).map_err(named(path))?;
        if found != schema::VERSION {
            let path = path.display().to_string();
            return Err(StoreError::Version { path, found, expected: schema::VERSION });
        }
        Ok(Store { path: path.to_owned(), connection, ports, _lock: lock })
    }

    /// What tells this file from others: numbers of what was told mean nothing elsewhere.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn instance(&self) -> Result<String, StoreError> {
        let read =
            self.connection.query_row("SELECT value FROM meta WHERE key = 'instance'", [], |row| row.get(0));
        read.map_err(named(&self.path))
    }

    /// Does all of it, or nothing.
    ///
    /// # Errors
    /// If it cannot be written; then nothing of it is.
    pub fn write<T>(
        &mut self,
        work: impl FnOnce(&Writing<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let failed = named(&self.path);
        let transaction = self.connection.transaction().map_err(&failed)?;
        let done = work(&Writing { connection: &transaction, ports: &self.ports }).map_err(&failed)?;
        transaction.commit().map_err(failed)?;
        Ok(done)
    }

    /// Ports are called so from here on.
    pub fn name_ports(&mut self, ports: PortNames) {
        self.ports = ports;
    }

    /// Detection begins anew: what is open is left as it is, and nobody will end it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin_anew(&self) -> Result<(), StoreError> {
        let leave = "UPDATE alert SET is_left = 1 WHERE status IN ('open', 'updated')";
        self.connection.execute(leave, []).map(drop).map_err(named(&self.path))
    }

    /// What ships were doing last.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn last_known(&self) -> Result<Vec<(Mmsi, Point, Statics)>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare(
                "SELECT point.mmsi, MAX(point.t), lon, lat, sog, cog, vessel.statics FROM point LEFT JOIN vessel \
                 ON vessel.mmsi = point.mmsi GROUP BY point.mmsi",
            )?;
            let rows = statement.query_map([], |row| {
                let statics: Option<String> = row.get(6)?;
                let statics = statics.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
                Ok((Mmsi(row.get(0)?), query::point(row, 1)?, statics))
            })?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(named(&self.path))
    }

    /// Alerts that are dark periods and not over: the alert, its ship and its grade.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn dark(&self) -> Result<Vec<(String, u32, String)>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare(
                "SELECT id, mmsi, grade FROM alert WHERE kind = 'dark' AND status IN ('open', 'updated') AND NOT is_left \
                 AND mmsi IS NOT NULL AND grade IS NOT NULL",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(named(&self.path))
    }

    /// How far topics were read.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn places(&self) -> Result<Vec<Place>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare("SELECT topic, partition, next FROM place")?;
            let rows = statement.query_map([], |row| {
                Ok(Place { topic: row.get(0)?, partition: row.get(1)?, next: row.get(2)? })
            })?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(named(&self.path))
    }

    /// For those who read.
    #[must_use]
    pub fn readers(&self) -> Readers {
        Readers { path: self.path.clone(), idle: Mutex::default() }
    }
}

/// Writes as parts of one transaction.
pub struct Writing<'a> {
    connection: &'a Connection,
    ports: &'a PortNames,
}

impl Writing<'_> {
    /// Keeps a revision of an alert; `None` if it is no alert.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn alert(&self, json: &str) -> Result<Option<Revision>, rusqlite::Error> {
        let Ok(head) = serde_json::from_str::<Head>(json) else { return Ok(None) };
        let added = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO told (id, revision, json) VALUES (?1, ?2, ?3)")?
            .execute(params![head.id, head.revision as i64, json])?;
        let seq = (added > 0).then(|| self.connection.last_insert_rowid());
        if let Some(seq) = seq {
            self.list(&head, seq)?;
        }
        Ok(Some(Revision {
            seq,
            mmsi: head.vessel.map(|vessel| vessel.mmsi),
            id: head.id,
            kind: head.kind,
            status: head.status,
            grade: head.grade,
        }))
    }

    /// Keeps what an alert is found by, unless a newer revision is known.
    fn list(&self, head: &Head, seq: i64) -> Result<(), rusqlite::Error> {
        self.connection
            .prepare_cached("UPDATE alert SET first_at = MIN(first_at, ?2) WHERE id = ?1")?
            .execute(params![head.id, head.at])?;
        let ports = query::port_ids(&head.ports);
        let vessel = head.vessel.as_ref();
        let mut text = format!("{} {} {}", head.id, head.explain, ports.join(" "));
        for name in ports.iter().filter_map(|id| self.ports.get(*id)) {
            text.push(' ');
            text.push_str(name);
        }
        if let Some(vessel) = vessel {
            for part in [&vessel.name, &vessel.callsign].into_iter().flatten().chain(&vessel.listed_as) {
                text.push(' ');
                text.push_str(part);
            }
            text.push_str(&format!(" {} {}", vessel.mmsi, vessel.imo.unwrap_or(0)));
        }
        let [west, south, east, north] = query::bounds(&head.place);
        self.connection
            .prepare_cached(
                "INSERT INTO alert (id, seq, revision, kind, status, grade, severity, mmsi, at, first_at, ports, text, \
                 west, south, east, north) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
                 ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, revision = excluded.revision, kind = excluded.kind, \
                 status = excluded.status, grade = excluded.grade, severity = excluded.severity, mmsi = excluded.mmsi, \
                 at = excluded.at, ports = excluded.ports, text = excluded.text, west = excluded.west, \
                 south = excluded.south, east = excluded.east, north = excluded.north, \
                 first_at = MIN(first_at, excluded.first_at), is_left = 0 WHERE excluded.revision > alert.revision",
            )?
            .execute(params![
                head.id,
                seq,
                head.revision as i64,
                head.kind,
                head.status,
                head.grade,
                rank(&head.severity),
                vessel.map(|vessel| vessel.mmsi),
                head.at,
                format!(" {} ", ports.join(" ")),
                text.to_lowercase(),
                west,
                south,
                east,
                north,
            ])?;
        Ok(())
    }

    /// Keeps an acknowledgement; its number, unless it was known.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn ack(&self, id: &str, ack: &Ack) -> Result<Option<i64>, rusqlite::Error> {
        let known = self
            .connection
            .prepare_cached("SELECT 1 FROM told WHERE id = ?1 AND revision IS NULL AND json = ?2")?
            .exists(params![id, json(ack)])?;
        if known {
            return Ok(None);
        }
        self.connection
            .prepare_cached("INSERT INTO told (id, revision, json) VALUES (?1, NULL, ?2)")?
            .execute(params![id, json(ack)])?;
        let seq = self.connection.last_insert_rowid();
        self.connection
            .prepare_cached(
                "INSERT INTO ack (id, revision, severity, json) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET \
                 revision = excluded.revision, severity = excluded.severity, json = excluded.json \
                 WHERE excluded.revision >= ack.revision",
            )?
            .execute(params![id, ack.revision as i64, rank(&ack.severity), json(ack)])?;
        Ok(Some(seq))
    }

    /// Keeps a point of a track.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn point(&self, mmsi: Mmsi, point: &Point) -> Result<(), rusqlite::Error> {
        let Position { lon, lat } = point.position;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO point (mmsi, t, lon, lat, sog, cog) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![mmsi.0, point.t, lon, lat, point.sog, point.cog])
            .map(drop)
    }

    /// Keeps what a ship says of itself.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn statics(&self, mmsi: Mmsi, statics: &Statics) -> Result<(), rusqlite::Error> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO vessel (mmsi, statics) VALUES (?1, ?2)")?
            .execute(params![mmsi.0, json(statics)])
            .map(drop)
    }

    /// Notes how far a topic was read.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn place(&self, place: &Place) -> Result<(), rusqlite::Error> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO place (topic, partition, next) VALUES (?1, ?2, ?3)")?
            .execute(params![place.topic, place.partition, place.next])
            .map(drop)
    }

    /// Forgets tracks and alerts that are older; open alerts stay, and so do the tracks of ships that are dark.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn forget(&self, tracks_before: i64, alerts_before: i64) -> Result<(), rusqlite::Error> {
        self.connection.execute(
            "DELETE FROM point WHERE t < ?1 AND mmsi NOT IN (SELECT mmsi FROM alert WHERE kind = 'dark' AND NOT is_left AND \
             status IN ('open', 'updated') AND mmsi IS NOT NULL)",
            [tracks_before],
        )?;
        self.connection.execute(
            "DELETE FROM vessel WHERE NOT EXISTS (SELECT 1 FROM point WHERE point.mmsi = vessel.mmsi)",
            [],
        )?;
        let is_gone = "at < ?1 AND (status IN ('closed', 'retracted') OR is_left)";
        let gone = format!("SELECT id FROM alert WHERE {is_gone}");
        self.connection.execute(&format!("DELETE FROM told WHERE id IN ({gone})"), [alerts_before])?;
        self.connection.execute(&format!("DELETE FROM ack WHERE id IN ({gone})"), [alerts_before])?;
        self.connection.execute(&format!("DELETE FROM alert WHERE {is_gone}"), [alerts_before]).map(drop)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Readers {
    /// Reads with a connection of its own.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let failed = named(&self.path);
        let connection = match idle {
            Some(connection) => connection,
            None => schema::reader(&self.path).map_err(&failed)?,
        };
        let done = work(&connection).map_err(failed);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS {
            idle.push(connection);
        }
        done
    }
}

#[cfg(test)]
mod tests;
