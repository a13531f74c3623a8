//! Who may ask, how often, and what every answer says to browsers.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::answer::refuse;

/// Addresses whose requests are counted; beyond it those that ask least make room.
const ADDRESSES: usize = 10_000;
/// So many seconds' worth of requests may come at once.
const BURST_S: f64 = 4.0;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nothing.
    Nobody,
    /// Read.
    Viewer,
    /// Read, and acknowledge alerts.
    Operator,
}

impl Role {
    /// As it is told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Nobody => "none",
            Role::Viewer => "viewer",
            Role::Operator => "operator",
        }
    }
}

/// A token, by its hash.
#[derive(Clone, Debug)]
pub struct Token {
    /// Whose it is.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
}

/// Somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// By the name of his token.
    pub name: Option<String>,
    /// What he may do.
    pub role: Role,
}

/// Who may do what.
#[derive(Debug)]
pub struct Access {
    tokens: Vec<Token>,
    anonymous: Role,
    /// Whether it listens on loopback, and is to be called so.
    is_loopback: bool,
    per_second: f64,
    /// Requests that are left, as of when, by address.
    left: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Access {
    /// These tokens; without one the role of all; so many requests a second from one address.
    #[must_use]
    pub fn new(tokens: Vec<Token>, anonymous: Role, per_second: u32, is_loopback: bool) -> Access {
        Access { tokens, anonymous, is_loopback, per_second: f64::from(per_second), left: Mutex::default() }
    }

    /// What those without a token may do.
    #[must_use]
    pub fn anonymous(&self) -> Role {
        self.anonymous
    }

    /// Whether it is called by a name of its own. A site whose name leads to loopback could read it otherwise.
    fn knows_itself(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        !self.is_loopback || host.is_none_or(is_loopback)
    }

    /// Who asks; `None` if his token is none.
    fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        let Some(given) = headers.get(header::AUTHORIZATION) else {
            return Some(Caller { name: None, role: self.anonymous });
        };
        let (scheme, token) = given.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        // What is compared is a hash of a long random text: how long that takes tells nothing of it.
        let hash: [u8; 32] = Sha256::digest(token.trim().as_bytes()).into();
        let found = self.tokens.iter().find(|token| token.sha256 == hash)?;
        Some(Caller { name: Some(found.name.clone()), role: found.role })
    }

    /// Whether an address may ask now.
    fn admits(&self, address: IpAddr, now: Instant) -> bool {
        let burst = self.per_second * BURST_S;
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.len() >= ADDRESSES && !left.contains_key(&address) {
            let refilled = |(of, since): &(f64, Instant)| {
                of + now.saturating_duration_since(*since).as_secs_f64() * self.per_second >= burst
            };
            left.retain(|_, state| !refilled(state));
            if left.len() >= ADDRESSES {
                return false;
            }
        }
        let (of, since) = left.entry(address).or_insert((burst, now));
        *of = (*of + now.saturating_duration_since(*since).as_secs_f64() * self.per_second).min(burst);
        *since = now;
        if *of < 1.0 {
            return false;
        }
        *of -= 1.0;
        true
    }
}

/// Whether a host, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Lets requests through that come by the right name, and not too many of an address.
pub async fn admit(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    if !access.knows_itself(request.headers()) {
        return refuse(StatusCode::MISDIRECTED_REQUEST, "listens on loopback, and is not known by that name");
    }
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if address.is_some_and(|address| !access.admits(address, Instant::now())) {
        let mut answer = refuse(StatusCode::TOO_MANY_REQUESTS, "too many requests; wait a second");
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return answer;
    }
    next.run(request).await
}

/// Lets requests to the API through, with who asks.
pub async fn guard(State(access): State<Arc<Access>>, mut request: Request, next: Next) -> Response {
    let caller = access.caller(request.headers());
    // As it is within the API.
    let is_about_oneself = request.uri().path() == "/me";
    match caller {
        Some(caller) if caller.role >= Role::Viewer || is_about_oneself => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        _ => challenge(),
    }
}

/// Asks for a token.
#[must_use]
pub fn challenge() -> Response {
    let mut answer = refuse(StatusCode::UNAUTHORIZED, "give a valid token as Authorization: Bearer TOKEN");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

/// What a browser may do with an answer: nothing that the page does not need.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data: blob:; worker-src 'self'; style-src 'self'; connect-src 'self'; \
         object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
];

/// Says it with every answer.
pub async fn harden(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut answer = next.run(request).await.into_response();
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if is_api {
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn access() -> Access {
        let token = |name: &str, role, text: &str| Token {
            name: name.to_owned(),
            role,
            sha256: Sha256::digest(text.as_bytes()).into(),
        };
        Access::new(
            vec![token("desk", Role::Operator, "s3cret"), token("wall", Role::Viewer, "look")],
            Role::Nobody,
            2,
            true,
        )
    }

    fn asks(value: Option<&str>) -> Option<Role> {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        access().caller(&headers).map(|caller| caller.role)
    }

    #[test]
    fn tokens_tell_who_asks_and_a_wrong_one_is_not_nobody() {
        assert_eq!(asks(None), Some(Role::Nobody));
        assert_eq!(asks(Some("Bearer s3cret")), Some(Role::Operator));
        assert_eq!(asks(Some("bearer look ")), Some(Role::Viewer));
        for wrong in ["Bearer S3cret", "Bearer ", "Bearer", "Basic s3cret", "s3cret", "Bearer s3cret look"] {
            assert_eq!(asks(Some(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_may_ask_so_often_and_others_are_not_held_up() {
        let (access, start) = (access(), Instant::now());
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let admitted = (0..20).filter(|_| access.admits(a, start)).count();
        assert_eq!(admitted, 8);
        assert!(access.admits(b, start));
        assert!(access.admits(a, start + Duration::from_secs(1)));
    }

    #[test]
    fn a_flood_of_addresses_fills_no_memory_and_ends_with_it() {
        let (access, start) = (access(), Instant::now());
        let address = |n: u32| IpAddr::from(n.to_be_bytes());
        for n in 0..ADDRESSES as u32 {
            assert!(access.admits(address(n), start));
        }
        assert!(!access.admits(address(u32::MAX), start));
        assert!(access.admits(address(u32::MAX), start + Duration::from_secs(1)));
        assert!(access.left.lock().unwrap().len() <= ADDRESSES);
    }

    #[test]
    fn on_loopback_it_is_called_by_no_other_name() {
        let called = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            access().knows_itself(&headers)
        };
        for host in ["localhost:8080", "LOCALHOST", "127.0.0.1:1", "127.9.9.9", "[::1]:8080"] {
            assert!(called(host), "{host}");
        }
        for host in ["example.org", "127.0.0.1.example.org:80", "10.0.0.1", "[::2]:80", ""] {
            assert!(!called(host), "{host}");
        }
    }
}
