//! The way of a request: a fixed row of policies, each of which may act before and after the rest.
//!
//! ```text
//! request id, metrics, deadline, coalesce, retry      once a call
//!   quota check, rate wait, authorize, quota reserve, once an attempt
//!   attempt timeout, log, classify, send
//! ```
//!
//! The order matters. The quota is checked before a token is fetched, so that a call that must not be sent causes no
//! traffic at all; it is reserved after that, just before the bytes leave. `classify` stands right above `send`, so that
//! everything outside of it sees errors and not statuses. Only `retry` sends again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::HeaderMap;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use url::Url;

use crate::auth::Bearer;
use crate::call::{Attempt, CallOptions, Meta, Wait, WaitReason};
use crate::catalog::{Base, Operation};
use crate::clock::Clock;
use crate::error::{ErrorKind, Outcome, Result};
use crate::rate_news::{RateNews, rate_figures};

/// A request on its way. Cheap to clone: every attempt gets its own.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) operation: &'static Operation,
    pub(crate) base: Base,
    pub(crate) method: &'static str,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// Whether a repeat of the request adds nothing.
    pub(crate) adds_nothing: bool,
    pub(crate) options: CallOptions,
    pub(crate) request_id: String,
    /// Number of the attempt, from 1; 0 outside of one.
    pub(crate) attempt: u32,
    pub(crate) bearer: Option<Bearer>,
    pub(crate) deadline: Deadline,
    pub(crate) trace: Trace,
}

/// A successful answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body came to its end.
    pub(crate) whole: bool,
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

/// When a call ends at the latest. A request that several calls share ends with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Deadline(Arc<Mutex<Duration>>);

impl Deadline {
    pub(crate) fn at(elapsed: Duration) -> Self {
        Self(Arc::new(Mutex::new(elapsed)))
    }

    pub(crate) fn get(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A deadline of its own at the same time.
    pub(crate) fn detached(&self) -> Self {
        Self::at(self.get())
    }

    pub(crate) fn extend(&self, other: &Self) {
        let other = other.get();
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *own = own.max(other);
    }
}

/// What has happened to a call so far, readable also when the call is given up in the middle.
#[derive(Debug, Clone)]
pub(crate) struct Trace(Arc<Mutex<State>>);

#[derive(Debug, Clone)]
struct State {
    attempts: Vec<Attempt>,
    waits: Vec<Wait>,
    cost: u32,
    outcome: Outcome,
    /// Outcome before the attempt that is on its way.
    before: Outcome,
    /// When the attempt that is on its way began, on the clock's own scale.
    began: Option<Duration>,
    /// When the last attempt began, be it over or not.
    sent: Option<Duration>,
    /// What the last answer said about the limits of the service.
    news: Option<RateNews>,
    /// The shared request that this call waits for.
    followed: Option<Trace>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            attempts: Vec::new(),
            waits: Vec::new(),
            cost: 0,
            outcome: Outcome::NotSent,
            before: Outcome::NotSent,
            began: None,
            sent: None,
            news: None,
            followed: None,
        })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The bytes are about to leave.
    pub(crate) fn begin_attempt(&self, now: Duration) {
        self.with(|state| {
            state.before = state.outcome;
            state.outcome = Outcome::Unknown;
            state.began = Some(now);
            state.sent = Some(now);
            state.news = None;
        });
    }

    /// The attempt has ended. An effect that an earlier attempt may have had stays possible.
    pub(crate) fn end_attempt(
        &self,
        now: Duration,
        status: Option<u16>,
        error: Option<ErrorKind>,
        outcome: Outcome,
    ) {
        self.with(|state| {
            let seconds = now.saturating_sub(state.began.take().unwrap_or(now)).as_secs_f64();
            state.attempts.push(Attempt { status, error: error.map(ErrorKind::as_str), seconds });
            state.outcome = match (outcome, state.before) {
                (Outcome::NotSent, before) => before,
                (Outcome::Refused, Outcome::Unknown) => Outcome::Unknown,
                (outcome, _) => outcome,
            };
        });
    }

    pub(crate) fn count(&self, units: u32) {
        self.with(|state| state.cost += units);
    }

    pub(crate) fn refund(&self, units: u32) {
        self.with(|state| state.cost = state.cost.saturating_sub(units));
    }

    /// Pauses, and says so.
    pub(crate) async fn pause(&self, clock: &dyn Clock, reason: WaitReason, duration: Duration) {
        self.waited(reason, duration);
        clock.pause(duration).await;
    }

    /// Writes a pause down that was made elsewhere.
    pub(crate) fn waited(&self, reason: WaitReason, duration: Duration) {
        self.with(|state| state.waits.push(Wait { reason, seconds: duration.as_secs_f64() }));
    }

    /// Keeps what the answer to the present attempt says about the limits of the service.
    pub(crate) fn keep_news(&self, news: RateNews) {
        self.with(|state| state.news = Some(news));
    }

    /// The pause that the 429 of the present attempt asks for, no longer than the window that it names.
    pub(crate) fn pause_asked(&self) -> Option<Duration> {
        self.with(|state| state.news.as_ref()?.refusal?.pause())
    }

    pub(crate) fn news(&self) -> Option<RateNews> {
        self.with(|state| state.news.take())
    }

    /// When the last attempt began.
    pub(crate) fn sent(&self) -> Option<Duration> {
        self.with(|state| state.sent)
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn follow(&self, shared: &Self) {
        self.with(|state| state.followed = Some(shared.clone()));
    }

    fn snapshot(&self) -> State {
        let state = self.with(|state| state.clone());
        match state.followed {
            // Its cost is that of the call that began it.
            Some(shared) => State { cost: state.cost, ..shared.snapshot() },
            None => state,
        }
    }

    /// Time that does not count against the deadline: waiting for the next day has a limit of its own.
    pub(crate) fn excused(&self) -> Duration {
        let waits = self.snapshot().waits;
        let quota = waits.iter().filter(|wait| wait.reason == WaitReason::Quota);
        Duration::from_secs_f64(quota.map(|wait| wait.seconds).sum())
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.snapshot().outcome
    }

    /// Attempts, pauses and cost of a call that ended now with this error; the attempt that it was cut off in is among
    /// them.
    pub(crate) fn history(&self, now: Duration, ended: ErrorKind) -> (Vec<Attempt>, Vec<Wait>, u32) {
        let mut state = self.snapshot();
        if let Some(began) = state.began {
            let seconds = now.saturating_sub(began).as_secs_f64();
            state.attempts.push(Attempt { status: None, error: Some(ended.as_str()), seconds });
        }
        (state.attempts, state.waits, state.cost)
    }

    /// Requests that were counted against the quota.
    pub(crate) fn cost(&self) -> u32 {
        self.snapshot().cost
    }

    /// Seconds of all pauses.
    pub(crate) fn time_waited(&self) -> f64 {
        self.snapshot().waits.iter().fold(0.0, |sum, wait| sum + wait.seconds)
    }

    /// How many attempts were begun.
    pub(crate) fn attempts(&self) -> usize {
        let state = self.snapshot();
        state.attempts.len() + usize::from(state.began.is_some())
    }

    pub(crate) fn meta(&self, reply: &Reply, request_id: &str) -> Meta {
        let state = self.snapshot();
        Meta {
            status: reply.status,
            headers: reply
                .headers
                .iter()
                .map(|(name, value)| {
                    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect(),
            request_id: crate::answer::request_id(&reply.headers).unwrap_or_else(|| request_id.to_owned()),
            attempts: state.attempts,
            waits: state.waits,
            rate: rate_figures(&reply.headers),
            cost: state.cost,
        }
    }
}
