//! The routes, and what all of them share.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use geofence::cells::Ring;
use serde_json::json;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::access::{Access, Caller, admit, guard, harden};
use crate::alerts::{self, Given};
use crate::answer::{Answer, Refusal, away, given, json, read, refuse};
use crate::area::Area;
use crate::board::Board;
use crate::places::Shown;
use crate::store::{Ack, query};
use crate::stream::{self, NoStream};
use crate::{Told, page, places, vessels};

/// Bytes of a request that has a body.
const BODY: usize = 16 << 10;

/// Polygons of a frontier.
pub type Outline = Arc<Vec<Vec<Ring>>>;

/// The ship, when it was heard last, and when it is looked at.
type FrontierKey = (u32, i64, i64);

/// Where acknowledgements go.
pub trait Acks: Send + Sync + 'static {
    /// Keeps one; when this is done it is not lost.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn add(&self, alert: &str, ack: &Ack) -> Result<(), String>;
}

/// What all share.
#[derive(Clone)]
pub struct App {
    /// What is known.
    pub board: Arc<Board>,
    /// Ports, water and rules.
    pub shown: Arc<Shown>,
    /// Where acknowledgements go.
    pub acks: Arc<dyn Acks>,
    /// What is told of sources.
    pub told: Arc<dyn Told>,
    /// Who may do what.
    pub access: Arc<Access>,
    /// Clients of the stream.
    pub streams: usize,
    /// A basemap of whoever runs it.
    pub basemap: Option<PathBuf>,
    /// Frontiers that somebody has looked at.
    pub frontiers: Arc<Mutex<VecDeque<(FrontierKey, Outline)>>>,
}

/// The page and its API.
pub fn routes(app: App) -> Router {
    let api = Router::new()
        .route("/me", get(me))
        .route("/alerts", get(alerts::list))
        .route("/alerts/{id}", get(alerts::story))
        .route("/alerts/{id}/ack", post(alerts::acknowledge))
        .route("/vessels", get(vessels::list))
        .route("/vessels/{mmsi}", get(vessels::one))
        .route("/vessels/{mmsi}/track", get(vessels::track))
        .route("/vessels/{mmsi}/reach", get(vessels::reach))
        .route("/ports", get(places::ports))
        .route("/reception", get(places::reception))
        .route("/stats", get(stats))
        .route("/stream", get(listen))
        .route("/openapi.json", get(openapi))
        .fallback(async || refuse(StatusCode::NOT_FOUND, "there is no such thing"))
        .method_not_allowed_fallback(async || refuse(StatusCode::METHOD_NOT_ALLOWED, "not with this method"))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(&app.access), guard));
    // Streams are sent as they come, maps in parts.
    let squeezed = DefaultPredicate::new()
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("text/event-stream"));
    Router::new()
        .nest("/api/v1", api)
        .route("/", get(page::index))
        .route(
            "/basemap.pmtiles",
            get(page::basemap).layer(from_fn_with_state(Arc::clone(&app.access), guard)),
        )
        .route("/{*path}", get(page::other))
        .layer(CompressionLayer::new().compress_when(squeezed))
        .layer(from_fn_with_state(Arc::clone(&app.access), admit))
        .layer(from_fn(harden))
        .with_state(app)
}

async fn me(State(app): State<App>, Extension(caller): Extension<Caller>) -> Answer {
    Ok(json(&json!({
        "name": caller.name,
        "role": caller.role.name(),
        "anonymous": app.access.anonymous().name(),
    })))
}

async fn stats(State(app): State<App>) -> Answer {
    let told = Arc::clone(&app.told);
    away(&app.board, move |board| {
        let (counts, history) = read(board, |store| Ok((query::counts(store)?, query::history(store)?)))?;
        let fleet = board.fleet();
        Ok(json(&json!({
            "t": fleet.now(),
            "vessels": fleet.len(),
            "alerts": counts,
            "reports_per_second": (board.reports_per_second() * 10.0).round() / 10.0,
            "clients": board.hub().clients(),
            "sources": told.sources(),
            "history": history.map(|(from, to)| json!({ "from": from, "to": to })),
        })))
    })
    .await
}

async fn listen(
    State(app): State<App>,
    Query(query): Given,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let area: Option<Area> = given("bbox", query.get("bbox"))?;
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok()).map(str::to_owned);
    let body = stream::open(&app.board, area, last, app.streams).await.map_err(|error| match error {
        NoStream::Full => Refusal::unavailable("there are as many clients as there may be"),
        NoStream::Store(why) => Refusal::unavailable(why),
    })?;
    // Proxies are not to hold it back.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")), unbuffered], body)
        .into_response())
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("../openapi.json")).into_response()
}
