//! Gives the call a name, and its errors everything that is known about it.

use std::sync::Arc;

use ::http::HeaderValue;
use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::error::Result;
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::redact::{Secrets, address};

pub(crate) struct RequestId {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Secrets,
}

impl Policy for RequestId {
    fn run<'a>(&'a self, mut exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            if let Ok(value) = HeaderValue::from_str(&exchange.request_id) {
                exchange.headers.insert("x-request-id", value);
            }
            let (operation, method) = (exchange.operation, exchange.method);
            let (url, id, trace) =
                (address(&exchange.url), exchange.request_id.clone(), exchange.trace.clone());
            next.run(exchange).await.map_err(|error| {
                let (attempts, waits, cost) = trace.history(self.clock.elapsed(), error.kind());
                let message = self.secrets.scrub(error.message());
                error
                    .with_message(message)
                    .with_request(operation, method, url, id)
                    .with_trace(attempts, waits, cost)
            })
        })
    }
}
