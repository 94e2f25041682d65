//! Stops a call whose company has no requests left, before any network.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::catalog::Base;
use crate::error::{Failure, Result};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::quota::Quota;

pub(crate) struct QuotaCheck {
    pub(crate) quota: Arc<Quota>,
}

impl Policy for QuotaCheck {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            if exchange.base != Base::Api {
                return next.run(exchange).await;
            }
            loop {
                self.quota.check(&exchange).await?;
                match next.run(exchange.clone()).await {
                    Err(error) if error.failure() == Failure::QuotaRaced => {}
                    result => return result,
                }
            }
        })
    }
}
