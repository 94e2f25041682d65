//! What the quota takes from a client's settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::plan::Plan;
use crate::clock::Clock;
use crate::error::Result;
use crate::near;

/// How a client counts its requests.
pub(crate) struct QuotaSettings {
    /// See [`owner`].
    pub(crate) owner: Arc<str>,
    pub(crate) plan: Plan,
    /// Requests of the day that bulk calls leave alone.
    pub(crate) floor: u64,
    /// Requests that are taken from the ledger at once.
    pub(crate) lease: u64,
    /// How long a call may wait for the next day or hour.
    pub(crate) longest_wait: Option<Duration>,
    /// How long it may wait for less.
    pub(crate) max_wait: Duration,
    pub(crate) ledger: LedgerSettings,
}

/// Which ledger, and what it needs.
pub(crate) struct LedgerSettings {
    /// The default one without it: a SQLite file in the state folder.
    pub(crate) chosen: Option<LedgerConfig>,
    /// The folder for the default ledger, and for what is written of leases.
    pub(crate) state_folder: Result<PathBuf>,
    /// PEM text of certificate authorities to trust besides those of the machine.
    #[cfg_attr(not(feature = "redis"), allow(dead_code))]
    pub(crate) ca_certificates: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether windows begin and end by the clock of the ledger's server, where it has one.
    #[cfg_attr(not(feature = "redis"), allow(dead_code))]
    pub(crate) server_time: bool,
}

/// Who requests are counted for: the origin of a host and the company. The service does not tell the case of a company
/// apart (docs/service/requests.md, Hosts), so neither does the count.
pub(crate) fn owner(base: &Url, company: &str) -> Arc<str> {
    format!("{} {}", base.origin().ascii_serialization(), company.to_lowercase()).into()
}

/// Where requests are counted: `"memory"`, `{"sqlite": path}` or `{"redis": address}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
#[non_exhaustive]
pub enum LedgerConfig {
    /// In memory, for this client only and as long as it lives.
    Memory,
    /// In a SQLite file, for all processes that use it.
    Sqlite(PathBuf),
    /// In a Redis server, for all machines that use it. Needs the feature `redis`.
    Redis(RedisConfig),
}

/// A Redis ledger: `{"url": ..., "when_away": ...}`, or the address alone.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Value")]
#[non_exhaustive]
pub struct RedisConfig {
    /// `redis://user:password@host:port/database`, with TLS `rediss://`.
    pub url: String,
    /// Behaviour while the server cannot be reached.
    pub when_away: WhenAway,
}

/// See [`RedisConfig::when_away`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhenAway {
    /// Nothing is sent: calls fail with the error `network`.
    #[default]
    Refuse,
    /// The client sets this number of requests aside while the server answers, and uses them while it does not. They count
    /// as used, and are valid for the day in which they were set aside; with a limit of the hour or the minute, for that
    /// hour or minute.
    Share(u64),
}

impl TryFrom<Value> for LedgerConfig {
    type Error = String;

    /// What is wrong is not repeated: an address holds a password.
    fn try_from(value: Value) -> std::result::Result<Self, String> {
        let expected = "ledger: it is \"memory\", {\"sqlite\": path} or {\"redis\": address}";
        let mut members = match value {
            Value::String(text) if text == "memory" => return Ok(Self::Memory),
            Value::Object(members) if members.len() == 1 => members,
            _ => return Err(expected.into()),
        };
        match (members.remove("sqlite"), members.remove("redis")) {
            (Some(Value::String(path)), _) => Ok(Self::Sqlite(path.into())),
            (None, Some(redis)) => RedisConfig::try_from(redis).map(Self::Redis),
            _ => Err(expected.into()),
        }
    }
}

impl RedisConfig {
    /// A ledger at an address; calls fail while the server cannot be reached.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), when_away: WhenAway::default() }
    }
}

impl TryFrom<Value> for RedisConfig {
    type Error = String;

    fn try_from(value: Value) -> std::result::Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            url: String,
            #[serde(default)]
            when_away: WhenAway,
        }
        let names = value.as_object().into_iter().flat_map(Map::keys);
        near::check(names, &["url", "when_away"], "ledger: redis has no member", "it has")
            .map_err(|error| error.message().to_owned())?;
        let Whole { url, when_away } = match value {
            Value::String(url) => Whole { url, when_away: WhenAway::default() },
            whole => serde_json::from_value(whole).map_err(|error| {
                format!(
                    "ledger: redis: {error}; it is an address, or {{\"url\": ..., \"when_away\": \"refuse\" or {{\"share\": \
                     number of requests}}}}"
                )
            })?,
        };
        Ok(Self { url, when_away })
    }
}

impl std::fmt::Debug for RedisConfig {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address holds a password.
        write!(out, "RedisConfig({:?})", self.when_away)
    }
}
