//! What has happened to a call on its way: its turn, its attempts and pauses, and what they cost.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::HeaderMap;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::http::Wire;
use crate::own::{Attempt, ErrorKind, Meta, Outcome, Wait, WaitReason};
use crate::rate_news::{RateNews, rate_figures};

/// What has happened to a call so far, readable also when the call is given up in the middle.
#[derive(Debug, Clone)]
pub(crate) struct Trace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    turned: Notify,
}

#[derive(Debug, Clone)]
struct State {
    attempts: Vec<Attempt>,
    waits: Vec<Wait>,
    cost: u64,
    outcome: Outcome,
    /// When the first turn in the line came, on the clock's own scale.
    turn: Option<Duration>,
    /// Of the time that does not count, what had passed by then.
    excused_before: Duration,
    /// When the attempt that is on its way began, and how far it has got.
    present: Option<(Duration, Wire)>,
    /// When the last attempt began, be it over or not.
    sent: Option<Duration>,
    /// What the last answer said about the limits of the service.
    news: Option<RateNews>,
    /// The shared request that this call waits for.
    followed: Option<Trace>,
}

impl State {
    fn excused(&self) -> Duration {
        let quota = self.waits.iter().filter(|wait| wait.reason == WaitReason::Quota);
        Duration::from_secs_f64(quota.map(|wait| wait.seconds).sum())
    }
}

impl Trace {
    pub(crate) fn new() -> Self {
        let state = State {
            attempts: Vec::new(),
            waits: Vec::new(),
            cost: 0,
            outcome: Outcome::NotSent,
            turn: None,
            excused_before: Duration::ZERO,
            present: None,
            sent: None,
            news: None,
            followed: None,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), turned: Notify::new() }))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The call's turn has come. Only the first one counts.
    pub(crate) fn take_turn(&self, now: Duration) {
        let first = self.with(|state| {
            let first = state.turn.is_none();
            if first {
                state.turn = Some(now);
                state.excused_before = state.excused();
            }
            first
        });
        if first {
            self.0.turned.notify_waiters();
        }
    }

    /// When the first turn came, be it that of a request which the call shares.
    pub(crate) fn turn(&self) -> Option<Duration> {
        match self.with(|state| (state.turn, state.followed.clone())) {
            (None, Some(shared)) => shared.turn(),
            (turn, _) => turn,
        }
    }

    /// Ends when the first turn has come. A call that comes to share a request does so before anybody waits here.
    pub(crate) async fn turned(&self) {
        let leader = self.with(|state| state.followed.clone()).unwrap_or_else(|| self.clone());
        let mut turned = std::pin::pin!(leader.0.turned.notified());
        turned.as_mut().enable();
        if leader.turn().is_none() {
            turned.await;
        }
    }

    /// An attempt begins, which tells on this wire how far it gets.
    pub(crate) fn begin_attempt(&self, now: Duration, wire: Wire) {
        self.with(|state| {
            state.present = Some((now, wire));
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
            let began = state.present.take().map_or(now, |(began, _)| began);
            let seconds = now.saturating_sub(began).as_secs_f64();
            state.attempts.push(Attempt { status, error, seconds });
            state.outcome = match (outcome, state.outcome) {
                (Outcome::NotSent, before) => before,
                (Outcome::Refused, Outcome::Unknown) => Outcome::Unknown,
                (outcome, _) => outcome,
            };
        });
    }

    /// The attempt that was begun is not made: nothing of it has left.
    pub(crate) fn forget_attempt(&self) {
        self.with(|state| state.present = None);
    }

    pub(crate) fn count(&self, units: u64) {
        self.with(|state| state.cost += units);
    }

    pub(crate) fn refund(&self, units: u64) {
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

    /// Whether the attempt that is on its way may have left.
    pub(crate) fn may_have_left(&self) -> bool {
        self.with(|state| state.present.as_ref().is_some_and(|(_, wire)| wire.may_have_left()))
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

    /// Does something with the state of the request that the call shares, or its own.
    fn look<T>(&self, act: impl FnOnce(&State) -> T) -> T {
        match self.with(|state| state.followed.clone()) {
            Some(shared) => shared.look(act),
            None => self.with(|state| act(state)),
        }
    }

    /// Time that does not count against the limits of the call: waiting for the next day has a limit of its own.
    pub(crate) fn excused(&self) -> Duration {
        self.look(State::excused)
    }

    /// What of it came after the first turn.
    pub(crate) fn excused_since_turn(&self) -> Duration {
        self.look(|state| state.excused().saturating_sub(state.excused_before))
    }

    /// What is known of the effect so far. A request on its way may have taken effect as soon as it may have left.
    pub(crate) fn outcome(&self) -> Outcome {
        self.look(|state| match &state.present {
            Some((_, wire)) if wire.may_have_left() => Outcome::Unknown,
            _ => state.outcome,
        })
    }

    /// Attempts, pauses and cost of a call that ended now with this error; the attempt that it was cut off in is among
    /// them.
    pub(crate) fn history(&self, now: Duration, ended: ErrorKind) -> (Vec<Attempt>, Vec<Wait>, u64) {
        let mut state = self.snapshot();
        if let Some((began, _)) = &state.present {
            let seconds = now.saturating_sub(*began).as_secs_f64();
            state.attempts.push(Attempt { status: None, error: Some(ended), seconds });
        }
        (state.attempts, state.waits, state.cost)
    }

    /// Requests that were counted against the quota.
    pub(crate) fn cost(&self) -> u64 {
        // That of a shared request is its own.
        self.with(|state| state.cost)
    }

    /// Seconds of all pauses.
    pub(crate) fn time_waited(&self) -> f64 {
        self.look(|state| state.waits.iter().fold(0.0, |sum, wait| sum + wait.seconds))
    }

    /// How many attempts were begun.
    pub(crate) fn attempts(&self) -> usize {
        self.look(|state| state.attempts.len() + usize::from(state.present.is_some()))
    }

    /// How an answer of this head came about.
    pub(crate) fn meta(&self, status: u16, headers: &HeaderMap, request_id: &str) -> Meta {
        let state = self.snapshot();
        Meta {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| {
                    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect(),
            request_id: crate::answer::request_id(headers).unwrap_or_else(|| request_id.to_owned()),
            attempts: state.attempts,
            waits: state.waits,
            rate: rate_figures(headers),
            cost: state.cost,
        }
    }
}
