//! The trait of a ledger. `memory.rs`, `sqlite.rs` and `redis.rs` implement it; one suite and one model test them all.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;

use super::calendar::{Frame, SPANS};
use crate::error::Result;
use crate::own::QuotaStore;

/// Days for which usage is kept.
pub(crate) const HISTORY: u64 = 90;

/// Days for which usage is kept by process, besides today. Older days keep operation and label.
pub(crate) const APART: u64 = 7;

/// Label of the requests of other clients, which the service reported.
pub(crate) const OTHERS: &str = "others";

/// A figure for each window of a [`Frame`].
pub(crate) type Counts = [u64; SPANS];

/// The limit of each window of a [`Frame`], where there is one.
pub(crate) type Limits = [Option<u64>; SPANS];

/// The purpose of units: operation, label and process.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) operation: Arc<str>,
    pub(crate) label: Arc<str>,
    /// `host:process id`.
    pub(crate) process: Arc<str>,
}

impl Entry {
    /// Requests of clients outside of the ledger.
    pub(crate) fn of_others() -> Self {
        Self { operation: "".into(), label: OTHERS.into(), process: "".into() }
    }
}

/// Units of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) entry: Entry,
    pub(crate) units: u64,
}

/// Units of one entry in one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Start of the day, Unix seconds.
    pub(crate) day: u64,
    pub(crate) entry: Entry,
    pub(crate) units: u64,
}

/// Whether units were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Granted {
    /// Taken: the number of units, and the new count of each window.
    Yes { units: u64, counts: Counts },
    /// Not taken: this window is full.
    No { window: usize },
    /// Not taken: by the ledger's clock the window has changed, or the lease was ended before it began. Try again.
    Moved,
}

/// The counts of a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Units taken, those in leases included.
    pub(crate) counts: Counts,
    /// Units taken in the hour before.
    pub(crate) hour_before: u64,
    /// Units of the day that are in leases: taken, and possibly unused.
    pub(crate) leased: u64,
    /// Nothing may be sent before, because the service asked a client that shares the ledger to wait.
    pub(crate) paused_until: Option<SystemTime>,
}

/// Several units, taken at once to be used one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeaseId {
    pub(crate) frame: Frame,
    /// Made by whoever takes the lease, before it is taken.
    pub(crate) id: Arc<str>,
}

/// Counts requests. Every method is one atomic step for all processes that share the ledger.
pub(crate) trait Ledger: std::fmt::Debug + Send + Sync {
    /// `memory`, `sqlite` or `redis`.
    fn store(&self) -> QuotaStore;

    /// The time by which windows begin and end: the ledger's own where it has a clock that all share.
    fn now(&self, local: SystemTime) -> SystemTime {
        local
    }

    /// Whether there are limits to keep from now on. Only then does a ledger have to count with all others.
    fn keep_limits(&self, _limited: bool) {}

    /// To be called before its client ends: what is not where it belongs goes there.
    fn finish(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// The counts of the windows.
    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>>;

    /// Takes `spent.units` in all windows, or none when a limit does not allow it.
    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>>;

    /// Takes up to `most` units for later use: at most a quarter of what is left, so that every client that shares the ledger
    /// gets some, but at least one.
    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>>;

    /// Ends a lease: books its used units and gives the rest back. Does nothing for a lease that has ended. A lease that has not
    /// begun, because its request is still on its way, can no longer begin.
    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>>;

    /// Gives reserved units back.
    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>>;

    /// Raises the count of the day to the service's count, and never lowers it. Returns the difference.
    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>>;

    /// Pauses all clients that share the ledger. An earlier end than the present one changes nothing.
    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>>;

    /// Stores a note for the day of the frame, and returns the earlier note of this name.
    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>>;

    /// A note of the day of the frame.
    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>>;

    /// Units by day and entry, for the days that began since (Unix seconds). Those in leases are not among them. Days that were
    /// over for a week when the first unit of an hour was taken have no processes any more.
    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>>;
}

/// Units that are left in the tightest window, if any has a limit; or the window that does not have so many left.
pub(crate) fn left(counts: &Counts, limits: &Limits, units: u64) -> std::result::Result<Option<u64>, usize> {
    let mut tightest: Option<u64> = None;
    for (window, (count, limit)) in counts.iter().zip(limits).enumerate() {
        let Some(limit) = limit else { continue };
        let here = limit.saturating_sub(*count);
        if here < units {
            return Err(window);
        }
        tightest = Some(tightest.map_or(here, |least| least.min(here)));
    }
    Ok(tightest)
}

/// How many units a lease of up to `most` gets where this much is left in the tightest window.
pub(crate) fn lease_size(most: u64, left: Option<u64>) -> u64 {
    left.map_or(most, |left| most.min(left.div_ceil(4)))
}
