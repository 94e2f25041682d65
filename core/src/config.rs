//! Reads and checks what a client is made from. Every language hands in the same names, as JSON.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::address::base;
use crate::credentials::credential;
use crate::error::{Error, Result};
use crate::folders::user_state_folder;
use crate::near;
use crate::own::names::{NUMBERS, SECONDS, SETTINGS, defaults};

pub use crate::quota::{LedgerConfig, RedisConfig, WhenAway};
pub use crate::settings::Config;
pub use crate::store_config::StoreConfig;

impl std::fmt::Debug for Config {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Half of the members are secrets; the company is what one needs to know.
        write!(out, "Config({:?})", self.company_domain)
    }
}

/// How a person signs in, where there is a shell to do it in.
pub(crate) const BY_COMMAND: &str = if cfg!(feature = "login") { " (beproduct login)" } else { "" };

/// What a sign-in may bring back.
const RESPONSE_TYPES: [&str; 3] = ["code", "id_token token", "token id_token"];
/// What bindings and tests give.
const INTERNAL: [&str; 2] = ["user_agent", "testing"];
const SCOPE: &str = "openid profile email roles offline_access BeProductPublicApi";

impl Config {
    /// Reads settings from a JSON value, null standing for the default.
    pub(crate) fn read(value: Value) -> Result<Self> {
        let value = match value {
            Value::Object(members) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            other => other,
        };
        let names = value.as_object().into_iter().flat_map(Map::keys);
        let names = names.filter(|name| !INTERNAL.contains(&name.as_str()));
        near::check(names, SETTINGS, "there is no setting", "settings are")?;
        for (name, value) in value.as_object().into_iter().flatten() {
            check_number(name, value)?;
        }
        serde_json::from_value(value).map_err(|error| Error::config(format!("settings: {error}")))
    }

    pub(crate) fn company(&self) -> Result<&str> {
        let company = self.company_domain.as_deref().unwrap_or_default().trim();
        if company.is_empty() {
            return Err(Error::config(
                "company_domain is missing: it is what follows the host name in the browser when signed in, \
                 https://us.beproduct.com/COMPANY/Home",
            ));
        }
        if company.contains(['/', '\\', '?', '#', '%']) || company.contains("..") {
            return Err(Error::config(format!(
                "company_domain {company:?} contains a separator: give the name only, not an address"
            )));
        }
        Ok(company)
    }

    /// The same without white space around its credentials.
    pub(crate) fn with_clean_credentials(mut self) -> Result<Self> {
        for (name, value) in [
            ("client_id", &mut self.client_id),
            ("client_secret", &mut self.client_secret),
            ("refresh_token", &mut self.refresh_token),
            ("access_token", &mut self.access_token),
        ] {
            if let Some(text) = value.take() {
                *value = credential(name, &text)?;
            }
        }
        Ok(self)
    }

    /// The same bounds for settings that were made in Rust. Seconds are checked where they are used.
    pub(crate) fn check_numbers(&self) -> Result<()> {
        for (name, number) in [
            ("attempts", self.attempts),
            ("concurrency", self.concurrency),
            ("max_answer_size", self.max_answer_size),
            ("max_page_size", self.max_page_size),
            ("quota_floor", self.quota_floor),
            ("quota_lease", self.quota_lease),
        ] {
            check_number(name, &number.into())?;
        }
        Ok(())
    }

    /// `stored`: whether the tokens of an earlier sign-in may be in a store.
    pub(crate) fn check_credentials(&self, stored: bool) -> Result<()> {
        if self.client_credentials {
            return match (&self.client_id, &self.client_secret, &self.refresh_token, &self.access_token) {
                (Some(_), Some(_), None, None) => Ok(()),
                (_, _, None, None) => Err(Error::config(
                    "client_credentials needs client_id and client_secret: the application signs in with them",
                )),
                _ => Err(Error::config(
                    "client_credentials stands for the application itself: leave refresh_token and access_token out",
                )),
            };
        }
        let missing = match (&self.access_token, &self.refresh_token, &self.client_id) {
            (Some(_), None, _) | (_, Some(_), Some(_)) => return Ok(()),
            (None, None, Some(_)) if stored => return Ok(()),
            (_, Some(_), None) => {
                "client_id is missing: a refresh_token works with the client that it was issued to".into()
            }
            (None, None, Some(_)) => format!(
                "refresh_token is missing: sign in once to get one{BY_COMMAND}, or give the token store of an earlier sign-in, \
                 or an access_token"
            ),
            (None, None, None) => format!(
                "credentials are missing: sign in once{BY_COMMAND}, and give refresh_token or a token store, with client_id; or \
                 give an access_token"
            ),
        };
        Err(Error::config(missing))
    }

    /// What only a sign-in uses, and what may stand beside a client's settings, has to make sense there too.
    pub(crate) fn check_sign_in(&self) -> Result<()> {
        if self.response_type.as_deref().is_some_and(|kind| !RESPONSE_TYPES.contains(&kind)) {
            return Err(Error::config(format!(
                "response_type {:?} is unknown; give \"code\" or, for old registrations, \"id_token token\"",
                self.response_type.as_deref().unwrap_or_default()
            )));
        }
        match &self.redirect_uri {
            Some(address) => Url::parse(address).map(drop).map_err(|error| {
                Error::config(format!("redirect_uri {address:?} is not a valid URL: {error}"))
            }),
            None => Ok(()),
        }
    }

    pub(crate) fn api_base(&self) -> Result<Url> {
        let text = self.api_url.as_deref().or(self.public_api_url.as_deref()).unwrap_or(defaults::API_URL);
        base("api_url", text)
    }

    pub(crate) fn automation_base(&self) -> Result<Url> {
        let text = self
            .automation_url
            .as_deref()
            .or(self.automation_api_url.as_deref())
            .unwrap_or(defaults::AUTOMATION_URL);
        base("automation_url", text)
    }

    pub(crate) fn identity_base(&self) -> Result<Url> {
        base("identity_url", self.identity_url.as_deref().unwrap_or(defaults::IDENTITY_URL))
    }

    pub(crate) fn scope(&self) -> &str {
        self.scope.as_deref().unwrap_or(SCOPE)
    }

    pub(crate) fn seconds(&self, name: &str, seconds: f64) -> Result<Duration> {
        crate::options::duration(seconds).ok_or_else(|| {
            Error::config(format!(
                "{name} has to be a positive number of seconds, at most {}, not {seconds}",
                crate::options::LONGEST_SECONDS
            ))
        })
    }

    /// The folder for the ledger and for cached schemas.
    pub(crate) fn state_folder(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.state_dir {
            return Ok(folder.clone());
        }
        user_state_folder()
    }
}

/// Refuses a number out of its bounds by the name of the setting, which the error of serde does not know.
fn check_number(name: &str, value: &Value) -> Result<()> {
    let expected = if let Some((_, least, most)) = NUMBERS.iter().find(|(number, ..)| *number == name) {
        // A smaller machine cannot count to all of them.
        let most = (*most).min(usize::MAX as u64);
        if value.as_u64().is_some_and(|number| (*least..=most).contains(&number)) {
            return Ok(());
        }
        format!("a whole number from {least} to {most}")
    } else if SECONDS.contains(&name) && crate::options::seconds(value).is_none() {
        format!("a positive number of seconds, at most {}", crate::options::LONGEST_SECONDS)
    } else {
        return Ok(());
    };
    // A text at the wrong place may be a secret.
    let given = match value {
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    };
    let given = if given.len() > LONGEST_NUMBER { format!("{}...", &given[..LONGEST_NUMBER]) } else { given };
    Err(Error::config(format!("{name} has to be {expected}, not {given}")))
}

/// What an error shows of a number.
const LONGEST_NUMBER: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_checked() {
        let error = Config::read(json!({"company": "acme"})).unwrap_err();
        assert!(
            error.message().contains("no setting \"company\"; did you mean \"company_domain\"?"),
            "{error}"
        );
        let config = Config::read(
            json!({"company_domain": "acme", "plan": {"edition": "business_max", "licenses": 10}}),
        )
        .unwrap();
        assert_eq!(config.plan.unwrap().limit(), Some(2000));
        assert!(Config::default().company().is_err());
        assert!(Config::default().check_credentials(true).is_err());
        for bad in ["http://example.com", "ftp://x", "acme", "https://x/?a=b"] {
            assert!(base("api_url", bad).is_err(), "{bad}");
        }
        assert_eq!(base("api_url", "https://x/y").unwrap().as_str(), "https://x/y/");
    }

    #[test]
    fn a_wrong_number_is_refused_by_its_name_with_the_bounds() {
        let wrong =
            ["-1", "1.5", "1e400", "100000000000", "18446744073709551616", "true", "\"4\"", "[4]", "{}"];
        for &(name, least, most) in NUMBERS {
            let bounds = format!("{name} has to be a whole number from {least} to {most}, not ");
            for bad in wrong {
                // One of them is within the bounds of the largest.
                let value: Value = serde_json::from_str(bad).unwrap();
                if value.as_u64().is_some_and(|number| number <= most) {
                    continue;
                }
                let error = Config::read(json!({name: value})).unwrap_err();
                assert_eq!(error.kind(), crate::ErrorKind::Config);
                assert!(error.message().starts_with(&bounds), "{error}");
            }
            for number in [least, most] {
                Config::read(json!({name: number})).unwrap().check_numbers().unwrap();
            }
            for number in [least.wrapping_sub(1), most + 1] {
                assert!(Config::read(json!({name: number})).is_err(), "{name} {number}");
            }
        }
        for &name in SECONDS {
            for bad in
                ["-1", "0", "1e-12", "1000000001", "1e400", "18446744073709551616", "true", "\"4\"", "[4]"]
            {
                let value: Value = serde_json::from_str(bad).unwrap();
                let error = Config::read(json!({name: value})).unwrap_err();
                let bounds =
                    format!("{name} has to be a positive number of seconds, at most 1000000000, not ");
                assert!(error.message().starts_with(&bounds), "{error}");
            }
            Config::read(json!({name: 1e9})).unwrap();
            Config::read(json!({name: null})).unwrap();
        }
        let made = Config { concurrency: 100_000_000_000, ..Config::default() };
        assert!(made.check_numbers().unwrap_err().message().contains("concurrency"));
        let long = format!("1{}", "0".repeat(5000));
        let value: Value = serde_json::from_str(&long).unwrap();
        assert!(Config::read(json!({"attempts": value})).unwrap_err().message().len() < 100);
        let error = Config::read(json!({"attempts": "secret"})).unwrap_err();
        assert!(!error.message().contains("secret"), "{error}");
    }
}
