//! The API of alerts: lists, stories, acknowledgements.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Deserialize;

use crate::access::{Caller, Role, challenge};
use crate::answer::{Answer, Refusal, away, choice, given, json, moment, read};
use crate::app::App;
use crate::store::query;
use crate::store::{Ack, AlertFilter, SEVERITIES};
use crate::vessels::mmsi;

/// What a query gives; a key that is given twice counts once.
pub type Given = Query<BTreeMap<String, String>>;

/// Kinds of alerts (EVENTS, section 8).
const KINDS: [&str; 12] = [
    "dark",
    "port.visit",
    "hop",
    "hop.dark",
    "port.in_reach",
    "position.withheld",
    "identity.conflict",
    "identity.changed",
    "reception.outage",
    "sighting",
    "source.clock",
    "gnss.interference",
];
const STATUSES: [&str; 4] = ["open", "updated", "closed", "retracted"];
const GRADES: [&str; 9] = [
    "suspected",
    "probable",
    "strong",
    "unknown_reception",
    "corroborated",
    "contradicted",
    "unheard",
    "ambiguous",
    "unmatched",
];
/// Bytes of a body, and how long it may take.
const BODY: usize = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(10);
/// Alerts of one answer.
const MOST: usize = 500;
const USUAL: usize = 100;
/// Characters of a note, and of what is searched for.
const MAX_NOTE: usize = 2_000;
const MAX_SEARCH: usize = 200;

/// `GET /api/v1/alerts`.
pub async fn list(State(app): State<App>, Query(given): Given) -> Answer {
    let filter = filter(&given)?;
    let page = away(&app.board, move |board| read(board, |store| query::alerts(store, &filter))).await?;
    Ok(json(&page))
}

fn filter(query: &BTreeMap<String, String>) -> Result<AlertFilter, Refusal> {
    let of = |name: &str| query.get(name);
    let text = |name: &str| {
        let text = of(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        match text {
            Some(text) if text.chars().count() > MAX_SEARCH => {
                Err(Refusal::wrong(format!("{name}: at most {MAX_SEARCH} characters")))
            }
            text => Ok(text),
        }
    };
    let limit: Option<usize> = given("limit", of("limit"))?;
    if limit.is_some_and(|limit| !(1..=MOST).contains(&limit)) {
        return Err(Refusal::wrong(format!("limit: 1 to {MOST}")));
    }
    let cursor = of("cursor").map(|cursor| {
        let parts = cursor.split_once('.').and_then(|(at, seq)| Some((at.parse().ok()?, seq.parse().ok()?)));
        parts.ok_or_else(|| Refusal::wrong("cursor: give the one that came as next"))
    });
    Ok(AlertFilter {
        since: moment("since", of("since"))?,
        until: moment("until", of("until"))?,
        kind: choice("kind", of("kind"), &KINDS)?,
        status: choice("status", of("status"), &STATUSES)?,
        severity: choice("severity", of("severity"), &SEVERITIES)?,
        grade: choice("grade", of("grade"), &GRADES)?,
        acked: given("acked", of("acked"))?,
        mmsi: of("mmsi").map(|text| mmsi(text)).transpose()?,
        port: text("port")?,
        bbox: given("bbox", of("bbox"))?,
        q: text("q")?,
        cursor: cursor.transpose()?,
        limit: limit.unwrap_or(USUAL),
    })
}

/// `GET /api/v1/alerts/{id}`.
pub async fn story(State(app): State<App>, Path(id): Path<String>) -> Answer {
    let told = away(&app.board, move |board| read(board, |store| query::story(store, &id))).await?;
    told.map(|story| json(&story)).ok_or_else(|| Refusal::absent("there is no such alert"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    #[serde(default)]
    note: String,
    /// What was seen, if that is not the newest.
    revision: Option<u64>,
}

/// `POST /api/v1/alerts/{id}/ack`.
pub async fn acknowledge(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    // Nobody without a token may, whatever he may read.
    let Caller { name: Some(who), role } = caller else { return Ok(challenge()) };
    if role < Role::Operator {
        return Err(Refusal::forbidden("this token may only read"));
    }
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json"));
    if !is_json {
        return Err(Refusal::wrong("the body is JSON: Content-Type: application/json"));
    }
    let come = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, BODY)).await;
    let body =
        come.map_err(|_| Refusal::wrong("the body does not come"))?.map_err(|_| Refusal::too_long())?;
    let seen: Seen =
        serde_json::from_slice(&body).map_err(|error| Refusal::wrong(format!("body: {error}")))?;
    if seen.note.chars().count() > MAX_NOTE {
        return Err(Refusal::wrong(format!("note: at most {MAX_NOTE} characters")));
    }
    let alert = id.clone();
    let found = away(&app.board, move |board| read(board, |store| query::newest(store, &alert))).await?;
    let (newest, severity) = found.ok_or_else(|| Refusal::absent("there is no such alert"))?;
    let revision = seen.revision.unwrap_or(newest);
    let severity = if revision == newest {
        SEVERITIES[severity.min(SEVERITIES.len() - 1)].to_owned()
    } else {
        let alert = id.clone();
        let then =
            away(&app.board, move |board| read(board, |store| query::severity_of(store, &alert, revision)));
        then.await?.ok_or_else(|| Refusal::absent("there is no such revision"))?
    };
    let t = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_millis() as i64);
    let ack = Ack { who, t, note: seen.note, revision, severity };
    let (acks, told) = (Arc::clone(&app.acks), ack.clone());
    away(&app.board, move |_| acks.add(&id, &told).map_err(Refusal::unavailable)).await?;
    Ok(json(&ack))
}
