//! Stops a call whose company has no requests left, before any network.

use std::sync::Arc;
use std::time::Duration;

use ::http::header::CONTENT_TYPE;
use futures_util::future::BoxFuture;
use url::Url;

use super::Limiter;
use crate::catalog;
use crate::clock::Clock;
use crate::error::{Error, Failure, Result};
use crate::http::Body;
use crate::own::{Outcome, WaitReason};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::quota::{Ask, Quota, Waits};
use crate::trace::Trace;

/// How often a call may find that others have taken what was left when it looked.
const MOST_RACES: usize = 1_000;

pub(crate) struct QuotaCheck {
    pub(crate) quota: Arc<Quota>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limiter: Arc<Limiter>,
    /// The company's part of the API.
    pub(crate) api: Url,
}

impl QuotaCheck {
    /// Asks the service for its limits, where the plan goes by those and nobody has asked today.
    async fn ask_for_limits(&self, exchange: &Exchange, next: &Next) -> Result<()> {
        if !self.quota.is_open(exchange.operation).await? {
            return Ok(());
        }
        let _asking = self.quota.asking().await;
        loop {
            let today = self.quota.today();
            if !self.quota.is_open(exchange.operation).await? {
                return Ok(());
            }
            let question = self.question(exchange)?;
            // What it says is learnt where every answer is.
            self.pass(&question, next).await.map_err(not_asked)?;
            // The answer is for the day in which it was asked for.
            if today == self.quota.today() {
                return match self.quota.is_open(exchange.operation).await? {
                    true => Err(self.quota.untold()),
                    false => Ok(()),
                };
            }
        }
    }

    fn question(&self, exchange: &Exchange) -> Result<Exchange> {
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
        Ok(question)
    }

    /// Hands the request on when the quota allows it, and again when others were quicker. The limits of the service are asked
    /// for each time, as a wait may have led into another day; that question comes this way too.
    fn pass<'a>(&'a self, exchange: &'a Exchange, next: &'a Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let mut races = 0;
            loop {
                let result = match self.check(exchange, next).await {
                    Ok(()) => next.run(exchange.clone()).await,
                    Err(error) => Err(error),
                };
                match result {
                    Err(error) if error.failure() == Failure::QuotaRaced && races < MOST_RACES => races += 1,
                    result => return result,
                }
                // A race is lost without any wait where the ledger is in memory.
                tokio::task::yield_now().await;
            }
        })
    }

    async fn check(&self, exchange: &Exchange, next: &Next) -> Result<()> {
        self.ask_for_limits(exchange, next).await?;
        let waits = CallTime { clock: &*self.clock, exchange };
        if let Some(pause) = self.quota.check(&ask(exchange), &waits).await? {
            self.limiter.pause_until(self.clock.elapsed().saturating_add(pause));
        }
        Ok(())
    }
}

/// What the quota has to know of a request.
pub(super) fn ask(exchange: &Exchange) -> Ask<'_> {
    Ask {
        operation: exchange.operation,
        label: exchange.options.label.as_deref().unwrap_or_default(),
        priority: exchange.options.priority.unwrap_or_default(),
    }
}

/// The time of one call.
struct CallTime<'a> {
    clock: &'a dyn Clock,
    exchange: &'a Exchange,
}

impl Waits for CallTime<'_> {
    fn left(&self) -> Duration {
        let end = self.exchange.limits.end(&self.exchange.trace).time();
        end.map_or(Duration::MAX, |end| end.saturating_sub(self.clock.elapsed()))
    }

    fn wait(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(self.exchange.trace.pause(self.clock, WaitReason::Quota, duration))
    }
}

/// The call itself was not sent, whatever became of the question. It may be asked again as any read.
fn not_asked(error: Error) -> Error {
    let text = format!("the limits of the service could not be requested: {}", error.message());
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
