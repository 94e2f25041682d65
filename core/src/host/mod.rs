//! Code of the host program, such as a token store: one way to reach all of it.
//!
//! A language implements [`Host`], which runs the program's code and does no more. What that code may take, in which order it
//! runs and what its answers have to be is decided here, for every language.

mod lane;
mod listener;
mod log;
mod progress;
mod store;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::log::Level;

use self::lane::Lane;
pub(crate) use self::listener::HostListener;
pub(crate) use self::log::HostLog;
pub(crate) use self::progress::{CallProgress, HostProgress};
pub(crate) use self::store::HostStore;
pub use crate::host_failure::HostFailure;

/// A place where the client calls code of the host program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hook {
    /// Answers the tokens that were saved last, or null.
    LoadTokens,
    /// Is given tokens to save. What it answers does not matter.
    SaveTokens,
    /// Answers whether others are kept from renewing now. Only of stores that several processes use.
    LockTokens,
    /// Ends that. What it answers does not matter.
    UnlockTokens,
    /// Is given an event of the quota. What it answers does not matter.
    QuotaEvent,
    /// Is given the event of a limit; answers how many seconds the call may wait at most (`"Infinity"` for no limit), or null.
    QuotaLimit,
    /// Is given the progress of a call that asked for it: `{"call", "operation", "done", "total"}`, and at its end only the
    /// number: after the last page of a list, and also for a call that could not begin. Code that is slow gets the latest
    /// progress. What it answers does not matter.
    Progress,
    /// Is given an array of log lines. What it answers does not matter.
    Log,
}

impl Hook {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::LoadTokens,
        Self::SaveTokens,
        Self::LockTokens,
        Self::UnlockTokens,
        Self::QuotaEvent,
        Self::QuotaLimit,
        Self::Progress,
        Self::Log,
    ];

    /// Its name at the seam: `token_store.load`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoadTokens => "token_store.load",
            Self::SaveTokens => "token_store.save",
            Self::LockTokens => "token_store.try_lock",
            Self::UnlockTokens => "token_store.unlock",
            Self::QuotaEvent => "on_quota_event",
            Self::QuotaLimit => "on_quota_limit",
            Self::Progress => "progress",
            Self::Log => "on_log",
        }
    }
}

/// Runs code of the host program.
pub trait Host: Send + Sync {
    /// Whether the program has code for this hook. It is asked once, when the client is made.
    fn has(&self, hook: Hook) -> bool;

    /// Whether the program wants log lines of this level.
    fn wants(&self, level: Level) -> bool {
        let _ = level;
        true
    }

    /// Begins the program's code for this hook and returns what it will answer, as JSON text. It is called for one thing at a time of a
    /// token store, a listener, progress or a log; it must not block. The code goes on when the future is dropped.
    fn call(
        &self,
        hook: Hook,
        payload: Payload,
    ) -> BoxFuture<'static, std::result::Result<String, HostFailure>>;
}

/// What the program's code is given.
pub struct Payload {
    /// JSON text.
    pub text: String,
    /// Who made the call that this is about: of each log line, or of the progress. See [`on_behalf`](crate::seam::on_behalf).
    pub callers: Vec<Option<Caller>>,
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self { text, callers: Vec::new() }
    }
}

/// The way to the host program, until the client lets go of it.
#[derive(Clone)]
pub(crate) struct Hooks {
    host: Arc<RwLock<Option<Arc<dyn Host>>>>,
    /// Tells what no call can.
    log: Arc<HostLog>,
    lanes: [Lane; 4],
}

impl Hooks {
    /// # Errors
    /// `config` when a hook is missing without which another has no use.
    pub(crate) fn new(host: Arc<dyn Host>, handle: Handle) -> Result<Self> {
        for (one, other) in [(Hook::LoadTokens, Hook::SaveTokens), (Hook::LockTokens, Hook::UnlockTokens)] {
            if host.has(one) != host.has(other) {
                let (has, lacks) = if host.has(one) { (one, other) } else { (other, one) };
                return Err(Error::config(format!("there is {} but no {}", has.as_str(), lacks.as_str())));
            }
        }
        let has: Arc<[Hook]> = Hook::ALL.into_iter().filter(|hook| host.has(*hook)).collect();
        let host = Arc::new(RwLock::new(Some(host)));
        let lane = || Lane::new(Arc::clone(&host), Arc::clone(&has), handle.clone());
        let [store, listener, progress, log] = [lane(), lane(), lane(), lane()];
        Ok(Self { log: Arc::new(HostLog::new(log.clone())), lanes: [store, listener, progress, log], host })
    }

    /// The program's token store, if it has one.
    pub(crate) fn store(&self) -> Option<HostStore> {
        let [lane, ..] = &self.lanes;
        lane.has(Hook::LoadTokens).then(|| HostStore::new(lane.clone(), self.log()))
    }

    /// The program's listener of the quota, if it has one.
    pub(crate) fn listener(&self) -> Option<HostListener> {
        let [_, lane, ..] = &self.lanes;
        let is_there = lane.has(Hook::QuotaEvent) || lane.has(Hook::QuotaLimit);
        is_there.then(|| HostListener::new(lane.clone(), self.log()))
    }

    /// What shows the progress of calls, if the program does.
    pub(crate) fn progress(&self) -> Option<HostProgress> {
        let [_, _, lane, _] = &self.lanes;
        lane.has(Hook::Progress).then(|| HostProgress::new(lane.clone(), self.log()))
    }

    /// The program's log, if it has one.
    pub(crate) fn log(&self) -> Option<Arc<HostLog>> {
        let [.., lane] = &self.lanes;
        lane.has(Hook::Log).then(|| Arc::clone(&self.log))
    }

    /// Ends when the program's code has been given all that there was for it.
    pub(crate) async fn idle(&self) {
        for lane in &self.lanes {
            lane.idle().await;
        }
    }

    /// Lets go of the program's code: none of it is called any more, or kept alive.
    pub(crate) fn let_go(&self) {
        let host = self.host.write().unwrap_or_else(PoisonError::into_inner).take();
        // Not under the lock: what is dropped may be the program's.
        drop(host);
    }
}
