//! Where tokens are kept between processes.

mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod lock;
mod memory;
mod rotated;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::tokens::Tokens;
use crate::clock::Clock;
use crate::config::StoreConfig;
use crate::error::{Error, Failure, Result};
use crate::own::ErrorKind;

pub use file::FileStore;
#[cfg(feature = "keyring")]
pub use keyring::KeyringStore;
pub(crate) use lock::ForkGuard;
pub use memory::MemoryStore;
pub(crate) use rotated::RotatedStore;

/// Keeps the tokens of one sign-in.
///
/// [`TokenStore::save`] is called with a renewed token before any request uses it. If it fails, the call fails.
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The tokens that were saved last, if any.
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>>;

    /// Replaces the saved tokens.
    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>>;

    /// Whether a first save would succeed. Called before tokens are fetched that work only once.
    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Removes the saved tokens. A store that cannot do this saves empty tokens.
    fn clear(&self) -> BoxFuture<'_, Result<()>> {
        self.save(Tokens::default())
    }

    /// Takes the lock that lets only the caller renew the tokens of this store. `None` while another process has it.
    ///
    /// A store that only one process uses needs no lock.
    ///
    /// # Errors
    /// `config` when the lock cannot be taken at all.
    fn try_lease(&self) -> BoxFuture<'_, Result<Option<Lease>>> {
        Box::pin(async { Ok(Some(Lease::alone())) })
    }
}

/// How often a lease that another process has is asked for, and how long. An exchange has its own limits below that.
const STEP: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(120);

/// Waits until nobody else renews the tokens of a store.
pub(crate) async fn lease(store: &dyn TokenStore, clock: &dyn Clock) -> Result<Lease> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(lease) = store.try_lease().await? {
            return Ok(lease);
        }
        if waited >= LONGEST {
            let text = format!(
                "another process has been renewing the tokens for {} s and keeps their store locked",
                waited.as_secs()
            );
            return Err(Error::new(ErrorKind::Timeout, text).with_failure(Failure::SignIn));
        }
        clock.pause(STEP).await;
        waited += STEP;
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

/// The store of the configuration; `None` for memory, and if no store is configured. A named store that cannot be used is an
/// error: no other store replaces it.
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
