//! Ends a call when its caller cancels it, or at its time limits.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::{End, Limits};
use crate::pipeline::{Exchange, Next, Policy, Reply, cancelled};
use crate::trace::Trace;

pub(crate) struct Ending {
    pub(crate) clock: Arc<dyn Clock>,
}

impl Ending {
    /// Ends when a limit of the call has passed, with the error.
    async fn passed(&self, limits: &Limits, trace: &Trace) -> Error {
        loop {
            match limits.end(trace) {
                End::Open if trace.turn().is_some() => std::future::pending().await,
                End::Open => trace.turned().await,
                End::Turn(end) => tokio::select! {
                    biased;
                    () = trace.turned() => {}
                    () = self.clock.alarm(end) => {}
                },
                End::Answer(end) => self.clock.alarm(end).await,
            }
            // The turn may have come meanwhile, or a wait that does not count.
            let end = limits.end(trace);
            if end.time().is_some_and(|end| end <= self.clock.elapsed()) {
                return limits.error(end, trace);
            }
        }
    }
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
                error = self.passed(&limits, &trace) => Err(error),
            }
        })
    }
}
