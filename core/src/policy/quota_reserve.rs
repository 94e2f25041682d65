//! Counts an attempt against the quota: reserved just before it leaves, given back only when nothing left.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::quota_check::ask;
use crate::error::{Error, Failure, Result};
use crate::own::{ErrorKind, Outcome};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::quota::{Quota, Reservation, raced};
use crate::tally::Tally;
use crate::trace::Trace;

pub(crate) struct QuotaReserve {
    pub(crate) quota: Arc<Quota>,
}

impl Policy for QuotaReserve {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let operation = exchange.operation;
            if operation.cost() == 0 {
                return next.run(exchange).await;
            }
            let trace = exchange.trace.clone();
            let share = Share::take(exchange.options.tally.clone())?;
            let mut counted = Counted::new(self.quota.reserve(&ask(&exchange)).await?, share, &trace);
            let result = tokio::select! {
                biased;
                () = counted.over() => Err(overtaken(&trace)),
                result = next.run(exchange) => result,
            };
            let nothing_left = result.as_ref().is_err_and(|error| error.failure().left_nothing());
            let Some(reservation) = counted.end(nothing_left) else { return result };
            let noted = match &result {
                _ if nothing_left => reservation.refund().await,
                Err(error) if error.kind() == ErrorKind::QuotaExceeded => {
                    self.quota.learn_refusal(&reservation).await
                }
                Err(error) if error.failure() == Failure::Throttled => match trace.pause_asked() {
                    Some(wait) => self.quota.learn_pause(wait).await,
                    None => Ok(()),
                },
                Ok(reply) => self.quota.learn_status(&reservation, operation, &reply.body).await,
                Err(_) => Ok(()),
            };
            if let Err(error) = noted {
                // The count stays too high rather than too low, and the answer is worth more than that.
                self.quota.log.warn(&format!("the ledger was not corrected: {error}"));
            }
            result
        })
    }
}

/// A window has ended before the request left, which is to be counted in the next one.
fn overtaken(trace: &Trace) -> Error {
    // The connection may have begun to send it while it was stopped.
    if trace.may_have_left() {
        return Error::new(ErrorKind::Network, "the request was stopped as it left, at the end of a window")
            .with_failure(Failure::Interrupted)
            .with_outcome(Outcome::Unknown);
    }
    trace.forget_attempt();
    raced("the window in which the request was counted has ended before it left")
}

/// A unit of the work that a call is a part of. When this is dropped, it is given back.
struct Share(Option<Tally>);

impl Share {
    fn take(tally: Option<Tally>) -> Result<Self> {
        tally.as_ref().map_or(Ok(()), Tally::take)?;
        Ok(Self(tally))
    }

    fn keep(&mut self) {
        self.0 = None;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(tally) = &self.0 {
            tally.give_back();
        }
    }
}

/// A unit of an attempt that is on its way. When the call is dropped, the unit is given back unless bytes may have left.
struct Counted {
    reservation: Option<Reservation>,
    share: Share,
    trace: Trace,
}

impl Counted {
    fn new(reservation: Reservation, share: Share, trace: &Trace) -> Self {
        trace.count(1);
        Self { reservation: Some(reservation), share, trace: trace.clone() }
    }

    /// Ends when a window of the unit is over and nothing has left.
    async fn over(&self) {
        if let Some(reservation) = &self.reservation {
            reservation.over().await;
        }
        if self.trace.may_have_left() {
            std::future::pending().await
        }
    }

    /// The attempt is over.
    fn end(&mut self, nothing_left: bool) -> Option<Reservation> {
        let reservation = self.reservation.take()?;
        match nothing_left {
            true => self.trace.refund(1),
            false => {
                reservation.keep();
                self.share.keep();
            }
        }
        Some(reservation)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let nothing_left = !self.trace.may_have_left();
        self.end(nothing_left);
    }
}
