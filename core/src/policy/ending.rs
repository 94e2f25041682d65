//! Ends a call when its caller cancels it, or at its time limits.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::error::Result;
use crate::pipeline::{Exchange, Next, Policy, Reply, cancelled};

pub(crate) struct Ending {
    pub(crate) clock: Arc<dyn Clock>,
}

impl Policy for Ending {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let cancel = exchange.options.cancel.clone().unwrap_or_default();
            let (limits, trace) = (exchange.limits.clone(), exchange.trace.clone());
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(cancelled(&trace)),
                result = next.run(exchange) => result,
                error = limits.passed(&*self.clock, &trace) => Err(error),
            }
        })
    }
}
