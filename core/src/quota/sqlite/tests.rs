use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use super::super::calendar::Calendar;
use super::super::suite;
use super::*;

const NONE: Limits = [None; SPANS];

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("quota.sqlite")
    }

    fn open(&self) -> SqliteLedger {
        SqliteLedger::at(&self.path())
    }

    /// Another process at the same file.
    fn elsewhere(&self) -> SqliteLedger {
        let path = self.path();
        SqliteLedger { path: path.display().to_string(), store: Store::apart(&path) }
    }

    /// Removes the file; with `all`, its journal too.
    fn remove(&self, all: bool) {
        for name in ["quota.sqlite", "quota.sqlite-wal", "quota.sqlite-shm"] {
            if all || name == "quota.sqlite" {
                std::fs::remove_file(self.0.path().join(name)).unwrap();
            }
        }
    }
}

/// 2026-11-25T02:30:15Z.
fn frame() -> Frame {
    let now = UNIX_EPOCH + Duration::from_secs(1_795_573_815);
    Frame { owner: "x".into(), windows: Calendar::new(None, None).unwrap().windows(now) }
}

fn one() -> Spent {
    let entry = Entry { operation: "o".into(), label: "a".into(), process: "p".into() };
    Spent { entry, units: 1 }
}

/// Takes a unit on this thread: when it is done, so is the connection.
fn take_here(ledger: &SqliteLedger) {
    let taken = ledger
        .store
        .with(|connection| step(connection, |connection| super::take(connection, &frame(), [0; SPANS], 1)));
    taken.unwrap();
}

async fn take(ledger: &SqliteLedger, limit: u64) -> bool {
    let granted = ledger.reserve(&frame(), &[Some(limit), None, None], &one()).await.unwrap();
    matches!(granted, Granted::Yes { .. })
}

async fn count(ledger: &SqliteLedger) -> u64 {
    ledger.standing(&frame()).await.unwrap().counts[0]
}

#[tokio::test]
async fn behaves_as_a_ledger() {
    suite::run(&Place::new().open()).await;
}

#[test]
fn agrees_with_the_model() {
    let place = Place::new();
    suite::compare(200, || place.open());
}

#[tokio::test]
async fn what_is_counted_is_in_the_file() {
    let place = Place::new();
    let mut model = suite::Kept::default();
    for _ in 0..4 {
        model.use_and_check(&place.open()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_never_exceed_the_limit() {
    let place = Place::new();
    suite::race([&place.open(), &place.elsewhere()]).await;
}

#[test]
fn what_cannot_be_used_says_why_and_what_to_do() {
    let place = Place::new();
    std::fs::write(
        place.path(),
        "this is no database, and long enough to be taken for the header of one by mistake",
    )
    .unwrap();
    let error = place.open().check().unwrap_err();
    assert!(error.message().contains("it is damaged"), "{error}");
    assert!(error.message().contains("Move it away"), "{error}");
    let error = SqliteLedger::at(place.0.path()).check().unwrap_err();
    assert!(error.message().contains("it cannot be opened"), "{error}");
    assert!(error.message().contains("name another file"), "{error}");
    for code in [rusqlite::ffi::SQLITE_READONLY, rusqlite::ffi::SQLITE_PERM] {
        let trouble = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let error = failure("quota.db", &Trouble::Sqlite(trouble));
        assert!(error.message().contains("it cannot be written"), "{error}");
        assert!(error.message().contains("Allow this user to write it"), "{error}");
    }
    for code in [rusqlite::ffi::SQLITE_BUSY, rusqlite::ffi::SQLITE_LOCKED] {
        let trouble = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let error = failure("quota.db", &Trouble::Sqlite(trouble));
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().contains("another process has held"), "{error}");
    }
}

/// One connection and one thread, which begins with the first use and ends with the last client.
#[tokio::test]
async fn the_clients_of_a_process_share_a_file() {
    let place = Place::new();
    let ledgers: Vec<_> = (0..200).map(|_| place.open()).collect();
    assert!(ledgers.iter().all(|ledger| Arc::ptr_eq(&ledger.store, &ledgers[0].store)));
    assert!(!ledgers[0].store.has_thread());
    let link = place.0.path().join("deeper/../quota.sqlite");
    std::fs::create_dir(place.0.path().join("deeper")).unwrap();
    assert!(Arc::ptr_eq(&SqliteLedger::at(&link).store, &ledgers[0].store));
    assert!(!Arc::ptr_eq(&Place::new().open().store, &ledgers[0].store));
    for ledger in &ledgers {
        take(ledger, 500).await;
    }
    assert_eq!(count(&ledgers[7]).await, 200);
    let store = Arc::downgrade(&ledgers[0].store);
    drop(ledgers);
    assert_eq!(store.strong_count(), 0);
    assert_eq!(count(&place.open()).await, 200);
}

/// As many as begin at the same moment: all of them make the file, and none is refused.
#[test]
fn opening_waits_for_others() {
    for _ in 0..20 {
        let place = Place::new();
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let ledger = place.elsewhere();
                    barrier.wait();
                    ledger.check().unwrap();
                });
            }
        });
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_tried_again() {
    let place = Place::new();
    let ledger = place.open();
    for (code, passes) in [(rusqlite::ffi::SQLITE_BUSY, 2), (rusqlite::ffi::SQLITE_IOERR, 2)] {
        let tried = AtomicUsize::new(0);
        let done = ledger.store.with(|_| match tried.fetch_add(1, Ordering::Relaxed) {
            before if before < passes => {
                Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
            }
            _ => Ok(7),
        });
        assert_eq!((done.unwrap(), tried.into_inner()), (7, passes + 1));
    }
    for code in [rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_READONLY, rusqlite::ffi::SQLITE_CORRUPT] {
        let tried = AtomicUsize::new(0);
        let done = ledger.store.with(|_| {
            tried.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
        });
        assert!(done.is_err());
        assert_eq!(tried.into_inner(), 1);
    }
    take(&ledger, 1).await;
    assert_eq!(count(&ledger).await, 1);
}

/// Whichever of them notices first, and whatever was removed: what was counted is in the new file, once.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_removed_is_made_again() {
    for all in [true, false] {
        for first in [0, 1] {
            let place = Place::new();
            let ledgers = [place.open(), place.elsewhere()];
            for ledger in &ledgers {
                assert!(take(ledger, 10).await && take(ledger, 10).await);
            }
            let lease = LeaseId { frame: frame(), id: "lease".into() };
            ledgers[0].lease(&lease, &NONE, 3).await.unwrap();
            ledgers[0].note(&frame(), "n", "1").await.unwrap();
            ledgers[0].pause("x", UNIX_EPOCH + Duration::from_secs(9)).await.unwrap();
            place.remove(all);
            let mut taken = 0;
            for turn in 0..20 {
                taken += u64::from(take(&ledgers[(first + turn) % 2], 10).await);
            }
            assert_eq!(taken, 3, "four were taken before, and three are leased");
            let third = place.elsewhere();
            for ledger in ledgers.iter().chain([&third]) {
                let standing = ledger.standing(&frame()).await.unwrap();
                assert_eq!((standing.counts, standing.leased), ([10; 3], 3));
                assert!(standing.paused_until.is_some());
                assert_eq!(ledger.recall(&frame(), "n").await.unwrap().as_deref(), Some("1"));
                let rows = ledger.history("x", 0).await.unwrap();
                assert_eq!(rows.iter().map(|row| row.units).sum::<u64>(), 7);
            }
            third.settle(&lease, &[one()]).await.unwrap();
            assert_eq!(count(&ledgers[0]).await, 8);
        }
    }
}

/// Somebody who began after the removal has counted in a new file: both counts are one.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_made_again_gets_what_was_counted() {
    let place = Place::new();
    let ledgers = [place.open(), place.elsewhere()];
    for ledger in &ledgers {
        assert!(take(ledger, 10).await);
    }
    place.remove(false);
    let late = place.elsewhere();
    assert!(take(&late, 10).await && take(&late, 10).await);
    for ledger in &ledgers {
        assert_eq!(count(ledger).await, 4);
    }
    assert_eq!(count(&late).await, 4);
}

/// The file goes in the middle of a step: that counts once.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_removed_during_a_step() {
    for taken_over in [false, true] {
        let place = Place::new();
        let (ledger, other) = (place.open(), place.elsewhere());
        assert!(take(&ledger, 10).await && take(&other, 10).await);
        let removed = std::sync::atomic::AtomicBool::new(false);
        let taken = ledger.store.with(|connection| {
            if taken_over && !removed.swap(true, Ordering::Relaxed) {
                place.remove(false);
                // Somebody has taken over what was counted before this step.
                let there = other.store.with(|connection| counts(connection, &frame())).unwrap();
                assert_eq!(there, [2; SPANS]);
            }
            let counts = counts(connection, &frame())?;
            let taken = step(connection, |connection| super::take(connection, &frame(), counts, 1));
            if !removed.swap(true, Ordering::Relaxed) {
                place.remove(false);
            }
            taken
        });
        assert_eq!(taken.unwrap(), [3; SPANS]);
        for ledger in [&ledger, &other] {
            assert_eq!(count(ledger).await, 3);
        }
    }
}

/// An older copy takes the place of the file.
#[cfg(unix)]
#[tokio::test]
async fn a_copy_in_its_place_does_not_set_the_count_back() {
    let place = Place::new();
    // With nobody at it, all of it is in the file.
    take_here(&place.elsewhere());
    let copy = place.0.path().join("copy");
    std::fs::copy(place.path(), &copy).unwrap();
    let ledgers = [place.open(), place.elsewhere()];
    for ledger in &ledgers {
        assert!(take(ledger, 10).await && take(ledger, 10).await);
    }
    place.remove(true);
    std::fs::rename(copy, place.path()).unwrap();
    for ledger in &ledgers {
        assert_eq!(count(ledger).await, 5);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_of_the_file_is_made_again() {
    let place = Place::new();
    let path = place.0.path().join("state/quota.sqlite");
    let ledger = SqliteLedger::at(&path);
    assert!(take(&ledger, 10).await);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    assert!(take(&ledger, 10).await);
    assert_eq!(count(&ledger).await, 2);
    // Where it cannot be made nothing is taken, and nothing is forgotten.
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path.parent().unwrap(), "a file").unwrap();
    let error = ledger.reserve(&frame(), &NONE, &one()).await.unwrap_err();
    assert!(error.message().contains("its folder cannot be created"), "{error}");
    std::fs::remove_file(path.parent().unwrap()).unwrap();
    assert!(take(&ledger, 10).await);
    assert_eq!(count(&ledger).await, 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_journal_that_is_removed_is_noticed() {
    let place = Place::new();
    let ledger = place.open();
    assert!(take(&ledger, 10).await);
    std::fs::remove_file(place.0.path().join("quota.sqlite-wal")).unwrap();
    let error = ledger.reserve(&frame(), &NONE, &one()).await.unwrap_err();
    assert!(error.message().contains("its journal was removed"), "{error}");
}

/// Files of a removed ledger that nobody has open belong to no other.
#[tokio::test]
async fn rests_of_a_removed_file_are_not_read() {
    let place = Place::new();
    let ledger = place.open();
    assert!(take(&ledger, 10).await);
    let copy =
        |from: &str, to: &str| std::fs::copy(place.0.path().join(from), place.0.path().join(to)).unwrap();
    copy("quota.sqlite-wal", "rest");
    drop(ledger);
    let other = place.0.path().join("other.sqlite");
    copy("rest", "other.sqlite-wal");
    let ledger = SqliteLedger::at(&other);
    assert_eq!(count(&ledger).await, 0);
    assert!(take(&ledger, 1).await);
}
