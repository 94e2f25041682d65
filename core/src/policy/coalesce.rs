//! Equal reads at the same time share one request.
//!
//! The shared request is a task of its own: its retries happen inside it, it counts for the call that began it, and it
//! ends when nobody waits for it any more. A write closes the open ones to newcomers, so that one reads one's own
//! writes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use crate::caller;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::options::Priority;
use crate::own::ErrorKind;
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::promise::{self, Promised};
use crate::tally::Tally;
use crate::trace::Trace;

type Flights = Arc<Mutex<HashMap<Key, Arc<Flight>>>>;

pub(crate) struct Coalesce {
    handle: Handle,
    flights: Flights,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    method: &'static str,
    url: String,
    body: bytes::Bytes,
    /// Headers of the caller's own may change the answer.
    headers: Vec<(String, String)>,
    attempts: Option<u64>,
    /// A bulk call may be refused where an interactive one is not.
    priority: Priority,
    /// So may the requests of work that has a limit.
    limited: Option<Tally>,
}

struct Flight {
    answer: Promised<Result<Reply>>,
    task: AbortHandle,
    limits: Limits,
    trace: Trace,
    /// Changed only while the map is locked: who finds a flight in it finds one that somebody waits for.
    waiters: AtomicUsize,
}

impl Coalesce {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle, flights: Flights::default() }
    }

    fn join(&self, key: &Key, exchange: &Exchange, next: &Next) -> Seat {
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(key) {
            flight.waiters.fetch_add(1, Ordering::Relaxed);
            flight.limits.join(&exchange.limits);
            exchange.trace.follow(&flight.trace);
            return Seat { flight: Arc::clone(flight), flights: Arc::clone(&self.flights), key: key.clone() };
        }
        let (promise, answer) = promise::promise();
        let mut shared = exchange.clone();
        shared.limits = exchange.limits.shared();
        shared.options.cancel = None;
        let (limits, trace) = (shared.limits.clone(), shared.trace.clone());
        let request = caller::inherit(next.run(shared).in_current_span());
        let (map, own_key) = (Arc::clone(&self.flights), key.clone());
        let own_trace = trace.clone();
        let task = self.handle.spawn(async move {
            let result = request.await;
            // Whoever comes from now on wants a newer answer.
            let mut flights = lock(&map);
            if flights.get(&own_key).is_some_and(|flight| flight.trace.is(&own_trace)) {
                flights.remove(&own_key);
            }
            drop(flights);
            promise.keep(result);
        });
        let flight = Arc::new(Flight {
            answer,
            task: task.abort_handle(),
            limits,
            trace,
            waiters: AtomicUsize::new(1),
        });
        flights.insert(key.clone(), Arc::clone(&flight));
        drop(flights);
        Seat { flight, flights: Arc::clone(&self.flights), key: key.clone() }
    }
}

impl Policy for Coalesce {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            if !exchange.operation.is_read() {
                lock(&self.flights).clear();
                let _closing = CloseAgain(&self.flights);
                return next.run(exchange).await;
            }
            let (true, Some(body)) = (!exchange.streams, exchange.body.bytes().cloned()) else {
                // A body that arrives bit by bit is for one.
                return next.run(exchange).await;
            };
            let key = Key {
                method: exchange.method,
                url: exchange.url.to_string(),
                body,
                headers: exchange.options.headers.clone(),
                attempts: exchange.options.attempts,
                priority: exchange.options.priority.unwrap_or_default(),
                limited: exchange.options.tally.as_ref().and_then(Tally::limited),
            };
            let seat = self.join(&key, &exchange, &next);
            let result = seat.flight.answer.wait().await;
            result.unwrap_or_else(|| {
                Err(Error::new(ErrorKind::Closed, "the client was closed during the call")
                    .with_outcome(seat.flight.trace.outcome()))
            })
        })
    }
}

/// A read that began during a write may have seen the state before it.
struct CloseAgain<'a>(&'a Flights);

impl Drop for CloseAgain<'_> {
    fn drop(&mut self) {
        lock(self.0).clear();
    }
}

/// A place in a flight; the last to leave ends it.
struct Seat {
    flight: Arc<Flight>,
    flights: Flights,
    key: Key,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut flights = lock(&self.flights);
        if self.flight.waiters.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.flight.task.abort();
            if flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
                flights.remove(&self.key);
            }
        }
    }
}

fn lock(flights: &Flights) -> MutexGuard<'_, HashMap<Key, Arc<Flight>>> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}
