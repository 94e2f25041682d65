//! What has happened: the requests that left, and the calls that caused them.

use std::collections::BTreeSet;
use std::time::Duration;

use beproduct::{ErrorKind, Outcome};
use serde_json::Value;

#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) requests: Vec<Request>,
    pub(crate) calls: Vec<Call>,
    /// Times in which a client had nothing on its way.
    pub(crate) idle: Vec<Idle>,
    /// Whether a step of the ledger failed.
    pub(crate) ledger_failed: bool,
    /// Whether the service said that the day is used up, which raises the count.
    pub(crate) raised: bool,
    /// Whether a client ended without closing.
    pub(crate) cut_short: bool,
    /// Processes that ended in the middle of everything.
    pub(crate) crashed: BTreeSet<usize>,
    /// What was done to the records, in order.
    pub(crate) sequence: u64,
    pub(crate) broken: Vec<String>,
}

impl History {
    pub(crate) fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// A law was broken.
    pub(crate) fn breaks(&mut self, law: impl Into<String>) {
        self.broken.push(law.into());
    }
}

/// One request that a client handed to its transport.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) client: usize,
    /// The call that it says it belongs to.
    pub(crate) call: Option<usize>,
    /// Method, address and body.
    pub(crate) what: String,
    /// Whether it goes to the API, and is counted.
    pub(crate) counts: bool,
    pub(crate) sent: Duration,
    /// Whether a byte of it may have left, and since when.
    pub(crate) left: bool,
    pub(crate) departed: Option<Duration>,
    /// Whether the client has proof that nothing of it was processed.
    pub(crate) disproved: bool,
    pub(crate) arrived: Option<Duration>,
    pub(crate) applied: bool,
    /// The status that the client received.
    pub(crate) status: Option<u16>,
    pub(crate) fate: &'static str,
    /// Rows of the page that the answer is, of a first page.
    pub(crate) first_page: Option<usize>,
    /// Whether the answer was read to its end.
    pub(crate) read: bool,
    pub(crate) ended: Option<Duration>,
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) client: usize,
    pub(crate) operation: &'static str,
    pub(crate) arguments: Value,
    /// Whether its requests carry its number.
    pub(crate) named: bool,
    pub(crate) timeout: Duration,
    pub(crate) turn_timeout: Option<Duration>,
    pub(crate) max_wait: Duration,
    pub(crate) quota_wait: Duration,
    pub(crate) allow_repeat: bool,
    pub(crate) concurrency: u64,
    pub(crate) began: Duration,
    pub(crate) ended: Option<Duration>,
    /// Of the records, when it began and when it ended.
    pub(crate) sequence: (u64, u64),
    pub(crate) end: Option<End>,
    /// Pauses that the service asked for, in seconds.
    pub(crate) pauses: Vec<f64>,
    /// Time that does not count against its limits.
    pub(crate) excused: Duration,
}

#[derive(Debug, Clone)]
pub(crate) enum End {
    Answered(Value),
    /// The records of a list.
    Listed(Vec<String>),
    Failed(Failure),
    /// The caller went away.
    Dropped,
}

#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) outcome: Outcome,
    pub(crate) text: String,
    pub(crate) details: Option<Value>,
    /// Records that a list had delivered.
    pub(crate) listed: Vec<String>,
}

/// A time in which nothing of a client was on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Idle {
    pub(crate) client: usize,
    pub(crate) from: Duration,
    pub(crate) to: Duration,
}
