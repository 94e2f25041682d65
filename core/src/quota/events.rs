//! Events of the quota, and the decision at a limit.

use futures_util::future::BoxFuture;
use std::time::Duration;

use crate::error::Result;
use crate::own::QuotaEvent;
#[cfg(test)]
use crate::own::{QuotaEventKind, QuotaWindow};

/// Shares of the daily quota, in percent, that are reported when they are reached.
pub(crate) const THRESHOLDS: [u16; 2] = [95, 80];

/// Receives events of the quota, and decides what a call does at a limit.
pub trait QuotaListener: Send + Sync {
    /// Receives an event. Must not block.
    fn notice(&self, event: &QuotaEvent);

    /// Decides how long a call may wait for the reset of a limit, if that is longer than `quota_wait`; `None` fails the call.
    /// Called for each call that is at its limit.
    fn at_limit<'a>(&'a self, event: &'a QuotaEvent) -> BoxFuture<'a, Result<Option<Duration>>>;
}

/// The event of a limit of the day, for tests of what takes events.
#[cfg(test)]
pub(crate) fn event_of_tests(operation: &'static str) -> QuotaEvent {
    QuotaEvent {
        event: QuotaEventKind::Limit,
        window: QuotaWindow::Day,
        limit: Some(1),
        used: 1,
        remaining: Some(0),
        resets_at: "2026-01-16T00:00:00Z".into(),
        resets_in: 60.0,
        threshold: None,
        requests: None,
        operation: Some(operation.into()),
        label: None,
    }
}
