//! Where tokens are kept, as a setting.

use std::path::PathBuf;

use serde::Deserialize;

/// See [`Config::token_store`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoreConfig {
    /// In memory, as long as the client lives.
    Memory,
    /// In a file.
    File(PathBuf),
    /// In the keyring of the operating system, under this name. Needs the feature `keyring`.
    Keyring(String),
}
