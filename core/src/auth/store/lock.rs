//! The lease by a lock on a file, which the system takes back from a process that dies.
//!
//! A lock belongs to the open file, and a fork hands that on: the child would keep its parent's lock as long as it lives.
//! So all locked files of the process stand in one place, where the child can close them.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::Lease;
use crate::private_file;

type Locked = HashMap<u64, File>;

static LOCKED: LazyLock<Mutex<Locked>> = LazyLock::new(Mutex::default);

fn locked() -> MutexGuard<'static, Locked> {
    LOCKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lease of this file. None while somebody else has it.
pub(super) fn try_lock(path: &Path) -> std::io::Result<Option<Lease>> {
    // The file stays: whoever removed it would take the lock away from those who have it open.
    let file = private_file::options().create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {
            let mut locked = locked();
            let number = locked.keys().max().map_or(0, |last| last + 1);
            locked.insert(number, file);
            Ok(Some(Lease::held(Lock(number))))
        }
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

struct Lock(u64);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(file) = locked().remove(&self.0) {
            // Not by closing it, as a child may have it open too. Where that fails, closing it has to do.
            let _ = file.unlock();
        }
    }
}

/// Held during a fork. In the child it closes the files without a word to the system about their locks.
pub(crate) struct ForkGuard {
    parent: u32,
    locked: MutexGuard<'static, Locked>,
}

impl ForkGuard {
    pub(crate) fn new() -> Self {
        Self { parent: std::process::id(), locked: locked() }
    }
}

impl Drop for ForkGuard {
    fn drop(&mut self) {
        if std::process::id() != self.parent {
            self.locked.clear();
        }
    }
}
