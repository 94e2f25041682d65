//! Folders of the user.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// The folder for what programs keep for this user.
pub(crate) fn user_state_folder() -> Result<PathBuf> {
    user_folder(&["XDG_STATE_HOME", "LOCALAPPDATA"], ".local/state")
        .ok_or_else(|| Error::config("there is no home folder: set state_dir to a folder"))
}

/// A folder of this client's below one that a variable names, or below the home folder.
pub(crate) fn user_folder(variables: &[&str], below_home: &str) -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = variables.iter().find_map(|name| from(name));
    folder
        .or_else(|| from("HOME").map(|home| home.join(below_home)))
        .map(|folder| folder.join("beproduct-client"))
}
