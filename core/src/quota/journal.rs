//! Files that record how much of a lease was used, for when its process is killed.
//!
//! Each lease has one, locked as long as its process lives. A count in it goes up before a unit is used, so a process
//! that finds the file unlocked knows how many units may be given back. Each write is one system call, so the count is right
//! whenever the process is killed. After a power cut it may be too low and is not used; the file notes the machine's boot.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard, Weak};

use serde::{Deserialize, Serialize};

use super::calendar::{Frame, SPANS, Window};
use super::ledger::LeaseId;
use crate::own::QuotaWindow;

/// Length of the count at the beginning of a file.
const COUNT: usize = 8;

/// The marks of this process. Whoever writes one reads this lock, and a fork writes it.
static MARKS: RwLock<Vec<Weak<MarkFile>>> = RwLock::new(Vec::new());

/// Where the files of one ledger lie.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    folder: PathBuf,
    /// Which ledger the leases were taken from, as several may use one folder.
    ledger: Arc<str>,
    process: Arc<str>,
}

/// What is written behind the count.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    ledger: String,
    boot: String,
    process: String,
    id: String,
    owner: String,
    windows: [(u64, u64); SPANS],
}

/// A lease whose process has died.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) lease: LeaseId,
    pub(crate) process: Arc<str>,
    /// Units that were used, or none when nobody knows.
    pub(crate) used: Option<u64>,
    mark: Mark,
}

impl Left {
    /// To be called when the rest was given back.
    pub(crate) fn done(self) {
        self.mark.remove();
    }
}

/// The file of a lease of this process.
#[derive(Debug)]
pub(crate) struct Mark(Arc<MarkFile>);

#[derive(Debug)]
struct MarkFile {
    path: PathBuf,
    /// None in the child of a fork.
    file: Mutex<Option<File>>,
}

impl Journal {
    pub(crate) fn new(folder: PathBuf, ledger: Arc<str>, process: Arc<str>) -> Self {
        Self { folder, ledger, process }
    }

    /// Begins the file of a lease that is about to be taken.
    pub(crate) fn begin(&self, lease: &LeaseId) -> std::io::Result<Mark> {
        let note = Note {
            ledger: self.ledger.to_string(),
            boot: boot(),
            process: self.process.to_string(),
            id: lease.id.to_string(),
            owner: lease.frame.owner.to_string(),
            windows: lease.frame.windows.map(|window| (window.start, window.end)),
        };
        let mut marks = marks();
        std::fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("{}.lease", lease.id));
        // Nobody takes a file that is not whole for a lease, and it gets its name when it is locked.
        let new = path.with_extension("new");
        let mut file = locked_new(&new)?;
        let mut text = 0_u64.to_le_bytes().to_vec();
        text.extend(serde_json::to_vec(&note)?);
        file.write_all(&text)?;
        std::fs::rename(&new, &path)?;
        Ok(Mark::register(&mut marks, path, file))
    }

    /// Leases of this ledger whose processes have died.
    pub(crate) fn left(&self) -> Vec<Left> {
        let Ok(files) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let paths = files.filter_map(|file| Some(file.ok()?.path()));
        let (mut leases, others): (Vec<_>, Vec<_>) =
            paths.partition(|path| path.extension().is_some_and(|extension| extension == "lease"));
        others.iter().for_each(|path| remove_unfinished(path));
        // Folders have no order of their own.
        leases.sort();
        leases.into_iter().filter_map(|path| self.read(path)).collect()
    }

    fn read(&self, path: PathBuf) -> Option<Left> {
        let mut marks = marks();
        let mut file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
        file.try_lock().ok()?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).ok()?;
        let (count, note) = text.split_first_chunk::<COUNT>()?;
        let note: Note = serde_json::from_slice(note).ok()?;
        // Whoever held it before may have ended it in between.
        if note.ledger != *self.ledger || !path.exists() {
            return None;
        }
        let spans = [QuotaWindow::Day, QuotaWindow::Hour, QuotaWindow::Minute];
        let mut windows = [Window { span: QuotaWindow::Day, start: 0, end: 0 }; SPANS];
        for ((window, span), (start, end)) in windows.iter_mut().zip(spans).zip(note.windows) {
            *window = Window { span, start, end };
        }
        Some(Left {
            lease: LeaseId { frame: Frame { owner: note.owner.into(), windows }, id: note.id.into() },
            process: note.process.into(),
            used: (note.boot == boot()).then(|| u64::from_le_bytes(*count)),
            mark: Mark::register(&mut marks, path, file),
        })
    }
}

impl Mark {
    fn register(marks: &mut Vec<Weak<MarkFile>>, path: PathBuf, file: File) -> Self {
        let mark = Arc::new(MarkFile { path, file: Mutex::new(Some(file)) });
        marks.retain(|mark| mark.strong_count() > 0);
        marks.push(Arc::downgrade(&mark));
        Self(mark)
    }

    /// Writes that so many units are used. When that fails the lease is not to be used.
    pub(crate) fn write(&self, used: u64) -> std::io::Result<()> {
        let _no_fork = MARKS.read().unwrap_or_else(PoisonError::into_inner);
        let mut present = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = present.as_mut().ok_or(std::io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&used.to_le_bytes())
    }

    /// Ends the file: the lease is settled.
    pub(crate) fn remove(self) {
        // What stays is found by the next one, who settles it in vain.
        let _ = std::fs::remove_file(&self.0.path);
    }
}

/// No fork comes as long as it is held.
fn marks() -> RwLockWriteGuard<'static, Vec<Weak<MarkFile>>> {
    MARKS.write().unwrap_or_else(PoisonError::into_inner)
}

/// A new file, locked. Whoever found it before the lock may have removed it: then there is another.
fn locked_new(path: &Path) -> std::io::Result<File> {
    loop {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        file.lock()?;
        if path.exists() {
            return Ok(file);
        }
    }
}

/// Removes a file that its process did not come to finish.
fn remove_unfinished(path: &Path) {
    let unfinished = path.extension().is_some_and(|extension| extension == "new");
    let Some(file) = unfinished.then(|| File::open(path).ok()).flatten() else { return };
    if file.try_lock().is_ok() {
        // What stays is found by the next one.
        let _ = std::fs::remove_file(path);
    }
}

/// Held during a fork. The child closes what it inherits: its parent goes on to hold the locks, and they end with the
/// parent.
pub(crate) struct ForkGuard {
    parent: u32,
    marks: RwLockWriteGuard<'static, Vec<Weak<MarkFile>>>,
}

impl ForkGuard {
    pub(crate) fn new() -> Self {
        Self { parent: std::process::id(), marks: marks() }
    }
}

impl Drop for ForkGuard {
    fn drop(&mut self) {
        if std::process::id() != self.parent {
            for mark in self.marks.drain(..).filter_map(|mark| mark.upgrade()) {
                mark.file.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
        }
    }
}

/// Which boot of the machine this is, where that can be told.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(id: &str) -> LeaseId {
        let window = |span| Window { span, start: 60, end: 120 };
        let windows = [window(QuotaWindow::Day), window(QuotaWindow::Hour), window(QuotaWindow::Minute)];
        LeaseId { frame: Frame { owner: "acme".into(), windows }, id: id.into() }
    }

    #[test]
    fn what_a_dead_process_has_used() {
        let folder = tempfile::tempdir().unwrap();
        let journal =
            |ledger: &str| Journal::new(folder.path().join("leases"), ledger.into(), "host:1".into());
        let mark = journal("a").begin(&lease("one")).unwrap();
        mark.write(3).unwrap();
        // Its owner lives.
        assert!(journal("a").left().is_empty());
        drop(mark);
        // It is another ledger's.
        assert!(journal("b").left().is_empty());
        let left = journal("a").left().pop().unwrap();
        assert_eq!((left.lease.clone(), left.used, &*left.process), (lease("one"), Some(3), "host:1"));
        // Whoever gives it back holds it.
        assert!(journal("a").left().is_empty());
        left.done();
        assert!(journal("a").left().is_empty());
        assert!(folder.path().join("leases").read_dir().unwrap().next().is_none());
    }

    #[test]
    fn a_child_that_closes_what_it_inherits_ends_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().to_owned(), "a".into(), "host:1".into());
        let mark = journal.begin(&lease("one")).unwrap();
        // What a child has is another handle of the same open file.
        let inherited = mark.0.file.lock().unwrap().as_ref().unwrap().try_clone().unwrap();
        drop(inherited);
        assert!(journal.left().is_empty());
        drop(ForkGuard::new());
        mark.write(1).unwrap();
    }

    #[test]
    fn files_that_are_none_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in
            [("a.lease", "short"), ("b.lease", "long enough, but no JSON"), ("c", ""), ("d.new", "")]
        {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        assert!(Journal::new(folder.path().to_owned(), "a".into(), "p".into()).left().is_empty());
        assert!(folder.path().join("c").exists() && !folder.path().join("d.new").exists());
    }
}
