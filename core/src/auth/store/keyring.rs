//! Tokens in the keyring of the operating system: Secret Service, Keychain, Credential Manager.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use keyring_core::{CredentialStore, Entry};
use sha2::{Digest as _, Sha256};

use super::lock::try_lock;
use super::{Lease, TokenStore, Tokens};
use crate::error::{Error, Result};
use crate::folders::user_state_folder;

/// Under which name the keyring shows the entries.
const SERVICE: &str = "beproduct-client";

/// Keeps tokens in the keyring of the user who is logged in to this machine.
///
/// Of all processes that use the same entry one renews at a time. They agree by a lock on a file in the user's state
/// folder, which the system takes back from a process that dies.
#[derive(Debug)]
pub struct KeyringStore {
    account: String,
    lock: PathBuf,
}

impl KeyringStore {
    /// The entry of this name.
    ///
    /// # Errors
    /// `config` when there is no folder for the lock.
    pub fn new(account: impl Into<String>) -> Result<Self> {
        let account = account.into();
        let folder = user_state_folder()?;
        std::fs::create_dir_all(&folder).map_err(|error| {
            Error::config(format!("the folder {} cannot be created: {error}", folder.display()))
        })?;
        let name: String =
            Sha256::digest(&account).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { lock: folder.join(format!("keyring-{name}.lock")), account })
    }

    /// Runs what may ask the person to unlock the keyring where it may block.
    async fn with_entry<T: Send + 'static>(
        &self,
        done: &'static str,
        act: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<Option<T>> {
        let account = self.account.clone();
        let worked = tokio::task::spawn_blocking(move || {
            // Opened each time: a connection would not outlive a fork.
            let entry = Entry::new_in_store(&open()?, SERVICE, &account)?;
            act(&entry)
        });
        match worked.await {
            Ok(Ok(value)) => Ok(Some(value)),
            Ok(Err(keyring_core::Error::NoEntry)) => Ok(None),
            Ok(Err(error)) => Err(self.failed(done, &error)),
            Err(error) => Err(self.failed(done, &error)),
        }
    }

    fn failed(&self, done: &str, error: &dyn std::error::Error) -> Error {
        let hint = if cfg!(target_os = "linux") {
            ". It needs a session bus, a Secret Service on it (such as gnome-keyring), and a keyring that is there and unlocked; \
             token_store {\"file\": ...} needs none of them"
        } else {
            ""
        };
        Error::config(format!("the keyring entry {:?} cannot be {done}: {error}{hint}", self.account))
    }
}

#[cfg(target_os = "macos")]
fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(dbus_secret_service_keyring_store::Store::new()?)
}

impl TokenStore for KeyringStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        Box::pin(async {
            let Some(text) = self.with_entry("read", Entry::get_password).await? else { return Ok(None) };
            let value = serde_json::from_str(&text).ok();
            value.as_ref().and_then(Tokens::from_json).map(Some).ok_or_else(|| {
                Error::config(format!(
                    "the keyring entry {:?} does not hold tokens; remove it and sign in again",
                    self.account
                ))
            })
        })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let text = tokens.to_json().to_string();
            self.with_entry("written", move |entry| entry.set_password(&text)).await.map(drop)
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            // An entry of this name that is there already can be replaced.
            if self.with_entry("read", Entry::get_password).await?.is_some() {
                return Ok(());
            }
            let empty = Tokens::default().to_json().to_string();
            self.with_entry("written", move |entry| {
                entry.set_password(&empty)?;
                entry.delete_credential()
            })
            .await
            .map(drop)
        })
    }

    fn clear(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { self.with_entry("removed", Entry::delete_credential).await.map(drop) })
    }

    fn try_lease(&self) -> BoxFuture<'_, Result<Option<Lease>>> {
        Box::pin(async {
            try_lock(&self.lock).map_err(|error| {
                Error::config(format!("the lock of the keyring entry {:?}: {error}", self.account))
            })
        })
    }
}
