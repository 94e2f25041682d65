//! What the quota has to know of a call that wants to be sent.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::catalog::Operation;
use crate::options::Priority;

/// A call that wants a unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) operation: &'static Operation,
    /// The caller's label, or empty.
    pub(crate) label: &'a str,
    pub(crate) priority: Priority,
}

impl Ask<'_> {
    /// Whether it is the question for the limits of the service, which has to be sent before they are known.
    pub(crate) fn is_for_limits(&self) -> bool {
        self.operation.tells_limits
    }
}

/// The time of the call that asks.
pub(crate) trait Waits: Send + Sync {
    /// How much is left of it. Waits for the quota do not shorten it.
    fn left(&self) -> Duration;

    /// A wait for the quota.
    fn wait(&self, duration: Duration) -> BoxFuture<'_, ()>;
}
