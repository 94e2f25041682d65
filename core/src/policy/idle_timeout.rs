//! Ends an attempt when nothing has moved for too long, in either direction.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::error::{Error, Failure, Result};
use crate::http::Wire;
use crate::own::{ErrorKind, Outcome};
use crate::pipeline::{Exchange, Next, Policy, Reply};

pub(crate) struct IdleTimeout {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limit: Duration,
}

/// Ends when nothing has moved on the wire for as long as this.
pub(crate) async fn idle(clock: &dyn Clock, wire: &Wire, limit: Duration) {
    loop {
        let end = wire.last_moved().saturating_add(limit);
        clock.alarm(end).await;
        if wire.last_moved().saturating_add(limit) <= end {
            return;
        }
    }
}

/// What is said of it. `of` is what was waited for, behind a blank, where it is not the server.
pub(crate) fn text(of: &str, limit: Duration) -> String {
    format!("no byte{of} within {} s; idle_timeout sets another limit", limit.as_secs_f64())
}

impl Policy for IdleTimeout {
    fn run<'a>(&'a self, mut exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let (trace, wire) = (exchange.trace.clone(), Wire::new(Arc::clone(&self.clock)));
            exchange.wire = wire.clone();
            tokio::select! {
                biased;
                result = next.run(exchange) => result,
                () = idle(&*self.clock, &wire, self.limit) => {
                    let (failure, outcome) = match wire.may_have_left() {
                        true => (Failure::Interrupted, Outcome::Unknown),
                        false => (Failure::NotSent, Outcome::NotSent),
                    };
                    trace.end_attempt(self.clock.elapsed(), None, Some(ErrorKind::Timeout), outcome);
                    let of = if wire.is_starved() { " of the file from its source" } else { "" };
                    Err(Error::new(ErrorKind::Timeout, text(of, self.limit))
                        .with_failure(failure)
                        .with_outcome(trace.outcome()))
                }
            }
        })
    }
}
