//! A file that takes the place of another one when it is complete, or is not there.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::place::{Place, unwritable};
use crate::error::{Error, Result};
use crate::own::Outcome;

/// Letters of a file's name that the name of its part begins with: a name may be only so long.
const SHOWN: usize = 40;

/// A file that becomes another one when it is complete. Until then it lies beside that, and is removed if it never is.
pub(super) struct Part {
    file: Arc<File>,
    /// What goes on with it in another thread, while the next bytes arrive.
    under_way: Option<JoinHandle<io::Result<()>>>,
    here: PathBuf,
    /// As the program names it.
    named: PathBuf,
    target: PathBuf,
    complete: bool,
}

impl Part {
    pub(super) async fn beside(target: &Path) -> Result<Self> {
        let target = target.to_owned();
        // In one piece: a part that nobody waits for any more is removed when it has been made.
        let made = spawn_blocking(move || {
            let place = Place::find(&target)?;
            Self::of(&place).map_err(|error| unwritable(&target, &error))
        });
        made.await.map_err(Error::internal)?
    }

    fn of(place: &Place) -> io::Result<Self> {
        let name: String = place.name.to_string_lossy().chars().take(SHOWN).collect();
        let here = place.folder.join(format!(".{name}.{}.part", uuid::Uuid::new_v4()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if let Some(present) = &place.present {
            use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
            // Nobody reads the new file who may not read the old one, not even for a moment.
            options.mode(present.mode() & 0o700);
        }
        let file = Arc::new(options.open(&here)?);
        let (named, target) = (place.named.clone(), place.path());
        let part = Self { file, under_way: None, here, named, target, complete: false };
        if let Some(present) = &place.present {
            keep_rights(&part.here, present)?;
        }
        Ok(part)
    }

    /// Adds bytes at its end. What fails with them is the error of what is done next.
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.begin(move |mut file| file.write_all(&bytes)).await
    }

    /// Drops what it holds: the file comes from its beginning once more.
    pub(super) async fn clear(&mut self) -> Result<()> {
        self.begin(|mut file| file.set_len(0).and_then(|()| file.rewind())).await
    }

    /// Puts the file in its place. What a power cut takes of it is not waited for: it can be had again.
    pub(super) async fn finish(&mut self) -> Result<()> {
        let (here, target) = (self.here.clone(), self.target.clone());
        self.begin(move |_| std::fs::rename(here, target)).await?;
        self.end().await?;
        self.complete = true;
        Ok(())
    }

    /// Begins something when what went on has ended.
    async fn begin(&mut self, act: impl FnOnce(&File) -> io::Result<()> + Send + 'static) -> Result<()> {
        self.end().await?;
        let file = Arc::clone(&self.file);
        self.under_way = Some(spawn_blocking(move || act(&file)));
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        let Some(under_way) = &mut self.under_way else { return Ok(()) };
        let ended = under_way.await.map_err(Error::internal);
        self.under_way = None;
        ended?.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Error {
        unwritable(&self.named, error).with_outcome(Outcome::Applied)
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

/// Gives a new file the owner, the group and the permissions of the one that it replaces.
#[cfg(unix)]
fn keep_rights(file: &Path, present: &Metadata) -> io::Result<()> {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let own = std::fs::metadata(file)?;
    // Not those to run as its owner: other bytes are in it now.
    let mut mode = present.mode() & 0o777;
    // Few may give a file away. To whom it cannot be given, its writer keeps it.
    if own.gid() != present.gid() && chown(file, None, Some(present.gid())).is_err() {
        mode = of_another_group(mode);
    }
    if own.uid() != present.uid() {
        let _ = chown(file, Some(present.uid()), None);
    }
    set_permissions(file, Permissions::from_mode(mode))
}

/// The permissions of a file for a group that had none of its own: no more than everybody has.
#[cfg(unix)]
fn of_another_group(mode: u32) -> u32 {
    mode & (0o707 | (mode & 0o007) << 3)
}

/// Elsewhere a new file has the rights of its folder.
#[cfg(not(unix))]
fn keep_rights(_file: &Path, _present: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(target: &Path) -> Result<()> {
        let mut part = Part::beside(target).await?;
        part.write(Bytes::from_static(b"a beginning")).await?;
        part.clear().await?;
        part.write(Bytes::from_static(b"new")).await?;
        part.finish().await
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_file_takes_the_place_of_another_one_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "old").unwrap();
        drop(Part::beside(&path("file")).await.unwrap());
        assert_eq!(std::fs::read(path("file")).unwrap(), b"old");
        put(&path("file")).await.unwrap();
        assert_eq!(std::fs::read(path("file")).unwrap(), b"new");
        // As long as a name may be.
        let long = "ü".repeat(127);
        put(&path(&long)).await.unwrap();
        assert_eq!(names(folder.path()), ["file", &long]);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_link_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "old").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        std::os::unix::fs::symlink("new", path("to_new")).unwrap();
        for (link, file) in [("link", "file"), ("to_new", "new")] {
            put(&path(link)).await.unwrap();
            assert!(path(link).is_symlink());
            assert_eq!(std::fs::read(path(file)).unwrap(), b"new");
        }
        assert_eq!(names(folder.path()), ["file", "link", "new", "to_new"]);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_keeps_the_permissions_of_the_one_before() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        for mode in [0o600, 0o664, 0o755, 0o4755] {
            std::fs::write(&file, "old").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let part = Part::beside(&file).await.unwrap();
            assert_eq!(std::fs::metadata(&part.here).unwrap().mode() & 0o7777, mode & 0o777);
            drop(part);
            put(&file).await.unwrap();
            assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o7777, mode & 0o777);
        }
        // A new file has those of any new file.
        let (new, other) = (folder.path().join("new"), folder.path().join("other"));
        std::fs::write(&other, "").unwrap();
        put(&new).await.unwrap();
        assert_eq!(std::fs::metadata(new).unwrap().mode(), std::fs::metadata(other).unwrap().mode());
    }

    #[cfg(unix)]
    #[test]
    fn a_group_that_could_not_read_the_file_before_cannot_read_it_now() {
        for (mode, expected) in [(0o640, 0o600), (0o664, 0o644), (0o777, 0o777), (0o604, 0o604)] {
            assert_eq!(of_another_group(mode), expected, "{mode:o}");
        }
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

    /// Whenever the one who waits for it goes away, nothing is left.
    #[tokio::test]
    async fn a_part_that_is_not_waited_for_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        for polls in 0..6 {
            let mut putting = Box::pin(put(&file));
            for _ in 0..polls {
                let _ = futures_util::poll!(&mut putting);
                tokio::task::yield_now().await;
            }
            drop(putting);
        }
        // What is under way in other threads is waited for by something that comes behind it.
        while names(folder.path()).iter().any(|name| name != "file") {
            tokio::task::yield_now().await;
        }
    }
}
