//! The page, as it was built into the program, and the basemap of whoever runs it.

use std::io::Read;
use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::answer::{Answer, Refusal, refuse};
use crate::app::App;

/// A file of the page.
struct File {
    path: &'static str,
    /// Hash of the content.
    tag: &'static str,
    /// The content by gzip.
    packed: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// What stands in for a page that was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>darkwake</title>\
<h1>The map is not in this program</h1>\
<p>Build it with <code>cargo xtask web</code> and build darkwake again. The API is there: \
<a href=\"api/v1/openapi.json\">api/v1/openapi.json</a>.</p></html>";
/// Bytes of a basemap that are sent at once.
const MOST: u64 = 4 << 20;

/// Whether the page is in the program.
#[must_use]
pub fn is_built() -> bool {
    FILES.iter().any(|file| file.path == "index.html")
}

/// `GET /`.
pub async fn index(headers: HeaderMap) -> Response {
    if is_built() {
        file("index.html", &headers)
    } else {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response()
    }
}

/// `GET /{path}`: files of the page, by their exact names.
pub async fn other(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(&path, &headers)
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return refuse(StatusCode::NOT_FOUND, "there is no such page");
    };
    let tag = HeaderValue::from_static(file.tag);
    let common = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, kind(path)), (header::VARY, "accept-encoding")];
    if takes_gzip(headers) {
        let packed = [(header::CONTENT_ENCODING, "gzip")];
        return (common, kind, packed, Bytes::from_static(file.packed)).into_response();
    }
    let mut content = Vec::new();
    match GzDecoder::new(file.packed).read_to_end(&mut content) {
        Ok(_) => (common, kind, content).into_response(),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the file is damaged"),
    }
}

/// Whether whoever asks reads gzip (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("geojson") => "application/geo+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// `GET /basemap.pmtiles`: parts of it, as it is asked for.
pub async fn basemap(State(app): State<App>, headers: HeaderMap) -> Answer {
    let Some(path) = app.basemap.clone() else { return Err(Refusal::absent("no basemap is configured")) };
    part(path, headers.get(header::RANGE)).await
}

async fn part(path: PathBuf, range: Option<&HeaderValue>) -> Answer {
    let mut file = tokio::fs::File::open(path).await.map_err(Refusal::unavailable)?;
    let length = file.metadata().await.map_err(Refusal::unavailable)?.len();
    let asked = range.and_then(|range| range.to_str().ok()).and_then(|range| bytes(range, length));
    let Some((first, last)) = asked else {
        let whole = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, whole).into_response());
    };
    file.seek(std::io::SeekFrom::Start(first)).await.map_err(Refusal::unavailable)?;
    let mut content = vec![0; (last - first + 1) as usize];
    file.read_exact(&mut content).await.map_err(Refusal::unavailable)?;
    let headers = [
        (header::CONTENT_RANGE, format!("bytes {first}-{last}/{length}")),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
    ];
    Ok((StatusCode::PARTIAL_CONTENT, headers, content).into_response())
}

/// The first and last byte of `bytes=first-last`, if that is one part and there is something in it.
fn bytes(range: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first: u64 = first.parse().ok()?;
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    let last = last.min(length.checked_sub(1)?).min(first.saturating_add(MOST - 1));
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let takes = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            takes_gzip(&[(header::ACCEPT_ENCODING, value)].into_iter().collect())
        };
        assert!(takes("gzip, deflate, br") && takes("br;q=1, GZIP;q=0.5"));
        assert!(!takes("gzip;q=0") && !takes("br") && !takes("") && !takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn parts_of_a_basemap_are_within_it() {
        assert_eq!(bytes("bytes=0-99", 1_000), Some((0, 99)));
        assert_eq!(bytes("bytes=900-2000", 1_000), Some((900, 999)));
        assert_eq!(bytes("bytes=0-", 100 << 20), Some((0, MOST - 1)));
        for wrong in ["bytes=1000-", "bytes=9-1", "bytes=-5", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", ""] {
            assert_eq!(bytes(wrong, 1_000), None, "{wrong}");
        }
        assert_eq!(bytes("bytes=0-1", 0), None);
    }
}
