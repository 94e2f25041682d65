//! What the service says of the quota: its limits, its own count, and its refusals.

use std::time::Duration;

use super::calendar::Frame;
use super::ledger::Limits;
use super::{Quota, Reservation, pause};
use crate::answer;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::own::{ErrorKind, QuotaEvent, QuotaEventKind};

/// Name under which the ledger keeps the limits that the service stated.
const STATED: &str = "limits of the service";

/// The policies of `ratelimit/status`, in the order of the windows.
const POLICIES: [&str; 3] = ["per_day", "per_hour", "per_minute"];

impl Quota {
    /// Whether the service has to be asked for its limits before anything else is sent, as the plan says and nobody has
    /// done today.
    pub(crate) async fn is_open(&self, operation: &Operation) -> Result<bool> {
        if operation.tells_limits {
            return Ok(false);
        }
        self.recall_limits(&self.frame()).await
    }

    /// Recalls what the service stated as its limits today. Whether that is needed, and nobody knows.
    pub(crate) async fn recall_limits(&self, frame: &Frame) -> Result<bool> {
        {
            let present = self.present();
            let known = present.stated.is_some_and(|(day, _)| day == frame.day().start);
            if !present.plan.is_from_service() || known {
                return Ok(false);
            }
        }
        let noted = self.ledger.recall(frame, STATED).await?;
        let Some(limits) = noted.and_then(|text| serde_json::from_str::<Limits>(&text).ok()) else {
            return Ok(true);
        };
        self.present().stated = Some((frame.day().start, limits));
        Ok(false)
    }

    /// The start of the present day.
    pub(crate) fn today(&self) -> u64 {
        self.frame().day().start
    }

    /// Keeps others from asking the service too.
    pub(crate) async fn asking(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.asking.lock().await
    }

    /// The service was asked for its limits and has not told any.
    pub(crate) fn untold(&self) -> Error {
        let text = "the service does not state its limits, and the plan relies on them: give edition and licenses, or \
                    requests_per_day";
        Error::new(ErrorKind::Config, text)
    }

    /// The service refused a request because of the day's limit: others have used what this ledger thought was left.
    pub(crate) async fn learn_refusal(&self, reservation: &Reservation) -> Result<()> {
        match self.limit_of_day(reservation.frame()) {
            Some(limit) => {
                self.leases.stop();
                let text = "the service refuses further requests today; the ledger counts the rest as used by others";
                self.raise(reservation, limit, text).await
            }
            None => Ok(()),
        }
    }

    /// The service's own figures, wherever in the answer they stand.
    pub(crate) async fn learn_status(
        &self,
        reservation: &Reservation,
        operation: &Operation,
        body: &[u8],
    ) -> Result<()> {
        if !operation.tells_limits {
            return Ok(());
        }
        let body = answer::value(body);
        let policies = POLICIES.map(|name| answer::find(&body, name));
        let stated: Limits = policies.map(|policy| policy.and_then(|policy| policy["limit"].as_u64()));
        if stated.iter().any(Option::is_some) {
            self.adopt(reservation, stated).await?;
        }
        match policies[0].and_then(|day| day["used"].as_u64()) {
            Some(used) => {
                // What this client holds in leases the service has not seen yet.
                let at_least = used.saturating_add(self.leases.unused());
                let text = "the service counts requests of today that are not in this ledger: others send without sharing it";
                self.raise(reservation, at_least, text).await
            }
            None => Ok(()),
        }
    }

    async fn adopt(&self, reservation: &Reservation, stated: Limits) -> Result<()> {
        if !self.present().plan.is_from_service() {
            return Ok(());
        }
        self.present().stated = Some((reservation.frame().day().start, stated));
        self.leases.stop();
        let text = serde_json::to_string(&stated).unwrap_or_default();
        self.ledger.note(reservation.frame(), STATED, &text).await.map(drop)
    }

    /// Takes over a count that is higher than the ledger's: others have sent the difference.
    async fn raise(&self, reservation: &Reservation, at_least: u64, text: &str) -> Result<()> {
        let frame = reservation.frame();
        let units = self.ledger.raise(frame, at_least).await?;
        if units == 0 {
            return Ok(());
        }
        self.log.warn(&format!("{text} ({units})"));
        let used = self.ledger.standing(frame).await?.counts[0];
        let limit = self.limit_of_day(frame);
        if limit.is_some_and(|limit| used >= limit) {
            self.leases.stop();
        }
        let event = QuotaEvent {
            requests: Some(units),
            ..self.event(QuotaEventKind::Others, frame.day(), limit, used)
        };
        self.notice(&event);
        self.report_thresholds(frame, used).await;
        Ok(())
    }

    /// The service asked to wait: tells all who share the ledger.
    pub(crate) async fn learn_pause(&self, wait: Duration) -> Result<()> {
        let now = self.now();
        let until = now.checked_add(wait.min(pause::LONGEST)).unwrap_or(now);
        self.ledger.pause(&self.owner, until).await
    }
}
