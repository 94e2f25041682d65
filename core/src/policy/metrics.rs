//! One span, one line and the figures of every call.
//!
//! Names are those of OpenTelemetry's conventions for HTTP clients, and `beproduct.*` for what those do not know. Spans and
//! metrics go to `tracing` (metrics as events of the target `beproduct::metrics`, in the form that `tracing-opentelemetry`
//! reads), the same figures with each line to the log sink of other languages.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::json;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::clock::Clock;
use crate::error::Result;
use crate::log::{Attributes, Level, Line, Log};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::quota::Quota;

/// Where metrics are found among all events.
pub(crate) const TARGET: &str = "beproduct::metrics";

pub(crate) struct Metrics {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) quota: Arc<Quota>,
    pub(crate) log: Log,
}

impl Policy for Metrics {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let (operation, id, trace) =
                (exchange.operation.id, exchange.request_id.clone(), exchange.trace.clone());
            let label = exchange.options.label.clone();
            let span = tracing::info_span!(
                "beproduct.call",
                otel.name = operation,
                otel.kind = "internal",
                otel.status_code = Empty,
                beproduct.operation = operation,
                beproduct.request_id = id,
                beproduct.label = label,
                beproduct.quota.cost = Empty,
                error.type = Empty,
            );
            let start = self.clock.elapsed();
            let result = next.run(exchange).instrument(span.clone()).await;
            let seconds = (self.clock.elapsed() - start).as_secs_f64();
            let (attempts, cost, failed) = (trace.attempts(), trace.cost(), result.as_ref().err());
            let error = failed.map(|error| error.kind().as_str());
            span.record("beproduct.quota.cost", cost);
            if let Some(error) = error {
                span.record("otel.status_code", "ERROR").record("error.type", error);
            }
            let (used, limit) = self.quota.figures();
            tracing::event!(target: TARGET, tracing::Level::TRACE,
                histogram.beproduct.call.duration = seconds,
                beproduct.operation = operation,
                error.type = error,
            );
            if let Some(used) = used {
                tracing::event!(target: TARGET, tracing::Level::TRACE, gauge.beproduct.quota.used = used);
            }
            if let Some(limit) = limit {
                tracing::event!(target: TARGET, tracing::Level::TRACE, gauge.beproduct.quota.limit = limit);
            }
            // The caller gets the error: whether it is worth a warning is theirs to say.
            self.log.write(Level::Info, operation, &id, || {
                let mut attributes: Attributes = vec![
                    ("beproduct.operation", operation.into()),
                    ("beproduct.call.duration", seconds.into()),
                    ("beproduct.call.attempts", attempts.into()),
                    ("beproduct.call.waited", trace.time_waited().into()),
                    ("beproduct.quota.cost", cost.into()),
                ];
                let status = match &result {
                    Ok(reply) => Some(reply.status),
                    Err(error) => error.status(),
                };
                attributes.extend(
                    [
                        ("beproduct.label", label.map(|label| json!(label))),
                        ("beproduct.quota.used", used.map(|used| json!(used))),
                        ("beproduct.quota.limit", limit.map(|limit| json!(limit))),
                        ("http.response.status_code", status.map(|status| json!(status))),
                        ("error.type", error.map(|error| json!(error))),
                    ]
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?))),
                );
                let message = match &result {
                    Ok(reply) => {
                        format!(
                            "{operation} answered {} after {seconds:.3} s, attempts: {attempts}",
                            reply.status
                        )
                    }
                    Err(error) => {
                        format!("{operation} failed after {seconds:.3} s, attempts: {attempts}: {error}")
                    }
                };
                Line { message, attributes }
            });
            result
        })
    }
}
