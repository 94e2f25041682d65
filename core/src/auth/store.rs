//! Where tokens are kept between processes.

use std::fmt;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::Tokens;
use crate::error::{Error, Result};

/// Keeps the tokens of one sign-in.
///
/// [`TokenStore::save`] is called with a renewed token before anyone uses it. When it fails, the call fails.
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// What was saved last, if anything.
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>>;

    /// Replaces what was saved.
    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>>;

    /// Makes the caller the only one who renews the tokens of this store. None while somebody else is.
    ///
    /// A store that only one process uses has nothing to do here.
    ///
    /// # Errors
    /// `config` when that cannot be had at all.
    fn try_lease(&self) -> Result<Option<Lease>> {
        Ok(Some(Lease::default()))
    }
}

/// The right to renew the tokens of a store. It ends when it is dropped, and when its process dies.
#[derive(Debug, Default)]
pub struct Lease(Option<std::fs::File>);

impl Lease {
    /// Whether others have been kept out, so that what they did before can be read now.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_some()
    }
}

/// Keeps tokens as long as the process lives.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Option<Tokens>>);

impl TokenStore for MemoryStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move { Ok(tokens) })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens);
        Box::pin(async { Ok(()) })
    }
}

/// Keeps tokens in a file that only its owner may read, replaced as a whole.
///
/// Of all processes that use the file one renews at a time. They agree by a lock on `.NAME.lock` beside it, which the
/// system takes back from a process that dies.
#[derive(Debug)]
pub struct FileStore(PathBuf);

impl FileStore {
    /// A store at this path. The file is made at the first save; its folder has to be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Error {
        Error::config(format!("the token file {} cannot be {what}: {error}", self.0.display()))
    }

    /// A file beside this one, hidden.
    fn beside(&self, ending: impl fmt::Display) -> PathBuf {
        let name = self.0.file_name().unwrap_or_default().to_string_lossy();
        self.0.with_file_name(format!(".{name}.{ending}"))
    }

    fn read(&self) -> Result<Option<Tokens>> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", &error)),
        };
        private(&self.0)?;
        let value = serde_json::from_str(&text).ok();
        value.as_ref().and_then(Tokens::from_json).map(Some).ok_or_else(|| {
            Error::config(format!(
                "the token file {} does not hold tokens; remove it and sign in again",
                self.0.display()
            ))
        })
    }

    fn write(&self, tokens: &Tokens) -> Result<()> {
        use std::io::Write as _;
        let beside = self.beside(uuid::Uuid::new_v4());
        let written = owned().create_new(true).open(&beside).and_then(|mut file| {
            file.write_all(tokens.to_json().to_string().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&beside, &self.0)
        });
        written.map_err(|error| {
            // What is left of a failed attempt holds tokens.
            let _ = std::fs::remove_file(&beside);
            self.failed("written", &error)
        })
    }
}

/// For a file that only its owner may read.
fn owned() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_or(0o600, |about| about.permissions().mode()) & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Error::config(format!("others may read the token file {path} (mode {mode:o}); chmod 600 {path}")))
}

#[cfg(not(unix))]
fn private(_path: &Path) -> Result<()> {
    Ok(())
}

impl TokenStore for FileStore {
    // Both are short and rare: a file of a few kilobytes, read once and written a few times a day.
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        Box::pin(async { self.read() })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.write(&tokens) })
    }

    fn try_lease(&self) -> Result<Option<Lease>> {
        // The file stays: whoever removed it would take the lock away from those who have it open.
        let failed = |error: &std::io::Error| self.failed("locked", error);
        let file =
            owned().create(true).truncate(false).open(self.beside("lock")).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lease(Some(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    #[tokio::test]
    async fn a_file_store_keeps_and_protects() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        let store = FileStore::new(&path);
        assert!(store.load().await.unwrap().is_none());
        let tokens =
            Tokens { refresh_token: Some(Secret::new("marker")), expires_at: Some(7), ..Tokens::default() };
        store.save(tokens).await.unwrap();
        let loaded = store.load().await.unwrap().unwrap();
        assert_eq!((loaded.refresh_token.unwrap().expose(), loaded.expires_at), ("marker", Some(7)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(store.load().await.unwrap_err().message().contains("chmod 600"));
        }
        std::fs::write(&path, "[]").unwrap();
        assert!(store.load().await.is_err());
    }

    #[test]
    fn one_renews_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        let (one, other) = (FileStore::new(&path), FileStore::new(&path));
        let lease = one.try_lease().unwrap().unwrap();
        assert!(lease.is_shared() && other.try_lease().unwrap().is_none());
        drop(lease);
        assert!(other.try_lease().unwrap().is_some());
        let error = FileStore::new("/nonexistent/tokens.json").try_lease().unwrap_err();
        assert!(error.message().contains("cannot be locked"), "{error}");
    }
}
