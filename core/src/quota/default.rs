//! The ledger of a client that names none: a file as long as it can be used, then memory, with one warning.
//!
//! What the file has counted so far is taken along: as far as it can still be read, and not less than this client has seen
//! itself. There is no way back: two places that count in turn would both be wrong.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::calendar::Frame;
use super::ledger::{Counts, Granted, HISTORY, LeaseId, Ledger, Limits, Row, Spent, Standing};
use super::memory::MemoryLedger;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;

#[derive(Debug)]
pub(crate) struct DefaultLedger {
    file: Box<dyn Ledger>,
    memory: MemoryLedger,
    /// Set when the file was given up.
    given_up: OnceCell<()>,
    /// The last windows that this client met, and how they stood.
    seen: Mutex<Option<(Frame, Counts)>>,
    log: Log,
}

impl DefaultLedger {
    pub(crate) fn new(file: Box<dyn Ledger>, log: Log) -> Self {
        Self {
            file,
            memory: MemoryLedger::default(),
            given_up: OnceCell::new(),
            seen: Mutex::default(),
            log,
        }
    }

    fn present(&self) -> &dyn Ledger {
        if self.given_up.initialized() { &self.memory } else { &*self.file }
    }

    fn saw(&self, frame: &Frame, counts: Counts) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((frame.clone(), counts));
    }

    /// Does something with the file, and with the memory when the file can no longer be used.
    async fn with<'a, T>(
        &'a self,
        act: impl Fn(&'a dyn Ledger) -> BoxFuture<'a, Result<T>>,
    ) -> Result<T> {
        match act(self.present()).await {
            Err(error) => {
                self.give_up(error).await?;
                act(&self.memory).await
            }
            done => done,
        }
    }

    /// After a failure of the file: goes on in memory, unless others only held the file too long.
    async fn give_up(&self, error: Error) -> Result<()> {
        if error.kind() != ErrorKind::Config {
            return Err(error);
        }
        self.given_up
            .get_or_init(|| async {
                self.log.warn(&format!("requests are counted in memory only: {}", error.message()));
                let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let Some((frame, seen)) = seen else { return };
                let mut standing = self.file.standing(&frame).await.unwrap_or_default();
                for (count, seen) in standing.counts.iter_mut().zip(seen) {
                    *count = seen.max(*count);
                }
                let since = frame.day().start.saturating_sub(HISTORY * 24 * 3_600);
                let rows = self.file.history(&frame.owner, since).await.unwrap_or_default();
                self.memory.restore(&frame, &standing, rows);
            })
            .await;
        Ok(())
    }
}

impl Ledger for DefaultLedger {
    fn name(&self) -> &'static str {
        self.present().name()
    }

    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move {
            let standing = self.with(|ledger| ledger.standing(frame)).await?;
            self.saw(frame, standing.counts);
            Ok(standing)
        })
    }

    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(async move {
            let granted = self.with(|ledger| ledger.reserve(frame, limits, spent)).await?;
            if let Granted::Yes { counts, .. } = granted {
                self.saw(frame, counts);
            }
            Ok(granted)
        })
    }

    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(async move {
            let granted = self.with(|ledger| ledger.lease(lease, limits, most)).await?;
            if let Granted::Yes { counts, .. } = granted {
                self.saw(&lease.frame, counts);
            }
            Ok(granted)
        })
    }

    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.with(|ledger| ledger.settle(lease, used)))
    }

    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.with(|ledger| ledger.refund(frame, spent)))
    }

    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        Box::pin(self.with(move |ledger| ledger.raise(frame, at_least)))
    }

    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.with(move |ledger| ledger.pause(owner, until)))
    }

    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(self.with(move |ledger| ledger.note(frame, name, value)))
    }

    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(self.with(move |ledger| ledger.recall(frame, name)))
    }

    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(self.with(move |ledger| ledger.history(owner, since)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::SystemTime;

    use super::*;
    use crate::log::TracingSink;
    use crate::redact::Secrets;

    /// A file that fails from some moment on.
    #[derive(Debug, Default)]
    struct Failing {
        counted: MemoryLedger,
        failed: Arc<AtomicBool>,
        kind: Option<ErrorKind>,
    }

    impl Failing {
        fn check(&self) -> Result<()> {
            match self.failed.load(Ordering::Relaxed) {
                true => Err(Error::new(self.kind.unwrap_or(ErrorKind::Config), "the disk is full")),
                false => Ok(()),
            }
        }
    }

    impl Ledger for Failing {
        fn name(&self) -> &'static str {
            "sqlite"
        }
        fn used<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<u64>> {
            self.counted.used(window)
        }
        fn reserve<'a>(
            &'a self,
            window: &'a Window,
            limit: Option<u64>,
            entry: &'a Entry,
        ) -> BoxFuture<'a, Result<Granted>> {
            Box::pin(async move {
                self.check()?;
                self.counted.reserve(window, limit, entry).await
            })
        }
        fn refund<'a>(&'a self, window: &'a Window, entry: &'a Entry) -> BoxFuture<'a, Result<()>> {
            self.counted.refund(window, entry)
        }
        fn raise<'a>(&'a self, window: &'a Window, at_least: u64) -> BoxFuture<'a, Result<()>> {
            self.counted.raise(window, at_least)
        }
        fn usage<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<Vec<Usage>>> {
            self.counted.usage(window)
        }
    }

    fn ledger(kind: Option<ErrorKind>) -> (DefaultLedger, Arc<AtomicBool>) {
        let file = Failing { kind, ..Failing::default() };
        let failed = Arc::clone(&file.failed);
        let log = Log { sink: Arc::new(TracingSink), secrets: Secrets::default() };
        (DefaultLedger::new(Box::new(file), log), failed)
    }

    fn window() -> Window {
        Window { owner: "x".into(), day: "d".into(), end: SystemTime::UNIX_EPOCH }
    }

    fn entry() -> Entry {
        Entry { operation: "o".into(), label: "a".into() }
    }

    #[tokio::test]
    async fn behaves_as_a_ledger() {
        super::super::ledger::suite::run(&ledger(None).0).await;
        let (ledger, failed) = ledger(None);
        failed.store(true, Ordering::Relaxed);
        super::super::ledger::suite::run(&ledger).await;
    }

    #[tokio::test]
    async fn the_count_goes_on_in_memory() {
        let (ledger, failed) = ledger(None);
        assert_eq!(ledger.reserve(&window(), Some(3), &entry()).await.unwrap(), Granted::Yes);
        assert_eq!(ledger.name(), "sqlite");
        failed.store(true, Ordering::Relaxed);
        let (window, entry) = (window(), entry());
        let takers = (0..10).map(|_| ledger.reserve(&window, Some(3), &entry));
        let granted = futures_util::future::join_all(takers).await;
        let yes = granted.into_iter().filter(|granted| *granted.as_ref().unwrap() == Granted::Yes).count();
        assert_eq!((yes, ledger.name()), (2, "memory"));
        failed.store(false, Ordering::Relaxed);
        assert_eq!(ledger.used(&window).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_file_that_others_hold_is_not_given_up() {
        let (ledger, failed) = ledger(Some(ErrorKind::Timeout));
        failed.store(true, Ordering::Relaxed);
        let error = ledger.reserve(&window(), None, &entry()).await.unwrap_err();
        assert_eq!((error.kind(), ledger.name()), (ErrorKind::Timeout, "sqlite"));
    }
}
