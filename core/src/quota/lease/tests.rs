use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use futures_util::future::BoxFuture;

use super::*;
use crate::clock::RecordedClock;
use crate::log::Lines;
use crate::own::QuotaStore;
use crate::quota::calendar::Calendar;
use crate::quota::ledger::{Row, Standing};
use crate::quota::memory::MemoryLedger;
use crate::redact::Secrets;
use crate::rng::SystemRng;

const LIMITS: Limits = [Some(100), None, None];

/// A ledger that may be away, and tells how often it was asked.
#[derive(Debug, Default)]
struct Distant {
    counted: MemoryLedger,
    away: AtomicBool,
    /// Where it would be away, it answers that it is damaged.
    damaged: AtomicBool,
    /// Does what it is asked for, and the answer is lost.
    mute: AtomicBool,
    asked: AtomicU64,
    /// It goes away after so many questions; 0 for never.
    last: AtomicU64,
}

impl Distant {
    fn reach(&self) -> Result<()> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let last = self.last.load(Ordering::Relaxed);
        let is_away = self.away.load(Ordering::Relaxed) || (last > 0 && asked >= last);
        match (is_away, self.damaged.load(Ordering::Relaxed)) {
            (true, false) => Err(Error::new(ErrorKind::Network, "the ledger is away")),
            (true, true) => Err(Error::config("the ledger is damaged")),
            (false, _) => Ok(()),
        }
    }
}

impl Distant {
    fn answer(&self) -> Result<()> {
        match self.mute.load(Ordering::Relaxed) {
            true => Err(Error::new(ErrorKind::Network, "the answer is lost")),
            false => Ok(()),
        }
    }
}

impl Ledger for Distant {
    fn store(&self) -> QuotaStore {
        QuotaStore::Redis
    }
    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        self.counted.standing(frame)
    }
    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(async move {
            self.reach()?;
            self.counted.reserve(frame, limits, spent).await
        })
    }
    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(async move {
            self.reach()?;
            let granted = self.counted.lease(lease, limits, most).await;
            self.answer()?;
            granted
        })
    }
    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.reach()?;
            self.counted.settle(lease, used).await?;
            self.answer()
        })
    }
    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        self.counted.refund(frame, spent)
    }
    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        self.counted.raise(frame, at_least)
    }
    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        self.counted.pause(owner, until)
    }
    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        self.counted.note(frame, name, value)
    }
    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        self.counted.recall(frame, name)
    }
    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
        self.counted.history(owner, since)
    }
}

struct Place {
    ledger: Arc<Distant>,
    lines: Arc<Lines>,
    clock: RecordedClock,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let clock = RecordedClock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_768_478_400));
        Self { ledger: Arc::default(), lines: Arc::default(), clock, folder: tempfile::tempdir().unwrap() }
    }

    fn leases(&self, size: u64, share: u64) -> Arc<Leases> {
        let folder = self.folder.path().join("leases");
        Leases::new(LeaseSettings {
            ledger: Arc::clone(&self.ledger) as Arc<dyn Ledger>,
            size,
            share,
            journal: Some(Journal::new(folder, "distant".into(), "host:1".into())),
            clock: Arc::new(self.clock.clone()),
            rng: Arc::new(SystemRng),
            handle: Some(Handle::current()),
            log: Log { sink: Arc::clone(&self.lines) as _, secrets: Secrets::default() },
        })
    }

    fn frame(&self) -> Frame {
        let windows = Calendar::new(None, None).unwrap().windows(self.clock.now());
        Frame { owner: "acme".into(), windows }
    }

    async fn take(&self, leases: &Arc<Leases>) -> Result<(Granted, Origin)> {
        leases.take(Priority::Interactive, false, &self.frame(), &LIMITS, &entry("a")).await
    }

    async fn counted(&self) -> (u64, u64) {
        let standing = self.ledger.standing(&self.frame()).await.unwrap();
        (standing.counts[0], standing.leased)
    }

    async fn settled(&self) -> u64 {
        self.ledger.history("acme", 0).await.unwrap().iter().map(|row| row.units).sum()
    }

    /// Lets what was spawned have its turn.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

fn entry(label: &str) -> Entry {
    Entry { operation: "o".into(), label: label.into(), process: "host:1".into() }
}

fn forget(leases: Arc<Leases>) {
    // As when the process is killed: nothing is given back, and the files are not locked any more.
    for bank in leases.all() {
        if let Some(held) = bank.lock().take() {
            drop(held.mark);
        }
    }
}

#[tokio::test]
async fn the_store_is_asked_once_a_lease() {
    let place = Place::new();
    let leases = place.leases(10, 0);
    for _ in 0..10 {
        place.take(&leases).await.unwrap();
    }
    assert_eq!(place.ledger.asked.load(Ordering::Relaxed), 1);
    assert_eq!((place.counted().await, leases.unused()), ((10, 10), 0));
    assert_eq!(leases.unsettled(place.frame().day()), [Spent { entry: entry("a"), units: 10 }]);
    place.take(&leases).await.unwrap();
    // The first was settled, and the second taken.
    assert_eq!(place.ledger.asked.load(Ordering::Relaxed), 3);
    assert_eq!((place.counted().await, place.settled().await), ((20, 10), 10));
    leases.release().await;
    assert_eq!((place.counted().await, place.settled().await), ((11, 0), 11));
}

#[tokio::test]
async fn what_was_not_sent_goes_back_into_the_lease() {
    let place = Place::new();
    let leases = place.leases(2, 0);
    let (_, Origin::Lease(lease)) = place.take(&leases).await.unwrap() else { panic!() };
    assert!(leases.untake(&lease, &entry("a")));
    place.take(&leases).await.unwrap();
    place.take(&leases).await.unwrap();
    assert_eq!(place.counted().await, (2, 2));
    place.take(&leases).await.unwrap();
    assert!(!leases.untake(&lease, &entry("a")), "it was settled");
}

#[tokio::test]
async fn a_lease_does_not_outlive_its_windows() {
    let place = Place::new();
    let leases = place.leases(5, 0);
    place.take(&leases).await.unwrap();
    // Without a limit of the minute the next minute is served too, but not the next day.
    place.clock.advance(Duration::from_secs(60));
    place.take(&leases).await.unwrap();
    assert_eq!(place.counted().await, (5, 5));
    place.clock.advance(Duration::from_secs(12 * 3_600));
    place.take(&leases).await.unwrap();
    assert_eq!((place.counted().await, place.settled().await), ((5, 5), 2));

    let limits = [Some(100), None, Some(100)];
    let leases = place.leases(5, 0);
    for _ in 0..2 {
        place.clock.advance(Duration::from_secs(60));
        let frame = place.frame();
        leases.take(Priority::Bulk, false, &frame, &limits, &entry("b")).await.unwrap();
        assert_eq!(place.ledger.standing(&frame).await.unwrap().counts[2], 5);
    }
}

#[tokio::test]
async fn an_idle_lease_is_given_back() {
    let place = Place::new();
    let leases = place.leases(5, 0);
    place.take(&leases).await.unwrap();
    place.settle().await;
    place.clock.advance(IDLE / 2);
    place.settle().await;
    place.take(&leases).await.unwrap();
    place.clock.advance(IDLE / 2);
    place.settle().await;
    assert_eq!(place.counted().await, (5, 5));
    assert_eq!(watchers(), 1);
    place.clock.advance(IDLE);
    place.settle().await;
    assert_eq!((place.counted().await, watchers()), ((2, 0), 0));
    // It is watched again when it is used again.
    place.take(&leases).await.unwrap();
    place.settle().await;
    assert_eq!(watchers(), 1);
    place.clock.advance(IDLE);
    place.settle().await;
    assert_eq!((place.counted().await, watchers()), ((3, 0), 0));
}

/// Tasks of the test's own runtime, which has no others.
fn watchers() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test]
async fn the_last_client_gives_back() {
    let place = Place::new();
    let leases = place.leases(5, 2);
    place.take(&leases).await.unwrap();
    assert_eq!(place.counted().await, (7, 7));
    drop(leases);
    place.settle().await;
    assert_eq!(place.counted().await, (1, 0));
    assert!(place.folder.path().join("leases").read_dir().unwrap().next().is_none());
}

#[tokio::test]
async fn what_a_dead_process_left_is_given_back() {
    let place = Place::new();
    let dead = place.leases(40, 0);
    for _ in 0..3 {
        place.take(&dead).await.unwrap();
    }
    let alive = place.leases(1, 0);
    assert!(!alive.recover().await, "it lives");
    forget(dead);
    assert_eq!(place.counted().await, (25, 25));
    assert!(alive.recover().await);
    assert_eq!((place.counted().await, place.settled().await), ((3, 0), 3));
    let rows = place.ledger.history("acme", 0).await.unwrap();
    assert_eq!((&*rows[0].entry.operation, &*rows[0].entry.process), ("", "host:1"));
    assert!(!alive.recover().await, "once");
}

#[tokio::test]
async fn a_share_for_when_the_store_is_away() {
    let place = Place::new();
    let leases = place.leases(1, 2);
    place.ledger.away.store(true, Ordering::Relaxed);
    assert_eq!(place.take(&leases).await.unwrap_err().kind(), ErrorKind::Network, "nothing is set aside yet");
    place.ledger.away.store(false, Ordering::Relaxed);
    place.take(&leases).await.unwrap();
    assert_eq!(place.counted().await, (3, 2));
    place.ledger.away.store(true, Ordering::Relaxed);
    assert!(leases.spares(&place.frame(), &LIMITS));
    place.take(&leases).await.unwrap();
    place.take(&leases).await.unwrap();
    assert!(!leases.spares(&place.frame(), &LIMITS));
    assert_eq!(place.take(&leases).await.unwrap_err().kind(), ErrorKind::Network);
    // Back again: what was used is told, and the share is filled up.
    place.ledger.away.store(false, Ordering::Relaxed);
    place.take(&leases).await.unwrap();
    assert_eq!((place.counted().await, place.settled().await), ((6, 2), 4));
}

#[tokio::test]
async fn a_full_share_is_not_asked_for_again() {
    let place = Place::new();
    let leases = place.leases(1, 2);
    place.take(&leases).await.unwrap();
    for _ in 0..3 {
        let asked = place.ledger.asked.load(Ordering::Relaxed);
        place.clock.advance(2 * IDLE);
        place.take(&leases).await.unwrap();
        assert_eq!(place.ledger.asked.load(Ordering::Relaxed), asked + 1);
    }
}

#[tokio::test]
async fn a_share_that_cannot_be_set_aside_is_reported_unless_the_store_is_away() {
    for damaged in [false, true] {
        let place = Place::new();
        let leases = place.leases(1, 2);
        // Of the two commands the second asks for the share.
        place.ledger.last.store(1, Ordering::Relaxed);
        place.ledger.damaged.store(damaged, Ordering::Relaxed);
        place.take(&leases).await.unwrap();
        let lines = place.lines.take();
        assert_eq!(lines.len(), usize::from(damaged), "{lines:?}");
        assert!(lines.iter().all(|(_, line)| line.contains("no requests are set aside")), "{lines:?}");
    }
}

/// The new share is there before the old one ends, whatever fails in between.
#[tokio::test]
async fn a_share_is_never_given_up_for_nothing() {
    for steps in 0..5 {
        let place = Place::new();
        let leases = place.leases(1, 10);
        place.take(&leases).await.unwrap();
        place.ledger.away.store(true, Ordering::Relaxed);
        for _ in 0..3 {
            place.take(&leases).await.unwrap();
        }
        assert_eq!(leases.unused(), 7);
        // The store is there for so many commands.
        place.ledger.last.store(place.ledger.asked.load(Ordering::Relaxed) + steps, Ordering::Relaxed);
        place.ledger.away.store(false, Ordering::Relaxed);
        let back = place.take(&leases).await.is_ok();
        place.ledger.away.store(true, Ordering::Relaxed);
        assert!(back);
        let mut usable = 0;
        while place.take(&leases).await.is_ok() {
            usable += 1;
        }
        let expected = match steps {
            // That one came from the share.
            0 => 6,
            1 => 7,
            _ => 10,
        };
        assert_eq!(usable, expected, "{steps} commands");
        // Nothing is lost: each unit that was used is counted, and the rest is given back.
        place.ledger.last.store(u64::MAX, Ordering::Relaxed);
        place.ledger.away.store(false, Ordering::Relaxed);
        leases.release().await;
        let used = 5 + usable;
        assert_eq!((place.counted().await, place.settled().await), ((used, 0), used), "{steps} commands");
    }
}

#[tokio::test]
async fn a_share_stays_where_nothing_better_is_to_be_had() {
    let place = Place::new();
    let leases = place.leases(1, 10);
    place.take(&leases).await.unwrap();
    place.ledger.away.store(true, Ordering::Relaxed);
    place.take(&leases).await.unwrap();
    place.ledger.away.store(false, Ordering::Relaxed);
    // Of the 89 that are left others take 80.
    let others = Spent { entry: entry("others"), units: 80 };
    place.ledger.counted.reserve(&place.frame(), &LIMITS, &others).await.unwrap();
    place.take(&leases).await.unwrap();
    assert_eq!(leases.unused(), 9);
    let asked = place.ledger.asked.load(Ordering::Relaxed);
    place.take(&leases).await.unwrap();
    assert_eq!(place.ledger.asked.load(Ordering::Relaxed), asked + 1, "it is not asked again at once");
    place.clock.advance(Duration::from_secs(86_400));
    place.take(&leases).await.unwrap();
    assert_eq!((leases.unused(), place.counted().await), (10, (11, 10)), "another day has another share");
}

#[tokio::test]
async fn a_lease_that_may_have_ended_is_not_used_again() {
    let place = Place::new();
    let leases = place.leases(10, 0);
    place.take(&leases).await.unwrap();
    place.ledger.mute.store(true, Ordering::Relaxed);
    leases.release().await;
    place.ledger.mute.store(false, Ordering::Relaxed);
    assert_eq!(place.counted().await, (1, 0), "the store gave the rest to others");
    for used in 2..=5 {
        place.take(&leases).await.unwrap();
        leases.release().await;
        assert_eq!(place.counted().await, (used, 0));
    }
    assert_eq!(place.settled().await, 5);
}

#[tokio::test]
async fn a_lease_that_may_have_begun_is_given_back() {
    let place = Place::new();
    let leases = place.leases(10, 0);
    place.ledger.mute.store(true, Ordering::Relaxed);
    for _ in 0..5 {
        place.take(&leases).await.unwrap_err();
    }
    let files = || place.folder.path().join("leases").read_dir().unwrap().count();
    assert!(files() <= 1, "files do not pile up");
    place.ledger.mute.store(false, Ordering::Relaxed);
    place.take(&leases).await.unwrap();
    leases.release().await;
    assert_eq!((place.counted().await, place.settled().await, files()), ((1, 0), 1, 0));
}

#[tokio::test]
async fn a_lease_that_was_stopped_is_only_given_back() {
    let place = Place::new();
    let leases = place.leases(10, 2);
    place.take(&leases).await.unwrap();
    leases.stop();
    assert!(!leases.covers(Priority::Interactive, &place.frame(), &LIMITS));
    let few = [Some(12), None, None];
    let frame = place.frame();
    let (granted, _) = leases.take(Priority::Interactive, false, &frame, &few, &entry("a")).await.unwrap();
    assert!(matches!(granted, Granted::Yes { .. }), "the rest of the first was given back");
    leases.release().await;
    assert_eq!((place.counted().await, place.settled().await), ((2, 0), 2));
}

#[tokio::test]
async fn a_lease_is_for_the_limits_under_which_it_was_taken() {
    let place = Place::new();
    let leases = place.leases(10, 0);
    place.take(&leases).await.unwrap();
    let (frame, few) = (place.frame(), [Some(1), None, None]);
    assert!(!leases.covers(Priority::Interactive, &frame, &few));
    let (granted, _) = leases.take(Priority::Interactive, false, &frame, &few, &entry("a")).await.unwrap();
    assert_eq!((granted, place.counted().await), (Granted::No { window: 0 }, (1, 0)));
}

#[tokio::test]
async fn a_bulk_lease_is_one_of_its_own() {
    let place = Place::new();
    let leases = place.leases(4, 0);
    place.take(&leases).await.unwrap();
    let frame = place.frame();
    let bulk = [Some(4), None, None];
    let (granted, _) = leases.take(Priority::Bulk, false, &frame, &bulk, &entry("b")).await.unwrap();
    assert_eq!(granted, Granted::No { window: 0 });
}
