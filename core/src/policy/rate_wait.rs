//! Keeps within what the service allows at this time: so many requests at once, and none while it asks for a pause.
//!
//! What one call learns, from a 429 or from `X-RateLimit-*`, holds for all calls of the client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::call::{RateFigures, WaitReason};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::pipeline::{Exchange, Next, Policy, Reply};

const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct RateWait {
    clock: Arc<dyn Clock>,
    max_wait: Duration,
    slots: Semaphore,
    /// On the clock's own scale.
    paused_until: Mutex<Duration>,
}

impl RateWait {
    pub(crate) fn new(clock: Arc<dyn Clock>, max_wait: Duration, concurrency: usize) -> Self {
        Self {
            clock,
            max_wait,
            slots: Semaphore::new(concurrency.min(Semaphore::MAX_PERMITS)),
            paused_until: Mutex::default(),
        }
    }

    async fn wait(&self, exchange: &Exchange) -> Result<()> {
        loop {
            let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = until.saturating_sub(self.clock.elapsed());
            if wait.is_zero() {
                return Ok(());
            }
            let end = exchange.deadline.get().saturating_add(exchange.trace.excused());
            if wait > self.max_wait || self.clock.elapsed().saturating_add(wait) >= end {
                let text = format!(
                    "the service asked for a pause that lasts {} s longer; max_wait is {} s, and the call has a timeout",
                    wait.as_secs_f64(),
                    self.max_wait.as_secs_f64()
                );
                return Err(Error::new(ErrorKind::RateLimited, text).with_retry_after(Some(wait)));
            }
            exchange.trace.pause(&*self.clock, WaitReason::Rate, wait).await;
        }
    }

    pub(crate) fn pause_for(&self, wait: Duration) {
        let until = self.clock.elapsed().saturating_add(wait);
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = until.max(*paused);
    }

    /// Nothing left in the window: the next request waits for its end instead of fetching a 429.
    fn learn(&self, figures: RateFigures) {
        let (Some(0), Some(reset)) = (figures.remaining, figures.reset) else { return };
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wait = Duration::from_secs(reset).saturating_sub(now);
        // No window is longer than a day: a later end is a figure in another unit, or a clock that is off.
        if wait <= LONGEST_WINDOW {
            self.pause_for(wait);
        }
    }
}

impl Policy for RateWait {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let _slot = self.slots.acquire().await;
            self.wait(&exchange).await?;
            let result = next.run(exchange).await;
            match &result {
                Ok(reply) => {
                    if let Some(figures) = crate::answer::rate_figures(&reply.headers) {
                        self.learn(figures);
                    }
                }
                Err(error) if error.failure() == Failure::Throttled => {
                    if let Some(wait) = error.retry_after() {
                        self.pause_for(wait);
                    }
                }
                Err(_) => {}
            }
            result
        })
    }
}
