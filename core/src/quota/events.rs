//! What a program may want to be told of the quota, and asked.

use futures_util::future::BoxFuture;
use serde::Serialize;
use std::time::Duration;

use super::calendar::Span;
use crate::error::Result;

/// Shares of the day's limit, in percent, that are told of when they are reached.
pub(crate) const THRESHOLDS: [u64; 2] = [95, 80];

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuotaEventKind {
    /// A share of the day's limit was reached: once a day for all who share a ledger.
    Threshold,
    /// The service told of requests that others sent, outside of the ledger. They are counted now.
    Others,
    /// A limit was reached, and a call wants to be sent.
    Limit,
}

/// Something about the quota.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct QuotaEvent {
    /// What happened.
    pub event: QuotaEventKind,
    /// Which limit it is about.
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
    /// The share that was reached, in percent; of a threshold.
    pub threshold: Option<u64>,
    /// Requests that others sent; of `others`.
    pub requests: Option<u64>,
    /// Operation that wants to be sent; of `limit`.
    pub operation: Option<&'static str>,
    /// Its label; of `limit`.
    pub label: Option<String>,
}

/// Takes events of the quota, and decides what a call does at a limit.
pub trait QuotaListener: Send + Sync {
    /// Something happened. It must not block.
    fn notice(&self, event: &QuotaEvent);

    /// A limit is reached beyond what `quota_wait` allows: how long the call may wait for the reset, or nothing for the
    /// error. Called for each call that is at its limit.
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
