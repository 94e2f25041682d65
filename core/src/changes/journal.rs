//! What was begun and what became of it: one file that is only added to, a line a step, on the disk before a byte leaves.
//!
//! A line is a checksum, of this line and those before it, and JSON. The last one may be cut off, by a crash or a full disk: then the step was not begun. The file is
//! locked as long as its process lives.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::outcome::Edited;
use super::task::Task;
use crate::error::{Error, Result};
use crate::own::ErrorKind;
use crate::private_file;
use crate::testing_config::TestingConfig;

/// The form of the file, in its first line.
pub(super) const FORM: u64 = 1;

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(super) enum Line {
    /// What is applied, and where.
    Begun {
        journal: u64,
        preview: String,
        /// The API and the company.
        owner: String,
        verify: bool,
        tasks: u64,
        /// Edits that nothing is sent for, as the report has them.
        settled: Vec<Edited>,
        /// Fingerprints of the schemas that the preview rests on.
        schemas: BTreeMap<String, String>,
    },
    Task(Box<Task>),
    /// The request is on its way.
    Sent {
        task: usize,
        at: String,
    },
    /// It was answered: a record or a row is made or changed, as the service says. The id is that of what was made.
    Accepted {
        task: usize,
        #[serde(default)]
        id: Option<String>,
        #[serde(default)]
        number: Option<String>,
    },
    /// Nothing of it was carried out, or nobody knows.
    Open {
        task: usize,
        unclear: bool,
    },
    /// Nothing more becomes of it.
    Ended {
        task: usize,
        outcome: Value,
    },
    /// Ids of the rows that there are before the first new one, where the task adds it.
    Rows {
        task: usize,
        ids: Vec<String>,
    },
    /// Ids of the records that have the names of these new ones before they are created.
    Names {
        tasks: Vec<usize>,
        ids: Vec<String>,
    },
    /// Further records of folders that number theirs may be created.
    Numbers,
}

/// An open journal.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    path: PathBuf,
    file: Arc<Mutex<Synced>>,
    /// Lines that wait until those before them are on the disk: then all of them are written at once.
    waiting: Arc<Mutex<Waiting>>,
    handle: Handle,
    room: Option<Room>,
}

#[derive(Debug)]
struct Synced {
    file: File,
    /// How many writes are on the disk.
    writes: u64,
    /// Why no more can be written.
    failure: Option<std::io::ErrorKind>,
}

#[derive(Debug, Default)]
struct Waiting {
    text: Vec<u8>,
    /// The checksum of the last line.
    last: String,
    /// How many writes there were.
    writes: u64,
}

impl Waiting {
    fn put(&mut self, json: &[u8]) {
        self.last = checksum(&self.last, json);
        self.text.extend_from_slice(self.last.as_bytes());
        self.text.push(b' ');
        self.text.extend_from_slice(json);
        self.text.push(b'\n');
    }
}

impl Synced {
    /// Writes what waits, unless an earlier write has taken it along.
    fn catch_up(&mut self, waiting: &Mutex<Waiting>, own: u64) -> std::io::Result<()> {
        if self.writes >= own {
            return Ok(());
        }
        if let Some(kind) = self.failure {
            return Err(kind.into());
        }
        let (text, writes) = {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut waiting.text), waiting.writes)
        };
        let added = self.add(&text);
        match &added {
            Ok(()) => self.writes = writes,
            // What it has taken along is lost for the others, too.
            Err(error) => self.failure = Some(error.kind()),
        }
        added
    }

    fn add(&mut self, text: &[u8]) -> std::io::Result<()> {
        let end = self.file.seek(SeekFrom::End(0))?;
        let added = self.file.write_all(text).and_then(|()| self.file.sync_data());
        if added.is_err() {
            // Half of a line is no step; what follows it would not be read.
            let _ = self.file.set_len(end);
        }
        added
    }
}

/// How many lines there is room for, in a test.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    left: Arc<AtomicU64>,
    /// Whether the last line is said not to have been written.
    untold: bool,
}

impl Room {
    pub(crate) fn of(testing: Option<&TestingConfig>) -> Option<Self> {
        let testing = testing?;
        let left = Arc::new(AtomicU64::new(testing.journal_lines?));
        Some(Self { left, untold: testing.journal_line_untold })
    }

    /// Whether these lines are written, and whether the caller hears of it.
    fn take(&self, lines: usize) -> (bool, bool) {
        let left = self.left.load(Ordering::SeqCst);
        let after = left.checked_sub(lines as u64);
        self.left.store(after.unwrap_or_default(), Ordering::SeqCst);
        (after.is_some(), after.is_some_and(|after| after > 0 || !self.untold))
    }
}

impl Journal {
    /// A new one, whose first lines are these.
    pub(super) async fn begin(
        path: &Path,
        first: &Line,
        tasks: &[Task],
        handle: &Handle,
        room: Option<Room>,
    ) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_file::make_folder(folder).map_err(|error| failed(path, "be made", &error))?;
        }
        let file = options().create_new(true).open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::config(format!(
                "there is a journal at {} already: resume goes on with it, and another set of changes needs another file",
                path.display()
            )),
            _ => failed(path, "be made", &error),
        })?;
        let journal = Self { room, ..Self::of(path, file, handle)? };
        let begun = journal.write_first(first, tasks).await;
        let begun = begun.and_then(|()| {
            private_file::sync_folder(path).map_err(|error| failed(path, "be written", &error))
        });
        if begun.is_err() {
            // What was not begun is not resumed.
            let _ = std::fs::remove_file(path);
        }
        begun.map(|()| journal)
    }

    /// One that was begun, and its lines. A last line that was cut off is taken away.
    pub(super) fn open(path: &Path, handle: &Handle, room: Option<Room>) -> Result<(Self, Vec<Line>)> {
        let file = options().open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::config(format!("there is no journal at {}", path.display()))
            }
            _ => failed(path, "be opened", &error),
        })?;
        let journal = Self { room, ..Self::of(path, file, handle)? };
        let lines = journal.read()?;
        Ok((journal, lines))
    }

    fn of(path: &Path, file: File, handle: &Handle) -> Result<Self> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!(
                        "another run applies the journal {} at present, in this process or in another",
                        path.display()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(failed(path, "be locked", &error)),
        }
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(Mutex::new(Synced { file, writes: 0, failure: None })),
            waiting: Arc::default(),
            handle: handle.clone(),
            room: None,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    async fn write_first(&self, first: &Line, tasks: &[Task]) -> Result<()> {
        /// A large set is not held twice.
        const LINES: usize = 1_000;
        self.write(first.clone()).await?;
        for tasks in tasks.chunks(LINES) {
            let lines = tasks.iter().map(|task| Line::Task(Box::new(task.clone())));
            self.write_all(lines.collect()).await?;
        }
        Ok(())
    }

    /// Adds a line. It is on the disk when this ends.
    pub(super) async fn write(&self, line: Line) -> Result<()> {
        self.write_all(vec![line]).await
    }

    pub(super) async fn write_all(&self, lines: Vec<Line>) -> Result<()> {
        let (file, waiting, path) = (Arc::clone(&self.file), Arc::clone(&self.waiting), self.path.clone());
        let (is_written, is_told) = self.room.as_ref().map_or((true, true), |room| room.take(lines.len()));
        if !is_written {
            return Err(failed(&path, "be written", &std::io::ErrorKind::StorageFull.into()));
        }
        let written = self.handle.spawn_blocking(move || {
            let lines = lines.iter().map(serde_json::to_vec).collect::<serde_json::Result<Vec<_>>>()?;
            let own = {
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                for line in &lines {
                    waiting.put(line);
                }
                waiting.writes += 1;
                waiting.writes
            };
            file.lock().unwrap_or_else(PoisonError::into_inner).catch_up(&waiting, own)
        });
        match written.await {
            Ok(Ok(())) if !is_told => {
                Err(failed(&path, "be written", &std::io::ErrorKind::StorageFull.into()))
            }
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(failed(&path, "be written", &error)),
            Err(error) => Err(Error::internal(error)),
        }
    }

    fn read(&self) -> Result<Vec<Line>> {
        let file = &mut self.file.lock().unwrap_or_else(PoisonError::into_inner).file;
        let mut bytes = Vec::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes));
        read.map_err(|error| failed(&self.path, "be read", &error))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (mut lines, mut reader) = (Vec::new(), Lines::default());
        if whole == 0 {
            return Err(Error::config(format!(
                "{} is no journal of changes, or was cut off in its first line",
                self.path.display()
            )));
        }
        for (number, line) in bytes[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() && number > 0 {
                continue;
            }
            lines.push(reader.next(line).ok_or_else(|| {
                Error::config(format!(
                    "{}:{} is damaged: its checksum is wrong. What was done cannot be told from it; preview the changes again",
                    self.path.display(),
                    number + 1
                ))
            })?);
        }
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(|error| failed(&self.path, "be written", &error))?;
        }
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).last = reader.last;
        match lines.first() {
            Some(Line::Begun { journal: FORM, .. }) => Ok(lines),
            Some(Line::Begun { journal, .. }) => Err(Error::config(format!(
                "{} is a journal of the form {journal}, and this version knows {FORM}",
                self.path.display()
            ))),
            _ => Err(Error::config(format!("{} is no journal of changes", self.path.display()))),
        }
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn checksum(before: &str, json: &[u8]) -> String {
    let sum = Sha256::new().chain_update(before).chain_update(json).finalize();
    sum.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the lines of a journal, each of which goes on from the one before.
#[derive(Debug, Default)]
pub(super) struct Lines {
    last: String,
}

impl Lines {
    /// What the next line says, unless it is damaged, or another one was there.
    pub(super) fn next(&mut self, line: &[u8]) -> Option<Line> {
        let (sum, json) = line.split_at_checked(8)?;
        let json = json.strip_prefix(b" ")?;
        let expected = checksum(&self.last, json);
        let line = (expected.as_bytes() == sum).then(|| serde_json::from_slice(json).ok()).flatten()?;
        self.last = expected;
        Some(line)
    }
}

fn failed(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::config(format!("the journal {} cannot {what}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn begun(path: &Path) -> Journal {
        let line = Line::Begun {
            journal: FORM,
            preview: "p-1".into(),
            owner: "acme".into(),
            verify: true,
            tasks: 0,
            settled: Vec::new(),
            schemas: BTreeMap::new(),
        };
        Journal::begin(path, &line, &[], &Handle::current(), None).await.unwrap()
    }

    async fn begun_with_more(path: &Path) -> Vec<u8> {
        let journal = begun(path).await;
        for task in 0..3 {
            journal.write(Line::Sent { task, at: "now".into() }).await.unwrap();
        }
        std::fs::read(path).unwrap()
    }

    fn shown(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| serde_json::to_value(line).unwrap()["step"].as_str().unwrap().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn lines_come_back_and_half_a_line_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changes/one.journal");
        let journal = begun(&path).await;
        journal.write(Line::Sent { task: 3, at: "now".into() }).await.unwrap();
        // Its process has it.
        let error = Journal::open(&path, &Handle::current(), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.message().contains("another run applies the journal"), "{error}");
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in whole.len() - 20..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let (journal, lines) = Journal::open(&path, &Handle::current(), None).unwrap();
            assert_eq!(shown(&lines), ["begun"]);
            journal.write(Line::Numbers).await.unwrap();
            drop(journal);
            let (_, lines) = Journal::open(&path, &Handle::current(), None).unwrap();
            assert_eq!(shown(&lines), ["begun", "numbers"]);
        }
        std::fs::write(&path, &whole).unwrap();
        let (_, lines) = Journal::open(&path, &Handle::current(), None).unwrap();
        assert_eq!(shown(&lines), ["begun", "sent"]);
    }

    #[tokio::test]
    async fn a_journal_that_is_damaged_or_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.journal");
        drop(begun(&path).await);
        let whole = std::fs::read(&path).unwrap();
        let open = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Journal::open(&path, &Handle::current(), None).unwrap_err().message().to_owned()
        };
        for place in 0..whole.len() - 1 {
            let mut flipped = whole.clone();
            flipped[place] ^= 4;
            assert!(open(&flipped).contains(":1 is damaged: its checksum is wrong"), "{place}");
        }
        let more = begun_with_more(&folder.path().join("more.journal")).await;
        let lines: Vec<_> = more.split_inclusive(|byte| *byte == b'\n').collect();
        let [first, sent, accepted, ended] = lines[..] else { panic!() };
        for others in
            [[first, accepted, ended, b""], [first, sent, ended, accepted], [first, accepted, sent, ended]]
        {
            assert!(open(&others.concat()).contains("is damaged"), "{others:?}");
        }
        assert!(open(b"").contains("is no journal of changes"));
        assert!(open(b"name,season\n").contains("is damaged"));
        std::fs::remove_file(&path).unwrap();
        let error = Journal::open(&path, &Handle::current(), None).unwrap_err();
        assert!(error.message().starts_with("there is no journal at "), "{error}");
        drop(begun(&path).await);
        let again = Journal::begin(&path, &Line::Numbers, &[], &Handle::current(), None).await.unwrap_err();
        assert!(again.message().contains("resume goes on with it"), "{again}");
    }
}
