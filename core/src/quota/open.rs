//! Opening the ledger that the settings ask for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::default::{DefaultLedger, uncounted};
use super::journal::{self, Journal};
use super::ledger::Ledger;
use super::memory::MemoryLedger;
#[cfg(feature = "redis")]
use super::redis::{RedisLedger, RedisSettings};
use super::{Plan, Quota, QuotaParts, QuotaReport, QuotaStatus};
use crate::clock::{self, ServerTime};
#[cfg(feature = "redis")]
use crate::config::WhenAway;
use crate::config::{Config, LedgerConfig, RedisConfig};
use crate::error::{Error, Result};
use crate::log::{Log, TracingSink};
use crate::redact::Secrets;
use crate::rng::SystemRng;

/// Name of the default ledger, in the state folder.
const LEDGER_FILE: &str = "quota.sqlite";

/// A ledger, and what belongs to it.
pub(crate) struct OpenLedger {
    pub(crate) ledger: Arc<dyn Ledger>,
    /// Requests to set aside for when it is away.
    pub(crate) share: u64,
    /// Which one it is, for those who share it.
    name: Option<Arc<str>>,
}

impl OpenLedger {
    fn alone(ledger: impl Ledger + 'static) -> Self {
        Self { ledger: Arc::new(ledger), share: 0, name: None }
    }

    /// Where it is written what was used of leases: this client's, and those of processes that have died.
    pub(crate) fn journal(&self, config: &Config, process: &Arc<str>, log: &Log) -> Option<Journal> {
        let name = self.name.clone()?;
        match config.state_folder() {
            Ok(folder) => Some(Journal::new(folder.join("leases"), name, Arc::clone(process))),
            Err(error) => {
                if config.quota_lease > 1 || self.share > 0 {
                    log.warn(&format!(
                        "what this process leases of the quota is lost for the day if it is killed: {}",
                        error.message()
                    ));
                }
                None
            }
        }
    }
}

/// The ledger that the settings ask for. The default falls back to memory, with a warning; a chosen one does not.
pub(crate) fn open_ledger(config: &Config, secrets: &Secrets, log: &Log) -> Result<OpenLedger> {
    match &config.ledger {
        Some(LedgerConfig::Memory) => Ok(OpenLedger::alone(MemoryLedger::default())),
        Some(LedgerConfig::Sqlite(path)) => {
            Ok(OpenLedger { ledger: open_sqlite(path)?.into(), share: 0, name: Some(name_of(path)) })
        }
        Some(LedgerConfig::Redis(redis)) => open_redis(redis, config, secrets),
        // Without SQLite there is nothing to fall back from.
        None if cfg!(not(feature = "sqlite")) => Ok(OpenLedger::alone(MemoryLedger::default())),
        None => {
            let path = config.state_folder().map(|folder| folder.join(LEDGER_FILE));
            let limited = config.plan.as_ref().is_some_and(Plan::has_limits);
            let existed = path.as_ref().is_ok_and(|path| path.exists());
            match path.and_then(|path| Ok((open_sqlite(&path)?, path))) {
                Ok((file, path)) => Ok(OpenLedger {
                    ledger: Arc::new(DefaultLedger::new(file, limited && existed, log.clone())),
                    share: 0,
                    name: Some(name_of(&path)),
                }),
                // A plan may not be exceeded because what was counted is not known.
                Err(error) if limited && existed => Err(uncounted(&error)),
                Err(error) => {
                    log.warn(&format!("requests are counted in memory only: {}", error.message()));
                    Ok(OpenLedger::alone(MemoryLedger::default()))
                }
            }
        }
    }
}

fn name_of(path: &Path) -> Arc<str> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    format!("sqlite {}", path.display()).into()
}

#[cfg(feature = "sqlite")]
fn open_sqlite(path: &Path) -> Result<Box<dyn Ledger>> {
    Ok(Box::new(super::sqlite::SqliteLedger::open(path)?))
}

#[cfg(not(feature = "sqlite"))]
fn open_sqlite(_path: &Path) -> Result<Box<dyn Ledger>> {
    Err(Error::config("this build has no SQLite ledger; the memory ledger is left"))
}

#[cfg(feature = "redis")]
fn open_redis(redis: &RedisConfig, config: &Config, secrets: &Secrets) -> Result<OpenLedger> {
    let ledger = RedisLedger::open(
        redis,
        &RedisSettings {
            ca_certificates: config.ca_certificates.as_deref(),
            clock: clock::of(config.testing.as_ref())?.0,
            server_time: config.testing.as_ref().is_none_or(|testing| testing.clock.is_none()),
            secrets,
        },
    )?;
    let share = match redis.when_away {
        WhenAway::Refuse => 0,
        WhenAway::Share(0) => {
            return Err(Error::config("ledger: redis: a share has to be at least 1; \"refuse\" is none"));
        }
        WhenAway::Share(share) => share,
    };
    let name = Some(format!("redis {}", ledger.place()).into());
    Ok(OpenLedger { ledger: Arc::new(ledger), share, name })
}

#[cfg(not(feature = "redis"))]
fn open_redis(_redis: &RedisConfig, _config: &Config, _secrets: &Secrets) -> Result<OpenLedger> {
    Err(Error::config("this build has no Redis ledger (feature redis)"))
}

/// The ledger on disk or in Redis that the settings name, without a client. Needs no sign-in and sends nothing to the
/// service. The default ledger is made where nothing was counted yet.
fn stored(config: &Config) -> Result<Quota> {
    match &config.ledger {
        // It would be made, and its empty count taken for the real one.
        Some(LedgerConfig::Sqlite(path)) if !path.exists() => {
            return Err(Error::config(format!("there is no ledger {}", path.display())));
        }
        Some(LedgerConfig::Memory) => {
            return Err(Error::config("a ledger in memory ends with the process that counts in it"));
        }
        _ => {}
    }
    let config = match &config.ledger {
        Some(_) => config.clone(),
        None => {
            let path: PathBuf = config.state_folder()?.join(LEDGER_FILE);
            Config { ledger: Some(LedgerConfig::Sqlite(path)), ..config.clone() }
        }
    };
    let secrets = Secrets::default();
    let log = Log { sink: Arc::new(TracingSink), secrets: secrets.clone() };
    let parts = QuotaParts {
        ledger: open_ledger(&config, &secrets, &log)?,
        time: ServerTime::new(clock::of(config.testing.as_ref())?.0, None),
        rng: Arc::new(SystemRng),
        handle: None,
        listener: None,
        log,
    };
    Quota::new(&config, parts)
}

/// How the quota stands by the stored ledger that the settings name. Needs no sign-in and sends nothing to the service. The
/// default ledger is made where nothing was counted yet.
///
/// # Errors
/// `config` when there is no ledger of the name that was given, or it cannot be read; `network` when Redis is away.
pub async fn stored_status(config: &Config) -> Result<QuotaStatus> {
    stored(config)?.status().await
}

/// Who used the quota during the last days, today included, by the stored ledger that the settings name.
///
/// # Errors
/// As for [`stored_status`]; and `config` for more days than the 90 that are kept.
pub async fn stored_report(config: &Config, days: u64) -> Result<QuotaReport> {
    stored(config)?.report(days).await
}

/// Keeps the ledgers of this process closed until it is dropped.
pub(crate) struct ForkGuard {
    #[cfg(feature = "sqlite")]
    _files: super::sqlite::Closed,
    _marks: journal::ForkGuard,
}

/// To be called before a `fork`. The guard is to be dropped after it, in the parent and in the child.
pub(crate) fn before_fork() -> ForkGuard {
    ForkGuard {
        #[cfg(feature = "sqlite")]
        _files: super::sqlite::close_all(),
        _marks: journal::ForkGuard::new(),
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    fn open(folder: &Path, plan: Option<Plan>) -> Result<OpenLedger> {
        let config = Config { state_dir: Some(folder.to_owned()), plan, ..Config::default() };
        let secrets = Secrets::default();
        let log = Log { sink: Arc::new(TracingSink), secrets: secrets.clone() };
        open_ledger(&config, &secrets, &log)
    }

    #[tokio::test]
    async fn a_plan_is_not_exceeded_because_a_file_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(LEDGER_FILE), "no database, but long enough to be read as one")
            .unwrap();
        let plan = || Some(Plan::requests_per_day(5));
        let error = open(folder.path(), plan()).err().unwrap();
        assert!(error.message().contains("what was counted today is not known"), "{error}");
        assert_eq!(open(folder.path(), None).unwrap().ledger.name(), "memory");
        assert_eq!(open(folder.path(), Some(Plan::unlimited())).unwrap().ledger.name(), "memory");
        // Where nothing was counted nothing is forgotten.
        assert_eq!(open(Path::new("/dev/null/state"), plan()).unwrap().ledger.name(), "memory");
    }

    #[tokio::test]
    async fn nor_because_of_what_lies_behind_its_head() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LEDGER_FILE);
        drop(super::super::sqlite::SqliteLedger::open(&path).unwrap());
        // The thread of the ledger closes the file after this.
        let head = loop {
            let bytes = std::fs::read(&path).unwrap();
            if bytes.len() > 1024 && !folder.path().join("quota.sqlite-wal").exists() {
                break bytes;
            }
            std::thread::yield_now();
        };
        let mut damaged = head;
        damaged[1024..].fill(0xa5);
        std::fs::write(&path, damaged).unwrap();
        let error = open(folder.path(), Some(Plan::requests_per_day(5))).err().unwrap();
        assert!(error.message().contains("what was counted today is not known"), "{error}");
        assert_eq!(open(folder.path(), None).unwrap().ledger.name(), "memory");
    }
}
