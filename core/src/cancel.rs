//! Giving a call up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::own::Outcome;

/// Handle to give a call up with. Clones stand for the same call.
///
/// Cancelling is idempotent: before the start it keeps the call from sending anything, after the end it does nothing.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    call: CancellationToken,
    /// The end of the client, which gives up all of its calls.
    client: Option<CancellationToken>,
}

impl Cancel {
    /// A handle that nobody has used yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the call up.
    pub fn cancel(&self) {
        self.call.cancel();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.call.is_cancelled() || self.client.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    pub(crate) async fn cancelled(&self) {
        let client = self.client.as_ref().unwrap_or(&self.call);
        tokio::select! {
            biased;
            () = self.call.cancelled() => {}
            () = client.cancelled() => {}
        }
    }

    /// The work, until it is cancelled. What it has sent by then nobody knows.
    pub(crate) async fn end<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if self.is_cancelled() {
            return Err(Error::cancelled(Outcome::NotSent));
        }
        tokio::select! {
            biased;
            () = self.cancelled() => Err(Error::cancelled(Outcome::Unknown)),
            result = work => result,
        }
    }

    /// A handle of its own, cancelled with this one too.
    pub(crate) fn child(&self) -> Self {
        Self { call: self.call.child_token(), client: None }
    }

    /// This handle, cancelled with the client too.
    pub(crate) fn within(self, client: &Self) -> Self {
        Self { client: Some(client.call.clone()), ..self }
    }
}

/// Calls by number, for languages that cannot hold a handle.
#[derive(Debug, Clone, Default)]
pub struct CallIds {
    next: Arc<AtomicU64>,
    open: Arc<Mutex<HashMap<u64, Cancel>>>,
}

impl CallIds {
    /// A number for a call that has not started yet.
    #[must_use]
    pub fn issue(&self) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.lock().insert(id, Cancel::new());
        id
    }

    /// The handle behind a number. It is forgotten when the guard is dropped.
    #[must_use]
    pub fn enter(&self, id: u64) -> (Cancel, CallGuard) {
        let handle = self.lock().entry(id).or_default().clone();
        (handle, CallGuard { ids: self.clone(), id })
    }

    /// Gives the call with this number up. Does nothing when it has ended.
    pub fn cancel(&self, id: u64) {
        if let Some(handle) = self.lock().get(&id) {
            handle.cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Cancel>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the life of a call's number.
#[derive(Debug)]
pub struct CallGuard {
    ids: CallIds,
    id: u64,
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.ids.lock().remove(&self.id);
    }
}
