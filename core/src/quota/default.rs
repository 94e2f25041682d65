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
    /// Whether there are limits to keep.
    limited: bool,
    log: Log,
}

impl DefaultLedger {
    pub(crate) fn new(file: Box<dyn Ledger>, limited: bool, log: Log) -> Self {
        Self {
            limited,
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
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Answers may come out of order.
        let highest = match &*seen {
            Some((then, before)) if then == frame => {
                std::array::from_fn(|index| before[index].max(counts[index]))
            }
            _ => counts,
        };
        *seen = Some((frame.clone(), highest));
    }

    /// Does something with the file, and with the memory when the file can no longer be used.
    async fn with<'a, T>(&'a self, act: impl Fn(&'a dyn Ledger) -> BoxFuture<'a, Result<T>>) -> Result<T> {
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
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if self.limited && !seen && !self.given_up.initialized() {
            return Err(uncounted(&error));
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

/// A file that counted before and cannot be read, where limits have to be kept.
pub(crate) fn uncounted(error: &Error) -> Error {
    Error::config(format!(
        "{}; until then nothing is sent, as what was counted today is not known: a client without a plan, or one with \
         another ledger, can be used meanwhile",
        error.message()
    ))
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
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::calendar::Calendar;
    use super::super::ledger::Entry;
    use super::super::suite;
    use super::*;
    use crate::log::{Level, LogSink, Record};
    use crate::redact::Secrets;

    /// A file that fails from some moment on.
    #[derive(Debug, Default)]
    struct Failing {
        counted: MemoryLedger,
        failed: Arc<AtomicBool>,
        kind: Option<ErrorKind>,
        /// Whether it can still be read then.
        readable: bool,
    }

    impl Failing {
        fn write<'a, T: Send + 'a>(
            &'a self,
            act: impl FnOnce(&'a MemoryLedger) -> BoxFuture<'a, Result<T>>,
        ) -> BoxFuture<'a, Result<T>> {
            match self.failed.load(Ordering::Relaxed) {
                true => {
                    let error = Error::new(self.kind.unwrap_or(ErrorKind::Config), "the disk is full");
                    Box::pin(async { Err(error) })
                }
                false => act(&self.counted),
            }
        }

        fn read<'a, T: Send + 'a>(
            &'a self,
            act: impl FnOnce(&'a MemoryLedger) -> BoxFuture<'a, Result<T>>,
        ) -> BoxFuture<'a, Result<T>> {
            if self.readable { act(&self.counted) } else { self.write(act) }
        }
    }

    impl Ledger for Failing {
        fn name(&self) -> &'static str {
            "sqlite"
        }
        fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
            self.read(|ledger| ledger.standing(frame))
        }
        fn reserve<'a>(
            &'a self,
            frame: &'a Frame,
            limits: &'a Limits,
            spent: &'a Spent,
        ) -> BoxFuture<'a, Result<Granted>> {
            self.write(|ledger| ledger.reserve(frame, limits, spent))
        }
        fn lease<'a>(
            &'a self,
            lease: &'a LeaseId,
            limits: &'a Limits,
            most: u64,
        ) -> BoxFuture<'a, Result<Granted>> {
            self.write(|ledger| ledger.lease(lease, limits, most))
        }
        fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
            self.write(|ledger| ledger.settle(lease, used))
        }
        fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
            self.write(|ledger| ledger.refund(frame, spent))
        }
        fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
            self.write(|ledger| ledger.raise(frame, at_least))
        }
        fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
            self.write(|ledger| ledger.pause(owner, until))
        }
        fn note<'a>(
            &'a self,
            frame: &'a Frame,
            name: &'a str,
            value: &'a str,
        ) -> BoxFuture<'a, Result<Option<String>>> {
            self.write(|ledger| ledger.note(frame, name, value))
        }
        fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
            self.read(|ledger| ledger.recall(frame, name))
        }
        fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
            self.read(|ledger| ledger.history(owner, since))
        }
    }

    /// Keeps what is written.
    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl LogSink for Lines {
        fn enabled(&self, _level: Level) -> bool {
            true
        }
        fn write(&self, record: Record) {
            self.0.lock().unwrap().push(record.message);
        }
    }

    struct Setup {
        ledger: DefaultLedger,
        failed: Arc<AtomicBool>,
        lines: Arc<Lines>,
    }

    impl Setup {
        fn new(file: Failing) -> Self {
            let (failed, lines) = (Arc::clone(&file.failed), Arc::new(Lines::default()));
            let log = Log { sink: Arc::clone(&lines) as _, secrets: Secrets::default() };
            Self { ledger: DefaultLedger::new(Box::new(file), false, log), failed, lines }
        }

        fn fail(&self) {
            self.failed.store(true, Ordering::Relaxed);
        }

        fn warnings(&self) -> usize {
            self.lines.0.lock().unwrap().len()
        }
    }

    const NONE: Limits = [None; 3];
    const THREE: Limits = [Some(3), None, None];

    /// A second of the hour before 2026-11-25T03:00:00Z, or after it.
    fn frame(second: i64) -> Frame {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_575_600_u64.saturating_add_signed(second));
        Frame { owner: "x".into(), windows: Calendar::new(None, None).unwrap().windows(now) }
    }

    fn spent(units: u64) -> Spent {
        Spent { entry: Entry { operation: "o".into(), label: "a".into(), process: "p".into() }, units }
    }

    #[tokio::test]
    async fn behaves_as_a_ledger() {
        let before = Setup::new(Failing::default());
        suite::run(&before.ledger).await;
        assert_eq!((before.ledger.name(), before.warnings()), ("sqlite", 0));
        let after = Setup::new(Failing::default());
        after.fail();
        suite::run(&after.ledger).await;
        assert_eq!((after.ledger.name(), after.warnings()), ("memory", 1));
    }

    #[test]
    fn agrees_with_the_model() {
        suite::compare(200, || Setup::new(Failing::default()).ledger);
        suite::compare(200, || {
            let failed = Setup::new(Failing::default());
            failed.fail();
            failed.ledger
        });
    }

    #[tokio::test]
    async fn the_count_goes_on_in_memory() {
        for readable in [true, false] {
            let setup = Setup::new(Failing { readable, ..Failing::default() });
            let (ledger, now, spent) = (&setup.ledger, frame(0), spent(1));
            ledger.reserve(&now, &THREE, &spent).await.unwrap();
            assert_eq!(ledger.name(), "sqlite");
            setup.fail();
            let takers = (0..10).map(|_| ledger.reserve(&now, &THREE, &spent));
            let granted = futures_util::future::join_all(takers).await;
            let yes = granted.iter().filter(|granted| matches!(granted, Ok(Granted::Yes { .. }))).count();
            assert_eq!((yes, ledger.name(), setup.warnings()), (2, "memory", 1));
            setup.failed.store(false, Ordering::Relaxed);
            assert_eq!(ledger.standing(&now).await.unwrap().counts, [3; 3]);
            // What was spent before is known where the file can still be read.
            let rows = ledger.history("x", 0).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.units).sum::<u64>(), if readable { 3 } else { 2 });
        }
    }

    /// Nothing that this client has seen is forgotten, whatever step it was that failed.
    #[tokio::test]
    async fn the_highest_count_that_was_seen_holds() {
        let file = Failing::default();
        let (now, lease) = (frame(0), LeaseId { frame: frame(0), id: "lease".into() });
        // Others are at the same file.
        file.counted.reserve(&now, &NONE, &spent(40)).await.unwrap();
        let setup = Setup::new(file);
        assert_eq!(setup.ledger.standing(&now).await.unwrap().counts, [40; 3]);
        setup.ledger.lease(&lease, &NONE, 5).await.unwrap();
        setup.ledger.pause("x", UNIX_EPOCH).await.unwrap();
        setup.fail();
        // What is given back now is given back to nobody: the lease went with the file.
        setup.ledger.settle(&lease, &[spent(1)]).await.unwrap();
        assert_eq!(setup.ledger.name(), "memory");
        assert_eq!(setup.ledger.standing(&now).await.unwrap().counts, [45; 3]);
    }

    #[tokio::test]
    async fn a_file_that_can_be_read_hands_over_all_of_it() {
        let setup = Setup::new(Failing { readable: true, ..Failing::default() });
        let ledger = &setup.ledger;
        for (second, units) in [(-100_000, 7), (-1, 5), (0, 2)] {
            ledger.reserve(&frame(second), &NONE, &spent(units)).await.unwrap();
        }
        ledger.pause("x", UNIX_EPOCH + Duration::from_secs(9)).await.unwrap();
        setup.fail();
        ledger.reserve(&frame(0), &NONE, &spent(1)).await.unwrap();
        let standing = ledger.standing(&frame(0)).await.unwrap();
        assert_eq!((ledger.name(), standing.counts), ("memory", [8, 3, 3]));
        assert_eq!(standing.paused_until, Some(UNIX_EPOCH + Duration::from_secs(9)));
        let mut days: Vec<_> = ledger.history("x", 0).await.unwrap();
        days.sort_by_key(|row| row.day);
        assert_eq!(days.iter().map(|row| row.units).collect::<Vec<_>>(), [7, 8]);
    }

    #[tokio::test]
    async fn a_file_that_others_hold_is_not_given_up() {
        let setup = Setup::new(Failing { kind: Some(ErrorKind::Timeout), ..Failing::default() });
        setup.fail();
        let error = setup.ledger.reserve(&frame(0), &NONE, &spent(1)).await.unwrap_err();
        assert_eq!((error.kind(), setup.ledger.name(), setup.warnings()), (ErrorKind::Timeout, "sqlite", 0));
    }

    #[tokio::test]
    async fn a_plan_is_not_exceeded_because_nothing_can_be_read() {
        let mut setup = Setup::new(Failing::default());
        setup.ledger.limited = true;
        setup.fail();
        let error = setup.ledger.standing(&frame(0)).await.unwrap_err();
        assert!(error.message().contains("what was counted today is not known"), "{error}");
        assert_eq!((setup.ledger.name(), setup.warnings()), ("sqlite", 0));
    }
}
