//! The ledger of a client that names none: a file as long as it can be used, then memory, with one warning.
//!
//! What the file has counted so far is taken along where it can still be read. There is no way back: two places that
//! count in turn would both be wrong.

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::ledger::{Entry, Granted, Ledger, Usage, Window};
use super::memory::MemoryLedger;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;

#[derive(Debug)]
pub(crate) struct DefaultLedger {
    file: Box<dyn Ledger>,
    memory: MemoryLedger,
    /// Set when the file was given up.
    given_up: OnceCell<()>,
    log: Log,
}

impl DefaultLedger {
    pub(crate) fn new(file: Box<dyn Ledger>, log: Log) -> Self {
        Self { file, memory: MemoryLedger::default(), given_up: OnceCell::new(), log }
    }

    fn present(&self) -> &dyn Ledger {
        if self.given_up.initialized() { &self.memory } else { &*self.file }
    }

    /// After a failure of the file: goes on in memory, unless others only held the file too long.
    async fn give_up(&self, window: &Window, error: Error) -> Result<&dyn Ledger> {
        if error.kind() != ErrorKind::Config {
            return Err(error);
        }
        self.given_up
            .get_or_init(|| async {
                self.log.warn(&format!("requests are counted in memory only: {}", error.message()));
                if let Ok(usage) = self.file.usage(window).await {
                    self.memory.restore(window, usage);
                }
            })
            .await;
        Ok(&self.memory)
    }
}

impl Ledger for DefaultLedger {
    fn name(&self) -> &'static str {
        self.present().name()
    }

    fn used<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            match self.present().used(window).await {
                Err(error) => self.give_up(window, error).await?.used(window).await,
                used => used,
            }
        })
    }

    fn reserve<'a>(
        &'a self,
        window: &'a Window,
        limit: Option<u64>,
        entry: &'a Entry,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(async move {
            match self.present().reserve(window, limit, entry).await {
                Err(error) => self.give_up(window, error).await?.reserve(window, limit, entry).await,
                granted => granted,
            }
        })
    }

    fn refund<'a>(&'a self, window: &'a Window, entry: &'a Entry) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self.present().refund(window, entry).await {
                Err(error) => self.give_up(window, error).await?.refund(window, entry).await,
                done => done,
            }
        })
    }

    fn raise<'a>(&'a self, window: &'a Window, at_least: u64) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self.present().raise(window, at_least).await {
                Err(error) => self.give_up(window, error).await?.raise(window, at_least).await,
                done => done,
            }
        })
    }

    fn usage<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<Vec<Usage>>> {
        Box::pin(async move {
            match self.present().usage(window).await {
                Err(error) => self.give_up(window, error).await?.usage(window).await,
                usage => usage,
            }
        })
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
