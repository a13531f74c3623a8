//! The API of ships: where they are and were, their tracks, and how far a silent one can have come.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use detect::reach::way_m;
use model::position::UNITS_PER_DEGREE;
use model::{Mmsi, Position};
use serde::Serialize;
use serde_json::{Value, json};

use crate::alerts::Given;
use crate::answer::{self, Answer, Refusal, away, geojson, given, moment, read};
use crate::app::{App, Outline};
use crate::area::Area;
use crate::board::Board;
use crate::fleet::{Fleet, Point, SILENT_MS, Ship, State as Shown, Vessel, degrees};
use crate::frontier;
use crate::store::{AlertFilter, query};

/// Ships of one answer.
const MOST: usize = 100_000;
/// Ships that were not heard for so long before a moment are not shown in it, unless they are dark, milliseconds.
const SHOWN_MS: i64 = 2 * 3_600_000;
/// A track of a silence has no line of its own if it is shorter, milliseconds.
const GAP_MS: i64 = SILENT_MS;
/// Alerts that are told with a ship.
const ALERTS: usize = 50;
/// Frontiers are drawn for each of these, milliseconds.
const STEP_MS: i64 = 5 * 60_000;
/// Frontiers that are kept, for others who look at the same ship.
const FRONTIERS: usize = 64;
/// Half of the way round, degrees.
const HALF_TURN: f64 = 180.0;

/// An MMSI has at most nine digits.
pub fn mmsi(text: &str) -> Result<u32, Refusal> {
    let number: Option<u32> = text.parse().ok();
    number
        .filter(|number| *number <= 999_999_999)
        .ok_or_else(|| Refusal::wrong("an MMSI has at most nine digits"))
}

/// Ships as they are listed.
#[derive(Serialize)]
struct Listed {
    t: Option<i64>,
    vessels: Vec<Vessel>,
    truncated: bool,
}

/// `GET /api/v1/vessels`.
pub async fn list(State(app): State<App>, Query(query): Given) -> Answer {
    let area: Option<Area> = given("bbox", query.get("bbox"))?;
    let limit: usize = given("limit", query.get("limit"))?.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Refusal::wrong(format!("limit: 1 to {MOST}")));
    }
    let at = moment("at", query.get("at"))?;
    away(&app.board, move |board| {
        let (t, mut vessels) = match at {
            None => now(&board.fleet(), area.as_ref(), limit + 1),
            Some(at) => (Some(at), then(board, area.as_ref(), at)?),
        };
        let is_truncated = vessels.len() > limit;
        vessels.truncate(limit);
        Ok(answer::json(&Listed { t, vessels, truncated: is_truncated }))
    })
    .await
}

fn now(fleet: &Fleet, area: Option<&Area>, most: usize) -> (Option<i64>, Vec<Vessel>) {
    let now = fleet.now();
    let told = |(mmsi, ship): (u32, &Ship)| ship.vessel(mmsi, now.unwrap_or(ship.last.t));
    (now, fleet.within(area).take(most).map(told).collect())
}

/// Where ships were at a time, and what they were taken for then.
fn then(board: &Board, area: Option<&Area>, at: i64) -> Result<Vec<Vessel>, Refusal> {
    let (mut points, dark, names) = read(board, |store| {
        let mut points: BTreeMap<u32, Point> =
            query::fleet_at(store, at.saturating_sub(SHOWN_MS), at)?.into_iter().collect();
        let dark = query::dark_at(store, at)?;
        for (mmsi, ..) in &dark {
            if !points.contains_key(mmsi)
                && let Some(point) = query::last_before(store, *mmsi, at)?
            {
                points.insert(*mmsi, point);
            }
        }
        Ok((points, dark, query::names(store)?))
    })?;
    points.retain(|_, point| area.is_none_or(|area| area.holds(point.position)));
    let dark: BTreeMap<u32, (String, Option<Shown>)> =
        dark.into_iter().map(|(mmsi, id, grade)| (mmsi, (id, Shown::of_grade(&grade)))).collect();
    let fleet = board.fleet();
    let told = points.into_iter().map(|(mmsi, point)| {
        let tenths = |value: Option<u16>| value.map(|value| f64::from(value) / 10.0);
        let silence = if at - point.t >= SILENT_MS { Shown::Silent } else { Shown::Normal };
        let open = dark.get(&mmsi);
        Vessel {
            mmsi,
            name: names.get(&mmsi).cloned(),
            t: point.t,
            lon: degrees(point.position.lon),
            lat: degrees(point.position.lat),
            cog: tenths(point.cog),
            sog: tenths(point.sog),
            heading: None,
            state: open.and_then(|(_, state)| *state).unwrap_or(silence),
            listed: fleet.get(mmsi).is_some_and(|ship| ship.is_listed),
            alert: open.map(|(id, _)| id.clone()),
        }
    });
    Ok(told.collect())
}

/// `GET /api/v1/vessels/{mmsi}`.
pub async fn one(State(app): State<App>, Path(text): Path<String>) -> Answer {
    let mmsi = mmsi(&text)?;
    away(&app.board, move |board| {
        let filter = AlertFilter { mmsi: Some(mmsi), limit: ALERTS, ..AlertFilter::default() };
        let alerts = read(board, |store| query::alerts(store, &filter))?.alerts;
        let fleet = board.fleet();
        let ship = fleet.get(mmsi);
        if ship.is_none() && alerts.is_empty() {
            return Err(Refusal::absent("this ship was not heard"));
        }
        let now = fleet.now();
        let said = ship.map(|ship| ship.statics.clone()).unwrap_or_default();
        Ok(answer::json(&json!({
            "mmsi": mmsi,
            "name": said.name,
            "callsign": said.callsign,
            "imo": said.imo,
            "flag": Mmsi(mmsi).flag(),
            "type": said.ship_type,
            "length_m": said.dimensions.map(|size| f64::from(size.length()) / 10.0),
            "draught": said.draught.map(|draught| f64::from(draught) / 10.0),
            "destination": said.destination,
            "last": ship.map(|ship| ship.vessel(mmsi, now.unwrap_or(ship.last.t))),
            "alerts": alerts,
        })))
    })
    .await
}

/// `GET /api/v1/vessels/{mmsi}/track`.
pub async fn track(State(app): State<App>, Path(text): Path<String>, Query(query): Given) -> Answer {
    let mmsi = mmsi(&text)?;
    let since = moment("since", query.get("since"))?.unwrap_or(i64::MIN);
    let until = moment("until", query.get("until"))?.unwrap_or(i64::MAX);
    away(&app.board, move |board| {
        let mut points = read(board, |store| query::track(store, mmsi, since, until))?;
        let last = board.fleet().get(mmsi).map(|ship| ship.last);
        // The last point is where it is now, kept or not.
        points.extend(last.filter(|last| {
            (since..=until).contains(&last.t) && points.last().is_none_or(|point| point.t < last.t)
        }));
        Ok(geojson(pieces(&points).join(",")))
    })
    .await
}

/// A track as lines: where it was heard, and over silences.
fn pieces(points: &[Point]) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    for at in 1..=points.len() {
        let is_gap = at < points.len() && points[at].t - points[at - 1].t >= GAP_MS;
        if is_gap || at == points.len() {
            if at - begin > 1 {
                pieces.push(piece("track", &points[begin..at]));
            }
            if is_gap {
                pieces.push(piece("silence", &points[at - 1..=at]));
            }
            begin = at;
        }
    }
    pieces
}

fn piece(kind: &str, points: &[Point]) -> String {
    let mut last = degrees(points[0].position.lon);
    let mut line: Vec<[f64; 2]> = Vec::with_capacity(points.len());
    for point in points {
        let lon = degrees(point.position.lon);
        // Lines across the antimeridian go on beyond 180°.
        last = lon - 2.0 * HALF_TURN * ((lon - last) / (2.0 * HALF_TURN)).round();
        let rounded = (last * f64::from(UNITS_PER_DEGREE)).round() / f64::from(UNITS_PER_DEGREE);
        line.push([rounded, degrees(point.position.lat)]);
    }
    let times: Vec<i64> = points.iter().map(|point| point.t).collect();
    let (start, end) = (times[0], times[times.len() - 1]);
    json!({
        "type": "Feature",
        "geometry": { "type": "LineString", "coordinates": line },
        "properties": { "kind": kind, "start": start, "end": end, "times": times },
    })
    .to_string()
}

/// `GET /api/v1/vessels/{mmsi}/reach`.
pub async fn reach(
    State(app): State<App>,
    Path(text): Path<String>,
    Query(query): Given,
) -> Result<Response, Refusal> {
    let mmsi = mmsi(&text)?;
    let asked = moment("at", query.get("at"))?;
    let (board, shared) = (app.board.clone(), app);
    away(&board, move |board| {
        let now = board.fleet().now();
        let at = asked.or(now).ok_or_else(|| Refusal::absent("nothing was heard yet"))?;
        let dark = read(board, |store| query::dark_of(store, mmsi, at))?;
        let dark = dark.ok_or_else(|| Refusal::absent("this ship is not dark"))?;
        let alert: Value = serde_json::from_str(&dark).unwrap_or_default();
        let last = board.fleet().get(mmsi).map(|ship| ship.last).filter(|last| last.t <= at);
        let last = match last {
            None => read(board, |store| query::last_before(store, mmsi, at))?,
            last => last,
        };
        let start = last.map(|point| (point.t, point.position)).or_else(|| started(&alert));
        let (since, from) = start.ok_or_else(|| Refusal::absent("where it was is not known any more"))?;
        let speed_kn =
            evidence(&alert, "speed_kn").ok_or_else(|| Refusal::absent("its speed is not known"))?;
        // Drawn at steps, so that those who look at it share it.
        let step = at.div_euclid(STEP_MS) * STEP_MS;
        let drawn_at = step.max(since);
        let outline = outline(&shared, mmsi, from, way_m(speed_kn, drawn_at - since), (since, step));
        let frontier = json!({
            "type": "Feature",
            "geometry": { "type": "MultiPolygon", "coordinates": *outline },
            "properties": { "kind": "frontier", "since": since, "at": drawn_at, "speed_kn": speed_kn },
        });
        let ports = candidates(&shared, &alert);
        let features: Vec<String> =
            std::iter::once(frontier).chain(ports).map(|feature| feature.to_string()).collect();
        Ok(geojson(features.join(",")))
    })
    .await
}

fn started(alert: &Value) -> Option<(i64, Position)> {
    let start = &alert["start"];
    let position = Position::from_degrees(start["lon"].as_f64()?, start["lat"].as_f64()?)?;
    Some((start["t"].as_i64()?, position))
}

fn evidence(alert: &Value, what: &str) -> Option<f64> {
    let pieces = alert["evidence"].as_array()?;
    pieces.iter().find(|piece| piece["what"] == what)?["value"].as_f64()
}

fn outline(app: &App, mmsi: u32, from: Position, distance_m: f64, (since, step): (i64, i64)) -> Outline {
    let key = (mmsi, since, step);
    let lock = || app.frontiers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, outline)) = lock().iter().find(|(known, _)| *known == key) {
        return Outline::clone(outline);
    }
    let outline = Outline::new(frontier::outline(app.shown.world().sea(), from, distance_m));
    let mut frontiers = lock();
    frontiers.push_back((key, Outline::clone(&outline)));
    while frontiers.len() > FRONTIERS {
        frontiers.pop_front();
    }
    outline
}

/// Ports at which it could have called, or that it could have reached by then.
fn candidates(app: &App, alert: &Value) -> Vec<Value> {
    let world = app.shown.world();
    let ports = world.ports();
    let list = |key: &str| alert["ports"][key].as_array().cloned().unwrap_or_default();
    let mut told: BTreeMap<String, Value> = BTreeMap::new();
    for port in list("in_reach") {
        told.insert(port.as_str().unwrap_or_default().to_owned(), json!({}));
    }
    for candidate in list("candidates") {
        told.insert(candidate["port"].as_str().unwrap_or_default().to_owned(), candidate);
    }
    let feature = |(id, candidate): (String, Value)| {
        let at = ports.list.iter().position(|port| port.id == id)?;
        let middle = world.middle(model::PortIndex(at as u32));
        let mut properties = json!({ "kind": "port", "port": id, "name": ports.list[at].name });
        for key in ["p", "earliest_arrival", "latest_departure", "longest_stay_ms"] {
            if !candidate[key].is_null() {
                properties[key] = candidate[key].clone();
            }
        }
        Some(json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [degrees(middle.lon), degrees(middle.lat)] },
            "properties": properties,
        }))
    };
    told.into_iter().filter_map(feature).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(minute: i64, lon: f64) -> Point {
        let position = Position::from_degrees(lon, 42.0).unwrap();
        Point { t: minute * 60_000, position, sog: None, cog: None }
    }

    #[test]
    fn silences_of_a_track_are_lines_of_their_own() {
        let points = [point(0, 130.0), point(10, 130.1), point(60, 130.5), point(70, 130.6)];
        let pieces: Vec<Value> =
            pieces(&points).iter().map(|piece| serde_json::from_str(piece).unwrap()).collect();
        let told: Vec<(&str, i64, i64)> = pieces
            .iter()
            .map(|piece| {
                let of = &piece["properties"];
                (of["kind"].as_str().unwrap(), of["start"].as_i64().unwrap(), of["end"].as_i64().unwrap())
            })
            .collect();
        assert_eq!(
            told,
            [("track", 0, 600_000), ("silence", 600_000, 3_600_000), ("track", 3_600_000, 4_200_000)]
        );
        assert!(super::pieces(&points[..1]).is_empty());
    }

    #[test]
    fn a_track_goes_on_beyond_the_antimeridian() {
        let piece: Value =
            serde_json::from_str(&piece("track", &[point(0, 179.9), point(9, -179.9)])).unwrap();
        assert_eq!(piece["geometry"]["coordinates"][1][0], 180.1);
    }
}
