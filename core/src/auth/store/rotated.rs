//! Where tokens are kept when nobody has said: in memory, until the identity server hands out another refresh token than
//! the configured one, which may work only once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use super::file::FileStore;
use super::{Lease, TokenStore, Tokens};
use crate::error::Result;
use crate::log::Log;
use crate::private_file;
use crate::redact::Secret;

/// Keeps tokens in memory, and those of a sign-in that rotates in a file of their own, so that the next process goes on
/// with them although it is given the first refresh token again.
///
/// Where the file cannot be written, the tokens end with the process, and a warning says so once.
pub(crate) struct RotatedStore {
    /// None where there is no folder for it.
    file: Option<PathBuf>,
    configured: Secret,
    log: Log,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    memory: Option<Tokens>,
    /// What is in memory belongs in the file, which could not be written.
    unwritten: bool,
    /// Whether the log says where the tokens are.
    reported: bool,
    /// Whether the log says that there is no file.
    warned: bool,
}

impl RotatedStore {
    /// `folder` is that of what the client keeps for this user.
    pub(crate) fn new(folder: Option<PathBuf>, client_id: &str, configured: Secret, log: Log) -> Self {
        // A new token that is given later has another file.
        let digest =
            Sha256::new().chain_update(client_id).chain_update([0]).chain_update(configured.expose());
        let name: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let file = folder.map(|folder| folder.join("tokens").join(format!("{name}.json")));
        Self { file, configured, log, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the refresh token is another than the configured one.
    fn is_new(&self, tokens: &Tokens) -> bool {
        tokens.refresh_token.as_ref().is_some_and(|token| *token != self.configured)
    }

    /// What is there already is not left old.
    fn belongs_in_file(&self, file: &Path, tokens: &Tokens) -> bool {
        self.is_new(tokens) || file.exists()
    }
}

/// Writes the file, and says where it is or what is in the way.
async fn write(file: &Path, tokens: Tokens) -> std::result::Result<String, String> {
    private_file::make_folder(file.parent().unwrap_or(file)).map_err(|error| error.to_string())?;
    FileStore::new(file).save(tokens).await.map_err(|error| error.message().to_owned())?;
    Ok(file.display().to_string())
}

impl fmt::Debug for RotatedStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RotatedStore({:?})", self.file)
    }
}

impl TokenStore for RotatedStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>>> {
        Box::pin(async {
            let (memory, unwritten) = {
                let state = self.lock();
                (state.memory.clone(), state.unwritten)
            };
            match &self.file {
                // Another process may have seen the first new refresh token.
                Some(file) if !unwritten => Ok(FileStore::new(file).load().await?.or(memory)),
                _ => Ok(memory),
            }
        })
    }

    fn save(&self, tokens: Tokens) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.lock().memory = Some(tokens.clone());
            let written = match &self.file {
                Some(file) if !self.belongs_in_file(file, &tokens) => return Ok(()),
                None if !self.is_new(&tokens) => return Ok(()),
                Some(file) => write(file, tokens).await,
                None => Err("there is no folder for it".into()),
            };
            let is_first = {
                let mut state = self.lock();
                state.unwritten = written.is_err();
                if written.is_ok() {
                    state.memory = None;
                    !std::mem::replace(&mut state.reported, true)
                } else {
                    !std::mem::replace(&mut state.warned, true)
                }
            };
            match written {
                _ if !is_first => {}
                Ok(place) => self.log.info(&format!(
                    "the identity server has replaced the refresh token; the new one is kept in {place}"
                )),
                Err(reason) => self.log.warn(&format!(
                    "the identity server has replaced the refresh token, and the new one cannot be kept ({reason}): it ends \
                     with this process, and the next one has to sign in again. Set token_store or state_dir to a place that \
                     can be written"
                )),
            }
            Ok(())
        })
    }

    fn clear(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            {
                let mut state = self.lock();
                (state.memory, state.unwritten) = (None, false);
            }
            match &self.file {
                Some(file) => FileStore::new(file).clear().await,
                None => Ok(()),
            }
        })
    }

    fn try_lease(&self) -> BoxFuture<'_, Result<Option<Lease>>> {
        Box::pin(async {
            // Where nothing can be written, nothing is shared.
            let Some(file) = &self.file else { return Ok(Some(Lease::alone())) };
            if private_file::make_folder(file.parent().unwrap_or(file)).is_err() {
                return Ok(Some(Lease::alone()));
            }
            Ok(FileStore::new(file).try_lease().await.unwrap_or_else(|_| Some(Lease::alone())))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::log::{Level, Lines};
    use crate::redact::Secrets;

    fn tokens(refresh_token: &str) -> Tokens {
        Tokens {
            access_token: Some(Secret::new("access")),
            refresh_token: Some(Secret::new(refresh_token)),
            ..Tokens::default()
        }
    }

    fn store(folder: Option<&Path>, client_id: &str, configured: &str) -> (RotatedStore, Arc<Lines>) {
        let lines = Arc::new(Lines::default());
        let log = Log { sink: Arc::clone(&lines) as _, secrets: Secrets::default() };
        (RotatedStore::new(folder.map(Path::to_owned), client_id, Secret::new(configured), log), lines)
    }

    async fn held(store: &RotatedStore) -> Option<String> {
        let tokens = store.load().await.unwrap()?;
        tokens.refresh_token.map(|token| token.expose().to_owned())
    }

    #[tokio::test]
    async fn only_another_refresh_token_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let (one, lines) = store(Some(&state), "app", "given");
        let path = one.file.clone().unwrap();
        one.save(tokens("given")).await.unwrap();
        assert_eq!((held(&one).await.as_deref(), path.exists()), (Some("given"), false));
        assert!(held(&store(Some(&state), "app", "given").0).await.is_none());
        for rotated in ["second", "third"] {
            one.save(tokens(rotated)).await.unwrap();
            assert_eq!(held(&one).await.as_deref(), Some(rotated));
        }
        let lines = lines.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].0 == Level::Info && lines[0].1.contains(&path.display().to_string()), "{lines:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
        // The next process; another application; a token that was given later.
        let next = store(Some(&state), "app", "given").0;
        assert_eq!(held(&next).await.as_deref(), Some("third"));
        assert!(held(&store(Some(&state), "other", "given").0).await.is_none());
        assert!(held(&store(Some(&state), "app", "given later").0).await.is_none());
        // The given one is good again: nothing old is left.
        next.save(tokens("given")).await.unwrap();
        assert_eq!(held(&store(Some(&state), "app", "given").0).await.as_deref(), Some("given"));
        next.clear().await.unwrap();
        assert!(!path.exists() && held(&next).await.is_none());
        // Nor does another that is open bring it back.
        assert!(held(&one).await.is_none());
    }

    #[tokio::test]
    async fn one_process_renews_at_a_time_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) =
            (store(Some(folder.path()), "app", "given").0, store(Some(folder.path()), "app", "given").0);
        let lease = one.try_lease().await.unwrap().unwrap();
        assert!(lease.is_shared() && other.try_lease().await.unwrap().is_none());
        // What another process has been given is seen although this one has tokens in memory.
        other.save(tokens("given")).await.unwrap();
        one.save(tokens("second")).await.unwrap();
        drop(lease);
        assert!(other.try_lease().await.unwrap().is_some());
        assert_eq!(held(&other).await.as_deref(), Some("second"));
    }

    #[tokio::test]
    async fn where_nothing_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("no-folder");
        std::fs::write(&file, "").unwrap();
        for folder in [None, Some(file.as_path()), Some(Path::new("/dev/null/state"))] {
            let (store, lines) = store(folder, "app", "given");
            assert!(held(&store).await.is_none());
            assert!(!store.try_lease().await.unwrap().unwrap().is_shared());
            store.check().await.unwrap();
            for refresh_token in ["given", "second", "third"] {
                store.save(tokens(refresh_token)).await.unwrap();
                assert_eq!(held(&store).await.as_deref(), Some(refresh_token));
            }
            let lines = lines.take();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].0 == Level::Warn && lines[0].1.contains("cannot be kept"), "{lines:?}");
            store.clear().await.unwrap();
            assert!(held(&store).await.is_none());
        }
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_not_replaced_by_what_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(Some(folder.path()), "app", "given").0;
        store.save(tokens("second")).await.unwrap();
        let path = store.file.clone().unwrap();
        let kept = folder.path().join("kept");
        // A folder in its place: no file can be renamed to it.
        std::fs::rename(&path, &kept).unwrap();
        std::fs::create_dir(&path).unwrap();
        store.save(tokens("third")).await.unwrap();
        std::fs::remove_dir(&path).unwrap();
        std::fs::rename(&kept, &path).unwrap();
        assert_eq!(held(&store).await.as_deref(), Some("third"));
        store.save(tokens("fourth")).await.unwrap();
        assert_eq!(
            held(&self::store(Some(folder.path()), "app", "given").0).await.as_deref(),
            Some("fourth")
        );
    }
}
