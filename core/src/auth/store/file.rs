//! Tokens in a file.

use std::path::PathBuf;

use futures_util::future::BoxFuture;

use super::lock::try_lock;
use super::{Lease, TokenStore, Tokens};
use crate::error::{Error, Result};
use crate::private_file;

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

    fn read(&self) -> Result<Option<Tokens>> {
        let text = match private_file::read("the token file", &self.0)? {
            Some(text) => text,
            None => return Ok(None),
        };
        let value = serde_json::from_str(&text).ok();
        value.as_ref().and_then(Tokens::from_json).map(Some).ok_or_else(|| {
            Error::config(format!(
                "the token file {} does not hold tokens; remove it and sign in again",
                self.0.display()
            ))
        })
    }
}

impl TokenStore for FileStore {
    // Both are short and rare: a file of a few kilobytes, read once and written a few times a day.
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        Box::pin(async { self.read() })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            private_file::replace("the token file", &self.0, tokens.to_json().to_string().as_bytes())?;
            private_file::remove_remains(&self.0);
            Ok(())
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { private_file::check("the token file", &self.0) })
    }

    fn clear(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { private_file::remove("the token file", &self.0) })
    }

    fn try_lease(&self) -> BoxFuture<'_, Result<Option<Lease>>> {
        Box::pin(async {
            try_lock(&private_file::beside(&private_file::resolved(&self.0), "lock")).map_err(|error| {
                Error::config(format!("the token file {} cannot be locked: {error}", self.0.display()))
            })
        })
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
        store.check().await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(FileStore::new(folder.path().join("missing/tokens.json")).check().await.is_err());
        std::fs::write(&path, "[]").unwrap();
        assert!(store.load().await.is_err());
        store.clear().await.unwrap();
        store.clear().await.unwrap();
        assert!(store.load().await.unwrap().is_none());
    }

    fn tokens(refresh_token: &str) -> Tokens {
        Tokens { refresh_token: Some(Secret::new(refresh_token)), ..Tokens::default() }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_was_written_through_a_link_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("away")).unwrap();
        // A link to a link, which is relative, to a file that is not there yet.
        std::os::unix::fs::symlink(path("second"), path("first")).unwrap();
        std::os::unix::fs::symlink("away/tokens.json", path("second")).unwrap();
        let store = FileStore::new(path("first"));
        store.clear().await.unwrap();
        for _ in 0..2 {
            store.check().await.unwrap();
            let lease = store.try_lease().await.unwrap().unwrap();
            assert!(FileStore::new(path("away/tokens.json")).try_lease().await.unwrap().is_none());
            drop(lease);
            store.save(tokens("marker")).await.unwrap();
            assert!(std::fs::read_to_string(path("away/tokens.json")).unwrap().contains("marker"));
            assert!(path("first").is_symlink() && path("second").is_symlink());
            // What a save that was cut off has left holds tokens too.
            let remains = private_file::beside(&path("away/tokens.json"), uuid::Uuid::new_v4());
            std::fs::write(&remains, "marker").unwrap();
            store.clear().await.unwrap();
            assert!(!path("away/tokens.json").exists() && !remains.exists());
            assert!(path("first").is_symlink() && store.load().await.unwrap().is_none());
        }
        // A folder cannot be written, and is not removed.
        std::os::unix::fs::symlink(path("away"), path("folder")).unwrap();
        let store = FileStore::new(path("folder"));
        for error in [store.save(tokens("marker")).await.unwrap_err(), store.clear().await.unwrap_err()] {
            assert!(error.message().contains("the token file"), "{error}");
        }
        assert!(path("away").is_dir() && path("folder").is_symlink());
    }

    #[tokio::test]
    async fn one_renews_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        let (one, other) = (FileStore::new(&path), FileStore::new(&path));
        let lease = one.try_lease().await.unwrap().unwrap();
        assert!(lease.is_shared() && other.try_lease().await.unwrap().is_none());
        drop(lease);
        assert!(other.try_lease().await.unwrap().is_some());
        let error = FileStore::new("/nonexistent/tokens.json").try_lease().await.unwrap_err();
        assert!(error.message().contains("cannot be locked"), "{error}");
    }
}
