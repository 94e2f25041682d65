//! Where tokens are kept between processes.

mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod memory;

use std::fmt;
use std::fs::TryLockError;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Tokens;
use crate::config::StoreConfig;
#[cfg(not(feature = "keyring"))]
use crate::error::Error;
use crate::error::Result;
use crate::private_file;

pub use file::FileStore;
#[cfg(feature = "keyring")]
pub use keyring::KeyringStore;
pub use memory::MemoryStore;

/// Keeps the tokens of one sign-in.
///
/// [`TokenStore::save`] is called with a renewed token before anyone uses it. When it fails, the call fails.
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// What was saved last, if anything.
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>>;

    /// Replaces what was saved.
    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>>;

    /// Forgets what was saved. A store that cannot keeps tokens without a token.
    fn clear(&self) -> BoxFuture<'_, Result<()>> {
        self.save(Tokens::default())
    }

    /// Makes the caller the only one who renews the tokens of this store. None while somebody else is.
    ///
    /// A store that only one process uses has nothing to do here.
    ///
    /// # Errors
    /// `config` when that cannot be had at all.
    fn try_lease(&self) -> BoxFuture<'_, Result<Option<Lease>>> {
        Box::pin(async { Ok(Some(Lease::alone())) })
    }
}

/// The right to renew the tokens of a store. It ends when it is dropped, and has to end when its process dies.
pub struct Lease(Option<Box<dyn Send + Sync>>);

impl Lease {
    /// One that others are kept out by, as long as this value lives.
    pub fn held(by: impl Send + Sync + 'static) -> Self {
        Self(Some(Box::new(by)))
    }

    /// One of a store that keeps nobody out, as only one process uses it.
    #[must_use]
    pub fn alone() -> Self {
        Self(None)
    }

    /// Whether others have been kept out, so that what they did before can be read now.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Lease {{ is_shared: {} }}", self.is_shared())
    }
}

/// The store of the configuration; none for memory. What is named and cannot be had is an error: no other store takes its
/// place.
pub(crate) fn open_store(config: Option<&StoreConfig>) -> Result<Option<Arc<dyn TokenStore>>> {
    match config {
        None | Some(StoreConfig::Memory) => Ok(None),
        Some(StoreConfig::File(path)) => Ok(Some(Arc::new(FileStore::new(path)))),
        #[cfg(feature = "keyring")]
        Some(StoreConfig::Keyring(account)) => Ok(Some(Arc::new(KeyringStore::new(account)?))),
        #[cfg(not(feature = "keyring"))]
        Some(StoreConfig::Keyring(_)) => {
            Err(Error::config("token_store: this build of the client cannot use the keyring"))
        }
    }
}

/// A lease by a lock on this file, which the system takes back from a process that dies.
fn lock_file(path: &Path) -> std::io::Result<Option<Lease>> {
    // The file stays: whoever removed it would take the lock away from those who have it open.
    let file = private_file::options().create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lease::held(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
