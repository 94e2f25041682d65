//! Settings from flags, in the form that the client reads.

use std::path::Path;

use serde_json::{Map, Value};

use crate::Failure;

/// The settings that flags give. A flag that is not given leaves its setting to the variables, the profile and the default.
#[derive(Debug, Default)]
pub(crate) struct Given(Map<String, Value>);

impl Given {
    pub(crate) fn setting(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    /// A member of a setting that is an object.
    pub(crate) fn member(&mut self, setting: &str, member: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let object = self.0.entry(setting).or_insert_with(|| Value::Object(Map::new()));
            object[member] = value.into();
        }
    }

    /// A member by an environment variable, for a setting that no flag gives. An empty variable is not set.
    pub(crate) fn variable(&mut self, setting: &str, member: &str, variable: &str) {
        if !self.0.contains_key(setting) {
            self.member(
                setting,
                member,
                std::env::var(variable).ok().filter(|value| !value.trim().is_empty()),
            );
        }
    }
}

impl From<Given> for Map<String, Value> {
    fn from(given: Given) -> Self {
        given.0
    }
}

/// A path as a setting, which holds from whatever folder a program is started.
pub(crate) fn path(flag: &str, path: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let absolute = std::path::absolute(path)
        .map_err(|error| Failure::Usage(format!("{flag} {}: {error}", path.display())))?;
    match absolute.into_os_string().into_string() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Failure::Usage(format!(
            "{flag} {}: the path is not UTF-8, and settings are texts; give another path",
            path.display()
        ))),
    }
}
