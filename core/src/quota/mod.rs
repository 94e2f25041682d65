//! The requests of the day: how many there are, how many are used, and what happens when none is left.
//!
//! A unit is reserved in a ledger just before the bytes leave and given back only when nothing left, so that the count
//! is never below the truth among all who share the ledger.

mod default;
mod ledger;
mod memory;
mod plan;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::answer;
use crate::call::{Priority, WaitReason};
use crate::catalog::Operation;
use crate::clock::Clock;
use crate::config::{Config, LedgerConfig};
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::log::{Log, TracingSink};
use crate::pipeline::Exchange;
use crate::redact::Secrets;

pub(crate) use ledger::{Entry, Granted, Ledger, Window};
pub use plan::Plan;

pub use ledger::Usage;

/// Name of the default ledger, in the state folder.
const LEDGER_FILE: &str = "quota.sqlite";

/// The quota as one client sees it.
pub(crate) struct Quota {
    pub(crate) plan: Plan,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    /// API origin and company: who the requests are counted for.
    pub(crate) owner: String,
    /// Requests that bulk calls leave alone.
    pub(crate) floor: u64,
    pub(crate) longest_wait: Option<Duration>,
    pub(crate) log: Log,
}

/// One unit that was taken from the ledger.
pub(crate) struct Reservation {
    window: Window,
    entry: Entry,
}

/// How the quota stands.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct QuotaStatus {
    /// Where requests are counted: `memory` or `sqlite`.
    pub store: &'static str,
    /// Requests of the day, if a plan was given.
    pub limit: Option<u64>,
    /// Requests counted today.
    pub used: u64,
    /// Requests left today, if a plan was given.
    pub remaining: Option<u64>,
    /// Beginning of the next day, ISO 8601.
    pub resets_at: String,
    /// Requests counted today by operation and label, most first.
    pub usage: Vec<Usage>,
}

impl Quota {
    pub(crate) fn new(
        config: &Config,
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        log: Log,
    ) -> Result<Self> {
        Ok(Self {
            plan: config.plan()?,
            ledger,
            clock,
            owner: format!("{} {}", config.api_base()?.origin().ascii_serialization(), config.company()?),
            floor: config.quota_floor,
            longest_wait: config.quota_wait.map(|wait| config.seconds("quota_wait", wait)).transpose()?,
            log,
        })
    }

    /// Fails, or waits, when the requests of the day are used up. Reads the ledger only.
    pub(crate) async fn check(&self, exchange: &Exchange) -> Result<()> {
        loop {
            let Some(limit) = self.limit_for(exchange) else { return Ok(()) };
            let window = self.window();
            let used = self.ledger.used(&window).await?;
            if used < limit {
                return Ok(());
            }
            self.wait_for_reset(exchange, &window, used, limit).await?;
        }
    }

    /// Takes one unit. Others may have taken the last one since the check; then the check is due again.
    pub(crate) async fn reserve(&self, exchange: &Exchange) -> Result<Reservation> {
        let window = self.window();
        let entry = Entry {
            operation: exchange.operation.id.to_owned(),
            label: exchange.options.label.clone().unwrap_or_default(),
        };
        match self.ledger.reserve(&window, self.limit_for(exchange), &entry).await? {
            Granted::Yes => Ok(Reservation { window, entry }),
            Granted::No => {
                let text = "the last requests of the day were taken by others";
                Err(Error::new(ErrorKind::QuotaExceeded, text).with_failure(Failure::QuotaRaced))
            }
        }
    }

    /// Gives a unit back: nothing left.
    pub(crate) async fn refund(&self, reservation: &Reservation) -> Result<()> {
        self.ledger.refund(&reservation.window, &reservation.entry).await
    }

    /// The service refused a request because of the day's limit: others have used what this ledger thought was left.
    pub(crate) async fn learn_refusal(&self, reservation: &Reservation) -> Result<()> {
        match self.plan.limit() {
            Some(limit) => self.ledger.raise(&reservation.window, limit).await,
            None => Ok(()),
        }
    }

    /// The service's own count of the day, wherever in the answer it stands.
    pub(crate) async fn learn_status(
        &self,
        reservation: &Reservation,
        operation: &Operation,
        body: &[u8],
    ) -> Result<()> {
        if operation.official != "ratelimit_status" {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match answer::find(&body, "per_day").and_then(|day| day["used"].as_u64()) {
            Some(used) => self.ledger.raise(&reservation.window, used).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn status(&self) -> Result<QuotaStatus> {
        let window = self.window();
        let used = self.ledger.used(&window).await?;
        Ok(QuotaStatus {
            store: self.ledger.name(),
            limit: self.plan.limit(),
            used,
            remaining: self.plan.limit().map(|limit| limit.saturating_sub(used)),
            resets_at: iso(window.end),
            usage: self.ledger.usage(&window).await?,
        })
    }

    fn limit_for(&self, exchange: &Exchange) -> Option<u64> {
        let floor = if exchange.options.priority == Priority::Bulk { self.floor } else { 0 };
        self.plan.limit().map(|limit| limit.saturating_sub(floor))
    }

    /// The day, in UTC: when the service's own begins is not known (docs/service.md, Limits by edition).
    fn window(&self) -> Window {
        const DAY: u64 = 24 * 3600;
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let start = now - now % DAY;
        let day = OffsetDateTime::from(UNIX_EPOCH + Duration::from_secs(start)).date();
        Window {
            owner: self.owner.clone(),
            day: day.to_string(),
            end: UNIX_EPOCH + Duration::from_secs(start + DAY),
        }
    }

    async fn wait_for_reset(
        &self,
        exchange: &Exchange,
        window: &Window,
        used: u64,
        limit: u64,
    ) -> Result<()> {
        let left = window.end.duration_since(self.clock.now()).unwrap_or_default();
        let reset = iso(window.end);
        if self.longest_wait.is_some_and(|longest| left <= longest) {
            self.log
                .warn(&format!("the {limit} requests of {} are used up; waiting until {reset}", window.day));
            exchange.trace.pause(&*self.clock, WaitReason::Quota, left).await;
            return Ok(());
        }
        let kept = self.plan.limit().unwrap_or(limit) - limit;
        let kept = if kept > 0 { format!(" for bulk work ({kept} are kept free)") } else { String::new() };
        let text = format!(
            "{used} of the {limit} requests{kept} of {} (UTC) are used; the next day begins at {reset}",
            window.day
        );
        Err(Error::new(ErrorKind::QuotaExceeded, text).with_retry_after(Some(left)))
    }
}

fn iso(time: SystemTime) -> String {
    // Days of the next few thousand years all have this form.
    OffsetDateTime::from(time).format(&Rfc3339).unwrap_or_default()
}

/// How the quota stands by the ledger on disk that the settings name. Needs no sign-in and sends nothing. The default
/// ledger is made where nothing was counted yet.
///
/// # Errors
/// `config` when there is no ledger of the name that was given, or it cannot be read.
pub async fn stored_status(config: &Config) -> Result<QuotaStatus> {
    let path = match &config.ledger {
        // Opened, it would be made, and its empty count taken for the real one.
        Some(LedgerConfig::Sqlite(path)) if !path.exists() => {
            return Err(Error::config(format!("there is no ledger {}", path.display())));
        }
        Some(LedgerConfig::Sqlite(path)) => path.clone(),
        Some(LedgerConfig::Memory) => {
            return Err(Error::config("a ledger in memory ends with the process that counts in it"));
        }
        None => config.state_folder()?.join(LEDGER_FILE),
    };
    let log = Log { sink: Arc::new(TracingSink), secrets: Secrets::default() };
    Quota::new(config, open_sqlite(&path)?.into(), config.clock()?.0, log)?.status().await
}

/// The ledger that the settings ask for. The default falls back to memory, with a warning; a chosen one does not.
pub(crate) fn open_ledger(
    chosen: Option<&LedgerConfig>,
    folder: Result<&Path>,
    log: &Log,
) -> Result<Arc<dyn Ledger>> {
    match chosen {
        Some(LedgerConfig::Memory) => Ok(Arc::new(memory::MemoryLedger::default())),
        Some(LedgerConfig::Sqlite(path)) => open_sqlite(path).map(Arc::from),
        // Without SQLite there is nothing to fall back from.
        None if cfg!(not(feature = "sqlite")) => Ok(Arc::new(memory::MemoryLedger::default())),
        None => match folder.and_then(|folder| open_sqlite(&folder.join(LEDGER_FILE))) {
            Ok(file) => Ok(Arc::new(default::DefaultLedger::new(file, log.clone()))),
            Err(error) => {
                log.warn(&format!("requests are counted in memory only: {}", error.message()));
                Ok(Arc::new(memory::MemoryLedger::default()))
            }
        },
    }
}

#[cfg(feature = "sqlite")]
fn open_sqlite(path: &Path) -> Result<Box<dyn Ledger>> {
    Ok(Box::new(sqlite::SqliteLedger::open(path)?))
}

/// Keeps the ledgers of this process closed until it is dropped.
pub(crate) struct ForkGuard {
    #[cfg(feature = "sqlite")]
    _closed: sqlite::Closed,
}

/// To be called before a `fork`. The guard is to be dropped after it, in the parent and in the child.
pub(crate) fn before_fork() -> ForkGuard {
    ForkGuard {
        #[cfg(feature = "sqlite")]
        _closed: sqlite::close_all(),
    }
}

#[cfg(not(feature = "sqlite"))]
fn open_sqlite(_path: &Path) -> Result<Box<dyn Ledger>> {
    Err(Error::config("this build has no SQLite ledger; use the memory ledger"))
}
