//! A ledger for tests: it outlives its clients, as a file does, and its steps take time, fail, or are cut off in between.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;

use crate::error::{Error, ErrorKind, Result};
use crate::quota::ledger::{Granted, LeaseId, Ledger, Limits, Row, Spent, Standing};
use crate::quota::{Frame, MemoryLedger, Span};

/// What happens around each step of a [`StepLedger`].
pub trait Steps: fmt::Debug + Send + Sync {
    /// Before a step is done. With `false` it fails, and is not done.
    fn before(&self) -> BoxFuture<'static, bool>;

    /// After a step is done, and before its client hears of it. With `false` the client hears of a failure.
    fn after(&self) -> BoxFuture<'static, bool>;
}

/// A ledger that clients share. What a client has done in it stays when the client is gone.
#[derive(Debug, Clone)]
pub struct StepLedger {
    counts: Arc<MemoryLedger>,
    steps: Arc<dyn Steps>,
}

/// Requests that were counted in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// How long the window is.
    pub span: Span,
    /// Its start, Unix seconds.
    pub start: u64,
    /// Its end, Unix seconds.
    pub end: u64,
    /// Requests.
    pub units: u64,
}

impl StepLedger {
    /// An empty ledger.
    #[must_use]
    pub fn new(steps: Arc<dyn Steps>) -> Self {
        Self { counts: Arc::default(), steps }
    }

    /// What was counted, window by window. Windows of hours and minutes that ended long ago are forgotten.
    #[must_use]
    pub fn counted(&self) -> Vec<Counted> {
        let counted = self.counts.counted();
        let mut counted: Vec<_> = counted
            .into_iter()
            .map(|(window, units)| Counted { span: window.span, start: window.start, end: window.end, units })
            .collect();
        counted.sort_by_key(|counted| (counted.span.as_str(), counted.start));
        counted
    }

    async fn step<T>(&self, step: BoxFuture<'_, Result<T>>) -> Result<T> {
        let away = || Error::new(ErrorKind::Timeout, "the ledger is held by somebody else");
        if !self.steps.before().await {
            return Err(away());
        }
        let done = step.await;
        if self.steps.after().await { done } else { Err(away()) }
    }
}

impl Ledger for StepLedger {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(self.step(Box::pin(async { self.counts.standing(frame).await })))
    }

    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.step(Box::pin(async { self.counts.reserve(frame, limits, spent).await })))
    }

    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.step(Box::pin(async move { self.counts.lease(lease, limits, most).await })))
    }

    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(Box::pin(async { self.counts.settle(lease, used).await })))
    }

    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(Box::pin(async { self.counts.refund(frame, spent).await })))
    }

    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        Box::pin(self.step(Box::pin(async move { self.counts.raise(frame, at_least).await })))
    }

    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(Box::pin(async move { self.counts.pause(owner, until).await })))
    }

    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(self.step(Box::pin(async { self.counts.note(frame, name, value).await })))
    }

    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(self.step(Box::pin(async { self.counts.recall(frame, name).await })))
    }

    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(self.step(Box::pin(async move { self.counts.history(owner, since).await })))
    }
}
