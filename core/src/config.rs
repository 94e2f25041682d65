//! What a client is made from. Every language hands in the same names, as JSON.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::auth::{BY_COMMAND, Exchanger, Flow, IdentityServer, ProviderCache};
use crate::clock::{Clock, ServerTime};
use crate::error::{Error, Result};
use crate::http::{ReqwestTransport, Transport, TransportSettings};
use crate::quota::Plan;
use crate::redact::{Secret, Secrets};
use std::sync::Arc;

pub use crate::quota::{LedgerConfig, RedisConfig, WhenAway};

/// Settings of a client, by the names that every language uses. Times are in seconds.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// What follows the host name in the browser when signed in: `acme`.
    pub company_domain: Option<String>,
    /// Id of the application, from the vendor.
    pub client_id: Option<String>,
    /// Secret of the application. Applications on people's devices have none.
    pub client_secret: Option<String>,
    /// Renews access tokens.
    pub refresh_token: Option<String>,
    /// A ready access token.
    pub access_token: Option<String>,
    /// The application signs in as itself, with id and secret. Unproven at this service (docs/service.md, Sign-in).
    pub client_credentials: bool,
    /// Scopes to ask for at a sign-in, separated by blanks.
    pub scope: Option<String>,
    /// Address that is registered for the application.
    pub redirect_uri: Option<String>,
    /// What a sign-in of a person brings back: `code` (default), or `id_token token` for old registrations.
    pub response_type: Option<String>,
    /// Whether a sign-in proves with PKCE that it began here. Default true; false for servers that refuse it.
    pub pkce: bool,
    /// Sends the access token of GETs to the API in the query and not in a header. Default false: addresses end up in
    /// the logs of proxies.
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
    /// What the company has bought: `{"edition": "business_max", "licenses": 8}`, `{"requests_per_day": 500}` or
    /// `{"from_service": true}`, each with `requests_per_hour`, `requests_per_minute`, `day_start` and `time_zone` as needed.
    pub plan: Option<Plan>,
    /// Where requests are counted: `"memory"`, `{"sqlite": path}` or `{"redis": url}`, see [`RedisConfig`]. Default: a
    /// SQLite file in `state_dir`.
    pub ledger: Option<LedgerConfig>,
    /// Requests that are taken from the ledger at once and used one by one, so that it is not asked for each. Default 1. What
    /// a killed process has not used is given back by those who share its `state_dir`, and without one by nobody.
    pub quota_lease: u64,
    /// Requests of the day that calls of priority `bulk` leave alone.
    pub quota_floor: u64,
    /// What to do when the requests of the day or the hour are used up: null to fail, or the longest wait for the next.
    pub quota_wait: Option<f64>,
    /// Folder for the ledger and for cached schemas. Default: the user's state folder.
    pub state_dir: Option<PathBuf>,
    /// Where tokens are kept: `"memory"` (default), `{"file": path}` or `{"keyring": name of the entry}`.
    pub token_store: Option<StoreConfig>,
    /// Longest time for one request with its retries and waits. Default 60.
    pub timeout: f64,
    /// Longest time for one attempt. Default 30.
    pub attempt_timeout: f64,
    /// Longest time until a connection stands. Default 10.
    pub connect_timeout: f64,
    /// Highest number of attempts of a request. Default 4.
    pub attempts: u32,
    /// Longest single pause that the service may impose. Default 60.
    pub max_wait: f64,
    /// Highest `page_size`. Default 200, the documented limit of the service.
    pub max_page_size: usize,
    /// Highest number of requests at the same time; how many there are follows the service's throughput. Default 10. Clients
    /// of one company and process share them, and the highest of their numbers holds.
    pub concurrency: usize,
    /// Whether filter fields are checked before sending. Default true.
    pub check_filters: bool,
    /// Headers for every request of the API.
    pub additional_headers: Option<Value>,
    /// PEM text of certificate authorities to trust besides those of the machine.
    pub ca_certificates: Option<String>,
    /// What this is part of, for the User-Agent: `python/3.12`.
    pub user_agent: Option<String>,
    /// For tests.
    pub testing: Option<TestingConfig>,
}

/// See [`Config::token_store`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoreConfig {
    /// As long as the client lives.
    Memory,
    /// In a file.
    File(PathBuf),
    /// In the keyring of the operating system, under this name. Needs the feature `keyring`.
    Keyring(String),
}

/// See [`Config::testing`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TestingConfig {
    /// `recorded`: pauses return at once; `manual`: time stands until it is advanced.
    pub clock: Option<String>,
    /// Start of the clock, Unix seconds.
    pub start: Option<u64>,
    /// No chance: spreads in the middle, request ids in order.
    pub fixed_chance: bool,
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
            quota_lease: 1,
            quota_floor: 0,
            quota_wait: None,
            state_dir: None,
            token_store: None,
            timeout: 60.0,
            attempt_timeout: 30.0,
            connect_timeout: 10.0,
            attempts: 4,
            max_wait: 60.0,
            max_page_size: 200,
            concurrency: 10,
            check_filters: true,
            additional_headers: None,
            ca_certificates: None,
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

const API: &str = "https://developers.beproduct.com";
const AUTOMATION: &str = "https://automation.beproduct.com";
const IDENTITY: &str = "https://id.winks.io/ids";
const SCOPE: &str = "openid profile email roles offline_access BeProductPublicApi";

impl Config {
    /// Reads settings from a JSON object. Null stands for the default.
    ///
    /// Two members are no settings but name where those that are missing come from: `profile`, a name in the credentials
    /// file, and `environment`, true for the `BEPRODUCT_*` variables and, below them, the profile that
    /// `BEPRODUCT_PROFILE` names (`default` without it).
    ///
    /// # Errors
    /// `config` for an unknown name, a value of the wrong type, or a profile that is not there.
    pub fn from_json(value: Value) -> Result<Self> {
        let value = match value {
            Value::Object(members) => {
                let members = members.into_iter().filter(|(_, value)| !value.is_null()).collect();
                #[cfg(feature = "login")]
                let members = crate::auth::completed(members)?;
                Value::Object(members)
            }
            other => other,
        };
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
                "company_domain {company:?} holds a separator: give the name only, not an address"
            )));
        }
        Ok(company)
    }

    /// An empty credential is none: that is how unset variables of a shell arrive.
    pub(crate) fn without_blanks(mut self) -> Self {
        for credential in
            [&mut self.client_id, &mut self.client_secret, &mut self.refresh_token, &mut self.access_token]
        {
            *credential = credential.take().filter(|text| !text.is_empty());
        }
        self
    }

    pub(crate) fn check_numbers(&self) -> Result<()> {
        for (name, number) in [
            ("max_page_size", self.max_page_size),
            ("concurrency", self.concurrency),
            ("attempts", self.attempts as usize),
            ("quota_lease", self.quota_lease.try_into().unwrap_or(usize::MAX)),
        ] {
            if number == 0 {
                return Err(Error::config(format!("{name} has to be at least 1")));
            }
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
        self.flow()?;
        match &self.redirect_uri {
            Some(address) => Url::parse(address)
                .map(drop)
                .map_err(|error| Error::config(format!("redirect_uri {address:?} is no address: {error}"))),
            None => Ok(()),
        }
    }

    pub(crate) fn api_base(&self) -> Result<Url> {
        let text = self.api_url.as_deref().or(self.public_api_url.as_deref()).unwrap_or(API);
        base("api_url", text)
    }

    pub(crate) fn automation_base(&self) -> Result<Url> {
        let text =
            self.automation_url.as_deref().or(self.automation_api_url.as_deref()).unwrap_or(AUTOMATION);
        base("automation_url", text)
    }

    pub(crate) fn identity_base(&self) -> Result<Url> {
        base("identity_url", self.identity_url.as_deref().unwrap_or(IDENTITY))
    }

    pub(crate) fn scope(&self) -> &str {
        self.scope.as_deref().unwrap_or(SCOPE)
    }

    pub(crate) fn flow(&self) -> Result<Flow> {
        match self.response_type.as_deref() {
            None | Some("code") => Ok(Flow::Code),
            Some("id_token token" | "token id_token") => Ok(Flow::Implicit),
            Some(other) => Err(Error::config(format!(
                "response_type {other:?} is unknown; there are \"code\" and, for old registrations, \"id_token token\""
            ))),
        }
    }

    pub(crate) fn seconds(&self, name: &str, seconds: f64) -> Result<Duration> {
        Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero()).ok_or_else(|| {
            Error::config(format!("{name} has to be a positive number of seconds, not {seconds}"))
        })
    }

    /// The folder for the ledger and for cached schemas.
    pub(crate) fn state_folder(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.state_dir {
            return Ok(folder.clone());
        }
        user_state_folder()
    }

    pub(crate) fn transport(&self) -> Result<Arc<dyn Transport>> {
        Ok(Arc::new(ReqwestTransport::new(&TransportSettings {
            connect_timeout: self.seconds("connect_timeout", self.connect_timeout)?,
            max_connections: self.concurrency,
            ca_certificates: self.ca_certificates.clone(),
        })?))
    }

    pub(crate) fn clock(&self) -> Result<(Arc<dyn Clock>, Option<crate::clock::RecordedClock>)> {
        use crate::clock::{RecordedClock, SystemClock};
        let Some(testing) = &self.testing else { return Ok((Arc::new(SystemClock::new()), None)) };
        let recorded = match (testing.clock.as_deref(), testing.start) {
            (None, _) => return Ok((Arc::new(SystemClock::new()), None)),
            (Some("recorded"), None) => RecordedClock::new(),
            (Some("recorded"), Some(start)) => {
                RecordedClock::starting_at(std::time::UNIX_EPOCH + Duration::from_secs(start))
            }
            (Some("manual"), _) => RecordedClock::manual(),
            (Some(other), _) => return Err(Error::config(format!("testing: clock {other:?} is unknown"))),
        };
        Ok((Arc::new(recorded.clone()), Some(recorded)))
    }

    /// For a sign-in without a client: an exchanger of its own.
    pub(crate) fn exchanger(&self) -> Result<Exchanger> {
        let time = ServerTime::new(self.clock()?.0, None);
        let cache = ProviderCache::shared(&self.identity_base()?, self.ca_certificates.as_deref());
        self.exchanger_at(self.identity_server(self.transport()?, time, &Secrets::default(), cache)?)
    }

    pub(crate) fn exchanger_at(&self, server: IdentityServer) -> Result<Exchanger> {
        Ok(Exchanger {
            server,
            client_id: self.client_id.clone().ok_or_else(|| Error::config("client_id is missing"))?,
            client_secret: self.client_secret.clone().map(Secret::new),
            scope: self.scope().to_owned(),
        })
    }

    pub(crate) fn identity_server(
        &self,
        transport: Arc<dyn Transport>,
        time: ServerTime,
        secrets: &Secrets,
        cache: Arc<ProviderCache>,
    ) -> Result<IdentityServer> {
        let base = self.identity_base()?;
        let token_url = match &self.token_endpoint {
            Some(text) => {
                let url = Url::parse(text).map_err(|error| {
                    Error::config(format!("token_endpoint {text:?} is no address: {error}"))
                })?;
                secure("token_endpoint", &url)?;
                url
            }
            None => {
                base.join("connect/token").map_err(|error| Error::config(format!("identity_url: {error}")))?
            }
        };
        for secret in [&self.client_secret, &self.refresh_token, &self.access_token].into_iter().flatten() {
            secrets.keep(&Secret::new(secret));
        }
        let timeout = self.seconds("attempt_timeout", self.attempt_timeout)?;
        Ok(IdentityServer { transport, time, base, token_url, timeout, secrets: secrets.clone(), cache })
    }
}

/// The folder for what programs keep for this user.
pub(crate) fn user_state_folder() -> Result<PathBuf> {
    user_folder(&["XDG_STATE_HOME", "LOCALAPPDATA"], ".local/state")
        .ok_or_else(|| Error::config("there is no home folder; state_dir names another"))
}

/// A folder of this client's below one that a variable names, or below the home folder.
pub(crate) fn user_folder(variables: &[&str], below_home: &str) -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = variables.iter().find_map(|name| from(name));
    folder
        .or_else(|| from("HOME").map(|home| home.join(below_home)))
        .map(|folder| folder.join("beproduct-client"))
}

/// A base address, with or without a slash at its end.
fn base(name: &str, text: &str) -> Result<Url> {
    let wrong = |problem: String| Error::config(format!("{name} {text:?} {problem}"));
    let url = Url::parse(&format!("{}/", text.trim().trim_end_matches('/')))
        .map_err(|error| wrong(format!("is no address: {error}")))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds a query".into()));
    }
    secure(name, &url)?;
    Ok(url)
}

/// Tokens and secrets go there.
pub(crate) fn secure(name: &str, url: &Url) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::config(format!("{name} {url} would send tokens in clear: use https"))),
        _ => Err(Error::config(format!("{name} {url} has to begin with https://"))),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_checked() {
        let error = Config::from_json(json!({"company": "acme"})).unwrap_err();
        assert!(error.message().contains("unknown field `company`"), "{error}");
        let config = Config::from_json(
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
}
