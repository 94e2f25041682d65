//! Where a file is to be written: which file that is, and whether two places are the same one.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf, is_separator};

use crate::error::{Error, Result};

/// How many links may lead to a file that is not there yet, one behind the other.
const MOST_LINKS: usize = 40;

/// A place for a file, whatever links lead to it.
#[derive(Debug)]
pub(super) struct Place {
    /// As the program names it.
    pub(super) named: PathBuf,
    /// A folder that is there, without links.
    pub(super) folder: PathBuf,
    pub(super) name: OsString,
    /// The file that is replaced.
    pub(super) present: Option<Metadata>,
}

impl Place {
    /// The place that a path leads to. It blocks.
    ///
    /// # Errors
    /// `config` for what cannot be a file.
    pub(super) fn find(named: &Path) -> Result<Self> {
        let wrong = |what: &str| Err(Error::config(format!("{} {what}", named.display())));
        let mut path = named.to_owned();
        // Where a link leads to is replaced, and not the link.
        for _ in 0..MOST_LINKS {
            match fs::canonicalize(&path) {
                Ok(there) => {
                    let present = fs::metadata(&there).map_err(|error| unwritable(named, &error))?;
                    return match (there.parent(), there.file_name()) {
                        (Some(folder), Some(name)) if present.is_file() => {
                            match present.permissions().readonly() {
                                true => wrong("is read-only; make it writable, or name another file"),
                                false => Ok(Self {
                                    named: named.to_owned(),
                                    folder: folder.to_owned(),
                                    name: name.to_owned(),
                                    present: Some(present),
                                }),
                            }
                        }
                        (Some(_), Some(_)) if !present.is_dir() => {
                            wrong("is no regular file; name one, or a new one")
                        }
                        _ => wrong("is a folder; name a file in it"),
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unwritable(named, &error)),
            }
            match fs::read_link(&path) {
                Ok(next) => path = folder_of(&path).join(next),
                Err(_) => return Self::of_new(named, &path),
            }
        }
        wrong("cannot be written: too many links lead to it")
    }

    fn of_new(named: &Path, path: &Path) -> Result<Self> {
        let name = path.file_name().filter(|_| !ends_as_folder(path));
        let name =
            name.ok_or_else(|| Error::config(format!("{} is a folder; name a file in it", named.display())))?;
        let folder = folder_of(path);
        let there = match fs::canonicalize(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::config(format!(
                "{} cannot be written: there is no folder {}",
                named.display(),
                folder.display()
            ))),
            there => there.map_err(|error| unwritable(named, &error)),
        };
        Ok(Self { named: named.to_owned(), folder: there?, name: name.to_owned(), present: None })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

/// The error for a file that cannot be written.
pub(super) fn unwritable(named: &Path, error: &io::Error) -> Error {
    Error::config(format!("{} cannot be written: {error}", named.display()))
}

/// The number of a path that leads to the same file as one before it, or of one that cannot be a file. It blocks.
///
/// # Errors
/// `config`, with that number.
pub(super) fn check_apart(paths: &[PathBuf]) -> std::result::Result<(), (usize, Error)> {
    let mut folders: HashMap<PathBuf, Vec<(usize, OsString)>> = HashMap::new();
    for (index, path) in paths.iter().enumerate() {
        let Place { folder, name, .. } = Place::find(path).map_err(|error| (index, error))?;
        folders.entry(folder).or_default().push((index, name));
    }
    let mut twice = Vec::new();
    for (folder, names) in &folders {
        let mut seen = HashSet::new();
        twice.extend(names.iter().find(|(_, name)| !seen.insert(name)).map(|(index, _)| *index));
        let doubtful = doubtful(names);
        let Some((first, _)) = doubtful.first() else { continue };
        let taken =
            taken_twice(folder, &doubtful).map_err(|error| (*first, unwritable(&paths[*first], &error)))?;
        twice.extend(taken);
    }
    match twice.into_iter().min() {
        None => Ok(()),
        Some(index) => {
            let text = format!("another file of the list is written to {} too", paths[index].display());
            Err((index, Error::config(text)))
        }
    }
}

/// Names of which a file system may take two for the same one: it may not know upper from lower case, nor one form of a
/// letter with an accent from another.
fn doubtful(names: &[(usize, OsString)]) -> Vec<(usize, &OsStr)> {
    let mut folded: HashMap<_, usize> = HashMap::new();
    for (_, name) in names {
        *folded.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    let is_doubtful = |name: &OsStr| {
        !name.is_ascii() || folded.get(&name.to_ascii_lowercase()).is_some_and(|count| *count > 1)
    };
    let doubtful: Vec<_> = names
        .iter()
        .filter(|(_, name)| is_doubtful(name))
        .map(|(index, name)| (*index, name.as_os_str()))
        .collect();
    if doubtful.len() > 1 { doubtful } else { Vec::new() }
}

/// The number of a name that this file system takes for one before it. It is asked in a folder that is removed again.
fn taken_twice(folder: &Path, names: &[(usize, &OsStr)]) -> io::Result<Option<usize>> {
    struct Trial(PathBuf);
    impl Drop for Trial {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
    let trial = Trial(folder.join(format!(".beproduct.{}.part", uuid::Uuid::new_v4())));
    fs::create_dir(&trial.0)?;
    first_taken(names, |name| File::create_new(trial.0.join(name)).map(drop))
}

fn first_taken(
    names: &[(usize, &OsStr)],
    mut create: impl FnMut(&OsStr) -> io::Result<()>,
) -> io::Result<Option<usize>> {
    for (index, name) in names {
        match create(name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Some(*index)),
            created => created?,
        }
    }
    Ok(None)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `a/` and `a/.`, which the library takes for `a`.
fn ends_as_folder(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let text = text.strip_suffix(b".").unwrap_or(text);
    text.last().is_some_and(|last| is_separator(char::from(*last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "x").unwrap();
        fs::write(path("locked"), "x").unwrap();
        let mut permissions = fs::metadata(path("locked")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path("locked"), permissions).unwrap();
        for (name, says) in [
            ("", "is a folder"),
            ("new/", "is a folder"),
            ("new/.", "is a folder"),
            ("new/..", "is a folder"),
            ("missing/file", "there is no folder"),
            ("file/x", "cannot be written"),
            ("locked", "is read-only"),
            (&"x".repeat(300), "cannot be written"),
            ("a\0b", "cannot be written"),
        ] {
            let error = Place::find(&path(name)).unwrap_err();
            assert!(error.message().contains(says), "{name:?}: {error}");
        }
        assert!(Place::find(&path("file")).unwrap().present.is_some());
        assert_eq!(Place::find(&path("new.png")).unwrap().name, "new.png");
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_the_place() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let path = |name: &str| root.join(name);
        fs::create_dir(path("real")).unwrap();
        fs::write(path("real/file"), "x").unwrap();
        symlink("real", path("other")).unwrap();
        symlink("real/file", path("link")).unwrap();
        symlink("link", path("twice")).unwrap();
        symlink("other/new", path("dangling")).unwrap();
        symlink("missing/new", path("lost")).unwrap();
        symlink("round", path("round")).unwrap();
        for (name, leads) in [
            ("other/file", "real/file"),
            ("link", "real/file"),
            ("twice", "real/file"),
            ("dangling", "real/new"),
            ("other/../real/./new", "real/new"),
        ] {
            assert_eq!(Place::find(&path(name)).unwrap().path(), path(leads), "{name}");
        }
        for name in ["lost", "round"] {
            let error = Place::find(&path(name)).unwrap_err();
            assert!(error.message().contains("cannot be written"), "{name}: {error}");
        }
        let twice = |names: &[&str]| {
            let paths: Vec<_> = names.iter().map(|name| path(name)).collect();
            check_apart(&paths).err().map(|(index, error)| (index, error.message().to_owned()))
        };
        assert_eq!(twice(&["real/a", "real/b", "real/A", "real/é", "real/e\u{301}"]), None);
        for names in [
            ["real/b", "real/a", "real/a"],
            ["real/b", "real/a", "real/./a"],
            ["real/b", "real/a", "real/../real/a"],
            ["real/b", "real/a", "other/a"],
            ["real/b", "real/file", "twice"],
            ["real/b", "real/new", "dangling"],
        ] {
            let (index, text) = twice(&names).unwrap();
            assert_eq!(index, 2, "{names:?}");
            assert!(text.contains("another file of the list is written to"), "{text}");
        }
        let left: Vec<_> =
            fs::read_dir(path("real")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["file"]);
    }

    #[test]
    fn the_file_system_says_which_names_are_the_same() {
        let names = |names: &[&str]| -> Vec<(usize, OsString)> {
            names.iter().enumerate().map(|(index, name)| (index, OsString::from(name))).collect()
        };
        assert_eq!(doubtful(&names(&["a", "b", "é"])), []);
        let some = names(&["x", "a", "b", "A"]);
        let some = doubtful(&some);
        assert_eq!(some, [(1, OsStr::new("a")), (3, OsStr::new("A"))]);
        let mut seen = HashSet::new();
        let taken = first_taken(&some, |name| match seen.insert(name.to_ascii_lowercase()) {
            true => Ok(()),
            false => Err(io::ErrorKind::AlreadyExists.into()),
        });
        assert_eq!(taken.unwrap(), Some(3));
    }
}
