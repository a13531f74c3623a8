//! Alerts as a GeoPackage (OGC 12-128r18): SQLite with a geometry in each row, as GIS programs open it.

use std::path::Path;

use anyhow::Context;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params, params_from_iter};
use serde_json::Value;

use super::table::{Column, Table};
use super::wkb;

/// "GPKG" and version 1.3, as the specification wants them in the header of SQLite (requirement 2).
const APPLICATION: i64 = 0x4750_4B47;
const VERSION: i64 = 10_300;
/// WGS 84.
const WGS_84: i32 = 4_326;

/// What every GeoPackage has (clause 1.1), and our table.
const TABLES: &str = "
CREATE TABLE gpkg_spatial_ref_sys (
    srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT
);
CREATE TABLE gpkg_contents (
    table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);
CREATE TABLE gpkg_geometry_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
);
";
const DEFINITION: &str = "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AUTHORITY[\"EPSG\",\"4326\"]]";

/// Writes alerts; the file has its name when it is complete.
pub fn write(path: &Path, table: &Table, alerts: impl Iterator<Item: AsRef<str>>) -> anyhow::Result<()> {
    let beside = super::beside(path);
    let named = || format!("{}: cannot be written", path.display());
    // What an interrupt has left.
    if beside.exists() {
        std::fs::remove_file(&beside).with_context(named)?;
    }
    fill(&beside, table, alerts).with_context(named)?;
    std::fs::rename(&beside, path).with_context(named)
}

fn fill(path: &Path, table: &Table, alerts: impl Iterator<Item: AsRef<str>>) -> anyhow::Result<()> {
    let mut database = Connection::open(path)?;
    database.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; {TABLES}"
    ))?;
    let transaction = database.transaction()?;
    for (name, id, organization, of_it, definition) in [
        ("Undefined Cartesian", -1, "NONE", -1, "undefined"),
        ("Undefined geographic", 0, "NONE", 0, "undefined"),
        ("WGS 84", WGS_84, "EPSG", WGS_84, DEFINITION),
    ] {
        transaction.execute(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
            params![name, id, organization, of_it, definition],
        )?;
    }
    let columns: Vec<&Column> = table.columns.iter().chain(table.long).collect();
    let named: Vec<String> =
        columns.iter().map(|column| format!("\"{}\" {}", column.name, column.kind.sql())).collect();
    transaction.execute_batch(&format!(
        "CREATE TABLE alerts (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, place GEOMETRY, {});",
        named.join(", ")
    ))?;
    let places = vec!["?"; columns.len() + 1].join(", ");
    let mut bounds = Bounds::default();
    {
        let mut insert = transaction.prepare(&format!("INSERT INTO alerts VALUES (NULL, {places})"))?;
        for alert in alerts {
            let alert: Value = serde_json::from_str(alert.as_ref())?;
            let place = geometry(&(table.place)(&alert), &mut bounds).map_or(Sql::Null, Sql::Blob);
            let values = columns.iter().map(|column| sql(column.cell(&alert)));
            insert.execute(params_from_iter(std::iter::once(place).chain(values)))?;
        }
    }
    transaction.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id) \
         VALUES ('alerts', 'features', 'alerts', ?1, ?2, ?3, ?4, ?5)",
        params![bounds.west, bounds.south, bounds.east, bounds.north, WGS_84],
    )?;
    transaction.execute(
        "INSERT INTO gpkg_geometry_columns VALUES ('alerts', 'place', 'GEOMETRY', ?1, 0, 0)",
        params![WGS_84],
    )?;
    transaction.commit()?;
    database.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn sql(value: Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::String(text) => Sql::Text(text),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Sql::Integer(number),
            None => Sql::Real(number.as_f64().unwrap_or_default()),
        },
        Value::Bool(is_so) => Sql::Integer(is_so.into()),
        Value::Array(_) | Value::Object(_) => Sql::Text(value.to_string()),
    }
}

/// What all places lie in.
#[derive(Default)]
struct Bounds {
    west: Option<f64>,
    south: Option<f64>,
    east: Option<f64>,
    north: Option<f64>,
}

impl Bounds {
    fn hold(&mut self, [lon, lat]: [f64; 2]) {
        self.west = Some(self.west.map_or(lon, |west| west.min(lon)));
        self.south = Some(self.south.map_or(lat, |south| south.min(lat)));
        self.east = Some(self.east.map_or(lon, |east| east.max(lon)));
        self.north = Some(self.north.map_or(lat, |north| north.max(lat)));
    }
}

/// A geometry as GeoPackage binary (clause 2.1.3): a header without an envelope, then well-known binary.
fn geometry(geometry: &Value, bounds: &mut Bounds) -> Option<Vec<u8>> {
    let place = wkb::of(geometry)?;
    place.points.iter().for_each(|point| bounds.hold(*point));
    // Magic, version 0, flags: little-endian and no envelope.
    let header = [&b"GP\0\x01"[..], &WGS_84.to_le_bytes()].concat();
    Some([header, place.bytes].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_have_the_header_of_the_package_and_bounds_hold_them() {
        let mut bounds = Bounds::default();
        let line = geometry(
            &json!({"type": "LineString", "coordinates": [[131.5, 42.25], [132.0, 42.5]]}),
            &mut bounds,
        );
        let line = line.unwrap();
        assert_eq!(&line[..8], b"GP\0\x01\xe6\x10\0\0");
        assert_eq!((bounds.west, bounds.north), (Some(131.5), Some(42.5)));
        assert!(geometry(&Value::Null, &mut bounds).is_none());
    }
}
