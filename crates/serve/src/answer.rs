//! Answers in JSON, and errors.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::EventTime;
use serde::Serialize;
use serde_json::json;

use crate::board::Board;

/// Whoever has to wait longer for his turn is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer, or why there is none.
pub type Answer = Result<Response, Refusal>;

/// Why there is no answer.
#[derive(Debug)]
pub struct Refusal(StatusCode, String);

impl Refusal {
    /// What was asked for cannot be.
    pub fn wrong(why: impl Display) -> Refusal {
        Refusal(StatusCode::BAD_REQUEST, why.to_string())
    }

    /// What was asked for is not there.
    pub fn absent(why: impl Display) -> Refusal {
        Refusal(StatusCode::NOT_FOUND, why.to_string())
    }

    /// He may not.
    pub fn forbidden(why: impl Display) -> Refusal {
        Refusal(StatusCode::FORBIDDEN, why.to_string())
    }

    /// There is too much of it.
    pub fn too_long() -> Refusal {
        Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long".to_owned())
    }

    /// It cannot be done at the moment.
    pub fn unavailable(why: impl Display) -> Refusal {
        Refusal(StatusCode::SERVICE_UNAVAILABLE, why.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut answer = refuse(self.0, &self.1);
        if self.0 == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }
}

/// An error as all are told.
pub fn refuse(status: StatusCode, why: &str) -> Response {
    let mut answer = json(&json!({ "error": why }));
    *answer.status_mut() = status;
    answer
}

/// JSON.
pub fn json(value: &impl Serialize) -> Response {
    text(serde_json::to_string(value).unwrap_or_default(), "application/json")
}

/// GeoJSON (RFC 7946).
pub fn geojson(features: String) -> Response {
    text(format!("{{\"type\":\"FeatureCollection\",\"features\":[{features}]}}"), "application/geo+json")
}

fn text(text: String, kind: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Does what takes long, or waits for a disk, away from those who are being told.
pub async fn away<T: Send + 'static>(
    board: &Arc<Board>,
    work: impl FnOnce(&Board) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let waited = tokio::time::timeout(PATIENCE, board.asking.acquire()).await;
    let Ok(Ok(_turn)) = waited else { return Err(Refusal::unavailable("too many ask at once")) };
    let board = Arc::clone(board);
    tokio::task::spawn_blocking(move || work(&board)).await.map_err(Refusal::unavailable)?
}

/// Reads the store.
pub fn read<T>(
    board: &Board,
    work: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error>,
) -> Result<T, Refusal> {
    board.store().read(work).map_err(Refusal::unavailable)
}

/// A value as it is given, if it is.
pub fn given<T: FromStr>(name: &str, text: Option<&String>) -> Result<Option<T>, Refusal>
where
    T::Err: Display,
{
    let parsed = text.map(|text| text.parse().map_err(|error| Refusal::wrong(format!("{name}: {error}"))));
    parsed.transpose()
}

/// A moment: ms since 1970, or ISO 8601.
pub fn moment(name: &str, text: Option<&String>) -> Result<Option<i64>, Refusal> {
    let read = |text: &String| {
        let parsed = text.parse().ok().or_else(|| EventTime::parse_iso(text.as_bytes()).map(|time| time.0));
        let in_range = parsed.filter(|ms: &i64| ms.unsigned_abs() < 1 << 53);
        in_range.ok_or_else(|| Refusal::wrong(format!("{name}: give ms since 1970, or 2023-10-01T00:00:00Z")))
    };
    text.map(read).transpose()
}

/// Names out of a few, with commas between them.
pub fn choice(name: &str, text: Option<&String>, of: &[&str]) -> Result<Vec<String>, Refusal> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let names = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    let checked = names.map(|one| {
        let is_one = of.contains(&one);
        is_one
            .then(|| one.to_owned())
            .ok_or_else(|| Refusal::wrong(format!("{name}: one of {}", of.join(", "))))
    });
    checked.collect()
}
