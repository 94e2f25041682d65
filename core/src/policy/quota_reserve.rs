//! Counts an attempt against the quota: reserved just before it leaves, given back only when nothing left.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::error::{ErrorKind, Failure, Result};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::quota::Quota;

pub(crate) struct QuotaReserve {
    pub(crate) quota: Arc<Quota>,
}

impl Policy for QuotaReserve {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let operation = exchange.operation;
            if operation.cost() == 0 {
                return next.run(exchange).await;
            }
            let trace = exchange.trace.clone();
            let reservation = self.quota.reserve(&exchange).await?;
            trace.count(1);
            let result = next.run(exchange).await;
            let noted = match &result {
                Err(error) if error.failure().left_nothing() => {
                    trace.refund(1);
                    self.quota.refund(&reservation).await
                }
                Err(error) if error.kind() == ErrorKind::QuotaExceeded => {
                    self.quota.learn_refusal(&reservation).await
                }
                Err(error) if error.failure() == Failure::Throttled => match trace.pause_asked() {
                    Some(wait) => self.quota.learn_pause(wait).await,
                    None => Ok(()),
                },
                Ok(reply) => self.quota.learn_status(&reservation, operation, &reply.body).await,
                Err(_) => Ok(()),
            };
            if let Err(error) = noted {
                // The count stays too high rather than too low, and the answer is worth more than that.
                self.quota.log.warn(&format!("the ledger was not corrected: {error}"));
            }
            result
        })
    }
}
