//! Files that only their owner may read, replaced as a whole: tokens and credentials.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The text of a file, if it is there. `what` names it in errors.
///
/// # Errors
/// `config` when it cannot be read, or when others may read it.
pub(crate) fn read(what: &str, path: &Path) -> Result<Option<String>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(failed(what, path, "read", &error)),
    };
    private(what, path)?;
    Ok(Some(text))
}

/// Replaces a file: who reads it meanwhile gets the old content or the new. A link stays, and what it points to is replaced.
pub(crate) fn replace(what: &str, path: &Path, content: &[u8]) -> Result<()> {
    let path = &resolved(path);
    let fresh = beside(path, uuid::Uuid::new_v4());
    let written = fill(&fresh, content).and_then(|()| {
        std::fs::rename(&fresh, path)?;
        sync_folder(path)
    });
    written.map_err(|error| {
        // What is left of a failed attempt holds secrets.
        let _ = std::fs::remove_file(&fresh);
        failed(what, path, "written", &error)
    })
}

/// Whether the file could be replaced: writes one beside it that is as large as tokens are.
pub(crate) fn check(what: &str, path: &Path) -> Result<()> {
    let path = &resolved(path);
    if path.is_dir() {
        return Err(failed(what, path, "written", &std::io::ErrorKind::IsADirectory.into()));
    }
    let fresh = beside(path, uuid::Uuid::new_v4());
    let written = fill(&fresh, &[b' '; 16 * 1024]);
    // Where it was not made, there is nothing to remove.
    let _ = std::fs::remove_file(&fresh);
    written.map_err(|error| failed(what, path, "written", &error))
}

fn fill(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = options().create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Removes what replacements have left that were cut off: it holds secrets. Nobody may be replacing the file meanwhile.
pub(crate) fn remove_remains(path: &Path) {
    let path = resolved(path);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
    let prefix = format!(".{}.", name.to_string_lossy());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ending = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        if ending.is_some_and(|ending| uuid::Uuid::parse_str(ending).is_ok()) {
            // What cannot be removed may be the next time.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Removes a file, where it is there: that which a link points to, as that is what was written.
pub(crate) fn remove(what: &str, path: &Path) -> Result<()> {
    let path = &resolved(path);
    match std::fs::remove_file(path).and_then(|()| sync_folder(path)) {
        Err(error) if !is_missing(&error) => Err(failed(what, path, "removed", &error)),
        _ => {
            remove_remains(path);
            Ok(())
        }
    }
}

/// A folder that only its owner may enter, made where it is missing.
pub(crate) fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(path)
}

/// How many links may point to each other, as on Linux.
const MOST_LINKS: usize = 40;

/// The file that a link points to, also where that is not there yet.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(whole) = std::fs::canonicalize(&path) {
            return whole;
        }
        let Ok(target) = std::fs::read_link(&path) else { break };
        // A relative target begins at the folder of its link.
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// A renaming is lost in a power cut while only the file is on the disk.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// A file beside this one, hidden.
pub(crate) fn beside(path: &Path, ending: impl fmt::Display) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{ending}"))
}

/// For writing a file that only its owner may read.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether there is no such file, as there is no such folder perhaps.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn failed(what: &str, path: &Path, done: &str, error: &std::io::Error) -> Error {
    Error::config(format!("{what} {} cannot be {done}: {error}", path.display()))
}

#[cfg(unix)]
fn private(what: &str, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_or(0o600, |about| about.permissions().mode()) & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Error::config(format!("others may read {what} {path} (mode {mode:o}); chmod 600 {path}")))
}

#[cfg(not(unix))]
fn private(_what: &str, _path: &Path) -> Result<()> {
    Ok(())
}
