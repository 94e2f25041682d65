//! The file of a ledger: one connection and one thread for each file and process, started when they are needed and ended with
//! the last client.
//!
//! No connection may be open across a `fork`: SQLite notes for each process which locks it holds, and the child would
//! take the parent's for its own. The file could then be reset while the child writes to it, and what it counted would
//! be lost.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{
    Arc, LazyLock, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak, mpsc,
};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use uuid::Uuid;

use super::moved;
use crate::clock::{Clock as _, SystemClock};

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(10);

/// The pause before something is tried again.
const PAUSE: Duration = Duration::from_millis(5);

/// How often a write that fails is tried before its error counts.
const TRIES: usize = 3;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS files (
        id TEXT NOT NULL PRIMARY KEY,
        own INTEGER NOT NULL
    ) WITHOUT ROWID;
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
    ) WITHOUT ROWID;";

/// Form of the tables above.
const VERSION: i64 = 2;

/// Why something could not be done with the file.
#[derive(Debug)]
pub(super) enum Trouble {
    Sqlite(rusqlite::Error),
    /// The folder of the file cannot be made.
    Folder(std::io::Error),
    /// The thread of the file cannot be started, or has ended.
    Thread(String),
    /// The journal beside the file was removed while the file was in use.
    Torn,
    /// The file was removed again and again.
    Removed,
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

type Done<T> = Result<T, Trouble>;

type Job = Box<dyn FnOnce(&File) + Send>;

type Stores = HashMap<(u32, PathBuf), Weak<Store>>;

/// The files of this process, by process, as a child of a fork has its parent's memory, and path.
static STORES: LazyLock<Mutex<Stores>> = LazyLock::new(Mutex::default);

/// Whoever uses SQLite reads this lock, and a fork writes it.
static FORK: RwLock<()> = RwLock::new(());

fn no_fork() -> RwLockReadGuard<'static, ()> {
    FORK.read().unwrap_or_else(PoisonError::into_inner)
}

/// A file that all clients of this process use together.
#[derive(Debug)]
pub(super) struct Store {
    file: Arc<File>,
    /// To the thread, as the calls of SQLite block.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
}

impl Store {
    /// The one of this process for a path. Nothing is opened.
    pub(super) fn shared(path: &Path) -> Arc<Self> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if let Some(folder) = path.parent() {
            // Where it cannot be made, opening the file says so.
            let _ = std::fs::create_dir_all(folder);
        }
        let key = (std::process::id(), canonical(&path));
        let mut stores = lock(&STORES);
        stores.retain(|_, store| store.strong_count() > 0);
        if let Some(store) = stores.get(&key).and_then(Weak::upgrade) {
            return store;
        }
        let file = Arc::new(File { path, open: Mutex::default() });
        let store = Arc::new(Self { file, jobs: Mutex::default() });
        stores.insert(key, Arc::downgrade(&store));
        store
    }

    /// One more connection, as another process has it.
    #[cfg(test)]
    pub(super) fn apart(path: &Path) -> Arc<Self> {
        let file = Arc::new(File { path: path.to_owned(), open: Mutex::default() });
        Arc::new(Self { file, jobs: Mutex::default() })
    }

    #[cfg(test)]
    pub(super) fn has_thread(&self) -> bool {
        lock(&self.jobs).is_some()
    }

    /// Does something on the calling thread.
    pub(super) fn with<T>(&self, job: impl Fn(&mut Connection) -> rusqlite::Result<T>) -> Done<T> {
        self.file.with(job)
    }

    /// Does something on the thread of the file.
    pub(super) fn send(&self, job: impl FnOnce(&File) + Send + 'static) -> Done<()> {
        let mut jobs = lock(&self.jobs);
        let sender = match &mut *jobs {
            Some(sender) => sender,
            none => none.insert(begin(&self.file)?),
        };
        sender.send(Box::new(job)).map_err(|_| Trouble::Thread("it has ended".into()))
    }
}

/// Starts the thread of a file. It ends when nobody can send it anything any more.
fn begin(file: &Arc<File>) -> Done<mpsc::Sender<Job>> {
    let file = Arc::clone(file);
    let (jobs, inbox) = mpsc::channel::<Job>();
    let thread = std::thread::Builder::new().name("beproduct-ledger".into()).spawn(move || {
        for job in inbox {
            job(&file);
        }
        let _no_fork = no_fork();
        file.disconnect();
    });
    thread.map_err(|error| Trouble::Thread(error.to_string()))?;
    Ok(jobs)
}

/// The same for all names of a file, as far as its folder is there.
fn canonical(path: &Path) -> PathBuf {
    let in_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the files of this process closed.
pub(crate) struct Closed {
    _stores: MutexGuard<'static, Stores>,
    _fork: RwLockWriteGuard<'static, ()>,
}

/// Closes all files of this process; those that are needed later open again.
pub(crate) fn close_all() -> Closed {
    let stores = lock(&STORES);
    let fork = FORK.write().unwrap_or_else(PoisonError::into_inner);
    for store in stores.values().filter_map(Weak::upgrade) {
        store.file.disconnect();
    }
    Closed { _stores: stores, _fork: fork }
}

/// A file with its connection, opened when it is needed.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    place: Place,
}

/// Which files lie at the path, and at that of the journal beside it. On Windows a file that is open cannot be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    file: Option<(u64, u64)>,
    journal: Option<(u64, u64)>,
}

impl Place {
    fn of(path: &Path) -> Self {
        Self { file: identity(path), journal: identity(&beside(path, "-wal")) }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(_path: &Path) -> Option<(u64, u64)> {
    None
}

/// The path with something behind its last name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl File {
    /// Does something with the connection. What fails for the moment is tried again, and so is what was done in a file that
    /// was removed meanwhile, unless the one at the path has got it from there.
    pub(super) fn with<T>(&self, job: impl Fn(&mut Connection) -> rusqlite::Result<T>) -> Done<T> {
        let _no_fork = no_fork();
        let mut open = lock(&self.open);
        let clock = SystemClock::new();
        let end = clock.elapsed() + BUSY;
        let (mut failures, mut moves) = (0, 0);
        loop {
            let error = match self.attempt(&mut open, &job) {
                Ok(Some(done)) => return Ok(done),
                Ok(None) if moves < TRIES => {
                    moves += 1;
                    continue;
                }
                Ok(None) => return Err(Trouble::Removed),
                Err(error) => error,
            };
            let again = match &error {
                Trouble::Sqlite(error) if is_busy(error) => clock.elapsed() < end,
                Trouble::Sqlite(error) if may_pass(error) => {
                    failures += 1;
                    failures < TRIES
                }
                _ => false,
            };
            if !again {
                return Err(error);
            }
            clock.block(PAUSE);
        }
    }

    /// Nothing when it was done in a file that nobody reads any more.
    fn attempt<T>(
        &self,
        open: &mut Option<Open>,
        job: impl Fn(&mut Connection) -> rusqlite::Result<T>,
    ) -> Done<Option<T>> {
        let present = match open {
            Some(present) => {
                let place = Place::of(&self.path);
                if present.place.file != place.file {
                    self.follow(present)?;
                } else if present.place != place {
                    return Err(Trouble::Torn);
                }
                present
            }
            none => none.insert(self.connect()?),
        };
        let done = job(&mut present.connection)?;
        let stays = Place::of(&self.path).file == present.place.file;
        Ok((stays || self.follow(present)?).then_some(done))
    }

    /// Goes on in the file that lies at the path. Whether it has got everything that was done in the removed one.
    fn follow(&self, present: &mut Open) -> Done<bool> {
        let mut next = self.connect()?;
        let taken_over = moved::take_over(&present.connection, &mut next.connection)?;
        *present = next;
        Ok(taken_over)
    }

    /// Opens the file, or makes it. Who does so at the same time waits.
    fn connect(&self) -> Done<Open> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(Trouble::Folder)?;
        }
        let _opening = self.opening()?;
        if !self.path.exists() {
            // They belong to a file that was removed. Whoever still uses it has them open.
            for rest in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(beside(&self.path, rest));
            }
        }
        let mut connection = Connection::open(&self.path)?;
        connection.busy_timeout(BUSY)?;
        // Every unit is a write of a few rows: small pages make it quicker. It is for new files only.
        connection.pragma_update(None, "page_size", 1024)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // Enough to survive a killed process; a power cut may lose the last moments.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // A later version would have to keep what this one writes valid.
        if version(&connection)? < VERSION {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(SCHEMA)?;
            transaction.execute("INSERT INTO files VALUES (?1, 1)", [Uuid::new_v4().to_string()])?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        Ok(Open { place: Place::of(&self.path), connection })
    }

    /// Keeps others from opening the file meanwhile: SQLite does not wait for everything that happens to a new file, and the
    /// rests of a removed one may not be taken for those of the next.
    fn opening(&self) -> Done<Option<std::fs::File>> {
        let path = beside(&self.path, "-lock");
        let options = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path);
        // Where nothing can be written, opening the file says so.
        let Ok(file) = options else { return Ok(None) };
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                None,
            )
            .into()),
            // A file system that knows no locks of this kind.
            Err(std::fs::TryLockError::Error(_)) => Ok(None),
        }
    }

    fn disconnect(&self) {
        lock(&self.open).take();
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Whether others hold the file.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    use ErrorCode::{DatabaseBusy, DatabaseLocked, FileLockingProtocolFailed};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked | FileLockingProtocolFailed))
}

fn may_pass(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen))
}
