//! One line before and one after every attempt.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::error::Result;
use crate::log::{Level, Log};
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
            self.log.write(Level::Debug, operation, &id, || {
                format!("{method} {} attempt {attempt}", address(&url))
            });
            let start = self.clock.elapsed();
            let result = next.run(exchange).await;
            let seconds = (self.clock.elapsed() - start).as_secs_f64();
            self.log.write(Level::Debug, operation, &id, || match &result {
                Ok(reply) => format!("{} with {} bytes after {seconds:.3} s", reply.status, reply.body.len()),
                Err(error) => format!("{error} after {seconds:.3} s"),
            });
            result
        })
    }
}
