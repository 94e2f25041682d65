//! What is kept of an identity server for all clients of the process that use it: its discovery document and its keys.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;
use url::Url;

/// How long a document and keys are believed, in seconds.
const LIFETIME: u64 = 3600;

/// What is known of one identity server.
#[derive(Debug, Default)]
pub(crate) struct ProviderCache {
    pub(super) document: Mutex<Option<Kept<Value>>>,
    pub(super) keys: Mutex<Option<Kept<JwkSet>>>,
}

#[derive(Debug)]
pub(super) struct Kept<T> {
    content: Arc<T>,
    /// Unix seconds.
    fetched: u64,
}

type Caches = HashMap<(Url, Option<String>), Arc<ProviderCache>>;

static CACHES: LazyLock<Mutex<Caches>> = LazyLock::new(Mutex::default);

impl ProviderCache {
    /// The one of this process for an identity server, reached with these certificates.
    ///
    /// A server that signs many people in makes a session for each, and all of them need the same keys.
    pub(crate) fn shared(base: &Url, certificates: Option<&str>) -> Arc<Self> {
        let key = (base.clone(), certificates.map(str::to_owned));
        Arc::clone(CACHES.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }
}

/// Held during a fork. The child begins with caches of its own: a thread that it does not have may have locked one.
pub(crate) struct ForkGuard {
    parent: u32,
    caches: MutexGuard<'static, Caches>,
}

impl ForkGuard {
    pub(crate) fn new() -> Self {
        let caches = CACHES.lock().unwrap_or_else(PoisonError::into_inner);
        Self { parent: std::process::id(), caches }
    }
}

impl Drop for ForkGuard {
    fn drop(&mut self) {
        if std::process::id() != self.parent {
            self.caches.clear();
        }
    }
}

/// What is kept and still believed.
pub(super) fn kept<T>(place: &Mutex<Option<Kept<T>>>, now: u64) -> Option<Arc<T>> {
    let kept = place.lock().unwrap_or_else(PoisonError::into_inner);
    // A clock that went back makes it old too.
    let kept = kept.as_ref().filter(|kept| (kept.fetched..kept.fetched + LIFETIME).contains(&now));
    kept.map(|kept| Arc::clone(&kept.content))
}

/// Keeps it in place of what was kept before.
pub(super) fn keep<T>(place: &Mutex<Option<Kept<T>>>, now: u64, content: T) -> Arc<T> {
    let content = Arc::new(content);
    let kept = Kept { content: Arc::clone(&content), fetched: now };
    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    content
}
