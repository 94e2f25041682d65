//! A ledger in a SQLite file, shared by all processes that open it.
//!
//! Every reservation is one transaction that takes the write lock first, so the count is right whoever else is at it, and it
//! is in the file before the bytes leave: a process that is killed loses nothing.

mod file;
mod moved;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use tokio::sync::oneshot;

use self::file::{Store, Trouble, is_busy};
use super::calendar::{Frame, SPANS, Window, millis, moment};
use super::ledger::{
    APART, Counts, Entry, Granted, HISTORY, LeaseId, Ledger, Limits, Row, Spent, Standing, lease_size, left,
};
use crate::error::{Error, Result};
use crate::own::{ErrorKind, QuotaStore, QuotaWindow};

pub(crate) use file::{Closed, close_all};

#[derive(Debug)]
pub(crate) struct SqliteLedger {
    path: String,
    store: Arc<Store>,
}

impl SqliteLedger {
    /// The ledger at a path, which is opened when it is needed. All that this process opens there is one.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.display().to_string(), store: Store::shared(path) }
    }

    /// Opens it now.
    pub(crate) fn check(&self) -> Result<()> {
        self.store.with(|_| Ok(())).map_err(|trouble| failure(&self.path, &trouble))
    }

    /// What is counted, with the start of each window, for all owners.
    pub(crate) fn counted(&self) -> Result<Vec<(QuotaWindow, u64, u64)>> {
        let counted = self.store.with(|connection| {
            let mut counts = connection.prepare_cached("SELECT span, start, units FROM counts")?;
            let counts = counts.query_map([], |row| {
                let span = row.get::<_, String>(0)?;
                Ok((
                    QuotaWindow::of(&span).unwrap_or(QuotaWindow::Day),
                    unsigned(row.get(1)?),
                    unsigned(row.get(2)?),
                ))
            })?;
            counts.collect()
        });
        counted.map_err(|trouble| failure(&self.path, &trouble))
    }

    /// Units of leases that have not ended, for all owners.
    pub(crate) fn leased(&self) -> Result<u64> {
        let leased = self
            .store
            .with(|connection| number(connection, "SELECT COALESCE(SUM(units), 0) FROM leases", []));
        leased.map_err(|trouble| failure(&self.path, &trouble))
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl Fn(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T>> {
        let (sender, receiver) = oneshot::channel();
        let sent = self.store.send(move |file| {
            // Nobody may be waiting any more: then nothing is taken.
            if !sender.is_closed() {
                let _ = sender.send(file.with(job));
            }
        });
        Box::pin(async move {
            let done = match sent {
                Ok(()) => receiver.await.unwrap_or_else(|_| Err(Trouble::Thread("it has ended".into()))),
                Err(trouble) => Err(trouble),
            };
            done.map_err(|trouble| failure(&self.path, &trouble))
        })
    }
}

/// What was wrong with the file, and what to do.
fn failure(path: &str, trouble: &Trouble) -> Error {
    let unusable = |problem: &str, advice: &str| {
        Error::config(format!(
            "the quota ledger {path} cannot be used: {problem}; nothing was sent. {advice}"
        ))
    };
    let other = "Make it usable, or name another file: ledger {\"sqlite\": path}";
    match trouble {
        Trouble::Sqlite(error) if is_busy(error) => {
            let text = format!(
                "another process has held the quota ledger {path} too long ({error}); nothing was sent"
            );
            Error::new(ErrorKind::Timeout, text)
        }
        Trouble::Sqlite(error) => {
            use rusqlite::ErrorCode;
            let (problem, advice) = match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => (
                    "the disk is full",
                    "Free some space, or name a file on another disk: ledger {\"sqlite\": path}",
                ),
                Some(ErrorCode::SystemIoFailure) => ("the disk is full, or fails", other),
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
                    "it cannot be written",
                    "Allow this user to write it and its folder, or name another file: ledger {\"sqlite\": path}",
                ),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
                    "it is damaged",
                    "Move it away to start a new count; what was counted today is lost then",
                ),
                Some(ErrorCode::CannotOpen) => ("it cannot be opened", other),
                _ => ("it failed", other),
            };
            unusable(&format!("{problem} ({error})"), advice)
        }
        Trouble::Folder(error) => unusable(&format!("its folder cannot be created: {error}"), other),
        Trouble::Thread(problem) => unusable(&format!("its thread: {problem}"), "Make a new client"),
        Trouble::Torn => unusable(
            "its journal was removed while it was in use",
            "End all programs that use it, and start them again",
        ),
        Trouble::Removed => unusable("it is removed repeatedly", "Do not remove it while programs use it"),
    }
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
    Ok(counts.map(|count| count.saturating_add(units)))
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

/// Drops what nobody can ask for any more, and folds the processes of days that are long over.
fn forget(connection: &Connection, frame: &Frame) -> rusqlite::Result<()> {
    let hour = signed(frame.hour().start) - 2 * 3_600;
    let before = |days: u64| signed(frame.day().start) - signed(days * 24 * 3_600);
    let (oldest, apart) = (before(HISTORY), before(APART));
    for query in [
        "INSERT INTO spent SELECT owner, day, operation, label, '', SUM(units) FROM spent
             WHERE owner = ?1 AND day < ?2 AND process <> '' GROUP BY day, operation, label
             ON CONFLICT DO UPDATE SET units = units + excluded.units",
        "DELETE FROM spent WHERE owner = ?1 AND day < ?2 AND process <> ''",
    ] {
        connection.prepare_cached(query)?.execute(params![frame.owner, apart])?;
    }
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
    fn store(&self) -> QuotaStore {
        QuotaStore::Sqlite
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
                paused_until: (until > 0).then(|| moment(until)),
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
        let until = signed(millis(until));
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO pauses VALUES (?1, ?2) ON CONFLICT DO UPDATE SET until = MAX(until, ?2)",
                )?
                .execute(params![owner, until])?;
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
        let owner: Arc<str> = owner.into();
        Box::pin(async move {
            let of = Arc::clone(&owner);
            let days = self.run(move |connection| days(connection, &of, since)).await?;
            let mut rows = Vec::new();
            // One at a time, so that nobody who wants a unit waits for all of them.
            for day in days {
                let of = Arc::clone(&owner);
                rows.extend(self.run(move |connection| rows_of(connection, &of, day)).await?);
            }
            Ok(rows)
        })
    }
}

/// The days since then in which something was spent.
fn days(connection: &Connection, owner: &str, since: u64) -> rusqlite::Result<Vec<i64>> {
    // Each step of the search finds the next day by the key.
    let query = "WITH RECURSIVE days(day) AS (
            SELECT MIN(day) FROM spent WHERE owner = ?1 AND day >= ?2
            UNION ALL
            SELECT (SELECT MIN(day) FROM spent WHERE owner = ?1 AND day > days.day) FROM days
                WHERE days.day IS NOT NULL
        ) SELECT day FROM days WHERE day IS NOT NULL";
    connection.prepare_cached(query)?.query_map(params![owner, signed(since)], |row| row.get(0))?.collect()
}

fn rows_of(connection: &Connection, owner: &str, day: i64) -> rusqlite::Result<Vec<Row>> {
    let query =
        "SELECT operation, label, process, units FROM spent WHERE owner = ?1 AND day = ?2 AND units > 0";
    connection
        .prepare_cached(query)?
        .query_map(params![owner, day], |row| {
            let text = |column| row.get::<_, Arc<str>>(column);
            let entry = Entry { operation: text(0)?, label: text(1)?, process: text(2)? };
            Ok(Row { day: unsigned(day), entry, units: unsigned(row.get(3)?) })
        })?
        .collect()
}

fn recall(connection: &Connection, frame: &Frame, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM notes WHERE owner = ?1 AND day = ?2 AND name = ?3")?
        .query_row(params![frame.owner, signed(frame.day().start), name], |row| row.get(0))
        .optional()
}

#[cfg(test)]
mod tests;
