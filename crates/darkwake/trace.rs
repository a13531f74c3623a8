//! Traces over OTLP (HTTP, protobuf), with feature `otel`, where the standard variables of OpenTelemetry say where to:
//! `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`; `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` and
//! `OTEL_TRACES_SAMPLER` hold as everywhere.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::WithHttpConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;

/// A collector that takes longer is done without.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where traces go.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// What sends spans on, if somebody is to have them; or why it cannot.
pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>()
-> Result<Option<tracing_opentelemetry::OpenTelemetryLayer<S, opentelemetry_sdk::trace::SdkTracer>>, String> {
    if ENDPOINTS.iter().all(|name| std::env::var_os(name).is_none()) {
        return Ok(None);
    }
    let client = Client(ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into());
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_http_client(client).build();
    let exporter = exporter.map_err(|error| error.to_string())?;
    let mut resource = Resource::builder();
    if std::env::var_os(SERVICE_NAME).is_none() {
        resource = resource.with_service_name(env!("CARGO_PKG_NAME"));
    }
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
    // There is one.
    let _ = PROVIDER.set(provider);
    Ok(Some(tracing_opentelemetry::layer().with_tracer(tracer)))
}

/// Sends what was not sent yet.
pub fn finish() {
    if let Some(provider) = PROVIDER.get() {
        // Nobody is left to be told.
        let _ = provider.shutdown();
    }
}

/// The client of HTTP that the rest of the program uses, too.
#[derive(Debug)]
struct Client(ureq::Agent);

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let mut sent = self.0.post(parts.uri.to_string());
        for (name, value) in &parts.headers {
            sent = sent.header(name, value);
        }
        let mut answer = sent.send(&body[..])?;
        let status = answer.status();
        let body = answer.body_mut().read_to_vec()?;
        Ok(http::Response::builder().status(status).body(Bytes::from(body))?)
    }
}
