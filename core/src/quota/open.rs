//! Opening the ledger that the settings ask for.

use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "sqlite")]
use super::fallback::FallbackLedger;
use super::journal::{self, Journal};
use super::ledger::Ledger;
use super::memory::MemoryLedger;
#[cfg(feature = "redis")]
use super::redis::{RedisLedger, RedisSettings};
#[cfg(feature = "redis")]
use super::settings::WhenAway;
use super::settings::{LedgerConfig, LedgerSettings, QuotaSettings, RedisConfig};
#[cfg(feature = "sqlite")]
use super::sqlite::SqliteLedger;
use super::{Quota, QuotaParts};
use crate::clock::ServerTime;
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
    /// Why it is in memory although nobody chose that.
    pub(crate) alone: Option<Error>,
    /// Which one it is, for those who share it.
    name: Option<Arc<str>>,
}

impl OpenLedger {
    fn of_one_client() -> Self {
        Self { ledger: Arc::new(MemoryLedger::default()), share: 0, alone: None, name: None }
    }

    /// One of tests. With a name it has a journal.
    pub(crate) fn of(ledger: Arc<dyn Ledger>, share: u64, name: Option<&str>) -> Self {
        Self { ledger, share, alone: None, name: name.map(Arc::from) }
    }

    /// Where it is written what was used of leases: this client's, and those of processes that have died.
    pub(crate) fn journal(&self, settings: &QuotaSettings, process: &Arc<str>, log: &Log) -> Option<Journal> {
        let name = self.name.clone()?;
        match &settings.ledger.state_folder {
            Ok(folder) => Some(Journal::new(folder.join("leases"), name, Arc::clone(process))),
            Err(error) => {
                if settings.lease > 1 || self.share > 0 {
                    log.warn(&format!(
                        "the units that this process leases are lost for the day if it is killed: {}",
                        error.message()
                    ));
                }
                None
            }
        }
    }
}

/// The ledger that the settings ask for. A chosen one has to work now; the default one too, where the plan has limits.
pub(crate) fn open_ledger(settings: &QuotaSettings, secrets: &Secrets, log: &Log) -> Result<OpenLedger> {
    match &settings.ledger.chosen {
        Some(LedgerConfig::Memory) => Ok(OpenLedger::of_one_client()),
        Some(LedgerConfig::Sqlite(path)) => {
            let ledger = open_sqlite(path)?;
            Ok(OpenLedger { ledger, share: 0, alone: None, name: Some(name_of(path)) })
        }
        Some(LedgerConfig::Redis(redis)) => open_redis(redis, &settings.ledger, secrets),
        None => open_default(settings, log),
    }
}

#[cfg(feature = "sqlite")]
fn open_default(settings: &QuotaSettings, log: &Log) -> Result<OpenLedger> {
    let limited = settings.plan.has_limits();
    let folder = match &settings.ledger.state_folder {
        Ok(folder) => folder,
        Err(error) => {
            let text = error.message();
            let error = Error::config(format!(
                "the default quota ledger has no folder: {text}. Name a file with ledger {{\"sqlite\": path}}, or use \
                 \"memory\" if no other process sends requests for this company"
            ));
            if limited {
                return Err(error);
            }
            log.warn(&format!("requests are counted in memory only: {text}"));
            return Ok(OpenLedger { alone: Some(error), ..OpenLedger::of_one_client() });
        }
    };
    let path = folder.join(LEDGER_FILE);
    let file = SqliteLedger::at(&path);
    if limited {
        file.check()?;
    }
    let clock = Arc::clone(&settings.ledger.clock);
    let ledger = Arc::new(FallbackLedger::new(Box::new(file), clock, log.clone()));
    Ok(OpenLedger { ledger, share: 0, alone: None, name: Some(name_of(&path)) })
}

/// Without SQLite there is nothing else.
#[cfg(not(feature = "sqlite"))]
fn open_default(_settings: &QuotaSettings, _log: &Log) -> Result<OpenLedger> {
    Ok(OpenLedger::of_one_client())
}

fn name_of(path: &Path) -> Arc<str> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    format!("sqlite {}", path.display()).into()
}

#[cfg(feature = "sqlite")]
fn open_sqlite(path: &Path) -> Result<Arc<dyn Ledger>> {
    let ledger = SqliteLedger::at(path);
    ledger.check()?;
    Ok(Arc::new(ledger))
}

#[cfg(not(feature = "sqlite"))]
fn open_sqlite(_path: &Path) -> Result<Arc<dyn Ledger>> {
    Err(Error::config("this build has no SQLite ledger; use \"memory\""))
}

#[cfg(feature = "redis")]
fn open_redis(redis: &RedisConfig, settings: &LedgerSettings, secrets: &Secrets) -> Result<OpenLedger> {
    let ledger = RedisLedger::open(
        redis,
        &RedisSettings {
            ca_certificates: settings.ca_certificates.as_deref(),
            clock: Arc::clone(&settings.clock),
            server_time: settings.server_time,
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
    Ok(OpenLedger { ledger: Arc::new(ledger), share, alone: None, name })
}

#[cfg(not(feature = "redis"))]
fn open_redis(_redis: &RedisConfig, _settings: &LedgerSettings, _secrets: &Secrets) -> Result<OpenLedger> {
    Err(Error::config("this build has no Redis ledger (feature redis)"))
}

/// The quota by the ledger on disk or in Redis, without a client. The default ledger is made where nothing was counted yet.
pub(crate) fn stored_quota(mut settings: QuotaSettings) -> Result<Quota> {
    match &settings.ledger.chosen {
        // It would be made, and its empty count taken for the real one.
        Some(LedgerConfig::Sqlite(path)) if !path.exists() => {
            return Err(Error::config(format!("there is no ledger {}", path.display())));
        }
        Some(LedgerConfig::Memory) => {
            return Err(Error::config(
                "a memory ledger cannot be read by another process: name a file or a Redis server",
            ));
        }
        Some(_) => {}
        None => {
            let path = settings.ledger.state_folder.clone()?.join(LEDGER_FILE);
            settings.ledger.chosen = Some(LedgerConfig::Sqlite(path));
        }
    }
    let secrets = Secrets::default();
    let log = Log { sink: Arc::new(TracingSink), secrets: secrets.clone() };
    let parts = QuotaParts {
        ledger: open_ledger(&settings, &secrets, &log)?,
        time: ServerTime::new(Arc::clone(&settings.ledger.clock), None),
        rng: Arc::new(SystemRng),
        handle: None,
        listener: None,
        log,
    };
    Quota::new(settings, parts)
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
    use crate::clock::RecordedClock;
    use crate::quota::Plan;
    use std::time::Duration;

    fn settings(folder: Result<std::path::PathBuf>, plan: Plan) -> QuotaSettings {
        QuotaSettings {
            owner: "https://api.example.com acme".into(),
            plan,
            floor: 0,
            lease: 1,
            longest_wait: None,
            max_wait: Duration::from_secs(60),
            ledger: LedgerSettings {
                chosen: None,
                state_folder: folder,
                ca_certificates: None,
                clock: Arc::new(RecordedClock::new()),
                server_time: false,
            },
        }
    }

    fn open(folder: &Path, plan: Plan) -> Result<OpenLedger> {
        open_with(&settings(Ok(folder.to_owned()), plan))
    }

    fn open_with(settings: &QuotaSettings) -> Result<OpenLedger> {
        let secrets = Secrets::default();
        let log = Log { sink: Arc::new(TracingSink), secrets: secrets.clone() };
        open_ledger(settings, &secrets, &log)
    }

    #[test]
    fn a_plan_needs_a_file_that_can_be_used() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(LEDGER_FILE), "no database, but long enough to be read as one")
            .unwrap();
        let limited = || Plan::requests_per_day(5);
        for (folder, said) in
            [(folder.path(), "it is damaged"), (Path::new("/dev/null/state"), "its folder cannot be created")]
        {
            for plan in [limited(), Plan::from_service(), Plan::unlimited().with_requests_per_minute(9)] {
                let error = open(folder, plan).err().unwrap();
                let path = folder.join(LEDGER_FILE).display().to_string();
                for text in [said, &path, "nothing was sent"] {
                    assert!(error.message().contains(text), "{error}");
                }
            }
            assert!(open(folder, Plan::unlimited()).is_ok());
        }
    }

    #[test]
    fn a_plan_needs_a_place_for_the_file() {
        let nowhere = || Err(Error::config("there is no home folder"));
        let error = open_with(&settings(nowhere(), Plan::requests_per_day(5))).err().unwrap();
        assert!(error.message().contains("there is no home folder. Name a file"), "{error}");
        let open = open_with(&settings(nowhere(), Plan::unlimited())).unwrap();
        let log = Log { sink: Arc::new(TracingSink), secrets: Secrets::default() };
        let parts = QuotaParts {
            ledger: open,
            time: ServerTime::new(Arc::new(RecordedClock::new()), None),
            rng: Arc::new(SystemRng),
            handle: None,
            listener: None,
            log,
        };
        let quota = Quota::new(settings(nowhere(), Plan::unlimited()), parts).unwrap();
        let error = quota.change_plan(Plan::requests_per_day(5)).unwrap_err();
        assert!(error.message().contains("Name a file with ledger"), "{error}");
    }

    #[test]
    fn what_lies_behind_its_head_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LEDGER_FILE);
        SqliteLedger::at(&path).check().unwrap();
        let mut damaged = std::fs::read(&path).unwrap();
        damaged[1024..].fill(0xa5);
        std::fs::write(&path, damaged).unwrap();
        let error = open(folder.path(), Plan::requests_per_day(5)).err();
        // The head alone is read when it is opened.
        let error = match error {
            Some(error) => error,
            None => {
                let ledger = open(folder.path(), Plan::requests_per_day(5)).unwrap().ledger;
                futures_util::FutureExt::now_or_never(ledger.history("x", 0));
                return;
            }
        };
        assert!(error.message().contains("damaged"), "{error}");
    }
}
