use std::sync::atomic::AtomicU64;
use std::time::UNIX_EPOCH;

use futures_util::future::{join_all, ready};
use proptest::prelude::*;

use super::super::calendar::Calendar;
use super::super::ledger::Entry;
use super::super::memory::MemoryLedger;
use super::super::suite;
use super::*;
use crate::clock::RecordedClock;
use crate::log::Lines;
use crate::own::QuotaStore;
use crate::redact::Secrets;

/// A file that fails as long as it is told to.
#[derive(Debug, Default)]
struct Failing {
    counted: MemoryLedger,
    faults: Arc<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    failed: AtomicBool,
    /// Whether it can still be read then.
    readable: AtomicBool,
    /// How many steps work before it fails.
    after: Mutex<Option<u64>>,
    asked: AtomicU64,
}

impl Failing {
    fn write<'a, T: Send + 'a>(
        &'a self,
        act: impl FnOnce(&'a MemoryLedger) -> BoxFuture<'a, Result<T>>,
    ) -> BoxFuture<'a, Result<T>> {
        self.faults.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(left) = &mut *self.faults.after.lock().unwrap() {
            match left.checked_sub(1) {
                Some(rest) => *left = rest,
                None => self.faults.failed.store(true, Ordering::Relaxed),
            }
        }
        match self.faults.failed.load(Ordering::Relaxed) {
            true => Box::pin(ready(Err(Error::config("the disk is full")))),
            false => act(&self.counted),
        }
    }

    fn read<'a, T: Send + 'a>(
        &'a self,
        act: impl FnOnce(&'a MemoryLedger) -> BoxFuture<'a, Result<T>>,
    ) -> BoxFuture<'a, Result<T>> {
        if self.faults.readable.load(Ordering::Relaxed) { act(&self.counted) } else { self.write(act) }
    }
}

impl Ledger for Failing {
    fn store(&self) -> QuotaStore {
        QuotaStore::Sqlite
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

struct Setup {
    ledger: FallbackLedger,
    faults: Arc<Faults>,
    lines: Arc<Lines>,
    clock: RecordedClock,
}

impl Setup {
    fn new() -> Self {
        let (file, lines, clock) = (Failing::default(), Arc::<Lines>::default(), RecordedClock::new());
        let faults = Arc::clone(&file.faults);
        let log = Log { sink: Arc::clone(&lines) as _, secrets: Secrets::default() };
        let ledger = FallbackLedger::new(Box::new(file), Arc::new(clock.clone()), log);
        Self { ledger, faults, lines, clock }
    }

    fn fail(&self, failed: bool) {
        self.faults.failed.store(failed, Ordering::Relaxed);
    }

    fn lines(&self) -> usize {
        self.lines.count()
    }

    /// What the file itself has of the day, and by its history.
    async fn in_file(&self, frame: &Frame) -> (u64, u64) {
        let standing = self.ledger.file.standing(frame).await.unwrap();
        let rows = self.ledger.file.history(&frame.owner, 0).await.unwrap();
        (standing.counts[0], rows.iter().map(|row| row.units).sum())
    }
}

/// A second of the hour before 2026-11-25T03:00:00Z, or after it.
fn frame(second: i64) -> Frame {
    let now = UNIX_EPOCH + Duration::from_secs(1_795_575_600_u64.saturating_add_signed(second));
    Frame { owner: "x".into(), windows: Calendar::new(None, None).unwrap().windows(now) }
}

fn spent(label: &str, units: u64) -> Spent {
    Spent { entry: Entry { operation: "o".into(), label: label.into(), process: "p".into() }, units }
}

const THREE: Limits = [Some(3), None, None];

#[tokio::test]
async fn behaves_as_a_ledger() {
    let setup = Setup::new();
    for limited in [true, false] {
        setup.ledger.keep_limits(limited);
        suite::run(&setup.ledger).await;
    }
    assert_eq!((setup.ledger.store(), setup.lines()), (QuotaStore::Sqlite, 0));
}

#[test]
fn agrees_with_the_model() {
    suite::compare(200, || Setup::new().ledger);
}

#[tokio::test]
async fn limits_are_kept_in_the_file_or_nothing_is_sent() {
    let setup = Setup::new();
    let (ledger, now) = (&setup.ledger, frame(0));
    ledger.keep_limits(true);
    ledger.reserve(&now, &THREE, &spent("a", 1)).await.unwrap();
    setup.fail(true);
    for _ in 0..3 {
        let error = ledger.reserve(&now, &THREE, &spent("a", 1)).await.unwrap_err();
        assert_eq!(error.message(), "the disk is full");
        ledger.standing(&now).await.unwrap_err();
    }
    setup.fail(false);
    ledger.reserve(&now, &THREE, &spent("a", 1)).await.unwrap();
    assert_eq!((setup.in_file(&now).await, ledger.store(), setup.lines()), ((2, 2), QuotaStore::Sqlite, 0));
}

#[tokio::test]
async fn what_was_counted_in_memory_joins_the_file_once() {
    for readable in [true, false] {
        let setup = Setup::new();
        setup.faults.readable.store(readable, Ordering::Relaxed);
        let (ledger, now) = (&setup.ledger, frame(0));
        ledger.reserve(&frame(-1), &NONE, &spent("a", 1)).await.unwrap();
        ledger.standing(&now).await.unwrap();
        setup.fail(true);
        let takers = (0..10).map(|_| ledger.reserve(&now, &NONE, &SPENT));
        assert!(join_all(takers).await.iter().all(|granted| matches!(granted, Ok(Granted::Yes { .. }))));
        assert_eq!((ledger.store(), setup.lines()), (QuotaStore::Memory, 1));
        assert_eq!(ledger.standing(&now).await.unwrap().counts, [11, 10, 10]);
        let day = now.day().start;
        for (owner, since, expected) in [("x", day, 11), ("x", day + 1, 0), ("y", 0, 0)] {
            let rows = ledger.history(owner, since).await.unwrap();
            // Where the file cannot be read, what it has is not known.
            let expected = if readable || expected == 0 { expected } else { 10 };
            assert_eq!(rows.iter().map(|row| row.units).sum::<u64>(), expected, "{owner} since {since}");
        }
        setup.fail(false);
        let takers = (0..10).map(|_| ledger.reserve(&now, &NONE, &SPENT));
        join_all(takers).await;
        // One of them joins, and others may have counted in memory meanwhile.
        ledger.reserve(&now, &NONE, &SPENT).await.unwrap();
        assert_eq!((ledger.store(), setup.lines()), (QuotaStore::Sqlite, 2));
        assert_eq!(
            (setup.in_file(&now).await, ledger.standing(&now).await.unwrap().counts),
            ((22, 22), [22, 21, 21])
        );
    }
}

static SPENT: std::sync::LazyLock<Spent> = std::sync::LazyLock::new(|| spent("b", 1));

#[tokio::test]
async fn a_plan_that_comes_meanwhile_waits_for_the_file() {
    let setup = Setup::new();
    let (ledger, now) = (&setup.ledger, frame(0));
    setup.fail(true);
    for _ in 0..2 {
        ledger.reserve(&now, &NONE, &SPENT).await.unwrap();
    }
    ledger.keep_limits(true);
    ledger.reserve(&now, &THREE, &SPENT).await.unwrap_err();
    setup.fail(false);
    ledger.reserve(&now, &THREE, &SPENT).await.unwrap();
    let granted = ledger.reserve(&now, &THREE, &SPENT).await.unwrap();
    assert_eq!((granted, setup.in_file(&now).await), (Granted::No { window: 0 }, (3, 3)));
}

#[tokio::test]
async fn the_last_chance_to_join_is_the_end() {
    let setup = Setup::new();
    setup.fail(true);
    setup.ledger.reserve(&frame(0), &NONE, &SPENT).await.unwrap();
    setup.ledger.finish().await.unwrap_err();
    setup.fail(false);
    setup.ledger.finish().await.unwrap();
    assert_eq!(setup.in_file(&frame(0)).await, (1, 1));
}

#[tokio::test]
async fn leases_that_begin_and_end_at_either_place() {
    let setup = Setup::new();
    let (ledger, now) = (&setup.ledger, frame(0));
    let lease = |id: &str| LeaseId { frame: now.clone(), id: id.into() };
    ledger.lease(&lease("file"), &NONE, 10).await.unwrap();
    ledger.standing(&now).await.unwrap();
    setup.fail(true);
    ledger.lease(&lease("memory"), &NONE, 10).await.unwrap();
    ledger.lease(&lease("both"), &NONE, 10).await.unwrap();
    ledger.settle(&lease("file"), &[spent("a", 3)]).await.unwrap();
    ledger.settle(&lease("memory"), &[spent("a", 4)]).await.unwrap();
    setup.fail(false);
    ledger.reserve(&now, &NONE, &SPENT).await.unwrap();
    assert_eq!((setup.in_file(&now).await, ledger.store()), ((8, 8), QuotaStore::Sqlite));
    assert_eq!(ledger.standing(&now).await.unwrap().leased, 10);
    ledger.settle(&lease("both"), &[spent("a", 5)]).await.unwrap();
    ledger.reserve(&now, &NONE, &SPENT).await.unwrap();
    assert_eq!(setup.in_file(&now).await, (14, 14));
}

/// There is nothing to tell the file, so that it goes on to count.
#[tokio::test]
async fn a_lease_of_memory_that_was_not_used_ends_while_the_file_works() {
    let setup = Setup::new();
    let (ledger, now) = (&setup.ledger, frame(0));
    let lease = LeaseId { frame: now.clone(), id: "memory".into() };
    setup.fail(true);
    ledger.lease(&lease, &NONE, 10).await.unwrap();
    setup.fail(false);
    ledger.reserve(&now, &NONE, &SPENT).await.unwrap();
    let lines = setup.lines();
    ledger.settle(&lease, &[]).await.unwrap();
    assert_eq!((ledger.store(), setup.lines()), (QuotaStore::Sqlite, lines));
}

#[tokio::test]
async fn a_count_that_is_raised_while_the_file_fails_is_of_its_day() {
    let setup = Setup::new();
    setup.fail(true);
    assert_eq!(setup.ledger.raise(&frame(0), 50).await.unwrap(), 50);
    for (second, count) in [(0, 50), (86_400, 0)] {
        let standing = setup.ledger.standing(&frame(second)).await.unwrap();
        assert_eq!(standing.counts[0], count, "{second}");
    }
}

/// Whatever fails when: in the end the file has what a ledger has that never failed.
#[test]
fn nothing_is_counted_twice_or_forgotten() {
    #[derive(Debug, Clone)]
    enum Step {
        Take(i64, &'static str, u64),
        Refund(usize),
        Raise(u64),
        Pause(u64),
        Note(u8),
        Fail(u64),
        Heal,
    }
    let second = || prop::sample::select(vec![-61_i64, -1, 0, 61]);
    let step = prop_oneof![
        6 => (second(), prop::sample::select(vec!["a", "b"]), 1_u64..5)
            .prop_map(|(second, label, units)| Step::Take(second, label, units)),
        2 => any::<usize>().prop_map(Step::Refund),
        1 => (0_u64..60).prop_map(Step::Raise),
        1 => (0_u64..60).prop_map(Step::Pause),
        1 => any::<u8>().prop_map(Step::Note),
        2 => (0_u64..6).prop_map(Step::Fail),
        2 => Just(Step::Heal),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step, 1..40))| {
        runtime.block_on(async {
            let (setup, plain) = (Setup::new(), MemoryLedger::default());
            let (ledger, mut open) = (&setup.ledger, Vec::new());
            let heal = || {
                *setup.faults.after.lock().unwrap() = None;
                setup.fail(false);
            };
            let mut raised = false;
            for step in steps {
                match step {
                    Step::Take(second, label, units) => {
                        for ledger in [ledger as &dyn Ledger, &plain] {
                            ledger.reserve(&frame(second), &NONE, &spent(label, units)).await.unwrap();
                        }
                        open.push((second, label, units));
                    }
                    // What is given back after a raise depends on the order.
                    Step::Refund(which) if !open.is_empty() && !raised => {
                        let (second, label, units) = open.swap_remove(which % open.len());
                        for ledger in [ledger as &dyn Ledger, &plain] {
                            ledger.refund(&frame(second), &spent(label, units)).await.unwrap();
                        }
                    }
                    Step::Raise(at_least) if open.is_empty() && !raised => {
                        raised = true;
                        for ledger in [ledger as &dyn Ledger, &plain] {
                            ledger.raise(&frame(0), at_least).await.unwrap();
                        }
                        heal();
                        ledger.finish().await.unwrap();
                    }
                    Step::Pause(seconds) => {
                        for ledger in [ledger as &dyn Ledger, &plain] {
                            ledger.pause("x", UNIX_EPOCH + Duration::from_secs(seconds)).await.unwrap();
                        }
                    }
                    Step::Note(value) => {
                        for ledger in [ledger as &dyn Ledger, &plain] {
                            ledger.note(&frame(0), "n", &value.to_string()).await.unwrap();
                        }
                    }
                    Step::Fail(after) => *setup.faults.after.lock().unwrap() = Some(after),
                    Step::Heal => heal(),
                    Step::Refund(_) | Step::Raise(_) => {}
                }
                // As long as the file fails, nobody can tell the difference either.
                for second in [-61, -1, 0, 61] {
                    let (now, expected) = (frame(second), plain.standing(&frame(second)).await.unwrap());
                    if ledger.store() == QuotaStore::Sqlite {
                        setup.faults.readable.store(true, Ordering::Relaxed);
                        prop_assert_eq!(ledger.standing(&now).await.unwrap(), expected);
                        setup.faults.readable.store(false, Ordering::Relaxed);
                    }
                }
            }
            heal();
            ledger.finish().await.unwrap();
            setup.clock.advance(Duration::from_secs(1));
            for second in [-61, -1, 0, 61] {
                let now = frame(second);
                prop_assert_eq!(ledger.file.standing(&now).await.unwrap(), plain.standing(&now).await.unwrap());
                prop_assert_eq!(
                    ledger.file.recall(&now, "n").await.unwrap(),
                    plain.recall(&now, "n").await.unwrap()
                );
            }
            let sorted = |mut rows: Vec<Row>| {
                rows.sort_by(|a, b| (a.day, &a.entry).cmp(&(b.day, &b.entry)));
                rows
            };
            let rows = ledger.file.history("x", 0).await.unwrap();
            prop_assert_eq!(sorted(rows), sorted(plain.history("x", 0).await.unwrap()));
            Ok(())
        })?;
    });
}
