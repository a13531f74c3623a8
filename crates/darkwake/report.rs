//! `replay --report`: what was found as one page, for who is to be told of it in a minute and for who checks it.
//!
//! Data are gathered here as one JSON value; `report/*.js` draws it. The page is the same for the same inputs, settings and
//! command line: no clock is in it.

mod alerts;
mod facts;
mod page;
mod source;
pub mod tracks;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use detect::Reception;
use engine::World;
use model::alert::Alert;
use model::{Class, EventTime, PortIndex, Position};
use serde_json::{Map, Value, json};

use crate::cli::Reading;
use crate::outputs;
use crate::read::Done;
use alerts::Ships;
use window::Window;

/// Name and version of what the page draws.
const SCHEMA: &str = "darkwake.report/1";
/// Cells of reception in the file; those of which least was heard are left out.
const MOST_CELLS: usize = 6_000;
/// What of the statistics is not the same in each run.
const OF_THE_RUN: [&str; 3] = ["elapsed_ms", "reports_per_second", "peak_rss_bytes"];

/// Writes the page.
pub fn write(
    path: &Path,
    (reading, sightings): (&Reading, &[String]),
    done: &Done,
    alerts: &[Arc<Alert>],
    stats: &Value,
) -> anyhow::Result<()> {
    let mut data = gather(done, alerts, reading.start.is_some(), stats);
    data["inputs"] = Value::Array(source::inputs(reading, sightings)?);
    data["command"] = source::command().into();
    outputs::write_text(path, &page::page(&title(&data), &data))
}

/// Days from the first report to the last.
fn title(data: &Value) -> String {
    let day = |at: usize| data["period"][at].as_i64().map(|t| EventTime(t).to_iso()[..10].to_owned());
    match (day(0), day(1)) {
        (Some(first), Some(last)) if first != last => format!("darkwake report, {first} to {last}"),
        (Some(day), _) => format!("darkwake report, {day}"),
        (None, _) => "darkwake report".to_owned(),
    }
}

/// All that the page draws.
fn gather(done: &Done, alerts: &[Arc<Alert>], is_time_assumed: bool, stats: &Value) -> Value {
    let (ports, outcome) = (done.made_with.world.ports(), &done.outcome);
    let mut ships = Ships::default();
    let told = alerts::take(alerts, &done.writer(is_time_assumed), &mut ships);
    let gathered = facts::gather(&outcome.facts, &outcome.report_tracks, &told, ports, &mut ships);
    let (cells, cells_left_out) = cells(&outcome.reception);
    let mut named = gathered.ports;
    let mut places = gathered.places;
    let drawn = ports_of(&told.list, &done.made_with.world);
    places.extend(drawn.iter().map(|port| done.made_with.world.middle(*port)));
    named.extend(drawn);
    places.extend(told.list.iter().flat_map(|alert| positions(&alert["places"])));
    places.extend(cells.iter().flat_map(|(_, corners)| corners.iter().copied()));
    let window = Window::around(&places);
    let cells: Vec<Value> = cells
        .into_iter()
        .map(|(q, corners)| {
            let mut cell = vec![model::number::round(q * 1_000.0)];
            cell.extend(facts::outline(&corners));
            cell.into()
        })
        .collect();
    let mut stats = stats.clone();
    if let Some(stats) = stats.as_object_mut() {
        stats.retain(|name, _| !OF_THE_RUN.contains(&name.as_str()));
    }
    let left_out = &gathered.left_out;
    json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "config": done.made_with.reference.config_hash,
        "ports_file": done.made_with.reference.ports_hash,
        "is_interrupted": done.is_interrupted(),
        "broken": done.read.broken,
        "period": outcome.report_tracks.span(),
        "stats": stats,
        "kinds": told.kinds,
        "alerts": told.list,
        "hops": gathered.hops,
        "rows": gathered.rows,
        "tracks": gathered.tracks,
        "ships": ships.list(),
        "ports": port_values(&named, &done.made_with.world),
        "window": window.value(),
        "coast": window.coast(),
        "cells": cells,
        "left_out": {
            "alerts": told.left_out,
            "hops": left_out.hops,
            "rows": left_out.rows,
            "silences": left_out.silences,
            "tracks": left_out.tracks,
            "points": left_out.points,
            "cells": cells_left_out,
        },
    })
}

/// Where ships of class A are heard, as it is known at the end: the share, and the corners of the cell; and how many cells
/// are left out.
fn cells(reception: &Reception) -> (Vec<(f64, Vec<Position>)>, usize) {
    let mut known = reception.of_cells();
    known.retain(|of| of.class == Class::A && of.share.is_some());
    let left_out = known.len().saturating_sub(MOST_CELLS);
    known.sort_by_key(|of| std::cmp::Reverse((of.present, of.cell)));
    known.truncate(MOST_CELLS);
    known.sort_by_key(|of| of.cell);
    let cells = known.iter().filter_map(|of| of.share.map(|share| (share.any, of.cell.corners())));
    (cells.collect(), left_out)
}

/// The ports that alerts name.
fn ports_of(alerts: &[Value], world: &World) -> BTreeSet<PortIndex> {
    let ids: BTreeMap<&str, PortIndex> =
        (0..).zip(&world.ports().list).map(|(number, port)| (port.id.as_str(), PortIndex(number))).collect();
    let named = alerts.iter().flat_map(|alert| {
        let own = alert["ports"].as_object().into_iter().flat_map(Map::values);
        let candidates = alert["candidates"].as_array().into_iter().flatten();
        own.chain(candidates.map(|candidate| &candidate["port"]))
    });
    named.filter_map(|id| ids.get(id.as_str()?).copied()).collect()
}

/// Ports by their ids.
fn port_values(ports: &BTreeSet<PortIndex>, world: &World) -> Map<String, Value> {
    let value = |index: &PortIndex| {
        let (port, middle) = (world.ports().get(*index), world.middle(*index));
        let value = json!({
            "name": port.name,
            "country": port.country,
            "kind": port.kind.name(),
            "listed": world.watch().is_listed_port(*index),
            "lon": window::degrees(i64::from(middle.lon)),
            "lat": window::degrees(i64::from(middle.lat)),
        });
        (port.id.clone(), value)
    };
    ports.iter().map(value).collect()
}

/// Places of coordinates.
fn positions(places: &Value) -> Vec<Position> {
    let places = places.as_array().into_iter().flatten();
    places.filter_map(|place| Position::from_degrees(place[0].as_f64()?, place[1].as_f64()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_has_the_days_of_the_data() {
        for (period, title) in [
            (
                json!([1_696_118_400_000_i64, 1_696_982_397_000_i64]),
                "darkwake report, 2023-10-01 to 2023-10-10",
            ),
            (json!([1_696_118_400_000_i64, 1_696_118_500_000_i64]), "darkwake report, 2023-10-01"),
            (Value::Null, "darkwake report"),
        ] {
            assert_eq!(super::title(&json!({ "period": period })), title);
        }
    }

    #[test]
    fn places_are_those_of_the_coordinates() {
        let found = positions(&json!([[130.3, 42.2333], [179.9, -70.0]]));
        assert_eq!(found[0], Position::from_degrees(130.3, 42.2333).unwrap());
        assert_eq!(found.len(), 2);
        assert!(positions(&Value::Null).is_empty());
    }
}
