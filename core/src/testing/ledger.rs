//! A ledger for tests: its steps take time, fail, or are cut off in between, and what a client has done in it stays when the
//! client is gone.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::SystemTime;

use futures_util::future::BoxFuture;

use crate::error::{Error, Result};
use crate::own::{ErrorKind, QuotaStore, QuotaWindow};
use crate::quota::ledger::{Granted, LeaseId, Ledger, Limits, Row, Spent, Standing};
use crate::quota::{Frame, MemoryLedger, OpenLedger};

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
    /// None for the one of a client's settings.
    counts: Option<Arc<MemoryLedger>>,
    steps: Arc<dyn Steps>,
    has_journal: bool,
    share: u64,
}

/// What a ledger holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// What was counted, window by window. Windows of hours and minutes that ended long ago are forgotten.
    pub windows: Vec<Counted>,
    /// Units of leases that have not ended.
    pub leased: u64,
}

/// Requests that were counted in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// How long the window is.
    pub span: QuotaWindow,
    /// Its start, Unix seconds.
    pub start: u64,
    /// Requests.
    pub units: u64,
}

impl Counts {
    fn new(windows: impl IntoIterator<Item = (QuotaWindow, u64, u64)>, leased: u64) -> Self {
        let mut windows: Vec<_> =
            windows.into_iter().map(|(span, start, units)| Counted { span, start, units }).collect();
        windows.sort_by_key(|counted| (counted.span.as_str(), counted.start));
        Self { windows, leased }
    }
}

/// A ledger in a file, which stays open in this process as long as this is there.
#[cfg(feature = "sqlite")]
#[derive(Debug)]
pub struct LedgerFile(crate::quota::SqliteLedger);

#[cfg(feature = "sqlite")]
impl LedgerFile {
    /// The one at a path, opened when it is needed.
    #[must_use]
    pub fn at(path: &std::path::Path) -> Self {
        Self(crate::quota::SqliteLedger::at(path))
    }

    /// What it holds.
    ///
    /// # Errors
    /// `config` when it cannot be read.
    pub fn counts(&self) -> Result<Counts> {
        Ok(Counts::new(self.0.counted()?, self.0.leased()?))
    }
}

impl StepLedger {
    /// An empty ledger in memory.
    #[must_use]
    pub fn new(steps: Arc<dyn Steps>) -> Self {
        Self { counts: Some(Arc::default()), ..Self::of_settings(steps) }
    }

    /// The ledger that the settings of each client name.
    #[must_use]
    pub fn of_settings(steps: Arc<dyn Steps>) -> Self {
        Self { counts: None, steps, has_journal: false, share: 0 }
    }

    /// Its clients write in their `state_dir` what they use of leases.
    #[must_use]
    pub fn with_journal(self) -> Self {
        Self { has_journal: true, ..self }
    }

    /// Its clients set so many units aside for when it is away, as it is when a step fails.
    #[must_use]
    pub fn with_share(self, share: u64) -> Self {
        Self { share, ..self }
    }

    /// What it holds, if it is in memory.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Some(counts) = &self.counts else { return Counts::default() };
        let windows = counts.counted().into_iter().map(|(window, units)| (window.span, window.start, units));
        Counts::new(windows, counts.leased())
    }

    /// `named` opens the ledger that the settings name.
    pub(crate) fn open(self, named: impl FnOnce() -> Result<OpenLedger>) -> Result<OpenLedger> {
        let ledger: Arc<dyn Ledger> = match &self.counts {
            Some(counts) => Arc::clone(counts) as Arc<dyn Ledger>,
            None => named()?.ledger,
        };
        // Each process of a test may have its files in another folder: it is one ledger all the same.
        let name = self.has_journal.then_some("a ledger of steps");
        let (steps, share) = (self.steps, self.share);
        Ok(OpenLedger::of(Arc::new(Stepped { ledger, steps, away: share > 0 }), share, name))
    }
}

/// The ledger of one client.
#[derive(Debug)]
struct Stepped {
    ledger: Arc<dyn Ledger>,
    steps: Arc<dyn Steps>,
    /// Whether one that fails is away, and not only slow.
    away: bool,
}

impl Stepped {
    async fn step<T>(&self, step: BoxFuture<'_, Result<T>>) -> Result<T> {
        let failed = || match self.away {
            true => Error::new(ErrorKind::Network, "the ledger is away"),
            false => Error::new(ErrorKind::Timeout, "the ledger is held by somebody else"),
        };
        if !self.steps.before().await {
            return Err(failed());
        }
        let done = at_once(step);
        if self.steps.after().await { done } else { Err(failed()) }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What comes of a step. A file has a thread of its own, of which a runtime whose time is paused knows nothing: it would go on
/// to the next alarm. So the runtime's thread waits.
fn at_once<T>(step: impl Future<Output = T>) -> T {
    let mut step = pin!(step);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match step.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

impl Ledger for Stepped {
    fn store(&self) -> QuotaStore {
        self.ledger.store()
    }

    fn now(&self, local: SystemTime) -> SystemTime {
        self.ledger.now(local)
    }

    fn keep_limits(&self, limited: bool) {
        self.ledger.keep_limits(limited);
    }

    fn finish(&self) -> BoxFuture<'_, Result<()>> {
        self.ledger.finish()
    }

    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(self.step(Box::pin(async { self.ledger.standing(frame).await })))
    }

    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.step(Box::pin(async { self.ledger.reserve(frame, limits, spent).await })))
    }

    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.step(Box::pin(async move { self.ledger.lease(lease, limits, most).await })))
    }

    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(Box::pin(async { self.ledger.settle(lease, used).await })))
    }

    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(Box::pin(async { self.ledger.refund(frame, spent).await })))
    }

    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        Box::pin(self.step(Box::pin(async move { self.ledger.raise(frame, at_least).await })))
    }

    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.step(Box::pin(async move { self.ledger.pause(owner, until).await })))
    }

    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(self.step(Box::pin(async { self.ledger.note(frame, name, value).await })))
    }

    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(self.step(Box::pin(async { self.ledger.recall(frame, name).await })))
    }

    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(self.step(Box::pin(async move { self.ledger.history(owner, since).await })))
    }
}
