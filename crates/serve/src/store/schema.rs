//! The tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// The format; another is refused.
pub const VERSION: i64 = 1;
/// A reader waits so long for a checkpoint.
const WAIT: Duration = Duration::from_secs(10);

/// `told` has revisions and acknowledgements in the order in which they were told; those have no revision. `alert` has what
/// the last revision of each is found by; those that were open when detection began anew are left: nobody ends them.
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE told (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, revision INTEGER, json TEXT NOT NULL);
CREATE UNIQUE INDEX told_revision ON told (id, revision);
CREATE TABLE alert (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, revision INTEGER NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
    grade TEXT, severity INTEGER NOT NULL, mmsi INTEGER, at INTEGER NOT NULL, first_at INTEGER NOT NULL,
    ports TEXT NOT NULL, text TEXT NOT NULL, west REAL, south REAL, east REAL, north REAL,
    is_left INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX alert_at ON alert (at, seq);
CREATE INDEX alert_mmsi ON alert (mmsi, at);
CREATE TABLE ack (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, severity INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE vessel (mmsi INTEGER PRIMARY KEY, statics TEXT NOT NULL);
CREATE TABLE point (
    mmsi INTEGER NOT NULL, t INTEGER NOT NULL, lon INTEGER NOT NULL, lat INTEGER NOT NULL, sog INTEGER, cog INTEGER,
    PRIMARY KEY (mmsi, t)
) WITHOUT ROWID;
CREATE INDEX point_t ON point (t);
CREATE TABLE place (topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (topic, partition))
    WITHOUT ROWID;
INSERT INTO meta VALUES ('instance', lower(hex(randomblob(4))));
";

/// Makes the tables if there are none; the format of those that are there.
pub fn prepare(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.busy_timeout(WAIT)?;
    // An acknowledgement outlives a power cut, not only the program.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let is_new: bool =
        connection.query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| row.get(0))?;
    if !is_new {
        return Ok(found);
    }
    connection.execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"))?;
    Ok(VERSION)
}

/// A connection that only reads.
pub fn reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(WAIT)?;
    Ok(connection)
}
