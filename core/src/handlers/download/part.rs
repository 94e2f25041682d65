//! A file that takes the place of another one when it is complete, or is not there.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use crate::error::{Error, Result};
use crate::own::Outcome;

/// A file that becomes another one when it is complete. Until then it lies beside that, and is removed if it never is.
pub(super) struct Part {
    file: File,
    here: PathBuf,
    target: PathBuf,
    complete: bool,
}

impl Part {
    pub(super) async fn beside(target: &Path) -> Result<Self> {
        let shown = target.display();
        // Where a link leads to is replaced, and not the link.
        let target = tokio::fs::canonicalize(target).await.unwrap_or_else(|_| target.to_owned());
        let present = tokio::fs::metadata(&target).await.ok();
        let name = match target.file_name() {
            Some(name) if !present.as_ref().is_some_and(Metadata::is_dir) => name.to_string_lossy(),
            _ => return Err(Error::config(format!("{shown} is a folder; name a file in it"))),
        };
        if present.is_some_and(|present| !present.is_file()) {
            return Err(Error::config(format!("{shown} is no regular file; name one, or a new one")));
        }
        let here = target.with_file_name(format!(".{name}.{}.part", uuid::Uuid::new_v4()));
        let file = OpenOptions::new().write(true).create_new(true).open(&here).await;
        let file = file.map_err(|error| failed(&target, &error))?;
        Ok(Self { file, here, target, complete: false })
    }

    /// Adds bytes at its end.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).await.map_err(|error| self.failed(&error))
    }

    /// Drops what it holds: the file comes from its beginning once more.
    pub(super) async fn clear(&mut self) -> Result<()> {
        let cleared = async {
            self.file.flush().await?;
            self.file.set_len(0).await?;
            self.file.rewind().await.map(|_| ())
        };
        cleared.await.map_err(|error| self.failed(&error))
    }

    /// Puts the file in its place.
    pub(super) async fn finish(&mut self) -> Result<()> {
        let finished = async {
            self.file.flush().await?;
            self.file.sync_all().await?;
            tokio::fs::rename(&self.here, &self.target).await
        };
        finished.await.map_err(|error| self.failed(&error))?;
        self.complete = true;
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        failed(&self.target, error).with_outcome(Outcome::Applied)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.complete {
            // What cannot be removed now is of no use to anybody, and hurts nobody.
            let _ = std::fs::remove_file(&self.here);
        }
    }
}

fn failed(target: &Path, error: &std::io::Error) -> Error {
    Error::config(format!("{} cannot be written: {error}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(target: &Path) -> Result<()> {
        let mut part = Part::beside(target).await?;
        part.write(b"a beginning").await?;
        part.clear().await?;
        part.write(b"new").await?;
        part.finish().await
    }

    #[tokio::test]
    async fn a_file_takes_the_place_of_another_one_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        drop(Part::beside(&file).await.unwrap());
        assert_eq!(std::fs::read(&file).unwrap(), b"old");
        put(&file).await.unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        #[cfg(unix)]
        {
            std::fs::write(&file, "old").unwrap();
            std::os::unix::fs::symlink(&file, &link).unwrap();
            put(&link).await.unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read(&file).unwrap(), b"new");
        }
        let left: Vec<_> =
            folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "file" || name == "link"), "{left:?}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_a_regular_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let error = put(&socket).await.unwrap_err();
        assert!(error.message().contains("is no regular file"), "{error}");
        let error = put(folder.path()).await.unwrap_err();
        assert!(error.message().contains("is a folder"), "{error}");
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}
