//! The API of places: ports, and where ships are heard.

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use detect::reception::OfCell;
use engine::World;
use geofence::cells::Ring;
use model::number::rounded;
use model::port::Shape;
use model::position::destination;
use model::{Class, PortIndex, Position};
use serde_json::{Value, json};

use crate::alerts::Given;
use crate::answer::{Answer, away, geojson, given};
use crate::app::App;
use crate::area::Area;
use crate::fleet::degrees;

/// Corners of a circle.
const CORNERS: u32 = 48;
/// Half the way round.
const HALF_TURN: f64 = 180.0;

/// Ports, water and rules as they are shown; others may take their place.
#[derive(Debug)]
pub struct Shown(RwLock<(Arc<World>, Bytes)>);

impl Shown {
    /// Shows these.
    #[must_use]
    pub fn new(world: Arc<World>) -> Shown {
        let ports = port_features(&world).into();
        Shown(RwLock::new((world, ports)))
    }

    /// Shows these from here on.
    pub fn show(&self, world: Arc<World>) {
        let ports = port_features(&world).into();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (world, ports);
    }

    /// What is shown.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// All ports, as GeoJSON.
    #[must_use]
    pub fn ports(&self) -> Bytes {
        self.0.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

/// `GET /api/v1/ports`.
pub async fn ports(State(app): State<App>) -> Answer {
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], app.shown.ports()).into_response())
}

/// All ports, as GeoJSON.
#[must_use]
pub fn port_features(world: &World) -> String {
    let mut out = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    let ports = world.ports();
    for (at, port) in ports.list.iter().enumerate() {
        let index = PortIndex(at as u32);
        let polygons = polygons(&port.shape);
        let parents: Vec<&str> =
            ports.parents(index).iter().map(|parent| ports.get(*parent).id.as_str()).collect();
        let feature = json!({
            "type": "Feature",
            "geometry": { "type": "MultiPolygon", "coordinates": polygons },
            "properties": {
                "id": port.id,
                "name": port.name,
                "country": port.country,
                "kind": port.kind.name(),
                "parents": parents,
                "listed": world.watch().is_listed_port(index),
            },
        });
        let _ = write!(out, "{}{feature}", if at > 0 { "," } else { "" });
    }
    out.push_str("]}");
    out
}

/// The area of a port as polygons to draw, in degrees; longitudes may go on beyond 180°.
#[must_use]
pub fn polygons(shape: &Shape) -> Vec<Vec<Ring>> {
    match shape {
        Shape::Polygons(polygons) => {
            let closed = |ring: &Vec<model::port::Vertex>| {
                ring.iter()
                    .chain(ring.first())
                    .map(|corner| [degrees(corner.lon), degrees(corner.lat)])
                    .collect()
            };
            polygons.iter().map(|rings| rings.iter().map(closed).collect()).collect()
        }
        Shape::Circle { centre, radius_m } => vec![vec![circle(*centre, *radius_m)]],
    }
}

fn circle(centre: Position, radius_m: f64) -> Ring {
    let corner = |at: u32| {
        let corner = destination(centre, -f64::from(at) * 2.0 * HALF_TURN / f64::from(CORNERS), radius_m);
        let lon = degrees(corner.lon);
        let middle = degrees(centre.lon);
        [lon - 2.0 * HALF_TURN * ((lon - middle) / (2.0 * HALF_TURN)).round(), degrees(corner.lat)]
    };
    (0..=CORNERS).map(|at| corner(at % CORNERS)).collect()
}

/// `GET /api/v1/reception`.
pub async fn reception(State(app): State<App>, Query(query): Given) -> Answer {
    let area: Option<Area> = given("bbox", query.get("bbox"))?;
    away(&app.board, move |board| {
        let cells = board.cells();
        let seen = cells.iter().filter(|of| {
            of.class == Class::A && of.share.is_some() && area.is_none_or(|area| area.holds(of.cell.centre()))
        });
        let features: Vec<String> = seen.map(|of| cell_feature(of).to_string()).collect();
        Ok(geojson(features.join(",")))
    })
    .await
}

/// A cell as a polygon. One that crosses the antimeridian goes on beyond 180°.
#[must_use]
pub fn cell_feature(of: &OfCell) -> Value {
    let corners = of.cell.corners();
    let west = corners.iter().map(|corner| degrees(corner.lon)).fold(HALF_TURN, f64::min);
    let crosses = corners.iter().any(|corner| degrees(corner.lon) - west > HALF_TURN);
    let place = |corner: &Position| {
        let lon = degrees(corner.lon);
        [if crosses && lon < 0.0 { lon + 2.0 * HALF_TURN } else { lon }, degrees(corner.lat)]
    };
    let ring: Vec<[f64; 2]> = corners.iter().chain(corners.first()).map(place).collect();
    json!({
        "type": "Feature",
        "geometry": { "type": "Polygon", "coordinates": [ring] },
        "properties": {
            "cell": format!("{:x}", of.cell.h3()),
            "class": match of.class { Class::A => "A", Class::B => "B" },
            "q": of.share.map(|share| rounded(share.any)),
            "q_next": of.share.map(|share| rounded(share.next)),
            "edge": of.edge.map(rounded),
            "heard": of.heard,
            "present": of.present,
            "passages": of.passages,
        },
    })
}
