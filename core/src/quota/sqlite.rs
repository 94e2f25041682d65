//! A ledger in a SQLite file, shared by all processes that open it.
//!
//! The connection lives on a thread of its own, as its calls block. Every reservation is one transaction that takes the
//! write lock first, so the count is right whoever else is at it, and it is in the file before the bytes leave: a
//! process that is killed loses nothing.
//!
//! No connection may be open across a `fork`: SQLite notes for each process which locks it holds, and the child would
//! take the parent's for its own. The file could then be reset while the child writes to it, and what it counted would
//! be lost.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard, Weak, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::calendar::{Frame, SPANS, Window};
use super::ledger::{
    Counts, Entry, Granted, HISTORY, LeaseId, Ledger, Limits, Row, Spent, Standing, lease_size, left,
};
use crate::error::{Error, ErrorKind, Result};

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS counts (
        owner TEXT NOT NULL,
        span TEXT NOT NULL,
        start INTEGER NOT NULL,
        units INTEGER NOT NULL,
        PRIMARY KEY (owner, span, start)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS spent (
        owner TEXT NOT NULL,
        day INTEGER NOT NULL,
        operation TEXT NOT NULL,
        label TEXT NOT NULL,
        process TEXT NOT NULL,
        units INTEGER NOT NULL,
        PRIMARY KEY (owner, day, operation, label, process)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS leases (
        id TEXT NOT NULL PRIMARY KEY,
        owner TEXT NOT NULL,
        day INTEGER NOT NULL,
        units INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS notes (
        owner TEXT NOT NULL,
        day INTEGER NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (owner, day, name)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS pauses (
        owner TEXT NOT NULL PRIMARY KEY,
        until INTEGER NOT NULL
    ) WITHOUT ROWID;
    PRAGMA user_version = 1";

/// Form of the tables above.
const VERSION: i64 = 1;

type Job = Box<dyn FnOnce(&File) + Send>;

/// The ledgers of this process. Whoever uses SQLite reads this lock, and a fork writes it.
static FILES: RwLock<Vec<Weak<File>>> = RwLock::new(Vec::new());

/// A file with its connection, opened when it is needed.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl File {
    fn with<T>(&self, job: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let _no_fork = FILES.read().unwrap_or_else(PoisonError::into_inner);
        let mut present = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *present {
            Some(connection) => job(connection),
            none => job(none.insert(connect(&self.path)?)),
        }
    }

    fn close(&self) {
        let _no_fork = FILES.read().unwrap_or_else(PoisonError::into_inner);
        self.disconnect();
    }

    fn disconnect(&self) {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Keeps the ledgers of this process closed.
pub(crate) struct Closed {
    _files: RwLockWriteGuard<'static, Vec<Weak<File>>>,
}

/// Closes all ledgers of this process; those that are needed later open again.
pub(crate) fn close_all() -> Closed {
    let mut files = FILES.write().unwrap_or_else(PoisonError::into_inner);
    files.retain(|file| file.upgrade().inspect(|file| file.disconnect()).is_some());
    Closed { _files: files }
}

#[derive(Debug)]
pub(crate) struct SqliteLedger {
    path: String,
    jobs: mpsc::Sender<Job>,
}

impl SqliteLedger {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                Error::config(format!("the folder of the ledger {shown} cannot be made: {error}"))
            })?;
        }
        let file = Arc::new(File { path: path.to_owned(), connection: Mutex::default() });
        FILES.write().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&file));
        file.with(|_| Ok(())).map_err(|error| failure(&shown, &error))?;
        let (jobs, inbox) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("beproduct-ledger".into())
            .spawn(move || {
                for job in inbox {
                    job(&file);
                }
                file.close();
            })
            .map_err(|error| Error::config(format!("the thread of the ledger cannot be started: {error}")))?;
        Ok(Self { path: shown, jobs })
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T>> {
        let (sender, receiver) = oneshot::channel();
        let sent = self.jobs.send(Box::new(move |file| {
            // Nobody may be waiting any more: then nothing is taken; what was taken meanwhile stays counted.
            if !sender.is_closed() {
                let _ = sender.send(file.with(job));
            }
        }));
        Box::pin(async move {
            let stopped = || Error::config(format!("the ledger {} has stopped", self.path));
            sent.map_err(|_| stopped())?;
            receiver.await.map_err(|_| stopped())?.map_err(|error| failure(&self.path, &error))
        })
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // Every unit is a write of a few rows: small pages make it quicker. It is for new files only.
    connection.pragma_update(None, "page_size", 1024)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Enough to survive a killed process; a power cut may lose the last moments.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // A later version would have to keep what this one writes valid.
    if connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? < VERSION {
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA}; COMMIT"))?;
    }
    Ok(connection)
}

fn failure(path: &str, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    if let Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) = error.sqlite_error_code() {
        let text = format!("another process has held the quota ledger {path} too long ({error})");
        return Error::new(ErrorKind::Timeout, text);
    }
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::SystemIoFailure) => "the disk is full, or fails",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "it cannot be written",
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "it is damaged; move it away to count anew"
        }
        Some(ErrorCode::CannotOpen) => "it cannot be opened",
        _ => "it failed",
    };
    Error::config(format!("the quota ledger {path} cannot be used: {advice} ({error})"))
}

/// SQLite has no unsigned numbers.
fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

fn unsigned(units: i64) -> u64 {
    units.try_into().unwrap_or(0)
}

/// A query for one number, 0 where there is no row.
fn number(connection: &Connection, query: &str, values: impl rusqlite::Params) -> rusqlite::Result<u64> {
    let found = connection.prepare_cached(query)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(unsigned(found.unwrap_or(0)))
}

fn count(connection: &Connection, owner: &str, window: &Window) -> rusqlite::Result<u64> {
    let query = "SELECT units FROM counts WHERE owner = ?1 AND span = ?2 AND start = ?3";
    number(connection, query, params![owner, window.span.as_str(), signed(window.start)])
}

fn counts(connection: &Connection, frame: &Frame) -> rusqlite::Result<Counts> {
    let mut counts = [0; SPANS];
    for (count_of, window) in counts.iter_mut().zip(&frame.windows) {
        *count_of = count(connection, &frame.owner, window)?;
    }
    Ok(counts)
}

/// Adds to a window, or takes from it.
fn add(connection: &Connection, owner: &str, window: &Window, units: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO counts VALUES (?1, ?2, ?3, MAX(?4, 0))
             ON CONFLICT DO UPDATE SET units = MAX(units + ?4, 0)",
        )?
        .execute(params![owner, window.span.as_str(), signed(window.start), units])?;
    Ok(())
}

/// Takes units in all windows. `counts` is how they stood.
fn take(connection: &Connection, frame: &Frame, counts: Counts, units: u64) -> rusqlite::Result<Counts> {
    if counts[1] == 0 {
        forget(connection, frame)?;
    }
    for window in &frame.windows {
        add(connection, &frame.owner, window, signed(units))?;
    }
    Ok(counts.map(|count| count + units))
}

fn give(connection: &Connection, frame: &Frame, units: u64) -> rusqlite::Result<()> {
    frame.windows.iter().try_for_each(|window| add(connection, &frame.owner, window, -signed(units)))
}

/// Adds to what an entry has spent, or takes from it.
fn spend(connection: &Connection, frame: &Frame, entry: &Entry, units: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO spent VALUES (?1, ?2, ?3, ?4, ?5, MAX(?6, 0))
             ON CONFLICT DO UPDATE SET units = MAX(units + ?6, 0)",
        )?
        .execute(params![
            frame.owner,
            signed(frame.day().start),
            entry.operation,
            entry.label,
            entry.process,
            units
        ])?;
    Ok(())
}

/// Units of a lease; 0 for one that was ended before it began.
fn units_of(connection: &Connection, id: &str) -> rusqlite::Result<Option<u64>> {
    let units = connection
        .prepare_cached("SELECT units FROM leases WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(units.map(unsigned))
}

fn insert_lease(connection: &Connection, id: &str, frame: &Frame, units: u64) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT INTO leases VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        id,
        frame.owner,
        signed(frame.day().start),
        signed(units)
    ])?;
    Ok(())
}

/// Drops what nobody can ask for any more.
fn forget(connection: &Connection, frame: &Frame) -> rusqlite::Result<()> {
    let hour = signed(frame.hour().start) - 2 * 3_600;
    let oldest = signed(frame.day().start) - signed(HISTORY * 24 * 3_600);
    for (query, before) in [
        ("DELETE FROM counts WHERE owner = ?1 AND span <> 'day' AND start < ?2", hour),
        ("DELETE FROM counts WHERE owner = ?1 AND span = 'day' AND start < ?2", oldest),
        ("DELETE FROM spent WHERE owner = ?1 AND day < ?2", oldest),
        ("DELETE FROM leases WHERE owner = ?1 AND day < ?2", oldest),
        ("DELETE FROM notes WHERE owner = ?1 AND day < ?2", oldest),
    ] {
        connection.prepare_cached(query)?.execute(params![frame.owner, before])?;
    }
    Ok(())
}

/// One step: takes the write lock before it looks.
fn step<T>(
    connection: &mut Connection,
    act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = act(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

impl Ledger for SqliteLedger {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        let frame = frame.clone();
        self.run(move |connection| {
            let leased = "SELECT COALESCE(SUM(units), 0) FROM leases WHERE owner = ?1 AND day = ?2";
            let until = number(connection, "SELECT until FROM pauses WHERE owner = ?1", [&frame.owner])?;
            Ok(Standing {
                counts: counts(connection, &frame)?,
                hour_before: count(connection, &frame.owner, &frame.hour().before())?,
                leased: number(connection, leased, params![frame.owner, signed(frame.day().start)])?,
                paused_until: (until > 0).then(|| UNIX_EPOCH + Duration::from_millis(until)),
            })
        })
    }

    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        let (frame, limits, spent) = (frame.clone(), *limits, spent.clone());
        self.run(move |connection| {
            step(connection, |connection| {
                let counts = counts(connection, &frame)?;
                if let Err(window) = left(&counts, &limits, spent.units) {
                    return Ok(Granted::No { window });
                }
                spend(connection, &frame, &spent.entry, signed(spent.units))?;
                let counts = take(connection, &frame, counts, spent.units)?;
                Ok(Granted::Yes { units: spent.units, counts })
            })
        })
    }

    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        let (LeaseId { frame, id }, limits) = (lease.clone(), *limits);
        self.run(move |connection| {
            step(connection, |connection| {
                if units_of(connection, &id)?.is_some() {
                    return Ok(Granted::Moved);
                }
                let counts = counts(connection, &frame)?;
                let units = match left(&counts, &limits, 1) {
                    Err(window) => return Ok(Granted::No { window }),
                    Ok(left) => lease_size(most, left),
                };
                insert_lease(connection, &id, &frame, units)?;
                Ok(Granted::Yes { units, counts: take(connection, &frame, counts, units)? })
            })
        })
    }

    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        let (LeaseId { frame, id }, used) = (lease.clone(), used.to_vec());
        self.run(move |connection| {
            step(connection, |connection| {
                let units = match units_of(connection, &id)? {
                    Some(0) => return Ok(()),
                    Some(units) => units,
                    None => return insert_lease(connection, &id, &frame, 0),
                };
                connection.prepare_cached("DELETE FROM leases WHERE id = ?1")?.execute([&id])?;
                for spent in &used {
                    spend(connection, &frame, &spent.entry, signed(spent.units))?;
                }
                let used = used.iter().map(|spent| spent.units).sum();
                give(connection, &frame, units.saturating_sub(used))
            })
        })
    }

    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        let (frame, spent) = (frame.clone(), spent.clone());
        self.run(move |connection| {
            step(connection, |connection| {
                give(connection, &frame, spent.units)?;
                spend(connection, &frame, &spent.entry, -signed(spent.units))
            })
        })
    }

    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        let frame = frame.clone();
        self.run(move |connection| {
            step(connection, |connection| {
                let units = at_least.saturating_sub(count(connection, &frame.owner, frame.day())?);
                if units > 0 {
                    add(connection, &frame.owner, frame.day(), signed(units))?;
                    spend(connection, &frame, &Entry::of_others(), signed(units))?;
                }
                Ok(units)
            })
        })
    }

    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        let owner = owner.to_owned();
        let until = until.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO pauses VALUES (?1, ?2) ON CONFLICT DO UPDATE SET until = MAX(until, ?2)",
                )?
                .execute(params![owner, i64::try_from(until).unwrap_or(i64::MAX)])?;
            Ok(())
        })
    }

    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        let (frame, name, value) = (frame.clone(), name.to_owned(), value.to_owned());
        self.run(move |connection| {
            step(connection, |connection| {
                let before = recall(connection, &frame, &name)?;
                connection
                    .prepare_cached(
                        "INSERT INTO notes VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET value = ?4",
                    )?
                    .execute(params![frame.owner, signed(frame.day().start), name, value])?;
                Ok(before)
            })
        })
    }

    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        let (frame, name) = (frame.clone(), name.to_owned());
        self.run(move |connection| recall(connection, &frame, &name))
    }

    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
        let owner = owner.to_owned();
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "SELECT day, operation, label, process, units FROM spent
                     WHERE owner = ?1 AND day >= ?2 AND units > 0",
                )?
                .query_map(params![owner, signed(since)], |row| {
                    let text = |column| row.get::<_, Arc<str>>(column);
                    let entry = Entry { operation: text(1)?, label: text(2)?, process: text(3)? };
                    Ok(Row { day: unsigned(row.get(0)?), entry, units: unsigned(row.get(4)?) })
                })?
                .collect()
        })
    }
}

fn recall(connection: &Connection, frame: &Frame, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM notes WHERE owner = ?1 AND day = ?2 AND name = ?3")?
        .query_row(params![frame.owner, signed(frame.day().start), name], |row| row.get(0))
        .optional()
}

#[cfg(test)]
mod tests {
    use super::super::suite;
    use super::*;

    #[tokio::test]
    async fn behaves_as_a_ledger() {
        let folder = tempfile::tempdir().unwrap();
        suite::run(&SqliteLedger::open(&folder.path().join("quota.sqlite")).unwrap()).await;
    }

    #[test]
    fn agrees_with_the_model() {
        let folder = tempfile::tempdir().unwrap();
        suite::compare(200, || SqliteLedger::open(&folder.path().join("quota.sqlite")).unwrap());
    }

    #[tokio::test]
    async fn what_is_counted_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quota.sqlite");
        let mut ledger = SqliteLedger::open(&path).unwrap();
        let mut model = suite::Kept::default();
        for _ in 0..3 {
            model.use_and_check(&ledger).await;
            drop(ledger);
            ledger = SqliteLedger::open(&path).unwrap();
        }
        model.use_and_check(&ledger).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_connections_never_exceed_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let open = || SqliteLedger::open(&folder.path().join("deeper/quota.sqlite")).unwrap();
        suite::race([&open(), &open()]).await;
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quota.sqlite");
        std::fs::write(
            &path,
            "this is no database, and long enough to be taken for the header of one by mistake",
        )
        .unwrap();
        let error = SqliteLedger::open(&path).unwrap_err();
        assert!(error.message().contains("damaged"), "{error}");
        assert!(SqliteLedger::open(folder.path()).is_err());
    }
}
