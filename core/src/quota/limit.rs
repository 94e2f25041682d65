//! A reached limit: the error, or the wait for the end of its window.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::calendar::{Frame, Window, iso};
use super::events::THRESHOLDS;
use super::{Ask, Quota, Waits};
use crate::error::{Error, Result};
use crate::own::{ErrorKind, QuotaEvent, QuotaEventKind, QuotaWindow};

/// Longest extension of a wait, so that waiting calls do not all continue at the same moment.
const SPREAD: Duration = Duration::from_secs(5);

impl Quota {
    /// Fails, or waits, when a limit is reached. Reads the ledger only. How long nothing is to be sent: until the end of the
    /// minute whose requests are used up, or as long as the service has asked others who share the ledger to wait.
    pub(crate) async fn check(&self, ask: &Ask<'_>, waits: &dyn Waits) -> Result<Option<Duration>> {
        loop {
            let frame = self.frame();
            let limits = self.limits_for(&frame, ask)?;
            if self.leases.covers(ask.priority, &frame, &limits) {
                return Ok(self.look_at_pause().await);
            }
            let (frame, standing) = match self.standing().await {
                Err(error) if error.kind() == ErrorKind::Network && self.leases.spares(&frame, &limits) => {
                    return Ok(self.pause());
                }
                standing => standing?,
            };
            let limits = self.limits_for(&frame, ask)?;
            let full = limits
                .iter()
                .zip(standing.counts)
                .position(|(limit, count)| limit.is_some_and(|limit| count >= limit));
            let Some(window) = full else { return Ok(self.pause()) };
            // A process that has died may have left some.
            if !self.leases.recover().await {
                let limit = limits[window].unwrap_or_default();
                let full = Full {
                    frame: &frame,
                    window: &frame.windows[window],
                    used: standing.counts[window],
                    limit,
                };
                if let Some(pause) = self.at_limit(ask, waits, &full).await? {
                    return Ok(self.pause().max(Some(pause)));
                }
            }
        }
    }

    /// Waits for the end of a window if the call may, and fails otherwise. An end that is near is left to the limiter, where
    /// those who wait have an order: how long nothing is to be sent.
    async fn at_limit(&self, ask: &Ask<'_>, waits: &dyn Waits, full: &Full<'_>) -> Result<Option<Duration>> {
        let left = full.window.end().duration_since(self.now()).unwrap_or_default();
        let spread = SPREAD.min((left / 20).max(Duration::from_millis(1)));
        let wait = left + spread.mul_f64(self.rng.fraction());
        if full.window.span != QuotaWindow::Day && left <= self.max_wait && wait < waits.left() {
            return Ok(Some(wait.min(self.max_wait)));
        }
        match self.may_wait(ask, full, left).await {
            Ok(true) => {}
            Ok(false) => return Err(self.exceeded(ask, full, left).await),
            Err(failed) => {
                let error = self.exceeded(ask, full, left).await;
                let text =
                    format!("{}; and the callback for a limit failed: {}", error.message(), failed.message());
                return Err(error.with_message(text).with_source_of(&failed));
            }
        }
        self.log.warn(&format!(
            "the {} requests of the {} are used up; waiting until {}",
            full.limit,
            full.window.span.as_str(),
            iso(full.window.end)
        ));
        waits.wait(wait).await;
        Ok(None)
    }

    /// Whether the settings or the program allow a wait as long as this.
    async fn may_wait(&self, ask: &Ask<'_>, full: &Full<'_>, left: Duration) -> Result<bool> {
        if self.longest_wait.is_some_and(|longest| left <= longest) {
            return Ok(true);
        }
        let Some(listener) = &self.listener else { return Ok(false) };
        let event = QuotaEvent {
            operation: Some(ask.operation.id.to_owned()),
            label: Some(ask.label.to_owned()).filter(|label| !label.is_empty()),
            ..self.event(QuotaEventKind::Limit, full.window, Some(full.limit), full.used)
        };
        Ok(listener.at_limit(&event).await?.is_some_and(|longest| left <= longest))
    }

    /// Says when the window ends, who used it, and what was asked.
    async fn exceeded(&self, ask: &Ask<'_>, full: &Full<'_>, left: Duration) -> Error {
        let kept = self.limit_of_day(full.frame).filter(|_| full.window.span == QuotaWindow::Day);
        let kept = kept.map_or(0, |limit| limit.saturating_sub(full.limit));
        let kept = if kept > 0 { format!(" for bulk work ({kept} are kept free)") } else { String::new() };
        let calendar = self.calendar();
        let (when, next) = match full.window.span {
            QuotaWindow::Day => {
                (format!("{} ({})", calendar.date(full.window.start), calendar.place()), "day")
            }
            QuotaWindow::Hour => ("this hour".to_owned(), "hour"),
            QuotaWindow::Minute => ("this minute".to_owned(), "minute"),
        };
        let labels = self.labels(full.frame).await;
        let users: Vec<_> = labels
            .iter()
            .take(3)
            .map(|(label, units)| match label.is_empty() {
                true => format!("{units} without a label"),
                false => format!("{units} for {label:?}"),
            })
            .collect();
        // Labels are known of the day only.
        let users = match users.is_empty() || full.window.span != QuotaWindow::Day {
            true => String::new(),
            false => format!(": {}", users.join(", ")),
        };
        let reset = iso(full.window.end);
        let text = format!(
            "{} of the {} requests{kept} of {when} are used{users}; the next {next} begins at {reset}",
            full.used, full.limit
        );
        let kind = match full.window.span {
            QuotaWindow::Day => ErrorKind::QuotaExceeded,
            QuotaWindow::Hour | QuotaWindow::Minute => ErrorKind::RateLimited,
        };
        Error::new(kind, text).with_retry_after(Some(left)).with_details(json!({
            "window": full.window.span,
            "limit": full.limit,
            "used": full.used,
            "resets_at": reset,
            "asked": {
                "operation": ask.operation.id,
                "label": ask.label,
                "requests": ask.operation.cost(),
            },
            "used_by": labels
                .iter()
                .map(|(label, units)| json!({"label": label, "requests": units}))
                .collect::<Vec<Value>>(),
        }))
    }

    /// Requests of the day by label, most first.
    async fn labels(&self, frame: &Frame) -> Vec<(String, u64)> {
        // The error is worth more than who used it: without the ledger it says less.
        let rows = self.ledger.history(&self.owner, frame.day().start).await.unwrap_or_default();
        let today = rows.into_iter().filter(|row| row.day == frame.day().start);
        let rows = today.map(|row| (row.entry, row.units));
        let own = self.leases.unsettled(frame.day()).into_iter().map(|spent| (spent.entry, spent.units));
        let mut sums = BTreeMap::new();
        for (entry, units) in rows.chain(own) {
            *sums.entry(entry.label.to_string()).or_insert(0) += units;
        }
        let mut labels: Vec<_> = sums.into_iter().collect();
        labels.sort_by_key(|(_, units)| std::cmp::Reverse(*units));
        labels
    }

    /// Reports a share of the day's limit that is reached, once for all who share the ledger.
    pub(crate) async fn report_thresholds(&self, frame: &Frame, used: u64) {
        let Some(limit) = self.limit_of_day(frame) else { return };
        let share = |percent: u16| used.saturating_mul(100) >= limit.saturating_mul(percent.into());
        let Some(percent) = THRESHOLDS.into_iter().find(|percent| share(*percent)) else { return };
        let before = {
            let mut present = self.present();
            let (before, now) = (present.reported, (frame.day().start, percent));
            if before >= now {
                return;
            }
            present.reported = now;
            before
        };
        let note = format!("threshold {percent} of {limit}");
        match self.ledger.note(frame, &note, "told").await {
            Ok(None) => {
                let event = QuotaEvent {
                    threshold: Some(percent),
                    ..self.event(QuotaEventKind::Threshold, frame.day(), Some(limit), used)
                };
                self.log.warn(&format!("{used} of the {limit} requests of the day are used"));
                self.notice(&event);
            }
            Ok(Some(_)) => {}
            Err(error) => {
                self.present().reported = before;
                self.log.warn(&format!("the event was not recorded in the ledger: {error}"));
            }
        }
    }

    pub(crate) fn notice(&self, event: &QuotaEvent) {
        if let Some(listener) = &self.listener {
            listener.notice(event);
        }
    }

    pub(crate) fn event(
        &self,
        event: QuotaEventKind,
        window: &Window,
        limit: Option<u64>,
        used: u64,
    ) -> QuotaEvent {
        QuotaEvent {
            event,
            window: window.span,
            limit,
            used,
            remaining: limit.map(|limit| limit.saturating_sub(used)),
            resets_at: iso(window.end),
            resets_in: window.end().duration_since(self.now()).unwrap_or_default().as_secs_f64(),
            threshold: None,
            requests: None,
            operation: None,
            label: None,
        }
    }
}

/// A window that has no room for a call.
struct Full<'a> {
    frame: &'a Frame,
    window: &'a Window,
    used: u64,
    limit: u64,
}
