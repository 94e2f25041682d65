//! The ledger of a client that names none: a file, and memory while the file fails and there are no limits to keep.
//!
//! With limits nothing is sent that is not in the file. Without them counting goes on in memory, and what was counted there is
//! added to the file once, as soon as it works again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;

use super::aside::{Aside, Item};
use super::calendar::Frame;
use super::ledger::{Granted, LeaseId, Ledger, Limits, Row, Spent, Standing};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::own::QuotaStore;

#[derive(Debug)]
pub(crate) struct FallbackLedger {
    file: Box<dyn Ledger>,
    /// Whether there are limits to keep.
    limited: AtomicBool,
    state: Mutex<State>,
    /// One adds to the file what was counted in memory.
    joining: tokio::sync::Mutex<()>,
    clock: Arc<dyn Clock>,
    log: Log,
}

#[derive(Debug, Default)]
struct State {
    /// The file failed, and is tried again then, on the clock's own scale.
    failed: Option<Duration>,
    aside: Aside,
}

/// Limits that allow everything.
const NONE: Limits = [None; 3];

impl FallbackLedger {
    pub(crate) fn new(file: Box<dyn Ledger>, clock: Arc<dyn Clock>, log: Log) -> Self {
        Self {
            file,
            limited: AtomicBool::new(false),
            state: Mutex::default(),
            joining: tokio::sync::Mutex::default(),
            clock,
            log,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_limited(&self) -> bool {
        self.limited.load(Ordering::Acquire)
    }

    /// Whether the file is to be tried.
    fn is_due(&self) -> bool {
        self.lock().failed.is_none_or(|until| self.clock.elapsed() >= until)
    }

    /// Counts something in the file, or, without limits, in memory while the file fails. What was counted in memory comes
    /// first. Whoever counts does not drop this in the middle.
    async fn count<'a, T>(
        &'a self,
        in_file: impl Fn(&'a dyn Ledger) -> BoxFuture<'a, Result<T>>,
        in_memory: impl FnOnce(&mut Aside) -> T,
    ) -> Result<T> {
        if self.is_limited() {
            self.join_before_limits().await?;
            let done = in_file(&*self.file).await?;
            self.works();
            return Ok(done);
        }
        if self.is_due() && self.is_joined().await {
            let began = self.clock.elapsed();
            match in_file(&*self.file).await {
                Ok(done) => {
                    self.works();
                    return Ok(done);
                }
                Err(error) => self.fail(&error, began),
            }
        }
        Ok(in_memory(&mut self.lock().aside))
    }

    /// Keeps something besides the counts in the file, or, without limits, in memory while the file fails.
    async fn keep<'a, T>(
        &'a self,
        in_file: impl Fn(&'a dyn Ledger) -> BoxFuture<'a, Result<T>>,
        in_memory: impl FnOnce(&mut Aside) -> T,
    ) -> Result<T> {
        if self.is_limited() {
            return in_file(&*self.file).await;
        }
        if self.lock().failed.is_none() {
            let began = self.clock.elapsed();
            match in_file(&*self.file).await {
                Ok(done) => return Ok(done),
                Err(error) => self.fail(&error, began),
            }
        }
        Ok(in_memory(&mut self.lock().aside))
    }

    /// What the file says, where it can say something now.
    async fn ask<'a, T>(
        &'a self,
        in_file: impl Fn(&'a dyn Ledger) -> BoxFuture<'a, Result<T>>,
    ) -> Result<Option<T>> {
        if self.is_limited() {
            return in_file(&*self.file).await.map(Some);
        }
        if !self.is_due() {
            return Ok(None);
        }
        let began = self.clock.elapsed();
        match in_file(&*self.file).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                self.fail(&error, began);
                Ok(None)
            }
        }
    }

    /// Ends a lease that began in memory. Whether it did; then the file is to be told what was used of it.
    fn settle_in_memory(&self, lease: &LeaseId, used: &[Spent]) -> bool {
        let mut state = self.lock();
        let own = state.aside.settle_own(lease, used);
        if own && !state.aside.is_empty() {
            state.failed.get_or_insert_default();
        }
        own
    }

    /// The file has failed. Half of the time at most goes into attempts.
    fn fail(&self, error: &Error, began: Duration) {
        let now = self.clock.elapsed();
        let before = self.lock().failed.replace(now.saturating_add(now.saturating_sub(began)));
        if before.is_none() {
            let text = error.message();
            self.log.warn(&format!("requests are counted in memory only, until the file works: {text}"));
        }
    }

    /// The file has taken something. It counts again when it has everything.
    fn works(&self) {
        let again = {
            let mut state = self.lock();
            state.aside.is_empty() && state.failed.take().is_some()
        };
        if again {
            self.log.warn("requests are counted in the file again, including those from memory");
        }
    }

    /// Whether everything that was counted is in the file. One adds it while others go on to count in memory.
    async fn is_joined(&self) -> bool {
        if self.lock().failed.is_none() {
            return true;
        }
        let Ok(_joining) = self.joining.try_lock() else { return false };
        let began = self.clock.elapsed();
        match self.join().await {
            Ok(()) => true,
            Err(error) => {
                self.fail(&error, began);
                false
            }
        }
    }

    /// A plan with limits came while requests were counted in memory: they come first.
    async fn join_before_limits(&self) -> Result<()> {
        if self.lock().failed.is_none() {
            return Ok(());
        }
        let _joining = self.joining.lock().await;
        self.join().await
    }

    async fn join(&self) -> Result<()> {
        loop {
            let Some(item) = self.lock().aside.next() else { break };
            let added = match &item {
                Item::Taken(frame, spent) => self.file.reserve(frame, &NONE, spent).await.map(drop),
                Item::Given(frame, spent) => self.file.refund(frame, spent).await,
                Item::Settled(lease, used) => self.file.settle(lease, used).await,
                Item::Raised(frame, at_least) => self.file.raise(frame, *at_least).await.map(drop),
                Item::Paused(owner, until) => self.file.pause(owner, *until).await,
                Item::Noted(frame, name, value) => self.file.note(frame, name, value).await.map(drop),
            };
            match added {
                Ok(()) => self.works(),
                Err(error) => {
                    let mut state = self.lock();
                    state.aside.put_back(item);
                    state.failed.get_or_insert_default();
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl Ledger for FallbackLedger {
    fn store(&self) -> QuotaStore {
        if self.lock().failed.is_some() { QuotaStore::Memory } else { self.file.store() }
    }

    fn keep_limits(&self, limited: bool) {
        self.limited.store(limited, Ordering::Release);
    }

    fn finish(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.join_before_limits())
    }

    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move {
            let standing = self.ask(|file| file.standing(frame)).await?;
            Ok(self.lock().aside.standing(frame, standing))
        })
    }

    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.count(
            move |file| file.reserve(frame, limits, spent),
            move |aside| {
                aside.take(frame, spent);
                Granted::Yes { units: spent.units, counts: aside.standing(frame, None).counts }
            },
        ))
    }

    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.count(
            move |file| file.lease(lease, limits, most),
            move |aside| {
                aside.lease(lease, most);
                Granted::Yes { units: most, counts: aside.standing(&lease.frame, None).counts }
            },
        ))
    }

    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if self.settle_in_memory(lease, used) {
                return match self.is_limited() {
                    true => self.join_before_limits().await,
                    false => {
                        self.is_joined().await;
                        Ok(())
                    }
                };
            }
            self.count(move |file| file.settle(lease, used), move |aside| aside.settle(lease, used)).await
        })
    }

    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.count(move |file| file.refund(frame, spent), move |aside| aside.give(frame, spent)))
    }

    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        Box::pin(
            self.keep(move |file| file.raise(frame, at_least), move |aside| aside.raise(frame, at_least)),
        )
    }

    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.keep(move |file| file.pause(owner, until), move |aside| aside.pause(owner, until)))
    }

    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(
            self.keep(move |file| file.note(frame, name, value), move |aside| aside.note(frame, name, value)),
        )
    }

    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let noted = self.ask(|file| file.recall(frame, name)).await?.flatten();
            Ok(self.lock().aside.recall(frame, name).or(noted))
        })
    }

    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let rows = self.ask(|file| file.history(owner, since)).await?.unwrap_or_default();
            Ok(self.lock().aside.history(owner, since, rows))
        })
    }
}

#[cfg(test)]
mod tests;
