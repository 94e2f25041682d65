//! Stops a call whose company has no requests left, before any network.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use url::Url;

use super::Limiter;
use crate::catalog::Operation;
use crate::clock::Clock;
use crate::error::{Failure, Result};
use crate::pipeline::{Exchange, Next, Policy, Reply, Trace};
use crate::quota::{Quota, STATUS};

pub(crate) struct QuotaCheck {
    pub(crate) quota: Arc<Quota>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limiter: Arc<Limiter>,
    /// The company's part of the API.
    pub(crate) api: Url,
}

impl QuotaCheck {
    /// Asks the service for its limits, where the plan stands for those and nobody has asked today.
    async fn ask_for_limits(&self, exchange: &Exchange, next: &Next) -> Result<()> {
        if !self.quota.is_open(exchange.operation).await? {
            return Ok(());
        }
        let _asking = self.quota.asking().await;
        if !self.quota.is_open(exchange.operation).await? {
            return Ok(());
        }
        let operation = Operation::find(STATUS).ok_or_else(|| self.quota.untold())?;
        let url = self.api.join(operation.path).map_err(|_| self.quota.untold())?;
        let question = Exchange {
            operation,
            base: operation.base,
            method: operation.method.as_str(),
            url,
            body: None,
            adds_nothing: true,
            attempt: 1,
            trace: Trace::new(),
            ..exchange.clone()
        };
        // What it says is learnt where every answer is.
        next.run(question).await?;
        match self.quota.is_open(exchange.operation).await? {
            true => Err(self.quota.untold()),
            false => Ok(()),
        }
    }
}

impl Policy for QuotaCheck {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            if exchange.operation.cost() == 0 {
                return next.run(exchange).await;
            }
            self.ask_for_limits(&exchange, &next).await?;
            loop {
                if let Some(pause) = self.quota.check(&exchange).await? {
                    self.limiter.pause_until(self.clock.elapsed().saturating_add(pause));
                }
                match next.run(exchange.clone()).await {
                    Err(error) if error.failure() == Failure::QuotaRaced => {}
                    result => return result,
                }
            }
        })
    }
}
