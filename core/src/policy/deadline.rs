//! Ends a call at its deadline, or when its caller gives it up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Failure, Outcome, Result};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::trace::Trace;

pub(crate) struct OverallDeadline {
    pub(crate) clock: Arc<dyn Clock>,
}

impl OverallDeadline {
    async fn passed(&self, deadline: Duration, trace: &Trace) {
        loop {
            let end = deadline.saturating_add(trace.excused());
            self.clock.alarm(end).await;
            if deadline.saturating_add(trace.excused()) <= end {
                return;
            }
        }
    }
}

impl Policy for OverallDeadline {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let trace = exchange.trace.clone();
            let cancel = exchange.options.cancel.clone().unwrap_or_default();
            let deadline = exchange.deadline.get();
            let began = self.clock.elapsed();
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(ended(ErrorKind::Cancelled, "the call was given up", trace.outcome())),
                result = next.run(exchange) => result,
                () = self.passed(deadline, &trace) => {
                    let limit = deadline.saturating_sub(began);
                    Err(ended(ErrorKind::Timeout, &timed_out(limit), trace.outcome()).with_failure(Failure::Interrupted))
                }
            }
        })
    }
}

fn timed_out(limit: Duration) -> String {
    // The first moments of the call have passed before the limit was looked at.
    let seconds = (limit.as_secs_f64() * 1000.0).round() / 1000.0;
    format!("no answer within {seconds} s; the option timeout sets another limit")
}

fn ended(kind: ErrorKind, message: &str, outcome: Outcome) -> Error {
    Error::new(kind, message).with_outcome(outcome)
}
