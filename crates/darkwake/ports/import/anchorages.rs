//! Anchorages by cells of S2, as Global Fishing Watch publishes them: a row is a cell, `label` the port it belongs to.
//!
//! Columns are `s2id`, `lat`, `lon`, `label`, `iso3`, and others that are handed on where each cell is a port.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use model::Position;
use model::position::UNITS_PER_DEGREE;
use serde_json::Value;

use super::collector::{Collector, Doubt, LeftOut};
use super::draft::Draft;
use super::fields::{self, Defaults};
use super::s2::S2Cell;
use super::{text, values};
use crate::cli::Cells;
use crate::ports::feature;

/// A column that no other table of ports has.
pub const CELL_COLUMN: &str = "s2id";
/// What is read; all else is handed on.
const READ: [&str; 5] = [CELL_COLUMN, "lat", "lon", "label", "iso3"];
/// A place may be this many times as far from the middle of its cell as a corner is.
const BESIDE: f64 = 2.0;

/// A row that can be used.
struct Row {
    line: u64,
    token: String,
    cell: S2Cell,
    label: Option<String>,
    country: Option<String>,
    others: Vec<(String, Value)>,
}

/// Cells that make one port.
struct Group {
    first: Row,
    tokens: BTreeMap<S2Cell, String>,
}

/// Reads the table.
pub fn read(
    bytes: &[u8],
    cells: Cells,
    defaults: &Defaults,
    collector: &mut Collector,
) -> Result<(), String> {
    let keys: Vec<String> = text::first_row(bytes).iter().map(values::normal).collect();
    if !keys.iter().any(|key| key == CELL_COLUMN) {
        return Err(format!("no column {CELL_COLUMN} among {}", keys.join(", ")));
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut of_label: BTreeMap<(Option<String>, String), usize> = BTreeMap::new();
    let mut seen: BTreeSet<S2Cell> = BTreeSet::new();
    let mut is_header = true;
    text::each_row(bytes, collector, |line, row, collector| {
        if std::mem::take(&mut is_header) {
            return;
        }
        collector.see();
        let row = match read_row(line, row, &keys) {
            Ok(row) => row,
            Err((why, reason)) => return collector.leave_out(line, why, &reason),
        };
        if !seen.insert(row.cell) {
            return collector.leave_out(
                line,
                LeftOut::Malformed,
                &format!("the cell {} was there before", row.token),
            );
        }
        if row.country.is_none() {
            collector.doubt(line, Doubt::Country);
        }
        let place = match (cells, &row.label) {
            (Cells::Label, Some(label)) => {
                *of_label.entry((row.country.clone(), label.clone())).or_insert(groups.len())
            }
            (Cells::Label | Cells::Each, _) => groups.len(),
        };
        if let Some(group) = groups.get_mut(place) {
            group.tokens.insert(row.cell, row.token);
        } else {
            groups.push(Group { tokens: BTreeMap::from([(row.cell, row.token.clone())]), first: row });
        }
    });
    for group in groups {
        let draft = draft(group, cells, collector.file(), defaults);
        collector.take(draft);
    }
    Ok(())
}

fn read_row(line: u64, row: &StringRecord, keys: &[String]) -> Result<Row, (LeftOut, String)> {
    let malformed = |reason: String| (LeftOut::Malformed, reason);
    let field = |name: &str| {
        let at = keys.iter().position(|key| key == name);
        at.and_then(|at| row.get(at)).unwrap_or_default()
    };
    let token = field(CELL_COLUMN);
    let cell =
        S2Cell::parse(token).ok_or_else(|| malformed(format!("'{token}' is no token of a cell of S2")))?;
    let (lon, lat) = (field("lon"), field("lat"));
    if !lon.is_empty() && !lat.is_empty() {
        let position = values::degrees(&Value::from(lon)).zip(values::degrees(&Value::from(lat)));
        let position = position
            .and_then(|(lon, lat)| Position::from_degrees(lon, lat))
            .ok_or_else(|| malformed(format!("{lon}, {lat} are no degrees of longitude and latitude")))?;
        if !is_beside(cell, position) {
            return Err(malformed(format!("{lon}, {lat} does not lie in the cell {token}")));
        }
    }
    let others = keys.iter().zip(row).filter(|(key, value)| {
        !READ.contains(&key.as_str()) && !fields::is_property(key) && !value.is_empty()
    });
    Ok(Row {
        line,
        token: token.to_ascii_lowercase(),
        cell,
        label: values::clean(field("label")),
        country: values::country(field("iso3")),
        others: others.map(|(key, value)| (key.clone(), Value::from(value))).collect(),
    })
}

/// Whether a place lies in a cell or close to it.
fn is_beside(cell: S2Cell, position: Position) -> bool {
    let corners = cell.corners();
    let middle = model::position::interpolate(corners[0], corners[2], 0.5);
    let farthest_m = corners.iter().map(|corner| middle.distance_m(*corner)).fold(0.0, f64::max);
    middle.distance_m(position) <= BESIDE * farthest_m
}

fn draft(group: Group, cells: Cells, file: usize, defaults: &Defaults) -> Draft {
    let Group { first, tokens } = group;
    let is_merged = cells == Cells::Label && first.label.is_some();
    let mut properties = Vec::new();
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            properties.push((key.to_owned(), value));
        }
    };
    add("name", Some(Value::from(first.label.unwrap_or_else(|| first.token.clone()))));
    add("country", first.country.map(Value::from));
    add("kind", Some(Value::from(defaults.kind.name())));
    add("source", Some(Value::from(defaults.source.as_str())));
    let id = if is_merged {
        add("s2ids", Some(Value::from(tokens.values().cloned().collect::<Vec<_>>())));
        None
    } else {
        add("s2id", Some(Value::from(first.token.as_str())));
        for (key, value) in first.others {
            add(&key, Some(value));
        }
        Some(first.token)
    };
    Draft { file, number: first.line, id, properties, geometry: area(&tokens) }
}

/// The outline of cells; those that are a part of others add nothing.
fn area(tokens: &BTreeMap<S2Cell, String>) -> Value {
    let outermost = tokens.keys().filter(|cell| !cell.parents().any(|parent| tokens.contains_key(&parent)));
    let corners = outermost.map(|cell| cell.corners().to_vec());
    let degrees = |units: i32| f64::from(units) / f64::from(UNITS_PER_DEGREE);
    let place = |corner: Position| [degrees(corner.lon), degrees(corner.lat)];
    let middle = tokens.keys().next().map_or(0.0, |cell| degrees(cell.corners()[0].lon));
    feature::area(&geofence::cells::outline(corners, place, middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(tokens: &[&str]) -> BTreeMap<S2Cell, String> {
        tokens.iter().map(|token| (S2Cell::parse(token).unwrap(), (*token).to_owned())).collect()
    }

    #[test]
    fn neighbours_make_one_outline_and_parts_of_a_cell_add_nothing() {
        let pair = area(&cells(&["3568e95b", "3568e959"]));
        assert_eq!(pair["type"], "Polygon");
        assert_eq!(pair["coordinates"][0].as_array().unwrap().len(), 7);
        let apart = area(&cells(&["3568e959", "3568e951"]));
        assert_eq!(
            (apart["type"].as_str(), apart["coordinates"].as_array().unwrap().len()),
            (Some("MultiPolygon"), 2)
        );
        assert_eq!(area(&cells(&["3568e95c", "3568e95b"])), area(&cells(&["3568e95c"])));
    }

    #[test]
    fn an_outline_across_the_antimeridian_is_whole() {
        // Both sides of 180° at 17° S.
        let both = area(&cells(&["6e1fdf57", "71e020a9"]));
        let ring = both["coordinates"][0].as_array().unwrap();
        let lons: Vec<f64> = ring.iter().map(|corner| corner[0].as_f64().unwrap()).collect();
        assert_eq!(ring.len(), 7, "{both}");
        assert!(lons.iter().all(|lon| (179.0..181.0).contains(lon)), "{both}");
    }

    #[test]
    fn a_place_far_from_its_cell_is_told() {
        let cell = S2Cell::parse("3568e95b").unwrap();
        for (lon, lat, expected) in
            [(129.0566, 35.1037, true), (129.0560, 35.1060, true), (129.2, 35.1, false)]
        {
            assert_eq!(is_beside(cell, Position::from_degrees(lon, lat).unwrap()), expected, "{lon}, {lat}");
        }
    }
}
