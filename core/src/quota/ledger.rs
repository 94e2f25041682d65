//! What a ledger is. `memory.rs` and `sqlite.rs` are two; one suite tests both.

use std::time::SystemTime;

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::error::Result;

/// A day of a company.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    pub(crate) owner: String,
    pub(crate) day: String,
    pub(crate) end: SystemTime,
}

/// What a unit is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) operation: String,
    pub(crate) label: String,
}

/// Whether a unit was to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Granted {
    Yes,
    No,
}

/// Requests of a day, by what they were for.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Operation.
    pub operation: String,
    /// The caller's label, or empty.
    pub label: String,
    /// Requests.
    pub requests: u64,
}

/// Counts requests.
pub(crate) trait Ledger: std::fmt::Debug + Send + Sync {
    /// `memory` or `sqlite`.
    fn name(&self) -> &'static str;

    /// Units taken in the window.
    fn used<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<u64>>;

    /// Takes a unit unless the limit is reached: one step, whoever else is at it.
    fn reserve<'a>(
        &'a self,
        window: &'a Window,
        limit: Option<u64>,
        entry: &'a Entry,
    ) -> BoxFuture<'a, Result<Granted>>;

    /// Gives a unit back.
    fn refund<'a>(&'a self, window: &'a Window, entry: &'a Entry) -> BoxFuture<'a, Result<()>>;

    /// Raises the count to what the service says, never lowers it.
    fn raise<'a>(&'a self, window: &'a Window, at_least: u64) -> BoxFuture<'a, Result<()>>;

    /// Units taken in the window by entry, most first.
    fn usage<'a>(&'a self, window: &'a Window) -> BoxFuture<'a, Result<Vec<Usage>>>;
}

/// The behaviour that every ledger has.
#[cfg(test)]
pub(crate) mod suite {
    use super::*;

    fn window(day: &str) -> Window {
        Window { owner: "https://x acme".into(), day: day.into(), end: SystemTime::UNIX_EPOCH }
    }

    fn entry(label: &str) -> Entry {
        Entry { operation: "style.list".into(), label: label.into() }
    }

    pub(crate) async fn run(ledger: &dyn Ledger) {
        let today = window("2026-11-22");
        assert_eq!(ledger.used(&today).await.unwrap(), 0);
        for _ in 0..3 {
            assert_eq!(ledger.reserve(&today, Some(3), &entry("a")).await.unwrap(), Granted::Yes);
        }
        assert_eq!(ledger.reserve(&today, Some(3), &entry("b")).await.unwrap(), Granted::No);
        assert_eq!(ledger.reserve(&today, None, &entry("b")).await.unwrap(), Granted::Yes);
        assert_eq!(ledger.used(&today).await.unwrap(), 4);
        ledger.refund(&today, &entry("a")).await.unwrap();
        assert_eq!(ledger.used(&today).await.unwrap(), 3);
        let usage = ledger.usage(&today).await.unwrap();
        assert_eq!(
            usage.iter().map(|usage| (usage.label.as_str(), usage.requests)).collect::<Vec<_>>(),
            [("a", 2), ("b", 1)]
        );

        assert_eq!(ledger.used(&window("2026-11-23")).await.unwrap(), 0);
        ledger.raise(&today, 2).await.unwrap();
        assert_eq!(ledger.used(&today).await.unwrap(), 3);
        ledger.raise(&today, 10).await.unwrap();
        assert_eq!(ledger.used(&today).await.unwrap(), 10);
        assert_eq!(
            ledger.usage(&today).await.unwrap()[0],
            Usage { operation: String::new(), label: "others".into(), requests: 7 }
        );
        assert_eq!(ledger.reserve(&today, Some(10), &entry("a")).await.unwrap(), Granted::No);
    }
}
