//! Stops a call whose company has no requests left, before any network.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::catalog::Base;
use crate::error::Result;
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::quota::Quota;

pub(crate) struct QuotaCheck {
    pub(crate) quota: Arc<Quota>,
}

impl Policy for QuotaCheck {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            if exchange.base == Base::Api {
                self.quota.check(&exchange).await?;
            }
            next.run(exchange).await
        })
    }
}
