//! Stops a call whose company has no requests left, before any network.

use std::sync::Arc;

use ::http::header::CONTENT_TYPE;
use futures_util::future::BoxFuture;
use url::Url;

use super::Limiter;
use crate::catalog;
use crate::clock::Clock;
use crate::error::{Error, Failure, Outcome, Result};
use crate::http::Body;
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::quota::Quota;
use crate::trace::Trace;

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
        let operation = catalog::tells_limits().ok_or_else(|| self.quota.untold())?;
        let url = self.api.join(operation.path).map_err(|_| self.quota.untold())?;
        let mut question = Exchange {
            operation,
            base: operation.base,
            method: operation.method.as_str(),
            url,
            body: Body::empty(),
            adds_nothing: true,
            attempt: 1,
            trace: Trace::new(),
            ..exchange.clone()
        };
        question.headers.remove(CONTENT_TYPE);
        // What it says is learnt where every answer is.
        self.pass(&question, next).await.map_err(not_asked)?;
        match self.quota.is_open(exchange.operation).await? {
            true => Err(self.quota.untold()),
            false => Ok(()),
        }
    }

    /// Hands the request on when the quota allows it, and again when others were quicker. The limits of the service are asked
    /// for each time, as a wait may have led into another day; that question comes this way too.
    fn pass<'a>(&'a self, exchange: &'a Exchange, next: &'a Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            loop {
                self.ask_for_limits(exchange, next).await?;
                if let Some(pause) = self.quota.check(exchange).await? {
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

/// The call itself was not sent, whatever became of the question. It may be asked again as any read.
fn not_asked(error: Error) -> Error {
    let text = format!("the limits of the service could not be asked for: {}", error.message());
    let failure = match error.failure() {
        Failure::Interrupted | Failure::Fault | Failure::Unreadable => Failure::NotSent,
        failure => failure,
    };
    error.with_message(text).with_failure(failure).with_outcome(Outcome::NotSent)
}

impl Policy for QuotaCheck {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            match exchange.operation.cost() {
                0 => next.run(exchange).await,
                _ => self.pass(&exchange, &next).await,
            }
        })
    }
}
