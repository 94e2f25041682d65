//! Ends an attempt that gets no whole answer in time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Failure, Outcome, Result};
use crate::pipeline::{Exchange, Next, Policy, Reply};

pub(crate) struct AttemptTimeout {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limit: Duration,
}

impl Policy for AttemptTimeout {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let trace = exchange.trace.clone();
            let alarm = self.clock.alarm(self.clock.elapsed().saturating_add(self.limit));
            tokio::select! {
                biased;
                result = next.run(exchange) => result,
                () = alarm => {
                    let seconds = self.limit.as_secs_f64();
                    trace.end_attempt(self.clock.elapsed(), None, Some(ErrorKind::Timeout), Outcome::Unknown);
                    let text = format!("no answer within {seconds} s; attempt_timeout sets another limit");
                    Err(Error::new(ErrorKind::Timeout, text)
                        .with_failure(Failure::Interrupted)
                        .with_outcome(Outcome::Unknown))
                }
            }
        })
    }
}
