//! What a client is made from. Every language hands in the same names, as JSON.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::address::base;
use crate::credentials::credential;
use crate::error::{Error, Result};
use crate::folders::user_state_folder;
use crate::near;
use crate::own::names::{NUMBERS, SECONDS, SETTINGS, defaults};
use crate::quota::Plan;
use crate::testing_config::TestingConfig;

pub use crate::quota::{LedgerConfig, RedisConfig, WhenAway};

/// Settings of a client, by the names that every language uses. Times are in seconds.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// The part of the web address after the host name, once signed in: `acme`.
    pub company_domain: Option<String>,
    /// Id of the application, from the vendor.
    pub client_id: Option<String>,
    /// Secret of the application. Applications on people's devices have none.
    pub client_secret: Option<String>,
    /// Refresh token, which renews access tokens.
    pub refresh_token: Option<String>,
    /// Existing access token, which cannot be renewed without a refresh token.
    pub access_token: Option<String>,
    /// The application signs in as itself, with id and secret. Unproven at this service (docs/service/sign-in.md, Sign-in).
    pub client_credentials: bool,
    /// Scopes to request at a sign-in, separated by blanks.
    pub scope: Option<String>,
    /// Redirect URI that is registered for the application.
    pub redirect_uri: Option<String>,
    /// Response type of a person's sign-in: `code` (default), or `id_token token` for old registrations.
    pub response_type: Option<String>,
    /// Whether a sign-in uses PKCE. Default true; false for servers that refuse it.
    pub pkce: bool,
    /// Sends the access token of GETs to the API in the query instead of a header. Default false, because proxies log
    /// addresses.
    pub access_token_in_query: bool,
    /// Host of the API.
    pub api_url: Option<String>,
    /// The official Python client's name for `api_url`.
    pub public_api_url: Option<String>,
    /// Host of the automation API.
    pub automation_url: Option<String>,
    /// The official Python client's name for `automation_url`.
    pub automation_api_url: Option<String>,
    /// Base address of the identity server.
    pub identity_url: Option<String>,
    /// Address of the token endpoint, where it is not `connect/token` below `identity_url`.
    pub token_endpoint: Option<String>,
    /// Plan of the company: `{"edition": "business_max", "licenses": 8}`, `{"requests_per_day": 500}` or
    /// `{"from_service": true}`, each with `requests_per_hour`, `requests_per_minute`, `day_start` and `time_zone` as needed.
    pub plan: Option<Plan>,
    /// Where requests are counted: `"memory"`, `{"sqlite": path}` or `{"redis": url}`, see [`RedisConfig`]. Default: a
    /// SQLite file in `state_dir`.
    pub ledger: Option<LedgerConfig>,
    /// Requests that are taken from the ledger in one step and used one by one. Default 1. The unused requests of a killed
    /// process are given back by the processes that share its `state_dir`, and are lost for the day without one.
    pub quota_lease: u64,
    /// Requests a day that calls of priority `bulk` leave to interactive calls. Default 0.
    pub quota_floor: u64,
    /// Longest wait for the next day, hour or minute when a limit is reached. Default: none, the call fails.
    pub quota_wait: Option<f64>,
    /// Folder for the ledger, for replaced refresh tokens and for cached schemas. Default: the user's state folder.
    pub state_dir: Option<PathBuf>,
    /// Where tokens are kept: `"memory"`, `{"file": path}` or `{"keyring": name of the entry}`. Default: memory, until the
    /// identity server replaces the given refresh token; then a file in `state_dir` (docs/service/sign-in.md, Tokens).
    pub token_store: Option<StoreConfig>,
    /// Longest time for one request, from its first turn in the line: its retries, the waits between them and the whole
    /// answer. Default 60.
    pub timeout: f64,
    /// Longest wait for the first turn. Default: no limit, as long as the line moves.
    pub turn_timeout: Option<f64>,
    /// Longest time without a byte in either direction. Default 30.
    pub idle_timeout: f64,
    /// Connect timeout, TLS included. Default 10.
    pub connect_timeout: f64,
    /// Highest number of attempts for a request. Default 4.
    pub attempts: u32,
    /// Longest standstill: a time in which no request can be sent, because the service asks for a pause or a limit is used
    /// up. A longer standstill is an error at once. Default 60.
    pub max_wait: f64,
    /// Largest answer that is read, in bytes after unpacking. Default 256 MB.
    pub max_answer_size: usize,
    /// Highest `page_size`. Default 200, the documented limit of the service.
    pub max_page_size: usize,
    /// Highest number of requests at the same time; fewer are sent when the service slows down. Default 10. The clients of
    /// one company in a process share this number; the highest setting applies.
    pub concurrency: usize,
    /// Whether a file to upload may be read from a URL inside a network, or with http. Default false: whoever can choose the URL
    /// would reach what only this machine can.
    pub allow_private_sources: bool,
    /// Whether filter fields are checked before sending. Default true.
    pub check_filters: bool,
    /// Headers for every request of the API.
    pub additional_headers: Option<Value>,
    /// PEM text of certificate authorities to trust in addition to those of the machine.
    pub ca_certificates: Option<String>,
    /// Proxy for all requests but those to this machine: a URL that begins with `http://`, `https://`, `socks4://`, `socks4a://`,
    /// `socks5://` or `socks5h://` (the last resolves names at the proxy), with user and password if it asks for them. An empty
    /// text means no proxy. Default: the proxies that `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` or the operating system name.
    pub proxy: Option<String>,
    /// Addition to the User-Agent: `python/3.12`.
    pub user_agent: Option<String>,
    /// For tests.
    pub testing: Option<TestingConfig>,
}

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

impl Default for Config {
    fn default() -> Self {
        Self {
            company_domain: None,
            client_id: None,
            client_secret: None,
            refresh_token: None,
            access_token: None,
            client_credentials: false,
            scope: None,
            redirect_uri: None,
            response_type: None,
            pkce: true,
            access_token_in_query: false,
            api_url: None,
            public_api_url: None,
            automation_url: None,
            automation_api_url: None,
            identity_url: None,
            token_endpoint: None,
            plan: None,
            ledger: None,
            quota_lease: defaults::QUOTA_LEASE,
            quota_floor: defaults::QUOTA_FLOOR,
            quota_wait: None,
            state_dir: None,
            token_store: None,
            timeout: defaults::TIMEOUT,
            turn_timeout: None,
            idle_timeout: defaults::IDLE_TIMEOUT,
            connect_timeout: defaults::CONNECT_TIMEOUT,
            attempts: defaults::ATTEMPTS as u32,
            max_wait: defaults::MAX_WAIT,
            max_answer_size: defaults::MAX_ANSWER_SIZE as usize,
            max_page_size: defaults::MAX_PAGE_SIZE as usize,
            concurrency: defaults::CONCURRENCY as usize,
            allow_private_sources: false,
            check_filters: true,
            additional_headers: None,
            ca_certificates: None,
            proxy: None,
            user_agent: None,
            testing: None,
        }
    }
}

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
            ("attempts", self.attempts.into()),
            ("concurrency", self.concurrency as u64),
            ("max_answer_size", self.max_answer_size as u64),
            ("max_page_size", self.max_page_size as u64),
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
