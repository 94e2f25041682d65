//! Where the processes of a run count, and what is left when one of them ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use beproduct::testing::{Counts, LedgerFile, StepLedger};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::plan::{ClientPlan, Plan};
use crate::world::{LedgerSteps, World};

const LEDGER: &str = "quota.sqlite";

/// What the requests of a run are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Memory,
    Sqlite,
}

/// Each process has a folder. What lies in it when the process ends is copied for the next one: whatever is done at the old
/// place afterwards, and what is locked there, is lost as with a process that was killed.
#[derive(Debug)]
pub(crate) struct Place {
    store: Store,
    ledger: StepLedger,
    folders: Option<TempDir>,
    /// Of the present process, and the file in which it counts.
    folder: PathBuf,
    file: Option<LedgerFile>,
    /// What was counted when the process before it ended.
    counts: Counts,
    ended: usize,
}

impl Place {
    pub(crate) fn new(store: Store, plan: &Plan, world: &Arc<World>) -> Self {
        let steps = Arc::new(LedgerSteps(Arc::clone(world)));
        let ledger = match store {
            Store::Memory => StepLedger::new(steps),
            Store::Sqlite => StepLedger::of_settings(steps),
        };
        let ledger = if plan.journal { ledger.with_journal() } else { ledger };
        let needed = plan.journal || store == Store::Sqlite;
        let folders = needed.then(|| tempfile::tempdir_in(fast_folder()).unwrap());
        let folder = folders.as_ref().map(|folders| folders.path().join("0")).unwrap_or_default();
        if needed {
            std::fs::create_dir(&folder).unwrap();
        }
        let file = (store == Store::Sqlite).then(|| LedgerFile::at(&folder.join(LEDGER)));
        Self { store, ledger, folders, folder, file, counts: Counts::default(), ended: 0 }
    }

    /// The settings of a client of the present process.
    pub(crate) fn settings(&self, plan: &ClientPlan) -> Value {
        let mut settings = plan.settings.clone();
        settings["ledger"] = match self.store {
            Store::Memory => json!("memory"),
            Store::Sqlite => json!({"sqlite": self.folder.join(LEDGER)}),
        };
        if self.folders.is_some() {
            settings["state_dir"] = json!(self.folder);
        }
        settings
    }

    pub(crate) fn ledger(&self, plan: &ClientPlan) -> StepLedger {
        match self.store {
            Store::Memory => self.ledger.clone().with_share(plan.share),
            // A file is never away.
            Store::Sqlite => self.ledger.clone(),
        }
    }

    /// The present process ends here, and another one may begin.
    pub(crate) fn end(&mut self) {
        if let Some(folders) = &self.folders {
            self.ended += 1;
            let next = folders.path().join(self.ended.to_string());
            copy(&self.folder, &next);
            self.folder = next;
        }
        self.counts = match &mut self.file {
            None => self.ledger.counts(),
            Some(file) => {
                let counts = file.counts().unwrap();
                *file = LedgerFile::at(&self.folder.join(LEDGER));
                counts
            }
        };
    }

    /// What was counted when the last process ended.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// Memory, where there is some for files.
fn fast_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(file.file_name());
        match file.file_type().unwrap().is_dir() {
            true => copy(&file.path(), &to),
            false => {
                std::fs::copy(file.path(), to).unwrap();
            }
        }
    }
}
