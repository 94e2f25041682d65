//! Events of the quota, and the decision at a limit.

use futures_util::future::BoxFuture;
use serde::Serialize;
use std::time::Duration;

use super::calendar::Span;
use crate::error::Result;

/// Shares of the daily quota, in percent, that are reported when they are reached.
pub(crate) const THRESHOLDS: [u64; 2] = [95, 80];

/// Kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuotaEventKind {
    /// 80 % or 95 % of the daily quota was reached; once a day for all clients that share a ledger.
    Threshold,
    /// The service reported requests of clients outside of the ledger. They are counted now.
    Others,
    /// A limit was reached, and a call is waiting to be sent.
    Limit,
}

/// An event of the quota.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct QuotaEvent {
    /// Kind of the event.
    pub event: QuotaEventKind,
    /// Window of the limit.
    pub window: Span,
    /// Requests of the window, if there is a limit.
    pub limit: Option<u64>,
    /// Requests counted in the window.
    pub used: u64,
    /// Requests left in the window, if there is a limit.
    pub remaining: Option<u64>,
    /// End of the window, ISO 8601.
    pub resets_at: String,
    /// Seconds until then.
    pub resets_in: f64,
    /// The share that was reached, in percent; only for `threshold`.
    pub threshold: Option<u64>,
    /// Requests of other clients; only for `others`.
    pub requests: Option<u64>,
    /// Operation of the waiting call; only for `limit`.
    pub operation: Option<&'static str>,
    /// Label of the waiting call; only for `limit`.
    pub label: Option<String>,
}

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
        window: Span::Day,
        limit: Some(1),
        used: 1,
        remaining: Some(0),
        resets_at: "2026-01-16T00:00:00Z".into(),
        resets_in: 60.0,
        threshold: None,
        requests: None,
        operation: Some(operation),
        label: None,
    }
}
