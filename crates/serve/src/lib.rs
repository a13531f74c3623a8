//! HTTP for those who run darkwake: `/metrics` for Prometheus, `/healthz` and `/readyz` for who starts and stops it.
//!
//! What is said there comes from outside: this crate knows neither sources nor ships.

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

/// What is said.
pub trait Told: Send + Sync + 'static {
    /// Metrics in the text format of Prometheus.
    fn metrics(&self) -> String;

    /// Why it cannot do its work at the moment, if it cannot.
    fn unready(&self) -> Option<String>;
}

/// Serves on a thread of its own, from now on.
///
/// # Errors
/// If the address cannot be listened on.
pub fn start(address: &str, told: Arc<dyn Told>) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).map_err(|error| {
        std::io::Error::new(error.kind(), format!("{address}: cannot be listened on: {error}"))
    })?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let router = router(told);
    std::thread::spawn(move || {
        runtime.block_on(async move {
            // It ends with the program.
            if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                let _ = axum::serve(listener, router).await;
            }
        });
    });
    Ok(())
}

fn router(told: Arc<dyn Told>) -> Router {
    let ready = Arc::clone(&told);
    Router::new()
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
                (kind, told.metrics()).into_response()
            }),
        )
}
