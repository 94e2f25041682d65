//! The way of a request: a fixed row of policies, each of which may act before and after the rest.
//!
//! ```text
//! request id, metrics, ending, coalesce, retry        once a call
//!   quota check, turn, authorize, quota reserve,      once an attempt
//!   idle timeout, log, classify, send
//! ```
//!
//! The order matters. The quota is checked before a token is fetched, so that a call that must not be sent causes no
//! traffic at all; it is reserved after that, just before the bytes leave. `classify` stands right above `send`, so that
//! everything outside of it sees errors and not statuses. Only `retry` sends again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::HeaderMap;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use url::Url;

use crate::address::LinkOf;
use crate::auth::Bearer;
use crate::cancel::Cancel;
use crate::catalog::{Base, Operation};
use crate::error::{Error, Result};
use crate::http::{AnswerBody, Body, Extent, Wire};
use crate::limits::Limits;
use crate::options::CallOptions;
use crate::trace::Trace;

/// A request on its way. Cheap to clone: every attempt gets its own.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) operation: &'static Operation,
    pub(crate) base: Base,
    pub(crate) method: &'static str,
    pub(crate) url: Url,
    /// Who named the URL, where it is a link.
    pub(crate) link_of: LinkOf,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Whether a repeat of the request adds nothing.
    pub(crate) adds_nothing: bool,
    pub(crate) options: CallOptions,
    pub(crate) request_id: String,
    /// Number of the attempt, from 1; 0 outside of one.
    pub(crate) attempt: u32,
    pub(crate) bearer: Option<Bearer>,
    pub(crate) limits: Limits,
    pub(crate) trace: Trace,
    /// How far the present attempt has got.
    pub(crate) wire: Wire,
    /// Whether the body of a successful answer is handed on as it arrives.
    pub(crate) streams: bool,
}

impl Exchange {
    /// Whether it moves a file, be it up or down.
    pub(crate) fn is_transfer(&self) -> bool {
        self.streams || self.body.bytes().is_none()
    }

    /// The error of a call that is over: nothing more of it may leave.
    pub(crate) fn over(&self, now: Duration) -> Option<Error> {
        if self.options.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Some(cancelled(&self.trace));
        }
        let end = self.limits.end(&self.trace);
        (end.time()? <= now).then(|| self.limits.error(end, &self.trace))
    }
}

/// The error of a call that its caller has cancelled.
pub(crate) fn cancelled(trace: &Trace) -> Error {
    Error::cancelled(trace.outcome())
}

/// A successful answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body came to its end, or would have if it were not too large.
    pub(crate) extent: Extent,
    /// The body as it arrives, for the one who takes it.
    pub(crate) stream: Option<Arc<Mutex<Option<AnswerBody>>>>,
}

/// One step of the pipeline.
pub(crate) trait Policy: Send + Sync {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>>;
}

/// The policies after the present one.
#[derive(Clone)]
pub(crate) struct Next {
    policies: Arc<[Arc<dyn Policy>]>,
    index: usize,
}

impl Next {
    /// The whole row.
    pub(crate) fn first(policies: Arc<[Arc<dyn Policy>]>) -> Self {
        Self { policies, index: 0 }
    }

    /// Hands the request on.
    pub(crate) fn run(&self, exchange: Exchange) -> BoxFuture<'static, Result<Reply>> {
        let next = Self { policies: Arc::clone(&self.policies), index: self.index + 1 };
        let policy = Arc::clone(&self.policies[self.index]);
        Box::pin(async move { policy.run(exchange, next).await })
    }
}
