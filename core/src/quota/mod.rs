//! The requests of the day: how many there are, how many are used, and what happens when none is left.
//!
//! A unit is reserved in a ledger just before the bytes leave and given back only when nothing left, so that the count
//! is never below the truth among all who share the ledger.

mod calendar;
mod default;
mod estimate;
mod events;
mod journal;
mod learn;
mod lease;
mod ledger;
mod limit;
mod memory;
mod open;
mod plan;
#[cfg(feature = "redis")]
mod redis;
mod report;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod suite;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;

use crate::catalog::Operation;
use crate::clock::{Clock, ServerTime};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::log::Log;
use crate::options::{CallOptions, Priority};
use crate::pipeline::Exchange;
use crate::rng::Rng;
use calendar::{Calendar, Frame};
use lease::{LeaseSettings, Leases, Origin, serves};
use ledger::{Entry, Granted, Ledger, Limits, Spent, Standing};

pub use calendar::Span;
pub use estimate::{Estimate, EstimateItem, Work};
pub use events::{QuotaEvent, QuotaEventKind, QuotaListener};
pub use ledger::Usage;
pub(crate) use open::{ForkGuard, OpenLedger, before_fork, open_ledger};
pub use open::{stored_report, stored_status};
pub use plan::Plan;
pub use report::{LimitStatus, QuotaReport, QuotaStatus, ReportRow, Share};

/// The quota as one client sees it.
pub(crate) struct Quota {
    /// API origin and company: who the requests are counted for.
    pub(crate) owner: Arc<str>,
    pub(crate) log: Log,
    ledger: Arc<dyn Ledger>,
    leases: Arc<Leases>,
    time: ServerTime,
    rng: Arc<dyn Rng>,
    /// `host:process id`.
    process: Arc<str>,
    /// Requests of the day that bulk calls leave alone.
    floor: u64,
    /// How long a call may wait for the next day or hour.
    longest_wait: Option<Duration>,
    /// How long it may wait for less.
    max_wait: Duration,
    listener: Option<Arc<dyn QuotaListener>>,
    present: Mutex<Present>,
    /// One asks the service for its limits while the others wait.
    asking: tokio::sync::Mutex<()>,
}

/// What changes during the life of a client.
struct Present {
    plan: Plan,
    calendar: Calendar,
    /// What the service stated, and the day (its start) for which it was asked.
    stated: Option<(u64, Limits)>,
    frame: Option<Frame>,
    /// The day, and its requests when the ledger was asked last.
    used: Option<(u64, u64)>,
    /// The day and the highest share of its limit that was told of.
    told: (u64, u64),
}

/// What a quota is made of, besides the settings.
pub(crate) struct QuotaParts {
    pub(crate) ledger: OpenLedger,
    pub(crate) time: ServerTime,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) handle: Option<Handle>,
    pub(crate) listener: Option<Arc<dyn QuotaListener>>,
    pub(crate) log: Log,
}

/// One unit that was taken.
pub(crate) struct Reservation {
    frame: Frame,
    entry: Entry,
    origin: Origin,
}

impl Quota {
    pub(crate) fn new(config: &Config, parts: QuotaParts) -> Result<Self> {
        let plan = config.plan.clone().unwrap_or_default();
        let host = gethostname::gethostname();
        let process: Arc<str> = format!("{}:{}", host.to_string_lossy(), std::process::id()).into();
        let ledger = Arc::clone(&parts.ledger.ledger);
        let leases = Leases::new(LeaseSettings {
            ledger: Arc::clone(&ledger),
            size: config.quota_lease,
            share: parts.ledger.share,
            journal: parts.ledger.journal(config, &process, &parts.log),
            clock: Arc::clone(parts.time.clock()),
            handle: parts.handle,
            log: parts.log.clone(),
        });
        let owner = format!("{} {}", config.api_base()?.origin().ascii_serialization(), config.company()?);
        Ok(Self {
            owner: owner.into(),
            log: parts.log,
            ledger,
            leases,
            time: parts.time,
            rng: parts.rng,
            process,
            floor: config.quota_floor,
            longest_wait: config.quota_wait.map(|wait| config.seconds("quota_wait", wait)).transpose()?,
            max_wait: config.seconds("max_wait", config.max_wait)?,
            listener: parts.listener,
            present: Mutex::new(Present {
                calendar: plan.calendar()?,
                plan,
                stated: None,
                frame: None,
                used: None,
                told: (0, 0),
            }),
            asking: tokio::sync::Mutex::default(),
        })
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> &dyn Clock {
        &**self.time.clock()
    }

    fn now(&self) -> SystemTime {
        self.ledger.now(self.time.time())
    }

    fn calendar(&self) -> Calendar {
        self.present().calendar.clone()
    }

    /// The windows of this moment.
    fn frame(&self) -> Frame {
        let now = self.now();
        let mut present = self.present();
        if let Some(frame) = present.frame.as_ref().filter(|frame| frame.holds(now)) {
            return frame.clone();
        }
        let frame = Frame { owner: Arc::clone(&self.owner), windows: present.calendar.windows(now) };
        present.frame = Some(frame.clone());
        frame
    }

    /// The windows of this moment, and how they stand.
    async fn standing(&self) -> Result<(Frame, Standing)> {
        loop {
            let frame = self.frame();
            let standing = self.ledger.standing(&frame).await?;
            // The first answer of a ledger may tell that it is another window's turn.
            if frame.holds(self.now()) {
                return Ok((frame, standing));
            }
        }
    }

    /// The limits of the plan, those that the service stated included.
    fn limits(&self, frame: &Frame) -> Limits {
        let present = self.present();
        match present.stated {
            Some((day, stated)) if day == frame.day().start => present.plan.completed(stated),
            _ => present.plan.limits(),
        }
    }

    /// The limits for a call: bulk work leaves the floor alone.
    fn limits_for(&self, frame: &Frame, priority: Priority) -> Limits {
        let floor = if priority == Priority::Bulk { self.floor } else { 0 };
        let [day, hour, minute] = self.limits(frame);
        [day.map(|limit| limit.saturating_sub(floor)), hour, minute]
    }

    /// Another plan from now on. What is counted stays counted, as long as the days begin at the same time.
    pub(crate) fn change_plan(&self, plan: Plan) -> Result<()> {
        let calendar = plan.calendar()?;
        let mut present = self.present();
        *present = Present { plan, calendar, stated: None, frame: None, used: None, told: (0, 0) };
        drop(present);
        self.leases.stop();
        Ok(())
    }

    /// Takes one unit. Others may have taken the last one since the check; then the check is due again.
    pub(crate) async fn reserve(&self, exchange: &Exchange) -> Result<Reservation> {
        self.take(exchange.operation, &exchange.options).await
    }

    /// Takes one unit for a call of an operation.
    pub(crate) async fn take(
        &self,
        operation: &'static Operation,
        options: &CallOptions,
    ) -> Result<Reservation> {
        let frame = self.frame();
        let priority = options.priority;
        let entry = Entry {
            operation: operation.id.into(),
            label: options.label.as_deref().unwrap_or_default().into(),
            process: Arc::clone(&self.process),
        };
        let limits = self.limits_for(&frame, priority);
        // The limits are not known before the service has told them: several at once may be too many.
        let single = operation.tells_limits;
        let (granted, origin) = self.leases.take(priority, single, &frame, &limits, &entry).await?;
        if let Granted::Yes { counts, .. } = granted {
            let reservation = Reservation { frame, entry, origin };
            // The ledger may have taken so long that the unit is one of yesterday.
            if serves(&reservation.frame, &self.frame(), &limits) {
                self.saw(&reservation.frame, counts[0]).await;
                return Ok(reservation);
            }
            self.refund(&reservation).await?;
        }
        let text = "the last requests were taken by others";
        Err(Error::new(ErrorKind::QuotaExceeded, text).with_failure(Failure::QuotaRaced))
    }

    /// The ledger has told the count of the day; 0 where it was not asked.
    async fn saw(&self, frame: &Frame, used: u64) {
        if used > 0 {
            self.present().used = Some((frame.day().start, used));
            self.tell_of_thresholds(frame, used).await;
        }
    }

    /// Requests of the day as the ledger told last, and their limit.
    pub(crate) fn figures(&self) -> (Option<u64>, Option<u64>) {
        let frame = self.frame();
        let used = self.present().used.filter(|(day, _)| *day == frame.day().start);
        (used.map(|(_, used)| used), self.limits(&frame)[0])
    }

    /// Gives a unit back: nothing left.
    pub(crate) async fn refund(&self, reservation: &Reservation) -> Result<()> {
        let Reservation { frame, entry, origin } = reservation;
        match origin {
            Origin::Lease(lease) if self.leases.untake(lease, entry) => Ok(()),
            _ => self.ledger.refund(frame, &Spent { entry: entry.clone(), units: 1 }).await,
        }
    }

    /// Gives back what is leased and not used.
    pub(crate) async fn release(&self) {
        self.leases.release().await;
    }
}
