//! The requests of the day: how many there are, how many are used, and what happens when none is left.
//!
//! A unit is reserved in a ledger just before the bytes leave and given back only when nothing left, so that the count
//! is never below the truth among all who share the ledger.

#[cfg(feature = "sqlite")]
mod aside;
mod ask;
mod calendar;
mod estimate;
mod events;
#[cfg(feature = "sqlite")]
mod fallback;
mod journal;
mod learn;
mod lease;
pub(crate) mod ledger;
mod limit;
mod memory;
mod open;
mod pause;
mod plan;
#[cfg(feature = "redis")]
mod redis;
mod report;
mod reservation;
mod settings;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;

use crate::clock::{Clock, ServerTime};
use crate::error::{Error, Failure, Result};
use crate::log::Log;
use crate::options::Priority;
use crate::own::ErrorKind;
use crate::rng::Rng;
use calendar::Calendar;
use lease::{LeaseSettings, Leases, Origin, serves};
use ledger::{Entry, Granted, Ledger, Limits, Spent, Standing};
use pause::SharedPause;
use reservation::{Unit, to_its_end};

pub(crate) use ask::{Ask, Waits};
pub(crate) use calendar::Frame;
pub use events::QuotaListener;
#[cfg(test)]
pub(crate) use events::event_of_tests;
pub(crate) use memory::MemoryLedger;
pub(crate) use open::{ForkGuard, OpenLedger, before_fork, open_ledger, stored_quota};
pub use plan::Plan;
pub(crate) use reservation::Reservation;
pub use settings::{LedgerConfig, RedisConfig, WhenAway};
pub(crate) use settings::{LedgerSettings, QuotaSettings, owner};
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::SqliteLedger;

/// How often the windows of a moment are looked up anew before the last answer of the ledger has to do.
const LOOKS: usize = 4;

/// The quota as one client sees it.
pub(crate) struct Quota {
    /// Who the requests are counted for, see [`owner`].
    pub(crate) owner: Arc<str>,
    pub(crate) log: Log,
    ledger: Arc<dyn Ledger>,
    /// Why requests are counted in memory although nobody chose that: no plan with limits can be kept then.
    alone: Option<Error>,
    leases: Arc<Leases>,
    time: ServerTime,
    rng: Arc<dyn Rng>,
    handle: Option<Handle>,
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
    pause: SharedPause,
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
    /// The day and the highest share of its limit that was reported.
    reported: (u64, u16),
}

impl Present {
    fn new(plan: Plan) -> Result<Self> {
        let calendar = plan.calendar()?;
        Ok(Self { calendar, plan, stated: None, frame: None, used: None, reported: (0, 0) })
    }
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

impl Quota {
    pub(crate) fn new(settings: QuotaSettings, parts: QuotaParts) -> Result<Self> {
        let host = gethostname::gethostname();
        let process: Arc<str> = format!("{}:{}", host.to_string_lossy(), std::process::id()).into();
        let ledger = Arc::clone(&parts.ledger.ledger);
        let leases = Leases::new(LeaseSettings {
            ledger: Arc::clone(&ledger),
            size: settings.lease,
            share: parts.ledger.share,
            journal: parts.ledger.journal(&settings, &process, &parts.log),
            clock: Arc::clone(parts.time.clock()),
            rng: Arc::clone(&parts.rng),
            handle: parts.handle.clone(),
            log: parts.log.clone(),
        });
        let quota = Self {
            owner: settings.owner,
            log: parts.log,
            ledger,
            alone: parts.ledger.alone,
            leases,
            time: parts.time,
            rng: parts.rng,
            handle: parts.handle,
            process,
            floor: settings.floor,
            longest_wait: settings.longest_wait,
            max_wait: settings.max_wait,
            listener: parts.listener,
            present: Mutex::new(Present::new(Plan::unlimited())?),
            pause: SharedPause::default(),
            asking: tokio::sync::Mutex::default(),
        };
        quota.change_plan(settings.plan)?;
        Ok(quota)
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> &dyn Clock {
        &**self.time.clock()
    }

    /// The time by the clock of the service, as far as answers have shown it.
    pub(crate) fn server_time(&self) -> SystemTime {
        self.time.time()
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

    /// The windows of this moment, and how they stand. A pause that others share is known from then on.
    async fn standing(&self) -> Result<(Frame, Standing)> {
        let mut looks = 0;
        loop {
            let frame = self.frame();
            let standing = self.ledger.standing(&frame).await?;
            looks += 1;
            // The first answer of a ledger may tell that it is another window's turn.
            if frame.holds(self.now()) || looks == LOOKS {
                self.pause.read(standing.paused_until, self.clock().elapsed());
                return Ok((frame, standing));
            }
        }
    }

    /// The limits of a frame: those of the plan, and what the service stated for that day. Nothing where the plan goes by the
    /// service's and it has not stated any for that day.
    fn limits(&self, frame: &Frame) -> Option<Limits> {
        let present = self.present();
        if !present.plan.is_from_service() {
            return Some(present.plan.limits());
        }
        let stated = present.stated.filter(|(day, _)| *day == frame.day().start);
        stated.map(|(_, stated)| present.plan.completed(stated))
    }

    /// The limit of the day, where it is known.
    fn limit_of_day(&self, frame: &Frame) -> Option<u64> {
        self.limits(frame).and_then(|limits| limits[0])
    }

    /// The limits for a call: bulk work leaves the floor alone.
    ///
    /// # Errors
    /// The check is due again where they are not known.
    fn limits_for(&self, frame: &Frame, ask: &Ask<'_>) -> Result<Limits> {
        let limits = match self.limits(frame) {
            Some(limits) => limits,
            None if ask.is_for_limits() => self.present().plan.limits(),
            None => return Err(raced("the limits of the service are not known for this day")),
        };
        let floor = if ask.priority == Priority::Bulk { self.floor } else { 0 };
        let [day, hour, minute] = limits;
        Ok([day.map(|limit| limit.saturating_sub(floor)), hour, minute])
    }

    /// The present plan.
    pub(crate) fn plan(&self) -> Plan {
        self.present().plan.clone()
    }

    /// Another plan from now on. What is counted stays counted, as long as the days begin at the same time.
    pub(crate) fn change_plan(&self, plan: Plan) -> Result<()> {
        if plan.has_limits()
            && let Some(error) = &self.alone
        {
            return Err(error.clone());
        }
        let limited = plan.has_limits();
        let changed = Present::new(plan)?;
        let mut present = self.present();
        self.ledger.keep_limits(limited);
        *present = changed;
        drop(present);
        self.leases.stop();
        Ok(())
    }

    /// Takes one unit. Others may have taken the last one since the check; then the check is due again. Whoever is dropped
    /// meanwhile takes nothing.
    pub(crate) async fn reserve(self: &Arc<Self>, ask: &Ask<'_>) -> Result<Reservation> {
        let entry = Entry {
            operation: ask.operation.id.into(),
            label: ask.label.into(),
            process: Arc::clone(&self.process),
        };
        let (quota, operation, priority) = (Arc::clone(self), ask.operation, ask.priority);
        let work = async move {
            let label = Arc::clone(&entry.label);
            quota.take(&Ask { operation, label: &label, priority }, entry).await
        };
        to_its_end(self.handle.as_ref(), Box::pin(work)).await?
    }

    async fn take(self: &Arc<Self>, ask: &Ask<'_>, entry: Entry) -> Result<Reservation> {
        if self.look_at_pause().await.is_some() {
            return Err(raced("the service has asked others who share the ledger to wait"));
        }
        let frame = self.frame();
        let limits = self.limits_for(&frame, ask)?;
        // The limits are not known before the service has stated them: several at once may be too many.
        let single = ask.is_for_limits();
        let (granted, origin) = self.leases.take(ask.priority, single, &frame, &limits, &entry).await?;
        if let Granted::Yes { counts, .. } = granted {
            let unit = Unit { frame: frame.clone(), limits, entry, origin };
            let reservation = Reservation::new(Arc::clone(self), unit);
            self.saw(&frame, counts[0]).await;
            // The ledger may have taken so long that the unit is one of yesterday, or of another plan.
            let unchanged = self.limits_for(&frame, ask).is_ok_and(|present| present == limits);
            if unchanged && serves(&frame, &self.frame(), &limits) {
                return Ok(reservation);
            }
            reservation.refund().await?;
        }
        Err(raced("the last requests were taken by others"))
    }

    /// The ledger has answered with the count of the day; 0 where it was not asked.
    async fn saw(&self, frame: &Frame, used: u64) {
        if used > 0 {
            self.present().used = Some((frame.day().start, used));
            self.report_thresholds(frame, used).await;
        }
    }

    /// Requests of the day by the ledger's last answer, and their limit.
    pub(crate) fn figures(&self) -> (Option<u64>, Option<u64>) {
        let frame = self.frame();
        let used = self.present().used.filter(|(day, _)| *day == frame.day().start);
        (used.map(|(_, used)| used), self.limit_of_day(&frame))
    }

    /// Gives a unit back: nothing left.
    async fn give_back(&self, unit: Unit) -> Result<()> {
        let Unit { frame, entry, origin, .. } = unit;
        match origin {
            Origin::Lease(lease) if self.leases.untake(&lease, &entry) => Ok(()),
            _ => self.ledger.refund(&frame, &Spent { entry, units: 1 }).await,
        }
    }

    /// Gives back what processes left of their leases that have ended. Whether there was anything.
    pub(crate) async fn recover(&self) -> bool {
        self.leases.recover().await
    }

    /// Gives back what is leased and not used.
    pub(crate) async fn release(&self) {
        self.leases.release().await;
        if let Err(error) = self.ledger.finish().await {
            self.log.warn(&format!("requests that were counted in memory are not in the ledger: {error}"));
        }
    }
}

/// The check is due again.
pub(crate) fn raced(text: &str) -> Error {
    Error::new(ErrorKind::QuotaExceeded, text).with_failure(Failure::QuotaRaced)
}
