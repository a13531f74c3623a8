//! What is asked of the store.

use std::collections::BTreeMap;

use model::Position;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Error, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Ack, Item, Told, rank};
use crate::area::Area;
use crate::fleet::Point;

/// What alerts are asked for; what is not given is any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertFilter {
    /// Decided at or after this, event time in ms.
    pub since: Option<i64>,
    /// Decided before this.
    pub until: Option<i64>,
    /// One of these kinds.
    pub kind: Vec<String>,
    /// One of these statuses.
    pub status: Vec<String>,
    /// One of these severities.
    pub severity: Vec<String>,
    /// One of these grades.
    pub grade: Vec<String>,
    /// Whether somebody has seen to it.
    pub acked: Option<bool>,
    /// The ship.
    pub mmsi: Option<u32>,
    /// A port that it names.
    pub port: Option<String>,
    /// An area that it touches.
    pub bbox: Option<Area>,
    /// Words that it has, all of them.
    pub q: Option<String>,
    /// After the alert with this `at` and number.
    pub cursor: Option<(i64, i64)>,
    /// No more than so many.
    pub limit: usize,
}

/// Some alerts, and where those after them begin.
#[derive(Debug, Serialize)]
pub struct Page {
    /// Newest first.
    pub alerts: Vec<Item>,
    /// What to ask the next with.
    pub next: Option<String>,
}

/// An alert with all that was told of it.
#[derive(Debug, Serialize)]
pub struct Story {
    /// Its id.
    pub id: String,
    /// The oldest first.
    pub revisions: Vec<Numbered>,
    /// The oldest first.
    pub acks: Vec<Ack>,
}

/// A revision with its number among all that was told.
#[derive(Debug, Serialize)]
pub struct Numbered {
    /// The number.
    pub seq: i64,
    /// The revision.
    pub alert: Box<RawValue>,
}

/// How many alerts there are.
#[derive(Debug, Default, Serialize)]
pub struct AlertCounts {
    /// In all.
    pub total: u64,
    /// Not closed, not retracted.
    pub open: u64,
    /// That nobody has seen to.
    pub unacknowledged: u64,
    /// By kind.
    pub by_kind: BTreeMap<String, u64>,
}

const ITEM: &str = "SELECT alert.seq, alert.first_at, told.json, ack.json, ack.severity >= alert.severity FROM alert \
                    JOIN told ON told.seq = alert.seq LEFT JOIN ack ON ack.id = alert.id";
const IS_ACKED: &str = "COALESCE(ack.severity >= alert.severity, 0)";

fn raw(json: String) -> Result<Box<RawValue>, Error> {
    RawValue::from_string(json).map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))
}

fn item(row: &Row<'_>) -> Result<Item, Error> {
    let ack: Option<String> = row.get(3)?;
    let holds: Option<bool> = row.get(4)?;
    let ack = ack.filter(|_| holds == Some(true)).and_then(|json| serde_json::from_str(&json).ok());
    Ok(Item { seq: row.get(0)?, first_at: row.get(1)?, alert: raw(row.get(2)?)?, ack })
}

/// A point whose columns begin with this one: t, lon, lat, sog, cog.
pub fn point(row: &Row<'_>, first: usize) -> Result<Point, Error> {
    let position = Position { lon: row.get(first + 1)?, lat: row.get(first + 2)? };
    Ok(Point { t: row.get(first)?, position, sog: row.get(first + 3)?, cog: row.get(first + 4)? })
}

/// Conditions of a query, with their values.
#[derive(Default)]
struct Conditions {
    text: Vec<String>,
    values: Vec<Sql>,
}

impl Conditions {
    /// `?` stands for the value.
    fn add(&mut self, condition: &str, value: impl Into<Sql>) {
        self.text.push(condition.to_owned());
        self.values.push(value.into());
    }

    fn one_of(&mut self, column: &str, wanted: &[String]) {
        if !wanted.is_empty() {
            let places = vec!["?"; wanted.len()].join(", ");
            self.text.push(format!("{column} IN ({places})"));
            self.values.extend(wanted.iter().cloned().map(Sql::from));
        }
    }

    fn sql(&self) -> String {
        if self.text.is_empty() { String::new() } else { format!(" WHERE {}", self.text.join(" AND ")) }
    }
}

/// Some text anywhere, with nothing in it that means anything to LIKE.
fn like(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Alerts in the order in which they were decided, newest first.
pub fn alerts(connection: &Connection, filter: &AlertFilter) -> Result<Page, Error> {
    let mut conditions = Conditions::default();
    if let Some(since) = filter.since {
        conditions.add("alert.at >= ?", since);
    }
    if let Some(until) = filter.until {
        conditions.add("alert.at < ?", until);
    }
    conditions.one_of("alert.kind", &filter.kind);
    conditions.one_of("alert.status", &filter.status);
    conditions.one_of("alert.grade", &filter.grade);
    if !filter.severity.is_empty() {
        let ranks = filter.severity.iter().map(|name| rank(name).to_string());
        conditions.text.push(format!("alert.severity IN ({})", ranks.collect::<Vec<_>>().join(", ")));
    }
    if let Some(acked) = filter.acked {
        conditions.add(&format!("{IS_ACKED} = ?"), i64::from(acked));
    }
    if let Some(mmsi) = filter.mmsi {
        conditions.add("alert.mmsi = ?", i64::from(mmsi));
    }
    if let Some(port) = &filter.port {
        conditions.add("alert.ports LIKE ? ESCAPE '\\'", like(&format!(" {port} ")));
    }
    for word in filter.q.iter().flat_map(|q| q.split_whitespace()) {
        conditions.add("alert.text LIKE ? ESCAPE '\\'", like(&word.to_lowercase()));
    }
    if let Some(area) = filter.bbox {
        conditions.add("alert.north >= ?", area.south);
        conditions.add("alert.south <= ?", area.north);
        let sides = if area.west <= area.east { "AND" } else { "OR" };
        conditions.text.push(format!("(alert.east >= ? {sides} alert.west <= ?)"));
        conditions.values.extend([Sql::from(area.west), Sql::from(area.east)]);
    }
    if let Some((at, seq)) = filter.cursor {
        conditions.text.push("(alert.at, alert.seq) < (?, ?)".to_owned());
        conditions.values.extend([Sql::from(at), Sql::from(seq)]);
    }
    let sql = format!("{ITEM}{} ORDER BY alert.at DESC, alert.seq DESC LIMIT ?", conditions.sql());
    // One more than asked for tells whether there are more.
    conditions.values.push(Sql::from(filter.limit as i64 + 1));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(conditions.values), item)?;
    let mut alerts = rows.collect::<Result<Vec<Item>, Error>>()?;
    let next = if alerts.len() > filter.limit {
        alerts.truncate(filter.limit);
        alerts.last().map(cursor).transpose()?
    } else {
        None
    };
    Ok(Page { alerts, next })
}

fn cursor(item: &Item) -> Result<String, Error> {
    let alert: Value = serde_json::from_str(item.alert.get())
        .map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))?;
    Ok(format!("{}.{}", alert["at"].as_i64().unwrap_or(0), item.seq))
}

/// All of an alert, if there is one.
pub fn story(connection: &Connection, id: &str) -> Result<Option<Story>, Error> {
    let mut statement = connection
        .prepare_cached("SELECT seq, revision, json FROM told WHERE id = ?1 ORDER BY revision, seq")?;
    let mut rows = statement.query([id])?;
    let mut story = Story { id: id.to_owned(), revisions: Vec::new(), acks: Vec::new() };
    while let Some(row) = rows.next()? {
        let (seq, revision, json): (i64, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if revision.is_some() {
            story.revisions.push(Numbered { seq, alert: raw(json)? });
        } else {
            story.acks.extend(serde_json::from_str::<Ack>(&json).ok());
        }
    }
    Ok((!story.revisions.is_empty()).then_some(story))
}

/// The last revision of an alert and how severe it is, by rank.
pub fn newest(connection: &Connection, id: &str) -> Result<Option<(u64, usize)>, Error> {
    connection
        .prepare_cached("SELECT revision, severity FROM alert WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as usize)))
        .optional()
}

/// The number of the last that was told.
pub fn last_told(connection: &Connection) -> Result<i64, Error> {
    connection.query_row("SELECT COALESCE(MAX(seq), 0) FROM told", [], |row| row.get(0))
}

/// What was told after that with a number, if that is no more than `limit`.
pub fn told_since(connection: &Connection, seq: i64, limit: usize) -> Result<Option<Vec<Told>>, Error> {
    let told = told_after(connection, seq, limit + 1)?;
    Ok((told.len() <= limit).then_some(told))
}

/// What was told after that with a number, the first `limit` of it.
pub fn told_after(connection: &Connection, seq: i64, limit: usize) -> Result<Vec<Told>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT told.seq, alert.first_at, told.json, ack.json, ack.severity >= alert.severity, told.revision, told.id \
         FROM told LEFT JOIN alert ON alert.id = told.id LEFT JOIN ack ON ack.id = told.id WHERE told.seq > ?1 \
         ORDER BY told.seq LIMIT ?2",
    )?;
    let mut rows = statement.query(params![seq, limit as i64])?;
    let mut told = Vec::new();
    while let Some(row) = rows.next()? {
        let revision: Option<i64> = row.get(5)?;
        if revision.is_some() {
            told.push(Told::Alert(item(row)?));
        } else {
            let json: String = row.get(2)?;
            if let Ok(ack) = serde_json::from_str(&json) {
                told.push(Told::Ack(row.get(0)?, row.get(6)?, ack));
            }
        }
    }
    Ok(told)
}

/// How many alerts there are.
pub fn counts(connection: &Connection) -> Result<AlertCounts, Error> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT alert.kind, COUNT(*), SUM(alert.status IN ('open', 'updated') AND NOT alert.is_left), SUM(NOT {IS_ACKED}) FROM alert \
         LEFT JOIN ack ON ack.id = alert.id GROUP BY alert.kind"
    ))?;
    let mut rows = statement.query([])?;
    let mut counts = AlertCounts::default();
    while let Some(row) = rows.next()? {
        let number = |at: usize| row.get::<_, i64>(at).map(|count| count as u64);
        counts.by_kind.insert(row.get(0)?, number(1)?);
        counts.total += number(1)?;
        counts.open += number(2)?;
        counts.unacknowledged += number(3)?;
    }
    Ok(counts)
}

/// The track of a ship, oldest first.
pub fn track(connection: &Connection, mmsi: u32, since: i64, until: i64) -> Result<Vec<Point>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT t, lon, lat, sog, cog FROM point WHERE mmsi = ?1 AND t >= ?2 AND t <= ?3 ORDER BY t",
    )?;
    let rows = statement.query_map(params![mmsi, since, until], |row| point(row, 0))?;
    rows.collect()
}

/// Where a ship was heard last, up to a time.
pub fn last_before(connection: &Connection, mmsi: u32, until: i64) -> Result<Option<Point>, Error> {
    connection
        .prepare_cached(
            "SELECT t, lon, lat, sog, cog FROM point WHERE mmsi = ?1 AND t <= ?2 ORDER BY t DESC LIMIT 1",
        )?
        .query_row(params![mmsi, until], |row| point(row, 0))
        .optional()
}

/// Where all ships were heard last between two times, by MMSI.
pub fn fleet_at(connection: &Connection, since: i64, at: i64) -> Result<Vec<(u32, Point)>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT mmsi, MAX(t), lon, lat, sog, cog FROM point WHERE t > ?1 AND t <= ?2 GROUP BY mmsi ORDER BY mmsi",
    )?;
    let rows = statement.query_map([since, at], |row| Ok((row.get(0)?, point(row, 1)?)))?;
    rows.collect()
}

/// The first and last moment of which tracks are known.
pub fn history(connection: &Connection) -> Result<Option<(i64, i64)>, Error> {
    connection.query_row("SELECT (SELECT MIN(t) FROM point), (SELECT MAX(t) FROM point)", [], |row| {
        let (first, last): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok(first.zip(last))
    })
}

/// The dark periods that were open at a time, each as it was told then: the ship, the alert and its grade.
pub fn dark_at(connection: &Connection, at: i64) -> Result<Vec<(u32, String, String)>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT alert.mmsi, told.json FROM alert JOIN told ON told.id = alert.id AND told.revision IS NOT NULL \
         WHERE alert.kind = 'dark' AND alert.first_at <= ?1 AND (alert.at > ?1 OR alert.status IN ('open', 'updated') AND NOT alert.is_left) \
         AND alert.mmsi IS NOT NULL ORDER BY alert.id, told.revision DESC",
    )?;
    let mut rows = statement.query([at])?;
    let mut found: Vec<(u32, String, String)> = Vec::new();
    let mut done = String::new();
    while let Some(row) = rows.next()? {
        let (mmsi, json): (u32, String) = (row.get(0)?, row.get(1)?);
        let Ok(head) = serde_json::from_str::<super::Head>(&json) else { continue };
        if head.id == done || head.at > at {
            continue;
        }
        done.clone_from(&head.id);
        if matches!(head.status.as_str(), "open" | "updated") {
            found.extend(head.grade.map(|grade| (mmsi, head.id, grade)));
        }
    }
    Ok(found)
}

/// The dark period of a ship that was open at a time, as it was told then.
pub fn dark_of(connection: &Connection, mmsi: u32, at: i64) -> Result<Option<String>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT told.json FROM alert JOIN told ON told.id = alert.id AND told.revision IS NOT NULL WHERE alert.mmsi = ?1 \
         AND alert.kind = 'dark' AND alert.first_at <= ?2 ORDER BY alert.first_at DESC, told.revision DESC",
    )?;
    let mut rows = statement.query(params![mmsi, at])?;
    while let Some(row) = rows.next()? {
        let json: String = row.get(0)?;
        let Ok(head) = serde_json::from_str::<super::Head>(&json) else { continue };
        if head.at <= at {
            let is_open = matches!(head.status.as_str(), "open" | "updated");
            return Ok(is_open.then_some(json));
        }
    }
    Ok(None)
}

/// Names of ships, by MMSI.
pub fn names(connection: &Connection) -> Result<BTreeMap<u32, String>, Error> {
    let mut statement = connection
        .prepare_cached("SELECT mmsi, json_extract(statics, '$.name') FROM vessel WHERE json_extract(statics, '$.name') NOT NULL")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The ports that an alert names.
pub fn port_ids(ports: &Value) -> Vec<&str> {
    let named = ["at", "from", "to"].into_iter().filter_map(|key| ports[key].as_str());
    let list = |key: &str| ports[key].as_array().into_iter().flatten();
    let candidates = list("candidates").filter_map(|candidate| candidate["port"].as_str());
    let mut ids: Vec<&str> =
        named.chain(candidates).chain(list("in_reach").filter_map(Value::as_str)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// West, south, east and north of a geometry; nothing where there is none.
pub fn bounds(geometry: &Value) -> [Option<f64>; 4] {
    let mut bounds: [Option<f64>; 4] = [None; 4];
    let mut open = vec![&geometry["coordinates"]];
    while let Some(value) = open.pop() {
        let Some(list) = value.as_array() else { continue };
        if let [Some(lon), Some(lat)] = [0, 1].map(|at| list.get(at).and_then(Value::as_f64)) {
            let [west, south, east, north] = &mut bounds;
            *west = Some(west.map_or(lon, |west| west.min(lon)));
            *east = Some(east.map_or(lon, |east| east.max(lon)));
            *south = Some(south.map_or(lat, |south| south.min(lat)));
            *north = Some(north.map_or(lat, |north| north.max(lat)));
        } else {
            open.extend(list);
        }
    }
    bounds
}

/// How severe a revision was.
pub fn severity_of(connection: &Connection, id: &str, revision: u64) -> Result<Option<String>, Error> {
    let json: Option<String> = connection
        .prepare_cached("SELECT json FROM told WHERE id = ?1 AND revision = ?2")?
        .query_row(params![id, i64::try_from(revision).unwrap_or(i64::MAX)], |row| row.get(0))
        .optional()?;
    Ok(json.and_then(|json| serde_json::from_str::<super::Head>(&json).ok()).map(|head| head.severity))
}
