//! HTTP: `/metrics` for Prometheus, `/healthz` and `/readyz` for who starts and stops darkwake, and the page with its API for
//! those who watch.
//!
//! What is told comes from outside ([`Told`], [`board::Feed`]): this crate knows neither sources nor sinks.

mod access;
mod alerts;
mod answer;
mod app;
mod area;
pub mod board;
pub mod fleet;
pub mod frontier;
mod page;
pub mod places;
mod store;
mod stream;
mod vessels;

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;
use serde::Serialize;

pub use access::{Role, Token};
pub use app::Acks;
pub use page::is_built;
pub use places::Shown;
pub use store::{Ack, Place, StoreError};

/// Threads that answer.
const THREADS: usize = 2;
/// Whoever connects says what he wants in this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is said.
pub trait Told: Send + Sync + 'static {
    /// Metrics in the text format of Prometheus.
    fn metrics(&self) -> String;

    /// Why it cannot do its work at the moment, if it cannot.
    fn unready(&self) -> Option<String>;

    /// How sources do.
    fn sources(&self) -> Vec<SourceState>;
}

/// How a source does.
#[derive(Clone, Debug, Serialize)]
pub struct SourceState {
    /// Its name.
    pub name: String,
    /// `up`, `idle` (connected, and nothing comes) or `down`.
    pub state: &'static str,
    /// How far it lags behind the clock, ms, where it has told anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_ms: Option<i64>,
}

/// Where it listens.
#[derive(Clone, Debug)]
pub struct Listening {
    /// Address and port.
    pub address: String,
    /// Files of the certificate and its key, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// The page, and who may see it.
pub struct Page {
    /// What is known.
    pub board: Arc<board::Board>,
    /// Ports, water and rules.
    pub shown: Arc<Shown>,
    /// Where acknowledgements go.
    pub acks: Arc<dyn Acks>,
    /// Who may do what.
    pub tokens: Vec<Token>,
    /// What those without a token may do.
    pub anonymous: Role,
    /// Requests a second from one address.
    pub requests_per_second: u32,
    /// Clients of the stream.
    pub streams: usize,
    /// A basemap in PMTiles.
    pub basemap: Option<PathBuf>,
}

/// Serves on a thread of its own, from now on; where it listens.
///
/// # Errors
/// If the address cannot be listened on, or the certificate cannot be used.
pub fn start(listening: &Listening, told: Arc<dyn Told>, page: Option<Page>) -> std::io::Result<SocketAddr> {
    let named = |error: std::io::Error| {
        std::io::Error::new(error.kind(), format!("{}: cannot be listened on: {error}", listening.address))
    };
    let listener = TcpListener::bind(&listening.address).map_err(named)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    // Squeezing a large answer holds up neither streams nor those who ask how it is.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let tls = listening
        .tls
        .as_ref()
        .map(|(certificate, key)| runtime.block_on(tls(certificate, key)))
        .transpose()?;
    let board = page.as_ref().map(|page| Arc::clone(&page.board));
    let router = router(told, page, address.ip().is_loopback());
    std::thread::spawn(move || {
        runtime.block_on(async move {
            if let Some(board) = board {
                tokio::spawn(stream::tell(board));
            }
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            // It ends with the program; if it cannot even begin, whoever asks gets no answer.
            if let Some(tls) = tls {
                if let Ok(server) = axum_server::from_tcp_rustls(listener, tls) {
                    let mut server = server.http1_only().first_request_timeout(PATIENCE);
                    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
                    let _ = server.serve(service).await;
                }
            } else if let Ok(server) = axum_server::from_tcp(listener) {
                let mut server = server.http1_only().first_request_timeout(PATIENCE);
                server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
                let _ = server.serve(service).await;
            }
        });
    });
    Ok(address)
}

/// Reads a certificate and its key.
async fn tls(certificate: &Path, key: &Path) -> std::io::Result<RustlsConfig> {
    let read = RustlsConfig::from_pem_file(certificate, key).await;
    read.map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", certificate.display())))
}

/// Whether these files of a certificate and its key can be used.
///
/// # Errors
/// What is wrong with them.
pub fn check_tls(certificate: &Path, key: &Path) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tls(certificate, key)).map(drop)
}

fn router(told: Arc<dyn Told>, page: Option<Page>, is_loopback: bool) -> Router {
    let (ready, metrics) = (Arc::clone(&told), Arc::clone(&told));
    let ops = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route(
            "/readyz",
            get(async move || match ready.unready() {
                None => (StatusCode::OK, "ok\n".to_owned()),
                Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
            }),
        )
        .route(
            "/metrics",
            get(async move || {
                let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
                (kind, metrics.metrics()).into_response()
            }),
        );
    let Some(page) = page else { return ops };
    let access = access::Access::new(page.tokens, page.anonymous, page.requests_per_second, is_loopback);
    ops.merge(app::routes(app::App {
        board: page.board,
        shown: page.shown,
        acks: page.acks,
        told,
        access: Arc::new(access),
        streams: page.streams,
        basemap: page.basemap,
        frontiers: Arc::new(Mutex::new(VecDeque::new())),
    }))
}
