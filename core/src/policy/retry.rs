//! The only place that sends a request again. Which failures allow it depends on the replay class of the operation
//! (docs/service/requests.md, Retrying).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::address::LinkOf;
use crate::catalog::{Base, Replay};
use crate::clock::Clock;
use crate::error::{Error, Failure, Result};
use crate::own::{Outcome, WaitReason};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::rng::Rng;

/// First step of the backoff; it doubles with every attempt.
const BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);

/// Waits after a 429 that does not say how long, as the official Python client has them.
const LADDER: [u64; 5] = [1, 3, 5, 15, 30];

/// Part of a wait that the service asked for by which it is drawn out, so that callers do not come back as one.
const SPREAD: f64 = 0.1;

pub(crate) struct Retry {
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    attempts: u64,
    max_wait: Duration,
    budgets: Budgets,
}

impl Retry {
    pub(crate) fn new(clock: Arc<dyn Clock>, rng: Arc<dyn Rng>, attempts: u64, max_wait: Duration) -> Self {
        Self { clock, rng, attempts, max_wait, budgets: Budgets::default() }
    }

    fn drawn_out(&self, asked: Duration) -> Duration {
        asked.mul_f64(1.0 + SPREAD * self.rng.fraction())
    }

    /// The pause before the next attempt, or the error that ends the call.
    fn decide(&self, exchange: &Exchange, error: Error, history: &mut History) -> Result<Pause> {
        let is_spent = !exchange.body.can_be_sent();
        if error.failure() == Failure::TokenRejected {
            if history.renewed {
                return Err(error);
            }
            if is_spent {
                return Err(spent(&error));
            }
            history.renewed = true;
            return Ok(None);
        }
        let most = exchange.options.attempts.unwrap_or(self.attempts);
        if u64::from(history.attempts) >= most || !may_repeat(exchange, error.failure(), history) {
            return Err(error);
        }
        if is_spent {
            return Err(spent(&error));
        }
        let (reason, wait) = match error.failure() {
            Failure::Throttled => {
                let step = history.throttled.min(LADDER.len() - 1);
                history.throttled += 1;
                let asked = error.retry_after().unwrap_or(Duration::from_secs(LADDER[step]));
                if asked > self.max_wait {
                    return Err(too_long(&error, asked, self.max_wait));
                }
                (WaitReason::RetryAfter, self.drawn_out(asked))
            }
            _ => {
                let step = BACKOFF.saturating_mul(1 << history.backoffs.min(8)).min(LONGEST_BACKOFF);
                history.backoffs += 1;
                let backoff = step.mul_f64(self.rng.fraction());
                match error.retry_after() {
                    Some(asked) if asked > self.max_wait => {
                        return Err(too_long(&error, asked, self.max_wait));
                    }
                    Some(asked) if asked > backoff => (WaitReason::RetryAfter, self.drawn_out(asked)),
                    _ => (WaitReason::Backoff, backoff),
                }
            }
        };
        let end = exchange.limits.end(&exchange.trace).time();
        if end.is_some_and(|end| self.clock.elapsed().saturating_add(wait) >= end) {
            return Err(error);
        }
        let budget = self.budgets.of(exchange);
        if error.failure() != Failure::Throttled && budget.is_some_and(|budget| !budget.take()) {
            let message = format!("{}; not retried, because too many calls fail at present", error.message());
            return Err(error.with_message(message));
        }
        Ok(Some((reason, wait)))
    }
}

type Pause = Option<(WaitReason, Duration)>;

#[derive(Default)]
struct History {
    attempts: u32,
    renewed: bool,
    faults: u32,
    throttled: usize,
    backoffs: u32,
}

impl Policy for Retry {
    fn run<'a>(&'a self, exchange: Exchange, next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let mut history = History::default();
            loop {
                let mut attempt = exchange.clone();
                attempt.attempt = history.attempts + 1;
                let error = match next.run(attempt).await {
                    Ok(reply) => {
                        self.budgets.of(&exchange).into_iter().for_each(Budget::give);
                        return Ok(reply);
                    }
                    // An earlier attempt may have had an effect.
                    Err(error) if error.outcome() == Outcome::NotSent => {
                        error.with_outcome(exchange.trace.outcome())
                    }
                    Err(error) => error,
                };
                history.attempts += 1;
                if let Some((reason, wait)) = self.decide(&exchange, error, &mut history)? {
                    exchange.trace.pause(&*self.clock, reason, wait).await;
                }
            }
        })
    }
}

fn may_repeat(exchange: &Exchange, failure: Failure, history: &mut History) -> bool {
    let is_allowed = exchange.options.allow_repeat == Some(true);
    match failure {
        Failure::NotSent | Failure::Throttled => true,
        Failure::Interrupted => match exchange.operation.replay {
            Replay::Read => true,
            Replay::SameState => is_allowed,
            Replay::Conditional => is_allowed && exchange.adds_nothing,
            Replay::Unsafe => false,
        },
        Failure::Fault => {
            history.faults += 1;
            exchange.operation.replay == Replay::Read && history.faults == 1
        }
        Failure::Unreadable => exchange.operation.replay == Replay::Read,
        Failure::Lasting
        | Failure::TokenRejected
        | Failure::SignIn
        | Failure::QuotaRaced
        | Failure::Final => false,
    }
}

/// The error of a request that would be sent again if its body could be read again.
fn spent(error: &Error) -> Error {
    let text = format!("{}; not sent again, because its content can be read only once", error.message());
    error.clone().with_message(text)
}

fn too_long(error: &Error, asked: Duration, most: Duration) -> Error {
    let text = format!(
        "{}; the service asks to wait {} s, and max_wait is {} s",
        error.message(),
        asked.as_secs_f64(),
        most.as_secs_f64()
    );
    error.clone().with_message(text)
}

/// One for the hosts of the service, and one for those that keep its files: what fails at one says nothing of the other.
#[derive(Default)]
struct Budgets {
    service: Budget,
    storage: Budget,
}

impl Budgets {
    /// None for a server that the program has named: it has nothing to do with any other.
    fn of(&self, exchange: &Exchange) -> Option<&Budget> {
        match (exchange.base, exchange.link_of) {
            (_, LinkOf::Program { .. }) => None,
            (Base::Link, _) => Some(&self.storage),
            (Base::Api | Base::Automation, _) => Some(&self.service),
        }
    }
}

/// Keeps retries from multiplying the load when everything fails: each takes from a store that successes refill.
struct Budget(Mutex<f64>);

const FULL: f64 = 100.0;
const PRICE: f64 = 5.0;

impl Default for Budget {
    fn default() -> Self {
        Self(Mutex::new(FULL))
    }
}

impl Budget {
    fn take(&self) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *left >= PRICE;
        if enough {
            *left -= PRICE;
        }
        enough
    }

    fn give(&self) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = (*left + 1.0).min(FULL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Operation;
    use crate::clock::RecordedClock;
    use crate::http::{Body, Wire};
    use crate::limits::Limits;
    use crate::options::CallOptions;
    use crate::own::ErrorKind;
    use crate::rng::FixedRng;
    use crate::trace::Trace;

    fn exchange(id: &str, allow_repeat: bool, adds_nothing: bool) -> Exchange {
        let operation = Operation::find(id).unwrap();
        Exchange {
            operation,
            base: operation.base,
            method: operation.method.as_str(),
            url: "https://example.com".parse().unwrap(),
            link_of: crate::address::LinkOf::Answer,
            headers: ::http::HeaderMap::new(),
            body: Body::empty(),
            adds_nothing,
            options: CallOptions { allow_repeat: Some(allow_repeat), ..CallOptions::default() },
            request_id: String::new(),
            attempt: 1,
            bearer: None,
            limits: Limits::new(Duration::ZERO, None, None),
            trace: Trace::new(),
            wire: Wire::new(Arc::new(RecordedClock::new())),
            streams: false,
        }
    }

    #[test]
    fn what_may_be_repeated() {
        use Failure::{Fault, Final, Interrupted, Lasting, NotSent, Throttled, Unreadable};
        // Operation, allow_repeat, adds_nothing; then what may be sent again.
        for (id, allow_repeat, adds_nothing, expected) in [
            ("style.get", false, true, &[NotSent, Throttled, Interrupted, Fault, Unreadable][..]),
            ("style.delete", false, true, &[NotSent, Throttled]),
            ("style.delete", true, true, &[NotSent, Throttled, Interrupted]),
            ("style.update", false, true, &[NotSent, Throttled]),
            ("style.update", true, true, &[NotSent, Throttled, Interrupted]),
            ("style.update", true, false, &[NotSent, Throttled]),
            ("style.create", true, true, &[NotSent, Throttled]),
        ] {
            let exchange = exchange(id, allow_repeat, adds_nothing);
            for failure in [NotSent, Lasting, Throttled, Interrupted, Fault, Unreadable, Final] {
                let allowed = may_repeat(&exchange, failure, &mut History::default());
                assert_eq!(allowed, expected.contains(&failure), "{id} {allow_repeat} {failure:?}");
            }
        }
    }

    #[test]
    fn the_budget_runs_dry_and_refills() {
        let budget = Budget::default();
        let granted = std::iter::repeat_with(|| budget.take()).take_while(|granted| *granted).count();
        assert_eq!(granted, 20);
        for _ in 0..5 {
            budget.give();
        }
        assert!(budget.take());
        assert!(!budget.take());
    }

    #[test]
    fn what_fails_elsewhere_does_not_use_up_the_budget_of_the_service() {
        let retry = Retry::new(
            Arc::new(RecordedClock::new()),
            Arc::new(FixedRng::default()),
            10,
            Duration::from_secs(60),
        );
        let granted = |base: Base, link_of: LinkOf| {
            let exchange = Exchange { base, link_of, ..exchange("style.get", false, true) };
            let error = || Error::new(ErrorKind::Server, "503").with_failure(Failure::Interrupted);
            let again = || retry.decide(&exchange, error(), &mut History::default());
            std::iter::repeat_with(again).take(30).filter(Result::is_ok).count()
        };
        assert_eq!(granted(Base::Link, LinkOf::Program { private: false }), 30);
        assert_eq!(granted(Base::Link, LinkOf::Answer), 20);
        assert_eq!(granted(Base::Api, LinkOf::Answer), 20);
        assert_eq!(granted(Base::Automation, LinkOf::Answer), 0);
    }

    /// What is waited before each attempt after the first, where every answer is a 503.
    fn waits(asked: Option<Duration>, count: usize) -> Vec<(WaitReason, Duration)> {
        let clock = Arc::new(RecordedClock::new());
        let retry = Retry::new(clock, Arc::new(FixedRng::default()), 10, Duration::from_secs(60));
        let exchange = exchange("style.get", false, true);
        let mut history = History::default();
        std::iter::repeat_with(|| {
            let error = Error::new(ErrorKind::Server, "503").with_failure(Failure::Interrupted);
            retry.decide(&exchange, error.with_retry_after(asked), &mut history).unwrap().unwrap()
        })
        .take(count)
        .collect()
    }

    #[test]
    fn the_backoff_doubles_up_to_its_longest() {
        // Chance takes the middle.
        let expected = [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000];
        let expected = expected.map(|wait| (WaitReason::Backoff, Duration::from_millis(wait)));
        assert_eq!(waits(None, expected.len()), expected);
    }

    #[test]
    fn a_service_that_asks_for_a_longer_wait_gets_it() {
        let millis = Duration::from_millis;
        let expected = [
            (WaitReason::RetryAfter, millis(315)),
            (WaitReason::Backoff, millis(500)),
            (WaitReason::Backoff, millis(1_000)),
        ];
        assert_eq!(waits(Some(millis(300)), 3), expected);
    }
}
