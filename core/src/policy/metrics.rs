//! One line about every call when it has ended.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::error::Result;
use crate::log::{Level, Log};
use crate::pipeline::{Exchange, Next, Policy, Reply};

pub(crate) struct Metrics {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
}

impl Policy for Metrics {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let (operation, id, trace) =
                (exchange.operation.id, exchange.request_id.clone(), exchange.trace.clone());
            let start = self.clock.elapsed();
            let result = next.run(exchange).await;
            let seconds = (self.clock.elapsed() - start).as_secs_f64();
            let attempts = trace.attempts();
            match &result {
                Ok(reply) => self.log.write(Level::Info, operation, &id, || {
                    format!(
                        "{operation} answered {} after {seconds:.3} s, attempts: {attempts}",
                        reply.status
                    )
                }),
                // The caller gets the error: whether it is worth a warning is theirs to say.
                Err(error) => self.log.write(Level::Info, operation, &id, || {
                    format!("{operation} failed after {seconds:.3} s, attempts: {attempts}: {error}")
                }),
            }
            result
        })
    }
}
