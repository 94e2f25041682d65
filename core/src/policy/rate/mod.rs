//! Keeps within what the service allows at this time: so many requests at once, so many in a minute or an hour, and none
//! while it asks for a pause. What one call learns holds for all callers of the company in this process.
//!
//! | file | what |
//! |---|---|
//! | `permits.rs`, `queue.rs` | who may go next |
//! | `window.rs`, `windows.rs` | how many requests the limits of the service leave |
//! | `concurrency.rs`, `latency.rs` | how many requests at once get the most out of it |
//! | `limiter.rs`, `registry.rs` | these put together, and shared |

mod concurrency;
mod latency;
mod limiter;
mod permits;
mod queue;
mod registry;
mod sync;
mod window;
mod windows;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;

use self::concurrency::{Ended, Sign};
use self::limiter::{Fate, Outlook, Throttle};
use self::permits::{Sending, Turn, Waiting};
use crate::address::LinkOf;
use crate::answer;
use crate::catalog::{Base, Operation};
use crate::clock::Clock;
use crate::error::{Error, Failure, Result};
use crate::options::Priority;
use crate::own::{ErrorKind, WaitReason};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::trace::Trace;

pub(crate) use limiter::Limiter;
pub(crate) use registry::ForkGuard;

/// What is shorter is no wait, but the time that it takes to find out that none makes sense.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// How long a request that was cancelled on its way keeps its place: the service still works on it, and calls that are
/// cancelled together must not send each other off one by one.
const LINGER: Duration = Duration::from_secs(1);

/// The limiters of both hosts, as one client uses them.
pub(crate) struct RateWait {
    pub(crate) clock: Arc<dyn Clock>,
    /// Longest pause of the service's that a call sits out.
    pub(crate) max_wait: Duration,
    pub(crate) limiters: Limiters,
}

/// Who says when a request may go, by the kind of host. All who send to the first two for one company share theirs.
#[derive(Clone)]
pub(crate) struct Limiters {
    pub(crate) api: Arc<Limiter>,
    pub(crate) automation: Arc<Limiter>,
    /// Of signed links: files do not wait for records, nor records for files.
    pub(crate) links: Arc<Limiter>,
}

impl Policy for RateWait {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let limiter = match exchange.base {
                Base::Api => &self.limiters.api,
                Base::Automation => &self.limiters.automation,
                Base::Link => &self.limiters.links,
            };
            let sending = self.permit(limiter, &exchange).await?;
            let now = self.clock.elapsed();
            if let Some(error) = exchange.over(now) {
                return Err(error);
            }
            exchange.trace.take_turn(now);
            let mut in_flight = InFlight {
                clock: &*self.clock,
                sending: Some(sending),
                trace: exchange.trace.clone(),
                operation: exchange.operation,
                attempts: exchange.trace.attempts(),
                transfer: exchange.is_transfer(),
                foreign: matches!(exchange.link_of, LinkOf::Program { .. }),
            };
            let result = next.run(exchange).await;
            in_flight.end(Some(&result));
            result
        })
    }
}

impl RateWait {
    async fn permit(&self, limiter: &Limiter, exchange: &Exchange) -> Result<Sending<Throttle>> {
        let urgent = exchange.options.priority.unwrap_or_default() == Priority::Interactive;
        let label = exchange.options.label.as_deref().unwrap_or_default();
        let mut place = Place {
            waiting: limiter.permits.join(urgent, label, exchange.attempt > 1),
            trace: exchange.trace.clone(),
        };
        let mut sleep: Option<(Duration, BoxFuture<'static, ()>)> = None;
        poll_fn(|context| {
            loop {
                match place.waiting.turn(context) {
                    Poll::Ready(Turn::Go(sending)) => return Poll::Ready(Ok(sending)),
                    Poll::Ready(Turn::News) => {
                        if let Err(error) = self.makes_sense(&place.waiting, exchange) {
                            return Poll::Ready(Err(error));
                        }
                    }
                    Poll::Ready(Turn::Sleep(until)) => {
                        let (_, end) = match sleep.take().filter(|(end, _)| *end == until) {
                            Some(asleep) => sleep.insert(asleep),
                            None => {
                                let left = until.saturating_sub(self.clock.elapsed());
                                sleep.insert((until, self.clock.pause(left)))
                            }
                        };
                        if end.as_mut().poll(context).is_pending() {
                            return Poll::Pending;
                        }
                        sleep = None;
                    }
                    Poll::Pending => {
                        sleep = None;
                        return Poll::Pending;
                    }
                }
            }
        })
        .await
    }

    /// Whether it makes sense to wait: a line that moves may take as long as it takes, a standstill may not.
    fn makes_sense(&self, waiting: &Waiting<Throttle>, exchange: &Exchange) -> Result<()> {
        let outlook = waiting.look(Throttle::outlook);
        let end = exchange.limits.end(&exchange.trace).time();
        let left = end.map(|end| end.saturating_sub(self.clock.elapsed()));
        let standstill = outlook.standstill;
        if standstill.is_zero() || (standstill <= self.max_wait && left.is_none_or(|left| standstill < left))
        {
            return Ok(());
        }
        let text = self.too_long(&outlook, left);
        Err(Error::new(ErrorKind::RateLimited, text).with_retry_after(Some(standstill)))
    }

    fn too_long(&self, outlook: &Outlook, left: Option<Duration>) -> String {
        let seconds = |duration: Duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0;
        let mut text = format!("no request can be sent for {} s", seconds(outlook.standstill));
        if !outlook.pause.is_zero() {
            text += ": the service, or a limit of the plan, asks for a pause";
        }
        if let Some((limit, length)) = outlook.limit {
            text += &format!("; the service takes {limit} requests in {} s", seconds(length));
        }
        if let Some(left) = left {
            text += &format!("; the time limit of the call leaves {} s", seconds(left));
        }
        text + &format!("; max_wait is {} s", seconds(self.max_wait))
    }
}

/// A place in the line. Leaving it, be it to send or not, shows in the call's trace.
struct Place {
    waiting: Waiting<Throttle>,
    trace: Trace,
}

impl Drop for Place {
    fn drop(&mut self) {
        let held = self.waiting.held();
        if held >= SHORTEST_WAIT {
            self.trace.waited(WaitReason::Rate, held);
        }
    }
}

/// A request that was let through. The limiter learns from it also when the call is given up.
struct InFlight<'a> {
    clock: &'a dyn Clock,
    sending: Option<Sending<Throttle>>,
    trace: Trace,
    operation: &'static Operation,
    /// Attempts of the call before this one.
    attempts: usize,
    /// How long a transfer takes says nothing of the service.
    transfer: bool,
    /// What a server says that the program has named says nothing of any other.
    foreign: bool,
}

impl InFlight<'_> {
    fn end(&mut self, result: Option<&Result<Reply>>) {
        let Some(sending) = self.sending.take() else { return };
        let begun = self.trace.attempts() > self.attempts;
        let left = begun && (result.is_some() || self.trace.may_have_left());
        let Some(sent) = self.trace.sent().filter(|_| left) else { return };
        let news = self.trace.news().filter(|_| !self.foreign);
        let failure = result.and_then(|result| result.as_ref().err()).map(Error::failure);
        let refused = news.as_ref().is_some_and(|news| news.refusal.is_some());
        let sign = match failure.filter(|_| !self.foreign) {
            Some(Failure::Throttled) => Sign::Refused,
            Some(Failure::Interrupted) => Sign::Bad,
            _ => Sign::Good,
        };
        let answered = matches!(result, Some(Ok(_)));
        let fate = Fate {
            ended: Ended {
                operation: self.operation.id,
                sent,
                now: self.clock.elapsed(),
                sign,
                bound: false,
            },
            counts: !refused && !failure.is_some_and(Failure::left_nothing),
            tells: (answered && !self.transfer) || sign != Sign::Good,
            report: result
                .filter(|_| self.operation.tells_limits)
                .and_then(|result| Some(answer::value(&result.as_ref().ok()?.body))),
            news,
        };
        let lingers = result.is_none().then(|| self.clock.elapsed().saturating_add(LINGER));
        sending.end(lingers, |throttle, limit, standing| throttle.learn(&fate, limit, standing));
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.end(None);
    }
}
