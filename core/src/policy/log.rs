//! One span, two lines and the duration of every attempt; names as in `metrics.rs`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::json;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::metrics::TARGET;
use crate::clock::Clock;
use crate::error::Result;
use crate::log::{Attributes, Level, Line, Log};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::redact::address;

pub(crate) struct LogAttempt {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
}

impl Policy for LogAttempt {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let (operation, id, method) =
                (exchange.operation.id, exchange.request_id.clone(), exchange.method);
            let (url, attempt) = (exchange.url.clone(), exchange.attempt);
            let host = url.host_str().unwrap_or_default();
            let port = url.port_or_known_default();
            let span = tracing::info_span!(
                "beproduct.attempt",
                otel.name = method,
                otel.kind = "client",
                otel.status_code = Empty,
                http.request.method = method,
                http.request.resend_count = attempt.saturating_sub(1),
                http.response.status_code = Empty,
                server.address = host,
                server.port = port,
                url.full = address(&url),
                error.type = Empty,
            );
            self.log.write(Level::Debug, operation, &id, || {
                format!("{method} {} attempt {attempt}", address(&url)).into()
            });
            let start = self.clock.elapsed();
            let result = next.run(exchange).instrument(span.clone()).await;
            let seconds = (self.clock.elapsed() - start).as_secs_f64();
            let (status, error) = match &result {
                Ok(reply) => (Some(reply.status), None),
                Err(error) => (error.status(), Some(error.kind().as_str())),
            };
            if let Some(status) = status {
                span.record("http.response.status_code", status);
            }
            if let Some(error) = error {
                span.record("otel.status_code", "ERROR").record("error.type", error);
            }
            tracing::event!(target: TARGET, tracing::Level::TRACE,
                histogram.http.client.request.duration = seconds,
                http.request.method = method,
                http.response.status_code = status,
                server.address = host,
                server.port = port,
                error.type = error,
            );
            self.log.write(Level::Debug, operation, &id, || {
                let mut attributes: Attributes = vec![
                    ("http.request.method", method.into()),
                    ("http.request.resend_count", attempt.saturating_sub(1).into()),
                    ("server.address", host.into()),
                    ("server.port", port.into()),
                    ("url.full", address(&url).into()),
                    ("http.client.request.duration", seconds.into()),
                ];
                attributes.extend(status.map(|status| ("http.response.status_code", json!(status))));
                attributes.extend(error.map(|error| ("error.type", json!(error))));
                let message = match &result {
                    Ok(reply) => {
                        format!("{} with {} bytes after {seconds:.3} s", reply.status, reply.body.len())
                    }
                    Err(error) => format!("{error} after {seconds:.3} s"),
                };
                Line { message, attributes }
            });
            result
        })
    }
}
