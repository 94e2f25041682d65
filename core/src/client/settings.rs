//! Settings as every language hands them in.

use serde_json::Value;

use crate::config::Config;
use crate::error::Result;

impl Config {
    /// Reads settings from a JSON object. Null means the default.
    ///
    /// Two members are no settings but say where the missing ones come from: `profile`, a name in the credentials file, and
    /// `environment`, true for the `BEPRODUCT_*` variables and, below them, the profile that `BEPRODUCT_PROFILE` names
    /// (`default` without it).
    ///
    /// # Errors
    /// `config` for an unknown name, a value of the wrong type, or a profile that does not exist.
    pub fn from_json(value: Value) -> Result<Self> {
        #[cfg(feature = "login")]
        if let Value::Object(members) = value {
            let members = members.into_iter().filter(|(_, value)| !value.is_null()).collect();
            return Self::read(Value::Object(crate::auth::completed(members)?));
        }
        Self::read(value)
    }
}
