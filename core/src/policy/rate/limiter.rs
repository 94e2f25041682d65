//! One limiter: what all callers of one company at one host have in common.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::concurrency::{Concurrency, Ended};
use super::permits::{Gate, Permits, Standing};
use super::window::{Around, Span, Window};
use super::windows::{HOUR, Learnt, MINUTE, Which, Windows};
use crate::answer;
use crate::clock::Clock;
use crate::own::RateFigures;
use crate::rate_news::RateNews;

/// The limiter of one company at one host.
pub(crate) struct Limiter {
    pub(super) permits: Permits<Throttle>,
}

/// When a request may go, and how many at once.
pub(super) struct Throttle {
    clock: Arc<dyn Clock>,
    paused_until: Duration,
    /// When a request has to have been sent for its answer to end the time of trying one at a time.
    probing: Option<Duration>,
    windows: Windows,
    concurrency: Concurrency,
}

impl Gate for Throttle {
    fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    fn pass(&mut self, in_flight: usize) -> Result<(), Option<Duration>> {
        let now = self.clock.elapsed();
        if now < self.paused_until {
            return Err(Some(self.paused_until));
        }
        if self.probing.is_some() && in_flight > 0 {
            return Err(None);
        }
        self.windows.pass(now, in_flight)
    }
}

/// What a caller that joins has before it.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Until any request can go: the line does not move before. Zero while it moves.
    pub(super) standstill: Duration,
    /// Until the service's own pause ends.
    pub(super) pause: Duration,
    /// Requests, and in how much time.
    pub(super) limit: Option<(usize, Duration)>,
}

/// What became of a request that was let through.
pub(super) struct Fate {
    pub(super) ended: Ended,
    /// Whether the service counts it: it left, and was not refused for the limit.
    pub(super) counts: bool,
    /// Whether it says how well the service copes.
    pub(super) tells: bool,
    pub(super) news: Option<RateNews>,
    /// Body of an answer on the limits of the service.
    pub(super) report: Option<Value>,
}

impl Limiter {
    pub(crate) fn new(clock: Arc<dyn Clock>, concurrency: usize) -> Self {
        let concurrency = Concurrency::new(concurrency);
        let limit = concurrency.limit();
        let throttle = Throttle {
            clock,
            paused_until: Duration::ZERO,
            probing: None,
            windows: Windows::default(),
            concurrency,
        };
        Self { permits: Permits::new(throttle, limit) }
    }

    /// Lets the number of requests at once grow this far.
    pub(super) fn allow(&self, concurrency: usize) {
        self.permits.update(|throttle, limit| {
            throttle.concurrency.allow(concurrency);
            *limit = throttle.concurrency.limit();
        });
    }

    /// Lets nothing through before this time on the clock's own scale.
    pub(crate) fn pause_until(&self, elapsed: Duration) {
        self.permits.update(|throttle, _| throttle.pause_until(elapsed));
    }
}

impl Throttle {
    fn pause_until(&mut self, elapsed: Duration) -> bool {
        let longer = elapsed > self.paused_until;
        self.paused_until = self.paused_until.max(elapsed);
        longer
    }

    pub(super) fn outlook(&self, in_flight: usize) -> Outlook {
        let now = self.clock.elapsed();
        let from = self.paused_until.max(now);
        let opens = self.windows.expect(from, 0, in_flight);
        let figures = |(at, window): (Duration, &Window)| (at, (window.limit, window.length));
        let (opens, limit) = opens.map(figures).unzip();
        Outlook {
            pause: from.saturating_sub(now),
            standstill: opens.unwrap_or(from).saturating_sub(now),
            limit,
        }
    }

    /// Learns from a request that has ended. Returns whether those who wait have to hear of it.
    pub(super) fn learn(&mut self, fate: &Fate, limit: &mut usize, standing: &Standing) -> bool {
        let span = Span { sent: fate.ended.sent, ended: fate.ended.now };
        if fate.counts {
            self.windows.add(span);
        }
        if fate.tells {
            let bound = standing.in_flight >= *limit && standing.waiting > 0 && !standing.held;
            self.concurrency.observe(&Ended { bound, ..fate.ended });
            *limit = self.concurrency.limit();
        }
        let around = Around { span, in_flight: standing.in_flight - 1, later: standing.later };
        let Some(news) = &fate.news else { return false };
        if fate.counts && self.probing.is_some_and(|since| span.sent >= since) {
            self.probing = None;
        }
        let reported = fate.report.as_ref().map(|report| self.learn_report(report, news.time, &around));
        let mut learnt = self.windows.learn(news, &around);
        learnt.add(reported.unwrap_or_default());
        let paused = learnt.pause.is_some_and(|pause| self.pause_until(span.ended.saturating_add(pause)));
        if learnt.probe {
            self.probing = Some(self.paused_until);
        }
        paused || learnt.limit
    }

    /// The service's own report on its limits. That of the day is the ledger's business.
    fn learn_report(&mut self, report: &Value, time: u64, around: &Around) -> Learnt {
        let mut learnt = Learnt::default();
        for (name, length) in [("per_minute", MINUTE), ("per_hour", HOUR)] {
            let Some(policy) = answer::find(report, name) else { continue };
            let limit = policy["limit"].as_u64();
            let used = policy["used"].as_u64();
            let remaining = policy["remaining"].as_u64().or_else(|| Some(limit?.saturating_sub(used?)));
            let figures = RateFigures { limit, remaining, reset: unix_seconds(&policy["resetAt"]) };
            learnt.add(self.windows.figures(&figures, Which::Length(length), time, around));
        }
        learnt
    }
}

/// A time as a number, or as ISO 8601.
fn unix_seconds(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => u64::try_from(text.parse::<Timestamp>().ok()?.as_second()).ok(),
        value => value.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::super::concurrency::Sign;
    use super::super::permits::Turn;
    use super::*;
    use crate::clock::RecordedClock;
    use crate::rate_news::Refusal;

    #[test]
    fn a_standstill_is_no_line_that_moves() {
        let clock = Arc::new(RecordedClock::manual());
        let limiter = Limiter::new(Arc::<RecordedClock>::clone(&clock), 10);
        let outlook = || limiter.permits.update(|throttle, _| throttle.outlook(0));
        assert_eq!(outlook().standstill, Duration::ZERO);
        limiter.permits.update(|throttle, _| {
            let figures = RateFigures { limit: Some(60), remaining: Some(60), reset: Some(60) };
            let now = throttle.clock.elapsed();
            let around = Around { span: Span { sent: now, ended: now }, in_flight: 0, later: 0 };
            throttle.windows.figures(&figures, Which::Length(MINUTE), 0, &around);
        });
        // Sixty go at once, and sixty each minute: the line moves.
        assert_eq!(outlook().standstill, Duration::ZERO);
        limiter.pause_until(Duration::from_secs(5));
        assert_eq!((outlook().standstill, outlook().pause), (Duration::from_secs(5), Duration::from_secs(5)));
    }

    #[test]
    fn what_another_client_asks_for_holds_at_once() {
        let limiter = Limiter::new(Arc::new(RecordedClock::manual()), 2);
        limiter.allow(7);
        assert_eq!(limiter.permits.update(|_, limit| *limit), 7);
        limiter.allow(3);
        assert_eq!(limiter.permits.update(|_, limit| *limit), 7);
    }

    /// The number of requests at once is halved at the same time: without the pause too, nobody could go.
    #[test]
    fn who_waits_hears_of_a_pause_while_others_are_in_flight() {
        let limiter = Limiter::new(Arc::new(RecordedClock::manual()), 4);
        let context = Context::from_waker(Waker::noop());
        let join = || limiter.permits.join(false, "", false);
        let mut in_flight: Vec<_> = std::iter::repeat_with(|| match join().turn(&context) {
            Poll::Ready(Turn::Go(sending)) => sending,
            _ => panic!("there is room for four"),
        })
        .take(4)
        .collect();
        let mut waiting = join();
        assert!(matches!(waiting.turn(&context), Poll::Ready(Turn::News)));
        assert!(waiting.turn(&context).is_pending());
        let refusal = Refusal { wait: Some(HOUR), ..Refusal::default() };
        let fate = Fate {
            ended: Ended {
                operation: "style.get",
                sent: Duration::ZERO,
                now: Duration::ZERO,
                sign: Sign::Refused,
                bound: false,
            },
            counts: false,
            tells: true,
            news: Some(RateNews { refusal: Some(refusal), ..RateNews::default() }),
            report: None,
        };
        let refused = in_flight.pop().unwrap();
        refused.end(None, |throttle, limit, standing| throttle.learn(&fate, limit, standing));
        assert!(matches!(waiting.turn(&context), Poll::Ready(Turn::News)));
        assert_eq!(waiting.look(Throttle::outlook).pause, HOUR);
    }
}
