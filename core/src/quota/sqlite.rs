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
use std::time::Duration;

use futures_util::future::BoxFuture;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::ledger::{Entry, Granted, Ledger, Usage, Window};
use crate::error::{Error, ErrorKind, Result};

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS usage (
        owner TEXT NOT NULL,
        day TEXT NOT NULL,
        operation TEXT NOT NULL,
        label TEXT NOT NULL,
        requests INTEGER NOT NULL,
        PRIMARY KEY (owner, day, operation, label)
    ) WITHOUT ROWID";

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
            // Nobody may be waiting any more: then what was reserved stays counted.
            let _ = sender.send(file.with(job));
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
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Enough to survive a killed process; a power cut may lose the last moments.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute(SCHEMA, [])?;
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
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "it cannot be written",
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "it is damaged; move it away to count anew"
        }
        Some(ErrorCode::CannotOpen) => "it cannot be opened",
        _ => "it failed",
    };
    Error::config(format!("the quota ledger {path} cannot be used: {advice} ({error})"))
}

fn used(connection: &Connection, window: &Window) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT COALESCE(SUM(requests), 0) FROM usage WHERE owner = ?1 AND day = ?2")?
        .query_row(params![window.owner, window.day], |row| units(row, 0))
}

/// SQLite has no unsigned numbers; the table never holds one below zero.
fn units(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|units| units.try_into().unwrap_or(0))
}

fn add(
    connection: &Connection,
    window: &Window,
    operation: &str,
    label: &str,
    units: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO usage VALUES (?1, ?2, ?3, ?4, MAX(?5, 0))
             ON CONFLICT DO UPDATE SET requests = MAX(requests + ?5, 0)",
        )?
        .execute(params![window.owner, window.day, operation, label, units])?;
    Ok(())
}

impl Ledger for SqliteLedger {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn used<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<u64>> {
        let window = window.clone();
        self.run(move |connection| used(connection, &window))
    }

    fn reserve<'a>(
        &'a self,
        window: &'a Window,
        limit: Option<u64>,
        entry: &'a Entry,
    ) -> BoxFuture<'a, Result<Granted>> {
        let (window, entry) = (window.clone(), entry.clone());
        self.run(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let used = used(&transaction, &window)?;
            if limit.is_some_and(|limit| used >= limit) {
                return Ok(Granted::No);
            }
            add(&transaction, &window, &entry.operation, &entry.label, 1)?;
            transaction.commit()?;
            Ok(Granted::Yes)
        })
    }

    fn refund<'a>(&'a self, window: &'a Window, entry: &'a Entry) -> BoxFuture<'a, Result<()>> {
        let (window, entry) = (window.clone(), entry.clone());
        self.run(move |connection| add(connection, &window, &entry.operation, &entry.label, -1))
    }

    fn raise<'a>(&'a self, window: &'a Window, at_least: u64) -> BoxFuture<'a, Result<()>> {
        let window = window.clone();
        self.run(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let missing = at_least.saturating_sub(used(&transaction, &window)?);
            if missing > 0 {
                add(&transaction, &window, "", "others", i64::try_from(missing).unwrap_or(i64::MAX))?;
            }
            transaction.commit()
        })
    }

    fn usage<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<Vec<Usage>>> {
        let window = window.clone();
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "SELECT operation, label, requests FROM usage
                     WHERE owner = ?1 AND day = ?2 AND requests > 0 ORDER BY requests DESC, operation",
                )?
                .query_map(params![window.owner, window.day], |row| {
                    Ok(Usage { operation: row.get(0)?, label: row.get(1)?, requests: units(row, 2)? })
                })?
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn behaves_as_a_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&folder.path().join("made/quota.sqlite")).unwrap();
        super::super::ledger::suite::run(&ledger).await;
    }

    #[tokio::test]
    async fn two_connections_never_exceed_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quota.sqlite");
        let window = Window { owner: "x".into(), day: "d".into(), end: std::time::SystemTime::UNIX_EPOCH };
        let entry = Entry { operation: "o".into(), label: String::new() };
        let ledgers = [SqliteLedger::open(&path).unwrap(), SqliteLedger::open(&path).unwrap()];
        let takers = (0..200).map(|index| ledgers[index % 2].reserve(&window, Some(150), &entry));
        let granted = futures_util::future::join_all(takers).await;
        assert_eq!(
            granted.into_iter().filter(|granted| *granted.as_ref().unwrap() == Granted::Yes).count(),
            150
        );
        assert_eq!(ledgers[0].used(&window).await.unwrap(), 150);
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
